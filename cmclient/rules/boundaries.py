"""Which boundaries hold a network location: all of them, of every kind (BD-019)."""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.boundary import Boundary, BoundaryKind, Connection, NetworkPlace
from ..model.facts import InterfaceAddress
from ..model.names import AdSiteName
from ..model.rule import decides
from .intervals import IntervalIndex

__all__ = ["BoundaryIndex", "BoundaryMatch", "check_boundary"]

_IPV6_BITS = 128
_GROUP_BITS = 16
_VPN_NAME = 250  # characters of a connection's name that are compared
_VPN_DESCRIPTION = 243
_AUTO = "auto:on"


class BoundaryMatch(NamedTuple):
    """A boundary that holds the location, and by what.

    Attributes:
        boundary: The boundary.
        evidence: The address, AD site or connection that it holds.
    """

    boundary: Boundary
    evidence: str


class _Range(NamedTuple):
    low: int
    high: int
    version: int


def check_boundary(boundary: Boundary) -> None:
    """Check that the value of a boundary can be one of its kind.

    Raises:
        InvalidValueError: It cannot; the message says why.
    """
    _CHECKS[boundary.kind](boundary.value)


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
        ranges: dict[int, list[tuple[int, _Range]]] = {4: [], 6: []}
        for number, boundary in enumerate(self._boundaries):
            if boundary.kind is BoundaryKind.IP_SUBNET:
                self._subnets.setdefault(_subnet(boundary.value), []).append(number)
            elif boundary.kind is BoundaryKind.AD_SITE:
                self._sites.setdefault(AdSiteName(boundary.value).casefold(), []).append(number)
            elif boundary.kind is BoundaryKind.VPN:
                _vpn(boundary.value)
                self._vpns.append(number)
            else:
                held = _prefix(boundary.value) if boundary.kind is BoundaryKind.IPV6_PREFIX else _range(boundary.value)
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
            for number in self._sites.get(place.ad_site.casefold(), ()):
                found.setdefault(number, f"AD site {place.ad_site}")
        for number in self._vpns:
            for connection in place.connections:
                if _holds_connection(self._boundaries[number], connection):
                    found.setdefault(number, f"connection {connection.name}")
        return tuple(BoundaryMatch(self._boundaries[number], found[number]) for number in sorted(found))

    @decides("BD-003", "BD-006", "BD-007")
    def _holding(self, address: InterfaceAddress) -> Iterable[int]:
        """Places of the boundaries that hold an address: ranges and prefixes; subnets by network id, IPv4 only."""
        parsed = ip_address(address.address)
        numbers = self._numbers[parsed.version]
        yield from (numbers[held] for held in self._intervals[parsed.version].find(int(parsed)))
        if isinstance(parsed, IPv4Address) and address.network is not None:
            yield from self._subnets.get(address.network, ())


def _subnet(value: str) -> str:
    try:
        return str(IPv4Address(value.strip()))
    except ValueError as error:
        raise InvalidValueError("subnet boundary", value, "it is a network id alone, as in 10.1.2.0") from error


@decides("BD-007", "BD-008")
def _range(value: str) -> _Range:
    low_text, dash, high_text = value.partition("-")
    try:
        low, high = ip_address(low_text.strip()), ip_address(high_text.strip() if dash else "")
    except ValueError as error:
        raise InvalidValueError("range boundary", value, "it is two addresses, as in 10.1.2.1-10.1.2.9") from error
    if low.version != high.version:
        raise InvalidValueError("range boundary", value, "one end is IPv4 and the other IPv6")
    if int(low) > int(high):
        raise InvalidValueError("range boundary", value, "its first address is above its last")
    return _Range(int(low), int(high), low.version)


@decides("BD-006")
def _prefix(value: str) -> _Range:
    """A prefix: whole leading groups (``2001:db8:1:2``), or any length with a slash (``2001:db8::/33``)."""
    text, slash, length_text = value.strip().partition("/")
    try:
        if slash:
            length, first = int(length_text), IPv6Address(text)
        else:
            groups = text.removesuffix("::").removesuffix(":")
            if not groups:
                raise ValueError(value)  # noqa: TRY301 - told below with the others
            length = _GROUP_BITS * len(groups.split(":"))
            first = IPv6Address(f"{groups}::" if length < _IPV6_BITS else groups)
        if not 0 <= length <= _IPV6_BITS:
            raise ValueError(length)  # noqa: TRY301 - told below with the others
    except ValueError as error:
        reason = "it is the leading groups of an address, as in 2001:db8:1:2"
        raise InvalidValueError("IPv6 prefix boundary", value, reason) from error
    span = 1 << (_IPV6_BITS - length)
    low = int(first) & ~(span - 1)
    if low != int(first):
        raise InvalidValueError("IPv6 prefix boundary", value, f"bits are set beyond the first {length}")
    return _Range(low, low + span - 1, 6)


@decides("BD-010", "BD-011", "BD-012", "BD-013", "BD-014")
def _holds_connection(boundary: Boundary, connection: Connection) -> bool:
    """Whether a VPN boundary holds a connection; compared without case, as a whole or by its beginning."""
    form, text = _vpn(boundary.value)
    if form == "auto":
        return connection.is_pptp is True
    compared, most = (connection.name, _VPN_NAME) if form == "name" else (connection.description, _VPN_DESCRIPTION)
    compared, text = compared[:most].casefold(), text[:most].casefold()
    return compared.startswith(text) if boundary.starts_with else compared == text


def _vpn(value: str) -> tuple[str, str]:
    """The form of a VPN boundary (auto, name or description) and its text."""
    if value.strip().casefold() == _AUTO:
        return "auto", ""
    form, colon, text = value.strip().partition(":")
    if not colon or form.casefold() not in {"name", "description"} or not text.strip():
        raise InvalidValueError("VPN boundary", value, "it is Auto:On, Name:... or Description:...")
    return form.casefold(), text.strip()


_CHECKS: dict[BoundaryKind, Callable[[str], object]] = {
    BoundaryKind.IP_SUBNET: _subnet,
    BoundaryKind.AD_SITE: AdSiteName,
    BoundaryKind.IPV6_PREFIX: _prefix,
    BoundaryKind.IP_RANGE: _range,
    BoundaryKind.VPN: _vpn,
}
