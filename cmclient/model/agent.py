"""What an agent does, as it says itself."""

from enum import Enum
from typing import NamedTuple

from .decision import Purpose
from .endpoints import Endpoint
from .facts import NetworkLocation
from .lease import LeasePhase
from .names import HostName, SiteCode

__all__ = ["AgentProcess", "AgentStatus", "Errand", "NextErrand", "PurposeServer"]


class AgentProcess(NamedTuple):
    """The process that an agent runs in.

    Attributes:
        pid: Its number.
        start: When it started, in the system's words; tells it from a later one with that number. May be empty.
    """

    pid: int
    start: str = ""


class Errand(Enum):
    """What an agent goes and does."""

    LOCATE = "locate"
    """Locate anew, which also reads the list again."""
    ASSIGN = "assign"
    """Find the assigned site."""
    GATHER = "gather"
    """Find out whether this is the intranet or the internet."""
    PROBE = "probe"
    """Ask the management point in use whether it answers."""


class NextErrand(NamedTuple):
    """What an agent does next.

    Attributes:
        errand: What.
        at: When by the wall clock, as far as that is not set meanwhile; UTC, ISO 8601.
        why: What it is for, in a few words.
    """

    errand: Errand
    at: str
    why: str = ""


class PurposeServer(NamedTuple):
    """Which management point is for what.

    Attributes:
        purpose: What for.
        host: The server; None while it is not known.
    """

    purpose: Purpose
    host: HostName | None = None


class AgentStatus(NamedTuple):
    """What an agent does. Times are in UTC, ISO 8601; empty for what has not happened.

    Attributes:
        pid: Its process.
        process_start: When that process started, in the system's own words; tells it from a later one with its number.
            Empty where the system does not tell.
        started: When it began.
        updated: When it said this.
        doing: What it is about to do now; None while it waits.
        stopped: Whether it ended as it should.
        phase: How it stands with its management point.
        endpoint: The management point in use; None while nothing was located.
        held_since: Since when that one is in use.
        failures: How many of its failures count: fewer than five.
        left: Management points that were given up in this cycle, the latest last.
        assigned_site: The assigned site; None while there is none, or nobody knows.
        network_location: Where the client was when it was looked at last.
        located_at: When a management point was located last.
        answered_at: When the one in use answered last.
        last_error: What went wrong last; empty when nothing has since the start.
        last_error_at: When.
        upcoming: What it does next; None when nothing is planned.
        servers: Which management point serves which purpose: the assigned one need not be the one in use.
    """

    pid: int
    process_start: str = ""
    started: str = ""
    updated: str = ""
    doing: Errand | None = None
    stopped: bool = False
    phase: LeasePhase = LeasePhase.EMPTY
    endpoint: Endpoint | None = None
    held_since: str = ""
    failures: int = 0
    left: tuple[Endpoint, ...] = ()
    assigned_site: SiteCode | None = None
    network_location: NetworkLocation = NetworkLocation.UNKNOWN
    located_at: str = ""
    answered_at: str = ""
    last_error: str = ""
    last_error_at: str = ""
    upcoming: NextErrand | None = None
    servers: tuple[PurposeServer, ...] = ()
