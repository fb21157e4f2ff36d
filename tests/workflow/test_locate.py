"""The way of a locate: which sources are asked, who is contacted, what is kept."""

import pytest
from world import CORP, JOINED, WORKGROUP, World

from cmclient.errors import (
    DirectoryTimeoutError,
    DirectoryTrustError,
    HttpStatusError,
    LocateError,
    NameServiceTimeoutError,
    NoEligibleManagementPointError,
    NoManagementPointFoundError,
    NoReachableManagementPointError,
    ServerCertificateError,
    TransportTimeoutError,
    TrustRefusedError,
)
from cmclient.model.decision import Candidate, Location, Origin, SourceKind, StoredAssignment
from cmclient.model.directory import PublishedSite, SrvRecord
from cmclient.model.endpoints import ManagementPoint, Protocols
from cmclient.model.facts import NetworkLocation
from cmclient.model.http import Outcome
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.protocol.directory import management_point_entry, site_entry, trust_entry
from cmclient.protocol.mplist import build_mp_list

ABC, XYZ = SiteCode("ABC"), SiteCode("XYZ")
MP1 = ManagementPoint(HostName("mp1.corp.test"), ABC, protocols=Protocols.HTTP, build=9106)
MP2 = MP1._replace(host=HostName("mp2.corp.test"))
SECURE = MP1._replace(host=HostName("secure.corp.test"), protocols=Protocols.HTTPS)
SEC = MP1._replace(host=HostName("sec.corp.test"), site_code=None)
SRV = "_mssms_mp_abc._tcp.corp.test"


def publish(world: World, *points: ManagementPoint) -> None:
    world.entries["mssmsmanagementpoint"] = [management_point_entry(point, domain=CORP) for point in points]


def fails(world: World, **settings: object) -> LocateError:
    with pytest.raises(LocateError) as caught:
        world.locator(**settings).locate()  # type: ignore[arg-type]
    return caught.value


def not_asked(location: Location) -> dict[SourceKind, str]:
    return {report.source: report.rule for report in location.sources if not report.asked}


def store_list(world: World, *points: ManagementPoint) -> None:
    world.store.replace_mp_list(Candidate(one, (Origin(SourceKind.STORED_LIST, "before"),)) for one in points)


# --- which sources ----------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-007")
@pytest.mark.rule("DN-018")
def test_initial__directory_gives_one_that_answers__dns_is_not_asked() -> None:
    world = World()
    publish(world, MP1)
    world.serve(MP1, [MP1], {"ABC": [MP1]})
    location = world.locator(site_code="ABC").locate()
    assert location.management_point.host == MP1.host
    assert not [line for line in world.asked if "_mssms_mp_" in line]
    assert not_asked(location) == {SourceKind.DNS: "ML-007"}


@pytest.mark.rule("ML-007", "AD-003", "DN-002")
def test_initial__directory_gives_nobody__dns_is_asked_after_it() -> None:
    world = World()
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1], {"ABC": [MP1]})
    assert world.locator(site_code="ABC").locate().management_point.host == MP1.host
    assert world.asked.index("ldap dc1.corp.test:3268") < world.asked.index(f"srv {SRV}")


@pytest.mark.rule("ML-011", "DN-018")
def test_initial__directory_gives_a_dead_one__dns_is_asked_then() -> None:
    world = World()
    publish(world, MP1)
    world.records[SRV] = [SrvRecord(MP2.host, 80)]
    world.serve(MP2, [MP2], {"ABC": [MP2]})
    location = world.locator(site_code="ABC").locate()
    assert location.management_point.host == MP2.host
    assert [attempt.outcome for attempt in location.attempts][:2] == [Outcome.FAILED, Outcome.ANSWERED]


@pytest.mark.rule("ML-005")
def test_initial__entries_of_the_installation_are_candidates_beside_the_directory() -> None:
    world = World()
    publish(world, MP1)
    world.serve(MP1, [MP1, MP2], {})
    world.serve(MP2, [MP1, MP2], {})
    location = world.locator(site_code="ABC", management_points="mp2.corp.test").locate()
    origins = {c.mp.host: {o.source for o in c.origins} for c in location.decision.candidates}
    assert origins["mp2.corp.test"] >= {SourceKind.INSTALLATION}
    assert origins["mp1.corp.test"] >= {SourceKind.DIRECTORY}


