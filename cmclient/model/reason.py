"""Why something was decided."""

from typing import NamedTuple

__all__ = ["Reason"]


class Reason(NamedTuple):
    """One step of a judgement: the rule, and what it said here."""

    rule: str
    text: str
