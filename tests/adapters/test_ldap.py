"""LDAP against a server on loopback that does what it is told."""

import logging
import socket
import ssl
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import ldap3
import pytest
import trustme
from adapters.ldap_responder import (
    BIND,
    BOUND,
    DONE,
    EXTENDED,
    EXTENDED_DONE,
    SEARCH,
    UNBIND,
    Conversation,
    LdapResponder,
    Script,
    answering,
    entry,
    page_control,
    reference,
    result,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from ldap3.core import exceptions

from cmclient.adapters import ldap as adapter
from cmclient.adapters import ldap_wire
from cmclient.adapters.ldap import LdapDirectory
from cmclient.adapters.ldap_failures import directory_failure
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
    Scope,
)
from cmclient.model.http import Deadline
from cmclient.model.names import HostName
from cmclient.model.secret import Secret
from cmclient.ports import DirectoryService
from cmclient.protocol.ber import build_integer, tlv

PASSWORD = "correct-horse-Bätterie"
SOMEONE = DirectoryCredentials("svc-cm@contoso.test", Secret(PASSWORD))
HOST = HostName("dc1.contoso.test")
CONTAINER = "CN=System Management,CN=System,DC=contoso,DC=test"
POINTS = DirectoryQuery(CONTAINER, "(objectClass=mSSMSManagementPoint)", ("mSSMSSiteCode", "dNSHostName"))
MP1 = entry("CN=SMS-MP-ABC-MP1", mSSMSSiteCode=(b"ABC",), dNSHostName=(b"mp1.contoso.test",))
MP2 = entry("CN=SMS-MP-ABC-MP2", mSSMSSiteCode=(b"ABC",), dNSHostName=())
FOUND = (
    DirectoryEntry("CN=SMS-MP-ABC-MP1", {"mssmssitecode": (b"ABC",), "dnshostname": (b"mp1.contoso.test",)}),
    DirectoryEntry("CN=SMS-MP-ABC-MP2", {"mssmssitecode": (b"ABC",)}),
)


class Pki(NamedTuple):
    ca_file: str
    context: ssl.SSLContext


def make_pki(folder: Path, name: str = HOST, *, expired: bool = False) -> Pki:
    ca = trustme.CA()
    end = datetime.now(UTC) - timedelta(days=1) if expired else None
    certificate = ca.issue_cert(name, not_after=end)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    ca.cert_pem.write_to_path(folder / "ca.pem")
    return Pki(str(folder / "ca.pem"), context)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))


def soon(seconds: float = 5.0) -> Deadline:
    return Deadline.after(seconds, time.monotonic)


def directory(
    security: DirectorySecurity = DirectorySecurity.CLEAR,
    *,
    credentials: DirectoryCredentials | None = SOMEONE,
    ca_file: str | None = None,
) -> DirectoryService:
    return LdapDirectory(
        credentials=credentials, security=security, ca_file=ca_file, allow_clear_text_bind=True, connect_timeout=1.0
    )


def at(responder: LdapResponder) -> DirectoryServer:
    return DirectoryServer(HOST, responder.port, "127.0.0.1")


def ask(script: Script, *, deadline: float = 5.0, credentials: DirectoryCredentials | None = SOMEONE) -> object:
    with LdapResponder(script) as responder:
        return directory(credentials=credentials).search(at(responder), [POINTS], soon(deadline))


# What is asked and what comes back


@pytest.mark.parametrize("security", [one for one in DirectorySecurity if one.value not in {"auto", "sealed"}])
def test_entries_come_as_they_are_over_every_kind_of_connection(security: DirectorySecurity, pki: Pki) -> None:
    from_the_start = security is DirectorySecurity.LDAPS
    script = answering(MP1, MP2, result(DONE))
    with LdapResponder(script, context=pki.context, tls_from_the_start=from_the_start) as responder:
        service = directory(security, ca_file=pki.ca_file)
        assert service.search(at(responder), [POINTS, POINTS], soon()) == (FOUND, FOUND)
    tags = [request.tag for request in responder.seen]
    assert tags == [EXTENDED] * (security is DirectorySecurity.STARTTLS) + [BIND, SEARCH, SEARCH, UNBIND]
    bind = next(request for request in responder.seen if request.tag == BIND)
    assert bind.parts[1:] == ((0x04, SOMEONE.user.encode()), (0x80, PASSWORD.encode()))
    assert bind.protected == (security is not DirectorySecurity.CLEAR)
    assert responder.connections == 1


