"""What is wrong with boundary data: each check on both sides of its border, and on data that is meant to hurt."""

import re
from itertools import combinations, pairwise
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.endpoints import SiteKind
from cmclient.model.finding import Finding, Severity
from cmclient.model.groups import (
    BoundaryGroup,
    FallbackTimes,
    HierarchySite,
    Relationship,
    Role,
    SiteData,
    SiteServer,
)
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.findings import check_data
from cmclient.rules.group_findings import has_purpose
from cmclient.rules.link_findings import LinkCheck
from cmclient.rules.overlaps import count_mixed_pairs, find_mixed_pairs, merge_intervals
from cmclient.rules.pools import find_links
from cmclient.rules.survey import Survey

P01, P02, S01 = SiteCode("P01"), SiteCode("P02"), SiteCode("S01")
DP, SUP, SMP, MP = (
    Role.DISTRIBUTION_POINT,
    Role.SOFTWARE_UPDATE_POINT,
    Role.STATE_MIGRATION_POINT,
    Role.MANAGEMENT_POINT,
)
NEVER = FallbackTimes(None, None, None)
KINDS = {
    "range": BoundaryKind.IP_RANGE,
    "subnet": BoundaryKind.IP_SUBNET,
    "site": BoundaryKind.AD_SITE,
    "prefix": BoundaryKind.IPV6_PREFIX,
    "vpn": BoundaryKind.VPN,
}


def boundary(text: str, name: str = "") -> Boundary:
    """``range 10.0.0.1-10.0.0.9``; a star at the end of a VPN means that it starts with that."""
    kind, value = text.split(" ", 1)
    return Boundary(name or text, KINDS[kind], value.removesuffix("*"), starts_with=value.endswith("*"))


def group(
    name: str, *boundaries: str, servers: str = "", links: dict[str, FallbackTimes] | None = None, **more: Any
) -> BoundaryGroup:
    made = BoundaryGroup(
        name,
        name,
        boundaries,
        tuple(map(HostName, servers.split())),
        relationships=tuple(Relationship(other, times) for other, times in (links or {}).items()),
    )
    return made._replace(**more)


def server(host: str, *roles: Role, **more: Any) -> SiteServer:
    return SiteServer(HostName(host), frozenset(roles))._replace(**more)


def site(*groups: BoundaryGroup, servers: tuple[SiteServer, ...] = (), **more: Any) -> SiteData:
    names = dict.fromkeys(name for one in groups for name in one.boundaries)
    boundaries = tuple(boundary(name) for name in names if name != "gone")
    return SiteData(boundaries=boundaries, groups=groups, servers=servers)._replace(**more)


def found(data: SiteData, code: str) -> list[Finding]:
    return [one for one in check_data(data).findings if one.code == code]


def has(data: SiteData, code: str) -> bool:
    return bool(found(data, code))


# --- boundaries -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-009")
@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        pytest.param("range 10.0.0.1-10.0.0.9", "range 10.0.0.9-10.0.0.20", True, id="one address in both"),
        pytest.param("range 10.0.0.1-10.0.0.9", "range 10.0.0.10-10.0.0.20", False, id="side by side"),
        pytest.param("range 10.0.0.1-10.0.0.9", "range 10.0.0.3-10.0.0.3", True, id="nested"),
        pytest.param("prefix 2001:db8", "prefix 2001:db8:1", True, id="prefix in prefix"),
        pytest.param("prefix 2001:db8:2", "prefix 2001:db8:1", False, id="prefix beside prefix"),
        pytest.param("prefix 2001:db8:1", "range 2001:db8:1::1-2001:db8:1::2", True, id="range in prefix"),
        pytest.param("range ::1-::9", "range 0.0.0.1-0.0.0.9", False, id="same numbers of two protocols"),
        pytest.param("subnet 10.0.0.0", "range 10.0.0.2-10.0.0.9", True, id="range from within the smallest network"),
        pytest.param("subnet 10.0.0.4", "range 10.0.0.1-10.0.0.4", False, id="range up to the network id"),
        pytest.param("subnet 10.0.0.4", "range 10.0.0.1-10.0.0.5", True, id="range up to the first address"),
        pytest.param("subnet 10.0.0.0", "range 10.0.0.3-10.0.0.9", False, id="only by a mask that nobody knows"),
        pytest.param("subnet 10.0.0.255", "range 10.0.1.0-10.0.1.9", False, id="a subnet that holds nobody"),
        pytest.param("site Berlin", "site BERLIN", True, id="one AD site"),
        pytest.param("site Berlin", "site Bern", False, id="two AD sites"),
        pytest.param("site Berlin", "range 0.0.0.0-255.255.255.255", False, id="cannot be seen"),
        pytest.param("vpn Name:Corp*", "vpn name:corp-east", True, id="VPN by its beginning"),
        pytest.param("vpn Name:Corp", "vpn name:corp-east", False, id="VPN by its whole name"),
        pytest.param("vpn Name:Corp*", "vpn Description:Corp", False, id="name and description"),
        pytest.param("vpn Auto:On", "vpn auto:on ", True, id="VPN detection"),
    ],
)
def test_overlap__matters_where_two_boundaries_hold_one_client(first: str, second: str, clash: bool) -> None:  # noqa: FBT001
    data = site(group("A", first, assigned_site=P01), group("B", second, assigned_site=P02))
    (one,) = found(data, "site-overlap") or [None]
    assert (one is not None) is clash
    if one is not None:
        assert (one.severity, one.rule) == (Severity.ERROR, "SA-009")
        assert set(one.where.boundaries) == {first, second}
        assert (set(one.where.groups), one.where.sites) == ({"A", "B"}, (P01, P02))


