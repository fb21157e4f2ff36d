"""Pages of the documentation that are made from the code; ``python tests/docpages.py`` writes them."""

import argparse
import contextlib
import inspect
import io
import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

from manpage import EXIT_CODES, manual_page
from shellcompletion import completion

from cmclient import errors
from cmclient.adapters.packagedata import read_catalogue, read_shown
from cmclient.cli.commands import COMMANDS, HELP
from cmclient.cli.main import main as cmclient
from cmclient.config import SETTINGS, load_config, show_config
from cmclient.rules.catalogue import is_shown, parse_catalogue, parse_shown

DOCS = Path(__file__).parent.parent / "docs"

MADE = "<!-- made by tests/docpages.py; do not edit -->"


def settings_page() -> str:
    """Every setting."""
    defaults = {name: value for name, value, _ in show_config(load_config())}
    rows = [f"| `{one.name}` | {one.meaning} | {one.unit or '-'} | `{defaults[one.name] or ' '}` |" for one in SETTINGS]
    return "\n".join([MADE, "", "| Setting | Meaning | Unit | Default |", "| --- | --- | --- | --- |", *rows, ""])


def errors_page() -> str:
    """Every error with its code."""
    return "\n".join(_errors())


def _errors() -> Iterator[str]:
    yield "# Errors"
    yield ""
    yield MADE
    yield ""
    yield "Every error is a `CmClientError` with a stable `code`, a sentence, and a hint where there is a next step."
    yield "The disposition says what a caller with more than one server does."
    yield ""
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    for kind in sorted(classes, key=lambda kind: kind.code):
        yield f"## {kind.code}"
        yield ""
        yield f"`{kind.__name__}`, disposition {kind.disposition.value}."
        yield (inspect.getdoc(kind) or "").splitlines()[0]
        yield ""


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


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "cli.md": commands_page,
    "rules.md": rules_page,
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
