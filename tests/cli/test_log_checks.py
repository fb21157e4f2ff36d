"""``cmclient log``: whether our rules agree with a client, and what follows; and what-ifs from its log."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cmclient.cli import codes
from cmclient.cli.main import main

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "vectors" / "logs"
DIFFERS = str(ROOT / "docs" / "example" / "client-logs")
AGREES = str(next(CASES.glob("001-*.log")))
NOT_ENOUGH = str(next(CASES.glob("015-*.log")))
NEAR = "http://dp1.contoso.test/SMS_DP_SMSPKG$/P0100042"
FAR = "http://dp2.contoso.test/SMS_DP_SMSPKG$/P0100042"
PEER = "https://pc17.contoso.test:8003/SCCM_BranchCache$/P0100042"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--strict", AGREES], codes.DONE),
        (["--strict", NOT_ENOUGH], codes.DONE),
        (["--strict", DIFFERS], codes.FINDINGS),
        (["--strict", DIFFERS, AGREES], codes.FINDINGS),
        (["--strict", "--format", "json", DIFFERS], codes.FINDINGS),
        ([DIFFERS], codes.DONE),
        (["--strict", "--errors", DIFFERS], codes.USAGE),
    ],
)
def test_only_a_difference_is_a_finding_and_only_when_asked(arguments: list[str], code: int) -> None:
    assert main(["log", *arguments]) == code


def test_a_check_stands_below_its_decision_and_the_sum_below_all(capsys: pytest.CaptureFixture[str]) -> None:
    main(["log", AGREES])
    assert "  checked: agrees: the order of 3 sources is one that our rules allow\n" in capsys.readouterr().out
    main(["log", NOT_ENOUGH])
    said = capsys.readouterr().out
    assert "checked: not enough in the log: it does not show which management points there were to choose from" in said
    assert "Checked against our rules: 0 agree, 0 differ, 1 not enough in the log\n" in said


def test_a_difference_shows_both_orders(capsys: pytest.CaptureFixture[str]) -> None:
    main(["log", DIFFERS])
    said = capsys.readouterr().out
    assert f"checked: differs: our rules put {NEAR} before {FAR}\n" in said
    after = said.partition("checked: differs")[2]
    client, _, ours = after.partition("    our rules\n")
    assert client.index(PEER) < client.index(f"2. {FAR}") < client.index(f"3. {NEAR}")
    assert ours.index(PEER) < ours.index(f"2. {NEAR}") < ours.index(f"3. {FAR}")
    assert "Checked against our rules: 1 agrees, 1 differs, 0 not enough in the log\n" in said


def test_a_log_in_which_nothing_was_chosen_says_nothing_of_checks(capsys: pytest.CaptureFixture[str]) -> None:
    main(["log", str(next(CASES.glob("005-*.log")))])
    assert "hecked" not in capsys.readouterr().out


def test_json_names_the_decision_of_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    main(["log", "--format", "json", DIFFERS])
    story = json.loads(capsys.readouterr().out)
    first, second = story["checks"]
    assert story["decisions"][first["decision"]]["what"] == "3 sources listed, pc17.contoso.test first"
    assert (first["outcome"], first["ours"]) == ("differs", [PEER, NEAR, FAR])
    assert first["client"] == [PEER, FAR, NEAR]
    assert (first["file"], first["line"]) == ("LocationServices.log", 4)
    assert (second["outcome"], second["missing"]) == ("agrees", [])


class Texts(HTMLParser):
    """The text of every cell and of every coloured word of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[str] = []
        self.moods: dict[str, str | None] = {}
        self._tag, self._mood = "", None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag, self._mood = tag, dict(attrs).get("class")

    def handle_data(self, data: str) -> None:
        if self._tag == "li":
            self.items.append(data)
        if self._tag == "span":
            self.moods[data.partition(":")[0]] = self._mood


def test_the_page_has_both_orders_side_by_side(tmp_path: Path) -> None:
    assert main(["log", "--html", str(tmp_path / "story.html"), DIFFERS]) == codes.DONE
    texts = Texts()
    texts.feed((tmp_path / "story.html").read_text("utf-8"))
    orders = [item for item in texts.items if item in {PEER, NEAR, FAR}]
    assert orders == [PEER, FAR, NEAR, PEER, NEAR, FAR]
    assert (texts.moods["agrees"], texts.moods["differs"]) == ("good", "bad")


# --- what that machine would do now ---------------------------------------------------------------------------------

DATA = """
[[boundaries]]
name = "Berlin"
type = "ad-site"
value = "Berlin"

[[boundaries]]
name = "desk"
type = "ip-range"
value = "10.1.2.17-10.1.2.17"

[[boundary_groups]]
name = "A"
boundaries = ["Berlin", "desk"]
assigned_site = "P01"
"""


def test_boundaries_are_matched_by_what_a_log_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.toml"
    data.write_text(DATA, "utf-8")
    arguments = ["boundaries", "match", "--data", str(data), "--format", "json", "--facts-from", DIFFERS]
    assert main(arguments) == codes.DONE
    document = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in document["boundaries"]] == ["Berlin", "desk"]
    assert main([*arguments, "--ad-site", "Hamburg"]) == codes.DONE
    document = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in document["boundaries"]] == ["desk"]


def test_a_log_without_facts_matches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.toml"
    data.write_text(DATA, "utf-8")
    silent = str(next(CASES.glob("005-*.log")))
    assert main(["boundaries", "match", "--data", str(data), "--facts-from", silent]) == codes.USAGE
    assert "says nothing of the client" in capsys.readouterr().err


def test_a_log_that_is_not_there_is_said_with_what_to_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "not-there.log"]) == codes.USAGE
    assert "name a log, a folder of logs, or - for standard input" in capsys.readouterr().err


# --- what is no sound log -------------------------------------------------------------------------------------------

REGISTERED = "[RegTask] - Client is registered. Server assigned ClientID is GUID:{}. Approval status 3"
ONE, OTHER = "C66EE0FD-08E7-4B38-B282-7E6954B71139", "D66EE0FD-08E7-4B38-B282-7E6954B71139"


def record(message: str, hour: int = 10) -> str:
    place = 'component="X" context="" type="1" thread="1" file="a:1"'
    return f'<![LOG[{message}]LOG]!><time="{hour}:00:00.000+000" date="01-02-2024" {place}>\n'


@pytest.mark.parametrize(
    ("log", "note"),
    [
        (
            record(REGISTERED.format(ONE)) + record(REGISTERED.format(OTHER)),
            "logs of two clients may be mixed: 2 differ",
        ),
        (record(REGISTERED.format(ONE)) + record(REGISTERED.format(ONE)), None),
        (
            record("Enabled SSL revocation check", 11) + record("Enabled SSL revocation check"),
            "x.log: the time goes back once, first at line 2",
        ),
        (
            record("a") + "<![LOG[Post to http://mp1.corp.test/x failed with 0x87d0",
            "x.log: 1 damaged record; the text was",
        ),
        (record("a message with ]LOG]!> inside it"), None),
        (record("\n".join(["one of a thousand lines"] * 1000)), None),
    ],
    ids=["two clients", "one client", "clock", "truncated", "mark", "long message"],
)
def test_what_is_wrong_with_a_log_is_said_first(
    log: str, note: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.log").write_text(log + record("Current AD site of machine is Berlin", 12), "utf-8")
    assert main(["log", str(tmp_path / "x.log")]) == codes.DONE
    said = capsys.readouterr().out
    assert said.startswith("Decisions" if note is None else f"note: {note}")
    assert "the machine is in AD site Berlin" in said
