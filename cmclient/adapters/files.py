"""The folder that a download fills: parts beside it until they are whole, then renamed; nothing outside, ever.

``DIR/.cmclient`` holds the lock, the journal and the parts, and goes when all is there. A part grows at its end only,
so its length says how much of it has come, whenever the process ends.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import DiskFullError, TargetBusyError, TargetError
from ..model.download import STAGING, PartOrigin, RelativeName
from .download_journal import DownloadJournal
from .process_lock import read_holder, try_lock, write_holder

__all__ = ["DownloadFolder", "LocalFiles"]

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DURABLE_EVERY = 64 * 1024 * 1024  # bytes after which a part is synced: what a power cut can cost at most
_LOCK_TRIES = 5
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # against a link in place of a part that leads elsewhere


class LocalFiles:
    """``ports.Files``."""

    def open_target(self, folder: str, job: str) -> "DownloadFolder":
        """Take a folder for a download; see ``ports.Files``."""
        return DownloadFolder(Path(folder), job)


class DownloadFolder:
    """``ports.Target``: a folder on a local disk, held by this process."""

    def __init__(self, folder: Path, job: str) -> None:
        self._folder = folder
        self._staging = folder / STAGING
        self._made: set[Path] = set()  # folders that are known to be there, inside
        try:
            self._lock = self._take_lock()
        except OSError as error:
            raise _refused(folder, error) from error
        try:
            self._real = folder.resolve()
            self._journal = DownloadJournal(self._staging / "journal", job)
            if self._journal.is_new:
                self._drop_parts()
        except OSError as error:
            os.close(self._lock)
            raise _refused(folder, error) from error

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it; where nothing has come, nothing of ours stays in it."""
        self._journal.close()
        if self._journal.is_blank:
            self._remove_staging()
        os.close(self._lock)

    def find_finished(self, name: RelativeName) -> tuple[int, str] | None:
        """What an earlier run finished; see ``ports.Target``."""
        noted = self._journal.finished.get(name)
        return noted if noted is not None and self.find_present(name) == noted[0] else None

    def find_present(self, name: RelativeName) -> int | None:
        """Bytes of the file that has the name now."""
        path = self._require_inside(name)
        try:
            return path.stat().st_size if path.is_file() and not path.is_symlink() else None
        except OSError:
            return None

    def read_present(self, name: RelativeName, buffer: memoryview) -> Iterator[int]:
        """Read that file."""
        yield from _read(self._require_inside(name), buffer)

    def part_length(self, name: RelativeName) -> int:
        """Bytes that an earlier run has left."""
        try:
            return self._journal.find_safe(name, self._part_path(name).stat().st_size)
        except OSError:
            return 0

    def open_part(self, name: RelativeName) -> "_Part":
        """A file to fill."""
        path = self._part_path(name)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK | _BINARY, 0o666)
            try:
                length = self._journal.find_safe(name, os.fstat(file).st_size)
                os.ftruncate(file, length)
                os.lseek(file, length, os.SEEK_SET)
            except OSError:
                os.close(file)
                raise
        except OSError as error:
            raise _refused(self._folder, error) from error
        return _Part(self, self._journal, name, path, file, length)

    def find_banned(self, proofs: frozenset[str]) -> frozenset[str]:
        """Addresses that gave a file with another hash than one of these."""
        return frozenset(address for address, proof in self._journal.banned if proof in proofs)

    def ban(self, address: str, proof: str) -> None:
        """Remember that one did."""
        try:
            self._journal.note_banned(address, proof)
        except OSError as error:
            raise _refused(self._folder, error) from error

    def free_bytes(self) -> int | None:
        """Bytes that can be written."""
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None

    def complete(self) -> None:
        """Make all of it durable and remove what only an unfinished download needs."""
        try:
            self._sync_folders()
            self._drop_parts()
            (self._staging / "journal").unlink(missing_ok=True)
            self._remove_staging()
        except OSError as error:
            raise _refused(self._folder, error) from error

    def place(self, name: RelativeName, part: Path) -> None:
        """Put a part under its name.

        Raises:
            OSError: The system refuses.
            TargetError: A link leads out of the folder.
        """
        path = self._require_inside(name)
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        part.replace(path)

    def _require_inside(self, name: RelativeName) -> Path:
        path = self._folder / name
        if path.parent not in self._made and not path.parent.resolve().is_relative_to(self._real):
            raise TargetError(
                f"{path} is not written: a link in {self._folder} leads out of it", hint="name another folder"
            )
        return path

    def _take_lock(self) -> int:
        """The lock of the folder; once more when it was removed between opening and locking it."""
        for _ in range(_LOCK_TRIES):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._staging.mkdir(mode=0o700, exist_ok=True)
            path = self._staging / "lock"
            try:
                file = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK | _BINARY, 0o600)
            except FileNotFoundError:  # another process has just ended, and taken the folder away
                continue
            try:
                self._require_lock(file)
                with suppress(FileNotFoundError):
                    if os.path.samestat(path.stat(), os.fstat(file)):
                        write_holder(file)
                        return file
            except BaseException:
                os.close(file)
                raise
            os.close(file)
        raise self._busy(None)

    def _require_lock(self, file: int) -> None:
        if not try_lock(file):
            raise self._busy(read_holder(file))

    def _busy(self, pid: int | None) -> TargetBusyError:
        who = "" if pid is None else f" (process {pid})"
        hint = "wait until it is done, or name another folder"
        return TargetBusyError(f"another download{who} works in {self._folder}", pid=pid, hint=hint)

    def _part_path(self, name: RelativeName) -> Path:
        return self._staging / f"{sha256(name.encode()).hexdigest()[:32]}.part"

    def _drop_parts(self) -> None:
        for path in self._staging.glob("*.part"):
            path.unlink(missing_ok=True)

    def _remove_staging(self) -> None:
        """Take away what nobody needs any more; Windows does not remove what is open: that goes with the next run."""
        with suppress(OSError):
            self._drop_parts()
            (self._staging / "journal").unlink(missing_ok=True)
            (self._staging / "lock").unlink()
            self._staging.rmdir()

    def _sync_folders(self) -> None:
        """Make the names durable, where folders can be synced."""
        if os.name != "posix":
            return
        for folder in {self._folder, *((self._folder / name).parent for name in self._journal.finished)}:
            file = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)


