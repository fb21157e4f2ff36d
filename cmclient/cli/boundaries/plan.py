"""``cmclient boundaries plan``."""

import argparse
import gc
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, BinaryIO

from ...errors import ConfigError, InvalidValueError
from ..codes import DONE
from ..progress import show_progress
from .data import add_data, read_data, say
from .machines import Batch, find_kind, open_clients, read_batches

if TYPE_CHECKING:
    from ...model.groups import SiteData
    from ...model.planning import RowFault, Written
    from ...plan import PlanIndex

__all__ = ["HELP", "configure", "run"]

HELP = """\
Say for each machine of a file which boundaries and boundary groups hold it, which servers of each role it gets now and
later, and which site it is or would be assigned to. With --compare write only the machines whose groups, servers or
site would change with other boundary data, and what changes; that some do is no failure: the exit code is 0.

CLIENTS is CSV, JSON lines or Parquet with the columns name and addresses (with prefixes, several with blanks or
semicolons between them), and where they are known ad_site, forest, vpn and assigned_site. docs/fleet.md has all of it.
Asks nobody. A million machines take seconds, and no more memory than a few; pip install cmclient[fleet] is faster.
"""

_log = logging.getLogger(__name__)
_MOST_TOLD = 20  # rows that are told one by one
_STEP = 0.25  # seconds between two lines of progress
_BAR = 30  # characters


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("clients", metavar="CLIENTS", help="the machines; - for standard input")
    add_data(parser)
    compare = "the boundary data to compare with; again for every further file of it"
    parser.add_argument("--compare", metavar="OTHER", action="append", default=[], help=compare)
    output = "CSV, JSON lines or Parquet, by its extension; else CSV (JSON lines with --format json) is printed"
    parser.add_argument("--output", metavar="FILE", help=output)
    kinds = ("csv", "json", "parquet")
    parser.add_argument("--from", dest="kind", choices=kinds, help="what CLIENTS is, if its extension does not say it")
    engine = "fleet uses NumPy and PyArrow, pure does not; the answers are the same (default: fleet if installed)"
    parser.add_argument("--engine", choices=("fleet", "pure"), help=engine)


def run(arguments: argparse.Namespace) -> int:
    """Plan and write."""
    is_json = arguments.format == "json"
    kind = arguments.kind or find_kind(arguments.clients, option="--from")
    written = find_kind(arguments.output, option="") if arguments.output else ("json" if is_json else "csv")
    fleet = _uses_fleet(arguments.engine, needed="parquet" in {kind, written})
    with _without_gc():
        data = read_data(arguments)
        indexes = [_index(data, "--data")]
        if arguments.compare:
            other = argparse.Namespace(**{**vars(arguments), "data": arguments.compare})
            indexes.append(_index(read_data(other), "--compare"))
        run_of = _Run(arguments, kind, written, indexes, fleet=fleet)
        with show_progress(), open_clients(arguments.clients) as (file, size), ExitStack() as stack:
            write = _sink(stack, arguments, written)
            run_of.plan(read_batches(file, size, name=arguments.clients, kind=kind, fleet=fleet), write, data)
    run_of.tell(is_json=is_json)
    return DONE


def _uses_fleet(engine: str | None, *, needed: bool) -> bool:
    if needed or engine == "fleet":
        from ...adapters.fleet import require_fleet

        require_fleet()
        if engine == "pure":
            raise ConfigError(("Parquet needs --engine fleet",), hint="or use CSV or JSON lines")
        return True
    return engine is None and all(find_spec(module) is not None for module in ("numpy", "pyarrow"))


def _index(data: "SiteData", option: str) -> "PlanIndex":
    from ...plan import PlanIndex

    try:
        return PlanIndex(data)
    except InvalidValueError as error:
        raise ConfigError((f"{option}: {error.message}",), hint="mend the boundary") from error


