"""Completion for shells, made from the parsers of the commands; ``python tests/docpages.py`` writes it."""

import argparse
from typing import Any, cast

import shtab
from commandline_parsers import commands

from cmclient.cli.options import add_output

# By what stands for the value in the help: that is a word for people, and the one place that says what it is.
_FILES = {"FILE", "LOG", "PATH", "DATA", "CLIENTS", "OTHER"}
_FOLDERS = {"DIR", "FOLDER"}


def completion(shell: str) -> str:
    """The completion script for a shell: bash, zsh or fish."""
    return shtab.complete(_whole_parser(), shell=shell).rstrip("\n") + "\n"


def _whole_parser() -> argparse.ArgumentParser:
    """All commands in one parser, which cmclient itself never builds: it would cost every start."""
    whole = argparse.ArgumentParser(prog="cmclient")
    whole.add_argument("--version", action="store_true", help="print the version")
    add_output(whole)
    places = {(): whole.add_subparsers(metavar="COMMAND")}
    for command in commands():
        own = [command.parser] if command.parser is not None else []
        for action in own[0]._actions if own else ():
            _mark(action)
        parser = places[command.words[:-1]].add_parser(
            command.words[-1], parents=own, help=command.line, description=command.line
        )
        if not own:
            places[command.words] = parser.add_subparsers(metavar="ACTION")
    return whole


def _mark(action: argparse.Action) -> None:
    """Say that files, or folders, are to be offered."""
    if action.metavar in _FILES | _FOLDERS:
        cast("Any", action).complete = shtab.FILE if action.metavar in _FILES else shtab.DIRECTORY
