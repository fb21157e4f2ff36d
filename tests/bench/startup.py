"""How long starting takes, against the bare interpreter, and ``--help`` against that of other tools for these sites."""

import json
import subprocess
import sys
from pathlib import Path

from harness import Goal, Race, environment, finish, folder, options_of, python, race_commands

PASS = "python -c pass"
IMPORT, HELP, VERSION, OFFLINE = "import cmclient", "cmclient --help", "cmclient --version", "locate --offline"
# Other Python tools for these sites. Whoever has one says by its command how it is started.
PEERS = {"sccmhunter --help": "sccmhunter", "SCCMSecrets --help": "SCCMSecrets", "pxethief --help": "pxethief"}
LIST = """
import sys
from pathlib import Path
from cmclient.adapters.store import SqliteStore
from cmclient.model.decision import Candidate, Origin, SourceKind
from cmclient.model.endpoints import ManagementPoint, Protocols
from cmclient.model.names import HostName, SiteCode
origin = Origin(SourceKind.STORED_LIST, "the list of mp0.corp.test")
points = [
    ManagementPoint(HostName(f"mp{number}.corp.test"), site_code=SiteCode("P01"), protocols=Protocols.BOTH)
    for number in range(6)
]
with SqliteStore(Path(sys.argv[1])) as store:
    store.replace_mp_list([Candidate(point, (origin,)) for point in points])
"""


def measure(rounds: int) -> list[Race]:
    """All start-ups in one race."""
    with folder() as place:
        store = place / "store.sqlite3"
        subprocess.run(python("-c", LIST, str(store)), env=environment(), check=True)  # noqa: S603 - our own
        offline = python("-m", "cmclient", "locate", "--offline", "--store", str(store), "--site-code", "P01")
        _require_located(offline, place)
        commands = {
            PASS: python("-c", "pass"),
            IMPORT: python("-c", "import cmclient"),
            VERSION: python("-m", "cmclient", "--version"),
            HELP: python("-m", "cmclient", "--help"),
            OFFLINE: offline,
            **{name: [command, "--help"] for name, command in PEERS.items()},
        }
        goals = [Goal(IMPORT, PASS, 1.5), Goal(VERSION, PASS, 2.7), Goal(HELP, PASS, 2.7), Goal(OFFLINE, PASS, 4.5)]
        goals += [Goal(HELP, name, 1 / 14) for name in PEERS]
        return [race_commands("Starting", commands, rounds=rounds, cwd=place, goals=goals)]


def _require_located(offline: list[str], place: Path) -> None:
    said = subprocess.run(  # noqa: S603 - our own
        [*offline, "--format", "json"], cwd=place, env=environment(), check=True, capture_output=True
    )
    located = json.loads(said.stdout)
    if not located["chosen"]:
        sys.exit("nothing was located from the stored list")


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    finish(measure(options.rounds or 21), options.json)


if __name__ == "__main__":
    main()
