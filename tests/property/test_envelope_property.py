"""Any bytes are an answer or refused, shown safely; what is built is read back."""

import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import InvalidValueError, ProtocolError
from cmclient.model.content import (
    BoundaryGroupReference,
    ClientBoundaryGroups,
    ContentId,
    ContentLocations,
    ContentOptions,
    ContentReference,
)
from cmclient.model.facts import NetworkFacts
from cmclient.model.messages import Message, MessageId, MessageStyle
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.content_replies import parse_content_location_reply
from cmclient.protocol.envelope import build_message, parse_message, parse_reply
from cmclient.protocol.location_replies import (
    parse_assigned_site_reply,
    parse_enumerate_mps_reply,
    parse_local_mp_reply,
    parse_site_information_reply,
    parse_wsus_location_reply,
)
from cmclient.protocol.location_requests import build_content_location_request
from cmclient.protocol.multipart import CONTENT_TYPE, Part, build_multipart, find_boundary, parse_multipart
from cmclient.protocol.trustkeys import (
    parse_issuing_certificates,
    parse_mp_certificates,
    parse_mp_key_information,
    parse_mp_location,
    parse_root_key,
    parse_root_key_reply,
    parse_site_signing_certificate,
)

ID = MessageId("{11111111-2222-3333-4444-555555555555}")
ids = st.uuids().map(lambda value: MessageId(str(value)))
times = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
# What XML 1.0 can hold between tags, without what a parser may change or skip.
texts = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="<&>"), max_size=50)

messages = st.builds(
    Message,
    id=ids,
    sent=times,
    source_host=st.text(max_size=20),
    target_host=st.just(HostName("mp.corp.test")),
    body=texts.map(lambda text: f"<A>{text}</A>"),
    style=st.sampled_from(MessageStyle),
    compressed=st.booleans(),
    correlation=st.none() | ids,
)

# Multipart bodies that are nearly right.
pieces = st.sampled_from(
    [
        b"--b",
        b"--",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"content-length: 3",
        b"a: b",
        b"one",
        b"\0",
        b" ",
        b"--b--",
        b"x" * 5000,
    ]
)
nearly_multipart = st.lists(pieces, max_size=20).map(b"".join)
types = st.sampled_from(["multipart/mixed; boundary=b", 'multipart/mixed; boundary="b"', "text/html", ""]) | st.text()

heads = st.builds(
    lambda id_, offset, length, more: (
        f'<Msg><CorrelationID>{id_}</CorrelationID><Body Type="ByteRange" Offset="{offset}" Length="{length}"/>'
        f"{more}</Msg>"
    ),
    st.sampled_from([ID, "", "{x}", ID.replace("1", "2")]),
    st.integers(-1, 40) | st.text(max_size=3),
    st.integers(-1, 40),
    st.sampled_from(["", '<Hooks><Hook3 Name="zlib-compress"/></Hooks>', '<Payload Type="http"/>', "<", "<New/>"]),
)
encodings = st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
encoded_heads = st.builds(lambda text, encoding: text.encode(encoding, "ignore"), heads, encodings)
bodies = st.binary(max_size=40).map(zlib.compress) | st.binary(max_size=40)
damaged = st.builds(lambda body, cut: body[:cut], bodies, st.integers(0, 60))


def refused_safely(parse: Callable[[], object]) -> None:
    said = ""
    try:
        parse()
    except ProtocolError as error:
        said = str(error)
    assert said.isprintable()
    assert len(said) < 300


@given(st.binary(max_size=100) | nearly_multipart, types)
def test_any_bytes_are_parts_or_refused(body: bytes, content_type: str) -> None:
    refused_safely(lambda: parse_multipart(body, content_type))


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_parts_that_are_built_are_read_back(contents: list[bytes]) -> None:
    body = build_multipart([Part(content, {"content-length": str(len(content))}) for content in contents])
    assert [part.content for part in parse_multipart(body, CONTENT_TYPE)] == contents


@given(nearly_multipart)
def test_what_holds_its_own_end_is_not_built_and_all_else_is_read_back(content: bytes) -> None:
    hostile = content.replace(b"--b", b"--aAbBcCdDv1234567890VxXyYzZ")
    with suppress(InvalidValueError):
        assert parse_multipart(build_multipart([Part(hostile)]), CONTENT_TYPE) == (Part(hostile),)


@given(st.text() | st.text(st.sampled_from('multipart/mixed;boundary="\\ =b')))
def test_any_content_type_has_a_proper_boundary_or_none(content_type: str) -> None:
    boundary = find_boundary(content_type)
    assert boundary is None or (boundary.isascii() and boundary.isprintable() and 0 < len(boundary) <= 70)


@given(st.lists(encoded_heads | damaged, min_size=1, max_size=4), st.integers(0, 50))
def test_any_parts_are_an_answer_or_refused(parts: list[bytes], most: int) -> None:
    body = build_multipart([Part(part) for part in parts])
    refused_safely(lambda: parse_reply(body, CONTENT_TYPE, request=ID, most=most))


