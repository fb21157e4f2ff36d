"""What a fetch over plain HTTP loads: start-up and memory."""

import subprocess
import sys
from pathlib import Path

from adapters.scripted_http import Peer, ScriptedServer

HEAVY = {"requests", "urllib3", "cryptography", "smbprotocol", "spnego", "ldap3", "dns", "rich"}
LIST = (
    b'<multistatus xmlns="DAV:"><response><href>/c/a.txt</href><propstat><prop><iscollection>0</iscollection>'
    b"<getcontentlength>2</getcontentlength></prop></propstat></response></multistatus>"
)
CODE = "import sys; from cmclient.cli.main import main; code = main(sys.argv[1:]); print(*sys.modules); sys.exit(code)"


def serve(peer: Peer) -> None:
    while request := peer.read_request():
        head, body = (b"207 Multi-Status", LIST) if request.startswith(b"PROPFIND") else (b"200 OK", b"ok")
        peer.send(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (head, len(body), body))


def test_fetch__over_plain_http_loads_no_large_library(tmp_path: Path) -> None:
    with ScriptedServer(serve) as server:
        arguments = ["fetch", "ABC00001", str(tmp_path / "to"), "--from", f"{server.endpoint}/c"]
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "to" / "a.txt").read_bytes() == b"ok"
    assert not HEAVY & set(done.stdout.split())
