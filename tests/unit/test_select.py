"""Selection, as decision tables: who is ranked where, who is rejected, and by which rule."""

from itertools import permutations

import pytest

from cmclient.model.decision import (
    Candidate,
    Category,
    Decision,
    Evaluation,
    Origin,
    Phase,
    Policy,
    Purpose,
    SourceKind,
    Tie,
    Unreadable,
)
from cmclient.model.endpoints import Audience, Locality, ManagementPoint, Protocols, Scheme, SiteKind
from cmclient.model.facts import ClientKind, NetworkFacts, NetworkLocation
from cmclient.model.groups import BoundaryGroup, Role, SiteData, SiteServer
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.rules.choose import SeededChooser
from cmclient.rules.eligibility import product_family
from cmclient.rules.order import forest_of
from cmclient.rules.pools import build_pool
from cmclient.rules.select import plan_contact, select_management_point

ABC, SEC, XYZ = SiteCode("ABC"), SiteCode("SEC"), SiteCode("XYZ")
OWN, TRUSTED, OTHER = DnsDomain("corp.test"), DnsDomain("partner.test"), DnsDomain("outside.test")
FACTS = NetworkFacts(forest=OWN, trusted_forests=(TRUSTED,), network_location=NetworkLocation.INTRANET)
ON_INTERNET = FACTS._replace(network_location=NetworkLocation.INTERNET)
HTTPS_CLIENT = Policy(assigned_site=ABC, can_use_https=True, https_reason="test certificate")
HTTP_CLIENT = Policy(assigned_site=ABC, https_reason="use_pki_cert is not set")
LISTED = Origin(SourceKind.MP_LIST, "list")
PUBLISHED = Origin(SourceKind.DIRECTORY, "dc1")


def mp(host: str, **fields: object) -> ManagementPoint:
    given = {"site_code": ABC, "protocols": Protocols.HTTP, "audience": Audience.INTRANET, **fields}
    return ManagementPoint(HostName(host), **given)  # type: ignore[arg-type]


def decide(
    *mps: ManagementPoint,
    facts: NetworkFacts = FACTS,
    policy: Policy = HTTPS_CLIENT,
    origin: Origin = LISTED,
    seed: int = 1,
) -> Decision:
    candidates = [Candidate(one, (origin,)) for one in mps]
    return select_management_point(candidates, facts, policy, chooser=SeededChooser(seed))


def names(evaluations: tuple[Evaluation, ...]) -> list[str]:
    return [one.name for one in evaluations]


def rejection(decision: Decision, host: str) -> str:
    """The rule that rejected a candidate; a KeyError-like failure when it was ranked."""
    return {one.name: one.reasons[-1].rule for one in decision.rejected}[host]


# --- rank -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("MP-003")
def test_rank__https_client__https_before_http_then_own_or_trusted_forest_before_others() -> None:
    decision = decide(
        mp("http-other.outside.test"),
        mp("http-own.corp.test"),
        mp("https-other.outside.test", protocols=Protocols.HTTPS),
        mp("https-trusted.partner.test", protocols=Protocols.HTTPS),
    )
    assert names(decision.ranked) == [
        "https-trusted.partner.test",
        "https-other.outside.test",
        "http-own.corp.test",
        "http-other.outside.test",
    ]
    assert [one.rank for one in decision.ranked] == [1, 2, 3, 4]


@pytest.mark.rule("MP-004")
@pytest.mark.rule("ML-034")
def test_rank__client_not_set_for_https__only_http_ranks_and_https_only_is_dropped() -> None:
    decision = decide(
        mp("both.corp.test", protocols=Protocols.BOTH),
        mp("https.corp.test", protocols=Protocols.HTTPS),
        mp("other.outside.test"),
        policy=HTTP_CLIENT,
    )
    assert [(one.name, one.rank) for one in decision.ranked] == [("both.corp.test", 3), ("other.outside.test", 4)]
    assert all(endpoint.scheme is Scheme.HTTP for one in decision.ranked for endpoint in one.endpoints)
    assert rejection(decision, "https.corp.test") == "ML-034"
    assert "use_pki_cert is not set" in decision.rejected[0].reasons[-1].text


@pytest.mark.rule("ML-034")
def test_https_only__client_set_for_https__is_ranked() -> None:
    assert names(decide(mp("https.corp.test", protocols=Protocols.HTTPS)).ranked) == ["https.corp.test"]


