"""CM 2007, assignment: a version that was compared, the first match, slow boundaries, and the mode of a site."""

from collections.abc import Mapping

import pytest

from cmclient.model.assignment import AssignmentDecision, AssignmentOutcome
from cmclient.model.decision import Candidate, Origin, SourceKind, Verdict
from cmclient.model.directory import PublishedRange, PublishedSite
from cmclient.model.endpoints import ManagementPoint, Protocols
from cmclient.model.facts import Adapter, NetworkFacts, NetworkLocation, parse_address
from cmclient.model.legacy import SiteMode
from cmclient.model.names import AdSiteName, HostName, SiteCode
from cmclient.rules.legacy_assignment import (
    LEGACY_BUILD,
    assign_legacy_site,
    find_mode,
    find_remote_sites,
    match_in_order,
    site_builds,
)
from cmclient.rules.published import PublishedMatch

ABC, XYZ = SiteCode("ABC"), SiteCode("XYZ")
SLP = HostName("slp.corp.test")
FACTS = NetworkFacts(
    ad_site=AdSiteName("Berlin"), adapters=(Adapter("eth0", addresses=(parse_address("10.1.2.3/24"),)),)
)


def match(site: str) -> PublishedMatch:
    return PublishedMatch(SiteCode(site), SiteCode(site), "AD site Berlin")


def assign(
    given: SiteCode | None = None,
    *matches: PublishedMatch,
    kept: SiteCode | None = None,
    builds: Mapping[SiteCode, int | None] = {},
    location: NetworkLocation = NetworkLocation.INTRANET,
    locator_point: HostName | None = None,
) -> AssignmentDecision:
    return assign_legacy_site(
        given=given,
        kept=kept,
        matches=matches,
        builds=builds,
        client_build=6221,
        location=location,
        locator_point=locator_point,
    )


@pytest.mark.rule("L7-038")
@pytest.mark.parametrize(
    ("builds", "locator_point", "site", "state"),
    [
        pytest.param({}, None, None, 608, id="neither knows the version"),
        pytest.param({XYZ: 6221}, None, None, 608, id="the directory knows other sites only"),
        pytest.param({ABC: 6221}, None, ABC, 700, id="the directory has it, the same"),
        pytest.param({ABC: 6487}, None, ABC, 700, id="the directory has it, newer"),
        pytest.param({ABC: 5931}, None, None, 607, id="the directory has it, older than the client"),
        pytest.param({ABC: None}, None, ABC, 700, id="the directory has the site, and no version of it"),
        pytest.param({}, SLP, ABC, 700, id="there is a locator point"),
        pytest.param({ABC: 5931}, SLP, None, 607, id="what the directory says counts"),
    ],
)
def test_given_site__needs_the_directory_or_a_locator_point(
    builds: Mapping[SiteCode, int | None], locator_point: HostName | None, site: SiteCode | None, state: int
) -> None:
    decision = assign(ABC, builds=builds, locator_point=locator_point)
    assert decision.site == site
    assert decision.reason.rule == "L7-038"
    assert [one.id for one in decision.states] == [500, state]


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        pytest.param(assign(kept=ABC), ["ABC ranked store SA-012"], id="kept"),
        pytest.param(assign(ABC, builds={ABC: 6221}), ["ABC ranked settings L7-038"], id="given"),
        pytest.param(assign(ABC, builds={ABC: 5931}), ["ABC rejected settings L7-038"], id="given, and too old"),
        pytest.param(assign(ABC, location=NetworkLocation.INTERNET), ["ABC ranked settings L7-035"], id="internet"),
        pytest.param(assign(location=NetworkLocation.INTERNET), [], id="internet, nothing given"),
        pytest.param(assign(None), [], id="no match"),
        pytest.param(
            assign(None, match("OLD"), match("XYZ"), match("ABC"), match("XYZ"), builds={SiteCode("OLD"): 5931}),
            ["XYZ ranked directory L7-038", "ABC ranked directory L7-038", "OLD rejected directory L7-038"],
            id="the first that will do, another one, and one that is too old",
        ),
    ],
)
def test_candidates__are_every_site_that_was_considered(decision: AssignmentDecision, told: list[str]) -> None:
    found = decision.candidates
    assert [f"{one.site} {one.verdict.value} {one.source.value} {one.reasons[-1].rule}" for one in found] == told
    assert decision.site == (found[0].site if found and found[0].verdict is Verdict.RANKED else None)
    assert [one.state for one in found if one.verdict is Verdict.REJECTED] == [607] * sum("rejected" in t for t in told)


def test_no_version__says_what_to_do() -> None:
    decision = assign(ABC)
    assert decision.outcome is AssignmentOutcome.NOT_ASKED
    assert "cm07_locator_point" in decision.reason.text


@pytest.mark.parametrize(("given", "site"), [(None, ABC), (ABC, ABC), (XYZ, None)])
def test_assigned_before__is_kept_without_a_look_and_another_one_is_compared(
    given: SiteCode | None, site: SiteCode | None
) -> None:
    decision = assign(given, kept=ABC)
    assert decision.site == site
    assert decision.reason.rule == ("L7-038" if site is None else "SA-012")


@pytest.mark.rule("L7-035")
def test_internet_client__is_assigned_by_hand_and_compares_nothing() -> None:
    assert assign(ABC, location=NetworkLocation.INTERNET).site == ABC
    decision = assign(None, match("ABC"), builds={ABC: 6487}, location=NetworkLocation.INTERNET)
    assert (decision.site, decision.reason.rule) == (None, "L7-035")


