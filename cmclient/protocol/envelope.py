"""The envelope of CCM messaging: a header and a body, as two parts of one HTTP request or answer.

Text is UTF-16 with a byte order mark in the header, and without one but with a NUL at its end in the body. A
compressed body is a zlib stream of that. Of what comes, more forms are taken than are sent.
"""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError, NoAnswerError
from ..model.endpoints import Endpoint
from ..model.http import MESSAGE_CAP, HttpRequest
from ..model.messages import Message, MessageHeader, MessageId, MessageStyle, ReceivedMessage
from .elements import (
    children,
    find_attribute,
    find_child,
    find_unknown,
    known_parts,
    parse_number,
    parse_root,
    plain_attribute,
    plain_part,
)
from .markup import element, text_element
from .multipart import CONTENT_TYPE, Part, build_multipart, parse_multipart
from .xmlsafe import XmlLimits, decode_xml

__all__ = ["MESSAGE_PATH", "build_header", "build_message", "message_request", "parse_message", "parse_reply"]

MESSAGE_PATH = "/ccm_system/request"

_VERB = "CCM_POST"
_USER_AGENT = "ConfigMgr Messaging HTTP Sender"
_WHERE = "message"
_HEADER = "Msg"
_MOST_PARTS = 3
_HEADER_LIMITS = XmlLimits(size=256 * 1024, elements=2_000)  # a signature and two certificates fit many times
_MOST_HOOKS = 16  # names of hooks that are kept; a header has one or two
_COMPRESS_HOOK = "zlib-compress"
_TRAILING = b"\0\r\n"  # what tools write behind the body: a NUL more, or CR LF
_MOST_TRAILING = 4  # bytes of that
_BOM = b"\xff\xfe"

_KNOWN = known_parts(
    ". ReplyCompression SchemaVersion",
    "Attachment Type Length Name Offset",
    "Body Type Length Offset",
    "CorrelationID",
    "Hooks",
    "Hooks/Hook Name",
    "Hooks/Hook2 Name",
    "Hooks/Hook2/Property Name Value",
    "Hooks/Hook3 Name",
    "ID",
    "Payload Type",
    "Priority",
    "Property Name Value",
    "Protocol",
    "ReplyCapabilities",
    "ReplyCapabilities/AllowRegistrationReset",
    "ReplyMode",
    "ReplyTo",
    "ReqVersion",
    "SentTime",
    "SourceHost",
    "SourceID",
    "SourceType Type",
    "TargetAddress",
    "TargetEndpoint",
    "TargetHost",
    "Timeout",
)


# Writing


def message_request(endpoint: Endpoint, message: Message, *, path: str = MESSAGE_PATH) -> HttpRequest:
    """The HTTP request that sends a message to a management point.

    Args:
        endpoint: The management point.
        message: The message.
        path: ``/ccm_system/request``, or the path of another way to prove who sends it.

    Raises:
        InvalidValueError: The message cannot be written (see ``build_message``).
    """
    headers = {"Content-Type": CONTENT_TYPE, "User-Agent": _USER_AGENT}
    return HttpRequest(endpoint, path, _VERB, headers, build_message(message))


def build_message(message: Message) -> bytes:
    """Write a message as a multipart body, whose Content-Type is ``multipart.CONTENT_TYPE``.

    Raises:
        InvalidValueError: The time has no time zone, or the body cannot be encoded.
    """
    try:
        text = message.body.encode("utf-16-le") + b"\0\0"
    except UnicodeEncodeError as error:
        raise InvalidValueError("body of a message", message.body, "it holds half of a character") from error
    header = build_header(message, length=len(text))
    return build_multipart(
        [
            Part(_BOM + header.encode("utf-16-le"), {"content-type": "text/plain; charset=UTF-16"}),
            Part(zlib.compress(text) if message.compressed else text, {"content-type": "application/octet-stream"}),
        ]
    )


def build_header(message: Message, *, length: int) -> str:
    """Write the header of a message, in the form and order of its style.

    Args:
        message: The message.
        length: Bytes of its body before compression, its NUL included.

    Raises:
        InvalidValueError: The time has no time zone.
    """
    written = _sdk_header(message, length) if message.style is MessageStyle.SDK else _setup_header(message, length)
    compression = ' ReplyCompression="zlib"' if message.compressed else ""
    return f'<{_HEADER}{compression} SchemaVersion="1.1">{"".join(written)}</{_HEADER}>'


