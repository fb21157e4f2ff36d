"""``cmclient report``: an action is a command of its own."""

__all__ = ["ACTIONS", "HELP"]

HELP = """\
State messages for a fallback status point: what waits to be sent, and why; send, drop, look up what there is to say.
They go over plain HTTP: nothing secret is ever in them.
"""

# Name: module in this package, and one line of help. Each module has ``HELP``, ``configure`` and ``run``.
ACTIONS: dict[str, tuple[str, str]] = {
    "send": ("send", "put a state into the queue and try to send it"),
    "list": ("list_", "what waits, since when and why, and who it is for"),
    "flush": ("flush", "send what waits now"),
    "drop": ("drop", "take messages out of the queue without sending them"),
    "states": ("states", "every topic and state that can be reported"),
}
