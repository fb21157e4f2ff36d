"""``cmclient locate``."""

import argparse

from ..errors import LocateError
from ..model.decision import Location
from .codes import DONE, code_of
from .options import add_facts, add_lab, add_settings
from .render import print_json, show

__all__ = ["HELP", "configure", "run"]

HELP = """\
Locate the management point that a client here would use, and say why it is that one and no other.

The sources are asked in the order of the rules and no further than they go; the chosen management point is really
asked for its list, which is then stored. Exit codes: 0 located, 3 none found, 4 none eligible, 5 none reachable,
6 trust refused.
"""

ROLES = ("mp",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--explain", action="store_true", help="print every rule that decided, as a tree")
    parser.add_argument("--offline", action="store_true", help="decide from the stored list; no network")
    parser.add_argument("--role", choices=ROLES, default="mp", help="the site system wanted (default: mp)")
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Locate and print."""
    from .progress import show_progress
    from .site import open_site

    with open_site(arguments, offline=arguments.offline) as locator, show_progress():
        try:
            location, error = locator.locate(), None
        except LocateError as failure:
            location, error = failure.location, failure
    _print(arguments, location, error)
    return DONE if error is None else code_of(error)


def _print(arguments: argparse.Namespace, location: Location, error: LocateError | None) -> None:
    if arguments.format == "json":
        from ..protocol.saved import build_location

        print_json(build_location(location, error))
        return
    from ..rules.explain import outline_decision
    from .views import attempts_table, location_items

    show(location_items(location, error))
    if arguments.explain:
        show(["", attempts_table(location.attempts), "", outline_decision(location.decision, location.chosen)])
