"""Files to download and who downloads them: a server of real files, a distance, and the contestants of a race."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from socket import create_connection, socket
from typing import NamedTuple

from harness import SEED, Measured, environment, has_module, python, run_process

__all__ = [
    "PLACE",
    "SMALL",
    "Server",
    "Step",
    "aria2c",
    "cmclient",
    "contestants",
    "curl",
    "far_away",
    "find_missing",
    "folder_in",
    "has_server",
    "serve",
    "write_files",
]

SMALL = 20 * 1024  # bytes of a small file
PLACE = "SMS_DP_SMSPKG$"
MODULE = Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")  # without it the list of files is a page
CERTIFICATES = """
import sys, trustme
authority, folder = trustme.CA(), sys.argv[1]
authority.cert_pem.write_to_path(folder + "/ca.pem")
authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder + "/server.pem")
"""

Step = Sequence[str]
"""A command; a contestant runs one or more, one after the other."""


class Server(NamedTuple):
    """A web server.

    Attributes:
        authority: Who vouches for it.
        ports: By scheme; without https where no certificate can be made.
    """

    authority: Path
    ports: Mapping[str, int]


def has_server() -> bool:
    """Whether there is anything to download from, and anybody to compare with."""
    return shutil.which("nginx") is not None and shutil.which("curl") is not None


def find_missing(names: Mapping[str, str]) -> dict[str, str]:
    """Contestants that are not here, with the reason.

    Args:
        names: The program of each contestant.
    """
    return {name: f"{program} is not installed" for name, program in names.items() if shutil.which(program) is None}


def write_files(folder: Path, count: int, size: int) -> None:
    """Files of bytes that do not compress, the same ones every time."""
    draw = random.Random(SEED)  # noqa: S311 - bytes to download
    folder.mkdir(parents=True)
    for number in range(count):
        with (folder / f"f{number:05}").open("wb") as file:
            for begin in range(0, size, 2**20):
                file.write(draw.randbytes(min(2**20, size - begin)))


def curl(server: Server, *more: str) -> list[str]:
    """A command of curl."""
    return ["curl", "--silent", "--show-error", "--no-progress-meter", "--cacert", str(server.authority), *more]


def aria2c(server: Server, target: Path, *more: str) -> list[str]:
    """A command of aria2c."""
    trust = f"--ca-certificate={server.authority}"
    return ["aria2c", "--quiet", "--no-conf", trust, "--file-allocation=none", "--dir", str(target), *more]


def cmclient(server: Server, url: str, target: Path) -> list[str]:
    """Our command."""
    settings = ["--set", f"ca_file={server.authority}", "--set", "crl_check=no"] if "https" in server.ports else []
    return python("-m", "cmclient", "fetch", "ABC00001", str(target), "--from", f"{url}/", *settings)


def contestants(steps: Mapping[str, Sequence[Step]], source: Path, target: Path) -> dict[str, Callable[[], Measured]]:
    """Those that are here. Each begins with an empty folder, and its files are compared with those of the server."""
    here = {name: done for name, done in steps.items() if all(shutil.which(step[0]) for step in done)}

    def runner(name: str, done: Sequence[Step]) -> Callable[[], Measured]:
        def run() -> Measured:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            runs = [run_process(step) for step in done]
            _require_same(source, target, name)
            shutil.rmtree(target)
            peak = max(one.peak or 0.0 for one in runs)
            return Measured(sum(one.wall for one in runs), sum(one.cpu or 0.0 for one in runs), peak)

        return run

    return {name: runner(name, done) for name, done in here.items()}


def _require_same(source: Path, target: Path, name: str) -> None:
    for path in source.iterdir():
        copy = target / path.name
        if not copy.exists() or _digest(copy) != _digest(path):
            raise SystemExit(f"{name}: {path.name} is not there, or another file")


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()


@contextmanager
def folder_in(above: Path | None) -> Iterator[Path]:
    """A folder for the files; above says on which disk, None for that of temporary files."""
    with tempfile.TemporaryDirectory(prefix="cmclient-bench-", dir=above) as name:
        yield Path(name)


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """An nginx on loopback with the files below a folder, over HTTP, and over HTTPS where certificates can be made."""
    ports, tls = {"http": _free_port()}, ""
    if has_module("trustme"):
        making = [sys.executable, "-c", CERTIFICATES, str(folder)]  # not here: a child counts at least our memory
        subprocess.run(making, env=environment(), check=True)  # noqa: S603 - our own command
        ports["https"] = _free_port()
        key = f"{folder}/server.pem"
        tls = f"listen 127.0.0.1:{ports['https']} ssl; ssl_certificate {key}; ssl_certificate_key {key};"
    load, lists = "", ""
    if MODULE.exists():
        load, lists = f"load_module {MODULE};", "dav_ext_methods PROPFIND OPTIONS;"
    user = "user root;" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/t;" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"{load} daemon off; {user} worker_processes 1; pid {folder}/pid;\n"
        f"events {{ worker_connections 256; }}\n"
        f"http {{ {temporary} access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
        f"server {{ listen 127.0.0.1:{ports['http']}; {tls} root {folder}; autoindex on; {lists} }} }}\n"
    )
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "log")]
    with _running(command, ports["http"]):
        yield Server(folder / "ca.pem", ports)


@contextmanager
def far_away(port: int, milliseconds: float) -> Iterator[int]:
    """A port from which another one is so many milliseconds away, there and back, by a relay in its own process."""
    near = _free_port()
    relay = str(Path(__file__).parent / "relay.py")
    with _running([sys.executable, relay, str(near), str(port), str(milliseconds / 2000)], near):
        yield near


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            _await_port(command[0], port)
            yield
        finally:
            server.terminate()


def _await_port(name: str, port: int) -> None:
    for _ in range(200):
        try:
            create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{name} does not listen")


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
