"""Locate content: ask a management point where it is, plan the sources, and ask again as the search widens."""

import logging
from typing import NamedTuple

from .config import ClientConfig
from .contacting import client_of
from .content_client import content_client_of
from .errors import CmClientError, ConfigError, NoReachableManagementPointError
from .known_groups import KnownGroups
from .locator import Locator
from .messaging import LocationMessenger
from .model.content import ContentLocations, ContentReference
from .model.decision import Location, Phase, Purpose, Reason
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts, NetworkLocation
from .model.groups import Role, SiteData
from .model.http import Attempt, Deadline
from .model.names import SiteCode
from .model.rule import decides
from .model.sources import ContentLocation, DeploymentOptions, SourceOrder, SourcePlan
from .ports import Cancellation
from .rules.boundaries import BoundaryIndex
from .rules.device_sources import find_kind_bar
from .rules.group_options import ClientOptions, combine_options
from .rules.places import find_place
from .rules.pools import PoolEntry, build_pool, current_groups
from .rules.select import plan_contact
from .rules.source_client import SourceClient, wanted_options
from .rules.source_lacks import CONTENT_UNKNOWN, find_source_lack
from .rules.source_widening import SourceHistory, follow_answer, next_question
from .rules.sources import KindBar, plan_sources
from .rules.task_sequence_sources import find_fetcher
from .world import World

__all__ = ["ContentLocator", "ContentSearch", "SiteKnowledge"]

_log = logging.getLogger(__name__)
_REQUEST = "ContentLocationRequest"


class SiteKnowledge(NamedTuple):
    """What is known of the site besides what it answers.

    Attributes:
        data: Its boundaries and boundary groups; None where nobody says them.
        times_count: Whether the fallback times of the data say when a source opens; else only its options count, and
            the site's answers say when.
    """

    data: SiteData | None = None
    times_count: bool = True


class _Wanted(NamedTuple):
    """What a job wants."""

    content: ContentReference
    order: SourceOrder
    deployment: DeploymentOptions
    notes: tuple[Reason, ...] = ()


class _Known(NamedTuple):
    """What boundary data says of a client."""

    options: ClientOptions | None = None
    pool: tuple[PoolEntry, ...] = ()


class _Answered(NamedTuple):
    """A management point's answer."""

    answer: ContentLocations
    endpoint: Endpoint
    attempts: tuple[Attempt, ...]


