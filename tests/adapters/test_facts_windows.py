"""What a Windows machine and its installed client say, from recorded values."""

import sys
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from cmclient.adapters.facts_windows import RegistryValue, Win32Source, WindowsFacts
from cmclient.adapters.hardware_windows import Hardware
from cmclient.errors import FactsError
from cmclient.model.facts import Adapter, InterfaceAddress, Membership

CCM = r"SOFTWARE\Microsoft\CCM"
MOBILE = r"SOFTWARE\Microsoft\SMS\Mobile Client"
TCPIP = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
POLICY = r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient"
ETHERNET = Adapter("Ethernet", "Intel", addresses=(InterfaceAddress("10.0.0.5", 24),))


class Recorded(NamedTuple):
    """A machine as it was recorded."""

    registry: Mapping[tuple[str, str], RegistryValue] = {}
    joined: tuple[str, bool] | None = ("CORP", True)
    domain: str | None = "corp.example.com"
    forest: str | None = "example.com"
    site: str | None = "Site-One"
    name: str | None = "PC1.corp.example.com"
    connections: tuple[Adapter, ...] = (ETHERNET,)
    devices: tuple[Hardware, ...] = ()
    smscfg: bytes = b""

    def registry_value(self, key: str, name: str) -> RegistryValue:
        return self.registry.get((key, name))

    def join_information(self) -> tuple[str, bool] | None:
        return self.joined

    def dns_domain_name(self) -> str | None:
        return self.domain

    def forest_name(self) -> str | None:
        return self.forest

    def site_name(self) -> str | None:
        return self.site

    def computer_dns_name(self) -> str | None:
        return self.name

    def adapters(self) -> tuple[Adapter, ...]:
        return self.connections

    def hardware(self) -> tuple[Hardware, ...]:
        return self.devices

    def client_file(self) -> bytes:
        return self.smscfg


GATEWAY = "gw.example.net/CCM_Proxy_MutualAuth/72057594037937937"


@pytest.mark.rule("CG-009", "CG-008")
@pytest.mark.parametrize(
    ("value", "read", "wrong"),
    [
        ("https://gw.example.net", ["gw.example.net"], 0),
        (f"https://{GATEWAY};other.example.net", [GATEWAY, "other.example.net"], 0),
        ([f"https://{GATEWAY}", "http://plain.example.net", f"https://{GATEWAY}"], [GATEWAY], 1),
        ("", [], 0),
        (None, [], 0),
        (7, [], 0),
    ],
)
def test_the_list_of_gateways_is_read(value: RegistryValue, read: list[str], wrong: int) -> None:
    facts = WindowsFacts(Recorded({(CCM, "CMGFQDNs"): value})).read()
    assert [str(one) for one in facts.fallback_gateways] == read
    assert ("fallback_gateways" in facts.origins) is bool(value and value != 7)
    assert (f"{wrong} of it no address" in facts.origins.get("fallback_gateways", "")) is bool(wrong)


@pytest.mark.rule("CG-008")
@pytest.mark.parametrize(
    ("value", "read"),
    [
        (GATEWAY, GATEWAY),
        (f"https://{GATEWAY}", GATEWAY),
        ("mp.example.net", "mp.example.net"),
        ("a b", None),
        ("", None),
    ],
)
def test_the_server_for_the_internet_is_taken_as_it_stands_there(value: str, read: str | None) -> None:
    key = r"SOFTWARE\Microsoft\SMS\Client\Internet Facing"
    facts = WindowsFacts(Recorded({(key, "Internet MP Hostname"): value})).read()
    assert (None if facts.internet_mp is None else str(facts.internet_mp)) == read
    assert ("internet_mp" in facts.origins) is (read is not None)


def test_a_joined_machine_knows_domain_forest_and_site() -> None:
    facts = WindowsFacts(Recorded()).read()
    assert (facts.membership, facts.domain, facts.forest) == (Membership.DOMAIN, "corp.example.com", "example.com")
    assert (facts.ad_site, facts.host, facts.adapters) == ("Site-One", "pc1.corp.example.com", (ETHERNET,))
    assert facts.origins == {
        "adapters": "network interfaces",
        "membership": "joined to the domain CORP",
        "host": "computer name",
        "domain": "domain membership",
        "forest": "domain membership",
        "ad_site": "netlogon service",
    }
    assert (facts.assigned_site, facts.always_internet, facts.allowed_mps) == (None, False, None)


def test_a_workgroup_machine_has_no_domain_whatever_its_suffix() -> None:
    facts = WindowsFacts(Recorded(joined=("WORKGROUP", False))).read()
    assert (facts.membership, facts.domain, facts.forest, facts.ad_site) == (Membership.WORKGROUP, None, None, None)
    assert facts.origins["membership"] == "joined to the workgroup WORKGROUP"
    assert "domain" not in facts.origins


