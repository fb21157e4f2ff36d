"""A lab described in TOML, with every fault reported at once and where it stands."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from ipaddress import IPv4Address, IPv4Network

from ..errors import InvalidValueError, LabError
from ..model.endpoints import Audience, Protocols, SiteKind
from ..model.facts import InterfaceAddress, parse_address
from ..model.names import AdSiteName, DnsDomain, HostName, SiteCode
from ..protocol.tables import Table
from .description import (
    AdSite,
    Boundary,
    BoundaryGroup,
    BoundaryKind,
    Client,
    Forest,
    LabDescription,
    Neighbour,
    Site,
    SiteSystem,
)
from .faults import Role, parse_fault

__all__ = ["built_in_description", "built_in_text", "parse_description"]

_MAX_TEXT = 1024 * 1024  # characters; a lab is described by hand
_LOOPBACK = IPv4Network("127.0.0.0/8")
_POOL = IPv4Network("127.45.0.0/24")  # where servers without an address get one

# Stand-ins for what could not be read; never part of a description, because each comes with a note.
_NO_HOST = HostName("none.invalid")
_NO_DOMAIN = DnsDomain("none.invalid")
_NO_SITE = SiteCode("000")
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
    description = _Reader(Table(values, "", notes)).read()
    if notes:
        count = "a fault" if len(notes) == 1 else f"{len(notes)} faults"
        hint = "the built-in description, contoso.toml in cmclient.lab, explains every key"
        raise LabError(f"the description of the lab has {count}: " + "; ".join(notes), hint=hint)
    return description


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

    def read(self) -> LabDescription:
        file = self._file
        client = self._client()
        hierarchy = file.table("hierarchy") or Table({}, "hierarchy", [])
        description = LabDescription(
            client=client,
            dns=self._dns(),
            forests=tuple(self._forest(table) for table in file.tables("forests")),
            sites=tuple(self._site(table) for table in file.tables("sites")),
            systems=tuple(self._systems()),
            boundaries=tuple(self._boundary(table) for table in file.tables("boundaries")),
            groups=tuple(self._group(table) for table in file.tables("boundary_groups")),
            preferred_mps=hierarchy.flag("preferred_mps", fallback=False),
            faults=file.texts("faults", parse_fault),
            addresses={},
        )
        hierarchy.end()
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
            address=table.text("address", _client_address, InterfaceAddress("127.0.0.1", 8), required=True),
            domain=table.text("domain", _domain, None),
            site_code=table.text("site_code", _site_code, None),
            registered=table.flag("registered", fallback=True),
        )
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
        name = table.text("name", _ad_site_name, AdSiteName("none"), required=True)
        site = AdSite(name, table.texts("subnets", _network))
        table.end()
        return site

    def _site(self, table: Table) -> Site:
        kind = table.choice("kind", SiteKind, SiteKind.PRIMARY, required=True)
        site = Site(
            code=table.text("code", SiteCode, _NO_SITE, required=True),
            kind=kind,
            forest=table.text("forest", DnsDomain, _NO_DOMAIN, required=True),
            parent=table.text("parent", _site_code, None, required=kind is SiteKind.SECONDARY),
            build=table.number("build", 9141),
            publish=table.flag("publish", fallback=True),
        )
        if kind is SiteKind.PRIMARY and site.parent is not None:
            table.note("parent", "is for secondary sites only")
        self._refer(table, "forest", (site.forest,), "forest")
        self._refer(table, "parent", (site.parent,), "primary site")
        table.end()
        return site

    def _systems(self) -> Iterator[SiteSystem]:
        for table in self._file.tables("management_points"):
            published = table.flag("published", fallback=True)
            devices = table.flag("devices", fallback=False)
            yield self._system(table, Role.MP)._replace(published=published, devices=devices)
            table.end()
        for table in self._file.tables("distribution_points"):
            yield self._system(table, Role.DP)
            table.end()
        fsp = self._file.table("fallback_status_point")
        if fsp is not None:
            system = self._system(fsp, Role.FSP)
            if system.protocols is not Protocols.HTTP:
                fsp.note("protocols", "cannot be chosen: a fallback status point speaks plain HTTP")
            yield system
            fsp.end()

    def _system(self, table: Table, role: Role) -> SiteSystem:
        system = SiteSystem(
            role=role,
            host=self._host(table, "host"),
            site=table.text("site", SiteCode, _NO_SITE, required=True),
            protocols=table.choice("protocols", Protocols, Protocols.HTTP),
            audience=table.choice("audience", Audience, Audience.INTRANET),
        )
        self._refer(table, "site", (system.site,), "site")
        return system

    def _boundary(self, table: Table) -> Boundary:
        kind = table.choice("type", BoundaryKind, BoundaryKind.AD_SITE, required=True)
        name = table.text("name", _name, "", required=True)
        blank = Boundary(name, kind, "")
        boundary = table.text("value", partial(_boundary_value, blank), blank, required=True)
        if boundary.kind is BoundaryKind.AD_SITE and boundary.value:
            self._refer(table, "value", (boundary.value,), "AD site")
        table.end()
        return boundary

    def _group(self, table: Table) -> BoundaryGroup:
        group = BoundaryGroup(
            name=table.text("name", _name, "", required=True),
            boundaries=table.texts("boundaries", str),
            servers=table.texts("servers", HostName),
            assigned_site=table.text("assigned_site", _site_code, None),
            neighbours=tuple(self._neighbour(one) for one in table.tables("neighbours")),
            default_of=table.text("default_of", _site_code, None),
            never_fallback=table.texts("never_fallback", _role),
        )
        if group.default_of is not None and group.boundaries:
            table.note("boundaries", "cannot be given for a default group: it is for clients in no group")
        if group.default_of is None and group.never_fallback:
            table.note("never_fallback", "stands at a default group or at a neighbour, not at a group")
        self._refer(table, "boundaries", group.boundaries, "boundary")
        self._refer(table, "servers", group.servers, "site system")
        self._refer(table, "assigned_site", (group.assigned_site,), "primary site")
        self._refer(table, "default_of", (group.default_of,), "primary site")
        table.end()
        return group

    def _neighbour(self, table: Table) -> Neighbour:
        neighbour = Neighbour(table.text("group", _name, "", required=True), table.texts("never_fallback", _role))
        self._refer(table, "group", (neighbour.group,), "boundary group")
        table.end()
        return neighbour

    def _host(self, table: Table, key: str) -> HostName:
        host = table.text(key, HostName, _NO_HOST, required=True)
        address = table.text("address", _loopback, None)
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
            "site system": [system.host for system in described.systems],
            "boundary": [boundary.name for boundary in described.boundaries],
            "boundary group": [group.name for group in described.groups],
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
            "boundaries": known["boundary"],
            "boundary_groups": known["boundary group"],
        }
        for key, names in once.items():
            for name, count in Counter(names).items():
                if count > 1 and name not in _STAND_INS:
                    self._file.note(key, f"has {name!r} {count} times")

    def _check_servers(self, described: LabDescription) -> None:
        by_address = {described.client.address.address: "the client"}
        for host, address in described.addresses.items():
            if described.forest_of(host) is None:
                self._file.note("", f"has the server {host}, which lies in no forest of the lab")
            if by_address.setdefault(address, host) != host:
                self._file.note("", f"gives {address} to {by_address[address]} and to {host}")
        for site in described.sites:
            mps = [system.host for system in described.systems_of(Role.MP) if system.site == site.code]
            if site.kind is SiteKind.SECONDARY and len(mps) > 1:
                self._file.note("management_points", f"gives the secondary site {site.code} more than one")


# Values of single keys


def _site_code(text: str) -> SiteCode | None:
    return SiteCode(text)


def _domain(text: str) -> DnsDomain | None:
    return DnsDomain(text)


def _ad_site_name(text: str) -> AdSiteName:
    if "." in HostName(text):
        raise InvalidValueError("AD site name", text, "it is part of DNS names here, so one label of one")
    return AdSiteName(text)


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise InvalidValueError("name", text, "it is empty or has control characters")
    return text


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise InvalidValueError("role", text, "roles here are mp and dp") from error


def _network(text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise InvalidValueError("subnet", text, "write ADDRESS/PREFIX, as in 127.45.10.0/24") from error


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text.strip())
    except ValueError as error:
        raise InvalidValueError("IPv4 address", text, "write four numbers, as in 127.45.1.1") from error


def _loopback(text: str) -> str | None:
    address = _address(text)
    if address not in _LOOPBACK:
        raise InvalidValueError("loopback address", text, f"everything in a lab lies in {_LOOPBACK}")
    return str(address)


def _client_address(text: str) -> InterfaceAddress:
    address = parse_address(text)
    _loopback(address.address)
    if address.prefix is None:
        raise InvalidValueError("address of a client", text, "boundaries need its prefix too, as in 127.45.10.42/24")
    return address


def _boundary_value(blank: Boundary, text: str) -> Boundary:
    if blank.kind is BoundaryKind.AD_SITE:
        return blank._replace(value=AdSiteName(text))
    if blank.kind is BoundaryKind.SUBNET:
        return blank._replace(value=str(_address(text)))
    low, dash, high = text.partition("-")
    if not dash:
        raise InvalidValueError("range", text, "write LOW-HIGH, as in 127.45.10.1-127.45.10.254")
    first, last = _address(low), _address(high)
    if first > last:
        raise InvalidValueError("range", text, "its first address comes after its last")
    return blank._replace(value=f"{first}-{last}", low=int(first), high=int(last))
