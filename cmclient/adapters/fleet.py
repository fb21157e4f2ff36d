"""Many machines as Arrow columns, with NumPy: the same answers as one by one, for whole columns at once.

Addresses of the usual form are read and looked up by arithmetic on columns, in the very cuts and networks that
single look-ups use. Every other row, and whatever is wrong, goes the way of single machines. Needs the extra ``fleet``.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from ..errors import CmClientError
from ..model.planning import ROLES, Change, MachineAnswers, MachineColumns, Outcome, Written
from ..protocol.planrows import RowForm
from .fleet_lookup import FleetLookup, Found, encoded, read_machines

try:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError as error:  # the class says so when it is used
    _MISSING = str(error)
else:
    _MISSING = ""

__all__ = ["FleetPlan", "answer_schema", "change_schema", "machine_batch", "require_fleet"]

_CHUNK = 16 * 1024 * 1024  # bytes of rows that are made at once: bounds the memory when each row is long
_ROW, _SERVER = 128, 64  # about how many of them a row has, and more for each server
_T = TypeVar("_T")


def require_fleet() -> None:
    """Check that the extra is installed.

    Raises:
        CmClientError: It is not.
    """
    if _MISSING:
        raise CmClientError(f"NumPy and PyArrow are needed for this: {_MISSING}", hint="pip install cmclient[fleet]")


class FleetPlan:
    """Answers for batches of machines, or compares the answers by two sets of data."""

    def __init__(
        self,
        answers: MachineAnswers,
        after: MachineAnswers | None = None,
        *,
        form: RowForm | None = None,
        find_change: Callable[[Outcome, Outcome], Change | None] | None = None,
    ) -> None:
        """Prepare.

        Args:
            answers: The boundary data, such as a ``cmclient.plan.PlanIndex``.
            after: The other boundary data, to be compared with; None to answer.
            form: How ``write`` writes rows; None for batches of columns.
            find_change: What compares; needed with ``after``.

        Raises:
            CmClientError: NumPy or PyArrow is not installed.
        """
        require_fleet()
        self._lookups = [FleetLookup(one) for one in (answers, after) if one is not None]
        self._form = form
        self._find_change = find_change
        item = form.item if form else str
        self._items = pa.array([item(one) for one in answers.boundaries], pa.string())
        self._is_plain = form is None or not pc.any(pc.match_substring_regex(self._items, form.special)).as_py()

    def evaluate_batch(self, batch: Any) -> Any:  # noqa: ANN401 - Arrow has no types
        """Answer for machines.

        Args:
            batch: A ``pyarrow.RecordBatch`` with the columns ``name`` and ``addresses`` (text, or lists of texts), and
                where they are known ``ad_site``, ``forest``, ``vpn`` and ``assigned_site``; others are passed over.

        Returns:
            A batch of ``answer_schema()`` with one row for each, in order. ``fault`` says why there is no answer for a
            row, whose other columns are empty then; else it is empty.

        Raises:
            CmClientError: A column is missing, or is no text.
        """
        machines = machine_batch(batch)
        found = self._lookups[0].find(machines, read_machines(machines))
        told = (found.faults.get(row) for row in range(machines.num_rows))
        faults = [f"{one.field}: {one.problem}" if one else "" for one in told] if found.faults else None
        return _answer_batch(machines.column("name"), self._held(found), found.outcomes, found.codes, faults)

    def write(self, machines: Any) -> Written:  # noqa: ANN401 - Arrow
        """Answer or compare a batch of ``machine_batch``."""
        read = read_machines(machines)
        found = [lookup.find(machines, read) for lookup in self._lookups]
        faults = sorted(found[0].faults.items())
        kept = np.delete(np.arange(machines.num_rows), [row for row, _ in faults])
        names = machines.column("name").take(pa.array(kept))
        if len(found) == 1:
            return Written(self._answered(names, found[0], kept), len(kept), faults)
        rows, counts = self._changed(names, found, kept)
        return Written(rows, len(kept), faults, counts)

    def _answered(self, names: Any, found: Found, kept: Any) -> Iterator[Any]:  # noqa: ANN401 - Arrow, NumPy
        form, codes = self._form, found.codes[kept]
        held = self._held(found).take(pa.array(kept))
        sizes = [_ROW + _SERVER * sum(map(len, outcome.servers)) for outcome in found.outcomes]
        if form is None:
            for part in _parts(sizes, codes):
                yield _answer_batch(names[part], held[part], found.outcomes, codes[part]).drop_columns(["fault"])
            return
        before, between, after = form.around_items
        cells = pc.binary_join(held, between)
        if not self._is_plain or found.single:
            cells = pa.array([form.cell(cell) for cell in cells.to_pylist()], pa.string())
        for part in _parts(sizes, codes):
            texts = _texts(found.outcomes, codes[part], form.outcome)
            yield self._rows(names[part], before, cells[part], after, texts)

    def _held(self, found: Found) -> Any:  # noqa: ANN401 - Arrow
        """For each row the list of boundaries that hold it."""
        items = self._items
        if found.single:
            item = self._form.item if self._form else str
            items = pa.concat_arrays([items, pa.array([item(one) for one in found.single], pa.string())])
        offsets = np.searchsorted(found.rows, np.arange(len(found.codes) + 1)).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), items.take(pa.array(found.held)))

    def _changed(
        self,
        names: Any,  # noqa: ANN401 - Arrow
        found: Sequence[Found],
        kept: Any,  # noqa: ANN401 - NumPy
    ) -> tuple[Iterator[Any], Counter[str]]:
        """Rows of the machines that change, and how many change by kind."""
        before, after = found
        codes, pairs = encoded((before.codes * len(after.outcomes) + after.codes)[kept])
        changes = [self._change(before, after, pair) for pair in pairs.tolist()]
        counts = Counter[str]()
        for change, count in zip(changes, np.bincount(codes, minlength=len(changes)).tolist(), strict=True):
            if change is not None:
                counts.update(dict.fromkeys(("machines", *change.kinds), count))
        does = np.fromiter((change is not None for change in changes), bool, len(changes))
        rows = np.flatnonzero(does[codes]) if changes else codes
        return self._change_rows(names.take(pa.array(rows)), changes, codes[rows]), counts

    def _change_rows(self, names: Any, changes: list[Change | None], codes: Any) -> Iterator[Any]:  # noqa: ANN401 - Arrow
        form = self._form
        for part in _parts([_ROW + _SERVER * len(one.servers) if one else 0 for one in changes], codes):
            if form is None:
                yield _change_batch(names[part], changes, codes[part])
            else:
                write = form.change
                texts = _texts(changes, codes[part], lambda change: write(change) if change else "")  # noqa: B023 - used up
                yield self._rows(names[part], texts)

    def _change(self, before: Found, after: Found, pair: int) -> Change | None:
        one, other = divmod(pair, len(after.outcomes))
        return self._find_change(before.outcomes[one], after.outcomes[other]) if self._find_change else None

    def _rows(self, names: Any, *columns: Any) -> Any:  # noqa: ANN401 - Arrow
        """Rows as bytes: the name, and what comes after it, each a column or the same text for all."""
        before, after = self._form.around_name if self._form else ("", "")
        if self._form and pc.any(pc.match_substring_regex(names, self._form.special)).as_py():
            before, names, after = "", pa.array(map(self._form.name, names.to_pylist()), pa.string()), ""
        large = pa.large_string()
        joined = pc.binary_join_element_wise(
            *(
                pa.scalar(one, large) if isinstance(one, str) else one.cast(large)
                for one in (before, names, after, *columns, "")
            )
        )
        _, offsets, data = joined.buffers()
        bounds = np.frombuffer(offsets, np.int64)[joined.offset : joined.offset + len(joined) + 1]
        return memoryview(data)[int(bounds[0]) : int(bounds[-1])]


def _parts(sizes: Sequence[int], codes: Any) -> Iterator[slice]:  # noqa: ANN401 - NumPy
    """Cut rows into parts that are not too large, from about how long each is."""
    if not len(codes):
        return
    chunks = np.cumsum(np.array(sizes, np.int64)[codes]) // _CHUNK
    starts = [0, *(np.flatnonzero(np.diff(chunks)) + 1).tolist()]
    yield from map(slice, starts, [*starts[1:], len(codes)])


def _texts(values: Sequence[_T], codes: Any, write: Callable[[_T], str]) -> Any:  # noqa: ANN401 - Arrow, NumPy
    """A column of the texts of values, each made once."""
    places, distinct = encoded(codes)
    return pa.array([write(values[code]) for code in distinct.tolist()], pa.large_string()).take(pa.array(places))


def _answer_batch(names: Any, held: Any, outcomes: Sequence[Outcome], codes: Any, faults: Any = None) -> Any:  # noqa: ANN401 - Arrow, NumPy
    """Answers as columns."""
    places, distinct = encoded(codes)
    used, schema, taken = [outcomes[code] for code in distinct.tolist()], answer_schema(), pa.array(places)
    columns: list[list[Any]] = [[list(one.groups) for one in used]]
    columns += [[list(one.now(place)) for one in used] for place in range(len(ROLES))]
    columns += [[list(map(_joining, one.timeline)) for one in used]]
    columns += [["|".join(one.sites) for one in used], [one.how.value for one in used]]
    columns += [[list(one.notes) for one in used]]
    made = (pa.array(values, field.type).take(taken) for field, values in zip(list(schema)[2:-1], columns, strict=True))
    told = pa.repeat("", len(codes)) if faults is None else pa.array(faults, pa.string())
    return pa.record_batch([names, held, *made, told], schema=schema)


def machine_batch(batch: Any) -> Any:  # noqa: ANN401 - Arrow
    """The columns that matter of a batch, each as text or, for addresses, lists of texts; absent ones empty.

    Raises:
        CmClientError: A column that is needed is missing, or one is neither.
    """
    columns = []
    for field in MachineColumns._fields:
        place = batch.schema.get_field_index(field)
        if place < 0 and field in {"name", "addresses"}:
            raise CmClientError(f"there is no column {field!r}, or more than one")
        column = pa.repeat("", batch.num_rows) if place < 0 else batch.column(place)
        try:
            columns.append(_text_column(column, field))
        except pa.ArrowException as error:
            raise CmClientError(f"column {field!r} cannot be read as text: {error}") from error
    return pa.record_batch(columns, names=list(MachineColumns._fields))


def _text_column(column: Any, field: str) -> Any:  # noqa: ANN401 - Arrow
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if field == "vpn" and pa.types.is_boolean(kind):
        return pc.fill_null(pc.if_else(column, "yes", "no"), "")
    if field == "addresses" and (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        if column.flatten().null_count:
            raise CmClientError("column 'addresses' has lists with an empty place in them")
        return pc.fill_null(pc.binary_join(column.cast(pa.list_(pa.string())), " "), "")
    known = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    if not any(is_one(kind) for is_one in known):
        raise CmClientError(f"column {field!r} is {kind}, and should be text")
    return pc.fill_null(column.cast(pa.string()), "")


def answer_schema() -> Any:  # noqa: ANN401 - Arrow
    """The columns of answers."""
    texts = pa.list_(pa.string())
    joining = pa.list_(pa.struct({"role": pa.string(), "minute": pa.int32(), "host": pa.string()}))
    fields = [("name", pa.string()), ("boundaries", texts), ("groups", texts), *((role.value, texts) for role in ROLES)]
    fields += [("timeline", joining), ("site", pa.string()), ("site_from", pa.string())]
    return pa.schema([*fields, ("notes", texts), ("fault", pa.string())])


def change_schema() -> Any:  # noqa: ANN401 - Arrow
    """The columns of changes."""
    texts = pa.list_(pa.string())
    server = {"role": pa.string(), "minute": pa.int32(), "host": pa.string()}
    moved = {"role": pa.string(), "before": pa.int32(), "after": pa.int32(), "host": pa.string()}
    fields = [("name", pa.string()), ("changes", texts), ("groups_added", texts), ("groups_removed", texts)]
    fields += [("servers_added", pa.list_(pa.struct(server))), ("servers_removed", pa.list_(pa.struct(server)))]
    fields += [("minutes_changed", pa.list_(pa.struct(moved))), ("site_before", pa.string())]
    return pa.schema([*fields, ("site_after", pa.string())])


def _joining(of: tuple[str, int, str]) -> dict[str, Any]:
    return {"role": of[0], "minute": of[1], "host": of[2]}


def _change_batch(names: Any, found: Sequence[Change | None], codes: Any) -> Any:  # noqa: ANN401 - Arrow
    """Changes as columns; the codes are of those that change."""
    rows = [{} if one is None else _change_row(one) for one in found]
    schema = change_schema()
    columns = [names]
    for field in list(schema)[1:]:
        values = pa.array([row.get(field.name) for row in rows], field.type)
        columns.append(values.take(pa.array(codes)))
    return pa.record_batch(columns, schema=schema)


def _change_row(change: Change) -> dict[str, Any]:
    row: dict[str, Any] = {"changes": list(change.kinds)}
    row |= {"groups_added": list(change.groups_added), "groups_removed": list(change.groups_removed)}
    row |= {"servers_added": [], "servers_removed": [], "minutes_changed": []}
    for role, host, before, after in change.servers:
        if before is None:
            row["servers_added"].append({"role": role.value, "minute": after, "host": host})
        elif after is None:
            row["servers_removed"].append({"role": role.value, "minute": before, "host": host})
        else:
            row["minutes_changed"].append({"role": role.value, "before": before, "after": after, "host": host})
    return row | {"site_before": "|".join(change.sites_before), "site_after": "|".join(change.sites_after)}
