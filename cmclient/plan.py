"""Where each of very many machines is, and what it gets there: one batch of columns in, the same columns answered.

The answers are those of ``BoundaryIndex.find`` and ``build_pool``, machine by machine. What makes it fast is that
little is worked out twice: an address comes down to a *spot*, one number for all addresses about which every boundary
says the same; the machines of one spot that are alike otherwise share one ``Answer``, and those in the same boundary
groups one ``Outcome``. Who finds spots for whole columns at once (``adapters/fleet.py``) asks here for the answers.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, ip_address
from typing import Any

from .errors import InvalidValueError
from .model.boundary import BoundaryKind, Connection
from .model.facts import InterfaceAddress, parse_address
from .model.groups import SiteData
from .model.names import AdSiteName, DnsDomain, HostName, SiteCode
from .model.planning import ROLES, Answer, Context, Joining, MachineColumns, Outcome, RowFault
from .rules.boundaries import OCTETS, BoundaryIndex
from .rules.pools import build_pool
from .rules.sites import find_sites

__all__ = ["PlanIndex", "evaluate"]

_MOST_NAME = 256  # characters; a column of something else is told early
_MOST_CELL = 4096  # characters of one field; protects against a row that is no row
_MOST_ADDRESSES = 64  # of one machine
# What is kept for the next machine like it; bounds the memory, whatever the machines and the data are.
_MOST_PLACES = 200_000
_MOST_OUTCOMES = 100_000
_MOST_SERVERS = 1_000_000  # in all pools that are kept

_MASKS = {str(length): 0xFFFFFFFF & ~(0xFFFFFFFF >> length) for length in range(33)}
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}
_Servers = tuple[tuple[Joining, ...], ...]
_Held = tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]


class PlanIndex:
    """Boundary data made ready for very many machines."""

    def __init__(self, data: SiteData) -> None:
        """Build the index.

        Args:
            data: The hierarchy.

        Raises:
            InvalidValueError: The value of a boundary cannot be of its kind.
        """
        self._data = data
        self._index = BoundaryIndex(data.boundaries)
        self._kinds = {boundary.kind for boundary in data.boundaries}
        self._networks = sorted((int(IPv4Address(text)), text) for text in self._index.networks)
        self._network_places = {number: place for place, (number, _) in enumerate(self._networks, 1)}
        self._width = len(self._networks) + 1
        self._groups_of = _groups_of(data)
        self._by_host: dict[HostName, list[int]] = {}
        for place, server in enumerate(data.servers):
            self._by_host.setdefault(server.host, []).append(place)
        self._by_id: dict[str, list[int]] = {}
        for place, group in enumerate(data.groups):
            self._by_id.setdefault(group.id, []).append(place)
        self._defaults = [place for place, group in enumerate(data.groups) if group.default_of is not None]
        self._servers = 0
        self._contexts: dict[tuple[str, str, str, str], Context | RowFault] = {}
        self._held: dict[tuple[int | tuple[int, ...], tuple[int, ...]], _Held] = {}
        self._outcomes: dict[tuple[object, ...], Outcome] = {}
        self._pools: dict[tuple[int, ...] | SiteCode | None, _Servers] = {}

    # --- for those who look up whole columns ---

    @property
    def boundaries(self) -> Sequence[str]:
        """The identifiers of all boundaries."""
        return [boundary.id for boundary in self._data.boundaries]

    @property
    def groups_of(self) -> Sequence[Sequence[int]]:
        """For each boundary the places of the groups that it is in, ascending."""
        return self._groups_of

    @property
    def networks(self) -> Sequence[tuple[int, Sequence[int]]]:
        """Each network id of subnet boundaries, as a number, ascending, and the places of these boundaries."""
        return [(number, self._index.networks[text]) for number, text in self._networks]

    def cuts(self, version: int) -> Sequence[int]:
        """The addresses of IP version 4 or 6, as numbers, from each of which on other ranges and prefixes hold."""
        return self._index.cuts(version)

    def pieces(self, version: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]] | None:
        """What holds between the cuts; see ``MachineAnswers``."""
        return self._index.pieces(version)

    def context(self, ad_site: str, forest: str, vpn: str, assigned_site: str) -> Context | RowFault:
        """Check what is known of a machine besides its addresses; empty texts are what is not known."""
        key = (ad_site, forest, vpn, assigned_site)
        found = self._contexts.get(key)
        if found is None:
            if len(self._contexts) >= _MOST_OUTCOMES:
                self._contexts.clear()
            found = self._contexts[key] = self._checked(*key)
        return found

    def outcome(self, groups: tuple[int, ...], context: Context, *, is_bare: bool) -> Outcome:
        """What machines get that are in these groups and have one IPv4 address, bare without a prefix."""
        return self._outcome(groups, context, ("subnet-unknown",) if is_bare and self._networks else ())

    # --- machines ---

    def answers(self, columns: MachineColumns) -> list[Answer | RowFault]:
        """Answer for machines.

        Returns:
            For each row, in order, the answer, or what is wrong with the row.
        """
        octets, masks, networks = OCTETS, _MASKS, self._network_places
        cuts, width, answer = self._index.cuts(4), self._width, self._answer
        found: list[Answer | RowFault] = []
        for name, cell, *others in zip(*columns, strict=True):
            context = self.context(*others)
            if not name or len(name) > _MOST_NAME:
                found.append(RowFault("name", "is empty" if not name else f"is longer than {_MOST_NAME} characters"))
                continue
            if isinstance(context, RowFault):
                found.append(context)
                continue
            try:
                # One IPv4 address with the length of its prefix, as nearly all are; strict: nothing else passes.
                address, _, length = cell.partition("/")
                one, two, three, four = address.split(".")
                number = octets[one] << 24 | octets[two] << 16 | octets[three] << 8 | octets[four]
                network = networks.get(number & masks[length], 0)
                found.append(answer((bisect_right(cuts, number) * width + network) * 2, context))
            except (KeyError, ValueError, AttributeError):
                spots = self._spots(cell)
                found.append(spots if isinstance(spots, RowFault) else answer(spots, context))
        return found

    def _spots(self, cell: str | Sequence[str]) -> int | tuple[int, ...] | RowFault:
        """The spots of whatever addresses there are."""
        if isinstance(cell, str):
            if len(cell) > _MOST_CELL:
                return RowFault("addresses", f"is longer than {_MOST_CELL} characters")
            cell = (cell,)
        cell = [part for text in cell for part in text.replace(";", " ").split()]
        if len(cell) > _MOST_ADDRESSES:
            return RowFault("addresses", f"has more than {_MOST_ADDRESSES} addresses")
        try:
            spots = {self._spot(parse_address(text)) for text in cell}
        except InvalidValueError as error:
            return RowFault("addresses", error.message)
        return spots.pop() if len(spots) == 1 else tuple(sorted(spots))

    def _spot(self, address: InterfaceAddress) -> int:
        """One number for all addresses about which every boundary says the same."""
        parsed = ip_address(address.address)
        piece = bisect_right(self._index.cuts(parsed.version), int(parsed))
        if not isinstance(parsed, IPv4Address):
            return -1 - piece
        network = 0 if address.prefix is None else int(parsed) & _MASKS[str(address.prefix)]
        place = 0 if address.prefix is None else self._network_places.get(network, 0)
        return (piece * self._width + place) * 2 + (address.prefix is None)

    def _checked(self, ad_site: str, forest: str, vpn: str, assigned_site: str) -> Context | RowFault:
        held: set[int] = set()
        field = "ad_site"
        try:
            if ad_site:
                held.update(self._index.in_ad_site(AdSiteName(ad_site)))
            field = "forest"
            if forest:
                DnsDomain(forest)
            field = "assigned_site"
            site = SiteCode(assigned_site.strip()) if assigned_site else None
        except InvalidValueError as error:
            return RowFault(field, error.message)
        if len(vpn) > _MOST_CELL:
            return RowFault("vpn", f"is longer than {_MOST_CELL} characters")
        words = [word.strip() for word in vpn.split(";") if word.strip()]
        connections = [connection for word in words if (connection := _connection(word)) is not None]
        held.update(self._index.on_connections(connections))
        undescribed = BoundaryKind.VPN in self._kinds and any(word.casefold() in _YES for word in words)
        return Context(tuple(sorted(held)), site, undescribed)

    # --- what is worked out once ---

    def _answer(self, spots: int | tuple[int, ...], context: Context) -> Answer:
        """The answer for a machine with one spot, or with several, ascending, each once."""
        key = spots, context.boundaries
        held = self._held.get(key)
        if held is None:
            if len(self._held) >= _MOST_PLACES:
                self._held.clear()
            held = self._held[key] = self._find((spots,) if isinstance(spots, int) else spots, context.boundaries)
        boundaries, groups, notes = held
        return Answer(boundaries, self._outcome(groups, context, notes))

    def _find(self, spots: tuple[int, ...], others: tuple[int, ...]) -> _Held:
        """Find the boundaries, the groups by their places in the data, and what is not certain."""
        numbers = [*others]
        notes = () if spots else ("no-address",)
        for spot in spots:
            if spot < 0:
                numbers += self._index.in_piece(6, -1 - spot)
                continue
            rest, is_bare = divmod(spot, 2)
            piece, network = divmod(rest, self._width)
            numbers += self._index.in_piece(4, piece)
            if network:
                numbers += self._index.networks[self._networks[network - 1][1]]
            elif is_bare and self._networks:
                notes = ("subnet-unknown",)
        ordered = sorted({*numbers})
        groups = {group for number in ordered for group in self._groups_of[number]}
        boundaries = self._data.boundaries
        return tuple([boundaries[number].id for number in ordered]), tuple(sorted(groups)), notes

    def _outcome(self, groups: tuple[int, ...], context: Context, notes: tuple[str, ...]) -> Outcome:
        if context.has_unknown_vpn:
            notes = (*notes, "vpn-unknown")
        site = context.assigned_site
        key = groups, site, notes
        found = self._outcomes.get(key)
        if found is None:
            if len(self._outcomes) >= _MOST_OUTCOMES:
                self._outcomes.clear()
            current = [self._data.groups[place] for place in groups]
            sites, how = find_sites(current, kept=site, fallback=self._data.fallback_site)
            names = tuple([group.id for group in current])
            found = self._outcomes[key] = Outcome(names, self._pool(groups, site), sites, how, notes)
        return found

    def _pool(self, groups: tuple[int, ...], site: SiteCode | None) -> _Servers:
        """The servers of groups: each as early as any of them has it, since no group changes another's links."""
        key = groups or site  # who is in no group depends on its site, the others do not
        found = self._pools.get(key)
        if found is None:
            several = len(groups) > 1
            found = tuple(map(_earliest, *(self._pool((one,), None) for one in groups))) if several else ()
            found = found or self._built(groups, site)
            self._servers += sum(map(len, found)) + len(ROLES)
            if self._servers > _MOST_SERVERS:
                self._pools.clear()
                self._servers = 0
            self._pools[key] = found
        return found

    def _built(self, of: tuple[int, ...], site: SiteCode | None) -> _Servers:
        """The pools of groups, or of a machine in none, from the part of the data that they depend on."""
        current = [self._data.groups[place] for place in of]
        places = {*self._defaults, *of}
        for group in current:
            for relationship in group.relationships:
                places.update(self._by_id.get(relationship.neighbour, ()))
        groups = tuple(self._data.groups[one] for one in sorted(places))
        hosts = {host for group in groups for host in group.servers}
        named = sorted(number for host in hosts for number in self._by_host.get(host, ()))
        part = self._data._replace(
            boundaries=(), groups=groups, servers=tuple(self._data.servers[number] for number in named)
        )
        pools = (build_pool(part, current, role, assigned_site=site) for role in ROLES)
        return tuple(tuple(Joining(entry.minute, entry.host) for entry in pool) for pool in pools)


