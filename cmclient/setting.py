"""What a setting is."""

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Setting"]


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: Key in a file; the option has hyphens instead of underscores, the variable is ``CMCLIENT_`` and the name
            in upper case.
        kind: What it takes, in words.
        default: What counts when nobody says anything.
        unit: Unit of a number; empty for everything else.
        meaning: What it is for, in one line.
        parse: Checks a value; raises InvalidValueError. A setting whose default is None also takes None.
    """

    name: str
    kind: str
    default: object
    unit: str
    meaning: str
    parse: Callable[[object], object]
