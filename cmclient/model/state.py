"""State messages: what a client tells a site of its own installation, its assignment and its management points.

They go to a fallback status point in clear text. Every part of a report is therefore of a type that cannot hold a
secret: a number, a time, a name that is checked, or a ``Parameter``, which is cleaned and cut short.
"""

import re
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, Self

from ..errors import InvalidValueError
from .names import AdSiteName, HostName, MacAddress, SiteCode
from .secret import Secret

__all__ = [
    "MODE_READINESS_TOPIC",
    "MOST_PARAMETERS",
    "PARAMETER_CAP",
    "ClientId",
    "ClientIdentity",
    "ClientVersion",
    "Parameter",
    "Priority",
    "ReportFormat",
    "StateMessage",
    "StateReport",
    "TopicId",
    "TopicType",
]

PARAMETER_CAP = 255  # characters of a parameter; an address has fewer, and a megabyte would fill queue and server
MOST_PARAMETERS = 16  # of one message; none that is known has more than two
MODE_READINESS_TOPIC = "CCM Framework Mode Readiness"

_GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_TOPIC_ID = rf"\{{?({_GUID})\}}?"
_CLIENT_ID = rf"(?:GUID:)?({_GUID})"
_VERSION = r"[0-9]{1,5}(?:\.[0-9]{1,5}){1,3}"
_FORMAT = r"[0-9]{1,2}\.[0-9]{1,2}"
_RAW = 16 * PARAMETER_CAP  # characters of a raw parameter that are looked at: the work must not grow with its length
_ROUNDS = 8  # of cleaning; what hides a secret in more layers than that is left out whole
_MASK = "***"
_WORD = r"\S+"
_HIDDEN = r"(?:passw(?:or)?d|passphrase|pass|pwd|secret|token|signature|sig|key)s?[0-9]{0,3}"
_NAME_ENDS = r"(?:[\\\"'\]]|%(?:25)*(?:22|27|5D))*+"
_EQUALS = r"(?:\s*+(?:[=:>]|%(?:25)*3[ADE]))++\s*+"
_VALUE = r"(?:\"(?:\\.?|[^\"\\])*+\"?|'(?:\\.?|[^'\\])*+'?|[^\s\"'])++"  # a quote that stays open runs to the end
# In this order: a Bearer value behind another name would outlive the masking of its first word.
_SECRETS = (  # not compiled before a message is written: most runs write none
    rf"((?:authorization|cookie){_NAME_ENDS}{_EQUALS}).+",
    rf"(\bBearer(?:\s|%20|\+)++){_VALUE}",
    rf"({_HIDDEN}{_NAME_ENDS}{_EQUALS}){_VALUE}",
    rf"((?<![^\s\"',\[])(?:--?|/)[\w-]{{0,32}}?{_HIDDEN}[\"']*+[\s,]++)(?![=:]){_VALUE}",
)


class TopicType(IntEnum):
    """What a state message is about, as far as a fallback status point takes it."""

    CLIENT_DEPLOYMENT = 800
    """Installation of the client, and its assignment to a site."""
    BRANCH_DISTRIBUTION_POINT = 900
    CLIENT_COMMUNICATION = 1000
    """Whether the client reaches a management point."""
    LOCAL_CERTIFICATE = 1001
    """Whether the client can read its certificate."""
    MODE_READINESS = 1100
    """Whether the client is ready for native mode (CM 2007)."""
    CLIENT_HEALTH = 1300


class Priority(IntEnum):
    """How urgent a report is; a lower number is more urgent."""

    CRITICAL = 0
    HIGH = 1
    MEDIUM = 5
    LOW = 10
    LOWEST = 16


class TopicId(str):
    """What a topic is told apart by: a GUID in braces, upper case; for mode readiness the one text that is known."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check and normalise a topic id; the braces may be missing.

        Raises:
            InvalidValueError: It is neither a GUID nor that text.
        """
        found = re.fullmatch(_TOPIC_ID, value.strip())
        if found is None and value != MODE_READINESS_TOPIC:
            raise InvalidValueError("topic id", value, "it is a GUID in braces")
        return super().__new__(cls, value if found is None else f"{{{found[1].upper()}}}")


class ClientId(str):
    """The id that a site knows a client by, such as ``GUID:0D94311F-CB7B-4E73-94B1-75878081111C``; upper case."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check and normalise a client id; ``GUID:`` may be missing.

        Raises:
            InvalidValueError: It is no GUID.
        """
        found = re.fullmatch(_CLIENT_ID, value.strip(), re.IGNORECASE)
        if found is None:
            raise InvalidValueError("client id", value, "it is GUID: and a GUID")
        return super().__new__(cls, f"GUID:{found[1].upper()}")


