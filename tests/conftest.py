"""What every test relies on: no ambient settings, no network but loopback, a fixed clock and a fixed chooser."""

import ipaddress
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# A slow machine is no failure; how long something may take is a test of its own. The usual run is to be quick;
# 'tox -e slow' looks at many more examples.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=40)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=400)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

pytest_plugins = ["rulemarks"]

VECTORS = Path(__file__).parent / "vectors"

_AMBIENT = (
    "PROXY",
    "CMCLIENT_",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
)


def _refuse_other_hosts(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: a test that talks to anything but this machine is a defect (lookups included)."""
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        if isinstance(address, tuple) and address:
            _require_loopback(event, str(address[0]))
    elif event == "socket.getaddrinfo" and arguments[0] is not None:
        _require_loopback(event, arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0]))


def _require_loopback(event: str, host: str) -> None:
    if host in {"", "localhost"}:
        return
    try:
        allowed = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise RuntimeError(f"a test may only use loopback: {event} {host}")


sys.addaudithook(_refuse_other_hosts)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's machine reaches a test."""
    for name in list(os.environ):
        if any(part in name.upper() for part in _AMBIENT):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # a Python that a test starts takes the installed package, not the tree
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """A command that ran within a test, or for a whole file of them, leaves the logger as a program finds it."""
    _forget_logging()
    yield
    _forget_logging()


def _forget_logging() -> None:
    logger = logging.getLogger("cmclient")
    logger.handlers, logger.propagate = [], True
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def vectors() -> Path:
    """The folder of real samples, each with its source."""
    return VECTORS
