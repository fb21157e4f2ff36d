"""Which MP list is asked for."""

from enum import Enum

__all__ = ["MpListQuery"]


class MpListQuery(Enum):
    """Which list; the value is the keyword of the query."""

    MPLIST = "MPLIST"
    """Every intranet management point of the asked one's site, those of its secondary sites too."""
    MPLIST1 = "MPLIST1"
    """The management points of one site, with its code."""
    MPLIST2 = "MPLIST2"
    """The internet management points, of one site or of all."""
