"""One agent for a store: a lock beside it that ends with the process, however that ends."""

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import AgentRunningError, StoreError
from .process_lock import read_holder, try_lock, write_holder

__all__ = ["AgentLock", "is_agent_alive", "read_process_start"]


class AgentLock:
    """The right to be the agent of a store, from the beginning of a block to its end.

    Args:
        store: The store's file; the lock is a file beside it, which stays when it is let go.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._path = _lock_path(store)
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Take it.

        Raises:
            AgentRunningError: Another process has it.
            StoreError: The file cannot be written.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            hint = "check the owner and the permissions of the folder"
            raise StoreError(f"{self._path} cannot be written: {error.strerror}", hint=hint) from error
        try:
            self._claim(file)
        except OSError as error:
            os.close(file)
            hint = "a network drive may not lock; name a file on a local disk with --store"
            raise StoreError(f"{self._path} cannot be locked: {error.strerror}", hint=hint) from error
        except AgentRunningError:
            os.close(file)
            raise
        self._file = file
        return self

    def _claim(self, file: int) -> None:
        if not try_lock(file):
            pid = read_holder(file)
            who = "" if pid is None else f" (process {pid})"
            hint = "'cmclient agent status' says what it does; end it first, or name another file with --store"
            raise AgentRunningError(f"another agent{who} works with the store {self._store}", pid=pid, hint=hint)
        write_holder(file)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_process_start(pid: int) -> str:
    """When a process started, in words that no other process has had; empty when it is gone, or the system is mute."""
    if sys.platform == "linux":
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
            # the name, in parentheses, may hold blanks and parentheses; what follows it may not
            state, *fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return ""
        # one that has ended, and at which nobody has looked yet, is gone; the 22nd field of all is starttime
        return "" if state == b"Z" else f"{boot}/{fields[18].decode()}"
    else:  # noqa: RET505 - what follows a return is unreachable to type checkers, a branch for another system is not
        return ""


def is_agent_alive(store: Path, pid: int, process_start: str) -> bool:
    """Whether the agent that wrote a status still runs.

    Args:
        store: The store that it works with.
        pid: Its process.
        process_start: What ``read_process_start`` gave it; where the system is mute, the lock tells.
    """
    if process_start:
        return read_process_start(pid) == process_start
    try:
        file = os.open(_lock_path(store), os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(file) and read_holder(file) == pid
    finally:
        os.close(file)


def _lock_path(store: Path) -> Path:
    return store.with_name(f"{store.name}.agent")
