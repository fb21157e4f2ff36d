"""Which source a client turns to first, which next, and when: a content location reply as a timeline of sources.

The order has ten tiers (``model.sources.SourceTier``); two options of boundary groups change it. Within a tier comes
what is nearer by the word of the site, then HTTPS before HTTP and access tokens, then chance. A task sequence has an
order of its own (``rules.task_sequence_sources``). A source that opens later stands behind every one that opens
earlier.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from ..model.content import ContentKind, ContentLocations, ContentReference, ContentSite, LocationRecord
from ..model.decision import Reason
from ..model.endpoints import Scheme
from ..model.names import HostName
from ..model.rule import decides
from ..model.sources import (
    ContentSource,
    PlannedSource,
    RejectedSource,
    SourceAddress,
    SourceOrder,
    SourcePlan,
    SourceTier,
)
from .choose import SeededChooser
from .cloud_content import find_cloud_bar
from .edition import CATALOGUE_VERSION
from .pools import PoolEntry
from .source_addresses import find_addresses, takes_tokens_alone
from .source_client import SourceClient, find_peer_bar
from .source_kinds import TIER_RULES, SourceKind, find_kind, server_of
from .task_sequence_sources import find_deployment_bar, task_sequence_place

__all__ = ["KindBar", "plan_sources"]

KindBar = Callable[[ContentSource, SourceClient], Reason | None]
"""Says why a client of some kind may not use a source at all; None when it may. The source has all of its addresses
that the client could try."""

_MINUTE = 60.0
_USUAL_FALLBACK = 120  # minutes: BG-024, of the link to a default site boundary group
_MOST_UPCOMING = 10  # that a person wants to read
_PEERS = frozenset({SourceTier.PEER_IN_SUBNET, SourceTier.PEER_IN_GROUP})
_BY_POOL = frozenset({SourceTier.DP_IN_GROUP, SourceTier.NEIGHBOUR_DP, SourceTier.DEFAULT_GROUP_DP})


class _Judged(NamedTuple):
    """A source that may be used, and what it is sorted by."""

    planned: PlannedSource
    place: tuple[float, int, int, bool]
    draw: float


def plan_sources(
    content: ContentReference | None,
    answer: ContentLocations,
    client: SourceClient,
    *,
    chooser: SeededChooser,
    pool: Iterable[PoolEntry] = (),
    named_at: Mapping[HostName, float] = {},
    began: float = 0.0,
    bar: KindBar = lambda _source, _client: None,
) -> SourcePlan:
    """Turn the answer to a content location request into a plan.

    Args:
        content: What is wanted; None for the client package.
        answer: What the site said.
        client: Who asks.
        chooser: Chance, for sources that the rules call equal.
        pool: Which distribution points join when, as far as boundary data says it; it decides when a distribution
            point of a group opens, where it has that server.
        named_at: For each server when the site named it first, in seconds from the begin of the job; what is not in
            it was named from the begin on. Counts for every source that the pool does not decide.
        began: When the minutes of the pool began to count, in seconds from the begin of the job: later than that for a
            client that has moved meanwhile.
        bar: Why this kind of client may not use a source; None for no such reason.

    Returns:
        Every record of the answer ranked or rejected, and Microsoft Update where it is one.
    """
    entries = {entry.host: entry for entry in pool}
    judged: list[_Judged] = []
    rejected: list[RejectedSource] = []
    taken: set[SourceAddress] = set()
    for record, site in _by_nearness(answer, client):
        kind = find_kind(record, site, client.facts)
        ways = find_addresses(record, client)
        fresh = tuple(way for way in ways.usable if way not in taken)
        source = ContentSource(kind.tier, fresh, server_of(record), site.site.site_code)
        why = _find_bar(source, content, client) or bar(source, client)
        if why is None and not ways.usable:
            rejected.append(RejectedSource(source, ways.bars))
        elif why is None and not fresh:
            rejected.append(RejectedSource(source, (Reason("CL-001", "named already, at no worse a place"),)))
        elif why is not None:
            rejected.append(RejectedSource(source, (why,)))
        else:
            taken.update(fresh)
            opening = _find_opening(source, entries, named_at, client, began)
            judged.append(_judge(source, kind, ways.bars, opening, client, entries, chooser))
    update, why_not = _microsoft_update(content, answer, client, judged)
    if update is not None:
        judged.append(update)
    judged.sort(key=lambda one: (one.planned.opens_after, one.place, one.draw))
    return SourcePlan(
        content=content,
        order=client.order,
        ranked=tuple(_with_ties(judged)),
        rejected=tuple(rejected),
        notes=(*_notes(client, why_not), *_upcoming(judged, entries, client, began)),
        seed=chooser.seed,
        catalogue=CATALOGUE_VERSION,
    )


def _by_nearness(answer: ContentLocations, client: SourceClient) -> list[tuple[LocationRecord, ContentSite]]:
    """Every record with its site; of one that is named twice the nearer first."""
    named = [(record, site) for site in answer.sites for record in site.records]
    kinds = [find_kind(record, site, client.facts) for record, site in named]
    order = sorted(range(len(named)), key=lambda number: (kinds[number].tier, kinds[number].nearness))
    return [named[number] for number in order]


# --- whether ---


def _find_bar(source: ContentSource, content: ContentReference | None, client: SourceClient) -> Reason | None:
    """Why the client may not use a source, whatever its addresses."""
    if client.on_internet and source.tier in _PEERS:
        return Reason("CL-018", "on the internet only internet-facing and cloud sources are used, no peers")
    if source.tier in _PEERS and (bar := find_peer_bar(client)) is not None:
        return bar
    if source.tier is SourceTier.CLOUD:
        return _find_cloud_bar(content, client)
    return find_deployment_bar(source.tier, client.deployment) if client.order is SourceOrder.TASK_SEQUENCE else None


@decides("NET-025", "CL-071")
def _find_cloud_bar(content: ContentReference | None, client: SourceClient) -> Reason | None:
    """Whoever may use cloud sources at all may, joined to a domain or not; but see internet-based clients."""
    if (bar := find_cloud_bar(client.facts, allowed=client.may_use_cloud)) is not None:
        return bar
    if client.on_internet and client.is_internet_based and content and content.kind is ContentKind.UPDATE:
        why = "an internet-based client gets updates from Microsoft Update, then internet-facing distribution points"
        return Reason("NET-025", why)
    return None


# --- when ---


@decides("CL-036", "BG-030", "BG-031")
def _find_opening(
    source: ContentSource,
    pool: Mapping[HostName, PoolEntry],
    named_at: Mapping[HostName, float],
    client: SourceClient,
    began: float,
) -> tuple[float, Reason | None]:
    """When a source may be used: by boundary data where it has it, else since the site names it."""
    named = 0.0 if source.server is None else named_at.get(source.server, 0.0)
    entry = None if source.server is None else pool.get(source.server)
    if client.order is SourceOrder.TASK_SEQUENCE:
        return 0.0, None
    if entry is not None and source.tier in _BY_POOL:
        return began + entry.minute * _MINUTE, entry.reason
    if named:
        return named, Reason("CL-036", f"the site widened its search: named {named:.0f} s after the begin")
    return 0.0, None


# --- in which order ---


def _judge(
    source: ContentSource,
    kind: SourceKind,
    bars: tuple[Reason, ...],
    opening: tuple[float, Reason | None],
    client: SourceClient,
    pool: Mapping[HostName, PoolEntry],
    chooser: SeededChooser,
) -> _Judged:
    opens_after, why = opening
    place, moved = _place(source, client, pool)
    reasons = (*moved, *kind.reasons, *(() if why is None else (why,)), *bars)
    first = source.addresses[0]
    is_last = first.endpoint is None or first.endpoint.scheme is Scheme.HTTP or takes_tokens_alone(first)
    label = f"source {source.server or ''} {first}"
    return _Judged(
        PlannedSource(source, opens_after, reasons),
        (*place, kind.nearness, is_last),
        chooser.draw(label),
    )


def _place(
    source: ContentSource, client: SourceClient, pool: Mapping[HostName, PoolEntry]
) -> tuple[tuple[float, int], tuple[Reason, ...]]:
    """The place of a source, and which rules moved it from the usual one."""
    tier = source.tier
    if client.order is SourceOrder.TASK_SEQUENCE:
        entry = None if source.server is None else pool.get(source.server)
        return task_sequence_place(tier, None if entry is None else entry.minute)
    if client.prefer_dps_over_peers and (swapped := _swapped(tier)) is not None:
        return (swapped, 0), (Reason("CL-013", "a boundary group prefers distribution points"),)
    if client.prefer_cloud and tier in {SourceTier.WINDOWS_UPDATE, SourceTier.CLOUD}:
        return _cloud_first(tier)
    if tier is SourceTier.CLOUD:
        return (float(tier), 0), (_last_resort(client), *_any_cloud())
    return (float(tier), 0), ()


@decides("CL-013", "BG-053")
def _swapped(tier: SourceTier) -> float | None:
    """Peers and distribution points of the client's subnet change places, and nothing else does."""
    places = {SourceTier.PEER_IN_SUBNET: SourceTier.DP_IN_SUBNET, SourceTier.DP_IN_SUBNET: SourceTier.PEER_IN_SUBNET}
    return float(places[tier]) if tier in places else None


