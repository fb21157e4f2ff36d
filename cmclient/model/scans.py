"""What a client remembers of its scans for software updates, and what follows from it."""

from typing import NamedTuple

from .names import HostName

__all__ = ["ScanHistory", "ScanPlan"]


class ScanHistory(NamedTuple):
    """What is remembered of scans. A client that scans with internet-facing ones too keeps another for those.

    Times are seconds of a monotonic clock.

    Attributes:
        host: The one in use; None before the first.
        first_failure: When the last good one first failed, from where fallback times run; None while scans succeed.
        failures: When scans with the one in use failed, the first four; empty while they succeed.
        last_failure: When the latest of them failed.
        tried: Those that failed and were left since the last success, in order.
        switch_wanted: When the site told the client to take another one; None while it has not, and once it did.
    """

    host: HostName | None = None
    first_failure: float | None = None
    failures: tuple[float, ...] = ()
    last_failure: float | None = None
    tried: tuple[HostName, ...] = ()
    switch_wanted: float | None = None


class ScanPlan(NamedTuple):
    """When a client scans again, and with whom. Times are in UTC, ISO 8601; empty for what there is no time for.

    Attributes:
        host: The one in use.
        failures: How many scans with it failed in a row; four is the most that is counted.
        failing_since: When scans with the last good one began to fail; empty while they succeed.
        next_scan: When to scan again after a failure; empty when nothing failed: the client's schedule says it then.
        others_from: From when another one may be used, if there is another; empty while that cannot be said.
    """

    host: HostName
    failures: int = 0
    failing_since: str = ""
    next_scan: str = ""
    others_from: str = ""
