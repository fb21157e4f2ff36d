"""Every exception that cmclient raises.

    CmClientError
    ├─ InvalidValueError             a name, address, port or code that cannot be what it should be
    ├─ ConfigError                   one or more settings are wrong; all faults at once
    ├─ FactsError                    this machine could not be asked about itself
    ├─ StoreError                    the store cannot be read or written
    │   ├─ StoreDamagedError         it is no store any more; it was set aside
    │   └─ AgentRunningError         another agent works with it
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
    │   │   └─ ProxyError            a proxy in between does not open the way
    │   ├─ TransportTimeoutError
    │   ├─ ConnectionLostError
    │   ├─ ServerCertificateError
    │   ├─ ClientCertificateError
    │   ├─ TlsError
    │   ├─ AuthenticationError       it asks who we are, and accepted no answer
    │   ├─ RedirectRefusedError
    │   ├─ ReplyTooLargeError
    │   ├─ NotAskedError             it failed a moment ago, and was not asked again yet
    │   └─ CancelledError
    ├─ RootKeyError                  a management point did not show the trusted root key
    ├─ ProtocolError                 bytes that are not what the protocol says
    │   ├─ HttpStatusError
    │   ├─ MalformedReplyError
    │   ├─ NoAnswerError
    │   └─ UnsafeXmlError
    ├─ DownloadError                 one source did not give what it was asked for
    │   ├─ ListingError
    │   ├─ UnsafeNameError
    │   ├─ SourceRefusedError
    │   ├─ WrongRangeError
    │   ├─ ContentChangedError
    │   ├─ SizeMismatchError
    │   ├─ HashMismatchError
    │   └─ StalledError
    ├─ TargetError                   the folder that content is put into
    │   ├─ DiskFullError
    │   └─ TargetBusyError
    ├─ ContentNotObtainedError       no source gave the whole content; holds the report
    └─ LocateError                   no management point; holds the whole Location
        ├─ NoManagementPointFoundError
        ├─ NoEligibleManagementPointError
        ├─ NoReachableManagementPointError
        └─ TrustRefusedError
            └─ RootKeyBlockedError    the trusted root key is another one than theirs

Each class has a stable ``code`` (kebab-case, a heading in ``docs/errors.md``) and a ``disposition``
that says what a caller with more than one server does next. ``hint`` is the next step for a person.
"""

from typing import Any

from .disposition import Disposition
from .download_errors import (
    ContentChangedError,
    ContentNotObtainedError,
    DiskFullError,
    DownloadError,
    HashMismatchError,
    ListingError,
    SizeMismatchError,
    SourceRefusedError,
    StalledError,
    TargetBusyError,
    TargetError,
    UnsafeNameError,
    WrongRangeError,
)
from .error_root import CmClientError
from .transport_errors import (
    AuthenticationError,
    CancelledError,
    ClientCertificateError,
    ConnectError,
    ConnectionLostError,
    NameResolutionError,
    NotAskedError,
    ProxyError,
    RedirectRefusedError,
    ReplyTooLargeError,
    ServerCertificateError,
    TlsError,
    TransportError,
    TransportTimeoutError,
)
from .trust_errors import RootKeyError

__all__ = [
    "AgentRunningError",
    "AuthenticationError",
    "CancelledError",
    "ClientCertificateError",
    "CmClientError",
    "ConfigError",
    "ConnectError",
    "ConnectionLostError",
    "ContentChangedError",
    "ContentNotObtainedError",
    "DirectoryError",
    "DirectoryRefusedError",
    "DirectoryTimeoutError",
    "DirectoryTrustError",
    "DirectoryUnreachableError",
    "DiskFullError",
    "Disposition",
    "DownloadError",
    "FactsError",
    "HashMismatchError",
    "HttpStatusError",
    "InvalidValueError",
    "LabError",
    "ListingError",
    "LocateError",
    "MalformedReplyError",
    "NameResolutionError",
    "NameServiceError",
    "NameServiceTimeoutError",
    "NoAnswerError",
    "NoEligibleManagementPointError",
    "NoManagementPointFoundError",
    "NoReachableManagementPointError",
    "NotAskedError",
    "ProtocolError",
    "ProxyError",
    "RedirectRefusedError",
    "ReplayError",
    "ReplyTooLargeError",
    "RootKeyBlockedError",
    "RootKeyError",
    "ServerCertificateError",
    "SizeMismatchError",
    "SourceRefusedError",
    "StalledError",
    "StoreDamagedError",
    "StoreError",
    "TargetBusyError",
    "TargetError",
    "TlsError",
    "TransportError",
    "TransportTimeoutError",
    "TrustRefusedError",
    "UnsafeNameError",
    "UnsafeXmlError",
    "WrongRangeError",
]


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
        article = "an" if what[:1] in "AEIOaeio" else "a"
        super().__init__(f"{shown} is not {article} {what}: {reason}")
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


class AgentRunningError(StoreError):
    """Another agent works with the store; there is one at most.

    Attributes:
        pid: Its process; None when that cannot be told.
    """

    code = "agent-running"

    def __init__(self, message: str, *, pid: int | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.pid = pid


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


class ProtocolError(CmClientError):
    """Bytes that are not what the protocol says."""

    code = "protocol"
    disposition = Disposition.NEXT_ENDPOINT


class HttpStatusError(ProtocolError):
    """A whole HTTP reply with a status other than the one that carries an answer.

    Attributes:
        status: The status code.
        retry_after: Seconds for which the server asks to be left alone; None when it does not ask.
    """

    code = "http-status"

    def __init__(self, message: str, *, status: int, retry_after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class MalformedReplyError(ProtocolError):
    """A reply that cannot be read.

    Attributes:
        where: The document or part that could not be read, such as ``MPList``.
    """

    code = "malformed-reply"

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.where = where


class NoAnswerError(ProtocolError):
    """A message was taken with success, and nothing was said in reply."""

    code = "no-answer"


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


class RootKeyBlockedError(TrustRefusedError):
    """Management points were there, and none that showed the trusted root key; nothing is asked of another."""

    code = "root-key-blocked"
