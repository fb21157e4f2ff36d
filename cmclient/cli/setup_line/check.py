"""``cmclient setup-line check``."""

import argparse
from typing import TYPE_CHECKING, Any

from ...rules.explain import Outline
from ...rules.setup_outlook import describe_search, find_missing
from ...setup_given import read_setup_given
from ...setup_settings import find_setting_of
from ..codes import DONE, FINDINGS
from ..render import Table, print_json, show

if TYPE_CHECKING:
    from ...protocol.setupline import SetupItem, SetupLine, SetupName

__all__ = ["HELP", "configure", "run"]

HELP = """\
Read a ccmsetup line as setup would: what each parameter and property is for, which setting of this client it becomes,
what is wrong with the line, what would probably not do what it seems to do, from where setup would fetch its files and
in which order, and what such a line mostly has besides. Asks nobody, opens nothing, and shows no tokens.
Exit codes: 0 the line can be used, 9 it cannot.
"""

_SCHEMA = "cmclient.setup-line/1"
_USELESS = "recognised, no use for it here"
_WORDS = {
    "R": "the registry",
    "P": "the command line",
    "M": "an older client that is there",
    "U": "the client that is there",
}

# They count, and no setting says the same: whose settings win, which file is read, what is passed on, a new assignment.
_HEEDED = frozenset({"SMSCONFIGSOURCE", "/config", "CCMSETUPCMD", "SITEREASSIGN"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    what = "such as '/UsePKICert SMSMP=mp1 SMSSITECODE=ABC'; without quotes a shell changes what it takes for its own"
    parser.add_argument("line", metavar="LINE", nargs="+", help=what)


def run(arguments: argparse.Namespace) -> int:
    """Read and print."""
    from ...protocol.setupline import parse_setup_line

    line = parse_setup_line(" ".join(arguments.line))
    if arguments.format == "json":
        print_json(_document(line))
    else:
        show(_items(line))
    return FINDINGS if line.faults else DONE


def _known(item: "SetupItem") -> "SetupName":
    from ...protocol.setupline import KNOWN

    return next(one for one in KNOWN if one.name == item.name)


def _document(line: "SetupLine") -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "usable": not line.faults,
        "items": [
            {
                "name": item.name,
                "kind": item.kind.value,
                "value": str(item.value),
                "meaning": _known(item).meaning,
                "rule": item.rule,
                "setting": find_setting_of(item.name),
            }
            for item in line.items
        ],
        "faults": list(line.faults),
        "notes": list(line.notes),
        "order": _order(line),
        "published": _published(line),
        "fetch": _fetch(line) if _installs(line) else None,
        "missing": [] if not _installs(line) else [one._asdict() for one in find_missing(read_setup_given(line))],
    }


def _installs(line: "SetupLine") -> bool:
    return not line.faults and all(item.name != "/uninstall" for item in line.items)


def _fetch(line: "SetupLine") -> dict[str, Any]:
    given = read_setup_given(line)
    return {
        "search": given.plan.search.value,
        "management_points": [one.host for one in given.plan.given],
        "folders": list(given.plan.paths),
        "retry_seconds": given.plan.retry,
        "timeout_seconds": given.plan.timeout,
        "steps": [one._asdict() for one in describe_search(given)],
    }


def _order(line: "SetupLine") -> list[str]:
    from ...protocol.setupsources import rank_setting_sources

    return [] if not _installs(line) else [_WORDS[source.value] for source in rank_setting_sources(line)]


def _published(line: "SetupLine") -> dict[str, str] | None:
    from ...protocol.setupsources import find_published_bar

    bar = find_published_bar(line)
    return None if bar is None else {"rule": bar.rule, "text": bar.text}


def _items(line: "SetupLine") -> list[str | Table | Outline]:
    rows = tuple(
        (
            item.name,
            str(item.value) or "-",
            item.rule or "-",
            _known(item).meaning,
            find_setting_of(item.name) or ("none, it counts" if item.name in _HEEDED else _USELESS),
        )
        for item in line.items
    )
    items: list[str | Table | Outline] = []
    if rows:
        items.append(Table("The line", ("name", "value", "rule", "what it is for", "setting"), rows))
    items += [f"Wrong: {fault}" for fault in line.faults]
    items += [f"Note: {note}" for note in line.notes]
    if _installs(line):
        bar = _published(line)
        read = "is read" if bar is None else f"is not read ({bar['rule']})"
        items += [
            f"Settings are looked for in this order: {', then '.join(_order(line))}.",
            f"What the site publishes for installation {read}.",
            *_outlook(line),
        ]
    elif not line.faults:
        items.append("Nothing is installed and nothing fetched: this line removes the client.")
    return items


def _outlook(line: "SetupLine") -> list[str | Table | Outline]:
    """From where setup would fetch, and what the line leaves out."""
    given = read_setup_given(line)
    steps = (f"{place}. {step.text} ({step.rule})" for place, step in enumerate(describe_search(given), 1))
    missing = tuple(Outline(f"{one.text} ({one.rule})") for one in find_missing(given))
    return [
        "",
        Outline("From where setup would fetch its files (nobody was asked)", tuple(map(Outline, steps))),
        "",
        Outline("Missing, or worth a thought", missing) if missing else "Nothing that is usually needed is missing.",
    ]
