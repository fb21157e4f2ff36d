"""Files below a folder of this machine, and through the operating system below whatever it has mounted.

UNC paths go through Windows where there is Windows, and elsewhere through whoever speaks SMB.
"""

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from io import FileIO
from pathlib import Path

from ..errors import (
    CancelledError,
    ConnectionLostError,
    InvalidValueError,
    ListingError,
    SourceRefusedError,
    TransportTimeoutError,
    UnsafeNameError,
)
from ..model.download import FileEntry, RelativeName
from ..model.http import Deadline
from ..ports import Cancellation, SharedFile, SharedFiles

__all__ = ["FolderFiles", "Shares", "check_time", "collect_entries", "is_share", "opens_shares"]

_MOST_FILES = 100_000  # in a folder: against one that has no end
_BINARY = getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # a pipe in the place of a file must not hang us


def opens_shares() -> bool:
    """Whether network shares can be opened here: by the operating system, or by the extra ``smb``."""
    return sys.platform == "win32" or find_spec("smbprotocol") is not None


def is_share(path: str) -> bool:
    """Whether it is a UNC path, with either kind of slashes."""
    return path.startswith(("\\\\", "//"))


def check_time(what: str, deadline: Deadline, cancellation: Cancellation | None) -> None:
    """Go on only if there is time and somebody wants it.

    Raises:
        CancelledError: Nobody does.
        TransportTimeoutError: There is none.
    """
    if cancellation is not None and cancellation.cancelled:
        raise CancelledError(f"{what}: cancelled", endpoint=what)
    if deadline.expired:
        raise TransportTimeoutError(f"{what}: not done within its time", endpoint=what)


def collect_entries(folder: str, files: Iterable[tuple[Sequence[str], int]]) -> tuple[FileEntry, ...]:
    """List files that were found below a folder.

    Args:
        folder: The folder, as it was given.
        files: Of each the parts of its name below the folder, and its size.

    Returns:
        Sorted by name.

    Raises:
        UnsafeNameError: A name is refused.
        ListingError: There are too many.
    """
    found: list[FileEntry] = []
    for parts, size in files:
        if len(found) == _MOST_FILES:
            raise ListingError(f"{folder} holds more than {_MOST_FILES} files", source=folder)
        try:
            name = RelativeName("/".join(part.replace("/", "\\") for part in parts))  # a slash inside is no separator
        except InvalidValueError as error:
            raise UnsafeNameError(f"{folder}: {error.message}", source=folder) from error
        found.append(FileEntry(name, size))
    return tuple(sorted(found))


class Shares:
    """``ports.SharedFiles`` for local folders and UNC paths.

    Args:
        remote: Speaks to network shares; None when nobody does.
        opens_shares: Whether the operating system opens UNC paths by itself.
    """

    def __init__(self, remote: SharedFiles | None, *, opens_shares: bool = sys.platform == "win32") -> None:
        self._local = FolderFiles()
        self._remote = remote
        self._opens_shares = opens_shares

    def list_files(
        self, folder: str, deadline: Deadline, cancellation: Cancellation | None = None
    ) -> tuple[FileEntry, ...]:
        """List every file below a folder; see ``ports.SharedFiles``."""
        return self._files(folder).list_files(folder, deadline, cancellation)

    def open(
        self,
        folder: str,
        name: RelativeName,
        offset: int,
        deadline: Deadline,
        cancellation: Cancellation | None = None,
    ) -> SharedFile:
        """Open a file at an offset; see ``ports.SharedFiles``."""
        return self._files(folder).open(folder, name, offset, deadline, cancellation)

    def _files(self, folder: str) -> SharedFiles:
        if self._opens_shares or not is_share(folder):
            return self._local
        if self._remote is None:
            raise _no_smb(folder)
        return self._remote


def _no_smb(folder: str) -> SourceRefusedError:
    hint = "Install it: python -m pip install 'cmclient[smb]'; or mount the share and give the folder."
    return SourceRefusedError(
        f"{folder} is a network share, and smbprotocol is not installed", source=folder, hint=hint
    )


class FolderFiles:
    """``ports.SharedFiles`` for what the operating system opens. A hanging mount hangs us: it has no deadline."""

    def list_files(
        self, folder: str, deadline: Deadline, cancellation: Cancellation | None = None
    ) -> tuple[FileEntry, ...]:
        """List every file below a folder; see ``ports.SharedFiles``."""
        try:
            return collect_entries(folder, _walk(folder, deadline, cancellation))
        except (OSError, ValueError) as error:  # ValueError: a NUL character in the folder
            raise _refused(folder, "", error) from error

    def open(
        self,
        folder: str,
        name: RelativeName,
        offset: int,
        deadline: Deadline,
        cancellation: Cancellation | None = None,
    ) -> SharedFile:
        """Open a file at an offset; see ``ports.SharedFiles``."""
        check_time(folder, deadline, cancellation)
        path = Path(folder, *name.split("/"))
        try:
            number = os.open(path, os.O_RDONLY | _BINARY | _NO_WAIT)
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                os.close(number)
                raise SourceRefusedError(f"{path} is no file", source=folder, file=name)
            os.lseek(number, offset, os.SEEK_SET)
        except (OSError, ValueError) as error:  # as above
            raise _refused(folder, name, error) from error
        return _OpenFile(number, folder, name, status, deadline, cancellation)


class _OpenFile:
    """An open file of this machine."""

    def __init__(
        self,
        number: int,
        folder: str,
        name: RelativeName,
        status: os.stat_result,
        deadline: Deadline,
        cancellation: Cancellation | None,
    ) -> None:
        self.size = status.st_size
        self.modified = str(status.st_mtime_ns)
        self._file = FileIO(number)
        self._folder, self._name = folder, name
        self._deadline, self._cancellation = deadline, cancellation

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there; see ``ports.ByteStream``."""
        check_time(self._folder, self._deadline, self._cancellation)
        if self._file.closed:
            raise CancelledError(f"{self._folder}: closed", endpoint=self._folder)
        try:
            return self._file.readinto(buffer) or 0
        except OSError as error:
            raise ConnectionLostError(
                f"{self._folder}: {self._name} cannot be read on: {error.strerror or error}", endpoint=self._folder
            ) from error

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


def _walk(folder: str, deadline: Deadline, cancellation: Cancellation | None) -> Iterator[tuple[Sequence[str], int]]:
    """Files below a folder, as the parts of their names, and their sizes; links are left out."""
    waiting = [Path(folder)]
    while waiting:
        check_time(folder, deadline, cancellation)
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path).relative_to(folder).parts, entry.stat(follow_symlinks=False).st_size


def _refused(folder: str, name: str, error: OSError | ValueError) -> SourceRefusedError:
    what = getattr(error, "strerror", None) or str(error)
    hint = ""
    if isinstance(error, PermissionError):
        hint = "Read access is needed for whoever runs this."
    elif isinstance(error, FileNotFoundError):
        hint = "Look whether the path is right, and whether the share is there."
    named = f"{folder}, {name}" if name else folder
    return SourceRefusedError(f"{named}: {what[:1].lower()}{what[1:]}", source=folder, file=name, hint=hint)
