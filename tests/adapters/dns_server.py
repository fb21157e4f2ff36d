"""A DNS server on loopback, UDP and TCP on one port, that says what a test tells it to say."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Answer = Callable[[dns.message.Message, str], dns.message.Message | bytes | None]


def reply(query: dns.message.Message, *records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> dns.message.Message:
    """An answer with records, each written ``TYPE data``, all with a TTL of 14400 seconds."""
    answer = dns.message.make_response(query, recursion_available=True)
    answer.set_rcode(rcode)
    name = query.question[0].name
    for record in records:  # a set for each: dnspython shuffles the records of one
        kind, _, data = record.partition(" ")
        answer.answer.append(dns.rrset.from_text(name, 14400, "IN", kind, data))
    return answer


def _pair() -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on one port that was free for both."""
    for _ in range(50):
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
        else:
            return udp, tcp
    raise OSError("no port is free for both UDP and TCP")


class DnsServer:
    """Answers every query with what ``answer`` makes of it; None is silence, bytes are sent as they are.

    Attributes:
        seen: Each query's text (``name class type``) and transport, in order.
        port: The port, on 127.0.0.1.
    """

    def __init__(self, answer: Answer) -> None:
        self.seen: list[tuple[str, str]] = []
        self._answer = answer
        self._udp, self._tcp = _pair()
        self.port = int(self._udp.getsockname()[1])
        self._threads = [threading.Thread(target=self._serve_udp), threading.Thread(target=self._serve_tcp)]

    @property
    def address(self) -> str:
        """What to configure a client with."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._udp.sendto(b"", self._udp.getsockname())
        with socket.create_connection(self._tcp.getsockname()):
            pass
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self) -> None:
        while True:
            data, client = self._udp.recvfrom(65_535)
            if not data:
                return
            query = dns.message.from_wire(data)
            wire = self._wire(query, "udp", max(query.payload, 512))
            if wire is not None:
                self._udp.sendto(wire, client)

    def _serve_tcp(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            with connection:
                head = connection.recv(2, socket.MSG_WAITALL)
                if not head:
                    return
                data = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
                wire = self._wire(dns.message.from_wire(data), "tcp", 65_535)
                if wire is not None:
                    connection.sendall(len(wire).to_bytes(2, "big") + wire)

    def _wire(self, query: dns.message.Message, transport: str, room: int) -> bytes | None:
        self.seen.append((query.question[0].to_text(), transport))
        answer = self._answer(query, transport)
        if not isinstance(answer, dns.message.Message):
            return answer
        try:
            return answer.to_wire(max_size=room)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            return short.to_wire()
