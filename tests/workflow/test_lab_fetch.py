"""Downloads in the lab: real sockets, TLS, a management point that is asked, and every source out of order in turn."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from cmclient.assemble import Run
from cmclient.assemble_fetch import Fetcher, open_fetcher
from cmclient.config import ClientConfig, load_config
from cmclient.errors import ContentNotObtainedError
from cmclient.lab import Lab
from cmclient.lab.content_files import body_of, files_of
from cmclient.lab.description_file import built_in_description
from cmclient.model.content import ContentId, ContentReference
from cmclient.model.download import DownloadReport, DownloadRequest
from cmclient.model.http import Deadline

CONTENT = ContentReference(ContentId("P0100003"))
REQUEST = DownloadRequest("P0100003.1")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


def settings(lab: Lab, folder: Path, **more: object) -> ClientConfig:
    return load_config(overrides=lab.settings() | {"store": str(folder / "store"), "content_stall": 1.0} | more)


def fetch(lab: Lab, folder: Path, *, seconds: float | None = None, **more: object) -> DownloadReport:
    run = Run(facts=lab.client_facts(), data=lab.description.data, times_count=False)
    with open_fetcher(settings(lab, folder, **more), run) as fetcher:
        return _fetch(fetcher, folder, seconds)


def _fetch(fetcher: Fetcher, folder: Path, seconds: float | None) -> DownloadReport:
    deadline = Deadline.after(seconds, monotonic)
    planner = fetcher.locator.search(CONTENT, deadline)
    return fetcher.downloader.fetch(REQUEST, str(folder / "target"), planner, deadline=deadline)


def expected() -> dict[str, str]:
    content = next(one for one in built_in_description().contents if one.id == CONTENT.id)
    return {
        name: hashlib.sha256(b"".join(body_of(content, name, size).read(0, size))).hexdigest()
        for name, size in files_of(content).items()
    }


def assert_whole(folder: Path, report: DownloadReport) -> None:
    found = {
        path.relative_to(folder / "target").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / "target").rglob("*")
        if path.is_file()
    }
    assert found == expected() == {file.name: file.sha256 for file in report.files}


def hosts(report: DownloadReport) -> set[str]:
    return {
        str(file.address.endpoint.host).partition(".")[0]
        for file in report.files
        if file.address and file.address.endpoint
    }


def test_content__comes_from_the_distribution_point_of_the_group(lab: Lab, tmp_path: Path) -> None:
    report = fetch(lab, tmp_path)
    assert_whole(tmp_path, report)
    assert hosts(report) == {"dp1"}
    assert report.fetched == report.total == 1048576
    assert not lab.journal.entries("SMS_DP_SMSPKG", server="dp2")


@pytest.mark.slow
@pytest.mark.rule("CL-049", "CL-036")
@pytest.mark.parametrize(
    "fault",
    [
        "refuse", "silent", "blackhole", "401", "403", "404", "500", "503", "html", "redirect", "malformed", "lying",
        "truncated", "oversized", "reset:0", "reset:100000", "stall:300000",
    ],
)  # fmt: skip
def test_source_of_the_group_that_is_out_of_order__is_left_for_that_of_the_neighbour(
    lab: Lab, tmp_path: Path, fault: str
) -> None:
    lab.set_fault("dp", "dp1", fault)
    report = fetch(lab, tmp_path)
    assert_whole(tmp_path, report)
    assert "dp2" in hosts(report)
    assert report.seconds > 1.0, "the neighbour opens after its time"
    assert any("dp1" in str(one.address) for one in report.failures)


@pytest.mark.slow
@pytest.mark.rule("CL-036")
def test_every_source_dies_in_turn_at_some_byte__and_the_result_is_whole(lab: Lab, tmp_path: Path) -> None:
    for name, fault in (("dp1", "stall:200000"), ("dp2", "stall:500000")):
        lab.set_fault("dp", name, fault)
    report = fetch(lab, tmp_path)
    assert_whole(tmp_path, report)
    assert report.fetched == report.total, "no byte came twice"
    assert "dp3" in hosts(report)
    assert {"dp1", "dp2"} <= {str(one.address).partition("//")[2].partition(".")[0] for one in report.failures}


@pytest.mark.rule("CL-072")
def test_refusal_of_one_content__leaves_the_server_to_the_others(tmp_path: Path) -> None:
    description = built_in_description()
    dp1 = next(host for host in description.addresses if host.startswith("dp1."))
    contents = tuple(one._replace(denied=(dp1,)) if one.id == "P0100001" else one for one in description.contents)
    with Lab(description._replace(contents=contents)) as lab:
        run = Run(facts=lab.client_facts(), data=lab.description.data, times_count=False)
        with open_fetcher(settings(lab, tmp_path), run) as fetcher:
            denied = ContentReference(ContentId("P0100001"), 3)
            report = fetcher.downloader.fetch(
                DownloadRequest("P0100001.3"), str(tmp_path / "denied"), fetcher.locator.search(denied)
            )
            assert hosts(report) == {"dp2"}
            assert report.failures[0].code == "source-refused"
            assert hosts(_fetch(fetcher, tmp_path, None)) == {"dp1"}


def test_all_dead__is_an_error_that_names_each_at_the_deadline(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("dp", None, "404")
    with pytest.raises(ContentNotObtainedError) as caught:
        fetch(lab, tmp_path, seconds=1.0)
    assert "dp1" in caught.value.message
    assert "status 404" in caught.value.message
    assert not list((tmp_path / "target").glob("*[!t]*.*"))


@pytest.mark.slow
def test_run_after_run__with_a_source_that_dies_each_time_fetches_no_byte_twice(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("dp", None, "stall:150000")
    fetched = 0
    for _ in range(12):
        try:
            report = fetch(lab, tmp_path, seconds=1.6, content_stall=0.3)
        except ContentNotObtainedError as error:
            fetched += error.report.fetched
        else:
            fetched += report.fetched
            break
    else:
        lab.set_fault("dp", None, None)
        report = fetch(lab, tmp_path)
        fetched += report.fetched
    assert_whole(tmp_path, report)
    assert fetched == report.total
