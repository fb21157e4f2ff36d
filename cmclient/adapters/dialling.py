"""Opens TCP connections, each within its time and watched from its first packet on."""

import errno
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import NamedTuple

from ..model.http import Deadline
from ..model.names import HostName
from .http_watch import Watch
from .readiness import can_write

__all__ = ["Dialler", "Resolve"]

Resolve = Callable[[HostName, Deadline], Sequence[str]]

_SLICE = 0.05  # seconds: how soon a cancellation is seen while connecting, where a shutdown does not end the wait
_MOST_ADDRESSES = 8  # of one name; more would leave each too little time
_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK)}


class Dialler(NamedTuple):
    """Opens TCP connections.

    Attributes:
        resolve: Finds the addresses of a name; None for the operating system's resolver.
        source_address: The own address to connect from; None for any.
    """

    resolve: Resolve | None = None
    source_address: str | None = None

    def dial(self, host: str, port: int, watch: Watch) -> socket.socket:
        """Connect to the first address of a host that accepts, each in its share of the time.

        Raises:
            OSError: Nobody accepted; the last reason. TimeoutError when time is up or the watch broke off.
            socket.gaierror: The name has no address.
            NameServiceError: From ``resolve``.
            InvalidValueError: A proxy's host is no host name.
        """
        addresses = self._find_addresses(host, port, watch)[:_MOST_ADDRESSES]
        failure: OSError = socket.gaierror(socket.EAI_NONAME, "no record was found")
        for tried, address in enumerate(addresses):
            remaining = watch.connect_by.remaining()
            share = watch.patience() if remaining is None else remaining / (len(addresses) - tried)
            try:
                return self._connect(address, port, watch, share)
            except OSError as error:
                failure = error
            if watch.verdict is not None:
                break
        if len(addresses) > 1:
            failure.add_note(f"tried {', '.join(addresses)}")
        raise failure

    def _find_addresses(self, host: str, port: int, watch: Watch) -> Sequence[str]:
        if _is_address(host):
            return (host,)
        find = partial(_ask_system, host, port) if self.resolve is None else partial(self._resolve, host, watch)
        return _wait_for(find, watch)

    def _resolve(self, host: str, watch: Watch) -> Sequence[str]:
        return self.resolve(HostName(host), watch.connect_by) if self.resolve is not None else ()

    def _connect(self, address: str, port: int, watch: Watch, seconds: float) -> socket.socket:
        if not _is_address(address):
            raise socket.gaierror(socket.EAI_NONAME, f"{address} is no address")
        numeric = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        family, kind, protocol, _, target = numeric[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.source_address is not None:
                sock.bind((self.source_address, 0))
            sock.settimeout(0)  # waited for below, in slices
            watch.hold(sock)
            _require_no_error(sock.connect_ex(target), _UNDER_WAY)
            _await_connection(sock, watch, time.monotonic() + seconds)
            _require_no_error(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), {0})
            _require_wanted(watch)  # it may have been broken off before there was anything to shut down
            sock.settimeout(watch.patience())
        except BaseException:
            sock.close()
            raise
        return sock


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ask_system(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(target[0]) for _, _, _, _, target in found))


def _wait_for(find: Callable[[], Sequence[str]], watch: Watch) -> Sequence[str]:
    """Look up in a thread of its own: the system's resolver knows no deadline, so it is left behind when time is up."""
    answer: Future[Sequence[str]] = Future()
    done = threading.Event()

    def look_up() -> None:
        try:
            answer.set_result(find())
        except BaseException as error:  # noqa: BLE001 - not swallowed: raised below, where somebody waits
            answer.set_exception(error)
        done.set()

    watch.wake(done)
    threading.Thread(target=look_up, name="cmclient-lookup", daemon=True).start()
    done.wait(watch.connect_by.remaining())
    if not answer.done():
        raise TimeoutError(errno.ETIMEDOUT, "the name was not resolved in time")
    return answer.result()


def _await_connection(sock: socket.socket, watch: Watch, end: float) -> None:
    while not can_write(sock, max(0.0, min(_SLICE, end - time.monotonic()))):
        _require_wanted(watch)
        if time.monotonic() >= end:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


def _require_wanted(watch: Watch) -> None:
    if watch.verdict is not None:
        raise TimeoutError(errno.ETIMEDOUT, "broken off")


def _require_no_error(code: int, fine: set[int]) -> None:
    if code not in fine:
        raise OSError(code, os.strerror(code))  # becomes ConnectionRefusedError and so on
