"""A content location reply as a timeline: which source first, which not at all, which later."""

import re
from pathlib import Path

import pytest

from cmclient.model.content import (
    ClientBoundaryGroups,
    ContentId,
    ContentKind,
    ContentLocations,
    ContentReference,
    ContentSite,
    ContentUrl,
    LocationRecord,
)
from cmclient.model.decision import Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.facts import Adapter, Membership, NetworkFacts, NetworkLocation, parse_address
from cmclient.model.messages import MpSite, SiteLocality
from cmclient.model.names import HostName, SiteCode
from cmclient.model.sources import DeploymentOptions, SourceOrder, SourcePlan, SourceTier
from cmclient.protocol.content_replies import parse_content_location_reply
from cmclient.protocol.elements import parse_web_address
from cmclient.rules.choose import SeededChooser
from cmclient.rules.pools import PoolEntry
from cmclient.rules.source_client import SourceClient, wanted_options
from cmclient.rules.sources import plan_sources
from cmclient.rules.task_sequence_sources import find_fetcher

SAMPLES = Path(__file__).parent.parent / "vectors" / "samples"
P01 = SiteCode("P01")
PACKAGE = ContentReference(ContentId("P0100001"))
UPDATE = PACKAGE._replace(kind=ContentKind.UPDATE)
MINUTE = 60.0
FACTS = NetworkFacts(
    host=HostName("pc.a.test"),
    membership=Membership.DOMAIN,
    network_location=NetworkLocation.INTRANET,
    adapters=(Adapter("eth0", addresses=(parse_address("10.1.2.3/24"),)),),
)
CLIENT = SourceClient(FACTS)
INTERNET = CLIENT._replace(facts=FACTS._replace(network_location=NetworkLocation.INTERNET))
WORKGROUP = CLIENT._replace(facts=FACTS._replace(membership=Membership.WORKGROUP))
CLOUDY = CLIENT._replace(may_use_cloud=True)
SEQUENCE = CLIENT._replace(
    order=SourceOrder.TASK_SEQUENCE, deployment=DeploymentOptions(remote_dp=True, default_group_dp=True)
)


def record(server: str, locality: str = "LOCAL", *urls: str, **more: object) -> LocationRecord:
    """A source; over HTTP unless other addresses are given."""
    addresses = urls or (f"http://{server}/SMS_DP_SMSPKG$/P0100001",)
    ways = tuple(ContentUrl(*parse_web_address(url)) for url in addresses)
    return LocationRecord(ways, server=HostName(server), locality=locality, **more)  # type: ignore[arg-type]


def secure(server: str, locality: str = "LOCAL", **more: object) -> LocationRecord:
    return record(server, locality, f"https://{server}/SMS_DP_SMSPKG$/P0100001", **more)


def peer(server: str, locality: str = "SUBNETPEER") -> LocationRecord:
    return record(server, locality, f"https://{server}:8003/SCCM_BranchCache$/P0100001")


def cloud(server: str = "cmg.a.test", locality: str = "") -> LocationRecord:
    return secure(server, locality, dp_type="CLOUD")


def answer(*records: LocationRecord, near: SiteLocality = SiteLocality.LOCAL, **more: object) -> ContentLocations:
    return ContentLocations((ContentSite(MpSite(P01, P01, near), records),), **more)  # type: ignore[arg-type]


def plan(*records: LocationRecord, client: SourceClient = CLIENT, seed: int = 1, **more: object) -> SourcePlan:
    content = more.pop("content", PACKAGE)
    said = more.pop("said", answer(*records))
    return plan_sources(content, said, client, chooser=SeededChooser(seed), **more)  # type: ignore[arg-type]


def order(found: SourcePlan) -> list[str]:
    return [(one.source.server or one.source.tier.name).partition(".")[0] for one in found.ranked]


def refused(found: SourcePlan) -> dict[str, str]:
    return {(one.source.server or "").partition(".")[0]: one.reasons[0].rule for one in found.rejected}


ALL_TEN = (
    cloud(),
    record("default.a.test", "FALLBACK"),
    record("neighbour.a.test", "REMOTE"),
    record("near.a.test", "LOCAL"),
    peer("grouppeer.a.test", "PEER"),
    record("subnet.a.test", "SUBNET"),
    peer("subnetpeer.a.test"),
    record("pc.a.test", "LOCAL"),
)
TEN = ["pc", "subnetpeer", "subnet", "grouppeer", "near", "neighbour", "default", "WINDOWS_UPDATE", "cmg"]


