"""Replies as http.client reads them, whose head has to be whole."""

import http.client
from typing import Any

__all__ = ["WholeHead"]


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
