"""The catalogue as values: reading it, reading what shows its rules, and counting."""

import pytest

from cmclient.adapters.packagedata import read_catalogue, read_shown
from cmclient.errors import InvalidValueError
from cmclient.rules.catalogue import (
    AreaSummary,
    CatalogueRule,
    Shown,
    Tally,
    build_shown,
    is_shown,
    parse_catalogue,
    parse_shown,
    summarise_areas,
)

HEADER = "id,side,area,tier,milestone,test,statement,const,source,sure,duplicate_of,reason\n"


def rule(
    id_: str, tier: str = "1", *, milestone: str = "locate", area: str = "dns", repeats: str = ""
) -> CatalogueRule:
    return CatalogueRule(id_, area, tier, milestone, "it is so", "", "", "documented", repeats, "C", "unit")


def test_packaged_catalogue_has_every_rule_once() -> None:
    rules = parse_catalogue(read_catalogue())
    assert len(rules) == 900
    assert len({one.id for one in rules}) == 900


def test_repeated_rules_exist_and_repeat_no_other() -> None:
    by_id = {one.id: one for one in parse_catalogue(read_catalogue())}
    repeats = [one for one in by_id.values() if one.duplicate_of]
    assert len(repeats) == 92
    assert [one.id for one in repeats if by_id[one.duplicate_of].duplicate_of] == []


def test_only_tiers_that_are_owed_have_a_milestone() -> None:
    rules = parse_catalogue(read_catalogue())
    assert {one.tier for one in rules if one.milestone} == {"1", "2", "3", "L"}
    assert {one.tier for one in rules if not one.milestone} == {"V", "X"}


def test_columns_are_found_by_name() -> None:
    row = 'MP-900,S,selection,2,where,lab,"one, two",25 h,page.md,inferred,MP-003,why\n'
    (one,) = parse_catalogue(HEADER + row)
    assert one == CatalogueRule(
        "MP-900", "selection", "2", "where", "one, two", "25 h", "page.md", "inferred", "MP-003", "S", "lab", "why"
    )


def test_a_rule_that_asks_for_no_test_says_so() -> None:
    no_test, unit_test = parse_catalogue(f"{HEADER}A-01,,,,,none,,,,,,\nA-02,,,,,unit,,,,,,\n")
    assert not no_test.owes_test
    assert unit_test.owes_test


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "lacks the column 'id'"),
        (HEADER.replace("milestone", "issue"), "lacks the column 'milestone'"),
        (HEADER + "MP-900,S\n", "it has 2 columns"),
        (HEADER + "," * 11 + "\n", "its id is empty"),
        (HEADER + "MP-900," + "x" * 200_000 + "\n", "it is no CSV"),
    ],
)
def test_a_catalogue_that_cannot_be_one_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        parse_catalogue(text)


def test_packaged_shown_rules_are_written_as_they_are_read() -> None:
    text = read_shown()
    assert build_shown(parse_shown(text).values()) == text


def test_shown_rules_are_written_sorted_and_one_a_line() -> None:
    text = build_shown(
        [
            Shown("MP-003", ("b.py:g", "a.py:f", "b.py:g"), ()),
            Shown("DN-004", (), ("tests/b.py::t", "tests/a.py::t")),
            Shown("AD-001"),
        ]
    )
    assert text == (
        '{"rule": "DN-004", "code": [], "tests": ["tests/a.py::t", "tests/b.py::t"]}\n'
        '{"rule": "MP-003", "code": ["a.py:f", "b.py:g"], "tests": []}\n'
    )
    assert parse_shown(text)["MP-003"] == Shown("MP-003", ("a.py:f", "b.py:g"), ())


@pytest.mark.parametrize(
    "line", ["MP-003", "3", "[]", '{"rule": "MP-003"}', '{"rule": "A-01", "code": [], "tests": []}\n' * 2]
)
def test_shown_rules_that_cannot_be_read_are_refused(line: str) -> None:
    with pytest.raises(InvalidValueError, match="line of shown rules"):
        parse_shown(line)


def test_a_rule_is_shown_by_its_tests_or_by_those_of_the_rule_it_repeats() -> None:
    shown = {"MP-001": Shown("MP-001", tests=("t",)), "MP-002": Shown("MP-002", code=("a.py:f",))}
    assert is_shown(rule("MP-001"), shown)
    assert is_shown(rule("MP-009", repeats="MP-001"), shown)
    assert not is_shown(rule("MP-002"), shown)
    assert not is_shown(rule("MP-009", repeats="MP-002"), shown)
    assert not is_shown(rule("MP-009"), shown)


def test_repeating_a_rule_does_not_show_the_rule_itself() -> None:
    shown = {"MP-009": Shown("MP-009", tests=("t",))}
    assert is_shown(rule("MP-009", repeats="MP-001"), shown)
    assert not is_shown(rule("MP-001"), shown)


def test_areas_are_counted_by_tier_and_milestone() -> None:
    rules = [
        rule("DN-001"),
        rule("DN-002", repeats="DN-001"),
        rule("DN-003"),
        rule("DN-004", "L"),
        rule("DN-005", milestone="where"),
        rule("DN-006", "V", milestone=""),
        rule("DN-007", "X", milestone=""),
        rule("WN-001", "3", milestone="release", area="wins"),
    ]
    shown = {id_: Shown(id_, tests=("t",)) for id_ in ("DN-001", "DN-004", "DN-005", "DN-006", "DN-007")}
    dns, wins = summarise_areas(rules, shown, milestones=["locate"])
    assert dns == AreaSummary(
        area="dns",
        tiers=(Tally("1", 3, 2), Tally("2", 0, 0), Tally("3", 0, 0), Tally("L", 1, 1)),
        elsewhere=1,
        modelled=Tally("V", 1, 1),
        out_of_scope=1,
    )
    assert (dns.rules, dns.shown) == (4, 3)
    assert (wins.area, wins.rules, wins.elsewhere) == ("wins", 0, 1)


def test_without_a_milestone_every_owed_rule_counts() -> None:
    (dns,) = summarise_areas([rule("DN-001"), rule("DN-002", milestone="where")], {})
    assert (dns.rules, dns.shown, dns.elsewhere) == (2, 0, 0)
