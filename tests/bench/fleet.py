"""Which boundaries hold each of very many addresses, in process, beside the same joins in Polars and DuckDB.

From numbers and from text. Every contestant gives all pairs of address and boundary in arrays; that they are as many
is looked at each time. In parts of half a million, as ``boundaries plan`` does it.
"""

import csv
import importlib
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from fleet_data import make
from harness import Goal, Measured, Race, call, finish, folder, has_module, options_of, race

from cmclient.adapters.fleet_addresses import read_ipv4
from cmclient.adapters.fleet_lookup import FleetLookup, MachineNumbers
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.groups import SiteData
from cmclient.model.planning import Context
from cmclient.plan import PlanIndex

OURS, POLARS, DUCKDB = "cmclient (fleet)", "Polars join_where", "DuckDB range join"
PART = 1 << 19
# cut into parts of 4,096 addresses: without, DuckDB takes minutes
TABLES = """
create view parts as select *, unnest(range(low >> 12, (high >> 12) + 1)) as part from r;
create view read as select split_part(text, '.', 1)::bigint * 16777216 + split_part(text, '.', 2)::bigint * 65536
    + split_part(text, '.', 3)::bigint * 256 + split_part(text, '.', 4)::bigint as ip from t;
"""
JOIN = "select ip, b from SOURCE m join parts r on m.ip >> 12 = r.part and m.ip between r.low and r.high"


def ranges(path: Path) -> list[tuple[int, int]]:
    """The address ranges of the table."""
    with path.open(encoding="utf-8") as file:
        ends = [row["Value"].split("-") for row in csv.DictReader(file) if row["BoundaryType"] == "3"]
    return [(int(IPv4Address(low)), int(IPv4Address(high))) for low, high in ends]


def measure(machines: int, boundaries: int, rounds: int) -> list[Race]:  # noqa: C901, PLR0915 - one contestant after another
    """From numbers, and from text."""
    np = importlib.import_module("numpy")
    with folder() as place:
        make(place, boundaries=boundaries, machines=0)
        held = ranges(place / "boundaries.csv")
    draw = np.random.default_rng(1)
    lows, highs = (np.array(one, np.int64) for one in zip(*held, strict=True))
    picked = draw.integers(0, len(held), machines)
    inside = lows[picked] + draw.integers(0, 1 << 30, machines) % (highs[picked] - lows[picked] + 1)
    numbers = np.where(draw.random(machines) < 0.8, inside, draw.integers(0, 1 << 32, machines))
    texts = [f"{one >> 24}.{one >> 16 & 255}.{one >> 8 & 255}.{one & 255}" for one in numbers.tolist()]
    table = [
        Boundary(str(number), BoundaryKind.IP_RANGE, f"{IPv4Address(low)}-{IPv4Address(high)}")
        for number, (low, high) in enumerate(held)
    ]
    lookup = FleetLookup(PlanIndex(SiteData(boundaries=tuple(table))))

    def pairs(part: object) -> int:
        places = np.arange(len(part))  # type: ignore[arg-type] # an array
        lengths = np.full(len(places), -1, np.int64)
        read = MachineNumbers(part, lengths, places >= 0, np.zeros(len(places), np.int64), [("", "", "", "")])
        return len(lookup._held(read, places, [Context()])[0])  # the part of it that the others do

    def ours(values: object) -> int:
        return sum(pairs(values[start : start + PART]) for start in range(0, machines, PART))  # type: ignore[index]

    expected = ours(numbers)
    blob = "".join(texts).encode()
    offsets = np.concatenate(([0], np.cumsum(np.fromiter(map(len, texts), np.int64, machines))))
    data = np.frombuffer(blob, np.uint8)

    def ours_from_text() -> int:
        found = 0
        for start in range(0, machines, PART):
            read, _, good = read_ipv4(data, offsets[start : start + PART + 1])
            _checked(bool(good.all()))
            found += pairs(read)
        return found

    jobs: dict[str, dict[str, Callable[[], int]]] = {
        "from numbers": {OURS: lambda: ours(numbers)},
        "from text": {OURS: ours_from_text},
    }
    missing = {}
    if has_module("polars"):
        pl = importlib.import_module("polars")
        right = pl.DataFrame({"b": range(len(held)), "low": lows, "high": highs})
        left = pl.DataFrame({"ip": numbers})
        written = pl.DataFrame({"text": texts})
        octets = pl.col("text").str.split_exact(".", 3).struct

        def number() -> object:
            parts = [octets.field(f"field_{place}").cast(pl.Int64) * (1 << (24 - 8 * place)) for place in range(4)]
            return pl.sum_horizontal(parts).alias("ip")

        def joined(frame: object) -> int:
            both = frame.join_where(right, pl.col("ip") >= pl.col("low"), pl.col("ip") <= pl.col("high"))  # type: ignore[attr-defined]
            return int(both.height)

        jobs["from numbers"][POLARS] = lambda: joined(left)
        jobs["from text"][POLARS] = lambda: joined(written.select(number()))
    else:
        missing[POLARS] = "not installed"
    if has_module("duckdb"):
        connection = importlib.import_module("duckdb").connect()
        pa = importlib.import_module("pyarrow")
        connection.register("m", pa.table({"ip": numbers}))
        connection.register("t", pa.table({"text": texts}))
        connection.register("r", pa.table({"b": list(range(len(held))), "low": lows, "high": highs}))
        connection.execute(TABLES)

        def asked(source: str) -> int:
            return int(connection.sql(JOIN.replace("SOURCE", source)).to_arrow_table().num_rows)

        jobs["from numbers"][DUCKDB] = lambda: asked("m")
        jobs["from text"][DUCKDB] = lambda: asked("read")
    else:
        missing[DUCKDB] = "not installed"

    def runner(work: Callable[[], int]) -> Callable[[], Measured]:
        return lambda: call(lambda: _checked(work() == expected))

    races = []
    for what, contestants in jobs.items():
        limit = 1 / 3 if what == "from numbers" else 1 / 2
        goals = [Goal(OURS, name, limit) for name in (POLARS, DUCKDB)]
        named = {name: runner(work) for name, work in contestants.items()}
        title = f"{machines:,} addresses in {len(held):,} ranges, {what}"
        note = f"{expected:,} pairs"
        races.append(race(title, named, rounds=rounds, missing=missing, goals=goals, notes=[note]))
    return races


def _checked(is_right: bool) -> bool:  # noqa: FBT001 - what was found
    if not is_right:
        raise SystemExit("the answers differ")
    return True


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    if not has_module("numpy"):
        raise SystemExit("numpy is missing: install the extra fleet")
    finish(measure(10_000_000 if options.full else 1_000_000, 100_000, options.rounds or 5), options.json)


if __name__ == "__main__":
    main()
