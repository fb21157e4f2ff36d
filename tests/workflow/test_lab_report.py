"""Reporting against the lab in one process: what really arrives, and that a what-if leaves no trace."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from cmclient.assemble import Run, open_locator
from cmclient.assemble_report import open_reporter
from cmclient.config import ClientConfig, load_config
from cmclient.errors import LocateError
from cmclient.lab import Lab, Role
from cmclient.model.decision import Location
from cmclient.model.reports import DropCause, FspSource
from cmclient.protocol.statexml import parse_report


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def settings(lab: Lab, tmp_path: Path) -> dict[str, Any]:
    return {**lab.settings(), "store": str(tmp_path / "store.sqlite3")}


def locate(config: ClientConfig, run: Run) -> Location:
    with open_locator(config, run) as locator:
        try:
            return locator.locate()
        except LocateError as error:
            location: Location = error.location
            return location


def report(config: ClientConfig, run: Run) -> Any:
    """What a run reports and sends."""
    location = locate(config, run)
    with open_reporter(config, run, location=location) as reporter:
        reporter.report_location(location)
        return reporter.flush()


@pytest.mark.rule("FS-003", "FS-005", "ST-017")
def test_every_mp_dead__one_message_with_the_right_content(lab: Lab, settings: dict[str, Any]) -> None:
    lab.set_fault("mp", None, "refuse")
    config, run = load_config(overrides=settings), Run(facts=lab.client_facts())
    assert [str(one.message) for one in report(config, run).sent] == ["1000/2"]
    assert report(config, run).sent == ()
    (document,) = map(parse_report, lab.reports)
    (message,) = document.messages
    assert (message.topic, message.state, message.parameters) == (1000, 2, ())
    identity = document.identity
    assert (identity.host, identity.site, identity.ad_site) == ("pc042.corp.contoso.test", "P01", "Headquarters")
    (asked,) = lab.journal.entries("POST", role=Role.FSP)
    assert (asked.protocol, asked.tls, asked.what) == ("HTTP", False, "POST /SMS_FSP/.sms_fsp")


@pytest.mark.rule("FS-010")
def test_fsp_dead_too__the_message_waits_and_arrives_when_it_returns(lab: Lab, settings: dict[str, Any]) -> None:
    lab.set_fault("mp", None, "refuse")
    lab.set_fault("fsp", None, "refuse")
    config, run = load_config(overrides=settings), Run(facts=lab.client_facts())
    failed = report(config, run)
    assert (failed.left, failed.code, lab.reports) == (1, "connect", ())
    with open_reporter(config, run) as agent:
        due = agent.next_due()
        assert due is not None
        assert 0 < due <= 1800
        lab.set_fault("fsp", None, None)
        assert agent.flush().code == "waiting"
        assert agent.flush(force=True).left == 0
        assert agent.next_due() is None
    assert [str(one) for one in lab.states] == ["1000/2"]


def test_back_again__the_recovery_follows(lab: Lab, settings: dict[str, Any]) -> None:
    config, run = load_config(overrides=settings), Run(facts=lab.client_facts())
    report(config, run)
    assert lab.reports == (), "all is well: there is nothing to say"
    lab.set_fault("mp", None, "refuse")
    report(config, run)
    lab.set_fault("mp", None, None)
    report(config, run)
    assert [str(one) for one in lab.states] == ["1000/2", "1000/1"]


@pytest.mark.rule("FS-017")
def test_certificate_that_cannot_be_used__is_reported(lab: Lab, settings: dict[str, Any]) -> None:
    expired = lab.running.expired_client
    broken = settings | {"client_certificate": str(expired.certificate), "client_key": str(expired.key)}
    run = Run(facts=lab.client_facts())
    report(load_config(overrides=broken), run)
    report(load_config(overrides=broken), run)
    report(load_config(overrides=settings), run)
    assert [str(one) for one in lab.states] == ["1001/2", "1001/1"]


@pytest.mark.rule("FS-007")
@pytest.mark.parametrize(("wish", "arrived"), [(None, []), (True, ["1000/2"])])
def test_directory_alone_names_it__only_where_that_is_wished(
    lab: Lab,
    settings: dict[str, Any],
    wish: bool | None,  # noqa: FBT001
    arrived: list[str],
) -> None:
    lab.set_fault("mp", None, "refuse")
    del settings["fsp"]
    config, run = load_config(overrides={**settings, "report": wish}), Run(facts=lab.client_facts())
    report(config, run)
    assert [str(one) for one in lab.states] == arrived
    with open_reporter(config, run) as later:
        point = later.reporting.point
    if wish:
        assert point is not None
        assert (point.endpoint.host, point.source) == ("fsp1.corp.contoso.test", FspSource.DIRECTORY)
    else:
        assert point is None


@pytest.mark.parametrize(
    "how", [{"writes": False}, {"writes": False, "remembers": False}, {"offline": True, "writes": False}]
)
def test_what_if__reports_nothing_and_leaves_nothing(
    lab: Lab, settings: dict[str, Any], tmp_path: Path, how: dict[str, bool]
) -> None:
    lab.set_fault("mp", None, "refuse")
    config, run = load_config(overrides={**settings, "report": True}), Run(facts=lab.client_facts(), **how)
    location = locate(config, run)
    with open_reporter(config, run, location=location) as reporter:
        assert not reporter.reporting.is_on
        assert reporter.report_location(location) == ()
        reporter.flush(force=True)
    assert list(tmp_path.iterdir()) == []
    assert lab.reports == ()


@pytest.mark.parametrize("fault", ["http-401", "http-500", "html", "redirect", "silent", "oversized", "truncated"])
def test_wrong_answer__keeps_the_message(lab: Lab, settings: dict[str, Any], fault: str) -> None:
    lab.set_fault("mp", None, "refuse")
    lab.set_fault("fsp", None, fault)
    config = load_config(overrides={**settings, "attempt_timeout": 0.5})
    failed = report(config, Run(facts=lab.client_facts()))
    assert failed.left == 1
    assert failed.problem
    lab.set_fault("fsp", None, None)
    with open_reporter(config, Run(facts=lab.client_facts())) as reporter:
        assert reporter.flush(force=True).left == 0
    assert {str(one) for one in lab.states} == {"1000/2"}


class Odd(ThreadingHTTPServer):
    """A server that answers every report with a status, and a body that never ends where there is none."""

    daemon_threads = True

    def __init__(self, status: int, *, drips: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status, self.drips = status, drips
        self.over = threading.Event()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Odd)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(server.status)
        self.send_header("Content-Length", "60000" if server.drips else "0")
        self.end_headers()
        try:
            while server.drips and not server.over.wait(0.02):
                self.wfile.write(b" ")
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "drips", "left", "dropped"),
    [(200, True, 1, []), (413, False, 0, [DropCause.REFUSED]), (200, False, 0, [])],
)
def test_answer__that_never_ends_keeps_the_message_and_one_that_is_final_does_not(
    status: int,
    drips: bool,  # noqa: FBT001
    left: int,
    dropped: list[DropCause],
    tmp_path: Path,
) -> None:
    with Odd(status, drips=drips) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        there = {"fsp": "127.0.0.1", "fsp_port": server.server_port, "site_code": "P01", "attempt_timeout": 0.5}
        config = load_config(overrides={**there, "store": str(tmp_path / "store.sqlite3")})
        began = monotonic()
        with open_reporter(config) as reporter:
            reporter.enqueue(reporter.message(800, 100))
            flush = reporter.flush()
        took = monotonic() - began
        server.over.set()
        server.shutdown()
        thread.join()
    assert (flush.left, [one.cause for one in flush.dropped]) == (left, dropped)
    assert took < 5
    if drips:
        assert flush.code == "timeout"
