"""The lease: which management point a client keeps, what happens to it, and what that makes the client do.

Times are seconds of a monotonic clock. Every value is made of plain parts, so that a store can keep it.
"""

from collections.abc import Iterator
from enum import Enum
from math import isfinite
from typing import NamedTuple

from .decision import Reason
from .endpoints import Endpoint
from .names import HostName
from .served import Failed, Succeeded

__all__ = [
    "Cycle",
    "Effect",
    "EffectKind",
    "Lease",
    "LeaseCandidate",
    "LeaseEvent",
    "LeasePhase",
    "ListRefreshed",
    "Located",
    "NetworkChanged",
    "Period",
    "Run",
    "ServiceStarted",
    "SettingsChanged",
    "Ticked",
    "find_lease_fault",
]

_MAX_PORT = 65535
_LONGEST = 1e10  # seconds; three centuries. Times that are compared and moved must not lose their seconds


class LeasePhase(Enum):
    """How the client stands with its management point."""

    EMPTY = "empty"
    """Nothing was located yet."""
    SEEKING = "seeking"
    """One is in use that has not answered since it was taken."""
    HELD = "held"
    """The one in use has answered; the client stays with it."""
    GIVEN_UP = "given-up"
    """All of them failed, or none was found; one of them is still being tried."""


class LeaseCandidate(NamedTuple):
    """A way to a management point that the rules allow.

    Attributes:
        endpoint: Server, protocol and port.
        group: 0 for the best ones; those of one number are equal by the rules.
        in_current_group: Whether it is of the client's current boundary group; true for all where groups have no say.
    """

    endpoint: Endpoint
    group: int
    in_current_group: bool = True


class Period(NamedTuple):
    """Something that is asked for once a period.

    Attributes:
        since: When the period began.
        asked: When it was last asked for; later than ``since`` when it had to be asked for again.
        pending: Whether it was asked for and has not come.
    """

    since: float
    asked: float
    pending: bool = False


class Cycle(NamedTuple):
    """What is remembered until the next refresh cycle.

    Attributes:
        left: Candidates that were given up, the latest last; not chosen while others remain.
        widened: Whether those outside the current boundary group were let in.
        errors: When candidates of the current boundary group failed, within the window; at most five.
    """

    left: tuple[Endpoint, ...] = ()
    widened: bool = False
    errors: tuple[float, ...] = ()


class Run(NamedTuple):
    """The attempts of one run, such as one ``locate`` or one message.

    Attributes:
        number: Which run.
        tried: Candidates that failed in it.
    """

    number: int = 0
    tried: tuple[Endpoint, ...] = ()


class Lease(NamedTuple):
    """The state of a client that keeps its management point. One for each purpose that has a decision of its own.

    Attributes:
        as_of: When the last event was seen.
        phase: How the client stands with it.
        candidates: What may be used, best group first; empty until some were located.
        endpoint: The one in use; None only while nothing was ever located.
        assigned: The assigned management point, which need not be the one in use (MP-002, MP-018); None when not known.
        failures: When the one in use failed, within the window; fewer than five.
        spent: Candidates that were given up since anything answered, the latest last.
        network_failed: Whether a failure since the last success may be one of the network.
        rotations: How often a management point was chosen by chance; makes each draw a new one.
        relocating: Whether the next decision may move a client off one that works.
        location: Location requests; None before the first.
        refresh: Refreshes of what boundary groups say; None before there are candidates.
        cycle: What is remembered until the next refresh cycle.
        run: The attempts of the latest run.
    """

    as_of: float
    phase: LeasePhase = LeasePhase.EMPTY
    candidates: tuple[LeaseCandidate, ...] = ()
    endpoint: Endpoint | None = None
    assigned: HostName | None = None
    failures: tuple[float, ...] = ()
    spent: tuple[Endpoint, ...] = ()
    network_failed: bool = False
    rotations: int = 0
    relocating: bool = False
    location: Period | None = None
    refresh: Period | None = None
    cycle: Cycle = Cycle()
    run: Run = Run()


