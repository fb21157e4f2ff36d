"""Why a wait ended."""

from enum import Enum

__all__ = ["Wake"]


class Wake(Enum):
    """Why a wait ended."""

    TIME = "time"
    """The time is up."""
    NETWORK = "network"
    """The machine's network connections changed."""
    STOP = "stop"
    """Somebody wants it to stop."""
    NUDGE = "nudge"
    """Somebody has something to say."""
