"""What a server of the lab can be told to do wrong.

A fault is written ``ROLE=KIND`` or ``ROLE:NAME=KIND``, some kinds with ``:AMOUNT``: ``mp=refuse``, ``mp:mp1=slow:3``,
``dp=404``. Without a name it is for every server of the role.
"""

from enum import Enum
from math import isfinite
from typing import NamedTuple

from ..errors import LabError

__all__ = [
    "CERTIFICATE_FAULTS",
    "NO_ANSWER_FAULTS",
    "Fault",
    "FaultBoard",
    "FaultKind",
    "Role",
    "kinds_of",
    "parse_fault",
    "parse_kind",
]


class Role(Enum):
    """What a server of the lab is."""

    MP = "mp"
    DP = "dp"
    FSP = "fsp"
    ENROLLMENT = "enrollment"
    CMG = "cmg"
    AD = "ad"
    DNS = "dns"


class FaultKind(Enum):
    """What goes wrong."""

    REFUSE = "refuse"
    """Nobody listens: connections are refused."""
    BLACKHOLE = "blackhole"
    """Connections are never made: nothing answers at all. Where the system cannot do that, the same as silent."""
    SILENT = "silent"
    """Connections are accepted, requests are read, and nothing is ever answered."""
    SLOW = "slow"
    """Every answer comes late, by AMOUNT seconds."""
    RESET = "reset"
    """The connection is reset after AMOUNT bytes of the answer."""
    STALL = "stall"
    """The answer stops after AMOUNT bytes, and the connection stays."""
    WRONG_CERTIFICATE = "wrong-certificate"
    """The certificate is for another host."""
    EXPIRED_CERTIFICATE = "expired-certificate"
    """The certificate ended yesterday."""
    REVOKED_CERTIFICATE = "revoked-certificate"
    """The certificate is on the revocation list of its authority."""
    HTTP_401 = "http-401"
    HTTP_403 = "http-403"
    HTTP_404 = "http-404"
    HTTP_500 = "http-500"
    HTTP_503 = "http-503"
    TRUNCATED = "truncated"
    """The connection ends after half of the body that was announced."""
    OVERSIZED = "oversized"
    """A body without end, as far as a client is concerned."""
    MALFORMED = "malformed"
    """Bytes that are not what they should be."""
    STALE = "stale"
    """An old list, which lacks the management points that came later."""
    LYING = "lying"
    """Hosts that do not exist, wrong sizes of files, an answer to another message, plain HTTP, another root key."""
    HTML = "html"
    """The page of a captive portal, with status 200."""
    REDIRECT = "redirect"
    """A redirect to another host."""
    HANG_AFTER_BIND = "hang-after-bind"
    """The bind is answered and nothing after it."""
    SERVFAIL = "servfail"
    """DNS answers that it failed."""

    @property
    def status(self) -> int | None:
        """The HTTP status that the fault stands for; None for other faults."""
        prefix, _, number = self.value.partition("-")
        return int(number) if prefix == "http" else None


# Those in which a request that was read gets no answer; a blackhole has one where connections are still made.
NO_ANSWER_FAULTS = frozenset({FaultKind.SILENT, FaultKind.BLACKHOLE})

# Those that show in the TLS handshake; without TLS they show nothing.
CERTIFICATE_FAULTS = frozenset(
    {FaultKind.WRONG_CERTIFICATE, FaultKind.EXPIRED_CERTIFICATE, FaultKind.REVOKED_CERTIFICATE}
)

_ANYWHERE = (FaultKind.REFUSE, FaultKind.BLACKHOLE, FaultKind.SILENT, FaultKind.SLOW)
_TLS = tuple(kind for kind in FaultKind if kind in CERTIFICATE_FAULTS)
_HTTP = (
    *_ANYWHERE,
    FaultKind.RESET,
    *_TLS,
    *(kind for kind in FaultKind if kind.status is not None),
    FaultKind.TRUNCATED,
    FaultKind.OVERSIZED,
    FaultKind.MALFORMED,
    FaultKind.HTML,
    FaultKind.REDIRECT,
)
_KINDS = {
    Role.MP: (*_HTTP, FaultKind.STALE, FaultKind.LYING),
    Role.DP: (*_HTTP, FaultKind.STALL, FaultKind.LYING),
    Role.ENROLLMENT: (*_HTTP, FaultKind.LYING),
    Role.CMG: _HTTP,
    Role.FSP: tuple(kind for kind in _HTTP if kind not in _TLS),
    Role.AD: (
        *_ANYWHERE,
        FaultKind.RESET,
        FaultKind.WRONG_CERTIFICATE,
        FaultKind.EXPIRED_CERTIFICATE,  # revocation of a directory server's certificate is not looked at
        FaultKind.MALFORMED,
        FaultKind.HANG_AFTER_BIND,
    ),
    Role.DNS: (*_ANYWHERE, FaultKind.MALFORMED, FaultKind.SERVFAIL),
}
_AMOUNTS = {FaultKind.SLOW: 2.0, FaultKind.RESET: 0.0, FaultKind.STALL: 0.0}
_MAX_AMOUNT = 1_000_000_000


