"""Which site a client is assigned to: the tables of the modules, with a case on each side."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from cmclient.model.assignment import (
    AssignmentDecision,
    AssignmentHow,
    AssignmentOutcome,
    AssignmentWish,
    KnownSite,
    SiteAnswer,
    SiteMatch,
    SiteSource,
)
from cmclient.model.decision import Candidate, Origin, Policy, Purpose, Reason, SourceKind, Verdict
from cmclient.model.endpoints import ManagementPoint, SiteKind
from cmclient.model.facts import Membership, NetworkFacts, NetworkLocation
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.assignment import decide_assignment, find_root_key_bar
from cmclient.rules.choose import SeededChooser
from cmclient.rules.deployment_states import ASSIGNMENT_STATES, ASSIGNMENT_TOPIC
from cmclient.rules.roaming import judge_roaming
from cmclient.rules.select import select_management_point

ABC, XYZ, OLD = SiteCode("ABC"), SiteCode("XYZ"), SiteCode("OLD")
INTRANET, INTERNET, UNKNOWN = NetworkLocation.INTRANET, NetworkLocation.INTERNET, NetworkLocation.UNKNOWN
AUTO = AssignmentWish(is_auto=True)
SEEDS = range(40)


def directory(*matches: SiteMatch, addresses: Sequence[str] = (), answered: bool = True) -> SiteAnswer:
    reason = Reason("SA-004", "asked first")
    return SiteAnswer(SiteSource.DIRECTORY, answered, reason, matches, tuple(addresses))


def management_point(*matches: SiteMatch, answered: bool = True) -> SiteAnswer:
    return SiteAnswer(SiteSource.MANAGEMENT_POINT, answered, Reason("SA-005", "asked then"), matches)


def in_site(site: SiteCode, address: str = "") -> SiteMatch:
    return SiteMatch(site, "AD site Berlin", address)


def decide(
    wish: AssignmentWish = AUTO,
    *answers: SiteAnswer,
    known: Sequence[KnownSite] = (),
    location: NetworkLocation = INTRANET,
    seed: int = 1,
    was_verified: bool = False,
) -> AssignmentDecision:
    sites = {one.code: one for one in known}
    return decide_assignment(wish, location, answers, sites, chooser=SeededChooser(seed), was_verified=was_verified)


def rules_of(decision: AssignmentDecision) -> list[str]:
    return [reason.rule for reason in decision.reasons]


def states_of(decision: AssignmentDecision) -> list[int]:
    return [state.id for state in decision.states]


# --- which way ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-002", "SA-003", "SA-012", "SA-024")
@pytest.mark.parametrize(
    ("wish", "site", "how", "rule"),
    [
        pytest.param(AssignmentWish(given=XYZ), XYZ, AssignmentHow.GIVEN, "SA-002", id="given, whatever holds it"),
        pytest.param(AssignmentWish(given=XYZ, kept=OLD), XYZ, AssignmentHow.GIVEN, "SA-002", id="given in its place"),
        pytest.param(AssignmentWish(), ABC, AssignmentHow.BOUNDARY, "SA-003", id="nothing given: automatic"),
        pytest.param(AUTO, ABC, AssignmentHow.BOUNDARY, "SA-003", id="AUTO: automatic"),
        pytest.param(AssignmentWish(kept=OLD), OLD, AssignmentHow.KEPT, "SA-012", id="kept though it moved"),
        pytest.param(AssignmentWish(kept=OLD, is_auto=True), OLD, AssignmentHow.KEPT, "SA-012", id="AUTO: kept too"),
        pytest.param(
            AssignmentWish(kept=OLD, is_auto=True, reassigns=True),
            OLD,
            AssignmentHow.KEPT,
            "SA-012",
            id="SITEREASSIGN without an upgrade: kept",
        ),
        pytest.param(
            AssignmentWish(kept=OLD, is_auto=True, is_upgrade=True),
            OLD,
            AssignmentHow.KEPT,
            "SA-024",
            id="upgrade with AUTO alone: kept",
        ),
        pytest.param(
            AssignmentWish(kept=OLD, is_upgrade=True, reassigns=True),
            OLD,
            AssignmentHow.KEPT,
            "SA-012",
            id="upgrade with SITEREASSIGN and without AUTO: kept",
        ),
        pytest.param(
            AssignmentWish(kept=OLD, is_auto=True, is_upgrade=True, reassigns=True),
            ABC,
            AssignmentHow.BOUNDARY,
            "SA-024",
            id="upgrade with AUTO and SITEREASSIGN: automatic",
        ),
    ],
)
def test_way(wish: AssignmentWish, site: SiteCode, how: AssignmentHow, rule: str) -> None:
    decision = decide(wish, directory(in_site(ABC)))
    assert (decision.site, decision.how, decision.outcome) == (site, how, AssignmentOutcome.ASSIGNED)
    assert rule in rules_of(decision)


@pytest.mark.rule("SA-012")
def test_kept__although_there_is_a_fallback_site__and_nothing_is_reported() -> None:
    fallback = SiteMatch(XYZ, "fallback site", is_fallback=True)
    decision = decide(AssignmentWish(kept=OLD), directory(fallback))
    assert (decision.site, decision.states) == (OLD, ())
    assert decide(AssignmentWish(), directory(fallback)).site == XYZ


@pytest.mark.rule("SA-011", "NET-013", "NET-012")
@pytest.mark.parametrize(("location", "assigned"), [(INTRANET, True), (UNKNOWN, True), (INTERNET, False)], ids=str)
def test_automatic__not_on_the_internet(location: NetworkLocation, assigned: bool) -> None:  # noqa: FBT001
    decision = decide(AUTO, directory(in_site(ABC)), location=location)
    assert (decision.outcome is AssignmentOutcome.ASSIGNED) is assigned
    if not assigned:
        assert (decision.outcome, decision.reason.rule) == (AssignmentOutcome.REFUSED, "NET-013")
        assert (states_of(decision), decision.retry_seconds) == ([500, 606], None)
    assert decide(AssignmentWish(given=XYZ), location=location).site == XYZ, "directly is always possible"
    assert decide(AssignmentWish(kept=XYZ), location=location).site == XYZ


@pytest.mark.rule("SA-011")
@pytest.mark.parametrize(
    ("wish", "location", "matches", "refused_by"),
    [
        pytest.param(AUTO._replace(kept=OLD), INTRANET, [in_site(ABC)], "SA-011", id="assigned already"),
        pytest.param(AUTO, INTERNET, [in_site(ABC)], "NET-013", id="on the internet"),
        pytest.param(AUTO, INTRANET, [], "CF-009", id="nothing holds it and no fallback"),
        pytest.param(AUTO, INTRANET, [in_site(ABC)], None, id="none of the three"),
    ],
)
def test_automatic__three_conditions_against_it(
    wish: AssignmentWish, location: NetworkLocation, matches: list[SiteMatch], refused_by: str | None
) -> None:
    decision = decide(wish, directory(*matches), location=location)
    assert (decision.how is AssignmentHow.BOUNDARY) is (refused_by is None)
    assert refused_by is None or refused_by in rules_of(decision)


@pytest.mark.rule("SA-023")
def test_auto_and_an_internet_management_point__are_refused_together() -> None:
    cmg = HostName("cmg.example.test")
    decision = decide(AUTO._replace(internet_mp=cmg), directory(in_site(ABC)))
    assert (decision.site, decision.reason.rule) == (None, "SA-023")
    assert decide(AssignmentWish(given=ABC, internet_mp=cmg)).site == ABC
    assert decide(AUTO, directory(in_site(ABC))).site == ABC


# --- which source ------------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-004")
def test_directory_first__then_a_management_point() -> None:
    said = management_point(in_site(XYZ))
    assert decide(AUTO, directory(in_site(ABC)), said).site == ABC
    assert decide(AUTO, directory(), said).site == XYZ


@pytest.mark.rule("SA-005")
def test_directory_not_asked__a_management_point_decides() -> None:
    decision = decide(AUTO, directory(answered=False), management_point(in_site(XYZ)))
    assert (decision.site, decision.candidates[0].source) == (XYZ, SiteSource.MANAGEMENT_POINT)
    assert decide(AUTO, directory(answered=False)).outcome is AssignmentOutcome.NOT_ASKED


@pytest.mark.rule("SA-006")
def test_boundary__gives_its_site_and_nothing_else_does() -> None:
    decision = decide(AUTO, directory(in_site(ABC)))
    assert (decision.site, decision.reason.rule, states_of(decision)) == (ABC, "SA-006", [500, 700])
    assert decide(AUTO, directory()).site is None


@pytest.mark.rule("SA-007")
def test_fallback_site__only_where_nothing_holds_the_client() -> None:
    fallback = SiteMatch(XYZ, "fallback site of the hierarchy", is_fallback=True)
    alone = decide(AUTO, management_point(fallback))
    assert (alone.site, alone.how, alone.reason.rule) == (XYZ, AssignmentHow.FALLBACK, "SA-007")
    held = decide(AUTO, management_point(in_site(ABC), fallback))
    assert (held.site, held.how) == (ABC, AssignmentHow.BOUNDARY)
    newer = AUTO._replace(client_build=9200)
    refused = decide(newer, management_point(in_site(ABC), fallback), known=[KnownSite(ABC, build=9106)])
    assert refused.site is None, "something holds the client, though it may not go there"


@pytest.mark.rule("SA-008", "CF-009", "SA-015")
@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((directory(),), AssignmentOutcome.NOT_FOUND),
        ((directory(answered=False), management_point(answered=False)), AssignmentOutcome.NOT_ASKED),
        ((), AssignmentOutcome.NOT_ASKED),
    ],
    ids=["nothing holds it", "nobody answered", "nobody was asked"],
)
def test_nobody__is_tried_again_in_ten_minutes_and_unmanaged_until_then(
    answers: tuple[SiteAnswer, ...], outcome: AssignmentOutcome
) -> None:
    decision = decide(AUTO, *answers)
    assert (decision.outcome, decision.retry_seconds, states_of(decision)) == (outcome, 600.0, [500, 606])
    assert [reason.rule for reason in decision.next] == ["SA-015", "SA-008"]
    found = decide(AUTO, directory(in_site(ABC)))
    assert (found.retry_seconds, "SA-015" in [reason.rule for reason in found.next]) == (None, False)


@pytest.mark.rule("SA-026")
def test_root_key__from_whoever_answers_first__is_no_ground_for_assignment() -> None:
    assert find_root_key_bar(AUTO, directory_answered=False) is not None
    assert find_root_key_bar(AUTO, directory_answered=True) is None
    for why in ("given with the installation", "certificates"):
        assert find_root_key_bar(AUTO._replace(root_key=why), directory_answered=False) is None
    silent = management_point(answered=False)
    assert decide(AUTO, directory(answered=False), silent).outcome is AssignmentOutcome.NOT_ASKED
    barred = silent._replace(is_barred=True)
    assert decide(AUTO, directory(answered=False), barred).outcome is AssignmentOutcome.REFUSED


# --- which of several --------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-009")
def test_overlap__one_of_the_sites_is_drawn_and_the_others_are_named() -> None:
    answer = directory(in_site(ABC), in_site(XYZ))
    decisions = [decide(AUTO, answer, seed=seed) for seed in SEEDS]
    assert {decision.site for decision in decisions} == {ABC, XYZ}
    for decision in decisions:
        assert decision.reason.rule == "SA-009"
        assert "ABC, XYZ" in decision.reason.text
        assert [one.verdict for one in decision.candidates] == [Verdict.RANKED] * 2
        assert decision.site == decision.candidates[0].site
    assert "SA-009" not in rules_of(decide(AUTO, directory(in_site(ABC), in_site(ABC, "10.1.2.3"))))


@pytest.mark.rule("SA-010")
def test_several_addresses__one_is_drawn_and_the_others_do_not_count() -> None:
    near, far = "10.1.2.3", "10.7.7.7"
    answer = directory(in_site(ABC, near), in_site(XYZ, far), addresses=(near, far))
    decisions = [decide(AUTO, answer, seed=seed) for seed in SEEDS]
    assert {(decision.address, decision.site) for decision in decisions} == {(near, ABC), (far, XYZ)}
    for decision in decisions:
        (other,) = [one for one in decision.candidates if one.site != decision.site]
        assert (other.verdict, other.reasons[-1].rule) == (Verdict.REJECTED, "SA-010")
    single = decide(AUTO, directory(in_site(ABC, near), addresses=(near,)))
    assert (single.site, "SA-010" in rules_of(single)) == (ABC, False)


@pytest.mark.rule("SA-010")
def test_address_drawn__that_no_boundary_holds__finds_no_site_this_time() -> None:
    answer = directory(in_site(ABC, "10.1.2.3"), addresses=("10.1.2.3", "10.7.7.7"))
    decisions = [decide(AUTO, answer, seed=seed) for seed in SEEDS]
    assert {decision.site for decision in decisions} == {ABC, None}
    for decision in decisions:
        assert decision.site == (ABC if decision.address == "10.1.2.3" else None)
        assert decision.retry_seconds == (None if decision.site else 600.0)
        assert "SA-010" in rules_of(decision)


@pytest.mark.rule("SA-007", "SA-010")
def test_address_drawn__that_no_boundary_holds__falls_back_by_that_address_alone() -> None:
    spare = SiteMatch(XYZ, "fallback site", is_fallback=True)
    answer = directory(in_site(ABC, "10.0.0.1"), spare, addresses=("10.0.0.1", "10.0.0.2"))
    told = {}
    for seed in SEEDS:
        decision = decide(AUTO, answer, seed=seed)
        told[decision.address] = (decision.site, decision.how, decision.reason.text)
    assert told["10.0.0.1"][:2] == (ABC, AssignmentHow.BOUNDARY)
    site, how, text = told["10.0.0.2"]
    assert (site, how) == (XYZ, AssignmentHow.FALLBACK)
    assert "by the address drawn, 10.0.0.2, nothing holds the client" in text
    nowhere = decide(AUTO, directory(spare, addresses=("10.0.0.1", "10.0.0.2")))
    assert nowhere.reason.text == "assigned site XYZ: nothing holds the client, and it is the fallback site"


@pytest.mark.rule("SA-007", "SA-010")
def test_fallback_site__that_holds_another_address_too__is_named_once() -> None:
    spare = SiteMatch(XYZ, "fallback site", is_fallback=True)
    answer = directory(in_site(XYZ, "10.0.0.1"), spare, addresses=("10.0.0.1", "10.0.0.2"))
    ways = {}
    for seed in SEEDS:
        decision = decide(AUTO, answer, seed=seed)
        assert [(one.site, one.verdict) for one in decision.candidates] == [(XYZ, Verdict.RANKED)]
        ways[decision.address] = decision.how
    assert ways == {"10.0.0.1": AssignmentHow.BOUNDARY, "10.0.0.2": AssignmentHow.FALLBACK}


@pytest.mark.rule("SA-006")
def test_boundary__counts_by_the_address_that_it_holds() -> None:
    both = directory(in_site(ABC, "10.0.0.1"), in_site(XYZ, "10.0.0.2"), addresses=("10.0.0.1", "10.0.0.2"))
    sites = {(decision.address, decision.site) for decision in (decide(AUTO, both, seed=seed) for seed in SEEDS)}
    assert sites == {("10.0.0.1", ABC), ("10.0.0.2", XYZ)}


@pytest.mark.rule("SA-003")
@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (AUTO, "automatic assignment: SMSSITECODE=AUTO"),
        (AssignmentWish(), "automatic assignment: no site code is given"),
        (AssignmentWish(given=XYZ), None),
        (AssignmentWish(given=XYZ, is_auto=True), None),
    ],
)
def test_automatic__with_auto_and_without_a_code__and_not_with_one(wish: AssignmentWish, why: str | None) -> None:
    decision = decide(wish, directory(in_site(ABC)))
    assert [reason.text for reason in decision.reasons if reason.rule == "SA-003"] == ([why] if why else [])
    assert decision.site == (ABC if why else XYZ)


def test_ad_site__counts_whatever_address_is_drawn() -> None:
    answer = directory(in_site(ABC), in_site(XYZ, "10.1.2.3"), addresses=("10.1.2.3", "10.7.7.7"))
    assert {decide(AUTO, answer, seed=seed).site for seed in SEEDS} == {ABC, XYZ}
    fixed = [decide(AUTO, answer, seed=seed) for seed in SEEDS]
    assert {one.site for one in fixed if one.address == "10.7.7.7"} == {ABC}


# --- what the site is --------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-001", "SA-014")
@pytest.mark.parametrize(
    ("site", "rule"),
    [
        pytest.param(KnownSite(ABC, SiteKind.SECONDARY), "SA-001", id="secondary"),
        pytest.param(KnownSite(ABC, SiteKind.CENTRAL), "SA-001", id="central administration site"),
        pytest.param(KnownSite(ABC, exists=False), "SA-014", id="none"),
        pytest.param(KnownSite(ABC, SiteKind.PRIMARY, exists=True), None, id="primary"),
        pytest.param(KnownSite(ABC), None, id="nobody knows"),
    ],
)
@pytest.mark.parametrize("wish", [AssignmentWish(given=ABC), AUTO], ids=["given", "automatic"])
def test_site__must_exist_and_be_primary(site: KnownSite, rule: str | None, wish: AssignmentWish) -> None:
    decision = decide(wish, directory(in_site(ABC)), known=[site])
    if rule is None:
        assert (decision.site, states_of(decision)) == (ABC, [500, 700])
        return
    assert (decision.site, decision.outcome, decision.reason.rule) == (None, AssignmentOutcome.REFUSED, rule)
    assert states_of(decision) == [500, 602]
    assert decision.next[0].rule == "SA-015"


def test_automatic__a_site_that_is_none__leaves_the_others() -> None:
    decision = decide(AUTO, directory(in_site(ABC), in_site(XYZ)), known=[KnownSite(ABC, exists=False)])
    assert (decision.site, decision.reason.rule) == (XYZ, "SA-006")
    assert [(one.site, one.verdict) for one in decision.candidates] == [
        (XYZ, Verdict.RANKED),
        (ABC, Verdict.REJECTED),
    ]


@pytest.mark.rule("SA-019", "SA-017")
def test_newer_client__is_refused_until_the_versions_fit() -> None:
    wish = AssignmentWish(given=ABC, client_build=9142)
    for build, assigned in ((9141, False), (9142, True), (9143, True)):
        decision = decide(wish, known=[KnownSite(ABC, build=build, source=SiteSource.DIRECTORY)])
        assert (decision.site == ABC) is assigned
        assert states_of(decision) == [500, 700 if assigned else 607]
        assert ("SA-017" in [reason.rule for reason in decision.next]) is not assigned


@pytest.mark.rule("SA-016", "SA-017")
@pytest.mark.parametrize("wish", [AssignmentWish(given=ABC), AUTO], ids=["given", "automatic"])
def test_version_that_nobody_told__fails_once_it_was_asked_for(wish: AssignmentWish) -> None:
    answer = directory(in_site(ABC))
    assert decide(wish, answer).site == ABC
    asked = decide(wish, answer, was_verified=True)
    assert (asked.site, asked.outcome, states_of(asked)) == (None, AssignmentOutcome.NOT_ASKED, [500, 608])
    assert asked.retry_seconds == 600.0
    known = [KnownSite(ABC, build=9141, source=SiteSource.DIRECTORY)]
    assert decide(wish, answer, known=known, was_verified=True).site == ABC


@pytest.mark.rule("SA-022")
def test_overlap_of_generations__a_client_of_the_present_one_looks_for_its_own() -> None:
    builds = [KnownSite(ABC, build=7958), KnownSite(XYZ, build=9106)]
    wish = AUTO._replace(client_build=9106)
    directory_says = directory(in_site(ABC), in_site(XYZ))
    assert {decide(wish, directory_says, known=builds, seed=seed).site for seed in SEEDS} == {XYZ}
    by_mp = decide(wish, directory(in_site(ABC)), management_point(in_site(XYZ)), known=builds)
    assert (by_mp.site, by_mp.candidates[0].source) == (XYZ, SiteSource.MANAGEMENT_POINT)
    both_fail = decide(wish, directory(in_site(ABC)), management_point(in_site(ABC)), known=builds)
    assert (both_fail.site, both_fail.reason.rule) == (None, "SA-022")
    older = AUTO._replace(client_build=7958)
    assert {decide(older, directory_says, known=builds, seed=seed).site for seed in SEEDS} == {ABC, XYZ}


# --- afterwards --------------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-030")
def test_after_assignment__a_management_point_then_site_settings_then_client_settings() -> None:
    for wish in (AssignmentWish(given=ABC), AssignmentWish(kept=ABC)):
        steps = [reason.text for reason in decide(wish).next if reason.rule == "SA-030"]
        assert ["management point" in steps[0], "settings of the site" in steps[1], "client settings" in steps[2]] == [
            True
        ] * 3
    assert not [reason for reason in decide(AUTO, directory()).next if reason.rule == "SA-030"]


@pytest.mark.rule("SA-036", "FS-025")
def test_states__are_those_of_the_table(vectors: Path) -> None:
    rows = [line.split(",", 2) for line in (vectors / "samples/fsp-state-ids.csv").read_text("utf-8").splitlines()[1:]]
    table = {int(state): words for topic, state, words in rows if int(topic) == ASSIGNMENT_TOPIC and int(state) >= 500}
    assert table == ASSIGNMENT_STATES


@pytest.mark.rule("SA-037", "SA-038", "NET-012")
@pytest.mark.parametrize(
    ("membership", "location", "visited", "rule", "says"),
    [
        (Membership.WORKGROUP, INTRANET, [XYZ], "SA-037", "cannot roam"),
        (Membership.DOMAIN, INTRANET, [XYZ], "SA-038", "visiting XYZ"),
        (Membership.DOMAIN, INTRANET, [ABC], "SA-038", "not visiting"),
        (Membership.DOMAIN, INTERNET, [XYZ], "NET-012", "does not roam"),
    ],
)
def test_roaming__not_of_workgroup_clients(
    membership: Membership, location: NetworkLocation, visited: list[SiteCode], rule: str, says: str
) -> None:
    reason = judge_roaming(NetworkFacts(membership=membership, network_location=location), ABC, visited)
    assert reason.rule == rule
    assert says in reason.text


@pytest.mark.rule("SA-038")
@pytest.mark.parametrize(
    ("purpose", "ranked"),
    [(Purpose.LOCATION, {"here.test", "home.test"}), (Purpose.POLICY, {"home.test"})],
)
def test_roaming__location_requests_may_go_to_the_visited_site_and_policy_may_not(
    purpose: Purpose, ranked: set[str]
) -> None:
    points = [ManagementPoint(HostName("here.test"), XYZ), ManagementPoint(HostName("home.test"), ABC)]
    candidates = [Candidate(mp, (Origin(SourceKind.STORED_LIST),)) for mp in points]
    facts = NetworkFacts(network_location=INTRANET)
    policy = Policy(assigned_site=ABC, local_sites=(XYZ,), purpose=purpose)
    decision = select_management_point(candidates, facts, policy, chooser=SeededChooser(1))
    assert {one.name for one in decision.ranked} == ranked
    assert purpose is not Purpose.LOCATION or decision.ranked[0].name == "here.test"
