"""A lock on an open file that ends with the process, however that ends."""

import os
import sys

__all__ = ["read_holder", "try_lock", "write_holder"]

_PID_BYTES = 20
_LOCKED_BYTE = 1 << 20  # Windows locks bytes, and those cannot be read meanwhile: one behind the process id

if sys.platform == "win32":
    import msvcrt

    def try_lock(file: int) -> bool:
        """Take the lock of an open file; False when another process has it."""
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def try_lock(file: int) -> bool:
        """Take the lock of an open file; False when another process has it.

        Raises:
            OSError: Files cannot be locked there.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def write_holder(file: int) -> None:
    """Write who has the lock."""
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, str(os.getpid()).encode())


def read_holder(file: int) -> int | None:
    """The process that has the lock; None when that is not written."""
    os.lseek(file, 0, os.SEEK_SET)
    text = os.read(file, _PID_BYTES)
    return int(text) if text.isdigit() else None
