"""A plan of sources as tables and a tree, and as JSON."""

from collections.abc import Iterator
from typing import Any

from ..model.endpoints import Scheme
from ..model.sources import ContentSource, PlannedSource, RejectedSource, SourceAddress, SourcePlan
from ..rules.explain import Outline
from .render import Table

__all__ = ["plan_document", "plan_items", "plan_outline", "span", "where_first"]

_MINUTE = 60


def plan_items(plan: SourcePlan, elapsed: float) -> Iterator[str | Table]:
    """The sources of a plan in their order, and those that are not used with the reason.

    Args:
        plan: The plan.
        elapsed: Seconds since the begin of the job.
    """
    ranked = tuple(_row(place, one, elapsed) for place, one in enumerate(plan.ranked, 1))
    rejected = tuple((_name(one.source), one.reasons[0].rule, one.reasons[0].text) for one in plan.rejected)
    headers = ("#", "source", "what it is", "opens", "by", "rules")
    marked = frozenset({0} if plan.open_at(elapsed) else ())
    yield Table("Sources, in the order in which they are tried", headers, ranked, marked)
    if any(one.is_tie for one in plan.ranked):
        yield "  =  equal to the one before by the rules: chance (--seed) put it there"
    yield ""
    yield Table("Rejected", ("source", "rule", "why"), rejected)


def where_first(one: PlannedSource) -> str:
    """The address that is tried first."""
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
        return f"after {span(one.opens_after)}"
    return f"now, since {span(one.opens_after)}" if one.opens_after else "now"


def _name(source: ContentSource) -> str:
    return source.server or source.tier.name.replace("_", " ").title()


def _protocols(addresses: tuple[SourceAddress, ...]) -> str:
    ways = (_protocol(one) for one in addresses)
    return ", ".join(dict.fromkeys(ways)) or "-"


def _protocol(one: SourceAddress) -> str:
    if one.endpoint is None:
        return "share"
    return "HTTPS" if one.endpoint.scheme is Scheme.HTTPS else "HTTP"


def span(seconds: float) -> str:
    """A time in words: minutes where they are whole, else seconds."""
    if seconds >= _MINUTE and seconds % _MINUTE == 0:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"


def plan_outline(plan: SourcePlan) -> Iterator[Table | Outline]:
    """Every address, and every rule that decided, as a table and a tree."""
    rows = tuple(
        (f"{place}.{number}", str(address))
        for place, one in enumerate(plan.ranked, 1)
        for number, address in enumerate(one.source.addresses, 1)
    )
    yield Table("Addresses, in the order in which they are tried", ("#", "address"), rows)
    ranked = tuple(_explained(f"{place}. {_name(one.source)}", one) for place, one in enumerate(plan.ranked, 1))
    rejected = tuple(_explained(_name(one.source), one) for one in plan.rejected)
    title = f"plan, order of the {plan.order.value.replace('-', ' ')}, seed {plan.seed}, catalogue {plan.catalogue}"
    yield Outline(title, (Outline("ranked, in this order", ranked), Outline("rejected", rejected)))


def _explained(name: str, one: PlannedSource | RejectedSource) -> Outline:
    return Outline(name, tuple(Outline(f"{reason.rule:<7} {reason.text}") for reason in one.reasons))


def plan_document(plan: SourcePlan, elapsed: float) -> dict[str, Any]:
    """A plan as JSON."""
    return {
        "order": plan.order.value,
        "elapsed": elapsed,
        "first": next((where_first(one) for one in plan.open_at(elapsed)), None),
        "ranked": [_planned(one) | {"usable_now": one.opens_after <= elapsed} for one in plan.ranked],
        "rejected": [_source(one.source) | _reasons(one) for one in plan.rejected],
        "ask_again": plan.ask_again,
        "seed": plan.seed,
        "catalogue": plan.catalogue,
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
