"""What the value of a boundary says: a network id, an AD site, the addresses that it spans, or a VPN connection."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.boundary import Boundary, BoundaryKind
from ..model.names import AdSiteName
from ..model.rule import decides

__all__ = [
    "AUTO",
    "OCTETS",
    "AddressSpan",
    "VpnValue",
    "check_boundary",
    "compared_length",
    "compared_text",
    "is_auto_detection",
    "span_of",
    "subnet_of",
    "vpn_of",
]

_IPV6_BITS = 128
_GROUP_BITS = 16
_COMPARED = {"name": 250, "description": 243}  # characters of a VPN connection's text, by the form of the boundary

AUTO = "auto"
"""The form of a VPN boundary that detects connections by itself."""

OCTETS = {str(number): number for number in range(256)}
"""The four parts of an IPv4 address in the only form that each has, and their values."""


class AddressSpan(NamedTuple):
    """Addresses from the lowest to the highest as numbers, both included, and their IP version, 4 or 6."""

    low: int
    high: int
    version: int


class VpnValue(NamedTuple):
    """A VPN boundary: its form (``auto``, ``name`` or ``description``), and its text; empty for ``auto``."""

    form: str
    text: str


def check_boundary(boundary: Boundary) -> None:
    """Check that the value of a boundary can be one of its kind.

    Raises:
        InvalidValueError: It cannot; the message says why.
    """
    _CHECKS[boundary.kind](boundary.value)


def subnet_of(value: str) -> str:
    """The network id of a subnet boundary, such as ``10.1.2.0``.

    Raises:
        InvalidValueError: The value is no network id.
    """
    try:
        return str(IPv4Address(value.strip()))
    except ValueError as error:
        raise InvalidValueError("subnet boundary", value, "it is a network id alone, as in 10.1.2.0") from error


def span_of(boundary: Boundary) -> AddressSpan:
    """The addresses that a range or a prefix holds.

    Raises:
        InvalidValueError: The value is none of the boundary's kind; the kind is one of the two.
    """
    return _prefix(boundary.value) if boundary.kind is BoundaryKind.IPV6_PREFIX else _range(boundary.value)


@decides("BD-007", "BD-008")
def _range(value: str) -> AddressSpan:
    low_text, dash, high_text = value.partition("-")
    try:
        (low, version), (high, other) = _address(low_text.strip()), _address(high_text.strip() if dash else "")
    except ValueError as error:
        raise InvalidValueError("range boundary", value, "it is two addresses, as in 10.1.2.1-10.1.2.9") from error
    if version != other:
        raise InvalidValueError("range boundary", value, "one end is IPv4 and the other IPv6")
    if low > high:
        raise InvalidValueError("range boundary", value, "its first address is above its last")
    return AddressSpan(low, high, version)


def _address(text: str) -> tuple[int, int]:
    """An address as a number, and its version; ``ip_address`` alone would take most of the time of a large index."""
    try:
        one, two, three, four = text.split(".")
        return OCTETS[one] << 24 | OCTETS[two] << 16 | OCTETS[three] << 8 | OCTETS[four], 4
    except (KeyError, ValueError):
        parsed = ip_address(text)
        return int(parsed), parsed.version


@decides("BD-006")
def _prefix(value: str) -> AddressSpan:
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
    return AddressSpan(low, low + span - 1, 6)


def vpn_of(value: str) -> VpnValue:
    """What a VPN boundary says.

    Raises:
        InvalidValueError: It is none of the three forms.
    """
    if value.strip().casefold() == "auto:on":
        return VpnValue(AUTO, "")
    form, colon, text = value.strip().partition(":")
    if not colon or form.casefold() not in _COMPARED or not text.strip():
        raise InvalidValueError("VPN boundary", value, "it is Auto:On, Name:... or Description:...")
    return VpnValue(form.casefold(), text.strip())


def is_auto_detection(boundary: Boundary) -> bool:
    """Whether a boundary is one for VPN connections that are detected.

    Raises:
        InvalidValueError: It is a VPN boundary of no known form.
    """
    return boundary.kind is BoundaryKind.VPN and vpn_of(boundary.value).form == AUTO


@decides("BD-011", "BD-012")
def compared_length(form: str) -> int:
    """How many characters of a connection's name or description are compared."""
    return _COMPARED[form]


@decides("BD-013")
def compared_text(form: str, text: str) -> str:
    """A connection's name or description as it is compared: no more of it than counts, and without case."""
    return text[: compared_length(form)].casefold()


_CHECKS: dict[BoundaryKind, Callable[[str], object]] = {
    BoundaryKind.IP_SUBNET: subnet_of,
    BoundaryKind.AD_SITE: AdSiteName,
    BoundaryKind.IPV6_PREFIX: _prefix,
    BoundaryKind.IP_RANGE: _range,
    BoundaryKind.VPN: vpn_of,
}
