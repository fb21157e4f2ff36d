"""The way through a proxy: CONNECT, with as little read of its answer as it takes."""

import re
from collections.abc import Mapping
from typing import Protocol

from ..errors import ProxyError
from ..model.endpoints import Endpoint
from ..model.names import printable

__all__ = ["CHECK_PROXY", "open_tunnel"]

CHECK_PROXY = (
    "Check the setting proxy; without it and with trust_env, HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment."
)
"""What to do about a proxy that cannot be used."""

_MOST_HEAD = 16 * 1024  # bytes of the answer's head; more would be read from a hostile proxy until time is up
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")
_MOST_WORDS = 100  # characters of the proxy's own words that are repeated
_OK = 2
_AUTHENTICATION = 407


class _Stream(Protocol):
    """A connected socket, plain or with TLS."""

    def sendall(self, data: bytes, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...


def open_tunnel(stream: _Stream, endpoint: Endpoint, headers: Mapping[str, str]) -> None:
    """Ask a proxy for a connection to a server. What comes on the stream after this is from that server.

    Args:
        stream: The connection to the proxy; whoever watches over it keeps the time.
        endpoint: The server.
        headers: What the proxy is told besides, such as who asks.

    Raises:
        ProxyError: It answered with another status than 2xx, with too much, or with no HTTP.
        OSError: The connection broke.
    """
    where = f"{endpoint.host}:{endpoint.port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
    stream.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1"))
    head = _read_head(stream, endpoint)
    found = _STATUS.match(head)
    if found is None:
        raise _unusable(endpoint, "what it answered is no HTTP")
    status = int(found[1])
    if status == _AUTHENTICATION:
        raise ProxyError(
            f"{endpoint}: the proxy wants to know who asks (407)",
            endpoint=str(endpoint),
            reason="authentication",
            hint="Give a user in the setting proxy, http://USER:PASSWORD@HOST:PORT; there is no other way to log in.",
        )
    if status // 100 != _OK:
        words = printable((found[2] or b"")[:_MOST_WORDS].decode("latin-1"))
        raise ProxyError(
            f"{endpoint}: the proxy does not open the way to the server: it answered {status} {words}".rstrip(),
            endpoint=str(endpoint),
            reason="refused",
            hint="Ask whoever runs the proxy to let this machine connect to the server.",
        )


def _unusable(endpoint: Endpoint, what: str) -> ProxyError:
    where = str(endpoint)
    message = f"{where}: the proxy does not open the way to the server: {what}"
    return ProxyError(message, endpoint=where, reason="unusable", hint=CHECK_PROXY)


def _read_head(stream: _Stream, endpoint: Endpoint) -> bytes:
    """Read up to the empty line and not a byte further: what follows belongs to TLS."""
    head = bytearray()
    while not head.endswith((b"\r\n\r\n", b"\n\n")):
        if len(head) >= _MOST_HEAD:
            raise _unusable(endpoint, f"the head of its answer has more than {_MOST_HEAD} bytes")
        byte = stream.recv(1)
        if not byte:
            raise _unusable(endpoint, "it closed the connection before its answer was whole")
        head += byte
    return bytes(head)
