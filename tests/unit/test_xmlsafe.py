"""XML: every form that real servers send is read, and every hostile one is refused at its first breach."""

import time
from pathlib import Path

import pytest

from cmclient.errors import MalformedReplyError, UnsafeXmlError
from cmclient.protocol.xmlsafe import DEFAULT, XmlLimits, find_local, iter_local, local_name, parse_xml

DOCUMENT = '<a x="ä"><b>ö</b></a>'


def _shape(data: bytes, limits: XmlLimits = DEFAULT) -> tuple[str, str | None, str | None]:
    root = parse_xml(data, where="test", limits=limits)
    return root.tag, root.get("x"), root[0].text


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(DOCUMENT.encode(), id="utf-8"),
        pytest.param(DOCUMENT.encode("utf-8-sig"), id="utf-8 with mark"),
        pytest.param(b"\xff\xfe" + DOCUMENT.encode("utf-16-le"), id="utf-16-le with mark"),
        pytest.param(b"\xfe\xff" + DOCUMENT.encode("utf-16-be"), id="utf-16-be with mark"),
        pytest.param(DOCUMENT.encode("utf-16-le"), id="utf-16-le without mark"),
        pytest.param(DOCUMENT.encode("utf-16-be"), id="utf-16-be without mark"),
        pytest.param(DOCUMENT.encode() + b"\0\0", id="NULs after utf-8"),
        pytest.param(DOCUMENT.encode("utf-16-le") + b"\0\0", id="NUL after utf-16-le"),
        pytest.param(DOCUMENT.encode("utf-16-le") + b"\0", id="half a NUL after utf-16-le"),
        pytest.param(("\r\n " + DOCUMENT).encode("utf-16-le"), id="blanks before utf-16-le"),
        pytest.param(("\ufeff\n<?xml version='1.0'?>" + DOCUMENT).encode("utf-16-be"), id="blank after utf-16-be mark"),
        pytest.param(b"\r\n <?xml version='1.0'?>" + DOCUMENT.encode(), id="blanks before a declaration"),
        pytest.param(b"<?xml version='1.0' encoding='utf-16'?>" + DOCUMENT.encode(), id="utf-8 that says utf-16"),
        pytest.param(b"<?php x?><!-- y -->" + DOCUMENT.encode(), id="instruction and comment"),
    ],
)
def test_every_form_reads_the_same(data: bytes) -> None:
    assert _shape(data) == ("a", "ä", "ö")


BOMB = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(BOMB, "document type", id="entity bomb"),
        pytest.param(BOMB.replace(b"DOCTYPE l", b"DOCTYPE html"), "document type", id="entity bomb that says html"),
        pytest.param(BOMB.decode().encode("utf-16-le"), "document type", id="entity bomb in utf-16"),
        pytest.param(b'<!DOCTYPE l SYSTEM "file:///etc/hostname"><l/>', "document type", id="outside DTD"),
        pytest.param(b"<!DOCTYPE l><l/>", "document type", id="bare document type"),
    ],
)
def test_a_document_type_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UnsafeXmlError, match=f"^MPList is refused: .*{reason}"):
        parse_xml(data, where="MPList")


SMALL = XmlLimits(size=200, depth=3, elements=6, attributes=2, token=8, name=4)


@pytest.mark.parametrize(
    ("fits", "breaks", "reason"),
    [
        pytest.param(b" " * 196 + b"<a/>", b" " * 197 + b"<a/>", "larger than 200 bytes", id="size"),
        pytest.param(b"<a><a><a/></a></a>", b"<a><a><a><a/></a></a></a>", "deeper than 3", id="depth"),
        pytest.param(b"<a>%s</a>" % (b"<b/>" * 5), b"<a>%s</a>" % (b"<b/>" * 6), "more than 6 elements", id="elements"),
        pytest.param(
            b'<a i="" j=""><b i=""/><b/></a>',
            b'<a i="" j=""><b i=""/><b i=""/></a>',
            "more than 6 elements and attributes",
            id="attributes of all elements",
        ),
        pytest.param(b'<a i="" j=""/>', b'<a i="" j="" k=""/>', "more than 2 attributes", id="attributes"),
        pytest.param(b'<a i="12345678"/>', b'<a i="123456789"/>', "attribute longer than 8", id="attribute value"),
        pytest.param(b"<a>12345678</a>", b"<a>123456789</a>", "text longer than 8", id="text"),
        pytest.param(b"<a>1234<!-- -->5678</a>", b"<a>1234<!-- -->56789</a>", "text longer than 8", id="text in parts"),
        pytest.param(
            b"<a>12345678<b>12345678</b>12345678</a>", b"<a>1<b/>123456789</a>", "text longer than 8", id="text after"
        ),
        pytest.param(b'<a xmlns="urn:"/>', b'<a xmlns="urn:1"/>', "namespace longer than 4", id="namespace"),
        pytest.param(
            b'<a xmlns:i="i" xmlns:j="i"><a xmlns:i="i" xmlns:j="i"/></a>',
            b'<a><a xmlns:i="i" xmlns:j="i" xmlns:k="i"/></a>',
            "declares more than 2 namespaces",
            id="namespaces",
        ),
    ],
)
def test_each_limit_takes_what_fits_and_refuses_one_more(fits: bytes, breaks: bytes, reason: str) -> None:
    assert parse_xml(fits, where="test", limits=SMALL).tag.endswith("a")
    with pytest.raises(UnsafeXmlError, match=reason):
        parse_xml(breaks, where="test", limits=SMALL)