@pytest.mark.rule("ML-005", "ML-008")
@pytest.mark.parametrize(
    ("line", "hosts"),
    [
        ("/mp:mp1.corp.test SMSSITECODE=ABC", set()),
        ("/mp:mp1.corp.test SMSMP=mp1.corp.test SMSSITECODE=ABC", {"mp1.corp.test"}),
        ("SMSMPLIST=mp1.corp.test;https://mp2.corp.test SMSSITECODE=ABC", {"mp1.corp.test", "mp2.corp.test"}),
    ],
)
def test_mp_switch_alone__gives_no_candidate(line: str, hosts: set[str]) -> None:
    world = World(WORKGROUP)
    error = fails(world, setup_line=line)
    assert {c.mp.host for c in error.location.decision.candidates} == hosts


@pytest.mark.rule("ML-010")
def test_later__the_stored_list_first_and_nobody_else_while_it_serves() -> None:
    world = World()
    store_list(world, MP1)
    world.serve(MP1, [MP1], {"ABC": [MP1]})
    location = world.locator(site_code="ABC", management_points="mp2.corp.test").locate()
    assert location.management_point.host == MP1.host
    assert not [line for line in world.asked if line.startswith(("ldap", f"srv {SRV}"))]
    assert set(not_asked(location)) >= {SourceKind.DIRECTORY, SourceKind.DNS, SourceKind.INSTALLATION}


@pytest.mark.rule("ML-011", "ML-013")
def test_later__list_dead__whoever_was_given_by_the_installation_then_directory_then_dns() -> None:
    world = World()
    store_list(world, MP1)
    error = fails(world, site_code="ABC", management_points="mp2.corp.test")
    tried = [attempt.endpoint.host for attempt in error.location.attempts]
    assert tried == ["mp1.corp.test", "mp2.corp.test"]
    stages = [line for line in world.asked if line.startswith(("GET", "ldap", f"srv {SRV}"))]
    assert [line.split()[0] for line in stages] == ["GET", "GET", "ldap", "srv"]
    assert [one.mp.host for one in world.store.load_mp_list()] == ["mp1.corp.test"], "a dead list is kept"


@pytest.mark.rule("ML-016")
def test_stored_list__is_sorted_anew_by_where_the_client_is_now() -> None:
    internet = SECURE._replace(host=HostName("cmg.corp.test"))
    world = World()
    store_list(world, SECURE, internet._replace(audience=internet.audience.INTERNET))
    inside = world.locator(https=True, offline=True, site_code="ABC", network_location="intranet").locate()
    outside = world.locator(https=True, offline=True, site_code="ABC", network_location="internet").locate()
    assert inside.management_point.host == SECURE.host
    assert outside.management_point.host == internet.host


def test_offline__stored_list_only_and_nobody_is_asked() -> None:
    world = World()
    store_list(world, MP1)
    location = world.locator(offline=True, site_code="ABC").locate()
    assert location.management_point.host == MP1.host
    assert (world.asked, location.attempts) == ([], ())


def test_offline__nothing_stored__says_so() -> None:
    error = fails(World(), offline=True, site_code="ABC")
    assert isinstance(error, NoManagementPointFoundError)


@pytest.mark.rule("ML-037", "DN-011")
def test_workgroup_client__by_dns_alone_and_the_one_found_tells_of_the_others() -> None:
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1, MP2, SEC], {"ABC": [MP1, MP2]})
    location = world.locator(site_code="ABC").locate()
    assert {one.mp.host for one in location.decision.candidates} == {MP1.host, MP2.host, SEC.host}
    assert not [line for line in world.asked if line.startswith(("ldap", "ping"))]


@pytest.mark.rule("NET-001")
def test_management_point_that_answers__proves_the_intranet() -> None:
    world = World(WORKGROUP)
    assert fails(world, site_code="ABC").location.facts.network_location is NetworkLocation.UNKNOWN
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1], {})
    assert world.locator(site_code="ABC").locate().facts.network_location is NetworkLocation.INTRANET


@pytest.mark.rule("ML-037")
def test_workgroup_client__through_another_management_point() -> None:
    world = World(WORKGROUP)
    world.serve(MP2, [MP1, MP2], {})
    location = world.locator(site_code="ABC", management_points="mp2.corp.test").locate()
    assert {one.mp.host for one in location.decision.candidates} == {MP1.host, MP2.host}


@pytest.mark.rule("ML-038", "AD-026")
def test_site_server_of_another_forest__published_in_the_clients_own__is_used() -> None:
    world = World()
    foreign = MP1._replace(host=HostName("mp1.outside.test"), forest=DnsDomain("outside.test"))
    publish(world, foreign)
    world.serve(foreign, [foreign], {"ABC": [foreign]})
    location = world.locator(site_code="ABC").locate()
    assert location.management_point.host == foreign.host
    assert location.chosen is not None
    assert location.chosen.rank == 4, "its forest is not trusted"


@pytest.mark.rule("AD-021")
@pytest.mark.parametrize(
    ("facts", "settings"),
    [(WORKGROUP, {}), (JOINED, {"always_internet": True})],
    ids=["workgroup", "on the internet"],
)
def test_who_cannot_read_the_directory__never_connects_to_it(facts: object, settings: dict[str, object]) -> None:
    world = World(facts)  # type: ignore[arg-type]
    publish(world, MP1)
    fails(world, site_code="ABC", **settings)
    assert not [line for line in world.asked if line.startswith(("ldap", "ping"))]


@pytest.mark.rule("AD-002")
def test_directory__the_global_catalog_is_asked() -> None:
    world = World()
    publish(world, MP1)
    world.serve(MP1, [MP1], {})
    world.locator(site_code="ABC").locate()
    assert "ldap dc1.corp.test:3268" in world.asked


def test_directory__fails__is_said_and_dns_is_asked() -> None:
    world = World()
    world.directory_error = DirectoryTimeoutError("no answer", server="dc1")
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1], {})
    location = world.locator(site_code="ABC").locate()
    assert location.management_point.host == MP1.host
    assert [report.code for report in location.sources][1] == "directory-timeout"


def test_everything_fails__every_source_says_why() -> None:
    world = World()
    world.directory_error = DirectoryTimeoutError("no answer", server="dc1")
    world.records[SRV] = NameServiceTimeoutError("no DNS server answered")
    error = fails(world, site_code="ABC")
    assert isinstance(error, NoManagementPointFoundError)
    assert "no answer" in error.hint
    assert "no DNS server answered" in error.hint


# --- assignment -------------------------------------------------------------------------------------------------


def test_assigned_site__found_by_the_published_ad_site() -> None:
    world = World()
    world.in_site("Berlin")
    other = MP1._replace(host=HostName("mp1.west.test"), site_code=XYZ)
    publish(world, MP1, other)
    sites = (PublishedSite(ABC, boundaries=("Berlin",)), PublishedSite(XYZ, boundaries=("Paris",)))
    world.entries["mssmssite"] = [site_entry(one, domain=CORP) for one in sites]
    world.serve(MP1, [MP1], {})
    location = world.locator().locate()
    assert location.decision.policy.assigned_site == "ABC"
    assert [(one.name, one.reasons[-1].rule) for one in location.decision.rejected] == [("mp1.west.test", "ML-006")]
    assert world.store.load_assignment() == StoredAssignment(ABC, MP1.host, ())


def test_trusted_forests__kept_ones_are_replaced_by_what_the_directory_says_now() -> None:
    world = World()
    publish(world, MP1)
    world.serve(MP1, [MP1], {})
    world.store.save_assignment(StoredAssignment(ABC, None, (DnsDomain("once.test"),)))
    world.entries["trusteddomain"] = [trust_entry(DnsDomain("now.test"), domain=CORP)]
    assert world.locator(site_code="ABC").locate().facts.trusted_forests == ("now.test",)
    assert world.locator(site_code="ABC", trusted_forests="said.test").locate().facts.trusted_forests == ("said.test",)
    again = world.locator(site_code="ABC").locate()
    assert again.facts.origins["trusted_forests"] == "the store"


def test_assigned_site__kept_when_the_client_moves() -> None:
    world = World()
    store_list(world, MP1)
    world.store.save_assignment(StoredAssignment(ABC, MP1.host))
    world.serve(MP1, [MP1], {})
    assert world.locator().locate().decision.policy.assigned_site == "ABC"


@pytest.mark.rule("MP-016")
def test_assigned_mp__the_first_one_located_stays_it() -> None:
    world = World()
    publish(world, MP1, MP2)
    for point in (MP1, MP2):
        world.serve(point, [MP1, MP2], {"ABC": [MP1, MP2]})
    first = world.locator(site_code="ABC").locate()
    assert first.assigned_mp == first.management_point.host
    other = MP2 if first.management_point.host == MP1.host else MP1
    world.answers = {url: answer for url, answer in world.answers.items() if other.host in url}
    second = world.locator(site_code="ABC").locate()
    assert (second.management_point.host, second.assigned_mp) == (other.host, first.assigned_mp)


@pytest.mark.rule("MP-016")
def test_assigned_mp__each_client_picks_for_itself() -> None:
    picked = set()
    for seed in range(20):
        world = World()
        publish(world, MP1, MP2)
        for point in (MP1, MP2):
            world.serve(point, [MP1, MP2], {})
        picked.add(world.locator(site_code="ABC", seed=seed).locate().assigned_mp)
    assert picked == {MP1.host, MP2.host}


@pytest.mark.rule("MP-017")
def test_smsmp__is_an_initial_entry_and_assigned_only_if_picked() -> None:
    world = World(WORKGROUP)
    world.serve(MP2, [MP1, MP2], {})
    location = world.locator(site_code="ABC", setup_line="SMSMP=mp2.corp.test").locate()
    assert location.assigned_mp == MP2.host
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1], {})
    location = world.locator(site_code="ABC", setup_line="SMSMP=mp2.corp.test").locate()
    assert location.assigned_mp == MP1.host, "the one given was dead and was not picked"


# --- contact ----------------------------------------------------------------------------------------------------


def test_good_first_one__exactly_one_is_contacted() -> None:
    world = World()
    publish(world, MP1, SECURE)
    world.serve(SECURE, [MP1, SECURE], {"ABC": [MP1, SECURE]})
    world.locator(https=True, site_code="ABC").locate()
    assert {url.partition("/SMS_MP")[0] for url in world.contacted()} == {"https://secure.corp.test"}


@pytest.mark.rule("MP-003")
def test_https_down__http_is_used_after_it_failed() -> None:
    world = World()
    publish(world, MP1, SECURE)
    world.serve(MP1, [MP1, SECURE], {})
    world.answers = {url: answer for url, answer in world.answers.items() if url.startswith("http://mp1")}
    location = world.locator(https=True, site_code="ABC").locate()
    assert [str(attempt.endpoint) for attempt in location.attempts][:2] == [
        "https://secure.corp.test",
        "http://mp1.corp.test",
    ]


@pytest.mark.rule("MP-003")
def test_https_down__http_forbidden__none_is_reachable() -> None:
    world = World()
    publish(world, MP1, SECURE)
    world.serve(MP1, [MP1, SECURE], {})
    world.answers = {url: answer for url, answer in world.answers.items() if url.startswith("http://mp1")}
    error = fails(world, https=True, site_code="ABC", allow_http=False)
    assert isinstance(error, NoReachableManagementPointError)
    assert not [url for url in world.contacted() if url.startswith("http:")]


@pytest.mark.rule("ML-013", "ML-014")
def test_downloaded_list__replaces_the_stored_one() -> None:
    world = World()
    store_list(world, MP1, ManagementPoint(HostName("gone.corp.test"), ABC))
    world.serve(MP1, [MP1, MP2], {"ABC": [MP1, MP2]})
    world.locator(site_code="ABC").locate()
    assert [one.mp.host for one in world.store.load_mp_list()] == [MP1.host, MP2.host]


@pytest.mark.parametrize(
    "answer",
    [b"", b"<MPList/>", b"<html><body>log in</body></html>", b"<MPList><MP Name='bad name'/></MPList>", 500, 403, 302],
    ids=["empty", "empty list", "captive portal", "nobody usable", "500", "403", "302"],
)
def test_bad_answer__is_a_failed_attempt_and_the_stored_list_is_kept(answer: bytes | int) -> None:
    world = World()
    store_list(world, MP1)
    world.answers["http://mp1.corp.test/SMS_MP/.sms_aut?MPLIST"] = answer
    error = fails(world, site_code="ABC")
    assert [attempt.outcome for attempt in error.location.attempts] == [Outcome.FAILED]
    assert [one.mp.host for one in world.store.load_mp_list()] == [MP1.host]


def test_new_list_names_a_better_one__it_is_asked_next() -> None:
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1, SECURE], {"ABC": [MP1, SECURE]})
    world.serve(SECURE, [MP1, SECURE], {"ABC": [MP1, SECURE]})
    location = world.locator(https=True, site_code="ABC").locate()
    assert str(location.endpoint) == "https://secure.corp.test"


@pytest.mark.rule("ML-030")
def test_new_list_names_a_better_one__while_installing_the_first_reached_is_kept() -> None:
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1, SECURE], {})
    location = world.locator(https=True, site_code="ABC", phase="installing").locate()
    assert str(location.endpoint) == "http://mp1.corp.test"


def test_better_one_of_a_new_list_is_dead__the_one_that_answered_stays() -> None:
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1, SECURE], {})
    location = world.locator(https=True, site_code="ABC").locate()
    assert str(location.endpoint) == "http://mp1.corp.test"
    assert Outcome.FAILED in {a.outcome for a in location.attempts if a.endpoint.host == SECURE.host}


def test_lists_that_praise_each_other__end() -> None:
    world = World(WORKGROUP)
    points = [MP1._replace(host=HostName(f"mp{n}.corp.test"), locality=MP1.locality) for n in range(9)]
    for index, point in enumerate(points):
        following = points[index : index + 2]
        world.serve(point, following, {})
    world.records[SRV] = [SrvRecord(points[0].host, 80)]
    world.locator(site_code="ABC").locate()
    assert len(world.contacted()) < 12


def test_secondary_site__its_management_point_is_told_apart_by_the_two_lists() -> None:
    world = World()
    publish(world, MP1)
    world.serve(MP1, [MP1, SEC], {"ABC": [MP1]})
    location = world.locator(site_code="ABC").locate()
    rejected = {one.name: one.reasons[-1].rule for one in location.decision.rejected}
    assert rejected == {SEC.host: "MP-001"}


@pytest.mark.parametrize(
    "failure",
    [
        ServerCertificateError("unknown issuer"),
        HttpStatusError("mp1 answered 403", status=403),
    ],
)
def test_trust_refused_by_all__is_said_as_such(failure: Exception) -> None:
    world = World()
    publish(world, SECURE)
    world.answers["https://secure.corp.test/SMS_MP/.sms_aut?MPLIST"] = failure  # type: ignore[assignment]
    assert isinstance(fails(world, https=True, site_code="ABC"), TrustRefusedError)


def test_trust_refused_by_one_and_another_silent__is_not_only_trust() -> None:
    world = World()
    publish(world, SECURE, SECURE._replace(host=HostName("silent.corp.test")))
    world.answers["https://secure.corp.test/SMS_MP/.sms_aut?MPLIST"] = ServerCertificateError("unknown issuer")
    world.answers["https://silent.corp.test/SMS_MP/.sms_aut?MPLIST"] = TransportTimeoutError("slow")
    error = fails(world, https=True, site_code="ABC")
    assert isinstance(error, NoReachableManagementPointError)


def test_directory_not_trusted_and_nobody_found__is_a_matter_of_trust() -> None:
    world = World()
    world.directory_error = DirectoryTrustError("unknown issuer", server="dc1")
    assert isinstance(fails(world, site_code="ABC"), TrustRefusedError)


