"""The way of an assignment: who is asked, in which order, what follows, what is kept."""

from collections.abc import Sequence

import pytest
from world import CORP, JOINED, OTHER_KEY, ROOT_KEY, WORKGROUP, World, config, key_information

from cmclient.assign import AssignmentOptions, AssignmentReport
from cmclient.discover import Published
from cmclient.errors import ConnectError, LocateError, NoReachableManagementPointError, StoreError
from cmclient.model.assignment import AssignmentHow, AssignmentOutcome, CompatibilityVerdict, SiteSource
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.decision import Candidate, Origin, SourceKind, StoredAssignment
from cmclient.model.directory import PublishedSite, SrvRecord
from cmclient.model.endpoints import Audience, Endpoint, ManagementPoint, Protocols, SiteKind
from cmclient.model.facts import Adapter, Membership, NetworkFacts, NetworkLocation, parse_address
from cmclient.model.groups import BoundaryGroup, HierarchySite, SiteData
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.messages import Message, MessageId, SiteDescription, SiteDescriptions
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode
from cmclient.model.rootkey import TrustedRootKey
from cmclient.ports import Cancellation
from cmclient.protocol.directory_entries import management_point_entry, site_entry
from cmclient.protocol.envelope import build_message, parse_message
from cmclient.protocol.mplist import build_mp_list
from cmclient.protocol.multipart import CONTENT_TYPE
from cmclient.protocol.trustkeys import MP_KEY_INFORMATION_PATH
from cmclient.rules.choose import SeededChooser
from cmclient.standing import Clues, find_standing

ABC, XYZ, OLD = SiteCode("ABC"), SiteCode("XYZ"), SiteCode("OLD")
MP1 = ManagementPoint(HostName("mp1.corp.test"), ABC, protocols=Protocols.HTTP, build=9106)
SECURE = MP1._replace(host=HostName("secure.corp.test"), protocols=Protocols.HTTPS)
CMG = HostName("cmg.example.test")
SRV = "_mssms_mp_abc._tcp.corp.test"
KEY = f"SMSPUBLICROOTKEY={ROOT_KEY.text}"
AUTOMATIC = "SMSSITECODE=AUTO"


def publish(world: World, *points: ManagementPoint, sites: Sequence[PublishedSite] = ()) -> None:
    world.entries["mssmsmanagementpoint"] = [management_point_entry(point, domain=CORP) for point in points]
    world.entries["mssmssite"] = [site_entry(one, domain=CORP) for one in sites]


def in_berlin(*codes: SiteCode) -> World:
    """A world in which the client is in an AD site that is a boundary of sites."""
    world = World()
    world.in_site("Berlin")
    points = [MP1._replace(host=HostName(f"mp-{code.lower()}.corp.test"), site_code=code) for code in codes]
    publish(world, *points, sites=[PublishedSite(code, boundaries=("Berlin",)) for code in codes])
    return world


class Answering:
    """A management point that says to which site the client belongs."""

    def __init__(self, *sites: SiteDescription) -> None:
        self.sites = sites
        self.asked: list[str] = []

    def __call__(
        self, endpoint: Endpoint, facts: NetworkFacts, deadline: Deadline, *, cancellation: Cancellation | None = None
    ) -> SiteDescriptions:
        self.asked.append(str(endpoint))
        return SiteDescriptions(self.sites)


def rules_of(report: AssignmentReport) -> list[str]:
    return [reason.rule for reason in report.decision.reasons]


def asked_http(world: World) -> list[str]:
    return [line for line in world.asked if line.startswith(("GET", "CCM_POST"))]


# --- whom is asked -----------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-004", "SA-003")
def test_automatic__the_directory_knows__no_management_point_is_asked() -> None:
    world, mp = in_berlin(ABC), Answering(SiteDescription(XYZ))
    report = world.assigner(ask=mp, management_points="mp1.corp.test").assign()
    assert (report.decision.site, report.decision.how) == (ABC, AssignmentHow.BOUNDARY)
    assert (mp.asked, asked_http(world)) == ([], [])
    assert report.location.label == "Currently intranet"


@pytest.mark.rule("SA-004")
def test_automatic__the_directory_holds_it_nowhere__a_management_point_is_asked_after_it() -> None:
    world, mp = in_berlin(ABC), Answering(SiteDescription(XYZ, build=9106))
    world.in_site("Paris")
    report = world.assigner(ask=mp, management_points="mp1.corp.test").assign()
    assert report.decision.site == XYZ
    assert [answer.source for answer in report.decision.answers] == [SiteSource.DIRECTORY, SiteSource.MANAGEMENT_POINT]
    assert mp.asked == ["http://mp1.corp.test"]


