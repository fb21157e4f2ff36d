"""The hierarchy, evaluated by the catalogue: who is local, who is in which list, what is published where."""

from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from ..model.boundary import Boundary, BoundaryKind, NetworkPlace
from ..model.directory import PublishedRange, PublishedSite
from ..model.endpoints import Audience, Locality, ManagementPoint, Protocols, SiteKind
from ..model.facts import Adapter, InterfaceAddress, NetworkFacts
from ..model.groups import BoundaryGroup
from ..model.names import DnsDomain, GatewayPath, HostName, SiteCode
from ..model.rule import decides
from ..rules.boundaries import BoundaryIndex
from ..rules.groups import find_assigned_sites
from ..rules.mp_localities import ListedMp, list_management_points
from ..rules.places import find_place
from ..rules.pools import current_groups
from .description import Forest, LabDescription, Site, SiteSystem
from .faults import Role

__all__ = ["Hierarchy", "PublishedMp"]

_ENHANCED = 1  # SSL state: enabled, not required
_INTRANET = frozenset({Audience.INTRANET, Audience.BOTH})
_INTERNET = frozenset({Audience.INTERNET, Audience.BOTH})


class PublishedMp(NamedTuple):
    """A management point in DNS: the site whose name it stands under, and how it is reached."""

    site: SiteCode
    host: HostName
    https: bool


