"""Very many machines: what each column of the answer says, and what is wrong with a row."""

import json

import pytest

from cmclient.errors import ConfigError, InvalidValueError
from cmclient.model.assignment import AssignmentHow
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.groups import BoundaryGroup, FallbackTimes, Relationship, Role, SiteData, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.model.planning import Change, Joining, MachineColumns, Outcome, RowFault, ServerChange
from cmclient.plan import PlanIndex, evaluate
from cmclient.protocol.machines import parse_csv, parse_csv_header, parse_json_lines
from cmclient.protocol.planrows import find_form
from cmclient.rules.changes import find_change
from cmclient.rules.sites import find_sites

P01, P02, P03 = SiteCode("P01"), SiteCode("P02"), SiteCode("P03")
DP, MP = Role.DISTRIBUTION_POINT, Role.MANAGEMENT_POINT


def group(name: str, *boundaries: str, site: SiteCode | None = None, **more: object) -> BoundaryGroup:
    return BoundaryGroup(name, name, boundaries, (HostName(f"dp-{name}"),), site, **more)  # type: ignore[arg-type]


DATA = SiteData(
    boundaries=(
        Boundary("desks", BoundaryKind.IP_RANGE, "10.1.2.1-10.1.2.9"),
        Boundary("floor", BoundaryKind.IP_SUBNET, "10.1.2.0"),
        Boundary("prefix", BoundaryKind.IPV6_PREFIX, "2001:db8:1:2"),
        Boundary("berlin", BoundaryKind.AD_SITE, "Berlin"),
        Boundary("vpn", BoundaryKind.VPN, "Auto:On"),
    ),
    groups=(
        group("A", "desks", site=P01, relationships=(Relationship("B", FallbackTimes(dp=15)),)),
        group("B", "floor", site=P02),
        group("C", "prefix", "berlin", "vpn"),
        group("default", default_of=P03),
    ),
    servers=tuple(SiteServer(HostName(f"dp-{name}"), frozenset({DP})) for name in ("A", "B", "C", "default")),
    fallback_site=P03,
)


def answered(addresses: str = "", **known: str) -> dict[str, object]:
    columns = {"name": ["PC1"], "addresses": [addresses], **{name: [value] for name, value in known.items()}}
    return {name: values[0] for name, values in evaluate(PlanIndex(DATA), columns).items()}


@pytest.mark.parametrize(
    ("addresses", "known", "boundaries"),
    [
        ("10.1.2.9/24", {}, ("desks", "floor")),
        ("10.1.2.10/24", {}, ("floor",)),
        ("10.1.2.9/25", {}, ("desks", "floor")),
        ("10.1.2.9/16", {}, ("desks",)),
        ("10.1.2.9/255.255.255.0", {}, ("desks", "floor")),
        ("192.168.0.1/24;10.1.2.9/24", {}, ("desks", "floor")),
        ("192.168.0.1/24 2001:db8:1:2::5/64", {}, ("prefix",)),
        ("", {"ad_site": "BERLIN"}, ("berlin",)),
        ("", {"vpn": "Auto:On"}, ("vpn",)),
        ("", {"vpn": "Name:Corp"}, ()),
    ],
)
def test_machine__is_in_boundaries_of_every_kind(
    addresses: str, known: dict[str, str], boundaries: tuple[str, ...]
) -> None:
    found = answered(addresses, **known)
    assert (found["boundaries"], found["fault"]) == (boundaries, "")


def test_addresses__may_be_a_list_and_none_is_not_known() -> None:
    columns = {"name": ["PC1", "PC2"], "addresses": [["10.1.2.9/24", "fe80::1"], None], "ad_site": [None, None]}
    found = evaluate(PlanIndex(DATA), columns)
    assert found["boundaries"] == [("desks", "floor"), ()]
    assert found["notes"] == [(), ("no-address",)]


