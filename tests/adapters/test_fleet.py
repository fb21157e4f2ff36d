"""Arrow columns in and out, and files in blocks."""

import io
from pathlib import Path

import pytest

from cmclient.adapters.machinefiles import open_output, read_blocks
from cmclient.errors import CmClientError, ConfigError
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.groups import BoundaryGroup, SiteData
from cmclient.model.planning import MachineColumns
from cmclient.plan import PlanIndex
from cmclient.planner import Planner
from cmclient.protocol.machines import parse_csv_header
from cmclient.protocol.planrows import find_form

DATA = SiteData(
    (Boundary("desks", BoundaryKind.IP_RANGE, "10.1.2.1-10.1.2.9"), Boundary("site", BoundaryKind.AD_SITE, "Berlin")),
    (BoundaryGroup("A", "A", ("desks",)), BoundaryGroup("B", "B", ("site",))),
)


@pytest.mark.parametrize("size", [1, 7, *range(16, 64), 1000])
def test_blocks__are_whole_lines_with_their_numbers_whatever_their_size(size: int) -> None:
    data = b'name,addresses\nPC1,x\n"PC\n2",x\nPC3,x\n"PC\n4",x\nPC"5,x\nPC6,x'
    blocks = list(read_blocks(io.BytesIO(b"\xef\xbb\xbf" + data), name="x", has_header=True, quotes=True, size=size))
    assert b"".join(block.data for block in blocks) == data
    assert blocks[0].data == b"name,addresses\n"
    before = b""
    for block in blocks:
        assert block.line == 1 + before.count(b"\n")
        before += block.data
    # A block that holds the whole quoted name is not cut in it; the stray quote of PC5 is nobody's end.
    assert size < 16 or not any(block.data.startswith((b'2"', b'4"')) for block in blocks)


def test_a_line_that_does_not_end__is_refused() -> None:
    with pytest.raises(ConfigError, match="line 1: it is longer than"):
        list(read_blocks(io.BytesIO(b"x" * 20_000_000), name="x", has_header=False, quotes=False))


def test_output__has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")

    def write_half() -> None:
        with open_output(str(target)) as file:
            file.write(b"half")
            assert target.read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    with open_output(str(target)) as file:
        file.write(b"new")
    assert (target.read_text(), len(list(tmp_path.iterdir()))) == ("new", 1)


@pytest.fixture
def fleet():  # type: ignore[no-untyped-def] # noqa: ANN201 - a module that may not be there
    pytest.importorskip("numpy", reason="the extra 'fleet' is not installed")
    pytest.importorskip("pyarrow", reason="the extra 'fleet' is not installed")
    from cmclient.adapters import fleet  # noqa: PLC0415

    return fleet


def test_batch__of_any_kind_of_text(fleet) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    import pyarrow as pa  # noqa: PLC0415

    plan = fleet.FleetPlan(PlanIndex(DATA))
    columns = {
        "name": pa.array(["PC1", "PC2", "PC3"], pa.large_string()),
        "addresses": pa.array(["10.1.2.9/24", None, "10.1.2.10/24"]).dictionary_encode(),
        "ad_site": pa.array([None, "BERLIN", None]),
        "vpn": pa.array([True, None, False]),
        "os": pa.array([1, 2, 3]),
    }
    batch = pa.record_batch(list(columns.values()), names=list(columns))
    for part in (batch, pa.concat_batches([batch, batch]).slice(3)):  # a slice shares buffers, and starts elsewhere
        answered = plan.evaluate_batch(part)
        assert answered.schema == fleet.answer_schema()
        assert answered.column("boundaries").to_pylist() == [["desks"], ["site"], []]
        assert answered.column("groups").to_pylist() == [["A"], ["B"], []]
    assert plan.evaluate_batch(batch.slice(0, 0)).num_rows == 0


MANY = SiteData(
    (
        Boundary("site", BoundaryKind.AD_SITE, "Berlin"),
        Boundary('floor, "2"', BoundaryKind.IP_SUBNET, "10.1.2.0"),
        Boundary("desks", BoundaryKind.IP_RANGE, "10.1.2.1-10.1.2.9"),
        Boundary("all", BoundaryKind.IP_SUBNET, "0.0.0.0"),
    ),
    (BoundaryGroup("A", "A", ("desks", "site")), BoundaryGroup("B", "B", ('floor, "2"', "all"))),
)
TEXT = """
10.1.2.1/24 10.1.2.9/24 10.1.2.10/24 10.1.2.0/24 10.1.2.9/25 10.1.2.9 10.1.2.9/0 0.0.0.0/0 255.255.255.255/32
010.1.2.9/24 10.1.2.09/24 10.1.2.9/024 10.1.2.9/33 10.1.2.256/24 10.1.2/24 10.1.2.9.1 10.1.2.9/ fe80::1/64
10.1.2.9/2/4 10.1.2.9/24;10.1.3.1/24 10.1.2.1000/24 10..2.9/24 10.1.2.9/255.255.255.0
"""
CELLS = TEXT.split()


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("ad_site", ["", "berlin"])
@pytest.mark.parametrize("cells", [CELLS, CELLS[:9]], ids=["all", "usual"])
def test_addresses_of_all_forms__are_answered_as_one_by_one(fleet, kind: str, ad_site: str, cells: list[str]) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    from cmclient.adapters.fleet_files import to_batch  # noqa: PLC0415

    nothing = [""] * len(cells)
    names = [f"PC{place}" for place in range(len(cells))]
    columns = MachineColumns(names, cells, [ad_site] * len(cells), nothing, nothing, nothing)
    form = find_form(kind, compares=False)
    one_by_one = Planner(form, PlanIndex(MANY)).write(columns)
    at_once = fleet.FleetPlan(PlanIndex(MANY), form=form).write(to_batch(columns))
    assert b"".join(at_once.rows).decode().splitlines() == b"".join(one_by_one.rows).decode().splitlines()
    assert (at_once.faults, at_once.machines) == (one_by_one.faults, one_by_one.machines)


