"""CM 2007, content: boundaries of sites, protected distribution points, and the two sites that are searched."""

import pytest

from cmclient.model.boundary import Boundary, BoundaryKind, NetworkPlace
from cmclient.model.certificates import ClientCertificate
from cmclient.model.facts import parse_address
from cmclient.model.groups import Role
from cmclient.model.legacy import LegacyBoundary, LegacyDistributionPoint
from cmclient.model.messages import SiteLocality
from cmclient.model.names import AdSiteName, HostName, SiteCode
from cmclient.rules.choose import SeededChooser
from cmclient.rules.legacy_certificates import choose_legacy_certificate
from cmclient.rules.legacy_content import (
    ContentSources,
    LegacyPlace,
    find_content_sources,
    find_legacy_place,
    is_withheld,
    rank_content_sources,
)
from cmclient.rules.legacy_reporting import find_legacy_fsp

ABC, XYZ, LOW = SiteCode("ABC"), SiteCode("XYZ"), SiteCode("LOW")
CLIENT = NetworkPlace((parse_address("10.1.2.3/24"),), AdSiteName("Berlin"))


def boundary(name: str, site: SiteCode, value: str, *, slow: bool = False) -> LegacyBoundary:
    kind = BoundaryKind.IP_SUBNET if value[0].isdigit() else BoundaryKind.AD_SITE
    return LegacyBoundary(site, Boundary(name, kind, value), is_slow=slow)


FAST, SLOW = boundary("subnet", XYZ, "10.1.2.0"), boundary("berlin", XYZ, "Berlin", slow=True)


@pytest.mark.rule("L7-047", "L7-048")
@pytest.mark.parametrize(
    ("boundaries", "locality"),
    [
        pytest.param([FAST], SiteLocality.LOCAL, id="fast"),
        pytest.param([SLOW], SiteLocality.REMOTE, id="slow"),
        pytest.param([SLOW, FAST], SiteLocality.LOCAL, id="slow and fast"),
        pytest.param([FAST, SLOW], SiteLocality.LOCAL, id="fast and slow"),
        pytest.param([boundary("other", XYZ, "Paris")], SiteLocality.FALLBACK, id="neither"),
    ],
)
def test_boundaries__belong_to_a_site_and_are_fast_or_slow(
    boundaries: list[LegacyBoundary], locality: SiteLocality
) -> None:
    assert find_legacy_place(boundaries, CLIENT).locality_of(XYZ) is locality


@pytest.mark.rule("L7-047")
def test_place__is_that_of_every_site_that_holds_the_client_the_assigned_one_before_others() -> None:
    place = find_legacy_place([SLOW, boundary("abc", ABC, "10.1.2.0")], CLIENT)
    assert place == LegacyPlace(("berlin", "abc"), ((XYZ, SiteLocality.REMOTE), (ABC, SiteLocality.LOCAL)))
    assert [place.current_site(site) for site in (ABC, XYZ, LOW)] == [ABC, XYZ, XYZ]
    assert LegacyPlace().current_site(ABC) == ABC


# --- protection -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("L7-017", "L7-018")
@pytest.mark.parametrize(
    ("role", "protected_by", "withheld"),
    [
        pytest.param(Role.DISTRIBUTION_POINT, ("berlin",), False, id="DP, the client inside"),
        pytest.param(Role.DISTRIBUTION_POINT, ("paris",), True, id="DP, the client outside"),
        pytest.param(Role.DISTRIBUTION_POINT, (), True, id="DP, protected for nobody"),
        pytest.param(Role.DISTRIBUTION_POINT, None, False, id="DP, not protected"),
        pytest.param(Role.STATE_MIGRATION_POINT, ("paris",), True, id="SMP, the client outside"),
        pytest.param(Role.STATE_MIGRATION_POINT, ("paris", "berlin"), False, id="SMP, the client inside"),
        pytest.param(Role.MANAGEMENT_POINT, ("paris",), False, id="MP: never"),
        pytest.param(Role.SOFTWARE_UPDATE_POINT, ("paris",), False, id="SUP: never"),
    ],
)
def test_protected_system__turns_away_whom_its_boundaries_do_not_hold(
    role: Role,
    protected_by: tuple[str, ...] | None,
    withheld: bool,  # noqa: FBT001
) -> None:
    assert is_withheld(role, protected_by, LegacyPlace(("berlin",))) is withheld


