"""How a table of log lines is written: the beginning of a line, what it says, what it means, and who has seen it."""

import re
from typing import NamedTuple

from ..model.story import EventKind, Mood

__all__ = ["FREE", "LinePattern", "PatternTable"]

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


class PatternTable:
    """Patterns by their beginning. A log has few of them: they are compiled when a message begins so."""

    def __init__(self, *tables: tuple[LinePattern, ...]) -> None:
        self._patterns: dict[str, list[LinePattern]] = {}
        self._compiled: dict[str, tuple[tuple[re.Pattern[str], LinePattern], ...]] = {}
        for table in tables:
            for one in table:
                self._patterns.setdefault(one.begins, []).append(one)

    @property
    def begins(self) -> frozenset[str]:
        """The beginnings, without ``FREE``."""
        return frozenset(self._patterns) - {FREE}

    def find(self, begins: str) -> tuple[tuple[re.Pattern[str], LinePattern], ...]:
        """The patterns of one beginning, in the order of the tables; empty where there are none."""
        found = self._compiled.get(begins)
        if found is None:
            patterns = self._patterns.get(begins, ())
            found = self._compiled[begins] = tuple((re.compile(one.rest, re.DOTALL), one) for one in patterns)
        return found
