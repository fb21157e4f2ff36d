"""Where content and software update points are, as the boundary groups of a lab's hierarchy say."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import NAMESPACE_DNS, uuid5

from ..model.content import (
    BoundaryGroupReference,
    ClientBoundaryGroups,
    ClientPackage,
    ContentLocations,
    ContentOptions,
    ContentSite,
    ContentUrl,
    LocationRecord,
)
from ..model.endpoints import HTTPS_PORT, Audience, Endpoint, Scheme
from ..model.facts import InterfaceAddress
from ..model.groups import BoundaryGroup
from ..model.groups import Role as GroupRole
from ..model.messages import MpSite, SiteLocality, WsusLocation, WsusLocations
from ..model.names import HostName, SiteCode
from ..model.questions import LocationQuestion
from ..model.rule import decides
from ..protocol.mplist import ssl_state_of
from ..rules.pools import build_pool, find_links
from ..rules.software_update_points import update_point_pool, update_point_ports
from .description import LabDescription, Site, SiteSystem
from .faults import Role
from .ldap_tree import Ports
from .offers import Content, UpdatePoint
from .peers import find_peers

__all__ = ["Asking", "find_content", "find_update_points", "is_trusted"]

_SECURE = 63  # SSL state bits of a server that takes HTTPS alone
_ANY_UPDATE = "uid:"  # stands before the id of an update's content in a request
_NEAREST_FIRST = (SiteLocality.LOCAL, SiteLocality.REMOTE, SiteLocality.FALLBACK)
_INTERNET = frozenset({Audience.INTERNET, Audience.BOTH})


class Asking(NamedTuple):
    """How a client asks for content.

    Attributes:
        minutes: For how long it has looked for it: groups with a longer fallback time are not told of yet.
        brought: Minutes since the content was asked for on demand where it is; less than 0 when it was not.
        groups_at: The boundary groups that hold an address, for peers.
    """

    minutes: float
    brought: float
    groups_at: Callable[[InterfaceAddress], Sequence[BoundaryGroup]]


# Content


def find_content(
    asked: LocationQuestion,
    description: LabDescription,
    groups: Sequence[BoundaryGroup],
    *,
    home: Site,
    ports: Ports,
    now: datetime,
    asking: Asking,
) -> ContentLocations:
    """Answer a content location request.

    Args:
        asked: The request.
        description: The lab.
        groups: The boundary groups that hold the client.
        home: The primary site of the client.
        ports: Of every web server.
        now: When.
        asking: What counts besides.

    Returns:
        The sources that hold the content: peers and distribution points of the client's groups, distribution points
        and gateways of those that these lead to by now, by site, the nearest site first. No site for content that does
        not exist.
    """
    lookup = _Lookup(asked, asked.options or ContentOptions(), description, home, ports)
    wanted = lookup.find_wanted()
    return ContentLocations(
        sites=() if wanted is None else tuple(lookup.sites(wanted, groups, asking)),
        boundary_groups=_client_groups(description, groups, now) if asked.wants_boundary_groups else None,
        client_package=lookup.package(wanted) if asked.client_package and wanted is not None else None,
        package_flags=0,
    )


class _Lookup(NamedTuple):
    """What a content location request is answered from."""

    asked: LocationQuestion
    options: ContentOptions
    description: LabDescription
    home: Site
    ports: Ports

    def find_wanted(self) -> Content | None:
        """The content that is asked for; None when there is none such."""
        contents, asked = self.description.contents, self.asked
        if asked.client_package:
            return next((one for one in contents if one.is_client_package), None)
        if asked.content is None:
            return None
        wanted = asked.content.id.casefold().removeprefix(_ANY_UPDATE), asked.content.version
        return next((one for one in contents if (one.id.casefold(), one.version) == wanted), None)

    def package(self, wanted: Content) -> ClientPackage:
        """The client package, for client setup."""
        return ClientPackage(wanted.id, str(wanted.version), site_version=f"5.00.{self.home.build}.1000")

    def sites(self, content: Content, groups: Sequence[BoundaryGroup], asking: Asking) -> Iterator[ContentSite]:
        """The sources: peers, distribution points by site with the nearest first, cloud sources; never no site."""
        own = self._site(self.home.code, SiteLocality.LOCAL)
        peers: list[LocationRecord] = []
        if self.options.peers and not self.options.internet:
            known, most = self.description.peers, self.description.peers_named
            peers = find_peers(known, content.id, self.asked.client, groups, groups_at=asking.groups_at, most=most)
        near = self._near(groups, asking.minutes)
        order = self._by_step if self.asked.client_package else self._by_site
        found = tuple(order(_with_brought(content, near, asking.brought), near))
        cloud = list(self._cloud(content, groups, asking.minutes)) if self.options.cloud else []
        if peers:
            yield ContentSite(own, tuple(peers))
        yield from found
        if cloud:
            yield ContentSite(own, tuple(cloud))
        if not (peers or found or cloud):
            yield ContentSite(own)

    def _near(self, groups: Sequence[BoundaryGroup], minutes: float) -> dict[HostName, SiteLocality]:
        """How near the distribution points are; a client on the internet has no group, and is near to all for it."""
        if self.options.internet:
            servers = self.description.data.servers
            return {one.host: SiteLocality.LOCAL for one in servers if not one.in_maintenance}
        return _localities(self.description, groups, self.home, minutes)

    def _by_site(self, content: Content, near: Mapping[HostName, SiteLocality]) -> Iterator[ContentSite]:
        by_site: dict[SiteCode, list[tuple[SiteLocality, LocationRecord]]] = {}
        for code, told in self._told(content, near):
            by_site.setdefault(code, []).append(told)
        for code, records in sorted(by_site.items(), key=lambda one: min(_place(near) for near, _ in one[1])):
            records.sort(key=lambda one: _place(one[0]))
            yield ContentSite(self._site(code, records[0][0]), tuple(record for _, record in records))

    @decides("CI-011")
    def _by_step(self, content: Content, near: Mapping[HostName, SiteLocality]) -> Iterator[ContentSite]:
        """For client setup: the current group, neighbours, the default group; a site may stand there more than once."""
        steps: dict[tuple[int, SiteCode], list[LocationRecord]] = {}
        for code, (locality, record) in self._told(content, near):
            steps.setdefault((_place(locality), code), []).append(record)
        for (place, code), records in sorted(steps.items()):
            yield ContentSite(self._site(code, _NEAREST_FIRST[place]), tuple(records))

    def _told(
        self, content: Content, near: Mapping[HostName, SiteLocality]
    ) -> Iterator[tuple[SiteCode, tuple[SiteLocality, LocationRecord]]]:
        for system in self.description.systems_of(Role.DP):
            if system.host in near and self._is_told(system, content):
                locality = near[system.host]
                yield system.site, (locality, self._record(system, content, locality))

    @decides("CL-017", "CL-018")
    def _cloud(self, content: Content, groups: Sequence[BoundaryGroup], minutes: float) -> Iterator[LocationRecord]:
        """Gateways with the content: any for a client on the internet, else those of groups that count by now."""
        data, site = self.description.data, self.home.code
        links = find_links(data, groups, GroupRole.DISTRIBUTION_POINT, assigned_site=site)
        reached = {host for link in links if link.minute <= minutes for host in link.group.servers}
        for host in content.cloud:
            if self.options.internet or host in reached:
                endpoint = Endpoint(Scheme.HTTPS, host, HTTPS_PORT)
                path = f"/downloadrestservice.svc/getcontentxmlsecure?pid={content.id}&cid={content.id}"
                yield LocationRecord((ContentUrl(endpoint, path),), ssl_state=_SECURE, server=host, dp_type="CLOUD")

    @decides("BG-009")
    def _is_told(self, system: SiteSystem, content: Content) -> bool:
        is_facing = system.audience in _INTERNET
        takes = is_facing if self.options.internet else system.audience is not Audience.INTERNET
        speaks = self.options.http or system.protocols.may_be_https
        return takes and speaks and system.host in content.servers

    def _site(self, code: SiteCode, near: SiteLocality) -> MpSite:
        master = self.description.site(code).parent or code
        return MpSite(code, master, near, "", self.ports.http, self.ports.https)

    def _record(self, system: SiteSystem, content: Content, near: SiteLocality) -> LocationRecord:
        forest = self.description.forest_of(system.host)
        ad_site = None if forest is None else forest.find_ad_site(self.description.addresses[system.host])
        ad_sites = () if forest is None else forest.ad_sites
        subnets = (subnet for one in ad_sites if one.name == ad_site for subnet in one.subnets)
        return LocationRecord(
            urls=tuple(self._urls(system, content)),
            ad_site=ad_site,
            ip_subnets=tuple(str(subnet.network_address) for subnet in subnets),
            build=self.description.site(system.site).build,
            ssl_state=ssl_state_of(system.protocols),
            server=system.host,
            dp_type="SERVER",
            forest_trusted=is_trusted(self.asked, system.host, self.description),
            locality=near.value.upper(),
        )

    def _urls(self, system: SiteSystem, content: Content) -> Iterator[ContentUrl]:
        for scheme, port, is_spoken in (
            (Scheme.HTTPS, self.ports.https, system.protocols.may_be_https),
            (Scheme.HTTP, self.ports.http, system.protocols.may_be_http and self.options.http),
        ):
            if is_spoken:
                endpoint = Endpoint(scheme, system.host, port)
                signature = endpoint.url(f"/SMS_DP_SMSSIG$/{content.id}.{content.version}.tar")
                yield ContentUrl(endpoint, f"/SMS_DP_SMSPKG$/{content.id}", signature, capability="0")


def _place(near: SiteLocality) -> int:
    return _NEAREST_FIRST.index(near)


def _localities(
    description: LabDescription, groups: Sequence[BoundaryGroup], home: Site, minutes: float
) -> dict[HostName, SiteLocality]:
    """How near each distribution point is that the client's groups lead to; one in maintenance is not told of.

    Those of a group with a longer fallback time are not told of yet.
    """
    pool = build_pool(description.data, groups, GroupRole.DISTRIBUTION_POINT, assigned_site=home.code)
    words = {
        one.id: SiteLocality.REMOTE if one.default_of is None else SiteLocality.FALLBACK for one in description.groups
    }
    words |= {group.id: SiteLocality.LOCAL for group in groups}
    return {entry.host: words[entry.group] for entry in pool if entry.minute <= minutes}


@decides("CL-035")
def _with_brought(content: Content, near: Mapping[HostName, SiteLocality], brought: float) -> Content:
    """The content with the distribution points to which it came on demand: those of the current group.

    When one of them has it already nothing is brought.
    """
    current = tuple(host for host, locality in near.items() if locality is SiteLocality.LOCAL)
    is_due = content.on_demand is not None and brought >= content.on_demand
    if not is_due or set(current).intersection(content.servers):
        return content
    return content._replace(servers=(*content.servers, *current))


def _client_groups(description: LabDescription, groups: Iterable[BoundaryGroup], now: datetime) -> ClientBoundaryGroups:
    """The boundary groups of a client as a site names them; numbers are those of the description, from 1 on."""
    numbers = {group.id: number for number, group in enumerate(description.groups, 1)}
    return ClientBoundaryGroups(
        retrieved=now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds"),
        groups=tuple(
            BoundaryGroupReference(str(numbers[group.id]), str(uuid5(NAMESPACE_DNS, group.id)).upper())
            for group in groups
        ),
    )


def is_trusted(asked: LocationQuestion, host: HostName, description: LabDescription) -> bool:
    """Whether the forest of a client lets users of a server's forest in, or is the same."""
    forest = description.forest_of(host)
    own = None if asked.client.forest is None else description.forest_of(asked.client.forest)
    return own is not None and forest is not None and (own.name == forest.name or forest.name in own.trusts)


