"""A location decision as data: every candidate ranked or rejected, each with the rules that did it."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from .endpoints import Endpoint, ManagementPoint
from .facts import NetworkFacts
from .http import Attempt, Outcome
from .legacy import LegacyPolicy, ProfileName
from .names import DnsDomain, HostName, SiteCode
from .reason import Reason
from .rootkey import RootKeyDecision

__all__ = [
    "Candidate",
    "Category",
    "Decision",
    "Discovered",
    "Evaluation",
    "Location",
    "Origin",
    "Phase",
    "Policy",
    "Purpose",
    "Reason",
    "SourceKind",
    "SourceReport",
    "StoredAssignment",
    "Tie",
    "Unreadable",
    "Verdict",
]


class SourceKind(Enum):
    """Where candidates come from."""

    INSTALLATION = "installation"
    STORED_LIST = "stored-list"
    ANSWERED_BEFORE = "answered-before"
    DIRECTORY = "directory"
    DNS = "dns"
    MP_LIST = "mp-list"
    LOCATOR_POINT = "locator-point"
    """The server locator point of CM 2007."""
    WINS = "wins"
    GATEWAY_LIST = "gateway-list"
    """Gateways that an installed client falls back to on the internet (CMGFQDNs)."""


class Purpose(Enum):
    """What the management point is wanted for; each has its own server (SA-031 to SA-033, MP-002)."""

    POLICY = "policy"
    LOCATION = "location"
    REGISTRATION = "registration"


class Phase(Enum):
    """Where the client is in its life."""

    INSTALLING = "installing"
    REGISTERED = "registered"
    TASK_SEQUENCE = "task-sequence"


class Category(Enum):
    """The three categories of an MP list, in the order in which they are used (MP-001)."""

    PROXY = "proxy"
    LOCAL = "local"
    ASSIGNED = "assigned"


class Verdict(Enum):
    """What became of a candidate."""

    RANKED = "ranked"
    REJECTED = "rejected"


class Origin(NamedTuple):
    """Where a candidate came from.

    Attributes:
        source: The source.
        detail: Which record of it, for a person; may be empty.
    """

    source: SourceKind
    detail: str = ""


class Candidate(NamedTuple):
    """A management point that nobody has judged yet.

    Attributes:
        mp: The management point.
        origins: Every place that named it, best source first.
    """

    mp: ManagementPoint
    origins: tuple[Origin, ...]


class Unreadable(NamedTuple):
    """Something that should have been a candidate and cannot be one.

    Attributes:
        name: What it called itself, cut short and made printable.
        origin: Where it stood.
        problem: Why it cannot be used.
        rule: The rule that it breaks; ``limit`` for a bound of ours.
    """

    name: str
    origin: Origin
    problem: str
    rule: str


class Discovered(NamedTuple):
    """What one source named: candidates in its own order, and what could not be read."""

    candidates: tuple[Candidate, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


class Policy(NamedTuple):
    """What was decided about the client before any management point is judged.

    Attributes:
        assigned_site: The site that the client is assigned to; None when it is unmanaged.
        assigned_mp: The management point that became the assigned one of that site; None while none has (MP-016).
        local_sites: Sites whose published boundaries hold the client, sorted; empty when none does or nobody said.
        purpose: What the management point is wanted for.
        phase: Where the client is in its life.
        can_use_https: Whether the client is set for HTTPS: it wants PKI and has a usable certificate.
        https_reason: Why, in a few words.
        may_use_http: Whether going down to HTTP is allowed after HTTPS (MP-003, Q-27).
        http_reason: Why it is not, in a few words; empty when it is.
        http_rule: The rule that says so; empty when it is.
        pki_failed: Whether a PKI certificate is wanted and there is none that can be used.
        allowed_mps: Affinity; None when it is not set, empty when it is set and names nobody.
        http_port: The site's HTTP port.
        https_port: The site's HTTPS port.
        client_build: Build number of the client version; decides the product family (ML-006).
        profile: Whose rules decide.
        legacy: What was decided about a client of CM 2007 besides; None in every other profile.
        use_gateways: Whether the client may use cloud management gateways (CG-012).
        prefers_cloud: Whether a boundary group of the client prefers cloud sources (MP-026).
    """

    assigned_site: SiteCode | None = None
    assigned_mp: HostName | None = None
    local_sites: tuple[SiteCode, ...] = ()
    purpose: Purpose = Purpose.POLICY
    phase: Phase = Phase.REGISTERED
    can_use_https: bool = False
    https_reason: str = ""
    may_use_http: bool = True
    http_reason: str = ""
    allowed_mps: tuple[HostName, ...] | None = None
    http_port: int = 80
    https_port: int = 443
    client_build: int = 9141
    profile: ProfileName = ProfileName.CURRENT
    legacy: LegacyPolicy | None = None
    use_gateways: bool = True
    prefers_cloud: bool = False
    http_rule: str = ""
    pki_failed: bool = False


class Tie(NamedTuple):
    """The part of the sort key that is not random; equal ties may be used in any order.

    Lower is better, compared from left to right (MP-008, MP-010).

    Attributes:
        category: Place of its category among the three, from 0 on.
        locality: How far it is; 0 for one in the current boundary group.
        preferred: 0 for a preferred management point, else 1.
        rank: 1 to 4 (MP-003).
    """

    category: int
    locality: int
    preferred: int
    rank: int


class Evaluation(NamedTuple):
    """What became of one candidate, and why.

    Attributes:
        name: Host name of the management point, or what an unreadable one called itself.
        verdict: Ranked or rejected.
        reasons: The rules that decided, in the order in which they did. Never empty.
        origins: Every place that named it.
        mp: The management point; None for one that could not be read.
        endpoints: Where it would be contacted: the most secure one first, then the one to go down to where a rule
            allows it; empty when rejected.
        category: Its category; None when rejected before that was asked.
        preferred: Whether it is a preferred management point (ML-021).
        rank: 1 to 4 (MP-003); None when rejected.
        tie: The sort key without chance; None when rejected.
        draw: The random number that orders equal ties; None when rejected.
    """

    name: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    origins: tuple[Origin, ...]
    mp: ManagementPoint | None = None
    endpoints: tuple[Endpoint, ...] = ()
    category: Category | None = None
    preferred: bool = False
    rank: int | None = None
    tie: Tie | None = None
    draw: float | None = None

    @property
    def endpoint(self) -> Endpoint | None:
        """Where it would be contacted first; None when rejected."""
        return self.endpoints[0] if self.endpoints else None

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that decided, in order, each once."""
        return tuple(dict.fromkeys(reason.rule for reason in self.reasons))


