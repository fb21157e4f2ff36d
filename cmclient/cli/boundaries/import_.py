"""``cmclient boundaries import``."""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ..codes import DONE, FINDINGS
from ..render import print_json
from .data import add_lenient, count_of, describe_left_out, read_files, say

if TYPE_CHECKING:
    from ...protocol.sitedata import SiteDataRead

__all__ = ["HELP", "configure", "run"]

HELP = """\
Read boundary data as a site gives it out, and write it as one TOML file for the other actions. Takes rows of the
administration service (JSON) or of Get-CMBoundary, Get-CMBoundaryGroup, Get-CMBoundaryGroupRelationship and the like
with Export-Csv, what 'ldapsearch' prints of a System Management container (LDIF), and TOML; all files together are one
hierarchy. Asks nobody.
Exit codes: 0 written, 9 something in the data is wrong and nothing was written.
"""

_SCHEMA = "cmclient.boundaries-import/1"
_STDOUT = "-"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="JSON, CSV, LDIF or TOML, or a folder of such files")
    parser.add_argument("--output", metavar="DATA", required=True, help="the file to write; - for standard output")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    add_lenient(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, tell, write."""
    if arguments.output == _STDOUT and arguments.format == "json":
        raise ConfigError(("both the data and the JSON document would go to standard output",), hint="name a file")
    target = None if arguments.output == _STDOUT else _target(arguments.output, force=arguments.force)
    read = read_files(arguments.files, called="FILE")
    is_written = not read.faults or (arguments.lenient and bool(read.data.boundaries or read.data.groups))
    _tell(read, is_lenient=arguments.lenient, is_written=is_written)
    if is_written:
        from ...protocol.sitedata import build_site_data

        _write(target, build_site_data(read.data))
    if arguments.format == "json":
        print_json(_document(read, arguments.output if is_written else None))
    elif target is not None and is_written:
        print(f"{arguments.output}: {_counts(read)}")
    return DONE if is_written else FINDINGS


def _tell(read: "SiteDataRead", *, is_lenient: bool, is_written: bool) -> None:
    """Say on standard error what is worth knowing and what is wrong."""
    say(f"note: {note}" for note in read.notes)
    say(describe_left_out(fault) if is_lenient else str(fault) for fault in read.faults)
    if not read.faults:
        return
    count = "one fault" if len(read.faults) == 1 else f"{len(read.faults)} faults"
    if is_written:
        say([f"{count} left out; the rest is written"])
    elif is_lenient:
        say([f"{count}; nothing is left to write"])
    else:
        say([f"{count}; nothing is written. Mend the data, or leave out what is wrong in it with --lenient"])


def _counts(read: "SiteDataRead") -> str:
    data = read.data
    kinds = Counter(boundary.kind.value for boundary in data.boundaries)
    shown = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    boundaries = count_of(len(data.boundaries), "boundary") + (f" ({shown})" if shown else "")
    groups, servers = count_of(len(data.groups), "boundary group"), count_of(len(data.servers), "server")
    return f"{boundaries}, {groups}, {servers}, {count_of(len(data.sites), 'site')}"


def _document(read: "SiteDataRead", output: str | None) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "output": output,
        "boundaries": len(read.data.boundaries),
        "groups": len(read.data.groups),
        "servers": len(read.data.servers),
        "sites": len(read.data.sites),
        "faults": [fault._asdict() for fault in read.faults],
        "notes": list(read.notes),
    }


def _target(name: str, *, force: bool) -> Path:
    """The file to write.

    Raises:
        ConfigError: It is there already, or is no file, or has no folder.
    """
    target = Path(name)
    if not target.parent.is_dir():
        raise ConfigError((f"--output {name} has no folder to be in",), hint=f"make the folder {target.parent} first")
    if target.exists() and not target.is_file():
        raise ConfigError((f"--output {name} is there and is no file",), hint="name another one")
    if target.exists() and not force:
        raise ConfigError((f"--output {name} is there already",), hint="name another one, or replace it with --force")
    return target.resolve()  # what a link points to is replaced, not the link


def _write(target: Path | None, data: bytes) -> None:
    """Write data: as a whole or not at all when it goes to a file.

    Raises:
        ConfigError: The file cannot be written.
    """
    if target is None:
        sys.stdout.write(data.decode())
        return
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        problem = f"--output {target} cannot be written: {error.strerror or error}"
        raise ConfigError(
            (problem,), hint="see that its folder can be written to, and that the disk is not full"
        ) from error
