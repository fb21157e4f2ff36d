"""What an agent keeps: its lease, and what it says of itself."""

import logging
from datetime import datetime, timedelta

from .errors import StoreError
from .model.agent import AgentStatus, Errand, NextErrand, PurposeServer
from .model.decision import Location, Purpose
from .model.facts import NetworkLocation
from .model.lease import Lease
from .model.stored import StoredLease
from .ports import Clock, ServiceManager, Store
from .rules.agenda import Due
from .rules.lease import rebase_lease, server_for

__all__ = ["AgentRecord"]

_log = logging.getLogger(__name__)
_SAME_TIME = timedelta(seconds=2)  # a planned time is worked out from two clocks, and comes out a little different


class AgentRecord:
    """Lease and status of an agent, in the store. A store that fails is told of; the agent goes on without.

    Args:
        store: Where they are kept.
        clock: The time.
        status: What is known from the start: the process.
        manager: Whoever started the agent, told in a line what it does.

    Attributes:
        status: What the agent says of itself.
    """

    def __init__(self, store: Store, clock: Clock, status: AgentStatus, manager: ServiceManager | None) -> None:
        self.status = status
        self._saved: AgentStatus | None = None
        self._store_errors: set[str] = set()  # since it last took a lease
        self._store = store
        self._clock = clock
        self._manager = manager

    def resume(self) -> Lease:
        """The lease that was kept, on the clock of now, or a new one; what the last agent knew of it is taken over."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        self.status = self.status._replace(started=_stamp(now))
        lease = Lease(monotonic)
        try:
            kept, before = self._store.load_lease(), self._store.load_agent_status()
        except StoreError as error:
            self.note_store_error(error)
            return lease
        if kept is not None:
            lease = rebase_lease(kept.lease, now=monotonic, age=(now - kept.saved_at).total_seconds())
        if before is not None:
            self.status = self.status._replace(
                endpoint=before.endpoint,
                held_since=before.held_since,
                assigned_site=before.assigned_site,
                network_location=before.network_location,
                located_at=before.located_at,
                answered_at=before.answered_at,
            )
        return lease

    def keep(self, lease: Lease) -> None:
        """Store the lease."""
        try:
            self._store.save_lease(StoredLease(lease, self._clock.now()))
        except StoreError as error:
            self.note_store_error(error)
        else:
            self._store_errors.clear()

    def note_error(self, text: str) -> None:
        """Something went wrong."""
        _log.warning("%s", text, extra={"event": "agent.error"})
        self._set_error(text)

    def note_store_error(self, error: StoreError, what: str = "") -> None:
        """The store failed. Each use of it meets the same fault, for months: it is logged once until one succeeds.

        Args:
            error: What it said.
            what: What came of that, in a few words; empty when nothing did.
        """
        text = f"{what}: {error.message}" if what else error.message
        if text not in self._store_errors:
            _log.warning("%s", text, extra={"event": "agent.error"})
        self._store_errors.add(text)
        self._set_error(text)

    def _set_error(self, text: str) -> None:
        self.status = self.status._replace(last_error=text, last_error_at=_stamp(self._clock.now()))

    def note_answer(self) -> None:
        """The management point in use answered."""
        self.status = self.status._replace(answered_at=_stamp(self._clock.now()))

    def note_location(self, location: Location, *, found: bool) -> None:
        """A location request came to an end."""
        self.note_network(location.decision.facts.network_location)
        self.status = self.status._replace(assigned_site=location.decision.policy.assigned_site)
        if found:
            self.status = self.status._replace(located_at=_stamp(self._clock.now()))

    def note_network(self, found: NetworkLocation) -> None:
        """Where the client is."""
        self.status = self.status._replace(network_location=found)

    def publish(self, lease: Lease, doing: Errand | None, due: Due | None, *, stopped: bool = False) -> None:
        """Say what the agent does; stored when it is something else than before.

        Args:
            lease: The lease.
            doing: What is under way.
            due: What is next.
            stopped: Whether the agent ends.
        """
        now, before = self._clock.now(), self.status
        status = before._replace(
            doing=doing,
            stopped=stopped,
            phase=lease.phase,
            endpoint=lease.endpoint,
            failures=len(lease.failures),
            left=lease.cycle.left,
            servers=tuple(PurposeServer(purpose, server_for(lease, purpose)) for purpose in Purpose),
            upcoming=None if due is None else self._upcoming(due, now),
        )
        if lease.endpoint != before.endpoint or not before.held_since:
            status = status._replace(held_since=_stamp(now) if lease.endpoint else "")
        self.status = status
        self._save(now)

    def _upcoming(self, due: Due, now: datetime) -> NextErrand:
        at = now + timedelta(seconds=max(0.0, due.at - self._clock.monotonic()))
        known = self.status.upcoming
        if known is not None and abs(datetime.fromisoformat(known.at) - at) < _SAME_TIME:
            at = datetime.fromisoformat(known.at)
        return NextErrand(due.errand, _stamp(at), due.why)

    def _save(self, now: datetime) -> None:
        if self.status == self._saved:
            return
        self.status = self.status._replace(updated=_stamp(now))
        if self._manager is not None:
            self._manager.status(_in_a_line(self.status))
        try:
            self._store.save_agent_status(self.status)
        except StoreError as error:
            self.note_store_error(error)
        self._saved = self.status


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def _in_a_line(status: AgentStatus) -> str:
    used = "no management point" if status.endpoint is None else f"{status.endpoint} ({status.phase.value})"
    if status.stopped:
        return f"{used}; stopped"
    if status.doing is not None:
        return f"{used}; now: {status.doing.value}"
    return used if status.upcoming is None else f"{used}; next: {status.upcoming.errand.value} at {status.upcoming.at}"