def test_without_credentials_the_bind_is_anonymous() -> None:
    with LdapResponder(answering(MP1, result(DONE))) as responder:
        found = directory(credentials=None).search(at(responder), [POINTS], soon())
    assert found == (FOUND[:1],)
    assert responder.seen[0].parts[1:] == ((0x04, b""), (0x80, b""))


def test_the_search_is_sent_as_asked_with_its_escapes_resolved() -> None:
    query = POINTS._replace(filter=r"(&(objectClass=mSSMSSite)(mSSMSRoamingBoundaries=K\c3\b6ln \28S\c3\bcd\29\2a))")
    with LdapResponder(answering(result(DONE))) as responder:
        assert directory().search(at(responder), [query, POINTS._replace(scope=Scope.BASE, base="")], soon()) == (
            (),
            (),
        )
    first, second = (request for request in responder.seen if request.tag == SEARCH)
    base, scope, aliases, size, seconds, types_only, condition, wanted = (value for _, value in first.parts)
    assert (base, scope, aliases, types_only) == (CONTAINER.encode(), b"\2", b"\0", b"\0")
    assert (size, seconds) == (b"\0", b"\0")
    assert condition.endswith(b"mSSMSRoamingBoundaries" + tlv(0x04, "Köln (Süd)*".encode()))
    assert wanted == tlv(0x04, b"mSSMSSiteCode") + tlv(0x04, b"dNSHostName")
    assert b"1.2.840.113556.1.4.319" in first.controls
    assert (second.parts[0][1], second.parts[1][1], second.controls) == (b"", b"\0", b"")


def test_pages_are_asked_for_until_there_are_no_more_and_keep_their_order() -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.accept_login()
        pages = [[MP1, MP2], [], [MP2, MP1]]
        for number, page in enumerate(pages):
            assert request is not None
            more = b"page%d" % (number + 1) if number + 1 < len(pages) else b""
            conversation.send(request, *page, result(DONE), controls=page_control(more))
            request = conversation.read()

    with LdapResponder(script) as responder:
        (found,) = directory().search(at(responder), [POINTS], soon())
    assert [item.dn[-3:] for item in found] == ["MP1", "MP2", "MP2", "MP1"]
    searches = [request.controls for request in responder.seen if request.tag == SEARCH]
    assert [b"page1" in controls for controls in searches] == [False, True, False]
    assert [b"page2" in controls for controls in searches] == [False, False, True]


@pytest.mark.parametrize(
    "operations",
    [
        (reference("ldaps://contoso.test/DC=ForestDnsZones,DC=contoso,DC=test"), result(DONE)),
        (result(DONE, 10),),
        (result(DONE, 32, b"0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT)"),),
    ],
    ids=["reference", "referral", "noSuchObject"],
)
def test_what_is_elsewhere_or_nowhere_is_empty(operations: tuple[bytes, ...]) -> None:
    assert ask(answering(*operations)) == ((),)


def test_references_in_the_midst_of_entries_are_left_out_and_not_followed() -> None:
    with LdapResponder(answering(result(DONE))) as elsewhere:
        pointer = reference(f"ldap://127.0.0.1:{elsewhere.port}/DC=other,DC=test")
        assert ask(answering(MP1, pointer, MP2, result(DONE))) == (FOUND,)
    assert elsewhere.connections == 0


# Where it asks


