"""What comes of comparing a client's decision with what our own rules say of the same facts."""

from enum import Enum
from typing import NamedTuple

from .story import LoggedSource, Quote, Topic

__all__ = ["Agreement", "Finding", "LogCheck", "RankedSources", "RequestSaid", "SourceView"]


class Agreement(Enum):
    """Whether our rules agree with a client; the value is its name in JSON."""

    AGREES = "agrees"
    """What the client did is among what our rules call equal."""
    DIFFERS = "differs"
    NOT_ENOUGH = "not enough in the log"


class Finding(NamedTuple):
    """What came of one comparison.

    Attributes:
        outcome: Whether the rules agree.
        why: How it was compared, or where the difference is, in a sentence.
        client: What the client chose, in its order; empty when it chose nothing.
        ours: What our rules would choose: each item is one choice, or several that they call equal, joined by ``=``;
            the best first. Empty when they choose nothing, or cannot say.
        missing: What the log would have to say besides; empty unless there was not enough.
        rules: Ids of the rules that our side rests on, the deciding one first; empty when none was applied.
    """

    outcome: Agreement
    why: str
    client: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class LogCheck(NamedTuple):
    """A decision of a client, held against our own rules.

    Attributes:
        topic: What the decision is about.
        finding: What came of it.
        quote: The line that shows the decision.
        decision: Place of the decision in the story, from 0 on.
    """

    topic: Topic
    finding: Finding
    quote: Quote
    decision: int


class RequestSaid(NamedTuple):
    """What the log shows of the request, and of the client, that decides about sources; None is unknown.

    Attributes:
        allows_http: Whether sources over HTTP may be used.
        on_internet: Whether the client is on the internet.
    """

    allows_http: bool | None = None
    on_internet: bool | None = None


class RankedSources(NamedTuple):
    """Sources as our rules order them.

    Attributes:
        groups: Those that may be used; each group is tried before the next, and the rules call its members equal.
        rejected: Those that may not be used.
        rules: Ids of the rules behind both, the deciding one first.
    """

    groups: tuple[tuple[LoggedSource, ...], ...]
    rejected: tuple[LoggedSource, ...] = ()
    rules: tuple[str, ...] = ()


class SourceView(NamedTuple):
    """What our rules make of the sources that a log lists.

    Attributes:
        ranked: Their order when options that no log shows are at their defaults.
        others: The orders that they would have under other values of such options, each with what it depends on.
        missing: What has to be known before they can be ordered at all; then ``ranked`` counts for nothing.
    """

    ranked: RankedSources
    others: tuple[tuple[str, RankedSources], ...] = ()
    missing: tuple[str, ...] = ()
