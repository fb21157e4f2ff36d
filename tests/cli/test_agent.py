"""``agent`` as a person or a service manager runs it: a process of its own against a lab on real sockets."""

import argparse
import configparser
import json
import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ourcommand import run_command, start_command

from cmclient.adapters.store import SqliteStore
from cmclient.cli.agent import configure
from cmclient.config import load_config
from cmclient.errands import agent_settings
from cmclient.lab import Lab

UNIT = Path(__file__).parent.parent.parent / "docs" / "cmclient-agent.service"
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
pytestmark = POSIX
PATIENCE = 30.0  # seconds; a slow machine is no failure


def run(*arguments: str, code: int | None = 0) -> str:
    done = run_command(*arguments, code=code, seconds=PATIENCE * 2)
    return done.stdout + done.stderr if code else done.stdout


class Running:
    """An agent that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip()

    def log_until(self, text: str) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if text in line:
                return
        raise AssertionError(f"it never said {text!r}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and how long it took to end."""
        began = time.monotonic()
        self.process.send_signal(number)
        _, told = self.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in told, told
        return self.process.returncode, time.monotonic() - began


@contextmanager
def agent(*arguments: str, environ: dict[str, str] | None = None) -> Iterator[Running]:
    with start_command("agent", *arguments, **(environ or {})) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "store.sqlite3")


def status_of(store: str, code: int = 0) -> dict[str, Any]:
    shown = run("agent", "status", "--store", store, "--format", "json", code=code)
    document: dict[str, Any] = json.loads(shown)
    assert document["schema"] == "cmclient.agent-status/1"
    return document