def test_batch__with_a_column_that_is_missing_or_no_text(fleet) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    import pyarrow as pa  # noqa: PLC0415

    plan = fleet.FleetPlan(PlanIndex(DATA))
    with pytest.raises(CmClientError, match="no column 'addresses'"):
        plan.evaluate_batch(pa.record_batch([pa.array(["PC1"])], names=["name"]))
    with pytest.raises(CmClientError, match="column 'addresses' is int64"):
        plan.evaluate_batch(pa.record_batch([pa.array(["PC1"]), pa.array([1])], names=["name", "addresses"]))
    lists = pa.array([["10.1.2.9", None]])
    with pytest.raises(CmClientError, match="an empty place"):
        plan.evaluate_batch(pa.record_batch([pa.array(["PC1"]), lists], names=["name", "addresses"]))


def test_bad_row__is_a_fault_and_the_others_are_answered(fleet) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    import pyarrow as pa  # noqa: PLC0415

    batch = pa.record_batch(
        [pa.array(["PC1", "PC2"]), pa.array(["1.2.3.4/99", "10.1.2.9"])], names=["name", "addresses"]
    )
    answered = fleet.FleetPlan(PlanIndex(DATA)).evaluate_batch(batch).to_pydict()
    assert answered["fault"][0].startswith("addresses: '1.2.3.4/99' is not a network address")
    assert (answered["fault"][1], answered["boundaries"]) == ("", [[], ["desks"]])


@pytest.mark.parametrize(
    ("block", "is_read"),
    [
        (b"PC1,10.1.2.9\nPC2,\n", True),
        (b'"PC1","10.1.2.9"\r\n"PC,2",""\r\n', True),
        (b'"PC""1",10.1.2.9\n', False),
        (b'PC"1,x\nPC"2,x\n', False),
        (b"PC1\n", False),
        (b"\xff,x\n", False),
    ],
)
def test_csv_block__is_read_in_columns_only_where_that_is_certain(
    fleet,  # type: ignore[no-untyped-def] # noqa: ANN001
    block: bytes,
    is_read: bool,  # noqa: FBT001
) -> None:
    from cmclient.adapters.fleet_files import read_csv_block  # noqa: PLC0415

    shape = parse_csv_header(b"name,addresses", name="x")
    assert (read_csv_block(block, shape) is not None) is is_read


def test_parquet__that_is_none(fleet) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    from cmclient.adapters.fleet_files import read_parquet  # noqa: PLC0415

    with pytest.raises(ConfigError, match="x cannot be read as Parquet"):
        list(read_parquet(io.BytesIO(b"PAR1 not at all PAR1"), name="x"))


def test_long_rows__are_made_in_pieces(fleet, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    import pyarrow as pa  # noqa: PLC0415

    names = [f"PC{number}" for number in range(50)]
    machines = fleet.machine_batch(
        pa.record_batch([pa.array(names), pa.array(["10.1.2.9"] * 50)], names=["name", "addresses"])
    )
    plan = fleet.FleetPlan(PlanIndex(DATA), form=find_form("csv", compares=False))
    whole = list(plan.write(machines).rows)
    monkeypatch.setattr(fleet, "_CHUNK", 1000)
    pieces = list(plan.write(machines).rows)
    assert (len(whole), len(pieces) > 5) == (1, True)
    assert b"".join(pieces) == b"".join(whole)


def test_duckdb__calls_the_evaluator(fleet) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    import pyarrow as pa  # noqa: PLC0415

    plan = fleet.FleetPlan(PlanIndex(DATA))
    connection = duckdb.connect()
    query = "select 'PC' || i as name, '10.1.2.' || i || '/24' as addresses from range(1, 21) t(i)"
    machines = connection.cursor().sql(query).to_arrow_reader(7)
    answered = pa.RecordBatchReader.from_batches(fleet.answer_schema(), map(plan.evaluate_batch, machines))
    counted = connection.sql("select groups, count(*) from answered group by groups order by 2").fetchall()
    assert counted == [(["A"], 9), ([], 11)]
    del answered
