"""Parts of files over HTTP: how to ask for the rest of one, and whether that is what came."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ContentChangedError, SizeMismatchError, SourceRefusedError, WrongRangeError
from ..model.download import PartOrigin

__all__ = ["PartQuestion", "PartReply", "build_range_headers", "judge_part", "parse_content_range"]

_OK, _PARTIAL, _UNSATISFIABLE = 200, 206, 416
_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_MAX_VALIDATOR = 256  # characters of a tag or a date; a longer one is none


class PartQuestion(NamedTuple):
    """A file, or the rest of one, as it is asked for.

    Attributes:
        address: The content at its source.
        offset: Bytes that are there already.
        size: Bytes of the whole file; None when nobody said.
        origin: Where the bytes that are there came from; None when there are none.
        is_proven: Whether the whole file has a hash that shows a mixture of two states.
    """

    address: str
    offset: int = 0
    size: int | None = None
    origin: PartOrigin | None = None
    is_proven: bool = False


class PartReply(NamedTuple):
    """What comes.

    Attributes:
        offset: Where it begins: what was asked for, or 0 for the whole file in place of its rest.
        origin: Where it comes from, with the size of the whole file.
    """

    offset: int
    origin: PartOrigin


def parse_content_range(text: str) -> tuple[int, int, int | None] | None:
    """Read ``Content-Range``.

    Returns:
        First and last byte, and the size of the whole if it is told; None for anything else, and for what cannot be.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    return None if last < first or (total is not None and last >= total) else (first, last, total)


def build_range_headers(asked: PartQuestion) -> dict[str, str] | None:
    """The headers that ask for the rest of a file only if it is still the same.

    The same source is held to its tag or date. Another source has other tags, and its date has to be the same, unless
    a hash proves the whole file in the end.

    Returns:
        Headers; empty for a whole file. None when nothing could tell whether the rest belongs to the begin: the whole
        has to be asked for.
    """
    if not asked.offset or asked.origin is None:
        return {}
    headers = {"Range": f"bytes={asked.offset}-"}
    origin = asked.origin
    if origin.address == asked.address and origin.etag and not origin.etag.startswith("W/"):
        return headers | {"If-Range": origin.etag}
    if asked.is_proven and origin.address != asked.address:
        return headers
    if origin.modified:
        return headers | {"If-Range": origin.modified}
    return headers if asked.is_proven else None


def judge_part(asked: PartQuestion, status: int, headers: Mapping[str, str]) -> PartReply:
    """Say what a reply brings, before any of it is taken.

    Args:
        asked: What was asked.
        status: Its status.
        headers: Its headers, names in lower case.

    Raises:
        SourceRefusedError: The status is an error.
        WrongRangeError: It brings another part than the one asked for, or one where none was asked for.
        SizeMismatchError: The file has another size than it should, or nobody says which.
        ContentChangedError: The part that is there is longer than the file is now, or is of another state.
    """
    if status == _UNSATISFIABLE and asked.offset:
        raise ContentChangedError(f"{asked.address}: the file has no byte {asked.offset} any more")
    if status not in {_OK, _PARTIAL}:
        raise SourceRefusedError(f"{asked.address}: status {status}", status=status, source=asked.address)
    length = _find_length(headers)
    if status == _OK:
        return PartReply(0, _origin(asked, headers, _require_size(asked, length)))
    if not asked.offset:
        raise WrongRangeError(f"{asked.address}: a part came, and the whole file was asked for")
    found = parse_content_range(headers.get("content-range", ""))
    if found is None or found[0] != asked.offset:
        shown = headers.get("content-range", "")[:60]
        raise WrongRangeError(f"{asked.address}: the bytes from {asked.offset} on were asked for, and {shown!r} came")
    first, last, total = found
    size = _require_size(asked, total)
    if last + 1 != size or length not in {None, last + 1 - first}:
        raise WrongRangeError(f"{asked.address}: the part from {first} on does not reach the end of the file")
    origin = _origin(asked, headers, size)
    before = asked.origin
    if before is not None and before.address == asked.address and _differ(before, origin):
        raise ContentChangedError(f"{asked.address}: the rest came from another state of the file")
    return PartReply(first, origin)


def _differ(before: PartOrigin, now: PartOrigin) -> bool:
    pairs = ((before.etag, now.etag), (before.modified, now.modified))
    return any(old and new and old != new for old, new in pairs)


def _find_length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "").strip()
    return int(text) if _LENGTH.fullmatch(text) else None


def _require_size(asked: PartQuestion, told: int | None) -> int:
    """The size of the whole file, on which everybody who says one agrees."""
    known = asked.size if asked.size is not None else told
    if known is None:
        raise SizeMismatchError(f"{asked.address}: nobody says how large the file is")
    if told is not None and told != known:
        raise SizeMismatchError(f"{asked.address}: the file has {told} bytes there, and {known} were expected")
    return known


def _origin(asked: PartQuestion, headers: Mapping[str, str], size: int) -> PartOrigin:
    etag, modified = headers.get("etag", "").strip(), headers.get("last-modified", "").strip()
    return PartOrigin(
        asked.address,
        size,
        etag if len(etag) <= _MAX_VALIDATOR else "",
        modified if len(modified) <= _MAX_VALIDATOR else "",
    )
