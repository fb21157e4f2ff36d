"""What a lab consists of: values that say it, with nothing running."""

from collections.abc import Mapping
from enum import Enum
from ipaddress import IPv4Network, ip_address
from typing import NamedTuple

from ..errors import LabError
from ..model.endpoints import Audience, Protocols, SiteKind
from ..model.facts import InterfaceAddress, Membership
from ..model.names import AdSiteName, DnsDomain, HostName, SiteCode
from .faults import Fault, Role

__all__ = [
    "AdSite",
    "Boundary",
    "BoundaryGroup",
    "BoundaryKind",
    "Client",
    "Forest",
    "LabDescription",
    "Neighbour",
    "Site",
    "SiteSystem",
]


class AdSite(NamedTuple):
    """An Active Directory site and the subnets that belong to it."""

    name: AdSiteName
    subnets: tuple[IPv4Network, ...] = ()


class Forest(NamedTuple):
    """A forest of one domain, with one domain controller, which is its global catalog too.

    Attributes:
        name: DNS name of the forest and of its domain.
        controller: The domain controller.
        trusts: Forests whose users it lets in.
        ad_sites: Its AD sites; the controller stands in the first.
    """

    name: DnsDomain
    controller: HostName
    trusts: tuple[DnsDomain, ...] = ()
    ad_sites: tuple[AdSite, ...] = ()

    def find_ad_site(self, address: str) -> AdSiteName | None:
        """The AD site of an address, by the longest subnet that holds it; None when none does."""
        number = ip_address(address)
        fitting = [
            (subnet.prefixlen, site.name) for site in self.ad_sites for subnet in site.subnets if number in subnet
        ]
        return max(fitting)[1] if fitting else None


class Client(NamedTuple):
    """The machine that the lab's users play.

    Attributes:
        host: Its name.
        address: Its address, on the loopback network.
        domain: Its domain; None for a workgroup machine.
        site_code: The site that its user means it for; None to leave that to automatic assignment.
        registered: Whether the site knows it, so that lists for it are sorted by boundary group.
    """

    host: HostName
    address: InterfaceAddress
    domain: DnsDomain | None = None
    site_code: SiteCode | None = None
    registered: bool = True

    @property
    def membership(self) -> Membership:
        """Joined to its domain, or to none."""
        return Membership.WORKGROUP if self.domain is None else Membership.DOMAIN


class Site(NamedTuple):
    """A site.

    Attributes:
        code: Its code.
        kind: Primary or secondary.
        forest: Forest of the site server.
        parent: The primary site above a secondary one; None for a primary one.
        build: Build number of its version.
        publish: Whether it publishes in its forest's directory and in DNS.
    """

    code: SiteCode
    kind: SiteKind
    forest: DnsDomain
    parent: SiteCode | None = None
    build: int = 9141
    publish: bool = True


class SiteSystem(NamedTuple):
    """A role on a server. A server may have several.

    Attributes:
        role: Management point, distribution point or fallback status point.
        host: The server.
        site: The site that it belongs to.
        protocols: What it accepts from clients.
        audience: From where it accepts clients.
        published: A management point: whether it is selected for publishing.
        devices: A management point: enabled for mobile devices and Macs.
    """

    role: Role
    host: HostName
    site: SiteCode
    protocols: Protocols = Protocols.HTTP
    audience: Audience = Audience.INTRANET
    published: bool = True
    devices: bool = False


class BoundaryKind(Enum):
    """How a boundary says where it is."""

    RANGE = "ip-range"
    SUBNET = "subnet"
    AD_SITE = "ad-site"


class Boundary(NamedTuple):
    """A boundary.

    Attributes:
        name: How groups refer to it.
        kind: How it says where it is.
        value: ``LOW-HIGH``, a network id, or the name of an AD site.
        low: First address of a range, as a number; zero for other kinds.
        high: Last address of a range.
    """

    name: str
    kind: BoundaryKind
    value: str
    low: int = 0
    high: int = 0


class Neighbour(NamedTuple):
    """A relationship to another boundary group, one way.

    Attributes:
        group: The other group.
        never_fallback: Roles for which clients are never sent there.
    """

    group: str
    never_fallback: tuple[Role, ...] = ()


class BoundaryGroup(NamedTuple):
    """A boundary group.

    Attributes:
        name: How others refer to it.
        boundaries: Names of its boundaries; none for a default group.
        servers: The site systems that it references.
        assigned_site: The site that clients in it are assigned to; None when it is not for assignment.
        neighbours: Its relationships.
        default_of: The site whose default group it is; None for a group that an administrator made.
        never_fallback: A default group: roles for which clients of other groups are never sent to it.
    """

    name: str
    boundaries: tuple[str, ...] = ()
    servers: tuple[HostName, ...] = ()
    assigned_site: SiteCode | None = None
    neighbours: tuple[Neighbour, ...] = ()
    default_of: SiteCode | None = None
    never_fallback: tuple[Role, ...] = ()


class LabDescription(NamedTuple):
    """A whole lab.

    Attributes:
        client: The machine that its users play.
        forests: Every forest.
        sites: Every site of the hierarchy.
        systems: Every role on every server.
        boundaries: Every boundary.
        groups: Every boundary group.
        addresses: The loopback address of every server.
        dns: Name of the DNS server.
        preferred_mps: The hierarchy setting "clients prefer to use management points specified in boundary groups".
        faults: Faults that are there from the start.
    """

    client: Client
    forests: tuple[Forest, ...]
    sites: tuple[Site, ...]
    systems: tuple[SiteSystem, ...]
    boundaries: tuple[Boundary, ...]
    groups: tuple[BoundaryGroup, ...]
    addresses: Mapping[HostName, str]
    dns: HostName
    preferred_mps: bool = False
    faults: tuple[Fault, ...] = ()

    def servers_of(self, role: Role) -> tuple[HostName, ...]:
        """The servers that have a role, in the order of the description; empty when none has."""
        if role is Role.AD:
            return tuple(forest.controller for forest in self.forests)
        if role is Role.DNS:
            return (self.dns,)
        return tuple(dict.fromkeys(system.host for system in self.systems if system.role is role))

    def systems_of(self, role: Role) -> tuple[SiteSystem, ...]:
        """The site systems of a role, in the order of the description."""
        return tuple(system for system in self.systems if system.role is role)

    def forest_of(self, name: str) -> Forest | None:
        """The forest in which a host name or domain lies, the longest that fits; None when none does."""
        fitting = [one for one in self.forests if name == one.name or name.endswith("." + one.name)]
        return max(fitting, key=lambda forest: len(forest.name), default=None)

    def site(self, code: SiteCode) -> Site:
        """The site with a code.

        Raises:
            LookupError: There is none; the description was not checked.
        """
        return next(site for site in self.sites if site.code == code)

    def targets(self, fault: Fault) -> tuple[HostName, ...]:
        """The servers that a fault is for; never empty.

        Raises:
            LabError: The lab has no such server.
        """
        servers = self.servers_of(fault.role)
        found = tuple(s for s in servers if fault.name is None or fault.name in {s, s.partition(".")[0]})
        if not found:
            valid = ", ".join(servers) or "none"
            named = f" named {fault.name!r}" if fault.name else ""
            raise LabError(f"the lab has no server of role {fault.role.value}{named}", hint=f"it has {valid}")
        return found
