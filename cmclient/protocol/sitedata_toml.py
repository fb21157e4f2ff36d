"""Boundary data as a person writes it: TOML, in the words of the lab's description, which is boundary data as well."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Self

from ..errors import InvalidValueError
from ..model.boundary import Boundary, BoundaryKind
from ..model.endpoints import Access, Audience, Protocols, SiteKind
from ..model.groups import (
    BoundaryGroup,
    FallbackTimes,
    GroupOptions,
    HierarchySite,
    Relationship,
    Role,
    SiteData,
    SiteServer,
)
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from .sitedata_records import MOST_MINUTES, MOST_ROWS, Link, Member, Place, Records, Reference, checked_text, quoted
from .tables import Table

__all__ = ["build_site_data", "read_toml"]

_KINDS = {kind.value: kind for kind in BoundaryKind} | {"subnet": BoundaryKind.IP_SUBNET}
_ROLE_TABLES = {
    "management_points": Role.MANAGEMENT_POINT,
    "distribution_points": Role.DISTRIBUTION_POINT,
    "software_update_points": Role.SOFTWARE_UPDATE_POINT,
    "state_migration_points": Role.STATE_MIGRATION_POINT,
}
_ROOT = ("fallback_site", "hierarchy", "sites", "boundaries", "boundary_groups", "servers", *_ROLE_TABLES)
_SIMILAR = 0.85  # how like one of our words an unknown one must be to be a slip of the pen and no table of a lab
_MOST_LINES = 5 * MOST_ROWS  # and tables: hundreds of megabytes of memory and minutes of work before the first fault
_MOST_SHOWN = 300  # characters of a key or a problem
_NO_HOST = HostName("none.invalid")  # stands in for what could not be read; never kept
_NO_SITE = SiteCode("000")
_OPTIONS = GroupOptions()
_TIMES = FallbackTimes()


def read_toml(text: str, name: str, records: Records) -> None:
    """Read a file.

    Tables: ``[[boundaries]]`` (name, id, type, value, starts_with, description), ``[[boundary_groups]]`` (name, id,
    boundaries, servers, assigned_site, default_of, dp, sup, never, ``neighbours`` with group, dp, sup and never, and
    the options), ``[[servers]]`` (host, roles, maintenance, site), ``[[sites]]`` (code, kind, parent, build),
    ``[hierarchy]`` (preferred_mps), and ``fallback_site``. An ``id`` that is not given is the name. A lab's tables of
    servers count as servers; what else a lab has is passed over.
    """
    if text.count("[[") > MOST_ROWS or text.count("\n") > _MOST_LINES:
        problem = f"has more than {MOST_ROWS} tables or {_MOST_LINES} lines; give it in several files"
        records.fault(Place(name, ""), "", problem, "the whole file")
        return
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also what is wrong with a date or a huge number
        records.fault(Place(name, ""), "", f"is no TOML: {str(error)[:200]}", "the whole file")
        return
    root = _DataTable(values, "", name, records)
    for table in root.tables("boundaries"):
        _read_boundary(table, records)
    for table in root.tables("boundary_groups"):
        _read_group(table, records)
    _read_servers(root, records)
    for table in root.tables("sites"):
        table.call("site", "code")
        _read_site(table, records)
    fallback_site = root.site("fallback_site")
    if records.fallback_site is not None and fallback_site not in {None, records.fallback_site}:
        root.note("fallback_site", f"is {fallback_site}, and another file says {records.fallback_site}")
    records.fallback_site = records.fallback_site or fallback_site
    hierarchy = root.table("hierarchy")
    if hierarchy is not None and hierarchy.flag("preferred_mps", fallback=False):
        records.prefers_group_mps = True
    for key in values:
        close = () if key in _ROOT else get_close_matches(key[:64], _ROOT, n=1, cutoff=_SIMILAR)
        if close:
            root.note(key[:64], f"is not known here; did you mean {close[0]!r}?")


class _DataTable(Table):
    """A table whose faults are those of boundary data.

    Attributes:
        what: What the table describes, for messages.
        is_whole: Nothing of it is used when something in it is wrong.
    """

    def __init__(self, values: Mapping[str, Any], where: str, file: str, records: Records) -> None:
        super().__init__(values, where, [])
        self.place = Place(file, where)
        self.what = ""
        self.is_whole = False
        self.is_faulty = False
        self._file = file
        self._records = records

    def call(self, kind: str, *keys: str, is_whole: bool = False) -> None:
        """Say what the table describes: something of a kind, with the name that one of the keys gives it."""
        name = next((value for key in keys if isinstance(value := self._values.get(key), str)), None)
        self.what, self.is_whole = f"this {kind}" if name is None else f"{kind} {quoted(name)}", is_whole

    def note(self, key: str, problem: str) -> None:
        """Keep a fault."""
        self.is_faulty = True
        key, problem = key[:_MOST_SHOWN], problem[:_MOST_SHOWN]
        of = f" of {self.what}" if self.what else ""
        self._records.fault(self.place, key, problem, self.what if self.is_whole else f"{key}{of}")

    def site(self, key: str, *, required: bool = False) -> SiteCode | None:
        """Read a site code, however it is written."""
        text = self._value(key, str, "text", required=required)
        site = None if text is None else self._made(key, SiteCode, text.strip()[:_MOST_SHOWN], None)
        if site is not None and site != text:
            self._records.note(self.place, key, f"{quoted(text)} is read as {quoted(site)}")
        return site

    def _below(self, values: Mapping[str, Any], where: str) -> Self:
        return type(self)(values, where, self._file, self._records)


def _read_boundary(table: _DataTable, records: Records) -> None:
    table.call("boundary", "id", "name", is_whole=True)
    name = table.text("name", checked_text, "")
    boundary = Boundary(
        id=table.text("id", checked_text, name),
        kind=table.text("type", _kind, BoundaryKind.IP_RANGE, required=True),
        value=table.text("value", checked_text, "", required=True),
        description=table.text("description", checked_text, ""),
        starts_with=table.flag("starts_with", fallback=False),
    )
    if boundary.id != name and not boundary.description:
        boundary = boundary._replace(description=name)
    if not boundary.id:
        table.note("name", "is missing")
    table.end()
    if table.is_faulty:
        records.lose("boundary", boundary.id)
    else:
        records.add_boundary(table.place, "value", boundary)


def _read_group(table: _DataTable, records: Records) -> None:
    table.call("boundary group", "id", "name")
    name = table.text("name", checked_text, "")
    group_id = table.text("id", checked_text, name)
    group = BoundaryGroup(
        id=group_id,
        name=name or group_id,
        assigned_site=table.site("assigned_site"),
        default_of=table.site("default_of"),
        default_times=_times(table),
        options=_options(table),
    )
    boundaries, hosts = table.texts("boundaries", str), tuple(_hosts(table, records))
    neighbours = [_relationship(one, group_id) for one in table.tables("neighbours")]
    table.end()
    if not group_id:
        table.is_whole = True
        table.note("name", "is missing")
        return
    if records.add_group(table.place, group):
        records.members += [Member(table.place, "boundaries", group_id, one) for one in boundaries]
        records.references += [Reference(table.place, "servers", group_id, host) for host in hosts]
        records.links += [Link(where, "group", group_id, one) for where, one in filter(None, neighbours)]


def _hosts(table: _DataTable, records: Records) -> Iterator[HostName]:
    for text in table.texts("servers", str):
        try:
            yield HostName(text)
        except InvalidValueError as error:
            records.fault(table.place, "servers", error.message, f"server {quoted(text)} in {table.what}")


def _relationship(table: _DataTable, group_id: str) -> tuple[Place, Relationship] | None:
    neighbour = table.text("group", checked_text, "", required=True)
    table.what, table.is_whole = f"the relationship of boundary group {quoted(group_id)} to {quoted(neighbour)}", True
    relationship = Relationship(neighbour, _times(table))
    if neighbour and neighbour == group_id:
        table.note("group", f"boundary group {quoted(group_id)} is its own neighbour")
    table.end()
    return None if table.is_faulty else (table.place, relationship)


def _times(table: _DataTable) -> FallbackTimes:
    """Minutes by role; a role that stands in ``never`` (or the lab's ``never_fallback``) is never fallen back to."""
    never = {*table.texts("never", str), *table.texts("never_fallback", str)}
    table.refer("never", never, FallbackTimes._fields, "role")
    return FallbackTimes(
        dp=None if "dp" in never else table.minutes("dp", _TIMES.dp or 0, MOST_MINUTES),
        sup=None if "sup" in never else table.minutes("sup", _TIMES.sup or 0, MOST_MINUTES),
        mp=None if "mp" in never else _TIMES.mp,
    )


@decides("ML-028")
def _options(table: _DataTable) -> GroupOptions:
    """Options; only a default group lets gateways into the MP list, and only then can they be preferred."""
    options = GroupOptions(*(table.flag(key, fallback=usual) for key, usual in _OPTIONS._asdict().items()))
    if options.include_cloud_mps and not table.has("default_of"):
        table.note("include_cloud_mps", "is an option of default groups (those with default_of) only")
        options = options._replace(include_cloud_mps=False)
    if options.prefer_cloud_mps and not options.include_cloud_mps:
        table.note("prefer_cloud_mps", "is accepted together with include_cloud_mps only")
        options = options._replace(prefer_cloud_mps=False)
    return options


def _read_servers(root: _DataTable, records: Records) -> None:
    for key, role in _ROLE_TABLES.items():
        for table in root.tables(key):
            table.call("server", "host")
            _read_server(table, records, frozenset({role}))
    for table in root.tables("servers"):
        table.call("server", "host", is_whole=True)
        roles = frozenset(table.texts("roles", _role))
        _read_server(table, records, roles, in_maintenance=table.flag("maintenance", fallback=False))


def _read_server(table: _DataTable, records: Records, roles: frozenset[Role], *, in_maintenance: bool = False) -> None:
    host = table.text("host", HostName, _NO_HOST, required=True)
    site = table.site("site")
    access = _access(table)
    if table.is_whole:  # a table of ours; a lab's have keys of their own
        table.end()
    if host != _NO_HOST and not (table.is_whole and table.is_faulty):
        records.servers.append(SiteServer(host, roles, in_maintenance=in_maintenance, site=site, access=access))


def _access(table: _DataTable) -> Access:
    """Whom a server lets in; a key that is not there says nothing."""
    lags = table.has("replica_lag") and table.number("replica_lag", 0) > 0  # the lab's word for it
    return Access(
        protocols=table.choice("protocols", Protocols, Protocols.UNKNOWN),
        audience=table.choice("audience", Audience, Audience.UNKNOWN),
        devices=table.flag("devices", fallback=False) if table.has("devices") else None,
        replica=table.flag("replica", fallback=False) if table.has("replica") else lags or None,
    )


def _read_site(table: _DataTable, records: Records) -> None:
    site = HierarchySite(
        code=table.site("code", required=True) or _NO_SITE,
        kind=table.choice("kind", SiteKind, SiteKind.UNKNOWN),
        build=table.number("build", 0) or None,
        parent=table.site("parent"),
    )
    if site.code != _NO_SITE:
        records.add_site(table.place, site)


def _kind(text: str) -> BoundaryKind:
    if text not in _KINDS:
        raise InvalidValueError("kind of boundary", text, f"it is one of {', '.join(_KINDS)}")
    return _KINDS[text]


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        known = ", ".join(role.value for role in Role)
        raise InvalidValueError("role", text, f"it is one of {known}") from error


# Writing


def build_site_data(data: SiteData) -> bytes:
    """Write boundary data as TOML that reads as the same value.

    Args:
        data: Whose groups refer to boundaries and groups that it has.
    """
    return "\n".join(_lines(data)).encode()


def _lines(data: SiteData) -> Iterator[str]:
    yield "# Boundary data of a hierarchy, written by cmclient."
    if data.fallback_site is not None:
        yield f"fallback_site = {_quoted(data.fallback_site)}"
    if data.prefers_group_mps:
        yield from ("", "[hierarchy]", "preferred_mps = true")
    for site in data.sites:
        kind = None if site.kind is SiteKind.UNKNOWN else site.kind.value
        yield from _table("sites", {"code": site.code, "kind": kind, "parent": site.parent, "build": site.build})
    for server in data.servers:
        roles = tuple(sorted(role.value for role in server.roles))
        maintenance = server.in_maintenance or None
        server_values = {"host": server.host, "roles": roles, "maintenance": maintenance, "site": server.site}
        yield from _table("servers", server_values | _access_of(server.access))
    for boundary in data.boundaries:
        values = {"name": boundary.id, "type": boundary.kind.value, "value": boundary.value}
        rest = {"description": boundary.description or None, "starts_with": boundary.starts_with or None}
        yield from _table("boundaries", values | rest)
    for group in data.groups:
        yield from _group_lines(group)
    yield ""


def _access_of(access: Access) -> dict[str, Any]:
    """What somebody said of it."""
    protocols = None if access.protocols is Protocols.UNKNOWN else access.protocols.value
    audience = None if access.audience is Audience.UNKNOWN else access.audience.value
    return {"protocols": protocols, "audience": audience, "devices": access.devices, "replica": access.replica}


def _group_lines(group: BoundaryGroup) -> Iterator[str]:
    options = {key: value for key, value in group.options._asdict().items() if value is not getattr(_OPTIONS, key)}
    values: dict[str, Any] = {
        "id": None if group.id == group.name else group.id,
        "name": group.name,
        "default_of": group.default_of,
        "assigned_site": group.assigned_site,
        "boundaries": group.boundaries or None,
        "servers": group.servers or None,
    }
    yield from _table("boundary_groups", values | _times_of(group.default_times) | options)
    for one in group.relationships:
        yield from _table("boundary_groups.neighbours", {"group": one.neighbour} | _times_of(one.times))


def _times_of(times: FallbackTimes) -> dict[str, Any]:
    """What is unlike the usual times; management points fall back at once or never."""
    minutes: dict[str, Any] = {
        key: value for key, value in times._asdict().items() if key != "mp" and value is not None
    }
    never = tuple(key for key, value in times._asdict().items() if value is None)
    unusual = {key: value for key, value in minutes.items() if value != getattr(_TIMES, key)}
    return unusual | ({"never": never} if never else {})


def _table(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"[[{name}]]")
    yield from (f"{key} = {_written(value)}" for key, value in values.items() if value is not None)


def _written(value: str | int | Iterable[str]) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else "[" + ", ".join(map(_quoted, value)) + "]"


def _quoted(text: str) -> str:
    """A basic string: JSON's escapes are TOML's too, and TOML wants one for DEL as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
