"""Dates and times of logs."""

import re
from datetime import datetime
from functools import lru_cache

from ..model.logrecord import LogTime

__all__ = ["find_time_in_text", "parse_log_time"]

_TIME = re.compile(rb"(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?([+-]\d{1,4})?")
_DATE = re.compile(rb"(\d{1,2})[-/](\d{1,2})[-/](\d{4})|(\d{4})-(\d{2})-(\d{2})")
_YEARS = range(1980, 2200)  # others are damage, and near the ends of the calendar no time zone can be added
_MOST_BIAS = 14 * 60 + 59  # minutes; no zone is farther from UTC


def parse_log_time(date: bytes, time: bytes) -> LogTime | None:
    """Read a date (month, day, year; or as ISO writes it) and a time with its distance to UTC in minutes.

    Returns:
        None when either is none.
    """
    day = _day(date.strip())
    found = _TIME.fullmatch(time.strip())
    if day is None or day[0] not in _YEARS or found is None:
        return None
    hour, minute, second, part, bias = found.groups()
    try:
        local = datetime(*day, int(hour), int(minute), int(second), int((part or b"0")[:6].ljust(6, b"0")))  # noqa: DTZ001 - the clock of the machine
    except ValueError:
        return None
    minutes = None if bias is None else int(bias)
    return LogTime(local, None if minutes is None or abs(minutes) > _MOST_BIAS else minutes)


@lru_cache(maxsize=64)
def _day(date: bytes) -> tuple[int, int, int] | None:
    found = _DATE.fullmatch(date)
    if found is None:
        return None
    month, day, year, iso_year, iso_month, iso_day = found.groups()
    if year is None:
        return int(iso_year), int(iso_month), int(iso_day)
    return int(year), int(month), int(day)


def find_time_in_text(text: str) -> LogTime | None:
    """Read date and time that stand in one text, separated by a blank."""
    date, _, time = text.strip().partition(" ")
    return parse_log_time(date.encode("ascii", "replace"), time.strip().encode("ascii", "replace"))
