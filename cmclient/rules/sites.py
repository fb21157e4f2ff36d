"""The site of a machine that is not asked: kept, or what automatic assignment could give."""

from collections.abc import Iterable

from ..model.assignment import AssignmentHow
from ..model.groups import BoundaryGroup
from ..model.names import SiteCode
from ..model.rule import decides
from .groups import find_assigned_sites

__all__ = ["find_sites"]


@decides("SA-007", "SA-009", "SA-012")
def find_sites(
    groups: Iterable[BoundaryGroup], *, kept: SiteCode | None, fallback: SiteCode | None
) -> tuple[tuple[SiteCode, ...], AssignmentHow]:
    """Say which site a machine is in or could be assigned to, without drawing.

    Args:
        groups: The boundary groups that it is in.
        kept: The site that it is assigned to.
        fallback: The hierarchy's fallback site.

    Returns:
        The one it keeps; else all sites of its groups, sorted, of which one is drawn; else the fallback site; or none.
    """
    if kept is not None:
        return (kept,), AssignmentHow.KEPT
    if sites := find_assigned_sites(groups):
        return sites, AssignmentHow.BOUNDARY
    return ((fallback,), AssignmentHow.FALLBACK) if fallback is not None else ((), AssignmentHow.NONE)
