"""``cmclient boundaries``: an action is a command of its own."""

__all__ = ["ACTIONS", "HELP"]

HELP = """\
Work with the boundary data of a hierarchy: which boundaries and groups hold a machine, and which servers serve it.
Asks nobody.
"""

# Name: module in this package, and one line of help. Each module has ``HELP``, ``configure`` and ``run``.
ACTIONS: dict[str, tuple[str, str]] = {
    "match": ("match", "which boundaries and groups hold a machine, and which servers it gets, now and later"),
    "plan": ("plan", "the same for very many machines at once, or what would change for them with other data"),
    "check": ("check", "what is wrong in boundary data: overlaps, gaps, groups and links without effect"),
    "show": ("show", "boundary groups with their boundaries, servers and relationships, as a tree or a picture"),
    "import": ("import_", "boundary data of a site (JSON, CSV, LDIF) as one TOML file for the other actions"),
}
