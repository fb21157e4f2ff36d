"""Service records: which ports mean what, and records that name no management point."""

from itertools import permutations

import pytest

from cmclient.model.decision import Discovered, Origin, SourceKind
from cmclient.model.directory import DirectoryServer, SrvRecord
from cmclient.model.endpoints import Audience, ManagementPoint, Protocols
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.protocol.srv import (
    domain_controller_query_name,
    global_catalog_query_name,
    read_directory_servers,
    read_srv_records,
    srv_query_name,
)

NAME = "_mssms_mp_abc._tcp.corp.test"
ORIGIN = Origin(SourceKind.DNS, NAME)
SITE = SiteCode("ABC")


def _read(*records: SrvRecord, http_port: int = 80, https_port: int = 443) -> Discovered:
    return read_srv_records(NAME, records, site=SITE, http_port=http_port, https_port=https_port)


def _mp(host: str, protocols: Protocols, http_port: int | None, https_port: int | None) -> ManagementPoint:
    return ManagementPoint(
        HostName(host),
        site_code=SITE,
        protocols=protocols,
        http_port=http_port,
        https_port=https_port,
        audience=Audience.INTRANET,
    )


@pytest.mark.rule("DN-002")
@pytest.mark.parametrize(
    ("site", "suffix", "name"),
    [
        ("ABC", "corp.test", "_mssms_mp_abc._tcp.corp.test"),
        ("P01", "Sub.Corp.Test.", "_mssms_mp_p01._tcp.sub.corp.test"),
    ],
)
def test_the_name_of_a_sites_management_points(site: str, suffix: str, name: str) -> None:
    assert srv_query_name(SiteCode(site), DnsDomain(suffix)) == name


def test_the_names_of_directory_servers() -> None:
    assert domain_controller_query_name(DnsDomain("corp.test")) == "_ldap._tcp.dc._msdcs.corp.test"
    assert global_catalog_query_name(DnsDomain("corp.test")) == "_gc._tcp.corp.test"


def test_no_records_are_an_empty_result() -> None:
    assert _read() == Discovered()


@pytest.mark.rule("DN-005", "DN-019")
@pytest.mark.parametrize(
    ("site_ports", "named", "expected"),
    [
        pytest.param((80, 443), [443], (Protocols.HTTPS, None, 443), id="the site's HTTPS port"),
        pytest.param((80, 443), [80], (Protocols.HTTP, 80, None), id="the site's HTTP port"),
        pytest.param((8080, 8443), [8443], (Protocols.HTTPS, None, 8443), id="HTTPS port of another site"),
        pytest.param((8080, 8443), [8080], (Protocols.HTTP, 8080, None), id="HTTP port of another site"),
        pytest.param((8080, 8443), [443], (Protocols.UNKNOWN, 443, 443), id="443 where the site has another"),
        pytest.param((80, 443), [8081], (Protocols.UNKNOWN, 8081, 8081), id="neither"),
        pytest.param((80, 443), [80, 443], (Protocols.BOTH, 80, 443), id="both"),
        pytest.param((80, 443), [443, 443], (Protocols.HTTPS, None, 443), id="one twice"),
        pytest.param((443, 443), [443], (Protocols.HTTPS, None, 443), id="a site with one port for both"),
    ],
)
def test_the_port_of_the_record_is_the_port_and_says_the_protocol(
    site_ports: tuple[int, int], named: list[int], expected: tuple[Protocols, int | None, int | None]
) -> None:
    records = [SrvRecord("mp.corp.test", port) for port in named]
    found = _read(*records, http_port=site_ports[0], https_port=site_ports[1])
    assert [candidate.mp for candidate in found.candidates] == [_mp("mp.corp.test", *expected)]
    assert found.unreadable == ()


@pytest.mark.rule("DN-005")
def test_a_further_port_of_a_host_is_reported_whatever_the_order() -> None:
    for ports in permutations([9000, 80, 8081]):
        found = _read(*(SrvRecord("mp.corp.test", port) for port in ports))
        assert [candidate.mp for candidate in found.candidates] == [_mp("mp.corp.test", Protocols.HTTP, 80, None)]
        assert [bad.name for bad in found.unreadable] == ["mp.corp.test:8081", "mp.corp.test:9000"]