@decides("CL-014", "BG-055", "CL-012")
def _cloud_first(tier: SourceTier) -> tuple[tuple[float, int], tuple[Reason, ...]]:
    """Behind a distribution point on the same computer, before everything else; among themselves as always."""
    place = SourceTier.SAME_COMPUTER + tier / 100
    why = Reason("CL-014", "a boundary group of the client prefers cloud sources")
    return (place, 0), (why, *(_any_cloud() if tier is SourceTier.CLOUD else ()))


@decides("CL-070")
def _last_resort(client: SourceClient) -> Reason:
    where = "on the internet it is a source like others" if client.on_internet else "only when none on premises serves"
    return Reason("CL-070", f"{where}: it stands last")


@decides("CL-016")
def _any_cloud() -> tuple[Reason, ...]:
    return (Reason("CL-016", "among cloud sources chance decides: a client knows nothing of regions"),)


def _with_ties(judged: Iterable[_Judged]) -> Iterator[PlannedSource]:
    before: _Judged | None = None
    for one in judged:
        is_tie = before is not None and (before.planned.opens_after, before.place) == (
            one.planned.opens_after,
            one.place,
        )
        yield one.planned._replace(is_tie=is_tie)
        before = one


# --- Microsoft Update ---


@decides("CL-031", "NET-025", "NET-026")
def _microsoft_update(
    content: ContentReference | None, answer: ContentLocations, client: SourceClient, judged: Iterable[_Judged]
) -> tuple[_Judged | None, Reason | None]:
    """Microsoft Update, for updates alone: first for an internet-based client, else where the deployment allows it."""
    if content is None or content.kind is not ContentKind.UPDATE:
        return None, None
    rule, what = TIER_RULES[SourceTier.WINDOWS_UPDATE]
    source = ContentSource(SourceTier.WINDOWS_UPDATE, ())
    place, moved = _place(source, client, {})
    if client.on_internet and client.is_internet_based:
        why = Reason("NET-025", f"{what} comes first for an internet-based client")
        return _Judged(PlannedSource(source, 0.0, (why, Reason(rule, what))), (*place, 0, False), 0.0), None
    if not client.deployment.microsoft_update:
        return None, Reason("NET-026", "Microsoft Update is no source: the deployment does not allow it (CL-031)")
    opens_after, why = _after_every_group(answer, client, judged)
    reasons = (*moved, why, Reason(rule, what))
    return _Judged(PlannedSource(source, opens_after, reasons), (*place, 0, False), 0.0), None


