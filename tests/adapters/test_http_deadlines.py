"""The deadline and a cancellation hold against every peer, whatever it sends and whatever we wait for."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import trustme
from adapters.scripted_http import PROMPT, Peer, Script, ScriptedServer, Signal, answer, ask, reply, within

from cmclient.adapters.http import RequestsTransport
from cmclient.errors import CancelledError, TransportTimeoutError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline, HttpRequest
from cmclient.model.names import HostName

SOON = 0.6  # seconds; a connection on a busy machine takes a part of them
PATIENT = 3.0  # seconds: what no single wait may exceed on a busy machine


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    with RequestsTransport() as transport:
        yield transport


@pytest.fixture
def full_port() -> Iterator[Endpoint]:
    """A port that neither accepts nor refuses: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        yield Endpoint(Scheme.HTTP, HostName("127.0.0.1"), listener.getsockname()[1])


def after(data: bytes, then: Callable[[Peer], None]) -> Script:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)
        then(peer)

    return script


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"

SLOW = [
    pytest.param(after(b"", Peer.stay_silent), id="silence"),
    pytest.param(after(b"", lambda peer: peer.drip(b"HTTP/1.1 200 OK" + b"x" * 10**4, 0.02)), id="drip in the status"),
    pytest.param(after(b"HTTP/1.1 200 OK\r\n", lambda peer: peer.drip(b"A: b\r\n", 0.02)), id="drip in the headers"),
    pytest.param(after(reply(length=10**6), lambda peer: peer.drip(b"x", 0.02)), id="drip in the body"),
    pytest.param(after(b"HTTP/1.0 200 OK\r\n\r\n", lambda peer: peer.drip(b"x", 0.02)), id="drip without length"),
    pytest.param(after(CHUNKED, lambda peer: peer.drip(b"1\r\nx\r\n", 0.005)), id="drip of chunks"),
    pytest.param(after(CHUNKED + b"1;", lambda peer: peer.drip(b"x", 0.005)), id="drip in a chunk size"),
    pytest.param(after(CHUNKED + b"1\r\nx\r\n0\r\n", lambda peer: peer.flood(b"T: x\r\n")), id="endless trailers"),
    pytest.param(after(b"", lambda peer: peer.flood(CONTINUE)), id="endless interim answers"),
    pytest.param(after(b"", lambda peer: peer.drip(CONTINUE, 0.001)), id="drip of interim answers"),
    pytest.param(after(reply(b"half", length=8), Peer.stay_silent), id="silence in the body"),
]


@pytest.mark.parametrize("script", SLOW)
def test_a_slow_peer_meets_the_deadline(transport: RequestsTransport, script: Script) -> None:
    with ScriptedServer(script) as server:
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError) as caught:
            transport.send(ask(server.endpoint, cap=10**9), within(SOON))
        assert SOON * 0.9 <= time.monotonic() - began < PATIENT
    assert caught.value.phase == "reply"
    assert caught.value.endpoint == str(server.endpoint)


def test_an_endless_chunked_body_meets_its_cap_or_the_deadline(transport: RequestsTransport) -> None:
    with ScriptedServer(after(CHUNKED, lambda peer: peer.flood(b"1\r\nx\r\n"))) as server:
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError):
            transport.send(ask(server.endpoint, cap=10**12), within(SOON))
        assert time.monotonic() - began < PATIENT


def test_a_peer_that_does_not_take_the_request(transport: RequestsTransport) -> None:
    with ScriptedServer(Peer.stay_silent) as server:
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError):
            transport.send(ask(server.endpoint, method="POST", body=b"x" * 30_000_000), within(SOON))
        assert time.monotonic() - began < PATIENT


def test_silence_in_the_tls_handshake() -> None:
    with ScriptedServer(Peer.stay_silent) as server, RequestsTransport() as transport:
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError, match="handshake") as caught:
            transport.send(ask(server.endpoint._replace(scheme=Scheme.HTTPS)), within(SOON))
        assert time.monotonic() - began < PATIENT
    assert caught.value.phase == "connect"


