"""What is installed from the wheel, and what the two archives hold."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHARED = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].values())
DATA = {".csv", ".json", ".jsonl", ".py", ".toml", ".typed"}  # what the package consists of


def test_classifiers__name_the_pythons_that_are_tested() -> None:
    tested = re.search(r"py3\{([\d,]+)\}", (ROOT / "tox.ini").read_text(encoding="utf-8"))
    assert tested is not None
    named = {one for one in PROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", one)}
    minors = tested[1].split(",")
    assert named == {f"Programming Language :: Python :: 3.{minor}" for minor in minors}
    assert PROJECT["project"]["requires-python"] == f">=3.{min(map(int, minors))}"


def test_extras__are_all_told_of() -> None:
    page = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    for extra in PROJECT["project"]["optional-dependencies"]:
        assert f"| `{extra}` |" in page


@pytest.fixture(scope="module")
def installed() -> metadata.Distribution:
    if not os.environ.get("CMCLIENT_EXPECT_WHEEL"):
        pytest.skip("the wheel is not what is installed here; tox builds and installs it")
    return metadata.distribution("cmclient")


def test_installed__says_what_it_is(installed: metadata.Distribution) -> None:
    said = installed.metadata
    assert said["Summary"].endswith("say why.")
    assert said["License-Expression"] == "MIT"
    assert said["Description-Content-Type"] == "text/markdown"
    assert said.get_all("Description") or said.get_payload()
    assert {"sccm", "management point"} <= set(said["Keywords"].split(","))
    assert set(said.get_all("Provides-Extra")) == set(PROJECT["project"]["optional-dependencies"])


def test_installed__has_a_command_beside_the_module(installed: metadata.Distribution) -> None:
    (entry,) = installed.entry_points.select(group="console_scripts")
    assert (entry.name, entry.value) == ("cmclient", "cmclient.__main__:run")
    place = Path(sys.executable).parent
    command = next(path for path in (place / "cmclient", place / "cmclient.exe") if path.exists())
    printed = [
        subprocess.run([*line, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        for line in ((str(command),), (sys.executable, "-m", "cmclient"))
    ]
    assert printed == [f"cmclient {installed.version}\n"] * 2


def test_installed__is_typed_licensed_and_has_page_completion_and_unit(installed: metadata.Distribution) -> None:
    files = [str(path) for path in installed.files or ()]
    assert "cmclient/py.typed" in files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)
    assert all(any(name.endswith(shared) for name in files) for shared in SHARED)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive, unpacked, and the wheel that was built from it."""
    pytest.importorskip("hatchling", reason="the build backend is not installed; 'tox -e slow' brings it")
    folder = tmp_path_factory.mktemp("built")
    (source,) = build(ROOT, "sdist", folder)
    with tarfile.open(source) as packed:
        packed.extractall(folder, filter="data")
    tree = folder / source.name.removesuffix(".tar.gz")
    (wheel,) = build(tree, "wheel", folder)
    return tree, wheel


def build(tree: Path, what: str, folder: Path) -> tuple[Path, ...]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", what, "-d", str(folder)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return tuple(folder.glob("*.whl" if what == "wheel" else "*.tar.gz"))


@pytest.mark.slow
def test_wheel__has_the_package_its_data_and_nothing_else(archives: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(archives[1]).namelist()
    inside = {name for name in names if name.startswith("cmclient/")}
    assert inside == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "cmclient").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {Path(name).suffix for name in inside} <= DATA
    outside = {name.partition("/")[2] for name in names if not name.startswith("cmclient/")}
    assert outside == {f"data/{name}" for name in SHARED} | {
        "METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE",
    }  # fmt: skip


@pytest.mark.slow
def test_source_archive__can_run_its_own_tests(archives: tuple[Path, Path], tmp_path: Path) -> None:
    tree, _ = archives
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"} | {
        "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "CMCLIENT_EXPECT_WHEEL": "",
    }  # fmt: skip

    def pytest_there(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", f"--basetemp={tmp_path}", *arguments]
        return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)  # noqa: S603

    # Every test module reads its data when it is collected; these read what else the tree holds.
    collected = pytest_there("--collect-only", "-m", "", "tests")
    assert collected.returncode == 0, collected.stdout[-2000:]
    some = ("tests/meta/test_security_page.py", "tests/meta/test_packaging.py", "tests/unit/test_catalogue.py")
    done = pytest_there("-k", "not command_in_the and not made_page", "tests/meta/test_docs.py", *some)
    assert done.returncode == 0, done.stdout[-2000:]
