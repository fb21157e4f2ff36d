"""Boundary groups before 1610, and the nine scenarios of content."""

from itertools import product

import pytest

from cmclient.model.groups import Role
from cmclient.model.names import HostName
from cmclient.rules.early_groups import (
    EarlyGroup,
    EarlyKind,
    EarlyReference,
    decide_early_content,
    find_early_servers,
)

NEAR, FAR, OTHER = HostName("near.corp.test"), HostName("far.corp.test"), HostName("other.corp.test")
HERE = EarlyGroup("here", (EarlyReference(NEAR),))
PREFERRED, FALLBACK = EarlyKind.PREFERRED, EarlyKind.FALLBACK
HOUR = 3600.0
BOTH = (False, True)


# P, F, D, B; None for any. What the list has, from what is downloaded, whether the site distributes.
SCENARIOS = {
    "CL-060": ((True, False, None, None), {PREFERRED}, PREFERRED, False),
    "CL-061": ((True, True, None, False), {PREFERRED, FALLBACK}, PREFERRED, False),
    "CL-062": ((True, True, None, True), {PREFERRED, FALLBACK}, PREFERRED, False),
    "CL-063": ((False, False, False, None), set(), None, False),
    "CL-064": ((False, True, False, False), {FALLBACK}, None, False),
    "CL-065": ((False, True, False, True), {FALLBACK}, FALLBACK, False),
    "CL-066": ((False, False, True, None), set(), None, True),
    "CL-067": ((False, True, True, False), {FALLBACK}, None, True),
    "CL-068": ((False, True, True, True), {FALLBACK}, FALLBACK, True),
}


@pytest.mark.parametrize(
    ("inputs", "named", "takes", "distributes", "rule"),
    [
        pytest.param(tuple(inputs), named, takes, distributes, rule, marks=pytest.mark.rule(rule))
        for rule, (wanted, named, takes, distributes) in SCENARIOS.items()
        for inputs in product(*(BOTH if one is None else (one,) for one in wanted))
    ],
)
def test_content__in_each_scenario(
    inputs: tuple[bool, bool, bool, bool],
    named: set[EarlyKind],
    takes: EarlyKind | None,
    distributes: bool,  # noqa: FBT001
    rule: str,
) -> None:
    preferred, fallback, on_demand, may_download = inputs
    found = decide_early_content(preferred=preferred, fallback=fallback, on_demand=on_demand, may_download=may_download)
    assert (found.named, found.takes, found.distributes) == (named, takes, distributes)
    assert found.reasons[0].rule == rule


@pytest.mark.rule("CL-069")
@pytest.mark.parametrize("inputs", list(product(BOTH, repeat=4)))
def test_content__the_flag_is_sent_exactly_when_fallback_is_allowed(inputs: tuple[bool, bool, bool, bool]) -> None:
    preferred, fallback, on_demand, may_download = inputs
    found = decide_early_content(preferred=preferred, fallback=fallback, on_demand=on_demand, may_download=may_download)
    assert found.asks_fallback is fallback


@pytest.mark.rule("CL-063", "CL-064", "CL-066", "CL-067", "TM-013")
@pytest.mark.parametrize("inputs", list(product(BOTH, repeat=4)))
def test_content__is_asked_for_again_every_hour_exactly_when_nothing_is_downloaded(
    inputs: tuple[bool, bool, bool, bool],
) -> None:
    preferred, fallback, on_demand, may_download = inputs
    found = decide_early_content(preferred=preferred, fallback=fallback, on_demand=on_demand, may_download=may_download)
    assert found.retry == (HOUR if found.takes is None else None)


@pytest.mark.rule("BG-060")
def test_server__is_preferred_by_a_group_of_the_client_or_fallback_by_its_own_flag() -> None:
    found = find_early_servers([HERE], Role.DISTRIBUTION_POINT, serving=[FAR, NEAR, OTHER], fallback=[NEAR, FAR])
    assert [(one.host, one.kind) for one in found] == [(NEAR, PREFERRED), (FAR, FALLBACK)]
    assert find_early_servers([], Role.DISTRIBUTION_POINT, serving=[NEAR]) == ()
    assert find_early_servers([HERE], Role.DISTRIBUTION_POINT, serving=[]) == ()


def test_servers__are_sorted_by_name_the_preferred_ones_first_each_once() -> None:
    here = EarlyGroup("here", (EarlyReference(OTHER), EarlyReference(FAR)))
    serving = [OTHER, NEAR, FAR, HostName("a.corp.test"), OTHER]
    found = find_early_servers([here], Role.DISTRIBUTION_POINT, serving=serving, fallback=serving)
    assert [str(one.host) for one in found] == ["far.corp.test", "other.corp.test", "a.corp.test", "near.corp.test"]


@pytest.mark.rule("BG-061")
@pytest.mark.parametrize(
    ("speeds", "is_slow"),
    [
        pytest.param([], None, id="in no group"),
        pytest.param([False], False, id="fast"),
        pytest.param([True], True, id="slow"),
        pytest.param([True, False], False, id="slow in one group, fast in another"),
        pytest.param([True, True], True, id="slow in both"),
    ],
)
def test_connection__is_a_thing_of_the_group_and_fast_unless_it_says_otherwise(
    speeds: list[bool],
    is_slow: bool | None,  # noqa: FBT001
) -> None:
    groups = [EarlyGroup(str(place), (EarlyReference(NEAR, slow),)) for place, slow in enumerate(speeds)]
    (found,) = find_early_servers(groups, Role.DISTRIBUTION_POINT, serving=[NEAR], fallback=[NEAR])
    assert found.is_slow is is_slow
    assert EarlyReference(NEAR).is_slow is False


@pytest.mark.rule("BG-063")
@pytest.mark.parametrize(
    ("role", "by_group"),
    [
        (Role.DISTRIBUTION_POINT, True),
        (Role.STATE_MIGRATION_POINT, True),
        (Role.MANAGEMENT_POINT, True),
        (Role.SOFTWARE_UPDATE_POINT, False),
        (Role.CLOUD_MANAGEMENT_GATEWAY, False),
    ],
)
def test_groups__were_for_content_and_preferred_management_points_alone(role: Role, by_group: bool) -> None:  # noqa: FBT001
    assert bool(find_early_servers([HERE], role, serving=[NEAR])) is by_group


def test_fallback__is_for_distribution_points_alone() -> None:
    assert find_early_servers([], Role.STATE_MIGRATION_POINT, serving=[NEAR], fallback=[NEAR]) == ()