def test_what_windows_does_not_say_stays_unknown() -> None:
    facts = WindowsFacts(Recorded(joined=None, domain=None, forest=None, site=None, name=None, connections=())).read()
    assert facts.membership is Membership.UNKNOWN
    assert (facts.host, facts.domain, facts.origins) == (None, None, {})
    facts = WindowsFacts(Recorded(domain=None, forest=None, site=None)).read()
    assert (facts.membership, facts.domain, facts.ad_site) == (Membership.DOMAIN, None, None)


def test_an_installed_client_has_a_site_and_its_settings() -> None:
    registry: dict[tuple[str, str], RegistryValue] = {
        (MOBILE, "AssignedSiteCode"): "abc",
        (rf"{CCM}\Security", "ClientAlwaysOnInternet"): 1,
        (rf"{CCM}\LocationServices", "DnsSuffix"): "Sccm.Example.com",
        (CCM, "AllowedMPs"): ["MP1.example.com", "mp2", "mp2", "no name!"],
        (rf"{CCM}\FSP", "HostName"): "FSP1.example.com",
        (rf"{CCM}\FSP", "IntranetHostName"): "fsp1.corp.example.com",
        (TCPIP, "SearchList"): "corp.example.com,example.com",
    }
    facts = WindowsFacts(Recorded(registry)).read()
    assert facts.assigned_site == "ABC"
    assert facts.always_internet
    assert facts.dns_suffixes == ("sccm.example.com", "corp.example.com", "example.com")
    assert facts.allowed_mps == ("mp1.example.com", "mp2")
    assert (facts.fsp, facts.intranet_fsp) == ("fsp1.example.com", "fsp1.corp.example.com")
    assert facts.origins["fsp"] == rf"registry {CCM}\FSP\HostName"
    assert facts.origins["intranet_fsp"] == rf"registry {CCM}\FSP\IntranetHostName"
    assert facts.origins["assigned_site"] == rf"registry {MOBILE}\AssignedSiteCode"
    assert facts.origins["always_internet"] == rf"registry {CCM}\Security\ClientAlwaysOnInternet"
    assert facts.origins["dns_suffixes"] == (rf"registry {CCM}\LocationServices\DnsSuffix and {TCPIP}\SearchList")
    assert facts.origins["allowed_mps"] == rf"registry {CCM}\AllowedMPs, 1 of it no host name and left out"


@pytest.mark.parametrize(
    ("value", "expected", "known"),
    [
        (1, True, True),
        ("1", True, True),
        (0, False, True),
        (2, False, False),
        (None, False, False),
        ("x", False, False),
    ],
)
def test_only_one_means_always_on_the_internet(value: RegistryValue, expected: bool, known: bool) -> None:  # noqa: FBT001
    facts = WindowsFacts(Recorded({(rf"{CCM}\Security", "ClientAlwaysOnInternet"): value})).read()
    assert (facts.always_internet, "always_internet" in facts.origins) == (expected, known)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (7, None),
        ([], ()),
        (["", "\0"], ()),
        (["!"], ()),
        ("mp1", ("mp1",)),
        (["mp1", "mp2"], ("mp1", "mp2")),
    ],
)
def test_affinity_that_names_nobody_is_set_all_the_same(value: RegistryValue, expected: tuple[str, ...] | None) -> None:
    facts = WindowsFacts(Recorded({(CCM, "AllowedMPs"): value})).read()
    assert facts.allowed_mps == expected
    assert ("allowed_mps" in facts.origins) is (expected is not None)


@pytest.mark.parametrize("value", ["", "ABCD", 5, ["ABC"], None])
def test_a_site_code_that_is_none_is_unknown(value: RegistryValue) -> None:
    facts = WindowsFacts(Recorded({(MOBILE, "AssignedSiteCode"): value})).read()
    assert (facts.assigned_site, "assigned_site" in facts.origins) == (None, False)


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        ({(POLICY, "SearchList"): "p.example", (TCPIP, "SearchList"): "m.example"}, ("p.example",)),
        ({(TCPIP, "SearchList"): "", (TCPIP, "Domain"): "d.example"}, ("d.example",)),
        ({(TCPIP, "Domain"): "", (TCPIP, "DhcpDomain"): "h.example"}, ("h.example",)),
        ({(TCPIP, "SearchList"): "a..b"}, ()),
        ({}, ()),
    ],
)
def test_the_search_list_of_a_policy_comes_before_the_machines(
    registry: dict[tuple[str, str], RegistryValue], expected: tuple[str, ...]
) -> None:
    facts = WindowsFacts(Recorded(registry)).read()
    assert facts.dns_suffixes == expected
    assert ("dns_suffixes" in facts.origins) is bool(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows is there")
def test_elsewhere_there_is_no_windows_to_ask() -> None:
    with pytest.raises(FactsError, match="not Windows"):
        Win32Source()
