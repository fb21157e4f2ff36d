"""Files of network shares with smbprotocol (extra ``smb``), where the operating system does not open UNC paths.

Every connection is signed, or encrypted where the server wants that; guests are refused. Each thread has connections of
its own. smbprotocol waits without an end for an answer, so a guard closes the connection when the time is up, or when
nobody waits any more.
"""

import errno
import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import smbclient
from smbprotocol.connection import Connection
from smbprotocol.exceptions import SMBAuthenticationError, SMBException
from spnego.exceptions import SpnegoError

from ..errors import (
    AuthenticationError,
    CmClientError,
    ConnectError,
    ConnectionLostError,
    ListingError,
    NameResolutionError,
    SourceRefusedError,
    TransportTimeoutError,
)
from ..model.download import FileEntry, RelativeName
from ..model.http import Deadline
from ..model.login import Login, Mechanism
from ..ports import Cancellation, SharedFile
from .shares import check_time, collect_entries

__all__ = ["SMB_PORT", "SmbShares"]

SMB_PORT = 445
_FAILURES = (OSError, ValueError, SMBException, SpnegoError)
_LARGEST = 16 * 1024 * 1024  # bytes of one message; the protocol has no larger ones, and the library would take 4 GiB
_MOST_DEPTH = 64  # folders inside each other: against a share that leads into itself
_SHORTEST = 0.001  # seconds; sockets take zero for "do not wait at all"
_SHOWN = 300  # characters of a library's words
_PARTS = 2  # of a UNC path: server and share


class SmbShares:
    """``ports.SharedFiles`` for UNC paths. Safe to use from several threads.

    Args:
        login: Who logs in; None for whoever is logged on here (a Kerberos ticket).
        connect_timeout: Seconds to a connection.
        port: The TCP port of SMB.
    """

    def __init__(self, login: Login | None = None, *, connect_timeout: float = 5.0, port: int = SMB_PORT) -> None:
        logging.getLogger("smbprotocol").addHandler(logging.NullHandler())  # what fails is told by our errors
        self._login = login
        self._connect_timeout = connect_timeout
        self._port = port
        self._client = uuid.uuid4()
        self._own = threading.local()
        self._lock = threading.Lock()
        self._all: list[tuple[threading.Thread, dict[str, Any]]] = []

    def close(self) -> None:
        """Close every connection; nobody may use one any more."""
        with self._lock:
            every, self._all = self._all, []
        for _, connections in every:
            _close_all(connections)

    def list_files(
        self, folder: str, deadline: Deadline, cancellation: Cancellation | None = None
    ) -> tuple[FileEntry, ...]:
        """List every file below a folder; see ``ports.SharedFiles``."""
        path = _unc(folder)
        with _Guard(folder, self._connections(), deadline, cancellation) as guard, guard.telling():
            self._connect(path, deadline)
            return collect_entries(folder, self._walk(path, guard))

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
        guard = _Guard(f"{folder}, {name}", self._connections(), deadline, cancellation)
        guard.__enter__()
        try:
            with guard.telling():
                self._connect(path, deadline)
                opened = smbclient.open_file(path, "rb", 0, share_access="r", **self._session())
                opened.seek(offset)
        except BaseException:
            guard.__exit__(None, None, None)
            raise
        return _SharedFile(opened, guard)

    def _connect(self, path: str, deadline: Deadline) -> None:
        """Have a connection to the server of a path, with its messages limited in size."""
        server = path.lstrip("\\").partition("\\")[0]
        key, connections = f"{server.lower()}:{self._port}", self._connections()
        kept = connections.get(key)
        if kept is not None and kept.transport is not None and kept.transport.connected:
            return
        limit = deadline.within(self._connect_timeout).remaining()
        connection = Connection(self._client, server, self._port, require_signing=True)
        connections[key] = connection  # from now on the guard closes it
        connection.connect(timeout=self._connect_timeout if limit is None else max(limit, _SHORTEST))
        _limit(connection)

    def _walk(self, root: str, guard: "_Guard") -> Iterator[tuple[tuple[str, ...], int]]:
        """Files below a folder, as the parts of their names, and their sizes; links are left out."""
        waiting: list[tuple[str, ...]] = [()]
        while waiting:
            guard.check()
            place = waiting.pop()
            for entry in smbclient.scandir("\\".join((root, *place)), **self._session()):
                below = (*place, entry.name)
                if entry.is_symlink():
                    continue
                if not entry.is_dir(follow_symlinks=False):
                    yield below, entry.smb_info.end_of_file
                elif len(below) > _MOST_DEPTH:
                    raise ListingError(f"{root} has more than {_MOST_DEPTH} folders inside each other", source=root)
                else:
                    waiting.append(below)

    def _session(self) -> dict[str, Any]:
        """What smbclient is told of who logs in, and how."""
        login = self._login
        given: dict[str, Any] = {"port": self._port, "connection_cache": self._connections()}
        if login is not None:
            given["auth_protocol"] = "kerberos" if login.mechanism is Mechanism.KERBEROS else "ntlm"
            given["username"] = login.user
            given["password"] = None if login.password is None else login.password.reveal()
        return given

    def _connections(self) -> dict[str, Any]:
        """The connections of this thread, by server and port, as smbclient keeps them."""
        connections: dict[str, Any] | None = getattr(self._own, "connections", None)
        if connections is None:
            connections = self._own.connections = {}
            self._take_over(connections)
        return connections

    def _take_over(self, connections: dict[str, Any]) -> None:
        """Remember this thread's connections, and close those of threads that have ended: nobody else can use them."""
        with self._lock:
            ended = [one for thread, one in self._all if not thread.is_alive()]
            self._all = [one for one in self._all if one[0].is_alive()]
            self._all.append((threading.current_thread(), connections))
        for one in ended:
            _close_all(one)


