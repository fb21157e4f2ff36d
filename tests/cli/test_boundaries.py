"""``boundaries match``."""

import json
from pathlib import Path

import pytest

from cmclient.cli import codes
from cmclient.cli.main import main

DATA = """
[[boundaries]]
name = "desks"
type = "ip-range"
value = "10.1.2.1-10.1.2.9"

[[boundaries]]
name = "floor"
type = "ip-subnet"
value = "10.1.2.0"

[[boundaries]]
name = "berlin"
type = "ad-site"
value = "Berlin"

[[boundary_groups]]
name = "A"
boundaries = ["desks"]
servers = ["dp1.corp.test"]
assigned_site = "P01"

  [[boundary_groups.neighbours]]
  group = "B"
  dp = 15

[[boundary_groups]]
name = "B"
boundaries = ["berlin"]
servers = ["dp2.corp.test"]

[[servers]]
host = "dp1.corp.test"
roles = ["dp"]

[[servers]]
host = "dp2.corp.test"
roles = ["dp"]
"""


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "data.toml"
    path.write_text(DATA)
    return str(path)


def match(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["boundaries", "match", *arguments, "--format", "json"]) == codes.DONE
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_address__boundaries_groups_and_timeline(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = match(capsys, "10.1.2.9/24", "--data", data)
    assert [one["id"] for one in document["boundaries"]] == ["desks", "floor"]  # type: ignore[attr-defined,index]
    assert document["groups"] == [{"id": "A", "name": "A", "assigned_site": "P01"}]
    timeline = document["timeline"]["dp"]  # type: ignore[index]
    assert [(one["minute"], one["host"], one["rules"]) for one in timeline] == [
        (0, "dp1.corp.test", ["BG-007"]),
        (15, "dp2.corp.test", ["BG-020"]),
    ]


def test_ad_site__alone(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert match(capsys, "--ad-site", "berlin", "--data", data)["groups"] == [
        {"id": "B", "name": "B", "assigned_site": None}
    ]


@pytest.mark.parametrize(("address", "noted"), [("10.1.2.3", True), ("10.1.2.3/24", False)])
def test_without_a_prefix__a_subnet_boundary_is_unknown_and_said_so(
    address: str,
    noted: bool,  # noqa: FBT001
    data: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = match(capsys, address, "--data", data)
    assert bool(document["notes"]) is noted
    assert ("floor" in str(document["boundaries"])) is not noted


def test_text__is_for_people(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "match", "10.1.2.9/24", "--data", data]) == codes.DONE
    shown = capsys.readouterr().out
    assert "dp2.corp.test  BG-020  neighbour of A after 15 minutes" in shown


@pytest.mark.parametrize(
    "arguments", [("garbage",), ("10.1.2.3/99",), (), ("--ad-site", "\n"), ("10.1.2.3", "--site-code", "ABCD")]
)
def test_bad_input__is_a_usage_error(arguments: tuple[str, ...], data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "match", *arguments, "--data", data]) == codes.USAGE
    assert capsys.readouterr().err.startswith("cmclient: ")


def test_data__missing_or_with_a_boundary_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "match", "10.1.2.3", "--data", str(tmp_path / "gone")]) == codes.USAGE
    path = tmp_path / "data.toml"
    path.write_text(DATA.replace("10.1.2.1-10.1.2.9", "10.1.2.9-10.1.2.1"))
    assert main(["boundaries", "match", "10.1.2.3", "--data", str(path)]) == codes.USAGE
    assert "its first address is above its last" in capsys.readouterr().err