@pytest.mark.rule("CF-002")
@pytest.mark.parametrize(
    ("protocols", "policy", "schemes"),
    [
        pytest.param(Protocols.BOTH, HTTPS_CLIENT, ["https", "http"], id="both, able: HTTPS first"),
        pytest.param(Protocols.BOTH, HTTP_CLIENT, ["http"], id="both, not able: HTTP"),
        pytest.param(Protocols.HTTP, HTTPS_CLIENT, ["http"], id="HTTP only, able: HTTP"),
        pytest.param(Protocols.HTTPS, HTTPS_CLIENT, ["https"], id="HTTPS only: never down"),
        pytest.param(Protocols.UNKNOWN, HTTPS_CLIENT, ["https", "http"], id="unknown, able: HTTPS first"),
        pytest.param(Protocols.UNKNOWN, HTTP_CLIENT, ["http"], id="unknown, not able: HTTP"),
        pytest.param(
            Protocols.BOTH,
            HTTPS_CLIENT._replace(may_use_http=False),
            ["https"],
            id="both, HTTP not allowed: HTTPS only",
        ),
    ],
)
def test_protocol__most_secure_one_first(protocols: Protocols, policy: Policy, schemes: list[str]) -> None:
    (one,) = decide(mp("mp.corp.test", protocols=protocols), policy=policy).ranked
    assert [endpoint.scheme.value for endpoint in one.endpoints] == schemes


@pytest.mark.rule("MP-003")
def test_going_down_to_http__forbidden_by_policy__http_only_is_rejected() -> None:
    decision = decide(mp("mp.corp.test"), policy=HTTPS_CLIENT._replace(may_use_http=False))
    assert rejection(decision, "mp.corp.test") == "MP-003"


@pytest.mark.rule("MP-003")
def test_going_down_to_http__internet_client__never() -> None:
    both = mp("both.corp.test", protocols=Protocols.BOTH, audience=Audience.INTERNET)
    plain = mp("plain.corp.test", audience=Audience.INTERNET)
    decision = decide(both, plain, facts=ON_INTERNET)
    assert [[e.scheme for e in one.endpoints] for one in decision.ranked] == [[Scheme.HTTPS]]
    assert rejection(decision, "plain.corp.test") == "MP-003"


@pytest.mark.rule("MP-003")
@pytest.mark.rule("MP-009")
def test_contact_plan__http_of_a_both_management_point__comes_after_every_https_one() -> None:
    decision = decide(
        mp("both.corp.test", protocols=Protocols.BOTH),
        mp("https.outside.test", protocols=Protocols.HTTPS),
        mp("http.corp.test"),
    )
    plan = [[str(endpoint) for endpoint in group] for group in plan_contact(decision.ranked)]
    assert plan[:2] == [["https://both.corp.test"], ["https://https.outside.test"]]
    assert sorted(plan[2]) == ["http://both.corp.test", "http://http.corp.test"]
    assert len(plan) == 3


def test_rank__forest_that_nobody_named__counts_as_another_one() -> None:
    unknown = mp("mp.nowhere.test")
    (one,) = decide(unknown).ranked
    assert one.rank == 4
    assert "unknown" in one.reasons[-1].text


def test_rank__forest_said__counts_more_than_the_name() -> None:
    (one,) = decide(mp("mp.outside.test", forest=TRUSTED)).ranked
    assert one.rank == 3


# --- category ---------------------------------------------------------------------------------------------------

PROXY = mp("proxy.corp.test", site_code=None, site_kind=SiteKind.SECONDARY, parent_site=ABC, locality=Locality(3))
LOCAL = mp("local.corp.test", in_current_group=True, locality=Locality(3))
ASSIGNED = mp("assigned.corp.test")


@pytest.mark.rule("MP-001")
def test_category__proxy_before_local_before_assigned() -> None:
    decision = decide(ASSIGNED, LOCAL, PROXY)
    assert [(one.name, one.category) for one in decision.ranked] == [
        ("proxy.corp.test", Category.PROXY),
        ("local.corp.test", Category.LOCAL),
        ("assigned.corp.test", Category.ASSIGNED),
    ]


@pytest.mark.rule("MP-001")
def test_category__better_rank_in_a_later_category__does_not_help() -> None:
    better = mp("assigned.corp.test", protocols=Protocols.HTTPS)
    assert names(decide(better, LOCAL).ranked) == ["local.corp.test", "assigned.corp.test"]


@pytest.mark.rule("ML-017")
@pytest.mark.rule("MP-001")
def test_proxy__not_listed_for_the_location__is_rejected_and_a_listed_one_is_proxy() -> None:
    unlisted = PROXY._replace(host=HostName("far.corp.test"), locality=Locality.UNKNOWN)
    decision = decide(PROXY, unlisted)
    assert [(one.name, one.category) for one in decision.ranked] == [("proxy.corp.test", Category.PROXY)]
    assert rejection(decision, "far.corp.test") == "MP-001"


@pytest.mark.rule("ML-017")
def test_proxy__same_management_point_in_a_primary_site__is_none() -> None:
    primary = PROXY._replace(site_kind=SiteKind.PRIMARY, site_code=ABC)
    assert [one.category for one in decide(primary).ranked] == [Category.ASSIGNED]


@pytest.mark.rule("MP-001")
def test_proxy__keeps_the_locality_that_the_site_gave_it() -> None:
    near, far = PROXY, PROXY._replace(host=HostName("a-far.corp.test"), locality=Locality(2))
    assert names(decide(far, near).ranked) == ["proxy.corp.test", "a-far.corp.test"]


