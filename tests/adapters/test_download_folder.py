"""The folder that a download fills: parts, journal, lock, names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cmclient.adapters.files import LocalFiles
from cmclient.errors import DiskFullError, TargetBusyError, TargetError
from cmclient.model.download import PartOrigin, RelativeName

NAME = RelativeName("sub/file.bin")
ORIGIN = PartOrigin("http://dp/x", 10, '"tag"', "yesterday")
JOB = "ABC00001.1"


def fill(folder: Path, data: bytes, *, job: str = JOB, name: RelativeName = NAME) -> None:
    """Begin a file and leave it as a process does that ends."""
    with LocalFiles().open_target(str(folder), job) as target:
        part = target.open_part(name)
        part.begin(ORIGIN)
        part.write(memoryview(data))
        part.close()


def test_file__has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    with LocalFiles().open_target(str(tmp_path / "new"), JOB) as target:
        part = target.open_part(NAME)
        part.begin(ORIGIN)
        part.write(memoryview(b"12345"))
        assert not (tmp_path / "new" / NAME).exists()
        part.finish("00" * 32)
        part.close()
        assert (tmp_path / "new" / NAME).read_bytes() == b"12345"
        assert target.find_finished(NAME) == (5, "00" * 32)
        target.complete()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["sub"]


def test_part__goes_on_in_the_next_run_with_where_it_came_from(tmp_path: Path) -> None:
    fill(tmp_path, b"12345")
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert target.part_length(NAME) == 5
        part = target.open_part(NAME)
        assert (part.length, part.origin) == (5, ORIGIN)
        part.go_on(ORIGIN._replace(address="http://other/x"))
        part.write(memoryview(b"67"))
        buffer = memoryview(bytearray(4))
        assert b"".join(bytes(buffer[:size]) for size in part.read_back(buffer)) == b"1234567"
        part.close()
        assert target.open_part(NAME).origin == ORIGIN._replace(address="http://other/x")


def test_part__of_another_job_is_thrown_away(tmp_path: Path) -> None:
    fill(tmp_path, b"12345")
    with LocalFiles().open_target(str(tmp_path), "ABC00001.2") as target:
        assert target.part_length(NAME) == 0
        assert not list((tmp_path / ".cmclient").glob("*.part"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say when they were started")
def test_part__of_before_a_restart_of_the_machine_counts_as_far_as_it_was_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmclient.adapters.download_part._DURABLE_EVERY", 4)
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        part = target.open_part(NAME)
        part.begin(ORIGIN)
        for piece in (b"1234", b"5"):
            part.write(memoryview(piece))
        part.close()
    monkeypatch.setattr("cmclient.adapters.download_journal.find_boot", lambda: "another start")
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert target.part_length(NAME) == 4


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_journal__cut_off_anywhere_costs_at_most_what_it_said_last(tmp_path: Path, cut: int) -> None:
    fill(tmp_path, b"12345")
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        target.ban("http://bad/x", "ff")
    journal = tmp_path / ".cmclient" / "journal"
    journal.write_bytes(journal.read_bytes()[:cut])
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert target.part_length(NAME) in {0, 5}
        part = target.open_part(NAME)
        part.begin(ORIGIN)
        part.write(memoryview(b"1"))
        part.close()
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert target.part_length(NAME) == 1


def test_wrong_source__is_remembered_for_the_hash_that_was_expected(tmp_path: Path) -> None:
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        target.ban("http://bad/x", "ff")
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert target.find_banned(frozenset({"ff"})) == {"http://bad/x"}
        assert target.find_banned(frozenset({"00"})) == frozenset()


@pytest.mark.parametrize("is_of_use", [False, True])
def test_run_in_which_nothing_came__leaves_nothing_behind(tmp_path: Path, *, is_of_use: bool) -> None:
    target = LocalFiles().open_target(str(tmp_path), JOB)
    with target:
        part = target.open_part(NAME)
        if is_of_use:
            part.begin(ORIGIN)
            part.write(memoryview(b"1"))
        part.close()
    assert [path.name for path in tmp_path.iterdir()] == ([".cmclient"] if is_of_use else [])


def test_folder_that_another_process_takes_away_at_its_end__is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, taken = os.open, []

    def open_late(path: Path | str, *arguments: int) -> int:
        if Path(path).name == "lock" and not taken:
            taken.append(path)
            Path(path).parent.rmdir()
        return really(path, *arguments)

    monkeypatch.setattr(os, "open", open_late)
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert taken
        assert target.open_part(NAME).length == 0


def test_second_process__is_refused_and_told_which_one_works(tmp_path: Path) -> None:
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        code = (
            "import sys\nfrom cmclient.adapters.files import LocalFiles\nfrom cmclient.errors import TargetBusyError\n"
            "try:\n    LocalFiles().open_target(sys.argv[1], 'other')\n"
            "except TargetBusyError as error:\n    print(error.pid)\n"
        )
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == str(os.getpid())
        with pytest.raises(TargetBusyError):
            LocalFiles().open_target(str(tmp_path), JOB)
        assert target.open_part(NAME).length == 0
    LocalFiles().open_target(str(tmp_path), JOB).__exit__(None, None, None)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_link_out_of_the_target__is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "sub").symlink_to(outside)
    with LocalFiles().open_target(str(tmp_path / "target"), JOB) as target:
        for name in (NAME, RelativeName("sub/new/file.bin")):
            part = target.open_part(name)
            part.begin(ORIGIN)
            part.write(memoryview(b"1"))
            with pytest.raises(TargetError, match="leads out"):
                part.finish("00" * 32)
            part.close()
            with pytest.raises(TargetError, match="leads out"):
                target.find_present(name)
    assert not list(outside.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_folder_swapped_for_a_link_while_a_download_runs__is_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "target" / "sub"
    outside.mkdir()
    with LocalFiles().open_target(str(tmp_path / "target"), JOB) as target:
        for name in ("first.bin", "second.bin"):
            part = target.open_part(RelativeName(f"sub/{name}"))
            part.begin(ORIGIN)
            part.write(memoryview(b"1"))
            part.finish("00" * 32)
            if not inside.is_symlink():
                assert target.find_finished(RelativeName("sub/first.bin"))
                inside.rename(tmp_path / "away")
                inside.symlink_to(outside)
            else:
                with pytest.raises(TargetError, match="leads out"):
                    target.find_finished(RelativeName(f"sub/{name}"))
    assert not list(outside.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_link_in_place_of_our_own_folder__is_not_followed(tmp_path: Path) -> None:
    outside, target = tmp_path / "outside", tmp_path / "target"
    for folder in (outside, target):
        folder.mkdir()
    (outside / "theirs.part").write_text("precious")
    (target / ".cmclient").symlink_to(outside)
    with pytest.raises(TargetError, match="leads out of it"):
        LocalFiles().open_target(str(target), JOB)
    assert [path.name for path in outside.iterdir()] == ["theirs.part"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there, and there are no pipes in folders")
@pytest.mark.parametrize("name", ["journal", "lock"])
@pytest.mark.parametrize("kind", ["link", "link to nothing", "pipe"])
def test_other_things_in_place_of_our_own_files__are_not_written_through(tmp_path: Path, name: str, kind: str) -> None:
    victim, place = tmp_path / "victim", tmp_path / "target" / ".cmclient" / name
    place.parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(victim if kind == "link" else tmp_path / "nowhere")
    victim.write_text("precious")
    with pytest.raises(TargetError, match="cannot be written"):
        LocalFiles().open_target(str(tmp_path / "target"), JOB)
    assert victim.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_link_in_place_of_the_file__is_replaced_and_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    target_folder = tmp_path / "target"
    (target_folder / "sub").mkdir(parents=True)
    (target_folder / NAME).symlink_to(victim)
    with LocalFiles().open_target(str(target_folder), JOB) as target:
        assert target.find_present(NAME) is None
        part = target.open_part(NAME)
        part.begin(ORIGIN)
        part.write(memoryview(b"theirs"))
        part.finish("00" * 32)
    assert victim.read_bytes() == b"mine"
    assert (target_folder / NAME).read_bytes() == b"theirs"


def test_finished_file__that_was_changed_or_deleted_since_counts_no_more(tmp_path: Path) -> None:
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        part = target.open_part(NAME)
        part.begin(ORIGIN)
        part.write(memoryview(b"12345"))
        part.finish("00" * 32)
        part.close()
        (tmp_path / NAME).write_bytes(b"1")
        assert target.find_finished(NAME) is None


def test_target__that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TargetError):
        LocalFiles().open_target(str(tmp_path / "file"), JOB)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_full_disk__is_said_to_be_one(tmp_path: Path) -> None:
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        part = target.open_part(NAME)
        part.begin(ORIGIN)
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, part._file)  # type: ignore[attr-defined]
        os.close(full)
        with pytest.raises(DiskFullError) as caught:
            part.write(memoryview(b"1"))
        assert "free some space" in caught.value.hint
        part.close()
