"""The real command, run in a process of its own, and what it printed."""

import json
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from cmclient.rules.choose import SeededChooser

__all__ = ["Command", "Outcome", "seed_that_draws"]


class Outcome(NamedTuple):
    """What the command did: exit code, the document that it printed, and what it said on standard error."""

    code: int
    document: dict[str, Any]  # empty when nothing was printed
    errors: str

    @property
    def chosen(self) -> str | None:
        """Where the chosen one was contacted; None when none was chosen."""
        chosen = self.document["chosen"]
        return None if chosen is None else chosen["endpoint"]

    @property
    def ranked(self) -> dict[str, dict[str, Any]]:
        """The ranked by name, in order."""
        return {one["name"]: one for one in self.document["ranked"]}

    @property
    def rejected(self) -> dict[str, str]:
        """For each of the rejected, by name, the rule that did it."""
        return {one["name"]: one["rules"][-1] for one in self.document["rejected"]}

    @property
    def candidates(self) -> dict[str, dict[str, Any]]:
        """The management points that were named, by host."""
        return {one["mp"]["host"]: one["mp"] for one in self.document["candidates"]}

    @property
    def attempts(self) -> list[tuple[str, str, str]]:
        """Of each attempt where, what for, and what came of it: ``answered``, ``cancelled``, or the error's code."""
        attempts = self.document["attempts"]
        return [(one["endpoint"], one["purpose"], one["code"] or one["outcome"]) for one in attempts]

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        """The reports of the sources by name, in order."""
        return {one["source"]: one for one in self.document["sources"]}

    @property
    def asked(self) -> list[str]:
        """The sources that were asked, in order."""
        return [one["source"] for one in self.document["sources"] if one["asked"]]


class Command:
    """``python -m cmclient``, away from the work tree and with a store of its own, which is empty at first.

    Args:
        folder: Where it runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *arguments: str, settings: Mapping[str, object]) -> Outcome:
        """Run it.

        Args:
            arguments: Command and options.
            settings: Given as ``--set``; a None is not given.
        """
        given = [f"--set={name}={value}" for name, value in settings.items() if value is not None]
        return self._run(*arguments, *given, "--store", str(self._folder / "store.sqlite3"))

    def replay(self, name: str) -> Outcome:
        """Make a decision again that was saved as a file of the folder."""
        return self._run("replay", name)

    def _run(self, *arguments: str) -> Outcome:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "cmclient", *arguments, "--format", "json"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(done.returncode, json.loads(done.stdout or "{}"), done.stderr)


def seed_that_draws(first: str, *others: str) -> str:
    """A seed with which the first comes before the others, where nothing but chance puts them in order."""
    choosers = (SeededChooser(seed) for seed in count())
    return str(next(one.seed for one in choosers if one.draw(first) < min(one.draw(name) for name in others)))
