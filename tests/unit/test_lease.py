"""What each event does to a client that keeps its management point, on both sides of each border."""

import itertools
import json
from collections import Counter

import pytest

from cmclient.errors import MalformedReplyError
from cmclient.model.decision import Candidate, Origin, Policy, Purpose, SourceKind
from cmclient.model.endpoints import Endpoint, Locality, ManagementPoint, Protocols, Scheme
from cmclient.model.facts import NetworkFacts, NetworkLocation
from cmclient.model.lease import (
    Effect,
    EffectKind,
    Lease,
    LeaseCandidate,
    LeaseEvent,
    LeasePhase,
    ListRefreshed,
    Located,
    NetworkChanged,
    Run,
    ServiceStarted,
    SettingsChanged,
    Ticked,
    find_lease_fault,
)
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.model.served import Failed, FailureKind, Succeeded
from cmclient.protocol.leasetext import lease_as_dict, lease_from_dict
from cmclient.rules.choose import SeededChooser
from cmclient.rules.lease import TRANSITIONS, rebase_lease, server_for, step
from cmclient.rules.rotation import lease_candidates, may_contact
from cmclient.rules.select import select_management_point

HOUR = 3600.0
CHOOSER = SeededChooser(1)
EVENTS = (Located, ListRefreshed, Succeeded, Failed, NetworkChanged, ServiceStarted, SettingsChanged, Ticked)
MOVED, WIDENED, GAVE_UP, RECOVERED = EffectKind.MOVED, EffectKind.WIDENED, EffectKind.GAVE_UP, EffectKind.RECOVERED
REQUEST, REFRESH, PROBE = EffectKind.REQUEST_LOCATION, EffectKind.REFRESH_GROUPS, EffectKind.PROBE_NETWORK


def at(host: str, *, scheme: Scheme = Scheme.HTTP) -> Endpoint:
    return Endpoint(scheme, HostName(host), 443 if scheme is Scheme.HTTPS else 80)


def groups(*named: str, outside: str = "") -> tuple[LeaseCandidate, ...]:
    """Candidates from words: one word a group, one letter a host; those in ``outside`` are not in the current group."""
    return tuple(
        LeaseCandidate(at(host), number, host not in outside) for number, hosts in enumerate(named) for host in hosts
    )


def leased(*named: str, outside: str = "", held: str = "", now: float = 0.0, chooser: SeededChooser = CHOOSER) -> Lease:
    """A lease on some candidates, which one of them answered."""
    lease, _ = step(Lease(now), Located(groups(*named, outside=outside)), now, chooser=chooser)
    return step(lease, Succeeded(at(held)), now, chooser=chooser)[0] if held else lease


def play(
    lease: Lease, *events: tuple[float, LeaseEvent], chooser: SeededChooser = CHOOSER
) -> tuple[Lease, list[tuple[float, Effect]]]:
    seen = []
    for now, event in events:
        lease, effects = step(lease, event, now, chooser=chooser)
        assert find_lease_fault(lease) is None
        seen += [(now, effect) for effect in effects]
    return lease, seen


def failures(host: str, *times: float, kind: FailureKind = FailureKind.CONNECTION) -> list[tuple[float, LeaseEvent]]:
    """Failures of one management point, each in a run of its own."""
    return [(time, Failed(at(host), kind, run=int(time * 1000))) for time in times]


def kinds(seen: list[tuple[float, Effect]]) -> list[EffectKind]:
    return [effect.kind for _, effect in seen]


def used(lease: Lease) -> str:
    return lease.endpoint.host if lease.endpoint else ""


def test_table__has_every_event_in_every_phase() -> None:
    assert set(TRANSITIONS) == set(itertools.product(LeasePhase, EVENTS))


# --- stickiness and rotation ----------------------------------------------------------------------------------------


@pytest.mark.rule("ST-001")
@pytest.mark.parametrize("event", [Located(groups("a", "b")), ListRefreshed(groups("a", "b"))])
def test_management_point_that_works__is_kept_although_a_better_one_turns_up(event: LeaseEvent) -> None:
    lease, seen = play(leased("b", held="b"), (9.0, event))
    assert (used(lease), seen) == ("b", [])


@pytest.mark.rule("ST-001")
@pytest.mark.parametrize("event", [Located(groups("a", "b")), ListRefreshed(groups("a", "b"))])
def test_management_point_that_never_answered__is_not_kept(event: LeaseEvent) -> None:
    lease, seen = play(leased("b"), (9.0, event))
    assert (used(lease), kinds(seen)) == ("a", [MOVED])


@pytest.mark.rule("ST-001")
def test_one_that_answers_while_the_one_in_use_has_not__is_kept_from_then_on() -> None:
    lease = leased("ab")
    other = "b" if used(lease) == "a" else "a"
    lease, seen = play(lease, (1.0, Succeeded(at(other))), (2.0, Succeeded(at(used(lease)))))
    assert (used(lease), lease.phase, kinds(seen)) == (other, LeasePhase.HELD, [MOVED])


