"""What is deprecated is told, and refused by nothing."""

import pytest

from cmclient.model.checkup import Level
from cmclient.model.decision import Candidate, Decision, Origin, Policy, SourceKind
from cmclient.model.endpoints import Audience, GatewayPath, ManagementPoint, Protocols, SiteKind
from cmclient.model.facts import ClientKind, NetworkFacts
from cmclient.model.legacy import ProfileName
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.checkup_choice import judge_choice
from cmclient.rules.choose import SeededChooser
from cmclient.rules.deprecations import find_kind_deprecation, find_site_deprecation
from cmclient.rules.profiles import profile_of
from cmclient.rules.select import select_management_point

P01 = SiteCode("P01")
PLAIN = ManagementPoint(HostName("mp1.corp.test"), P01, protocols=Protocols.HTTP, ssl_state=0)
UNTOLD = ManagementPoint(HostName("mp2.corp.test"), P01, protocols=Protocols.HTTP)


def decision(*mps: ManagementPoint, facts: NetworkFacts = NetworkFacts(), **policy: object) -> Decision:  # noqa: B008
    origin = Origin(SourceKind.MP_LIST, "MPLIST")
    stands = Policy(assigned_site=P01)._replace(**policy)  # type: ignore[arg-type] # names of fields
    return select_management_point([Candidate(mp, (origin,)) for mp in mps], facts, stands, chooser=SeededChooser(1))


def warned(found: Decision) -> list[tuple[str, str]]:
    checks = judge_choice(found, [], sources_work=True)
    return [(one.about, one.code) for one in checks if one.level is Level.WARN]


@pytest.mark.rule("WL-011")
@pytest.mark.parametrize(
    ("mps", "is_told"),
    [
        pytest.param([PLAIN], True, id="HTTP alone"),
        pytest.param([PLAIN, UNTOLD], True, id="all that say anything"),
        pytest.param([PLAIN, UNTOLD._replace(ssl_state=1)], False, id="one with enhanced HTTP"),
        pytest.param([PLAIN, UNTOLD._replace(ssl_state=31)], False, id="one with HTTPS"),
        pytest.param([UNTOLD], False, id="nobody says"),
        pytest.param([PLAIN._replace(site_code=SiteCode("P02"))], False, id="of another site"),
        pytest.param([PLAIN._replace(site_kind=SiteKind.SECONDARY)], False, id="of a secondary site"),
        pytest.param([], False, id="nobody"),
    ],
)
def test_site_with_http_alone__is_warned_of_and_used_all_the_same(mps: list[ManagementPoint], is_told: bool) -> None:  # noqa: FBT001
    found = decision(*mps)
    judged = (*found.ranked, *found.rejected)
    told = find_site_deprecation(judged, P01)
    assert (told is not None) is is_told
    notes = profile_of(ProfileName.CURRENT).selection.describe(judged, found.facts, found.policy)
    assert any("WL-011" in note for note in notes) is is_told
    assert (("site P01", "deprecated") in warned(found)) is is_told
    if is_told:
        assert PLAIN.host in {one.name for one in found.ranked}


def test_site_with_http_alone__is_nothing_without_a_site_nor_in_cm_2007_where_it_is_the_rule() -> None:
    found = decision(PLAIN, UNTOLD._replace(site_code=None, ssl_state=0), assigned_site=None)
    assert find_site_deprecation((*found.ranked, *found.rejected), None) is None
    assert warned(decision(PLAIN)) == [("site P01", "deprecated")]
    assert warned(decision(PLAIN, profile=ProfileName.CM07)) == []


def test_gateway__is_no_http() -> None:
    gateway = ManagementPoint(
        HostName("gw1.test"), gateway=GatewayPath("/CCM_Proxy_MutualAuth/1"), audience=Audience.INTERNET, ssl_state=31
    )
    found = decision(PLAIN, gateway)
    assert find_site_deprecation((*found.ranked, *found.rejected), P01) is None


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        pytest.param(ClientKind.MAC, "MC-016", marks=pytest.mark.rule("MC-016", "WL-011")),
        pytest.param(ClientKind.MDM, "MD-028", marks=pytest.mark.rule("MD-028", "WL-011")),
        pytest.param(ClientKind.MOBILE, "MD-028", marks=pytest.mark.rule("MD-028", "WL-011")),
        pytest.param(ClientKind.WINDOWS, None, marks=pytest.mark.rule("MC-016", "MD-028")),
        (ClientKind.LEGACY_MOBILE, None),
        (ClientKind.EXCHANGE, None),
    ],
)
def test_kind_of_client__is_warned_of(kind: ClientKind, rule: str | None) -> None:
    found = find_kind_deprecation(kind)
    assert (None if found is None else found.rule) == rule
    facts = NetworkFacts(client_kind=kind)
    notes = profile_of(ProfileName.CURRENT).selection.describe((), facts, Policy())
    assert [note for note in notes if rule and rule in note] == list(notes)
    assert bool(notes) is (rule is not None)
    assert (("client_kind", "deprecated") in warned(decision(facts=facts))) is (rule is not None)
