"""Tables and trees on standard output: with rich on a terminal, plain lines elsewhere."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..model.names import printable
from ..rules.explain import Outline

__all__ = ["Table", "is_fancy", "print_json", "printable", "show"]


_NARROW = 76  # columns of a terminal below which boxes would break every word
_KEPT_WIDTH = 24  # a column up to this wide is not broken, except the last one


class Table(NamedTuple):
    """A table.

    Attributes:
        title: What it shows.
        headers: One for each column.
        rows: Cells as text.
        marked: Indexes of rows that stand out.
        bad: Indexes of rows that tell of something that went wrong.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    bad: frozenset[int] = frozenset()


def is_fancy() -> bool:
    """Whether colours and boxes are wanted: a terminal wide enough for them, and ``NO_COLOR`` not set."""
    if sys.stdout is None or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return False
    import shutil

    return shutil.get_terminal_size().columns >= _NARROW


def print_json(document: Any) -> None:  # noqa: ANN401 - JSON
    """Print one JSON document."""
    import json

    print(json.dumps(document, indent=2))


def show(items: Iterable[str | Table | Outline]) -> None:
    """Print lines, tables and trees."""
    if is_fancy():
        _show_fancy(items)
        return
    for item in items:
        if isinstance(item, Table):
            print("\n".join(_plain_table(item)))
        elif isinstance(item, Outline):
            print("\n".join(_plain_tree(item)))
        else:
            print(printable(item))


def _plain_table(table: Table) -> list[str]:
    if not table.rows:
        return [f"{table.title}: none"]
    lines = [table.headers, *(tuple(map(printable, row)) for row in table.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.headers))]
    return [table.title, *("  " + _columns(line, widths) for line in lines)]


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _plain_tree(tree: Outline, indent: str = "") -> list[str]:
    lines = [indent + printable(tree.text)]
    for branch in tree.parts:
        lines += _plain_tree(branch, indent + "  ")
    return lines


def _show_fancy(items: Iterable[str | Table | Outline]) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    for item in items:
        if isinstance(item, Table):
            console.print(_rich_table(item) if item.rows else f"{item.title}: none")
        else:
            console.print(_rich_tree(item) if isinstance(item, Outline) else _broken(printable(item), console.width))


def _broken(line: str, columns: int) -> str:
    """A line that is longer than the terminal is wide: what goes on below stands further in than it began."""
    from textwrap import fill

    if len(line) <= columns:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return fill(line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _widest(table: Table, column: int) -> int:
    return max((len(row[column]) for row in table.rows), default=0)


def _rich_table(table: Table) -> Any:  # noqa: ANN401 - rich is loaded late
    from rich import box
    from rich import table as rich_table
    from rich.text import Text

    made = rich_table.Table(title=table.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for place, header in enumerate(table.headers):
        last = place == len(table.headers) - 1
        kept = not last and _widest(table, place) <= _KEPT_WIDTH
        made.add_column(header, overflow="fold", no_wrap=kept)
    for index, row in enumerate(table.rows):
        style = "bold green" if index in table.marked else "red" if index in table.bad else None
        made.add_row(*(Text(printable(cell)) for cell in row), style=style)
    return made


def _rich_tree(tree: Outline) -> Any:  # noqa: ANN401 - likewise
    from rich import tree as rich_tree
    from rich.text import Text

    made = rich_tree.Tree(Text(printable(tree.text)))
    for branch in tree.parts:
        made.add(_rich_tree(branch))
    return made