def _after_every_group(
    answer: ContentLocations, client: SourceClient, judged: Iterable[_Judged]
) -> tuple[float, Reason]:
    """When no distribution point of current, neighbour and default groups can join any more."""
    if client.prefer_cloud or client.on_internet or client.order is SourceOrder.TASK_SEQUENCE:
        return 0.0, Reason("CL-031", "the deployment allows it")
    default = (one.planned for one in judged if one.planned.source.tier is SourceTier.DEFAULT_GROUP_DP)
    named = [one.opens_after for one in default]
    if named:
        return max(named), Reason("CL-031", "the deployment allows it when no distribution point of any group serves")
    is_in_group = answer.boundary_groups is None or bool(answer.boundary_groups.groups)
    usual = _USUAL_FALLBACK if is_in_group else 0
    minutes = usual if client.default_group_minutes is None else client.default_group_minutes
    text = f"the deployment allows it when no group has the update, the default one (minute {minutes}) included"
    return minutes * _MINUTE, Reason("CL-031", text)


@decides("BG-033")
def _upcoming(
    judged: Iterable[_Judged], pool: Mapping[HostName, PoolEntry], client: SourceClient, began: float
) -> list[Reason]:
    """What may join later by boundary data, which does not say who has the content; the first ones alone."""
    named = {one.planned.source.server for one in judged}
    later = [one for one in pool.values() if one.minute and one.host not in named]
    if client.order is SourceOrder.TASK_SEQUENCE or not later:
        return []
    since = f" (minutes count from {began:.0f} s after the begin)" if began else ""
    text = "at minute {0.minute} {0.host} may join: {0.reason.text}"
    return [Reason(one.reason.rule, text.format(one) + since) for one in sorted(later)[:_MOST_UPCOMING]]


def _notes(client: SourceClient, why_not: Reason | None) -> Iterator[Reason]:
    if client.order is SourceOrder.TASK_SEQUENCE:
        yield Reason("CL-038", "a task sequence does not wait: fallback times only sort neighbours")
    if why_not is not None:
        yield why_not
