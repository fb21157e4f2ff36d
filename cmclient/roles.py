"""Locate servers of other roles than the management point of a Windows client."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .config import ClientConfig
from .contacting import client_of
from .device_points import DeviceTools, locate_device_point
from .discover import Sources
from .enrollment import EnrollmentTools, locate_enrollment_proxy
from .errors import CmClientError, LocateError, StoreError, TrustRefusedError
from .gather import gather_facts
from .locate import Locator
from .messaging import LocationMessenger
from .model.certificates import ClientCertificate
from .model.decision import Location, Policy, Purpose, SourceKind, StoredAssignment
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts, NetworkLocation
from .model.groups import BoundaryGroup, Role, SiteData
from .model.http import Attempt, Deadline
from .model.messages import WsusLocations
from .model.names import HostName, SiteCode
from .model.roles import RoleLocation, RoleOrigin, RoleServer, RoleSource, SiteRole
from .model.rule import decides
from .model.scans import ScanHistory
from .ports import (
    Cancellation,
    Clock,
    DirectoryService,
    DomainControllerPing,
    FactsSource,
    NameService,
    Store,
    Transport,
)
from .reporting import fsp_names
from .rules.boundaries import BoundaryIndex
from .rules.choose import SeededChooser
from .rules.failures import all_refuse_trust
from .rules.fsp import choose_fsp, find_reporting
from .rules.group_options import combine_options
from .rules.migration_point_choice import judge_migration_points
from .rules.places import find_place
from .rules.pools import PoolEntry, current_groups
from .rules.select import plan_contact
from .rules.software_update_points import update_point_pool
from .rules.status_point_choice import judge_status_points, named_status_points
from .rules.update_point_choice import judge_update_points, pool_of_named
from .scans import UpdateScans

__all__ = ["RoleLocator"]

_log = logging.getLogger(__name__)
_UPDATE_POINTS = "WSUSLocationRequest"
_WAYS_TO_SCAN = {Role.SOFTWARE_UPDATE_POINT, Role.CLOUD_MANAGEMENT_GATEWAY}


class RoleLocator:
    """Locates servers of a role as a client would, and says why these."""

    def __init__(  # noqa: PLR0913 - one argument a port
        self,
        config: ClientConfig,
        *,
        facts: FactsSource,
        directory: DirectoryService,
        controllers: DomainControllerPing,
        names: NameService,
        transport: Transport,
        store: Store,
        clock: Clock,
        chooser: SeededChooser,
        certificate: ClientCertificate | None = None,
        offline: bool = False,
        data: SiteData | None = None,
    ) -> None:
        """Put a locator together from its ports; ``cmclient.assemble`` does it from settings alone.

        Args:
            config: The settings.
            facts: This machine, or facts given in its place.
            directory: Active Directory.
            controllers: The ping that finds forest and AD site.
            names: DNS.
            transport: HTTP.
            store: What is kept between runs.
            clock: The time.
            chooser: Chance.
            certificate: The client certificate, if there is one.
            offline: Ask nobody.
            data: What the site knows of boundaries and servers; None where nobody says it.
        """
        self._config = config
        self._clock = clock
        self._chooser = chooser
        self._store = store
        self._offline = offline
        self._data = data
        self._facts, self._names, self._controllers, self._transport = facts, names, controllers, transport
        self._sources = Sources(config, directory=directory, names=names, store=store, clock=clock)
        self._client = client_of(config, transport, clock)
        self._certificate = certificate
        # A location request may go to any site's management point, and must have time left when one is found.
        self._locator = Locator(
            config._replace(purpose=Purpose.LOCATION, deadline=config.deadline / 2),
            facts=facts,
            directory=directory,
            controllers=controllers,
            names=names,
            transport=transport,
            store=store,
            clock=clock,
            chooser=chooser,
            certificate=certificate,
        )

    def locate(self, role: SiteRole) -> RoleLocation:
        """Locate a server of a role.

        Returns:
            Every server that was named, judged, and everything that led there. What failed is in it.

        Raises:
            FactsError: The machine could not be asked at all.
            ConfigError: The role is for devices, and the client is none.
            InvalidValueError: A boundary of the data cannot be of its kind.
        """
        ways: Mapping[SiteRole, Callable[[Deadline], RoleLocation]] = {
            SiteRole.SOFTWARE_UPDATE_POINT: self._locate_update_point,
            SiteRole.STATE_MIGRATION_POINT: self._locate_migration_point,
            SiteRole.FALLBACK_STATUS_POINT: self._locate_status_point,
            SiteRole.DEVICE_MANAGEMENT_POINT: self._locate_device_point,
            SiteRole.ENROLLMENT_PROXY_POINT: self._locate_enrollment_proxy,
        }
        found = ways[role](Deadline.after(self._config.deadline, self._clock.monotonic))
        _log.info("%s: %s", role.title, found.outcome.value, extra={"event": "role.located"})
        return found._replace(time=self._clock.now().isoformat(timespec="seconds"))

    # --- software update points ---

    @decides("ML-004")
    def _locate_update_point(self, deadline: Deadline) -> RoleLocation:
        """By data of the site or by settings, else by asking a management point."""
        if self._data is None and not self._config.software_update_points and not self._offline:
            named = self._ask_update_points(deadline)
        else:
            named = self._known_update_points(self._read_facts(deadline))
        scans = UpdateScans(self._store, self._clock)
        history, kept, notes = self._load_history(scans)
        in_use, servers = history.host, named.servers
        if in_use is not None and not named.was_told:
            servers = (RoleServer(in_use, (RoleOrigin.IN_USE,)),)  # that nobody could be asked takes nothing away
        decision, chosen = judge_update_points(
            servers,
            named.pool,
            history=history,
            now=self._clock.monotonic(),
            location=named.facts.network_location,
            prefer_cloud=combine_options(named.groups or self._default_groups(named.site)).prefer_cloud.is_on,
            build=self._build_of(named.site),
            chooser=self._chooser,
        )
        if chosen.host is not None and chosen != kept and not self._offline:
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

    def _known_update_points(self, facts: NetworkFacts) -> "_Named":
        """By data of the site and by settings; what only settings name is in no boundary group."""
        data, site = self._data, self._site_of(facts)
        given = {endpoint.host: endpoint for endpoint in self._config.software_update_points}
        groups = self._groups_of(facts)
        pool = pool_of_named(given, "a setting names it, and there is no boundary data to look at")
        servers: dict[HostName, RoleServer] = {}
        sources = []
        if data is not None:
            pool = update_point_pool(data, groups, assigned_site=site, build=self._build_of(site))
            servers = {
                one.host: RoleServer(one.host, (RoleOrigin.SITE_DATA,), is_gateway=_is_gateway(one.roles))
                for one in data.servers
                if one.roles & _WAYS_TO_SCAN
            }
            sources.append(RoleSource(RoleOrigin.SITE_DATA, len(servers), "SU-008", "servers of the data"))
        for host, endpoint in given.items():
            before = servers.get(host, RoleServer(host, ()))
            servers[host] = before._replace(origins=(*before.origins, RoleOrigin.SETTINGS), endpoints=(endpoint,))
        where = self._config.origins.get("software_update_points", "settings")
        sources.append(RoleSource(RoleOrigin.SETTINGS, len(given), "SU-008", f"software_update_points: {where}"))
        was_told = data is not None or bool(given)
        return _Named(facts, site, tuple(servers.values()), pool, groups, tuple(sources), was_told=was_told)

    def _ask_update_points(self, deadline: Deadline) -> "_Named":
        """Ask the best management point that answers, by the update source that policy names."""
        if self._config.update_source is None:
            why = "policy says by which id a client asks for them: set update_source, or give --data"
            source = RoleSource(RoleOrigin.LOCATION_MESSAGE, None, "ML-004", why)
            facts = self._read_facts(deadline)
            return _Named(facts, self._site_of(facts), sources=(source,))
        try:
            location = self._locator.locate()
        except LocateError as error:
            return _of_location(error.location, (), _failed(error))
        return self._ask_management_point(location, deadline)

    def _ask_management_point(self, location: Location, deadline: Deadline) -> "_Named":
        facts, site = location.facts, location.decision.policy.assigned_site
        content, version = self._config.update_source, self._config.update_source_version
        if site is None or content is None or location.endpoint is None:
            why = "the request names the client's site, and it has none"
            return _of_location(location, (), RoleSource(RoleOrigin.LOCATION_MESSAGE, None, "ML-004", why))
        messenger = LocationMessenger(self._client, self._clock, host=facts.host, chooser=self._chooser)

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
        return told._replace(
            servers=servers, pool=pool, was_told=bool(servers)
        )  # empty: perhaps the wrong id was asked

    def _load_history(self, scans: UpdateScans) -> tuple[ScanHistory, ScanHistory, tuple[str, ...]]:
        """What is known of the one in use, which a setting may name; what is kept; and what went wrong."""
        kept, notes = ScanHistory(), []
        try:
            kept = scans.history()
        except StoreError as error:
            notes.append(_noted(error))
        given = self._config.software_update_point
        return ScanHistory(given) if given not in {None, kept.host} else kept, kept, tuple(notes)

    # --- state migration points ---

    def _locate_migration_point(self, deadline: Deadline) -> RoleLocation:
        """By data of the site alone: no message for it is known."""
        facts = self._read_facts(deadline)
        site, data = self._site_of(facts), self._data or SiteData()
        decision = judge_migration_points(data, self._groups_of(facts), assigned_site=site, chooser=self._chooser)
        found = len(decision.ranked) + len(decision.rejected)
        why = "servers of the data" if self._data else "no message for it is known; give boundary data with --data"
        source = RoleSource(RoleOrigin.SITE_DATA, found if self._data else None, "SU-020", why)
        return RoleLocation(decision, facts, site, (source,))

    # --- fallback status points ---

    def _locate_status_point(self, deadline: Deadline) -> RoleLocation:
        """By settings, an installed client, else the directory, which is not asked when somebody else names one."""
        facts = self._read_facts(deadline)
        site = self._site_of(facts)
        names = fsp_names(self._config)
        origins = self._config.origins
        given, installed = (names.given, names.internet), (facts.fsp, facts.intranet_fsp)
        said = f"fsp: {origins.get('fsp', '')}; internet_fsp: {origins.get('internet_fsp', '')}"
        sources = [
            RoleSource(RoleOrigin.SETTINGS, _count(given), "FS-007", said),
            RoleSource(
                RoleOrigin.INSTALLED_CLIENT, _count(installed), "FS-007", facts.origins.get("fsp", "none known")
            ),
        ]
        if not named_status_points(facts, names) and not self._offline:
            host, source = self._ask_directory(facts, site, deadline)
            names, sources = names._replace(published=host), [*sources, source]
        reporting = find_reporting(facts, names, wish=True, what_if=False)
        named = named_status_points(facts, names)
        decision = judge_status_points(reporting, named, facts, chooser=self._chooser)
        return RoleLocation(decision, facts, site, tuple(sources))

    def _ask_directory(
        self, facts: NetworkFacts, site: SiteCode | None, deadline: Deadline
    ) -> tuple[HostName | None, RoleSource]:
        if facts.network_location is NetworkLocation.INTERNET:
            why = "on the internet the directory is not asked"
            return None, RoleSource(RoleOrigin.DIRECTORY, None, "FS-006", why)
        found = self._sources.ask(SourceKind.DIRECTORY, "FS-007", facts, Policy(assigned_site=site), deadline)
        host = found.published and choose_fsp(found.published.fallback_status_points, site)
        said = found.report
        count = _count([host]) if said.asked else None
        return host, RoleSource(RoleOrigin.DIRECTORY, count, said.rule, said.detail, said.code, said.hint)

    # --- devices ---

    def _locate_device_point(self, deadline: Deadline) -> RoleLocation:
        kept = self._load_assignment()
        tools = DeviceTools(self._config, self._sources, self._client, self._clock, self._chooser, kept, self._data)
        facts = self._read_facts(deadline)
        return locate_device_point(tools, facts, deadline, certificate=self._certificate, offline=self._offline)

    def _locate_enrollment_proxy(self, deadline: Deadline) -> RoleLocation:
        tools = EnrollmentTools(self._config, self._transport, self._names, self._clock, self._chooser)
        return locate_enrollment_proxy(tools, self._read_facts(deadline), deadline, offline=self._offline)

    # --- what they have in common ---

    def _read_facts(self, deadline: Deadline) -> NetworkFacts:
        facts, _ = gather_facts(
            self._config,
            source=self._facts,
            names=self._names,
            controllers=self._controllers,
            deadline=deadline,
            offline=self._offline,
        )
        return facts

    def _site_of(self, facts: NetworkFacts) -> SiteCode | None:
        """The assigned site: of the settings, of an installed client, else of the store."""
        known = self._config.site_code or facts.assigned_site
        if known is not None:
            return known
        kept = self._load_assignment()
        return kept and kept.site

    def _load_assignment(self) -> StoredAssignment | None:
        try:
            return self._store.load_assignment()
        except StoreError as error:
            _log.warning("%s", error.message, extra={"event": "store.failed"})
            return None

    def _groups_of(self, facts: NetworkFacts) -> tuple[BoundaryGroup, ...]:
        if self._data is None:
            return ()
        return current_groups(self._data, BoundaryIndex(self._data.boundaries).find(find_place(facts)))

    def _default_groups(self, site: SiteCode | None) -> tuple[BoundaryGroup, ...]:
        """The default group of a site, which serves a client that is in no group."""
        groups = () if self._data is None else self._data.groups
        return tuple(group for group in groups if site is not None and group.default_of == site)

    def _build_of(self, site: SiteCode | None) -> int:
        """Build of the site's version; of a site that nobody describes that of the client."""
        sites = () if self._data is None else self._data.sites
        return next((one.build for one in sites if one.code == site and one.build), self._config.client_build)


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


def _count(names: Iterable[HostName | None]) -> int:
    return len({name for name in names if name is not None})


def _is_gateway(roles: frozenset[Role]) -> bool:
    return Role.SOFTWARE_UPDATE_POINT not in roles


def _keep(scans: UpdateScans, history: ScanHistory) -> tuple[str, ...]:
    try:
        scans.keep(history)
    except StoreError as error:
        return (_noted(error),)
    return ()


def _noted(error: StoreError) -> str:
    _log.warning("%s", error.message, extra={"event": "store.failed"})
    return f"store: {error.message}"
