"""Metered connections: the table of the module."""

import pytest

from cmclient.model.decision import Purpose
from cmclient.model.facts import NetworkFacts
from cmclient.model.settings import MeteredUse
from cmclient.rules.metered import MeteredAction, action_of, find_metered_bar

ALLOW, LIMIT, BLOCK = MeteredUse.ALLOW, MeteredUse.LIMIT, MeteredUse.BLOCK
METERED = NetworkFacts(metered_network=True)
FOUR = {
    MeteredAction.POLICY,
    MeteredAction.STATE_MESSAGES,
    MeteredAction.SOFTWARE_CENTER,
    MeteredAction.REQUIRED_AT_DEADLINE,
}


def bar(use: MeteredUse, facts: NetworkFacts = METERED, action: MeteredAction = MeteredAction.OTHER) -> str | None:
    reason = find_metered_bar(use, facts, action)
    return None if reason is None else reason.rule


@pytest.mark.rule("CF-023")
def test_block__stops_everything_on_a_metered_connection_and_nothing_elsewhere() -> None:
    assert {bar(BLOCK, action=action) for action in MeteredAction} == {"CF-023"}
    for facts in (NetworkFacts(), NetworkFacts(metered_network=False), NetworkFacts(roaming_network=True)):
        assert {bar(BLOCK, facts, action) for action in MeteredAction} == {None}


@pytest.mark.rule("CF-025")
def test_limit__leaves_the_four_actions() -> None:
    assert {action for action in MeteredAction if bar(LIMIT, action=action) is None} == FOUR
    assert {bar(LIMIT, action=action) for action in set(MeteredAction) - FOUR} == {"CF-025"}


@pytest.mark.rule("CF-024")
def test_allow__but_not_while_roaming() -> None:
    assert bar(ALLOW) is None
    assert bar(ALLOW, METERED._replace(roaming_network=True)) == "CF-024"


@pytest.mark.rule("CF-026")
@pytest.mark.parametrize("use", MeteredUse)
def test_what_a_person_asked_for__is_always_permitted(use: MeteredUse) -> None:
    facts = METERED._replace(roaming_network=True)
    assert find_metered_bar(use, facts, MeteredAction.OTHER, user_asked=True) is None
    assert find_metered_bar(use, facts, MeteredAction.OTHER) is not None


@pytest.mark.rule("CF-025")
@pytest.mark.parametrize(
    ("purpose", "permitted"), [(Purpose.POLICY, True), (Purpose.LOCATION, False), (Purpose.REGISTRATION, False)]
)
def test_location_requests__as_far_as_what_they_are_for_is_permitted(
    purpose: Purpose,
    permitted: bool,  # noqa: FBT001
) -> None:
    assert (find_metered_bar(LIMIT, METERED, action_of(purpose)) is None) is permitted
