"""A connection to a directory server, as an LDAP library may use it: whole messages only, under limits, in time.

ldap3 reads without a limit of size and counts its timeout anew for every piece of a message, so that a server which
drips bytes holds it for ever. It is given one of these in place of its socket.
"""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator

from ..errors import (
    DirectoryError,
    DirectoryTimeoutError,
    DirectoryTrustError,
    DirectoryUnreachableError,
    MalformedReplyError,
)
from ..model.http import Deadline
from ..model.names import HostName
from ..protocol.ber import MAX_MESSAGE, find_message_length, read_children, read_tlv

__all__ = ["LdapWire"]

_RECEIVE_TIMEOUT = 30.0  # seconds of silence that end a conversation which has no deadline
_MAX_MESSAGES = 20_000  # entries, references and results of one conversation; more fill the memory of the client
_MAX_OCTETS = 64 * 1024 * 1024  # all of them together
_MAX_SEALED = MAX_MESSAGE + 65_536  # octets of one sealed part, which may hold several messages, and its signature
_PIECE = 65_536
_SEALED_HEADER = 4  # octets of the length of a sealed part (RFC 4422, 3.7)
_HEADER = 6  # octets of the longest tag and length
_SHORTEST = 7  # octets of an id and an empty operation; ldap3 would wait for more
_SEQUENCE = b"\x30"
_ENTRY = 0x64  # SearchResultEntry
_OCTET_STRING = 0x04


