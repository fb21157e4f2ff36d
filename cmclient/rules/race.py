"""When the next attempt of a race starts: one, then two, then four, so that a dead server costs little.

The model is RFC 8305, with whole replies instead of connections. Pure: time is handed in.
"""

from typing import NamedTuple

__all__ = ["Race", "begin_race", "note_failure", "note_tick"]


class Race(NamedTuple):
    """Attempts at equals.

    Attributes:
        waiting: How many have not been started.
        running: How many are under way.
        wave: How many the next tick starts.
        next_at: When the next tick is due, in seconds of a monotonic clock; None when nothing waits.
        stagger: Seconds between ticks.
        width: Most attempts under way at once (politeness: a site is not flooded by one client).
    """

    waiting: int
    running: int
    wave: int
    next_at: float | None
    stagger: float
    width: int


def begin_race(count: int, now: float, *, stagger: float, width: int) -> tuple[Race, int]:
    """Begin with one attempt.

    Args:
        count: How many equals there are.
        now: The time.
        stagger: Seconds until more are started.
        width: Most under way at once; 1 tries one after the other.

    Returns:
        The race, and how many attempts to start now.
    """
    return _start(Race(count, 0, 2, None, stagger, width), 1, now)


def note_tick(race: Race, now: float) -> tuple[Race, int]:
    """The time of a tick has come: start a wave, twice the size of the last, as far as the width allows."""
    if race.next_at is None or now < race.next_at:
        return race, 0
    return _start(race._replace(wave=race.wave * 2), race.wave, now)


def note_failure(race: Race, now: float) -> tuple[Race, int]:
    """An attempt failed: start the next one at once."""
    return _start(race._replace(running=race.running - 1), 1, now, keep_tick=True)


def _start(race: Race, wanted: int, now: float, *, keep_tick: bool = False) -> tuple[Race, int]:
    count = max(0, min(wanted, race.waiting, race.width - race.running))
    waiting = race.waiting - count
    tick = race.next_at if keep_tick and race.next_at is not None else now + race.stagger
    return race._replace(waiting=waiting, running=race.running + count, next_at=tick if waiting else None), count
