"""A content location as lines, tables and a tree, and as JSON."""

from collections.abc import Iterator
from typing import Any

from ..errors import LocateError
from ..model.endpoints import Scheme
from ..model.sources import ContentLocation, ContentSource, PlannedSource, RejectedSource, SourceAddress
from ..rules.explain import Outline
from .render import Table
from .views import attempts_table

__all__ = ["CONTENT_SCHEMA", "content_document", "content_items", "failure_document", "failure_items"]

CONTENT_SCHEMA = "cmclient.content/1"

_MINUTE = 60


# --- text ---


def content_items(found: ContentLocation, elapsed: float, *, explain: bool) -> list[str | Table | Outline]:
    """A content location at a glance: the first source, all others, those that are not used and why."""
    plan = found.plan
    ranked = tuple(_row(place, one, elapsed) for place, one in enumerate(plan.ranked, 1))
    rejected = tuple((_name(one.source), one.reasons[0].rule, one.reasons[0].text) for one in plan.rejected)
    headers = ("#", "source", "what it is", "opens", "by", "rules")
    marked = frozenset({0} if plan.open_at(elapsed) else ())
    items: list[str | Table | Outline] = [
        *_headline(found, elapsed),
        "",
        Table("Sources, in the order in which they are tried", headers, ranked, marked),
        "",
        Table("Not used", ("source", "rule", "why"), rejected),
    ]
    if any(one.is_tie for one in plan.ranked):
        items[-2:-2] = ["  =  equal to the one before by the rules: chance (--seed) put it there"]
    if explain:
        items += ["", _addresses(found), "", attempts_table(found.attempts), "", _outline(found)]
    return items


def _headline(found: ContentLocation, elapsed: float) -> Iterator[str]:
    plan, lack = found.plan, found.lack
    what = "the client package" if plan.content is None else f"{plan.content.id} version {plan.content.version}"
    now = plan.open_at(elapsed)
    if now:
        yield f"Content {what}: {len(now)} of {len(plan.ranked)} sources may be used now"
        yield f"  first: {_first_address(now[0])}"
    else:
        yield f"Content {what}: no source may be used now"
    if lack is not None:
        yield f"  why ({lack.rule}): {lack.text}"
        yield f"  what next: {lack.next}"
    yield f"  asked: {found.endpoint}; boundary groups: {_groups(found)}"
    if plan.ask_again is not None:
        yield f"  a download asks again after {_span(plan.ask_again - found.asked_at)}, for more may join (CL-036)"
    for note in (*(f"{one.text} ({one.rule})" for one in plan.notes), *found.notes):
        yield f"  {note}"


def _groups(found: ContentLocation) -> str:
    groups = found.answer.boundary_groups
    if groups is None:
        return "not told"
    return ", ".join(group.id or group.guid for group in groups.groups) or "none"


def _first_address(one: PlannedSource) -> str:
    return str(one.source.addresses[0]) if one.source.addresses else _name(one.source)


def _row(place: int, one: PlannedSource, elapsed: float) -> tuple[str, ...]:
    mark = " *" if place == 1 and one.opens_after <= elapsed else " =" if one.is_tie else ""
    return (
        f"{place}{mark}",
        _name(one.source),
        one.source.tier.name.replace("_", " ").lower().replace("dp", "DP"),
        _opening(one, elapsed),
        _protocols(one.source.addresses),
        ", ".join(one.rules),
    )


def _opening(one: PlannedSource, elapsed: float) -> str:
    if one.opens_after > elapsed:
        return f"after {_span(one.opens_after)}"
    return f"now, since {_span(one.opens_after)}" if one.opens_after else "now"


def _name(source: ContentSource) -> str:
    return source.server or source.tier.name.replace("_", " ").title()


def _protocols(addresses: tuple[SourceAddress, ...]) -> str:
    ways = (_protocol(one) for one in addresses)
    return ", ".join(dict.fromkeys(ways)) or "-"


def _protocol(one: SourceAddress) -> str:
    if one.endpoint is None:
        return "share"
    return "HTTPS" if one.endpoint.scheme is Scheme.HTTPS else "HTTP"


def _span(seconds: float) -> str:
    """Minutes where they are whole, else seconds."""
    if seconds >= _MINUTE and seconds % _MINUTE == 0:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"


def _addresses(found: ContentLocation) -> Table:
    rows = tuple(
        (f"{place}.{number}", str(address))
        for place, one in enumerate(found.plan.ranked, 1)
        for number, address in enumerate(one.source.addresses, 1)
    )
    return Table("Addresses, in the order in which they are tried", ("#", "address"), rows)


def _outline(found: ContentLocation) -> Outline:
    plan = found.plan
    ranked = tuple(_explained(f"{place}. {_name(one.source)}", one) for place, one in enumerate(plan.ranked, 1))
    rejected = tuple(_explained(_name(one.source), one) for one in plan.rejected)
    title = f"plan, order of the {plan.order.value.replace('-', ' ')}, seed {plan.seed}, catalogue {plan.catalogue}"
    return Outline(title, (Outline("used, in this order", ranked), Outline("not used", rejected)))


def _explained(name: str, one: PlannedSource | RejectedSource) -> Outline:
    return Outline(name, tuple(Outline(f"{reason.rule:<7} {reason.text}") for reason in one.reasons))


def failure_items(error: LocateError) -> list[str | Table | Outline]:
    """That no management point could be asked, or said where the content is."""
    items: list[str | Table | Outline] = [f"No sources: {error.message}"]
    if error.hint:
        items.append(f"  what next: {error.hint}")
    return [*items, "", attempts_table(error.location.attempts)]


# --- JSON ---


def content_document(found: ContentLocation, elapsed: float) -> dict[str, Any]:
    """The same as one document."""
    from ..protocol.document import to_json

    plan = found.plan
    first = next(iter(plan.open_at(elapsed)), None)
    return {
        "schema": CONTENT_SCHEMA,
        "content": to_json(plan.content),
        "order": plan.order.value,
        "elapsed": elapsed,
        "first": None if first is None else _first_address(first),
        "ranked": [_planned(one) | {"usable_now": one.opens_after <= elapsed} for one in plan.ranked],
        "rejected": [_source(one.source) | _reasons(one) for one in plan.rejected],
        "lack": to_json(found.lack),
        "notes": [f"{one.text} ({one.rule})" for one in plan.notes] + list(found.notes),
        "asked_at": found.asked_at,
        "ask_again": plan.ask_again,
        "management_point": str(found.endpoint),
        "assigned_site": found.location.decision.policy.assigned_site,
        "boundary_groups": to_json(found.answer.boundary_groups),
        "hashes": to_json(found.answer.hashes),
        "attempts": [to_json(one) | {"endpoint": str(one.endpoint)} for one in found.attempts],
        "facts": to_json(found.location.facts),
        "seed": plan.seed,
        "catalogue": plan.catalogue,
        "error": None,
    }


def _planned(one: PlannedSource) -> dict[str, Any]:
    return _source(one.source) | {"opens_after": one.opens_after, "is_tie": one.is_tie} | _reasons(one)


def _source(source: ContentSource) -> dict[str, Any]:
    return {
        "server": source.server,
        "tier": int(source.tier),
        "kind": source.tier.name.lower().replace("_", "-"),
        "addresses": [str(address) for address in source.addresses],
    }


def _reasons(one: PlannedSource | RejectedSource) -> dict[str, Any]:
    rules = tuple(dict.fromkeys(reason.rule for reason in one.reasons))
    return {
        "rules": list(rules),
        "reason": one.reasons[0].text,
        "reasons": [reason._asdict() for reason in one.reasons],
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
