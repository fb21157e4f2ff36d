"""The envelope: headers byte for byte like the templates of tools, and answers in every form, whole and broken."""

import re
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cmclient.errors import InvalidValueError, MalformedReplyError, NoAnswerError, UnsafeXmlError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.messages import Message, MessageHeader, MessageId, MessageStyle, netbios_name
from cmclient.model.names import HostName
from cmclient.protocol.envelope import build_header, build_message, message_request, parse_message, parse_reply
from cmclient.protocol.multipart import CONTENT_TYPE, Part, build_multipart, parse_multipart

ID = MessageId("{11111111-2222-3333-4444-555555555555}")
OTHER = MessageId("{AAAAAAAA-2222-3333-4444-555555555555}")
ZERO = "{00000000-0000-0000-0000-000000000000}"
MESSAGE = Message(
    id=ID,
    sent=datetime(2024, 1, 1, tzinfo=UTC),
    source_host="DUMMY-PC",
    target_host=HostName("mp01.contoso.com"),
    body="<A>ä</A>",
)
TEXT = "<SiteInfoReply/>"
BODY = TEXT.encode("utf-16-le") + b"\0\0"


def header(inside: str = "", *, correlation: str = ID, length: int | str = len(BODY), offset: int = 0) -> str:
    return (
        f'<Msg SchemaVersion="1.1"><ID>{OTHER}</ID><CorrelationID>{correlation}</CorrelationID>'
        f'<Body Type="ByteRange" Offset="{offset}" Length="{length}"/><ReplyMode>Reply</ReplyMode>{inside}</Msg>'
    )


def utf16(text: str) -> bytes:
    return b"\xff\xfe" + text.encode("utf-16-le")


def answer(*contents: bytes) -> bytes:
    return build_multipart([Part(content) for content in contents])


def document(head: bytes, body: bytes, **limits: int) -> bytes | None:
    return parse_reply(answer(head, body), CONTENT_TYPE, request=ID, **limits).document


def refused(head: str, body: bytes, problem: str, **limits: int) -> None:
    with pytest.raises(MalformedReplyError, match=problem):
        document(utf16(head), body, **limits)


# Ids and names


@pytest.mark.parametrize("text", [ID, ID.lower(), ID.strip("{}"), f" {ID} "])
def test_an_id_is_a_guid_in_braces(text: str) -> None:
    assert MessageId(text) == ID


