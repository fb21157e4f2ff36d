"""Which scans for software updates that came to nothing say something of the server that was scanned with."""

from ..errors import InvalidValueError
from ..model.decision import Reason
from ..model.rule import decides
from .codes import parse_code_number

__all__ = ["RETRY_CODES", "find_scan_excuse", "parse_scan_code"]

RETRY_CODES = frozenset(
    {
        0x80040693,
        0x8024001A,
        0x8024001E,
        0x80072EFD,
        0x80072EFE,
        *range(0x80244004, 0x8024400F),
        0x80244010,
        *range(0x80244015, 0x80244017),
        *range(0x80244018, 0x8024401B),
        *range(0x8024401C, 0x80244025),
        *range(0x80244026, 0x80244028),
        *range(0x8024402B, 0x8024402D),
        0x8024F004,
    }
)
"""Codes of the update agent after which a client scans again, and in time with another server."""


def parse_scan_code(code: int | str) -> int:
    """Read the code with which a scan ended, in any form in which the update agent and its logs write it.

    Raises:
        InvalidValueError: It is no number of 32 bits.
    """
    number = parse_code_number(str(code))
    if number is None:
        raise InvalidValueError("code of a scan", code, "it is written like 0x8024001A, 2149842970 or -2145124326")
    return number


@decides("SU-011", "SU-013")
def find_scan_excuse(code: int | None, *, cut_off: bool) -> Reason | None:
    """Why a scan that did not succeed is no failure of its server; None when it is one.

    Args:
        code: With what it ended, unsigned; None when nobody said: then it counts.
        cut_off: Whether the machine was switched off while it went on, whatever code came of that.
    """
    if cut_off:
        return Reason("SU-011", "the machine was switched off during the scan, which is no failure")
    if code is not None and code not in RETRY_CODES:
        return Reason("SU-013", f"0x{code:08X} is not among the codes after which a scan is tried again")
    return None
