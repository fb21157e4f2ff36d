"""Boundary groups before version 1610 (CM 2012, and 1511 to 1606), and what a client does for content there.

There were no relationships: a distribution point is *preferred*, by a boundary group of the client, or a *fallback*
one, by a flag of its own. What the client does follows from four things:

    P  a preferred one has the content          F  the deployment allows fallback
    D  the site distributes it on demand        B  download from a fallback one, or do not

    P   F   D   B     named                     client                          site
    yes no  any any   preferred                 downloads, preferred            -
    yes yes any any   preferred and fallback    downloads, preferred            -
    no  no  no  any   none                      asks again in an hour           -
    no  yes no  no    fallback                  asks again in an hour           -
    no  yes no  yes   fallback                  downloads, fallback             -
    no  no  yes any   none                      asks again in an hour           distributes
    no  yes yes no    fallback                  asks again in an hour           distributes
    no  yes yes yes   fallback                  downloads, fallback             distributes

A fallback one that has the content is taken for there, and those named can be reached.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from ..model.decision import Reason
from ..model.groups import Role
from ..model.names import HostName
from ..model.rule import decides
from .timing import EARLY_CONTENT_RETRY

__all__ = [
    "EarlyGroup",
    "EarlyKind",
    "EarlyOutcome",
    "EarlyReference",
    "EarlyServer",
    "decide_early_content",
    "find_early_servers",
]

_BY_GROUP = frozenset({Role.DISTRIBUTION_POINT, Role.STATE_MIGRATION_POINT, Role.MANAGEMENT_POINT})


class EarlyKind(Enum):
    """What a server is to a client."""

    PREFERRED = "preferred"
    """A boundary group of the client references it."""
    FALLBACK = "fallback"
    """None does, and it is marked as a fallback location for content."""


class EarlyReference(NamedTuple):
    """A server that a boundary group references.

    Attributes:
        host: The server.
        is_slow: Whether its connection, for clients of this group, is slow; otherwise it is fast.
    """

    host: HostName
    is_slow: bool = False


class EarlyGroup(NamedTuple):
    """A boundary group.

    Attributes:
        name: Its name.
        references: Its servers.
    """

    name: str
    references: tuple[EarlyReference, ...] = ()


class EarlyServer(NamedTuple):
    """A server of a role, as it is to a client.

    Attributes:
        host: The server.
        kind: Preferred or fallback.
        is_slow: Whether the client's connection to it is slow; None for a fallback one, which none of its groups has.
        reason: Why.
    """

    host: HostName
    kind: EarlyKind
    is_slow: bool | None
    reason: Reason


class EarlyOutcome(NamedTuple):
    """What comes of a request for content.

    Attributes:
        asks_fallback: Whether the request carries the flag for fallback locations.
        named: What kinds of distribution points the answer has; empty for an empty list.
        takes: From which of them the client downloads; None when from none.
        retry: Seconds after which it asks again, for content that is "not available"; None when it downloads.
        distributes: Whether the site now brings the content to all preferred distribution points.
        reasons: Why, the scenario first.
    """

    asks_fallback: bool
    named: frozenset[EarlyKind]
    takes: EarlyKind | None
    retry: float | None
    distributes: bool
    reasons: tuple[Reason, ...]


@decides("BG-060", "BG-061", "BG-063")
def find_early_servers(
    groups: Iterable[EarlyGroup], role: Role, *, serving: Iterable[HostName], fallback: Iterable[HostName] = ()
) -> tuple[EarlyServer, ...]:
    """Find the servers of a role that boundary groups give a client.

    Args:
        groups: The groups that hold the client; the groups of others do not count.
        role: The role.
        serving: The servers that have it; for content those that hold the content.
        fallback: Distribution points that are marked as fallback locations for content.

    Returns:
        The preferred ones, then the fallback ones, each by name. A server that several groups reference is slow where
        all of them say so. Empty for software update points and gateways: boundary groups were for assignment, content
        and preferred management points.
    """
    if role not in _BY_GROUP:
        return ()
    slow: dict[HostName, list[bool]] = {}
    for group in groups:
        for reference in group.references:
            slow.setdefault(reference.host, []).append(reference.is_slow)
    hosts = sorted(set(serving))
    found = [_preferred(host, all(slow[host])) for host in hosts if host in slow]
    if role is Role.DISTRIBUTION_POINT:
        others = set(fallback) - set(slow)
        found += [EarlyServer(host, EarlyKind.FALLBACK, None, _FALLBACK) for host in hosts if host in others]
    return tuple(found)


_FALLBACK = Reason("BG-060", "it is marked as a fallback location, and no boundary group of the client references it")


def _preferred(host: HostName, is_slow: bool) -> EarlyServer:  # noqa: FBT001 - one fact
    speed = "slow" if is_slow else "fast"
    text = f"a boundary group of the client references it, with a {speed} connection"
    return EarlyServer(host, EarlyKind.PREFERRED, is_slow, Reason("BG-061", text))


@decides("CL-063", "CL-064", "CL-066", "CL-067", "CL-069", "TM-013")
def decide_early_content(*, preferred: bool, fallback: bool, on_demand: bool, may_download: bool) -> EarlyOutcome:
    """Say what comes of a request for content; the table of this module.

    Args:
        preferred: P: a preferred distribution point has the content.
        fallback: F: the deployment allows fallback locations.
        on_demand: D: the site distributes the content on demand.
        may_download: B: the deployment lets the client download from a slow or fallback one.
    """
    named = {kind for kind, there in ((EarlyKind.PREFERRED, preferred), (EarlyKind.FALLBACK, fallback)) if there}
    takes = EarlyKind.PREFERRED if preferred else EarlyKind.FALLBACK if fallback and may_download else None
    flag = Reason("CL-069", f"fallback is {'allowed' if fallback else 'not allowed'}: the flag is {_sent(fallback)}")
    return EarlyOutcome(
        asks_fallback=fallback,
        named=frozenset(named),
        takes=takes,
        retry=EARLY_CONTENT_RETRY if takes is None else None,
        distributes=on_demand and not preferred,
        reasons=(_scenario(takes, fallback=fallback, on_demand=on_demand, may_download=may_download), flag),
    )


def _sent(flag: bool) -> str:  # noqa: FBT001 - one fact
    return "sent" if flag else "not sent"


def _scenario(takes: EarlyKind | None, *, fallback: bool, on_demand: bool, may_download: bool) -> Reason:
    """The scenario, by number of the catalogue."""
    if takes is EarlyKind.PREFERRED:
        rule = ("CL-062" if may_download else "CL-061") if fallback else "CL-060"
        return Reason(rule, "a preferred distribution point has the content, and serves it")
    if takes is EarlyKind.FALLBACK:
        others = "; the site brings it to the preferred ones for other clients" if on_demand else ""
        rule = "CL-068" if on_demand else "CL-065"
        return Reason(rule, f"no preferred one has the content, and a fallback one serves it{others}")
    what = "fallback ones are named and not used" if fallback else "none is named"
    rules = ("CL-066", "CL-067") if on_demand else ("CL-063", "CL-064")
    later = ", and the site brings the content to the preferred ones meanwhile" if on_demand else ""
    return Reason(rules[fallback], f"no preferred one has the content: {what}; asked again every hour{later}")
