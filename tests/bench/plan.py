"""``boundaries plan`` for very many machines, CSV to CSV, beside the same join in DuckDB; prints ratios, never fails.

Whole processes, each in turn, several rounds. DuckDB answers less: boundaries and groups alone, or with servers, and
never the site.
"""

import argparse
import csv
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from fleet_data import make

TABLES = ("boundaries", "boundarygroups", "boundarygroupmembers", "boundarygroupsitesystems")
MORE = ("boundarygrouprelationships", "sysresuse")

DUCKDB = str(Path(__file__).with_name("plan_duckdb.py"))


def contestants(*, plain: bool) -> dict[str, list[str]]:
    """Commands, by what they are called."""
    options = [part for table in (*TABLES, *MORE) for part in ("--data", f"{table}.csv")]
    plan = ["-m", "cmclient", "boundaries", "plan", "machines.csv", *options]
    found = {"plan, pure": [*plan, "--engine", "pure", "--output", "pure.csv"]}
    if importlib.util.find_spec("numpy") and importlib.util.find_spec("pyarrow"):
        found["plan, fleet"] = [*plan, "--engine", "fleet", "--output", "fleet.csv"]
    if importlib.util.find_spec("duckdb"):
        found["DuckDB, groups alone"] = [DUCKDB]
        if plain:
            found["DuckDB, groups alone, plain join"] = [DUCKDB, "plain"]
        found["DuckDB, with servers"] = [DUCKDB, "servers"]
    return found


def measure(command: list[str], folder: str) -> tuple[float, float, float]:
    """Seconds, seconds of processor time, and MiB at the peak."""
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-P", *command], cwd=folder, stderr=subprocess.PIPE) as running:  # noqa: S603
        said = running.stderr.read() if running.stderr else b""
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        sys.exit(f"{command[:6]} failed: {said.decode()[-500:]}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def answers(path: Path, most: int) -> Iterator[tuple[str, ...]]:
    """What all contestants say of the first machines of a file, each list in one order."""
    with path.open(newline="", encoding="utf-8") as file:
        for _, row in zip(range(most), csv.DictReader(file), strict=False):
            lists = (row[name] for name in ("boundaries", "groups", "mp", "dp", "sup"))
            timeline = (" ".join(sorted(part.split())) for part in row["timeline"].split(";"))
            yield row["name"], *(";".join(sorted(one.split(";"))) for one in lists), ";".join(sorted(timeline))


def main() -> None:
    """Run every contestant once a round and print medians with ratios to the last one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=1_000_000)
    parser.add_argument("--boundaries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="the plain range join too, which takes minutes")
    parser.add_argument("--tangled", action="store_true", help="boundaries in groups at random: the worst case")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), boundaries=options.boundaries, machines=options.machines, tangled=options.tangled)
        commands = contestants(plain=options.plain)
        taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                taken[name].append(measure(command, folder))
        written = [
            Path(folder, name) for name in ("pure.csv", "fleet.csv", "duckdb.csv") if Path(folder, name).exists()
        ]
        alike = all(set(answers(one, 50_000)) == set(answers(written[0], 50_000)) for one in written)
    print(f"{options.machines:,} machines, {options.boundaries:,} boundaries; answers {'agree' if alike else 'DIFFER'}")
    base = statistics.median(wall for wall, _, _ in taken[list(taken)[-1]])
    print(f"{'':<34}{'median':>10}{'ratio':>8}{'processor':>11}{'peak':>10}")
    for name, rounds in taken.items():
        wall, processor, peak = (statistics.median(one) for one in zip(*rounds, strict=True))
        print(f"{name:<34}{wall:>8.1f} s{wall / base:>8.2f}{processor:>9.1f} s{peak:>6.0f} MiB")


if __name__ == "__main__":
    main()
