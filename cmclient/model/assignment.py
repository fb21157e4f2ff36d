"""The assignment of a client to a site as data: what was wished, what each source said, what was decided and why."""

from enum import Enum
from typing import NamedTuple

from .decision import Reason, Verdict
from .endpoints import SiteKind
from .facts import ClientKind
from .names import HostName, SiteCode

__all__ = [
    "AssignmentDecision",
    "AssignmentHow",
    "AssignmentOutcome",
    "AssignmentWish",
    "Compatibility",
    "CompatibilityVerdict",
    "DeploymentState",
    "KnownSite",
    "SiteAnswer",
    "SiteCandidate",
    "SiteMatch",
    "SiteSource",
]


class SiteSource(Enum):
    """Who said something about sites."""

    SETTINGS = "settings"
    STORE = "store"
    DIRECTORY = "directory"
    MANAGEMENT_POINT = "management-point"
    SITE_DATA = "site-data"


class AssignmentHow(Enum):
    """In which way the site came to be the assigned one."""

    GIVEN = "given"
    KEPT = "kept"
    BOUNDARY = "boundary"
    FALLBACK = "fallback"
    NONE = "none"


class AssignmentOutcome(Enum):
    """What became of the assignment."""

    ASSIGNED = "assigned"
    NOT_FOUND = "not-found"
    """Somebody was asked, and no site holds the client."""
    REFUSED = "refused"
    """A rule forbids it."""
    NOT_ASKED = "not-asked"
    """Nobody could be asked what had to be known."""


class AssignmentWish(NamedTuple):
    """What is wanted, and what of the client counts for it.

    Attributes:
        given: The site named by ``SMSSITECODE`` or the setting; None for automatic assignment.
        is_auto: Whether ``AUTO`` was said in so many words.
        kept: The site that the client is assigned to already; None when it is not.
        is_upgrade: Whether the client is being upgraded.
        reassigns: Whether ``SITEREASSIGN=TRUE`` was said.
        internet_mp: Its management point for the internet; None when it has none.
        client_build: Build number of the client version; None when it is not known.
        root_key: Why the trusted root key need not be taken from the first management point that is met, in a few
            words; empty when it would be.
        device: The kind of device, for one that was enrolled; None for any other client.
        profile_site: The site that its enrollment profile names; None when that is not known.
    """

    given: SiteCode | None = None
    is_auto: bool = False
    kept: SiteCode | None = None
    is_upgrade: bool = False
    reassigns: bool = False
    internet_mp: HostName | None = None
    client_build: int | None = None
    root_key: str = ""
    device: ClientKind | None = None
    profile_site: SiteCode | None = None


class SiteMatch(NamedTuple):
    """A site that clients are assigned to where this one is.

    Attributes:
        site: The site.
        by: What holds the client, for a person.
        address: The one address that it holds; empty when it goes by something else. Of a fallback site the one that
            was drawn and that nothing holds, where something holds another.
        is_fallback: Nothing holds the client; it is the hierarchy's fallback site.
    """

    site: SiteCode
    by: str
    address: str = ""
    is_fallback: bool = False


class SiteAnswer(NamedTuple):
    """What came of asking one source for the site.

    Attributes:
        source: Which one.
        answered: Whether it answered.
        reason: Why it was asked and what it said, or why it was not asked.
        matches: The sites that it named; empty when it named none.
        addresses: Addresses of the client that it could have looked at one by one; empty where it saw them all.
        is_barred: Whether it was not asked because that would not be safe, so that its silence is no lack of an answer.
    """

    source: SiteSource
    answered: bool
    reason: Reason
    matches: tuple[SiteMatch, ...] = ()
    addresses: tuple[str, ...] = ()
    is_barred: bool = False


class KnownSite(NamedTuple):
    """What is known of a site before a client is assigned to it.

    Attributes:
        code: The site.
        kind: Primary, secondary or central administration site.
        build: Build number of its version; None when nobody said.
        source: Who said the build, or that it does not exist; None when nobody said either.
        exists: Whether it exists; None when nobody can tell.
    """

    code: SiteCode
    kind: SiteKind = SiteKind.UNKNOWN
    build: int | None = None
    source: SiteSource | None = None
    exists: bool | None = None


class CompatibilityVerdict(Enum):
    """What came of comparing the versions of client and site."""

    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_COMPARED = "not-compared"


class Compatibility(NamedTuple):
    """The comparison of the versions of client and site.

    Attributes:
        verdict: What came of it.
        reason: The rule, and what it says.
        client_build: The client's build number; None when it is not known.
        site_build: The site's; None when nobody said.
        source: Who said it; None when nobody did.
        state: The state id that a failure is reported with; None for none.
    """

    verdict: CompatibilityVerdict
    reason: Reason
    client_build: int | None = None
    site_build: int | None = None
    source: SiteSource | None = None
    state: int | None = None


class SiteCandidate(NamedTuple):
    """What became of one site.

    Attributes:
        site: The site.
        verdict: Ranked or rejected.
        source: Who named it.
        by: By what it was named, for a person.
        reasons: The rules that decided, in order. Never empty.
        draw: The random number that orders sites that the rules call equal; None when rejected, or nothing is drawn.
        state: The state id that a rejection is reported with; None for none.
        is_fallback: Nothing holds the client; it is the hierarchy's fallback site.
        is_elsewhere: What holds the client does so by an address that was not drawn.
    """

    site: SiteCode
    verdict: Verdict
    source: SiteSource
    by: str
    reasons: tuple[Reason, ...]
    draw: float | None = None
    state: int | None = None
    is_fallback: bool = False
    is_elsewhere: bool = False


class DeploymentState(NamedTuple):
    """A state message about the assignment: topic type 800.

    Attributes:
        id: The state id.
        meaning: What it says, in words.
    """

    id: int
    meaning: str


class AssignmentDecision(NamedTuple):
    """The assignment; recomputed from its own inputs it is the same.

    Attributes:
        outcome: What became of it.
        site: The assigned site; None when there is none: the client is unmanaged.
        how: In which way.
        reasons: The rules that decided, in order; the last one decided. Never empty.
        candidates: Every site that was named: the ranked ones first, best first, then the rejected by site.
        answers: What came of each source, in the order in which they were asked.
        compatibility: The comparison of versions; None when it did not come to that.
        address: The address that was drawn to go by; empty when there was no choice.
        states: What a client reports of it, in order; empty when nothing was tried.
        next: What happens next, in order.
        retry_seconds: After how long it is tried again; None when it is not.
        settings_from: Where the site's settings for its clients come from; None without a site.
        seed: What the random numbers came from.
        catalogue: Version of the rule catalogue.
    """

    outcome: AssignmentOutcome
    site: SiteCode | None
    how: AssignmentHow
    reasons: tuple[Reason, ...]
    candidates: tuple[SiteCandidate, ...] = ()
    answers: tuple[SiteAnswer, ...] = ()
    compatibility: Compatibility | None = None
    address: str = ""
    states: tuple[DeploymentState, ...] = ()
    next: tuple[Reason, ...] = ()
    retry_seconds: float | None = None
    settings_from: Reason | None = None
    seed: int = 0
    catalogue: str = ""

    @property
    def reason(self) -> Reason:
        """The one that decided."""
        return self.reasons[-1]
