"""``cmclient rules``."""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..adapters.packagedata import read_catalogue, read_shown
from ..rules.catalogue import (
    CATALOGUE_VERSION,
    MODELLED,
    OUT_OF_SCOPE,
    OWED_TIERS,
    AreaSummary,
    CatalogueRule,
    Shown,
    Tally,
    is_shown,
    parse_catalogue,
    parse_shown,
    summarise_areas,
)
from .codes import DONE, USAGE
from .render import Table, is_fancy, print_json, printable, show

if TYPE_CHECKING:
    import argparse

__all__ = ["HELP", "configure", "run"]

HELP = """\
The catalogue of rules that a client follows: where the code decides each, and which tests show it.
Without options, a count for each area; with one, the rules as well; with ids, those rules alone. Tests of the twin
show a rule that repeats it.
"""

_TIERS = (*OWED_TIERS, MODELLED, OUT_OF_SCOPE)
_WIDTH = 120  # of lines where there is no terminal
_MANY = 30  # names; more do not help who mistyped one
_NARROWEST = 30  # a shortened statement says something still


class _Choice(NamedTuple):
    """What was asked for, in the catalogue's own spelling; empty means all."""

    ids: tuple[str, ...]
    milestones: tuple[str, ...]
    areas: tuple[str, ...]
    tiers: tuple[str, ...]
    missing: bool

    @property
    def lists_rules(self) -> bool:
        return any(self)


def configure(parser: "argparse.ArgumentParser") -> None:
    """Add the options of this command."""
    parser.add_argument("rules", metavar="RULE", nargs="*", help="ids, such as MP-003; their whole text is printed")
    parser.add_argument("--milestone", metavar="NAME", action="append", help="rules that it owes; repeatable")
    parser.add_argument("--area", metavar="NAME", action="append", help="rules of an area; repeatable")
    parser.add_argument(
        "--tier",
        metavar="TIER",
        action="append",
        help="1 core, 2 completing, 3 rare, L the lab, V modelled, X out of scope; repeatable",
    )
    parser.add_argument("--missing", action="store_true", help="only rules that no test shows and one should")


def run(arguments: "argparse.Namespace") -> int:
    """Print the counts and the rules asked for."""
    rules = parse_catalogue(read_catalogue())
    choice = _Choice(
        ids=tuple(text.upper() for text in arguments.rules),
        milestones=tuple(text.lower() for text in arguments.milestone or ()),
        areas=tuple(text.lower() for text in arguments.area or ()),
        tiers=tuple(text.upper() for text in arguments.tier or ()),
        missing=arguments.missing,
    )
    faults = _find_faults(choice, rules)
    if faults:
        for fault in faults:
            print(f"cmclient rules: {printable(fault)}", file=sys.stderr)
        return USAGE
    shown = parse_shown(read_shown())
    asked = [rule for rule in rules if _is_asked(rule, choice)]
    listed = [rule for rule in asked if not choice.missing or (rule.owes_test and not is_shown(rule, shown))]
    if arguments.format == "json":
        print_json([_as_json(rule, shown) for rule in listed])
        return DONE
    if choice.ids:  # who asks for a rule wants to read it, not to count
        show(_list_rules(listed, shown, whole=True))
        return DONE
    areas = {rule.area for rule in asked}
    show([_summary(summarise_areas((r for r in rules if r.area in areas), shown, milestones=choice.milestones))])
    if choice.lists_rules:
        show(["", *_list_rules(listed, shown, whole=False)])
    return DONE


def _is_asked(rule: CatalogueRule, choice: _Choice) -> bool:
    wanted = (
        (choice.ids, rule.id),
        (choice.milestones, rule.milestone),
        (choice.areas, rule.area),
        (choice.tiers, rule.tier),
    )
    return all(not values or value in values for values, value in wanted)


def _find_faults(choice: _Choice, rules: Iterable[CatalogueRule]) -> list[str]:
    known = (
        ("rule", choice.ids, [rule.id for rule in rules]),
        ("milestone", choice.milestones, [rule.milestone for rule in rules if rule.milestone]),
        ("area", choice.areas, [rule.area for rule in rules]),
        ("tier", choice.tiers, _TIERS),
    )
    return [
        f"there is no {what} {value!r}; {_suggest(value, tuple(dict.fromkeys(values)))}"
        for what, given, values in known
        for value in given
        if value not in values
    ]


