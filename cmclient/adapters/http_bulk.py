"""HTTP for many and for large bodies: the connections of ``http`` with less between them and the disk.

The ordinary way spends most of its time for a small file in requests and urllib3, and copies the bytes of a large one
twice. Here http.client speaks on the same connections: dialled, watched, verified and judged by the same code, with
the same errors. Where a proxy may be in between, and for servers that ask who we are, the ordinary way is taken.
"""

import contextlib
import http.client
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from urllib3.util.connection import is_connection_dropped

from .._version import __version__
from ..errors import CancelledError, InvalidValueError, NameResolutionError, NameServiceError, TransportTimeoutError
from ..model.endpoints import Endpoint, Scheme
from ..model.http import Deadline, HttpRequest
from ..ports import BulkReply, Cancellation
from .http import RequestsTransport
from .http_errors import FAILURES, refuse_renegotiation, translate
from .http_exchange import require_final, require_sendable
from .http_login import UNAUTHORIZED
from .http_sockets import WatchedAdapter, WatchedConnection, build_connection
from .http_stream import require_not_encoded
from .http_tls import wanted_renegotiation
from .http_watch import SILENCE_LIMIT, Phase, Watch

__all__ = ["LeanTransport"]

_IDLE_LIMIT = 30.0  # seconds after which a kept connection is not used again
_IDLE_KEPT = 16  # connections kept for one endpoint


_CLOSED = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)  # RemoteDisconnected is one
_HARMLESS = frozenset({"GET", "HEAD", "PROPFIND"})  # may be asked twice: they change nothing


class _KeptNoLonger(Exception):  # noqa: N818 - no error: control flow inside this module
    """A kept connection was closed by the server before it took the request."""


class _Line:
    """A connection, and the adapter that its parts look at."""

    def __init__(self, adapter: WatchedAdapter, connection: WatchedConnection) -> None:
        self.adapter = adapter
        self.connection = connection
        self.used = 0.0

    def close(self) -> None:
        self.connection.close()


class LeanTransport:
    """``ports.BulkTransport``.

    Args:
        ordinary: Dials and verifies, and does everything where a proxy may be in between, or where a server asks who we
            are; closed by its owner.
    """

    def __init__(self, ordinary: RequestsTransport) -> None:
        self._ordinary = ordinary
        self._lock = threading.Lock()
        self._idle: dict[Endpoint, list[_Line]] = {}
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
            line, response = self._ask(request, watch)
        except BaseException:
            watch.__exit__(None, None, None)
            raise
        if response.status == UNAUTHORIZED and request.may_log_in and self._ordinary.logs_in:
            watch.__exit__(None, None, None)
            line.close()
            self._known.add(endpoint)
            return self._ordinary.open(request, deadline, cancellation, patience=patience)
        return _LeanReply(self, line, watch, response)

    def _is_ordinary(self, request: HttpRequest) -> bool:
        """Whether the ordinary way is taken: by a proxy, through a gateway, to a server that has asked who we are."""
        endpoint = request.endpoint
        return not self._ordinary.is_direct or endpoint.gateway is not None or endpoint in self._known

    def _ask(self, request: HttpRequest, watch: Watch) -> tuple[_Line, http.client.HTTPResponse]:
        """Ask on a kept connection; on a new one when the server has closed the kept one just now."""
        kept = self._find_kept(request.endpoint)
        if kept is not None:
            with contextlib.suppress(_KeptNoLonger):
                return kept, self._ask_on(kept, request, watch)
        adapter = WatchedAdapter(self._ordinary.dialler, self._ordinary.trust)
        line = _Line(adapter, build_connection(adapter, request.endpoint))
        return line, self._ask_on(line, request, watch)

    def _ask_on(self, line: _Line, request: HttpRequest, watch: Watch) -> http.client.HTTPResponse:
        was_kept = line.used > 0 and request.method in _HARMLESS
        try:
            with failures_told(line.adapter, watch):
                try:
                    return self._exchange(line, request, watch)
                except _CLOSED as error:
                    if was_kept and watch.verdict is None:
                        raise _KeptNoLonger from error
                    raise
        except BaseException:
            line.close()
            raise

    def give_back(self, line: _Line, endpoint: Endpoint, *, whole: bool) -> None:
        """A reply was let go of."""
        line.adapter.watch = None
        line.used = time.monotonic()
        if whole:
            with self._lock:
                kept = self._idle.setdefault(endpoint, [])
                if not self._closed and len(kept) < _IDLE_KEPT:
                    kept.append(line)
                    return
        line.close()

    def _find_kept(self, endpoint: Endpoint) -> _Line | None:
        oldest = time.monotonic() - _IDLE_LIMIT
        while True:
            with self._lock:
                kept = self._idle.get(endpoint)
                line = kept.pop() if kept else None
            if line is None:
                return None
            if line.used >= oldest and not is_connection_dropped(line.connection):
                return line
            line.close()

    @staticmethod
    def _exchange(line: _Line, request: HttpRequest, watch: Watch) -> http.client.HTTPResponse:
        connection, adapter = line.connection, line.adapter
        adapter.watch = watch
        if connection.sock is None:
            connection.timeout = watch.patience()
            connection.connect()
            if request.endpoint.scheme is Scheme.HTTPS and not connection.is_verified:
                raise ssl.SSLError("the certificate of the server was not verified")  # cannot happen; nothing is sent
        else:
            watch.phase = Phase.REPLY
            watch.hold(connection.sock)
        connection.sock.settimeout(watch.patience())
        connection.putrequest(request.method, request.path, skip_accept_encoding=True)
        headers = {"User-Agent": f"cmclient/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
        for name, value in (headers | dict(request.headers)).items():
            connection.putheader(name, value)
        if request.body:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body or None)
        response = http.client.HTTPConnection.getresponse(connection)
        told = {name.lower(): value for name, value in response.getheaders()}
        require_final(response.status, told, request.endpoint)
        require_not_encoded(response.status, told, request.endpoint)
        return response


