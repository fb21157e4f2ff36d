"""The clock and the chance of the machine."""

import sys
import time
from datetime import UTC, datetime, timedelta

from cmclient.adapters.clock import SystemClock, fresh_seed
from cmclient.ports import Clock


def test_the_wall_clock_is_in_utc() -> None:
    clock: Clock = SystemClock()
    now = clock.now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_intervals_are_those_of_the_machine() -> None:
    clock: Clock = SystemClock()
    machine = time.monotonic if sys.platform != "linux" else lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    before = machine()
    assert before <= clock.monotonic() <= machine()


def test_seeds_differ_and_fit_a_signed_64_bit_number() -> None:
    seeds = {fresh_seed() for _ in range(200)}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds).bit_length() > 55
