"""Cabinets, as far as client setup needs them: one small file is read from ``ccmsetup.cab``, in memory.

The format is the published one of Microsoft (MS-CAB). What is stored or packed with MSZIP is read; LZX and Quantum are
refused, and so are cabinets that go on in another file. Nothing is ever written by a name from a cabinet. Signatures,
which stand behind a cabinet, are not looked at.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import MalformedReplyError

__all__ = ["CabinetMember", "build_cabinet", "list_cabinet", "read_cabinet"]

_WHERE = "cabinet"
_HEADER = struct.Struct("<4sIIIIIBBHHHHH")
_RESERVE = struct.Struct("<HBB")
_FOLDER = struct.Struct("<IHH")
_FILE = struct.Struct("<IIHHHH")
_BLOCK = struct.Struct("<IHH")
_STORED, _MSZIP = 0, 1
_PACKINGS = {2: "Quantum", 3: "LZX"}
_PACKING_MASK = 0x0F
_HAS_OTHERS, _HAS_RESERVE, _NAME_IS_UTF8 = 0x03, 0x04, 0x80
_LONGEST_NAME = 256  # bytes, as the format says
_LONGEST_BLOCK = 32 * 1024  # bytes that a block unpacks to at most: against one that unpacks to a thousand times itself
_MOST_MEMBERS = 4096  # against a list longer than any client's files


class CabinetMember(NamedTuple):
    """A file in a cabinet.

    Attributes:
        name: Its name as it stands there, unchecked: nothing to join to a directory.
        size: Bytes that it unpacks to, as the cabinet says.
        folder: Number of the folder that holds its bytes.
        offset: Where they begin in what the folder unpacks to.
    """

    name: str
    size: int
    folder: int
    offset: int


class _Folder(NamedTuple):
    start: int
    blocks: int
    packing: int


class _Cabinet(NamedTuple):
    folders: tuple[_Folder, ...]
    members: tuple[CabinetMember, ...]
    block_reserve: int


def build_cabinet(name: str, body: bytes) -> bytes:
    """Build a cabinet that holds one file, stored as it is.

    Args:
        name: The file's name, ASCII.
        body: Its bytes, 32 KiB at most for each of 65,535 blocks.
    """
    blocks = [body[at : at + _LONGEST_BLOCK] for at in range(0, len(body), _LONGEST_BLOCK)]
    file = _FILE.pack(len(body), 0, 0, 0, 0, 0) + name.encode("ascii") + b"\0"
    files_at = _HEADER.size + _FOLDER.size
    data_at = files_at + len(file)
    data = b"".join(_block(block) for block in blocks)
    header = _HEADER.pack(b"MSCF", 0, data_at + len(data), 0, files_at, 0, 3, 1, 1, 1, 0, 0, 0)
    return header + _FOLDER.pack(data_at, len(blocks), _STORED) + file + data


def _block(body: bytes) -> bytes:
    sizes = struct.pack("<HH", len(body), len(body))
    return struct.pack("<I", _checksum(body, sizes)) + sizes + body


def list_cabinet(data: bytes) -> tuple[CabinetMember, ...]:
    """The files in a cabinet.

    Returns:
        In the order of the cabinet; may be empty. Two may have the same name.

    Raises:
        MalformedReplyError: It is no cabinet, is cut off, lies about itself, or goes on in another file.
    """
    return _parse(data).members


def read_cabinet(data: bytes, name: str, *, cap: int) -> bytes:
    """One file of a cabinet.

    Args:
        data: The cabinet.
        name: Name of the file; case does not count.
        cap: Most bytes to unpack, those of other files before it in its folder included.

    Returns:
        Its bytes.

    Raises:
        MalformedReplyError: As with ``list_cabinet``; there is no such file, or more than one; it is larger than the
            cap, packed in a way that is not read, or damaged.
    """
    cabinet = _parse(data)
    found = [one for one in cabinet.members if one.name.casefold() == name.casefold()]
    if len(found) != 1:
        raise _bad(f"it holds {len(found) or 'no'} file{'s' * (len(found) > 1)} with the name {name}")
    (member,) = found
    end = member.offset + member.size
    if end > cap:
        raise _bad(f"{name} takes {end} bytes to unpack; {cap} are the most")
    unpacked = b"".join(_unpack(data, cabinet, member.folder, end))
    if len(unpacked) < end:
        raise _bad(f"{name} is longer than what its folder holds")
    return unpacked[member.offset : end]


def _parse(data: bytes) -> _Cabinet:
    magic, _, size, _, files_at, _, minor, major, folders, files, flags, _, _ = _take(_HEADER, data, 0)
    if magic != b"MSCF" or (major, minor) != (1, 3):
        raise _bad("it does not begin as a cabinet of version 1.3 does")
    if size > len(data):
        raise _bad(f"it has {len(data)} bytes and says {size}")
    if flags & _HAS_OTHERS:
        raise _bad("it goes on in another file")
    if files > _MOST_MEMBERS:
        raise _bad(f"it holds {files} files; {_MOST_MEMBERS} are the most")
    at, folder_reserve, block_reserve = _HEADER.size, 0, 0
    if flags & _HAS_RESERVE:
        header_reserve, folder_reserve, block_reserve = _take(_RESERVE, data, at)
        at += _RESERVE.size + header_reserve
    step = _FOLDER.size + folder_reserve
    listed = tuple(_Folder(*_take(_FOLDER, data, at + step * number)) for number in range(folders))
    return _Cabinet(listed, tuple(_members(data, files_at, files, folders)), block_reserve)


def _members(data: bytes, at: int, count: int, folders: int) -> Iterator[CabinetMember]:
    for _ in range(count):
        size, offset, folder, _, _, attributes = _take(_FILE, data, at)
        at += _FILE.size
        end = data.find(b"\0", at, at + _LONGEST_NAME + 1)
        if end <= at:
            raise _bad("the name of a file has no end, or is empty")
        if folder >= folders:
            raise _bad("a file is in a folder that is not there")
        name = data[at:end].decode("utf-8" if attributes & _NAME_IS_UTF8 else "cp1252", "replace")
        yield CabinetMember(name, size, folder, offset)
        at = end + 1


def _unpack(data: bytes, cabinet: _Cabinet, number: int, wanted: int) -> Iterator[bytes]:
    """The blocks of a folder, up to so many bytes."""
    folder = cabinet.folders[number]
    packing = folder.packing & _PACKING_MASK
    if packing not in {_STORED, _MSZIP}:
        raise _bad(f"it is packed with {_PACKINGS.get(packing, packing)}, which is not read")
    at, before = folder.start, b""
    for _ in range(folder.blocks):
        if wanted <= 0:
            return
        checksum, packed, size = _take(_BLOCK, data, at)
        body_at = at + _BLOCK.size + cabinet.block_reserve
        at = body_at + packed
        body = data[body_at:at]
        if len(body) < packed:
            raise _bad("it is cut off")
        if checksum and checksum != _checksum(body, data[body_at - cabinet.block_reserve - 4 : body_at]):
            raise _bad("the checksum of a block is not right")
        before = body if packing == _STORED else _inflate(body, before)
        if len(before) != size or size > _LONGEST_BLOCK:
            raise _bad("a block unpacks to another size than it says")
        yield before
        wanted -= size


def _inflate(body: bytes, before: bytes) -> bytes:
    """Unpack a block of MSZIP, which goes on with the window of the one before."""
    if body[:2] != b"CK":
        raise _bad("a block does not begin as MSZIP does")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS, zdict=before)
    try:
        block = inflater.decompress(body[2:], _LONGEST_BLOCK + 1)
    except zlib.error as error:
        raise _bad(f"a block cannot be unpacked ({error})") from error
    if not inflater.eof:
        raise _bad("a block does not end where it should")
    return block


def _checksum(body: bytes, head: bytes) -> int:
    """The checksum of MS-CAB: 32-bit words combined with exclusive or, first the body, then the sizes."""
    return _fold(head, _fold(body, 0))


def _fold(data: bytes, seed: int) -> int:
    whole = len(data) - len(data) % 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        seed ^= word
    return seed ^ int.from_bytes(data[whole:], "big")


def _take(form: struct.Struct, data: bytes, at: int) -> tuple[Any, ...]:
    try:
        return form.unpack_from(data, at)
    except struct.error:
        raise _bad("it is cut off") from None


def _bad(text: str) -> MalformedReplyError:
    return MalformedReplyError(f"the cabinet cannot be read: {text}", where=_WHERE)