@pytest.mark.rule("AD-002")
@pytest.mark.parametrize(
    ("port", "is_global_catalog", "security", "asked"),
    [
        (3268, True, DirectorySecurity.STARTTLS, 3268),
        (389, True, DirectorySecurity.STARTTLS, 3268),
        (389, False, DirectorySecurity.STARTTLS, 389),
        (3268, True, DirectorySecurity.LDAPS, 3269),
        (389, False, DirectorySecurity.LDAPS, 636),
        (389, True, DirectorySecurity.CLEAR, 3268),
        (3890, True, DirectorySecurity.LDAPS, 3890),
        (3890, True, DirectorySecurity.STARTTLS, 3890),
    ],
)
def test_a_global_catalog_is_asked_on_its_port(
    port: int, asked: int, security: DirectorySecurity, *, is_global_catalog: bool
) -> None:
    server = DirectoryServer(HOST, port, "127.255.255.254", is_global_catalog)
    with pytest.raises((DirectoryUnreachableError, DirectoryTimeoutError)) as caught:
        directory(security).search(server, [POINTS], soon(1))
    assert caught.value.server == f"dc1.contoso.test:{asked}"


def test_a_name_without_an_address_is_looked_up_and_each_address_is_tried(pki: Pki) -> None:
    with LdapResponder(answering(MP1, result(DONE)), context=pki.context) as responder:
        service = LdapDirectory(
            credentials=SOMEONE,
            security=DirectorySecurity.STARTTLS,
            ca_file=pki.ca_file,
            source_address="127.0.0.1",
            resolve=lambda *_: ("::1", "127.255.255.254", "127.0.0.1"),
        )
        assert service.search(at(responder)._replace(address=None), [POINTS], soon()) == (FOUND[:1],)


def test_a_closed_port_is_unreachable() -> None:
    with LdapResponder(answering()) as responder:
        pass
    with pytest.raises(DirectoryUnreachableError) as caught:
        directory().search(at(responder), [POINTS], soon())
    assert caught.value.server == f"dc1.contoso.test:{responder.port}"


def test_when_the_time_is_up_no_connection_is_made() -> None:
    with LdapResponder(answering()) as responder:
        with pytest.raises(DirectoryTimeoutError):
            directory().search(at(responder), [POINTS], soon(0))
        assert responder.connections == 0


# Passwords and trust


def test_a_password_never_leaves_in_clear_text_unless_that_was_asked_for() -> None:
    with LdapResponder(answering()) as responder:
        service = LdapDirectory(credentials=SOMEONE, security=DirectorySecurity.CLEAR)
        with pytest.raises(DirectoryRefusedError) as caught:
            service.search(at(responder), [POINTS], soon())
        assert responder.connections == 0
    assert "directory_allow_clear_text_bind" in caught.value.hint


def no_starttls(conversation: Conversation) -> None:
    request = conversation.read()
    assert request is not None
    conversation.send(request, result(EXTENDED_DONE, 52, b"TLS not available"))
    conversation.hang()


def referred_starttls(conversation: Conversation) -> None:
    request = conversation.read()
    assert request is not None
    conversation.send(request, result(EXTENDED_DONE, 10))
    conversation.hang()


@pytest.mark.parametrize("script", [no_starttls, referred_starttls])
def test_where_starttls_is_refused_no_password_is_sent(script: Script, pki: Pki) -> None:
    with LdapResponder(script, context=pki.context) as responder, pytest.raises(DirectoryError):
        directory(DirectorySecurity.STARTTLS, ca_file=pki.ca_file).search(at(responder), [POINTS], soon())
    assert [request.tag for request in responder.seen if request.tag == BIND] == []


def test_what_was_said_before_tls_is_not_taken_for_what_was_said_in_it(pki: Pki) -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.read()
        assert request is not None
        forged = tlv(0x30, build_integer(request.message_id + 1) + result(BOUND))
        conversation.send_raw(tlv(0x30, build_integer(request.message_id) + result(EXTENDED_DONE)) + forged)
        if conversation.start_tls():
            conversation.hang()

    service = directory(DirectorySecurity.STARTTLS, ca_file=pki.ca_file)
    with (
        LdapResponder(script, context=pki.context) as responder,
        pytest.raises(DirectoryTrustError, match="unprotected"),
    ):
        service.search(at(responder), [POINTS], soon())


