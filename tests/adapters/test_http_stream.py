"""Replies whose body is read as it comes: every check of the ordinary way, and memory that does not grow."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

import pytest
import trustme
from adapters.scripted_http import PROMPT, Peer, ScriptedServer

from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.http_bulk import LeanTransport
from cmclient.adapters.http_line import _build_request
from cmclient.errors import (
    CancelledError,
    ConnectError,
    ConnectionLostError,
    InvalidValueError,
    RedirectRefusedError,
    ServerCertificateError,
    TransportError,
    TransportTimeoutError,
)
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline, HttpRequest
from cmclient.model.names import HostName
from cmclient.racing import CancelSignal

pytestmark = pytest.mark.parametrize("kind", ["ordinary", "lean"])
NEVER = Deadline(None, monotonic)
HEAD = b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: %d\r\n\r\n"
TWICE = b"HTTP/1.1 200 OK\r\n%b\r\n%b\r\nContent-Length: 2\r\n\r\n"


def answer(*data: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        while peer.read_request():
            for piece in data:
                peer.send(piece)

    return script


@contextmanager
def opened(kind: str) -> Iterator[RequestsTransport | LeanTransport]:
    """The ordinary way, or the lean one, which must not be told from it."""
    with RequestsTransport() as ordinary:
        if kind == "ordinary":
            yield ordinary
        else:
            with closing(LeanTransport(ordinary)) as lean:
                yield lean


def read(reply: object, size: int = 4) -> bytes:
    buffer, got = memoryview(bytearray(size)), b""
    while came := reply.read_into(buffer):  # type: ignore[attr-defined]
        got += bytes(buffer[:came])
    return got


def test_body__is_read_in_pieces_and_the_connection_is_used_again(kind: str) -> None:
    with ScriptedServer(answer(HEAD % 10, b"0123456789")) as server, opened(kind) as transport:
        for _ in range(3):
            reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER)
            assert (reply.status, reply.headers["etag"], reply.trusted) == (200, "x", False)
            assert read(reply) == b"0123456789"
            reply.close()
        assert server.accepted == 1


def test_body__that_is_not_read_to_its_end_costs_its_connection(kind: str) -> None:
    with ScriptedServer(answer(HEAD % 10, b"0123456789")) as server, opened(kind) as transport:
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
        # said twice, the second time innocently
        (
            (TWICE % (b"Content-Encoding: gzip", b"Content-Encoding: identity") + b"xx",),
            ConnectionLostError,
        ),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n0\r\n\r\n",),
            ConnectionLostError,
        ),
        ((TWICE % (b"X: y", b"Content-Length: 3") + b"xxx",), ConnectionLostError),
    ],
)
def test_head__that_is_refused_elsewhere_is_refused_here(
    kind: str, data: tuple[bytes, ...], error: type[TransportError]
) -> None:
    with ScriptedServer(answer(*data)) as server, opened(kind) as transport, pytest.raises(error):
        transport.open(HttpRequest(server.endpoint, "/x"), NEVER)


@pytest.mark.parametrize(
    ("first", "second", "etag"),
    [
        pytest.param(b'ETag: "a"', b'etag: "b"', '"a", "b"', id="said twice"),
        pytest.param(b'ETag: "a"', b' b"', '"a" b"', id="folded"),
    ],
)
def test_head__that_is_unusual_is_read_alike(kind: str, first: bytes, second: bytes, etag: str) -> None:
    with (
        ScriptedServer(answer(TWICE % (first, second) + b"xx")) as server,
        opened(kind) as transport,
        closing(transport.open(HttpRequest(server.endpoint, "/x"), NEVER)) as reply,
    ):
        assert (reply.headers["etag"], read(reply)) == (etag, b"xx")


def test_body__that_ends_early_is_an_error_after_the_bytes_that_came(kind: str) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 10 + b"01234")
        peer.sock.close()

    with ScriptedServer(script) as server, opened(kind) as transport:
        reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER)
        buffer, got = memoryview(bytearray(4)), b""
        while len(got) < 5:
            got += bytes(buffer[: reply.read_into(buffer)])
        with pytest.raises(ConnectionLostError):
            reply.read_into(buffer)
        assert got == b"01234"
        reply.close()


def test_silence__is_given_up_after_the_patience_that_was_asked_for(kind: str) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 10 + b"01234")
        peer.stay_silent()

    with ScriptedServer(script) as server, opened(kind) as transport:
        reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER, patience=0.2)
        began = monotonic()
        with pytest.raises(TransportTimeoutError):
            read(reply)
        assert 0.1 < monotonic() - began < PROMPT
        reply.close()


def test_deadline__holds_for_the_whole_body(kind: str) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 1_000_000)
        peer.drip(b"x", every=0.02)

    with (
        ScriptedServer(script) as server,
        opened(kind) as transport,
        pytest.raises(TransportTimeoutError),
        closing(transport.open(HttpRequest(server.endpoint, "/x"), Deadline.after(0.3, monotonic))) as reply,
    ):
        read(reply)


def test_cancellation__ends_a_wait_for_the_body(kind: str) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 10)
        peer.stay_silent()

    signal = CancelSignal()
    with ScriptedServer(script) as server, opened(kind) as transport:
        reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER, signal)
        timer = threading.Timer(0.1, signal.cancel)
        timer.start()
        with pytest.raises(CancelledError):
            read(reply)
        reply.close()
        timer.join()
        with pytest.raises(CancelledError):
            transport.open(HttpRequest(server.endpoint, "/x"), NEVER, signal)


def test_refused_connection_and_bad_request__are_errors_of_ours(kind: str) -> None:
    with ScriptedServer(answer()) as server:
        endpoint = server.endpoint
    with opened(kind) as transport:
        with pytest.raises(ConnectError):
            transport.open(HttpRequest(endpoint, "/x"), NEVER)
        with pytest.raises(InvalidValueError):
            transport.open(HttpRequest(endpoint, "/x y"), NEVER)


@pytest.mark.parametrize(
    "data",
    [
        HEAD % 10 + b"0123456789",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789",
        b"HTTP/1.0 200 OK\r\n\r\n0123456789",
    ],
)
def test_body__in_every_framing_is_the_same(kind: str, data: bytes) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.send(data)
            if b"10\r\n" not in data and b"chunked" not in data:
                return

    with ScriptedServer(script) as server, opened(kind) as transport:
        for _ in range(2):
            reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER)
            assert read(reply) == b"0123456789"
            assert reply.read_into(memoryview(bytearray(4))) == 0
            reply.close()


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0123",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10",
        b"",
    ],
)
def test_reply__that_is_cut_off_is_lost(kind: str, data: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)

    with (
        ScriptedServer(script) as server,
        opened(kind) as transport,
        pytest.raises(ConnectionLostError),
        closing(transport.open(HttpRequest(server.endpoint, "/x"), NEVER)) as reply,
    ):
        read(reply)


def test_kept_connection__that_the_server_has_closed_is_not_relied_on(kind: str) -> None:
    if kind == "ordinary":
        pytest.skip("it may tell of a lost connection, when the server closes just then; a download asks again")

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 2 + b"ok")

    with ScriptedServer(script) as server, opened(kind) as transport:
        for _ in range(3):
            reply = transport.open(HttpRequest(server.endpoint, "/x"), NEVER)
            assert read(reply) == b"ok"
            reply.close()
            server.await_ends()
        assert server.accepted == 3


def test_request__says_the_same(kind: str) -> None:
    with ScriptedServer(answer(HEAD % 2, b"ok")) as server, opened(kind) as transport:
        request = HttpRequest(
            server.endpoint, "/A$/b%20c?d", headers={"Range": "bytes=1-"}, method="PROPFIND", body=b"<x/>"
        )
        transport.open(request, NEVER).close()
        lines = server.requests[0].split(b"\r\n")
    assert lines[0] == b"PROPFIND /A$/b%20c?d HTTP/1.1"
    told = {
        line.partition(b":")[0].strip().lower(): line.partition(b":")[2].strip() for line in lines[1:] if b":" in line
    }
    assert told.pop(b"user-agent").startswith(b"cmclient/")
    assert told.pop(b"host") == str(server.endpoint).partition("//")[2].encode()
    told.pop(b"connection", None)
    assert told == {b"accept": b"*/*", b"accept-encoding": b"identity", b"range": b"bytes=1-", b"content-length": b"4"}
    assert lines[-1] == b"<x/>"


@pytest.mark.parametrize("trusted", [True, False])
def test_server__is_verified_before_it_sees_a_request(kind: str, tmp_path: Path, *, trusted: bool) -> None:
    authority, other = trustme.CA(), trustme.CA()
    (authority if trusted else other).cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with (
        ScriptedServer(answer(HEAD % 2, b"ok"), tls=context) as server,
        RequestsTransport(ca_file=str(tmp_path / "ca.pem")) as ordinary,
        closing(LeanTransport(ordinary)) as lean,
    ):
        transport: RequestsTransport | LeanTransport = ordinary if kind == "ordinary" else lean
        request = HttpRequest(server.named("localhost"), "/x")
        if not trusted:
            with pytest.raises(ServerCertificateError):
                transport.open(request, NEVER)
            assert server.requests == []
            return
        for _ in range(2):
            with closing(transport.open(request, NEVER)) as reply:
                assert reply.trusted
                assert read(reply) == b"ok"
        assert server.accepted == 1


@pytest.mark.parametrize(
    ("scheme", "host", "port", "told"),
    [
        (Scheme.HTTP, "dp1.corp.test", 80, "dp1.corp.test"),
        (Scheme.HTTP, "dp1.corp.test", 443, "dp1.corp.test:443"),
        (Scheme.HTTPS, "dp1.corp.test", 443, "dp1.corp.test"),
        (Scheme.HTTPS, "10.0.0.1", 8443, "10.0.0.1:8443"),
    ],
)
def test_request__names_its_host_with_its_port_where_it_is_another_one(
    kind: str, scheme: Scheme, host: str, port: int, told: str
) -> None:
    if kind == "ordinary":
        pytest.skip("urllib3 does it there")
    lines = _build_request(HttpRequest(Endpoint(scheme, HostName(host), port), "/x")).split(b"\r\n")
    assert f"Host: {told}".encode() in lines


def test_proxy_of_the_environment__is_left_to_the_ordinary_way(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(answer(HEAD % 5, b"proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        with RequestsTransport(trust_env=True) as ordinary, closing(LeanTransport(ordinary)) as lean:
            transport: RequestsTransport | LeanTransport = ordinary if kind == "ordinary" else lean
            with closing(transport.open(HttpRequest(proxy.named("dp.test"), "/x"), NEVER)) as reply:
                assert read(reply) == b"proxy"
        assert proxy.requests[0].startswith(b"GET http://dp.test")


def test_head__that_comes_in_pieces_is_read_all_the_same(kind: str) -> None:
    pieces = [b"HTTP/1.1 200 OK\r\nETa", b"g: x\r\nContent-Length: 10\r", b"\n\r", b"\n01234", b"56789"]
    with ScriptedServer(answer(*pieces)) as server, opened(kind) as transport:
        for _ in range(2):
            with closing(transport.open(HttpRequest(server.endpoint, "/x"), NEVER)) as reply:
                assert (reply.headers["etag"], read(reply)) == ("x", b"0123456789")
        assert server.accepted == 1


def test_line_breaks_without_returns__are_read_without_waiting_for_more(kind: str) -> None:
    data = b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"
    with ScriptedServer(answer(data)) as server, opened(kind) as transport:
        began = monotonic()
        with closing(transport.open(HttpRequest(server.endpoint, "/x"), NEVER, patience=5)) as reply:
            assert read(reply) == b"ok"
        assert monotonic() - began < PROMPT


def test_bytes_beyond_the_body__are_not_taken_for_the_next_reply(kind: str) -> None:
    data = HEAD % 2 + b"ok" + HEAD % 4 + b"evil"
    with ScriptedServer(answer(data)) as server, opened(kind) as transport:
        for _ in range(2):
            with closing(transport.open(HttpRequest(server.endpoint, "/x"), NEVER)) as reply:
                assert read(reply, 64) == b"ok"
        if kind == "lean":
            assert server.accepted == 2  # who sends more than was asked for is not asked again there


def test_kept_connection__that_spoke_unasked_is_not_used_again(kind: str) -> None:
    was_read, has_spoken = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 2 + b"ok")
        assert was_read.wait(PROMPT)
        peer.send(HEAD % 4 + b"evil")
        has_spoken.set()
        peer.stay_silent()

    with ScriptedServer(script) as server, opened(kind) as transport:
        for _ in range(2):
            with closing(transport.open(HttpRequest(server.endpoint, "/x"), NEVER)) as reply:
                assert read(reply) == b"ok"
            was_read.set()
            assert has_spoken.wait(PROMPT)
        assert server.accepted == 2


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_kept_connection__keeps_nobody_waiting_longer_than_a_new_one(kind: str, *, is_cancelled: bool) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD % 2 + b"ok")
        peer.read_request()
        peer.stay_silent()

    signal = CancelSignal()
    with ScriptedServer(script) as server, opened(kind) as transport:
        request = HttpRequest(server.endpoint, "/x")
        with closing(transport.open(request, NEVER)) as reply:
            assert read(reply) == b"ok"
        began = monotonic()
        timer = threading.Timer(0.1, signal.cancel)
        if is_cancelled:
            timer.start()
        with pytest.raises(CancelledError if is_cancelled else TransportTimeoutError):
            transport.open(request, NEVER, signal, patience=60 if is_cancelled else 0.2)
        assert monotonic() - began < PROMPT
        timer.cancel()
        assert server.accepted == 1


def test_bytes_beyond_the_body_within_tls__are_not_taken_for_the_next_reply(kind: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    # the head by itself, so that the body is read alone and the rest of its TLS record stays behind
    script = answer(HEAD % 2, b"ok" + HEAD % 4 + b"evil")
    with (
        ScriptedServer(script, tls=context) as server,
        RequestsTransport(ca_file=str(tmp_path / "ca.pem")) as ordinary,
        closing(LeanTransport(ordinary)) as lean,
    ):
        transport: RequestsTransport | LeanTransport = ordinary if kind == "ordinary" else lean
        for _ in range(3):
            with closing(transport.open(HttpRequest(server.named("localhost"), "/x"), NEVER)) as reply:
                assert read(reply, 64) == b"ok"
        assert server.accepted == 3


def test_head_request__has_no_body_whatever_length_is_told(kind: str) -> None:
    with (
        ScriptedServer(answer(HEAD % 10)) as server,
        opened(kind) as transport,
        closing(transport.open(HttpRequest(server.endpoint, "/x", method="HEAD"), NEVER)) as reply,
    ):
        assert read(reply) == b""
