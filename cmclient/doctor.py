"""Checks from this machine: names, directory, certificates, clock, every server that a client would use, the store."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from .config import ClientConfig
from .doctor_content import FoundSources, find_content_sources, find_package_sources
from .doctor_probes import Instruments, Prober
from .gather import gather_facts, parse_server
from .locate import DiscoveryReport, Locator
from .model.checkup import Area, Check, Checkup, ClockSample, ControllerProbe, Level, Lookup, Probe
from .model.content import ContentReference
from .model.decision import SourceKind
from .model.directory import DirectorySecurity
from .model.endpoints import Endpoint, Scheme
from .model.facts import NetworkFacts, NetworkLocation
from .model.groups import SiteData
from .model.http import Deadline
from .protocol.mplist import MpListQuery
from .protocol.srv import domain_controller_query_name, read_directory_servers
from .reporting import decide_reporting
from .rules.checkup_certificates import judge_client_certificate
from .rules.checkup_choice import judge_choice
from .rules.checkup_clock import judge_clocks
from .rules.checkup_directory import do_names_work, judge_controllers, judge_names, judge_published
from .rules.checkup_servers import check_status_point, judge_servers, skip
from .rules.checkup_settings import SettingsSeen, judge_settings
from .rules.checkup_store import judge_store
from .rules.mplist import find_directory_bar
from .world import World

__all__ = ["Doctor"]

_log = logging.getLogger(__name__)
_A = TypeVar("_A")
_B = TypeVar("_B")
_AT_ONCE = 8  # questions at a time, as many as ``locate`` has connections at most
_MOST_CONTROLLERS = 3  # a domain may publish hundreds, and a client asks few
_MOST_SERVERS = 16  # likewise
_AREAS, _LEVELS = list(Area), [Level.ERROR, Level.WARN, Level.OK, Level.SKIPPED]


class _Asked(NamedTuple):
    """What DNS and domain controllers said."""

    lookups: tuple[Lookup, ...] = ()
    controllers: tuple[ControllerProbe, ...] = ()
    bar: str = ""


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
            world: The ports; a store that is read only.
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
        prober = Prober(self._config, self._world, self._instruments, deadline)
        with ThreadPoolExecutor(_AT_ONCE, "doctor") as pool:
            store = pool.submit(self._instruments.store)
            asked = pool.submit(self._ask_names, prober, deadline)
            found = self._discover()
            round_ = _Round(self, prober, found, asked.result(), deadline)
            checks = [
                *judge_settings(_seen(self._config)),
                *judge_store(store.result()),
                *self._judge_certificate(),
                *round_.checks(pool),
            ]
        checks.sort(key=lambda one: (_AREAS.index(one.area), _LEVELS.index(one.level)))
        return Checkup(time, clock.monotonic() - started, tuple(checks))

    def _discover(self) -> DiscoveryReport:
        """Everyone who is named; in half of the time, for whom is named has to be asked."""
        config = self._config._replace(deadline=self._config.deadline / 2)
        return Locator(config, **self._world._asdict(), verifier=self._instruments.verifier).discover()

    def _ask_names(self, prober: Prober, deadline: Deadline) -> _Asked:
        """Domain controllers as DNS or the settings name them, each asked."""
        facts = self._facts(deadline)
        bar = find_directory_bar(facts, is_controller_known=True)
        if bar is not None or facts.domain is None:
            return _Asked(bar="" if bar is None else bar.text)
        domain, lookups = facts.domain, ()
        servers = tuple(parse_server(text) for text in self._config.directory_servers)
        if not servers:
            name = domain_controller_query_name(domain)
            lookup, records = prober.look_up(name, f"domain controllers of {domain}")
            lookups, servers = (lookup,), read_directory_servers(records, is_global_catalog=False)
        probes = _each(servers[:_MOST_CONTROLLERS], lambda server: prober.ask_controller(server, domain))
        return _Asked(lookups, tuple(probes), "DNS names no domain controller")

    def _facts(self, deadline: Deadline) -> NetworkFacts:
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

    def _judge_certificate(self) -> Iterator[Check]:
        tools, wanted = self._instruments, self._config.use_pki_cert
        now, problem = self._world.clock.now(), tools.certificate_problem
        return judge_client_certificate(tools.selection, now, wanted=wanted, problem=problem)

    def find_sources(self, points: Sequence[Endpoint], found: DiscoveryReport, deadline: Deadline) -> FoundSources:
        """The distribution points to ask, from management points that answer."""
        config, world = self._config, self._world
        _log.info("asking where content is", extra={"event": "doctor.content"})
        if self._content is not None and points:
            return find_content_sources(config, world, self._content, deadline, data=self._data)
        decision = found.decision
        return find_package_sources(config, world, points, decision.facts, decision.policy.assigned_site, deadline)


class _Round:
    """The servers of one examination, asked and judged."""

    def __init__(
        self, doctor: Doctor, prober: Prober, found: DiscoveryReport, asked: _Asked, deadline: Deadline
    ) -> None:
        self._doctor, self._prober, self._found, self._asked = doctor, prober, found, asked
        self._deadline, self._config, self._world = deadline, doctor._config, doctor._world  # noqa: SLF001 - its other half
        self._names_work = do_names_work(asked.lookups)

    def checks(self, pool: ThreadPoolExecutor) -> list[Check]:
        """Ask management points and the fallback status point, then distribution points, and judge it all."""
        decision, asked = self._found.decision, self._asked
        internet = decision.facts.network_location is NetworkLocation.INTERNET
        query = MpListQuery.MPLIST2 if internet else MpListQuery.MPLIST
        endpoints = [endpoint for one in decision.ranked for endpoint in one.endpoints][:_MOST_SERVERS]
        reported = pool.submit(self._ask_status_point)
        points = _each(endpoints, lambda endpoint: self._prober.ask_management_point(endpoint, query))
        points = [self._with_root_key(one) for one in points]
        sources = self._doctor.find_sources([one.endpoint for one in points if not one.code], self._found, self._deadline)
        contents = self._ask_sources(sources)
        status, status_probe = reported.result()
        probes = [*points, *contents, *([] if status_probe is None else [status_probe])]
        return [
            *judge_names(asked.lookups),
            *self._judge_directory(),
            *judge_choice(decision, sources_work=self._do_sources_work()),
            *self._judge(Area.MANAGEMENT_POINT, points),
            *([] if sources.check is None else [sources.check]),
            *self._judge(Area.DISTRIBUTION_POINT, contents),
            status,
            *judge_clocks(self._samples(probes)),
        ]

    def _judge(self, area: Area, probes: Sequence[Probe]) -> Iterator[Check]:
        return judge_servers(area, probes, self._world.clock.now(), names_work=self._names_work)

    def _ask_sources(self, sources: FoundSources) -> list[Probe]:
        addresses = sources.addresses[:_MOST_SERVERS]
        return _each(
            [(one.endpoint, one.path) for one in addresses if one.endpoint is not None],
            lambda one: self._prober.ask_distribution_point(*one, sources.what),
        )

    def _ask_status_point(self) -> tuple[Check, Probe | None]:
        reporting = decide_reporting(self._config, self._found.decision.facts, published=self._found.fsp)
        if reporting.point is None:
            return skip(Area.FALLBACK_STATUS_POINT, "", f"none is told: {reporting.reason.text}"), None
        probe = self._prober.ask_status_point(reporting.point.endpoint)
        return check_status_point(probe, names_work=self._names_work), probe

    def _with_root_key(self, probe: Probe) -> Probe:
        """A management point that answers here, and was left alone because it did not show the trusted root key."""
        left = next((one for one in self._found.attempts if one.endpoint == probe.endpoint and one.code == "root-key"), None)
        if probe.code or left is None:
            return probe
        return probe._replace(code=left.code, detail=left.detail, hint=left.hint)

    def _judge_directory(self) -> Iterator[Check]:
        asked, found = self._asked, self._found
        yield from judge_controllers(asked.controllers, bar=asked.bar)
        report = next((one for one in found.sources if one.source is SourceKind.DIRECTORY), None)
        sites = None if found.published is None else found.published.sites
        site = found.decision.policy.assigned_site
        published = judge_published(report, sites, site, works=self._does_directory_work())
        if published is not None:
            yield published

    def _does_directory_work(self) -> bool:
        return any(not (one.code or one.ping) for one in self._asked.controllers)

    def _do_sources_work(self) -> bool:
        return self._names_work and (not self._asked.controllers or self._does_directory_work())

    def _samples(self, probes: Iterable[Probe]) -> list[ClockSample]:
        sealed = self._config.directory_security is not DirectorySecurity.CLEAR
        samples = [
            ClockSample(one.host, one.ahead, sealed) for one in self._asked.controllers if one.ahead is not None
        ]
        samples += [
            ClockSample(one.endpoint.host, one.ahead, one.endpoint.scheme is Scheme.HTTPS)
            for one in probes
            if one.ahead is not None
        ]
        return list({one.host: one for one in samples}.values())


def _each(items: Iterable[_A], ask: Callable[[_A], _B]) -> list[_B]:
    """Ask all of them at once; the answers in the order of the items."""
    waiting = list(items)
    if not waiting:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(waiting)), "doctor") as pool:
        return list(pool.map(ask, waiting))


def _seen(config: ClientConfig) -> SettingsSeen:
    return SettingsSeen(
        use_pki_cert=config.use_pki_cert,
        allow_http=config.allow_http,
        crl_check=config.crl_check,
        always_internet=config.always_internet,
        network_location=config.network_location,
        has_internet_server=config.internet_mp is not None or bool(config.fallback_gateways),
        has_site_code=config.site_code is not None,
        has_dns_suffix=config.origins.get("dns_suffix", "default") != "default" and config.dns_suffix is not None,
        management_points=config.management_points,
        allowed_mps=config.allowed_mps,
        fsp=config.fsp,
        report=config.report,
        http_port=config.http_port,
        https_port=config.https_port,
        connect_timeout=config.connect_timeout,
        deadline=config.deadline,
    )
