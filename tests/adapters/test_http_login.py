"""Logging in over HTTP: real NTLM with pyspnego on both sides, and servers that behave badly."""

import base64
import contextlib
import logging
import ssl
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import spnego
import trustme
from adapters.ntlm_server import (
    BY_NTLM,
    BY_TICKET,
    PASSWORD,
    SECRET_PAGE,
    StandIn,
    acceptor,
    asking,
    challenge,
    know_user,
    standing_in,
    token_of,
)
from adapters.scripted_http import (
    PROMPT,
    Peer,
    Script,
    ScriptedServer,
    Signal,
    answer,
    answer_always,
    ask,
    reply,
    within,
)

from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.negotiate import Negotiator, Target, endpoint_bindings
from cmclient.errors import (
    AuthenticationError,
    CancelledError,
    ConnectionLostError,
    RedirectRefusedError,
    TransportError,
    TransportTimeoutError,
)
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.login import Login, Mechanism
from cmclient.model.secret import Secret


@pytest.fixture(autouse=True)
def _user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    know_user(monkeypatch, tmp_path)


def transport(*logins: Login, ca_file: str | None = None, trust_env: bool = False) -> RequestsTransport:
    return RequestsTransport(ca_file=ca_file, trust_env=trust_env, find_logins=lambda _: logins)


def send(server: ScriptedServer, *logins: Login, seconds: float = PROMPT, host: str = "127.0.0.1") -> HttpReply:
    with transport(*logins) as opened:
        return opened.send(ask(server.named(host))._replace(may_log_in=True), within(seconds))


def refuse(script: Script, *logins: Login) -> AuthenticationError:
    with ScriptedServer(script) as server, pytest.raises(AuthenticationError) as caught:
        send(server, *(logins or (BY_NTLM,)))
    assert caught.value.status == 401
    assert PASSWORD not in f"{caught.value} {caught.value.hint}"
    return caught.value


# NTLM as it should be


@pytest.mark.parametrize("offers", [("Negotiate", "NTLM"), ("NTLM",), ("Negotiate",), ('Basic realm="a, b"', "NTLM")])
def test_login__is_three_legs_on_one_connection_and_the_first_tells_nothing(offers: Sequence[str]) -> None:
    with ScriptedServer(asking(*offers)) as server:
        assert send(server, BY_NTLM).body == SECRET_PAGE
    schemes = [token_of(request)[0] for request in server.requests]
    assert schemes == ["", *["NTLM" if "NTLM" in offers else "Negotiate"] * 2]
    assert server.accepted == 1


def test_login__every_leg_is_the_whole_request() -> None:
    with ScriptedServer(asking("NTLM")) as server, transport(BY_NTLM) as opened:
        request = HttpRequest(server.endpoint, "/x", "CCM_POST", {"X-Mine": "1"}, b"body", may_log_in=True)
        opened.send(request, within(PROMPT))
    assert len(server.requests) == 3
    assert all(one.startswith(b"CCM_POST /x ") and one.endswith(b"\r\n\r\nbody") for one in server.requests)


def test_login__holds_for_the_connection() -> None:
    with ScriptedServer(asking("NTLM")) as server, transport(BY_NTLM) as opened:
        request = ask(server.endpoint)._replace(may_log_in=True)
        assert [opened.send(request, within(PROMPT)).status for _ in range(2)] == [200, 200]
    assert len(server.requests) == 4


def test_login__who_may_not_be_told_gets_no_connection_that_was() -> None:
    with ScriptedServer(asking("NTLM")) as server, transport(BY_NTLM) as opened:
        request = ask(server.endpoint)
        assert opened.send(request._replace(may_log_in=True), within(PROMPT)).status == 200
        assert opened.send(request, within(PROMPT)).status == 401
    assert server.accepted == 2


def test_login__nobody_is_told_unless_the_request_allows_it() -> None:
    with ScriptedServer(asking("NTLM")) as server, transport(BY_NTLM) as opened:
        assert opened.send(ask(server.endpoint), within(PROMPT)).status == 401
    assert [token_of(request)[0] for request in server.requests] == [""]