@pytest.mark.rule("ST-001")
def test_management_point_at_another_protocol__is_the_same_and_is_kept() -> None:
    https = LeaseCandidate(at("b", scheme=Scheme.HTTPS), 1)
    lease, seen = play(leased("ab", held="b"), (1.0, Located((*groups("a"), https))))
    assert lease.endpoint == https.endpoint
    assert seen[0][1].left == at("b")


def test_management_point_that_is_no_candidate_any_more__is_left() -> None:
    lease, seen = play(leased("ab", held="b"), (1.0, Located(groups("a", "c"))))
    assert (used(lease), kinds(seen)) == ("a", [MOVED])


@pytest.mark.rule("ST-002", "ST-006", "TM-005")
@pytest.mark.parametrize(
    ("times", "rotates"),
    [
        pytest.param((0, 1, 2, 3), False, id="four"),
        pytest.param((0, 1, 2, 3, 4), True, id="five"),
        pytest.param((0, 150, 300, 450, 600), True, id="five in ten minutes to the second"),
        pytest.param((0, 150, 300, 450, 600.001), False, id="five in a little more"),
        pytest.param((0, 500, 520, 540, 601, 602), True, id="the window slides"),
        pytest.param((0, 200, 400, 601, 802, 1003), False, id="never five in ten minutes"),
    ],
)
def test_rotation__five_failures_within_a_sliding_ten_minutes(times: tuple[float, ...], rotates: bool) -> None:  # noqa: FBT001
    lease, seen = play(leased("a", "b", held="a"), *failures("a", *times))
    assert (used(lease) == "b") is rotates
    assert (MOVED in kinds(seen)) is rotates


@pytest.mark.rule("ST-007")
def test_success__clears_the_failures() -> None:
    before, after = failures("a", 0, 1, 2, 3), failures("a", 5, 6, 7, 8)
    lease, _ = play(leased("a", "b", held="a"), *before, (4, Succeeded(at("a"))), *after)
    assert used(lease) == "a"
    lease, _ = play(lease, *failures("a", 9))
    assert used(lease) == "b", "five since the success"


@pytest.mark.rule("ST-007")
def test_success_of_another__does_not_clear_the_failures() -> None:
    lease, _ = play(leased("a", "b", held="a"), *failures("a", 0, 1, 2, 3), (4, Succeeded(at("b"))), *failures("a", 5))
    assert used(lease) == "b"


@pytest.mark.rule("ST-002")
@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        (FailureKind.CONNECTION, True),
        (FailureKind.TLS, True),
        (FailureKind.SERVER_ERROR, True),
        (FailureKind.REFUSED, True),
        (FailureKind.UNUSABLE, True),
        (FailureKind.CONTENT, False),
        (FailureKind.CANCELLED, False),
    ],
)
def test_failure__counts_by_its_kind(kind: FailureKind, counts: bool) -> None:  # noqa: FBT001
    lease, _ = play(leased("a", "b", held="a"), *failures("a", 0, 1, 2, 3, 4, kind=kind))
    assert (used(lease) == "b") is counts
    assert (lease.run != Run()) is counts


def test_failure_of_another__does_not_rotate() -> None:
    lease, seen = play(leased("a", "bc", held="a"), *failures("b", 0, 1, 2, 3, 4, 5))
    assert (used(lease), seen) == ("a", [])


@pytest.mark.rule("ST-004", "ST-005")
def test_rotation__is_random_among_the_best_that_remain() -> None:
    taken: Counter[str] = Counter()
    for seed in range(60):
        chooser = SeededChooser(seed)
        lease = leased("abc", "d", held="a", chooser=chooser)
        lease, _ = play(lease, *failures("a", 0, 1, 2, 3, 4), chooser=chooser)
        taken[used(lease)] += 1
    assert set(taken) == {"b", "c"}, "neither the one just left nor one that is worse"
    assert min(taken.values()) > 10


@pytest.mark.rule("ST-004")
@pytest.mark.parametrize("seed", range(12))
def test_rotation__comes_back_to_one_that_was_left_only_after_all_its_equals(seed: int) -> None:
    chooser = SeededChooser(seed)
    lease, order = leased("abc", chooser=chooser), []
    for number in range(6):
        order.append(used(lease))
        times = [number * 100.0 + second for second in range(5)]
        lease, _ = play(lease, *failures(used(lease), *times), chooser=chooser)
    assert set(order[:3]) == set(order[3:]) == set("abc")
    assert order[2] != order[3], "not the one just left while another is there"


@pytest.mark.rule("ST-004")
def test_rotation__draws_anew_each_time() -> None:
    lease, order = leased("abcde"), []
    for number in range(20):
        order.append(used(lease))
        lease, _ = play(lease, *failures(used(lease), *(number * 100.0 + second for second in range(5))))
    rounds = {tuple(order[start : start + 5]) for start in range(0, 20, 5)}
    assert len(rounds) > 1
    assert all(set(one) == set("abcde") for one in rounds)


