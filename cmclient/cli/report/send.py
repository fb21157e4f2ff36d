"""``cmclient report send``."""

import argparse
from collections.abc import Sequence

from ..codes import DONE, FAILED
from ..render import print_json, show
from .options import add_queue_options, open_queue

__all__ = ["HELP", "configure", "run"]

HELP = """\
Put a state into the queue of this machine and try to send it. What cannot be sent now waits; 'report flush', the next
'locate' or the agent tries again. Parameters are cleaned: control characters, credentials in addresses and what is
longer than 255 characters are left out. Exit codes: 0 it is in the queue or was sent, 1 it is neither: nothing is
reported here, the queue is full of what is more urgent, or it is refused for good.
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
    from ..reports import (
        dropped_document,
        dropped_lines,
        flush_document,
        flush_lines,
        joined_lines,
        queued_document,
        reporting_document,
        reporting_line,
    )

    require_state(arguments.topic, arguments.state)
    with open_queue(arguments) as (config, run, reporter):
        message = reporter.message(arguments.topic, arguments.state, arguments.param, arguments.topic_id)
        enqueued = reporter.enqueue(message)
        flush = reporter.flush(deadline=Deadline.after(config.deadline, reporter.monotonic))
    reporting, queued = reporter.reporting, enqueued.queued
    cut = _find_cut(arguments.param, message.parameters)
    is_gone = queued is None or queued.serial in {one.queued.serial for one in flush.dropped}
    if arguments.format == "json":
        document = {
            "queued": None if queued is None else queued_document(queued),
            "joined": enqueued.joined,
            "cut": cut,
        }
        dropped = {"dropped": dropped_document((*enqueued.dropped, *flush.dropped))}
        print_json({"schema": _SCHEMA, **reporting_document(reporting), **document, **flush_document(flush), **dropped})
    elif not reporting.is_on:
        show([reporting_line(reporting)])
    else:
        sent = flush_lines(flush, reporting, lasts=run.lasts)
        lost = [f"{message} is neither queued nor sent."] if is_gone else []
        show([*cut, *dropped_lines(enqueued.dropped), *joined_lines([enqueued]), *sent, *lost])
    return FAILED if is_gone else DONE


def _find_cut(given: Sequence[str], kept: Sequence[str]) -> list[str]:
    """What of the parameters is not in the message, a sentence each."""
    changed = [
        f"Parameter {number} was cleaned or cut short."
        for number, (raw, clean) in enumerate(zip(given, kept, strict=False), 1)
        if raw != clean
    ]
    surplus = len(given) - len(kept)
    return [*changed, f"The last {surplus} of {len(given)} parameters were left out."] if surplus else changed