@pytest.mark.rule("CL-021")
def test_login__is_not_shown_to_whom_does_not_ask() -> None:
    with ScriptedServer(answer_always(reply(SECRET_PAGE))) as server:
        assert send(server, BY_NTLM).body == SECRET_PAGE
    assert [token_of(request)[0] for request in server.requests] == [""]


@pytest.mark.rule("CL-021")
def test_login__the_next_one_follows_when_one_was_refused() -> None:
    with ScriptedServer(asking("NTLM")) as server:
        wrong = BY_NTLM._replace(password=Secret("other"))
        assert send(server, wrong, BY_NTLM).status == 200
    assert server.accepted == 2


def test_login__with_nobody_to_log_in_as_the_answer_stays_what_it_is() -> None:
    with ScriptedServer(asking("NTLM")) as server:
        assert send(server).status == 401


def test_login__a_page_longer_than_what_is_wanted_is_no_hindrance() -> None:
    with ScriptedServer(asking("NTLM", known=reply(b"ok"))) as server, transport(BY_NTLM) as opened:
        request = ask(server.endpoint, cap=2)._replace(may_log_in=True)
        assert opened.send(request, within(PROMPT)).body == b"ok"


# TLS


Pki = tuple[str, ssl.SSLContext, bytes]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    ca = trustme.CA()
    folder = tmp_path_factory.mktemp("pki")
    certificate = ca.issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    ca.cert_pem.write_to_path(folder / "ca.pem")
    return str(folder / "ca.pem"), context, ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())


@pytest.mark.parametrize("is_own", [True, False])
def test_login__is_tied_to_the_certificate_of_the_server(
    pki: tuple[str, ssl.SSLContext, bytes], *, is_own: bool
) -> None:
    ca_file, context, certificate = pki
    other = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())
    bindings = endpoint_bindings(certificate if is_own else other)
    with (
        ScriptedServer(asking("NTLM", bindings=bindings), tls=context) as server,
        transport(BY_NTLM, ca_file=ca_file) as opened,
    ):
        request = ask(server.endpoint)._replace(may_log_in=True)
        if is_own:
            assert opened.send(request, within(PROMPT)).body == SECRET_PAGE
        else:
            with pytest.raises(AuthenticationError, match="refused"):
                opened.send(request, within(PROMPT))


# What goes wrong


