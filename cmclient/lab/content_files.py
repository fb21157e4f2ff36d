"""The files of the lab's content: names, sizes, and bytes that are the same on every server and in every run.

The bytes come from a generator with a seed and are never kept: a file of a gigabyte costs the lab nothing.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NamedTuple

from .client_files import CABINET, CLIENT_FILES, build_client_cabinet
from .offers import Content

__all__ = ["FileBody", "FileStream", "body_of", "files_of", "modified_of"]

_BLOCK = 65_536
_DEFAULT_SIZE = 300_000  # bytes of a content of which nobody said how large it is
_README = 1200
_EPOCH = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class FileBody(NamedTuple):
    """The bytes of a file.

    Attributes:
        size: How many.
        read: Gives them in pieces, from an offset on, so many.
    """

    size: int
    read: Callable[[int, int], Iterator[bytes]]


class FileStream(NamedTuple):
    """A part of a file that is sent.

    Attributes:
        body: The file.
        offset: Where the part begins.
        length: How many bytes it has.
    """

    body: FileBody
    offset: int
    length: int

    def pieces(self) -> Iterator[bytes]:
        """The bytes, piece by piece."""
        return self.body.read(self.offset, self.length)


def files_of(content: Content) -> dict[str, int]:
    """The files of a content with their sizes: those that the description names, else some that make up its size."""
    if content.is_client_package and not content.files:
        return {CABINET: len(_cabinet(content)), **CLIENT_FILES}
    if content.files:
        return {str(name): size for name, size in content.files}
    size = _DEFAULT_SIZE if content.size is None else content.size
    readme = min(_README, size)
    program = (size - readme) // 4
    return {"readme.txt": readme, "program/setup.exe": program, "program/data1.cab": size - readme - program}


def body_of(content: Content, name: str, size: int, *, wrong: bool = False) -> FileBody:
    """The bytes of a file.

    Args:
        content: The content.
        name: The file.
        size: How large it is.
        wrong: Other bytes than those that it should have.
    """
    if content.is_client_package and not content.files and name == CABINET and not wrong:
        return _held(_cabinet(content))
    seed = f"{content.id}/{content.version}/{name}/{wrong}".lower()

    def read(offset: int, count: int) -> Iterator[bytes]:
        end = min(size, offset + count)
        while offset < end:
            number, start = divmod(offset, _BLOCK)
            block = random.Random(f"{seed}/{number}").randbytes(_BLOCK)  # noqa: S311 - filler, no secret
            piece = block[start : start + end - offset]
            yield piece
            offset += len(piece)

    return FileBody(size, read)


def _cabinet(content: Content) -> bytes:
    """The cabinet of a client package, whose manifest knows the bytes of the other files."""
    return build_client_cabinet(f"{content.id}/{content.version}", _Reader(content))


class _Reader(NamedTuple):
    """Reads whole files of a content."""

    content: Content

    def __call__(self, name: str, size: int) -> Iterator[bytes]:
        """The bytes of a file."""
        return body_of(self.content, name, size).read(0, size)


def _held(data: bytes) -> FileBody:
    """Bytes that are kept in memory."""
    return FileBody(len(data), lambda offset, count: iter((data[offset : offset + count],)))


def modified_of(content: Content) -> str:
    """When the files of a content were changed last; the same on every server."""
    return format_datetime(_EPOCH + timedelta(days=content.version), usegmt=True)
