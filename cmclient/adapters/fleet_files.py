"""Files of very many machines with PyArrow: blocks of CSV into columns, and Parquet in and out. Needs the extra."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Self

from ..errors import CmClientError, ConfigError
from ..model.planning import MachineColumns
from ..protocol.machines import CsvShape
from .fleet import answer_schema, change_schema, machine_batch, require_fleet

try:
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq
except ImportError:  # require_fleet says so
    pass

__all__ = ["ParquetWriter", "read_csv_block", "read_parquet", "to_batch"]

_BATCH = 16_384  # rows that are read at once


def to_batch(columns: MachineColumns) -> Any:  # noqa: ANN401 - Arrow
    """Machines that were read row by row as a batch."""
    cells = [cell if isinstance(cell, str) else " ".join(cell) for cell in columns.addresses]
    fields = columns._replace(addresses=cells)
    return pa.record_batch([pa.array(field, pa.string()) for field in fields], names=list(MachineColumns._fields))


def read_csv_block(block: bytes, shape: CsvShape) -> Any | None:  # noqa: ANN401 - Arrow
    """Read lines of a CSV file.

    Args:
        block: Whole lines, without the header.
        shape: What the header says.

    Returns:
        A batch for ``FleetPlan.write``; None when a line is not as simple as nearly all are: then each has to be
        looked at.
    """
    if not _is_simple(block, shape.delimiter):
        return None
    names = [str(place) for place in range(len(shape.header))]
    wanted = {
        field: names[place]
        for field, place in zip(MachineColumns._fields, shape.places, strict=True)
        if place is not None
    }
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(block),
            read_options=pa_csv.ReadOptions(column_names=names, block_size=len(block) + 1, use_threads=False),
            parse_options=pa_csv.ParseOptions(delimiter=shape.delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(wanted.values()),
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    batches = table.rename_columns(list(wanted)).combine_chunks().to_batches()
    return machine_batch(batches[0]) if len(batches) == 1 else None


def _is_simple(block: bytes, delimiter: str) -> bool:
    """Whether each double quote stands at the beginning or at the end of a field, so that readers cannot differ."""
    data = np.frombuffer(b"\n" + block + b"\n", np.uint8)
    quotes = np.flatnonzero(data == ord('"'))
    before, after = data[quotes[::2] - 1], data[quotes[1::2] + 1]
    opens = (before == ord("\n")) | (before == ord(delimiter))
    closes = (after == ord("\n")) | (after == ord("\r")) | (after == ord(delimiter))
    return len(quotes) % 2 == 0 and bool(opens.all() and closes.all())


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        line = str(error).partition("\n")[0]
        raise ConfigError((f"{name} cannot be read as Parquet: {line}",), hint="is it a Parquet file?") from error


def read_parquet(file: BinaryIO, *, name: str) -> Iterator[tuple[Any, int, Sequence[str], Sequence[str]]]:
    """Read machines from Parquet.

    Yields:
        A batch for ``FleetPlan.write``, how many machines the file has in all, the names of its columns that mean
        nothing here, and the fields for which it has none.

    Raises:
        ConfigError: It cannot be read, or a column is missing or of another type.
    """
    require_fleet()
    with _told(name):
        source = pq.ParquetFile(file, pre_buffer=False)
        known = [field for field in MachineColumns._fields if field in source.schema_arrow.names]
        absent = [field for field in MachineColumns._fields if field not in known]
        unknown = [field for field in source.schema_arrow.names if field not in known]
        batches = source.iter_batches(batch_size=_BATCH, columns=known)
    while True:
        with _told(name):
            batch = next(batches, None)
        if batch is None:
            return
        try:
            yield machine_batch(batch), source.metadata.num_rows, unknown, absent
        except CmClientError as error:
            raise ConfigError((f"{name}: {error.message}",), hint=error.hint) from error


class ParquetWriter:
    """Writes batches of answers or changes as Parquet."""

    def __init__(self, file: BinaryIO, *, compares: bool) -> None:
        """Begin; the file is left open at the end."""
        require_fleet()
        schema = change_schema() if compares else answer_schema()
        self._schema = schema if compares else schema.remove(schema.get_field_index("fault"))
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, batches: Iterable[Any]) -> None:
        """Write batches."""
        for batch in batches:
            self._writer.write_batch(batch)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Write the end of the file; a file that failed is thrown away anyway."""
        self._writer.close()