class Decision(NamedTuple):
    """The whole of a selection; recomputed from its own inputs it is the same.

    Attributes:
        ranked: Best first.
        rejected: Sorted by name.
        facts: Input.
        policy: Input.
        candidates: Input, in a canonical order.
        unreadable: Input, in a canonical order.
        seed: Input: what the random numbers came from.
        catalogue: Version of the rule catalogue.
    """

    ranked: tuple[Evaluation, ...]
    rejected: tuple[Evaluation, ...]
    facts: NetworkFacts
    policy: Policy
    candidates: tuple[Candidate, ...]
    unreadable: tuple[Unreadable, ...]
    seed: int
    catalogue: str


class StoredAssignment(NamedTuple):
    """What a client keeps about the site that it is assigned to.

    Attributes:
        site: The assigned site.
        assigned_mp: The management point that became the assigned one (MP-016); None when none has yet.
        trusted_forests: Forests that the client's own forest trusts, as last read from the directory.
        http_port: The site's client port for HTTP as last read from the directory; None when it was not there.
        https_port: The same for HTTPS.
        https_only: Whether the site said in the directory that it takes clients over HTTPS only.
    """

    site: SiteCode
    assigned_mp: HostName | None = None
    trusted_forests: tuple[DnsDomain, ...] = ()
    http_port: int | None = None
    https_port: int | None = None
    https_only: bool = False


class SourceReport(NamedTuple):
    """What came of one source.

    Attributes:
        source: Which one.
        asked: Whether it was asked at all.
        found: How many usable candidates it named.
        rule: The rule that says why it was, or was not, asked.
        detail: What it was asked, or why it was not, for a person.
        seconds: How long it took.
        code: The ``code`` of the error; empty when there was none.
        hint: What a person can do about it; empty when there is nothing sensible to say.
    """

    source: SourceKind
    asked: bool
    found: int
    rule: str
    detail: str
    seconds: float = 0.0
    code: str = ""
    hint: str = ""


class Location(NamedTuple):
    """What was located, and everything that led there.

    Attributes:
        decision: Every candidate, judged.
        attempts: What happened when they were contacted, in order of start; empty when none was.
        sources: What came of each source, in the order in which they were considered.
        assigned_mp: The management point for registration and certain policy messages (MP-002); None when not known.
        time: When, in UTC, ISO 8601.
        notes: What a person should know besides, such as a fact that was assumed.
        fsp: The fallback status point that the directory names for the client's site; None when it was not asked or
            names none.
        root_key: What was decided about the trusted root key; None where nobody had to.
    """

    decision: Decision
    attempts: tuple[Attempt, ...] = ()
    sources: tuple[SourceReport, ...] = ()
    assigned_mp: HostName | None = None
    time: str = ""
    notes: tuple[str, ...] = ()
    fsp: HostName | None = None
    root_key: RootKeyDecision | None = None

    @property
    def chosen(self) -> Evaluation | None:
        """The first ranked candidate that answered, or the first ranked one when none was contacted."""
        ranked = self.decision.ranked
        if not self.attempts:
            return ranked[0] if ranked else None
        return next((one for one in ranked if self._answered.intersection(one.endpoints)), None)

    @property
    def endpoint(self) -> Endpoint | None:
        """Where the chosen candidate answered, or would be contacted first; None when none was chosen."""
        chosen = self.chosen
        if chosen is None or not self.attempts:
            return chosen and chosen.endpoint
        return next(endpoint for endpoint in chosen.endpoints if endpoint in self._answered)

    @property
    def _answered(self) -> frozenset[Endpoint]:
        return frozenset(attempt.endpoint for attempt in self.attempts if attempt.outcome is Outcome.ANSWERED)

    @property
    def management_point(self) -> ManagementPoint:
        """The chosen management point.

        Raises:
            LookupError: None was chosen; ``locate`` never returns such a Location.
        """
        if self.chosen is None or self.chosen.mp is None:
            raise LookupError("no management point was chosen")
        return self.chosen.mp

    @property
    def facts(self) -> NetworkFacts:
        """The facts that the decision rests on."""
        return self.decision.facts

    @property
    def origins(self) -> Mapping[str, str]:
        """For each fact that is known, where it came from."""
        return self.decision.facts.origins
