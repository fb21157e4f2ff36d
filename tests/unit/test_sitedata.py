"""Boundary data as TOML: what is read, and that everything wrong in it is told at once with its place."""

import pytest

from cmclient.errors import ConfigError
from cmclient.lab import built_in_text
from cmclient.model.boundary import Boundary, BoundaryKind, NetworkPlace
from cmclient.model.endpoints import SiteKind
from cmclient.model.facts import parse_address
from cmclient.model.groups import FallbackTimes, GroupOptions, HierarchySite, Relationship, Role
from cmclient.model.names import AdSiteName, HostName, SiteCode
from cmclient.protocol.sitedata import SiteDataRead, SourceFile, build_site_data, parse_site_data, read_site_data
from cmclient.rules.boundaries import BoundaryIndex, check_boundary

WHOLE = b"""
fallback_site = "XYZ"

[[boundaries]]
name = "desks"
type = "ip-range"
value = "10.1.2.1-10.1.2.9"
description = "first floor"

[[boundaries]]
name = "vpn"
type = "vpn"
value = "Name:Corp"
starts_with = true

[[boundary_groups]]
name = "A"
boundaries = ["desks", "vpn"]
servers = ["dp1.corp.test"]
assigned_site = "P01"
prefer_cloud = true

  [[boundary_groups.neighbours]]
  group = "B"
  dp = 10
  never = ["sup"]

[[boundary_groups]]
name = "B"
default_of = "P01"
dp = 60

[[servers]]
host = "dp1.corp.test"
roles = ["dp", "mp"]
maintenance = true
site = "P01"

[hierarchy]
preferred_mps = true

[[sites]]
code = "P01"
kind = "primary"
build = 9141

[[sites]]
code = "S01"
kind = "secondary"
parent = "P01"
forest = "corp.test"        # of a lab
"""


def faults(text: bytes) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_site_data(text, name="data.toml")
    return caught.value.faults


def read(*texts: str) -> SiteDataRead:
    """Read TOML files called 0.toml, 1.toml and so on."""
    files = [SourceFile(f"{number}.toml", text.encode()) for number, text in enumerate(texts)]
    return read_site_data(files, check=check_boundary)


def boundary(value: str, kind: str = "ip-subnet", name: str = "a") -> str:
    return f'[[boundaries]]\nname = "{name}"\ntype = "{kind}"\nvalue = "{value}"\n'


def test_everything__is_read() -> None:
    data = parse_site_data(WHOLE, name="data.toml")
    assert data.fallback_site == "XYZ"
    assert data.boundaries[1] == Boundary("vpn", BoundaryKind.VPN, "Name:Corp", starts_with=True)
    first, second = data.groups
    assert (first.boundaries, first.assigned_site, first.options.prefer_cloud) == (("desks", "vpn"), "P01", True)
    assert first.relationships == (Relationship("B", FallbackTimes(dp=10, sup=None)),)
    assert (second.default_of, second.default_times) == ("P01", FallbackTimes(dp=60))
    (server,) = data.servers
    assert (server.roles, server.in_maintenance) == ({Role.DISTRIBUTION_POINT, Role.MANAGEMENT_POINT}, True)
    assert server.site == "P01"
    assert data.prefers_group_mps
    assert data.sites == (
        HierarchySite(SiteCode("P01"), SiteKind.PRIMARY, build=9141),
        HierarchySite(SiteCode("S01"), SiteKind.SECONDARY, parent=SiteCode("P01")),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[boundaries]]\nname = "a"\ntype = "ip-rang"\nvalue = "x"', "boundaries[0], type: is wrong"),
        ('[[boundaries]]\nname = "a"\ntype = "ip-range"', "boundaries[0], value: is missing"),
        ('[[boundaries]]\nname = "a"\ntype = "vpn"\nvalue = "Auto:On"\nnmae = 1', "boundaries[0], nmae: is not known"),
        ('[[boundary_groups]]\nname = "A"\nboundaries = ["gone"]', "unknown boundary 'gone'"),
        ('[[boundary_groups]]\nname = "A"\n[[boundary_groups.neighbours]]\ngroup = "B"', "unknown boundary group 'B'"),
        (
            '[[boundary_groups]]\nname = "A"\n[[boundary_groups]]\nname = "A"',
            "boundary_groups[1]: is the second boundary group 'A'",
        ),
        (
            '[[boundaries]]\nid = "1"\nname = "a"\ntype = "vpn"\nvalue = "Auto:On"\n' * 2,
            "boundaries[1]: is the second boundary '1'",
        ),
        (
            '[[boundary_groups]]\nname = "A"\n[[boundary_groups.neighbours]]\ngroup = "A"',
            "boundary_groups[0].neighbours[0], group: boundary group 'A' is its own neighbour",
        ),
        ('[[sites]]\ncode = "P01"\n[[sites]]\ncode = "p01"', "sites[1]: is the second site P01"),
        ('[[sites]]\nkind = "primary"', "sites[0], code: is missing"),
        ('[[management_points]]\nsite = "P01"', "management_points[0], host: is missing"),
        ('[[boundary_group]]\nname = "A"', "boundary_group: is not known here; did you mean 'boundary_groups'?"),
        ('[[boundary_groups]]\nname = "A"\nassigned_site = "TOOLONG"', "boundary_groups[0], assigned_site: is wrong"),
        ('[[boundary_groups]]\nname = "A"\ndp = -1', "not a number of minutes"),
        ('[[boundary_groups]]\nname = "A"\nnever = ["smp"]', "unknown role 'smp'"),
        ('[[servers]]\nhost = "a b"\nroles = ["dp"]', "servers[0], host: is wrong"),
        ('[[servers]]\nhost = "a"\nroles = ["dpp"]', "servers[0], roles: is wrong"),
        ("boundaries = 5", "not an array of tables"),
        ("a = ", "is no TOML"),
    ],
)
def test_what_is_wrong__is_told_with_its_place(text: str, told: str) -> None:
    assert any(told in fault and fault.startswith("data.toml") for fault in faults(text.encode()))


