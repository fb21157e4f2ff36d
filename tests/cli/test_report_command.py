"""``cmclient report`` and what ``locate`` reports, as a person runs them: a process of its own, and a lab beside it."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import pytest
from ourcommand import run_command

from cmclient.adapters.report_queue import SqliteReportQueue
from cmclient.adapters.sqlite_file import SqliteFile
from cmclient.adapters.store import SCHEMA
from cmclient.lab import Lab
from cmclient.model.reports import QUEUE_CAP
from cmclient.model.state import MOST_PARAMETERS, Parameter, Priority, StateMessage, TopicId

GUID = "{0D94311F-CB7B-4E73-94B1-75878081111C}"


def run(*arguments: str, code: int = 0) -> tuple[str, str]:
    done = run_command(*arguments, code=code)
    return done.stdout, done.stderr


def document(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--format", "json", code=code)[0])


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def here(lab: Lab, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Options of a client of the lab on this machine; the lab is well before and after."""
    before = len(lab.reports)
    settings = tmp_path / "lab.toml"
    settings.write_text(lab.settings_text(), encoding="utf-8")
    yield ("--config", str(settings), "--store", str(tmp_path / "state" / "store.sqlite3"))
    for role in ("mp", "fsp"):
        lab.set_fault(role, None, None)
    del lab._reports[before:]


def states(lab: Lab) -> list[str]:
    return [str(one) for one in lab.states]


# --- locate ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("FS-001")
def test_locate__with_every_mp_dead_says_what_it_reported() -> None:
    told, _ = run("locate", "--lab", "--lab-fault", "mp=refuse", code=5)
    assert "Reported to http://fsp1.corp.contoso.test:" in told
    assert "1000/2 talking to the management point fails" in told
    reports = document("locate", "--lab", "--lab-fault", "mp=refuse", code=5)["reports"]
    assert (reports["on"], reports["left"], reports["problem"]) == (True, 0, "")
    assert [(one["topic"], one["state"]) for one in reports["sent"]] == [(1000, 2)]


def test_locate__with_the_fsp_dead_too_says_that_it_waits_and_it_arrives_later(lab: Lab, here: tuple[str, ...]) -> None:
    lab.set_fault("mp", None, "refuse")
    lab.set_fault("fsp", None, "refuse")
    told, warned = run("locate", *here, code=5)
    assert "1 message waits: http://fsp1.corp.contoso.test:" in told
    assert "next try in" in told
    assert "1000/2 was not reported" in warned
    listed = document("report", "list", *here)
    assert [(one["topic"], one["state"], one["attempts"]) for one in listed["queued"]] == [(1000, 2, 1)]
    lab.set_fault("fsp", None, None)
    assert states(lab) == []
    told, _ = run("report", "flush", *here)
    assert told.startswith("Reported to http://fsp1.corp.contoso.test:")
    assert states(lab) == ["1000/2"]
    assert run("report", "flush", *here)[0] == "Nothing waits.\n"


def test_locate__reports_in_what_is_left_of_its_deadline(lab: Lab, here: tuple[str, ...]) -> None:
    lab.set_fault("mp", None, "refuse")
    lab.set_fault("fsp", None, "silent")
    began = monotonic()
    reports = document("locate", *here, "--deadline", "5", code=5)["reports"]
    assert monotonic() - began < 12, "with the 15 seconds of an attempt on top it takes longer"
    assert (reports["sent"], reports["left"]) == ([], 1)


def test_locate__when_all_is_well_says_nothing_of_reports(lab: Lab, here: tuple[str, ...]) -> None:
    told, _ = run("locate", *here)
    assert "eport" not in told
    assert states(lab) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--no-report",), "it is switched off"),
        (("--address", "127.45.10.42/24"), "this only asks what would be"),
        (("--client-kind", "mac"), "a Mac uses no fallback status point"),
        (("--set", "client-kind=mac"), "a Mac uses no fallback status point"),
    ],
)
def test_locate__says_why_it_reports_nothing(
    options: tuple[str, ...], reason: str, here: tuple[str, ...], lab: Lab
) -> None:
    lab.set_fault("mp", None, "refuse")
    code = 3 if "mac" in options[-1] else 5
    reports = document("locate", *here, *options, code=code)["reports"]
    assert reports["on"] is False
    assert reason in reports["reason"]
    assert (reports["queued"], reports["sent"], reports["left"]) == ([], [], 0)
    assert states(lab) == []


