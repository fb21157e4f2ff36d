"""Facts, candidates, decision, contact: the way to a management point."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, cast

from .deferred import Deferred
from .discover import Published, Sources
from .errors import (
    LocateError,
    NoEligibleManagementPointError,
    NoManagementPointFoundError,
    NoReachableManagementPointError,
    RootKeyBlockedError,
    RootKeyError,
    TrustRefusedError,
)
from .gather import gather_facts
from .knowledge import Knowledge, Tools
from .model.decision import Decision, Location, Reason, SourceKind, SourceReport
from .model.http import Attempt, Deadline, Outcome
from .model.rule import decides
from .rules.metered import action_of, find_metered_bar
from .search import Search

if TYPE_CHECKING:
    from .config import ClientConfig
    from .model.certificates import ClientCertificate
    from .model.facts import NetworkFacts
    from .model.names import HostName
    from .model.network import LocationJudgement
    from .mpclient import ManagementPointClient
    from .ports import (
        Clock,
        DirectoryService,
        DomainControllerPing,
        FactsSource,
        NameService,
        SignatureVerifier,
        Store,
        Transport,
        WinsService,
    )
    from .rules.choose import SeededChooser

__all__ = ["DiscoveryReport", "Locator"]

_log = logging.getLogger(__name__)
_DIRECTORY_TRUST = "directory-trust"


class DiscoveryReport(NamedTuple):
    """What every source named, and how it would be judged.

    Attributes:
        decision: All candidates, merged and judged, and what could not be read.
        sources: What came of each source.
        attempts: What happened when a management point was asked for its list.
        published: What sites publish besides in the directory; None when it did not answer.
        fsp: The fallback status point that the directory names for this client; None for none.
    """

    decision: Decision
    sources: tuple[SourceReport, ...]
    attempts: tuple[Attempt, ...]
    published: Published | None = None
    fsp: HostName | None = None


class Locator:
    """Locates a management point as a client would, and says why it is that one."""

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
        verifier: SignatureVerifier | None = None,
        wins: WinsService | None = None,
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
            offline: Use the stored list and ask nobody.
            verifier: Looks at signatures of the site's keys; None to leave them unlooked at.
            wins: Looks up names in WINS; None where nobody can.
        """
        self._config = config
        self._facts = facts
        self._controllers = controllers
        self._names = names
        self._clock = clock
        self._tools = Tools(
            config=config,
            sources=Sources(config, directory=directory, names=names, store=store, clock=clock, wins=wins),
            client=_client_of(config, transport, clock),
            store=store,
            clock=clock,
            chooser=chooser,
            certificate=certificate,
            offline=offline,
            verifier=verifier,
        )

    def gather(self) -> NetworkFacts:
        """Gather the facts of this machine.

        Raises:
            FactsError: The machine could not be asked at all.
        """
        return self._gather(self._deadline())[0]

    def discover(self) -> DiscoveryReport:
        """Ask every source that the rules allow this client, whether it is its turn or not, and judge what they name.

        The last source is the list of the best management point that answers. Nothing is stored.

        Raises:
            FactsError: The machine could not be asked at all.
        """
        deadline = self._deadline()
        facts, _ = self._gather(deadline)
        search = Search(self._tools, facts, deadline)
        known = search.known
        for stage in search.every_stage():
            for turn in stage:
                if turn.source not in {report.source for report in known.reports}:
                    search.ask(turn)
        if find_metered_bar(self._config.metered, facts, action_of(self._config.purpose)) is None:
            search.contact()
            search.turn_to_internet()
        fsp = known.location().fsp
        return DiscoveryReport(known.decide(), tuple(known.reports), tuple(known.attempts), known.published, fsp)

    @decides("ML-007", "ML-011")
    def locate(self) -> Location:
        """Locate a management point: look where the rules look, stop where they stop, ask the chosen one.

        Returns:
            The location, with a chosen management point.

        Raises:
            NoManagementPointFoundError: No source named any.
            NoEligibleManagementPointError: The rules reject every one, or any traffic on a metered connection.
            NoReachableManagementPointError: None of the eligible ones answered.
            RootKeyBlockedError: Some were there and did not show the trusted root key, and no other one answered.
            TrustRefusedError: All of them were there and trust was refused; or nobody was found because the directory
                was not trusted. All of these hold the whole Location.
            FactsError: The machine could not be asked at all.
        """
        deadline = self._deadline()
        facts, where = self._gather(deadline)
        search = Search(self._tools, facts, deadline)
        known = search.known
        for reason in where.reasons:
            known.note(f"network location {facts.network_location.value}: {reason.text}")
        if (bar := find_metered_bar(self._config.metered, facts, action_of(self._config.purpose))) is not None:
            raise _barred(known, bar)
        for stage in search.stages():
            if known.is_over():
                search.pass_over(stage)
                continue
            for turn in stage:
                search.ask(turn)
            search.contact()
        search.turn_to_internet()
        known.keep()
        location = known.location()
        if location.chosen is None:
            raise _failure(location, timed_out=deadline.expired)
        _log.info("located %s", location.endpoint, extra={"event": "mp.located"})
        return location

    def _deadline(self) -> Deadline:
        return Deadline.after(self._config.deadline, self._clock.monotonic)

    def _gather(self, deadline: Deadline) -> tuple[NetworkFacts, LocationJudgement]:
        return gather_facts(
            self._config,
            source=self._facts,
            names=self._names,
            controllers=self._controllers,
            deadline=deadline,
            offline=self._tools.offline,
        )


