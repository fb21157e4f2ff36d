"""Where content comes from: sources in the order in which a client turns to them, and the rules that put them there."""

from enum import IntEnum, StrEnum
from typing import NamedTuple

from .content import ContentLocations, ContentReference
from .decision import Location, Reason
from .endpoints import Endpoint
from .http import Attempt
from .names import HostName, SiteCode

__all__ = [
    "ContentLocation",
    "ContentSource",
    "DeploymentOptions",
    "PlannedSource",
    "RejectedSource",
    "SourceAddress",
    "SourceLack",
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
    NEIGHBOUR_DP = 6
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


class DeploymentOptions(NamedTuple):
    """What the deployment that wants the content lets a client do; a client has it from policy.

    Attributes:
        microsoft_update: Updates may come from Microsoft Update when no distribution point has them (CL-031).
        remote_dp: A task sequence may use distribution points of neighbours (CL-040).
        default_group_dp: A task sequence may use those of the default site boundary group (CL-040).
        distribute_on_demand: The site is asked to bring the content to the distribution points near the client
            (CL-035).
    """

    microsoft_update: bool = False
    remote_dp: bool = False
    default_group_dp: bool = False
    distribute_on_demand: bool = False


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
        site: The site that it is named under; None where nobody said.
    """

    tier: SourceTier
    addresses: tuple[SourceAddress, ...]
    server: HostName | None = None
    site: SiteCode | None = None


class PlannedSource(NamedTuple):
    """A source that may be used.

    Attributes:
        source: The source.
        opens_after: Seconds from the begin of the job after which it may be used; 0 from the begin on.
        reasons: The rules that put it where it is, the decisive one first; never empty.
        is_tie: Whether the source before it might as well stand behind it: chance put it there.
    """

    source: ContentSource
    opens_after: float
    reasons: tuple[Reason, ...]
    is_tie: bool = False

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules, in order, each once."""
        return tuple(dict.fromkeys(reason.rule for reason in self.reasons))


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
        rejected: All others, the nearest first.
        notes: What else was decided, such as that the content has to be asked for again; may be empty.
        seed: What random order came from.
        catalogue: Version of the rule catalogue; empty for an order that was given.
        ask_again: Seconds from the begin of the job when the site may name more (CL-036); None for never.
        retry: Seconds after which a source that was left is asked again; None for a pause that grows.
    """

    content: ContentReference | None
    order: SourceOrder
    ranked: tuple[PlannedSource, ...]
    rejected: tuple[RejectedSource, ...] = ()
    notes: tuple[Reason, ...] = ()
    seed: int = 0
    catalogue: str = ""
    ask_again: float | None = None
    retry: float | None = None

    def open_at(self, elapsed: float) -> tuple[PlannedSource, ...]:
        """The sources that may be used so many seconds after the begin of the job, best first."""
        return tuple(one for one in self.ranked if one.opens_after <= elapsed)

    def next_opening(self, elapsed: float) -> float | None:
        """Seconds after the begin of the job when the next one opens that is still closed; None when none will."""
        return min((one.opens_after for one in self.ranked if one.opens_after > elapsed), default=None)


class SourceLack(NamedTuple):
    """Why there is no source to use now.

    Attributes:
        code: Stable kebab-case identifier of the cause.
        rule: The rule behind it.
        text: The cause in words.
        next: What a person can look at or do next.
    """

    code: str
    rule: str
    text: str
    next: str


class ContentLocation(NamedTuple):
    """Where content is, as far as the site has said it by now.

    Attributes:
        plan: The sources, judged.
        answer: What the site said last.
        location: The management point that was located, and how.
        endpoint: The management point that answered.
        attempts: What happened when management points were asked for sources, in order of start; those of the last
            time alone.
        asked_at: Seconds from the begin of the job when the site was asked last.
        lack: Why there is no source to use now; None when there is one.
        notes: What a person should know besides.
    """

    plan: SourcePlan
    answer: ContentLocations
    location: Location
    endpoint: Endpoint
    attempts: tuple[Attempt, ...]
    asked_at: float
    lack: SourceLack | None = None
    notes: tuple[str, ...] = ()
