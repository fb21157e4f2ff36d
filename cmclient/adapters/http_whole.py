"""Replies as http.client reads them, whose head has to be whole."""

import http.client
import re
from typing import Any

__all__ = ["WholeHead", "read_fields"]

_FOLD = re.compile(r"[\r\n]+[ \t]*")


class _LineReader:
    """Remembers the last line that was read."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401 - a buffered reader
        self.last = b""
        self._file = file

    def readline(self, limit: int) -> bytes:
        """Read a line."""
        line: bytes = self._file.readline(limit)
        self.last = line
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class WholeHead(http.client.HTTPResponse):
    """A reply whose head ends with an empty line; http.client takes one that is cut off for a whole one."""

    def begin(self) -> None:
        """Read the head."""
        file, lines = self.fp, _LineReader(self.fp)
        self.fp = lines  # type: ignore[assignment] # as much of a file as reading a head takes
        try:
            super().begin()
        except (AttributeError, LookupError, TypeError) as error:  # the header parser trips over some parameters
            raise http.client.HTTPException("headers that cannot be parsed") from error
        finally:
            if self.fp is not None:  # else it was closed, being no HTTP
                self.fp = file
        if lines.last not in {b"\r\n", b"\n"}:
            raise http.client.IncompleteRead(lines.last)


def read_fields(response: http.client.HTTPResponse) -> dict[str, str]:
    """The headers of a reply as urllib3 and requests have them, so that the same is refused.

    Returns:
        Names in lower case; what is said several times is joined, so that no checked header hides behind another one,
        and a folded line is one line.

    Raises:
        http.client.HTTPException: It tells several lengths.
    """
    fields: dict[str, str] = {}
    for name, value in response.getheaders():
        key, line = name.lower(), _FOLD.sub(" ", value)
        fields[key] = f"{fields[key]}, {line}" if key in fields else line
    lengths = {one.strip() for one in fields.get("content-length", "").split(",")}
    if len(lengths) > 1 and not response.chunked:
        raise http.client.HTTPException(f"several lengths: {fields['content-length']}")
    return fields
