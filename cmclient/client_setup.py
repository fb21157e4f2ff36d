"""Where client setup gets its files from: find a management point that has them, ask it, plan the sources."""

import logging

from .config import ClientConfig
from .contacting import client_of
from .content_client import content_client_of
from .errors import ConfigError, LocateError, MalformedReplyError, NoReachableManagementPointError
from .gather import read_facts
from .locator import Locator
from .messaging import LocationMessenger
from .model.client_setup import SetupLocation, SetupPlan, SetupSearch
from .model.content import ContentKind, ContentLocations
from .model.decision import Location, Phase, Policy, Purpose, Reason
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts
from .model.http import Attempt, Deadline, HttpRequest
from .model.mplist import MpListQuery
from .model.names import SiteCode
from .model.rule import decides
from .model.sources import SourceOrder, SourcePlan
from .ports import Cancellation
from .rules.eligibility import find_endpoints
from .rules.select import plan_contact
from .rules.setup_search import find_setup_bar, next_try, note_setup_points, plan_setup_search
from .rules.setup_sources import CLIENT_FOLDER, plan_folders, plan_setup_sources
from .rules.source_client import SourceClient, wanted_options
from .standing import Clues, find_standing
from .world import World

__all__ = ["CABINET", "SetupLocator"]

_log = logging.getLogger(__name__)
CABINET = "ccmsetup.cab"
"""The file that every source of client setup must have."""
_ASKED_FOR = "ContentLocationRequest"


class SetupLocator:
    """Locates the files of client setup as it would itself, and says why each source stands where it does.

    It is a ``ports.SourcePlanner`` as well: a download that has no source left asks anew, no sooner than the setting
    ``setup_retry`` says.
    """

    def __init__(
        self,
        config: ClientConfig,
        world: World,
        *,
        exempt: bool = False,
        gateway: bool = False,
        opens_shares: bool = False,
    ) -> None:
        """Put a locator together.

        Args:
            config: The settings.
            world: The ports.
            exempt: It is an installation that brings another proof than a certificate, such as a token.
            gateway: A cloud management gateway is known.
            opens_shares: Network shares can be opened here.
        """
        self._config = config
        self._world = world
        self._exempt = exempt
        self._gateway = gateway
        self._opens_shares = opens_shares
        self._latest: SetupLocation | None = None
        self._asked_at = 0.0

    @property
    def latest(self) -> SetupLocation | None:
        """What was located last; None before the first time."""
        return self._latest

    def plan(self, elapsed: float, deadline: Deadline) -> SourcePlan:
        """The sources in order; see ``ports.SourcePlanner``.

        Raises:
            LocateError: No management point was found that has the files, and no folder was given.
            ConfigError: What was given cannot work for this client, where it is.
            FactsError: The machine could not be asked at all.
        """
        if self._latest is None or elapsed - self._asked_at >= self._latest.search.retry:
            try:
                self._latest = self.locate(deadline)
            except LocateError:
                if self._latest is None:
                    raise
                _log.warning("no management point answers any more", extra={"event": "setup.not-asked"})
            self._asked_at = elapsed
        return self._latest.plan._replace(ask_again=next_try(self._latest.search, self._asked_at))

    def locate(self, deadline: Deadline | None = None) -> SetupLocation:
        """Find out where the files are.

        Args:
            deadline: The end of it; None for that of the settings.

        Raises:
            LocateError: No management point was found that has the files, and no folder was given; holds how it was
                looked for.
            ConfigError: What was given cannot work for this client, where it is.
            FactsError: The machine could not be asked at all.
        """
        config, own = self._config, Deadline.after(self._config.deadline, self._world.clock.monotonic)
        deadline = own if deadline is None else deadline.within(config.deadline)
        search = plan_setup_search(
            config.setup_mps, config.setup_sources, retry=config.setup_retry, timeout=config.setup_timeout
        )
        facts = read_facts(config, self._world, deadline.half(), offline=search.search is SetupSearch.NONE)[0]
        gateway = self._gateway or any(mp.gateway is not None for mp in search.given)
        bar = find_setup_bar(search, facts.client_kind, facts.network_location, gateway=gateway)
        if bar is not None:
            raise ConfigError((f"{bar.text} ({bar.rule})",), hint="see what /mp and /source of the setup line say")
        notes = note_setup_points(search.given, pki=config.use_pki_cert, exempt=self._exempt)
        if search.search is SetupSearch.NONE:
            alone = Reason("CI-002", "folders were given, and no management point")
            return SetupLocation(search, plan_folders(search, alone), notes=notes)
        return _Asking(self._config, self._world, self._client_of(facts), search, facts, deadline).run(notes)

    def _client_of(self, facts: NetworkFacts) -> SourceClient:
        order, shares = SourceOrder.CLIENT_SETUP, self._opens_shares
        return content_client_of(self._config, self._world, facts, order, opens_shares=shares)


