"""Files of machines named on the command line, as batches for one engine or the other."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from ...errors import ConfigError

if TYPE_CHECKING:
    from ...model.planning import RowFault

__all__ = ["Batch", "find_kind", "open_clients", "read_batches"]

_KINDS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
}


class Batch(NamedTuple):
    """Machines for an engine.

    Attributes:
        machines: Columns, or an Arrow batch.
        rows: The number of the line or record of each, when asked.
        faults: Lines that could not be read at all, with their numbers.
        unknown: Names of columns that mean nothing here.
        absent: Fields for which there is no column.
        share: How much of the file was read, from 0 to 1; None where that cannot be known.
    """

    machines: Any
    rows: Callable[[], Sequence[int]]
    faults: "Sequence[tuple[int, RowFault]]" = ()
    unknown: Sequence[str] = ()
    absent: Sequence[str] = ()
    share: float | None = None


def find_kind(name: str, *, option: str) -> str:
    """What kind of file a name says: ``csv``, ``json`` (lines) or ``parquet``.

    Args:
        name: Its path.
        option: The option that says it otherwise, for messages.

    Raises:
        ConfigError: Its extension says nothing.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in _KINDS:
        known = ", ".join(_KINDS)
        hint = f"known are {known}" + (f"; or say it with {option} csv, json or parquet" if option else "")
        raise ConfigError((f"{name}: its extension does not say what kind of file it is",), hint=hint)
    return _KINDS[suffix]


@contextmanager
def open_clients(name: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """Open a file of machines, ``-`` for standard input; with its size, None where that cannot be known.

    Raises:
        ConfigError: It cannot be opened.
    """
    from ...adapters.machinefiles import open_machines

    if name == "-":
        yield sys.stdin.buffer, None
        return
    with open_machines(name) as opened:
        yield opened


def read_batches(file: BinaryIO, size: int | None, *, name: str, kind: str, fleet: bool) -> Iterator[Batch]:
    """Read a file of machines.

    Args:
        file: The file.
        size: Its size in bytes; None where that cannot be known.
        name: What to call it in messages.
        kind: What ``find_kind`` says.
        fleet: Batches are for NumPy and PyArrow.

    Raises:
        ConfigError: It cannot be read, or lacks a column that is needed.
    """
    if kind == "parquet":
        yield from _read_parquet(file, name)
    elif kind == "json":
        yield from _read_json(file, size, name, fleet=fleet)
    else:
        yield from _read_csv(file, size, name, fleet=fleet)


def _read_parquet(file: BinaryIO, name: str) -> Iterator[Batch]:
    from ...adapters.fleet_files import read_parquet
    from ...model.planning import MachineColumns

    done = 0
    for machines, total, unknown, absent in read_parquet(file, name=name):
        first = done + 1
        done += machines.num_rows
        rows = range(first, done + 1)
        yield Batch(machines, _given(rows), (), unknown, absent, done / total if total else None)
    if not done:
        yield Batch(MachineColumns(*([],) * len(MachineColumns._fields)), list)


def _read_json(file: BinaryIO, size: int | None, name: str, *, fleet: bool) -> Iterator[Batch]:
    from ...adapters.machinefiles import read_blocks
    from ...protocol.machines import parse_json_lines

    for block in read_blocks(file, name=name, has_header=False, quotes=False):
        read = parse_json_lines(block.data, line=block.line)
        machines = _for_fleet(read.columns) if fleet else read.columns
        share = block.read / size if size else None
        yield Batch(machines, _given(read.lines), read.faults, tuple(sorted(read.unknown)), (), share)


def _read_csv(file: BinaryIO, size: int | None, name: str, *, fleet: bool) -> Iterator[Batch]:
    from ...adapters.machinefiles import read_blocks
    from ...protocol.machines import parse_csv, parse_csv_header

    blocks = read_blocks(file, name=name, has_header=True, quotes=True)
    head = next(blocks, None)
    if head is None:
        raise ConfigError((f"{name}: it is empty",), hint="its first line should name the columns: name,addresses")
    shape = parse_csv_header(head.data, name=name)
    for block in blocks:
        share = block.read / size if size else None
        if fleet:
            from ...adapters.fleet_files import read_csv_block

            machines = read_csv_block(block.data, shape)
            if machines is not None:

                def lines(data: bytes = block.data, line: int = block.line) -> Sequence[int]:
                    return parse_csv(data, shape, line=line).lines

                yield Batch(machines, lines, (), shape.unknown, shape.absent, share)
                continue
        read = parse_csv(block.data, shape, line=block.line)
        machines = _for_fleet(read.columns) if fleet else read.columns
        yield Batch(machines, _given(read.lines), read.faults, shape.unknown, shape.absent, share)


def _given(rows: Sequence[int]) -> Callable[[], Sequence[int]]:
    return lambda: rows


def _for_fleet(columns: Any) -> Any:  # noqa: ANN401 - Arrow
    from ...adapters.fleet_files import to_batch

    return to_batch(columns)
