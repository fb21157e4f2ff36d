"""The time as servers write it: in HTTP, and in the directory."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..model.directory import DirectoryQuery, Scope

__all__ = ["CURRENT_TIME", "clock_query", "parse_directory_time", "parse_http_date"]

CURRENT_TIME = "currentTime"
"""The attribute of a domain controller's root entry that has its clock."""

_LONGEST = 64  # characters: a date has thirty
_FORMS = ("%Y%m%d%H%M%S.%fZ", "%Y%m%d%H%M%SZ")


def clock_query() -> DirectoryQuery:
    """The search for the clock of a domain controller."""
    return DirectoryQuery("", "(objectClass=*)", (CURRENT_TIME,), Scope.BASE)


def parse_http_date(text: str) -> datetime | None:
    """Read the value of a ``Date`` header; None when it is no date with a time zone."""
    try:
        moment = parsedate_to_datetime(text[:_LONGEST])
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_directory_time(raw: bytes) -> datetime | None:
    """Read a generalized time in UTC, such as ``20260131120000.0Z``; None when it is none."""
    text = raw[:_LONGEST].decode("ascii", "replace")
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