@pytest.mark.rule("ML-019")
def test_category__site_neither_assigned_nor_local__is_in_none() -> None:
    decision = decide(mp("mp.corp.test", site_code=XYZ), policy=HTTPS_CLIENT._replace(purpose=Purpose.LOCATION))
    assert rejection(decision, "mp.corp.test") == "ML-019"


@pytest.mark.rule("ML-019")
def test_category__any_management_point_of_the_assigned_site__is_assigned() -> None:
    assert [one.category for one in decide(mp("mp.corp.test")).ranked] == [Category.ASSIGNED]


def test_category__site_that_nobody_named__counts_as_assigned_and_says_so() -> None:
    (one,) = decide(mp("mp.corp.test", site_code=None)).ranked
    assert one.category is Category.ASSIGNED
    assert "nobody said its site" in one.reasons[0].text


# --- locality and preference ------------------------------------------------------------------------------------


@pytest.mark.rule("MP-015")
def test_locality__3_then_2_then_1_and_unknown_last() -> None:
    points = [mp(f"mp{n}.corp.test", locality=Locality(n)) for n in (0, 1, 2, 3)]
    assert names(decide(*points).ranked) == ["mp3.corp.test", "mp2.corp.test", "mp1.corp.test", "mp0.corp.test"]


@pytest.mark.rule("ML-021")
@pytest.mark.parametrize(
    ("point", "preferred"),
    [
        pytest.param(LOCAL, True, id="assigned site, in a current group"),
        pytest.param(LOCAL._replace(in_current_group=False), False, id="assigned site, in no current group"),
        pytest.param(LOCAL._replace(in_current_group=None), False, id="assigned site, nobody said"),
        pytest.param(LOCAL._replace(site_code=XYZ), False, id="other site, in a current group"),
    ],
)
def test_preferred__assigned_site_and_current_group_both_needed(point: ManagementPoint, preferred: bool) -> None:  # noqa: FBT001
    policy = HTTPS_CLIENT._replace(purpose=Purpose.LOCATION)
    (one,) = decide(point, policy=policy).ranked
    assert one.preferred is preferred


@pytest.mark.rule("MP-008")
def test_preferred__before_non_preferred_of_the_same_category_and_locality() -> None:
    here = HTTPS_CLIENT._replace(local_sites=(ABC,))
    plain = LOCAL._replace(host=HostName("a-plain.corp.test"), in_current_group=False)
    assert names(decide(plain, LOCAL, policy=here).ranked) == ["local.corp.test", "a-plain.corp.test"]


@pytest.mark.rule("MP-010")
def test_preferred_over_http__outranks_non_preferred_over_https() -> None:
    here = HTTPS_CLIENT._replace(local_sites=(ABC,))
    secure = LOCAL._replace(host=HostName("a-secure.corp.test"), in_current_group=False, protocols=Protocols.HTTPS)
    ranked = decide(secure, LOCAL, policy=here).ranked
    assert names(ranked) == ["local.corp.test", "a-secure.corp.test"]


@pytest.mark.rule("MP-010")
def test_sort_key__can_be_changed() -> None:
    def https_first(category: Category, locality: Locality, *, preferred: bool, rank: int) -> Tie:
        return Tie(0, 0, rank, 0 if preferred else 1)

    secure = LOCAL._replace(host=HostName("secure.corp.test"), in_current_group=False, protocols=Protocols.HTTPS)
    candidates = [Candidate(one, (LISTED,)) for one in (LOCAL, secure)]
    decision = select_management_point(candidates, FACTS, HTTPS_CLIENT, chooser=SeededChooser(1), tie=https_first)
    assert names(decision.ranked) == ["secure.corp.test", "local.corp.test"]


@pytest.mark.rule("MP-009")
def test_contact_plan__after_a_whole_category__begins_with_the_preferred_of_the_next() -> None:
    policy = HTTPS_CLIENT._replace(local_sites=(ABC,))
    plain = LOCAL._replace(host=HostName("a-plain.corp.test"), in_current_group=False)
    plan = plan_contact(decide(plain, LOCAL, PROXY, policy=policy).ranked)
    assert [group[0].host for group in plan] == ["proxy.corp.test", "local.corp.test", "a-plain.corp.test"]


# --- chance -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("MP-005")
def test_equals__stand_in_any_order_that_the_seed_gives() -> None:
    equals = [mp(f"mp{n}.corp.test") for n in range(3)]
    orders = {tuple(names(decide(*equals, seed=seed).ranked)) for seed in range(200)}
    assert len(orders) == 6
    assert len(plan_contact(decide(*equals).ranked)) == 1


@pytest.mark.rule("MP-005")
def test_unequals__stand_in_the_same_order_whatever_the_seed() -> None:
    points = [mp("a.outside.test"), mp("b.corp.test"), mp("c.corp.test", protocols=Protocols.HTTPS)]
    assert {tuple(names(decide(*points, seed=seed).ranked)) for seed in range(50)} == {
        ("c.corp.test", "b.corp.test", "a.outside.test")
    }


