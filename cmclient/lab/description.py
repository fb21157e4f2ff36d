"""What a lab consists of: values that say it, with nothing running."""

from collections.abc import Mapping
from ipaddress import IPv4Network, ip_address
from typing import NamedTuple

from ..errors import LabError
from ..model.boundary import Boundary
from ..model.endpoints import Access, Audience, Protocols, SiteKind
from ..model.facts import InterfaceAddress, Membership
from ..model.groups import BoundaryGroup, HierarchySite, SiteData, SiteServer
from ..model.groups import Role as GroupRole
from ..model.names import AdSiteName, DnsDomain, GatewayPath, HostName, SiteCode
from ..model.rule import decides
from .faults import Fault, Role
from .offers import Content, UpdatePoint, UpdateSource
from .peers import PEERS_NAMED, Peer

__all__ = ["LOOKED_UP", "AdSite", "Client", "Forest", "LabDescription", "ReportThrottle", "Site", "SiteSystem"]

# The roles of the lab's servers that are looked up through boundary groups.
LOOKED_UP = {Role.MP: GroupRole.MANAGEMENT_POINT, Role.DP: GroupRole.DISTRIBUTION_POINT}


class AdSite(NamedTuple):
    """An AD site and the subnets that belong to it."""

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
        connection: Name of its network connection.
        connection_description: Description of it.
        is_vpn: Whether it is a VPN.
        other_addresses: What it says that it has besides; nothing comes from there.
        gateways: The gateways that it has written down to fall back to (CMGFQDNs).
    """

    host: HostName
    address: InterfaceAddress
    domain: DnsDomain | None = None
    site_code: SiteCode | None = None
    registered: bool = True
    connection: str = "lab0"
    connection_description: str = "network of the lab"
    is_vpn: bool = False
    other_addresses: tuple[InterfaceAddress, ...] = ()
    gateways: tuple[HostName, ...] = ()

    @property
    def membership(self) -> Membership:
        """Joined to its domain, or to none."""
        return Membership.WORKGROUP if self.domain is None else Membership.DOMAIN


class Site(NamedTuple):
    """A site.

    Attributes:
        code: Its code.
        kind: Primary, secondary or central.
        forest: Forest of the site server.
        parent: The primary site above a secondary one; None for any other.
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
        role: Management point, distribution point, fallback status point, enrollment proxy point or gateway.
        host: The server.
        site: The site that it belongs to.
        protocols: What it accepts from clients.
        audience: From where it accepts clients.
        published: A management point: whether it is selected for publishing.
        withheld: A management point: attributes that whoever reads the directory does not get to see of it.
        devices: A management point: enabled for mobile devices and Macs.
        replica_lag: A management point: seconds by which the database replica that it works from lags behind; 0 when
            it works from the site database itself.
        gateway: A gateway: what every path on it begins with.
        behind: A gateway: the management points that its connection point hands requests to, the first one first.
        enhanced: Whether its site uses enhanced HTTP; then one set to HTTP answers on HTTPS as well.
    """

    role: Role
    host: HostName
    site: SiteCode
    protocols: Protocols = Protocols.HTTP
    audience: Audience = Audience.INTRANET
    published: bool = True
    withheld: tuple[str, ...] = ()
    devices: bool = False
    replica_lag: int = 0
    gateway: GatewayPath | None = None
    behind: tuple[HostName, ...] = ()
    enhanced: bool = False

    @property
    def access(self) -> Access:
        """Whom it lets in."""
        return Access(self.protocols, self.audience, self.devices, self.replica_lag > 0)

    @property
    @decides("TR-070", "TR-072", "MP-033")
    def has_site_certificate(self) -> bool:
        """Whether it shows a certificate that its site issued: one with a PKI certificate shows that."""
        return self.enhanced and self.protocols is Protocols.HTTP

    @property
    def spoken(self) -> Protocols:
        """What it answers on, whatever it is set to."""
        return Protocols.BOTH if self.has_site_certificate else self.protocols


class ReportThrottle(NamedTuple):
    """How many reports a fallback status point takes; the default is that of the product (FS-014).

    Attributes:
        most: So many reports at most ...
        seconds: ... within so long.
    """

    most: int = 10_000
    seconds: float = 3600.0


class LabDescription(NamedTuple):
    """A whole lab.

    Attributes:
        client: The machine that its users play.
        forests: Every forest.
        sites: Every site of the hierarchy.
        systems: Every role on every server.
        boundaries: Every boundary.
        groups: Every boundary group.
        addresses: The loopback address of every server that runs.
        dns: Name of the DNS server.
        servers: Servers that groups may reference besides, which the lab does not run, such as software update points,
            and which ones that it runs are in maintenance.
        preferred_mps: The hierarchy setting "clients prefer to use management points specified in boundary groups".
        fallback_site: The hierarchy's fallback site for assignment; None when there is none.
        faults: Faults that are there from the start.
        throttle: How many reports a fallback status point takes.
        contents: All content, and where it is.
        update_points: How the software update points among ``servers`` are reached.
        update_source: What policy calls the update source; None when there is none.
        peers: Clients that give content to others.
        peers_named: How many of them a management point names at most (CL-027).
        fallback_minute: Seconds that a minute of a fallback time takes for content; 0: servers of all groups are named
            at once.
    """

    client: Client
    forests: tuple[Forest, ...]
    sites: tuple[Site, ...]
    systems: tuple[SiteSystem, ...]
    boundaries: tuple[Boundary, ...]
    groups: tuple[BoundaryGroup, ...]
    addresses: Mapping[HostName, str]
    dns: HostName
    servers: tuple[SiteServer, ...] = ()
    preferred_mps: bool = False
    fallback_site: SiteCode | None = None
    faults: tuple[Fault, ...] = ()
    throttle: ReportThrottle = ReportThrottle()
    contents: tuple[Content, ...] = ()
    update_points: tuple[UpdatePoint, ...] = ()
    update_source: UpdateSource | None = None
    peers: tuple[Peer, ...] = ()
    peers_named: int = PEERS_NAMED
    fallback_minute: float = 0.0

    @property
    def data(self) -> SiteData:
        """The same as boundary groups look at it."""
        return SiteData(
            boundaries=self.boundaries,
            groups=self.groups,
            servers=self._looked_up(),
            fallback_site=self.fallback_site,
            sites=tuple(HierarchySite(site.code, site.kind, site.build, site.parent) for site in self.sites),
            prefers_group_mps=self.preferred_mps,
        )

    def _looked_up(self) -> tuple[SiteServer, ...]:
        """Servers with a role that is looked up, those that the lab runs first."""
        told = {server.host: server for server in self.servers}
        run: dict[HostName, SiteServer] = {}
        looked_up = {**LOOKED_UP, Role.CMG: GroupRole.CLOUD_MANAGEMENT_GATEWAY}
        for system in self.systems:
            if system.role in looked_up:
                server = run.get(system.host) or told.get(system.host) or SiteServer(system.host)
                roles = server.roles | {looked_up[system.role]}
                access = system.access if system.role is Role.MP else server.access
                run[system.host] = server._replace(roles=roles, site=system.site, access=access)
        return (*run.values(), *(server for server in self.servers if server.host not in run))

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
