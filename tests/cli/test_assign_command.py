"""``assign``, as a person runs it."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from ourcommand import run_command, start_command

from cmclient.cli import codes
from cmclient.cli.main import main

KEYS = {"schema", "site", "how", "reasons", "candidates", "location", "states", "next"}
DATA = """
[[boundaries]]
name = "desks"
type = "ip-range"
value = "10.1.2.1-10.1.2.9"

[[boundary_groups]]
name = "Desks"
boundaries = ["desks"]
assigned_site = "ABC"
"""


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "data.toml"
    path.write_text(DATA)
    return str(path)


def assign(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = codes.DONE) -> dict[str, Any]:
    assert main(["assign", *arguments, "--format", "json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize(
    ("options", "code", "site", "rule"),
    [
        (["--address", "10.1.2.9/24"], codes.DONE, "ABC", "SA-006"),
        (["--address", "10.1.2.10/24"], codes.NONE_FOUND, None, "CF-009"),
        (["--address", "10.1.2.9", "--set", "always-internet=true"], codes.NONE_ELIGIBLE, None, "NET-013"),
        (["--address", "10.1.2.9", "--client-version", "9107", "--site-version", "9106"], 4, None, "SA-019"),
        (["--address", "10.1.2.9", "--client-version", "9106", "--site-version", "5.00.9106.1000"], 0, "ABC", "SA-006"),
        (["--site-code", "XYZ"], codes.DONE, "XYZ", "SA-002"),
    ],
)
def test_data__answers_with_a_code_for_each_outcome(
    options: list[str], code: int, site: str | None, rule: str, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = assign(capsys, "--data", data, *options, code=code)
    assert set(document) >= KEYS
    assert document["schema"] == "cmclient.assignment/1"
    assert (document["site"], document["reasons"][-1]["rule"]) == (site, rule)


def test_text__one_line_first_and_then_why(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assign", "--data", data, "--address", "10.1.2.9/24"]) == codes.DONE
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "Assigned site: ABC (by where the client is)"
    assert shown[-1].strip() == "nothing was stored"
    assert main(["assign", "--data", data, "--address", "10.1.2.99/24"]) == codes.NONE_FOUND
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("No assigned site: nothing that is for assignment holds the client")
    assert any("SA-008" in line and "10 minutes" in line for line in shown)
    assert any("next attempt of a client" in line for line in shown)
    assert not any("--wait" in line for line in shown), "nobody is asked, so there is nothing to wait for"


OVERLAP = """
[[boundaries]]
name = "room"
type = "ip-range"
value = "10.1.2.9-10.1.2.20"

