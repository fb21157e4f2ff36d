"""What holds for every selection, whatever the candidates."""

import json

from hypothesis import given
from hypothesis import strategies as st
from strategies import candidates, facts, policies, seeds

from cmclient.model.decision import Candidate, Decision, Location, Policy, Verdict
from cmclient.model.facts import NetworkFacts
from cmclient.protocol.saved import build_location
from cmclient.replay import replay_decision
from cmclient.rules.choose import SeededChooser
from cmclient.rules.merge import merge_candidates
from cmclient.rules.select import plan_contact, select_management_point

lists = st.lists(candidates, max_size=8)


def decide(named: list[Candidate], known: NetworkFacts, policy: Policy, seed: int) -> Decision:
    return select_management_point(named, known, policy, chooser=SeededChooser(seed))


@given(lists, facts, policies, seeds)
def test_every_candidate__is_ranked_or_rejected_with_a_reason(
    named: list[Candidate], known: NetworkFacts, policy: Policy, seed: int
) -> None:
    decision = decide(named, known, policy, seed)
    told = [one.name for one in (*decision.ranked, *decision.rejected)]
    assert sorted(told) == sorted({candidate.mp.host for candidate in named})
    assert all(one.reasons for one in (*decision.ranked, *decision.rejected))
    assert all(one.verdict is Verdict.RANKED and one.endpoints for one in decision.ranked)
    assert all(one.verdict is Verdict.REJECTED and not one.endpoints for one in decision.rejected)


@given(lists, facts, policies, seeds, st.randoms(use_true_random=False))
def test_order_of_the_sources__makes_no_difference(
    named: list[Candidate], known: NetworkFacts, policy: Policy, seed: int, random: object
) -> None:
    shuffled = list(named)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(shuffled, known, policy, seed) == decide(named, known, policy, seed)


@given(lists, candidates, facts, policies, seeds)
def test_one_more_that_is_rejected__changes_nothing_for_the_others(
    named: list[Candidate], more: Candidate, known: NetworkFacts, policy: Policy, seed: int
) -> None:
    if more.mp.host in {candidate.mp.host for candidate in named}:
        return
    alone = decide([more], known, policy, seed)
    if alone.rejected:
        assert decide([*named, more], known, policy, seed).ranked == decide(named, known, policy, seed).ranked


@given(lists, facts, policies, seeds, seeds)
def test_seed__orders_equals_only(
    named: list[Candidate], known: NetworkFacts, policy: Policy, seed: int, other: int
) -> None:
    first, second = decide(named, known, policy, seed), decide(named, known, policy, other)
    assert [one.tie for one in first.ranked] == [one.tie for one in second.ranked]
    assert [set(group) for group in plan_contact(first.ranked)] == [set(group) for group in plan_contact(second.ranked)]


@given(lists, facts, policies, seeds)
def test_contact_plan__holds_every_endpoint_once(
    named: list[Candidate], known: NetworkFacts, policy: Policy, seed: int
) -> None:
    decision = decide(named, known, policy, seed)
    planned = [endpoint for group in plan_contact(decision.ranked) for endpoint in group]
    assert sorted(map(str, planned)) == sorted(str(e) for one in decision.ranked for e in one.endpoints)


@given(lists)
def test_merging_twice__is_merging_once(named: list[Candidate]) -> None:
    once = merge_candidates(named)
    assert merge_candidates(once) == once


@given(lists, facts, policies, seeds)
def test_replay_of_a_saved_decision__comes_to_the_same(
    named: list[Candidate], known: NetworkFacts, policy: Policy, seed: int
) -> None:
    decision = decide(named, known, policy, seed)
    replay = replay_decision(json.dumps(build_location(Location(decision))).encode())
    assert replay.differences == ()
    assert replay.decision == decision
