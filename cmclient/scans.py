"""How scans for software updates went, told by whoever makes them: which server is kept, and when the next one comes.

Scanning itself is the embedder's. It has nothing in common with the lease of a management point: a software update
point is kept for two hours of failures, a management point for five failures in ten minutes.
"""

import logging
from datetime import datetime, timedelta

from .model.endpoints import Audience
from .model.facts import NetworkLocation
from .model.names import HostName
from .model.scans import ScanHistory, ScanPlan
from .model.stored import StoredUpdatePoint
from .ports import Clock, Store
from .rules.scan_failures import find_scan_excuse, parse_scan_code
from .rules.software_update_points import (
    UpdatePoint,
    change_place,
    find_switch,
    next_scan,
    note_scan,
    note_scan_failure,
    note_switch_wanted,
    rebase_scans,
)
from .rules.timing import SCAN_SHORT_CYCLE

__all__ = ["UpdateScans"]

_log = logging.getLogger(__name__)


class UpdateScans:
    """What a client remembers of its scans, in the store. ``open_update_scans`` makes one from settings alone.

    After each scan tell how it ended, with ``note_success`` or ``note_failure``; then ask ``locate --role sup``, or
    ``RoleLocator``, for the server of the next one.

    Args:
        store: Where it is kept.
        clock: The time.
        short_cycle: Seconds with each server after the last good one; no source gives their number.
    """

    def __init__(self, store: Store, clock: Clock, *, short_cycle: float = SCAN_SHORT_CYCLE) -> None:
        self._store = store
        self._clock = clock
        self._short_cycle = short_cycle

    def history(self) -> ScanHistory:
        """What is remembered, on the monotonic clock of now.

        Raises:
            StoreError: The store cannot be read.
        """
        kept = self._store.load_update_point()
        if kept is None:
            return ScanHistory()
        age = (self._clock.now() - _time(kept.saved_at)).total_seconds() if kept.saved_at else 0.0
        scans = kept.scans._replace(host=kept.host)
        return rebase_scans(scans, as_of=kept.as_of, now=self._clock.monotonic(), age=age)

    def keep(self, history: ScanHistory) -> None:
        """Keep a history in place of any other; one without a server changes nothing.

        Raises:
            StoreError: It cannot be written.
        """
        if history.host is not None:
            stamp = self._clock.now().isoformat()
            kept = history._replace(host=None)  # it stands beside it
            self._store.save_update_point(StoredUpdatePoint(history.host, kept, self._clock.monotonic(), stamp))

    def plan(self) -> ScanPlan | None:
        """When to scan again and with whom; None while no server is in use.

        Raises:
            StoreError: The store cannot be read.
        """
        return self.plan_of(self.history())

    def plan_of(self, history: ScanHistory) -> ScanPlan | None:
        """What follows from a history; None when it has no server."""
        if history.host is None:
            return None
        return ScanPlan(
            history.host,
            len(history.failures),
            self._stamp(history.first_failure),
            self._stamp(next_scan(history, short_cycle=self._short_cycle)),
            self._stamp(find_switch(history, self._short_cycle)),
        )

    def note_success(self, host: HostName) -> ScanPlan:
        """A scan succeeded: this is the last good server from now on, whichever was in use.

        Raises:
            StoreError: It cannot be written.
        """
        history = self.history()
        return self._note(note_scan(history, host))

    def note_failure(
        self,
        host: HostName,
        *,
        location: NetworkLocation = NetworkLocation.UNKNOWN,
        faces_internet: bool = False,
        code: int | str | None = None,
        cut_off: bool = False,
    ) -> ScanPlan:
        """A scan with a server failed; what says nothing of the server changes nothing.

        Args:
            host: The server. One that is not in use counts only where none is: it was in use then.
            location: Where the client was.
            faces_internet: Whether the server accepts clients on the internet. Away from the intranet a failure of one
                that does not says nothing.
            code: With what it ended, as the update agent or its log has it: ``0x8024001A``, ``2149842970`` or signed.
                One that no second try mends does not count; None counts.
            cut_off: Whether the machine was switched off during the scan, which does not count whatever the code.

        Raises:
            InvalidValueError: The code is no number of 32 bits.
            StoreError: It cannot be written.
        """
        history = self.history()
        excuse = find_scan_excuse(None if code is None else parse_scan_code(code), cut_off=cut_off)
        if excuse is not None:
            _log.info("a scan with %s does not count: %s", host, excuse.text, extra={"event": "scan.excused"})
            return self.plan_of(history) or ScanPlan(host)
        if history.host not in {None, host}:
            _log.info("a scan with %s failed, and %s is in use", host, history.host, extra={"event": "scan.other"})
            return self.plan_of(history) or ScanPlan(host)
        point = UpdatePoint(host, Audience.BOTH if faces_internet else Audience.INTRANET)
        history = history._replace(host=host)
        return self._note(note_scan_failure(history, self._clock.monotonic(), location=location, point=point))

    def note_switch_wanted(self) -> ScanPlan | None:
        """The site told the client to take another server: from the next scan on, as soon as one may be used.

        Returns:
            What follows; None when no server is in use, so that there is none to leave.

        Raises:
            StoreError: It cannot be written.
        """
        history = self.history()
        if history.host is None:
            return None
        return self._note(note_switch_wanted(history, self._clock.monotonic()))

    def note_place_changed(self) -> None:
        """The client is in other boundary groups: the times run anew from the next failure.

        Raises:
            StoreError: It cannot be written.
        """
        self.keep(change_place(self.history()))

    def _note(self, history: ScanHistory) -> ScanPlan:
        self.keep(history)
        plan = self.plan_of(history)
        assert plan is not None  # noqa: S101 - both callers give it a server
        return plan

    def _stamp(self, at: float | None) -> str:
        if at is None:
            return ""
        # Two clocks are read one after the other: to the nearest second it is the same whenever it is asked.
        time = self._clock.now() + timedelta(seconds=at - self._clock.monotonic() + 0.5)
        return time.isoformat(timespec="seconds")


def _time(text: str) -> datetime:
    """A time that was kept; one that is none, or has no zone, is long ago."""
    long_ago = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return long_ago
    return long_ago if time.tzinfo is None else time
