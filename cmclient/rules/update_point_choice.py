"""The software update point that a client would scan with now, and why each other one is not it."""

from collections.abc import Iterable, Iterator, Sequence

from ..model.decision import Reason, Verdict
from ..model.facts import NetworkLocation
from ..model.names import HostName
from ..model.roles import RoleDecision, RoleEvaluation, RoleServer, SiteRole
from ..model.rule import decides
from .catalogue import CATALOGUE_VERSION
from .choose import SeededChooser
from .pools import PoolEntry
from .software_update_points import (
    ScanHistory,
    UpdatePoint,
    choose_update_point,
    rank_update_points,
    scans_from_internet,
)

__all__ = ["judge_update_points", "pool_of_named"]

_NOBODYS_GROUP = ""
_NOW = 0  # minutes since the first failure: of a client that scans well, or not yet


@decides("SU-008")
def pool_of_named(hosts: Iterable[HostName], why: str) -> tuple[PoolEntry, ...]:
    """What somebody names who has looked at where the client is, or need not: all of it may be used at once.

    Args:
        hosts: The servers.
        why: Who names them.
    """
    return tuple(PoolEntry(_NOW, host, _NOBODYS_GROUP, Reason("SU-008", why)) for host in hosts)


def judge_update_points(
    servers: Sequence[RoleServer],
    pool: Sequence[PoolEntry],
    *,
    in_use: HostName | None,
    location: NetworkLocation,
    prefer_cloud: bool,
    build: int,
    chooser: SeededChooser,
) -> RoleDecision:
    """Judge every way to scan, for a client whose scans do not fail.

    Args:
        servers: Every way that is known. A gateway is taken to lead to one that takes what comes through gateways.
        pool: Which of them the client's boundary groups let in, and when.
        in_use: The one that it scans with; None before the first.
        location: Where it is.
        prefer_cloud: Whether a boundary group of the client prefers cloud sources.
        build: Build of the site's version.
        chooser: Orders equals.

    Returns:
        The one in use first, if it is still named; then what may be used in its place, in the order of the rules.
    """
    points = [UpdatePoint(one.host, is_gateway=one.is_gateway, allows_gateway=one.is_gateway) for one in servers]
    ranked = rank_update_points(
        points, pool, minute=_NOW, location=location, prefer_cloud=prefer_cloud, build=build, chooser=chooser
    )
    known = ranked if scans_from_internet(points, location) else points
    first = choose_update_point(ScanHistory(in_use), ranked, known, now=0.0).host
    by_host = {one.host: one for one in servers}
    joins = {entry.host: entry for entry in pool}
    order = dict.fromkeys(([] if first is None else [first]) + [one.host for one in ranked])
    internet = scans_from_internet(points, location)
    reasons = {host: _reasons(host, joins, in_use=in_use, internet=internet) for host in order}
    rejected = {
        one.host: _find_bar(one, joins.get(one.host), internet=internet) for one in servers if one.host not in order
    }
    return RoleDecision(
        SiteRole.SOFTWARE_UPDATE_POINT,
        tuple(_evaluated(by_host[host], Verdict.RANKED, reasons[host]) for host in order),
        tuple(_evaluated(by_host[host], Verdict.REJECTED, (rejected[host],)) for host in sorted(rejected)),
        chooser.seed,
        CATALOGUE_VERSION,
        notes=tuple(_notes(in_use, first, known, [by_host[host] for host in order])),
    )


def _evaluated(server: RoleServer, verdict: Verdict, reasons: tuple[Reason, ...]) -> RoleEvaluation:
    endpoints = server.endpoints if verdict is Verdict.RANKED else ()
    return RoleEvaluation(server.host, verdict, reasons, server.origins, endpoints)


@decides("SU-001", "NET-024")
def _reasons(
    host: HostName, joins: dict[HostName, PoolEntry], *, in_use: HostName | None, internet: bool
) -> tuple[Reason, ...]:
    found: list[Reason] = []
    if internet:
        found.append(Reason("NET-024", "it faces the internet, where the client is"))
    elif (entry := joins.get(host)) is not None and entry.minute <= _NOW:
        found.append(entry.reason)
    if host == in_use:
        where = "" if found else ", although it is in no group of the client"
        found.append(Reason("SU-001", f"in use, and kept for as long as it can be reached{where}"))
    return tuple(found)


@decides("SU-002", "SU-005", "BG-006", "NET-024")
def _find_bar(server: RoleServer, entry: PoolEntry | None, *, internet: bool) -> Reason:
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
