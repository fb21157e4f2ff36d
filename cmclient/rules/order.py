"""What puts one management point before another: category, locality, preferred, rank."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..model.decision import Candidate, Category, Phase, Policy, Purpose, Reason, Tie
from ..model.endpoints import Locality, ManagementPoint, Scheme, SiteKind
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.names import DnsDomain
from ..model.rule import decides
from .gateways import find_intranet_welcome, wants_gateway_first

__all__ = [
    "Position",
    "TieRule",
    "find_category",
    "find_position",
    "find_preferred",
    "forest_of",
    "rank_of",
    "standard_tie",
    "uses_groups",
]

TieRule = Callable[..., Tie]
"""The sort key without chance, from category, locality, preferred and rank."""

_CATEGORIES = (Category.PROXY, Category.LOCAL, Category.ASSIGNED)
_NO_TIE = Tie(0, 0, 0, 0)
_BEFORE_ALL = -1  # in place of a category


class Position(NamedTuple):
    """Where a management point stands among those that may be used.

    Attributes:
        tie: The sort key without chance.
        rank: Its rank inside its category; lower is better.
        reasons: What is to be said about its place.
        rank_reason: What is to be said about its rank.
        is_preferred: Whether it is a preferred one.
    """

    tie: Tie
    rank: int
    reasons: tuple[Reason, ...]
    rank_reason: Reason
    is_preferred: bool = False


def find_category(mp: ManagementPoint, policy: Policy) -> tuple[Category | None, Reason]:
    """Put a management point into its category.

    Returns:
        The category and why; None for one that is in no category, with the reason to reject it.
    """
    if mp.site_kind is SiteKind.SECONDARY:
        return _proxy(mp, policy)
    if _is_left_behind(mp, policy):
        visited = ", ".join(policy.local_sites)
        return Category.ASSIGNED, Reason("MP-028", f"of the assigned site; the client roams in {visited}, asked first")
    if mp.in_current_group:
        return Category.LOCAL, Reason("ML-018", "a boundary group that holds the client references it")
    if mp.site_code is not None and mp.site_code in policy.local_sites:
        return Category.LOCAL, Reason("ML-018", f"boundaries of site {mp.site_code} hold the client")
    if mp.site_code is None:
        return Category.ASSIGNED, Reason("ML-019", "nobody said its site; taken as one of the assigned site")
    if mp.site_code == policy.assigned_site:
        return Category.ASSIGNED, Reason("ML-019", f"it belongs to the assigned site {mp.site_code}")
    return None, Reason(
        "ML-019", f"site {mp.site_code} is not the assigned site ({policy.assigned_site or 'none'}) and not local here"
    )


@decides("MP-028")
def _is_left_behind(mp: ManagementPoint, policy: Policy) -> bool:
    """Whether it is of the assigned site while the client roams: for location requests the visited site comes first.

    A client roams when boundaries of other sites hold it and none of its own.
    """
    roams = bool(policy.local_sites) and policy.assigned_site not in policy.local_sites
    return policy.purpose is Purpose.LOCATION and roams and mp.site_code == policy.assigned_site is not None


def _proxy(mp: ManagementPoint, policy: Policy) -> tuple[Category | None, Reason]:
    listed = mp.locality is not Locality.UNKNOWN or mp.in_current_group
    below = f"secondary site below {mp.parent_site}" if mp.parent_site else "secondary site"
    if policy.phase is Phase.REGISTERED and not listed:
        return None, Reason("MP-001", f"{below}: the site does not list it for this location")
    return Category.PROXY, Reason("ML-017", below)


@decides("ML-021")
def find_preferred(mp: ManagementPoint, policy: Policy) -> bool:
    """Whether it is of the assigned site and referenced by a boundary group that holds the client."""
    return mp.in_current_group is True and mp.site_code is not None and mp.site_code == policy.assigned_site


def forest_of(mp: ManagementPoint, known: Iterable[DnsDomain]) -> DnsDomain | None:
    """The forest of a management point: what was said, else the known forest in which its name lies.

    Returns:
        The longest fitting forest; None when nobody said and no known one fits.
    """
    if mp.forest is not None:
        return mp.forest
    return max((forest for forest in known if mp.host.is_in(forest)), key=len, default=None)


@decides("MP-003", "MP-004")
def rank_of(mp: ManagementPoint, scheme: Scheme, facts: NetworkFacts) -> tuple[int, str]:
    """Rank inside a category: HTTPS before HTTP, then the own or a trusted forest before any other.

    Returns:
        1 to 4, lower is better, and the rank in words. A forest that nobody named counts as another one: the
        stricter reading.
    """
    trusted = ((facts.forest,) if facts.forest else ()) + facts.trusted_forests
    forest = forest_of(mp, trusted)
    near = forest is not None and forest in trusted
    if forest is None:
        where = "forest unknown, counted as not trusted"
    elif forest == facts.forest:
        where = "own forest"
    else:
        where = f"{'trusted' if near else 'other'} forest {forest}"
    rank = (1 if scheme is Scheme.HTTPS else 3) + (0 if near else 1)
    return rank, f"rank {rank}: {scheme.name}, {where}"


@decides("MP-008", "MP-010", "MP-015")
def standard_tie(category: Category, locality: Locality, *, preferred: bool, rank: int) -> Tie:
    """The sort key without chance: category, then locality 3, 2, 1, 0, then preferred, then rank."""
    return Tie(_CATEGORIES.index(category), Locality.CURRENT_GROUP - locality, 0 if preferred else 1, rank)


def uses_groups(policy: Policy) -> bool:
    """Whether boundary groups have a say: not while installing (ML-029, ML-030), not in a task sequence (ML-033)."""
    return policy.phase is Phase.REGISTERED


@decides("NET-012")
def find_position(
    candidate: Candidate, category: Category, scheme: Scheme, facts: NetworkFacts, policy: Policy, tie: TieRule
) -> Position:
    """Say where a management point stands: the sort key, and what is to be said about it.

    For a client on the internet boundary groups have no say: nothing is near, nothing is preferred.
    """
    mp = candidate.mp
    preferred = find_preferred(mp, policy)
    rank, text = rank_of(mp, scheme, facts)
    rank_reason = Reason("MP-003" if policy.can_use_https else "MP-004", text)
    if facts.network_location is NetworkLocation.INTERNET:
        at_random = Reason("NET-022", "internet clients pick at random among their site's internet ones")
        return Position(_NO_TIE, rank, (at_random,), rank_reason)
    if (first := wants_gateway_first(mp, policy)) is not None:
        return Position(_NO_TIE._replace(category=_BEFORE_ALL), rank, (first,), rank_reason)
    if not uses_groups(policy):
        return Position(Tie(0, 0, 0, rank), rank, (_phase_reason(policy),), rank_reason, preferred)
    said = "unknown, sorted last" if mp.locality is Locality.UNKNOWN else str(int(mp.locality))
    reasons = [Reason("MP-015", f"locality {said}")]
    if (welcome := find_intranet_welcome(mp, policy)) is not None:
        reasons.append(welcome)
    if preferred:
        reasons.append(Reason("ML-021", "preferred: of the assigned site, in a boundary group that holds the client"))
    key = tie(category, mp.locality, preferred=preferred, rank=rank)
    return Position(key, rank, tuple(reasons), rank_reason, preferred)


def _phase_reason(policy: Policy) -> Reason:
    if policy.phase is Phase.INSTALLING:
        return Reason("ML-030", "not sorted by boundary groups while installing; the first that is reached is used")
    return Reason("ML-033", "boundary groups are not looked at in a task sequence")
