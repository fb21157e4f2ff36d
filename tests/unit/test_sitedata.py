"""Boundary data as TOML: what is read, and that everything wrong in it is told at once with its place."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import ConfigError
from cmclient.lab import built_in_text
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.groups import FallbackTimes, GroupOptions, Relationship, Role
from cmclient.protocol.sitedata import parse_site_data

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
"""


def faults(text: bytes) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_site_data(text, name="data.toml")
    return caught.value.faults


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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[boundaries]]\nname = "a"\ntype = "ip-rang"\nvalue = "x"', "boundaries[0].type"),
        ('[[boundaries]]\nname = "a"\ntype = "ip-range"', "boundaries[0].value is missing"),
        ('[[boundaries]]\nname = "a"\ntype = "vpn"\nvalue = "Auto:On"\nnmae = 1', "boundaries[0].nmae is not known"),
        ('[[boundary_groups]]\nname = "A"\nboundaries = ["gone"]', "unknown boundary 'gone'"),
        ('[[boundary_groups]]\nname = "A"\n[[boundary_groups.neighbours]]\ngroup = "B"', "unknown boundary group 'B'"),
        ('[[boundary_groups]]\nname = "A"\n[[boundary_groups]]\nname = "A"', "'A' more than once"),
        ('[[boundary_groups]]\nname = "A"\nassigned_site = "TOOLONG"', "boundary_groups[0].assigned_site"),
        ('[[boundary_groups]]\nname = "A"\ndp = -1', "not a number of minutes"),
        ('[[boundary_groups]]\nname = "A"\nnever = ["smp"]', "unknown role 'smp'"),
        ('[[servers]]\nhost = "a b"\nroles = ["dp"]', "servers[0].host"),
        ('[[servers]]\nhost = "a"\nroles = ["dpp"]', "servers[0].roles"),
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


@given(st.binary(max_size=200))
def test_any_bytes__are_data_or_an_error_of_ours(data: bytes) -> None:
    with contextlib.suppress(ConfigError):
        parse_site_data(data, name="data.toml")


def test_options__default_as_in_the_product() -> None:
    (group,) = parse_site_data(b'[[boundary_groups]]\nname = "A"', name="data.toml").groups
    assert group.options == GroupOptions(
        allow_peers=True, peers_in_subnet_only=False, prefer_dps_over_peers=False, prefer_cloud=False
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[boundary_groups]]\nassigned_site = 'ABC'", "boundary_groups[0].name is missing"),
        ("[[boundaries]]\nname = 'a'\nvalue = '10.0.0.1-10.0.0.2'", "boundaries[0].type is missing"),
        ("[[boundaries]]\ntype = 'vpn'\nvalue = 'Auto:On'", "boundaries[0].name is missing"),
    ],
)
def test_what_is_needed__is_told_when_it_is_missing(text: str, told: str) -> None:
    assert any(told in fault for fault in faults(text.encode()))
