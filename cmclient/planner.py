"""Batches of machines answered, or compared by two sets of data, as rows ready to be written."""

from collections import Counter
from collections.abc import Iterable, Iterator

from .model.planning import Answer, Change, MachineColumns, Outcome, RowFault, Written
from .plan import PlanIndex
from .protocol.planrows import RowForm
from .rules.changes import find_change

__all__ = ["ChangeMemo", "Planner"]

_PART = 1024 * 1024  # characters of rows that are written at once
_MOST_CHANGES = 100_000  # between two outcomes that are kept; bounds the memory, whatever the data are


class Planner:
    """Answers for one batch after another, or compares the answers by two sets of data, and writes them as rows."""

    def __init__(self, form: RowForm, index: PlanIndex, after: PlanIndex | None = None) -> None:
        """Prepare.

        Args:
            form: How rows are written.
            index: The boundary data.
            after: The other boundary data, to be compared with; None to answer.
        """
        self._index = index
        self._form = form
        self._after = after
        self._changes = ChangeMemo()

    def write(self, columns: MachineColumns) -> Written:
        """Answer or compare a batch."""
        found = self._index.answers(columns)
        faults = [(place, one) for place, one in enumerate(found) if isinstance(one, RowFault)]
        answered = len(found) - len(faults)
        if self._after is None:
            pairs = ((name, one) for name, one in zip(columns.name, found, strict=True) if isinstance(one, Answer))
            rows = (self._form.name(name) + self._form.answer(one) for name, one in pairs)
            return Written(_joined(rows), answered, faults)
        counts = Counter[str]()
        changes: list[tuple[str, Change]] = []
        for name, one, other in zip(columns.name, found, self._after.answers(columns), strict=True):
            if isinstance(one, RowFault) or isinstance(other, RowFault):
                continue
            change = self._changes.find(one.outcome, other.outcome)
            if change is not None:
                changes.append((name, change))
                counts.update(("machines", *change.kinds))
        rows = (self._form.name(name) + self._form.change(change) for name, change in changes)
        return Written(_joined(rows), answered, faults, counts)


def _joined(rows: Iterable[str]) -> Iterator[bytes]:
    """Rows as not too many bytes at once."""
    part: list[str] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row)
        if size > _PART:
            yield "".join(part).encode()
            part, size = [], 0
    yield "".join(part).encode()


class ChangeMemo:
    """Changes between outcomes, found again by identity."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], tuple[Outcome, Outcome, Change | None]] = {}

    def find(self, before: Outcome, after: Outcome) -> Change | None:
        """How they differ; None when they do not."""
        key = id(before), id(after)  # kept with both, so that the identities are nobody else's
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_CHANGES:
                self._found.clear()
            found = self._found[key] = (before, after, find_change(before, after))
        return found[2]
