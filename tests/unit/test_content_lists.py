"""Lists of files: by PROPFIND, and as the page of a folder."""

import contextlib
from pathlib import Path

import pytest

from cmclient.errors import ListingError, MalformedReplyError, UnsafeNameError, UnsafeXmlError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName
from cmclient.protocol.dplisting import PageEntry, parse_folder_page
from cmclient.protocol.links import MAX_FILES
from cmclient.protocol.webdav import LISTING_LIMITS, DavEntry, build_propfind, parse_multistatus
from cmclient.protocol.xmlsafe import parse_xml

DP = Endpoint(Scheme.HTTPS, HostName("dp.contoso.com"), 443)
FOLDER = "/SMS_DP_SMSPKG$/ABC00001"


def multistatus(*responses: str) -> bytes:
    return f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{"".join(responses)}</D:multistatus>'.encode()


def response(href: str, properties: str, status: str = "HTTP/1.1 200 OK") -> str:
    return (
        f"<D:response><D:href>{href}</D:href><D:propstat><D:prop>{properties}</D:prop>"
        f"<D:status>{status}</D:status></D:propstat></D:response>"
    )


def test_question__is_the_documented_one() -> None:
    headers, body = build_propfind()
    assert headers == {"Depth": "infinity", "Content-Type": "text/xml", "Translate": "f"}
    root = parse_xml(body, where="question")
    assert root.tag == "{DAV:}propfind"
    assert [[child.tag for child in prop] for prop in root] == [["{DAV:}iscollection"], ["{DAV:}getcontentlength"]]


def test_usual_question__asks_for_one_folder_as_the_standard_has_it() -> None:
    headers, body = build_propfind(deep=False, usual=True)
    assert headers["Depth"] == "1"
    assert [child.tag for child in parse_xml(body, where="question")[0]] == [
        "{DAV:}resourcetype",
        "{DAV:}getcontentlength",
    ]


def test_answer__both_ways_to_say_folder() -> None:
    data = multistatus(
        response("http://dp/x", "<D:iscollection>1</D:iscollection><D:getcontentlength>0</D:getcontentlength>"),
        response("/x/a", "<D:iscollection>0</D:iscollection><D:getcontentlength>12</D:getcontentlength>"),
        response("/x/sub", "<D:resourcetype><D:collection/></D:resourcetype>"),
        response("/x/b", "<D:resourcetype/><D:getcontentlength>0</D:getcontentlength>"),
        response("/x/c", "<D:getetag>x</D:getetag>"),
    )
    assert parse_multistatus([data]) == (
        DavEntry("http://dp/x", is_folder=True, size=0),
        DavEntry("/x/a", is_folder=False, size=12),
        DavEntry("/x/sub", is_folder=True),
        DavEntry("/x/b", is_folder=False, size=0),
        DavEntry("/x/c"),
    )


def test_answer__in_any_pieces_and_encodings_is_the_same() -> None:
    data = multistatus(response("/x/é", "<D:getcontentlength>1</D:getcontentlength>"))
    whole = parse_multistatus([data])
    assert whole[0].href == "/x/é"
    for size in (1, 2, 3, 7):
        assert parse_multistatus(data[at : at + size] for at in range(0, len(data), size)) == whole
    wide = data.decode().encode("utf-16")
    assert parse_multistatus(wide[at : at + 3] for at in range(0, len(wide), 3)) == whole
    assert parse_multistatus([b"  \r\n" + data, b"\0", b"\0"]) == whole
    assert parse_multistatus([b"\xef\xbb\xbf" + data]) == whole


def test_property_that_is_not_there__is_not_believed() -> None:
    lacks = (
        "<D:response><D:href>/a</D:href>"
        "<D:propstat><D:prop><D:getcontentlength>5</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status>"
        "</D:propstat><D:propstat><D:prop><D:iscollection>1</D:iscollection></D:prop>"
        "<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>"
    )
    assert parse_multistatus([multistatus(lacks)]) == (DavEntry("/a", is_folder=None, size=5),)


@pytest.mark.parametrize("size", ["-1", "1e9", "\u0661", "9" * 19, "", "many"])
def test_size_that_is_none__is_not_known(size: str) -> None:
    data = multistatus(response("/a", f"<D:getcontentlength>{size}</D:getcontentlength>"))
    assert parse_multistatus([data])[0].size is None


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", MalformedReplyError),
        (b"\0\0", MalformedReplyError),
        (b"<a/>", ListingError),
        (b"<html><body>Sign in</body></html>", MalformedReplyError),
        (multistatus("<D:response>")[:-10], MalformedReplyError),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><multistatus/>', UnsafeXmlError),
        (multistatus("<x>" * 30), UnsafeXmlError),
        (b"<multistatus " + b"a" * 200_000, UnsafeXmlError),
        (
            multistatus("<D:response><D:href>/a</D:href><D:status>HTTP/1.1 403 Forbidden</D:status></D:response>"),
            ListingError,
        ),
    ],
)
def test_what_is_no_answer__is_refused(data: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        parse_multistatus([data])


def test_endless_answer__is_refused_at_its_cap_and_not_read_on() -> None:
    read = 0

    def endless() -> object:
        nonlocal read
        yield b'<multistatus xmlns="DAV:">'
        while True:
            read += 1
            yield b" " * 1024 * 1024

    with pytest.raises(UnsafeXmlError):
        parse_multistatus(endless())  # type: ignore[arg-type]
    assert read <= LISTING_LIMITS.size / 1024 / 1024 + 1


@pytest.mark.slow
def test_answer_of_a_hundred_thousand_files__is_read() -> None:
    one = response("/SMS_DP_SMSPKG$/ABC00001/file{}", "<D:getcontentlength>1</D:getcontentlength>")
    pieces = (one.replace("{}", str(number)).encode() for number in range(MAX_FILES))
    head, tail = multistatus("|").split(b"|")
    assert len(parse_multistatus(iter([head, *pieces, tail]))) == MAX_FILES


def test_page_of_the_sample__a_file_with_its_size_and_a_folder(vectors: Path) -> None:
    data = (vectors / "samples" / "dp-directory-listing-shape.txt").read_bytes()
    assert parse_folder_page(data, DP, FOLDER) == (
        PageEntry("file.txt", is_folder=False, size=1234),  # type: ignore[arg-type]
        PageEntry("sub", is_folder=True),  # type: ignore[arg-type]
    )


def test_page__of_other_servers_names_at_least() -> None:
    data = b'<pre><a href="../">../</a>\n<a href="b.txt">b.txt</a>   21-Nov-2026 10:00   3\n<a href="d/">d/</a>\n</pre>'
    for up in (b"../", b"/SMS_DP_SMSPKG$/"):
        page = parse_folder_page(data.replace(b"../", up), DP, FOLDER)
        assert [(one.name, one.is_folder, one.size) for one in page] == [("b.txt", False, None), ("d", True, None)]
    with pytest.raises(UnsafeNameError):
        parse_folder_page(data.replace(b'"../"', b'"../evil"'), DP, FOLDER)


@pytest.mark.parametrize("data", [b"", b"<html><h1>Welcome</h1></html>", b"\xff\xfe\x00"])
def test_page_without_links__is_no_list(data: bytes) -> None:
    with pytest.raises(ListingError):
        parse_folder_page(data, DP, FOLDER)


def test_hostile_page__takes_no_long_time() -> None:
    for piece in (b"<a " * 100_000, b'<a href="' * 100_000, b"<" * 1_000_000, b"1" * 1_000_000 + b'<a href="x">'):
        with contextlib.suppress(ListingError, UnsafeNameError):
            parse_folder_page(piece, DP, FOLDER)
