"""Windows-integrated authentication with pyspnego: Kerberos and NTLM, one conversation at a time.

Kerberos tokens and NTLM messages are sent as they are, without a wrapping that negotiates between them: which one is
tried is decided here, one after the other, so that each failure is told apart. Servers of Windows, and all others that
were tried, take them so.
"""

import logging
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from hashlib import new as new_hash
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..model.http import Deadline
from ..model.login import Login, Mechanism
from .login_problems import LoginProblem, find_problem

__all__ = ["TOKEN_CAP", "Negotiation", "Negotiator", "Refuse", "Target", "Wake", "endpoint_bindings"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

TOKEN_CAP = 64 * 1024  # bytes; a ticket with a thousand groups has some 50 KiB
_KEPT = 32  # servers whose contexts are kept; each holds a ticket
_KEPT_FOR = 1800.0  # seconds; a ticket may end while it is kept, and a password may change
_NTLM_LEVELS = {"3", "4", "5"}  # of LM_COMPAT_LEVEL: below them NTLM of version 1 is spoken, which is broken at once
_KEY_EXCHANGE = 0x40000000  # of NTLM: without signing pyspnego sends a key of one byte, which Samba refuses
_WEAK_HASHES = {"md5", "sha1"}  # RFC 5929: SHA-256 in their place

Refuse = Callable[[LoginProblem], Exception]
"""Makes what is raised for a problem."""

Wake = Callable[[threading.Event], None]
"""Is given an event to set when nobody waits any more."""


class Target(NamedTuple):
    """Whom to log in to.

    Attributes:
        service: Such as ``HTTP`` or ``ldap``.
        host: Its full name, as the domain knows it.
        bindings: What ties the login to the TLS connection (``endpoint_bindings``); None without TLS.
        seals: Whether what follows is to be encrypted by the login itself.
    """

    service: str
    host: str
    bindings: bytes | None = None
    seals: bool = False


def endpoint_bindings(certificate: bytes) -> bytes:
    """Channel bindings of the kind tls-server-end-point (RFC 5929).

    Args:
        certificate: The server's, DER.
    """
    from cryptography import x509  # noqa: PLC0415 - only who logs in over TLS needs it
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - likewise

    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    name = "sha256" if algorithm is None or algorithm.name in _WEAK_HASHES else algorithm.name
    return b"tls-server-end-point:" + new_hash(name, certificate).digest()


class Negotiator:
    """Begins conversations. Safe to use from several threads.

    What a domain controller gave for a password or a key is kept for the next conversation with the same server.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str | None, Target], tuple[float, Login, Any]] = {}

    def begin(
        self, login: Login, target: Target, refuse: Refuse, deadline: Deadline, wake: Wake | None = None
    ) -> "Negotiation":
        """Begin a conversation.

        Args:
            login: Who logs in, and how.
            target: To whom.
            refuse: Makes what is raised for a problem.
            deadline: Until when each step has to be done; a domain controller may have to be asked.
            wake: Ends the wait earlier.

        Raises:
            Exception: What ``refuse`` makes: no ticket, a wrong password, nothing installed.
            TimeoutError: Not done in time.
        """
        conversation = Negotiation(login, target, refuse, deadline, wake)
        if login.mechanism is not Mechanism.KERBEROS or (login.password is None and login.keytab is None):
            return conversation.on(lambda: _build_context(login, target))
        with self._lock:
            made, known, kept = self._kept.get((login.user, target), (0.0, login, None))
        if kept is not None and known == login and time.monotonic() - made < _KEPT_FOR:
            return conversation.on(kept.new_context)
        conversation.on(lambda: _build_context(login, target))
        with self._lock:
            self._kept[login.user, target] = (time.monotonic(), login, conversation.context)
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return conversation


class Negotiation:
    """One conversation: tokens out, tokens in, until both sides are satisfied; then it may encrypt.

    Attributes:
        context: That of pyspnego.
    """

    def __init__(self, login: Login, target: Target, refuse: Refuse, deadline: Deadline, wake: Wake | None) -> None:
        self.context: Any = None
        self._login = login
        self._target = target
        self._refuse = refuse
        self._deadline = deadline
        self._wake = wake

    def on(self, make: Callable[[], Any]) -> "Negotiation":
        """Begin with this context; see ``Negotiator.begin``."""
        self.context = self._told(lambda: self._in_time(make), "failed")
        return self

    @property
    def complete(self) -> bool:
        """Whether our side is satisfied: with Kerberos the server has proven who it is."""
        return bool(self.context.complete)

    def step(self, token: bytes | None = None) -> bytes:
        """Take what the server sent, and give what it gets; empty when there is nothing more to say.

        Raises:
            Exception: What ``refuse`` makes: no ticket, an unknown server, a token that cannot be used.
            TimeoutError: Not done in time.
        """
        if token is not None and len(token) > TOKEN_CAP:
            raise self._refuse(LoginProblem("bad-token", f"it has {len(token)} bytes"))
        fallback = "failed" if token is None else "bad-token"
        return self._told(lambda: self._in_time(lambda: self.context.step(token)), fallback) or b""

    def require_seal(self) -> None:
        """Make sure that what follows is encrypted: whoever stands in between may have struck that out.

        Raises:
            Exception: What ``refuse`` makes.
        """
        from spnego import ContextReq  # noqa: PLC0415 - see _build_context

        wanted = ContextReq.confidentiality | ContextReq.integrity
        if self.context.context_attr & wanted != wanted:
            raise self._refuse(LoginProblem("not-sealed"))

    def wrap(self, data: bytes, *, encrypt: bool = True) -> bytes:
        """Encrypt, or only sign.

        Raises:
            Exception: What ``refuse`` makes.
        """
        wrapped: bytes = self._told(lambda: self.context.wrap(data, encrypt=encrypt).data, "failed")
        return wrapped

    def unwrap(self, data: bytes, *, encrypted: bool = True) -> bytes:
        """Check what the other side wrapped, and decrypt it.

        Raises:
            Exception: What ``refuse`` makes: it was altered, or is not encrypted although it should be.
        """
        found = self._told(lambda: self.context.unwrap(data), "bad-token")
        if encrypted and not found.encrypted:
            raise self._refuse(LoginProblem("not-sealed"))
        plain: bytes = found.data
        return plain

    def _told(self, work: Callable[[], Any], reason: str) -> Any:  # noqa: ANN401 - whatever the work gives
        """Make an error of ours of every error; ``reason`` is what one means that says nothing itself."""
        try:
            return work()
        except TimeoutError:
            raise
        except _failures() as error:
            problem = find_problem(error, self._login)
            problem = problem._replace(reason=reason) if problem.reason == "failed" else problem
            _log.debug("%s: %s", self._login, problem, extra={"event": "login.failed"})
            raise self._refuse(problem) from error

    def _in_time(self, work: Callable[[], _T]) -> _T:
        """Let Kerberos work in a thread: it asks domain controllers, knows no deadline, and is left behind then."""
        if self._login.mechanism is not Mechanism.KERBEROS:
            return work()
        answer: Future[_T] = Future()
        done = threading.Event()

        def run() -> None:
            try:
                answer.set_result(work())
            except BaseException as error:  # noqa: BLE001 - not swallowed: raised below, where somebody waits
                answer.set_exception(error)
            done.set()

        if self._wake is not None:
            self._wake(done)
        threading.Thread(target=run, name="cmclient-login", daemon=True).start()
        done.wait(self._deadline.remaining())
        if not answer.done():
            raise TimeoutError("the login was not done in time")
        return answer.result()


def _failures() -> tuple[type[Exception], ...]:
    """What the libraries raise; of hostile tokens also what their parsers stumble over."""
    found: list[type[Exception]] = [ImportError, OSError, ValueError, TypeError, AttributeError, LookupError]
    found += [OverflowError, struct.error]
    for module, name in (
        ("spnego.exceptions", "SpnegoError"),
        ("spnego.exceptions", "FeatureMissingError"),
        ("gssapi.raw.misc", "GSSError"),
        ("krb5", "Krb5Error"),
    ):
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None:
            found.append(kind)
    return tuple(found)


def _build_context(login: Login, target: Target) -> Any:  # noqa: ANN401 - of pyspnego, which may not be installed
    import spnego  # noqa: PLC0415 - an extra, and slow to load
    from spnego.channel_bindings import GssChannelBindings  # noqa: PLC0415 - likewise

    spnego_log = logging.getLogger("spnego")
    if spnego_log.level == logging.NOTSET:
        spnego_log.setLevel(logging.INFO)  # it would write tokens to the log: whoever reads one can guess the password
    context = spnego.client(
        _credential(login),
        hostname=target.host,
        service=target.service,
        channel_bindings=None if target.bindings is None else GssChannelBindings(application_data=target.bindings),
        context_req=_wishes(login, target),
        protocol=login.mechanism.value,
    )
    if login.mechanism is Mechanism.NTLM and not target.seals and hasattr(context, "_context_req"):
        context._context_req &= ~_KEY_EXCHANGE  # noqa: SLF001 - no public way
    return context


def _wishes(login: Login, target: Target) -> Any:  # noqa: ANN401 - see _build_context
    from spnego import ContextReq  # noqa: PLC0415 - likewise

    if target.seals:
        return ContextReq.default
    if login.mechanism is Mechanism.NTLM:
        return ContextReq.none
    # Inside TLS a directory refuses whoever could sign as well, and Kerberos says that it could unless told not to.
    return ContextReq.mutual_auth | (ContextReq.no_integrity if target.service == "ldap" else ContextReq.none)


def _credential(login: Login) -> Any:  # noqa: ANN401 - see _build_context
    import spnego  # noqa: PLC0415 - likewise

    if login.mechanism is Mechanism.NTLM and os.environ.get("LM_COMPAT_LEVEL", "3") not in _NTLM_LEVELS:
        raise ValueError("LM_COMPAT_LEVEL of the environment asks for NTLM of version 1")
    user = login.user
    if login.mechanism is Mechanism.KERBEROS and user is not None and sys.platform != "win32":
        user = _principal(user)
    if login.keytab is not None:
        with Path(login.keytab).open("rb"):  # the library would ask the domain first
            return spnego.KerberosKeytab(login.keytab, user)
    if login.password is not None:
        return spnego.Password(user or "", login.password.reveal())
    return None if user is None else spnego.CredentialCache(user)


def _principal(user: str) -> str:
    """A user as Kerberos knows it: realms are domains in capitals."""
    name, at, realm = user.partition("@")
    if "\\" in name:
        raise ValueError(r"Kerberos needs the user as user@domain.example, not as DOMAIN\user")
    return f"{name}@{realm.upper()}" if at else name
