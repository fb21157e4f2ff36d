"""``cmclient setup-line``: an action is a command of its own."""

__all__ = ["ACTIONS", "HELP"]

HELP = """\
Look at the line with which a client is installed.
"""

# Name: module in this package, and one line of help. Each module has ``HELP``, ``configure`` and ``run``.
ACTIONS: dict[str, tuple[str, str]] = {
    "check": ("check", "what each parameter and property means here, and everything that is wrong with the line"),
}