@pytest.mark.rule("ST-004")
def test_rotation_after_all_were_given_up__leaves_the_last_one_although_it_is_the_best() -> None:
    lease, _ = play(leased("b", held="b"), (0.0, ListRefreshed(groups("a", "b"))), *failures("b", 0, 1, 2, 3, 4))
    assert used(lease) == "a"
    lease, seen = play(lease, *failures("a", 10, 11, 12, 13, 14))
    assert (used(lease), kinds(seen)) == ("b", [GAVE_UP, PROBE, REQUEST, MOVED])


@pytest.mark.rule("ST-005")
def test_rotation__goes_to_the_next_group_only_when_the_better_one_is_used_up() -> None:
    lease, order = leased("ab", "c"), []
    for number in range(3):
        order.append(used(lease))
        lease, _ = play(lease, *failures(used(lease), *(number * 100.0 + second for second in range(5))))
    assert set(order[:2]) == {"a", "b"}
    assert order[2] == "c"


@pytest.mark.rule("ST-004")
def test_rotation__prefers_another_host_to_the_other_protocol_of_the_one_just_left() -> None:
    for seed in range(12):
        chooser = SeededChooser(seed)
        both = (LeaseCandidate(at("a", scheme=Scheme.HTTPS), 0), *groups("", "ab"))
        lease, _ = step(Lease(0.0), Located(both), 0.0, chooser=chooser)
        for second in range(5):
            lease, _ = step(lease, Failed(at("a", scheme=Scheme.HTTPS), FailureKind.TLS, second), 1.0, chooser=chooser)
        assert lease.endpoint == at("b")


@pytest.mark.rule("ST-004")
def test_late_answer_of_the_one_just_left__does_not_take_the_client_back() -> None:
    lease, seen = play(
        leased("a", "b", held="a"), *failures("a", 0, 1, 2, 3, 4), (5, Succeeded(at("a"))), (6, Succeeded(at("a")))
    )
    assert (used(lease), lease.phase, kinds(seen)) == ("b", LeasePhase.SEEKING, [MOVED])


def test_equal_that_was_left__may_be_chosen_again_once_the_next_one_has_worked() -> None:
    lease = leased("ab", "c", held="a")
    lease, _ = play(lease, *failures("a", 0, 1, 2, 3, 4), (5, Succeeded(at("b"))), *failures("b", 6, 7, 8, 9, 10))
    assert used(lease) == "a"


# --- boundary groups ------------------------------------------------------------------------------------------------


@pytest.mark.rule("ST-008")
def test_others_are_let_in__after_five_failures_in_the_current_group_together() -> None:
    lease = leased("ab", "n", "d", outside="nd", held="a")
    assert may_contact(lease) == ((at("a"),), (at("b"),))
    lease, seen = play(lease, *failures("a", 0, 1, 2), *failures("b", 3))
    assert (may_contact(lease), seen) == (((at("a"),), (at("b"),)), [])
    lease, seen = play(lease, *failures("b", 4))
    assert kinds(seen) == [WIDENED]
    assert may_contact(lease) == ((at("a"),), (at("b"),), (at("n"),), (at("d"),))
    lease, seen = play(lease, *failures("b", 5, 6))
    assert (used(lease), seen) == ("a", []), "it is said once, and the one in use failed three times only"


@pytest.mark.rule("ST-008")
@pytest.mark.parametrize(("last", "let_in"), [(600.0, True), (600.001, False)])
def test_others_are_let_in__by_the_same_sliding_window(last: float, let_in: bool) -> None:  # noqa: FBT001
    lease, seen = play(leased("ab", "n", outside="n", held="a"), *failures("a", 0, 1), *failures("b", 2, 3, last))
    assert (WIDENED in kinds(seen)) is let_in is lease.cycle.widened


@pytest.mark.rule("ST-008")
def test_failures_outside_the_current_group__let_nobody_in() -> None:
    lease, seen = play(leased("a", "mn", outside="mn", held="a"), *failures("n", 0, 1, 2, 3, 4, 5))
    assert (lease.cycle.widened, seen) == (False, [])


@pytest.mark.rule("ST-008")
def test_current_group_before_others__while_fewer_than_five_failures_are_its_own() -> None:
    events = [*failures("a", 0, 1, 2, 3), (4.0, Succeeded(at("b"))), *failures("a", 5)]
    lease, _ = play(leased("ab", "n", outside="n", held="a"), *events)
    assert (used(lease), lease.cycle.widened) == ("b", False)


@pytest.mark.rule("ST-008")
def test_one_that_comes_before_the_current_group__needs_no_letting_in() -> None:
    lease = leased("p", "a", "n", outside="pn")
    assert used(lease) == "p"
    assert may_contact(lease) == ((at("p"),), (at("a"),))


