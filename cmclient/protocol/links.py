"""What a link in a list of files means: a file below the folder that was asked for, or nothing."""

from collections.abc import Iterable
from unicodedata import normalize
from urllib.parse import quote, unquote_to_bytes

from ..errors import InvalidValueError, ListingError, UnsafeNameError
from ..model.download import FileEntry, RelativeName
from ..model.endpoints import Endpoint
from ..model.names import shown_name

__all__ = ["MAX_FILES", "build_file_path", "find_name", "require_distinct"]

MAX_FILES = 100_000  # of one content; more would fill the memory and the disk's table of files
_MAX_LINK = 8192  # characters: the longest name, every byte of it quoted, below a long folder
_UNQUOTED = "!$&'()*+,;=:@"  # besides letters, digits and -._~; a client sends the dollar sign as it is


def build_file_path(folder: str, name: RelativeName) -> str:
    """The path of a request for a file.

    Args:
        folder: Path of the content as the site gave it, with its query if there is one.
        name: The file.
    """
    path, mark, query = folder.partition("?")
    return f"{path.rstrip('/')}/{quote(name, safe='/' + _UNQUOTED)}{mark}{query}"


def find_name(link: str, host: Endpoint, folder: str) -> RelativeName | None:
    """The file or folder that a link leads to.

    Servers write links for themselves as ``http://`` whatever they were asked over, so scheme and port of a link do
    not count; it is always the server that was asked that gives the file.

    Args:
        link: As it came: a URL, a path, or a path relative to the folder.
        host: Who was asked.
        folder: Path of the content, with its query if there is one.

    Returns:
        Its name, relative to the folder; None for the folder itself and for those above it.

    Raises:
        UnsafeNameError: It leads to another host or out of the folder, or is no name that every system can have.
    """
    if len(link) > _MAX_LINK:
        raise _unsafe(link, "it is too long")
    path = _path_of(link.strip(), host)
    base = _segments(folder.partition("?")[0].rstrip("/"), folder)
    if not path.startswith("/"):
        path = f"{folder.partition('?')[0].rstrip('/')}/{path}"
    found = _segments(path.partition("?")[0].partition("#")[0].rstrip("/"), link)
    shared = min(len(base), len(found))
    if [part.casefold() for part in found[:shared]] != [part.casefold() for part in base[:shared]]:
        raise _unsafe(link, "it leads out of the folder of the content")
    if len(found) <= len(base):
        return None
    try:
        return RelativeName("/".join(found[shared:]))
    except InvalidValueError as error:
        raise _unsafe(link, error.reason) from error


def require_distinct(entries: Iterable[FileEntry]) -> None:
    """Check that all files can lie beside each other, also where case makes no difference.

    Raises:
        UnsafeNameError: Two names differ in case only or not at all, or one is a file and a folder.
        ListingError: There are more than ``MAX_FILES``.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for count, entry in enumerate(entries, 1):
        if count > MAX_FILES:
            raise ListingError(f"the content has more than {MAX_FILES} files")
        folded = normalize("NFC", entry.name.casefold())
        if folded in files:
            raise _unsafe(entry.name, f"on many systems it is the same file as {shown_name(files[folded])}")
        files[folded] = entry.name
        above = folded
        while (above := above.rpartition("/")[0]) and above not in folders:
            folders[above] = entry.name
    for folded, inside in folders.items():
        if folded in files:
            raise _unsafe(inside, f"{shown_name(files[folded])} is a file and not a folder")


def _path_of(link: str, host: Endpoint) -> str:
    """The path of a link to the host that was asked."""
    lowered = link[:8].lower()
    for prefix in ("http://", "https://", "//"):
        if lowered.startswith(prefix):
            authority, slash, path = link[len(prefix) :].partition("/")
            name, colon, port = authority.rpartition(":")
            if not colon or not port.isdecimal():
                name = authority
            if name.lower().rstrip(".") != host.host:
                raise _unsafe(link, f"it leads to another host than {host.host}")
            return slash + path
    first = link.partition("/")[0]
    if ":" in first:
        raise _unsafe(link, "it is a link of another kind")
    return link


def _segments(path: str, link: str) -> list[str]:
    try:
        parts = [unquote_to_bytes(part).decode() for part in path.split("/")[1:]]
    except UnicodeError as error:
        raise _unsafe(link, "it is no UTF-8") from error
    if any("/" in part for part in parts):
        raise _unsafe(link, "a part of it has a slash")
    return parts


def _unsafe(link: str, reason: str) -> UnsafeNameError:
    return UnsafeNameError(f"the list of files has '{shown_name(link)}': {reason}")
