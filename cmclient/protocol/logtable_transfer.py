"""Lines of CAS, ContentTransferManager, DataTransferService and SrcUpdateMgr, and of the server side of a lookup."""

from ..model.story import EventKind as Kind
from ..model.story import Mood
from .logtable import FREE
from .logtable import LinePattern as Line

__all__ = ["LISTS", "LOOKUPS", "TRANSFER"]

_JOB = r"(?P<job>\{[^{}]*\})"
_DTS_JOB = r"(?P<dts_job>\{[^{}]*\})"
_CODE = r"(?P<code>(?:0x)?[0-9a-fA-F]{8})"
_HASHES = "content-hash-mismatch-2007"

TRANSFER = (
    Line(
        "Requesting locations synchronously for content ",
        r"(?P<content>\S+) with priority (?P<priority>\w+)",
        Kind.REQUEST_SENT,
        81,
    ),
    Line(
        "Submitted CTM job ",
        _JOB + r" to download Content (?P<content>\S+) under context (?P<context>\w+)",
        Kind.DOWNLOAD_PHASE,
        81,
    ),
    Line("Persisted locations for CTM job ", _JOB + r":(?P<kept>.*)", Kind.SOURCES_KEPT, 1),
    Line(
        "CTM job ",
        _JOB + r" \(corresponding DTS job " + _DTS_JOB + r"\) started download from '(?P<url>[^']*)'"
        r" for (?P<how>[\w ]+?) content download",
        Kind.SOURCE_STARTED,
        9,
        Mood.GOOD,
    ),
    Line("CTM job ", _JOB + r" entered phase (?P<phase>\w+)", Kind.DOWNLOAD_PHASE, 9),
    Line(
        "DTSJob ",
        _DTS_JOB + r" created to download from '(?P<url>[^']*)' to '(?P<folder>[^']*)'",
        Kind.SOURCE_STARTED,
        1,
        Mood.GOOD,
    ),
    Line("Sending PROPFIND request using URL ", r"(?P<url>\S+)", Kind.HTTP_REQUEST, 9, said=(("method", "PROPFIND"),)),
    Line("UpdateURLWithTransportSettings(): NEW URL - ", r"(?P<url>\S+)", Kind.HTTP_REQUEST, 9),
    Line(
        "UpdateURLWithTransportSettings(): HTTP requested but client settings prohibit it",
        "",
        Kind.SOURCE_REFUSED,
        79,
        Mood.BAD,
        said=(("location_scheme", "http"), ("client_transport", "https-only")),
    ),
    Line("Failed source list update for product ", r"(?P<product>[^,\n]+), error " + _CODE, Kind.ERROR, 79, Mood.BAD),
    Line("DoUpdateSourceListAll task failed, error code ", _CODE, Kind.ERROR, 79, Mood.BAD),
    Line(
        "Source list update task failed, will be retried after ",
        r"(?P<retry_seconds>\d+) seconds",
        Kind.RETRY_LATER,
        79,
    ),
    Line(
        "Download completed for content ",
        r"(?P<content>\S+) under context (?P<context>\w+)",
        Kind.DOWNLOAD_DONE,
        _HASHES,
        Mood.GOOD,
    ),
    Line(
        "Hash does not match expected ",
        r'<Content ContentId="(?P<content>[^"]*)".*? Hash="(?P<hash>[^"]*)" HashAlgorithm="(?P<algorithm>[^"]*)"',
        Kind.DOWNLOAD_FAILED,
        _HASHES,
        Mood.BAD,
    ),
    Line("Hash matching failed", "", Kind.DOWNLOAD_FAILED, _HASHES, Mood.BAD),
    Line(
        "Download failed for content ",
        r"(?P<content>\S+) under context (?P<context>\w+), error " + _CODE,
        Kind.SOURCE_LEFT,
        _HASHES,
        Mood.BAD,
    ),
    Line("<DownloadStatsList>", r"(?P<statistics>.*)", Kind.DOWNLOAD_STATISTICS, 33),
)
"""What the components of a download write."""

LISTS = (Line(FREE, r"^(?P<kept>\([A-Z]+\) \S+)$", Kind.SOURCES_KEPT, 1),)
"""The other lines of a list of sources, where a page has taken its lines apart."""

LOOKUPS = (
    Line("MP_Get", r"(?P<procedure>\w+) \((?P<arguments>.*)", Kind.SERVER_LOOKUP, 9),
    Line(
        "exec MP_Get",
        r"(?P<procedure>\w+) (?P<arguments>.*)",
        Kind.SERVER_LOOKUP,
        "ccmmessaging-wsuslocation-2012r2",
    ),
)
"""What a management point writes about the lookup that a request led to; pages show it between the client's lines."""