@pytest.mark.rule("SA-005")
@pytest.mark.parametrize(
    ("facts", "is_asked"), [(WORKGROUP, False), (JOINED, True)], ids=["workgroup", "schema not extended"]
)
def test_automatic__no_data_in_the_directory__a_management_point_decides(
    facts: NetworkFacts,
    is_asked: bool,  # noqa: FBT001
) -> None:
    world, mp = World(facts), Answering(SiteDescription(ABC, build=9106))
    world.shows_key = True
    report = world.assigner(ask=mp, setup_line=f"SMSMP=mp1.corp.test {KEY}").assign()
    assert (report.decision.site, report.decision.reason.rule) == (ABC, "SA-006")
    assert "SA-005" in rules_of(report)
    assert bool([line for line in world.asked if line.startswith("ldap")]) is is_asked
    assert report.location.location is NetworkLocation.INTRANET


@pytest.mark.rule("SA-026")
@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"management_points": "mp1.corp.test"}, []),
        ({"setup_line": f"SMSMP=mp1.corp.test {KEY}"}, ["http://mp1.corp.test"]),
        ({"management_points": "https://mp1.corp.test", "https": True}, ["https://mp1.corp.test"]),
        ({"management_points": "mp1.corp.test", "https": True}, []),
    ],
    ids=["nothing is safe", "key given", "certificates", "certificates, and HTTP alone to ask"],
)
def test_automatic__whoever_answers_first_is_not_trusted(settings: dict[str, object], asked: list[str]) -> None:
    world, mp = World(WORKGROUP), Answering(SiteDescription(ABC, build=9106))
    world.shows_key = True
    report = world.assigner(ask=mp, **settings).assign()  # type: ignore[arg-type] # names of settings
    assert mp.asked == asked
    assert report.decision.site == (ABC if asked else None)
    if not asked:
        assert (report.decision.outcome, report.decision.reason.rule) == (AssignmentOutcome.REFUSED, "SA-026")


@pytest.mark.rule("SA-002")
def test_given__no_boundary_is_looked_up() -> None:
    world = in_berlin(XYZ, ABC)
    report = world.assigner(site_code="ABC").assign()
    assert (report.decision.site, report.decision.how) == (ABC, AssignmentHow.GIVEN)
    assert [one.site for one in report.decision.candidates] == [ABC]


@pytest.mark.rule("SA-012")
def test_kept__although_the_client_moved_and_none_of_its_management_points_can_be_reached() -> None:
    world = in_berlin(ABC)
    world.store.save_assignment(StoredAssignment(OLD))
    report = world.assigner().assign()
    assert (report.decision.site, report.decision.how) == (OLD, AssignmentHow.KEPT)
    assert not [line for line in world.asked if line.startswith(("ldap", "GET"))]
    assert World().assigner(setup_line=AUTOMATIC).assign().decision.site is None


@pytest.mark.rule("SA-024")
@pytest.mark.parametrize(
    ("line", "is_upgrade", "site"),
    [
        (f"{AUTOMATIC} SITEREASSIGN=TRUE", True, ABC),
        (f"{AUTOMATIC} SITEREASSIGN=TRUE", False, OLD),
        (AUTOMATIC, True, OLD),
    ],
)
def test_upgrade__reassigns_with_auto_and_sitereassign_alone(line: str, is_upgrade: bool, site: SiteCode) -> None:  # noqa: FBT001
    world = in_berlin(ABC)
    world.store.save_assignment(StoredAssignment(OLD))
    report = world.assigner(setup_line=line).assign(AssignmentOptions(is_upgrade=is_upgrade))
    assert report.decision.site == site


@pytest.mark.rule("NET-013", "NET-004", "NET-012")
def test_forced_internet__with_everything_near__is_not_assigned_automatically() -> None:
    world = in_berlin(ABC)
    report = world.assigner(always_internet=True).assign()
    assert (report.decision.outcome, report.decision.reason.rule) == (AssignmentOutcome.REFUSED, "NET-013")
    assert report.location.label == "Always Internet"
    assert world.asked == []
    assert in_berlin(ABC).assigner().assign().decision.site == ABC


@pytest.mark.rule("CF-023")
def test_metered__nobody_is_asked_and_nothing_reported() -> None:
    world = in_berlin(ABC)
    report = world.assigner(metered_network=True).assign()
    assert (report.decision.reason.rule, report.decision.states) == ("CF-023", ())
    assert not [line for line in world.asked if line.startswith(("ldap", "GET"))]
    assert in_berlin(ABC).assigner(metered_network=True, metered="allow").assign().decision.site == ABC
    assert in_berlin(ABC).assigner(metered_network=False).assign().decision.site == ABC


