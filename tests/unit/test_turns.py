"""Whose turn it is: two minutes each, whoever joins is next, without end."""

import pytest

from cmclient.model.decision import Reason
from cmclient.model.names import HostName
from cmclient.rules.choose import SeededChooser
from cmclient.rules.pools import PoolEntry
from cmclient.rules.turns import next_source_at, shuffle_pool


def pool(**joining: int) -> tuple[PoolEntry, ...]:
    return tuple(PoolEntry(minute, HostName(host), "G", Reason("BG-007", "")) for host, minute in joining.items())


def tried(entries: tuple[PoolEntry, ...], *seconds: int) -> str:
    found = (next_source_at(entries, second) for second in seconds)
    return "".join("-" if entry is None else entry.host for entry in found)


@pytest.mark.rule("BG-032", "BG-034")
def test_each__is_tried_for_two_minutes_and_then_the_next_without_end() -> None:
    entries = pool(a=0, b=0, c=0)
    assert tried(entries, 0, 119, 120, 239, 240, 359, 360) == "aabbcca"
    assert tried(entries, *(360 * 10**6 + second for second in (0, 119, 120, 359, 360))) == "aabca"


@pytest.mark.rule("BG-032", "BG-034")
def test_one_source__is_tried_again_and_again() -> None:
    assert tried(pool(a=0), 0, 120, 10**9) == "aaa"


@pytest.mark.rule("BG-030", "BG-032", "BG-033")
def test_who_joins__is_next_and_the_others_go_on() -> None:
    entries = pool(a=0, b=0, n=10, m=10, s=120)
    assert tried(entries, 0, 120, 240, 360, 480, 599) == "ababaa"
    assert tried(entries, 600, 719, 720, 840, 960, 1080, 1200) == "nnmbanm"
    assert tried(entries, 7080, 7199, 7200, 7320, 7440, 7560, 7680, 7800) == "bbsanmbs"


@pytest.mark.rule("BG-032")
def test_turn_that_is_under_way__is_not_cut_short_by_who_joins() -> None:
    assert tried(pool(a=0, n=1), 0, 60, 119, 120, 240) == "aaana"


def test_those_not_tried_yet__come_first_in_the_order_in_which_they_joined() -> None:
    assert tried(pool(a=0, b=0, n=1, m=1), 0, 119, 120, 240, 360, 480, 600) == "aabnmab"


@pytest.mark.rule("BG-031")
def test_nobody_yet__and_nobody_at_all() -> None:
    assert tried(pool(n=10), 0, 599, 600, 719, 720) == "--nnn"
    assert tried((), 0, 10**6) == "--"


def test_against_a_plain_simulation() -> None:
    entries = pool(a=0, b=0, c=3, d=3, e=4, f=9, g=11)
    tried_at: dict[str, int] = {}
    for start in range(0, 4800, 120):
        there = [entry.host for entry in entries if entry.minute * 60 <= start]
        due = min(there, key=lambda host: (tried_at.get(host, -1), there.index(host)))
        assert tried(entries, start, start + 119) == 2 * due
        tried_at[due] = start


@pytest.mark.rule("BG-008", "BG-027")
def test_those_of_the_same_minute__stand_in_any_order_and_the_others_stay() -> None:
    entries = pool(a=0, b=0, c=10, d=10)
    orders = {"".join(entry.host for entry in shuffle_pool(entries, SeededChooser(seed))) for seed in range(60)}
    assert orders == {"abcd", "abdc", "bacd", "badc"}


@pytest.mark.rule("BG-008")
def test_order__comes_from_the_seed_and_not_from_the_data() -> None:
    entries = pool(a=0, b=0, c=0)
    assert shuffle_pool(entries, SeededChooser(7)) == shuffle_pool(entries[::-1], SeededChooser(7))
