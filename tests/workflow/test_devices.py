"""The way to a device's management point and to the enrollment proxy point: who is asked, what a failure means."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from world import WORKGROUP, Answer, World, config

from cmclient.device_points import DeviceTools, locate_device_point
from cmclient.discover import Sources
from cmclient.errors import (
    CmClientError,
    ConfigError,
    ConnectError,
    HttpStatusError,
    NameServiceTimeoutError,
    NoReachableManagementPointError,
    RedirectRefusedError,
    ServerCertificateError,
)
from cmclient.model.endpoints import Access, Audience, Endpoint, ManagementPoint, Protocols, Scheme, SiteKind
from cmclient.model.enrollment import DiscoveryRequest, EnrollmentServices
from cmclient.model.facts import ClientKind, NetworkLocation
from cmclient.model.groups import HierarchySite, Role, SiteData, SiteServer
from cmclient.model.http import Deadline
from cmclient.model.names import HostName, SiteCode
from cmclient.model.roles import RoleLocation, RoleOrigin, RoleOutcome, SiteRole
from cmclient.mpclient import ManagementPointClient
from cmclient.ports import Cancellation
from cmclient.protocol.enroll import build_discovery_reply, parse_discovery_request
from cmclient.protocol.mplist import build_mp_list
from cmclient.rules.choose import SeededChooser

ABC = SiteCode("ABC")
MP = HostName("mp1.corp.test")
DEVICE_MP, PROXY_ROLE = SiteRole.DEVICE_MANAGEMENT_POINT, SiteRole.ENROLLMENT_PROXY_POINT
OPEN = Access(Protocols.HTTPS, Audience.BOTH, devices=True)
DATA = SiteData(
    servers=(
        SiteServer(MP, frozenset({Role.MANAGEMENT_POINT}), site=ABC, access=OPEN),
        SiteServer(HostName("mp2.corp.test"), frozenset({Role.MANAGEMENT_POINT}), site=ABC),
        SiteServer(HostName("dp1.corp.test"), frozenset({Role.DISTRIBUTION_POINT}), site=ABC, access=OPEN),
    ),
    sites=(HierarchySite(ABC, SiteKind.PRIMARY),),
)
LIST = build_mp_list([ManagementPoint(MP, protocols=Protocols.HTTPS)])
MPLIST, MPLIST2 = f"https://{MP}/SMS_MP/.sms_aut?MPLIST", f"https://{MP}/SMS_MP/.sms_aut?MPLIST2&ABC"


# --- device management points -----------------------------------------------------------------------------------------


def find_device_mp(world: World, kind: str, *, data: SiteData | None = DATA, **settings: object) -> RoleLocation:
    said = {"client_kind": kind, "enrollment_site": "ABC", **settings}
    return world.role_locator(data=data, **said).locate(DEVICE_MP)


@pytest.mark.parametrize(
    ("kind", "url", "rule"),
    [
        pytest.param("mac", MPLIST2, "MP-029", marks=pytest.mark.rule("MC-001", "MP-029"), id="mac"),
        pytest.param("mobile", MPLIST2, "MP-029", marks=pytest.mark.rule("MD-006", "MP-029"), id="mobile"),
        pytest.param("mdm", MPLIST, "MD-002", marks=pytest.mark.rule("MD-004", "MD-002"), id="mdm"),
    ],
)
def test_device_mp__by_data__is_asked_over_https_as_its_kind_asks(kind: str, url: str, rule: str) -> None:
    world = World(WORKGROUP)
    world.answers[url] = LIST
    location = find_device_mp(world, kind)
    assert (location.chosen and location.chosen.name, location.assigned_site) == (MP, "ABC")
    assert location.chosen is not None
    assert location.chosen.rules[0] == rule
    assert world.contacted() == [url]
    assert (location.outcome, location.answered) == (RoleOutcome.LOCATED, Endpoint(Scheme.HTTPS, MP, 443))


@pytest.mark.rule("MP-029", "MD-003")
def test_device_mp__by_a_given_name__is_that_of_an_https_server() -> None:
    world = World(WORKGROUP)
    world.answers[MPLIST2] = LIST
    location = find_device_mp(world, "mac", data=None, management_points=[str(MP)])
    assert location.outcome is RoleOutcome.LOCATED
    assert world.contacted() == [MPLIST2]
    assert location.sources[0].source is RoleOrigin.SETTINGS


@pytest.mark.rule("MD-003")
def test_device_mp__https_fails__http_is_never_tried() -> None:
    world = World(WORKGROUP)
    both = SiteData(servers=(DATA.servers[0]._replace(access=OPEN._replace(protocols=Protocols.BOTH)),))
    location = find_device_mp(world, "mdm", data=both)
    assert (location.chosen, location.outcome) == (None, RoleOutcome.NOT_REACHABLE)
    assert world.contacted() == [MPLIST]


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (ServerCertificateError("expired"), RoleOutcome.TRUST_REFUSED),
        (HttpStatusError("no", status=403), RoleOutcome.TRUST_REFUSED),
        (HttpStatusError("no", status=500), RoleOutcome.NOT_REACHABLE),
    ],
)
def test_device_mp__refuses_trust_or_is_refused_it__is_not_a_server_that_is_down(
    failure: CmClientError, outcome: RoleOutcome
) -> None:
    world = World(WORKGROUP)
    world.answers[MPLIST] = failure
    alone = SiteData(servers=DATA.servers[:1])
    assert find_device_mp(world, "mdm", data=alone).outcome is outcome


@pytest.mark.rule("MC-005")
def test_device_mp__with_a_replica__is_for_a_mac_rejected_and_for_others_not() -> None:
    replica = SiteData(servers=(DATA.servers[0]._replace(access=OPEN._replace(replica=True)),))
    mac = find_device_mp(World(WORKGROUP), "mac", data=replica)
    assert (mac.outcome, mac.decision.rejected[0].rules) == (RoleOutcome.NOT_ELIGIBLE, ("MC-005",))
    unsaid = SiteData(servers=(DATA.servers[0]._replace(access=OPEN._replace(replica=None)),))
    assert find_device_mp(World(WORKGROUP), "mac", data=unsaid).decision.ranked
    world = World(WORKGROUP)
    world.answers[MPLIST2] = LIST
    assert find_device_mp(world, "mobile", data=replica).outcome is RoleOutcome.LOCATED


@pytest.mark.rule("MD-004")
@pytest.mark.parametrize(("kind", "tried"), [("mdm", False), ("windows", True)])
def test_management_point__of_device_management__is_never_looked_for_on_the_internet(kind: str, tried: bool) -> None:  # noqa: FBT001
    world = World(WORKGROUP)
    locator = world.locator(
        https=True,
        client_kind=kind,
        site_code="ABC",
        management_points=["https://mp1.corp.test"],
        internet_mp="im.test",
    )
    with pytest.raises(NoReachableManagementPointError) as caught:
        locator.locate()
    assert ("https://im.test/SMS_MP/.sms_aut?MPLIST2&ABC" in world.contacted()) is tried
    location = caught.value.location
    assert ("mp1.corp.test" in [one.name for one in location.decision.ranked]) is not tried


@pytest.mark.rule("MD-021")
@pytest.mark.parametrize(("site", "told"), [("ABC", False), ("XYZ", True)])
def test_device_mp__the_profiles_site_must_have_one(site: str, told: bool) -> None:  # noqa: FBT001
    world = World(WORKGROUP)
    world.answers[MPLIST] = LIST
    location = find_device_mp(world, "mdm", enrollment_site=site, site_code="ABC")
    assert location.assigned_site == site
    assert any(note.startswith("MD-021") for note in location.notes) is told
    assert bool(location.decision.ranked) is not told


def test_device_mp__without_a_profile__says_what_is_missing() -> None:
    location = find_device_mp(World(WORKGROUP), "mdm", enrollment_site=None)
    assert any("enrollment_site" in note for note in location.notes)


def test_device_mp__offline__asks_nobody() -> None:
    world = World(WORKGROUP)
    location = world.role_locator(data=DATA, offline=True, client_kind="mac", enrollment_site="ABC").locate(DEVICE_MP)
    assert (location.outcome, world.asked) == (RoleOutcome.LOCATED, [])


@pytest.mark.parametrize("role", [DEVICE_MP, PROXY_ROLE])
@pytest.mark.parametrize("kind", ["windows", "exchange"])
def test_roles_for_devices__are_for_no_other_kind(role: SiteRole, kind: str) -> None:
    world = World(WORKGROUP)
    with pytest.raises(ConfigError) as caught:
        world.role_locator(data=DATA, client_kind=kind).locate(role)
    assert "--client-kind mac" in caught.value.hint
    assert not world.sent


# --- the first minutes -----------------------------------------------------------------------------------------------


class Minutes:
    """A clock that stands still but for waits, and remembers these."""

    def __init__(self, world: World) -> None:
        self._start = world.clock.now()
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=sum(self.waits))

    def monotonic(self) -> float:
        return sum(self.waits)

    def pause(self, seconds: float, cancellation: Cancellation | None) -> None:
        del cancellation
        self.waits.append(seconds)


def enroll_and_locate(
    answers: list[Answer], *, seconds: float | None, age: float = 0.0
) -> tuple[RoleLocation, Minutes]:
    """Locate the management point of a device that was enrolled that many seconds ago."""
    world = World(WORKGROUP)
    minutes = Minutes(world)
    replies = iter(answers)
    world.answers[MPLIST] = lambda: next(replies)
    when = minutes.now() - timedelta(seconds=age)
    settings = config(client_kind="mdm", enrollment_site="ABC", enrolled_at=when.isoformat())
    sources = Sources(settings, directory=world, names=world, store=world.store, clock=minutes)
    client = ManagementPointClient(world, minutes, pause=minutes.pause)
    tools = DeviceTools(
        settings, sources, client, minutes, SeededChooser(1), None, DATA._replace(servers=DATA.servers[:1])
    )
    facts = WORKGROUP._replace(client_kind=ClientKind.MDM, network_location=NetworkLocation.INTRANET)
    return locate_device_point(tools, facts, Deadline.after(seconds, minutes.monotonic)), minutes


@pytest.mark.rule("ST-016", "MD-022")
def test_just_enrolled__refusals_are_waited_out() -> None:
    location, minutes = enroll_and_locate([403, 403, LIST], seconds=None)
    assert (location.outcome, location.wait) == (RoleOutcome.LOCATED, None)
    assert minutes.waits == [150.0, 150.0]
    assert [one.outcome.value for one in location.attempts] == ["failed", "failed", "answered"]


@pytest.mark.rule("ST-016", "MD-022")
def test_just_enrolled__without_the_time_to_wait__it_is_too_early_and_no_failure() -> None:
    location, minutes = enroll_and_locate([403], seconds=30.0)
    assert (location.outcome, location.wait, minutes.waits) == (RoleOutcome.TRY_AGAIN, 150.0, [])
    assert any(note.startswith("MD-022") for note in location.notes)


@pytest.mark.rule("ST-016", "MD-022")
@pytest.mark.parametrize(
    ("answers", "age", "waits"),
    [
        pytest.param([403], 300.0, [], id="five minutes later"),
        pytest.param([403, 403], 290.0, [10.0], id="just before"),
        pytest.param([ConnectError("refused")], 0.0, [], id="nobody there"),
        pytest.param([403, 403, 403], 0.0, [150.0, 150.0], id="never let in"),
    ],
)
def test_enrolled_for_longer__a_refusal_is_a_failure(answers: list[Answer], age: float, waits: list[float]) -> None:
    location, minutes = enroll_and_locate(answers, seconds=None, age=age)
    was_refused = answers[-1] == 403
    failure = RoleOutcome.TRUST_REFUSED if was_refused else RoleOutcome.NOT_REACHABLE
    assert (location.outcome, location.wait, minutes.waits) == (failure, None, waits)


# --- enrollment proxy points ----------------------------------------------------------------------------------------

PROXY = HostName("proxy1.corp.test")
LOOK = f"https://{PROXY}/EnrollmentServer/Discovery.svc"
DISCOVERY = "https://enterpriseenrollment.corp.test/EnrollmentServer/Discovery.svc"
ALIAS = "configmgrenroll.corp.test"
SERVICE = "/ENROLLMENTSERVER/DEVICEENROLLMENTWEBSERVICE.SVC"


class DiscoveryWorld(World):
    """A world whose discovery service answers the question that it was asked."""

    def __init__(self, change: Callable[[bytes], bytes] = lambda body: body) -> None:
        super().__init__(WORKGROUP)
        self.answers[LOOK] = b""
        self.answers[DISCOVERY] = lambda: b"" if self.sent[-1].method == "GET" else change(self._reply())

    def _reply(self) -> bytes:
        request: DiscoveryRequest = parse_discovery_request(self.sent[-1].body)
        service = Endpoint(Scheme.HTTPS, PROXY, 443)
        return build_discovery_reply(EnrollmentServices(service, SERVICE, None, "OnPremise", "3.0"), request)


def find_proxy(world: World, kind: str = "mdm", **settings: object) -> RoleLocation:
    said = {"client_kind": kind, "enrollment_user": "user@corp.test", **settings}
    return world.role_locator(**said).locate(PROXY_ROLE)


def sent(world: World) -> list[str]:
    return [f"{one.method} {one.endpoint.url(one.path)}" for one in world.sent]


@pytest.mark.rule("MD-010")
@pytest.mark.parametrize("kind", ["mac", "mobile", "mdm"])
def test_proxy__by_its_name__is_looked_at_and_nobody_else_is_asked(kind: str) -> None:
    world = World(WORKGROUP)
    world.answers[LOOK] = b""
    location = find_proxy(world, kind, enrollment_proxy=str(PROXY))
    assert (location.outcome, location.answered) == (RoleOutcome.LOCATED, Endpoint(Scheme.HTTPS, PROXY, 443))
    assert world.asked == [f"GET {LOOK}"]


@pytest.mark.rule("DN-021", "MD-013")
@pytest.mark.parametrize("kind", ["mac", "mobile"])
def test_proxy__by_the_alias(kind: str) -> None:
    world = World(WORKGROUP)
    world.aliases[ALIAS], world.answers[LOOK] = PROXY, b""
    location = find_proxy(world, kind)
    assert location.chosen is not None
    assert (location.chosen.name, location.chosen.rules) == (PROXY, ("DN-021",))
    assert world.asked == [f"cname {ALIAS}", f"GET {LOOK}"]


@pytest.mark.rule("MD-010")
def test_proxy__by_discovery__is_asked_as_a_device_asks() -> None:
    world = DiscoveryWorld()
    location = find_proxy(world)
    assert location.chosen is not None
    assert (location.chosen.name, location.chosen.origins) == (PROXY, (RoleOrigin.DISCOVERY,))
    assert sent(world) == [f"GET {DISCOVERY}", f"POST {DISCOVERY}", f"GET {LOOK}"]
    question = world.sent[1]
    assert question.headers["Content-Type"] == "application/soap+xml; charset=utf-8"
    assert parse_discovery_request(question.body).user == "user@corp.test"
    assert {one.endpoint.scheme for one in world.sent} == {Scheme.HTTPS}
    assert {one.read_cap for one in world.sent} == {64 * 1024}


@pytest.mark.rule("MD-013", "DN-021")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body.replace(b"https://proxy1", b"http://proxy1"), id="plain HTTP"),
        pytest.param(lambda body: body.replace(b"/ENROLLMENTSERVER", b"/Elsewhere"), id="another product"),
        pytest.param(lambda _: b"<html></html>", id="a web page"),
        pytest.param(lambda _: b"", id="nothing"),
        pytest.param(lambda body: body.replace(b"urn:uuid:", b"urn:uuid:0"), id="the reply to another request"),
    ],
)
def test_proxy__discovery_is_of_no_use__the_alias_is_next(change: Callable[[bytes], bytes]) -> None:
    world = DiscoveryWorld(change)
    world.aliases[ALIAS] = HostName("proxy2.corp.test")
    world.answers[LOOK.replace("proxy1", "proxy2")] = b""
    location = find_proxy(world)
    assert location.chosen is not None
    assert (location.chosen.name, location.outcome) == ("proxy2.corp.test", RoleOutcome.LOCATED)
    assert not any(str(PROXY) in line for line in sent(world))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RedirectRefusedError("elsewhere", location="https://evil.test/"), "redirect-refused"),
        (ServerCertificateError("not trusted"), "server-certificate"),
        (ConnectError("refused"), "connect"),
    ],
    ids=["redirect", "certificate", "nobody there"],
)
def test_proxy__nobody_names_one__says_what_happened_and_nothing_was_told_to_anybody(
    error: CmClientError, code: str
) -> None:
    world = World(WORKGROUP)
    world.answers[DISCOVERY] = error
    world.aliases[ALIAS] = NameServiceTimeoutError("no answer")
    location = find_proxy(world)
    assert location.outcome is RoleOutcome.NOT_REACHABLE
    assert [(one.source, one.code) for one in location.sources[1:]] == [
        (RoleOrigin.DISCOVERY, code),
        (RoleOrigin.DNS_ALIAS, "dns-timeout"),
    ]
    assert not any(one.body for one in world.sent)


@pytest.mark.parametrize(
    ("of_discovery", "of_proxy", "outcome"),
    [
        (ServerCertificateError("expired"), None, RoleOutcome.TRUST_REFUSED),
        (ServerCertificateError("expired"), ServerCertificateError("expired"), RoleOutcome.TRUST_REFUSED),
        (ConnectError("refused"), ServerCertificateError("expired"), RoleOutcome.NOT_REACHABLE),
        (ServerCertificateError("expired"), ConnectError("refused"), RoleOutcome.NOT_REACHABLE),
    ],
)
def test_proxy__trust_refused_by_all__is_said_as_such(
    of_discovery: CmClientError, of_proxy: CmClientError | None, outcome: RoleOutcome
) -> None:
    world = World(WORKGROUP)
    world.answers[DISCOVERY] = of_discovery
    if of_proxy is not None:
        world.aliases[ALIAS], world.answers[LOOK] = PROXY, of_proxy
    assert find_proxy(world).outcome is outcome


@pytest.mark.rule("MD-010")
def test_proxy__that_does_not_answer__the_next_source_is_asked() -> None:
    world = DiscoveryWorld()
    world.aliases[ALIAS] = HostName("proxy9.corp.test")
    location = find_proxy(world, "mobile")
    assert location.chosen is not None
    assert location.chosen.name == PROXY
    assert [one.name for one in location.decision.ranked] == ["proxy9.corp.test", PROXY]


def test_proxy__without_a_user__only_the_alias_is_asked() -> None:
    world = World(WORKGROUP)
    location = find_proxy(world, enrollment_user=None)
    assert world.asked == [f"cname {ALIAS}"]
    assert "enrollment_user" in location.sources[1].detail
    assert location.outcome is RoleOutcome.NOT_FOUND


def test_proxy__offline__asks_nobody() -> None:
    world = World(WORKGROUP)
    location = world.role_locator(offline=True, client_kind="mdm", enrollment_proxy=str(PROXY)).locate(PROXY_ROLE)
    assert (location.outcome, world.asked) == (RoleOutcome.LOCATED, [])