def test_locate__of_a_machine_without_an_fsp_goes_on(here: tuple[str, ...], lab: Lab, tmp_path: Path) -> None:
    settings = tmp_path / "lab.toml"
    text = settings.read_text(encoding="utf-8").replace("fsp =", "# fsp =")
    settings.write_text(text.replace("fallback_gateways =", "# fallback_gateways ="), encoding="utf-8")
    lab.set_fault("mp", None, "refuse")
    told, _ = run("locate", *here, code=5)
    assert "Nothing is reported: no fallback status point is known (FS-009)" in told


def test_locate__with_a_queue_that_cannot_be_used_says_so_and_goes_on(here: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    told, _ = run("locate", *here)
    assert told.startswith("Management point: ")
    assert "Nothing was reported: the store" in told


# --- report ---------------------------------------------------------------------------------------------------------


def test_send__delivers_or_keeps(lab: Lab, here: tuple[str, ...]) -> None:
    sent = document("report", "send", "--topic", "800", "--state", "308", "--param", "http://u:p@mp1/x", *here)
    assert (sent["left"], [one["parameters"] for one in sent["sent"]]) == (0, [["http://mp1/x"]])
    lab.set_fault("fsp", None, "http-500")
    kept = document("report", "send", "--topic", "800", "--state", "400", "--topic-id", GUID, *here)
    assert (kept["left"], kept["code"], kept["queued"]["topic_id"]) == (1, "http-status", GUID)
    again = document("report", "send", "--topic", "800", "--state", "400", *here)
    assert (again["joined"], again["left"], again["code"]) == (True, 1, "waiting")
    told, _ = run("report", "list", *here)
    assert "800/400" in told
    assert "told 2 times" in told
    assert "answered 500" in told
    assert states(lab) == ["800/308 http://mp1/x"]


def test_flush__with_messages_left_is_8(lab: Lab, here: tuple[str, ...]) -> None:
    lab.set_fault("fsp", None, "http-500")
    run("report", "send", "--topic", "800", "--state", "100", *here)
    left = document("report", "flush", *here, code=8)
    assert (left["left"], left["sent"]) == (1, [])
    assert left["next_try_seconds"] >= 900
    lab.set_fault("fsp", None, None)
    assert document("report", "flush", *here)["left"] == 0


def test_flush__with_reporting_off_is_8_and_says_why(lab: Lab, here: tuple[str, ...]) -> None:
    lab.set_fault("fsp", None, "refuse")
    run("report", "send", "--topic", "800", "--state", "100", *here)
    lab.set_fault("fsp", None, None)
    told, _ = run("report", "flush", "--no-report", *here, code=8)
    assert "it is switched off" in told
    assert states(lab) == []


def test_drop__takes_out_what_is_named(lab: Lab, here: tuple[str, ...]) -> None:
    lab.set_fault("fsp", None, "refuse")
    for state in ("100", "308", "400"):
        run("report", "send", "--topic", "800", "--state", state, *here)
    assert "give the numbers of messages, or --all" in run("report", "drop", *here, code=2)[1]
    assert "no message 7 waits, so nothing was dropped" in run("report", "drop", "1", "7", *here, code=2)[1]
    dropped = document("report", "drop", "2", *here)
    assert [one["state"] for one in dropped["dropped"]] == [308]
    assert [one["state"] for one in document("report", "list", *here)["queued"]] == [100, 400]
    assert "Dropped 3: 800/400" in run("report", "drop", "--all", *here)[0]
    assert document("report", "list", *here)["queued"] == []


@pytest.mark.parametrize(
    "fact", [("--address", "127.45.10.42/24"), ("--domain", ""), ("--ad-site", "Berlin"), ("--set", "client-kind=mac")]
)
def test_drop__with_facts_given_by_hand_is_a_usage_error(
    fact: tuple[str, ...], lab: Lab, here: tuple[str, ...]
) -> None:
    lab.set_fault("fsp", None, "refuse")
    run("report", "send", "--topic", "800", "--state", "100", *here)
    assert "with facts given by hand nothing is changed here" in run("report", "drop", "--all", *here, *fact, code=2)[1]
    assert len(document("report", "list", *here)["queued"]) == 1


def test_send__of_a_client_without_a_site_is_1_and_what_waits_is_held(
    here: tuple[str, ...], lab: Lab, tmp_path: Path
) -> None:
    lab.set_fault("fsp", None, "refuse")
    run("report", "send", "--topic", "800", "--state", "100", *here)
    lab.set_fault("fsp", None, None)
    settings = tmp_path / "lab.toml"
    whole = settings.read_text(encoding="utf-8")
    settings.write_text(whole.replace("site_code =", "# site_code ="), encoding="utf-8")
    told, _ = run("report", "send", "--topic", "800", "--state", "400", *here, code=1)
    assert told == "Nothing is reported: no site is known, and a report without one may be refused; set site_code\n"
    assert "set site_code" in run("report", "flush", *here, code=8)[0]
    assert states(lab) == []
    settings.write_text(whole, encoding="utf-8")
    run("report", "flush", *here)
    assert states(lab) == ["800/100"]


def test_send__where_nothing_is_reported_is_1_and_says_why(tmp_path: Path) -> None:
    told, _ = run("report", "send", "--topic", "800", "--state", "100", "--store", str(tmp_path / "s" / "x"), code=1)
    assert told == "Nothing is reported: no fallback status point is known (FS-009)\n"
    assert not (tmp_path / "s").exists()


class _Refusing(BaseHTTPRequestHandler):
    """A server that takes no report of any size."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(413)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[str]:
    """The port of a fallback status point on 127.0.0.1 that refuses everything for good."""
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield str(server.server_port)
        server.shutdown()
        thread.join()


def test_send__says_what_of_the_parameters_is_not_in_it(here: tuple[str, ...]) -> None:
    given = [part for number in range(MOST_PARAMETERS + 2) for part in ("--param", "x" * 256 if number == 1 else "y")]
    send = ("report", "send", "--topic", "800", "--state", "308", *here)
    told, _ = run(*send, *given)
    assert told.startswith(
        "Parameter 2 was cleaned or cut short.\nThe last 2 of 18 parameters were left out.\nReported to "
    )
    assert document(*send, "--param", "y" * 255)["cut"] == []


def test_send__of_what_is_refused_for_good_is_1_and_names_it(here: tuple[str, ...], refusing: str) -> None:
    there = ("--set", "fsp=127.0.0.1", "--set", f"fsp_port={refusing}")
    send = ("report", "send", "--topic", "800", "--state", "308", *here, *there)
    told, _ = run(*send, code=1)
    assert "Dropped (refused): 800/308" in told
    assert "800/308 is neither queued nor sent." in told
    refused = document(*send, code=1)
    assert [(one["state"], one["cause"]) for one in refused["dropped"]] == [(308, "refused")]


def test_send__into_a_queue_full_of_what_is_more_urgent_is_1(lab: Lab, here: tuple[str, ...], tmp_path: Path) -> None:
    lab.set_fault("fsp", None, "http-500")
    now = datetime.now(UTC)
    with closing(SqliteReportQueue(SqliteFile(tmp_path / "state" / "store.sqlite3", SCHEMA))) as queue:
        for number in range(QUEUE_CAP):
            urgent = (Parameter(str(number)),)
            queue.enqueue(StateMessage(800, 301, TopicId(GUID), now, urgent, Priority.CRITICAL), now)
    full = document("report", "send", "--topic", "800", "--state", "100", *here, code=1)
    assert full["queued"] is None
    assert [(one["state"], one["cause"]) for one in full["dropped"]] == [(100, "full")]
    told, _ = run("report", "send", "--topic", "800", "--state", "100", *here, code=1)
    assert "Dropped (full): 800/100" in told


@pytest.mark.parametrize(
    ("topic", "state", "says"),
    [("800", "330", "near ones are 325"), ("801", "1", "topics are 800"), ("800", "x", "invalid int value")],
)
def test_send__of_an_unknown_state_is_a_usage_error(topic: str, state: str, says: str) -> None:
    assert says in run("report", "send", "--topic", topic, "--state", state, code=2)[1]


def test_send__in_a_what_if_writes_nothing(here: tuple[str, ...], tmp_path: Path) -> None:
    told, _ = run("report", "send", "--topic", "800", "--state", "100", *here, "--ad-site", "Berlin", code=1)
    assert "this only asks what would be" in told
    assert not (tmp_path / "state").exists()


def test_queue_that_is_no_store__is_told_and_left_alone(here: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    path = tmp_path / "state" / "store.sqlite3"
    import sqlite3  # noqa: PLC0415 - beside its use

    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE invoices (id)")
    connection.close()
    before = path.read_bytes()
    for action in ("list", "flush"):
        assert "database of another program" in "".join(run("report", action, *here, code=1))
    assert path.read_bytes() == before


def test_states__lists_what_there_is() -> None:
    listed = document("report", "states", "--topic", "1001")["states"]
    assert [(one["topic"], one["state"]) for one in listed] == [(1001, 1), (1001, 2)]
    assert "client deployment succeeded" in run("report", "states")[0]
    assert "topics are 800" in run("report", "states", "--topic", "1", code=2)[1]


def test_list__shows_where_reports_go(here: tuple[str, ...]) -> None:
    told, _ = run("report", "list", *here)
    assert told.startswith("Reports go to http://fsp1.corp.contoso.test:")
    assert "named by the settings (FS-007)" in told
