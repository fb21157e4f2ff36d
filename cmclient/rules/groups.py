"""What boundary groups are for, besides the servers that they reference (see ``pools``)."""

from collections.abc import Iterable

from ..model.groups import BoundaryGroup
from ..model.names import SiteCode
from ..model.rule import decides

__all__ = ["find_assigned_sites"]


@decides("BG-003", "SA-013")
def find_assigned_sites(groups: Iterable[BoundaryGroup]) -> tuple[SiteCode, ...]:
    """Find the sites that boundary groups assign a client to, as the groups are now.

    A group without an assigned site is for looking up servers alone, one without servers for assignment alone. Who
    was assigned before is not looked at: that client keeps its site.

    Returns:
        The sites, sorted, each once; empty when no group is for assignment.
    """
    return tuple(sorted({group.assigned_site for group in groups if group.assigned_site is not None}))
