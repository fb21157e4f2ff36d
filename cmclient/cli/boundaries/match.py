"""``cmclient boundaries match``."""

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import ConfigError, InvalidValueError
from ..codes import DONE
from ..render import Table, print_json, show
from .data import add_data, read_data

if TYPE_CHECKING:
    from ...model.boundary import Connection, NetworkPlace
    from ...model.decision import Reason
    from ...model.facts import NetworkFacts
    from ...model.groups import SiteData
    from ...model.names import HostName
    from ...rules.group_options import ClientOption, ClientOptions
    from ...rules.lacks import Lack
    from ...rules.matching import GroupSites, Matched
    from ...rules.mp_localities import ListedMp
    from ...rules.pools import PoolEntry

__all__ = ["HELP", "configure", "run"]

HELP = """\
Say which boundaries and boundary groups hold a machine, which site it would be assigned to, and which servers of each
role it gets now and after each fallback time, from boundary data. Asks nobody and writes nothing.
"""

_ROLES = ("mp", "dp", "sup", "smp", "cmg")


class _Answer(NamedTuple):
    """Everything that is printed."""

    matched: "Matched"
    sites: "GroupSites"
    options: "ClientOptions"
    minute: int | None
    pools: "dict[str, tuple[PoolEntry, ...]]"
    listed: "dict[tuple[HostName, Reason], ListedMp]"
    lacks: "dict[str, Lack]"
    notes: "tuple[Reason, ...]"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("addresses", metavar="ADDRESS[/PREFIX]", nargs="*", help="its addresses")
    add_data(parser)
    place = parser.add_argument_group("where it is, besides its addresses")
    place.add_argument("--ad-site", metavar="NAME", help="its AD site")
    whole = place.add_mutually_exclusive_group()
    whole.add_argument(
        "--facts",
        metavar="FILE",
        help="its facts, as 'facts --format json' prints them; an AD site given besides replaces the one in it, and"
        " addresses given besides stand for another place: AD site and connections of the file count no longer",
    )
    whole.add_argument(
        "--facts-from", metavar="LOG", help="likewise, from what a client's log, or a folder of its logs, says of it"
    )
    place.add_argument("--vpn-name", metavar="NAME", help="name of its VPN connection")
    place.add_argument("--vpn-description", metavar="TEXT", help="description of its VPN connection")
    place.add_argument(
        "--vpn-pptp", action=argparse.BooleanOptionalAction, help="whether its VPN is a PPTP one; unknown if left out"
    )
    place.add_argument(
        "--assigned-site",
        "--site-code",
        dest="site_code",
        metavar="ABC",
        help="its assigned site, whose default group serves it when it is in no group",
    )
    wanted = parser.add_argument_group("what is wanted")
    wanted.add_argument("--minute", metavar="N", type=int, help="only what is in the pool N minutes after the start")
    wanted.add_argument("--role", choices=_ROLES, action="append", help="only servers of this role; repeatable")


def run(arguments: argparse.Namespace) -> int:
    """Match and print."""
    if arguments.minute is not None and arguments.minute < 0:
        fault = f"--minute {arguments.minute} is before the start of the search"
        raise ConfigError((fault,), hint="minutes count from 0, the start of the search")
    facts = _read_facts(arguments)
    place = _place(arguments, facts)
    answer = _answer(arguments, read_data(arguments), place, facts)
    if arguments.format == "json":
        print_json(_document(answer))
    else:
        show(_items(answer, asked=tuple(arguments.role or ())))
    return DONE


def _read_facts(arguments: argparse.Namespace) -> "NetworkFacts | None":
    if arguments.facts_from is not None:
        from ..log import read_logged_facts

        return read_logged_facts(arguments.facts_from)
    if arguments.facts is None:
        return None
    from ..factsfile import read_facts

    return read_facts(arguments.facts)


