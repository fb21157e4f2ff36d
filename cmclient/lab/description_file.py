"""A lab described in TOML, with every fault reported at once and where it stands."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from ipaddress import IPv4Network

from ..errors import LabError
from ..model.boundary import BoundaryKind
from ..model.endpoints import Audience, Protocols, SiteKind
from ..model.facts import InterfaceAddress, parse_address
from ..model.groups import BoundaryGroup, FallbackTimes, SiteData, SiteServer
from ..model.names import AdSiteName, DnsDomain, GatewayPath, HostName, SiteCode
from ..protocol.sitedata import SourceFile, read_site_data
from ..protocol.tables import Table
from ..rules.boundary_values import check_boundary
from .description import LOOKED_UP, AdSite, Client, Forest, LabDescription, ReportThrottle, Site, SiteSystem
from .description_values import (
    as_ad_site_name,
    as_attribute,
    as_client_address,
    as_domain,
    as_gateway_path,
    as_loopback,
    as_name,
    as_network,
    as_site_code,
)
from .faults import Role, parse_fault
from .offers import read_contents, read_update_points, read_update_source
from .peers import PEERS_NAMED, read_peers

__all__ = ["built_in_description", "built_in_text", "parse_description"]

_MAX_TEXT = 1024 * 1024  # characters; a lab is described by hand
_POOL = IPv4Network("127.45.0.0/24")  # where servers without an address get one

_NOT_RUN = ("servers", "software_update_points", "state_migration_points")  # tables of servers that groups reference

# Stand-ins for what could not be read; never part of a description, because each comes with a note.
_NO_HOST = HostName("none.invalid")
_NO_DOMAIN = DnsDomain("none.invalid")
_NO_SITE = SiteCode("000")
_NO_GATEWAY = GatewayPath("/CCM_Proxy_MutualAuth/0")
_STAND_INS = frozenset({_NO_HOST, _NO_DOMAIN, _NO_SITE, ""})


def parse_description(text: str) -> LabDescription:
    """Read a lab from TOML; ``contoso.toml`` in this package shows every key.

    Returns:
        A description in which every name that is referred to exists.

    Raises:
        LabError: It is no TOML, or has faults; the message tells all of them and where each stands.
    """
    if len(text) > _MAX_TEXT:
        raise LabError(f"the description of the lab has more than {_MAX_TEXT} characters")
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LabError(f"the description of the lab is no TOML: {error}") from error
    notes: list[str] = []
    description = _Reader(Table(values, "", notes)).read(_site_data(text, notes))
    if notes:
        faults = tuple(dict.fromkeys(notes))  # sites and servers were read twice
        count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
        hint = "the built-in description, contoso.toml in cmclient.lab, explains every key"
        raise LabError(f"the description of the lab has {count}: " + "; ".join(faults), hint=hint)
    return description


def _site_data(text: str, notes: list[str]) -> SiteData:
    """The boundary data in the description; what is wrong with it is noted."""
    read = read_site_data([SourceFile("lab.toml", text.encode(errors="surrogatepass"))], check=check_boundary)
    notes += [f"{'.'.join(filter(None, (fault.row, fault.field)))} {fault.problem}" for fault in read.faults]
    return read.data


def built_in_text() -> str:
    """The description that the package brings along, as TOML with comments."""
    return files(__package__).joinpath("contoso.toml").read_text("utf-8")


def built_in_description() -> LabDescription:
    """The description that the package brings along."""
    return parse_description(built_in_text())


class _Reader:
    """Reads the file from top to bottom; what refers to something else is checked when all is read."""

    def __init__(self, file: Table) -> None:
        self._file = file
        self._references: list[tuple[Table, str, Sequence[str], str]] = []
        self._hosts: dict[HostName, str | None] = {}
        self._besides: list[HostName] = []  # servers that the lab does not run
        self._throttle = ReportThrottle()

    def read(self, data: SiteData) -> LabDescription:
        """Read all of it; the boundary data was read before, for it has a form of its own."""
        file = self._file
        client = self._client()
        hierarchy = file.table("hierarchy") or Table({}, "hierarchy", [])
        description = LabDescription(
            client=client,
            dns=self._dns(),
            forests=tuple(self._forest(table) for table in file.tables("forests")),
            sites=tuple(self._site(table) for table in file.tables("sites")),
            systems=tuple(self._systems()),
            boundaries=data.boundaries,
            groups=data.groups,
            servers=tuple(_not_run(data)),
            preferred_mps=hierarchy.flag("preferred_mps", fallback=False),
            fallback_site=data.fallback_site,
            faults=file.texts("faults", parse_fault),
            addresses={},
        )
        description = description._replace(
            throttle=self._throttle,
            contents=tuple(read_contents(file, self._refer)),
            update_points=tuple(read_update_points(file)),
            update_source=read_update_source(file),
            peers=tuple(read_peers(file)),
            peers_named=hierarchy.number("peers_named", PEERS_NAMED),
            fallback_minute=hierarchy.number("fallback_minute_ms", 0) / 1000,
        )
        hierarchy.end()
        self._boundary_data(data)
        file.end()
        description = description._replace(addresses=self._addresses(client))
        self._check(description)
        return description

    # One table each

    def _client(self) -> Client:
        table = self._file.table("client", required=True)
        if table is None:
            return Client(_NO_HOST, InterfaceAddress("127.0.0.1", 8))
        client = Client(
            host=table.text("host", HostName, _NO_HOST, required=True),
            address=table.text("address", as_client_address, InterfaceAddress("127.0.0.1", 8), required=True),
            domain=table.text("domain", as_domain, None),
            site_code=table.text("site_code", as_site_code, None),
            registered=table.flag("registered", fallback=True),
            connection=table.text("connection", as_name, "lab0"),
            connection_description=table.text("connection_description", as_name, "network of the lab"),
            is_vpn=table.flag("vpn", fallback=False),
            other_addresses=table.texts("other_addresses", parse_address),
            gateways=table.texts("gateways", HostName),
        )
        self._refer(table, "gateways", client.gateways, "gateway")
        self._refer(table, "domain", (client.domain,), "forest")
        self._refer(table, "site_code", (client.site_code,), "site")
        table.end()
        return client

    def _dns(self) -> HostName:
        table = self._file.table("dns", required=True)
        if table is None:
            return _NO_HOST
        host = self._host(table, "host")
        table.end()
        return host

    def _forest(self, table: Table) -> Forest:
        name = table.text("name", DnsDomain, _NO_DOMAIN, required=True)
        controller = self._host(table, "controller")
        trusts = table.texts("trusts", DnsDomain)
        forest = Forest(name, controller, trusts, tuple(self._ad_site(one) for one in table.tables("ad_sites")))
        if controller != _NO_HOST and not controller.is_in(name):
            table.note("controller", f"{controller} does not lie in {name}")
        self._refer(table, "trusts", trusts, "forest")
        table.end()
        return forest

    def _ad_site(self, table: Table) -> AdSite:
        name = table.text("name", as_ad_site_name, AdSiteName("none"), required=True)
        site = AdSite(name, table.texts("subnets", as_network))
        table.end()
        return site

    def _site(self, table: Table) -> Site:
        kind = table.choice("kind", SiteKind, SiteKind.PRIMARY, required=True)
        site = Site(
            code=table.text("code", SiteCode, _NO_SITE, required=True),
            kind=kind,
            forest=table.text("forest", DnsDomain, _NO_DOMAIN, required=True),
            parent=table.text("parent", as_site_code, None, required=kind is SiteKind.SECONDARY),
            build=table.number("build", 9141),
            publish=table.flag("publish", fallback=True),
        )
        if kind is not SiteKind.SECONDARY and site.parent is not None:
            table.note("parent", "is for secondary sites only")
        self._refer(table, "forest", (site.forest,), "forest")
        self._refer(table, "parent", (site.parent,), "primary site")
        table.end()
        return site

    def _systems(self) -> Iterator[SiteSystem]:
        for table in self._file.tables("management_points"):
            published = table.flag("published", fallback=True)
            withheld = table.texts("withheld", as_attribute)
            devices = table.flag("devices", fallback=False)
            lag = table.number("replica_lag", 0)
            yield self._system(table, Role.MP)._replace(
                published=published, withheld=withheld, devices=devices, replica_lag=lag
            )
            table.end()
        for table in self._file.tables("distribution_points"):
            yield self._system(table, Role.DP)
            table.end()
        proxy = self._file.table("enrollment_proxy_point")
        if proxy is not None:
            system = self._system(proxy, Role.ENROLLMENT, Protocols.HTTPS)
            if system.protocols is not Protocols.HTTPS:
                proxy.note("protocols", "cannot be chosen: devices are enrolled over HTTPS alone")
            yield system
            proxy.end()
        for table in self._file.tables("cloud_management_gateways"):
            yield self._gateway(table)
            table.end()
        fsp = self._file.table("fallback_status_point")
        if fsp is not None:
            system = self._system(fsp, Role.FSP)
            if system.protocols is not Protocols.HTTP:
                fsp.note("protocols", "cannot be chosen: a fallback status point speaks plain HTTP")
            usual = ReportThrottle()
            seconds = fsp.number("throttle_seconds", int(usual.seconds))
            self._throttle = ReportThrottle(fsp.number("throttle", usual.most), float(seconds))
            yield system
            fsp.end()

    def _system(self, table: Table, role: Role, protocols: Protocols = Protocols.HTTP) -> SiteSystem:
        system = SiteSystem(
            role=role,
            host=self._host(table, "host"),
            site=table.text("site", SiteCode, _NO_SITE, required=True),
            protocols=table.choice("protocols", Protocols, protocols),
            enhanced=table.flag("enhanced_http", fallback=False),
            audience=table.choice("audience", Audience, Audience.INTRANET),
        )
        self._refer(table, "site", (system.site,), "site")
        return system

    def _gateway(self, table: Table) -> SiteSystem:
        behind = table.texts("management_points", HostName)
        if not behind:
            table.note("management_points", "is missing: a gateway stands for at least one")
        self._refer(table, "management_points", behind, "management point")
        return self._system(table, Role.CMG)._replace(
            protocols=Protocols.HTTPS,
            audience=Audience.INTERNET,
            gateway=table.text("number", as_gateway_path, _NO_GATEWAY, required=True),
            behind=behind,
        )

    def _boundary_data(self, data: SiteData) -> None:
        """Check what boundary data of a lab must be besides: about the sites and servers of this lab."""
        ad_sites = {one.id: one.value for one in data.boundaries if one.kind is BoundaryKind.AD_SITE}
        for table in self._file.tables("boundaries"):
            name = table.text("name", str, "")
            self._refer(table, "value", (ad_sites.get(table.text("id", str, name)),), "AD site")
        groups = {group.id: group for group in data.groups}
        for table in self._file.tables("boundary_groups"):
            group = groups.get(table.text("id", str, table.text("name", str, "")))
            if group is not None:
                self._group(table, group)
        self._file.text("fallback_site", str, "")
        self._refer(self._file, "fallback_site", (data.fallback_site,), "primary site")
        for key in _NOT_RUN:
            self._besides += [table.text("host", HostName, _NO_HOST) for table in self._file.tables(key)]
        for table in self._file.tables("servers"):
            roles = table.texts("roles", str)
            for role, what in ((Role.MP, "management point"), (Role.DP, "distribution point")):
                if role.value in roles:
                    self._refer(table, "host", (table.text("host", HostName, _NO_HOST),), what)

    def _group(self, table: Table, group: BoundaryGroup) -> None:
        if group.default_of is not None and group.boundaries:
            table.note("boundaries", "cannot be given for a default group: it is for clients in no group")
        if group.default_of is None:
            for key in ("never", "never_fallback", *FallbackTimes._fields):
                if table.has(key):
                    table.note(key, "stands at a default group or at a neighbour, not at a group")
        self._refer(table, "servers", group.servers, "server")
        self._refer(table, "assigned_site", (group.assigned_site,), "primary site")
        self._refer(table, "default_of", (group.default_of,), "primary site")

    def _host(self, table: Table, key: str) -> HostName:
        host = table.text(key, HostName, _NO_HOST, required=True)
        address = table.text("address", as_loopback, None)
        if host != _NO_HOST:
            before = self._hosts.get(host)
            if None not in {before, address} and before != address:
                table.note("address", f"of {host} was {before} before")
            self._hosts[host] = before or address
        return host

    def _addresses(self, client: Client) -> dict[HostName, str]:
        """The address of every server; those that were given none take the free ones of the pool, in order."""
        taken = {client.address.address, *self._hosts.values()}
        free = (address for number in _POOL.hosts() if (address := str(number)) not in taken)
        return {host: address or next(free, "") for host, address in self._hosts.items()}

    # What is checked when everything is read

    def _refer(self, table: Table, key: str, names: Iterable[str | None], what: str) -> None:
        given = [name for name in names if name is not None and name not in _STAND_INS]
        self._references.append((table, key, given, what))

    def _check(self, described: LabDescription) -> None:
        known: dict[str, Sequence[str]] = {
            "forest": [forest.name for forest in described.forests],
            "AD site": [site.name for forest in described.forests for site in forest.ad_sites],
            "site": [site.code for site in described.sites],
            "primary site": [site.code for site in described.sites if site.kind is SiteKind.PRIMARY],
            "management point": described.servers_of(Role.MP),
            "distribution point": described.servers_of(Role.DP),
            "gateway": described.servers_of(Role.CMG),
            "server": [*(system.host for system in described.systems), *self._besides],
        }
        for table, key, names, what in self._references:
            table.refer(key, names, known[what], what)
        self._check_keys(described, known)
        self._check_servers(described)
        for fault in described.faults:
            try:
                described.targets(fault)
            except LabError as error:
                self._file.note("faults", f"has {str(fault)!r}: {error.message} ({error.hint})")

    def _check_keys(self, described: LabDescription, known: Mapping[str, Sequence[str]]) -> None:
        for key in ("forests", "sites", "management_points"):
            if not self._file.has(key):
                self._file.note(key, "is missing: a lab has at least one")
        once = {
            "forests": known["forest"],
            "sites": known["site"],
            "management_points": [system.host for system in described.systems_of(Role.MP)],
            "distribution_points": [system.host for system in described.systems_of(Role.DP)],
            "cloud_management_gateways": [system.host for system in described.systems_of(Role.CMG)],
        }
        for key, names in once.items():
            for name, count in Counter(names).items():
                if count > 1 and name not in _STAND_INS:
                    self._file.note(key, f"has {name!r} {count} times")

    def _check_servers(self, described: LabDescription) -> None:
        by_address = {described.client.address.address: "the client"}
        gateways = described.servers_of(Role.CMG)  # those are in nobody's forest
        for host, address in described.addresses.items():
            if described.forest_of(host) is None and host not in gateways:
                self._file.note("", f"has the server {host}, which lies in no forest of the lab")
            if by_address.setdefault(address, host) != host:
                self._file.note("", f"gives {address} to {by_address[address]} and to {host}")
        if sum(site.kind is SiteKind.CENTRAL for site in described.sites) > 1:
            self._file.note("sites", "has more than one central administration site")
        for site in described.sites:
            if site.kind is SiteKind.CENTRAL and any(system.site == site.code for system in described.systems):
                self._file.note("sites", f"gives the central administration site {site.code} servers; it has none here")
            mps = [system.host for system in described.systems_of(Role.MP) if system.site == site.code]
            if site.kind is SiteKind.SECONDARY and len(mps) > 1:
                self._file.note("management_points", f"gives the secondary site {site.code} more than one")


def _not_run(data: SiteData) -> Iterator[SiteServer]:
    """What is to be known of servers besides the roles in which the lab runs them."""
    for server in data.servers:
        roles = server.roles - {*LOOKED_UP.values()}
        if roles or server.in_maintenance:
            yield server._replace(roles=roles)
