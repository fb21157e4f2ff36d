"""Ask one source for management points, and say what came of it."""

import logging
from collections.abc import Callable
from typing import NamedTuple

from .config import ClientConfig
from .errors import CmClientError, Disposition
from .gather import parse_server
from .model.decision import Candidate, Discovered, Origin, Policy, Reason, SourceKind, SourceReport
from .model.directory import DirectoryEntry, DirectoryServer, PublishedFsp, PublishedRange, PublishedSite
from .model.endpoints import Audience, InternetAddress, ManagementPoint, Protocols
from .model.facts import NetworkFacts
from .model.http import Deadline
from .model.names import DnsDomain, HostName
from .model.rule import decides
from .ports import Clock, DirectoryService, NameService, Store, WinsService
from .rules.device_kinds import as_device_entry
from .rules.mplist import find_directory_bar, find_dns_bar, suffix_of
from .rules.profiles import profile_of

__all__ = ["Found", "Published", "Sources"]

_log = logging.getLogger(__name__)
_MOST_SERVERS = 3  # directory servers tried: each may cost its whole time


class Published(NamedTuple):
    """What sites publish in the directory besides their management points.

    Attributes:
        sites: Sites with their boundaries.
        ranges: IPv4 ranges of any site.
        trusted_forests: Forests that the asked forest trusts; None when that could not be read.
        locator_points: Server locator points of CM 2007; looked for under its profile only.
        fallback_status_points: One a site at most.
    """

    sites: tuple[PublishedSite, ...] = ()
    ranges: tuple[PublishedRange, ...] = ()
    trusted_forests: tuple[DnsDomain, ...] | None = None
    locator_points: tuple[HostName, ...] = ()
    fallback_status_points: tuple[PublishedFsp, ...] = ()


class Found(NamedTuple):
    """What one source gave.

    Attributes:
        report: What was asked and what came of it.
        discovered: Candidates and what could not be read.
        published: From the directory only; None from any other source, and when it did not answer.
    """

    report: SourceReport
    discovered: Discovered = Discovered()
    published: Published | None = None


