"""Which software update point a client scans with: the last good one for long, then those that have joined the pool.

Scanning itself is the caller's; it says how each scan ended. Times are seconds of a monotonic clock.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import NamedTuple

from ..model.decision import Reason
from ..model.endpoints import HTTP_PORT, HTTPS_PORT, Audience
from ..model.facts import NetworkLocation
from ..model.groups import BoundaryGroup, Role, SiteData
from ..model.names import HostName, SiteCode, parse_port
from ..model.rule import decides
from ..model.scans import ScanHistory
from .choose import SeededChooser
from .pools import PoolEntry, build_pool, pool_at
from .timing import SCAN_FAILURES, SCAN_INTERVAL, SCAN_SETTLE, SCAN_SHORT_CYCLE, SCAN_STAY

__all__ = [
    "UpdatePoint",
    "change_place",
    "choose_update_point",
    "fallback_minute",
    "find_switch",
    "may_switch",
    "next_scan",
    "note_scan",
    "note_scan_failure",
    "note_switch_wanted",
    "rank_update_points",
    "rebase_scans",
    "scans_from_internet",
    "update_point_pool",
    "update_point_ports",
]

_SECONDS = 60
_LONGEST_AGE = 366 * 86400.0  # seconds; every time is long over by then
_STAY_MINUTES = int(SCAN_STAY) // _SECONDS
_THROUGH_GATEWAY_SINCE = 9012  # build of version 2006
_CLOUD_PREFERRED_SINCE = 9078  # build of version 2203


class UpdatePoint(NamedTuple):
    """A way to scan for updates.

    Attributes:
        host: The software update point, or the cloud management gateway that leads to one.
        audience: From where a software update point accepts clients; not looked at for a gateway.
        is_gateway: Whether ``host`` is a cloud management gateway.
        allows_gateway: Of a gateway: whether the software update point behind it takes what comes through gateways.
    """

    host: HostName
    audience: Audience = Audience.UNKNOWN
    is_gateway: bool = False
    allows_gateway: bool = False


# --- who may be used ------------------------------------------------------------------------------------------------


@decides("SU-003", "SU-005", "SU-008", "SU-015")
def update_point_pool(
    data: SiteData, current: Sequence[BoundaryGroup], *, assigned_site: SiteCode | None, build: int
) -> tuple[PoolEntry, ...]:
    """Which software update points join, and when; gateways of the current boundary groups among them.

    Args:
        data: The hierarchy.
        current: The groups that the client is in.
        assigned_site: Its assigned site, whose default group serves a client that is in no group.
        build: Build of the site's version; before 2006 nobody scans through a gateway.

    Returns:
        One entry a server, sorted by minute, then host. Minutes run from the first failure of the last good one;
        those of neighbours are at least 120.
    """
    here = {host for group in current for host in group.servers}
    points = build_pool(data, current, Role.SOFTWARE_UPDATE_POINT, assigned_site=assigned_site)
    pool = [entry if not current or entry.host in here else _delayed(entry) for entry in points]
    if build >= _THROUGH_GATEWAY_SINCE:
        pool += build_pool(data, current, Role.CLOUD_MANAGEMENT_GATEWAY, assigned_site=assigned_site)
    return tuple(sorted(pool, key=lambda entry: (entry.minute, entry.host)))


def _delayed(entry: PoolEntry) -> PoolEntry:
    if entry.minute >= _STAY_MINUTES:
        return entry
    reason = Reason("SU-003", f"{entry.reason.text}, which takes effect at {_STAY_MINUTES}")
    return entry._replace(minute=_STAY_MINUTES, reason=reason)


@decides("NET-024")
def scans_from_internet(points: Iterable[UpdatePoint], location: NetworkLocation) -> bool:
    """Whether a client scans with internet-facing ones only: it is on the internet, and one exists."""
    return location is NetworkLocation.INTERNET and any(map(_is_facing, points))


def _is_facing(point: UpdatePoint) -> bool:
    return point.allows_gateway if point.is_gateway else point.audience in {Audience.INTERNET, Audience.BOTH}


@decides("SU-014", "SU-015", "NET-024")
def rank_update_points(
    points: Iterable[UpdatePoint],
    pool: Iterable[PoolEntry],
    *,
    minute: int,
    location: NetworkLocation,
    prefer_cloud: bool,
    build: int,
    chooser: SeededChooser,
) -> tuple[UpdatePoint, ...]:
    """Order the ways to scan that a client may use now.

    Args:
        points: Every way that is known.
        pool: From ``update_point_pool``.
        minute: From ``fallback_minute``.
        location: Where the client is; unknown is tried as the intranet.
        prefer_cloud: Whether a boundary group of the client prefers cloud sources.
        build: Build of the site's version; before 2203 that preference has no say in scanning.
        chooser: Orders equals.

    Returns:
        Preferred cloud sources first, then those that joined earlier, then by chance. Where ``scans_from_internet``,
        the internet-facing ones in drawn order, whatever the pool. May be empty.
    """
    known = tuple(points)
    if scans_from_internet(known, location):
        facing = filter(_is_facing, known)
        return tuple(sorted(facing, key=lambda one: (chooser.draw(one.host), one.host)))
    joined = {entry.host: entry.minute for entry in pool_at(pool, minute)}
    cloud_first = prefer_cloud and build >= _CLOUD_PREFERRED_SINCE

    def key(one: UpdatePoint) -> tuple[bool, int, float, str]:
        return not (cloud_first and one.is_gateway), joined[one.host], chooser.draw(one.host), one.host

    usable = (one for one in known if one.host in joined and _serves_intranet(one))
    return tuple(sorted(usable, key=key))


def _serves_intranet(point: UpdatePoint) -> bool:
    return point.allows_gateway if point.is_gateway else point.audience is not Audience.INTERNET


# --- which one is used ----------------------------------------------------------------------------------------------


@decides("SU-001", "SU-014")
def choose_update_point(
    history: ScanHistory,
    ranked: Sequence[UpdatePoint],
    known: Iterable[UpdatePoint],
    now: float,
    *,
    short_cycle: float = SCAN_SHORT_CYCLE,
) -> ScanHistory:
    """Choose the one for the next scan.

    Args:
        history: What is remembered.
        ranked: What may be used now, best first, from ``rank_update_points``.
        known: Every way that there is; one in use that is not among them any more is left at once.
        now: The time.
        short_cycle: Seconds with each one after the last good one.

    Returns:
        The history with the one to use. The one in use stays, in the pool or not, until its failures allow a switch
        and another is there; those that failed before come again only when all have. Its host is None when there is
        nobody.
    """
    exists = any(one.host == history.host for one in known)
    others = [one.host for one in ranked if one.host != history.host]
    if history.host is None or not exists:
        return ScanHistory(others[0] if others else None)
    if not others or not may_switch(history, now, short_cycle=short_cycle):
        return history
    tried = (*(host for host in history.tried if host != history.host), history.host)
    fresh = [host for host in others if host not in tried]
    return ScanHistory(
        (fresh or others)[0], first_failure=history.first_failure, tried=tried if fresh else (history.host,)
    )


def note_scan(history: ScanHistory, host: HostName) -> ScanHistory:
    """A scan with a server succeeded: it is the last good one. That another one is wanted holds until there is one."""
    return ScanHistory(host, switch_wanted=history.switch_wanted if host == history.host else None)


@decides("SU-016")
def note_switch_wanted(history: ScanHistory, now: float) -> ScanHistory:
    """The site told the client to take another one: it does so at the next scan, and fallback times run from here.

    That it is told again changes nothing.
    """
    return history if history.switch_wanted is not None else history._replace(switch_wanted=now)


@decides("SU-004", "SU-012")
def note_scan_failure(
    history: ScanHistory, now: float, *, location: NetworkLocation, point: UpdatePoint
) -> ScanHistory:
    """A scan with the one in use failed.

    Args:
        history: What is remembered.
        now: When.
        location: Where the client was. Away from the intranet, a failure of one that is there says nothing; unknown
            counts, or a machine that cannot tell would never get away from a dead one.
        point: The one in use.
    """
    if location is NetworkLocation.INTERNET and not _is_facing(point):
        return history
    return history._replace(
        first_failure=now if history.first_failure is None else history.first_failure,
        failures=(*history.failures, now)[:SCAN_FAILURES],
        last_failure=now,
    )


def change_place(history: ScanHistory) -> ScanHistory:
    """The client is somewhere else: other boundary groups, and fallback times run anew from the next failure."""
    return ScanHistory(history.host, switch_wanted=history.switch_wanted)


@decides("SU-004", "SU-016")
def fallback_minute(history: ScanHistory, now: float) -> int:
    """Whole minutes since the last good one first failed, or another one was wanted; 0 while neither is so."""
    since = [moment for moment in (history.first_failure, history.switch_wanted) if moment is not None]
    return max(0, int((now - min(since)) // _SECONDS)) if since else 0


def may_switch(history: ScanHistory, now: float, *, short_cycle: float = SCAN_SHORT_CYCLE) -> bool:
    """Whether the next scan may be with another one."""
    moment = find_switch(history, short_cycle)
    return moment is not None and now >= moment


@decides("SU-009")
def next_scan(history: ScanHistory, *, short_cycle: float = SCAN_SHORT_CYCLE) -> float | None:
    """When to scan again after a failure.

    Returns:
        30 minutes after it, or as soon as a switch is allowed if that is sooner; None when nothing failed.
    """
    if history.last_failure is None:
        return None
    again, switch = history.last_failure + SCAN_INTERVAL, find_switch(history, short_cycle)
    if history.switch_wanted is not None:
        return again  # the next scan is with another one, and comes no sooner for that
    return again if switch is None or switch <= history.last_failure else min(again, switch)


@decides("SU-002", "SU-006", "SU-009", "SU-010", "SU-016")
def find_switch(history: ScanHistory, short_cycle: float = SCAN_SHORT_CYCLE) -> float | None:
    """When another one may be used; None while that cannot be said.

    The last good one is left after 120 minutes, and not before two minutes have passed since its fourth failure. Each
    further one is left one shorter cycle after it failed. When the site wants another one, it is left at once.
    """
    if history.switch_wanted is not None:
        return history.switch_wanted
    if history.first_failure is None or not history.failures:
        return None
    if history.tried:
        return history.failures[0] + short_cycle
    if len(history.failures) < SCAN_FAILURES:
        return None
    return max(history.first_failure + SCAN_STAY, history.failures[-1] + SCAN_SETTLE)


def rebase_scans(history: ScanHistory, *, as_of: float, now: float, age: float) -> ScanHistory:
    """Bring a history that was kept onto a monotonic clock that began anew.

    Args:
        history: As it was kept.
        as_of: The time of its own clock when it was kept.
        now: The new clock's time.
        age: Seconds between then and now by the wall clock. That clock may have been set: less than nothing counts as
            nothing.

    Returns:
        The history with all times moved. One that no scan can have led to remembers its server alone.
    """
    singles = (history.first_failure, history.last_failure, history.switch_wanted)
    times = [*history.failures, *(time for time in singles if time is not None)]
    if not all(isfinite(time) and time <= as_of for time in (as_of, *times)):
        return ScanHistory(history.host)
    shift = now - max(0.0, min(age, _LONGEST_AGE)) - as_of
    first, last, wanted = (None if time is None else time + shift for time in singles)
    return history._replace(
        first_failure=first,
        failures=tuple(time + shift for time in history.failures),
        last_failure=last,
        switch_wanted=wanted,
    )


# --- ports ----------------------------------------------------------------------------------------------------------


@decides("SU-018")
def update_point_ports(http_port: int) -> tuple[int, int]:
    """The ports of a software update point.

    Args:
        http_port: Its port for HTTP: 80, 8530 or one of the administrator's.

    Returns:
        HTTP and HTTPS.

    Raises:
        InvalidValueError: Either is no port.
    """
    http = parse_port(http_port)
    return http, HTTPS_PORT if http == HTTP_PORT else parse_port(http + 1)
