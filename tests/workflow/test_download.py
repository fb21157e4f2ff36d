"""Downloads from sources in memory: what is left, what is gone on with, what is told, and what is on disk."""

import hashlib
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from downloadworld import FOLDER, DownloadWorld, Reply, Source, address, cut, multistatus, plan, planned

from cmclient.errors import (
    CancelledError,
    CmClientError,
    ConnectionLostError,
    ContentNotObtainedError,
    DiskFullError,
)
from cmclient.model.download import (
    DownloadEvent,
    DownloadReport,
    DownloadRequest,
    EventKind,
    FileEntry,
    FileHash,
    HashAlgorithm,
    RelativeName,
)
from cmclient.model.http import Deadline, HttpRequest
from cmclient.model.sources import SourceOrder, SourcePlan
from cmclient.racing import CancelSignal

FILES = {
    "readme.txt": b"hello",
    "x64/setup.exe": random.Random(1).randbytes(50_000),  # noqa: S311 - filler
    "x64/empty.txt": b"",
    "data.cab": random.Random(2).randbytes(9_000),  # noqa: S311 - filler
}
REQUEST = DownloadRequest("ABC00001.1")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def proven(files: dict[str, bytes] = FILES) -> DownloadRequest:
    entries = (
        FileEntry(RelativeName(name), len(data), (FileHash.of(HashAlgorithm.SHA256, digest(data)),))
        for name, data in files.items()
    )
    return DownloadRequest("ABC00001.1", tuple(entries))


def on_disk(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".cmclient" not in path.parts
    }


def fetch(world: DownloadWorld, folder: Path, *hosts: str, request: DownloadRequest = REQUEST) -> DownloadReport:
    return world.downloader().fetch(request, str(folder), plan(*map(planned, hosts)))


def break_off(after: int, error: Callable[[], CmClientError] = lambda: ConnectionLostError("cut off")) -> object:
    """A hook: the body of a file breaks off after so many bytes, each time."""

    def hook(request: HttpRequest, reply: Reply) -> Reply:
        if request.method == "GET":
            data = b"".join(piece for piece in reply._pieces if isinstance(piece, bytes))
            if len(data) > after:
                reply._pieces = [*cut(data[:after]), error()]
        return reply

    return hook


def refuse(status: int) -> object:
    return lambda *_: Reply(status, {}, [])


def test_content__is_on_disk_whole_and_the_report_says_from_where(tmp_path: Path) -> None:
    world = DownloadWorld(dp1=Source(FILES))
    report = fetch(world, tmp_path, "dp1")
    assert on_disk(tmp_path) == FILES
    assert not (tmp_path / ".cmclient").exists()
    assert [file.name for file in report.files] == sorted(FILES)
    assert {file.address for file in report.files} == {address("dp1")}
    assert {file.name: file.sha256 for file in report.files} == {name: digest(data) for name, data in FILES.items()}
    assert report.fetched == report.total == sum(map(len, FILES.values()))
    assert (report.missing, report.failures) == ((), ())
    assert all(reply.is_closed for reply in world.replies)
    assert "GET dp1 x64/empty.txt" not in world.asked


@pytest.mark.rule("CL-049", "CL-030")
@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_refusal__leads_to_the_next_source_at_once(tmp_path: Path, status: int) -> None:
    world = DownloadWorld(dp1=Source(FILES, hook=refuse(status)), dp2=Source(FILES))  # type: ignore[arg-type]
    report = fetch(world, tmp_path, "dp1", "dp2")
    assert on_disk(tmp_path) == FILES
    assert (report.failures[0].address, report.failures[0].left) == (address("dp1"), True)
    assert world.clock.waits == []


