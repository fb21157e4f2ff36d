"""What time and place do to a lease: periods that are over, a service that starts, another network."""

from ..model.decision import Reason
from ..model.lease import (
    Cycle,
    Effect,
    EffectKind,
    Lease,
    NetworkChanged,
    Period,
    Run,
    ServiceStarted,
    SettingsChanged,
    Ticked,
)
from ..model.rule import decides
from .lease_moves import Moment, StepResult, is_quiet, request_location, return_to_group
from .timing import LOCATION_PERIOD, REFRESH_PERIOD

__all__ = ["change_network", "change_settings", "start_again", "start_empty", "tick"]


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
    if period.pending and not is_quiet(period, at.now):
        return request_location(lease, at.now, Reason("ML-001", "nothing came of the last request"))
    return lease, ()


@decides("ST-010")
def _refresh_when_due(lease: Lease, at: Moment) -> StepResult:
    period = lease.refresh
    if period is None:
        return lease, ()
    if at.now - period.since >= REFRESH_PERIOD:
        return _begin_refresh(lease, at, "24 hours have passed")
    if period.pending and not is_quiet(period, at.now):
        again = Effect(EffectKind.REFRESH_GROUPS, Reason("ST-010", "nothing came of the last refresh"))
        return lease._replace(refresh=period._replace(asked=at.now)), (again,)
    return lease, ()


def _begin_location(lease: Lease, at: Moment, reason: Reason) -> StepResult:
    return request_location(lease._replace(location=None), at.now, reason)


@decides("ST-009")
def _begin_refresh(lease: Lease, at: Moment, why: str) -> StepResult:
    """What was left may be chosen again, and the current boundary group comes first again."""
    refresh = Effect(EffectKind.REFRESH_GROUPS, Reason("ST-010", why))
    lease = lease._replace(cycle=Cycle(), spent=(), refresh=Period(at.now, at.now, pending=True))
    return return_to_group(lease, at, why, (refresh,))
