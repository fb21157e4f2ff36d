"""``content``, as a person runs it."""

import json
import re
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from ourcommand import run_command

from cmclient.lab import built_in_text

IN_BRANCH_ONLY = "Content_0d90cc80-19c6-465c-936d-ac74a23b9c46"


def run(*arguments: str, code: int = 0) -> CompletedProcess[str]:
    return run_command("content", *arguments, "--seed", "1", code=code)


def document(*arguments: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--format", "json", *arguments, code=code).stdout)
    return found


def sources(found: dict[str, Any]) -> list[str]:
    return [one["server"].partition(".")[0] for one in found["ranked"]]


def test_text__says_what_comes_first_and_why_each_stands_where_it_does() -> None:
    shown = run("P0100003", "--lab", "--explain").stdout
    assert shown.startswith("Content P0100003 version 1: 2 of 2 sources may be used now\n  first: https://pc043.")
    for text in ("peer in subnet", "CL-003", "DP in group", "CL-006", "Rejected: none", "seed 1", "1.1  https://pc043"):
        assert text in shown


def test_waiting__shows_more_sources_and_when_they_opened() -> None:
    assert "now, since 2 s" in run("P0100003", "--lab", "--wait", "3.1").stdout
    found = document("P0100003", "--lab", "--wait", "4.6")
    assert sources(found) == ["pc043", "dp1", "dp2", "dp3"]
    opened = [one["opens_after"] for one in found["ranked"]]
    assert opened[:2] == [0.0, 0.0]
    assert 1.9 < opened[2] < 3.5 < opened[3] < 4.6  # 20 and 40 minutes, a tenth of a second each


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ([], "client"),
        (["--phase", "task-sequence"], "task-sequence"),
        (["--phase", "task-sequence", "--order", "client"], "client"),  # what an application in it asks for (CL-039)
    ],
)
def test_order__is_that_of_the_phase_where_nobody_says_it(options: list[str], order: str) -> None:
    assert document("P0100003", "--lab", *options)["order"] == order


def test_explain__names_the_boundary_groups_that_are_kept_and_since_when() -> None:
    shown = run("P0100003", "--lab", "--explain").stdout
    assert "Boundary groups that the site named" in shown
    assert re.search(r"^  1 +[0-9A-F-]{36}", shown, re.MULTILINE)
    assert re.search(r"looked up at \d{4}-\d\d-\d\dT\S+; requests repeat it for a day", shown)


def test_json__has_all_that_decided() -> None:
    found = document("P0100003", "--lab", "--order", "task-sequence", "--allow", "remote-dp")
    assert (found["schema"], found["order"], found["error"]) == ("cmclient.content/1", "task-sequence", None)
    assert [(one["kind"], one["rules"][0]) for one in found["ranked"]] == [
        ("peer-in-subnet", "CL-037"),
        ("dp-in-group", "CL-037"),
        ("neighbour-dp", "CL-037"),
    ]
    assert [(one["server"], one["rules"]) for one in found["rejected"]] == [("dp3.corp.contoso.test", ["CL-040"])]
    assert found["first"].endswith(":8003/SCCM_BranchCache$/P0100003")
    assert found["boundary_groups"]["groups"][0]["id"] == "1"
    assert all(one["usable_now"] for one in found["ranked"])


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("P0109999",), "names no site at all"),
        (("P0100001", "--version", "9"), "names no site at all"),
        ((IN_BRANCH_ONLY,), "no distribution point of the client's boundary groups has"),
        (("P0100001", "--version", "3", "--address", "127.99.0.1/24"), "the client is in no boundary group"),
    ],
)
def test_no_source__is_code_7_with_the_cause_and_the_next_step(arguments: tuple[str, ...], cause: str) -> None:
    shown = run(*arguments, "--lab", code=7).stdout
    assert "no source may be used now" in shown
    assert cause in shown
    assert "  why (" in shown
    assert "  what next: " in shown


def test_boundary_data__says_beforehand_when_sources_open(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(built_in_text(), encoding="utf-8")
    shown = run("P0100003", "--lab", "--data", str(file)).stdout
    assert "at minute 20 dp2.corp.contoso.test may join: neighbour of Headquarters" in shown
    assert "at minute 40 dp3.corp.contoso.test may join: implied link of Headquarters" in shown
    assert "may join" not in run("P0100003", "--lab").stdout.replace("more may join", "")


def test_nobody_to_ask__has_the_code_of_locate_and_says_what_was_tried() -> None:
    failed = document("P0100001", "--lab", "--lab-fault", "mp=lying", code=5)
    assert (failed["error"]["code"], failed["ranked"]) == ("no-reachable-management-point", [])
    assert failed["attempts"]


@pytest.mark.parametrize(("more", "sent"), [((), [2]), (("--no-report",), [])])
def test_nobody_to_ask__is_reported_as_locate_does(more: tuple[str, ...], sent: list[int]) -> None:
    failed = document("P0100001", "--lab", "--lab-fault", "mp=refuse", *more, code=5)
    assert [one["state"] for one in failed["reports"]["sent"]] == sent
