"""What follows from a failure for whoever has more than one server to ask."""

from enum import Enum

__all__ = ["Disposition"]


class Disposition(Enum):
    """What to do after a failure, if there is something left to do."""

    SAME_ENDPOINT = "same-endpoint"
    """Ask the same server again later: it is there, and busy."""
    NEXT_ENDPOINT = "next-endpoint"
    """Ask the next server of the same role."""
    NEXT_SOURCE = "next-source"
    """Leave this kind of source and go on with the next kind."""
    GIVE_UP = "give-up"
    """Nobody else would answer differently."""
