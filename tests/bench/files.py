"""Downloads against curl, aria2c and a pool of requests: one large file, many small ones, near and far away.

Run as ``python tests/bench/files.py``; prints ratios to ``curl`` of the same round and writes JSON, never fails for a
figure. nginx serves on loopback; a distance is made by a relay in a process of its own. Whoever is not installed is
named as missing. Every contestant's files are compared with those of the server before its time counts.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from socket import create_connection, socket
from typing import NamedTuple

SIZE = 20 * 1024
PLACE = "SMS_DP_SMSPKG$"
PARALLEL = 4
MODULE = Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")
CERTIFICATES = """
import sys, trustme
authority, folder = trustme.CA(), sys.argv[1]
authority.cert_pem.write_to_path(folder + "/ca.pem")
authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder + "/server.pem")
"""
POOL = """
import hashlib, os, queue, sys, threading
import requests
base, folder, ca, names = sys.argv[1], sys.argv[2], sys.argv[3], queue.SimpleQueue()
for name in sys.stdin.read().split():
    names.put(name)
wanted = names.qsize()
def work():
    with requests.Session() as session:
        while not names.empty():
            try:
                name = names.get_nowait()
            except queue.Empty:
                return
            body = session.get(f"{base}/{name}", verify=ca).content
            hashlib.sha256(body).hexdigest()
            with open(os.path.join(folder, name), "wb") as file:
                file.write(body)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.exit(len(os.listdir(folder)) < wanted)
"""


class Run(NamedTuple):
    """What one process took: seconds, processor seconds, peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


class Server(NamedTuple):
    """Where the files are."""

    root: Path
    authority: Path
    ports: dict[str, int]


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=1024, help="MiB of the large file; 0 for none")
    parser.add_argument("--count", type=int, default=5000, help="small files; 0 for none")
    parser.add_argument("--far", type=int, default=1000, help="small files of the runs at a distance; 0 for none")
    parser.add_argument("--round-trip", type=float, default=10.0, help="milliseconds of that distance")
    parser.add_argument("--folder", help="where the files go; default: the folder for temporary files")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--relay", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.relay:
        import asyncio  # noqa: PLC0415 - only the relay needs it: what is measured has this process's size at least

        asyncio.run(relay(int(arguments.relay[0]), int(arguments.relay[1]), float(arguments.relay[2])))
        return
    if name_missing() & {"nginx", "curl"}:
        return
    figures: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder, serve(Path(folder), arguments) as server:
        for scheme, port in server.ports.items():
            if arguments.large:
                race(f"1 file, {arguments.large} MiB, {scheme}", server, "large", scheme, port, arguments, figures)
            if arguments.count:
                title = f"{arguments.count} files of 20 KiB, {scheme}"
                race(title, server, "small", scheme, port, arguments, figures)
            if arguments.far:
                with far_away(port, arguments.round_trip) as distant:
                    title = f"{arguments.far} files of 20 KiB, {scheme}, {arguments.round_trip:g} ms"
                    race(title, server, "far", scheme, distant, arguments, figures)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"python": sys.version, "cores": os.cpu_count(), "jobs": figures}, indent=1)
        )


def name_missing() -> set[str]:
    """Say who is not installed."""
    missing = {name for name in ("nginx", "curl", "aria2c", "sha256sum") if shutil.which(name) is None}
    missing |= {f"{name} (Python)" for name in ("trustme", "requests") if find_spec(name) is None}
    for name in sorted(missing):
        print(f"missing: {name}")
    return missing


