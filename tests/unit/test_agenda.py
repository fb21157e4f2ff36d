"""When an agent does what, on both sides of each border."""

import pytest

from cmclient.model.agent import Errand
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.facts import NetworkLocation
from cmclient.model.lease import EffectKind, Lease, LeaseCandidate, LeasePhase, Located, Period, ServiceStarted, Ticked
from cmclient.model.names import HostName
from cmclient.model.served import Failed, FailureKind, Succeeded
from cmclient.rules.agenda import (
    ASK_AGAIN,
    Pace,
    earliest_locate,
    is_in_doubt,
    is_other_network,
    plan_cycles,
    plan_probe,
)
from cmclient.rules.choose import SeededChooser
from cmclient.rules.lease import step

HOUR = 3600.0
CHOOSER = SeededChooser(1)
EXACT = Pace(spread=0.0, probe_interval=HOUR)
OFF = Pace(spread=0.0, probe_interval=0.0)
AT = Endpoint(Scheme.HTTP, HostName("mp1"), 80)
INTRANET, INTERNET, UNKNOWN = NetworkLocation.INTRANET, NetworkLocation.INTERNET, NetworkLocation.UNKNOWN


def held(now: float) -> Lease:
    lease = Lease(now)
    for event in (ServiceStarted(), Located((LeaseCandidate(AT, 0),)), Succeeded(AT)):
        lease, _ = step(lease, event, now, chooser=CHOOSER)
    return lease


@pytest.mark.rule("ML-001", "ST-010")
@pytest.mark.parametrize("start", [0.0, 0.1, 12345.678])
def test_cycles__at_their_time_the_lease_asks_and_a_second_before_it_does_not(start: float) -> None:
    lease = held(start)
    location, refresh = plan_cycles(lease, EXACT, failed=0, chooser=CHOOSER)
    assert (location.at - start, refresh.at - start) == pytest.approx((25 * HOUR, 24 * HOUR))
    assert step(lease, Ticked(), refresh.at - 1, chooser=CHOOSER)[1] == ()
    assert step(lease, Ticked(), refresh.at + 1, chooser=CHOOSER)[1][0].kind is EffectKind.REFRESH_GROUPS


@pytest.mark.rule("ML-001", "ST-010")
def test_cycles__are_spread_and_never_early() -> None:
    lease, pace = held(100.0), Pace(spread=600.0, probe_interval=0.0)
    plans = [plan_cycles(lease, pace, failed=0, chooser=SeededChooser(seed)) for seed in range(50)]
    for place, period in ((0, 25 * HOUR), (1, 24 * HOUR)):
        late = [plan[place].at - 100.0 - period for plan in plans]
        assert 0 <= min(late) < 60
        assert 540 < max(late) < 600


def test_what_came_to_nothing__is_asked_again_when_the_lease_asks_again() -> None:
    lease, _ = step(Lease(0.0), ServiceStarted(), 0.0, chooser=CHOOSER)
    assert step(lease, Ticked(), ASK_AGAIN - 0.001, chooser=CHOOSER)[1] == ()
    assert step(lease, Ticked(), ASK_AGAIN, chooser=CHOOSER)[1] != (), "else the plan is not the lease's"
    for failed, most in ((0, 660), (1, 660), (2, 720), (3, 840), (99, 1800)):
        times = [plan_cycles(lease, EXACT, failed=failed, chooser=SeededChooser(seed))[0].at for seed in range(50)]
        assert ASK_AGAIN <= min(times) < max(times) <= most
        assert max(times) > ASK_AGAIN + 0.7 * (most - ASK_AGAIN), "full jitter"


def test_what_came_to_nothing__is_asked_again_at_the_next_cycle_at_the_latest() -> None:
    pending = held(0.0)._replace(location=Period(0.0, 25 * HOUR - 10, pending=True))
    location, _ = plan_cycles(pending, EXACT, failed=5, chooser=CHOOSER)
    assert location.at == 25 * HOUR


def test_plan__is_the_same_until_something_happens() -> None:
    lease, pace = held(0.0), Pace(spread=600.0, probe_interval=HOUR)
    assert plan_cycles(lease, pace, failed=0, chooser=CHOOSER) == plan_cycles(lease, pace, failed=0, chooser=CHOOSER)
    later = lease._replace(as_of=99.0)
    assert plan_cycles(later, pace, failed=0, chooser=CHOOSER) == plan_cycles(lease, pace, failed=0, chooser=CHOOSER)


def test_no_cycle_before_the_first() -> None:
    assert plan_cycles(Lease(0.0), EXACT, failed=0, chooser=CHOOSER) == ()


def test_probe__at_once_then_once_an_interval_and_sooner_after_a_failure() -> None:
    lease = held(0.0)
    first = plan_probe(lease, EXACT, checked_at=None, now=7.0, chooser=CHOOSER)
    assert first is not None
    assert (first.at, first.errand) == (7.0, Errand.PROBE)
    usual = plan_probe(lease, EXACT, checked_at=7.0, now=8.0, chooser=CHOOSER)
    assert usual is not None
    assert 7.0 + HOUR <= usual.at <= 7.0 + 1.1 * HOUR
    for count, most in ((1, 30.0), (2, 60.0), (3, 120.0), (4, 120.0)):
        failed = lease._replace(failures=(7.0,) * count)
        waits = [
            due.at - 7.0
            for seed in range(50)
            if (due := plan_probe(failed, EXACT, checked_at=7.0, now=8.0, chooser=SeededChooser(seed))) is not None
        ]
        assert len(waits) == 50
        assert 0.7 * most < max(waits) <= most