@pytest.mark.rule("ST-008")
def test_current_group_is_used_up__others_follow_whatever_was_counted() -> None:
    events = [*failures("a", 0, 1, 2, 3), (4.0, ServiceStarted()), *failures("a", 5)]
    lease, _ = play(leased("a", "n", outside="n", held="a"), *events)
    assert (used(lease), lease.cycle.widened) == ("n", False), "the restart began the count of the group anew"


def test_nobody_in_the_current_group__everybody_may_be_contacted() -> None:
    assert may_contact(leased("n", "d", outside="nd")) == ((at("n"),), (at("d"),))


def to_neighbour(now: float = 5.0) -> Lease:
    """A lease that had to leave the current group, and works."""
    lease = leased("a", "n", "m", outside="nm", held="a")
    return play(lease, *failures("a", 0, 1, 2, 3, 4), (now, Succeeded(at("n"))))[0]


def test_those_left_in_this_cycle__are_contacted_last() -> None:
    assert may_contact(to_neighbour()) == ((at("n"),), (at("m"),), (at("a"),))


@pytest.mark.rule("ST-009")
@pytest.mark.parametrize(
    "event", [Succeeded(at("a")), Located(groups("a", "n", "m", outside="nm")), Ticked(), SettingsChanged()]
)
def test_current_group_is_back__the_client_does_not_return_at_once(event: LeaseEvent) -> None:
    lease, seen = play(to_neighbour(), (100.0, event))
    assert used(lease) == "n"
    assert MOVED not in kinds(seen)


@pytest.mark.rule("ST-009")
def test_neighbour_fails_in_the_same_cycle__another_neighbour_comes_before_the_current_group() -> None:
    lease, _ = play(to_neighbour(), *failures("n", 10, 11, 12, 13, 14))
    assert used(lease) == "m"
    lease, seen = play(lease, *failures("m", 20, 21, 22, 23, 24))
    assert used(lease) == "a", "better than giving up"
    assert GAVE_UP not in kinds(seen)


@pytest.mark.rule("ST-009", "ST-010", "TM-003")
@pytest.mark.parametrize(
    ("when", "event", "returns"),
    [
        (24 * HOUR - 1, Ticked(), False),
        (24 * HOUR, Ticked(), True),
        (60.0, ServiceStarted(), True),
    ],
)
def test_refresh_cycle__returns_to_the_current_group_after_24_hours_or_a_restart(
    when: float,
    event: LeaseEvent,
    returns: bool,  # noqa: FBT001
) -> None:
    lease, seen = play(to_neighbour(), (when, event))
    assert (used(lease) == "a") is returns
    assert (REFRESH in kinds(seen)) is returns
    assert lease.cycle.widened is not returns


@pytest.mark.rule("ST-009")
def test_refresh_cycle__leaves_a_client_that_is_not_outside_the_current_group_where_it_is() -> None:
    lease, _ = play(leased("a", "b", held="a"), *failures("a", 0, 1, 2, 3, 4), (5.0, Succeeded(at("b"))))
    lease, seen = play(lease, (24 * HOUR, Ticked()))
    assert (used(lease), kinds(seen)) == ("b", [REFRESH])


@pytest.mark.rule("ST-009")
def test_refresh_cycle__leaves_a_client_with_one_that_comes_before_the_current_group() -> None:
    lease, seen = play(leased("p", "a", outside="p", held="p"), (24 * HOUR, Ticked()))
    assert (used(lease), kinds(seen)) == ("p", [REFRESH])


def refreshing(now: float = 24 * HOUR) -> Lease:
    """A client outside the current group whose refresh cycle has begun; the old list named nobody inside it."""
    lease, _ = play(leased("n", "m", outside="nm", held="n"), (now, Ticked()))
    assert lease.refresh is not None
    assert lease.refresh.pending
    return lease


@pytest.mark.rule("ST-009")
def test_refresh_cycle__returns_to_one_that_only_its_own_list_puts_into_the_current_group() -> None:
    """Else the return would come a whole cycle late."""
    lease, seen = play(refreshing(), (24 * HOUR + 1, ListRefreshed(groups("a", "n", outside="n"))))
    assert (used(lease), [(effect.kind, effect.reason.rule) for _, effect in seen]) == ("a", [(MOVED, "ST-009")])
    assert seen[0][1].reason.text == "back to the current boundary group: the new list names it"


@pytest.mark.rule("ST-009")
def test_refresh_cycle__whose_list_names_the_one_in_use_no_more__moves_once() -> None:
    lease, seen = play(refreshing(), (24 * HOUR + 1, ListRefreshed(groups("a", "m", outside="m"))))
    assert (used(lease), kinds(seen)) == ("a", [MOVED])


@pytest.mark.rule("ST-009")
def test_list_that_no_refresh_cycle_asked_for__returns_nobody() -> None:
    lease, _ = play(refreshing(), (24 * HOUR + 1, ListRefreshed(groups("n", outside="n"))))
    lease, seen = play(lease, (24 * HOUR + 2, ListRefreshed(groups("a", "n", outside="n"))))
    assert (used(lease), seen) == ("n", [])


