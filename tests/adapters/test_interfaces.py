"""The network connections, from what ifaddr finds."""

import socket
import struct
import sys

import ifaddr
import pytest

from cmclient.adapters import interfaces, netlink
from cmclient.adapters.interfaces import adapters_of, read_adapters
from cmclient.adapters.netlink import read_links
from cmclient.errors import FactsError
from cmclient.model.facts import InterfaceAddress


def posix(name: str, *ips: tuple[object, int]) -> ifaddr.Adapter:
    return ifaddr.Adapter(name, name, [ifaddr.IP(ip, prefix, name) for ip, prefix in ips])  # type: ignore[arg-type]


def windows(name: str, description: str) -> ifaddr.Adapter:
    return ifaddr.Adapter("{846EE342-7039-11DE-9D20-806E6F6E6963}", description, [ifaddr.IP("10.0.0.5", 24, name)])


V6 = ("fd00::5", 0, 0)
LINK_LOCAL = ("fe80::1%4", 0, 4)


def no_linux() -> None:
    raise OSError(1, "Operation not permitted")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
def test_the_kernel_and_the_library_say_the_same() -> None:
    assert adapters_of(read_links()) == adapters_of(ifaddr.get_adapters())


def told(kind: int, body: bytes = b"", length: int | None = None) -> bytes:
    """A message of rtnetlink."""
    return netlink._HEADER.pack(16 + len(body) if length is None else length, kind, 0, 1, 0) + body


ADDRESS = struct.pack("=BBBBI", socket.AF_INET, 24, 0, 0, 1)
PARTS = struct.pack("=HH4s", 8, 1, bytes((10, 1, 2, 3))) + struct.pack("=HH4s", 8, 3, b"e0\0\0")


def test_kernel__its_answer_is_read_to_its_end() -> None:
    found: dict[str, list[netlink.LinkAddress]] = {}
    assert netlink._take(told(20, ADDRESS + PARTS), found) is False
    assert netlink._take(told(20, ADDRESS + PARTS) + told(3), found) is True
    assert netlink._take(told(3) + told(20, ADDRESS + PARTS), found) is True
    assert found == {"e0": [netlink.LinkAddress("10.1.2.3", 24, "e0")] * 2}
    assert netlink._take(b"", found) is True


@pytest.mark.parametrize(
    "piece", [told(2, b"\0" * 4), told(20, length=0), told(20, length=15), told(20), told(20, ADDRESS[:4])]
)
def test_kernel__what_it_refuses_or_garbles_is_an_error_and_no_endless_loop(piece: bytes) -> None:
    with pytest.raises(OSError, match="the kernel"):
        netlink._take(piece, {})


def test_where_the_kernel_does_not_tell_the_library_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interfaces, "read_links", no_linux)
    assert read_adapters() == adapters_of(ifaddr.get_adapters())


def test_this_machine_has_a_connection() -> None:
    found = read_adapters()
    assert found
    assert all(adapter.addresses for adapter in found)


def test_addresses_keep_their_order_and_prefix_and_lose_their_zone() -> None:
    (found,) = adapters_of([posix("eth0", ("10.1.2.3", 24), (V6, 64), (LINK_LOCAL, 64))])
    assert found.addresses == (
        InterfaceAddress("10.1.2.3", 24),
        InterfaceAddress("fd00::5", 64),
        InterfaceAddress("fe80::1", 64),
    )
    assert (found.name, found.description) == ("eth0", "eth0")


def test_loopback_is_left_out_unless_there_is_nothing_else() -> None:
    loopback = posix("lo", ("127.0.0.1", 8), (("::1", 0, 0), 128))
    assert [one.name for one in adapters_of([loopback, posix("eth0", ("10.0.0.1", 8))])] == ["eth0"]
    (only,) = adapters_of([loopback, posix("dummy0")])
    assert (only.name, len(only.addresses)) == ("lo", 2)
    mixed = posix("eth0", ("127.0.0.2", 8), ("10.0.0.1", 8))
    assert adapters_of([mixed])[0].addresses == (InterfaceAddress("10.0.0.1", 8),)


