"""Clients on the internet, on both networks, and at gateways: who is asked, and what a failure does not mean."""

import pytest
from world import CORP, JOINED, World

from cmclient.errors import (
    CmClientError,
    NoEligibleManagementPointError,
    NoManagementPointFoundError,
    NoReachableManagementPointError,
    ServerCertificateError,
    TlsError,
    TrustRefusedError,
)
from cmclient.model.decision import Candidate, Location, Origin, SourceKind
from cmclient.model.endpoints import Audience, InternetAddress, ManagementPoint, Protocols
from cmclient.model.facts import NetworkLocation
from cmclient.model.http import HttpReply
from cmclient.model.names import GatewayPath, HostName, SiteCode
from cmclient.protocol.mplist import build_mp_list

PATH = GatewayPath("/CCM_Proxy_MutualAuth/72057594037937937")
GW1 = ManagementPoint(HostName("gw1.example.net"), protocols=Protocols.HTTPS, audience=Audience.INTERNET, gateway=PATH)
GW2 = GW1._replace(host=HostName("gw2.example.net"))
MP1 = ManagementPoint(HostName("mp1.corp.test"), SiteCode("ABC"), protocols=Protocols.HTTPS)
HTTP_MP = MP1._replace(host=HostName("plain.corp.test"), protocols=Protocols.HTTP)


def url_of(gateway: ManagementPoint, query: str = "MPLIST2&ABC") -> str:
    return f"https://{gateway.host}{PATH}/SMS_MP/.sms_aut?{query}"


def address(gateway: ManagementPoint) -> str:
    return str(InternetAddress(gateway.host, gateway.gateway))


def away(*gateways: ManagementPoint, answers: bool = True) -> World:
    """A world in which the client is outside: no domain controller, and gateways that answer."""
    world = World()
    world.controller = None
    world.records.clear()
    for gateway in gateways if answers else ():
        world.answers[url_of(gateway)] = build_mp_list(gateways)
    return world


def at_home(listed: list[ManagementPoint], beyond: list[ManagementPoint]) -> World:
    world = World()
    world.serve(MP1, listed, {"ABC": listed})
    world.answers["https://mp1.corp.test/SMS_MP/.sms_aut?MPLIST2&ABC"] = build_mp_list(beyond)
    return world


def store(world: World, *mps: ManagementPoint) -> None:
    world.store.replace_mp_list([Candidate(mp, (Origin(SourceKind.STORED_LIST, "before"),)) for mp in mps])


def stored(world: World) -> set[HostName]:
    return {one.mp.host for one in world.store.load_mp_list()}


def fails(world: World, kind: type[CmClientError], **settings: object) -> Location:
    with pytest.raises(kind) as caught:
        world.locator(site_code="ABC", **settings).locate()  # type: ignore[arg-type]
    location = caught.value.location  # type: ignore[attr-defined]
    assert isinstance(location, Location)
    return location


# --- the address of the settings ------------------------------------------------------------------------------------


@pytest.mark.rule("CG-007", "CG-001")
def test_internet_only_client__its_gateway_and_nobody_else() -> None:
    world = away(GW1)
    location = world.locator(https=True, site_code="ABC", always_internet=True, internet_mp=address(GW1)).locate()
    assert str(location.endpoint) == f"https://{GW1.host}{PATH}"
    assert world.contacted() == [url_of(GW1)]
    assert world.asked == [f"GET {url_of(GW1)}"]


@pytest.mark.rule("CG-008", "CI-021")
def test_setup_line__the_gateway_of_the_property() -> None:
    world = away(GW1)
    line = f"/UsePKICert CCMHOSTNAME={address(GW1)} CCMALWAYSINF=1 SMSSITECODE=ABC"
    location = world.locator(https=True, setup_line=line).locate()
    assert location.management_point.gateway == PATH


@pytest.mark.rule("CG-008")
def test_installed_client__the_server_that_it_has_on_record__a_setting_replaces_or_clears_it() -> None:
    def installed() -> World:
        world = away(GW1, GW2)
        world.facts = JOINED._replace(internet_mp=InternetAddress(GW1.host, PATH), origins={"internet_mp": "registry"})
        return world

    for said, asked in (({}, GW1), ({"internet_mp": address(GW2)}, GW2)):
        world = installed()
        world.locator(https=True, site_code="ABC", always_internet=True, **said).locate()  # type: ignore[arg-type]
        assert world.contacted() == [url_of(asked)]
    fails(installed(), NoManagementPointFoundError, https=True, always_internet=True, internet_mp="")


