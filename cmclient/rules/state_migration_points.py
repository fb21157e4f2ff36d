"""Which state migration points a client may use: those of its current boundary group, and no others."""

from collections.abc import Iterable

from ..model.endpoints import Scheme
from ..model.groups import BoundaryGroup, Role, SiteData
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from .choose import SeededChooser
from .pools import build_pool
from .timing import Destination, ports_of

__all__ = ["rank_state_migration_points", "state_migration_ports"]


@decides("BG-023", "SU-020")
def rank_state_migration_points(
    data: SiteData, current: Iterable[BoundaryGroup], *, assigned_site: SiteCode | None, chooser: SeededChooser
) -> tuple[HostName, ...]:
    """Order the state migration points of a client.

    Args:
        data: The hierarchy.
        current: The groups that the client is in.
        assigned_site: Its assigned site, whose default group is the current one of a client that is in no group.
        chooser: Orders equals, and all of them are.

    Returns:
        Servers in drawn order; empty when the current group has none: there is no fallback, whatever the time.
    """
    pool = build_pool(data, current, Role.STATE_MIGRATION_POINT, assigned_site=assigned_site)
    return tuple(sorted((entry.host for entry in pool), key=lambda host: (chooser.draw(host), host)))


@decides("SU-021")
def state_migration_ports(scheme: Scheme) -> tuple[int, ...]:
    """The ports that a state migration needs: that of the protocol, and that of SMB."""
    ports = ports_of(Destination.STATE_MIGRATION_POINT)
    return (*(ports.https if scheme is Scheme.HTTPS else ports.http), *ports.other)
