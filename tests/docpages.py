"""Pages of the documentation that are made from the code; ``python tests/docpages.py`` writes them."""

import argparse
import ast
import contextlib
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import schemas
from manpage import EXIT_CODES, manual_page
from rulemarks import scan_package
from shellcompletion import completion

from cmclient import errors
from cmclient.adapters.packagedata import read_catalogue, read_shown
from cmclient.cli.commands import COMMANDS, HELP
from cmclient.cli.main import main as cmclient
from cmclient.config import SETTINGS, load_config, show_config
from cmclient.rules.catalogue import is_shown, parse_catalogue, parse_shown

DOCS = Path(__file__).parent.parent / "docs"

PACKAGE = Path(errors.__file__).parent
_MOST_MODULES = 6  # in a row

MADE = "<!-- made by tests/docpages.py; do not edit -->"


def settings_page() -> str:
    """Every setting."""
    defaults = {name: value for name, value, _ in show_config(load_config())}
    rows = [f"| `{one.name}` | {one.meaning} | {one.unit or '-'} | `{defaults[one.name] or ' '}` |" for one in SETTINGS]
    return "\n".join([MADE, "", "| Setting | Meaning | Unit | Default |", "| --- | --- | --- | --- |", *rows, ""])


def commands_page() -> str:
    """The help of every command."""
    return "\n".join(_commands())


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield MADE
    yield ""
    yield "```text"
    yield HELP.rstrip()
    yield "```"
    for words in commands():
        yield ""
        yield f"## {' '.join(words)}"
        yield ""
        yield "```text"
        yield help_of(*words).rstrip()
        yield "```"
    yield ""
    yield "## Exit codes"
    yield ""
    yield "| Code | Meaning |"
    yield "| --- | --- |"
    for code, meaning in EXIT_CODES:
        yield f"| {code} | {meaning} |"
    yield ""


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command, and of every action of those that have actions."""
    for name, (module, _) in COMMANDS.items():
        yield (name,)
        for action in getattr(import_module(f"cmclient.cli.{module}"), "ACTIONS", ()):
            yield name, action


def help_of(*words: str) -> str:
    """What ``cmclient WORDS --help`` prints on a terminal of 100 columns."""
    printed = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            cmclient([*words, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return printed.getvalue()


def rules_page() -> str:
    """The rules that are shown by tests, by area."""
    return "\n".join(_rules())


def _rules() -> Iterator[str]:
    shown = parse_shown(read_shown())
    catalogue = parse_catalogue(read_catalogue())
    yield "# Rules"
    yield ""
    yield MADE
    yield ""
    yield "The catalogue has a row for each rule on how a client finds and uses site systems:"
    yield "what is known, from where, and what was ruled where sources disagree."
    yield "`cmclient rules` prints it with the places in the code that decide each rule and the tests that show it."
    yield "Tiers: 1 core, 2 completes the mission, 3 rare, L the lab's site behaves so."
    yield "This page lists the rules that are shown by tests now."
    for area in dict.fromkeys(rule.area for rule in catalogue):
        held = [rule for rule in catalogue if rule.area == area and is_shown(rule, shown)]
        if held:
            yield ""
            yield f"## {area}"
            yield ""
            yield "| Rule | Tier | What it says |"
            yield "| --- | --- | --- |"
            for rule in held:
                yield f"| {rule.id} | {rule.tier} | {rule.statement.replace('|', chr(92) + '|')} |"
    yield ""


def rule_modules_page() -> str:
    """Which modules decide the rules of each area, and what each module of the rules decides."""
    return "\n".join(_rule_modules())


def _rule_modules() -> Iterator[str]:
    catalogue = parse_catalogue(read_catalogue())
    places = scan_package(PACKAGE, frozenset(rule.id for rule in catalogue))
    yield "# Where the rules live"
    yield ""
    yield MADE
    yield ""
    yield f"For each area of the catalogue the modules that decide its rules, {_MOST_MODULES} at most."
    yield "A rule without a line of code of its own is not counted: a constant, say, or what only a server does."
    yield "`cmclient rules RULE` prints the places in the code and the tests of one rule."
    yield ""
    yield "| Area | Rules that code decides | Modules |"
    yield "| --- | --- | --- |"
    for area in dict.fromkeys(rule.area for rule in catalogue):
        decided = [rule.id for rule in catalogue if rule.area == area and rule.id in places]
        modules = Counter(module for rule in decided for module in {_module_of(place) for place in places[rule]})
        first = [name for name, _ in sorted(modules.items(), key=lambda item: (-item[1], item[0]))]
        named = ", ".join(f"`{name}`" for name in first[:_MOST_MODULES])
        more = f", {len(first) - _MOST_MODULES} more" if len(first) > _MOST_MODULES else ""
        yield f"| {area} | {len(decided)} | {named}{more} |"
    yield ""
    yield "## What each module of `rules` decides"
    yield ""
    yield "| Module | What |"
    yield "| --- | --- |"
    for path in sorted((PACKAGE / "rules").glob("[!_]*.py")):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        yield f"| `rules/{path.name}` | {said.splitlines()[0]} |"
    yield ""


def _module_of(place: str) -> str:
    return place.partition(":")[0].removeprefix("cmclient/")


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "cli.md": commands_page,
    "rules.md": rules_page,
    "rule-modules.md": rule_modules_page,
    "schema/index.md": partial(schemas.index_page, MADE),
    **{f"schema/{name}.json": partial(schemas.schema_text, name) for name in schemas.DOCUMENTS},
    "man/cmclient.1": manual_page,
    "shell/cmclient.bash": partial(completion, "bash"),
    "shell/_cmclient": partial(completion, "zsh"),
    "shell/cmclient.fish": partial(completion, "fish"),
}


def write() -> None:
    """Write every page."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    write()
