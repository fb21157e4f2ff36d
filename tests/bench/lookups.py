"""Single look-ups of all boundaries that hold an address, beside other structures; prints ratios, never fails.

A structure that is not installed is named as absent. Every answer is compared before its time counts.
"""

import argparse
import csv
import importlib
import ipaddress
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fleet_data import make

from cmclient.model.planning import MachineColumns
from cmclient.plan import PlanIndex
from cmclient.rules.intervals import IntervalIndex

Find = Callable[[int], list[int]]


def by_loop(held: list[tuple[int, int]]) -> Find:
    """Every range, one after another."""
    return lambda number: [place for place, (low, high) in enumerate(held) if low <= number <= high]


def by_index(held: list[tuple[int, int]]) -> Find:
    """Ours."""
    return IntervalIndex(held).find


def by_intervaltree(held: list[tuple[int, int]]) -> Find:
    """The package ``intervaltree``."""
    tree = importlib.import_module("intervaltree").IntervalTree.from_tuples(
        (low, high + 1, place) for place, (low, high) in enumerate(held)
    )
    return lambda number: sorted(one.data for one in tree[number])


def by_pytricia(held: list[tuple[int, int]]) -> Find:
    """The package ``pytricia``: ranges cut into prefixes, and the parents of the longest match walked."""
    tree = importlib.import_module("pytricia").PyTricia(32)
    for place, (low, high) in enumerate(held):
        for network in ipaddress.summarize_address_range(ipaddress.IPv4Address(low), ipaddress.IPv4Address(high)):
            key = str(network)
            tree[key] = (*(tree[key] if tree.has_key(key) else ()), place)

    def find(number: int) -> list[int]:
        key = tree.get_key(str(ipaddress.IPv4Address(number)))
        found: list[int] = []
        while key is not None:
            found += tree[key]
            key = tree.parent(key)
        return sorted(found)

    return find


CONTESTANTS: dict[str, Callable[[list[tuple[int, int]]], Find]] = {
    "IntervalIndex": by_index,
    "intervaltree": by_intervaltree,
    "pytricia": by_pytricia,
    "loop over all": by_loop,
}
MOST_LOOPED = 200


def measure(held: list[tuple[int, int]], numbers: list[int], rounds: int) -> None:
    """Print how long building and one look-up take."""
    expected = [by_loop(held)(number) for number in numbers[:MOST_LOOPED]]
    base = 0.0
    print(f"{len(held):,} ranges{'':<14}{'build':>10}{'look-up':>12}{'ratio':>9}")
    for name, build in CONTESTANTS.items():
        started = time.perf_counter()
        try:
            find = build(held)
        except ImportError:
            print(f"  {name:<22}    absent")
            continue
        built = time.perf_counter() - started
        if [find(number) for number in numbers[:MOST_LOOPED]] != expected:
            print(f"  {name:<22}    WRONG")
            continue
        asked, taken = (numbers[:MOST_LOOPED] if name == "loop over all" else numbers), []
        for _ in range(rounds):
            started = time.perf_counter()
            for number in asked:
                find(number)
            taken.append((time.perf_counter() - started) / len(asked))
        median = statistics.median(taken)
        base = base or median
        print(f"  {name:<22}{built * 1000:>7.0f} ms{median * 1e6:>9.2f} us{median / base:>9.1f}")


def measure_machines(boundaries: int) -> None:
    """Print how long a machine takes in pure Python, without reading and writing."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), boundaries=boundaries, machines=100_000)
        data = _read(Path(folder))
        with Path(folder, "machines.csv").open(encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:]
    name, addresses, ad_site, assigned = zip(*rows, strict=True)
    nothing = ("",) * len(rows)
    columns = MachineColumns(name, addresses, ad_site, nothing, nothing, assigned)
    started = time.perf_counter()
    index = PlanIndex(data)
    built = time.perf_counter() - started
    for what in ("first", "second"):
        started = time.perf_counter()
        index.answers(columns)
        each = (time.perf_counter() - started) / len(rows)
        print(f"{boundaries:,} boundaries: built in {built:.2f} s, {each * 1e6:.1f} us a machine the {what} time")


def _read(folder: Path):  # type: ignore[no-untyped-def] # noqa: ANN202
    from cmclient.protocol.sitedata import SourceFile, read_site_data  # noqa: PLC0415
    from cmclient.rules.boundaries import check_boundary  # noqa: PLC0415

    files = (SourceFile(str(path), path.read_bytes()) for path in folder.glob("*.csv") if path.name != "machines.csv")
    return read_site_data(files, check=check_boundary).data


def main() -> None:
    """Measure at several sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), boundaries=size, machines=0)
            with Path(folder, "boundaries.csv").open(encoding="utf-8") as file:
                ends = [row["Value"].split("-") for row in csv.DictReader(file) if row["BoundaryType"] == "3"]
        held = [(int(ipaddress.IPv4Address(low)), int(ipaddress.IPv4Address(high))) for low, high in ends]
        draw = random.Random(2)  # noqa: S311 - no secret
        measure(held, [draw.randint(*draw.choice(held)) for _ in range(4_000)], options.rounds)
    measure_machines(options.sizes[-1])


if __name__ == "__main__":
    main()
