"""Boundary groups, what they reference, and how they lead to each other."""

from enum import Enum
from typing import NamedTuple

from .boundary import Boundary
from .names import HostName, SiteCode

__all__ = ["BoundaryGroup", "FallbackTimes", "GroupOptions", "Relationship", "Role", "SiteData", "SiteServer"]


class Role(Enum):
    """Roles that are looked up through boundary groups (BG-004)."""

    DISTRIBUTION_POINT = "dp"
    SOFTWARE_UPDATE_POINT = "sup"
    STATE_MIGRATION_POINT = "smp"
    MANAGEMENT_POINT = "mp"
    CLOUD_MANAGEMENT_GATEWAY = "cmg"


class FallbackTimes(NamedTuple):
    """Minutes after which servers of a neighbour join, by role (BG-022, BG-024, BG-025); None for never (BG-029).

    There is none for state migration points, which have no fallback; for management points it is 0 or never.
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
    """Options of a boundary group."""

    allow_peers: bool = True
    peers_in_subnet_only: bool = False
    prefer_dps_over_peers: bool = False
    prefer_cloud: bool = False


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
    """

    host: HostName
    roles: frozenset[Role] = frozenset()
    in_maintenance: bool = False


class SiteData(NamedTuple):
    """What a hierarchy says about where its clients are and what serves them there.

    Attributes:
        boundaries: Every boundary.
        groups: Every boundary group.
        servers: Every server that a group references.
        fallback_site: The hierarchy's fallback site for assignment; None when there is none.
    """

    boundaries: tuple[Boundary, ...] = ()
    groups: tuple[BoundaryGroup, ...] = ()
    servers: tuple[SiteServer, ...] = ()
    fallback_site: SiteCode | None = None