class ClientVersion(str):
    """The version of a client, such as ``5.00.9141.1000``."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check a version.

        Raises:
            InvalidValueError: It is not two to four numbers with points between them.
        """
        if not re.fullmatch(_VERSION, value):
            raise InvalidValueError("client version", value, "it is like 5.00.9141.1000")
        return super().__new__(cls, value)


class ReportFormat(str):
    """The format that a report says that it has; sources have 1.0 and 1.1."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check a format.

        Raises:
            InvalidValueError: It is not two numbers with a point between them.
        """
        if not re.fullmatch(_FORMAT, value):
            raise InvalidValueError("format of a report", value, "it is like 1.0")
        return super().__new__(cls, value)


class Parameter(str):
    """A text that goes with a state: one line of at most 255 printable characters, without what may be a secret.

    Of an address all is left out up to the last ``@`` before a space, and its query and fragment. Masked are the value
    of a name that ends like ``password``, ``pass``, ``key``, ``secret`` or ``token``, be it bare, in quotes, in JSON,
    percent-encoded or an option of a command line; what follows ``Bearer``; and all that follows ``Authorization:``.
    Cleaning a parameter again changes nothing.
    """

    __slots__ = ()

    def __new__(cls, value: str | Secret) -> Self:
        """Clean a text and cut it short.

        Raises:
            InvalidValueError: It was marked as a secret.
        """
        if isinstance(value, Secret):
            raise InvalidValueError("parameter", value, "secrets are not reported")
        text = value[:_RAW]
        if len(value) > _RAW and "//" in (last := text.rpartition(" ")[2]):
            text = text[: len(text) - len(last)]  # an address whose ``@`` may be among what is not looked at
        for _ in range(_ROUNDS):
            before, text = text, _clean(text)
            if text == before:
                return super().__new__(cls, text)
        return super().__new__(cls, _MASK)


def _clean(text: str) -> str:
    """Clean once; what is left may be something to clean again."""
    text = "".join(char for char in text if char.isprintable())
    text = re.sub(_WORD, lambda found: _plain_address(found[0]), text)
    for secret in _SECRETS:
        text = re.sub(secret, rf"\g<1>{_MASK}", text, flags=re.IGNORECASE)
    return text[:PARAMETER_CAP].strip()


def _plain_address(word: str) -> str:
    """A word without what is before the last ``@`` of an address in it, and without its query and fragment."""
    before, slashes, rest = word.partition("//")
    return before + slashes + re.split("[?#]", rest.rpartition("@")[2], maxsplit=1)[0]


class StateMessage(NamedTuple):
    """One state, and when it came about.

    Attributes:
        topic: What it is about; a ``TopicType``, or a number of another topic in what was read.
        state: The state id, which means something together with the topic.
        topic_id: What the topic is told apart by.
        time: When the state came about, with a time zone.
        parameters: What goes with it, in order; at most ``MOST_PARAMETERS``.
        priority: How urgent it is.
    """

    topic: int
    state: int
    topic_id: TopicId
    time: datetime
    parameters: tuple[Parameter, ...] = ()
    priority: Priority = Priority.MEDIUM

    def says_the_same_as(self, other: "StateMessage") -> bool:
        """Whether both tell the same state, whenever that came about."""
        return (self.topic, self.state, self.parameters) == (other.topic, other.state, other.parameters)

    def __str__(self) -> str:
        """Topic and state, such as ``800/308 http://mp1/file``."""
        return " ".join((f"{self.topic}/{self.state}", *self.parameters))


class ClientIdentity(NamedTuple):
    """Who sends a report.

    Attributes:
        host: The machine's name; None when it is not known.
        version: Version of the client.
        client_id: The id that the site knows it by; None for one that has none yet.
        mac: MAC address, by which a client without an id is told apart; None when it is not known.
        ad_site: Its AD site; None when it is in none or it is not known.
        site: The site that it is assigned to, or is meant for; None when there is none.
        code_page: Its OEM code page; the default is that of every sample.
        lcid: Its default locale; likewise.
    """

    host: HostName | None
    version: ClientVersion
    client_id: ClientId | None = None
    mac: MacAddress | None = None
    ad_site: AdSiteName | None = None
    site: SiteCode | None = None
    code_page: int = 437
    lcid: int = 1033


class StateReport(NamedTuple):
    """A report: who sends it, and what.

    Attributes:
        identity: Who sends it.
        messages: The states, in order; we send one at a time.
        date: When it was written, with a time zone.
        format: The format that it says that it has.
    """

    identity: ClientIdentity
    messages: tuple[StateMessage, ...]
    date: datetime
    format: ReportFormat = ReportFormat("1.0")
