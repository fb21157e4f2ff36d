"""The threat model names tests that exist, and every reason that an error can have."""

import re
from pathlib import Path

import pytest

from cmclient.adapters.login_problems import REASONS as LOGIN_REASONS
from cmclient.adapters.server_refusals import REASONS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
THREATS = [line.split("|")[1:-1] for line in PAGE.partition("## ")[0].splitlines() if line.startswith("| ")][2:]


@pytest.mark.parametrize(("threat", "done", "shown"), THREATS, ids=lambda text: text.strip()[:40])
def test_threat__has_a_test_that_exists(threat: str, done: str, shown: str) -> None:
    path, _, name = shown.strip().strip("`").partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert f"def {name or 'test_'}" in text


def test_reasons__are_all_explained() -> None:
    assert {*REASONS, *LOGIN_REASONS} <= set(re.findall(r"`([a-z-]+)`", PAGE))
