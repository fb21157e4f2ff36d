"""Pools over time against a slow and plain way to work them out, for whatever hierarchy."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cmclient.model.groups import BoundaryGroup, FallbackTimes, Relationship, Role, SiteData, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.pools import build_pool, pool_at

P01, XYZ = SiteCode("P01"), SiteCode("XYZ")
IDS = ("A", "B", "C", "D", "E")
ROLES = (Role.DISTRIBUTION_POINT, Role.SOFTWARE_UPDATE_POINT, Role.STATE_MIGRATION_POINT, Role.MANAGEMENT_POINT)

minutes = st.none() | st.integers(0, 200)
times = st.builds(FallbackTimes, dp=minutes, sup=minutes, mp=st.sampled_from((0, None)))
hosts = st.sampled_from([HostName(f"s{n}") for n in range(6)])
relationships = st.builds(Relationship, st.sampled_from((*IDS, "gone")), times)


@st.composite
def hierarchies(draw: st.DrawFn) -> SiteData:
    groups = [
        BoundaryGroup(
            name,
            name,
            servers=tuple(draw(st.lists(hosts, unique=True, max_size=3))),
            relationships=tuple(draw(st.lists(relationships, max_size=3))),
            default_of=draw(st.none() | st.sampled_from((P01, XYZ))),
            default_times=draw(times),
        )
        for name in draw(st.lists(st.sampled_from(IDS), unique=True))
    ]
    servers = [
        SiteServer(
            HostName(f"s{n}"), frozenset(draw(st.sets(st.sampled_from(ROLES)))), in_maintenance=draw(st.booleans())
        )
        for n in range(6)
    ]
    return SiteData(groups=tuple(groups), servers=tuple(servers))


chosen = st.sets(st.sampled_from(IDS), max_size=3)
sites = st.sampled_from((None, P01, XYZ))


def held(data: SiteData, ids: set[str]) -> list[BoundaryGroup]:
    """Groups that an administrator made: a default group holds nobody."""
    return [group for group in data.groups if group.id in ids and group.default_of is None]


def serves(
    data: SiteData, current: list[BoundaryGroup], role: Role, site: SiteCode | None, minute: int
) -> set[HostName]:
    """Who serves at one minute: every server by itself, asked of every group, in the words of the documentation."""
    found = set()
    for server in data.servers:
        if role not in server.roles or (role is Role.DISTRIBUTION_POINT and server.in_maintenance):
            continue
        for group in data.groups:
            if server.host in group.servers and counts(data, current, group, role, site, minute):
                found.add(server.host)
    return found


def counts(
    data: SiteData, current: list[BoundaryGroup], group: BoundaryGroup, role: Role, site: SiteCode | None, minute: int
) -> bool:
    if not current:
        return group.default_of is not None and group.default_of == site
    if group in current:
        return True
    if role is Role.STATE_MIGRATION_POINT:
        return False
    for own in current:
        links = [one.times for one in own.relationships if one.neighbour == group.id]
        if not links and group.default_of is not None:
            links = [group.default_times]
        for one in links:
            after = {
                Role.DISTRIBUTION_POINT: one.dp,
                Role.SOFTWARE_UPDATE_POINT: one.sup,
                Role.MANAGEMENT_POINT: one.mp,
            }
            if after[role] is not None and after[role] <= minute:  # type: ignore[operator]
                return True
    return False


@given(hierarchies(), chosen, st.sampled_from(ROLES), sites, st.integers(0, 250))
def test_pool__is_what_the_plain_way_says_at_any_minute(
    data: SiteData, ids: set[str], role: Role, site: SiteCode | None, minute: int
) -> None:
    current = held(data, ids)
    pool = build_pool(data, current, role, assigned_site=site)
    borders = {moment for entry in pool for moment in (entry.minute - 1, entry.minute, entry.minute + 1)}
    for moment in {minute, 0} | {moment for moment in borders if moment >= 0}:
        assert {entry.host for entry in pool_at(pool, moment)} == serves(data, current, role, site, moment)


@given(hierarchies(), chosen, st.sampled_from(ROLES), sites)
def test_pool__has_each_server_once_and_only_grows(
    data: SiteData, ids: set[str], role: Role, site: SiteCode | None
) -> None:
    pool = build_pool(data, held(data, ids), role, assigned_site=site)
    assert len({entry.host for entry in pool}) == len(pool)
    assert [entry.minute for entry in pool] == sorted(entry.minute for entry in pool)
    sizes = [pool_at(pool, minute) for minute in range(0, 201, 10)]
    assert all(set(before) <= set(after) for before, after in pairwise(sizes))


@given(hierarchies(), chosen, st.sampled_from(ROLES), sites, st.randoms(use_true_random=False))
def test_order_of_the_data__makes_no_difference(
    data: SiteData, ids: set[str], role: Role, site: SiteCode | None, random: object
) -> None:
    groups = [
        group._replace(
            servers=tuple(shuffled(random, group.servers)), relationships=tuple(shuffled(random, group.relationships))
        )
        for group in shuffled(random, data.groups)
    ]
    other = data._replace(groups=tuple(groups), servers=tuple(shuffled(random, data.servers)))
    pools = [build_pool(one, held(one, ids), role, assigned_site=site) for one in (data, other)]
    assert pools[0] == pools[1]


def shuffled(random: object, items: tuple) -> list:  # type: ignore[type-arg]
    mixed = list(items)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    return mixed