@pytest.mark.rule("SA-009")
@pytest.mark.parametrize(
    ("sites", "clash"), [((P01, P02), True), ((P01, P01), False), ((P01, None), False), ((None, None), False)]
)
def test_overlap__matters_only_where_sites_differ(sites: tuple[SiteCode | None, SiteCode | None], clash: bool) -> None:  # noqa: FBT001
    first, second = "range 10.0.0.1-10.0.0.9", "range 10.0.0.5-10.0.0.20"
    data = site(group("A", first, assigned_site=sites[0]), group("B", second, assigned_site=sites[1]))
    assert has(data, "site-overlap") is clash
    alone = site(group("A", first, assigned_site=sites[0]), group("B", first, assigned_site=sites[1]))
    assert [one.where.boundaries for one in found(alone, "site-overlap")] == [(first,)] * clash


def test_overlap__says_what_both_hold() -> None:
    data = site(
        group("A", "range 10.0.0.1-10.0.0.9", assigned_site=P01),
        group("B", "range 10.0.0.5-10.0.0.20", assigned_site=P02),
    )
    (one,) = found(data, "site-overlap")
    assert "both hold 10.0.0.5 to 10.0.0.9" in one.what
    assert one.where.groups == ("A", "B")


@pytest.mark.rule("BD-017")
def test_boundary__in_no_group_has_no_effect() -> None:
    data = site(group("A", "site Berlin"))._replace(boundaries=(boundary("site Berlin"), boundary("site Bern")))
    assert [one.where.boundaries for one in found(data, "boundary-in-no-group")] == [("site Bern",)]


@pytest.mark.rule("BD-003")
@pytest.mark.parametrize(
    ("value", "hopeless"),
    [
        ("10.0.0.255", True),
        ("10.0.0.2", True),
        ("10.0.0.4", False),
        ("10.0.0.0", False),
        ("0.0.0.0", True),
        ("1.0.0.0", False),
        ("223.255.255.252", False),
        ("224.0.0.0", True),
    ],
)
def test_subnet__that_is_no_network_id_never_matches(value: str, hopeless: bool) -> None:  # noqa: FBT001
    assert has(site(group("A", f"subnet {value}")), "subnet-never-matches") is hopeless


@pytest.mark.rule("BD-011", "BD-012")
@pytest.mark.parametrize(("form", "most", "rule"), [("Name", 250, "BD-011"), ("Description", 243, "BD-012")])
def test_vpn_text__counts_up_to_a_length(form: str, most: int, rule: str) -> None:
    assert not has(site(group("A", f"vpn {form}:{'x' * most}")), "vpn-text-too-long")
    (one,) = found(site(group("A", f"vpn {form}:{'x' * (most + 1)}")), "vpn-text-too-long")
    assert one.rule == rule
    assert len(one.what) < 300, "a long value does not flood the terminal"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("range 10.0.0.1-10.0.0.9", "range 10.0.0.1 - 10.0.0.9", True),
        ("range 10.0.0.1-10.0.0.9", "range 10.0.0.1-10.0.0.8", False),
        ("subnet 10.0.0.0", "range 10.0.0.1-10.0.0.2", False),
        ("vpn Name:Corp", "vpn Name:Corp*", False),
        ("site Berlin", "site berlin", True),
    ],
)
def test_same_value__is_told_once_for_all(first: str, second: str, same: bool) -> None:  # noqa: FBT001
    data = SiteData((boundary(first, "one"), boundary("site Other"), boundary(second, "two")))
    assert [one.where.boundaries for one in found(data, "duplicate-boundary")] == [("one", "two")] * same


@pytest.mark.parametrize(
    ("ranges", "hole"),
    [
        (("10.0.0.1-10.0.0.9", "10.0.0.11-10.0.0.20"), "10.0.0.10"),
        (("10.0.0.1-10.0.0.9", "10.0.0.10-10.0.0.20"), None),
        (("10.0.0.1-10.0.0.9", "10.0.0.26-10.0.0.30"), "10.0.0.10 to 10.0.0.25"),
        (("10.0.0.1-10.0.0.9", "10.0.0.27-10.0.0.30"), None),
        (("10.0.0.1-10.0.0.254", "10.0.1.1-10.0.1.254"), None),
        (("10.0.0.1-10.0.0.254", "10.0.1.2-10.0.1.254"), "10.0.0.255 to 10.0.1.1"),
        (("10.0.0.1-10.0.0.99", "10.0.0.5-10.0.0.9", "10.0.0.11-10.0.0.20"), None),
        (("10.0.0.1-10.0.0.99", "10.0.0.5-10.0.0.9", "10.0.0.101-10.0.0.120"), "10.0.0.100"),
        (("2001:db8::1-2001:db8::9", "2001:db8::b-2001:db8::f"), "2001:db8::a"),
    ],
)
def test_gap__is_small_and_could_have_a_client(ranges: tuple[str, ...], hole: str | None) -> None:
    data = site(group("A", *(f"range {one}" for one in ranges)))
    told = [one.what.partition("holds ")[2] for one in found(data, "range-gap")]
    assert told == ([] if hole is None else [hole])


