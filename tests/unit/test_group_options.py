"""Options of a client in several boundary groups: what one group can switch off or on for all."""

import pytest

from cmclient.model.groups import BoundaryGroup, GroupOptions
from cmclient.rules.group_options import CloudSource, cloud_sources, combine_options

USUAL = GroupOptions()
NO_PEERS = USUAL._replace(allow_peers=False)
GATEWAY, UPDATE = CloudSource.CLOUD_MANAGEMENT_GATEWAY, CloudSource.MICROSOFT_UPDATE


def groups(*options: GroupOptions) -> list[BoundaryGroup]:
    return [BoundaryGroup(f"id{n}", f"G{n}", options=one) for n, one in enumerate(options)]


@pytest.mark.rule("BG-050", "BG-051")
@pytest.mark.parametrize(
    ("options", "is_on", "rule"),
    [
        pytest.param([USUAL], True, "BG-050", id="on by default"),
        pytest.param([NO_PEERS], False, "BG-051", id="off"),
        pytest.param([USUAL, USUAL], True, "BG-050", id="on in both"),
        pytest.param([USUAL, NO_PEERS, USUAL], False, "BG-051", id="off in one of three"),
        pytest.param([], False, "BG-050", id="in no group"),
    ],
)
def test_peers__are_off_when_any_group_has_them_off(options: list[GroupOptions], is_on: bool, rule: str) -> None:  # noqa: FBT001
    combined = combine_options(groups(*options))
    assert (combined.allow_peers.is_on, combined.allow_peers.reason.rule) == (is_on, rule)
    assert combined.peer_groups == (tuple(f"id{n}" for n in range(len(options))) if is_on else ())


@pytest.mark.rule("BG-051")
def test_peers_that_are_off__are_told_with_the_groups_that_do_it() -> None:
    assert combine_options(groups(USUAL, NO_PEERS)).allow_peers.reason.text == "off in G1, so off for the client"


@pytest.mark.rule("BG-052")
@pytest.mark.parametrize(
    ("options", "is_on"),
    [
        pytest.param([USUAL], False, id="off by default"),
        pytest.param([USUAL, USUAL._replace(peers_in_subnet_only=True)], True, id="on in one of two"),
        pytest.param([NO_PEERS._replace(peers_in_subnet_only=True)], False, id="no peers there"),
        pytest.param([NO_PEERS, USUAL._replace(peers_in_subnet_only=True)], False, id="peers off in the other"),
    ],
)
def test_peers_of_the_own_subnet_only__counts_while_there_are_peers(options: list[GroupOptions], is_on: bool) -> None:  # noqa: FBT001
    option = combine_options(groups(*options)).peers_in_subnet_only
    assert (option.is_on, option.reason.rule) == (is_on, "BG-052")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        pytest.param("prefer_dps_over_peers", "BG-053", marks=pytest.mark.rule("BG-053")),
        pytest.param("prefer_cloud", "BG-055", marks=pytest.mark.rule("BG-055")),
    ],
)
def test_preferences__one_group_that_asks_suffices(name: str, rule: str) -> None:
    asks = USUAL._replace(**{name: True})
    for options, is_on in (([USUAL, USUAL], False), ([asks], True), ([USUAL, asks, USUAL], True), ([], False)):
        combined = combine_options(groups(*options))
        option = getattr(combined, name)
        assert (option.is_on, option.reason.rule) == (is_on, rule)
        others = {"prefer_dps_over_peers", "prefer_cloud"} - {name}
        assert not any(getattr(combined, other).is_on for other in others)


def test_order_of_the_groups__makes_no_difference() -> None:
    some = groups(NO_PEERS, USUAL._replace(prefer_cloud=True), USUAL._replace(peers_in_subnet_only=True))
    told = [[option.is_on for option in combine_options(order)[:4]] for order in (some, some[::-1])]
    assert told[0] == told[1]


@pytest.mark.rule("BG-056")
@pytest.mark.parametrize(
    ("for_content", "allowed", "sources"),
    [
        (True, True, (GATEWAY, UPDATE)),
        (True, False, (GATEWAY,)),
        (False, True, (GATEWAY,)),
        (False, False, (GATEWAY,)),
    ],
)
def test_cloud_sources__microsoft_update_for_content_where_the_deployment_allows_it(
    for_content: bool,  # noqa: FBT001
    allowed: bool,  # noqa: FBT001
    sources: tuple[CloudSource, ...],
) -> None:
    assert cloud_sources(for_content=for_content, allows_microsoft_update=allowed) == sources
