"""What the servers of the lab saw."""

import threading
from datetime import UTC, datetime
from typing import NamedTuple

from ..model.names import printable
from .faults import Role

__all__ = ["Journal", "JournalEntry"]

_MAX_WHAT = 500  # a request line of megabytes must not fill the journal
_MAX_ENTRIES = 100_000  # nor a client in a loop


class JournalEntry(NamedTuple):
    """One request, noted before it is answered.

    Attributes:
        time: When, in UTC.
        server: Host name of the server.
        role: What the server is.
        protocol: ``HTTP``, ``HTTPS``, ``LDAP``, ``CLDAP``, ``DNS/UDP``, ``DNS/TCP`` or ``TLS`` (a failed handshake).
        what: The request in a line, such as ``GET /SMS_MP/.sms_aut?MPLIST``.
        client: Address of the client, without its port.
        tls: Whether it came through TLS.
    """

    time: datetime
    server: str
    role: Role
    protocol: str
    what: str
    client: str
    tls: bool

    def __str__(self) -> str:
        """One line for a person."""
        lock = " over TLS" if self.tls else ""
        return f"{self.time:%H:%M:%S.%f} {self.client} -> {self.server}: {self.what}{lock}"


class Journal:
    """Every request that a server of the lab saw, in order. Safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: list[JournalEntry] = []
        self._changed = threading.Condition()

    def record(self, server: str, role: Role, protocol: str, what: str, client: str, *, tls: bool = False) -> None:
        """Note a request. After the first hundred thousand nothing is noted any more."""
        entry = JournalEntry(datetime.now(UTC), server, role, protocol, printable(what[:_MAX_WHAT]), client, tls)
        with self._changed:
            if len(self._entries) < _MAX_ENTRIES:
                self._entries.append(entry)
            self._changed.notify_all()

    def entries(
        self, text: str = "", *, role: Role | None = None, server: str | None = None, protocol: str | None = None
    ) -> tuple[JournalEntry, ...]:
        """The requests that fit all that is given, oldest first.

        Args:
            text: Part of what was asked, in any case; empty for any.
            role: Only servers of this role.
            server: Only the server with this host name, or this first part of one.
            protocol: Only this protocol.
        """
        with self._changed:
            return self._fitting(text, role, server, protocol)

    def wait_for(
        self,
        text: str = "",
        *,
        role: Role | None = None,
        server: str | None = None,
        protocol: str | None = None,
        seconds: float = 5.0,
    ) -> tuple[JournalEntry, ...]:
        """Wait until a request fits, and return all that fit; empty when none came in that time."""
        with self._changed:
            self._changed.wait_for(lambda: self._fitting(text, role, server, protocol), seconds)
            return self._fitting(text, role, server, protocol)

    def clear(self) -> None:
        """Forget everything."""
        with self._changed:
            self._entries.clear()

    def _fitting(
        self, text: str, role: Role | None, server: str | None, protocol: str | None
    ) -> tuple[JournalEntry, ...]:
        return tuple(
            entry
            for entry in self._entries
            if text.lower() in entry.what.lower()
            and role in {None, entry.role}
            and (server is None or entry.server == server or entry.server.partition(".")[0] == server)
            and protocol in {None, entry.protocol}
        )
