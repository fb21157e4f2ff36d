"""Schemas of documents about content: where it is, and how it was downloaded."""

from schemas_location import attempts, error_of
from schemas_reports import location_reports
from schematypes import (
    Schema,
    Types,
    described,
    flag,
    listed,
    number,
    one_of,
    or_null,
    record,
    schema_field,
    text,
    whole,
)

from cmclient.model.client_setup import SetupPlan
from cmclient.model.content import ContentLocations
from cmclient.model.decision import Policy
from cmclient.model.download import DownloadEvent, DownloadReport, EventKind, FileReport, SourceFailure
from cmclient.model.facts import NetworkFacts
from cmclient.model.reason import Reason
from cmclient.model.sources import ContentLocation, PlannedSource, SourcePlan, SourceTier

__all__ = ["content", "download"]

_URL = "^https?://"
_KINDS = tuple(tier.name.lower().replace("_", "-") for tier in SourceTier)
_ABOUT_FILE = {"address": "The source.", "file": "The file, by its name in the content."}


def _source(types: Types) -> dict[str, Schema]:
    return {
        "server": or_null(text("Its server; null for a local path, and for one that is not named.")),
        "tier": types.of(SourceTier),
        "kind": text("The same in a word.", choices=_KINDS),
        "addresses": listed(
            text("A URL, or a path."), "Where it has the content, in the order in which they are tried."
        ),
    }


def _reasons(types: Types, what: str) -> dict[str, Schema]:
    return {
        "rules": listed(text("Id of a rule."), "Ids of the rules, in order, each once."),
        "reason": text("What the decisive one says here."),
        "reasons": listed(types.of(Reason), what),
    }


def _plan(types: Types) -> dict[str, Schema]:
    ranked = record(
        _source(types)
        | types.fields(PlannedSource, "opens_after", "is_tie")
        | _reasons(types, "The rules that put it where it is, the decisive one first.")
        | {"usable_now": flag("Whether it may be used after `elapsed` seconds.")},
        "A source that may be used.",
    )
    rejected = record(
        _source(types) | _reasons(types, "The rules that reject it, the decisive one first."),
        "A source that may not be used.",
    )
    return {
        "order": types.field(SourcePlan, "order"),
        "elapsed": number("Seconds since the begin of the job for which this is told."),
        "first": or_null(text("The address that is tried first; null when no source may be used now.")),
        "ranked": listed(
            types.define("PlannedSource", ranked), "Sources that may be used, in the order in which they are turned to."
        ),
        "rejected": listed(types.define("RejectedSource", rejected), "All others, the nearest first."),
        **types.fields(SourcePlan, "ask_again", "seed", "catalogue"),
    }


def _unanswered(types: Types) -> dict[str, Schema]:
    """What both commands say when no management point said where the content is."""
    nothing = {"type": "array", "maxItems": 0}
    return {
        "ranked": described(nothing, "No source is known."),
        "rejected": described(nothing, "Likewise."),
        "attempts": attempts(types, "What happened when management points were asked, in order of start."),
        "facts": described(types.of(NetworkFacts), "What is known of the machine."),
        "error": error_of("Why no management point could be asked, or said where the content is."),
    }


def content(types: Types) -> Schema:
    """Where content is, and from where a client would fetch it.

    When no management point said so, `error` says why and less is there.
    """
    found = {
        "schema": schema_field("content"),
        "content": types.field(SourcePlan, "content"),
        **_plan(types),
        "lack": types.field(ContentLocation, "lack"),
        "notes": listed(text("A sentence."), "What a person should know besides; may be empty."),
        "asked_at": types.field(ContentLocation, "asked_at"),
        "management_point": text("The management point that answered.", pattern=_URL),
        "assigned_site": types.field(Policy, "assigned_site"),
        "boundary_groups": types.field(ContentLocations, "boundary_groups"),
        "hashes": types.field(ContentLocations, "hashes"),
        "attempts": attempts(types, "What happened when management points were asked for sources, in order of start."),
        "facts": described(types.of(NetworkFacts), "What is known of the machine."),
        "error": {"description": "Null: a management point answered.", "type": "null"},
    }
    lost = {
        "schema": schema_field("content"),
        **_unanswered(types),
        "reports": location_reports(types, "What was told to a fallback status point."),
    }
    return one_of([record(found, "A management point answered."), record(lost, "None did.")], "")


