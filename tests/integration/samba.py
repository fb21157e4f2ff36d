"""A throw-away Active Directory: a Samba domain controller on a loopback address, everything below one folder."""

import base64
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import dns.query
import dns.rcode
import dns.update
import trustme
from integration.daemons import Daemon, ServerError, run_tool
from integration.hierarchy import Entry, domain_dn

__all__ = ["PROGRAMS", "DomainController"]

PROGRAMS = ("samba", "samba-tool", "samba_spnupdate", "ldbmodify", "unshare", "setpriv", "timeout", "mount")

_HERE = Path(__file__).parent
_SAFE = re.compile(r"[!-9;=-~][ -~]*")  # what LDIF takes as it is (RFC 2849)
_STRONG_AUTH = "ldap server require strong auth"
_LISTENS_ON = (53, 389, 636, 3268, 3269)


class DomainController:
    """The domain controller of a forest of one domain.

    Args:
        folder: Takes everything that it writes; empty.
        domain: DNS name of domain and forest.
        address: Loopback address to listen on, on the usual ports.
        authority: Signs its certificate.
    """

    host = "dc1"

    def __init__(self, folder: Path, *, domain: str, address: str, authority: trustme.CA) -> None:
        self.domain = domain
        self.address = address
        self.name = f"{self.host}.{domain}"
        self._folder = folder
        self._log = folder / "log" / "tools"
        self._conf = folder / "etc" / "smb.conf"
        for name in ("etc", "run", "log", "tls"):
            (folder / name).mkdir()
        self._write_files(authority)

    def provision(self, entries: Iterable[Entry]) -> None:
        """Make the domain and load schema and entries, before the server starts.

        Raises:
            ServerError: A tool failed.
        """
        self._tool("samba-tool", "domain", "provision", f"--targetdir={self._folder}", *self._provision_options())
        schema = (_HERE / "schema.ldif").read_text("utf-8").replace("DC=FOREST", domain_dn(self.domain))
        for part in (*schema.split("# ===="), _ldif(entries)):
            self._load(part)
        # Otherwise the names that Kerberos knows the server by are only added some time after the start.
        self._tool("samba_spnupdate", f"--configfile={self._conf}")

    def demand(self, strong_auth: str) -> None:
        """Say, before a start, what it demands of whoever logs in.

        Args:
            strong_auth: ``yes``: to sign or seal, or a password inside TLS; ``allow_sasl_over_tls``: or Kerberos inside
                TLS without either; ``no``: nothing.
        """
        lines = self._conf.read_text("utf-8").splitlines()
        kept = [line for line in lines if not line.strip().startswith(_STRONG_AUTH)]
        kept.insert(kept.index("[global]") + 1, f"\t{_STRONG_AUTH} = {strong_auth}")
        self._conf.write_text("\n".join(kept) + "\n", "utf-8")

    def export_keys(self, principal: str, keytab: Path) -> None:
        """Write a keytab for a principal of the domain.

        Raises:
            ServerError: A tool failed.
        """
        conf = f"--configfile={self._conf}"
        self._tool("samba-tool", "domain", "exportkeytab", str(keytab), f"--principal={principal}", conf)

    def start(self) -> Daemon:
        """Start the server and wait until it listens.

        Raises:
            ServerError: It did not come up.
        """
        inside = str(_HERE / "samba_inside.py")
        daemon = Daemon(sys.executable, "-I", inside, str(self._folder), log=self._folder / "log" / "samba")
        try:
            for port in _LISTENS_ON:
                daemon.await_port(self.address, port)
        except BaseException:
            daemon.stop()
            raise
        return daemon

    def publish(self, records: Iterable[tuple[str, str, str]]) -> None:
        """Add records to the domain's DNS zone while the server runs, as the real servers do it: by dynamic update.

        Args:
            records: Name below the domain, type and data of each.

        Raises:
            ServerError: The server refused.
        """
        update = dns.update.Update(self.domain)
        for name, kind, data in records:
            update.add(name, 14400, kind, data)
        code = dns.query.tcp(update, self.address, timeout=10.0).rcode()
        if code != dns.rcode.NOERROR:
            raise ServerError(f"the DNS of {self.name} refused an update: {dns.rcode.to_text(code)}")

    def _write_files(self, authority: trustme.CA) -> None:
        etc, tls = self._folder / "etc", self._folder / "tls"
        self._conf.touch()  # without one, provisioning takes over the machine's
        (etc / "hosts").write_text(f"{self.address} {self.name} {self.host}\n127.0.0.1 localhost\n", "ascii")
        (etc / "resolv.conf").write_text(f"search {self.domain}\nnameserver {self.address}\n", "ascii")
        certificate = authority.issue_cert(self.name, self.domain, self.address)
        authority.cert_pem.write_to_path(tls / "ca.pem")
        certificate.cert_chain_pems[0].write_to_path(tls / "dc.pem")
        certificate.private_key_pem.write_to_path(tls / "dc.key")
        (tls / "dc.key").chmod(0o600)  # Samba insists

    def _provision_options(self) -> list[str]:
        tls = self._folder / "tls"
        kept = {
            "interfaces": f"{self.address}/8",
            "bind interfaces only": "yes",
            "log file": f"{self._folder}/log/log.%m",
            "max log size": "0",
            "prefork children": "1",
            "server services": "ldap, cldap, kdc, dns",
            # Nobody listens there: names that are not ours fail at once. Its own address would go round in circles.
            "dns forwarder": "127.255.255.254",
            "allow dns updates": "nonsecure",
            _STRONG_AUTH: "allow_sasl_over_tls",
            "tls keyfile": str(tls / "dc.key"),
            "tls certfile": str(tls / "dc.pem"),
            "tls cafile": str(tls / "ca.pem"),
        }
        return [
            f"--realm={self.domain.upper()}",
            f"--domain={self.domain.partition('.')[0].upper()}",
            "--server-role=dc",
            f"--host-name={self.host}",
            f"--host-ip={self.address}",
            "--dns-backend=SAMBA_INTERNAL",
            "--adminpass=Adm.Passw0rd",
            *(f"--option={name}={value}" for name, value in kept.items()),
        ]

    def _load(self, text: str) -> None:
        part = self._folder / "part.ldif"
        part.write_text(text, "utf-8")
        database = str(self._folder / "private" / "sam.ldb")
        allowed = "--option=dsdb:schema update allowed=yes"
        self._tool("ldbmodify", "-H", database, f"--configfile={self._conf}", allowed, str(part))

    def _tool(self, *command: str) -> None:
        run_tool(*command, log=self._log, environment={"SMB_CONF_PATH": str(self._conf)})


def _ldif(entries: Iterable[Entry]) -> str:
    """LDIF that adds entries."""
    return "\n".join(_record(dn, attributes) for dn, attributes in entries)


def _record(dn: str, attributes: dict[str, str | bytes | Sequence[str]]) -> str:
    lines = [f"dn: {dn}", "changetype: add"]
    for name, given in attributes.items():
        values = [given] if isinstance(given, str | bytes) else given
        lines += [_line(name, value) for value in values]
    return "\n".join(lines) + "\n"


def _line(name: str, value: str | bytes) -> str:
    if isinstance(value, str) and _SAFE.fullmatch(value):
        return f"{name}: {value}"
    raw = value.encode() if isinstance(value, str) else value
    return f"{name}:: {base64.b64encode(raw).decode()}"
