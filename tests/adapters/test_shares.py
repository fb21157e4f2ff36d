"""Files below a folder of this machine: what is listed, opened and refused."""

import os
from pathlib import Path

import pytest

from cmclient.adapters.shares import FolderFiles, Shares, is_share
from cmclient.errors import CancelledError, SourceRefusedError, TransportTimeoutError, UnsafeNameError
from cmclient.model.download import FileEntry, RelativeName
from cmclient.model.http import Deadline

NEVER = Deadline(None, lambda: 0.0)
PAST = Deadline(0.0, lambda: 1.0)


class Given:
    """A cancellation that has come."""

    cancelled = True

    def on_cancel(self, action: object) -> None:
        """Nothing waits here."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x64").mkdir()
    (tmp_path / "ccmsetup.cab").write_bytes(b"cabinet")
    (tmp_path / "x64" / "client.msi").write_bytes(bytes(range(100)))
    return tmp_path


def read(source: FolderFiles | Shares, folder: Path, name: str, offset: int = 0) -> bytes:
    opened = source.open(str(folder), RelativeName(name), offset, NEVER)
    buffer = bytearray(16)
    found = b""
    while count := opened.read_into(memoryview(buffer)):
        found += buffer[:count]
    opened.close()
    return found


def test_every_file_is_listed_with_its_size(folder: Path) -> None:
    assert FolderFiles().list_files(str(folder), NEVER) == (
        FileEntry(RelativeName("ccmsetup.cab"), 7),
        FileEntry(RelativeName("x64/client.msi"), 100),
    )


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert FolderFiles().list_files(str(tmp_path), NEVER) == ()


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_are_not_listed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret").write_bytes(b"s")
    (folder / "link").symlink_to(elsewhere)
    (folder / "file").symlink_to(elsewhere / "secret")
    assert [one.name for one in FolderFiles().list_files(str(folder), NEVER)] == ["ccmsetup.cab", "x64/client.msi"]


@pytest.mark.parametrize(("offset", "length"), [(0, 100), (99, 1), (100, 0), (1000, 0)])
def test_a_file_is_read_from_an_offset(folder: Path, offset: int, length: int) -> None:
    assert read(FolderFiles(), folder, "x64/client.msi", offset) == bytes(range(100))[offset:]
    assert len(read(FolderFiles(), folder, "x64/client.msi", offset)) == length


def test_size_and_time_are_known(folder: Path) -> None:
    opened = FolderFiles().open(str(folder), RelativeName("x64/client.msi"), 0, NEVER)
    opened.close()
    assert (opened.size, opened.modified) == (100, str((folder / "x64" / "client.msi").stat().st_mtime_ns))


@pytest.mark.parametrize("name", ["nothing", "x64", "ccmsetup.cab/x"])
def test_what_is_no_file_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(SourceRefusedError):
        FolderFiles().open(str(folder), RelativeName(name), 0, NEVER)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system")
def test_a_pipe_does_not_hang(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(SourceRefusedError, match="is no file"):
        FolderFiles().open(str(folder), RelativeName("pipe"), 0, NEVER)
    assert "pipe" not in [one.name for one in FolderFiles().list_files(str(folder), NEVER)]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_read_access_says_what_is_needed(folder: Path) -> None:
    (folder / "x64").chmod(0)
    with pytest.raises(SourceRefusedError) as caught:
        FolderFiles().list_files(str(folder), NEVER)
    (folder / "x64").chmod(0o700)
    assert "Read access" in caught.value.hint


@pytest.mark.parametrize("path", ["nowhere", "a\0b"])
def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceRefusedError):
        FolderFiles().list_files(str(tmp_path / path), NEVER)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_not_every_system_has_is_refused(folder: Path) -> None:
    (folder / "con").write_bytes(b"")
    with pytest.raises(UnsafeNameError):
        FolderFiles().list_files(str(folder), NEVER)


def test_no_time_and_nobody_who_waits_end_it(folder: Path) -> None:
    with pytest.raises(TransportTimeoutError):
        FolderFiles().list_files(str(folder), PAST)
    with pytest.raises(CancelledError):
        FolderFiles().open(str(folder), RelativeName("ccmsetup.cab"), 0, NEVER, Given())


def test_only_network_shares_go_to_whoever_speaks_smb(folder: Path) -> None:
    asked: list[str] = []

    class Remote(FolderFiles):
        def list_files(self, folder: str, *_: object) -> tuple[FileEntry, ...]:
            asked.append(folder)
            return ()

    shares = Shares(Remote(), opens_shares=False)
    shares.list_files(r"\\server\share", NEVER)
    assert len(shares.list_files(str(folder), NEVER)) == 2
    assert asked == [r"\\server\share"]


@pytest.mark.parametrize(
    ("path", "remote"), [(r"\\server\share", True), ("//server/share", True), ("/mnt/a", False), (r"C:\a", False)]
)
def test_a_unc_path_is_told_from_a_local_one(path: str, *, remote: bool) -> None:
    assert is_share(path) is remote


def test_a_share_that_nobody_opens_says_what_to_install() -> None:
    with pytest.raises(SourceRefusedError) as caught:
        Shares(None, opens_shares=False).list_files(r"\\server\share", NEVER)
    assert "cmclient[smb]" in caught.value.hint


def test_where_the_system_opens_shares_nobody_else_does() -> None:
    with pytest.raises(SourceRefusedError) as caught:
        Shares(None, opens_shares=True).list_files(r"\\server\share", NEVER)
    assert "cmclient[smb]" not in caught.value.hint