@pytest.mark.rule("SA-026")
@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (f"{AUTOMATIC} SITEREASSIGN=TRUE", ["https://mp1.corp.test"]),
        (f"{AUTOMATIC} SITEREASSIGN=TRUE {KEY}", ["https://mp1.corp.test", "http://mp1.corp.test"]),
    ],
)
def test_automatic__where_certificates_alone_make_it_safe__http_is_not_gone_down_to(
    line: str, asked: list[str]
) -> None:
    world, mp = World(WORKGROUP), Answering()
    world.shows_key = True
    world.store.save_assignment(StoredAssignment(OLD))
    both = MP1._replace(site_code=OLD, protocols=Protocols.BOTH)
    world.store.replace_mp_list([Candidate(both, (Origin(SourceKind.STORED_LIST, "before"),))])

    def refuse(
        endpoint: Endpoint, facts: NetworkFacts, deadline: Deadline, *, cancellation: Cancellation | None = None
    ) -> SiteDescriptions:
        mp(endpoint, facts, deadline)
        raise ConnectError("refused")

    world.assigner(ask=refuse, https=True, setup_line=line).assign(AssignmentOptions(is_upgrade=True))
    assert mp.asked == asked


# --- versions ----------------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-016", "CF-021")
def test_version__from_the_directory_else_from_a_management_point_of_the_site() -> None:
    by_directory = in_berlin(ABC).assigner(site_code="ABC").assign(AssignmentOptions(client_build=9106))
    assert by_directory.decision.compatibility is not None
    assert by_directory.decision.compatibility.source is SiteSource.DIRECTORY
    world = World(WORKGROUP)
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1], {"ABC": [MP1]})
    by_mp = world.assigner(site_code="ABC").assign(AssignmentOptions(client_build=9106))
    assert by_mp.decision.compatibility is not None
    assert (by_mp.decision.site, by_mp.decision.compatibility.source) == (ABC, SiteSource.MANAGEMENT_POINT)
    assert asked_http(world) == ["GET http://mp1.corp.test/SMS_MP/.sms_aut?MPLIST1&ABC"]
    said = [by_directory.decision.settings_from, by_mp.decision.settings_from]
    assert ["directory" in one.text for one in said if one] == [True, False]


@pytest.mark.rule("SA-017", "SA-016")
def test_version__that_nobody_tells__leaves_the_client_unmanaged_until_it_is_told() -> None:
    world = World(WORKGROUP)
    report = world.assigner(site_code="ABC").assign()
    assert (report.decision.site, report.decision.outcome) == (None, AssignmentOutcome.NOT_ASKED)
    assert [state.id for state in report.decision.states] == [500, 608]
    world.records[SRV] = [SrvRecord(MP1.host, 80)]
    world.serve(MP1, [MP1], {"ABC": [MP1]})
    assert world.assigner(site_code="ABC").assign().decision.site == ABC


@pytest.mark.rule("SA-019")
@pytest.mark.parametrize(("client", "assigned"), [(9106, True), (9107, False)])
def test_version__of_a_newer_client__by_the_directory_and_by_a_management_point(client: int, assigned: bool) -> None:  # noqa: FBT001
    options = AssignmentOptions(client_build=client)
    dns = World(WORKGROUP)
    dns.records[SRV] = [SrvRecord(MP1.host, 80)]
    dns.serve(MP1, [MP1], {"ABC": [MP1]})
    for world in (in_berlin(ABC), dns):
        report = world.assigner(site_code="ABC").assign(options)
        assert (report.decision.site == ABC) is assigned
        assert report.decision.states[-1].id == (700 if assigned else 607)


@pytest.mark.rule("SA-018")
def test_version__is_not_asked_for_with_an_internet_management_point() -> None:
    world = World(WORKGROUP)
    report = world.assigner(site_code="ABC", internet_mp=CMG).assign()
    assert report.decision.site == ABC
    assert report.decision.compatibility is not None
    assert report.decision.compatibility.verdict is CompatibilityVerdict.SKIPPED
    assert asked_http(world) == []


@pytest.mark.rule("SA-014")
def test_site_that_does_not_exist__by_a_management_point_that_serves_the_hierarchy() -> None:
    world = World(WORKGROUP)
    world.serve(MP1, [MP1], {"XYZ": [MP1]})
    world.answers["http://mp1.corp.test/SMS_MP/.sms_aut?MPLIST1&ABC"] = 500
    said = world.assigner(site_code="ABC", management_points="mp1.corp.test").assign()
    assert (said.decision.reason.rule, said.decision.states[-1].id) == ("SA-014", 602)
    del world.answers["http://mp1.corp.test/SMS_MP/.sms_aut?MPLIST"]
    broken = world.assigner(site_code="ABC", management_points="mp1.corp.test").assign()
    assert broken.decision.states[-1].id == 608, "one that gives no list at all has no say"
    exists = in_berlin(ABC).assigner(site_code="ABC").assign()
    assert exists.decision.states[-1].id == 700


