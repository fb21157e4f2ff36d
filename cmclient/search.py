"""One search for a management point: what was found so far, what was decided from it, who was contacted."""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .config import ClientConfig
from .discover import Found, Published, Sources
from .errors import StoreError
from .model.certificates import ClientCertificate
from .model.decision import (
    Candidate,
    Category,
    Decision,
    Discovered,
    Location,
    Origin,
    Phase,
    Policy,
    SourceKind,
    SourceReport,
    StoredAssignment,
    Unreadable,
)
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts, NetworkLocation
from .model.http import Attempt, Deadline
from .model.names import HostName
from .model.rule import decides
from .mpclient import ContactResult, ManagementPointClient
from .ports import Cancellation, Clock, Store
from .protocol.mplist import MpListQuery
from .rules.assignment import Assignment, assign_site, match_published
from .rules.certificates import find_https_ability
from .rules.choose import SeededChooser
from .rules.merge import merge_candidates
from .rules.mplist import Stage, Turn, classify_list
from .rules.select import ContactGroup, plan_contact, select_management_point

__all__ = ["Search", "Tools"]

_log = logging.getLogger(__name__)
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
        self._deadline = deadline
        self._facts = facts
        self._published: Published | None = None
        self._learned: tuple[Candidate, ...] = ()
        self._notes: list[str] = []
        self._kept = self._load_assignment()
        self.reports: list[SourceReport] = []
        self.candidates: list[Candidate] = []
        self.unreadable: list[Unreadable] = []
        self.attempts: list[Attempt] = []
        self.winner: Endpoint | None = None

    def note(self, text: str) -> None:
        """Keep something that a person should know."""
        self._notes.append(text)

    def has_stored_list(self) -> bool:
        """Whether a list is stored; a store that cannot be read counts as empty, and that is noted."""
        try:
            return bool(self._tools.store.load_mp_list())
        except StoreError as error:
            self._note_store(error)
            return False

    def ask(self, turn: Turn) -> None:
        """Ask the source whose turn it is; once somebody was tried in vain it is the turn of ML-011."""
        site = self._assignment().site
        rule = "ML-011" if self.attempts else turn.rule
        self.take(self._tools.sources.ask(turn.source, rule, self._facts, site, self._deadline))

    def take(self, found: Found) -> None:
        """Take over what a source gave."""
        self.reports.append(found.report)
        self.candidates += found.discovered.candidates
        self.unreadable += found.discovered.unreadable
        if found.published is not None:
            self._published = found.published
            self._take_trusts(found.published, found.report.detail)

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
            self._policy(),
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
        for _ in range(_MOST_MOVES):
            if result.endpoint is None or result.answer is None:
                return
            self.winner = result.endpoint
            self._note_location(result.endpoint)
            self._learn(result.endpoint, result.answer)
            if self._tools.config.phase is Phase.INSTALLING:
                return
            result = self._contact(self._better_than(result.endpoint))

    def keep(self) -> None:
        """Store what was learned: list, answer, assignment. A store that fails is noted, and changes nothing else."""
        if self.winner is None:
            return
        try:
            self._keep(self.winner.host)
        except StoreError as error:
            self._note_store(error)

    def location(self) -> Location:
        """Everything, as one value."""
        assigned = self._assignment()
        return Location(
            decision=self.decide(),
            attempts=tuple(self.attempts),
            sources=tuple(self.reports),
            assigned_mp=self._assigned_mp(),
            time=self._tools.clock.now().isoformat(timespec="seconds"),
            notes=(*self._notes, assigned.reason.text),
        )

    @decides("NET-001")
    def _note_location(self, endpoint: Endpoint) -> None:
        """An on-premises management point that answers proves the intranet as well as a domain controller does."""
        if self._facts.network_location is NetworkLocation.UNKNOWN:
            text = f"the management point {endpoint.host} answered"
            origins = {**self._facts.origins, "network_location": text}
            self._facts = self._facts._replace(network_location=NetworkLocation.INTRANET, origins=origins)
            self.note(f"network location intranet: {text}")

    def _contact(self, groups: Iterable[ContactGroup]) -> ContactResult[Discovered]:
        query = self._query()
        tried = {attempt.endpoint for attempt in self.attempts}
        fresh = [rest for group in groups if (rest := tuple(e for e in group if e not in tried))]

        def ask(endpoint: Endpoint, cancellation: Cancellation) -> Discovered:
            return self._tools.client.fetch_list(endpoint, query, self._deadline, cancellation=cancellation)

        result = self._tools.client.contact(fresh, query.value, ask, self._deadline)
        self.attempts += result.attempts
        return result

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
        site = self._assignment().site
        own = Discovered()
        if site is not None and self._query() is MpListQuery.MPLIST:
            own = self._fetch_own(endpoint, site) or own
        self._learned = classify_list(answer, own, site) if site is not None else answer.candidates
        detail = self._learned[0].origins[0].detail
        self.take(
            Found(
                SourceReport(SourceKind.MP_LIST, asked=True, found=len(self._learned), rule="ML-013", detail=detail),
                Discovered(self._learned, answer.unreadable + own.unreadable),
            )
        )

    def _fetch_own(self, endpoint: Endpoint, site: str) -> Discovered | None:
        code = self._assignment().site
        result = self._tools.client.attempt(
            endpoint,
            f"{MpListQuery.MPLIST1.value}&{site}",
            lambda: self._tools.client.fetch_list(endpoint, MpListQuery.MPLIST1, self._deadline, site=code),
        )
        self.attempts += result.attempts
        return result.answer

    def _policy(self) -> Policy:
        config = self._tools.config
        can_use_https, https_reason = find_https_ability(
            use_pki_cert=config.use_pki_cert, certificate=self._tools.certificate
        )
        published = self._published or Published()
        matches = match_published(self._facts, published.sites, published.ranges)
        return Policy(
            assigned_site=self._assignment().site,
            assigned_mp=self._kept_mp(),
            local_sites=tuple(sorted({match.site for match in matches})),
            purpose=config.purpose,
            phase=config.phase,
            can_use_https=can_use_https,
            https_reason=https_reason,
            may_use_http=config.allow_http,
            allowed_mps=self._facts.allowed_mps,
            http_port=self._site_port("http_port") or config.http_port,
            https_port=self._site_port("https_port") or config.https_port,
            client_build=config.client_build,
        )

    @decides("AD-013")
    def _site_port(self, name: str) -> int | None:
        """A client port of the assigned site as its management points publish it in the directory, else as kept."""
        site = self._assignment().site
        for candidate in merge_candidates(self.candidates):
            published = any(origin.source is SourceKind.DIRECTORY for origin in candidate.origins)
            port: int | None = getattr(candidate.mp, name)
            if published and port is not None and candidate.mp.site_code == site:
                return port
        kept: int | None = getattr(self._kept, name, None)
        return kept if self._kept is not None and self._kept.site == site else None

    def _assignment(self) -> Assignment:
        published = self._published or Published()
        return assign_site(
            given=self._tools.config.site_code,
            kept=self._facts.assigned_site or (self._kept.site if self._kept else None),
            matches=match_published(self._facts, published.sites, published.ranges),
            chooser=self._tools.chooser,
        )

    def _take_trusts(self, published: Published, server: str) -> None:
        if published.trusted_forests is None or "trusted_forests" in self._facts.origins:
            return
        origins = {**self._facts.origins, "trusted_forests": f"directory {server}"}
        self._facts = self._facts._replace(trusted_forests=published.trusted_forests, origins=origins)

    def _load_assignment(self) -> StoredAssignment | None:
        try:
            kept = self._tools.store.load_assignment()
        except StoreError as error:
            self._note_store(error)
            return None
        if kept is not None and kept.trusted_forests and "trusted_forests" not in self._facts.origins:
            origins = {**self._facts.origins, "trusted_forests": "the store"}
            self._facts = self._facts._replace(trusted_forests=kept.trusted_forests, origins=origins)
        return kept

    @decides("MP-002", "MP-016")
    def _assigned_mp(self) -> HostName | None:
        """The management point for registration: the one kept for the site, else the one located just now.

        Was a proxy located, it is the best one of the site itself; None while none was located.
        """
        kept = self._kept_mp()
        if kept is not None or self.winner is None or self._assignment().site is None:
            return kept
        ranked = self.decide().ranked
        located = [one for one in ranked if self.winner in one.endpoints]
        own = [one.mp.host for one in (*located, *ranked) if one.mp and one.category is not Category.PROXY]
        return own[0] if own else None

    def _kept_mp(self) -> HostName | None:
        same_site = self._kept is not None and self._kept.site == self._assignment().site
        return self._kept.assigned_mp if self._kept is not None and same_site else None

    def _keep(self, host: HostName) -> None:
        store, now = self._tools.store, self._tools.clock.now()
        stamp = now.isoformat(timespec="seconds")
        listed = {candidate.mp.host: candidate.origins[0].detail for candidate in self._learned}
        merged = {candidate.mp.host: candidate for candidate in merge_candidates(self.candidates)}
        store.replace_mp_list(
            merged[name]._replace(origins=(Origin(SourceKind.STORED_LIST, f"{detail}, {stamp}"),))
            for name, detail in listed.items()
        )
        answered = merged[host]._replace(origins=(Origin(SourceKind.ANSWERED_BEFORE, f"answered {stamp}"),))
        store.record_answer(answered, now)
        site = self._assignment().site
        if site is not None:
            store.save_assignment(
                StoredAssignment(
                    site,
                    self._assigned_mp(),
                    self._facts.trusted_forests,
                    http_port=self._site_port("http_port"),
                    https_port=self._site_port("https_port"),
                )
            )

    def _note_store(self, error: StoreError) -> None:
        _log.warning("%s", error.message, extra={"event": "store.failed"})
        self.note(f"store: {error.message}")