def test_a_tag_without_end_is_not_kept_whole() -> None:
    # The value would be refused too, but only once the tag has ended, and then by another sentence.
    data = b'<a x="' + b"y" * 300_000 + b'"/>'
    with pytest.raises(UnsafeXmlError, match="tag or comment longer than 1000 bytes"):
        parse_xml(data, where="test", limits=XmlLimits(token=1000))


MUCH = 7 * 1024 * 1024
NOT_XML = b"</wrong>"  # what comes after the breach would be another error, had it been looked at


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<a>" * 200_000, id="200,000 elements inside each other"),
        pytest.param(b"<a " + b" ".join(b'a%d=""' % n for n in range(600_000)) + b"/>", id="attributes of one element"),
        pytest.param(
            b"<a>" + b"".join(b'<b a="" b="" c="" d="" e="" f="" g="" h=""/>' for _ in range(125_000)) + b"</a>",
            id="a million attributes",
        ),
        pytest.param(b"<a>" + b"<b/>" * (MUCH // 4), id="empty elements"),
        pytest.param(b"<a>" + b"y" * MUCH, id="one text"),
        pytest.param(b'<a x="' + b"y" * MUCH + b'">', id="one attribute"),
        pytest.param(b"<a><!--" + b"y" * MUCH + b"-->", id="one comment"),
        pytest.param(b'<a xmlns:q="' + b"u" * 60_000 + b'">' + b"<q:b/>" * 1_000_000, id="a namespace used often"),
        pytest.param(b'<!DOCTYPE l [<!ENTITY a "%s">]><l>' % (b"x" * 9000) + b"&a;" * 500_000, id="a long entity"),
    ],
)
def test_a_hostile_document_is_refused_quickly_and_not_read_on(data: bytes) -> None:
    started = time.process_time()
    with pytest.raises(UnsafeXmlError) as caught:
        parse_xml(data + b"<c>" + NOT_XML, where="MPList")
    assert time.process_time() - started < 1.0
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "MPList is empty", id="empty"),
        pytest.param(b"\0\0", "MPList is empty", id="NULs"),
        pytest.param(b"\xef\xbb\xbf \r\n", "MPList is empty", id="blanks"),
        pytest.param(b"<a><b>", "MPList is cut off in line 1", id="no end"),
        pytest.param(b"<a>\n<b", "MPList is cut off in line 2", id="half a tag"),
        pytest.param(b"<a>\xc3", "MPList is cut off", id="half a character"),
        pytest.param(b"<a></b>", "MPList is not well-formed XML: mismatched tag in line 1", id="wrong end"),
        pytest.param(b"<a/><a/>", "MPList is not well-formed XML", id="two roots"),
        pytest.param(b"<a>&nbsp;</a>", "undefined entity", id="unknown entity"),
        pytest.param(b"<a>\xe4</a>", "not well-formed", id="latin-1"),
        pytest.param(b"<\0a\0/\0>", "MPList begins as UTF-16 and is not", id="half of UTF-16"),
        pytest.param("<a>\ud800</a>".encode("utf-16-le", "surrogatepass"), "begins as UTF-16", id="lone surrogate"),
        pytest.param(b"Bad gateway", "MPList is not XML: it begins with 'Bad gateway'", id="text"),
        pytest.param(b"\x1b[31m" + b"x" * 5000, "MPList is not XML: it begins with '?[31mxxx", id="terminal sequence"),
    ],
)
def test_what_is_no_xml_is_malformed(data: bytes, says: str) -> None:
    with pytest.raises(MalformedReplyError) as caught:
        parse_xml(data, where="MPList")
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 120
    assert caught.value.where == "MPList"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<html><body/></html>", id="xhtml"),
        pytest.param(b"<!DOCTYPE html><html><p>never closed</html>", id="html 5"),
        pytest.param(b"<!doctype HTML><HTML>", id="other case"),
        pytest.param(b"\r\n<HTML><HEAD><META HTTP-EQUIV=x></HEAD>", id="no document type"),
    ],
)
def test_a_web_page_is_called_one(data: bytes) -> None:
    with pytest.raises(MalformedReplyError, match=r"^MPList is a web page, not XML$") as caught:
        parse_xml(data, where="MPList")
    assert "proxy" in caught.value.hint


def test_the_error_page_of_iis_is_named_by_its_title(vectors: Path) -> None:
    page = (vectors / "samples" / "mplist1-unknown-or-cas-500.txt").read_bytes()
    with pytest.raises(MalformedReplyError, match=r"a web page with the title '500 - Internal server error\.'"):
        parse_xml(page, where="MPList")


def test_elements_are_found_without_regard_to_namespace_case_and_depth() -> None:
    root = parse_xml(
        b'<r xmlns="urn:x"><a><Site n="1"/></a><q:SITE xmlns:q="urn:y" n="2"/><SiteCode/></r>', where="test"
    )
    assert [element.get("n") for element in iter_local(root, "siTe")] == ["1", "2"]
    first = find_local(root, "SITE")
    assert first is not None
    assert first.get("n") == "1"
    assert find_local(root, "R") is root
    assert find_local(root, "x") is None
    assert (root.tag, local_name(root.tag), local_name("plain")) == ("{urn:x}r", "r", "plain")
