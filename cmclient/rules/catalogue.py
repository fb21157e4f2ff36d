"""The catalogue of rules as values, and which of them code decides and tests show.

The texts come from the caller: ``catalogue.csv`` and ``shown.jsonl`` lie next to this module, and it opens neither.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..errors import InvalidValueError
from .edition import CATALOGUE_VERSION

__all__ = [
    "CATALOGUE_VERSION",
    "MODELLED",
    "OUT_OF_SCOPE",
    "OWED_TIERS",
    "AreaSummary",
    "CatalogueRule",
    "Shown",
    "Tally",
    "build_shown",
    "is_shown",
    "parse_catalogue",
    "parse_shown",
    "summarise_areas",
]

OWED_TIERS = ("1", "2", "3", "L")
"""Tiers whose rules are owed to a milestone: core, completing, rare, and what the lab's site does."""
MODELLED = "V"
"""The tier of facts and settings that are modelled or validated; owed to no milestone."""
OUT_OF_SCOPE = "X"
"""The tier of what is left out."""

_NO_TEST = "none"
_COLUMNS = {
    "id": "id",
    "area": "area",
    "tier": "tier",
    "milestone": "milestone",
    "statement": "statement",
    "constants": "const",
    "source": "source",
    "sure": "sure",
    "duplicate_of": "duplicate_of",
    "side": "side",
    "test": "test",
    "reason": "reason",
}


class CatalogueRule(NamedTuple):
    """One row of the catalogue. Texts are empty where the catalogue says nothing.

    Attributes:
        id: Its id, such as ``MP-003``.
        area: Its chapter, such as ``selection``.
        tier: ``1`` core, ``2`` completes the mission, ``3`` rare, ``L`` the lab's site behaves so, ``V`` modelled or
            validated, ``X`` out of scope.
        milestone: The milestone that owes it; empty in the tiers V and X.
        statement: What it says, with any ruling.
        constants: The numbers and names in it.
        source: The pages that say it.
        sure: ``documented``, ``inferred`` or ``conflicting``.
        duplicate_of: The rule that it repeats, whose test shows it too.
        side: ``C`` client, ``S`` site, ``N`` administrator, ``M`` model, ``P`` parameter.
        test: The kind of test that it asks for; ``none`` when it asks for none.
        reason: What qualifies it, or why it is out of scope.
    """

    id: str
    area: str
    tier: str
    milestone: str
    statement: str
    constants: str
    source: str
    sure: str
    duplicate_of: str
    side: str
    test: str
    reason: str = ""

    @property
    def owes_test(self) -> bool:
        """Whether a test is to show it at all."""
        return self.test != _NO_TEST


class Shown(NamedTuple):
    """Where a rule is decided and which tests show it.

    Attributes:
        rule: Its id.
        code: Places as ``cmclient/rules/order.py:rank_of``, sorted; empty when no code names it.
        tests: Node ids of the tests that passed, sorted; empty when none did.
    """

    rule: str
    code: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


class Tally(NamedTuple):
    """How many rules of one tier there are, and how many of them a test shows."""

    tier: str
    rules: int
    shown: int


class AreaSummary(NamedTuple):
    """The rules of one area, counted.

    Attributes:
        area: Its name.
        tiers: The owed tiers, in the order of ``OWED_TIERS``; those of the milestones that were asked for.
        elsewhere: How many rules other milestones owe.
        modelled: The tier V.
        out_of_scope: How many rules are left out.
    """

    area: str
    tiers: tuple[Tally, ...]
    elsewhere: int
    modelled: Tally
    out_of_scope: int

    @property
    def rules(self) -> int:
        """How many rules are owed."""
        return sum(tally.rules for tally in self.tiers)

    @property
    def shown(self) -> int:
        """How many of the owed rules a test shows."""
        return sum(tally.shown for tally in self.tiers)


