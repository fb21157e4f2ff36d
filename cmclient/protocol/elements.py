"""Reading the parts of an answer: by local name in any case, with what cannot be used and what nobody knows noted."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeVar
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError
from ..model.endpoints import HTTP_PORT, HTTPS_PORT, Endpoint, Scheme
from ..model.names import HostName, parse_port, shown_name
from .xmlsafe import DEFAULT, XmlLimits, local_name, parse_xml

__all__ = [
    "Problems",
    "children",
    "find_attribute",
    "find_child",
    "find_part",
    "find_unknown",
    "known_parts",
    "parse_ip",
    "parse_number",
    "parse_root",
    "parse_web_address",
    "plain_attribute",
    "plain_part",
    "plain_text",
]

_T = TypeVar("_T")
_MOST_NOTES = 50  # of problems, and of unknown parts; a hostile answer must not become a page of them
_MOST_TEXT = 256  # characters of a text that is kept as sent; real ones have fewer than 100
_MOST_ADDRESS = 2048  # characters of an address; one with a token has several hundred
_NAMES_KEPT, _SHORT = 1024, 64  # names that are kept in small letters, and how long they are at most
_NUMBER = re.compile(r"[0-9]{1,20}")
_ADDRESS = re.compile(r"(https?)://([^\s/?#@:\\]+)(?::([0-9]+))?(/\S*)?", re.IGNORECASE)


def parse_root(data: bytes, name: str, *, limits: XmlLimits = DEFAULT) -> Element:
    """Read a document whose root has a name.

    Raises:
        MalformedReplyError: It is no such document (empty, cut off, a web page, another one).
        UnsafeXmlError: It is refused for what it could do.
    """
    root = parse_xml(data, where=name, limits=limits)
    if local_name(root.tag).lower() != name.lower():
        found = shown_name(local_name(root.tag))
        raise MalformedReplyError(f"the reply is no {name}: its root is '{found}'", where=name)
    return root


@lru_cache(_NAMES_KEPT)
def _lowered_short(tag: str) -> str:
    return local_name(tag).lower()


def _lowered(tag: str) -> str:
    """The local name of an element or attribute in small letters."""
    return _lowered_short(tag) if len(tag) <= _SHORT else local_name(tag).lower()


def children(parent: Element | None, name: str) -> Iterator[Element]:
    """Every child of a name, in order; none of no parent."""
    wanted = name.lower()
    found = () if parent is None else parent
    return iter([child for child in found if child.tag == name or _lowered(child.tag) == wanted])


def find_child(parent: Element | None, name: str) -> Element | None:
    """Find the first child of a name; one that is written just so comes before others."""
    if parent is None:
        return None
    found = parent.find(name)
    return next(children(parent, name), None) if found is None else found


def find_attribute(element: Element | None, name: str) -> str | None:
    """Find an attribute's value, without blanks around it; one that is written just so comes before others."""
    if element is None:
        return None
    if (value := element.get(name)) is not None:  # written as usual
        return value.strip()
    wanted = name.lower()
    return next((value.strip() for key, value in element.items() if _lowered(key) == wanted), None)


def find_part(element: Element | None, name: str) -> str | None:
    """Find what is said under a name: by an attribute, else by a child's text, else by its ``Value`` or ``Name``.

    Returns:
        None when none of them holds anything but blanks.
    """
    child = find_child(element, name)
    text = (child.text or "").strip() if child is not None else ""
    said = find_attribute(element, name) or text or find_attribute(child, "Value") or find_attribute(child, "Name")
    return said or None


def plain_text(text: str) -> str:
    """A text as it is kept: cut short and made printable."""
    return shown_name(text, most=_MOST_TEXT)


def plain_attribute(element: Element | None, name: str) -> str:
    """An attribute as text that is kept: cut short and made printable; empty when there is none."""
    return plain_text(find_attribute(element, name) or "")


def plain_part(element: Element | None, name: str) -> str:
    """What is said under a name (see ``find_part``) as text that is kept; empty when nothing is."""
    return plain_text(find_part(element, name) or "")


