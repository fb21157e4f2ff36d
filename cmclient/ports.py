"""What the workflows need from the world. Bring your own by writing a class with these methods.

Every method that waits takes a ``Deadline`` and keeps it. Every method raises only what it says;
what does not exist (a name, an object, a stored list) is an empty result, not an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .download_ports import (
    BulkReply,
    BulkTransport,
    ByteStream,
    CancelAction,
    Cancellation,
    Files,
    PartFile,
    SharedFile,
    SharedFiles,
    SourcePlanner,
    Target,
)
from .report_ports import ReportQueue
from .store_ports import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .model.certificates import HeldCertificate
    from .model.directory import DirectoryEntry, DirectoryQuery, DirectoryServer, SrvRecord
    from .model.facts import DomainController, NetworkFacts
    from .model.http import Deadline, HttpReply, HttpRequest
    from .model.names import DnsDomain, HostName
    from .model.netbios import NetbiosName
    from .model.rootkey import SignatureCheck, TrustedRootKey
    from .model.trust import MpKeyInformation
    from .model.wake import Wake

__all__ = [
    "BulkReply",
    "BulkTransport",
    "ByteStream",
    "CancelAction",
    "Cancellation",
    "CertificateStore",
    "Chooser",
    "Clock",
    "DirectoryService",
    "DomainControllerPing",
    "FactsSource",
    "Files",
    "NameService",
    "PartFile",
    "ReportQueue",
    "ServiceManager",
    "SharedFile",
    "SharedFiles",
    "SignatureVerifier",
    "SourcePlanner",
    "Store",
    "Target",
    "Transport",
    "Waiter",
    "WinsService",
]


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The wall clock: aware, UTC. For records."""

    def monotonic(self) -> float:
        """Seconds that never go back. For intervals."""


class Chooser(Protocol):
    """Chance, with a seed that makes it repeatable (MP-005, Q-32)."""

    @property
    def seed(self) -> int:
        """The seed; a chooser made from it draws the same."""

    def draw(self, label: str) -> float:
        """A number in [0, 1) for a label; the same label gives the same number, whatever else is drawn."""


class CertificateStore(Protocol):
    """A certificate store of the operating system, such as that of Windows."""

    def read(self, store: str) -> tuple[HeldCertificate, ...]:
        """Read the certificates of a store of the machine; keys stay where they are.

        Args:
            store: Its name, such as ``MY``; case does not count.

        Returns:
            The certificates in the order of the store, each with ``store`` as its store; empty when there is no such
            store.

        Raises:
            FactsError: The operating system refused.
        """


class FactsSource(Protocol):
    """This machine, asked without the network."""

    def read(self) -> NetworkFacts:
        """Read what the machine knows of itself: names, membership, connections, an installed client's settings.

        Returns:
            Facts with their origins. What is not known is unknown; nothing is guessed.

        Raises:
            FactsError: The operating system refused the very basics (its connections).
        """


class DomainControllerPing(Protocol):
    """The netlogon ping (CLDAP, UDP 389)."""

    def ping(self, server: DirectoryServer, domain: DnsDomain, deadline: Deadline) -> DomainController | None:
        """Ask one domain controller who it is and in which AD site the caller is.

        Returns:
            Its answer; None when it answered that it does not serve the domain.

        Raises:
            DirectoryUnreachableError: No route, or the port is closed.
            DirectoryTimeoutError: No answer within the deadline.
            MalformedReplyError: The answer cannot be read.
        """


class DirectoryService(Protocol):
    """Active Directory over LDAP."""

    def search(
        self, server: DirectoryServer, queries: Sequence[DirectoryQuery], deadline: Deadline
    ) -> tuple[tuple[DirectoryEntry, ...], ...]:
        """Run searches over one bound connection.

        Returns:
            For each query, its entries in the order in which they came; referrals are left out.

        Raises:
            DirectoryUnreachableError: No connection, or it was lost.
            DirectoryTimeoutError: Not done within the deadline.
            DirectoryRefusedError: The bind or a search was refused.
            DirectoryTrustError: The server's certificate was not accepted.
            DirectoryError: The answer cannot be read, or is past a limit.
        """


