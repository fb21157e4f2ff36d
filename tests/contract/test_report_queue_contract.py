"""What every report queue does, whatever it is kept in."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cmclient.adapters.memory_report_queue import MemoryReportQueue
from cmclient.adapters.report_queue import SqliteReportQueue
from cmclient.adapters.sqlite_file import SqliteFile
from cmclient.adapters.store import SCHEMA
from cmclient.model.names import HostName
from cmclient.model.reports import QUEUE_AGE, QUEUE_CAP, DropCause
from cmclient.model.state import Parameter, Priority, StateMessage, TopicId
from cmclient.ports import ReportQueue

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE, TWO = TopicId("{0D94311F-CB7B-4E73-94B1-75878081111C}"), TopicId("{6D2BBE8C-4D60-4B9D-9CC8-DCA2B4A0F6A1}")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Open = Callable[..., ReportQueue]


@pytest.fixture(params=["sqlite", "memory"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens a queue with limits."""
    made: list[SqliteReportQueue] = []

    def open_queue(**limits: float) -> ReportQueue:
        if request.param == "memory":
            return MemoryReportQueue(**limits)  # type: ignore[arg-type]
        file = SqliteFile(tmp_path / "state" / "store.sqlite3", SCHEMA)
        made.append(SqliteReportQueue(file, **limits))  # type: ignore[arg-type]
        return made[-1]

    yield open_queue
    for one in made:
        with closing(one):
            pass


@pytest.fixture
def queue(opened: Open) -> ReportQueue:
    return opened()


def message(
    state: int = 100, *parameters: str, topic: int = 800, topic_id: TopicId = ONE, priority: Priority = Priority.MEDIUM
) -> StateMessage:
    return StateMessage(topic, state, topic_id, NOON, tuple(map(Parameter, parameters)), priority)


def states(queue: ReportQueue, now: datetime = NOON) -> list[str]:
    return [str(one.message) for one in queue.view(now).messages]


def test_a_new_queue_is_empty(queue: ReportQueue) -> None:
    view = queue.view(NOON)
    assert (view.messages, view.failures, view.wait, view.published) == ((), 0, 0.0, None)
    assert queue.find_next(0) is None
    assert queue.last_states() == {}
    assert queue.expire(NOON) == ()
    assert queue.drop(None, DropCause.BY_HAND, NOON) == ()


def test_every_part_of_a_message_comes_back(queue: ReportQueue) -> None:
    full = message(308, "http://mp1/x", "0x80070005 \u00e9\U0001f600", priority=Priority.HIGH)
    full = full._replace(time=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))
    enqueued = queue.enqueue(full, NOON)
    (one,) = queue.view(NOON + HOUR).messages
    assert one.message == full
    assert (one.serial, one.age, one.attempts, one.problem, one.times) == (1, 3600.0, 0, "", 1)
    assert isinstance(one.message.topic_id, TopicId)
    assert isinstance(one.message.parameters[0], Parameter)
    assert enqueued.queued is not None
    assert enqueued.queued._replace(age=3600.0) == one
    assert (enqueued.joined, enqueued.dropped, enqueued.reason) == (False, (), None)
    assert queue.find_next(0) == one._replace(age=0.0)


@pytest.mark.rule("FS-052")
def test_serial_numbers_rise_and_are_not_used_again(queue: ReportQueue) -> None:
    for state in (100, 101, 102):
        queue.enqueue(message(state), NOON)
    assert [one.serial for one in queue.view(NOON).messages] == [1, 2, 3]
    queue.accept(3)
    queue.drop(None, DropCause.BY_HAND, NOON)
    queue.enqueue(message(400), NOON)
    assert [one.serial for one in queue.view(NOON).messages] == [4]


def test_messages_come_in_the_order_in_which_they_were_put_in(queue: ReportQueue) -> None:
    for state, priority in ((100, Priority.LOWEST), (301, Priority.HIGH), (400, Priority.CRITICAL)):
        queue.enqueue(message(state, priority=priority), NOON)
    found, after = [], 0
    while (one := queue.find_next(after)) is not None:
        found.append(str(one.message))
        after = one.serial
    assert found == states(queue) == ["800/100", "800/301", "800/400"]


