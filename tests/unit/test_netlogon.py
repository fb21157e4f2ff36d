"""The netlogon ping: real answers, the reply of a lab server, and what is refused."""

import struct

import pytest

from cmclient.errors import InvalidValueError, MalformedReplyError
from cmclient.model.facts import DomainController
from cmclient.model.names import AdSiteName, DnsDomain, HostName
from cmclient.protocol.ber import build_integer, tlv
from cmclient.protocol.netlogon import (
    build_netlogon_ping,
    build_netlogon_reply,
    find_message_id,
    parse_netlogon_ping,
    parse_netlogon_reply,
)

# What Samba 4.17 (Debian 12) sent for fabrikam.test: to an asker in the subnet of site Berlin, to one in no subnet,
# and when asked for a domain that it does not serve.
SAMBA_BERLIN = bytes.fromhex(
    "30818102014d647c04003078307604086e65746c6f676f6e316a0468170000003d110000c34ac7a348713f4d8f173292fcf4bea2"
    "0866616272696b616d047465737400c01803646331c0180846414252494b414d000344433100001744656661756c742d46697273742d53"
    "6974652d4e616d6500064265726c696e0005000000ffffffff300c02014d65070a010004000400"
)
SAMBA_NO_SITE = bytes.fromhex(
    "307a02014d647504003071306f04086e65746c6f676f6e31630461170000003d110000c34ac7a348713f4d8f173292fcf4bea2"
    "0866616272696b616d047465737400c01803646331c0180846414252494b414d000344433100001744656661756c742d46697273742d53"
    "6974652d4e616d65000005000000ffffffff300c02014d65070a010004000400"
)
SAMBA_NO_ENTRY = bytes.fromhex("300c02014d65070a010004000400")

CONTROLLER = DomainController(
    host=HostName("dc1.fabrikam.test"),
    address="192.0.2.1",
    domain=DnsDomain("fabrikam.test"),
    forest=DnsDomain("fabrikam.test"),
    client_site=AdSiteName("Berlin"),
    server_site=AdSiteName("Default-First-Site-Name"),
    is_global_catalog=True,
)

FIELDS = struct.pack("<HHI16s", 23, 0, 0, bytes(16))
NAMES = b"\x04test\0" + b"\x04test\0" + b"\x03dc1\x04test\0" + b"\x04TEST\0" + b"\x03DC1\0" + b"\0"


def reply(answer: bytes, name: bytes = b"netlogon") -> bytes:
    attribute = tlv(0x30, tlv(0x04, name) + tlv(0x31, tlv(0x04, answer)))
    return tlv(0x30, build_integer(1) + tlv(0x64, tlv(0x04) + tlv(0x30, attribute)))


def test_a_real_answer_names_the_controller_and_the_site_of_the_asker() -> None:
    assert parse_netlogon_reply(SAMBA_BERLIN, address="192.0.2.1") == CONTROLLER


def test_an_asker_in_no_subnet_has_no_site() -> None:
    assert parse_netlogon_reply(SAMBA_NO_SITE, address="192.0.2.1") == CONTROLLER._replace(client_site=None)


def test_a_domain_that_is_not_served_is_an_answer_without_an_entry() -> None:
    assert parse_netlogon_reply(SAMBA_NO_ENTRY, address="192.0.2.1") is None


@pytest.mark.parametrize(
    "controller",
    [
        CONTROLLER,
        CONTROLLER._replace(is_global_catalog=False),
        CONTROLLER._replace(client_site=None, server_site=None),
        CONTROLLER._replace(client_site=AdSiteName("Köln Süd"), host=HostName("dc1")),
        CONTROLLER._replace(domain=DnsDomain("emea.fabrikam.test"), host=HostName("dc7.emea.fabrikam.test")),
        None,
    ],
    ids=["full", "no catalog", "no sites", "short name", "child domain", "not served"],
)
def test_the_reply_of_a_lab_server_is_read_as_it_was_meant(controller: DomainController | None) -> None:
    built = build_netlogon_reply(77, controller)
    assert find_message_id(built) == 77
    assert parse_netlogon_reply(built, address="192.0.2.1") == controller


def test_a_site_name_that_does_not_fit_is_refused_not_garbled() -> None:
    with pytest.raises(InvalidValueError):
        build_netlogon_reply(1, CONTROLLER._replace(client_site=AdSiteName("ü" * 40)))


def test_the_ping_is_the_search_that_domain_controllers_answer() -> None:
    # the very bytes to which Samba 4.17 gave the answers above, with another id
    assert build_netlogon_ping(DnsDomain("contoso.test"), 1) == bytes.fromhex(
        "304e02010163 49 0400 0a0100 0a0100 020100 020100 010100"
        "a02a a319 0409446e73446f6d61696e 040c636f6e746f736f2e74657374"
        "a30d 04054e74566572 0404 16000000".replace(" ", "")
        + "300a04084e65746c6f676f6e"
    )


def test_a_ping_is_read_as_it_was_built() -> None:
    assert parse_netlogon_ping(build_netlogon_ping(DnsDomain("contoso.test"), 2**31 - 1)) == (
        2**31 - 1,
        "contoso.test",
    )


