"""What a client keeps between runs, with the time of the wall clock when it was kept."""

from datetime import datetime
from typing import NamedTuple

from .content import ClientBoundaryGroups
from .lease import Lease
from .names import HostName
from .scans import ScanHistory

__all__ = ["StoredBoundaryGroups", "StoredLease", "StoredUpdatePoint"]


class StoredLease(NamedTuple):
    """A lease that was kept. Its own times are those of a monotonic clock that may have begun anew since.

    Attributes:
        lease: The lease.
        saved_at: When, by the wall clock; aware.
    """

    lease: Lease
    saved_at: datetime


class StoredBoundaryGroups(NamedTuple):
    """What the last location reply said of the client's boundary groups; repeated in the next request.

    Attributes:
        groups: As the site said.
        saved_at: When, by the wall clock; aware.
    """

    groups: ClientBoundaryGroups
    saved_at: datetime


class StoredUpdatePoint(NamedTuple):
    """The software update point that a client scans with, and keeps.

    Attributes:
        host: The server.
        scans: How scans with it went; its times are those of a monotonic clock that may have begun anew since.
        as_of: The time of that clock when this was kept.
        saved_at: When that was by the wall clock, ISO 8601 with a zone; empty where nothing has a time.
    """

    host: HostName
    scans: ScanHistory = ScanHistory()
    as_of: float = 0.0
    saved_at: str = ""