# --- joining --------------------------------------------------------------------------------------------------------


def test_the_same_state_again_is_joined_and_the_newer_topic_id_counts(queue: ReportQueue) -> None:
    queue.enqueue(message(308, "http://mp1"), NOON)
    again = queue.enqueue(message(308, "http://mp1", topic_id=TWO)._replace(time=NOON + HOUR), NOON + HOUR)
    (one,) = queue.view(NOON + HOUR).messages
    assert again.joined
    assert again.queued == one
    assert (one.times, one.message.topic_id, one.message.time, one.age) == (2, TWO, NOON, 3600.0)


@pytest.mark.parametrize(
    "other",
    [
        message(309, "http://mp1"),
        message(308, "http://mp2"),
        message(308),
        message(308, "http://mp1", "2"),
        message(308, "http://mp1", topic=801),
    ],
)
def test_another_state_is_not_joined(other: StateMessage, queue: ReportQueue) -> None:
    queue.enqueue(message(308, "http://mp1"), NOON)
    assert not queue.enqueue(other, NOON).joined
    assert len(queue.view(NOON).messages) == 2


def test_a_state_that_came_back_is_another_message(queue: ReportQueue) -> None:
    for state in (2, 1, 2, 2):
        queue.enqueue(message(state, topic=1000), NOON)
    assert states(queue) == ["1000/2", "1000/1", "1000/2"]


def test_a_state_of_another_topic_in_between_makes_no_difference(queue: ReportQueue) -> None:
    for topic, state in ((1000, 2), (800, 100), (1000, 2)):
        queue.enqueue(message(state, topic=topic), NOON)
    assert states(queue) == ["1000/2", "800/100"]


def test_a_state_that_was_sent_is_not_joined_with(queue: ReportQueue) -> None:
    queue.enqueue(message(100), NOON)
    queue.accept(1)
    assert not queue.enqueue(message(100), NOON).joined


# --- limits ---------------------------------------------------------------------------------------------------------


def test_limits_are_what_they_are_said_to_be(opened: Open) -> None:
    assert (QUEUE_CAP, QUEUE_AGE) == (1000, 30 * 86400)


def test_past_the_cap_the_oldest_of_the_lowest_priority_leaves(opened: Open) -> None:
    queue = opened(most=3)
    for state, priority in ((301, Priority.HIGH), (101, Priority.LOW), (102, Priority.LOW)):
        assert queue.enqueue(message(state, priority=priority), NOON).dropped == ()
    full = queue.enqueue(message(400), NOON)
    assert [(str(one.queued.message), one.cause) for one in full.dropped] == [("800/101", DropCause.FULL)]
    assert states(queue) == ["800/301", "800/102", "800/400"]
    queue.enqueue(message(302, priority=Priority.HIGH), NOON)
    queue.enqueue(message(303, priority=Priority.HIGH), NOON)
    assert states(queue) == ["800/301", "800/302", "800/303"]


def test_one_that_is_less_urgent_than_all_that_waits_is_itself_dropped(opened: Open) -> None:
    queue = opened(most=1)
    queue.enqueue(message(301, priority=Priority.HIGH), NOON)
    full = queue.enqueue(message(101, priority=Priority.LOW), NOON)
    assert full.queued is None
    assert [str(one.queued.message) for one in full.dropped] == ["800/101"]
    assert states(queue) == ["800/301"]


@pytest.mark.parametrize(("waits", "left"), [(HOUR * 2, ["800/100"]), (HOUR * 2 + timedelta(seconds=1), [])])
def test_what_waited_too_long_leaves(waits: timedelta, left: list[str], opened: Open) -> None:
    queue = opened(max_age=7200.0)
    queue.enqueue(message(100), NOON)
    gone = queue.expire(NOON + waits)
    assert states(queue, NOON + waits) == left
    assert [(str(one.queued.message), one.cause) for one in gone] == ([] if left else [("800/100", DropCause.AGE)])