@pytest.mark.rule("MP-006")
def test_updated_list__may_put_equals_in_another_order_and_nothing_else() -> None:
    equals = [mp(f"mp{n}.corp.test") for n in range(3)]
    updated = [*(one._replace(build=9141) for one in equals), mp("new.outside.test")]
    before = [names(decide(*equals, seed=seed).ranked) for seed in range(20)]
    after = [names(decide(*updated, seed=seed + 20).ranked) for seed in range(20)]
    assert any(list(old) != new[:3] for old, new in zip(before, after, strict=True))
    assert {new[3] for new in after} == {"new.outside.test"}


# --- eligibility ------------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-006")
@pytest.mark.parametrize(
    ("point", "rejected"),
    [
        pytest.param(mp("mp.corp.test", build=9106), False, id="assigned site, same generation"),
        pytest.param(mp("mp.corp.test", build=8325), False, id="first build of the generation"),
        pytest.param(mp("mp.corp.test", build=8324), True, id="last build of the generation before"),
        pytest.param(mp("mp.corp.test", build=None), False, id="version not published"),
        pytest.param(mp("mp.corp.test", site_code=XYZ, build=9106), True, id="another site"),
        pytest.param(mp("mp.corp.test", site_code=None, build=9106), True, id="no site"),
    ],
)
def test_directory__keeps_the_assigned_site_and_the_same_product_generation(
    point: ManagementPoint,
    rejected: bool,  # noqa: FBT001
) -> None:
    decision = decide(point, origin=PUBLISHED)
    assert [one.reasons[-1].rule for one in decision.rejected] == (["ML-006"] if rejected else [])


@pytest.mark.rule("ML-006")
def test_directory__what_another_source_names_too__is_not_held_to_it() -> None:
    old = mp("mp.corp.test", build=7958)
    candidates = [Candidate(old, (PUBLISHED,)), Candidate(old, (LISTED,))]
    decision = select_management_point(candidates, FACTS, HTTPS_CLIENT, chooser=SeededChooser(1))
    assert names(decision.ranked) == ["mp.corp.test"]


@pytest.mark.parametrize(
    ("build", "family"), [(6487, "2007"), (7710, "2007"), (7711, "2012"), (8324, "2012"), (8325, "current branch")]
)
def test_product_family__borders(build: int, family: str) -> None:
    assert product_family(build) == family


def test_no_assigned_site__what_the_directory_alone_names_is_rejected() -> None:
    decision = decide(mp("mp.corp.test"), origin=PUBLISHED, policy=HTTPS_CLIENT._replace(assigned_site=None))
    assert rejection(decision, "mp.corp.test") == "ML-006"


@pytest.mark.rule("NET-038")
@pytest.mark.parametrize(
    ("audience", "facts", "ranked"),
    [
        (Audience.INTRANET, FACTS, True),
        (Audience.INTERNET, FACTS, False),
        (Audience.BOTH, FACTS, True),
        (Audience.UNKNOWN, FACTS, True),
        (Audience.INTRANET, ON_INTERNET, False),
        (Audience.INTERNET, ON_INTERNET, True),
        (Audience.BOTH, ON_INTERNET, True),
        (Audience.UNKNOWN, ON_INTERNET, False),
        (Audience.INTERNET, FACTS._replace(network_location=NetworkLocation.UNKNOWN), False),
    ],
)
def test_audience__must_include_where_the_client_is(audience: Audience, facts: NetworkFacts, ranked: bool) -> None:  # noqa: FBT001
    decision = decide(mp("mp.corp.test", audience=audience, protocols=Protocols.HTTPS), facts=facts)
    assert bool(decision.ranked) is ranked
    assert ranked or rejection(decision, "mp.corp.test") == "NET-038"


@pytest.mark.rule("NET-008", "NET-022")
def test_internet_client__any_of_its_assigned_site_at_random_and_nobody_else() -> None:
    points = [
        mp("near.corp.test", protocols=Protocols.HTTPS, audience=Audience.INTERNET, locality=Locality(3)),
        mp("far.outside.test", protocols=Protocols.HTTPS, audience=Audience.BOTH, locality=Locality(0)),
        mp("other.corp.test", protocols=Protocols.HTTPS, audience=Audience.INTERNET, site_code=XYZ),
    ]
    decisions = [decide(*points, facts=ON_INTERNET, seed=seed) for seed in range(40)]
    assert {one.ranked[0].name for one in decisions} == {"near.corp.test", "far.outside.test"}
    assert {rejection(one, "other.corp.test") for one in decisions} == {"NET-022"}


