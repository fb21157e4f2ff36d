"""Why a machine gets no server of a role, and what a person can do about it."""

from collections.abc import Iterable
from typing import NamedTuple

from ..model.groups import BoundaryGroup, Role, SiteData, SiteServer
from .group_findings import CALLED
from .matching import Matched
from .pools import NO_FALLBACK, PoolEntry, build_pool, pool_at
from .survey import name_some

__all__ = ["Lack", "find_lack"]


class Lack(NamedTuple):
    """Why a machine gets no server of a role.

    Attributes:
        code: Stable kebab-case identifier of the cause.
        text: The cause in words.
        next: What a person can look at or do next.
    """

    code: str
    text: str
    next: str


def find_lack(matched: Matched, role: Role, pool: Iterable[PoolEntry], minute: int) -> Lack | None:
    """Find out why there is no server of a role at a minute.

    Args:
        matched: Where the machine is.
        role: The role.
        pool: What ``find_pool`` found for it.
        minute: Minutes from the start of the search.

    Returns:
        The first cause that applies; None when there is a server.
    """
    every = tuple(pool)
    if pool_at(every, minute):
        return None
    if matched.bar:
        text = matched.bar[-1].text
        return Lack("on-internet", text, "if it is on the intranet, correct network location and kind in its facts")
    called = CALLED[role]
    if every:
        first = every[0]
        text = f"no {called} before minute {first.minute}: then {first.host}, {first.reason.text}"
        return Lack("only-later", text, f"shorten the fallback time, or add a {called} to the group")
    if not any(role in server.roles for server in matched.data.servers):
        text = f"no server of the data is a {called}"
        return Lack("no-server-in-data", text, f"add the {called}s to the data, with their roles")
    return _lack_in_groups(matched, role) if matched.groups else _lack_outside(matched, role)


def _lack_outside(matched: Matched, role: Role) -> Lack:
    """Why a machine in no group gets nothing: what would serve it is the default group of its site."""
    if matched.matches:
        code, text = "boundary-in-no-group", "the boundaries that hold it are in no boundary group"
        do = "add one of them to a group"
    else:
        code, text = "no-boundary", "no boundary holds it"
        do = "check address, prefix and AD site, or add a boundary ('boundaries show --all' lists what there is)"
    if matched.possible:
        do = "give the address with its prefix, as in 10.1.2.3/24: a subnet boundary may hold it"
    site = matched.assigned_site
    default = next((group for group in matched.data.groups if site is not None and group.default_of == site), None)
    if site is None:
        text += "; without its assigned site no default group serves it either"
        do += "; give --assigned-site to see what the default group of its site has"
    elif default is None:
        text += f"; the data has no default group of site {site}"
    elif any(role in server.roles for server in _servers(matched.data, (default,))):
        text += f"; every {CALLED[role]} of {default.name} is in maintenance"
    else:
        text += f"; {default.name} has no {CALLED[role]}"
    return Lack(code, text, do)


def _lack_in_groups(matched: Matched, role: Role) -> Lack:
    called = CALLED[role]
    names = name_some(group.name for group in matched.groups)
    has = "has" if len(matched.groups) == 1 else "have"
    rested = matched.data._replace(servers=tuple(one._replace(in_maintenance=False) for one in matched.data.servers))
    resting = build_pool(rested, matched.groups, role, assigned_site=matched.assigned_site)
    if resting:
        hosts = name_some(entry.host for entry in resting)
        text = f"{hosts} could serve it, and every such {called} is in maintenance"
        return Lack("in-maintenance", text, "end the maintenance, or add another one")
    linked = {link.neighbour for group in matched.groups for link in group.relationships}
    barred = [group for group in matched.data.groups if group.id in linked or group.default_of is not None]
    having = [one.name for one in barred if any(role in server.roles for server in _servers(matched.data, (one,)))]
    if having and role in NO_FALLBACK:
        text = f"{names} {has} no {called}, and for this role there is no fallback to {name_some(having)}"
        return Lack("never-fallback", text, f"add a {called} to the group: this role has no fallback time")
    if having:
        never = "it never falls" if len(matched.groups) == 1 else "they never fall"
        text = f"{names} {has} no {called}, and for this role {never} back to {name_some(having)}"
        return Lack("never-fallback", text, f"add a {called} to the group, or allow the fallback")
    text = f"neither {names} nor a group that it falls back to has a {called}"
    what = f"add a {called} to the group" + ("" if role in NO_FALLBACK else ", or a neighbour that has one")
    return Lack("no-server-of-role", text, what)


def _servers(data: SiteData, groups: Iterable[BoundaryGroup]) -> list[SiteServer]:
    named = {host for group in groups for host in group.servers}
    return [server for server in data.servers if server.host in named]
