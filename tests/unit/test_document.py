"""Values as JSON and back, strictly."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import candidates, facts, policies

from cmclient.errors import CmClientError, MalformedReplyError, ReplayError
from cmclient.model.decision import Candidate, Location, Policy
from cmclient.model.facts import NetworkFacts
from cmclient.model.secret import Secret
from cmclient.protocol.document import from_json, to_json
from cmclient.protocol.saved import build_facts, build_location, parse_facts
from cmclient.replay import replay_decision
from cmclient.rules.choose import SeededChooser
from cmclient.rules.select import select_management_point


@given(candidates)
def test_candidates__there_and_back(candidate: Candidate) -> None:
    assert from_json(Candidate, json.loads(json.dumps(to_json(candidate)))) == candidate


@given(policies)
def test_policies__there_and_back(policy: Policy) -> None:
    assert from_json(Policy, json.loads(json.dumps(to_json(policy)))) == policy


@given(facts)
def test_facts_documents__there_and_back(known: NetworkFacts) -> None:
    assert parse_facts(json.dumps(build_facts(known)).encode()) == known


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"assigned_site": "TOOLONG"}, "policy.assigned_site"),
        ({"assigned_site": 7}, "policy.assigned_site"),
        ({"can_use_https": "yes"}, "policy.can_use_https"),
        ({"http_port": True}, "policy.http_port"),
        ({"local_sites": "ABC"}, "policy.local_sites"),
        ({"purpose": "mischief"}, "policy.purpose"),
        ({"nonsense": 1}, "nonsense"),
        ([], "policy"),
    ],
)
def test_wrong_type__is_refused_and_the_place_is_named(data: object, where: str) -> None:
    with pytest.raises(MalformedReplyError, match=where.replace(".", r"\.")):
        from_json(Policy, data, where="policy")


def test_secret__is_masked() -> None:
    assert to_json({"password": Secret("hunter2")}) == {"password": "***"}


def _saved() -> dict[str, object]:
    decision = select_management_point([], NetworkFacts(), Policy(), chooser=SeededChooser(7))
    document: dict[str, object] = build_location(Location(decision))
    return document


def test_replay__of_what_was_saved__is_the_same() -> None:
    assert replay_decision(json.dumps(_saved()).encode()).differences == ()


def test_replay__of_what_was_changed__says_what_differs() -> None:
    document = _saved()
    document["ranked"] = [{"name": "mp9.corp.test"}]
    (difference,) = replay_decision(json.dumps(document).encode()).differences
    assert difference == "ranked: was mp9.corp.test, is (none)"


def test_replay__by_another_catalogue__is_noted() -> None:
    document = {**_saved(), "catalogue": "1999-1"}
    assert "1999-1" in replay_decision(json.dumps(document).encode()).notes[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"schema": "cmclient.location/99"}',
        b'{"schema": "cmclient.location/1"}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=["empty", "text", "list", "no schema", "newer schema", "nothing in it", "deep", "binary"],
)
def test_replay__of_something_else__is_refused(data: bytes) -> None:
    with pytest.raises(ReplayError):
        replay_decision(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_replay__of_any_json_in_any_part__gives_a_value_or_an_error_of_ours(junk: object) -> None:
    for part in ("facts", "policy", "candidates", "unreadable", "seed", "ranked", "rejected", "catalogue"):
        try:
            replay_decision(json.dumps({**_saved(), part: junk}).encode())
        except CmClientError:
            continue


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("candidates", [{"mp": {"host": "mp1"}, "origins": []}], "origins is empty"),
        ("facts", {"adapters": [{"name": "e", "addresses": [{"address": "garbage"}]}]}, "garbage"),
    ],
)
def test_replay__of_what_no_decision_can_have__is_refused(part: str, value: object, problem: str) -> None:
    with pytest.raises(MalformedReplyError, match=problem):
        replay_decision(json.dumps({**_saved(), part: value}).encode())