@pytest.mark.parametrize(("level", "asked"), [("2", 1), ("3", 3)])
def test_ntlm__of_version_1_is_not_spoken_whatever_the_environment_says(
    level: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LM_COMPAT_LEVEL", level)
    with ScriptedServer(asking("NTLM")) as server, contextlib.suppress(AuthenticationError):
        send(server, BY_NTLM)
    assert len(server.requests) == asked


@pytest.mark.parametrize("seals", [False, True])
def test_ntlm__agrees_on_a_key_only_where_it_seals(*, seals: bool) -> None:
    never = Deadline.after(None, time.monotonic)
    target = Target("ldap", "dc1.contoso.test", seals=seals)
    first = Negotiator().begin(BY_NTLM, target, RuntimeError, never).step()
    assert bool(int.from_bytes(first[12:16], "little") & 0x40000000) == seals


def test_wrong_password__is_said_with_what_to_do() -> None:
    error = refuse(asking("NTLM"), BY_NTLM._replace(password=Secret("other")))
    assert error.reason == "refused"
    assert r"NTLM as CORP\reader" in error.message
    assert "password" in error.hint


def test_log__holds_no_password_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("spnego").setLevel(logging.NOTSET)
    with ScriptedServer(asking("NTLM")) as server:
        send(server, BY_NTLM)
    tokens = [base64.b64encode(token_of(request)[1]).decode() for request in server.requests[1:]]
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert not any(secret in said for secret in (PASSWORD, *tokens))
    assert "logged in by ntlm" in said


@pytest.mark.parametrize(
    ("offers", "reason"),
    [
        (('Basic realm="corp"',), "only-basic"),
        (("Digest realm=x, nonce=y",), "no-scheme"),
        (("Bearer",), "no-scheme"),
        (("Negotiate",), "no-ticket"),
    ],
)
def test_offer__of_nothing_that_can_be_used_is_refused_with_nothing_sent(
    offers: Sequence[str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_ticket(_token: bytes | None) -> bytes:
        error = OSError("SEC_E_NO_CREDENTIALS")
        error.winerror = -2146893042  # type: ignore[attr-defined, unused-ignore] # as on Windows
        raise error

    with (
        standing_in(monkeypatch, lambda: StandIn(no_ticket)),
        ScriptedServer(answer_always(challenge(*offers))) as server,
        pytest.raises(AuthenticationError) as caught,
    ):
        send(server, BY_TICKET)
    assert caught.value.reason == reason
    assert [token_of(request)[0] for request in server.requests] == [""]


def ntlm_challenge() -> str:
    """A challenge that a client can answer."""
    context = acceptor()
    first = spnego.client(r"A\b", "c", protocol="ntlm").step()
    return f"NTLM {base64.b64encode(context.step(first)).decode()}"


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        pytest.param(challenge("NTLM"), "refused", id="no token"),
        pytest.param(challenge("NTLM AAAA"), "bad-token", id="nonsense"),
        pytest.param(challenge("NTLM ====!"), "refused", id="no base64"),
        pytest.param(challenge("NTLM " + "QUFB" * 16_000), "bad-token", id="48 KB"),
        pytest.param(challenge("NTLM TlRMTVNTUAACAAAA"), "bad-token", id="cut off"),
        pytest.param(challenge("NTLM TlRMTVNTUAADAAAA" + "A" * 80), "bad-token", id="another message"),
        pytest.param(reply(b"", "401 No"), "refused", id="no offer any more"),
    ],
)
def test_second_leg__that_cannot_be_answered_is_refused(second: bytes, reason: str) -> None:
    assert refuse(answer(challenge("NTLM"), second)).reason == reason


def test_token_of_megabytes__is_not_read() -> None:
    huge = challenge("NTLM " + "QUFB" * 1_000_000)
    with ScriptedServer(answer(challenge("NTLM"), huge)) as server, pytest.raises(ConnectionLostError):
        send(server, BY_NTLM)


def test_endless_rounds__are_ended() -> None:
    first, again = challenge("NTLM"), challenge(ntlm_challenge())
    with ScriptedServer(answer(first, *[again] * 50)) as server, pytest.raises(AuthenticationError) as caught:
        send(server, BY_NTLM)
    assert caught.value.reason == "refused"  # NTLM itself ends after two
    assert len(server.requests) == 3


def test_endless_rounds__of_a_mechanism_that_would_go_on_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        standing_in(monkeypatch, lambda: StandIn(lambda _: b"more", legs=1000)),
        ScriptedServer(answer_always(challenge("Negotiate AAAA"))) as server,
        pytest.raises(AuthenticationError) as caught,
    ):
        send(server, BY_TICKET)
    assert caught.value.reason == "too-many-rounds"
    assert len(server.requests) == 6


def test_server__that_closes_between_the_legs() -> None:
    def script(peer: Peer) -> None:
        request = peer.read_request()
        peer.send(challenge(ntlm_challenge() if token_of(request)[1] else "NTLM", closes=True))

    assert refuse(script).reason == "connection-closed"


def test_redirect__after_the_login_is_refused_like_any_other() -> None:
    with ScriptedServer(answer_always(reply(SECRET_PAGE))) as elsewhere:
        pointing = reply(b"", "302 Found", f"Location: {elsewhere.endpoint.url('/')}")
        with ScriptedServer(asking("NTLM", known=pointing)) as server, pytest.raises(RedirectRefusedError):
            send(server, BY_NTLM)
        assert elsewhere.requests == []


def test_proxy__that_wants_to_know_who_asks_is_told_nothing() -> None:
    wants = reply(b"", "407 No", "Proxy-Authenticate: NTLM")
    with ScriptedServer(answer_always(wants)) as server:
        assert send(server, BY_NTLM).status == 407
    assert len(server.requests) == 1


def test_proxy__in_between_is_no_way_to_log_in_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(asking("NTLM")) as proxy, transport(BY_NTLM, trust_env=True) as opened:
        monkeypatch.setenv("http_proxy", proxy.endpoint.url(""))
        request = ask(proxy.endpoint._replace(port=1))._replace(may_log_in=True)
        with pytest.raises(AuthenticationError) as caught:
            opened.send(request, within(PROMPT))
    assert caught.value.reason == "through-proxy"
    assert [token_of(request)[0] for request in proxy.requests] == [""]


