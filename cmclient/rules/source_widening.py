"""How the search for content widens: what a site named when, and when it is to be asked again.

A client does not know the fallback times of its boundary groups. It keeps asking, and the site names more servers as
these times pass. A client that moves is in other groups, and its search begins anew.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..model.content import BoundaryGroupReference, ContentLocations, ContentSite
from ..model.names import HostName
from ..model.rule import decides
from .pools import PoolEntry
from .source_kinds import server_of

__all__ = ["SourceHistory", "follow_answer", "next_question"]

_MINUTE = 60.0
_MOST_KEPT = 2_000  # sources of earlier answers: a site that names ever new ones must not fill the memory


class SourceHistory(NamedTuple):
    """What a site has said in the course of a job. Times are seconds from the begin of the job.

    Attributes:
        answer: What it says, with what it named before in the same boundary groups.
        groups: The client's boundary groups; None while the site has not named any.
        named_at: For each server when it was named first.
        began: When the client came to where it is: the begin of the job, unless it moved.
    """

    answer: ContentLocations = ContentLocations()
    groups: frozenset[BoundaryGroupReference] | None = None
    named_at: Mapping[HostName, float] = {}
    began: float = 0.0


@decides("BG-030", "BG-031", "NET-023")
def follow_answer(history: SourceHistory, answer: ContentLocations, elapsed: float, *, moved: bool) -> SourceHistory:
    """Follow an answer: sources named before stay, unless the client is somewhere else now.

    Args:
        history: What was said before.
        answer: What is said now.
        elapsed: When.
        moved: The client knows itself that it is somewhere else.
    """
    groups = None if answer.boundary_groups is None else frozenset(answer.boundary_groups.groups)
    elsewhere = history.groups is not None and groups is not None and groups != history.groups
    if moved or elsewhere:
        history = SourceHistory(began=elapsed)
    kept = _only_before(history.answer.sites, answer.sites)
    sites = (*answer.sites, *kept)
    named_at = {host: history.named_at.get(host, elapsed) for host in _servers(sites)}
    known = history.groups if groups is None else groups
    return SourceHistory(answer._replace(sites=sites), known, named_at, history.began)


def _only_before(before: Iterable[ContentSite], now: Iterable[ContentSite]) -> list[ContentSite]:
    """What was named before and is not named now; a source without a server cannot be told from another."""
    named: set[HostName | None] = {None, *_servers(now)}
    kept: list[ContentSite] = []
    left = _MOST_KEPT
    for site in before:
        records = tuple(one for one in site.records if server_of(one) not in named)[:left]
        left -= len(records)
        if records:
            kept.append(site._replace(records=records))
    return kept


def _servers(sites: Iterable[ContentSite]) -> set[HostName]:
    return {host for site in sites for one in site.records if (host := server_of(one)) is not None}


@decides("CL-036")
def next_question(history: SourceHistory, pool: Iterable[PoolEntry], elapsed: float, *, interval: float) -> float:
    """When the site is to be asked again: at the next fallback time that is known, at the interval at the latest.

    Args:
        history: What was said by now.
        pool: Which distribution points join when; empty when nobody said.
        elapsed: Now.
        interval: Seconds between two questions at most.
    """
    opens = (history.began + entry.minute * _MINUTE for entry in pool)
    return min([elapsed + interval, *(at for at in opens if at > elapsed)])