@pytest.mark.parametrize(("filled_in", "is_gap"), [("B", False), (None, True)])
def test_gap__is_none_where_another_group_fills_it(filled_in: str | None, is_gap: bool) -> None:  # noqa: FBT001
    filler = "range 10.0.0.10-10.0.0.10"
    data = site(group("A", "range 10.0.0.1-10.0.0.9", "range 10.0.0.11-10.0.0.20"), group("B", filler))
    if filled_in is None:
        data = data._replace(groups=data.groups[:1])
    assert has(data, "range-gap") is is_gap


@pytest.mark.parametrize(
    ("second", "note"),
    [
        ("10.0.0.26-10.0.0.30", None),
        ("10.0.0.27-10.0.0.30", "1 gap of more than 16 addresses between ranges of one group"),
    ],
)
def test_gap__that_is_wider_is_counted_in_a_note(second: str, note: str | None) -> None:
    data = site(group("A", "range 10.0.0.1-10.0.0.9", f"range {second}"))
    notes = [one for one in check_data(data).notes if "gap" in one]
    assert [one.partition(":")[0] for one in notes] == ([] if note is None else [note])


def test_ranges_of_two_groups__have_no_gap_between_them() -> None:
    data = site(group("A", "range 10.0.0.1-10.0.0.9"), group("B", "range 10.0.0.11-10.0.0.20"))
    assert not has(data, "range-gap")


def test_value_that_cannot_be_one__is_told_and_the_rest_checked() -> None:
    data = site(group("A", "range 10.0.0.9-10.0.0.1", "gone"))
    (one,) = found(data, "boundary-invalid")
    assert "its first address is above its last" in one.what
    assert [one.where for one in found(data, "boundary-unknown")] == [(("gone",), ("A",), (), ())]


# --- groups and servers ---------------------------------------------------------------------------------------------

DESK = "range 10.0.0.1-10.0.0.9"


@pytest.mark.rule("BG-003")
@pytest.mark.parametrize(
    ("made", "is_for_something"),
    [
        (group("A", DESK), False),
        (group("A", DESK, assigned_site=P01), True),
        (group("A", DESK, servers="dp1"), True),
        (group("A", DESK, links={"B": FallbackTimes()}), True),
    ],
)
def test_group__is_for_assignment_or_for_finding_servers(made: BoundaryGroup, is_for_something: bool) -> None:  # noqa: FBT001
    assert has_purpose(made) is is_for_something
    data = site(made, group("B", "site Bern", servers="dp1"), group("D", default_of=P01))
    assert [one.where.groups for one in found(data, "group-without-purpose")] == [("A",)] * (not is_for_something)


@pytest.mark.parametrize(
    ("boundaries", "links", "unused"), [((DESK,), {}, False), ((), {"A": FallbackTimes()}, False), ((), {}, True)]
)
def test_group__that_nobody_is_in_or_led_to(
    boundaries: tuple[str, ...],
    links: dict[str, FallbackTimes],
    unused: bool,  # noqa: FBT001
) -> None:
    data = site(group("A", *boundaries, servers="dp1", links={"A": FallbackTimes()}), group("B", DESK, links=links))
    assert has(data, "group-unused") is unused


SERVERS = (server("dp1", DP), server("sup1", SUP), server("mp1", MP), server("smp1", SMP))


@pytest.mark.parametrize("role", ["dp", "sup"])
@pytest.mark.parametrize(
    ("links", "own", "default", "codes"),
    [
        pytest.param({}, True, FallbackTimes(), [], id="has one"),
        pytest.param({"B": FallbackTimes(0, 0)}, False, NEVER, [], id="neighbour at once"),
        pytest.param({"B": FallbackTimes(1, 1)}, False, NEVER, ["group-waits-for-"], id="neighbour later"),
        pytest.param({"B": NEVER}, False, NEVER, ["group-without-"], id="never"),
        pytest.param({}, False, FallbackTimes(), ["group-waits-for-"], id="default group later"),
        pytest.param({"D": NEVER}, False, FallbackTimes(), ["group-without-"], id="link of its own to the default"),
    ],
)
def test_group__without_a_server_of_a_role(
    role: str,
    links: dict[str, FallbackTimes],
    own: bool,  # noqa: FBT001
    default: FallbackTimes,
    codes: list[str],
) -> None:
    data = site(
        group("A", DESK, servers=f"smp1 {role}1" if own else "smp1", links=links),
        group("B", "site Bern", servers="dp1 sup1"),
        group("D", servers="dp1 sup1", default_of=P01, default_times=default),
        servers=SERVERS,
    )
    told = [one for one in check_data(data).findings if one.code.endswith(role) and one.code.startswith("group-w")]
    assert [one.code for one in told if one.where.groups == ("A",)] == [code + role for code in codes]
    assert all((one.severity is Severity.WARNING) == one.code.startswith("group-without") for one in told)


