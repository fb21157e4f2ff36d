"""Where the lab's authority publishes which certificates it revoked: one file over plain HTTP."""

from collections.abc import Callable

from .sockets import Connection

__all__ = ["PATH", "serve_list"]

PATH = "/authority.crl"
_MAX_HEAD = 64 * 1024  # bytes of a request


def serve_list(connection: Connection, build: Callable[[], bytes]) -> None:
    """Answer one request, whatever it is, with the list as it is now."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.socket.recv(4096)
        if not part or len(head) > _MAX_HEAD:
            return
        head += part
    body = build()
    lines = (
        "HTTP/1.1 200 OK",
        "Content-Type: application/pkix-crl",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    connection.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)