@pytest.mark.parametrize("security", [DirectorySecurity.STARTTLS, DirectorySecurity.LDAPS])
@pytest.mark.parametrize("fault", ["another name", "expired", "unknown CA", "another CA"])
def test_a_certificate_that_is_not_right_is_refused_before_the_password(
    security: DirectorySecurity, fault: str, pki: Pki, tmp_path: Path
) -> None:
    server = make_pki(tmp_path, "dc2.contoso.test" if fault == "another name" else HOST, expired=fault == "expired")
    ca_file = {"unknown CA": None, "another CA": pki.ca_file}.get(fault, server.ca_file)
    from_the_start = security is DirectorySecurity.LDAPS
    with (
        LdapResponder(answering(), context=server.context, tls_from_the_start=from_the_start) as responder,
        pytest.raises(DirectoryTrustError) as caught,
    ):
        directory(security, ca_file=ca_file).search(at(responder), [POINTS], soon())
    assert BIND not in [request.tag for request in responder.seen]
    assert caught.value.hint or fault == "expired"


def test_a_server_without_tls_is_unreachable_for_ldaps(pki: Pki) -> None:
    def script(conversation: Conversation) -> None:
        conversation.send_raw(b"220 ftp ready\r\n")
        conversation.connection.recv(1)

    with LdapResponder(script) as responder, pytest.raises(DirectoryUnreachableError, match="no usable TLS"):
        directory(DirectorySecurity.LDAPS, ca_file=pki.ca_file).search(at(responder), [POINTS], soon())


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_cas_that_cannot_be_read_is_named(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with LdapResponder(answering()) as responder:
        with pytest.raises(DirectoryTrustError, match=r"ca\.pem"):
            directory(DirectorySecurity.LDAPS, ca_file=str(file)).search(at(responder), [POINTS], soon())
        assert responder.connections == 0


def test_the_one_constructor_leaves_no_unsafe_default() -> None:
    service = LdapDirectory(credentials=SOMEONE, security=DirectorySecurity.LDAPS)
    connection = service._connection("127.0.0.1", 636, 2.0)
    assert connection.auto_referrals is False
    assert connection.auto_range is False
    assert connection.auto_escape is False
    assert connection.check_names is False
    assert connection.read_only is True
    assert connection.raise_exceptions is True
    assert connection.receive_timeout
    assert connection.closed
    assert connection.server.allowed_referral_hosts == []
    assert connection.server.get_info == ldap3.NONE
    assert connection.server.connect_timeout == 2.0
    context = adapter._tls_context(None, "dc1")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_the_password_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.read()
        assert request is not None
        conversation.send(request, result(BOUND, 49, b"data 52e"))

    caplog.set_level(logging.DEBUG)
    with LdapResponder(script) as responder:
        service = directory()
        with pytest.raises(DirectoryRefusedError) as caught:
            service.search(at(responder), [POINTS], soon())
    assert responder.seen[0].parts[2][1] == PASSWORD.encode()
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(service)
    assert PASSWORD not in shown


@pytest.mark.parametrize("credentials", [SOMEONE._replace(password=Secret("")), SOMEONE._replace(user="")])
def test_half_credentials_are_not_sent_as_an_anonymous_login(credentials: DirectoryCredentials) -> None:
    with LdapResponder(answering(MP1, result(DONE))) as responder, pytest.raises(DirectoryRefusedError):
        directory(credentials=credentials).search(at(responder), [POINTS], soon())
    assert responder.seen == []


# Refusals


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (
            b"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v4563\0",
            "password is wrong",
        ),
        (b"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 533, v4563", "disabled"),
        (
            b"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 701, v4563",
            "account has expired",
        ),
        (b"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 773, v4563", "must be changed"),
        (b"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 775, v4563", "locked out"),
        (b"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 999, v4563", "data 999"),
        (b"\x1b[2Jno\r\n", "invalidCredentials:  *.?2Jno$"),
    ],
)
def test_a_refused_login_says_why_in_words(text: bytes, meaning: str) -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.read()
        assert request is not None
        conversation.send(request, result(BOUND, 49, text))

    with pytest.raises(DirectoryRefusedError, match=meaning) as caught:
        ask(script)
    assert caught.value.message.isprintable()
    assert "directory_password" in caught.value.hint


