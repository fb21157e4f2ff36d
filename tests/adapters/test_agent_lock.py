"""One agent for a store, among real processes."""

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import cmclient.errors
from cmclient.adapters.agent_lock import AgentLock, is_agent_alive, read_process_start
from cmclient.errors import AgentRunningError, StoreError

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell when a process started")
SCRIPT = """
    import sys
    from pathlib import Path
    from cmclient.adapters.agent_lock import AgentLock

    with AgentLock(Path(sys.argv[1])):
        print("taken", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "state" / "store.sqlite3"


@contextmanager
def another(store: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock."""
    with subprocess.Popen(  # noqa: S603 - this interpreter, our script
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(store)],
        env={**os.environ, "PYTHONPATH": str(Path(cmclient.errors.__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        try:
            yield process
        finally:
            process.kill()


def test_second_agent__is_refused_and_told_who_the_first_is(store: Path) -> None:
    with another(store) as process:
        with pytest.raises(AgentRunningError) as caught, AgentLock(store):
            pass
        assert caught.value.pid == process.pid
        assert f"process {process.pid}" in caught.value.message
        assert str(store) in caught.value.message
        assert "agent status" in caught.value.hint


def test_lock__ends_with_its_process_however_that_ends(store: Path) -> None:
    with another(store) as process:
        process.kill()
        process.wait()
        with AgentLock(store):
            pass


def test_lock__is_let_go_at_the_end_of_the_block(store: Path) -> None:
    for _ in range(2):
        with AgentLock(store):
            pass


def test_lock__is_one_for_each_store(store: Path) -> None:
    with AgentLock(store), AgentLock(store.with_name("other.sqlite3")):
        pass


def test_lock__that_cannot_be_written_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be written") as caught, AgentLock(tmp_path / "file" / "store"):
        pass
    assert not isinstance(caught.value, AgentRunningError)


@LINUX
def test_process_start__tells_a_process_from_a_later_one_with_its_number(store: Path) -> None:
    mine = read_process_start(os.getpid())
    assert mine == read_process_start(os.getpid()) != ""
    with another(store) as process:
        start = read_process_start(process.pid)
        assert start not in {"", mine}
        assert is_agent_alive(store, process.pid, start)
        assert not is_agent_alive(store, os.getpid(), start), "another process has that number now"
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_agent_alive(store, process.pid, start), "it ended, and its parent has not looked yet"
        process.wait()
        assert not is_agent_alive(store, process.pid, start)


def test_where_the_system_does_not_tell__the_lock_does(store: Path) -> None:
    assert not is_agent_alive(store, 77, "")
    with another(store) as process:
        assert is_agent_alive(store, process.pid, "")
        assert not is_agent_alive(store, process.pid + 1, "")
        process.kill()
        process.wait()
        assert not is_agent_alive(store, process.pid, "")
        with AgentLock(store):  # looking did not take it
            pass


@LINUX
def test_file_that_cannot_be_locked__is_an_error_of_the_store_and_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive may know no locks."""
    fcntl = pytest.importorskip("fcntl")
    open_before = len(list(Path("/proc/self/fd").iterdir()))

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match="cannot be locked"), AgentLock(tmp_path / "store.sqlite3"):
        pass
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before
