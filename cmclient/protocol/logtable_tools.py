"""Lines that are no client's: of web servers, of the connector of a gateway, and of tools that read logs and probe."""

from ..model.story import EventKind as Kind
from ..model.story import Mood
from .logtable import FREE
from .logtable import LinePattern as Line

__all__ = ["TOOLS", "WEB_SERVERS"]

WEB_SERVERS = (
    Line(
        FREE,
        r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|W3SVC\d+) (?P<server>[\d.:]+) (?P<method>[A-Z_]+) (?P<path>/\S*) \S+"
        r" (?P<port>\d+) (?P<user>\S+) (?P<client>[\d.:]+) (?P<agent>\S+) (?:\S+ )??"
        r"(?P<status>[1-5]\d\d) (?P<sub_status>\d+) (?P<win32>\d+) ",
        Kind.HTTP_STATUS,
        11,
        said=(("by", "web server"),),
    ),
    Line(
        "MessageID: ",
        r"[^\n]{0,200}?RequestURI: (?P<url>\S{1,2048}) [^\n]{0,200}?ResponseHeader: HTTP/1\.[01] (?P<status>\d{3})"
        r" (?P<status_text>[^~\s]+)",
        Kind.HTTP_STATUS,
        "cmg-403",
        Mood.BAD,
    ),
)
"""What web servers and the connector of a gateway write."""

TOOLS = (
    Line("HTTP GET ", r"(?P<url>\S+) -> (?P<status>\d{3})\b", Kind.HTTP_STATUS, 25, said=(("by", "probe"),)),
    Line(
        FREE,
        r"\[DNS\] Querying SRV record: (?P<query>_mssms_mp_\w+\._tcp\.\S+)",
        Kind.REQUEST_SENT,
        23,
        said=(("by", "dns"),),
    ),
    Line(
        FREE,
        r"\[DNS\] Found management point: (?P<mp>[\w.-]+):(?P<port>\d+) \(site: (?P<site>\w{3})\)",
        Kind.MP_CANDIDATE,
        23,
        Mood.GOOD,
        said=(("by", "dns"),),
    ),
    Line(
        FREE,
        r"HRESULT=(?P<code>[0-9a-fA-F]{8}).{1,200}Reached max retries count (?P<retries>\d+)",
        Kind.ERROR,
        31,
        Mood.BAD,
    ),
    Line("Found URL in ", r"(?P<log>[\w.-]+): (?P<mp>https?://\S+)", Kind.MP_CANDIDATE, 27),
    Line(
        FREE,
        r"^(?P<url>https?://[^/\s]{1,300}/downloadrestservice\.svc/\S+)",
        Kind.SOURCE_LISTED,
        "cmg-content-400",
    ),
    Line(FREE, r"^(?P<mp>https?://[^\s,]+),?$", Kind.MP_CANDIDATE, 29),
    Line("CurrentManagementPoint: ", r"(?P<mp>\S+)", Kind.MP_CHOSEN, 29, Mood.GOOD, said=(("by", "client store"),)),
    Line("Name: SMS:", r"(?P<site>\w{3})$", Kind.SITE_ASSIGNED, 29, Mood.GOOD, said=(("by", "client store"),)),
    Line("PolicyRequestTarget: ", r"mp:\[(?P<scheme>https?)\]", Kind.MP_DETAIL, 29),
    Line("Protocol: ", r"(?P<protocol>\w+)$", Kind.MP_DETAIL, 29),
    Line("Version: ", r"(?P<mp_version>\d{4,5})$", Kind.MP_DETAIL, 29),
    Line("PolicyOrder: ", r"(?P<policy_order>\d+)$", Kind.MP_DETAIL, 29),
    Line("Index: ", r"(?P<index>\d+)$", Kind.MP_DETAIL, 29),
    Line("Capabilities: ", r"(?P<capabilities><Capabilities.*)", Kind.MP_DETAIL, 29),
)
"""What tools write that probe servers, or read what a client has stored."""
