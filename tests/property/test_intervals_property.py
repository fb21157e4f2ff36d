"""The index of intervals against a plain loop, with both of its forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.rules.intervals import IntervalIndex

HIGHEST = 2**32 - 1
numbers = st.integers(0, 60) | st.integers(HIGHEST - 60, HIGHEST)
intervals = st.tuples(numbers, numbers).map(lambda ends: (min(ends), max(ends)))


def loop(held: list[tuple[int, int]], number: int) -> list[int]:
    return [place for place, (low, high) in enumerate(held) if low <= number <= high]


@given(st.lists(intervals, max_size=40), st.lists(numbers, max_size=20))
def test_any_intervals__are_found_as_by_a_loop_at_their_ends_and_beside_them(
    held: list[tuple[int, int]], asked: list[int]
) -> None:
    index = IntervalIndex(held)
    ends = [number for low, high in held for number in (low - 1, low, high, high + 1)]
    assert all(index.find(number) == loop(held, number) for number in (*asked, *ends))


@given(st.integers(60, 300), st.lists(st.integers(-5, 700), max_size=30))
def test_nested_intervals__are_found_as_by_a_loop_and_in_memory_of_their_number(count: int, asked: list[int]) -> None:
    held = [(place, 2 * count - place) for place in range(count)]
    index = IntervalIndex(held)
    assert all(index.find(number) == loop(held, number) for number in asked)
    assert len(index) <= 2 * (2 * count).bit_length() * count


@pytest.mark.parametrize("count", [2_000, 20_000])
def test_every_interval_inside_every_other__stays_linear(count: int) -> None:
    index = IntervalIndex([(place, 2 * count - place) for place in range(count)])
    assert len(index) < 40 * count
    assert index.find(count) == list(range(count))


def test_nothing__holds_nothing() -> None:
    assert IntervalIndex([]).find(5) == []
