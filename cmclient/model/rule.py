"""How code says which rule of the catalogue it decides.

A rule id stands in the code only where that rule decides: as the argument of ``decides`` on the function that is
the rule, or as the id in a ``Reason``, ``Unreadable`` or ``SourceReport``. ``cmclient rules`` finds them there.
"""

from collections.abc import Callable
from typing import TypeVar

__all__ = ["decides"]

_T = TypeVar("_T")


def decides(*rules: str) -> Callable[[_T], _T]:
    """Mark the function or class that is these rules; it is left as it was."""
    del rules
    return lambda marked: marked
