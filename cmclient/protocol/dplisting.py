"""The page that a distribution point shows for a folder: the second way to its list of files."""

import re
from html import unescape
from typing import NamedTuple

from ..errors import ListingError
from ..model.download import RelativeName
from ..model.endpoints import Endpoint
from .links import MAX_FILES, find_name

__all__ = ["PAGE_CAP", "PageEntry", "parse_folder_page"]

PAGE_CAP = 32 * 1024 * 1024  # bytes of one page; a hundred thousand links of a distribution point have 20 MB
# Every repetition has an end: against pages on which a search would take for ever.
_LINK = re.compile(r"""<a\s[^<>"']{0,100}href\s{0,4}=\s{0,4}["']([^"'<>]{1,8192})["'][^<>]{0,200}>""", re.IGNORECASE)
_SIZE = re.compile(r"(?<!\S)(\d{1,18})\s{0,4}\Z", re.ASCII)
_PARENT = frozenset({"..", "../"})  # the way up, as other servers write it
_BEFORE = 60  # characters before a link that tell what it is


class PageEntry(NamedTuple):
    """A link of a folder's page.

    Attributes:
        name: Where it leads, relative to the folder of the content.
        is_folder: Whether that is a folder.
        size: Bytes of a file; None when not said.
    """

    name: RelativeName
    is_folder: bool
    size: int | None = None


def parse_folder_page(data: bytes, host: Endpoint, folder: str) -> tuple[PageEntry, ...]:
    """Read a folder's page.

    A number stands before the link of a file, ``<dir>`` before that of a folder; a link that ends with a slash is one
    of a folder too. Links to the folder itself and to those above it are left out.

    Args:
        data: The page, UTF-8.
        host: Who was asked.
        folder: Path of the content, whatever folder of it the page is for.

    Returns:
        Entries in the order of the page, each once.

    Raises:
        ListingError: It has no link into the folder, so it is another page; or too many.
        UnsafeNameError: A link leads to another host or out of the folder, or is no usable name.
    """
    if len(data) > PAGE_CAP:
        raise ListingError(f"the page of the folder is larger than {PAGE_CAP} bytes")
    text = data.decode("utf-8", "replace")
    found: dict[str, PageEntry] = {}
    end, links = 0, 0
    for match in _LINK.finditer(text):
        links += 1
        before = text[max(end, match.start() - _BEFORE) : match.start()]
        end = match.end()
        link = unescape(match[1])
        name = None if link in _PARENT else find_name(link, host, folder)
        if name is None:
            continue
        told = unescape(before[_after_markup(before) :]).lower()
        is_folder = "<dir>" in told or "&ltdir" in told or "<dir" in told or link.partition("?")[0].endswith("/")
        size = _SIZE.search(told)
        found.setdefault(name, PageEntry(name, is_folder, int(size[1]) if size and not is_folder else None))
        if len(found) > MAX_FILES:
            raise ListingError(f"the page of the folder has more than {MAX_FILES} links")
    if not found and not links:
        raise ListingError("the page of the folder is no list of files")
    return tuple(found.values())


def _after_markup(before: str) -> int:
    """Where the text right before a link begins: after the last tag and the last line break."""
    return max(before.rfind(">"), before.rfind("\n")) + 1