def test_several_faults__are_told_together() -> None:
    assert len(faults(b'[[servers]]\nhost = "a b"\n[[boundary_groups]]\nname = "A"\nboundaries = ["gone"]')) == 2


def test_description_of_the_lab__is_boundary_data_too() -> None:
    data = parse_site_data(built_in_text().encode(), name="lab")
    assert len(data.groups) == 3
    assert data.groups[-1].default_of == "P01"
    roles = {server.host: (server.roles, server.site) for server in data.servers}
    assert roles[HostName("mp-s01.corp.contoso.test")] == ({Role.MANAGEMENT_POINT}, "S01")
    assert [site.code for site in data.sites] == ["P01", "S01"]


def test_options__default_as_in_the_product() -> None:
    (group,) = parse_site_data(b'[[boundary_groups]]\nname = "A"', name="data.toml").groups
    assert group.options == GroupOptions(
        allow_peers=True, peers_in_subnet_only=False, prefer_dps_over_peers=False, prefer_cloud=False
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[boundary_groups]]\nassigned_site = 'ABC'", "boundary_groups[0], name: is missing"),
        ("[[boundaries]]\nname = 'a'\nvalue = '10.0.0.1-10.0.0.2'", "boundaries[0], type: is missing"),
        ("[[boundaries]]\ntype = 'vpn'\nvalue = 'Auto:On'", "boundaries[0], name: is missing"),
    ],
)
def test_what_is_needed__is_told_when_it_is_missing(text: str, told: str) -> None:
    assert any(told in fault for fault in faults(text.encode()))


def test_id__is_what_others_refer_to_and_the_name_is_for_people() -> None:
    data = parse_site_data(
        b"""
        boundaries = [{ id = "7", name = "desks", type = "ip-subnet", value = "10.1.2.0" }]
        boundary_groups = [{ id = "3", name = "A", boundaries = ["7"] }]
        """,
        name="data.toml",
    )
    assert data.boundaries == (Boundary("7", BoundaryKind.IP_SUBNET, "10.1.2.0", "desks"),)
    assert [(group.id, group.name, group.boundaries) for group in data.groups] == [("3", "A", ("7",))]


@pytest.mark.rule("BD-002")
@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ("10.1.2.0", "10.1.2.0"),
        ("10.1.2.0/24", "10.1.2.0"),
        ("10.1.2.0/255.255.255.0", "10.1.2.0"),
        ("10.1.0.0/16", "10.1.0.0"),
        ("10.1.2.5", "10.1.2.5"),  # whether it is the id of any network cannot be told without a mask
    ],
)
def test_subnet__is_kept_as_its_id(entered: str, kept: str) -> None:
    found = read(boundary(entered))
    assert [one.value for one in found.data.boundaries] == [kept]
    assert bool(found.notes) is (entered != kept)
    assert not found.faults


@pytest.mark.rule("BD-002")
@pytest.mark.parametrize(
    ("entered", "told"),
    [
        ("10.1.2.5/24", "the network id is 10.1.2.0"),
        ("10.1.2.0/33", "it is an IPv4 network"),
        ("2001:db8::/64", "it is an IPv4 network"),
        ("2001:db8::", "it is a network id alone"),
    ],
)
def test_subnet__that_is_no_network_is_a_fault(entered: str, told: str) -> None:
    found = read(boundary(entered))
    (fault,) = found.faults
    assert (fault.row, fault.field, fault.left_out) == ("boundaries[0]", "value", "boundary 'a'")
    assert told in fault.problem
    assert not found.data.boundaries


@pytest.mark.rule("BD-005")
def test_ad_site__holds_whom_ad_puts_into_it_without_a_change_in_the_data() -> None:
    texts = (boundary("Berlin", "ad-site", "b"), boundary("Hamburg", "ad-site", "h"))
    index = BoundaryIndex(read(*texts).data.boundaries)

    def held(ad_site: str | None) -> list[str]:
        place = NetworkPlace((parse_address("10.1.2.3/24"),), AdSiteName(ad_site) if ad_site else None)
        return [match.boundary.id for match in index.find(place)]

    assert (held("Berlin"), held("Hamburg"), held(None)) == (["b"], ["h"], []), "one machine, moved from site to site"


