"""LDAP messages as a server reads and writes them (RFC 4511)."""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from ..errors import MalformedReplyError
from ..protocol.ber import Tlv, build_integer, read_children, read_integer, read_tlv, tlv
from .ldap_filter import Filter, read_filter, text_of

__all__ = [
    "PAGED_RESULTS",
    "START_TLS",
    "Bind",
    "Operation",
    "Page",
    "Request",
    "ResultCode",
    "Search",
    "build_entry",
    "build_reference",
    "build_result",
    "read_bind",
    "read_extension",
    "read_request",
    "read_search",
]

START_TLS = "1.3.6.1.4.1.1466.20037"
PAGED_RESULTS = "1.2.840.113556.1.4.319"

_SEQUENCE, _SET, _OCTETS, _ENUMERATED = 0x30, 0x31, 0x04, 0x0A
_CONTROLS = 0xA0
_SIMPLE = 0x80
_EXTENSION_NAME, _EXTENSION_REPLY_NAME = 0x80, 0x8A
_SEARCH_PARTS = 8
_BIND_PARTS = 3
_CONTROL_TYPE_AND_CRITICALITY = 2


class Operation(IntEnum):
    """Tags of what a client asks."""

    BIND = 0x60
    UNBIND = 0x42
    SEARCH = 0x63
    ABANDON = 0x50
    EXTENDED = 0x77


class ResultCode(IntEnum):
    """Results, as far as the lab gives them."""

    SUCCESS = 0
    OPERATIONS_ERROR = 1
    PROTOCOL_ERROR = 2
    SIZE_LIMIT_EXCEEDED = 4
    AUTH_METHOD_NOT_SUPPORTED = 7
    STRONGER_AUTH_REQUIRED = 8
    UNAVAILABLE_CRITICAL_EXTENSION = 12
    NO_SUCH_OBJECT = 32
    INVALID_CREDENTIALS = 49
    UNWILLING_TO_PERFORM = 53


_DELETE, _DELETED = 0x4A, 0x6B
_SEARCH_DONE = 0x65
_REPLY_TAGS: dict[int, int] = {Operation.SEARCH: _SEARCH_DONE, _DELETE: _DELETED}
_ENTRY, _REFERENCE = 0x64, 0x73


class Page(NamedTuple):
    """The paging control: entries wanted, and where to go on."""

    size: int
    cookie: bytes


class Request(NamedTuple):
    """A message from a client.

    Attributes:
        message_id: Its id.
        tag: What it asks, one of Operation or another.
        body: Where its operation lies in ``data``.
        data: The message.
        page: The paging control; None when there is none.
        unknown_critical: Whether it has a control that must be understood and is not.
    """

    message_id: int
    tag: int
    body: Tlv
    data: bytes
    page: Page | None = None
    unknown_critical: bool = False


class Bind(NamedTuple):
    """A bind: who, and the password; None when it is not a simple bind."""

    user: str
    password: str | None


class Search(NamedTuple):
    """A search: scope is 0 base, 1 one level, 2 subtree; no attributes mean all."""

    base: str
    scope: int
    size_limit: int
    condition: Filter
    attributes: tuple[str, ...]


def read_request(data: bytes) -> Request:
    """Read a message.

    Raises:
        MalformedReplyError: It is none.
    """
    parts = read_children(data, _expect(read_tlv(data), _SEQUENCE))
    if len(parts) < 2:  # noqa: PLR2004 - an id and an operation
        raise _malformed("it has no operation")
    request = Request(read_integer(data, parts[0]), parts[1].tag, parts[1], data)
    if len(parts) > 2 and parts[2].tag == _CONTROLS:  # noqa: PLR2004 - they come third
        for control in read_children(data, parts[2]):
            request = _with_control(request, control)
    return request


