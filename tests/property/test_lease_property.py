"""What holds for every lease, whatever happens to it and in whatever order."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cmclient.errors import MalformedReplyError
from cmclient.model.endpoints import Endpoint, Scheme
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
    ServiceStarted,
    SettingsChanged,
    Ticked,
    find_lease_fault,
)
from cmclient.model.names import HostName
from cmclient.model.served import Failed, FailureKind, Succeeded
from cmclient.protocol.leasetext import lease_as_dict, lease_from_dict
from cmclient.rules.choose import SeededChooser
from cmclient.rules.lease import rebase_lease, step
from cmclient.rules.retry import counts_against_server
from cmclient.rules.rotation import may_contact
from cmclient.rules.timing import FAILURE_WINDOW

ALL = tuple(
    Endpoint(scheme, HostName(host), 443 if scheme is Scheme.HTTPS else 80) for host in "abcde" for scheme in Scheme
)
endpoints = st.sampled_from(ALL)
# Seconds between events: most of them short, some at the borders of the window and of the periods, and beside them.
pauses = st.sampled_from((0.0, 0.5, 1.0, 150.0, 200.0, 599.0, 600.0, 601.0, 3600.0, 86_399.0, 86_400.0, 90_000.0))


@st.composite
def candidate_lists(draw: st.DrawFn) -> tuple[LeaseCandidate, ...]:
    """Candidates in groups that begin at 0 and leave no number out."""
    chosen = draw(st.lists(endpoints, min_size=1, max_size=6, unique=True))
    outside = draw(st.sets(st.integers(0, 5)))  # equals have the same locality
    group, found = 0, []
    for number, endpoint in enumerate(chosen):
        group += draw(st.integers(0, 1)) if number else 0
        found.append(LeaseCandidate(endpoint, group, group not in outside))
    return tuple(found)


class KeptLease(RuleBasedStateMachine):
    """Plays events against a lease and looks after each at what must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.lease = Lease(0.0)
        self.chooser = SeededChooser(0)
        self.gave_up = 0
        self.failed_at: list[float] = []  # of the one in use, counted by hand
        self.left: list[Endpoint] = []  # given up since an answer, a refresh cycle or a new place
        self.spent: list[Endpoint] = []  # the same, but none of them once all were given up

    @initialize(seed=st.integers(0, 2**32), now=st.sampled_from((0.0, 0.25, 1e6)))
    def begin(self, seed: int, now: float) -> None:
        self.chooser, self.now, self.lease = SeededChooser(seed), now, Lease(now)

    def apply(self, event: LeaseEvent) -> tuple[Effect, ...]:
        before = self.lease
        self.lease, effects = step(before, event, self.now, chooser=self.chooser)
        assert step(before, event, self.now, chooser=self.chooser) == (self.lease, effects), "it is a function"
        for effect in effects:
            self.gave_up += {EffectKind.GAVE_UP: 1, EffectKind.RECOVERED: -1}.get(effect.kind, 0)
            assert self.gave_up in {0, 1}, "giving up and recovering take turns"
            if effect.kind is EffectKind.MOVED:
                assert effect.left == before.endpoint != effect.endpoint == self.lease.endpoint
        moved = before.endpoint != self.lease.endpoint
        assert moved == any(effect.kind is EffectKind.MOVED for effect in effects), "every move is told, and none else"
        if moved:
            self.failed_at = []
        return effects

    @rule(seconds=pauses)
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(candidates=candidate_lists(), refreshed=st.booleans())
    def learn_candidates(self, candidates: tuple[LeaseCandidate, ...], refreshed: bool) -> None:  # noqa: FBT001
        before = self.lease
        self.apply(ListRefreshed(candidates) if refreshed else Located(candidates, HostName("assigned")))
        works = before.phase is LeasePhase.HELD and (refreshed or not before.relocating)
        listed = {one.endpoint: one for one in candidates}
        if works and before.endpoint in listed:
            is_due = refreshed and before.refresh is not None and before.refresh.pending
            self.check_return(before, listed, is_due=is_due)
        self.left = [one for one in self.left if one in listed]
        self.spent = [one for one in self.spent if one in listed]

    def check_return(self, before: Lease, listed: dict[Endpoint, LeaseCandidate], *, is_due: bool) -> None:
        """One that works is kept, but for one of the current boundary group in the list of a refresh cycle."""
        assert before.endpoint is not None
        used, taken = listed[before.endpoint], listed[self.lease.endpoint or before.endpoint]
        better = [one for one in listed.values() if one.in_current_group and one.group < used.group]
        back = [one.endpoint for one in better if one.endpoint not in before.cycle.left]
        if not is_due or used.in_current_group or not back:
            assert taken == used, "one that works is kept"
            return
        assert taken.endpoint in back, "not to one that was left in this cycle"
        assert taken.group == min(one.group for one in better if one.endpoint in back)

    @precondition(lambda self: self.lease.endpoint is not None)
    @rule(candidates=candidate_lists(), is_known=st.booleans(), fails=st.booleans())
    def refresh(self, candidates: tuple[LeaseCandidate, ...], is_known: bool, fails: bool) -> None:  # noqa: FBT001
        """A refresh cycle as it usually is, of a client outside the current group.

        Who is in it may be known before, and whoever is in use may be given up before the list comes.
        """
        used = self.lease.endpoint or ALL[0]
        self.answer(used)
        listed = (
            *(one for one in candidates if one.endpoint != used),
            LeaseCandidate(used, 9, in_current_group=False),
        )
        if is_known:
            self.learn_candidates(listed, refreshed=True)
        self.now += 86_400.0
        self.pass_time(Ticked())
        if fails:
            self.fail_five_times(0, 0.0)
        self.answer(self.lease.endpoint or ALL[0])
        self.learn_candidates(listed, refreshed=True)

    @rule(refreshed=st.booleans())
    def learn_nothing(self, refreshed: bool) -> None:  # noqa: FBT001
        self.apply(ListRefreshed(()) if refreshed else Located(()))

    @rule(endpoint=endpoints)
    def answer(self, endpoint: Endpoint) -> None:
        before = self.lease
        self.apply(Succeeded(endpoint))
        known = endpoint in {one.endpoint for one in before.candidates}
        if known:
            assert self.lease.phase is LeasePhase.HELD or endpoint in before.cycle.left
            self.left, self.spent = [], []
        if known and endpoint == self.lease.endpoint:
            self.failed_at = []
            assert self.lease.failures == ()
        if before.phase is LeasePhase.HELD or (before.phase is LeasePhase.SEEKING and endpoint in before.cycle.left):
            assert self.lease.endpoint == before.endpoint, "no answer takes the client away, or back"

    @rule(endpoint=endpoints, kind=st.sampled_from(FailureKind), run=st.integers(0, 3))
    def fail(self, endpoint: Endpoint, kind: FailureKind, run: int) -> None:
        self.fail_at(endpoint, kind, run)

    @precondition(lambda self: self.lease.endpoint is not None)
    @rule(kind=st.sampled_from(FailureKind), run=st.integers(0, 3), seconds=pauses)
    def fail_in_use(self, kind: FailureKind, run: int, seconds: float) -> None:
        self.now += seconds
        self.fail_at(self.lease.endpoint or ALL[0], kind, run)

    @precondition(lambda self: self.lease.endpoint is not None)
    @rule(run=st.integers(0, 3), pause=st.sampled_from((0.0, 100.0, 150.0, 151.0)))
    def fail_five_times(self, run: int, pause: float) -> None:
        used = self.lease.endpoint or ALL[0]
        for _ in range(5):
            self.fail_at(used, FailureKind.CONNECTION, run)
            self.now += pause

    def fail_at(self, endpoint: Endpoint, kind: FailureKind, run: int) -> None:
        before, by_hand = self.lease, self.failed_at
        counted = counts_against_server(kind) and endpoint == before.endpoint
        effects = self.apply(Failed(endpoint, kind, run))
        if not counted:
            assert self.lease.endpoint == before.endpoint
            return
        by_hand = [time for time in by_hand if self.now - time <= FAILURE_WINDOW] + [self.now]
        if len(by_hand) < 5:
            self.failed_at = by_hand
            assert self.lease.endpoint == before.endpoint, "fewer than five within ten minutes"
            return
        self.failed_at = []
        assert self.lease.failures == ()
        self.check_rotation(before, effects)

    def check_rotation(self, before: Lease, effects: tuple[Effect, ...]) -> None:
        just_left = before.endpoint
        assert just_left is not None
        group = {one.endpoint: one.group for one in before.candidates}
        self.left = [*(one for one in self.left if one != just_left), just_left]
        self.spent.append(just_left)
        if set(self.spent) >= set(group):
            self.left, self.spent = [just_left], []
        taken = self.lease.endpoint
        assert taken is not None
        if len(group) > 1:
            assert taken != just_left, "the one just left, while others are there"
        equals = [one for one in group if group[one] == group[taken] and one not in self.left]
        assert taken not in self.left or not equals, "back too early"
        if all(one.in_current_group for one in before.candidates) and not before.cycle.left:
            assert group[taken] == min(group[one] for one in group if one != just_left or len(group) == 1)
        assert len(group) == 1 or EffectKind.MOVED in {effect.kind for effect in effects}

    @rule(event=st.sampled_from((NetworkChanged(), SettingsChanged())))
    def change(self, event: LeaseEvent) -> None:
        before = self.lease
        effects = self.apply(event)
        assert [effect.kind for effect in effects] == [EffectKind.REQUEST_LOCATION]
        assert self.lease.endpoint == before.endpoint
        self.failed_at, self.left, self.spent = [], [], []

    @rule(event=st.sampled_from((ServiceStarted(), Ticked())))
    def pass_time(self, event: LeaseEvent) -> None:
        effects = self.apply(event)
        if self.lease.cycle.left == () and EffectKind.REFRESH_GROUPS in {effect.kind for effect in effects}:
            self.left, self.spent = [], []
        if any(effect.kind is EffectKind.MOVED for effect in effects):
            used = next(one for one in self.lease.candidates if one.endpoint == self.lease.endpoint)
            assert used.in_current_group, "only a return to the current group happens by itself"

    @rule(age=st.floats(-1e6, 1e6) | st.sampled_from((0.0, 600.0, float("nan"), float("inf"))), now=pauses)
    def restart(self, age: float, now: float) -> None:
        since = min(age, 366 * 86400.0) if age > 0 else 0.0
        self.failed_at = [min(now - since, now - since - (self.lease.as_of - time)) for time in self.failed_at]
        kept = rebase_lease(lease_from_dict(json.loads(json.dumps(lease_as_dict(self.lease)))), now=now, age=age)
        assert (kept.endpoint, kept.assigned, kept.phase) == (
            self.lease.endpoint,
            self.lease.assigned,
            self.lease.phase,
        )
        assert kept.candidates == self.lease.candidates
        assert kept.as_of <= now
        assert list(kept.failures) == self.failed_at
        self.lease, self.now = kept, now

    @invariant()
    def stands_in_a_legal_state(self) -> None:
        assert find_lease_fault(self.lease) is None
        assert len(self.lease.failures) < 5
        assert len(self.lease.cycle.errors) <= 5
        assert (self.lease.phase is LeasePhase.GIVEN_UP) == (self.gave_up == 1)

    @invariant()
    def may_contact_each_once(self) -> None:
        planned = [endpoint for group in may_contact(self.lease) for endpoint in group]
        assert len(planned) == len(set(planned))
        assert planned[:1] == ([] if self.lease.endpoint is None else [self.lease.endpoint])

    @invariant()
    def never_forgets(self) -> None:
        assert (self.lease.endpoint is None) == (not self.lease.candidates)


