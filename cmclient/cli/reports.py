"""Reporting shown to a person and to a program: where it goes, what waits, what was sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import CmClientError
from ..model.decision import Location
from ..model.reports import DroppedMessage, Enqueued, FlushReport, QueuedMessage, Reporting
from .render import Table

if TYPE_CHECKING:
    from ..assemble import Run
    from ..config import ClientConfig
    from ..model.http import Deadline
    from ..report import StatusReporter
    from ..rules.setup_states import SetupTrouble

__all__ = [
    "LocationReports",
    "dropped_document",
    "dropped_lines",
    "duration_text",
    "flush_document",
    "flush_lines",
    "joined_lines",
    "location_document",
    "location_lines",
    "meaning_of",
    "queue_table",
    "queued_document",
    "report_location",
    "report_setup",
    "reporting_document",
    "reporting_line",
]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class LocationReports(NamedTuple):
    """What was reported after looking for a management point.

    Attributes:
        reporting: Whether anything is reported, and to whom.
        queued: What came of each state, in order.
        flush: What came of sending; None when nothing is reported.
        error: What kept the queue from being used; None when nothing did.
        lasts: Whether what waits outlives the command; not in a lab without a store of its own.
    """

    reporting: Reporting | None = None
    queued: tuple[Enqueued, ...] = ()
    flush: FlushReport | None = None
    error: CmClientError | None = None
    lasts: bool = True


def report_location(config: "ClientConfig", run: "Run", location: Location, deadline: "Deadline") -> LocationReports:
    """Report what is to be reported after looking for a management point, and try to send it by the same deadline.

    A what-if only says whether it would report. A queue that cannot be used is said and changes nothing else.
    """
    return _report(config, run, deadline, lambda reporter: reporter.report_location(location), location)


def report_setup(
    config: "ClientConfig",
    run: "Run",
    troubles: "Sequence[SetupTrouble]",
    deadline: "Deadline",
    *,
    location: Location | None = None,
) -> LocationReports:
    """Report that client setup did not get its files, likewise; without troubles nothing is reported.

    Args:
        config: The settings.
        run: How this run differs from them.
        troubles: What went wrong, in order.
        deadline: The end of sending.
        location: That no management point was located, where that ended it; it is reported first.
    """

    def enqueue(reporter: "StatusReporter") -> tuple[Enqueued, ...]:
        lost = () if location is None else reporter.report_location(location)
        return (*lost, *(reporter.report_setup(troubles) if troubles else ()))

    return _report(config, run, deadline, enqueue, location)


def _report(
    config: "ClientConfig",
    run: "Run",
    deadline: "Deadline",
    enqueue: "Callable[[StatusReporter], tuple[Enqueued, ...]]",
    location: Location | None,
) -> LocationReports:
    from ..assemble_report import find_reporting_here, open_reporter

    try:
        if location is not None and not (reporting := find_reporting_here(config, run, location)).is_on:
            return LocationReports(reporting)
        with open_reporter(config, run, location=location) as reporter:
            if not reporter.reporting.is_on:
                return LocationReports(reporter.reporting)
            queued = enqueue(reporter)
            flush = reporter.flush(deadline=deadline.within(config.attempt_timeout))
            return LocationReports(reporter.reporting, queued, flush, lasts=run.lasts)
    except CmClientError as error:
        return LocationReports(error=error)


# --- for a program --------------------------------------------------------------------------------------------------

# Where the queue could not be opened, nobody knows to whom anything would have been reported.
_UNKNOWN: dict[str, Any] = {"on": False, "fsp": None, "source": None, "where": None, "rule": "", "reason": ""}


def reporting_document(reporting: Reporting) -> dict[str, Any]:
    """Whether anything is reported, to whom and why."""
    point = reporting.point
    return {
        "on": reporting.is_on,
        "fsp": None if point is None else str(point.endpoint),
        "source": None if point is None else point.source.value,
        "where": None if point is None else point.detail,
        "rule": reporting.reason.rule,
        "reason": reporting.reason.text,
    }


def queued_document(one: QueuedMessage) -> dict[str, Any]:
    """A message."""
    message = one.message
    return {
        "serial": one.serial,
        "topic": message.topic,
        "state": message.state,
        "meaning": meaning_of(one),
        "topic_id": message.topic_id,
        "time": message.time.isoformat(timespec="seconds"),
        "parameters": list(message.parameters),
        "priority": int(message.priority),
        "age_seconds": round(one.age, 3),
        "attempts": one.attempts,
        "problem": one.problem,
        "times": one.times,
    }


def flush_document(flush: FlushReport) -> dict[str, Any]:
    """What came of sending."""
    return {
        "sent": [queued_document(one) for one in flush.sent],
        "left": flush.left,
        "dropped": dropped_document(flush.dropped),
        "code": flush.code,
        "problem": flush.problem,
        "next_try_seconds": None if flush.wait is None else round(flush.wait, 3),
    }


def dropped_document(dropped: Iterable[DroppedMessage]) -> list[dict[str, Any]]:
    """What left without being accepted, and why."""
    return [queued_document(one.queued) | {"cause": one.cause.value} for one in dropped]


def location_document(reports: LocationReports) -> dict[str, Any]:
    """What ``locate`` says under ``reports``."""
    document = _UNKNOWN if reports.reporting is None else reporting_document(reports.reporting)
    queued = [queued_document(one.queued) for one in reports.queued if one.queued is not None]
    document = document | {"queued": queued} | flush_document(reports.flush or FlushReport())
    early = [one for enqueued in reports.queued for one in enqueued.dropped]
    document["dropped"] = dropped_document(early) + document["dropped"]
    if reports.error is not None:
        document |= {"code": reports.error.code, "problem": reports.error.message}
    return document


# --- for a person ---------------------------------------------------------------------------------------------------


def meaning_of(one: QueuedMessage) -> str:
    """What a message says, in words."""
    from ..rules.states import STATES

    state = STATES.get((one.message.topic, one.message.state))
    return "" if state is None else state.meaning


def duration_text(seconds: float) -> str:
    """A time in its two largest units, such as ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def reporting_line(reporting: Reporting) -> str:
    """Whether anything is reported, to whom and why, in a line."""
    reason = reporting.reason
    why = f"{reason.text} ({reason.rule})" if reason.rule else reason.text
    if reporting.point is None:
        return f"Nothing is reported: {why}"
    return f"Reports go to {reporting.point.endpoint}: {why}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def queue_table(messages: Sequence[QueuedMessage]) -> Table:
    """What waits."""
    rows = tuple(
        (
            str(one.serial),
            str(one.message),
            meaning_of(one),
            duration_text(one.age) + (f", told {_times(one.times)}" if one.times > 1 else ""),
            _times(one.attempts) if one.attempts else "not yet",
            one.problem,
        )
        for one in messages
    )
    return Table("Waiting, in the order of sending", ("#", "state", "says", "waits for", "tried", "last time"), rows)


