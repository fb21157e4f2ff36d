"""What may be wrong with relationships between boundary groups: circles, and links that change nothing."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from ..model.finding import Finding, Severity, Where
from ..model.groups import BoundaryGroup, FallbackTimes, Relationship, Role
from ..model.names import HostName
from ..model.rule import decides
from .pools import fallback_minutes
from .survey import Survey, name_some

__all__ = ["LinkCheck", "check_circles"]

_BUDGET = 30_000_000  # look-ups of servers; bounds the time that large groups with many links to each other take
_FALLING_BACK = (Role.DISTRIBUTION_POINT, Role.SOFTWARE_UPDATE_POINT, Role.MANAGEMENT_POINT)
_NEVER = FallbackTimes(None, None, None)


class _Late(NamedTuple):
    """Roles for which a link comes late."""

    in_already: list[str]
    after_default: list[str]


class _RoleView:
    """One role: who has usable servers of it, and the default groups as every other group leads to them."""

    def __init__(self, survey: Survey, role: Role) -> None:
        self._survey = survey
        self._usable: dict[str, frozenset[HostName]] = {}
        self.role = role
        minutes = {group.id: fallback_minutes(group.default_times, role) for group in survey.defaults}
        ordered = sorted((minute, name) for name, minute in minutes.items() if minute is not None)
        self._defaults = [(minute, name) for minute, name in ordered if self.usable(survey.groups[name])]
        self._by_host: dict[HostName, list[tuple[int, str]]] = defaultdict(list)
        for minute, name in self._defaults:
            for host in self.usable(survey.groups[name]):
                self._by_host[host].append((minute, name))

    def usable(self, group: BoundaryGroup) -> frozenset[HostName]:
        """``Survey.usable`` for this role."""
        held = self._usable.get(group.id)
        if held is None:
            held = self._usable[group.id] = self._survey.usable(group, self.role)
        return held

    @decides("BG-041", "BG-043")
    def first_default(self, linked: Container[str]) -> int | None:
        """When the first default group joins to which a group has no link of its own; None for never."""
        return next((minute for minute, name in self._defaults if name not in linked), None)

    def first_with(self, host: HostName, linked: Container[str]) -> int | None:
        """When the first such group joins that has a server; None for never."""
        return next((minute for minute, name in self._by_host.get(host, ()) if name not in linked), None)


class _Ways:
    """How the clients of one group get servers of one role.

    Attributes:
        view: The role.
        minutes: The groups that it leads to by links of its own, and when.
        joins: When each server of these joins, by whatever way is the first.
        default: When the first default group joins by an implied link; None for never.
    """

    def __init__(self, survey: Survey, group: BoundaryGroup, view: _RoleView) -> None:
        self.view = view
        self.minutes = _earliest(group, view.role)
        self.joins: dict[HostName, int] = dict.fromkeys(view.usable(group), 0)
        self.default: int | None = None
        for name, minute in self.minutes.items():
            for host in view.usable(survey.groups[name]) if name in survey.groups else ():
                if self.joins.get(host, minute) >= minute:
                    self.joins[host] = minute
        if group.default_of is None:
            linked = {link.neighbour for link in group.relationships}
            self.default = view.first_default(linked)
            implied = {host: view.first_with(host, linked) for host in self.joins}
            self.joins |= {
                host: minute for host, minute in implied.items() if minute is not None and minute < self.joins[host]
            }


@decides("BG-028")
def _earliest(group: BoundaryGroup, role: Role) -> dict[str, int]:
    """The groups that a group leads to by links of its own, and when; of several links to one the earliest."""
    found: dict[str, int] = {}
    for link in group.relationships:
        minute = fallback_minutes(link.times, role)
        if minute is not None and found.get(link.neighbour, minute) >= minute:
            found[link.neighbour] = minute
    return found


class LinkCheck:
    """Checks the links of every group.

    Attributes:
        skipped: Groups whose links were not compared with each other, because that would have taken too long.
    """

    def __init__(self, survey: Survey) -> None:
        """Check nothing yet."""
        self._survey = survey
        self._spent = 0
        self._roles: dict[str, frozenset[Role]] = {}
        self._views = tuple(_RoleView(survey, role) for role in _FALLING_BACK)
        self.skipped = 0

    def find(self) -> Iterator[Finding]:
        """Find the links that change nothing, in the order of the data."""
        for group in self._survey.data.groups:
            if not group.relationships:
                continue
            is_affordable = self._is_affordable(group)
            self.skipped += not is_affordable
            ways = [_Ways(self._survey, group, view) for view in self._views] if is_affordable else []
            for link in group.relationships:
                neighbour = self._survey.groups.get(link.neighbour)
                finding = _judge(group, link, neighbour) or self._judge_servers(group, link, neighbour)
                if finding is not None:
                    yield finding
                elif neighbour is not None:
                    yield from _find_late(group, neighbour, ways)

    def _is_affordable(self, group: BoundaryGroup) -> bool:
        """Whether the links of a group may still be compared; what that takes is counted before it is spent."""
        known = self._survey.groups
        hosts = sum(len(known[link.neighbour].servers) for link in group.relationships if link.neighbour in known)
        cost = len(_FALLING_BACK) * (2 * hosts + len(group.servers) + len(group.relationships))
        if self._spent + cost > _BUDGET:
            return False
        self._spent += cost
        return True

    @decides("BG-022")
    def _judge_servers(
        self, group: BoundaryGroup, link: Relationship, neighbour: BoundaryGroup | None
    ) -> Finding | None:
        """Whether a link can ever bring a server; one in maintenance counts, as that ends.

        A link to a default group may be without servers: it stands in the place of the implied one.
        """
        if neighbour is None or neighbour.default_of is not None:
            return None
        having = self._roles_of(neighbour)
        if any(role in having and fallback_minutes(link.times, role) is not None for role in _FALLING_BACK):
            return None
        what = f"{group.name} falls back to {neighbour.name}, which has no server of a role for which it may"
        do = "add servers to the neighbour, allow their role in the relationship, or delete it"
        where = Where(groups=(group.id, neighbour.id))
        return Finding("link-to-no-servers", Severity.WARNING, what, where, do, "BG-022")

    def _roles_of(self, group: BoundaryGroup) -> frozenset[Role]:
        if group.id not in self._roles:
            servers = self._survey.servers
            roles = (servers[host].roles for host in group.servers if host in servers)
            self._roles[group.id] = frozenset[Role]().union(*roles)
        return self._roles[group.id]


def _find_late(group: BoundaryGroup, neighbour: BoundaryGroup, ways: Iterable[_Ways]) -> Iterator[Finding]:
    """A link that comes when its servers are in already, or after the default group's."""
    late = _late_roles(neighbour, ways)
    where = Where(groups=(group.id, neighbour.id))
    if late.in_already:
        what = (
            f"{group.name} falls back to {neighbour.name} for {' and '.join(late.in_already)}, when all of its"
            " servers are in the pool already by another way"
        )
        do = "shorten the fallback time, or set it to never"
        yield Finding("link-too-late", Severity.NOTICE, what, where, do, "BG-030")
    if late.after_default:
        what = (
            f"{group.name} falls back to {neighbour.name} for {' and '.join(late.after_default)}, later than to a"
            " default group by its implied link"
        )
        do = "shorten the fallback time, or add a relationship to the default group with a longer one"
        yield Finding("link-after-default", Severity.NOTICE, what, where, do, "BG-041")


