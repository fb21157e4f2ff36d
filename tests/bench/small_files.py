"""Many files of 20 KiB, hashed, near and 10 ms away, beside curl, aria2c and a pool of requests. ``--full``: 5,000."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from files import (
    PLACE,
    SMALL,
    Server,
    Step,
    aria2c,
    cmclient,
    contestants,
    curl,
    far_away,
    find_missing,
    folder_in,
    has_server,
    serve,
    write_files,
)
from harness import Goal, Race, finish, has_module, options_of, python, race

OURS, FOUR, FIFTY, ARIA, POOL = "cmclient fetch", "curl -Z, 4", "curl -Z, 50", "aria2c, 4", "requests, 4 threads"
NEAR = (Goal(OURS, FOUR, 1.3), Goal(OURS, POOL, 1 / 6), Goal(OURS, ARIA, 1.0))
FAR = (Goal(OURS, FOUR, 1.2),)
MILLISECONDS = 10.0
SCRIPT = """
import hashlib, pathlib, queue, sys, threading
import requests
base, folder, authority, names = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], queue.SimpleQueue()
for name in pathlib.Path(sys.argv[4]).read_text().split():
    names.put(name)
def work():
    with requests.Session() as session:
        while True:
            try:
                name = names.get_nowait()
            except queue.Empty:
                return
            body = session.get(f"{base}/{name}", verify=authority).content
            hashlib.sha256(body).hexdigest()
            (folder / name).write_bytes(body)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def measure(place: Path, count: int, rounds: int) -> list[Race]:
    """Over HTTP and HTTPS, near and far."""
    source = place / PLACE / "small"
    write_files(source, count, SMALL)
    races = []
    with serve(place) as server:
        for scheme, port in server.ports.items():
            races.append(_race(f"{count} files of 20 KiB, {scheme}", place, server, (scheme, port), NEAR, rounds))
            with far_away(port, MILLISECONDS) as distant:
                job = f"{count} files of 20 KiB, {scheme}, {MILLISECONDS:g} ms away"
                races.append(_race(job, place, server, (scheme, distant), FAR, max(1, rounds // 2)))
        if "https" not in server.ports:
            print("missing: trustme, so there is nothing over HTTPS")
    return races


def _race(job: str, place: Path, server: Server, at: tuple[str, int], goals: Sequence[Goal], rounds: int) -> Race:
    source, target = place / PLACE / "small", place / "out"
    url = f"{at[0]}://localhost:{at[1]}/{PLACE}/small"
    names = sorted(path.name for path in source.iterdir())
    wanted, links, listed = place / "curl.txt", place / "aria2c.txt", place / "names.txt"
    wanted.write_text("".join(f'url="{url}/{name}"\noutput="{target / name}"\n' for name in names))
    links.write_text("".join(f"{url}/{name}\n" for name in names))
    listed.write_text("\n".join(names))
    steps: dict[str, list[Step]] = {
        FOUR: [curl(server, "-Z", "--parallel-max", "4", "-K", str(wanted))],
        FIFTY: [curl(server, "-Z", "-K", str(wanted))],
        ARIA: [aria2c(server, target, "-j4", "-i", str(links))],
        OURS: [cmclient(server, url, target)],
    }
    missing = find_missing({ARIA: "aria2c"})
    if has_module("requests"):
        steps[POOL] = [python("-c", SCRIPT, url, str(target), str(server.authority), str(listed))]
    else:
        missing[POOL] = "requests is not installed"
    return race(job, contestants(steps, source, target), rounds=rounds, missing=missing, goals=goals)


def main() -> None:
    """Measure and print."""
    options: argparse.Namespace = options_of(__doc__, ("--folder", {"help": "where the files go", "type": Path}))
    if not has_server():
        raise SystemExit("missing: nginx or curl")
    with folder_in(options.folder) as place:
        finish(measure(place, 5000 if options.full else 1000, options.rounds or 5), options.json)


if __name__ == "__main__":
    main()