class _Asking:
    """One search for a management point that has the files."""

    def __init__(
        self,
        config: ClientConfig,
        world: World,
        client: SourceClient,
        search: SetupPlan,
        facts: NetworkFacts,
        deadline: Deadline,
    ) -> None:
        self._config, self._world = config, world
        self._client, self._search, self._facts, self._deadline = client, search, facts, deadline
        self._asker = client_of(config, world.transport, world.clock)
        self._messenger = LocationMessenger(self._asker, world.clock, host=facts.host, chooser=world.chooser)
        self._attempts: list[Attempt] = []

    def run(self, notes: tuple[Reason, ...]) -> SetupLocation:
        """Ask those that were given, then those that are found, then take the folders."""
        found = self._ask_given()
        if found is not None:
            return self._located(found, None, notes)
        try:
            location = self._find()
        except LocateError as error:
            if not self._search.paths:
                raise
            return self._located(None, error.location, notes)
        found = self._ask_found(location)
        if found is None and not self._search.paths:
            raise self._failure(location)
        return self._located(found, location, notes)

    def _located(
        self, found: tuple[Endpoint, ContentLocations] | None, location: Location | None, notes: tuple[Reason, ...]
    ) -> SetupLocation:
        search, attempts = self._search, tuple(self._attempts)
        if found is None:
            why = Reason("CI-004", "no management point was found that has the files of client setup")
            return SetupLocation(search, plan_folders(search, why), None, None, attempts, location, notes)
        point, answer = found
        plan = plan_setup_sources(answer, point, self._client, search, chooser=self._world.chooser)
        return SetupLocation(search, plan, point, answer, attempts, location, notes)

    @decides("CI-007")
    def _ask_given(self) -> tuple[Endpoint, ContentLocations] | None:
        """Those of ``/mp``, one after the other, each over HTTPS before HTTP where it takes both."""
        config, world = self._config, self._world
        standing = find_standing(Clues(config, self._facts, world.chooser, world.certificate))
        for mp in self._search.given:
            for endpoint in find_endpoints(mp, self._facts, standing.policy)[0]:
                answer = self._ask(endpoint, standing.assignment.site)
                if answer is not None:
                    return endpoint, answer
        return None

    @decides("ML-032")
    def _find(self) -> Location:
        """A management point as a client that is being installed finds it: in the directory, then in DNS.

        One that is upgraded begins with what it has stored. Boundary groups have no say either way.
        """
        config = self._config._replace(
            purpose=Purpose.LOCATION, phase=Phase.INSTALLING, deadline=(self._deadline.remaining() or 1.0) / 2
        )
        return Locator(config, **self._world._asdict()).locate()

    def _ask_found(self, location: Location) -> tuple[Endpoint, ContentLocations] | None:
        first, policy = location.endpoint, location.decision.policy
        groups = plan_contact(location.decision.ranked)
        order = [] if first is None else [first]
        order += [one for group in groups for one in group if one != first]
        for endpoint in order:
            answer = self._ask(endpoint, _site_of(policy, location, endpoint))
            if answer is not None:
                return endpoint, answer
        return None

    @decides("CI-008", "CI-038", "IP-022")
    def _ask(self, endpoint: Endpoint, site: SiteCode | None) -> ContentLocations | None:
        """Ask one for the client package, without saying who we are, if it has the files itself.

        Returns:
            None when it is not there, does not answer, or has no files of client setup.
        """
        if self._deadline.expired:
            return None
        deadline = self._deadline

        def look() -> SiteCode | None:
            self._asker.exchange(HttpRequest(endpoint, f"{CLIENT_FOLDER}/{CABINET}"), deadline)
            return self._site_at(endpoint) if site is None else site

        looked = self._asker.attempt(endpoint, CABINET, look)
        self._attempts += looked.attempts
        if looked.endpoint is None or looked.answer is None:
            return None
        named = looked.answer

        def fetch(endpoint: Endpoint, cancellation: Cancellation) -> ContentLocations:
            return self._messenger.fetch_client_package(
                endpoint,
                self._facts,
                deadline,
                assigned_site=named,
                options=wanted_options(self._client, ContentKind.PACKAGE, allow_peers=False),
                newest=self._config.setup_newest,
                cancellation=cancellation,
            )

        result = self._messenger.contact([[endpoint]], _ASKED_FOR, fetch, deadline)
        self._attempts += result.attempts
        return result.answer

    def _site_at(self, endpoint: Endpoint) -> SiteCode:
        """The site of a management point, as its list has it: a request names one, and this machine has none yet."""
        listed = self._asker.fetch_list(endpoint, MpListQuery.MPLIST, self._deadline).candidates
        own = [one.mp.site_code for one in listed if one.mp.host == endpoint.host and one.mp.site_code]
        sites = own or [one.mp.site_code for one in listed if one.mp.site_code]
        if not sites:
            raise MalformedReplyError(f"{endpoint} does not say which site it belongs to", where="MPList")
        return sites[0]

    def _failure(self, location: Location) -> LocateError:
        asked = location._replace(attempts=(*location.attempts, *self._attempts))
        return NoReachableManagementPointError(
            "no management point has the files of client setup",
            location=asked,
            hint="look at the attempts: each says what happened; or give a folder with the files (/source)",
        )


def _site_of(policy: Policy, location: Location, endpoint: Endpoint) -> SiteCode | None:
    """The assigned site, else that of the management point that is asked."""
    if policy.assigned_site is not None:
        return policy.assigned_site
    ranked = location.decision.ranked
    named = (one.mp.site_code for one in ranked if one.mp is not None and endpoint in one.endpoints)
    return next((code for code in named if code is not None), None)
