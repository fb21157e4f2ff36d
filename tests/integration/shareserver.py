"""A real server of network shares in the place of a ``/source`` folder: Samba's smbd."""

import subprocess
from pathlib import Path

from integration.daemons import AddressBlock, Daemon

__all__ = ["PASSWORD", "PROGRAMS", "USER", "ShareServer"]

PROGRAMS = ("smbd", "smbpasswd", "unshare", "setpriv", "timeout")
USER = "games"  # has to be a user of this machine; Debian has it everywhere
PASSWORD = "Sh4re-password"
_PORT = 445  # a UNC path cannot name another one
_OWN = ("private", "state", "lock", "cache", "pid", "rpc")


class ShareServer:
    """A server with the share ``content``, which the user may read, and ``closed``, which it may not.

    Whoever it does not know is let in as a guest.

    Args:
        folder: Takes everything that it writes; empty.
        block: Addresses.

    Attributes:
        address: Its address.
        root: The folder of ``content``.
    """

    def __init__(self, folder: Path, block: AddressBlock) -> None:
        self.address = block.address(8, 1)
        self.root = folder / "content"
        self._folder = folder
        for name in (*_OWN, "content", "closed"):
            (folder / name).mkdir()
        (folder / "conf").write_text(
            f"""\
[global]
server role = standalone server
interfaces = {self.address}/8
bind interfaces only = yes
smb ports = {_PORT}
private dir = {folder}/private
state directory = {folder}/state
lock directory = {folder}/lock
cache directory = {folder}/cache
pid directory = {folder}/pid
ncalrpc dir = {folder}/rpc
log file = {folder}/log
passdb backend = tdbsam:{folder}/passdb.tdb
load printers = no
disable spoolss = yes
map to guest = Bad User
guest account = nobody
[content]
path = {self.root}
guest ok = yes
force user = root
[closed]
path = {folder}/closed
valid users = root
""",
            "ascii",
        )
        subprocess.run(  # noqa: S603 - our own command
            ["/usr/bin/smbpasswd", "-c", str(folder / "conf"), "-a", "-s", USER],
            input=f"{PASSWORD}\n{PASSWORD}\n",
            text=True,
            check=True,
            capture_output=True,
            timeout=30,
        )

    def share(self, name: str) -> str:
        """The UNC path of one of its shares."""
        return rf"\\{self.address}\{name}"

    def start(self) -> Daemon:
        """Start it and wait until it listens.

        Raises:
            ServerError: It did not come up.
        """
        config = str(self._folder / "conf")
        daemon = Daemon("smbd", "--foreground", "--no-process-group", "-s", config, log=self._folder / "out")
        try:
            daemon.await_port(self.address, _PORT)
        except BaseException:
            daemon.stop()
            raise
        return daemon
