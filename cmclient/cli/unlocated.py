"""The end of a command that needs a management point and found none: reported as ``locate`` does, and said."""

import argparse
import json
from typing import TYPE_CHECKING

from ..errors import LocateError
from .codes import code_of

if TYPE_CHECKING:
    from ..assemble import Run
    from ..config import ClientConfig

__all__ = ["end_unlocated"]


def end_unlocated(
    arguments: argparse.Namespace, config: "ClientConfig", run: "Run", error: LocateError, *, is_event: bool
) -> int:
    """Tell the fallback status point, if there is one; print what was tried.

    Args:
        arguments: Of the command.
        config: The settings.
        run: How this run differs from them.
        error: Why there is none; holds what was tried.
        is_event: Whether JSON is a line each, of which the result is the last; else it is one document.

    Returns:
        The exit code.
    """
    from time import monotonic

    from ..model.http import Deadline
    from .contentviews import failure_document, failure_items
    from .render import print_json, show
    from .reports import location_document, location_lines, report_location

    reports = report_location(config, run, error.location, Deadline.after(config.attempt_timeout, monotonic))
    if arguments.format == "json":
        document = failure_document(error) | {"reports": location_document(reports)}
        if is_event:
            print(json.dumps({"event": "result", "complete": False} | document), flush=True)
        else:
            print_json(document)
        return code_of(error)
    show(failure_items(error))
    if told := list(location_lines(reports, located=False)):
        show(["", *told])
    return code_of(error)