@pytest.mark.parametrize("text", ["", "{}", f"{{{ID}}}", ID[:-2], ID.replace("-", ""), "{Message2}"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(InvalidValueError, match="GUID in braces"):
        MessageId(text)


@pytest.mark.parametrize(
    ("host", "name"),
    [("dummy-pc", "DUMMY-PC"), ("dummy-pc.corp.test", "DUMMY-PC"), ("a-very-long-host-name", "A-VERY-LONG-HOS")],
)
def test_the_netbios_name_is_the_first_label_cut_short(host: str, name: str) -> None:
    assert netbios_name(HostName(host)) == name


# Writing


@pytest.mark.parametrize(
    ("message", "length", "sample"),
    [
        (MESSAGE, "BODY_BYTES", "msg-header-siteinformation-tool.xml"),
        (
            MESSAGE._replace(style=MessageStyle.SETUP, compressed=False),
            "TWICE_THE_CHARACTER_COUNT",
            "msg-header-contentlocation-tool.xml",
        ),
    ],
)
def test_a_header_is_byte_for_byte_that_of_a_tool(message: Message, length: str, sample: str, vectors: Path) -> None:
    real = (vectors / "samples" / sample).read_text("utf-8").removesuffix("\n")
    assert build_header(message, length=12345) == real.replace(length, "12345")


@pytest.mark.parametrize("style", MessageStyle)
@pytest.mark.parametrize("compressed", [True, False])
def test_a_header_says_how_the_body_is_sent(style: MessageStyle, *, compressed: bool) -> None:
    written = build_header(MESSAGE._replace(style=style, compressed=compressed), length=1)
    assert ('ReplyCompression="zlib"' in written) is compressed
    assert ("zlib-compress" in written) is compressed


@pytest.mark.parametrize("style", MessageStyle)
def test_an_answer_names_the_message_that_it_answers(style: MessageStyle) -> None:
    written = build_header(MESSAGE._replace(style=style, correlation=OTHER, reply_mode="Reply"), length=1)
    assert f"<CorrelationID>{OTHER}</CorrelationID>" in written
    assert "<ReplyMode>Reply</ReplyMode>" in written


def test_texts_stay_inside_their_elements() -> None:
    written = build_header(MESSAGE._replace(source_host="<A>&\x01\n"), length=1)
    assert "<SourceHost>&lt;A&gt;&amp;</SourceHost>" in written


def test_the_time_is_sent_in_utc_and_whole_seconds() -> None:
    sent = datetime(2024, 1, 1, 1, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert "<SentTime>2023-12-31T23:30:00Z</SentTime>" in build_header(MESSAGE._replace(sent=sent), length=1)
    with pytest.raises(InvalidValueError, match="no time zone"):
        build_header(MESSAGE._replace(sent=datetime(2024, 1, 1)), length=1)  # noqa: DTZ001 - what is refused


def test_a_message_is_two_parts_of_utf_16_and_the_second_ends_with_a_nul() -> None:
    first, second = parse_multipart(build_message(MESSAGE._replace(compressed=False)), CONTENT_TYPE)
    body = "<A>ä</A>\0".encode("utf-16-le")
    assert first.headers == {"content-type": "text/plain; charset=UTF-16"}
    assert first.content == utf16(build_header(MESSAGE._replace(compressed=False), length=len(body)))
    assert second == Part(body, {"content-type": "application/octet-stream"})


def test_a_compressed_message_says_the_length_before_compression() -> None:
    first, second = parse_multipart(build_message(MESSAGE), CONTENT_TYPE)
    body = "<A>ä</A>\0".encode("utf-16-le")
    assert zlib.decompress(second.content) == body
    assert f'Length="{len(body)}"'.encode("utf-16-le") in first.content


def test_a_body_that_has_no_utf_16_is_not_written() -> None:
    with pytest.raises(InvalidValueError, match="half of a character"):
        build_message(MESSAGE._replace(body="<A>\ud800</A>"))


def test_a_message_goes_out_as_ccm_post() -> None:
    endpoint = Endpoint(Scheme.HTTP, HostName("mp01.contoso.com"), 80)
    request = message_request(endpoint, MESSAGE)
    assert (request.endpoint, request.method, request.path) == (endpoint, "CCM_POST", "/ccm_system/request")
    assert request.headers["Content-Type"] == CONTENT_TYPE
    assert request.body == build_message(MESSAGE)


# Reading


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(utf16(header()), id="UTF-16 with a mark"),
        pytest.param(header().encode("utf-16-le"), id="without"),
        pytest.param(utf16(header()) + b"\0\0", id="with a NUL"),
        pytest.param(utf16('<?xml version="1.0" encoding="UTF-16"?>' + header()), id="declared"),
        pytest.param(b'<?xml version="1.0" encoding="UTF-16"?>' + header().encode(), id="declared UTF-16, is UTF-8"),
        pytest.param(header().encode(), id="UTF-8"),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY, id="plain"),
        pytest.param(zlib.compress(BODY), id="compressed"),
        pytest.param(zlib.compress(BODY, level=0), id="stored"),
        pytest.param(BODY + b"\r\n", id="plain and CR LF"),
        pytest.param(BODY + b"\0\0", id="plain and two zero bytes"),
        pytest.param(zlib.compress(BODY + b"\r\n"), id="compressed with CR LF"),
        pytest.param(zlib.compress(BODY) + b"\0\0", id="compressed and two zero bytes"),
    ],
)
def test_an_answer_in_each_of_its_forms(head: bytes, body: bytes) -> None:
    received = parse_reply(answer(head, body), CONTENT_TYPE, request=ID)
    assert received.document == TEXT.encode()
    assert received.upload == ()
    assert received.header == MessageHeader(
        id=OTHER, correlation=ID, reply_mode="Reply", body_offset=0, body_length=len(BODY)
    )


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (utf16(TEXT), len(BODY)),
        (TEXT.encode(), len(TEXT)),
        (b"\xef\xbb\xbf" + TEXT.encode(), len(TEXT) + 3),
        (TEXT.encode("utf-16-le"), len(BODY) - 2),
    ],
)
@pytest.mark.parametrize("compressed", [True, False])
def test_a_document_with_and_without_mark_and_nul(body: bytes, length: int, *, compressed: bool) -> None:
    sent = zlib.compress(body) if compressed else body
    assert document(utf16(header(length=length)), sent) == TEXT.encode()


