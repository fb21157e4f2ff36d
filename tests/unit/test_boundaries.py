"""Boundaries of every kind: what they hold, exactly at their ends, and what cannot be one."""

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.boundary import Boundary, BoundaryKind, Connection, NetworkPlace
from cmclient.model.facts import parse_address
from cmclient.model.names import AdSiteName
from cmclient.rules.boundaries import BoundaryIndex, check_boundary

SUBNET, SITE = BoundaryKind.IP_SUBNET, BoundaryKind.AD_SITE
PREFIX, RANGE, VPN = BoundaryKind.IPV6_PREFIX, BoundaryKind.IP_RANGE, BoundaryKind.VPN


def holds(kind: BoundaryKind, value: str, *addresses: str, **place: object) -> bool:
    index = BoundaryIndex([Boundary("1", kind, value)])
    return bool(index.find(NetworkPlace(addresses=tuple(map(parse_address, addresses)), **place)))  # type: ignore[arg-type]


@pytest.mark.rule("BD-007", "BD-008")
@pytest.mark.parametrize(
    ("value", "address", "inside"),
    [
        ("10.0.0.10-10.0.0.20", "10.0.0.9", False),
        ("10.0.0.10-10.0.0.20", "10.0.0.10", True),
        ("10.0.0.10-10.0.0.20", "10.0.0.20", True),
        ("10.0.0.10-10.0.0.20", "10.0.0.21", False),
        ("10.0.0.10-10.0.0.10", "10.0.0.10", True),
        ("10.0.0.10-10.0.0.10", "10.0.0.11", False),
        ("127.255.255.255-128.0.0.0", "127.255.255.255", True),
        ("127.255.255.255-128.0.0.0", "128.0.0.0", True),
        ("127.255.255.255-128.0.0.0", "128.0.0.1", False),
        ("0.0.0.0-255.255.255.255", "255.255.255.255", True),
        ("2001:db8::1-2001:db8::9", "2001:db8::9", True),
        ("2001:db8::1-2001:db8::9", "2001:db8::a", False),
    ],
)
def test_range__both_ends_belong_to_it(value: str, address: str, inside: bool) -> None:  # noqa: FBT001
    assert holds(RANGE, value, address) is inside


@pytest.mark.rule("BD-003")
@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3/24", True),
        ("10.1.2.3/25", True),
        ("10.1.2.129/25", False),
        ("10.1.2.3/16", False),
        ("10.1.2.3", False),
        ("::ffff:10.1.2.0/120", False),
    ],
)
def test_subnet__the_clients_own_network_id_and_nothing_else(address: str, inside: bool) -> None:  # noqa: FBT001
    assert holds(SUBNET, "10.1.2.0", address) is inside


@pytest.mark.rule("BD-003")
def test_subnet__every_address_of_the_client_is_compared() -> None:
    assert holds(SUBNET, "10.1.2.0", "192.168.0.5/24", "10.1.2.3/24")


@pytest.mark.rule("BD-006")
@pytest.mark.parametrize(
    ("value", "address", "inside"),
    [
        ("2001:1111:2222:3333", "2001:1111:2222:3333::1", True),
        ("2001:1111:2222:3333", "2001:1111:2222:3333:ffff:ffff:ffff:ffff", True),
        ("2001:1111:2222:3333", "2001:1111:2222:3334::", False),
        ("2001:1111:2222:3333::", "2001:1111:2222:3333::1", True),
        ("2001:db8::/33", "2001:db8:7fff::1", True),
        ("2001:db8::/33", "2001:db8:8000::1", False),
        ("2001:1111:2222:3333", "10.1.2.3", False),
    ],
)
def test_prefix__holds_what_begins_with_it(value: str, address: str, inside: bool) -> None:  # noqa: FBT001
    assert holds(PREFIX, value, address) is inside


def test_ad_site__without_regard_to_case() -> None:
    assert holds(SITE, " Berlin ", ad_site=AdSiteName("BERLIN"))
    assert not holds(SITE, "Berlin", ad_site=AdSiteName("Bern"))
    assert not holds(SITE, "Berlin")