def parse_catalogue(text: str) -> tuple[CatalogueRule, ...]:
    """Read the catalogue.

    Returns:
        Its rules in the order of the text. Whether ids are unique and repeated rules exist is not looked at.

    Raises:
        InvalidValueError: It is no CSV, a column is missing, a row is longer or shorter than the header, or an id is
            empty.
    """
    import csv  # noqa: PLC0415 - start-up: only this needs it

    try:
        header, *rows = list(csv.reader(text.splitlines(keepends=True))) or [[]]
    except csv.Error as error:
        raise InvalidValueError("rule catalogue", text, f"it is no CSV: {error}") from error
    missing = [column for column in _COLUMNS.values() if column not in header]
    if missing:
        raise InvalidValueError("rule catalogue", ",".join(header), f"it lacks the column {missing[0]!r}")
    places = [header.index(column) for column in _COLUMNS.values()]
    rules = []
    for row in rows:
        if len(row) != len(header):
            raise InvalidValueError("row of the rule catalogue", ",".join(row), f"it has {len(row)} columns")
        rule = CatalogueRule(*(row[place] for place in places))
        if not rule.id:
            raise InvalidValueError("row of the rule catalogue", ",".join(row), "its id is empty")
        rules.append(rule)
    return tuple(rules)


def parse_shown(text: str) -> Mapping[str, Shown]:
    """Read what ``build_shown`` wrote.

    Returns:
        By rule id, in the order of the text; a rule that nothing decides or shows is missing.

    Raises:
        InvalidValueError: A line is no such JSON object, or a rule has two lines.
    """
    import json  # noqa: PLC0415 - start-up: only this needs it

    shown: dict[str, Shown] = {}
    for line in text.splitlines():
        try:
            fields = json.loads(line)
            one = Shown(fields["rule"], tuple(fields["code"]), tuple(fields["tests"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidValueError("line of shown rules", line, "it needs rule, code and tests") from error
        if one.rule in shown:
            raise InvalidValueError("line of shown rules", line, "the rule has a line already")
        shown[one.rule] = one
    return shown


def build_shown(shown: Iterable[Shown]) -> str:
    """Write where rules are decided and shown: one rule a line, so that a difference is easy to read.

    Returns:
        JSON lines, sorted by id, each list sorted and without repeats; rules with nothing to say are left out.
    """
    import json  # noqa: PLC0415 - start-up: only this needs it

    lines = [
        json.dumps({"rule": one.rule, "code": sorted(set(one.code)), "tests": sorted(set(one.tests))})
        for one in sorted(shown)
        if one.code or one.tests
    ]
    return "".join(f"{line}\n" for line in lines)


def is_shown(rule: CatalogueRule, shown: Mapping[str, Shown]) -> bool:
    """Whether a test shows the rule, or the rule that it repeats."""
    nothing = Shown(rule.id)
    return bool(shown.get(rule.id, nothing).tests or shown.get(rule.duplicate_of, nothing).tests)


def summarise_areas(
    rules: Iterable[CatalogueRule], shown: Mapping[str, Shown], *, milestones: Iterable[str] = ()
) -> tuple[AreaSummary, ...]:
    """Count the rules of each area.

    Args:
        rules: The rules to count.
        shown: Which of them are shown.
        milestones: Count as owed only what these owe; empty for all.

    Returns:
        One summary an area, in the order in which areas first appear; empty for no rules.
    """
    wanted = frozenset(milestones)
    areas: dict[str, list[CatalogueRule]] = {}
    for rule in rules:
        areas.setdefault(rule.area, []).append(rule)
    return tuple(_summarise(area, members, shown, wanted) for area, members in areas.items())


def _summarise(
    area: str, members: list[CatalogueRule], shown: Mapping[str, Shown], wanted: frozenset[str]
) -> AreaSummary:
    owed = [rule for rule in members if rule.tier in OWED_TIERS]
    here = [rule for rule in owed if not wanted or rule.milestone in wanted]
    return AreaSummary(
        area=area,
        tiers=tuple(_tally(tier, here, shown) for tier in OWED_TIERS),
        elsewhere=len(owed) - len(here),
        modelled=_tally(MODELLED, members, shown),
        out_of_scope=sum(rule.tier == OUT_OF_SCOPE for rule in members),
    )


def _tally(tier: str, members: list[CatalogueRule], shown: Mapping[str, Shown]) -> Tally:
    of_tier = [rule for rule in members if rule.tier == tier]
    return Tally(tier, len(of_tier), sum(is_shown(rule, shown) for rule in of_tier))
