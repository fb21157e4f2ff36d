"""Boundary data with its cross references, worked out once for all checks and views of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.boundary import Boundary, BoundaryKind
from ..model.groups import BoundaryGroup, Role, SiteData
from ..model.names import AdSiteName, HostName, SiteCode
from .boundary_values import compared_text, span_of, subnet_of, vpn_of
from .groups import find_assigned_sites
from .pools import build_pool

__all__ = ["IPV4", "IPV6", "Span", "Survey", "name_some"]

IPV4 = "IPv4"
IPV6 = "IPv6"
_LAST = chr(0x10FFFF)  # stands behind every text that has the same beginning


class Span(NamedTuple):
    """What a boundary holds, as an interval on the line of its kind.

    Attributes:
        boundary: The boundary.
        line: What is counted on it; intervals of different lines cannot be compared.
        low: Lowest number: an address, or the place of a name among the names of its line.
        high: Highest number.
    """

    boundary: Boundary
    line: str
    low: int
    high: int


class Survey:
    """Boundary data and what refers to what in it.

    Attributes:
        data: The data.
        groups: Groups by identifier.
        boundaries: Boundaries by identifier.
        servers: Servers by host.
        groups_of: For each boundary the groups that it is in, in their order; those in none are missing.
        spans: What each boundary holds, in the order of the data.
        invalid: Boundaries whose value cannot be of their kind, with the reason.
        defaults: The default site boundary groups.
        content_fallbacks: Groups to which some group falls back for content by a link of its own.
    """

    def __init__(self, data: SiteData) -> None:
        """Work it out; takes time and memory in proportion to the data."""
        self.data = data
        self.groups: Mapping[str, BoundaryGroup] = {group.id: group for group in data.groups}
        self.boundaries = {boundary.id: boundary for boundary in data.boundaries}
        self.servers = {server.host: server for server in data.servers}
        self.defaults = tuple(group for group in data.groups if group.default_of is not None)
        links = [link for group in data.groups for link in group.relationships]
        self.content_fallbacks = frozenset(link.neighbour for link in links if link.times.dp is not None)
        self.groups_of: dict[str, list[BoundaryGroup]] = defaultdict(list)
        for group in data.groups:
            for boundary in dict.fromkeys(group.boundaries):
                self.groups_of[boundary].append(group)
        self.invalid: list[tuple[Boundary, str]] = []
        self.spans = tuple(self._spans())
        self._usable: dict[tuple[str, Role], frozenset[HostName]] = {}

    def usable(self, group: BoundaryGroup, role: Role) -> frozenset[HostName]:
        """The servers of a role that a group references and that are handed to clients."""
        key = group.id, role
        if key not in self._usable:
            held = tuple(self.servers[host] for host in group.servers if self.has_role(host, role))
            pool = build_pool(SiteData(servers=held), (group,), role, assigned_site=None)
            self._usable[key] = frozenset(entry.host for entry in pool)
        return self._usable[key]

    def has_role(self, host: HostName, role: Role) -> bool:
        """Whether a server has a role."""
        return host in self.servers and role in self.servers[host].roles

    def sites_of(self, boundary: Boundary) -> frozenset[SiteCode]:
        """The sites that clients in a boundary may be assigned to."""
        return frozenset(find_assigned_sites(self.groups_of.get(boundary.id, ())))

    def _spans(self) -> Iterable[Span]:
        named: dict[str, list[tuple[int, Boundary, str, str]]] = defaultdict(list)
        found: dict[int, Span] = {}
        for number, boundary in enumerate(self.data.boundaries):
            try:
                held = _numbers(boundary)
                if held is None:
                    line, low, high = _texts(boundary)
                    named[line].append((number, boundary, low, high))
                else:
                    found[number] = Span(boundary, *held)
            except InvalidValueError as error:
                self.invalid.append((boundary, error.reason))
        for line, held_texts in named.items():
            ends = sorted({end for _, _, low, high in held_texts for end in (low, high)})
            place = {end: index for index, end in enumerate(ends)}
            for number, boundary, low, high in held_texts:
                found[number] = Span(boundary, line, place[low], place[high])
        return (found[number] for number in sorted(found))


def _numbers(boundary: Boundary) -> tuple[str, int, int] | None:
    """What a boundary of addresses holds; of a subnet boundary what it holds whatever the mask of its clients."""
    if boundary.kind is BoundaryKind.IP_SUBNET:
        network = int(IPv4Address(subnet_of(boundary.value)))
        return IPV4, network + 1, network + 2
    if boundary.kind not in {BoundaryKind.IP_RANGE, BoundaryKind.IPV6_PREFIX}:
        return None
    held = span_of(boundary)
    return IPV4 if held.version == 4 else IPV6, held.low, held.high  # noqa: PLR2004 - the version of IP


def _texts(boundary: Boundary) -> tuple[str, str, str]:
    """What a boundary of names holds, as compared: without case, and no more of it than counts."""
    if boundary.kind is BoundaryKind.AD_SITE:
        name = AdSiteName(boundary.value).casefold()
        return "AD site", name, name
    form, text = vpn_of(boundary.value)
    compared = compared_text(form, text) if text else ""
    return f"VPN {form}", compared, compared + (_LAST if boundary.starts_with else "")


def name_some(names: Iterable[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    every = tuple(names)
    shown = ", ".join(every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most} more"
