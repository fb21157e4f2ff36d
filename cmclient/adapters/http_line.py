"""A connection of ``http_bulk``: asked for one thing at a time, and kept for the next.

Over plain TCP it is dialled here; over TLS it is a connection of ``http_sockets``, dialled, watched, verified and
judged by the same code as in the ordinary way, which is loaded only then.
"""

import io
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .._version import __version__
from ..model.endpoints import HTTP_PORT, HTTPS_PORT, Endpoint, Scheme
from ..model.http import HttpRequest
from .http_head import HEAD_CAP, parse_plain_head
from .http_watch import Phase, Watch
from .readiness import can_read

if TYPE_CHECKING:
    import http.client

    from .dialling import Dialler
    from .http import RequestsTransport

__all__ = ["Line", "LineReply", "dial_line", "open_secure_line"]

_FIRST = 64 * 1024  # bytes read at once at the begin of a reply: its head, and a small file with it
_END = b"\r\n\r\n"
_OWN = {"User-Agent": f"cmclient/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}


class Secured(Protocol):
    """What a line over TLS is judged by when it fails.

    Attributes:
        secured: The socket with TLS.
    """

    secured: Any


class LineReply(NamedTuple):
    """A reply whose head has been read.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        length: Bytes of the body, read or not; None when only its framing will tell.
        first: Bytes of the body that came with the head, where the length is known.
        will_close: Whether the connection ends after it.
        whole: The reply of http.client, which read the head; None for a usual one.
    """

    status: int
    headers: Mapping[str, str]
    length: int | None
    first: memoryview
    will_close: bool
    whole: "http.client.HTTPResponse | None" = None


class Line:
    """One connection.

    Args:
        live: The socket.
        watched: What to judge a failure by; None over plain TCP.

    Attributes:
        used: When it was last used, on the monotonic clock; 0 for never.
    """

    def __init__(self, live: socket.socket, watched: Secured | None = None) -> None:
        self.used = 0.0
        self.watched = watched
        self._live = live
        self._double = socket.fromfd(live.fileno(), socket.AF_INET, socket.SOCK_STREAM)  # any family: only shut down
        self._patience: float | None = -1.0
        self._buffer = bytearray(_FIRST)

    def close(self) -> None:
        """Close the connection."""
        self._live.close()
        self._double.close()

    def is_quiet(self) -> bool:
        """Whether nothing has come since the last reply; a connection that was closed is not quiet."""
        return not can_read(self._live, 0.0)

    def ask(self, request: HttpRequest, watch: Watch) -> LineReply:
        """Send a request and read the head of the reply.

        Raises:
            OSError: The connection broke, or took too long.
            http.client.HTTPException: What came is no HTTP.
            ValueError: Likewise.
        """
        watch.phase = Phase.REPLY
        watch.lend(self._double)
        patience = watch.patience()
        if patience != self._patience:  # it costs a system call
            self._live.settimeout(patience)
            self._patience = patience
        self._live.sendall(_build_request(request))
        return self._read_head(request.method)

    def receive_into(self, buffer: memoryview) -> int:
        """Read what is there; 0 at the end of the connection."""
        return self._live.recv_into(buffer)

    def _read_head(self, method: str) -> LineReply:
        view = memoryview(self._buffer)
        filled = self._live.recv_into(view)
        end, head = self._buffer.find(_END, 0, filled), None
        if 0 <= end <= HEAD_CAP and method != "HEAD":  # a usual head comes in one piece
            head = parse_plain_head(bytes(view[: end + 2]))
        if head is None:
            return self._read_whole(method, bytes(view[:filled]))
        first = view[end + len(_END) : filled]
        # Bytes beyond the body are none of this reply: who sends them is not asked again here.
        will_close = head.will_close or len(first) > head.length
        return LineReply(head.status, head.headers, head.length, first[: head.length], will_close)

    def _read_whole(self, method: str, came: bytes) -> LineReply:
        """Leave the reply to http.client, with what has been read of it."""
        from .http_whole import WholeHead, read_fields  # noqa: PLC0415 - start-up: usual replies do not need it

        source: Any = _Source(came, self)
        response = WholeHead(source, method=method)
        try:
            response.begin()
            headers = read_fields(response)
        except BaseException:
            response.close()
            raise
        length = None if response.chunked else response.length
        return LineReply(response.status, headers, length, memoryview(b""), response.will_close, response)


class _Source(io.RawIOBase):
    """What came already, then the connection; a socket as far as http.client needs one."""

    def __init__(self, came: bytes, line: Line) -> None:
        super().__init__()
        self._came = memoryview(came)
        self._line = line

    def makefile(self, mode: str) -> io.BufferedReader:
        """A file to read from."""
        del mode
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever a buffer is to io
        """Read what is there."""
        view = memoryview(buffer)
        if not self._came:
            return self._line.receive_into(view)
        piece, self._came = self._came[: len(view)], self._came[len(view) :]
        view[: len(piece)] = piece
        return len(piece)


def dial_line(dialler: "Dialler", endpoint: Endpoint, watch: Watch) -> Line:
    """A new connection over plain TCP.

    Raises:
        OSError: Nobody accepted.
        NameServiceError: The name could not be resolved.
        InvalidValueError: Likewise.
    """
    watch.phase = Phase.CONNECT
    return Line(dialler.dial(endpoint.host, endpoint.port, watch))


def open_secure_line(ordinary: "RequestsTransport", endpoint: Endpoint, watch: Watch) -> Line:
    """A new connection over TLS, verified.

    Raises:
        TransportError: The server is not the right one.
        OSError: Nobody accepted, or TLS failed; likewise errors of urllib3.
    """
    from .http_sockets import open_verified  # noqa: PLC0415 - start-up: plain HTTP does not need it

    return Line(*open_verified(ordinary.dialler, ordinary.trust, endpoint, watch))


def _build_request(request: HttpRequest) -> bytes:
    endpoint = request.endpoint
    default = HTTPS_PORT if endpoint.scheme is Scheme.HTTPS else HTTP_PORT
    port = "" if endpoint.port == default else f":{endpoint.port}"
    headers = {"Host": f"{endpoint.host}{port}", **_OWN, **request.headers}
    if request.body:
        headers["Content-Length"] = str(len(request.body))
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + request.body
