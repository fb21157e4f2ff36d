"""The list of files of a content by PROPFIND, as a distribution point answers it."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..errors import ListingError
from .links import MAX_FILES
from .xmlsafe import XmlLimits, local_name, parse_xml_pieces

__all__ = ["LISTING_LIMITS", "DavEntry", "build_propfind", "parse_multistatus"]

LISTING_LIMITS = XmlLimits(  # a hundred thousand files, with all that a server may tell of each
    size=128 * 1024 * 1024, depth=12, elements=4_000_000, attributes=16, token=64 * 1024
)
_MAX_ENTRIES = 2 * MAX_FILES  # folders are entries too
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
    """Takes the document as it comes. Names count without their namespace, in any case."""

    def __init__(self) -> None:
        self.entries: list[DavEntry] = []
        self._path: list[str] = []
        self._text = ""
        self._entry = DavEntry("")
        self._found = DavEntry("")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        del attributes
        name = local_name(tag).lower()
        if not self._path and name != "multistatus":
            raise ListingError(f"the list of files is no multistatus document but {name[:40]!r}")
        self._path.append(name)
        self._text = ""
        if name == "response":
            self._entry = DavEntry("")
        elif name == "propstat":
            self._found = DavEntry("")
        elif name == "collection" and self._path[-2:-1] == ["resourcetype"]:
            self._found = self._found._replace(is_folder=True)

    def data(self, text: str) -> None:
        """Text."""
        self._text += text

    def end(self, tag: str) -> None:
        """An element ends."""
        del tag
        name = self._path.pop()
        above = self._path[-1] if self._path else ""
        text, self._text = self._text.strip(), ""
        if name == "href" and above == "response":
            self._entry = self._entry._replace(href=text)
        elif name == "getcontentlength" and _SIZE.fullmatch(text) and text.isascii():
            self._found = self._found._replace(size=int(text))
        elif name == "iscollection" and text:
            self._found = self._found._replace(is_folder=text.lower() in _TRUE)
        elif name == "resourcetype" and self._found.is_folder is None:
            self._found = self._found._replace(is_folder=False)
        elif name == "status" and above in {"response", "propstat"}:
            self._judge(above, text)
        elif name == "propstat":
            self._merge()
        elif name == "response":
            self._add()

    def _judge(self, above: str, text: str) -> None:
        match = _STATUS.match(text)
        is_good = match is None or match[1].startswith("2")
        if above == "response" and not is_good:
            raise ListingError(f"the list of files says of {self._entry.href[:100]!r}: {text[:60]!r}")
        if not is_good:  # the properties that it does not have
            self._found = DavEntry("", is_folder=None, size=-1)

    def _merge(self) -> None:
        if self._found.size == -1:
            return
        if self._found.is_folder is not None:
            self._entry = self._entry._replace(is_folder=self._found.is_folder)
        if self._found.size is not None:
            self._entry = self._entry._replace(size=self._found.size)

    def _add(self) -> None:
        if len(self.entries) >= _MAX_ENTRIES:
            raise ListingError(f"the list of files has more than {_MAX_ENTRIES} entries")
        self.entries.append(self._entry)