@contextmanager
def failures_told(adapter: WatchedAdapter, watch: Watch) -> Iterator[None]:
    """Raise errors of ours in place of those of the libraries, as ``http`` does."""
    endpoint = watch.endpoint
    try:
        yield
    except FAILURES as error:
        if wanted_renegotiation(adapter.secured):
            raise refuse_renegotiation(endpoint) from error
        told = translate(error, endpoint, watch.phase, has_certificate=adapter.trust.offers)
        raise watch.verdict or told from error
    except (NameServiceError, InvalidValueError) as error:  # from ``resolve``
        unresolved = NameResolutionError(f"{endpoint}: {error}", endpoint=str(endpoint), hint=error.hint)
        raise watch.verdict or unresolved from error
    if watch.verdict is not None:
        raise watch.verdict


class _LeanReply:
    """``ports.BulkReply``."""

    def __init__(self, owner: LeanTransport, line: _Line, watch: Watch, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.getheaders()}
        self.trusted = watch.endpoint.scheme is Scheme.HTTPS
        self._owner = owner
        self._line: _Line | None = line
        self._watch = watch
        self._response = response
        self._left: int | None = None if response.chunked else response.length
        self._at_end = self._left == 0

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there; see ``ports.ByteStream``."""
        if self._at_end or self._line is None:
            return 0
        try:  # no context manager: this is called for every piece of a large file
            came = self._read(buffer)
        except FAILURES:
            with failures_told(self._line.adapter, self._watch):
                raise
        if self._watch.verdict is not None:
            raise self._watch.verdict
        return came

    def _read(self, buffer: memoryview) -> int:
        if self._left is None:
            piece = self._response.read1(len(buffer))
            buffer[: len(piece)] = piece
            self._at_end = not piece
            return len(piece)
        came: int = self._response.fp.readinto1(buffer[: self._left])
        if not came:
            raise http.client.IncompleteRead(b"", self._left)
        self._left -= came
        self._at_end = not self._left
        return came

    def close(self) -> None:
        """Let go of it; the connection is used again only after the whole body."""
        line, self._line = self._line, None
        if line is None:
            return
        self._watch.__exit__(None, None, None)
        is_whole = self._at_end and self._watch.verdict is None and not self._response.will_close
        self._response.close()
        self._owner.give_back(line, self._watch.endpoint, whole=is_whole)
