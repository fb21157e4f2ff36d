"""CM 2007, selection: one default management point, how it is talked to, and where each candidate stands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import candidates, facts, policies, seeds

from cmclient.model.decision import (
    Candidate,
    Category,
    Decision,
    Evaluation,
    Location,
    Origin,
    Policy,
    Purpose,
    SourceKind,
    Unreadable,
    Verdict,
)
from cmclient.model.directory import SrvRecord
from cmclient.model.endpoints import Audience, ManagementPoint, Protocols, SiteKind
from cmclient.model.facts import NetworkFacts, NetworkLocation
from cmclient.model.legacy import DefaultKind, LegacyPolicy, ProfileName, SiteMode
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.saved import build_location, parse_location
from cmclient.protocol.srv import read_srv_records
from cmclient.replay import replay_decision
from cmclient.rules.choose import SeededChooser
from cmclient.rules.explain import explain
from cmclient.rules.legacy_sources import read_legacy_dns
from cmclient.rules.select import plan_contact, select_management_point

ABC, SEC, XYZ, LOW = SiteCode("ABC"), SiteCode("SEC"), SiteCode("XYZ"), SiteCode("LOW")
FACTS = NetworkFacts(network_location=NetworkLocation.INTRANET)
ON_INTERNET = FACTS._replace(network_location=NetworkLocation.INTERNET)
DIRECTORY, DNS = Origin(SourceKind.DIRECTORY, "dc1"), Origin(SourceKind.DNS, "srv")
LISTED, GIVEN = Origin(SourceKind.MP_LIST, "list"), Origin(SourceKind.INSTALLATION, "settings")
MIXED = Policy(assigned_site=ABC, profile=ProfileName.CM07, legacy=LegacyPolicy(mode_reason="test"))
NATIVE = MIXED._replace(
    can_use_https=True,
    https_reason="test certificate",
    legacy=LegacyPolicy(SiteMode.NATIVE, "test", internet_mp=HostName("inet.corp.test")),
)
ROAMING = MIXED._replace(purpose=Purpose.LOCATION, local_sites=(XYZ,))


def legacy(policy: Policy, **fields: object) -> Policy:
    assert policy.legacy is not None
    return policy._replace(legacy=policy.legacy._replace(**fields))  # type: ignore[arg-type] # names of fields


def mp(host: str = "mp1.corp.test", **fields: object) -> ManagementPoint:
    given = {"site_code": ABC, "is_default": True, "audience": Audience.INTRANET, **fields}
    return ManagementPoint(HostName(host), **given)  # type: ignore[arg-type] # names of fields


def decide(
    *points: ManagementPoint, policy: Policy = MIXED, known: NetworkFacts = FACTS, origin: Origin = DIRECTORY
) -> Decision:
    found = [Candidate(one, (origin,)) for one in points]
    return select_management_point(found, known, policy, chooser=SeededChooser(1))


def ranked(decision: Decision) -> list[str]:
    return [one.name.partition(".")[0] for one in decision.ranked]


def rules_of(decision: Decision, host: str) -> tuple[str, ...]:
    """The rules that decided about a candidate; the last one is why it was rejected, if it was."""
    evaluations: tuple[Evaluation, ...] = (*decision.ranked, *decision.rejected)
    return next(one.rules for one in evaluations if one.name == host)


def rejection(decision: Decision, host: str = "mp1.corp.test") -> str:
    assert host in {one.name for one in decision.rejected}
    return rules_of(decision, host)[-1]


# --- the default management point -----------------------------------------------------------------------------------


@pytest.mark.rule("L7-003")
@pytest.mark.parametrize(
    ("is_default", "origin", "usable"),
    [
        pytest.param(True, DIRECTORY, True, id="published as the default one"),
        pytest.param(False, DIRECTORY, False, id="published as another one"),
        pytest.param(None, DIRECTORY, False, id="published, and nobody says which it is"),
        pytest.param(None, LISTED, False, id="named in a list alone"),
        pytest.param(None, GIVEN, True, id="named by the installation"),
        pytest.param(False, GIVEN, False, id="named by the installation, and denied"),
    ],
)
def test_intranet_client__talks_to_the_default_one_only(is_default: bool | None, origin: Origin, usable: bool) -> None:  # noqa: FBT001
    decision = decide(mp(is_default=is_default), origin=origin)
    if usable:
        assert ranked(decision) == ["mp1"]
    else:
        assert rejection(decision) == "L7-003"


@pytest.mark.rule("L7-002", "L7-003")
def test_many_installed__one_is_used_and_each_other_says_why_not() -> None:
    others = [mp(f"mp{n}.corp.test", is_default=False) for n in range(2, 6)]
    decision = decide(mp(), *others)
    assert ranked(decision) == ["mp1"]
    assert {one.rules for one in decision.rejected} == {("L7-003",)}


@pytest.mark.parametrize(
    ("origin", "rule"),
    [
        pytest.param(DIRECTORY, "L7-002", marks=pytest.mark.rule("L7-002")),
        pytest.param(DNS, "L7-036", marks=pytest.mark.rule("L7-036")),
    ],
)
def test_several_default_ones_of_a_site_by_one_method__the_first_is_it(origin: Origin, rule: str) -> None:
    decision = decide(mp("mp2.corp.test"), mp(), mp("mp3.corp.test"), origin=origin)
    assert ranked(decision) == ["mp1"]
    assert rejection(decision, "mp2.corp.test") == rejection(decision, "mp3.corp.test") == rule
    assert "mp1.corp.test" in decision.rejected[0].reasons[-1].text


@pytest.mark.rule("L7-002")
def test_default_ones_of_different_sites_or_methods__are_no_conflict() -> None:
    assert ranked(decide(mp(), RESIDENT, policy=ROAMING)) == ["resident", "mp1"]
    found = [Candidate(mp("a.corp.test"), (DNS,)), Candidate(mp("b.corp.test"), (DIRECTORY,))]
    decision = select_management_point(found, FACTS, MIXED, chooser=SeededChooser(1))
    assert ranked(decision) == ["b", "a"], "the second method is for when the first fails"


@pytest.mark.rule("L7-036")
def test_srv_record__priority_makes_no_difference() -> None:
    records = [SrvRecord("mp2.corp.test", 80, priority=0, weight=9), SrvRecord("mp1.corp.test", 80, priority=9)]
    found = read_srv_records("srv", records, site=ABC, http_port=80, https_port=443)
    decision = select_management_point(read_legacy_dns(found).candidates, FACTS, MIXED, chooser=SeededChooser(1))
    assert ranked(decision) == ["mp1"]


@pytest.mark.rule("L7-006")
def test_no_default_one__the_intranet_clients_are_unmanaged_and_each_candidate_says_so() -> None:
    decision = decide(mp(is_default=False), mp("mp2.corp.test", is_default=False))
    assert decision.ranked == ()
    assert all(one.rules == ("L7-006", "L7-003") for one in decision.rejected)


@pytest.mark.rule("L7-006")
@pytest.mark.parametrize(
    ("point", "policy", "known"),
    [
        pytest.param(mp(protocols=Protocols.HTTPS), MIXED, FACTS, id="there is one, which takes another protocol"),
        pytest.param(mp(is_default=False), NATIVE, ON_INTERNET, id="an internet client has no use for it"),
        pytest.param(mp(is_default=False, site_code=XYZ), ROAMING, FACTS, id="it is another site that lacks one"),
    ],
)
def test_unmanaged__is_said_only_where_the_assigned_site_lacks_a_default_one(
    point: ManagementPoint, policy: Policy, known: NetworkFacts
) -> None:
    decision = decide(point, policy=policy, known=known)
    assert decision.ranked == ()
    assert "L7-006" not in rules_of(decision, point.host)


@pytest.mark.rule("L7-006")
def test_no_default_one__a_proxy_or_the_default_one_of_another_site_is_no_substitute() -> None:
    own = mp(is_default=False)
    proxy = decide(own, PROXY, policy=MIXED._replace(local_sites=(SEC,)))
    assert ranked(proxy) == ["proxy"]
    assert rules_of(proxy, own.host) == ("L7-006", "L7-003")
    far = decide(own, PROXY._replace(is_default=False))
    assert rules_of(far, "proxy.corp.test") == ("L7-003",), "it is the primary site that lacks one"
    assert rules_of(decide(own, RESIDENT, policy=ROAMING), own.host) == ("L7-006", "L7-003")


@pytest.mark.rule("L7-006", "L7-009")
def test_site_set_to_have_none__is_unmanaged_and_a_visited_one_is_not_touched() -> None:
    decision = decide(mp(), RESIDENT, policy=legacy(ROAMING, default_kind=DefaultKind.NONE))
    assert ranked(decision) == ["resident"]
    assert rules_of(decision, "mp1.corp.test") == ("L7-006", "L7-009")


def test_rejections__say_what_is_known() -> None:
    said = {is_default: decide(mp(is_default=is_default)).rejected[0].reasons[-1].text for is_default in (False, None)}
    assert "it is not the default one" in said[False]
    assert "nobody says" in said[None]
    http_only = decide(mp(protocols=Protocols.HTTP), policy=NATIVE).rejected[0].reasons[-1].text
    assert "takes HTTP only" in http_only
    unable = decide(mp(), policy=NATIVE._replace(can_use_https=False, https_reason="none is set")).rejected[0]
    assert "none is set" in unable.reasons[-1].text


def test_site_that_nobody_named__counts_as_the_assigned_one() -> None:
    decision = decide(mp(site_code=None), policy=MIXED._replace(local_sites=(ABC,)), origin=GIVEN)
    assert [one.category for one in decision.ranked] == [Category.ASSIGNED]
    assert any(reason.text.startswith("locality Local") for reason in decision.ranked[0].reasons)


@pytest.mark.rule("L7-009")
@pytest.mark.parametrize(
    ("kind", "usable", "named"),
    [
        pytest.param(DefaultKind.SERVER, True, False, id="a server"),
        pytest.param(DefaultKind.CLUSTER, True, True, id="a cluster"),
        pytest.param(DefaultKind.NONE, False, True, id="none"),
    ],
)
def test_default_one__is_a_server_a_cluster_or_none(kind: DefaultKind, usable: bool, named: bool) -> None:  # noqa: FBT001
    decision = decide(mp(), policy=legacy(MIXED, default_kind=kind))
    assert bool(decision.ranked) is usable
    assert ("L7-009" in rules_of(decision, "mp1.corp.test")) is named


@pytest.mark.rule("L7-010")
@pytest.mark.parametrize(
    ("host", "policy", "usable"),
    [
        pytest.param("nlb.corp.test", NATIVE, True, id="native, FQDN"),
        pytest.param("10.1.2.3", NATIVE, False, id="native, virtual address"),
        pytest.param("10.1.2.3", MIXED, True, id="mixed, virtual address"),
        pytest.param("nlb.corp.test", MIXED, True, id="mixed, FQDN"),
        pytest.param("nlb", MIXED, False, id="mixed, short name"),
    ],
)
def test_cluster__goes_by_fqdn_and_in_mixed_mode_by_address(host: str, policy: Policy, usable: bool) -> None:  # noqa: FBT001
    decision = decide(mp(host), policy=legacy(policy, default_kind=DefaultKind.CLUSTER))
    if usable:
        assert decision.ranked
    else:
        assert rejection(decision, host) == "L7-010"


@pytest.mark.rule("L7-009", "L7-010")
def test_cluster__is_the_default_one_of_the_assigned_site_and_no_proxy_is() -> None:
    policy = legacy(MIXED._replace(local_sites=(SEC,)), default_kind=DefaultKind.CLUSTER)
    decision = decide(PROXY._replace(host=HostName("proxy")), policy=policy)
    assert ranked(decision) == ["proxy"]
    assert "L7-009" not in rules_of(decision, "proxy")


@pytest.mark.rule("L7-015")
def test_short_name__of_a_server_is_used_and_needs_a_search_and_an_fqdn_does_not() -> None:
    assert "L7-015" in rules_of(decide(mp("mp1")), "mp1")
    assert "L7-015" not in rules_of(decide(mp()), "mp1.corp.test")


# --- sites: assigned, proxy, roaming --------------------------------------------------------------------------------

PROXY = mp("proxy.corp.test", site_code=SEC, site_kind=SiteKind.SECONDARY, parent_site=ABC)


@pytest.mark.rule("L7-005")
@pytest.mark.parametrize(
    ("point", "local", "usable"),
    [
        pytest.param(PROXY, (SEC,), True, id="the client is at its secondary site"),
        pytest.param(PROXY._replace(is_default=None), (SEC,), True, id="and nobody says that it is the default one"),
        pytest.param(PROXY, (ABC,), False, id="the client is elsewhere"),
        pytest.param(PROXY, (), False, id="nobody knows where the client is"),
        pytest.param(PROXY._replace(parent_site=XYZ), (SEC,), False, id="of another primary site"),
        pytest.param(PROXY._replace(site_code=None), (SEC,), False, id="of a secondary site that nobody named"),
    ],
)
def test_proxy__is_allowed_beside_the_default_one_where_the_client_is_at_its_site(
    point: ManagementPoint,
    local: tuple[SiteCode, ...],
    usable: bool,  # noqa: FBT001
) -> None:
    decision = decide(mp(), point, policy=MIXED._replace(local_sites=local))
    assert ranked(decision) == (["proxy", "mp1"] if usable else ["mp1"])
    if not usable:
        assert rejection(decision, "proxy.corp.test") == "L7-005"


@pytest.mark.rule("L7-003")
def test_proxy__that_is_not_the_default_one_of_its_site_is_not_used() -> None:
    at_proxy = MIXED._replace(local_sites=(SEC,))
    assert rejection(decide(PROXY._replace(is_default=False), policy=at_proxy), "proxy.corp.test") == "L7-003"


@pytest.mark.rule("L7-005")
def test_proxy__does_not_register() -> None:
    at_proxy = MIXED._replace(local_sites=(SEC,), purpose=Purpose.REGISTRATION)
    assert ranked(decide(mp(), PROXY, policy=at_proxy)) == ["mp1"]


RESIDENT = mp("resident.corp.test", site_code=XYZ)


@pytest.mark.rule("L7-022", "L7-048")
def test_roaming__the_site_where_the_client_is_then_the_assigned_one_and_no_third() -> None:
    third = mp("third.corp.test", site_code=LOW)
    decision = decide(mp(), RESIDENT, third, policy=ROAMING)
    assert ranked(decision) == ["resident", "mp1"]
    assert [one.category for one in decision.ranked] == [Category.LOCAL, Category.ASSIGNED]
    assert rejection(decision, "third.corp.test") == "L7-022"
    texts = [reason.text for one in decision.ranked for reason in one.reasons if reason.rule == "L7-048"]
    assert [text.split(":")[0] for text in texts] == ["locality Local", "locality Fallback"]


@pytest.mark.rule("L7-048")
def test_roaming__local_before_remote_before_fallback() -> None:
    slow = legacy(ROAMING._replace(local_sites=(LOW, XYZ)), remote_sites=(LOW,))
    decision = decide(mp(), mp("a-slow.corp.test", site_code=LOW), RESIDENT, policy=slow)
    assert ranked(decision) == ["resident", "a-slow", "mp1"]
    texts = [reason.text for one in decision.ranked for reason in one.reasons if reason.rule == "L7-048"]
    assert [text.split(":")[0] for text in texts] == ["locality Local", "locality Remote", "locality Fallback"]


@pytest.mark.rule("L7-003")
def test_roaming__policy_stays_with_the_assigned_site() -> None:
    decision = decide(mp(), RESIDENT, policy=ROAMING._replace(purpose=Purpose.POLICY))
    assert ranked(decision) == ["mp1"]
    assert rejection(decision, "resident.corp.test") == "L7-003"


@pytest.mark.rule("L7-022")
def test_roaming__a_client_in_its_assigned_site_does_not() -> None:
    decision = decide(mp(), RESIDENT, policy=ROAMING._replace(local_sites=(ABC, XYZ)))
    assert ranked(decision) == ["mp1"]


@pytest.mark.rule("L7-038")
def test_unassigned_client__has_no_management_point_and_is_told_why() -> None:
    policy = legacy(MIXED._replace(assigned_site=None), unassigned="nobody compared the versions")
    decision = decide(mp(), policy=policy)
    assert rejection(decision) == "L7-038"
    assert decision.rejected[0].reasons[-1].text == "nobody compared the versions"
    assert ranked(decide(mp())) == ["mp1"]


# --- the internet ---------------------------------------------------------------------------------------------------

INET = mp("inet.corp.test", is_default=None, audience=Audience.INTERNET, protocols=Protocols.HTTPS)


@pytest.mark.rule("L7-004")
def test_internet_client__talks_to_its_assigned_internet_one_only() -> None:
    other = INET._replace(host=HostName("other.corp.test"))
    decision = decide(mp(), INET, other, policy=NATIVE, known=ON_INTERNET, origin=GIVEN)
    assert ranked(decision) == ["inet"]
    assert rejection(decision, "other.corp.test") == "L7-004"
    assert rejection(decision, "mp1.corp.test") == "L7-004"


@pytest.mark.rule("L7-004")
def test_internet_client__with_no_internet_one_set_has_none() -> None:
    decision = decide(INET, policy=legacy(NATIVE, internet_mp=None), known=ON_INTERNET, origin=GIVEN)
    assert rejection(decision, "inet.corp.test") == "L7-004"


@pytest.mark.rule("L7-014")
@pytest.mark.parametrize(("host", "usable"), [("inet.corp.test", True), ("inet", False), ("10.1.2.3", False)])
def test_internet_client__needs_the_internet_fqdn(host: str, usable: bool) -> None:  # noqa: FBT001
    policy = legacy(NATIVE, internet_mp=HostName(host))
    decision = decide(INET._replace(host=HostName(host)), policy=policy, known=ON_INTERNET, origin=GIVEN)
    if usable:
        assert decision.ranked
    else:
        assert rejection(decision, host) == "L7-014"


@pytest.mark.rule("L7-014")
def test_intranet_client__does_without_an_fqdn() -> None:
    assert ranked(decide(mp("mp1"))) == ["mp1"]


@pytest.mark.rule("L7-026")
@pytest.mark.parametrize(
    ("audience", "known", "usable"),
    [
        pytest.param(Audience.INTERNET, ON_INTERNET, True, id="internet only, on the internet"),
        pytest.param(Audience.INTERNET, FACTS, False, id="internet only, on the intranet"),
        pytest.param(Audience.BOTH, ON_INTERNET, True, id="both, on the internet"),
        pytest.param(Audience.BOTH, FACTS, True, id="both, on the intranet"),
    ],
)
def test_native_mode__internet_only_or_both(audience: Audience, known: NetworkFacts, usable: bool) -> None:  # noqa: FBT001
    point = INET._replace(audience=audience, is_default=True if audience is Audience.BOTH else None)
    decision = decide(point, policy=NATIVE, known=known, origin=GIVEN)
    if usable:
        assert ranked(decision) == ["inet"]
    else:
        assert rejection(decision, "inet.corp.test") == "L7-026"


@pytest.mark.rule("L7-026")
def test_native_mode__the_default_one_that_is_the_internet_one_too_serves_the_intranet() -> None:
    assert ranked(decide(INET._replace(is_default=True), policy=NATIVE, origin=GIVEN)) == ["inet"]


@pytest.mark.rule("L7-027")
def test_mixed_mode__has_no_internet_management_point() -> None:
    inet = legacy(MIXED, internet_mp=HostName("inet.corp.test"))
    assert rejection(decide(INET, policy=inet, known=ON_INTERNET, origin=GIVEN), "inet.corp.test") == "L7-027"
    assert rejection(decide(INET, policy=inet, origin=GIVEN), "inet.corp.test") == "L7-027"
    plain = INET._replace(protocols=Protocols.HTTP, audience=Audience.BOTH)
    refused = decide(plain, policy=inet, known=ON_INTERNET, origin=GIVEN)
    assert rejection(refused, "inet.corp.test") == "L7-027", "not for its protocol: it takes HTTP"
    assert ranked(decide(plain._replace(is_default=True), policy=inet, origin=GIVEN)) == ["inet"]
    assert ranked(decide(INET, policy=NATIVE, known=ON_INTERNET, origin=GIVEN)) == ["inet"]


# --- the protocol ---------------------------------------------------------------------------------------------------


def endpoint(decision: Decision) -> str:
    (one,) = decision.ranked
    assert len(one.endpoints) == 1, "a mode knows one protocol"
    return str(one.endpoint)


@pytest.mark.rule("L7-027", "L7-028")
@pytest.mark.parametrize("protocols", [Protocols.HTTP, Protocols.BOTH, Protocols.UNKNOWN])
def test_mixed_mode__is_http_whatever_else_it_takes(protocols: Protocols) -> None:
    able = MIXED._replace(can_use_https=True, https_reason="test certificate")
    assert endpoint(decide(mp(protocols=protocols), policy=able)) == "http://mp1.corp.test"


@pytest.mark.rule("L7-027")
def test_mixed_mode__https_only_or_http_not_allowed__is_rejected() -> None:
    assert rejection(decide(mp(protocols=Protocols.HTTPS))) == "L7-027"
    forbidden = MIXED._replace(may_use_http=False, http_reason="allow_http is off")
    decision = decide(mp(), policy=forbidden)
    assert rejection(decision) == "L7-027"
    assert "allow_http is off" in decision.rejected[0].reasons[-1].text


@pytest.mark.rule("L7-025")
@pytest.mark.parametrize(
    ("protocols", "able", "usable"),
    [
        pytest.param(Protocols.HTTPS, True, True, id="HTTPS, with a certificate"),
        pytest.param(Protocols.BOTH, True, True, id="both: HTTPS alone"),
        pytest.param(Protocols.UNKNOWN, True, True, id="nobody says"),
        pytest.param(Protocols.HTTP, True, False, id="HTTP only"),
        pytest.param(Protocols.HTTPS, False, False, id="no client certificate"),
        pytest.param(Protocols.BOTH, False, False, id="both, and no client certificate: never down"),
    ],
)
def test_native_mode__https_and_a_client_certificate(protocols: Protocols, able: bool, usable: bool) -> None:  # noqa: FBT001
    policy = NATIVE._replace(can_use_https=able, https_reason="as the test says")
    decision = decide(mp(protocols=protocols), policy=policy)
    if usable:
        assert endpoint(decision) == "https://mp1.corp.test"
    else:
        assert rejection(decision) == "L7-025"


@pytest.mark.rule("L7-028")
@pytest.mark.parametrize(
    ("policy", "ports", "expected"),
    [
        pytest.param(NATIVE, {}, "https://mp1.corp.test:443", id="native: 443"),
        pytest.param(MIXED, {}, "http://mp1.corp.test:80", id="mixed: 80"),
        pytest.param(NATIVE, {"https_port": 8443, "http_port": 8080}, "https://mp1.corp.test:8443", id="native, own"),
        pytest.param(MIXED, {"https_port": 8443, "http_port": 8080}, "http://mp1.corp.test:8080", id="mixed, own"),
    ],
)
def test_ports__by_mode(policy: Policy, ports: dict[str, int], expected: str) -> None:
    (one,) = decide(mp(**ports), policy=policy).ranked
    assert one.endpoint is not None
    assert f"{one.endpoint.scheme.value}://{one.endpoint.host}:{one.endpoint.port}" == expected


NATIVE_ROAMING = NATIVE._replace(purpose=Purpose.LOCATION, local_sites=(XYZ,))


@pytest.mark.rule("L7-029")
def test_native_client__uses_http_for_roaming_only_with_that_option() -> None:
    mixed_there = RESIDENT._replace(protocols=Protocols.HTTP)
    off = decide(mixed_there, policy=NATIVE_ROAMING)
    assert rejection(off, "resident.corp.test") == "L7-029"
    on = decide(mixed_there, policy=legacy(NATIVE_ROAMING, http_for_roaming=True))
    assert endpoint(on) == "http://resident.corp.test"
    assert LegacyPolicy().http_for_roaming is False, "off by default"


@pytest.mark.rule("L7-029")
@pytest.mark.parametrize("point", [mp(protocols=Protocols.HTTP), PROXY._replace(protocols=Protocols.HTTP)])
def test_native_client__uses_no_http_in_its_own_site_with_that_option(point: ManagementPoint) -> None:
    policy = legacy(NATIVE_ROAMING._replace(local_sites=(SEC,)), http_for_roaming=True)
    assert rejection(decide(point, policy=policy), point.host) == "L7-025"


@pytest.mark.rule("L7-029")
def test_native_client__roams_over_https_where_that_can_be_and_heeds_allow_http() -> None:
    on = legacy(NATIVE_ROAMING, http_for_roaming=True)
    assert endpoint(decide(RESIDENT, policy=on)) == "https://resident.corp.test"
    forbidden = on._replace(may_use_http=False, http_reason="allow_http is off")
    decision = decide(RESIDENT._replace(protocols=Protocols.HTTP), policy=forbidden)
    assert rejection(decision, "resident.corp.test") == "L7-029"
    no_certificate = on._replace(can_use_https=False)
    decision = decide(RESIDENT._replace(protocols=Protocols.HTTPS), policy=no_certificate)
    assert rejection(decision, "resident.corp.test") == "L7-025"


# --- order and the whole --------------------------------------------------------------------------------------------


@pytest.mark.rule("L7-032")
def test_methods__the_first_one_that_found_it_puts_it_first_and_the_installation_comes_last() -> None:
    by = {
        "a-given.corp.test": GIVEN,
        "b-wins.corp.test": Origin(SourceKind.WINS, "x"),
        "c-locator.corp.test": Origin(SourceKind.LOCATOR_POINT, "x"),
        "d-dns.corp.test": DNS,
        "e-directory.corp.test": DIRECTORY,
    }
    found = [Candidate(mp(host), (origin,)) for host, origin in by.items()]
    decision = select_management_point(found, FACTS, MIXED, chooser=SeededChooser(1))
    assert ranked(decision) == ["e-directory", "d-dns", "c-locator", "b-wins", "a-given"]
    assert [one.rank for one in decision.ranked] == [1, 2, 3, 4, 5]


def test_equals__nothing_is_drawn_or_raced_the_first_is_taken() -> None:
    sites = [SiteCode(f"V0{n}") for n in range(4)]
    points = [mp(f"mp{n}.corp.test", site_code=site) for n, site in enumerate(sites)]
    policy = ROAMING._replace(local_sites=tuple(sites))
    orders = set()
    for seed in range(10):
        found = [Candidate(one, (DIRECTORY,)) for one in points]
        decision = select_management_point(found, FACTS, policy, chooser=SeededChooser(seed))
        assert {len(group) for group in plan_contact(decision.ranked)} == {1}
        orders.add(tuple(one.name for one in decision.ranked))
    assert orders == {tuple(one.host for one in points)}


def as_cm07(policy: Policy, mode: SiteMode, kind: DefaultKind) -> Policy:
    site = policy.assigned_site
    extra = LegacyPolicy(mode, "drawn", default_kind=kind, unassigned="" if site else "no assigned site: drawn so")
    return policy._replace(profile=ProfileName.CM07, legacy=extra)


legacy_policies = st.builds(as_cm07, policies, st.sampled_from(SiteMode), st.sampled_from(DefaultKind))


@given(st.lists(candidates, max_size=8), facts, legacy_policies, seeds, st.booleans())
def test_every_candidate__is_ranked_or_rejected_with_a_reason_and_replayed_alike(
    named: list[Candidate],
    known: NetworkFacts,
    policy: Policy,
    seed: int,
    default: bool,  # noqa: FBT001
) -> None:
    named = [one._replace(mp=one.mp._replace(is_default=default)) for one in named]
    decision = select_management_point(named, known, policy, chooser=SeededChooser(seed))
    told = [one.name for one in (*decision.ranked, *decision.rejected)]
    assert sorted(told) == sorted({candidate.mp.host for candidate in named})
    assert all(one.reasons and one.reasons[-1].rule for one in (*decision.ranked, *decision.rejected))
    assert all(one.verdict is Verdict.RANKED and len(one.endpoints) == 1 for one in decision.ranked)
    replay = replay_decision(json.dumps(build_location(Location(decision))).encode())
    assert (replay.differences, replay.decision) == ((), decision)


def test_unreadable_of_one_name_from_two_sources__are_both_told() -> None:
    broken = [Unreadable("?", origin, "no name", "AD-010") for origin in (DNS, DIRECTORY)]
    decision = select_management_point([], FACTS, MIXED, chooser=SeededChooser(1), unreadable=broken)
    assert [one.origins for one in decision.rejected] == [(DIRECTORY,), (DNS,)]


def test_saved_decision__keeps_its_profile_and_one_without_it_is_of_the_current_product() -> None:
    document = build_location(Location(decide(mp())))
    assert parse_location(json.dumps(document).encode()).policy == MIXED
    for name in ("profile", "legacy"):
        del document["policy"][name]
    saved = parse_location(json.dumps(document).encode())
    assert (saved.policy.profile, saved.policy.legacy) == (ProfileName.CURRENT, None)
    assert replay_decision(json.dumps(document).encode()).differences, "other rules, another decision"


def test_explanation__says_whose_rules_and_which_mode() -> None:
    assert "profile cm07; mixed mode: test" in explain(decide(mp()))
    assert "profile" not in explain(decide(mp(), policy=Policy(assigned_site=ABC)))