def test_group__waits_for_the_first_of_several() -> None:
    links = {"B": FallbackTimes(30), "C": FallbackTimes(20), "E": FallbackTimes(5)}
    data = site(
        group("A", DESK, links=links),
        group("B", "site B", servers="dp1"),
        group("C", "site C", servers="dp1"),
        group("E", "site E", servers="mp1"),
        group("D", servers="dp1", default_of=P01),
        group("D2", servers="dp1", default_of=P02, default_times=FallbackTimes(10)),
        servers=SERVERS,
    )
    told = {one.where.groups: one.what for one in found(data, "group-waits-for-dp")}
    assert "after 10 minutes, from D2" in told[("A",)]
    to_d2 = {"D2": NEVER, "E": FallbackTimes(5)}
    data = data._replace(groups=(group("A", DESK, links=to_d2), *data.groups[1:]))
    told = {one.where.groups: one.what for one in found(data, "group-waits-for-dp")}
    assert "after 120 minutes, from D;" in f"{told[('A',)]};"


def test_group__is_served_where_each_boundary_is_in_a_group_with_a_server() -> None:
    served = site(group("A", DESK, servers="mp1"), group("B", DESK, "site Bern", servers="dp1"), servers=SERVERS)
    assert not has(served, "group-without-dp")
    partly = site(group("A", DESK, "site X", servers="mp1"), group("B", DESK, servers="dp1"), servers=SERVERS)
    assert has(partly, "group-without-dp")


def test_group_for_assignment_only__is_a_notice() -> None:
    data = site(group("A", DESK, assigned_site=P01), group("B", "site Bern", servers="dp1"), servers=SERVERS)
    (one,) = found(data, "group-for-assignment-without-dp")
    assert one.severity is Severity.NOTICE


def test_group__whose_distribution_point_rests_is_told_so() -> None:
    resting = (server("dp1", DP, in_maintenance=True),)
    (one,) = found(site(group("A", DESK, servers="dp1"), servers=resting), "group-without-dp")
    assert "is in maintenance" in one.what
    assert one.where.servers == ("dp1",)


@pytest.mark.parametrize(
    ("own", "links", "known", "noted"),
    [
        pytest.param("smp1", {}, True, False, id="has one"),
        pytest.param("dp1", {}, True, True, id="has none"),
        pytest.param("dp1", {"B": FallbackTimes(0, 0)}, True, True, id="a neighbour's is of no use"),
        pytest.param("dp1", {}, False, False, id="nobody has one"),
    ],
)
def test_group_without_state_migration_point__is_a_notice(
    own: str,
    links: dict[str, FallbackTimes],
    known: bool,  # noqa: FBT001
    noted: bool,  # noqa: FBT001
) -> None:
    servers = SERVERS if known else SERVERS[:3]
    groups = (group("A", DESK, servers=own, links=links), group("B", "site B", servers="smp1 dp1"))
    told = found(site(*groups, group("D", servers="smp1", default_of=P01), servers=servers), "group-without-smp")
    assert [(one.where.groups, one.severity) for one in told] == [(("A",), Severity.NOTICE)] * noted


@pytest.mark.rule("BG-040")
@pytest.mark.parametrize(
    ("names", "sites", "codes"),
    [
        pytest.param(["D1", "D2"], [P01, P02], [], id="one for each site"),
        pytest.param(["D1", "D2"], [P01, P01], ["default-not-the-only-one"], id="two of a site"),
        pytest.param(["Default-Site-Boundary-Group<P01>"], [P01], [], id="named as it is"),
        pytest.param(["default-site-boundary-group<p01>"], [P01], [], id="in any case"),
        pytest.param(["Default-Site-Boundary-Group<P02>"], [P01], ["default-name-of-another"], id="another's name"),
        pytest.param(["Default-Site-Boundary-Group<P01>"], [None], ["default-name-of-another"], id="by name alone"),
    ],
)
def test_default_group__is_one_for_each_site_and_named_so(
    names: list[str], sites: list[SiteCode | None], codes: list[str]
) -> None:
    data = site(*(group(name, default_of=code) for name, code in zip(names, sites, strict=True)))
    told = [one for one in check_data(data).findings if one.code.startswith("default-n")]
    assert [one.code for one in told] == codes
    assert all(one.where.groups == tuple(names) for one in told)


@pytest.mark.rule("BG-042")
@pytest.mark.parametrize(("boundaries", "told"), [((), False), ((DESK,), True)])
def test_default_group__has_no_boundaries(boundaries: tuple[str, ...], told: bool) -> None:  # noqa: FBT001
    assert has(site(group("D", *boundaries, default_of=P01)), "default-with-boundaries") is told


