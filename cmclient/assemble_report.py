"""The second composition root: puts a reporter together from settings."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .assemble import FixedFacts, GivenFacts, Run, open_chooser, store_path
from .config import ClientConfig
from .deferred import Deferred
from .gather import gather_facts
from .model.decision import Location
from .model.directory import DirectoryServer, SrvRecord
from .model.facts import NetworkFacts
from .model.http import Deadline
from .model.names import DnsDomain, HostName, SiteCode
from .ports import Clock, FactsSource, ReportQueue, Transport

if TYPE_CHECKING:
    from .model.reports import Reporting
    from .model.state import ClientIdentity
    from .report import StatusReporter

__all__ = ["find_reporting_here", "open_reporter"]


@contextmanager
def open_reporter(
    config: ClientConfig, run: Run | None = None, *, location: Location | None = None
) -> "Iterator[StatusReporter]":
    """A reporter on the real world, closed at the end.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not. One that does not write reports nothing, and neither
            does a client whose site is not known.
        location: What was just located, or that nothing was: with the facts of the client, its site, and the fallback
            status point that the directory names; None to ask this machine for facts, without the network.

    Raises:
        FactsError: The machine could not be asked at all.
        StoreError: The queue cannot be read.
    """
    from .adapters.clock import SystemClock
    from .report import StatusReporter
    from .reporting import limits_of, style_of

    run, clock = run or Run(), SystemClock()
    with ExitStack() as stack:
        queue = _open_queue(config, run, stack)
        transport: Any = Deferred(lambda: _plain_transport(config))  # made when something is sent
        stack.callback(transport.close)
        reporting, identity = _decide(config, run, queue, location, clock)
        yield StatusReporter(
            reporting,
            queue=queue,
            transport=transport,
            clock=clock,
            chooser=open_chooser(config),
            identity=identity,
            style=style_of(config),
            limits=limits_of(config),
            wants_certificate=config.use_pki_cert,
        )


def find_reporting_here(config: ClientConfig, run: Run, location: Location) -> "Reporting":
    """Whether a reporter that is opened with the same arguments reports, without what only sending needs.

    Raises:
        StoreError: The queue cannot be read.
    """
    from .adapters.clock import SystemClock

    with ExitStack() as stack:
        queue: Any = Deferred(lambda: _open_queue(config, run, stack))
        return _decide(config, run, queue, location, SystemClock())[0]


def _decide(
    config: ClientConfig, run: Run, queue: ReportQueue, location: Location | None, clock: Clock
) -> "tuple[Reporting, ClientIdentity]":
    """Whether is reported, and as whom."""
    from .reporting import decide_reporting, identity_of, with_site

    facts = _local_facts(config, run, clock) if location is None else location.facts
    reporting = decide_reporting(
        config,
        facts,
        published=_find_published(config, run, queue, location, clock.now()),
        what_if=not run.writes or run.offline,
    )
    identity = identity_of(config, facts, site=_find_site(config, run, location))
    return with_site(reporting, identity), identity


class _Nobody:
    """Who is asked when nobody is to be asked."""

    def ping(self, server: DirectoryServer, domain: DnsDomain, deadline: Deadline) -> None:
        """Say nothing."""

    def resolve_srv(self, name: str, deadline: Deadline) -> tuple[SrvRecord, ...]:
        """Know nothing."""
        del name, deadline
        return ()

    def resolve_host(self, name: HostName, deadline: Deadline) -> tuple[str, ...]:
        """Know nothing."""
        del name, deadline
        return ()

    def resolve_alias(self, name: HostName, deadline: Deadline) -> None:
        """Know nothing."""


def _local_facts(config: ClientConfig, run: Run, clock: Clock) -> NetworkFacts:
    """What this machine knows without the network."""
    from .adapters.facts import system_facts

    source: FactsSource = system_facts() if run.facts is None else FixedFacts(run.facts)
    if run.replaced:
        source = GivenFacts(source, run.replaced)
    now = Deadline.after(0.0, clock.monotonic)
    nobody = _Nobody()
    return gather_facts(config, source=source, names=nobody, controllers=nobody, deadline=now, offline=True)[0]


def _find_published(
    config: ClientConfig, run: Run, queue: ReportQueue, location: Location | None, now: datetime
) -> HostName | None:
    """The one that the directory named: just now, else when it was last asked; it counts only where that is wished."""
    if not config.report:
        return None if location is None else location.fsp
    if location is None or location.fsp is None:
        return queue.view(now).published
    if run.writes:
        queue.keep_published(location.fsp, now)
    return location.fsp


def _find_site(config: ClientConfig, run: Run, location: Location | None) -> SiteCode | None:
    """The client's site: as just found, else as stored."""
    if location is not None:
        return location.decision.policy.assigned_site
    if not run.remembers or config.site_code is not None:
        return config.site_code
    from .adapters.store import SqliteStore

    with SqliteStore(store_path(config), read_only=True) as store:
        kept = store.load_assignment()
    return kept and kept.site


def _open_queue(config: ClientConfig, run: Run, stack: ExitStack) -> ReportQueue:
    if not run.remembers:
        from .adapters.memory_report_queue import MemoryReportQueue

        return MemoryReportQueue()
    from .adapters.report_queue import SqliteReportQueue
    from .adapters.sqlite_file import SqliteFile
    from .adapters.store import SCHEMA

    queue = SqliteReportQueue(SqliteFile(store_path(config), SCHEMA, read_only=not run.writes))
    stack.callback(queue.close)
    return queue


def _plain_transport(config: ClientConfig) -> Transport:
    """HTTP that knows no secret: no certificate, and nothing from the environment."""
    from .adapters.dns import DnsNameService
    from .adapters.http import RequestsTransport

    names = DnsNameService(config.dns_servers, attempt_timeout=config.dns_timeout)
    resolve = names.resolve_host if config.dns_servers else None
    return RequestsTransport(resolve=resolve, source_address=config.bind_address)
