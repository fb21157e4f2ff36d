"""Network shares: what happens when the other side is silent, is no SMB server, or announces too much."""

import importlib.util
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

if importlib.util.find_spec("smbprotocol") is None and not os.environ.get("CMCLIENT_EXPECT_WHEEL"):
    pytest.skip("the extra smb is not installed", allow_module_level=True)  # tox installs it: there it must not hide

from cmclient.adapters import smb
from cmclient.adapters.shares import collect_entries
from cmclient.errors import (
    CancelledError,
    CmClientError,
    ConnectError,
    NameResolutionError,
    SourceRefusedError,
    TransportError,
    TransportTimeoutError,
)
from cmclient.model.download import FileEntry, RelativeName
from cmclient.model.http import Deadline

Answer = Callable[[socket.socket], None]


def within(seconds: float) -> Deadline:
    return Deadline.after(seconds, time.monotonic)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], int]]:
    """Starts a server that treats each connection so, and gives its port."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(answer: Answer) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                answer(connection)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for listener in listeners:
        listener.close()
    for thread in threads:
        thread.join(5)


def failure(port: int, folder: str = r"\\127.0.0.1\client", seconds: float = 5.0) -> CmClientError:
    shares = smb.SmbShares(None, connect_timeout=2.0, port=port)
    with pytest.raises(CmClientError) as caught:
        shares.list_files(folder, within(seconds))
    return caught.value


def hush(connection: socket.socket) -> None:
    """Take everything and say nothing, until the other side has had enough."""
    connection.settimeout(10)
    while connection.recv(4096):
        pass


def test_a_silent_server_is_given_up_in_time(serve: Callable[[Answer], int]) -> None:
    began = time.monotonic()
    error = failure(serve(hush))
    assert isinstance(error, TransportTimeoutError)
    assert time.monotonic() - began < 4


def test_a_server_that_hangs_up_is_an_error_of_ours(serve: Callable[[Answer], int]) -> None:
    error = failure(serve(lambda connection: connection.close()))
    assert isinstance(error, TransportError)


def test_a_web_server_is_no_share(serve: Callable[[Answer], int]) -> None:
    error = failure(serve(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(64))))
    assert isinstance(error, TransportError)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = failure(port)
    assert isinstance(error, ConnectError)
    assert "445" in error.hint


def test_a_server_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert isinstance(failure(4450, r"\\nobody.invalid\client"), NameResolutionError)


@pytest.mark.parametrize("folder", [r"\\server", "//server", "\\\\server\\\\folder", r"\\server\share\..\other", ""])
def test_a_path_that_names_no_folder_of_a_share(folder: str) -> None:
    assert isinstance(failure(4450, folder), SourceRefusedError)


def test_no_connection_is_made_when_nobody_waits_or_time_is_up() -> None:
    class Given:
        cancelled = True

        def on_cancel(self, action: object) -> None:
            """Nothing waits here."""

    shares = smb.SmbShares(None, port=4450)
    with pytest.raises(CancelledError):
        shares.list_files(r"\\127.0.0.1\client", within(5), Given())
    with pytest.raises(TransportTimeoutError):
        shares.list_files(r"\\127.0.0.1\client", within(0))


def test_a_message_of_gigabytes_takes_no_memory() -> None:
    """Once a connection stands, the length before each message is looked at before room is made for it."""
    taken: list[int] = []

    class Transport:
        def _recv(self, length: int, timeout: float) -> tuple[bytes, float]:
            taken.append(length)
            return b"", timeout

    class Connection:
        transport = Transport()

    connection = Connection()
    smb._limit(connection)
    announced = struct.unpack(">L", b"\x7f\xff\xff\xff")[0]
    with pytest.raises(OSError, match="announced"):
        connection.transport._recv(announced, 1.0)
    connection.transport._recv(16 * 1024 * 1024, 1.0)
    assert taken == [16 * 1024 * 1024]


@pytest.mark.parametrize(
    ("parts", "name"),
    [(("x64", "client.msi"), "x64/client.msi"), (("a/b",), None), (("..", "a"), None), (("con",), None)],
)
def test_names_of_a_share_are_checked(parts: tuple[str, ...], name: str | None) -> None:
    if name is not None:
        assert collect_entries(r"\\server\share", [(parts, 1)]) == (FileEntry(RelativeName(name), 1),)
        return
    with pytest.raises(CmClientError):
        collect_entries(r"\\server\share", [(parts, 1)])
