"""Apache as a distribution point that asks who one is: by Kerberos on one port, by NTLM on another, also over TLS."""

import threading
import time
from pathlib import Path
from typing import NamedTuple

import trustme
from integration.daemons import Daemon, ServerError

__all__ = ["CONTENT", "HTTPS_KERBEROS", "HTTPS_NTLM", "HTTP_ANONYMOUS", "HTTP_BASIC", "HTTP_KERBEROS", "HTTP_NTLM"]
__all__ += ["PROGRAMS", "Apache", "Visit"]

PROGRAMS = ("apache2", "unshare", "setpriv", "timeout")
HTTP_KERBEROS, HTTP_NTLM, HTTP_BASIC, HTTP_ANONYMOUS, HTTPS_KERBEROS, HTTPS_NTLM = range(9080, 9086)
CONTENT = b"what only those get who are known\n" * 100
_PATIENCE, _SLICE = 10.0, 0.02  # seconds
_MODULES = Path("/usr/lib/apache2/modules")
_NEEDED = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi", "auth_basic", "authn_file", "alias")
_LIST = (  # as a management point it names itself
    '<MPList><MP Name="DP1" FQDN="{name}"><Version>9141</Version><Capabilities SchemaVersion="1.0">'
    '<Property Name="SSLState" Value="63"/></Capabilities></MP></MPList>'
)


class Visit(NamedTuple):
    """A request that was answered.

    Attributes:
        port: Where.
        status: What it got.
        user: As whom; ``-`` for nobody.
        sent: The scheme of the Authorization header; ``-`` for none.
        connection: Which connection it came on.
        asked: Path and query.
    """

    port: int
    status: int
    user: str
    sent: str
    connection: str
    asked: str


class Apache:
    """One Apache.

    Args:
        folder: Takes everything that it writes; empty.
        name: Its name.
        address: Where it listens.
        authority: Signs its certificate.
        keytab: Keys of its Kerberos principal.
        users: NTLM domain, user and password of who may come by NTLM.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        address: str,
        authority: trustme.CA,
        keytab: Path,
        users: tuple[tuple[str, str, str], ...],
    ) -> None:
        self.name = name
        self.address = address
        self._folder = folder
        self._visits = folder / "visits"
        certificate = authority.issue_cert(name)
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        (folder / "users").write_text("".join(f"{domain}:{user}:{word}\n" for domain, user, word in users), "ascii")
        content = folder / "content"
        content.mkdir()
        (content / "file.bin").write_bytes(CONTENT)
        (content / "SMS_MP").mkdir()
        (content / "SMS_MP" / ".sms_aut").write_text(_LIST.format(name=name), "ascii")
        for readable in (folder, *folder.parents[:1]):  # Apache's workers are not root
            readable.chmod(0o755)
        self._visits.touch()
        (folder / "apache.conf").write_text(self._configuration(keytab), "ascii")

    def start(self) -> Daemon:
        """Start it and wait until it listens.

        Raises:
            ServerError: It did not come up.
        """
        daemon = Daemon(
            *("apache2", "-D", "FOREGROUND", "-f", str(self._folder / "apache.conf")),
            log=self._folder / "log",
            environment={"NTLM_USER_FILE": str(self._folder / "users"), "KRB5_CONFIG": "/dev/null"},
        )
        try:
            for port in (HTTP_KERBEROS, HTTPS_NTLM):
                daemon.await_port(self.address, port)
        except BaseException:
            daemon.stop()
            raise
        return daemon

    def visits(self, port: int, asked: str, *, last: int) -> list[Visit]:
        """Every request to a port whose path and query begin so, in order.

        Args:
            port: The port.
            asked: The beginning.
            last: The status of the last one: it is written down only after it was answered, and waited for.
        """
        found: list[Visit] = []
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            fields = [line.split(" ") for line in self._visits.read_text("utf-8").splitlines(keepends=True)]
            whole = [one for one in fields if one[-1].endswith("\n")]
            visits = [Visit(int(at), int(code), *more[:3], more[3].strip()) for at, code, *more in whole]
            found = [visit for visit in visits if visit.port == port and visit.asked.startswith(asked)]
            if found and found[-1].status == last:
                return found
            threading.Event().wait(_SLICE)
        raise ServerError(f"{port}{asked} did not end with {last}: {found}")

    def _configuration(self, keytab: Path) -> str:
        folder = self._folder
        modules = "\n".join(
            f"LoadModule {name}_module {_MODULES}/mod_{name}.so"
            for name in (*_NEEDED, "ssl", "socache_shmcb", "setenvif", "log_config")
            if (_MODULES / f"mod_{name}.so").exists()  # some are built in
        )
        kerberos = (
            f"AuthType GSSAPI\nAuthName x\nGssapiAllowedMech krb5\nGssapiCredStore keytab:{keytab}\nRequire valid-user"
        )
        ntlm = "AuthType GSSAPI\nAuthName x\nGssapiAllowedMech ntlmssp\nGssapiConnectionBound On\nRequire valid-user"
        basic = f"AuthType Basic\nAuthName x\nAuthUserFile {folder}/none\nRequire valid-user"
        tls = f"SSLEngine on\nSSLCertificateFile {folder}/server.pem"
        servers = "\n".join(
            f"Listen {self.address}:{port}\n<VirtualHost {self.address}:{port}>\nServerName {self.name}\n"
            f"DocumentRoot {folder}/content\n{more}\n<Location />\n{access}\n</Location>\n</VirtualHost>"
            for port, access, more in (
                (HTTP_KERBEROS, kerberos, ""),
                (HTTP_NTLM, ntlm, ""),
                (HTTP_BASIC, basic, ""),
                (HTTP_ANONYMOUS, "Require all granted", ""),
                (HTTPS_KERBEROS, kerberos, tls),
                (HTTPS_NTLM, ntlm, tls),
            )
        )
        return f"""\
ServerRoot {folder}
ServerName {self.name}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/log
LogLevel info
User www-data
Group www-data
{modules}
StartServers 1
KeepAlive On
SetEnvIf Authorization "^(\\S+)" scheme=$1
LogFormat "%{{local}}p %>s %u %{{scheme}}e %{{c}}a:%{{remote}}p %U%q" visits
CustomLog {folder}/visits visits
{servers}
"""