def _suggest(value: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # only for mistakes

    family, _, number = value.partition("-")
    padded = f"{family}-{number.zfill(3)}"  # MP-3 is meant to be MP-003, though others are spelt as much alike
    near = [padded] if padded in known else get_close_matches(value, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"they look like {known[0]}" if len(known) > _MANY else f"there are {', '.join(known)}"


def _as_json(rule: CatalogueRule, shown: Mapping[str, Shown]) -> dict[str, Any]:
    found = shown.get(rule.id, Shown(rule.id))
    return {
        "id": rule.id,
        "area": rule.area,
        "tier": rule.tier,
        "milestone": rule.milestone,
        "duplicate_of": rule.duplicate_of,
        "statement": rule.statement,
        "code": list(found.code),
        "tests": list(found.tests),
        "shown": is_shown(rule, shown),
    }


def _summary(areas: tuple[AreaSummary, ...]) -> Table:
    rows = [_summary_row(area) for area in areas]
    total = AreaSummary(
        area="all of these",
        tiers=tuple(_add(tallies) for tallies in zip(*(area.tiers for area in areas), strict=True)),
        elsewhere=sum(area.elsewhere for area in areas),
        modelled=_add(area.modelled for area in areas),
        out_of_scope=sum(area.out_of_scope for area in areas),
    )
    return Table(
        title=f"catalogue {CATALOGUE_VERSION}: rules owed, and how many a test shows (by tier: shown/rules)",
        headers=("area", "rules", "shown", *OWED_TIERS, MODELLED, OUT_OF_SCOPE, "other milestones"),
        rows=(*rows, _summary_row(total)),
        marked=frozenset({len(rows)}),
    )


def _add(tallies: Iterable[Tally]) -> Tally:
    each = tuple(tallies)
    return Tally(each[0].tier if each else "", sum(one.rules for one in each), sum(one.shown for one in each))


def _summary_row(area: AreaSummary) -> tuple[str, ...]:
    tiers = (f"{tally.shown}/{tally.rules}" if tally.rules else "-" for tally in (*area.tiers, area.modelled))
    rest = (str(count) if count else "-" for count in (area.out_of_scope, area.elsewhere))
    return (area.area, str(area.rules), str(area.shown), *tiers, *rest)


def _list_rules(rules: list[CatalogueRule], shown: Mapping[str, Shown], *, whole: bool) -> list[str | Table]:
    from shutil import get_terminal_size

    width = get_terminal_size((_WIDTH, 0)).columns
    if not rules:
        return ["no rule is left: each one asked for is shown by a test, or needs none"]
    if is_fancy():
        return [_table(rules, shown, 0 if whole else max(_NARROWEST, width // 3))]
    return [line for rule in rules for line in _plain_lines(rule, shown, 0 if whole else width)]


def _table(rules: list[CatalogueRule], shown: Mapping[str, Shown], width: int) -> Table:
    return Table(
        title=f"{len(rules)} rules",
        headers=("rule", "tier", "what it says", "code", "tests"),
        rows=tuple(
            (rule.id, rule.tier, _say(rule, width), ", ".join(code) or "-", ", ".join(tests) or _why_none(rule) or "-")
            for rule in rules
            for _, code, tests in [_found(rule, shown)]
        ),
    )


def _plain_lines(rule: CatalogueRule, shown: Mapping[str, Shown], width: int) -> list[str]:
    head = f"{rule.id}  {rule.tier}  " if width else f"{rule.id}  tier {rule.tier}  "
    _, code, tests = _found(rule, shown)
    return [
        head + _say(rule, max(_NARROWEST, width - len(head)) if width else 0),
        *(f"  code  {place}" for place in code),
        *(f"  test  {test}" for test in tests or (_why_none(rule) or "none",)),
    ]


def _why_none(rule: CatalogueRule) -> str:
    """Why no test is to show a rule; empty where one should."""
    if rule.tier == OUT_OF_SCOPE:
        return f"left out: {rule.reason}"
    return "" if rule.owes_test else "it asks for none"


def _say(rule: CatalogueRule, width: int) -> str:
    """The statement, shortened to a width unless that is 0."""
    from textwrap import shorten

    return shorten(rule.statement, width, placeholder=" ...") if width else rule.statement


def _found(rule: CatalogueRule, shown: Mapping[str, Shown]) -> Shown:
    """What shows the rule; for one that repeats another and has no test of its own, it says which that twin is."""
    found = shown.get(rule.id, Shown(rule.id))
    if found.tests or not rule.duplicate_of:
        return found
    return found._replace(tests=(f"those of its twin {rule.duplicate_of}",) if is_shown(rule, shown) else ())
