"""From the facts of a machine to its place as boundaries look at it."""

from ipaddress import IPv4Address, ip_address

from ..model.boundary import Connection, NetworkPlace
from ..model.facts import Adapter, ClientKind, InterfaceAddress, Membership, NetworkFacts
from ..model.names import AdSiteName
from ..model.rule import decides

__all__ = ["find_place"]

_PPP = 23  # IANA's number for the kind of connection that a PPTP VPN is


def find_place(facts: NetworkFacts) -> NetworkPlace:
    """Say where a machine is: every address, its AD site if it can be in one, every connection."""
    if facts.client_kind is ClientKind.MDM:
        return _device_place(facts)
    return NetworkPlace(
        addresses=facts.addresses,
        ad_site=_ad_site(facts),
        connections=tuple(map(_connection, facts.adapters)),
    )


@decides("BD-018", "MD-007")
def _device_place(facts: NetworkFacts) -> NetworkPlace:
    """On-premises device management knows IPv4 ranges alone: a bare address is in no other kind of boundary."""
    bare = (InterfaceAddress(one.address) for one in facts.addresses)
    return NetworkPlace(
        tuple(one for one in bare if isinstance(ip_address(one.address), IPv4Address)), ranges_only=True
    )


@decides("CF-031")
def _ad_site(facts: NetworkFacts) -> AdSiteName | None:
    """A machine that is joined to Azure AD alone is in no AD site, wherever it roams."""
    return None if facts.membership is Membership.AZURE_AD else facts.ad_site


def _connection(adapter: Adapter) -> Connection:
    return Connection(adapter.name, adapter.description, is_pptp=_is_pptp(adapter))


@decides("BD-010")
def _is_pptp(adapter: Adapter) -> bool | None:
    """Whether a connection is a PPTP one; None where its kind does not rule it out and its description does not say."""
    if adapter.if_type not in {None, _PPP}:
        return False
    return True if "pptp" in adapter.description.casefold() else None