class Fault(NamedTuple):
    """A fault to switch on.

    Attributes:
        role: Which servers.
        kind: What goes wrong.
        name: The one server, by its host name or the first part of it; None for every server of the role.
        amount: Seconds (slow) or bytes (reset, stall); None for every other kind.
    """

    role: Role
    kind: FaultKind
    name: str | None = None
    amount: float | None = None

    def __str__(self) -> str:
        """The form that ``parse_fault`` reads."""
        server = self.role.value if self.name is None else f"{self.role.value}:{self.name}"
        return f"{server}={self.kind.value}" + ("" if self.amount is None else f":{self.amount:g}")


class FaultBoard:
    """The faults that are switched on, by server and role. Safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: dict[tuple[str, Role], Fault] = {}

    def put(self, host: str, role: Role, fault: Fault | None) -> None:
        """Switch a fault on in place of any other, or off."""
        if fault is None:
            self._faults.pop((host, role), None)
        else:
            self._faults[host, role] = fault

    def find(self, host: str, role: Role) -> Fault | None:
        """The fault of a server in a role; None when nothing is wrong with it."""
        return self._faults.get((host, role))


def kinds_of(role: Role) -> tuple[FaultKind, ...]:
    """What can go wrong with a server of the role, the most usual first."""
    return _KINDS[role]


def parse_fault(text: str) -> Fault:
    """Read ``ROLE[:NAME]=KIND[:AMOUNT]``.

    Raises:
        LabError: It has another form, or the role or the kind is unknown; the message lists the valid ones.
    """
    server, equals, kind = text.partition("=")
    if not equals:
        raise LabError(
            f"{text!r} is no fault of the lab", hint="write ROLE=KIND or ROLE:NAME=KIND, as in mp:mp1=slow:3"
        )
    word, colon, name = server.strip().partition(":")
    try:
        role = Role(word.strip().lower())
    except ValueError as error:
        roles = ", ".join(role.value for role in Role)
        raise LabError(f"{word!r} in {text!r} is no role of the lab", hint=f"roles are {roles}") from error
    if colon and not name.strip():
        raise LabError(f"{text!r} lacks the name of a server", hint=f"leave the colon out to mean every {role.value}")
    return parse_kind(kind, role, name=name.strip().lower() or None)


def parse_kind(text: str, role: Role, *, name: str | None = None) -> Fault:
    """Read ``KIND[:AMOUNT]`` for a role.

    Raises:
        LabError: The kind is unknown or is none of the role's, or the amount is no number or not wanted.
    """
    word, colon, amount = text.strip().lower().partition(":")
    by_name = {kind.value: kind for kind in _KINDS[role]}
    kind = by_name.get(f"http-{word}" if word.isdigit() else word)
    if kind is None:
        raise LabError(
            f"{word!r} is no fault of a server of role {role.value}", hint=f"faults are {', '.join(by_name)}"
        )
    if kind not in _AMOUNTS:
        if colon:
            raise LabError(f"{kind.value} takes no amount, and {amount!r} was given", hint=f"write {kind.value} alone")
        return Fault(role, kind, name)
    return Fault(role, kind, name, _amount(kind, amount) if colon else _AMOUNTS[kind])


def _amount(kind: FaultKind, text: str) -> float:
    unit = "seconds" if kind is FaultKind.SLOW else "bytes"
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not isfinite(amount) or not 0 <= amount <= _MAX_AMOUNT or (unit == "bytes" and not amount.is_integer()):
        raise LabError(f"{text!r} is no number of {unit}", hint=f"write {kind.value}:NUMBER, as in {kind.value}:3")
    return amount