def test_what_is_sent_is_read_back() -> None:
    received = parse_message(build_message(MESSAGE), CONTENT_TYPE)
    assert received.document == "<A>ä</A>".encode()
    assert received.header == MessageHeader(
        id=ID,
        correlation=ID,
        reply_mode="Sync",
        source_host="DUMMY-PC",
        target_endpoint="MP_LocationManager",
        sent="2024-01-01T00:00:00Z",
        payload="inline",
        hooks=("zlib-compress",),
        body_offset=0,
        body_length=len("<A>ä</A>\0") * 2,
    )


@pytest.mark.parametrize("sample", ["msg-header-siteinformation-tool.xml", "msg-header-contentlocation-tool.xml"])
def test_nothing_in_a_known_header_is_unknown(sample: str, vectors: Path) -> None:
    real = re.sub(r'Length="\w+"', f'Length="{len(BODY)}"', (vectors / "samples" / sample).read_text("utf-8"))
    received = parse_message(answer(utf16(real), zlib.compress(BODY)), CONTENT_TYPE)
    assert received.header.unknown == ()
    assert (received.header.id, received.document) == (ID, TEXT.encode())


def test_what_is_unknown_in_a_header_is_told() -> None:
    inside = '<New a="b"><C/></New><Hooks><Hook2 Name="clientauth"><Property Name="a" Extra="b"/></Hook2></Hooks>'
    received = parse_message(answer(utf16(header(inside)), BODY), CONTENT_TYPE)
    assert received.header.unknown == ("New", "Hooks/Hook2/Property/@Extra")
    assert received.header.hooks == ("clientauth",)


def test_an_answer_of_one_part_was_accepted_and_has_no_document() -> None:
    received = parse_reply(answer(utf16(header())), CONTENT_TYPE, request=ID)
    assert (received.header.correlation, received.document, received.upload) == (ID, None, ())


def test_an_answer_of_three_parts_says_how_to_upload() -> None:
    received = parse_reply(answer(utf16(header()), b"one", b"two"), CONTENT_TYPE, request=ID)
    assert (received.document, received.upload) == (None, (b"one", b"two"))


def test_an_answer_of_four_parts_is_none() -> None:
    with pytest.raises(MalformedReplyError, match="it has 4 parts"):
        parse_reply(answer(utf16(header()), b"", b"", b""), CONTENT_TYPE, request=ID)


# Whose answer it is


@pytest.mark.parametrize("correlation", [ID, ID.lower(), ZERO, ""])
def test_an_answer_that_names_no_other_message_is_taken(correlation: str) -> None:
    assert document(utf16(header(correlation=correlation)), BODY) == TEXT.encode()


@pytest.mark.parametrize(
    ("correlation", "problem"),
    [(OTHER, f"is one to message {OTHER}, not to {ID}"), ("{Message1}", "which is no message id")],
)
def test_an_answer_to_another_message_is_refused(correlation: str, problem: str) -> None:
    with pytest.raises(MalformedReplyError) as caught:
        document(utf16(header(correlation=correlation)), BODY)
    assert problem in str(caught.value)
    assert caught.value.where == "CorrelationID"


@pytest.mark.parametrize("id_", ["", "{Message1}"])
def test_a_message_without_a_proper_id_has_none(id_: str) -> None:
    head = utf16(header().replace(OTHER, id_))
    assert parse_message(answer(head, BODY), CONTENT_TYPE).header.id is None


# No answer


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"", CONTENT_TYPE),
        (b"\r\n", "text/html"),
        (answer(), CONTENT_TYPE),
        (answer(utf16(header(length=0)), b""), CONTENT_TYPE),
        (answer(utf16(header(length=2)), b"\0\0"), CONTENT_TYPE),
        (answer(utf16(header(length=2)), zlib.compress(b"\0\0")), CONTENT_TYPE),
    ],
)
def test_an_empty_answer_is_no_answer(body: bytes, content_type: str) -> None:
    with pytest.raises(NoAnswerError) as caught:
        parse_reply(body, content_type, request=ID)
    assert "registered clients" in caught.value.hint


def test_a_web_page_is_no_answer_of_a_management_point() -> None:
    with pytest.raises(MalformedReplyError, match="web page with the title 'Sign in'") as caught:
        parse_reply(b"<html><title>Sign in</title></html>", "text/html", request=ID)
    assert "proxy or a captive portal" in caught.value.hint


