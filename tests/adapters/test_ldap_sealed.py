"""Logging in to a directory with NTLM and sealing, with pyspnego on both sides; and servers that behave badly."""

import contextlib
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spnego
import trustme
from adapters.ldap_responder import (
    BIND,
    BOUND,
    DONE,
    SEARCH,
    Conversation,
    LdapResponder,
    Request,
    Script,
    entry,
    result,
)
from adapters.ntlm_server import BY_NTLM, BY_TICKET, PASSWORD, StandIn, acceptor, know_user, standing_in
from hypothesis import given
from hypothesis import strategies as st

from cmclient.adapters.ldap import LdapDirectory
from cmclient.adapters.negotiate import Negotiator, Target, endpoint_bindings
from cmclient.errors import (
    DirectoryError,
    DirectoryRefusedError,
    DirectoryTimeoutError,
    DirectoryTrustError,
    DirectoryUnreachableError,
)
from cmclient.model.directory import (
    DirectoryCredentials,
    DirectoryEntry,
    DirectoryQuery,
    DirectorySecurity,
    DirectoryServer,
)
from cmclient.model.http import Deadline
from cmclient.model.login import Login
from cmclient.model.names import HostName
from cmclient.model.secret import Secret
from cmclient.protocol.ber import build_integer, find_message_length, read_children, read_integer, read_tlv, tlv

HOST = HostName("dc1.contoso.test")
POINTS = DirectoryQuery("CN=System Management,DC=contoso,DC=test", "(objectClass=*)", ("mSSMSSiteCode",))
MP = entry("CN=SMS-MP-ABC-MP1", mSSMSSiteCode=(b"ABC",))
FOUND = ((DirectoryEntry("CN=SMS-MP-ABC-MP1", {"mssmssitecode": (b"ABC",)}),),)
IN_PROGRESS = 14


@pytest.fixture(autouse=True)
def _user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    know_user(monkeypatch, tmp_path)


def search(
    script: Script,
    *logins: Login,
    security: DirectorySecurity = DirectorySecurity.SEALED,
    context: ssl.SSLContext | None = None,
    ca_file: str | None = None,
    seconds: float = 5.0,
) -> object:
    from_the_start = security is DirectorySecurity.LDAPS
    with LdapResponder(script, context=context, tls_from_the_start=from_the_start) as responder:
        service = LdapDirectory(credentials=None, security=security, ca_file=ca_file, logins=logins or [BY_NTLM])
        server = DirectoryServer(HOST, responder.port, "127.0.0.1")
        return service.search(server, [POINTS], Deadline.after(seconds, time.monotonic))


def sasl(request: Request) -> tuple[bytes, bytes]:
    """Mechanism and token of a bind request."""
    tag, value = request.parts[2]
    assert tag == 0xA3
    whole = tlv(0x30, value)
    mechanism, token = read_children(whole, read_tlv(whole))
    return whole[mechanism.start : mechanism.end], whole[token.start : token.end]


def bound(code: int = 0, token: bytes = b"", text: bytes = b"") -> bytes:
    more = tlv(0x87, token) if token else b""
    return tlv(BOUND, build_integer(code, 0x0A) + tlv(0x04) + tlv(0x04, text) + more)


class Sealed:
    """The server's side of a connection, once somebody has logged in."""

    def __init__(self, conversation: Conversation, context: Any) -> None:
        self.conversation = conversation
        self.context = context

    def read(self) -> tuple[int, int]:
        """Id and operation of the next message; (0, 0) when the client is gone."""
        head = self._receive(4)
        data = self._receive(int.from_bytes(head, "big")) if head else b""
        if not data:
            return 0, 0
        message = self.context.unwrap(data).data
        assert find_message_length(message) == len(message)
        identity, operation = read_children(message, read_tlv(message))[:2]
        return read_integer(message, identity), operation.tag

    def send(self, identity: int, *operations: bytes) -> None:
        whole = b"".join(tlv(0x30, build_integer(identity) + operation) for operation in operations)
        self.send_part(self.context.wrap(whole).data)

    def send_part(self, part: bytes) -> None:
        self.conversation.send_raw(len(part).to_bytes(4, "big") + part)

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.conversation.connection.recv(size - len(data))
            if not piece:
                return b""
            data += piece
        return data


