"""A file that is not whole yet, as it lies beside the folder that a download fills.

It grows at its end only, so its length says how much of it has come, whenever the process ends.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator

from ..errors import DiskFullError, TargetError
from ..model.download import PartOrigin, RelativeName
from .download_journal import DownloadJournal
from .durability import sync_data
from .settling import WholeFile

__all__ = ["DownloadPart", "open_part", "read_pieces", "refuse"]

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DURABLE_EVERY = 64 * 1024 * 1024  # bytes after which a part is synced: what a power cut can cost, twice at most
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # against a link in place of a part that leads elsewhere
_OPEN = os.O_RDWR | os.O_CREAT | _NO_LINK | _BINARY


def open_part(
    journal: DownloadJournal, name: RelativeName, path: str, take: Callable[[WholeFile], None]
) -> "DownloadPart":
    """Open a part; it goes on where an earlier run ended.

    Args:
        journal: Says how much of it can be trusted.
        name: What it is to be called.
        path: Where it lies.
        take: Takes it when it is whole; raises OSError or TargetError.

    Raises:
        OSError: It cannot be created.
    """
    if name not in journal.parts:  # nothing of what may lie there counts
        return DownloadPart(journal, name, path, os.open(path, _OPEN | os.O_TRUNC, 0o666), 0, take)
    file = os.open(path, _OPEN, 0o666)
    try:
        length = journal.find_safe(name, os.fstat(file).st_size)
        os.ftruncate(file, length)
        os.lseek(file, length, os.SEEK_SET)
    except OSError:
        os.close(file)
        raise
    return DownloadPart(journal, name, path, file, length, take)


class DownloadPart:
    """``ports.PartFile``; see ``open_part``."""

    def __init__(
        self,
        journal: DownloadJournal,
        name: RelativeName,
        path: str,
        file: int,
        length: int,
        take: Callable[[WholeFile], None],
    ) -> None:
        self.length = length
        note = journal.parts.get(name)
        self.origin: PartOrigin | None = note.origin if note is not None and length else None
        self._durable = min(length, note.durable) if note is not None else 0
        self._journal = journal
        self._name = name
        self._path = path
        self._file: int | None = file
        self._take = take
        self._syncing: _Syncing | None = None

    def begin(self, origin: PartOrigin) -> None:
        """Throw away what is there."""
        file = self._require_open()
        try:
            self._end_sync()
            # the note first: what an old note said of the bytes must not be believed of the new ones
            self._journal.note_part(self._name, origin, 0)
            if self.length:
                os.ftruncate(file, 0)
                os.lseek(file, 0, os.SEEK_SET)
        except OSError as error:
            raise refuse(self._path, error) from error
        self.length = self._durable = 0
        self.origin = origin

    def go_on(self, origin: PartOrigin) -> None:
        """Keep what is there."""
        try:
            self._journal.note_part(self._name, origin, self._durable)
        except OSError as error:
            raise refuse(self._path, error) from error
        self.origin = origin

    def write(self, data: memoryview) -> None:
        """Append."""
        file = self._require_open()
        try:
            while data:
                written = os.write(file, data)
                data = data[written:]
                self.length += written
            if self.length - self._durable >= _DURABLE_EVERY:
                self._sync_behind(file)
        except OSError as error:
            raise refuse(self._path, error) from error

    def read_back(self, buffer: memoryview) -> Iterator[int]:
        """Read what is safe."""
        yield from read_pieces(self._path, buffer, most=self.length)

    def finish(self, sha256: str) -> None:
        """Hand it over, to be made durable and put under its name."""
        file = self._require_open()
        is_large = self.length >= _DURABLE_EVERY
        try:
            self._end_sync()
            if is_large:
                os.fsync(file)
            self.close()
            self._take(WholeFile(self._name, self._path, self.length, sha256, is_synced=is_large))
        except OSError as error:
            raise refuse(self._path, error) from error

    def close(self) -> None:
        """Let go of it."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            self._end_sync()
        except OSError as error:
            raise refuse(self._path, error) from error
        finally:
            os.close(file)

    def _sync_behind(self, file: int) -> None:
        """Have what is there synced while more comes: nobody waits for the disk but whoever is done."""
        running = self._syncing
        if running is not None and running.is_alive():
            return
        self._end_sync()
        if self.length - self._durable >= _DURABLE_EVERY:  # the one that has just ended may have had enough
            self._syncing = _Syncing(file, self.length)
            self._syncing.start()

    def _end_sync(self) -> None:
        """Wait for the disk; remember what it has."""
        running, self._syncing = self._syncing, None
        if running is None:
            return
        running.join()
        if running.error is not None:
            raise running.error
        self._durable = running.length
        if self.origin is not None:
            self._journal.note_part(self._name, self.origin, self._durable)

    def _require_open(self) -> int:
        if self._file is None:
            raise TargetError(f"{self._path} is closed")
        return self._file


class _Syncing(threading.Thread):
    """Brings the first bytes of a file to the disk."""

    def __init__(self, file: int, length: int) -> None:
        super().__init__(name="sync a file", daemon=True)
        self.length = length
        self.error: OSError | None = None
        self._file = file

    def run(self) -> None:
        """Do it."""
        try:
            sync_data(self._file)
        except OSError as error:
            self.error = error


def read_pieces(path: str, buffer: memoryview, most: int | None = None) -> Iterator[int]:
    """Read a file into a buffer piece by piece; gives the size of each piece.

    Args:
        path: The file.
        buffer: Takes each piece.
        most: Bytes that are read at most; None for all.

    Raises:
        TargetError: It cannot be read.
    """
    left = most
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - paths here are text: there may be thousands
            while left is None or left > 0:
                size = file.readinto(buffer if left is None else buffer[:left])
                if not size:
                    return
                left = None if left is None else left - size
                yield size
    except OSError as error:
        raise refuse(path, error) from error


def refuse(path: object, error: OSError) -> TargetError:
    """Make the error for a file or folder that the system refuses."""
    if error.errno in _FULL:
        hint = "free some space and run it again: what has come is kept"
        return DiskFullError(f"{path}: there is no more space", hint=hint)
    hint = "check the folder, its owner and its permissions"
    return TargetError(f"{path} cannot be written: {error.strerror or error}", hint=hint)
