"""How long 'cmclient log' takes on a long log, against a line loop with the usual regular expression; never fails.

Prints CPU seconds and peak memory of whole processes, interleaved, and ratios to the loop. ``python tests/bench/log.py
[MEBIBYTES]``; the log is made anew from a seed.
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROUNDS = 3
SIZE = 256  # MiB, unless another is given
SEED = 20240102
ERRORS = 0.086  # share of records that are warnings or errors
EVENTS = 1 / 5000  # share of records that mean something

LOOP = r"""
import re, sys
form = re.compile(
    r'<!\[LOG\[(?P<message>.*?)\]LOG\]!><time="(?P<time>[^"]*)" date="(?P<date>[^"]*)" component="(?P<component>[^"]*)"'
    r' context="(?P<context>[^"]*)" type="(?P<type>\d)" thread="(?P<thread>\d+)" file="(?P<file>[^"]*)">', re.S)
found, kept = 0, []
with open(sys.argv[1], encoding="utf-8") as file:
    for line in file:
        kept.append(line)
        if line.rstrip().endswith('">'):
            one = form.search("".join(kept))
            if one:
                one.groupdict()
                found += 1
                kept = []
print(found)
"""

POLARS = r"""
import sys, polars
form = r'<!\[LOG\[(?P<message>.*)\]LOG\]!><time="(?P<time>[^"]*)" date="(?P<date>[^"]*)" component="(?P<name>[^"]*)"'
text = polars.scan_csv(sys.argv[1], has_header=False, separator="\x01", quote_char=None, new_columns=["line"])
found = text.select(polars.col("line").str.extract_groups(form).struct.field("message").is_not_null().sum())
print(found.collect(engine="streaming").item())
"""

JOBS: dict[str, list[str]] = {
    "line loop with re (all fields)": [sys.executable, "-c", LOOP, "{log}"],
    "cmclient log": [sys.executable, "-m", "cmclient", "log", "{log}"],
    "cmclient log --errors": [sys.executable, "-m", "cmclient", "log", "--errors", "{log}"],
    "grep -c (one mark, nothing read)": ["grep", "-c", "]LOG]!", "{log}"],
    "polars, streaming (single lines)": [sys.executable, "-c", POLARS, "{log}"],
}


def main() -> None:
    """Make a log, run every job once a round, and print."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else SIZE
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "long.log"
        records = write_log(log, size * 2**20)
        print(f"{records:,} records in {size} MiB")
        taken: dict[str, list[float]] = {}
        peaks: dict[str, int] = {}
        for _ in range(ROUNDS):
            for name, command in JOBS.items():
                measured = run([word.replace("{log}", str(log)) for word in command])
                if measured is not None:
                    taken.setdefault(name, []).append(measured[0])
                    peaks[name] = max(peaks.get(name, 0), measured[1])
    base = statistics.median(taken[next(iter(JOBS))])
    print(f"{'job':<36}{'CPU s':>8}{'to loop':>9}{'spread':>8}{'peak MiB':>10}")
    for name in JOBS:
        if name in taken:
            median = statistics.median(taken[name])
            spread = statistics.pstdev(taken[name])
            print(f"{name:<36}{median:>8.2f}{median / base:>9.2f}{spread:>8.2f}{peaks[name] / 1024:>10.0f}")
        else:
            print(f"{name:<36} missing here")


def run(command: list[str]) -> tuple[float, int] | None:
    """CPU seconds and peak KiB of a process; None when it cannot run here."""
    if shutil.which(command[0]) is None:
        return None
    # not to /dev/null: grep stops there at the first line that it finds
    with tempfile.TemporaryFile() as out, subprocess.Popen(command, stdout=out, stderr=out) as process:  # noqa: S603 - ours
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return None if process.returncode else (used.ru_utime + used.ru_stime, used.ru_maxrss)


def write_log(path: Path, size: int) -> int:
    """Write a log of about that many bytes; how many records it has."""
    written = count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for line in records(random.Random(SEED)):  # noqa: S311 - the same log every time
            file.write(line)
            written += len(line)
            count += 1
            if written >= size:
                break
    return count


def records(chance: random.Random) -> Iterator[str]:
    """Records without end: one in seven of several lines."""
    texts: list[Callable[[], str]] = [
        lambda: "Initializing registration renewal for potential PKI issued certificate changes.",
        lambda: f"Policy [ScopeId_{chance.randrange(2**28):x}] evaluation finished in {chance.randrange(9000)} ms",
        lambda: (
            f"Loaded {chance.randrange(99)} of {chance.randrange(99)} instances, next run at 0{chance.randrange(9)}:15"
        ),
        lambda: f"Persisting instance {{{chance.randrange(2**28):x}}} for assignment, revision {chance.randrange(99)}",
    ]
    names = ("LocationServices", "ClientLocation", "CcmMessaging", "CAS", "PolicyAgent", "InventoryAgent", "ScanAgent")
    errors = (0x80072EE2, 0x80072EE7, 0x87D00215, 0x8000FFFF)
    number = 0
    while True:
        number += 1
        kind, text, name = 1, chance.choice(texts)(), chance.choice(names)
        luck = chance.random()
        if luck < ERRORS:
            kind = chance.choice((2, 3, 3))
            text = f"Failed to complete task {chance.randrange(2**20)}, error 0x{chance.choice(errors):08x}"
        elif luck > 1 - EVENTS:
            text = f"Distribution Point='http://dp{chance.randrange(9)}.corp.test/SMS_DP_SMSPKG$/A', Locality='SUBNET'"
        if number % 7 == 0:
            text += f"\r\n    detail line one of the message {chance.randrange(2**20)}\r\n    detail line two\r\n"
        second = number // 20
        time = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{number * 50 % 1000:03}+300"
        date = f"{second // 2419200 % 12 + 1:02}-{second // 86400 % 28 + 1:02}-2024"
        yield (
            f'<![LOG[{text}]LOG]!><time="{time}" date="{date}" component="{name}" context="" type="{kind}"'
            f' thread="{chance.randrange(9999)}" file="{name.lower()}.cpp:{chance.randrange(4000)}">\r\n'
        )


if __name__ == "__main__":
    main()
