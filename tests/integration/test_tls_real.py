"""nginx and Apache on real sockets: certificates, revocation lists over HTTP, and who gets to see ours."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.conftest import require_programs
from integration.tlsservers import PROGRAMS, TLS_PORT, TlsSite, start_tls_site

from cmclient.adapters.crl_cache import CrlCache
from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.identity import ClientIdentity
from cmclient.errors import ClientCertificateError, ServerCertificateError, TlsError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline, HttpReply, HttpRequest

pytestmark = pytest.mark.integration
SECONDS = 8.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsSite]:
    require_programs(*PROGRAMS)
    folder = tmp_path_factory.mktemp("tls")
    with start_tls_site(folder) as running:
        yield running


def ask(site: TlsSite, short: str, identity: ClientIdentity | None, crls: CrlCache | None) -> HttpReply:
    with RequestsTransport(
        ca_file=site.trusted,
        client_certificate=identity,
        crls=crls,
        resolve=lambda name, _: site.resolve(name),
    ) as transport:
        endpoint = Endpoint(Scheme.HTTPS, site.host(short), TLS_PORT)
        return transport.send(HttpRequest(endpoint, "/list"), Deadline.after(SECONDS, time.monotonic))


@pytest.mark.rule("TR-033")
def test_good__is_shown_our_certificate_after_its_list_was_read(site: TlsSite) -> None:
    before = len(site.lists_fetched())
    assert ask(site, "good", site.ours, CrlCache()).body == b"welcome"
    assert site.requests("good")[-1] == "/list SUCCESS"
    assert site.lists_fetched()[before:] == ["/root.crl"]


@pytest.mark.rule("TR-035")
@pytest.mark.parametrize(
    ("short", "reason"),
    [
        ("revoked", "revoked"),
        ("expired", "expired"),
        ("named-otherwise", "wrong-name"),
        ("stale", "crl-stale"),
        ("forged", "crl-foreign"),
        ("unlisted", "crl-unreachable"),
        ("unreachable", "crl-unreachable"),
    ],
)
def test_bad__is_refused_in_time_and_sees_neither_a_request_nor_our_certificate(
    site: TlsSite, short: str, reason: str
) -> None:
    began = time.monotonic()
    with pytest.raises(ServerCertificateError) as caught:
        ask(site, short, site.ours, CrlCache())
    assert time.monotonic() - began < SECONDS
    assert (caught.value.reason, bool(caught.value.hint)) == (reason, True)
    assert site.requests(short) == []


@pytest.mark.rule("TR-034")
@pytest.mark.parametrize(("short", "is_answered"), [("stale", True), ("revoked", True), ("expired", False)])
def test_without_the_check__what_only_a_list_would_tell_is_let_pass(
    site: TlsSite,
    short: str,
    is_answered: bool,  # noqa: FBT001
) -> None:
    before = site.lists_fetched()
    if is_answered:
        assert ask(site, short, site.ours, None).status == 200
    else:
        with pytest.raises(ServerCertificateError):
            ask(site, short, site.ours, None)
    assert site.lists_fetched() == before


def test_list__is_fetched_once_while_it_is_good(site: TlsSite, tmp_path: Path) -> None:
    before = len(site.lists_fetched())
    for _ in range(2):
        assert ask(site, "good", site.ours, CrlCache(tmp_path / "crls")).status == 200
    assert len(site.lists_fetched()) == before + 1


@pytest.mark.parametrize("which", ["none", "revoked", "foreign"])
def test_our_certificate__that_the_server_does_not_take(site: TlsSite, which: str) -> None:
    """Nginx says so in HTTP, as IIS does."""
    identity = {"none": None, "revoked": site.revoked, "foreign": site.foreign}[which]
    try:
        reply = ask(site, "good", identity, CrlCache())
    except ClientCertificateError:
        assert which != "none"
    else:
        assert reply.status == 403
        assert b"welcome" not in reply.body


def test_server_that_negotiates_anew_for_our_certificate__is_refused(site: TlsSite) -> None:
    began = time.monotonic()
    with pytest.raises(TlsError) as caught:
        ask(site, "renegotiates", site.ours, CrlCache())
    assert time.monotonic() - began < SECONDS
    assert caught.value.reason == "renegotiation"
    hits = (site.folder / "apache-hits").read_text("ascii")
    assert "pc1.corp.test" not in hits


def test_server_that_asks_after_the_handshake__is_shown_it(site: TlsSite) -> None:
    """What TLS 1.3 has in place of negotiating anew: asked of the one whose certificate passed."""
    reply = ask(site, "asks-later", site.ours, CrlCache())
    assert (reply.status, reply.body) == (200, b"welcome")
    assert "pc1.corp.test" in (site.folder / "apache-hits").read_text("ascii")
