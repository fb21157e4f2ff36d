"""``cmclient boundaries``: an action is a command of its own."""

__all__ = ["ACTIONS", "HELP"]

HELP = """\
Work with the boundary data of a hierarchy: which boundaries and groups hold a machine, and which servers serve it.
Asks nobody.
"""

# Name: module in this package, and one line of help. Each module has ``HELP``, ``configure`` and ``run``.
ACTIONS: dict[str, tuple[str, str]] = {
    "match": ("match", "which boundaries and groups hold a machine, and which servers it gets, now and later"),
}
