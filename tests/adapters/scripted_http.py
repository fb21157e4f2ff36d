"""Loopback servers that behave exactly as badly as a test says."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline, HttpRequest
from cmclient.model.names import HostName

PROMPT = 5.0
"""Seconds: far more than a wait in these tests takes, far less than one that nobody ends."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, over: threading.Event, requests: list[bytes]) -> None:
        self.sock = sock
        self.over = over
        self._requests = requests

    def read_request(self) -> bytes:
        """Read one request with its body; empty when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.sock.recv(65536)
            if not part:
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        rest = bytearray(body)
        while len(rest) < length:
            part = self.sock.recv(65536)
            if not part:
                return b""
            rest += part
        self._requests.append(head + b"\r\n\r\n" + bytes(rest))
        return self._requests[-1]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, every: float) -> None:
        """Send the bytes one at a time, for ever if they run out, until the client or the test has had enough."""
        position = 0
        while not self.over.wait(every):
            self.send(data[position : position + 1])
            position = (position + 1) % len(data)

    def flood(self, data: bytes) -> None:
        """Send the bytes again and again, as fast as they are taken."""
        while not self.over.is_set():
            self.send(data)

    def stay_silent(self) -> None:
        """Say nothing until the test is over."""
        self.over.wait(PROMPT * 4)

    def reset(self) -> None:
        """Break the connection off without a farewell."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Script = Callable[[Peer], None]


class ScriptedServer:
    """A server on a free port of loopback that runs a script with every connection."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.accepted = 0
        self.requests: list[bytes] = []
        self.peers: list[tuple[str, int]] = []
        self.over = threading.Event()
        self._script = script
        self._tls = tls
        self._host = host
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((host, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        for sock in (self._listener, *self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PROMPT)
        self._listener.close()
        assert not any(thread.is_alive() for thread in self._threads)

    @property
    def endpoint(self) -> Endpoint:
        return self.named(self._host)

    def named(self, host: str) -> Endpoint:
        return Endpoint(Scheme.HTTP if self._tls is None else Scheme.HTTPS, HostName(host), self.port)

    def await_ends(self) -> None:
        """Wait until the script has ended for every connection so far, and each is closed."""
        for thread in self._threads[1:]:
            thread.join(PROMPT)

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, address = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self.peers.append(address)
            self._sockets.append(sock)
            self._start(lambda sock=sock: self._serve(sock))  # type: ignore[misc]

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._sockets.append(sock)
            self._script(Peer(sock, self.over, self.requests))
        sock.close()


class Signal:
    """A cancellation that a test sets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = False
        self._actions: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self._set

    def on_cancel(self, action: Callable[[], None]) -> None:
        with self._lock:
            if not self._set:
                self._actions.append(action)
                return
        action()

    def cancel(self) -> None:
        with self._lock:
            self._set = True
            actions, self._actions = self._actions, []
        for action in actions:
            action()


def reply(body: bytes = b"", status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """Write a reply with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(*replies: bytes) -> Script:
    """Make a script that answers one request after the other, then hangs up."""

    def script(peer: Peer) -> None:
        for data in replies:
            if not peer.read_request():
                return
            peer.send(data)

    return script


def answer_always(data: bytes) -> Script:
    """Make a script that answers every request likewise on a connection that is kept."""

    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.send(data)

    return script


def within(seconds: float) -> Deadline:
    return Deadline.after(seconds, time.monotonic)


def ask(endpoint: Endpoint, path: str = "/", *, method: str = "GET", body: bytes = b"", cap: int = 1000) -> HttpRequest:
    return HttpRequest(endpoint, path, method=method, body=body, read_cap=cap)
