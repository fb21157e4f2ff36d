"""Boundary data as a person writes it: TOML, in the words of the lab's description, of which it is a part."""

import tomllib
from collections.abc import Iterator

from ..errors import ConfigError, InvalidValueError
from ..model.boundary import Boundary, BoundaryKind
from ..model.groups import BoundaryGroup, FallbackTimes, GroupOptions, Relationship, Role, SiteData, SiteServer
from ..model.names import HostName, SiteCode
from .tables import Table

__all__ = ["parse_site_data"]

_KINDS = {kind.value: kind for kind in BoundaryKind} | {"subnet": BoundaryKind.IP_SUBNET}
_ROLE_TABLES = {"management_points": Role.MANAGEMENT_POINT, "distribution_points": Role.DISTRIBUTION_POINT}
_MOST_MINUTES = 60 * 24 * 365  # a year; the product's own limit is not documented


def parse_site_data(data: bytes, *, name: str) -> SiteData:
    """Read boundaries, boundary groups and the servers that they reference.

    Tables: ``[[boundaries]]`` (name, type, value, starts_with, description), ``[[boundary_groups]]`` (name,
    boundaries, servers, assigned_site, default_of, ``neighbours`` with group, dp, sup and never, the options), and
    ``[[servers]]`` (host, roles, maintenance). ``[[management_points]]`` and ``[[distribution_points]]`` of a lab
    count as servers. Other tables of a lab are passed over.

    Args:
        data: The file.
        name: What to call it in messages.

    Raises:
        ConfigError: It cannot be read, or something in it is wrong; everything that is wrong is in it.
    """
    try:
        values = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ConfigError((f"{name} is no TOML: {error}",)) from error
    notes: list[str] = []
    root = Table(values, "", notes)
    boundaries = tuple(_boundary(table) for table in root.tables("boundaries"))
    ids = [boundary.id for boundary in boundaries]
    groups = tuple(_groups(root, ids))
    read = SiteData(
        boundaries=boundaries,
        groups=groups,
        servers=tuple(_servers(root)),
        fallback_site=root.text("fallback_site", _site, None),
    )
    _note_repeats(root, "boundaries", ids)
    _note_repeats(root, "boundary_groups", [group.id for group in groups])
    if notes:
        raise ConfigError(tuple(f"{name}: {note}" for note in notes), hint="mend the file; nothing of it was used")
    return read


def _site(text: str) -> SiteCode | None:
    return SiteCode(text)


def _kind(text: str) -> BoundaryKind:
    if text not in _KINDS:
        raise InvalidValueError("kind of boundary", text, f"it is one of {', '.join(_KINDS)}")
    return _KINDS[text]


def _boundary(table: Table) -> Boundary:
    boundary = Boundary(
        id=table.text("name", str, "", required=True),
        kind=table.text("type", _kind, BoundaryKind.IP_RANGE, required=True),
        value=table.text("value", str, "", required=True),
        description=table.text("description", str, ""),
        starts_with=table.flag("starts_with", fallback=False),
    )
    table.end()
    return boundary


def _groups(root: Table, boundaries: list[str]) -> Iterator[BoundaryGroup]:
    names = [table.text("name", str, "") for table in root.tables("boundary_groups")]
    for table in root.tables("boundary_groups"):
        name = table.text("name", str, "", required=True)
        group = BoundaryGroup(
            id=name,
            name=name,
            boundaries=table.texts("boundaries", str),
            servers=table.texts("servers", HostName),
            assigned_site=table.text("assigned_site", _site, None),
            relationships=tuple(_relationship(one, names) for one in table.tables("neighbours")),
            default_of=table.text("default_of", _site, None),
            default_times=_times(table),
            options=GroupOptions(
                allow_peers=table.flag("allow_peers", fallback=True),
                peers_in_subnet_only=table.flag("peers_in_subnet_only", fallback=False),
                prefer_dps_over_peers=table.flag("prefer_dps_over_peers", fallback=False),
                prefer_cloud=table.flag("prefer_cloud", fallback=False),
            ),
        )
        table.refer("boundaries", group.boundaries, boundaries, "boundary")
        table.end()
        yield group


def _relationship(table: Table, names: list[str]) -> Relationship:
    neighbour = table.text("group", str, "", required=True)
    table.refer("group", [neighbour] if neighbour else [], names, "boundary group")
    relationship = Relationship(neighbour, _times(table))
    table.end()
    return relationship


def _times(table: Table) -> FallbackTimes:
    """Minutes by role; a role that stands in ``never`` (or the lab's ``never_fallback``) is never fallen back to."""
    never = {*table.texts("never", str), *table.texts("never_fallback", str)}
    table.refer("never", never, FallbackTimes._fields, "role")
    usual = FallbackTimes()
    return FallbackTimes(
        dp=None if "dp" in never else table.minutes("dp", usual.dp or 0, _MOST_MINUTES),
        sup=None if "sup" in never else table.minutes("sup", usual.sup or 0, _MOST_MINUTES),
        mp=None if "mp" in never else usual.mp,
    )


def _servers(root: Table) -> Iterator[SiteServer]:
    roles: dict[HostName, set[Role]] = {}
    resting: set[HostName] = set()
    for key, role in _ROLE_TABLES.items():
        for table in root.tables(key):
            roles.setdefault(table.text("host", HostName, HostName("x")), set()).add(role)
    for table in root.tables("servers"):
        host = table.text("host", HostName, HostName("x"), required=True)
        roles.setdefault(host, set()).update(table.texts("roles", _role))
        if table.flag("maintenance", fallback=False):
            resting.add(host)
        table.end()
    for host, held in roles.items():
        yield SiteServer(host, frozenset(held), in_maintenance=host in resting)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        known = ", ".join(role.value for role in Role)
        raise InvalidValueError("role", text, f"it is one of {known}") from error


def _note_repeats(root: Table, key: str, ids: list[str]) -> None:
    for repeated in sorted({one for one in ids if one and ids.count(one) > 1}):
        root.note(key, f"has the name {repeated!r} more than once")
