"""What the transitions of a lease have in common: to take another one, to ask, to give up."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..model.decision import Reason
from ..model.endpoints import Endpoint
from ..model.lease import Effect, EffectKind, Lease, LeaseCandidate, LeaseEvent, LeasePhase, Period
from ..model.names import HostName
from ..model.rule import decides
from .choose import SeededChooser
from .rotation import choose_next, find_return

__all__ = [
    "Moment",
    "StepResult",
    "Transition",
    "find_candidate",
    "give_up",
    "ignore",
    "is_quiet",
    "move",
    "request_location",
    "return_to_group",
    "use_endpoint",
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


def find_candidate(lease: Lease, endpoint: Endpoint) -> LeaseCandidate | None:
    """The candidate at an endpoint; None when it is none, or not any more."""
    return next((one for one in lease.candidates if one.endpoint == endpoint), None)


def move(
    lease: Lease, candidates: Sequence[LeaseCandidate], at: Moment, reason: Reason, *, leaving: HostName | None = None
) -> StepResult:
    """Choose one of the best by chance; no effect when that is the one in use."""
    endpoint = choose_next(candidates, leaving=leaving, chooser=at.chooser, rotation=lease.rotations)
    lease = lease._replace(rotations=lease.rotations + 1, failures=())
    return (lease, ()) if endpoint == lease.endpoint else use_endpoint(lease, endpoint, reason)


def use_endpoint(lease: Lease, endpoint: Endpoint, reason: Reason) -> StepResult:
    """Another one is in use, and has not answered yet."""
    phase = LeasePhase.GIVEN_UP if lease.phase is LeasePhase.GIVEN_UP else LeasePhase.SEEKING
    moved = Effect(EffectKind.MOVED, reason, endpoint, lease.endpoint)
    return lease._replace(phase=phase, endpoint=endpoint), (moved,)


def give_up(lease: Lease, why: str) -> StepResult:
    """None can be used: said once."""
    if lease.phase is LeasePhase.GIVEN_UP:
        return lease, ()
    return lease._replace(phase=LeasePhase.GIVEN_UP), (Effect(EffectKind.GAVE_UP, Reason("", why)),)


def request_location(lease: Lease, now: float, reason: Reason) -> StepResult:
    """Ask for a location; the period that is under way goes on."""
    since = now if lease.location is None else lease.location.since
    return lease._replace(location=Period(since, now, pending=True)), (Effect(EffectKind.REQUEST_LOCATION, reason),)


def is_quiet(period: Period | None, now: float) -> bool:
    """Whether it was asked for a short while ago and may still come."""
    return period is not None and period.pending and now - period.asked < _ASK_AGAIN


@decides("ST-009")
def return_to_group(lease: Lease, at: Moment, why: str, effects: tuple[Effect, ...]) -> StepResult:
    """Go back to the current boundary group, if there is somebody to go back to."""
    back = find_return(lease)
    if not back:
        return lease, effects
    lease, moved = move(lease, back, at, Reason("ST-009", f"back to the current boundary group: {why}"))
    return lease, (*effects, *moved)
