"""Bodies of several parts: what is sent, and answers that are none, cut off, or lie."""

import pytest

from cmclient.errors import InvalidValueError, MalformedReplyError
from cmclient.protocol.multipart import CONTENT_TYPE, Part, build_multipart, find_boundary, parse_multipart

TYPE = 'multipart/mixed; boundary="b"'


def contents(body: bytes, content_type: str = TYPE) -> list[bytes]:
    return [part.content for part in parse_multipart(body, content_type)]


def test_a_body_is_written_as_the_tools_write_it() -> None:
    parts = [Part(b"one", {"content-type": "text/plain; charset=UTF-16"}), Part(b"\0two", {"a": "b"})]
    assert build_multipart(parts) == (
        b"--aAbBcCdDv1234567890VxXyYzZ\r\ncontent-type: text/plain; charset=UTF-16\r\n\r\none\r\n"
        b"--aAbBcCdDv1234567890VxXyYzZ\r\na: b\r\n\r\n\0two\r\n"
        b"--aAbBcCdDv1234567890VxXyYzZ--"
    )
    assert CONTENT_TYPE == 'multipart/mixed; boundary="aAbBcCdDv1234567890VxXyYzZ"'


@pytest.mark.parametrize("content", [b"--aAbBcCdDv1234567890VxXyYzZ", b"x\r\n--aAbBcCdDv1234567890VxXyYzZ--"])
def test_a_part_that_would_end_itself_is_not_written(content: bytes) -> None:
    with pytest.raises(InvalidValueError, match="holds the line that ends a part"):
        build_multipart([Part(content)])


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/mixed; boundary="b"', "b"),
        ("multipart/mixed; boundary=b", "b"),
        ("Multipart/Mixed;BOUNDARY = b", "b"),
        ("multipart/mixed; charset=utf-16; boundary=b; x=y", "b"),
        ('multipart/mixed; x="; boundary=wrong"; boundary="a b:c"', "a b:c"),
        (r'multipart/mixed; boundary="a\b"', "ab"),
        ('multipart/mixed; boundary="----=_Part(1)/x"', "----=_Part(1)/x"),
        (f"multipart/mixed; boundary={'x' * 70}", "x" * 70),
        (f"multipart/mixed; boundary={'x' * 71}", None),
        ('multipart/mixed; boundary=""', None),
        ('multipart/mixed; boundary="b "', None),
        ('multipart/mixed; boundary="b\r\nx"', None),
        ("multipart/mixed; boundary=b; boundary=c", None),
        ('multipart/mixed; boundary="b', None),
        ("multipart/mixed", None),
        ("application/octet-stream; boundary=b", None),
        (f"multipart/mixed; {'x' * 1024}=y; boundary=b", None),
        ("", None),
    ],
)
def test_the_boundary_is_what_the_content_type_says(content_type: str, boundary: str | None) -> None:
    assert find_boundary(content_type) == boundary


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"\r\n\0", []),
        (b"--b--", []),
        (b"--b\r\n\r\none\r\n--b--", [b"one"]),
        (b"--b\r\na: b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", [b"one", b"two"]),
        (b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b\r\n\r\nthree\r\n--b--", [b"one", b"two", b"three"]),
        (b"--b\r\n\r\n\r\n--b--", [b""]),
        (b"\r\n--b \t\r\n\r\none\r\n--b--", [b"one"]),
        (b"skipped\r\n--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\nafter\r\n--b--", [b"one"]),
        (b"--b\r\n\r\none\r\n--bc\r\ntwo\r\n--b--", [b"one\r\n--bc\r\ntwo"]),  # another line that only begins alike
        (b"--b\r\n\r\none --b-- \n--b--\r\n--b--", [b"one --b-- \n--b--"]),  # not at the beginning of a line
    ],
)
def test_parts_are_what_stands_between_boundary_lines(body: bytes, expected: list[bytes]) -> None:
    assert contents(body) == expected


def test_header_fields_of_a_part_are_read_in_any_case() -> None:
    body = b"--b\r\nContent-Type:text/plain; charset=UTF-16 \r\nX: \xe4\r\n\r\none\r\n--b--"
    (part,) = parse_multipart(body, TYPE)
    assert part.headers == {"content-type": "text/plain; charset=UTF-16", "x": "ä"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b"--c\r\n\r\none\r\n--c--", "boundary line is not to be found", id="wrong boundary"),
        pytest.param(b"<Msg/>", "boundary line is not to be found", id="no boundary"),
        pytest.param(b"--b\r\n\r\none", "is cut off.*after 0 whole parts", id="cut off in the first part"),
        pytest.param(b"--b\r\n\r\none\r\n--b\r\n\r\ntwo", "is cut off.*after 1 whole parts", id="in the second"),
        pytest.param(b"--b\r\n\r\none\r\n--b", "is cut off", id="in the last boundary"),
        pytest.param(b"--b\r\na: b\r\none\r\n--b--", "part 1 has no empty line", id="headers without end"),
        pytest.param(b"--b\r\na: " + b"b" * 4096 + b"\r\n\r\none\r\n--b--", "no empty line after", id="long headers"),
        pytest.param(b"--b\r\nnone\r\n\r\none\r\n--b--", "the header line 'none'", id="no header line"),
        pytest.param(b"--b\r\na: \0\r\n\r\none\r\n--b--", "the header line 'a: .'", id="NUL in a header"),
        pytest.param(b"--b\r\na: b\r\nA: c\r\n\r\none\r\n--b--", "there twice", id="a header twice"),
        pytest.param(
            b"--b\r\ncontent-type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\none\r\n--c--\r\n--b--",
            "part 1 has parts of its own",
            id="nested",
        ),
        pytest.param(b"--b\r\ncontent-length: 4\r\n\r\none\r\n--b--", "has 3 bytes, and says '4'", id="too long"),
        pytest.param(b"--b\r\ncontent-length: 2\r\n\r\none\r\n--b--", "has 3 bytes, and says '2'", id="too short"),
        pytest.param(b"--b\r\ncontent-length: x\r\n\r\none\r\n--b--", "and says 'x'", id="no length"),
        pytest.param(b"--b\r\n\r\n\r\n" * 17 + b"--b--", "more than 16 parts", id="17 parts"),
    ],
)
def test_what_is_no_proper_body_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(MalformedReplyError, match=problem):
        parse_multipart(body, TYPE)


def test_sixteen_parts_and_a_true_length_are_taken() -> None:
    part = b"--b\r\ncontent-length: 3\r\n\r\none\r\n"
    assert contents(part * 16 + b"--b--") == [b"one"] * 16


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<!DOCTYPE html><html><head><title> Guest Wi-Fi\x1b </title>", "text/html; charset=utf-8"),
        (b"\r\n<HTML><title>Guest Wi-Fi\x1b</title>", ""),
        (b"<html><title>Guest Wi-Fi\x1b</title>", TYPE),
    ],
)
def test_a_web_page_is_told_with_its_title(body: bytes, content_type: str) -> None:
    with pytest.raises(MalformedReplyError, match=r"is a web page with the title 'Guest Wi-Fi\?'") as caught:
        parse_multipart(body, content_type)
    assert "captive portal" in caught.value.hint


def test_a_page_is_a_page_by_its_content_type_alone() -> None:
    with pytest.raises(MalformedReplyError, match="is a web page, not a message"):
        parse_multipart(b"<script>location='/login'</script>", "text/html")