def test_probe__that_failed_is_made_again_no_later_than_the_usual_one() -> None:
    often = Pace(spread=0.0, probe_interval=5.0)
    for count in range(1, 5):
        failed = held(0.0)._replace(failures=(7.0,) * count)
        dues = [plan_probe(failed, often, checked_at=7.0, now=8.0, chooser=SeededChooser(seed)) for seed in range(50)]
        waits = [due.at - 7.0 for due in dues if due is not None]
        assert len(waits) == 50
        assert 3.5 < max(waits) <= 5.0


@pytest.mark.rule("ST-002")
def test_probe__five_that_take_as_long_as_they_may_still_fall_within_ten_minutes() -> None:
    """Else a management point that is silent would never be given up."""

    class Unlucky(SeededChooser):
        def draw(self, label: str) -> float:
            return 0.999999

    lease, now = held(0.0)._replace(candidates=(LeaseCandidate(AT, 0), LeaseCandidate(AT._replace(port=81), 0))), 0.0
    for run in range(5):
        assert lease.endpoint == AT
        due = plan_probe(lease, EXACT, checked_at=now if run else None, now=now, chooser=Unlucky(1))
        assert due is not None
        now = due.at + 60.0
        lease, _ = step(lease, Failed(AT, FailureKind.CONNECTION, run), now, chooser=CHOOSER)
    assert lease.endpoint != AT


def test_probe__of_nobody_and_of_those_given_up_there_is_none() -> None:
    for lease in (Lease(0.0), held(0.0)._replace(phase=LeasePhase.GIVEN_UP)):
        for pace in (EXACT, OFF):
            assert plan_probe(lease, pace, checked_at=None, now=0.0, chooser=CHOOSER) is None


def test_probe__that_is_off_is_made_only_where_there_is_doubt() -> None:
    """One that a location request did not ask, or saw failing, would never be left otherwise."""
    lease = held(0.0)
    failed = lease._replace(failures=(7.0,))
    assert plan_probe(lease, OFF, checked_at=7.0, now=8.0, chooser=CHOOSER) is None
    unasked = plan_probe(lease, OFF, checked_at=None, now=8.0, chooser=CHOOSER)
    assert unasked is not None
    assert unasked.at == 8.0
    dues = [plan_probe(failed, OFF, checked_at=7.0, now=8.0, chooser=SeededChooser(seed)) for seed in range(50)]
    waits = [due.at - 7.0 for due in dues if due is not None]
    assert len(waits) == 50
    assert 20.0 < max(waits) <= 30.0, "as soon as with checks on"


@pytest.mark.parametrize("pace", [EXACT, OFF])
def test_probe__is_not_made_before_the_server_wants_to_be_asked_again(pace: Pace) -> None:
    lease = held(0.0)
    for failures, checked_at in (((7.0,), 7.0), ((), None)):
        asked = lease._replace(failures=failures)
        due = plan_probe(asked, pace, checked_at=checked_at, now=8.0, chooser=CHOOSER, not_before=127.0)
        assert due is not None
        assert due.at == 127.0
        due = plan_probe(asked, pace, checked_at=checked_at, now=8.0, chooser=CHOOSER, not_before=7.001)
        assert due is not None
        assert due.at > 7.001, "that time is over"


def test_probe__somebody_waits_for_comes_within_seconds() -> None:
    for pace in (EXACT, OFF):
        for count, most in ((1, 2.0), (2, 4.0), (3, 8.0), (4, 8.0)):
            failed = held(0.0)._replace(failures=(7.0,) * count)
            waits = [
                due.at - 7.0
                for seed in range(50)
                if (
                    due := plan_probe(
                        failed,
                        pace._replace(is_hurried=True),
                        checked_at=7.0,
                        now=8.0,
                        chooser=SeededChooser(seed),
                    )
                )
            ]
            assert len(waits) == 50
            assert 0.7 * most < max(waits) <= most


def test_doubt__is_over_when_it_answered_or_all_were_given_up() -> None:
    lease = held(0.0)
    assert not is_in_doubt(lease)
    assert is_in_doubt(lease._replace(failures=(7.0,)))
    assert is_in_doubt(lease._replace(phase=LeasePhase.SEEKING))
    assert not is_in_doubt(lease._replace(phase=LeasePhase.GIVEN_UP, failures=(7.0,)))
    assert not is_in_doubt(Lease(0.0))


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ((), 4000.0),
        ((3999.0,) * 5, 4000.0),
        ((3999.0,) * 6, 4299.0),
        ((400.0, *(3999.0,) * 5), 4000.0),
        ((401.0, *(3999.0,) * 5), 4299.0),
        ((3600.0,) * 6, 4000.0),
    ],
)
def test_location_requests__a_few_at_once_then_one_every_five_minutes(
    starts: tuple[float, ...], expected: float
) -> None:
    assert earliest_locate(starts, 4000.0) == expected


@pytest.mark.rule("NET-005")
@pytest.mark.parametrize(
    ("before", "found", "moved"),
    [
        (INTRANET, INTERNET, True),
        (INTERNET, INTRANET, True),
        (INTRANET, INTRANET, False),
        (INTRANET, UNKNOWN, False),
        (UNKNOWN, INTERNET, False),
    ],
)
def test_network__is_another_one_only_when_both_are_known(
    before: NetworkLocation,
    found: NetworkLocation,
    moved: bool,  # noqa: FBT001
) -> None:
    assert is_other_network(before, found) is moved
