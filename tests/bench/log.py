"""How long 'cmclient log' takes on a long log, against a line loop with the usual regular expression.

Whole processes. The log is made anew from a seed: 256 MiB, or 1 GiB with ``--full``.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import Goal, Race, finish, folder, has_module, options_of, python, race_commands

SEED = 20240102
LOOP_JOB, ALL, BAD = "line loop with re (all fields)", "cmclient log", "cmclient log --errors"
GREP, POLARS_JOB = "grep -c (one mark, nothing read)", "polars, streaming (single lines)"
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


def measure(size: int, rounds: int) -> list[Race]:
    """All in one race, over a log of so many MiB."""
    with folder() as place:
        log = str(place / "long.log")
        records = write_log(Path(log), size * 2**20)
        commands = {
            LOOP_JOB: python("-c", LOOP, log),
            ALL: python("-m", "cmclient", "log", log),
            BAD: python("-m", "cmclient", "log", "--errors", log),
            GREP: ["grep", "-c", "]LOG]!", log],
        }
        missing = {}
        if has_module("polars"):
            commands[POLARS_JOB] = python("-c", POLARS, log)
        else:
            missing[POLARS_JOB] = "not installed"
        goals = [
            Goal(ALL, LOOP_JOB, 1 / 2, "cpu"),
            Goal(BAD, LOOP_JOB, 1 / 6, "cpu"),
            Goal(ALL, "", 150, "peak"),
            Goal(BAD, "", 150, "peak"),
        ]
        note = f"{records:,} records, one in seven of several lines, which Polars does not put together"
        title = f"A log of {size:,} MiB"
        return [race_commands(title, commands, rounds=rounds, missing=missing, goals=goals, notes=[note])]


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


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    finish(measure(1024 if options.full else 256, options.rounds or 3), options.json)


if __name__ == "__main__":
    main()