class ContentLocator:
    """Locates content as a client would, and says why each source stands where it does."""

    def __init__(
        self,
        config: ClientConfig,
        world: World,
        *,
        knowledge: SiteKnowledge = SiteKnowledge(),  # noqa: B008 - a value that nobody can change
        opens_shares: bool = False,
        bar: KindBar = find_kind_bar,
    ) -> None:
        """Put a locator together from its ports; ``cmclient.assemble`` does it from settings alone.

        Args:
            config: The settings.
            world: The ports.
            knowledge: What is known of the site besides what it answers.
            opens_shares: Network shares can be opened here.
            bar: Why this kind of client may not use a source; None from it for no such reason.
        """
        self.config = config
        self.chooser = world.chooser
        self.bar = bar
        self._world = world
        self._opens_shares = opens_shares
        self._groups = KnownGroups(world.store, world.clock)
        self._knowledge = knowledge
        self._client = client_of(config, world.transport, world.clock)
        # Any site's management point may be asked, and there must be time left when one is found.
        asking = config._replace(purpose=Purpose.LOCATION, deadline=config.deadline / 2)
        self._locator = Locator(asking, **world._asdict())

    def locate(
        self,
        content: ContentReference,
        deadline: Deadline | None = None,
        *,
        order: SourceOrder | None = None,
        deployment: DeploymentOptions = DeploymentOptions(),  # noqa: B008 - likewise
    ) -> ContentLocation:
        """Ask once where content is, and plan.

        Args:
            content: The content.
            deadline: The end of it all; None for that of the settings.
            order: Whose order of sources; None for that of a task sequence in its phase, else a client's. That of a
                task sequence is for packages only, since the client fetches all else.
            deployment: What the deployment lets the client do.

        Returns:
            The plan as of now; its ``lack`` says why there is nothing to use when there is not.

        Raises:
            LocateError: No management point was located, or none of them answered the question.
            ConfigError: The client has no site to name.
            FactsError: The machine could not be asked at all.
            InvalidValueError: A boundary of the data cannot be of its kind.
        """
        return self.search(content, deadline, order=order, deployment=deployment).latest

    def search(
        self,
        content: ContentReference,
        deadline: Deadline | None = None,
        *,
        order: SourceOrder | None = None,
        deployment: DeploymentOptions = DeploymentOptions(),  # noqa: B008 - likewise
    ) -> "ContentSearch":
        """Begin to look for content, for a job that may take long: its plan widens with time.

        Arguments and errors are those of ``locate``.
        """
        in_task_sequence = self.config.phase is Phase.TASK_SEQUENCE
        usual = SourceOrder.TASK_SEQUENCE if in_task_sequence else SourceOrder.CLIENT
        fetcher, why = find_fetcher(content, order or usual)
        return ContentSearch(self, _Wanted(content, fetcher, deployment, () if why is None else (why,)), deadline)

    # --- for a search ---

    def find_place(self) -> tuple[frozenset[str], NetworkLocation]:
        """Where the machine says that it is, without asking anybody; another place is another value.

        Its networks count, not its addresses: these change by themselves (IPv6), where it stands still.

        Raises:
            FactsError: The machine could not be asked at all.
        """
        facts = self._world.facts.read()
        return frozenset(one.network or one.address for one in facts.addresses), facts.network_location

    def find_management_point(self) -> Location:
        """Locate a management point; see ``locate``."""
        return self._locator.locate()

    def deadline(self, deadline: Deadline | None) -> Deadline:
        """The end of one question."""
        own = Deadline.after(self.config.deadline, self._world.clock.monotonic)
        return own if deadline is None else deadline.within(self.config.deadline)

    def known_of(self, facts: NetworkFacts, site: SiteCode | None) -> _Known:
        """What boundary data says of a client."""
        data = self._knowledge.data
        if data is None:
            return _Known()
        groups = current_groups(data, BoundaryIndex(data.boundaries).find(find_place(facts)))
        default = tuple(one for one in data.groups if site is not None and one.default_of == site)
        pool: tuple[PoolEntry, ...] = ()
        if self._knowledge.times_count:
            pool = build_pool(data, groups, Role.DISTRIBUTION_POINT, assigned_site=site)
        return _Known(combine_options(groups or default), pool)

    def describe(self, wanted: _Wanted, facts: NetworkFacts, site: SiteCode | None, known: _Known) -> SourceClient:
        """The client, as the choice of sources looks at it."""
        options = known.options
        client = content_client_of(self.config, self._world, facts, wanted.order, opens_shares=self._opens_shares)
        return client._replace(
            deployment=wanted.deployment,
            prefer_dps_over_peers=options is not None and options.prefer_dps_over_peers.is_on,
            prefer_cloud=options is not None and options.prefer_cloud.is_on,
            assigned_site=site,
            default_group_minutes=max((entry.minute for entry in known.pool), default=None),
        )

    @decides("CL-001", "SA-033")
    def ask(
        self,
        wanted: _Wanted,
        location: Location,
        client: SourceClient,
        deadline: Deadline,
        *,
        allow_peers: bool,
        notes: list[str],
    ) -> _Answered:
        """Ask the located management point, and the others of its rank and below if it does not answer.

        Raises:
            NoReachableManagementPointError: None of them answered.
            ConfigError: The client has no site to name.
        """
        site, first = location.decision.policy.assigned_site, location.endpoint
        if site is None or first is None:
            raise ConfigError(("a content request names the client's site, and it has none",), hint="set site_code")
        facts, before = location.facts, self._groups.load(notes)
        messenger = LocationMessenger(self._client, self._world.clock, host=facts.host, chooser=self.chooser)
        options = wanted_options(client, wanted.content.kind, allow_peers=allow_peers)

        def fetch(endpoint: Endpoint, cancellation: Cancellation) -> ContentLocations:
            return messenger.fetch_content_locations(
                endpoint,
                facts,
                deadline,
                content=wanted.content,
                assigned_site=site,
                options=options,
                boundary_groups=before,
                in_operation=wanted.order is SourceOrder.CLIENT,
                cancellation=cancellation,
            )

        others = [[one for one in group if one != first] for group in plan_contact(location.decision.ranked)]
        result = messenger.contact([[first], *filter(None, others)], _REQUEST, fetch, deadline)
        if result.answer is None or result.endpoint is None:
            asked = location._replace(attempts=(*location.attempts, *result.attempts))
            last = result.attempts[-1] if result.attempts else None
            raise NoReachableManagementPointError(
                f"no management point said where {wanted.content.id} is"
                + (f"; the last one: {last.detail}" if last else ": the time was up before one was asked"),
                location=asked,
                hint=last.hint if last else "raise --deadline",
            )
        self._groups.save(result.answer.boundary_groups, notes)
        notes += result.answer.problems
        return _Answered(result.answer, result.endpoint, result.attempts)


