"""The way through a proxy: CONNECT, with as little read of its answer as it takes."""

import re
from collections.abc import Mapping
from typing import Protocol

__all__ = ["TunnelRefusedError", "open_tunnel"]

_MOST_HEAD = 16 * 1024  # bytes of the answer's head; more would be read from a hostile proxy until time is up
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")
_MOST_WORDS = 100  # characters of the proxy's own words that are repeated
_OK = 2


class _Stream(Protocol):
    """A connected socket, plain or with TLS."""

    def sendall(self, data: bytes, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...


class TunnelRefusedError(OSError):
    """A proxy does not open the way to a server.

    Attributes:
        status: What it answered; None when that was no HTTP.
    """

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
        self.status = status


def open_tunnel(stream: _Stream, host: str, port: int, headers: Mapping[str, str]) -> None:
    """Ask a proxy for a connection to a server. What comes on the stream after this is from that server.

    Args:
        stream: The connection to the proxy; whoever watches over it keeps the time.
        host: The server.
        port: Its port.
        headers: What the proxy is told besides, such as who asks.

    Raises:
        TunnelRefusedError: It answered with another status than 2xx, with too much, or with no HTTP.
        OSError: The connection broke.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
    stream.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1"))
    head = _read_head(stream)
    found = _STATUS.match(head)
    if found is None:
        raise TunnelRefusedError("what the proxy answered is no HTTP")
    status = int(found[1])
    if status // 100 != _OK:
        words = "".join(c if c.isprintable() else "?" for c in (found[2] or b"")[:_MOST_WORDS].decode("latin-1"))
        raise TunnelRefusedError(f"the proxy answered {status} {words}".rstrip(), status)


def _read_head(stream: _Stream) -> bytes:
    """Read up to the empty line and not a byte further: what follows belongs to TLS."""
    head = bytearray()
    while not head.endswith((b"\r\n\r\n", b"\n\n")):
        if len(head) >= _MOST_HEAD:
            raise TunnelRefusedError(f"the head of the proxy's answer has more than {_MOST_HEAD} bytes")
        byte = stream.recv(1)
        if not byte:
            raise TunnelRefusedError("the proxy closed the connection before its answer was whole")
        head += byte
    return bytes(head)
