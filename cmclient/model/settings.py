"""What only settings need: their own enums, and how a mistyped name is recognised."""

from collections.abc import Iterable
from enum import Enum

__all__ = ["PERSONAL_STORE", "ContactMode", "MeteredUse", "closest_name"]

PERSONAL_STORE = "MY"
"""What Windows calls the store of a person's or a machine's own certificates; files count as being in it."""


class ContactMode(Enum):
    """How management points that the rules call equal are contacted."""

    RACE = "race"
    SEQUENTIAL = "sequential"


class MeteredUse(Enum):
    """What a client may do on a metered connection (CF-023)."""

    ALLOW = "allow"
    LIMIT = "limit"
    BLOCK = "block"


def closest_name(name: str, known: Iterable[str]) -> str | None:
    """Find the name that was probably meant.

    Args:
        name: What was written.
        known: Every name that would have been right.

    Returns:
        The most similar one, compared without regard to case; None when nothing is similar.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - needed only once something is wrong

    folded = {one.casefold(): one for one in known}
    # The cut bounds the work: similarity takes time that grows with the square of the length.
    best = get_close_matches(name[:64].casefold(), folded, n=1)
    return folded[best[0]] if best else None
