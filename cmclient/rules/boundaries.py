"""Which boundaries hold a network location: all of them, of every kind (BD-019)."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from ..model.boundary import Boundary, BoundaryKind, Connection, NetworkPlace
from ..model.facts import InterfaceAddress
from ..model.names import AdSiteName
from ..model.rule import decides
from .boundary_values import AUTO, OCTETS, AddressSpan, check_boundary, compared_text, span_of, subnet_of, vpn_of
from .intervals import IntervalIndex

__all__ = ["OCTETS", "BoundaryIndex", "BoundaryMatch", "check_boundary"]


class BoundaryMatch(NamedTuple):
    """A boundary that holds the location, and by what.

    Attributes:
        boundary: The boundary.
        evidence: The address, AD site or connection that it holds.
    """

    boundary: Boundary
    evidence: str


class BoundaryIndex:
    """Looks up the boundaries that hold a location. Built once, asked often."""

    def __init__(self, boundaries: Sequence[Boundary]) -> None:
        """Build the index.

        Args:
            boundaries: In any order.

        Raises:
            InvalidValueError: The value of one cannot be of its kind.
        """
        self._boundaries = tuple(boundaries)
        self._subnets: dict[str, list[int]] = {}
        self._sites: dict[str, list[int]] = {}
        self._vpns: list[int] = []
        ranges: dict[int, list[tuple[int, AddressSpan]]] = {4: [], 6: []}
        for number, boundary in enumerate(self._boundaries):
            if boundary.kind is BoundaryKind.IP_SUBNET:
                self._subnets.setdefault(subnet_of(boundary.value), []).append(number)
            elif boundary.kind is BoundaryKind.AD_SITE:
                self._sites.setdefault(AdSiteName(boundary.value).casefold(), []).append(number)
            elif boundary.kind is BoundaryKind.VPN:
                vpn_of(boundary.value)
                self._vpns.append(number)
            else:
                held = span_of(boundary)
                ranges[held.version].append((number, held))
        self._numbers = {version: [number for number, _ in held] for version, held in ranges.items()}
        self._intervals = {
            version: IntervalIndex([(one.low, one.high) for _, one in held]) for version, held in ranges.items()
        }

    @decides("BD-019")
    def find(self, place: NetworkPlace) -> tuple[BoundaryMatch, ...]:
        """Find the boundaries that hold a location.

        Returns:
            Every one once, with the first thing that it holds, in the order in which the index was given them.
        """
        found: dict[int, str] = {}
        for address in place.addresses:
            for number in self._holding(address):
                found.setdefault(number, str(address))
        if place.ad_site is not None:
            for number in self.in_ad_site(place.ad_site):
                found.setdefault(number, f"AD site {place.ad_site}")
        for number in self._vpns:
            for connection in place.connections:
                if _holds_connection(self._boundaries[number], connection):
                    found.setdefault(number, f"connection {connection.name}")
        return tuple(BoundaryMatch(self._boundaries[number], found[number]) for number in sorted(found))

    # What follows is the same by its parts, for those who look up very many places; ``find`` is the measure.

    @property
    def networks(self) -> Mapping[str, Sequence[int]]:
        """Places of the subnet boundaries among those given to the index, by network id, such as ``10.1.2.0``."""
        return self._subnets

    def cuts(self, version: int) -> Sequence[int]:
        """The addresses of IP version 4 or 6, as numbers, from each of which on other ranges and prefixes hold."""
        return self._intervals[version].cuts

    def pieces(self, version: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]] | None:
        """``IntervalIndex.flat`` of the ranges and prefixes, and the places of these; None where there is no such."""
        flat = self._intervals[version].flat
        return None if flat is None else (*flat, self._numbers[version])

    def in_piece(self, version: int, piece: int) -> list[int]:
        """Places of the ranges and prefixes that hold what lies between two cuts.

        Args:
            version: IP version, 4 or 6.
            piece: How many cuts are at or below the address.

        Returns:
            In ascending order; empty when none does.
        """
        numbers = self._numbers[version]
        return [numbers[held] for held in self._intervals[version].at(piece)]

    @decides("BD-005")
    def in_ad_site(self, name: AdSiteName) -> Sequence[int]:
        """Places of the boundaries that are an AD site, in any case: by its name, whatever subnets it has in AD now."""
        return self._sites.get(name.casefold(), ())

    def on_connections(self, connections: Sequence[Connection]) -> list[int]:
        """Places of the VPN boundaries that hold one of the connections, ascending."""
        held = self._boundaries
        return [n for n in self._vpns if any(_holds_connection(held[n], connection) for connection in connections)]

    @decides("BD-003", "BD-006", "BD-007")
    def _holding(self, address: InterfaceAddress) -> Iterable[int]:
        """Places of the boundaries that hold an address: ranges and prefixes; subnets by network id, IPv4 only."""
        parsed = ip_address(address.address)
        numbers = self._numbers[parsed.version]
        yield from (numbers[held] for held in self._intervals[parsed.version].find(int(parsed)))
        if isinstance(parsed, IPv4Address) and address.network is not None:
            yield from self._subnets.get(address.network, ())


@decides("BD-010", "BD-011", "BD-012", "BD-013", "BD-014")
def _holds_connection(boundary: Boundary, connection: Connection) -> bool:
    """Whether a VPN boundary holds a connection; compared without case, as a whole or by its beginning."""
    form, text = vpn_of(boundary.value)
    if form == AUTO:
        return connection.is_pptp is True
    compared = compared_text(form, connection.name if form == "name" else connection.description)
    text = compared_text(form, text)
    return compared.startswith(text) if boundary.starts_with else compared == text
