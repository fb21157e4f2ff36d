"""Whether a socket can be read or written now, or within a time; also for sockets with numbers that select refuses."""

import select
import socket
import sys

__all__ = ["can_read", "can_write"]


def can_read(sock: socket.socket, seconds: float) -> bool:
    """Whether there is something to read, or the end, within so many seconds; with TLS, decrypted or on the wire."""
    pending = getattr(sock, "pending", None)  # of TLS: bytes that have left the wire, which no wait on it would see
    return (pending is not None and pending() > 0) or _wait(sock, seconds, writes=False)


def can_write(sock: socket.socket, seconds: float) -> bool:
    """Whether it can be written, or has failed, within so many seconds; a connection that is there can be."""
    return _wait(sock, seconds, writes=True)


if sys.platform == "win32":  # which has no poll, and whose select takes every socket

    def _wait(sock: socket.socket, seconds: float, *, writes: bool) -> bool:
        one = [sock]
        return any(select.select([] if writes else one, one if writes else [], one if writes else [], seconds))

else:

    def _wait(sock: socket.socket, seconds: float, *, writes: bool) -> bool:
        poll = select.poll()
        poll.register(sock, select.POLLOUT if writes else select.POLLIN)
        return bool(poll.poll(seconds * 1000))
