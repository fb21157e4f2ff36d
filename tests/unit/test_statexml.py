"""The document of a report: what stands in it, and how strictly it is read."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cmclient.errors import InvalidValueError, MalformedReplyError, UnsafeXmlError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import AdSiteName, HostName, MacAddress, SiteCode
from cmclient.model.state import (
    MODE_READINESS_TOPIC,
    ClientId,
    ClientIdentity,
    ClientVersion,
    Parameter,
    Priority,
    ReportFormat,
    StateMessage,
    StateReport,
    TopicId,
)
from cmclient.protocol.statexml import (
    ReportStyle,
    build_report,
    parse_moment,
    parse_report,
    report_request,
    write_moment,
)

NOON = datetime(2026, 11, 21, 12, 0, 1, 234567, tzinfo=UTC)
TOPIC = TopicId("{0D94311F-CB7B-4E73-94B1-75878081111C}")
NEW = ClientIdentity(
    HostName("pc042.corp.test"),
    ClientVersion("5.00.9141.1000"),
    mac=MacAddress("00:15:5D:00:00:0A"),
    ad_site=AdSiteName("Head <& quarters]]>"),
    site=SiteCode("P01"),
)
KNOWN = ClientIdentity(
    HostName("pc042"),
    ClientVersion("5.00.9141.1000"),
    client_id=ClientId("GUID:6D2BBE8C-4D60-4B9D-9CC8-DCA2B4A0F6A1"),
    site=SiteCode("P01"),
)
FAILED = StateMessage(800, 308, TOPIC, NOON, (Parameter("http://mp1/x & <y>"),), Priority.HIGH)
BITS_MISSING = StateMessage(800, 321, TOPIC, NOON, (), Priority.HIGH)
STYLE = ReportStyle()


def report(identity: ClientIdentity = NEW, *messages: StateMessage) -> StateReport:
    return StateReport(identity, messages or (FAILED,), NOON)


def built(identity: ClientIdentity = NEW, *messages: StateMessage, style: ReportStyle = STYLE) -> ET.Element:
    return ET.fromstring(build_report(report(identity, *messages), style).decode("utf-16"))


def text(root: ET.Element, path: str) -> str | None:
    found = root.find(path)
    return None if found is None else found.text


# --- writing --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("FS-053")
def test_header__says_who_and_what() -> None:
    root = built()
    machine, details = "ReportHeader/Identification/Machine", "ReportHeader/ReportDetails"
    assert [child.tag for child in root] == ["ReportHeader", "ReportBody"]
    assert [child.tag for child in root[0]] == ["Identification", "ReportDetails"]
    assert text(root, f"{details}/ReportContent") == "State Message Data"
    assert text(root, f"{details}/ReportType") == "Full"
    assert text(root, f"{details}/Date") == "20261121120001.234567+000"
    assert text(root, f"{details}/Version") == "1.0"
    assert text(root, f"{details}/Format") == "1.0"
    assert text(root, f"{machine}/ClientType") == "1"
    assert text(root, f"{machine}/ClientVersion") == "5.00.9141.1000"
    assert text(root, f"{machine}/NetBIOSName") == "PC042"
    assert text(root, f"{machine}/Priority") == "1"


@pytest.mark.rule("FS-053")
def test_document__is_utf_16_without_a_declaration_unless_that_is_set() -> None:
    plain = build_report(report(), STYLE)
    assert plain.startswith((b"\xff\xfe<\0R\0", b"\xfe\xff\0<\0R"))
    declared = build_report(report(), STYLE._replace(has_declaration=True)).decode("utf-16")
    assert declared == '<?xml version="1.0" encoding="UTF-16"?>' + plain.decode("utf-16")
    assert parse_report(declared.encode("utf-16")) == parse_report(plain)


@pytest.mark.rule("FS-054", "FS-052")
def test_message__has_its_parts_and_no_serial_number() -> None:
    (message,) = built().findall("ReportBody/StateMessage")
    assert message.attrib == {"MessageTime": "20261121120001.234567+000"}
    assert [child.tag for child in message] == ["Topic", "State", "StateDetails", "UserParameters", "Site"]
    topic, state, _, parameters, site = message
    assert topic.attrib == {"ID": str(TOPIC), "Type": "800", "IDType": "0", "User": "", "UserSID": ""}
    assert state.attrib == {"ID": "308", "Criticality": "0"}
    assert parameters.attrib == {"Flags": "0", "Count": "1"}
    assert [one.text for one in parameters] == ["http://mp1/x & <y>"]
    assert site.attrib == {"Code": "P01"}


@pytest.mark.parametrize(
    ("identity", "installed", "client_id", "details"),
    [
        pytest.param(KNOWN, "1", ("1", "GUID:6D2BBE8C-4D60-4B9D-9CC8-DCA2B4A0F6A1"), "0", id="with an id"),
        pytest.param(NEW, "0", ("2", "00:15:5D:00:00:0A"), "1", id="by MAC address"),
        pytest.param(NEW._replace(mac=None), "0", None, "1", id="with neither"),
        pytest.param(KNOWN._replace(client_id=None, host=None), "0", None, "0", id="without anything"),
    ],
)
def test_identity__is_the_id_else_the_mac_address(
    identity: ClientIdentity, installed: str, client_id: tuple[str, str] | None, details: str
) -> None:
    root = built(identity)
    machine = root.find("ReportHeader/Identification/Machine")
    assert machine is not None
    found = machine.find("ClientID")
    assert text(machine, "ClientInstalled") == installed
    assert (found if found is None else (found.get("IDType"), found.text)) == client_id
    state_details = root.find("ReportBody/StateMessage/StateDetails")
    assert state_details is not None
    assert state_details.get("Type") == details


def test_details__of_a_client_without_an_id_say_where_it_is_from() -> None:
    details = text(built(), "ReportBody/StateMessage/StateDetails")
    parts = ET.fromstring(f"<x>{details}</x>")
    assert {one.tag: one.text for one in parts} == {
        "ADSiteName": "Head <& quarters]]>",
        "FQDN": "pc042.corp.test",
        "MacAddress": "00:15:5D:00:00:0A",
    }


def test_readiness__has_the_topic_id_that_is_known() -> None:
    message = StateMessage(1100, 2, TopicId(MODE_READINESS_TOPIC), NOON, (Parameter("0"), Parameter("PC042")))
    topic = built(NEW, message).find("ReportBody/StateMessage/Topic")
    assert topic is not None
    assert (topic.get("ID"), topic.get("IDType"), topic.get("Type")) == (MODE_READINESS_TOPIC, "7", "1100")


@pytest.mark.parametrize(
    ("topic", "state", "texts"), [(800, 308, ["5.00.9141.1000", "http://mp1"]), (1000, 2, ["http://mp1"])]
)
def test_version__comes_first_of_the_parameters_of_a_deployment_where_that_is_set(
    topic: int, state: int, texts: list[str]
) -> None:
    message = StateMessage(topic, state, TOPIC, NOON, (Parameter("http://mp1"),))
    parameters = built(NEW, message, style=STYLE._replace(version_first=True)).find(".//UserParameters")
    assert parameters is not None
    assert [one.text for one in parameters] == texts
    assert parameters.get("Count") == str(len(texts))


@pytest.mark.rule("FS-005", "FS-058")
def test_request__is_a_post_to_the_one_path_with_nothing_that_proves_who_asks() -> None:
    endpoint = Endpoint(Scheme.HTTP, HostName("fsp1.corp.test"), 80)
    request = report_request(endpoint, report(), STYLE._replace(content_type="text/xml"), connect_timeout=3.0)
    assert (request.method, request.endpoint.url(request.path)) == ("POST", "http://fsp1.corp.test/SMS_FSP/.sms_fsp")
    assert request.headers == {"Content-Type": "text/xml"}
    assert request.body == build_report(report(), STYLE)
    assert (request.connect_timeout, request.read_cap) == (3.0, 64 * 1024)
    assert report_request(endpoint, report(), STYLE).headers == {"Content-Type": "text/plain; charset=UTF-16"}


@pytest.mark.parametrize(
    ("time", "written"),
    [
        (NOON, "20261121120001.234567+000"),
        (NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), "20261121120001.234567+000"),
        (datetime(1970, 1, 1, tzinfo=UTC), "19700101000000.000000+000"),
    ],
)
def test_time__is_written_in_utc(time: datetime, written: str) -> None:
    assert write_moment(time) == written
    assert parse_moment(written) == time


@pytest.mark.parametrize("raw", ["20261121120001", "20261121120001.234567+060", "20261321120001.234567+000", "now", ""])
def test_time__of_another_form_is_none(raw: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_moment(raw)


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("FS-053", "FS-054")
@pytest.mark.parametrize(
    "made",
    [
        report(),
        report(KNOWN, BITS_MISSING),
        report(KNOWN._replace(site=None)),
        report(NEW._replace(mac=None, ad_site=None), FAILED, FAILED._replace(state=309)),
        report()._replace(format=ReportFormat("1.1")),
    ],
)
def test_what_is_written__can_be_read(made: StateReport) -> None:
    assert parse_report(build_report(made, STYLE)) == made


def spoiled(old: str, new: str) -> bytes:
    plain = build_report(report(), STYLE).decode("utf-16")
    changed = re.sub(old, new, plain)
    assert changed != plain
    return changed.encode("utf-16")


@pytest.mark.rule("FS-053", "FS-054")
@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(spoiled("State Message Data", "Inventory Data"), "ReportContent", id="content"),
        pytest.param(spoiled("Full", "Delta"), "ReportType", id="type"),
        pytest.param(spoiled("<Format>.*</Format>", ""), "Format", id="no format"),
        pytest.param(spoiled("<Format>1.0", "<Format>one"), "Format", id="format"),
        pytest.param(spoiled("<Date>.", "<Date>x"), "Date", id="date"),
        pytest.param(spoiled("<NetBIOSName>PC042", "<NetBIOSName>PC 042"), "NetBIOSName", id="name"),
        pytest.param(spoiled(">00:15", ">0:15"), "ClientID", id="MAC address"),
        pytest.param(spoiled("<ClientVersion>5", "<ClientVersion>v5"), "ClientVersion", id="version"),
        pytest.param(spoiled("<Priority>1", "<Priority>2"), "Priority", id="priority"),
        pytest.param(spoiled("<StateMessage.*</StateMessage>", ""), "0 states", id="no state"),
        pytest.param(spoiled("(<StateMessage.*</StateMessage>)", r"\1" * 101), "101 states", id="too many states"),
        pytest.param(spoiled('MessageTime="', 'Time="'), "MessageTime", id="no time"),
        pytest.param(spoiled("<Topic [^>]*>", ""), "Topic", id="no topic"),
        pytest.param(spoiled("{0D94311F", "{0D9431"), "ID of Topic", id="topic id"),
        pytest.param(spoiled('Type="800"', 'Type="x"'), "Type of Topic", id="topic type"),
        pytest.param(spoiled('ID="308"', ""), "ID of State", id="no state id"),
        pytest.param(spoiled('Count="1"', 'Count="2"'), "parameters", id="count"),
        pytest.param(spoiled("http://mp1", "http://user:word@mp1"), "parameter", id="a password"),
        pytest.param(spoiled("<Param>", "<Param>" + "x" * 300), "parameter", id="a long parameter"),
        pytest.param(spoiled("<Site [^>]*>", ""), "Site", id="no site"),
        pytest.param(spoiled('Code="P01"', 'Code="P0"'), "Site", id="site"),
        pytest.param(spoiled("Report>", "Rapport>"), "root", id="another document"),
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"<html>", "web page", id="a page"),
    ],
)
def test_report__that_lacks_anything_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(MalformedReplyError, match=says):
        parse_report(data)


def test_report__that_could_do_harm_is_refused() -> None:
    with pytest.raises(UnsafeXmlError):
        parse_report('<!DOCTYPE x [<!ENTITY a "b">]><Report>&a;</Report>'.encode("utf-16"))
    with pytest.raises(UnsafeXmlError):
        parse_report(b"<Report>" + b" " * 300_000)


def read_sample(vectors: Path) -> str:
    whole = (vectors / "samples" / "statemessage-relay-superpeer-damaged.xml.txt").read_text(encoding="utf-8")
    return whole[: whole.index("</Report>") + len("</Report>")]


def test_sample__is_damaged_as_published_and_refused(vectors: Path) -> None:
    with pytest.raises(MalformedReplyError):
        parse_report(read_sample(vectors).encode("utf-16"))


@pytest.mark.rule("FS-053", "FS-054")
def test_sample__mended_is_read_and_every_part_of_it_is_written_again(vectors: Path) -> None:
    """What was lost is put back; what stays is the order and the content of the elements of a real report."""
    details = (
        "<ReportDetails><ReportContent>State Message Data</ReportContent><ReportType>Full</ReportType>"
        "<Date>20200101000000.000000+000</Date><Version>1.0</Version><Format>1.1</Format></ReportDetails>"
    )
    mended = read_sample(vectors)
    for old, new in (
        ("GUID:xxxx", "GUID:6D2BBE8C-4D60-4B9D-9CC8-DCA2B4A0F6A1"),
        ("</ReportDetails>", details),
        ("<ReportBody>", '<ReportBody><StateMessage MessageTime="20200101000000.000000+000">'),
        ("Super Peer is now active", "{0D94311F-CB7B-4E73-94B1-75878081111C}"),
        ("</StateMessage>", '<Site Code="P01"/></StateMessage>'),
    ):
        assert mended.count(old) == 1
        mended = mended.replace(old, new)
    read = parse_report(mended.encode("utf-16"))
    assert read.identity.version == "5.00.9040.1015"
    assert read.identity.host == "testclient"
    assert (read.messages[0].topic, read.messages[0].state, read.messages[0].parameters) == (7201, 2, ("8003",))
    assert read.messages[0].priority is Priority.HIGH
    style = ReportStyle(ReportFormat("1.1"), has_declaration=True)
    again = build_report(read, style)
    assert parse_report(again) == read
    ours, theirs = ET.fromstring(again.decode("utf-16")[39:]), ET.fromstring(mended[39:])
    assert [one.tag for one in ours.iter()] == [one.tag for one in theirs.iter()]


def test_log__of_a_real_setup_names_the_topic_id_as_we_write_it(vectors: Path) -> None:
    log = (vectors / "samples" / "ccmsetup-fsp-2012.log.txt").read_text(encoding="utf-8")
    found = re.search(r"TopicType (\d+) and TopicId (\{.*?\}) has been sent to the FSP", log)
    state = re.search(r"STATEID='(\d+)'", log)
    assert found is not None
    assert state is not None
    topic = built(KNOWN, BITS_MISSING).find("ReportBody/StateMessage/Topic")
    assert topic is not None
    assert (topic.get("Type"), topic.get("ID")) == found.groups()
    assert int(state[1]) == BITS_MISSING.state
