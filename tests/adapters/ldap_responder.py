"""An LDAP server on loopback, a few dozen lines of BER, that does what a test tells it to do."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from cmclient.protocol.ber import build_integer, find_message_length, read_children, read_integer, read_tlv, tlv

BIND, UNBIND, SEARCH, EXTENDED = 0x60, 0x42, 0x63, 0x77
BOUND, ENTRY, DONE, REFERENCE, EXTENDED_DONE = 0x61, 0x64, 0x65, 0x73, 0x78


class Request(NamedTuple):
    """A message from the client.

    Attributes:
        message_id: Its id.
        tag: The operation.
        parts: The operation's parts, each as its tag and its value.
        controls: The controls as they came; empty when there are none.
        protected: Whether it came through TLS.
    """

    message_id: int
    tag: int
    parts: tuple[tuple[int, bytes], ...]
    controls: bytes
    protected: bool


def result(tag: int, code: int = 0, text: bytes = b"") -> bytes:
    """A result that is the whole operation."""
    return tlv(tag, build_integer(code, 0x0A) + tlv(0x04) + tlv(0x04, text))


def entry(name: str, **attributes: tuple[bytes, ...]) -> bytes:
    """An entry of a search."""
    listed = b"".join(
        tlv(0x30, tlv(0x04, key.encode()) + tlv(0x31, b"".join(tlv(0x04, value) for value in values)))
        for key, values in attributes.items()
    )
    return tlv(ENTRY, tlv(0x04, name.encode()) + tlv(0x30, listed))


def reference(uri: str) -> bytes:
    """A reference to another server in the midst of a search."""
    return tlv(REFERENCE, tlv(0x04, uri.encode()))


def page_control(cookie: bytes) -> bytes:
    """The controls of a search result that tell whether there is more."""
    value = tlv(0x30, build_integer(0) + tlv(0x04, cookie))
    return tlv(0xA0, tlv(0x30, tlv(0x04, b"1.2.840.113556.1.4.319") + tlv(0x04, value)))


class Conversation:
    """One connection, seen from the server."""

    def __init__(self, connection: socket.socket, responder: "LdapResponder") -> None:
        self.connection = connection
        self.responder = responder
        self._buffer = b""

    def read(self) -> Request | None:
        """The next message; None when the client is gone."""
        while (length := find_message_length(self._buffer)) is None or len(self._buffer) < length:
            try:
                piece = self.connection.recv(65_536)
            except OSError:
                return None
            if not piece:
                return None
            self._buffer += piece
        message, self._buffer = self._buffer[:length], self._buffer[length:]
        message_id, operation, *controls = read_children(message, read_tlv(message))
        parts = () if operation.tag == UNBIND else read_children(message, operation)
        request = Request(
            read_integer(message, message_id),
            operation.tag,
            tuple((part.tag, message[part.start : part.end]) for part in parts),
            message[controls[0].start : controls[0].end] if controls else b"",
            isinstance(self.connection, ssl.SSLSocket),
        )
        self.responder.seen.append(request)
        return request

    def send(self, request: Request, *operations: bytes, controls: bytes = b"") -> None:
        """Send operations, each as a message of its own; the controls go with the last."""
        messages = [tlv(0x30, build_integer(request.message_id) + operation) for operation in operations[:-1]]
        messages.append(tlv(0x30, build_integer(request.message_id) + operations[-1] + controls))
        self.send_raw(b"".join(messages))

    def send_raw(self, data: bytes) -> None:
        """Send bytes; a client that is gone is no failure of the test."""
        with contextlib.suppress(OSError):
            self.connection.sendall(data)

    def start_tls(self) -> bool:
        """Answer a handshake; False when it came to nothing."""
        assert self.responder.context is not None
        try:
            self.connection = self.responder.context.wrap_socket(self.connection, server_side=True)
        except OSError:
            return False
        return True

    def accept_login(self) -> Request | None:
        """Answer StartTLS and bind as they come.

        Returns:
            The first request after the bind; None when the client went away.
        """
        while request := self.read():
            if request.tag == EXTENDED:
                self.send(request, result(EXTENDED_DONE))
                if not self.start_tls():
                    return None
            elif request.tag == BIND:
                self.send(request, result(BOUND))
            else:
                return request
        return None

    def hang(self) -> None:
        """Say nothing more until the client goes away."""
        while self.read():
            pass

    def reset(self) -> None:
        """Break the connection off."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Script = Callable[[Conversation], None]


def answering(*operations: bytes) -> Script:
    """A server that logs everybody in and answers each search with the same."""

    def script(conversation: Conversation) -> None:
        request = conversation.accept_login()
        while request is not None and request.tag == SEARCH:
            conversation.send(request, *operations)
            request = conversation.read()

    return script


class LdapResponder:
    """Runs a script for each connection, one after the other.

    Attributes:
        port: Its port, on 127.0.0.1.
        seen: Every message that was received.
        connections: How many connections were made.
        stopping: Set when the test is over.
    """

    def __init__(
        self, script: Script, *, context: ssl.SSLContext | None = None, tls_from_the_start: bool = False
    ) -> None:
        self.context = context
        self.seen: list[Request] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._script = script
        self._tls_from_the_start = tls_from_the_start
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stopping.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            if self.stopping.is_set():
                connection.close()
                return
            self.connections += 1
            conversation = Conversation(connection, self)
            try:
                if not self._tls_from_the_start or conversation.start_tls():
                    self._script(conversation)
            finally:
                conversation.connection.close()
