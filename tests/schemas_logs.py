"""Schemas of documents about logs: those of a client, and our own."""

from schematypes import Schema, Types, listed, or_null, record, schema_field, text, whole

from cmclient.model.content import ContentLocations
from cmclient.model.errorcode import CodeFamily, ErrorCode
from cmclient.model.facts import NetworkFacts
from cmclient.model.logchecks import Finding, LogCheck
from cmclient.model.logrecord import ReadCounts
from cmclient.model.story import (
    EventKind,
    LogDecision,
    LogError,
    LogEvent,
    LoggedSource,
    LogStory,
    Mood,
    Quote,
)

__all__ = ["log", "log_code", "log_record"]


def log(types: Types) -> Schema:
    """What the logs of a client tell: its decisions, the rules that explain them, what went wrong."""
    return record(
        {
            "schema": schema_field("log"),
            "notes": types.field(LogStory, "notes"),
            "decisions": listed(types.define("Decision", _decision(types)), "What the client decided, in order."),
            "checks": listed(types.define("Check", _check(types)), "Decisions held against our own rules."),
            "events": listed(types.define("Event", _event(types)), "What happened, by time."),
            "errors": listed(types.define("Error", _error(types)), "What went wrong, the most frequent first."),
            "unread": listed(types.define("File", _file(types)), "Every file, with what of it could not be read."),
            "facts": _facts(types),
            "dropped": types.field(LogStory, "dropped"),
        }
    )


def _facts(types: Types) -> Schema:
    what = "What the logs say of the client; a whole document that `--facts` reads."
    return record({"schema": schema_field("facts")} | types.fields(NetworkFacts), what)


def _event(types: Types) -> Schema:
    time = "When, by the clock of the client, ISO 8601 without an offset; null when the log does not say."
    bias = "Minutes to be added to that for UTC; null when the log does not say."
    more = {
        "sources": listed(types.of(LoggedSource), "Sources that it names, in its order; left out where it names none."),
        "reply": types.of(ContentLocations) | {"description": "The whole answer to a content location request."},
    }
    always = {
        "kind": types.of(EventKind),
        "outcome": types.of(Mood),
        "time": or_null(text(time)),
        "bias_minutes": or_null(whole(bias)),
        "utc": or_null(text("The same in UTC; null when it cannot be told.")),
        "component": types.field(LogEvent, "component"),
        "said": types.field(LogEvent, "details"),
        "codes": types.field(LogEvent, "codes"),
        "times": types.field(LogEvent, "times"),
        **types.fields(Quote),
    }
    return record(always | more, "Something that happened.", optional=tuple(more))


def _decision(types: Types) -> Schema:
    return record(
        {
            **types.fields(LogDecision, "topic", "what"),
            "outcome": types.field(LogDecision, "mood"),
            **types.fields(LogDecision, "values", "rules", "why"),
            "order": types.field(LogDecision, "sources"),
            "quotes": types.field(LogDecision, "quotes"),
        },
        "A decision that the client made, and the rules that explain it.",
    )


def _check(types: Types) -> Schema:
    return record(
        {
            **types.fields(LogCheck, "decision", "topic"),
            **types.fields(Finding, "outcome", "client", "ours", "why", "missing", "rules"),
            **types.fields(Quote),
        },
        "A decision of the client, held against our own rules.",
    )


def _error(types: Types) -> Schema:
    return record(
        {
            **types.fields(LogError, "what", "severity", "component", "times", "codes"),
            "known": listed(
                types.define("Code", _code(types)), "What the codes mean; one that nobody knows is left out."
            ),
            **types.fields(LogError, "first", "last"),
        },
        "Something that went wrong, once for all records that say the same.",
    )


def _file(types: Types) -> Schema:
    problem = text("What kept it from being read; empty when nothing did.")
    return record({"file": text("Its name."), "problem": problem} | types.fields(ReadCounts), "A file.")


def _code(types: Types) -> Schema:
    return record(
        {
            "code": text("The code as it is usually written, with its name."),
            "family": types.of(CodeFamily),
            **types.fields(ErrorCode, "meaning", "causes", "rules", "source"),
        },
        "What an error code means.",
    )


def log_code(types: Types) -> Schema:
    """What an error code means."""
    return record(
        {
            "schema": schema_field("log-code"),
            "asked": text("The code, as it was given."),
            "known": listed(types.define("Code", _code(types)), "Its meanings; empty when nobody knows any."),
        }
    )


def log_record(types: Types) -> Schema:
    """A line on standard error with `--log-format json`. The page on logging names the events."""
    del types
    return record(
        {
            "time": text("When, in UTC, ISO 8601 with milliseconds."),
            "level": text("How important it is.", choices=("debug", "info", "warning", "error", "critical")),
            "logger": text("Name of the logger.", pattern=r"^cmclient(\.|$)"),
            "event": or_null(text("What kind of thing happened; null for a record without a kind.")),
            "message": text("What happened, in words."),
        }
    )
