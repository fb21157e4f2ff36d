"""The ccmsetup line as a value. What reads one, with the table of all names, is loaded when there is one."""

from enum import Enum
from typing import NamedTuple

from ..model.rule import decides
from ..model.secret import Secret

__all__ = ["SetupItem", "SetupKind", "SetupLine"]


class SetupKind(Enum):
    """Who takes it, and how it is written."""

    PARAMETER = "parameter"
    """Of ccmsetup.exe: ``/name`` or ``/name:value``."""
    MSI_PROPERTY = "ccmsetup.msi property"
    """``NAME=value``, for ccmsetup.msi only."""
    CLIENT_PROPERTY = "client.msi property"
    """``NAME=value``."""


class SetupItem(NamedTuple):
    """One parameter or property of a line.

    Attributes:
        name: As in ``KNOWN``, whatever its case was on the line.
        kind: Who takes it.
        value: As written, without its quotes; empty where none was given.
        rule: The rule that describes the name.
    """

    name: str
    kind: SetupKind
    value: str | Secret
    rule: str

    def __str__(self) -> str:
        """As on a line, with quotes where they are needed; a secret is masked."""
        value = str(self.value)
        if any(character.isspace() for character in value) or '"' in value:
            value = '"' + value.replace('"', '""') + '"'
        if not value:
            return self.name
        return f"{self.name}{':' if self.kind is SetupKind.PARAMETER else '='}{value}"


class SetupLine(NamedTuple):
    """A line as read. With faults it must not be used.

    Attributes:
        items: What was recognised, in order; what ``CCMSETUPCMD`` passes on follows it.
        faults: Everything that is wrong, each a sentence that begins with the name.
        notes: What is allowed, and is probably not what was meant.
    """

    items: tuple[SetupItem, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def find(self, name: str) -> str | None:
        """The value of a parameter or property: the first one of those that count.

        Returns:
            Empty where a name stands without a value, ``***`` for a secret, None when the line does not have it.
        """
        values = self.find_all(name)
        return values[0] if values else None

    @decides("IP-080", "IP-018")
    def find_all(self, name: str) -> tuple[str, ...]:
        """The values that count: every one of ``/source``, in order, and the last one of any other name."""
        from .setupnames import find_known  # noqa: PLC0415 - most runs have no line, and who has one has loaded this

        known = find_known(name)
        values = tuple(str(item.value) for item in self.items if known is not None and item.name == known.name)
        return values if known is not None and known.adds_up else values[-1:]
