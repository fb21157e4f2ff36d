"""The peers of a lab: clients that have content to give, and what a management point tells of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import ip_interface
from typing import NamedTuple

from ..model.content import ContentId, ContentUrl, LocationRecord
from ..model.endpoints import Endpoint, Scheme
from ..model.facts import InterfaceAddress, parse_address
from ..model.groups import BoundaryGroup
from ..model.names import HostName
from ..model.questions import AskingClient
from ..model.rule import decides
from ..protocol.tables import Table
from ..rules.group_options import combine_options
from ..rules.subnets import shared_subnets
from ..rules.timing import Destination, ports_of

__all__ = ["PEERS_AT_MOST", "PEERS_NAMED", "Peer", "find_peers", "read_peers"]

PEERS_NAMED, PEERS_AT_MOST = 25, 50  # CL-027: how many a site names, and how many it can be set to name
_FOLDER = "/SCCM_BranchCache$/"
_SECURE = 63  # SSL state bits that real answers have for peers
_NO_HOST = HostName("none.invalid")


class Peer(NamedTuple):
    """A client that gives content to others. The lab tells of it, and does not run it.

    Attributes:
        host: Its name.
        address: Where it is now.
        contents: What it has.
        online: Whether the site can reach it.
        domain_joined: Whether it is joined to a domain; else it is no source.
    """

    host: HostName
    address: InterfaceAddress
    contents: tuple[ContentId, ...] = ()
    online: bool = True
    domain_joined: bool = True


def read_peers(file: Table) -> Iterator[Peer]:
    """Read ``[[peers]]``: host, address, contents, online, domain_joined."""
    for table in file.tables("peers"):
        peer = Peer(
            host=table.text("host", HostName, _NO_HOST, required=True),
            address=table.text("address", parse_address, InterfaceAddress("127.0.0.1", 8), required=True),
            contents=table.texts("contents", ContentId),
            online=table.flag("online", fallback=True),
            domain_joined=table.flag("domain_joined", fallback=True),
        )
        table.end()
        yield peer


@decides("CF-033", "CL-025", "CL-027", "CL-034", "BG-051", "BG-052")
def find_peers(
    peers: Iterable[Peer],
    content: ContentId,
    client: AskingClient,
    groups: Sequence[BoundaryGroup],
    *,
    groups_at: Callable[[InterfaceAddress], Sequence[BoundaryGroup]],
    most: int = PEERS_NAMED,
) -> list[LocationRecord]:
    """The peers that a client is told of: online, with the content, and now in a boundary group that holds the client.

    One that is joined to no domain is none.

    Args:
        peers: Every peer.
        content: What is wanted.
        client: Who asks.
        groups: The boundary groups that hold it; never their neighbours.
        groups_at: The boundary groups that hold an address.
        most: How many are told at most; never more than 50.
    """
    options = combine_options(groups)
    if not options.allow_peers.is_on:
        return []
    held = {group.id for group in groups}
    subnets = [one.network for one in client.addresses]
    found = []
    for peer in peers:
        near = held.intersection(group.id for group in groups_at(peer.address))
        if not (peer.online and peer.domain_joined) or content not in peer.contents or not near:
            continue
        is_same = bool(shared_subnets([peer.address.network], subnets))
        if is_same or not options.peers_in_subnet_only.is_on:
            found.append(_record(peer, content, "SUBNETPEER" if is_same else "PEER"))
    found.sort(key=lambda record: record.locality != "SUBNETPEER")
    return found[: min(most, PEERS_AT_MOST)]


def _record(peer: Peer, content: ContentId, locality: str) -> LocationRecord:
    (port,) = ports_of(Destination.PEER).other
    network = str(ip_interface(str(peer.address)).network.network_address)
    return LocationRecord(
        urls=(ContentUrl(Endpoint(Scheme.HTTPS, peer.host, port), f"{_FOLDER}{content}"),),
        ip_subnets=(network,),
        ssl_state=_SECURE,
        server=peer.host,
        forest_trusted=True,
        locality=locality,
    )