@contextmanager
def _without_gc() -> Iterator[None]:
    """Pause the search for cycles: nothing here makes any, and searching would take as long as the rest."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _sink(stack: ExitStack, arguments: argparse.Namespace, written: str) -> Callable[[Iterable[Any]], None]:
    """What writes rows: to the file, which gets its name at the end, or to standard output."""
    from ...adapters.machinefiles import open_output

    file: BinaryIO
    if arguments.output:
        file = stack.enter_context(open_output(arguments.output))
    else:
        sys.stdout.flush()
        file = sys.stdout.buffer
        stack.callback(file.flush)
    if written == "parquet":
        from ...adapters.fleet_files import ParquetWriter

        return stack.enter_context(ParquetWriter(file, compares=bool(arguments.compare))).write
    return file.writelines


class _Run:
    """One run: its engine, and what is to be told at its end."""

    def __init__(
        self, arguments: argparse.Namespace, kind: str, written: str, indexes: "list[PlanIndex]", *, fleet: bool
    ) -> None:
        from ...planner import ChangeMemo, Planner
        from ...protocol.planrows import find_form

        self._name = arguments.clients
        self._row = "record" if kind == "parquet" else "line"
        self._lenient = arguments.lenient
        self._compares = bool(arguments.compare)
        form = None if written == "parquet" else find_form(written, compares=self._compares)
        self._header = form.header.encode() if form else b""
        self._write: Callable[[Any], Written]
        if fleet:
            from ...adapters.fleet import FleetPlan

            self._write = FleetPlan(*indexes, form=form, find_change=ChangeMemo().find).write
        elif form is not None:
            self._write = Planner(form, *indexes).write
        self._machines = self._left_out = 0
        self._changes = Counter[str]()
        self._said: set[str] = set()
        self._told = 0.0

    def plan(self, batches: Iterator[Batch], write: Callable[[Iterable[Any]], None], data: "SiteData") -> None:
        """Write the rows of every batch."""
        head = [self._header] if self._header else []
        for batch in batches:
            self._say_once(batch, data)
            done = self._write(batch.machines)
            numbers = batch.rows() if done.faults else ()
            faults = [*batch.faults, *((numbers[place], fault) for place, fault in done.faults)]
            if faults:
                self._leave_out(sorted(faults))
            write(head)
            write(done.rows)
            head = []
            self._machines += done.machines
            self._changes.update(done.changes)
            self._show(batch.share)
        write(head)

    def tell(self, *, is_json: bool) -> None:
        """Tell what came of it."""
        changes = {key: count for key, count in self._changes.items() if key != "machines"}
        if is_json:
            document: dict[str, Any] = {"schema": "cmclient.plan/1", "machines": self._machines}
            document["left_out"] = self._left_out
            if self._compares:
                document |= {"changed": self._changes["machines"], "changes": changes}
            print(json.dumps(document))
            return
        lines = [f"{self._machines:,} machines" + (f", {self._left_out:,} rows left out" if self._left_out else "")]
        if self._compares:
            kinds = ", ".join(f"{kind} of {count:,}" for kind, count in sorted(changes.items()))
            lines.append(f"{self._changes['machines']:,} of them change" + (f": {kinds}" if kinds else ""))
        say(lines)

    def _leave_out(self, faults: "Sequence[tuple[int, RowFault]]") -> None:
        """Leave out bad rows, or refuse them."""
        from ...model.groups import DataFault

        told = [
            str(DataFault(self._name, f"{self._row} {number}", fault.field, fault.problem))
            for number, fault in faults[:_MOST_TOLD]
        ]
        if not self._lenient:
            if len(faults) > _MOST_TOLD:
                told.append(f"and {len(faults) - _MOST_TOLD} more up to {self._row} {faults[-1][0]}")
            raise ConfigError(tuple(told), hint="mend these rows, or leave them out with --lenient")
        say(f"left out: {text}" for text in told[: max(_MOST_TOLD - self._left_out, 0)])
        self._left_out += len(faults)

    def _say_once(self, batch: Batch, data: "SiteData") -> None:
        from ...model.boundary import BoundaryKind

        kinds = {boundary.kind for boundary in data.boundaries} if not self._said else set()
        lines = [f"{self._name}: the column {name!r} is not known, and passed over" for name in batch.unknown]
        for field, kind in (("ad_site", BoundaryKind.AD_SITE), ("vpn", BoundaryKind.VPN)):
            if field in batch.absent and kind in kinds:
                lines.append(f"{self._name}: there is no column {field!r}: {kind.value} boundaries hold none of these")
        new = [line for line in lines if line not in self._said]
        self._said.update(new or {""})
        say(new)

    def _show(self, share: float | None) -> None:
        """Show how far it is, not too often."""
        now = time.monotonic()
        if now - self._told < _STEP or not _log.isEnabledFor(logging.INFO):
            return
        self._told = now
        filled = round(_BAR * (share or 0))
        bar = f"[{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%}  " if share is not None else ""
        _log.info("%s%s machines", bar, f"{self._machines:,}", extra={"event": "plan.progress"})
