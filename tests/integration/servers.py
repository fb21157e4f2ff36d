"""The other servers of the hierarchy: nginx as its management points, and dnsmasq as a DNS server of its own."""

import contextlib
import socket
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import trustme
from integration.daemons import AddressBlock, Daemon
from integration.hierarchy import DOMAIN, MANAGEMENT_POINTS, ManagementPoint, mp_list
from integration.nginx import main_page, temporary_folders

__all__ = ["DNS_PORT", "PROGRAMS", "Hit", "NameServer", "Trap", "WebServer"]

PROGRAMS = ("nginx", "dnsmasq", "unshare", "setpriv", "timeout")
DNS_PORT = 5353
_TRAP_PORT = 3890
_MARKER = "/marker"

_ERROR_PAGE = """\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>
<title>{title}</title>
<style type="text/css">
<!--
body{{margin:0;font-size:.7em;background:#EEEEEE;}}
-->
</style>
</head>
<body>
<div id="header"><h1>Server Error</h1></div>
<div id="content"><h2>{title}</h2></div>
</body>
</html>
"""
_TITLES = {403: "403 - Forbidden: Access is denied.", 500: "500 - Internal server error."}


class Hit(NamedTuple):
    """A request that a management point answered.

    Attributes:
        host: Name that the client asked for.
        client: The client's address.
        query: Path and query.
        status: What it got.
        certificate: What became of its certificate: ``NONE``, ``SUCCESS`` or why not; ``-`` over HTTP.
    """

    host: str
    client: str
    query: str
    status: int
    certificate: str


class WebServer:
    """One nginx with an address for each management point that is up.

    Args:
        folder: Takes everything that it writes; empty.
        block: Addresses.
        authority: Signs its certificates, and those of clients that it lets in.
        points: The management points; None for all that are up.
    """

    def __init__(
        self,
        folder: Path,
        *,
        block: AddressBlock,
        authority: trustme.CA,
        points: Sequence[ManagementPoint] | None = None,
    ) -> None:
        self._folder = folder
        self._block = block
        self._up = [mp for mp in MANAGEMENT_POINTS if mp.is_up] if points is None else list(points)
        self._hits = folder / "hits"
        authority.cert_pem.write_to_path(folder / "ca.pem")
        certificate = authority.issue_cert(*(mp.name for mp in self._up))
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        for status, title in _TITLES.items():
            (folder / f"{status}.html").write_text(_ERROR_PAGE.format(title=title), "ascii")
        for mp in self._up:
            (folder / f"MPLIST-{mp.site}").write_text(mp_list(mp.site, with_site_code=False), "ascii")
            (folder / f"MPLIST1-{mp.site}").write_text(mp_list(mp.site, with_site_code=True), "ascii")
        (folder / "nginx.conf").write_text(self._configuration(), "ascii")

    def start(self) -> Daemon:
        """Start it and wait until it listens.

        Raises:
            ServerError: It did not come up.
        """
        files = ("-c", str(self._folder / "nginx.conf"), "-e", str(self._folder / "log"))
        daemon = Daemon("nginx", *files, log=self._folder / "log")
        try:
            for mp in self._up:
                daemon.await_port(mp.address_in(self._block), mp.port)
        except BaseException:
            daemon.stop()
            raise
        return daemon

    def hits(self) -> list[Hit]:
        """Every request for a list so far, in order."""
        first = self._up[0]
        # Served after all that came before, which is then written down.
        with closing(HTTPConnection(first.address_in(self._block), first.port, timeout=5.0)) as connection:
            connection.request("GET", _MARKER)
            connection.getresponse()
        fields = [line.split(" ") for line in self._hits.read_text("ascii").splitlines()]
        return [
            Hit(host, client, query, int(status), how)
            for host, client, query, status, how in fields
            if query != _MARKER
        ]

    def _configuration(self) -> str:
        folder = self._folder
        return f"""\
{main_page(folder)}
http {{
    {temporary_folders(folder)}
    log_format hits '$server_name $remote_addr $request_uri $status $verdict';
    access_log {folder}/hits hits;
    map $ssl_client_verify $verdict {{ default $ssl_client_verify; '' -; }}
    default_type text/xml;
    {"".join(self._server(mp) for mp in self._up)}
}}
"""

    def _server(self, mp: ManagementPoint) -> str:
        """One management point. IIS does not look at the case of paths and keywords, and neither do these."""
        folder = self._folder
        tls = (
            f"ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;"
            # nginx would answer 400 to a client without a certificate, or with one of somebody else; IIS answers 403
            f"ssl_client_certificate {folder}/ca.pem; ssl_verify_client on; error_page 495 496 =403 /403.html;"
        )
        return f"""
    map $args $reply_{mp.short} {{
        default '';
        ~*^MPLIST$ MPLIST-{mp.site};
        ~*^MPLIST1&{mp.site}$ MPLIST1-{mp.site};
    }}
    server {{
        listen {mp.address_in(self._block)}:{mp.port}{" ssl" if mp.ssl_state else ""};
        server_name {mp.name};
        {tls if mp.ssl_state else ""}
        root {folder};
        error_page 500 /500.html;
        location ~ ^/(403|500).html$ {{ internal; default_type text/html; }}
        location ~* ^/SMS_MP/\\.sms_aut$ {{
            if ($reply_{mp.short} = '') {{ return 500; }}
            rewrite ^ /$reply_{mp.short} break;
        }}
        location / {{ return 404; }}
    }}
"""


