"""Hardware of a Windows machine's network connections: what GetAdaptersAddresses writes, and reading it.

The call can be made on Windows only. The list is laid out with types of a fixed size, so that reading it can be tested
everywhere. It was written from the documentation of that function and has not been run on Windows.
"""

import ctypes
import sys
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from ..errors import InvalidValueError
from ..model.facts import Adapter
from ..model.names import MacAddress

__all__ = ["AdapterAddresses", "Hardware", "read_adapter_list", "with_hardware"]

_MOST = 1000  # connections: a list that leads back to itself must not be read for ever
_MAC_SIZE = 6


class Hardware(NamedTuple):
    """What Windows says of a network connection besides its addresses.

    Attributes:
        name: The connection, as the control panel calls it.
        address: Its physical address; empty where it has none.
        if_type: Its kind, as IANA numbers them.
        dns_suffix: Its own DNS suffix; empty where it has none.
    """

    name: str
    address: bytes
    if_type: int
    dns_suffix: str = ""


class AdapterAddresses(ctypes.Structure):
    """The first part of IP_ADAPTER_ADDRESSES, up to the kind of the connection."""

    _fields_: ClassVar = [
        ("length", ctypes.c_uint32),
        ("index", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("adapter_name", ctypes.c_void_p),
        ("first_unicast", ctypes.c_void_p),
        ("first_anycast", ctypes.c_void_p),
        ("first_multicast", ctypes.c_void_p),
        ("first_dns_server", ctypes.c_void_p),
        ("dns_suffix", ctypes.c_wchar_p),
        ("description", ctypes.c_wchar_p),
        ("friendly_name", ctypes.c_wchar_p),
        ("physical_address", ctypes.c_uint8 * 8),
        ("physical_length", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("mtu", ctypes.c_uint32),
        ("if_type", ctypes.c_uint32),
    ]


def read_adapter_list(first: int) -> tuple[Hardware, ...]:
    """Read the list, in its order.

    Args:
        first: Address of the first entry, in memory that stays as it is until this returns; 0 for an empty list.
    """
    return tuple(
        Hardware(
            one.friendly_name or "",
            bytes(one.physical_address)[: one.physical_length],
            one.if_type,
            one.dns_suffix or "",
        )
        for one in _entries(first)
    )


def _entries(address: int | None) -> Iterator[AdapterAddresses]:
    for _ in range(_MOST):
        if not address:
            return
        entry = AdapterAddresses.from_address(address)
        yield entry
        address = entry.next


def with_hardware(adapters: tuple[Adapter, ...], hardware: tuple[Hardware, ...]) -> tuple[Adapter, ...]:
    """The connections with their kind, MAC address and DNS suffix, as far as the system said; in the same order."""
    known = {one.name.partition(":")[0]: one for one in hardware}
    return tuple(_with_one(adapter, known.get(adapter.name)) for adapter in adapters)


def _with_one(adapter: Adapter, found: Hardware | None) -> Adapter:
    if found is None:
        return adapter
    return adapter._replace(
        if_type=found.if_type,
        dns_suffix=found.dns_suffix,
        has_hardware_address=any(found.address),
        hardware_address=_mac_address(found.address),
    )


def _mac_address(address: bytes) -> MacAddress | None:
    """A physical address as a MAC address; None for one of zeros, and for other networks' longer or shorter ones."""
    if len(address) != _MAC_SIZE:
        return None
    try:
        return MacAddress(address.hex(":"))
    except InvalidValueError:
        return None


if sys.platform == "win32":
    _UNSPECIFIED = 0  # AF_UNSPEC
    _ENTRIES_ALONE = 0x1 | 0x2 | 0x4 | 0x8  # GAA_FLAG_SKIP_UNICAST, _ANYCAST, _MULTICAST, _DNS_SERVER
    _TOO_SMALL = 111  # ERROR_BUFFER_OVERFLOW
    _FIRST_SIZE = 15 * 1024  # bytes, as the documentation advises
    _TRIES = 4  # a connection may come between being told the size and asking with it

    def read_hardware() -> tuple[Hardware, ...]:
        """GetAdaptersAddresses; empty where Windows does not say."""
        ask = ctypes.WinDLL("iphlpapi").GetAdaptersAddresses
        size = ctypes.c_uint32(_FIRST_SIZE)
        for _ in range(_TRIES):
            buffer = ctypes.create_string_buffer(size.value)
            result = ask(_UNSPECIFIED, _ENTRIES_ALONE, None, buffer, ctypes.byref(size))
            if result == 0:
                return read_adapter_list(ctypes.addressof(buffer))
            if result != _TOO_SMALL:
                break
        return ()
