"""The lab's DNS: the names of its servers, domain controllers and published management points, and nothing else."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from ..model.names import HostName
from .faults import NO_ANSWER_FAULTS, FaultBoard, FaultKind, Role
from .journal import Journal
from .sockets import Connection

__all__ = ["NameServer", "Service"]

_HOST_TTL = 1200
_PLAIN_UDP = 512  # bytes of an answer when the question does not say how much it takes (RFC 1035)
_MAX_QUESTION = 4096  # bytes of a question over TCP
_JUNK = b"\x00\x01junk"


class Service(NamedTuple):
    """A service record.

    Attributes:
        name: The name that is asked for.
        target: The host.
        port: Its port.
        ttl: Seconds that the answer may be kept.
    """

    name: str
    target: HostName
    port: int
    ttl: int = 600


class NameServer:
    """A DNS server that knows hosts and services, and says of any other name that it does not exist."""

    def __init__(
        self,
        host: HostName,
        addresses: Mapping[HostName, str],
        services: Iterable[Service],
        *,
        aliases: Mapping[str, HostName] = {},
        faults: FaultBoard,
        journal: Journal,
        pause: Callable[[float], None],
    ) -> None:
        self._host = host
        self._faults = faults
        self._journal = journal
        self._pause = pause
        self._records: dict[dns.name.Name, dict[dns.rdatatype.RdataType, list[tuple[int, str]]]] = {}
        for name, address in addresses.items():
            self._add(name, dns.rdatatype.A, _HOST_TTL, address)
        for alias, target in aliases.items():
            self._add(alias, dns.rdatatype.CNAME, _HOST_TTL, f"{target}.")
        for service in services:
            text = f"0 0 {service.port} {service.target}."
            self._add(service.name, dns.rdatatype.SRV, service.ttl, text)

    def answer(self, data: bytes, client: str) -> bytes | None:
        """Answer a datagram; None for one that is no question, and when a fault says so."""
        return self._reply(data, client, "DNS/UDP")

    def serve(self, connection: Connection) -> None:
        """Answer the questions of a client that come over TCP, until it goes."""
        while True:
            head = _read(connection, 2)
            if head is None or not 0 < (length := int.from_bytes(head, "big")) <= _MAX_QUESTION:
                return
            question = _read(connection, length)
            if question is None:
                return
            reply = self._reply(question, connection.client, "DNS/TCP")
            if reply is None:
                connection.hold()
            connection.socket.sendall(len(reply).to_bytes(2, "big") + reply)

    def _add(self, name: str, type_: dns.rdatatype.RdataType, ttl: int, text: str) -> None:
        by_type = self._records.setdefault(dns.name.from_text(name), {})
        by_type.setdefault(type_, []).append((ttl, text))

    def _reply(self, data: bytes, client: str, protocol: str) -> bytes | None:
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            self._note("a question that cannot be read", client, protocol)
            return None
        if query.flags & dns.flags.QR or query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            return None
        asked = query.question[0]
        name, type_ = asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)
        self._note(f"{type_} {name}", client, protocol)
        fault = self._faults.find(self._host, Role.DNS)
        kind = None if fault is None else fault.kind
        if kind in NO_ANSWER_FAULTS:
            return None
        if kind is FaultKind.MALFORMED:
            return _JUNK
        if fault is not None and kind is FaultKind.SLOW:
            self._pause(fault.amount or 0.0)
        response = self._response(query, failed=kind is FaultKind.SERVFAIL)
        return _limited(response, query) if protocol == "DNS/UDP" else response.to_wire()

    def _response(self, query: dns.message.Message, *, failed: bool) -> dns.message.Message:
        response = dns.message.make_response(query, recursion_available=True)
        response.flags |= dns.flags.AA
        asked = query.question[0]
        records = self._records.get(asked.name)
        if failed:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif records is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif asked.rdclass == dns.rdataclass.IN:
            response.answer.extend(self._found(asked.name, asked.rdtype))
        return response

    def _found(self, name: dns.name.Name, type_: dns.rdatatype.RdataType) -> Iterator[dns.rrset.RRset]:
        """The records of a name; where it is an alias, that and the records of what it stands for."""
        records = self._records.get(name, {})
        for kind in (type_,) if type_ in records else (dns.rdatatype.CNAME,):
            if found := records.get(kind):
                yield dns.rrset.from_text_list(name, found[0][0], "IN", kind, [text for _, text in found])
                if kind is not type_:
                    yield from self._found(dns.name.from_text(found[0][1]), type_)

    def _note(self, what: str, client: str, protocol: str) -> None:
        self._journal.record(self._host, Role.DNS, protocol, what, client)


def _limited(response: dns.message.Message, query: dns.message.Message) -> bytes:
    """The answer as a datagram; what does not fit is to be asked again over TCP."""
    limit = max(query.payload, _PLAIN_UDP)
    whole = response.to_wire(max_size=65_535)
    if len(whole) <= limit:
        return whole
    response.answer.clear()
    response.flags |= dns.flags.TC
    return response.to_wire()


def _read(connection: Connection, length: int) -> bytes | None:
    """That many bytes; None when the client has gone."""
    data = b""
    while len(data) < length:
        more = connection.socket.recv(length - len(data))
        if not more:
            return None
        data += more
    return data
