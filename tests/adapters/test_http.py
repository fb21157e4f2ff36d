"""What requests and replies look like, and every way in which a server can get a reply wrong."""

import http.cookiejar
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import responses
from adapters.scripted_http import (
    PROMPT,
    Peer,
    Script,
    ScriptedServer,
    answer,
    answer_always,
    ask,
    reply,
    within,
)

from cmclient._version import __version__
from cmclient.adapters.http import RequestsTransport
from cmclient.errors import (
    CancelledError,
    ConnectError,
    ConnectionLostError,
    InvalidValueError,
    RedirectRefusedError,
    ReplyTooLargeError,
    TransportTimeoutError,
)
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import HttpRequest
from cmclient.model.names import HostName
from cmclient.ports import Transport


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    with RequestsTransport() as transport:
        yield transport


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_reply_arrives_whole(transport: Transport) -> None:
    with ScriptedServer(answer(reply(b"<MPList/>", "200 OK", "X-One: a", "X-Two: b", "x-two: c"))) as server:
        got = transport.send(ask(server.endpoint), within(PROMPT))
    assert (got.status, got.body, got.trusted) == (200, b"<MPList/>", False)
    assert got.headers["x-one"] == "a"
    assert got.headers["x-two"] == "b, c"


def test_a_request_is_written_as_given(transport: Transport) -> None:
    path = "/SMS_MP/x/../.sms_aut?MPLIST1&SITESIGNCERT&a=%7bB%7d/../c"
    with ScriptedServer(answer_always(reply())) as server:
        request = HttpRequest(server.endpoint, path, "Ccm_Post", {"X-Mine": "1"}, b"\x00body")
        transport.send(request, within(PROMPT))
        transport.send(request._replace(headers={"user-agent": "SMS CCM 5.0"}), within(PROMPT))
    first, second = server.requests
    head, _, body = first.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == f"Ccm_Post {path} HTTP/1.1".replace("%7bB%7d", "%7BB%7D").encode()
    assert body == b"\x00body"
    assert f"Host: 127.0.0.1:{server.port}".encode() in lines
    assert f"User-Agent: cmclient/{__version__}".encode() in lines
    assert b"Accept-Encoding: identity" in lines
    assert b"X-Mine: 1" in lines
    assert b"user-agent: SMS CCM 5.0\r\n" in second
    assert b"cmclient" not in second


@responses.activate
def test_every_call_to_requests_has_a_time_limit_and_follows_nothing(transport: Transport) -> None:
    responses.get("http://mp.test/a", body=b"ok")
    responses.get("http://mp.test/b", status=302, headers={"Location": "http://mp.test/a"})
    endpoint = Endpoint(Scheme.HTTP, HostName("mp.test"), 80)
    assert transport.send(ask(endpoint, "/a"), within(3.0)).body == b"ok"
    with pytest.raises(RedirectRefusedError):
        transport.send(ask(endpoint, "/b"), within(3.0))
    assert [call.request.path_url for call in responses.calls] == ["/a", "/b"]
    for call in responses.calls:
        options = call.request.req_kwargs  # type: ignore[attr-defined]
        connect, read = options["timeout"]
        assert 0 < connect <= 3.0
        assert 0 < read <= 3.0
        assert options["stream"] is True
        assert options["verify"] is True
        assert options["proxies"] == {}


@responses.activate
def test_without_a_deadline_there_are_time_limits_nevertheless(transport: Transport) -> None:
    responses.get("http://mp.test/a", body=b"ok")
    transport.send(ask(Endpoint(Scheme.HTTP, HostName("mp.test"), 80), "/a"), within(None))  # type: ignore[arg-type]
    assert responses.calls[0].request.req_kwargs["timeout"] == (5.0, 60.0)  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", ["401 No", "403 No", "404 No", "500 No", "503 No", "304 Same", "300 Many"])