def log_in(conversation: Conversation, bindings: bytes | None = None, *, seals: bool = True) -> Any:
    """Log a client in by NTLM; None when that came to nothing."""
    context = acceptor(bindings, seals=seals)
    while request := conversation.read():
        if request.tag != BIND:
            return None
        mechanism, token = sasl(request)
        assert mechanism == b"GSS-SPNEGO"
        try:
            answer = context.step(token)
        except spnego.exceptions.SpnegoError:
            text = b"80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data 52e, v4563"
            conversation.send(request, bound(49, text=text))
            context = acceptor(bindings, seals=seals)
            continue
        conversation.send(request, bound(IN_PROGRESS, answer) if answer else bound())
        if context.complete:
            return context
    return None


def serving(answer: Callable[[Sealed, int], None]) -> Script:
    """A directory that logs in, then answers the first search so."""

    def script(conversation: Conversation) -> None:
        context = log_in(conversation)
        if context is None:
            return
        sealed = Sealed(conversation, context)
        identity, tag = sealed.read()
        if tag == SEARCH:
            answer(sealed, identity)
            sealed.read()

    return script


def test_entries__come_sealed() -> None:
    assert search(serving(lambda sealed, identity: sealed.send(identity, MP, result(DONE)))) == FOUND


def test_entries__may_come_in_parts_of_any_size() -> None:
    def answer(sealed: Sealed, identity: int) -> None:
        whole = b"".join(tlv(0x30, build_integer(identity) + part) for part in (MP, result(DONE)))
        for cut in range(0, len(whole), 7):
            sealed.send_part(sealed.context.wrap(whole[cut : cut + 7]).data)

    assert search(serving(answer)) == FOUND


@pytest.mark.parametrize("security", [DirectorySecurity.AUTO, DirectorySecurity.SEALED, DirectorySecurity.CLEAR])
def test_nothing__goes_out_readable_whatever_the_setting_says(security: DirectorySecurity) -> None:
    sent: list[bytes] = []

    def script(conversation: Conversation) -> None:
        if log_in(conversation) is not None:
            sent.append(conversation.connection.recv(65_536))

    with pytest.raises(DirectoryUnreachableError):
        search(script, security=security)
    assert int.from_bytes(sent[0][:4], "big") == len(sent[0]) - 4
    assert b"System Management" not in sent[0]


