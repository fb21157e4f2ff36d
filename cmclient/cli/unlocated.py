"""The end of a command that needs a management point and found none: reported as ``locate`` does, and said."""

import argparse
from typing import TYPE_CHECKING

from ..errors import LocateError
from .codes import code_of

if TYPE_CHECKING:
    from ..assemble import Run
    from ..config import ClientConfig

__all__ = ["end_unlocated"]


def end_unlocated(arguments: argparse.Namespace, config: "ClientConfig", run: "Run", error: LocateError) -> int:
    """Tell the fallback status point, if there is one; print what was tried.

    Args:
        arguments: Of the command.
        config: The settings.
        run: How this run differs from them.
        error: Why there is none; holds what was tried.

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
        print_json(failure_document(error) | {"reports": location_document(reports)})
        return code_of(error)
    show(failure_items(error))
    if told := list(location_lines(reports, located=False)):
        show(["", *told])
    return code_of(error)
