"""What is said of reports: to whom, in which order, and nothing that is not so."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ourcommand import run_command

from cmclient.cli.reports import flush_lines, joined_lines
from cmclient.lab import Lab
from cmclient.model.decision import Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName
from cmclient.model.reports import Enqueued, FallbackStatusPoint, FlushReport, FspSource, QueuedMessage, Reporting
from cmclient.model.state import StateMessage, TopicId

POINT = FallbackStatusPoint(Endpoint(Scheme.HTTP, HostName("fsp1"), 80), FspSource.SETTINGS)
ON = Reporting(POINT, Reason("FS-007", "it is set"))
OFF = Reporting(None, Reason("", "it is switched off"))
ONE = QueuedMessage(
    7, StateMessage(800, 400, TopicId("{0D94311F-CB7B-4E73-94B1-75878081111C}"), datetime(2026, 11, 21, tzinfo=UTC))
)
LEFT = FlushReport(left=1, code="connect", problem="nobody listens", wait=1000.0)


def run(*arguments: str, code: int = 0) -> str:
    return run_command(*arguments, code=code).stdout


def document(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--format", "json", code=code))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def here(lab: Lab, tmp_path: Path) -> tuple[str, ...]:
    """Options of a client of the lab on this machine."""
    settings = tmp_path / "lab.toml"
    settings.write_text(lab.settings_text(), encoding="utf-8")
    return ("--config", str(settings), "--store", str(tmp_path / "state" / "store.sqlite3"))


# --- lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reporting", "lasts", "lines"),
    [
        (ON, True, ["1 message waits: nobody listens", "  next try in 16 min; 'cmclient report flush' tries now"]),
        (OFF, True, ["1 message waits: nobody listens"]),
        (
            ON,
            False,
            [
                "1 message was not sent: nobody listens",
                "  the queue ends with this lab; with --store FILE it stays for the next try",
            ],
        ),
    ],
)
def test_what_is_left__has_a_hint_that_works(reporting: Reporting, lasts: bool, lines: list[str]) -> None:  # noqa: FBT001
    assert list(flush_lines(LEFT, reporting, lasts=lasts)) == lines


def test_joined__is_said_with_the_number_that_it_has() -> None:
    told = list(joined_lines([Enqueued(ONE), Enqueued(ONE, joined=True), Enqueued(None)]))
    assert told == ["800/400 waits already, as number 7: they are sent as one"]


# --- commands -------------------------------------------------------------------------------------------------------


def test_send__of_what_waits_already_says_so(lab: Lab, here: tuple[str, ...]) -> None:
    lab.set_fault("fsp", None, "refuse")
    send = ("report", "send", "--topic", "800", "--state", "400", *here)
    assert "waits already" not in run(*send)
    assert run(*send).startswith("800/400 waits already, as number 1: they are sent as one\n1 message waits")


def test_lab_without_a_store__does_not_promise_that_a_message_waits(tmp_path: Path) -> None:
    send = ("report", "send", "--topic", "800", "--state", "400", "--lab", "--lab-fault", "fsp=http-500")
    told = run(*send)
    assert "1 message was not sent" in told
    assert "tries now" not in told
    kept = run(*send, "--store", str(tmp_path / "store.sqlite3"))
    assert "1 message waits" in kept
    assert "tries now" in kept


def test_locate__says_what_it_reported_after_all_that_led_there() -> None:
    told = run("locate", "--explain", "--lab", "--lab-fault", "mp=refuse", code=5)
    assert told.index("\nAttempts\n") < told.index("\ndecision") < told.index("\nReported to ")


@pytest.mark.rule("FS-001", "ST-017")
def test_locate_sup__reports_what_locate_reports_and_once(lab: Lab, here: tuple[str, ...]) -> None:
    lab.set_fault("mp", "mp1", "refuse")
    assert document("locate", "--role", "sup", *here, code=3)["reports"]["sent"] == []
    assert lab.states == (), "one management point of several failed"
    lab.set_fault("mp", None, "refuse")
    reports = document("locate", "--role", "sup", *here, code=5)["reports"]
    assert [(one["topic"], one["state"]) for one in reports["sent"]] == [(1000, 2)]
    run("locate", "--role", "sup", *here, code=5)
    run("locate", *here, code=5)
    assert [str(one) for one in lab.states] == ["1000/2"]
    lab.set_fault("mp", None, None)
    assert "1000/1" in run("locate", "--role", "sup", *here, code=3), (
        "it answered, though it knows of no such point here"
    )
    assert [str(one) for one in lab.states] == ["1000/2", "1000/1"]


@pytest.mark.parametrize(
    ("options", "reason"), [(("--address", "127.45.10.42/24"), "this only asks"), (("--no-report",), "switched off")]
)
def test_locate_sup__of_a_what_if_reports_nothing(
    options: tuple[str, ...], reason: str, lab: Lab, here: tuple[str, ...]
) -> None:
    lab.set_fault("mp", None, "refuse")
    reports = document("locate", "--role", "sup", *here, *options, code=5)["reports"]
    assert (reports["on"], reports["queued"], lab.states) == (False, [], ())
    assert reason in reports["reason"]
    assert "\n\nNothing is reported: " in run("locate", "--role", "sup", *here, *options, code=5)


@pytest.mark.parametrize("role", ["smp", "fsp"])
def test_locate__of_a_role_for_which_nobody_is_asked_reports_nothing(
    role: str, lab: Lab, here: tuple[str, ...]
) -> None:
    lab.set_fault("mp", None, "refuse")
    code = {"smp": 3, "fsp": 0}[role]
    assert document("locate", "--role", role, *here, code=code)["reports"] is None
    assert lab.states == ()


# --- a queue that cannot be used ------------------------------------------------------------------------------------


def test_newer_queue__is_told_by_every_command_and_left_alone(lab: Lab, here: tuple[str, ...], tmp_path: Path) -> None:
    lab.set_fault("fsp", None, "refuse")
    run("report", "send", "--topic", "800", "--state", "400", *here)
    lab.set_fault("fsp", None, None)
    lab.set_fault("mp", None, "refuse")
    path = tmp_path / "state" / "store.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = path.read_bytes()
    assert "Nothing was reported: the store" in run("locate", *here, code=5)
    told = run("report", "flush", *here, code=1)
    assert "written by a newer cmclient" in told
    assert "; update cmclient, or name another file for the store" in told
    for action in (("list",), ("send", "--topic", "800", "--state", "100")):
        assert run("report", *action, *here, code=1) == ""
    assert path.read_bytes() == before
    assert lab.states == ()


def test_damaged_queue__is_set_aside_and_what_comes_next_is_reported(
    lab: Lab, here: tuple[str, ...], tmp_path: Path
) -> None:
    lab.set_fault("fsp", None, "refuse")
    run("report", "send", "--topic", "800", "--state", "400", *here)
    lab.set_fault("fsp", None, None)
    path = tmp_path / "state" / "store.sqlite3"
    path.write_bytes(path.read_bytes()[:100] + b"x" * 30_000)
    assert run("report", "send", "--topic", "800", "--state", "308", *here).startswith("Reported to ")
    assert [str(one) for one in lab.states] == ["800/308"]
    assert len(list(path.parent.glob("store.sqlite3.damaged-*"))) == 1
