"""``cmclient locate --role`` for other roles than the management point."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..model.roles import RoleEvaluation, RoleLocation, RoleOutcome, RoleSource, SiteRole
from ..model.scans import ScanPlan
from ..rules.explain import Outline
from ..rules.uncontacted import explain_uncontacted
from .codes import DONE, NONE_ELIGIBLE, NONE_FOUND, NONE_REACHABLE, TRUST_REFUSED, USAGE
from .render import Table, print_json, printable, show

if TYPE_CHECKING:
    from ..assemble import Run

__all__ = ["ROLE_SCHEMA", "run_role"]

ROLE_SCHEMA = "cmclient.role-location/1"

_CODES = {
    RoleOutcome.LOCATED: DONE,
    RoleOutcome.NOT_FOUND: NONE_FOUND,
    RoleOutcome.NOT_ELIGIBLE: NONE_ELIGIBLE,
    RoleOutcome.NOT_REACHABLE: NONE_REACHABLE,
    RoleOutcome.TRUST_REFUSED: TRUST_REFUSED,
}
_PROBLEMS = {
    RoleOutcome.NOT_FOUND: "nobody names one",
    RoleOutcome.NOT_ELIGIBLE: "the rules reject every one that was named",
    RoleOutcome.NOT_REACHABLE: "who could name one could not be asked, or did not say",
    RoleOutcome.TRUST_REFUSED: "trust was refused by, or of, everybody who could name one",
}


def run_role(arguments: argparse.Namespace) -> int:
    """Locate and print, or say why a role is contacted by nobody."""
    never = explain_uncontacted(arguments.role)
    if never is not None:
        print(f"cmclient: {printable(never.text)} ({never.rule})", file=sys.stderr)
        print("  what next: nothing was sent; see 'cmclient locate --help' for roles that are located", file=sys.stderr)
        return USAGE
    location = _locate(arguments, SiteRole(arguments.role))
    if arguments.format == "json":
        print_json(_document(location))
    else:
        show(_items(location, explain=arguments.explain))
    return _CODES[location.outcome]


def _locate(arguments: argparse.Namespace, role: SiteRole) -> RoleLocation:
    from ..assemble import open_role_locator
    from .progress import show_progress
    from .site import open_settings

    if arguments.data is not None and role is SiteRole.FALLBACK_STATUS_POINT:
        raise ConfigError(("--data names no fallback status points",), hint="leave it out")
    offline = arguments.offline or arguments.data is not None
    with (
        open_settings(arguments, offline=offline) as (config, run),
        open_role_locator(config, _with_data(arguments, run, role)) as locator,
        show_progress(),
    ):
        return locator.locate(role)


def _with_data(arguments: argparse.Namespace, run: "Run", role: SiteRole) -> "Run":
    """With the boundary data given; a lab's own data serves roles for which there is no message."""
    if arguments.data is not None:
        from .boundaries.data import read_data

        return run._replace(data=read_data(arguments))
    return run if role is SiteRole.STATE_MIGRATION_POINT else run._replace(data=None)


# --- JSON: the keys of a management point's location, where they have a meaning -------------------------------------


def _document(location: RoleLocation) -> dict[str, Any]:
    from ..protocol.document import to_json

    decision, chosen = location.decision, location.chosen
    problem = _PROBLEMS.get(location.outcome)
    return {
        "schema": ROLE_SCHEMA,
        "role": decision.role.value,
        "time": location.time,
        "chosen": None if chosen is None else _evaluation(chosen),
        "assigned_site": location.assigned_site,
        "ranked": [_evaluation(one) for one in decision.ranked],
        "rejected": [_evaluation(one) for one in decision.rejected],
        "attempts": [to_json(one) | {"endpoint": str(one.endpoint)} for one in location.attempts],
        "sources": [
            to_json(one) | {"asked": one.found is not None, "found": one.found or 0} for one in location.sources
        ],
        "scans": to_json(location.scans),
        "facts": to_json(location.facts),
        "seed": decision.seed,
        "catalogue": decision.catalogue,
        "notes": list(_notes(location)),
        "error": None
        if problem is None
        else {"code": location.outcome.value, "message": problem, "hint": _hint(location)},
    }