# --- the ten tiers --------------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-002", "CL-003", "CL-004", "CL-005", "CL-006", "CL-007", "CL-008", "CL-009", "CL-011", "CL-015")
@pytest.mark.parametrize("turn", range(8))
def test_order__of_every_kind_whatever_the_order_of_the_answer(turn: int) -> None:
    allowed = CLOUDY._replace(deployment=DeploymentOptions(microsoft_update=True))
    found = plan(*ALL_TEN[turn:], *ALL_TEN[:turn], client=allowed, content=UPDATE)
    assert order(found) == TEN
    rules = [one.rules for one in found.ranked]
    by_place = ["CL-002", "CL-003", "CL-004", "CL-005", "CL-006", "CL-007", "CL-008", "CL-009", "CL-011"]
    assert all(rule in of_one for rule, of_one in zip(by_place, rules, strict=True))


@pytest.mark.rule("CL-010", "CL-018")
def test_order__on_the_internet__internet_facing_before_cloud_and_nothing_else() -> None:
    found = plan(cloud(), secure("face.a.test"), peer("near.a.test"), client=INTERNET._replace(may_use_cloud=True))
    assert order(found) == ["face", "cmg"]
    assert found.ranked[0].source.tier is SourceTier.INTERNET_DP
    assert refused(found) == {"near": "CL-018"}
    at_home = plan(secure("face.a.test"), peer("near.a.test"))
    assert order(at_home) == ["near", "face"], "and on the intranet peers are sources"


def test_order__an_ad_site_is_nearer_than_a_group_and_https_before_http() -> None:
    found = plan(record("plain.a.test"), secure("safe.a.test"), record("site.a.test", "ADSITE"))
    assert order(found) == ["site", "safe", "plain"]
    assert not any(one.is_tie for one in found.ranked)


@pytest.mark.rule("BG-008")
def test_order__equals_come_in_any_order_and_the_same_seed_gives_the_same() -> None:
    equals = [record(f"dp{number}.a.test") for number in range(4)]
    firsts = {order(plan(*equals, seed=seed))[0] for seed in range(60)}
    assert firsts == {"dp0", "dp1", "dp2", "dp3"}
    assert order(plan(*equals, seed=7)) == order(plan(*reversed(equals), seed=7))
    assert [one.is_tie for one in plan(*equals).ranked] == [False, True, True, True]


@pytest.mark.rule("CL-011")
@pytest.mark.parametrize(
    ("url", "is_cloud"),
    [
        ("https://cmg.own.test/downloadrestservice.svc/getcontentxmlsecure?pid=P0100001", True),
        ("https://cmg.own.test/SMS_DP_SMSPKG$/downloadrestservice.svc/", False),
    ],
)
def test_gateway_under_a_name_of_ones_own__is_a_cloud_source_by_its_path(url: str, is_cloud: bool) -> None:  # noqa: FBT001
    (one,) = plan(record("cmg.own.test", "LOCAL", url), client=CLOUDY).ranked
    assert (one.source.tier is SourceTier.CLOUD) is is_cloud


@pytest.mark.rule("CL-016")
def test_order__of_cloud_sources__is_chance_alone() -> None:
    several = [cloud(f"cmg{number}.a.test") for number in range(3)]
    assert {order(plan(*several, client=CLOUDY, seed=seed))[0] for seed in range(40)} == {"cmg0", "cmg1", "cmg2"}


@pytest.mark.rule("CL-046")
@pytest.mark.parametrize(
    ("locality", "subnets", "tier"),
    [
        ("", ("10.1.2.0",), SourceTier.DP_IN_SUBNET),
        ("", ("10.1.3.0",), SourceTier.DP_IN_GROUP),
        ("LOCAL", ("10.1.2.0",), SourceTier.DP_IN_GROUP),  # the word of the site counts
        ("SUBNET", ("10.1.3.0",), SourceTier.DP_IN_SUBNET),
        ("subnet", (), SourceTier.DP_IN_SUBNET),
        ("NOBODY KNOWS", ("10.1.2.0",), SourceTier.DP_IN_GROUP),
    ],
)
def test_subnet__by_the_word_of_the_site_and_by_addresses_only_without_one(
    locality: str, subnets: tuple[str, ...], tier: SourceTier
) -> None:
    (one,) = plan(record("dp.a.test", locality, ip_subnets=subnets)).ranked
    assert one.source.tier is tier


