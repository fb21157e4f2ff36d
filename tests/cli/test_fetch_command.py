"""``cmclient fetch`` as a person runs it: a process of its own, which may be killed, interrupted or run twice."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from contentserver import ContentServer
from ourcommand import run_command, start_command

FILES = {"readme.txt": 1000, "x64/setup.msi": 3_000_000, "x64/data.cab": 9_000_000, "empty": 0}
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cmclient", "fetch", *arguments]


def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    return run_command("fetch", *arguments, code=code, seconds=120)


def from_server(server: ContentServer, folder: Path, *more: str) -> list[str]:
    return ["ABC00001", str(folder), "--from", server.url, *more]


def on_disk(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and ".cmclient" not in path.parts
    }


def whole(server: ContentServer, files: dict[str, int] = FILES) -> dict[str, str]:
    return {name: hashlib.sha256(server.data(name)).hexdigest() for name in files}


def size_of(path: Path) -> int:
    """Bytes of a file; 0 when it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def safe_bytes(folder: Path, files: dict[str, int]) -> dict[str, int]:
    """How much of each file is there."""
    found = {}
    for name in files:
        part = folder / ".cmclient" / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.part"
        found[name] = size_of(part) or size_of(folder / name)  # it may get its name between the two looks
    return found


def wait_for_bytes(folder: Path, files: dict[str, int], least: int) -> None:
    """Wait until so many bytes are there."""
    end = time.monotonic() + 30
    while sum(safe_bytes(folder, files).values()) < least:
        assert time.monotonic() < end, "nothing comes"
        os.sched_yield()


def test_lab__content_of_the_site_is_put_into_a_folder(tmp_path: Path) -> None:
    done = run("P0100003", str(tmp_path / "new" / "folder"), "--lab")
    assert "3 files with 1.0 MB" in done.stdout
    assert "http://dp1.corp.contoso.test" in done.stdout
    assert sorted(on_disk(tmp_path / "new" / "folder")) == ["program/data1.cab", "program/setup.exe", "readme.txt"]
    assert done.stderr == ""


def test_options_between_id_and_folder__change_nothing(tmp_path: Path) -> None:
    run("P0100003", "--version", "1", str(tmp_path), "--lab", "--set", "content_hosts=1")
    assert len(on_disk(tmp_path)) == 3


def test_lab__content_that_is_nowhere_is_exit_code_7(tmp_path: Path) -> None:
    done = run("P0109999", str(tmp_path), "--lab", code=7)  # without --no-wait: no time brings it
    assert "P0109999.1 was not obtained" in done.stderr
    assert "no site knows P0109999 version 1" in done.stderr
    assert "what next: compare id and version" in done.stderr
    assert done.stdout.startswith("P0109999.1: nothing came into ")
    assert list(tmp_path.iterdir()) == []


def test_lab__content_without_a_source_is_waited_for_and_the_end_says_why_there_is_none(tmp_path: Path) -> None:
    nowhere = ("P0100001", str(tmp_path), "--version", "3", "--lab", "--address", "127.99.0.1/24")
    done = run(*nowhere, "--deadline", "3", code=7)
    assert "its time is over" in done.stderr
    assert "the client is in no boundary group" in done.stderr


def test_lab__a_task_sequence_goes_to_a_neighbour_at_once_where_its_deployment_allows_it(tmp_path: Path) -> None:
    in_branch = ("P0100002", str(tmp_path), "--lab", "--order", "task-sequence", "--address", "127.45.20.77/24")
    assert "CL-040" in run(*in_branch, code=7).stderr
    done = run(*in_branch, "--allow", "remote-dp")
    assert "http://dp1.corp.contoso.test" in done.stdout


@pytest.mark.rule("CL-039")
def test_lab__an_application_of_a_task_sequence_is_waited_for_like_any_other(tmp_path: Path) -> None:
    application = ("Content_0d90cc80-19c6-465c-936d-ac74a23b9c46", str(tmp_path))
    assert "https://dp2.corp.contoso.test" in run(*application, "--lab", "--order", "task-sequence").stdout


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("is_told", [True, False])
def test_lab__no_management_point_is_what_locate_says_and_reports(tmp_path: Path, form: str, *, is_told: bool) -> None:
    more = () if is_told else ("--no-report",)
    fault = ("--lab", "--lab-fault", "mp=refuse", "--format", form)
    done = run("P0100003", str(tmp_path / "new"), *fault, *more, code=5)
    assert not (tmp_path / "new").exists()
    if form == "json":
        reports, result = (json.loads(line) for line in done.stdout.splitlines()[-2:])
        assert (reports["event"], result["event"], result["complete"]) == ("reports", "result", False)
        assert result["error"]["code"] == "no-reachable-management-point"
        assert {one["code"] for one in result["attempts"]} == {"connect"}
        assert [one["state"] for one in reports["sent"]] == ([2] if is_told else [])
        return
    assert "no eligible management point answered" in done.stdout
    assert "Connection refused" in done.stdout
    assert ("Reported to http://fsp1.corp.contoso.test" in done.stdout) is is_told


def test_json__is_a_line_an_event_and_the_result_last(tmp_path: Path) -> None:
    with ContentServer(FILES) as server:
        lines: list[dict[str, Any]] = [
            json.loads(line) for line in run(*from_server(server, tmp_path), "--format", "json").stdout.splitlines()
        ]
        assert on_disk(tmp_path) == whole(server)
    assert [line["event"] for line in lines[:2]] == ["source", "listed"]
    assert sum(line["event"] == "file" for line in lines) == len(FILES)
    result = lines[-1]
    assert (result["schema"], result["event"], result["complete"]) == ("cmclient.download/1", "result", True)
    assert {file["name"]: file["sha256"] for file in result["files"]} == on_disk(tmp_path)


