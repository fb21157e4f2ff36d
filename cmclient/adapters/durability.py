"""Bringing files to the disk: many at once where the system can, else one after the other."""

import os
import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

__all__ = ["sync_data", "sync_files", "sync_folder"]

_WORTH_IT = 4  # files; fewer are synced one by one, so that nobody waits for what others write
_TELLS_ERRORS = (5, 8)  # version of Linux from which syncfs says that something could not be written
_BINARY = getattr(os, "O_BINARY", 0)


def sync_data(file: int) -> None:
    """Bring the bytes of an open file to the disk.

    Raises:
        OSError: They could not be written.
    """
    getattr(os, "fdatasync", os.fsync)(file)


def sync_files(folder: str, paths: Sequence[str]) -> None:
    """Bring files to the disk.

    On Linux one call does it for all: it brings the whole file system to the disk, which for hundreds of small files
    takes a small part of the time that it takes for each by itself.

    Args:
        folder: A folder on the file system that has all of them.
        paths: The files.

    Raises:
        OSError: One cannot be opened or written.
    """
    together = _find_syncfs() if len(paths) >= _WORTH_IT else None
    if together is not None:
        file = os.open(folder, os.O_RDONLY)
        try:
            together(file)
        finally:
            os.close(file)
        return
    for path in paths:
        file = os.open(path, os.O_RDWR | _BINARY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable, where folders can be synced.

    Raises:
        OSError: They could not be written.
    """
    if os.name != "posix":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@cache
def _find_syncfs() -> Callable[[int], None] | None:
    """``syncfs`` of Linux, which Python does not have; None where it is not, or does not tell of errors."""
    release = platform.release().split(".")
    version = tuple(int(part) for part in release[:2] if part.isdecimal())
    if platform.system() != "Linux" or version < _TELLS_ERRORS:
        return None
    with suppress(ImportError, OSError, AttributeError):
        import ctypes  # noqa: PLC0415 - start-up: only many small files need it

        call = ctypes.CDLL(None, use_errno=True).syncfs

        def syncfs(file: int) -> None:
            if call(file):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))

        return syncfs
    return None
