"""Cells of a row of the site's own classes: texts, numbers, sites, servers; what is wrong with one is kept."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import InvalidValueError
from ..model.names import HostName, SiteCode
from .sitedata_records import MOST_MINUTES, Place, Records, checked_text, quoted

__all__ = ["MOST_DIGITS", "Fault", "Row", "find_nal_site"]

MOST_DIGITS = 10  # of an unsigned 32-bit number
_NEVER = "-1"
_NAL_HOST = re.compile(r"\\\\([^\\\"\[\]]+)\\*")
_NAL_SITE = re.compile(r"SMS_SITE=([A-Za-z0-9]{3})\b")


class Fault(NamedTuple):
    """A cell that cannot be what it should be."""

    field: str
    problem: str


class Row(NamedTuple):
    """A row; its properties by name in lower case.

    Every method reads a cell and never raises: what is wrong is kept, and whoever reads looks at ``faults`` before
    using any answer.
    """

    place: Place
    cells: Mapping[str, Any]
    faults: list[Fault]

    def fault(self, field: str, problem: str) -> None:
        """Keep a fault of a cell; the first one of each."""
        if all(one.field != field for one in self.faults):
            self.faults.append(Fault(field, problem))

    def text(self, field: str) -> str:
        """A text; empty when it is null or missing."""
        value = self.cells.get(field.lower())
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int):
            self.fault(field, f"is {_described(value)}, and should be text")
            return ""
        try:
            return checked_text(str(value))
        except ValueError:  # Python does not write numbers of more than 4300 digits
            self.fault(field, "is no number of any use")
        except InvalidValueError as error:
            self.fault(field, error.reason)
        return ""

    def identifier(self, field: str) -> str:
        """A number that identifies something."""
        value = self.cells.get(field.lower())
        if isinstance(value, bool | float | list | dict):
            self.fault(field, f"is {_described(value)}, and should be a whole number")
            return ""
        text = self.text(field).strip()
        if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
            return str(int(text))
        self.fault(field, f"is {quoted(text)}, and should be a number" if text else "is empty")
        return ""

    def site(self, field: str, records: Records) -> SiteCode | None:
        """A site code, however it is written; None when there is none."""
        text = self.text(field)
        if not text.strip():
            return None
        try:
            site = SiteCode(text.strip())
        except InvalidValueError as error:
            self.fault(field, error.message)
            return None
        if site != text:
            records.note(self.place, field, f"{quoted(text)} is read as {quoted(site)}")
        return site

    def minutes(self, field: str, usual: int | None) -> int | None:
        """Minutes, None for never; the usual ones when nothing is said."""
        text = self.text(field).strip()
        if text in {"", _NEVER}:
            return None if text else usual
        if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) <= MOST_MINUTES:
            return int(text)
        self.fault(field, f"is {quoted(text)}, and should be minutes from 0 to {MOST_MINUTES}, or {_NEVER} for never")
        return None

    def host(self, field: str) -> HostName | None:
        r"""The server of a NAL path (``["Display=\\HOST\"]MSWNET:["SMS_SITE=ABC"]\\HOST\``), of ``\\HOST``, or bare."""
        path = self.text(field)
        hosts = _NAL_HOST.findall(path)
        try:
            return HostName((hosts[-1] if hosts else path).strip())
        except InvalidValueError as error:
            self.fault(field, f"names no server: {error.message}")
            return None


def _described(value: object) -> str:
    """A value that is no text, as JSON has it."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return str(value).lower() if isinstance(value, bool) else str(value)


def find_nal_site(path: str) -> SiteCode | None:
    """The site that a NAL path names; None when it names none."""
    found = _NAL_SITE.search(path)
    return SiteCode(found[1]) if found else None
