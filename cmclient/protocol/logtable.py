"""How a table of log lines is written: the beginning of a line, what it says, what it means, and who has seen it."""

import re
from typing import NamedTuple

from ..model.story import EventKind, Mood

__all__ = ["FREE", "LinePattern", "compiled"]

FREE = ""
"""As ``begins``: the line may begin in any way; only plain lines are held against such a pattern."""

_WHOLE = ".*)"


class LinePattern(NamedTuple):
    """A kind of line.

    Attributes:
        begins: How the message begins, literally.
        rest: Regular expression of what follows; its named groups become details of the event.
        kind: What it means.
        seen: Where such a line was seen: the number of a log case, or the name of a sample. No pattern is without.
        mood: How it turned out.
        said: Details that the line says without a value in it.
    """

    begins: str
    rest: str
    kind: EventKind
    seen: int | str
    mood: Mood = Mood.PLAIN
    said: tuple[tuple[str, str], ...] = ()

    @property
    def takes_all(self) -> bool:
        """Whether it takes all the rest of the message, which may be a document; others look at its beginning."""
        return self.rest.endswith(_WHOLE)


def compiled(*tables: tuple[LinePattern, ...]) -> dict[str, tuple[tuple[re.Pattern[str], LinePattern], ...]]:
    """Patterns by their beginning; those of one beginning in the order of the tables."""
    found: dict[str, list[tuple[re.Pattern[str], LinePattern]]] = {}
    for table in tables:
        for one in table:
            found.setdefault(one.begins, []).append((re.compile(one.rest, re.DOTALL), one))
    return {begins: tuple(patterns) for begins, patterns in found.items()}
