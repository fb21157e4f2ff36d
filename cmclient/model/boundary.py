"""Boundaries: what ties a network location to boundary groups."""

from enum import Enum
from typing import NamedTuple

from .facts import InterfaceAddress
from .names import AdSiteName

__all__ = ["Boundary", "BoundaryKind", "Connection", "NetworkPlace"]


class BoundaryKind(Enum):
    """The five kinds of boundary (BD-001)."""

    IP_SUBNET = "ip-subnet"
    AD_SITE = "ad-site"
    IPV6_PREFIX = "ipv6-prefix"
    IP_RANGE = "ip-range"
    VPN = "vpn"


class Boundary(NamedTuple):
    """A boundary as an administrator entered it.

    Attributes:
        id: Its identifier, unique in its data.
        kind: What kind it is.
        value: What it holds, in the form of its kind: ``10.1.2.0`` (network id alone), an AD site name,
            ``2001:db8:1:2`` (leading groups), ``10.1.2.1-10.1.2.9``, ``Auto:On``, ``Name:...`` or ``Description:...``.
        description: What a person wrote about it; may be empty.
        starts_with: For a VPN boundary by name or description: the beginning is compared, not the whole (BD-014).
    """

    id: str
    kind: BoundaryKind
    value: str
    description: str = ""
    starts_with: bool = False

    @property
    def label(self) -> str:
        """What a person finds it by: its identifier, and what was written about it unless that is the same."""
        return self.id if self.description in {"", self.id} else f"{self.id} ({self.description})"


class Connection(NamedTuple):
    """A network connection, as far as a VPN boundary looks at it.

    Attributes:
        name: Its name.
        description: Its description.
        is_pptp: Whether it is a PPTP connection, which is what auto-detection finds (BD-010); None when not known.
    """

    name: str
    description: str = ""
    is_pptp: bool | None = None


class NetworkPlace(NamedTuple):
    """Where a machine is in its network, as boundaries look at it.

    Attributes:
        addresses: All of its addresses; one without a prefix can be in no subnet boundary.
        ad_site: Its AD site; None when it is in none or that is not known.
        connections: Its network connections, for VPN boundaries.
        ranges_only: Whether boundaries other than IPv4 ranges do not count for it.
    """

    addresses: tuple[InterfaceAddress, ...] = ()
    ad_site: AdSiteName | None = None
    connections: tuple[Connection, ...] = ()
    ranges_only: bool = False