def settled(store: str) -> dict[str, Any]:
    """The status once nothing is under way."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        status = status_of(store, code=0)
        if status["doing"] is None and status["upcoming"] is not None:
            return status
    raise AssertionError("it never came to rest")


def test_located__said_kept_and_told_by_status(store: str) -> None:
    with agent("--lab", "--store", store) as running:
        line = running.line()
        assert " located http" in line
        endpoint = line.rpartition(" ")[2]
        shown = run("agent", "status", "--store", store)
        assert f"Agent: running since 20{shown.partition('since 20')[2].splitlines()[0]}" in shown
        assert f"Management point: {endpoint} (held, since 20" in shown
        assert "failures that count: 0 of 5" in shown
        assert "Assigned site: P01" in shown
        assert "Network location: intranet" in shown
        status = settled(store)
        assert (status["running"], status["phase"], status["pid"]) == (True, "held", running.process.pid)
        assert status["upcoming"]["errand"] in {"probe", "locate"}
        assert status["upcoming"]["at"] > status["started"]
        assert running.end()[0] == 0
    assert "Agent: not running; it ended at 20" in run("agent", "status", "--store", store, code=1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop__ends_within_a_second(number: signal.Signals, store: str) -> None:
    with agent("--lab", "--store", store) as running:
        running.line()
        settled(store)
        code, seconds = running.end(number)
    assert code == 0
    assert seconds < 1.0
    assert status_of(store, code=1)["stopped"] is True


@pytest.mark.parametrize(
    "fault", ["mp=silent", *(pytest.param(f"{role}=silent", marks=pytest.mark.slow) for role in ("ad", "dns"))]
)
def test_told_to_stop__in_the_middle_of_a_location_request_ends_within_a_second(
    fault: str, store: str, tmp_path: Path
) -> None:
    (tmp_path / "tmp").mkdir()
    arguments = ("--lab", "--lab-fault", fault, "--store", store, "--log-level", "info")
    with agent(*arguments, environ={"TMPDIR": str(tmp_path / "tmp")}) as running:
        running.log_until("asking https" if fault == "mp=silent" else "locate begins")
        assert status_of(store, code=1)["doing"] == "locate"
        code, seconds = running.end()
    assert code == 0
    assert seconds < 1.0
    assert list((tmp_path / "tmp").iterdir()) == [], "the lab keeps its keys there while it runs"


def test_second_agent__is_refused_and_told_who_the_first_is(store: str) -> None:
    with agent("--lab", "--store", store) as running:
        running.line()
        for once in ((), ("--once",)):
            shown = run("agent", "--lab", "--store", store, *once, code=1)
            assert f"another agent (process {running.process.pid}) works with the store {store}" in shown
        assert running.end()[0] == 0
    run("agent", "--lab", "--store", store, "--once")


@pytest.mark.slow
def test_once__exit_codes_are_those_of_locate(store: str, tmp_path: Path) -> None:
    shown = run("agent", "--lab", "--once", "--store", store)
    assert "located http" in shown
    assert "(held, since 20" in shown
    limits = ("--set", "attempt-timeout=1", "--set", "directory-timeout=1", "--set", "dns-timeout=0.5")
    alone = ("--set", "use_gateways=false")  # else gateways are named whatever DNS says
    for fault, more, code in (("mp=refuse", (), 5), ("mp=http-403", (), 6), ("dns=servfail", alone, 4)):
        other = str(tmp_path / f"{code}.sqlite3")
        run("agent", "--lab", "--lab-fault", fault, *limits, *more, "--once", "--store", other, code=code)
        assert status_of(other, code=1)["phase"] == "given-up"


def test_json__a_line_for_each_event_and_the_status_last(store: str) -> None:
    lines = [
        json.loads(line) for line in run("agent", "--lab", "--once", "--store", store, "--format", "json").splitlines()
    ]
    assert [line.get("event") for line in lines] == ["located", None]
    assert lines[0]["endpoint"].startswith("http")
    assert (lines[1]["schema"], lines[1]["phase"]) == ("cmclient.agent-status/1", "held")


def test_status__of_a_store_without_an_agent(store: str) -> None:
    assert "none has run with this store" in run("agent", "status", "--store", store, code=1)
    assert status_of(store, code=1)["endpoint"] is None
    assert not Path(store).parent.exists(), "looking leaves nothing"
    assert "leave out --lab" in run("agent", "status", "--lab", code=2)


@pytest.mark.parametrize("option", ["--facts", "--facts-from", "--ad-site", "--address", "--client-kind"])
def test_facts_by_hand__are_refused_in_words(option: str, store: str) -> None:
    for action in ("--once", "status"):
        said = run("agent", action, option, "mac", "--store", store, code=2)
        assert f"takes no facts of another one: {option}\n" in said
        assert "'cmclient locate' takes them" in said
    shown = run("agent", "--help")
    assert f" {option} " not in shown.partition("positional arguments:")[2]
    assert "It takes no facts by hand (--facts," in shown
    assert not Path(store).parent.exists()


def test_what_if__leaves_nothing_behind(store: str) -> None:
    run("agent", "--lab", "--once", "--store", store, "--set", "network-location=intranet")
    assert not Path(store).parent.exists()


@pytest.fixture
def lab_settings(tmp_path: Path) -> Iterator[Path]:
    """The settings file of a lab that runs in a process of its own."""
    path = tmp_path / "lab.toml"
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "cmclient", "lab", "serve", "--write-config", str(path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield path
        process.terminate()


def test_ended_hard__status_says_so_and_the_next_agent_goes_on_with_the_lease(lab_settings: Path, store: str) -> None:
    with agent("--config", str(lab_settings), "--store", store) as running:
        running.line()
        first = settled(store)
        running.process.kill()
        running.process.wait()
        shown = run("agent", "status", "--store", store, code=1)
        assert f"process {running.process.pid} ended without a word" in shown
    with SqliteStore(Path(store)) as kept:
        stored = kept.load_lease()
        assert stored is not None
        assert str(stored.lease.endpoint) in shown
        kept.save_lease(stored._replace(lease=stored.lease._replace(rotations=40)))  # tells it from a new one
    with agent("--config", str(lab_settings), "--store", store) as running:
        running.line()
        status = settled(store)
        with SqliteStore(Path(store)) as kept:
            stored = kept.load_lease()
    assert stored is not None
    assert stored.lease.rotations == 40, "nothing was chosen anew"
    assert (status["endpoint"], status["held_since"]) == (first["endpoint"], first["held_since"])
    assert status["started"] >= first["updated"]


@pytest.mark.slow
def test_hangup__reads_the_settings_again(lab_settings: Path, store: str) -> None:
    with agent("--config", str(lab_settings), "--store", store, "--log-level", "info") as running:
        running.log_until("located http")
        settled(store)
        running.process.send_signal(signal.SIGHUP)
        running.log_until("settings read, the same")
        lab_settings.write_text(lab_settings.read_text() + "client_build = 9106\n")
        running.process.send_signal(signal.SIGHUP)
        running.log_until("settings read, changed")
        running.log_until("located http")
        lab_settings.write_text("nonsense = 1\n")
        running.process.send_signal(signal.SIGHUP)
        running.log_until("the settings stay as they are")
        assert "nonsense" in settled(store)["last_error"]
        assert running.end()[0] == 0


@pytest.mark.slow
def test_service_manager__is_told(store: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        told: list[str] = []

        def hear_until(text: str) -> None:
            while not told or text not in told[-1]:
                told.append(manager.recv(4096).decode())

        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        with agent("--lab", "--store", store, environ=environ) as running:
            hear_until("READY=1")
            assert "WATCHDOG=1" not in told[:1]
            for _ in range(3):
                told.append("")
                hear_until("WATCHDOG=1")
            running.process.send_signal(signal.SIGTERM)
            hear_until("STOPPING=1")
            hear_until("stopped")
    assert any(line.startswith("STATUS=https://") and "(held); next: " in line for line in told)


@pytest.mark.slow
def test_minute_in_real_time__checks_that_are_due_and_no_other_requests(lab_settings: Path, store: str) -> None:
    arguments = ("--config", str(lab_settings), "--store", store, "--log-level", "info")
    with agent(*arguments, "--set", "agent-probe-interval=10") as running:
        running.log_until("located http")
        began = time.monotonic()
        running.log_until("probe begins")
        for _ in range(4):
            running.log_until("probe begins")
        seconds = time.monotonic() - began
        assert 40.0 <= seconds <= 60.0 + PATIENCE
        status = settled(store)
        assert (status["phase"], status["failures"]) == ("held", 0)
        used = sum(map(float, Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        assert used / os.sysconf("SC_CLK_TCK") < 5.0, "waiting costs nothing"
        code, seconds = running.end()
    assert code == 0
    assert seconds < 1.0


# --- what it reports ------------------------------------------------------------------------------------------------


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def client(lab: Lab, tmp_path: Path, store: str) -> tuple[str, ...]:
    """Options of a client of the lab."""
    path = tmp_path / "client.toml"
    path.write_text(lab.settings_text(), encoding="utf-8")
    return ("--config", str(path), "--store", store)


def states(lab: Lab) -> list[str]:
    return [str(one) for one in lab.states]


def let_wait_pass(store: str) -> None:
    """After a failed send a quarter of an hour passes at least."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE report_sending SET due = 0")


