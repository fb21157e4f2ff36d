"""Boundary data: whatever a file holds is read or told, and what is written reads as the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.endpoints import Access, Audience, Protocols, SiteKind
from cmclient.model.groups import (
    BoundaryGroup,
    FallbackTimes,
    GroupOptions,
    HierarchySite,
    Relationship,
    Role,
    SiteData,
    SiteServer,
)
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.sitedata import SourceFile, build_site_data, parse_site_data, read_site_data
from cmclient.rules.boundaries import check_boundary

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
codes = st.text("ABC123", min_size=3, max_size=3).map(SiteCode)
hosts = st.builds(lambda name: HostName(f"{name}.corp.test"), st.text("abcdefgh", min_size=1, max_size=3))
minutes = st.none() | st.integers(0, 60 * 24 * 365)
times = st.builds(FallbackTimes, dp=minutes, sup=minutes, mp=st.sampled_from([None, 0]))
values = {
    BoundaryKind.IP_SUBNET: st.ip_addresses(v=4).map(str),
    BoundaryKind.AD_SITE: st.sampled_from(["Berlin", "Hamburg", 'a"b', "tab\\"]),
    BoundaryKind.IPV6_PREFIX: st.just("2001:db8:1:2"),
    BoundaryKind.IP_RANGE: st.just("10.1.2.1-10.1.2.9"),
    BoundaryKind.VPN: st.sampled_from(["Auto:On", "Name:Büro", 'Description:"x"']),
}
kinds = st.sampled_from(BoundaryKind).flatmap(lambda kind: st.tuples(st.just(kind), values[kind]))
boundaries = st.builds(
    lambda id_, kind, description, starts: Boundary(id_, *kind, description, starts_with=starts),
    texts, kinds, st.just("") | texts, st.booleans(),
)  # fmt: skip


@st.composite
def groups(draw: st.DrawFn, identifier: str, data: SiteData, others: list[str]) -> BoundaryGroup:
    default_of = draw(st.none() | codes)
    includes = default_of is not None and draw(st.booleans())
    neighbours = draw(st.lists(st.sampled_from(others), unique=True, max_size=3)) if others else []
    flags: dict[str, Any] = {
        "allow_peers": draw(st.booleans()),
        "peers_in_subnet_only": draw(st.booleans()),
        "prefer_dps_over_peers": draw(st.booleans()),
        "prefer_cloud": draw(st.booleans()),
        "include_cloud_mps": includes,
        "prefer_cloud_mps": includes and draw(st.booleans()),
    }
    return BoundaryGroup(
        id=identifier,
        name=draw(st.just(identifier) | texts),
        boundaries=tuple(draw(_some([one.id for one in data.boundaries]))),
        servers=tuple(draw(_some([one.host for one in data.servers]))),
        assigned_site=draw(st.none() | codes),
        relationships=tuple(Relationship(one, draw(times)) for one in neighbours),
        default_of=default_of,
        default_times=draw(times),
        options=GroupOptions(**flags),
    )


def _some(items: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(items), unique=True, max_size=4) if items else st.just([])


@st.composite
def site_data(draw: st.DrawFn) -> SiteData:
    """Data that a file can hold: everything that is referred to is there, and nothing is there twice."""
    roles = st.frozensets(st.sampled_from(Role))
    said = st.none() | st.booleans()
    access = st.builds(Access, st.sampled_from(Protocols), st.sampled_from(Audience), said, said)
    servers = st.builds(SiteServer, hosts, roles, in_maintenance=st.booleans(), site=st.none() | codes, access=access)
    builds = st.none() | st.integers(1, 20_000)
    sites = st.builds(HierarchySite, codes, st.sampled_from(SiteKind), builds, st.none() | codes)
    data = SiteData(
        boundaries=tuple(draw(st.lists(boundaries, unique_by=lambda one: one.id, max_size=4))),
        servers=tuple(draw(st.lists(servers, unique_by=lambda one: one.host, max_size=4))),
        fallback_site=draw(st.none() | codes),
        sites=tuple(draw(st.lists(sites, unique_by=lambda one: one.code, max_size=3))),
        prefers_group_mps=draw(st.booleans()),
    )
    names = draw(st.lists(texts, unique=True, max_size=4))
    made = (draw(groups(name, data, [one for one in names if one != name])) for name in names)
    return data._replace(groups=tuple(made))


@given(site_data())
def test_data__is_the_same_after_writing_and_reading(data: SiteData) -> None:
    assert parse_site_data(build_site_data(data), name="data.toml", check=check_boundary) == data


WORDS = [
    "#TYPE ", "SMS_Boundary", "BoundaryID", "BoundaryType", "Value", "GroupID", "Name", "SourceGroupID", "RoleName",
    "DestinationGroupID", "ServerNALPath", ",", ";", "\t", "\n", '"', "'", "{", "}", "[", "]", ":", "=", "1", "3", "-1",
    "10.1.2.0", "10.1.2.0/24", "10.1.2.1-10.1.2.9", '{"value": [', "dn: CN=x\n", "objectClass: mSSMSSite\n",
    "mSSMSSiteCode: P01\n", "mSSMSRoamingBoundaries:", "[[boundaries]]\n", "[[boundary_groups]]\n", "name = ", "\\\\",
    "\ufeff", "é", "\x00", "null", "true",
]  # fmt: skip
files = st.binary(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=40).map(
    lambda words: "".join(words).encode()
)


@pytest.mark.parametrize("name", ["x.toml", "x.json", "x.csv", "x.ldif", "x", "boundary-group-members"])
@given(data=files)
def test_any_file__is_read_or_told(name: str, data: bytes) -> None:
    read = read_site_data([SourceFile(name, data)], check=check_boundary)
    assert all(len(str(fault)) < 2000 and fault.problem for fault in read.faults)
    assert parse_site_data(build_site_data(read.data), name="again.toml", check=check_boundary) == read.data
