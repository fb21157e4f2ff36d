"""What each kind of client may use: a case on each side of every condition."""

import pytest

from cmclient.model.assignment import AssignmentHow, AssignmentWish
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.decision import Candidate, Origin, Phase, Policy, Purpose, SourceKind
from cmclient.model.endpoints import Access, Audience, ManagementPoint, Protocols, SiteKind
from cmclient.model.facts import Adapter, ClientKind, NetworkFacts, NetworkLocation, parse_address
from cmclient.model.names import AdSiteName, HostName, SiteCode
from cmclient.rules.assignment import decide_assignment
from cmclient.rules.boundaries import BoundaryIndex
from cmclient.rules.choose import SeededChooser
from cmclient.rules.device_kinds import (
    REPLICA_ROUNDS,
    as_device_entry,
    find_device_dp_bar,
    find_device_http_bar,
    find_device_mp_bar,
    find_replica_bar,
    find_replica_wait,
)
from cmclient.rules.matching import find_possible_subnets
from cmclient.rules.network import judge_location, weigh_facts
from cmclient.rules.places import find_place
from cmclient.rules.select import select_management_point

ABC, XYZ = SiteCode("ABC"), SiteCode("XYZ")
MAC, MOBILE, MDM, LEGACY = ClientKind.MAC, ClientKind.MOBILE, ClientKind.MDM, ClientKind.LEGACY_MOBILE
WINDOWS = ClientKind.WINDOWS
INTRANET, INTERNET, UNKNOWN = NetworkLocation.INTRANET, NetworkLocation.INTERNET, NetworkLocation.UNKNOWN
GOOD = ManagementPoint(
    HostName("mp1.corp.test"),
    site_code=ABC,
    site_kind=SiteKind.PRIMARY,
    protocols=Protocols.HTTPS,
    audience=Audience.BOTH,
    supports_devices=True,
)
POLICY = Policy(assigned_site=ABC, can_use_https=True, https_reason="enrolled")


def facts(kind: ClientKind, location: NetworkLocation | None = None) -> NetworkFacts:
    """Facts of a kind, at the place that the rules give it unless another is said."""
    plain = NetworkFacts(client_kind=kind)
    return plain._replace(network_location=location or judge_location(weigh_facts(plain)).location)


def rejected_by(mp: ManagementPoint, who: NetworkFacts, policy: Policy = POLICY) -> str | None:
    candidate = Candidate(mp, (Origin(SourceKind.INSTALLATION),))
    decision = select_management_point([candidate], who, policy, chooser=SeededChooser(1))
    return decision.rejected[0].reasons[-1].rule if decision.rejected else None


# --- where a device is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "location", "rule"),
    [
        pytest.param(MAC, INTERNET, "NET-011", marks=pytest.mark.rule("MC-001", "SA-035"), id="a Mac"),
        pytest.param(MOBILE, INTERNET, "MD-006", marks=pytest.mark.rule("MD-006"), id="enrolled mobile device"),
        pytest.param(MDM, INTRANET, "CF-001", marks=pytest.mark.rule("MD-006"), id="on-premises device management"),
        pytest.param(LEGACY, INTRANET, "CF-001", id="legacy client"),
        pytest.param(WINDOWS, INTRANET, "CF-001", marks=pytest.mark.rule("MC-001"), id="Windows"),
    ],
)
def test_location__by_kind_even_when_told_that_it_is_the_intranet(
    kind: ClientKind, location: NetworkLocation, rule: str
) -> None:
    judged = judge_location(weigh_facts(facts(kind, INTRANET)))
    assert (judged.location, judged.reason.rule) == (location, rule)


# --- management points ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MAC, MOBILE, MDM, LEGACY, WINDOWS])
def test_management_point_that_has_everything__is_for_all(kind: ClientKind) -> None:
    assert rejected_by(GOOD, facts(kind)) is None
    assert find_device_mp_bar(GOOD, facts(kind)) is None


@pytest.mark.rule("MD-002", "MP-029", "MC-003")
@pytest.mark.parametrize(
    ("kind", "rule"), [(MAC, "MP-029"), (MOBILE, "MP-029"), (MDM, "MD-002"), (LEGACY, "MD-002"), (WINDOWS, None)]
)
def test_management_point_that_lets_no_devices_in__is_for_windows_alone(kind: ClientKind, rule: str | None) -> None:
    assert rejected_by(GOOD._replace(supports_devices=False), facts(kind)) == rule
    assert rejected_by(GOOD._replace(supports_devices=None), facts(kind)) is None  # nobody said: no evidence


@pytest.mark.rule("MD-003", "MC-003")
@pytest.mark.parametrize(("kind", "rule"), [(MAC, "MC-003"), (MOBILE, "MD-003"), (MDM, "MD-003"), (LEGACY, None)])
def test_management_point_over_http__is_for_no_enrolled_device(kind: ClientKind, rule: str | None) -> None:
    plain = GOOD._replace(protocols=Protocols.HTTP)
    bar = find_device_mp_bar(plain, facts(kind))
    assert (bar and bar.rule) == rule
    assert find_device_mp_bar(GOOD._replace(protocols=Protocols.BOTH), facts(kind)) is None


