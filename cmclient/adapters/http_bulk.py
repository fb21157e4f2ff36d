"""HTTP for many and for large bodies: the connections of ``http`` with less between them and the disk.

The ordinary way spends most of its time for a small file in requests, urllib3 and the header parser of http.client,
and copies the bytes of a large one twice. Here a usual reply is read at once, on connections that are dialled, watched,
verified and judged by the same code, with the same errors; an unusual one is left to http.client. Where a proxy may be
in between, and for servers that ask who we are, the ordinary way is taken; until it is, it is not even loaded.
"""

import contextlib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import CancelledError, InvalidValueError, NameResolutionError, NameServiceError, TransportTimeoutError
from ..model.endpoints import Endpoint, Scheme
from ..model.http import Deadline, HttpRequest
from ..ports import BulkReply, Cancellation
from .dialling import Dialler
from .http_asked import UNAUTHORIZED
from .http_line import Line, LineReply, dial_line, open_secure_line
from .http_rules import require_final, require_not_encoded, require_sendable
from .http_watch import SILENCE_LIMIT, Watch

if TYPE_CHECKING:
    from .http import RequestsTransport

__all__ = ["LeanTransport"]

_IDLE_LIMIT = 30.0  # seconds after which a kept connection is not used again
_IDLE_KEPT = 16  # connections kept for one endpoint
_CLOSED = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)  # RemoteDisconnected is one
_HARMLESS = frozenset({"GET", "HEAD", "PROPFIND"})  # may be asked twice: they change nothing


class _KeptNoLonger(Exception):  # noqa: N818 - no error: control flow inside this module
    """A kept connection was closed by the server before it took the request."""


class LeanTransport:
    """``ports.BulkTransport``.

    Args:
        ordinary: Verifies servers that speak TLS, and does everything where a proxy may be in between, or where a
            server asks who we are; closed by its owner. May come into being when it is first used.
        dialler: Opens connections over plain TCP, for those who know that there is no proxy; None: ``ordinary`` knows.
    """

    def __init__(self, ordinary: "RequestsTransport", dialler: Dialler | None = None) -> None:
        self._ordinary = ordinary
        self._dialler = dialler
        self._lock = threading.Lock()
        self._idle: dict[Endpoint, list[Line]] = {}
        self._closed = False
        self._known: set[Endpoint] = set()

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, {}
        for lines in idle.values():
            for line in lines:
                line.close()

    def open(
        self,
        request: HttpRequest,
        deadline: Deadline,
        cancellation: Cancellation | None = None,
        *,
        patience: float = SILENCE_LIMIT,
    ) -> BulkReply:
        """Send one request and read the head of the reply; see ``ports.BulkTransport``."""
        if self._is_ordinary(request):
            return self._ordinary.open(request, deadline, cancellation, patience=patience)
        endpoint = request.endpoint
        require_sendable(request)
        if self._closed or (cancellation is not None and cancellation.cancelled):
            raise CancelledError(f"{endpoint}: cancelled before it was asked", endpoint=str(endpoint))
        if deadline.expired:
            raise TransportTimeoutError(f"{endpoint}: no time was left to ask", endpoint=str(endpoint))
        watch = Watch(endpoint, deadline, request.connect_timeout, cancellation, silence=patience)
        watch.__enter__()
        try:
            line, reply = self._ask(request, watch)
        except BaseException:
            watch.__exit__(None, None, None)
            raise
        if reply.status == UNAUTHORIZED and request.may_log_in and self._ordinary.logs_in:
            watch.__exit__(None, None, None)
            line.close()
            self._known.add(endpoint)
            return self._ordinary.open(request, deadline, cancellation, patience=patience)
        return _LeanReply(self, line, watch, reply)

    def _is_ordinary(self, request: HttpRequest) -> bool:
        """Whether the ordinary way is taken: by a proxy, through a gateway, to a server that has asked who we are."""
        endpoint = request.endpoint
        if self._dialler is None and not self._ordinary.is_direct:
            return True
        return endpoint.gateway is not None or endpoint in self._known

    def _ask(self, request: HttpRequest, watch: Watch) -> tuple[Line, LineReply]:
        """Ask on a kept connection; on a new one when the server has closed the kept one just now."""
        kept = self._find_kept(request.endpoint)
        if kept is not None:
            with contextlib.suppress(_KeptNoLonger):
                return kept, self._ask_on(kept, request, watch)
        line = self._connect(request.endpoint, watch)
        return line, self._ask_on(line, request, watch)

    def _connect(self, endpoint: Endpoint, watch: Watch) -> Line:
        line = None
        try:
            with self.failures_told(None, watch):
                line = self._open(endpoint, watch)
        except BaseException:
            if line is not None:  # it was there when the time was up
                line.close()
            raise
        return line

    def _open(self, endpoint: Endpoint, watch: Watch) -> Line:
        if endpoint.scheme is Scheme.HTTPS:
            return open_secure_line(self._ordinary, endpoint, watch)
        return dial_line(self._dialler or self._ordinary.dialler, endpoint, watch)

    def _ask_on(self, line: Line, request: HttpRequest, watch: Watch) -> LineReply:
        was_kept = line.used > 0 and request.method in _HARMLESS
        try:
            with self.failures_told(line, watch):
                try:
                    reply = line.ask(request, watch)
                except _CLOSED as error:
                    if was_kept and watch.verdict is None:
                        raise _KeptNoLonger from error
                    raise
            require_final(reply.status, reply.headers, request.endpoint)
            require_not_encoded(reply.status, reply.headers, request.endpoint)
        except BaseException:
            watch.release()
            line.close()
            raise
        return reply

    def give_back(self, line: Line, endpoint: Endpoint, *, whole: bool) -> None:
        """A reply was let go of."""
        line.used = time.monotonic()
        if whole:
            with self._lock:
                kept = self._idle.setdefault(endpoint, [])
                if not self._closed and len(kept) < _IDLE_KEPT:
                    kept.append(line)
                    return
        line.close()

    def _find_kept(self, endpoint: Endpoint) -> Line | None:
        oldest = time.monotonic() - _IDLE_LIMIT
        while True:
            with self._lock:
                kept = self._idle.get(endpoint)
                line = kept.pop() if kept else None
            if line is None:
                return None
            if line.used >= oldest and line.is_quiet():
                return line
            line.close()

    @contextmanager
    def failures_told(self, line: Line | None, watch: Watch) -> Iterator[None]:
        """Raise errors of ours in place of those of the libraries, as ``http`` does."""
        endpoint = watch.endpoint
        try:
            yield
        except _failures() as error:
            from .http_errors import refuse_renegotiation, translate  # noqa: PLC0415 - start-up: only a failure needs it
            from .http_tls import wanted_renegotiation  # noqa: PLC0415 - needed only once something is wrong

            if line is not None and line.watched is not None and wanted_renegotiation(line.watched.secured):
                raise refuse_renegotiation(endpoint) from error
            has_certificate = endpoint.scheme is Scheme.HTTPS and self._ordinary.trust.offers
            raise watch.verdict or translate(error, endpoint, watch.phase, has_certificate=has_certificate) from error
        except (NameServiceError, InvalidValueError) as error:  # from ``resolve``
            unresolved = NameResolutionError(f"{endpoint}: {error}", endpoint=str(endpoint), hint=error.hint)
            raise watch.verdict or unresolved from error
        if watch.verdict is not None:
            raise watch.verdict


