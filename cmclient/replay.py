"""Recompute a saved decision from its own inputs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .model.decision import Decision
from .protocol.saved import build_evaluations, parse_location
from .rules.choose import SeededChooser
from .rules.edition import CATALOGUE_VERSION
from .rules.select import select_management_point

__all__ = ["Replay", "replay_decision"]


class Replay(NamedTuple):
    """A decision made again.

    Attributes:
        decision: The decision made now.
        differences: What is not as it was then, one line each; empty when all is the same.
        notes: What may explain a difference, such as another catalogue.
    """

    decision: Decision
    differences: tuple[str, ...]
    notes: tuple[str, ...]


def replay_decision(data: bytes) -> Replay:
    """Make a saved decision again and compare.

    Args:
        data: A location document, as ``locate --format json`` prints it.

    Raises:
        ReplayError: It is no such document.
        MalformedReplyError: A field is not what it should be.
    """
    saved = parse_location(data)
    decision = select_management_point(
        saved.candidates,
        saved.facts,
        saved.policy,
        chooser=SeededChooser(saved.seed),
        unreadable=saved.unreadable,
    )
    notes: tuple[str, ...] = ()
    if saved.catalogue != CATALOGUE_VERSION:
        notes = (f"decided by catalogue {saved.catalogue or '(none)'}, replayed by {CATALOGUE_VERSION}",)
    differences = [
        *_compare("ranked", saved.ranked, _plain(build_evaluations(decision.ranked))),
        *_compare("rejected", saved.rejected, _plain(build_evaluations(decision.rejected))),
    ]
    return Replay(decision, tuple(differences), notes)


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    return json.loads(json.dumps(value))


def _compare(where: str, then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> list[str]:
    """Differences of two lists of evaluations, member by member and field by field."""
    names_then, names_now = [one.get("name") for one in then], [one.get("name") for one in now]
    if names_then != names_now:
        return [f"{where}: was {_list(names_then)}, is {_list(names_now)}"]
    return [
        f"{where} {a.get('name')}: {field} was {a.get(field)!r}, is {b.get(field)!r}"
        for a, b in zip(then, now, strict=True)
        for field in sorted(set(a) | set(b))
        if a.get(field) != b.get(field)
    ]


def _list(names: Sequence[object]) -> str:
    return ", ".join(str(name) for name in names) or "(none)"
