"""The way of a locate under the profile of CM 2007: the four methods, roaming, the internet, and nobody to manage."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import CORP, JOINED, WORKGROUP, World

from cmclient.assemble import Run, open_locator
from cmclient.config import load_config
from cmclient.errors import (
    DirectoryTimeoutError,
    LocateError,
    NameServiceTimeoutError,
    NoEligibleManagementPointError,
    NoManagementPointFoundError,
)
from cmclient.lab import Lab
from cmclient.model.decision import Location, SourceKind, SourceReport, StoredAssignment
from cmclient.model.directory import DirectoryEntry, PublishedSite, SrvRecord
from cmclient.model.endpoints import ManagementPoint, Protocols
from cmclient.model.legacy import ProfileName
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.protocol.directory_entries import management_point_entry, site_entry
from cmclient.protocol.saved import build_location
from cmclient.replay import replay_decision

ABC, XYZ, SEC = SiteCode("ABC"), SiteCode("XYZ"), SiteCode("SEC")
DEFAULT = ManagementPoint(HostName("mp1.corp.test"), ABC, protocols=Protocols.HTTP, build=6487, is_default=True)
OTHER = DEFAULT._replace(host=HostName("a-mp2.corp.test"), is_default=False)
RESIDENT = DEFAULT._replace(host=HostName("resident.corp.test"), site_code=XYZ)
PROXY = DEFAULT._replace(host=HostName("proxy.corp.test"), site_code=SEC)
SRV = "_mssms_mp_abc._tcp.corp.test"
HERE = "10.1.2.0"  # the subnet of the client


def publish(world: World, *points: ManagementPoint, **sites: tuple[str, str]) -> None:
    """Publish management points, and sites as (site that clients in it are assigned to, boundary)."""
    world.entries["mssmsmanagementpoint"] = [management_point_entry(point, domain=CORP) for point in points]
    world.entries["mssmssite"] = [
        site_entry(PublishedSite(SiteCode(code), SiteCode(target), (boundary,) if boundary else ()), domain=CORP)
        for code, (target, boundary) in sites.items()
    ]


def answer(world: World, *points: ManagementPoint) -> None:
    for point in points:
        world.serve(point, [point], {})


def locate(world: World, **settings: object) -> Location:
    return world.locator(**{"profile": "cm07", **settings}).locate()  # type: ignore[arg-type] # names of settings


def fails(world: World, **settings: object) -> LocateError:
    with pytest.raises(LocateError) as caught:
        locate(world, **settings)
    return caught.value


def report(location: Location, source: SourceKind) -> SourceReport:
    return next(one for one in location.sources if one.source is source)


def rejected(location: Location) -> dict[str, str]:
    return {one.name: one.reasons[-1].rule for one in location.decision.rejected}


# --- the four methods -----------------------------------------------------------------------------------------------


@pytest.mark.rule("L7-002", "L7-003", "L7-032")
def test_directory__gives_the_default_one_among_several_and_nobody_else_is_asked() -> None:
    world = World()
    publish(world, OTHER, DEFAULT, DEFAULT._replace(host=HostName("second-mp.corp.test")), ABC=("ABC", HERE))
    answer(world, DEFAULT, OTHER)
    location = locate(world, site_code="ABC")
    assert location.management_point.host == DEFAULT.host
    assert location.notes[-1] == "rules of CM 2007; mixed mode: directory says so of a-mp2.corp.test"
    assert rejected(location) == {"a-mp2.corp.test": "L7-003", "second-mp.corp.test": "L7-002"}
    assert {one.source for one in location.sources if not one.asked} == {
        SourceKind.DNS,
        SourceKind.LOCATOR_POINT,
        SourceKind.WINS,
    }
    assert not [line for line in world.asked if SRV in line]


@pytest.mark.rule("L7-032", "L7-033", "L7-036")
def test_directory_that_fails__leads_to_dns_and_its_first_record() -> None:
    world = World()
    world.store.save_assignment(StoredAssignment(ABC))
    world.directory_error = DirectoryTimeoutError("silent", server="dc1")
    world.records[SRV] = [SrvRecord(DEFAULT.host, 80, priority=9), SrvRecord("second-mp.corp.test", 80)]
    answer(world, DEFAULT)
    location = locate(world)
    assert str(location.endpoint) == "http://mp1.corp.test"
    assert rejected(location) == {"second-mp.corp.test": "L7-036"}
    assert report(location, SourceKind.DIRECTORY).code == "directory-timeout"
    assert report(location, SourceKind.DNS).rule == "L7-032"


@pytest.mark.rule("L7-033")
def test_default_one_of_the_directory_that_is_dead__leads_to_dns() -> None:
    world = World()
    publish(world, DEFAULT, ABC=("ABC", HERE))
    world.records[SRV] = [SrvRecord(OTHER.host, 80)]
    answer(world, OTHER)
    location = locate(world, site_code="ABC")
    assert rejected(location) == {}, "DNS says that it is the default one, and the directory does not know it"
    assert [attempt.endpoint.host for attempt in location.attempts][:2] == [DEFAULT.host, OTHER.host]
    assert location.management_point.host == OTHER.host
    assert report(location, SourceKind.DNS).rule == "L7-033"


@pytest.mark.rule("L7-033", "L7-037")
def test_every_method_that_fails__leads_to_the_next_and_what_is_not_asked_says_so() -> None:
    world = World()
    world.store.save_assignment(StoredAssignment(ABC))
    world.directory_error = DirectoryTimeoutError("silent", server="dc1")
    world.records[SRV] = NameServiceTimeoutError("silent")
    error = fails(world, cm07_locator_point="slp.corp.test")
    assert isinstance(error, NoManagementPointFoundError)
    sources = [one for one in error.location.sources if one.source is not SourceKind.INSTALLATION]
    assert [(one.source.value, one.asked, one.rule) for one in sources] == [
        ("directory", True, "L7-032"),
        ("dns", True, "L7-032"),
        ("locator-point", False, "L7-037"),
        ("wins", False, "WL-001"),
    ]
    assert "slp.corp.test" in report(error.location, SourceKind.LOCATOR_POINT).detail
    assert error.location.notes[-1].startswith("no default management point of site ABC was found")
    assert "slp" not in " ".join(world.asked), "nobody has seen how it is spoken to"


@pytest.mark.rule("L7-037")
def test_locator_point__is_found_in_the_directory_unless_it_is_given() -> None:
    for settings, host in (({}, "found.corp.test"), ({"cm07_locator_point": "given.corp.test"}, "given.corp.test")):
        world = World()
        publish(world, ABC=("ABC", HERE))
        named = {"dnshostname": (b"found.corp.test",)}
        world.entries["mssmsserverlocatorpoint"] = [DirectoryEntry("CN=SMS-SLP-ABC", named)]
        error = fails(world, **settings)
        assert host in report(error.location, SourceKind.LOCATOR_POINT).detail


@pytest.mark.rule("L7-031")
@pytest.mark.parametrize(("option", "rule"), [(False, "L7-031"), (True, "L7-037")])
def test_locator_point__of_no_use_to_a_native_client_without_the_option(option: bool, rule: str) -> None:  # noqa: FBT001
    world = World()
    world.store.save_assignment(StoredAssignment(ABC))
    error = fails(world, cm07_mode="native", cm07_http_roaming=option, cm07_locator_point="slp.corp.test")
    assert report(error.location, SourceKind.LOCATOR_POINT).rule == rule


@pytest.mark.rule("L7-012")
def test_cluster__without_the_directory_only_a_locator_point_would_know_it() -> None:
    world = World(WORKGROUP)
    world.store.save_assignment(StoredAssignment(ABC))
    world.records[SRV] = [SrvRecord(DEFAULT.host, 80)]
    answer(world, DEFAULT)
    error = fails(world, cm07_default_mp="cluster")
    assert report(error.location, SourceKind.DNS).rule == "L7-012"
    assert locate(world).management_point.host == DEFAULT.host, "a server is found in DNS"


@pytest.mark.rule("L7-010", "L7-012")
def test_cluster__is_found_in_the_directory_by_its_one_name() -> None:
    world = World()
    cluster = DEFAULT._replace(host=HostName("nlb.corp.test"))
    publish(world, cluster, ABC=("ABC", HERE))
    answer(world, cluster)
    location = locate(world, cm07_default_mp="cluster")
    assert location.management_point.host == cluster.host
    assert "L7-009" in location.decision.ranked[0].rules


# --- assignment -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("L7-038")
@pytest.mark.parametrize(("slp", "assigned"), [(None, None), ("slp.corp.test", "ABC")])
def test_workgroup_client__is_assigned_only_where_there_is_a_locator_point(
    slp: str | None, assigned: str | None
) -> None:
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(DEFAULT.host, 80)]
    answer(world, DEFAULT)
    settings = {"site_code": "ABC"} if slp is None else {"site_code": "ABC", "cm07_locator_point": slp}
    if assigned:
        location = locate(world, **settings)
        assert location.management_point.host == DEFAULT.host
        assert location.decision.policy.assigned_site == assigned
    else:
        location = fails(world, **settings).location
        assert location.decision.policy.assigned_site is None
        assert report(location, SourceKind.DNS).rule == "L7-038"
        assert "cm07_locator_point" in report(location, SourceKind.DNS).detail
        assert not [line for line in world.asked if SRV in line]


def test_overlap__the_first_site_of_the_answer_whatever_the_seed() -> None:
    for seed in range(6):
        world = World()
        publish(world, DEFAULT, RESIDENT, XYZ=("XYZ", HERE), ABC=("ABC", HERE))
        answer(world, DEFAULT, RESIDENT)
        location = locate(world, seed=seed)
        assert location.decision.policy.assigned_site == XYZ
        assert any("XYZ, ABC hold the client" in note for note in location.notes)


@pytest.mark.rule("L7-038")
def test_client_newer_than_its_site__is_not_assigned() -> None:
    world = World()
    publish(world, DEFAULT._replace(build=6221), ABC=("ABC", HERE))
    answer(world, DEFAULT)
    error = fails(world)
    assert isinstance(error, NoEligibleManagementPointError)
    assert rejected(error.location) == {"mp1.corp.test": "L7-038"}
    assert locate(world, client_build=6221).management_point.host == DEFAULT.host


@pytest.mark.parametrize(("kept", "port"), [("ABC", 8080), ("XYZ", 80)])
def test_assigned_before__says_the_client_itself_and_the_ports_of_another_site_do_not_count(
    kept: str, port: int
) -> None:
    world = World(WORKGROUP._replace(assigned_site=ABC))
    world.store.save_assignment(StoredAssignment(SiteCode(kept), http_port=8080))
    error = fails(world, management_points="mp1.corp.test")
    (one,) = error.location.decision.ranked
    assert error.location.decision.policy.assigned_site == ABC
    assert one.endpoint is not None
    assert one.endpoint.port == port


@pytest.mark.rule("L7-027")
def test_http_that_is_not_allowed__is_not_used_in_mixed_mode_either() -> None:
    world = World(WORKGROUP._replace(assigned_site=ABC))
    error = fails(world, management_points="mp1.corp.test", allow_http=False)
    assert rejected(error.location) == {"mp1.corp.test": "L7-027"}
    assert "allow_http is off" in error.location.decision.rejected[0].reasons[-1].text
    assert world.contacted() == []


@pytest.mark.rule("L7-006")
def test_no_default_one__is_unmanaged_with_the_reason() -> None:
    world = World()
    publish(world, OTHER, ABC=("ABC", HERE))
    answer(world, OTHER)
    error = fails(world, site_code="ABC")
    assert isinstance(error, NoEligibleManagementPointError)
    assert error.location.decision.rejected[0].rules == ("L7-006", "L7-003")
    assert error.location.notes[-1].startswith("no default management point of site ABC was found")
    assert world.contacted() == []


# --- proxies and roaming --------------------------------------------------------------------------------------------


@pytest.mark.rule("L7-005")
def test_secondary_site__its_proxy_first_and_the_default_one_when_it_is_dead() -> None:
    world = World()
    publish(world, DEFAULT, PROXY, SEC=("ABC", HERE), ABC=("ABC", ""))
    answer(world, DEFAULT, PROXY)
    location = locate(world)
    assert location.management_point.host == PROXY.host
    assert location.decision.policy.assigned_site == ABC
    assert location.assigned_mp == DEFAULT.host
    world = World()
    publish(world, DEFAULT, PROXY, SEC=("ABC", HERE), ABC=("ABC", ""))
    answer(world, DEFAULT)
    assert locate(world).management_point.host == DEFAULT.host


@pytest.mark.rule("L7-022", "L7-048")
@pytest.mark.parametrize(
    ("settings", "locality"),
    [
        pytest.param({}, "locality Local", id="fast boundary"),
        pytest.param({"cm07_slow_boundaries": HERE}, "locality Remote", id="slow boundary"),
    ],
)
def test_roaming__location_requests_go_to_the_resident_one_then_to_the_fallback(
    settings: dict[str, str], locality: str
) -> None:
    world = World()
    world.store.save_assignment(StoredAssignment(ABC))
    publish(world, DEFAULT, RESIDENT, XYZ=("XYZ", HERE), ABC=("ABC", ""))
    answer(world, DEFAULT, RESIDENT)
    location = locate(world, purpose="location", **settings)
    assert [one.name for one in location.decision.ranked] == [RESIDENT.host, DEFAULT.host]
    assert location.chosen is not None
    said = [[reason.text for reason in one.reasons if reason.rule == "L7-048"] for one in location.decision.ranked]
    assert said[0][0].startswith(locality)
    assert said[1][0].startswith("locality Fallback")
    assert location.assigned_mp == DEFAULT.host, "the resident one of a site that is visited is none"


@pytest.mark.rule("L7-003", "L7-022")
def test_roaming__policy_comes_from_the_assigned_site() -> None:
    world = World()
    world.store.save_assignment(StoredAssignment(ABC))
    publish(world, DEFAULT, RESIDENT, XYZ=("XYZ", HERE), ABC=("ABC", ""))
    answer(world, DEFAULT, RESIDENT)
    location = locate(world)
    assert location.management_point.host == DEFAULT.host
    assert rejected(location) == {RESIDENT.host: "L7-003"}


# --- modes and the internet -----------------------------------------------------------------------------------------


@pytest.mark.rule("L7-025", "L7-028")
@pytest.mark.parametrize(
    ("port", "https", "endpoint"),
    [
        pytest.param(443, True, "https://mp1.corp.test", id="443, with a certificate"),
        pytest.param(80, False, "http://mp1.corp.test", id="80, without one"),
        pytest.param(443, False, None, id="443, without one"),
        pytest.param(80, True, None, id="80, with one: DNS takes HTTPS away from nobody"),
    ],
)
def test_mode__follows_from_the_port_in_dns(port: int, https: bool, endpoint: str | None) -> None:  # noqa: FBT001
    world = World(WORKGROUP)
    world.store.save_assignment(StoredAssignment(ABC))
    world.records[SRV] = [SrvRecord(DEFAULT.host, port)]
    answer(world, DEFAULT._replace(protocols=Protocols.HTTPS if port == 443 else Protocols.HTTP))
    if endpoint is None:
        assert rejected(fails(world, https=https).location) == {"mp1.corp.test": "L7-025"}
        assert world.contacted() == []
    else:
        assert str(locate(world, https=https).endpoint) == endpoint


@pytest.mark.rule("L7-004", "L7-035")
def test_internet_client__its_assigned_internet_one_and_no_look_up_at_all() -> None:
    world = World()
    inet = ManagementPoint(HostName("inet.example.test"), protocols=Protocols.HTTPS)
    other = inet._replace(host=HostName("inet2.example.test"))
    body = b'<MPList><MP Name="I" FQDN="inet.example.test"/><MP Name="O" FQDN="inet2.example.test"/></MPList>'
    world.answers["https://inet.example.test/SMS_MP/.sms_aut?MPLIST2&ABC"] = body
    location = locate(world, https=True, site_code="ABC", always_internet=True, internet_mp="inet.example.test")
    assert str(location.endpoint) == "https://inet.example.test"
    assert rejected(location) == {other.host: "L7-004"}
    assert not [line for line in world.asked if line.startswith(("ldap", "srv", "ping"))]
    for source in (SourceKind.DIRECTORY, SourceKind.DNS, SourceKind.LOCATOR_POINT, SourceKind.WINS):
        told = [one for one in location.sources if one.source is source]
        assert all(not one.asked for one in told)


@pytest.mark.rule("L7-035")
@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        pytest.param({"internet_mp": "inet.example.test"}, "L7-038", id="no site"),
        pytest.param(
            {"internet_mp": "inet.example.test", "site_code": "ABC", "cm07_mode": "mixed"}, "L7-027", id="mixed"
        ),
    ],
)
def test_internet_client__without_what_has_to_be_configured(settings: dict[str, str], rule: str) -> None:
    world = World()
    error = fails(world, https=True, always_internet=True, **settings)
    assert rejected(error.location) == {"inet.example.test": rule}
    assert report(error.location, SourceKind.DIRECTORY).rule == "L7-035"
    assert world.asked == []


# --- the whole ------------------------------------------------------------------------------------------------------


def test_stored_list__is_not_asked_first_and_serves_offline() -> None:
    world = World()
    publish(world, DEFAULT, ABC=("ABC", HERE))
    answer(world, DEFAULT)
    assert locate(world).management_point.host == DEFAULT.host
    again = locate(world)
    assert SourceKind.STORED_LIST not in {one.source for one in again.sources}
    assert report(again, SourceKind.DIRECTORY).asked
    assert locate(world, offline=True).management_point.host == DEFAULT.host


def test_default_one_that_moved__is_the_assigned_one_from_then_on() -> None:
    world = World()
    publish(world, DEFAULT, ABC=("ABC", HERE))
    answer(world, DEFAULT, OTHER)
    assert locate(world).assigned_mp == DEFAULT.host
    publish(world, OTHER._replace(is_default=True), ABC=("ABC", HERE))
    location = locate(world)
    assert (location.management_point.host, location.assigned_mp) == (OTHER.host, OTHER.host)


def test_discover__names_every_source_with_what_became_of_it() -> None:
    world = World()
    publish(world, DEFAULT, OTHER, ABC=("ABC", HERE))
    world.records[SRV] = [SrvRecord(DEFAULT.host, 80)]
    answer(world, DEFAULT)
    found = world.locator(profile="cm07").discover()
    asked = {one.source: one.asked for one in found.sources}
    assert asked[SourceKind.DIRECTORY]
    assert asked[SourceKind.DNS]
    assert (asked[SourceKind.LOCATOR_POINT], asked[SourceKind.WINS]) == (False, False)


def test_location__is_replayed_by_the_same_rules() -> None:
    world = World()
    publish(world, DEFAULT, OTHER, ABC=("ABC", HERE))
    answer(world, DEFAULT)
    document = json.dumps(build_location(locate(world))).encode()
    replay = replay_decision(document)
    assert replay.differences == ()
    assert replay.decision.policy.profile is ProfileName.CM07


def test_profile__is_current_unless_it_is_set() -> None:
    world = World()
    publish(world, *(one._replace(build=9141) for one in (DEFAULT, OTHER)), ABC=("ABC", HERE))
    answer(world, DEFAULT, OTHER)
    location = world.locator(site_code="ABC").locate()
    assert {one.name for one in location.decision.ranked} == {DEFAULT.host, OTHER.host}
    assert "legacy" not in " ".join(location.notes)
    assert SourceKind.WINS not in {one.source for one in location.sources}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.mark.rule("L7-002", "L7-025", "L7-027", "L7-032")
@pytest.mark.parametrize(("mode", "scheme"), [("native", "https"), ("mixed", "http")])
def test_lab__the_default_one_of_the_directory_and_nothing_but_the_protocol_of_the_mode(
    lab: Lab, tmp_path: Path, mode: str, scheme: str
) -> None:
    lab.journal.clear()
    settings = {**lab.settings(), "store": str(tmp_path / "store.sqlite3"), "profile": "cm07", "cm07_mode": mode}
    with open_locator(load_config(overrides=settings), Run(facts=lab.client_facts())) as locator:
        location = locator.locate()
    assert location.endpoint is not None
    assert location.endpoint.scheme.value == scheme
    assert len(location.decision.ranked) == 1, "several of the lab's call themselves the default one"
    asked = [entry for entry in lab.journal.entries("GET") if entry.role.value == "mp"]
    assert asked
    assert all(bool(entry.tls) is (mode == "native") for entry in asked)


DNS_SUFFIX = DnsDomain("other.test")


def test_dns__is_asked_below_the_suffix_that_was_given() -> None:
    world = World(JOINED)
    world.store.save_assignment(StoredAssignment(ABC))
    world.records["_mssms_mp_abc._tcp.other.test"] = [SrvRecord(DEFAULT.host, 80)]
    answer(world, DEFAULT)
    assert locate(world, dns_suffix=DNS_SUFFIX).management_point.host == DEFAULT.host


@pytest.mark.rule("L7-034")
@pytest.mark.parametrize("is_published", [True, False])
def test_directory__is_that_of_the_clients_own_forest_and_one_that_a_site_leaves_out_leads_to_dns(
    is_published: bool,  # noqa: FBT001
) -> None:
    world = World()
    if is_published:
        publish(world, DEFAULT, ABC=("ABC", HERE))
    else:
        world.store.save_assignment(StoredAssignment(ABC))
    world.records[SRV] = [SrvRecord(DEFAULT.host, 80)]
    answer(world, DEFAULT)
    location = locate(world)
    asked = {one.source: one.asked for one in location.sources}
    assert location.management_point.host == DEFAULT.host
    assert {one.host for one in world.directory_servers} == {HostName("dc1.corp.test")}
    assert (asked[SourceKind.DIRECTORY], asked[SourceKind.DNS]) == (True, not is_published)
