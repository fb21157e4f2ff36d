"""CM 2007 as people met and described it: cases of the collection, by number, decided by the rules here."""

import pytest

from cmclient.model.decision import Candidate, Origin, Policy, Purpose, SourceKind
from cmclient.model.endpoints import ManagementPoint, SiteKind
from cmclient.model.facts import Membership, NetworkFacts, NetworkLocation
from cmclient.model.legacy import DefaultKind, LegacyDistributionPoint, LegacyPolicy, ProfileName, SiteMode
from cmclient.model.messages import SiteLocality
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.choose import SeededChooser
from cmclient.rules.legacy_assignment import assign_legacy_site
from cmclient.rules.legacy_content import LegacyPlace, find_content_sources
from cmclient.rules.legacy_sources import find_legacy_bar, legacy_stages
from cmclient.rules.mplist import find_directory_bar
from cmclient.rules.select import select_management_point

PRI, SEC, OTH = SiteCode("PRI"), SiteCode("SEC"), SiteCode("OTH")
SLP = HostName("slp.corp.test")
INTRANET = NetworkFacts(network_location=NetworkLocation.INTRANET)
CLIENT = Policy(assigned_site=PRI, profile=ProfileName.CM07, legacy=LegacyPolicy())


@pytest.mark.rule("L7-032")
def test_072__order_of_the_methods() -> None:
    looked_up = {SourceKind.DIRECTORY, SourceKind.DNS, SourceKind.LOCATOR_POINT, SourceKind.WINS}
    order = [turn.source for stage in legacy_stages(has_stored_list=False) for turn in stage]
    assert [one.value for one in order if one in looked_up] == ["directory", "dns", "locator-point", "wins"]


def test_072__workgroup_client__has_no_directory() -> None:
    workgroup = INTRANET._replace(membership=Membership.WORKGROUP)
    assert find_directory_bar(workgroup) is not None
    assert find_legacy_bar(SourceKind.DNS, workgroup, CLIENT) is None


@pytest.mark.rule("L7-012")
def test_109__load_balanced_one__is_not_published_in_dns() -> None:
    cluster = CLIENT._replace(legacy=LegacyPolicy(default_kind=DefaultKind.CLUSTER))
    assert find_legacy_bar(SourceKind.DNS, INTRANET, cluster) is not None


@pytest.mark.rule("L7-038")
@pytest.mark.parametrize(
    ("in_directory", "locator_point", "on_internet", "assigned"),
    [
        pytest.param(True, None, False, True, id="site publishes, same forest"),
        pytest.param(False, SLP, False, True, id="locator point found or given"),
        pytest.param(False, None, False, False, id="neither"),
        pytest.param(False, None, True, True, id="internet-only: direct assignment"),
    ],
)
def test_112__assignment(
    in_directory: bool,  # noqa: FBT001
    locator_point: HostName | None,
    on_internet: bool,  # noqa: FBT001
    assigned: bool,  # noqa: FBT001
) -> None:
    decision = assign_legacy_site(
        given=PRI,
        kept=None,
        matches=(),
        builds={PRI: 6487} if in_directory else {},
        client_build=6487,
        location=NetworkLocation.INTERNET if on_internet else NetworkLocation.INTRANET,
        locator_point=locator_point,
    )
    assert (decision.site == PRI) is assigned


DEFAULT = ManagementPoint(HostName("default.corp.test"), PRI, is_default=True)
PROXY = ManagementPoint(HostName("proxy.corp.test"), SEC, SiteKind.SECONDARY, PRI, is_default=True)
RESIDENT = ManagementPoint(HostName("resident.corp.test"), OTH, is_default=True)


@pytest.mark.rule("L7-003", "L7-005", "L7-022")
@pytest.mark.parametrize(
    ("local_sites", "found", "asked"),
    [
        pytest.param((PRI,), (DEFAULT, PROXY, RESIDENT), [DEFAULT], id="in the assigned site"),
        pytest.param((SEC,), (DEFAULT, PROXY, RESIDENT), [PROXY, DEFAULT], id="in its secondary site with a proxy"),
        pytest.param((SEC,), (DEFAULT, RESIDENT), [DEFAULT], id="in its secondary site without one"),
        pytest.param((OTH,), (DEFAULT, PROXY, RESIDENT), [RESIDENT, DEFAULT], id="in another site, directory readable"),
        pytest.param((), (DEFAULT, PROXY, RESIDENT), [DEFAULT], id="in a lower site, directory not readable"),
    ],
)
def test_113__which_one_gets_the_content_question(
    local_sites: tuple[SiteCode, ...], found: tuple[ManagementPoint, ...], asked: list[ManagementPoint]
) -> None:
    policy = CLIENT._replace(purpose=Purpose.LOCATION, local_sites=local_sites)
    named = [Candidate(one, (Origin(SourceKind.DIRECTORY, "dc1"),)) for one in found]
    decision = select_management_point(named, INTRANET, policy, chooser=SeededChooser(1))
    assert [one.name for one in decision.ranked] == [one.host for one in asked]


def dp(host: str, site: SiteCode, *protected_by: str) -> LegacyDistributionPoint:
    return LegacyDistributionPoint(HostName(host), site, protected_by or None)


HOME = LegacyPlace(("home",), ((PRI, SiteLocality.LOCAL),))
AWAY = LegacyPlace(("away",), ((OTH, SiteLocality.LOCAL),))


@pytest.mark.rule("L7-019", "L7-021", "L7-022", "L7-023")
@pytest.mark.parametrize(
    ("points", "place", "given"),
    [
        pytest.param([dp("here", OTH), dp("home", PRI)], AWAY, ["here"], id="073, 136: the resident list is not empty"),
        pytest.param([dp("home", PRI)], AWAY, ["home"], id="073, 136: it is empty, so the assigned site"),
        pytest.param([dp("third", SEC)], AWAY, [], id="136: never a third site"),
        pytest.param([dp("open", PRI), dp("near", PRI, "home")], HOME, ["near"], id="136: protected ones first, alone"),
        pytest.param([dp("far", PRI, "x")], HOME, [], id="137: all protected, the client in none"),
        pytest.param([dp("far", PRI, "x")], AWAY, [], id="137: roaming, all of the assigned site protected"),
    ],
)
def test_content__sites_and_protection(
    points: list[LegacyDistributionPoint], place: LegacyPlace, given: list[str]
) -> None:
    assert [point.host for point, _ in find_content_sources(points, place, assigned_site=PRI).given] == given


@pytest.mark.rule("L7-021")
def test_137__the_failure_names_protection_and_not_distribution() -> None:
    failed = find_content_sources([dp("far", PRI, "x")], HOME, assigned_site=PRI)
    missing = find_content_sources([], HOME, assigned_site=PRI)
    assert "protected" in failed.reason.text
    assert "protected" not in missing.reason.text


@pytest.mark.rule("L7-035")
def test_111__internet_client__looks_up_neither_site_nor_management_point() -> None:
    away = INTRANET._replace(network_location=NetworkLocation.INTERNET)
    native = CLIENT._replace(legacy=LegacyPolicy(SiteMode.NATIVE))
    bars = [find_legacy_bar(source, away, native) for source in SourceKind]
    assert {bar.rule for bar in bars if bar} == {"L7-035"}
    assert sum(bar is not None for bar in bars) == 4