def test_a_directory_that_wants_a_login_says_which_settings_to_set() -> None:
    text = b"000004DC: LdapErr: DSID-0C0907C2, comment: In order to perform this operation a successful bind must be"
    with pytest.raises(DirectoryRefusedError) as caught:
        ask(answering(result(DONE, 1, text)), credentials=None)
    assert "directory_user" in caught.value.hint
    with pytest.raises(DirectoryRefusedError) as caught:
        ask(answering(result(DONE, 1, text)))
    assert caught.value.hint == ""


@pytest.mark.parametrize("code", [8, 13])
def test_a_directory_that_wants_protection_says_which_setting_to_set(code: int) -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.read()
        assert request is not None
        conversation.send(request, result(BOUND, code))

    with pytest.raises(DirectoryRefusedError) as caught:
        ask(script)
    assert "directory_security" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1, DirectoryRefusedError),
        (3, DirectoryTimeoutError),
        (4, DirectoryRefusedError),
        (11, DirectoryRefusedError),
        (34, DirectoryRefusedError),
        (50, DirectoryRefusedError),
        (51, DirectoryUnreachableError),
        (52, DirectoryUnreachableError),
        (53, DirectoryRefusedError),
        (80, DirectoryRefusedError),
        (14, DirectoryRefusedError),
    ],
)
def test_a_search_that_did_not_succeed_is_never_a_part_of_an_answer(code: int, expected: type[Exception]) -> None:
    with pytest.raises(DirectoryError) as caught:
        ask(answering(MP1, result(DONE, code)))
    assert type(caught.value) is expected


@pytest.mark.parametrize("code", [10, 32, 4])
def test_a_bind_that_is_no_success_is_never_taken_for_one(code: int) -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.read()
        assert request is not None
        conversation.send(request, result(BOUND, code))
        conversation.hang()

    with LdapResponder(script) as responder, pytest.raises(DirectoryRefusedError):
        directory().search(at(responder), [POINTS], soon())
    assert SEARCH not in [request.tag for request in responder.seen]


# Time


def silent(conversation: Conversation) -> None:
    conversation.hang()


def silent_after_the_bind(conversation: Conversation) -> None:
    conversation.accept_login()
    conversation.hang()


def silent_within_a_message(conversation: Conversation) -> None:
    request = conversation.accept_login()
    assert request is not None
    conversation.send_raw(tlv(0x30, build_integer(request.message_id) + MP1)[:9])
    conversation.hang()


def dripping(conversation: Conversation) -> None:
    request = conversation.accept_login()
    assert request is not None
    message = tlv(0x30, build_integer(request.message_id) + entry("CN=x", cn=(b"x" * 5000,)))
    for octet in message:
        if conversation.responder.stopping.wait(0.02):
            return
        conversation.send_raw(bytes((octet,)))


def endless(conversation: Conversation) -> None:
    request = conversation.accept_login()
    assert request is not None
    while not conversation.responder.stopping.wait(0.02):
        conversation.send(request, MP1)


@pytest.mark.parametrize(
    "script",
    [silent, silent_after_the_bind, silent_within_a_message, dripping, endless],
    ids=lambda script: script.__name__,
)
@pytest.mark.parametrize("security", [DirectorySecurity.CLEAR, DirectorySecurity.STARTTLS])
def test_the_deadline_holds_whatever_the_server_does(script: Script, security: DirectorySecurity, pki: Pki) -> None:
    with LdapResponder(script, context=pki.context) as responder:
        began = time.monotonic()
        with pytest.raises(DirectoryTimeoutError):
            directory(security, ca_file=pki.ca_file).search(at(responder), [POINTS], soon(0.4))
        assert time.monotonic() - began < 1


def test_the_deadline_holds_in_a_tls_handshake(pki: Pki) -> None:
    def script(conversation: Conversation) -> None:
        while conversation.connection.recv(4096):
            pass

    with LdapResponder(script) as responder:
        began = time.monotonic()
        with pytest.raises(DirectoryTimeoutError):
            directory(DirectorySecurity.LDAPS, ca_file=pki.ca_file).search(at(responder), [POINTS], soon(0.3))
        assert time.monotonic() - began < 1


# Broken connections and broken servers


