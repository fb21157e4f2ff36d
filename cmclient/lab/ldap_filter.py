"""LDAP search filters: read from BER, shown as text, matched against attributes."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..errors import MalformedReplyError
from ..protocol.ber import Tlv, read_children

__all__ = ["Attributes", "Filter", "read_filter", "text_of"]

Attributes = Mapping[str, tuple[bytes, ...]]
"""Values by attribute name in lower case."""

_MAX_DEPTH = 20  # a filter of a thousand nested NOTs must not exhaust the stack
_AND, _OR, _NOT, _EQUAL, _SUBSTRINGS, _AT_LEAST, _AT_MOST, _PRESENT, _APPROX = (
    0xA0,
    0xA1,
    0xA2,
    0xA3,
    0xA4,
    0xA5,
    0xA6,
    0x87,
    0xA8,
)
_INITIAL, _ANY, _FINAL = 0x80, 0x81, 0x82
_SHOWN = 60  # characters of a value in the text


class Filter(NamedTuple):
    """A filter.

    Attributes:
        text: As a person writes it; long values cut short.
        matches: Whether attributes fit it.
    """

    text: str
    matches: Callable[[Attributes], bool]


def read_filter(data: bytes, element: Tlv, depth: int = 0) -> Filter:
    """Read a filter. Matching rules (extensible matches) are read as something that nothing fits.

    Raises:
        MalformedReplyError: It is no filter, or is nested too deeply.
    """
    if depth > _MAX_DEPTH:
        raise _malformed("it is nested too deeply")
    if element.tag in {_AND, _OR}:
        parts = [read_filter(data, part, depth + 1) for part in read_children(data, element)]
        joined = "".join(part.text for part in parts)
        if element.tag == _AND:
            return Filter(f"(&{joined})", lambda entry: all(part.matches(entry) for part in parts))
        return Filter(f"(|{joined})", lambda entry: any(part.matches(entry) for part in parts))
    if element.tag == _NOT:
        (inner,) = _children(data, element, 1)
        negated = read_filter(data, inner, depth + 1)
        return Filter(f"(!{negated.text})", lambda entry: not negated.matches(entry))
    if element.tag == _PRESENT:
        name = text_of(data, element)
        return Filter(f"({name}=*)", lambda entry: bool(entry.get(name.lower())))
    if element.tag == _SUBSTRINGS:
        return _substrings(data, element)
    if element.tag in {_EQUAL, _APPROX, _AT_LEAST, _AT_MOST}:
        return _comparison(data, element)
    return Filter("(matching rule)", lambda _: False)


def _comparison(data: bytes, element: Tlv) -> Filter:
    first, second = _children(data, element, 2)
    name, value = text_of(data, first), text_of(data, second)
    wanted = value.casefold()
    sign, fits = {
        _AT_LEAST: (">=", lambda held: _number(held) >= _number(wanted)),
        _AT_MOST: ("<=", lambda held: _number(held) <= _number(wanted)),
    }.get(element.tag, ("=", lambda held: held == wanted))
    return Filter(f"({name}{sign}{value[:_SHOWN]})", lambda entry: any(fits(v) for v in _values(entry, name)))


def _substrings(data: bytes, element: Tlv) -> Filter:
    first, second = _children(data, element, 2)
    name = text_of(data, first)
    parts = [(part.tag, text_of(data, part).casefold()) for part in read_children(data, second)]
    if not parts or any(tag not in {_INITIAL, _ANY, _FINAL} for tag, _ in parts):
        raise _malformed("a substring filter has wrong parts")
    start = "" if parts[0][0] == _INITIAL else "*"
    end = "" if parts[-1][0] == _FINAL else "*"
    shown = start + "*".join(text for _, text in parts)[:_SHOWN] + end
    return Filter(f"({name}={shown})", lambda entry: any(_has_parts(v, parts) for v in _values(entry, name)))


def _has_parts(value: str, parts: list[tuple[int, str]]) -> bool:
    position = 0
    for tag, text in parts:
        if tag == _INITIAL:
            found = 0 if value.startswith(text) else -1
        elif tag == _FINAL:
            found = len(value) - len(text) if value.endswith(text) and len(value) - len(text) >= position else -1
        else:
            found = value.find(text, position)
        if found < 0:
            return False
        position = found + len(text)
    return True


def _values(entry: Attributes, name: str) -> list[str]:
    return [value.decode("utf-8", "replace").casefold() for value in entry.get(name.lower(), ())]


def _number(text: str) -> float:
    """What a bound compares; what is no number is above and below nothing."""
    try:
        return int(text[:20])
    except ValueError:
        return float("nan")


def _children(data: bytes, element: Tlv, count: int) -> tuple[Tlv, ...]:
    children = read_children(data, element)
    if len(children) != count:
        raise _malformed(f"a part has {len(children)} elements in place of {count}")
    return children


def text_of(data: bytes, element: Tlv) -> str:
    """The text that an element holds; what is no UTF-8 is replaced."""
    return data[element.start : element.end].decode("utf-8", "replace")


def _malformed(problem: str) -> MalformedReplyError:
    return MalformedReplyError(f"an LDAP filter cannot be read: {problem}", where="LDAP")
