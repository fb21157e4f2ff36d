"""Content and the files of client setup from network shares: Samba's smbd in the place of a file server."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from integration import shareserver
from integration.conftest import require_programs
from integration.daemons import AddressBlock, Daemon, claim_addresses
from integration.shareserver import PASSWORD, USER, ShareServer

from cmclient.adapters.clock import SystemClock
from cmclient.adapters.files import LocalFiles
from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.shares import Shares
from cmclient.adapters.smb import SmbShares
from cmclient.assemble_fetch import plan_addresses
from cmclient.download import ContentDownloader, DownloadOptions
from cmclient.errors import (
    AuthenticationError,
    CancelledError,
    CmClientError,
    ConnectError,
    ContentNotObtainedError,
    SourceRefusedError,
)
from cmclient.lab.content_files import body_of, files_of
from cmclient.lab.description_file import built_in_description
from cmclient.model.download import DownloadEvent, DownloadReport, DownloadRequest, EventKind, RelativeName
from cmclient.model.http import Deadline
from cmclient.model.login import Login, Mechanism
from cmclient.model.secret import Secret
from cmclient.model.sources import SourceAddress
from cmclient.racing import CancelSignal

pytestmark = pytest.mark.integration

BIG = random.Random(3).randbytes(6_000_000)  # noqa: S311 - filler
FILES = {"readme.txt": b"hello", "empty": b"", "x64/deep/é.bin": b"not ASCII", "x64/setup.msi": BIG}
KNOWN = Login(Mechanism.NTLM, USER, Secret(PASSWORD))


@pytest.fixture(scope="module")
def block() -> Iterator[AddressBlock]:
    require_programs(*shareserver.PROGRAMS)
    with claim_addresses() as block:
        yield block


@pytest.fixture(scope="module")
def folder(block: AddressBlock, tmp_path_factory: pytest.TempPathFactory) -> ShareServer:
    made = ShareServer(tmp_path_factory.mktemp("shares"), block)
    for name, data in FILES.items():
        path = made.root / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (made.root / "package" / "away").symlink_to("/etc")
    return made


@pytest.fixture
def daemon(folder: ShareServer) -> Iterator[Daemon]:
    with folder.start() as daemon:
        yield daemon


@pytest.fixture
def server(folder: ShareServer, daemon: Daemon) -> ShareServer:
    """The server, up."""
    del daemon
    return folder


def soon() -> Deadline:
    return Deadline.after(20.0, time.monotonic)


def fetch(
    folder: Path,
    *sources: str,
    watch: object = None,
    signal: CancelSignal | None = None,
    rate: float | None = None,
    deadline: Deadline | None = None,
    stall: float = 120.0,
) -> DownloadReport:
    with RequestsTransport() as transport, closing(SmbShares(KNOWN)) as shares:
        downloader = ContentDownloader(
            transport=transport,
            files=LocalFiles(),
            clock=SystemClock(),
            shares=Shares(shares),
            options=DownloadOptions(rate=rate, stall=stall),
        )
        planner = plan_addresses([SourceAddress(None, source) for source in sources])
        return downloader.fetch(
            DownloadRequest("ABC00001.1"),
            str(folder),
            planner,
            watch=watch,  # type: ignore[arg-type]
            cancellation=signal,
            deadline=deadline,
        )


def on_disk(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".cmclient" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def failure(server: ShareServer, folder: str, login: Login = KNOWN) -> CmClientError:
    with closing(SmbShares(login)) as shares, pytest.raises(CmClientError) as caught:
        shares.list_files(folder, soon())
    return caught.value


@pytest.fixture
def shares() -> Iterator[SmbShares]:
    with closing(SmbShares(KNOWN)) as shares:
        yield shares


def test_share__is_listed_without_its_links_and_read_from_any_byte(server: ShareServer, shares: SmbShares) -> None:
    listed = shares.list_files(server.share("content\\package"), soon())
    assert {str(one.name): one.size for one in listed} == {name: len(data) for name, data in FILES.items()}
    opened = shares.open(server.share("content"), RelativeName("package/x64/setup.msi"), 5_999_990, soon())
    buffer = memoryview(bytearray(100))
    assert (opened.size, bytes(buffer[: opened.read_into(buffer)])) == (len(BIG), BIG[-10:])
    assert opened.read_into(buffer) == 0
    opened.close()


def test_connections__of_threads_that_have_ended_are_closed(server: ShareServer, shares: SmbShares) -> None:
    def listing() -> None:
        shares.list_files(server.share("content"), soon())

    def connected() -> int:
        every = [one for _, connections in shares._all for one in connections.values()]
        return sum(one.transport.connected for one in every)

    kept = []
    for _ in range(3):
        thread = threading.Thread(target=listing)
        thread.start()
        kept += [one for _, connections in shares._all for one in connections.values()]
        thread.join()
    assert connected() == 1, "the last one's"
    listing()
    assert connected() == 1, "our own"
    shares.close()
    assert connected() == 0
    assert not any(one.transport.connected for one in kept)


def test_content_of_a_share__is_fetched_whole(server: ShareServer, tmp_path: Path) -> None:
    report = fetch(tmp_path, server.share("content\\package"))
    assert on_disk(tmp_path) == FILES
    assert report.fetched == report.total
    assert not (tmp_path / ".cmclient").exists()


def test_interrupted_download_from_a_share__goes_on_where_it_ended(server: ShareServer, tmp_path: Path) -> None:
    signal = CancelSignal()

    def watch(event: DownloadEvent) -> None:
        if event.kind is EventKind.PROGRESS and event.done > 1_000_000:
            signal.cancel()

    with pytest.raises(CancelledError):
        fetch(tmp_path, server.share("content\\package"), rate=2_000_000, watch=watch, signal=signal)
    assert "x64/setup.msi" not in on_disk(tmp_path)
    report = fetch(tmp_path, server.share("content\\package"))
    assert on_disk(tmp_path) == FILES
    assert report.fetched < report.total


def test_server_that_dies_in_the_middle__is_left_and_gone_back_to(
    folder: ShareServer, daemon: Daemon, tmp_path: Path
) -> None:
    def watch(event: DownloadEvent) -> None:
        if event.kind is EventKind.PROGRESS and event.done > 1_000_000:
            daemon.stop()

    package = folder.share("content\\package")
    with pytest.raises(ContentNotObtainedError) as caught:
        fetch(tmp_path, package, rate=2_000_000, watch=watch, deadline=Deadline.after(8.0, time.monotonic))
    assert folder.address in caught.value.message
    assert "x64/setup.msi" not in on_disk(tmp_path)
    with folder.start():
        report = fetch(tmp_path, package)
    assert on_disk(tmp_path) == FILES
    assert report.fetched < report.total - 500_000


def test_server_that_falls_silent_in_the_middle__is_left_after_the_time_of_a_stall(
    folder: ShareServer, daemon: Daemon, tmp_path: Path
) -> None:
    def watch(event: DownloadEvent) -> None:
        if event.kind is EventKind.PROGRESS and event.done > 1_000_000:
            daemon.freeze()

    other = tmp_path / "other"
    (other / "x64" / "deep").mkdir(parents=True)
    for name, data in FILES.items():
        (other / name).write_bytes(data)
    target = tmp_path / "target"
    report = fetch(target, folder.share("content\\package"), str(other), rate=2_000_000, watch=watch, stall=1.0)
    assert on_disk(target) == FILES
    assert report.seconds < 20
    assert [one.code for one in report.failures if folder.address in str(one.address)][-1] == "stalled"


def test_wrong_password__is_a_login_that_failed(server: ShareServer) -> None:
    error = failure(server, server.share("content"), Login(Mechanism.NTLM, USER, Secret("wrong")))
    assert isinstance(error, AuthenticationError)
    assert "password is wrong" in error.message


def test_guest__is_refused_by_us(server: ShareServer) -> None:
    """The server takes a stranger for a guest; what a guest reads is signed by nobody."""
    error = failure(server, server.share("content"), Login(Mechanism.NTLM, "stranger", Secret("any")))
    assert isinstance(error, AuthenticationError)
    assert "guest" in error.message


@pytest.mark.parametrize(
    ("share", "says"),
    [("closed", "access is denied"), ("nothing", "no such folder"), ("content\\nothing", "no such folder")],
)
def test_share_that_gives_nothing__says_why(server: ShareServer, share: str, says: str) -> None:
    error = failure(server, server.share(share))
    assert isinstance(error, SourceRefusedError)
    assert says in error.message
    assert error.hint


def test_nobody_listens__is_an_error_at_once(folder: ShareServer) -> None:
    began = time.monotonic()
    assert isinstance(failure(folder, folder.share("content")), ConnectError)
    assert time.monotonic() - began < 3


def client_setup(*arguments: str, folder: Path) -> tuple[int, list[dict[str, object]], str]:
    """Run the command; its exit code, its lines, and what it said besides."""
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o600)
    done = subprocess.run(  # noqa: S603 - our own command
        [
            *(sys.executable, "-m", "cmclient", "fetch", "--client-package", "target", *arguments),
            *("--set", f"http_user={USER}", "--set", "http_password_file=password"),
            *("--store", str(folder / "store"), "--format", "json", "--no-wait"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.rule("CI-005", "CI-006")
def test_client_setup__takes_its_files_from_the_share_that_has_them(server: ShareServer, tmp_path: Path) -> None:
    package = next(one for one in built_in_description().contents if one.is_client_package)
    for name, size in files_of(package).items():
        path = server.root / "client" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(body_of(package, name, size).read(0, size)))
    full = server.share("content\\client")
    sources = [server.share("closed"), server.share("content\\package"), full]
    given = [word for source in sources for word in ("--source", source)]
    code, lines, errors = client_setup(*given, folder=tmp_path)
    assert code == 0, errors
    result = lines[-1]
    assert {file["address"] for file in result["files"]} == {full}  # type: ignore[attr-defined]
    assert [one["address"] for one in result["failures"]] == sources[:2]  # type: ignore[attr-defined]
    got = (tmp_path / "target" / "x64" / "client.msi").read_bytes()
    assert got == (server.root / "client" / "x64" / "client.msi").read_bytes()
    code, lines, _ = client_setup("--source", server.share("closed"), folder=tmp_path)
    assert code == 7
    assert "access is denied" in lines[-1]["error"]["message"]  # type: ignore[index]
