"""CM 2007, sources: where the default management point is looked for, and what directory and DNS say of it."""

import pytest

from cmclient.config import ClientConfig, load_config
from cmclient.model.decision import Candidate, Discovered, Origin, Policy, SourceKind
from cmclient.model.directory import DirectoryEntry, PublishedSite
from cmclient.model.endpoints import ManagementPoint, SiteKind
from cmclient.model.facts import Membership, NetworkFacts, NetworkLocation
from cmclient.model.legacy import DefaultKind, LegacyPolicy, ProfileName, SiteMode
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.legacy_directory import locator_point_query, read_locator_points
from cmclient.rules.legacy_sources import (
    find_legacy_bar,
    is_locator_barred,
    legacy_stages,
    read_legacy_directory,
    read_legacy_dns,
)

ABC, SEC = SiteCode("ABC"), SiteCode("SEC")
SLP = HostName("slp.corp.test")
FACTS = NetworkFacts(network_location=NetworkLocation.INTRANET)
ON_INTERNET = FACTS._replace(network_location=NetworkLocation.INTERNET)
LOOK_UPS = (SourceKind.DIRECTORY, SourceKind.DNS, SourceKind.LOCATOR_POINT, SourceKind.WINS)


def policy(**fields: object) -> Policy:
    return Policy(assigned_site=ABC, profile=ProfileName.CM07, legacy=LegacyPolicy(**fields))  # type: ignore[arg-type]


def named(*points: ManagementPoint, source: SourceKind = SourceKind.DIRECTORY) -> Discovered:
    return Discovered(tuple(Candidate(one, (Origin(source, "x"),)) for one in points))


def bar(source: SourceKind, known: NetworkFacts = FACTS, **fields: object) -> str | None:
    found = find_legacy_bar(source, known, policy(**fields))
    return None if found is None else found.rule


@pytest.mark.rule("L7-032")
@pytest.mark.parametrize("has_stored_list", [True, False])
def test_stages__directory_dns_locator_point_wins_each_after_the_one_before(has_stored_list: bool) -> None:  # noqa: FBT001
    stages = legacy_stages(has_stored_list=has_stored_list)
    assert [[turn.source for turn in stage if turn.source in LOOK_UPS] for stage in stages] == [
        [source] for source in LOOK_UPS
    ]


def test_stages__offline_is_the_stored_list_alone() -> None:
    (stage,) = legacy_stages(has_stored_list=True, offline=True)
    assert [turn.source for turn in stage] == [SourceKind.STORED_LIST]


@pytest.mark.rule("L7-035")
@pytest.mark.parametrize("source", SourceKind)
def test_internet_client__looks_nothing_up(source: SourceKind) -> None:
    assert bar(source, ON_INTERNET) == ("L7-035" if source in LOOK_UPS else None)
    assert bar(source) != "L7-035"


@pytest.mark.rule("L7-034")
@pytest.mark.parametrize(
    ("membership", "rule"),
    [(Membership.WORKGROUP, "L7-034"), (Membership.DOMAIN, None), (Membership.UNKNOWN, None)],
)
def test_directory__is_for_clients_that_are_in_a_forest(membership: Membership, rule: str | None) -> None:
    assert bar(SourceKind.DIRECTORY, FACTS._replace(membership=membership)) == rule
    assert bar(SourceKind.DNS, FACTS._replace(membership=membership)) is None


@pytest.mark.rule("L7-012")
@pytest.mark.parametrize(
    ("kind", "rule"), [(DefaultKind.SERVER, None), (DefaultKind.CLUSTER, "L7-012"), (DefaultKind.NONE, None)]
)
def test_cluster__is_not_looked_for_in_dns_but_in_the_directory(kind: DefaultKind, rule: str | None) -> None:
    assert bar(SourceKind.DNS, default_kind=kind) == rule
    assert bar(SourceKind.DIRECTORY, default_kind=kind) is None


@pytest.mark.rule("L7-038")
def test_dns__is_not_asked_for_a_site_that_the_client_is_not_assigned_to() -> None:
    assert bar(SourceKind.DNS, unassigned="no assigned site: nobody compared") == "L7-038"
    assert bar(SourceKind.DNS) is None


@pytest.mark.rule("L7-031")
@pytest.mark.parametrize(
    ("mode", "option", "barred"),
    [
        (SiteMode.NATIVE, False, True),
        (SiteMode.NATIVE, True, False),
        (SiteMode.MIXED, False, False),
        (SiteMode.MIXED, True, False),
    ],
)
def test_locator_point__a_native_client_needs_http_for_it(mode: SiteMode, option: bool, barred: bool) -> None:  # noqa: FBT001
    assert is_locator_barred(mode, http_for_roaming=option) is barred
    expected = "L7-031" if barred else "L7-037"
    assert bar(SourceKind.LOCATOR_POINT, mode=mode, http_for_roaming=option, locator_point=SLP) == expected


