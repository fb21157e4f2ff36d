"""``fetch`` tells the fallback status point what it met on its way to the management points."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path, *arguments: str, code: int) -> str:
    command = [
        sys.executable,
        "-m",
        "cmclient",
        "fetch",
        "P0100001",
        str(folder),
        "--version",
        "3",
        "--lab",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


@pytest.mark.rule("FS-001")
def test_every_mp_dead__is_reported_and_so_is_the_return(tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "store.sqlite3"))
    told = run(tmp_path / "to", "--lab-fault", "mp=refuse", *store, code=5)
    assert told.startswith("No management point said where the content is: no eligible management point answered")
    assert told.count("Connection refused") >= 4, "each attempt is shown"
    assert told.splitlines()[-1].startswith("Reported to http://fsp1")
    assert "1000/2" in told.splitlines()[-1]
    assert not (tmp_path / "to").exists()
    back = run(tmp_path / "to", *store, code=0)
    assert "1000/1 talking to the management point works" in back.splitlines()[-1]
    assert "Reported" not in run(tmp_path / "to", *store, code=0), "all is well: there is nothing to say"


def test_json__has_reports_before_the_result(tmp_path: Path) -> None:
    lines = [
        json.loads(line)
        for line in run(tmp_path, "--lab-fault", "mp=refuse", "--format", "json", code=5).split("\n")
        if line
    ]
    assert [one["event"] for one in lines] == ["reports", "result"]
    assert [one["state"] for one in lines[0]["sent"]] == [2]
    assert (lines[1]["complete"], lines[1]["error"]["code"]) == (False, "no-reachable-management-point")
    well = run(tmp_path, "--format", "json", code=0).splitlines()
    assert not any(json.loads(line)["event"] == "reports" for line in well)


@pytest.mark.parametrize("option", [("--no-report",), ("--domain", "corp.contoso.test")])
def test_switched_off_or_what_if__nothing_is_reported(option: tuple[str, ...], tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    told = run(tmp_path / "to", "--lab-fault", "mp=refuse", "--store", str(store), *option, code=5)
    assert "Nothing is reported: " in told
    assert "1000/2" not in told