class _Part:
    """``ports.PartFile``."""

    def __init__(
        self, folder: DownloadFolder, journal: DownloadJournal, name: RelativeName, path: Path, file: int, length: int
    ) -> None:
        self.length = length
        note = journal.parts.get(name)
        self.origin: PartOrigin | None = note.origin if note is not None and length else None
        self._durable = min(length, note.durable) if note is not None else 0
        self._folder = folder
        self._journal = journal
        self._name = name
        self._path = path
        self._file: int | None = file

    def begin(self, origin: PartOrigin) -> None:
        """Throw away what is there."""
        file = self._require_open()
        try:
            # the note first: what an old note said of the bytes must not be believed of the new ones
            self._journal.note_part(self._name, origin, 0)
            if self.length:
                os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
        except OSError as error:
            raise _refused(self._path, error) from error
        self.length = self._durable = 0
        self.origin = origin

    def go_on(self, origin: PartOrigin) -> None:
        """Keep what is there."""
        try:
            self._journal.note_part(self._name, origin, self._durable)
        except OSError as error:
            raise _refused(self._path, error) from error
        self.origin = origin

    def write(self, data: memoryview) -> None:
        """Append."""
        file = self._require_open()
        try:
            while data:
                written = os.write(file, data)
                data = data[written:]
                self.length += written
            if self.length - self._durable >= _DURABLE_EVERY and self.origin is not None:
                _sync(file)
                self._durable = self.length
                self._journal.note_part(self._name, self.origin, self._durable)
        except OSError as error:
            raise _refused(self._path, error) from error

    def read_back(self, buffer: memoryview) -> Iterator[int]:
        """Read what is safe."""
        yield from _read(self._path, buffer, most=self.length)

    def finish(self, sha256: str) -> None:
        """Make it durable and put it under its name."""
        file = self._require_open()
        try:
            os.fsync(file)
            self.close()
            self._folder.place(self._name, self._path)
            self._journal.note_finished(self._name, self.length, sha256)
        except OSError as error:
            raise _refused(self._path, error) from error

    def close(self) -> None:
        """Let go of it."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _require_open(self) -> int:
        if self._file is None:
            raise TargetError(f"{self._path} is closed")
        return self._file


def _sync(file: int) -> None:
    getattr(os, "fdatasync", os.fsync)(file)


def _read(path: Path, buffer: memoryview, most: int | None = None) -> Iterator[int]:
    left = most
    try:
        with path.open("rb", buffering=0) as file:
            while left is None or left > 0:
                size = file.readinto(buffer if left is None else buffer[:left])
                if not size:
                    return
                left = None if left is None else left - size
                yield size
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> TargetError:
    if error.errno in _FULL:
        hint = "free some space and run it again: what has come is kept"
        return DiskFullError(f"{path}: there is no more space", hint=hint)
    hint = "check the folder, its owner and its permissions"
    return TargetError(f"{path} cannot be written: {error.strerror or error}", hint=hint)