def test_timeline__has_every_minute_and_roles_have_minute_0() -> None:
    found = answered("10.1.2.9")
    assert found["dp"] == ("dp-a",)
    assert found["timeline"] == (("dp", 0, "dp-a"), ("dp", 15, "dp-b"), ("dp", 120, "dp-default"))


def test_two_groups__a_server_joins_when_the_first_of_them_has_it() -> None:
    found = answered("10.1.2.9/24")
    assert found["timeline"] == (("dp", 0, "dp-a"), ("dp", 0, "dp-b"), ("dp", 120, "dp-default"))


@pytest.mark.parametrize(("assigned", "servers"), [("P03", ("dp-default",)), ("P01", ()), ("", ())])
def test_in_no_group__the_default_group_of_the_assigned_site_serves(assigned: str, servers: tuple[str, ...]) -> None:
    assert answered("192.168.0.1/24", assigned_site=assigned)["dp"] == servers


@pytest.mark.parametrize(
    ("addresses", "assigned", "site", "how"),
    [
        ("10.1.2.9/24", "p02", "P02", "kept"),
        ("10.1.2.9/24", "", "P01|P02", "boundary"),
        ("10.1.2.10/24", "", "P02", "boundary"),
        ("192.168.0.1/24", "", "P03", "fallback"),
    ],
)
def test_site__in_all_four_ways(addresses: str, assigned: str, site: str, how: str) -> None:
    found = answered(addresses, assigned_site=assigned)
    assert (found["site"], found["site_from"]) == (site, how)


@pytest.mark.rule("SA-012", "SA-009", "SA-007")
@pytest.mark.parametrize(
    ("groups", "kept", "fallback", "expected"),
    [
        (DATA.groups[:2], P03, P03, ((P03,), AssignmentHow.KEPT)),
        (DATA.groups[:2], None, P03, ((P01, P02), AssignmentHow.BOUNDARY)),
        (DATA.groups[:1], None, P03, ((P01,), AssignmentHow.BOUNDARY)),
        (DATA.groups[2:3], None, P03, ((P03,), AssignmentHow.FALLBACK)),
        (DATA.groups[2:3], None, None, ((), AssignmentHow.NONE)),
    ],
)
def test_sites__kept_then_groups_then_fallback(
    groups: tuple[BoundaryGroup, ...], kept: SiteCode | None, fallback: SiteCode | None, expected: object
) -> None:
    assert find_sites(groups, kept=kept, fallback=fallback) == expected


@pytest.mark.parametrize(
    ("addresses", "known", "notes"),
    [
        ("10.1.2.9", {}, ("subnet-unknown",)),
        ("10.1.2.9/24", {}, ()),
        ("2001:db8::1", {}, ()),
        ("10.1.2.9/24", {"vpn": "yes"}, ("vpn-unknown",)),
        ("10.1.2.9/24", {"vpn": "no"}, ()),
        ("10.1.2.9/24", {"vpn": "Name:Corp"}, ()),
    ],
)
def test_notes__say_what_is_not_certain(addresses: str, known: dict[str, str], notes: tuple[str, ...]) -> None:
    assert answered(addresses, **known)["notes"] == notes


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"name": ""}, "name: is empty"),
        ({"name": "x" * 257}, "name: is longer than 256 characters"),
        ({"addresses": "10.1.2.3/33"}, "addresses: '10.1.2.3/33' is not a network address"),
        ({"addresses": "10.1.2.3/24,10.1.2.4/24"}, "addresses: "),
        ({"addresses": "1.1.1.1;" * 65}, "addresses: has more than 64 addresses"),
        ({"addresses": "1" * 4097}, "addresses: is longer than 4096 characters"),
        ({"ad_site": "x" * 64}, "ad_site: "),
        ({"forest": "a b"}, "forest: 'a b' is not a DNS domain"),
        ({"vpn": "x" * 4097}, "vpn: is longer"),
        ({"assigned_site": "LONG"}, "assigned_site: 'LONG' is not a site code"),
    ],
)
def test_bad_row__says_the_field_and_why(row: dict[str, str], fault: str) -> None:
    columns = {"name": ["PC1", "PC2"], "addresses": ["10.1.2.9/24"] * 2}
    for name, value in row.items():
        columns[name] = [value, columns.get(name, ["", ""])[1]]
    found = evaluate(PlanIndex(DATA), columns)
    assert found["fault"][0].startswith(fault)
    assert (found["boundaries"][0], found["site"][0]) == ((), "")
    assert (found["fault"][1], found["boundaries"][1]) == ("", ("desks", "floor"))


