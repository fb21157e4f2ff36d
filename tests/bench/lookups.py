"""Single look-ups of all boundaries that hold an address, beside other structures.

Building, memory, look-ups from a number and from text. Each structure is built in a process of its own, once a round.
Every answer is compared before its time counts.
"""

import contextlib
import csv
import ctypes
import importlib
import ipaddress
import json
import random
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fleet_data import make
from harness import Goal, Measured, Race, finish, folder, has_module, options_of, run_child

Find = Callable[[int], list[int]]
PASSES = 5
LARGE = 1_000_000  # boundaries
ASKED, LOOPED = 4_000, 50  # look-ups in a round; those of a loop over all, which are slow
OURS, TREE, TRIE, LOOP = "IntervalIndex", "intervaltree", "pytricia", "ipaddress loop"


def by_index(held: list[tuple[int, int]]) -> Find:
    """Ours."""
    from cmclient.rules.intervals import IntervalIndex  # noqa: PLC0415 - each process loads one structure

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

    def find(text: str) -> list[int]:
        key = tree.get_key(text)
        found: list[int] = []
        while key is not None:
            found += tree[key]
            key = tree.parent(key)
        return sorted(found)

    return find  # type: ignore[return-value] # it takes text


def by_loop(held: list[tuple[int, int]]) -> Find:
    """Every range, one after another, as addresses."""
    address = ipaddress.IPv4Address
    ends = [(address(low), address(high)) for low, high in held]

    def find(number: int) -> list[int]:
        one = address(number)
        return [place for place, (low, high) in enumerate(ends) if low <= one <= high]

    return find


STRUCTURES = {OURS: by_index, TREE: by_intervaltree, TRIE: by_pytricia, LOOP: by_loop}


def child(name: str, size: int, path: Path) -> None:
    """Build one structure and look up; prints figures, and a number that stands for all answers."""
    held = _ranges(path)
    draw = random.Random(2)  # noqa: S311 - no secret
    asked = [draw.randint(*draw.choice(held)) for _ in range(ASKED)][: LOOPED if name == LOOP or size <= 0 else ASKED]
    texts = [str(ipaddress.IPv4Address(number)) for number in asked]
    _trim()
    before, started = _resident(), time.process_time()
    find = STRUCTURES[name](held)
    built = time.process_time() - started
    _trim()
    grown = _resident() - before
    figures: dict[str, object] = {"build": built, "grown": grown}
    inputs: list[object] = list(texts) if name == TRIE else list(asked)
    answers = [find(one) for one in inputs]  # type: ignore[arg-type]
    figures["answers"] = hash(tuple(map(tuple, answers[:LOOPED])))
    figures["text" if name == TRIE else "number"] = _best(find, inputs, 1 if name == LOOP else PASSES)
    if name == OURS:
        read, pton, family = int.from_bytes, socket.inet_pton, socket.AF_INET  # strict, as for one machine
        figures["text"] = _best(lambda text: find(read(pton(family, text))), texts, PASSES)
    if name == LOOP:
        figures["text"] = figures["number"]  # what it costs to read the text is lost in the loop
    print(json.dumps(figures))


def _best(find: Callable[[Any], object], inputs: Sequence[Any], passes: int) -> float:
    """Processor time of one look-up, in the best of several passes: the rest is what else the machine did."""
    found = []
    for _ in range(passes):
        started = time.process_time()
        for one in inputs:
            find(one)
        found.append((time.process_time() - started) / len(inputs))
    return min(found)


def _ranges(path: Path) -> list[tuple[int, int]]:
    with path.open(encoding="utf-8") as file:
        ends = [row["Value"].split("-") for row in csv.DictReader(file) if row["BoundaryType"] == "3"]
    return [(int(ipaddress.IPv4Address(low)), int(ipaddress.IPv4Address(high))) for low, high in ends]


def _trim() -> None:
    """Give freed memory back, or what is built next would hide in it."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _resident() -> float:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - Linux alone
        return int(file.read().split()[1]) * 4096 / 2**20


def measure(size: int, rounds: int) -> list[Race]:
    """All structures over so many boundaries."""
    runs: dict[str, dict[str, list[Measured]]] = {what: {} for what in ("build", "number", "text", "grown")}
    missing = {name: "not installed" for name in (TREE, TRIE) if not has_module(name)}
    with folder() as place:
        make(place, boundaries=size, machines=0)
        draw = random.Random(3)  # noqa: S311 - the same order every time
        for _ in range(rounds):
            told: dict[str, float] = {}
            here = [name for name in STRUCTURES if name not in missing]
            for name in draw.sample(here, len(here)):
                data = str(place / "boundaries.csv")
                figures = run_child(__file__, "--child", name, "--sizes", str(size), "--data", data)
                told[name] = figures.pop("answers")
                for what, figure in figures.items():
                    measured = Measured(figure) if what != "grown" else Measured(max(figure, 0.01))
                    runs[what].setdefault(name, []).append(measured)
            if len(set(told.values())) != 1:
                sys.exit(f"the answers differ: {told}")
    goals = {"number": [Goal(OURS, TREE, 1 / 10)], "text": [Goal(OURS, TRIE, 1 / 3)]}
    if size >= LARGE:  # what a small one takes, nobody waits for
        goals |= {"build": [Goal(OURS, TREE, 1 / 7)], "grown": [Goal(OURS, TREE, 1 / 10)]}
    titles = {
        "build": "building",
        "number": "from a number",
        "text": "from text",
        "grown": "memory, in MiB where it says s",
    }
    return [
        Race(f"{size:,} boundaries: {titles[what]}", OURS, found, missing, tuple(goals.get(what, ())))
        for what, found in runs.items()
    ]


def main() -> None:
    """Measure and print."""
    options = options_of(
        __doc__,
        ("--child", {"help": "measure this structure alone"}),
        ("--data", {"type": Path, "help": "with --child: its boundaries"}),
        ("--sizes", {"type": int, "nargs": "+"}),
    )
    if options.child:
        child(options.child, options.sizes[0], options.data)
        return
    sizes = options.sizes or ([10_000, 1_000_000] if options.full else [10_000, 100_000])
    finish([race for size in sizes for race in measure(size, options.rounds or 3)], options.json)


if __name__ == "__main__":
    main()