[[boundary_groups]]
name = "Room"
boundaries = ["room"]
assigned_site = "XYZ"
"""


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        (["10.1.2.8/24"], {"Assigned site: ABC"}),
        (["10.1.2.10/24"], {"Assigned site: XYZ"}),
        (
            ["10.1.2.9/24"],
            {"Assigned site: ABC or XYZ, by chance; now ABC", "Assigned site: XYZ or ABC, by chance; now XYZ"},
        ),
        (
            ["10.1.2.8/24", "10.1.2.10/24"],
            {"Assigned site: ABC or XYZ, by chance; now ABC", "Assigned site: XYZ or ABC, by chance; now XYZ"},
        ),
    ],
    ids=["one", "other", "overlap", "addresses"],
)
def test_text__a_site_by_chance__the_first_line_names_the_others(
    addresses: list[str], said: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "overlap.toml"
    path.write_text(DATA + OVERLAP)
    options = [word for address in addresses for word in ("--address", address)]
    shown = set()
    for seed in range(8):
        assert main(["assign", "--data", str(path), *options, "--seed", str(seed)]) == codes.DONE
        shown.add(capsys.readouterr().out.splitlines()[0].removesuffix(" (by where the client is)"))
    assert shown == said


@pytest.mark.parametrize(
    "arguments",
    [
        ("--save", "--address", "10.1.2.9"),
        ("--save", "--client-version", "9106"),
        ("--save", "--upgrade"),
        ("--client-version", "new"),
        ("--site-version", "5.0"),
        ("--data", "nowhere.toml"),
    ],
)
def test_bad_input__is_a_usage_error(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assign", *arguments]) == codes.USAGE
    assert capsys.readouterr().err.startswith("cmclient: ")


def test_data_and_wait__exclude_each_other(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assign", "--data", data, "--wait"]) == codes.USAGE
    assert "--wait" in capsys.readouterr().err


# --- the lab -----------------------------------------------------------------------------------------------------


def run(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = run_command("assign", "--lab", "--format", "json", *arguments, code=code)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


TOLD_BY_MP1 = ("--domain", "", "--set", "management-points=mp1.corp.contoso.test")


@pytest.mark.parametrize(
    ("arguments", "code", "site", "rule"),
    [
        pytest.param((), 0, "P01", "SA-002", id="given"),
        pytest.param(("--site-code", "AUTO"), 0, "P01", "SA-006", id="by the directory"),
        pytest.param(("--site-code", "XYZ"), 5, None, "SA-016", id="nobody knows that site"),
        pytest.param(("--site-code", "S01"), 5, None, "SA-016", id="it exists, and is not published"),
        pytest.param((*TOLD_BY_MP1, "--site-code", "XYZ"), 4, None, "SA-014", id="no such site"),
        pytest.param(("--client-version", "9142"), 4, None, "SA-019", id="newer client"),
        pytest.param(("--client-version", "9141"), 0, "P01", "SA-002", id="same version"),
        pytest.param(("--domain", ""), 0, "P01", "SA-002", id="workgroup: the version by a management point"),
        pytest.param(("--lab-fault", "ad=refuse", "--lab-fault", "mp=refuse"), 5, None, "SA-016", id="nobody answers"),
        pytest.param(("--set", "metered-network=true"), 4, None, "CF-023", id="metered"),
        pytest.param(("--set", "profile=cm07"), 0, "P01", "L7-038", id="cm07"),
        pytest.param(("--set", "profile=cm07", "--lab-fault", "ad=refuse"), 5, None, "L7-038", id="cm07, no version"),
    ],
)
def test_lab(arguments: tuple[str, ...], code: int, site: str | None, rule: str) -> None:
    document = run(*arguments, code=code)
    assert (document["site"], document["reasons"][-1]["rule"]) == (site, rule)


def test_lab__cm07__shows_the_site_that_it_considered() -> None:
    document = run("--set", "profile=cm07")
    assert [(one["site"], one["verdict"]) for one in document["candidates"]] == [("P01", "ranked")]
    assert document["settings_from"] is None
    assert not [one for one in document["next"] if one["rule"] == "SA-030"]


def test_saved__is_kept_the_next_time_and_without_the_option_it_is_not(tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "store.sqlite3"), "--site-code", "AUTO")
    assert run(*store)["how"] == "boundary"
    assert run(*store)["how"] == "boundary"
    assert run(*store, "--save")["how"] == "boundary"
    assert run(*store)["how"] == "kept"


def test_boundary_data__is_nothing_that_cm07_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.toml").write_text("")
    data = ["--data", str(tmp_path / "data.toml"), "--set", "profile=cm07"]
    assert main(["assign", *data, "--site-code", "P01"]) == codes.USAGE
    assert "CM 2007 has no boundary groups" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.rule("SA-008")
def test_wait__says_when_it_is_tried_again_and_stops_at_ctrl_c(tmp_path: Path) -> None:
    arguments = ("assign", "--wait", "--lab", "--site-code", "AUTO", "--domain", "")
    with start_command(*arguments, TMPDIR=str(tmp_path)) as process:
        assert process.stderr is not None
        assert "again at" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=10)
    assert process.returncode == codes.INTERRUPTED
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []
