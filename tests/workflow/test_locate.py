"""The way of a locate: which sources are asked, who is contacted, what is kept."""

import threading

import pytest
from world import CORP, DC1, JOINED, WORKGROUP, World

from cmclient.errors import (
    CancelledError,
    DirectoryError,
    DirectoryRefusedError,
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
from cmclient.gather import parse_server
from cmclient.model.decision import Candidate, Location, Origin, SourceKind, StoredAssignment
from cmclient.model.directory import PublishedSite, SrvRecord
from cmclient.model.endpoints import Locality, ManagementPoint, Protocols, SiteKind
from cmclient.model.facts import NetworkLocation
from cmclient.model.http import Deadline, Outcome
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode
from cmclient.protocol.capabilities import OperationalSettings, build_operational_settings
from cmclient.protocol.directory_entries import management_point_entry, site_entry, trust_entry
from cmclient.protocol.mplist import build_mp_list
from cmclient.rules.choose import SeededChooser

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
    assert "locate once with the network" in error.hint  # a name given now would not be looked at
    assert "name one" in fails(World(WORKGROUP), site_code="ABC").hint


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
    assert [(server.port, server.is_global_catalog) for server in world.directory_servers] == [(3268, True)]


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
    error = fails(world, https=True, site_code="ABC")
    assert isinstance(error, TrustRefusedError)
    assert error.message.endswith("(1)"), "how many, and not what a program would print of them"


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
    assert [(request.method, dict(request.headers), request.body) for request in world.sent] == [("GET", {}, b"")] * 2


# --- lists that change ------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-013")
def test_new_list__says_http_where_the_stored_one_said_https__replaces_it() -> None:
    world = World(WORKGROUP)
    store_list(world, MP2, SECURE)
    back = SECURE._replace(protocols=Protocols.HTTP)
    for point in (MP2, back):
        world.serve(point, [MP2, back], {"ABC": [MP2, back]})
    world.locator(site_code="ABC").locate()
    assert {one.mp.host: one.mp.protocols for one in world.store.load_mp_list()} == {
        MP2.host: Protocols.HTTP,
        SECURE.host: Protocols.HTTP,
    }
    again = world.locator(site_code="ABC").locate()
    assert {one.name for one in again.decision.ranked} == {MP2.host, SECURE.host}


def test_loser_of_a_race__is_still_wanted_when_the_list_of_the_winner_makes_it_the_better_one() -> None:
    world = World(WORKGROUP)
    other = SECURE._replace(host=HostName("other.corp.test"))
    world.records[SRV] = [SrvRecord(SECURE.host, 443), SrvRecord(other.host, 443)]
    listed = [SECURE, other._replace(protocols=Protocols.HTTP)]
    hangs = threading.Event()

    def first_then_list() -> bytes:
        if not hangs.is_set():
            hangs.set()
            hangs_out.wait(5)
            raise CancelledError("cancelled")
        return build_mp_list(listed)

    hangs_out = threading.Event()
    world.serve(other, listed, {})
    world.serve(SECURE, listed, {})
    world.answers["https://secure.corp.test/SMS_MP/.sms_aut?MPLIST"] = first_then_list
    seed = next(n for n in range(99) if SeededChooser(n).draw(SECURE.host) < SeededChooser(n).draw(other.host))
    location = world.locator(https=True, site_code="ABC", seed=seed, race_stagger=0.01).locate()
    hangs_out.set()
    assert str(location.endpoint) == "https://secure.corp.test", "HTTP to the other one would be a downgrade"


def test_disqualified_by_its_own_list__the_search_goes_on() -> None:
    world = World(WORKGROUP)
    world.serve(MP1, [MP1, MP2], {"ABC": [MP2]})
    healthy = MP1._replace(host=HostName("healthy.corp.test"))
    world.records[SRV] = [SrvRecord(healthy.host, 80)]
    world.serve(healthy, [healthy], {"ABC": [healthy]})
    location = world.locator(site_code="ABC", management_points="mp1.corp.test").locate()
    assert location.management_point.host == healthy.host
    assert location.assigned_mp == healthy.host, "and never one that has failed"


@pytest.mark.rule("ML-011")
def test_everybody_who_answered__is_remembered() -> None:
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    for point in (MP1, SECURE):
        world.serve(point, [MP1, SECURE], {"ABC": [MP1, SECURE]})
    world.locator(https=True, site_code="ABC").locate()
    assert {one.mp.host for one in world.store.load_answered()} == {MP1.host, SECURE.host}


def test_last_move__is_learned_from_as_well() -> None:
    world = World(WORKGROUP)
    points = [
        MP1._replace(host=HostName(f"mp{n}.corp.test"), locality=Locality(n), in_current_group=None) for n in range(4)
    ]
    world.records[SRV] = [SrvRecord(points[0].host, 80)]
    for index, point in enumerate(points):
        world.serve(point, points[: index + 2], {})
    world.store.replace_mp_list(Candidate(p, (Origin(SourceKind.STORED_LIST, "x"),)) for p in points[:1])
    location = world.locator(site_code="ABC").locate()
    kept = world.store.load_assignment()
    assert kept is not None
    assert location.endpoint is not None
    assert kept.assigned_mp == location.endpoint.host


@pytest.mark.rule("MP-002", "MP-016")
def test_assigned_mp__is_never_a_proxy() -> None:
    world = World()
    proxy = SEC._replace(site_kind=SiteKind.SECONDARY, parent_site=ABC, locality=Locality(3))
    store_list(world, proxy, MP1)
    world.serve(proxy, [MP1, SEC], {"ABC": [MP1]})
    location = world.locator(site_code="ABC").locate()
    assert (location.management_point.host, location.assigned_mp) == (SEC.host, MP1.host)


def test_assigned_mp__of_a_located_proxy__is_one_that_has_not_failed() -> None:
    world = World()
    proxy = SEC._replace(site_kind=SiteKind.SECONDARY, parent_site=ABC, locality=Locality(3))
    near = MP1._replace(host=HostName("a-near.corp.test"), site_kind=SiteKind.SECONDARY, parent_site=ABC)
    store_list(world, proxy, MP1)
    world.serve(proxy, [MP1, MP2, SEC], {"ABC": [MP1, MP2]})
    location = world.locator(site_code="ABC", management_points="mp2.corp.test").locate()
    assert location.assigned_mp in {MP1.host, MP2.host}
    assert near.host not in {one.name for one in location.decision.ranked}


@pytest.mark.rule("AD-013")
def test_https_port__published_in_the_directory_holds_for_the_whole_site() -> None:
    world = World()
    publish(world, SECURE._replace(https_port=8443))
    other = SECURE._replace(host=HostName("other.corp.test"))
    for query, own in (("MPLIST", False), ("MPLIST1&ABC", True)):
        url = f"https://secure.corp.test:8443/SMS_MP/.sms_aut?{query}"
        world.answers[url] = build_mp_list([SECURE, other], with_site_code=own)
    location = world.locator(https=True, site_code="ABC").locate()
    assert {str(one.endpoint) for one in location.decision.ranked} == {
        "https://secure.corp.test:8443",
        "https://other.corp.test:8443",
    }


@pytest.mark.parametrize(
    ("text", "wants", "port", "is_catalog"),
    [
        ("dc1.corp.test", True, 3268, True),
        ("dc1.corp.test", False, 389, False),
        ("dc1.corp.test:636", True, 636, False),
        ("dc1.corp.test:389", True, 389, False),
        ("dc1.corp.test:3269", True, 3269, True),
        ("dc1.corp.test:4000", True, 4000, True),
        ("dc1.corp.test:4000", False, 4000, False),
    ],
)
def test_given_directory_server__its_port_says_what_it_is(text: str, wants: bool, port: int, is_catalog: bool) -> None:  # noqa: FBT001
    server = parse_server(text, wants_global_catalog=wants)
    assert (server.port, server.is_global_catalog) == (port, is_catalog)


@pytest.mark.rule("MP-003")
def test_https_only_site__is_not_gone_down_from() -> None:
    settings = build_operational_settings(OperationalSettings(security_mode_mask=63, security_mode_mask_ex=63))
    for capabilities, down in ((settings, False), ("", True)):
        world = World()
        both = SECURE._replace(protocols=Protocols.BOTH)
        world.entries["mssmsmanagementpoint"] = [management_point_entry(SECURE, domain=CORP, capabilities=capabilities)]
        world.serve(MP1, [MP1, both], {})
        world.answers = {url: answer for url, answer in world.answers.items() if url.startswith("http://mp1")}
        locator = world.locator(https=True, site_code="ABC", management_points="mp1.corp.test")
        if down:
            assert str(locator.locate().endpoint) == "http://mp1.corp.test"
        else:
            with pytest.raises(NoReachableManagementPointError):
                locator.locate()
            assert not [url for url in world.contacted() if url.startswith("http:")]


@pytest.mark.rule("AD-013")
def test_ports__of_one_entry_of_the_installation_or_of_another_site__are_not_those_of_the_site() -> None:
    world = World()
    other = MP2._replace(site_code=XYZ, http_port=8888)
    publish(world, MP1._replace(http_port=80), other)
    world.serve(MP1, [MP1, MP2], {})
    world.answers.clear()
    error = fails(world, site_code="ABC", management_points="mp1.corp.test:8080;mp9.corp.test")
    ports = {str(one.endpoint) for one in error.location.decision.ranked}
    assert ports == {"http://mp1.corp.test:8080", "http://mp9.corp.test"}


@pytest.mark.rule("AD-013")
def test_ports_and_assigned_mp__kept_of_another_site__do_not_count() -> None:
    world = World(WORKGROUP)
    world.store.save_assignment(StoredAssignment(XYZ, MP2.host, (), http_port=8080, https_port=8443, https_only=True))
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1], {})
    location = world.locator(site_code="ABC").locate()
    assert (location.decision.policy.http_port, location.decision.policy.may_use_http) == (80, True)
    assert location.assigned_mp == MP1.host


@pytest.mark.rule("DN-019")
def test_dns__judges_ports_by_those_of_the_site() -> None:
    world = World(WORKGROUP)
    world.store.save_assignment(StoredAssignment(ABC, None, (), http_port=8080, https_port=8443))
    world.records[SRV] = [SrvRecord(MP1.host, 8443)]
    error = fails(world, site_code="ABC")
    assert [one.reasons[-1].rule for one in error.location.decision.rejected] == ["ML-034"]
    assert world.contacted() == []


def test_installing_and_disqualified_by_its_own_list__the_next_one_is_asked() -> None:
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    listed = [MP1._replace(protocols=Protocols.HTTPS), MP2]
    for point in (MP1, MP2):
        world.serve(point, listed, {})
    location = world.locator(site_code="ABC", phase="installing").locate()
    assert str(location.endpoint) == "http://mp2.corp.test"


def test_nobody_located__no_assigned_mp_is_kept() -> None:
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1._replace(protocols=Protocols.HTTPS), MP2], {})
    assert fails(world, site_code="ABC").location.assigned_mp is None
    kept = world.store.load_assignment()
    assert kept is None or kept.assigned_mp is None


def test_known_ad_site__is_kept_whatever_the_domain_controller_says() -> None:
    world = World(JOINED._replace(ad_site=AdSiteName("Mine")))
    world.in_site("Other")
    assert world.locator(site_code="ABC").gather().ad_site == "Mine"


# --- deadlines and directory servers -----------------------------------------------------------------------------


def test_source__gets_half_of_the_time_that_is_left() -> None:
    world = World()
    seen: list[float] = []

    def search(server: object, queries: object, deadline: Deadline) -> tuple[()]:
        seen.append(deadline.remaining() or 0.0)
        raise DirectoryTimeoutError("silent", server="dc1")

    world.search = search  # type: ignore[method-assign,assignment]
    fails(world, site_code="ABC", deadline=8, directory_timeout=60)
    assert 3.0 < seen[0] <= 4.0


@pytest.mark.parametrize(
    ("failure", "asked"),
    [
        pytest.param(DirectoryTimeoutError("silent", server="dc1"), 3, id="silent: the next one, three at most"),
        pytest.param(DirectoryRefusedError("no", server="dc1"), 1, id="refused: nobody else would say otherwise"),
    ],
)
def test_directory_servers__next_one_or_not(failure: DirectoryError, asked: int) -> None:
    world = World()
    world.records["_gc._tcp.corp.test"] = [SrvRecord(f"dc{n}.corp.test", 3268) for n in range(1, 6)]
    world.directory_error = failure
    fails(world, site_code="ABC")
    assert len([line for line in world.asked if line.startswith("ldap")]) == asked


def test_directory_servers__whoever_answered_the_ping_first_and_each_once() -> None:
    world = World()
    world.records["_gc._tcp.corp.test"] = [SrvRecord("dc2.corp.test", 3268), SrvRecord(DC1, 3268)]
    world.directory_error = DirectoryTimeoutError("silent", server="dc1")
    fails(world, site_code="ABC")
    assert [line for line in world.asked if line.startswith("ldap")] == [
        "ldap dc1.corp.test:3268",
        "ldap dc2.corp.test:3268",
    ]


def test_directory_servers__no_catalog_published__the_domain_controller_is_asked() -> None:
    world = World()
    del world.records["_gc._tcp.corp.test"]
    publish(world, MP1)
    world.serve(MP1, [MP1], {})
    world.locator(site_code="ABC").locate()
    assert [(server.port, server.is_global_catalog) for server in world.directory_servers] == [(389, False)]


def test_internet_management_point_of_the_settings__is_no_candidate_on_the_intranet() -> None:
    error = fails(World(), site_code="ABC", internet_mp="cmg.example.test")
    assert [one.reasons[-1].rule for one in error.location.decision.rejected] == ["NET-038"]


def test_offline__a_given_location_is_kept() -> None:
    world = World()
    store_list(world, MP1)
    location = world.locator(offline=True, site_code="ABC", network_location="intranet").locate()
    assert location.facts.network_location is NetworkLocation.INTRANET


def test_always_internet__outweighs_a_location_that_was_given() -> None:
    error = fails(World(), site_code="ABC", always_internet=True, network_location="intranet")
    assert error.location.facts.network_location is NetworkLocation.INTERNET


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
