"""``cmclient rules``: counts, choices, both formats, and what is said of names that do not exist."""

import argparse
import csv
import io
import json
from collections import Counter
from typing import Any

import pytest

from cmclient.adapters.packagedata import read_catalogue
from cmclient.cli import rules
from cmclient.rules.catalogue import CATALOGUE_VERSION, Shown, build_shown

SHOWN = build_shown(
    [
        Shown(
            "MP-003",
            ("cmclient/rules/order.py:rank_of", "cmclient/rules/select.py:_rank_reason"),
            ("tests/a.py::t[x]",),
        ),
        Shown("DN-001", ("cmclient/adapters/dns.py:resolve",)),
        Shown("NET-014", (), ("tests/b.py::t",)),
    ]
)


@pytest.fixture(autouse=True)
def _known_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown at present is another test's matter."""
    monkeypatch.setattr(rules, "read_shown", lambda: SHOWN)


def parse(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    rules.configure(parser)
    parser.add_argument("--format", default="text")
    return parser.parse_args(options)


def run_json(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    assert rules.run(parse("--format", "json", *options)) == 0
    document: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return document


def run_text(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert rules.run(parse(*options)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out.splitlines()


def test_json_has_every_rule_with_its_places_and_tests(capsys: pytest.CaptureFixture[str]) -> None:
    by_id = {one["id"]: one for one in run_json(capsys)}
    assert len(by_id) == 900
    rule = by_id["MP-003"]
    assert rule.pop("statement").startswith("Rank inside a category")
    assert rule == {
        "id": "MP-003",
        "area": "selection",
        "tier": "1",
        "milestone": "locate",
        "duplicate_of": "",
        "code": ["cmclient/rules/order.py:rank_of", "cmclient/rules/select.py:_rank_reason"],
        "tests": ["tests/a.py::t[x]"],
        "shown": True,
    }
    assert (by_id["DN-001"]["tests"], by_id["DN-001"]["shown"]) == ([], False)


def test_json_says_of_a_repeated_rule_that_the_other_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    (rule,) = run_json(capsys, "MP-020")
    assert (rule["duplicate_of"], rule["tests"], rule["shown"]) == ("MP-003", [], True)


@pytest.mark.parametrize(
    ("options", "column", "values"),
    [
        (("--milestone", "locate"), "milestone", {"locate": 78}),
        (("--milestone", "logs", "--milestone", "LOCATE"), "milestone", {"locate": 78, "logs": 25}),
        (("--area", "dns"), "area", {"dns": 21}),
        (("--tier", "l"), "tier", {"L": 24}),
        (("--tier", "L", "--milestone", "where"), "id", {"SA-013": 1}),
        (("mp-003", "DN-004"), "id", {"MP-003": 1, "DN-004": 1}),
        (("MP-003", "--area", "dns"), "id", {}),
    ],
)
def test_what_is_listed_can_be_chosen(
    options: tuple[str, ...], column: str, values: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert Counter(one[column] for one in run_json(capsys, *options)) == values


def test_missing_lists_what_a_test_should_show_and_none_does(capsys: pytest.CaptureFixture[str]) -> None:
    missing = {one["id"] for one in run_json(capsys, "--missing")}
    everything = {one["id"] for one in run_json(capsys)}
    assert "DN-001" in missing  # code alone shows nothing
    assert {"MP-003", "MP-020"} <= everything - missing  # the second repeats the first
    assert "NET-029" in everything - missing  # asks for no test
    assert not {one["id"] for one in run_json(capsys, "--tier", "X", "--missing")}


def test_counts_stand_one_area_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    title, header, *areas = run_text(capsys)
    assert CATALOGUE_VERSION in title
    assert header.split()[:9] == ["area", "rules", "shown", "1", "2", "3", "L", "V", "X"]
    lines = {line.split()[0]: line.split()[1:] for line in areas[:-1]}
    assert len(lines) == 26
    assert lines["selection"] == ["30", "2", "2/22", "0/8", "-", "-", "0/3", "-", "-"]
    assert lines["mplist"][:6] == ["41", "2", "0/28", "0/6", "0/2", "2/5"]
    tiers = Counter(row["tier"] for row in csv.DictReader(io.StringIO(read_catalogue())))
    owed = str(sum(tiers[tier] for tier in "123L"))
    assert areas[-1].split()[:7] == ["all", "of", "these", owed, "4", "2/278", "0/243"]


def test_counts_of_a_milestone_keep_the_others_apart(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run_text(capsys, "--milestone", "locate", "--area", "selection")
    assert lines[2].split() == ["selection", "21", "2", "2/21", "-", "-", "-", "0/3", "-", "9"]
    assert lines[3].split()[3:5] == ["21", "2"]


def test_a_named_rule_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run_text(capsys, "MP-003")
    assert lines[0].startswith("MP-003  tier 1  Rank inside")  # and no count of the area before it
    assert lines[0].endswith("never for an internet client (Q-27).")
    assert lines[1:] == [
        "  code  cmclient/rules/order.py:rank_of",
        "  code  cmclient/rules/select.py:_rank_reason",
        "  test  tests/a.py::t[x]",
    ]


def test_a_rule_without_a_test_and_one_that_repeats_another_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run_text(capsys, "MP-020", "DN-001")
    assert "  test  those of its twin MP-003" in lines
    assert "  test  none" in lines


def test_a_rule_that_no_test_is_to_show_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run_text(capsys, "TR-058", "NET-029")
    assert "  test  left out: policy is not read, so nothing is verified with the site's signing certificate" in lines
    assert "  test  it asks for none" in lines


def test_rules_of_a_list_are_shortened_to_the_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = [line for line in run_text(capsys, "--area", "dns") if line.startswith("DN-")]
    assert len(lines) == 20
    assert max(len(line) for line in lines) <= 60
    assert any(line.endswith(" ...") for line in lines)


def test_a_terminal_gets_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    out = "\n".join(run_text(capsys, "--area", "selection"))
    assert "what it says" in out
    assert "tests/a.py::t[x]" in out  # no markup
    assert "─" in out


def test_nothing_missing_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_text(capsys, "MP-003", "--missing")[-1] == (
        "no rule is left: each one asked for is shown by a test, or needs none"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("MP-3",), "there is no rule 'MP-3'; did you mean MP-003?"),
        (("QQQQ",), "there is no rule 'QQQQ'; they look like CF-001"),
        (("--area", "dsn"), "there is no area 'dsn'; did you mean dns?"),
        (("--area", "qqqq"), "there is no area 'qqqq'; there are facts, selection,"),
        (("--milestone", "locat"), "there is no milestone 'locat'; did you mean locate?"),
        (("--tier", "4"), "there is no tier '4'; there are 1, 2, 3, L, V, X"),
        (("\x1b[2J",), "there is no rule"),
    ],
)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_unknown_names_are_refused_with_a_suggestion(
    options: tuple[str, ...], message: str, format_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rules.run(parse("--format", format_, *options)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"cmclient rules: {message}")
    assert "\x1b" not in captured.err


def test_all_unknown_names_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.run(parse("MP-999", "--area", "dsn", "--tier", "9")) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3
