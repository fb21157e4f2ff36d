"""All real servers of the hierarchy together, and the files that a client of theirs needs."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import trustme
from integration.daemons import AddressBlock, claim_addresses
from integration.hierarchy import (
    DOMAIN,
    HTTP_PORT,
    MANAGEMENT_POINTS,
    ODD_PORT,
    READER,
    READER_PASSWORD,
    WRONG_PASSWORD,
    published_entries,
    require,
)
from integration.samba import DomainController
from integration.servers import NameServer, WebServer

__all__ = ["Changes", "RealSite", "start_real_site"]

Changes = dict[str, object]

# What the DNS server without a directory knows. Nobody has ever heard of the host ghost, and a central administration
# site has no management point of its own.
_SERVICES = {
    "_mssms_mp_ber._tcp": ((f"ghost.{DOMAIN}", HTTP_PORT), (require("ber1").name, HTTP_PORT)),
    "_mssms_mp_cas._tcp": ((require("par1").name, HTTP_PORT),),
    "_mssms_mp_odd._tcp": ((require("odd1").name, ODD_PORT),),
}


class RealSite(NamedTuple):
    """The servers, up.

    Attributes:
        block: Their addresses, and those of clients.
        controller: The domain controller; its DNS knows both sites.
        web: The management points.
        names: A DNS server that knows some management points and no directory.
        folder: Holds ``ca.pem``, ``client.pem`` and ``password``; and what is not good for anything here,
            ``other-ca.pem``, ``other-client.pem`` and ``wrong-password``.
    """

    block: AddressBlock
    controller: DomainController
    web: WebServer
    names: NameServer
    folder: Path

    def file(self, name: str) -> str:
        """Path of a file of the folder."""
        return str(self.folder / name)

    def member(self, ad_site: str | None = "Berlin") -> Changes:
        """Settings of a machine of the domain; None for one that is in no AD site."""
        return {
            "dns_servers": self.controller.address,
            "bind_address": self.block.address({"Berlin": 1, "Paris": 2, None: 3}[ad_site], 50),
            "ca_file": self.file("ca.pem"),
            "crl_check": "no",  # its authority publishes no revocation list
            "directory_user": READER,
            "directory_password_file": self.file("password"),
        }

    def outsider(self) -> Changes:
        """Settings of a machine that knows the DNS server without a directory, and the site's port for HTTP."""
        return {
            "dns_servers": self.names.server,
            "bind_address": self.block.address(3, 50),
            "ca_file": self.file("ca.pem"),
            "crl_check": "no",
            "http_port": HTTP_PORT,
        }


@contextmanager
def start_real_site() -> Iterator[RealSite]:
    """Start everything; stop everything at the end, whatever that is.

    Raises:
        ServerError: A server did not come up.
    """
    authority, other = trustme.CA(), trustme.CA()
    with tempfile.TemporaryDirectory(prefix="cmclient-it-") as name, claim_addresses() as block, ExitStack() as running:
        folders = {part: Path(name, part) for part in ("samba", "nginx", "dnsmasq", "client")}
        for folder in folders.values():
            folder.mkdir()
        _write_client_files(folders["client"], authority, other)
        web = WebServer(folders["nginx"], block=block, authority=authority)
        running.enter_context(web.start())
        names = NameServer(folders["dnsmasq"], block=block, services=_SERVICES)
        running.enter_context(names.start())
        controller = DomainController(
            folders["samba"], domain=DOMAIN, address=block.address(0, 10), authority=authority
        )
        controller.provision(published_entries(block))
        running.enter_context(controller.start())
        controller.publish(_records(block))
        yield RealSite(block, controller, web, names, folders["client"])


def _records(block: AddressBlock) -> Iterator[tuple[str, str, str]]:
    for mp in MANAGEMENT_POINTS:
        yield mp.short, "A", mp.address_in(block)
        if mp.site in {"BER", "PAR"} and not mp.is_secondary:
            yield f"_mssms_mp_{mp.site.lower()}._tcp", "SRV", f"0 0 {mp.port} {mp.name}."


def _write_client_files(folder: Path, authority: trustme.CA, other: trustme.CA) -> None:
    authority.cert_pem.write_to_path(folder / "ca.pem")
    other.cert_pem.write_to_path(folder / "other-ca.pem")
    for name, issuer in (("client.pem", authority), ("other-client.pem", other)):
        issuer.issue_cert(f"pc1.{DOMAIN}").private_key_and_cert_chain_pem.write_to_path(folder / name)
    for name, password in (("password", READER_PASSWORD), ("wrong-password", WRONG_PASSWORD)):
        (folder / name).write_text(password + "\n", "ascii")
