"""Sources of content in a log, in the order that our own source plan gives them.

Each address that a log lists is taken for a source of its own, as the site would name it, and ``plan_sources`` orders
them. What no log shows of the client counts in favour of a source: that it has an account, takes access tokens, may
use shares and the cloud; the site lists for a client what it may use. What a log does not show of boundary groups is
which sources they prefer: the order is made with nothing preferred, and what a preference would make of it is told
besides.
"""

from collections.abc import Callable, Sequence

from ..model.content import ContentLocations, ContentSite, ContentUrl, LocationRecord
from ..model.endpoints import HTTP_PORT, HTTPS_PORT, Endpoint, Scheme
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.logchecks import RankedSources, RequestSaid, SourceView
from ..model.messages import MpSite
from ..model.names import HostName
from ..model.sources import PlannedSource, RejectedSource, SourcePlan, SourceTier
from ..model.story import LoggedSource
from .choose import SeededChooser
from .logaddresses import find_host_name, find_scheme, host_of, path_of
from .source_client import SourceClient
from .source_kinds import says_where
from .sources import plan_sources

__all__ = ["view_sources"]

_PREFERENCES: Sequence[tuple[str, frozenset[SourceTier], Callable[[SourceClient], SourceClient]]] = (
    (
        "whether a boundary group prefers distribution points over peers in the same subnet",
        frozenset({SourceTier.PEER_IN_SUBNET, SourceTier.DP_IN_SUBNET}),
        lambda client: client._replace(prefer_dps_over_peers=True),
    ),
    (
        "whether a boundary group prefers cloud sources",
        frozenset({SourceTier.CLOUD}),
        lambda client: client._replace(prefer_cloud=True),
    ),
)
"""What no log shows, with the tiers that all have to be there for it to count, and the client of whom it is true."""
_LOCATIONS = {True: NetworkLocation.INTERNET, False: NetworkLocation.INTRANET, None: NetworkLocation.UNKNOWN}
_MASKED = HostName("masked.invalid")
_SHARE = "\\\\"


def view_sources(sources: Sequence[LoggedSource], said: RequestSaid) -> SourceView:
    """Order the sources that a log lists.

    Args:
        sources: In any order, each once.
        said: What the log shows of the request.

    Returns:
        The order, and the orders under preferences that would change it. A single source needs no word for its
        nearness: there is nothing to put it before or behind.
    """
    client = SourceClient(
        NetworkFacts(network_location=_LOCATIONS[said.on_internet]),
        has_account=True,
        takes_tokens=True,
        may_use_http=said.allows_http is not False,
        may_use_smb=True,
        may_use_cloud=True,
    )
    records = tuple(_record(source, number) for number, source in enumerate(sources))
    plan = _plan(records, client)
    ranked = _ranked(sources, plan)
    usable = [source for group in ranked.groups for source in group]
    tiers = {one.source.tier for one in plan.ranked}
    others = tuple(
        (what, other)
        for what, moved, preferring in _PREFERENCES
        if moved <= tiers and (other := _ranked(sources, _plan(records, preferring(client)))).groups != ranked.groups
    )
    unknown = dict.fromkeys(_unknown_of(source, said) for source in usable) if usable[1:] else {}
    return SourceView(ranked, others, tuple(filter(None, unknown)))


def _plan(records: tuple[LocationRecord, ...], client: SourceClient) -> SourcePlan:
    answer = ContentLocations(sites=(ContentSite(MpSite(), records),))
    return plan_sources(None, answer, client, chooser=SeededChooser(0))


def _ranked(sources: Sequence[LoggedSource], plan: SourcePlan) -> RankedSources:
    groups: list[list[int]] = []
    for one in plan.ranked:
        if one.is_tie:
            groups[-1].append(_number_of(one))
        else:
            groups.append([_number_of(one)])
    taken = {number for group in groups for number in group}
    rejected = tuple(source for number, source in enumerate(sources) if number not in taken)
    judged: tuple[PlannedSource | RejectedSource, ...] = (*plan.ranked, *plan.rejected)
    rules = dict.fromkeys(reason.rule for one in judged for reason in one.reasons)
    ordered = tuple(tuple(sources[number] for number in sorted(group)) for group in groups)
    return RankedSources(ordered, rejected, tuple(rules))


def _record(source: LoggedSource, number: int) -> LocationRecord:
    """A source as an answer would name it, with its number at the end of its path."""
    record = LocationRecord(locality=source.locality, dp_type=source.dp_type, auth_method=source.auth_method)
    if source.url.startswith(_SHARE):
        return record._replace(smb_path=f"{source.url}#{number}")
    scheme = find_scheme(source.url) or Scheme.HTTPS
    port = HTTPS_PORT if scheme is Scheme.HTTPS else HTTP_PORT
    endpoint = Endpoint(scheme, find_host_name(source.url) or _MASKED, port)
    return record._replace(urls=(ContentUrl(endpoint, f"{path_of(source.url)}#{number}"),))


def _number_of(planned: PlannedSource) -> int:
    return int(planned.source.addresses[0].path.rpartition("#")[2])


def _unknown_of(source: LoggedSource, said: RequestSaid) -> str:
    """What has to be known of a source before it can be ordered; empty for nothing."""
    if not says_where(_record(source, 0)) and not said.on_internet:
        known = source.locality.strip("-")
        return f"what the locality {source.locality} means" if known else f"the locality of {host_of(source.url)}"
    if find_scheme(source.url) is None and not source.url.startswith(_SHARE):
        return f"whether {source.url} is HTTP or HTTPS"
    return ""
