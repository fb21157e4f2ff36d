"""Lines of LocationServices, ClientLocation and ClientIDManagerStartup."""

from ..model.rule import decides
from ..model.story import EventKind as Kind
from ..model.story import Mood
from .logtable import LinePattern as Line

__all__ = ["CLIENT_LOCATION", "LOCATION_SERVICES", "REGISTRATION"]

_SITE = r"<\*?(?P<site>\w{3})\*?>"  # some pages set the site code in italics
_CURRENT = "clientlocation-current-mp-empty"
_RETRIEVED = r"\W*(?P<mp>[A-Za-z0-9][\w.-]*)?"

LOCATION_SERVICES = (
    Line("Current AD site of machine is ", r"(?P<ad_site>[^\n]+)", Kind.AD_SITE, 3),
    Line(
        "This client might be within the boundaries of more than one site",
        r".* matched (?P<matches>\d+) entries",
        Kind.SITE_AMBIGUOUS,
        3,
        Mood.BAD,
    ),
    Line("The client will be assigned to the first valid site", "", Kind.SITE_AMBIGUOUS, 3, said=(("takes", "first"),)),
    Line("LSGetAssignedSiteFromAD : Trying to Assign to the Site ", _SITE, Kind.SITE_TRIED, 3),
    Line(
        "LSGetSiteVersionFromAD : Successfully retrieved version ",
        r"'(?P<site_version>[\d.]+)' for site '" + _SITE,
        Kind.SITE_VERSION,
        3,
    ),
    Line(
        "LSVerifySiteVersion : Verified Client Version ",
        r"'(?P<client_version>[\d.]+)' is not greater than Site Version '(?P<site_version>[\d.]+)'\."
        r" Client can be assigned to site " + _SITE,
        Kind.SITE_VERIFIED,
        3,
        Mood.GOOD,
    ),
    Line("Retrieved local Management Point from AD", _RETRIEVED, Kind.MP_CANDIDATE, 133, said=(("role", "local"),)),
    Line("Retrieved Proxy Management Point from AD", _RETRIEVED, Kind.MP_CANDIDATE, 133, said=(("role", "proxy"),)),
    Line("Retrieved Default Management Point from AD", _RETRIEVED, Kind.MP_CANDIDATE, 133, said=(("role", "default"),)),
    Line("ContentLocationRequest : ", r"(?P<body><.*)", Kind.CONTENT_REQUEST, 1),
    Line("ContentLocationReply : ", r"(?P<body><.*)", Kind.CONTENT_REPLY, 9),
    Line("Calling back with the following distribution points", "", Kind.SOURCES_BEGIN, 1),
    Line("Distribution Point='", r"(?P<source>.*)", Kind.SOURCE_LISTED, 1),
    Line(
        "WSUS Path='",
        r"(?P<url>[^']*)', Server='(?P<server>[^']*)', Version='(?P<version>[^']*)'",
        Kind.UPDATE_POINT_LISTED,
        "ccmmessaging-wsuslocation-2012r2",
    ),
    Line(
        "Created and Sent Location Request '",
        r"(?P<request>[^']*)' for package (?P<content>\S+)",
        Kind.REQUEST_SENT,
        9,
    ),
    Line(
        "[CCMHTTP] ERROR: URL=",
        r"(?P<url>\S+?)\s*, Port=(?P<port>\d+), Options=(?P<options>\d+), >?Code=(?P<win_http>\d+), Text=(?P<code>\S+)",
        Kind.HTTP_ERROR,
        5,
        Mood.BAD,
    ),
    Line(
        "[CCMHTTP] ERROR INFO: StatusCode=",
        r"\s*(?P<status>\d{3}) StatusText=\s*(?P<status_text>[^\n]*)",
        Kind.HTTP_STATUS,
        5,
        Mood.BAD,
    ),
)
"""What LocationServices writes, and the two lines of an HTTP error, which every component writes alike."""

CLIENT_LOCATION = decides("ST-012")(
    (
        Line(
            "Rotating ",
            r"(?P<which>\w+) management point, new management point \[(?P<index>\d+)\] is: (?P<mp>\S+)"
            r" \((?P<state>\d+)\) with capabilities: (?P<capabilities><.*)",
            Kind.MP_ROTATED,
            15,
        ),
        Line("Current Management Point is <empty>", "", Kind.MP_NONE, _CURRENT, Mood.BAD, said=(("by", "client"),)),
        Line(
            "Current Management Point is ",
            r"<?(?P<mp>[A-Za-z0-9][\w.-]*)>?",
            Kind.MP_CHOSEN,
            _CURRENT,
            Mood.GOOD,
            said=(("by", "client"),),
        ),
    )
)
"""What ClientLocation writes."""

REGISTRATION = (
    Line(
        "RegEndPoint: Received notification for site assignment change from '",
        r"(?P<before>[^']*)' to '(?P<site>\w{3})'",
        Kind.SITE_ASSIGNED,
        61,
        Mood.GOOD,
    ),
    Line("[RegTask] - Starting registration, attempt ", r"(?P<attempt>\d+)", Kind.REGISTRATION_STARTED, 61),
    Line(
        "[RegTask] - Client is not registered.",
        r".* for (?P<client_id>GUID:[0-9A-Fa-f-]+)",
        Kind.REGISTRATION_STARTED,
        61,
    ),
    Line("Registering client using ", r"(?P<method>\w+) auth", Kind.REGISTRATION_STARTED, 61),
    Line(
        "[RegTask] - Client is registered.",
        r" Server assigned ClientID is (?P<client_id>GUID:[0-9A-Fa-f-]+)\. Approval status (?P<approval_status>\d+)",
        Kind.REGISTERED,
        61,
        Mood.GOOD,
    ),
)
"""What ClientIDManagerStartup writes."""
