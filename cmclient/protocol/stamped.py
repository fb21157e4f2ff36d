"""Documents that say when they were kept."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..errors import MalformedReplyError

__all__ = ["part_of", "stamp", "time_of"]


def part_of(document: Mapping[str, Any], name: str) -> object:
    """What a document holds beside the time.

    Raises:
        MalformedReplyError: It holds something else.
    """
    if set(document) != {"saved_at", name}:
        raise MalformedReplyError(f"the document should hold saved_at and {name}, and nothing else", where=name)
    found: object = document[name]
    return found


def stamp(time: datetime) -> str:
    """A time as text."""
    return time.astimezone(UTC).isoformat()


def time_of(document: Mapping[str, Any]) -> datetime:
    """When a document was kept; aware.

    Raises:
        MalformedReplyError: It does not say so.
    """
    text = document["saved_at"]
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise MalformedReplyError(f"saved_at is no time: {error}", where="saved_at") from error
    if time.tzinfo is None:
        raise MalformedReplyError("saved_at is a time without a zone", where="saved_at")
    return time
