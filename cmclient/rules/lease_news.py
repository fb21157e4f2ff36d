"""What newly located management points, and a list that was read again, do to a lease."""

from ..model.decision import Reason
from ..model.lease import Lease, LeaseCandidate, ListRefreshed, Located, Period
from ..model.rule import decides
from .lease_moves import Moment, StepResult, give_up, move, return_to_group
from .rotation import best_of, remaining_candidates

__all__ = ["list_held", "list_unsettled", "locate_first", "locate_held", "locate_unsettled"]

_NOBODY = "no management point was found"


def locate_first(lease: Lease, event: Located, at: Moment) -> StepResult:
    """The first decision: take one of the best; a client that finds nobody has run out before it began."""
    lease, found = _note_located(lease, event, at)
    return _settle(lease, event.candidates, at) if found else give_up(lease, event.problem or _NOBODY)


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


@decides("ST-001", "ST-009")
def list_held(lease: Lease, event: ListRefreshed, at: Moment) -> StepResult:
    """A new list, and the one in use works: it is kept, unless this cycle's list puts another in the current group."""
    if not event.candidates:
        return lease, ()
    is_due = lease.refresh is not None and lease.refresh.pending
    lease, moved = _keep(_note_refreshed(lease, at), event.candidates, at)
    if moved or not is_due:
        return lease, moved
    return return_to_group(lease, at, "the new list names it", ())


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
    return move(_replace_candidates(lease, candidates, at), same, at, reason)


def _settle(lease: Lease, candidates: tuple[LeaseCandidate, ...], at: Moment) -> StepResult:
    """Use one of the best that remain; the one in use if it is one of them."""
    lease = _replace_candidates(lease, candidates, at)
    best = best_of(remaining_candidates(lease))
    if lease.endpoint in {one.endpoint for one in best}:
        return lease, ()
    why = "one of the best" if lease.endpoint is None else f"one of the best, which {lease.endpoint} is not"
    return move(lease, best, at, Reason("ST-005", why))
