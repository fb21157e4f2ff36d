"""Whole files on their way to their names: synced first, noted next, renamed last, whatever ends it in between."""

import errno
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import pytest

from cmclient.adapters import durability
from cmclient.adapters.files import DownloadFolder, LocalFiles
from cmclient.adapters.settling import Settler, WholeFile
from cmclient.errors import TargetError
from cmclient.model.download import PartOrigin, RelativeName

JOB = "ABC00001.1"
NAMES = [RelativeName(f"sub/{number}") for number in range(12)]
MIB = 1024 * 1024


class Watch:
    """The time, by hand: on a busy machine a second is over soon."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr("cmclient.adapters.settling.monotonic", made)
    return made


def whole(size: int = 1) -> WholeFile:
    return WholeFile(NAMES[0], "part", size, "00" * 32, is_synced=True)


def batches_of(watch: Watch, *files: tuple[float, int]) -> list[int]:
    """How many files are placed together, of files that are added after so many seconds, of such a size."""
    placed: list[int] = []
    settler = Settler("staging", lambda _batch: None, lambda batch: placed.append(len(batch)))
    for seconds, size in files:
        watch.now += seconds
        settler.add(whole(size))
    return placed


def test_settler__takes_the_first_at_once_then_many_or_much_or_what_has_waited_a_second(watch: Watch) -> None:
    assert batches_of(watch, *[(0, 1)] * 512) == [1]
    assert batches_of(watch, *[(0, 1)] * (1 + 512 + 512)) == [1, 512, 512]
    assert batches_of(watch, *[(0, 32 * MIB)] * (1 + 2 + 2 + 1)) == [1, 2, 2]
    assert batches_of(watch, (0, 1), (0.5, 1), (0.25, 1), (0.25, 1), (0.75, 1)) == [1, 3]


def test_settler__that_is_at_work_keeps_nobody_waiting_until_it_is_far_behind() -> None:
    at_work, may_end, placed = Event(), Event(), []

    def place(batch: Sequence[WholeFile]) -> None:
        at_work.set()
        assert may_end.wait(30)
        placed.append(len(batch))

    settler = Settler("staging", lambda _batch: None, place)
    first = Thread(target=settler.add, args=(whole(),))
    first.start()
    assert at_work.wait(30)
    settler.add(whole(255 * MIB))  # comes back
    last = Thread(target=settler.add, args=(whole(MIB),))
    last.start()
    last.join(0.2)
    assert last.is_alive()
    may_end.set()
    first.join(30)
    last.join(30)
    assert placed == [1, 2]


def finish(target: DownloadFolder, name: RelativeName, data: bytes = b"12345") -> None:
    part = target.open_part(name)
    part.begin(PartOrigin("http://dp/x", len(data)))
    part.write(memoryview(data))
    part.finish("00" * 32)
    part.close()


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.glob("sub/*")}


def test_files__that_wait_have_their_names_when_the_target_is_let_go_of(tmp_path: Path) -> None:
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        for name in NAMES:
            finish(target, name)
        assert len(names_in(tmp_path)) < len(NAMES)  # they are synced together
    assert names_in(tmp_path) == set(NAMES)
    assert not list((tmp_path / ".cmclient").glob("*.part"))


def test_file__that_is_asked_for_has_its_name_at_once(tmp_path: Path) -> None:
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        for name in NAMES:
            finish(target, name)
        assert [target.find_finished(name) for name in NAMES] == [(5, "00" * 32)] * len(NAMES)


def test_process__that_ends_before_the_names_leaves_whole_parts(tmp_path: Path) -> None:
    with LocalFiles().open_target(str(tmp_path / "one"), JOB) as target:
        for name in NAMES:
            finish(target, name)
        shutil.copytree(tmp_path / "one", tmp_path / "two")  # what a process that ends now leaves
    assert 0 < len(names_in(tmp_path / "two")) < len(NAMES)
    with LocalFiles().open_target(str(tmp_path / "two"), JOB) as target:
        for name in NAMES:
            if target.find_finished(name) is None:
                assert target.part_length(name) == 5
                part = target.open_part(name)
                assert (part.length, part.origin) == (5, PartOrigin("http://dp/x", 5))
                part.close()


def test_process__that_ends_between_note_and_name_does_not_take_an_older_file_for_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = NAMES[0]
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"older")

    def refuse(old: str, new: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        monkeypatch.setattr("cmclient.adapters.files.os.replace", refuse)
        with pytest.raises(TargetError):
            finish(target, name, b"newer")
    monkeypatch.undo()
    monkeypatch.setattr("cmclient.adapters.download_journal.find_boot", lambda: "another start")
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert target.find_finished(name) is None
        assert target.part_length(name) == 5  # it had reached the disk
        finish(target, name, b"newer")
    assert (tmp_path / name).read_bytes() == b"newer"


def test_file__that_cannot_be_synced_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: str, paths: Sequence[str]) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("cmclient.adapters.settling.sync_files", refuse)
    with LocalFiles().open_target(str(tmp_path), JOB) as target, pytest.raises(TargetError):
        finish(target, NAMES[0])
    assert names_in(tmp_path) == set()
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        assert target.find_finished(NAMES[0]) is None


def test_files__are_synced_noted_and_renamed_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    with LocalFiles().open_target(str(tmp_path), JOB) as target:
        finish(target, NAMES[0])
        for name in NAMES[1:]:
            finish(target, name)

        def sync(folder: str, paths: Sequence[str]) -> None:
            noted = (tmp_path / ".cmclient" / "journal").read_text().count('"finished"')
            seen.append(f"{len(paths)} synced, {noted} noted, {len(names_in(tmp_path))} named")

        replace = os.replace

        def rename(old: str, new: str) -> None:
            seen.append((tmp_path / ".cmclient" / "journal").read_text().count('"finished"'))  # type: ignore[arg-type]
            replace(old, new)

        monkeypatch.setattr("cmclient.adapters.settling.sync_files", sync)
        monkeypatch.setattr("cmclient.adapters.files.os.replace", rename)
    assert seen == ["11 synced, 1 noted, 1 named", *[12] * 11]


@pytest.mark.parametrize(("count", "together"), [(3, False), (4, True)])
def test_sync__of_many_files_is_one_call_where_the_system_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, *, together: bool
) -> None:
    one_by_one: list[int] = []
    at_once: list[int] = []
    monkeypatch.setattr(durability, "_find_syncfs", lambda: at_once.append)
    monkeypatch.setattr("cmclient.adapters.durability.os.fsync", one_by_one.append)
    paths = [str(tmp_path / str(number)) for number in range(count)]
    for path in paths:
        Path(path).write_bytes(b"1")
    durability.sync_files(str(tmp_path), paths)
    assert (len(at_once), len(one_by_one)) == ((1, 0) if together else (0, count))


def test_sync__works_one_by_one_where_the_system_has_no_other_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(durability, "_find_syncfs", lambda: None)
    monkeypatch.setattr("cmclient.adapters.durability.os.fsync", synced.append)
    (tmp_path / "a").write_bytes(b"1")
    durability.sync_files(str(tmp_path), [str(tmp_path / "a")] * 9)
    assert len(synced) == 9


@pytest.mark.parametrize(("release", "tells_errors"), [("5.7.19-x", False), ("5.8.0", True), ("6.1.0-9", True)])
def test_sync__at_once_is_left_where_the_system_does_not_tell_of_errors(
    monkeypatch: pytest.MonkeyPatch, release: str, *, tells_errors: bool
) -> None:
    monkeypatch.setattr("cmclient.adapters.durability.platform.system", lambda: "Linux")
    monkeypatch.setattr("cmclient.adapters.durability.platform.release", lambda: release)
    found = durability._find_syncfs.__wrapped__()
    assert found is None if not tells_errors else found is not None or sys.platform != "linux"


@pytest.mark.skipif(os.uname().sysname != "Linux" if hasattr(os, "uname") else True, reason="only Linux has the call")
def test_sync__at_once_tells_when_the_system_refuses() -> None:
    call = durability._find_syncfs()
    if call is None:
        pytest.skip("this Linux is too old, or its C library is another one")
    with pytest.raises(OSError, match="Bad file descriptor"):
        call(-1)
