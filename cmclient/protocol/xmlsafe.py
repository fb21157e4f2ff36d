"""The only door through which XML comes in: expat with limits, stopped at the first breach.

Nothing of a document type is taken: no DTD, so no entities. Processing instructions and comments are skipped, and
the encoding is told from the bytes (UTF-8, or UTF-16 with or without a byte order mark), not from what they declare.
"""

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ..errors import MalformedReplyError, UnsafeXmlError
from ..model.names import shown_name
from .webpage import is_web_page, web_page_error

__all__ = [
    "DEFAULT",
    "XmlLimits",
    "XmlTarget",
    "decode_xml",
    "find_local",
    "iter_local",
    "local_name",
    "parse_xml",
    "parse_xml_pieces",
]

_PIECE = 64 * 1024  # bytes parsed between two looks at how far it got
_HEAD = 1024  # bytes of a document that the messages look at
_BEGIN = 4  # bytes after which the encoding is known
_BLANKS = b" \t\r\n"
_BOM_8, _BOM_LE, _BOM_BE = b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"
_CUT_OFF = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


class XmlLimits(NamedTuple):
    """How much of a document is taken. Past any of these it is refused, and what follows is not looked at.

    Attributes:
        size: Bytes, looked at before anything is parsed.
        depth: Elements inside each other.
        elements: Elements of the whole document; its attributes and namespaces are counted in.
        attributes: Attributes of one element, and namespaces that it declares.
        token: Characters of one text or of one attribute value; also bytes of one tag or comment.
        name: Characters of one namespace.
    """

    size: int = 8 * 1024 * 1024  # against filling the memory; the cap of a message
    depth: int = 64  # against a stack that runs over in whoever walks the tree; real documents have ten
    elements: int = 200_000  # against millions of empty ones, each many times larger in memory than as text
    attributes: int = 64  # against an element that is slow to take apart; real ones have fifteen
    token: int = 1024 * 1024  # against one value that is copied around; the largest real ones are certificates
    name: int = 128  # against a namespace that is written once and copied for each of a million names below it


DEFAULT = XmlLimits()


def parse_xml(data: bytes, *, where: str, limits: XmlLimits = DEFAULT) -> Element:
    """Read a document.

    Blanks before it and NULs after it are skipped.

    Args:
        data: UTF-8, or UTF-16 in either byte order.
        where: What the document is, for the messages.
        limits: How much of it is taken.

    Returns:
        The root. Names with a namespace are written ``{namespace}name``; there are no comments in the tree.

    Raises:
        UnsafeXmlError: It has a document type or entities, or is past a limit.
        MalformedReplyError: It is empty, cut off, a web page, or no well-formed XML.
    """
    if len(data) > limits.size:
        raise UnsafeXmlError(f"{where} is larger than {limits.size} bytes")
    text = decode_xml(data, where=where)
    if not text:
        raise MalformedReplyError(f"{where} is empty", where=where)
    try:
        tree = TreeBuilder()
        _Reader(where, limits, tree).read_pieces((text,))
        root: Element = tree.close()
    except expat.ExpatError as error:
        raise _malformed(where, text, error) from error
    except _WebPageError as error:
        raise _web_page(where, text) from error
    return root


class XmlTarget(Protocol):
    """Takes a document as it is read; may raise an error of ours, which ends the reading."""

    def start(self, tag: str, attributes: dict[str, str], /) -> object:
        """An element begins; a name with a namespace is written ``{namespace}name``."""

    def end(self, tag: str, /) -> object:
        """It ends."""

    def data(self, text: str, /) -> object:
        """Text; several pieces may follow each other."""


def parse_xml_pieces(pieces: Iterable[bytes], target: XmlTarget, *, where: str, limits: XmlLimits = DEFAULT) -> None:
    """Read a document that is too large to keep, as it comes.

    Args:
        pieces: Its bytes, as ``parse_xml`` takes them, in order.
        target: Takes what is in it.
        where: What the document is, for the messages.
        limits: How much of it is taken.

    Raises:
        UnsafeXmlError: It has a document type or entities, or is past a limit; no piece is asked for after that.
        MalformedReplyError: It is empty, cut off, a web page, or no well-formed XML.
    """
    head = bytearray()
    try:
        _Reader(where, limits, target).read_pieces(_as_utf_8(_noted(pieces, head, where, limits.size), where))
    except expat.ExpatError as error:
        if error.code in _CUT_OFF and not head.strip(_BLANKS + b"\0"):
            raise MalformedReplyError(f"{where} is empty", where=where) from error
        raise _malformed(where, bytes(head), error) from error
    except _WebPageError as error:
        raise _web_page(where, bytes(head)) from error


