"""The lease in the hands of an agent: it is told what happened, stored, and its wishes are kept until they are met."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .agent_record import AgentRecord
from .agent_reports import AgentReports
from .model.decision import Location, Reason
from .model.endpoints import Endpoint
from .model.http import Attempt
from .model.lease import Effect, EffectKind, Lease, LeaseEvent, LeasePhase, ListRefreshed, Located
from .model.served import Failed, FailureKind, Succeeded
from .ports import Clock
from .rules.agenda import Due, Pace, plan_probe
from .rules.choose import SeededChooser
from .rules.failures import find_failure, outcomes_of
from .rules.lease import step
from .rules.rotation import lease_candidates

__all__ = ["AgentCallbacks", "LeaseKeeper", "location_events"]

_log = logging.getLogger(__name__)
_ASKS = frozenset({EffectKind.REQUEST_LOCATION, EffectKind.REFRESH_GROUPS})


def _ignore(*_: object) -> None:
    """Nobody wants to know."""


class AgentCallbacks(NamedTuple):
    """What an embedder is told, on the agent's thread: return soon. What a callback raises is logged.

    Attributes:
        on_located: One was located, or located again. The agent may stay with another one than this.
        on_rotated: Another management point is in use: the one left, the one used now, and why.
        on_unmanaged: None can be used, and why; comes once, until one was located again.
    """

    on_located: Callable[[Location], object] = _ignore
    on_rotated: Callable[[Endpoint, Endpoint, Reason], object] = _ignore
    on_unmanaged: Callable[[Reason], object] = _ignore


class LeaseKeeper:
    """Has the lease of an agent.

    Args:
        record: Where it is stored.
        clock: The time.
        chooser: Chance.
        callbacks: What an embedder is told.
        reports: What a fallback status point is told.

    Attributes:
        lease: The lease.
        asks: What it asks for: a location request, a refresh, or both; taken out by whoever does it.
        wants_network: Whether it asks where the client is.
        checked_at: When the management point in use last answered or failed; None when it was not asked since it is
            in use, or when it was kept without being asked in a location request.
        not_before: Until when the management point in use asked to be left alone; None when it did not.
    """

    def __init__(
        self,
        record: AgentRecord,
        clock: Clock,
        chooser: SeededChooser,
        callbacks: AgentCallbacks,
        reports: AgentReports,
    ) -> None:
        self.lease = Lease(clock.monotonic())
        self.asks: frozenset[EffectKind] = frozenset()
        self.wants_network = False
        self.checked_at: float | None = None
        self.not_before: float | None = None
        self._record = record
        self._clock = clock
        self._chooser = chooser
        self._callbacks = callbacks
        self._reports = reports

    def resume(self) -> None:
        """Go on with the lease that was kept."""
        self.lease = self._record.resume()

    def apply(self, *events: LeaseEvent) -> None:
        """Tell the lease what happened, all at once; store it; report it; note what it asks for; tell the embedder."""
        before, now = self.lease, self._clock.monotonic()
        effects: list[Effect] = []
        for event in events:
            self.lease, more = step(self.lease, event, now, chooser=self._chooser)
            effects += more
        self._note_checks(before, events, now)
        self._record.keep(self.lease)
        answers = any(isinstance(event, Succeeded) and event.endpoint == self.lease.endpoint for event in events)
        self._reports.tell(effects, answers=answers)
        self._perform(before, effects)

    def plan_probe(self, pace: Pace, now: float) -> Due | None:
        """When the management point in use is asked whether it answers; see ``rules.agenda``."""
        return plan_probe(
            self.lease,
            pace,
            checked_at=self.checked_at,
            now=now,
            chooser=self._chooser,
            not_before=self.not_before,
        )

    def note_probe(self, attempt: Attempt) -> None:
        """Tell the lease what came of a check of the management point in use."""
        answered = find_failure(attempt) is None
        if not answered:
            self._record.note_error(attempt.detail)
        self.apply(*outcomes_of([attempt], run=None, chosen=attempt.endpoint if answered else None))

    def tell_located(self, location: Location) -> None:
        """Tell the embedder that one was located."""
        _tell(self._callbacks.on_located, location)

    def _note_checks(self, before: Lease, events: Iterable[LeaseEvent], now: float) -> None:
        if self.lease.endpoint != before.endpoint:
            self.checked_at = self.not_before = None
        for event in events:
            match event:
                case Located(candidates) | ListRefreshed(candidates) if candidates:
                    self.checked_at = None
                case Succeeded(endpoint) if endpoint == self.lease.endpoint:
                    self.checked_at, self.not_before = now, None
                    self._record.note_answer()
                case Failed(endpoint, kind, _, wait) if endpoint == self.lease.endpoint:
                    self.checked_at = self.checked_at if kind is FailureKind.CANCELLED else now
                    self.not_before = self.not_before if wait is None else now + wait
                case _:
                    pass

    def _perform(self, before: Lease, effects: Sequence[Effect]) -> None:
        for effect in effects:
            _log.info("%s: %s", effect.kind.value, effect.reason.text, extra={"event": f"lease.{effect.kind.value}"})
        reasons = {effect.kind: effect.reason for effect in effects}
        self.asks |= _ASKS.intersection(reasons)
        if EffectKind.PROBE_NETWORK in reasons and EffectKind.REQUEST_LOCATION not in reasons:
            self.wants_network = True  # a location request finds that out as well
        after = self.lease
        if before.endpoint is not None and after.endpoint is not None and before.endpoint != after.endpoint:
            _tell(self._callbacks.on_rotated, before.endpoint, after.endpoint, reasons[EffectKind.MOVED])
        if after.phase is LeasePhase.GIVEN_UP and before.phase is not LeasePhase.GIVEN_UP:
            _tell(self._callbacks.on_unmanaged, reasons[EffectKind.GAVE_UP])


def _tell(callback: Callable[..., object], *values: object) -> None:
    try:
        callback(*values)
    except Exception:  # noqa: BLE001 - an embedder's mistake must not leave the machine without a management point
        _log.exception("a callback failed", extra={"event": "agent.callback"})


def location_events(
    location: Location | None, *, run: int, asks: frozenset[EffectKind], found: bool, problem: str = ""
) -> tuple[LeaseEvent, ...]:
    """What a location request, a refresh of the list, or one that is both, says to the lease.

    Args:
        location: What came of it; None when it did not even begin.
        run: Number of the run.
        asks: What it was for.
        found: Whether one was located.
        problem: Why none was, for a person.
    """
    requested = EffectKind.REQUEST_LOCATION in asks
    attempts = () if location is None else location.attempts
    outcomes = outcomes_of(attempts, run=run, chosen=location.endpoint if location is not None and found else None)
    if location is None or not found:
        return (*outcomes, Located((), problem=problem)) if requested else outcomes
    candidates = lease_candidates(location.decision.ranked)
    news: list[LeaseEvent] = [Located(candidates, location.assigned_mp)] if requested else []
    if EffectKind.REFRESH_GROUPS in asks:
        news.append(ListRefreshed(candidates))
    return (*news, *outcomes)