class LdapWire:
    """A connected socket that hands out one LDAP message at a time and keeps a deadline.

    Every failure is a ``DirectoryError``, never an ``OSError``: nothing in between can mistake it.

    Args:
        connection: The socket; it is closed with this object.
        deadline: Until when the whole conversation may last.
        server: ``host:port``, for messages.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline, server: str) -> None:
        self._connection = connection
        self._deadline = deadline
        self._server = server
        self._pending = bytearray()
        self._wrap: Callable[[bytes], bytes] | None = None
        self._unwrap: Callable[[bytes], bytes] | None = None
        self._sealed = bytearray()
        self._most_sealed = 0
        self._messages = 0
        self._octets = 0
        with contextlib.suppress(OSError):  # a lost connection is found out by the first use
            # without it the first request after a TLS handshake waits 40 ms for a delayed acknowledgement
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recv(self, _size: int) -> bytes:
        """Receive the next message.

        Returns:
            One whole message; empty when the server has closed the connection after the last one.

        Raises:
            DirectoryUnreachableError: The connection was lost.
            DirectoryTimeoutError: The message was not there in time.
            DirectoryError: It is no LDAP, or one message, or all of them together, are past the limit.
        """
        while (length := self._next_length()) is None or length > len(self._pending):
            piece = self._receive() if self._unwrap is None else self._receive_sealed(self._unwrap)
            if not piece and self._pending:
                raise self._lost("in the middle of an answer")
            if not piece:
                return b""
            self._pending += piece
        self._messages += 1
        self._octets += length
        if self._messages > _MAX_MESSAGES or self._octets > _MAX_OCTETS:
            raise DirectoryError(f"{self._server} sends too much: the answer was given up", server=self._server)
        message = bytes(self._pending[:length])
        del self._pending[:length]
        self._require_text_values(message)
        return message

    def sendall(self, data: bytes) -> None:
        """Send.

        Raises:
            DirectoryUnreachableError: The connection was lost.
            DirectoryTimeoutError: The server did not take it in time.
        """
        if self._wrap is not None:
            data = self._wrap(data)
            if 0 < self._most_sealed < len(data):  # requests are short; whoever takes less takes none
                raise DirectoryError(f"{self._server} takes no requests of {len(data)} octets", server=self._server)
            data = len(data).to_bytes(_SEALED_HEADER, "big") + data
        self._arm()
        try:
            self._connection.sendall(data)
        except TimeoutError as error:
            raise self._late() from error
        except OSError as error:
            raise self._lost(str(error)) from error

    def start_tls(self, context: ssl.SSLContext, host: HostName) -> None:
        """Protect the connection, and check that the server is who it should be.

        Raises:
            DirectoryTrustError: Its certificate was not accepted, or it spoke before TLS began.
            DirectoryUnreachableError: There is no TLS to be had.
            DirectoryTimeoutError: TLS was not there in time.
        """
        if self._pending:
            # what was said in the clear must never be taken for what was said in TLS
            raise DirectoryTrustError(f"{self._server} sent unprotected data where TLS begins", server=self._server)
        self._arm()
        try:
            self._connection = context.wrap_socket(
                self._connection, server_hostname=host, do_handshake_on_connect=False
            )
            self._connection.do_handshake()
        except ssl.SSLCertVerificationError as error:
            raise DirectoryTrustError(
                f"the certificate of {self._server} was not accepted: {error.verify_message}",
                server=self._server,
                hint=_trust_hint(error, host),
            ) from error
        except TimeoutError as error:
            raise self._late() from error
        except OSError as error:
            raise DirectoryUnreachableError(
                f"{self._server} offers no usable TLS: {error}",
                server=self._server,
                hint="a domain controller speaks TLS only once it has a certificate of its own",
            ) from error

    @property
    def certificate(self) -> bytes | None:
        """The certificate of the server, DER; None without TLS."""
        return self._connection.getpeercert(binary_form=True) if isinstance(self._connection, ssl.SSLSocket) else None

    def limit_sealed(self, octets: int) -> None:
        """Never send a larger sealed part; 0 for no limit."""
        self._most_sealed = octets

    def seal(self, wrap: Callable[[bytes], bytes], unwrap: Callable[[bytes], bytes]) -> None:
        """Protect everything from now on with what a login agreed on.

        Args:
            wrap: Encrypts; raises DirectoryError.
            unwrap: Decrypts, and checks that nothing was altered; raises DirectoryError.

        Raises:
            DirectoryTrustError: The server said something before that, which anybody may have put in.
        """
        if self._pending:
            raise DirectoryTrustError(f"{self._server} sent unprotected data where sealing begins", server=self._server)
        self._wrap, self._unwrap = wrap, unwrap

    def shutdown(self, how: int) -> None:
        """Tell the other side that nothing more comes.

        Raises:
            OSError: The connection is gone already.
        """
        self._connection.shutdown(how)

    def close(self) -> None:
        """Close the connection; more than once does no harm."""
        self._connection.close()

    def _next_length(self) -> int | None:
        """The length of the message that begins with what is there; None when there is too little to tell."""
        head = bytes(self._pending[:_HEADER])
        try:
            length = find_message_length(head, MAX_MESSAGE)
        except MalformedReplyError as error:
            raise DirectoryError(f"{self._server} does not speak LDAP: {error}", server=self._server) from error
        if head[:1] not in {b"", _SEQUENCE} or (length is not None and length < _SHORTEST):
            raise DirectoryError(f"{self._server} does not speak LDAP", server=self._server)
        return length

    def _require_text_values(self, message: bytes) -> None:
        """Refuse an entry whose values are not octet strings.

        ldap3 makes ``bytes(n)`` of a number n that stands in the place of a value: memory for whatever n a server says.
        """
        try:
            values = list(_tags_of_values(message))
        except MalformedReplyError as error:
            raise DirectoryError(f"{self._server} sent an entry that is none: {error}", server=self._server) from error
        if any(tag != _OCTET_STRING for tag in values):
            raise DirectoryError(f"{self._server} sent an entry with a value that is none", server=self._server)

    def _receive(self) -> bytes:
        self._arm()
        try:
            return self._connection.recv(_PIECE)
        except TimeoutError as error:
            raise self._late() from error
        except OSError as error:
            raise self._lost(str(error)) from error

    def _receive_sealed(self, unwrap: Callable[[bytes], bytes]) -> bytes:
        """What the next sealed part that is not empty holds; nothing when the connection was closed after the last."""
        plain = b""
        while not plain:
            end = _SEALED_HEADER + int.from_bytes(self._sealed[:_SEALED_HEADER], "big")
            if end > _SEALED_HEADER + _MAX_SEALED:
                raise DirectoryError(f"{self._server} sends a sealed part of {end} octets", server=self._server)
            if len(self._sealed) >= _SEALED_HEADER and len(self._sealed) >= end:
                self._octets += end  # else parts that hold nothing could go on for ever
                if self._octets > _MAX_OCTETS:
                    raise DirectoryError(f"{self._server} sends too much: it was given up", server=self._server)
                plain = unwrap(bytes(self._sealed[_SEALED_HEADER:end]))
                del self._sealed[:end]
                continue
            piece = self._receive()
            if not piece and self._sealed:
                raise self._lost("in the middle of an answer")
            if not piece:
                return b""
            self._sealed += piece
        return plain

    def _arm(self) -> None:
        """Let the next wait end where the time of the whole conversation ends."""
        remaining = self._deadline.remaining()
        if remaining is not None and remaining <= 0:
            raise self._late()
        self._connection.settimeout(_RECEIVE_TIMEOUT if remaining is None else min(remaining, _RECEIVE_TIMEOUT))

    def _late(self) -> DirectoryTimeoutError:
        return DirectoryTimeoutError(f"{self._server} did not answer in time", server=self._server)

    def _lost(self, how: str) -> DirectoryUnreachableError:
        return DirectoryUnreachableError(f"the connection to {self._server} was lost: {how}", server=self._server)


_HOST_MISMATCH = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_UNKNOWN_ISSUER = {18, 19, 20, 21}  # self-signed, self-signed in chain, no issuer found, no first certificate


def _trust_hint(error: ssl.SSLCertVerificationError, host: HostName) -> str:
    if error.verify_code in _HOST_MISMATCH:
        return f"the certificate is for another name than {host}; ask the server by a name that it carries"
    if error.verify_code in _UNKNOWN_ISSUER:
        return "give the certificate of the issuing authority with the setting directory_ca_file"
    return ""


def _tags_of_values(message: bytes) -> Iterator[int]:
    """The tags of all names and values in a SearchResultEntry; none for any other message."""
    parts = read_children(message, read_tlv(message))
    entry = parts[1] if len(parts) > 1 and parts[1].tag == _ENTRY else None
    for part in read_children(message, entry) if entry else ():
        if part.tag == _OCTET_STRING:  # the name of the entry
            continue
        for attribute in read_children(message, part):
            parts = read_children(message, attribute)
            yield from (name.tag for name in parts[:1])
            for held in parts[1:]:
                yield from (value.tag for value in read_children(message, held))
