"""Boundary data as ``Export-Csv`` of PowerShell writes it: rows of the site's classes."""

import csv
import re
from collections.abc import Iterator
from io import StringIO

from .sitedata_records import MOST_ROWS, Place, Records
from .sitedata_rows import RowReader

__all__ = ["read_csv"]

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_TYPE_LINE = "#TYPE"
_LINE_END = re.compile(r"\r\n|\r|\n")
_MOST_CELLS = 10_000  # of one line; one of commas alone would take a gigabyte, and the largest class has a few dozen


def read_csv(text: str, name: str, records: Records) -> None:
    """Read a file: an optional ``#TYPE`` line, a line of column names, and rows.

    Columns are the properties of a class, in any order; those that are not read are passed over. What divides them is
    found by trying.
    """
    if max(text.count("\n"), text.count("\r")) > MOST_ROWS:
        problem = f"has more than {MOST_ROWS} lines; give it in several files"
        records.fault(Place(name, ""), "", problem, "the whole file")
        return
    stated, first = "", 1
    if text.startswith(_TYPE_LINE):
        stated, _, text = text.partition("\n")
        first = 2
    reader = RowReader(name, stated, records)
    delimiter = _delimiter(text.partition("\n")[0])
    if delimiter != ",":
        records.note(Place(name, ""), "", f"is divided by {_DELIMITERS[delimiter]}")
    rows = _Rows(text, delimiter, name, first, records)
    columns: list[str] = []
    for place, row in rows:
        if not columns:
            rows.header = [cell.strip() for cell in row]
            columns = [cell.lower() for cell in rows.header]
            misfit = reader.find_misfit(columns)
            if misfit is not None:
                records.fault(place, misfit.field, misfit.problem, "the whole file")
                return
        elif len(row) != len(columns):
            records.fault(place, "", f"has {len(row)} cells, and there are {len(columns)} columns", "the row")
        else:
            reader.read(place, dict(zip(columns, row, strict=True)))
    if not columns and not rows.is_broken:
        records.fault(Place(name, ""), "", "has no line of column names", "the whole file")


class _Rows:
    """The rows of a file that are not empty, each with its place; what is no row becomes a fault.

    The parser of the library cannot go on after an error: it would take the rest of the row for a row of its own.

    Attributes:
        header: The names of the columns, once they are known; for messages.
        is_broken: Whether what follows some line was left out.
    """

    def __init__(self, text: str, delimiter: str, file: str, first: int, records: Records) -> None:
        self.header: list[str] = []
        self.is_broken = False
        self._text = text
        self._stream = StringIO(text, newline="")
        self._delimiter = delimiter
        self._file = file
        self._first = first
        self._records = records
        sign = re.escape(delimiter)
        cell = rf'(?:"(?:[^"]++|"")*+"|[^"{sign}\r\n][^{sign}\r\n]*+|)'
        self._cell = re.compile(cell + sign)
        self._row = re.compile(rf"{cell}(?:{sign}{cell})*+(?:\r\n|\r|\n|\Z)")

    def __iter__(self) -> Iterator[tuple[Place, list[str]]]:
        rows = csv.reader(iter(self._line, ""), delimiter=self._delimiter, strict=True)
        ahead = self._first  # the number of a line, less how many the parser has seen
        while True:
            line = rows.line_num + ahead
            place = Place(self._file, f"line {line}")
            start = self._stream.tell()
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                if not self._skip(start, place, error):
                    return
                ahead = line + len(_LINE_END.findall(self._text, start, self._stream.tell())) - rows.line_num
                continue
            if row:
                yield place, row

    def _line(self) -> str:
        line = self._stream.readline()
        if line.count(self._delimiter) > _MOST_CELLS:
            raise csv.Error(f"more than {_MOST_CELLS} cells in one line")
        return line

    def _skip(self, start: int, place: Place, error: csv.Error) -> bool:
        """Go on behind the row that begins there, and say whether that is possible: its end has to be certain."""
        field = self._field(start)
        row = self._row.match(self._text, start)
        if row is None or not self.header:  # with quotes that do not match, where the row ends is anybody's guess
            self.is_broken = True
            self._records.fault(place, field, f"is no CSV: {error}", f"everything from {place.row} on")
            return False
        self._records.fault(place, field, f"is no CSV: {error}", "the row")
        self._stream.seek(row.end())
        return True

    def _field(self, start: int) -> str:
        """The column of the cell that cannot be read, in the row that begins there; empty when it has no name."""
        for name in self.header:
            cell = self._cell.match(self._text, start)
            if cell is None or len(cell[0]) > csv.field_size_limit():
                return name
            start = cell.end()
        return ""


def _delimiter(header: str) -> str:
    """What divides the columns: whatever gives most of them."""
    return max(_DELIMITERS, key=header.count)
