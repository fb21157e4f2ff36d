"""A download as a person or a program follows it."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from ..errors import ContentNotObtainedError
from ..model.download import DownloadEvent, DownloadReport, EventKind
from .render import Table, printable, show

__all__ = ["DOWNLOAD_SCHEMA", "download_document", "print_report", "watch_download"]

DOWNLOAD_SCHEMA = "cmclient.download/1"

_EVERY = 1.0  # seconds between two lines that say how far it is
_FILE_WIDTH = 28
_MOST_SHOWN = 20  # files that are missing, of which names are shown


@contextmanager
def watch_download(form: str, job: str) -> "Iterator[Callable[[DownloadEvent], None] | None]":
    """What takes the events: JSON lines, a bar on a terminal, nothing elsewhere.

    Args:
        form: ``text`` or ``json``.
        job: What is downloaded.
    """
    try:
        if form == "json":
            yield _JsonLines().tell
        elif sys.stderr.isatty():
            with _Bar(job) as bar:
                yield bar.tell
        else:
            yield None
    except KeyboardInterrupt:
        print("what has come is kept: run it again to go on", file=sys.stderr)
        raise


class _JsonLines:
    """A line for each event; of those that say how far it is, one a second."""

    def __init__(self) -> None:
        self._last = -_EVERY

    def tell(self, event: DownloadEvent) -> None:
        """Print an event."""
        if event.kind is EventKind.PROGRESS:
            if event.at - self._last < _EVERY:
                return
            self._last = event.at
        told = {name: value for name, value in event._asdict().items() if name != "kind" and value not in ("", None)}
        print(json.dumps({"event": event.kind.value} | told | {"at": round(event.at, 3)}), flush=True)


class _Bar:
    """A bar for the whole job, and a line for each source that was left."""

    def __init__(self, job: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TextColumn("{task.fields[speed]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[place]}", markup=False),
            console=Console(stderr=True, highlight=False, markup=False),
            transient=True,
        )
        self._task = self._progress.add_task(printable(job), total=None, speed="", place="")

    def __enter__(self) -> Self:
        """Begin."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._progress.stop()

    def tell(self, event: DownloadEvent) -> None:
        """Show an event."""
        progress, task = self._progress, self._task
        match event.kind:
            case EventKind.SOURCE:
                progress.update(task, place=f"from {_host(event.address)}")
            case EventKind.LISTED:
                progress.update(task, total=event.total, completed=event.done)
            case EventKind.PROGRESS:
                name = event.file.rpartition("/")[2]
                place = f"{printable(name)[:_FILE_WIDTH]} from {_host(event.address)}"
                speed = "" if event.speed is None else f"{_bytes(event.speed)}/s"
                progress.update(task, total=event.total, completed=event.done, place=place, speed=speed)
            case EventKind.FAILURE:
                word = "asked again" if event.seconds_left == 0 else "left"
                progress.console.print(f"{word}: {printable(event.detail)}")
            case EventKind.WAITING:
                seconds = event.seconds_left or 0.0
                progress.update(task, place=f"no source for {seconds:.0f} s", speed="")
            case _:
                pass


def print_report(form: str, report: DownloadReport, error: ContentNotObtainedError | None) -> None:
    """Print what came of a download; in JSON one line, after those of the events."""
    if form == "json":
        print(json.dumps(download_document(report, error)))
        return
    if error is not None:
        print(f"cmclient: {printable(error.message)}", file=sys.stderr)
        if error.hint:
            print(f"  what next: {printable(error.hint)}", file=sys.stderr)
    show(_items(report))


def _items(report: DownloadReport) -> "Iterator[str | Table]":
    yield _headline(report)
    sources = Counter(str(file.address) if file.address else "there before" for file in report.files)
    if sources:
        rows = tuple((address, str(count)) for address, count in sources.most_common())
        yield ""
        yield Table("Sources", ("address", "files"), rows)
    if report.failures:
        failed = tuple(
            (f"{one.at:.1f} s", str(one.address), one.file, "left" if one.left else "asked again", one.detail)
            for one in report.failures
        )
        yield ""
        yield Table("Went wrong", ("at", "address", "file", "then", "what"), failed)
    for name in (report.missing or ())[:_MOST_SHOWN]:
        yield f"missing: {name}"


def _headline(report: DownloadReport) -> str:
    missing = "" if not report.missing else f", {len(report.missing)} files are missing"
    if report.missing != () and not report.files and not report.fetched:
        return f"{report.job}: nothing came into {report.destination}{missing}"
    seconds = max(report.seconds, 0.001)
    return (
        f"{report.job}: {len(report.files)} files with {_bytes(report.total)} in {report.destination}{missing};"
        f" {_bytes(report.fetched)} fetched in {report.seconds:.1f} s ({_bytes(report.fetched / seconds)}/s)"
    )


def download_document(report: DownloadReport, error: ContentNotObtainedError | None) -> dict[str, Any]:
    """A download as JSON."""
    return {
        "schema": DOWNLOAD_SCHEMA,
        "event": "result",
        "job": report.job,
        "destination": report.destination,
        "complete": error is None,
        "error": None if error is None else {"code": error.code, "message": error.message, "hint": error.hint},
        "files": [
            {
                "name": file.name,
                "size": file.size,
                "sha256": file.sha256,
                "address": None if file.address is None else str(file.address),
                "fetched": file.fetched,
            }
            for file in report.files
        ],
        "missing": None if report.missing is None else list(report.missing),
        "total": report.total,
        "fetched": report.fetched,
        "requests": report.requests,
        "failures": [
            {
                "at": round(one.at, 3),
                "address": str(one.address),
                "file": one.file,
                "code": one.code,
                "detail": one.detail,
                "left": one.left,
                "hint": one.hint,
            }
            for one in report.failures
        ],
        "seconds": round(report.seconds, 3),
    }


def _host(address: str) -> str:
    return printable(address.partition("://")[2].partition("/")[0] or address)


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":  # noqa: PLR2004 - units
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return ""
