"""Every exception that cmclient raises.

    CmClientError
    ├─ InvalidValueError             a name, address, port or code that cannot be what it should be
    ├─ ConfigError                   one or more settings are wrong; all faults at once
    ├─ FactsError                    this machine could not be asked about itself
    ├─ StoreError                    the store cannot be read or written
    │   └─ StoreDamagedError         it is no store any more; it was set aside
    ├─ ReplayError                   a saved decision cannot be recomputed
    ├─ LabError                      the lab could not be described or started
    ├─ DirectoryError                Active Directory
    │   ├─ DirectoryUnreachableError
    │   ├─ DirectoryTimeoutError
    │   ├─ DirectoryRefusedError     it answered, and said no
    │   └─ DirectoryTrustError       its certificate was not accepted
    ├─ NameServiceError              DNS
    │   └─ NameServiceTimeoutError
    ├─ TransportError                one HTTP request to one endpoint
    │   ├─ NameResolutionError
    │   ├─ ConnectError
    │   ├─ TransportTimeoutError
    │   ├─ ConnectionLostError
    │   ├─ ServerCertificateError
    │   ├─ ClientCertificateError
    │   ├─ TlsError
    │   ├─ RedirectRefusedError
    │   ├─ ReplyTooLargeError
    │   └─ CancelledError
    ├─ ProtocolError                 bytes that are not what the protocol says
    │   ├─ HttpStatusError
    │   ├─ MalformedReplyError
    │   └─ UnsafeXmlError
    └─ LocateError                   no management point; holds the whole Location
        ├─ NoManagementPointFoundError
        ├─ NoEligibleManagementPointError
        ├─ NoReachableManagementPointError
        └─ TrustRefusedError

Each class has a stable ``code`` (kebab-case, a heading in ``docs/errors.md``) and a ``disposition``
that says what a caller with more than one server does next. ``hint`` is the next step for a person.
"""

from enum import Enum
from typing import Any, ClassVar

__all__ = [
    "CancelledError",
    "ClientCertificateError",
    "CmClientError",
    "ConfigError",
    "ConnectError",
    "ConnectionLostError",
    "DirectoryError",
    "DirectoryRefusedError",
    "DirectoryTimeoutError",
    "DirectoryTrustError",
    "DirectoryUnreachableError",
    "Disposition",
    "FactsError",
    "HttpStatusError",
    "InvalidValueError",
    "LabError",
    "LocateError",
    "MalformedReplyError",
    "NameResolutionError",
    "NameServiceError",
    "NameServiceTimeoutError",
    "NoEligibleManagementPointError",
    "NoManagementPointFoundError",
    "NoReachableManagementPointError",
    "ProtocolError",
    "RedirectRefusedError",
    "ReplayError",
    "ReplyTooLargeError",
    "ServerCertificateError",
    "StoreDamagedError",
    "StoreError",
    "TlsError",
    "TransportError",
    "TransportTimeoutError",
    "TrustRefusedError",
    "UnsafeXmlError",
]


class Disposition(Enum):
    """What to do after a failure, if there is something left to do."""

    SAME_ENDPOINT = "same-endpoint"
    """Ask the same server again later: it is there, and busy."""
    NEXT_ENDPOINT = "next-endpoint"
    """Ask the next server of the same role."""
    NEXT_SOURCE = "next-source"
    """Leave this kind of source and go on with the next kind."""
    GIVE_UP = "give-up"
    """Nobody else would answer differently."""


class CmClientError(Exception):
    """The root of every exception that cmclient raises.

    Attributes:
        message: One sentence: what happened, to what.
        hint: What a person can do next; empty when there is nothing sensible to say.
        code: Stable kebab-case identifier of the class.
        disposition: What a caller with more than one server does next.
    """

    code: ClassVar[str] = "error"
    disposition: ClassVar[Disposition] = Disposition.GIVE_UP

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidValueError(CmClientError):
    """A name, address, port or code that cannot be what it should be.

    Attributes:
        what: The kind of value, such as ``site code``.
        value: The text as it was given.
        reason: Why it cannot be one.
    """

    code = "invalid-value"

    def __init__(self, what: str, value: object, reason: str) -> None:
        shown = repr(value)
        if len(shown) > 80:  # noqa: PLR2004 - a hostile name must not flood a terminal
            shown = shown[:77] + "..."
        super().__init__(f"{shown} is not a {what}: {reason}")
        self.what = what
        self.value = value
        self.reason = reason


class ConfigError(CmClientError):
    """One or more settings are wrong.

    Attributes:
        faults: Every fault found, each a sentence that names the setting and where it was set.
    """

    code = "config"

    def __init__(self, faults: tuple[str, ...], *, hint: str = "") -> None:
        message = faults[0] if len(faults) == 1 else f"{len(faults)} settings are wrong: " + "; ".join(faults)
        super().__init__(
            message, hint=hint or "'cmclient config show --origins' prints every setting and where it came from"
        )
        self.faults = faults


class FactsError(CmClientError):
    """This machine could not be asked about itself."""

    code = "facts"


class StoreError(CmClientError):
    """The store cannot be read or written (permissions, disk, lock, a newer version)."""

    code = "store"