@pytest.mark.parametrize(
    ("near", "tier"),
    [
        (SiteLocality.LOCAL, SourceTier.DP_IN_GROUP),
        (SiteLocality.REMOTE, SourceTier.NEIGHBOUR_DP),
        (SiteLocality.FALLBACK, SourceTier.DEFAULT_GROUP_DP),
        (SiteLocality.UNKNOWN, SourceTier.DP_IN_GROUP),
    ],
)
def test_word__none_that_is_known__that_of_the_site_counts(near: SiteLocality, tier: SourceTier) -> None:
    (one,) = plan(said=answer(record("dp.a.test", "XYZ"), near=near)).ranked
    assert one.source.tier is tier
    assert "'XYZ' is not known" in one.reasons[1].text


# --- what options change --------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-013", "CL-012", "BG-053")
def test_prefer_distribution_points__places_two_and_three_swap_and_nothing_else() -> None:
    preferring = CLOUDY._replace(prefer_dps_over_peers=True)
    found = order(plan(*ALL_TEN, client=preferring))
    assert found == ["pc", "subnet", "subnetpeer", "grouppeer", "near", "neighbour", "default", "cmg"]
    assert order(plan(*ALL_TEN, client=CLOUDY))[1:3] == ["subnetpeer", "subnet"]


@pytest.mark.rule("CL-014", "CL-012", "BG-055", "CL-070")
def test_prefer_cloud__behind_the_own_computer_before_everything_else() -> None:
    client = CLOUDY._replace(deployment=DeploymentOptions(microsoft_update=True))
    found = order(plan(*ALL_TEN, client=client._replace(prefer_cloud=True), content=UPDATE))
    assert found[:4] == ["pc", "WINDOWS_UPDATE", "cmg", "subnetpeer"]
    assert order(plan(*ALL_TEN, client=client, content=UPDATE))[-1] == "cmg"


@pytest.mark.rule("CL-044", "CL-071")
def test_cloud__only_where_it_is_allowed_and_for_a_workgroup_client_too() -> None:
    assert refused(plan(cloud())) == {"cmg": "CL-044"}
    assert order(plan(cloud(), client=CLOUDY)) == ["cmg"]
    assert order(plan(cloud(), client=WORKGROUP._replace(may_use_cloud=True))) == ["cmg"]


# --- Microsoft Update -----------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-031")
@pytest.mark.parametrize(
    ("client", "said", "opens"),
    [
        (CLIENT, answer(), 120 * MINUTE),
        (CLIENT._replace(default_group_minutes=40), answer(), 40 * MINUTE),
        (CLIENT, answer(boundary_groups=ClientBoundaryGroups()), 0.0),  # in no group: the default one is at once
        (CLIENT, answer(record("default.a.test", "FALLBACK")), 0.0),
        (CLIENT._replace(prefer_cloud=True), answer(), 0.0),
    ],
    ids=["usual time", "known time", "in no group", "default group named", "cloud preferred"],
)
def test_microsoft_update__where_the_deployment_allows_it__after_every_group(
    client: SourceClient, said: ContentLocations, opens: float
) -> None:
    allowed = client._replace(deployment=DeploymentOptions(microsoft_update=True))
    found = plan(said=said, client=allowed, content=UPDATE)
    (update,) = [one for one in found.ranked if one.source.tier is SourceTier.WINDOWS_UPDATE]
    assert update.opens_after == opens
    assert plan(said=said, client=allowed).ranked == found.ranked[: len(found.ranked) - 1], "never for a package"


@pytest.mark.rule("NET-026", "CL-031")
def test_microsoft_update__not_allowed_by_the_deployment__never_but_for_internet_based_clients() -> None:
    for client in (CLIENT, INTERNET, CLIENT._replace(is_internet_based=True)):
        found = plan(client=client, content=UPDATE)
        assert order(found) == []
        assert found.notes[-1].rule == "NET-026"
        assert not wanted_options(client, ContentKind.UPDATE, allow_peers=True).microsoft_update
    allowed = INTERNET._replace(deployment=DeploymentOptions(microsoft_update=True))
    assert order(plan(client=allowed, content=UPDATE)) == ["WINDOWS_UPDATE"]