def test_source_that_dies_in_a_file__is_gone_on_with_by_the_next_from_the_same_byte(tmp_path: Path) -> None:
    dead = Source(FILES, hook=break_off(20_000))  # type: ignore[arg-type]
    world = DownloadWorld(dp1=dead, dp2=Source(FILES))
    report = fetch(world, tmp_path, "dp1", "dp2")
    assert on_disk(tmp_path) == FILES
    assert report.fetched == report.total, "no byte came twice"
    assert "GET dp1 x64/setup.exe bytes=20000-" in world.asked
    assert "GET dp1 x64/setup.exe bytes=40000-" in world.asked


def test_every_source_dies_in_turn__and_the_result_is_whole(tmp_path: Path) -> None:
    names = [f"dp{number}" for number in range(1, 7)]
    sources = {name: Source(FILES, hook=_die_after(7_000 + number)) for number, name in enumerate(names)}  # type: ignore[arg-type]
    world = DownloadWorld(**sources, last=Source(FILES))
    report = fetch(world, tmp_path, *names, "last")
    assert on_disk(tmp_path) == FILES
    assert report.fetched == report.total
    assert {str(one.address.endpoint) for one in report.failures if one.left} == {f"http://{name}" for name in names}


def test_next_run__fetches_no_byte_that_was_safe(tmp_path: Path) -> None:
    world = DownloadWorld(dp1=Source(FILES, hook=_die_after(30_000)))  # type: ignore[arg-type]
    with pytest.raises(ContentNotObtainedError) as caught:
        fetch(world, tmp_path, "dp1")
    first = caught.value.report.fetched
    assert first == 30_000
    world.sources["dp1"].hook = None
    report = fetch(world, tmp_path, "dp1")
    assert on_disk(tmp_path) == FILES
    assert first + report.fetched == report.total


def _die_after(total: int) -> object:
    """A hook: gives so many bytes in all, then nothing ever again."""
    left = [total]

    def hook(request: HttpRequest, reply: Reply) -> Reply:
        if request.method == "GET":
            if left[0] <= 0:
                raise ConnectionLostError("dead")
            data = b"".join(piece for piece in reply._pieces if isinstance(piece, bytes))[: left[0]]
            left[0] -= len(data)
            reply._pieces = [*cut(data), *([ConnectionLostError("dies")] if left[0] <= 0 else [])]
        return reply

    return hook


def test_rest_from_a_source_with_another_date__is_not_joined(tmp_path: Path) -> None:
    other = Source({name: data[::-1] for name, data in FILES.items()})
    other.modified = "Tue, 06 Jan 2026 08:00:00 GMT"
    world = DownloadWorld(dp1=Source(FILES, hook=_die_after(30_000)), dp2=other)  # type: ignore[arg-type]
    fetch(world, tmp_path, "dp1", "dp2")
    whole = on_disk(tmp_path)["x64/setup.exe"]
    assert whole in {FILES["x64/setup.exe"], FILES["x64/setup.exe"][::-1]}


def test_wrong_hash__leaves_nothing_and_is_remembered_for_the_next_run(tmp_path: Path) -> None:
    wrong = Source({name: data[::-1] for name, data in FILES.items()})
    world = DownloadWorld(dp1=wrong)
    with pytest.raises(ContentNotObtainedError) as caught:
        fetch(world, tmp_path, "dp1", request=proven())
    assert caught.value.report.failures[0].code == "hash-mismatch"
    assert "x64/setup.exe" not in on_disk(tmp_path)
    world = DownloadWorld(dp1=wrong, dp2=Source(FILES))
    fetch(world, tmp_path, "dp1", "dp2", request=proven())
    assert on_disk(tmp_path) == FILES
    assert not [asked for asked in world.asked if "dp1" in asked]


def test_wrong_hash_of_a_file_from_two_sources__is_not_held_against_the_second(tmp_path: Path) -> None:
    wrong = Source(
        {name: data[::-1] for name, data in FILES.items()},
        hook=_die_after(20_000),  # type: ignore[arg-type]
    )
    world = DownloadWorld(dp1=wrong, dp2=Source(FILES))
    files = {"x64/setup.exe": FILES["x64/setup.exe"]}
    report = fetch(world, tmp_path, "dp1", "dp2", request=proven(files))
    assert on_disk(tmp_path) == files
    assert [one.code for one in report.failures][-1] == "hash-mismatch"