@pytest.mark.rule("SA-014", "SA-016")
@pytest.mark.parametrize("published", [(XYZ,), (ABC,), ()], ids=["others", "this one, without a version", "nothing"])
def test_site_that_nobody_denies__may_exist_and_is_asked_for_again(published: tuple[SiteCode, ...]) -> None:
    world = World()
    publish(world, sites=[PublishedSite(code) for code in published])
    report = world.assigner(site_code="ABC").assign()
    assert (report.decision.outcome, report.decision.reason.rule) == (AssignmentOutcome.NOT_ASKED, "SA-016")
    assert report.decision.states[-1].id == 608
    assert report.decision.retry_seconds == 600


@pytest.mark.parametrize(("client", "site", "code"), [(9200, 9106, 607), (9106, 9200, 700)])
def test_what_if__versions_given_by_hand(client: int, site: int, code: int) -> None:
    options = AssignmentOptions(client_build=client, site_build=site)
    report = in_berlin(ABC).assigner().assign(options)
    assert report.decision.states[-1].id == code


# --- trying again ------------------------------------------------------------------------------------------------


@pytest.mark.rule("SA-008")
def test_waiting__every_ten_minutes_until_there_is_a_site() -> None:
    world = in_berlin(ABC)
    world.in_site("Paris")
    waited: list[float] = []
    told: list[AssignmentReport] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 5:
            world.in_site("Berlin")

    report = world.assigner().assign_until_done(pause=pause, told=told.append)
    assert (report.decision.site, waited, len(told)) == (ABC, [600.0] * 5, 5)
    assert {one.decision.outcome for one in told} == {AssignmentOutcome.NOT_FOUND}
    assert told[0].retry_at > told[0].time


def test_waiting__not_where_a_rule_forbids_it() -> None:
    def pause(seconds: float) -> None:
        raise AssertionError(seconds)

    told: list[AssignmentReport] = []
    report = in_berlin(ABC).assigner(always_internet=True).assign_until_done(pause=pause, told=told.append)
    assert told == []
    assert (report.decision.outcome, report.retry_at) == (AssignmentOutcome.REFUSED, "")


@pytest.mark.rule("SA-010")
def test_waiting__draws_another_address_sooner_or_later() -> None:
    addresses = (parse_address("10.1.2.3/24"), parse_address("10.7.7.7/24"))
    group = BoundaryGroup("A", "A", boundaries=("desks",), assigned_site=ABC)
    data = SiteData((Boundary("desks", BoundaryKind.IP_RANGE, "10.1.2.1-10.1.2.9"),), (group,))
    world = World(JOINED._replace(adapters=(Adapter("eth0", addresses=addresses),)))
    drawn = [world.assigner().assign(AssignmentOptions(data=data), attempt=n).decision for n in range(20)]
    assert {(one.address, one.site) for one in drawn} == {("10.1.2.3", ABC), ("10.7.7.7", None)}


# --- boundary data -----------------------------------------------------------------------------------------------

DESKS = Boundary("desks", BoundaryKind.IP_SUBNET, "10.1.2.0")
GROUP = BoundaryGroup("A", "A", boundaries=("desks",), assigned_site=ABC)


@pytest.mark.rule("SA-006", "SA-007")
def test_data__decides_alone_and_nobody_is_asked() -> None:
    data = SiteData((DESKS,), (GROUP,), fallback_site=XYZ)
    world = in_berlin(OLD)
    report = world.assigner().assign(AssignmentOptions(data=data))
    assert (report.decision.site, world.asked) == (ABC, [])
    elsewhere = data._replace(boundaries=(DESKS._replace(value="10.9.9.0"),))
    fallen = in_berlin(OLD).assigner().assign(AssignmentOptions(data=elsewhere))
    assert (fallen.decision.site, fallen.decision.how) == (XYZ, AssignmentHow.FALLBACK)


