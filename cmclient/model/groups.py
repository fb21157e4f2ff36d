"""Boundary groups, what they reference, and how they lead to each other."""

from enum import Enum
from typing import NamedTuple

from .boundary import Boundary
from .endpoints import Access, SiteKind
from .names import HostName, SiteCode
from .rule import decides

__all__ = [
    "BoundaryGroup",
    "DataFault",
    "FallbackTimes",
    "GroupOptions",
    "HierarchySite",
    "Relationship",
    "Role",
    "SiteData",
    "SiteServer",
]


class Role(Enum):
    """Roles that are looked up through boundary groups (BG-004)."""

    DISTRIBUTION_POINT = "dp"
    SOFTWARE_UPDATE_POINT = "sup"
    STATE_MIGRATION_POINT = "smp"
    MANAGEMENT_POINT = "mp"
    CLOUD_MANAGEMENT_GATEWAY = "cmg"


@decides("BG-024")
class FallbackTimes(NamedTuple):
    """Minutes after which servers of a neighbour join, by role (BG-022, BG-024, BG-025); None for never (BG-029).

    There is none for state migration points, which have no fallback; for management points it is 0 or never.

    Attributes:
        dp: For distribution points.
        sup: For software update points.
        mp: For management points.
    """

    dp: int | None = 120
    sup: int | None = 120
    mp: int | None = 0


class Relationship(NamedTuple):
    """A one-way link from a boundary group to a neighbour (BG-020).

    Attributes:
        neighbour: Identifier of the other group.
        times: When its servers join.
    """

    neighbour: str
    times: FallbackTimes = FallbackTimes()


class GroupOptions(NamedTuple):
    """Options of a boundary group.

    Attributes:
        allow_peers: Clients may get content from peers of the group (BG-050).
        peers_in_subnet_only: Only from peers of their own subnet (BG-052).
        prefer_dps_over_peers: Distribution points come before peers of the same subnet (BG-053).
        prefer_cloud: Cloud sources come before on-premises ones (BG-055).
        include_cloud_mps: Of a default group: the MP list has cloud management gateways (ML-028).
        prefer_cloud_mps: Of a default group: they come first in it; needs ``include_cloud_mps`` (ML-028).
    """

    allow_peers: bool = True
    peers_in_subnet_only: bool = False
    prefer_dps_over_peers: bool = False
    prefer_cloud: bool = False
    include_cloud_mps: bool = False
    prefer_cloud_mps: bool = False


class BoundaryGroup(NamedTuple):
    """A boundary group.

    Attributes:
        id: Its identifier, unique in its data.
        name: Its name.
        boundaries: Identifiers of its boundaries; a default group has none.
        servers: The servers that it references.
        assigned_site: The site that clients in it are assigned to; None when it is not for assignment (BG-003).
        relationships: Links to its neighbours.
        default_of: The site whose default site boundary group it is; None for one that an administrator made.
        default_times: Of a default group: when its servers join for groups that have no link of their own to it.
        options: Its options.
    """

    id: str
    name: str
    boundaries: tuple[str, ...] = ()
    servers: tuple[HostName, ...] = ()
    assigned_site: SiteCode | None = None
    relationships: tuple[Relationship, ...] = ()
    default_of: SiteCode | None = None
    default_times: FallbackTimes = FallbackTimes()
    options: GroupOptions = GroupOptions()


class SiteServer(NamedTuple):
    """A server and its roles.

    Attributes:
        host: The server.
        roles: Its roles.
        in_maintenance: A distribution point that is not handed to clients for now (BG-012).
        site: The site that it belongs to; None when nobody said.
        access: Whom it lets in, as a management point and as a distribution point.
    """

    host: HostName
    roles: frozenset[Role] = frozenset()
    in_maintenance: bool = False
    site: SiteCode | None = None
    access: Access = Access()


class HierarchySite(NamedTuple):
    """A site of the hierarchy, as far as assignment looks at it.

    Attributes:
        code: Its site code.
        kind: Primary, secondary or central administration site.
        build: Build number of its version, such as 9141; None when nobody said.
        parent: The primary site above a secondary one; None when there is none or nobody said.
    """

    code: SiteCode
    kind: SiteKind = SiteKind.UNKNOWN
    build: int | None = None
    parent: SiteCode | None = None


class DataFault(NamedTuple):
    """Something in boundary data that cannot be used.

    Attributes:
        file: The file.
        row: Where in it: a line or record number, or a path such as ``boundary_groups[2]``.
        field: The field; empty when it is the row as a whole.
        problem: What is wrong, in words.
        left_out: What goes missing with it when the rest is used all the same, such as ``boundary 'desks'``.
    """

    file: str
    row: str
    field: str
    problem: str
    left_out: str = ""

    def __str__(self) -> str:
        """``file: row, field: problem``."""
        where = ", ".join(part for part in (self.row, self.field) if part)
        return f"{self.file}: {where}: {self.problem}" if where else f"{self.file}: {self.problem}"


class SiteData(NamedTuple):
    """What a hierarchy says about where its clients are and what serves them there.

    Attributes:
        boundaries: Every boundary.
        groups: Every boundary group.
        servers: Every server that a group references.
        fallback_site: The hierarchy's fallback site for assignment; None when there is none.
        sites: Its sites; empty when nobody said.
        prefers_group_mps: The hierarchy setting "clients prefer to use management points specified in boundary groups"
            (ML-022).
    """

    boundaries: tuple[Boundary, ...] = ()
    groups: tuple[BoundaryGroup, ...] = ()
    servers: tuple[SiteServer, ...] = ()
    fallback_site: SiteCode | None = None
    sites: tuple[HierarchySite, ...] = ()
    prefers_group_mps: bool = False