@pytest.mark.parametrize("is_own", [True, False])
def test_inside_tls__the_login_is_tied_to_the_certificate_and_nothing_is_sealed(
    tmp_path: Path, *, is_own: bool
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = ca.issue_cert(HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    shown = certificate.cert_chain_pems[0] if is_own else trustme.CA().cert_pem
    bindings = endpoint_bindings(ssl.PEM_cert_to_DER_cert(shown.bytes().decode()))

    def script(conversation: Conversation) -> None:
        logged_in = log_in(conversation, bindings, seals=False)
        request = conversation.read() if logged_in else None
        if request is not None and request.tag == SEARCH:
            assert logged_in.context_attr & spnego.ContextReq.integrity == 0
            conversation.send(request, MP, result(DONE))
            conversation.read()

    def ask() -> object:
        ca_file = str(tmp_path / "ca.pem")
        return search(script, security=DirectorySecurity.LDAPS, context=context, ca_file=ca_file)

    if is_own:
        assert ask() == FOUND
    else:
        with pytest.raises(DirectoryRefusedError):
            ask()


def test_wrong_password__is_said_and_the_next_login_follows() -> None:
    wrong = BY_NTLM._replace(password=Secret("other"))
    script = serving(lambda sealed, identity: sealed.send(identity, MP, result(DONE)))
    with pytest.raises(DirectoryRefusedError, match="the user or the password is wrong") as caught:
        search(script, wrong)
    assert PASSWORD not in f"{caught.value} {caught.value.hint}"
    assert search(script, wrong, BY_NTLM) == FOUND


def test_nobody_to_log_in_as__is_refused_before_anything_is_sent() -> None:
    service = LdapDirectory(credentials=DirectoryCredentials("u", Secret(PASSWORD)), security=DirectorySecurity.SEALED)
    with LdapResponder(lambda conversation: conversation.hang()) as responder:
        server = DirectoryServer(HOST, responder.port, "127.0.0.1")
        with pytest.raises(DirectoryRefusedError, match="nobody to log in as"):
            service.search(server, [POINTS], Deadline.after(5.0, time.monotonic))
    assert responder.seen == []


# Servers that behave badly after the login


def altered(sealed: Sealed, identity: int) -> None:
    part = bytearray(sealed.context.wrap(tlv(0x30, build_integer(identity) + result(DONE))).data)
    part[-1] ^= 1
    sealed.send_part(bytes(part))


def replayed(sealed: Sealed, identity: int) -> None:
    part = sealed.context.wrap(tlv(0x30, build_integer(identity) + MP)).data
    sealed.send_part(part)
    sealed.send_part(part)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(altered, DirectoryTrustError, id="altered"),
        pytest.param(replayed, DirectoryTrustError, id="sent twice"),
        pytest.param(
            lambda sealed, identity: sealed.send_part(tlv(0x30, build_integer(identity) + result(DONE))),
            DirectoryTrustError,
            id="in the clear, framed",
        ),
        pytest.param(
            lambda sealed, identity: sealed.conversation.send_raw(tlv(0x30, build_integer(identity) + result(DONE))),
            DirectoryError,
            id="in the clear",
        ),
        pytest.param(lambda sealed, _: sealed.send_part(b""), DirectoryTrustError, id="nothing sealed"),
        pytest.param(
            lambda sealed, _: sealed.conversation.send_raw(b"\x7f\xff\xff\xff" + bytes(99)), DirectoryError, id="2 GB"
        ),
        pytest.param(
            lambda sealed, _: (
                sealed.conversation.send_raw(b"\x00\x00\x01\x00" + bytes(9)) or sealed.conversation.reset()
            ),
            DirectoryError,
            id="cut off",
        ),
        pytest.param(lambda sealed, _: sealed.conversation.hang(), DirectoryTimeoutError, id="silent"),
    ],
)
def test_answer__that_is_not_what_was_agreed_on_is_refused(
    answer: Callable[[Sealed, int], None], kind: type[DirectoryError]
) -> None:
    with pytest.raises(kind):
        search(serving(answer), seconds=1.0)


def test_parts_that_hold_nothing__end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmclient.adapters.ldap_wire._MAX_OCTETS", 10_000)

    def answer(sealed: Sealed, _identity: int) -> None:
        for _ in range(10_000):
            sealed.send_part(sealed.context.wrap(b"").data)

    with pytest.raises(DirectoryError, match="too much"):
        search(serving(answer))


# Servers that behave badly before


def replying(*operations: bytes) -> Script:
    """A server that answers one message after the other with these, and then no more."""

    def script(conversation: Conversation) -> None:
        for operation in operations:
            request = conversation.read()
            if request is None:
                return
            conversation.send(request, operation)
        conversation.read()

    return script


UNSEALED = b"see unsealed_challenge"


def unsealed_challenge() -> bytes:
    """A challenge from which somebody struck out sealing and signing."""
    first = bytearray(spnego.client(r"A\b", "c", protocol="ntlm").step())
    token = bytearray(acceptor(seals=True).step(bytes(first)))
    flags = int.from_bytes(token[20:24], "little") & ~0x30
    token[20:24] = flags.to_bytes(4, "little")
    return bytes(token)


