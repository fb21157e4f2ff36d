"""Selection of a management point: every candidate ranked or rejected, with the rules that did it.

Pure: the same candidates, facts, policy and seed give the same decision, in whatever order the candidates came.
Invariants: each candidate ends in ``ranked`` or in ``rejected``, never in both, never in neither; each has a reason.
"""

from collections.abc import Callable, Iterable
from itertools import groupby

from ..model.decision import (
    Candidate,
    Category,
    Decision,
    Evaluation,
    Phase,
    Policy,
    Reason,
    Tie,
    Unreadable,
    Verdict,
)
from ..model.endpoints import Endpoint, Locality
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.rule import decides
from .catalogue import CATALOGUE_VERSION
from .choose import SeededChooser
from .eligibility import REQUIREMENTS, find_affinity_fault, find_endpoints, find_purpose_fault
from .merge import merge_candidates
from .order import find_category, find_preferred, rank_of, standard_tie, uses_groups

__all__ = ["ContactGroup", "TieRule", "plan_contact", "select_management_point"]

TieRule = Callable[..., Tie]
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
        policy: Its protocol preference, its assigned site, and what else was decided before.
        chooser: Orders candidates that the rules call equal.
        unreadable: What sources named and could not be read; rejected as such.
        tie: The sort key without chance, for those who read Q-03 differently: called with category, locality,
            preferred and rank. A decision made with another one cannot be replayed.

    Returns:
        The decision: ranked best first, rejected by name.
    """
    merged = merge_candidates(candidates)
    broken = tuple(sorted(set(unreadable)))
    judged = [_judge(candidate, facts, policy, chooser, tie) for candidate in merged]
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


def _reject_unreadable(one: Unreadable) -> Evaluation:
    return Evaluation(one.name, Verdict.REJECTED, (Reason(one.rule, one.problem),), (one.origin,))


def _judge(
    candidate: Candidate, facts: NetworkFacts, policy: Policy, chooser: SeededChooser, tie: TieRule
) -> Evaluation:
    mp = candidate.mp
    for requirement in REQUIREMENTS:
        if fault := requirement(candidate, facts, policy):
            return _rejected(candidate, fault)
    category, category_reason = find_category(mp, policy)
    if category is None:
        return _rejected(candidate, category_reason)
    if fault := find_purpose_fault(mp, category, policy):
        return _rejected(candidate, category_reason, fault)
    endpoints, protocol_reason = find_endpoints(mp, facts, policy)
    if not endpoints:
        return _rejected(candidate, category_reason, protocol_reason)
    if fault := find_affinity_fault(mp, facts, policy):
        return _rejected(candidate, category_reason, protocol_reason, fault)
    preferred = find_preferred(mp, policy)
    rank, rank_text = rank_of(mp, endpoints[0].scheme, facts)
    key, order_reasons = _order(candidate, category, facts, policy, tie, preferred=preferred, rank=rank)
    return Evaluation(
        name=mp.host,
        verdict=Verdict.RANKED,
        reasons=(category_reason, *order_reasons, protocol_reason, _rank_reason(rank_text, policy)),
        origins=candidate.origins,
        mp=mp,
        endpoints=endpoints,
        category=category,
        preferred=preferred,
        rank=rank,
        tie=key,
        draw=chooser.draw(mp.host),
    )


def _rank_reason(text: str, policy: Policy) -> Reason:
    return Reason("MP-003" if policy.can_use_https else "MP-004", text)


def _rejected(candidate: Candidate, *reasons: Reason) -> Evaluation:
    return Evaluation(candidate.mp.host, Verdict.REJECTED, reasons, candidate.origins, candidate.mp)


def _order(
    candidate: Candidate,
    category: Category,
    facts: NetworkFacts,
    policy: Policy,
    tie: TieRule,
    *,
    preferred: bool,
    rank: int,
) -> tuple[Tie, tuple[Reason, ...]]:
    """The sort key, and what is to be said about it."""
    if facts.network_location is NetworkLocation.INTERNET:
        return _NO_TIE, (Reason("NET-022", "internet clients pick at random among their site's internet ones"),)
    if not uses_groups(policy):
        return Tie(0, 0, 0, rank), (_phase_reason(policy),)
    locality = candidate.mp.locality
    said = "unknown, sorted last" if locality is Locality.UNKNOWN else str(int(locality))
    reasons = [Reason("MP-015", f"locality {said}")]
    if preferred:
        reasons.append(Reason("ML-021", "preferred: of the assigned site, in a boundary group that holds the client"))
    return tie(category, locality, preferred=preferred, rank=rank), tuple(reasons)


def _phase_reason(policy: Policy) -> Reason:
    if policy.phase is Phase.INSTALLING:
        return Reason("ML-030", "not sorted by boundary groups while installing; the first that is reached is used")
    return Reason("ML-033", "boundary groups are not looked at in a task sequence")


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
