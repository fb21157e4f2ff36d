"""Lines of CcmMessaging, StateMessage and FSPStateMessage, and what setup writes about a fallback status point."""

from ..model.story import EventKind as Kind
from ..model.story import Mood
from .logtable import LinePattern as Line

__all__ = ["MESSAGING", "REPORTING"]

_WSUS = "ccmmessaging-wsuslocation-2012r2"

MESSAGING = (
    Line(
        "Successfully queued event on HTTP/HTTPS failure for server '",
        r"(?P<server>[^']+)'",
        Kind.TRANSPORT_ERROR,
        11,
        Mood.BAD,
    ),
    Line("Post to ", r"(?P<url>\S+) failed with (?P<code>0x[0-9a-fA-F]{8})", Kind.TRANSPORT_ERROR, 11, Mood.BAD),
    Line(
        "Raising event:",
        r"\s*instance of (?P<class>CCM_CcmHttp_Status)\s*\{(?P<instance>.*)",
        Kind.HTTP_STATUS,
        11,
        Mood.BAD,
    ),
    Line(
        "OutgoingMessage(Queue='",
        r"(?P<queue>[^']*)', ID=(?P<message>\{[^{}]*\})\):\s*Delivered successfully to host '(?P<host>[^']*)'",
        Kind.MESSAGE_DELIVERED,
        85,
        Mood.GOOD,
    ),
    Line("Delivered successfully to host '", r"(?P<host>[^']*)'", Kind.MESSAGE_DELIVERED, _WSUS, Mood.GOOD),
    Line(
        "Sending async message '",
        r"(?P<message>[^']*)' to outgoing queue '(?P<queue>[^']*)'",
        Kind.REQUEST_SENT,
        _WSUS,
    ),
    Line(
        "Message '",
        r"(?P<message>[^']*)' got reply '(?P<reply>[^']*)' to local endpoint queue '(?P<queue>[^']*)'",
        Kind.REPLY_RECEIVED,
        _WSUS,
        Mood.GOOD,
    ),
)
"""What CcmMessaging writes."""

REPORTING = (
    Line("StateMessage body: ", r"(?P<report>.*)", Kind.STATE_MESSAGE, 85),
    Line(
        "Successfully forwarded State Messages to the ",
        r"(?P<receiver>[\w ]+)",
        Kind.MESSAGE_DELIVERED,
        85,
        Mood.GOOD,
    ),
    Line(
        "Sending Fallback Status Point message",
        r"(?: to '(?P<fsp>[^']*)')?, STATEID='(?P<state_id>\d+)'",
        Kind.FSP_SENDING,
        13,
    ),
    Line(
        "State message with TopicType ",
        r"(?P<topic_type>\d+) and TopicId (?P<topic_id>\{[^{}]*\}) has been sent to the FSP",
        Kind.FSP_SENT,
        13,
        Mood.GOOD,
    ),
    Line("CcmSetup failed with error code ", r"(?P<code>0x[0-9a-fA-F]{8})", Kind.SETUP_FAILED, 13, Mood.BAD),
    Line(
        "This operating system does not contain the correct version of BITS",
        "",
        Kind.SETUP_STEP,
        13,
        Mood.BAD,
        said=(("missing", "BITS"),),
    ),
)
"""What is written about reports to a management point and to a fallback status point."""
