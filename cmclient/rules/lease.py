"""How a client keeps its management point: a table of what each event does in each phase.

``step`` is the whole of it. Pure: time and chance are handed in, and what is to be done comes out as effects.
Invariants: a client that had a management point has one; it is always a candidate; giving up is said once.
"""

from collections.abc import Mapping

from ..model.decision import Purpose
from ..model.lease import (
    Lease,
    LeaseEvent,
    LeasePhase,
    ListRefreshed,
    Located,
    NetworkChanged,
    Period,
    Run,
    ServiceStarted,
    SettingsChanged,
    Ticked,
)
from ..model.names import HostName
from ..model.rule import decides
from ..model.served import Failed, Succeeded
from . import lease_cycles, lease_news, lease_outcomes
from .choose import SeededChooser
from .lease_moves import Moment, StepResult, Transition, ignore

__all__ = ["TRANSITIONS", "rebase_lease", "server_for", "step"]

_LONGEST_AGE = 366 * 86400.0  # seconds; every period is long over by then, and a wild clock must not make infinities

_EMPTY, _SEEKING, _HELD, _GIVEN_UP = LeasePhase.EMPTY, LeasePhase.SEEKING, LeasePhase.HELD, LeasePhase.GIVEN_UP

TRANSITIONS: Mapping[tuple[LeasePhase, type[LeaseEvent]], Transition] = {
    (_EMPTY, Located): lease_news.locate_first,
    (_EMPTY, ListRefreshed): lease_news.list_unsettled,
    (_EMPTY, Succeeded): ignore,
    (_EMPTY, Failed): ignore,
    (_EMPTY, NetworkChanged): lease_cycles.change_network,
    (_EMPTY, ServiceStarted): lease_cycles.start_empty,
    (_EMPTY, SettingsChanged): lease_cycles.change_settings,
    (_EMPTY, Ticked): lease_cycles.tick,
    (_SEEKING, Located): lease_news.locate_unsettled,
    (_SEEKING, ListRefreshed): lease_news.list_unsettled,
    (_SEEKING, Succeeded): lease_outcomes.answer_seeking,
    (_SEEKING, Failed): lease_outcomes.fail,
    (_SEEKING, NetworkChanged): lease_cycles.change_network,
    (_SEEKING, ServiceStarted): lease_cycles.start_again,
    (_SEEKING, SettingsChanged): lease_cycles.change_settings,
    (_SEEKING, Ticked): lease_cycles.tick,
    (_HELD, Located): lease_news.locate_held,
    (_HELD, ListRefreshed): lease_news.list_held,
    (_HELD, Succeeded): lease_outcomes.answer_held,
    (_HELD, Failed): lease_outcomes.fail,
    (_HELD, NetworkChanged): lease_cycles.change_network,
    (_HELD, ServiceStarted): lease_cycles.start_again,
    (_HELD, SettingsChanged): lease_cycles.change_settings,
    (_HELD, Ticked): lease_cycles.tick,
    (_GIVEN_UP, Located): lease_news.locate_unsettled,
    (_GIVEN_UP, ListRefreshed): lease_news.list_unsettled,
    (_GIVEN_UP, Succeeded): lease_outcomes.recover,
    (_GIVEN_UP, Failed): lease_outcomes.fail_further,
    (_GIVEN_UP, NetworkChanged): lease_cycles.change_network,
    (_GIVEN_UP, ServiceStarted): lease_cycles.start_again,
    (_GIVEN_UP, SettingsChanged): lease_cycles.change_settings,
    (_GIVEN_UP, Ticked): lease_cycles.tick,
}


def step(lease: Lease, event: LeaseEvent, now: float, *, chooser: SeededChooser) -> StepResult:
    """Apply one event.

    Args:
        lease: The state before it.
        event: What happened.
        now: When, in seconds of a monotonic clock; taken as ``lease.as_of`` if it is earlier.
        chooser: Chance.

    Returns:
        The state after it, and what to do, in order; nothing for most events.
    """
    moment = Moment(max(now, lease.as_of), chooser)
    after, effects = TRANSITIONS[lease.phase, type(event)](lease, event, moment)
    return after._replace(as_of=moment.now), effects


@decides("MP-002")
def server_for(lease: Lease, purpose: Purpose) -> HostName | None:
    """The management point for a purpose.

    Returns:
        The assigned one for registration, which rotation never touches; for all else the one in use. None when it is
        not known.
    """
    if purpose is Purpose.REGISTRATION:
        return lease.assigned
    return None if lease.endpoint is None else lease.endpoint.host


def rebase_lease(lease: Lease, *, now: float, age: float) -> Lease:
    """Bring a lease that was kept over a restart onto a monotonic clock that began anew.

    Args:
        lease: As it was stored.
        now: The new clock's time.
        age: Seconds between its last event and now by the wall clock. That clock may have been set: less than nothing
            counts as nothing.

    Returns:
        The lease with the same management point and all times moved. The attempts of a run do not outlive it.
    """
    as_of = now - (min(age, _LONGEST_AGE) if age > 0 else 0.0)  # not a number is not greater than nothing

    def moved(time: float) -> float:
        return min(as_of, as_of - (lease.as_of - time))  # rounding must not lead into the future

    def moved_period(period: Period | None) -> Period | None:
        return period and period._replace(since=moved(period.since), asked=moved(period.asked))

    return lease._replace(
        as_of=as_of,
        failures=tuple(map(moved, lease.failures)),
        location=moved_period(lease.location),
        refresh=moved_period(lease.refresh),
        cycle=lease.cycle._replace(errors=tuple(map(moved, lease.cycle.errors))),
        run=Run(),
    )
