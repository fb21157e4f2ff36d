"""Bytes from a stream into a part: in turn for a small file, with a second thread for a large one."""

import hashlib
import itertools
from collections.abc import Iterator

import pytest

from cmclient.errors import CmClientError, ConnectionLostError, DiskFullError, SizeMismatchError
from cmclient.model.download import HashAlgorithm, PartOrigin
from cmclient.pouring import BUFFER, FileHasher, pour

SMALL, LARGE = 100_000, 9_000_000


class Stream:
    def __init__(self, pieces: Iterator[bytes | CmClientError]) -> None:
        self.pieces = pieces
        self.read = 0

    def read_into(self, buffer: memoryview) -> int:
        piece = next(self.pieces, b"")
        if isinstance(piece, CmClientError):
            raise piece
        self.read += 1
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        pass


class Part:
    def __init__(self, room: int = 10**9) -> None:
        self.data = bytearray()
        self.origin: PartOrigin | None = None
        self._room = room

    @property
    def length(self) -> int:
        return len(self.data)

    def write(self, data: memoryview) -> None:
        if self.length + len(data) > self._room:
            raise DiskFullError("full")
        self.data += data


def run(stream: Stream, part: Part, size: int) -> str:
    hasher = FileHasher()
    pour(stream, part, hasher, size=size, note=lambda _: None, buffer=memoryview(bytearray(BUFFER)))  # type: ignore[arg-type]
    return hasher.hexdigest(HashAlgorithm.SHA256)


def pieces(size: int) -> list[bytes]:
    data = bytes(range(256)) * (size // 256 + 1)
    return [data[at : min(at + 70_000, size)] for at in range(0, size, 70_000)]


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_file__is_written_in_order_and_hashed(size: int) -> None:
    part = Part()
    digest = run(Stream(iter(pieces(size))), part, size)
    assert bytes(part.data) == b"".join(pieces(size))
    assert digest == hashlib.sha256(part.data).hexdigest()


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_stream_without_end__is_left_at_its_first_byte_too_many(size: int) -> None:
    stream, part = Stream(itertools.repeat(b"x" * 10_000)), Part()
    with pytest.raises(SizeMismatchError, match="more bytes"):
        run(stream, part, size)
    assert part.length <= size
    assert stream.read <= size // 10_000 + 1


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_stream_that_breaks_off__leaves_every_byte_that_came_in_the_part(size: int) -> None:
    came = pieces(size)[:-1]
    part = Part()
    with pytest.raises(ConnectionLostError):
        run(Stream(iter([*came, ConnectionLostError("cut off")])), part, size)
    assert bytes(part.data) == b"".join(came)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_stream_that_ends_early__is_no_file(size: int) -> None:
    with pytest.raises(SizeMismatchError, match="1 bytes early"):
        run(Stream(iter([*pieces(size - 1)])), Part(), size)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_disk_that_is_full__ends_it(size: int) -> None:
    stream = Stream(itertools.repeat(b"x" * 10_000))
    with pytest.raises(DiskFullError):
        run(stream, Part(room=50_000), size)
    assert stream.read * 10_000 < 6 * BUFFER
