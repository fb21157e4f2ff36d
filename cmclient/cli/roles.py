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
    from ..config import ClientConfig
    from .reports import LocationReports

__all__ = ["ROLE_SCHEMA", "run_role"]

ROLE_SCHEMA = "cmclient.role-location/1"

_CODES = {
    RoleOutcome.LOCATED: DONE,
    RoleOutcome.NOT_FOUND: NONE_FOUND,
    RoleOutcome.NOT_ELIGIBLE: NONE_ELIGIBLE,
    RoleOutcome.NOT_REACHABLE: NONE_REACHABLE,
    RoleOutcome.TRY_AGAIN: NONE_REACHABLE,
    RoleOutcome.TRUST_REFUSED: TRUST_REFUSED,
}
_NOT_IN_DATA = {SiteRole.FALLBACK_STATUS_POINT, SiteRole.ENROLLMENT_PROXY_POINT}
_BY_DATA = {SiteRole.STATE_MIGRATION_POINT, SiteRole.DEVICE_MANAGEMENT_POINT}
_PROBLEMS = {
    RoleOutcome.NOT_FOUND: "nobody names one",
    RoleOutcome.NOT_ELIGIBLE: "the rules reject every one that was named",
    RoleOutcome.NOT_REACHABLE: "who could name one could not be asked, or did not say",
    RoleOutcome.TRY_AGAIN: "it is too early to say, and no failure",
    RoleOutcome.TRUST_REFUSED: "trust was refused by, or of, everybody who could name one",
}
_UNANSWERED = {
    RoleOutcome.NOT_REACHABLE: "none of those that the rules allow answered as one does",
    RoleOutcome.TRUST_REFUSED: "trust was refused by, or of, every one that was asked",
}


def run_role(arguments: argparse.Namespace) -> int:
    """Locate and print, or say why a role is contacted by nobody."""
    if arguments.role == "dp":
        raise ConfigError(("distribution points are found for a content",), hint="cmclient content ABC00001")
    never = explain_uncontacted(arguments.role)
    if never is not None:
        rule = f" ({never.rule})" if never.rule else ""
        print(f"cmclient: {printable(never.text)}{rule}", file=sys.stderr)
        print("  what next: nothing was sent; see 'cmclient locate --help' for roles that are located", file=sys.stderr)
        return USAGE
    location, reports = _locate(arguments, SiteRole(arguments.role))
    if arguments.format == "json":
        print_json(_document(location, reports))
    else:
        show(_items(location, explain=arguments.explain))
        _show_reports(location, reports)
    return _CODES[location.outcome]


def _locate(arguments: argparse.Namespace, role: SiteRole) -> "tuple[RoleLocation, LocationReports | None]":
    """The server, and what was reported; None when no management point was looked for to ask."""
    from time import monotonic

    from ..assemble import open_role_locator
    from ..model.http import Deadline
    from .progress import show_progress
    from .reports import report_location
    from .site import open_settings

    if arguments.data is not None and role in _NOT_IN_DATA:
        raise ConfigError((f"--data names no {role.title}s",), hint="leave it out")
    offline = arguments.offline or arguments.data is not None
    with open_settings(arguments, offline=offline) as (config, run), show_progress():
        deadline = Deadline.after(config.deadline, monotonic)
        with open_role_locator(_config_for(role, config), _with_data(arguments, run, role)) as locator:
            location = locator.locate(role)
        if location.asked is None:
            return location, None
        return location, report_location(config, run, location.asked, deadline)


def _config_for(role: SiteRole, config: "ClientConfig") -> "ClientConfig":
    """A device that is to be enrolled has no certificate yet: whoever it asks is shown none."""
    if role is not SiteRole.ENROLLMENT_PROXY_POINT:
        return config
    return config._replace(use_pki_cert=False, client_certificate=None, client_key=None)


def _with_data(arguments: argparse.Namespace, run: "Run", role: SiteRole) -> "Run":
    """With the boundary data given; a lab's own data serves roles for which there is no message."""
    if arguments.data is not None:
        from .boundaries.data import read_data

        return run._replace(data=read_data(arguments))
    return run if role in _BY_DATA else run._replace(data=None)


# --- JSON: the keys of a management point's location, where they have a meaning -------------------------------------


def _document(location: RoleLocation, reports: "LocationReports | None") -> dict[str, Any]:
    from ..protocol.document import to_json
    from .reports import location_document

    decision, chosen = location.decision, location.chosen
    problem = _problem(location)
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
        "answered": None if location.answered is None else str(location.answered),
        "try_again_after": location.wait,
        "error": None
        if problem is None
        else {"code": location.outcome.value, "message": problem, "hint": _hint(location)},
        "reports": None if reports is None else location_document(reports),
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
    marked = frozenset(place for place, one in enumerate(decision.ranked) if one is location.chosen)
    ranked = tuple(
        (f"{place + 1}{' *' if place in marked else ''}", one.name, _how(one), _reasons(one), _origins(one))
        for place, one in enumerate(decision.ranked)
    )
    rejected = tuple((one.name, one.reasons[-1].rule, one.reasons[-1].text) for one in decision.rejected)
    items: list[str | Table | Outline] = [
        *_headline(location),
        Table("Ranked, best first", ("#", title, "how", "stands here by", "named by"), ranked, marked),
        "",
        Table("Rejected", (title, "rule", "why"), rejected),
        "",
        _sources(location.sources),
    ]
    if location.attempts:
        from .views import attempts_table

        items += ["", attempts_table(location.attempts)]
    return [*items, "", _outline(location)] if explain else items


def _show_reports(location: RoleLocation, reports: "LocationReports | None") -> None:
    from .reports import location_lines

    if reports is not None and (told := list(location_lines(reports, located=location.chosen is not None))):
        show(["", *told])


def _headline(location: RoleLocation) -> Iterator[str]:
    chosen, title = location.chosen, location.decision.role.title
    if chosen is None:
        yield f"No {title}: {_problem(location)}"
        if hint := _hint(location):
            yield f"  what next: {hint}"
    else:
        at = location.answered or chosen.endpoint
        where = "" if at is None else f" ({at})"
        yield f"{title.capitalize()}: {chosen.name}{where}"
        yield "  why this one:"
        for reason in chosen.reasons:
            yield f"    {reason.rule:<7} {reason.text}"
        yield "  answered" if location.was_contacted else "  not contacted"
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


def _problem(location: RoleLocation) -> str | None:
    if location.was_contacted and location.outcome in _UNANSWERED:
        return _UNANSWERED[location.outcome]
    return _PROBLEMS.get(location.outcome)


def _hint(location: RoleLocation) -> str:
    if location.wait is not None:
        return f"try again in {location.wait:.0f} seconds"
    if location.was_contacted:
        return next(
            (one.hint for one in location.attempts if one.hint), "look at the attempts: each says what happened"
        )
    if location.outcome is RoleOutcome.NOT_ELIGIBLE:
        return "each says which rule rejects it"
    empty = [one for one in location.sources if not one.found]
    told = [one.hint for one in empty if one.hint] + [one.detail for one in empty if one.code or one.found is None]
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
