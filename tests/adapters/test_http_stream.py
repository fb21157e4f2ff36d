"""Replies whose body is read as it comes: every check of the ordinary way, and memory that does not grow."""

import threading
from collections.abc import Callable
from time import monotonic

import pytest
from adapters.scripted_http import PROMPT, Peer, ScriptedServer

from cmclient.adapters.http import RequestsTransport
from cmclient.errors import (
    CancelledError,
    ConnectError,
    ConnectionLostError,
    InvalidValueError,
    RedirectRefusedError,
    TransportError,
    TransportTimeoutError,
)
from cmclient.model.http import Deadline, HttpRequest
from cmclient.racing import CancelSignal

NEVER = Deadline(None, monotonic)
HEAD = b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: %d\r\n\r\n"


def answer(*data: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        while peer.read_request():
            for piece in data:
                peer.send(piece)

    return script


def read(reply: object, size: int = 4) -> bytes:
    buffer, got = memoryview(bytearray(size)), b""
    while came := reply.read_into(buffer):  # type: ignore[attr-defined]
        got += bytes(buffer[:came])
    return got


def test_body__is_read_in_pieces_and_the_connection_is_used_again() -> None:
    with ScriptedServer(answer(HEAD % 10, b"0123456789")) as server, RequestsTransport() as transport:
        for _ in range(3):
            reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER)
            assert (reply.status, reply.headers["etag"], reply.trusted) == (200, "x", False)
            assert read(reply) == b"0123456789"
            reply.close()
        assert server.accepted == 1


def test_body__that_is_not_read_to_its_end_costs_its_connection() -> None:
    with ScriptedServer(answer(HEAD % 10, b"0123456789")) as server, RequestsTransport() as transport:
        for _ in range(2):
            reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER)
            reply.read_into(memoryview(bytearray(4)))
            reply.close()
            reply.close()
        assert server.accepted == 2


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx",), ConnectionLostError),
        ((b"HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n",), RedirectRefusedError),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",), ConnectionLostError),
        ((b"no http at all\r\n\r\n",), ConnectionLostError),
    ],
)
def test_head__that_is_refused_elsewhere_is_refused_here(data: tuple[bytes, ...], error: type[TransportError]) -> None:
    with ScriptedServer(answer(*data)) as server, RequestsTransport() as transport, pytest.raises(error):
        transport.open(HttpRequest(server.endpoint, "/x"), NEVER)


def test_body__that_ends_early_is_an_error_after_the_bytes_that_came() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 10 + b"01234")
        peer.sock.close()

    with ScriptedServer(script) as server, RequestsTransport() as transport:
        reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER)
        buffer, got = memoryview(bytearray(4)), b""
        while len(got) < 5:
            got += bytes(buffer[: reply.read_into(buffer)])
        with pytest.raises(ConnectionLostError):
            reply.read_into(buffer)
        assert got == b"01234"
        reply.close()


def test_silence__is_given_up_after_the_patience_that_was_asked_for() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 10 + b"01234")
        peer.stay_silent()

    with ScriptedServer(script) as server, RequestsTransport() as transport:
        reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER, patience=0.2)
        began = monotonic()
        with pytest.raises(TransportTimeoutError):
            read(reply)
        assert 0.1 < monotonic() - began < PROMPT
        reply.close()


def test_deadline__holds_for_the_whole_body() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 1_000_000)
        peer.drip(b"x", every=0.02)

    with ScriptedServer(script) as server, RequestsTransport() as transport:
        reply = transport.open(HttpRequest(server.endpoint, "/x"), Deadline.after(0.3, monotonic))
        with pytest.raises(TransportTimeoutError):
            read(reply)
        reply.close()


def test_cancellation__ends_a_wait_for_the_body() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 10)
        peer.stay_silent()

    signal = CancelSignal()
    with ScriptedServer(script) as server, RequestsTransport() as transport:
        reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER, signal)
        timer = threading.Timer(0.1, signal.cancel)
        timer.start()
        with pytest.raises(CancelledError):
            read(reply)
        reply.close()
        timer.join()
        with pytest.raises(CancelledError):
            transport.open(HttpRequest(server.endpoint, "/x"), NEVER, signal)


def test_refused_connection_and_bad_request__are_errors_of_ours() -> None:
    with ScriptedServer(answer()) as server:
        endpoint = server.endpoint
    with RequestsTransport() as transport:
        with pytest.raises(ConnectError):
            transport.open(HttpRequest(endpoint, "/x"), NEVER)
        with pytest.raises(InvalidValueError):
            transport.open(HttpRequest(endpoint, "/x y"), NEVER)