@pytest.mark.rule("CG-002")
def test_without_a_certificate__rejected_and_nothing_is_sent() -> None:
    world = away(GW1)
    location = fails(world, NoEligibleManagementPointError, always_internet=True, internet_mp=address(GW1))
    assert [one.reasons[-1].rule for one in location.decision.rejected] == ["CG-002"]
    assert world.contacted() == []


# --- failures -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CG-036")
@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(403, id="403"),
        pytest.param(401, id="401"),
        pytest.param(500, id="500"),
        pytest.param(TlsError("no cipher in common", endpoint="x"), id="TLS"),
        pytest.param(ServerCertificateError("expired", endpoint="x"), id="certificate"),
    ],
)
@pytest.mark.parametrize("knows_where", [True, False])
def test_a_failing_gateway__the_next_one_is_tried_and_the_client_stays_on_the_internet(
    failure: int | CmClientError, *, knows_where: bool
) -> None:
    world = away(GW1, GW2)
    world.answers[url_of(GW1)] = failure
    store(world, GW1, GW2)
    where = {"network_location": "internet"} if knows_where else {}
    seeds = [world.locator(https=True, site_code="ABC", seed=seed, **where).locate() for seed in range(4)]  # type: ignore[arg-type]
    assert url_of(GW1) in world.contacted()
    for location in seeds:
        assert location.management_point.host == GW2.host
        assert location.facts.network_location is NetworkLocation.INTERNET


@pytest.mark.rule("CG-036")
@pytest.mark.parametrize(("status", "error"), [(403, TrustRefusedError), (503, NoReachableManagementPointError)])
def test_every_gateway_fails__never_on_the_intranet(status: int, error: type[CmClientError]) -> None:
    world = away(GW1)
    world.answers[url_of(GW1)] = HttpReply(status, b"", phrase="CMGConnector_Forbidden" if status == 403 else "")
    store(world, GW1)
    location = fails(world, error, https=True)
    assert location.facts.network_location is NetworkLocation.INTERNET
    (attempt,) = location.attempts
    assert (attempt.status, "connection point" in attempt.detail) == (status, True)
    assert ("CMGConnector_Forbidden" in attempt.detail) is (status == 403)


@pytest.mark.rule("CG-036")
def test_a_gateway_that_answers_proves_no_intranet() -> None:
    """Cloud sources are preferred, so it is asked while nobody knows where the client is."""
    world = away(GW1)
    world.answers[url_of(GW1, "MPLIST")] = build_mp_list([MP1])
    world.answers[url_of(GW1, "MPLIST1&ABC")] = build_mp_list([MP1], with_site_code=True)
    store(world, GW1)
    location = world.locator(https=True, site_code="ABC", prefer_cloud=True).locate()
    assert location.management_point.host == GW1.host
    assert location.facts.network_location is not NetworkLocation.INTRANET


# --- both networks --------------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-036", "CG-013")
def test_at_home__the_gateway_is_learned_and_used_when_away() -> None:
    world = at_home([MP1], [GW1])
    home = world.locator(https=True, site_code="ABC", management_points="https://mp1.corp.test").locate()
    assert (home.management_point.host, home.facts.network_location) == (MP1.host, NetworkLocation.INTRANET)
    assert stored(world) == {MP1.host, GW1.host}
    outside = away(GW1)
    outside.store = world.store
    gone = outside.locator(https=True, site_code="ABC", management_points="https://mp1.corp.test").locate()
    assert (gone.management_point.host, gone.facts.network_location) == (GW1.host, NetworkLocation.INTERNET)
    back = at_home([MP1], [GW1])
    back.store = world.store
    again = back.locator(https=True, site_code="ABC", management_points="https://mp1.corp.test").locate()
    assert again.management_point.host == MP1.host


@pytest.mark.rule("ML-036")
@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        pytest.param({"https": True}, True, id="can use it"),
        pytest.param({"https": True, "use_gateways": False}, False, id="is set to use none"),
        pytest.param({"https": True, "phase": "installing"}, False, id="is not installed yet"),
    ],
)
def test_at_home__who_is_out_there_is_asked_by_those_who_could_use_it(
    settings: dict[str, object], *, asks: bool
) -> None:
    world = at_home([MP1], [GW1])
    world.locator(site_code="ABC", management_points="https://mp1.corp.test", **settings).locate()  # type: ignore[arg-type]
    assert any("MPLIST2" in one for one in world.contacted()) is asks


