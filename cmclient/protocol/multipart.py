"""The body of a CCM_POST, and of its answer: several parts between boundary lines (RFC 2046)."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import InvalidValueError, MalformedReplyError
from ..model.names import shown_name
from .webpage import is_web_page, web_page_error

__all__ = ["CONTENT_TYPE", "Part", "build_multipart", "find_boundary", "parse_multipart"]

_WHERE = "message"
_BOUNDARY = "aAbBcCdDv1234567890VxXyYzZ"  # the one that the vendor's library and most tools send
CONTENT_TYPE = f'multipart/mixed; boundary="{_BOUNDARY}"'

_MOST_PARTS = 16  # an answer has three; more would be an attack on memory
_MOST_PART_HEADERS = 4096  # bytes of the header lines of one part; real ones have one short line
_MOST_TYPE = 1024  # characters of a Content-Type that are looked at
_PARAMETER = re.compile(r';\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)\s*')
_BOUNDARY_CHARS = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046, 5.1.1
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*([^\0\r\n]*)")


class Part(NamedTuple):
    """A part of a body.

    Attributes:
        content: Its bytes.
        headers: Its header fields, names in lower case.
    """

    content: bytes
    headers: Mapping[str, str] = {}


def build_multipart(parts: Sequence[Part]) -> bytes:
    """Write a body whose Content-Type is ``CONTENT_TYPE``.

    Raises:
        InvalidValueError: A part holds the boundary line that would end it.
    """
    delimiter = b"\r\n--" + _BOUNDARY.encode()
    written = []
    for part in parts:
        if delimiter in b"\r\n" + part.content:
            raise InvalidValueError("part of a message", part.content[:40], "it holds the line that ends a part")
        fields = "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
        written.append(b"\r\n" + fields.encode("ascii") + b"\r\n" + part.content)
    return delimiter.join([b"", *written, b"--"]).removeprefix(b"\r\n")


def find_boundary(content_type: str) -> str | None:
    """Find the boundary in a Content-Type, quoted or not; None when it is no multipart or has no proper boundary."""
    kind, semicolon, rest = content_type.strip().partition(";")
    if not kind.lower().startswith("multipart/") or len(content_type) > _MOST_TYPE:
        return None
    found, at, parameters = [], 0, semicolon + rest
    while at < len(parameters):
        parameter = _PARAMETER.match(parameters, at)
        if parameter is None:
            return None
        if parameter[1].lower() == "boundary":
            found.append(parameter[2])
        at = parameter.end()
    if len(found) != 1:  # with two of them it would be a matter of taste where the parts are
        return None
    value = re.sub(r"\\(.)", r"\1", found[0][1:-1]) if found[0].startswith('"') else found[0]
    return value if _BOUNDARY_CHARS.fullmatch(value) else None


def parse_multipart(body: bytes, content_type: str) -> tuple[Part, ...]:
    """Read a body.

    What stands before the first boundary line and after the last one is skipped.

    Args:
        body: All of it, under its cap.
        content_type: The Content-Type that came with it; empty for none.

    Returns:
        The parts in order. None for an empty body, and for one with a last boundary line only.

    Raises:
        MalformedReplyError: It is a web page or something else, it has no boundary line, not the last one, or more
            than 16 parts; a part has no proper headers, a length that is not its own, or parts of its own.
    """
    if not body.strip(b"\0 \t\r\n"):
        return ()
    boundary = find_boundary(content_type)
    if boundary is None:
        raise _no_parts(body, content_type)
    line = re.compile(re.escape(b"\r\n--" + boundary.encode()) + rb"(?:(--)|[ \t]{0,80}(?=\r\n))")
    text = b"\r\n" + body
    parts: list[Part] = []
    begin = None
    for found in line.finditer(text):
        if begin is not None:
            parts.append(_part(text[begin : found.start()], len(parts) + 1))
        if found[1]:
            return tuple(parts)
        if len(parts) == _MOST_PARTS:
            raise _malformed(f"it has more than {_MOST_PARTS} parts")
        begin = found.end()
    if begin is None:
        raise _no_parts(body, content_type)
    raise _malformed(f"it is cut off: the boundary line that ends it is missing after {len(parts)} whole parts")


def _part(raw: bytes, number: int) -> Part:
    """A part, from what stands after its boundary line: a line end, header lines, an empty line, content."""
    end = raw.find(b"\r\n\r\n", 0, _MOST_PART_HEADERS)
    if end < 0:
        raise _malformed(f"part {number} has no empty line after at most {_MOST_PART_HEADERS} bytes of headers")
    headers: dict[str, str] = {}
    for line in raw[2:end].split(b"\r\n") if end else ():
        field = _FIELD.fullmatch(line)
        if field is None or field[1].decode().lower() in headers:
            raise _malformed(f"part {number} has the header line '{shown_name(line)}', which is none or there twice")
        headers[field[1].decode().lower()] = field[2].decode("latin-1").rstrip()
    content = raw[end + 4 :]
    if headers.get("content-type", "").lower().startswith("multipart/"):
        raise _malformed(f"part {number} has parts of its own")
    length = headers.get("content-length")
    if length is not None and length != str(len(content)):
        raise _malformed(f"part {number} has {len(content)} bytes, and says '{shown_name(length)}'")
    return Part(content, headers)


def _malformed(what: str) -> MalformedReplyError:
    return MalformedReplyError(f"the {_WHERE} cannot be read: {what}", where=_WHERE)


def _no_parts(body: bytes, content_type: str) -> MalformedReplyError:
    """What to say of something that has no parts: a page that somebody else sent, most of the time."""
    kind = shown_name(content_type) or "none"
    if "html" not in content_type.lower() and not is_web_page(body):
        return _malformed(f"its boundary line is not to be found (its Content-Type is: {kind})")
    return web_page_error(body, what="the answer", wanted="a message", where=_WHERE)
