"""``cmclient config show``."""

import argparse

from .codes import DONE
from .options import add_settings, read_settings
from .render import Table, print_json, show

__all__ = ["HELP", "configure", "run"]

HELP = """\
Show every setting. Later layers win: defaults, machine file, user file, --config or CMCLIENT_CONFIG, setup line,
CMCLIENT_* variables, options. Secrets are masked.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("action", nargs="?", choices=("show",), default="show", help="print the settings")
    parser.add_argument("--origins", action="store_true", help="say where each value comes from")
    parser.add_argument("--changed", action="store_true", help="only those that are not the default")
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the settings."""
    from ..assemble import config_files
    from ..config import show_config

    rows = show_config(read_settings(arguments))
    if arguments.changed:
        rows = tuple(row for row in rows if row[2] != "default")
    if arguments.format == "json":
        print_json({name: {"value": value, "origin": origin} for name, value, origin in rows})
        return DONE
    if arguments.origins:
        show([Table("Settings", ("setting", "value", "where from"), rows)])
        show([f"{what}: {path}" + ("" if path.exists() else " (not there)") for what, path in config_files()])
    elif rows:
        show(f"{name} = {value}" for name, value, _ in rows)
    else:
        show(["every setting is at its default"])
    return DONE
