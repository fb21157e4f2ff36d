"""What answers and failures do to a lease."""

from collections.abc import Sequence

from ..model.decision import Reason
from ..model.endpoints import Endpoint
from ..model.lease import Effect, EffectKind, Lease, LeaseCandidate, LeasePhase, Run
from ..model.rule import decides
from ..model.served import Failed, Succeeded
from .lease_moves import Moment, StepResult, find_candidate, give_up, is_quiet, move, request_location, use_endpoint
from .retry import counts_against_network, counts_against_server
from .rotation import remaining_candidates
from .timing import FAILURE_LIMIT, FAILURE_WINDOW

__all__ = ["answer_held", "answer_seeking", "fail", "fail_further", "recover"]


# --- answers --------------------------------------------------------------------------------------------------------


@decides("ST-001", "ST-009")
def answer_seeking(lease: Lease, event: Succeeded, _at: Moment) -> StepResult:
    """One answered while the one in use had not: stay with it, but do not go back to one left in this cycle."""
    one = find_candidate(lease, event.endpoint)
    if one is None:
        return lease, ()
    forgiven = _forgive(lease, one)
    if one.endpoint in lease.cycle.left and one.endpoint != lease.endpoint:
        return forgiven._replace(cycle=forgiven.cycle._replace(left=lease.cycle.left)), ()
    return _hold(forgiven, one)


@decides("ST-007")
def answer_held(lease: Lease, event: Succeeded, _at: Moment) -> StepResult:
    """One answered: its failures are forgotten if it is the one in use, which is kept in any case."""
    one = find_candidate(lease, event.endpoint)
    if one is None:
        return lease, ()
    lease = _forgive(lease, one)
    return _hold(lease, one) if one.endpoint == lease.endpoint else (lease, ())


def recover(lease: Lease, event: Succeeded, _at: Moment) -> StepResult:
    """One answered after all had failed: stay with that one."""
    one = find_candidate(lease, event.endpoint)
    if one is None:
        return lease, ()
    recovered = Effect(EffectKind.RECOVERED, Reason("", f"{one.endpoint} answered"), one.endpoint)
    lease, moved = _hold(_forgive(lease, one), one)
    return lease, (recovered, *moved)


@decides("ST-007")
def _hold(lease: Lease, one: LeaseCandidate) -> StepResult:
    moved: tuple[Effect, ...] = ()
    if one.endpoint != lease.endpoint:
        lease, moved = use_endpoint(lease, one.endpoint, Reason("ST-001", "it answered, and the one in use had not"))
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
    one = find_candidate(lease, event.endpoint)
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
    lease, moved = move(lease, remaining_candidates(lease), at, reason, leaving=one.endpoint.host)
    return lease, (*over, *moved)


@decides("ML-010", "NET-005")
def _run_out(lease: Lease, at: Moment, why: str) -> StepResult:
    """No candidate can be used: say so once, find out where the client is, and look elsewhere."""
    lease, effects = give_up(lease, why)
    if lease.network_failed:
        effects = (*effects, Effect(EffectKind.PROBE_NETWORK, Reason("NET-005", f"{why}; the network may be another")))
    if is_quiet(lease.location, at.now):
        return lease, effects
    lease, located = request_location(lease, at.now, Reason("ML-010", f"{why}: other sources are asked again"))
    return lease, (*effects, *located)
