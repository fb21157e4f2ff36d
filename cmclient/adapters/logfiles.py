"""Log files: those of a folder, and their bytes block by block."""

import sys
from collections.abc import Iterator
from pathlib import Path

from ..errors import CmClientError, ConfigError

__all__ = ["STANDARD_INPUT", "list_folder", "read_log"]

STANDARD_INPUT = "-"
_BLOCK = 1024 * 1024  # bytes: enough for searching to pay, little enough for memory to stay flat
_MOST_NAMES = 10_000  # files of a folder; more is no folder of logs


def list_folder(path: str) -> tuple[str, ...] | None:
    """The names of the files in a folder, sorted; None for what is no folder.

    Raises:
        ConfigError: It is a folder that cannot be read, or one of more than 10,000 files.
    """
    try:
        if not Path(path).is_dir():
            return None
        names = sorted(entry.name for entry in Path(path).iterdir() if entry.is_file())
    except OSError as error:
        raise ConfigError((f"{path} cannot be read: {error.strerror or error}",), hint="see who may read it") from error
    if len(names) > _MOST_NAMES:
        raise ConfigError((f"{path} has {len(names)} files",), hint="name the logs one by one")
    return tuple(names)


def read_log(path: str) -> Iterator[bytes]:
    """Read a file in blocks.

    Args:
        path: The file; ``-`` for standard input.

    Yields:
        Blocks of at most 1 MiB, in order; nothing for an empty file.

    Raises:
        ConfigError: It cannot be opened.
        CmClientError: It could be opened, and then not be read to its end.
    """
    try:
        file = sys.stdin.buffer if path == STANDARD_INPUT else Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        hint = "name a log, a folder of logs, or - for standard input"
        raise ConfigError((f"{path} cannot be read: {error.strerror or error}",), hint=hint) from error
    with file:
        while True:
            try:
                block = file.read(_BLOCK)
            except OSError as error:
                raise CmClientError(f"{path} cannot be read to its end: {error.strerror or error}") from error
            if not block:
                return
            yield block
