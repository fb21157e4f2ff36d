"""A usual head is read as http.client reads it; all else is left to http.client."""

import io
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmclient.adapters.http_head import parse_plain_head
from cmclient.adapters.http_whole import WholeHead

USUAL = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "x"\r\n'
NAMES = [
    "Content-Length",
    "content-length",
    "ETag",
    "Connection",
    "Content-Type",
    "Transfer-Encoding",
    "From",
    "A b",
    "",
]
VALUES = [
    "5",
    "05",
    "+5",
    "5, 5",
    "5 ",
    "",
    "close",
    "keep-alive, Close",
    "chunked",
    "text/plain; charset=utf-8",
    "x\x0by",
]
VALUES += [
    "multipart/mixed; boundary=a",
    "message/rfc822",
    "text/plain; charset*=a'b",
    'a/b; name="',
    "\x85",
    "x\ty",
    "=?a?q?b?=",
]
pieces = st.sampled_from(VALUES) | st.text(string.printable, max_size=20) | st.integers(0, 99).map(str)
lines = st.tuples(
    st.sampled_from(NAMES) | st.text(string.printable, max_size=12), st.sampled_from([":", ": ", " :", ""]), pieces
)
statuses = st.sampled_from(["HTTP/1.1 200 OK", "HTTP/1.1 206", "HTTP/1.0 200 OK", "HTTP/1.1 204 No", "HTTP/1.1 304 x"])
statuses |= st.sampled_from(["HTTP/1.1 100 Go", "HTTP/1.1 999 x", "HTTP/1.1  200", "HTTP/2 200", "http/1.1 200 OK", ""])
ends = st.sampled_from(["\r\n", "\n", "\r", " \r\n", "\r\n "])
heads = st.tuples(statuses, st.lists(st.tuples(lines, ends), max_size=5)).map(
    lambda head: (head[0] + "\r\n" + "".join("".join(line) + end for line, end in head[1])).encode("utf-8")
)


class Wire:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.data)


def read_whole(head: bytes) -> WholeHead:
    response = WholeHead(Wire(head + b"\r\n"), method="GET")  # type: ignore[arg-type] # as much of a socket as it takes
    response.begin()
    return response


@given(heads)
@example(USUAL)
@example(USUAL + b"Connection: close\r\n")
def test_head__that_is_read_at_once_says_what_http_client_reads(head: bytes) -> None:
    plain = parse_plain_head(head)
    if plain is None:
        return
    whole = read_whole(head)
    assert (plain.status, plain.length) == (whole.status, whole.length)
    assert plain.headers == {name.lower(): value for name, value in whole.getheaders()}
    assert plain.will_close == whole.will_close
    assert not whole.chunked


def test_usual_head__is_read_at_once() -> None:
    plain = parse_plain_head(USUAL)
    assert plain is not None
    assert (plain.status, plain.length, plain.headers["etag"], plain.will_close) == (200, 5, '"x"', False)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nETag: x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n",
        USUAL + b"Content-Length: 6\r\n",
        USUAL + b"ETag: y\r\n",
        USUAL + b"Transfer-Encoding: chunked\r\n",
        USUAL + b" folded\r\n",
        USUAL + b"X: caf\xe9\r\n",
        USUAL + b"X: a\nY: b\r\n",
        USUAL + b"X: " + b"\0\r\n",
        USUAL + b"X: y \r\n",
        USUAL + b"Content-Type: multipart/mixed; boundary=x\r\n",
        USUAL + b"Content-Type: multipart/mixed\r\n",
        USUAL + b"Content-Type: message/rfc822\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % 10**18,
        USUAL + b"".join(b"X%d: y\r\n" % number for number in range(100)),
        b"",
    ],
)
def test_head__that_is_in_any_way_unusual_is_left_alone(head: bytes) -> None:
    assert parse_plain_head(head) is None
