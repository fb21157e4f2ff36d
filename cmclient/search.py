"""One search for a management point: what was found so far, what was decided from it, who was contacted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from .discover import Found, Published, Sources
from .errors import StoreError
from .model.decision import (
    Candidate,
    Category,
    Decision,
    Discovered,
    Location,
    Origin,
    Phase,
    SourceKind,
    SourceReport,
    StoredAssignment,
    Unreadable,
)
from .model.endpoints import Audience, Endpoint
from .model.facts import ClientKind, NetworkFacts, NetworkLocation
from .model.http import Attempt, Deadline, Outcome
from .model.legacy import ProfileName
from .model.mplist import MpListQuery
from .model.names import HostName, SiteCode
from .model.rule import decides
from .rootkeys import RootKeys, is_published
from .rules.choose import SeededChooser
from .rules.gateways import find_fallback_bar
from .rules.merge import merge_candidates
from .rules.mplist import Stage, Turn, classify_list
from .rules.network import judge_location, weigh_facts
from .rules.profiles import profile_of
from .rules.select import ContactGroup, plan_contact, select_management_point
from .standing import find_standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .config import ClientConfig
    from .model.certificates import ClientCertificate
    from .mpclient import ContactResult, ManagementPointClient
    from .ports import Cancellation, Clock, SignatureVerifier, Store
    from .standing import Standing

__all__ = ["Search", "Tools"]

_log = logging.getLogger(__name__)
_FROM_STORE = "the store"
_MOST_MOVES = 3  # moves to a better one that a new list names: lists that praise each other must end somewhere


class Tools(NamedTuple):
    """What a search works with."""

    config: ClientConfig
    sources: Sources
    client: ManagementPointClient
    store: Store
    clock: Clock
    chooser: SeededChooser
    certificate: ClientCertificate | None
    offline: bool
    verifier: SignatureVerifier | None = None


class Search:
    """The state of one search. Grows; nothing that was found or tried is forgotten.

    Attributes:
        reports: What came of each source, in the order in which they were considered.
        candidates: Everything that was named, not merged.
        unreadable: Everything that was named and could not be read.
        attempts: Everything that was tried.
        winner: The endpoint that answered last; None while none has.
    """

    def __init__(self, tools: Tools, facts: NetworkFacts, deadline: Deadline) -> None:
        self._tools = tools
        self._rules = profile_of(tools.config.profile)
        self._find_standing = _standing_by(tools.config.profile)
        self._deadline = deadline
        self._facts = facts
        self._published: Published | None = None
        self._learned: tuple[Candidate, ...] = ()
        self._nearby: tuple[Candidate, ...] | None = None
        self._beyond: tuple[Candidate, ...] | None = None
        self._notes: list[str] = []
        self._standing: Standing | None = None
        self._kept = self._load_assignment()
        self._keys = RootKeys(tools.config, tools.store, tools.client, tools.clock, tools.verifier)
        self.reports: list[SourceReport] = []
        self.candidates: list[Candidate] = []
        self.unreadable: list[Unreadable] = []
        self.attempts: list[Attempt] = []
        self.winner: Endpoint | None = None

    def note(self, text: str) -> None:
        """Keep something that a person should know."""
        self._notes.append(text)

    def stages(self) -> tuple[Stage, ...]:
        """The stages of looking for a management point, in order."""
        return self._rules.sources.stages(has_stored_list=self._has_stored_list(), offline=self._tools.offline)

    def every_stage(self) -> tuple[Stage, ...]:
        """The stages of looking with and without a stored list, which name every source."""
        find = self._rules.sources.stages
        return (*find(has_stored_list=True), *find(has_stored_list=False))

    def _has_stored_list(self) -> bool:
        """Whether a list is stored; a store that cannot be read counts as empty, and that is noted."""
        try:
            return bool(self._tools.store.load_mp_list())
        except StoreError as error:
            self._note_store(error)
            return False

    def ask(self, turn: Turn) -> None:
        """Ask the source whose turn it is; once somebody was tried in vain there is a rule of its own for that."""
        rule = self._rules.sources.after_failure if self.attempts else turn.rule
        self.take(self._tools.sources.ask(turn.source, rule, self._facts, self._stand().policy, self._deadline))

    def take(self, found: Found) -> None:
        """Take over what a source gave."""
        self.reports.append(found.report)
        self.candidates += found.discovered.candidates
        self.unreadable += found.discovered.unreadable
        self._standing = None
        if found.published is not None:
            self._published = found.published
            self._take_trusts(found.published, found.report.detail)
            self._keys.take_published(found.published.sites, self._site())

    def is_over(self) -> bool:
        """Whether a management point was located. One that answers and that its own list disqualifies is none."""
        return bool(self.attempts) and Location(self.decide(), tuple(self.attempts)).chosen is not None

    def pass_over(self, stage: Stage) -> None:
        """Record that a stage was not needed."""
        detail = "not needed: a management point was located before its turn"
        for turn in stage:
            self.reports.append(SourceReport(turn.source, asked=False, found=0, rule=turn.rule, detail=detail))

    def decide(self) -> Decision:
        """Judge everything that was found so far."""
        return select_management_point(
            self.candidates,
            self._facts,
            self._stand().policy,
            chooser=self._tools.chooser,
            unreadable=self.unreadable,
        )

    @decides("MP-007", "ML-013", "ML-030")
    def contact(self) -> None:
        """Contact whom the decision ranks, best first, leaving out those tried already.

        The one that answers gives its list. Does the list name a better one, that one is asked next; not while
        installing, when the first that can be reached is used.
        """
        if self._tools.offline:
            return
        result = self._contact(plan_contact(self.decide().ranked))
        moves = 0
        while result.endpoint is not None and result.answer is not None:
            self.winner = result.endpoint
            self._note_location(result.endpoint)
            named = self._is_published(result.endpoint)
            self.attempts += self._keys.learn(result.endpoint, self._deadline, is_published=named)
            self._learn(result.endpoint, result.answer)
            self._learn_nearby(result.endpoint)
            first_will_do = self._tools.config.phase is Phase.INSTALLING and self.is_over()
            if moves == _MOST_MOVES or first_will_do:
                return
            result = self._contact(self._better_than(result.endpoint))
            moves += 1

    def keep(self) -> None:
        """Store what was learned: key, list, answer, assignment. A store that fails is noted, and changes no more."""
        try:
            if not self._tools.offline:
                self._keys.keep()
            if self.winner is not None:
                self._keep()
        except StoreError as error:
            self._note_store(error)

    def location(self) -> Location:
        """Everything, as one value."""
        decision = self.decide()
        said = self._rules.selection.describe((*decision.ranked, *decision.rejected), decision.facts, decision.policy)
        return Location(
            decision=decision,
            attempts=tuple(self.attempts),
            sources=tuple(self.reports),
            assigned_mp=self._assigned_mp(),
            time=self._tools.clock.now().isoformat(timespec="seconds"),
            notes=(*self._notes, *self._keys.notes, self._stand().assignment.reason.text, *said),
            fsp=self._find_fsp(),
            root_key=self._keys.decision(self.winner, is_published=self._is_published(self.winner)),
        )

    def _find_fsp(self) -> HostName | None:
        """The fallback status point that the client's site publishes."""
        if self._published is None:
            return None
        from .rules.fsp import choose_fsp

        return choose_fsp(self._published.fallback_status_points, self._site())

    @decides("NET-006", "NET-018")
    def turn_to_internet(self) -> None:
        """Nobody on the intranet answered: a client that knows a management point for the internet tries that next.

        It knows one when it was given one, or when a list that it has kept names one.
        """
        if self._tools.offline or self.is_over():
            return
        if self._facts.network_location is not NetworkLocation.UNKNOWN:
            self._fall_back_to_gateways()
            return
        evidence = weigh_facts(self._facts, has_internet_mp=self._knows_internet())._replace(all_asked=True)
        judgement = judge_location(evidence)
        self.note(f"network location {judgement.label}: {judgement.reason.text}")
        if not (evidence.has_internet_mp or self._may_fall_back()):
            return  # where nobody is left to try, the candidates stay judged as they were tried
        self._learn_fact(judgement.reason.text, network_location=judgement.location)
        self._fall_back_to_gateways()
        self.contact()
        if self.winner is not None:
            reason = judge_location(evidence._replace(internet_mps=(self.winner.host,))).reason
            self._learn_fact(reason.text, network_location=judgement.location)
            self.note(reason.text)

    def _may_fall_back(self) -> bool:
        """Whether a client on the internet would have a gateway to fall back to."""
        away = self._facts._replace(network_location=NetworkLocation.INTERNET)
        known = any(one.gateway is not None for one in self._facts.fallback_gateways)
        return known and find_fallback_bar(self.candidates, away, self._stand().policy) is None

    def _fall_back_to_gateways(self) -> None:
        """Try the gateways of the client's list, where the rules let it read that list and nobody else is left."""
        if not self._facts.fallback_gateways or self._facts.network_location is not NetworkLocation.INTERNET:
            return
        bar = find_fallback_bar(self.candidates, self._facts, self._stand().policy)
        if bar is not None:
            report = SourceReport(SourceKind.GATEWAY_LIST, asked=False, found=0, rule=bar.rule, detail=bar.text)
            self.reports.append(report)
            return
        policy = self._stand().policy
        self.take(self._tools.sources.ask(SourceKind.GATEWAY_LIST, "CG-009", self._facts, policy, self._deadline))
        self.contact()

    @decides("CG-036")
    def _note_location(self, endpoint: Endpoint) -> None:
        """An on-premises management point that answers proves the intranet as well as a domain controller does.

        A gateway proves neither by an answer nor by a failure: it is reached from everywhere.
        """
        if self._facts.network_location is NetworkLocation.UNKNOWN and endpoint.gateway is None:
            evidence = weigh_facts(self._facts, has_internet_mp=self._knows_internet())
            judgement = judge_location(evidence._replace(intranet_mps=(endpoint.host,)))
            self._learn_fact(judgement.reason.text, network_location=judgement.location)
            for reason in judgement.reasons:
                self.note(f"network location {judgement.location.value}: {reason.text}")

    def _knows_internet(self) -> bool:
        """Whether a management point for the internet is known that this kind of client may use there."""
        if self._facts.client_kind is ClientKind.MDM:
            return False
        return any(one.mp.audience in {Audience.INTERNET, Audience.BOTH} for one in self.candidates)

    def _share(self) -> Deadline:
        """The time for contacting: while the internet may have to be tried after the intranet, half of what is left."""
        unsure = self._facts.network_location is NetworkLocation.UNKNOWN and self._knows_internet()
        return self._deadline.half() if unsure else self._deadline

    def _contact(self, groups: Iterable[ContactGroup]) -> ContactResult[Discovered]:
        query = self._query()
        site = self._site() if query is MpListQuery.MPLIST2 else None
        # A loser of a race was cancelled and not tried to the end: it may be wanted yet.
        tried = {attempt.endpoint for attempt in self.attempts if attempt.outcome is not Outcome.CANCELLED}
        fresh = [rest for group in groups if (rest := tuple(e for e in group if e not in tried))]

        def ask(endpoint: Endpoint, cancellation: Cancellation) -> Discovered:
            named = self._is_published(endpoint)
            self._keys.check(endpoint, self._deadline, cancellation, is_published=named)
            return self._tools.client.fetch_list(endpoint, query, self._deadline, site=site, cancellation=cancellation)

        result = self._tools.client.contact(fresh, query.value, ask, self._share())
        self.attempts += result.attempts
        return result

    def _is_published(self, endpoint: Endpoint | None) -> bool:
        return endpoint is not None and is_published(self.candidates, endpoint)

    def _query(self) -> MpListQuery:
        on_internet = self._facts.network_location is NetworkLocation.INTERNET
        return MpListQuery.MPLIST2 if on_internet else MpListQuery.MPLIST

    def _better_than(self, endpoint: Endpoint) -> Sequence[ContactGroup]:
        """Groups above the one of an endpoint; all of them when it is ranked no more."""
        groups = plan_contact(self.decide().ranked)
        place = next((index for index, group in enumerate(groups) if endpoint in group), len(groups))
        return groups[:place]

    def _learn(self, endpoint: Endpoint, answer: Discovered) -> None:
        """Take over a downloaded list, told apart by site where the management point serves the assigned one."""
        site = self._site()
        own = Discovered()
        self._learned = answer.candidates
        if site is not None and self._query() is MpListQuery.MPLIST:
            own = self._fetch_own(endpoint, site) or own
            self._learned = classify_list(answer, own, site)
        detail = answer.candidates[0].origins[0].detail
        self.take(
            Found(
                SourceReport(SourceKind.MP_LIST, asked=True, found=len(self._learned), rule="ML-013", detail=detail),
                Discovered(self._learned, answer.unreadable + own.unreadable),
            )
        )
        if self._query() is MpListQuery.MPLIST and self._beyond is None:
            self._learn_beyond(endpoint)

    def _learn_beyond(self, endpoint: Endpoint) -> None:
        """Learn who is there for the internet, for the day on which the client is."""
        from .beyond import find_beyond

        told = find_beyond(self._tools.client, endpoint, self._stand().policy, self._deadline)
        self.attempts += told.attempts
        if told.found is not None and told.report is not None:
            self._beyond = told.found.candidates
            self.take(Found(told.report, told.found))

    def _learn_nearby(self, endpoint: Endpoint) -> None:
        """Ask once which proxies are near the client, if that is wanted."""
        from .rules.nearby import asks_for_nearby

        tools, policy = self._tools, self._stand().policy
        if self._nearby is not None or not asks_for_nearby(self._facts, policy, wish=tools.config.nearby_mps):
            return
        from .messaging import LocationMessenger
        from .nearby import find_nearby

        messenger = LocationMessenger(tools.client, tools.clock, host=self._facts.host, chooser=tools.chooser)
        site = policy.assigned_site
        told = find_nearby(tools.client, messenger, endpoint, self._facts, self._deadline, assigned_site=site)
        self._nearby = told.candidates
        self.attempts += told.attempts
        self.take(Found(told.report, Discovered(told.candidates)))

    def _fetch_own(self, endpoint: Endpoint, site: SiteCode) -> Discovered | None:
        query = MpListQuery.MPLIST1
        result = self._tools.client.attempt(
            endpoint,
            f"{query.value}&{site}",
            lambda: self._tools.client.fetch_list(endpoint, query, self._deadline, site=site),
        )
        self.attempts += result.attempts
        return result.answer

    def _stand(self) -> Standing:
        """Where the client stands by what is known now; worked out again only when something was learned."""
        if self._standing is None:
            self._standing = self._find_standing(
                self._tools.config,
                self._facts,
                certificate=self._tools.certificate,
                kept=self._kept,
                published=self._published,
                candidates=self.candidates,
                chooser=self._tools.chooser,
            )
        return self._standing

    def _site(self) -> SiteCode | None:
        return self._stand().assignment.site

    def _learn_fact(self, origin: str, **known: object) -> None:
        origins = {**self._facts.origins, **dict.fromkeys(known, origin)}
        self._facts = self._facts._replace(**known, origins=origins)  # type: ignore[arg-type] # names of fields
        self._standing = None

    def _take_trusts(self, published: Published, server: str) -> None:
        """Take over which forests are trusted, unless somebody said so; what was kept is replaced."""
        said = self._facts.origins.get("trusted_forests", _FROM_STORE)
        if published.trusted_forests is not None and said == _FROM_STORE:
            self._learn_fact(f"directory {server}", trusted_forests=published.trusted_forests)

    def _load_assignment(self) -> StoredAssignment | None:
        try:
            kept = self._tools.store.load_assignment()
        except StoreError as error:
            self._note_store(error)
            return None
        if kept is not None and kept.trusted_forests and "trusted_forests" not in self._facts.origins:
            self._learn_fact(_FROM_STORE, trusted_forests=kept.trusted_forests)
        return kept

    @decides("MP-002", "MP-016")
    def _assigned_mp(self) -> HostName | None:
        """The management point for registration: the one kept for the site, else the one located just now.

        Was a proxy located, it is the best one of the site itself that has not failed; None while none was located.
        """
        kept = self._stand().policy.assigned_mp
        if kept is not None or not self.is_over() or self._site() is None:
            return kept
        failed = {attempt.endpoint.host for attempt in self.attempts if attempt.outcome is Outcome.FAILED}
        ranked = self.decide().ranked
        located = [one for one in ranked if self.winner in one.endpoints]
        others = [one for one in ranked if one.name not in failed]
        of_site = {None, self._site()}  # one of a site that is visited is none
        own = [one for one in (*located, *others) if one.mp and one.mp.site_code in of_site]
        own = [one for one in own if one.mp and one.mp.gateway is None]  # it stands for others, and is nobody's own
        return next((one.mp.host for one in own if one.mp and one.category is not Category.PROXY), None)

    def _keep(self) -> None:
        from .beyond import keep_gateways

        store, now = self._tools.store, self._tools.clock.now()
        stamp = now.isoformat(timespec="seconds")
        learned = (*(self._nearby or ()), *(self._beyond or ()), *self._learned)
        listed = {candidate.mp.host: candidate.origins[0].detail for candidate in learned}
        merged = {candidate.mp.host: candidate for candidate in merge_candidates(self.candidates)}
        is_told = self._beyond is not None or self._query() is MpListQuery.MPLIST2
        fresh = (
            merged[name]._replace(origins=(Origin(SourceKind.STORED_LIST, f"{detail}, {stamp}"),))
            for name, detail in listed.items()
        )
        store.replace_mp_list((*fresh, *(() if is_told else keep_gateways(self.candidates, listed))))
        said = (Origin(SourceKind.ANSWERED_BEFORE, f"answered {stamp}"),)
        for attempt in self.attempts:
            if attempt.outcome is Outcome.ANSWERED:
                store.record_answer(merged[attempt.endpoint.host]._replace(origins=said), now)
        standing = self._stand()
        if standing.assignment.site is not None:
            kept = StoredAssignment(
                standing.assignment.site, self._assigned_mp(), self._facts.trusted_forests, *standing.learned
            )
            store.save_assignment(kept)

    def _note_store(self, error: StoreError) -> None:
        text = f"store: {error.message}"
        if text not in self._notes:  # each use of the store meets the same fault
            _log.warning("%s", error.message, extra={"event": "store.failed"})
            self.note(text)


def _standing_by(profile: ProfileName) -> Callable[..., Standing]:
    """How to find out where a client stands: by the rules of its product, which alone are loaded."""
    if profile is ProfileName.CM07:
        from .legacy_standing import find_legacy_standing

        return find_legacy_standing
    return find_standing
