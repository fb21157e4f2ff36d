"""One search for the assigned site: what was asked so far, what is known of sites, what follows from it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from .config import ClientConfig
from .discover import Published, Sources
from .errors import StoreError
from .legacy_standing import find_legacy_standing
from .messaging import LocationMessenger
from .model.assignment import (
    AssignmentDecision,
    AssignmentOutcome,
    AssignmentWish,
    CompatibilityVerdict,
    KnownSite,
    SiteAnswer,
    SiteMatch,
    SiteSource,
)
from .model.boundary import Boundary, BoundaryKind
from .model.certificates import ClientCertificate
from .model.decision import Candidate, Policy, Purpose, Reason, SourceKind, SourceReport, StoredAssignment
from .model.endpoints import Endpoint, Scheme
from .model.facts import NetworkFacts, NetworkLocation
from .model.groups import SiteData
from .model.http import Attempt, Deadline
from .model.legacy import ProfileName
from .model.messages import SiteDescriptions
from .model.names import HostName, SiteCode
from .model.network import LocationJudgement
from .model.rule import decides
from .mpclient import ManagementPointClient
from .ports import Cancellation, Store
from .rootkeys import RootKeys, is_published
from .rules.assignment import decide_assignment, find_root_key_bar, is_automatic, refuse_assignment
from .rules.boundaries import BoundaryIndex
from .rules.choose import SeededChooser
from .rules.data_sites import ask_data, find_data_sites
from .rules.matching import find_possible_subnets
from .rules.metered import MeteredAction, find_metered_bar
from .rules.mplist import find_directory_bar
from .rules.network import judge_location, weigh_facts
from .rules.places import find_place
from .rules.select import ContactGroup, plan_contact, select_management_point
from .rules.survey import name_some
from .siteinfo import fetch_version
from .standing import Clues, Standing, build_wish, directory_answer, find_known_sites, find_standing, has_root_key
from .store_notes import note_store_error

__all__ = ["AskAssignedSite", "AssignmentOptions", "SiteMeans", "SiteSearch"]

_NAMED = (SourceKind.INSTALLATION, SourceKind.STORED_LIST, SourceKind.ANSWERED_BEFORE)
_ASSIGNED_SITE = "AssignedSiteRequest"


class AssignmentOptions(NamedTuple):
    """How one assignment differs from what settings and network say.

    Attributes:
        is_upgrade: Whether the client is being upgraded.
        client_build: Build number of the client version; None for that of the settings.
        site_build: Build number that every site is taken to have; None for what is found out.
        data: The hierarchy as its site sees it, which is then all that is asked; None to ask the network.
    """

    is_upgrade: bool = False
    client_build: int | None = None
    site_build: int | None = None
    data: SiteData | None = None


class AskAssignedSite(Protocol):
    """Asks one management point to which site a client belongs; see ``LocationMessenger.fetch_assigned_site``."""

    def __call__(
        self, endpoint: Endpoint, facts: NetworkFacts, deadline: Deadline, *, cancellation: Cancellation | None = None
    ) -> SiteDescriptions:
        """Ask; raises CmClientError when it does not say."""


class SiteMeans(NamedTuple):
    """What a search works with."""

    config: ClientConfig
    sources: Sources
    client: ManagementPointClient
    messenger: LocationMessenger
    ask_assigned_site: AskAssignedSite
    store: Store
    certificate: ClientCertificate | None
    keys: RootKeys


class SiteSearch:
    """The state of one search. Grows; nothing that was found or tried is forgotten.

    Attributes:
        facts: What is known of the client by now.
        location: Where it is, by everything that is known by now.
        sources: What came of each source that was considered, in order.
        attempts: Everything that was tried, in order of start.
        notes: What a person should know besides.
    """

    def __init__(
        self,
        means: SiteMeans,
        facts: NetworkFacts,
        location: LocationJudgement,
        *,
        options: AssignmentOptions,
        chooser: SeededChooser,
        deadline: Deadline,
    ) -> None:
        self._means = means
        self._options = options
        self._chooser = chooser
        self._deadline = deadline
        self._published: Published | None = None
        self._candidates: list[Candidate] = []
        self._answers: list[SiteAnswer] = []
        self._known: dict[SiteCode, KnownSite] = {}
        self.facts = facts
        self.location = location
        self.sources: list[SourceReport] = []
        self.attempts: list[Attempt] = []
        self.notes: list[str] = []
        self._kept = self._load_kept()
        self._wish = self._build_wish()

    @decides("SA-004", "SA-016")
    def search(self) -> AssignmentDecision:
        """Ask whom the rules ask, in their order, and no further than they go.

        Raises:
            InvalidValueError: A boundary of the data cannot be of its kind.
        """
        if self._options.data is not None:
            self._read_data(self._options.data)
            return self._decide()
        config = self._means.config
        bar = find_metered_bar(config.metered, self.facts, MeteredAction.ASSIGNMENT)
        if bar is not None:
            return refuse_assignment(bar, chooser=self._chooser, was_tried=False)
        if config.profile is ProfileName.CM07:
            return self._search_legacy()
        decision = self._decide()
        if decision.outcome is AssignmentOutcome.REFUSED or self._is_kept():
            return decision
        self._ask_directory()
        decision = self._decide()
        if decision.site is None and is_automatic(self._wish):
            self._ask_management_points()
            decision = self._decide()
        if decision.site is not None and _lacks_version(decision):
            self._ask_version(decision.site)
            decision = self._decide(was_verified=True)
        return decision

    def _search_legacy(self) -> AssignmentDecision:
        """CM 2007: the directory says it, or a locator point would, whose messages nobody has seen."""
        self._ask_directory()
        return find_legacy_standing(self._clues()).assignment

    def stand(self) -> Standing:
        """Where the client stands by what the directory said, whatever a management point said of its site."""
        return find_standing(self._clues())

    def _clues(self) -> Clues:
        means = self._means
        return Clues(
            means.config,
            self.facts,
            self._chooser,
            means.certificate,
            self._kept,
            self._published,
            self._candidates,
        )

    def find_keepsake(self, site: SiteCode | None) -> StoredAssignment | None:
        """What there is to be kept of a site that the client is assigned to; None without one."""
        if site is None:
            return None
        before = self._kept if self._kept is not None and self._kept.site == site else StoredAssignment(site)
        standing, published = self.stand(), self._published
        if published is None or standing.assignment.site != site:
            return before
        trusted = before.trusted_forests if published.trusted_forests is None else published.trusted_forests
        return before._replace(trusted_forests=trusted, **standing.learned._asdict())

    def _decide(self, *, was_verified: bool = False) -> AssignmentDecision:
        return decide_assignment(
            self._wish,
            self.facts.network_location,
            self._answers,
            self._all_known(),
            chooser=self._chooser,
            was_verified=was_verified,
        )

    def _all_known(self) -> dict[SiteCode, KnownSite]:
        """What is known of sites: from management points, from who was asked, and a version given by hand."""
        known = find_known_sites(self._candidates) | self._known
        build = self._options.site_build
        if build is None:
            return known
        named = {match.site for answer in self._answers for match in answer.matches} | {self._wish.given}
        sites = [known.get(code, KnownSite(code)) for code in named if code is not None]
        return known | {one.code: one._replace(build=build, source=SiteSource.SETTINGS) for one in sites}

    def _is_kept(self) -> bool:
        return self._wish.given is None and not is_automatic(self._wish)

    def _build_wish(self) -> AssignmentWish:
        wish = build_wish(self._means.config, self.facts, certificate=self._means.certificate, kept=self._kept)
        build = self._options.client_build
        return wish._replace(
            is_upgrade=self._options.is_upgrade, client_build=wish.client_build if build is None else build
        )

    def _load_kept(self) -> StoredAssignment | None:
        try:
            return self._means.store.load_assignment()
        except StoreError as error:
            self.notes.append(note_store_error(error))
            return None

    # --- whom to ask ---

    def _read_data(self, data: SiteData) -> None:
        """Let the boundary data of a hierarchy answer; where it lists its sites, there are no others."""
        answer = ask_data(data, find_place(self.facts), BoundaryIndex(data.boundaries))
        self._answers = [answer]
        self._note_possible(data.boundaries)
        named = {match.site for match in answer.matches} | ({self._wish.given} if self._wish.given else set())
        self._known |= find_data_sites(data, named)

    def _note_possible(self, boundaries: Sequence[Boundary]) -> None:
        """Say which boundaries may hold an address without a prefix and do not count, where the site depends on it."""
        place = find_place(self.facts)
        possible = find_possible_subnets(boundaries, place) if is_automatic(self._wish) else ()
        if possible:
            bare = ", ".join(one.address for one in place.addresses if one.prefix is None)
            named = name_some(one.id if one.id == one.value else f"{one.label} ({one.value})" for one in possible)
            text = f"{bare}: given without a prefix, so whether a subnet boundary holds it is unknown"
            self.notes.append(f"{text}: {named} may; give it with its prefix, as in 10.1.2.3/24")

    @decides("SA-005")
    def _ask_directory(self) -> None:
        rule = "SA-004" if is_automatic(self._wish) else "SA-016"
        found = self._means.sources.ask(SourceKind.DIRECTORY, rule, self.facts, Policy(), self._deadline)
        self.sources.append(found.report)
        self._candidates += found.discovered.candidates
        if found.published is not None:
            self._published = found.published
            self._means.keys.take_published(found.published.sites, self._wish.kept or self._wish.given)
            self._answers.append(directory_answer(self.facts, found.published))
            published = [name for site in found.published.sites for name in site.boundaries]
            self._note_possible([Boundary(name, BoundaryKind.IP_SUBNET, name) for name in published])
            return
        barred = find_directory_bar(self.facts) is not None
        why = "is not asked" if barred else "did not answer"
        reason = Reason("SA-005", f"the directory {why}: {found.report.detail}")
        self._answers.append(SiteAnswer(SiteSource.DIRECTORY, answered=False, reason=reason))

    def _ask_management_points(self) -> None:
        """Ask those that were given, or are known from before, to which site the client belongs.

        Where nothing but certificates tells whose a management point is, only HTTPS will do.
        """
        has_data = self._published is not None and bool(self._published.sites)
        bar = find_root_key_bar(self._wish, directory_answered=has_data)
        if bar is not None:
            self._answers.append(SiteAnswer(SiteSource.MANAGEMENT_POINT, answered=False, reason=bar, is_barred=True))
            return
        self._ask_sources(_NAMED, "SA-003", Policy(assigned_site=self._wish.kept))
        policy = self.stand().policy._replace(assigned_site=self._wish.kept, purpose=Purpose.LOCATION)
        groups = self._plan(policy)
        if not has_data and not has_root_key(self._means.config):
            secure = _only_https(groups)
            if groups and not secure:
                self._answers.append(_refuse_http())
                return
            groups = secure

        def ask(endpoint: Endpoint, cancellation: Cancellation) -> SiteDescriptions:
            named = is_published(self._candidates, endpoint)
            self._means.keys.check(endpoint, self._deadline, cancellation, is_published=named)
            return self._means.ask_assigned_site(endpoint, self.facts, self._deadline, cancellation=cancellation)

        result = self._means.client.contact(groups, _ASSIGNED_SITE, ask, self._deadline)
        self.attempts += result.attempts
        self._note_location(result.endpoint)
        self._answers.append(self._answer_of(result.endpoint, result.answer))

    @decides("SA-005")
    def _answer_of(self, endpoint: Endpoint | None, answer: SiteDescriptions | None) -> SiteAnswer:
        if endpoint is None or answer is None:
            what = "none that was asked said it" if self.attempts else "none is known to ask: give one with --mp"
            reason = Reason("SA-005", f"a management point was to say it: {what}")
            return SiteAnswer(SiteSource.MANAGEMENT_POINT, answered=False, reason=reason)
        for one in answer.sites:
            self._known[one.site_code] = KnownSite(
                one.site_code, build=one.build, source=SiteSource.MANAGEMENT_POINT if one.build else None, exists=True
            )
        named = ", ".join(one.site_code for one in answer.sites) or "no site"
        reason = Reason("SA-005", f"the management point {endpoint.host} was asked: it names {named}")
        by = f"what the management point {endpoint.host} takes for it"
        matches = tuple(SiteMatch(one.site_code, by) for one in answer.sites)
        return SiteAnswer(SiteSource.MANAGEMENT_POINT, answered=True, reason=reason, matches=matches)

    @decides("SA-014", "SA-016")
    def _ask_version(self, site: SiteCode) -> None:
        """Ask management points of a site for its version.

        That the directory holds nothing of it tells nothing: not every site publishes. Only who serves the hierarchy
        can deny it.
        """
        policy = self.stand().policy._replace(assigned_site=site, purpose=Purpose.POLICY)
        self._ask_sources((*_NAMED, SourceKind.DNS), "SA-016", policy)
        groups = self._plan(policy)

        def ask(endpoint: Endpoint, cancellation: Cancellation) -> KnownSite:
            client, messenger = self._means.client, self._means.messenger
            return fetch_version(client, messenger, endpoint, site, self._deadline, cancellation)

        result = self._means.client.contact(groups, f"MPLIST1&{site}", ask, self._deadline)
        self.attempts += result.attempts
        self._note_location(result.endpoint)
        if result.answer is not None:
            self._known[site] = result.answer

    def _ask_sources(self, kinds: Sequence[SourceKind], rule: str, policy: Policy) -> None:
        for kind in kinds:
            if kind not in {report.source for report in self.sources}:
                found = self._means.sources.ask(kind, rule, self.facts, policy, self._deadline)
                self.sources.append(found.report)
                self._candidates += found.discovered.candidates

    def _plan(self, policy: Policy) -> tuple[ContactGroup, ...]:
        decision = select_management_point(self._candidates, self.facts, policy, chooser=self._chooser)
        return plan_contact(decision.ranked)

    def _note_location(self, endpoint: Endpoint | None) -> None:
        """A management point that answered proves where the client is; that none did proves it too."""
        if self.facts.network_location is not NetworkLocation.UNKNOWN:
            return
        answered: tuple[HostName, ...] = () if endpoint is None or endpoint.gateway else (endpoint.host,)
        evidence = weigh_facts(self.facts, has_internet_mp=self._wish.internet_mp is not None)
        self.location = judge_location(evidence._replace(intranet_mps=answered, all_asked=bool(self.attempts)))
        if answered:
            self.facts = self.facts.learn(self.location.reason.text, network_location=self.location.location)


def _only_https(groups: Sequence[ContactGroup]) -> tuple[ContactGroup, ...]:
    secure = (tuple(one for one in group if one.scheme is Scheme.HTTPS) for group in groups)
    return tuple(group for group in secure if group)


def _refuse_http() -> SiteAnswer:
    text = (
        "the management points to ask take HTTP only, over which anybody could answer: give the site code, the key, or "
        "one as https://HOST"
    )
    return SiteAnswer(SiteSource.MANAGEMENT_POINT, answered=False, reason=Reason("SA-026", text), is_barred=True)


def _lacks_version(decision: AssignmentDecision) -> bool:
    compatibility = decision.compatibility
    return (
        compatibility is not None
        and compatibility.verdict is CompatibilityVerdict.NOT_COMPARED
        and compatibility.site_build is None
    )
