"""Boundary data named on the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from ...model.groups import SiteData

__all__ = ["add_data", "read_bytes", "read_data"]

_CAP = 64 * 1024 * 1024  # bytes of boundary data; more than any hierarchy has


def add_data(parser: "argparse.ArgumentParser") -> None:
    """Add ``--data``."""
    parser.add_argument("--data", metavar="FILE", required=True, help="boundaries and boundary groups, TOML")


def read_bytes(name: str, *, called: str) -> bytes:
    """Read a file.

    Args:
        name: Its path.
        called: What to call it in messages, such as ``--data``.

    Raises:
        ConfigError: It cannot be read, or is larger than any such file would be.
    """
    try:
        with Path(name).open("rb") as file:
            data = file.read(_CAP + 1)
    except OSError as error:
        raise ConfigError((f"{called} {name} cannot be read: {error.strerror or error}",)) from error
    if len(data) > _CAP:
        raise ConfigError((f"{called} {name} is larger than {_CAP} bytes",))
    return data


def read_data(name: str) -> "SiteData":
    """Read boundary data as TOML.

    Raises:
        ConfigError: The file cannot be read, or something in it is wrong; every fault is named.
    """
    from ...protocol.sitedata import parse_site_data

    return parse_site_data(read_bytes(name, called="--data"), name=name)
