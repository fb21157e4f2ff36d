"""Reading a file out of a cabinet that another program made, and refusing those that lie."""

import struct
import zlib
from pathlib import Path

import pytest

from cmclient.errors import MalformedReplyError
from cmclient.protocol.cabinet import list_cabinet, read_cabinet

CAP = 1024 * 1024
NUMBERS = "".join(f"{number}\n" for number in range(14_000)).encode()


def cabinet(
    name: bytes = b"a.xml",
    body: bytes = b"<a/>",
    *,
    packing: int = 0,
    size: int | None = None,
    flags: int = 0,
    block: bytes | None = None,
    block_size: int | None = None,
    checksum: int = 0,
    folder: int = 0,
) -> bytes:
    """A cabinet of one file in one block, with any of its parts made wrong."""
    packed = body if block is None else block
    file = struct.pack("<IIHHHH", len(body) if size is None else size, 0, folder, 0, 0, 0) + name + b"\0"
    folder_at = 36
    file_at = folder_at + 8
    data_at = file_at + len(file)
    unpacked = len(body) if block_size is None else block_size
    data = struct.pack("<IHH", checksum, len(packed), unpacked) + packed
    whole = data_at + len(data)
    head = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, whole, 0, file_at, 0, 3, 1, 1, 1, flags, 0, 0)
    return head + struct.pack("<IHH", data_at, 1, packing) + file + data


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return b"CK" + packer.compress(body) + packer.flush()


@pytest.mark.parametrize("name", ["stored.cab", "mszip.cab"])
def test_a_file_is_read_from_what_another_program_packed(name: str, vectors: Path) -> None:
    data = (vectors / "cabinets" / name).read_bytes()
    assert [(one.name, one.size) for one in list_cabinet(data)] == [
        ("numbers.txt", len(NUMBERS)),
        ("ccmsetup.xml", 275),
    ]
    assert read_cabinet(data, "numbers.txt", cap=CAP) == NUMBERS  # three blocks
    manifest = read_cabinet(data, "CCMSETUP.XML", cap=CAP)
    assert manifest.startswith(b"<?xml")
    assert len(manifest) == 275


def test_what_stands_behind_a_cabinet_does_not_matter() -> None:
    assert read_cabinet(cabinet() + b"a signature", "a.xml", cap=CAP) == b"<a/>"


@pytest.mark.parametrize("name", ["stored.cab", "mszip.cab"])
@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.99])
def test_a_cabinet_that_is_cut_off_is_refused(name: str, part: float, vectors: Path) -> None:
    data = (vectors / "cabinets" / name).read_bytes()
    with pytest.raises(MalformedReplyError):
        read_cabinet(data[: int(len(data) * part)], "ccmsetup.xml", cap=CAP)


def test_a_byte_that_changed_is_noticed(vectors: Path) -> None:
    data = bytearray((vectors / "cabinets" / "stored.cab").read_bytes())
    data[-2] ^= 1
    with pytest.raises(MalformedReplyError, match="checksum"):
        read_cabinet(bytes(data), "ccmsetup.xml", cap=CAP)


def test_the_cap_counts_what_has_to_be_unpacked_before(vectors: Path) -> None:
    data = (vectors / "cabinets" / "mszip.cab").read_bytes()
    end = len(NUMBERS) + 275
    assert len(read_cabinet(data, "ccmsetup.xml", cap=end)) == 275
    with pytest.raises(MalformedReplyError, match=f"takes {end} bytes"):
        read_cabinet(data, "ccmsetup.xml", cap=end - 1)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"", "cut off", id="nothing"),
        pytest.param(b"PK\x03\x04" + bytes(100), "does not begin", id="a zip file"),
        pytest.param(b"<html>" + bytes(100), "does not begin", id="a page"),
        pytest.param(cabinet(name=b"b.xml"), "no file", id="another file"),
        pytest.param(cabinet(name=b""), "no end", id="no name"),
        pytest.param(cabinet(name=b"a" * 300), "no end", id="a name without end"),
        pytest.param(cabinet(folder=1), "folder that is not there", id="no such folder"),
        pytest.param(cabinet(folder=0xFFFD), "folder that is not there", id="goes on from another cabinet"),
        pytest.param(cabinet(flags=2), "another file", id="goes on in another cabinet"),
        pytest.param(cabinet(packing=3), "LZX", id="LZX"),
        pytest.param(cabinet(packing=2), "Quantum", id="Quantum"),
        pytest.param(cabinet(packing=9), "packed with 9", id="unknown packing"),
        pytest.param(cabinet(size=5), "longer than what its folder holds", id="size that lies"),
        pytest.param(cabinet(size=2**31), "to unpack", id="gigabytes"),
        pytest.param(cabinet(block_size=5), "another size", id="block that lies"),
        pytest.param(cabinet(checksum=1), "checksum", id="checksum"),
        pytest.param(cabinet(packing=1), "as MSZIP does", id="not packed"),
        pytest.param(cabinet(packing=1, block=b"CK\xff\xff\xff"), "cannot be unpacked", id="garbage"),
        pytest.param(cabinet(packing=1, block=deflated(b"<a/>")[:-1]), "does not end", id="no end"),
        pytest.param(
            cabinet(packing=1, body=bytes(40_000), block=deflated(bytes(40_000))), "does not end", id="long block"
        ),
        pytest.param(
            cabinet(packing=1, block=deflated(bytes(30_000_000)), size=4), "does not end", id="inflates without end"
        ),
    ],
)
def test_a_cabinet_that_lies_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(MalformedReplyError, match=text):
        read_cabinet(data, "a.xml", cap=CAP)


def test_names_with_a_way_out_are_only_names() -> None:
    """Nothing is written by a name from a cabinet; a file is found by the name that we ask for."""
    data = cabinet(name=b"..\\..\\windows\\a.xml")
    assert [one.name for one in list_cabinet(data)] == ["..\\..\\windows\\a.xml"]
    with pytest.raises(MalformedReplyError, match="no file"):
        read_cabinet(data, "a.xml", cap=CAP)


def test_a_cabinet_with_absurdly_many_files_is_refused() -> None:
    data = bytearray(cabinet())
    data[28:30] = (5000).to_bytes(2, "little")
    with pytest.raises(MalformedReplyError, match="5000 files"):
        list_cabinet(bytes(data))
