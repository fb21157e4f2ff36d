"""Log files on disk."""

import io
import os
from pathlib import Path

import pytest

from cmclient.adapters.logfiles import list_folder, read_log
from cmclient.errors import CmClientError, ConfigError


def test_a_file_is_read_whole_in_blocks_of_at_most_a_mebibyte(tmp_path: Path) -> None:
    data = os.urandom(2_500_000)
    (tmp_path / "a.log").write_bytes(data)
    blocks = list(read_log(str(tmp_path / "a.log")))
    assert b"".join(blocks) == data
    assert max(map(len, blocks)) <= 1024 * 1024


def test_an_empty_file_has_no_blocks(tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    assert list(read_log(str(tmp_path / "a.log"))) == []


def test_standard_input_is_read_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\xff\r\n")))
    assert list(read_log("-")) == [b"a\xff\r\n"]


@pytest.mark.parametrize("name", ["missing.log", "."])
def test_what_cannot_be_opened_is_a_mistake_of_the_command_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        list(read_log(str(tmp_path / name)))


def test_a_file_that_fails_in_the_middle_is_said_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    (tmp_path / "a.log").touch()
    monkeypatch.setattr(Path, "open", lambda *_: Broken())
    with pytest.raises(CmClientError, match="to its end: Input/output error"):
        list(read_log(str(tmp_path / "a.log")))


def test_a_folder_lists_its_files_sorted_and_nothing_below(tmp_path: Path) -> None:
    for name in ("b.log", "a.lo_"):
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    assert list_folder(str(tmp_path)) == ("a.lo_", "b.log")
    assert list_folder(str(tmp_path / "b.log")) is None
    assert list_folder(str(tmp_path / "missing")) is None


def test_a_folder_with_very_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmclient.adapters.logfiles._MOST_NAMES", 3)
    for number in range(4):
        (tmp_path / f"{number}.log").touch()
    with pytest.raises(ConfigError, match="has 4 files"):
        list_folder(str(tmp_path))