@pytest.mark.rule("NET-025")
def test_microsoft_update__first_for_an_internet_based_client_on_the_internet__and_no_cloud_storage() -> None:
    client = INTERNET._replace(is_internet_based=True, may_use_cloud=True)
    found = plan(cloud(), secure("face.a.test"), client=client, content=UPDATE)
    assert order(found) == ["WINDOWS_UPDATE", "face"]
    assert refused(found) == {"cmg": "NET-025"}
    assert order(plan(cloud(), secure("face.a.test"), client=client)) == ["face", "cmg"], "a package is no update"
    another = plan(cloud(), client=client._replace(is_internet_based=False), content=UPDATE)
    assert order(another) == ["cmg"]


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-019")
def test_http__not_on_the_internet() -> None:
    both = record("dp.a.test", "LOCAL", "http://dp.a.test/x", "https://dp.a.test/x")
    assert [str(way) for way in plan(both).ranked[0].source.addresses] == ["https://dp.a.test/x", "http://dp.a.test/x"]
    assert [str(way) for way in plan(both, client=INTERNET).ranked[0].source.addresses] == ["https://dp.a.test/x"]
    assert refused(plan(record("dp.a.test"), client=INTERNET)) == {"dp": "CL-019"}
    assert order(plan(record("dp.a.test"))) == ["dp"]
    assert not wanted_options(INTERNET, ContentKind.PACKAGE, allow_peers=True).http
    assert wanted_options(CLIENT, ContentKind.PACKAGE, allow_peers=True).http


@pytest.mark.rule("CL-020")
@pytest.mark.parametrize(
    ("client", "source", "is_used"),
    [
        (WORKGROUP, record("dp.a.test"), False),
        (WORKGROUP, secure("dp.a.test"), True),
        (WORKGROUP._replace(has_account=True), record("dp.a.test"), True),
        (WORKGROUP._replace(takes_tokens=True), record("dp.a.test"), False),
        (WORKGROUP._replace(takes_tokens=True), record("dp.a.test", auth_method=1024), True),
        (CLIENT, record("dp.a.test"), True),
    ],
    ids=["http", "https", "an account", "tokens without e-http", "e-http", "in a domain"],
)
def test_workgroup__needs_one_of_three(client: SourceClient, source: LocationRecord, is_used: bool) -> None:  # noqa: FBT001
    found = plan(source, client=client)
    assert (order(found), refused(found)) == ((["dp"], {}) if is_used else ([], {"dp": "CL-020"}))


@pytest.mark.rule("CL-021", "CL-022")
@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (CLIENT, ["https://dp/NOCERT_SMS_DP_SMSPKG$/x", "https://dp/SMS_DP_SMSPKG$/x", "http://dp/SMS_DP_SMSPKG$/x"]),
        (
            CLIENT._replace(has_certificate=True),
            ["https://dp/SMS_DP_SMSPKG$/x", "https://dp/NOCERT_SMS_DP_SMSPKG$/x", "http://dp/SMS_DP_SMSPKG$/x"],
        ),
        (CLIENT._replace(may_use_http=False), ["https://dp/NOCERT_SMS_DP_SMSPKG$/x", "https://dp/SMS_DP_SMSPKG$/x"]),
        (
            CLIENT._replace(has_certificate=True, takes_tokens=True, may_use_http=False),
            [
                "https://dp/SMS_DP_SMSPKG$/x",
                "https://dp/NOCERT_SMS_DP_SMSPKG$/x",
                "https://dp/CCMTOKENAUTH_SMS_DP_SMSPKG$/x",
            ],
        ),
        (
            CLIENT._replace(takes_tokens=True),
            [
                "https://dp/NOCERT_SMS_DP_SMSPKG$/x",
                "https://dp/SMS_DP_SMSPKG$/x",
                "http://dp/SMS_DP_SMSPKG$/x",
                "https://dp/CCMTOKENAUTH_SMS_DP_SMSPKG$/x",
            ],
        ),
    ],
    ids=["no certificate", "certificate", "no http", "tokens", "http before tokens"],
)
def test_addresses__in_the_order_in_which_the_client_can_prove_itself(
    client: SourceClient, expected: list[str]
) -> None:
    urls = ("http://dp/SMS_DP_SMSPKG$/x", "https://dp/CCMTOKENAUTH_SMS_DP_SMSPKG$/x", "https://dp/SMS_DP_SMSPKG$/x")
    (one,) = plan(record("dp", "LOCAL", *urls), client=client).ranked
    assert [str(way) for way in one.source.addresses] == expected
    assert any("access tokens" in reason.text for reason in one.reasons) is not client.takes_tokens