@pytest.mark.rule("ML-023")
@pytest.mark.parametrize(
    ("own", "prefers", "noted"), [("dp1", True, True), ("mp1", True, False), ("dp1", False, False)]
)
def test_group_without_management_point__gets_the_complete_list(own: str, prefers: bool, noted: bool) -> None:  # noqa: FBT001
    data = site(group("A", DESK, servers=own), servers=SERVERS, prefers_group_mps=prefers)
    assert has(data, "group-without-mp") is noted


@pytest.mark.parametrize(
    ("hosts", "known", "noted"), [("dp1", True, True), ("sup1", True, False), ("dp1", False, False)]
)
def test_default_group__without_software_update_point(hosts: str, known: bool, noted: bool) -> None:  # noqa: FBT001
    data = site(group("D", servers=hosts, default_of=P01), servers=SERVERS if known else SERVERS[:1])
    assert has(data, "default-without-sup") is noted


@pytest.mark.rule("ML-026", "ML-027")
@pytest.mark.parametrize(
    ("roles", "default", "link", "joins"),
    [
        pytest.param((MP, DP), FallbackTimes(), None, True, id="implied fallback for content"),
        pytest.param((MP, DP), FallbackTimes(dp=None), None, False, id="no fallback for content"),
        pytest.param((MP, DP), FallbackTimes(dp=None), FallbackTimes(dp=5), True, id="a group has a link of its own"),
        pytest.param((MP, DP), FallbackTimes(dp=None), FallbackTimes(dp=None), False, id="a link that never leads"),
        pytest.param((MP,), FallbackTimes(), None, False, id="no distribution point on it"),
    ],
)
def test_management_point_of_the_default_group__joins_beside_a_distribution_point(
    roles: tuple[Role, ...],
    default: FallbackTimes,
    link: FallbackTimes | None,
    joins: bool,  # noqa: FBT001
) -> None:
    links = {} if link is None else {"D": link}
    data = site(
        group("A", DESK, servers="both", links=links),
        group("D", servers="both", default_of=P01, default_times=default),
        servers=(server("both", *roles),),
    )
    assert [has(data, "default-mp-joins"), has(data, "default-mp-without-effect")] == [joins, not joins]


def test_distribution_point_of_the_default_group__is_no_management_point() -> None:
    data = site(group("D", servers="dp1", default_of=P01), servers=SERVERS)
    assert not has(data, "default-mp-joins")
    assert not has(data, "default-mp-without-effect")


@pytest.mark.rule("SA-001")
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (SiteKind.PRIMARY, None),
        (SiteKind.UNKNOWN, None),
        (SiteKind.SECONDARY, "assigned-site-not-primary"),
        (SiteKind.CENTRAL, "assigned-site-not-primary"),
        (None, "assigned-site-unknown"),
    ],
)
@pytest.mark.parametrize("by", ["group", "fallback"])
def test_assigned_site__is_a_primary_one_that_there_is(kind: SiteKind | None, code: str | None, by: str) -> None:
    sites = (HierarchySite(P01, SiteKind.PRIMARY), *([] if kind is None else [HierarchySite(S01, kind, parent=P01)]))
    data = site(group("A", DESK, assigned_site=S01 if by == "group" else P01), sites=sites)
    data = data._replace(fallback_site=S01 if by == "fallback" else None)
    told = [one for one in check_data(data).findings if one.code.startswith("assigned-site")]
    assert [(one.code, one.severity, one.where.sites) for one in told] == (
        [] if code is None else [(code, Severity.ERROR, (S01,))]
    )


def test_assigned_site__is_not_judged_where_no_site_is_known() -> None:
    checked = check_data(site(group("A", DESK, assigned_site=S01)))
    assert not [one for one in checked.findings if one.code.startswith("assigned-site")]
    assert any("which sites there are" in note for note in checked.notes)


@pytest.mark.parametrize(
    ("servers", "code"),
    [((), True), ((server("x1"),), True), ((server("x1", SMP),), False)],
    ids=["unknown", "without a role", "with a role"],
)
def test_server__that_a_group_names_has_a_role(servers: tuple[SiteServer, ...], code: bool) -> None:  # noqa: FBT001
    assert has(site(group("A", DESK, servers="x1"), servers=servers), "server-without-role") is code


@pytest.mark.parametrize(
    ("roles", "named", "codes"),
    [
        ((DP,), "", ["server-in-no-group"]),
        ((DP, MP), "", ["server-in-no-group"]),
        ((MP,), "", ["mp-in-no-group"]),
        ((DP,), "x1", []),
        ((), "", []),
    ],
)
def test_server__is_in_a_group(roles: tuple[Role, ...], named: str, codes: list[str]) -> None:
    data = site(group("A", DESK, servers=named, assigned_site=P01), servers=(server("x1", *roles),))
    assert [one.code for one in check_data(data).findings if one.code.endswith("-in-no-group")] == codes


# --- links ----------------------------------------------------------------------------------------------------------


def linked(links: dict[str, dict[str, FallbackTimes]], **hosts: str) -> SiteData:
    groups = [group(name, f"site {name}", servers=hosts.get(name, "dp1"), links=to) for name, to in links.items()]
    return site(*groups, group("D", servers=hosts.get("D", ""), default_of=P01), servers=SERVERS)


