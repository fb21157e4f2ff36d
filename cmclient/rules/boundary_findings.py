"""What may be wrong with boundaries: overlaps, gaps, repeats, and those that hold nobody."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from itertools import islice, pairwise

from ..model.boundary import Boundary, BoundaryKind
from ..model.finding import Finding, Severity, Where
from ..model.groups import BoundaryGroup
from ..model.names import SiteCode
from ..model.rule import decides
from .boundary_values import compared_length, subnet_of, vpn_of
from .overlaps import count_mixed_pairs, find_mixed_pairs, merge_intervals
from .survey import IPV4, IPV6, Span, Survey, name_some

__all__ = ["OVERLAP", "SMALL_GAP", "check_boundaries", "count_wide_gaps", "find_overlaps"]

OVERLAP = "site-overlap"
SMALL_GAP = 16
"""Addresses of the widest gap between ranges that is listed; a wider one is likely meant."""

_SHORTEST, _LONGEST = 8, 30  # prefixes of networks with clients in them
_MULTICAST = 224
_ASSIGN_ONCE = "let the groups assign the same site, or narrow one of the boundaries"


def check_boundaries(survey: Survey) -> Iterator[Finding]:
    """Check each boundary by itself, and what can be told of all of them in one pass.

    Returns:
        Findings by kind, within it in the order of the data; overlaps are left to ``find_overlaps``.
    """
    yield from _unusable(survey)
    yield from _several_sites(survey)
    yield from _in_no_group(survey)
    yield from _never_matching(survey)
    yield from _long_texts(survey)
    yield from _repeats(survey)
    yield from _gaps(survey)


def find_overlaps(survey: Survey, most: int) -> tuple[list[Finding], int]:
    """Find pairs of boundaries that hold the same clients and lead them to different sites.

    Args:
        survey: The data.
        most: The most findings that are wanted.

    Returns:
        The findings, and how many there are in all.
    """
    lines: dict[str, list[Span]] = defaultdict(list)
    for span in survey.spans:
        if survey.sites_of(span.boundary) and not _never_matches(span.boundary):
            lines[span.line].append(span)
    found: list[Finding] = []
    total = 0
    for spans in lines.values():
        intervals = [(span.low, span.high) for span in spans]
        sites = [survey.sites_of(span.boundary) for span in spans]
        total += count_mixed_pairs(intervals, sites)
        pairs = islice(find_mixed_pairs(intervals, sites), most - len(found))
        found += [_overlap(survey, spans[first], spans[second]) for first, second in pairs]
    return found, total


def _overlap(survey: Survey, first: Span, second: Span) -> Finding:
    low, high = max(first.low, second.low), min(first.high, second.high)
    held = f" {_shown(first.line, low, high)}" if first.line in {IPV4, IPV6} else " the same clients"
    told: list[str] = []
    groups: list[str] = []
    sites: set[SiteCode] = set()
    for span in (first, second):
        inside = _assigning(survey, span.boundary)
        told.append(f"{_name(span.boundary)} ({name_some(_assignment(group) for group in inside)})")
        groups += [group.id for group in inside]
        sites |= survey.sites_of(span.boundary)
    return Finding(
        OVERLAP,
        Severity.ERROR,
        f"{told[0]} and {told[1]} both hold{held}; a new client there gets one of the sites at random",
        Where(
            boundaries=(first.boundary.id, second.boundary.id),
            groups=tuple(dict.fromkeys(groups)),
            sites=tuple(sorted(sites)),
        ),
        _ASSIGN_ONCE,
        "SA-009",
    )


def _several_sites(survey: Survey) -> Iterator[Finding]:
    for boundary in survey.data.boundaries:
        sites = survey.sites_of(boundary)
        if len(sites) > 1:
            groups = _assigning(survey, boundary)
            told = name_some(map(_assignment, groups))
            yield Finding(
                OVERLAP,
                Severity.ERROR,
                f"{_name(boundary)} is in {told}; a new client there gets one of the sites at random",
                Where((boundary.id,), tuple(group.id for group in groups), sites=tuple(sorted(sites))),
                "let the groups assign the same site, or take the boundary out of one",
                "SA-009",
            )


def _assigning(survey: Survey, boundary: Boundary) -> list[BoundaryGroup]:
    """The first group for each site that clients in the boundary may be assigned to."""
    by_site: dict[SiteCode, BoundaryGroup] = {}
    for group in survey.groups_of.get(boundary.id, ()):
        if group.assigned_site is not None:
            by_site.setdefault(group.assigned_site, group)
    return [by_site[site] for site in sorted(by_site)]


def _assignment(group: BoundaryGroup) -> str:
    return f"group {group.name}, which assigns {group.assigned_site}"


def _unusable(survey: Survey) -> Iterator[Finding]:
    for boundary, reason in survey.invalid:
        yield Finding(
            "boundary-invalid",
            Severity.ERROR,
            f"{_name(boundary)} cannot be a boundary of kind {boundary.kind.value}: {reason}",
            Where((boundary.id,)),
            "correct its value or its kind",
        )
    for name, groups in survey.groups_of.items():
        if name not in survey.boundaries:
            yield Finding(
                "boundary-unknown",
                Severity.ERROR,
                f"boundary {name!r} is in {name_some(group.name for group in groups)}, and is not in the data",
                Where((name,), tuple(group.id for group in groups)),
                "add the boundary to the data, or correct the name",
            )


@decides("BD-017")
def _in_no_group(survey: Survey) -> Iterator[Finding]:
    for boundary in survey.data.boundaries:
        if boundary.id not in survey.groups_of:
            yield Finding(
                "boundary-in-no-group",
                Severity.WARNING,
                f"{_name(boundary)} is in no boundary group, so it has no effect",
                Where((boundary.id,)),
                "add it to a group, or delete it",
                "BD-017",
            )


def _never_matching(survey: Survey) -> Iterator[Finding]:
    for span in survey.spans:
        boundary = span.boundary
        if _never_matches(boundary):
            yield Finding(
                "subnet-never-matches",
                Severity.WARNING,
                f"{_name(boundary)} is the network id of no network with a mask of {_SHORTEST} to {_LONGEST} bits, so"
                " it holds no client in one",
                Where((boundary.id,)),
                "enter the network id, as in 10.1.2.0 for 10.1.2.0/24, or use a range",
                "BD-003",
            )


@decides("BD-003")
def _never_matches(boundary: Boundary) -> bool:
    """Whether a subnet boundary is the network id of no network that has clients in it."""
    if boundary.kind is not BoundaryKind.IP_SUBNET:
        return False
    network = int(IPv4Address(subnet_of(boundary.value)))
    has_host_bits = bool(network & ((1 << (32 - _LONGEST)) - 1))
    return has_host_bits or not 0 < network >> 24 < _MULTICAST


def _long_texts(survey: Survey) -> Iterator[Finding]:
    for span in survey.spans:
        if span.boundary.kind is not BoundaryKind.VPN:
            continue
        form, text = vpn_of(span.boundary.value)
        if text and len(text) > (most := compared_length(form)):
            yield Finding(
                "vpn-text-too-long",
                Severity.WARNING,
                f"{_name(span.boundary)} has a {form} of {len(text)} characters, of which only the first {most} count:"
                " it holds every connection that begins like that",
                Where((span.boundary.id,)),
                f"shorten it to {most} characters or fewer",
                "BD-011" if form == "name" else "BD-012",
            )


def _repeats(survey: Survey) -> Iterator[Finding]:
    same: dict[tuple[BoundaryKind, str, int, int], list[Boundary]] = defaultdict(list)
    for span in survey.spans:
        same[span.boundary.kind, span.line, span.low, span.high].append(span.boundary)
    for boundaries in same.values():
        if len(boundaries) > 1:
            names = name_some(repr(boundary.id) for boundary in boundaries)
            yield Finding(
                "duplicate-boundary",
                Severity.WARNING,
                f"boundaries {names} have the same value, {_brief(boundaries[0].value)}",
                Where(tuple(boundary.id for boundary in boundaries)),
                "keep one, and put that one into all of the groups",
            )


def _gaps(survey: Survey) -> Iterator[Finding]:
    """Small holes between the ranges of one group that no boundary of any group fills."""
    holes = {start: end for start, end in _holes(survey).items() if _is_small_gap(start[0], start[1], end)}
    for group, before, after in _gaps_in_groups(survey, holes):
        hole = _shown(before.line, before.high + 1, after.low - 1)
        yield Finding(
            "range-gap",
            Severity.NOTICE,
            f"between {_name(before.boundary)} and {_name(after.boundary)} of group {group.name} no boundary of a"
            f" group holds {hole}",
            Where((before.boundary.id, after.boundary.id), (group.id,)),
            "widen one of the ranges if there are clients in between",
        )


def count_wide_gaps(survey: Survey) -> int:
    """How many gaps between ranges of one group are too wide to be findings."""
    holes = {start: end for start, end in _holes(survey).items() if end - start[1] >= SMALL_GAP}
    return sum(1 for _ in _gaps_in_groups(survey, holes))


def _holes(survey: Survey) -> dict[tuple[str, int], int]:
    """Line and first address of every hole that no boundary of a group fills, and its last address."""
    covered: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for span in survey.spans:
        if _is_solid(span) and span.boundary.id in survey.groups_of:
            covered[span.line].append((span.low, span.high))
    # A hole that nobody fills is one between two neighbours of the merged line.
    return {
        (line, before[1] + 1): after[0] - 1
        for line, some in covered.items()
        for before, after in pairwise(merge_intervals(some))
    }


def _gaps_in_groups(survey: Survey, holes: dict[tuple[str, int], int]) -> Iterator[tuple[BoundaryGroup, Span, Span]]:
    """The holes that are between two ranges of a group, with the group and these ranges."""
    if not holes:
        return
    spans = {span.boundary.id: span for span in survey.spans if _is_solid(span)}
    for group in survey.data.groups:
        inside = [spans[name] for name in group.boundaries if name in spans]
        yield from ((group, before, after) for before, after in _gaps_of(inside, holes))


def _gaps_of(spans: Iterable[Span], holes: dict[tuple[str, int], int]) -> Iterator[tuple[Span, Span]]:
    last: dict[str, Span] = {}
    for span in sorted(spans, key=lambda one: (one.low, one.high)):
        before = last.get(span.line)
        if before is None or span.high > before.high:
            last[span.line] = span
        if before is not None and holes.get((span.line, before.high + 1)) == span.low - 1:
            yield before, span


def _is_solid(span: Span) -> bool:
    return span.boundary.kind in {BoundaryKind.IP_RANGE, BoundaryKind.IPV6_PREFIX}


def _is_small_gap(line: str, low: int, high: int) -> bool:
    """Few addresses, and one among them that a client can have whatever the mask."""
    if high - low >= SMALL_GAP:
        return False
    return line == IPV6 or any(number & 0xFF not in {0, 0xFF} for number in range(low, high + 1))


def _shown(line: str, low: int, high: int) -> str:
    kind = IPv4Address if line == IPV4 else IPv6Address
    return str(kind(low)) if low == high else f"{kind(low)} to {kind(high)}"


def _name(boundary: Boundary) -> str:
    """The boundary as a person knows it."""
    name, value = _brief(boundary.id), _brief(boundary.value)
    return f"boundary {name!r}" if name == value else f"boundary {name!r} ({value})"


def _brief(value: str) -> str:
    most = 60
    return value if len(value) <= most else f"{value[: most - 3]}..."
