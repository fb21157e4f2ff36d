"""Boundary groups: how near a management point is to a client, seen from the site."""

from ..model.endpoints import Locality
from ..model.rule import decides

__all__ = ["mp_locality"]


@decides("MP-011", "MP-012", "MP-013", "MP-014")
def mp_locality(*, in_current: bool, in_neighbour: bool, in_default: bool, preferred_mps_enabled: bool) -> Locality:
    """Say how near a management point is by the boundary groups that reference it.

    Args:
        in_current: A boundary group that holds the client references it.
        in_neighbour: A neighbour of such a group references it.
        in_default: The default site boundary group references it.
        preferred_mps_enabled: The hierarchy setting "clients prefer to use management points specified in boundary
            groups" is on.

    Returns:
        The nearest of the three (MP-012, MP-013); UNKNOWN when no group references it (MP-011); with the hierarchy
        setting off always CURRENT_GROUP (MP-014).
    """
    if not preferred_mps_enabled or in_current:
        return Locality.CURRENT_GROUP
    if in_neighbour:
        return Locality.NEIGHBOUR_GROUP
    return Locality.DEFAULT_GROUP if in_default else Locality.UNKNOWN