def race(
    title: str,
    server: Server,
    kind: str,
    scheme: str,
    port: int,
    arguments: argparse.Namespace,
    figures: dict[str, dict[str, object]],
) -> None:
    """Every contestant once a round, in a drawn order, after one round that does not count."""
    source = server.root / PLACE / kind
    url = f"{scheme}://localhost:{port}/{PLACE}/{kind}"
    target = server.root.parent / "out"
    contestants = contestants_for(kind, source, url, target, server)
    draw = random.Random(arguments.seed)  # noqa: S311 - the order of a race
    taken: dict[str, list[Run]] = {name: [] for name in contestants}
    for number in range(arguments.rounds + 1):
        names = list(contestants)
        draw.shuffle(names)
        for name in names:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            runs = [run(*step) for step in contestants[name]]
            require_same(source, target, name)
            if number:
                taken[name].append(Run(sum(r.wall for r in runs), sum(r.cpu for r in runs), max(r.peak for r in runs)))
    shutil.rmtree(target, ignore_errors=True)
    base = next(iter(contestants))
    figures[title] = {}
    print(f"\n{title}\n{'':<26}{'ms':>8}{'p10':>8}{'p90':>8}{'cpu ms':>8}{'MiB':>6}  x {base}")
    for name, done in taken.items():
        walls = sorted(one.wall * 1000 for one in done)
        ratio = statistics.median(one.wall / other.wall for one, other in zip(done, taken[base], strict=True))
        cpu, peak = statistics.median(one.cpu * 1000 for one in done), max(one.peak for one in done)
        low, high = walls[len(walls) // 10], walls[-1 - len(walls) // 10]
        print(f"{name:<26}{statistics.median(walls):>8.0f}{low:>8.0f}{high:>8.0f}{cpu:>8.0f}{peak:>6.0f}{ratio:>6.2f}")
        figures[title][name] = {"ratio": ratio, "runs": [one._asdict() for one in done]}


Step = tuple[list[str], str]


def contestants_for(kind: str, source: Path, url: str, target: Path, server: Server) -> dict[str, list[Step]]:
    """What each contestant runs, one after the other; the first is what the others are compared with."""
    authority = str(server.authority)
    names = sorted(path.name for path in source.iterdir())
    curl = ["curl", "--silent", "--no-progress-meter", "--cacert", authority]
    settings = [f"ca_file={authority}", "crl_check=no"] if server.authority.exists() else []
    fetch = [sys.executable, "-P", "-m", "cmclient", "fetch", "ABC00001", str(target), "--from", f"{url}/"]
    fetch += [part for one in settings for part in ("--set", one)]
    found: dict[str, list[Step]] = {}
    aria = ["aria2c", "--quiet", f"--ca-certificate={authority}", "--file-allocation=none", "--dir", str(target)]
    if kind == "large":
        one: Step = ([*curl, "-o", str(target / names[0]), f"{url}/{names[0]}"], "")
        found = {"curl -o": [one]}
        if shutil.which("sha256sum"):
            found["curl -o; sha256sum"] = [one, (["sha256sum", str(target / names[0])], "")]
        if shutil.which("aria2c"):
            found["aria2c"] = [([*aria, "-x4", "-s4", f"{url}/{names[0]}"], "")]
        return found | {"cmclient": [(fetch, "")]}
    wanted = "".join(f'url="{url}/{name}"\noutput="{target / name}"\n' for name in names)
    found = {f"curl -Z {PARALLEL}": [([*curl, "-Z", "--parallel-max", str(PARALLEL), "-K", "-"], wanted)]}
    found["curl -Z 50"] = [([*curl, "-Z", "-K", "-"], wanted)]
    if shutil.which("aria2c"):
        links = "".join(f"{url}/{name}\n" for name in names)
        found[f"aria2c -j{PARALLEL}"] = [([*aria, f"-j{PARALLEL}", "-i", "-"], links)]
    if find_spec("requests") is not None:
        found["requests, 4 threads"] = [([sys.executable, "-c", POOL, url, str(target), authority], "\n".join(names))]
    return found | {"cmclient": [(fetch, "")]}


def run(command: list[str], text: str) -> Run:
    """Run a process to its end.

    Raises:
        RuntimeError: It failed.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(text.encode())
        given.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, stdin=given, stdout=subprocess.DEVNULL, stderr=said, env=environment
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            words = said.read(2000).decode(errors="replace")
            raise RuntimeError(f"{' '.join(command[:8])} ended with {process.returncode}: {words}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def require_same(source: Path, target: Path, name: str) -> None:
    """Check every byte.

    Raises:
        RuntimeError: A file is not there, or another one.
    """
    for path in source.iterdir():
        with path.open("rb") as wanted, (target / path.name).open("rb") as got:
            if file_digest(wanted, "sha256").digest() != file_digest(got, "sha256").digest():
                raise RuntimeError(f"{name}: {path.name} is another file")


@contextmanager
def serve(folder: Path, arguments: argparse.Namespace) -> Iterator[Server]:
    """An nginx with the files, over HTTP, and over HTTPS where certificates can be made."""
    root, draw = folder / "root", random.Random(arguments.seed)  # noqa: S311 - bytes to download
    for kind, count in (("small", arguments.count), ("far", arguments.far)):
        (root / PLACE / kind).mkdir(parents=True)
        for number in range(count):
            (root / PLACE / kind / f"f{number:05}").write_bytes(draw.randbytes(SIZE))
    (root / PLACE / "large").mkdir()
    with (root / PLACE / "large" / "file").open("wb") as file:
        for _ in range(arguments.large):
            file.write(draw.randbytes(1024 * 1024))
    ports, tls = {"http": free_port()}, ""
    if find_spec("trustme") is not None:
        subprocess.run([sys.executable, "-c", CERTIFICATES, str(folder)], check=True)  # noqa: S603 - our own command
        ports["https"] = free_port()
        tls = (
            f"listen 127.0.0.1:{ports['https']} ssl; "
            f"ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;"
        )
    temporary = "".join(
        f"{kind}_temp_path {folder}/t; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    has_lists = MODULE.exists()
    if not has_lists:
        print(f"missing: {MODULE}; the list of files is a page")
    load, lists = (f"load_module {MODULE}; ", "dav_ext_methods PROPFIND OPTIONS; ") if has_lists else ("", "")
    (folder / "nginx.conf").write_text(
        f"{load}daemon off; {'user root;' if os.geteuid() == 0 else ''} worker_processes 1; pid {folder}/pid;\n"
        f"events {{ worker_connections 256; }}\n"
        f"http {{ {temporary} access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
        f"server {{ listen 127.0.0.1:{ports['http']}; {tls} root {root}; {lists}autoindex on; }} }}\n"
    )
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "log")]
    with running(command, ports["http"]):
        yield Server(root, folder / "ca.pem", ports)


@contextmanager
def far_away(port: int, round_trip: float) -> Iterator[int]:
    """A port from which everything takes so many milliseconds there and back."""
    near = free_port()
    with running([sys.executable, __file__, "--relay", str(near), str(port), str(round_trip / 2000)], near):
        yield near


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A server that is ended at the end of the block.

    Raises:
        RuntimeError: It does not listen within ten seconds.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            for _ in range(200):
                try:
                    create_connection(("127.0.0.1", port), 1).close()
                except OSError:
                    time.sleep(0.05)
                else:
                    break
            else:
                raise RuntimeError(f"{command[0]} does not listen")
            yield
        finally:
            server.terminate()


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def relay(near: int, far: int, seconds: float) -> None:
    """Pass on what comes, each piece so many seconds later."""
    import asyncio  # noqa: PLC0415 - as above

    async def carry(source: "asyncio.StreamReader", sink: "asyncio.StreamWriter") -> None:
        loop, waiting = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

        async def deliver() -> None:
            while True:
                due, data = await waiting.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    sink.close()
                    return
                sink.write(data)
                await sink.drain()

        delivery = asyncio.create_task(deliver())
        try:
            while data := await source.read(256 * 1024):
                waiting.put_nowait((loop.time() + seconds, data))
        except ConnectionError:
            pass
        waiting.put_nowait((loop.time() + seconds, b""))
        await asyncio.gather(delivery, return_exceptions=True)

    async def meet(reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter") -> None:
        there, back = await asyncio.open_connection("127.0.0.1", far)
        await asyncio.gather(carry(reader, back), carry(there, writer))

    server = await asyncio.start_server(meet, "127.0.0.1", near)
    await server.serve_forever()


if __name__ == "__main__":
    main()
