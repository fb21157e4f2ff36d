"""The files of client setup from the lab: who is asked, what is taken, and what ends it."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from types import MappingProxyType

import pytest

from cmclient.assemble import Run
from cmclient.assemble_fetch import open_setup_fetcher
from cmclient.config import ClientConfig, load_config
from cmclient.errors import ConfigError, ContentNotObtainedError, HashMismatchError, LocateError
from cmclient.lab import Lab
from cmclient.model.client_setup import SetupLocation
from cmclient.model.download import DownloadReport, DownloadRequest
from cmclient.model.facts import ClientKind, NetworkFacts
from cmclient.model.http import Deadline
from cmclient.protocol.cabinet import build_cabinet, read_cabinet
from cmclient.setup_files import SetupFiles

REQUEST = DownloadRequest("client setup", is_strict=True)
X64 = {
    "ccmsetup.cab",
    "ccmsetup.exe",
    "x64/client.msi",
    "x64/vcredist_x64.exe",
    "x64/MicrosoftPolicyPlatformSetup.msi",
    "i386/vcredist_x86.exe",
}
DP1, MP2 = "dp1.corp.contoso.test", "mp2.corp.contoso.test"


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    running.journal.clear()
    yield running
    for role in ("dp", "mp"):
        running.set_fault(role, None, None)


def settings(lab: Lab, folder: Path, line: str = "", **more: object) -> ClientConfig:
    overrides = lab.settings() | {"store": str(folder / "store")} | more
    return load_config(overrides=overrides, setup_line=line or None)


class Fetched:
    """What came of a download, and where it came from."""

    def __init__(self, report: DownloadReport, location: SetupLocation) -> None:
        self.report = report
        self.location = location
        self.names = {str(file.name) for file in report.files}
        self.sources = {str(file.address).partition("//")[2].partition(":")[0] for file in report.files}


def fetch(
    lab: Lab,
    folder: Path,
    line: str = "",
    *,
    platform: str = "x64",
    waits: bool = False,
    seconds: float = 20.0,
    facts: NetworkFacts | None = None,
    **more: object,
) -> Fetched:
    config = settings(lab, folder, line, **more)
    with open_setup_fetcher(config, Run(facts=facts or lab.client_facts()), waits=waits) as fetcher:
        report = fetcher.downloader.fetch(
            REQUEST,
            str(folder / "target"),
            fetcher.locator,
            lister=SetupFiles(platform).lister,
            deadline=Deadline.after(seconds, monotonic),
        )
        assert fetcher.locator.latest is not None
        return Fetched(report, fetcher.locator.latest)


def package(lab: Lab, folder: Path) -> Path:
    """The files of client setup in a folder of this machine."""
    fetch(lab, folder / "made")
    return folder / "made" / "target"


@pytest.mark.rule("CI-001", "CI-009")
def test_a_distribution_point_is_found_by_a_management_point_that_is_found_in_the_directory(
    lab: Lab, tmp_path: Path
) -> None:
    found = fetch(lab, tmp_path)
    assert found.names == X64
    assert found.sources == {DP1}
    assert lab.journal.entries("search")
    assert found.location.point is not None
    for name in found.names:
        digest = hashlib.sha256((tmp_path / "target" / name).read_bytes()).hexdigest()
        assert digest == next(file.sha256 for file in found.report.files if file.name == name)


@pytest.mark.rule("CI-007", "CI-008", "CI-038")
def test_those_that_were_given_are_asked_from_left_to_right_and_nobody_else(lab: Lab, tmp_path: Path) -> None:
    http = lab.settings()["http_port"]
    found = fetch(lab, tmp_path, f"/mp:mp9.corp.contoso.test:{http};mp1.corp.contoso.test:{http}")
    assert found.names == X64
    assert [one.endpoint.host for one in found.location.attempts][:2] == [
        "mp9.corp.contoso.test",
        "mp1.corp.contoso.test",
    ]
    assert found.location.location is None
    assert not lab.journal.entries("search")
    assert not lab.journal.entries("Registration")


@pytest.mark.rule("IP-022", "CI-039")
@pytest.mark.parametrize(("line", "newest"), [("", False), ("/UpgradeToLatest", True)])
def test_the_newest_client_is_asked_for_when_the_line_says_so(
    lab: Lab,
    tmp_path: Path,
    line: str,
    newest: bool,  # noqa: FBT001
) -> None:
    assert fetch(lab, tmp_path, line).names == X64
    (asked,) = lab.journal.entries("ContentLocationRequest")
    assert ("the newest client" in asked.what) is newest


@pytest.mark.rule("CI-010")
def test_the_management_point_gives_the_files_when_no_distribution_point_does(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("dp", None, "refuse")
    found = fetch(lab, tmp_path)
    assert (found.names, found.sources) == (X64, {MP2})


@pytest.mark.rule("CI-010")
def test_the_management_point_is_not_asked_before_its_time(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("dp", None, "refuse")
    with pytest.raises(ContentNotObtainedError) as caught:
        fetch(lab, tmp_path, waits=True, seconds=1.5)
    assert "opens after" in caught.value.message
    assert not lab.journal.entries("client.msi")


@pytest.mark.rule("CI-002", "CI-006")
def test_folders_alone_ask_nobody_and_the_next_one_is_tried(lab: Lab, tmp_path: Path) -> None:
    folder = package(lab, tmp_path)
    lab.journal.clear()
    found = fetch(lab, tmp_path, setup_sources=[str(tmp_path / "empty"), str(folder)])
    assert found.names == X64
    assert {str(file.address) for file in found.report.files} == {str(folder)}
    assert not lab.journal.entries()


@pytest.mark.rule("CI-003")
def test_folders_without_the_cabinet_are_an_error(lab: Lab, tmp_path: Path) -> None:
    folder = package(lab, tmp_path)
    (folder / "ccmsetup.cab").unlink()
    with pytest.raises(ContentNotObtainedError, match=r"ccmsetup\.cab"):
        fetch(lab, tmp_path, setup_sources=[str(folder), str(tmp_path / "empty")])


@pytest.mark.rule("CI-004")
@pytest.mark.parametrize("is_dead", [False, True], ids=["management points alive", "management points dead"])
def test_with_both_a_folder_is_taken_only_when_no_management_point_is_there(
    lab: Lab, tmp_path: Path, *, is_dead: bool
) -> None:
    folder = package(lab, tmp_path)
    if is_dead:
        lab.set_fault("mp", None, "refuse")
    line = f"/mp:mp1.corp.contoso.test:{lab.settings()['http_port']}"
    found = fetch(lab, tmp_path, line, setup_sources=[str(folder)])
    assert found.names == X64
    assert (str(folder) in {str(file.address) for file in found.report.files}) is is_dead


def test_nothing_of_ours_stays_in_the_folder_when_nobody_could_be_asked(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("mp", None, "refuse")
    with pytest.raises(LocateError):
        fetch(lab, tmp_path)
    assert list((tmp_path / "target").iterdir()) == []


def test_no_management_point_and_no_folder_is_an_error_that_says_what_was_tried(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("mp", None, "refuse")
    with pytest.raises(LocateError) as caught:
        fetch(lab, tmp_path)
    assert caught.value.location.attempts
    assert [path for path in (tmp_path / "target").rglob("*") if ".cmclient" not in path.parts] == []


@pytest.mark.rule("CI-037")
@pytest.mark.parametrize("is_wrong", [False, True])
def test_a_file_with_a_wrong_hash_ends_it_and_no_other_source_is_asked(
    lab: Lab, tmp_path: Path, *, is_wrong: bool
) -> None:
    folder, good = package(lab, tmp_path), tmp_path / "good"
    shutil.copytree(folder, good)
    if is_wrong:
        data = bytearray((folder / "x64" / "client.msi").read_bytes())
        data[1000] ^= 1
        (folder / "x64" / "client.msi").write_bytes(data)
        with pytest.raises(HashMismatchError, match=r"client\.msi"):
            fetch(lab, tmp_path, setup_sources=[str(folder), str(good)])
        assert not (tmp_path / "target" / "x64" / "client.msi").exists()
        return
    assert fetch(lab, tmp_path, setup_sources=[str(folder), str(good)]).names == X64


def test_a_cabinet_that_is_none_is_left_for_the_next_source(lab: Lab, tmp_path: Path) -> None:
    folder, good = package(lab, tmp_path), tmp_path / "good"
    shutil.copytree(folder, good)
    (folder / "ccmsetup.cab").write_bytes(b"<html>log on first</html>")
    found = fetch(lab, tmp_path, setup_sources=[str(folder), str(good)])
    assert {str(file.address) for file in found.report.files} == {str(good)}


def test_a_manifest_that_names_a_file_outside_the_target_is_left_with_its_source(lab: Lab, tmp_path: Path) -> None:
    folder = package(lab, tmp_path)
    cabinet = (folder / "ccmsetup.cab").read_bytes()
    manifest = read_cabinet(cabinet, "ccmsetup.xml", cap=1_000_000)
    evil = manifest.replace(b'"x64/client.msi"', b'"../../client.msi"')
    assert evil != manifest
    (folder / "ccmsetup.cab").write_bytes(build_cabinet("ccmsetup.xml", evil))
    with pytest.raises(ContentNotObtainedError, match="leads out of its folder"):
        fetch(lab, tmp_path, setup_sources=[str(folder)])
    assert list((tmp_path / "target").iterdir()) == []
    assert not (tmp_path / "client.msi").exists()
    shutil.copytree(tmp_path / "made" / "target", tmp_path / "good")
    (tmp_path / "good" / "ccmsetup.cab").write_bytes(cabinet)
    assert fetch(lab, tmp_path, setup_sources=[str(folder), str(tmp_path / "good")]).names == X64


@pytest.mark.parametrize(
    ("platform", "has"),
    [("x64", {"x64/client.msi"}), ("x86", {"i386/client.msi"}), ("all", {"x64/client.msi", "i386/client.msi"})],
)
def test_only_the_files_of_a_processor_are_taken(lab: Lab, tmp_path: Path, platform: str, has: set[str]) -> None:
    names = fetch(lab, tmp_path, platform=platform).names
    assert {name for name in names if name.endswith("client.msi")} == has


@pytest.mark.rule("CI-026")
def test_a_mac_is_not_installed_from_a_folder_alone(lab: Lab, tmp_path: Path) -> None:
    mac = lab.client_facts()._replace(client_kind=ClientKind.MAC, origins=MappingProxyType({"client_kind": "given"}))
    folder = str(tmp_path / "folder")
    with pytest.raises(ConfigError, match="CI-026"):
        fetch(lab, tmp_path, setup_sources=[folder], client_kind="mac", facts=mac)
