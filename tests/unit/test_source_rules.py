"""Where management points are looked for, and when a source may not be asked."""

import pytest

from cmclient.model.decision import Candidate, Discovered, Origin, SourceKind
from cmclient.model.endpoints import Audience, ManagementPoint, SiteKind
from cmclient.model.facts import ClientKind, DomainController, Membership, NetworkFacts, NetworkLocation
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.rules.mplist import Stage, classify_list, find_directory_bar, find_dns_bar, stages_of, suffix_of

CORP = DnsDomain("corp.test")
DC = DomainController(HostName("dc1.corp.test"), "127.0.0.1", CORP, CORP)
JOINED = NetworkFacts(
    membership=Membership.DOMAIN,
    domain=CORP,
    forest=CORP,
    domain_controllers=(DC,),
    network_location=NetworkLocation.INTRANET,
)
WORKGROUP = NetworkFacts(membership=Membership.WORKGROUP, dns_suffixes=(DnsDomain("lan.test"),))
ABC = SiteCode("ABC")


def _order(stages: tuple[Stage, ...]) -> list[tuple[SourceKind, ...]]:
    return [tuple(turn.source for turn in stage) for stage in stages]


@pytest.mark.rule("ML-005", "ML-007")
def test_initial_list__installation_and_directory_then_dns() -> None:
    assert _order(stages_of(has_stored_list=False)) == [
        (SourceKind.INSTALLATION, SourceKind.DIRECTORY),
        (SourceKind.DNS,),
    ]


@pytest.mark.rule("ML-010", "ML-011")
def test_later__stored_list_then_management_points_then_directory_then_dns() -> None:
    assert _order(stages_of(has_stored_list=True)) == [
        (SourceKind.STORED_LIST,),
        (SourceKind.ANSWERED_BEFORE, SourceKind.INSTALLATION),
        (SourceKind.DIRECTORY,),
        (SourceKind.DNS,),
    ]


@pytest.mark.parametrize("has_stored_list", [True, False])
def test_offline__stored_list_only(has_stored_list: bool) -> None:  # noqa: FBT001
    assert _order(stages_of(has_stored_list=has_stored_list, offline=True)) == [(SourceKind.STORED_LIST,)]


@pytest.mark.rule("CF-003", "CF-004", "CF-005", "AD-021")
@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        pytest.param(JOINED, None, id="joined, a domain controller answered"),
        pytest.param(JOINED._replace(membership=Membership.UNKNOWN), None, id="membership unknown, domain known"),
        pytest.param(JOINED._replace(domain_controllers=()), "CF-003", id="joined, nobody answered"),
        pytest.param(JOINED._replace(domain=None), "CF-003", id="no domain known"),
        pytest.param(WORKGROUP, "CF-004", id="workgroup"),
        pytest.param(JOINED._replace(membership=Membership.WORKGROUP), "CF-004", id="workgroup with a domain suffix"),
        pytest.param(
            JOINED._replace(always_internet=True, network_location=NetworkLocation.INTERNET),
            "CF-004",
            id="internet only",
        ),
        pytest.param(JOINED._replace(network_location=NetworkLocation.INTERNET), "CF-005", id="now on the internet"),
        pytest.param(JOINED._replace(client_kind=ClientKind.MAC), "CF-005", id="Mac"),
        pytest.param(JOINED._replace(client_kind=ClientKind.MDM), "CF-005", id="on-premises MDM"),
        pytest.param(JOINED._replace(client_kind=ClientKind.EXCHANGE), "CF-005", id="Exchange connector"),
    ],
)
def test_directory__who_may_ask_it(facts: NetworkFacts, rule: str | None) -> None:
    bar = find_directory_bar(facts)
    assert (bar and bar.rule) == rule


def test_directory__before_any_controller_is_looked_for__a_joined_client_may() -> None:
    assert find_directory_bar(JOINED._replace(domain_controllers=()), is_controller_known=True) is None


