"""The network connections of this machine: from the kernel on Linux, else through ifaddr."""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ..errors import FactsError, InvalidValueError
from ..model.facts import Adapter, InterfaceAddress, parse_address
from .netlink import Link, read_links

if TYPE_CHECKING:
    import ifaddr

__all__ = ["adapters_of", "read_adapters"]

_VPN_NAMES = ("tun", "tap", "utun", "wg", "ppp", "ipsec", "zt", "tailscale", "cscotun", "gpd")
_VPN_WORDS = ("vpn", "wireguard", "tap-windows", "wintun", "anyconnect", "globalprotect", "fortinet", "wan miniport")
_ORDINARY_NAMES = ("eth", "en", "wl", "wi-fi", "wifi")


def read_adapters() -> tuple[Adapter, ...]:
    """Read the network connections.

    Returns:
        Those that have addresses, in the system's order; loopback only when there is nothing else.

    Raises:
        FactsError: The operating system did not tell.
    """
    try:
        return adapters_of(read_links())
    except (OSError, ValueError):  # no Linux, or one that only knows the C library
        return _read_by_library()


def _read_by_library() -> tuple[Adapter, ...]:
    import ifaddr  # it starts programs when it is loaded

    try:
        found = list(ifaddr.get_adapters())
    # ifaddr asserts on addresses without a mask, and fails on names that are no UTF-8 and on masks with holes.
    except (OSError, AssertionError, TypeError, ValueError) as error:
        raise FactsError(
            f"the network connections of this machine cannot be read: {str(error) or type(error).__name__}",
            hint="give the addresses by hand with --address ADDRESS/PREFIX",
        ) from error
    return adapters_of(found)


def adapters_of(found: "Iterable[ifaddr.Adapter | Link]") -> tuple[Adapter, ...]:
    """Put what was found into our words.

    Aliases of a connection (``eth0:1``) are taken together. On Windows, where the system's name is a number, the
    connection is named as in the control panel.

    Returns:
        As ``read_adapters``.
    """
    addresses: dict[tuple[str, str], list[InterfaceAddress]] = {}
    for one in found:
        name = one.ips[0].nice_name if one.name.startswith("{") and one.ips else one.name
        description = one.nice_name if one.nice_name != one.name else name
        key = (name.partition(":")[0], description.partition(":")[0])
        addresses.setdefault(key, []).extend(_addresses(one))
    usable = {key: _without_loopback(found) for key, found in addresses.items()}
    if not any(usable.values()):
        usable = {key: tuple(found) for key, found in addresses.items()}
    return tuple(
        Adapter(name, description, is_vpn=_is_vpn(name, description, found), addresses=found)
        for (name, description), found in usable.items()
        if found
    )


def _addresses(adapter: "ifaddr.Adapter | Link") -> Iterable[InterfaceAddress]:
    for ip in adapter.ips:
        text = ip.ip[0] if isinstance(ip.ip, tuple) else ip.ip  # an IPv6 address comes with its flow and zone
        try:
            yield parse_address(f"{text}/{ip.network_prefix}")
        except InvalidValueError:
            continue


def _without_loopback(addresses: Iterable[InterfaceAddress]) -> tuple[InterfaceAddress, ...]:
    return tuple(one for one in addresses if not ip_address(one.address).is_loopback)


def _is_vpn(name: str, description: str, addresses: Iterable[InterfaceAddress]) -> bool | None:
    """What the names say; they are a hint, the site decides (CF-007)."""
    short, both = name.casefold(), f"{name} {description}".casefold()
    if any(word in both for word in _VPN_WORDS):
        return True
    if short.startswith(_VPN_NAMES):
        # macOS keeps utun connections of its own, with nothing but a link-local address.
        idle = short.startswith("utun") and all(ip_address(one.address).is_link_local for one in addresses)
        return None if idle else True
    if short.startswith(_ORDINARY_NAMES) and "virtual" not in both:
        return False
    return None
