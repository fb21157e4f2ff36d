"""The page on log records lists every event that the code logs, with its level and loggers, and no other one."""

import ast
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import cmclient
from cmclient import download
from cmclient.model.download import EventKind
from cmclient.model.lease import EffectKind

PACKAGE = Path(cmclient.__file__).parent
PAGE = Path(__file__).parent.parent.parent / "docs" / "logging.md"
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
ROW = re.compile(r"^\| `([a-z.-]+)` \| (\w+) \| (.+?) \| (.+?) \|$", re.MULTILINE)

# Events whose name has a part that is only known when it happens.
FAMILIES: dict[str, type[Enum]] = {"lease.": EffectKind, "download.": EventKind}


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call that logs: logger, call, method."""
    for path in sorted(PACKAGE.rglob("*.py")):
        logger = ".".join(("cmclient", *path.relative_to(PACKAGE).with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and isinstance(node.func.value, ast.Name) and node.func.value.id.lower() == "_log":
                yield logger, node, node.func.attr


def named(logger: str, call: ast.Call) -> list[str]:
    """The events that a call may log."""
    (extra,) = (one.value for one in call.keywords if one.arg == "extra")
    assert isinstance(extra, ast.Dict), logger
    assert [key.value for key in extra.keys if isinstance(key, ast.Constant)] == ["event"], logger
    (event,) = extra.values
    if isinstance(event, ast.Constant):
        return [str(event.value)]
    assert isinstance(event, ast.JoinedStr), logger
    prefix = event.values[0]
    assert isinstance(prefix, ast.Constant), logger
    return [f"{prefix.value}{one.value}" for one in FAMILIES[str(prefix.value)]]


def level_of(event: str, method: str) -> str:
    if method in LEVELS:
        return LEVELS[method]
    assert method == "log", event
    is_aloud = event.removeprefix("download.") in {one.value for one in download._TOLD_ALOUD}
    return "info" if is_aloud else "debug"


def logged() -> set[tuple[str, str, str]]:
    """Event, level and logger of everything that the code logs."""
    return {
        (event, level_of(event, method), logger)
        for logger, call, method in calls()
        if method != "isEnabledFor"
        for event in named(logger, call)
    }


def listed() -> list[tuple[str, str, str, str]]:
    """Event, level, logger and meaning as the page has them."""
    return [
        (event, level, logger, said)
        for event, level, loggers, said in ROW.findall(PAGE.read_text(encoding="utf-8"))
        for logger in re.findall(r"`([\w.]+)`", loggers)
    ]


def test_page__lists_what_is_logged_and_nothing_else() -> None:
    on_page = {(event, level, logger) for event, level, logger, _ in listed()}
    code = logged()
    assert len(code) > 50
    assert sorted(code - on_page) == [], "logged, and docs/logging.md does not list it"
    assert sorted(on_page - code) == [], "docs/logging.md lists it, and nothing logs it"


def test_page__lists_each_event_once_sorted_and_says_when() -> None:
    events = [event for event, *_ in ROW.findall(PAGE.read_text(encoding="utf-8"))]
    assert events == sorted(set(events))
    assert all(said.strip() for *_, said in listed())


def test_modules__log_by_their_own_logger_alone() -> None:
    strays = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in re.findall(r"^_\w+ = logging\.getLogger\((.*)\)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if line != "__name__"
    ]
    assert strays == []