def _event(kind: EventKind) -> Schema:
    return {"description": "What the line tells.", "const": kind.value}


def _step(types: Types, kind: EventKind, what: str, *names: str, optional: tuple[str, ...] = ()) -> Schema:
    fields = {name: types.field(DownloadEvent, name) for name in names}
    fields |= {name: text(said) for name, said in _ABOUT_FILE.items() if name in names}
    every = {"event": _event(kind)} | fields | types.fields(DownloadEvent, "at")
    numbers = {"done": types.field(DownloadEvent, "done"), "files": types.field(DownloadEvent, "files")}
    return record(numbers | every, what, optional=(*optional,))


def _steps(types: Types) -> list[Schema]:
    kind = EventKind
    where = ("address", "file")
    return [
        _step(types, kind.SOURCE, "A source is turned to.", "address"),
        _step(types, kind.LISTED, "The list of files is known.", "total", optional=("total",)),
        _step(types, kind.RESUMED, "A file goes on where an earlier run or source ended.", *where, "total"),
        _step(
            types,
            kind.PROGRESS,
            "How far it is; once a second at most.",
            *(*where, "total", "speed", "seconds_left"),
            optional=("total", "speed", "seconds_left"),
        ),
        _step(types, kind.FILE, "A file is whole, and under its name.", *where, "total"),
        _step(
            types,
            kind.FAILURE,
            "A source did not give a file, or the list of files.",
            *(*where, "detail", "code", "seconds_left"),
            optional=("file", "seconds_left"),
        ),
        _step(types, kind.WAITING, "No source may be used for a while.", "seconds_left"),
    ]


def download(types: Types) -> Schema:
    """A line of a download. Each line has an `event`; that of the last one is `result`."""
    ends = [
        record(_result(types), "What came of it; the last line."),
        record(_lost(types), "No management point said where the content is; the last line."),
        record(
            {"event": {"description": "What the line tells.", "const": "plan"}} | _setup_plan(types),
            "Of `--client-package`: where the files of client setup are.",
        ),
        _reports_line(types),
    ]
    return one_of(_steps(types) + ends, "")


def _reports_line(types: Types) -> Schema:
    reports = location_reports(types, "What was told to a fallback status point; where there was something to tell.")
    event = {"event": {"description": "What the line tells.", "const": "reports"}}
    return reports | {"properties": event | reports["properties"], "required": ["event", *reports["required"]]}


def _setup_plan(types: Types) -> dict[str, Schema]:
    asked = "The management point that said so; null when none was asked, or none has the files."
    return {
        **_plan(types),
        "search": types.field(SetupPlan, "search"),
        "management_point": or_null(text(asked, pattern=_URL)),
        "attempts": attempts(types, "What happened when management points were asked, in order."),
        "notes": listed(text("A sentence."), "What a person should know besides; may be empty."),
    }


def _result(types: Types) -> dict[str, Schema]:
    file = {
        **types.fields(FileReport, "name", "size", "sha256"),
        "address": or_null(text("The source of its last byte; null when it was there before.")),
        **types.fields(FileReport, "fetched"),
    }
    failure = {
        "at": types.field(SourceFailure, "at"),
        "address": text("The source."),
        **types.fields(SourceFailure, "file", "code", "detail", "left", "hint"),
    }
    return {
        "schema": schema_field("download"),
        "event": {"description": "What the line tells.", "const": "result"},
        **types.fields(DownloadReport, "job", "destination"),
        "complete": flag("Whether every file is there."),
        "error": or_null(error_of("Why it is not complete; null when it is.")),
        "files": listed(types.define("FileReport", record(file, "A file that is there, whole.")), "Sorted by name."),
        "missing": types.field(DownloadReport, "missing"),
        "total": whole("Bytes of all files that are whole.", least=0),
        **types.fields(DownloadReport, "fetched", "requests"),
        "failures": listed(
            types.define("SourceFailure", record(failure, "What a source did in place of giving a file.")),
            "What went wrong on the way, in order.",
        ),
        **types.fields(DownloadReport, "seconds"),
    }


def _lost(types: Types) -> dict[str, Schema]:
    return {
        "schema": schema_field("download"),
        "event": {"description": "What the line tells.", "const": "result"},
        "complete": {"description": "Nothing was downloaded.", "const": False},
        **_unanswered(types),
    }
