"""The directory of one forest: what stands in it, and searching it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ..model.directory import DirectoryEntry
from ..model.endpoints import ManagementPoint
from ..model.rule import decides
from ..protocol.capabilities import OperationalSettings, build_operational_settings
from ..protocol.directory import domain_dn, system_management_dn
from ..protocol.directory_entries import management_point_entry, range_entry, site_entry, trust_entry
from ..protocol.directory_schema import INBOUND, OUTBOUND
from ..protocol.mplist import ssl_state_of
from .description import Forest, LabDescription, Site
from .faults import Role
from .ldap_messages import PAGED_RESULTS, START_TLS, Search
from .site import Hierarchy

__all__ = ["Ports", "Tree", "build_tree", "operational_settings", "with_current_time"]

_BASE, _ONE_LEVEL = 0, 1


class Ports(NamedTuple):
    """The ports of the lab's web servers."""

    http: int
    https: int


class Tree:
    """Entries, parents before children.

    Attributes:
        root: The entry about the server itself, which is no part of the tree.
        domain: Distinguished name of the domain.
    """

    def __init__(self, root: DirectoryEntry, domain: str, entries: Iterable[DirectoryEntry]) -> None:
        self.root = root
        self.domain = domain
        self._entries = {_key(entry.dn): _with_category(entry) for entry in entries}

    def has(self, dn: str) -> bool:
        """Whether there is an entry with that name."""
        return _key(dn) in self._entries

    def search(self, search: Search, *, whole: bool) -> Iterator[DirectoryEntry]:
        """The entries that fit, in the order of the tree; an empty base means all of it.

        Args:
            search: What to look for.
            whole: Go on into the configuration, which is a tree of its own to all but a global catalog.
        """
        base, border = _key(search.base), _key(f"CN=Configuration,{self.domain}")
        for key, entry in self._entries.items():
            depth = len(key) - len(base)
            if depth < 0 or key[depth:] != base:
                continue
            if (search.scope == _BASE and depth) or (search.scope == _ONE_LEVEL and depth != 1):
                continue
            if not whole and len(base) < len(border) and key[-len(border) :] == border:
                continue
            if search.condition.matches(entry.attributes):
                yield entry


def build_tree(forest: Forest, description: LabDescription, hierarchy: Hierarchy, ports: Ports) -> Tree:
    """Build the directory of a forest: its domain, its trusts, its AD sites, and what sites publish there."""
    entries = [
        *_domain_entries(forest, description),
        *_configuration_entries(forest),
        *_published_entries(forest, description, hierarchy, ports),
    ]
    return Tree(_root_entry(forest), domain_dn(forest.name), entries)


def _domain_entries(forest: Forest, description: LabDescription) -> Iterator[DirectoryEntry]:
    dn = domain_dn(forest.name)
    yield _entry(dn, ["top", "domain", "domainDNS"], name=forest.name.partition(".")[0])
    yield _entry(f"CN=System,{dn}", ["top", "container"], cn="System")
    for other in description.forests:
        direction = (OUTBOUND if other.name in forest.trusts else 0) | (INBOUND if forest.name in other.trusts else 0)
        if direction and other.name != forest.name:
            yield trust_entry(other.name, domain=forest.name, direction=direction)


def _configuration_entries(forest: Forest) -> Iterator[DirectoryEntry]:
    top = f"CN=Configuration,{domain_dn(forest.name)}"
    yield _entry(top, ["top", "configuration"], cn="Configuration")
    sites = f"CN=Sites,{top}"
    yield _entry(sites, ["top", "sitesContainer"], cn="Sites")
    yield _entry(f"CN=Subnets,{sites}", ["top", "subnetContainer"], cn="Subnets")
    for site in forest.ad_sites:
        dn = f"CN={_escaped(site.name)},{sites}"
        yield _entry(dn, ["top", "site"], cn=site.name)
        for subnet in site.subnets:
            yield _entry(f"CN={subnet},CN=Subnets,{sites}", ["top", "subnet"], cn=str(subnet), siteObject=dn)


