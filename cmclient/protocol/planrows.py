"""Answers and changes as CSV or JSON lines: a row is what stands for the name, then what machines alike share."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from ..model.planning import ROLES, Answer, Change, Joining, Outcome, ServerChange

__all__ = ["ANSWER_COLUMNS", "CHANGE_COLUMNS", "RowForm", "find_form"]

ANSWER_COLUMNS = (
    *("name", "boundaries", "groups"),
    *(role.value for role in ROLES),
    *("timeline", "site", "site_from", "notes"),
)
_ROLE_NAMES = tuple(role.value for role in ROLES)
CHANGE_COLUMNS = (
    *("name", "changes", "groups_added", "groups_removed"),
    *("servers_added", "servers_removed", "minutes_changed", "site_before", "site_after"),
)
_MOST_KEPT = 24 * 1024 * 1024  # characters of texts that are kept for the next row alike
_QUOTED = re.compile('[,"\r\n]')

_T = TypeVar("_T")
_Servers = tuple[tuple[Joining, ...], ...]


class RowForm(NamedTuple):
    """How rows are written: the name, and then the boundaries and the outcome, or the change.

    Attributes:
        header: What comes before the first row; may be empty.
        name: What stands for a machine's name.
        item: What stands for a boundary's identifier.
        around_items: What stands before, between and after items.
        cell: What is done to items with what is between them; needed where one has special characters.
        outcome: What stands for the outcome, up to the end of the line.
        change: What stands for a change, up to the end of the line.
        special: A pattern of the characters for which a name does not stand for itself.
        around_name: What stands before and after a name without these.
    """

    header: str
    name: Callable[[str], str]
    item: Callable[[str], str]
    around_items: tuple[str, str, str]
    cell: Callable[[str], str]
    outcome: Callable[[Outcome], str]
    change: Callable[[Change], str]
    special: str
    around_name: tuple[str, str]

    def answer(self, answer: Answer) -> str:
        """What stands for an answer, up to the end of the line."""
        before, between, after = self.around_items
        return (
            before + self.cell(between.join(map(self.item, answer.boundaries))) + after + self.outcome(answer.outcome)
        )


def find_form(form: str, *, compares: bool) -> RowForm:
    """The form for ``csv`` or ``json``, new: it keeps texts that it has made.

    Args:
        form: Which one.
        compares: Whether rows are changes.
    """
    if form == "csv":
        csv_servers = _Kept(_csv_servers)
        return RowForm(
            header=",".join(CHANGE_COLUMNS if compares else ANSWER_COLUMNS) + "\n",
            name=_cell,
            item=str,
            around_items=(",", ";", ""),
            cell=_cell,
            outcome=lambda outcome: _csv_outcome(outcome, csv_servers),
            change=_csv_change,
            special='[,"\r\n]',
            around_name=("", ""),
        )
    json_servers = _Kept(_json_servers)
    return RowForm(
        header="",
        name=lambda name: f'{{"name": {_json(name)}',
        item=_json,
        around_items=(', "boundaries": [', ", ", "]"),
        cell=str,
        outcome=lambda outcome: _json_outcome(outcome, json_servers),
        change=_json_change,
        special='["\\\\\\x00-\\x1f]',
        around_name=('{"name": "', '"'),
    )


class _Kept(Generic[_T]):
    """Texts of values that come again and again, found by identity."""

    def __init__(self, make: Callable[[_T], str]) -> None:
        self._make = make
        self._texts: dict[int, tuple[_T, str]] = {}  # with the value, so that its identity is nobody else's
        self._size = 0

    def text(self, value: _T) -> str:
        found = self._texts.get(id(value))
        if found is None:
            if self._size > _MOST_KEPT:
                self._texts.clear()
                self._size = 0
            found = self._texts[id(value)] = (value, self._make(value))
            self._size += len(found[1])
        return found[1]


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _cells(texts: Iterable[str]) -> str:
    return _cell(";".join(texts))


def _csv_outcome(outcome: Outcome, servers: _Kept[_Servers]) -> str:
    groups, site, notes = _cells(outcome.groups), "|".join(outcome.sites), ";".join(outcome.notes)
    return f",{groups},{servers.text(outcome.servers)},{site},{outcome.how.value},{notes}\n"


def _csv_servers(servers: _Servers) -> str:
    """The servers at minute 0 by role, then the timeline: ``mp 0:host;dp 0:host 120:host``."""
    now = [";".join([host for minute, host in pool if minute == 0]) for pool in servers]
    timeline = [
        " ".join([role, *[f"{minute}:{host}" for minute, host in pool]])
        for role, pool in zip(_ROLE_NAMES, servers, strict=True)
        if pool
    ]
    return ",".join([*now, ";".join(timeline)])


def _csv_change(change: Change) -> str:
    added = (f"{one.role.value} {one.after}:{one.host}" for one in change.servers if one.before is None)
    removed = (f"{one.role.value} {one.before}:{one.host}" for one in change.servers if one.after is None)
    moved = (f"{one.role.value} {one.before}>{one.after}:{one.host}" for one in _moved(change.servers))
    cells = [";".join(change.kinds), _cells(change.groups_added), _cells(change.groups_removed)]
    cells += [";".join(added), ";".join(removed), ";".join(moved)]
    cells += ["|".join(change.sites_before), "|".join(change.sites_after)]
    return "," + ",".join(cells) + "\n"


def _moved(changes: Sequence[ServerChange]) -> Iterable[ServerChange]:
    return (one for one in changes if one.before is not None and one.after is not None)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json_outcome(outcome: Outcome, servers: _Kept[_Servers]) -> str:
    end = {"site": "|".join(outcome.sites), "site_from": outcome.how.value, "notes": outcome.notes}
    return f', "groups": {_json(outcome.groups)}, {servers.text(outcome.servers)}, {_json(end)[1:]}\n'


def _json_servers(servers: _Servers) -> str:
    values: dict[str, object] = {
        role: [host for minute, host in pool if minute == 0] for role, pool in zip(_ROLE_NAMES, servers, strict=True)
    }
    values["timeline"] = [
        {"role": role, "minute": minute, "host": host}
        for role, pool in zip(_ROLE_NAMES, servers, strict=True)
        for minute, host in pool
    ]
    return _json(values)[1:-1]


def _json_change(change: Change) -> str:
    values: dict[str, object] = {"changes": change.kinds}
    values |= {"groups_added": change.groups_added, "groups_removed": change.groups_removed}
    values["servers_added"] = [
        {"role": one.role.value, "minute": one.after, "host": one.host} for one in change.servers if one.before is None
    ]
    values["servers_removed"] = [
        {"role": one.role.value, "minute": one.before, "host": one.host} for one in change.servers if one.after is None
    ]
    values["minutes_changed"] = [
        {"role": one.role.value, "before": one.before, "after": one.after, "host": one.host}
        for one in _moved(change.servers)
    ]
    values |= {"site_before": "|".join(change.sites_before), "site_after": "|".join(change.sites_after)}
    return ", " + _json(values)[1:] + "\n"
