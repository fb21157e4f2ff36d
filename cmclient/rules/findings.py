"""Everything that can be found wrong with boundary data, in one list."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ..model.boundary import BoundaryKind
from ..model.finding import Finding, Severity
from ..model.groups import Role, SiteData
from .boundary_findings import OVERLAP, SMALL_GAP, check_boundaries, count_wide_gaps, find_overlaps
from .group_findings import check_groups
from .groups import find_assigned_sites
from .link_findings import LinkCheck, check_circles
from .survey import Survey

__all__ = ["Findings", "check_data"]

_MOST = 1000  # findings of one kind in the list: nested tables have as many overlaps as the square of their size
_WORST_FIRST = tuple(Severity)


class Findings(NamedTuple):
    """What a check of boundary data found.

    Attributes:
        findings: Worst first, then by kind; no more than 1,000 of a kind.
        counts: How many of each severity there are in all.
        left_out: How many of each kind there are besides those in the list; without those of which there are none.
        notes: What could not be checked, and why.
    """

    findings: tuple[Finding, ...]
    counts: dict[Severity, int]
    left_out: dict[str, int]
    notes: tuple[str, ...]


def check_data(data: SiteData) -> Findings:
    """Check boundaries, boundary groups, servers and relationships.

    The time that it takes grows little faster than the data, however they overlap or lead to each other.
    """
    survey = Survey(data)
    links = LinkCheck(survey)
    overlaps, overlaps_in_all = find_overlaps(survey, _MOST)
    kept: list[Finding] = []
    kinds: Counter[str] = Counter()
    counts = dict.fromkeys(Severity, 0)
    for finding in _each(survey, links, overlaps):
        counts[finding.severity] += 1
        kinds[finding.code] += 1
        if kinds[finding.code] <= _MOST:
            kept.append(finding)
    unlisted = overlaps_in_all - len(overlaps)
    counts[Severity.ERROR] += unlisted
    kinds[OVERLAP] += unlisted
    left_out = {code: count - _MOST for code, count in kinds.items() if count > _MOST}
    kept.sort(key=lambda finding: (_WORST_FIRST.index(finding.severity), finding.code))
    return Findings(tuple(kept), counts, left_out, tuple(_notes(survey, links.skipped)))


def _each(survey: Survey, links: LinkCheck, overlaps: list[Finding]) -> Iterator[Finding]:
    yield from check_boundaries(survey)
    yield from overlaps
    yield from check_groups(survey)
    yield from links.find()
    yield from check_circles(survey)


def _notes(survey: Survey, skipped: int) -> Iterator[str]:
    data = survey.data
    kinds = {boundary.kind for boundary in data.boundaries}
    roles = {role for server in data.servers for role in server.roles}
    by_name = kinds & {BoundaryKind.AD_SITE, BoundaryKind.VPN}
    may_clash = len(find_assigned_sites(data.groups)) > 1
    if may_clash and by_name and len(kinds) > 1:
        yield (
            "whether an AD site or VPN boundary holds the same clients as one of another kind cannot be seen here: the"
            " data does not say which addresses they have"
        )
    if may_clash and BoundaryKind.IP_SUBNET in kinds:
        yield (
            "a subnet boundary has no mask: an overlap with a range is seen only if the range holds one of the first"
            " two addresses of the subnet"
        )
    if not data.sites:
        yield "the data does not say which sites there are, so assigned sites were not checked"
    for role, called in ((Role.DISTRIBUTION_POINT, "distribution"), (Role.SOFTWARE_UPDATE_POINT, "software update")):
        if role not in roles:
            yield f"no server of the data is a {called} point, so groups without one were not listed"
    if Role.MANAGEMENT_POINT in roles and not data.prefers_group_mps:
        yield (
            "clients do not prefer management points of their boundary groups, by this data: which groups reference"
            " one decides nothing (ML-022)"
        )
    if wide := count_wide_gaps(survey):
        gaps = "1 gap" if wide == 1 else f"{wide:,} gaps"
        yield f"{gaps} of more than {SMALL_GAP} addresses between ranges of one group: not listed, as likely meant"
    if skipped:
        yield f"the relationships of {skipped} groups were not compared with each other: that would take too long"