def dropped_lines(dropped: Iterable[DroppedMessage]) -> Iterator[str]:
    """What left without being accepted, a line each."""
    for one in dropped:
        yield f"Dropped ({one.cause.value}): {one.queued.message} {meaning_of(one.queued)}"


def joined_lines(enqueued: Iterable[Enqueued]) -> Iterator[str]:
    """What said the same as what waited already, a line each."""
    for one in enqueued:
        if one.joined and one.queued is not None:
            yield f"{one.queued.message} waits already, as number {one.queued.serial}: they are sent as one"


def flush_lines(flush: FlushReport, reporting: Reporting, *, lasts: bool = True) -> Iterator[str]:
    """What came of sending, in lines.

    Args:
        flush: What came of it.
        reporting: Whether anything is reported, and to whom.
        lasts: Whether what waits outlives the command.
    """
    where = "" if reporting.point is None else f" to {reporting.point.endpoint}"
    for one in flush.sent:
        yield f"Reported{where}: {one.message} {meaning_of(one)}"
    yield from dropped_lines(flush.dropped)
    if flush.left:
        yield f"{_left(flush.left, lasts=lasts)}{': ' if flush.problem else ''}{flush.problem}"
        if not lasts:
            yield "  the queue ends with this lab; with --store FILE it stays for the next try"
        elif flush.wait and reporting.is_on:
            yield f"  next try in {duration_text(flush.wait)}; 'cmclient report flush' tries now"
    elif flush.problem:
        yield f"Not all is well: {flush.problem}"


def _left(count: int, *, lasts: bool) -> str:
    if count == 1:
        return "1 message waits" if lasts else "1 message was not sent"
    return f"{count} messages {'wait' if lasts else 'were not sent'}"


def location_lines(reports: LocationReports, *, located: bool) -> Iterator[str]:
    """What ``locate`` says of reporting; nothing when there was nothing to report."""
    if reports.error is not None:
        yield f"Nothing was reported: {reports.error.message}"
        if reports.error.hint:
            yield f"  what next: {reports.error.hint}"
    elif reports.reporting is not None and reports.flush is None:
        if not located:
            yield reporting_line(reports.reporting)
    elif reports.reporting is not None and reports.flush is not None:
        yield from joined_lines(reports.queued)
        yield from flush_lines(reports.flush, reports.reporting, lasts=reports.lasts)
