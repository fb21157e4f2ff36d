"""What a location request says of the client, byte for byte like real requests."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.model.facts import Adapter, NetworkFacts, parse_address
from cmclient.model.names import AdSiteName, DnsDomain, SiteCode
from cmclient.protocol.clientinfo import build_client_info


def sample(vectors: Path, name: str) -> str:
    return (vectors / "samples" / name).read_text(encoding="utf-8")


def facts(*addresses: str, domain: str = "contoso.com", ad_site: str = "Default-First-Site-Name") -> NetworkFacts:
    return NetworkFacts(
        domain=DnsDomain(domain),
        forest=DnsDomain(domain),
        ad_site=AdSiteName(ad_site),
        adapters=(Adapter("eth0", addresses=tuple(map(parse_address, addresses))),),
    )


@pytest.mark.rule("CF-006")
@pytest.mark.parametrize(
    ("name", "known", "site"),
    [
        ("contentlocationrequest-smspackage-2013.xml", facts("192.168.1.54/24"), "P01"),
        ("contentlocationrequest-smsupdate-2012.xml", facts("10.10.25.130/25", "10.10.25.166/25"), "MEH"),
    ],
)
def test_ad_site_addresses_and_assigned_site__as_in_a_real_request(
    vectors: Path, name: str, known: NetworkFacts, site: str
) -> None:
    real = sample(vectors, name)
    attributes = ET.fromstring(real).find("ClientLocationInfo").attrib  # type: ignore[union-attr]
    built = build_client_info(known, assigned_site=SiteCode(site), attributes=attributes)
    assert built in real
    assert real.endswith(f"{built}</ContentLocationRequest>\n") or real.rstrip().endswith("</ContentLocationRequest>")


@pytest.mark.rule("CF-007")
def test_connections__as_in_a_real_request(vectors: Path) -> None:
    ethernet = Adapter("Ethernet", "Network Adapter", "abc.com", if_type=6, has_hardware_address=True)
    built = build_client_info(NetworkFacts(adapters=(ethernet,)), assigned_site=None)
    real = sample(vectors, "contentlocationrequest-peercache-2021.xml")
    adapters = real[real.index("<Adapters>") : real.index("<BoundaryGroups")]
    assert adapters in built


@pytest.mark.rule("CF-007")
def test_connection_whose_kind_is_not_known__is_not_sent() -> None:
    built = build_client_info(NetworkFacts(adapters=(Adapter("eth0"),)), assigned_site=None)
    assert "Adapter" not in built


@pytest.mark.rule("CF-006")
def test_workgroup__sends_its_addresses_and_nothing_that_it_does_not_have() -> None:
    known = NetworkFacts(
        adapters=(Adapter("eth0", addresses=(parse_address("10.1.2.3/24"), parse_address("fe80::1/64"))),)
    )
    built = build_client_info(known, assigned_site=None, attributes={"OnInternet": "0"})
    assert built == (
        '<ClientLocationInfo OnInternet="0"><IPAddresses><IPAddress SubnetAddress="10.1.2.0" Address="10.1.2.3"/>'
        "</IPAddresses></ClientLocationInfo>"
    )


@given(st.text())
def test_any_text__stays_inside_its_attribute(text: str) -> None:
    adapter = Adapter("eth0", text, if_type=6, has_hardware_address=False)
    built = build_client_info(NetworkFacts(adapters=(adapter,)), assigned_site=None)
    (element,) = ET.fromstring(f"<x>{built}</x>").iter("Adapter")
    assert element.attrib["Description"] == "".join(char for char in text if char.isprintable())
