"""How ``fetch`` ends: what came of it, and what of that was reported."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import LocateError
from .render import show

if TYPE_CHECKING:
    from .reports import LocationReports

__all__ = ["is_news", "print_end", "tell_lost"]


def print_end(form: str, told: "LocationReports | None", print_result: Callable[[], object]) -> None:
    """Print the result and what was reported; in JSON the result is the last line.

    Args:
        form: ``text`` or ``json``.
        told: What was reported; None for nothing to say of it.
        print_result: Prints the result.
    """
    from .reports import location_document, location_lines

    if form != "json":
        print_result()
        if told is not None and (lines := list(location_lines(told, located=False))):
            show(["", *lines])
        return
    if told is not None:
        print(json.dumps({"event": "reports"} | location_document(told)), flush=True)
    print_result()


def tell_lost(form: str, error: LocateError) -> None:
    """Print that no management point was located that could say where the files are.

    Args:
        form: ``text`` or ``json``.
        error: What was tried, and why it failed.
    """
    from .contentviews import failure_document, failure_items
    from .fetchviews import DOWNLOAD_SCHEMA

    if form == "json":
        head = {"schema": DOWNLOAD_SCHEMA, "event": "result", "complete": False}
        print(json.dumps(failure_document(error) | head))
    else:
        show(failure_items(error))


def is_news(told: "LocationReports") -> bool:
    """Whether anything was reported, waits or failed: a download that needed none of it says nothing of reports.

    Args:
        told: What was reported.
    """
    flush = told.flush
    return bool(told.queued or told.error or (flush is not None and (flush.sent or flush.left or flush.problem)))