@pytest.mark.parametrize(
    ("operations", "kind", "said"),
    [
        pytest.param([bound()], DirectoryTrustError, "asks nothing", id="success at once"),
        pytest.param([bound(IN_PROGRESS)], DirectoryTrustError, "asks nothing", id="no challenge"),
        pytest.param([bound(IN_PROGRESS, b"NTLMSSP\0")], DirectoryTrustError, "cannot be used", id="cut off"),
        pytest.param([bound(IN_PROGRESS, bytes(70_000))], DirectoryTrustError, "70000 bytes", id="70 KB"),
        pytest.param([result(DONE)], DirectoryError, "something else", id="another operation"),
        pytest.param([tlv(BOUND, build_integer(0, 0x0A))], DirectoryError, "cannot be read", id="half a result"),
        pytest.param([bound(8)], DirectoryRefusedError, "protected", id="stronger authentication"),
        pytest.param([bound(7)], DirectoryRefusedError, "authMethodNotSupported", id="no such method"),
        pytest.param([bound(51)], DirectoryUnreachableError, "busy", id="busy"),
        pytest.param([UNSEALED, bound()], DirectoryTrustError, "encrypt", id="no seal"),
        pytest.param(
            [UNSEALED, *[bound(IN_PROGRESS, b"x")] * 9],
            DirectoryRefusedError,
            "without end",
            id="endless",
        ),
    ],
)
def test_login__that_does_not_go_as_it_should_is_refused(
    operations: list[bytes], kind: type[DirectoryError], said: str
) -> None:
    challenge = bound(IN_PROGRESS, unsealed_challenge())
    with pytest.raises(kind, match=said) as caught:
        search(replying(*(challenge if one is UNSEALED else one for one in operations)))
    assert caught.value.code == kind.code


def test_what_was_said_before_sealing_began__is_not_taken_for_sealed() -> None:
    def script(conversation: Conversation) -> None:
        context = acceptor(seals=True)
        for _ in range(2):
            request = conversation.read()
            if request is None:
                return
            answer = context.step(sasl(request)[1])
            conversation.send(request, bound(IN_PROGRESS, answer) if answer else bound(), *[MP] * (not answer))
        conversation.read()

    with pytest.raises(DirectoryTrustError, match="unprotected"):
        search(script)


# Kerberos, with a stand-in


@pytest.mark.parametrize(
    ("operations", "kind"),
    [
        pytest.param([bound(IN_PROGRESS, b"proof"), bound()], DirectoryTrustError, id="no layer agreed"),
        pytest.param([bound()], DirectoryTrustError, id="no proof"),
        pytest.param([bound(IN_PROGRESS, b"x")] * 20, DirectoryRefusedError, id="endless"),
    ],
)
def test_kerberos__that_ends_too_early_or_never(
    operations: list[bytes], kind: type[DirectoryError], monkeypatch: pytest.MonkeyPatch
) -> None:
    legs = 1000 if len(operations) > 2 else 2
    with (
        standing_in(monkeypatch, lambda: StandIn(lambda _: b"token", legs=legs)),
        pytest.raises(kind),
    ):
        search(replying(*operations), BY_TICKET)


# Any bytes


class _UnusableError(Exception):
    """What a token was refused with."""


@given(st.binary(max_size=300) | st.binary(max_size=200).map(b"NTLMSSP\0\2\0\0\0".__add__))
def test_token__of_any_bytes_is_answered_or_refused(token: bytes) -> None:
    never = Deadline.after(None, time.monotonic)
    target = Target("HTTP", "mp1.contoso.test")
    conversation = Negotiator().begin(BY_NTLM, target, lambda problem: _UnusableError(problem.reason), never)
    assert conversation.step()
    with contextlib.suppress(_UnusableError):
        assert conversation.step(token)
