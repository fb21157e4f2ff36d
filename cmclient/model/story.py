"""What the logs of a client tell: events, decisions, and what went wrong."""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from .content import ContentLocations
from .errorcode import ErrorCode
from .facts import NetworkFacts
from .logrecord import LogTime, ReadCounts, Severity

if TYPE_CHECKING:
    from .logchecks import LogCheck

__all__ = [
    "EventKind",
    "LogDecision",
    "LogError",
    "LogEvent",
    "LogStory",
    "LoggedSource",
    "Mood",
    "Quote",
    "Topic",
    "UnreadFile",
]


class Topic(Enum):
    """What an event, or a decision, is about."""

    SITE = "site"
    AD_SITE = "ad-site"
    NETWORK = "network-location"
    MANAGEMENT_POINT = "management-point"
    SOURCES = "content-sources"
    UPDATE_POINT = "software-update-point"
    REGISTRATION = "registration"
    REPORTING = "reporting"
    HTTP = "http"
    TRUST = "trust"
    SETUP = "setup"


class Mood(Enum):
    """How something turned out."""

    GOOD = "good"
    BAD = "bad"
    PLAIN = "plain"


class EventKind(Enum):
    """What happened; the value is its name in JSON."""

    AD_SITE = "ad-site"
    SITE_AMBIGUOUS = "site-ambiguous"
    SITE_TRIED = "site-tried"
    SITE_VERSION = "site-version"
    SITE_VERIFIED = "site-verified"
    SITE_ASSIGNED = "site-assigned"
    NETWORK_LOCATION = "network-location"
    CLIENT_ADDRESS = "client-address"
    MP_CANDIDATE = "mp-candidate"
    MP_CHOSEN = "mp-chosen"
    MP_ROTATED = "mp-rotated"
    MP_REFUSED = "mp-refused"
    MP_NONE = "mp-none"
    MP_LOCALITY = "mp-locality"
    MP_DETAIL = "mp-detail"
    CONTENT_REQUEST = "content-request"
    CONTENT_REPLY = "content-reply"
    SOURCES_BEGIN = "sources-begin"
    SOURCE_LISTED = "source-listed"
    SOURCES_KEPT = "sources-kept"
    SOURCE_STARTED = "source-started"
    SOURCE_REFUSED = "source-refused"
    SOURCE_LEFT = "source-left"
    DOWNLOAD_PHASE = "download-phase"
    DOWNLOAD_DONE = "download-done"
    DOWNLOAD_FAILED = "download-failed"
    DOWNLOAD_STATISTICS = "download-statistics"
    RETRY_LATER = "retry-later"
    SERVER_LOOKUP = "server-lookup"
    UPDATE_POINT_LISTED = "update-point-listed"
    REQUEST_SENT = "request-sent"
    REPLY_RECEIVED = "reply-received"
    HTTP_REQUEST = "http-request"
    HTTP_ERROR = "http-error"
    HTTP_STATUS = "http-status"
    TRANSPORT_ERROR = "transport-error"
    TRUST_ERROR = "trust-error"
    REVOCATION_CHECK = "revocation-check"
    TOKEN_ASKED = "token-asked"  # noqa: S105 - a name
    TOKEN_KEPT = "token-kept"  # noqa: S105 - a name
    MESSAGE_DELIVERED = "message-delivered"
    STATE_MESSAGE = "state-message"
    FSP_SENDING = "fsp-sending"
    FSP_SENT = "fsp-sent"
    REGISTRATION_STARTED = "registration-started"
    REGISTERED = "registered"
    SETUP_STEP = "setup-step"
    SETUP_FAILED = "setup-failed"
    ERROR = "error"


class Quote(NamedTuple):
    """Where something stands.

    Attributes:
        file: The file.
        line: Its line, from 1 on.
        text: The text of the record, cut to what a person reads.
    """

    file: str
    line: int
    text: str