def test_file_that_is_there_and_proven__is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "data.cab").write_bytes(FILES["data.cab"])
    (tmp_path / "readme.txt").write_bytes(b"other")
    world = DownloadWorld(dp1=Source(FILES))
    report = fetch(world, tmp_path, "dp1", request=proven())
    assert on_disk(tmp_path) == FILES
    assert "GET dp1 data.cab" not in world.asked
    assert report.fetched == report.total - len(FILES["data.cab"])


@pytest.mark.rule("CL-036")
def test_source_of_another_group__is_waited_for_and_the_wait_is_told(tmp_path: Path) -> None:
    world, events = DownloadWorld(dp2=Source(FILES)), list[DownloadEvent]()
    sources = plan(planned("dp1"), planned("dp2", opens=7200.0))
    report = world.downloader().fetch(REQUEST, str(tmp_path), sources, watch=events.append)
    assert on_disk(tmp_path) == FILES
    assert report.seconds >= 7200.0
    assert sum(event.kind is EventKind.WAITING for event in events) > 2, "the first is asked again meanwhile"
    assert world.asked.count("PROPFIND dp1") > 2


@pytest.mark.rule("CL-036")
def test_no_wait__moves_on_at_once(tmp_path: Path) -> None:
    world = DownloadWorld(dp2=Source(FILES))
    sources = plan(planned("dp1"), planned("dp2", opens=7200.0))
    report = world.downloader(waits=False).fetch(REQUEST, str(tmp_path), sources)
    assert on_disk(tmp_path) == FILES
    assert report.seconds < 10.0


def test_earlier_source_that_is_back__is_gone_back_to(tmp_path: Path) -> None:
    files = {f"f{number}": bytes([number]) * 100 for number in range(30)}
    world = DownloadWorld(dp1=Source(files, hook=refuse(503)), dp2=Source(files))  # type: ignore[arg-type]

    def slow(request: HttpRequest, reply: Reply) -> Reply:
        world.clock.skip(10.0)
        world.sources["dp1"].hook = None
        return reply

    world.sources["dp2"].hook = slow
    report = fetch(world, tmp_path, "dp1", "dp2")
    assert on_disk(tmp_path) == files
    by = [file.address for file in report.files]
    assert by.count(address("dp2")) <= 7
    assert by.count(address("dp1")) >= 23


@pytest.mark.rule("NET-023")
def test_plan_that_changes__is_followed_and_what_has_come_stays(tmp_path: Path) -> None:
    class Moving:
        """The machine goes from the internet to the intranet when its first source ends."""

        asked = 0

        def plan(self, elapsed: float, deadline: Deadline) -> SourcePlan:
            self.asked += 1
            return SourcePlan(None, SourceOrder.CLIENT, (planned("out" if self.asked == 1 else "dp1"),), ask_again=60.0)

    world = DownloadWorld(out=Source(FILES, hook=_die_after(30_000)), dp1=Source(FILES))  # type: ignore[arg-type]
    report = world.downloader().fetch(REQUEST, str(tmp_path), Moving())
    assert on_disk(tmp_path) == FILES
    assert report.fetched == report.total


@pytest.mark.rule("CL-072")
def test_refusal_of_one_content__does_not_count_against_the_server_for_the_next(tmp_path: Path) -> None:
    world = DownloadWorld(dp1=Source(FILES, hook=refuse(403)), dp2=Source(FILES))  # type: ignore[arg-type]
    downloader, sources = world.downloader(), plan(planned("dp1"), planned("dp2"))
    downloader.fetch(REQUEST, str(tmp_path / "a"), sources)
    world.sources["dp1"].hook = None
    report = downloader.fetch(DownloadRequest("ABC00002.1"), str(tmp_path / "b"), sources)
    assert {file.address for file in report.files if file.size} == {address("dp1")}


