"""Files of network shares with smbprotocol (extra ``smb``), where the operating system does not open UNC paths.

Every connection is signed, or encrypted where the server wants that; guests are refused. Each thread has connections of
its own. smbprotocol waits without an end for an answer, so a guard closes the connection when the time is up, or when
nobody waits any more.
"""

import errno
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ..errors import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    InvalidValueError,
    ListingError,
    NameResolutionError,
    SourceRefusedError,
    TransportTimeoutError,
    UnsafeNameError,
)
from ..model.download import FileEntry, RelativeName
from ..model.http import Deadline
from ..model.login import Login, Mechanism
from ..ports import Cancellation, SharedFile
from .shares import MOST_FILES, check_time

if TYPE_CHECKING:
    from smbprotocol.connection import Connection

__all__ = ["SMB_PORT", "SmbShares"]

_log = logging.getLogger(__name__)
_T = Any

SMB_PORT = 445
_INSTALL = "Install it: python -m pip install 'cmclient[smb]'; or mount the share and give the folder."
_LARGEST = 16 * 1024 * 1024  # bytes of one message; the protocol has no larger ones, and the library would take 4 GiB
_MOST_DEPTH = 64  # folders inside each other: against a share that leads into itself
_PARTS = 2  # of a UNC path: server and share


class SmbShares:
    """``ports.SharedFiles`` for UNC paths.

    Args:
        login: Who logs in; None for whoever is logged on here (a Kerberos ticket).
        connect_timeout: Seconds to a connection.
        port: The TCP port of SMB.
    """

    def __init__(self, login: Login | None = None, *, connect_timeout: float = 5.0, port: int = SMB_PORT) -> None:
        self._login = login
        self._connect_timeout = connect_timeout
        self._port = port
        self._own = threading.local()
        self._lock = threading.Lock()
        self._all: list[dict[str, Any]] = []

    def list_files(
        self, folder: str, deadline: Deadline, cancellation: Cancellation | None = None
    ) -> tuple[FileEntry, ...]:
        """List every file below a folder; see ``ports.SharedFiles``."""
        path = _unc(folder)
        found: list[FileEntry] = []
        with self._guarded(folder, deadline, cancellation):
            for name, size in self._walk(path, deadline, cancellation):
                if len(found) == MOST_FILES:
                    raise ListingError(f"{folder} holds more than {MOST_FILES} files", source=folder)
                found.append(FileEntry(_name(name, folder), size))
        return tuple(sorted(found))

    def open(
        self,
        folder: str,
        name: RelativeName,
        offset: int,
        deadline: Deadline,
        cancellation: Cancellation | None = None,
    ) -> SharedFile:
        """Open a file at an offset; see ``ports.SharedFiles``."""
        path = "\\".join((_unc(folder), *name.split("/")))
        with self._guarded(folder, deadline, cancellation):
            import smbclient  # noqa: PLC0415 - only who has network shares needs it

            self._connect(path, deadline)
            opened = smbclient.open_file(path, "rb", 0, share_access="r", **self._session())
            opened.seek(offset)
        return _SharedFile(self, opened, folder, name, deadline, cancellation)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            connections = [one for cache in self._all for one in cache.values()]
            self._all.clear()
        self._own = threading.local()
        for connection in connections:
            _shut(connection)

    @contextmanager
    def guarded(self, what: str, deadline: Deadline, cancellation: Cancellation | None) -> Iterator[None]:
        """Do something on this thread's connections: their errors become ours, and the time is kept."""
        with self._guarded(what, deadline, cancellation):
            yield

    @contextmanager
    def _guarded(self, what: str, deadline: Deadline, cancellation: Cancellation | None) -> Iterator[None]:
        check_time(what, deadline, cancellation)
        cache = self._cache()
        over = threading.Event()

        def end() -> None:
            over.set()
            for connection in list(cache.values()):
                _shut(connection)

        remaining = deadline.remaining()
        timer = None
        if remaining is not None:
            timer = threading.Timer(min(remaining, threading.TIMEOUT_MAX), end)
            timer.daemon = True
            timer.start()
        done = threading.Event()
        if cancellation is not None:
            cancellation.on_cancel(lambda: None if done.is_set() else end())
        try:
            yield
        except (OSError, ValueError, ImportError, *_library_errors()) as error:
            self._forget()
            check_time(what, deadline, cancellation)
            raise _translate(what, error) from error
        finally:
            done.set()
            if timer is not None:
                timer.cancel()

    def _connect(self, path: str, deadline: Deadline) -> None:
        """Have a connection to the server of a path, with its messages limited in size."""
        from smbclient import ClientConfig  # noqa: PLC0415
        from smbprotocol.connection import Connection  # noqa: PLC0415

        server = path.lstrip("\\").partition("\\")[0]
        key = f"{server.lower()}:{self._port}"
        cache = self._cache()
        kept = cache.get(key)
        if kept is not None and kept.transport.connected:
            return
        left = deadline.within(self._connect_timeout).remaining()
        connection = Connection(ClientConfig().client_guid, server, self._port, require_signing=True)
        connection.connect(timeout=self._connect_timeout if left is None else max(left, 0.001))
        _limit(connection)
        cache[key] = connection

    def _walk(
        self, root: str, deadline: Deadline, cancellation: Cancellation | None
    ) -> Iterator[tuple[tuple[str, ...], int]]:
        import smbclient  # noqa: PLC0415

        self._connect(root, deadline)
        waiting: list[tuple[str, ...]] = [()]
        while waiting:
            check_time(root, deadline, cancellation)
            place = waiting.pop()
            for entry in smbclient.scandir("\\".join((root, *place)), **self._session()):
                below = (*place, entry.name)
                if entry.is_symlink():
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if len(below) > _MOST_DEPTH:
                        raise ListingError(f"{root} has more than {_MOST_DEPTH} folders inside each other", source=root)
                    waiting.append(below)
                else:
                    yield below, entry.smb_info.end_of_file

    def _session(self) -> dict[str, Any]:
        """What smbclient is told of who logs in, and how."""
        login = self._login
        given: dict[str, Any] = {"port": self._port, "connection_cache": self._cache()}
        if login is not None:
            given["auth_protocol"] = "kerberos" if login.mechanism is Mechanism.KERBEROS else "ntlm"
            given["username"] = login.user
            given["password"] = None if login.password is None else login.password.reveal()
        return given

    def _cache(self) -> dict[str, Any]:
        cache: dict[str, Any] | None = getattr(self._own, "cache", None)
        if cache is None:
            cache = self._own.cache = {}
            with self._lock:
                self._all.append(cache)
        return cache

    def _forget(self) -> None:
        """Let this thread's connections go: after an error nobody knows what state they are in."""
        cache = self._cache()
        for connection in cache.values():
            _shut(connection)
        cache.clear()


