"""Which sources devices may use: the bar by kind, as the planning of sources asks for it."""

import pytest

from cmclient.model.content import (
    ContentId,
    ContentKind,
    ContentLocations,
    ContentReference,
    ContentSite,
    ContentUrl,
    LocationRecord,
)
from cmclient.model.facts import ClientKind, Membership, NetworkFacts, NetworkLocation
from cmclient.model.messages import MpSite, SiteLocality
from cmclient.model.names import HostName, SiteCode
from cmclient.model.sources import ContentSource, SourcePlan, SourceTier
from cmclient.protocol.elements import parse_web_address
from cmclient.rules.choose import SeededChooser
from cmclient.rules.device_sources import find_kind_bar
from cmclient.rules.source_client import SourceClient, wanted_options
from cmclient.rules.sources import plan_sources

ABC, XYZ = SiteCode("ABC"), SiteCode("XYZ")
MAC, MOBILE, MDM = ClientKind.MAC, ClientKind.MOBILE, ClientKind.MDM
INTRANET, INTERNET = NetworkLocation.INTRANET, NetworkLocation.INTERNET


def client(kind: ClientKind, where: NetworkLocation = INTRANET) -> SourceClient:
    return SourceClient(NetworkFacts(client_kind=kind, network_location=where), assigned_site=ABC)


def record(*schemes: str, locality: str = "LOCAL") -> LocationRecord:
    ways = tuple(ContentUrl(*parse_web_address(f"{one}://dp.a.test/x")) for one in schemes)
    return LocationRecord(ways, server=HostName("dp.a.test"), locality=locality)


def plan(asker: SourceClient, *records: LocationRecord, site: SiteCode = ABC) -> SourcePlan:
    said = ContentLocations((ContentSite(MpSite(site, site, SiteLocality.LOCAL), records),))
    content = ContentReference(ContentId("ABC00001"))
    return plan_sources(content, said, asker, chooser=SeededChooser(1), bar=find_kind_bar)


def used(found: SourcePlan) -> list[str]:
    return [str(way) for one in found.ranked for way in one.source.addresses]


def rules(found: SourcePlan) -> list[str]:
    return [one.reasons[0].rule for one in found.rejected]


@pytest.mark.parametrize(
    ("kind", "where", "site", "rule"),
    [
        pytest.param(ClientKind.WINDOWS, INTRANET, XYZ, None, id="Windows, of another site"),
        pytest.param(MOBILE, INTERNET, ABC, "CI-027", marks=pytest.mark.rule("CI-027"), id="mobile: none"),
        pytest.param(MDM, INTRANET, ABC, None, marks=pytest.mark.rule("MD-004"), id="mdm, at home"),
        pytest.param(MDM, INTERNET, ABC, "MD-004", marks=pytest.mark.rule("MD-004"), id="mdm, away"),
        pytest.param(MAC, INTERNET, ABC, None, marks=pytest.mark.rule("MC-002"), id="Mac"),
        pytest.param(MAC, INTERNET, XYZ, "MC-002", marks=pytest.mark.rule("MC-002"), id="Mac, of another site"),
        pytest.param(ClientKind.LEGACY_MOBILE, INTRANET, XYZ, None, marks=pytest.mark.rule("CI-028"), id="legacy"),
    ],
)
def test_source__by_kind_place_and_site(
    kind: ClientKind, where: NetworkLocation, site: SiteCode, rule: str | None
) -> None:
    found = plan(client(kind, where), record("https"), site=site)
    assert (used(found), rules(found)) == ((["https://dp.a.test/x"], []) if rule is None else ([], [rule]))


@pytest.mark.rule("MD-003")
@pytest.mark.parametrize("kind", [MDM, MAC])
def test_source__an_enrolled_device_uses_https_alone(kind: ClientKind) -> None:
    both = plan(client(kind), record("http", "https"))
    assert used(both) == ["https://dp.a.test/x"]
    assert rules(plan(client(kind), record("http"))) == ["MD-003"]
    assert len(used(plan(client(ClientKind.WINDOWS), record("http", "https")))) == 2


@pytest.mark.rule("CF-033")
@pytest.mark.parametrize("kind", ClientKind)
def test_source__peers_are_for_windows_computers_in_a_domain_or_not(kind: ClientKind) -> None:
    one = client(kind)
    barred = [] if kind is ClientKind.WINDOWS else ["CF-033"]
    for membership in (Membership.DOMAIN, Membership.WORKGROUP):
        asking = one._replace(facts=one.facts._replace(membership=membership), has_account=True)
        assert rules(plan(asking, record("https", locality="PEER"))) == barred
        assert wanted_options(asking, ContentKind.PACKAGE, allow_peers=True).peers is not bool(barred)


@pytest.mark.rule("CI-027")
def test_source__to_install_a_mac_uses_none_and_later_it_does() -> None:
    (one,) = plan(client(MAC), record("https")).ranked
    assert find_kind_bar(one.source, client(MAC)) is None
    bar = find_kind_bar(one.source, client(MAC), is_installing=True)
    assert bar is not None
    assert bar.rule == "CI-027"


def test_source__without_addresses__is_judged_by_what_is_known() -> None:
    nothing = ContentSource(SourceTier.DP_IN_GROUP, (), None, ABC)
    assert find_kind_bar(nothing, client(MDM)) is None
