"""The page on how it is built names what is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import cmclient

PACKAGE = Path(cmclient.__file__).parent
PAGE = (Path(__file__).parent.parent.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
LAYERS, WALK = (PAGE.split(f"## {title}")[1].split("\n## ")[0] for title in ("Layers", "One locate"))
NAMES = re.compile(r"`([\w.*/]+)`")


def is_there(name: str) -> bool:
    """Whether ``module.Class.method`` is something of the package."""
    words = name.split(".")
    for count in range(len(words), 0, -1):
        if (PACKAGE.joinpath(*words[:count]).with_suffix(".py")).exists():
            found = import_module(f"cmclient.{'.'.join(words[:count])}")
            for word in words[count:]:
                if not hasattr(found, word):
                    return False
                found = getattr(found, word)
            return True
    return PACKAGE.joinpath(*words).is_dir()


def test_page__says_something() -> None:
    assert len(NAMES.findall(WALK)) > 20
    assert len(NAMES.findall(LAYERS)) > 50


@pytest.mark.parametrize("name", dict.fromkeys(name for name in NAMES.findall(WALK + LAYERS) if "/" not in name))
def test_page__what_it_names_is_there(name: str) -> None:
    assert is_there(name)


def test_page__names_every_module_between_the_layers() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_")}
    assert modules <= set(NAMES.findall(LAYERS))


@pytest.mark.parametrize("path", dict.fromkeys(name for name in NAMES.findall(PAGE) if "/" in name))
def test_page__files_that_it_names_are_there(path: str) -> None:
    assert list(PACKAGE.glob(path))


def test_name_that_is_not_there__is_found_out() -> None:
    assert not is_there("search.Search.nonsense")
    assert not is_there("nonsense.Search")
    assert is_there("search.Search.ask")