class Sources:
    """The sources of candidates, each asked as the rules allow and no further."""

    def __init__(
        self,
        config: ClientConfig,
        *,
        directory: DirectoryService,
        names: NameService,
        store: Store,
        clock: Clock,
        wins: WinsService | None = None,
    ) -> None:
        self._config = config
        self._rules = profile_of(config.profile).sources
        self._directory = directory
        self._names = names
        self._store = store
        self._clock = clock
        self._wins = wins

    @property
    def has_wins(self) -> bool:
        """Whether there is somebody who can ask WINS."""
        return self._wins is not None

    def ask(
        self,
        source: SourceKind,
        rule: str,
        facts: NetworkFacts,
        policy: Policy,
        deadline: Deadline,
        *,
        has_root_key: bool = False,
    ) -> Found:
        """Ask one source.

        Args:
            source: Which one.
            rule: The rule that says that it is its turn.
            facts: What is known of the client; decides whether the source may be asked.
            policy: The assigned site and its ports, for sources that need them.
            deadline: The end of waiting. One source gets half of what is left, and its own limit applies as well.
            has_root_key: Whether a trusted root key is known; WINS needs one.

        Returns:
            What it gave; a source that failed gives nothing and says so in its report. Never raises CmClientError.
        """
        if (bar := self._rules.find_bar(source, facts, policy)) is not None:
            return _barred(source, bar)
        deadline = deadline.half()  # a silent source must leave time for the next
        asked: dict[SourceKind, Callable[[], Found]] = {
            SourceKind.INSTALLATION: lambda: self._installation(rule, facts),
            SourceKind.STORED_LIST: lambda: self._stored(rule),
            SourceKind.ANSWERED_BEFORE: lambda: self._answered_before(rule),
            SourceKind.GATEWAY_LIST: lambda: _fallback_gateways(rule, facts),
            SourceKind.DIRECTORY: lambda: self._ask_directory(rule, facts, deadline),
            SourceKind.DNS: lambda: self._ask_dns(rule, facts, policy, deadline),
            SourceKind.WINS: lambda: self._ask_wins(rule, facts, policy, deadline, has_root_key=has_root_key),
        }
        started = self._clock.monotonic()
        _log.info("asking %s", source.value, extra={"event": "source.asked"})
        try:
            found = asked[source]()
        except CmClientError as error:
            _log.info("%s: %s", source.value, error.message, extra={"event": "source.failed"})
            report = SourceReport(
                source, asked=True, found=0, rule=rule, detail=error.message, code=error.code, hint=error.hint
            )
            found = Found(report)
        seconds = round(self._clock.monotonic() - started, 6)
        return found._replace(report=found.report._replace(seconds=seconds))

    @decides("ML-005", "ML-008", "MP-017")
    def _installation(self, rule: str, facts: NetworkFacts) -> Found:
        """Entries of ``SMSMP``, ``SMSMPLIST`` and the settings; ``/mp`` alone is none of them."""
        origin = Origin(SourceKind.INSTALLATION, self._config.origins.get("management_points", "settings"))
        candidates = [
            Candidate(as_device_entry(mp, facts.client_kind), (origin,)) for mp in self._config.management_points
        ]
        if facts.internet_mp is not None:
            mp = _internet_server(facts.internet_mp)._replace(site_code=self._config.site_code)
            where = facts.origins.get("internet_mp", "settings")
            candidates.append(Candidate(mp, (Origin(SourceKind.INSTALLATION, where),)))
        detail = "entries of the settings" if candidates else "no entry in management_points or internet_mp"
        return _found(SourceKind.INSTALLATION, rule, detail, Discovered(tuple(candidates)))

    def _stored(self, rule: str) -> Found:
        discovered = Discovered(self._store.load_mp_list())
        detail = "the stored list" if discovered.candidates else "no list is stored yet"
        return _found(SourceKind.STORED_LIST, rule, detail, discovered)

    def _answered_before(self, rule: str) -> Found:
        discovered = Discovered(self._store.load_answered())
        detail = "whoever has answered before" if discovered.candidates else "none has answered yet"
        return _found(SourceKind.ANSWERED_BEFORE, rule, detail, discovered)

    @decides("DN-002", "DN-011", "DN-018")
    def _ask_dns(self, rule: str, facts: NetworkFacts, policy: Policy, deadline: Deadline) -> Found:
        site = policy.assigned_site
        suffix = suffix_of(facts, given=self._config.dns_suffix)
        bar = find_dns_bar(facts, site=site, suffix=suffix)
        if bar is not None or site is None or suffix is None:
            return _barred(SourceKind.DNS, bar)
        from .protocol.srv import read_srv_records, srv_query_name

        name = srv_query_name(site, suffix)
        records = self._names.resolve_srv(name, deadline.within(2 * self._config.dns_timeout))
        discovered = read_srv_records(
            name, records, site=site, http_port=policy.http_port, https_port=policy.https_port
        )
        return _found(SourceKind.DNS, rule, f"SRV {name}", self._rules.read_dns(discovered))

    def _ask_wins(
        self, rule: str, facts: NetworkFacts, policy: Policy, deadline: Deadline, *, has_root_key: bool
    ) -> Found:
        from .rules.wins import find_wins_bar, read_wins_addresses, wins_name

        service, name = self._wins, wins_name(policy)
        bar = find_wins_bar(
            facts,
            policy,
            is_wanted=self._config.wins_lookup,
            has_service=service is not None,
            has_root_key=has_root_key,
        )
        if bar is not None or service is None or name is None:
            return _barred(SourceKind.WINS, bar)
        addresses = service.resolve(name, deadline.within(2 * self._config.dns_timeout))
        discovered = self._rules.read_dns(read_wins_addresses(name, addresses, policy))
        return _found(SourceKind.WINS, rule, str(name), discovered)

    @decides("AD-002", "AD-026", "ML-038")
    def _ask_directory(self, rule: str, facts: NetworkFacts, deadline: Deadline) -> Found:
        """Read what is published in the client's own forest, whichever forest its site servers are in."""
        bar = find_directory_bar(facts)
        if bar is not None or facts.domain is None:
            return _barred(SourceKind.DIRECTORY, bar)
        within = deadline.within(self._config.directory_timeout)
        failure: CmClientError | None = None
        for server in self._directory_servers(facts, within)[:_MOST_SERVERS]:
            try:
                return self._read_directory(rule, server, facts.domain, within)
            except CmClientError as error:
                failure = error
                if error.disposition is not Disposition.NEXT_ENDPOINT:
                    break
        if failure is not None:
            raise failure
        return _barred(SourceKind.DIRECTORY, Reason("CF-003", "no directory server is known"))

    def _directory_servers(self, facts: NetworkFacts, deadline: Deadline) -> tuple[DirectoryServer, ...]:
        """Global catalogs of the forest, else domain controllers; whoever answered the ping first."""
        wants_gc = self._config.use_global_catalog
        given = tuple(parse_server(text, wants_global_catalog=wants_gc) for text in self._config.directory_servers)
        if given:
            return given
        from .protocol.srv import domain_controller_query_name, global_catalog_query_name

        servers: tuple[DirectoryServer, ...] = ()
        if wants_gc and facts.forest is not None:
            servers = self._find_servers(global_catalog_query_name(facts.forest), deadline, is_global_catalog=True)
        if not servers and facts.domain is not None:
            servers = self._find_servers(domain_controller_query_name(facts.domain), deadline, is_global_catalog=False)
        answered = {controller.host: controller.address for controller in facts.domain_controllers}
        near = [server._replace(address=answered[server.host]) for server in servers if server.host in answered]
        return (*near, *(server for server in servers if server.host not in answered))

    def _find_servers(self, name: str, deadline: Deadline, *, is_global_catalog: bool) -> tuple[DirectoryServer, ...]:
        from .protocol.srv import read_directory_servers

        records = self._names.resolve_srv(name, deadline.within(2 * self._config.dns_timeout))
        return read_directory_servers(records, is_global_catalog=is_global_catalog)

    def _read_directory(self, rule: str, server: DirectoryServer, domain: DnsDomain, deadline: Deadline) -> Found:
        from .protocol.directory import (
            management_point_query,
            range_query,
            site_query,
            system_management_dn,
            trust_query,
        )

        base = "" if server.is_global_catalog else system_management_dn(domain)
        queries = [management_point_query(base), site_query(base), range_query(base), trust_query(domain)]
        if self._rules.finds_locator_point:
            from .protocol.legacy_directory import locator_point_query

            queries.append(locator_point_query(base))
        entries = self._directory.search(server, queries, deadline)
        discovered, published = _read_published(entries, server)
        discovered = self._rules.read_directory(discovered, published.sites)
        detail = f"{'global catalog' if server.is_global_catalog else 'domain controller'} {server.host}"
        found = _found(SourceKind.DIRECTORY, rule, detail, discovered)
        return found._replace(published=published)


