"""Why something was decided."""

from typing import NamedTuple

__all__ = ["Reason"]


class Reason(NamedTuple):
    """One step of a judgement.

    Attributes:
        rule: Id of the rule, such as ``MP-003``; empty where no rule of the catalogue says it.
        text: What it says here.
    """

    rule: str
    text: str
