"""What a distribution point of the lab answers: lists of files by PROPFIND and as pages, files, parts of files."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import quote, unquote
from zlib import crc32

from ..model.names import HostName
from .content_files import FileStream, body_of, files_of, modified_of
from .description import LabDescription
from .faults import FaultKind
from .offers import Content

__all__ = ["ContentAnswer", "ContentQuestion", "answer_client_files", "answer_content"]

_OK, _PARTIAL, _MULTISTATUS = 200, 206, 207
_FORBIDDEN, _NOT_FOUND, _NOT_ALLOWED, _UNSATISFIABLE = 403, 404, 405, 416
_FOLDERS = re.compile(r"/(?:nocert_)?sms_dp_smspkg\$(?:/|\Z)", re.IGNORECASE)
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})", re.ASCII)
_XML, _HTML, _BYTES = "text/xml", "text/html; charset=utf-8", "application/octet-stream"
_LIE = 7  # bytes by which sizes are wrong


class ContentQuestion(NamedTuple):
    """A request for content.

    Attributes:
        method: The verb.
        path: Path and query.
        headers: Names in lower case.
        url: The server as it calls itself, without a path.
        wrong: The fault that changes the answer: LYING gives wrong sizes, MALFORMED wrong bytes.
        client: Address of the client.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    url: str
    wrong: FaultKind | None = None
    client: str = ""


class ContentAnswer(NamedTuple):
    """What is answered; with a bad status the body is left to whoever sends it."""

    status: int
    body: bytes = b""
    content_type: str = _HTML
    headers: tuple[tuple[str, str], ...] = ()
    stream: FileStream | None = None

    @property
    def is_good(self) -> bool:
        """Whether it is no error."""
        return self.status < 400 or self.status == _UNSATISFIABLE  # noqa: PLR2004 - errors


def answer_content(description: LabDescription, host: HostName, asked: ContentQuestion) -> ContentAnswer:
    """Answer a request below the folders of a distribution point.

    Args:
        description: The lab.
        host: The distribution point.
        asked: The request.
    """
    path = unquote(asked.path.partition("?")[0])
    folder = _FOLDERS.match(path)
    if folder is None:
        return ContentAnswer(_NOT_FOUND)
    if asked.method not in {"GET", "HEAD", "PROPFIND"}:
        return ContentAnswer(_NOT_ALLOWED)
    inside = path[folder.end() :].strip("/")
    if not inside:
        return ContentAnswer(_OK, _page(path, asked, {}))
    name, _, below = inside.partition("/")
    content = _find_content(description, host, name)
    if content is None:
        return ContentAnswer(_NOT_FOUND)
    if host in content.denied:
        return ContentAnswer(_FORBIDDEN)
    root = path[: folder.end()] + name
    return _answer_below(content, root, below, asked)


def answer_client_files(description: LabDescription, asked: ContentQuestion) -> ContentAnswer:
    """Answer a request for a file of client setup at a management point, which shows no folders.

    Args:
        description: The lab.
        asked: The request.
    """
    package = next((one for one in description.contents if one.is_client_package), None)
    if package is None or asked.method not in {"GET", "HEAD"}:
        return ContentAnswer(_NOT_FOUND if package is None else _NOT_ALLOWED)
    below = unquote(asked.path.partition("?")[0]).strip("/").partition("/")[2].casefold()
    files = {name.casefold(): (name, size) for name, size in files_of(package).items()}
    if below in files:
        return _send_file(package, *files[below], asked)
    is_folder = not below or any(name.startswith(f"{below}/") for name in files)
    return ContentAnswer(_FORBIDDEN if is_folder else _NOT_FOUND)


def _find_content(description: LabDescription, host: HostName, name: str) -> Content | None:
    """The content of a name, its newest version unless the name has one; None when the server does not have it."""
    wanted = name.casefold()
    held = [one for one in description.contents if host in one.servers or one.on_demand is not None]
    fitting = [one for one in held if wanted in {one.id.casefold(), f"{one.id}.{one.version}".casefold()}]
    return max(fitting, key=lambda one: one.version, default=None)


