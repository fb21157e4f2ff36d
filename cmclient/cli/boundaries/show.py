"""``cmclient boundaries show``."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...rules.explain import Outline
from ..codes import DONE
from ..render import print_json, show
from .data import add_data, count_of, read_data, refuse_to_replace

if TYPE_CHECKING:
    from ...model.boundary import Boundary
    from ...model.groups import BoundaryGroup, FallbackTimes, Relationship
    from ...rules.survey import Survey
    from .picture import Picture

__all__ = ["HELP", "configure", "run"]

HELP = """\
Show boundary groups with their boundaries, servers, and relationships, as a tree; with --svg as a picture besides.
Asks nobody.
"""

_SCHEMA = "cmclient.boundary-groups/1"
_FEW = 3  # of a kind that are shown at first
_MOST_IMPLIED = 200_000  # implied links in JSON: every group has one to every default group


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_data(parser)
    parser.add_argument("--all", action="store_true", help=f"name every boundary, not the first {_FEW} of each group")
    parser.add_argument("--svg", metavar="FILE", help="write a picture of the groups and how they lead to each other")
    parser.add_argument("--force", action="store_true", help="let --svg replace a file")


def run(arguments: argparse.Namespace) -> int:
    """Show, and draw."""
    from ...rules.survey import Survey

    if arguments.svg:
        refuse_to_replace(arguments.svg, arguments.data, option="--svg")
    survey = Survey(read_data(arguments))
    picture = None
    if arguments.svg:
        from .picture import draw, write_picture

        picture = draw(survey)
        write_picture(arguments.svg, picture, replace=arguments.force)
    if arguments.format == "json":
        print_json(_document(survey, arguments.svg, picture))
        return DONE
    show([_tree(survey, most=None if arguments.all else _FEW)])
    if picture is not None:
        show(["", f"{arguments.svg}: {_picture(picture)}"])
    return DONE


def _picture(picture: "Picture") -> str:
    """What is in a picture, and what is not."""
    text = f"a picture of {count_of(picture.drawn, 'group')}"
    if picture.left_out:
        text += f"; {picture.left_out:,} more would not be readable"
    if picture.arrows_left_out:
        text += f"; {picture.arrows_left_out:,} of the arrows between them likewise"
    return text


# --- the tree -------------------------------------------------------------------------------------------------------


def _tree(survey: "Survey", most: int | None) -> Outline:
    made = [group for group in survey.data.groups if group.default_of is None]
    parts = [_group(survey, group, most) for group in (*made, *survey.defaults)]
    outside = [_boundary(one, one.id) for one in survey.data.boundaries if one.id not in survey.groups_of]
    named = {host for group in survey.data.groups for host in group.servers}
    spare = [server.host for server in survey.data.servers if server.host not in named]
    if outside:
        parts.append(_few(f"boundaries in no group ({len(outside):,})", outside, most))
    if spare:
        parts.append(_few(f"servers in no group ({len(spare):,})", spare, most))
    counts = (
        f"boundary groups: {len(made):,}; default groups: {len(survey.defaults):,};"
        f" boundaries: {len(survey.data.boundaries):,}; servers: {len(survey.data.servers):,}"
    )
    return Outline(counts, tuple(parts))


def _group(survey: "Survey", group: "BoundaryGroup", most: int | None) -> Outline:
    title = group.name
    if group.default_of is not None:
        title += f"  [default group of site {group.default_of}]"
    elif group.assigned_site is not None:
        title += f"  [assigns site {group.assigned_site}]"
    parts = []
    if group.default_of is None or group.boundaries:
        parts.append(_boundaries(survey, group, most))
    parts.append(_servers(survey, group))
    links = [Outline(f"{_name(survey, link)}: {_told(link.times)}") for link in group.relationships]
    links += _implied(survey, group)
    if links:
        parts.append(Outline("falls back to", tuple(links)))
    if group.default_of is not None:
        parts.append(Outline(f"implied links to it: {_told(group.default_times)}"))
    return Outline(title, tuple(parts))


def _boundaries(survey: "Survey", group: "BoundaryGroup", most: int | None) -> Outline:
    names = [_boundary(survey.boundaries.get(name), name) for name in group.boundaries]
    return _few(f"boundaries ({len(names):,})", names, most)


def _boundary(boundary: "Boundary | None", name: str) -> str:
    if boundary is None:
        return f"{name}  not in the data"
    return f"{boundary.label}  {boundary.kind.value} {boundary.value}"


def _few(title: str, names: Sequence[str], most: int | None) -> Outline:
    shown = [Outline(name) for name in names[:most]]
    if len(shown) < len(names):
        shown.append(Outline(f"and {len(names) - len(shown):,} more; --all names them"))
    return Outline(title if names else title.replace("(0)", "none"), tuple(shown))


def _servers(survey: "Survey", group: "BoundaryGroup") -> Outline:
    by_role = _by_role(survey, group)
    lines = [Outline(f"{role}: {', '.join(hosts)}") for role, hosts in by_role.items()]
    return Outline("servers", tuple(lines)) if lines else Outline("servers none")


def _by_role(survey: "Survey", group: "BoundaryGroup") -> dict[str, list[str]]:
    """Servers by role, in the order of the roles, with a word on maintenance; those without a role come last."""
    from ...model.groups import Role

    found: dict[str, list[str]] = {}
    for role in Role:
        hosts = [host for host in group.servers if survey.has_role(host, role)]
        if hosts:
            usable = survey.usable(group, role)
            found[role.value] = [host if host in usable else f"{host} (in maintenance)" for host in hosts]
    known = survey.servers
    if bare := [str(host) for host in group.servers if host not in known or not known[host].roles]:
        found["no role known"] = bare
    return found


def _name(survey: "Survey", link: "Relationship") -> str:
    neighbour = survey.groups.get(link.neighbour)
    return f"{link.neighbour} (not in the data)" if neighbour is None else neighbour.name


def _implied(survey: "Survey", group: "BoundaryGroup") -> list[Outline]:
    defaults = _implied_defaults(survey, group)
    lines = [Outline(f"{default.name}: {_told(default.default_times)} (implied)") for default in defaults[:_FEW]]
    if len(defaults) > _FEW:
        lines.append(Outline(f"and {len(defaults) - _FEW:,} more default groups (implied)"))
    return lines


def _implied_defaults(survey: "Survey", group: "BoundaryGroup") -> "list[BoundaryGroup]":
    """The default groups to which a group has no link of its own."""
    if group.default_of is not None:
        return []
    linked = {link.neighbour for link in group.relationships}
    return [default for default in survey.defaults if default.id not in linked]


def _told(times: "FallbackTimes") -> str:
    """Each role with its time."""
    told = [f"{role} {_minutes(value)}" for role, value in times._asdict().items()]
    return "never" if set(times) == {None} else ", ".join(told)


def _minutes(value: int | None) -> str:
    if value is None:
        return "never"
    return f"after {value} min" if value else "at once"


# --- JSON -----------------------------------------------------------------------------------------------------------


def _document(survey: "Survey", svg: str | None, picture: "Picture | None") -> dict[str, Any]:
    with_implied = len(survey.data.groups) * len(survey.defaults) <= _MOST_IMPLIED
    named = {host for group in survey.data.groups for host in group.servers}
    document: dict[str, Any] = {
        "schema": _SCHEMA,
        "groups": [_group_document(survey, group, with_implied=with_implied) for group in survey.data.groups],
        "boundaries_in_no_group": [one.id for one in survey.data.boundaries if one.id not in survey.groups_of],
        "servers_in_no_group": [one.host for one in survey.data.servers if one.host not in named],
        "fallback_site": survey.data.fallback_site,
        "notes": [] if with_implied else ["implied links are left out: there are too many default groups"],
    }
    if picture is not None:
        document["picture"] = {"file": svg, "drawn": picture.drawn, "left_out": picture.left_out}
        document["picture"]["arrows_left_out"] = picture.arrows_left_out
    return document


def _group_document(survey: "Survey", group: "BoundaryGroup", *, with_implied: bool) -> dict[str, Any]:
    from ...model.groups import Role

    links = [(link.neighbour, link.times, False) for link in group.relationships]
    if with_implied:
        links += [(default.id, default.default_times, True) for default in _implied_defaults(survey, group)]
    by_id = survey.boundaries
    return {
        "id": group.id,
        "name": group.name,
        "assigned_site": group.assigned_site,
        "default_of": group.default_of,
        "boundaries": [
            {key: value.value if key == "kind" else value for key, value in by_id[name]._asdict().items()}
            if name in by_id
            else {"id": name}
            for name in group.boundaries
        ],
        "servers": [
            {
                "host": host,
                "roles": [role.value for role in Role if survey.has_role(host, role)],
                "in_maintenance": host in survey.servers and survey.servers[host].in_maintenance,
            }
            for host in group.servers
        ],
        "relationships": [
            {"neighbour": name, "implied": implied, "minutes": times._asdict()} for name, times, implied in links
        ],
        "default_minutes": group.default_times._asdict() if group.default_of is not None else None,
        "options": group.options._asdict(),
    }