@pytest.mark.rule("AD-013")
def test_ports__published_in_the_directory_hold_for_the_whole_site_and_are_kept() -> None:
    world = World()
    publish(world, MP1._replace(http_port=8080))
    listed = [MP1, MP2]
    for point in listed:
        for query, own in (("MPLIST", False), ("MPLIST1&ABC", True)):
            url = f"http://{point.host}:8080/SMS_MP/.sms_aut?{query}"
            world.answers[url] = build_mp_list(listed, with_site_code=own)
    first = world.locator(site_code="ABC", http_port=81).locate()
    assert {str(one.endpoint) for one in first.decision.ranked} == {
        "http://mp1.corp.test:8080",
        "http://mp2.corp.test:8080",
    }
    world.asked.clear()
    again = world.locator(site_code="ABC").locate()
    assert again.endpoint is not None
    assert again.endpoint.port == 8080
    assert not [line for line in world.asked if line.startswith("ldap")]
    other = fails(World(), site_code="ABC", management_points="mp1.corp.test")
    assert other.location.attempts[0].endpoint.port == 80


@pytest.mark.rule("ML-007", "ML-011")
def test_dns_after_a_dead_one__is_asked_by_another_rule_than_after_nobody() -> None:
    world = World()
    nobody = fails(world, site_code="ABC").location
    publish(world, MP1)
    dead = fails(world, site_code="ABC").location
    assert [report.rule for report in nobody.sources if report.source is SourceKind.DNS] == ["ML-007"]
    assert [report.rule for report in dead.sources if report.source is SourceKind.DNS] == ["ML-011"]


def test_found_but_all_rejected__is_said_as_such() -> None:
    world = World()
    publish(world, SECURE)
    error = fails(world, site_code="ABC")
    assert isinstance(error, NoEligibleManagementPointError)
    assert error.location.decision.rejected[0].reasons[-1].rule == "ML-034"


@pytest.mark.rule("CF-012")
def test_requests__carry_no_identity() -> None:
    world = World()
    publish(world, MP1)
    world.serve(MP1, [MP1], {"ABC": [MP1]})
    world.locator(site_code="ABC").locate()
    assert world.contacted() == [
        "http://mp1.corp.test/SMS_MP/.sms_aut?MPLIST",
        "http://mp1.corp.test/SMS_MP/.sms_aut?MPLIST1&ABC",
    ]


# --- internet ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-022")
@pytest.mark.rule("DN-017")
def test_internet_client__its_internet_mp_over_https_and_no_directory_or_dns() -> None:
    world = World()
    world.answers["https://cmg.example.test/SMS_MP/.sms_aut?MPLIST2&ABC"] = (
        b'<MPList><MP Name="CMG.EXAMPLE.TEST" FQDN="cmg.example.test"><Version>9106</Version>'
        b'<Capabilities SchemaVersion="1.0"><Property Name="SSLState" Value="63"/></Capabilities></MP></MPList>'
    )
    location = world.locator(https=True, site_code="ABC", always_internet=True, internet_mp="cmg.example.test").locate()
    assert str(location.endpoint) == "https://cmg.example.test"
    assert location.facts.network_location is NetworkLocation.INTERNET
    assert not [line for line in world.asked if line.startswith(("ldap", "srv", "ping"))]


# --- discover ---------------------------------------------------------------------------------------------------


def test_discover__asks_every_source_and_stores_nothing() -> None:
    world = World()
    publish(world, MP1)
    world.records[SRV] = [SrvRecord(MP2.host, 80)]
    world.serve(MP1, [MP1, SEC], {"ABC": [MP1]})
    world.serve(MP2, [MP1, SEC], {"ABC": [MP1]})
    report = world.locator(site_code="ABC", management_points="given.corp.test").discover()
    hosts = {candidate.mp.host for candidate in report.decision.candidates}
    assert hosts == {MP1.host, MP2.host, SEC.host, "given.corp.test"}
    assert world.store.load_mp_list() == ()
