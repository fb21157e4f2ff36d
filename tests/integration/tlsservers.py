"""nginx and Apache with certificates good and bad, revocation lists over HTTP, and client certificates."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from adapters.zoo import CLIENT, Held, ZooAuthority, ec_key
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from integration.daemons import AddressBlock, Daemon, claim_addresses
from integration.nginx import main_page, temporary_folders

from cmclient.adapters.identity import ClientIdentity
from cmclient.model.names import HostName

__all__ = ["PROGRAMS", "TLS_PORT", "TlsSite", "start_tls_site"]

PROGRAMS = ("nginx", "apache2", "unshare", "setpriv", "timeout")
TLS_PORT, LIST_PORT, DEAD_PORT = 8443, 8480, 8481
_DOMAIN = "corp.test"
_ROOT = ZooAuthority("Corp Root CA")
_STRANGER = ZooAuthority("Stranger CA")


class _Host(NamedTuple):
    number: int
    held: Held
    lists: str = ""


class TlsSite(NamedTuple):
    """What runs.

    Attributes:
        folder: Everything that the servers write.
        block: Their addresses.
        numbers: Last number of the address of each host, by its short name.
        trusted: PEM file of the authority.
        ours: Our certificate; ``revoked`` and ``foreign`` are two that servers do not take.
    """

    folder: Path
    block: AddressBlock
    numbers: dict[str, int]
    trusted: str
    ours: ClientIdentity
    revoked: ClientIdentity
    foreign: ClientIdentity

    def resolve(self, name: HostName) -> list[str]:
        """Addresses of a host."""
        return [self.block.address(1, self.numbers[name.partition(".")[0]])]

    def host(self, short: str) -> HostName:
        """The full name of a host."""
        return HostName(f"{short}.{_DOMAIN}")

    def requests(self, short: str) -> list[str]:
        """Paths that a host was asked for, each with the verdict on our certificate."""
        lines = (self.folder / "hits").read_text("ascii").splitlines()
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{short}.")]

    def lists_fetched(self) -> list[str]:
        """Revocation lists that somebody fetched."""
        return [line.partition(" ")[2].partition(" ")[0] for line in self._lines() if line.startswith("lists ")]

    def _lines(self) -> list[str]:
        return (self.folder / "hits").read_text("ascii").splitlines()


@contextmanager
def start_tls_site(folder: Path) -> Iterator[TlsSite]:
    """Start them; end them with the block.

    Raises:
        ServerError: One did not come up.
    """
    with claim_addresses() as block, ExitStack() as stack:
        hosts = _hosts(block)
        ours, revoked = (_ROOT.issue(f"pc{n}.{_DOMAIN}", purposes=(CLIENT,)) for n in (1, 2))
        foreign = _STRANGER.issue(f"pc1.{_DOMAIN}", purposes=(CLIENT,))
        _write_files(folder, hosts, revoked)
        site = TlsSite(
            folder,
            block,
            {short: host.number for short, host in hosts.items()},
            str(folder / "root.pem"),
            *(ClientIdentity(str(n), (one.certificate,), one.key) for n, one in enumerate((ours, revoked, foreign))),
        )
        (folder / "nginx.conf").write_text(_nginx(folder, block, hosts), "ascii")
        nginx = stack.enter_context(
            Daemon("nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "log"), log=folder / "log")
        )
        (folder / "apache.conf").write_text(_apache(folder, block, hosts), "ascii")
        apache = stack.enter_context(
            Daemon("apache2", "-X", "-f", str(folder / "apache.conf"), log=folder / "apache.log")
        )
        nginx.await_port(block.address(1, 1), LIST_PORT)
        nginx.await_port(block.address(1, hosts["good"].number), TLS_PORT)
        for short in ("renegotiates", "asks-later"):
            apache.await_port(block.address(1, hosts[short].number), TLS_PORT)
        yield site


def _hosts(block: AddressBlock) -> dict[str, _Host]:
    def issue(short: str, crl: str = "root", *, port: int = LIST_PORT, **options: object) -> Held:
        url = f"http://{block.address(1, 1)}:{port}/{crl}.crl"
        return _ROOT.issue(f"{short}.{_DOMAIN}", lists=[url], **options)  # type: ignore[arg-type] # of a certificate

    made = {
        "good": issue("good"),
        "revoked": issue("revoked"),
        "expired": issue("expired", ends=-1),
        "named-otherwise": issue("somebody-else"),
        "stale": issue("stale", "stale"),
        "forged": issue("forged", "forged"),
        "unlisted": issue("unlisted", "missing"),
        "unreachable": issue("unreachable", port=DEAD_PORT),
        "renegotiates": issue("renegotiates"),
        "asks-later": issue("asks-later"),
    }
    return {short: _Host(number, held) for number, (short, held) in enumerate(made.items(), 11)}


def _write_files(folder: Path, hosts: dict[str, _Host], revoked: Held) -> None:
    for short, host in hosts.items():
        (folder / f"{short}.pem").write_bytes(host.held.pem())
    (folder / "root.pem").write_bytes(_ROOT.certificate.public_bytes(Encoding.PEM))
    gone = (hosts["revoked"].held.certificate, revoked.certificate)
    lists = {
        "root": _ROOT.revocation_list(*gone),
        "stale": _ROOT.revocation_list(begins=-9, ends=-2),
        "forged": _ROOT.revocation_list(signer=ec_key()),
    }
    (folder / "lists").mkdir()
    for name, encoded in lists.items():
        (folder / "lists" / f"{name}.crl").write_bytes(encoded)
    (folder / "clients.crl").write_bytes(x509.load_der_x509_crl(lists["root"]).public_bytes(Encoding.PEM))
    (folder / "web").mkdir()
    (folder / "web" / "403.html").write_text("Forbidden", "ascii")
    (folder / "web" / "list").write_text("welcome", "ascii")
    (folder / "hits").touch()


def _nginx(folder: Path, block: AddressBlock, hosts: dict[str, _Host]) -> str:
    servers = "".join(
        f"""
    server {{
        listen {block.address(1, host.number)}:{TLS_PORT} ssl;
        server_name {short}.{_DOMAIN};
        ssl_certificate {folder}/{short}.pem; ssl_certificate_key {folder}/{short}.pem;
        ssl_client_certificate {folder}/root.pem; ssl_crl {folder}/clients.crl; ssl_verify_client on;
        error_page 495 496 =403 /403.html;
        root {folder}/web;
    }}"""
        for short, host in hosts.items()
        if short not in {"renegotiates", "asks-later"}
    )
    return f"""\
{main_page(folder)}
http {{
    {temporary_folders(folder)}
    log_format hits '$server_name $request_uri $ssl_client_verify';
    access_log {folder}/hits hits;
    server {{ listen {block.address(1, 1)}:{LIST_PORT}; server_name lists; root {folder}/lists; }}
    {servers}
}}
"""


def _apache(folder: Path, block: AddressBlock, hosts: dict[str, _Host]) -> str:
    """One that asks for the certificate when it has seen the path: anew in TLS 1.2, after the handshake in 1.3."""
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in ("mpm_event", "authz_core", "ssl")
    )
    versions = {"renegotiates": "TLSv1.2", "asks-later": "TLSv1.3"}
    servers = "\n".join(
        f"""
Listen {block.address(1, hosts[short].number)}:{TLS_PORT}
<VirtualHost {block.address(1, hosts[short].number)}:{TLS_PORT}>
    ServerName {short}.{_DOMAIN}
    SSLEngine on
    SSLProtocol {version}
    SSLCertificateFile {folder}/{short}.pem
    SSLCACertificateFile {folder}/root.pem
    DocumentRoot {folder}/web
    <Location /list>
        SSLVerifyClient require
        SSLVerifyDepth 2
    </Location>
</VirtualHost>"""
        for short, version in versions.items()
    )
    return f"""\
{modules}
ServerName apache.{_DOMAIN}
ServerRoot {folder}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog {folder}/apache-errors
LogLevel info ssl:info
LogFormat "%v %U %{{SSL_CLIENT_S_DN}}x %>s" hits
CustomLog {folder}/apache-hits hits
SSLSessionCache none
<Directory {folder}/web>
    Require all granted
</Directory>
{servers}
"""