class StoreDamagedError(StoreError):
    """The store file is no store any more; it was set aside, not deleted."""

    code = "store-damaged"


class ReplayError(CmClientError):
    """A saved decision cannot be recomputed (not JSON, another schema, a missing part)."""

    code = "replay"


class LabError(CmClientError):
    """The lab could not be described or started."""

    code = "lab"


class DirectoryError(CmClientError):
    """Active Directory did not give what was asked.

    Attributes:
        server: ``host:port`` of the domain controller or global catalog.
    """

    code = "directory"
    disposition = Disposition.NEXT_ENDPOINT

    def __init__(self, message: str, *, server: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.server = server


class DirectoryUnreachableError(DirectoryError):
    """No connection to the directory server, or it went away."""

    code = "directory-unreachable"


class DirectoryTimeoutError(DirectoryError):
    """The directory server took longer than its time."""

    code = "directory-timeout"


class DirectoryRefusedError(DirectoryError):
    """The directory server answered and refused: credentials, rights, or signing demanded."""

    code = "directory-refused"
    disposition = Disposition.NEXT_SOURCE


class DirectoryTrustError(DirectoryError):
    """The certificate of the directory server was not accepted."""

    code = "directory-trust"


class NameServiceError(CmClientError):
    """DNS answered with a failure, or not in DNS (a name that does not exist is a value, not an error)."""

    code = "dns"
    disposition = Disposition.NEXT_SOURCE


class NameServiceTimeoutError(NameServiceError):
    """No DNS server answered in time."""

    code = "dns-timeout"


class TransportError(CmClientError):
    """One HTTP request to one endpoint failed below HTTP.

    Attributes:
        endpoint: ``scheme://host:port`` of the server.
    """

    code = "transport"
    disposition = Disposition.NEXT_ENDPOINT

    def __init__(self, message: str, *, endpoint: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.endpoint = endpoint


class NameResolutionError(TransportError):
    """The host name of the server has no address."""

    code = "name-resolution"


class ConnectError(TransportError):
    """No TCP connection: refused, no route, network down."""

    code = "connect"


class TransportTimeoutError(TransportError):
    """The server took longer than its time.

    Attributes:
        phase: ``connect``, ``reply`` (headers or body) or ``whole`` (the attempt as such).
    """

    code = "timeout"

    def __init__(self, message: str, *, endpoint: str = "", phase: str = "whole", hint: str = "") -> None:
        super().__init__(message, endpoint=endpoint, hint=hint)
        self.phase = phase


class ConnectionLostError(TransportError):
    """The connection broke before the whole reply was there: reset, cut off, no HTTP."""

    code = "connection-lost"


class TlsError(TransportError):
    """No TLS session for a reason other than a certificate: versions, ciphers, not TLS at all."""

    code = "tls"


class ServerCertificateError(TransportError):
    """The certificate of the server was not accepted."""

    code = "server-certificate"


class ClientCertificateError(TransportError):
    """Our own certificate cannot be used, or the server did not accept it."""

    code = "client-certificate"


class RedirectRefusedError(TransportError):
    """The server pointed elsewhere; redirects are never followed.

    Attributes:
        location: Where it pointed.
    """

    code = "redirect-refused"

    def __init__(self, message: str, *, endpoint: str = "", location: str = "", hint: str = "") -> None:
        super().__init__(message, endpoint=endpoint, hint=hint)
        self.location = location


class ReplyTooLargeError(TransportError):
    """The reply is larger than its cap; reading stopped there."""

    code = "reply-too-large"


class CancelledError(TransportError):
    """The caller no longer wants the answer. No failure of the server."""

    code = "cancelled"


class ProtocolError(CmClientError):
    """Bytes that are not what the protocol says."""

    code = "protocol"
    disposition = Disposition.NEXT_ENDPOINT


class HttpStatusError(ProtocolError):
    """A whole HTTP reply with a status other than the one that carries an answer.

    Attributes:
        status: The status code.
    """

    code = "http-status"

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class MalformedReplyError(ProtocolError):
    """A reply that cannot be read.

    Attributes:
        where: The document or part that could not be read, such as ``MPList``.
    """

    code = "malformed-reply"

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.where = where


class UnsafeXmlError(ProtocolError):
    """XML that is refused for what it could do: a DTD, entities, or past a cap."""

    code = "unsafe-xml"


class LocateError(CmClientError):
    """No management point was located.

    Attributes:
        location: The whole ``cmclient.Location``: every candidate, every reason, every attempt.
            Typed ``Any`` because this module may import nothing of ours.
    """

    code = "locate"

    def __init__(self, message: str, *, location: Any, hint: str = "") -> None:  # noqa: ANN401 - see the class
        super().__init__(message, hint=hint)
        self.location = location


class NoManagementPointFoundError(LocateError):
    """No source named any management point."""

    code = "no-management-point-found"


class NoEligibleManagementPointError(LocateError):
    """Management points were found, and the rules reject every one."""

    code = "no-eligible-management-point"


class NoReachableManagementPointError(LocateError):
    """No eligible management point gave an answer; the message says whether all of them could be tried."""

    code = "no-reachable-management-point"


class TrustRefusedError(LocateError):
    """Whoever was asked was there, and trust was refused, by us or by them: management points, or the directory."""

    code = "trust-refused"
