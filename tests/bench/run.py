"""How long starting takes, against the bare interpreter in the same run; prints ratios, never fails."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15

JOBS = {
    "python -c pass": ["-c", "pass"],
    "import cmclient": ["-c", "import cmclient"],
    "cmclient --version": ["-m", "cmclient", "--version"],
    "cmclient --help": ["-m", "cmclient", "--help"],
    "locate --offline (nothing stored)": ["-m", "cmclient", "locate", "--offline", "--store", "{store}"],
    "locate --lab": ["-m", "cmclient", "locate", "--lab"],
}


def main() -> None:
    """Run every job once a round, interleaved, and print medians with ratios to the first."""
    taken: dict[str, list[float]] = {name: [] for name in JOBS}
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store.sqlite3")
        for _ in range(ROUNDS):
            for name, arguments in JOBS.items():
                command = [sys.executable, "-P", *(argument.format(store=store) for argument in arguments)]
                started = time.perf_counter()
                subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own command
                taken[name].append(time.perf_counter() - started)
    base = statistics.median(taken["python -c pass"])
    print(f"{'job':<36}{'median':>10}{'ratio':>8}{'spread':>10}")
    for name, times in taken.items():
        median, spread = statistics.median(times), statistics.pstdev(times)
        print(f"{name:<36}{median * 1000:>7.1f} ms{median / base:>8.2f}{spread * 1000:>7.1f} ms")


if __name__ == "__main__":
    main()