class _SharedFile:
    """An open file of a share."""

    def __init__(
        self,
        shares: SmbShares,
        opened: Any,  # noqa: ANN401 - the library has no types
        folder: str,
        name: RelativeName,
        deadline: Deadline,
        cancellation: Cancellation | None,
    ) -> None:
        self.size: int = opened.fd.end_of_file
        self.modified = str(opened.fd.last_write_time)
        self._shares, self._opened = shares, opened
        self._what = f"{folder}, {name}"
        self._deadline, self._cancellation = deadline, cancellation

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there; see ``ports.ByteStream``."""
        with self._shares.guarded(self._what, self._deadline, self._cancellation):
            count: int = self._opened.readinto(buffer)
        return count

    def close(self) -> None:
        """Let go of it."""
        with suppress(OSError, ValueError, *_library_errors()):
            if self._opened.fd.connection.transport.connected:
                self._opened.close()


def _unc(folder: str) -> str:
    """A UNC path with backslashes, without those at its end.

    Raises:
        SourceRefusedError: It names no share.
    """
    path = folder.replace("/", "\\").rstrip("\\")
    parts = path.lstrip("\\").split("\\")
    if len(parts) < _PARTS or not all(parts) or ".." in parts:
        raise SourceRefusedError(f"{folder} names no folder of a share, as in \\\\server\\share", source=folder)
    return "\\\\" + "\\".join(parts)


def _name(parts: tuple[str, ...], folder: str) -> RelativeName:
    try:
        return RelativeName("/".join(part.replace("/", "\\") for part in parts))  # a slash inside is no separator
    except InvalidValueError as error:
        raise UnsafeNameError(f"{folder}: {error.message}", source=folder) from error


def _limit(connection: "Connection") -> None:
    """Refuse messages of a size that the protocol does not have, before memory is taken for them."""
    receive = connection.transport._recv  # noqa: SLF001 - there is no public place for it

    def limited(length: int, timeout: float) -> Any:  # noqa: ANN401
        if length > _LARGEST:
            raise OSError(errno.EMSGSIZE, f"a message of {length} bytes was announced")
        return receive(length, timeout)

    connection.transport._recv = limited  # noqa: SLF001


def _shut(connection: Any) -> None:  # noqa: ANN401
    with suppress(OSError):
        connection.transport.close()


def _library_errors() -> tuple[type[Exception], ...]:
    """What smbprotocol and pyspnego raise; nothing when they are not installed."""
    try:
        from smbprotocol.exceptions import SMBException  # noqa: PLC0415
        from spnego.exceptions import SpnegoError  # noqa: PLC0415
    except ImportError:
        return ()
    return (SMBException, SpnegoError)


_MISSING = {"ObjectNameNotFound", "ObjectPathNotFound", "NoSuchFile", "BadNetworkName", "NotFound", "FileIsADirectory"}
_LOGIN = {"LogonFailure", "WrongPassword", "PasswordExpired", "SMBAuthenticationError", "NoneMapped"}


def _translate(what: str, error: BaseException) -> Exception:
    """Our error for one of the library, or of a socket."""
    kind = type(error).__name__
    text = " ".join(str(error).split())[:300]
    if isinstance(error, ImportError):
        return SourceRefusedError(f"{what} is a network share, and smbprotocol is missing", source=what, hint=_INSTALL)
    if kind in _LOGIN or (kind == "SMBException" and "guest" in text):
        hint = "Check the user and the password file, or get a ticket with kinit."
        return AuthenticationError(f"{what}: the login was refused: {text}", endpoint=what, hint=hint)
    number = getattr(error, "errno", None)
    if kind == "AccessDenied" or number in {errno.EACCES, errno.EPERM}:
        hint = "The account needs read access to the share and to the folder."
        return SourceRefusedError(f"{what}: access is denied", source=what, hint=hint)
    if kind in _MISSING or number in {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}:
        hint = "Look whether the path is right, and whether the share is there."
        return SourceRefusedError(f"{what}: there is no such folder or file", source=what, hint=hint)
    if isinstance(error, ValueError) and "Failed to connect" in text:
        return _unreachable(what, error, text)
    return ConnectionLostError(f"{what}: {text or kind}", endpoint=what)


def _unreachable(what: str, error: BaseException, text: str) -> Exception:
    cause = error.__cause__
    if isinstance(cause, TimeoutError):
        return TransportTimeoutError(f"{what}: no TCP connection within its time", endpoint=what, phase="connect")
    if type(cause).__name__ == "gaierror":
        return NameResolutionError(f"{what}: the server has no address", endpoint=what)
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else text
    return ConnectError(f"{what}: {reason}", endpoint=what, hint="SMB needs TCP port 445.")
