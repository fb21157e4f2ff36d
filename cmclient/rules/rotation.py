"""Which management point is next: the best that remain, one of them at random, never back too early."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from ..model.decision import Evaluation
from ..model.endpoints import Endpoint
from ..model.lease import Lease, LeaseCandidate
from ..model.names import HostName
from ..model.rule import decides
from .choose import SeededChooser
from .select import plan_contact

__all__ = ["best_of", "choose_next", "find_return", "lease_candidates", "may_contact", "remaining_candidates"]

_CURRENT_GROUP = 0  # ``Tie.locality`` of those in the current boundary group


def lease_candidates(ranked: Iterable[Evaluation]) -> tuple[LeaseCandidate, ...]:
    """Candidates of a lease, from the ranked candidates of a decision.

    Returns:
        One for each endpoint, in the groups of ``plan_contact``; empty when nothing was ranked.
    """
    known = tuple(ranked)
    outside = {one.name for one in known if one.tie is not None and one.tie.locality != _CURRENT_GROUP}
    return tuple(
        LeaseCandidate(endpoint, group, endpoint.host not in outside)
        for group, endpoints in enumerate(plan_contact(known))
        for endpoint in endpoints
    )


@decides("ST-008")
def _allowed(lease: Lease) -> tuple[LeaseCandidate, ...]:
    """Without those that come after the current boundary group, until they are let in or it has nobody left."""
    inside = [one.group for one in lease.candidates if one.in_current_group and one.endpoint not in lease.spent]
    if lease.cycle.widened or not inside:
        return lease.candidates
    return tuple(one for one in lease.candidates if one.in_current_group or one.group < min(inside))


@decides("ST-009")
def remaining_candidates(lease: Lease) -> tuple[LeaseCandidate, ...]:
    """Candidates that may be chosen now, best group first.

    Those left in this cycle come back only when nobody else remains, and those that were given up since anything
    answered only when that is everybody.

    Returns:
        Candidates in their order; empty only when the lease has none.
    """
    allowed = _allowed(lease)
    untouched = tuple(one for one in allowed if one.endpoint not in lease.cycle.left)
    return untouched or tuple(one for one in allowed if one.endpoint not in lease.spent) or lease.candidates


@decides("ST-005")
def best_of(candidates: Sequence[LeaseCandidate]) -> tuple[LeaseCandidate, ...]:
    """Those of the best group; empty for none."""
    best = min((one.group for one in candidates), default=0)
    return tuple(one for one in candidates if one.group == best)


@decides("ST-004", "ST-005")
def choose_next(
    candidates: Sequence[LeaseCandidate], *, leaving: HostName | None, chooser: SeededChooser, rotation: int
) -> Endpoint:
    """Choose one of the best at random.

    Args:
        candidates: At least one.
        leaving: The management point that was just given up; chosen only where no other of the best is there.
        chooser: Chance.
        rotation: Number of the choice; another number is another draw.
    """
    best = best_of(candidates)
    others = [one for one in best if one.endpoint.host != leaving] or best
    return min(others, key=lambda one: (chooser.draw(f"{one.endpoint} {rotation}"), one.endpoint.host)).endpoint


@decides("ST-009")
def find_return(lease: Lease) -> tuple[LeaseCandidate, ...]:
    """Candidates of the current boundary group to return to, now that a refresh cycle begins.

    Returns:
        Those that are better than the one in use and were not left in this cycle; empty when that one is of the group
        itself, or before it by rank.
    """
    used = next((one for one in lease.candidates if one.endpoint == lease.endpoint), None)
    if used is None or used.in_current_group:
        return ()
    better = (one for one in lease.candidates if one.in_current_group and one.group < used.group)
    return tuple(one for one in better if one.endpoint not in lease.cycle.left)


@decides("ST-001", "ST-008")
def may_contact(lease: Lease) -> tuple[tuple[Endpoint, ...], ...]:
    """The order in which one run may contact management points.

    Returns:
        The one in use alone, then groups of equals: those not left in this cycle, best group first, then those left.
        Without those that are not let in. Empty while nothing was located.
    """
    if lease.endpoint is None:
        return ()
    others = [one for one in _allowed(lease) if one.endpoint != lease.endpoint]
    others.sort(key=lambda one: (one.endpoint in lease.cycle.left, one.group))
    groups = groupby(others, key=lambda one: (one.endpoint in lease.cycle.left, one.group))
    return ((lease.endpoint,), *(tuple(one.endpoint for one in members) for _, members in groups))