class LoggedSource(NamedTuple):
    """A source as a log names it; unknown stays unknown.

    Attributes:
        url: Its address, as written.
        locality: Its nearness in the word of the site; empty when not said.
        version: As written; likewise.
        ssl_state: SSL state bits; None when not said, or not readably.
        auth_method: Bits of how it authenticates clients; None likewise.
        forest_trusted: Whether its forest is trusted; None likewise.
        dp_type: Its type; empty when not said.
        signature: Address of the content's signature; empty when there is none.
    """

    url: str
    locality: str = ""
    version: str = ""
    ssl_state: int | None = None
    auth_method: int | None = None
    forest_trusted: bool | None = None
    dp_type: str = ""
    signature: str = ""


class LogEvent(NamedTuple):
    """Something that happened, in the order of the log.

    Attributes:
        kind: What.
        quote: Where it stands.
        when: None when the log does not say.
        component: Who wrote it; empty likewise.
        mood: How it turned out.
        details: What it says, by name; texts as written, cut short and printable.
        sources: Sources that it names, in its order.
        codes: Error codes that it names, as written, each once.
        facts: What it says of the client; None when it says nothing.
        reply: The whole answer to a content location request; None when it is none.
        times: How many records in a row say the same.
        severity: How bad the log says that it is.
    """

    kind: EventKind
    quote: Quote
    when: LogTime | None = None
    component: str = ""
    mood: Mood = Mood.PLAIN
    details: Mapping[str, str] = {}
    sources: tuple[LoggedSource, ...] = ()
    codes: tuple[str, ...] = ()
    facts: NetworkFacts | None = None
    reply: ContentLocations | None = None
    times: int = 1
    severity: Severity = Severity.UNKNOWN


class LogDecision(NamedTuple):
    """A decision that the client made, and the rules that explain it.

    Attributes:
        topic: What it is about.
        what: The decision, in a sentence.
        mood: How it turned out.
        values: What was decided, by name.
        rules: Ids of the rules that explain it, the deciding one first.
        why: What those rules say here, in a sentence.
        sources: The sources in their order, for a decision about sources.
        quotes: The lines that show it.
    """

    topic: Topic
    what: str
    mood: Mood
    values: Mapping[str, str]
    rules: tuple[str, ...]
    why: str
    quotes: tuple[Quote, ...]
    sources: tuple[LoggedSource, ...] = ()


class LogError(NamedTuple):
    """Something that went wrong, once for all records that say the same.

    Attributes:
        what: The text of the first of them.
        codes: Codes in it, as written, each once.
        known: What they mean, in the order of ``codes``; one that nobody knows is left out.
        times: How many records say it.
        first: The first of them.
        last: The last of them.
        severity: The worst that they say they are.
        component: Who wrote the first; empty when it does not say.
    """

    what: str
    codes: tuple[str, ...]
    known: tuple[ErrorCode, ...]
    times: int
    first: Quote
    last: Quote
    severity: Severity = Severity.UNKNOWN
    component: str = ""


class UnreadFile(NamedTuple):
    """A file, and what of it could not be read; empty problem: all of it was."""

    name: str
    counts: ReadCounts
    problem: str = ""


class LogStory(NamedTuple):
    """What logs tell, taken together.

    Attributes:
        events: By time; those without one keep their place in their file. At most as many as the reader keeps.
        decisions: Of one log in the order of the lines that show them; of several in that of time.
        errors: The most frequent first.
        files: Every file, with what could not be read of it.
        notes: What a person has to know before trusting the rest, a sentence each.
        facts: What the logs say of the client.
        dropped: How many events and errors were not kept.
        checks: Decisions held against our own rules, each once at most.
    """

    events: tuple[LogEvent, ...]
    decisions: tuple[LogDecision, ...]
    errors: tuple[LogError, ...]
    files: tuple[UnreadFile, ...]
    notes: tuple[str, ...] = ()
    facts: NetworkFacts = NetworkFacts()
    dropped: int = 0
    checks: "tuple[LogCheck, ...]" = ()
