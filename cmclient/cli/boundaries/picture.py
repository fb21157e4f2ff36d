"""Boundary groups as a picture: an SVG file that needs nothing besides itself."""

from collections import defaultdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...errors import ConfigError
from ...rules.survey import name_some
from ..render import printable
from .layout import GUTTER, MARGIN, WIDTH, Arrow, Box, arrange, rank_connected

if TYPE_CHECKING:
    from ...model.groups import BoundaryGroup, FallbackTimes
    from ...model.names import HostName
    from ...rules.survey import Survey

__all__ = ["Picture", "draw", "write_picture"]

_MOST = 200  # boxes that a person can still find something among
_MOST_DEFAULTS = 24
_MOST_ARROWS = 600  # that can still be followed; each makes the boxes at its ends higher
_LINE = 16  # height of a line of text
_LETTERS = 33  # that fit into a box, in any usual font
_HINTED = 20  # servers of a role that are named when the pointer rests on a box
_TOP = 92  # height of title and legend
_LANES = 12  # side by side, for arrows to default groups
_STYLE = """
text { font: 12px sans-serif; fill: #1f2933 }
.title { font-size: 18px; font-weight: bold } .name { font-weight: bold } .small { fill: #52606d; font-size: 11px }
.group rect { fill: #eef4fb; stroke: #3b6ea5 } .default rect { fill: #fdf3e1; stroke: #b7791f }
.link path { fill: none; stroke: #616e7c; stroke-width: 1.2 } .link:hover path { stroke: #c81e1e; stroke-width: 2.4 }
.never path { stroke-dasharray: 6 4 }
.link text { font-size: 10px; paint-order: stroke; stroke: #fff; stroke-width: 3px }
"""


class Picture(NamedTuple):
    """A picture: SVG, how many groups are in it, how many are not, and how many arrows between those in it are not."""

    svg: str
    drawn: int
    left_out: int
    arrows_left_out: int = 0


class _Line(NamedTuple):
    """An arrow to be drawn: its path, where its text stands, and on which side of that place."""

    path: str
    x: float
    y: float
    anchor: str


def write_picture(name: str, picture: Picture, *, replace: bool) -> None:
    """Write a picture to a file.

    Raises:
        ConfigError: The file is there already and may not be replaced, or cannot be written.
    """
    try:
        with Path(name).open("w" if replace else "x", encoding="utf-8", newline="\n") as file:
            file.write(picture.svg)
    except FileExistsError as error:
        hint = "choose another name, or let --force replace it"
        raise ConfigError((f"--svg {name} is there already",), hint=hint) from error
    except OSError as error:
        hint = "see that its folder is there and can be written to"
        raise ConfigError((f"--svg {name} cannot be written: {error.strerror or error}",), hint=hint) from error


def draw(survey: "Survey") -> Picture:
    """Draw boundary groups: boxes with their servers, arrows with minutes by role, default groups set apart.

    Of more groups than a person can read, the best connected are drawn. The same data gives the same picture.
    """
    every = [(group.id, link.neighbour) for group in survey.data.groups for link in group.relationships]
    defaults = [group.id for group in survey.defaults][:_MOST_DEFAULTS]
    made = [group.id for group in survey.groups.values() if group.default_of is None]
    if len(made) + len(defaults) > _MOST:
        kept = set(rank_connected(made, every)[: _MOST - len(defaults)])
        made = [name for name in made if name in kept]
    left_out = len(survey.groups) - len(made) - len(defaults)
    among, apart, arrows = _drawn_links(survey, made, defaults)
    heights = {name: _LINE * (len(_texts(survey, survey.groups[name])) + 1.0) for name in made}
    laid = arrange(heights, among, _TOP)
    boxes = {box.name: box for box in laid.boxes}
    width = max(laid.width, 760.0)
    band = _TOP + laid.height + 3 * MARGIN
    lanes = 5 * min(len(apart), _LANES)
    boxes |= _default_boxes(survey, defaults, band + 4 * _LINE + lanes, width)
    lines = {(arrow.start, arrow.end): _curve(arrow) for arrow in laid.arrows}
    is_default = set(defaults)
    for lane, (start, end) in enumerate(apart):
        lines[start, end] = _detour(boxes[start], boxes[end], band + 3 * _LINE, lane, is_default)
    height = max((box.y + box.height for box in boxes.values()), default=band) + MARGIN
    body = [
        *_head(len(made) + len(defaults), left_out, arrows - len(among) - len(apart)),
        *(_band(band, width, height) if defaults else []),
        *(_link(survey, start, end, line) for (start, end), line in lines.items()),
        *(_box(survey, survey.groups[name], box) for name, box in boxes.items()),
    ]
    page = _page(body, width + MARGIN, height)
    return Picture(page, len(made) + len(defaults), left_out, arrows - len(among) - len(apart))


