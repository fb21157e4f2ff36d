"""``cmclient report send``."""

import argparse

from ..codes import DONE, FAILED
from ..render import print_json, show
from .options import add_queue_options, open_queue

__all__ = ["HELP", "configure", "run"]

HELP = """\
Put a state into the queue of this machine and try to send it. What cannot be sent now waits; 'report flush', the next
'locate' or the agent tries again. Parameters are cleaned: control characters, credentials in addresses and what is
longer than 255 characters are left out. Exit codes: 0 it is in the queue or was sent, 1 nothing is reported here.
"""

_SCHEMA = "cmclient.report-send/1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--topic", type=int, required=True, metavar="N", help="topic type, such as 800")
    parser.add_argument("--state", type=int, required=True, metavar="N", help="state id; 'report states' lists them")
    parser.add_argument("--param", action="append", default=[], metavar="TEXT", help="goes with the state; repeatable")
    parser.add_argument("--topic-id", metavar="GUID", help="the same for all states of one installation")
    add_queue_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Queue, send, print."""
    from ...model.http import Deadline
    from ...rules.states import require_state
    from ..reports import flush_document, flush_lines, queued_document, reporting_document, reporting_line

    require_state(arguments.topic, arguments.state)
    with open_queue(arguments) as (config, reporter):
        message = reporter.message(arguments.topic, arguments.state, arguments.param, arguments.topic_id)
        enqueued = reporter.enqueue(message)
        flush = reporter.flush(deadline=Deadline.after(config.deadline, reporter.monotonic))
    reporting, queued = reporter.reporting, enqueued.queued
    if arguments.format == "json":
        document = {"queued": None if queued is None else queued_document(queued), "joined": enqueued.joined}
        print_json({"schema": _SCHEMA, **reporting_document(reporting), **document, **flush_document(flush)})
    else:
        show([reporting_line(reporting)] if not reporting.is_on else list(flush_lines(flush, reporting)))
    return DONE if reporting.is_on else FAILED
