"""Sources in memory: what each gives, how it fails, and what it was asked."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cmclient.adapters.files import LocalFiles
from cmclient.download import ContentDownloader, DownloadOptions, FixedPlan
from cmclient.errors import CancelledError, CmClientError, ConnectError
from cmclient.model.decision import Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline, HttpRequest
from cmclient.model.names import HostName
from cmclient.model.sources import ContentSource, PlannedSource, SourceAddress, SourceOrder, SourcePlan, SourceTier
from cmclient.ports import Cancellation

FOLDER = "/SMS_DP_SMSPKG$/ABC00001"
MODIFIED = "Mon, 05 Jan 2026 08:00:00 GMT"


class JumpingClock:
    """A clock that only moves when somebody waits, and by a little each time that it is read."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()
        self.waits: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        with self._lock:
            self._now += 0.0001
            return self._now

    def skip(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds

    def wait(self, event: threading.Event, seconds: float) -> None:
        self.waits.append(seconds)
        if not event.is_set():
            self.skip(seconds)


class Reply:
    """A reply whose body comes in pieces."""

    def __init__(self, status: int, headers: Mapping[str, str], pieces: list[bytes | CmClientError]) -> None:
        self.status = status
        self.headers = headers
        self.trusted = False
        self._pieces = pieces
        self.is_closed = False

    def read_into(self, buffer: memoryview) -> int:
        while self._pieces:
            piece = self._pieces.pop(0)
            if isinstance(piece, CmClientError):
                raise piece
            if piece:
                buffer[: len(piece)] = piece
                return len(piece)
        return 0

    def close(self) -> None:
        self.is_closed = True


Hook = Callable[[HttpRequest, Reply], Reply]


class Source:
    """A distribution point.

    Attributes:
        files: What it has.
        hook: Changes an answer, or raises.
        etags: Whether it names the state of a file; else only by its date.
    """

    def __init__(self, files: Mapping[str, bytes], *, hook: Hook | None = None, listed: Mapping[str, int] = {}) -> None:
        self.files = dict(files)
        self.hook = hook
        self.listed = listed or {name: len(data) for name, data in files.items()}
        self.modified = MODIFIED

    def answer(self, request: HttpRequest) -> Reply:
        reply = self._answer(request)
        return reply if self.hook is None else self.hook(request, reply)

    def _answer(self, request: HttpRequest) -> Reply:
        if request.method == "PROPFIND":
            return Reply(207, {}, [multistatus(self.listed)])
        name = request.path.removeprefix(FOLDER + "/")
        if name not in self.files:
            return Reply(404, {}, [])
        data, etag = self.files[name], f'"{id(self)}/{len(self.files[name])}/{self.modified}"'
        headers = {"etag": etag, "last-modified": self.modified}
        wanted = request.headers.get("Range", "")
        if wanted and request.headers.get("If-Range", etag) in {etag, self.modified}:
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers["content-range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
            return Reply(206, headers | {"content-length": str(len(data) - first)}, cut(data[first:]))
        return Reply(200, headers | {"content-length": str(len(data))}, cut(data))


def cut(data: bytes, size: int = 1000) -> list[bytes | CmClientError]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def multistatus(files: Mapping[str, int]) -> bytes:
    entries = "".join(
        f"<response><href>{FOLDER}/{name}</href><propstat><prop><iscollection>0</iscollection>"
        f"<getcontentlength>{size}</getcontentlength></prop></propstat></response>"
        for name, size in files.items()
    )
    return f'<multistatus xmlns="DAV:">{entries}</multistatus>'.encode()


class DownloadWorld:
    """Sources by host name, the transport that reaches them, and a clock.

    Attributes:
        asked: Every request, as verb, host, path below the content and range.
    """

    def __init__(self, **sources: Source) -> None:
        self.sources = sources
        self.clock = JumpingClock()
        self.asked: list[str] = []
        self.replies: list[Reply] = []
        self._lock = threading.Lock()

    def open(
        self,
        request: HttpRequest,
        deadline: Deadline,
        cancellation: Cancellation | None = None,
        *,
        patience: float = 60,
    ) -> Reply:
        host = str(request.endpoint.host)
        name = request.path.removeprefix(FOLDER).lstrip("/")
        with self._lock:
            self.asked.append(" ".join(filter(None, (request.method, host, name, request.headers.get("Range")))))
        if cancellation is not None and cancellation.cancelled:
            raise CancelledError("cancelled")
        if host not in self.sources:
            raise ConnectError(f"{request.endpoint}: refused", endpoint=str(request.endpoint))
        reply = self.sources[host].answer(request)
        self.replies.append(reply)
        return reply

    def downloader(self, **options: object) -> ContentDownloader:
        return ContentDownloader(
            transport=self,
            files=LocalFiles(),
            clock=self.clock,
            options=DownloadOptions(**({"connections": 1} | options)),  # type: ignore[arg-type]
            wait=self.clock.wait,
        )


def address(host: str, path: str = FOLDER) -> SourceAddress:
    return SourceAddress(Endpoint(Scheme.HTTP, HostName(host), 80), path)


def planned(host: str, opens: float = 0.0) -> PlannedSource:
    tier = SourceTier.NEIGHBOUR_DP if opens else SourceTier.DP_IN_GROUP
    return PlannedSource(ContentSource(tier, (address(host),), HostName(host)), opens, (Reason("CL-006", "x"),))


def plan(*sources: PlannedSource) -> FixedPlan:
    return FixedPlan(SourcePlan(None, SourceOrder.CLIENT, sources))
