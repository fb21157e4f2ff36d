"""Telling a web page from what should have come in its place, and saying whose it is."""

import re

from ..errors import MalformedReplyError
from ..model.names import shown_name

__all__ = ["is_web_page", "web_page_error"]

_PAGE = re.compile(rb"\s{0,99}<(?:!doctype\s{1,9}html|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(rb"<title>\s{0,99}([^<]{1,200})", re.IGNORECASE)
_HEAD = 4096  # bytes in which a page's title is looked for


def is_web_page(data: bytes) -> bool:
    """Whether it begins as a web page does."""
    return _PAGE.match(data) is not None


def web_page_error(page: bytes, *, what: str, wanted: str, where: str) -> MalformedReplyError:
    """What to say of a page that came instead of an answer.

    Args:
        page: The page.
        what: What it came as, such as ``the answer``.
        wanted: What it is not, such as ``a message``.
        where: The document or part that could not be read.
    """
    title = _TITLE.search(page[:_HEAD])
    named = f" with the title '{shown_name(title[1].strip())}'" if title else ""
    return MalformedReplyError(
        f"{what} is a web page{named}, not {wanted}",
        where=where,
        hint="a proxy or a captive portal has answered instead of the site system, or its web server with an error"
        " page; look at what stands between",
    )
