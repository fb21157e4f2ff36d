"""Breaking one request off: at its deadline, or when nobody wants its answer any more.

A time limit on a socket counts anew with every byte, so a peer that sends one byte a second would never meet it.
A watch shuts the socket down instead: whatever waits on it wakes up, in TCP, in TLS and in HTTP alike.
"""

import socket
import threading
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Self

from ..errors import CancelledError, TransportError, TransportTimeoutError
from ..model.endpoints import Endpoint
from ..model.http import Deadline
from ..ports import Cancellation

__all__ = ["SILENCE_LIMIT", "Phase", "Watch"]

SILENCE_LIMIT = 60.0  # seconds without a byte: against a silent peer when there is no deadline
_SHORTEST = 0.001  # seconds; a socket takes zero for "do not wait at all"


class Phase(Enum):
    """How far a request has come."""

    CONNECT = "connect"
    PROXY = "proxy"
    TLS = "TLS handshake"
    REPLY = "reply"


class Watch:
    """Watches over one request, while its ``with`` block runs.

    Attributes:
        endpoint: Whom is asked.
        deadline: When the whole request ends.
        connect_by: When a TCP connection must be there.
        phase: How far it has come.
        cancellation: Tells that nobody wants the answer any more; None when nobody can.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        deadline: Deadline,
        connect_timeout: float,
        cancellation: Cancellation | None = None,
        *,
        silence: float = SILENCE_LIMIT,
    ) -> None:
        self.endpoint = endpoint
        self.deadline = deadline
        self.connect_by = deadline.within(connect_timeout)
        self.phase = Phase.CONNECT
        self.cancellation = cancellation
        self._connect_timeout = connect_timeout
        self._silence = silence
        self._lock = threading.Lock()
        self._verdict: TransportError | None = None
        self._socket: socket.socket | None = None
        self._is_lent = False
        self._event: threading.Event | None = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        """Begin to watch."""
        remaining = self.deadline.remaining()
        if remaining is not None:
            self._timer = threading.Timer(min(remaining, threading.TIMEOUT_MAX), self._expire)
            self._timer.daemon = True
            self._timer.start()
        if self.cancellation is not None:
            self.cancellation.on_cancel(self._cancel)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; a cancellation that comes later has nothing left to break off."""
        if self._timer is not None:
            self._timer.cancel()
        self.release()

    @property
    def verdict(self) -> TransportError | None:
        """Why the request was broken off; None when it was not."""
        return self._verdict

    def patience(self) -> float:
        """Seconds, more than zero, for which one wait on a socket may last."""
        remaining = self.deadline.remaining()
        return self._silence if remaining is None else min(self._silence, max(remaining, _SHORTEST))

    def allow_another_connection(self) -> None:
        """Give a further connection of the same request its own time to connect."""
        self.connect_by = self.deadline.within(self._connect_timeout)

    def hold(self, live: socket.socket) -> None:
        """Shut this socket down when the time comes; it takes the place of an earlier one.

        The watch keeps a duplicate: TLS takes the descriptor out of the socket that it wraps, and the connection is
        to stay reachable during the handshake.
        """
        self._hold(socket.fromfd(live.fileno(), socket.AF_INET, socket.SOCK_STREAM))  # any family: only shut down

    def lend(self, double: socket.socket) -> None:
        """Shut this duplicate of a socket down when the time comes; whoever lends it closes it, after the watch."""
        self._hold(double, is_lent=True)

    def release(self) -> None:
        """Hold nothing any more."""
        with self._lock:
            self._release()

    def _hold(self, double: socket.socket, *, is_lent: bool = False) -> None:
        with self._lock:
            self._release()
            self._socket, self._is_lent = double, is_lent
            if self._verdict is not None:
                self._shut()

    def wake(self, event: threading.Event) -> None:
        """Set this event when the time comes."""
        with self._lock:
            self._event = event
            if self._verdict is not None:
                event.set()

    def _expire(self) -> None:
        phase = "reply" if self.phase is Phase.REPLY else "connect"
        what = {
            Phase.CONNECT: "no TCP connection within its time",
            Phase.PROXY: "the proxy did not open the way within its time",
            Phase.TLS: "the TLS handshake was not done within its time",
            Phase.REPLY: "no whole reply within its time",
        }[self.phase]
        self._break_off(TransportTimeoutError(f"{self.endpoint}: {what}", endpoint=str(self.endpoint), phase=phase))

    def _cancel(self) -> None:
        self._break_off(CancelledError(f"{self.endpoint}: cancelled", endpoint=str(self.endpoint)))

    def _break_off(self, verdict: TransportError) -> None:
        with self._lock:
            if self._verdict is not None:
                return
            self._verdict = verdict
            self._shut()
            if self._event is not None:
                self._event.set()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # not connected yet, or gone already
                self._socket.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._socket is not None and not self._is_lent:
            self._socket.close()
        self._socket = None