@pytest.mark.rule("ST-009")
def test_refresh_cycle__does_not_return_to_one_that_was_left_while_its_list_was_read() -> None:
    lease, _ = play(to_neighbour(), (24 * HOUR, Ticked()))
    assert used(lease) == "a", "by the old list"
    listed = groups("a", "n", "m", outside="nm")
    lease, _ = play(
        lease, *failures("a", *(24 * HOUR + second for second in range(1, 6))), (24 * HOUR + 9, Succeeded(at("n")))
    )
    assert (used(lease), lease.phase) == ("n", LeasePhase.HELD)
    lease, seen = play(lease, (24 * HOUR + 10, ListRefreshed(listed)))
    assert (used(lease), seen) == ("n", [])


# --- cycles ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-001", "TM-001", "TM-002", "ST-010")
def test_periods__25_hours_for_the_location_and_24_for_the_refresh() -> None:
    lease, seen = play(leased("a", held="a"), *((hours * HOUR, Ticked()) for hours in (23.9, 24, 24.1, 24.9, 25, 25.1)))
    seen = [one for one in seen if "nothing came" not in one[1].reason.text]
    assert [(time / HOUR, effect.kind, effect.reason.rule) for time, effect in seen] == [
        (24, REFRESH, "ST-010"),
        (25, REQUEST, "ML-001"),
    ]
    _, later = play(lease, (26 * HOUR, ListRefreshed(groups("a"))), (26 * HOUR, Located(groups("a"))))
    assert later == []


@pytest.mark.rule("ST-003", "TM-006")
@pytest.mark.parametrize("hours", [25, 26, 100])
def test_time_alone__never_ends_stickiness_failures_do(hours: int) -> None:
    lease = leased("b", held="b")
    answer = (Located(groups("a", "b")), Succeeded(at("b")))
    lease, seen = play(lease, (hours * HOUR, Ticked()), *((hours * HOUR + 1, event) for event in answer))
    assert (used(lease), MOVED in kinds(seen)) == ("b", False)
    lease, seen = play(lease, *failures("b", *(hours * HOUR + second for second in range(2, 7))))
    assert (used(lease), MOVED in kinds(seen)) == ("a", True)


@pytest.mark.rule("ML-001", "ST-010")
def test_periods__run_from_request_to_request_however_long_the_answer_took() -> None:
    lease = leased("a", held="a")
    lease, _ = play(lease, (25 * HOUR, Ticked()), (25.5 * HOUR, ListRefreshed(groups("a"))))
    lease, _ = play(lease, (25.5 * HOUR, Located(groups("a"))), (49 * HOUR, ListRefreshed(groups("a"))))
    _, seen = play(lease, (50 * HOUR - 1, Ticked()), (50 * HOUR, Ticked()))
    assert [(time / HOUR, effect.kind) for time, effect in seen if effect.kind is REQUEST] == [(50, REQUEST)]


@pytest.mark.parametrize(("waited", "asks"), [(599.0, False), (600.0, True)])
def test_request_that_nothing_came_of__is_made_again_after_a_while(waited: float, asks: bool) -> None:  # noqa: FBT001
    lease, first = play(Lease(0.0), (0.0, ServiceStarted()))
    _, seen = play(lease, (waited, Ticked()))
    assert kinds(first) == [REQUEST]
    assert (kinds(seen) == [REQUEST]) is asks
    _, seen = play(lease, (1.0, Located(groups("a"))), (waited, Ticked()))
    assert kinds(seen) == [MOVED]


@pytest.mark.rule("ML-001")
def test_request_made_again__does_not_put_off_the_next_period() -> None:
    lease, _ = play(Lease(0.0), (0.0, ServiceStarted()), (600.0, Ticked()), (700.0, Located(groups("a"))))
    _, seen = play(lease, (25 * HOUR - 1, Ticked()), (25 * HOUR, Ticked()))
    assert [time for time, effect in seen if effect.kind is REQUEST] == [25 * HOUR]


@pytest.mark.parametrize(
    ("answer", "kind", "asks"),
    [
        (Located(()), REQUEST, True),
        (Located(groups("a")), REQUEST, False),
        (ListRefreshed(()), REFRESH, True),
        (ListRefreshed(groups("a")), REFRESH, False),
    ],
)
def test_empty_answer__is_asked_for_again(answer: LeaseEvent, kind: EffectKind, asks: bool) -> None:  # noqa: FBT001
    lease, _ = play(leased("a", held="a"), (0.0, ServiceStarted()), (1.0, answer))
    _, seen = play(lease, (600.0, Ticked()))
    assert (kind in kinds(seen)) is asks