def test_a_status_is_an_answer(transport: Transport, status: str) -> None:
    with ScriptedServer(answer(reply(b"", status, "Retry-After: 3600"))) as server:
        got = transport.send(ask(server.endpoint), within(PROMPT))
    assert got.status == int(status[:3])
    assert server.accepted == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_refused(transport: Transport, status: str) -> None:
    with ScriptedServer(answer(reply(b"x" * 50, status, "Location: http://portal.test/login"))) as server:
        with pytest.raises(RedirectRefusedError) as caught:
            transport.send(ask(server.endpoint), within(PROMPT))
        assert server.accepted == 1
    assert caught.value.location == "http://portal.test/login"
    assert caught.value.endpoint == str(server.endpoint)
    assert "captive portal" in caught.value.hint
    assert "proxy" in caught.value.hint


def test_the_body_of_a_redirect_is_not_read(transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 302 Found\r\nLocation: /\x1b[31m\r\nContent-Length: 999999999\r\n\r\n")
        peer.stay_silent()

    with ScriptedServer(script) as server:
        began = time.monotonic()
        with pytest.raises(RedirectRefusedError) as caught:
            transport.send(ask(server.endpoint), within(PROMPT * 3))
        assert time.monotonic() - began < PROMPT
    assert caught.value.location == "/?[31m"
    assert "\x1b" not in str(caught.value)


def test_a_created_thing_is_no_redirect(transport: Transport) -> None:
    with ScriptedServer(answer(reply(b"", "201 Created", "Location: /new"))) as server:
        assert transport.send(ask(server.endpoint), within(PROMPT)).status == 201


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(reply(b"0123456789"), id="length"),
        pytest.param(CHUNKED + b"4\r\n0123\r\n6;x=y\r\n456789\r\n0\r\nTrailer: x\r\n\r\n", id="chunks"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n0123456789", id="until the end"),
    ],
)
def test_a_body_is_read_up_to_its_cap(transport: Transport, data: bytes) -> None:
    with ScriptedServer(answer(data)) as server:
        assert transport.send(ask(server.endpoint, cap=10), within(PROMPT)).body == b"0123456789"
    with ScriptedServer(answer(data)) as server, pytest.raises(ReplyTooLargeError):
        transport.send(ask(server.endpoint, cap=9), within(PROMPT))


def test_an_announced_body_above_the_cap_is_not_read(transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"", length=1001))
        peer.stay_silent()

    with ScriptedServer(script) as server, pytest.raises(ReplyTooLargeError, match="1001 bytes"):
        transport.send(ask(server.endpoint, cap=1000), within(PROMPT))


