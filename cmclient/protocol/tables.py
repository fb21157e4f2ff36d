"""TOML tables read with every fault kept, so that a person sees all of them at once and where each one stands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any, Self, TypeVar

from ..errors import CmClientError

__all__ = ["Table", "suggestion"]

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Enum)
_MOST_COMPARED = (
    500  # names, and characters of one; looking for a similar one among a hundred thousand would take seconds a fault
)


class Table:
    """One table of a TOML file.

    Every method reads a key and never raises: what is wrong is noted, and the fallback is the answer. Whoever reads
    must look at the notes before using any answer.

    Attributes:
        where: Path of the table, such as ``forests[1].ad_sites[0]``; empty for the file itself.
    """

    def __init__(self, values: Mapping[str, Any], where: str, notes: list[str]) -> None:
        self.where = where
        self._values = values
        self._notes = notes
        self._known: set[str] = set()

    def note(self, key: str, problem: str) -> None:
        """Note a fault of a key, or of the table as a whole when the key is empty."""
        self._notes.append(f"{self._path(key) or 'the file'} {problem}")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def text(self, key: str, type_: Callable[[str], _T], fallback: _T, *, required: bool = False) -> _T:
        """Read text and make it a value; the type may raise any error of ours, whose message is noted."""
        value = self._value(key, str, "text", required=required)
        return fallback if value is None else self._made(key, type_, value, fallback)

    def texts(self, key: str, type_: Callable[[str], _T]) -> tuple[_T, ...]:
        """Read a list of texts; empty when it is not there."""
        items = self._value(key, list, "a list of texts") or []
        if not all(isinstance(item, str) for item in items):
            self.note(key, "is not a list of texts")
            return ()
        made = (self._made(key, type_, item, None) for item in items)
        return tuple(one for one in made if one is not None)

    def choice(self, key: str, type_: type[_E], fallback: _E, *, required: bool = False) -> _E:
        """Read one of the values of an enum, except ``unknown``, which nobody needs to write."""
        value = self._value(key, str, "text", required=required)
        if value is None:
            return fallback
        allowed = {one.value: one for one in type_ if one.value != "unknown"}
        if value not in allowed:
            self.note(key, f"is {value!r} and should be one of {', '.join(allowed)}")
        return allowed.get(value, fallback)

    def flag(self, key: str, *, fallback: bool) -> bool:
        """Read true or false."""
        value = self._value(key, bool, "true or false")
        return fallback if value is None else bool(value)

    def number(self, key: str, fallback: int) -> int:
        """Read a whole number above zero."""
        value = self._value(key, int, "a whole number")
        if value is None:
            return fallback
        if isinstance(value, bool) or value <= 0:
            self.note(key, "is not a whole number above zero")
            return fallback
        return int(value)

    def minutes(self, key: str, fallback: int, most: int) -> int:
        """Read a number of minutes from 0 to the most there may be."""
        value = self._value(key, int, "a whole number")
        if value is None:
            return fallback
        if isinstance(value, bool) or not 0 <= value <= most:
            self.note(key, f"is not a number of minutes from 0 to {most}")
            return fallback
        return int(value)

    def table(self, key: str, *, required: bool = False) -> Self | None:
        """Read a table below this one; None when it is not there."""
        value = self._value(key, dict, "a table", required=required)
        return None if value is None else self._below(value, self._path(key))

    def tables(self, key: str) -> Iterator[Self]:
        """Read an array of tables, in order; nothing when it is not there."""
        items = self._value(key, list, "an array of tables") or []
        if not all(isinstance(item, dict) for item in items):
            self.note(key, "is not an array of tables")
            return
        for index, item in enumerate(items):
            yield self._below(item, f"{self._path(key)}[{index}]")

    def end(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                self.note(key, f"is not known here{suggestion(key, self._known)}")

    def refer(self, key: str, names: Iterable[str], known: Iterable[str], what: str) -> None:
        """Note every name that is none of the known ones."""
        allowed = frozenset(known)
        for name in names:
            if name not in allowed:
                self.note(key, f"names the unknown {what} {name!r}{suggestion(name, allowed)}")

    def _below(self, values: Mapping[str, Any], where: str) -> Self:
        """A table below this one, of the same type."""
        return type(self)(values, where, self._notes)

    def _path(self, key: str) -> str:
        return ".".join(part for part in (self.where, key) if part)

    def _value(self, key: str, type_: type, expected: str, *, required: bool = False) -> Any:  # noqa: ANN401 - TOML
        self._known.add(key)
        value = self._values.get(key)
        if value is None and required:
            self.note(key, "is missing")
        if value is None or isinstance(value, type_):
            return value
        self.note(key, f"is not {expected}")
        return None

    def _made(self, key: str, type_: Callable[[str], _T], value: str, fallback: _T) -> _T:
        try:
            return type_(value)
        except CmClientError as error:
            self.note(key, f"is wrong: {error.message}" + (f" ({error.hint})" if error.hint else ""))
            return fallback


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that offers the known name most like a wrong one; empty when none is like it."""
    names = sorted(known)
    is_little = len(names) <= _MOST_COMPARED and len(name) <= _MOST_COMPARED
    close = get_close_matches(name, names, n=1) if is_little else []
    return f"; did you mean {close[0]!r}?" if close else ""