@pytest.mark.rule("ML-002", "ST-011")
def test_network_change__requests_a_location_which_may_end_stickiness() -> None:
    lease, seen = play(leased("a", "b", held="b"), (50.0, NetworkChanged()))
    assert [(effect.kind, effect.reason.rule) for _, effect in seen] == [(REQUEST, "ML-002")]
    assert used(lease) == "b", "until then the client has one"
    lease, _ = play(lease, (51.0, Succeeded(at("b"))))
    there, seen = play(lease, (52.0, Located(groups("v", "b"))))
    assert (used(there), kinds(seen)) == ("v", [MOVED])
    here, seen = play(lease, (52.0, Located(groups("bv"))))
    assert (used(here), seen) == ("b", []), "one of the best still: no reason to move"
    later, seen = play(here, (53.0, Succeeded(at("b"))), (54.0, Located(groups("v", "b"))))
    assert (used(later), seen) == ("b", []), "and from then on it is kept as before"


@pytest.mark.rule("ST-011")
def test_network_change__old_failures_say_nothing_any_more() -> None:
    lease, _ = play(leased("a", "b", held="a"), *failures("a", 0, 1, 2, 3), (4.0, NetworkChanged()), *failures("a", 5))
    assert used(lease) == "a"


@pytest.mark.rule("ML-003")
@pytest.mark.parametrize(("lease", "expected"), [(Lease(0.0), [REQUEST]), (leased("a", held="a"), [REFRESH, REQUEST])])
def test_service_start__requests_a_location(lease: Lease, expected: list[EffectKind]) -> None:
    lease, seen = play(lease, (1.0, ServiceStarted()))
    assert kinds(seen) == expected
    assert seen[-1][1].reason.rule == "ML-003"


def test_service_start__keeps_the_failures_of_the_one_in_use() -> None:
    lease, _ = play(leased("a", "b", held="a"), *failures("a", 0, 1, 2, 3), (4.0, ServiceStarted()), *failures("a", 5))
    assert used(lease) == "b"


def test_settings_change__asks_again_and_the_next_decision_may_choose_another() -> None:
    lease, seen = play(leased("b", held="b"), (1.0, SettingsChanged()), (2.0, Located(groups("a", "b"))))
    assert (used(lease), kinds(seen)) == ("a", [REQUEST, MOVED])


# --- giving up ------------------------------------------------------------------------------------------------------


def test_every_candidate_given_up__said_once_and_looked_for_elsewhere() -> None:
    lease, seen = play(leased("a", "b", held="a"), *failures("a", 0, 1, 2, 3, 4))
    assert GAVE_UP not in kinds(seen)
    lease, seen = play(lease, *failures("b", 10, 11, 12, 13))
    assert seen == []
    lease, seen = play(lease, *failures("b", 14))
    assert kinds(seen) == [GAVE_UP, PROBE, REQUEST, MOVED]
    assert (lease.phase, used(lease)) == (LeasePhase.GIVEN_UP, "a")
    lease, seen = play(lease, *failures("a", 20, 21, 22, 23, 24), *failures("b", 30, 31, 32, 33, 34))
    assert kinds(seen) == [MOVED, PROBE, MOVED], "neither given up again, nor asked again so soon"


def test_one_run_that_tries_everybody_without_an_answer__gives_up() -> None:
    lease = leased("a", "bc", held="a")
    failed = [Failed(at(host), FailureKind.CONNECTION, run=7) for host in "abc"]
    partly, seen = play(lease, (1.0, failed[0]), (2.0, failed[1]))
    assert (partly.phase, seen) == (LeasePhase.HELD, [])
    whole, seen = play(partly, (3.0, failed[2]))
    assert (whole.phase, used(whole), kinds(seen)) == (LeasePhase.GIVEN_UP, "a", [GAVE_UP, PROBE, REQUEST])
    other_run, seen = play(partly, (3.0, failed[2]._replace(run=8)))
    assert (other_run.phase, seen) == (LeasePhase.HELD, [])
    answered, seen = play(partly, (2.5, Succeeded(at("a"))), (3.0, failed[2]))
    assert (answered.phase, seen) == (LeasePhase.HELD, [])


def test_a_check_of_the_only_one__gives_up_after_five_and_not_after_one() -> None:
    checks = [(float(time), Failed(at("a"), FailureKind.CONNECTION, run=None)) for time in range(5)]
    four, seen = play(leased("a", held="a"), *checks[:4])
    assert (four.phase, seen) == (LeasePhase.HELD, [])
    _, seen = play(four, checks[4])
    assert GAVE_UP in kinds(seen)
    _, seen = play(leased("a", held="a"), (0.0, checks[0][1]._replace(run=1)))
    assert GAVE_UP in kinds(seen), "a run that was meant to try everybody did"


@pytest.mark.parametrize("kind", [FailureKind.CANCELLED, FailureKind.CONTENT])
def test_what_is_no_failure__is_no_try_either(kind: FailureKind) -> None:
    events = [(1.0, Failed(at("a"), FailureKind.TLS, 1)), (2.0, Failed(at("b"), kind, 1))]
    lease, seen = play(leased("ab", held="a"), *events)
    assert (lease.phase, seen) == (LeasePhase.HELD, [])


