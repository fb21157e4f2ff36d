"""Everything that a doctor saw, judged: each area by its own module of rules, in the order in which a person reads."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from .config import ClientConfig
from .doctor_content import FoundSources
from .doctor_probes import Instruments
from .locator import DiscoveryReport
from .model.checkup import Area, Check, ClockSample, ControllerProbe, Level, Lookup, Probe, StoreState
from .model.decision import Reason, SourceKind
from .model.directory import DirectorySecurity
from .model.endpoints import Scheme
from .rules.certificates import checks_revocation
from .rules.checkup_certificates import judge_client_certificate
from .rules.checkup_choice import judge_choice
from .rules.checkup_clock import judge_clocks
from .rules.checkup_directory import do_names_work, judge_controllers, judge_names, judge_published
from .rules.checkup_servers import check_status_point, judge_servers, skip
from .rules.checkup_settings import SettingsSeen, judge_settings
from .rules.checkup_store import judge_store

__all__ = ["Controllers", "Seen", "judge"]

_AREAS, _LEVELS = list(Area), [Level.ERROR, Level.WARN, Level.OK, Level.SKIPPED]


class Controllers(NamedTuple):
    """What DNS and domain controllers said.

    Attributes:
        lookups: Questions to DNS.
        probes: Domain controllers in the order in which they are asked.
        bar: Why none was asked, where none was.
    """

    lookups: tuple[Lookup, ...] = ()
    probes: tuple[ControllerProbe, ...] = ()
    bar: str = ""

    @property
    def work(self) -> bool:
        """Whether one of them does all that a client asks of it."""
        return any(one.works for one in self.probes)


class Seen(NamedTuple):
    """Everything that was asked.

    Attributes:
        found: Management points that any source names, judged.
        controllers: DNS and domain controllers.
        points: Management points, in the order of a client.
        sources: What the site said of distribution points.
        contents: Distribution points, likewise.
        status_point: The fallback status point; the reason why there is none to ask where there is none.
        store: The store.
    """

    found: DiscoveryReport
    controllers: Controllers
    points: Sequence[Probe]
    sources: FoundSources
    contents: Sequence[Probe]
    status_point: Probe | Reason
    store: StoreState


def judge(config: ClientConfig, tools: Instruments, seen: Seen, now: datetime) -> tuple[Check, ...]:
    """Judge it all.

    Args:
        config: The settings.
        tools: What else was looked with.
        seen: What was seen.
        now: The time, aware.

    Returns:
        Checks by area, within it the worst first.
    """
    checks = [
        *judge_settings(_settings_of(config)),
        *judge_store(seen.store),
        *judge_clocks(_samples(config, seen)),
        *judge_names(seen.controllers.lookups),
        *_judge_directory(seen),
        *judge_client_certificate(tools.selection, now, wanted=config.use_pki_cert, problem=tools.certificate_problem),
        *_judge_servers(config, seen, now),
    ]
    return tuple(sorted(checks, key=lambda one: (_AREAS.index(one.area), _LEVELS.index(one.level))))


def _judge_directory(seen: Seen) -> Iterator[Check]:
    controllers, found = seen.controllers, seen.found
    yield from judge_controllers(controllers.probes, bar=controllers.bar)
    report = next((one for one in found.sources if one.source is SourceKind.DIRECTORY), None)
    sites = None if found.published is None else found.published.sites
    published = judge_published(report, sites, found.decision.policy.assigned_site, works=controllers.work)
    if published is not None:
        yield published


def _judge_servers(config: ClientConfig, seen: Seen, now: datetime) -> Iterator[Check]:
    decision, controllers = seen.found.decision, seen.controllers
    names_work = do_names_work(controllers.lookups)
    checked = checks_revocation(decision.facts.client_kind, wanted=config.crl_check)
    revocation = ", not revoked" if checked else ", not checked for revocation (crl_check is off)"
    yield from judge_choice(
        decision, seen.found.sources, sources_work=names_work and (controllers.work or not controllers.probes)
    )
    for area, probes in ((Area.MANAGEMENT_POINT, seen.points), (Area.DISTRIBUTION_POINT, seen.contents)):
        yield from judge_servers(area, probes, now, names_work=names_work, revocation=revocation)
    if seen.sources.check is not None:
        yield seen.sources.check
    if isinstance(seen.status_point, Probe):
        yield check_status_point(seen.status_point, names_work=names_work)
    else:
        yield skip(Area.FALLBACK_STATUS_POINT, "", f"none is told: {seen.status_point.text}")


def _samples(config: ClientConfig, seen: Seen) -> list[ClockSample]:
    """What each server says of the time, once."""
    sealed = config.directory_security is not DirectorySecurity.CLEAR
    samples = [ClockSample(one.host, one.ahead, sealed) for one in seen.controllers.probes if one.ahead is not None]
    status = [seen.status_point] if isinstance(seen.status_point, Probe) else []
    samples += [
        ClockSample(one.endpoint.host, one.ahead, one.endpoint.scheme is Scheme.HTTPS)
        for one in (*seen.points, *seen.contents, *status)
        if one.ahead is not None
    ]
    return list({one.host: one for one in samples}.values())


def _settings_of(config: ClientConfig) -> SettingsSeen:
    return SettingsSeen(
        use_pki_cert=config.use_pki_cert,
        allow_http=config.allow_http,
        always_internet=config.always_internet,
        network_location=config.network_location,
        has_internet_server=config.internet_mp is not None or bool(config.fallback_gateways),
        has_site_code=config.site_code is not None,
        has_dns_suffix=config.dns_suffix is not None,
        management_points=config.management_points,
        allowed_mps=config.allowed_mps,
        fsp=config.fsp,
        report=config.report,
        http_port=config.http_port,
        https_port=config.https_port,
        connect_timeout=config.connect_timeout,
        deadline=config.deadline,
    )