def test_what_waited_too_long_leaves_when_another_comes(opened: Open) -> None:
    queue = opened(max_age=7200.0)
    queue.enqueue(message(100), NOON)
    enqueued = queue.enqueue(message(400), NOON + HOUR * 3)
    assert [(str(one.queued.message), one.cause) for one in enqueued.dropped] == [("800/100", DropCause.AGE)]


def test_dropping_by_number_or_all(queue: ReportQueue) -> None:
    for state in (100, 101, 102):
        queue.enqueue(message(state), NOON)
    gone = queue.drop([2, 99], DropCause.BY_HAND, NOON)
    assert [(one.queued.serial, one.cause) for one in gone] == [(2, DropCause.BY_HAND)]
    assert states(queue) == ["800/100", "800/102"]
    assert len(queue.drop(None, DropCause.BY_HAND, NOON)) == 2
    assert states(queue) == []


# --- what was reported last -----------------------------------------------------------------------------------------


def test_the_state_last_reported_is_remembered_by_topic(queue: ReportQueue) -> None:
    queue.enqueue(message(2, topic=1000), NOON)
    queue.enqueue(message(100), NOON)
    queue.accept(1)
    assert queue.last_states() == {1000: 2, 800: 100}
    queue.enqueue(message(1, topic=1000), NOON)
    assert queue.last_states() == {1000: 1, 800: 100}


def test_a_state_that_was_dropped_was_never_reported(queue: ReportQueue) -> None:
    queue.enqueue(message(2, topic=1000), NOON)
    queue.enqueue(message(100), NOON)
    queue.drop([1], DropCause.BY_HAND, NOON)
    assert queue.last_states() == {800: 100}


def test_a_state_that_was_dropped_and_waits_again_is_still_the_last(queue: ReportQueue) -> None:
    for state in (2, 1, 2):
        queue.enqueue(message(state, topic=1000), NOON)
    queue.drop([1], DropCause.BY_HAND, NOON)
    assert queue.last_states() == {1000: 2}


def test_after_a_drop_the_state_that_was_accepted_before_is_the_last(queue: ReportQueue) -> None:
    """Else nobody would ever be told that what was said to fail works again."""
    queue.enqueue(message(2, topic=1000), NOON)
    queue.accept(1)
    queue.enqueue(message(1, topic=1000), NOON)
    assert queue.last_states() == {1000: 1}
    queue.drop([2], DropCause.BY_HAND, NOON)
    assert queue.last_states() == {1000: 2}


def test_after_a_drop_the_latest_that_waits_is_the_last(queue: ReportQueue) -> None:
    for state in (100, 308, 400):
        queue.enqueue(message(state), NOON)
    queue.accept(1)
    queue.drop([3], DropCause.REFUSED, NOON)
    assert queue.last_states() == {800: 308}
    queue.drop(None, DropCause.BY_HAND, NOON)
    assert queue.last_states() == {800: 100}


def test_past_age_and_past_the_cap_what_was_accepted_is_the_last(opened: Open) -> None:
    queue = opened(most=1, max_age=7200.0)
    queue.enqueue(message(2, topic=1000), NOON)
    queue.accept(1)
    queue.enqueue(message(1, topic=1000), NOON)
    queue.expire(NOON + HOUR * 3)
    assert queue.last_states() == {1000: 2}
    queue.enqueue(message(1, topic=1000), NOON + HOUR * 3)
    queue.enqueue(message(301, priority=Priority.HIGH), NOON + HOUR * 3)
    assert queue.last_states() == {1000: 2, 800: 301}


# --- when, and by whom ----------------------------------------------------------------------------------------------


def test_a_send_that_came_to_nothing_is_due_again_later(queue: ReportQueue) -> None:
    queue.enqueue(message(100), NOON)
    queue.postpone(1, "refused\x1b " + "x" * 1000, NOON, seconds=900.0)
    view = queue.view(NOON + timedelta(seconds=300))
    assert (view.failures, view.wait) == (1, 600.0)
    assert view.messages[0].attempts == 1
    assert view.messages[0].problem.startswith("refused? x")
    assert len(view.messages[0].problem) == 200
    assert queue.view(NOON + HOUR).wait == 0.0
    queue.postpone(1, "again", NOON + HOUR, seconds=900.0)
    assert queue.view(NOON + HOUR).failures == 2


