"""Every bad certificate, chain, revocation list and server: refused with its own reason, and nothing sent before.

The client has a certificate of its own in all of these; a server that is refused never gets to see it.
"""

import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from adapters.scripted_http import PROMPT, Peer, Script, ScriptedServer, answer, answer_always, ask, reply, within
from adapters.zoo import (
    CLIENT,
    HOST,
    Held,
    ZooAuthority,
    ec_key,
    looping_chain,
    records_with_certificate,
    self_signed,
    server_context,
    signed_with_sha1,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from cmclient.adapters.crl_cache import CRL_CAP, CrlCache
from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.http_tls import build_tls_contexts
from cmclient.adapters.http_trust import Trust
from cmclient.adapters.http_watch import Watch
from cmclient.adapters.identity import ClientIdentity
from cmclient.adapters.server_refusals import REASONS
from cmclient.errors import ServerCertificateError, TlsError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName

ROOT = ZooAuthority()
SMALL_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 - this is the point
STRANGER = ZooAuthority("Stranger CA")
EXPIRED_ISSUER = ROOT.below("Old CA", ends=-1)
WEAK_ISSUER = ZooAuthority("Weak CA", key=SMALL_KEY)
RSA_KEY = rsa.generate_private_key(65537, 2048)
OLD_HASH_ROOT = ZooAuthority("Old Hash CA", key=RSA_KEY)
OURS = ROOT.issue("pc1.contoso.test", purposes=(CLIENT,))
IDENTITY = ClientIdentity("pc1.pem", (OURS.certificate,), OURS.key)


class Scene:
    """Servers and a client of one test; ``shown`` is what our side showed to the server."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.shown: list[object] = []
        self.server: ScriptedServer | None = None
        self._stack = stack
        self._trusted = folder / "trusted.pem"
        self._trust(ROOT, WEAK_ISSUER, OLD_HASH_ROOT)

    def _trust(self, *authorities: ZooAuthority) -> None:
        self._trusted.write_bytes(b"".join(Held(one.certificate, one.key).pem(with_key=False) for one in authorities))

    def serve(self, held: Held, *, demands: bool = False, version: ssl.TLSVersion | None = None) -> ScriptedServer:
        context = server_context(held, trusts=ROOT.certificate, demands=demands)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return self.serve_with(context)

    def serve_with(self, context: ssl.SSLContext) -> ScriptedServer:
        def script(peer: Peer) -> None:
            assert isinstance(peer.sock, ssl.SSLSocket)
            self.shown.append(peer.sock.getpeercert())
            answer_always(reply(b"welcome"))(peer)

        self.server = self._stack.enter_context(ScriptedServer(script, context))
        return self.server

    def publish(self, script: Script) -> tuple[ScriptedServer, str]:
        """Start a server for a revocation list."""
        server = self._stack.enter_context(ScriptedServer(script))
        return server, f"http://127.0.0.1:{server.port}/zoo.crl"

    def transport(self, *, crls: CrlCache | None = None, anonymous: bool = False) -> RequestsTransport:
        return self._stack.enter_context(
            RequestsTransport(
                ca_file=str(self._trusted),
                client_certificate=None if anonymous else IDENTITY,
                crls=crls,
                resolve=lambda *_: ["127.0.0.1"],
            )
        )

    def ask(self, *, crls: CrlCache | None = None, seconds: float = PROMPT, anonymous: bool = False) -> Any:
        assert self.server is not None
        transport = self.transport(crls=crls, anonymous=anonymous)
        return transport.send(ask(self.server.named(HOST)), within(seconds))

    def refusal(self, **options: Any) -> ServerCertificateError:
        """Ask, and see to it that nothing of ours was given away before the refusal."""
        with pytest.raises(ServerCertificateError) as caught:
            self.ask(**options)
        assert self.server is not None
        assert self.server.requests == []
        assert not any(self.shown)
        return caught.value


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(tmp_path, stack)


def issued(**options: Any) -> Callable[[], Held]:
    return lambda: ROOT.issue(HOST, **options)


def below_an_expired_authority() -> Held:
    return EXPIRED_ISSUER.issue(HOST)._replace(chain=(EXPIRED_ISSUER.certificate,))


def altered() -> Held:
    """A certificate whose signature is that of another one."""
    held = ROOT.issue(HOST)
    forger = ZooAuthority("Zoo Root CA")  # the same name, another key
    return forger.issue(HOST, key=held.key)


SPECIMENS = [
    pytest.param(issued(ends=-1), "expired", "has expired", id="expired"),
    pytest.param(issued(begins=1), "not-yet-valid", "is not valid yet", id="not yet valid"),
    pytest.param(below_an_expired_authority, "expired", "authority above the server has expired", id="expired issuer"),
    pytest.param(self_signed, "self-signed", "self-signed", id="self-signed"),
    pytest.param(lambda: STRANGER.issue(HOST), "untrusted-issuer", "not trusted here", id="unknown issuer"),
    pytest.param(lambda: ROOT.issue("mp.fabrikam.test"), "wrong-name", "another name", id="wrong name"),
    pytest.param(
        lambda: ROOT.issue("other.contoso.test", subject=HOST),
        "wrong-name",
        "its names are other.contoso.test",
        id="right subject, wrong alternative name",
        marks=pytest.mark.rule("TR-031"),
    ),
    pytest.param(
        lambda: ROOT.issue(subject=HOST),
        "wrong-name",
        "it has no alternative names",
        id="right subject, no alternative name",
    ),
    pytest.param(
        issued(purposes=(CLIENT,)),
        "wrong-purpose",
        "not meant for servers",
        id="client",
        marks=pytest.mark.rule("TR-030"),
    ),
    pytest.param(
        issued(purposes=None),
        "wrong-purpose",
        "server authentication",
        id="no purpose",
        marks=pytest.mark.rule("TR-030"),
    ),
    pytest.param(issued(key=SMALL_KEY), "weak-key", "RSA key of 1024 bits", id="weak key"),
    pytest.param(
        lambda: WEAK_ISSUER.issue(HOST), "weak-key", "CA certificate key too weak", id="weak key of the issuer"
    ),
    pytest.param(lambda: signed_with_sha1(OLD_HASH_ROOT), "weak-signature", "a signature with SHA1", id="SHA-1"),
    pytest.param(looping_chain, "looping-chain", "leads back into itself", id="looping chain"),
    pytest.param(altered, "bad-signature", "not that of its issuer", id="forged signature"),
]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("anonymous", [False, True], ids=["", "without ours"])
@pytest.mark.parametrize(("make", "reason", "words"), SPECIMENS)
def test_certificate__is_refused_for_its_own_reason_before_anything_is_sent(
    scene: Scene,
    make: Callable[[], Held],
    reason: str,
    words: str,
    anonymous: bool,  # noqa: FBT001
    version: ssl.TLSVersion,
) -> None:
    held = make()
    scene.serve(held, version=version)
    error = scene.refusal(anonymous=anonymous)
    assert (error.reason, error.code) == (reason, "server-certificate")
    assert words in error.message
    assert error.hint == REASONS[reason][1]
    told = error.certificate
    assert told.expected == HOST
    assert f"expected {HOST}" in error.message
    for fact in (told.subject, told.issuer):
        assert fact, "whose it is and who says so"
        assert fact in error.message
    assert told.not_before[:10] in error.message
    assert told.not_after[:10] in error.message


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        pytest.param((ROOT.issue(HOST, key=SMALL_KEY).certificate, ROOT.certificate), "weak-key", id="key"),
        pytest.param(
            (WEAK_ISSUER.issue(HOST).certificate, WEAK_ISSUER.certificate), "weak-key", id="key of the issuer"
        ),
        pytest.param((signed_with_sha1(OLD_HASH_ROOT).certificate, ROOT.certificate), "weak-signature", id="SHA-1"),
        pytest.param((), "not-accepted", id="not seen"),
    ],
)
def test_chain__that_openssl_would_have_let_pass_is_refused_all_the_same(
    chain: tuple[x509.Certificate, ...], reason: str
) -> None:
    """How strict OpenSSL is depends on how the system was built."""
    endpoint = Endpoint(Scheme.HTTPS, HostName(HOST), 443)
    encoded = [one.public_bytes(Encoding.DER) for one in chain]
    with pytest.raises(ServerCertificateError) as caught:
        Trust(lambda: None, None, None).verify(Watch(endpoint, within(PROMPT), PROMPT), encoded)
    assert caught.value.reason == reason


JUNK = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.37"), b"\x30\x03\x02\x01\x05")


@pytest.mark.parametrize(
    "encoded",
    [
        b"\x30\x82\x01\x00" + b"\x41" * 256,
        b"",
        ROOT.issue(HOST, purposes=None, more=[JUNK]).certificate.public_bytes(Encoding.DER),
        ROOT.issue(HOST).certificate.public_bytes(Encoding.DER)[:-20],
    ],
    ids=["junk", "nothing", "a malformed field", "cut off"],
)
def test_malformed_certificate__is_refused(scene: Scene, encoded: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(10_000)
        peer.send(records_with_certificate(encoded))
        with suppress(OSError):
            peer.sock.recv(10_000)

    with ScriptedServer(script) as server, pytest.raises(ServerCertificateError) as caught:
        scene.transport().send(ask(server.named(HOST)._replace(scheme=Scheme.HTTPS)), within(PROMPT))
    assert caught.value.reason == "malformed"
    assert "cannot be read" in caught.value.message
    assert server.accepted == 1


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated:DeprecationWarning")
def test_tls_1_0__is_refused(scene: Scene) -> None:
    scene.serve(ROOT.issue(HOST), version=ssl.TLSVersion.TLSv1)
    with pytest.raises(TlsError, match=r"1\.2") as caught:
        scene.ask()
    assert caught.value.reason == "old-version"
    assert scene.shown == []


@contextmanager
def renegotiating_server(folder: Path) -> Iterator[tuple[int, Callable[[], None]]]:
    """A real server that can be told to negotiate anew, and to demand a client certificate in that."""
    held = ROOT.issue(HOST)
    (folder / "server.pem").write_bytes(held.pem())
    (folder / "ca.pem").write_bytes(Held(ROOT.certificate, ROOT.key).pem(with_key=False))
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-CAfile", "ca.pem", "-tls1_2"]
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def renegotiate() -> None:
        for line in stdout:
            if line.startswith("GET "):
                stdin.write("R\n")
                stdin.flush()
                return

    try:
        port = next(int(line.rpartition(":")[2]) for line in stdout if line.startswith("ACCEPT"))
        yield port, renegotiate
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_renegotiation_for_a_client_certificate__is_refused(scene: Scene, tmp_path: Path) -> None:
    from threading import Thread  # noqa: PLC0415

    with renegotiating_server(tmp_path) as (port, renegotiate):
        asking = Thread(target=renegotiate, daemon=True)
        asking.start()
        started = time.monotonic()
        with pytest.raises(TlsError, match="negotiate anew") as caught:
            scene.transport().send(ask(Endpoint(Scheme.HTTPS, HostName(HOST), port)), within(PROMPT))
        asking.join(PROMPT)
    assert caught.value.reason == "renegotiation"
    assert "negotiate the client certificate" in caught.value.hint
    assert time.monotonic() - started < PROMPT


def test_renegotiation__is_off_wherever_it_is_not_noticed(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(Held(ROOT.certificate, ROOT.key).pem(with_key=False))
    contexts = build_tls_contexts(Endpoint(Scheme.HTTPS, HostName(HOST), 443), str(tmp_path / "ca.pem"))
    assert all(context.options & ssl.OP_NO_RENEGOTIATION for context in contexts)


# Our own certificate


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("demands", [False, True], ids=["asks", "demands"])
def test_our_certificate__is_shown_in_a_second_handshake_only(
    scene: Scene,
    version: ssl.TLSVersion,
    demands: bool,  # noqa: FBT001
) -> None:
    server = scene.serve(ROOT.issue(HOST), demands=demands, version=version)
    assert scene.ask().body == b"welcome"
    assert server.accepted == 2
    assert "pc1.contoso.test" in str(scene.shown[-1])
    assert not any(scene.shown[:-1])


def test_our_certificate__of_a_server_that_passed_is_offered_at_once(scene: Scene) -> None:
    """The first look counts for a while: a further connection takes one handshake."""
    server = scene.serve(ROOT.issue(HOST))
    transport = scene.transport()
    for _ in range(2):
        transport.send(ask(server.named(HOST)), within(PROMPT))
        for session in transport._idle.pop((server.named(HOST), False)):
            session.close()
    assert server.accepted == 3


def test_our_certificate__is_not_shown_to_whoever_comes_after_the_first_look(scene: Scene) -> None:
    """Another certificate in the second handshake is looked at as the first was; three times is enough."""
    contexts = [server_context(ROOT.issue(HOST), trusts=ROOT.certificate) for _ in range(8)]
    first = contexts[0]
    turns = iter(contexts)

    def change(sock: ssl.SSLObject, *_: Any) -> None:
        sock.context = next(turns)

    first.sni_callback = change  # type: ignore[assignment]
    scene.serve_with(first)
    assert scene.refusal().reason == "unsteady"


def test_our_certificate__several_servers_of_one_name_are_each_looked_at(scene: Scene) -> None:
    pair = [server_context(ROOT.issue(HOST), trusts=ROOT.certificate) for _ in range(2)]
    order = iter([pair[0], pair[1], pair[1], pair[0], pair[1], pair[0]])

    def change(sock: ssl.SSLObject, *_: Any) -> None:
        sock.context = next(order)

    pair[0].sni_callback = change  # type: ignore[assignment]
    scene.serve_with(pair[0])
    assert scene.ask().body == b"welcome"
    assert "pc1.contoso.test" in str(scene.shown[-1])


# Revocation


def hang(peer: Peer) -> None:
    peer.read_request()
    peer.stay_silent()


def flood(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
    with suppress(OSError):
        peer.flood(b"\0" * 100_000)


def lists(**options: Any) -> Callable[[Held], Script]:
    return lambda _: answer(reply(ROOT.revocation_list(**options)))


def listing(held: Held) -> Script:
    return answer(reply(ROOT.revocation_list(held.certificate)))


def later(made: list[bytes], place: int = 0) -> Script:
    """Answer with a list that is made once the certificate is, which names the place of the list."""

    def script(peer: Peer) -> None:
        answer(reply(made[place]))(peer)

    return script


def always(script: Script) -> Callable[[Held], Script]:
    return lambda _: script


DELTA = ((x509.DeltaCRLIndicator(1), True),)


def scope(*places: str, authorities: bool = False, indirect: bool = False) -> Any:
    """Say what a list is for."""
    names = [x509.UniformResourceIdentifier(place) for place in places] or None
    return (
        (
            x509.IssuingDistributionPoint(
                full_name=names,
                relative_name=None,
                only_contains_user_certs=False,
                only_contains_ca_certs=authorities,
                only_some_reasons=None,
                indirect_crl=indirect,
                only_contains_attribute_certs=False,
            ),
            True,
        ),
    )


RIDDLE = ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),)


@pytest.mark.rule("TR-035")
@pytest.mark.parametrize(
    ("publish", "reason", "words"),
    [
        pytest.param(listing, "revoked", "was revoked (on ", id="revoked"),
        pytest.param(always(hang), "crl-unreachable", "no whole reply", id="a blackhole"),
        pytest.param(always(lambda peer: peer.reset()), "crl-unreachable", "connection", id="reset"),
        pytest.param(always(answer(reply(b"", "404 Not Found"))), "crl-unreachable", "status 404", id="not found"),
        pytest.param(
            always(answer(reply(b"", "302 Found", "Location: http://127.0.0.1:1/"))),
            "crl-unreachable",
            "redirects are not followed",
            id="redirect",
        ),
        pytest.param(always(answer(reply(b"", length=CRL_CAP + 1))), "crl-too-large", "bytes", id="huge, announced"),
        pytest.param(always(flood), "crl-too-large", "the most that is read", id="huge, without end"),
        pytest.param(lists(ends=-0.5), "crl-stale", "was to be replaced", id="stale"),
        pytest.param(lists(begins=0.5, ends=1), "crl-stale", "not valid before", id="not yet valid"),
        pytest.param(lists(signer=ec_key()), "crl-foreign", "signature is not that", id="signed by another"),
        pytest.param(lists(issuer=STRANGER.name), "crl-foreign", "Stranger CA", id="of another"),
        pytest.param(always(answer(reply(b"<html>"))), "crl-malformed", "is none", id="no list"),
        pytest.param(lists(more=DELTA), "crl-unsupported", "delta", id="delta"),
        pytest.param(lists(more=scope(indirect=True)), "crl-unsupported", "indirect", id="indirect"),
        pytest.param(lists(more=scope(authorities=True)), "crl-unsupported", "another kind", id="for authorities"),
        pytest.param(
            lists(more=scope("http://elsewhere.test/")), "crl-unsupported", "other certificates", id="of another place"
        ),
        pytest.param(lists(more=RIDDLE), "crl-unsupported", "1.2.3.4", id="an unknown part"),
    ],
)
def test_revocation__what_is_not_known_for_sure_is_a_refusal(
    scene: Scene, publish: Callable[[Held], Script], reason: str, words: str
) -> None:
    made: list[Script] = []

    def play(peer: Peer) -> None:
        made[0](peer)

    _, url = scene.publish(play)
    held = ROOT.issue(HOST, lists=[url])
    made.append(publish(held))
    scene.serve(held)
    started = time.monotonic()
    error = scene.refusal(crls=CrlCache(), seconds=1.5)
    assert time.monotonic() - started < 1.5, "in the deadline"
    assert error.reason == reason
    assert words in error.message
    assert error.certificate.subject == f"CN={HOST}"


@pytest.mark.rule("TR-033")
@pytest.mark.parametrize("anonymous", [False, True])
@pytest.mark.parametrize("checks", [True, False])
def test_revocation__is_checked_where_it_is_to_be(scene: Scene, checks: bool, anonymous: bool) -> None:  # noqa: FBT001
    made: list[bytes] = []
    crl_server, url = scene.publish(later(made))
    held = ROOT.issue(HOST, lists=[url])
    made.append(ROOT.revocation_list(held.certificate))
    scene.serve(held)
    if checks:
        assert scene.refusal(crls=CrlCache(), anonymous=anonymous).reason == "revoked"
    else:
        assert scene.ask(anonymous=anonymous).body == b"welcome"
    assert crl_server.accepted == checks


def test_revocation__of_a_certificate_that_is_not_listed(scene: Scene) -> None:
    crl_server, url = scene.publish(answer(reply(ROOT.revocation_list(STRANGER.certificate))))
    scene.serve(ROOT.issue(HOST, lists=[url]))
    assert scene.ask(crls=CrlCache()).body == b"welcome"
    assert crl_server.requests[0].startswith(b"GET /zoo.crl HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "url",
    [(), ("ldap:///CN=Zoo?certificateRevocationList",), ("https://crl.contoso.test/",)],
    ids=["none", "ldap", "https"],
)
@pytest.mark.rule("TR-035")
def test_revocation__no_place_to_look_is_a_refusal(scene: Scene, url: tuple[str, ...]) -> None:
    scene.serve(ROOT.issue(HOST, lists=url))
    error = scene.refusal(crls=CrlCache())
    assert error.reason == "crl-unnamed"
    assert "/NoCRLCheck" in error.hint


def test_revocation__a_second_place_is_asked_when_the_first_does_not_tell(scene: Scene) -> None:
    _, dead = scene.publish(answer(reply(b"", "503 Service Unavailable")))
    _, good = scene.publish(answer(reply(ROOT.revocation_list())))
    scene.serve(ROOT.issue(HOST, lists=[dead, good]))
    assert scene.ask(crls=CrlCache()).body == b"welcome"


@pytest.mark.rule("TR-035")
def test_revocation__of_an_authority_between(scene: Scene) -> None:
    made: list[bytes] = []
    _, upper = scene.publish(later(made))
    _, lower = scene.publish(later(made, 1))
    between = ROOT.below("Issuing CA", lists=[upper])
    made += [ROOT.revocation_list(between.certificate), between.revocation_list()]
    scene.serve(between.issue(HOST, lists=[lower])._replace(chain=(between.certificate,)))
    error = scene.refusal(crls=CrlCache())
    assert error.reason == "revoked"
    assert "of an authority above the server was revoked" in error.message
    assert error.certificate.subject == "CN=Issuing CA"


def test_revocation__a_list_is_fetched_once_while_it_is_good(scene: Scene, tmp_path: Path) -> None:
    crl_server, url = scene.publish(answer(reply(ROOT.revocation_list())))
    scene.serve(ROOT.issue(HOST, lists=[url]))
    folder = tmp_path / "crls"
    for cache in (CrlCache(folder), CrlCache(folder), CrlCache(folder, writes=False)):  # three runs
        assert scene.ask(crls=cache).body == b"welcome"
    assert crl_server.accepted == 1
    assert [file.suffix for file in folder.iterdir()] == [".crl"]


def test_revocation__a_what_if_keeps_nothing(scene: Scene, tmp_path: Path) -> None:
    _, url = scene.publish(answer(reply(ROOT.revocation_list())))
    scene.serve(ROOT.issue(HOST, lists=[url]))
    scene.ask(crls=CrlCache(tmp_path / "crls", writes=False))
    assert not (tmp_path / "crls").exists()


@pytest.mark.rule("TR-035")
def test_revocation__a_kept_list_that_is_stale_or_foreign_does_not_count(scene: Scene) -> None:
    """The list point is down: an old list in the cache is as good as none (Q-26)."""
    _, url = scene.publish(answer())
    scene.serve(ROOT.issue(HOST, lists=[url]))
    for kept in (ROOT.revocation_list(begins=-3, ends=-0.1), ROOT.revocation_list(signer=ec_key()), b"junk"):
        cache = CrlCache()
        cache.keep(url, kept)
        assert scene.refusal(crls=cache).reason == "crl-unreachable"


def test_revocation__a_place_that_failed_is_left_alone_for_a_while(scene: Scene) -> None:
    crl_server, url = scene.publish(answer(reply(b"", "500 Oops")))
    server = scene.serve(ROOT.issue(HOST, lists=[url]))
    transport = scene.transport(crls=CrlCache())
    for _ in range(3):
        with pytest.raises(ServerCertificateError, match="status 500"):
            transport.send(ask(server.named(HOST)), within(PROMPT))
    assert crl_server.accepted == 1


def test_revocation__a_folder_that_cannot_be_written_is_no_failure(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    _, url = scene.publish(answer(reply(ROOT.revocation_list())))
    scene.serve(ROOT.issue(HOST, lists=[url]))
    assert scene.ask(crls=CrlCache(tmp_path / "file")).body == b"welcome"


def test_every_reason_has_a_specimen() -> None:
    """What is listed and cannot be shown here: reasons that depend on the machine."""
    shown = {str(param.values[1]) for param in SPECIMENS} | {"malformed", "unsteady", "crl-unnamed", "revoked"}
    shown |= {reason for reason in REASONS if reason.startswith("crl-")}
    assert set(REASONS) - shown == {"chain-too-long", "not-accepted"}