@pytest.mark.rule("ST-002", "NET-005")
@pytest.mark.parametrize(("kind", "probes"), [(FailureKind.REFUSED, False), (FailureKind.CONNECTION, True)])
def test_running_out__probes_the_network_unless_all_of_them_were_there(kind: FailureKind, probes: bool) -> None:  # noqa: FBT001
    events = [(1.0, Failed(at("a"), FailureKind.REFUSED, 1)), (2.0, Failed(at("b"), kind, 1))]
    _, seen = play(leased("ab"), (0.0, Failed(at("a"), FailureKind.TLS, 0)), (0.5, Succeeded(at("a"))), *events)
    assert GAVE_UP in kinds(seen)
    assert (PROBE in kinds(seen)) is probes


def test_nothing_was_ever_found__is_given_up_until_something_is() -> None:
    lease, seen = play(Lease(0.0), (0.0, ServiceStarted()), (1.0, Located(())), (2.0, Located(())))
    assert (lease.phase, kinds(seen)) == (LeasePhase.GIVEN_UP, [REQUEST, GAVE_UP])
    _, seen = play(lease, (3.0, ServiceStarted()))
    assert kinds(seen) == [REQUEST], "there is nobody to read a list from"
    lease, seen = play(lease, (3.0, Located(groups("a"))), (4.0, Succeeded(at("a"))))
    assert (lease.phase, kinds(seen)) == (LeasePhase.HELD, [MOVED, RECOVERED])


def test_recovery__is_said_once_and_the_one_that_answered_is_kept() -> None:
    lease, _ = play(leased("ab", held="a"), *((1.0, Failed(at(host), FailureKind.TLS, 1)) for host in "ab"))
    lease, seen = play(lease, (2.0, Succeeded(at("b"))), (3.0, Succeeded(at("b"))))
    assert (used(lease), lease.phase, kinds(seen)) == ("b", LeasePhase.HELD, [RECOVERED, MOVED])
    _, seen = play(lease, *((4.0, Failed(at(host), FailureKind.TLS, 2)) for host in "ab"))
    assert GAVE_UP in kinds(seen), "and giving up can happen again"


@pytest.mark.parametrize("event", [Located(()), ListRefreshed(())])
@pytest.mark.parametrize("lease", [leased("a"), leased("a", held="a")])
def test_empty_answer__takes_nothing_away(lease: Lease, event: LeaseEvent) -> None:
    after, seen = play(lease, (1.0, event))
    assert (after.candidates, after.endpoint, after.phase, seen) == (lease.candidates, lease.endpoint, lease.phase, [])


def test_event_about_somebody_unknown__is_ignored() -> None:
    events = [(1.0, Succeeded(at("z"))), *failures("z", 2, 3, 4, 5, 6)]
    for lease in (Lease(0.0), leased("a"), leased("a", held="a")):
        after, seen = play(lease, *events)
        assert (after._replace(as_of=lease.as_of), seen) == (lease, [])


# --- roles ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("MP-002")
def test_assigned_management_point__is_apart_from_the_one_in_use() -> None:
    lease, _ = play(Lease(0.0), (0.0, Located(groups("ab"), HostName("m"))), (0.0, Succeeded(at("a"))))
    lease, _ = play(lease, *failures("a", 1, 2, 3, 4, 5), (6.0, NetworkChanged()), (7.0, Located(groups("p", "b"))))
    assert server_for(lease, Purpose.REGISTRATION) == "m"
    assert server_for(lease, Purpose.POLICY) == server_for(lease, Purpose.LOCATION) == "p"
    assert server_for(Lease(0.0), Purpose.REGISTRATION) is server_for(Lease(0.0), Purpose.POLICY) is None


def management_point(host: str, **said: object) -> Candidate:
    given = {"site_code": SiteCode("ABC"), "forest": DnsDomain("corp.test"), **said}
    return Candidate(ManagementPoint(HostName(host), **given), (Origin(SourceKind.MP_LIST),))  # type: ignore[arg-type]


@pytest.mark.rule("ST-005", "ST-008")
def test_candidates_of_a_decision__keep_its_equals_and_its_current_group() -> None:
    here, near = {"locality": Locality.CURRENT_GROUP}, {"locality": Locality.NEIGHBOUR_GROUP}
    named = [
        management_point("a", protocols=Protocols.BOTH, **here),
        management_point("b", protocols=Protocols.BOTH, **here),
        management_point("n", protocols=Protocols.HTTP, **near),
    ]
    policy = Policy(assigned_site=SiteCode("ABC"), can_use_https=True)
    facts = NetworkFacts(forest=DnsDomain("corp.test"), network_location=NetworkLocation.INTRANET)
    found = lease_candidates(select_management_point(named, facts, policy, chooser=CHOOSER).ranked)
    told = sorted((one.group, str(one.endpoint), one.in_current_group) for one in found)
    assert told == [
        (0, "https://a", True),
        (0, "https://b", True),
        (1, "http://a", True),
        (1, "http://b", True),
        (2, "http://n", False),
    ]