@pytest.mark.rule("CG-001")
def test_at_home_over_http__nobody_is_believed_about_gateways() -> None:
    world = World()
    world.serve(HTTP_MP, [HTTP_MP, GW1], {"ABC": [HTTP_MP]})
    location = world.locator(https=True, site_code="ABC", management_points="plain.corp.test").locate()
    assert not any("MPLIST2" in one for one in world.contacted())
    assert stored(world) == {HTTP_MP.host}
    assert ("CG-001", GW1.host) in {(one.reasons[0].rule, one.name) for one in location.decision.rejected}


@pytest.mark.rule("ML-036")
@pytest.mark.parametrize(("said", "kept"), [(500, {MP1.host, GW1.host}), (build_mp_list([GW2]), {MP1.host, GW2.host})])
def test_at_home__known_gateways_stay_until_somebody_says_otherwise(said: int | bytes, kept: set[str]) -> None:
    world = at_home([MP1], [])
    world.answers["https://mp1.corp.test/SMS_MP/.sms_aut?MPLIST2&ABC"] = said
    store(world, MP1, GW1)
    world.locator(https=True, site_code="ABC").locate()
    assert stored(world) == kept


# --- the list to fall back to ---------------------------------------------------------------------------------------


@pytest.mark.rule("CG-009", "CG-010", "CG-011")
def test_nobody_on_record__the_list_is_read_after_the_intranet_was_tried() -> None:
    world = away(GW1)
    world.facts = JOINED._replace(fallback_gateways=(InternetAddress(GW1.host, PATH),))
    location = world.locator(https=True, site_code="ABC", management_points="https://mp1.corp.test").locate()
    assert location.management_point.host == GW1.host
    assert world.contacted()[0].startswith("https://mp1.corp.test/")
    asked = {report.source: report for report in location.sources}
    assert (asked[SourceKind.GATEWAY_LIST].rule, asked[SourceKind.GATEWAY_LIST].found) == ("CG-009", 1)
    assert stored(world) == {GW1.host}  # from now on it is on record


@pytest.mark.rule("CG-009")
def test_a_gateway_on_record__the_list_is_not_read() -> None:
    world = away(GW1)
    store(world, GW1)
    settings = {"fallback_gateways": address(GW2), "network_location": "internet"}
    world.answers[url_of(GW1)] = 500
    location = fails(world, NoReachableManagementPointError, https=True, **settings)
    asked = {report.source: report for report in location.sources}
    assert (asked[SourceKind.GATEWAY_LIST].asked, asked[SourceKind.GATEWAY_LIST].rule) == (False, "CG-009")
    assert world.contacted() == [url_of(GW1)]


@pytest.mark.rule("CG-011")
def test_at_home__the_list_is_not_read() -> None:
    world = World()  # its domain controller answers, and no management point does
    location = fails(
        world,
        NoReachableManagementPointError,
        https=True,
        management_points="https://mp1.corp.test",
        fallback_gateways=address(GW1),
    )
    assert location.facts.network_location is NetworkLocation.INTRANET
    assert not any(GW1.host in one for one in world.contacted())
    assert world.facts.domain == CORP


@pytest.mark.parametrize(
    ("https", "listed"),
    [pytest.param(False, address(GW1), id="no certificate"), pytest.param(True, "gw1.example.net", id="no path")],
)
def test_nobody_to_fall_back_to__what_was_tried_on_the_intranet_is_told(*, https: bool, listed: str) -> None:
    world = away()
    settings = {"management_points": "plain.corp.test", "fallback_gateways": listed}
    location = fails(world, NoReachableManagementPointError, https=https, **settings)
    assert [one.name for one in location.decision.ranked] == [HTTP_MP.host]


@pytest.mark.rule("CG-011")
def test_without_a_certificate__the_list_is_not_read() -> None:
    world = away(GW1)
    location = fails(world, NoManagementPointFoundError, network_location="internet", fallback_gateways=address(GW1))
    (report,) = [one for one in location.sources if one.source is SourceKind.GATEWAY_LIST]
    assert (report.asked, report.rule) == (False, "CG-011")
