"""Rows of the site's own classes, as the administration service and the console's cmdlets give them out.

Where each property comes from, in Microsoft's documentation (Configuration Manager SDK, "site configuration server WMI
classes", and the ConfigurationManager module for PowerShell):

- SMS_Boundary: BoundaryID, DisplayName, Value; BoundaryType 0 to 3. That 4 is VPN is inferred: New-CMBoundary names VPN
  after the four others, in their order.
- SMS_BoundaryGroup and SMS_DefaultBoundaryGroup: GroupID, Name, DefaultSiteCode.
- SMS_BoundaryGroupMembers: GroupID, BoundaryID.
- SMS_BoundaryGroupSiteSystems: GroupID, ServerNALPath, SiteCode. Its Flags (connection speed) have no effect any more.
- SMS_BoundaryGroupRelationships: SourceGroupID, DestinationGroupID. FallbackDP and FallbackSUP are described as methods
  and are properties in public scripts; that they are minutes and -1 means never is said by
  New-CMBoundaryGroupRelationship, which names the same for management points. That the relationship of a default group
  to itself holds its default behaviour is taken from a public script that reports on it.
- SMS_SystemResourceList: RoleName, NALPath, ServerRemoteName, ServerName, SiteCode; SMS_SCI_SysResUse: RoleName,
  NALPath, NetworkOSPath, SiteCode. Names of roles: Get-CMSiteRole.

Not read, because what it means is not documented: Flags of boundary groups (their options), how a VPN boundary says
"starts with", which property of a default group holds the options about cloud sources, and the role name of a cloud
management gateway.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..model.boundary import Boundary, BoundaryKind
from ..model.groups import BoundaryGroup, FallbackTimes, Relationship, Role, SiteServer
from ..model.names import SiteCode
from ..model.rule import decides
from .sitedata_cells import MOST_DIGITS, Row, find_nal_site
from .sitedata_records import Link, Member, Place, Records, Reference, quoted

__all__ = ["Misfit", "RowReader", "find_double"]

_KINDS = {
    "0": BoundaryKind.IP_SUBNET,
    "1": BoundaryKind.AD_SITE,
    "2": BoundaryKind.IPV6_PREFIX,
    "3": BoundaryKind.IP_RANGE,
    "4": BoundaryKind.VPN,
}
_KIND_NAMES = {"ipsubnet": "0", "adsite": "1", "ipv6prefix": "2", "iprange": "3", "vpn": "4"}  # New-CMBoundary -Type
_ROLES = {
    "sms management point": Role.MANAGEMENT_POINT,
    "sms distribution point": Role.DISTRIBUTION_POINT,
    "sms software update point": Role.SOFTWARE_UPDATE_POINT,
    "sms state migration point": Role.STATE_MIGRATION_POINT,
}
_TIMES = FallbackTimes()
_DEFAULT_GROUP = re.compile(r"Default-Site-Boundary-Group<([A-Za-z0-9]{3})>")
_CLASS_NAME = re.compile(r"SMS_\w+")
_HOSTS = ("NALPath", "ServerRemoteName", "NetworkOSPath", "ServerName")  # the best first: NAL paths are what groups say


class Misfit(NamedTuple):
    """Why rows cannot be read: of which class they are cannot be told, or they lack what all of that class have.

    Attributes:
        field: The property that is missing; empty when it is not that.
        problem: What is wrong.
    """

    field: str
    problem: str


class _Class(NamedTuple):
    """A class whose rows are read.

    Attributes:
        label: What a row of it is, for messages.
        required: Properties that every row has; by them it is known when nothing names it.
        word: What the name of a file about it has in it, in lower case without anything but letters.
        read: Reads a row.
        key: The property by which others refer to a row, and what for; empty when none do.
    """

    label: str
    required: tuple[str, ...]
    word: str
    read: Callable[[Row, Records], None]
    key: tuple[str, str] = ("", "")


class RowReader:
    """Reads the rows of one file."""

    def __init__(self, file: str, stated: str, records: Records) -> None:
        """Get ready.

        Args:
            file: Name of the file; may tell the class.
            stated: What the file says its rows are, in which the name of a class may stand; may be empty.
            records: Where the rows go.
        """
        self._stated = _find_class(stated)
        self._hint = _class_of_file(file)
        self._records = records
        self._judged: dict[tuple[str, ...], _Class | Misfit] = {}

    def find_misfit(self, columns: Sequence[str]) -> Misfit | None:
        """Why rows with these properties, named in lower case, cannot be read; None when they can."""
        double = find_double(columns)
        if double:
            return Misfit(double, "is there twice, and which of them counts cannot be told")
        judged = self._judge(columns, "")
        return judged if isinstance(judged, Misfit) else None

    def read(self, place: Place, cells: Mapping[str, Any], stated: str = "") -> None:
        """Read a row.

        Args:
            place: Where it stands.
            cells: Properties by name in lower case.
            stated: What the row itself says it is; may be empty.
        """
        columns = (stated, *cells)
        judged = self._judged.get(columns)
        if judged is None:
            judged = self._judged[columns] = self._judge(cells, stated)
        if isinstance(judged, Misfit):
            self._records.fault(place, judged.field, judged.problem, "the row")
            return
        row = Row(place, cells, [])
        judged.read(row, self._records)
        if row.faults:
            self._leave_out(row, judged)

    def _leave_out(self, row: Row, judged: _Class) -> None:
        field, what = judged.key
        number = str(row.cells.get(field.lower(), "")).strip()[:MOST_DIGITS] if field else ""
        if number:
            self._records.lose(what, number)
        left_out = f"{judged.label} {quoted(number)}" if number else f"this {judged.label}"
        for fault in row.faults:
            self._records.fault(row.place, fault.field, fault.problem, left_out)

    def _judge(self, columns: Iterable[str], stated: str) -> _Class | Misfit:
        """The class of rows that have these properties and say that of themselves."""
        known = frozenset(columns)
        named = _find_class(stated) or self._stated
        if named is None:
            fitting = (one for one in _CLASSES.values() if all(field.lower() in known for field in one.required))
            named = next(fitting, None) or self._hint
        if named is None:
            return Misfit("", f"cannot be told to be of any class that is read, which are {', '.join(_CLASSES)}")
        missing = (field for field in named.required if field.lower() not in known)
        return next((Misfit(field, f"is missing, and every {named.label} has one") for field in missing), named)


def find_double(names: Sequence[str]) -> str:
    """The first name that is there twice; empty when none is. Columns without a name may be any number."""
    return next((name for name, times in Counter(names).items() if name and times > 1), "")


def _find_class(text: str) -> "_Class | None":
    """The class that a text names, such as ``.../$metadata#SMS_Boundary`` or ``#TYPE IResultObject#SMS_Boundary``."""
    named = (one.lower() for one in _CLASS_NAME.findall(text[:1000]))
    return next((_BY_NAME[one] for one in named if one in _BY_NAME), None)