@pytest.mark.rule("NET-022")
def test_intranet_client__the_same_points__are_not_equal() -> None:
    points = [
        mp("near.corp.test", protocols=Protocols.HTTPS, locality=Locality(3)),
        mp("far.outside.test", protocols=Protocols.HTTPS, locality=Locality(0)),
    ]
    assert {decide(*points, seed=seed).ranked[0].name for seed in range(40)} == {"near.corp.test"}


@pytest.mark.rule("SA-032", "SA-038")
@pytest.mark.parametrize(
    ("purpose", "first"),
    [
        pytest.param(Purpose.POLICY, "home.corp.test", id="policy: the assigned site"),
        pytest.param(Purpose.LOCATION, "visited.corp.test", id="location: the visited site first"),
    ],
)
def test_roaming_in_another_primary_site__keeps_the_assigned_sites_mp_for_policy(purpose: Purpose, first: str) -> None:
    visited, home = mp("visited.corp.test", site_code=XYZ), mp("home.corp.test")
    decision = decide(visited, home, policy=HTTPS_CLIENT._replace(local_sites=(XYZ,), purpose=purpose))
    assert decision.ranked[0].name == first
    assert [one.reasons[-1].rule for one in decision.rejected] == (["SA-032"] if purpose is Purpose.POLICY else [])


@pytest.mark.rule("SA-031", "SA-038")
@pytest.mark.parametrize(
    ("parent", "rejected"), [(ABC, []), (XYZ, ["SA-031"]), (None, ["SA-031"])], ids=["own", "another's", "nobody said"]
)
def test_policy_from_a_secondary_site__only_below_the_assigned_one(
    parent: SiteCode | None, rejected: list[str]
) -> None:
    decision = decide(PROXY._replace(parent_site=parent))
    assert [one.reasons[-1].rule for one in decision.rejected] == rejected


@pytest.mark.rule("MP-002")
def test_registration__goes_to_the_assigned_site_whatever_other_traffic_uses() -> None:
    policy = HTTPS_CLIENT._replace(purpose=Purpose.REGISTRATION, local_sites=(XYZ,))
    visited = mp("visited.corp.test", site_code=XYZ)
    decision = decide(PROXY, visited, ASSIGNED, policy=policy)
    assert names(decision.ranked) == ["assigned.corp.test"]
    assert {rejection(decision, "proxy.corp.test"), rejection(decision, "visited.corp.test")} == {"MP-002"}


@pytest.mark.rule("MP-002", "MP-016")
def test_registration__once_there_is_an_assigned_mp__goes_to_no_other() -> None:
    policy = HTTPS_CLIENT._replace(purpose=Purpose.REGISTRATION, assigned_mp=ASSIGNED.host)
    decision = decide(ASSIGNED, mp("equal.corp.test"), policy=policy)
    assert names(decision.ranked) == [ASSIGNED.host]
    assert rejection(decision, "equal.corp.test") == "MP-002"


@pytest.mark.rule("MP-002")
def test_ordinary_traffic__uses_the_proxy_that_registration_does_not() -> None:
    assert names(decide(PROXY, ASSIGNED).ranked) == ["proxy.corp.test", "assigned.corp.test"]


@pytest.mark.rule("MP-040")
@pytest.mark.parametrize(
    ("point", "assigned_mp", "first"),
    [
        pytest.param(LOCAL, None, "local.corp.test", id="preferred first"),
        pytest.param(LOCAL._replace(in_current_group=None), None, "secure.corp.test", id="the setting is off: by rank"),
        pytest.param(LOCAL, "secure.corp.test", "secure.corp.test", id="once chosen it stays"),
    ],
)
def test_choice_of_the_assigned_mp__begins_with_the_preferred_ones(
    point: ManagementPoint, assigned_mp: str | None, first: str
) -> None:
    chosen = None if assigned_mp is None else HostName(assigned_mp)
    policy = HTTPS_CLIENT._replace(purpose=Purpose.REGISTRATION, assigned_mp=chosen)
    secure = mp("secure.corp.test", protocols=Protocols.HTTPS, locality=Locality(3))
    assert decide(point, secure, policy=policy).ranked[0].name == first


@pytest.mark.rule("MP-028", "SA-038")
@pytest.mark.parametrize(
    ("purpose", "local_sites", "order", "category"),
    [
        pytest.param(Purpose.LOCATION, (XYZ,), ["visited", "home"], Category.ASSIGNED, id="roaming: the visited one"),
        pytest.param(Purpose.LOCATION, (ABC, XYZ), ["home", "visited"], Category.LOCAL, id="not roaming"),
        pytest.param(Purpose.LOCATION, (), ["home", "visited"], Category.LOCAL, id="no site's boundaries are known"),
        pytest.param(Purpose.POLICY, (XYZ,), ["home"], Category.LOCAL, id="policy keeps to the assigned site"),
    ],
)
def test_roaming__the_visited_sites_mp_comes_before_even_a_preferred_one(
    purpose: Purpose, local_sites: tuple[SiteCode, ...], order: list[str], category: Category
) -> None:
    preferred = LOCAL._replace(host=HostName("home.corp.test"), protocols=Protocols.HTTPS)
    visited = LOCAL._replace(host=HostName("visited.corp.test"), site_code=XYZ)
    policy = HTTPS_CLIENT._replace(purpose=purpose, local_sites=local_sites)
    decision = decide(preferred, visited, policy=policy)
    assert [one.name.partition(".")[0] for one in decision.ranked] == order
    assert [(one.preferred, one.category) for one in decision.ranked if one.name == preferred.host] == [
        (True, category)
    ]


