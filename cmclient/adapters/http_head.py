"""The head of a usual reply, read at once; one that is in any way unusual is left to http.client.

http.client reads a head line by line and hands it to a parser for mail, which takes longer than a small file takes to
come. Nothing is refused here, and nothing guessed: what this reads it reads as http.client does, and all that is said
twice, folded, compressed in transfer, without a length or beyond plain ASCII is not read here.
"""

import re
from typing import NamedTuple

__all__ = ["HEAD_CAP", "PlainHead", "parse_plain_head"]

HEAD_CAP = 8 * 1024  # bytes; a longer head is left to http.client, which has limits of its own
_MOST_HEADERS = 64
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d)(?: [ -~]*)?")
_HEADERS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[!-~][ -~]*\r\n)+")
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_PLAIN_TYPE = re.compile(r"(?!multipart|message)[a-z0-9.+-]+/[a-z0-9.+-]+(; ?charset=[a-z0-9-]+)?", re.IGNORECASE)
_BODILESS = {204, 304}


class PlainHead(NamedTuple):
    """What a usual head says.

    Attributes:
        status: The HTTP status, from 200 on.
        headers: Names in lower case, each once.
        length: Bytes of the body.
        will_close: Whether the connection ends after it.
    """

    status: int
    headers: dict[str, str]
    length: int
    will_close: bool


def parse_plain_head(data: bytes) -> PlainHead | None:
    """Read the head of a reply to a request whose answer has a body.

    Args:
        data: The head, from the status line to the line break after the last header, without the empty line after it.

    Returns:
        What it says; None for a head that is not usual.
    """
    first, _, rest = data.partition(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None or b" \r\n" in data or not _HEADERS.fullmatch(rest):
        return None
    lines = rest.decode("ascii").splitlines()
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.removeprefix(" ")
    length = headers.get("content-length", "")
    number = int(status[1])
    if (
        len(headers) < len(lines)  # something is said twice
        or len(lines) > _MOST_HEADERS
        or "transfer-encoding" in headers
        or number in _BODILESS
        or not _LENGTH.fullmatch(length)
        or not _PLAIN_TYPE.fullmatch(headers.get("content-type", "a/b"))
    ):
        return None
    return PlainHead(number, headers, int(length), "close" in headers.get("connection", "").lower())
