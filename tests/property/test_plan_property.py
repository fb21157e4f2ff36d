"""Very many machines at once get what each would get alone: one by one, in pure Python, and with NumPy."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import ConfigError, InvalidValueError
from cmclient.model.boundary import Boundary, BoundaryKind, Connection, NetworkPlace
from cmclient.model.facts import parse_address
from cmclient.model.groups import BoundaryGroup, FallbackTimes, Relationship, Role, SiteData, SiteServer
from cmclient.model.names import AdSiteName, HostName, SiteCode
from cmclient.model.planning import ROLES, MachineColumns, RowFault
from cmclient.plan import PlanIndex, evaluate
from cmclient.planner import Planner
from cmclient.protocol.machines import parse_csv, parse_csv_header, parse_json_lines
from cmclient.protocol.planrows import find_form
from cmclient.rules.boundaries import BoundaryIndex
from cmclient.rules.changes import find_change
from cmclient.rules.pools import build_pool, current_groups

KIND = BoundaryKind
CODES = ("P01", "P02", "P03")

# Few and near, at both ends of the line too, so that ends of ranges are met and missed by one.
numbers = (
    st.sampled_from([0, 1, 2**32 - 2, 2**32 - 1]) | st.integers(167837950, 167838000) | st.integers(2**31, 2**31 + 3)
)
ipv4 = numbers.map(lambda number: str(IPv4Address(number)))
prefix_numbers = st.sampled_from([0, 1, 2**128 - 1]) | st.integers(0x20010DB8 << 96, (0x20010DB8 << 96) + 5)
ipv6 = (prefix_numbers | st.integers(0, 3).map(lambda n: (0x20010DB8 << 96) + (n << 64))).map(
    lambda n: str(IPv6Address(n))
)


def _range(ends: tuple[str, str]) -> str:
    low, high = sorted(ends, key=lambda text: int(IPv4Address(text)) if ":" not in text else int(IPv6Address(text)))
    return f"{low}-{high}"


values = st.one_of(
    st.tuples(st.just(KIND.IP_RANGE), st.tuples(ipv4, ipv4).map(_range)),
    st.tuples(st.just(KIND.IP_RANGE), st.tuples(ipv6, ipv6).map(_range)),
    st.tuples(
        st.just(KIND.IP_SUBNET),
        st.tuples(numbers, st.integers(0, 32)).map(lambda one: str(IPv4Address(one[0] >> one[1] << one[1]))),
    ),
    st.tuples(
        st.just(KIND.IPV6_PREFIX), st.sampled_from(["2001:db8::/32", "2001:db8:0:0", "2001:db8:0:1", "::/0", "::/128"])
    ),
    st.tuples(st.just(KIND.AD_SITE), st.sampled_from(["Berlin", "BERN", "straße"])),
    st.tuples(st.just(KIND.VPN), st.sampled_from(["Auto:On", "Name:Corp VPN", "Description:Corp VPN"])),
)


@st.composite
def hierarchies(draw: st.DrawFn) -> SiteData:
    boundaries = [Boundary(f"b{place}", *one) for place, one in enumerate(draw(st.lists(values, max_size=12)))]
    hosts = [HostName(f"s{place}") for place in range(5)]
    times = st.builds(FallbackTimes, *[st.sampled_from([None, 0, 15, 120])] * 2, mp=st.sampled_from([None, 0]))
    groups = []
    ids = [f"g{place}" for place in range(draw(st.integers(0, 5)))]
    for one in ids:
        links = st.builds(Relationship, st.sampled_from(ids), times)
        groups.append(
            BoundaryGroup(
                one,
                one,
                boundaries=tuple(draw(st.lists(st.sampled_from([b.id for b in boundaries] or ["none"]), max_size=4))),
                servers=tuple(draw(st.lists(st.sampled_from(hosts), max_size=3))),
                assigned_site=draw(st.none() | st.sampled_from(CODES).map(SiteCode)),
                relationships=tuple(draw(st.lists(links, max_size=2))),
                default_of=draw(st.sampled_from([None, None, None, SiteCode("P01"), SiteCode("P02")])),
                default_times=draw(times),
            )
        )
    servers = [
        SiteServer(host, draw(st.frozensets(st.sampled_from(list(Role)))), in_maintenance=draw(st.booleans()))
        for host in hosts
    ]
    return SiteData(tuple(boundaries), tuple(groups), tuple(servers), draw(st.none() | st.just(SiteCode("P03"))))


lengths = st.sampled_from(["", "/0", "/1", "/24", "/28", "/31", "/32"])
one_ipv4 = st.builds(str.__add__, ipv4, lengths)
one_ipv6 = st.builds(str.__add__, ipv6, st.sampled_from(["", "/64", "/128", "%eth0"]))
# What is no usual form, and what is none at all.
ODD = """
10.1.2.3/255.255.255.0 10.1.2.3/024 010.1.2.3/24 10.1.2.256/24 10.1.2.3/33 10.1.2/24 ::ffff:10.1.2.3 10.1.2.3/ /24
1.2.3.4.5 10.1.2.3/2/4 x 10.1.2.٣/24 10.1.2.3/-1 +1.2.3.4 .1.2.3 1..2.3 10.1.2.3/2. 10.1/2.3.4 1.2.3./24 256.1.2.3
1.2.3.4/00 1.2.3.0004 0.0.0.0/0
"""
odd = st.sampled_from(ODD.split())
cells = st.lists(st.one_of(one_ipv4, one_ipv4, one_ipv6, odd), max_size=3).map(";".join)
machines = st.tuples(
    st.sampled_from(["PC1", "pc-2", 'a"b,c', "Ü", ""]),
    cells | one_ipv4,
    st.sampled_from(["", "", "berlin", "BERLIN", "Bern", "STRASSE", "x" * 64]),
    st.sampled_from(["", "corp.test", "not a name"]),
    st.sampled_from(["", "no", "yes", "Auto:On", "corp vpn", "Description:CORP VPN", "Name:Corp VPN;Auto:On"]),
    st.sampled_from(["", "", "P01", "p02", "toolong"]),
)


def columns_of(rows: Sequence[tuple[str, ...]]) -> MachineColumns:
    return MachineColumns(*(zip(*rows, strict=True) if rows else ((),) * 6))


def alone(data: SiteData, row: tuple[str, ...]) -> tuple[Any, ...] | None:
    """What single look-ups say; None where the row cannot be one."""
    name, cell, ad_site, forest, vpn, assigned = row
    if not name or forest == "not a name":
        return None
    connections = {
        "Auto:On": (Connection("x", is_pptp=True),),
        "corp vpn": (Connection("corp vpn"),),
        "Description:CORP VPN": (Connection("x", "CORP VPN"),),
        "Name:Corp VPN;Auto:On": (Connection("Corp VPN", is_pptp=True),),
    }
    try:
        place = NetworkPlace(
            tuple(parse_address(text) for text in cell.split(";") if text),
            AdSiteName(ad_site) if ad_site else None,
            connections.get(vpn, ()),
        )
        site = SiteCode(assigned) if assigned else None
    except InvalidValueError:
        return None
    matches = BoundaryIndex(data.boundaries).find(place)
    groups = current_groups(data, matches)
    pools = [
        [(entry.minute, entry.host) for entry in build_pool(data, groups, role, assigned_site=site)] for role in ROLES
    ]
    sites = [site] if site else sorted({group.assigned_site for group in groups} - {None}, key=str)
    sites = sites or ([data.fallback_site] if data.fallback_site else [])
    return [match.boundary.id for match in matches], [group.id for group in groups], pools, sites


@given(hierarchies(), st.lists(machines, max_size=12))
def test_any_machines__get_what_each_gets_alone(data: SiteData, rows: list[tuple[str, ...]]) -> None:
    found = PlanIndex(data).answers(columns_of(rows))
    assert len(found) == len(rows)
    for row, answer in zip(rows, found, strict=True):
        expected = alone(data, row)
        if expected is None:
            assert isinstance(answer, RowFault), row
        else:
            assert not isinstance(answer, RowFault), (row, answer)
            assert ([*answer.boundaries], [*answer.outcome.groups]) == expected[:2]
            assert [list(map(tuple, pool)) for pool in answer.outcome.servers] == expected[2]
            assert [*answer.outcome.sites] == expected[3]


@given(hierarchies(), hierarchies(), st.lists(machines, max_size=12), st.sampled_from(["csv", "json"]))
def test_numpy__writes_the_very_bytes_that_pure_python_writes(
    data: SiteData, other: SiteData, rows: list[tuple[str, ...]], kind: str
) -> None:
    pytest.importorskip("pyarrow", reason="the extra 'fleet' is not installed")
    from cmclient.adapters.fleet import FleetPlan  # noqa: PLC0415 - after the check
    from cmclient.adapters.fleet_files import to_batch  # noqa: PLC0415

    columns = columns_of(rows)
    for after in (None, PlanIndex(other)):
        form = find_form(kind, compares=after is not None)
        pure = Planner(form, PlanIndex(data), after).write(columns)
        fleet = FleetPlan(PlanIndex(data), after, form=form, find_change=find_change).write(to_batch(columns))
        assert b"".join(fleet.rows) == b"".join(pure.rows)
        assert fleet.faults == pure.faults
        assert (fleet.machines, dict(fleet.changes)) == (pure.machines, dict(pure.changes))


@given(hierarchies(), st.lists(machines, max_size=8))
def test_columns__plain_and_arrow_say_the_same(data: SiteData, rows: list[tuple[str, ...]]) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra 'fleet' is not installed")
    from cmclient.adapters.fleet import FleetPlan  # noqa: PLC0415

    columns = columns_of(rows)._asdict()
    plain = evaluate(PlanIndex(data), columns)
    batch = pa.record_batch([pa.array(column, pa.string()) for column in columns.values()], names=list(columns))
    arrow = FleetPlan(PlanIndex(data)).evaluate_batch(batch).to_pydict()
    plain["timeline"] = [
        [dict(zip(("role", "minute", "host"), one, strict=True)) for one in row] for row in plain["timeline"]
    ]
    assert arrow == {name: [list(x) if isinstance(x, tuple) else x for x in values] for name, values in plain.items()}


SHAPE = parse_csv_header(b"name,addresses", name="x")
few = st.text(st.sampled_from('a1.,"\n\r; /'), max_size=30).map(str.encode)


@given(few | st.binary(max_size=40))
def test_any_bytes__are_machines_or_faults_and_never_lost(block: bytes) -> None:
    for read in (parse_csv(block, SHAPE, line=2), parse_json_lines(block, line=2)):
        assert len({len(column) for column in read.columns} | {len(read.lines)}) == 1
        assert all(line >= 2 for line in (*read.lines, *(line for line, _ in read.faults)))


@given(st.binary(max_size=40))
def test_any_header__is_one_or_is_refused(line: bytes) -> None:
    try:
        parse_csv_header(line, name="x")
    except ConfigError:
        return
    assert b"name" in line.lower()


@given(few | st.binary(max_size=60))
def test_csv_in_columns__is_read_as_by_rows_or_not_at_all(block: bytes) -> None:
    pytest.importorskip("pyarrow", reason="the extra 'fleet' is not installed")
    from cmclient.adapters.fleet_files import read_csv_block  # noqa: PLC0415

    batch = read_csv_block(block, SHAPE)
    read = parse_csv(block, SHAPE, line=2)
    if batch is not None:
        assert not read.faults
        assert batch.column("name").to_pylist() == list(read.columns.name)
        assert batch.column("addresses").to_pylist() == list(read.columns.addresses)
