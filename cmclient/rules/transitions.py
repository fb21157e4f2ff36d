"""What each event does to a lease. ``rules.lease`` has the table that says which of these is for which phase."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..model.decision import Reason
from ..model.endpoints import Endpoint
from ..model.lease import (
    Cycle,
    Effect,
    EffectKind,
    Failed,
    Lease,
    LeaseCandidate,
    LeaseEvent,
    LeasePhase,
    ListRefreshed,
    Located,
    NetworkChanged,
    Period,
    Run,
    ServiceStarted,
    SettingsChanged,
    Succeeded,
    Ticked,
)
from ..model.names import HostName
from ..model.rule import decides
from .choose import SeededChooser
from .retry import counts_against_network, counts_against_server
from .rotation import best_of, choose_next, find_return, remaining_candidates
from .timing import FAILURE_LIMIT, FAILURE_WINDOW, LOCATION_PERIOD, REFRESH_PERIOD

__all__ = [
    "Moment",
    "StepResult",
    "Transition",
    "answer_held",
    "answer_seeking",
    "change_network",
    "change_settings",
    "fail",
    "fail_further",
    "ignore",
    "list_held",
    "list_unsettled",
    "locate_first",
    "locate_held",
    "locate_unsettled",
    "recover",
    "start_again",
    "start_empty",
    "tick",
]

_ASK_AGAIN = 600.0  # seconds; a request that nothing came of is made again, without flooding a site that is down

StepResult = tuple[Lease, tuple[Effect, ...]]
"""The state after an event, and what to do."""


class Moment(NamedTuple):
    """When an event is looked at, and with what chance."""

    now: float
    chooser: SeededChooser


Transition = Callable[[Lease, Any, Moment], StepResult]
"""Applies an event of one type."""


def ignore(lease: Lease, _event: LeaseEvent, _at: Moment) -> StepResult:
    """Do nothing: the event is about a management point, and the client has none."""
    return lease, ()


# --- candidates -----------------------------------------------------------------------------------------------------


def locate_first(lease: Lease, event: Located, at: Moment) -> StepResult:
    """The first decision: take one of the best; a client that finds nobody has run out before it began."""
    lease, found = _note_located(lease, event, at)
    return _settle(lease, event.candidates, at) if found else _give_up(lease, "no management point was found")


def locate_unsettled(lease: Lease, event: Located, at: Moment) -> StepResult:
    """A new decision, and the one in use does not work (yet): use one of the best that remain."""
    lease, found = _note_located(lease, event, at)
    return _settle(lease._replace(relocating=False), event.candidates, at) if found else (lease, ())


@decides("ST-001", "ST-011")
def locate_held(lease: Lease, event: Located, at: Moment) -> StepResult:
    """A new decision, and the one in use works: it is kept, unless a change of the network asked for the decision."""
    if lease.relocating:
        return locate_unsettled(lease, event, at)
    lease, found = _note_located(lease, event, at)
    return _keep(lease, event.candidates, at) if found else (lease, ())


def list_unsettled(lease: Lease, event: ListRefreshed, at: Moment) -> StepResult:
    """A new list, and the one in use does not work (yet): use one of the best that remain."""
    return _settle(_note_refreshed(lease, at), event.candidates, at) if event.candidates else (lease, ())


@decides("ST-001")
def list_held(lease: Lease, event: ListRefreshed, at: Moment) -> StepResult:
    """A new list, and the one in use works: it is kept."""
    return _keep(_note_refreshed(lease, at), event.candidates, at) if event.candidates else (lease, ())


def _note_located(lease: Lease, event: Located, at: Moment) -> tuple[Lease, bool]:
    """Remember that the request was answered, or that it has to be made again because nothing came of it."""
    found = bool(event.candidates)
    period = (lease.location or Period(at.now, at.now))._replace(pending=not found)
    return lease._replace(location=period, assigned=event.assigned or lease.assigned), found


def _note_refreshed(lease: Lease, at: Moment) -> Lease:
    return lease._replace(refresh=(lease.refresh or Period(at.now, at.now))._replace(pending=False))


def _replace_candidates(lease: Lease, candidates: tuple[LeaseCandidate, ...], at: Moment) -> Lease:
    """Other candidates; what is remembered of those that are gone is forgotten."""
    listed = {one.endpoint for one in candidates}
    cycle, run = lease.cycle, lease.run
    return lease._replace(
        candidates=candidates,
        spent=tuple(one for one in lease.spent if one in listed),
        cycle=cycle._replace(left=tuple(one for one in cycle.left if one in listed)),
        run=run._replace(tried=tuple(one for one in run.tried if one in listed)),
        refresh=lease.refresh or Period(at.now, at.now),
    )


def _keep(lease: Lease, candidates: tuple[LeaseCandidate, ...], at: Moment) -> StepResult:
    """Stay with the management point in use as long as it is a candidate, be it at another port or protocol."""
    used = lease.endpoint
    if used in {one.endpoint for one in candidates}:
        return _replace_candidates(lease, candidates, at), ()
    same = [one for one in candidates if used is not None and one.endpoint.host == used.host]
    if not same:
        return _settle(lease, candidates, at)
    reason = Reason("ST-001", f"{same[0].endpoint.host} is kept, and is reached in another way now")
    return _move(_replace_candidates(lease, candidates, at), same, at, reason)


def _settle(lease: Lease, candidates: tuple[LeaseCandidate, ...], at: Moment) -> StepResult:
    """Use one of the best that remain; the one in use if it is one of them."""
    lease = _replace_candidates(lease, candidates, at)
    best = best_of(remaining_candidates(lease))
    if lease.endpoint in {one.endpoint for one in best}:
        return lease, ()
    why = "one of the best" if lease.endpoint is None else f"one of the best, which {lease.endpoint} is not"
    return _move(lease, best, at, Reason("ST-005", why))


def _move(
    lease: Lease, candidates: Sequence[LeaseCandidate], at: Moment, reason: Reason, *, leaving: HostName | None = None
) -> StepResult:
    """Choose one of the best by chance; no effect when that is the one in use."""
    endpoint = choose_next(candidates, leaving=leaving, chooser=at.chooser, rotation=lease.rotations)
    lease = lease._replace(rotations=lease.rotations + 1, failures=())
    return (lease, ()) if endpoint == lease.endpoint else _use(lease, endpoint, reason)


def _use(lease: Lease, endpoint: Endpoint, reason: Reason) -> StepResult:
    """Another one is in use, and has not answered yet."""
    phase = LeasePhase.GIVEN_UP if lease.phase is LeasePhase.GIVEN_UP else LeasePhase.SEEKING
    moved = Effect(EffectKind.MOVED, reason, endpoint, lease.endpoint)
    return lease._replace(phase=phase, endpoint=endpoint), (moved,)


# --- answers --------------------------------------------------------------------------------------------------------


@decides("ST-001", "ST-009")
def answer_seeking(lease: Lease, event: Succeeded, _at: Moment) -> StepResult:
    """One answered while the one in use had not: stay with it, but do not go back to one left in this cycle."""
    one = _find(lease, event.endpoint)
    if one is None:
        return lease, ()
    forgiven = _forgive(lease, one)
    if one.endpoint in lease.cycle.left and one.endpoint != lease.endpoint:
        return forgiven._replace(cycle=forgiven.cycle._replace(left=lease.cycle.left)), ()
    return _hold(forgiven, one)


@decides("ST-007")
def answer_held(lease: Lease, event: Succeeded, _at: Moment) -> StepResult:
    """One answered: its failures are forgotten if it is the one in use, which is kept in any case."""
    one = _find(lease, event.endpoint)
    if one is None:
        return lease, ()
    lease = _forgive(lease, one)
    return _hold(lease, one) if one.endpoint == lease.endpoint else (lease, ())


def recover(lease: Lease, event: Succeeded, _at: Moment) -> StepResult:
    """One answered after all had failed: stay with that one."""
    one = _find(lease, event.endpoint)
    if one is None:
        return lease, ()
    recovered = Effect(EffectKind.RECOVERED, Reason("", f"{one.endpoint} answered"), one.endpoint)
    lease, moved = _hold(_forgive(lease, one), one)
    return lease, (recovered, *moved)


@decides("ST-007")
def _hold(lease: Lease, one: LeaseCandidate) -> StepResult:
    moved: tuple[Effect, ...] = ()
    if one.endpoint != lease.endpoint:
        lease, moved = _use(lease, one.endpoint, Reason("ST-001", "it answered, and the one in use had not"))
    return lease._replace(phase=LeasePhase.HELD, failures=()), moved


def _forgive(lease: Lease, one: LeaseCandidate) -> Lease:
    """Something answered, so the search for others is over.

    Candidates that are equal to it, or worse, may be chosen again when it fails; better ones that were left stay so
    until the next refresh cycle.
    """
    better = {other.endpoint for other in lease.candidates if other.group < one.group}
    cycle = lease.cycle._replace(left=tuple(left for left in lease.cycle.left if left in better))
    if one.in_current_group:
        cycle = cycle._replace(errors=())
    return lease._replace(spent=(), network_failed=False, cycle=cycle, run=lease.run._replace(tried=()))


# --- failures -------------------------------------------------------------------------------------------------------


def fail(lease: Lease, event: Failed, at: Moment) -> StepResult:
    """One failed: perhaps rotate, perhaps let others in, perhaps give up."""
    lease, effects = fail_further(lease, event, at)
    everybody = event.run is not None and {one.endpoint for one in lease.candidates} <= set(lease.run.tried)
    if lease.phase is LeasePhase.GIVEN_UP or not everybody:
        return lease, effects
    lease, over = _run_out(lease, at, "one run tried every candidate without an answer")
    return lease, (*effects, *over)


def fail_further(lease: Lease, event: Failed, at: Moment) -> StepResult:
    """One failed: perhaps rotate, perhaps let others in."""
    one = _find(lease, event.endpoint)
    if one is None or not counts_against_server(event.kind):
        return lease, ()
    lease = lease._replace(
        network_failed=lease.network_failed or counts_against_network(event.kind),
        run=_note_tried(lease.run, one.endpoint, event.run),
    )
    lease, widened = _widen(lease, one, at)
    if one.endpoint != lease.endpoint:
        return lease, widened
    lease = lease._replace(failures=_within_window(lease.failures, at.now))
    if len(lease.failures) < FAILURE_LIMIT:
        return lease, widened
    lease, moved = _rotate(lease, one, at)
    return lease, (*widened, *moved)


def _note_tried(run: Run, endpoint: Endpoint, number: int | None) -> Run:
    """What a run has tried so far; a failure outside any run changes nothing."""
    if number is None:
        return run
    tried = run.tried if run.number == number else ()
    return Run(number, tuple(dict.fromkeys((*tried, endpoint))))


@decides("ST-002", "ST-006")
def _within_window(times: Sequence[float], now: float) -> tuple[float, ...]:
    """The latest failures and one now; the fifth counts when the first is at most ten minutes old."""
    return (*(time for time in times if now - time <= FAILURE_WINDOW), now)[-FAILURE_LIMIT:]


@decides("ST-008")
def _widen(lease: Lease, one: LeaseCandidate, at: Moment) -> StepResult:
    """Five failures within ten minutes, of all in the current boundary group together, let the others in."""
    if not one.in_current_group:
        return lease, ()
    cycle = lease.cycle._replace(errors=_within_window(lease.cycle.errors, at.now))
    lease = lease._replace(cycle=cycle)
    outside = any(not other.in_current_group for other in lease.candidates)
    if cycle.widened or not outside or len(cycle.errors) < FAILURE_LIMIT:
        return lease, ()
    reason = Reason("ST-008", "five failures within ten minutes in the current boundary group")
    return lease._replace(cycle=cycle._replace(widened=True)), (Effect(EffectKind.WIDENED, reason),)


@decides("ST-002", "ST-004")
def _rotate(lease: Lease, one: LeaseCandidate, at: Moment) -> StepResult:
    """Give up the one in use."""
    left = (*(other for other in lease.cycle.left if other != one.endpoint), one.endpoint)
    lease = lease._replace(spent=(*lease.spent, one.endpoint), cycle=lease.cycle._replace(left=left))
    over: tuple[Effect, ...] = ()
    if {known.endpoint for known in lease.candidates} <= set(lease.spent):
        lease = lease._replace(spent=(), cycle=lease.cycle._replace(left=(one.endpoint,)))
        lease, over = _run_out(lease, at, "every candidate was given up")
    reason = Reason("ST-002", f"{one.endpoint} failed five times within ten minutes")
    lease, moved = _move(lease, remaining_candidates(lease), at, reason, leaving=one.endpoint.host)
    return lease, (*over, *moved)


@decides("ML-010", "NET-005")
def _run_out(lease: Lease, at: Moment, why: str) -> StepResult:
    """No candidate can be used: say so once, find out where the client is, and look elsewhere."""
    lease, effects = _give_up(lease, why)
    if lease.network_failed:
        effects = (*effects, Effect(EffectKind.PROBE_NETWORK, Reason("NET-005", f"{why}; the network may be another")))
    if _is_quiet(lease.location, at.now):
        return lease, effects
    lease, located = _request_location(lease, at.now, Reason("ML-010", f"{why}: other sources are asked again"))
    return lease, (*effects, *located)


def _give_up(lease: Lease, why: str) -> StepResult:
    if lease.phase is LeasePhase.GIVEN_UP:
        return lease, ()
    return lease._replace(phase=LeasePhase.GIVEN_UP), (Effect(EffectKind.GAVE_UP, Reason("", why)),)


def _find(lease: Lease, endpoint: Endpoint) -> LeaseCandidate | None:
    return next((one for one in lease.candidates if one.endpoint == endpoint), None)


# --- time and place -------------------------------------------------------------------------------------------------


def tick(lease: Lease, _event: Ticked, at: Moment) -> StepResult:
    """Time passed: ask for what is due."""
    lease, refreshed = _refresh_when_due(lease, at)
    lease, located = _locate_when_due(lease, at)
    return lease, (*refreshed, *located)


def start_empty(lease: Lease, _event: ServiceStarted, at: Moment) -> StepResult:
    """The service started for the first time."""
    return _begin_location(lease, at, Reason("ML-003", "the service started"))


@decides("ML-003", "ST-010")
def start_again(lease: Lease, event: ServiceStarted, at: Moment) -> StepResult:
    """The service started with a lease that was kept: both cycles begin."""
    if lease.endpoint is None:
        return start_empty(lease, event, at)
    lease, refreshed = _begin_refresh(lease, at, "the service started")
    lease, located = _begin_location(lease, at, Reason("ML-003", "the service started"))
    return lease, (*refreshed, *located)


@decides("ML-002", "ST-011")
def change_network(lease: Lease, _event: NetworkChanged, at: Moment) -> StepResult:
    """The network changed: a new location cycle."""
    return _start_over(lease, at, Reason("ML-002", "the network changed"))


def change_settings(lease: Lease, _event: SettingsChanged, at: Moment) -> StepResult:
    """Settings changed: a new location cycle."""
    return _start_over(lease, at, Reason("", "settings changed"))


def _start_over(lease: Lease, at: Moment, reason: Reason) -> StepResult:
    """Old failures say nothing any more. The one in use stays so until the next decision, which may choose another."""
    fresh = lease._replace(failures=(), spent=(), network_failed=False, relocating=True, cycle=Cycle(), run=Run())
    return _begin_location(fresh, at, reason)


@decides("ML-001")
def _locate_when_due(lease: Lease, at: Moment) -> StepResult:
    period = lease.location
    if period is None:
        return _begin_location(lease, at, Reason("ML-001", "nothing was located yet"))
    if at.now - period.since >= LOCATION_PERIOD:
        return _begin_location(lease, at, Reason("ML-001", "25 hours have passed"))
    if period.pending and not _is_quiet(period, at.now):
        return _request_location(lease, at.now, Reason("ML-001", "nothing came of the last request"))
    return lease, ()


@decides("ST-010")
def _refresh_when_due(lease: Lease, at: Moment) -> StepResult:
    period = lease.refresh
    if period is None:
        return lease, ()
    if at.now - period.since >= REFRESH_PERIOD:
        return _begin_refresh(lease, at, "24 hours have passed")
    if period.pending and not _is_quiet(period, at.now):
        again = Effect(EffectKind.REFRESH_GROUPS, Reason("ST-010", "nothing came of the last refresh"))
        return lease._replace(refresh=period._replace(asked=at.now)), (again,)
    return lease, ()


def _begin_location(lease: Lease, at: Moment, reason: Reason) -> StepResult:
    return _request_location(lease._replace(location=None), at.now, reason)


def _request_location(lease: Lease, now: float, reason: Reason) -> StepResult:
    since = now if lease.location is None else lease.location.since
    return lease._replace(location=Period(since, now, pending=True)), (Effect(EffectKind.REQUEST_LOCATION, reason),)


def _is_quiet(period: Period | None, now: float) -> bool:
    """Whether it was asked for a short while ago and may still come."""
    return period is not None and period.pending and now - period.asked < _ASK_AGAIN


@decides("ST-009")
def _begin_refresh(lease: Lease, at: Moment, why: str) -> StepResult:
    """What was left may be chosen again, and the current boundary group comes first again."""
    refresh = Effect(EffectKind.REFRESH_GROUPS, Reason("ST-010", why))
    lease = lease._replace(cycle=Cycle(), spent=(), refresh=Period(at.now, at.now, pending=True))
    back = find_return(lease)
    if not back:
        return lease, (refresh,)
    lease, moved = _move(lease, back, at, Reason("ST-009", f"back to the current boundary group: {why}"))
    return lease, (refresh, *moved)
