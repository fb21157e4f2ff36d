"""What an agent does, as lines and as a document."""

from collections.abc import Iterator
from typing import Any

from ..model.agent import AgentStatus
from ..model.decision import Purpose
from ..model.reports import QueueView
from ..protocol.document import to_json
from .reports import duration_text

__all__ = ["STATUS_SCHEMA", "status_document", "status_items"]

STATUS_SCHEMA = "cmclient.agent-status/1"


def status_document(status: AgentStatus | None, waiting: QueueView, *, running: bool) -> dict[str, Any]:
    """A document that holds a status; its fields are null where no agent ever ran.

    Args:
        status: What the agent said last.
        waiting: What waits to be reported.
        running: Whether it runs.
    """
    fields = dict.fromkeys(AgentStatus._fields) if status is None else to_json(status)
    wait = round(waiting.wait, 3) if waiting.messages else None
    reports = {"waiting": len(waiting.messages), "next_try_seconds": wait}
    return {"schema": STATUS_SCHEMA, "running": running, **fields, "reports": reports}


def status_items(status: AgentStatus | None, waiting: QueueView, *, running: bool) -> list[str]:
    """A status for a person."""
    lines = ["Agent: none has run with this store"] if status is None else list(_lines(status, running=running))
    return [*lines, *_report_lines(waiting, running=running)]


def _report_lines(waiting: QueueView, *, running: bool) -> Iterator[str]:
    if waiting.messages:
        when = f"next try in {duration_text(waiting.wait)}" if waiting.wait else "next try at once"
        yield f"Reports that wait: {len(waiting.messages)}; {when}{'' if running else ', by whoever runs then'}"
        if waiting.messages[0].problem:
            yield f"  last time: {waiting.messages[0].problem}"


def _lines(status: AgentStatus, *, running: bool) -> Iterator[str]:
    if running:
        yield f"Agent: running since {status.started} (process {status.pid})"
    elif status.stopped:
        yield f"Agent: not running; it ended at {status.updated}"
    else:
        yield f"Agent: not running; process {status.pid} ended without a word, after {status.updated}"
    yield from _management_point(status)
    yield from _servers(status)
    yield f"Assigned site: {status.assigned_site or 'none, or not known'}"
    yield f"Network location: {status.network_location.value}"
    if running and status.doing is not None:
        yield f"Now: {status.doing.value}"
    if running and status.upcoming is not None:
        yield f"Next: {status.upcoming.errand.value} at {status.upcoming.at} ({status.upcoming.why})"
    if status.last_error:
        yield f"Last error: {status.last_error} ({status.last_error_at})"


def _servers(status: AgentStatus) -> Iterator[str]:
    """Who is for what, where that is not one and the same."""
    assigned = next((one.host for one in status.servers if one.purpose is Purpose.REGISTRATION), None)
    if assigned is not None:
        yield f"Assigned management point: {assigned} (registration and certain policy messages)"


def _management_point(status: AgentStatus) -> Iterator[str]:
    if status.endpoint is None:
        yield "Management point: none yet"
        return
    yield f"Management point: {status.endpoint} ({status.phase.value}, since {status.held_since})"
    yield f"  answered: {status.answered_at or 'not yet'}; located: {status.located_at or 'not yet'}"
    yield f"  failures that count: {status.failures} of 5"
    if status.left:
        yield f"  left until the next refresh: {', '.join(map(str, status.left))}"
