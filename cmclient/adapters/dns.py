"""DNS, with dnspython."""

import ipaddress
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from ..errors import InvalidValueError, NameServiceError, NameServiceTimeoutError
from ..model.directory import SrvRecord
from ..model.http import Deadline
from ..model.names import HostName, parse_port
from ..model.rule import decides

__all__ = ["DnsNameService"]

_PORT = 53
_EDNS_PAYLOAD = 1232  # bytes of an answer by UDP that no network splits; a longer one comes by TCP
_SHORTEST_WAIT = 1.0  # seconds for one server, however many there are
_LOOPBACK = ("127.0.0.1", "::1")

# What dnspython lets through, its own exceptions apart: a broken resolver configuration and the network.
_FAILURES = (dns.exception.DNSException, OSError, EOFError, ValueError, NotImplementedError)


class DnsNameService:
    """``ports.NameService`` over the network.

    Args:
        servers: DNS servers as ``ADDR``, ``ADDR:PORT`` or ``[V6]:PORT``; none to use those that the operating system is
            set up with, read anew for every lookup.
        attempt_timeout: Seconds for one round of asking; with several servers, each gets its share, a second at least.
        attempts: Rounds.

    Raises:
        InvalidValueError: A server is no address.
    """

    def __init__(self, servers: Sequence[str] = (), *, attempt_timeout: float = 5.0, attempts: int = 2) -> None:
        self._servers = tuple(_parse_server(server) for server in servers)
        self._attempt_timeout = attempt_timeout
        self._attempts = attempts

    @decides("DN-001")
    def resolve_srv(self, name: str, deadline: Deadline) -> tuple[SrvRecord, ...]:
        """Look up SRV records of class IN.

        Args:
            name: The whole name; a final dot makes no difference, no search list is used.
            deadline: Until when.

        Returns:
            Records in the order of the answer; empty when the name does not exist or has none.

        Raises:
            NameServiceTimeoutError: No DNS server answered in time.
            NameServiceError: DNS answered with a failure, or the name cannot be one.
        """
        answer = self._resolve(name, "SRV", deadline)
        if answer is None or answer.rrset is None:
            return ()
        ttl = answer.rrset.ttl
        return tuple(
            SrvRecord(record.target.to_text(omit_final_dot=True), record.port, record.priority, record.weight, ttl)
            for record in answer.rrset
        )

    def resolve_host(self, name: HostName, deadline: Deadline) -> tuple[str, ...]:
        """Look up addresses.

        Args:
            name: A host name; without a dot it is completed with the system's search list. An address stands for
                itself, and ``localhost`` for this machine (RFC 6761).
            deadline: Until when.

        Returns:
            Addresses, IPv6 before IPv4, otherwise in the order of the answers; empty when the name does not exist or
            has none.

        Raises:
            NameServiceTimeoutError: No DNS server answered in time.
            NameServiceError: DNS answered with a failure.
        """
        if _is_address(name):
            return (name,)
        if name == "localhost" or name.endswith(".localhost"):
            return _LOOPBACK
        v4 = self._addresses(name, "A", deadline)
        if v4 is None:
            return ()
        try:
            v6 = self._addresses(name, "AAAA", deadline)
        except NameServiceError:
            if not v4:
                raise
            v6 = ()  # servers that choke on AAAA exist; the name can be reached without it
        return (v6 or ()) + v4

    def resolve_alias(self, name: HostName, deadline: Deadline) -> HostName | None:
        """Look up what a name is an alias of; one step, without a search list.

        Args:
            name: The whole name.
            deadline: Until when.

        Returns:
            The name that its CNAME record has; None when the name does not exist or is no alias.

        Raises:
            NameServiceTimeoutError: No DNS server answered in time.
            NameServiceError: DNS answered with a failure, or with what is no host name.
        """
        answer = self._resolve(name, "CNAME", deadline)
        if answer is None or answer.rrset is None:
            return None
        target = answer.rrset[0].target.to_text(omit_final_dot=True)
        try:
            return HostName(target)
        except InvalidValueError as error:
            raise NameServiceError(
                f"DNS says that {_shown(name)} is an alias of no host name: {error.message}"
            ) from error

    def _addresses(self, name: str, kind: str, deadline: Deadline) -> tuple[str, ...] | None:
        """Addresses of one family; None when the name does not exist."""
        answer = self._resolve(name, kind, deadline, search="." not in name)
        if answer is None:
            return None
        return tuple(str(record.address) for record in answer.rrset or ())

    def _resolve(self, name: str, kind: str, deadline: Deadline, *, search: bool = False) -> dns.resolver.Answer | None:
        """The answer, with or without records; None when the name does not exist."""
        remaining = deadline.remaining()
        lifetime = self._attempt_timeout * self._attempts
        try:
            question = dns.name.from_text(name, None if search else dns.name.root)
            resolver = self._resolver()
            return resolver.resolve(
                question,
                kind,
                "IN",
                raise_on_no_answer=False,
                lifetime=lifetime if remaining is None else min(lifetime, remaining),
                search=search,
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except _FAILURES as error:
            raise _failure(name, error) from error

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = list(self._servers)
            resolver.domain = dns.name.root  # otherwise that of this machine's host name
        resolver.timeout = max(_SHORTEST_WAIT, self._attempt_timeout / max(1, len(resolver.nameservers)))
        resolver.use_edns(0, 0, _EDNS_PAYLOAD)
        return resolver


def _failure(name: str, error: Exception) -> NameServiceError:
    shown = _shown(name)
    if isinstance(error, dns.exception.Timeout | TimeoutError):
        return _timeout(name)
    if isinstance(error, dns.resolver.NoResolverConfiguration):
        return NameServiceError(
            f"{shown} cannot be looked up: this machine has no DNS server",
            hint="name one in the settings, or set the system's resolver up",
        )
    if isinstance(error, dns.resolver.NoNameservers):
        said = "; ".join(_failed_server(entry) for entry in error.kwargs.get("errors", ()))
        return NameServiceError(f"DNS could not say what {shown} is ({said or 'no server was of use'})")
    return NameServiceError(f"{shown} cannot be looked up in DNS: {_said(error)}")


def _failed_server(entry: tuple[Any, ...]) -> str:
    """What dnspython noted of one server: its name, whether by TCP, the port, and an exception or a result."""
    server = str(entry[0]).removeprefix("Do53:").replace("@", ":")
    return f"{server}: {_said(entry[3])}"


def _timeout(name: str) -> NameServiceTimeoutError:
    return NameServiceTimeoutError(f"no DNS server answered in time when asked for {_shown(name)}")


def _said(error: object) -> str:
    return str(error) or type(error).__name__


def _shown(name: str) -> str:
    """A name as it may stand in a message; it can come from the network."""
    shown = ascii(str(name))[1:-1]
    return shown if len(shown) <= 100 else shown[:97] + "..."  # noqa: PLR2004 - a message is one line


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _parse_server(text: str) -> dns.nameserver.Do53Nameserver:
    given = text.strip()
    bare = given[1:-1] if given.startswith("[") and given.endswith("]") else given
    if _is_address(bare):
        return dns.nameserver.Do53Nameserver(bare, _PORT)
    address, _, port = given.rpartition(":")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    if not _is_address(address):
        raise InvalidValueError("DNS server", text, "it is written ADDRESS, ADDRESS:PORT or [IPV6]:PORT")
    return dns.nameserver.Do53Nameserver(address, parse_port(port))
