"""``cmclient report list``."""

import argparse

from ..codes import DONE
from ..render import print_json, show
from .options import add_queue_options, open_queue

__all__ = ["HELP", "configure", "run"]

HELP = """\
Show what waits to be reported, since when, and what came of trying; and to whom reports go, or why nothing is
reported. Asks nobody and changes nothing.
"""

_SCHEMA = "cmclient.report-list/1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_queue_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look and print."""
    from ..reports import duration_text, queue_table, queued_document, reporting_document, reporting_line

    with open_queue(arguments) as (_, _, reporter):
        view = reporter.view()
    wait = view.wait if view.messages else None
    if arguments.format == "json":
        queued = [queued_document(one) for one in view.messages]
        document = reporting_document(reporter.reporting) | {"queued": queued, "next_try_seconds": wait}
        print_json({"schema": _SCHEMA, **document, "failures": view.failures})
        return DONE
    due = []
    if wait is not None and reporter.reporting.is_on:
        due = ["", f"Next try {'now' if not wait else f'in {duration_text(wait)}'}; 'cmclient report flush' tries now."]
    show([reporting_line(reporter.reporting), "", queue_table(view.messages), *due])
    return DONE
