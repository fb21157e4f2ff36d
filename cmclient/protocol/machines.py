"""Machines as CSV or JSON lines, a block of whole lines at a time, into columns; bad lines are kept as faults."""

import csv
import json
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..model.planning import MachineColumns, RowFault

__all__ = ["CsvShape", "MachineRows", "parse_csv", "parse_csv_header", "parse_json_lines"]

FIELDS = MachineColumns._fields
_NEEDED = ("name", "addresses")
_DELIMITERS = ",;\t|"
_SHOWN = 10  # columns of a header that are named in a message
_HEADER = "its first line should name the columns: name,addresses"
_NO_TEXT = "is not UTF-8 text"


class CsvShape(NamedTuple):
    """What the header of a CSV file says.

    Attributes:
        delimiter: What stands between fields.
        header: The names of all columns, as they are written.
        places: For each field of ``MachineColumns`` its column; None for those that are not there.
    """

    delimiter: str
    header: tuple[str, ...]
    places: tuple[int | None, ...]

    @property
    def absent(self) -> tuple[str, ...]:
        """Fields for which there is no column."""
        return tuple(field for field, place in zip(FIELDS, self.places, strict=True) if place is None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Columns that mean nothing here."""
        return tuple(name for place, name in enumerate(self.header) if place not in self.places)


class MachineRows(NamedTuple):
    """Machines that were read.

    Attributes:
        columns: The machines.
        lines: The line of each.
        faults: Lines that are no machine, and what is wrong with them.
        unknown: Names that stand in them and mean nothing here.
    """

    columns: MachineColumns
    lines: Sequence[int]
    faults: tuple[tuple[int, RowFault], ...] = ()
    unknown: frozenset[str] = frozenset()


def parse_csv_header(line: bytes, *, name: str) -> CsvShape:
    """Read the header of a CSV file; commas, semicolons, tabs or bars may stand between its fields.

    Args:
        line: The first line.
        name: What to call the file in messages.

    Raises:
        ConfigError: It is no header, or lacks a column that is needed, or has one twice.
    """
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError((f"{name}: it is UTF-16",), hint="save it as UTF-8")
    text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
    delimiter = max(_DELIMITERS, key=text.count)
    try:
        header = tuple(one.strip() for one in next(csv.reader([text], delimiter=delimiter), []))
    except csv.Error as error:
        raise ConfigError((f"{name}: line 1: it is no line of CSV: {error}",), hint=_HEADER) from error
    folded = [one.casefold() for one in header]
    faults = [f"{name}: line 1, {field}: the column is missing" for field in _NEEDED if field not in folded]
    faults += [f"{name}: line 1, {field}: there is more than one" for field in FIELDS if folded.count(field) > 1]
    if faults:
        shown = ", ".join(repr(one[:32]) for one in header[:_SHOWN])
        raise ConfigError(tuple(faults), hint=f"name the columns in the first line; it has {shown or 'nothing'}")
    places = tuple(folded.index(field) if field in folded else None for field in FIELDS)
    return CsvShape(delimiter, header, places)


def parse_csv(block: bytes, shape: CsvShape, *, line: int) -> MachineRows:
    """Read lines of a CSV file.

    Args:
        block: Whole lines, without the header.
        shape: What the header says.
        line: The number of the first of them.
    """
    text = block.decode("utf-8", "surrogateescape")
    width = len(shape.header)
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=shape.delimiter, strict=True))
    except csv.Error:
        rows = []
    # As many rows as lines: none is blank or goes over several.
    is_plain = len(rows) == text.count("\n") + (not text.endswith("\n")) and set(map(len, rows)) == {width}
    if is_plain and (block.isascii() or _is_text(text)):
        lines: Sequence[int] = range(line, line + len(rows))
        faults: list[tuple[int, RowFault]] = []
    else:
        numbered: list[tuple[int, list[str]]] = []
        faults = []
        for number, row in _rows(text, shape.delimiter):
            problem = row if isinstance(row, RowFault) else _fault(row, shape)
            if problem is not None:
                faults.append((line + number, problem))
            elif not isinstance(row, RowFault):
                numbered.append((line + number, row))
        lines, rows = [number for number, _ in numbered], [row for _, row in numbered]
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    empty = ("",) * len(rows)
    fields = (empty if place is None else columns[place] for place in shape.places)
    return MachineRows(MachineColumns(*fields), lines, tuple(faults))


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | RowFault]]:
    """Rows with their first lines, counted from 0; blank ones are left out."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, RowFault("", f"is no line of CSV: {error}")
        else:
            if row:
                yield line, row
        line = reader.line_num


def _fault(row: Sequence[str], shape: CsvShape) -> RowFault | None:
    if len(row) != len(shape.header):
        return RowFault("", f"has {len(row)} fields, and the header {len(shape.header)}")
    for field, place in zip(FIELDS, shape.places, strict=True):
        if place is not None and not _is_text(row[place]):
            return RowFault(field, _NO_TEXT)
    return None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_json_lines(block: bytes, *, line: int) -> MachineRows:
    """Read lines that are a JSON object each.

    Args:
        block: Whole lines.
        line: The number of the first of them.
    """
    rows: list[tuple[Any, ...]] = []
    lines: list[int] = []
    faults: list[tuple[int, RowFault]] = []
    unknown: set[str] = set()
    for number, one in enumerate(block.split(b"\n"), line):
        if not one.strip():
            continue
        row = _object(one, unknown)
        if isinstance(row, RowFault):
            faults.append((number, row))
        else:
            rows.append(row)
            lines.append(number)
    columns = zip(*rows, strict=True) if rows else ((),) * len(FIELDS)
    return MachineRows(MachineColumns(*columns), lines, tuple(faults), frozenset(unknown))


def _object(line: bytes, unknown: set[str]) -> tuple[Any, ...] | RowFault:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return RowFault("", f"is no JSON: {error}")
    if not isinstance(values, dict):
        return RowFault("", "is no JSON object")
    for field in _NEEDED:
        if field not in values:
            return RowFault(field, "is missing")
    if not values.keys() <= _KNOWN:
        unknown.update(list(values.keys() - _KNOWN)[:_SHOWN])
    vpn = values.get("vpn")
    if isinstance(vpn, bool):
        values["vpn"] = "yes" if vpn else "no"
    row = tuple("" if (value := values.get(field)) is None else value for field in FIELDS)
    for field, value in zip(FIELDS, row, strict=True):
        if not isinstance(value, str) or not (value.isascii() or _is_text(value)):
            problem = _value_problem(field, value)
            if problem:
                return RowFault(field, problem)
    return row


def _value_problem(field: str, value: object) -> str:
    """Why a value is none; empty for a list of addresses."""
    if isinstance(value, str):
        return _NO_TEXT
    if field != "addresses":
        return "is not text"
    if not isinstance(value, list) or not all(isinstance(text, str) and _is_text(text) for text in value):
        return "is neither text nor a list of texts"
    return ""


_KNOWN = frozenset(FIELDS)