def _failures() -> tuple[type[Exception], ...]:
    """What to catch; asked for only once something has gone wrong."""
    from .http_errors import FAILURES  # noqa: PLC0415 - as above

    return FAILURES


class _LeanReply:
    """``ports.BulkReply``."""

    def __init__(self, owner: LeanTransport, line: Line, watch: Watch, reply: LineReply) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self.trusted = watch.endpoint.scheme is Scheme.HTTPS
        self._owner = owner
        self._line: Line | None = line
        self._watch = watch
        self._reply = reply
        self._first = reply.first
        self._left = reply.length
        self._at_end = self._left == 0

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there; see ``ports.ByteStream``."""
        if self._at_end or self._line is None:
            return 0
        try:  # no context manager: this is called for every piece of a large file
            came = self._read(buffer, self._line)
        except _failures():
            with self._owner.failures_told(self._line, self._watch):
                raise
        if self._watch.verdict is not None:
            raise self._watch.verdict
        return came

    def _read(self, buffer: memoryview, line: Line) -> int:
        whole = self._reply.whole
        if self._left is None:
            piece = b"" if whole is None else whole.read1(len(buffer))
            buffer[: len(piece)] = piece
            self._at_end = not piece
            return len(piece)
        if self._first:
            came = min(len(self._first), len(buffer))
            buffer[:came], self._first = self._first[:came], self._first[came:]
        elif whole is None:
            came = line.receive_into(buffer[: self._left])
        else:
            came = whole.fp.readinto1(buffer[: self._left])
        if not came:
            raise ConnectionResetError(f"{self._left} more bytes were announced")
        self._left -= came
        self._at_end = not self._left
        return came

    def close(self) -> None:
        """Let go of it; the connection is used again only after the whole body."""
        line, self._line = self._line, None
        if line is None:
            return
        self._watch.__exit__(None, None, None)
        is_whole = self._at_end and self._watch.verdict is None and not self._reply.will_close
        if self._reply.whole is not None:
            self._reply.whole.close()
        self._owner.give_back(line, self._watch.endpoint, whole=is_whole)
