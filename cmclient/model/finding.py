"""What a check finds: a fault, how bad it is, where it is, what to do about it."""

from enum import Enum
from typing import NamedTuple

__all__ = ["Finding", "Severity", "Where"]


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    """Clients get something wrong, or different things at different times."""
    WARNING = "warning"
    """Something has no effect, or clients lack something that they are likely meant to have."""
    NOTICE = "notice"
    """Worth knowing; may well be meant so."""


class Where(NamedTuple):
    """What a finding is about, by identifier; each may be empty.

    Attributes:
        boundaries: Boundaries.
        groups: Boundary groups.
        servers: Servers.
        sites: Sites.
    """

    boundaries: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


class Finding(NamedTuple):
    """One thing that a check found.

    Attributes:
        code: Stable kebab-case identifier of its kind.
        severity: How bad it is.
        what: What was found, in a sentence.
        where: What it is about.
        do: What a person can do about it.
        rule: The rule of the catalogue that makes it a finding; None when it follows from none.
    """

    code: str
    severity: Severity
    what: str
    where: Where
    do: str
    rule: str | None = None
