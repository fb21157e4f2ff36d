"""The list of files of a content by PROPFIND, as a distribution point answers it."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ..errors import ListingError
from .links import MAX_FILES
from .xmlsafe import XmlLimits, local_name, parse_xml_pieces

__all__ = ["LISTING_LIMITS", "DavEntry", "build_propfind", "parse_multistatus"]

LISTING_LIMITS = XmlLimits(  # a hundred thousand files, with all that a server may tell of each
    size=128 * 1024 * 1024, depth=12, elements=4_000_000, attributes=16, token=64 * 1024
)
_MAX_ENTRIES = 2 * MAX_FILES  # folders are entries too
_MOST_NAMES = 256  # tags that are remembered: against a document in which every one is different
_STATUS = re.compile(r"HTTP/\d(?:\.\d)?\s+(\d{3})\b")
_SIZE = re.compile(r"\d{1,18}")
_TRUE = frozenset({"1", "true", "t"})
_CLIENT_FORM = b"<d:prop><d:iscollection/></d:prop><d:prop><d:getcontentlength/></d:prop>"
_USUAL_FORM = b"<d:prop><d:resourcetype/><d:getcontentlength/></d:prop>"


class DavEntry(NamedTuple):
    """One answer of many.

    Attributes:
        href: Link to it, as sent.
        is_folder: Whether it is a folder; None when not said.
        size: Bytes; None when not said, or not readably.
    """

    href: str
    is_folder: bool | None = None
    size: int | None = None


def build_propfind(*, deep: bool = True, usual: bool = False) -> tuple[Mapping[str, str], bytes]:
    """Headers and body of a request for a list.

    Args:
        deep: Ask for everything below; else for the folder alone.
        usual: Ask as RFC 4918 has it, in place of the way that is documented for clients: other servers than a
            distribution point do not know that one.
    """
    headers = {"Depth": "infinity" if deep else "1", "Content-Type": "text/xml", "Translate": "f"}
    body = _USUAL_FORM if usual else _CLIENT_FORM
    return headers, b'<?xml version="1.0"?><d:propfind xmlns:d="DAV:">' + body + b"</d:propfind>"


def parse_multistatus(pieces: Iterable[bytes]) -> tuple[DavEntry, ...]:
    """Read a reply with status 207, as it comes.

    Returns:
        Entries in the order of the reply, the folder itself among them.

    Raises:
        ListingError: It is another document, has too many entries, or says of one that it may not be seen.
        UnsafeXmlError: It is past a limit; reading has stopped there.
        MalformedReplyError: It is no XML.
    """
    target = _Multistatus()
    parse_xml_pieces(pieces, target, where="the list of files", limits=LISTING_LIMITS)
    return tuple(target.entries)


class _Multistatus:
    """Takes the document as it comes. Names count without their namespace, in any case.

    There are a dozen elements for each file, so what is found is kept in plain fields until an entry is whole.
    """

    def __init__(self) -> None:
        self.entries: list[DavEntry] = []
        self._names: dict[str, str] = {}  # a tag, and what it is called here; as many as there are different tags
        self._path: list[str] = []
        self._text = ""
        self._href = ""
        self._is_folder: bool | None = None
        self._size: int | None = None
        self._begin_properties()
        self._takers: dict[str, Callable[[str, str], None]] = {  # what is done at the end of an element
            "href": self._take_link,
            "getcontentlength": self._take_size,
            "iscollection": self._take_kind,
            "resourcetype": self._take_type,
            "status": self._take_status,
            "propstat": self._take_properties,
            "response": self._take_entry,
        }

    def _begin_properties(self) -> None:
        self._found_folder: bool | None = None
        self._found_size: int | None = None
        self._is_lacking = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        del attributes
        name = self._names.get(tag) or self._name(tag)
        path = self._path
        if not path and name != "multistatus":
            raise ListingError(f"the list of files is no multistatus document but {name[:40]!r}")
        if name == "response":
            self._href, self._is_folder, self._size = "", None, None
        elif name == "propstat":
            self._begin_properties()
        elif name == "collection" and path[-1] == "resourcetype":
            self._found_folder = True
        path.append(name)
        self._text = ""

    def _name(self, tag: str) -> str:
        name = local_name(tag).lower()
        if len(self._names) < _MOST_NAMES:
            self._names[tag] = name
        return name

    def data(self, text: str) -> None:
        """Text."""
        self._text += text

    def end(self, tag: str) -> None:
        """An element ends."""
        del tag
        name = self._path.pop()
        take = self._takers.get(name)
        if take is not None:
            take(self._path[-1] if self._path else "", self._text.strip())
        self._text = ""

    def _take_link(self, above: str, text: str) -> None:
        if above == "response":
            self._href = text

    def _take_size(self, above: str, text: str) -> None:
        del above
        if _SIZE.fullmatch(text) and text.isascii():
            self._found_size = int(text)

    def _take_kind(self, above: str, text: str) -> None:
        del above
        if text:
            self._found_folder = text.lower() in _TRUE

    def _take_type(self, above: str, text: str) -> None:
        del above, text
        if self._found_folder is None:
            self._found_folder = False

    def _take_status(self, above: str, text: str) -> None:
        match = _STATUS.match(text)
        if match is None or match[1].startswith("2"):
            return
        if above == "response":
            raise ListingError(f"the list of files says of {self._href[:100]!r}: {text[:60]!r}")
        if above == "propstat":  # the properties that it does not have
            self._is_lacking = True

    def _take_properties(self, above: str, text: str) -> None:
        del above, text
        if self._is_lacking:
            return
        if self._found_folder is not None:
            self._is_folder = self._found_folder
        if self._found_size is not None:
            self._size = self._found_size

    def _take_entry(self, above: str, text: str) -> None:
        del above, text
        if len(self.entries) >= _MAX_ENTRIES:
            raise ListingError(f"the list of files has more than {_MAX_ENTRIES} entries")
        self.entries.append(DavEntry(self._href, self._is_folder, self._size))