def _answer_below(content: Content, root: str, below: str, asked: ContentQuestion) -> ContentAnswer:
    files = {name.casefold(): (name, size) for name, size in files_of(content).items()}
    found = files.get(below.casefold())
    if found is not None and asked.method != "PROPFIND":
        return _send_file(content, *found, asked)
    start = f"{below.casefold()}/" if below else ""
    inside = {name: size for folded, (name, size) in files.items() if folded.startswith(start)}
    if not inside:
        return ContentAnswer(_NOT_FOUND)
    if asked.wrong is FaultKind.LYING:
        inside = {name: size + _LIE for name, size in inside.items()}
    if asked.method == "PROPFIND":
        is_deep = asked.headers.get("depth", "infinity").strip().lower() == "infinity"
        body = _multistatus(asked.url + _quoted(root), below, inside, is_deep=is_deep)
        return ContentAnswer(_MULTISTATUS, body, _XML)
    return ContentAnswer(_OK, _page(root, asked, _children(below, inside)))


def _children(below: str, files: Mapping[str, int]) -> dict[str, int | None]:
    """What lies right in a folder, by its path in the content: files with sizes, folders with None."""
    depth = len(below.split("/")) if below else 0
    return {
        "/".join(name.split("/")[: depth + 1]): None if name.count("/") > depth else size
        for name, size in files.items()
    }


def _send_file(content: Content, name: str, size: int, asked: ContentQuestion) -> ContentAnswer:
    body = body_of(content, name, size, wrong=asked.wrong is FaultKind.MALFORMED)
    etag = f'"{crc32(f"{asked.url}/{content.id}/{content.version}/{name}".encode()):08x}:0"'
    modified = modified_of(content)
    headers = (("Accept-Ranges", "bytes"), ("ETag", etag), ("Last-Modified", modified))
    wanted = _RANGE.fullmatch(asked.headers.get("range", "").strip())
    if wanted is None or asked.headers.get("if-range", etag) not in {etag, modified}:
        return ContentAnswer(_OK, content_type=_BYTES, headers=headers, stream=FileStream(body, 0, size))
    first, last = int(wanted[1]), min(size - 1, int(wanted[2] or size))
    if first > last:
        return ContentAnswer(_UNSATISFIABLE, headers=(("Content-Range", f"bytes */{size}"),))
    ranged = (*headers, ("Content-Range", f"bytes {first}-{last}/{size}"))
    return ContentAnswer(
        _PARTIAL, content_type=_BYTES, headers=ranged, stream=FileStream(body, first, last + 1 - first)
    )


def _multistatus(url: str, below: str, files: Mapping[str, int], *, is_deep: bool) -> bytes:
    told: dict[str, int | None] = {below: None}
    for name, size in files.items() if is_deep else _children(below, files).items():
        for end in range(len(below) + 1, len(name)):
            if name[end] == "/" and is_deep:
                told[name[:end]] = None
        told[name] = size
    lines = "".join(_response(url, name, size) for name, size in told.items())
    return f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{lines}</D:multistatus>'.encode()


def _response(url: str, name: str, size: int | None) -> str:
    link = escape(f"{url}/{_quoted(name)}".rstrip("/"))
    kind = "0" if size is not None else "1"
    return (
        f"<D:response><D:href>{link}</D:href><D:propstat><D:prop><D:iscollection>{kind}</D:iscollection>"
        f"<D:getcontentlength>{size or 0}</D:getcontentlength></D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n"
    )


def _page(root: str, asked: ContentQuestion, children: Mapping[str, int | None]) -> bytes:
    """The page of a folder; its links are plain HTTP whatever it was asked over."""
    host = asked.url.partition("://")[2]
    return "".join(_page_lines(f"http://{host}{_quoted(root)}", root, children)).encode()


def _page_lines(url: str, root: str, children: Mapping[str, int | None]) -> Iterator[str]:
    yield f"<html><head><title>{escape(root)}</title></head><body><h1>{escape(root)}</h1><pre>\n"
    for name, size in children.items():
        link = f'<a href="{escape(url)}/{escape(_quoted(name))}">{escape(name.rpartition("/")[2])}</a>'
        yield f"{'&lt;dir&gt' if size is None else size} {link}<br>\n"
    yield "</pre></body></html>\n"


def _quoted(path: str) -> str:
    return quote(path, safe="/$(){}!,;=:@")
