"""Checks from this machine: names, directory, certificates, clock, every server that a client would use, the store."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .config import ClientConfig
from .doctor_content import FoundSources, find_content_sources, find_package_sources
from .doctor_findings import Controllers, Seen, judge
from .doctor_probes import Instruments, Prober
from .gather import gather_facts, parse_server
from .locator import DiscoveryReport, Locator
from .model.checkup import Checkup, Lookup, Probe
from .model.content import ContentReference
from .model.decision import Reason
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts, NetworkLocation
from .model.groups import SiteData
from .model.http import Deadline
from .model.mplist import MpListQuery
from .protocol.srv import domain_controller_query_name, read_directory_servers
from .reporting import decide_reporting
from .rules.mplist import find_directory_bar
from .world import World

__all__ = ["Doctor"]

_log = logging.getLogger(__name__)
_A = TypeVar("_A")
_B = TypeVar("_B")
_AT_ONCE = 8  # questions at a time, as many as ``locate`` has connections at most
_MOST_CONTROLLERS = 3  # a domain may publish hundreds, and a client asks few
_MOST_SERVERS = 16  # likewise


class Doctor:
    """Examines what a client on this machine depends on. Changes nothing, stores nothing, reports nothing."""

    def __init__(
        self,
        config: ClientConfig,
        world: World,
        instruments: Instruments,
        *,
        content: ContentReference | None = None,
        data: SiteData | None = None,
    ) -> None:
        """Put a doctor together; ``cmclient.assemble_doctor`` does it from settings alone.

        Args:
            config: The settings.
            world: The ports; with a store that is only read.
            instruments: What else to look with.
            content: The content whose distribution points are asked; None for the client package.
            data: What the site knows of boundary groups, where somebody says it.
        """
        self._config, self._world, self._instruments = config, world, instruments
        self._content, self._data = content, data

    def examine(self) -> Checkup:
        """Look at everything, several things at a time, within the deadline of the settings.

        Returns:
            All checks, by area; what there was no time for is skipped.

        Raises:
            FactsError: The machine could not be asked at all.
        """
        clock = self._world.clock
        time, started = clock.now(), clock.monotonic()
        deadline = Deadline.after(self._config.deadline, clock.monotonic)
        seen = self._look(Prober(self._config, self._world, self._instruments, deadline), deadline)
        checks = judge(self._config, self._instruments, seen, clock.now())
        return Checkup(time, clock.monotonic() - started, checks)

    def _look(self, prober: Prober, deadline: Deadline) -> Seen:
        """Ask: store, DNS and directory while management points are looked for, then each server that was named."""
        with ThreadPoolExecutor(_AT_ONCE, "doctor") as pool:
            store = pool.submit(self._instruments.store)
            controllers = pool.submit(self._ask_controllers, prober, deadline)
            found = self._discover()
            status = pool.submit(self._ask_status_point, prober, found)
            points = _ask_points(prober, found)
            sources = self._find_sources([one.endpoint for one in points if not one.code], found, deadline)
            contents = _ask_sources(prober, sources)
            return Seen(found, controllers.result(), points, sources, contents, status.result(), store.result())

    def _discover(self) -> DiscoveryReport:
        """Everyone who is named; in half of the time, for whoever is named has to be asked."""
        config = self._config._replace(deadline=self._config.deadline / 2)
        return Locator(config, **self._world._asdict(), verifier=self._instruments.verifier).discover()

    def _ask_controllers(self, prober: Prober, deadline: Deadline) -> Controllers:
        """Domain controllers as DNS or the settings name them, each asked."""
        facts = self._gather(deadline)
        bar = find_directory_bar(facts, is_controller_known=True)
        if bar is not None or facts.domain is None:
            return Controllers(bar="" if bar is None else bar.text)
        domain, lookups = facts.domain, list[Lookup]()
        servers = tuple(parse_server(text) for text in self._config.directory_servers)
        if not servers:
            name = domain_controller_query_name(domain)
            lookup, records = prober.look_up(name, f"domain controllers of {domain}")
            lookups.append(lookup)
            servers = read_directory_servers(records, is_global_catalog=False)
        probes = _each(servers[:_MOST_CONTROLLERS], lambda server: prober.ask_controller(server, domain))
        return Controllers(tuple(lookups), tuple(probes), "no domain controller could be looked up")

    def _gather(self, deadline: Deadline) -> NetworkFacts:
        """What this machine knows of itself, with the settings, and nobody asked."""
        world = self._world
        return gather_facts(
            self._config,
            source=world.facts,
            names=world.names,
            controllers=world.controllers,
            deadline=deadline,
            offline=True,
        )[0]

    def _ask_status_point(self, prober: Prober, found: DiscoveryReport) -> Probe | Reason:
        reporting = decide_reporting(self._config, found.decision.facts, published=found.fsp)
        if reporting.point is None:
            return reporting.reason
        return prober.ask_status_point(reporting.point.endpoint)

    def _find_sources(self, points: Sequence[Endpoint], found: DiscoveryReport, deadline: Deadline) -> FoundSources:
        """The distribution points to ask, from management points that answer."""
        config, world, decision = self._config, self._world, found.decision
        _log.info("asking where content is", extra={"event": "doctor.content"})
        if self._content is not None and points:
            return find_content_sources(config, world, self._content, deadline, data=self._data)
        return find_package_sources(config, world, points, decision.facts, decision.policy.assigned_site, deadline)


def _ask_points(prober: Prober, found: DiscoveryReport) -> list[Probe]:
    """Every management point that is ranked; one that did not show the trusted root key does not count as answering."""
    decision = found.decision
    on_internet = decision.facts.network_location is NetworkLocation.INTERNET
    query = MpListQuery.MPLIST2 if on_internet else MpListQuery.MPLIST
    endpoints = [endpoint for one in decision.ranked for endpoint in one.endpoints]
    left = {one.endpoint: one for one in found.attempts if one.code == "root-key"}
    probes = _each(endpoints[:_MOST_SERVERS], lambda endpoint: prober.ask_management_point(endpoint, query))
    return [
        one._replace(code=why.code, detail=why.detail, hint=why.hint)
        if not one.code and (why := left.get(one.endpoint)) is not None
        else one
        for one in _placed(probes, endpoints)
    ]


def _ask_sources(prober: Prober, sources: FoundSources) -> list[Probe]:
    addresses = [(one.endpoint, one.path) for one in sources.addresses if one.endpoint is not None]
    probes = _each(addresses[:_MOST_SERVERS], lambda address: prober.ask_distribution_point(*address, sources.what))
    return _placed(probes, [endpoint for endpoint, _ in addresses])


def _placed(probes: Iterable[Probe], endpoints: Sequence[Endpoint]) -> list[Probe]:
    """With their places in the order, and with those that were not asked because there are so many."""
    why = f"only the first {_MOST_SERVERS} are asked"
    more = (Probe(endpoint, "", "not-asked", why) for endpoint in endpoints[_MOST_SERVERS:])
    return [one._replace(place=place) for place, one in enumerate((*probes, *more), 1)]


def _each(items: Iterable[_A], ask: Callable[[_A], _B]) -> list[_B]:
    """Ask all of them at once; the answers in the order of the items."""
    waiting = list(items)
    if not waiting:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(waiting)), "doctor") as pool:
        return list(pool.map(ask, waiting))