def _sdk_header(message: Message, length: int) -> Iterator[str]:
    source, target, endpoint = message.source_host, message.target_host, message.target_endpoint
    yield f'<Body Type="ByteRange" Length="{length}" Offset="0"/>'
    yield text_element("CorrelationID", message.correlation or message.id)
    yield _hooks(message)
    yield text_element("ID", message.id)
    yield '<Payload Type="inline"/>'
    yield text_element("Priority", "0")
    yield text_element("Protocol", "http")
    reset = text_element("AllowRegistrationReset", f"direct:{source}:ClientRegistration")
    yield f"<ReplyCapabilities>{reset}</ReplyCapabilities>"
    yield text_element("ReplyMode", message.reply_mode)
    yield text_element("ReplyTo", f"direct:{source}:{message.reply_endpoint}")
    yield text_element("SentTime", _time(message.sent))
    yield text_element("SourceHost", source)
    yield text_element("TargetAddress", f"raw:httpsync:{target}:{endpoint}")
    yield text_element("TargetEndpoint", endpoint)
    yield text_element("TargetHost", target)
    yield text_element("Timeout", "60000")


def _setup_header(message: Message, length: int) -> Iterator[str]:
    source, endpoint = message.source_host, message.target_endpoint
    yield text_element("ID", message.id)
    if message.correlation is not None:
        yield text_element("CorrelationID", message.correlation)
    yield text_element("SourceID", "")  # no identity: a client that is being installed has none
    yield text_element("SourceHost", source)
    yield text_element("TargetAddress", f"mp:[http]{endpoint}")
    yield text_element("ReplyTo", f"direct:{source}:{message.reply_endpoint}")
    yield text_element("Priority", "3")
    yield text_element("Timeout", "600")
    yield text_element("ReqVersion", "5931")
    yield text_element("TargetHost", message.target_host)
    yield text_element("TargetEndpoint", endpoint)
    yield text_element("ReplyMode", message.reply_mode)
    yield text_element("Protocol", "http")
    yield text_element("SentTime", _time(message.sent))
    yield f'<Body Type="ByteRange" Offset="0" Length="{length}"/>'
    yield _hooks(message)
    yield '<Payload Type="inline"/>'


def _hooks(message: Message) -> str:
    return element("Hooks", inside=element("Hook3", {"Name": _COMPRESS_HOOK}) if message.compressed else "")


def _time(sent: datetime) -> str:
    if sent.tzinfo is None:
        raise InvalidValueError("time of a message", sent.isoformat(), "it has no time zone")
    return sent.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


# Reading


def parse_reply(body: bytes, content_type: str, *, request: MessageId, most: int = MESSAGE_CAP) -> ReceivedMessage:
    """Read the answer to a message that was sent.

    Args:
        body: Body of an HTTP reply with status 200.
        content_type: Its Content-Type; empty for none.
        request: Id of the message that was sent.
        most: Most bytes that its body may have when it is inflated.

    Raises:
        NoAnswerError: It is empty, or its body is.
        MalformedReplyError: It is no message (see ``parse_message``), or the answer to another message.
        UnsafeXmlError: Its header is refused for what it could do.
    """
    received = parse_message(body, content_type, most=most)
    answered = received.header.correlation
    if answered not in {None, request}:
        raise MalformedReplyError(
            f"the reply is one to message {answered}, not to {request}",
            where="CorrelationID",
            hint="something between this machine and the management point mixes up or repeats answers",
        )
    if received.document == b"":
        raise _no_answer("the management point answered with an empty body")
    return received


def parse_message(body: bytes, content_type: str, *, most: int = MESSAGE_CAP) -> ReceivedMessage:
    """Read a message of one, two or three parts.

    Its body is inflated when it is a zlib stream, whatever its header says. How much of it is the document, the header
    says in bytes of the text, or in bytes as they were sent: nobody has seen which of them management points count.

    Args:
        body: The multipart body.
        content_type: Its Content-Type; empty for none.
        most: Most bytes that the message's body may have when it is inflated.

    Raises:
        NoAnswerError: It has no parts.
        MalformedReplyError: It is a web page or something else, or one of more than three parts; the header is none,
            the body is elsewhere, is no whole zlib stream or a larger one than it may, or not where the header says.
        UnsafeXmlError: Its header is refused for what it could do.
    """
    parts = parse_multipart(body, content_type)
    if not parts:
        raise _no_answer("the management point answered with nothing")
    if len(parts) > _MOST_PARTS:
        raise _malformed(f"it has {len(parts)} parts, and no message has more than {_MOST_PARTS}")
    root = parse_root(parts[0].content, _HEADER, limits=_HEADER_LIMITS)
    header = _header(root)
    if len(parts) == 1:
        return ReceivedMessage(header)
    if len(parts) == _MOST_PARTS:
        return ReceivedMessage(header, upload=tuple(part.content for part in parts[1:]))
    if header.payload.lower() not in {"", "inline"}:
        raise _malformed(f"its body is not in it: its payload is '{header.payload}'")
    sent = parts[1].content
    if _is_zlib(sent):
        sent_text = _inflate(sent, most)
    elif _COMPRESS_HOOK in header.hooks and not _is_text(sent):
        raise _malformed("its body should be a zlib stream, and is none")
    else:
        sent_text = sent
    document = decode_xml(_slice(sent_text, header, sent_bytes=len(sent)), where="the body of the message")
    return ReceivedMessage(header, document)