def _evaluation(one: RoleEvaluation) -> dict[str, Any]:
    from ..protocol.document import to_json

    return {
        **to_json(one),
        "rules": list(one.rules),
        "reason": one.reasons[-1].text,
        "endpoint": None if one.endpoint is None else str(one.endpoint),
    }


# --- text -----------------------------------------------------------------------------------------------------------


def _items(location: RoleLocation, *, explain: bool) -> list[str | Table | Outline]:
    decision, title = location.decision, location.decision.role.title
    ranked = tuple(
        (f"{place}{' *' if place == 1 else ''}", one.name, _how(one), _reasons(one), _origins(one))
        for place, one in enumerate(decision.ranked, 1)
    )
    rejected = tuple((one.name, one.reasons[-1].rule, one.reasons[-1].text) for one in decision.rejected)
    items: list[str | Table | Outline] = [
        *_headline(location),
        Table("Ranked, best first", ("#", title, "how", "stands here by", "named by"), ranked, frozenset({0})),
        "",
        Table("Rejected", (title, "rule", "why"), rejected),
        "",
        _sources(location.sources),
    ]
    if location.attempts:
        from .views import attempts_table

        items += ["", attempts_table(location.attempts)]
    return [*items, "", _outline(location)] if explain else items


def _headline(location: RoleLocation) -> Iterator[str]:
    chosen, title = location.chosen, location.decision.role.title
    if chosen is None:
        yield f"No {title}: {_PROBLEMS[location.outcome]}"
        if hint := _hint(location):
            yield f"  what next: {hint}"
    else:
        where = "" if chosen.endpoint is None else f" ({chosen.endpoint})"
        yield f"{title.capitalize()}: {chosen.name}{where}"
        yield "  why this one:"
        for reason in chosen.reasons:
            yield f"    {reason.rule:<7} {reason.text}"
        yield "  not contacted"
        yield from _scans(location.scans)
    for note in _notes(location):
        yield f"  {note}"
    yield ""


def _scans(plan: ScanPlan | None) -> Iterator[str]:
    """When the next scan comes, after one that failed."""
    if plan is not None and plan.next_scan:
        yield f"  scans fail since {plan.failing_since} ({plan.failures} of 4); the next one is due at {plan.next_scan}"
        if plan.others_from:
            yield f"  another one may be used from {plan.others_from}"


def _notes(location: RoleLocation) -> tuple[str, ...]:
    return (*location.notes, *location.decision.notes)


def _hint(location: RoleLocation) -> str:
    told = (one.hint or one.detail for one in location.sources if one.code or one.found is None)
    return next(iter(told), "")


def _how(one: RoleEvaluation) -> str:
    return ", ".join(f"{endpoint.scheme.value}:{endpoint.port}" for endpoint in one.endpoints) or "?"


def _reasons(one: RoleEvaluation) -> str:
    return "; ".join(f"{reason.rule} {reason.text}" for reason in one.reasons)


def _origins(one: RoleEvaluation) -> str:
    return ", ".join(origin.value for origin in one.origins)


def _sources(sources: tuple[RoleSource, ...]) -> Table:
    rows = tuple(
        (
            one.source.value,
            "not asked" if one.found is None else str(one.found),
            one.rule,
            f"failed, {one.code}: {one.detail}" if one.code else one.detail,
        )
        for one in sources
    )
    return Table("Sources, in the order of the rules", ("source", "found", "rule", "what"), rows)


def _outline(location: RoleLocation) -> Outline:
    decision = location.decision
    judged = tuple(
        Outline(title, tuple(_explained(one) for one in some))
        for title, some in (("ranked, best first", decision.ranked), ("rejected", decision.rejected))
    )
    return Outline(f"decision, seed {decision.seed}, catalogue {decision.catalogue}", judged)


def _explained(one: RoleEvaluation) -> Outline:
    return Outline(one.name, tuple(Outline(f"{reason.rule:<7} {reason.text}") for reason in one.reasons))
