"""``cmclient facts``."""

import argparse

from .codes import DONE
from .options import add_facts, add_lab, add_settings
from .render import print_json, show

__all__ = ["HELP", "configure", "run"]

HELP = """\
Show what this machine knows about itself, each fact with where it comes from.

With --format json the output can be saved and given to --facts on another machine.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--offline", action="store_true", help="ask no domain controller")
    parser.add_argument("--as-sent", action="store_true", help="as a location request would tell them to a site (XML)")
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Gather and print."""
    from .progress import show_progress
    from .site import open_site

    with open_site(arguments, offline=arguments.offline, writes=False) as locator, show_progress():
        facts = locator.gather()
    if arguments.as_sent:
        from ..protocol.clientinfo import build_client_info

        show([build_client_info(facts, assigned_site=facts.assigned_site)])
    elif arguments.format == "json":
        from ..protocol.saved import build_facts

        print_json(build_facts(facts))
    else:
        from .views import facts_items

        show(facts_items(facts))
    return DONE
