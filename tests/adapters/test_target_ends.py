"""How a target is let go of when something goes wrong at the end, or after it."""

import os
from pathlib import Path

import pytest

from cmclient.adapters.download_journal import DownloadJournal
from cmclient.adapters.files import DownloadFolder, LocalFiles
from cmclient.errors import CancelledError, ContentNotObtainedError, TargetError
from cmclient.model.download import DownloadReport, PartOrigin, RelativeName

JOB = "ABC00001.1"
FIRST, STUCK = RelativeName("first"), RelativeName("taken/stuck")


def finish(target: DownloadFolder, name: RelativeName) -> None:
    part = target.open_part(name)
    part.begin(PartOrigin("http://dp/x", 5))
    part.write(memoryview(b"12345"))
    part.finish("00" * 32)
    part.close()


def end_with(folder: Path, error: BaseException | None) -> None:
    """Let go of a folder in which a whole file waits whose name cannot be made."""
    with LocalFiles().open_target(str(folder), JOB) as target:
        finish(target, FIRST)  # is settled at once, and the next one is not
        (folder / "taken").write_text("a file, where a folder is wanted")
        finish(target, STUCK)
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CancelledError("enough")], ids=["ctrl-c", "cancelled"])
def test_whoever_ended_it__is_told_so_and_what_is_whole_is_kept(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)) as raised:
        end_with(tmp_path, error)
    assert raised.value is error
    (tmp_path / "taken").unlink()
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert target.part_length(STUCK) == 5


@pytest.mark.parametrize(
    "error",
    [None, ContentNotObtainedError("no", report=DownloadReport(JOB, "/x", (), None, 0, 0, (), 0.0))],
    ids=["all-well", "not-obtained"],
)
def test_a_file_that_cannot_be_placed__is_told_where_nothing_ended_it(tmp_path: Path, error: Exception | None) -> None:
    with pytest.raises(TargetError, match="cannot be written"):
        end_with(tmp_path, error)


def test_a_note_after_the_end__goes_to_no_other_file(tmp_path: Path) -> None:
    journal = DownloadJournal(tmp_path / "journal", JOB)
    journal.close()
    other = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)  # gets the number that the journal had
    try:
        with pytest.raises(OSError, match="Bad file descriptor"):
            journal.note_banned("http://dp/x", "00")
    finally:
        os.close(other)
    assert (tmp_path / "other").read_bytes() == b""
