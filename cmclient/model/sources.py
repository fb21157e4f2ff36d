"""Where content comes from: sources in the order in which a client turns to them, and the rules that put them there."""

from enum import IntEnum, StrEnum
from typing import NamedTuple

from .content import ContentReference
from .decision import Reason
from .endpoints import Endpoint
from .names import HostName

__all__ = [
    "ContentSource",
    "PlannedSource",
    "RejectedSource",
    "SourceAddress",
    "SourceOrder",
    "SourcePlan",
    "SourceTier",
]


class SourceTier(IntEnum):
    """What a source is to a client; the value is its place in the order that no option has changed."""

    SAME_COMPUTER = 1
    PEER_IN_SUBNET = 2
    DP_IN_SUBNET = 3
    PEER_IN_GROUP = 4
    DP_IN_GROUP = 5
    NEIGHBOR_DP = 6
    DEFAULT_GROUP_DP = 7
    WINDOWS_UPDATE = 8
    INTERNET_DP = 9
    CLOUD = 10
    MANAGEMENT_POINT = 11
    """Only for the files of client setup."""
    SOURCE_PATH = 12
    """Only for the files of client setup."""


class SourceOrder(StrEnum):
    """Whose order of sources it is: each has rules of its own."""

    CLIENT = "client"
    TASK_SEQUENCE = "task-sequence"
    CLIENT_SETUP = "client-setup"


class SourceAddress(NamedTuple):
    """One address of a source.

    Attributes:
        endpoint: The server of a URL; None for a path.
        path: Path of the URL, with its query if there is one; without an endpoint a local path or a UNC path.
    """

    endpoint: Endpoint | None
    path: str

    def __str__(self) -> str:
        """The URL, or the path."""
        return self.path if self.endpoint is None else f"{self.endpoint}{self.path}"


class ContentSource(NamedTuple):
    """A source of content.

    Attributes:
        tier: What it is to the client.
        addresses: Where it has the content, in the order in which they are tried; never empty, but for a source that
            cmclient does not download from, such as Windows Update.
        server: Its server; None for a local path, and for one that is not named.
    """

    tier: SourceTier
    addresses: tuple[SourceAddress, ...]
    server: HostName | None = None


class PlannedSource(NamedTuple):
    """A source that may be used.

    Attributes:
        source: The source.
        opens_after: Seconds from the begin of the job after which it may be used; 0 from the begin on.
        reasons: The rules that put it where it is, the decisive one first; never empty.
    """

    source: ContentSource
    opens_after: float
    reasons: tuple[Reason, ...]


class RejectedSource(NamedTuple):
    """A source that may not be used.

    Attributes:
        source: The source.
        reasons: The rules that reject it; never empty.
    """

    source: ContentSource
    reasons: tuple[Reason, ...]


class SourcePlan(NamedTuple):
    """A timeline of sources.

    Attributes:
        content: What is wanted; None for the files of client setup.
        order: Whose order it is.
        ranked: Sources in the order in which they are turned to; those that open later stand behind those that open
            earlier. Empty when there is none.
        rejected: All others, in the order of the answer.
        notes: What else was decided, such as that the content has to be asked for again; may be empty.
    """

    content: ContentReference | None
    order: SourceOrder
    ranked: tuple[PlannedSource, ...]
    rejected: tuple[RejectedSource, ...] = ()
    notes: tuple[Reason, ...] = ()
