"""The lab's enrollment proxy point, its names, and management points that lag behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cmclient.assemble import Run, open_role_locator
from cmclient.config import load_config
from cmclient.errors import LabError
from cmclient.lab import Hierarchy, Lab, Role, built_in_description, built_in_text, parse_description
from cmclient.lab.clock import LabClock
from cmclient.lab.ldap_tree import Ports
from cmclient.lab.web_answers import Answers, WebRequest
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.enrollment import DiscoveryRequest
from cmclient.model.names import HostName
from cmclient.model.roles import RoleLocation, RoleOutcome, SiteRole
from cmclient.protocol.enroll import DISCOVERY_PATH, build_discovery_request, parse_discovery_reply

PROXY, MP2 = HostName("enroll1.corp.contoso.test"), HostName("mp2.corp.contoso.test")
REQUEST = DiscoveryRequest("user@corp.contoso.test", "urn:uuid:1")
BARE = {"use_pki_cert": False, "client_certificate": None, "client_key": None}  # not enrolled yet
ASKED = build_discovery_request(REQUEST, Endpoint(Scheme.HTTPS, PROXY, 443))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


def locate(lab: Lab, kind: str, role: SiteRole, folder: Path, **settings: object) -> RoleLocation:
    said = {**lab.settings(), "client_kind": kind, "store": str(folder / "store.sqlite3"), **settings}
    run = Run(facts=lab.client_facts(), data=lab.description.data)
    with open_role_locator(load_config(overrides=said), run) as locator:
        return locator.locate(role)


@pytest.mark.rule("DN-021", "MD-010", "MD-013")
@pytest.mark.parametrize(
    ("kind", "questions"),
    [
        ("mdm", ["GET", "POST", "GET"]),
        ("mobile", ["GET"]),
        ("mac", ["GET"]),
    ],
)
def test_proxy__is_found_on_real_sockets(lab: Lab, kind: str, questions: list[str], tmp_path: Path) -> None:
    lab.journal.clear()
    found = locate(lab, kind, SiteRole.ENROLLMENT_PROXY_POINT, tmp_path, **BARE)
    assert (found.outcome, found.chosen and found.chosen.name) == (RoleOutcome.LOCATED, PROXY)
    seen = [one.what.partition(" ")[0] for one in lab.journal.entries("Discovery.svc")]
    assert seen == questions
    assert bool(lab.journal.entries("CNAME configmgrenroll.corp.contoso.test")) is (kind != "mdm")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("wrong-certificate", "server-certificate"),
        ("redirect", "redirect-refused"),
        ("oversized", "reply-too-large"),
        ("truncated", "connection-lost"),
        ("html", "malformed-reply"),
        ("lying", "malformed-reply"),
        ("http-500", "http-status"),
    ],
)
def test_discovery__a_server_that_is_out_of_order_is_not_believed(
    lab: Lab, fault: str, code: str, tmp_path: Path
) -> None:
    lab.set_fault("enrollment", None, fault)
    try:
        found = locate(lab, "mdm", SiteRole.ENROLLMENT_PROXY_POINT, tmp_path)
    finally:
        lab.set_fault("enrollment", None, None)
    assert found.sources[1].code == code
    assert not any(one.origins[0].value == "discovery" for one in found.decision.ranked)


def answers(*, lag: int = 0, age: float = 0.0) -> Answers:
    described = built_in_description()
    systems = tuple(one._replace(replica_lag=lag) if one.host == MP2 else one for one in described.systems)
    described = described._replace(systems=systems)
    return Answers(described, Hierarchy(described), lambda: Ports(80, 443), LabClock(0.1), age=lambda: age)


def listed(given: Answers, client: str = "127.45.10.42") -> int:
    request = WebRequest("GET", "/SMS_MP/.sms_aut?MPLIST", client, has_certificate=True, tls=True)
    return given.answer(MP2, Role.MP, request, None).status


@pytest.mark.rule("ST-015", "MD-022")
def test_replica__does_not_know_the_client_until_it_is_synchronised() -> None:
    assert listed(answers(lag=300, age=299.0)) == 403
    assert listed(answers(lag=300, age=300.0)) == 200
    assert listed(answers(lag=0, age=0.0)) == 200
    assert listed(answers(lag=300, age=0.0), client="127.45.10.43") == 200  # known for long


@pytest.mark.rule("ST-016", "MD-022")
def test_replica__just_enrolled__is_too_early_and_no_failure(tmp_path: Path) -> None:
    described = parse_description(built_in_text().replace("# replica_lag = 300", "replica_lag = 300"))
    with Lab(described) as lagging:
        early = locate(lagging, "mdm", SiteRole.DEVICE_MANAGEMENT_POINT, tmp_path)
        long_ago = "2020-01-01T00:00:00+00:00"
        late = locate(lagging, "mdm", SiteRole.DEVICE_MANAGEMENT_POINT, tmp_path, enrolled_at=long_ago)
    assert (early.outcome, late.outcome) == (RoleOutcome.TRY_AGAIN, RoleOutcome.TRUST_REFUSED)
    assert early.attempts[0].status == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", DISCOVERY_PATH, b"", 200),
        ("POST", DISCOVERY_PATH.upper(), ASKED, 200),
        ("POST", DISCOVERY_PATH, b"<nonsense/>", 400),
        ("PUT", DISCOVERY_PATH, b"", 405),
        ("POST", "/EnrollmentServer/DeviceEnrollmentWebService.svc", ASKED, 404),
    ],
)
def test_proxy__answers_discovery_without_a_client_certificate_and_nothing_else(
    method: str, path: str, body: bytes, status: int
) -> None:
    reply = answers().answer(PROXY, Role.ENROLLMENT, WebRequest(method, path, "127.45.10.42", body, tls=True), None)
    assert reply.status == status
    if body and status == 200:
        assert parse_discovery_reply(reply.body, message_id=REQUEST.message_id).service.host == PROXY


def test_proxy__over_plain_http_is_refused_in_the_description() -> None:
    table = "[enrollment_proxy_point]\n"
    with pytest.raises(LabError) as caught:
        parse_description(built_in_text().replace(table, f'{table}protocols = "http"\n'))
    assert "HTTPS alone" in str(caught.value)