@decides("CG-010")
def _fallback_gateways(rule: str, facts: NetworkFacts) -> Found:
    """The gateways that an installed client has written down for the day on which it knows no other.

    Facts are gathered anew by each search: at the start of a service, after a network change, and in each cycle.
    """
    origin = Origin(SourceKind.GATEWAY_LIST, facts.origins.get("fallback_gateways", "settings"))
    found = tuple(Candidate(_internet_server(one), (origin,)) for one in facts.fallback_gateways)
    detail = "the list of gateways" if found else "the list of gateways (CMGFQDNs) is empty"
    return _found(SourceKind.GATEWAY_LIST, rule, detail, Discovered(found))


def _internet_server(address: InternetAddress) -> ManagementPoint:
    return ManagementPoint(
        address.host,
        protocols=Protocols.HTTPS,
        https_port=address.port,
        audience=Audience.INTERNET,
        gateway=address.gateway,
    )


def _read_published(
    entries: tuple[tuple[DirectoryEntry, ...], ...], server: DirectoryServer
) -> tuple[Discovered, Published]:
    from .protocol.directory import (
        read_fallback_status_points,
        read_management_points,
        read_ranges,
        read_sites,
        read_trusted_forests,
    )
    from .protocol.legacy_directory import read_locator_points

    points, sites, ranges, trusts, *locators = entries
    discovered = read_management_points(points)
    read, broken_sites = read_sites(sites)
    spans, broken_ranges = read_ranges(ranges)
    _log.debug("%s: %d sites, %d ranges", server.host, len(read), len(spans), extra={"event": "directory.read"})
    unreadable = discovered.unreadable + broken_sites + broken_ranges
    known = tuple(host for some in locators for host in read_locator_points(some))
    fsps = read_fallback_status_points(points)
    published = Published(read, spans, read_trusted_forests(trusts), known, fsps)
    return discovered._replace(unreadable=unreadable), published


def _found(source: SourceKind, rule: str, detail: str, discovered: Discovered) -> Found:
    count = len(discovered.candidates)
    return Found(SourceReport(source, asked=True, found=count, rule=rule, detail=detail), discovered)


def _barred(source: SourceKind, bar: Reason | None) -> Found:
    reason = bar or Reason("CF-003", "what it would be asked about is not known")
    return Found(SourceReport(source, asked=False, found=0, rule=reason.rule, detail=reason.text))
