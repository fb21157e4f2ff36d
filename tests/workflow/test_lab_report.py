"""Reporting against the lab in one process: what really arrives, and that a what-if leaves no trace."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cmclient.assemble import Run, open_locator
from cmclient.assemble_report import open_reporter
from cmclient.config import ClientConfig, load_config
from cmclient.errors import LocateError
from cmclient.lab import Lab, Role
from cmclient.model.decision import Location
from cmclient.model.reports import FspSource
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