def parse_number(text: str) -> int:
    """Read a whole number of at most twenty digits.

    Raises:
        InvalidValueError: It is none.
    """
    if not _NUMBER.fullmatch(text):
        raise InvalidValueError("number", text, "it is a whole number of at most 20 digits")
    return int(text)


def parse_ip(text: str) -> str:
    """Read an address, or the id of a network, in its usual text form.

    Raises:
        InvalidValueError: It is neither IPv4 nor IPv6.
    """
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise InvalidValueError("network id", text, "it is an IPv4 or IPv6 address") from error


def parse_web_address(text: str) -> tuple[Endpoint, str]:
    """Read an address of HTTP or HTTPS.

    Returns:
        The server, and the path with its query: it begins with a slash, or is empty.

    Raises:
        InvalidValueError: It is none, or holds credentials, blanks or more than 2,048 characters.
    """
    found = _ADDRESS.fullmatch(text) if len(text) <= _MOST_ADDRESS and text.isprintable() else None
    if found is None:
        raise InvalidValueError("web address", text, "it is http:// or https:// with a host, and a path if any")
    scheme = Scheme(found[1].lower())
    usual = HTTPS_PORT if scheme is Scheme.HTTPS else HTTP_PORT
    port = usual if found[3] is None else parse_port(found[3])
    return Endpoint(scheme, HostName(found[2]), port), found[4] or ""


class Problems:
    """What of an answer could not be used, while the rest of it is."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def read(self, read: Callable[[str], _T], text: str | None, *, where: str) -> _T | None:
        """Read a value.

        Args:
            read: Reads it, or raises InvalidValueError.
            text: Its text; None and an empty one are not there.
            where: The part of the answer that holds it, for the sentence.

        Returns:
            None when it is not there, or cannot be read; the latter is noted.
        """
        if not text:
            return None
        try:
            return read(text)
        except InvalidValueError as error:
            self.note(f"{where}: {error.message}")
            return None

    def first(self, elements: Iterable[Element], most: int, *, where: str) -> list[Element]:
        """The first of several elements, at most so many; that there are more is noted."""
        found = list(elements)
        if len(found) > most:
            self.note(f"{where}: {len(found)} of a kind, of which {most} are read")
        return found[:most]

    def note(self, problem: str) -> None:
        """Note a problem."""
        if len(self._found) < _MOST_NOTES:
            self._found.append(problem)
        elif len(self._found) == _MOST_NOTES:
            self._found.append("and more of this kind")

    @property
    def found(self) -> tuple[str, ...]:
        """A sentence each, in the order of the answer; at most fifty, and one that says that there were more."""
        return tuple(self._found)


def known_parts(*lines: str) -> frozenset[str]:
    """Make the known parts of a document from lines: a path of elements below the root, then its known attributes.

    The path of the root itself is a dot. A path that ends in ``/*`` stands for an element with whatever is in it.
    """
    known: set[str] = set()
    for line in lines:
        path, *attributes = line.lower().split()
        prefix = "" if path == "." else f"{path}/"
        known.update(f"{prefix}@{name}" for name in attributes)
        while path:
            known.add(path)
            path = path.rpartition("/")[0]
    return frozenset(known)


def find_unknown(root: Element, known: frozenset[str]) -> tuple[str, ...]:
    """Find what nobody knows in a document.

    Args:
        root: Its root.
        known: See ``known_parts``.

    Returns:
        Paths below the root (``Sites/Site/@New``), each once, in the order of the document; what is in an unknown
        element is left to it. At most fifty.
    """
    found: dict[str, None] = {}
    for path in _unknown(root, "", known):
        found.setdefault(shown_name(path, most=_MOST_TEXT))
        if len(found) == _MOST_NOTES:
            break
    return tuple(found)


def _unknown(element: Element, prefix: str, known: frozenset[str]) -> Iterator[str]:
    lowered = prefix.lower()
    if f"{lowered}*" in known:
        return
    for key in element.keys():  # noqa: SIM118 - iterating an element gives its children
        if f"{lowered}@{_lowered(key)}" not in known:
            yield f"{prefix}@{local_name(key)}"
    for child in element:
        path = prefix + local_name(child.tag)
        if lowered + _lowered(child.tag) not in known:
            yield path
        elif len(child) or child.attrib:
            yield from _unknown(child, f"{path}/", known)
