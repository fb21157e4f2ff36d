"""The JSON documents that commands print, and the schema of each; ``python tests/docpages.py`` writes them.

What is printed from values of the model is described by their types and docstrings. What a command puts together by
itself is described here and in the modules beside this one; tests hold real output against it.
"""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

import schemas_boundaries
import schemas_content
import schemas_location
import schemas_logs
import schemas_reports
import schemas_tools
from schematypes import Schema, Types

__all__ = ["DOCUMENTS", "DRAFT", "NO_JSON", "Document", "index_page", "schema_text"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"


class Document(NamedTuple):
    """A document.

    Attributes:
        make: Makes its schema; the first line of the docstring is the title, the rest the description.
        commands: The commands that print it.
        is_line: Whether a command prints several, a line each.
    """

    make: Callable[[Types], Schema]
    commands: tuple[str, ...]
    is_line: bool = False


DOCUMENTS: dict[str, Document] = {
    "location": Document(schemas_location.location, ("locate",)),
    "role-location": Document(schemas_location.role_location, ("locate --role ROLE",)),
    "discovery": Document(schemas_location.discovery, ("discover",)),
    "facts": Document(schemas_location.facts, ("facts",)),
    "replay": Document(schemas_location.replay, ("replay",)),
    "assignment": Document(schemas_location.assignment, ("assign",)),
    "content": Document(schemas_content.content, ("content",)),
    "download": Document(schemas_content.download, ("fetch", "fetch --client-package"), is_line=True),
    "boundaries": Document(schemas_boundaries.boundaries, ("boundaries match",)),
    "boundary-findings": Document(schemas_boundaries.boundary_findings, ("boundaries check",)),
    "boundary-groups": Document(schemas_boundaries.boundary_groups, ("boundaries show",)),
    "boundaries-import": Document(schemas_boundaries.boundaries_import, ("boundaries import",)),
    "plan": Document(schemas_boundaries.plan, ("boundaries plan", "boundaries plan --compare"), is_line=True),
    "certificates": Document(schemas_tools.certificates, ("cert list",)),
    "doctor": Document(schemas_tools.doctor, ("doctor",)),
    "setup-line": Document(schemas_tools.setup_line, ("setup-line check",)),
    "config": Document(schemas_tools.config, ("config show",)),
    "rules": Document(schemas_tools.rules, ("rules",)),
    "log": Document(schemas_logs.log, ("log",)),
    "log-code": Document(schemas_logs.log_code, ("log --code",)),
    "log-record": Document(schemas_logs.log_record, ("--log-format json",), is_line=True),
    "error": Document(schemas_tools.error, ()),
    "agent-status": Document(schemas_reports.agent_status, ("agent status", "agent", "agent --once")),
    "agent-event": Document(schemas_reports.agent_event, ("agent", "agent --once"), is_line=True),
    "report-list": Document(schemas_reports.report_list, ("report list",)),
    "report-flush": Document(schemas_reports.report_flush, ("report flush",)),
    "report-send": Document(schemas_reports.report_send, ("report send",)),
    "report-drop": Document(schemas_reports.report_drop, ("report drop",)),
    "report-states": Document(schemas_reports.report_states, ("report states",)),
}

_REFERENCE = re.compile(r'"#/\$defs/(\w+)"')

# Commands that print text whatever --format says: there is nothing in it for a program.
NO_JSON = ("lab",)


def schema_text(name: str) -> str:
    """A schema, as it is published."""
    return json.dumps(build_schema(name), indent=2, ensure_ascii=False) + "\n"


def build_schema(name: str) -> Schema:
    """A schema with everything that it refers to."""
    make, types = DOCUMENTS[name].make, Types()
    title, _, more = " ".join((make.__doc__ or "").split()).partition(". ")
    made = make(types)
    made.pop("description", None)
    head: Schema = {"$schema": DRAFT, "$id": f"{name}.json", "title": title.rstrip(".")}
    if more:
        head["description"] = more
    needed = _find_needed(made, types.definitions)
    return head | made | ({"$defs": {one: types.definitions[one] for one in needed}} if needed else {})


def _find_needed(schema: Schema, definitions: dict[str, Schema]) -> list[str]:
    """The definitions that a schema refers to, also by way of others, sorted."""
    needed: set[str] = set()
    left = [schema]
    while left:
        found = set(_REFERENCE.findall(json.dumps(left.pop()))) - needed
        needed |= found
        left += [definitions[one] for one in found]
    return sorted(needed)


_INDEX = """\
# JSON documents

{made}

Every command takes `--format json`. What it prints then is described by a JSON schema (draft 2020-12), which the tests
hold against real output. The file of a schema is named after what the document says of itself: `cmclient.location/1` is
`location.json`. All schemas are in the folder `docs/schema` of the source.

| Command | Document | What it is |
| --- | --- | --- |
{rows}

`lab` prints text whatever `--format` says.

## Lines

Most commands print one document. `fetch`, `boundaries plan` and `agent` print one object on each line, as things
happen; a line may be read as soon as it is there. The last line of `fetch` has the event `result`, the last line of
`boundaries plan` the counts, the last line of `agent` the document `cmclient.agent-status/1`.

## When something fails

Look at the [exit code](../cli.md) first, then at `error`: it has the `code` of the [error](../errors.md), what
happened, and what to do next. A failure that is an answer is in the document of the command, with everything that was
tried. A command that could not do its work at all (settings that contradict each other, a file that is not there)
prints the document `cmclient.error/1` in place of its own, or as its last line. The same stands on standard error, as
text.

Nothing is printed where options cannot be read or name what there is not (exit code 2, with words on standard error),
when a person interrupts (130), and for a bug of cmclient (70).

## What is promised

- A document says which it is: `schema` is `cmclient.NAME/NUMBER`. The number rises when a field is taken away, gets
  another name, or means something else. Documents without `schema` (`config show`, `rules`, and the lines that are not
  the last one) change by the same rules; the [changelog](../changelog.md) says when.
- Without a new number, fields may be added, and words to a closed set (`enum`). The schemas of a release list all
  that it prints and let nothing else through, so that a mistake shows: hold a document against the schemas of the
  release that printed it. A program that only reads should pass over fields and words that it does not know.
- A field is always there unless its schema leaves it out of `required`; what is not known is `null`, an empty text or
  an empty list, as its description says.
- Sentences (`text`, `what`, `reason`, `detail`, `hint`, `message`, `notes` and the like) are for people and change at
  any time. Codes, rule ids and the words of closed sets are for programs.
- Times are in UTC, ISO 8601; durations are in seconds unless the name says `minutes`.
- Secrets are masked in every document.
- `facts` is read by `--facts`, and `location` by `replay`: there, fields that are not given have their defaults, and
  a field that is not known is an error.
"""


def index_page(made: str) -> str:
    """The page that names every document.

    Args:
        made: What says that the page is made.
    """
    rows = [
        f"| {_name_commands(document)} | [{name}]({name}.json) | {build_schema(name)['title']} |"
        for name, document in DOCUMENTS.items()
    ]
    return _INDEX.format(made=made, rows="\n".join(rows))


def _name_commands(document: Document) -> str:
    return ", ".join(f"`{command}`" for command in document.commands) or "any that cannot do its work"
