"""The page on errors has every code, with what it means, what causes it, and what to do next."""

import inspect
import re
from pathlib import Path

import pytest

from cmclient import errors
from cmclient.cli.codes import code_of

PAGE = (Path(__file__).parent.parent.parent / "docs" / "errors.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^## ([a-z-]+)\n\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
PART = re.compile(r"^- \*\*(.+?):\*\* (.+?)(?=^- |\Z)", re.MULTILINE | re.DOTALL)
FEW = 15  # characters; less is no sentence

KINDS = {
    kind.code: kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.CmClientError)
}
ENTRIES = dict(ENTRY.findall(PAGE))


def test_page__has_every_code_and_no_other_in_order() -> None:
    assert sorted(set(KINDS) - set(ENTRIES)) == [], "docs/errors.md has no entry for them"
    assert list(ENTRIES) == sorted(KINDS)


@pytest.mark.parametrize("code", sorted(KINDS))
def test_entry__says_what_it_is_why_and_what_next(code: str) -> None:
    kind, entry = KINDS[code], ENTRIES[code]
    ends = code_of(kind.__new__(kind))
    head = f"`{kind.__name__}`, disposition {kind.disposition.value}, exit code {ends}."
    assert entry.splitlines()[0] == head
    parts = {name: " ".join(text.split()) for name, text in PART.findall(entry)}
    assert list(parts) == ["Meaning", "Cause", "Next step"]
    assert parts["Meaning"] == (inspect.getdoc(kind) or "").splitlines()[0].replace("``", "`")
    assert all(len(text) >= FEW and text.endswith(".") for text in parts.values())