@pytest.mark.rule("SA-031", "SA-038", "MP-028")
def test_roaming_in_a_secondary_site__its_mp_serves_policy_of_its_own_primary_and_anyones_location() -> None:
    other = PROXY._replace(host=HostName("other-proxy.corp.test"), parent_site=XYZ)
    decisions = [
        decide(LOCAL, PROXY, other, policy=HTTPS_CLIENT._replace(purpose=purpose))
        for purpose in (Purpose.POLICY, Purpose.LOCATION)
    ]
    assert names(decisions[0].ranked) == ["proxy.corp.test", "local.corp.test"]
    assert set(names(decisions[1].ranked)[:2]) == {"proxy.corp.test", "other-proxy.corp.test"}


@pytest.mark.rule("ML-018")
@pytest.mark.parametrize(
    ("point", "local_sites", "category"),
    [
        pytest.param(mp("mp.corp.test", in_current_group=True), (), Category.LOCAL, id="a group that holds the client"),
        pytest.param(mp("mp.corp.test"), (ABC,), Category.LOCAL, id="boundaries of its site hold the client"),
        pytest.param(mp("mp.corp.test"), (SEC, ABC), Category.LOCAL, id="one of several sites"),
        pytest.param(mp("mp.corp.test", in_current_group=False), (SEC,), Category.ASSIGNED, id="neither"),
    ],
)
def test_category__local_by_boundaries(
    point: ManagementPoint, local_sites: tuple[SiteCode, ...], category: Category
) -> None:
    (one,) = decide(point, policy=HTTPS_CLIENT._replace(local_sites=local_sites)).ranked
    assert one.category is category


# --- affinity ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("MP-021", "MP-023")
@pytest.mark.parametrize(
    ("allowed", "ranked"),
    [
        pytest.param(None, ["a.corp.test", "b.corp.test"], id="not set"),
        pytest.param(("a.corp.test",), ["a.corp.test"], id="names one"),
        pytest.param(("a",), ["a.corp.test"], id="names one by its short name"),
        pytest.param((), [], id="names nobody: no fallback"),
        pytest.param(("c.corp.test",), [], id="names another: no fallback"),
    ],
)
def test_affinity__the_named_ones_and_no_fallback(allowed: tuple[str, ...] | None, ranked: list[str]) -> None:
    decision = decide(mp("a.corp.test"), mp("b.corp.test"), policy=affine(allowed))
    assert sorted(names(decision.ranked)) == ranked
    assert {one.reasons[-1].rule for one in decision.rejected} <= {"MP-021"}
    contacted = {endpoint.host for group in plan_contact(decision.ranked) for endpoint in group}
    assert contacted == set(ranked), "nobody else is contacted"


@pytest.mark.rule("MP-022")
def test_affinity__order_of_the_names_means_nothing_and_https_still_comes_first() -> None:
    points = [mp("a.corp.test"), mp("b.corp.test", protocols=Protocols.HTTPS), mp("c.outside.test")]
    allowed = [point.host for point in points]
    orders = {tuple(names(decide(*points, policy=affine(order)).ranked)) for order in permutations(allowed)}
    assert orders == {("b.corp.test", "a.corp.test", "c.outside.test")}


@pytest.mark.rule("MP-024")
@pytest.mark.parametrize(
    ("point", "facts", "ranked"),
    [
        pytest.param(mp("mp.corp.test"), FACTS, False, id="primary site, intranet client"),
        pytest.param(mp("mp.corp.test", site_kind=SiteKind.PRIMARY), FACTS, False, id="primary site, as published"),
        pytest.param(PROXY, FACTS, True, id="the proxy of a secondary site"),
        pytest.param(
            mp("mp.corp.test", audience=Audience.BOTH, protocols=Protocols.HTTPS),
            ON_INTERNET,
            True,
            id="internet client",
        ),
    ],
)
def test_affinity__binds_intranet_clients_to_mps_of_a_primary_site_alone(
    point: ManagementPoint,
    facts: NetworkFacts,
    ranked: bool,  # noqa: FBT001
) -> None:
    assert bool(decide(point, facts=facts, policy=affine(("other.corp.test",))).ranked) is ranked


@pytest.mark.rule("MP-025")
def test_affinity__rejects_a_server_as_management_point_and_in_no_other_role() -> None:
    host = HostName("all.corp.test")
    data = SiteData(groups=(BoundaryGroup("A", "A", servers=(host,)),), servers=(SiteServer(host, frozenset(Role)),))
    assert rejection(decide(mp(host), policy=affine(("other.corp.test",))), host) == "MP-021"
    for role in Role:
        assert [entry.host for entry in build_pool(data, data.groups, role, assigned_site=ABC)] == [host]


