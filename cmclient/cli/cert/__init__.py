"""``cmclient cert``: an action is a command of its own."""

__all__ = ["ACTIONS", "HELP"]

HELP = """\
Work with the certificates with which a client here proves who it is.
"""

# Name: module in this package, and one line of help. Each module has ``HELP``, ``configure`` and ``run``.
ACTIONS: dict[str, tuple[str, str]] = {
    "list": ("list_", "which client certificates there are, which one is used, and why not the others"),
}