@pytest.mark.rule("MD-003")
@pytest.mark.parametrize(
    ("kind", "barred"), [(MAC, True), (MOBILE, True), (MDM, True), (LEGACY, False), (WINDOWS, False)]
)
def test_plain_http__is_never_gone_down_to_by_an_enrolled_device(kind: ClientKind, barred: bool) -> None:  # noqa: FBT001
    assert (find_device_http_bar(kind) is not None) is barred


@pytest.mark.rule("MP-029", "MC-003")
@pytest.mark.parametrize(
    ("audience", "usable"),
    [(Audience.INTERNET, True), (Audience.BOTH, True), (Audience.INTRANET, False), (Audience.UNKNOWN, False)],
)
@pytest.mark.parametrize("kind", [MAC, MOBILE])
def test_mac_and_mobile_device__want_internet_connections(kind: ClientKind, audience: Audience, usable: bool) -> None:  # noqa: FBT001
    assert rejected_by(GOOD._replace(audience=audience), facts(kind)) == (None if usable else "MP-029")


@pytest.mark.rule("MD-004", "MD-006")
@pytest.mark.parametrize(("location", "rule"), [(INTRANET, None), (UNKNOWN, None), (INTERNET, "MD-004")])
def test_device_management__is_on_the_premises_only(location: NetworkLocation, rule: str | None) -> None:
    assert rejected_by(GOOD, facts(MDM, location)) == rule
    assert rejected_by(GOOD._replace(audience=Audience.INTRANET), facts(MDM, INTRANET)) is None


@pytest.mark.rule("MC-005")
def test_database_replica__is_not_for_a_mac() -> None:
    barred = {kind: bar.rule for kind in ClientKind if (bar := find_replica_bar(kind)) is not None}
    assert barred == {MAC: "MC-005"}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        pytest.param(MAC, "NET-011", marks=pytest.mark.rule("MC-002", "MP-030"), id="a Mac"),
        pytest.param(MOBILE, "MP-030", marks=pytest.mark.rule("MP-030"), id="mobile"),
        pytest.param(MDM, "NET-011", marks=pytest.mark.rule("MD-029"), id="mdm"),
        pytest.param(WINDOWS, None, id="Windows, which roams"),
    ],
)
def test_devices__keep_to_the_assigned_primary_site(kind: ClientKind, rule: str | None) -> None:
    visiting = POLICY._replace(purpose=Purpose.LOCATION, phase=Phase.INSTALLING, local_sites=(XYZ,))
    away = GOOD._replace(site_code=XYZ)
    assert rejected_by(away, facts(kind, INTRANET), visiting) == rule
    below = away._replace(site_kind=SiteKind.SECONDARY, parent_site=ABC)
    assert rejected_by(below, facts(kind, INTRANET), visiting) == rule
    assert rejected_by(GOOD, facts(kind, INTRANET), visiting) is None


@pytest.mark.rule("MP-029", "MD-003")
def test_name_that_a_person_gives__is_understood_as_the_device_does() -> None:
    given = ManagementPoint(HostName("mp1.corp.test"), protocols=Protocols.HTTP, http_port=8443)
    assert as_device_entry(given, WINDOWS) == given
    for kind in (MAC, MOBILE):
        assert rejected_by(as_device_entry(given, kind), facts(kind)) is None
    assert (as_device_entry(given, MDM).audience, as_device_entry(given, MDM).https_port) == (Audience.UNKNOWN, 8443)


# --- distribution points --------------------------------------------------------------------------------------------

OPEN = Access(Protocols.HTTPS, Audience.BOTH, devices=True)


def dp_rule(access: Access, kind: ClientKind, **said: object) -> str | None:
    at = {
        "location": facts(kind, INTRANET if kind is MDM else None).network_location,
        "site": ABC,
        "assigned_site": ABC,
    }
    bar = find_device_dp_bar(access, kind, **{**at, **said})  # type: ignore[arg-type]
    return bar and bar.rule


@pytest.mark.parametrize(
    ("kind", "used", "installs"),
    [
        pytest.param(WINDOWS, True, True, id="Windows"),
        pytest.param(LEGACY, True, True, marks=pytest.mark.rule("CI-028"), id="legacy client"),
        pytest.param(MOBILE, False, False, marks=pytest.mark.rule("CI-027", "CI-028"), id="enrolled"),
        pytest.param(MAC, True, False, marks=pytest.mark.rule("CI-027"), id="a Mac"),
        pytest.param(MDM, True, True, id="mdm"),
    ],
)
def test_distribution_point__used_at_all_and_to_install(kind: ClientKind, used: bool, installs: bool) -> None:  # noqa: FBT001
    assert dp_rule(OPEN, kind) == (None if used else "CI-027")
    assert dp_rule(OPEN, kind, is_installing=True) == (None if installs else "CI-027")


