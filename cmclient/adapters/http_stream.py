"""A reply of ``http`` whose body is read as it comes."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import requests

from ..errors import ConnectionLostError
from ..model.endpoints import Endpoint
from .http_errors import printable

__all__ = ["StreamedReply", "require_not_encoded"]


def require_not_encoded(status: int, headers: Mapping[str, str], endpoint: Endpoint) -> None:
    """Refuse a body that was compressed: nobody asked for it, and it may unpack to gigabytes.

    Raises:
        ConnectionLostError: It was.
    """
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in {"", "identity"}:
        raise ConnectionLostError(
            f"{endpoint}: a body compressed with {printable(coding)}, which nobody asked for (status {status})",
            endpoint=str(endpoint),
            hint="A proxy in between may compress; have it leave this server alone.",
        )


class StreamedReply:
    """``ports.BulkReply`` with requests.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        trusted: Whether it comes over TLS from a server whose certificate was verified.
    """

    def __init__(
        self,
        response: requests.Response,
        headers: Mapping[str, str],
        *,
        trusted: bool,
        told: Callable[[], AbstractContextManager[None]],
        let_go: Callable[[bool], None],
    ) -> None:
        self.status = response.status_code
        self.headers = headers
        self.trusted = trusted
        self._response = response
        self._told = told
        self._let_go: Callable[[bool], None] | None = let_go
        self._at_end = False

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there; see ``ports.ByteStream``."""
        if self._at_end:
            return 0
        with self._told():
            part = self._response.raw.read1(len(buffer))
        buffer[: len(part)] = part
        self._at_end = not part
        return len(part)

    def close(self) -> None:
        """Let go of it; the connection is used again only after the whole body."""
        let_go, self._let_go = self._let_go, None
        if let_go is not None:
            self._response.close()
            let_go(self._at_end)
