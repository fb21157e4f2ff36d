"""The folder that a download fills: parts beside it until they are whole, then renamed; nothing outside, ever.

``DIR/.cmclient`` holds the lock, the journal and the parts, and goes when all is there. A part grows at its end only,
so its length says how much of it has come, whenever the process ends.
"""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import CancelledError, TargetBusyError, TargetError
from ..model.download import STAGING, RelativeName
from .download_journal import DownloadJournal
from .download_part import DownloadPart, open_part, read_pieces, refuse
from .durability import sync_folder
from .process_lock import read_holder, try_lock, write_holder
from .settling import Settler, WholeFile

__all__ = ["DownloadFolder", "LocalFiles"]

_LOCK_TRIES = 5
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # against a link in place of the lock that leads elsewhere


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
        self._made: set[str] = set()  # folders in it that were made, or were there
        self._looked_at: set[str] = set()  # folders in it that did not lead out of it; before anything is placed
        try:
            self._lock = self._take_lock()
        except OSError as error:
            raise refuse(folder, error) from error
        try:
            self._real = folder.resolve()
            self._journal = DownloadJournal(self._staging / "journal", job)
            self._settler = Settler(str(self._staging), self._journal.note_whole, self._place)
            if self._journal.is_new:
                self._drop_parts()
        except OSError as error:
            os.close(self._lock)
            raise refuse(folder, error) from error

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Settle what is whole and let go; where nothing has come, nothing of ours stays in it."""
        try:
            self._settle()
        except TargetError:
            # Whoever ended it is told that it ended; what is whole stays as it is, and the next run settles it.
            if not isinstance(error, KeyboardInterrupt | CancelledError):
                raise
        finally:
            self._journal.close()
            if self._journal.is_blank:
                self._remove_staging()
            os.close(self._lock)

    def find_finished(self, name: RelativeName) -> tuple[int, str] | None:
        """What an earlier run finished; see ``ports.Target``."""
        self._settle()
        noted = self._journal.finished.get(name)
        if noted is None or self.find_present(name) != noted[0]:
            return None
        return None if self.part_length(name) else noted  # the run ended between the note and the name

    def find_present(self, name: RelativeName) -> int | None:
        """Bytes of the file that has the name now."""
        try:
            status = os.lstat(self._require_inside(name, self._looked_at))
        except OSError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def read_present(self, name: RelativeName, buffer: memoryview) -> Iterator[int]:
        """Read that file."""
        yield from read_pieces(self._require_inside(name, self._looked_at), buffer)

    def part_length(self, name: RelativeName) -> int:
        """Bytes that an earlier run has left."""
        if name not in self._journal.parts:
            return 0
        try:
            return self._journal.find_safe(name, os.lstat(self._part_path(name)).st_size)
        except OSError:
            return 0

    def open_part(self, name: RelativeName) -> DownloadPart:
        """A file to fill."""
        try:
            return open_part(self._journal, name, self._part_path(name), self._take_whole)
        except OSError as error:
            raise refuse(self._folder, error) from error

    def find_banned(self, proofs: frozenset[str]) -> frozenset[str]:
        """Addresses that gave a file with another hash than one of these."""
        return frozenset(address for address, proof in self._journal.banned if proof in proofs)

    def ban(self, address: str, proof: str) -> None:
        """Remember that one did."""
        try:
            self._journal.note_banned(address, proof)
        except OSError as error:
            raise refuse(self._folder, error) from error

    def free_bytes(self) -> int | None:
        """Bytes that can be written."""
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None

    def complete(self) -> None:
        """Make all of it durable and remove what only an unfinished download needs."""
        self._settle()
        try:
            self._sync_folders()
            self._drop_parts()
            (self._staging / "journal").unlink(missing_ok=True)
            self._remove_staging()
        except OSError as error:
            raise refuse(self._folder, error) from error

    def _take_whole(self, whole: WholeFile) -> None:
        self._require_inside(whole.name, self._looked_at)  # told at once, and not when it is settled with others
        self._settler.add(whole)

    def _settle(self) -> None:
        """Put every whole file under its name."""
        try:
            self._settler.settle()
        except OSError as error:
            raise refuse(self._folder, error) from error

    def _place(self, files: Sequence[WholeFile]) -> None:
        looked_at: set[str] = set()  # anew for each batch: a folder may have been swapped for a link since the last
        for whole in files:
            above = whole.name.rpartition("/")[0]
            path = self._require_inside(whole.name, looked_at)
            if above not in self._made:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                self._made.add(above)
            os.replace(whole.part, path)  # noqa: PTH105 - there may be thousands
            self._journal.note_placed(whole)

    def _require_inside(self, name: RelativeName, known: set[str]) -> str:
        """The path of a file.

        Args:
            name: The file.
            known: Folders that need not be looked at again; takes this one.

        Raises:
            TargetError: A link leads out of the folder.
        """
        above, path = name.rpartition("/")[0], f"{self._folder}/{name}"
        if above not in known:
            if not (self._folder / above).resolve().is_relative_to(self._real):
                raise _leads_out(path, self._folder)
            known.add(above)
        return path

    def _take_lock(self) -> int:
        """The lock of the folder; once more when it was removed between opening and locking it."""
        for _ in range(_LOCK_TRIES):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._staging.mkdir(mode=0o700, exist_ok=True)
            if self._staging.is_symlink():
                raise _leads_out(self._staging, self._folder)
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

    def _part_path(self, name: RelativeName) -> str:
        return f"{self._staging}/{sha256(name.encode()).hexdigest()[:32]}.part"

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
        """Make the names durable."""
        above = {name.rpartition("/")[0] for name in self._journal.finished}
        for folder in {"", *above}:
            sync_folder(str(self._folder / folder))


def _leads_out(path: object, folder: Path) -> TargetError:
    return TargetError(f"{path} is not written: a link in {folder} leads out of it", hint="name another folder")
