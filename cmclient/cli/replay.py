"""``cmclient replay``."""

import argparse
import sys
from pathlib import Path

from ..errors import ConfigError
from .codes import DONE, FINDINGS
from .render import print_json, show

__all__ = ["HELP", "configure", "run"]

HELP = """\
Make a decision again from the inputs saved with it ('locate --format json > FILE'), and compare. Touches nothing.
Exit codes: 0 the same, 9 different.
"""

_CAP = 33 * 1024 * 1024  # bytes; more is refused without being read on


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("file", metavar="FILE", help="a saved location; - for standard input")
    parser.add_argument("--explain", action="store_true", help="print every rule that decides now, as a tree")


def run(arguments: argparse.Namespace) -> int:
    """Replay and print."""
    from ..replay import replay_decision

    replay = replay_decision(_read(arguments.file))
    if arguments.format == "json":
        from ..protocol.saved import REPLAY_SCHEMA, build_evaluations

        print_json(
            {
                "schema": REPLAY_SCHEMA,
                "same": not replay.differences,
                "differences": list(replay.differences),
                "notes": list(replay.notes),
                "ranked": build_evaluations(replay.decision.ranked),
                "rejected": build_evaluations(replay.decision.rejected),
            }
        )
    else:
        from ..rules.explain import outline_decision

        same = f"the same decision: {len(replay.decision.ranked)} ranked, {len(replay.decision.rejected)} rejected"
        show([*replay.notes, *(replay.differences or [same])])
        if arguments.explain:
            show(["", outline_decision(replay.decision)])
    return FINDINGS if replay.differences else DONE


def _read(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(_CAP)
        with Path(name).open("rb") as file:
            return file.read(_CAP)
    except OSError as error:
        fault = f"{name} cannot be read: {error.strerror or error}"
        raise ConfigError((fault,), hint="'cmclient locate --format json > FILE' saves a decision") from error
