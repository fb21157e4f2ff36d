"""What ``fetch --client-package`` reports when client setup does not get its files: what arrives at the lab."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from cmclient.assemble import Run, open_locator
from cmclient.cli.reports import LocationReports, location_document, location_lines, report_setup
from cmclient.config import load_config
from cmclient.errors import NoReachableManagementPointError
from cmclient.lab import Lab
from cmclient.model.http import Deadline
from cmclient.rules.setup_states import SetupTrouble

DEAD = SetupTrouble("connect", "http://u:secret@mp1.corp.contoso.test/CCM_Client?sig=x", "ccmsetup.cab")
WRONG = SetupTrouble("hash-mismatch", "http://dp1.corp.contoso.test/CCM_Client", "x64/client.msi")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def settings(lab: Lab, tmp_path: Path) -> dict[str, Any]:
    return {**lab.settings(), "store": str(tmp_path / "state" / "store.sqlite3")}


def report(lab: Lab, settings: dict[str, Any], *troubles: SetupTrouble, **how: Any) -> LocationReports:
    run = Run(facts=lab.client_facts(), **how)
    return report_setup(load_config(overrides=settings), run, troubles, Deadline.after(10.0, monotonic))


@pytest.mark.rule("FS-010", "FS-012")
def test_files_not_obtained__arrives_with_the_address_and_without_its_secrets(
    lab: Lab, settings: dict[str, Any]
) -> None:
    told = report(lab, settings, DEAD, WRONG)
    arrived = ["800/100", "800/308 http://mp1.corp.contoso.test/CCM_Client", "800/325"]
    assert [str(one) for one in lab.states] == arrived
    assert [f"{one['topic']}/{one['state']}" for one in location_document(told)["sent"]] == [
        "800/100",
        "800/308",
        "800/325",
    ]
    assert len(list(location_lines(told, located=False))) == 3
    assert "secret" not in repr(lab.reports)


def test_files_obtained__says_nothing_for_setup_itself_reports_when_it_runs(lab: Lab, settings: dict[str, Any]) -> None:
    assert report(lab, settings).queued == ()
    assert lab.reports == ()


def test_again_and_again_while_nobody_listens__waits_once_and_arrives_once(lab: Lab, settings: dict[str, Any]) -> None:
    lab.set_fault("fsp", None, "refuse")
    for _ in range(5):
        told = report(lab, settings, DEAD)
    assert told.flush is not None
    assert told.flush.left == 2
    assert [one.joined for one in told.queued] == [True]
    assert any("waits already" in line for line in location_lines(told, located=False))
    report(lab, settings, WRONG)
    lab.set_fault("fsp", None, None)
    from cmclient.assemble_report import open_reporter  # noqa: PLC0415 - beside its use

    with open_reporter(load_config(overrides=settings), Run(facts=lab.client_facts())) as reporter:
        reporter.flush(force=True)
    states = [str(one).partition(" ")[0] for one in lab.states]
    assert states == ["800/100", "800/308", "800/100", "800/325"]


@pytest.mark.rule("FS-001")
def test_no_management_point__is_reported_before_what_came_of_it(lab: Lab, settings: dict[str, Any]) -> None:
    lab.set_fault("mp", None, "refuse")
    config, run = load_config(overrides=settings), Run(facts=lab.client_facts())
    with open_locator(config, run) as locator, pytest.raises(NoReachableManagementPointError) as caught:
        locator.locate()
    troubles = [SetupTrouble(caught.value.code)]
    deadline = Deadline.after(10.0, monotonic)
    report_setup(config, run, troubles, deadline, location=caught.value.location)
    assert [str(one) for one in lab.states] == ["1000/2", "800/100", "800/301"]


@pytest.mark.parametrize("how", [{"writes": False}, {"offline": True, "writes": False}])
def test_what_if__reports_nothing_and_leaves_nothing(
    lab: Lab, settings: dict[str, Any], how: dict[str, bool], tmp_path: Path
) -> None:
    told = report(lab, settings, DEAD, **how)
    assert told.reporting is not None
    assert not told.reporting.is_on
    assert list(tmp_path.iterdir()) == []
    assert lab.reports == ()
