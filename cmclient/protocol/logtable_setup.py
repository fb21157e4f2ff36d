"""Lines of ccmsetup and of smsts.log, where a client that is not installed yet looks for its first server."""

from ..model.story import EventKind as Kind
from ..model.story import Mood
from .logtable import LinePattern as Line

__all__ = ["CCMSETUP", "TASK_SEQUENCE"]

_REQUEST = (
    r"(?P<host>[^,\s]+), Path=(?P<path>[^,\s]+)"
    r"(?:, Port=(?P<port>\d+), Protocol=(?P<protocol>\w+), CcmTokenAuth=(?P<token_auth>\d))?"
)
_CODE = r"(?P<code>(?:0x)?[0-9a-fA-F]{8})"

CCMSETUP = (
    Line("Getting AAD info from CMG '", r"(?P<gateway>[^']+)'", Kind.TOKEN_ASKED, 59),
    Line("Getting CCM Token from ", r"STS server '(?P<server>[^']+)'", Kind.TOKEN_ASKED, 59),
    Line("Getting CCM Token from ", r"(?P<url>https?://\S+)", Kind.TOKEN_ASKED, 59),
    Line(
        "Cached encrypted token for '",
        r"(?P<account>[^']*)'\. Will expire at '(?P<expires>[^']*)'",
        Kind.TOKEN_KEPT,
        59,
        Mood.GOOD,
    ),
    Line("SMS CCM 5.0: Host=", _REQUEST, Kind.HTTP_REQUEST, 59),
    Line("ccmsetup: Host=", _REQUEST, Kind.HTTP_REQUEST, 59),
    Line("ccmhttp: Host=", _REQUEST, Kind.HTTP_REQUEST, "cmg-entra-workflow-2006"),
    Line("Enabled SSL revocation check", "", Kind.REVOCATION_CHECK, 59, said=(("revocation_check", "on"),)),
    Line("Sending location request to '", r"(?P<mp>[^']+)' with payload", Kind.REQUEST_SENT, 59),
    Line("Received message '", r"(?P<body><(?P<root>\w+).*)", Kind.REPLY_RECEIVED, 59, Mood.GOOD),
    Line("Checking the URL '", r"(?P<url>[^'\s]+)", Kind.HTTP_REQUEST, 59, said=(("checked", "yes"),)),
    Line("Found a valid online MP '", r"(?P<mp>[^'\s]+)", Kind.MP_CHOSEN, 59, Mood.GOOD, said=(("by", "setup"),)),
    Line("Searching for DP locations from MP(s)", "", Kind.SETUP_STEP, 59),
    Line("CCMSETUP bootstrap from Internet: ", r"(?P<internet>[01])", Kind.NETWORK_LOCATION, 59),
    Line("Sending message body '", r"(?P<body><ContentLocationRequest.*)", Kind.CONTENT_REQUEST, 59),
    Line("The location '", r"(?P<url>https?://[^'\s]+)", Kind.SOURCE_LISTED, 59),
    Line(
        "Installing version ",
        r"(?P<version>[\d.]+) of the client with product code (?P<product>\{[^{}]*\})",
        Kind.SETUP_STEP,
        59,
        Mood.GOOD,
    ),
)
"""What ccmsetup writes."""

TASK_SEQUENCE = (
    Line(
        "CLibSMSMessageWinHttpTransport::Send: URL: ",
        r"(?P<server>\S+)\s+(?P<method>[A-Z_]+) (?P<path>\S+)",
        Kind.HTTP_REQUEST,
        17,
    ),
    Line("GET ", r"(?P<path>/SMS_MP/\.sms_aut\?MPLOCATION\S+)", Kind.HTTP_REQUEST, "mplocation-smsts"),
    Line("Error. Status code ", r"(?P<status>\d{3}) returned", Kind.HTTP_STATUS, 17, Mood.BAD),
    Line("SyncTimeWithMP() failed. ", _CODE, Kind.TRANSPORT_ERROR, 19, Mood.BAD),
    Line("Failed to get time information from MP: ", r"(?P<mp>\S+?)\.?$", Kind.MP_REFUSED, 19, Mood.BAD),
    Line("sMP.length() > 0, HRESULT=", _CODE, Kind.ERROR, 19, Mood.BAD),
    Line("TSMBootstrapUtil::SelectMP ", r".*HRESULT=" + _CODE, Kind.ERROR, 19, Mood.BAD, said=(("step", "SelectMP"),)),
    Line("Failed to select MP", "", Kind.MP_NONE, 19, Mood.BAD),
    Line(
        'Found network adapter "',
        r'(?P<adapter>[^"]*)" with IP Address (?P<address>\d[\d.]*\d)',
        Kind.CLIENT_ADDRESS,
        83,
    ),
    Line("Setting ", r"(?P<variable>_?SMSTS\w+) TS environment variable", Kind.SETUP_STEP, 83),
    Line(
        "site=",
        r"(?P<site>\w{3}), MP=<?(?P<mp>[^<>,\s]+)>?, ports: http=(?P<http_port>\d+),https=(?P<https_port>\d+)",
        Kind.MP_CHOSEN,
        83,
        Mood.GOOD,
        said=(("by", "boot media"),),
    ),
    Line("Downloading policy from ", r"<?(?P<mp>[^<>\s]+?)>?\.?$", Kind.HTTP_REQUEST, 83),
)
"""What the first steps of a task sequence write."""
