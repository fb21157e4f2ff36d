"""Boundary data as the administration service answers: JSON with rows of the site's classes."""

import json
from typing import Any

from .sitedata_records import MOST_ROWS, Place, Records
from .sitedata_rows import RowReader, find_double

__all__ = ["read_json"]

_CONTEXT, _NEXT = "@odata.context", "@odata.nextlink"
_CLASS_KEYS = ("@odata.type", "__class")
_MOST_OBJECTS = 4 * MOST_ROWS  # and lists, one in the other as well: each takes fifty times the memory of its text


class _Double(dict[str, Any]):
    """An object that has a property twice, in whatever case; the last one stands in it."""

    def __init__(self, properties: dict[str, Any], name: str) -> None:
        super().__init__(properties)
        self.name = name


def read_json(text: str, name: str, records: Records) -> None:
    """Read a file: an answer with ``value`` (a list of rows), a list of rows alone, or a single row."""
    if text.count("{") + text.count("[") > _MOST_OBJECTS:
        problem = f"has more than {_MOST_OBJECTS} objects and lists; give it in several files"
        records.fault(Place(name, ""), "", problem, "the whole file")
        return
    try:
        document: Any = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        cut = "; it may be cut off" if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg else ""
        row = f"line {error.lineno}, column {error.colno}"
        records.fault(Place(name, row), "", f"is no JSON: {error.msg}{cut}", "the whole file")
        return
    except (ValueError, RecursionError) as error:  # ValueError: a number too long for Python
        records.fault(Place(name, ""), "", f"is no JSON that can be read: {str(error)[:200]}", "the whole file")
        return
    reader = RowReader(name, str(document.get(_CONTEXT, "")) if isinstance(document, dict) else "", records)
    if isinstance(document, dict) and _NEXT in document:
        problem = "is one page of several; fetch the others as well and give every page"
        records.fault(Place(name, "@odata.nextLink"), "", problem, "what stands on the other pages")
    rows = _rows(document)
    if len(rows) > MOST_ROWS:
        problem = f"has {len(rows)} rows, the most is {MOST_ROWS}; give it in several files"
        records.fault(Place(name, ""), "", problem, "the whole file")
        return
    path = "value" if isinstance(document, dict) else ""
    for index, row in enumerate(rows):
        place = Place(name, "" if row is document else f"{path}[{index}]")
        if isinstance(row, _Double):
            records.fault(place, row.name, "is there twice, and which of them counts cannot be told", "the row")
        elif isinstance(row, dict):
            reader.read(place, row, next((str(row[key]) for key in _CLASS_KEYS if key in row), ""))
        else:
            records.fault(place, "", "is no object with properties", "the row")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; its properties by name in lower case."""
    properties = {key.lower(): value for key, value in pairs}
    if len(properties) == len(pairs):
        return properties
    return _Double(properties, find_double([key.lower() for key, _ in pairs]))


def _rows(document: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """The rows; a document that is no list of them is one."""
    if isinstance(document, dict) and not isinstance(document, _Double) and isinstance(document.get("value"), list):
        return list(document["value"])
    return document if isinstance(document, list) else [document]