@pytest.mark.rule("CL-072")
def test_dead_server__is_asked_last_for_the_next_content(tmp_path: Path) -> None:
    world = DownloadWorld(dp2=Source(FILES))
    downloader, sources = world.downloader(), plan(planned("dp1"), planned("dp2"))
    downloader.fetch(REQUEST, str(tmp_path / "a"), sources)
    world.sources["dp1"] = Source(FILES)
    report = downloader.fetch(DownloadRequest("ABC00002.1"), str(tmp_path / "b"), sources)
    assert {file.address for file in report.files if file.size} == {address("dp2")}


def test_error__names_every_source_with_what_it_said(tmp_path: Path) -> None:
    world = DownloadWorld(dp2=Source(FILES, hook=refuse(404)))  # type: ignore[arg-type]
    deadline = Deadline.after(100.0, world.clock.monotonic)
    sources = plan(planned("dp1"), planned("dp2"), planned("dp3", opens=7200.0))
    with pytest.raises(ContentNotObtainedError) as caught:
        world.downloader().fetch(REQUEST, str(tmp_path), sources, deadline=deadline)
    for part in ("dp1: refused", "dp2/SMS_DP_SMSPKG$/ABC00001: status 404", "dp3", "opens after 7200 seconds"):
        assert part in caught.value.message
    assert caught.value.report.missing is None
    assert on_disk(tmp_path) == {}


def test_no_source_at_all__says_so(tmp_path: Path) -> None:
    with pytest.raises(ContentNotObtainedError, match="there is no source"):
        DownloadWorld().downloader().fetch(REQUEST, str(tmp_path), plan())


def test_page_of_the_folder__is_the_second_way_to_the_list(tmp_path: Path) -> None:
    page = (
        f'5 <a href="http://dp1{FOLDER}/readme.txt">readme.txt</a><br>\n'
        f'&lt;dir&gt <a href="http://dp1{FOLDER}/x64">x64</a><br>\n'
    )
    inside = f'50000 <a href="http://dp1{FOLDER}/x64/setup.exe">setup.exe</a>'

    def hook(request: HttpRequest, reply: Reply) -> Reply:
        if request.method == "PROPFIND":
            return Reply(405, {}, [])
        pages = {FOLDER: page, f"{FOLDER}/x64/": inside}
        return Reply(200, {}, [pages[request.path].encode()]) if request.path in pages else reply

    world = DownloadWorld(dp1=Source(FILES, hook=hook))
    fetch(world, tmp_path, "dp1")
    assert on_disk(tmp_path) == {name: FILES[name] for name in ("readme.txt", "x64/setup.exe")}


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "C:/evil", "CON", "a" * 400, "http://evil.test/x", "x%00y", "..%5cevil", "README.TXT"],
)
def test_list_with_a_bad_name__is_refused_whole_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    bad = Source(FILES, listed={"readme.txt": 5, name: 5})
    world = DownloadWorld(dp1=bad, dp2=Source(FILES))
    report = fetch(world, target, "dp1", "dp2")
    assert report.failures[0].code == "unsafe-name"
    assert on_disk(target) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


@pytest.mark.parametrize("lie", [-1, 1, 10**15])
def test_list_that_lies_about_sizes__is_left_with_its_source(tmp_path: Path, lie: int) -> None:
    bad = Source(FILES, listed={name: len(data) + (lie if data else 0) for name, data in FILES.items()})
    world = DownloadWorld(dp1=bad, dp2=Source(FILES))
    if lie > 10**14:
        with pytest.raises(DiskFullError):
            fetch(world, tmp_path, "dp1", "dp2")
        assert on_disk(tmp_path) == {}
        return
    report = fetch(world, tmp_path, "dp1", "dp2")
    assert on_disk(tmp_path) == FILES
    assert report.failures[0].code == "size-mismatch"