@pytest.mark.rule("L7-037")
def test_locator_point__is_named_where_it_is_known_and_the_way_out_is_said() -> None:
    known = find_legacy_bar(SourceKind.LOCATOR_POINT, FACTS, policy(locator_point=SLP))
    unknown = find_legacy_bar(SourceKind.LOCATOR_POINT, FACTS, policy())
    assert known is not None
    assert unknown is not None
    assert "slp.corp.test" in known.text
    assert "management_points" in known.text
    assert "none is known" in unknown.text
    assert "SMS_SLP#1A" in unknown.text


# --- what they say --------------------------------------------------------------------------------------------------

MP1, MP2 = ManagementPoint(HostName("mp1.corp.test"), ABC), ManagementPoint(HostName("mp2.corp.test"), ABC)


@pytest.mark.rule("L7-036")
def test_dns__names_default_management_points_only() -> None:
    found = read_legacy_dns(named(MP2, MP1, source=SourceKind.DNS))
    assert [(one.mp.host, one.mp.is_default) for one in found.candidates] == [(MP2.host, True), (MP1.host, True)]
    assert read_legacy_dns(Discovered()) == Discovered()


@pytest.mark.rule("L7-005")
@pytest.mark.parametrize(
    ("assignment_site", "kind", "parent"),
    [
        pytest.param(ABC, SiteKind.SECONDARY, ABC, id="its clients belong to the site above"),
        pytest.param(SEC, SiteKind.PRIMARY, None, id="its clients belong to itself"),
        pytest.param(None, SiteKind.PRIMARY, None, id="it does not say"),
    ],
)
def test_directory__a_site_whose_clients_belong_to_another_is_secondary(
    assignment_site: SiteCode | None, kind: SiteKind, parent: SiteCode | None
) -> None:
    point = ManagementPoint(HostName("proxy.corp.test"), SEC, SiteKind.PRIMARY)
    (one,) = read_legacy_directory(named(point), (PublishedSite(SEC, assignment_site),)).candidates
    assert (one.mp.site_kind, one.mp.parent_site) == (kind, parent)


# --- the locator point in the directory -----------------------------------------------------------------------------


def entry(**attributes: bytes) -> DirectoryEntry:
    return DirectoryEntry("CN=SMS-SLP", {name.lower(): (value,) for name, value in attributes.items()})


@pytest.mark.rule("L7-037")
def test_locator_point__is_read_from_its_class() -> None:
    assert "mSSMSServerLocatorPoint" in locator_point_query("CN=x").filter
    found = [entry(mSSMSMPName=b"SLP1"), entry(dNSHostName=b"slp2.corp.test", mSSMSMPName=b"SLP2")]
    assert read_locator_points(found) == ("slp1", "slp2.corp.test")


@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"no host!", b"a" * 5000])
def test_locator_point__without_a_name_that_can_be_one_is_left_out(value: bytes) -> None:
    assert read_locator_points([entry(dNSHostName=value), entry(dNSHostName=b"slp.corp.test")]) == (SLP,)


def test_locator_points__are_bounded() -> None:
    assert len(read_locator_points([entry(dNSHostName=b"slp.corp.test")] * 1000)) == 16


# --- settings -------------------------------------------------------------------------------------------------------


def test_settings__have_the_defaults_of_the_product() -> None:
    config = load_config()
    assert config.profile is ProfileName.CURRENT
    assert (config.cm07_mode, config.cm07_http_roaming, config.cm07_locator_point) == (None, False, None)
    assert (config.cm07_slow_boundaries, config.cm07_default_mp) == ((), DefaultKind.SERVER)


@pytest.mark.rule("IP-087", "L7-037")
@pytest.mark.parametrize(
    ("line", "mode", "slp"),
    [
        ("/native SMSSLP=slp.corp.test", SiteMode.NATIVE, SLP),
        ("/native:CRL SMSSITECODE=ABC", SiteMode.NATIVE, None),
        ("SMSSITECODE=ABC", None, None),
    ],
)
def test_setup_line__names_mode_and_locator_point(line: str, mode: SiteMode | None, slp: HostName | None) -> None:
    config: ClientConfig = load_config(setup_line=line)
    assert (config.cm07_mode, config.cm07_locator_point) == (mode, slp)
    assert config.profile is ProfileName.CURRENT, "what is said to an old client changes no rules by itself"
