"""The sources of client setup in their order: distribution points, the management point, folders."""

import pytest

from cmclient.model.client_setup import SetupPlan, SetupSearch
from cmclient.model.content import ContentLocations, ContentSite, ContentUrl, LocationRecord
from cmclient.model.decision import Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.facts import ClientKind, NetworkFacts, NetworkLocation
from cmclient.model.messages import MpSite, SiteLocality
from cmclient.model.names import GatewayPath, HostName, SiteCode
from cmclient.model.sources import SourcePlan, SourceTier
from cmclient.protocol.elements import parse_web_address
from cmclient.rules.choose import SeededChooser
from cmclient.rules.setup_sources import plan_folders, plan_setup_sources
from cmclient.rules.source_client import SourceClient

P01 = SiteCode("P01")
HTTP_POINT = Endpoint(Scheme.HTTP, HostName("mp1.a.test"), 80)
HTTPS_POINT = Endpoint(Scheme.HTTPS, HostName("mp1.a.test"), 443)
GATEWAY = Endpoint(Scheme.HTTPS, HostName("gw.a.test"), 443, GatewayPath("/CCM_Proxy_MutualAuth/7205"))
CLIENT = SourceClient(NetworkFacts(network_location=NetworkLocation.INTRANET))
SEARCH = SetupPlan(SetupSearch.GIVEN_THEN_DISCOVER, (), (r"\\files\client", "/media"), 600.0, 86_400.0)
FOUR_HOURS = 4 * 3600.0


def record(server: str, locality: str, scheme: str = "http") -> LocationRecord:
    way = ContentUrl(*parse_web_address(f"{scheme}://{server}/SMS_DP_SMSPKG$/P0100002"))
    return LocationRecord((way,), server=HostName(server), locality=locality)


def plan(*records: LocationRecord, point: Endpoint = HTTP_POINT, client: SourceClient = CLIENT) -> SourcePlan:
    site = ContentSite(MpSite(P01, P01, SiteLocality.LOCAL), records)
    return plan_setup_sources(ContentLocations((site,)), point, client, SEARCH, chooser=SeededChooser(1))


def order(found: SourcePlan) -> list[tuple[SourceTier, float]]:
    return [(one.source.tier, one.opens_after) for one in found.ranked]


@pytest.mark.rule("CI-012")
def test_every_boundary_group_is_open_at_once() -> None:
    found = plan(record("far.a.test", "FALLBACK"), record("next.a.test", "REMOTE"), record("near.a.test", "LOCAL"))
    assert order(found)[:3] == [
        (SourceTier.DP_IN_GROUP, 0.0),
        (SourceTier.NEIGHBOUR_DP, 0.0),
        (SourceTier.DEFAULT_GROUP_DP, 0.0),
    ]


@pytest.mark.rule("CI-009", "CI-010")
@pytest.mark.parametrize(
    ("records", "opens_after", "rule"),
    [((), 0.0, "CI-009"), ((record("near.a.test", "LOCAL"),), FOUR_HOURS, "CI-010")],
    ids=["no distribution point", "one"],
)
def test_the_management_point_itself_comes_after_distribution_points(
    records: tuple[LocationRecord, ...], opens_after: float, rule: str
) -> None:
    found = plan(*records)
    (point,) = [one for one in found.ranked if one.source.tier is SourceTier.MANAGEMENT_POINT]
    assert (point.opens_after, point.reasons[0].rule) == (opens_after, rule)
    assert [str(one) for one in point.source.addresses] == ["http://mp1.a.test/CCM_Client"]
    assert found.ranked.index(point) == len(records)


@pytest.mark.rule("CI-014")
@pytest.mark.parametrize(
    ("point", "cloud", "allowed", "opening"),
    [
        (GATEWAY, "CLOUD", True, (FOUR_HOURS, "CI-014")),
        (GATEWAY, "CLOUD", False, (0.0, "CI-009")),
        (GATEWAY, "LOCAL", True, (FOUR_HOURS, "CI-010")),
        (HTTPS_POINT, "CLOUD", True, (FOUR_HOURS, "CI-010")),
    ],
    ids=["its content is tried first", "cloud is not allowed", "a distribution point", "no gateway"],
)
def test_a_gateway_stands_in_when_its_content_gave_nothing_for_four_hours(
    point: Endpoint,
    cloud: str,
    allowed: bool,  # noqa: FBT001
    opening: tuple[float, str],
) -> None:
    found = plan(record("gw.a.test", cloud), point=point, client=CLIENT._replace(may_use_cloud=allowed))
    (last,) = [one for one in found.ranked if one.source.tier is SourceTier.MANAGEMENT_POINT]
    assert (last.opens_after, last.reasons[0].rule) == opening
    assert [str(one) for one in last.source.addresses] == [f"{point}/CCM_Client"]


@pytest.mark.rule("CI-027", "CI-028")
@pytest.mark.parametrize(("kind", "first"), [(ClientKind.MAC, "mp1.a.test"), (ClientKind.LEGACY_MOBILE, "dp.a.test")])
def test_some_devices_are_installed_by_the_management_point_alone(kind: ClientKind, first: str) -> None:
    device = CLIENT._replace(facts=CLIENT.facts._replace(client_kind=kind))
    found = plan(record("dp.a.test", "LOCAL", "https"), point=HTTPS_POINT, client=device)
    assert found.ranked[0].source.server == first
    assert [one.reasons[0].rule for one in found.rejected] == ([] if first == "dp.a.test" else ["CI-027"])


@pytest.mark.rule("CI-004")
def test_folders_come_last_in_their_order() -> None:
    found = plan(record("near.a.test", "LOCAL"))
    assert [one.source.addresses[0].path for one in found.ranked[-2:]] == [r"\\files\client", "/media"]
    assert order(found)[-1] == (SourceTier.SOURCE_PATH, FOUR_HOURS)
    assert {one.reasons[0].rule for one in found.ranked[-2:]} == {"CI-004"}


@pytest.mark.rule("CI-002", "CI-003", "CI-005", "CI-006")
def test_folders_alone_are_there_from_the_begin_on_each_behind_the_one_before() -> None:
    found = plan_folders(SEARCH, Reason("CI-002", "folders were given"))
    assert order(found) == [(SourceTier.SOURCE_PATH, 0.0)] * 2
    assert [one.source.addresses[0].path for one in found.ranked] == [r"\\files\client", "/media"]
    assert {one.source.addresses[0].endpoint for one in found.ranked} == {None}


@pytest.mark.rule("CI-018")
@pytest.mark.parametrize(
    ("point", "may_use_http", "is_used"),
    [(HTTP_POINT, True, True), (HTTP_POINT, False, False), (HTTPS_POINT, False, True)],
)
def test_a_management_point_over_http_is_used_only_where_http_is_allowed(
    point: Endpoint, *, may_use_http: bool, is_used: bool
) -> None:
    found = plan(point=point, client=CLIENT._replace(may_use_http=may_use_http))
    assert (SourceTier.MANAGEMENT_POINT in [one.source.tier for one in found.ranked]) is is_used
    assert [one.reasons[0].rule for one in found.rejected] == ([] if is_used else ["CI-018"])


def test_peers_are_no_source_of_client_setup() -> None:
    peer = record("pc.a.test", "SUBNETPEER")
    found = plan(peer)
    assert [one.source.server for one in found.rejected] == ["pc.a.test"]


def test_a_failed_source_is_asked_again_as_the_line_says() -> None:
    assert plan().retry == 600.0
