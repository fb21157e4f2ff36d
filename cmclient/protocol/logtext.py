"""Bytes of a log as text: which encoding, what is no log at all, and what pasting into a page does to a line."""

import codecs
import re
from enum import Enum
from typing import NamedTuple

from ..errors import InvalidValueError

__all__ = ["HEAD", "LogText", "TextKind", "Transcoder", "check_code_page", "decode_text", "sniff_log", "unpaste"]

HEAD = 4096  # bytes of a file that are looked at to tell what it is
_UTF_8, _UTF_16_LE, _UTF_16_BE = b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"
_PAGE = re.compile(rb"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ODD = 0.02  # share of control characters from which on bytes are no text
_ESCAPED = re.compile(r"\\([<>\[\]*])")  # no others: paths of Windows have backslashes too
_BOLD = re.compile(r"\*\*(?=\S)(.{1,200}?)(?<=\S)\*\*")
_QUOTED = re.compile(r"^[ \t\u00a0]*(?:>[ \t\u00a0]?)*[ \t\u00a0]*")
_ENTITIES = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&"}


class TextKind(Enum):
    """What a file is, by its first bytes."""

    LOG = "log"
    EMPTY = "empty"
    WEB_PAGE = "web-page"
    BINARY = "binary"


class LogText(NamedTuple):
    """What a file is, and the encoding of its text: empty for UTF-8 or a code page, which records tell themselves."""

    kind: TextKind
    encoding: str = ""


def sniff_log(head: bytes) -> LogText:
    """Tell what a file is from its first bytes (``HEAD`` of them, or all if there are fewer)."""
    if not head.strip():
        return LogText(TextKind.EMPTY)
    encoding = _wide_encoding(head)
    text = head[: len(head) // 2 * 2].decode(encoding, "replace").encode() if encoding else head
    if _PAGE.match(text.removeprefix(_UTF_8)):
        return LogText(TextKind.WEB_PAGE, encoding)
    if len(_CONTROL.findall(text)) > _ODD * len(text):
        return LogText(TextKind.BINARY)
    return LogText(TextKind.LOG, encoding)


def _wide_encoding(head: bytes) -> str:
    """UTF-16, by its byte order mark or by every other byte of the beginning being zero."""
    if head.startswith(_UTF_16_LE):
        return "utf-16-le"
    if head.startswith(_UTF_16_BE):
        return "utf-16-be"
    begin = head[:64]
    pairs = len(begin) // 2
    if pairs and begin[1::2].count(0) == pairs and not begin[::2].count(0):
        return "utf-16-le"
    if pairs and begin[::2].count(0) >= pairs and not begin[1::2].count(0):
        return "utf-16-be"
    return ""


def check_code_page(name: str) -> str:
    """Check the name of an encoding for text that is not UTF-8.

    Raises:
        InvalidValueError: There is none of that name, or its bytes do not hold ASCII as it is.
    """
    why = "give a code page in which ASCII stands for itself, such as cp1252 or cp932"
    try:
        known = codecs.lookup(name).name
        if "<![LOG[".encode(known) != b"<![LOG[":
            raise InvalidValueError("code page", name, why)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise InvalidValueError("code page", name, why) from error
    return known


class Transcoder:
    """Turns the blocks of a file in UTF-16 into UTF-8; others are left as they are, without a byte order mark."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
        self._begun = False
        self._head = b""

    def feed(self, block: bytes, *, final: bool = False) -> bytes:
        """The next block, as UTF-8 or in its own code page."""
        if self._decoder is not None:
            text = self._decoder.decode(block, final)
            block = (text if self._begun else text.removeprefix("\ufeff")).encode()
            self._begun = self._begun or bool(text)
        elif not self._begun:
            self._head += block
            if len(self._head) < len(_UTF_8) and not final:
                return b""
            self._begun, block = True, self._head.removeprefix(_UTF_8)
        return block


def decode_text(raw: bytes, code_page: str) -> str:
    """The text of a part of a log: UTF-8 if it is that, else in a code page."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(code_page, "replace")


def unpaste(line: str) -> str:
    """A line without what pages put around it: quote marks, backslashes, backticks, bold type, entities, blanks."""
    text = _QUOTED.sub("", line.rstrip(), count=1)
    if "&" in text:
        for entity, plain in _ENTITIES.items():
            text = text.replace(entity, plain)
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text).removesuffix("\\").rstrip()
    if "**" in text:
        text = _BOLD.sub(r"\1", text)
    return text.replace("`", "").strip()