def dp(name: str, site: SiteCode = ABC, **fields: object) -> LegacyDistributionPoint:
    return LegacyDistributionPoint(HostName(name), site, **fields)  # type: ignore[arg-type] # names of fields


AT_HOME = LegacyPlace(("home",), ((ABC, SiteLocality.LOCAL),))
AWAY = LegacyPlace(("away",), ((XYZ, SiteLocality.LOCAL),))
OPEN, NEAR, FAR = dp("open"), dp("near", protected_by=("home",)), dp("far", protected_by=("elsewhere",))


def given(sources: ContentSources) -> list[str]:
    return [point.host for point, _ in sources.given]


def withheld(sources: ContentSources) -> dict[str, str]:
    return {point.host: reason.rule for point, reason in sources.withheld}


@pytest.mark.rule("L7-019")
def test_protected_for_the_client__are_given_alone() -> None:
    sources = find_content_sources([OPEN, NEAR, FAR], AT_HOME, assigned_site=ABC)
    assert given(sources) == ["near"]
    assert withheld(sources) == {"open": "L7-019", "far": "L7-020"}


@pytest.mark.rule("L7-020")
def test_none_protected_for_the_client__the_unprotected_are_given_and_the_others_never() -> None:
    sources = find_content_sources([OPEN, FAR, dp("open2")], AT_HOME, assigned_site=ABC)
    assert given(sources) == ["open", "open2"]
    assert withheld(sources) == {"far": "L7-020"}


@pytest.mark.rule("L7-021")
def test_all_protected_for_others__the_content_fails_by_protection() -> None:
    sources = find_content_sources([FAR], AT_HOME, assigned_site=ABC)
    assert (sources.site, given(sources), sources.reason.rule) == (None, [], "L7-021")
    assert find_content_sources([FAR, OPEN], AT_HOME, assigned_site=ABC).reason.rule == "L7-022"


@pytest.mark.rule("L7-022")
def test_no_distribution_point_at_all__fails_for_want_of_content_and_not_by_protection() -> None:
    assert find_content_sources([], AT_HOME, assigned_site=ABC).reason.rule == "L7-022"


@pytest.mark.rule("L7-022")
def test_roaming_client__the_current_site_first() -> None:
    here = dp("here", XYZ)
    sources = find_content_sources([OPEN, here, dp("third", LOW)], AWAY, assigned_site=ABC)
    assert (sources.site, given(sources)) == (XYZ, ["here"])
    assert withheld(sources) == {"open": "L7-022", "third": "L7-022"}


@pytest.mark.rule("L7-022", "L7-023")
@pytest.mark.parametrize(
    "here", [pytest.param([], id="no content"), pytest.param([dp("here", XYZ, protected_by=("x",))], id="protected")]
)
def test_roaming_client__the_assigned_site_where_the_current_one_gives_none(
    here: list[LegacyDistributionPoint],
) -> None:
    sources = find_content_sources([OPEN, *here, dp("third", LOW)], AWAY, assigned_site=ABC)
    assert (sources.site, given(sources), sources.reason.rule) == (ABC, ["open"], "L7-023")
    assert withheld(sources)["third"] == "L7-022"


@pytest.mark.rule("L7-023")
def test_roaming_client__all_protected_in_the_assigned_site__fails() -> None:
    sources = find_content_sources([FAR, dp("third", LOW)], AWAY, assigned_site=ABC)
    assert (sources.site, given(sources), sources.reason.rule) == (None, [], "L7-023")
    assert withheld(sources) == {"far": "L7-020", "third": "L7-022"}