def _noted(pieces: Iterable[bytes], head: bytearray, where: str, size: int) -> Iterator[bytes]:
    """Count what comes, and keep its begin for the messages."""
    taken = 0
    for piece in pieces:
        taken += len(piece)
        if taken > size:
            raise UnsafeXmlError(f"{where} is larger than {size} bytes")
        head += piece[: max(0, _HEAD - len(head))]
        yield piece


def _as_utf_8(pieces: Iterable[bytes], where: str) -> Iterator[bytes]:
    """As ``decode_xml``, piece by piece."""
    decoder: codecs.IncrementalDecoder | None = None
    begun, start, nuls = False, b"", 0
    for piece in pieces:
        if not begun:
            start += piece
            if len(start) < _BEGIN:
                continue
            encoding = None if start.startswith(_BOM_8) else _find_utf_16(start[:2])
            decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
            begun, data = True, start.removeprefix(_BOM_8)
        else:
            data = piece
        if decoder is not None:
            try:
                data = decoder.decode(data).removeprefix("\ufeff").encode("utf-8")
            except UnicodeError as error:
                raise MalformedReplyError(f"{where} begins as UTF-16 and is not", where=where) from error
        bare = data.rstrip(b"\0")
        if bare:
            yield b"\0" * min(nuls, 1) + bare  # a NUL in the midst is an error, however many follow it
            nuls = 0
        nuls += len(data) - len(bare)
    if not begun:
        yield start.rstrip(b"\0")


def decode_xml(data: bytes, *, where: str) -> bytes:
    """Turn the bytes of a document into UTF-8, without byte order mark, blanks before it and NULs after it.

    Returns:
        What is there; UTF-8 is not checked. Empty when nothing is.

    Raises:
        MalformedReplyError: It is UTF-16, and broken.
    """
    if data.startswith(_BOM_8):
        data = data[len(_BOM_8) :]
    elif encoding := _find_utf_16(data[:2]):
        if len(data) % 2 and data.endswith(b"\0"):  # a NUL of one byte after text of two
            data = data[:-1]
        try:
            data = data.decode(encoding).removeprefix("\ufeff").encode("utf-8")
        except UnicodeError as error:
            raise MalformedReplyError(f"{where} begins as UTF-16 and is not", where=where) from error
    return data.rstrip(b"\0").lstrip(_BLANKS)


def _find_utf_16(head: bytes) -> str | None:
    """The byte order, from a mark or from the NUL that one half of an ASCII character is."""
    if head == _BOM_LE or (head[1:] == b"\0" and head[:1] != b"\0"):
        return "utf-16-le"
    if head == _BOM_BE or (head[:1] == b"\0" and head[1:] not in {b"", b"\0"}):
        return "utf-16-be"
    return None


class _WebPageError(Exception):
    """The document turned out to be a web page."""


