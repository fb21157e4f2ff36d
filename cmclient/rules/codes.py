"""Error codes of clients: what each means, and what is usually behind it. The table is ``codes.csv``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.errorcode import CodeFamily, ErrorCode
from ..model.rule import decides

__all__ = ["CodeTable", "narrow_code", "parse_code_number", "parse_codes"]

_COLUMNS = ("code", "name", "family", "meaning", "causes", "rules", "source")
_BITS = 32
_DECIMAL = re.compile(r"[+-]?\d{1,10}")
_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{8})|0x([0-9a-fA-F]{1,8})", re.IGNORECASE)
_HTTP = re.compile(r"(?:http\s*)?([1-5]\d\d)", re.IGNORECASE)
_EXIT = re.compile(r"(?:ccmsetup\s*)?(?:exit\s*)?(\d{1,2})", re.IGNORECASE)
_STATE = re.compile(r"state(?:\s*id)?[\s=']*(\d{3})'?", re.IGNORECASE)
_PREFIX = "WINHTTP_CALLBACK_STATUS_FLAG_"
_WIN32, _HTTP_FACILITY = 0x80070000, 0x80190000  # HRESULTs made of codes of others, which stand in the low half
_WINHTTP = range(12000, 12200)
_WORD = re.compile(r"\w+")
_SAID_BY = re.compile(r"\[(\w+)\] *(.*)")  # how the table writes who says a code for a cause
_SMALL = 0xFFFF  # up to here a bare number is no HRESULT
_STATUSES = range(100, 600)


class CodeTable(NamedTuple):
    """What is known of error codes.

    Attributes:
        rows: In the order of the table.
    """

    rows: tuple[ErrorCode, ...]

    def find(self, text: str) -> tuple[ErrorCode, ...]:
        """Look a code up, in any form in which people and logs write it.

        Args:
            text: ``0x87d00215``, ``87d00215``, ``-2016411115``, ``2278556181``, ``12007``, ``HTTP 403`` or ``403``,
                ``exit 7``, ``state 321``, or a name.

        Returns:
            What it means, the most exact first; more than one where a code stands for another one. Empty when nobody
            knows it.
        """
        name = text.strip()
        named = tuple(row for row in self.rows if row.name and row.name.lower() == _bare_name(name))
        if named:
            return named
        return tuple(dict.fromkeys(self._numbered(name)))

    def _numbered(self, text: str) -> Iterator[ErrorCode]:
        http, left, state = _HTTP.fullmatch(text), _EXIT.fullmatch(text), _STATE.fullmatch(text)
        if state is not None:
            yield from self._of(CodeFamily.STATE, int(state[1]))
        elif http is not None:
            yield self._status(int(http[1]))
        elif left is not None:
            yield from self._of(CodeFamily.SETUP_EXIT, int(left[1]))
        elif (number := parse_code_number(text)) is not None:
            number = _WIN32 | number if number in _WINHTTP else number
            exact = [row for row in self.rows if row.number == number and number > _SMALL]
            yield from exact
            if (status := _http_status(number)) is not None:
                yield self._status(status)
            elif not exact and (error := _win_http_error(number)) is not None:
                meaning = f"error {error} of WinHTTP, which sends the client's requests"
                yield ErrorCode("", number, CodeFamily.WINHTTP, meaning, rules=_FAMILY_RULES, source="rule EC-005")

    def _status(self, status: int) -> ErrorCode:
        found = next(self._of(CodeFamily.HTTP, status), None)
        return found or ErrorCode("", status, CodeFamily.HTTP, f"HTTP status {status}", source="HTTP")

    def _of(self, family: CodeFamily, number: int) -> Iterator[ErrorCode]:
        return (row for row in self.rows if row.family is family and row.number == number)

    def find_all(self, codes: Iterable[str]) -> tuple[ErrorCode, ...]:
        """Look several codes up; each meaning once, in the order of the codes."""
        return tuple(dict.fromkeys(found for code in codes for found in self.find(code)))


_FAMILY_RULES = ("EC-005",)


@decides("EC-013")
def parse_code_number(text: str) -> int | None:
    """Read a code as an unsigned number of 32 bits; logs and tools write it signed, unsigned or in hexadecimal.

    Returns:
        0 to 4294967295; None when it is no number of 32 bits. Eight digits are hexadecimal: that is how logs write
        codes without a mark.
    """
    text = text.strip()
    found = _HEX.fullmatch(text)
    if found is not None:
        return int(found[1] or found[2], 16)
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    if not -(1 << (_BITS - 1)) <= number < 1 << _BITS:
        return None
    return number % (1 << _BITS)


@decides("EC-004")
def _http_status(number: int) -> int | None:
    """The HTTP status that a code stands for: 0x8019 and the status."""
    status = number - _HTTP_FACILITY
    return status if status in _STATUSES else None


@decides("EC-005")
def _win_http_error(number: int) -> int | None:
    """The WinHTTP error that a code stands for: 0x8007 and a number from 12000 on."""
    error = number - _WIN32
    return error if error in _WINHTTP else None


def narrow_code(code: ErrorCode, said: str) -> ErrorCode:
    """Leave the causes that go with who said a code: one number means different things in different functions.

    Args:
        code: What the number means anywhere.
        said: The component, the function, or the whole line that says it.

    Returns:
        The code with the causes of those that are named there; as it was where none of them is.
    """
    words = {word.lower() for word in _WORD.findall(said)}
    left = [place for place, speaker in enumerate(code.said_by) if speaker.lower() in words]
    if not left:
        return code
    causes, speakers = ([of[place] for place in left] for of in (code.causes, code.said_by))
    return code._replace(causes=tuple(causes), said_by=tuple(speakers))


def _bare_name(name: str) -> str:
    return name.upper().removeprefix(_PREFIX).lower()


def parse_codes(text: str) -> CodeTable:
    """Read the table of codes.

    Raises:
        InvalidValueError: It is no CSV with the right columns, or a row has neither number nor name, or an unknown
            family.
    """
    import csv  # noqa: PLC0415 - start-up: only this needs it

    try:
        header, *rows = list(csv.reader(text.splitlines(keepends=True))) or [[]]
    except csv.Error as error:
        raise InvalidValueError("table of codes", text, f"it is no CSV: {error}") from error
    if tuple(header) != _COLUMNS:
        raise InvalidValueError("table of codes", ",".join(header), f"its columns are {', '.join(_COLUMNS)}")
    return CodeTable(tuple(_row(row) for row in rows))


def _row(cells: list[str]) -> ErrorCode:
    if len(cells) != len(_COLUMNS):
        raise InvalidValueError("row of the table of codes", ",".join(cells), f"it has {len(cells)} columns")
    said: Mapping[str, str] = dict(zip(_COLUMNS, cells, strict=True))
    number = int(said["code"], 0) if said["code"] else None
    if number is None and not said["name"]:
        raise InvalidValueError("row of the table of codes", ",".join(cells), "it has neither code nor name")
    causes = [cause.strip() for cause in said["causes"].split("|") if cause.strip()]
    tied = [_SAID_BY.fullmatch(cause) for cause in causes]
    return ErrorCode(
        name=said["name"],
        number=number,
        family=CodeFamily(said["family"]),
        meaning=said["meaning"],
        causes=tuple(found[2] if found else cause for cause, found in zip(causes, tied, strict=True)),
        rules=tuple(said["rules"].split()),
        source=said["source"],
        said_by=tuple(found[1] if found else "" for found in tied) if any(tied) else (),
    )
