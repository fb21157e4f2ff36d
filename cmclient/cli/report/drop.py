"""``cmclient report drop``."""

import argparse

from ...errors import ConfigError
from ..codes import DONE
from ..render import print_json, show
from .options import add_queue_options, open_queue

__all__ = ["HELP", "configure", "run"]

HELP = """\
Take messages out of the queue without sending them. Their numbers are those of 'report list'.
"""

_SCHEMA = "cmclient.report-drop/1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("serials", nargs="*", type=int, metavar="NUMBER", help="a message that waits")
    parser.add_argument("--all", action="store_true", help="everything that waits")
    add_queue_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Drop and print."""
    from ..reports import meaning_of, queued_document

    if bool(arguments.serials) == arguments.all:
        raise ConfigError(("give the numbers of messages, or --all",), hint="'cmclient report list' shows them")
    with open_queue(arguments, changes=True) as (_, _, reporter):
        waiting = {one.serial for one in reporter.view().messages}
        unknown = [serial for serial in arguments.serials if serial not in waiting]
        if unknown:
            fault = f"no message {', '.join(map(str, unknown))} waits, so nothing was dropped"
            raise ConfigError((fault,), hint="'cmclient report list' shows those that do")
        dropped = reporter.drop(None if arguments.all else arguments.serials)
    if arguments.format == "json":
        print_json({"schema": _SCHEMA, "dropped": [queued_document(one.queued) for one in dropped]})
    else:
        lines = [f"Dropped {one.queued.serial}: {one.queued.message} {meaning_of(one.queued)}" for one in dropped]
        show(lines or ["Nothing waits."])
    return DONE