def affine(allowed: tuple[str, ...] | None) -> Policy:
    return HTTPS_CLIENT._replace(allowed_mps=None if allowed is None else tuple(map(HostName, allowed)))


# --- the internet -----------------------------------------------------------------------------------------------

ALWAYS = ON_INTERNET._replace(always_internet=True)


@pytest.mark.rule("NET-007", "NET-012")
def test_dual_client_on_the_intranet__is_a_full_intranet_client() -> None:
    outside = mp("outside.corp.test", audience=Audience.BOTH, protocols=Protocols.HTTPS)
    decisions = [decide(PROXY, LOCAL, outside, facts=facts) for facts in (FACTS, ON_INTERNET)]
    assert names(decisions[0].ranked) == ["proxy.corp.test", "local.corp.test", "outside.corp.test"]
    assert names(decisions[1].ranked) == ["outside.corp.test"]


@pytest.mark.rule("NET-012")
@pytest.mark.parametrize("facts", [ON_INTERNET, ALWAYS], ids=["on the internet", "set up for it alone"])
def test_internet_client__ignores_boundary_groups(facts: NetworkFacts) -> None:
    near, far = LOCAL._replace(host=HostName("near.corp.test")), mp("far.corp.test")
    both = [one._replace(audience=Audience.BOTH, protocols=Protocols.HTTPS) for one in (near, far)]
    first = {decide(*both, facts=facts, seed=seed).ranked[0].name for seed in range(40)}
    assert first == {"near.corp.test", "far.corp.test"}
    assert {one.preferred for one in decide(*both, facts=facts).ranked} == {False}
    assert {decide(*both, seed=seed).ranked[0].name for seed in range(40)} == {"near.corp.test"}
    assert {one.preferred for one in decide(*both).ranked} == {True, False}


@pytest.mark.rule("NET-009")
@pytest.mark.parametrize(
    ("audience", "ranked"), [(Audience.BOTH, True), (Audience.INTERNET, True), (Audience.INTRANET, False)]
)
def test_internet_only_client__uses_what_accepts_the_internet_wherever_it_is(
    audience: Audience,
    ranked: bool,  # noqa: FBT001
) -> None:
    decision = decide(mp("mp.corp.test", audience=audience, protocols=Protocols.HTTPS), facts=ALWAYS)
    assert bool(decision.ranked) is ranked
    assert ranked or rejection(decision, "mp.corp.test") == "NET-009"


@pytest.mark.rule("NET-008", "NET-010", "NET-011")
@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        pytest.param(FACTS, None, id="intranet client: roams"),
        pytest.param(ON_INTERNET, "NET-022", id="dual client on the internet"),
        pytest.param(ALWAYS, "NET-010", id="internet-only client"),
        pytest.param(FACTS._replace(client_kind=ClientKind.MDM), "NET-011", id="MDM device"),
        pytest.param(ON_INTERNET._replace(client_kind=ClientKind.MAC), "NET-011", id="Mac"),
    ],
)
def test_clients_that_do_not_roam__keep_to_the_assigned_site_itself(facts: NetworkFacts, rule: str | None) -> None:
    said = {"audience": Audience.BOTH, "protocols": Protocols.HTTPS}
    points = [
        mp("home.corp.test", **said),
        mp("other.corp.test", site_code=XYZ, **said),
        PROXY._replace(audience=Audience.BOTH, protocols=Protocols.HTTPS),
    ]
    policy = HTTPS_CLIENT._replace(purpose=Purpose.LOCATION, local_sites=(XYZ,))
    decision = decide(*points, facts=facts, policy=policy)
    away = ["other.corp.test", "proxy.corp.test"]
    assert sorted(names(decision.ranked)) == sorted(["home.corp.test", *([] if rule else away)])
    assert [rejection(decision, host) for host in names(decision.rejected)] == ([rule, rule] if rule else [])


# --- phase ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-030")
def test_installing__order_of_boundary_groups_does_not_count() -> None:
    near = mp("near.corp.test", locality=Locality(3), in_current_group=True)
    far = mp("far.corp.test", locality=Locality(0))
    unlisted = PROXY._replace(locality=Locality.UNKNOWN)
    policy = HTTPS_CLIENT._replace(phase=Phase.INSTALLING)
    assert len(plan_contact(decide(near, far, unlisted, policy=policy).ranked)) == 1
    assert len(plan_contact(decide(near, far, unlisted).ranked)) == 2