def test_a_send_that_succeeded_ends_the_wait(queue: ReportQueue) -> None:
    queue.enqueue(message(100), NOON)
    queue.enqueue(message(400), NOON)
    queue.postpone(1, "refused", NOON, seconds=900.0)
    queue.accept(1)
    view = queue.view(NOON)
    assert (view.failures, view.wait, len(view.messages)) == (0, 0.0, 1)


def test_an_empty_queue_waits_for_nothing(queue: ReportQueue) -> None:
    queue.enqueue(message(100), NOON)
    queue.postpone(1, "refused", NOON, seconds=900.0)
    queue.drop(None, DropCause.BY_HAND, NOON)
    assert queue.view(NOON).wait == 0.0


@pytest.mark.parametrize(("serials", "expected"), [(None, (0, 0.0)), ([1], (1, 900.0))])
def test_after_all_were_dropped_the_next_send_is_due_at_once(
    serials: list[int] | None, expected: tuple[int, float], queue: ReportQueue
) -> None:
    queue.enqueue(message(100), NOON)
    queue.postpone(1, "refused", NOON, seconds=900.0)
    queue.drop(serials, DropCause.BY_HAND, NOON)
    queue.enqueue(message(400), NOON)
    view = queue.view(NOON)
    assert (view.failures, view.wait) == expected


def test_only_one_may_send(queue: ReportQueue) -> None:
    assert queue.claim("a", NOON, seconds=30.0)
    assert queue.claim("a", NOON, seconds=30.0), "it may go on"
    assert not queue.claim("b", NOON + timedelta(seconds=29), seconds=30.0)
    queue.release("b")
    assert not queue.claim("b", NOON, seconds=30.0), "it had nothing to give back"
    queue.release("a")
    assert queue.claim("b", NOON, seconds=30.0)


def test_who_died_while_sending_holds_nobody_up_for_long(queue: ReportQueue) -> None:
    assert queue.claim("a", NOON, seconds=30.0)
    assert queue.claim("b", NOON + timedelta(seconds=30), seconds=30.0)
    assert not queue.claim("a", NOON + timedelta(seconds=31), seconds=30.0), "it comes too late"


def test_the_one_that_the_directory_named_is_kept(queue: ReportQueue) -> None:
    queue.keep_published(HostName("fsp1.corp.test"), NOON)
    queue.enqueue(message(100), NOON)
    queue.postpone(1, "refused", NOON, seconds=900.0)
    assert queue.view(NOON).published == "fsp1.corp.test"
    queue.keep_published(HostName("fsp2.corp.test"), NOON)
    assert queue.view(NOON).published == "fsp2.corp.test"


# --- a clock that jumps ---------------------------------------------------------------------------------------------

YEARS = timedelta(days=3650)


def test_a_jump_of_years_ahead_makes_nothing_old(queue: ReportQueue) -> None:
    queue.enqueue(message(100), NOON)
    assert queue.expire(NOON + YEARS) == ()
    assert queue.view(NOON + YEARS).messages[0].age == 86400.0


def test_a_jump_of_years_back_makes_nobody_wait_for_years(queue: ReportQueue) -> None:
    queue.enqueue(message(100), NOON)
    queue.postpone(1, "refused", NOON, seconds=900.0)
    back = NOON - YEARS
    assert queue.view(back).wait == 900.0
    queue.expire(back)
    assert queue.view(back + timedelta(seconds=900)).wait == 0.0
    assert queue.view(back + timedelta(seconds=900)).messages[0].age == 900.0


def test_a_claim_of_a_clock_that_was_ahead_is_void(queue: ReportQueue) -> None:
    assert queue.claim("a", NOON + YEARS, seconds=30.0)
    assert queue.claim("b", NOON, seconds=30.0)


def test_days_that_pass_make_it_old_after_all(opened: Open) -> None:
    queue = opened(max_age=3 * 86400.0)
    queue.enqueue(message(100), NOON)
    gone = [queue.expire(NOON + DAY * day) for day in range(1, 5)]
    assert [len(one) for one in gone] == [0, 0, 0, 1]