def closes(conversation: Conversation) -> None:
    conversation.accept_login()


def closes_within_a_message(conversation: Conversation) -> None:
    request = conversation.accept_login()
    assert request is not None
    conversation.send_raw(tlv(0x30, build_integer(request.message_id) + MP1)[:9])


def resets(conversation: Conversation) -> None:
    conversation.accept_login()
    conversation.reset()


def takes_its_leave(conversation: Conversation) -> None:
    conversation.accept_login()
    notice = tlv(EXTENDED_DONE, build_integer(52, 0x0A) + tlv(0x04) + tlv(0x04) + tlv(0x8A, b"1.3.6.1.4.1.1466.20036"))
    conversation.send_raw(tlv(0x30, build_integer(0) + notice))
    conversation.hang()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (closes, "closed the connection"),
        (closes_within_a_message, "in the middle of an answer"),
        (resets, "lost"),
        (takes_its_leave, "closed the connection"),
    ],
)
def test_a_lost_connection_is_unreachable(script: Script, words: str) -> None:
    with pytest.raises(DirectoryUnreachableError, match=words):
        ask(script)


def raw(data: bytes) -> Script:
    def script(conversation: Conversation) -> None:
        conversation.accept_login()
        conversation.send_raw(data)
        conversation.hang()

    return script


@pytest.mark.parametrize(
    "script",
    [
        raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        raw(b"\x30\x84\x7f\xff\xff\xff"),
        raw(b"\x30\x80\0\0"),
        raw(b"\x30\0"),
        raw(tlv(0x30, b"\x30" * 3000)),
        answering(result(DONE, 999)),
        answering(tlv(DONE)),
        answering(tlv(0x6E)),
        answering(tlv(0x64, tlv(0x04) + tlv(0x04, b"ab"))),
    ],
)
def test_an_answer_that_is_no_ldap_is_an_error_of_the_directory(script: Script) -> None:
    with pytest.raises(DirectoryError) as caught:
        ask(script, deadline=2)
    assert not isinstance(caught.value, DirectoryTimeoutError)


def test_a_message_past_the_limit_is_not_waited_for() -> None:
    huge = answering(entry("CN=x", cn=(b"x" * (1024 * 1024),)), result(DONE))
    with pytest.raises(DirectoryError, match="more than"):
        ask(huge)
    large = answering(entry("CN=x", cn=(b"x" * (1000 * 1024),)), result(DONE))
    assert ask(large) == ((DirectoryEntry("CN=x", {"cn": (b"x" * (1000 * 1024),)}),),)


