"""Locate the software update point of a client: by data of the site or by settings, else by asking for them."""

from collections.abc import Iterable
from typing import NamedTuple

from .errors import CmClientError, LocateError, StoreError, TrustRefusedError
from .messaging import LocationMessenger
from .model.decision import Location
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts
from .model.groups import BoundaryGroup, Role
from .model.http import Attempt, Deadline
from .model.messages import WsusLocations
from .model.names import HostName, SiteCode
from .model.roles import RoleLocation, RoleOrigin, RoleServer, RoleSource
from .model.rule import decides
from .model.scans import ScanHistory
from .ports import Cancellation
from .role_tools import RoleTools
from .rules.failures import all_refuse_trust
from .rules.group_options import combine_options
from .rules.pools import PoolEntry
from .rules.select import plan_contact
from .rules.software_update_points import update_point_pool
from .rules.update_point_choice import judge_update_points, pool_of_named
from .scans import UpdateScans
from .store_notes import note_store_error

__all__ = ["locate_update_point"]

_UPDATE_POINTS = "WSUSLocationRequest"
_WAYS_TO_SCAN = {Role.SOFTWARE_UPDATE_POINT, Role.CLOUD_MANAGEMENT_GATEWAY}


class _Named(NamedTuple):
    """Software update points that somebody named, and what is known besides.

    Attributes:
        facts: What is known of the client by now.
        site: Its assigned site.
        servers: The software update points.
        pool: When each may be used.
        groups: The boundary groups that the client is in, as far as there is data.
        sources: What came of each source.
        attempts: What happened when management points were asked.
        asked: How one to ask was located, or that none was; None when none was looked for.
        was_told: Whether anybody said which there are; without that nothing follows from there being none.
    """

    facts: NetworkFacts
    site: SiteCode | None
    servers: tuple[RoleServer, ...] = ()
    pool: tuple[PoolEntry, ...] = ()
    groups: tuple[BoundaryGroup, ...] = ()
    sources: tuple[RoleSource, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    asked: Location | None = None
    was_told: bool = False


@decides("ML-004")
def locate_update_point(tools: RoleTools, deadline: Deadline) -> RoleLocation:
    """By data of the site or by settings, else by asking a management point.

    Args:
        tools: What to work with.
        deadline: The end of waiting.

    Raises:
        FactsError: The machine could not be asked at all.
        InvalidValueError: A boundary of the data cannot be of its kind.
    """
    if tools.data is None and not tools.config.software_update_points and not tools.offline:
        named = _ask_update_points(tools, deadline)
    else:
        named = _known_update_points(tools, tools.read_facts(deadline))
    scans = UpdateScans(tools.world.store, tools.world.clock)
    history, kept, notes = _load_history(tools, scans)
    in_use, servers = history.host, named.servers
    if in_use is not None and not named.was_told:
        servers = (RoleServer(in_use, (RoleOrigin.IN_USE,)),)  # that nobody could be asked takes nothing away
    decision, chosen = judge_update_points(
        servers,
        named.pool,
        history=history,
        now=tools.world.clock.monotonic(),
        location=named.facts.network_location,
        prefer_cloud=combine_options(named.groups or tools.default_groups(named.site)).prefer_cloud.is_on,
        build=tools.build_of(named.site),
        chooser=tools.world.chooser,
    )
    if chosen.host is not None and chosen != kept and not tools.offline:
        notes += _keep(scans, chosen)
    return RoleLocation(
        decision,
        named.facts,
        named.site,
        named.sources,
        named.attempts,
        named.asked,
        notes=notes,
        scans=scans.plan_of(chosen),
    )


def _known_update_points(tools: RoleTools, facts: NetworkFacts) -> _Named:
    """By data of the site and by settings; what only settings name is in no boundary group."""
    data, site = tools.data, tools.site_of(facts)
    given = {endpoint.host: endpoint for endpoint in tools.config.software_update_points}
    groups = tools.groups_of(facts)
    pool = pool_of_named(given, "a setting names it, and there is no boundary data to look at")
    servers: dict[HostName, RoleServer] = {}
    sources = []
    if data is not None:
        pool = update_point_pool(data, groups, assigned_site=site, build=tools.build_of(site))
        servers = {
            one.host: RoleServer(one.host, (RoleOrigin.SITE_DATA,), is_gateway=_is_gateway(one.roles))
            for one in data.servers
            if one.roles & _WAYS_TO_SCAN
        }
        sources.append(RoleSource(RoleOrigin.SITE_DATA, len(servers), "SU-008", "servers of the data"))
    for host, endpoint in given.items():
        before = servers.get(host, RoleServer(host, ()))
        servers[host] = before._replace(origins=(*before.origins, RoleOrigin.SETTINGS), endpoints=(endpoint,))
    where = tools.config.origins.get("software_update_points", "settings")
    sources.append(RoleSource(RoleOrigin.SETTINGS, len(given), "SU-008", f"software_update_points: {where}"))
    was_told = data is not None or bool(given)
    if tools.offline and not was_told:
        why = "offline, no management point is asked"
        hint = "leave --offline out, or say where they are: --set software_update_points=https://HOST:8531, or --data"
        sources.append(RoleSource(RoleOrigin.LOCATION_MESSAGE, None, "ML-004", why, hint=hint))
    return _Named(facts, site, tuple(servers.values()), pool, groups, tuple(sources), was_told=was_told)


def _ask_update_points(tools: RoleTools, deadline: Deadline) -> _Named:
    """Ask the best management point that answers, by the update source that policy names."""
    if tools.config.update_source is None:
        why = "policy says by which id a client asks for them: set update_source, or give --data"
        source = RoleSource(RoleOrigin.LOCATION_MESSAGE, None, "ML-004", why)
        facts = tools.read_facts(deadline)
        return _Named(facts, tools.site_of(facts), sources=(source,))
    try:
        location = tools.locator.locate()
    except LocateError as error:
        return _of_location(error.location, (), _failed(error))
    return _ask_management_point(tools, location, deadline)


def _ask_management_point(tools: RoleTools, location: Location, deadline: Deadline) -> _Named:
    facts, site = location.facts, location.decision.policy.assigned_site
    content, version = tools.config.update_source, tools.config.update_source_version
    if site is None or content is None or location.endpoint is None:
        why = "the request names the client's site, and it has none"
        return _of_location(location, (), RoleSource(RoleOrigin.LOCATION_MESSAGE, None, "ML-004", why))
    messenger = LocationMessenger(tools.client, tools.world.clock, host=facts.host, chooser=tools.world.chooser)

    def ask(endpoint: Endpoint, cancellation: Cancellation) -> WsusLocations:
        return messenger.fetch_wsus_locations(
            endpoint,
            facts,
            deadline,
            content=content,
            version=version,
            assigned_site=site,
            cancellation=cancellation,
        )

    first = location.endpoint
    others = [[one for one in group if one != first] for group in plan_contact(location.decision.ranked)]
    result = messenger.contact([[first], *filter(None, others)], _UPDATE_POINTS, ask, deadline)
    if result.answer is None or result.endpoint is None:
        last = result.attempts[-1] if result.attempts else None
        detail, code = (last.detail, last.code) if last else ("the time was up before it was asked", "timeout")
        if all_refuse_trust(result.attempts):
            code = TrustRefusedError.code
        source = RoleSource(RoleOrigin.LOCATION_MESSAGE, 0, "ML-004", detail, code, last.hint if last else "")
        return _of_location(location, result.attempts, source)
    servers = _servers_of(result.answer)
    detail = f"{_UPDATE_POINTS} of {result.endpoint.host}"
    if result.answer.problems:
        detail += f"; {'; '.join(result.answer.problems)}"
    source = RoleSource(RoleOrigin.LOCATION_MESSAGE, len(servers), "ML-004", detail)
    pool = pool_of_named((one.host for one in servers), f"{result.endpoint.host} names it for where the client is")
    told = _of_location(location, result.attempts, source)
    return told._replace(servers=servers, pool=pool, was_told=bool(servers))  # empty: perhaps the wrong id was asked


def _load_history(tools: RoleTools, scans: UpdateScans) -> tuple[ScanHistory, ScanHistory, tuple[str, ...]]:
    """What is known of the one in use, which a setting may name; what is kept; and what went wrong."""
    kept, notes = ScanHistory(), []
    try:
        kept = scans.history()
    except StoreError as error:
        notes.append(note_store_error(error))
    given = tools.config.software_update_point
    return ScanHistory(given) if given not in {None, kept.host} else kept, kept, tuple(notes)


def _of_location(location: Location, attempts: Iterable[Attempt], source: RoleSource) -> _Named:
    site = location.decision.policy.assigned_site
    return _Named(location.facts, site, sources=(source,), attempts=(*location.attempts, *attempts), asked=location)


def _failed(error: CmClientError) -> RoleSource:
    return RoleSource(
        RoleOrigin.LOCATION_MESSAGE,
        0,
        "ML-004",
        f"no management point to ask: {error.message}",
        error.code,
        error.hint,
    )


def _servers_of(answer: WsusLocations) -> tuple[RoleServer, ...]:
    """The servers of an answer, each with all of its addresses."""
    endpoints: dict[HostName, tuple[Endpoint, ...]] = {}
    for one in answer.locations:
        host = one.endpoint.host
        endpoints[host] = tuple(dict.fromkeys((*endpoints.get(host, ()), one.endpoint)))
    return tuple(RoleServer(host, (RoleOrigin.LOCATION_MESSAGE,), found) for host, found in endpoints.items())


def _is_gateway(roles: frozenset[Role]) -> bool:
    return Role.SOFTWARE_UPDATE_POINT not in roles


def _keep(scans: UpdateScans, history: ScanHistory) -> tuple[str, ...]:
    try:
        scans.keep(history)
    except StoreError as error:
        return (note_store_error(error),)
    return ()