def await_states(lab: Lab, *expected: str) -> None:
    end = time.monotonic() + PATIENCE
    while states(lab) != list(expected):
        assert time.monotonic() < end, states(lab)
        lab.journal.entries()


def await_taken(store: str) -> None:
    """Until the agent knows that what it sent was taken: a send that is broken off before that is made again."""
    end = time.monotonic() + PATIENCE
    while status_of(store, code=1)["reports"]["waiting"]:
        assert time.monotonic() < end, "it still waits"


@pytest.mark.slow
@pytest.mark.rule("FS-001", "FS-050")
def test_everybody_dead__the_agent_delivers_once_when_the_fsp_returns_and_tells_of_the_return(
    lab: Lab, client: tuple[str, ...], store: str, tmp_path: Path
) -> None:
    lab.set_fault("mp", None, "refuse")
    lab.set_fault("fsp", None, "refuse")
    run("locate", *client, code=5)
    shown = run("agent", "--once", *client, code=5)
    assert "Reports that wait: 1; next try in " in shown
    assert "  last time: http://fsp1.corp.contoso.test:" in shown
    reports = status_of(store, code=1)["reports"]
    assert reports["waiting"] == 1
    assert reports["next_try_seconds"] >= 600
    assert states(lab) == []
    lab.set_fault("fsp", None, None)
    let_wait_pass(store)
    with agent(*client) as running:
        await_states(lab, "1000/2")
        await_taken(store)
        lab.set_fault("mp", None, None)
        with (tmp_path / "client.toml").open("a", encoding="utf-8") as settings:
            settings.write("client_build = 9106\n")
        running.process.send_signal(signal.SIGHUP)  # else it looks again in some ten minutes
        await_states(lab, "1000/2", "1000/1")
        assert settled(store)["reports"] == {"waiting": 0, "next_try_seconds": None}
        assert "eports" not in run("agent", "status", "--store", store)
        code, seconds = running.end()
    assert (code, states(lab)) == (0, ["1000/2", "1000/1"])
    assert seconds < 1.0
    run("agent", "--once", *client)
    run("report", "flush", *client)
    assert states(lab) == ["1000/2", "1000/1"]


