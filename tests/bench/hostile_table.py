"""A boundary table made to hurt: every range inside every other, and stairs. It costs by its length, not its square."""

import json
import random
import time
import tracemalloc

from harness import Goal, Measured, Race, finish, options_of, run_child

from cmclient.rules.intervals import IntervalIndex

SHAPES = ("nested", "stairs", "random")
MOST_BYTES = 600  # a boundary, of the index and of what building it takes


def child(shape: str, size: int) -> None:
    """Build one table's index and look into it."""
    draw = random.Random(1)  # noqa: S311 - no secret
    middle = 2**31
    tables = {
        "nested": lambda: [(middle - number, middle + number) for number in range(size)],
        "stairs": lambda: [(number, number + size) for number in range(size)],
        "random": lambda: [tuple(sorted((draw.randrange(2**32), draw.randrange(2**32)))) for _ in range(size)],
    }
    held = tables[shape]()
    started = time.perf_counter()
    index = IntervalIndex(held)
    built = time.perf_counter() - started
    assert index.find(middle) == [place for place, (low, high) in enumerate(held) if low <= middle <= high]
    del index
    tracemalloc.start()
    index = IntervalIndex(held)
    _, peak = tracemalloc.get_traced_memory()
    print(json.dumps({"built": built, "peak": peak / 2**20, "entries": len(index)}))


def measure(size: int, rounds: int) -> list[Race]:
    """Each shape at a quarter of the size and at the whole one."""
    races = []
    for shape in SHAPES:
        small, large = f"{shape}, {size // 4:,}", f"{shape}, {size:,}"
        runs: dict[str, list[Measured]] = {small: [], large: []}
        for _ in range(rounds):
            for name, count in ((small, size // 4), (large, size)):
                told = run_child(__file__, "--child", shape, "--size", str(count))
                runs[name].append(Measured(told["built"], told["built"], told["peak"]))
        # four times as many: four times the memory, and a little for the deeper tree
        goals = (Goal(large, small, 5.5, "peak"), Goal(large, "", MOST_BYTES * size / 2**20, "peak"))
        races.append(Race(f"Hostile boundary table: {shape}", small, runs, {}, goals))
    return races


def main() -> None:
    """Measure and print."""
    size = ("--size", {"type": int, "default": 100_000})
    options = options_of(__doc__, ("--child", {"help": "this shape alone"}), size)
    if options.child:
        child(options.child, options.size)
        return
    finish(measure(options.size, options.rounds or 1), options.json)


if __name__ == "__main__":
    main()