def evaluate(index: PlanIndex, columns: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Answer for machines given and returned as plain columns, for programs that have their own way to read and write.

    Args:
        index: The boundary data.
        columns: ``name`` and ``addresses``, and where they are known ``ad_site``, ``forest``, ``vpn`` and
            ``assigned_site`` (see ``MachineColumns``); None and an empty text are what is not known.

    Returns:
        Columns with one value for each row, in order: ``name``; ``boundaries`` and ``groups``, tuples of identifiers;
        for each role (``mp``, ``dp``, ``sup``, ``smp``, ``cmg``) the servers at minute 0; ``timeline``, a tuple of
        (role, minute, host) for all minutes; ``site``, several with ``|`` between them; ``site_from``; ``notes``; and
        ``fault``, which is empty, or says why there is no answer for this row: the others are empty then.
    """
    count = len(columns["name"])
    rows = MachineColumns(*(_texts(columns.get(field), count) for field in MachineColumns._fields))
    answered: dict[str, list[Any]] = {"name": list(rows.name)}
    found = index.answers(rows)
    answered["fault"] = [f"{one.field}: {one.problem}" if isinstance(one, RowFault) else "" for one in found]
    answers = [_NOTHING if isinstance(one, RowFault) else one for one in found]
    outcomes = [answer.outcome for answer in answers]
    answered["boundaries"] = [answer.boundaries for answer in answers]
    answered["groups"] = [outcome.groups for outcome in outcomes]
    for place, role in enumerate(ROLES):
        answered[role.value] = [outcome.now(place) for outcome in outcomes]
    answered["timeline"] = [outcome.timeline for outcome in outcomes]
    answered["site"] = ["|".join(outcome.sites) for outcome in outcomes]
    answered["site_from"] = [outcome.how.value for outcome in outcomes]
    answered["notes"] = [outcome.notes for outcome in outcomes]
    return answered


_NOTHING = Answer((), Outcome())


def _texts(column: Sequence[Any] | None, count: int) -> Sequence[Any]:
    return [""] * count if column is None else ["" if value is None else value for value in column]


def _groups_of(data: SiteData) -> list[tuple[int, ...]]:
    """For each boundary the groups that it is in; boundaries with one identifier are in the same ones."""
    by_boundary: dict[str, list[int]] = {}
    for place, group in enumerate(data.groups):
        for boundary in dict.fromkeys(group.boundaries):
            by_boundary.setdefault(boundary, []).append(place)
    return [tuple(by_boundary.get(boundary.id, ())) for boundary in data.boundaries]


def _earliest(*pools: tuple[Joining, ...]) -> tuple[Joining, ...]:
    """The servers of several pools, each at the earliest minute at which one has it."""
    filled = [pool for pool in pools if pool]
    if len(filled) < 2:  # noqa: PLR2004 - nothing to join
        return filled[0] if filled else ()
    minutes: dict[HostName, Joining] = {}
    for joining in sorted({joining for pool in filled for joining in pool}):
        minutes.setdefault(joining.host, joining)
    return tuple(minutes.values())


def _connection(word: str) -> Connection | None:
    """A connection in the words of VPN boundaries; None for none."""
    if word.casefold() in _NO:
        return None
    if word.casefold() == "auto:on":
        return Connection("", is_pptp=True)
    form, _, text = word.partition(":")
    if form.casefold() == "description":
        return Connection("", text.strip())
    if form.casefold() == "name":
        return Connection(text.strip())
    return Connection("" if word.casefold() in _YES else word)
