"""Attributes that a reader of the directory does not get to see: what is known of the rest, and what is not made up."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LAB = Path(__file__).parent.parent.parent / "docs" / "example" / "poor-directory.toml"


def discover(lab: Path = LAB) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cmclient", "discover", "--lab-file", str(lab), "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def named_by_directory(document: dict[str, Any]) -> set[str]:
    return {
        one["mp"]["host"].partition(".")[0]
        for one in document["candidates"]
        if any(origin["source"] == "directory" for origin in one["origins"])
    }


@pytest.mark.rule("AD-010")
def test_missing_attributes__leave_out_what_they_say_and_nothing_else() -> None:
    document = discover()
    assert named_by_directory(document) == {"mp1", "mp2", "mp3"}
    (broken,) = document["unreadable"]
    assert broken["name"] == "SMS-MP-ABC-MP4.CORP.EXAMPLE.TEST"
    sites = {one["mp"]["host"].partition(".")[0]: one["mp"]["site_code"] for one in document["candidates"]}
    assert sites == {"mp1": "ABC", "mp2": "ABC", "mp3": "ABC", "mp4": "ABC", "mp-s01": None}


def test_nothing_withheld__all_are_named(tmp_path: Path) -> None:
    lines = [line for line in LAB.read_text(encoding="utf-8").splitlines() if not line.startswith("withheld")]
    (tmp_path / "lab.toml").write_text("\n".join(lines), encoding="utf-8")
    document = discover(tmp_path / "lab.toml")
    assert named_by_directory(document) == {"mp1", "mp2", "mp3", "mp4"}
    assert not document["unreadable"]
