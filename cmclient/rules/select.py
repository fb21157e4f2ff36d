"""Selection of a management point: every candidate ranked or rejected, with the rules that did it.

Pure: the same candidates, facts, policy and seed give the same decision, in whatever order the candidates came.
Invariants: each candidate ends in ``ranked`` or in ``rejected``, never in both, never in neither; each has a reason.
"""

from collections.abc import Iterable
from itertools import groupby

from ..model.decision import (
    Candidate,
    Decision,
    Evaluation,
    Policy,
    Reason,
    Tie,
    Unreadable,
    Verdict,
)
from ..model.endpoints import Endpoint
from ..model.facts import NetworkFacts
from ..model.rule import decides
from .choose import SeededChooser
from .edition import CATALOGUE_VERSION
from .merge import merge_candidates
from .order import TieRule, standard_tie
from .profiles import SelectionRules, profile_of

__all__ = ["ContactGroup", "TieRule", "plan_contact", "select_management_point"]

ContactGroup = tuple[Endpoint, ...]
_NO_TIE = Tie(0, 0, 0, 0)
_DOWN_TO_HTTP = 2  # ranks 3 and 4 are the HTTP of ranks 1 and 2


@decides("CF-001", "MP-005", "MP-007")
def select_management_point(
    candidates: Iterable[Candidate],
    facts: NetworkFacts,
    policy: Policy,
    *,
    chooser: SeededChooser,
    unreadable: Iterable[Unreadable] = (),
    tie: TieRule = standard_tie,
) -> Decision:
    """Judge every candidate and rank those that may be used.

    Args:
        candidates: Management points from any sources, in any order; those of the same host are merged.
        facts: What the client knows of itself (its network location).
        policy: Its protocol preference, its assigned site, whose rules decide, and what else was decided before.
        chooser: Orders candidates that the rules call equal.
        unreadable: What sources named and could not be read; rejected as such.
        tie: The sort key without chance, for those who read Q-03 differently: called with category, locality,
            preferred and rank. A decision made with another one cannot be replayed.

    Returns:
        The decision: ranked best first, rejected by name.
    """
    merged = merge_candidates(candidates)
    broken = tuple(sorted(set(unreadable), key=_unreadable_key))
    rules = profile_of(policy.profile).selection
    each = [_judge(candidate, facts, policy, rules, chooser, tie) for candidate in merged]
    judged = rules.conclude(each, facts, policy)
    rejected = [one for one in judged if one.verdict is Verdict.REJECTED] + [_reject_unreadable(one) for one in broken]
    return Decision(
        ranked=tuple(sorted((one for one in judged if one.verdict is Verdict.RANKED), key=_sort_key)),
        rejected=tuple(sorted(rejected, key=lambda one: (one.name, one.reasons))),
        facts=facts,
        policy=policy,
        candidates=merged,
        unreadable=broken,
        seed=chooser.seed,
        catalogue=CATALOGUE_VERSION,
    )


def _sort_key(one: Evaluation) -> tuple[Tie, float, str]:
    return one.tie or _NO_TIE, one.draw or 0.0, one.name


def _unreadable_key(one: Unreadable) -> tuple[str, ...]:
    return one.name, one.origin.source.value, one.origin.detail, one.rule, one.problem


def _reject_unreadable(one: Unreadable) -> Evaluation:
    return Evaluation(one.name, Verdict.REJECTED, (Reason(one.rule, one.problem),), (one.origin,))


def _judge(
    candidate: Candidate,
    facts: NetworkFacts,
    policy: Policy,
    rules: SelectionRules,
    chooser: SeededChooser,
    tie: TieRule,
) -> Evaluation:
    mp = candidate.mp
    for requirement in rules.requirements:
        if fault := requirement(candidate, facts, policy):
            return _rejected(candidate, fault)
    category, category_reason = rules.find_category(mp, policy)
    if category is None:
        return _rejected(candidate, category_reason)
    if fault := rules.find_purpose_fault(mp, category, policy):
        return _rejected(candidate, category_reason, fault)
    endpoints, protocol_reason = rules.find_endpoints(mp, facts, policy)
    if not endpoints:
        return _rejected(candidate, category_reason, protocol_reason)
    if fault := rules.find_limit(mp, facts, policy):
        return _rejected(candidate, category_reason, protocol_reason, fault)
    step = rules.find_step(mp, endpoints, facts, policy)
    position = rules.find_position(candidate, category, endpoints[0].scheme, facts, policy, tie)
    return Evaluation(
        name=mp.host,
        verdict=Verdict.RANKED,
        reasons=(category_reason, *position.reasons, protocol_reason, *([step] if step else []), position.rank_reason),
        origins=candidate.origins,
        mp=mp,
        endpoints=endpoints,
        category=category,
        preferred=position.is_preferred,
        rank=position.rank,
        tie=position.tie,
        draw=chooser.draw(mp.host) if rules.draws else 0.0,
    )


def _rejected(candidate: Candidate, *reasons: Reason) -> Evaluation:
    return Evaluation(candidate.mp.host, Verdict.REJECTED, reasons, candidate.origins, candidate.mp)


@decides("MP-007", "MP-009")
def plan_contact(ranked: Iterable[Evaluation]) -> tuple[ContactGroup, ...]:
    """The order in which ranked candidates are contacted.

    Going down to HTTP on a management point that takes both comes where its HTTP rank would be: after all that are
    tried over HTTPS in the same category, locality and preference (MP-003).

    Returns:
        Groups of endpoints, best first; those of one group are equal by the rules and stand in drawn order. A group
        is tried only when every earlier one has failed.
    """
    steps = []
    for one in ranked:
        key = one.tie or _NO_TIE
        for down, endpoint in enumerate(one.endpoints):
            at = key._replace(rank=key.rank + _DOWN_TO_HTTP * down)
            steps.append((at, one.draw or 0.0, one.name, endpoint))
    steps.sort(key=lambda step: step[:3])
    return tuple(tuple(step[3] for step in group) for _, group in groupby(steps, key=lambda step: step[0]))
