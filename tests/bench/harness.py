"""What all measurements share: contestants take turns in every round, and what counts is how they compare.

A machine is never quiet, and no two are alike: so each contestant runs once a round, in shuffled order, and a ratio is
the median over the rounds of the quotients within a round. Wall clock, processor time and peak memory are those of the
whole process, as the kernel accounts for them. A contestant that is not installed is named as missing. Nothing fails
here for being slow; a wrong answer does.
"""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "Goal",
    "Measured",
    "Options",
    "Race",
    "call",
    "environment",
    "finish",
    "folder",
    "has_module",
    "machine",
    "options_of",
    "python",
    "race",
    "race_commands",
    "run_child",
    "run_process",
    "version_of",
]

SEED = 20240102
MEBIBYTE = 2**20


class Measured(NamedTuple):
    """One run: seconds, seconds of processor time, and MiB at the peak; what is not measured is None."""

    wall: float
    cpu: float | None = None
    peak: float | None = None


class Goal(NamedTuple):
    """What is wished for.

    Attributes:
        row: Of which contestant.
        against: Compared with which other one; empty for the figure itself.
        at_most: The ratio, or the figure.
        what: ``wall``, ``cpu`` or ``peak``.
    """

    row: str
    against: str
    at_most: float
    what: str = "wall"


class Options(NamedTuple):
    """How to measure.

    Attributes:
        full: Take the sizes that the goals are about, which may take long.
        rounds: How many rounds; None for what the job finds enough.
        json: Where the result goes; None for nowhere but the terminal.
    """

    full: bool = False
    rounds: int | None = None
    json: Path | None = None


class Race(NamedTuple):
    """What came of a race.

    Attributes:
        job: What was measured.
        base: The contestant that the ratios are to.
        runs: Every run of every contestant, in order of the rounds.
        missing: Contestants that are not here, with the reason.
        goals: What is wished for.
        notes: What else was seen, in words.
    """

    job: str
    base: str
    runs: dict[str, list[Measured]]
    missing: dict[str, str]
    goals: tuple[Goal, ...] = ()
    notes: tuple[str, ...] = ()

    def ratio(self, row: str, against: str, what: str = "wall") -> float | None:
        """The median of the quotients within the rounds; None where one of the two is not there."""
        pairs = zip(self.runs.get(row, ()), self.runs.get(against, ()), strict=False)
        quotients = [getattr(one, what) / getattr(other, what) for one, other in pairs if getattr(other, what)]
        return statistics.median(quotients) if quotients else None

    def figure(self, row: str, what: str = "wall") -> float | None:
        """The median; for memory the highest. None where it was not measured."""
        found = [value for one in self.runs.get(row, ()) if (value := getattr(one, what)) is not None]
        if not found:
            return None
        return max(found) if what == "peak" else statistics.median(found)

    def reached(self, goal: Goal) -> float | None:
        """The figure that a goal is about; None where it cannot be told."""
        if goal.against:
            return self.ratio(goal.row, goal.against, goal.what)
        return self.figure(goal.row, goal.what)


# --- contestants ----------------------------------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    """Variables for a process that is measured: bytecode is written and used, and no setting of a person counts."""
    unwanted = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted and "CMCLIENT" not in name}
    return kept | more


def python(*arguments: str) -> list[str]:
    """A command of this Python; ``-P``: no folder that happens to be the current one holds its modules."""
    return [sys.executable, "-P", *arguments]


def has_module(name: str) -> bool:
    """Whether a library is installed; nothing is loaded."""
    return find_spec(name) is not None


def version_of(name: str) -> str:
    """The version of a library; empty where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def run_process(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    codes: Sequence[int] = (0,),
    output: Callable[[str], None] | None = None,
) -> Measured:
    """Run a process to its end.

    Args:
        command: Its words.
        cwd: Its folder.
        env: Its variables; None for ``environment()``.
        codes: Exit codes that are right.
        output: Looks at what it printed.
    """
    # not to /dev/null: some programs stop there at the first line
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        variables = environment() if env is None else env
        started = time.perf_counter()
        with subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            err.seek(0)
            said = err.read()[-800:].decode(errors="replace")
            raise SystemExit(f"{' '.join(command)[:200]} ended with {process.returncode}:\n{said}")
        if output is not None:
            out.seek(0)
            output(out.read().decode(errors="replace"))
    scale = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return Measured(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * scale / MEBIBYTE)


def run_child(script: str, *arguments: str) -> dict[str, float]:
    """Run a script of this folder in a process of its own, and read the figures that it prints as JSON."""
    here = str(Path(script).parent)
    known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    variables = environment(PYTHONPATH=os.pathsep.join([here, *known]), PYTHONHASHSEED="0")
    done = subprocess.run(  # noqa: S603 - ours
        python(script, *arguments), env=variables, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{Path(script).name} {' '.join(arguments)} failed:\n{done.stderr[-800:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def call(work: Callable[[], object], times: int = 1) -> Measured:
    """Call a function in this process; the figures are those of one call."""
    cpu, started = time.process_time(), time.perf_counter()
    for _ in range(times):
        work()
    wall = time.perf_counter() - started
    return Measured(wall / times, (time.process_time() - cpu) / times)


# --- races ----------------------------------------------------------------------------------------------------------


def race(
    job: str,
    contestants: Mapping[str, Callable[[], Measured]],
    *,
    rounds: int,
    missing: Mapping[str, str] | None = None,
    goals: Sequence[Goal] = (),
    warm_up: bool = True,
    notes: Sequence[str] = (),
) -> Race:
    """Run every contestant once a round, in shuffled order, after one run that does not count.

    Args:
        job: What is measured.
        contestants: Runs of them; the first one is the base of the ratios.
        rounds: How many rounds.
        missing: Contestants that are not here, with the reason.
        goals: What is wished for.
        warm_up: Whether there is a run that does not count: it compiles what is to be compiled, and fills caches.
        notes: What else is to be said.
    """
    draw = random.Random(SEED)  # noqa: S311 - the same order every time
    names = list(contestants)
    runs: dict[str, list[Measured]] = {name: [] for name in names}
    for number in range(-1 if warm_up else 0, rounds):
        for name in draw.sample(names, len(names)):
            measured = contestants[name]()
            if number >= 0:
                runs[name].append(measured)
    return Race(job, names[0], runs, dict(missing or {}), tuple(goals), tuple(notes))


def race_commands(
    job: str,
    commands: Mapping[str, Sequence[str]],
    *,
    rounds: int,
    cwd: Path | None = None,
    missing: Mapping[str, str] | None = None,
    goals: Sequence[Goal] = (),
    notes: Sequence[str] = (),
    codes: Sequence[int] = (0,),
) -> Race:
    """``race`` of whole processes; one whose program is not here is missing."""
    here = {name: command for name, command in commands.items() if shutil.which(command[0])}
    gone = {name: f"{command[0]} is not installed" for name, command in commands.items() if name not in here}

    def runner(command: Sequence[str]) -> Callable[[], Measured]:
        return lambda: run_process(command, cwd=cwd, codes=codes)

    contestants = {name: runner(command) for name, command in here.items()}
    return race(job, contestants, rounds=rounds, missing={**gone, **(missing or {})}, goals=goals, notes=notes)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for the inputs of a measurement, which nobody needs afterwards."""
    with tempfile.TemporaryDirectory(prefix="cmclient-bench-") as name:
        yield Path(name)