def test_tokens__of_one_server_are_level_with_http_of_another_and_behind_plain_https() -> None:
    client = CLIENT._replace(takes_tokens=True)
    token = record("a", "LOCAL", "https://a/CCMTOKENAUTH_SMS_DP_SMSPKG$/x")
    found = plan(token, record("b", "LOCAL", "http://b/SMS_DP_SMSPKG$/x"), secure("c", "LOCAL"), client=client).ranked
    assert (str(found[0].source.server), [one.is_tie for one in found]) == ("c", [False, False, True])


def test_share__last_and_only_when_shares_were_asked_for() -> None:
    source = record("dp", "LOCAL", "http://dp/x")._replace(smb_path=r"\\dp\share\x")
    (one,) = plan(source, client=CLIENT._replace(may_use_smb=True)).ranked
    assert [str(way) for way in one.source.addresses] == ["http://dp/x", r"\\dp\share\x"]
    (plain,) = plan(source).ranked
    assert [str(way) for way in plain.source.addresses] == ["http://dp/x"]
    assert refused(plan(source._replace(urls=()))) == {"dp": "CL-047"}
    assert refused(plan(LocationRecord(server=HostName("dp")))) == {"dp": "CL-045"}


def test_duplicate__the_nearer_one_stays() -> None:
    found = plan(record("dp.a.test", "FALLBACK"), record("dp.a.test", "SUBNET"), record("dp.a.test", "REMOTE"))
    assert [one.source.tier for one in found.ranked] == [SourceTier.DP_IN_SUBNET]
    assert [one.reasons[0].rule for one in found.rejected] == ["CL-001", "CL-001"]


def test_kind_of_client__can_bar_a_source() -> None:
    no = Reason("CI-027", "such a device uses none")
    found = plan_sources(
        PACKAGE,
        answer(record("dp.a.test"), record("other.a.test")),
        CLIENT,
        chooser=SeededChooser(1),
        bar=lambda source, _client: no if source.server == "dp.a.test" else None,
    )
    assert (order(found), refused(found)) == (["other"], {"dp": "CI-027"})


# --- when -----------------------------------------------------------------------------------------------------------

POOL = (
    PoolEntry(0, HostName("near.a.test"), "A", Reason("BG-007", "current group A")),
    PoolEntry(10, HostName("b.a.test"), "B", Reason("BG-020", "neighbour B")),
    PoolEntry(20, HostName("c.a.test"), "C", Reason("BG-020", "neighbour C")),
    PoolEntry(120, HostName("default.a.test"), "D", Reason("BG-041", "default group")),
)
WORKED = (
    record("default.a.test", "FALLBACK"),
    record("c.a.test", "REMOTE"),
    secure("b.a.test", "REMOTE"),
    record("near.a.test"),
)


@pytest.mark.rule("CL-036", "BG-033")
def test_opening__by_boundary_data__the_worked_example() -> None:
    found = plan(*WORKED, pool=POOL)
    assert [(one.source.server, one.opens_after / MINUTE) for one in found.ranked] == [
        ("near.a.test", 0),
        ("b.a.test", 10),
        ("c.a.test", 20),
        ("default.a.test", 120),
    ]
    assert [len(found.open_at(minute * MINUTE)) for minute in (0, 9.9, 10, 20, 119, 120)] == [1, 1, 2, 3, 3, 4]
    assert found.next_opening(10 * MINUTE) == 20 * MINUTE
    assert found.next_opening(120 * MINUTE) is None


@pytest.mark.rule("CL-036")
def test_opening__without_data__since_the_site_names_it() -> None:
    named = {HostName("b.a.test"): 612.0}
    found = plan(*WORKED, named_at=named)
    assert [(order(found)[place], found.ranked[place].opens_after) for place in (0, 3)] == [("near", 0.0), ("b", 612.0)]
    assert "CL-036" in found.ranked[3].rules
    assert "CL-036" not in found.ranked[0].rules


def test_opening__a_client_that_moved__counts_from_then() -> None:
    found = plan(*WORKED, pool=POOL, began=1000.0)
    assert [one.opens_after for one in found.ranked] == [1000.0, 1600.0, 2200.0, 8200.0]


