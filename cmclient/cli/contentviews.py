"""A content location as lines, tables and a tree, and as JSON."""

from collections.abc import Iterator
from typing import Any

from ..errors import LocateError
from ..model.content import ClientBoundaryGroups
from ..model.sources import ContentLocation
from ..rules.explain import Outline
from .planviews import plan_document, plan_items, plan_outline, span, where_first
from .render import Table
from .views import attempts_table

__all__ = ["CONTENT_SCHEMA", "content_document", "content_items", "failure_document", "failure_items"]

CONTENT_SCHEMA = "cmclient.content/1"


# --- text ---


def content_items(found: ContentLocation, elapsed: float, *, explain: bool) -> list[str | Table | Outline]:
    """A content location at a glance: the first source, all others, those that are not used and why."""
    plan = found.plan
    items: list[str | Table | Outline] = [*_headline(found, elapsed), "", *plan_items(plan, elapsed)]
    if explain:
        addresses, outline = plan_outline(plan)
        items += ["", addresses, "", attempts_table(found.attempts), "", outline]
        items += _group_items(found.answer.boundary_groups)
    return items


def _headline(found: ContentLocation, elapsed: float) -> Iterator[str]:
    plan, lack = found.plan, found.lack
    what = "the client package" if plan.content is None else f"{plan.content.id} version {plan.content.version}"
    now = plan.open_at(elapsed)
    if now:
        yield f"Content {what}: {len(now)} of {len(plan.ranked)} sources may be used now"
        yield f"  first: {where_first(now[0])}"
    else:
        yield f"Content {what}: no source may be used now"
    if lack is not None:
        yield f"  why ({lack.rule}): {lack.text}"
        yield f"  what next: {lack.next}"
    yield f"  asked: {found.endpoint}; boundary groups: {_groups(found)}"
    if plan.ask_again is not None:
        yield f"  a download asks again after {span(plan.ask_again - found.asked_at)}, for more may join (CL-036)"
    for note in (*(f"{one.text} ({one.rule})" for one in plan.notes), *found.notes):
        yield f"  {note}"


def _groups(found: ContentLocation) -> str:
    groups = found.answer.boundary_groups
    if groups is None:
        return "not told"
    return ", ".join(group.id or group.guid for group in groups.groups) or "none"


def _group_items(told: ClientBoundaryGroups | None) -> Iterator[str | Table]:
    """The boundary groups that the site named, which the next request repeats."""
    if told is not None:
        rows = tuple((group.id, group.guid, group.flag) for group in told.groups)
        yield ""
        yield Table("Boundary groups that the site named", ("id", "GUID", "flag"), rows)
        yield f"  looked up at {told.retrieved or 'a time that it does not say'}; requests repeat it for a day (TM-002)"


def failure_items(error: LocateError) -> list[str | Table | Outline]:
    """That no management point could be asked, or said where the content is."""
    items: list[str | Table | Outline] = [f"No management point said where the content is: {error.message}"]
    if error.hint:
        items.append(f"  what next: {error.hint}")
    return [*items, "", attempts_table(error.location.attempts)]


# --- JSON ---


def content_document(found: ContentLocation, elapsed: float) -> dict[str, Any]:
    """The same as one document."""
    from ..protocol.document import to_json

    plan = found.plan
    return {
        "schema": CONTENT_SCHEMA,
        "content": to_json(plan.content),
        **plan_document(plan, elapsed),
        "lack": to_json(found.lack),
        "notes": [f"{one.text} ({one.rule})" for one in plan.notes] + list(found.notes),
        "asked_at": found.asked_at,
        "management_point": str(found.endpoint),
        "assigned_site": found.location.decision.policy.assigned_site,
        "boundary_groups": to_json(found.answer.boundary_groups),
        "hashes": to_json(found.answer.hashes),
        "attempts": [to_json(one) | {"endpoint": str(one.endpoint)} for one in found.attempts],
        "facts": to_json(found.location.facts),
        "error": None,
    }


def failure_document(error: LocateError) -> dict[str, Any]:
    """The document for a question that nobody answered: the keys of the other that have a meaning."""
    from ..protocol.document import to_json

    location = error.location
    return {
        "schema": CONTENT_SCHEMA,
        "ranked": [],
        "rejected": [],
        "attempts": [to_json(one) | {"endpoint": str(one.endpoint)} for one in location.attempts],
        "facts": to_json(location.facts),
        "error": {"code": error.code, "message": error.message, "hint": error.hint},
    }
