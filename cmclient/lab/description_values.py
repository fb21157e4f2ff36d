"""Values of single keys in the description of a lab: text to value, or an InvalidValueError that says what to write."""

from ipaddress import IPv4Address, IPv4Network

from ..errors import InvalidValueError
from ..model.facts import InterfaceAddress, parse_address
from ..model.names import AdSiteName, DnsDomain, GatewayPath, HostName, SiteCode
from ..protocol.directory import MANAGEMENT_POINT_ATTRIBUTES

__all__ = [
    "as_ad_site_name",
    "as_attribute",
    "as_client_address",
    "as_domain",
    "as_gateway_path",
    "as_loopback",
    "as_name",
    "as_network",
    "as_site_code",
]

_LOOPBACK = IPv4Network("127.0.0.0/8")


def as_site_code(text: str) -> SiteCode | None:
    """A site code.

    Raises:
        InvalidValueError: It is none.
    """
    return SiteCode(text)


def as_domain(text: str) -> DnsDomain | None:
    """A DNS domain.

    Raises:
        InvalidValueError: It is none.
    """
    return DnsDomain(text)


def as_ad_site_name(text: str) -> AdSiteName:
    """The name of an AD site, which is part of DNS names in a lab.

    Raises:
        InvalidValueError: It is none.
    """
    if "." in HostName(text):
        raise InvalidValueError("AD site name", text, "it is part of DNS names here, so one label of one")
    return AdSiteName(text)


def as_attribute(text: str) -> str:
    """An attribute of a management point in the directory.

    Raises:
        InvalidValueError: It is none.
    """
    if text not in MANAGEMENT_POINT_ATTRIBUTES:
        raise InvalidValueError("attribute", text, f"it is one of {', '.join(MANAGEMENT_POINT_ATTRIBUTES)}")
    return text


def as_name(text: str) -> str:
    """A name for people: anything that can be printed.

    Raises:
        InvalidValueError: It is none.
    """
    if not text.strip() or not text.isprintable():
        raise InvalidValueError("name", text, "it is empty or has control characters")
    return text


def as_gateway_path(text: str) -> GatewayPath:
    """The path of a gateway, from the number at its end.

    Raises:
        InvalidValueError: It is none.
    """
    return GatewayPath(f"/CCM_Proxy_MutualAuth/{text}")


def as_network(text: str) -> IPv4Network:
    """A subnet, as ADDRESS/PREFIX.

    Raises:
        InvalidValueError: It is none.
    """
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise InvalidValueError("subnet", text, "write ADDRESS/PREFIX, as in 127.45.10.0/24") from error


def _address(text: str) -> IPv4Address:
    """An IPv4 address.

    Raises:
        InvalidValueError: It is none.
    """
    try:
        return IPv4Address(text.strip())
    except ValueError as error:
        raise InvalidValueError("IPv4 address", text, "write four numbers, as in 127.45.1.1") from error


def as_loopback(text: str) -> str | None:
    """An address of the loopback network, in which all of a lab lies.

    Raises:
        InvalidValueError: It is none.
    """
    address = _address(text)
    if address not in _LOOPBACK:
        raise InvalidValueError("loopback address", text, f"everything in a lab lies in {_LOOPBACK}")
    return str(address)


def as_client_address(text: str) -> InterfaceAddress:
    """The address of a client, with its prefix.

    Raises:
        InvalidValueError: It is none.
    """
    address = parse_address(text)
    as_loopback(address.address)
    if address.prefix is None:
        raise InvalidValueError("address of a client", text, "boundaries need its prefix too, as in 127.45.10.42/24")
    return address
