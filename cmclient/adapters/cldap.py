"""The netlogon ping over UDP."""

import secrets
import socket

from ..errors import DirectoryTimeoutError, DirectoryUnreachableError
from ..model.directory import DirectoryServer
from ..model.facts import DomainController
from ..model.http import Deadline
from ..model.names import DnsDomain
from ..protocol.netlogon import build_netlogon_ping, find_message_id, parse_netlogon_reply
from .addresses import Resolve, directory_addresses

__all__ = ["CldapPing"]

_RESEND_AFTER = 1.0  # seconds without an answer: the datagram may be lost
_LONGEST = 15.0  # seconds; without a deadline a lost datagram would be waited for until the end of days
_DATAGRAM = 65_535
_DOMAIN_PORT = 389
_TCP_ONLY_PORTS = {636, 3268, 3269}  # the ping of a server known by one of these goes to its domain port


class CldapPing:
    """``ports.DomainControllerPing`` over the network.

    Args:
        source_address: Our own address to ask from, which decides the AD site in the answer; None to let the system
            choose.
        resolve: Looks up the name of a server that comes without an address; None for the operating system.
    """

    def __init__(self, *, source_address: str | None = None, resolve: Resolve | None = None) -> None:
        self._source_address = source_address
        self._resolve = resolve

    def ping(self, server: DirectoryServer, domain: DnsDomain, deadline: Deadline) -> DomainController | None:
        """Ask one domain controller who it is and in which AD site the caller is.

        Of several addresses each gets its share of the time; the first that answers decides.

        Returns:
            Its answer; None when it answered that it does not serve the domain.

        Raises:
            DirectoryUnreachableError: No route, the port is closed, or the name has no address.
            DirectoryTimeoutError: No answer within the deadline (15 seconds when it has no end).
            MalformedReplyError: The answer cannot be read.
        """
        deadline = deadline.within(_LONGEST)
        addresses = directory_addresses(
            server, resolve=self._resolve, source_address=self._source_address, deadline=deadline
        )
        port = _DOMAIN_PORT if server.port in _TCP_ONLY_PORTS else server.port
        problem: OSError | None = None
        silent = False
        for tried, address in enumerate(addresses):
            share = (deadline.remaining() or 0.0) / (len(addresses) - tried)
            try:
                answer = self._ask(address, port, domain, deadline.within(share))
            except OSError as error:
                problem = error
                continue
            if answer is not None:
                return parse_netlogon_reply(answer, address=address)
            silent = True
        name = f"{server.host}:{port}"
        if problem is not None and not silent:
            raise DirectoryUnreachableError(f"{name} cannot be pinged: {problem}", server=name) from problem
        raise DirectoryTimeoutError(f"{name} did not answer a netlogon ping in time", server=name)

    def _ask(self, address: str, port: int, domain: DnsDomain, deadline: Deadline) -> bytes | None:
        """The datagram that answers; None when none came in time."""
        message_id = secrets.randbelow(2**31 - 1) + 1  # nobody who cannot see the question can answer it
        question = build_netlogon_ping(domain, message_id)
        found = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
        family, kind, protocol, _, target = found[0]
        with socket.socket(family, kind, protocol) as connection:
            if self._source_address is not None:
                connection.bind((self._source_address, 0))
            connection.connect(target)  # so that a closed port shows at once and no one else is heard
            for wait in (deadline.within(_RESEND_AFTER), deadline):
                if not deadline.expired:
                    connection.send(question)
                answer = _receive(connection, message_id, wait)
                if answer is not None:
                    return answer
        return None


def _receive(connection: socket.socket, message_id: int, deadline: Deadline) -> bytes | None:
    """The first datagram with our id; None when none came in time."""
    while left := deadline.remaining():
        connection.settimeout(left)
        try:
            datagram = connection.recv(_DATAGRAM)
        except TimeoutError:
            return None
        if find_message_id(datagram) == message_id:
            return datagram
    return None
