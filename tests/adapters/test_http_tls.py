"""HTTPS: whom we believe, what we show, and how a refusal reads."""

import socket
import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from adapters.scripted_http import PROMPT, Peer, Script, ScriptedServer, answer, answer_always, ask, reply, within
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.http_tls import build_tls_contexts, watch_no_more
from cmclient.errors import (
    ClientCertificateError,
    ConnectError,
    ConnectionLostError,
    ServerCertificateError,
    TlsError,
)
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName

AUTHORITY = trustme.CA()
OTHER_AUTHORITY = trustme.CA()
NOW = datetime.now(UTC)
TLS12 = ssl.TLSVersion.TLSv1_2
TLS13 = ssl.TLSVersion.TLSv1_3


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def transport(ca_file: str) -> Iterator[RequestsTransport]:
    with RequestsTransport(ca_file=ca_file) as transport:
        yield transport


def write_pair(folder: Path, issued: trustme.LeafCert) -> tuple[str, str]:
    certificate, key = folder / "client.pem", folder / "client.key"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    return str(certificate), str(key)


def server_context(issued: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (issued or AUTHORITY.issue_cert("127.0.0.1")).configure_cert(context)
    return context


def demanding_context(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = server_context()
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    return context


def test_a_verified_reply_is_trusted_and_its_connection_kept(transport: RequestsTransport) -> None:
    with ScriptedServer(answer_always(reply(b"secret")), server_context()) as server:
        for _ in range(3):
            got = transport.send(ask(server.endpoint), within(PROMPT))
            assert (got.body, got.trusted) == (b"secret", True)
        assert server.accepted == 1


def test_the_certificate_is_for_the_name_and_not_for_the_address(ca_file: str) -> None:
    names: list[str | None] = []
    context = server_context(AUTHORITY.issue_cert("mp.contoso.test"))
    context.sni_callback = lambda _, name, __: names.append(name)
    with (
        ScriptedServer(answer(reply(b"ok")), context) as server,
        RequestsTransport(ca_file=ca_file, resolve=lambda *_: ["127.0.0.1"]) as transport,
    ):
        assert transport.send(ask(server.named("mp.contoso.test")), within(PROMPT)).trusted
    assert names == ["mp.contoso.test"]
    assert f"Host: mp.contoso.test:{server.port}".encode() in server.requests[0]


def self_signed() -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mp")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = trustme.Blob(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pem.tempfile() as path:
        context.load_cert_chain(path)
    return context


def issue(*names: str, begins: int = -10, ends: int = 10) -> ssl.SSLContext:
    days = timedelta(days=1)
    return server_context(AUTHORITY.issue_cert(*names, not_before=NOW + begins * days, not_after=NOW + ends * days))


@pytest.mark.parametrize(
    ("context", "words", "hint"),
    [
        pytest.param(
            issue("mp.contoso.test", "10.0.0.1"),
            r"is for another name .*its names are mp\.contoso\.test, 10\.0\.0\.1",
            "alternative names",
            id="wrong name",
        ),
        pytest.param(issue("127.0.0.1", begins=-10, ends=-1), "has expired", "clock", id="expired"),
        pytest.param(issue("127.0.0.1", begins=1), "is not valid yet", "clock", id="not yet valid"),
        pytest.param(
            server_context(OTHER_AUTHORITY.issue_cert("127.0.0.1")),
            "authority that is not trusted",
            "ca_file",
            id="issuer",
        ),
        pytest.param(self_signed(), "is self-signed", "ca_file", id="self-signed"),
    ],
)
def test_a_certificate_that_fails_a_check_is_refused_before_anything_is_sent(
    transport: RequestsTransport, context: ssl.SSLContext, words: str, hint: str
) -> None:
    with (
        ScriptedServer(answer(reply(b"trust me")), context) as server,
        pytest.raises(ServerCertificateError, match=words) as caught,
    ):
        transport.send(ask(server.endpoint), within(PROMPT))
    assert server.requests == []
    assert hint in caught.value.hint
    assert caught.value.endpoint == str(server.endpoint)


def system_store(monkeypatch: pytest.MonkeyPatch, *, file: str = "/none", folder: str = "/none") -> None:
    """Say where the system keeps what it trusts; variables of the environment would lead elsewhere."""
    paths = ssl.DefaultVerifyPaths("/other", "/other", "SSL_CERT_FILE", file, "SSL_CERT_DIR", folder)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has stores of its own")
def test_the_store_of_the_system_is_the_default(monkeypatch: pytest.MonkeyPatch, ca_file: str, tmp_path: Path) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", "/none")
    other = tmp_path / "other.pem"
    OTHER_AUTHORITY.cert_pem.write_to_path(str(other))
    with ScriptedServer(answer_always(reply()), server_context()) as server:
        system_store(monkeypatch, file=ca_file)
        with RequestsTransport() as transport:
            assert transport.send(ask(server.endpoint), within(PROMPT)).trusted
        system_store(monkeypatch, file=str(other))
        with RequestsTransport() as transport, pytest.raises(ServerCertificateError, match="not trusted"):
            transport.send(ask(server.endpoint), within(PROMPT))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has stores of its own")
def test_a_system_without_a_store_trusts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    system_store(monkeypatch)
    with (
        ScriptedServer(answer(reply()), server_context()) as server,
        RequestsTransport() as transport,
        pytest.raises(ServerCertificateError, match="no certificates to trust") as caught,
    ):
        transport.send(ask(server.endpoint), within(PROMPT))
    assert (caught.value.reason, server.accepted) == ("no-authorities", 0)
    assert "ca_file" in caught.value.hint


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_bundle_of_the_environment_counts_when_it_is_to(
    monkeypatch: pytest.MonkeyPatch, ca_file: str, variable: str
) -> None:
    monkeypatch.setenv(variable, ca_file)
    with ScriptedServer(answer_always(reply()), server_context()) as server:
        with RequestsTransport(trust_env=True) as transport:
            assert transport.send(ask(server.endpoint), within(PROMPT)).trusted
        with RequestsTransport(trust_env=False) as transport, pytest.raises(ServerCertificateError):
            transport.send(ask(server.endpoint), within(PROMPT))


def test_only_the_given_authorities_are_trusted(tmp_path: Path, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", ca_file)
    other = tmp_path / "other.pem"
    OTHER_AUTHORITY.cert_pem.write_to_path(str(other))
    with (
        ScriptedServer(answer(reply()), server_context()) as server,
        RequestsTransport(ca_file=str(other), trust_env=True) as transport,
        pytest.raises(ServerCertificateError),
    ):
        transport.send(ask(server.endpoint), within(PROMPT))


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_trusted_certificates_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.pem"
    if content is not None:
        path.write_bytes(content)
    with ScriptedServer(answer_always(reply(b"plain"))) as plain, RequestsTransport(ca_file=str(path)) as transport:
        with pytest.raises(ServerCertificateError, match=r"bad\.pem cannot be read"):
            transport.send(ask(plain.endpoint._replace(scheme=Scheme.HTTPS)), within(PROMPT))
        assert plain.accepted == 0
        assert transport.send(ask(plain.endpoint), within(PROMPT)).body == b"plain"


def test_plain_http_on_the_port_for_https(transport: RequestsTransport) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(10_000)
        peer.send(reply(b"", "400 Bad Request"))

    with ScriptedServer(script) as server, pytest.raises(TlsError, match="no TLS is spoken") as caught:
        transport.send(ask(server.endpoint._replace(scheme=Scheme.HTTPS)), within(PROMPT))
    assert "HTTPS port" in caught.value.hint


@pytest.mark.parametrize("reset", [False, True])
def test_a_handshake_that_is_cut_off(transport: RequestsTransport, reset: bool) -> None:  # noqa: FBT001
    def script(peer: Peer) -> None:
        peer.sock.recv(10_000)
        if reset:
            peer.reset()

    with ScriptedServer(script) as server, pytest.raises(TlsError, match="closed during the TLS handshake"):
        transport.send(ask(server.endpoint._replace(scheme=Scheme.HTTPS)), within(PROMPT))


def test_tls_on_the_port_for_http(transport: RequestsTransport) -> None:
    with ScriptedServer(answer(reply()), server_context()) as server, pytest.raises(ConnectionLostError):
        transport.send(ask(server.endpoint._replace(scheme=Scheme.HTTP)), within(PROMPT))


def test_a_connection_that_is_gone_is_not_used_without_tls(ca_file: str) -> None:
    """The ssl module would hand back a socket that had no handshake, and sends in the clear."""
    context = build_tls_contexts(Endpoint(Scheme.HTTPS, HostName("mp.test"), 443), ca_file).server
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as ours:
        theirs, _ = listener.accept()
        ours.shutdown(socket.SHUT_RDWR)
        theirs.close()
        with pytest.raises(OSError, match="not connected"):
            ours.getpeername()
        with pytest.raises(ConnectionResetError):
            context.wrap_socket(ours, server_hostname="mp.test")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_an_old_version_is_refused(transport: RequestsTransport) -> None:
    context = server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with ScriptedServer(answer(reply()), context) as server, pytest.raises(TlsError, match=r"1\.2"):
        transport.send(ask(server.endpoint), within(PROMPT))


def test_no_cipher_in_common_is_not_laid_to_the_certificate(transport: RequestsTransport) -> None:
    context = server_context()
    context.maximum_version = TLS12
    context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")  # and the key is for ECDSA
    with ScriptedServer(answer(reply()), context) as server, pytest.raises(TlsError, match="no cipher in common"):
        transport.send(ask(server.endpoint), within(PROMPT))


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_client_certificate_is_shown_to_a_server_that_asks(
    tmp_path: Path, ca_file: str, version: ssl.TLSVersion
) -> None:
    pair = write_pair(tmp_path, AUTHORITY.issue_cert("client.test"))
    subjects: list[object] = []

    def script(peer: Peer) -> None:
        assert isinstance(peer.sock, ssl.SSLSocket)
        subjects.append(peer.sock.getpeercert())
        answer(reply(b"welcome"))(peer)

    with (
        ScriptedServer(script, demanding_context(version)) as server,
        RequestsTransport(ca_file=ca_file, client_certificate=pair) as transport,
    ):
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"welcome"
    assert "client.test" in str(subjects)


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_server_that_demands_a_client_certificate_gets_none(
    transport: RequestsTransport, version: ssl.TLSVersion
) -> None:
    with (
        ScriptedServer(answer(reply()), demanding_context(version)) as server,
        pytest.raises(ClientCertificateError, match="demands a client certificate") as caught,
    ):
        transport.send(ask(server.endpoint), within(PROMPT))
    assert "client_certificate" in caught.value.hint
    assert server.requests == []


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_client_certificate_of_another_authority_is_not_accepted(
    tmp_path: Path, ca_file: str, version: ssl.TLSVersion
) -> None:
    pair = write_pair(tmp_path, OTHER_AUTHORITY.issue_cert("client.test"))
    with (
        ScriptedServer(answer(reply()), demanding_context(version)) as server,
        RequestsTransport(ca_file=ca_file, client_certificate=pair) as transport,
        pytest.raises(ClientCertificateError, match=r"did not accept our client certificate \(unknown ca\)"),
    ):
        transport.send(ask(server.endpoint), within(PROMPT))


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_refusal_that_comes_while_we_send_is_understood(
    transport: RequestsTransport, version: ssl.TLSVersion
) -> None:
    request = ask(Endpoint(Scheme.HTTPS, HostName("127.0.0.1"), 1), method="POST", body=b"x" * 20_000_000)
    with (
        ScriptedServer(answer(reply()), demanding_context(version)) as server,
        pytest.raises(ClientCertificateError, match="demands a client certificate"),
    ):
        transport.send(request._replace(endpoint=server.endpoint), within(PROMPT))


def test_a_client_certificate_that_cannot_be_used_is_no_matter_for_http(tmp_path: Path, ca_file: str) -> None:
    pair = (str(tmp_path / "none.pem"), str(tmp_path / "none.key"))
    with (
        ScriptedServer(answer_always(reply(b"plain"))) as server,
        RequestsTransport(ca_file=ca_file, client_certificate=pair) as transport,
    ):
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"plain"
        with pytest.raises(ClientCertificateError, match="No such file"):
            transport.send(ask(server.endpoint._replace(scheme=Scheme.HTTPS)), within(PROMPT))


def test_a_key_that_belongs_to_another_certificate(tmp_path: Path, ca_file: str) -> None:
    certificate, key = write_pair(tmp_path, AUTHORITY.issue_cert("client.test"))
    AUTHORITY.issue_cert("client.test").private_key_pem.write_to_path(key)
    with (
        RequestsTransport(ca_file=ca_file, client_certificate=(certificate, key)) as transport,
        pytest.raises(ClientCertificateError, match="does not belong"),
    ):
        transport.send(ask(Endpoint(Scheme.HTTPS, HostName("127.0.0.1"), 1)), within(PROMPT))


def test_a_key_with_a_password_is_not_asked_for_on_the_terminal(tmp_path: Path, ca_file: str) -> None:
    certificate, key = write_pair(tmp_path, AUTHORITY.issue_cert("client.test"))
    private = load_pem_private_key(Path(key).read_bytes(), None)
    Path(key).write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    )
    with (
        RequestsTransport(ca_file=ca_file, client_certificate=(certificate, key)) as transport,
        pytest.raises(ClientCertificateError, match="protected by a password"),
    ):
        transport.send(ask(Endpoint(Scheme.HTTPS, HostName("127.0.0.1"), 1)), within(PROMPT))


def tunnel(status: str, tls: ssl.SSLContext | None = None) -> Script:
    """Stand in for a proxy and for the server behind it."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if tls is not None:
            inside = tls.wrap_socket(peer.sock, server_side=True)
            with inside:
                answer(reply(b"inside"))(Peer(inside, peer.over, []))

    return script


def test_a_proxy_is_looked_through(monkeypatch: pytest.MonkeyPatch, ca_file: str) -> None:
    behind = server_context(AUTHORITY.issue_cert("mp.test"))
    with ScriptedServer(tunnel("200 Connected", behind)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with RequestsTransport(ca_file=ca_file, trust_env=True) as transport:
            got = transport.send(ask(Endpoint(Scheme.HTTPS, HostName("mp.test"), 443)), within(PROMPT))
            assert (got.body, got.trusted) == (b"inside", True)
        assert proxy.requests[0].startswith(b"CONNECT mp.test:443 ")


def test_a_proxy_does_not_vouch_for_a_server(monkeypatch: pytest.MonkeyPatch, ca_file: str) -> None:
    behind = server_context(AUTHORITY.issue_cert("proxy.test"))
    with ScriptedServer(tunnel("200 Connected", behind)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with (
            RequestsTransport(ca_file=ca_file, trust_env=True) as transport,
            pytest.raises(ServerCertificateError, match="another name"),
        ):
            transport.send(ask(Endpoint(Scheme.HTTPS, HostName("mp.test"), 443)), within(PROMPT))


def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(tunnel("407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with RequestsTransport(trust_env=True) as transport, pytest.raises(ConnectError, match=r"proxy .*407"):
            transport.send(ask(Endpoint(Scheme.HTTPS, HostName("mp.test"), 443)), within(PROMPT))


def test_a_proxy_with_tls_is_verified_and_not_shown_our_certificate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca_file: str
) -> None:
    pair = write_pair(tmp_path, AUTHORITY.issue_cert("client.test"))
    outer = demanding_context(TLS13)
    outer.verify_mode = ssl.CERT_OPTIONAL
    shown: list[object] = []

    def script(peer: Peer) -> None:
        assert isinstance(peer.sock, ssl.SSLSocket)
        shown.append(peer.sock.getpeercert())
        peer.read_request()
        peer.send(reply(b"by proxy"))

    with ScriptedServer(script, outer) as proxy:
        monkeypatch.setenv("https_proxy", f"https://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"https://127.0.0.1:{proxy.port}")
        with RequestsTransport(ca_file=ca_file, client_certificate=pair, trust_env=True) as transport:
            got = transport.send(ask(Endpoint(Scheme.HTTP, HostName("mp.test"), 80)), within(PROMPT))
            assert (got.body, got.trusted) == (b"by proxy", False)
            with pytest.raises((TlsError, ConnectionLostError)):  # it is no tunnel
                transport.send(ask(Endpoint(Scheme.HTTPS, HostName("mp.test"), 443)), within(PROMPT))
        with RequestsTransport(trust_env=True) as transport, pytest.raises(ConnectError, match="proxy"):
            transport.send(ask(Endpoint(Scheme.HTTP, HostName("mp.test"), 80)), within(PROMPT))
    assert not any(shown)
    assert len(shown) == 2


@pytest.mark.parametrize(("version", "is_watched"), [(TLS12, True), (TLS13, False)], ids=["1.2", "1.3"])
def test_records__are_watched_on_as_long_as_the_server_could_negotiate_anew(
    ca_file: str, version: ssl.TLSVersion, *, is_watched: bool
) -> None:
    context = server_context()
    context.minimum_version = context.maximum_version = version
    with ScriptedServer(answer_always(reply(b"ok")), context) as server:
        client = build_tls_contexts(server.endpoint, ca_file).server
        with (
            socket.create_connection(("127.0.0.1", server.port), PROMPT) as line,
            client.wrap_socket(line, server_hostname="127.0.0.1") as secured,
        ):
            watch_no_more(secured)
            assert (getattr(secured.context, "_msg_callback", None) is not None) is is_watched
            secured.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert secured.recv(64).startswith(b"HTTP/1.1 200")