@pytest.mark.rule("BD-003")
@pytest.mark.parametrize(
    ("address", "site", "noted"),
    [("10.1.2.9/24", ABC, False), ("10.1.2.9", None, True), ("10.1.4.9", None, False), ("10.1.2.9/25", ABC, False)],
)
def test_address_without_a_prefix__may_be_in_a_subnet_and_that_is_said(
    address: str,
    site: SiteCode | None,
    noted: bool,  # noqa: FBT001
) -> None:
    facts = JOINED._replace(adapters=(Adapter("eth0", addresses=(parse_address(address),)),))
    by_data = World(facts).assigner().assign(AssignmentOptions(data=SiteData((DESKS,), (GROUP,))))
    world = World(facts)
    publish(world, MP1, sites=[PublishedSite(ABC, boundaries=("10.1.2.0",))])
    by_directory = world.assigner().assign()
    for report, named in ((by_data, "desks (10.1.2.0) may"), (by_directory, "10.1.2.0 may")):
        assert report.decision.site == site
        assert any(f"{address}: given without a prefix" in note and named in note for note in report.notes) is noted
    given = World(facts).assigner(site_code="ABC").assign(AssignmentOptions(data=SiteData((DESKS,), (GROUP,))))
    assert not given.notes, "the site does not depend on it"


@pytest.mark.rule("SA-001", "SA-014", "SA-019")
@pytest.mark.parametrize(
    ("site", "rule"),
    [
        (HierarchySite(ABC, SiteKind.PRIMARY, build=9106), None),
        (HierarchySite(ABC, SiteKind.SECONDARY), "SA-001"),
        (HierarchySite(ABC, SiteKind.CENTRAL), "SA-001"),
        (HierarchySite(XYZ, SiteKind.PRIMARY), "SA-014"),
        (HierarchySite(ABC, SiteKind.PRIMARY, build=9105), "SA-019"),
    ],
)
def test_data__says_what_the_site_is(site: HierarchySite, rule: str | None) -> None:
    options = AssignmentOptions(client_build=9106, data=SiteData((DESKS,), (GROUP,), sites=(site,)))
    for settings in ({}, {"site_code": "ABC"}):
        decision = World().assigner(**settings).assign(options).decision  # type: ignore[arg-type]
        assert decision.site == (None if rule else ABC)
        assert rule is None or decision.reason.rule == rule


# --- what is kept ------------------------------------------------------------------------------------------------


def test_saved__when_asked_for_alone_and_with_what_the_site_published() -> None:
    world = in_berlin(ABC)
    publish(world, MP1._replace(http_port=8080), sites=[PublishedSite(ABC, boundaries=("Berlin",))])
    assigner = world.assigner()
    report = assigner.assign()
    assert world.store.load_assignment() is None
    assigner.save(report)
    assert world.store.load_assignment() == StoredAssignment(ABC, None, (), http_port=8080)
    assert world.locator(offline=False).gather() is not None
    assert world.assigner().assign().decision.how is AssignmentHow.KEPT


def test_saved__of_the_site_kept_before__its_management_point_stays() -> None:
    world = in_berlin(ABC)
    before = StoredAssignment(ABC, MP1.host, (DnsDomain("partner.test"),))
    world.store.save_assignment(before)
    assigner = world.assigner()
    assigner.save(assigner.assign())
    assert world.store.load_assignment() == before
    other = world.assigner(site_code="XYZ", internet_mp=CMG)
    other.save(other.assign())
    assert world.store.load_assignment() == StoredAssignment(XYZ)


def test_nothing_assigned__nothing_saved() -> None:
    world = World()
    assigner = world.assigner()
    assigner.save(assigner.assign())
    assert world.store.load_assignment() is None


def test_store_that_fails__is_noted_and_changes_nothing_else() -> None:
    world = in_berlin(ABC)

    def broken() -> StoredAssignment:
        raise StoreError("it is locked")

    world.store.load_assignment = broken  # type: ignore[method-assign]
    report = world.assigner().assign()
    assert report.decision.site == ABC
    assert report.notes == ("store: it is locked",)


# --- the message itself ------------------------------------------------------------------------------------------


class Talking(World):
    """A world in which a management point answers location messages."""

    def __init__(self, document: str, *, other: bool = False) -> None:
        super().__init__(WORKGROUP)
        self.shows_key = True
        self.document = document
        self.other = other
        self.received = b""

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        if request.method != "CCM_POST":
            return super().send(request, deadline, cancellation)
        self.sent.append(request)
        received = parse_message(request.body, request.headers["Content-Type"])
        self.received = received.document or b""
        asked = MessageId("11111111-1111-1111-1111-111111111111") if self.other else received.header.id
        answer = Message(
            id=MessageId("22222222-2222-2222-2222-222222222222"),
            sent=self.clock.now(),
            source_host="MP1",
            target_host=HostName("pc1"),
            body=self.document,
            reply_mode="Reply",
            correlation=asked,
        )
        return HttpReply(200, build_message(answer), {"content-type": CONTENT_TYPE})