@decides("AD-005")
def _published_entries(
    forest: Forest, description: LabDescription, hierarchy: Hierarchy, ports: Ports
) -> Iterator[DirectoryEntry]:
    """The container and what stands in it; a domain without a publishing site has neither."""
    sites = hierarchy.publishing_sites(forest)
    withheld = {one.host: one.withheld for one in description.systems_of(Role.MP)}
    if sites:
        yield _entry(system_management_dn(forest.name), ["top", "container"], cn="System Management")
    for site in sites:
        yield site_entry(hierarchy.published_site(site), domain=forest.name)
        for one in hierarchy.published_ranges(site):
            yield range_entry(one, domain=forest.name)
        for mp in hierarchy.published_mps(site):
            settings = build_operational_settings(operational_settings(mp, site, description, hierarchy, ports))
            entry = management_point_entry(mp, domain=forest.name, capabilities=settings)
            yield _without(entry, withheld.get(mp.host, ()))


@decides("AD-014")
def operational_settings(
    mp: ManagementPoint, site: Site, description: LabDescription, hierarchy: Hierarchy, ports: Ports
) -> OperationalSettings:
    """What a site says of itself with a management point."""
    return OperationalSettings(
        version=f"5.00.{site.build}.1000",
        http_port=ports.http,
        https_port=ports.https,
        root_site=hierarchy.root_of(site),
        fallback_status_points=description.servers_of(Role.FSP)[:1],
        forest=site.forest,
        ssl_state=ssl_state_of(mp.protocols) if mp.ssl_state is None else mp.ssl_state,
    )


def _without(entry: DirectoryEntry, names: Iterable[str]) -> DirectoryEntry:
    """An entry as somebody sees it who may not read all of it."""
    hidden = {name.lower() for name in names}
    return entry._replace(attributes={name: value for name, value in entry.attributes.items() if name not in hidden})


def _root_entry(forest: Forest) -> DirectoryEntry:
    domain = domain_dn(forest.name)
    return _entry(
        "",
        ["top"],
        defaultNamingContext=domain,
        rootDomainNamingContext=domain,
        configurationNamingContext=f"CN=Configuration,{domain}",
        namingContexts=[domain, f"CN=Configuration,{domain}"],
        dnsHostName=forest.controller,
        isGlobalCatalogReady="TRUE",
        supportedLDAPVersion=["2", "3"],
        supportedControl=PAGED_RESULTS,
        supportedExtension=START_TLS,
    )


def with_current_time(root: DirectoryEntry) -> DirectoryEntry:
    """The entry about the server with its clock as it is now, as domain controllers have it."""
    now = f"{datetime.now(UTC):%Y%m%d%H%M%S}.0Z".encode()
    return root._replace(attributes={**root.attributes, "currenttime": (now,)})


def _entry(dn: str, classes: list[str], **attributes: str | list[str]) -> DirectoryEntry:
    values = {"objectclass": tuple(name.encode() for name in classes)}
    if dn:
        values["distinguishedname"] = (dn.encode(),)
    for name, value in attributes.items():
        listed = [value] if isinstance(value, str) else value
        values[name.lower()] = tuple(text.encode() for text in listed)
    return DirectoryEntry(dn, values)


def _with_category(entry: DirectoryEntry) -> DirectoryEntry:
    """With its category, for those who search by it; the name of the class stands for the DN that AD has."""
    category = entry.attributes["objectclass"][-1:]
    return entry._replace(attributes={**entry.attributes, "objectcategory": category})


def _key(dn: str) -> tuple[str, ...]:
    """The parts of a distinguished name, comparable; a comma after a backslash does not part."""
    parts: list[str] = []
    for piece in dn.split(","):
        if parts and parts[-1].endswith("\\"):
            parts[-1] += "," + piece
        else:
            parts.append(piece)
    return tuple(part.strip().casefold() for part in parts) if dn.strip() else ()


def _escaped(name: str) -> str:
    return "".join("\\" + c if c in ',+"\\<>;=#' else c for c in name)
