"""Whether a socket can be read or written now, or within a time; also for sockets with numbers that select refuses."""

import select
import socket

__all__ = ["can_read", "can_write"]

_POLLS = hasattr(select, "poll")  # not on Windows, whose select takes every socket


def can_read(sock: socket.socket, seconds: float) -> bool:
    """Whether there is something to read, or the end, within so many seconds; of TLS, on the wire."""
    if not _POLLS:
        return bool(select.select([sock], [], [], seconds)[0])
    return _poll(sock, select.POLLIN, seconds)


def can_write(sock: socket.socket, seconds: float) -> bool:
    """Whether it can be written, or has failed, within so many seconds; a connection that is there can be."""
    if not _POLLS:
        return any(select.select([], [sock], [sock], seconds))
    return _poll(sock, select.POLLOUT, seconds)


def _poll(sock: socket.socket, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(seconds * 1000))
