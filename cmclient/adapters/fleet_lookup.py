"""Boundaries and groups of whole columns of machines, by arithmetic on the arrays that single look-ups use."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, NamedTuple

from ..model.planning import Answer, Context, MachineAnswers, MachineColumns, Outcome, RowFault
from .fleet_addresses import read_ipv4

with suppress(ImportError):  # cmclient.adapters.fleet says so when it is used
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

__all__ = ["FleetLookup", "Found", "MachineNumbers", "encoded", "read_machines"]

_MOST_NAME = 256  # characters, as for single machines
_OTHERS = ("ad_site", "forest", "vpn", "assigned_site")
_PLACE_BITS = 19  # half a million: what is sorted and scattered stays in the cache of the processor
_MOST_SETS = 200_000  # sets of groups that are kept; bounds the memory


class MachineNumbers(NamedTuple):
    """Machines as numbers.

    Attributes:
        numbers: The IPv4 address of each usual one.
        lengths: The length of its prefix; -1 for none.
        usual: Which rows these are about: those with one IPv4 address in its usual form.
        contexts: For each row the place in ``others`` of what else is known of it.
        others: AD site, forest, VPN and assigned site.
    """

    numbers: Any
    lengths: Any
    usual: Any
    contexts: Any
    others: list[tuple[str, ...]]


class Found(NamedTuple):
    """Answers for a batch.

    Attributes:
        rows: For each boundary that holds a machine the row of that, ascending.
        held: These boundaries, by their places; those of machines that were looked up one by one come after all others.
        single: The identifiers of the latter.
        codes: For each row the place of its outcome.
        outcomes: The outcomes.
        faults: What is wrong with a row, by row; these have no boundaries, and an outcome that says nothing.
    """

    rows: Any
    held: Any
    single: list[str]
    codes: Any
    outcomes: list[Outcome]
    faults: dict[int, RowFault]


class _Lists:
    """Lists of numbers, one after another in an array, with where each begins."""

    def __init__(self, starts: Any, values: Any) -> None:  # noqa: ANN401 - NumPy
        self._starts = starts
        self._values = values

    @classmethod
    def of(cls, lists: Iterable[Sequence[int]]) -> "_Lists":
        """From lists."""
        known = list(lists)
        starts = np.concatenate(([0], np.cumsum(np.fromiter(map(len, known), np.int64, len(known))))).astype(np.int64)
        values = np.fromiter((value for one in known for value in one), np.int64, int(starts[-1]))
        return cls(starts, values)

    def take(self, places: Any) -> tuple[Any, Any]:  # noqa: ANN401 - NumPy
        """What stands in some of them, one after another, and for each from which of these places it is."""
        begins = self._starts[places]
        counts = self._starts[places + 1] - begins
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        values = self._values[np.repeat(begins - (ends - counts), counts) + np.arange(total)]
        return values, np.repeat(np.arange(len(places)), counts)


class FleetLookup:
    """The cuts, networks and groups of boundary data as arrays."""

    def __init__(self, answers: MachineAnswers) -> None:
        """Lay them out.

        Args:
            answers: The boundary data.
        """
        self._answers = answers
        self._cuts = np.array(answers.cuts(4), np.int64)
        self._pieces = _pieces(answers, len(self._cuts))
        networks = answers.networks
        self._networks = np.fromiter((number for number, _ in networks), np.int64, len(networks))
        self._in_network = _Lists.of([(), *(held for _, held in networks)])
        self._groups = _Lists.of(answers.groups_of)
        self._count = len(answers.groups_of)
        self._masks = np.array([0xFFFFFFFF & ~(0xFFFFFFFF >> length) for length in range(33)], np.int64)
        self._sets: dict[tuple[int, ...], int] = {}

    def find(self, machines: Any, read: MachineNumbers) -> Found:  # noqa: ANN401 - Arrow
        """Answer for machines."""
        contexts = [self._answers.context(*others) for others in read.others]
        fit = np.fromiter((isinstance(one, Context) for one in contexts), bool, len(contexts))
        usual = read.usual & fit[read.contexts] & (self._pieces is not None)
        places = np.flatnonzero(usual)
        known = [one if isinstance(one, Context) else Context() for one in contexts]
        held, rows = self._held(read, places, known)
        codes = np.zeros(len(usual), np.int64)
        codes[places], outcomes = self._outcomes(read, places, known, held, rows)
        rows, singles = places[rows], np.flatnonzero(~usual)
        if not len(singles):
            return Found(rows, held, [], codes, outcomes, {})
        answers = self._answers.answers(_columns(machines.take(pa.array(singles))))
        faults = {row: one for row, one in zip(singles.tolist(), answers, strict=True) if isinstance(one, RowFault)}
        told = [_NOTHING if isinstance(one, RowFault) else one for one in answers]
        codes[singles] = np.arange(len(outcomes), len(outcomes) + len(told))
        single = [boundary for one in told for boundary in one.boundaries]
        added = np.repeat(singles, np.fromiter((len(one.boundaries) for one in told), np.int64, len(told)))
        rows = np.concatenate((rows, added))
        held = np.concatenate((held, np.arange(self._count, self._count + len(single))))
        order = np.argsort(rows, kind="stable")
        return Found(rows[order], held[order], single, codes, outcomes + [one.outcome for one in told], faults)

    def _held(self, read: MachineNumbers, places: Any, contexts: list[Context]) -> tuple[Any, Any]:  # noqa: ANN401 - NumPy
        """The boundaries that hold usual machines, and for each the machine among these; sorted by both."""
        if self._pieces is None or not len(places):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        numbers, lengths = read.numbers[places], read.lengths[places]
        parts = [self._pieces.take(_search(self._cuts, numbers))]
        if len(self._networks):
            networks = np.where(lengths < 0, -1, numbers & self._masks[np.maximum(lengths, 0)])
            near = np.minimum(np.searchsorted(self._networks, networks), len(self._networks) - 1)
            parts.append(self._in_network.take(np.where(self._networks[near] == networks, near + 1, 0)))
        if any(context.boundaries for context in contexts):
            parts.append(_Lists.of(context.boundaries for context in contexts).take(read.contexts[places]))
        if len(parts) == 1:
            return parts[0]
        # Row and boundary as one number: sorting numbers is several times faster than sorting by two columns.
        bits = self._count.bit_length()
        keys = np.concatenate([rows << bits | held for held, rows in parts])
        keys.sort()
        return keys & ((1 << bits) - 1), keys >> bits

    def _outcomes(
        self,
        read: MachineNumbers,
        places: Any,  # noqa: ANN401 - NumPy
        contexts: list[Context],
        held: Any,  # noqa: ANN401 - NumPy
        rows: Any,  # noqa: ANN401 - NumPy
    ) -> tuple[Any, list[Outcome]]:
        """The outcomes of usual machines: for each its place, and what stands there."""
        if len(self._sets) > _MOST_SETS:
            self._sets.clear()
        sets = self._group_sets(held, rows, len(places))
        used = read.contexts[places]
        keys = (sets * len(contexts) + used) * 2 + (read.lengths[places] < 0)
        codes, distinct = encoded(keys)
        by_code = list(self._sets)
        outcomes = []
        for key in distinct.tolist():
            which, is_bare = divmod(key, 2)
            code, context = divmod(which, len(contexts))
            outcomes.append(self._answers.outcome(by_code[code], contexts[context], is_bare=bool(is_bare)))
        return codes, outcomes

    def _group_sets(self, held: Any, rows: Any, count: int) -> Any:  # noqa: ANN401 - NumPy
        """For each machine a number for the set of groups that it is in."""
        groups, of = self._groups.take(held)
        most = int(groups.max()) + 1 if len(groups) else 1
        keys = rows[of] * most + groups
        keys.sort()
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys
        groups, starts = (keys % most).tolist(), np.searchsorted(keys // most, np.arange(count + 1))
        sets = self._sets
        begins = starts.tolist()
        found = [sets.setdefault(tuple(groups[a:b]), len(sets)) for a, b in pairwise(begins)]
        return np.array(found, np.int64)


_NOTHING = Answer((), Outcome())


def _pieces(answers: MachineAnswers, cuts: int) -> _Lists | None:
    """What holds with so many cuts at or below the address; None where that is kept in another way."""
    flat = answers.pieces(4)
    if flat is None:
        return None
    starts, entries, numbers = (np.array(one, np.int64) for one in flat)
    if not cuts:
        return _Lists(np.zeros(2, np.int64), np.zeros(0, np.int64))
    # Nothing before the first cut and nothing after the last.
    return _Lists(np.concatenate(([0], starts, starts[-1:])), numbers[entries] if len(entries) else entries)


def _search(cuts: Any, numbers: Any) -> Any:  # noqa: ANN401 - NumPy
    """``np.searchsorted`` from the right, in the order of the addresses: each search begins where the last one ended.

    An address and its place go into one number, as sorting numbers is several times faster than sorting by them.
    """
    found = np.empty(len(numbers), np.int64)
    for start in range(0, len(numbers), 1 << _PLACE_BITS):
        part = numbers[start : start + (1 << _PLACE_BITS)]
        packed = (part << _PLACE_BITS) | np.arange(len(part))
        packed.sort()
        found[start + (packed & ((1 << _PLACE_BITS) - 1))] = np.searchsorted(cuts, packed >> _PLACE_BITS, side="right")
    return found


def read_machines(machines: Any) -> MachineNumbers:  # noqa: ANN401 - Arrow
    """Machines of ``machine_batch`` as numbers."""
    cells, count = machines.column("addresses"), machines.num_rows
    _, offsets, data = cells.buffers()
    bounds = (
        np.frombuffer(offsets, np.int32)[cells.offset : cells.offset + count + 1] if count else np.zeros(1, np.int32)
    )
    numbers, lengths, usual = read_ipv4(np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8), bounds)
    named = pc.utf8_length(machines.column("name")).to_numpy(zero_copy_only=False)
    usual &= (named > 0) & (named <= _MOST_NAME)
    contexts: Any = np.zeros(count, np.int64)
    others: list[tuple[str, ...]] = [()]
    for field in _OTHERS:
        column = machines.column(field).dictionary_encode()
        values = column.dictionary.to_pylist()
        keys = contexts * len(values) + column.indices.to_numpy(zero_copy_only=False)
        contexts, distinct = encoded(keys)
        others = [(*others[key // len(values)], values[key % len(values)]) for key in distinct.tolist()]
    return MachineNumbers(numbers, lengths, usual, contexts, others)


def encoded(numbers: Any) -> tuple[Any, Any]:  # noqa: ANN401 - NumPy
    """For each number its place among the distinct ones, and those."""
    done = pa.array(numbers).dictionary_encode()
    codes = done.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, done.dictionary.to_numpy(zero_copy_only=False)


def _columns(machines: Any) -> MachineColumns:  # noqa: ANN401 - Arrow
    return MachineColumns(*(machines.column(field).to_pylist() for field in MachineColumns._fields))
