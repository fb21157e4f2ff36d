"""The hierarchy, evaluated by the catalogue: who is local, who is in which list, what is published where."""

from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from ..model.directory import PublishedRange, PublishedSite
from ..model.endpoints import Audience, Locality, ManagementPoint, Protocols, SiteKind
from ..model.facts import InterfaceAddress
from ..model.names import AdSiteName, HostName, SiteCode
from ..model.rule import decides
from ..rules.groups import mp_locality
from .description import Boundary, BoundaryGroup, BoundaryKind, Forest, LabDescription, Site, SiteSystem
from .faults import Role

__all__ = ["ClientLocation", "Hierarchy", "PublishedMp"]

_INTRANET = frozenset({Audience.INTRANET, Audience.BOTH})
_INTERNET = frozenset({Audience.INTERNET, Audience.BOTH})


class ClientLocation(NamedTuple):
    """Where a client is, as a site sees it.

    Attributes:
        addresses: Its addresses; without a prefix none matches a subnet boundary.
        ad_site: Its AD site; None when it is in none.
    """

    addresses: tuple[InterfaceAddress, ...] = ()
    ad_site: AdSiteName | None = None


class PublishedMp(NamedTuple):
    """A management point in DNS: the site whose name it stands under, and how it is reached."""

    site: SiteCode
    host: HostName
    https: bool