@decides("BG-030")
def _late_roles(neighbour: BoundaryGroup, ways: Iterable[_Ways]) -> _Late:
    late = _Late([], [])
    for one in ways:
        minute, wanted = one.minutes.get(neighbour.id), one.view.usable(neighbour)
        if not minute or not wanted:
            continue
        role = one.view.role.value
        if all(one.joins[host] < minute for host in wanted):
            late.in_already.append(f"{role} ({minute} min)")
        elif one.default is not None and one.default < minute and neighbour.default_of is None:
            late.after_default.append(f"{role} ({minute} min; default {one.default} min)")
    return late


@decides("BG-029")
def _judge(group: BoundaryGroup, link: Relationship, neighbour: BoundaryGroup | None) -> Finding | None:
    """What is wrong with a link by itself."""
    where = Where(groups=(group.id, link.neighbour))
    if neighbour is None:
        what = f"group {group.name} leads to {link.neighbour!r}, and the data has no such group"
        do = "add the group to the data, or correct the name"
        return Finding("neighbour-unknown", Severity.ERROR, what, where, do)
    if neighbour is group:
        what = f"group {group.name} leads to itself, which changes nothing"
        return Finding("link-to-itself", Severity.NOTICE, what, Where(groups=(group.id,)), "delete the relationship")
    # To a default group that is no empty link: it takes the implied one away.
    if link.times == _NEVER and neighbour.default_of is None:
        what = f"{group.name} never falls back to {neighbour.name} for any role, as if there were no relationship"
        do = "set a fallback time, or delete the relationship"
        return Finding("link-never", Severity.NOTICE, what, where, do, "BG-029")
    return None


@decides("BG-026")
def check_circles(survey: Survey) -> Iterator[Finding]:
    """Find groups that lead to each other in a circle.

    Returns:
        One finding for each set of groups of which each leads to each, by whatever way; in the order of the data.
    """
    for circle in _circles(survey):
        names = [survey.groups[name].name for name in circle]
        yield Finding(
            "link-circle",
            Severity.NOTICE,
            f"{name_some(names, 6)} lead to each other in a circle",
            Where(groups=circle),
            "nothing, if each should fall back to its own neighbours: fallback ends with direct neighbours and does"
            " not go round",
            "BG-026",
        )


def _circles(survey: Survey) -> list[tuple[str, ...]]:
    """Strongly connected sets of more than one group (Tarjan's way, without recursion)."""
    order = {name: place for place, name in enumerate(survey.groups)}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    held: dict[str, None] = {}
    found: list[tuple[str, ...]] = []
    for root in survey.groups:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        held[root] = None
        path = [(root, _next(survey, root))]
        while path:
            name, following = path[-1]
            step = next((one for one in following if one not in index or one in held), None)
            if step is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[name])
                if low[name] == index[name]:
                    members = _pop_down_to(held, name)
                    if len(members) > 1:
                        found.append(tuple(sorted(members, key=order.__getitem__)))
            elif step in index:
                low[name] = min(low[name], index[step])
            else:
                index[step] = low[step] = len(index)
                held[step] = None
                path.append((step, _next(survey, step)))
    return sorted(found, key=lambda circle: order[circle[0]])


def _pop_down_to(held: dict[str, None], name: str) -> list[str]:
    members: list[str] = []
    while not members or members[-1] != name:
        members.append(held.popitem()[0])
    return members


def _next(survey: Survey, name: str) -> Iterator[str]:
    """The groups that a group leads to, for whatever role."""
    links = survey.groups[name].relationships
    return (link.neighbour for link in links if link.neighbour in survey.groups and link.times != _NEVER)