@pytest.mark.rule("BG-026")
@pytest.mark.parametrize(
    ("links", "circles"),
    [
        ({"A": ["B"], "B": ["C"], "C": []}, []),
        ({"A": ["B"], "B": ["A"]}, [("A", "B")]),
        ({"A": ["B"], "B": ["C"], "C": ["A"], "X": ["A"]}, [("A", "B", "C")]),
        ({"A": ["B"], "B": ["A", "C"], "C": ["E"], "E": ["C"]}, [("A", "B"), ("C", "E")]),
        ({"A": ["A"]}, []),
        ({"A": ["B", "C"], "B": ["E"], "C": ["E"], "E": []}, []),
    ],
)
def test_circle__is_found_and_a_chain_is_none(links: dict[str, list[str]], circles: list[tuple[str, ...]]) -> None:
    data = linked({name: dict.fromkeys(to, FallbackTimes()) for name, to in links.items()})
    assert [one.where.groups for one in found(data, "link-circle")] == circles


def test_circle__is_not_closed_by_a_link_that_never_leads() -> None:
    assert not has(linked({"A": {"B": FallbackTimes()}, "B": {"A": NEVER}}), "link-circle")


@pytest.mark.rule("BG-029")
@pytest.mark.parametrize(
    ("to", "times", "never"),
    [("B", NEVER, True), ("B", FallbackTimes(None, None, 0), False), ("D", NEVER, False)],
    ids=["never", "one role", "takes the implied link away"],
)
def test_link__that_never_leads(to: str, times: FallbackTimes, never: bool) -> None:  # noqa: FBT001
    assert has(linked({"A": {to: times}, "B": {}}, B="dp1 mp1"), "link-never") is never


@pytest.mark.rule("BG-022")
@pytest.mark.parametrize(
    ("hosts", "times", "empty"),
    [
        ("", FallbackTimes(), True),
        ("dp1", FallbackTimes(), False),
        ("smp1", FallbackTimes(), True),
        ("dp1", FallbackTimes(dp=None), True),
        ("mp1", FallbackTimes(dp=None), False),
        ("mp1", FallbackTimes(mp=None), True),
        ("sup1", FallbackTimes(sup=None), True),
    ],
)
def test_link__to_a_neighbour_without_servers_for_it(hosts: str, times: FallbackTimes, empty: bool) -> None:  # noqa: FBT001
    data = linked({"A": {"B": times}, "B": {}}, B=hosts)
    assert has(data, "link-to-no-servers") is empty


@pytest.mark.rule("BG-041", "BG-043")
@pytest.mark.parametrize(
    ("times", "more", "hosts", "late"),
    [
        (FallbackTimes(dp=121), {}, "smp1 dp2", ["dp (121 min; default 120 min)"]),
        (FallbackTimes(dp=120), {}, "smp1 dp2", []),
        (FallbackTimes(dp=121), {"D": FallbackTimes(dp=100)}, "smp1 dp2", []),
        (FallbackTimes(dp=121), {}, "smp1 sup2", []),
        (
            FallbackTimes(dp=121, sup=122),
            {},
            "dp2 sup2",
            ["dp (121 min; default 120 min)", "sup (122 min; default 120 min)"],
        ),
    ],
    ids=[
        "later",
        "equal",
        "an own link to the default group is meant",
        "default group without the role",
        "two roles",
    ],
)
def test_link__later_than_the_default_group(
    times: FallbackTimes, more: dict[str, FallbackTimes], hosts: str, late: list[str]
) -> None:
    data = linked({"A": {"B": times, **more}, "B": {}}, A="mp1", B="dp1 sup1", D=hosts)
    data = data._replace(servers=(*SERVERS, server("dp2", DP), server("sup2", SUP)))
    told = [one for one in found(data, "link-after-default") if one.where.groups == ("A", "B")]
    assert [all(part in one.what for part in late) for one in told] == [True] * bool(late)


@pytest.mark.rule("BG-030")
@pytest.mark.parametrize(
    ("own", "links", "late"),
    [
        pytest.param("dp1", {"B": 10}, True, id="in its own group"),
        pytest.param("mp1", {"B": 10}, False, id="nowhere before"),
        pytest.param("dp1", {"B": 0}, False, id="at the same time"),
        pytest.param("mp1", {"B": 10, "C": 9}, True, id="by another link before"),
        pytest.param("mp1", {"B": 10, "C": 10}, False, id="by another link at the same time"),
    ],
)
def test_link__when_all_of_its_servers_are_in_already(own: str, links: dict[str, int], late: bool) -> None:  # noqa: FBT001
    times = {name: FallbackTimes(dp=minute, sup=None) for name, minute in links.items()}
    data = linked({"A": times, "B": {}, "C": {}}, A=own)
    assert [one.where.groups for one in found(data, "link-too-late")] == [("A", "B")] * late


def test_link__that_brings_one_more_server_is_not_too_late() -> None:
    data = linked({"A": {"B": FallbackTimes(dp=10)}, "B": {}}, A="dp1", B="dp1 dp2")
    assert has(data._replace(servers=SERVERS), "link-too-late")
    assert not has(data._replace(servers=(*SERVERS, server("dp2", DP))), "link-too-late")