ABC_REPLY = '<AssignedSiteReply SchemaVersion="1.00"><Site SiteCode="ABC" BuildNumber="9106"/></AssignedSiteReply>'


@pytest.mark.rule("SA-005")
@pytest.mark.parametrize(
    ("document", "other", "site", "outcome"),
    [
        pytest.param(ABC_REPLY, False, ABC, AssignmentOutcome.ASSIGNED, id="a site"),
        pytest.param(
            '<AssignedSiteReply SchemaVersion="1.00"/>', False, None, AssignmentOutcome.NOT_FOUND, id="no site"
        ),
        pytest.param("<Nonsense/>", False, None, AssignmentOutcome.NOT_ASKED, id="nonsense"),
        pytest.param(ABC_REPLY, True, None, AssignmentOutcome.NOT_ASKED, id="the answer to another message"),
    ],
)
def test_message__asks_for_the_site_without_any_identity(
    document: str,
    other: bool,  # noqa: FBT001
    site: SiteCode | None,
    outcome: AssignmentOutcome,
) -> None:
    world = Talking(document, other=other)
    report = world.assigner(setup_line=f"SMSMP=mp1.corp.test {KEY}").assign()
    assert (report.decision.site, report.decision.outcome) == (site, outcome)
    key, request = world.sent
    assert key.path == MP_KEY_INFORMATION_PATH
    assert (request.method, request.path) == ("CCM_POST", "/ccm_system/request")
    assert b'Address="10.1.2.3"' in world.received
    assert b"AssignedSiteRequest" in world.received


def test_management_points__that_cannot_be_reached__are_said_with_what_happened() -> None:
    world = World(WORKGROUP)
    report = world.assigner(setup_line=f"SMSMP=mp1.corp.test {KEY}").assign()
    assert report.decision.outcome is AssignmentOutcome.NOT_ASKED
    assert [attempt.code for attempt in report.attempts] == [ConnectError.code]
    assert report.location.reason.rule == "NET-002"


# --- the same rules in locate ------------------------------------------------------------------------------------


@pytest.mark.rule("SA-009")
def test_locate__assigns_by_the_same_rules() -> None:
    for seed in range(8):
        assigned = in_berlin(ABC, XYZ).assigner(seed=seed).assign().decision
        with pytest.raises(LocateError) as caught:
            in_berlin(ABC, XYZ).locator(seed=seed).locate()
        assert caught.value.location.decision.policy.assigned_site == assigned.site


@pytest.mark.rule("SA-019", "SA-015")
def test_locate__of_a_client_that_is_newer_than_its_site__has_none() -> None:
    world = in_berlin(ABC)
    with pytest.raises(LocateError) as caught:
        world.locator(client_build=9107).locate()
    assert caught.value.location.decision.policy.assigned_site is None
    assert "newer" in caught.value.location.notes[-1]


@pytest.mark.rule("SA-037")
@pytest.mark.parametrize(("facts", "visits"), [(JOINED, (ABC,)), (WORKGROUP, ())])
def test_roaming__a_workgroup_client_does_not_know_what_it_visits(
    facts: NetworkFacts, visits: tuple[SiteCode, ...]
) -> None:
    world = in_berlin(ABC)
    world.facts = facts
    with pytest.raises(LocateError) as caught:
        world.locator(site_code="OLD", purpose="location").locate()
    assert caught.value.location.decision.policy.local_sites == visits


@pytest.mark.rule("NET-012")
@pytest.mark.parametrize(
    ("location", "local"), [(NetworkLocation.INTRANET, (ABC,)), (NetworkLocation.INTERNET, ())], ids=str
)
def test_boundaries__have_no_say_on_the_internet(location: NetworkLocation, local: tuple[SiteCode, ...]) -> None:
    standing = find_standing(
        Clues(
            config(site_code="OLD"),
            JOINED._replace(network_location=location, ad_site=AdSiteName("Berlin")),
            SeededChooser(1),
            published=Published((PublishedSite(ABC, boundaries=("Berlin",)),)),
        )
    )
    assert standing.policy.local_sites == local


# --- intranet and internet in locate -----------------------------------------------------------------------------

LIST2 = b'<MPList><MP Name="CMG" FQDN="cmg.example.test"><Version>9106</Version>%s</MP></MPList>'
STATE = b'<Capabilities SchemaVersion="1.0"><Property Name="SSLState" Value="63"/></Capabilities>'


def outside(world: World) -> World:
    """No domain controller answers, and a management point on the internet does."""
    world.controller = None
    for query in ("MPLIST2", "MPLIST2&ABC"):
        world.answers[f"https://cmg.example.test/SMS_MP/.sms_aut?{query}"] = LIST2 % STATE
    return world