def test_data__with_a_boundary_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidValueError):
        PlanIndex(SiteData(boundaries=(Boundary("x", BoundaryKind.IP_RANGE, "10.0.0.2-10.0.0.1"),)))


def test_what_is_kept__is_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = MachineColumns(*[[text] * 20 for text in ("PC1", "", "", "", "", "")])
    columns = columns._replace(addresses=[f"10.1.2.{last}/24" for last in range(20)])
    expected = PlanIndex(DATA).answers(columns)
    for name in ("_MOST_PLACES", "_MOST_OUTCOMES", "_MOST_SERVERS"):
        monkeypatch.setattr(f"cmclient.plan.{name}", 1)
    small = PlanIndex(DATA)
    assert small.answers(columns) == expected
    assert max(map(len, (small._held, small._outcomes, small._pools, small._contexts))) <= 2


# --- what changes ---


def outcome(*groups: str, dp: dict[str, int] | None = None, sites: tuple[SiteCode, ...] = ()) -> Outcome:
    joinings = tuple(sorted(Joining(minute, HostName(host)) for host, minute in (dp or {}).items()))
    return Outcome(groups, ((), joinings, (), (), ()), sites)


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (outcome("A"), outcome("A"), None),
        (outcome("A", dp={"x": 0}), outcome("A", dp={"x": 0}), None),
        (outcome("A"), outcome("A")._replace(notes=("no-address",)), None),
        (outcome("A"), outcome("B"), ("groups",)),
        (outcome("A", dp={"x": 0}), outcome("A", dp={"x": 15}), ("dp",)),
        (outcome("A", dp={"x": 0}), outcome("A", dp={"x": 0, "y": 0}), ("dp",)),
        (outcome(sites=(P01,)), outcome(sites=(P01, P02)), ("site",)),
    ],
)
def test_change__by_kind(before: Outcome, after: Outcome, kinds: tuple[str, ...] | None) -> None:
    change = find_change(before, after)
    assert (None if change is None else change.kinds) == kinds


def test_change__says_what_comes_goes_and_moves() -> None:
    before = outcome("A", "B", dp={"gone": 0, "later": 0, "same": 15}, sites=(P01,))
    after = outcome("B", "C", dp={"new": 120, "later": 15, "same": 15}, sites=(P02,))
    change = find_change(before, after)
    servers = (
        ServerChange(DP, HostName("gone"), 0, None),
        ServerChange(DP, HostName("later"), 0, 15),
        ServerChange(DP, HostName("new"), None, 120),
    )
    assert change == Change(("C",), ("A",), servers, (P01,), (P02,))
    assert find_form("csv", compares=True).change(change) == (
        ",groups;dp;site,C,A,dp 120:new,dp 0:gone,dp 0>15:later,P01,P02\n"
    )