# The log of case 003: client 4.00.6221.1000, site 4.00.6221.0000, two sites published for the AD site.
@pytest.mark.parametrize(
    ("builds", "site"),
    [
        pytest.param({SiteCode("P04"): 6221, SiteCode("P01"): 6221}, "P04", id="both will do: the first"),
        pytest.param({SiteCode("P04"): 5931, SiteCode("P01"): 6221}, "P01", id="the first is older than the client"),
        pytest.param({SiteCode("P04"): 5931, SiteCode("P01"): 5931}, None, id="both are"),
    ],
)
def test_overlap__the_first_that_will_do_and_it_is_told(
    builds: Mapping[SiteCode, int | None], site: str | None
) -> None:
    decision = assign(None, match("P04"), match("P01"), builds=builds)
    assert decision.site == site
    if site:
        assert "P04, P01" in decision.reason.text


def test_one_match__is_no_overlap_and_none_is_no_site() -> None:
    assert "those of" not in assign(None, match("P04")).reason.text
    decision = assign()
    assert (decision.site, decision.outcome) == (None, AssignmentOutcome.NOT_FOUND)
    assert [one.id for one in decision.states] == [500, 606]


def test_matches__stand_in_the_order_of_the_answer() -> None:
    sites = [
        PublishedSite(SiteCode("P04"), boundaries=("Berlin",)),
        PublishedSite(SiteCode("P01"), boundaries=("Berlin",)),
    ]
    assert [one.site for one in match_in_order(FACTS, sites, ())] == ["P04", "P01"]
    assert [one.site for one in match_in_order(FACTS, reversed(sites), ())] == ["P01", "P04"]
    low = int.from_bytes(bytes([10, 1, 2, 1]))
    span = PublishedRange(SiteCode("P00"), low, low + 9)
    assert [one.site for one in match_in_order(FACTS, sites, (span,))] == ["P04", "P01", "P00"]


@pytest.mark.rule("L7-047")
@pytest.mark.parametrize(
    ("slow", "remote"),
    [
        pytest.param([], [], id="all fast"),
        pytest.param(["BERLIN"], ["XYZ"], id="its only boundary is slow"),
        pytest.param(["10.1.2.0"], [], id="another of its boundaries is fast"),
        pytest.param(["berlin", "10.1.2.0", "10.1.2.1-10.1.2.9"], ["ABC", "XYZ"], id="all of them are"),
        pytest.param(["Paris"], [], id="one that does not hold the client"),
    ],
)
def test_remote_sites__hold_the_client_by_slow_boundaries_only(slow: list[str], remote: list[str]) -> None:
    sites = [PublishedSite(ABC, boundaries=("10.1.2.0",)), PublishedSite(XYZ, boundaries=("Berlin",))]
    low = int.from_bytes(bytes([10, 1, 2, 1]))
    assert find_remote_sites(FACTS, sites, [PublishedRange(ABC, low, low + 8)], slow) == tuple(remote)


def point(protocols: Protocols, source: SourceKind = SourceKind.DIRECTORY, **fields: object) -> Candidate:
    known = {"site_code": ABC, "protocols": protocols, **fields}
    return Candidate(ManagementPoint(HostName("mp1.corp.test"), **known), (Origin(source, "x"),))  # type: ignore[arg-type]


@pytest.mark.rule("L7-025", "L7-027")
@pytest.mark.parametrize(
    ("points", "given", "able", "mode"),
    [
        pytest.param([point(Protocols.HTTP)], None, True, SiteMode.MIXED, id="the directory: HTTP"),
        pytest.param([point(Protocols.HTTPS)], None, False, SiteMode.NATIVE, id="the directory: HTTPS"),
        pytest.param([point(Protocols.UNKNOWN, https_only_site=True)], None, False, SiteMode.NATIVE, id="its settings"),
        pytest.param([point(Protocols.HTTPS)], SiteMode.MIXED, False, SiteMode.MIXED, id="set by hand"),
        pytest.param(
            [point(Protocols.HTTPS, SourceKind.DNS), point(Protocols.HTTP)], None, False, SiteMode.MIXED, id="both"
        ),
        pytest.param([point(Protocols.HTTPS, SourceKind.DNS)], None, False, SiteMode.NATIVE, id="DNS: port 443"),
        pytest.param([point(Protocols.HTTP, SourceKind.DNS)], None, False, SiteMode.MIXED, id="DNS: port 80"),
        pytest.param([point(Protocols.HTTP, SourceKind.DNS)], None, True, SiteMode.NATIVE, id="DNS takes nothing away"),
        pytest.param([point(Protocols.HTTPS, site_code=XYZ)], None, False, SiteMode.MIXED, id="another site"),
        pytest.param([point(Protocols.UNKNOWN)], None, True, SiteMode.NATIVE, id="nobody, set for HTTPS"),
        pytest.param([point(Protocols.BOTH)], None, False, SiteMode.MIXED, id="nobody, not set for HTTPS"),
    ],
)
def test_mode__by_hand_by_the_directory_by_dns_by_the_client(
    points: list[Candidate],
    given: SiteMode | None,
    able: bool,  # noqa: FBT001
    mode: SiteMode,
) -> None:
    assert find_mode(given, points, ABC, can_use_https=able)[0] is mode


def test_builds__are_of_the_sites_in_the_directory() -> None:
    points = [point(Protocols.HTTP, build=6221), point(Protocols.HTTP, SourceKind.DNS, site_code=XYZ, build=6221)]
    points += [point(Protocols.HTTP), point(Protocols.HTTP, site_code=None, build=1)]
    assert site_builds([PublishedSite(SiteCode("SEC"))], points) == {"SEC": None, "ABC": 6221}
    assert LEGACY_BUILD == 6487
