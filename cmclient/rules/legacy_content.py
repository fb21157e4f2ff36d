"""CM 2007: which distribution points a client gets for content, seen from where it is."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..model.boundary import NetworkPlace
from ..model.decision import Reason
from ..model.groups import Role
from ..model.legacy import LegacyBoundary, LegacyDistributionPoint
from ..model.messages import SiteLocality
from ..model.names import SiteCode
from ..model.rule import decides
from .boundaries import BoundaryIndex
from .choose import SeededChooser

__all__ = [
    "ContentSources",
    "LegacyPlace",
    "find_content_sources",
    "find_legacy_place",
    "is_withheld",
    "rank_content_sources",
]

_PROTECTED_ROLES = {Role.DISTRIBUTION_POINT, Role.STATE_MIGRATION_POINT}


class LegacyPlace(NamedTuple):
    """Where a client is, by the boundaries of sites.

    Attributes:
        boundaries: Identifiers of the boundaries that hold it, in the order of the data.
        localities: The sites that hold it, in the order of the data: LOCAL by a fast boundary, REMOTE by slow ones
            only.
    """

    boundaries: tuple[str, ...] = ()
    localities: tuple[tuple[SiteCode, SiteLocality], ...] = ()

    def current_site(self, assigned: SiteCode) -> SiteCode:
        """The site where the client is: the assigned one if it holds it or none does, else the first that does."""
        holding = [site for site, _ in self.localities]
        return assigned if assigned in holding or not holding else holding[0]

    def locality_of(self, site: SiteCode) -> SiteLocality:
        """How a site lies to the client; FALLBACK when no boundary of it holds the client."""
        return dict(self.localities).get(site, SiteLocality.FALLBACK)


class ContentSources(NamedTuple):
    """The distribution points that a client is given for content.

    Attributes:
        site: The site that they are of; None when there are none.
        given: The points, each with the reason, in the order of the data.
        withheld: All others, each with the reason.
        reason: Why it is this site, or why the content fails.
    """

    site: SiteCode | None
    given: tuple[tuple[LegacyDistributionPoint, Reason], ...]
    withheld: tuple[tuple[LegacyDistributionPoint, Reason], ...]
    reason: Reason


@decides("L7-047")
def find_legacy_place(boundaries: Sequence[LegacyBoundary], place: NetworkPlace) -> LegacyPlace:
    """Say which sites hold a client, and whether by a fast or a slow boundary: the fast one counts.

    Raises:
        InvalidValueError: The value of a boundary cannot be of its kind.
    """
    held = {match.boundary.id for match in BoundaryIndex([one.boundary for one in boundaries]).find(place)}
    holding = [one for one in boundaries if one.boundary.id in held]
    localities: dict[SiteCode, SiteLocality] = {}
    for one in holding:
        if not one.is_slow or one.site not in localities:
            localities[one.site] = SiteLocality.REMOTE if one.is_slow else SiteLocality.LOCAL
    return LegacyPlace(tuple(one.boundary.id for one in holding), tuple(localities.items()))


@decides("L7-017", "L7-018")
def is_withheld(role: Role, protected_by: Sequence[str] | None, place: LegacyPlace) -> bool:
    """Whether a protected site system turns a client away: outside its boundaries, and never a management point.

    Args:
        role: What it is asked as. Protection counts for distribution points and state migration points (X-30).
        protected_by: The boundaries that it is protected for; None for one that is not protected.
        place: Where the client is.
    """
    return role in _PROTECTED_ROLES and protected_by is not None and not set(protected_by) & set(place.boundaries)


def find_content_sources(
    points: Iterable[LegacyDistributionPoint], place: LegacyPlace, *, assigned_site: SiteCode
) -> ContentSources:
    """Find the distribution points for content: of the current site, else of the assigned one, never of a third.

    Args:
        points: Every distribution point that holds the content, of any site.
        place: Where the client is.
        assigned_site: The site that it is assigned to; searched first where it, or no site, holds the client.
    """
    points = tuple(points)
    current = place.current_site(assigned_site)
    withheld: list[tuple[LegacyDistributionPoint, Reason]] = []
    for site in dict.fromkeys((current, assigned_site)):
        given, others = _of_site([point for point in points if point.site == site], place)
        withheld += others
        if given:
            rest = [(point, _third(point, site)) for point in points if point.site not in {site, current}]
            return ContentSources(site, given, (*withheld, *rest), _searched(site, current, assigned_site))
    withheld += [(point, _third(point, current)) for point in points if point.site not in {current, assigned_site}]
    return ContentSources(None, (), tuple(withheld), _failure(points, current, assigned_site))


def _of_site(
    points: Sequence[LegacyDistributionPoint], place: LegacyPlace
) -> tuple[tuple[tuple[LegacyDistributionPoint, Reason], ...], list[tuple[LegacyDistributionPoint, Reason]]]:
    """What one site gives: protected ones that hold the client alone, else those that are not protected."""
    role = Role.DISTRIBUTION_POINT
    outside = [point for point in points if is_withheld(role, point.protected_by, place)]
    near = [point for point in points if point.protected_by is not None and point not in outside]
    open_ones = [point for point in points if point.protected_by is None]
    turned_away = [
        (point, Reason("L7-020", "it is protected, and the client is in none of its boundaries")) for point in outside
    ]
    if near:
        inside = Reason("L7-019", "it is protected for where the client is, so only such ones are given")
        passed = Reason("L7-019", "a protected one holds the client, so one that is not protected is not given")
        return tuple((point, inside) for point in near), turned_away + [(point, passed) for point in open_ones]
    anyone = Reason("L7-020", "it is not protected, and no protected one holds the client")
    return tuple((point, anyone) for point in open_ones), turned_away


def _third(point: LegacyDistributionPoint, site: SiteCode) -> Reason:
    return Reason("L7-022", f"it is of site {point.site}, which is not searched or not needed: {site} comes first")


def _searched(site: SiteCode, current: SiteCode, assigned: SiteCode) -> Reason:
    if site == current:
        where = "the assigned site, where the client is" if site == assigned else "where the client is now"
        return Reason("L7-022", f"site {site}: {where}")
    return Reason("L7-023", f"site {assigned}: the assigned site, as site {current} has none to give")


def _failure(points: Sequence[LegacyDistributionPoint], current: SiteCode, assigned: SiteCode) -> Reason:
    """Protection or distribution: they are two different things to do about it."""
    searched = [point for point in points if point.site in {current, assigned}]
    if not searched:
        sites = " and ".join(dict.fromkeys((current, assigned)))
        return Reason("L7-022", f"no distribution point of {sites} has the content, and no other site is searched")
    if current == assigned:
        return Reason("L7-021", f"all of site {assigned} are protected, and the client is in none of their boundaries")
    return Reason("L7-023", f"neither site {current} nor the assigned site {assigned} has one that is not protected")


@decides("L7-024")
def rank_content_sources(
    sources: ContentSources, place: LegacyPlace, client: NetworkPlace, *, chooser: SeededChooser
) -> tuple[LegacyDistributionPoint, ...]:
    """Order the points that a client was given: local before remote, then the same subnet, the same AD site, the rest.

    In each class those that give content over HTTP come first; ties are drawn.
    """
    subnets = {address.network for address in client.addresses} - {None}

    def key(point: LegacyDistributionPoint) -> tuple[bool, int, bool, float]:
        in_site = client.ad_site is not None and point.ad_site is not None and client.ad_site.matches(point.ad_site)
        nearness = 0 if point.subnet in subnets else 1 if in_site else 2
        is_local = place.locality_of(point.site) is SiteLocality.LOCAL
        return not is_local, nearness, not point.is_bits_enabled, chooser.draw(point.host)

    return tuple(sorted((point for point, _ in sources.given), key=key))
