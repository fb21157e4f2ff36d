"""WINS, where a program brings a look-up of its own: when it may be asked, for which name, and what an answer is."""

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address

from ..model.decision import Candidate, Discovered, Origin, Policy, Reason, SourceKind, Unreadable
from ..model.endpoints import ManagementPoint, Protocols
from ..model.facts import ClientKind, NetworkFacts, NetworkLocation
from ..model.legacy import DefaultKind
from ..model.names import HostName
from ..model.netbios import NetbiosName, cluster_name, management_point_name
from ..model.rule import decides

__all__ = ["find_wins_bar", "read_wins_addresses", "wins_name"]

_MOST_ADDRESSES = 25  # of one name, as many as a WINS server keeps; against an answer without an end


@decides("WL-007", "WL-008")
def wins_name(policy: Policy) -> NetbiosName | None:
    """The name to look up: that of the assigned site; None when there is none."""
    site = policy.assigned_site
    if site is None:
        return None
    is_cluster = policy.legacy is not None and policy.legacy.default_kind is DefaultKind.CLUSTER
    return cluster_name(site) if is_cluster else management_point_name(site)


def find_wins_bar(
    facts: NetworkFacts, policy: Policy, *, is_wanted: bool, has_service: bool, has_root_key: bool
) -> Reason | None:
    """Why WINS may not be asked; None when it may.

    Args:
        facts: What is known of the client.
        policy: Its site, and whether it may use HTTP.
        is_wanted: Whether the settings let it be asked (``SMSDIRECTORYLOOKUP`` is not ``NOWINS``).
        has_service: Whether there is somebody who can ask it.
        has_root_key: Whether a trusted root key is known already.
    """
    if not is_wanted:
        return Reason("WL-004", "the settings forbid it (wins_lookup, SMSDIRECTORYLOOKUP=NOWINS)")
    if facts.client_kind is not ClientKind.WINDOWS or facts.network_location is NetworkLocation.INTERNET:
        return Reason("WL-003", "it leads to HTTP on the intranet alone, and this client is not one for that")
    if not policy.may_use_http:
        return Reason("WL-003", f"it leads to HTTP alone, which is not allowed: {policy.http_reason}")
    name = wins_name(policy)
    if name is None:
        return Reason("WL-007", "the name to look up holds the site code, and none is known: give --site-code")
    if not has_service:
        by_hand = f"look up {name} there and give what you find by hand (management_points)"
        return Reason("WL-001", f"cmclient does not speak NetBIOS: {by_hand}")
    if not has_root_key:
        text = "nothing tells whom it names from an impostor: no trusted root key is known (SMSPUBLICROOTKEY)"
        return Reason("WL-005", text)
    return None


@decides("WL-003")
def read_wins_addresses(name: NetbiosName, addresses: Iterable[str], policy: Policy) -> Discovered:
    """What a look-up gave: addresses of management points that take HTTP.

    Args:
        name: What was looked up.
        addresses: What the look-up gave; anything at all may stand in it.
        policy: The client's site, whose they are.

    Returns:
        The candidates, in the order of the answer, each once; what is no IPv4 address, and what stands beyond the
        25th, cannot be read.
    """
    origin = Origin(SourceKind.WINS, str(name))
    found: dict[HostName, Candidate] = {}
    unreadable: list[Unreadable] = []
    for place, text in enumerate(addresses):
        if place == _MOST_ADDRESSES:
            unreadable.append(Unreadable(str(name), origin, f"more than {_MOST_ADDRESSES} addresses", "limit"))
            break
        try:
            host = HostName(str(IPv4Address(text)))
        except AddressValueError:
            shown = ascii(text)[1:41]
            unreadable.append(
                Unreadable(shown, origin, "it is no IPv4 address, and a NetBIOS name has no other", "WL-007")
            )
            continue
        mp = ManagementPoint(host, policy.assigned_site, protocols=Protocols.HTTP)
        found.setdefault(host, Candidate(mp, (origin,)))
    return Discovered(tuple(found.values()), tuple(unreadable))