def _header(root: Element) -> MessageHeader:
    body = find_child(root, "Body")
    kind = plain_attribute(body, "Type")
    if kind.lower() not in {"", "byterange"}:
        raise _malformed(f"its body is given by '{kind}', not by a range of bytes")
    hooks = [plain_attribute(hook, "Name") for holder in children(root, "Hooks") for hook in holder]
    return MessageHeader(
        id=_find_id(root, "ID"),
        correlation=_find_correlation(root),
        reply_mode=plain_part(root, "ReplyMode"),
        source_host=plain_part(root, "SourceHost"),
        target_endpoint=plain_part(root, "TargetEndpoint"),
        sent=plain_part(root, "SentTime"),
        payload=plain_attribute(find_child(root, "Payload"), "Type"),
        hooks=tuple(filter(None, hooks[:_MOST_HOOKS])),
        body_offset=_find_count(body, "Offset"),
        body_length=_find_count(body, "Length"),
        unknown=find_unknown(root, _KNOWN),
    )


def _find_id(root: Element, name: str) -> MessageId | None:
    try:
        return MessageId(plain_part(root, name))
    except InvalidValueError:
        return None


def _find_correlation(root: Element) -> MessageId | None:
    """The message that it answers; what it cannot say must not pass for not saying it."""
    answered, said = _find_id(root, "CorrelationID"), plain_part(root, "CorrelationID")
    if answered is None and said:
        raise MalformedReplyError(f"the message answers '{said}', which is no message id", where="CorrelationID")
    return None if answered is None or answered.is_zero else answered


def _find_count(body: Element | None, name: str) -> int | None:
    text = find_attribute(body, name)
    try:
        return None if text is None else parse_number(text)
    except InvalidValueError as error:
        raise _malformed(f"the {name.lower()} of its body is no number of bytes") from error


def _is_zlib(data: bytes) -> bool:
    """Whether it begins as a zlib stream does (RFC 1950), which no text in XML does."""
    return len(data) > 1 and data[0] & 0x8F == 8 and int.from_bytes(data[:2], "big") % 31 == 0  # noqa: PLR2004 - its check


def _is_text(data: bytes) -> bool:
    return data[:4].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in {b"", b"<"}


def _inflate(data: bytes, most: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, most + 1)  # a byte more tells that there is more
    except zlib.error as error:
        raise _malformed("its body is a damaged zlib stream") from error
    if len(text) > most:
        raise _malformed(f"its body is larger than {most} bytes when it is inflated")
    if not stream.eof:
        raise _malformed("its body is a zlib stream that is cut off")
    if not _is_trailing(stream.unused_data):
        raise _malformed("its body goes on behind the end of its zlib stream")
    return text


def _slice(text: bytes, header: MessageHeader, *, sent_bytes: int) -> bytes:
    """The document that the header points at, if that is all there is behind its beginning."""
    begin = header.body_offset or 0
    end = len(text) if header.body_length is None else begin + header.body_length
    if begin <= end <= len(text) and _is_trailing(text[end:]):
        return text[begin:end]
    if not begin and header.body_length == sent_bytes:
        return text
    raise _malformed(
        f"its body should be {header.body_length} bytes from byte {begin} on, and there are {len(text)} in all"
    )


def _is_trailing(rest: bytes) -> bool:
    return len(rest) <= _MOST_TRAILING and not rest.strip(_TRAILING)


def _no_answer(message: str) -> NoAnswerError:
    return NoAnswerError(
        message,
        hint="it may answer registered clients only, or not be ready yet; MP_Location.log on it may say more",
    )


def _malformed(what: str) -> MalformedReplyError:
    return MalformedReplyError(f"the {_WHERE} cannot be read: {what}", where=_WHERE)