class _Guard:
    """Watches over one use of a thread's connections: closes them when the time is up or nobody waits any more."""

    def __init__(
        self, what: str, connections: dict[str, Any], deadline: Deadline, cancellation: Cancellation | None
    ) -> None:
        check_time(what, deadline, cancellation)
        self._what = what
        self._connections = connections
        self._deadline, self._cancellation = deadline, cancellation
        self._is_over = False
        remaining = deadline.remaining()
        self._timer = None if remaining is None else threading.Timer(min(remaining, threading.TIMEOUT_MAX), self._end)

    def __enter__(self) -> Self:
        """Begin to watch."""
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        if self._cancellation is not None:
            self._cancellation.on_cancel(self._end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    def check(self) -> None:
        """Go on only if there is time and somebody wants it; see ``check_time``."""
        check_time(self._what, self._deadline, self._cancellation)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Raise errors of ours in place of those of the library; after one nobody knows the connections' state."""
        try:
            yield
        except _FAILURES as error:
            self._close()
            self._connections.clear()
            self.check()
            raise _translate(self._what, error) from error

    def _end(self) -> None:
        if not self._is_over:
            self._close()

    def _close(self) -> None:
        _close_all(self._connections)


class _SharedFile:
    """An open file of a share."""

    def __init__(self, opened: Any, guard: _Guard) -> None:  # noqa: ANN401 - the library has no types
        self.size: int = opened.fd.end_of_file
        self.modified = str(opened.fd.last_write_time)
        self._opened, self._guard = opened, guard

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there; see ``ports.ByteStream``."""
        self._guard.check()
        with self._guard.telling():
            count: int = self._opened.readinto(buffer)
        return count

    def close(self) -> None:
        """Let go of it, under the guard still: the server is told, and may not answer."""
        handle = self._opened.fd
        with suppress(*_FAILURES):
            if handle.connection.transport.connected:
                self._opened.close()
        handle._connected = False  # noqa: SLF001 - else the library warns of a handle that nobody can close any more
        self._guard.__exit__(None, None, None)


def _close_all(connections: dict[str, Any]) -> None:
    for connection in list(connections.values()):
        if connection.transport is not None:
            with suppress(OSError):
                connection.transport.close()


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


def _limit(connection: Connection) -> None:
    """Refuse messages of a size that the protocol does not have, before memory is taken for them."""
    receive = connection.transport._recv  # noqa: SLF001 - there is no public place for it

    def limited(length: int, timeout: float) -> Any:  # noqa: ANN401 - the library has no types
        if length > _LARGEST:
            raise OSError(errno.EMSGSIZE, f"a message of {length} bytes was announced")
        return receive(length, timeout)

    connection.transport._recv = limited  # noqa: SLF001 - likewise


_LOGIN = {
    0xC000006A: "the password is wrong",
    0xC000006D: "the user or the password is wrong",
    0xC000006E: "the account may not log in",
    0xC0000071: "the password has expired",
    0xC0000072: "the account is disabled",
    0xC0000193: "the account has expired",
    0xC0000224: "the password has to be changed first",
    0xC0000234: "the account is locked",
}
_DENIED = {0xC0000022}
_MISSING = {0xC000000F, 0xC0000034, 0xC000003A, 0xC00000BA, 0xC00000CC, 0xC0000103, 0xC0000225}
_LOGIN_HINT = "Check the user and the password file, or get a ticket with kinit."


def _translate(what: str, error: Exception) -> CmClientError:
    """Our error for one of the library, or of a socket."""
    status = getattr(error, "ntstatus", None) or getattr(error, "status", None)
    text = " ".join(str(error).split())[:_SHOWN]
    if status in _LOGIN:
        return AuthenticationError(
            f"{what}: no login: {_LOGIN[status]}", endpoint=what, reason="wrong-password", hint=_LOGIN_HINT
        )
    if isinstance(error, SMBAuthenticationError | SpnegoError) or "guest" in text:
        return AuthenticationError(f"{what}: no login: {text}", endpoint=what, reason="failed", hint=_LOGIN_HINT)
    if status in _DENIED:
        hint = "The account needs read access to the share and to the folder."
        return SourceRefusedError(f"{what}: access is denied", source=what, hint=hint)
    if status in _MISSING:
        hint = "Look whether the path is right, and whether the share is there."
        return SourceRefusedError(f"{what}: there is no such folder or file", source=what, hint=hint)
    if isinstance(error, ValueError) and "Failed to connect" in text:
        return _unreachable(what, error, text)
    if "timeout" in text:
        return TransportTimeoutError(f"{what}: the server does not answer", endpoint=what)
    return ConnectionLostError(f"{what}: {text or type(error).__name__}", endpoint=what)


def _unreachable(what: str, error: BaseException, text: str) -> CmClientError:
    cause = error.__cause__
    if isinstance(cause, TimeoutError):
        return TransportTimeoutError(f"{what}: no TCP connection within its time", endpoint=what, phase="connect")
    if type(cause).__name__ == "gaierror":
        return NameResolutionError(f"{what}: the server has no address", endpoint=what)
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else text
    return ConnectError(f"{what}: {reason}", endpoint=what, hint="SMB needs TCP port 445.")