@pytest.mark.rule("ML-033")
@pytest.mark.parametrize(
    ("phase", "first"), [(Phase.REGISTERED, "near.corp.test"), (Phase.TASK_SEQUENCE, "secure.corp.test")]
)
def test_task_sequence__boundary_groups_are_not_looked_at(phase: Phase, first: str) -> None:
    near = mp("near.corp.test", locality=Locality(3), in_current_group=True)
    secure = mp("secure.corp.test", locality=Locality(0), protocols=Protocols.HTTPS)
    assert names(decide(near, secure, policy=HTTPS_CLIENT._replace(phase=phase)).ranked)[0] == first


# --- the whole --------------------------------------------------------------------------------------------------


@pytest.mark.rule("CF-001")
@pytest.mark.parametrize(
    ("facts", "policy", "first"),
    [
        pytest.param(FACTS, HTTPS_CLIENT, "inside.corp.test", id="as it is"),
        pytest.param(ON_INTERNET, HTTPS_CLIENT, "outside.corp.test", id="another network location"),
        pytest.param(FACTS, HTTP_CLIENT, "plain.corp.test", id="another protocol preference"),
        pytest.param(FACTS, HTTPS_CLIENT._replace(assigned_site=XYZ), "xyz.corp.test", id="another assigned site"),
    ],
)
def test_inputs__location_protocol_and_assigned_site_each_decide(
    facts: NetworkFacts, policy: Policy, first: str
) -> None:
    points = (
        mp("inside.corp.test", protocols=Protocols.HTTPS),
        mp("outside.corp.test", protocols=Protocols.HTTPS, audience=Audience.INTERNET),
        mp("plain.corp.test"),
        mp("xyz.corp.test", site_code=XYZ, protocols=Protocols.HTTPS),
    )
    assert decide(*points, facts=facts, policy=policy).ranked[0].name == first


def test_unreadable__is_rejected_with_its_rule_and_problem() -> None:
    broken = Unreadable("bad name", Origin(SourceKind.DNS, "srv"), "port 0", "DN-005")
    decision = select_management_point([], FACTS, HTTPS_CLIENT, chooser=SeededChooser(1), unreadable=[broken])
    (one,) = decision.rejected
    assert (one.name, one.reasons[0].rule, one.reasons[0].text) == ("bad name", "DN-005", "port 0")


@pytest.mark.rule("MP-007")
def test_contact_plan__is_in_the_order_of_the_ranked() -> None:
    points = [mp(f"mp{n}.corp.test", locality=Locality(n)) for n in (1, 2, 3)]
    decision = decide(*points)
    assert [group[0].host for group in plan_contact(decision.ranked)] == names(decision.ranked)


def test_ports__of_the_management_point_before_those_of_the_site() -> None:
    policy = HTTP_CLIENT._replace(http_port=8080)
    decision = decide(mp("a.corp.test", http_port=8530), mp("b.corp.test"), policy=policy)
    assert {str(one.endpoint) for one in decision.ranked} == {"http://a.corp.test:8530", "http://b.corp.test:8080"}


def test_forest__the_longest_that_fits() -> None:
    facts = FACTS._replace(forest=DnsDomain("test"), trusted_forests=(OWN,))
    assert forest_of(mp("mp.corp.test"), (DnsDomain("test"), OWN)) == OWN
    assert decide(mp("mp.corp.test"), facts=facts).ranked[0].rank == 3


def test_rank__is_told_with_the_forest_that_decides() -> None:
    told = {one.name: one.reasons[-1].text for one in decide(mp("a.corp.test"), mp("b.partner.test")).ranked}
    assert told == {
        "a.corp.test": "rank 3: HTTP, own forest",
        "b.partner.test": "rank 3: HTTP, trusted forest partner.test",
    }


@pytest.mark.parametrize(
    ("phase", "rule"),
    [(Phase.INSTALLING, "ML-030"), (Phase.TASK_SEQUENCE, "ML-033"), (Phase.REGISTERED, "MP-015")],
)
def test_phase__says_whether_boundary_groups_count(phase: Phase, rule: str) -> None:
    (one,) = decide(mp("mp.corp.test", locality=Locality(2)), policy=HTTPS_CLIENT._replace(phase=phase)).ranked
    assert rule in one.rules


def test_locality__is_told() -> None:
    told = [decide(mp("mp.corp.test", locality=Locality(n))).ranked[0].reasons[1].text for n in (0, 2)]
    assert told == ["locality unknown, sorted last", "locality 2"]


def test_proxy__referenced_by_a_current_group__is_listed() -> None:
    by_group = PROXY._replace(locality=Locality.UNKNOWN, in_current_group=True)
    assert [one.category for one in decide(by_group).ranked] == [Category.PROXY]


def test_location_request__keeps_what_the_directory_names_for_the_visited_site() -> None:
    visited = mp("visited.corp.test", site_code=XYZ)
    there = HTTPS_CLIENT._replace(local_sites=(XYZ,), purpose=Purpose.LOCATION)
    assert names(decide(visited, origin=PUBLISHED, policy=there).ranked) == ["visited.corp.test"]
    assert rejection(decide(visited, origin=PUBLISHED, policy=there._replace(local_sites=())), visited.host) == "ML-006"