@pytest.mark.rule("DN-012", "DN-017", "NET-016")
@pytest.mark.parametrize(
    ("facts", "site", "suffix", "rule"),
    [
        pytest.param(JOINED, ABC, CORP, None, id="intranet, site and suffix known"),
        pytest.param(WORKGROUP, ABC, CORP, None, id="workgroup on the intranet or unknown"),
        pytest.param(JOINED, None, CORP, "DN-012", id="no site code"),
        pytest.param(JOINED, ABC, None, "DN-009", id="no suffix"),
        pytest.param(JOINED._replace(network_location=NetworkLocation.INTERNET), ABC, CORP, "DN-017", id="internet"),
        pytest.param(
            WORKGROUP._replace(network_location=NetworkLocation.INTERNET), ABC, CORP, "NET-016", id="internet workgroup"
        ),
    ],
)
def test_dns__who_may_ask_it(
    facts: NetworkFacts, site: SiteCode | None, suffix: DnsDomain | None, rule: str | None
) -> None:
    bar = find_dns_bar(facts, site=site, suffix=suffix)
    assert (bar and bar.rule) == rule


@pytest.mark.rule("DN-009", "DN-010")
@pytest.mark.parametrize(
    ("facts", "given", "suffix"),
    [
        pytest.param(JOINED, None, "corp.test", id="own domain"),
        pytest.param(JOINED, DnsDomain("other.test"), "other.test", id="DNSSUFFIX replaces it"),
        pytest.param(WORKGROUP, None, "lan.test", id="workgroup: suffix of the connection"),
        pytest.param(WORKGROUP._replace(dns_suffixes=()), None, None, id="workgroup without one: none"),
        pytest.param(WORKGROUP, DnsDomain("other.test"), "other.test", id="workgroup with DNSSUFFIX"),
    ],
)
def test_suffix__exactly_one(facts: NetworkFacts, given: DnsDomain | None, suffix: str | None) -> None:
    assert suffix_of(facts, given=given) == suffix


def _listed(*hosts: str) -> Discovered:
    origin = (Origin(SourceKind.MP_LIST),)
    points = (ManagementPoint(HostName(host), audience=Audience.INTRANET) for host in hosts)
    return Discovered(tuple(Candidate(point, origin) for point in points))


def _told(candidates: tuple[Candidate, ...]) -> list[tuple[str, str | None, SiteKind, str | None]]:
    return [(c.mp.host, c.mp.site_code, c.mp.site_kind, c.mp.parent_site) for c in candidates]


@pytest.mark.rule("ML-017")
def test_lists__who_is_in_the_full_one_only__is_of_a_secondary_site() -> None:
    told = classify_list(_listed("mp1.corp.test", "sec.corp.test"), _listed("mp1.corp.test", "mp2.corp.test"), ABC)
    assert _told(told) == [
        ("mp1.corp.test", "ABC", SiteKind.PRIMARY, None),
        ("sec.corp.test", None, SiteKind.SECONDARY, "ABC"),
        ("mp2.corp.test", "ABC", SiteKind.PRIMARY, None),
    ]


@pytest.mark.parametrize("own", [Discovered(), _listed("mp9.corp.test")], ids=["none", "of another site"])
def test_lists__nothing_in_common__nothing_follows(own: Discovered) -> None:
    told = classify_list(_listed("mp1.corp.test"), own, ABC)
    assert _told(told)[0] == ("mp1.corp.test", None, SiteKind.UNKNOWN, None)


def test_lists__an_entry_that_says_its_site_is_believed() -> None:
    full = _listed("mp1.corp.test", "other.corp.test")
    said = full.candidates[1]._replace(mp=full.candidates[1].mp._replace(site_code=SiteCode("XYZ")))
    told = classify_list(full._replace(candidates=(full.candidates[0], said)), _listed("mp1.corp.test"), ABC)
    assert _told(told)[1] == ("other.corp.test", "XYZ", SiteKind.UNKNOWN, None)
