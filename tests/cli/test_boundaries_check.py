"""``boundaries check``."""

import json
from pathlib import Path

import pytest

from cmclient.cli import codes
from cmclient.cli.main import main
from cmclient.lab import built_in_text

CLASH = """
[[boundaries]]
name = "desks"
type = "ip-range"
value = "10.1.2.1-10.1.2.9"

[[boundaries]]
name = "hall"
type = "ip-range"
value = "10.1.2.9-10.1.2.20"

[[boundary_groups]]
name = "A"
boundaries = ["desks"]
assigned_site = "P01"

[[boundary_groups]]
name = "B"
boundaries = ["hall"]
assigned_site = "P02"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data.toml"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(CLASH, codes.FINDINGS, id="error"),
        pytest.param(CLASH.replace("P02", "P01"), codes.DONE, id="nothing"),
        pytest.param(CLASH.replace("P02", "P01").replace('["hall"]', "[]"), codes.FINDINGS, id="warning"),
        pytest.param(built_in_text(), codes.DONE, id="notices only"),
    ],
)
def test_exit_code__is_that_of_findings_for_errors_and_warnings(
    text: str, code: int, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.write_text(text)
    assert main(["boundaries", "check", "--data", str(data)]) == code
    capsys.readouterr()
    assert main(["boundaries", "check", "--data", str(data), "--format", "json"]) == code
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert (counts["error"] + counts["warning"] > 0) is (code == codes.FINDINGS)


def test_json__has_what_where_and_what_to_do(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text(CLASH)
    main(["boundaries", "check", "--data", str(data), "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "cmclient.boundary-findings/1"
    assert document["counts"] == {"error": 1, "warning": 0, "notice": 0}
    (finding,) = document["findings"]
    assert {key: finding[key] for key in ("code", "severity", "rule")} == {
        "code": "site-overlap",
        "severity": "error",
        "rule": "SA-009",
    }
    assert finding["where"] == {"boundaries": ["desks", "hall"], "groups": ["A", "B"], "sites": ["P01", "P02"]}
    assert finding["what"]
    assert finding["do"]


def test_text__has_each_kind_once_with_what_to_do(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text(CLASH)
    main(["boundaries", "check", "--data", str(data)])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "1 error, 0 warnings, 0 notices"
    assert shown[2] == "error: site-overlap (1, SA-009)"
    assert "both hold 10.1.2.9;" in shown[3]
    assert shown[4].startswith("  what next: ")


@pytest.mark.parametrize(("options", "shown", "last"), [((), 5, "and 3 more; --all shows them"), (("--all",), 8, "")])
def test_text__shows_a_few_of_many_unless_asked_for_all(
    options: tuple[str, ...], shown: int, last: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.write_text("\n".join(f'[[boundaries]]\nname = "b{n}"\ntype = "ad-site"\nvalue = "s{n}"' for n in range(8)))
    main(["boundaries", "check", "--data", str(data), *options])
    lines = capsys.readouterr().out.splitlines()
    assert sum("is in no boundary group" in line for line in lines) == shown
    assert (f"  {last}" in lines) is bool(last)


def test_nothing__is_said_to_be_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text(CLASH.replace("P02", "P01"))
    assert main(["boundaries", "check", "--data", str(data)]) == codes.DONE
    assert capsys.readouterr().out.startswith("Nothing found.\n")


def test_data_that_cannot_be_read__is_a_usage_error(data: Path) -> None:
    assert main(["boundaries", "check", "--data", str(data)]) == codes.USAGE
