"""Listening sockets, and a thread for every connection and datagram; all of it ends at once when told to.

One thread waits on every listener. What a server does with a connection it does in a thread of that connection, with
blocking calls; ``stop`` shuts every connection down, which wakes those calls.
"""

import contextlib
import errno
import secrets
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import NoReturn

from ..errors import LabError

__all__ = ["Connection", "Listener", "ListenerState", "Sockets"]

_IDLE = 60.0  # seconds that a connection may say nothing; a forgotten client must not keep a thread for ever
_MAX_THREADS = 256  # a client that opens connections in a loop must not bring the machine down
_MAX_DATAGRAM = 65_535
_FIRST_PORT, _LAST_PORT = 20_000, 32_000  # below what systems give to clients
_PORT_TRIES = 50
_STOP = 0.8  # seconds for threads to end


class Connection:
    """A client's TCP connection, plain at first.

    Attributes:
        client: Address of the client.
        socket: The socket to read from and write to; another one after ``secure``.
        pause: ``Sockets.pause``.
    """

    def __init__(self, accepted: socket.socket, client: str, pause: Callable[[float], None]) -> None:
        self.client = client
        self.socket = accepted
        self.pause = pause
        accepted.settimeout(_IDLE)

    @property
    def has_tls(self) -> bool:
        """Whether TLS protects it."""
        return isinstance(self.socket, ssl.SSLSocket)

    @property
    def has_client_certificate(self) -> bool:
        """Whether the client has shown a certificate, which was verified."""
        return isinstance(self.socket, ssl.SSLSocket) and bool(self.socket.getpeercert())

    def secure(self, context: ssl.SSLContext) -> None:
        """Do the TLS handshake.

        Raises:
            OSError: It failed; ``ssl.SSLError`` is one of them.
        """
        wrapped = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.socket = wrapped
        self.pause(0)  # a stop just before this line has woken the old socket only
        wrapped.do_handshake()

    def hold(self) -> NoReturn:
        """Swallow whatever comes, and say nothing, until the client or the lab ends it.

        Raises:
            ConnectionAbortedError: It has ended.
        """
        while self.socket.recv(_MAX_DATAGRAM):
            pass
        raise ConnectionAbortedError("the client has gone")

    def reset(self) -> NoReturn:
        """End it with a TCP reset instead of an orderly end.

        Raises:
            ConnectionResetError: It has ended.
        """
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        raise ConnectionResetError("a fault of the lab reset it")

    def wake(self) -> None:
        """Make every call that waits on it return; from another thread."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)  # the plain one: an SSL socket's own forgets its TLS

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self.socket.close()


class ListenerState(Enum):
    """How a listener takes what comes."""

    OPEN = "open"
    REFUSING = "refusing"
    BLACKHOLE = "blackhole"


Serve = Callable[[Connection], None]
Answer = Callable[[bytes, str], bytes | None]


class Listener:
    """One port of one address.

    Attributes:
        address: Where it listens, and the port.
        serve: TCP: does everything with a connection, then returns; OSError ends it quietly.
        answer: UDP: the reply to a datagram, or None for none. Exactly one of the two is given.
    """

    def __init__(self, address: tuple[str, int], *, serve: Serve | None = None, answer: Answer | None = None) -> None:
        self.address = address
        self.serve = serve
        self.answer = answer
        self.socket: socket.socket | None = None
        self._fillers: list[socket.socket] = []

    def open(self, *, backlog: int = 128) -> None:
        """Bind and listen.

        Raises:
            OSError: The system refuses, ``EADDRINUSE`` when the port is taken.
        """
        kind = socket.SOCK_DGRAM if self.serve is None else socket.SOCK_STREAM
        opened = socket.socket(socket.AF_INET, kind)
        try:
            if sys.platform == "win32":
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            elif self.serve is not None:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # to listen again after a fault
            opened.bind(self.address)
            if self.serve is not None:
                opened.listen(backlog)
            opened.settimeout(0)
        except OSError:
            opened.close()
            raise
        self.socket = opened

    def clog(self) -> None:
        """Listen with a queue that is full: the system then drops what asks for a connection."""
        self.open(backlog=0)
        for _ in range(2):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                filler.connect(self.address)
            self._fillers.append(filler)

    def close(self) -> None:
        """Listen no more."""
        for one in (self.socket, *self._fillers):
            if one is not None:
                one.close()
        self.socket = None
        self._fillers.clear()


class Sockets:
    """Every socket and thread of a lab."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._connections: set[Connection] = set()
        self._threads: set[threading.Thread] = set()
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.settimeout(0)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._waiter = threading.Thread(target=self._wait, name="lab: listeners", daemon=True)

    def start(self) -> None:
        """Begin to take connections."""
        self._waiter.start()

    def listen(self, make: Callable[[int], list[Listener]]) -> tuple[int, list[Listener]]:
        """Open listeners that share one port number.

        Args:
            make: Makes them, not yet open, for a port.

        Returns:
            The port, free on every one of their addresses, and the listeners, open.

        Raises:
            LabError: There is no such port, or an address is not one of this machine's.
        """
        for _ in range(_PORT_TRIES):
            port = _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT)
            listeners = make(port)
            if _open_all(listeners):
                with self._lock:
                    self._listeners.update(listeners)
                for listener in listeners:
                    self._watch(listener)
                return port, listeners
        raise LabError(f"no free port was found in {_PORT_TRIES} tries", hint="end other programs that listen")

    def change(self, listener: Listener, state: ListenerState) -> None:
        """Change how a listener takes what comes.

        Raises:
            LabError: It cannot listen any more, for another program took the port.
        """
        with self._lock:
            if listener.socket is not None:
                with contextlib.suppress(KeyError):
                    self._selector.unregister(listener.socket)
                listener.close()
        try:
            if state is ListenerState.BLACKHOLE and listener.serve is not None and sys.platform == "linux":
                listener.clog()
            elif state is not ListenerState.REFUSING:
                listener.open()
                self._watch(listener)
        except OSError as error:
            raise LabError(f"the lab cannot listen on {listener.address[0]} again: {error}") from error

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            ConnectionAbortedError: The lab stopped meanwhile.
        """
        if self._stopping.wait(seconds):
            raise ConnectionAbortedError("the lab stops")

    def stop(self) -> None:
        """End every listener, connection and thread. The second call does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake()
        deadline = time.monotonic() + _STOP
        if self._waiter.is_alive():
            self._waiter.join(_STOP)
        for listener in self._listeners:
            listener.close()
        with self._lock:
            connections, threads = list(self._connections), list(self._threads)
        for connection in connections:
            connection.wake()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()

    def _watch(self, listener: Listener) -> None:
        with self._lock:
            if listener.socket is not None:
                self._selector.register(listener.socket, selectors.EVENT_READ, listener)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_write.send(b"!")

    def _wait(self) -> None:
        while not self._stopping.is_set():
            try:
                ready = self._selector.select()
            except OSError:  # Windows: a fault has just closed a listener
                continue
            for key, _ in ready:
                if key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        self._wake_read.recv(4096)
                elif isinstance(key.fileobj, socket.socket):
                    with contextlib.suppress(OSError):  # the client is gone, or a fault has just closed the listener
                        self._take(key.fileobj, key.data)

    def _take(self, ready: socket.socket, listener: Listener) -> None:
        if listener.serve is not None:
            accepted, peer = ready.accept()
            connection = Connection(accepted, str(peer[0]), self.pause)
            if not self._begin(self._serve, listener.serve, connection):
                connection.close()
        elif listener.answer is not None:
            data, peer = ready.recvfrom(_MAX_DATAGRAM)
            self._begin(self._answer, ready, listener.answer, data, peer)

    def _begin(self, work: Callable[..., None], *arguments: object) -> bool:
        thread = threading.Thread(target=self._run, args=(work, arguments), name="lab: a request", daemon=True)
        with self._lock:
            if self._stopping.is_set() or len(self._threads) >= _MAX_THREADS:
                return False
            self._threads.add(thread)
            thread.start()
        return True

    def _run(self, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
        try:
            work(*arguments)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _serve(self, serve: Serve, connection: Connection) -> None:
        with self._lock:
            self._connections.add(connection)
        try:
            connection.pause(0)
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            serve(connection)
        except OSError:
            pass  # the client went away, took too long or broke TLS: its own affair
        finally:
            connection.close()
            with self._lock:
                self._connections.discard(connection)

    def _answer(self, ready: socket.socket, answer: Answer, data: bytes, peer: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):  # the lab stops, or the client has gone
            reply = answer(data, peer[0])
            if reply is not None:
                ready.sendto(reply, peer)


def _open_all(listeners: list[Listener]) -> bool:
    """Open all, or none when one of their ports is taken."""
    for listener in listeners:
        try:
            listener.open()
        except OSError as error:
            for opened in listeners:
                opened.close()
            if error.errno == errno.EADDRINUSE:
                return False
            raise LabError(
                f"the lab cannot listen on {listener.address[0]}: {error.strerror or error}",
                hint="Linux and Windows have all of 127.0.0.0/8; on others add the address to the loopback interface",
            ) from error
    return True
