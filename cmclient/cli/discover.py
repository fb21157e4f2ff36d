"""``cmclient discover``."""

import argparse

from .codes import DONE, NONE_FOUND
from .options import add_facts, add_lab, add_settings
from .render import print_json, show

__all__ = ["HELP", "configure", "run"]

HELP = """\
Ask every source of management points that the rules allow this client, also those that 'locate' would not come to,
and show everything that they name. The last source is the list of the best management point that answers. Nothing is
stored. Exit code 3 when no source names any.
"""

_NAME_ONE = (
    "name one with --mp, or give --site-code and --dns-suffix, by which DNS is asked; why each is silent is below"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Discover and print."""
    from .progress import show_progress
    from .site import open_site

    with open_site(arguments, writes=False) as locator, show_progress():
        report = locator.discover()
    if arguments.format == "json":
        from ..protocol.saved import build_discovery

        print_json(build_discovery(report.decision, report.sources, report.attempts))
    else:
        from .views import discovery_items

        if not report.decision.candidates:
            show(["No source names a management point", f"  what next: {_NAME_ONE}", ""])
        show(discovery_items(report.decision, report.sources, report.attempts))
    return DONE if report.decision.candidates else NONE_FOUND
