"""Sources of content in a log, in the order that our rules give them.

The site says in a word how near a source is, and the address tells a peer and the cloud from a distribution point:

    source                                     place
    a peer in the client's subnet                  2
    a distribution point in its subnet             3
    a peer of its boundary group                   4
    a distribution point of that group             5
    one of a neighbour group                       6
    one of the fallback                            7
    the cloud                                     10

Places are those of the ten ranks of content sources. What a log does not show: which sources boundary groups prefer.
The order is made with nothing preferred; what a preference would make of it is told besides.
"""

from collections.abc import Mapping, Sequence

from ..model.endpoints import Scheme
from ..model.logchecks import RankedSources, RequestSaid, SourceView
from ..model.story import LoggedSource
from .logaddresses import find_scheme, host_of, is_cloud_source, is_peer
from .logdecisions import Explanations, source_reason

__all__ = ["view_sources"]

_PEER_IN_SUBNET, _DP_IN_SUBNET, _PEER_IN_GROUP = 2, 3, 4
_CLOUD = 10
_WORDS = {"SUBNETPEER": _PEER_IN_SUBNET, "SUBNET": _DP_IN_SUBNET, "LOCAL": 5, "REMOTE": 6, "FALLBACK": 7}
_PEER_WORDS = {"SUBNET": _PEER_IN_SUBNET, "LOCAL": _PEER_IN_GROUP}
_PREFERENCES: Mapping[str, Mapping[int, float]] = {
    "whether a boundary group prefers distribution points over peers in the same subnet": {_PEER_IN_SUBNET: 3.5},
    "whether a boundary group prefers cloud sources": {_CLOUD: 0},
}


def view_sources(sources: Sequence[LoggedSource], said: RequestSaid, explanations: Explanations) -> SourceView:
    """Order the sources that a log lists.

    Args:
        sources: In any order, each once.
        said: What the log shows of the request.
        explanations: Which rules speak of each word for nearness.

    Returns:
        The order, and the orders under preferences that would change it. A single source needs no word for its
        nearness: there is nothing to put it before or behind.
    """
    usable = [source for source in sources if not _is_barred(source, said)]
    rejected = tuple(source for source in sources if _is_barred(source, said))
    unknown = dict.fromkeys(_unplaced(source) for source in usable if not _place(source)) if usable[1:] else {}
    ranked = _ranked(usable, rejected, explanations, {})
    others = tuple(
        (what, other)
        for what, moved in _PREFERENCES.items()
        if (other := _ranked(usable, rejected, explanations, moved)).groups != ranked.groups
    )
    return SourceView(ranked, others, tuple(unknown))


def _is_barred(source: LoggedSource, said: RequestSaid) -> bool:
    """Whether it is over HTTP and the client may not use that: by its own settings, or on the internet."""
    return find_scheme(source.url) is Scheme.HTTP and (said.allows_http is False or said.on_internet is True)


def _place(source: LoggedSource) -> int:
    """Its place in the order; 0 for a word that nobody has explained."""
    if is_cloud_source(source.url):
        return _CLOUD
    words = {**_WORDS, **_PEER_WORDS} if is_peer(source.url) else _WORDS
    return words.get(source.locality.upper(), 0)


def _unplaced(source: LoggedSource) -> str:
    if source.locality.strip("-"):
        return f"what the locality {source.locality} means"
    return f"the locality of {host_of(source.url)}"


def _ranked(
    usable: Sequence[LoggedSource],
    rejected: tuple[LoggedSource, ...],
    explanations: Explanations,
    moved: Mapping[int, float],
) -> RankedSources:
    groups: dict[float, list[LoggedSource]] = {}
    for source in usable:
        place = _place(source)
        groups.setdefault(moved.get(place, place), []).append(source)
    ordered = tuple(tuple(groups[place]) for place in sorted(groups))
    reasons = (source_reason(source, explanations) for group in ordered for source in group)
    rules = tuple(dict.fromkeys(rule for reason in reasons if reason is not None for rule in reason.rules))
    return RankedSources(ordered, rejected, rules)
