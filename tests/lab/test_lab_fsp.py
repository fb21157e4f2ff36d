"""The fallback status point of the lab: what it takes, what it refuses, and its throttle."""

from datetime import UTC, datetime
from http.client import HTTPConnection

import pytest

from cmclient.errors import LabError
from cmclient.lab import Lab, Role, built_in_description, built_in_text, parse_description
from cmclient.lab.description import ReportThrottle
from cmclient.lab.fsp import StatusPoint
from cmclient.lab.ldap_tree import Ports, build_tree
from cmclient.lab.site import Hierarchy
from cmclient.model.names import HostName, MacAddress, SiteCode
from cmclient.model.state import ClientIdentity, ClientVersion, Parameter, StateMessage, StateReport, TopicId
from cmclient.protocol.directory import read_fallback_status_points
from cmclient.protocol.statexml import ReportStyle, build_report

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOPIC = TopicId("{0D94311F-CB7B-4E73-94B1-75878081111C}")
PC1 = ClientIdentity(
    HostName("pc1.corp.test"),
    ClientVersion("5.00.9141.1000"),
    mac=MacAddress("00:15:5D:00:00:0A"),
    site=SiteCode("P01"),
)


def report(topic: int = 800, state: int = 308, identity: ClientIdentity = PC1) -> bytes:
    message = StateMessage(topic, state, TOPIC, NOON, (Parameter("http://mp1/x"),))
    return build_report(StateReport(identity, (message,), NOON), ReportStyle())


@pytest.mark.parametrize(
    ("method", "body", "status", "note"),
    [
        pytest.param(
            "POST",
            report(),
            200,
            "took 800/308 http://mp1/x (download of a file over plain HTTP failed (an address goes with it))"
            " from PC1 (00:15:5D:00:00:0A)",
            id="a report",
        ),
        pytest.param("GET", report(), 405, "refused: GET is no POST", id="another verb"),
        pytest.param("POST", b"", 400, "refused: Report is empty", id="nothing"),
        pytest.param("POST", report()[:-20], 400, "refused: Report is cut off", id="half of one"),
        pytest.param("POST", report(800, 999), 400, "refused: 999 is not a state of topic 800", id="a state"),
        pytest.param("POST", report(500, 2), 400, "refused: 500 is not a topic", id="a topic"),
        pytest.param("POST", report(identity=PC1._replace(site=None)), 400, "refused: it names no site", id="a site"),
    ],
)
def test_report__is_taken_when_it_is_right(method: str, body: bytes, status: int, note: str) -> None:
    taken = StatusPoint().take(method, body, 0.0)
    assert taken.status == status
    assert taken.note.startswith(note)
    assert taken.retry_after == 0.0


@pytest.mark.rule("FS-014")
def test_throttle__is_that_of_the_product_unless_the_description_says_otherwise() -> None:
    assert ReportThrottle() == built_in_description().throttle == ReportThrottle(10_000, 3600.0)
    text = built_in_text().replace("throttle = 10000", "throttle = 3").replace("= 3600 ", "= 60 ")
    assert parse_description(text).throttle == ReportThrottle(3, 60.0)
    with pytest.raises(LabError, match="throttle"):
        parse_description(built_in_text().replace("throttle = 10000", "throttle = 0"))


@pytest.mark.rule("FS-014")
def test_throttle__takes_so_many_in_a_time_and_says_how_long_to_wait() -> None:
    point = StatusPoint(ReportThrottle(2, 60.0))
    taken = [point.take("POST", report(), now) for now in (0.0, 10.0, 10.0, 59.0, 60.0, 69.0, 70.0)]
    assert [one.status for one in taken] == [200, 200, 503, 503, 200, 503, 200]
    assert [one.retry_after for one in taken] == [0.0, 0.0, 50.0, 1.0, 0.0, 1.0, 0.0]


def test_throttle__counts_only_what_is_taken() -> None:
    point = StatusPoint(ReportThrottle(1, 60.0))
    assert [point.take("POST", body, 0.0).status for body in (b"", b"", report(), report())] == [400, 400, 200, 503]


def ask(lab: Lab, method: str, body: bytes) -> tuple[int, str | None]:
    connection = HTTPConnection(lab.description.addresses[HostName("fsp1.corp.contoso.test")], lab.running.web.http)
    try:
        connection.request(method, "/sms_fsp/.SMS_FSP", body)
        reply = connection.getresponse()
        reply.read()
        return reply.status, reply.headers["Retry-After"]
    finally:
        connection.close()


def test_running__keeps_what_it_took_and_the_journal_says_what_that_was() -> None:
    described = built_in_description()._replace(throttle=ReportThrottle(1, 1000.0))
    with Lab(described) as lab:
        assert ask(lab, "POST", b"<Report/>") == (400, None)
        assert ask(lab, "POST", report()) == (200, None)
        status, wait = ask(lab, "POST", report())
        assert status == 503
        assert wait is not None
        assert 990 <= int(wait) <= 1000
        assert lab.reports == (report(),)
        assert [str(state) for state in lab.states] == ["800/308 http://mp1/x"]
        said = [entry.what.partition(" (")[0] for entry in lab.journal.entries(role=Role.FSP)]
    assert said == [
        "POST /sms_fsp/.SMS_FSP",
        "refused: this is no report of states: it has no ReportHeader",
        "POST /sms_fsp/.SMS_FSP",
        "took 800/308 http://mp1/x",
        "POST /sms_fsp/.SMS_FSP",
        f"refused: throttled for {wait} s",
    ]


@pytest.mark.rule("AD-014")
def test_directory__names_the_first_of_several() -> None:
    described = built_in_description()
    first = described.systems_of(Role.FSP)[0]
    second = first._replace(host=HostName("fsp2.corp.contoso.test"))
    for systems, named in (((first, second), first), ((second, first), second)):
        others = tuple(one for one in described.systems if one.role is not Role.FSP)
        several = described._replace(systems=(*others, *systems))
        tree = build_tree(several.forests[0], several, Hierarchy(several), Ports(80, 443))
        entries = [one for one in tree._entries.values() if b"mSSMSManagementPoint" in one.attributes["objectclass"]]
        assert entries
        assert {one.host for one in read_fallback_status_points(entries)} == {named.host}
