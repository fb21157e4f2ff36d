"""The example programs do what their page says: each is run as a process against the lab."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmclient.lab import Lab

EXAMPLES = Path(__file__).parent.parent.parent / "docs" / "examples"
CONTENT, SIZE = "P0100003", 1048576


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    yield running
    for role in ("mp", "dp"):
        running.set_fault(role, None, None)


@pytest.fixture
def environment(lab: Lab, tmp_path: Path) -> dict[str, str]:
    settings = tmp_path / "lab.toml"
    settings.write_text(lab.settings_text(), encoding="utf-8")
    return os.environ | {"CMCLIENT_CONFIG": str(settings), "CMCLIENT_STORE": str(tmp_path / "store.sqlite3")}


def run(environment: dict[str, str], *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env=environment, timeout=120, cwd=cwd
    )


def provision(environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return run(environment, str(EXAMPLES / "provision.py"), str(folder), "--minutes", "0.2")


def test_provision__fetches_the_client_and_ends_with_0(environment: dict[str, str], tmp_path: Path) -> None:
    done = provision(environment, tmp_path / "client")
    assert (done.returncode, done.stderr) == (0, "")
    assert "of site P01" in done.stdout
    assert (tmp_path / "client" / "x64" / "client.msi").exists()


def test_provision__nobody_answers__reports_and_asks_for_another_try(
    lab: Lab, environment: dict[str, str], tmp_path: Path
) -> None:
    lab.set_fault("mp", None, "refuse")
    before = len(lab.states)
    done = provision(environment, tmp_path / "client")
    assert done.returncode == 75, done.stderr
    assert done.stderr.startswith("no-reachable-management-point: ")
    assert len(lab.states) > before
    assert "told the fallback status point: " in done.stdout


def test_provision__a_setting_is_wrong__ends_with_2(environment: dict[str, str], tmp_path: Path) -> None:
    done = provision(environment | {"CMCLIENT_SITE_CODE": "much too long"}, tmp_path / "client")
    assert (done.returncode, done.stdout) == (2, "")
    assert "CMCLIENT_SITE_CODE" in done.stderr


def test_provision__the_folder_cannot_be_used__somebody_has_to_look(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "client").touch()
    assert provision(environment, tmp_path / "client").returncode == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send to one process")
def test_keeper__keeps_content_hears_of_the_lease_and_ends_on_a_signal(
    environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, str(EXAMPLES / "keeper.py"), str(tmp_path / "kept"), CONTENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603
        assert process.stdout is not None
        seen = ""
        while not ("located " in seen and f"{CONTENT} whole: 3 files, {SIZE} bytes fetched" in seen):
            line = process.stdout.readline()
            assert line, seen
            seen += line
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    assert rest.splitlines()[-1] == "ended"
    assert process.returncode == 0
    assert sum(path.stat().st_size for path in (tmp_path / "kept" / CONTENT).rglob("*") if path.is_file()) == SIZE


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send to one process")
def test_keeper__a_download_that_hangs__ends_on_a_signal_all_the_same(
    lab: Lab, environment: dict[str, str], tmp_path: Path
) -> None:
    lab.set_fault("dp", None, "stall")
    command = [sys.executable, str(EXAMPLES / "keeper.py"), str(tmp_path / "kept"), CONTENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603
        assert process.stdout is not None
        while "located " not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    assert rest.splitlines()[-1] == "ended"
    assert "whole" not in rest


def test_own_suite__passes_where_it_stands_alone(environment: dict[str, str], tmp_path: Path) -> None:
    suite = shutil.copytree(EXAMPLES / "own_suite", tmp_path / "suite")
    plain = {name: value for name, value in environment.items() if not name.startswith("CMCLIENT_")}
    done = run(plain, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(suite), ".", cwd=suite)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_page__shows_every_program() -> None:
    page = (EXAMPLES.parent / "examples.md").read_text(encoding="utf-8")
    for path in EXAMPLES.rglob("*.py"):
        assert f"{{literalinclude}} {path.relative_to(EXAMPLES.parent).as_posix()}\n" in page
