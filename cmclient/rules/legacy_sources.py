"""CM 2007: where the default management point is looked for, and what a source says there."""

from collections.abc import Sequence

from ..model.decision import Candidate, Discovered, Policy, Reason, SourceKind
from ..model.directory import PublishedSite
from ..model.endpoints import SiteKind
from ..model.facts import Membership, NetworkFacts, NetworkLocation
from ..model.legacy import DefaultKind, SiteMode
from ..model.names import SiteCode
from ..model.netbios import LOCATOR_POINT_NAME
from ..model.rule import decides
from .legacy_select import legacy_of
from .mplist import Stage, Turn, stages_of

__all__ = ["find_legacy_bar", "is_locator_barred", "legacy_stages", "read_legacy_directory", "read_legacy_dns"]

_STAGES: tuple[Stage, ...] = (
    (Turn(SourceKind.INSTALLATION, "ML-005"), Turn(SourceKind.DIRECTORY, "L7-032")),
    (Turn(SourceKind.DNS, "L7-032"),),
    (Turn(SourceKind.LOCATOR_POINT, "L7-032"),),
    (Turn(SourceKind.WINS, "L7-032"),),
)
_LOOK_UPS = {SourceKind.DIRECTORY, SourceKind.DNS, SourceKind.LOCATOR_POINT, SourceKind.WINS}
_BY_HAND = "give the management point by hand (management_points)"


@decides("L7-032")
def legacy_stages(*, has_stored_list: bool, offline: bool = False, asks_wins: bool = False) -> tuple[Stage, ...]:
    """The stages of looking for the default management point: directory, DNS, locator point, WINS.

    Args:
        has_stored_list: Makes no difference: a client of CM 2007 keeps no list that it would ask first.
        offline: Use the stored list and nothing else.
        asks_wins: Makes no difference: WINS is one of the four, and is reported as not asked where nobody can.
    """
    del asks_wins
    return stages_of(has_stored_list=has_stored_list, offline=True) if offline else _STAGES


def find_legacy_bar(source: SourceKind, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """Why a source may not be asked by the rules of CM 2007; None when nothing in them forbids it."""
    if source not in _LOOK_UPS:
        return None
    if facts.network_location is NetworkLocation.INTERNET:
        text = "an internet client looks nothing up: its site and its management point are configured"
        return Reason("L7-035", f"{text} (site_code, internet_mp)")
    if source is SourceKind.DIRECTORY:
        return _directory_bar(facts)
    if source is SourceKind.DNS:
        return _dns_bar(policy)
    if source is SourceKind.LOCATOR_POINT:
        return _locator_bar(policy)
    return None


def _directory_bar(facts: NetworkFacts) -> Reason | None:
    """Who is in a forest asks that one: of another forest's sites nothing is published there."""
    if facts.membership is not Membership.WORKGROUP:
        return None
    return Reason("L7-034", "it serves clients in the forest of the site servers alone, and a workgroup is in none")


def _dns_bar(policy: Policy) -> Reason | None:
    legacy = legacy_of(policy)
    if legacy.default_kind is DefaultKind.CLUSTER:
        return Reason("L7-012", "a load-balanced management point is found in the directory or by a locator point only")
    if legacy.unassigned:
        return Reason("L7-038", f"the name to look up holds the site code, and {legacy.unassigned}")
    return None


def _locator_bar(policy: Policy) -> Reason:
    """There is always one: nobody has seen on a real server how a locator point is spoken to."""
    legacy = legacy_of(policy)
    if is_locator_barred(legacy.mode, http_for_roaming=legacy.http_for_roaming):
        text = "a native mode client needs HTTP for roaming and site assignment (cm07_http_roaming) to use one"
        return Reason("L7-031", text)
    if legacy.locator_point is None:
        known = "none is known: neither given (SMSSLP, cm07_locator_point) nor published in the directory"
        return Reason("L7-037", f"{known}; in WINS, which is not asked for it, it would be {LOCATOR_POINT_NAME}")
    text = f"{legacy.locator_point} is known, and how it is spoken to is not: no real one was ever seen"
    return Reason("L7-037", f"{text}; {_BY_HAND}")


@decides("L7-031")
def is_locator_barred(mode: SiteMode, *, http_for_roaming: bool) -> bool:
    """Whether a client may not use a locator point, which speaks HTTP only."""
    return mode is SiteMode.NATIVE and not http_for_roaming


@decides("L7-036")
def read_legacy_dns(discovered: Discovered) -> Discovered:
    """What DNS, or WINS, says: a site publishes one management point there, its default one."""
    marked = tuple(one._replace(mp=one.mp._replace(is_default=True)) for one in discovered.candidates)
    return discovered._replace(candidates=marked)


def read_legacy_directory(discovered: Discovered, sites: Sequence[PublishedSite]) -> Discovered:
    """What the directory says: which management points are proxies.

    Args:
        discovered: What is published of management points.
        sites: What sites publish of themselves.

    Returns:
        The candidates; those of a site whose clients are assigned to another one as of a secondary site.
    """
    above = {site.site_code: site.assignment_site for site in sites if site.assignment_site is not None}
    placed = [_placed(one, above.get(one.mp.site_code) if one.mp.site_code else None) for one in discovered.candidates]
    return discovered._replace(candidates=tuple(placed))


@decides("L7-005")
def _placed(candidate: Candidate, parent: SiteCode | None) -> Candidate:
    """A proxy where the site's clients are assigned to another site, which is the primary one above it."""
    if parent is None or parent == candidate.mp.site_code:
        return candidate
    return candidate._replace(mp=candidate.mp._replace(site_kind=SiteKind.SECONDARY, parent_site=parent))
