"""Many machines at once: what is asked about each, and what is answered."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from .assignment import AssignmentHow
from .groups import Role
from .names import HostName, SiteCode

__all__ = [
    "ROLES",
    "Answer",
    "Change",
    "Context",
    "Joining",
    "MachineAnswers",
    "MachineColumns",
    "Outcome",
    "RowFault",
    "ServerChange",
    "Written",
]

# The roles that are answered for, in the order in which they are shown.
ROLES = (
    Role.MANAGEMENT_POINT,
    Role.DISTRIBUTION_POINT,
    Role.SOFTWARE_UPDATE_POINT,
    Role.STATE_MIGRATION_POINT,
    Role.CLOUD_MANAGEMENT_GATEWAY,
)


class MachineColumns(NamedTuple):
    """Machines as columns of text, all of the same length; an empty text is what is not known.

    Attributes:
        name: What each is called.
        addresses: Its addresses, with prefixes: one text with blanks or semicolons between them, or several texts.
        ad_site: Its AD site.
        forest: Its forest; checked to be a DNS name, and no boundary looks at it.
        vpn: Its connections in the words of VPN boundaries: ``Auto:On``, ``Name:...`` or ``Description:...``, several
            with semicolons between them; ``yes`` for a VPN of which no more is known, ``no`` for none.
        assigned_site: The site that it is assigned to.
    """

    name: Sequence[str]
    addresses: Sequence[str | Sequence[str]]
    ad_site: Sequence[str]
    forest: Sequence[str]
    vpn: Sequence[str]
    assigned_site: Sequence[str]


class Context(NamedTuple):
    """What is known of a machine besides its addresses, checked; many machines share one.

    Attributes:
        boundaries: Places in the data of the AD site and VPN boundaries that hold it, ascending.
        assigned_site: The site that it is assigned to; None when it is in none.
        has_unknown_vpn: It is on a VPN, and VPN boundaries of the data cannot be compared with it.
    """

    boundaries: tuple[int, ...] = ()
    assigned_site: SiteCode | None = None
    has_unknown_vpn: bool = False


class Joining(NamedTuple):
    """A server, and the minute of the search from which on it may be used; 0 for at once."""

    minute: int
    host: HostName


class Outcome(NamedTuple):
    """What a machine gets; machines in the same groups share one.

    Attributes:
        groups: Identifiers of the boundary groups that it is in, in the order of the data.
        servers: For each of ``ROLES`` the servers that it gets, by minute and name.
        sites: The site that it is or would be assigned to; several when one of them is drawn; empty for none.
        how: In which way: kept, by boundary, fallback or none.
        notes: What cannot be told for certain: ``subnet-unknown`` (an IPv4 address has no prefix, and there are subnet
            boundaries), ``vpn-unknown`` (there are VPN boundaries, and its VPN is not described), ``no-address``.
    """

    groups: tuple[str, ...] = ()
    servers: tuple[tuple[Joining, ...], ...] = ((),) * len(ROLES)
    sites: tuple[SiteCode, ...] = ()
    how: AssignmentHow = AssignmentHow.NONE
    notes: tuple[str, ...] = ()

    def now(self, place: int) -> tuple[HostName, ...]:
        """The servers of a role, by its place in ``ROLES``, that it gets at once."""
        return tuple(host for minute, host in self.servers[place] if minute == 0)

    @property
    def timeline(self) -> tuple[tuple[str, int, HostName], ...]:
        """Role, minute and name of every server, by role, minute and name."""
        roles = zip(ROLES, self.servers, strict=True)
        return tuple((role.value, minute, host) for role, pool in roles for minute, host in pool)


class Answer(NamedTuple):
    """The answer for a machine.

    Attributes:
        boundaries: Identifiers of the boundaries that hold it, in the order of the data.
        outcome: What that gives it.
    """

    boundaries: tuple[str, ...]
    outcome: Outcome


class RowFault(NamedTuple):
    """What is wrong with a row: the field, and the problem in words."""

    field: str
    problem: str


class ServerChange(NamedTuple):
    """A server that a machine gets at other minutes than before; None on the side where it does not get it."""

    role: Role
    host: HostName
    before: int | None
    after: int | None


class Change(NamedTuple):
    """How the answer for a machine differs between two sets of data.

    Attributes:
        groups_added: Boundary groups that it is in only afterwards.
        groups_removed: Boundary groups that it was in only before.
        servers: Servers that change, by role, then name.
        sites_before: Its site or sites before.
        sites_after: Its site or sites afterwards.
    """

    groups_added: tuple[str, ...]
    groups_removed: tuple[str, ...]
    servers: tuple[ServerChange, ...]
    sites_before: tuple[SiteCode, ...]
    sites_after: tuple[SiteCode, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What changes: ``groups``, the roles whose servers change, ``site``; in this order."""
        roles = {change.role for change in self.servers}
        return (
            *(("groups",) if self.groups_added or self.groups_removed else ()),
            *(role.value for role in ROLES if role in roles),
            *(("site",) if self.sites_before != self.sites_after else ()),
        )


class Written(NamedTuple):
    """What came of a batch of machines.

    Attributes:
        rows: Its answers or changes, to be written: bytes, or batches of columns; in order, and made as they are taken,
            so that only a part of them is in memory.
        machines: How many machines were answered.
        faults: Rows that were not, by their place in the batch, ascending.
        changes: How many machines change by each kind of change, and under ``machines`` how many at all; empty when
            nothing was compared.
    """

    rows: Iterable[Any]
    machines: int
    faults: Sequence[tuple[int, RowFault]] = ()
    changes: Mapping[str, int] = {}


class MachineAnswers(Protocol):
    """Boundary data that answers for very many machines, and lays open what they can be looked up in.

    Boundaries and groups are named by their places in the data.
    """

    @property
    def boundaries(self) -> Sequence[str]:
        """The identifiers of all boundaries."""

    @property
    def groups_of(self) -> Sequence[Sequence[int]]:
        """For each boundary the groups that it is in, ascending."""

    @property
    def networks(self) -> Sequence[tuple[int, Sequence[int]]]:
        """Each network id of subnet boundaries, as a number, ascending, and these boundaries."""

    def cuts(self, version: int) -> Sequence[int]:
        """The addresses of IP version 4 or 6, as numbers, from each of which on other ranges and prefixes hold."""

    def pieces(self, version: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]] | None:
        """What holds between cuts: where it begins for each piece, all of it, and the boundaries that this means.

        What holds the addresses with ``n`` cuts at or below them stands from ``starts[n - 1]`` to before
        ``starts[n]``; nothing does before the first cut and after the last. None where it is kept in another way.
        """

    def context(self, ad_site: str, forest: str, vpn: str, assigned_site: str) -> Context | RowFault:
        """Check what is known of a machine besides its addresses; empty texts are what is not known."""

    def outcome(self, groups: tuple[int, ...], context: Context, *, is_bare: bool) -> Outcome:
        """What machines get that are in these groups, ascending, and have one IPv4 address, bare without a prefix."""

    def answers(self, columns: MachineColumns) -> Sequence[Answer | RowFault]:
        """Answer for machines one by one, in order; a fault says what is wrong with a row."""
