"""What each log case says of our rules: they agree, they differ, or the case does not show enough."""

import csv
from pathlib import Path

import pytest
from logcases import Case, read_cases
from rulemarks import require_record

from cmclient.adapters.packagedata import read_catalogue, read_codes, read_explanations, read_shown
from cmclient.model.decision import Candidate, Decision, Origin, Policy, SourceKind
from cmclient.model.endpoints import Audience, ManagementPoint, Protocols
from cmclient.model.facts import NetworkFacts, NetworkLocation
from cmclient.model.names import HostName
from cmclient.rules.catalogue import is_shown, parse_catalogue, parse_shown
from cmclient.rules.choose import SeededChooser
from cmclient.rules.codes import parse_codes
from cmclient.rules.logdecisions import parse_explanations
from cmclient.rules.select import select_management_point
from cmclient.rules.software_update_points import ScanHistory, UpdatePoint, choose_update_point
from cmclient.story import LogFile, tell_story

FOLDER = Path(__file__).parents[1] / "vectors" / "logs"
DIFFERENCES = Path(__file__).parents[2] / "docs" / "differences.md"
CASES = read_cases(FOLDER, "log", "report", "rule")
with (FOLDER / "checks.csv").open(encoding="utf-8", newline="") as file:
    EXPECTED = {int(row["case"]): row for row in csv.DictReader(file)}
RULES = {rule.id: rule for rule in parse_catalogue(read_catalogue())}
CODES = parse_codes(read_codes())
EXPLANATIONS = parse_explanations(read_explanations())
OPEN_RULES: set[str] = set()
"""Rules that cases restate and no test shows yet; every other one has to be shown."""


def checked(case: Case) -> list[str]:
    story = tell_story([[LogFile(case.name, [case.log])]], codes=CODES, explanations=EXPLANATIONS)
    return [f"{check.topic.value} {check.finding.outcome.value.removesuffix(' in the log')}" for check in story.checks]


def outcome_of(checks: list[str]) -> str:
    """Of a case as a whole: a difference before everything, then an agreement."""
    outcomes = {check.partition(" ")[2] for check in checks}
    return next((one for one in ("differs", "agrees", "not enough") if one in outcomes), "no choice")


def test_the_table_has_every_case() -> None:
    assert [case.number for case in CASES] == list(EXPECTED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_checked_as_the_table_says(case: Case) -> None:
    expected = EXPECTED[case.number]
    found = checked(case)
    assert "; ".join(found) == expected["checks"]
    if case.notes["evidence"] == "log":
        assert outcome_of(found) == expected["outcome"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_outcome_says_what_it_rests_on(case: Case) -> None:
    expected = EXPECTED[case.number]
    rules, why = expected["rules"].split(), expected["why"]
    assert set(rules) <= RULES.keys()
    match case.notes["evidence"], expected["outcome"]:
        case "log", _:
            assert not rules
        case "report", "agrees" | "differs":
            assert rules
            assert why
        case "report", "not enough" | "no choice":
            assert why
        case "rule", "documented":
            assert rules
        case "rule", "nothing to decide":
            assert why
        case other:
            pytest.fail(f"{other} is no outcome")


def test_every_difference_is_explained_in_the_documentation() -> None:
    text = DIFFERENCES.read_text("utf-8")
    differing = [number for number, row in EXPECTED.items() if row["outcome"] == "differs"]
    assert differing
    assert [number for number in differing if f"(case {number:03})" not in text] == []


def test_rules_that_cases_restate_are_shown(request: pytest.FixtureRequest) -> None:
    require_record(request.config)
    shown = parse_shown(read_shown())
    named = {rule for row in EXPECTED.values() for rule in row["rules"].split()}
    assert {rule for rule in named if not is_shown(RULES[rule], shown)} - OPEN_RULES == set()


# --- reports: what people saw, tried on our rules -------------------------------------------------------------------


def select(*points: ManagementPoint, location: NetworkLocation, can_use_https: bool = False) -> Decision:
    candidates = [Candidate(point, (Origin(SourceKind.STORED_LIST),)) for point in points]
    policy = Policy(can_use_https=can_use_https)
    return select_management_point(
        candidates, NetworkFacts(network_location=location), policy, chooser=SeededChooser(0)
    )


def names(decision: Decision) -> list[str]:
    return [one.name for one in decision.ranked]


INSIDE = ManagementPoint(HostName("mp1.corp.test"), audience=Audience.INTRANET, protocols=Protocols.BOTH)
GATEWAY = ManagementPoint(HostName("cmg.corp.test"), audience=Audience.INTERNET, protocols=Protocols.HTTPS)


def test_041_where_the_client_is_decides_whichever_candidates_there_are() -> None:
    assert names(select(INSIDE, GATEWAY, location=NetworkLocation.INTERNET, can_use_https=True)) == ["cmg.corp.test"]
    assert names(select(INSIDE, GATEWAY, location=NetworkLocation.INTRANET, can_use_https=True)) == ["mp1.corp.test"]


def test_067_a_client_without_a_certificate_has_none_where_all_take_https_only() -> None:
    strict = INSIDE._replace(protocols=Protocols.HTTPS)
    decision = select(strict, location=NetworkLocation.INTRANET)
    assert names(decision) == []
    assert "ML-034" in decision.rejected[0].rules
    assert names(select(strict, location=NetworkLocation.INTRANET, can_use_https=True)) == ["mp1.corp.test"]


@pytest.mark.parametrize(("named", "chosen"), [("x", "x"), ("y", "y")])
def test_047_an_update_point_is_kept_while_it_is_named(named: str, chosen: str) -> None:
    point = UpdatePoint(HostName(named))
    assert choose_update_point(ScanHistory(HostName("x")), [point], [point], now=0.0).host == chosen
