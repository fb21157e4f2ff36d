"""One search for a management point: which source is asked, who is contacted, and where that stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .discover import Found
from .knowledge import Knowledge, Tools
from .model.decision import Discovered, Phase, SourceKind, SourceReport
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts, NetworkLocation
from .model.http import Deadline, Outcome
from .model.mplist import MpListQuery
from .model.names import SiteCode
from .model.rule import decides
from .rules.gateways import find_fallback_bar
from .rules.mplist import Stage, Turn, classify_list
from .rules.network import judge_location, weigh_facts
from .rules.profiles import profile_of
from .rules.select import ContactGroup, plan_contact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .mpclient import ContactResult
    from .ports import Cancellation

__all__ = ["Search"]

_MOST_MOVES = 3  # moves to a better one that a new list names: lists that praise each other must end somewhere


class Search:
    """One search: asks sources and management points, and adds what they say to what is known.

    Attributes:
        known: What is known by now, and what follows from it.
    """

    def __init__(self, tools: Tools, facts: NetworkFacts, deadline: Deadline) -> None:
        self._tools = tools
        self._sources = profile_of(tools.config.profile).sources
        self._deadline = deadline
        self.known = Knowledge(tools, facts)

    def stages(self) -> tuple[Stage, ...]:
        """The stages of looking for a management point, in order."""
        return self._sources.stages(
            has_stored_list=self.known.has_stored_list(),
            offline=self._tools.offline,
            asks_wins=self._tools.sources.has_wins,
        )

    def every_stage(self) -> tuple[Stage, ...]:
        """The stages of looking with and without a stored list, which name every source."""
        find, wins = self._sources.stages, self._tools.sources.has_wins
        return (*find(has_stored_list=True, asks_wins=wins), *find(has_stored_list=False, asks_wins=wins))

    def ask(self, turn: Turn) -> None:
        """Ask the source whose turn it is; once somebody was tried in vain there is a rule of its own for that."""
        rule = self._sources.after_failure if self.known.attempts else turn.rule
        known = self.known
        has_key = known.keys.known is not None
        ask = self._tools.sources.ask
        known.take(ask(turn.source, rule, known.facts, known.standing.policy, self._deadline, has_root_key=has_key))

    def pass_over(self, stage: Stage) -> None:
        """Record that a stage was not needed."""
        detail = "not needed: a management point was located before its turn"
        for turn in stage:
            self.known.reports.append(SourceReport(turn.source, asked=False, found=0, rule=turn.rule, detail=detail))

    @decides("MP-007", "ML-013", "ML-030")
    def contact(self) -> None:
        """Contact whom the decision ranks, best first, leaving out those tried already.

        The one that answers gives its list. Does the list name a better one, that one is asked next; not while
        installing, when the first that can be reached is used.
        """
        known = self.known
        if self._tools.offline:
            return
        result = self._contact(plan_contact(known.decide().ranked))
        moves = 0
        while result.endpoint is not None and result.answer is not None:
            known.winner = result.endpoint
            self._note_location(result.endpoint)
            named = known.is_published(result.endpoint)
            known.attempts += known.keys.learn(result.endpoint, self._deadline, is_published=named)
            self._learn(result.endpoint, result.answer)
            self._learn_nearby(result.endpoint)
            first_will_do = self._tools.config.phase is Phase.INSTALLING and known.is_over()
            if moves == _MOST_MOVES or first_will_do:
                return
            result = self._contact(self._better_than(result.endpoint))
            moves += 1

    @decides("NET-006", "NET-018")
    def turn_to_internet(self) -> None:
        """Nobody on the intranet answered: a client that knows a management point for the internet tries that next.

        It knows one when it was given one, or when a list that it has kept names one.
        """
        known = self.known
        if self._tools.offline or known.is_over():
            return
        if known.facts.network_location is not NetworkLocation.UNKNOWN:
            self._fall_back_to_gateways()
            return
        evidence = weigh_facts(known.facts, has_internet_mp=known.knows_internet())._replace(all_asked=True)
        judgement = judge_location(evidence)
        known.note(f"network location {judgement.location.value}: {judgement.reason.text}")
        if not (evidence.has_internet_mp or self._may_fall_back()):
            return  # where nobody is left to try, the candidates stay judged as they were tried
        known.learn_fact(judgement.reason.text, network_location=judgement.location)
        self._fall_back_to_gateways()
        self.contact()
        if known.winner is not None:
            reason = judge_location(evidence._replace(internet_mps=(known.winner.host,))).reason
            known.learn_fact(reason.text, network_location=judgement.location)
            known.note(reason.text)

    def _may_fall_back(self) -> bool:
        """Whether a client on the internet would have a gateway to fall back to."""
        away = self.known.facts._replace(network_location=NetworkLocation.INTERNET)
        known = any(one.gateway is not None for one in self.known.facts.fallback_gateways)
        return known and find_fallback_bar(self.known.candidates, away, self.known.standing.policy) is None

    def _fall_back_to_gateways(self) -> None:
        """Try the gateways of the client's list, where the rules let it read that list and nobody else is left."""
        known = self.known
        if not known.facts.fallback_gateways or known.facts.network_location is not NetworkLocation.INTERNET:
            return
        bar = find_fallback_bar(known.candidates, known.facts, known.standing.policy)
        if bar is not None:
            report = SourceReport(SourceKind.GATEWAY_LIST, asked=False, found=0, rule=bar.rule, detail=bar.text)
            known.reports.append(report)
            return
        policy = known.standing.policy
        known.take(self._tools.sources.ask(SourceKind.GATEWAY_LIST, "CG-009", known.facts, policy, self._deadline))
        self.contact()

    @decides("CG-036")
    def _note_location(self, endpoint: Endpoint) -> None:
        """An on-premises management point that answers proves the intranet as well as a domain controller does.

        A gateway proves neither by an answer nor by a failure: it is reached from everywhere.
        """
        known = self.known
        if known.facts.network_location is NetworkLocation.UNKNOWN and endpoint.gateway is None:
            evidence = weigh_facts(known.facts, has_internet_mp=known.knows_internet())
            judgement = judge_location(evidence._replace(intranet_mps=(endpoint.host,)))
            known.learn_fact(judgement.reason.text, network_location=judgement.location)
            for reason in judgement.reasons:
                known.note(f"network location {judgement.location.value}: {reason.text}")

    def _share(self) -> Deadline:
        """The time for contacting: while the internet may have to be tried after the intranet, half of what is left."""
        unsure = self.known.facts.network_location is NetworkLocation.UNKNOWN and self.known.knows_internet()
        return self._deadline.half() if unsure else self._deadline

    def _contact(self, groups: Iterable[ContactGroup]) -> ContactResult[Discovered]:
        known = self.known
        query = known.query
        site = known.site if query is MpListQuery.MPLIST2 else None
        # A loser of a race was cancelled and not tried to the end: it may be wanted yet.
        tried = {attempt.endpoint for attempt in known.attempts if attempt.outcome is not Outcome.CANCELLED}
        fresh = [rest for group in groups if (rest := tuple(e for e in group if e not in tried))]

        def ask(endpoint: Endpoint, cancellation: Cancellation) -> Discovered:
            named = known.is_published(endpoint)
            known.keys.check(endpoint, self._deadline, cancellation, is_published=named)
            return self._tools.client.fetch_list(endpoint, query, self._deadline, site=site, cancellation=cancellation)

        result = self._tools.client.contact(fresh, query.value, ask, self._share())
        known.attempts += result.attempts
        return result

    def _better_than(self, endpoint: Endpoint) -> Sequence[ContactGroup]:
        """Groups above the one of an endpoint; all of them when it is ranked no more."""
        groups = plan_contact(self.known.decide().ranked)
        place = next((index for index, group in enumerate(groups) if endpoint in group), len(groups))
        return groups[:place]

    def _learn(self, endpoint: Endpoint, answer: Discovered) -> None:
        """Take over a downloaded list, told apart by site where the management point serves the assigned one."""
        known = self.known
        site = known.site
        own = Discovered()
        known.listed = answer.candidates
        if site is not None and known.query is MpListQuery.MPLIST:
            own = self._fetch_own(endpoint, site) or own
            known.listed = classify_list(answer, own, site)
        detail = answer.candidates[0].origins[0].detail
        known.take(
            Found(
                SourceReport(SourceKind.MP_LIST, asked=True, found=len(known.listed), rule="ML-013", detail=detail),
                Discovered(known.listed, answer.unreadable + own.unreadable),
            )
        )
        if known.query is MpListQuery.MPLIST and known.beyond is None:
            self._learn_beyond(endpoint)

    def _learn_beyond(self, endpoint: Endpoint) -> None:
        """Learn who is there for the internet, for the day on which the client is."""
        from .beyond import find_beyond

        told = find_beyond(self._tools.client, endpoint, self.known.standing.policy, self._deadline)
        self.known.attempts += told.attempts
        if told.found is not None and told.report is not None:
            self.known.beyond = told.found.candidates
            self.known.take(Found(told.report, told.found))

    def _learn_nearby(self, endpoint: Endpoint) -> None:
        """Ask once which proxies are near the client, if that is wanted."""
        from .rules.nearby import asks_for_nearby

        known = self.known
        tools, policy = self._tools, known.standing.policy
        if known.nearby is not None or not asks_for_nearby(known.facts, policy, wish=tools.config.nearby_mps):
            return
        from .messaging import LocationMessenger
        from .nearby import find_nearby

        messenger = LocationMessenger(tools.client, tools.clock, host=known.facts.host, chooser=tools.chooser)
        site = policy.assigned_site
        told = find_nearby(tools.client, messenger, endpoint, known.facts, self._deadline, assigned_site=site)
        known.nearby = told.candidates
        known.attempts += told.attempts
        known.take(Found(told.report, Discovered(told.candidates)))

    def _fetch_own(self, endpoint: Endpoint, site: SiteCode) -> Discovered | None:
        query = MpListQuery.MPLIST1
        result = self._tools.client.attempt(
            endpoint,
            f"{query.value}&{site}",
            lambda: self._tools.client.fetch_list(endpoint, query, self._deadline, site=site),
        )
        self.known.attempts += result.attempts
        return result.answer
