"""Where a client is by what its location request says: nothing else of it counts, not even where it comes from."""

from ipaddress import ip_address, ip_network

from ..model.boundary import NetworkPlace
from ..model.facts import Adapter, InterfaceAddress, Membership, NetworkFacts
from ..model.questions import AskingAddress, AskingClient
from ..rules.places import find_place

__all__ = ["find_asking_place"]


def find_asking_place(client: AskingClient) -> NetworkPlace:
    """Say where a client is that sends a location request."""
    addresses = tuple(map(_prefixed, client.addresses))
    # A request says which connections there are and which addresses, not which address is of which connection.
    first, *others = client.adapters or (Adapter(""),)
    facts = NetworkFacts(
        membership=Membership.WORKGROUP if client.domain is None else Membership.DOMAIN,
        ad_site=client.ad_site,
        adapters=(first._replace(addresses=addresses), *others),
    )
    return find_place(facts)


def _prefixed(one: AskingAddress) -> InterfaceAddress:
    """An address with a prefix that leads to its network id: what matters of a subnet is that id alone."""
    address = ip_address(one.address)
    lengths = range(address.max_prefixlen, -1, -1)
    fitting = (n for n in lengths if str(ip_network((address, n), strict=False).network_address) == one.network)
    return InterfaceAddress(one.address, next(fitting, None))
