"""By what a Windows machine is known in a report: its MAC address, and id and version of an installed client."""

import ctypes
import sys
from collections.abc import Mapping
from typing import NamedTuple

import pytest
from world import config

from cmclient.adapters.facts_windows import RegistryValue, WindowsFacts
from cmclient.adapters.hardware_windows import AdapterAddresses, Hardware, read_adapter_list, with_hardware
from cmclient.model.facts import Adapter, InterfaceAddress
from cmclient.protocol.smscfg import SMSCFG_CAP, find_client_id
from cmclient.reporting import identity_of

MOBILE = r"SOFTWARE\Microsoft\SMS\Mobile Client"
GUID = "GUID:6D2BBE8C-4D60-4B9D-9CC8-DCA2B4A0F6A1"
LINE = f"SMS Unique Identifier={GUID}\r\n".encode()
MAC = bytes.fromhex("00155d00000a")
ETHERNET = Adapter("Ethernet", "Intel", addresses=(InterfaceAddress("10.0.0.5", 24),))
TUNNEL = Adapter("Office VPN", "WAN Miniport (IKEv2)", is_vpn=True, addresses=(InterfaceAddress("10.9.0.5", 32),))


class Recorded(NamedTuple):
    """A machine as it was recorded, as far as it matters here."""

    registry: Mapping[tuple[str, str], RegistryValue] = {}
    devices: tuple[Hardware, ...] = ()
    smscfg: bytes = b""
    connections: tuple[Adapter, ...] = (TUNNEL, ETHERNET)

    def registry_value(self, key: str, name: str) -> RegistryValue:
        return self.registry.get((key, name))

    def join_information(self) -> tuple[str, bool] | None:
        return None

    def dns_domain_name(self) -> str | None:
        return None

    def forest_name(self) -> str | None:
        return None

    def site_name(self) -> str | None:
        return None

    def computer_dns_name(self) -> str | None:
        return "pc1.corp.example"

    def adapters(self) -> tuple[Adapter, ...]:
        return self.connections

    def hardware(self) -> tuple[Hardware, ...]:
        return self.devices

    def client_file(self) -> bytes:
        return self.smscfg


INSTALLED = {(MOBILE, "ProductVersion"): "5.00.9128.1007"}
DEVICES = (
    Hardware("Loopback Pseudo-Interface 1", b"", 24),
    Hardware("Office VPN", b"\x02\x00\x00\x00\x00\x01", 131, "vpn.example"),
    Hardware("Ethernet", MAC, 6, "corp.example"),
)

# --- the MAC address ------------------------------------------------------------------------------------------------


def test_client_without_an_id__is_known_by_the_mac_address_of_a_connection_that_is_no_vpn() -> None:
    facts = WindowsFacts(Recorded(devices=DEVICES)).read()
    identity = identity_of(config(site_code="P01"), facts)
    assert (identity.client_id, identity.mac) == (None, "00:15:5D:00:00:0A")
    assert [(one.name, one.if_type, one.dns_suffix) for one in facts.adapters] == [
        ("Office VPN", 131, "vpn.example"),
        ("Ethernet", 6, "corp.example"),
    ]


@pytest.mark.parametrize(
    ("address", "exists", "mac"),
    [
        (MAC, True, "00:15:5D:00:00:0A"),
        (bytes(6), False, None),
        (b"", False, None),
        (bytes(range(8)), True, None),
    ],
)
def test_physical_address__is_a_mac_address_when_it_has_six_bytes(
    address: bytes,
    exists: bool,  # noqa: FBT001
    mac: str | None,
) -> None:
    (one,) = with_hardware((ETHERNET,), (Hardware("Ethernet", address, 6),))
    assert (one.has_hardware_address, one.hardware_address) == (exists, mac)


def test_connection_that_windows_says_nothing_of__stays_as_it_is() -> None:
    assert with_hardware((ETHERNET,), (Hardware("Wi-Fi", MAC, 71),)) == (ETHERNET,)


