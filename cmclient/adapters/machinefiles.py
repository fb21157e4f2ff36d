"""Files of very many machines: read in blocks of whole lines, written under their final name only when complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import CmClientError, ConfigError

__all__ = ["Block", "open_machines", "open_output", "read_blocks"]

_BLOCK = 1024 * 1024  # bytes: enough for columns to pay, little enough for memory to stay flat
_MOST_LINE = 16 * 1024 * 1024  # bytes without an end of line; protects against a file that has no lines
_BOM = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Whole lines of a file.

    Attributes:
        data: The lines.
        line: The number of the first of them.
        read: How many bytes of the file were read so far.
    """

    data: bytes
    line: int
    read: int


@contextmanager
def open_machines(path: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """Open a file to be read.

    Yields:
        The file, and its size in bytes; None where that cannot be known.

    Raises:
        ConfigError: It cannot be opened.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below; a failure to open is told here
    except OSError as error:
        raise ConfigError((f"{path} cannot be read: {error.strerror or error}",), hint=_HINT) from error
    with file:
        yield file, (Path(path).stat().st_size if Path(path).is_file() else None)


def read_blocks(file: BinaryIO, *, name: str, has_header: bool, quotes: bool, size: int = _BLOCK) -> Iterator[Block]:
    """Read a file in blocks of whole lines.

    Args:
        file: The file, at its beginning; a byte order mark is left out.
        name: What to call it in messages.
        has_header: The first block is its first line alone; a line ``#TYPE``, as PowerShell writes it, is left out.
        quotes: Ends of lines between double quotes do not count.
        size: About how many bytes a block has.

    Raises:
        ConfigError: It cannot be read, or has a line that is too long to be one.
    """
    rest = _read(file, max(size, len(_BOM)), name).removeprefix(_BOM)
    line, read = 1, len(rest)
    while has_header:
        while b"\n" not in rest and len(rest) <= _MOST_LINE and (more := _read(file, size, name)):
            rest, read = rest + more, read + len(more)
        head, end, rest = rest.partition(b"\n")
        line += 1
        if head.startswith(b"#TYPE"):
            continue
        if head or end:
            yield Block(head + end, line - 1, read)
        break
    while True:
        more = _read(file, size, name)
        read += len(more)
        rest += more
        cut = _last_end(rest, quotes=quotes) if more else len(rest)
        if cut:
            yield Block(rest[:cut], line, read)
            line += rest.count(b"\n", 0, cut)
            rest = rest[cut:]
        elif len(rest) > _MOST_LINE:
            problem = f"{name}: line {line}: it is longer than {_MOST_LINE} bytes"
            raise ConfigError((problem,), hint="the file should have a line for each machine")
        if not more:
            return


def _last_end(data: bytes, *, quotes: bool) -> int:
    """Where the last whole line ends; 0 when there is none."""
    cut = data.rfind(b"\n") + 1
    if not quotes or not data.count(b'"', 0, cut) % 2:
        return cut
    before = data.rfind(b"\n", 0, data.rfind(b'"', 0, cut)) + 1
    # A quote in the middle of a field turns everything around; the reader of lines knows better than this.
    return before or cut


def _read(file: BinaryIO, size: int, name: str) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise ConfigError((f"{name} cannot be read: {error.strerror or error}",), hint=_HINT) from error


@contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
    """Open a file to be written; it gets its name when all is written, and nothing is left when that fails.

    A device or pipe is written to as it is.

    Raises:
        CmClientError: It cannot be written.
    """
    target = Path(path)
    is_special = target.exists() and not target.is_file()
    part = target if is_special else target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _opened(part, path) as file:
            yield file
        if not is_special:
            part.replace(target)
    except BaseException:
        if not is_special:
            with suppress(OSError):
                part.unlink()
        raise


def _opened(part: Path, path: str) -> BinaryIO:
    try:
        return part.open("wb")
    except OSError as error:
        raise CmClientError(f"{path} cannot be written: {error.strerror or error}") from error


_HINT = "give a CSV, JSON lines or Parquet file of machines"