class NameService(Protocol):
    """DNS."""

    def resolve_srv(self, name: str, deadline: Deadline) -> tuple[SrvRecord, ...]:
        """Look up SRV records.

        Returns:
            Records in the order of the answer; empty when the name does not exist or has none.

        Raises:
            NameServiceTimeoutError: No DNS server answered in time.
            NameServiceError: DNS answered with a failure.
        """

    def resolve_host(self, name: HostName, deadline: Deadline) -> tuple[str, ...]:
        """Look up addresses (AAAA and A).

        Returns:
            Addresses; empty when the name does not exist or has none.

        Raises:
            NameServiceTimeoutError: No DNS server answered in time.
            NameServiceError: DNS answered with a failure.
        """

    def resolve_alias(self, name: HostName, deadline: Deadline) -> HostName | None:
        """Look up what a name is an alias of (CNAME).

        Returns:
            The name that it stands for; None when the name does not exist or is no alias.

        Raises:
            NameServiceTimeoutError: No DNS server answered in time.
            NameServiceError: DNS answered with a failure, or with what is no host name.
        """


class WinsService(Protocol):
    """WINS. cmclient has none: bring one where WINS is still in use, and it is asked last (WL-001)."""

    def resolve(self, name: NetbiosName, deadline: Deadline) -> Sequence[str]:
        """Look up the addresses that are registered under a NetBIOS name.

        Returns:
            IPv4 addresses in the order of the answer; empty when the name is not registered.

        Raises:
            NameServiceTimeoutError: No WINS server answered in time.
            NameServiceError: WINS answered with a failure.
        """


class Transport(Protocol):
    """HTTP."""

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        """Send one request and read the whole reply.

        Safe to call from several threads at once. Redirects are not followed; nothing is retried.

        Returns:
            The reply, whatever its status (but see RedirectRefusedError).

        Raises:
            NameResolutionError: The host has no address.
            ConnectError: No TCP connection.
            TransportTimeoutError: Too slow to connect or to reply.
            ConnectionLostError: The connection broke before the reply was whole.
            ServerCertificateError: The server's certificate was not accepted; nothing was sent.
            ClientCertificateError: Our certificate cannot be read, or the server did not accept it.
            TlsError: No TLS session for another reason.
            AuthenticationError: The server asks who we are, ``request.may_log_in`` allows to tell, and it did not work.
            RedirectRefusedError: The server answered with a redirect.
            ReplyTooLargeError: The reply is larger than ``request.read_cap``.
            CancelledError: The cancellation came first.
            InvalidValueError: The request cannot be written as HTTP (a blank in the path, a line break in a header).
        """


class SignatureVerifier(Protocol):
    """Looks at the signatures with which a site vouches for its keys."""

    def check(self, told: MpKeyInformation, root: TrustedRootKey) -> tuple[SignatureCheck, ...]:
        """Look at the signatures of key information.

        Args:
            told: What a management point answered.
            root: The trusted root key.

        Returns:
            What each proves; empty when there is none. Nothing is raised for one that cannot be read.
        """


class Waiter(Protocol):
    """A wait that can end early. ``wait`` is called by one thread; the others from any, and by signal handlers."""

    def wait(self, seconds: float | None) -> Wake:
        """Wait.

        Args:
            seconds: The longest; None for ever.

        Returns:
            Why it ended. What happened between two waits ends the next one at once.
        """

    def nudge(self) -> None:
        """End this wait, or the next one."""

    def stop(self) -> None:
        """End this wait and every later one."""


class ServiceManager(Protocol):
    """Whoever started this service and wants to know how it is, such as systemd. Nothing here fails or waits long."""

    @property
    def watchdog_seconds(self) -> float | None:
        """Seconds after which the service is restarted unless it says that it is alive; None when nobody waits."""

    def ready(self) -> None:
        """Say that the service has begun to do its work."""

    def alive(self) -> None:
        """Say that the service is not stuck."""

    def status(self, text: str) -> None:
        """Say in a line what the service does."""

    def stopping(self) -> None:
        """Say that the service is about to end because it was told to."""
