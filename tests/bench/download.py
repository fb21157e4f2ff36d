"""One large file, hashed, to disk, beside curl with and without sha256sum, and aria2c. ``--full``: 1 GiB."""

import argparse
from pathlib import Path

from files import PLACE, aria2c, cmclient, contestants, curl, find_missing, folder_in, has_server, serve, write_files
from harness import MEBIBYTE, Goal, Race, finish, options_of, race

OURS, BARE, HASHED, ARIA = "cmclient fetch", "curl -o", "curl -o; sha256sum", "aria2c"
GOALS = (Goal(OURS, HASHED, 0.6), Goal(OURS, BARE, 1.15), Goal(OURS, ARIA, 1.0), Goal(OURS, "", 40, "peak"))
NOTE = "curl and aria2c leave it to the system when the file reaches the disk; cmclient waits for that."


def measure(place: Path, size: int, rounds: int) -> list[Race]:
    """Over HTTP and over HTTPS."""
    source, target = place / PLACE / "large", place / "out"
    write_files(source, 1, size)
    copy, races = target / "f00000", []
    with serve(place) as server:
        for scheme, port in server.ports.items():
            url = f"{scheme}://localhost:{port}/{PLACE}/large"
            bare = curl(server, "-o", str(copy), f"{url}/f00000")
            steps = {
                BARE: [bare],
                HASHED: [bare, ["sha256sum", str(copy)]],
                ARIA: [aria2c(server, target, "-x4", "-s4", f"{url}/f00000")],
                OURS: [cmclient(server, url, target)],
            }
            job = f"One file of {size // MEBIBYTE} MiB, {scheme}"
            missing = find_missing({HASHED: "sha256sum", ARIA: "aria2c"})
            running = contestants(steps, source, target)
            races.append(race(job, running, rounds=rounds, missing=missing, goals=GOALS, notes=[NOTE]))
        if "https" not in server.ports:
            print("missing: trustme, so there is nothing over HTTPS")
    return races


def main() -> None:
    """Measure and print."""
    options: argparse.Namespace = options_of(__doc__, ("--folder", {"help": "where the files go", "type": Path}))
    if not has_server():
        raise SystemExit("missing: nginx or curl")
    with folder_in(options.folder) as place:
        finish(measure(place, (1024 if options.full else 128) * MEBIBYTE, options.rounds or 5), options.json)


if __name__ == "__main__":
    main()