def test_file_that_changes_between_two_requests__is_fetched_anew(tmp_path: Path) -> None:
    source = Source({"a": b"1" * 5000})
    world = DownloadWorld(dp1=source)

    def hook(request: HttpRequest, reply: Reply) -> Reply:
        if request.method == "GET" and "Range" not in request.headers and source.modified.startswith("Mon"):
            reply._pieces = [*cut(b"1" * 2000), ConnectionLostError("cut off")]
            source.files["a"], source.modified = b"2" * 5000, "Tue, 06 Jan 2026 08:00:00 GMT"
        return reply

    source.hook = hook
    fetch(world, tmp_path, "dp1")
    assert on_disk(tmp_path) == {"a": b"2" * 5000}


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (206, {"content-range": "bytes 0-8999/9000", "content-length": "9000"}, FILES["data.cab"]),
        (200, {"content-length": "9001"}, FILES["data.cab"] + b"x"),
        (200, {"content-length": "8999"}, FILES["data.cab"][:-1]),
        (200, {}, FILES["data.cab"] + b"x"),
        (200, {}, FILES["data.cab"][:-1]),
    ],
)
def test_wrong_answer_for_a_file__is_no_file(tmp_path: Path, status: int, headers: dict[str, str], body: bytes) -> None:
    files = {"data.cab": FILES["data.cab"]}

    def hook(request: HttpRequest, reply: Reply) -> Reply:
        return Reply(status, headers, cut(body)) if request.method == "GET" else reply

    world = DownloadWorld(dp1=Source(files, hook=hook), dp2=Source(files))
    report = fetch(world, tmp_path, "dp1", "dp2")
    assert on_disk(tmp_path) == files
    assert report.failures[0].address == address("dp1")
    with pytest.raises(ContentNotObtainedError):
        fetch(DownloadWorld(dp1=Source(files, hook=hook)), tmp_path / "alone", "dp1")
    assert on_disk(tmp_path / "alone") == {}


def test_server_that_ignores_ranges__gives_the_whole_file_again(tmp_path: Path) -> None:
    def hook(request: HttpRequest, reply: Reply) -> Reply:
        if request.method == "GET" and "Range" in request.headers:
            return Reply(200, {"content-length": str(len(FILES["x64/setup.exe"]))}, cut(FILES["x64/setup.exe"]))
        return break_off(20_000)(request, reply)  # type: ignore[operator,no-any-return]

    world = DownloadWorld(dp1=Source(FILES, hook=hook))
    fetch(world, tmp_path, "dp1")
    assert on_disk(tmp_path) == FILES


def test_stall__is_left_after_its_time_and_the_source_is_told_off(tmp_path: Path) -> None:
    world = DownloadWorld(dp2=Source(FILES))

    stuck = threading.Event()

    def open_(request: HttpRequest, deadline: Deadline, cancellation: object, *, patience: float = 60) -> Reply:
        assert patience >= 120.0
        if str(request.endpoint.host) == "dp1" and request.method == "GET":
            cancellation.on_cancel(stuck.set)  # type: ignore[attr-defined]
            while not stuck.wait(0.01):
                world.clock.skip(20.0)
            raise CancelledError("shut down")
        return DownloadWorld.open(world, request, deadline, cancellation, patience=patience)  # type: ignore[arg-type]

    world.sources["dp1"] = Source(FILES)
    world.open = open_  # type: ignore[method-assign,assignment]
    report = fetch(world, tmp_path, "dp1", "dp2")
    assert on_disk(tmp_path) == FILES
    assert [one.code for one in report.failures] == ["stalled"]