class _Reader:
    """One parse. A handler that raises ends it: expat calls no other one then, and no more is fed."""

    def __init__(self, where: str, limits: XmlLimits, target: XmlTarget) -> None:
        self._where = where
        self._limits = limits
        self._target = target
        self._depth = 0
        self._counted = 0
        self._declared = 0
        self._text = 0
        self._has_long = limits.token < _PIECE  # whether a tag may hold an attribute that is too long

    def read_pieces(self, pieces: Iterable[bytes]) -> None:
        parser = self._parser()
        fed, begun = 0, False
        for whole in pieces:
            text = whole if begun else whole.lstrip(_BLANKS)
            begun = begun or bool(text)
            view = memoryview(text)
            for start in range(0, len(view), _PIECE):
                piece = view[start : start + _PIECE]
                parser.Parse(piece, False)  # noqa: FBT003 - takes no keyword
                fed += len(piece)
                # A tag or comment without an end is kept whole, and looked through again with each piece.
                unended = fed - parser.CurrentByteIndex
                self._has_long = unended + _PIECE > self._limits.token
                if unended > self._limits.token + _PIECE:
                    raise self._unsafe(f"it has a tag or comment longer than {self._limits.token} bytes")
        parser.Parse(b"", True)  # noqa: FBT003 - takes no keyword

    def _parser(self) -> expat.XMLParserType:
        """An expat parser; never an attribute, or it and the tree would wait for the garbage collector."""
        parser = expat.ParserCreate("utf-8", "}")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        return parser

    def _unsafe(self, reason: str) -> UnsafeXmlError:
        return UnsafeXmlError(f"{self._where} is refused: {reason}")

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: int) -> None:
        del system, public
        if name.lower() == "html" and not has_subset:
            raise _WebPageError
        raise self._unsafe("it has a document type, which could define entities")

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self._counted += 1
        if self._counted > self._limits.elements:
            raise self._too_many()
        self._declared += 1
        if self._declared > self._limits.attributes:
            raise self._unsafe(f"an element declares more than {self._limits.attributes} namespaces")
        if max(len(prefix or ""), len(uri or "")) > self._limits.name:
            raise self._unsafe(f"it has a namespace longer than {self._limits.name} characters")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        limits = self._limits
        self._text = self._declared = 0
        self._depth = depth = self._depth + 1
        self._counted += 1 + len(attributes)
        # This is called for each element: what goes wrong is told apart elsewhere.
        if (
            depth == 1
            or depth > limits.depth
            or self._counted > limits.elements
            or len(attributes) > limits.attributes
            or self._has_long
        ):
            self._look_closely(name, attributes)
        if "}" in "".join(attributes):
            attributes = {_in_tree(key): value for key, value in attributes.items()}
        self._target.start("{" + name if "}" in name else name, attributes)

    def _look_closely(self, name: str, attributes: dict[str, str]) -> None:
        limits = self._limits
        if self._depth > limits.depth:
            raise self._unsafe(f"its elements are nested deeper than {limits.depth}")
        if self._counted > limits.elements:
            raise self._too_many()
        if self._depth == 1 and local_name(name).lower() == "html":
            raise _WebPageError
        if len(attributes) > limits.attributes:
            raise self._unsafe(f"an element has more than {limits.attributes} attributes")
        if any(len(key) > limits.token or len(value) > limits.token for key, value in attributes.items()):
            raise self._unsafe(f"it has an attribute longer than {limits.token} characters")

    def _too_many(self) -> UnsafeXmlError:
        return self._unsafe(f"it has more than {self._limits.elements} elements and attributes")

    def _end(self, name: str) -> None:
        self._text = 0
        self._depth -= 1
        self._target.end("{" + name if "}" in name else name)

    def _characters(self, text: str) -> None:
        self._text += len(text)
        if self._text > self._limits.token:
            raise self._unsafe(f"it has a text longer than {self._limits.token} characters")
        self._target.data(text)


def _in_tree(name: str) -> str:
    """A name as the tree writes it."""
    return "{" + name if "}" in name else name


def _malformed(where: str, text: bytes, error: expat.ExpatError) -> MalformedReplyError:
    if is_web_page(text):
        return _web_page(where, text)
    if error.code in _CUT_OFF:
        return MalformedReplyError(f"{where} is cut off in line {error.lineno}", where=where)
    if not text.startswith(b"<"):
        return MalformedReplyError(f"{where} is not XML: it begins with '{shown_name(text)}'", where=where)
    what = expat.ErrorString(error.code) or "unknown error"
    return MalformedReplyError(f"{where} is not well-formed XML: {what} in line {error.lineno}", where=where)


def _web_page(where: str, text: bytes) -> MalformedReplyError:
    return web_page_error(text, what=where, wanted="XML", where=where)


def local_name(tag: str) -> str:
    """The name of an element or attribute without its namespace."""
    return tag.rpartition("}")[2]


def find_local(root: Element, name: str) -> Element | None:
    """Find the first element with a local name, in the order of the document, the root included.

    Namespaces and case make no difference.
    """
    return next(iter_local(root, name), None)


def iter_local(root: Element, name: str) -> Iterator[Element]:
    """Every element with a local name, at any depth, in the order of the document, the root included.

    Namespaces and case make no difference.
    """
    wanted = name.lower()
    return (element for element in root.iter() if local_name(element.tag).lower() == wanted)
