"""``cmclient boundaries check``."""

import argparse
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ...rules.explain import Outline
from ..codes import DONE, FINDINGS
from ..render import print_json, show
from .data import add_data, read_data

if TYPE_CHECKING:
    from ...model.finding import Finding
    from ...rules.findings import Findings

__all__ = ["HELP", "configure", "run"]

HELP = """\
Look for what is wrong in boundary data: overlaps that assign different sites, boundaries and relationships without
effect, groups without servers, and more. Asks nobody and writes nothing.
Exit codes: 0 nothing but notices, 9 errors or warnings.
"""

_SCHEMA = "cmclient.boundary-findings/1"
_FEW = 5  # findings of a kind that are shown at first


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_data(parser)
    parser.add_argument("--all", action="store_true", help=f"show more than the first {_FEW} findings of each kind")


def run(arguments: argparse.Namespace) -> int:
    """Check and print."""
    from ...model.finding import Severity
    from ...rules.findings import check_data

    found = check_data(read_data(arguments))
    if arguments.format == "json":
        print_json(_document(found))
    else:
        show(_items(found, most=None if arguments.all else _FEW))
    return FINDINGS if found.counts[Severity.ERROR] or found.counts[Severity.WARNING] else DONE


def _document(found: "Findings") -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "findings": [
            {
                "code": one.code,
                "severity": one.severity.value,
                "rule": one.rule,
                "what": one.what,
                "where": {kind: list(ids) for kind, ids in one.where._asdict().items() if ids},
                "do": one.do,
            }
            for one in found.findings
        ],
        "counts": {severity.value: count for severity, count in found.counts.items()},
        "left_out": found.left_out,
        "notes": list(found.notes),
    }


def _items(found: "Findings", most: int | None) -> list[str | Outline]:
    counts = [f"{count:,} {severity.value}{'s' if count != 1 else ''}" for severity, count in found.counts.items()]
    items: list[str | Outline] = [", ".join(counts) if any(found.counts.values()) else "Nothing found."]
    for (_, code), group in groupby(found.findings, key=lambda one: (one.severity, one.code)):
        items += ["", _kind(list(group), found.left_out.get(code, 0), most)]
    if found.notes:
        items += ["", "Not checked, or not to be known from this data", *(f"  {note}" for note in found.notes)]
    return items


def _kind(findings: "list[Finding]", left_out: int, most: int | None) -> Outline:
    """The findings of one kind, and what to do about them."""
    first, shown = findings[0], findings[:most]
    hidden = len(findings) - len(shown)
    lines = [one.what for one in shown]
    if hidden:
        lines.append(f"and {hidden + left_out:,} more; --all shows {'them' if not left_out else f'{hidden:,} of them'}")
    elif left_out:
        lines.append(f"and {left_out:,} more, which are left out of the list")
    lines += [f"what next: {do}" for do in dict.fromkeys(one.do for one in shown)]
    rule = f", {first.rule}" if first.rule else ""
    title = f"{first.severity.value}: {first.code} ({len(findings) + left_out:,}{rule})"
    return Outline(title, tuple(map(Outline, lines)))