def _client_of(config: ClientConfig, transport: Transport, clock: Clock) -> ManagementPointClient:
    """Who talks to management points; loaded when somebody is to be talked to."""

    def make() -> ManagementPointClient:
        from .contacting import client_of

        return client_of(config, transport, clock)

    return cast("ManagementPointClient", Deferred(make))


def _barred(known: Knowledge, bar: Reason) -> LocateError:
    """The error for a client that may not talk to its site at all now."""
    known.note(f"{bar.rule} {bar.text}")
    hint = "try from another connection, or set metered to limit or allow"
    return NoEligibleManagementPointError(bar.text, location=known.location(), hint=hint)


def _failure(location: Location, *, timed_out: bool) -> LocateError:
    """The error for a location without a chosen management point."""
    from .rules.failures import all_refuse_trust, find_trust_hint

    decision = location.decision
    if decision.ranked:
        failed = [attempt for attempt in location.attempts if attempt.outcome is Outcome.FAILED]
        if blocked := [attempt for attempt in failed if attempt.code == RootKeyError.code]:
            return RootKeyBlockedError(blocked[0].detail, location=location, hint=blocked[0].hint)
        if all_refuse_trust(location.attempts):
            asked = {(attempt.endpoint.host, attempt.endpoint.gateway) for attempt in failed}
            return TrustRefusedError(
                f"trust was refused by, or of, every management point that was asked ({len(asked)})",
                location=location,
                hint=find_trust_hint(location.attempts),
            )
        return _unreachable(location, timed_out=timed_out)
    if decision.rejected:
        return NoEligibleManagementPointError(
            f"the rules reject every management point that was found ({len(decision.rejected)})",
            location=location,
            hint="each says which rule rejects it",
        )
    untrusted = [report for report in location.sources if report.code == _DIRECTORY_TRUST]
    if untrusted:
        hint = "compare the certificate of the directory server with directory_ca_file"
        return TrustRefusedError(f"nobody was found: {untrusted[0].detail}", location=location, hint=hint)
    return NoManagementPointFoundError(
        "no source named a management point", location=location, hint=_found_hint(location)
    )


def _unreachable(location: Location, *, timed_out: bool) -> NoReachableManagementPointError:
    ranked = location.decision.ranked
    tried = {attempt.endpoint for attempt in location.attempts}
    untried = [one.name for one in ranked if not tried.intersection(one.endpoints)]
    if untried and timed_out:
        return NoReachableManagementPointError(
            f"the time was up before {len(untried)} of {len(ranked)} eligible management points were asked,"
            " and no other answered",
            location=location,
            hint="raise --deadline",
        )
    return NoReachableManagementPointError(
        f"no eligible management point answered (of {len(ranked)})",
        location=location,
        hint="what happened to each is told with it; 'cmclient doctor' looks further",
    )


def _found_hint(location: Location) -> str:
    bars = [f"{report.source.value}: {report.detail}" for report in location.sources if report.found == 0]
    step = "name one with management_points (--mp), or set site_code and dns_suffix, by which DNS is asked"
    if {report.source for report in location.sources} == {SourceKind.STORED_LIST}:  # as it is without a network
        step = "locate once with the network, not --offline: that stores a list"
    return f"{step} ({'; '.join(bars)})" if bars else step
