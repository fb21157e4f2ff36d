"""Makes a hierarchy and machines to measure with: the same at every run."""

import csv
import random
from pathlib import Path

__all__ = ["make"]

# Where the addresses are: first one, and how many bits vary.
POOLS = [
    (10 << 24, 24),
    ((172 << 24) | (16 << 16), 20),
    ((192 << 24) | (168 << 16), 16),
    ((100 << 24) | (64 << 16), 22),
]
POOLS += [((20 + number) << 24, 24) for number in range(20)]
SIZES = [64, 256, 256, 256, 512, 1024, 4096]


def make(folder: Path, *, boundaries: int, machines: int, tangled: bool = False) -> None:
    """Write ``boundaries.csv`` and its sister tables as a site exports them, and ``machines.csv``.

    Four in five machines are in an address boundary for certain, boundaries overlap, and there is a group for each
    region and an AD site for every five of them.

    Args:
        folder: Where to.
        boundaries: How many; about one in twenty is an AD site or a subnet id, and there is a group for every twenty.
        machines: How many.
        tangled: One boundary in ten, and every AD site, is in any group: nearly no two machines get the same.
    """
    draw = random.Random(1)  # noqa: S311 - no secret
    groups = max(boundaries // 20, 5)
    stray = 0.1 if tangled else 0.01
    rows, ranges = [], []
    for number in range(boundaries):
        if number < groups // 5:
            rows.append((number, 1, f"Site{number}", draw.randrange(groups) if tangled else 5 * number))
            continue
        base, bits = draw.choices(POOLS, weights=[2**bits for _, bits in POOLS])[0]
        size, kind = draw.choice(SIZES), draw.random()
        low = base + draw.randrange(2**bits - size)
        group = draw.randrange(groups) if draw.random() < stray else _region(low, groups)
        if kind < 0.15:
            rows.append((number, 0, _text(low & ~255), group))
            continue
        low = low & ~(size - 1) if kind < 0.55 else low
        ranges.append((low, low + size - 1))
        rows.append((number, 3, f"{_text(low)}-{_text(low + size - 1)}", group))
    _write(folder / "boundaries.csv", "BoundaryID,BoundaryType,Value", (row[:3] for row in rows))
    _write(folder / "boundarygroupmembers.csv", "GroupID,BoundaryID", ((row[3], row[0]) for row in rows))
    names = ((group, f"Group {group}", f"P{group % 3:02}") for group in range(groups))
    _write(folder / "boundarygroups.csv", "GroupID,Name,DefaultSiteCode", names)
    hosts = [(f"dp{group}.corp.test", f"sup{group // 10}.corp.test") for group in range(groups)]
    systems = ((group, f"\\\\{host}") for group, pair in enumerate(hosts) for host in pair)
    _write(folder / "boundarygroupsitesystems.csv", "GroupID,ServerNALPath", systems)
    links = ((group, (group + 1) % groups, 15, 30) for group in range(groups))
    _write(folder / "boundarygrouprelationships.csv", "SourceGroupID,DestinationGroupID,FallbackDP,FallbackSUP", links)
    roles = [(f"\\\\{host}", "SMS Distribution Point") for host, _ in hosts]
    roles += [(f"\\\\{host}", name) for host in {pair[1] for pair in hosts} for name in SUP_ROLES]
    _write(folder / "sysresuse.csv", "NetworkOSPath,RoleName", sorted(roles))
    _write(folder / "machines.csv", "name,addresses,ad_site,assigned_site", _machines(draw, machines, ranges, groups))


SUP_ROLES = ("SMS Software Update Point", "SMS Management Point")


def _machines(draw: random.Random, count: int, ranges: list[tuple[int, int]], groups: int):  # type: ignore[no-untyped-def] # noqa: ANN202
    for number in range(count):
        if draw.random() < 0.8:
            address = draw.randint(*draw.choice(ranges))
        else:
            base, bits = draw.choice(POOLS)
            address = base + draw.randrange(2**bits)
        site = f"Site{_region(address, groups) // 5}" if draw.random() < 0.7 else ""
        yield f"PC{number:07}", f"{_text(address)}/24", site, "P01" if draw.random() < 0.5 else ""


def _region(address: int, groups: int) -> int:
    return (address >> 14) % groups


def _text(number: int) -> str:
    return ".".join(str(number >> bits & 255) for bits in (24, 16, 8, 0))


def _write(path: Path, header: str, rows) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)
