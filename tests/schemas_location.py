"""Schemas of documents about locating: management points, other roles, the assigned site, the facts of a machine."""

from typing import Any

from schemas_reports import location_reports
from schematypes import Schema, Types, described, flag, listed, or_null, record, schema_field, text, whole

from cmclient.assign import AssignmentReport
from cmclient.model.assignment import AssignmentDecision, DeploymentState
from cmclient.model.decision import Decision, Evaluation, Location, Policy
from cmclient.model.facts import NetworkFacts
from cmclient.model.http import Attempt
from cmclient.model.roles import RoleDecision, RoleEvaluation, RoleLocation, RoleSource
from cmclient.replay import Replay

__all__ = [
    "assignment",
    "attempts",
    "discovery",
    "error_of",
    "facts",
    "location",
    "replay",
    "role_location",
]

URL = "^https?://"


def error_of(what: str, code: str = "Its stable code, a heading of the page on errors.") -> Schema:
    """What went wrong."""
    return record(
        {
            "code": text(code),
            "message": text("What happened, in a sentence."),
            "hint": text("What a person can do next; empty when there is nothing sensible to say."),
        },
        what,
    )


def attempts(types: Types, what: str) -> Schema:
    """Conversations with servers."""
    one = record(
        types.fields(Attempt) | {"endpoint": text("The server: scheme, host and port.", pattern=URL)},
        "One conversation with one endpoint.",
    )
    return listed(types.define("Attempt", one, "printed"), what)


def _judged(types: Types, kind: Any) -> Schema:
    """An evaluation with what is printed beside its fields."""
    more = {
        "rules": listed(text("Id of a rule."), "Ids of the rules that decided, in order, each once."),
        "reason": text("What the rule that decided says here."),
        "endpoint": or_null(
            text("Where it would be contacted first; null when rejected, or nobody said.", pattern=URL)
        ),
    }
    one = record(types.fields(kind) | more, "What became of one candidate, and why.")
    return types.define(kind.__name__, one, "printed")


def facts(types: Types) -> Schema:
    """What a machine knows about itself. `--facts FILE` reads it on another machine."""
    return record({"schema": schema_field("facts")} | types.fields(NetworkFacts))


def location(types: Types) -> Schema:
    """The management point that a client would use, and why. All inputs of the decision are there, for `replay`."""
    judged = _judged(types, Evaluation)
    return record(
        {
            "schema": schema_field("location"),
            "time": types.field(Location, "time"),
            "chosen": or_null(
                judged,
                "The first ranked one that answered, or the first ranked one when none was contacted; its `endpoint` is"
                " where it answered. Null when there is none: `error` says why.",
            ),
            "assigned_site": types.field(Policy, "assigned_site"),
            "assigned_mp": types.field(Location, "assigned_mp"),
            "ranked": listed(judged, "Management points that may be used, best first."),
            "rejected": listed(judged, "Those that may not, sorted by name; the last of `reasons` says why."),
            "attempts": attempts(types, "What happened when they were contacted, in order of start; may be empty."),
            "sources": types.field(Location, "sources"),
            "facts": described(types.of(NetworkFacts), "What the decision knew of the machine; an input."),
            "policy": described(types.of(Policy), "What was decided about the client before; an input."),
            "candidates": types.field(Decision, "candidates"),
            "unreadable": types.field(Decision, "unreadable"),
            "seed": types.field(Decision, "seed"),
            "catalogue": types.field(Decision, "catalogue"),
            "notes": types.field(Location, "notes"),
            "root_key": types.field(Location, "root_key"),
            "error": or_null(error_of("Why none was chosen; null when one was.")),
            "reports": location_reports(types, "What was told to a fallback status point."),
        }
    )