@pytest.mark.slow
@pytest.mark.rule("ST-002", "MP-002")
def test_once__leaves_a_dead_one_and_tells_who_is_for_what(lab: Lab, client: tuple[str, ...], store: str) -> None:
    run("agent", "--once", *client)
    before = status_of(store, code=1)
    dead = before["endpoint"]["host"]
    assert {one["purpose"]: one["host"] for one in before["servers"]}["policy"] == dead
    lab.set_fault("mp", dead, "refuse")
    shown = run("agent", "--once", *client)
    assert f" left {before['endpoint']['scheme']}://{dead}" in shown
    after = status_of(store, code=1)
    servers = {one["purpose"]: one["host"] for one in after["servers"]}
    assert (after["phase"], after["failures"]) == ("held", 0)
    assert servers["policy"] == servers["location"] == after["endpoint"]["host"] != dead
    assert servers["registration"] == {one["purpose"]: one["host"] for one in before["servers"]}["registration"]
    assert f"Assigned management point: {servers['registration']} (registration and certain" in shown


def test_once__with_reports_left_is_8(lab: Lab, client: tuple[str, ...], store: str) -> None:
    lab.set_fault("fsp", None, "http-500")
    run("report", "send", "--topic", "800", "--state", "400", *client)
    assert "answered 500" in run("agent", "--once", *client, code=8)
    run("agent", "--once", *client, "--no-report")
    assert states(lab) == []
    lab.set_fault("fsp", None, None)
    let_wait_pass(store)
    run("agent", "--once", *client)
    assert states(lab) == ["800/400"]


@pytest.mark.slow
def test_told_to_stop__while_the_fsp_is_silent_ends_within_a_second(
    lab: Lab, client: tuple[str, ...], store: str
) -> None:
    lab.set_fault("fsp", None, "refuse")
    run("report", "send", "--topic", "800", "--state", "400", *client)
    lab.set_fault("fsp", None, "silent")
    let_wait_pass(store)
    with agent(*client, "--log-level", "info") as running:
        running.log_until("reporting state 800/400 to http://fsp1")
        code, seconds = running.end()
    assert code == 0
    assert seconds < 1.0
    reports = status_of(store, code=1)["reports"]
    assert reports == {"waiting": 1, "next_try_seconds": 0.0}, "a stop is no failure of the fallback status point"


def test_unit_file__starts_a_command_that_is_understood_and_gives_it_the_time_that_it_takes() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)  # SystemCallFilter may come twice
    unit.optionxform = str  # type: ignore[assignment,method-assign] # its names are written in their own way
    unit.read(UNIT)
    service = unit["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert program.endswith("/cmclient")
    parser = argparse.ArgumentParser(exit_on_error=False)
    configure(parser)
    parsed = parser.parse_args(arguments[1:])
    assert (arguments[0], parsed.action) == ("agent", None)
    assert Path(parsed.store).parent == Path("/var/lib") / service["StateDirectory"]
    assert service["Type"] == "notify"
    assert service["ExecReload"].endswith("kill -HUP $MAINPID")
    minutes = float(service["TimeoutStartSec"].removesuffix("min"))
    assert minutes * 60 > agent_settings(load_config()).deadline, "it is ready when it has located, or tried to"