# Headers that are none


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"", "Msg is empty"),
        (b"<Message/>", "its root is 'Message'"),
        (utf16(header())[:-20], "Msg is cut off"),
        (b"Msg", "Msg is not XML"),
        (b"\xff\xfe<\0\0\xd8", "begins as UTF-16 and is not"),
        (b"<html/>", "is a web page"),
        (utf16(header('<Payload Type="http"/>')), "its payload is 'http'"),
        (utf16(header().replace("ByteRange", "File")), "given by 'File'"),
        (utf16(header(length="-1")), "length of its body is no number"),
        (utf16(header(length="")), "length of its body is no number"),
    ],
)
def test_what_is_no_header_is_refused(head: bytes, problem: str) -> None:
    with pytest.raises(MalformedReplyError, match=problem):
        document(head, BODY)


@pytest.mark.parametrize("head", [b'<!DOCTYPE Msg [<!ENTITY a "b">]><Msg/>', b"<Msg>" + b" " * 256 * 1024 + b"</Msg>"])
def test_an_unsafe_header_is_refused(head: bytes) -> None:
    with pytest.raises(UnsafeXmlError, match="Msg"):
        document(head, BODY)


# Bodies that lie


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize(
    ("offset", "length"),
    [
        (0, len(BODY) + 1),
        (0, len(BODY) + 2),
        (0, 10**18),
        (0, len(BODY) - 6),  # it leaves more than a NUL and two bytes behind
        (0, len(BODY) - 4),  # it leaves text behind
        (2, len(BODY)),
        (len(BODY) + 2, 0),
        (10**18, 2),
    ],
)
def test_a_length_that_is_not_that_of_the_body_is_refused(offset: int, length: int, *, compressed: bool) -> None:
    sent = zlib.compress(BODY) if compressed else BODY
    refused(header(offset=offset, length=length), sent, f"should be {length} bytes from byte {offset} on")


def test_a_length_may_be_that_of_the_bytes_that_are_sent() -> None:
    sent = zlib.compress(BODY)
    assert document(utf16(header(length=len(sent))), sent) == TEXT.encode()


def test_a_body_may_begin_behind_an_attachment() -> None:
    assert document(utf16(header(offset=4)), zlib.compress(b"data" + BODY)) == TEXT.encode()


def test_a_body_of_no_stated_length_is_all_of_it() -> None:
    head = '<Msg SchemaVersion="1.1"><Hooks/></Msg>'
    assert document(utf16(head), BODY) == TEXT.encode()


@pytest.mark.parametrize("kept", [2, 3, 10, len(zlib.compress(BODY)) - 1])
def test_a_zlib_stream_that_is_cut_off_is_refused(kept: int) -> None:
    refused(header(), zlib.compress(BODY)[:kept], "zlib stream that is cut off")


def test_a_damaged_zlib_stream_is_refused() -> None:
    sent = bytearray(zlib.compress(BODY))
    sent[-1] ^= 1
    refused(header(), bytes(sent), "damaged zlib stream")


def test_more_behind_a_zlib_stream_is_refused() -> None:
    refused(header(), zlib.compress(BODY) + b"more", "goes on behind the end")


def test_a_body_that_should_be_compressed_and_is_neither_that_nor_text_is_refused() -> None:
    hooked = header('<Hooks><Hook3 Name="zlib-compress"/></Hooks>', length=4)
    refused(hooked, b"\x01\x02\x03\x04", "should be a zlib stream, and is none")
    assert document(utf16(hooked.replace('"4"', f'"{len(BODY)}"')), BODY) == TEXT.encode()


def test_a_body_may_be_as_large_as_the_cap_when_it_is_inflated_and_not_larger() -> None:
    assert document(utf16(header()), zlib.compress(BODY), most=len(BODY)) == TEXT.encode()
    refused(header(), zlib.compress(BODY), f"larger than {len(BODY) - 1} bytes", most=len(BODY) - 1)


def test_a_body_that_inflates_without_end_is_not_inflated_beyond_the_cap() -> None:
    endless = zlib.compress(bytes(64 * 1024 * 1024))
    tracemalloc.start()
    try:
        refused(header(), endless, "larger than 8388608 bytes")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * 1024 * 1024