class Hierarchy:
    """All sites of a description. Pure: nothing is asked, opened or kept."""

    def __init__(self, description: LabDescription) -> None:
        self._description = description
        self._data = description.data
        self._index = BoundaryIndex(self._data.boundaries)

    # Where a client is

    def client_facts(self) -> NetworkFacts:
        """What the lab's client knows of itself; forest, AD site and location are left to be found out."""
        client = self._description.client
        suffix = client.domain or self._domain_at(client.address.address)
        adapter = Adapter(
            client.connection,
            client.connection_description,
            suffix,
            is_vpn=client.is_vpn,
            addresses=(client.address, *client.other_addresses),
        )
        known = ["host", "membership", "adapters", "dns_suffixes"] + (["domain"] if client.domain else [])
        return NetworkFacts(
            host=client.host,
            membership=client.membership,
            domain=client.domain,
            adapters=(adapter,),
            dns_suffixes=(suffix,),
            origins=dict.fromkeys(known, "lab"),
        )

    def locate(self, address: str) -> NetworkPlace:
        """Where the client with a source address is.

        The lab's own client is known with all that it says of itself; of any other only the address and what follows
        from it is.
        """
        ad_sites = (forest.find_ad_site(address) for forest in self._description.forests)
        ad_site = next((site for site in ad_sites if site is not None), None)
        if address == self._description.client.address.address:
            return find_place(self.client_facts()._replace(ad_site=ad_site))
        return NetworkPlace((InterfaceAddress(address),), ad_site)

    def current_groups(self, place: NetworkPlace) -> tuple[BoundaryGroup, ...]:
        """The boundary groups that hold a client, in the order of the description; empty when none does."""
        return current_groups(self._data, self._index.find(place))

    def assigned_sites(self, place: NetworkPlace) -> tuple[SiteCode, ...]:
        """The sites that boundary groups assign a client to, sorted; empty when none does."""
        return find_assigned_sites(self.current_groups(place))

    def list_for(self, place: NetworkPlace, *, site: SiteCode | None = None) -> tuple[ListedMp, ...]:
        """How near each management point of the hierarchy is to a client that its site knows, the nearest first.

        Args:
            place: Where the client is.
            site: The site to take for its assigned one when the lab's client is not meant for any; None for the
                first primary one.
        """
        groups = self.current_groups(place)
        return list_management_points(self._data, groups, assigned_site=self._home(site).code)

    def localities(self, place: NetworkPlace) -> dict[HostName, Locality]:
        """How near each management point is to a client."""
        return {one.host: one.locality for one in self.list_for(place)}

    @property
    def home(self) -> Site:
        """The primary site of the lab's own client; the first primary one when it is not meant for any."""
        return self._home(None)

    def _home(self, told: SiteCode | None) -> Site:
        """The primary site of the client: of the site that it is meant for, else of the one told."""
        primary = (site.code for site in self._description.sites if site.kind is SiteKind.PRIMARY)
        site = self._description.site(self._description.client.site_code or told or next(primary))
        return site if site.parent is None else self._description.site(site.parent)

    def _domain_at(self, address: str) -> DnsDomain:
        """The domain whose network an address is in: what a workgroup machine is told when it connects."""
        forests = self._description.forests
        return next((one.name for one in forests if one.find_ad_site(address) is not None), forests[0].name)

    # Lists

    def mp_list_for(
        self, place: NetworkPlace, *, registered: bool, site: SiteCode | None = None
    ) -> tuple[ManagementPoint, ...]:
        """The intranet management points that a site tells a client of, secondary sites' ones included.

        Args:
            place: Where the client is.
            registered: Whether the site knows the client.
            site: The site; None for the one that the lab's client is meant for, else the first primary one.

        Returns:
            All of them, whatever their locality. For a registered client the nearest come first, with the cloud
            management gateways that a default group lets in; for one that is not they stand in the order of the
            description, with locality UNKNOWN.
        """
        code = site or self._home(None).code
        told = self._sorted(code, self._told(code, internet=False), place, registered=registered)
        if not registered:
            return told
        listed = self.list_for(place, site=code)
        paths = {one.host: one.gateway for one in self._description.systems_of(Role.CMG)}
        gateways = {one.host: _gateway(one, paths.get(one.host)) for one in listed if one.is_cloud}
        by_host = {mp.host: mp for mp in told} | gateways
        return tuple(by_host[one.host] for one in listed if one.host in by_host)

    @decides("ML-014")
    def answer_mplist(
        self, asked: HostName, place: NetworkPlace, *, registered: bool, internet: bool = False
    ) -> tuple[ManagementPoint, ...]:
        """What any management point answers to MPLIST, or (internet) to MPLIST2: everyone tells of everyone.

        A management point of a secondary site speaks for the primary site above it.
        """
        code = self._site_of(asked).code
        told = self._sorted(code, self._told(code, internet=internet), place, registered=registered)
        if internet:
            return told + tuple(map(self.management_point, self._description.systems_of(Role.CMG)))
        return told + self._let_in(code, place) if registered else told

    @decides("MP-027")
    def _let_in(self, code: SiteCode, place: NetworkPlace) -> tuple[ManagementPoint, ...]:
        """The gateways that boundary groups let in on the intranet."""
        gateways = {one.host: one for one in self._description.systems_of(Role.CMG)}
        listed = [one for one in self.list_for(place, site=code) if one.is_cloud and one.host in gateways]
        return tuple(self.management_point(gateways[one.host]) for one in listed)

    def answer_mplist1(
        self, asked: HostName, code: SiteCode, place: NetworkPlace, *, registered: bool
    ) -> tuple[ManagementPoint, ...] | None:
        """What a management point answers to MPLIST1 for a site: its own ones, without secondary sites'.

        Returns:
            None when it does not serve the site: no such site, a central one, or a secondary one that is not its own.
        """
        site = next((one for one in self._description.sites if one.code == code), None)
        if site is None or (site.kind is not SiteKind.PRIMARY and site != self._site_of(asked)):
            return None
        mps = tuple(s for s in self._mps(internet=False) if s.site == code)
        return self._sorted(code, mps, place, registered=registered)

    @decides("ML-029", "ML-031")
    def _sorted(
        self, code: SiteCode, systems: tuple[SiteSystem, ...], place: NetworkPlace, *, registered: bool
    ) -> tuple[ManagementPoint, ...]:
        by_host = {system.host: self.management_point(system) for system in systems}
        if not registered:
            return tuple(by_host.values())
        return tuple(
            by_host[one.host]._replace(locality=one.locality, in_current_group=one.in_current_group)
            for one in self.list_for(place, site=code)
            if one.host in by_host
        )

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

    def site_code_of(self, mp: HostName) -> SiteCode:
        """The site of a management point."""
        return self._site_of(mp).code

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
            protocols=system.spoken,
            ssl_state=_ENHANCED if system.has_site_certificate else None,
            audience=system.audience,
            forest=forest.name if forest else None,
            build=site.build,
            is_default=True,  # the present product has no other kind and says so of every one
            supports_devices=system.devices,
            gateway=system.gateway,
        )

    # What is published

    def publishing_sites(self, forest: Forest) -> tuple[Site, ...]:
        """The sites that publish in the directory of a forest. A secondary site never does (measured)."""
        return tuple(
            site
            for site in self._description.sites
            if site.forest == forest.name and site.publish and site.kind is not SiteKind.SECONDARY
        )

    def root_of(self, site: Site) -> SiteCode:
        """The code of the site at the top of the hierarchy: the central one, or the site itself where there is none."""
        central = (one.code for one in self._description.sites if one.kind is SiteKind.CENTRAL)
        return next(central, site.code)

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

    @decides("SA-013")
    def published_site(self, site: Site) -> PublishedSite:
        """What a site says of itself in the directory: AD sites and subnets of its groups for assignment.

        A central site has no clients and names no site to assign them to.
        """
        kinds = {BoundaryKind.AD_SITE, BoundaryKind.IP_SUBNET}
        values = tuple(boundary.value for boundary in self._for_assignment(site) if boundary.kind in kinds)
        assignment = None if site.kind is SiteKind.CENTRAL else site.code
        return PublishedSite(site.code, assignment, values, site.forest)

    def published_ranges(self, site: Site) -> tuple[PublishedRange, ...]:
        """The address ranges of a site's groups for assignment; IPv4 alone has a form in the directory."""
        texts = (one.value for one in self._for_assignment(site) if one.kind is BoundaryKind.IP_RANGE)
        ranges = [tuple(ip_address(end.strip()) for end in text.split("-")) for text in texts]
        return tuple(
            PublishedRange(site.code, int(low), int(high), site.code)
            for low, high in ranges
            if isinstance(low, IPv4Address)
        )

    def _for_assignment(self, site: Site) -> tuple[Boundary, ...]:
        groups = [group for group in self._data.groups if group.assigned_site == site.code]
        ids = {boundary for group in groups for boundary in group.boundaries}
        return tuple(boundary for boundary in self._data.boundaries if boundary.id in ids)


def _gateway(listed: ListedMp, path: GatewayPath | None) -> ManagementPoint:
    """A gateway as a list has it: over HTTPS, of the internet's kind."""
    return ManagementPoint(
        listed.host,
        protocols=Protocols.HTTPS,
        audience=Audience.INTERNET,
        locality=listed.locality,
        in_current_group=listed.in_current_group,
        gateway=path,
    )