def _place(arguments: argparse.Namespace, facts: "NetworkFacts | None") -> "NetworkPlace":
    """Where it is; addresses given by hand stand for another machine than that of the facts."""
    from ...model.boundary import NetworkPlace
    from ...model.facts import parse_address
    from ...model.names import AdSiteName
    from ...rules.places import find_place

    place = NetworkPlace() if facts is None else find_place(facts)
    if arguments.addresses:
        place = NetworkPlace(tuple(parse_address(text) for text in arguments.addresses))
    if arguments.ad_site is not None:
        place = place._replace(ad_site=AdSiteName(arguments.ad_site))
    if (vpn := _vpn(arguments)) is not None:
        place = place._replace(connections=(*place.connections, vpn))
    if place == NetworkPlace():
        hint = "give an address, as in 10.1.2.3/24, or --ad-site, --vpn-name, --facts or --facts-from"
        raise ConfigError(("nothing to look up",), hint=hint)
    return place


def _vpn(arguments: argparse.Namespace) -> "Connection | None":
    from ...model.boundary import Connection

    if arguments.vpn_name is None and arguments.vpn_description is None and arguments.vpn_pptp is None:
        return None
    return Connection(arguments.vpn_name or "", arguments.vpn_description or "", arguments.vpn_pptp)


def _answer(
    arguments: argparse.Namespace, data: "SiteData", place: "NetworkPlace", facts: "NetworkFacts | None"
) -> _Answer:
    from ...model.facts import NetworkFacts
    from ...model.groups import Role
    from ...model.names import SiteCode
    from ...rules.boundaries import BoundaryIndex
    from ...rules.lacks import find_lack
    from ...rules.match_notes import find_notes
    from ...rules.matching import find_client_options, find_group_sites, find_mp_list, find_pool, match_machine
    from ...rules.network import judge_location, weigh_facts
    from ...rules.pools import pool_at

    try:
        index = BoundaryIndex(data.boundaries)
    except InvalidValueError as error:
        hint = "'boundaries check' lists everything that is wrong with the data"
        raise ConfigError((f"--data: {error.message}",), hint=hint) from error
    known = NetworkFacts() if facts is None else facts
    site = SiteCode(arguments.site_code) if arguments.site_code else known.assigned_site
    location = judge_location(weigh_facts(known))
    matched = match_machine(data, index, place, location=location, assigned_site=site)
    roles = tuple(map(Role, arguments.role or _ROLES))
    pools = {role: find_pool(matched, role) for role in roles}
    lacks = {role: find_lack(matched, role, pool, arguments.minute or 0) for role, pool in pools.items()}
    if arguments.minute is not None:
        pools = {role: pool_at(pool, arguments.minute) for role, pool in pools.items()}
    sites = find_group_sites(matched, index)
    return _Answer(
        matched=matched,
        sites=sites,
        options=find_client_options(matched),
        minute=arguments.minute,
        pools={role.value: pool for role, pool in pools.items()},
        listed={(one.host, one.reason): one for one in find_mp_list(matched)},
        lacks={role.value: lack for role, lack in lacks.items() if lack is not None},
        notes=find_notes(matched, sites, roles),
    )


def _document(answer: _Answer) -> dict[str, Any]:
    matched, sites = answer.matched, answer.sites
    return {
        "schema": "cmclient.boundaries/1",
        "network_location": {
            "location": matched.location.location.value,
            "rules": [reason.rule for reason in matched.location.reasons],
            "reason": "; ".join(reason.text for reason in matched.location.reasons),
        },
        "boundaries": [
            {
                "id": m.boundary.id,
                "kind": m.boundary.kind.value,
                "value": m.boundary.value,
                "description": m.boundary.description,
                "evidence": m.evidence,
            }
            for m in matched.matches
        ],
        "unknown": [boundary.id for boundary in matched.possible],
        "groups": [
            {"id": group.id, "name": group.name, "assigned_site": group.assigned_site} for group in matched.groups
        ],
        "assignment": {
            "assigned_site": matched.assigned_site,
            "candidates": list(sites.sites),
            "rules": [sites.reason.rule],
            "reason": sites.reason.text,
            "by_address": {address: list(codes) for address, codes in sites.by_address.items()},
            "rejected": [{"site": one.site, **_reason(one.reasons[-1])} for one in sites.rejected],
        },
        "options": {
            **{name: {"is_on": one.is_on, **_reason(one.reason)} for name, one in _options(answer.options)},
            "peer_groups": list(answer.options.peer_groups),
        },
        "minute": answer.minute,
        "timeline": {role: [_entry(answer, role, one) for one in pool] for role, pool in answer.pools.items()},
        "lacking": {role: lack._asdict() for role, lack in answer.lacks.items()},
        "notes": list(map(_note, answer.notes)),
    }


