"""Proxies: who is asked for the way, what is read of the answer, and what is never told."""

import base64
import ssl
from pathlib import Path

import pytest
import trustme
from adapters.scripted_http import PROMPT, Peer, Script, ScriptedServer, Signal, answer, ask, reply, within

from cmclient.adapters.http import RequestsTransport
from cmclient.errors import CancelledError, ProxyError, ServerCertificateError, TransportTimeoutError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import GatewayPath, HostName
from cmclient.protocol.proxies import parse_proxy

AUTHORITY = trustme.CA()
GATEWAY = Endpoint(Scheme.HTTPS, HostName("gw.test"), 443, GatewayPath("/CCM_Proxy_MutualAuth/72057594037937937"))
SERVER = Endpoint(Scheme.HTTPS, HostName("mp.test"), 443)
LOGIN = "me:s3cr3t"


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    issued = AUTHORITY.issue_cert("client.test")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    return str(certificate), str(key)


def context_for(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def tunnel(inside: ssl.SSLContext, shown: list[object]) -> Script:
    """Stand in for a proxy, and for a server behind it that notes which certificate it was shown."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n")
        with inside.wrap_socket(peer.sock, server_side=True) as secured:
            shown.append(secured.getpeercert())
            answer(reply(b"inside"))(Peer(secured, peer.over, peer._requests))

    return script


def refusing(head: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(head)

    return script


def by(proxy: ScriptedServer, login: str = "") -> RequestsTransport:
    return RequestsTransport(proxy=parse_proxy(f"http://{login}{'@' if login else ''}127.0.0.1:{proxy.port}"))


def refusal_of(script: Script, seconds: float = PROMPT) -> ProxyError:
    with ScriptedServer(script) as proxy, by(proxy, LOGIN) as transport, pytest.raises(ProxyError) as caught:
        transport.send(ask(SERVER), within(seconds))
    return caught.value


def test_a_given_proxy_is_used_for_http_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "*")
    with ScriptedServer(answer(reply(b"by proxy"))) as proxy, by(proxy) as transport:
        endpoint = Endpoint(Scheme.HTTP, HostName("mp.test"), 80)
        assert transport.send(ask(endpoint, "/x"), within(PROMPT)).body == b"by proxy"
    assert proxy.requests[0].startswith(b"GET http://mp.test/x HTTP/1.1\r\n")


@pytest.mark.rule("CG-007")
def test_a_gateway_is_reached_through_a_proxy_with_every_check(ca_file: str, pair: tuple[str, str]) -> None:
    """The certificate goes to the server that passed, in a second connection, and to nobody before."""
    shown: list[object] = []
    with ScriptedServer(tunnel(context_for("gw.test"), shown)) as proxy:
        given = parse_proxy(f"{LOGIN}@127.0.0.1:{proxy.port}")
        with RequestsTransport(ca_file=ca_file, client_certificate=pair, proxy=given) as transport:
            got = transport.send(ask(GATEWAY, "/SMS_MP/.sms_aut?MPLIST2"), within(PROMPT))
    assert (got.body, got.trusted) == (b"inside", True)
    assert [bool(one) for one in shown] == [False, True]
    connects = [one for one in proxy.requests if one.startswith(b"CONNECT")]
    login = base64.b64encode(LOGIN.encode())
    assert len(connects) == 2
    assert all(one.startswith(b"CONNECT gw.test:443 HTTP/1.1\r\nHost: gw.test:443\r\n") for one in connects)
    assert all(b"Proxy-Authorization: Basic " + login in one for one in connects)
    inside = next(one for one in proxy.requests if one.startswith(b"GET"))
    assert inside.startswith(b"GET /CCM_Proxy_MutualAuth/72057594037937937/SMS_MP/.sms_aut?MPLIST2 HTTP/1.1\r\n")
    assert login not in inside


def test_behind_a_proxy_another_server_sees_neither_request_nor_certificate(
    ca_file: str, pair: tuple[str, str]
) -> None:
    shown: list[object] = []
    with ScriptedServer(tunnel(context_for("other.test"), shown)) as proxy:
        given = parse_proxy(f"127.0.0.1:{proxy.port}")
        with (
            RequestsTransport(ca_file=ca_file, client_certificate=pair, proxy=given) as transport,
            pytest.raises(ServerCertificateError, match="another name"),
        ):
            transport.send(ask(GATEWAY), within(PROMPT))
    assert not any(shown)
    assert [one.split()[0] for one in proxy.requests] == [b"CONNECT"]


def test_a_proxy_that_wants_to_know_who_asks() -> None:
    error = refusal_of(refusing(reply(b"", "407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate")))
    assert (error.code, error.reason) == ("proxy", "authentication")
    assert "407" in error.message
    assert "setting proxy" in error.hint


@pytest.mark.parametrize(
    ("head", "reason", "words"),
    [
        (b"HTTP/1.1 403 Not \x1b[31mhere\r\n\r\n", "refused", "403 Not ?[31mhere"),
        (b"HTTP/1.0 302 Found\r\nLocation: http://portal.test/\r\n\r\n", "refused", "302 Found"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "unusable", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\n", "unusable", "closed the connection"),
        (b"", "unusable", "closed the connection"),
    ],
)
def test_a_proxy_that_refuses_says_what_it_said(head: bytes, reason: str, words: str) -> None:
    error = refusal_of(refusing(head))
    assert error.reason == reason
    assert words in error.message


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(lambda peer: peer.flood(b"X-More: of the same\r\n" * 100), id="lines"),
        pytest.param(lambda peer: peer.flood(b"x" * 4096), id="one line"),
    ],
)
def test_no_more_than_the_head_of_the_answer_is_read(endless: Script) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n")
        endless(peer)

    assert "16384 bytes" in refusal_of(script, seconds=60).message


@pytest.mark.parametrize("talks", [True, False])
def test_a_slow_proxy_is_broken_off_at_the_deadline(*, talks: bool) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        if talks:
            peer.drip(b"HTTP/1.1 200 OK\r\nX: y\r\n", every=0.02)
        peer.stay_silent()

    with ScriptedServer(script) as proxy, by(proxy) as transport:
        with pytest.raises(TransportTimeoutError, match="the proxy did not open the way") as caught:
            transport.send(ask(SERVER), within(0.4))
        assert caught.value.phase == "connect"


def test_a_wait_for_a_proxy_can_be_cancelled() -> None:
    signal = Signal()

    def script(peer: Peer) -> None:
        peer.read_request()
        signal.cancel()
        peer.stay_silent()

    with ScriptedServer(script) as proxy, by(proxy) as transport, pytest.raises(CancelledError):
        transport.send(ask(SERVER), within(PROMPT), signal)


def test_credentials_of_the_environment_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://{LOGIN}@127.0.0.1:99999")
    with RequestsTransport(trust_env=True) as transport, pytest.raises(ProxyError) as caught:
        transport.send(ask(SERVER), within(PROMPT))
    assert caught.value.reason == "address"
    assert "http://***@127.0.0.1:99999" in caught.value.message
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"


def test_a_script_in_the_environment_is_refused_and_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(answer(reply(b"function FindProxyForURL() {}"))) as server:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.port}/proxy.pac")
        with RequestsTransport(trust_env=True) as transport, pytest.raises(ProxyError, match="PAC"):
            transport.send(ask(SERVER), within(PROMPT))
    assert server.accepted == 0


def test_a_refusal_never_repeats_the_credentials() -> None:
    for head in (b"HTTP/1.1 407 No\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n"):
        error = refusal_of(refusing(head))
        assert "s3cr3t" not in f"{error} {error.hint} {error!r} {error.__cause__!r}"