def test_opening__in_the_clients_subnet__at_once_whatever_its_group() -> None:
    """A neighbour's distribution point in the client's own subnet comes first by design (KB 4020762)."""
    found = plan(record("c.a.test", "SUBNET"), record("near.a.test"), pool=POOL)
    assert [(one.source.server, one.opens_after) for one in found.ranked] == [("c.a.test", 0.0), ("near.a.test", 0.0)]


# --- task sequences -------------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-037", "BG-054")
@pytest.mark.parametrize("preferring", [False, True])
def test_task_sequence__has_an_order_of_its_own(preferring: bool) -> None:  # noqa: FBT001
    client = SEQUENCE._replace(may_use_cloud=True, prefer_dps_over_peers=preferring)
    found = plan(*ALL_TEN, client=client)
    assert order(found) == ["subnetpeer", "grouppeer", "pc", "subnet", "near", "neighbour", "default", "cmg"]
    assert order(plan(*ALL_TEN, client=CLOUDY)) != order(found)


@pytest.mark.rule("CL-038")
def test_task_sequence__sorts_neighbours_by_their_times_and_waits_for_none() -> None:
    found = plan(*WORKED, client=SEQUENCE, pool=POOL)
    assert [(one.source.server, one.opens_after) for one in found.ranked] == [
        ("near.a.test", 0.0),
        ("b.a.test", 0.0),
        ("c.a.test", 0.0),
        ("default.a.test", 0.0),
    ]
    later = tuple(entry._replace(minute=30) if entry.host == "b.a.test" else entry for entry in POOL)
    assert order(plan(*WORKED, client=SEQUENCE, pool=later))[1:3] == ["c", "b"]
    same = tuple(entry._replace(minute=20) for entry in POOL)
    pair = (record("b.a.test", "REMOTE"), record("c.a.test", "REMOTE"))
    firsts = {order(plan(*pair, client=SEQUENCE, pool=same, seed=seed))[0] for seed in range(40)}
    assert firsts == {"b", "c"}, "the same time: any order"


@pytest.mark.rule("CL-040")
@pytest.mark.parametrize(
    ("deployment", "used"),
    [
        (DeploymentOptions(), ["near"]),
        (DeploymentOptions(remote_dp=True), ["near", "b", "c"]),
        (DeploymentOptions(default_group_dp=True), ["near", "default"]),
    ],
)
def test_task_sequence__goes_as_far_as_the_deployment_lets_it(deployment: DeploymentOptions, used: list[str]) -> None:
    found = plan(*WORKED, client=SEQUENCE._replace(deployment=deployment), pool=POOL)
    assert order(found) == used
    assert set(refused(found).values()) == {"CL-040"}
    assert len(plan(*WORKED, client=CLIENT._replace(deployment=deployment)).ranked) == 4, "a client is not asked"


# --- what a client asks for -----------------------------------------------------------------------------------------


@pytest.mark.rule("CL-047")
def test_options__no_kind_of_source_is_asked_for_that_would_not_be_used() -> None:
    asked = wanted_options(CLIENT, ContentKind.PACKAGE, allow_peers=True)
    assert (asked.cloud, asked.internet, asked.smb, asked.tokens, asked.peers) == (False, False, False, False, True)
    assert not wanted_options(CLIENT, ContentKind.PACKAGE, allow_peers=False).peers
    away = wanted_options(INTERNET._replace(may_use_cloud=True), ContentKind.PACKAGE, allow_peers=True)
    assert (away.cloud, away.internet, away.peers) == (True, True, False)
    on_demand = CLIENT._replace(deployment=DeploymentOptions(distribute_on_demand=True, microsoft_update=True))
    assert wanted_options(on_demand, ContentKind.PACKAGE, allow_peers=True).distribute_on_demand
    assert not wanted_options(on_demand, ContentKind.PACKAGE, allow_peers=True).microsoft_update
    assert wanted_options(on_demand, ContentKind.UPDATE, allow_peers=True).microsoft_update


# --- real answers ---------------------------------------------------------------------------------------------------

