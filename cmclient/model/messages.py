"""Messages between a client and a management point, and what the answers about sites and site systems say."""

import re
from datetime import datetime
from enum import Enum, IntEnum
from typing import NamedTuple, Self

from ..errors import InvalidValueError
from .endpoints import Endpoint, ManagementPoint
from .names import HostName, SiteCode

__all__ = [
    "EnumeratedMp",
    "EnumeratedMps",
    "LocalMps",
    "Message",
    "MessageHeader",
    "MessageId",
    "MessageStyle",
    "MpCategory",
    "MpSite",
    "ReceivedMessage",
    "SiteDescription",
    "SiteDescriptions",
    "SiteLocality",
    "WsusLocation",
    "WsusLocations",
    "netbios_name",
]

_MESSAGE_ID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")
_NETBIOS = 15  # characters of a NetBIOS name


class MessageId(str):
    """The id of a message: a GUID in braces, upper case."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check and normalise an id; the braces may be missing.

        Raises:
            InvalidValueError: It is no GUID.
        """
        found = _MESSAGE_ID.fullmatch(value.strip())
        if found is None:
            raise InvalidValueError("message id", value, "it is a GUID in braces")
        return super().__new__(cls, f"{{{found[1].upper()}}}")

    @property
    def is_zero(self) -> bool:
        """Whether it is the id of no message, all zeros."""
        return not self.strip("{}-0")


def netbios_name(host: HostName) -> str:
    """The NetBIOS name that a machine of this name has by default: its first label, cut to 15 characters."""
    return host.partition(".")[0][:_NETBIOS].upper()


class MessageStyle(Enum):
    """Whose message headers ours look like; a management point takes either."""

    SDK = "sdk"
    """Those of the client messaging library: elements in alphabetical order."""
    SETUP = "setup"
    """Those of client setup: fewer elements, in an order of their own."""


class Message(NamedTuple):
    """A message to send.

    Attributes:
        id: Its id, new for each message.
        sent: When, with a time zone.
        source_host: NetBIOS name of the sender.
        target_host: The server that it goes to.
        body: The document, XML without a declaration.
        target_endpoint: The endpoint on that server.
        reply_endpoint: The endpoint on the sender that an answer is for.
        style: How its header looks.
        compressed: Whether the body is compressed, and a compressed answer asked for.
        reply_mode: ``Sync`` for a message that is answered at once, ``Reply`` for such an answer.
        correlation: The message that it answers; None for one that begins a conversation.
    """

    id: MessageId
    sent: datetime
    source_host: str
    target_host: HostName
    body: str
    target_endpoint: str = "MP_LocationManager"
    reply_endpoint: str = "LS_ReplyLocations"
    style: MessageStyle = MessageStyle.SDK
    compressed: bool = True
    reply_mode: str = "Sync"
    correlation: MessageId | None = None


class MessageHeader(NamedTuple):
    """The header of a message that came, as far as it says anything; texts are cut short and made printable.

    Attributes:
        id: The message's own id; None when it has none, or none that is a GUID.
        correlation: The message that it answers; None when it does not say.
        reply_mode: How it is to be answered; empty when it does not say.
        source_host: Who sent it; likewise.
        target_endpoint: The endpoint that it is for; likewise.
        sent: When it was sent, as text; likewise.
        payload: Where its body is; likewise.
        hooks: What was done to its body, in the order of the header.
        body_offset: Bytes of the payload before the body; None when it does not say.
        body_length: Bytes of the body; None likewise.
        unknown: Paths of elements and attributes that nobody knows, in the order of the header, each once.
    """

    id: MessageId | None = None
    correlation: MessageId | None = None
    reply_mode: str = ""
    source_host: str = ""
    target_endpoint: str = ""
    sent: str = ""
    payload: str = ""
    hooks: tuple[str, ...] = ()
    body_offset: int | None = None
    body_length: int | None = None
    unknown: tuple[str, ...] = ()