def test_aliases_are_one_connection_in_the_order_of_the_system() -> None:
    found = adapters_of(
        [posix("eth1", ("10.0.1.1", 24)), posix("eth0", ("10.0.0.1", 24)), posix("eth1:1", ("10.0.1.2", 24))]
    )
    assert [(one.name, len(one.addresses)) for one in found] == [("eth1", 2), ("eth0", 1)]


def test_windows_connections_have_their_usual_name() -> None:
    (found,) = adapters_of([windows("Ethernet 2", "Intel(R) Ethernet Connection")])
    assert (found.name, found.description, found.is_vpn) == ("Ethernet 2", "Intel(R) Ethernet Connection", False)


def test_what_is_no_address_is_passed_over() -> None:
    (found,) = adapters_of([posix("eth0", ("nonsense", 24), ("10.0.0.1", 99), ("10.0.0.2", 24))])
    assert found.addresses == (InterfaceAddress("10.0.0.2", 24),)


@pytest.mark.rule("CF-007")
@pytest.mark.parametrize(
    ("name", "is_vpn"),
    [
        ("tun0", True),
        ("tap3", True),
        ("wg0", True),
        ("ppp0", True),
        ("ipsec0", True),
        ("utun4", True),
        ("corp-vpn", True),
        ("eth0", False),
        ("enp3s0", False),
        ("en0", False),
        ("wlan0", False),
        ("wlp2s0", False),
        ("docker0", None),
        ("br-1a2b", None),
    ],
)
def test_the_name_tells_a_vpn(name: str, is_vpn: bool | None) -> None:  # noqa: FBT001
    assert adapters_of([posix(name, ("10.0.0.1", 24))])[0].is_vpn is is_vpn


@pytest.mark.parametrize(
    ("name", "description", "is_vpn"),
    [
        ("Ethernet 3", "Cisco AnyConnect Virtual Miniport Adapter", True),
        ("Ethernet 3", "TAP-Windows Adapter V9", True),
        ("Wi-Fi", "Intel(R) Wi-Fi 6", False),
        ("Ethernet 4", "Example Virtual Adapter", None),
        ("Local Area Connection", "Realtek PCIe", None),
    ],
)
def test_the_description_tells_a_vpn_too(name: str, description: str, is_vpn: bool | None) -> None:  # noqa: FBT001
    assert adapters_of([windows(name, description)])[0].is_vpn is is_vpn


def test_an_idle_tunnel_of_macos_tells_nothing() -> None:
    assert adapters_of([posix("utun0", (LINK_LOCAL, 64))])[0].is_vpn is None


@pytest.mark.parametrize("error", [OSError(13, "Permission denied"), AssertionError(), ValueError("mask")])
def test_what_the_system_refuses_is_a_facts_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse() -> None:
        raise error

    monkeypatch.setattr(interfaces, "read_links", no_linux)
    monkeypatch.setattr(ifaddr, "get_adapters", refuse)
    with pytest.raises(FactsError, match="network connections of this machine cannot be read") as caught:
        read_adapters()
    assert caught.value.__cause__ is error
    assert not caught.value.message.endswith(": ")


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(struct.pack("=IHHII", 18, 20, 2, 1, 0) + b"\x02\x18", id="too short for an address"),
        pytest.param(struct.pack("=IHHII", 64, 20, 2, 1, 0) + b"\x02\x18", id="cut off"),
        pytest.param(struct.pack("=IHHII", 0, 20, 2, 1, 0), id="without a length"),
        pytest.param(struct.pack("=IHHIIi", 20, 2, 2, 1, 0, -1), id="an error"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
def test_where_the_kernel_tells_what_is_no_address_the_library_does(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.send(piece)
        monkeypatch.setattr(netlink.socket, "socket", lambda *_: here)
        with pytest.raises(OSError, match="kernel"):
            read_links()