@pytest.mark.rule("BD-010", "BD-011", "BD-012", "BD-013")
@pytest.mark.parametrize(
    ("value", "connection", "inside"),
    [
        pytest.param("Auto:On", Connection("x", is_pptp=True), True, id="auto: PPTP"),
        pytest.param("Auto:On", Connection("x", is_pptp=False), False, id="auto: another kind"),
        pytest.param("Auto:On", Connection("x"), False, id="auto: not known"),
        pytest.param("Name:CORP VPN", Connection("Corp VPN"), True, id="name, other case"),
        pytest.param("Name:Corp", Connection("Corp VPN"), False, id="name, a part of it"),
        pytest.param("Name:" + "a" * 250, Connection("a" * 250 + "b"), True, id="name, 250 characters compared"),
        pytest.param("Name:" + "a" * 249 + "c", Connection("a" * 250), False, id="name, the 250th differs"),
        pytest.param("Name:Corp VPN", Connection("x", "Corp VPN"), False, id="name is no description"),
        pytest.param("Description:Any", Connection("x", "any"), True, id="description, other case"),
        pytest.param(
            "Description:" + "a" * 243, Connection("x", "a" * 243 + "b"), True, id="description, 243 compared"
        ),
        pytest.param("Description:" + "a" * 243, Connection("x", "a" * 242 + "b"), False, id="the 243rd differs"),
    ],
)
def test_vpn__by_kind_name_or_description(value: str, connection: Connection, inside: bool) -> None:  # noqa: FBT001
    assert holds(VPN, value, connections=(connection,)) is inside


@pytest.mark.rule("BD-014")
@pytest.mark.parametrize(("starts_with", "inside"), [(True, True), (False, False)])
def test_vpn__by_the_beginning_only_where_that_was_chosen(starts_with: bool, inside: bool) -> None:  # noqa: FBT001
    index = BoundaryIndex([Boundary("1", VPN, "Name:Corp", starts_with=starts_with)])
    assert bool(index.find(NetworkPlace(connections=(Connection("Corp VPN"),)))) is inside


@pytest.mark.rule("BD-001", "BD-019")
def test_one_location__is_in_boundaries_of_all_kinds_at_once() -> None:
    boundaries = [
        Boundary("vpn", VPN, "Name:tun0"),
        Boundary("range", RANGE, "10.1.0.0-10.1.255.255"),
        Boundary("elsewhere", RANGE, "10.2.0.0-10.2.255.255"),
        Boundary("site", SITE, "Berlin"),
        Boundary("subnet", SUBNET, "10.1.2.0"),
        Boundary("prefix", PREFIX, "2001:db8:1:2"),
        Boundary("narrow", RANGE, "10.1.2.3-10.1.2.3"),
    ]
    place = NetworkPlace(
        addresses=(parse_address("10.1.2.3/24"), parse_address("2001:db8:1:2::5/64")),
        ad_site=AdSiteName("Berlin"),
        connections=(Connection("tun0"),),
    )
    found = BoundaryIndex(boundaries).find(place)
    assert [match.boundary.id for match in found] == ["vpn", "range", "site", "subnet", "prefix", "narrow"]
    assert found[0].evidence == "connection tun0"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (RANGE, "10.0.0.2-10.0.0.1"),
        (RANGE, "10.0.0.1"),
        (RANGE, "10.0.0.1-fe80::1"),
        (RANGE, "10.0.0.1-10.0.0.999"),
        (SUBNET, "10.1.2.0/24"),
        (SUBNET, "fe80::"),
        (SUBNET, ""),
        (PREFIX, "2001:db8::/129"),
        (PREFIX, "2001:db8::1/64"),
        (PREFIX, "10.1.2.0"),
        (PREFIX, ""),
        (SITE, " "),
        (VPN, "Auto:Off"),
        (VPN, "Name:"),
        (VPN, "tun0"),
    ],
)
def test_what_cannot_be_a_boundary__is_refused_with_its_value(kind: BoundaryKind, value: str) -> None:
    with pytest.raises(InvalidValueError):
        check_boundary(Boundary("1", kind, value))
    with pytest.raises(InvalidValueError):
        BoundaryIndex([Boundary("1", kind, value)])
