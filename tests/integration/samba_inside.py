"""Starts Samba: the first program in the namespaces that ``Daemon`` makes. Not imported; needs nothing but Python."""

import os
import subprocess
import sys
from pathlib import Path


def main(folder: str) -> None:
    """Lay the folder's files over the machine's, as this namespace alone sees them, and become Samba."""
    own, theirs = Path(folder, "run"), Path("/run/samba")
    theirs.mkdir(exist_ok=True)  # Samba's packages make it, but not where nothing has booted
    # The paths of some sockets are compiled in: without a /run/samba of its own, one Samba would meet another's.
    _bind(own, theirs)
    for name in ("hosts", "resolv.conf"):
        _bind(Path(folder, "etc", name), Path("/etc", name))
    configuration = f"--configfile={folder}/etc/smb.conf"
    os.execvp("samba", ["samba", configuration, "--interactive", "--no-process-group"])  # noqa: S606, S607


def _bind(source: Path, target: Path) -> None:
    subprocess.run(["mount", "--bind", source, target], check=True)  # noqa: S603, S607


if __name__ == "__main__":
    main(sys.argv[1])
