"""``cmclient fetch --client-package``."""

import argparse
import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ..errors import ContentNotObtainedError, HashMismatchError, LocateError, TargetError
from ..rules.setup_states import SetupTrouble
from .codes import DONE, code_of

if TYPE_CHECKING:
    from ..assemble import Run
    from ..assemble_fetch import SetupFetcher
    from ..config import ClientConfig
    from ..model.client_setup import SetupLocation
    from ..model.decision import Location
    from ..model.download import DownloadReport, SourceFailure
    from ..model.http import Deadline
    from ..rules.explain import Outline
    from .render import Table
    from .reports import LocationReports

__all__ = ["run_client_package"]

_JOB = "client setup"
_WRONG = (
    "A file that is not what the manifest says ends client setup (return code 10). Look which source has an old copy."
)


def run_client_package(arguments: argparse.Namespace) -> int:
    """Download the files of client setup and print."""
    from time import monotonic

    from ..assemble_fetch import open_setup_fetcher
    from ..model.http import Deadline
    from .fetchends import print_end, tell_lost
    from .fetchviews import print_report
    from .progress import show_progress
    from .site import open_settings

    with open_settings(arguments) as (config, run):
        seconds = config.deadline if arguments.deadline is not None else config.setup_timeout
        deadline = Deadline.after(seconds, monotonic)
        with open_setup_fetcher(config, run, waits=not arguments.no_wait) as fetcher:
            try:
                with show_progress() if arguments.format == "text" else nullcontext():
                    fetcher.locator.plan(0.0, deadline)
            except LocateError as error:
                lost = error
                reports = _report(config, run, [SetupTrouble(error.code)], error.location)
                print_end(arguments.format, reports, lambda: tell_lost(arguments.format, lost))
                return code_of(error)
            if (found := fetcher.locator.latest) is not None:
                _tell_plan(arguments, found)
            try:
                report, missed = _fetch(arguments, fetcher, deadline)
            except (HashMismatchError, TargetError) as error:
                source, file = getattr(error, "source", ""), getattr(error, "file", "")
                print_end(
                    arguments.format, _report(config, run, [SetupTrouble(error.code, source, file)]), lambda: None
                )
                raise
        told = None if missed is None else _report(config, run, _troubles_of(missed))
        print_end(arguments.format, told, lambda: print_report(arguments.format, report, missed))
    return DONE if missed is None else code_of(missed)


def _troubles_of(missed: ContentNotObtainedError) -> "list[SetupTrouble]":
    """What went wrong for good: the failures for which a source was left, else the end of it all."""
    failures: tuple[SourceFailure, ...] = missed.report.failures
    left = [SetupTrouble(one.code, str(one.address), one.file) for one in failures if one.left]
    return left or [SetupTrouble(missed.code)]


def _report(
    config: "ClientConfig", run: "Run", troubles: list[SetupTrouble], location: "Location | None" = None
) -> "LocationReports":
    """Tell the fallback status point, if there is one, that client setup has no files."""
    from time import monotonic

    from ..model.http import Deadline
    from .reports import report_setup

    deadline = Deadline.after(config.attempt_timeout, monotonic)
    return report_setup(config, run, troubles, deadline, location=location)


def _fetch(
    arguments: argparse.Namespace, fetcher: "SetupFetcher", deadline: "Deadline"
) -> "tuple[DownloadReport, ContentNotObtainedError | None]":
    """Download, and say what came of it."""
    from ..model.download import DownloadRequest
    from ..setup_files import SetupFiles
    from .fetchviews import watch_download

    with watch_download(arguments.format, _JOB) as watch:
        try:
            report = fetcher.downloader.fetch(
                DownloadRequest(_JOB, is_strict=True),
                arguments.client_package,
                fetcher.locator,
                lister=SetupFiles(arguments.platform).lister,
                deadline=deadline,
                watch=watch,
            )
        except ContentNotObtainedError as error:
            return error.report, error
        except HashMismatchError as error:
            error.hint = error.hint or _WRONG
            raise
    return report, None


def _tell_plan(arguments: argparse.Namespace, found: "SetupLocation") -> None:
    from .render import show

    if arguments.format == "json":
        print(json.dumps({"event": "plan"} | _document(found)), flush=True)
    else:
        show(_items(found, explain=arguments.explain))


def _items(found: "SetupLocation", *, explain: bool) -> "Iterator[str | Table | Outline]":
    from .planviews import plan_items, plan_outline, where_first
    from .views import attempts_table

    plan = found.plan
    first = f"first {where_first(plan.ranked[0])}" if plan.ranked else "none"
    sources = "1 source" if len(plan.ranked) == 1 else f"{len(plan.ranked)} sources"
    yield f"Files of client setup: {sources}, {first}; {_asked(found)}"
    for note in (*found.notes, *plan.notes):
        yield f"  {note.text} ({note.rule})"
    if explain:
        yield ""
        yield from plan_items(plan, 0.0)
        yield ""
        yield attempts_table(found.attempts)
        for part in plan_outline(plan):
            yield ""
            yield part


def _asked(found: "SetupLocation") -> str:
    if found.point is not None:
        return f"asked {found.point}"
    if found.attempts or found.location is not None:
        return "no management point that has them was found"
    return "nobody was asked"


def _document(found: "SetupLocation") -> dict[str, Any]:
    from ..protocol.document import to_json
    from .planviews import plan_document

    return {
        **plan_document(found.plan, 0.0),
        "search": found.search.search.value,
        "management_point": None if found.point is None else str(found.point),
        "attempts": [to_json(one) | {"endpoint": str(one.endpoint)} for one in found.attempts],
        "notes": [f"{one.text} ({one.rule})" for one in (*found.notes, *found.plan.notes)],
    }
