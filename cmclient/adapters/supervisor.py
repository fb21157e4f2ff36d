"""Tell systemd how a service is: ready, alive, stopping, and what it does.

The protocol is one datagram of ``NAME=value`` lines to the socket that ``NOTIFY_SOCKET`` names, sd_notify(3).
"""

import logging
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["Supervisor"]

_LOG = logging.getLogger(__name__)
_MICROSECONDS = 1_000_000
_STATUS_CHARACTERS = 200  # of one line that a person reads in 'systemctl status'


class Supervisor:
    """Whoever started this service, as far as it wants to be told. Says nothing where nobody asked.

    Args:
        environ: The environment: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``.
        pid: This process.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ, *, pid: int | None = None) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog(environ, os.getpid() if pid is None else pid)
        """Seconds after which the service is restarted unless it says that it is alive; None when nobody waits."""

    def ready(self) -> None:
        """Say that the service has begun to do its work."""
        self._tell("READY=1")

    def alive(self) -> None:
        """Say that the service is not stuck."""
        if self.watchdog_seconds is not None:
            self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in a line what the service does."""
        line = "".join(char if char.isprintable() else " " for char in text[:_STATUS_CHARACTERS])
        self._tell(f"STATUS={line}")

    def stopping(self) -> None:
        """Say that the service is about to end because it was told to."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if sys.platform != "win32" and self._address is not None:
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                    channel.settimeout(1)  # a supervisor that reads nothing must not hold the service up
                    channel.connect(self._address)
                    channel.sendall(message.encode())
            except OSError as error:
                _LOG.warning("the service manager cannot be told: %s", error, extra={"event": "supervisor.silent"})


def _address(text: str) -> str | None:
    """A path, or a name without a file (``@name``); None for anything else."""
    if not text.startswith(("/", "@")):
        return None
    return "\0" + text[1:] if text.startswith("@") else text


def _watchdog(environ: Mapping[str, str], pid: int) -> float | None:
    """The seconds of ``WATCHDOG_USEC``, unless they are meant for another process."""
    with suppress(ValueError):
        if int(environ.get("WATCHDOG_PID", pid)) == pid:
            seconds = int(environ.get("WATCHDOG_USEC", "")) / _MICROSECONDS
            return seconds if seconds > 0 else None
    return None
