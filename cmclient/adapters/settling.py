"""Whole files on their way to their names: synced, noted, renamed, in this order; many small ones together.

Until then a whole file lies beside the target as a part that has all of its bytes. A process that ends in between
leaves it there, and the next run takes it from there.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from time import monotonic
from typing import NamedTuple

from ..model.download import RelativeName
from .durability import sync_files

__all__ = ["Settler", "WholeFile"]

_MOST_FILES = 512  # that wait for their names
_MOST_BYTES = 64 * 1024 * 1024  # likewise: what a power cut can cost
_MOST_SECONDS = 1.0  # after which the next whole file takes those with it that wait
_FAR_BEHIND = 4  # times as many as that: then whoever brings more waits


class WholeFile(NamedTuple):
    """A file that has all of its bytes, and the right ones.

    Attributes:
        name: What it is to be called.
        part: Where it lies.
        size: Bytes.
        sha256: Their hash.
        is_synced: Whether they have reached the disk.
    """

    name: RelativeName
    part: str
    size: int
    sha256: str
    is_synced: bool = False


class Settler:
    """Takes whole files, and settles them when there are enough. Safe to use from several threads.

    Args:
        staging: The folder in which they lie.
        note: Remembers that they are whole and on the disk.
        place: Puts them under their names.
    """

    def __init__(
        self,
        staging: str,
        note: Callable[[Sequence[WholeFile]], None],
        place: Callable[[Sequence[WholeFile]], None],
    ) -> None:
        self._staging = staging
        self._note = note
        self._place = place
        self._lock = Lock()
        self._at_work = Lock()
        self._waiting: list[WholeFile] = []
        self._bytes = 0
        self._last = -_MOST_SECONDS

    def add(self, whole: WholeFile) -> None:
        """Take a file; settles all that wait when there are enough of them, or the last time is a while ago.

        Raises:
            OSError: What waits cannot be settled.
            TargetError: A link leads out of the target.
        """
        with self._lock:
            self._waiting.append(whole)
            self._bytes += whole.size
            count, size = len(self._waiting), self._bytes
        if count >= _MOST_FILES or size >= _MOST_BYTES or monotonic() - self._last >= _MOST_SECONDS:
            self._settle(waits=count >= _FAR_BEHIND * _MOST_FILES or size >= _FAR_BEHIND * _MOST_BYTES)

    def settle(self) -> None:
        """Settle all that wait, now; raises what ``add`` does."""
        if self._waiting:
            self._settle(waits=True)

    def _settle(self, *, waits: bool) -> None:
        if not self._at_work.acquire(blocking=waits):
            return  # somebody does it, and whoever comes after takes this one with the next
        try:
            with self._lock:
                batch, self._waiting, self._bytes = self._waiting, [], 0
            if loose := [one.part for one in batch if not one.is_synced]:
                sync_files(self._staging, loose)
            # The note first: a file that has its name and no note would be asked for again.
            self._note(batch)
            self._place(batch)
        finally:
            self._last = monotonic()
            self._at_work.release()
