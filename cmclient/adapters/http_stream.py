"""A reply of ``http`` whose body is read as it comes."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import requests

__all__ = ["HeldReply", "StreamedReply"]


class HeldReply:
    """A reply whose body has not been read yet, or was read because it had to be.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        trusted: Whether it comes over TLS from a server whose certificate was verified.
    """

    def __init__(self, response: requests.Response, headers: Mapping[str, str], *, trusted: bool) -> None:
        self.status = response.status_code
        self.headers = headers
        self.trusted = trusted
        self._response = response
        self._body: memoryview | None = None

    def keep(self, body: bytes) -> None:
        """Give this body, which was read from the reply, in place of what comes from there."""
        self._body = memoryview(body)

    def read(self, size: int) -> bytes | memoryview:
        """What is there, so many bytes at most; empty at the end."""
        if self._body is None:
            part: bytes = self._response.raw.read1(size)
            return part
        kept, self._body = self._body[:size], self._body[size:]
        return kept

    def close(self) -> None:
        """Let go of the reply."""
        self._response.close()


class StreamedReply:
    """``ports.BulkReply`` with requests.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        trusted: Whether it comes over TLS from a server whose certificate was verified.
    """

    def __init__(
        self,
        held: HeldReply,
        *,
        told: Callable[[], AbstractContextManager[None]],
        let_go: Callable[[bool], None],
    ) -> None:
        self.status = held.status
        self.headers = held.headers
        self.trusted = held.trusted
        self._held = held
        self._told = told
        self._let_go: Callable[[bool], None] | None = let_go
        self._at_end = False

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there; see ``ports.ByteStream``."""
        if self._at_end:
            return 0
        with self._told():
            part = self._held.read(len(buffer))
        buffer[: len(part)] = part
        self._at_end = not part
        return len(part)

    def close(self) -> None:
        """Let go of it; the connection is used again only after the whole body."""
        let_go, self._let_go = self._let_go, None
        if let_go is not None:
            self._held.close()
            let_go(self._at_end)
