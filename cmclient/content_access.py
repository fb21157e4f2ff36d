"""One address of a content: its list of files, and a file of it or the rest of one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import NamedTuple

from .errors import ListingError, SizeMismatchError, SourceRefusedError
from .model.download import FileEntry, PartOrigin, RelativeName
from .model.endpoints import Endpoint
from .model.http import Deadline, HttpRequest
from .model.sources import SourceAddress
from .ports import BulkReply, BulkTransport, ByteStream, Cancellation, SharedFiles
from .protocol.dplisting import PAGE_CAP, PageEntry, parse_folder_page
from .protocol.links import MAX_FILES, build_file_path, find_name, require_distinct
from .protocol.ranges import PartQuestion, PartReply, build_range_headers, judge_part
from .protocol.webdav import DavEntry, build_propfind, parse_multistatus

__all__ = ["AccessLimits", "ContentAccess", "FileLister"]

_OK, _MULTISTATUS = 200, 207
_FORBIDDEN = 403
_NO_PROPFIND = frozenset({400, 405, 415, 422, 500, 501})  # the page of the folder may do
_MAX_FOLDERS = 10_000  # that are asked for one by one
_PIECE = 256 * 1024

FileLister = Callable[["ContentAccess", SourceAddress, Deadline, Cancellation], tuple[FileEntry, ...]]
"""Lists the files of a content at an address by other means than its folder; raises what ``list_files`` does."""

_ListFolder = Callable[[RelativeName | None], list[RelativeName] | None]
"""Lists a folder: gives those below that have to be listed besides, or None when it cannot be listed this way."""


class AccessLimits(NamedTuple):
    """How long to wait.

    Attributes:
        connect: Seconds to a connection.
        patience: Seconds without a byte.
    """

    connect: float = 5.0
    patience: float = 120.0


class ContentAccess:
    """Reads content at an address, over HTTP or from a path.

    Args:
        transport: HTTP.
        shares: Local paths and network shares; None: they cannot be read.
        limits: How long to wait.
        lister: Lists files; None for the list that the source itself has.
    """

    def __init__(
        self,
        transport: BulkTransport,
        shares: SharedFiles | None,
        limits: AccessLimits,
        lister: FileLister | None = None,
    ) -> None:
        self._transport = transport
        self._shares = shares
        self._limits = limits
        self._lister = lister

    def list_files(
        self, address: SourceAddress, deadline: Deadline, cancellation: Cancellation
    ) -> tuple[FileEntry, ...]:
        """List every file of the content at an address, with its size where it is told.

        Returns:
            Sorted by name; names that can lie beside each other on any system. Never empty.

        Raises:
            SourceRefusedError: It is not there, or not given.
            ListingError: What came is no list of files, has none, or is past a limit.
            UnsafeNameError: It names a file that is refused.
            TransportError: The server could not be asked.
            ProtocolError: The list cannot be read.
        """
        if self._lister is not None:
            files = self._lister(self, address, deadline, cancellation)
        elif address.endpoint is None:
            files = self._require_shares(address).list_files(address.path, deadline, cancellation)
        else:
            files = _Lister(self, address, address.endpoint, deadline, cancellation).list_files()
        require_distinct(files)
        if not files:
            raise ListingError(f"{address}: there is no file", source=str(address))
        return tuple(sorted(files))

    def open_file(
        self,
        address: SourceAddress,
        name: RelativeName,
        asked: PartQuestion,
        deadline: Deadline,
        cancellation: Cancellation,
    ) -> tuple[PartReply, ByteStream]:
        """Ask for a file, or for its rest.

        Returns:
            What comes, judged, and the bytes; whoever takes them closes the stream.

        Raises:
            SourceRefusedError: It is not there, or not given.
            WrongRangeError: Another part came than the one asked for.
            SizeMismatchError: It has another size than it should.
            ContentChangedError: It is no longer the file that the first part came from.
            TransportError: The server could not be asked.
        """
        if address.endpoint is None:
            return self._open_shared(address, name, asked, deadline, cancellation)
        headers = build_range_headers(asked)
        if headers is None:
            asked, headers = asked._replace(offset=0, origin=None), {}
        path = build_file_path(address.path, name)
        reply = self.send(address.endpoint, path, deadline, cancellation, headers=headers)
        try:
            return judge_part(asked, reply.status, reply.headers), reply
        except BaseException:
            reply.close()
            raise

    def send(
        self,
        endpoint: Endpoint,
        path: str,
        deadline: Deadline,
        cancellation: Cancellation,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes = b"",
    ) -> BulkReply:
        """Send a request, with the times that content has."""
        request = HttpRequest(
            endpoint,
            path,
            method=method,
            headers=headers or {},
            body=body,
            connect_timeout=self._limits.connect,
            may_log_in=True,  # the site named this server
        )
        return self._transport.open(request, deadline, cancellation, patience=self._limits.patience)

    def _open_shared(
        self,
        address: SourceAddress,
        name: RelativeName,
        asked: PartQuestion,
        deadline: Deadline,
        cancellation: Cancellation,
    ) -> tuple[PartReply, ByteStream]:
        shares, before = self._require_shares(address), asked.origin
        offset = asked.offset if before is not None else 0
        file = shares.open(address.path, name, offset, deadline, cancellation)
        try:
            is_same = before is not None and (
                asked.is_proven or bool(file.modified and before.modified == file.modified)
            )
            if offset and not is_same:  # nothing could tell whether the rest belongs to the begin
                file.close()
                offset, file = 0, shares.open(address.path, name, 0, deadline, cancellation)
            _require_size(address, name, file.size, asked.size)
        except BaseException:
            file.close()
            raise
        return PartReply(offset, PartOrigin(asked.address, file.size, "", file.modified)), file

    def _require_shares(self, address: SourceAddress) -> SharedFiles:
        if self._shares is None:
            raise SourceRefusedError(f"{address}: paths cannot be read here", source=str(address))
        return self._shares


class _Lister:
    """Lists one content of one web server, folder by folder where it has to be."""

    def __init__(
        self,
        access: ContentAccess,
        address: SourceAddress,
        endpoint: Endpoint,
        deadline: Deadline,
        cancellation: Cancellation,
    ) -> None:
        self._access = access
        self._address = address
        self._endpoint = endpoint
        self._deadline = deadline
        self._cancellation = cancellation
        self._files: dict[RelativeName, FileEntry] = {}
        self._usual = False
        self._deep = True

    def list_files(self) -> tuple[FileEntry, ...]:
        """By PROPFIND; where that is not answered by the pages of folders."""
        if not self._walk(self._list_by_propfind):
            self._walk(self._list_by_page)
        return tuple(self._files.values())

    def _walk(self, list_folder: _ListFolder) -> bool:
        """List a folder and all below that were not listed with it; False when the first cannot be listed this way."""
        waiting: list[RelativeName | None] = [None]
        for asked in range(_MAX_FOLDERS):
            if not waiting:
                return True
            folders = list_folder(waiting.pop())
            if folders is None:
                if not asked:
                    return False
                raise ListingError(f"{self._address}: a folder cannot be listed", source=str(self._address))
            waiting += folders
            if len(self._files) > MAX_FILES:
                raise ListingError(f"{self._address} has more than {MAX_FILES} files", source=str(self._address))
        raise ListingError(f"{self._address} has more than {_MAX_FOLDERS} folders", source=str(self._address))

    def _list_by_propfind(self, folder: RelativeName | None) -> list[RelativeName] | None:
        entries = self._propfind(folder)
        if entries is not None and not self._usual and any(one.is_folder is None for one in entries):
            self._usual = True  # it does not know the way that clients ask
            entries = self._propfind(folder)
        if entries is None:
            return None
        folders, above = [], set()
        for entry in entries:
            name = find_name(entry.href, self._endpoint, self._address.path)
            if name is None or name == folder:
                continue
            above.add(name.rpartition("/")[0])
            if entry.is_folder or (entry.is_folder is None and not entry.size):
                folders.append(name)
            else:
                self._add(FileEntry(name, entry.size))
        return [name for name in folders if name not in above]  # an empty one, or one that was not listed with the rest

    def _propfind(self, folder: RelativeName | None) -> tuple[DavEntry, ...] | None:
        """What a PROPFIND gives; None when it is not answered here."""
        headers, body = build_propfind(deep=self._deep, usual=self._usual)
        path = self._folder_path(folder)
        reply = self._access.send(
            self._endpoint, path, self._deadline, self._cancellation, headers=headers, method="PROPFIND", body=body
        )
        with closing(reply):
            if reply.status == _MULTISTATUS:
                return parse_multistatus(_pieces(reply))
        if self._deep and reply.status == _FORBIDDEN:
            self._deep = False  # nginx and Apache list one folder at a time unless told otherwise, and say no more
            return self._propfind(folder)
        if reply.status in _NO_PROPFIND:
            return None
        raise self._refused(reply.status)

    def _list_by_page(self, folder: RelativeName | None) -> list[RelativeName] | None:
        path = self._folder_path(folder)
        reply = self._access.send(self._endpoint, path, self._deadline, self._cancellation)
        with closing(reply):
            if reply.status != _OK:
                raise self._refused(reply.status)
            page = bytearray()
            for piece in _pieces(reply):
                page += piece
                if len(page) > PAGE_CAP:
                    break
        entries: tuple[PageEntry, ...] = parse_folder_page(bytes(page), self._endpoint, self._address.path)
        for one in entries:
            if not one.is_folder:
                self._add(FileEntry(one.name, one.size))
        inside = f"{folder}/" if folder is not None else ""
        return [one.name for one in entries if one.is_folder and one.name.startswith(inside) and one.name != folder]

    def _add(self, entry: FileEntry) -> None:
        known = self._files.get(entry.name)
        if known is not None and known != entry:
            raise ListingError(f"{self._address}: {entry.name} is there twice", source=str(self._address))
        self._files[entry.name] = entry

    def _folder_path(self, folder: RelativeName | None) -> str:
        if folder is None:
            return self._address.path
        path, mark, query = build_file_path(self._address.path, folder).partition("?")
        return f"{path}/{mark}{query}"

    def _refused(self, status: int) -> SourceRefusedError:
        hint = {401: "It asks who we are.", 403: "It does not give it to us.", 404: "It does not have it."}.get(status)
        return SourceRefusedError(
            f"{self._address}: status {status}", status=status, source=str(self._address), hint=hint or ""
        )


def _require_size(address: SourceAddress, name: RelativeName, size: int, expected: int | None) -> None:
    if expected not in {None, size}:
        raise SizeMismatchError(f"{address}: {name} has {size} bytes there, and {expected} were expected")


def _pieces(reply: BulkReply) -> Iterator[bytes]:
    buffer = memoryview(bytearray(_PIECE))
    while size := reply.read_into(buffer):
        yield bytes(buffer[:size])
