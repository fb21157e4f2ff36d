"""What the manifest of client setup names, and which names and numbers of files are refused."""

from pathlib import Path

import pytest

from cmclient.errors import MalformedReplyError, UnsafeXmlError
from cmclient.model.download import HashAlgorithm
from cmclient.protocol.manifest import parse_manifest


def manifest(*items: str) -> bytes:
    return f'<?xml version="1.0"?><CcmSetup>{"".join(items)}</CcmSetup>'.encode()


def item(name: str, more: str = "") -> str:
    return f'<Item FileName="{name}" {more}><Applicability Platform="X64" OS="ALL"/></Item>'


def test_the_one_real_manifest(vectors: Path) -> None:
    text = (vectors / "samples" / "ccmsetup-manifest-2007-fragment.xml.txt").read_text("ascii")
    whole = text.partition("[fragment")[0] + "</CcmSetup>"
    read = parse_manifest(whole.encode())
    assert [(one.file.name, one.platforms, one.installation, one.order) for one in read.items] == [
        ("i386/WindowsInstaller-KB893803-v2-x86.exe", ("X86",), "EXE", 1),
        ("i386/WindowsUpdateAgent30-x86.exe", ("X86",), "EXE", 2),
    ]
    assert all(one.file.hashes == () and one.file.size is None for one in read.items)
    assert (read.problems, read.unknown) == ((), ())


@pytest.mark.parametrize(
    ("attribute", "algorithm"),
    [
        pytest.param(f'FileHash="{"AB" * 32}"', HashAlgorithm.SHA256, id="SHA-256"),
        pytest.param(f'Sha1Hash="{"ab" * 20}"', HashAlgorithm.SHA1, id="SHA-1"),
    ],
)
def test_any_attribute_that_is_called_a_hash_is_one(attribute: str, algorithm: HashAlgorithm) -> None:
    read = parse_manifest(manifest(item("a.msi", attribute)))
    (found,) = read.items[0].file.hashes
    assert (found.algorithm, found.value.strip("ab"), read.unknown) == (algorithm, "", ())


def test_a_hash_of_another_kind_is_said() -> None:
    read = parse_manifest(manifest(item("a.msi", 'Hash="AB"')))
    assert read.items[0].file.hashes == ()
    assert "item 1, Hash" in read.problems[0]
    assert read.unsafe == ()


@pytest.mark.parametrize("name", ["../a.msi", "/a.msi", "C:/a.msi", "x64/../../a.msi", "con", "a" * 300, ""])
def test_a_name_that_leads_elsewhere_is_left_out_and_said(name: str) -> None:
    read = parse_manifest(manifest(item(name), item("b.msi")))
    assert [one.file.name for one in read.items] == ["b.msi"]
    assert len(read.problems) == (1 if name else 0)
    assert read.unsafe == read.problems


def test_a_backslash_is_a_slash_and_a_name_counts_once() -> None:
    read = parse_manifest(manifest(item("x64\\a.msi"), item("X64/A.msi", 'Hash="x"')))
    assert [one.file.name for one in read.items] == ["x64/a.msi"]


def test_what_nobody_knows_stays_visible() -> None:
    assert parse_manifest(manifest(item("a.msi", 'New="1"'))).unknown == ("Item/@New",)


def test_an_absurd_number_of_files_is_refused() -> None:
    items = [item(f"{number}.msi") for number in range(1001)]
    assert len(parse_manifest(manifest(*items[:-1])).items) == 1000
    with pytest.raises(MalformedReplyError, match="1001 files"):
        parse_manifest(manifest(*items))


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"<Other/>", b"<CcmSetup>", b"\x00\x01"])
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_manifest(body)


def test_a_document_type_is_refused() -> None:
    with pytest.raises(UnsafeXmlError):
        parse_manifest(b'<!DOCTYPE a [<!ENTITY b "c">]><CcmSetup/>')