def _entry(answer: _Answer, role: str, entry: "PoolEntry") -> dict[str, Any]:
    document = {"minute": entry.minute, "host": entry.host, "group": entry.group or None, **_reason(entry.reason)}
    if role == "mp":
        listed = answer.listed[entry.host, entry.reason]
        document |= {"locality": int(listed.locality), "is_cloud": listed.is_cloud}
    return document


def _reason(reason: "Reason") -> dict[str, Any]:
    return {"rules": [reason.rule], "reason": reason.text}


def _options(options: "ClientOptions") -> "list[tuple[str, ClientOption]]":
    """The options that are on or off, by name."""
    return [(name, getattr(options, name)) for name in options._fields if name != "peer_groups"]


def _note(reason: "Reason") -> str:
    return f"{reason.text} ({reason.rule})"


def _items(answer: _Answer, asked: tuple[str, ...]) -> list[str | Table]:
    matched = answer.matched
    held = tuple((m.boundary.label, m.boundary.kind.value, m.boundary.value, m.evidence) for m in matched.matches)
    joined = tuple((group.name, group.assigned_site or "-") for group in matched.groups)
    rows = tuple(
        (role, f"{entry.minute} min", entry.host, entry.reason.rule, _why(answer, role, entry))
        for role, pool in answer.pools.items()
        for entry in pool
    )
    options = tuple(
        (name.replace("_", " "), "on" if one.is_on else "off", one.reason.rule, one.reason.text)
        for name, one in _options(answer.options)
    )
    title = "Servers, by the minute at which they join"
    if answer.minute is not None:
        title = f"Servers in the pool at minute {answer.minute}, and when they joined"
    return [
        Table("Boundaries that hold it", ("boundary", "kind", "value", "by"), held),
        *(f"  may hold it, by its mask: {boundary.label}, {boundary.value}" for boundary in matched.possible),
        "",
        Table("Boundary groups", ("group", "assigned site"), joined),
        "",
        *_assignment_lines(answer),
        "",
        Table(title, ("role", "from", "server", "rule", "why"), rows),
        *_lack_lines(answer, asked),
        "",
        Table("Options of its groups together", ("option", "is", "rule", "why"), options),
        *(["", "Notes", *(f"  {_note(note)}" for note in answer.notes)] if answer.notes else []),
    ]


def _why(answer: _Answer, role: str, entry: "PoolEntry") -> str:
    """Why a server is in the pool; of a management point also how near it is, where that is told."""
    if role != "mp" or not answer.matched.data.prefers_group_mps:
        return entry.reason.text
    listed = answer.listed[entry.host, entry.reason]
    gateway = "cloud management gateway, " if listed.is_cloud else ""
    return f"{gateway}locality {int(listed.locality)}: {entry.reason.text}"


def _assignment_lines(answer: _Answer) -> list[str]:
    reason, site = answer.sites.reason, answer.matched.assigned_site
    lines = [f"Site that a new client here is assigned to: {reason.text} ({reason.rule})"]
    if answer.matched.possible:
        lines.append("  or what the groups of the boundaries say that may hold it")
    return lines if site is None else [*lines, f"  this one is assigned to {site} already, and stays so wherever it is"]


def _lack_lines(answer: _Answer, asked: tuple[str, ...]) -> list[str]:
    """Why a role has no server; what roles have in common is one line, unless they were asked for."""
    if answer.matched.bar:
        lack = next(iter(answer.lacks.values()))
        return ["", "Without a server", f"  {', '.join(answer.lacks)}: {lack.text}", f"    what next: {lack.next}"]
    nowhere = [role for role, lack in answer.lacks.items() if lack.code == "no-server-in-data" and role not in asked]
    told = [(role, lack) for role, lack in answer.lacks.items() if role not in nowhere]
    lines = [line for role, lack in told for line in (f"  {role}: {lack.text}", f"    what next: {lack.next}")]
    if nowhere:
        lines.append(f"  {', '.join(nowhere)}: no server of the data has such a role")
    title = "Without a server at once" if answer.minute is None else f"Without a server at minute {answer.minute}"
    return ["", title, *lines] if lines else []