def role_location(types: Types) -> Schema:
    """The server of another role that a client would use, and why."""
    judged = _judged(types, RoleEvaluation)
    source = record(
        types.fields(RoleSource)
        | {
            "asked": flag("Whether it was asked at all."),
            "found": whole("How many servers it named; 0 when it was not asked.", least=0),
        },
        "What came of one source of servers.",
    )
    return record(
        {
            "schema": schema_field("role-location"),
            "role": types.field(RoleDecision, "role"),
            "time": types.field(RoleLocation, "time"),
            "chosen": or_null(
                judged, "The one that answered, or the best one where none was contacted; null for none."
            ),
            "assigned_site": types.field(RoleLocation, "assigned_site"),
            "ranked": listed(judged, "Servers that may be used, best first."),
            "rejected": listed(judged, "Those that may not, sorted by name; the last of `reasons` says why."),
            "attempts": attempts(types, "What happened when servers were asked, in order of start; may be empty."),
            "sources": listed(
                types.define("RoleSource", source, "printed"), "What came of each source, in the order of the rules."
            ),
            "scans": types.field(RoleLocation, "scans"),
            "facts": types.field(RoleLocation, "facts"),
            "seed": types.field(RoleDecision, "seed"),
            "catalogue": types.field(RoleDecision, "catalogue"),
            "notes": types.field(RoleLocation, "notes"),
            "answered": or_null(
                text("Where one of them answered; null when none did, or none was asked.", pattern=URL)
            ),
            "try_again_after": types.field(RoleLocation, "wait"),
            "error": or_null(
                error_of(
                    "Why none was located; null when one was.",
                    "How the search ended: not-found, not-eligible, not-reachable, try-again or trust-refused.",
                )
            ),
            "reports": or_null(
                location_reports(types, ""),
                "What was told to a fallback status point; null when no management point was looked for.",
            ),
        }
    )


def discovery(types: Types) -> Schema:
    """Everything that the sources of management points name, and how it is judged."""
    judged = _judged(types, Evaluation)
    return record(
        {
            "schema": schema_field("discovery"),
            "sources": types.field(Location, "sources"),
            "candidates": described(types.field(Decision, "candidates"), "Every management point that was named."),
            "unreadable": described(types.field(Decision, "unreadable"), "What was named and cannot be a candidate."),
            "ranked": listed(judged, "Management points that may be used, best first."),
            "rejected": listed(judged, "Those that may not, sorted by name; the last of `reasons` says why."),
            "attempts": attempts(types, "What happened when they were contacted, in order of start; may be empty."),
            "facts": described(types.of(NetworkFacts), "What is known of the machine."),
            "policy": described(types.of(Policy), "What was decided about the client before."),
            "seed": described(types.field(Decision, "seed"), "What the random numbers came from."),
            "catalogue": types.field(Decision, "catalogue"),
        }
    )


def replay(types: Types) -> Schema:
    """A saved decision made again from its own inputs, and compared."""
    judged = _judged(types, Evaluation)
    return record(
        {
            "schema": schema_field("replay"),
            "same": flag("Whether all is as it was then."),
            "differences": types.field(Replay, "differences"),
            "notes": types.field(Replay, "notes"),
            "ranked": listed(judged, "Management points that may be used as it is decided now, best first."),
            "rejected": listed(judged, "Those that may not, likewise, sorted by name."),
        }
    )


def assignment(types: Types) -> Schema:
    """The site that a client is assigned to, and why."""
    state = record(
        {
            "topic": whole("What the state is about: 800, client deployment."),
            "state": types.field(DeploymentState, "id"),
            **types.fields(DeploymentState, "meaning"),
        },
        "A state message about the assignment.",
    )
    decided = ("outcome", "site", "how", "reasons", "compatibility", "candidates")
    return record(
        {
            "schema": schema_field("assignment"),
            "time": types.field(AssignmentReport, "time"),
            **types.fields(AssignmentDecision, *decided),
            "address": or_null(text("The address that was drawn to go by; null when there was no choice.")),
            "location": types.field(AssignmentReport, "location"),
            "states": listed(
                types.define("DeploymentState", state, "printed"), "What a client reports of it, in order."
            ),
            "next": types.field(AssignmentDecision, "next"),
            "retry_at": or_null(text("When a client tries again, in UTC, ISO 8601; null when it does not.")),
            "settings_from": types.field(AssignmentDecision, "settings_from"),
            "roaming": types.field(AssignmentReport, "roaming"),
            "sources": types.field(AssignmentReport, "sources"),
            "attempts": attempts(types, "What happened when management points were asked, in order of start."),
            "facts": types.field(AssignmentReport, "facts"),
            "seed": types.field(AssignmentDecision, "seed"),
            "catalogue": types.field(AssignmentDecision, "catalogue"),
            "notes": types.field(AssignmentReport, "notes"),
        }
    )
