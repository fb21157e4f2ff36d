"""The argparse parser of every command, as pages and completion are made from them."""

import argparse
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from cmclient.cli.commands import COMMANDS
from cmclient.cli.options import add_output


class Command(NamedTuple):
    """A command, or an action of one."""

    words: tuple[str, ...]
    line: str  # what the list of commands says of it
    text: str  # what its help says before the options
    parser: argparse.ArgumentParser | None  # None of a command that has actions


def commands() -> Iterator[Command]:
    """Every command in the order of ``cmclient --help``, each before its actions."""
    for name, (home, line) in COMMANDS.items():
        module = import_module(f"cmclient.cli.{home}")
        actions = getattr(module, "ACTIONS", None)
        yield Command((name,), line, module.HELP, None if actions else _parser(module))
        for action, (place, said) in (actions or {}).items():
            own = import_module(f"{module.__name__}.{place}")
            yield Command((name, action), said, own.HELP, _parser(own))


def _parser(module: Any) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    module.configure(parser)
    add_output(parser)
    return parser
