"""Any datagram gives a value or one of our protocol errors; what is built is read back."""

from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import MalformedReplyError
from cmclient.model.facts import DomainController
from cmclient.model.names import AdSiteName, DnsDomain, HostName
from cmclient.protocol.ber import build_integer, tlv
from cmclient.protocol.netlogon import (
    build_netlogon_ping,
    build_netlogon_reply,
    parse_netlogon_ping,
    parse_netlogon_reply,
)

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
SITES = st.text(st.characters(categories=["L", "N", "Pd"]), min_size=1, max_size=15).map(AdSiteName)
CONTROLLERS = st.builds(
    DomainController,
    host=NAMES.map(HostName),
    address=st.just("192.0.2.1"),
    domain=NAMES.map(DnsDomain),
    forest=NAMES.map(DnsDomain),
    client_site=st.none() | SITES,
    server_site=st.none() | SITES,
    is_global_catalog=st.booleans(),
)
IDS = st.integers(1, 2**31 - 1)


def outcome(data: bytes) -> object:
    try:
        return parse_netlogon_reply(data, address="192.0.2.1")
    except MalformedReplyError:
        return MalformedReplyError


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_malformed(data: bytes) -> None:
    assert outcome(data) is MalformedReplyError or data[:1] == b"\x30"


@given(st.binary(max_size=200))
def test_any_bytes_in_the_place_of_the_answer_are_an_answer_or_malformed(blob: bytes) -> None:
    answer = b"\x17\0\0\0" + bytes(20) + blob
    attribute = tlv(0x30, tlv(0x04, b"Netlogon") + tlv(0x31, tlv(0x04, answer)))
    found = outcome(tlv(0x30, build_integer(1) + tlv(0x64, tlv(0x04) + tlv(0x30, attribute))))
    assert found is MalformedReplyError or isinstance(found, DomainController)


@given(CONTROLLERS, st.data())
def test_a_damaged_answer_is_an_answer_or_malformed(controller: DomainController, data: st.DataObject) -> None:
    damaged = bytearray(build_netlogon_reply(1, controller))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    outcome(bytes(damaged))
    assert outcome(bytes(damaged[: min(cut, 20)])) in (MalformedReplyError, None)


@given(CONTROLLERS | st.none(), IDS)
def test_a_reply_is_read_as_it_was_built(controller: DomainController | None, message_id: int) -> None:
    assert parse_netlogon_reply(build_netlogon_reply(message_id, controller), address="192.0.2.1") == controller


@given(NAMES.map(DnsDomain), IDS)
def test_a_ping_is_read_as_it_was_built(domain: DnsDomain, message_id: int) -> None:
    assert parse_netlogon_ping(build_netlogon_ping(domain, message_id)) == (message_id, domain)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_ping_or_malformed(data: bytes) -> None:
    try:
        message_id, domain = parse_netlogon_ping(data)
    except MalformedReplyError:
        return
    assert isinstance(message_id, int)
    assert DnsDomain(domain) == domain