@given(encoded_heads, damaged, st.integers(0, 50))
def test_what_is_read_never_exceeds_the_cap(head: bytes, body: bytes, most: int) -> None:
    with suppress(ProtocolError):
        received = parse_message(build_multipart([Part(head), Part(zlib.compress(body))]), CONTENT_TYPE, most=most)
        # UTF-8 takes at most half as much again as UTF-16.
        assert len(received.document or b"") <= most * 3 // 2


@given(messages)
def test_a_message_that_is_built_is_read_back(message: Message) -> None:
    received = parse_message(build_message(message), CONTENT_TYPE)
    answered = message.correlation or (message.id if message.style is MessageStyle.SDK else None)
    assert received.document == message.body.encode()
    assert received.header.id == message.id
    assert received.header.correlation == (None if answered is None or answered.is_zero else answered)
    assert received.header.body_length == len(message.body.encode("utf-16-le")) + 2
    assert received.header.unknown == ()
    assert UUID(received.header.id)


NAMES = [
    "Sites",
    "Site",
    "MPSite",
    "LocationRecords",
    "LocationRecord",
    "URL",
    "BoundaryGroups",
    "BoundaryGroup",
    "ClientOperationalSettings",
    "Capabilities",
    "Property",
    "IPSubnets",
    "IPSubnet",
    "IntranetName",
    "Certs",
    "Cert",
    "TRUSTEDROOTKEY",
    "New",
]
ATTRIBUTES = ["SiteCode", "Name", "Value", "Address", "Signature", "WSUSURL", "IsOnVPN", "x:New", "DefaultMP"]
VALUES = ["", "ABC", "http://dp.test/x", "http://[", "0", "10.1.0.0", "a\u202e", "&amp;", "3003020107", "x" * 300]

attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES), max_size=3)
elements = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.builds(
        lambda name, pairs, inside: (
            f"<{name}{''.join(f' {key}=' + chr(34) + value + chr(34) for key, value in pairs.items())}>"
            f"{''.join(inside)}</{name}>"
        ),
        st.sampled_from(NAMES),
        attributes,
        st.lists(inner, max_size=4),
    ),
    max_leaves=15,
)

PARSERS = {
    "ContentLocationReply": parse_content_location_reply,
    "WSUSLocationReply": parse_wsus_location_reply,
    "SiteInfoReply": parse_site_information_reply,
    "AssignedSiteReply": parse_assigned_site_reply,
    "LocalMPLocationReply": parse_local_mp_reply,
    "EnumerateMPLocationReply": parse_enumerate_mps_reply,
    "MPKEYINFORMATION": parse_mp_key_information,
    "KeyData": parse_root_key_reply,
    "MPCertificates": parse_mp_certificates,
    "X509Data": parse_site_signing_certificate,
    "SMSIssuingCerts": parse_issuing_certificates,
    "MPLocation": parse_mp_location,
}


@pytest.mark.parametrize("name", PARSERS)
@given(st.lists(elements, max_size=5).map("".join), encodings, st.none() | st.integers(0, 400))
def test_any_document_is_an_answer_or_refused(name: str, inside: str, encoding: str, cut: int | None) -> None:
    parse: Callable[[bytes], object] = PARSERS[name]
    document = f'<{name} xmlns:x="u}}v">{inside}</{name}>'.encode(encoding, "ignore")[:cut]
    refused_safely(lambda: _require_safe(parse(document)))


def _require_safe(found: object) -> None:
    for note in (*getattr(found, "problems", ()), *getattr(found, "unknown", ())):
        assert note.isprintable()
        assert len(note) < 300


@given(st.binary(max_size=100), st.sampled_from(list(PARSERS)))
def test_any_bytes_are_an_answer_or_refused(data: bytes, name: str) -> None:
    parse: Callable[[bytes], object] = PARSERS[name]
    refused_safely(lambda: parse(data))


@given(st.text())
def test_any_text_is_a_root_key_or_none(text: str) -> None:
    with suppress(InvalidValueError):
        parse_root_key(text)


told_names = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40)
groups = st.builds(
    ClientBoundaryGroups,
    retrieved=told_names,
    groups=st.lists(st.builds(BoundaryGroupReference, told_names, told_names, told_names), max_size=3).map(tuple),
    on_vpn=st.none() | st.booleans(),
    connected_caches=st.lists(told_names, max_size=3).map(tuple),
)


@given(groups)
def test_boundary_groups_are_repeated_as_they_were_told(told: ClientBoundaryGroups) -> None:
    built = build_content_location_request(
        NetworkFacts(),
        content=ContentReference(ContentId("ABC00001")),
        assigned_site=SiteCode("ABC"),
        options=ContentOptions(),
        boundary_groups=told,
    )
    written = built[built.index("<BoundaryGroups") : built.index("</ClientLocationInfo>")]
    answer = f"<ContentLocationReply>{written}</ContentLocationReply>".encode()
    assert parse_content_location_reply(answer) == ContentLocations(boundary_groups=told)