def test_link__to_nobody_and_to_itself() -> None:
    data = linked({"A": {"A": FallbackTimes(), "gone": FallbackTimes()}})
    assert [one.where.groups for one in found(data, "neighbour-unknown")] == [("A", "gone")]
    assert [one.where.groups for one in found(data, "link-to-itself")] == [("A",)]


minute_of = st.none() | st.integers(0, 4)
times_of = st.builds(FallbackTimes, minute_of, minute_of, st.sampled_from([None, 0]))
hosts_of = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=3, unique=True).map(" ".join)


@st.composite
def hierarchies(draw: st.DrawFn) -> SiteData:
    names = ["A", "B", "C", "D1", "D2"]
    groups = []
    for name in names:
        links = draw(st.lists(st.tuples(st.sampled_from([one for one in names if one != name]), times_of), max_size=5))
        more = {"default_of": SiteCode(f"P0{name[1]}"), "default_times": draw(times_of)} if name[1:] else {}
        made = group(name, servers=draw(hosts_of), **more)
        groups.append(made._replace(relationships=tuple(Relationship(*link) for link in links)))
    servers = [server(host, *draw(st.sets(st.sampled_from([DP, SUP, MP])))) for host in "abcd"]
    return site(*groups, servers=tuple(servers))


def late_links(data: SiteData) -> set[tuple[str, str, str]]:
    """Links that come late, by role, from the ways themselves: each compared with each."""
    told = set()
    for one in data.groups:
        for role in (DP, SUP, MP):
            ways = list(find_links(data, (one,), role, assigned_site=None))
            having = {host for host, *rest in data.servers if role in rest[0]}
            for link in one.relationships:
                other = next(group for group in data.groups if group.id == link.neighbour)
                minute = min((way.minute for way in ways if way.group is other and way.minute is not None), default=0)
                before = [way for way in ways if way.minute < minute]
                wanted = having.intersection(other.servers)
                if not wanted or not minute or not any(way.group is other for way in ways):
                    continue
                implied = [way for way in before if way.reason.rule == "BG-041" and having & {*way.group.servers}]
                if wanted <= {host for way in before for host in way.group.servers}:
                    told.add((one.id, other.id, f"in already: {role.value}"))
                elif implied and other.default_of is None:
                    told.add((one.id, other.id, f"after default: {role.value}"))
    return told


@pytest.mark.rule("BG-028", "BG-030", "BG-041", "BG-043")
@given(hierarchies())
def test_late_links__are_those_of_a_plain_loop(data: SiteData) -> None:
    words = {"link-too-late": "in already", "link-after-default": "after default"}
    told = {
        (*one.where.groups, f"{words[one.code]}: {role}")
        for one in check_data(data).findings
        if one.code in words
        for role in re.findall(r"(dp|sup|mp) \(", one.what)
    }
    # A link that never leads is told as that, whatever other links there are between the two.
    never = {(one.id, link.neighbour) for one in data.groups for link in one.relationships if link.times == NEVER}
    assert {one for one in told if one[:2] not in never} == {one for one in late_links(data) if one[:2] not in never}


# --- the whole ------------------------------------------------------------------------------------------------------


def test_data_without_a_fault__has_no_finding() -> None:
    servers = (server("dp1", DP), server("dp2", DP), server("sup1", SUP), server("mp1", MP))
    data = site(
        group("A", DESK, servers="dp1 sup1 mp1", assigned_site=P01, links={"B": FallbackTimes(10, 10)}),
        group("B", "site Bern", servers="dp2 sup1 mp1", assigned_site=P01),
        group("D", servers="sup1", default_of=P01),
        servers=servers,
        sites=(HierarchySite(P01, SiteKind.PRIMARY),),
        prefers_group_mps=True,
    )
    checked = check_data(data)
    assert [one.code for one in checked.findings] == ["link-too-late"], "its software update point is in already"
    assert checked.notes == ()
    assert check_data(SiteData()).findings == ()


def test_order__is_worst_first_and_counts_are_of_all() -> None:
    data = site(group("A", "range 9.9.9.9-1.1.1.1", "subnet 10.0.0.255", servers="dp1"), servers=SERVERS[:1])
    checked = check_data(data._replace(groups=(*data.groups, group("E"))))
    assert [one.severity for one in checked.findings] == sorted(
        (one.severity for one in checked.findings), key=list(Severity).index
    )
    assert {severity: count for severity, count in checked.counts.items() if count} == {
        Severity.ERROR: 1,
        Severity.WARNING: 2,
        Severity.NOTICE: 1,
    }