@pytest.mark.rule("NET-006", "NET-002", "NET-008")
def test_dual_client__the_intranet_first_and_only_then_the_internet() -> None:
    world = outside(World())
    location = world.locator(
        https=True, site_code="ABC", management_points="secure.corp.test", internet_mp=CMG
    ).locate()
    assert location.management_point.host == CMG
    assert location.facts.network_location is NetworkLocation.INTERNET
    hosts = [url.split("/")[2] for url in world.contacted()]
    assert hosts.index("secure.corp.test") < hosts.index(CMG)
    assert any(note.startswith("network location internet: neither a domain") for note in location.notes)
    assert any("only the internet management point" in note for note in location.notes)


@pytest.mark.rule("NET-006", "NET-007")
def test_dual_client__that_reaches_the_intranet__is_an_intranet_client_and_asks_no_other() -> None:
    world = outside(World())
    world.serve(SECURE, [SECURE], {"ABC": [SECURE]})
    location = world.locator(
        https=True, site_code="ABC", management_points="secure.corp.test", internet_mp=CMG
    ).locate()
    assert location.management_point.host == SECURE.host
    assert location.facts.network_location is NetworkLocation.INTRANET
    assert CMG not in {url.split("/")[2] for url in world.contacted()}
    assert any("full intranet client" in note for note in location.notes)


@pytest.mark.rule("NET-001")
def test_dual_client__whose_domain_controller_answers__is_on_the_intranet_and_asks_no_internet_one() -> None:
    world = outside(World())
    world.controller = World().controller
    with pytest.raises(LocateError):
        world.locator(https=True, site_code="ABC", internet_mp=CMG).locate()
    assert world.contacted() == []


@pytest.mark.rule("NET-002")
def test_nobody_answers_and_no_internet_one_is_known__it_is_said_and_who_was_tried_stays_judged_so() -> None:
    world = World(WORKGROUP)
    with pytest.raises(NoReachableManagementPointError) as caught:
        world.locator(site_code="ABC", management_points="mp1.corp.test").locate()
    assert any(note.startswith("network location internet: neither a domain") for note in caught.value.location.notes)
    assert [one.name for one in caught.value.location.decision.ranked] == [MP1.host]


@pytest.mark.rule("NET-005")
def test_dual_client__switches_with_the_network_from_one_run_to_the_next() -> None:
    settings = {"https": True, "site_code": "ABC", "management_points": "secure.corp.test", "internet_mp": CMG}
    world = outside(World())
    seen = []
    for is_inside in (False, True, False):
        world.answers = {url: answer for url, answer in world.answers.items() if CMG in url}
        if is_inside:
            world.serve(SECURE, [SECURE], {"ABC": [SECURE]})
        seen.append(world.locator(**settings).locate().facts.network_location)  # type: ignore[arg-type]
    assert seen == [NetworkLocation.INTERNET, NetworkLocation.INTRANET, NetworkLocation.INTERNET]


@pytest.mark.rule("NET-018")
def test_internet_capable__from_the_list_that_it_kept_on() -> None:
    world = outside(World())
    kept = ManagementPoint(CMG, ABC, protocols=Protocols.HTTPS, audience=Audience.INTERNET)
    with pytest.raises(LocateError):
        world.locator(https=True, site_code="ABC").locate()
    assert not [url for url in world.contacted() if CMG in url], "it does not know one yet"
    world.locator(https=True, site_code="ABC", network_location="internet", internet_mp=CMG).locate()
    assert kept.host in {one.mp.host for one in world.store.load_mp_list()}
    assert world.locator(https=True, site_code="ABC").locate().management_point.host == CMG


@pytest.mark.rule("NET-003")
def test_forced_internet__never_connects_to_the_intranet() -> None:
    world = outside(World())
    world.serve(SECURE, [SECURE], {"ABC": [SECURE]})
    settings = {"site_code": "ABC", "management_points": "secure.corp.test", "internet_mp": CMG}
    world.locator(https=True, always_internet=True, **settings).locate()  # type: ignore[arg-type]
    assert {line.split("/")[2] for line in world.asked} == {CMG}
    world.asked.clear()
    world.locator(https=True, **settings).locate()  # type: ignore[arg-type]
    assert not {line.split("/")[2] for line in world.asked if line.startswith("GET")} <= {CMG}