class NameServer:
    """A DNS server that knows management points and nothing of a directory, and writes down what it is asked.

    Args:
        folder: Takes everything that it writes; empty.
        block: Addresses.
        services: For each name of a service, host names and ports, in the order of the records.
    """

    def __init__(self, folder: Path, *, block: AddressBlock, services: dict[str, Sequence[tuple[str, int]]]) -> None:
        self._folder = folder
        self._questions = folder / "questions"
        self.address = block.address(0, 53)
        self._records = [
            f"--host-record={mp.name},{mp.address_in(block)}" for mp in MANAGEMENT_POINTS if mp.number is not None
        ]
        self._records += [
            f"--srv-host={name}.{DOMAIN},{host},{port},0,100"
            for name, targets in services.items()
            for host, port in targets
        ]

    @property
    def server(self) -> str:
        """Address and port, as the setting takes it."""
        return f"{self.address}:{DNS_PORT}"

    def start(self) -> Daemon:
        """Start it and wait until it answers.

        Raises:
            ServerError: It did not come up.
        """
        daemon = Daemon(
            *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root"),
            *("--no-resolv", "--no-hosts", f"--local=/{DOMAIN}/", "--bind-interfaces"),
            *(f"--listen-address={self.address}", f"--port={DNS_PORT}"),
            *("--log-queries", f"--log-facility={self._questions}", *self._records),
            log=self._folder / "log",
        )
        try:
            daemon.await_port(self.address, DNS_PORT)
        except BaseException:
            daemon.stop()
            raise
        return daemon

    def questions(self) -> list[tuple[str, str]]:
        """Every question so far, in order: type and name, such as ``("SRV", "_mssms_mp_ber._tcp.corp.test")``."""
        found = []
        for line in self._questions.read_text("utf-8").splitlines():
            _, marker, rest = line.partition(" query[")
            if marker:
                kind, _, name = rest.partition("] ")
                found.append((kind, name.partition(" from ")[0]))
        return found


class Trap:
    """A directory server that takes everything and answers nothing: it shows whether anybody came.

    Args:
        address: Where it listens, over TCP and UDP.
    """

    def __init__(self, address: str) -> None:
        self.server = f"{address}:{_TRAP_PORT}"
        self._tcp = socket.create_server((address, _TRAP_PORT))
        self._tcp.setblocking(False)  # noqa: FBT003 - its only argument
        self._udp = socket.socket(type=socket.SOCK_DGRAM)
        self._udp.bind((address, _TRAP_PORT))
        self._udp.setblocking(False)  # noqa: FBT003

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._tcp.close()
        self._udp.close()

    def visits(self) -> set[str]:
        """Over what somebody came since the last time: ``TCP``, ``UDP``."""
        found = set()
        with contextlib.suppress(BlockingIOError):
            self._tcp.accept()[0].close()
            found.add("TCP")
        with contextlib.suppress(BlockingIOError):
            self._udp.recv(1)
            found.add("UDP")
        return found