@pytest.mark.rule("ST-001", "ST-002", "ST-004", "ST-006", "ST-007")
def test_any_events_in_any_order__keep_a_management_point_and_rotate_by_the_rules() -> None:
    run_state_machine_as_test(KeptLease, settings=settings(max_examples=100, stateful_step_count=40, deadline=None))


TWO = (LeaseCandidate(ALL[0], 0), LeaseCandidate(ALL[2], 0))


@pytest.mark.rule("ST-002", "ST-006")
@given(
    st.floats(0.0, 1e6),
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3),
    st.sampled_from((-1.0, -0.001, 0.0, 0.001, 1.0)),
)
def test_fifth_failure__rotates_up_to_the_border_and_not_beyond(
    start: float, between: list[float], beside: float
) -> None:
    chooser = SeededChooser(1)
    lease, _ = step(Lease(start), Located(TWO), start, chooser=chooser)
    used = lease.endpoint
    assert used is not None
    fifth = start + FAILURE_WINDOW + beside
    times = [start, *sorted(start + part * (FAILURE_WINDOW - 1) for part in between), fifth]
    for run, time in enumerate(times):
        lease, _ = step(lease, Failed(used, FailureKind.CONNECTION, run), time, chooser=chooser)
    assert (lease.endpoint != used) is (fifth - start <= FAILURE_WINDOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(Lease._fields), json_values)
def test_any_field_from_a_store__is_a_legal_lease_or_refused(field: str, value: object) -> None:
    chooser = SeededChooser(1)
    lease, _ = step(Lease(0.0), Located(TWO), 0.0, chooser=chooser)
    try:
        read = lease_from_dict({**lease_as_dict(lease), field: value})
    except MalformedReplyError:
        return
    assert find_lease_fault(read) is None
    step(rebase_lease(read, now=5.0, age=1.0), Ticked(), 5.0, chooser=chooser)
