"""When a client that runs for months does what: cycles, second tries, checks of the management point in use.

Pure: times are seconds of a monotonic clock and are handed in, as chance is. Every time that is drawn at random is the
same whenever it is asked for, so that a plan stays what it was until something happens.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..model.agent import Errand
from ..model.facts import NetworkLocation
from ..model.lease import Lease, LeasePhase, Period
from ..model.rule import decides
from .choose import SeededChooser
from .retry import backoff_delay
from .timing import LOCATION_PERIOD, REFRESH_PERIOD

__all__ = [
    "ASK_AGAIN",
    "Due",
    "Pace",
    "earliest_locate",
    "has_nobody",
    "is_in_doubt",
    "is_other_network",
    "plan_cycles",
    "plan_probe",
]

ASK_AGAIN = 600.0  # seconds for which ``rules.lease_moves`` does not ask again for what it asked for
_RETRY_BASE, _RETRY_CAP = 60.0, 1200.0  # what is added to that, at most, after the first failure and after many

# Five checks of a minute each with the waits between them fit into the ten minutes in which five failures count:
# at most 30 + 60 + 120 + 120 seconds of waiting.
_PROBE_BASE, _PROBE_CAP = 30.0, 120.0
_HURRIED_BASE, _HURRIED_CAP = 2.0, 8.0
_PROBE_SPREAD = 0.1  # of the interval

_HOUR = 3600.0
_FREE_LOCATES = 6  # in an hour, at once
_SPARSE = 300.0  # seconds between two of them after that: a network that comes and goes must not make a flood


class Due(NamedTuple):
    """Something to do, and when.

    Attributes:
        at: When it is due; it may be done later, never earlier.
        errand: What.
        why: What for, for a person.
    """

    at: float
    errand: Errand
    why: str


class Pace(NamedTuple):
    """How much a client asks.

    Attributes:
        spread: Seconds by which a cycle begins later than its period, at most: clients that were started together do
            not ask together.
        probe_interval: Seconds between two checks of the management point in use; 0 for none but those that a doubt
            calls for.
        is_hurried: Whether somebody waits: then one that failed is asked again after seconds, not minutes.
    """

    spread: float
    probe_interval: float
    is_hurried: bool = False


@decides("ML-001", "ST-010")
def plan_cycles(lease: Lease, pace: Pace, *, failed: int, chooser: SeededChooser) -> tuple[Due, ...]:
    """When the cycles of a lease are due.

    Args:
        lease: The lease.
        pace: How much to ask.
        failed: How many location requests in a row came to nothing.
        chooser: Chance.

    Returns:
        The next location request, and the next refresh if there is anything to refresh.
    """
    location = _plan_cycle("location", lease.location, LOCATION_PERIOD, pace, failed, chooser)
    refresh = _plan_cycle("refresh", lease.refresh, REFRESH_PERIOD, pace, failed, chooser)
    return tuple(due for due in (location, refresh) if due is not None)


def _plan_cycle(
    name: str, period: Period | None, length: float, pace: Pace, failed: int, chooser: SeededChooser
) -> Due | None:
    if period is None:
        return None
    regular = period.since + length + pace.spread * chooser.draw(f"{name} of {period.since}")
    if not period.pending:
        return Due(regular, Errand.LOCATE, f"{name}, every {length / _HOUR:.0f} hours")
    more = backoff_delay(max(1, failed), chooser.draw(f"{name} asked {period.asked}"), base=_RETRY_BASE, cap=_RETRY_CAP)
    again = min(regular, period.asked + ASK_AGAIN + more)
    return Due(again, Errand.LOCATE, f"{name}, because the last one came to nothing")


def plan_probe(
    lease: Lease,
    pace: Pace,
    *,
    checked_at: float | None,
    now: float,
    chooser: SeededChooser,
    not_before: float | None = None,
) -> Due | None:
    """When the management point in use is asked whether it answers.

    Args:
        lease: The lease.
        pace: How much to ask.
        checked_at: When it last answered or failed; None when it was not asked since it is in use, or when a location
            request was answered by another one and did not ask it.
        now: The time.
        chooser: Chance.
        not_before: Until when it asked to be left alone; None when it did not.

    Returns:
        The next check; None when there is none to check, and when all were given up, for which location requests are
        made. When checks are off, one that was not asked or that failed is checked all the same: a location request
        that others answer would never move the client off a dead one.
    """
    if lease.endpoint is None or lease.phase is LeasePhase.GIVEN_UP:
        return None
    failures = len(lease.failures)
    earliest = now if not_before is None else max(now, not_before)
    if checked_at is None:
        return Due(earliest, Errand.PROBE, f"whether {lease.endpoint} answers")
    draw = chooser.draw(f"probe after {checked_at}")
    if failures:
        at = checked_at + _wait_after_failure(failures, draw, pace)
        at = at if not_before is None else max(at, not_before)
        return Due(at, Errand.PROBE, f"whether {lease.endpoint} still does not answer")
    if pace.probe_interval == 0:
        return None
    wait = pace.probe_interval * (1 + _PROBE_SPREAD * draw)
    return Due(checked_at + wait, Errand.PROBE, f"whether {lease.endpoint} still answers")


def has_nobody(lease: Lease) -> bool:
    """Whether there is none that works, as far as is known: none was located yet, or all were given up."""
    return lease.phase in {LeasePhase.EMPTY, LeasePhase.GIVEN_UP}


def is_in_doubt(lease: Lease) -> bool:
    """Whether the management point in use has yet to answer: it is new, or failed since it last did.

    When all were given up nothing is in doubt.
    """
    if lease.endpoint is None or lease.phase is LeasePhase.GIVEN_UP:
        return False
    return lease.phase is LeasePhase.SEEKING or bool(lease.failures)


def _wait_after_failure(failures: int, draw: float, pace: Pace) -> float:
    if pace.is_hurried:
        return backoff_delay(failures, draw, base=_HURRIED_BASE, cap=_HURRIED_CAP)
    # What fails is not asked later than what works.
    longest = min(_PROBE_CAP, pace.probe_interval) if pace.probe_interval else _PROBE_CAP
    return backoff_delay(failures, draw, base=min(_PROBE_BASE, longest), cap=longest)


def earliest_locate(starts: Sequence[float], now: float) -> float:
    """When a location may be requested, whatever asks for it.

    Args:
        starts: When locations were requested, ascending.
        now: The time.

    Returns:
        Now, as long as there were few in the last hour; else some minutes after the last one.
    """
    recent = [start for start in starts if now - start < _HOUR]
    return now if len(recent) < _FREE_LOCATES else max(now, recent[-1] + _SPARSE)


@decides("NET-005")
def is_other_network(before: NetworkLocation, found: NetworkLocation) -> bool:
    """Whether a client moved between intranet and internet; not knowing where it is proves no move."""
    return NetworkLocation.UNKNOWN not in {before, found} and before is not found