def test_the_length_of_a_body_that_does_not_come_is_no_matter(transport: Transport) -> None:
    with ScriptedServer(answer(reply(b"", length=5000))) as server:
        got = transport.send(ask(server.endpoint, method="HEAD"), within(PROMPT))
    assert (got.body, got.headers["content-length"]) == (b"", "5000")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", id="until the end"),
        pytest.param(CHUNKED + b"%x\r\n" % 10**12, id="one chunk"),
    ],
)
def test_reading_stops_at_the_cap(transport: Transport, head: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(head)
        peer.flood(b"x" * 65536)

    with ScriptedServer(script) as server, pytest.raises(ReplyTooLargeError):
        transport.send(ask(server.endpoint, cap=100_000), within(PROMPT))


def reset_after(data: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)
        peer.reset()

    return script


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(answer(reply(b"short", length=50)), id="truncated"),
        pytest.param(answer(CHUNKED + b"5\r\nab"), id="truncated chunk"),
        pytest.param(answer(CHUNKED + b"5\r\nabcde\r\n"), id="no last chunk"),
        pytest.param(answer(CHUNKED + b"zz\r\nabcde\r\n0\r\n\r\n"), id="no chunk size"),
        pytest.param(answer(CHUNKED + b"5" * 70000), id="endless chunk size"),
        pytest.param(reset_after(reply(b"short", length=50)), id="reset in the body"),
        pytest.param(reset_after(b"HTTP/1.1 200 OK\r\nX-Some"), id="reset in the headers"),
        pytest.param(reset_after(b""), id="reset at once"),
        pytest.param(answer(b""), id="closed at once"),
        pytest.param(answer(b"HTTP/1.1 200"), id="cut in the status"),
        pytest.param(answer(b"HTTP/1.1 200 OK\r\nX-Some: y\r\n"), id="cut in the headers"),
        pytest.param(answer(b"SSH-2.0-OpenSSH_9.9\r\n"), id="another protocol"),
        pytest.param(answer(b"\xff\x00" * 70000), id="garbage"),
        pytest.param(answer(b"HTTP/1.1 abc OK\r\n\r\n"), id="no status"),
        pytest.param(answer(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), id="too many headers"),
        pytest.param(answer(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000 + b"\r\n\r\n"), id="too long a header"),
        pytest.param(
            answer(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary*=a; boundary*1=b; boundary=c\r\n\r\n"),
            id="parameters that break the header parser",
        ),
        pytest.param(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), id="two lengths"),
        pytest.param(
            answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), id="coded transfer"
        ),
        pytest.param(answer(b"HTTP/1.1 103 Early Hints\r\n\r\n"), id="interim answer"),
        pytest.param(answer(reply(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip")), id="compressed"),
    ],
)
def test_a_broken_reply_is_a_lost_connection(transport: Transport, script: Script) -> None:
    with ScriptedServer(script) as server:
        with pytest.raises(ConnectionLostError) as caught:
            transport.send(ask(server.endpoint, cap=100_000), within(PROMPT))
        assert server.accepted == 1, "nothing is retried"
    assert caught.value.endpoint == str(server.endpoint)
    assert str(caught.value).isprintable()


def test_an_identity_coding_is_no_coding(transport: Transport) -> None:
    with ScriptedServer(answer(reply(b"plain", "200 OK", "Content-Encoding: identity"))) as server:
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"plain"


def test_a_server_that_speaks_tls_on_this_port_is_suspected(transport: Transport) -> None:
    with (
        ScriptedServer(answer(b"\x15\x03\x03\x00\x02\x02\x46")) as server,
        pytest.raises(ConnectionLostError) as caught,
    ):
        transport.send(ask(server.endpoint), within(PROMPT))
    assert "TLS" in caught.value.hint


def test_a_refused_connection(transport: Transport) -> None:
    endpoint = Endpoint(Scheme.HTTP, HostName("127.0.0.1"), free_port())
    with pytest.raises(ConnectError, match="refused"):
        transport.send(ask(endpoint), within(PROMPT))


def test_connections_are_kept(transport: Transport) -> None:
    with ScriptedServer(answer_always(reply(b"again"))) as server:
        bodies = [transport.send(ask(server.endpoint, f"/{n}"), within(PROMPT)).body for n in range(3)]
        empty = transport.send(ask(server.endpoint, method="HEAD"), within(PROMPT)).body
        assert server.accepted == 1
    assert (bodies, empty) == ([b"again"] * 3, b"")


def test_connections_with_chunked_replies_are_kept(transport: Transport) -> None:
    with ScriptedServer(answer_always(CHUNKED + b"2\r\nok\r\n0\r\n\r\n")) as server:
        for _ in range(2):
            assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"ok"
        assert server.accepted == 1


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(transport: Transport) -> None:
    gone = threading.Event()

    def script(peer: Peer) -> None:
        answer(reply(b"once"))(peer)
        peer.sock.shutdown(socket.SHUT_RDWR)
        gone.set()

    with ScriptedServer(script) as server:
        transport.send(ask(server.endpoint), within(PROMPT))
        assert gone.wait(PROMPT)
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"once"
        assert server.accepted == 2


def test_a_connection_that_was_idle_for_long_is_replaced(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmclient.adapters.http._IDLE_LIMIT", 0.0)
    with ScriptedServer(answer_always(reply())) as server:
        for _ in range(2):
            transport.send(ask(server.endpoint), within(PROMPT))
        assert server.accepted == 2


def test_a_connection_with_a_broken_reply_is_not_kept(transport: Transport) -> None:
    with ScriptedServer(answer_always(reply(b"0123456789"))) as server:
        with pytest.raises(ReplyTooLargeError):
            transport.send(ask(server.endpoint, cap=5), within(PROMPT))
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"0123456789"
        assert server.accepted == 2


def test_what_follows_a_reply_is_not_taken_for_the_next(transport: Transport) -> None:
    with ScriptedServer(answer_always(reply(b"one") + reply(b"smuggled"))) as server:
        for _ in range(2):
            assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"one"


def test_what_follows_a_reply_in_parts_is_not_read_with_it(transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"on", length=3))
        peer.over.wait(0.1)  # so that the rest comes in another read
        peer.send(b"e" + reply(b"smuggled"))

    with ScriptedServer(script) as server:
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"one"


def test_many_threads_share_a_transport(transport: Transport) -> None:
    def script(peer: Peer) -> None:
        while request := peer.read_request():
            path = request.split(b" ", 2)[1]
            peer.send(reply(path * 50))

    with ScriptedServer(script) as server, ThreadPoolExecutor(16) as pool:

        def fetch(number: int) -> bytes:
            return transport.send(ask(server.endpoint, f"/{number}", cap=10_000), within(PROMPT)).body

        assert list(pool.map(fetch, range(200))) == [f"/{n}".encode() * 50 for n in range(200)]
        assert server.accepted < 200


def test_cookies_are_forgotten(transport: Transport) -> None:
    with ScriptedServer(answer_always(reply(b"", "200 OK", "Set-Cookie: id=1; Path=/"))) as server:
        for _ in range(2):
            assert transport.send(ask(server.endpoint), within(PROMPT)).headers["set-cookie"] == "id=1; Path=/"
        assert server.accepted == 1
    assert b"Cookie" not in server.requests[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "/with blank"},
        {"path": "/line\r\nX-Smuggled: 1"},
        {"path": "no-slash"},
        {"path": "/fragment#x"},
        {"path": "/umlaut-\xfc"},
        {"method": "GET /"},
        {"method": ""},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"X\r\nY": "a"}},
        {"headers": {"X": "\u20ac"}},
    ],
)
def test_a_request_that_is_no_http_is_refused_before_anything_is_sent(
    transport: Transport, wrong: dict[str, str]
) -> None:
    with ScriptedServer(answer(reply())) as server:
        with pytest.raises(InvalidValueError):
            transport.send(ask(server.endpoint)._replace(**wrong), within(PROMPT))  # type: ignore[arg-type]
        assert server.accepted == 0


def test_a_deadline_that_has_passed_asks_nobody(transport: Transport) -> None:
    with ScriptedServer(answer(reply())) as server:
        with pytest.raises(TransportTimeoutError) as caught:
            transport.send(ask(server.endpoint), within(0.0))
        assert server.accepted == 0
    assert caught.value.phase == "whole"


def test_a_closed_transport_asks_nobody(transport: RequestsTransport) -> None:
    with ScriptedServer(answer_always(reply())) as server:
        transport.send(ask(server.endpoint), within(PROMPT))
        transport.close()
        with pytest.raises(CancelledError):
            transport.send(ask(server.endpoint), within(PROMPT))
        assert server.accepted == 1


def test_hostile_cookies_are_not_even_parsed(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(http.cookiejar, "parse_ns_headers", trip)
    with ScriptedServer(answer(reply(b"ok", "200 OK", "Set-Cookie: x=y; expires=never"))) as server:
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"ok"