# --- files ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_header__whatever_stands_between_its_fields(delimiter: str) -> None:
    shape = parse_csv_header(delimiter.join(["Extra", " Addresses ", '"NAME"']).encode() + b"\r\n", name="x")
    assert (shape.delimiter, shape.places[:2], shape.unknown) == (delimiter, (2, 1), ("Extra",))
    assert shape.absent == ("ad_site", "forest", "vpn", "assigned_site")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"name,address", "x: line 1, addresses: the column is missing"),
        (b"", "x: line 1, name: the column is missing"),
        (b"name,addresses,Name", "x: line 1, name: there is more than one"),
        (b"\xff\xfen\x00a\x00", "x: it is UTF-16"),
    ],
)
def test_header__that_lacks_something_is_refused(line: bytes, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_csv_header(line, name="x")
    assert fault in caught.value.faults


def test_csv__bad_lines_are_told_with_their_numbers_and_the_others_read() -> None:
    shape = parse_csv_header(b"name,addresses", name="x")
    lines = [
        b"PC1,10.0.0.1",
        b"",
        b'"PC\n2",10.0.0.2',
        b"PC3",
        b"PC4,1,2",
        b'"a"b,c',
        b"\xff,10.0.0.3",
        b"PC5,10.0.0.5",
    ]
    read = parse_csv(b"\n".join(lines), shape, line=2)
    assert list(zip(read.lines, read.columns.name, strict=True)) == [(2, "PC1"), (4, "PC\n2"), (10, "PC5")]
    assert [(line, fault.field) for line, fault in read.faults] == [(6, ""), (7, ""), (8, ""), (9, "name")]
    assert read.faults[0][1] == RowFault("", "has 1 fields, and the header 2")


def test_csv__a_huge_cell_is_a_bad_line() -> None:
    shape = parse_csv_header(b"name,addresses", name="x")
    read = parse_csv(b"PC1," + b"x" * 200_000 + b"\nPC2,10.0.0.1\n", shape, line=2)
    assert [line for line, _ in read.faults] == [2]
    assert read.columns.name == ("PC2",)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"{", ""),
        (b"[]", ""),
        (b"[" * 100_000, ""),
        (b'{"name": "a"}', "addresses"),
        (b'{"name": 1, "addresses": ""}', "name"),
        (b'{"name": "a", "addresses": 1}', "addresses"),
        (b'{"name": "a", "addresses": ["x", 1]}', "addresses"),
        (b'{"name": "a\\ud800", "addresses": ""}', "name"),
    ],
)
def test_json_lines__what_is_no_machine_is_told_with_its_field(line: bytes, field: str) -> None:
    read = parse_json_lines(b'{"name": "a", "addresses": null, "vpn": true, "os": 1}\n' + line, line=1)
    assert [(number, fault.field) for number, fault in read.faults] == [(2, field)]
    assert (read.columns.name, read.columns.addresses, read.columns.vpn) == (("a",), ("",), ("yes",))
    assert read.unknown == {"os"}


def test_csv_rows__are_quoted_where_that_is_needed() -> None:
    data = DATA._replace(
        boundaries=(Boundary('a "b", c', BoundaryKind.AD_SITE, "X"),),
        groups=(BoundaryGroup("A,1", "x", ('a "b", c',)),),
        servers=(),
    )
    columns = MachineColumns(["PC,1"], [""], ["x"], [""], [""], [""])
    form = find_form("csv", compares=False)
    answer = PlanIndex(data).answers(columns)[0]
    assert not isinstance(answer, RowFault)
    assert form.name("PC,1") + form.answer(answer) == '"PC,1","a ""b"", c","A,1",,,,,,,P03,fallback,no-address\n'


def test_rows__have_the_servers_of_minute_0_and_all_of_them_in_the_timeline() -> None:
    answer = PlanIndex(DATA).answers(MachineColumns(["PC"], ["10.1.2.9"], [""], [""], [""], [""]))[0]
    assert not isinstance(answer, RowFault)
    line = "dp 0:dp-a 15:dp-b 120:dp-default"
    assert find_form("csv", compares=False).answer(answer) == f",desks,A,,dp-a,,,,{line},P01,boundary,subnet-unknown\n"
    form = find_form("json", compares=False)
    row = json.loads(form.name("PC") + form.answer(answer))
    assert (row["dp"], [one["minute"] for one in row["timeline"]]) == (["dp-a"], [0, 15, 120])
