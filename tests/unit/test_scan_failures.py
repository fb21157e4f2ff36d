"""Which scans that came to nothing count, and what follows when the site wants another software update point."""

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.facts import NetworkLocation
from cmclient.model.names import HostName
from cmclient.model.scans import ScanHistory
from cmclient.rules.scan_failures import RETRY_CODES, find_scan_excuse, parse_scan_code
from cmclient.rules.software_update_points import (
    UpdatePoint,
    change_place,
    choose_update_point,
    fallback_minute,
    find_switch,
    next_scan,
    note_scan,
    note_scan_failure,
    note_switch_wanted,
    rebase_scans,
)

MINUTE = 60.0
OLD, NEW, LATE = HostName("old"), HostName("new"), HostName("late")
OLD_POINT, NEW_POINT, LATE_POINT = POINTS = tuple(map(UpdatePoint, (OLD, NEW, LATE)))

# In the order of the documentation.
DOCUMENTED = """
    2149842970 2147954429 2149859352 2149859362 2149859338 2149859344 2147954430 2147747475 2149842974 2149859342
    2149859372 2149859341 2149904388 2149859371 2149859367 2149859366 2149859364 2149859363 2149859361 2149859360
    2149859359 2149859358 2149859357 2149859356 2149859354 2149859353 2149859350 2149859349 2149859340 2149859339
    2149859332 2149859333 2149859334 2149859337 2149859336 2149859335
"""


def rule_of(code: int | str | None, *, cut_off: bool = False) -> str | None:
    excuse = find_scan_excuse(None if code is None else parse_scan_code(code), cut_off=cut_off)
    return None if excuse is None else excuse.rule


@pytest.mark.rule("SU-013")
def test_codes_that_start_the_retry__are_the_documented_ones() -> None:
    documented = [parse_scan_code(code) for code in DOCUMENTED.split()]
    assert len(documented) == 36
    assert set(documented) == RETRY_CODES


@pytest.mark.rule("SU-013")
@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("0x8024001A", True),
        (2149842970, True),
        (-2145124326, True),
        ("0x8024402C", True),
        ("0x80072EE2", False),  # the server took too long: not on the list
        ("0x8024001B", False),
        (0, False),
        (None, True),
    ],
)
def test_code__only_one_on_the_list_is_a_failure_of_the_server(code: int | str | None, counts: bool) -> None:  # noqa: FBT001
    assert rule_of(code) == (None if counts else "SU-013")


@pytest.mark.rule("SU-011")
@pytest.mark.parametrize("code", [None, "0x8024001E", "0x80072EE2"])
def test_power_off_during_a_scan__is_no_failure_whatever_the_code(code: str | None) -> None:
    assert rule_of(code, cut_off=True) == "SU-011"


@pytest.mark.parametrize("code", ["", "no", "0x18024001A", 1 << 32])
def test_code__that_is_none_is_refused(code: int | str) -> None:
    with pytest.raises(InvalidValueError, match="0x8024001A"):
        parse_scan_code(code)


# --- another one is wanted ------------------------------------------------------------------------------------------


def failed(history: ScanHistory, *minutes: float) -> ScanHistory:
    for minute in minutes:
        history = note_scan_failure(
            history, minute * MINUTE, location=NetworkLocation.INTRANET, point=UpdatePoint(history.host or OLD)
        )
    return history


def used(history: ScanHistory, minute: float, *points: UpdatePoint) -> ScanHistory:
    return choose_update_point(history, points, POINTS, minute * MINUTE)


@pytest.mark.rule("SU-016")
def test_another_one_is_wanted__the_next_scan_is_with_it() -> None:
    history = ScanHistory(OLD)
    assert used(history, 7, OLD_POINT, NEW_POINT) == history
    moved = used(note_switch_wanted(history, 5 * MINUTE), 7, OLD_POINT, NEW_POINT)
    assert (moved.host, moved.tried, moved.switch_wanted) == (NEW, (OLD,), None)
    assert used(moved, 8, OLD_POINT, NEW_POINT) == moved, "it is not gone back to"


@pytest.mark.rule("SU-016")
def test_another_one_is_wanted__neither_four_failures_nor_a_sooner_scan_are_needed() -> None:
    history = note_switch_wanted(failed(ScanHistory(OLD), 0), 5 * MINUTE)
    assert find_switch(history) == 5 * MINUTE
    assert next_scan(history) == 30 * MINUTE
    assert find_switch(failed(ScanHistory(OLD), 0)) is None


@pytest.mark.rule("SU-016")
def test_nobody_else_yet__fallback_runs_from_the_wish_and_a_good_scan_does_not_end_it() -> None:
    history = used(note_switch_wanted(ScanHistory(OLD), 5 * MINUTE), 7, OLD_POINT)
    assert note_switch_wanted(history, 99 * MINUTE) == history
    assert history.host == OLD
    history = note_scan(history, OLD)
    assert [fallback_minute(history, minute * MINUTE) for minute in (5, 124, 125)] == [0, 119, 120]
    assert used(history, 125, OLD_POINT, LATE_POINT).host == LATE
    assert fallback_minute(note_scan(history, NEW), 125 * MINUTE) == 0, "another one was found"


@pytest.mark.rule("SU-016")
def test_failures_began_before__fallback_goes_on_from_there() -> None:
    history = note_switch_wanted(failed(ScanHistory(OLD), 10), 60 * MINUTE)
    assert fallback_minute(history, 130 * MINUTE) == 120


def test_wish__outlives_another_place_and_a_restart() -> None:
    history = note_switch_wanted(failed(ScanHistory(OLD), 10), 60 * MINUTE)
    assert change_place(history) == ScanHistory(OLD, switch_wanted=60 * MINUTE)
    moved = rebase_scans(history, as_of=70 * MINUTE, now=100.0, age=MINUTE)
    assert moved.switch_wanted == 100.0 - 11 * MINUTE
    broken = history._replace(switch_wanted=float("nan"))
    assert rebase_scans(broken, as_of=70 * MINUTE, now=100.0, age=0.0) == ScanHistory(OLD)