class ReceivedMessage(NamedTuple):
    """A message that came.

    Attributes:
        header: Its header.
        document: Its body, inflated, in UTF-8 without byte order mark and trailing NULs. None when it has none: it was
            accepted for later work, or only says how to upload.
        upload: Parts that say how to upload a message that is too large for one request, as they came; empty when it
            asks for no upload.
    """

    header: MessageHeader
    document: bytes | None = None
    upload: tuple[bytes, ...] = ()


class SiteLocality(Enum):
    """How a site that serves a client lies to it."""

    LOCAL = "local"
    """The client is in its local roaming boundaries."""
    REMOTE = "remote"
    """The client is in its remote roaming boundaries."""
    FALLBACK = "fallback"
    """The client is in neither; it is the client's assigned site."""
    UNKNOWN = "unknown"


class MpCategory(IntEnum):
    """Which management points are to be enumerated, as the request numbers them."""

    ASSIGNED = 0
    PROXY = 1
    LOCAL = 2
    INTERNET = 3


class MpSite(NamedTuple):
    """A site as an answer names it.

    Attributes:
        site_code: The site; None when it is not named, or not readably.
        master_site: The site that its clients are assigned to: of a secondary site the primary one; None likewise.
        locality: How it lies to the client.
        locality_text: The word for it as sent; empty when there is none.
        http_port: Port that it prefers for HTTP; None when it does not say.
        https_port: Port that it prefers for HTTPS; None likewise.
    """

    site_code: SiteCode | None = None
    master_site: SiteCode | None = None
    locality: SiteLocality = SiteLocality.UNKNOWN
    locality_text: str = ""
    http_port: int | None = None
    https_port: int | None = None


class SiteDescription(NamedTuple):
    """What a site says of itself.

    Attributes:
        site_code: The site.
        version: Its version as text; empty when not sent.
        build: Its build number; None when not sent, or not readably.
        default_mp: Its default management point; None likewise.
        ssl_state: SSL state bits; None likewise.
        operational_settings: Client operational settings, as XML; empty when not sent. They are what the site
            publishes in Active Directory, and read alike (``protocol.capabilities``).
    """

    site_code: SiteCode
    version: str = ""
    build: int | None = None
    default_mp: HostName | None = None
    ssl_state: int | None = None
    operational_settings: str = ""


class SiteDescriptions(NamedTuple):
    """The answer to a site information request, or to an assigned site request.

    Attributes:
        sites: In the order of the answer; empty when it names none, which for an assigned site request means that no
            site is assigned to where the client is.
        problems: What could not be used, a sentence each.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    sites: tuple[SiteDescription, ...] = ()
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class LocalMps(NamedTuple):
    """The answer to a local MP location request: sites that serve the client where it is.

    Attributes:
        sites: In the order of the answer; may be empty.
        problems: What could not be used, a sentence each.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    sites: tuple[MpSite, ...] = ()
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class EnumeratedMp(NamedTuple):
    """A management point of an enumeration.

    Attributes:
        mp: The management point by one of its names; the audience says by which.
        forest_trusted: Whether its forest is trusted; None when not sent.
    """

    mp: ManagementPoint
    forest_trusted: bool | None = None


class EnumeratedMps(NamedTuple):
    """The answer to an enumerate MP location request.

    Attributes:
        mps: In the order of the answer; one with an intranet and an internet name is there by each. May be empty.
        problems: What could not be used, a sentence each.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    mps: tuple[EnumeratedMp, ...] = ()
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class WsusLocation(NamedTuple):
    """A software update point.

    Attributes:
        site_code: The site that it belongs to; None when not sent, or not readably.
        endpoint: Where it is.
        path: Path of its address; empty when it has none.
        server: Its server; None when not sent, or not readably.
        version: Version of the update source as text; empty when not sent.
    """

    site_code: SiteCode | None
    endpoint: Endpoint
    path: str = ""
    server: HostName | None = None
    version: str = ""


class WsusLocations(NamedTuple):
    """The answer to a WSUS location request.

    Attributes:
        locations: In the order of the answer; empty when there are none, or the request named an unknown content.
        problems: What could not be used, a sentence each.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    locations: tuple[WsusLocation, ...] = ()
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
