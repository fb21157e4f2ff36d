"""The way to the assigned site: facts, the directory, a management point, the versions."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from .config import ClientConfig
from .contacting import client_of
from .discover import Sources
from .gather import read_facts
from .messaging import LocationMessenger
from .model.assignment import AssignmentDecision
from .model.decision import Reason, SourceReport, StoredAssignment
from .model.facts import NetworkFacts
from .model.http import Attempt, Deadline
from .model.network import LocationJudgement
from .model.rule import decides
from .rootkeys import RootKeys
from .rules.choose import SeededChooser
from .rules.roaming import judge_roaming
from .sitesearch import AskAssignedSite, AssignmentOptions, SiteMeans, SiteSearch
from .world import World

__all__ = ["Assigner", "AssignmentOptions", "AssignmentReport"]

_USUAL = AssignmentOptions()


class AssignmentReport(NamedTuple):
    """The assigned site, and everything that led there.

    Attributes:
        decision: The decision.
        location: Where the client is, by everything that is known now.
        facts: The facts that the decision rests on.
        roaming: What the client may use where it is.
        sources: What came of each source that was considered, in order.
        attempts: What happened when management points were asked, in order of start.
        learned: What there is to be kept of the assigned site; None without one.
        time: When, in UTC, ISO 8601.
        retry_at: When it is tried again, likewise; empty when it is not.
        notes: What a person should know besides.
    """

    decision: AssignmentDecision
    location: LocationJudgement
    facts: NetworkFacts
    roaming: Reason
    sources: tuple[SourceReport, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    learned: StoredAssignment | None = None
    time: str = ""
    retry_at: str = ""
    notes: tuple[str, ...] = ()


class Assigner:
    """Finds the site that a client is assigned to, as a client would, and says why it is that one."""

    def __init__(self, config: ClientConfig, world: World, *, ask_assigned_site: AskAssignedSite | None = None) -> None:
        """Put an assigner together from its ports; ``cmclient.assemble`` does it from settings alone.

        Args:
            config: The settings.
            world: The ports. Their store is read, and written by ``save`` alone.
            ask_assigned_site: Asks a management point for the site; None for the message that a client sends.
        """
        self._config = config
        self._world = world
        self._sources = Sources(
            config, directory=world.directory, names=world.names, store=world.store, clock=world.clock
        )
        self._client = client_of(config, world.transport, world.clock)
        self._ask_assigned_site = ask_assigned_site

    def assign(self, options: AssignmentOptions = _USUAL, *, attempt: int = 0) -> AssignmentReport:
        """Find the assigned site. Nothing is stored.

        Args:
            options: How this assignment differs from what settings and network say.
            attempt: Which attempt it is; each draws anew between addresses and between sites.

        Raises:
            FactsError: The machine could not be asked at all.
            InvalidValueError: A boundary of ``options.data`` cannot be of its kind.
        """
        deadline = Deadline.after(self._config.deadline, self._world.clock.monotonic)
        facts, location = read_facts(self._config, self._world, deadline, offline=options.data is not None)
        chooser = SeededChooser(self._world.chooser.seed + attempt)
        means = self._means(facts, chooser)
        search = SiteSearch(means, facts, location, options=options, chooser=chooser, deadline=deadline)
        return self._report(search, search.search())

    @decides("SA-008")
    def assign_until_done(
        self,
        options: AssignmentOptions = _USUAL,
        *,
        pause: Callable[[float], None],
        told: Callable[[AssignmentReport], None],
    ) -> AssignmentReport:
        """Find the assigned site, again and again as a client does, until there is one or a rule forbids it.

        Args:
            options: How this assignment differs from what settings and network say.
            pause: Waits that many seconds.
            told: Takes the report of an attempt that is followed by another one.

        Raises:
            FactsError: The machine could not be asked at all.
            InvalidValueError: A boundary of ``options.data`` cannot be of its kind.
        """
        attempt = 0
        while True:
            report = self.assign(options, attempt=attempt)
            if report.decision.retry_seconds is None:
                return report
            told(report)
            pause(report.decision.retry_seconds)
            attempt += 1

    def save(self, report: AssignmentReport) -> None:
        """Keep the assignment for other runs; nothing where there is none.

        Raises:
            StoreError: It cannot be written.
        """
        if report.learned is not None:
            self._world.store.save_assignment(report.learned)

    def _means(self, facts: NetworkFacts, chooser: SeededChooser) -> SiteMeans:
        messenger = LocationMessenger(self._client, self._world.clock, host=facts.host, chooser=chooser)
        return SiteMeans(
            config=self._config,
            sources=self._sources,
            client=self._client,
            messenger=messenger,
            ask_assigned_site=self._ask_assigned_site or messenger.fetch_assigned_site,
            store=self._world.store,
            certificate=self._world.certificate,
            keys=RootKeys(self._config, self._world.store, self._client, self._world.clock, None),
        )

    def _report(self, search: SiteSearch, decision: AssignmentDecision) -> AssignmentReport:
        now = self._world.clock.now()
        again = decision.retry_seconds
        return AssignmentReport(
            decision=decision,
            location=search.location,
            facts=search.facts,
            roaming=judge_roaming(search.facts, decision.site, search.stand().policy.local_sites),
            sources=tuple(search.sources),
            attempts=tuple(search.attempts),
            learned=search.find_keepsake(decision.site),
            time=now.isoformat(timespec="seconds"),
            retry_at="" if again is None else (now + timedelta(seconds=again)).isoformat(timespec="seconds"),
            notes=tuple(search.notes),
        )