def test_a_drip_in_the_tls_handshake() -> None:
    hello = b"\x16\x03\x03\x40\x00\x02" + b"\0" * 2000  # the beginning of a long record
    with ScriptedServer(lambda peer: peer.drip(hello, 0.02)) as server, RequestsTransport() as transport:
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError):
            transport.send(ask(server.endpoint._replace(scheme=Scheme.HTTPS)), within(SOON))
        assert time.monotonic() - began < PATIENT


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def https_transport(authority: trustme.CA) -> Iterator[RequestsTransport]:
    with authority.cert_pem.tempfile() as ca_file, RequestsTransport(ca_file=ca_file) as transport:
        yield transport


def test_a_drip_over_tls(authority: trustme.CA, https_transport: RequestsTransport) -> None:
    with https_server(authority, after(reply(length=10**6), lambda peer: peer.drip(b"x", 0.02))) as server:
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError) as caught:
            https_transport.send(ask(server.endpoint, cap=10**9), within(SOON))
        assert time.monotonic() - began < PATIENT
    assert caught.value.phase == "reply"


def test_a_kept_connection_is_watched_anew(authority: trustme.CA, https_transport: RequestsTransport) -> None:
    def script(peer: Peer) -> None:
        answer(reply(b"quick"))(peer)
        after(reply(length=10**6), lambda peer: peer.drip(b"x", 0.02))(peer)

    with https_server(authority, script) as server:
        https_transport.send(ask(server.endpoint), within(PROMPT))
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError):
            https_transport.send(ask(server.endpoint, cap=10**9), within(SOON))
        assert time.monotonic() - began < PATIENT
        assert server.accepted == 1


def https_server(authority: trustme.CA, script: Script) -> ScriptedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return ScriptedServer(script, context)


@pytest.mark.parametrize(("connect", "deadline"), [(SOON, 20.0), (20.0, SOON)])
def test_nobody_accepts(transport: RequestsTransport, full_port: Endpoint, connect: float, deadline: float) -> None:
    began = time.monotonic()
    with pytest.raises(TransportTimeoutError) as caught:
        transport.send(HttpRequest(full_port, "/", connect_timeout=connect), within(deadline))
    assert SOON * 0.9 <= time.monotonic() - began < PATIENT
    assert caught.value.phase == "connect"


def test_the_connect_timeout_is_no_limit_for_the_reply(transport: RequestsTransport) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.over.wait(0.4)
        peer.send(reply(b"late"))

    with ScriptedServer(script) as server:
        request = HttpRequest(server.endpoint, "/", connect_timeout=0.1)
        assert transport.send(request, within(PROMPT)).body == b"late"


def test_the_connect_timeout_is_no_limit_for_the_request(
    authority: trustme.CA, https_transport: RequestsTransport
) -> None:
    def script(peer: Peer) -> None:
        peer.over.wait(0.4)  # what the buffers in between do not hold waits as long
        peer.read_request()
        peer.send(reply(b"taken"))

    with https_server(authority, script) as server:
        request = HttpRequest(server.endpoint, "/", "POST", body=b"x" * 20_000_000, connect_timeout=0.3)
        assert https_transport.send(request, within(PROMPT * 2)).body == b"taken"


def test_an_address_that_does_not_answer_leaves_time_for_the_next(full_port: Endpoint) -> None:
    with ScriptedServer(answer(reply(b"second"))) as server:
        listener = socket.socket()  # a full queue on the same port of another address
        fillers = [socket.socket() for _ in range(4)]
        try:
            listener.bind(("127.0.0.2", server.port))
            listener.listen(0)
            for filler in fillers:
                filler.settimeout(0)
                filler.connect_ex(("127.0.0.2", server.port))
            with RequestsTransport(resolve=lambda *_: ["127.0.0.2", "127.0.0.1"]) as transport:
                request = HttpRequest(server.named("mp.test"), "/", connect_timeout=1.5)
                began = time.monotonic()
                assert transport.send(request, within(PROMPT)).body == b"second"
                assert time.monotonic() - began < 1.4
        finally:
            for sock in (listener, *fillers):
                sock.close()


