"""``cmclient report flush``."""

import argparse

from ..codes import DONE, FAILED, MESSAGES_LEFT
from ..render import print_json, show
from .options import add_queue_options, open_queue

__all__ = ["HELP", "configure", "run"]

HELP = """\
Send what waits now, in order, whether the next try is due or not.
Exit codes: 0 nothing waits any more, 1 the queue cannot be used, 8 messages still wait.
"""

_SCHEMA = "cmclient.report-flush/1"
_STORE_CODES = frozenset({"store", "store-damaged"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_queue_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Send and print."""
    from ...model.http import Deadline
    from ..reports import flush_document, flush_lines, reporting_document, reporting_line

    with open_queue(arguments) as (config, run, reporter):
        flush = reporter.flush(deadline=Deadline.after(config.deadline, reporter.monotonic), force=True)
    reporting = reporter.reporting
    if arguments.format == "json":
        print_json({"schema": _SCHEMA, **reporting_document(reporting), **flush_document(flush)})
    else:
        lines = list(flush_lines(flush, reporting, lasts=run.lasts))
        show([] if reporting.is_on else [reporting_line(reporting)])
        show(lines or ["Nothing waits."])
    if flush.code in _STORE_CODES:
        return FAILED
    return MESSAGES_LEFT if flush.left else DONE