# --- places ---------------------------------------------------------------------------------------------------------


def _drawn_links(
    survey: "Survey", made: list[str], defaults: list[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], int]:
    """The arrows between made groups, those from or to default groups, and how many there are in all.

    Of more than a person can follow, the first of each group are taken, then the second ones, and so on.
    """
    among = list(_links(survey, made, made))
    apart = [*_links(survey, made, defaults), *_links(survey, defaults, [*made, *defaults])]
    turns: dict[str, int] = defaultdict(int)
    turn = {}
    for arrow in (*among, *apart):
        turn[arrow] = turns[arrow[0]]
        turns[arrow[0]] += 1
    kept = set(sorted(turn, key=turn.__getitem__)[:_MOST_ARROWS])
    return [one for one in among if one in kept], [one for one in apart if one in kept], len(turn)


def _links(survey: "Survey", starts: list[str], ends: list[str]) -> dict[tuple[str, str], None]:
    """The arrows from some groups to others, each once."""
    wanted = set(ends)
    return {
        (name, link.neighbour): None
        for name in starts
        for link in survey.groups[name].relationships
        if link.neighbour in wanted and link.neighbour != name
    }


def _default_boxes(survey: "Survey", names: list[str], top: float, width: float) -> dict[str, Box]:
    """Boxes of default groups, in rows below all others."""
    boxes: dict[str, Box] = {}
    x, y, row = float(2 * MARGIN), top, 0.0
    for name in names:
        height = _LINE * (len(_texts(survey, survey.groups[name])) + 1.0)
        if x > 2 * MARGIN and x + WIDTH > width - MARGIN:
            x, y, row = float(2 * MARGIN), y + row + 2 * MARGIN, 0.0
        boxes[name] = Box(name, x, y, height)
        x, row = x + WIDTH + 2 * MARGIN, max(row, height)
    return boxes


def _curve(arrow: Arrow) -> _Line:
    """An arrow between columns, or out of a column and back."""
    bend = max(50.0, min(abs(arrow.x2 - arrow.x1) / 2, float(GUTTER)))
    c1 = arrow.x1 + (bend if arrow.from_right else -bend)
    c2 = arrow.x2 + (bend if arrow.to_right else -bend)
    path = f"M{arrow.x1:g} {arrow.y1:g}C{c1:g} {arrow.y1:g} {c2:g} {arrow.y2:g} {arrow.x2:g} {arrow.y2:g}"
    right = arrow.from_right
    # Texts of arrows there and back are above the one and below the other.
    return _Line(path, arrow.x1 + (8 if right else -8), arrow.y1 + (-3 if right else 11), "start" if right else "end")


def _detour(start: Box, end: Box, top: float, lane: int, defaults: set[str]) -> _Line:
    """An arrow from or to a default group: through the space beside the column, then between the two areas."""
    place = lane % _LANES
    level = top + 5 * place
    ends = []
    for box in (start, end):
        if box.name in defaults:
            x = box.x + WIDTH / 2 + 6 * (place - _LANES / 2)
            ends.append(((x, box.y), (x, level)))
        else:
            y, side = box.y + box.height - 6, box.x + WIDTH
            ends.append(((side, y), (side + GUTTER - 12 - 5 * place, y)))
    (x1, y1), (x2, y2) = ends[0]
    (x4, y4), (x3, y3) = ends[1]
    path = f"M{x1:g} {y1:g}L{x2:g} {y2:g}L{x2:g} {level:g}L{x3:g} {level:g}L{x3:g} {y3:g}L{x4:g} {y4:g}"
    return _Line(path, x1 + 8, y1 - 3, "start")


# --- SVG ------------------------------------------------------------------------------------------------------------