class ContentSearch:
    """The search of one job for its content. Not to be used by two threads at once.

    Attributes:
        latest: The plan as of the last question.
    """

    latest: ContentLocation

    def __init__(self, locator: ContentLocator, wanted: _Wanted, deadline: Deadline | None) -> None:
        """Ask for the first time; ``ContentLocator.search`` does it."""
        self._locator = locator
        self._wanted = wanted
        self._history = SourceHistory()
        self._place = locator.find_place()
        self.latest = self._ask(0.0, None, locator.deadline(deadline))

    @property
    def _due(self) -> float:
        """When the site is to be asked again."""
        again = self.latest.plan.ask_again
        return float("inf") if again is None else again

    def plan(self, elapsed: float, deadline: Deadline) -> SourcePlan:
        """The sources in order, for a download; see ``replan``."""
        return self.replan(elapsed, deadline).plan

    def replan(self, elapsed: float, deadline: Deadline | None = None) -> ContentLocation:
        """The plan so many seconds after the begin of the job: the site is asked again when it is time.

        That nobody answers takes nothing away: the plan stays, says so in its notes, and is asked for again later. A
        client that has moved is asked for where it is now, at once.

        Args:
            elapsed: Seconds from the begin of the job; never less than the last time.
            deadline: The end of the question; None for that of the settings.

        Raises:
            FactsError: The machine could not be asked at all.
        """
        place = self._locator.find_place()
        moved = place != self._place
        if not moved and elapsed < self._due:
            return self.latest
        try:
            self.latest = self._ask(elapsed, None if moved else self.latest.location, self._locator.deadline(deadline))
        except CmClientError as error:
            _log.warning("%s", error.message, extra={"event": "content.not-asked"})
            plan = self.latest.plan._replace(ask_again=elapsed + self._locator.config.content_ask_interval)
            self.latest = self.latest._replace(plan=plan, notes=(f"asked again in vain: {error.message}",))
        else:
            self._place = place
        return self.latest

    @decides("NET-023")
    def _ask(self, elapsed: float, location: Location | None, deadline: Deadline) -> ContentLocation:
        """Ask and plan; without a location the client is somewhere new, or there for the first time."""
        locator, wanted = self._locator, self._wanted
        moved = location is None and elapsed > 0
        location = locator.find_management_point() if location is None else location
        notes: list[str] = []
        site = location.decision.policy.assigned_site
        known = locator.known_of(location.facts, site)
        client = locator.describe(wanted, location.facts, site, known)
        allow_peers = known.options is None or known.options.allow_peers.is_on
        if known.options is not None and not allow_peers:
            why = known.options.allow_peers.reason
            notes.append(f"no peers were asked for: {why.text} ({why.rule})")
        said = locator.ask(wanted, location, client, deadline, allow_peers=allow_peers, notes=notes)
        history = follow_answer(self._history, said.answer, elapsed, moved=moved)
        plan = plan_sources(
            wanted.content,
            history.answer,
            client,
            chooser=locator.chooser,
            pool=known.pool,
            named_at=history.named_at,
            began=history.began,
            bar=locator.bar,
        )
        plan = plan._replace(notes=(*wanted.notes, *plan.notes))
        if wanted.order is SourceOrder.CLIENT:  # a task sequence does not wait
            interval = locator.config.content_ask_interval
            plan = plan._replace(ask_again=next_question(history, known.pool, elapsed, interval=interval))
        self._history = history
        lack = find_source_lack(plan, history.answer, client, elapsed)
        if lack is not None and lack.code == CONTENT_UNKNOWN:
            plan = plan._replace(ask_again=None)  # no fallback time brings what the site does not have
        _log.info("%d sources for %s", len(plan.ranked), wanted.content.id, extra={"event": "content.located"})
        return ContentLocation(
            plan=plan,
            answer=history.answer,
            location=location,
            endpoint=said.endpoint,
            attempts=said.attempts,
            asked_at=elapsed,
            lack=lack,
            notes=tuple(notes),
        )