@pytest.mark.parametrize("limit", ["_MAX_MESSAGES", "_MAX_OCTETS"])
def test_a_server_that_sends_without_end_is_given_up(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.accept_login()
        assert request is not None
        conversation.send(request, *[reference("ldap://x/")] * 1000)
        conversation.hang()

    monkeypatch.setattr(ldap_wire, limit, {"_MAX_MESSAGES": 500, "_MAX_OCTETS": 5000}[limit])
    with pytest.raises(DirectoryError, match="too much"):
        ask(script)


def test_entries_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_MAX_ENTRIES", 3)
    assert len(ask(answering(*[MP1] * 3, result(DONE)))[0]) == 3  # type: ignore[index]
    with pytest.raises(DirectoryError, match="more than 3"):
        ask(answering(*[MP1] * 4, result(DONE)))


def test_pages_do_not_go_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.accept_login()
        while request is not None and request.tag == SEARCH:
            conversation.send(request, result(DONE), controls=page_control(b"more"))
            request = conversation.read()

    monkeypatch.setattr(adapter, "_MAX_PAGES", 5)
    with LdapResponder(script) as responder, pytest.raises(DirectoryError, match="pages"):
        directory().search(at(responder), [POINTS], soon())
    assert [request.tag for request in responder.seen].count(SEARCH) == 5


WHOLE = b"".join(tlv(0x30, build_integer(3) + operation) for operation in (MP1, reference("ldap://x/"), result(DONE)))


@pytest.mark.parametrize("value", [tlv(0x02, b"\x7f\xff\xff\xff"), tlv(0x30), b"\x04"], ids=["number", "list", "cut"])
def test_a_value_that_is_no_octet_string_is_refused(value: bytes) -> None:
    """ldap3 would make two gigabytes of zeros of the number."""
    attribute = tlv(0x30, tlv(0x04, b"mSSMSSiteCode") + tlv(0x31, value))
    entry = tlv(0x64, tlv(0x04, b"CN=x") + tlv(0x30, attribute))

    def script(conversation: Conversation) -> None:
        request = conversation.accept_login()
        assert request is not None
        conversation.send_raw(tlv(0x30, build_integer(request.message_id) + entry))

    with pytest.raises(DirectoryError, match="sent an entry"):
        ask(script)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_answer_is_an_answer_or_an_error_of_the_directory(changes: list[tuple[int, int]]) -> None:
    def script(conversation: Conversation) -> None:
        request = conversation.accept_login()
        assert request is not None
        whole = b"".join(
            tlv(0x30, build_integer(request.message_id) + operation)
            for operation in (MP1, reference("ldap://x/"), result(DONE) + page_control(b""))
        )
        damaged = bytearray(whole)
        for place, octet in changes:
            damaged[place % len(damaged)] = octet
        conversation.send_raw(bytes(damaged))

    try:
        (found,) = ask(script)  # type: ignore[misc]
    except DirectoryError:
        return
    assert all(isinstance(item, DirectoryEntry) for item in found)


# Every exception of the library


def every_subclass(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from every_subclass(child)


FAULTS = [
    exceptions.LDAPException,
    *sorted(
        {kind for kind in every_subclass(exceptions.LDAPException) if kind.__module__.startswith("ldap3.")},
        key=lambda kind: kind.__qualname__,
    ),
    OSError,
    TimeoutError,
    ConnectionResetError,
    BrokenPipeError,
    ssl.SSLError,
    socket.gaierror,
]


def test_the_walk_meets_ldap3s_exceptions() -> None:
    assert len(FAULTS) > 100


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__qualname__)
@pytest.mark.parametrize("where", ["open", "bind", "search"])
def test_every_exception_of_ldap3_becomes_an_error_of_ours(
    kind: type[Exception], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise kind

    def patched(*args: object, **kwargs: object) -> ldap3.Connection:
        connection = made(*args, **kwargs)
        setattr(connection, where, fail)
        return connection

    made = ldap3.Connection
    monkeypatch.setattr(ldap3, "Connection", patched)
    with LdapResponder(answering(MP1, result(DONE))) as responder:
        if where == "search" and kind is exceptions.LDAPNoSuchObjectResult:
            assert directory().search(at(responder), [POINTS], soon()) == ((),)
            return
        with pytest.raises(DirectoryError) as caught:
            directory().search(at(responder), [POINTS], soon())
    assert caught.value.server == f"dc1.contoso.test:{responder.port}"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (exceptions.LDAPSocketOpenError, DirectoryUnreachableError),
        (exceptions.LDAPSessionTerminatedByServerError, DirectoryUnreachableError),
        (exceptions.LDAPResponseTimeoutError, DirectoryTimeoutError),
        (
            exceptions.communication_exception_factory(exceptions.LDAPSocketOpenError, TimeoutError()),
            DirectoryTimeoutError,
        ),
        (exceptions.LDAPTimeLimitExceededResult, DirectoryTimeoutError),
        (exceptions.LDAPBusyResult, DirectoryUnreachableError),
        (exceptions.LDAPInvalidCredentialsResult, DirectoryRefusedError),
        (exceptions.LDAPStrongerAuthRequiredResult, DirectoryRefusedError),
        (exceptions.LDAPPasswordIsMandatoryError, DirectoryRefusedError),
        (exceptions.LDAPCertificateError, DirectoryTrustError),
        (exceptions.LDAPInvalidFilterError, DirectoryError),
    ],
)
def test_an_exception_becomes_the_error_that_says_what_to_do_next(
    kind: type[exceptions.LDAPException], expected: type[DirectoryError]
) -> None:
    assert type(directory_failure(kind(), "dc1:389", anonymous=False)) is expected
