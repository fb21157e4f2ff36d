"""``boundaries plan`` for very many machines, CSV to CSV, beside the same join in DuckDB.

Whole processes. DuckDB answers less: boundaries and groups alone, or with servers, and never the site.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from fleet_data import make
from harness import Goal, Race, finish, folder, has_module, options_of, python, race_commands

TABLES = ("boundaries", "boundarygroups", "boundarygroupmembers", "boundarygroupsitesystems")
MORE = ("boundarygrouprelationships", "sysresuse")

DUCKDB = str(Path(__file__).with_name("plan_duckdb.py"))


PURE, FLEET, PARQUET = "plan, pure Python", "plan, fleet", "plan, fleet, Parquet in and out"
GROUPS, SERVERS, PLAIN = "DuckDB, groups alone", "DuckDB, with servers", "DuckDB, groups alone, plain join"


def contestants(*, plain: bool) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Commands by what they are called, and those that are not here."""
    tables = [part for table in (*TABLES, *MORE) for part in ("--data", f"{table}.csv")]
    command = python("-m", "cmclient", "boundaries", "plan")
    found, missing = {}, {}
    if has_module("duckdb"):
        found |= {SERVERS: python(DUCKDB, "servers"), GROUPS: python(DUCKDB)}
        found |= {PLAIN: python(DUCKDB, "plain")} if plain else {}
    else:
        missing |= dict.fromkeys((SERVERS, GROUPS), "duckdb is not installed")
    found[PURE] = [*command, "machines.csv", *tables, "--engine", "pure", "--output", "pure.csv"]
    if has_module("numpy") and has_module("pyarrow"):
        found[FLEET] = [*command, "machines.csv", *tables, "--engine", "fleet", "--output", "fleet.csv"]
        found[PARQUET] = [*command, "machines.parquet", *tables, "--engine", "fleet", "--output", "fleet.parquet"]
    else:
        missing |= dict.fromkeys((FLEET, PARQUET), "numpy and pyarrow are not installed")
    return found, missing


def write_parquet(place: Path) -> None:
    """The machines once more, as Parquet."""
    import pyarrow.csv as table  # noqa: PLC0415 - only where it is installed
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(table.read_csv(place / "machines.csv"), place / "machines.parquet")


def answers(path: Path, most: int) -> Iterator[tuple[str, ...]]:
    """What all contestants say of the first machines of a file, each list in one order."""
    with path.open(newline="", encoding="utf-8") as file:
        for _, row in zip(range(most), csv.DictReader(file), strict=False):
            lists = (row[name] for name in ("boundaries", "groups", "mp", "dp", "sup"))
            timeline = (" ".join(sorted(part.split())) for part in row["timeline"].split(";"))
            yield row["name"], *(";".join(sorted(one.split(";"))) for one in lists), ";".join(sorted(timeline))


def measure(machines: int, boundaries: int, rounds: int, *, plain: bool, tangled: bool) -> list[Race]:
    """All in one race; what they answer of the first machines is compared."""
    with folder() as place:
        make(place, boundaries=boundaries, machines=machines, tangled=tangled)
        commands, missing = contestants(plain=plain)
        if PARQUET in commands:
            write_parquet(place)
        goals = [Goal(FLEET, SERVERS, 1.0), Goal(FLEET, "", 300, "peak"), Goal(PURE, "", 300, "peak")]
        title = f"boundaries plan: {machines:,} machines, {boundaries:,} boundaries"
        done = race_commands(title, commands, rounds=rounds, cwd=place, missing=missing, goals=goals)
        written = [place / name for name in ("pure.csv", "fleet.csv") if (place / name).exists()]
        if (place / "duckdb.csv").exists() and "timeline" in (place / "duckdb.csv").open().readline():
            written.append(place / "duckdb.csv")
        if any(set(answers(one, 50_000)) != set(answers(written[0], 50_000)) for one in written):
            sys.exit("the answers differ")
    return [done]


def main() -> None:
    """Measure and print."""
    options = options_of(
        __doc__,
        ("--machines", {"type": int}),
        ("--boundaries", {"type": int}),
        ("--plain", {"action": "store_true", "help": "the plain range join too, which takes minutes"}),
        ("--tangled", {"action": "store_true", "help": "boundaries in groups at random: the worst case"}),
    )
    machines = options.machines or (1_000_000 if options.full else 200_000)
    boundaries = options.boundaries or (100_000 if options.full else 20_000)
    done = measure(machines, boundaries, options.rounds or 3, plain=options.plain, tangled=options.tangled)
    finish(done, options.json)


if __name__ == "__main__":
    main()