@pytest.mark.parametrize(
    ("access", "said", "rule"),
    [
        pytest.param(OPEN, {}, None, marks=pytest.mark.rule("MD-003", "MD-004", "MD-008")),
        pytest.param(Access(), {}, None, id="nobody said anything"),
        pytest.param(OPEN._replace(devices=False), {}, "MD-008", marks=pytest.mark.rule("MD-008")),
        pytest.param(OPEN._replace(protocols=Protocols.HTTP), {}, "MD-003", marks=pytest.mark.rule("MD-003")),
        pytest.param(OPEN._replace(audience=Audience.INTERNET), {}, "MD-004", marks=pytest.mark.rule("MD-004")),
        pytest.param(OPEN, {"location": INTERNET}, "MD-004", marks=pytest.mark.rule("MD-004")),
    ],
)
def test_distribution_point_of_device_management(access: Access, said: dict[str, object], rule: str | None) -> None:
    assert dp_rule(access, MDM, **said) == rule
    assert dp_rule(access, WINDOWS, **said) is None


@pytest.mark.rule("MC-002")
@pytest.mark.parametrize(
    ("access", "said", "rule"),
    [
        (OPEN, {}, None),
        (OPEN, {"site": None}, None),
        (OPEN, {"site": XYZ}, "MC-002"),
        (OPEN._replace(audience=Audience.INTRANET), {}, "MC-002"),
        (OPEN._replace(audience=Audience.INTERNET), {}, None),
    ],
)
def test_distribution_point_of_a_mac(access: Access, said: dict[str, object], rule: str | None) -> None:
    assert dp_rule(access, MAC, **said) == rule


# --- the first minutes ----------------------------------------------------------------------------------------------


@pytest.mark.rule("ST-016", "MD-022")
@pytest.mark.parametrize(
    ("since", "wait"),
    [(0.0, 150.0), (100.0, 150.0), (200.0, 100.0), (299.0, 1.0), (300.0, None), (-1.0, None), (None, None)],
)
def test_refusal_just_after_enrollment__is_waited_out_for_five_minutes(since: float | None, wait: float | None) -> None:
    assert find_replica_wait(MDM, since_enrollment=since, was_refused=True) == wait
    assert find_replica_wait(MOBILE, since_enrollment=since, was_refused=True) == wait
    assert find_replica_wait(MDM, since_enrollment=since, was_refused=False) is None


@pytest.mark.rule("ST-016", "MC-005")
def test_who_does_not_wait__and_how_often_is_asked() -> None:
    for kind in (MAC, LEGACY, WINDOWS):
        assert find_replica_wait(kind, since_enrollment=0.0, was_refused=True) is None
    assert REPLICA_ROUNDS == 3


# --- boundaries and the assigned site ---------------------------------------------------------------------------------

HERE = NetworkFacts(
    adapters=(Adapter("eth0", addresses=(parse_address("10.1.2.3/24"), parse_address("2001:db8::3/64"))),),
    ad_site=AdSiteName("Here"),
)
BOUNDARIES = (
    Boundary("range", BoundaryKind.IP_RANGE, "10.1.2.1-10.1.2.9"),
    Boundary("subnet", BoundaryKind.IP_SUBNET, "10.1.2.0"),
    Boundary("site", BoundaryKind.AD_SITE, "Here"),
    Boundary("prefix", BoundaryKind.IPV6_PREFIX, "2001:db8::/64"),
    Boundary("vpn", BoundaryKind.VPN, "Name:eth0"),
)


@pytest.mark.rule("BD-018", "MD-007")
def test_device_management__knows_ipv4_ranges_alone() -> None:
    index = BoundaryIndex(BOUNDARIES)
    assert [match.boundary.id for match in index.find(find_place(HERE))] == [one.id for one in BOUNDARIES]
    place = find_place(HERE._replace(client_kind=MDM))
    assert [match.boundary.id for match in index.find(place)] == ["range"]
    assert find_possible_subnets(BOUNDARIES, place) == ()


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        pytest.param(MAC, "SA-035", marks=pytest.mark.rule("SA-035")),
        pytest.param(MDM, "MD-021", marks=pytest.mark.rule("MD-021")),
        pytest.param(MOBILE, "MD-021", marks=pytest.mark.rule("MD-021")),
    ],
)
def test_enrollment_profile__names_the_site_whatever_else_does(kind: ClientKind, rule: str) -> None:
    wish = AssignmentWish(given=XYZ, kept=XYZ, device=kind, profile_site=ABC)
    decided = decide_assignment(wish, INTRANET, chooser=SeededChooser(1))
    assert (decided.site, decided.how) == (ABC, AssignmentHow.GIVEN)
    assert decided.reasons[0].rule == rule
    without = decide_assignment(wish._replace(device=None), INTRANET, chooser=SeededChooser(1))
    assert without.site == XYZ


@pytest.mark.rule("MD-021", "SA-035")
def test_device_without_a_profile__is_not_assigned_by_boundaries() -> None:
    decided = decide_assignment(AssignmentWish(device=MDM), INTRANET, chooser=SeededChooser(1))
    assert (decided.site, decided.reason.rule) == (None, "MD-021")
    windows = decide_assignment(AssignmentWish(), INTRANET, chooser=SeededChooser(1))
    assert "MD-021" not in [reason.rule for reason in windows.reasons]
