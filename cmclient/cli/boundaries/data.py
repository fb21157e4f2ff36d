"""Boundary data named on the command line."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ConfigError
from ..render import printable

if TYPE_CHECKING:
    from ...model.groups import DataFault, SiteData
    from ...protocol.sitedata import SiteDataRead

__all__ = [
    "add_data",
    "add_lenient",
    "count_of",
    "describe_left_out",
    "read_bytes",
    "read_data",
    "read_files",
    "refuse_to_replace",
    "say",
]

_CAP = 64 * 1024 * 1024  # bytes of boundary data; more than any hierarchy has
_EXTENSIONS = {".csv", ".json", ".ldif", ".toml"}  # of the files that a folder stands for
_MOST_TOLD = 20  # faults in one message; 'boundaries import' tells all of them


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add ``--data`` and ``--lenient``."""
    what = "boundaries and boundary groups: TOML, JSON, CSV or LDIF, or a folder of such files; repeatable"
    parser.add_argument("--data", metavar="FILE", required=True, action="append", help=what)
    add_lenient(parser)


def add_lenient(parser: argparse.ArgumentParser) -> None:
    """Add ``--lenient``."""
    parser.add_argument("--lenient", action="store_true", help="leave out what cannot be used in the data, and say so")


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
        fault = f"{called} {name} cannot be read: {error.strerror or error}"
        raise ConfigError((fault,), hint="name a file that is there and may be read") from error
    if len(data) > _CAP:
        hint = "name boundary data of one hierarchy; several files are given one by one"
        raise ConfigError((f"{called} {name} is larger than {_CAP} bytes",), hint=hint)
    return data


def read_files(names: Iterable[str], *, called: str) -> "SiteDataRead":
    """Read files as one hierarchy's boundary data.

    Args:
        names: Their paths; a folder stands for the files in it that may be boundary data.
        called: What to call them in messages, such as ``--data``.

    Returns:
        What can be used, and everything that cannot.

    Raises:
        ConfigError: A file cannot be opened, or a folder has none.
    """
    from ...protocol.sitedata import SourceFile, read_site_data
    from ...rules.boundaries import check_boundary

    found = (file for name in names for file in _files_of(name, called))
    files = (SourceFile(name, read_bytes(name, called=called)) for name in found)
    return read_site_data(files, check=check_boundary)


def refuse_to_replace(target: str, names: Iterable[str], *, option: str) -> None:
    """Refuse to write over boundary data.

    Args:
        target: The file that is to be written.
        names: The files and folders that boundary data is read from.
        option: The option that names the target.

    Raises:
        ConfigError: The target is one of the files, by whatever name.
    """
    path = Path(target)
    try:
        mine = [name for given in names for name in _files_of(given, "--data") if path.exists() and path.samefile(name)]
    except OSError:
        return  # what cannot be looked at is told by who reads or writes it
    if mine:
        raise ConfigError((f"{option} {target} is the boundary data itself",), hint="name another file")


def _files_of(name: str, called: str) -> list[str]:
    folder = Path(name)
    if not folder.is_dir():
        return [name]
    found = sorted(str(one) for one in folder.iterdir() if one.suffix.lower() in _EXTENSIONS and one.is_file())
    if not found:
        fault = f"{called} {name} is a folder without any {', '.join(sorted(_EXTENSIONS))} file"
        raise ConfigError((fault,), hint="name the files themselves, or the folder that they are in")
    return found


def read_data(arguments: argparse.Namespace) -> "SiteData":
    """Read the boundary data that the command line names; with ``--lenient`` say what was left out.

    Raises:
        ConfigError: A file cannot be opened; or something in it is wrong, and the command line is not lenient.
    """
    read = read_files(arguments.data, called="--data")
    if read.faults and not arguments.lenient:
        faults = [str(fault) for fault in read.faults[:_MOST_TOLD]]
        if len(read.faults) > _MOST_TOLD:
            faults.append(f"and {len(read.faults) - _MOST_TOLD} more, which 'cmclient boundaries import' lists")
        raise ConfigError(tuple(faults), hint="mend the data, or leave out what is wrong in it with --lenient")
    say(map(describe_left_out, read.faults))
    return read.data


def count_of(number: int, thing: str) -> str:
    """A number of things in words: ``1 boundary``, ``2 boundaries``."""
    if number == 1:
        return f"1 {thing}"
    return f"{number} {thing.removesuffix('y')}ies" if thing.endswith("y") else f"{number} {thing}s"


def describe_left_out(fault: "DataFault") -> str:
    """What is left out because of a fault, and why."""
    return f"left out {fault.left_out or 'what is wrong'}: {fault}"


def say(lines: Iterable[str]) -> None:
    """Print lines that are not the result."""
    for line in lines:
        print(printable(line), file=sys.stderr)