def test_a_resolver_that_hangs() -> None:
    released = threading.Event()

    def resolve(name: HostName, deadline: Deadline) -> list[str]:
        released.wait(PROMPT)
        return []

    with RequestsTransport(resolve=resolve) as transport:
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError) as caught:
            transport.send(ask(Endpoint(Scheme.HTTP, HostName("mp.test"), 80)), within(SOON))
        assert time.monotonic() - began < PATIENT
    released.set()
    assert caught.value.phase == "connect"


def test_cancelled_before(transport: RequestsTransport) -> None:
    signal = Signal()
    signal.cancel()
    with ScriptedServer(answer(reply())) as server:
        with pytest.raises(CancelledError):
            transport.send(ask(server.endpoint), within(PROMPT), signal)
        assert server.accepted == 0


def test_cancelled_between_the_first_look_and_the_connection(transport: RequestsTransport) -> None:
    class Sudden(Signal):
        def on_cancel(self, action: Callable[[], None]) -> None:
            action()

    with ScriptedServer(Peer.stay_silent) as server:
        began = time.monotonic()
        with pytest.raises(CancelledError):
            transport.send(ask(server.endpoint), within(20), Sudden())
        assert time.monotonic() - began < PATIENT


def test_cancelled_while_a_name_is_looked_up() -> None:
    signal, released = Signal(), threading.Event()

    def resolve(name: HostName, deadline: Deadline) -> list[str]:
        signal.cancel()
        released.wait(PROMPT)
        return []

    with RequestsTransport(resolve=resolve) as transport:
        began = time.monotonic()
        with pytest.raises(CancelledError):
            transport.send(ask(Endpoint(Scheme.HTTP, HostName("mp.test"), 80)), within(20), signal)
        assert time.monotonic() - began < PATIENT
    released.set()


def test_cancelled_while_connecting(transport: RequestsTransport, full_port: Endpoint) -> None:
    signal = Signal()
    timer = threading.Timer(SOON, signal.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(CancelledError) as caught:
        transport.send(HttpRequest(full_port, "/", connect_timeout=20), within(20), signal)
    assert time.monotonic() - began < PATIENT
    assert caught.value.endpoint == str(full_port)
    timer.join()


def test_cancelled_in_the_tls_handshake(transport: RequestsTransport) -> None:
    signal = Signal()

    def script(peer: Peer) -> None:
        peer.sock.recv(1000)  # the client has begun to speak TLS
        signal.cancel()
        peer.stay_silent()

    with ScriptedServer(script) as server:
        began = time.monotonic()
        with pytest.raises(CancelledError):
            transport.send(ask(server.endpoint._replace(scheme=Scheme.HTTPS)), within(20), signal)
        assert time.monotonic() - began < PATIENT


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.0 200 OK\r\n\r\nhalf", reply(b"half", length=8), CHUNKED + b"1\r\nx\r\n"]
)
def test_cancelled_while_a_reply_is_awaited(transport: RequestsTransport, data: bytes) -> None:
    signal = Signal()

    def cancel(peer: Peer) -> None:
        peer.over.wait(0.1)  # let the client take what was sent
        signal.cancel()
        peer.stay_silent()

    with ScriptedServer(after(data, cancel)) as server:
        began = time.monotonic()
        with pytest.raises(CancelledError):
            transport.send(ask(server.endpoint), within(20), signal)
        assert time.monotonic() - began < PATIENT


def test_cancelled_afterwards_is_too_late(transport: RequestsTransport) -> None:
    signal = Signal()
    with ScriptedServer(answer(reply(b"a"), reply(b"b"))) as server:
        assert transport.send(ask(server.endpoint), within(PROMPT), signal).body == b"a"
        signal.cancel()
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"b"
        assert server.accepted == 1


def test_no_watch_is_left_running(transport: RequestsTransport) -> None:
    with ScriptedServer(answer(*[reply()] * 5)) as server:
        for _ in range(5):
            transport.send(ask(server.endpoint), within(60), Signal())
    watches = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for watch in watches:
        watch.join(PATIENT)
    assert not any(watch.is_alive() for watch in watches)
