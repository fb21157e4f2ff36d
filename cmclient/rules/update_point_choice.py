"""The software update point that a client would scan with now, and why each other one is not it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..model.decision import Reason, Verdict
from ..model.facts import NetworkLocation
from ..model.names import HostName
from ..model.roles import RoleDecision, RoleEvaluation, RoleOrigin, RoleServer, SiteRole
from ..model.rule import decides
from ..model.scans import ScanHistory
from .choose import SeededChooser
from .edition import CATALOGUE_VERSION
from .pools import PoolEntry
from .software_update_points import (
    UpdatePoint,
    choose_update_point,
    fallback_minute,
    may_switch,
    rank_update_points,
    scans_from_internet,
)

__all__ = ["judge_update_points", "pool_of_named"]

_NOBODYS_GROUP = ""
_OUTSIDE = ", although it is in no group of the client"
_AT_ONCE = 0  # minutes since the first failure


@decides("SU-008")
def pool_of_named(hosts: Iterable[HostName], why: str) -> tuple[PoolEntry, ...]:
    """What somebody names who has looked at where the client is, or need not: all of it may be used at once.

    Args:
        hosts: The servers.
        why: Who names them.
    """
    return tuple(PoolEntry(_AT_ONCE, host, _NOBODYS_GROUP, Reason("SU-008", why)) for host in hosts)


def judge_update_points(
    servers: Sequence[RoleServer],
    pool: Sequence[PoolEntry],
    *,
    history: ScanHistory,
    now: float,
    location: NetworkLocation,
    prefer_cloud: bool,
    build: int,
    chooser: SeededChooser,
) -> tuple[RoleDecision, ScanHistory]:
    """Judge every way to scan.

    Args:
        servers: Every way that is known. A gateway is taken to lead to one that takes what comes through gateways.
        pool: Which of them the client's boundary groups let in, and when.
        history: How its scans went with the one that it uses.
        now: The time, on the clock of the history.
        location: Where it is.
        prefer_cloud: Whether a boundary group of the client prefers cloud sources.
        build: Build of the site's version.
        chooser: Orders equals.

    Returns:
        The one for the next scan first: the one in use, if it is still named and its failures do not allow another;
        then what may be used in its place, in the order of the rules. And the history with that one.
    """
    minute, in_use = fallback_minute(history, now), history.host
    points = [UpdatePoint(one.host, is_gateway=one.is_gateway, allows_gateway=one.is_gateway) for one in servers]
    ranked = rank_update_points(
        points, pool, minute=minute, location=location, prefer_cloud=prefer_cloud, build=build, chooser=chooser
    )
    known = ranked if scans_from_internet(points, location) else points
    chosen = choose_update_point(history, ranked, known, now)
    first = chosen.host
    by_host = {one.host: one for one in servers}
    joins = {entry.host: entry for entry in pool}
    order = dict.fromkeys(([] if first is None else [first]) + [one.host for one in ranked])
    internet = scans_from_internet(points, location)
    use = _Use(history, is_left=in_use != first, may_leave=may_switch(history, now), minute=minute)
    reasons = {host: _reasons(by_host[host], joins.get(host), use, internet=internet) for host in order}
    rejected = {
        one.host: _bar_of(one, joins.get(one.host), internet=internet) for one in servers if one.host not in order
    }
    decision = RoleDecision(
        SiteRole.SOFTWARE_UPDATE_POINT,
        tuple(_evaluated(by_host[host], Verdict.RANKED, reasons[host]) for host in order),
        tuple(_evaluated(by_host[host], Verdict.REJECTED, (rejected[host],)) for host in sorted(rejected)),
        chooser.seed,
        CATALOGUE_VERSION,
        notes=tuple(_notes(in_use, first, known, [by_host[host] for host in order])),
    )
    return decision, chosen


def _evaluated(server: RoleServer, verdict: Verdict, reasons: tuple[Reason, ...]) -> RoleEvaluation:
    endpoints = server.endpoints if verdict is Verdict.RANKED else ()
    return RoleEvaluation(server.host, verdict, reasons, server.origins, endpoints)


class _Use(NamedTuple):
    """How the client stands with the one in use."""

    history: ScanHistory
    is_left: bool
    may_leave: bool
    minute: int


@decides("SU-001", "SU-002", "SU-009", "SU-016", "NET-024")
def _reasons(server: RoleServer, entry: PoolEntry | None, use: _Use, *, internet: bool) -> tuple[Reason, ...]:
    found: list[Reason] = []
    if internet:
        found.append(Reason("NET-024", "it faces the internet, where the client is"))
    elif entry is not None and entry.minute <= use.minute:
        found.append(entry.reason)
    if server.host != use.history.host:
        return tuple(found)
    wanted = use.history.switch_wanted is not None
    if use.is_left:
        failed = Reason("SU-009", "scans with it failed long enough for another one to be used")
        found.append(Reason("SU-016", "another one is wanted in its place") if wanted else failed)
        return tuple(found)
    nobody_said = RoleOrigin.IN_USE in server.origins
    where = "" if found else ", and nobody could be asked" if nobody_said else _OUTSIDE
    found.append(Reason("SU-001", f"in use, and kept for as long as it can be reached{where}"))
    if wanted:
        found.append(Reason("SU-016", "another one is wanted in its place, and nobody else may be used yet"))
    elif use.history.failures:
        times = "once" if len(use.history.failures) == 1 else f"{len(use.history.failures)} times"
        text = "and nobody else may be used" if use.may_leave else "which is too early to leave it"
        found.append(Reason("SU-002", f"scans with it failed {times} in {use.minute} minutes, {text}"))
    return tuple(found)


@decides("SU-002", "SU-005", "BG-006", "NET-024")
def _bar_of(server: RoleServer, entry: PoolEntry | None, *, internet: bool) -> Reason:
    """Why one cannot be used now."""
    if internet:
        return Reason("NET-024", "it does not face the internet, where the client is, and another one does")
    if entry is None:
        if server.is_gateway:
            return Reason("SU-015", "a gateway is for scanning where a group of the client references it, since 2006")
        return Reason("BG-006", "no boundary group that counts for the client references it")
    text = f"joins {entry.minute} minutes after scans with the one in use began to fail: {entry.reason.text}"
    return Reason("SU-005", text)


def _notes(
    in_use: HostName | None, first: HostName | None, known: Iterable[UpdatePoint], used: Iterable[RoleServer]
) -> Iterator[str]:
    if in_use is not None and in_use != first:
        gone = all(one.host != in_use for one in known)
        yield f"{in_use} was in use, and is {'not named any more' if gone else 'left'}"
    for one in used:
        if one.is_gateway:
            yield f"nobody said whether the software update point behind {one.host} takes what comes through gateways"