def search(*, base: bytes = b"", scope: int = 0, condition: bytes | None = None, wanted: bytes = b"NetLogon") -> bytes:
    asked = tlv(0xA3, tlv(0x04, b"DNSDOMAIN") + tlv(0x04, b"contoso.test")) if condition is None else condition
    body = tlv(0x04, base) + build_integer(scope, 0x0A) + build_integer(0, 0x0A) + build_integer(0) + build_integer(0)
    body += tlv(0x01, b"\0") + asked + tlv(0x30, tlv(0x04, wanted))
    return tlv(0x30, build_integer(5) + tlv(0x63, body))


def test_a_ping_of_a_single_condition_in_other_letters_is_a_ping() -> None:
    assert parse_netlogon_ping(search()) == (5, "contoso.test")


@pytest.mark.parametrize(
    "ping",
    [
        b"",
        b"hello",
        search(base=b"dc=test"),
        search(scope=2),
        search(wanted=b"*"),
        search(condition=tlv(0x87, b"objectClass")),
        search(condition=tlv(0xA0, tlv(0xA3, tlv(0x04, b"NtVer") + tlv(0x04, b"\6\0\0\0")))),
        search(condition=tlv(0xA3, tlv(0x04, b"DnsDomain") + tlv(0x04, b"a..b"))),
        search(condition=tlv(0xA3, tlv(0x04, b"DnsDomain") + tlv(0x04, b"\xff"))),
        search(condition=tlv(0xA3, tlv(0x04, b"DnsDomain"))),
        tlv(0x30, build_integer(5) + tlv(0x42)),
        SAMBA_NO_ENTRY,
    ],
)
def test_what_is_no_ping_is_refused(ping: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_netlogon_ping(ping)


def test_names_are_read_through_pointers() -> None:
    names = (
        b"\x04test\0" + b"\xc0\x18" + b"\x03dc1\xc0\x18" + b"\x04TEST\0" + b"\x03DC1\0" + b"\0" + b"\1A\0" + b"\1B\0"
    )
    found = parse_netlogon_reply(reply(FIELDS + names), address="192.0.2.1")
    assert found is not None
    assert (found.forest, found.domain, found.host) == ("test", "test", "dc1.test")
    assert (found.server_site, found.client_site) == ("A", "B")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        FIELDS[:-1],
        FIELDS,
        FIELDS + NAMES,
        FIELDS + NAMES + b"\x05ab",
        FIELDS + NAMES + b"\0" + b"\xff",
        FIELDS + b"\0" * 8,
        FIELDS + b"\xc0\x18" + NAMES,
        FIELDS + b"\x01a\xc0\x18" + NAMES,
        FIELDS + b"\xc0\x30" + NAMES + b"\0\0",
        FIELDS + b"\x40" + b"a" * 64 + b"\0" + NAMES,
        FIELDS + (b"\x3f" + b"a" * 63) * 4 + b"\0" + NAMES + b"\0\0",
        FIELDS + NAMES[:-1] + (b"\x3f" + b"a" * 63) * 4 + b"\0" + b"\0\0",
        FIELDS[:8] + b"\xc0\x0a\xc0\x08" + FIELDS[12:] + b"\xc0\x08" + NAMES[6:] + b"\0\0",
        FIELDS + NAMES.replace(b"dc1", b"d c") + b"\0\0",
        FIELDS + NAMES.replace(b"dc1", b"d\xffc") + b"\0\0",
        struct.pack("<H", 24) + FIELDS[2:] + NAMES + b"\0\0",
        struct.pack("<H", 19) + FIELDS[2:] + NAMES + b"\0\0",
    ],
    ids=[
        "empty",
        "cut fields",
        "no names",
        "no site names",
        "cut label",
        "cut pointer",
        "empty names",
        "pointer at itself",
        "pointer in a circle",
        "pointer forward",
        "label of 64",
        "name too long",
        "unused name too long",
        "pointers at each other",
        "no host name",
        "no UTF-8",
        "paused",
        "older form",
    ],
)
def test_an_answer_that_cannot_be_read_is_malformed(answer: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_netlogon_reply(reply(answer), address="192.0.2.1")


def test_the_answer_of_those_tests_is_good_when_whole() -> None:
    found = parse_netlogon_reply(reply(FIELDS + NAMES + b"\0\0"), address="192.0.2.1")
    assert found is not None
    assert found.host == "dc1.test"
    assert not found.is_global_catalog


def test_an_entry_without_the_attribute_is_no_answer_for_the_domain() -> None:
    assert parse_netlogon_reply(reply(FIELDS + NAMES + b"\0\0", b"other"), address="192.0.2.1") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        SAMBA_BERLIN[:40],
        tlv(0x30, build_integer(1) + tlv(0x65)),
        tlv(0x30, build_integer(1) + tlv(0x65, build_integer(51, 0x0A) + tlv(0x04) + tlv(0x04))),
        tlv(0x30, build_integer(1) + tlv(0x73)),
        tlv(0x30, build_integer(1)),
        tlv(0x30, build_integer(1) + tlv(0x64, tlv(0x04))),
    ],
    ids=["empty", "garbage", "cut", "no result", "busy", "reference", "no operation", "half an entry"],
)
def test_what_is_no_answer_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_netlogon_reply(data, address="192.0.2.1")


def test_the_id_of_what_is_no_message_is_unknown() -> None:
    assert find_message_id(b"garbage") is None
    assert find_message_id(SAMBA_NO_ENTRY) == 77