class Located(NamedTuple):
    """A location request was answered.

    Attributes:
        candidates: What may be used now, best group first; empty when none was found, which takes nothing away.
        assigned: The assigned management point; None leaves it as it is.
        problem: Why there are no candidates, for a person; empty says that nobody was found.
    """

    candidates: tuple[LeaseCandidate, ...]
    assigned: HostName | None = None
    problem: str = ""


class ListRefreshed(NamedTuple):
    """The list with what boundary groups say of each was read again; empty takes nothing away."""

    candidates: tuple[LeaseCandidate, ...]


class NetworkChanged(NamedTuple):
    """Addresses, connections or the place in the network are others."""


class ServiceStarted(NamedTuple):
    """The service started, with a new lease or with one that was kept."""


class SettingsChanged(NamedTuple):
    """Settings that a decision rests on are others."""


class Ticked(NamedTuple):
    """Time passed."""


LeaseEvent = Located | ListRefreshed | Succeeded | Failed | NetworkChanged | ServiceStarted | SettingsChanged | Ticked


class EffectKind(Enum):
    """What the client does about it."""

    MOVED = "moved"
    """Another management point is in use from now on."""
    REQUEST_LOCATION = "request-location"
    """Locate anew, network location included, and answer with ``Located``."""
    REFRESH_GROUPS = "refresh-groups"
    """Read the list again, and answer with ``ListRefreshed``."""
    PROBE_NETWORK = "probe-network"
    """Find out whether this is the intranet or the internet."""
    WIDENED = "widened"
    """Management points outside the current boundary group may be used until the next refresh cycle."""
    GAVE_UP = "gave-up"
    """None can be used; comes once."""
    RECOVERED = "recovered"
    """One answered after that; comes once."""


class Effect(NamedTuple):
    """One thing to do, and why.

    Attributes:
        kind: What.
        reason: The rule, and what it said; the rule is empty where no rule of the catalogue asks for it.
        endpoint: The management point that it is about: the new one of a move, the one that answered.
        left: The one that was in use before a move; None when there was none.
    """

    kind: EffectKind
    reason: Reason
    endpoint: Endpoint | None = None
    left: Endpoint | None = None


def find_lease_fault(lease: Lease) -> str | None:
    """Say what is wrong with a lease that was read from somewhere.

    Returns:
        The first fault as a sentence; None when the lease is one that events can lead to.
    """
    return next(_faults(lease), None)


def _faults(lease: Lease) -> Iterator[str]:
    known = [one.endpoint for one in lease.candidates]
    groups = [one.group for one in lease.candidates]
    if not all(isfinite(time) and -_LONGEST <= time <= min(lease.as_of, _LONGEST) for time in _times(lease)):
        yield "a time is later than the lease, or no time"
    if not all(0 < endpoint.port <= _MAX_PORT for endpoint in known):
        yield "a port is not one from 1 to 65535"
    if len(set(known)) != len(known):
        yield "a candidate stands in it twice"
    if groups != sorted(groups) or any(group < 0 for group in groups):
        yield "the candidates are not in the order of their groups"
    if (lease.endpoint is None) != (not known):
        yield "there are candidates and none is in use, or the other way round"
    if lease.endpoint is not None and lease.endpoint not in known:
        yield "the one in use is no candidate"
    if lease.phase is not LeasePhase.GIVEN_UP and (lease.phase is LeasePhase.EMPTY) != (lease.endpoint is None):
        yield f"the phase is {lease.phase.value}, which does not fit what is in use"
    if not set(known).issuperset((*lease.cycle.left, *lease.run.tried)):
        yield "it remembers something of one that is no candidate"
    if not set(lease.spent) <= set(lease.cycle.left):
        yield "one was given up for now and not for this cycle"


def _times(lease: Lease) -> Iterator[float]:
    yield lease.as_of
    yield from lease.failures
    yield from lease.cycle.errors
    for period in (lease.location, lease.refresh):
        if period is not None:
            yield from (period.since, period.asked)
