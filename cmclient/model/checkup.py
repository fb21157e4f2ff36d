"""What a doctor looks at, and what it says: checks, each with what is wrong, how sure that is, and what to do."""

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from .certificates import ServerCertificate
from .endpoints import Endpoint
from .names import HostName

__all__ = [
    "Area",
    "Check",
    "Checkup",
    "ClockSample",
    "ControllerProbe",
    "Level",
    "Lookup",
    "Probe",
    "StoreState",
    "Sureness",
]


class Area(Enum):
    """What a check is about, in the order in which a person reads them."""

    SETTINGS = "settings"
    STORE = "store"
    CLOCK = "clock"
    NAMES = "names"
    DIRECTORY = "directory"
    CLIENT_CERTIFICATE = "client certificate"
    MANAGEMENT_POINT = "management point"
    DISTRIBUTION_POINT = "distribution point"
    FALLBACK_STATUS_POINT = "fallback status point"


class Level(Enum):
    """What came of a check."""

    OK = "ok"
    WARN = "warn"
    """Something is wrong, and a client gets along; or it will be wrong soon."""
    ERROR = "error"
    """Something that a client needs does not work."""
    SKIPPED = "skipped"
    """It could not be looked at, or there is nothing to look at; no finding."""


class Sureness(Enum):
    """How sure it is that what is said is what is wrong."""

    CERTAIN = "certain"
    LIKELY = "likely"
    CANNOT_TELL = "cannot tell"
    """That it does not work was seen; why, cannot be told from here."""


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        area: What it is about.
        about: Which one, such as a host name; empty where there is only one.
        level: What came of it.
        code: Stable kebab-case identifier of what is wrong, often the code of an error; ``fine`` or ``not-checked``
            where nothing is.
        what: What was seen, in a sentence.
        sure: How sure that is.
        do: What a person can do about it; empty for what is fine.
    """

    area: Area
    about: str
    level: Level
    code: str
    what: str
    sure: Sureness = Sureness.CERTAIN
    do: str = ""

    @property
    def is_finding(self) -> bool:
        """Whether something is wrong."""
        return self.level in {Level.WARN, Level.ERROR}


class Checkup(NamedTuple):
    """Everything that was looked at.

    Attributes:
        time: When it began, aware, UTC, by the clock of this machine.
        seconds: How long it took.
        checks: By area, within it errors first.
    """

    time: datetime
    seconds: float
    checks: tuple[Check, ...]

    @property
    def findings(self) -> tuple[Check, ...]:
        """What is wrong, errors first."""
        found = [one for one in self.checks if one.is_finding]
        return tuple(sorted(found, key=lambda one: one.level is not Level.ERROR))


class Lookup(NamedTuple):
    """One question to DNS.

    Attributes:
        name: What was looked up.
        what: What it stands for, for a person.
        found: How many records there are.
        code: The ``code`` of the error; empty when DNS answered, if only that there is no such name.
        detail: What happened.
        hint: What the error says to do about it; may be empty.
    """

    name: str
    what: str
    found: int = 0
    code: str = ""
    detail: str = ""
    hint: str = ""


class Probe(NamedTuple):
    """One request to one server, and what came of it.

    Attributes:
        endpoint: The server.
        asked: What for, for a person.
        code: The ``code`` of the error; empty when it answered as it should.
        detail: What happened.
        hint: What the error says to do about it; may be empty.
        reason: What was refused, where the error has several reasons; else empty.
        status: The HTTP status; None without a whole reply.
        seconds: How long it took.
        ahead: Seconds by which the server's clock is ahead of this machine's; None when it does not say.
        certificate: What it showed over HTTPS, and was accepted; None when that is not known.
        place: Its place in the order of the client, from 1 on; 0 where there is no order.
    """

    endpoint: Endpoint
    asked: str
    code: str = ""
    detail: str = ""
    hint: str = ""
    reason: str = ""
    status: int | None = None
    seconds: float = 0.0
    ahead: float | None = None
    certificate: ServerCertificate | None = None
    place: int = 0


class ControllerProbe(NamedTuple):
    """One domain controller, asked as a client asks it.

    Attributes:
        host: Its name.
        port: The port for LDAP.
        addresses: What DNS has for the name; empty for none.
        ping: What the netlogon ping met; empty when it was answered.
        code: The ``code`` of the error of logging in and reading; empty when that worked.
        detail: What happened then.
        hint: What the error says to do about it; may be empty.
        ahead: Seconds by which its clock is ahead of this machine's; None when it does not say.
    """

    host: HostName
    port: int
    addresses: tuple[str, ...] = ()
    ping: str = ""
    code: str = ""
    detail: str = ""
    hint: str = ""
    ahead: float | None = None

    @property
    def works(self) -> bool:
        """Whether it does all that a client asks of it."""
        return bool(self.addresses) and not (self.ping or self.code)


class ClockSample(NamedTuple):
    """What one server says of the time.

    Attributes:
        host: The server.
        ahead: Seconds by which its clock is ahead of this machine's; less than zero when it is behind.
        proven: Whether the answer came over a connection that nobody could alter.
    """

    host: HostName
    ahead: float
    proven: bool


class StoreState(NamedTuple):
    """The file that a client keeps between runs, looked at without a change.

    Attributes:
        path: Where it is.
        exists: Whether it is there.
        writable: Whether this user could write it, or make it where it is not there.
        free: Bytes that are free on its disk; None when that is not known.
        version: Its version; None when it cannot be read, or is not there.
        newest: The newest version that this cmclient knows.
        problem: Why it cannot be read, as a sentence; empty when it can.
        damaged: Whether it cannot be read because it is damaged.
    """

    path: str
    exists: bool
    writable: bool
    free: int | None
    version: int | None
    newest: int
    problem: str = ""
    damaged: bool = False