def test_cancelled_from_another_thread__keeps_what_has_come(tmp_path: Path) -> None:
    signal = CancelSignal()

    def hook(request: HttpRequest, reply: Reply) -> Reply:
        if request.path.endswith("setup.exe") and "Range" not in request.headers:
            data = FILES["x64/setup.exe"][:10_000]
            reply._pieces = [*cut(data), CancelledError("shut down")]
            signal.cancel()
        return reply

    world = DownloadWorld(dp1=Source(FILES, hook=hook))
    with pytest.raises(CancelledError):
        world.downloader().fetch(REQUEST, str(tmp_path), plan(planned("dp1")), cancellation=signal)
    assert "x64/setup.exe" not in on_disk(tmp_path)
    world.asked.clear()
    fetch(world, tmp_path, "dp1")
    assert on_disk(tmp_path) == FILES
    assert "GET dp1 x64/setup.exe bytes=10000-" in world.asked


def test_rate__is_kept_by_waiting(tmp_path: Path) -> None:
    world = DownloadWorld(dp1=Source(FILES))
    report = world.downloader(rate=20_000).fetch(REQUEST, str(tmp_path), plan(planned("dp1")))
    assert report.seconds == pytest.approx(report.total / 20_000, rel=0.25)


def test_events__tell_a_download_from_its_begin_to_its_end(tmp_path: Path) -> None:
    world, events = DownloadWorld(dp1=Source(FILES, hook=break_off(20_000))), list[DownloadEvent]()  # type: ignore[arg-type]
    world.downloader().fetch(REQUEST, str(tmp_path), plan(planned("dp1")), watch=events.append)
    kinds = [event.kind for event in events if event.kind is not EventKind.PROGRESS]
    assert kinds[:2] == [EventKind.SOURCE, EventKind.LISTED]
    assert kinds.count(EventKind.FILE) == len(FILES)
    assert EventKind.RESUMED in kinds
    assert next(event for event in events if event.kind is EventKind.LISTED).total == sum(map(len, FILES.values()))


def test_many_connections__fetch_each_file_once(tmp_path: Path) -> None:
    files = {f"d{number % 7}/f{number}": bytes([number]) * number * 7 for number in range(1, 120)}
    world = DownloadWorld(dp1=Source(files))
    report = world.downloader(connections=8).fetch(REQUEST, str(tmp_path), plan(planned("dp1")))
    assert on_disk(tmp_path) == files
    assert len([asked for asked in world.asked if asked.startswith("GET")]) == len(files)
    assert report.requests == len(files) + 1


def test_list_of_the_world__is_what_a_server_sends() -> None:
    assert b"getcontentlength" in multistatus({"a": 1})


def test_server_that_lists_one_folder_at_a_time_as_the_standard_has_it__is_asked_so(tmp_path: Path) -> None:
    def entry(name: str, size: int | None) -> str:
        kind = "<resourcetype><collection/></resourcetype>" if size is None else "<resourcetype/>"
        told = "" if size is None else f"<getcontentlength>{size}</getcontentlength>"
        return f"<response><href>{FOLDER}/{name}</href><propstat><prop>{kind}{told}</prop></propstat></response>"

    listed = {
        FOLDER: entry("", None) + entry("x64/", None) + entry("readme.txt", 5),
        f"{FOLDER}/x64/": entry("x64/", None) + entry("x64/empty.txt", 0) + entry("x64/setup.exe", 50_000),
    }

    def hook(request: HttpRequest, reply: Reply) -> Reply:
        if request.method != "PROPFIND":
            return reply
        if request.headers["Depth"] != "1":
            return Reply(403, {}, [])
        body = listed[request.path]
        if b"resourcetype" not in request.body:
            body = body.replace("<resourcetype><collection/></resourcetype>", "").replace("<resourcetype/>", "")
        return Reply(207, {}, [f'<multistatus xmlns="DAV:">{body}</multistatus>'.encode()])

    world = DownloadWorld(dp1=Source(FILES, hook=hook))
    fetch(world, tmp_path, "dp1")
    assert on_disk(tmp_path) == {name: data for name, data in FILES.items() if name != "data.cab"}
    assert sum(asked.startswith("PROPFIND") for asked in world.asked) == 4, (
        "what was learned counts for the next folder"
    )
