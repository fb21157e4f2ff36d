"""The document of a state message report: who sends it, and which states.

The shape is that of the client messaging library, and of reports to a management point as far as those were seen. No
report to a fallback status point is public: what is uncertain is in ``ReportStyle``.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError
from ..model.endpoints import Endpoint
from ..model.http import HttpRequest
from ..model.messages import netbios_name
from ..model.names import AdSiteName, HostName, MacAddress, SiteCode
from ..model.rule import decides
from ..model.state import (
    MODE_READINESS_TOPIC,
    MOST_PARAMETERS,
    ClientId,
    ClientIdentity,
    ClientVersion,
    Parameter,
    Priority,
    ReportFormat,
    StateMessage,
    StateReport,
    TopicId,
    TopicType,
)
from .elements import children, find_attribute, find_child, parse_number
from .markup import element, text_element
from .xmlsafe import XmlLimits, parse_xml

__all__ = [
    "FSP_PATH",
    "ReportStyle",
    "build_report",
    "parse_moment",
    "parse_report",
    "report_request",
    "write_moment",
]

FSP_PATH = "/SMS_FSP/.sms_fsp"

_REPLY_CAP = 64 * 1024  # bytes of an answer: it should be empty, and an error page is smaller
_WHERE = "Report"
_LIMITS = XmlLimits(size=256 * 1024, depth=16, elements=2_000, token=16 * 1024)
_MOST_MESSAGES = 100  # of one report; a client sends a handful
_DECLARATION = '<?xml version="1.0" encoding="UTF-16"?>'
_CONTENT, _TYPE, _VERSION = "State Message Data", "Full", "1.0"
_BY_ID, _BY_MAC = "1", "2"  # IDType of a client id: the site's own, a MAC address
_UNUSED, _FRAMEWORK_STATE = "0", "7"  # IDType of a topic
_NO_DETAILS, _XML_DETAILS = "0", "1"  # Type of details
_MOMENT = re.compile(r"(\d{14})\.(\d{6})([+-])(\d{3})")
_PLAIN = "%Y%m%d%H%M%S"
_T = TypeVar("_T")


class ReportStyle(NamedTuple):
    """What nobody outside the vendor knows about a report to a fallback status point, with the best known default.

    Attributes:
        format: The format that it says that it has: 1.0 in the documentation, 1.1 in the library.
        has_declaration: Whether it begins with an XML declaration; the library says that none is wanted.
        content_type: The header of that name.
        version_first: Whether the client's version comes first of the parameters of a deployment message.
    """

    format: ReportFormat = ReportFormat("1.0")
    has_declaration: bool = False
    content_type: str = "text/plain; charset=UTF-16"
    version_first: bool = False


# Writing


@decides("FS-005", "FS-058")
def report_request(
    endpoint: Endpoint, report: StateReport, style: ReportStyle, *, connect_timeout: float = 5.0
) -> HttpRequest:
    """The request that brings a report to a fallback status point: a plain POST, without credentials of any kind."""
    return HttpRequest(
        endpoint,
        FSP_PATH,
        method="POST",
        headers={"Content-Type": style.content_type},
        body=build_report(report, style),
        connect_timeout=connect_timeout,
        read_cap=_REPLY_CAP,
    )


@decides("FS-053")
def build_report(report: StateReport, style: ReportStyle) -> bytes:
    """Write a report: UTF-16 with a byte order mark."""
    priority = min((message.priority for message in report.messages), default=Priority.MEDIUM)
    details = element(
        "ReportDetails",
        inside=text_element("ReportContent", _CONTENT)
        + text_element("ReportType", _TYPE)
        + text_element("Date", write_moment(report.date))
        + text_element("Version", _VERSION)
        + text_element("Format", report.format),
    )
    header = element("ReportHeader", inside=_identification(report.identity, priority) + details)
    body = "".join(_message(message, report.identity, style) for message in report.messages)
    document = element("Report", inside=header + element("ReportBody", inside=body))
    return ((_DECLARATION if style.has_declaration else "") + document).encode("utf-16")


def _identification(identity: ClientIdentity, priority: Priority) -> str:
    parts = [text_element("ClientInstalled", int(identity.client_id is not None)), text_element("ClientType", 1)]
    known_by = identity.client_id or identity.mac
    if known_by is not None:
        kind = _BY_MAC if identity.client_id is None else _BY_ID
        parts.append(f'<ClientID IDType="{kind}">{known_by}</ClientID>')
    parts.append(text_element("ClientVersion", identity.version))
    if identity.host is not None:
        parts.append(text_element("NetBIOSName", netbios_name(identity.host)))
    parts.append(text_element("CodePage", identity.code_page))
    parts.append(text_element("SystemDefaultLCID", identity.lcid))
    parts.append(text_element("Priority", int(priority)))
    return element("Identification", inside=element("Machine", inside="".join(parts)))


@decides("FS-052", "FS-054")
def _message(message: StateMessage, identity: ClientIdentity, style: ReportStyle) -> str:
    """A state, without a serial number: a fallback status point gets none."""
    is_readiness = message.topic_id == MODE_READINESS_TOPIC
    topic: dict[str, str | int | None] = {
        "ID": message.topic_id,
        "Type": message.topic,
        "IDType": _FRAMEWORK_STATE if is_readiness else _UNUSED,
        "User": "",
        "UserSID": "",
    }
    parameters = [text_element("Param", one) for one in _parameters(message, identity, style)]
    return element(
        "StateMessage",
        {"MessageTime": write_moment(message.time)},
        element("Topic", topic)
        + element("State", {"ID": message.state, "Criticality": 0})
        + _state_details(identity)
        + element("UserParameters", {"Flags": 0, "Count": len(parameters)}, "".join(parameters))
        + element("Site", {"Code": identity.site or ""}),
    )


def _parameters(message: StateMessage, identity: ClientIdentity, style: ReportStyle) -> tuple[str, ...]:
    is_deployment = message.topic == TopicType.CLIENT_DEPLOYMENT
    return (identity.version, *message.parameters) if style.version_first and is_deployment else message.parameters


def _state_details(identity: ClientIdentity) -> str:
    """Who a client without an id is. The parts are known; that they stand side by side is an assumption."""
    known = (("ADSiteName", identity.ad_site), ("FQDN", identity.host), ("MacAddress", identity.mac))
    inside = "".join(text_element(name, value) for name, value in known if value is not None)
    if identity.client_id is not None or not inside:
        return element("StateDetails", {"Type": _NO_DETAILS})
    # Escaped first: an AD site's name cannot end the section.
    return element("StateDetails", {"Type": _XML_DETAILS}, f"<![CDATA[{inside}]]>")


def write_moment(time: datetime) -> str:
    """Write a time as reports have it, ``yyyymmddHHMMSS.ffffff+000``, in UTC."""
    return f"{time.astimezone(UTC):{_PLAIN}.%f}+000"


# Reading


@decides("FS-053")
def parse_report(data: bytes) -> StateReport:
    """Read a report, as strictly as a site should: every part that a report must have, in the form that it has.

    Raises:
        MalformedReplyError: A part is missing, or is not what it should be.
        UnsafeXmlError: It is refused for what it could do.
    """
    root = parse_xml(data, where=_WHERE, limits=_LIMITS)
    if root.tag != _WHERE:
        raise _wrong(f"its root is no {_WHERE}")
    header, body = _require_child(root, "ReportHeader"), _require_child(root, "ReportBody")
    details = _require_child(header, "ReportDetails")
    for name, wanted in (("ReportContent", _CONTENT), ("ReportType", _TYPE), ("Version", _VERSION)):
        if _text(details, name) != wanted:
            raise _wrong(f"its {name} is not {wanted!r}")
    machine = _require_child(_require_child(header, "Identification"), "Machine")
    priority = _read(machine, "Priority", lambda text: Priority(int(text)))
    messages = list(children(body, "StateMessage"))
    if not 0 < len(messages) <= _MOST_MESSAGES:
        raise _wrong(f"it has {len(messages)} states, not 1 to {_MOST_MESSAGES}")
    return StateReport(
        _identity(machine, messages[0]),
        tuple(_parse_message(one, Priority.MEDIUM if priority is None else priority) for one in messages),
        _require(_text(details, "Date"), "Date", parse_moment),
        _require(_text(details, "Format"), "Format", ReportFormat),
    )


def _identity(machine: Element, message: Element) -> ClientIdentity:
    given = find_child(machine, "ClientID")
    text = "" if given is None else (given.text or "").strip()
    by_mac = find_attribute(given, "IDType") == _BY_MAC
    name = _require(_text(machine, "NetBIOSName"), "NetBIOSName", HostName) if _text(machine, "NetBIOSName") else None
    said = _parse_details(find_child(message, "StateDetails"))
    fqdn = _read(said, "FQDN", HostName)
    site = find_attribute(_require_child(message, "Site"), "Code")
    if site is None:
        raise _wrong("its Site has no Code")
    return ClientIdentity(
        host=fqdn if fqdn is not None and name in {None, netbios_name(fqdn).lower()} else name,
        version=_require(_text(machine, "ClientVersion"), "ClientVersion", ClientVersion),
        client_id=_require(text, "ClientID", ClientId) if text and not by_mac else None,
        mac=_require(text, "ClientID", MacAddress) if text and by_mac else _read(said, "MacAddress", MacAddress),
        ad_site=_read(said, "ADSiteName", AdSiteName),
        site=_require(site, "Site", SiteCode) if site else None,
        code_page=_require(_text(machine, "CodePage"), "CodePage", parse_number),
        lcid=_require(_text(machine, "SystemDefaultLCID"), "SystemDefaultLCID", parse_number),
    )


def _parse_details(details: Element | None) -> Element | None:
    """The parts of details that are XML; other details say nothing that we know."""
    if details is None or find_attribute(details, "Type") != _XML_DETAILS:
        return None
    text = f"<StateDetails>{(details.text or '').strip()}</StateDetails>"
    return parse_xml(text.encode(), where="StateDetails", limits=_LIMITS)


def _parse_message(message: Element, priority: Priority) -> StateMessage:
    topic, state = _require_child(message, "Topic"), _require_child(message, "State")
    parameters = _require_child(message, "UserParameters")
    texts = [one.text or "" for one in children(parameters, "Param")]
    if len(texts) > MOST_PARAMETERS + 1 or find_attribute(parameters, "Count") != str(len(texts)):
        raise _wrong(f"it has {len(texts)} parameters, and says otherwise or more than it may")
    cleaned = tuple(map(Parameter, texts))
    if list(cleaned) != texts:
        raise _wrong("a parameter has characters, a length or contents that it should not have")
    return StateMessage(
        topic=_require(find_attribute(topic, "Type"), "Type of Topic", parse_number),
        state=_require(find_attribute(state, "ID"), "ID of State", parse_number),
        topic_id=_require(find_attribute(topic, "ID"), "ID of Topic", TopicId),
        time=_require(find_attribute(message, "MessageTime"), "MessageTime", parse_moment),
        parameters=cleaned,
        priority=priority,
    )


def parse_moment(text: str) -> datetime:
    """Read a time as reports have it.

    Raises:
        InvalidValueError: It has another form, or there is no such time.
    """
    found = _MOMENT.fullmatch(text)
    problem = InvalidValueError("time of a report", text, "it is like 20261121120000.000000+000")
    if found is None or int(found[4]):  # only UTC was ever seen
        raise problem
    try:
        return datetime.strptime(found[1], _PLAIN).replace(microsecond=int(found[2]), tzinfo=UTC)
    except ValueError as error:
        raise problem from error


def _require_child(parent: Element, name: str) -> Element:
    child = find_child(parent, name)
    if child is None:
        raise _wrong(f"it has no {name}")
    return child


def _text(parent: Element | None, name: str) -> str | None:
    child = find_child(parent, name)
    return None if child is None else (child.text or "").strip()


def _read(parent: Element | None, name: str, read: Callable[[str], _T]) -> _T | None:
    """What is said under a name that need not be there."""
    text = _text(parent, name)
    return _require(text, name, read) if text else None


def _require(text: str | None, name: str, read: Callable[[str], _T]) -> _T:
    if text is None:
        raise _wrong(f"it has no {name}")
    try:
        return read(text)
    except (InvalidValueError, ValueError) as error:
        raise _wrong(f"its {name} cannot be used: {error}") from error


def _wrong(problem: str) -> MalformedReplyError:
    return MalformedReplyError(f"this is no report of states: {problem}", where=_WHERE)