# --- results --------------------------------------------------------------------------------------------------------


def options_of(description: str | None, *arguments: tuple[str, dict[str, object]]) -> argparse.Namespace:
    """The options of a script: those of every one, and its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--full", action="store_true", help="the sizes that the goals are about; may take long")
    parser.add_argument("--rounds", type=int, help="how often each runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    for name, about in arguments:
        parser.add_argument(name, **about)  # type: ignore[arg-type] # what add_argument takes
    return parser.parse_args()


def machine() -> dict[str, object]:
    """What was measured on: nothing that tells one such machine from another."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30),
        "python": platform.python_version(),
    }


def finish(races: Sequence[Race], json_file: Path | None) -> None:
    """Print the tables, and write the result where it is wanted."""
    for one in races:
        _print(one)
    if json_file is not None:
        document = {"machine": machine(), "races": [_document(one) for one in races]}
        json_file.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _document(one: Race) -> dict[str, object]:
    rows = []
    for name, runs in one.runs.items():
        walls = sorted(run.wall for run in runs)
        rows.append(
            {
                "name": name,
                "rounds": len(runs),
                "wall": statistics.median(walls),
                "wall_p10": walls[len(walls) // 10],
                "wall_p90": walls[-1 - len(walls) // 10],
                "cpu": one.figure(name, "cpu"),
                "peak_mib": one.figure(name, "peak"),
                "ratio": one.ratio(name, one.base),
                "cpu_ratio": one.ratio(name, one.base, "cpu") if one.figure(one.base, "cpu") else None,
            }
        )
    goals = [goal._asdict() | {"reached": one.reached(goal)} for goal in one.goals]
    document = {"job": one.job, "base": one.base, "rows": rows}
    return document | {"missing": one.missing, "goals": goals, "notes": list(one.notes)}


def _print(one: Race) -> None:
    document = _document(one)
    print(f"\n{one.job}")
    print(f"  {'':<44}{'median':>11}{'p10':>11}{'p90':>11}{'ratio':>8}{'processor':>11}{'peak':>9}")
    for row in document["rows"]:  # type: ignore[attr-defined] # a list
        cpu = "" if row["cpu"] is None else shown_time(row["cpu"])
        peak = "" if row["peak_mib"] is None else f"{row['peak_mib']:.0f} MiB"
        times = "".join(f"{shown_time(row[name]):>11}" for name in ("wall", "wall_p10", "wall_p90"))
        print(f"  {row['name']:<44}{times}{row['ratio']:>8.3g}{cpu:>11}{peak:>9}")
    for name, why in one.missing.items():
        print(f"  {name:<44}    missing: {why}")
    for goal in one.goals:
        print(f"  goal: {shown_goal(goal._asdict() | {'reached': one.reached(goal)})}")
    for note in one.notes:
        print(f"  {note}")


def shown_time(seconds: float) -> str:
    """A time with three figures, in a unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def shown_goal(goal: Mapping[str, object]) -> str:
    """A goal and what was reached, in words."""
    at_most, reached = float(str(goal["at_most"])), goal["reached"]
    unit = " MiB" if goal["what"] == "peak" and not goal["against"] else ""
    what = {"wall": "", "cpu": " of processor time", "peak": " of memory"}[str(goal["what"])]
    against = f" x {goal['against']}" if goal["against"] else ""
    wished = f"{goal['row']}: at most {at_most:.3g}{unit}{against}{what}"
    if reached is None:
        return f"{wished}: not measured"
    return f"{wished}: {float(str(reached)):.3g} ({'met' if float(str(reached)) <= at_most else 'missed'})"