REPLIES = {
    "contentlocationreply-app-2012.xml": "http://pr1site.contoso.com/SMS_DP_SMSPKG$/fbb5724a-aa0f-47f9-908a-47068fd8ad6f",
    "contentlocationreply-boundarygroups-2019.xml": (
        "http://dp01.contoso.com/SMS_DP_SMSPKG$/0d90cc80-19c6-465c-936d-ac74a23b9c46"
    ),
    "contentlocationreply-smsupdate-2012-incomplete.xml.txt": (
        "http://ps1dp.contoso.com/SMS_DP_SMSPKG$/Content_GUID.1"
    ),
}


@pytest.mark.parametrize("name", REPLIES)
def test_real_answer__has_one_source_once(name: str) -> None:
    text = (SAMPLES / name).read_text(encoding="utf-8").partition("\n[rest")[0]
    if "incomplete" in name:
        text += "</LocationRecord></LocationRecords></Site></Sites></ContentLocationReply>"
    found = plan(said=parse_content_location_reply(text.encode()))
    (one,) = found.ranked
    assert [str(way) for way in one.source.addresses] == [REPLIES[name]]
    assert (one.source.tier, one.opens_after, found.rejected) == (SourceTier.DP_IN_GROUP, 0.0, ())


def test_real_list__of_a_client_with_peers__the_order_that_it_logged() -> None:
    lines = (SAMPLES / "contentlocation-dplist-peercache-2021.log.txt").read_text(encoding="utf-8").splitlines()
    records = [
        record(url.split("/")[2].partition(":")[0], locality, url)
        for line in lines
        for url, locality in re.findall(r"Point='([^']+)', Locality='([^']+)'", line)
    ]
    assert len(records) == 3
    found = plan(*reversed(records))
    assert [(str(one.source.addresses[0]), one.source.tier) for one in found.ranked] == [
        ("https://testclient.contoso.com:8003/SCCM_BranchCache$/CAS00015", SourceTier.PEER_IN_SUBNET),
        ("http://p01.contoso.com/SMS_DP_SMSPKG$/CAS00015", SourceTier.DP_IN_SUBNET),
    ]
    (token,) = found.rejected
    assert (token.reasons[0].rule, "access tokens" in token.reasons[0].text) == ("CL-022", True)


def test_endpoint__of_an_address_is_used_as_it_stands() -> None:
    (one,) = plan(record("dp.a.test", "LOCAL", "http://dp.a.test:8080/SMS_DP_SMSPKG$/Content_x.1")).ranked
    assert one.source.addresses[0].endpoint == Endpoint(Scheme.HTTP, HostName("dp.a.test"), 8080)
    assert one.source.site == P01


# --- what proves no nearness, and who fetches -----------------------------------------------------------------------


@pytest.mark.rule("BG-057")
@pytest.mark.parametrize(
    ("address", "network", "tier"),
    [
        ("fd00:1::9/64", "fd00:1::", SourceTier.DP_IN_SUBNET),
        ("2001:0:5ef5:79fb::9/64", "2001:0:5ef5:79fb::", SourceTier.DP_IN_GROUP),
    ],
)
def test_subnet__that_is_a_tunnel_is_none_in_common(address: str, network: str, tier: SourceTier) -> None:
    adapter = Adapter("eth0", addresses=(parse_address(address),))
    client = CLIENT._replace(facts=FACTS._replace(adapters=(adapter,)))
    (one,) = plan(record("dp.a.test", "", ip_subnets=(network,)), client=client).ranked
    assert one.source.tier is tier


@pytest.mark.rule("CL-039")
@pytest.mark.parametrize(
    ("content", "fetcher"),
    [
        pytest.param(PACKAGE, SourceOrder.TASK_SEQUENCE, id="a package"),
        pytest.param(UPDATE, SourceOrder.CLIENT, id="an update"),
        pytest.param(
            ContentReference(ContentId("Content_0d90cc80-19c6-465c-936d-ac74a23b9c46")),
            SourceOrder.CLIENT,
            id="an application",
        ),
        pytest.param(
            ContentReference(ContentId("fbb5724a-19c6-465c-936d-ac74a23b9c46")), SourceOrder.CLIENT, id="by its GUID"
        ),
    ],
)
def test_task_sequence__leaves_applications_and_updates_to_the_client(
    content: ContentReference, fetcher: SourceOrder
) -> None:
    found, why = find_fetcher(content, SourceOrder.TASK_SEQUENCE)
    assert found is fetcher
    assert (why is not None) is (fetcher is SourceOrder.CLIENT)
    assert find_fetcher(content, SourceOrder.CLIENT) == (SourceOrder.CLIENT, None)