# Software update points


def find_update_points(
    asked: LocationQuestion, description: LabDescription, groups: Sequence[BoundaryGroup], *, home: Site
) -> WsusLocations:
    """Answer a WSUS location request.

    Returns:
        The software update points of the client's groups; where these have none, those that they lead to. On the
        internet those that accept clients from there. Nothing for another update source than the lab's.
    """
    source = description.update_source
    if source is None or asked.content is None or asked.content.id.casefold() != source.id.casefold():
        return WsusLocations()
    pool = update_point_pool(description.data, groups, assigned_site=home.code, build=home.build)
    now = {entry.host for entry in pool if not entry.minute} or {entry.host for entry in pool}
    points = description.update_points
    facing = [point for point in points if point.audience in _INTERNET]
    if not asked.client.on_internet or not facing:
        facing = [point for point in points if point.host in now and point.audience is not Audience.INTERNET]
    sites = {server.host: server.site for server in description.data.servers}
    told = ((sites.get(point.host) or home.code, point) for point in facing)
    found = (_location(site, point, source.version) for site, point in sorted(told))
    return WsusLocations(tuple(found))


def _location(site: SiteCode, point: UpdatePoint, version: int) -> WsusLocation:
    http, https = update_point_ports(point.http_port)
    secure = point.protocols.may_be_https
    endpoint = Endpoint(Scheme.HTTPS, point.host, https) if secure else Endpoint(Scheme.HTTP, point.host, http)
    return WsusLocation(site, endpoint, server=point.host, version=str(version))