def _with_control(request: Request, control: Tlv) -> Request:
    data = request.data
    fields = read_children(data, _expect(control, _SEQUENCE))
    if not fields:
        raise _malformed("a control has no type")
    if text_of(data, fields[0]) == PAGED_RESULTS and fields[-1].tag == _OCTETS and len(fields) > 1:
        value = data[fields[-1].start : fields[-1].end]
        inner = read_children(value, _expect(read_tlv(value), _SEQUENCE))
        if len(inner) != 2:  # noqa: PLR2004 - size and cookie
            raise _malformed("a paging control has wrong parts")
        return request._replace(page=Page(read_integer(value, inner[0]), value[inner[1].start : inner[1].end]))
    critical = len(fields) >= _CONTROL_TYPE_AND_CRITICALITY and data[fields[1].start : fields[1].end] == b"\xff"
    return request._replace(unknown_critical=request.unknown_critical or critical)


def read_bind(request: Request) -> Bind:
    """Read a bind.

    Raises:
        MalformedReplyError: It has wrong parts.
    """
    parts = _parts(request, _BIND_PARTS)
    password = text_of(request.data, parts[2]) if parts[2].tag == _SIMPLE else None
    return Bind(text_of(request.data, parts[1]), password)


def read_search(request: Request) -> Search:
    """Read a search.

    Raises:
        MalformedReplyError: It has wrong parts.
    """
    data = request.data
    parts = _parts(request, _SEARCH_PARTS)
    return Search(
        base=text_of(data, parts[0]),
        scope=read_integer(data, parts[1]),
        size_limit=read_integer(data, parts[3]),
        condition=read_filter(data, parts[6]),
        attributes=tuple(text_of(data, name) for name in read_children(data, parts[7])),
    )


def read_extension(request: Request) -> str:
    """Read the name of an extended operation; empty when it has none.

    Raises:
        MalformedReplyError: It has wrong parts.
    """
    parts = read_children(request.data, request.body)
    return text_of(request.data, parts[0]) if parts and parts[0].tag == _EXTENSION_NAME else ""


def build_result(
    request: Request, code: ResultCode, text: str = "", *, matched: str = "", page: Page | None = None
) -> bytes:
    """Build the message that ends an operation."""
    content = build_integer(code, _ENUMERATED) + tlv(_OCTETS, matched.encode()) + tlv(_OCTETS, text.encode())
    if request.tag == Operation.EXTENDED and code is ResultCode.SUCCESS:
        content += tlv(_EXTENSION_REPLY_NAME, read_extension(request).encode())
    tag = _REPLY_TAGS.get(request.tag, request.tag + 1)
    controls = b""
    if page is not None:
        value = tlv(_SEQUENCE, build_integer(page.size) + tlv(_OCTETS, page.cookie))
        controls = tlv(_CONTROLS, tlv(_SEQUENCE, tlv(_OCTETS, PAGED_RESULTS.encode()) + tlv(_OCTETS, value)))
    return _message(request, tlv(tag, content), controls)


def build_entry(request: Request, dn: str, attributes: Iterable[tuple[str, tuple[bytes, ...]]]) -> bytes:
    """Build the message that carries one entry."""
    listed = b"".join(
        tlv(_SEQUENCE, tlv(_OCTETS, name.encode()) + tlv(_SET, b"".join(tlv(_OCTETS, value) for value in values)))
        for name, values in attributes
    )
    return _message(request, tlv(_ENTRY, tlv(_OCTETS, dn.encode()) + tlv(_SEQUENCE, listed)))


def build_reference(request: Request, url: str) -> bytes:
    """Build the message that points to another directory for the rest."""
    return _message(request, tlv(_REFERENCE, tlv(_OCTETS, url.encode())))


def _message(request: Request, operation: bytes, controls: bytes = b"") -> bytes:
    return tlv(_SEQUENCE, build_integer(request.message_id) + operation + controls)


def _parts(request: Request, count: int) -> tuple[Tlv, ...]:
    parts = read_children(request.data, request.body)
    if len(parts) != count:
        raise _malformed(f"an operation has {len(parts)} parts in place of {count}")
    return parts


def _expect(element: Tlv, tag: int) -> Tlv:
    if element.tag != tag:
        raise _malformed(f"tag {element.tag:#x} stands in place of {tag:#x}")
    return element


def _malformed(problem: str) -> MalformedReplyError:
    return MalformedReplyError(f"an LDAP message cannot be read: {problem}", where="LDAP")
