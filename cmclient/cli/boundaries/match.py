"""``cmclient boundaries match``."""

import argparse
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, InvalidValueError
from ..codes import DONE
from ..render import Table, print_json, show
from .data import add_data, read_data

if TYPE_CHECKING:
    from ...model.boundary import NetworkPlace
    from ...model.groups import BoundaryGroup, SiteData
    from ...model.names import SiteCode
    from ...rules.boundaries import BoundaryMatch
    from ...rules.pools import PoolEntry

__all__ = ["HELP", "configure", "run"]

HELP = """\
Say which boundaries and boundary groups hold a machine, and which servers of each role it gets now and after each
fallback time, from boundary data in a TOML file. Asks nobody and writes nothing.
"""

_ROLES = ("mp", "dp", "sup", "smp")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("addresses", metavar="ADDRESS[/PREFIX]", nargs="*", help="its addresses")
    add_data(parser)
    parser.add_argument("--ad-site", metavar="NAME", help="its AD site")
    parser.add_argument("--site-code", metavar="ABC", help="its assigned site; serves it when it is in no group")


def run(arguments: argparse.Namespace) -> int:
    """Match and print."""
    from ...model.names import SiteCode
    from ...rules.boundaries import BoundaryIndex
    from ...rules.pools import current_groups

    data = read_data(arguments.data)
    place = _place(arguments)
    try:
        matches = BoundaryIndex(data.boundaries).find(place)
    except InvalidValueError as error:
        raise ConfigError((f"{arguments.data}: {error.message}",)) from error
    groups = current_groups(data, matches)
    site = SiteCode(arguments.site_code) if arguments.site_code else None
    pools = _pools(data, groups, site)
    if arguments.format == "json":
        print_json(_document(matches, groups, pools, _notes(data, place)))
    else:
        show(_items(matches, groups, pools, _notes(data, place)))
    return DONE


def _place(arguments: argparse.Namespace) -> "NetworkPlace":
    from ...model.boundary import NetworkPlace
    from ...model.facts import parse_address
    from ...model.names import AdSiteName

    if not arguments.addresses and not arguments.ad_site:
        raise ConfigError(("nothing to look up",), hint="give an address, as in 10.1.2.3/24, or --ad-site NAME")
    return NetworkPlace(
        addresses=tuple(parse_address(text) for text in arguments.addresses),
        ad_site=AdSiteName(arguments.ad_site) if arguments.ad_site else None,
    )


def _notes(data: "SiteData", place: "NetworkPlace") -> list[str]:
    """What a person should know about the answer."""
    from ...model.boundary import BoundaryKind

    kinds = {boundary.kind for boundary in data.boundaries}
    bare = [address.address for address in place.addresses if address.prefix is None]
    notes = []
    if bare and BoundaryKind.IP_SUBNET in kinds:
        text = "given without a prefix, so whether subnet boundaries hold it is unknown: only the client's own"
        notes.append(f"{', '.join(bare)}: {text} network id can match one")
    if BoundaryKind.VPN in kinds:
        notes.append("VPN boundaries were not looked at: they need the machine's connections")
    return notes


def _pools(
    data: "SiteData", groups: "tuple[BoundaryGroup, ...]", site: "SiteCode | None"
) -> "dict[str, tuple[PoolEntry, ...]]":
    from ...model.groups import Role
    from ...rules.pools import build_pool

    return {role: build_pool(data, groups, Role(role), assigned_site=site) for role in _ROLES}


def _document(
    matches: "tuple[BoundaryMatch, ...]",
    groups: "tuple[BoundaryGroup, ...]",
    pools: "dict[str, tuple[PoolEntry, ...]]",
    notes: list[str],
) -> dict[str, Any]:
    return {
        "schema": "cmclient.boundaries/1",
        "boundaries": [
            {"id": m.boundary.id, "kind": m.boundary.kind.value, "value": m.boundary.value, "evidence": m.evidence}
            for m in matches
        ],
        "groups": [{"id": group.id, "name": group.name, "assigned_site": group.assigned_site} for group in groups],
        "timeline": {
            role: [
                {
                    "minute": entry.minute,
                    "host": entry.host,
                    "group": entry.group,
                    "rules": [entry.reason.rule],
                    "reason": entry.reason.text,
                }
                for entry in pool
            ]
            for role, pool in pools.items()
        },
        "notes": notes,
    }


def _items(
    matches: "tuple[BoundaryMatch, ...]",
    groups: "tuple[BoundaryGroup, ...]",
    pools: "dict[str, tuple[PoolEntry, ...]]",
    notes: list[str],
) -> list[str | Table]:
    held = tuple((m.boundary.id, m.boundary.kind.value, m.boundary.value, m.evidence) for m in matches)
    joined = tuple((group.name, group.assigned_site or "-") for group in groups)
    rows = tuple(
        (role, f"{entry.minute} min", entry.host, entry.reason.rule, entry.reason.text)
        for role, pool in pools.items()
        for entry in pool
    )
    return [
        Table("Boundaries that hold it", ("boundary", "kind", "value", "by"), held),
        "",
        Table("Boundary groups", ("group", "assigned site"), joined),
        "",
        Table("Servers, by the minute at which they join", ("role", "from", "server", "rule", "why"), rows),
        *notes,
    ]
