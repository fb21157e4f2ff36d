"""The part of BER that LDAP uses: tag, definite length, value (X.690; RFC 4511, section 5.1)."""

from typing import NamedTuple

from ..errors import MalformedReplyError

__all__ = [
    "MAX_MESSAGE",
    "Tlv",
    "build_integer",
    "find_message_length",
    "read_children",
    "read_integer",
    "read_tlv",
    "tlv",
]

MAX_MESSAGE = 1024 * 1024  # bytes; a length field must not make a reader wait for, or store, gigabytes
_MAX_CHILDREN = 4096  # a message of empty elements must not become a list of half a million
_MAX_LENGTH_OCTETS = 4
_MAX_INTEGER_OCTETS = 8
_MULTI_BYTE_TAG = 0x1F
_LONG_FORM = 0x80
_TAG_INTEGER = 0x02


class Tlv(NamedTuple):
    """Where an element lies in its buffer.

    Attributes:
        tag: The tag octet (class, constructed bit and number), such as 0x30 for a SEQUENCE.
        start: Offset of the first octet of the value.
        end: Offset just past the value, which is where the next element begins.
    """

    tag: int
    start: int
    end: int


def read_tlv(data: bytes, offset: int = 0, end: int | None = None) -> Tlv:
    """Read one tag and length.

    Args:
        data: The buffer.
        offset: Where the element begins.
        end: Where its parent ends; None for the end of the buffer.

    Raises:
        MalformedReplyError: Nothing there, a tag of several octets, an indefinite or oversized length, or a value that
            reaches past the end.
    """
    limit = len(data) if end is None else min(end, len(data))
    header = _read_header(data, offset, limit)
    if header is None:
        raise _malformed("it ends within an element")
    if header.end > limit:
        raise _malformed("an element reaches past the end of what holds it")
    return header


def read_children(data: bytes, parent: Tlv) -> tuple[Tlv, ...]:
    """Read the elements that a constructed element holds, in order; empty when it holds none.

    Raises:
        MalformedReplyError: They do not fill the parent exactly, or are too many.
    """
    children = []
    offset = parent.start
    while offset < parent.end:
        child = read_tlv(data, offset, parent.end)
        children.append(child)
        if len(children) > _MAX_CHILDREN:
            raise _malformed(f"an element holds more than {_MAX_CHILDREN} others")
        offset = child.end
    return tuple(children)


def read_integer(data: bytes, element: Tlv) -> int:
    """Read the value of an INTEGER or ENUMERATED, signed; the tag is the caller's to check.

    Raises:
        MalformedReplyError: It has no octets or more than eight.
    """
    if not 0 < element.end - element.start <= _MAX_INTEGER_OCTETS:
        raise _malformed(f"a number has {element.end - element.start} octets")
    return int.from_bytes(data[element.start : element.end], "big", signed=True)


def find_message_length(head: bytes, cap: int = MAX_MESSAGE) -> int | None:
    """Say how long the element is that a stream begins with, tag and length included.

    Returns:
        Its length in bytes; None when more bytes are needed to tell.

    Raises:
        MalformedReplyError: It is longer than the cap, or cannot be an element.
    """
    header = _read_header(head, 0, len(head))
    if header is None:
        return None
    if header.end > cap:
        raise _malformed(f"a message has {header.end} bytes, more than {cap}")
    return header.end


def tlv(tag: int, content: bytes = b"") -> bytes:
    """Build an element of a tag octet and its value."""
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(octets))) + octets + content


def build_integer(value: int, tag: int = _TAG_INTEGER) -> bytes:
    """Build an INTEGER; or an ENUMERATED, by its tag."""
    octets = (value + (value < 0)).bit_length() // 8 + 1  # the fewest that hold it and its sign
    return tlv(tag, value.to_bytes(octets, "big", signed=True))


def _read_header(data: bytes, offset: int, limit: int) -> Tlv | None:
    """Tag and extent of an element, whose value need not be there; None when the header itself is cut off."""
    if offset + 2 > limit:
        return None
    tag, length = data[offset], data[offset + 1]
    if tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        raise _malformed("a tag has several octets")
    start = offset + 2
    if length >= _LONG_FORM:
        octets = length - _LONG_FORM
        if not 0 < octets <= _MAX_LENGTH_OCTETS:
            raise _malformed("a length is indefinite or has more than four octets")
        start += octets
        if start > limit:
            return None
        length = int.from_bytes(data[start - octets : start], "big")  # not always minimal: Windows writes four octets
    return Tlv(tag, start, start + length)


def _malformed(problem: str) -> MalformedReplyError:
    return MalformedReplyError(f"a message in BER cannot be read: {problem}", where="BER")