@pytest.mark.rule("NET-019")
@pytest.mark.parametrize(
    ("installed", "wanted", "always"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_installed_for_the_internet__is_not_turned_back_by_a_setting(
    installed: bool,  # noqa: FBT001
    wanted: bool,  # noqa: FBT001
    always: bool,  # noqa: FBT001
) -> None:
    world = World(JOINED._replace(always_internet=installed))
    report = world.assigner(site_code="ABC", always_internet=wanted, internet_mp=CMG).assign()
    assert report.facts.always_internet is always
    assert ("NET-019" in [reason.rule for reason in report.location.reasons]) is (installed and not wanted)


@pytest.mark.rule("NET-020")
@pytest.mark.parametrize(("text", "host"), [("", None), ("other.example.test", "other.example.test")])
def test_internet_management_point__is_changed_or_cleared_by_a_setting(text: str, host: str | None) -> None:
    world = World()
    with pytest.raises(LocateError) as caught:
        world.locator(site_code="ABC", setup_line=f"CCMHOSTNAME={CMG} SMSSITECODE=ABC", internet_mp=text).locate()
    named = {one.mp.host for one in caught.value.location.decision.candidates}
    assert named == ({host} if host else set())


@pytest.mark.rule("CF-003")
def test_azure_ad_alone__is_asked_nothing_of_a_domain() -> None:
    world = in_berlin(ABC)
    world.facts = JOINED._replace(membership=Membership.AZURE_AD)
    report = world.assigner().assign()
    assert not [line for line in world.asked if line.startswith(("ldap", "ping"))]
    assert report.decision.answers[0].reason.rule == "SA-005"


@pytest.mark.rule("CF-023", "CF-025")
@pytest.mark.parametrize(
    ("settings", "contacts"),
    [
        ({}, True),
        ({"metered_network": False}, True),
        ({"metered_network": True}, False),
        ({"metered_network": True, "metered": "limit"}, True),
        ({"metered_network": True, "metered": "limit", "purpose": "location"}, False),
        ({"metered_network": True, "metered": "allow"}, True),
        ({"metered_network": True, "metered": "allow", "roaming_network": True}, False),
    ],
)
def test_metered__locate_asks_nobody_of_the_site_where_it_is_barred(
    settings: dict[str, object],
    contacts: bool,  # noqa: FBT001
) -> None:
    world = World()
    publish(world, MP1)
    world.serve(MP1, [MP1], {"ABC": [MP1]})
    locator = world.locator(site_code="ABC", **settings)  # type: ignore[arg-type] # names of settings
    if contacts:
        assert locator.locate().management_point.host == MP1.host
        return
    with pytest.raises(LocateError, match="metered"):
        locator.locate()
    assert not [line for line in world.asked if line.startswith(("ldap", "GET"))]


@pytest.mark.rule("CF-020")
def test_site_settings__are_learned_and_read_again_each_time() -> None:
    world = World()
    for port in (8080, 8081):
        publish(world, MP1._replace(http_port=port))
        for query, own in (("MPLIST", False), ("MPLIST1&ABC", True)):
            world.answers[f"http://mp1.corp.test:{port}/SMS_MP/.sms_aut?{query}"] = build_mp_list(
                [MP1], with_site_code=own
            )
        world.store.replace_mp_list(())
        world.locator(site_code="ABC").locate()
        kept = world.store.load_assignment()
        assert kept is not None
        assert kept.http_port == port


def test_stored_list__is_what_a_client_that_is_reassigned_may_ask() -> None:
    world, mp = World(WORKGROUP), Answering(SiteDescription(XYZ, build=9106))
    world.shows_key = True
    world.store.save_assignment(StoredAssignment(OLD))
    listed = MP1._replace(site_code=OLD)
    world.store.replace_mp_list([Candidate(listed, (Origin(SourceKind.STORED_LIST, "before"),))])
    line = f"{AUTOMATIC} SITEREASSIGN=TRUE {KEY}"
    report = world.assigner(ask=mp, setup_line=line).assign(AssignmentOptions(is_upgrade=True))
    assert (report.decision.site, mp.asked) == (XYZ, ["http://mp1.corp.test"])


@pytest.mark.rule("TR-057")
@pytest.mark.parametrize("shown", [ROOT_KEY, OTHER_KEY])
def test_key_given__one_that_shows_another_is_not_asked_for_the_site(shown: TrustedRootKey) -> None:
    world, mp = World(WORKGROUP), Answering(SiteDescription(ABC, build=9106))
    world.answers["http://mp1.corp.test" + MP_KEY_INFORMATION_PATH] = key_information(shown)
    report = world.assigner(ask=mp, setup_line=f"SMSMP=mp1.corp.test {KEY}").assign()
    assert bool(mp.asked) is (shown == ROOT_KEY)
    assert report.decision.site == (ABC if shown == ROOT_KEY else None)