def test_of_two_unknown_ports_the_lower_one_counts_whatever_the_order() -> None:
    for ports in permutations([9000, 8081]):
        (candidate,) = _read(*(SrvRecord("mp.corp.test", port) for port in ports)).candidates
        assert (candidate.mp.http_port, candidate.mp.https_port) == (8081, 8081)


@pytest.mark.rule("DN-004")
def test_priority_and_weight_make_no_difference() -> None:
    plain = _read(SrvRecord("b.corp.test", 80), SrvRecord("a.corp.test", 80))
    ranked = _read(SrvRecord("b.corp.test", 80, 20, 0), SrvRecord("a.corp.test", 80, 10, 100))
    assert ranked == plain
    assert [candidate.mp.host for candidate in ranked.candidates] == ["b.corp.test", "a.corp.test"]


@pytest.mark.rule("DN-006")
def test_the_target_is_the_host_in_lower_case_without_its_last_dot() -> None:
    (candidate,) = _read(SrvRecord("MP.Corp.Test.", 80), SrvRecord("mp.corp.test", 443)).candidates
    assert candidate.mp == _mp("mp.corp.test", Protocols.BOTH, 80, 443)
    assert candidate.origins == (ORIGIN,)


@pytest.mark.rule("DN-006")
@pytest.mark.parametrize(
    ("target", "name", "problem"),
    [
        (".", ".", "no such service"),
        ("", "", "no such service"),
        (NAME.upper() + ".", NAME.upper() + ".", "the very name that was asked for"),
        ("mp..corp.test", "mp..corp.test", "not a host name"),
        ("mp\ncorp.test", "mp?corp.test", "not a host name"),
        ("münchen.test", "münchen.test", "non-ASCII"),
        ("x" * 1_000_000, "x" * 61 + "...", "longer than 253"),
    ],
)
def test_a_record_without_a_server_leaves_the_others(target: str, name: str, problem: str) -> None:
    found = _read(SrvRecord(target, 80), SrvRecord("good.corp.test", 80))
    assert [candidate.mp.host for candidate in found.candidates] == ["good.corp.test"]
    (bad,) = found.unreadable
    assert (bad.name, bad.origin, bad.rule) == (name, ORIGIN, "DN-006")
    assert problem in bad.problem


@pytest.mark.rule("DN-005")
@pytest.mark.parametrize(("port", "usable"), [(0, False), (1, True), (65535, True), (65536, False)])
def test_a_port_that_cannot_be_one(port: int, *, usable: bool) -> None:
    found = _read(SrvRecord("mp.corp.test", port))
    assert bool(found.candidates) is usable
    assert [bad.rule for bad in found.unreadable] == ([] if usable else ["DN-005"])


def test_a_hundred_records_are_used_and_the_rest_is_counted() -> None:
    records = [SrvRecord(f"mp{number}.corp.test", 80) for number in range(500)]
    assert _read(*records[:100]).unreadable == ()
    found = _read(*records)
    assert [candidate.mp.host for candidate in found.candidates] == [f"mp{number}.corp.test" for number in range(100)]
    (left,) = found.unreadable
    assert left.problem.startswith("400 of 500 records were left out")


# Directory servers


def test_directory_servers_come_by_priority_then_as_answered() -> None:
    records = [SrvRecord("c.test", 389, 10), SrvRecord("b.test", 389, 0), SrvRecord("a.test", 389, 0)]
    servers = read_directory_servers(records, is_global_catalog=False)
    assert servers == tuple(DirectoryServer(HostName(f"{name}.test"), 389) for name in "bac")


def test_directory_servers_that_cannot_be_asked_are_left_out() -> None:
    records = [SrvRecord(".", 3268), SrvRecord("a b.test", 3268), SrvRecord("a.test", 0), SrvRecord("GC.test.", 3268)]
    assert read_directory_servers(records, is_global_catalog=True) == (
        DirectoryServer(HostName("gc.test"), 3268, is_global_catalog=True),
    )


def test_at_most_twenty_directory_servers_each_once() -> None:
    records = [SrvRecord(f"dc{number // 2}.test", 389) for number in range(100)]
    servers = read_directory_servers(records, is_global_catalog=False)
    assert [server.host for server in servers] == [f"dc{number}.test" for number in range(20)]
