"""The story of logs as JSON."""

from typing import Any

from ..model.errorcode import ErrorCode
from ..model.logchecks import LogCheck
from ..model.story import LogDecision, LogError, LogEvent, LoggedSource, LogStory, Quote, UnreadFile
from .document import to_json
from .saved import build_facts

__all__ = ["STORY_SCHEMA", "build_code", "build_story"]

STORY_SCHEMA = "cmclient.log/1"


def build_story(story: LogStory) -> dict[str, Any]:
    """Turn a story into a document; the ``decision`` of a check is a place in ``decisions``, from 0 on."""
    return {
        "schema": STORY_SCHEMA,
        "notes": list(story.notes),
        "decisions": [_decision(decision) for decision in story.decisions],
        "checks": [_check(check) for check in story.checks],
        "events": [_event(event) for event in story.events],
        "errors": [_error(error) for error in story.errors],
        "unread": [_file(file) for file in story.files],
        "facts": build_facts(story.facts),
        "dropped": story.dropped,
    }


def build_code(code: ErrorCode) -> dict[str, Any]:
    """Turn what a code means into a document."""
    return {
        "code": code.label,
        "family": code.family.value,
        "meaning": code.meaning,
        "causes": list(code.told_causes),
        "rules": list(code.rules),
        "source": code.source,
    }


def _event(event: LogEvent) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kind": event.kind.value,
        "outcome": event.mood.value,
        "time": None if event.when is None else event.when.local.isoformat(),
        "bias_minutes": None if event.when is None else event.when.bias,
        "utc": None if event.when is None or event.when.bias is None else f"{event.when.utc.isoformat()}Z",
        "component": event.component,
        "said": dict(event.details),
        "codes": list(event.codes),
        "times": event.times,
        **_quote(event.quote),
    }
    if event.sources:
        document["sources"] = [_source(source) for source in event.sources]
    if event.reply is not None:
        document["reply"] = to_json(event.reply)
    return document


def _decision(decision: LogDecision) -> dict[str, Any]:
    return {
        "topic": decision.topic.value,
        "what": decision.what,
        "outcome": decision.mood.value,
        "values": dict(decision.values),
        "rules": list(decision.rules),
        "why": decision.why,
        "order": [_source(source) for source in decision.sources],
        "quotes": [_quote(quote) for quote in decision.quotes],
    }


def _check(check: LogCheck) -> dict[str, Any]:
    finding = check.finding
    return {
        "decision": check.decision,
        "topic": check.topic.value,
        "outcome": finding.outcome.value,
        "client": list(finding.client),
        "ours": list(finding.ours),
        "why": finding.why,
        "missing": list(finding.missing),
        "rules": list(finding.rules),
        **_quote(check.quote),
    }


def _error(error: LogError) -> dict[str, Any]:
    return {
        "what": error.what,
        "severity": int(error.severity),
        "component": error.component,
        "times": error.times,
        "codes": list(error.codes),
        "known": [build_code(code) for code in error.known],
        "first": _quote(error.first),
        "last": _quote(error.last),
    }


def _file(file: UnreadFile) -> dict[str, Any]:
    return {"file": file.name, "problem": file.problem, **file.counts._asdict()}


def _source(source: LoggedSource) -> dict[str, Any]:
    return source._asdict()


def _quote(quote: Quote) -> dict[str, Any]:
    return {"file": quote.file, "line": quote.line, "text": quote.text}
