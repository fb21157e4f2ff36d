"""The table of states against what was gathered from the documentation."""

import csv
from pathlib import Path

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.state import Priority, TopicType
from cmclient.rules.deployment_states import ASSIGNMENT_STATES, states_of
from cmclient.rules.states import STATES, TOPIC_NAMES, find_topic_name, require_state


def read_table(vectors: Path) -> dict[tuple[int, int], str]:
    with (vectors / "samples" / "fsp-state-ids.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(int(row["topic_type"]), int(row["state_id"])): row["meaning_own_words"] for row in rows}


@pytest.mark.rule("FS-020", "FS-021", "FS-022", "FS-023", "FS-024", "FS-025", "FS-026", "FS-027")
def test_table__is_the_documented_one(vectors: Path) -> None:
    documented = read_table(vectors)
    assert set(STATES) == set(documented)
    for key, meaning in documented.items():
        assert STATES[key].meaning in meaning, key
    assert "SDK" in STATES[800, 311].source, "the one on which the sources differ"


@pytest.mark.rule("FS-028")
def test_readiness_for_native_mode__is_1_while_it_is_not_and_2_when_it_is() -> None:
    says = {id_: state.meaning for (topic, id_), state in STATES.items() if topic == 1100}
    assert says == {1: "client not ready for native mode", 2: "client ready for native mode"}
    assert [STATES[topic, 1].meaning == says[1] for topic in (1000, 1100)] == [False, True]


@pytest.mark.rule("FS-036")
@pytest.mark.parametrize(
    ("topic", "id_", "is_unknown"),
    [(800, 0, True), (1000, 0, True), (1100, 0, True), (1100, 3, False), (800, 99, False), (801, 0, False)],
)
def test_state_0__says_that_the_state_of_its_topic_is_not_known(topic: int, id_: int, is_unknown: bool) -> None:  # noqa: FBT001
    with pytest.raises(InvalidValueError) as caught:
        require_state(topic, id_)
    assert ("0 says that the state is not known" in caught.value.message) is is_unknown


@pytest.mark.rule("FS-025", "SA-036")
def test_assignment__has_one_list_of_states() -> None:
    states = {id_: state.meaning for (topic, id_), state in STATES.items() if topic == 800 and id_ >= 500}
    assert states == ASSIGNMENT_STATES
    assert sorted(states) == [500, *range(601, 610), 700]


@pytest.mark.rule("SA-036")
@pytest.mark.parametrize(("failure", "ids"), [(None, [500, 700]), *((one, [500, one]) for one in range(601, 610))])
def test_assignment__reports_that_it_started_and_how_it_ended(failure: int | None, ids: list[int]) -> None:
    assert [state.id for state in states_of(failure)] == ids


@pytest.mark.parametrize(
    ("topic", "id_", "says"),
    [
        (800, 330, "near ones are 325 "),
        (800, 330, "329 metered network not allowed"),
        (800, 0, "100 client deployment started"),
        (1000, 3, "1 talking to the management point works; 2 talking"),
        (801, 1, "topics are 800 (client deployment and site assignment)"),
        (500, 2, "it is about software updates, of which a fallback status point is not told"),
        (-1, 10**30, "topics are 800"),
    ],
)
def test_unknown_state__is_refused_with_near_ones(topic: int, id_: int, says: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        require_state(topic, id_)
    assert says in caught.value.message


def test_known_state__is_found() -> None:
    assert require_state(800, 329).meaning == "metered network not allowed"


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        (800, "client deployment and site assignment"),
        (1000, "client and management point"),
        (1001, "client and its certificate"),
        (1100, "readiness for native mode"),
        (300, "software updates"),
        (402, "software updates"),
        (303, None),
        (7201, None),
    ],
)
def test_topic__has_a_name(topic: int, name: str | None) -> None:
    assert find_topic_name(topic) == name


def test_names__are_there_for_every_topic() -> None:
    assert set(TOPIC_NAMES) == set(TopicType) == {state.topic for state in STATES.values()}


@pytest.mark.parametrize(
    ("key", "priority"),
    [
        ((800, 100), Priority.MEDIUM),
        ((800, 101), Priority.LOW),
        ((800, 301), Priority.HIGH),
        ((800, 400), Priority.MEDIUM),
        ((800, 609), Priority.HIGH),
        ((800, 700), Priority.MEDIUM),
        ((1000, 1), Priority.MEDIUM),
        ((1000, 2), Priority.HIGH),
        ((1001, 2), Priority.HIGH),
        ((1100, 2), Priority.MEDIUM),
    ],
)
def test_priority__puts_failures_first(key: tuple[int, int], priority: Priority) -> None:
    assert STATES[key].priority is priority
