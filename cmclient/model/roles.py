"""Servers of roles other than the management point: what was named, how it is judged, what is used."""

from enum import Enum
from typing import NamedTuple

from ..errors import TrustRefusedError
from .decision import Location, Reason, Verdict
from .endpoints import Endpoint
from .facts import NetworkFacts
from .http import Attempt
from .names import HostName, SiteCode
from .scans import ScanPlan

__all__ = [
    "RoleDecision",
    "RoleEvaluation",
    "RoleLocation",
    "RoleOrigin",
    "RoleOutcome",
    "RoleServer",
    "RoleSource",
    "SiteRole",
]


class SiteRole(Enum):
    """A role that is looked for, in the word of the command line."""

    SOFTWARE_UPDATE_POINT = "sup"
    STATE_MIGRATION_POINT = "smp"
    FALLBACK_STATUS_POINT = "fsp"
    DEVICE_MANAGEMENT_POINT = "device-mp"
    ENROLLMENT_PROXY_POINT = "enrollment-proxy"

    @property
    def title(self) -> str:
        """The role in full."""
        return self.name.replace("_", " ").lower()


class RoleOrigin(Enum):
    """Where servers of a role come from."""

    SITE_DATA = "site-data"
    SETTINGS = "settings"
    LOCATION_MESSAGE = "location-message"
    IN_USE = "in-use"
    """Nobody names it now, because nobody could be asked; the client uses it."""
    INSTALLED_CLIENT = "installed-client"
    DIRECTORY = "directory"
    DNS_ALIAS = "dns-alias"
    DISCOVERY = "discovery"
    """The discovery service of enrollment."""


class RoleServer(NamedTuple):
    """A server that was named for a role, before anybody judges it.

    Attributes:
        host: The server.
        origins: Who named it, each once.
        endpoints: Where it is reached, as far as anybody said.
        is_gateway: Whether it is a cloud management gateway, which leads to the role.
    """

    host: HostName
    origins: tuple[RoleOrigin, ...]
    endpoints: tuple[Endpoint, ...] = ()
    is_gateway: bool = False


class RoleEvaluation(NamedTuple):
    """What became of a server, and why.

    Attributes:
        name: The server.
        verdict: Ranked or rejected.
        reasons: The rules that decided, in the order in which they did; never empty.
        origins: Who named it.
        endpoints: Where it is reached, as far as anybody said; empty when rejected.
    """

    name: HostName
    verdict: Verdict
    reasons: tuple[Reason, ...]
    origins: tuple[RoleOrigin, ...]
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def endpoint(self) -> Endpoint | None:
        """Where it is reached first; None when nobody said, or it was rejected."""
        return self.endpoints[0] if self.endpoints else None

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that decided, in order, each once."""
        return tuple(dict.fromkeys(reason.rule for reason in self.reasons))


class RoleDecision(NamedTuple):
    """Every server of a role, judged.

    Attributes:
        role: The role.
        ranked: Best first.
        rejected: Sorted by name.
        seed: What the random numbers came from.
        catalogue: Version of the rule catalogue.
        notes: What a person should know besides.
    """

    role: SiteRole
    ranked: tuple[RoleEvaluation, ...]
    rejected: tuple[RoleEvaluation, ...]
    seed: int
    catalogue: str
    notes: tuple[str, ...] = ()


class RoleSource(NamedTuple):
    """What came of one source of servers.

    Attributes:
        source: Which one.
        found: How many servers it named; None when it was not asked.
        rule: The rule that says why it was, or was not, asked.
        detail: What it was asked, or why it was not, for a person.
        code: The ``code`` of the error; empty when there was none.
        hint: What a person can do about it; empty when there is nothing sensible to say.
    """

    source: RoleOrigin
    found: int | None
    rule: str
    detail: str
    code: str = ""
    hint: str = ""


class RoleOutcome(Enum):
    """How the search for a server of a role ended."""

    LOCATED = "located"
    NOT_FOUND = "not-found"
    """Nobody named any."""
    NOT_ELIGIBLE = "not-eligible"
    """The rules reject every one."""
    NOT_REACHABLE = "not-reachable"
    """Whoever was to name them could not be reached, or did not say; or none of the eligible ones answered."""
    TRY_AGAIN = "try-again"
    """It is too early: what happened is to be expected for now, and is no failure."""
    TRUST_REFUSED = "trust-refused"
    """Whoever was to name them, or every eligible one, was there, and trust was refused, by us or by them."""


class RoleLocation(NamedTuple):
    """The server of a role, and everything that led there.

    Attributes:
        decision: Every server, judged.
        facts: The facts that it rests on.
        assigned_site: The client's site; None when it is not known.
        sources: What came of each source, in the order in which they were considered.
        attempts: What happened when management points were asked, in order of start.
        asked: How a management point to ask was located, or that none was; None when none was looked for.
        time: When, in UTC, ISO 8601.
        notes: What a person should know besides.
        was_contacted: Whether servers of the role themselves were asked, not only those who name them.
        answered: Where one of them answered; None when none did, or none was asked.
        refused_trust: Whether all that answered in vain, servers of the role or those who name them, refused trust or
            were refused it, and nothing else failed.
        wait: Seconds after which to try again, when it is too early; None when it is not.
        scans: Of a software update point: when the next scan comes; None for other roles, and where none was located.
    """

    decision: RoleDecision
    facts: NetworkFacts
    assigned_site: SiteCode | None = None
    sources: tuple[RoleSource, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    asked: Location | None = None
    time: str = ""
    notes: tuple[str, ...] = ()
    was_contacted: bool = False
    answered: Endpoint | None = None
    refused_trust: bool = False
    wait: float | None = None
    scans: ScanPlan | None = None

    @property
    def chosen(self) -> RoleEvaluation | None:
        """The one that answered, or the best one where none was contacted; None when there is none."""
        if self.was_contacted:
            return next((one for one in self.decision.ranked if self.answered in one.endpoints), None)
        return self.decision.ranked[0] if self.decision.ranked else None

    @property
    def outcome(self) -> RoleOutcome:
        """How it ended."""
        if self.chosen is not None:
            return RoleOutcome.LOCATED
        if self.wait is not None:
            return RoleOutcome.TRY_AGAIN
        if self.decision.ranked:
            return RoleOutcome.TRUST_REFUSED if self.refused_trust else RoleOutcome.NOT_REACHABLE
        if self.decision.rejected:
            return RoleOutcome.NOT_ELIGIBLE
        if self.refused_trust or any(source.code == TrustRefusedError.code for source in self.sources):
            return RoleOutcome.TRUST_REFUSED
        failed = any(source.code for source in self.sources)
        return RoleOutcome.NOT_REACHABLE if failed else RoleOutcome.NOT_FOUND
