"""Bytes from a stream into a part, hashed on the way, in memory that does not grow.

A small file is read, hashed and written in turn. For a large one a second thread hashes and writes while this one
reads: both can use a processor of their own.
"""

import hashlib
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple, Self

from .errors import SizeMismatchError
from .model.download import HashAlgorithm
from .ports import ByteStream, PartFile

__all__ = ["BUFFER", "FileHasher", "pour"]

BUFFER = 256 * 1024  # bytes
_LARGE = 4 * 1024 * 1024  # bytes that are worth a second thread
_BUFFERS = 4
_ENOUGH = BUFFER // 2  # bytes that are worth waking the second thread: TLS comes in pieces of 16 KiB


class FileHasher:
    """SHA-256 of a file, and what else is asked for.

    Args:
        algorithms: What besides.
    """

    def __init__(self, algorithms: frozenset[HashAlgorithm] = frozenset()) -> None:
        wanted = algorithms | {HashAlgorithm.SHA256}
        self._hashes = {one: hashlib.new(one.value, usedforsecurity=False) for one in sorted(wanted)}

    def update(self, data: memoryview) -> None:
        """Add bytes."""
        for one in self._hashes.values():
            one.update(data)

    def hexdigest(self, algorithm: HashAlgorithm) -> str:
        """The hash of what was added; one that was asked for."""
        return self._hashes[algorithm].hexdigest()


class _Piece(NamedTuple):
    buffer: memoryview
    size: int


def pour(
    stream: ByteStream,
    part: PartFile,
    hasher: FileHasher,
    *,
    size: int,
    note: Callable[[int], None],
    buffer: memoryview,
) -> None:
    """Fill a part up to its size.

    Whatever goes wrong, every byte that was read until then is in the part.

    Args:
        stream: Where the rest comes from.
        part: Takes it.
        hasher: Has hashed what is in the part, and hashes the rest.
        size: Bytes of the whole file.
        note: Is told after each piece how many bytes came; may raise, which ends it.
        buffer: Of ``BUFFER`` bytes, for a small file.

    Raises:
        SizeMismatchError: The stream has more bytes, or ends early.
        TransportError: The stream broke off.
        TargetError: The part cannot be written.
    """
    left = size - part.length
    if left < _LARGE:
        _pour_in_turn(stream, part, hasher, left, note, buffer)
        return
    with _Writer(part, hasher) as writer:
        free, filled = writer.free_buffer(), 0
        try:
            while came := stream.read_into(free[filled:]):
                left = _require_room(left, came)
                filled += came
                note(came)
                if filled >= _ENOUGH:
                    writer.take(_Piece(free, filled))
                    filled = 0
                    free = writer.free_buffer()
        finally:
            writer.take(_Piece(free, filled))
    _require_end(left)


def _pour_in_turn(
    stream: ByteStream, part: PartFile, hasher: FileHasher, left: int, note: Callable[[int], None], buffer: memoryview
) -> None:
    while came := stream.read_into(buffer):
        left = _require_room(left, came)
        hasher.update(buffer[:came])
        part.write(buffer[:came])
        note(came)
    _require_end(left)


def _require_room(left: int, came: int) -> int:
    if came > left:
        raise SizeMismatchError("more bytes came than the file has")
    return left - came


def _require_end(left: int) -> None:
    if left:
        raise SizeMismatchError(f"the file ended {left} bytes early")


class _Writer:
    """The second thread: hashes and writes pieces in order, until the end of the block."""

    def __init__(self, part: PartFile, hasher: FileHasher) -> None:
        self._part = part
        self._hasher = hasher
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        for _ in range(_BUFFERS):
            self._free.put(memoryview(bytearray(BUFFER)))
        self._thread = threading.Thread(target=self._run, name="write a file", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Write what was taken; raise what went wrong there, unless something went wrong here before."""
        self._full.put(None)
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def free_buffer(self) -> memoryview:
        """A buffer to read into; raises what went wrong in the other thread."""
        buffer = self._free.get()
        if self._error is not None:
            raise self._error
        return buffer

    def take(self, piece: _Piece) -> None:
        """Hash and write it, soon."""
        self._full.put(piece)

    def _run(self) -> None:
        while (piece := self._full.get()) is not None:
            if self._error is None:
                try:
                    self._hasher.update(piece.buffer[: piece.size])
                    self._part.write(piece.buffer[: piece.size])
                except BaseException as error:  # noqa: BLE001 - not swallowed: raised in the reading thread
                    self._error = error
            self._free.put(piece.buffer)
