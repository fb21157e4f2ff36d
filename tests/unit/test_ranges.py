"""Parts of files: what is asked for, and what is believed of what comes."""

from typing import Any

import pytest

from cmclient.errors import ContentChangedError, SizeMismatchError, SourceRefusedError, WrongRangeError
from cmclient.model.download import PartOrigin
from cmclient.protocol.ranges import PartQuestion, build_range_headers, judge_part, parse_content_range

HERE, THERE = "http://dp1/x", "http://dp2/x"
ORIGIN = PartOrigin(HERE, 100, '"tag"', "Mon, 05 Jan 2026 08:00:00 GMT")
REST = PartQuestion(HERE, 40, 100, ORIGIN)


@pytest.mark.parametrize(
    ("asked", "headers"),
    [
        (PartQuestion(HERE), {}),
        (REST, {"Range": "bytes=40-", "If-Range": '"tag"'}),
        (REST._replace(origin=ORIGIN._replace(etag='W/"tag"')), {"Range": "bytes=40-", "If-Range": ORIGIN.modified}),
        # another server has other tags: the date has to be the same, or a hash proves the whole
        (REST._replace(address=THERE), {"Range": "bytes=40-", "If-Range": ORIGIN.modified}),
        (REST._replace(address=THERE, is_proven=True), {"Range": "bytes=40-"}),
        (REST._replace(origin=PartOrigin(HERE, 100)), None),
        (REST._replace(origin=PartOrigin(HERE, 100), is_proven=True), {"Range": "bytes=40-"}),
    ],
)
def test_question__is_for_the_same_state_of_the_file_only(asked: PartQuestion, headers: dict[str, str] | None) -> None:
    assert build_range_headers(asked) == headers


def part(text: str = "bytes 40-99/100", length: str = "60", **more: Any) -> dict[str, str]:
    return {"content-range": text, "content-length": length, **more}


def test_rest__is_taken() -> None:
    reply = judge_part(REST, 206, part(etag='"tag"'))
    assert (reply.offset, reply.origin.size, reply.origin.etag) == (40, 100, '"tag"')


def test_whole_file_in_place_of_its_rest__begins_anew() -> None:
    reply = judge_part(REST, 200, {"content-length": "100", "etag": '"new"'})
    assert (reply.offset, reply.origin.etag) == (0, '"new"')


@pytest.mark.parametrize(
    ("asked", "status", "headers", "error"),
    [
        (PartQuestion(HERE, size=100), 206, part("bytes 0-99/100", "100"), WrongRangeError),
        (REST, 206, part("bytes 41-99/100", "59"), WrongRangeError),
        (REST, 206, part("bytes 0-99/100", "100"), WrongRangeError),
        (REST, 206, part("bytes 40-98/100", "59"), WrongRangeError),
        (REST, 206, part(length="61"), WrongRangeError),
        (REST, 206, part(""), WrongRangeError),
        (REST, 206, part("bytes 40-99/*"), None),
        (REST, 206, part("bytes 40-100/101", "61"), SizeMismatchError),
        (REST, 206, part(etag='"new"'), ContentChangedError),
        (REST, 206, part(**{"last-modified": "Tue, 06 Jan 2026 08:00:00 GMT"}), ContentChangedError),
        (REST._replace(address=THERE), 206, part(etag='"other"'), None),
        (REST, 416, {}, ContentChangedError),
        (PartQuestion(HERE), 416, {}, SourceRefusedError),
        (PartQuestion(HERE, size=100), 200, {"content-length": "99"}, SizeMismatchError),
        (PartQuestion(HERE, size=100), 200, {"content-length": "101"}, SizeMismatchError),
        (PartQuestion(HERE, size=100), 200, {}, None),
        (PartQuestion(HERE), 200, {"content-length": "5"}, None),
        (PartQuestion(HERE), 200, {}, SizeMismatchError),
        (PartQuestion(HERE), 200, {"content-length": "lots"}, SizeMismatchError),
        (PartQuestion(HERE), 204, {}, SourceRefusedError),
        (PartQuestion(HERE), 404, {}, SourceRefusedError),
    ],
)
def test_reply__is_what_was_asked_for_or_refused(
    asked: PartQuestion, status: int, headers: dict[str, str], error: type[Exception] | None
) -> None:
    if error is None:
        assert judge_part(asked, status, headers).offset in {0, asked.offset}
        return
    with pytest.raises(error):
        judge_part(asked, status, headers)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bytes 0-9/10", (0, 9, 10)),
        ("Bytes 5-9/*", (5, 9, None)),
        ("bytes 9-5/10", None),
        ("bytes 0-10/10", None),
        ("bytes */10", None),
        ("items 0-9/10", None),
        ("bytes 0-9/10, 20-30/40", None),
        ("bytes \u0660-\u0669/\u0661\u0660", None),
    ],
)
def test_content_range(text: str, found: tuple[int, int, int | None] | None) -> None:
    assert parse_content_range(text) == found
