"""What a source of a content location reply is to a client: its tier, and how near it is within it.

The word that the site has for it decides, in any case and with any mark between its parts:

    word                                           a distribution point            a peer
    SUBNET, SUBNETPEER                             in the subnet                   in the subnet
    ADSITE, ADSITEPEER                             in the current group, nearer    in the group
    LOCAL, BOUNDARYGROUP, PEER                     in the current group            in the group
    REMOTE, ADJACENT, NEIGHBOR, NEIGHBOUR          of a neighbour                  in the group
    FALLBACK, DEFAULT                              of the default group            in the group
    INTERNET                                       facing the internet             -
    none                                           in the subnet if an IP subnet of it is one of the client's (no
                                                   Teredo tunnel), else by the word for its site
    another                                        by the word for its site, else in the current group, last

A distribution point on the client's own computer comes before all of that, and a cloud source is one whatever the
word: by its type, its domain, or the path under which cloud management gateways have content. On the internet every
other distribution point that a site names faces the internet.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ..model.content import ContentSite, LocationRecord
from ..model.decision import Reason
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.messages import SiteLocality
from ..model.names import HostName
from ..model.rule import decides
from ..model.sources import SourceTier
from .subnets import shared_subnets

__all__ = ["TIER_RULES", "SourceKind", "find_kind", "is_peer", "says_where", "server_of"]

TIER_RULES: Mapping[SourceTier, tuple[str, str]] = {
    SourceTier.SAME_COMPUTER: ("CL-002", "a distribution point on this computer"),
    SourceTier.PEER_IN_SUBNET: ("CL-003", "a peer in the client's subnet"),
    SourceTier.DP_IN_SUBNET: ("CL-004", "a distribution point in the client's subnet"),
    SourceTier.PEER_IN_GROUP: ("CL-005", "a peer in the client's boundary group"),
    SourceTier.DP_IN_GROUP: ("CL-006", "a distribution point of the client's boundary group"),
    SourceTier.NEIGHBOUR_DP: ("CL-007", "a distribution point of a neighbour boundary group"),
    SourceTier.DEFAULT_GROUP_DP: ("CL-008", "a distribution point of the default site boundary group"),
    SourceTier.WINDOWS_UPDATE: ("CL-009", "Microsoft Update"),
    SourceTier.INTERNET_DP: ("CL-010", "an internet-facing distribution point"),
    SourceTier.CLOUD: ("CL-011", "a cloud source"),
}
"""For each tier the rule that gives it its place, and what it is in words."""

_WORDS: Mapping[str, tuple[SourceTier, int]] = {
    "SUBNET": (SourceTier.DP_IN_SUBNET, 0),
    "ADSITE": (SourceTier.DP_IN_GROUP, 0),
    "LOCAL": (SourceTier.DP_IN_GROUP, 1),
    "BOUNDARYGROUP": (SourceTier.DP_IN_GROUP, 1),
    "REMOTE": (SourceTier.NEIGHBOUR_DP, 1),
    "ADJACENT": (SourceTier.NEIGHBOUR_DP, 1),
    "NEIGHBOR": (SourceTier.NEIGHBOUR_DP, 1),
    "NEIGHBOUR": (SourceTier.NEIGHBOUR_DP, 1),
    "FALLBACK": (SourceTier.DEFAULT_GROUP_DP, 1),
    "DEFAULT": (SourceTier.DEFAULT_GROUP_DP, 1),
    "INTERNET": (SourceTier.INTERNET_DP, 1),
}
_SITES: Mapping[SiteLocality, SourceTier] = {
    SiteLocality.LOCAL: SourceTier.DP_IN_GROUP,
    SiteLocality.REMOTE: SourceTier.NEIGHBOUR_DP,
    SiteLocality.FALLBACK: SourceTier.DEFAULT_GROUP_DP,
}
_USUAL, _UNKNOWN = 1, 2  # how near, within a tier
_PEER = "PEER"
_PEER_FOLDER = "/sccm_branchcache$/"
_CLOUD_WORDS = ("AZURE", "CLOUD", "CMG")
_CLOUD_FOLDER = "/downloadrestservice.svc/"
_CLOUD_DOMAINS = ("cloudapp.net", "cloudapp.azure.com", "core.windows.net")


class SourceKind(NamedTuple):
    """What a source is to a client.

    Attributes:
        tier: Its tier.
        nearness: How near it is within the tier; less is nearer.
        reasons: Why; never empty.
    """

    tier: SourceTier
    nearness: int
    reasons: tuple[Reason, ...]


def find_kind(record: LocationRecord, site: ContentSite, facts: NetworkFacts) -> SourceKind:
    """Say what a source is to a client: the table of this module.

    Args:
        record: The source.
        site: The site that it is named under.
        facts: The client.
    """
    if _is_cloud(record):
        return _of_tier(SourceTier.CLOUD)
    if is_peer(record):
        word = _word(record).removesuffix(_PEER)
        return _of_tier(SourceTier.PEER_IN_SUBNET if word == "SUBNET" else SourceTier.PEER_IN_GROUP, _said(record))
    if server_of(record) is not None and server_of(record) == facts.host:
        return _of_tier(SourceTier.SAME_COMPUTER)
    if facts.network_location is NetworkLocation.INTERNET:
        return _facing_internet()
    return _by_word(record, site, facts)


@decides("CL-018")
def _facing_internet() -> SourceKind:
    why = Reason("CL-018", "the site was asked for those that face the internet, and named it")
    kind = _of_tier(SourceTier.INTERNET_DP)
    return kind._replace(reasons=(*kind.reasons, why))


@decides("CL-046")
def _by_word(record: LocationRecord, site: ContentSite, facts: NetworkFacts) -> SourceKind:
    word = _word(record)
    if word in _WORDS:
        tier, nearness = _WORDS[word]
        return _of_tier(tier, _said(record), nearness)
    shared = shared_subnets(record.ip_subnets, (address.network for address in facts.addresses))
    if not word and shared:
        same = Reason("CL-046", f"no word for where it is, and {min(shared)} is a subnet of both")
        return _of_tier(SourceTier.DP_IN_SUBNET, same)
    tier = _SITES.get(site.site.locality, SourceTier.DP_IN_GROUP)
    told = f"the word {record.locality!r} is not known" if word else "no word for where it is, and no common subnet"
    by_site = f"its site is {site.site.locality.value}" if site.site.locality in _SITES else "nor one for its site"
    return _of_tier(tier, Reason("CL-046", f"{told}; {by_site}"), _UNKNOWN)


@decides("CL-002", "CL-003", "CL-004", "CL-005", "CL-006", "CL-007", "CL-008", "CL-009", "CL-010", "CL-011", "CL-015")
def _of_tier(tier: SourceTier, why: Reason | None = None, nearness: int = _USUAL) -> SourceKind:
    """Of the ten kinds of source the number is the place."""
    rule, what = TIER_RULES[tier]
    return SourceKind(tier, nearness, (Reason(rule, what), *(() if why is None else (why,))))


def _said(record: LocationRecord) -> Reason:
    return Reason("CL-046", f"the site says {record.locality or 'nothing'} of where it is")


def says_where(record: LocationRecord) -> bool:
    """Whether the word for a source, or its addresses, say how near it is: not without a word, nor with an unknown one.

    Args:
        record: The source.
    """
    word = _word(record)
    is_peers = word.endswith(_PEER) and word.removesuffix(_PEER) in {*_WORDS, ""}
    return _is_cloud(record) or word in _WORDS or is_peers


def is_peer(record: LocationRecord) -> bool:
    """Whether a source is another client: the word for it, or where its addresses lead."""
    return _PEER in _word(record) or any(url.path.lower().startswith(_PEER_FOLDER) for url in record.urls)


def _is_cloud(record: LocationRecord) -> bool:
    words = (_word(record), record.dp_type.upper())
    if any(one in word for one in _CLOUD_WORDS for word in words):
        return True
    return any(
        url.path.lower().startswith(_CLOUD_FOLDER) or any(url.endpoint.host.is_in(domain) for domain in _CLOUD_DOMAINS)
        for url in record.urls
    )


def _word(record: LocationRecord) -> str:
    return "".join(letter for letter in record.locality.upper() if letter.isalnum())


def server_of(record: LocationRecord) -> HostName | None:
    """The server of a source: as it is named, else as its first address has it."""
    if record.server is not None:
        return record.server
    return record.urls[0].endpoint.host if record.urls else None
