"""A domain controller that demands as much as a test wants, and the files of those who log in to it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import trustme
from integration.daemons import AddressBlock, claim_addresses, run_tool
from integration.hierarchy import DOMAIN, READER, READER_PASSWORD, WEB, WRONG_PASSWORD, published_entries
from integration.realsite import Changes
from integration.samba import DomainController

__all__ = ["PROGRAMS", "Realm", "make_realm"]

PROGRAMS = ("kinit",)


class Realm(NamedTuple):
    """A provisioned domain; its controller is started by whoever needs it.

    Attributes:
        block: Its addresses.
        controller: The domain controller.
        authority: Signs certificates.
        folder: Holds ``ca.pem``, ``client.pem``, ``krb5.conf``, ``password``, ``wrong-password``, ``reader.keytab``,
            ``web.keytab``.
    """

    block: AddressBlock
    controller: DomainController
    authority: trustme.CA
    folder: Path

    def file(self, name: str) -> str:
        """Path of a file of the folder."""
        return str(self.folder / name)

    def environment(self, tickets: str = "none") -> dict[str, str]:
        """Variables of a process that knows the realm, with a ticket cache of that name."""
        return {"KRB5_CONFIG": self.file("krb5.conf"), "KRB5CCNAME": f"FILE:{self.folder / tickets}"}

    def get_ticket(self) -> dict[str, str]:
        """Log on as the reader; gives the variables of a process of his.

        Raises:
            ServerError: It was refused.
        """
        variables = self.environment("tickets")
        principal = f"{READER.partition('@')[0]}@{DOMAIN.upper()}"
        log = self.folder / "kinit.log"
        run_tool("kinit", "-k", "-t", self.file("reader.keytab"), principal, log=log, environment=variables)
        return variables

    def member(self) -> Changes:
        """Settings of a machine of the domain that says nothing of how it logs in."""
        return {
            "dns_servers": self.controller.address,
            "bind_address": self.block.address(1, 50),
            "ca_file": self.file("ca.pem"),
            "crl_check": "no",
        }


@contextmanager
def make_realm() -> Iterator[Realm]:
    """Make the domain.

    Raises:
        ServerError: A tool failed.
    """
    authority = trustme.CA()
    with tempfile.TemporaryDirectory(prefix="cmclient-it-") as name, claim_addresses() as block:
        samba, folder = Path(name, "samba"), Path(name, "client")
        for one in (samba, folder):
            one.mkdir()
        controller = DomainController(samba, domain=DOMAIN, address=block.address(0, 10), authority=authority)
        controller.provision(published_entries(block))
        controller.export_keys(READER.partition("@")[0], folder / "reader.keytab")
        controller.export_keys(f"HTTP/{WEB}", folder / "web.keytab")
        authority.cert_pem.write_to_path(folder / "ca.pem")
        client = authority.issue_cert(f"pc1.{DOMAIN}")
        client.private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
        (folder / "client.pem").chmod(0o600)
        (folder / "krb5.conf").write_text(_configuration(controller.address), "ascii")
        for file, password in (("password", READER_PASSWORD), ("wrong-password", WRONG_PASSWORD)):
            (folder / file).write_text(password + "\n", "ascii")
        yield Realm(block, controller, authority, folder)


def _configuration(address: str) -> str:
    realm = DOMAIN.upper()
    return f"""\
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
[realms]
{realm} = {{
  kdc = {address}
}}
"""
