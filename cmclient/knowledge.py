"""What one search for a management point knows: what was found and tried so far, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .discover import Found, Published, Sources
from .errors import StoreError
from .model.decision import (
    Candidate,
    Category,
    Decision,
    Location,
    Origin,
    SourceKind,
    SourceReport,
    StoredAssignment,
    Unreadable,
)
from .model.endpoints import Audience, Endpoint
from .model.facts import ClientKind, NetworkFacts, NetworkLocation
from .model.http import Attempt, Outcome
from .model.legacy import ProfileName
from .model.mplist import MpListQuery
from .model.names import HostName, SiteCode
from .model.rule import decides
from .rootkeys import RootKeys, is_published
from .rules.choose import SeededChooser
from .rules.merge import merge_candidates
from .rules.profiles import profile_of
from .rules.select import select_management_point
from .standing import Clues, find_standing
from .store_notes import note_store_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from .config import ClientConfig
    from .model.certificates import ClientCertificate
    from .mpclient import ManagementPointClient
    from .ports import Clock, SignatureVerifier, Store
    from .standing import Standing

__all__ = ["Knowledge", "Tools"]

_FROM_STORE = "the store"


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


class Knowledge:
    """What a search knows. Grows; nothing that was found or tried is forgotten.

    Attributes:
        facts: What is known of the client by now.
        published: What sites publish in the directory besides management points; None while it did not answer.
        keys: What is known of the trusted root key.
        reports: What came of each source, in the order in which they were considered.
        candidates: Everything that was named, not merged.
        unreadable: Everything that was named and could not be read.
        attempts: Everything that was tried.
        winner: The endpoint that answered last; None while none has.
        listed: What the list of a management point named last; empty while none was downloaded.
        nearby: The proxies near the client; None while nobody was asked.
        beyond: Who is there for the internet; None while nobody said.
    """

    def __init__(self, tools: Tools, facts: NetworkFacts) -> None:
        """Begin with what the machine and the store know.

        Args:
            tools: What the search works with.
            facts: What the machine knows.

        Raises:
            ConfigError: A file with the trusted root key was named and not read.
        """
        self._tools = tools
        self._find_standing = _standing_by(tools.config.profile)
        self.published: Published | None = None
        self._notes: list[str] = []
        self._store_faults: set[str] = set()
        self._standing: Standing | None = None
        self.facts = facts
        self.reports: list[SourceReport] = []
        self.candidates: list[Candidate] = []
        self.unreadable: list[Unreadable] = []
        self.attempts: list[Attempt] = []
        self.winner: Endpoint | None = None
        self.listed: tuple[Candidate, ...] = ()
        self.nearby: tuple[Candidate, ...] | None = None
        self.beyond: tuple[Candidate, ...] | None = None
        self._kept = self._load_assignment()
        self.keys = RootKeys(tools.config, tools.store, tools.client, tools.clock, tools.verifier)

    # --- what is learned ---

    def note(self, text: str) -> None:
        """Keep something that a person should know."""
        self._notes.append(text)

    def take(self, found: Found) -> None:
        """Take over what a source gave."""
        self.reports.append(found.report)
        self.candidates += found.discovered.candidates
        self.unreadable += found.discovered.unreadable
        self._standing = None
        if found.published is not None:
            self.published = found.published
            self._take_trusts(found.published, found.report.detail)
            self.keys.take_published(found.published.sites, self.site)

    def learn_fact(self, origin: str, **known: object) -> None:
        """Take over facts of the client, by name."""
        self.facts = self.facts.learn(origin, **known)
        self._standing = None

    def _take_trusts(self, published: Published, server: str) -> None:
        """Take over which forests are trusted, unless somebody said so; what was kept is replaced."""
        said = self.facts.origins.get("trusted_forests", _FROM_STORE)
        if published.trusted_forests is not None and said == _FROM_STORE:
            self.learn_fact(f"directory {server}", trusted_forests=published.trusted_forests)

    # --- what is known ---

    @property
    def standing(self) -> Standing:
        """Where the client stands by what is known now; worked out again only when something was learned."""
        if self._standing is None:
            tools = self._tools
            self._standing = self._find_standing(
                Clues(
                    tools.config,
                    self.facts,
                    tools.chooser,
                    tools.certificate,
                    self._kept,
                    self.published,
                    self.candidates,
                )
            )
        return self._standing

    @property
    def site(self) -> SiteCode | None:
        """The assigned site."""
        return self.standing.assignment.site

    @property
    def query(self) -> MpListQuery:
        """Which list the client asks a management point for, where it is."""
        on_internet = self.facts.network_location is NetworkLocation.INTERNET
        return MpListQuery.MPLIST2 if on_internet else MpListQuery.MPLIST

    def has_stored_list(self) -> bool:
        """Whether a list is stored; a store that cannot be read counts as empty, and that is noted."""
        try:
            return bool(self._tools.store.load_mp_list())
        except StoreError as error:
            self._note_store(error)
            return False

    def knows_internet(self) -> bool:
        """Whether a management point for the internet is known that this kind of client may use there."""
        if self.facts.client_kind is ClientKind.MDM:
            return False
        return any(one.mp.audience in {Audience.INTERNET, Audience.BOTH} for one in self.candidates)

    def is_published(self, endpoint: Endpoint | None) -> bool:
        """Whether the directory names a management point, in this run."""
        return endpoint is not None and is_published(self.candidates, endpoint)

    # --- what follows from it ---

    def decide(self) -> Decision:
        """Judge everything that was found so far."""
        return select_management_point(
            self.candidates,
            self.facts,
            self.standing.policy,
            chooser=self._tools.chooser,
            unreadable=self.unreadable,
        )

    def is_over(self) -> bool:
        """Whether a management point was located. One that answers and that its own list disqualifies is none."""
        return bool(self.attempts) and Location(self.decide(), tuple(self.attempts)).chosen is not None

    def location(self) -> Location:
        """Everything, as one value."""
        decision, describe = self.decide(), profile_of(self._tools.config.profile).selection.describe
        said = describe((*decision.ranked, *decision.rejected), decision.facts, decision.policy)
        return Location(
            decision=decision,
            attempts=tuple(self.attempts),
            sources=tuple(self.reports),
            assigned_mp=self._assigned_mp(),
            time=self._tools.clock.now().isoformat(timespec="seconds"),
            notes=(*self._notes, *self.keys.notes, self.standing.assignment.reason.text, *said),
            fsp=self._find_fsp(),
            root_key=self.keys.decision(self.winner, is_published=self.is_published(self.winner)),
        )

    def _find_fsp(self) -> HostName | None:
        """The fallback status point that the client's site publishes."""
        if self.published is None:
            return None
        from .rules.fsp import choose_fsp

        return choose_fsp(self.published.fallback_status_points, self.site)

    @decides("MP-002", "MP-016")
    def _assigned_mp(self) -> HostName | None:
        """The management point for registration: the one kept for the site, else the one located just now.

        Was a proxy located, it is the best one of the site itself that has not failed; None while none was located.
        """
        kept = self.standing.policy.assigned_mp
        if kept is not None or not self.is_over() or self.site is None:
            return kept
        failed = {attempt.endpoint.host for attempt in self.attempts if attempt.outcome is Outcome.FAILED}
        ranked = self.decide().ranked
        located = [one for one in ranked if self.winner in one.endpoints]
        others = [one for one in ranked if one.name not in failed]
        of_site = {None, self.site}  # one of a site that is visited is none
        own = [one for one in (*located, *others) if one.mp and one.mp.site_code in of_site]
        own = [one for one in own if one.mp and one.mp.gateway is None]  # it stands for others, and is nobody's own
        return next((one.mp.host for one in own if one.mp and one.category is not Category.PROXY), None)

    # --- what is kept ---

    def keep(self) -> None:
        """Store what was learned: key, list, answer, assignment. A store that fails is noted, and changes no more."""
        try:
            if not self._tools.offline:
                self.keys.keep()
            if self.winner is not None:
                self._keep_points()
                self._keep_assignment()
        except StoreError as error:
            self._note_store(error)

    def _keep_points(self) -> None:
        from .beyond import keep_gateways

        store, now = self._tools.store, self._tools.clock.now()
        stamp = now.isoformat(timespec="seconds")
        learned = (*(self.nearby or ()), *(self.beyond or ()), *self.listed)
        listed = {candidate.mp.host: candidate.origins[0].detail for candidate in learned}
        merged = {candidate.mp.host: candidate for candidate in merge_candidates(self.candidates)}
        is_told = self.beyond is not None or self.query is MpListQuery.MPLIST2
        fresh = (
            merged[name]._replace(origins=(Origin(SourceKind.STORED_LIST, f"{detail}, {stamp}"),))
            for name, detail in listed.items()
        )
        store.replace_mp_list((*fresh, *(() if is_told else keep_gateways(self.candidates, listed))))
        said = (Origin(SourceKind.ANSWERED_BEFORE, f"answered {stamp}"),)
        for attempt in self.attempts:
            if attempt.outcome is Outcome.ANSWERED:
                store.record_answer(merged[attempt.endpoint.host]._replace(origins=said), now)

    def _keep_assignment(self) -> None:
        standing = self.standing
        if standing.assignment.site is not None:
            kept = StoredAssignment(
                standing.assignment.site, self._assigned_mp(), self.facts.trusted_forests, *standing.learned
            )
            self._tools.store.save_assignment(kept)

    def _load_assignment(self) -> StoredAssignment | None:
        try:
            kept = self._tools.store.load_assignment()
        except StoreError as error:
            self._note_store(error)
            return None
        if kept is not None and kept.trusted_forests and "trusted_forests" not in self.facts.origins:
            self.learn_fact(_FROM_STORE, trusted_forests=kept.trusted_forests)
        return kept

    def _note_store(self, error: StoreError) -> None:
        if error.message not in self._store_faults:  # each use of the store meets the same fault
            self._store_faults.add(error.message)
            self.note(note_store_error(error))


def _standing_by(profile: ProfileName) -> Callable[[Clues], Standing]:
    """How to find out where a client stands: by the rules of its product, which alone are loaded."""
    if profile is ProfileName.CM07:
        from .legacy_standing import find_legacy_standing

        return find_legacy_standing
    return find_standing