# --- keeping it -----------------------------------------------------------------------------------------------------


def busy() -> Lease:
    """A lease in which everything is set."""
    lease = leased("ab", "n", outside="n", held="a", now=1000.0)
    events = [*failures("a", 1001, 1002, 1003, 1004, 1005), *failures("b", 1006, 1007), (1008.0, NetworkChanged())]
    return play(lease, *events, *failures("b", 1009), *failures("a", 1010))[0]


def test_lease__there_and_back_as_json() -> None:
    lease = busy()
    assert lease_from_dict(json.loads(json.dumps(lease_as_dict(lease)))) == lease


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": "cmclient.lease/2"},
        {"phase": "asleep"},
        {"phase": "empty"},
        {"endpoint": None},
        {"endpoint": {"scheme": "http", "host": "z", "port": 80}},
        {"as_of": float("nan")},
        {"as_of": 1e300},
        {"failures": [float("-inf")]},
        {"failures": [2000.0]},
        {"location": {"since": 0.0, "asked": 9e9, "pending": True}},
        {"candidates": []},
        {"spent": [{"scheme": "http", "host": "a", "port": 80}]},
        {"run": {"number": 1, "tried": [{"scheme": "http", "host": "z", "port": 80}]}},
        {"surprise": 1},
    ],
)
def test_lease_that_cannot_be__is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedReplyError):
        lease_from_dict({**lease_as_dict(busy()), **changed})


@pytest.mark.parametrize(
    ("candidates", "told"),
    [
        ((LeaseCandidate(at("a"), 0), LeaseCandidate(at("b"), 0)), None),
        ((LeaseCandidate(at("a"), 0), LeaseCandidate(at("a"), 0)), "twice"),
        ((LeaseCandidate(at("a"), 1), LeaseCandidate(at("b"), 0)), "order"),
        ((LeaseCandidate(at("a"), -1),), "order"),
        ((LeaseCandidate(at("a"), 0), LeaseCandidate(at("b")._replace(port=65536), 0)), "port"),
        ((LeaseCandidate(at("a"), 0), LeaseCandidate(at("b")._replace(port=0), 0)), "port"),
    ],
)
def test_candidates_that_cannot_be__are_refused(candidates: tuple[LeaseCandidate, ...], told: str | None) -> None:
    fault = find_lease_fault(leased("a")._replace(candidates=candidates))
    assert fault is None if told is None else told in (fault or "")


@pytest.mark.parametrize(
    ("age", "failed_ago"),
    [(0.0, 5.0), (100.0, 105.0), (-7200.0, 5.0), (float("nan"), 5.0)],
)
def test_rebase__moves_times_by_the_age_and_never_into_the_future(age: float, failed_ago: float) -> None:
    lease, _ = play(leased("a", "b", held="a", now=9000.0), *failures("a", 9010), (9015.0, Ticked()))
    kept = rebase_lease(lease, now=3.0, age=age)
    assert [round(3.0 - time, 6) for time in kept.failures] == [failed_ago]
    assert kept.as_of <= 3.0
    assert (kept.endpoint, kept.candidates, kept.phase) == (lease.endpoint, lease.candidates, lease.phase)


@pytest.mark.rule("ML-001")
@pytest.mark.parametrize(
    ("age", "asks"), [(24.9 * HOUR - 1, False), (24.9 * HOUR, True), (float("inf"), True), (-1e18, False)]
)
def test_rebase__periods_go_on_over_a_restart(age: float, asks: bool) -> None:  # noqa: FBT001
    lease, _ = play(leased("a", held="a", now=500.0), (500 + 0.1 * HOUR, Ticked()))
    kept = rebase_lease(lease, now=10.0, age=age)
    assert find_lease_fault(kept) is None
    kept, seen = play(kept, (10.0, Ticked()))
    assert (REQUEST in kinds(seen)) is asks
    assert used(kept) == "a"


def test_rebase__failures_on_both_sides_of_a_restart_are_one_window() -> None:
    lease, _ = play(leased("a", "b", held="a"), *failures("a", 0, 1, 2, 3))
    soon, _ = play(rebase_lease(lease, now=50.0, age=597.0), *failures("a", 50))
    late, _ = play(rebase_lease(lease, now=50.0, age=597.5), *failures("a", 50))
    assert (used(soon), used(late)) == ("b", "a")


def test_rebase__forgets_the_run() -> None:
    lease, _ = play(leased("ab", held="a"), (1.0, Failed(at("a"), FailureKind.TLS, 1)))
    _, seen = play(rebase_lease(lease, now=0.0, age=1.0), (1.0, Failed(at("b"), FailureKind.TLS, 1)))
    assert seen == [], "a new process may count its runs from the same number"


def test_clock_that_goes_back__is_taken_as_standing_still() -> None:
    lease, _ = play(leased("a", held="a", now=100.0), (50.0, Failed(at("a"), FailureKind.TLS, 1)))
    assert (lease.as_of, lease.failures) == (100.0, (100.0,))