def test_second_run__fetches_again_only_what_cannot_be_proven(tmp_path: Path) -> None:
    with ContentServer(FILES) as server:
        run(*from_server(server, tmp_path))
        run(*from_server(server, tmp_path))
        assert on_disk(tmp_path) == whole(server)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["AB C", "x"], "content id"),
        (["ABC00001", "x", "--version", "-1"], "--version -1"),
        (["ABC00001", "x", "--from", "ftp://dp/x"], "http://"),
        (["ABC00001", "x", "--from", "http:///x"], "host name"),
    ],
)
def test_wrong_argument__is_exit_code_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    arguments = [str(tmp_path / "x") if one == "x" else one for one in arguments]
    assert words in run(*arguments, code=2).stderr
    assert not (tmp_path / "x").exists()


def test_folder_that_is_a_file__is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with ContentServer(FILES) as server:
        done = run(*from_server(server, tmp_path / "file"), code=1)
    assert "cannot be written" in done.stderr
    assert "what next" in done.stderr


@posix
def test_interrupt__is_exit_code_130_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with ContentServer(FILES) as server:
        child = start_command("fetch", *from_server(server, tmp_path, "--set", "content_rate=1500000"))
        wait_for_bytes(tmp_path, FILES, 500_000)
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=30)
        assert child.returncode == 130
        assert told.splitlines() == ["what has come is kept: run it again to go on", "interrupted"]
        before = safe_bytes(tmp_path, FILES)
        server.asked.clear()
        run(*from_server(server, tmp_path))
        assert on_disk(tmp_path) == whole(server)
        assert all(offset >= before[name] for name, offset in server.asked)


@posix
@pytest.mark.slow
def test_second_process_on_one_folder__is_refused_and_the_first_one_goes_on(tmp_path: Path) -> None:
    with ContentServer(FILES) as server:
        slow = command(*from_server(server, tmp_path, "--set", "content_rate=4000000"))
        child = subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
        wait_for_bytes(tmp_path, FILES, 500_000)
        child.send_signal(signal.SIGSTOP)  # however slow the second one is
        try:
            done = run(*from_server(server, tmp_path), code=1)
        finally:
            child.send_signal(signal.SIGCONT)
        assert f"another download (process {child.pid}) works in" in done.stderr
        assert child.communicate(timeout=60)[1] == ""
        assert child.returncode == 0
        assert on_disk(tmp_path) == whole(server)


@posix
@pytest.mark.slow
def test_killed_fifty_times__it_completes_and_no_safe_byte_comes_twice(tmp_path: Path) -> None:
    files = {f"d{number % 3}/file{number}": 400_000 * number for number in range(1, 14)}
    chance = random.Random(9)  # noqa: S311 - moments to kill
    kills, again = 0, 0
    with ContentServer(files) as server:
        arguments = from_server(server, tmp_path)
        for _ in range(50):
            before = safe_bytes(tmp_path, files)
            server.asked.clear()
            slow = command(*arguments, "--set", "content_rate=300000")
            child = subprocess.Popen(slow, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603
            try:
                child.wait(chance.uniform(0.4, 1.0))
            except subprocess.TimeoutExpired:
                child.kill()
                kills += 1
            child.communicate()
            if child.returncode == 0:
                break
            names = [path for path in tmp_path.rglob("*") if path.is_file() and ".cmclient" not in path.parts]
            for path in names:  # nothing half-written under its final name
                name = path.relative_to(tmp_path).as_posix()
                assert path.stat().st_size == files[name]
            again += sum(offset < before[name] for name, offset in server.asked)
        else:
            server.asked.clear()
            before = safe_bytes(tmp_path, files)
            run(*arguments)
            again += sum(offset < before[name] for name, offset in server.asked)
        assert on_disk(tmp_path) == whole(server, files)
    assert kills >= 40
    assert again == 0


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root"
)
def test_full_disk__is_said_before_a_byte_comes_and_when_it_fills_up_meanwhile(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=True)  # noqa: S603
    try:
        with ContentServer({"big": 40_000_000}) as server:
            done = run(*from_server(server, disk / "a"), code=1)
            assert "40,000,000 bytes are still to come" in done.stderr
            assert server.asked == []
        files = {"part": 7_000_000}
        with ContentServer(files) as server:
            slow = command(*from_server(server, disk / "b", "--set", "content_rate=3000000"))
            child = subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
            wait_for_bytes(disk / "b", files, 500_000)
            child.send_signal(signal.SIGSTOP)
            try:
                with (disk / "other").open("wb") as other:
                    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
                    other.write(bytes(free - 1_000_000))
            finally:
                child.send_signal(signal.SIGCONT)
                _, told = child.communicate(timeout=60)
            assert child.returncode == 1
            assert "there is no more space" in told
            assert on_disk(disk / "b") == {}
            before = safe_bytes(disk / "b", files)
            assert before["part"] > 500_000
            (disk / "other").unlink()
            server.asked.clear()
            run(*from_server(server, disk / "b"))
            assert server.asked == [("part", before["part"])]
            assert on_disk(disk / "b") == whole(server, files)
    finally:
        subprocess.run(["/usr/bin/umount", str(disk)], check=True)  # noqa: S603
