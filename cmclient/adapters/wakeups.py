"""Wait until the time is up, the network connections change, or somebody says something.

On Linux the kernel tells of changed addresses (rtnetlink); elsewhere the connections are compared now and then.
"""

import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_interface
from types import TracebackType
from typing import Self

from ..errors import FactsError
from ..model.facts import Adapter
from ..model.wake import Wake
from .clock import monotonic
from .interfaces import read_adapters

__all__ = ["Wakeups", "open_address_events"]

_ADDRESS_GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR of linux/rtnetlink.h
_EVENT_BYTES = 65536  # one read takes whole messages; what they say is not looked at
_MOST_READS = 1000  # a storm of events must not keep the reader from its work
_SETTLE_SECONDS = 1.0  # a connection comes up in several steps: an address, its routes, a second address
_MOST_SETTLE_SECONDS = 5.0  # a network that never settles is looked at all the same
_POLL_SECONDS = 30.0  # between two looks where the system does not tell
_LONGEST_WAIT = 600.0  # seconds; a longer wait would be late by the time that the machine slept


def open_address_events() -> socket.socket | None:
    """A socket that becomes readable when an address of this machine changes; None where the system has none."""
    if sys.platform == "linux":
        try:
            events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        except OSError:  # a container may forbid it
            return None
        try:
            events.bind((0, _ADDRESS_GROUPS))
        except OSError:
            events.close()
            return None
        return events
    else:  # noqa: RET505 - what follows a return is unreachable to type checkers, a branch for another system is not
        return None


class Wakeups:
    """A wait that can end early. ``wait`` belongs to one thread; the others may be called from any, and by a signal.

    Args:
        read: Reads the network connections.
        events: Becomes readable when they may have changed; None to compare them now and then.
        poll_seconds: How often they are compared then.
        settle_seconds: How long nothing must have changed before a change is told.
    """

    def __init__(
        self,
        *,
        read: Callable[[], tuple[Adapter, ...]] = read_adapters,
        events: socket.socket | None = None,
        poll_seconds: float = _POLL_SECONDS,
        settle_seconds: float = _SETTLE_SECONDS,
    ) -> None:
        self._read = read
        self._events = events
        self._slice = _LONGEST_WAIT if events is not None else poll_seconds
        self._settle = settle_seconds
        self._stopped = False
        self._nudged = False
        self._bell, self._button = socket.socketpair()
        self._bell.settimeout(0)
        self._button.settimeout(0)
        self._known = self._look(frozenset())

    def __enter__(self) -> Self:
        """The wait itself; closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the sockets."""
        self.close()

    def close(self) -> None:
        """Let go of the sockets."""
        for one in (self._bell, self._button, self._events):
            if one is not None:
                one.close()

    def stop(self) -> None:
        """End this wait and every later one."""
        self._stopped = True
        self._ring()

    def nudge(self) -> None:
        """End this wait, or the next one."""
        self._nudged = True
        self._ring()

    @contextmanager
    def heed_signals(self) -> Iterator[None]:
        """Look at every signal at once, as long as the block lasts. For the main thread of a program alone.

        A signal that comes just before a wait begins, or to another thread, would else be looked at after it.
        """
        before = signal.set_wakeup_fd(self._button.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)

    def _ring(self) -> None:
        with suppress(OSError):  # full: it rings already; closed: nobody waits any more
            self._button.send(b".")

    def wait(self, seconds: float | None) -> Wake:
        """Wait.

        Args:
            seconds: The longest; None for ever. Time in which the machine sleeps counts where the system counts it.

        Returns:
            Why it ended. A network change that happened between two waits ends the next one at once.
        """
        end = None if seconds is None else monotonic() + seconds
        while True:
            if self._stopped:
                return Wake.STOP
            if self._nudged:
                self._nudged = False
                return Wake.NUDGE
            left = None if end is None else end - monotonic()
            told, rung = self._select(self._slice if left is None else max(0.0, min(left, self._slice)))
            if rung:
                continue
            if told:
                self._let_settle()
            if (told or self._events is None) and self._has_changed():
                return Wake.NETWORK
            if end is not None and monotonic() >= end:
                return Wake.TIME

    def _select(self, seconds: float) -> tuple[bool, bool]:
        """Whether the system told of a change, and whether somebody rang."""
        watched = [one for one in (self._bell, self._events) if one is not None]
        ready, _, _ = select.select(watched, [], [], seconds)
        rung = self._bell in ready
        if rung:
            with suppress(BlockingIOError):
                while self._bell.recv(_EVENT_BYTES):  # all of it; what was said stands in the flags
                    pass
        return self._events in ready, rung

    def _let_settle(self) -> None:
        give_up = monotonic() + _MOST_SETTLE_SECONDS
        self._drain()
        while monotonic() < give_up:
            told, rung = self._select(self._settle)
            if self._stopped or not (told or rung):
                return
            self._drain()

    def _drain(self) -> None:
        for _ in range(_MOST_READS):
            try:
                if self._events is None or not self._events.recv(_EVENT_BYTES):
                    return
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS: more changed than the kernel could keep; one look tells it all
                continue

    def _has_changed(self) -> bool:
        before, self._known = self._known, self._look(self._known)
        return before != self._known

    def _look(self, otherwise: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """What counts as the place in the network; what was known where the system does not tell.

        Of IPv6 the network alone counts: its addresses change by themselves, for privacy.
        """
        try:
            adapters = self._read()
        except FactsError:
            return otherwise
        return frozenset((adapter.name, _place(str(one))) for adapter in adapters for one in adapter.addresses)


def _place(address: str) -> str:
    interface = ip_interface(address)
    return address if interface.version == 4 else str(interface.network)  # noqa: PLR2004 - IPv4