def test_ad_site__padded_or_in_another_case_is_the_same_and_noted() -> None:
    found = read(boundary("Berlin", "ad-site") + boundary(" bErlin ", "ad-site", "b"))
    assert [one.value for one in found.data.boundaries] == ["Berlin", "Berlin"]
    assert found.notes == ("0.toml: boundaries[1], value: ' bErlin ' is read as 'Berlin'",)


@pytest.mark.rule("ML-028")
@pytest.mark.parametrize(
    ("options", "read_as", "faulty"),
    [
        ("include_cloud_mps = true", (True, False), ""),
        ("include_cloud_mps = true\nprefer_cloud_mps = true", (True, True), ""),
        ("include_cloud_mps = false\nprefer_cloud_mps = true", (False, False), "prefer_cloud_mps"),
        ("prefer_cloud_mps = true", (False, False), "prefer_cloud_mps"),
    ],
)
def test_cloud_gateways__are_preferred_only_when_they_are_included(
    options: str, read_as: tuple[bool, bool], faulty: str
) -> None:
    found = read(f'[[boundary_groups]]\nname = "D"\ndefault_of = "P01"\n{options}')
    assert found.data.groups[0].options[-2:] == read_as
    assert [fault.field for fault in found.faults] == ([faulty] if faulty else [])


@pytest.mark.rule("ML-028")
def test_cloud_gateways__are_included_by_default_groups_only() -> None:
    found = read('[[boundary_groups]]\nname = "A"\ninclude_cloud_mps = true')
    assert [fault.field for fault in found.faults] == ["include_cloud_mps"]
    assert found.data.groups[0].options == GroupOptions()


def test_several_files__are_one_hierarchy_and_refer_to_each_other() -> None:
    group = '[[boundary_groups]]\nname = "A"\nboundaries = ["a"]\nservers = ["dp1.corp.test"]'
    found = read(group, boundary("10.1.2.0"), '[[servers]]\nhost = "dp1.corp.test"\nroles = ["dp"]')
    assert found.data.groups[0].boundaries == ("a",)
    assert found.data.servers[0].roles == {Role.DISTRIBUTION_POINT}
    assert not found.faults
    assert not found.notes


def test_files_that_contradict_each_other__are_told() -> None:
    found = read('fallback_site = "P01"', 'fallback_site = "P02"', 'fallback_site = "P01"')
    assert [(fault.file, fault.field) for fault in found.faults] == [("1.toml", "fallback_site")]
    assert found.data.fallback_site == "P01"


def test_server_that_nobody_describes__is_kept_without_roles_and_noted() -> None:
    found = read('[[boundary_groups]]\nname = "A"\nservers = ["dp1.corp.test"]')
    assert [(server.host, server.roles) for server in found.data.servers] == [("dp1.corp.test", frozenset())]
    (note,) = found.notes
    assert note == "0.toml: boundary_groups[0], servers: the roles of dp1.corp.test are not known, so it serves nobody"


def test_what_is_wrong__goes_and_the_rest_stays() -> None:
    found = read(
        boundary("10.1.2.9-10.1.2.1", "ip-range") + boundary("10.1.2.0", name="b"),
        """
        [[boundary_groups]]
        name = "A"
        boundaries = ["a", "b"]
        servers = ["a b", "dp1.corp.test"]
        assigned_site = "TOOLONG"

          [[boundary_groups.neighbours]]
          group = "B"
          dp = -1

        [[boundary_groups]]
        name = "B"

        [[servers]]
        host = "dp1.corp.test"
        roles = ["dp", "dpp"]
        """,
    )
    first = found.data.groups[0]
    assert (first.boundaries, first.servers, first.assigned_site, first.relationships) == (
        ("b",), ("dp1.corp.test",), None, ()
    )  # fmt: skip
    assert [fault.left_out for fault in found.faults] == [
        "boundary 'a'",
        "assigned_site of boundary group 'A'",
        "server 'a b' in boundary group 'A'",
        "the relationship of boundary group 'A' to 'B'",
        "server 'dp1.corp.test'",
    ]
    assert found.notes[0] == (
        "1.toml: boundary_groups[0], boundaries: boundary 'a' in boundary group 'A' is left out, as boundary 'a' is"
    )


def test_faults__are_listed_no_further_than_anybody_reads() -> None:
    found = read("".join(boundary("x", name=str(number)) for number in range(10_010)))
    assert len(found.faults) == 10_001
    assert str(found.faults[-1]) == "the data: has 10 more faults, which are not listed"


@pytest.mark.parametrize(
    "text", ['[[boundaries]]\nname = "' + "x" * 1_000_000 + '"', "never = '" + "x" * 1_000_000 + "'"]
)
def test_long_texts__do_not_make_long_messages(text: str) -> None:
    assert all(len(str(fault)) < 1000 for fault in read(text).faults)


def test_written_data__reads_as_the_same_and_says_little() -> None:
    data = parse_site_data(WHOLE, name="data.toml")
    assert parse_site_data(build_site_data(data), name="again") == data
    assert build_site_data(parse_site_data(b"", name="empty")).count(b"\n") == 1
