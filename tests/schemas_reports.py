"""Schemas of documents about reporting to a fallback status point, and of what the agent says."""

from schematypes import Schema, Types, flag, listed, number, one_of, or_null, record, schema_field, text, whole

from cmclient.model.agent import AgentStatus
from cmclient.model.reports import DropCause, Enqueued, FallbackStatusPoint, QueuedMessage, QueueView
from cmclient.model.state import StateMessage
from cmclient.rules.states import State

__all__ = [
    "agent_event",
    "agent_status",
    "location_reports",
    "report_drop",
    "report_flush",
    "report_list",
    "report_send",
    "report_states",
]

_URL = "^https?://"
_NEXT = "Seconds until the next try to send is due; null when nothing waits."


def _reporting(types: Types) -> dict[str, Schema]:
    source = or_null(types.field(FallbackStatusPoint, "source"), "Who named it; null when nothing is reported.")
    return {
        "on": flag("Whether states are reported."),
        "fsp": or_null(text("The fallback status point; null when nothing is reported.", pattern=_URL)),
        "source": source,
        "where": or_null(text("Where it was named, for a person; null likewise.")),
        "rule": text("Id of the rule that says whether states are reported; may be empty."),
        "reason": text("What it says."),
    }


def _queued_fields(types: Types) -> dict[str, Schema]:
    return {
        **types.fields(QueuedMessage, "serial"),
        **types.fields(StateMessage, "topic", "state"),
        "meaning": text("What the state says, in words; empty for one that nobody knows."),
        "topic_id": text("What the topic is told apart by."),
        "time": text("When the state came about, ISO 8601, with its offset."),
        **types.fields(StateMessage, "parameters", "priority"),
        "age_seconds": number("For how long it has waited, by the queue's own clock."),
        **types.fields(QueuedMessage, "attempts", "problem", "times"),
    }


def _queued(types: Types) -> Schema:
    return types.define("QueuedMessage", record(_queued_fields(types), "A message that waits to be sent, or did."))


def _dropped(types: Types, what: str) -> Schema:
    one = record(_queued_fields(types) | {"cause": types.of(DropCause)}, "A message that left without being accepted.")
    return listed(types.define("DroppedMessage", one), what)


def _flushed(types: Types) -> dict[str, Schema]:
    return {
        "sent": listed(_queued(types), "What was accepted, in order."),
        "left": whole("How many still wait.", least=0),
        "dropped": _dropped(types, "What left without being accepted, and why."),
        "code": text("The code of the error that ended it, or a word of ours; empty when nothing is wrong."),
        "problem": text("What ended it, for a person; empty likewise."),
        "next_try_seconds": or_null(number(_NEXT)),
    }


def location_reports(types: Types, what: str) -> Schema:
    """What a command that locates says under ``reports``."""
    queued = {"queued": listed(_queued(types), "What was put into the queue.")}
    return record(_reporting(types) | queued | _flushed(types), what)


def agent_status(types: Types) -> Schema:
    """What the agent of a store does. All but the first two fields and `reports` are null where none ever ran."""
    fields = {name: or_null(schema) for name, schema in types.fields(AgentStatus).items()}
    reports = {
        "waiting": whole("How many messages wait to be reported.", least=0),
        "next_try_seconds": or_null(number(_NEXT)),
    }
    return record(
        {"schema": schema_field("agent-status"), "running": flag("Whether it runs now.")}
        | fields
        | {"reports": record(reports, "What waits for a fallback status point.")}
    )


def agent_event(types: Types) -> Schema:
    """What happened to the management point of the machine, a line each."""
    time = {"time": text("When, in UTC, ISO 8601.")}
    endpoint = text("The management point that is in use from now on.", pattern=_URL)
    why = {"rule": text("Id of the rule behind it; may be empty."), "reason": text("What it says.")}
    kinds = {
        "located": {"endpoint": endpoint},
        "rotated": {"left": text("The one that was left.", pattern=_URL), "endpoint": endpoint, **why},
        "unmanaged": why,
    }
    whats = {
        "located": "One was located.",
        "rotated": "Another one took its place.",
        "unmanaged": "There is none any more.",
    }
    return one_of(
        [record(time | {"event": {"description": whats[kind], "const": kind}} | kinds[kind]) for kind in kinds], ""
    )


def report_list(types: Types) -> Schema:
    """What waits to be reported, and to whom."""
    return record(
        {
            "schema": schema_field("report-list"),
            **_reporting(types),
            "queued": listed(_queued(types), "What waits, in the order in which it is sent."),
            "next_try_seconds": or_null(number(_NEXT)),
            "failures": types.field(QueueView, "failures"),
        }
    )


def report_flush(types: Types) -> Schema:
    """What came of sending what waits."""
    return record({"schema": schema_field("report-flush")} | _reporting(types) | _flushed(types))


def report_send(types: Types) -> Schema:
    """What came of reporting a state."""
    sent = {
        "queued": or_null(
            _queued(types), "The message; null when it does not wait: nothing is reported, or it was left."
        ),
        "joined": types.field(Enqueued, "joined"),
        "cut": listed(text("A sentence."), "What of the parameters is not in the message."),
    }
    return record({"schema": schema_field("report-send")} | _reporting(types) | sent | _flushed(types))


def report_drop(types: Types) -> Schema:
    """Messages that were taken out of the queue without being sent."""
    return record({"schema": schema_field("report-drop"), "dropped": listed(_queued(types), "What was taken out.")})


def report_states(types: Types) -> Schema:
    """Topics and states that can be reported."""
    one = {
        "topic": types.field(State, "topic"),
        "about": text("What the topic is about, in words."),
        "state": types.field(State, "id"),
        "meaning": types.field(State, "meaning"),
        "priority": types.field(StateMessage, "priority"),
        "source": types.field(State, "source"),
    }
    known = types.define("State", record(one, "A state that can be reported."))
    return record({"schema": schema_field("report-states"), "states": listed(known, "By topic, then state id.")})