def _page(body: list[str], width: float, height: float) -> str:
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    arrow = (
        '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#616e7c"/></marker>'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    lines = [head, "<title>Boundary groups</title>", f"<style>{_STYLE}</style>", f"<defs>{arrow}</defs>"]
    return "\n".join([*lines, '<rect width="100%" height="100%" fill="#fff"/>', *body, "</svg>\n"])


def _head(drawn: int, left_out: int, arrows_left_out: int) -> list[str]:
    told = f"all {drawn} groups" if not left_out else f"the {drawn} best connected of {drawn + left_out} groups"
    told += f", without {arrows_left_out:,} of the arrows" if arrows_left_out else ""
    sample = f"M{MARGIN} 70h60"
    return [
        _text(MARGIN, 34, f"Boundary groups: {told}", "title"),
        f'<g class="link"><path d="{sample}" marker-end="url(#arrow)"/></g>',
        _text(MARGIN + 70, 74, "falls back to, with minutes for each role (0: at once)", "small"),
        f'<g class="link never"><path d="M{MARGIN + 400} 70h60" marker-end="url(#arrow)"/></g>',
        _text(MARGIN + 470, 74, "never falls back to, for any role", "small"),
    ]


def _band(top: float, width: float, height: float) -> list[str]:
    area = f'x="{MARGIN}" y="{top:g}" width="{width - MARGIN:g}" height="{height - top - 8:g}"'
    note = "Every other group leads to each of these at the implied times in its box, unless an arrow says otherwise."
    return [
        f'<rect {area} rx="8" fill="#faf7f0" stroke="#e4d5b7"/>',
        _text(2 * MARGIN, top + 20, "Default site boundary groups", "name"),
        _text(2 * MARGIN, top + 36, note, "small"),
    ]


def _box(survey: "Survey", group: "BoundaryGroup", box: Box) -> str:
    kind = "group" if group.default_of is None else "default"
    texts = _texts(survey, group)
    lines = [
        _text(box.x + 10, box.y + _LINE * (place + 1.2), _cut(text, _LETTERS), "name" if place == 0 else "")
        for place, text in enumerate(texts)
    ]
    frame = f'<rect x="{box.x:g}" y="{box.y:g}" width="{WIDTH}" height="{box.height:g}" rx="5"/>'
    told = [f"{role}: {name_some(hosts, _HINTED)}" for role, hosts in _by_role(survey, group).items()]
    hint = "\n".join(map(_safe, [group.name, *told]))
    return f'<g class="{kind}"><title>{hint}</title>{frame}{"".join(lines)}</g>'


def _texts(survey: "Survey", group: "BoundaryGroup") -> list[str]:
    """The lines of a box: name, purpose, boundaries, servers by role."""
    lines = [group.name]
    if group.default_of is not None:
        lines += [f"default of site {group.default_of}", f"implied: {_times(group.default_times)}"]
    else:
        count = len(group.boundaries)
        assigns = f"assigns {group.assigned_site}, " if group.assigned_site else ""
        lines.append(f"{assigns}{count:,} {'boundary' if count == 1 else 'boundaries'}")
    by_role = _by_role(survey, group)
    for role, hosts in by_role.items():
        more = f" +{len(hosts) - 1}" if hosts[1:] else ""
        lines.append(_cut(f"{role}: {hosts[0]}", _LETTERS - len(more)) + more)
    return lines if by_role else [*lines, "no servers"]


def _by_role(survey: "Survey", group: "BoundaryGroup") -> "dict[str, list[HostName]]":
    from ...model.groups import Role

    found = {role.value: [host for host in group.servers if survey.has_role(host, role)] for role in Role}
    return {role: hosts for role, hosts in found.items() if hosts}


def _link(survey: "Survey", start: str, end: str, line: _Line) -> str:
    group, neighbour = survey.groups[start], survey.groups[end]
    times = next(link.times for link in group.relationships if link.neighbour == end)
    kind = "link never" if set(times) == {None} else "link"
    told = _times(times)
    text = f'<text x="{line.x:g}" y="{line.y:g}" text-anchor="{line.anchor}">{_safe(told)}</text>'
    title = f"<title>{_safe(f'{group.name} to {neighbour.name}: {told}')}</title>"
    return f'<g class="{kind}">{title}<path d="{line.path}" marker-end="url(#arrow)"/>{text}</g>'


def _times(times: "FallbackTimes") -> str:
    if set(times) == {None}:
        return "never"
    return " · ".join(f"{role} {'never' if value is None else value}" for role, value in times._asdict().items())


def _text(x: float, y: float, text: str, kind: str) -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{marked}>{_safe(text)}</text>'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _safe(text: str) -> str:
    """Text that is nothing but text, whatever a name holds."""
    return escape(printable(text))
