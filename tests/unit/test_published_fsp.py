"""Fallback status points in what sites publish in the directory."""

import pytest

from cmclient.model.directory import DirectoryEntry, PublishedFsp
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.capabilities import OperationalSettings, build_operational_settings
from cmclient.protocol.directory import read_fallback_status_points


def entry(site: str | None, *hosts: str, text: str | None = None) -> DirectoryEntry:
    settings = OperationalSettings(fallback_status_points=tuple(map(HostName, hosts)))
    attributes = {"mssmscapabilities": ((text or build_operational_settings(settings)).encode(),)}
    if site is not None:
        attributes["mssmssitecode"] = (site.encode(),)
    return DirectoryEntry(f"CN=SMS-MP-{site}", attributes)


FSP = PublishedFsp(SiteCode("P01"), HostName("fsp1.corp.test"))


@pytest.mark.rule("FS-007", "FS-008")
@pytest.mark.parametrize(
    ("entries", "found"),
    [
        pytest.param([], (), id="nothing"),
        pytest.param([entry("P01")], (), id="a site without one"),
        pytest.param([entry("P01", "fsp1.corp.test")], (FSP,), id="one"),
        pytest.param([entry("P01", "fsp1.corp.test", "fsp2")], (FSP,), id="the first of several"),
        pytest.param([entry("P01", "fsp1.corp.test"), entry("P01", "fsp2")], (FSP,), id="one a site"),
        pytest.param([entry("P01"), entry("P01", "fsp1.corp.test")], (FSP,), id="one that another entry names"),
        pytest.param([entry(None, "fsp1.corp.test")], (FSP._replace(site_code=None),), id="of no site"),
        pytest.param([entry("P01", text="<FSP>"), entry("P01", "fsp1.corp.test")], (FSP,), id="beside a broken one"),
        pytest.param([entry("P01", text="<x><FSPServer>a b</FSPServer></x>")], (), id="no name"),
    ],
)
def test_published__are_one_a_site(entries: list[DirectoryEntry], found: tuple[PublishedFsp, ...]) -> None:
    assert read_fallback_status_points(entries) == found


def test_published__of_an_entry_with_two_sites_is_left_out() -> None:
    torn = entry("P01", "fsp1.corp.test")
    sites = {**torn.attributes, "mssmssitecode": (b"P01", b"P02")}
    assert read_fallback_status_points([torn._replace(attributes=sites)]) == ()