def test_netrc__does_not_take_the_place_of_a_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n", "ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with ScriptedServer(asking("NTLM")) as server, transport(BY_NTLM, trust_env=True) as opened:
        reply = opened.send(ask(server.endpoint)._replace(may_log_in=True), within(PROMPT))
    assert reply.body == SECRET_PAGE


@pytest.mark.parametrize("kind", ["silent", "drip"])
def test_deadline__holds_in_every_leg(kind: str) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(challenge("NTLM"))
        peer.read_request()
        peer.stay_silent() if kind == "silent" else peer.drip(challenge("NTLM"), 0.05)

    with ScriptedServer(script) as server, pytest.raises(TransportTimeoutError):
        send(server, BY_NTLM, seconds=0.5)


# Kerberos, with a stand-in


def kerberos(
    monkeypatch: pytest.MonkeyPatch, script: Script, context: StandIn, *more: Login, signal: Signal | None = None
) -> HttpReply | TransportError:
    with (
        standing_in(monkeypatch, lambda: context),
        ScriptedServer(script) as server,
        transport(BY_TICKET, *more) as opened,
    ):
        try:
            return opened.send(
                ask(server.endpoint)._replace(may_log_in=True), within(0.5 if signal is None else PROMPT), signal
            )
        except TransportError as error:
            return error


def bad_proof(token: bytes | None) -> bytes:
    if token is not None:
        raise ValueError("no proof")
    return b"ticket"


def test_server__that_proves_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    context = StandIn(lambda _: b"ticket")
    script = answer(challenge("Negotiate"), reply(SECRET_PAGE, "200 OK", "WWW-Authenticate: Negotiate cHJvb2Y="))
    found = kerberos(monkeypatch, script, context)
    assert isinstance(found, HttpReply)
    assert found.body == SECRET_PAGE
    assert context.taken == [None, b"proof"]


@pytest.mark.parametrize("proof", ["", "WWW-Authenticate: Negotiate cHJvb2Y="], ids=["none", "bad"])
def test_server__that_does_not_is_not_believed_over_http_and_nobody_else_is_shown_to_it(
    monkeypatch: pytest.MonkeyPatch, proof: str
) -> None:
    script = answer(challenge("Negotiate", "NTLM"), reply(SECRET_PAGE, "200 OK", *filter(None, [proof])))
    error = kerberos(monkeypatch, script, StandIn(bad_proof), BY_NTLM)
    assert isinstance(error, AuthenticationError)
    assert error.reason == "not-mutual"


def test_domain_controller__that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(_token: bytes | None) -> bytes:
        over.wait(PROMPT)
        return b""

    try:
        found = kerberos(monkeypatch, answer_always(challenge("Negotiate")), StandIn(hang))
    finally:
        over.set()
    assert isinstance(found, TransportTimeoutError)


def test_domain_controller__that_hangs_is_left_behind_when_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    over, signal = threading.Event(), Signal()

    def hang(_token: bytes | None) -> bytes:
        signal.cancel()
        over.wait(PROMPT)
        return b""

    try:
        found = kerberos(monkeypatch, answer_always(challenge("Negotiate")), StandIn(hang), signal=signal)
    finally:
        over.set()
    assert isinstance(found, CancelledError)


@pytest.fixture
def _without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spnego", None)


@pytest.mark.usefixtures("_without_extra")
@pytest.mark.parametrize(
    ("login", "extra"), [(BY_NTLM, "cmclient[negotiate]"), (Login(Mechanism.KERBEROS), "cmclient[kerberos]")]
)
def test_without_the_extra__the_hint_says_what_to_install(login: Login, extra: str) -> None:
    with (
        ScriptedServer(answer_always(challenge("Negotiate", "NTLM"))) as server,
        pytest.raises(AuthenticationError) as caught,
    ):
        send(server, login)
    assert caught.value.reason == "not-installed"
    assert extra in caught.value.hint
    assert len(server.requests) == 1