@pytest.mark.parametrize("shape", ["nested", "equal"])
def test_every_boundary_in_every_other__is_counted_and_a_few_are_listed(shape: str) -> None:
    count, middle = 3000, 0x0A800000

    def ends(place: int) -> str:
        step = place if shape == "nested" else 0
        low, high = middle - count + step, middle + count - step
        return "-".join(".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) for number in (low, high))

    boundaries = tuple(Boundary(str(place), BoundaryKind.IP_RANGE, ends(place)) for place in range(count))
    names = [one.id for one in boundaries]
    groups = (group("A", *names[::2], assigned_site=P01), group("B", *names[1::2], assigned_site=P02))
    checked = check_data(SiteData(boundaries, groups))
    assert checked.counts[Severity.ERROR] == (count // 2) ** 2
    assert checked.left_out == {"site-overlap": (count // 2) ** 2 - 1000}
    assert sum(one.code == "site-overlap" for one in checked.findings) == 1000


def test_many_findings_of_a_kind__are_counted_and_the_first_are_listed() -> None:
    data = SiteData(tuple(boundary(f"site s{place}") for place in range(1003)))
    checked = check_data(data)
    assert (len(checked.findings), checked.left_out) == (1000, {"boundary-in-no-group": 3})
    assert checked.counts[Severity.WARNING] == 1003


def test_links_of_everybody_to_everybody__are_given_up_with_a_note() -> None:
    hosts = tuple(HostName(f"dp{place}") for place in range(400))
    links = tuple(Relationship(f"g{place}", FallbackTimes(dp=place + 1, sup=None)) for place in range(150))
    groups = tuple(BoundaryGroup(f"g{place}", f"g{place}", servers=hosts, relationships=links) for place in range(150))
    checked = check_data(SiteData(groups=groups, servers=tuple(SiteServer(host, frozenset({DP})) for host in hosts)))
    assert any("were not compared with each other" in note for note in checked.notes)


def large_hierarchy(groups: int, boundaries: int, defaults: int) -> SiteData:
    """Links to twenty others each, and as many default groups as the largest hierarchies have."""
    names = [f"10.{place >> 12}.{place >> 4 & 255}.{place % 16 * 16}" for place in range(boundaries)]
    made = [
        group(
            f"g{place}",
            *names[place::groups],
            servers=f"s{place % 500} s{(place + 1) % 500}",
            links={f"g{(place + 13 * step) % groups}": FallbackTimes(step + 100, 200) for step in range(1, 21)},
            assigned_site=(P01, P02)[place % 2],
        )
        for place in range(groups)
    ]
    made += [group(f"d{place}", servers=f"s{place}", default_of=SiteCode(f"D{place:02}")) for place in range(defaults)]
    servers = tuple(server(f"s{place}", DP, SUP) for place in range(500))
    held = tuple(Boundary(name, BoundaryKind.IP_RANGE, f"{name}-{name[: name.rindex('.')]}.255") for name in names)
    return SiteData(held, tuple(made), servers)


def test_links__of_a_large_hierarchy_are_all_compared() -> None:
    survey = Survey(large_hierarchy(groups=500, boundaries=500, defaults=90))
    links = LinkCheck(survey)
    told = [one for one in links.find() if one.code in {"link-too-late", "link-after-default"}]
    assert links.skipped == 0
    assert {one.where.groups[0] for one in told} == {f"g{place}" for place in range(500)}


@pytest.mark.slow
def test_a_hundred_thousand_boundaries__take_seconds() -> None:
    count = 100_000
    names = [f"10.{place >> 12}.{place >> 4 & 255}.{place % 16 * 16}" for place in range(count)]
    boundaries = tuple(
        Boundary(name, BoundaryKind.IP_RANGE, f"{name}-{name[: name.rindex('.')]}.255") for name in names
    )
    groups = tuple(
        group(f"g{place}", *names[place::1000], assigned_site=(P01, P02)[place % 2]) for place in range(1000)
    )
    started = perf_counter()
    check_data(SiteData(boundaries, groups))
    assert perf_counter() - started < 20


@pytest.mark.slow
def test_a_large_hierarchy__is_checked_whole_in_seconds() -> None:
    data = large_hierarchy(groups=5000, boundaries=100_000, defaults=90)
    started = perf_counter()
    checked = check_data(data)
    assert perf_counter() - started < 20
    assert not any("were not compared" in note for note in checked.notes)


numbers = st.integers(0, 40)
spans = st.lists(st.tuples(numbers, numbers, st.sampled_from("abc")), max_size=25)


@given(spans)
def test_pairs__are_those_of_a_plain_loop(some: list[tuple[int, int, str]]) -> None:
    intervals = [(min(one[:2]), max(one[:2])) for one in some]
    classes = [one[2] for one in some]
    plain = {
        (first, second)
        for first, second in combinations(range(len(some)), 2)
        if classes[first] != classes[second]
        and intervals[first][0] <= intervals[second][1]
        and intervals[second][0] <= intervals[first][1]
    }
    pairs = list(find_mixed_pairs(intervals, classes))
    assert len(pairs) == len(plain) == count_mixed_pairs(intervals, classes)
    assert {(min(pair), max(pair)) for pair in pairs} == plain


@given(st.lists(st.tuples(numbers, numbers).map(lambda ends: (min(ends), max(ends))), max_size=12))
def test_merged__covers_the_same_and_is_apart(intervals: list[tuple[int, int]]) -> None:
    merged = merge_intervals(intervals)
    covered = {number for low, high in intervals for number in range(low, high + 1)}
    assert {number for low, high in merged for number in range(low, high + 1)} == covered
    assert all(before[1] + 1 < after[0] for before, after in pairwise(merged))