def _class_of_file(file: str) -> "_Class | None":
    """The class that the name of a file tells, such as ``boundary-group-members.json``."""
    name = re.split(r"[/\\]", file)[-1].lower().rpartition(".")[0]
    letters = "".join(filter(str.isalpha, name))
    words = sorted(_CLASSES.values(), key=lambda one: -len(one.word))
    return next((one for one in words if one.word in letters), None)


# One row


@decides("BD-001")
def _kind(row: Row) -> BoundaryKind:
    text = row.text("BoundaryType").strip()
    number = _KIND_NAMES.get(text.lower(), text)
    if number not in _KINDS:
        known = ", ".join(f"{one} {kind.value}" for one, kind in _KINDS.items())
        row.fault("BoundaryType", f"is {quoted(text)}, and should be one of {known}")
    return _KINDS.get(number, BoundaryKind.IP_RANGE)


def _read_boundary(row: Row, records: Records) -> None:
    boundary = Boundary(row.identifier("BoundaryID"), _kind(row), row.text("Value"), row.text("DisplayName"))
    if not boundary.value.strip():
        row.fault("Value", "is empty")
    if not row.faults:
        records.add_boundary(row.place, "Value", boundary)


def _read_group(row: Row, records: Records) -> None:
    number, name = row.identifier("GroupID"), row.text("Name")
    default = _DEFAULT_GROUP.fullmatch(name.strip())
    assigned = row.site("DefaultSiteCode", records)
    default_of = SiteCode(default[1]) if default else None
    if row.text("Flags").strip() not in {"", "0"}:
        records.note(row.place, "Flags", "is not read, as its bits are not documented: the group has the usual options")
    if not row.faults:
        group = BoundaryGroup(number, name or number, assigned_site=assigned, default_of=default_of)
        records.add_group(row.place, group)