def entry(name: str, address: bytes, kind: int, following: AdapterAddresses | None = None) -> AdapterAddresses:
    return AdapterAddresses(
        next=None if following is None else ctypes.addressof(following),
        friendly_name=name,
        physical_address=(ctypes.c_uint8 * 8)(*address),
        physical_length=len(address),
        if_type=kind,
        dns_suffix="corp.example" if kind == 6 else None,
    )


def test_list_of_the_system__is_read_in_its_order() -> None:
    second = entry("Wi-Fi", b"", 71)
    first = entry("Ethernet", MAC, 6, second)
    assert read_adapter_list(ctypes.addressof(first)) == (
        Hardware("Ethernet", MAC, 6, "corp.example"),
        Hardware("Wi-Fi", b"", 71),
    )
    assert read_adapter_list(0) == ()


def test_list_that_leads_back_to_itself__ends() -> None:
    first = entry("Ethernet", MAC, 6)
    first.next = ctypes.addressof(first)
    assert len(read_adapter_list(ctypes.addressof(first))) == 1000


@pytest.mark.skipif(sys.maxsize < 2**32, reason="offsets are those of 64 bits")
def test_list__is_laid_out_as_the_system_writes_it() -> None:
    """Offsets of IP_ADAPTER_ADDRESSES_LH on 64-bit Windows, as its documentation gives the order and the types."""
    names = ("next", "dns_suffix", "friendly_name", "physical_address", "physical_length", "flags", "mtu", "if_type")
    offsets = [getattr(AdapterAddresses, name).offset for name in names]
    assert offsets == [8, 56, 72, 80, 88, 92, 96, 100]


# --- id and version -------------------------------------------------------------------------------------------------


def test_installed_client__is_known_by_its_id_and_version() -> None:
    facts = WindowsFacts(Recorded(INSTALLED, DEVICES, b"[Configuration]\r\n" + LINE)).read()
    assert (facts.client_id, facts.client_version) == (GUID, "5.00.9128.1007")
    assert facts.origins["client_id"] == "SMSCFG.INI"
    assert facts.origins["client_version"] == rf"registry {MOBILE}\ProductVersion"
    identity = identity_of(config(site_code="P01"), facts)
    assert (identity.client_id, identity.version) == (GUID, "5.00.9128.1007")


def test_client_that_was_removed__leaves_an_id_behind_that_does_not_count() -> None:
    facts = WindowsFacts(Recorded({}, DEVICES, LINE)).read()
    assert (facts.client_id, facts.client_version) == (None, None)
    assert "client_id" not in facts.origins


def test_settings__win_over_what_is_installed() -> None:
    facts = WindowsFacts(Recorded(INSTALLED, DEVICES, LINE)).read()
    other = "GUID:0D94311F-CB7B-4E73-94B1-75878081111C"
    identity = identity_of(config(client_id=other, client_build=9141), facts)
    assert (identity.client_id, identity.version) == (other, "5.00.9141.1000")


@pytest.mark.parametrize("value", [None, 5, "", "current", "5.00.9128.1007 or so", ["5.0"]])
def test_version_that_is_none__is_unknown(value: RegistryValue) -> None:
    facts = WindowsFacts(Recorded({(MOBILE, "ProductVersion"): value}, (), LINE)).read()
    assert (facts.client_version, facts.client_id) == (None, None)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (LINE, GUID),
        (b"[Configuration - Client Properties]\nSID=x\nSMS Unique Identifier=" + GUID.lower().encode(), GUID),
        (LINE.decode().encode("utf-16"), GUID),
        (b"\xff\xfe\x00\xd8", None),
        (b"Last SMS Unique Identifier=" + GUID.encode(), None),
        (b"SMS Unique Identifier=", None),
        (b"SMS Unique Identifier=GUID:x\n" + LINE, None),
        (b"x" * SMSCFG_CAP + b"\n" + LINE, None),
        (b"", None),
    ],
)
def test_client_file__has_the_id_in_one_line(data: bytes, found: str | None) -> None:
    assert find_client_id(data) == found