class Hierarchy:
    """All sites of a description. Pure: nothing is asked, opened or kept."""

    def __init__(self, description: LabDescription) -> None:
        self._description = description

    # Where a client is

    def locate(self, address: str) -> ClientLocation:
        """Where the client with a source address is.

        The lab's own client is known with its prefix; of any other only the address and what follows from it is.
        """
        client = self._description.client
        own = client.address.address == address
        ad_sites = (forest.find_ad_site(address) for forest in self._description.forests)
        ad_site = next((site for site in ad_sites if site is not None), None)
        return ClientLocation((client.address if own else InterfaceAddress(address),), ad_site)

    def current_groups(self, location: ClientLocation) -> tuple[BoundaryGroup, ...]:
        """The boundary groups that hold a client, in the order of the description; empty when none does."""
        held = {b.name for b in self._description.boundaries if _holds(b, location)}
        return tuple(group for group in self._description.groups if held.intersection(group.boundaries))

    def assigned_sites(self, location: ClientLocation) -> tuple[SiteCode, ...]:
        """The sites that boundary groups assign a client to, sorted; empty when none does."""
        groups = self.current_groups(location)
        return tuple(sorted({group.assigned_site for group in groups if group.assigned_site is not None}))

    def localities(self, location: ClientLocation) -> dict[HostName, Locality]:
        """How near each management point is to a client."""
        current = self.current_groups(location)
        hosts = self._description.servers_of(Role.MP)
        near = {server for group in current for server in group.servers}
        beside = self._neighbours(current)
        default = self._defaults(current)
        complete = bool(current) and near.isdisjoint(hosts)
        return {
            host: self._filled(
                mp_locality(
                    in_current=host in near,
                    in_neighbour=host in beside,
                    in_default=host in default,
                    preferred_mps_enabled=self._description.preferred_mps,
                ),
                complete=complete,
            )
            for host in hosts
        }

    @decides("ML-024")
    def _neighbours(self, current: tuple[BoundaryGroup, ...]) -> frozenset[HostName]:
        """Servers of the neighbours that clients may be sent to for a management point."""
        names = {link.group for group in current for link in group.neighbours if Role.MP not in link.never_fallback}
        groups = [g for g in self._description.groups if g.name in names and g.default_of is None]
        return frozenset(server for group in groups for server in group.servers)

    @decides("ML-026")
    def _defaults(self, current: tuple[BoundaryGroup, ...]) -> frozenset[HostName]:
        """Management points that default groups bring in: for themselves, or with a DP on the same server."""
        dps = set(self._description.servers_of(Role.DP))
        found: set[HostName] = set()
        for group in self._description.groups:
            if group.default_of is None:
                continue
            never = self._never_default(group, current)
            if Role.MP not in never:
                found.update(group.servers)
            elif Role.DP not in never:
                found.update(dps.intersection(group.servers))
        return frozenset(found)

    def _never_default(self, default: BoundaryGroup, current: tuple[BoundaryGroup, ...]) -> frozenset[Role]:
        """Roles for which no group of the client may fall back to a default group.

        A relationship that a group has of its own overrides what the default group says (BG-043). A client in no
        group uses the default group of its site, whatever that says (BG-042).
        """
        if not current:
            return frozenset()
        own = [
            next(
                (link.never_fallback for link in group.neighbours if link.group == default.name), default.never_fallback
            )
            for group in current
        ]
        return frozenset.intersection(*(frozenset(never) for never in own))

    @staticmethod
    @decides("ML-044")
    def _filled(locality: Locality, *, complete: bool) -> Locality:
        """A group without any management point gives the complete list: what is not in it otherwise is in it last."""
        return Locality.DEFAULT_GROUP if complete and locality is Locality.UNKNOWN else locality

    # Lists

    def mp_list_for(
        self, location: ClientLocation, *, registered: bool, site: SiteCode | None = None
    ) -> tuple[ManagementPoint, ...]:
        """The intranet management points that a site tells a client of, secondary sites' ones included.

        Args:
            location: Where the client is.
            registered: Whether the site knows the client.
            site: The site; None for the one that the lab's client is meant for, else the first.

        Returns:
            All of them, whatever their locality. For a registered client the nearest come first; for one that is not
            they stand in the order of the description, with locality UNKNOWN.
        """
        code = site or self._description.client.site_code or self._description.sites[0].code
        return self._sorted(self._told(code, internet=False), location, registered=registered)

    @decides("ML-014")
    def answer_mplist(
        self, asked: HostName, location: ClientLocation, *, registered: bool, internet: bool = False
    ) -> tuple[ManagementPoint, ...]:
        """What any management point answers to MPLIST, or (internet) to MPLIST2: everyone tells of everyone.

        A management point of a secondary site speaks for the primary site above it.
        """
        told = self._told(self._site_of(asked).code, internet=internet)
        return self._sorted(told, location, registered=registered)

    def answer_mplist1(
        self, asked: HostName, code: SiteCode, location: ClientLocation, *, registered: bool
    ) -> tuple[ManagementPoint, ...] | None:
        """What a management point answers to MPLIST1 for a site: its own ones, without secondary sites'.

        Returns:
            None when it does not serve the site: no such site, or a secondary one that is not its own.
        """
        site = next((one for one in self._description.sites if one.code == code), None)
        if site is None or (site.kind is SiteKind.SECONDARY and site != self._site_of(asked)):
            return None
        mps = tuple(s for s in self._mps(internet=False) if s.site == code)
        return self._sorted(mps, location, registered=registered)

    @decides("ML-029", "ML-031")
    def _sorted(
        self, systems: tuple[SiteSystem, ...], location: ClientLocation, *, registered: bool
    ) -> tuple[ManagementPoint, ...]:
        mps = [self.management_point(system) for system in systems]
        if not registered:
            return tuple(mps)
        localities = self.localities(location)
        near = {server for group in self.current_groups(location) for server in group.servers}
        placed = [mp._replace(locality=localities[mp.host], in_current_group=mp.host in near) for mp in mps]
        return tuple(sorted(placed, key=lambda mp: -mp.locality))

    def _told(self, code: SiteCode, *, internet: bool) -> tuple[SiteSystem, ...]:
        site = self._description.site(code)
        top = site.parent or site.code
        told = {one.code for one in self._description.sites if top in {one.code, one.parent}}
        return tuple(system for system in self._mps(internet=internet) if system.site in told)

    @decides("NET-014")
    def _mps(self, *, internet: bool) -> tuple[SiteSystem, ...]:
        """The management points for one side: the internet's, or the intranet's."""
        accepted = _INTERNET if internet else _INTRANET
        return tuple(system for system in self._description.systems_of(Role.MP) if system.audience in accepted)

    def _site_of(self, mp: HostName) -> Site:
        system = next(system for system in self._description.systems_of(Role.MP) if system.host == mp)
        return self._description.site(system.site)

    def management_point(self, system: SiteSystem) -> ManagementPoint:
        """A management point as its site knows it, before any client is looked at."""
        site = self._description.site(system.site)
        forest = self._description.forest_of(system.host)
        return ManagementPoint(
            host=system.host,
            site_code=site.code,
            site_kind=site.kind,
            parent_site=site.parent,
            protocols=system.protocols,
            audience=system.audience,
            forest=forest.name if forest else None,
            build=site.build,
            is_default=True,  # the present product has no other kind and says so of every one
            supports_devices=system.devices,
        )

    # What is published

    def publishing_sites(self, forest: Forest) -> tuple[Site, ...]:
        """The sites that publish in the directory of a forest. A secondary site never does (measured)."""
        return tuple(
            site
            for site in self._description.sites
            if site.forest == forest.name and site.publish and site.kind is SiteKind.PRIMARY
        )

    @decides("ML-042")
    def published_mps(self, site: Site) -> tuple[ManagementPoint, ...]:
        """The management points that a publishing site has selected for publishing, in the directory and in DNS."""
        systems = self._description.systems_of(Role.MP)
        return tuple(self.management_point(one) for one in systems if one.site == site.code and one.published)

    @decides("DN-007")
    def published_in_dns(self, forest: Forest) -> tuple[PublishedMp, ...]:
        """The management points with a service record in the domain of a forest: those that take intranet clients.

        A management point publishes in the domain that its own name lies in.
        """
        sites = [s for one in self._description.forests for s in self.publishing_sites(one)]
        return tuple(
            PublishedMp(site.code, mp.host, mp.protocols is Protocols.HTTPS)
            for site in sites
            for mp in self.published_mps(site)
            if mp.audience in _INTRANET and mp.forest == forest.name
        )

    def published_site(self, site: Site) -> PublishedSite:
        """What a site says of itself in the directory: AD sites and subnets of its groups for assignment."""
        kinds = {BoundaryKind.AD_SITE, BoundaryKind.SUBNET}
        values = tuple(boundary.value for boundary in self._for_assignment(site) if boundary.kind in kinds)
        return PublishedSite(site.code, site.code, values, site.forest)

    def published_ranges(self, site: Site) -> tuple[PublishedRange, ...]:
        """The address ranges of a site's groups for assignment."""
        ranges = [one for one in self._for_assignment(site) if one.kind is BoundaryKind.RANGE]
        return tuple(PublishedRange(site.code, one.low, one.high, site.code) for one in ranges)

    def _for_assignment(self, site: Site) -> tuple[Boundary, ...]:
        groups = [group for group in self._description.groups if group.assigned_site == site.code]
        names = {name for group in groups for name in group.boundaries}
        return tuple(boundary for boundary in self._description.boundaries if boundary.name in names)


def _holds(boundary: Boundary, location: ClientLocation) -> bool:
    if boundary.kind is BoundaryKind.AD_SITE:
        return location.ad_site is not None and location.ad_site.matches(boundary.value)
    if boundary.kind is BoundaryKind.SUBNET:
        return any(address.network == boundary.value for address in location.addresses)
    numbers = (ip_address(address.address) for address in location.addresses)
    return any(boundary.low <= int(number) <= boundary.high for number in numbers if isinstance(number, IPv4Address))