def test_every_distribution_point__is_given_or_withheld_once() -> None:
    points = [OPEN, NEAR, FAR, dp("here", XYZ, protected_by=("y",)), dp("third", LOW)]
    for place in (AT_HOME, AWAY, LegacyPlace()):
        for assigned in (ABC, XYZ, LOW):
            sources = find_content_sources(points, place, assigned_site=assigned)
            told = [point.host for point, _ in (*sources.given, *sources.withheld)]
            assert sorted(told) == sorted(point.host for point in points), (place, assigned)


@pytest.mark.rule("L7-024")
def test_order__local_then_subnet_then_ad_site_then_bits() -> None:
    points = [
        dp("rest"),
        dp("rest-bits", is_bits_enabled=True, ad_site=AdSiteName("Paris")),
        dp("site", ad_site=AdSiteName("berlin")),
        dp("site-bits", ad_site=AdSiteName("Berlin"), is_bits_enabled=True),
        dp("subnet", subnet="10.1.2.0"),
        dp("subnet-bits", subnet="10.1.2.0", is_bits_enabled=True),
    ]
    sources = find_content_sources(points, AT_HOME, assigned_site=ABC)
    order = [point.host for point in rank_content_sources(sources, AT_HOME, CLIENT, chooser=SeededChooser(1))]
    assert order == ["subnet-bits", "subnet", "site-bits", "site", "rest-bits", "rest"]
    nowhere = rank_content_sources(sources, AT_HOME, NetworkPlace(), chooser=SeededChooser(1))
    assert {point.host for point in nowhere[:3]} == {"subnet-bits", "site-bits", "rest-bits"}


@pytest.mark.rule("L7-024")
def test_order__local_ones_before_remote_ones_and_ties_by_chance() -> None:
    here, near = dp("here", XYZ), dp("near", ABC, subnet="10.1.2.0")
    nowhere = find_content_sources([], AWAY, assigned_site=ABC).reason
    both = ContentSources(XYZ, ((near, nowhere), (here, nowhere)), (), nowhere)
    ranked = rank_content_sources(both, AWAY, CLIENT, chooser=SeededChooser(1))
    assert [point.host for point in ranked] == ["here", "near"]
    equals = find_content_sources([dp("one"), dp("two")], AT_HOME, assigned_site=ABC)
    orders = {rank_content_sources(equals, AT_HOME, CLIENT, chooser=SeededChooser(seed))[0].host for seed in range(20)}
    assert orders == {"one", "two"}


# --- certificates and the fallback status point ---------------------------------------------------------------------

SHORT, LONG = ClientCertificate("CN=a", not_after="2027-01-01"), ClientCertificate("CN=b", not_after="2028-01-01")


@pytest.mark.rule("L7-044")
@pytest.mark.parametrize(
    ("fitting", "takes_any", "chosen"),
    [
        ([], False, None),
        ([SHORT], False, SHORT),
        ([SHORT, LONG], False, None),
        ([SHORT, LONG], True, LONG),
        ([LONG, SHORT], True, LONG),
    ],
)
def test_several_certificates__none_unless_any_may_be_taken(
    fitting: list[ClientCertificate],
    takes_any: bool,  # noqa: FBT001
    chosen: ClientCertificate | None,
) -> None:
    assert choose_legacy_certificate(fitting, takes_any=takes_any)[0] == chosen


@pytest.mark.rule("L7-045")
@pytest.mark.parametrize(
    ("named", "build", "url"),
    [
        ("fsp", 6487, "http://fsp"),
        ("fsp.corp.test", 6487, "http://fsp.corp.test"),
        ("10.1.2.3", 5931, "http://10.1.2.3"),
        ("fsp.corp.test", 4160, None),
        (None, 6487, None),
    ],
)
def test_fallback_status_point__the_one_named_over_http_and_never_for_sms_2003(
    named: str | None, build: int, url: str | None
) -> None:
    endpoint, reason = find_legacy_fsp(None if named is None else HostName(named), client_build=build)
    assert (None if endpoint is None else str(endpoint)) == url
    assert reason.rule == "L7-045"