def _read_default_group(row: Row, records: Records) -> None:
    name = row.text("Name")
    if not _DEFAULT_GROUP.fullmatch(name.strip()):
        row.fault("Name", f"is {quoted(name)}, and should be like Default-Site-Boundary-Group<ABC>")
    _read_group(row, records)


def _read_member(row: Row, records: Records) -> None:
    member = Member(row.place, "", row.identifier("GroupID"), row.identifier("BoundaryID"))
    if not row.faults:
        records.members.append(member)


def _read_site_system(row: Row, records: Records) -> None:
    group, host = row.identifier("GroupID"), row.host("ServerNALPath")
    site = row.site("SiteCode", records) or find_nal_site(row.text("ServerNALPath"))
    if host is not None and not row.faults:
        records.references.append(Reference(row.place, "", group, host, site))


def _read_relationship(row: Row, records: Records) -> None:
    source, target = row.identifier("SourceGroupID"), row.identifier("DestinationGroupID")
    mp = row.minutes("FallbackMP", _TIMES.mp)
    if mp:
        records.note(row.place, "FallbackMP", f"is {mp}, and is read as 0: management points join at once or never")
    times = FallbackTimes(
        dp=row.minutes("FallbackDP", _TIMES.dp),
        sup=row.minutes("FallbackSUP", _TIMES.sup),
        mp=None if mp is None else 0,
    )
    if not row.faults:
        records.links.append(Link(row.place, "", source, Relationship(target, times)))


def _read_resource(row: Row, records: Records) -> None:
    role = _ROLES.get(row.text("RoleName").strip().lower())
    field = next((one for one in _HOSTS if row.text(one).strip()), "")
    if not field:
        row.fault("", f"names no server: {', '.join(_HOSTS)} are all empty or missing")
    if role is None or row.faults:  # every site has servers of roles that boundary groups know nothing of
        return
    site = row.site("SiteCode", records) or find_nal_site(row.text(field))
    host = row.host(field)
    if host is not None and not row.faults:
        records.servers.append(SiteServer(host, frozenset({role}), site=site))


# The first whose properties are all there is the one; groups come last, as they need the least.
_CLASSES = {
    "SMS_Boundary": _Class(
        "boundary", ("BoundaryID", "BoundaryType", "Value"), "boundar", _read_boundary, ("BoundaryID", "boundary")
    ),
    "SMS_BoundaryGroupRelationships": _Class(
        "relationship", ("SourceGroupID", "DestinationGroupID"), "boundarygrouprelationship", _read_relationship
    ),
    "SMS_BoundaryGroupSiteSystems": _Class(
        "server of a group", ("GroupID", "ServerNALPath"), "boundarygroupsitesystem", _read_site_system
    ),
    "SMS_BoundaryGroupMembers": _Class(
        "boundary of a group", ("GroupID", "BoundaryID"), "boundarygroupmember", _read_member
    ),
    "SMS_SystemResourceList": _Class("role of a server", ("RoleName",), "systemresource", _read_resource),
    "SMS_SCI_SysResUse": _Class("role of a server", ("RoleName",), "sysresuse", _read_resource),
    "SMS_BoundaryGroup": _Class(
        "boundary group", ("GroupID", "Name"), "boundarygroup", _read_group, ("GroupID", "boundary group")
    ),
    "SMS_DefaultBoundaryGroup": _Class(
        "default boundary group",
        ("GroupID", "Name"),
        "defaultboundarygroup",
        _read_default_group,
        ("GroupID", "boundary group"),
    ),
}
_BY_NAME = {name.lower(): one for name, one in _CLASSES.items()}
