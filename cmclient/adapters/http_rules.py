"""What may be sent over HTTP and what is refused of a reply, by whichever way it goes."""

import re
from collections.abc import Mapping

from ..errors import ConnectionLostError, InvalidValueError, RedirectRefusedError
from ..model.endpoints import Endpoint
from ..model.http import HttpRequest
from ..model.names import printable as one_line

__all__ = ["printable", "require_final", "require_not_encoded", "require_sendable"]

_LOCATION_CAP = 2000  # characters kept of where a redirect points
_SHOWN = 200  # characters of a text that the peer may have written
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token (RFC 9110, 5.6.2)
_PATH = re.compile(r"/[!\"$-~]*")  # printable ASCII without a blank, and without a fragment
_VALUE = re.compile(r"[\t -~\x80-\xff]*")  # a field value (RFC 9110, 5.5): against headers smuggled in


def printable(text: str) -> str:
    """Make a peer's text fit for a terminal: one line, no control characters, not long."""
    shown = one_line(text[: _SHOWN + 1])
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."


def require_sendable(request: HttpRequest) -> None:
    """Refuse what cannot be written as HTTP.

    Raises:
        InvalidValueError: The method, the path or a header.
    """
    if not _METHOD.fullmatch(request.method):
        raise InvalidValueError("HTTP method", request.method, "it is no token")
    if not _PATH.fullmatch(request.path) or not _PATH.fullmatch(f"{request.endpoint.gateway or ''}{request.path}"):
        reason = "it begins with a slash and has printable ASCII characters other than blank and #"
        raise InvalidValueError("path of a request", request.path, reason)
    for name, value in request.headers.items():
        if not _METHOD.fullmatch(name):
            raise InvalidValueError("header name", name, "it is no token")
        if not _VALUE.fullmatch(value):
            raise InvalidValueError(f"value of the header {name}", value, "it has control characters or is not Latin-1")


def require_final(status: int, headers: Mapping[str, str], endpoint: Endpoint) -> None:
    """Refuse what is not the end of the matter: redirects, interim answers, framing that was not understood.

    Raises:
        RedirectRefusedError: A redirect.
        ConnectionLostError: Anything else of these.
    """
    where = str(endpoint)
    location = headers.get("location")
    if status // 100 == 3 and location is not None:  # noqa: PLR2004 - 3xx
        raise RedirectRefusedError(
            f"{where}: the server points to {printable(location)} (status {status}); redirects are not followed",
            endpoint=where,
            location=one_line(location[:_LOCATION_CAP]),
            hint="A captive portal or a proxy may have answered in its place: log on there, or go around it.",
        )
    if status < 200:  # noqa: PLR2004 - 1xx
        raise ConnectionLostError(f"{where}: an interim answer ({status}) and no final one", endpoint=where)
    transfer = headers.get("transfer-encoding", "").strip().lower()
    if transfer not in {"", "identity", "chunked"}:
        raise ConnectionLostError(f"{where}: unknown transfer encoding {printable(transfer)}", endpoint=where)


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
