"""What the boundary data of a hierarchy says of the assigned site: the same for one assignment and for a look-up."""

from collections.abc import Iterable

from ..model.assignment import KnownSite, SiteAnswer, SiteSource
from ..model.boundary import NetworkPlace
from ..model.decision import Reason
from ..model.groups import SiteData
from ..model.names import SiteCode
from ..model.rule import decides
from .boundaries import BoundaryIndex
from .group_sites import match_place
from .published import compared_addresses

__all__ = ["ask_data", "find_data_sites"]


@decides("SA-006")
def ask_data(data: SiteData, place: NetworkPlace, index: BoundaryIndex) -> SiteAnswer:
    """Let the boundary groups of a hierarchy say which sites clients at a place are assigned to.

    Args:
        data: The hierarchy.
        place: Where the client is.
        index: The boundaries of the data.
    """
    matches = match_place(data, place, index)
    held = "none that is" if all(match.is_fallback for match in matches) else "one that is"
    reason = Reason("SA-006", f"only the boundary groups of the data are looked at: {held} for assignment holds it")
    addresses = compared_addresses(place.addresses, data)
    return SiteAnswer(SiteSource.SITE_DATA, answered=True, reason=reason, matches=matches, addresses=addresses)


@decides("SA-014")
def find_data_sites(data: SiteData, named: Iterable[SiteCode]) -> dict[SiteCode, KnownSite]:
    """Say what boundary data knows of sites.

    Args:
        data: The hierarchy.
        named: Sites that are asked about; those that are not in the data do not exist if it lists any.

    Returns:
        The sites of the data, and the named ones that do not exist; empty where the data lists none.
    """
    known = {}
    for one in data.sites:
        said = None if one.build is None else SiteSource.SITE_DATA
        known[one.code] = KnownSite(one.code, one.kind, one.build, said, exists=True)
    if known:
        absent = set(named) - known.keys()
        known |= {code: KnownSite(code, source=SiteSource.SITE_DATA, exists=False) for code in sorted(absent)}
    return known
