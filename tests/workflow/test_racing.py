"""Racing with real threads: the first whole answer wins, losers are cancelled, nothing waits for the dead."""

import threading
import time

import pytest

from cmclient.errors import CancelledError, ConnectError, TransportTimeoutError
from cmclient.model.http import Deadline
from cmclient.ports import Cancellation
from cmclient.racing import CancelSignal, race_equals


class RealClock:
    """The time, for races that really wait."""

    monotonic = staticmethod(time.monotonic)


def wait_for_cancel(cancellation: Cancellation, seconds: float = 10.0) -> None:
    """A server that accepts and says nothing, until the caller hangs up."""
    gone = threading.Event()
    cancellation.on_cancel(gone.set)
    if gone.wait(seconds):
        raise CancelledError("nobody wants it any more")
    raise TransportTimeoutError("silent")


def race(items, ask, *, seconds: float = 5.0, width: int = 8, stagger: float = 0.02):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    clock = RealClock()
    deadline = Deadline.after(seconds, clock.monotonic)
    return race_equals(items, ask, clock=clock, deadline=deadline, stagger=stagger, width=width)


def test_good_first_one__nobody_else_is_asked() -> None:
    finishes = race(["a", "b", "c"], lambda item, _: item.upper(), stagger=5.0)
    assert [(one.item, one.answer, one.won) for one in finishes] == [("a", "A", True)]


def test_silent_ones__are_overtaken_and_cancelled_without_an_error() -> None:
    def ask(item: str, cancellation: Cancellation) -> str:
        if item != "live":
            wait_for_cancel(cancellation)
        return item

    began = time.monotonic()
    finishes = race(["dead1", "dead2", "dead3", "live"], ask)
    assert time.monotonic() - began < 2.0
    assert [one.item for one in finishes if one.won] == ["live"]
    assert [one.error for one in finishes if not one.won] == [None, None, None]


def test_refusing_ones__cost_nothing() -> None:
    def ask(item: str, _: Cancellation) -> str:
        if item != "live":
            raise ConnectError("refused")
        return item

    finishes = race(["dead1", "dead2", "live"], ask, stagger=60.0)
    assert [one.item for one in finishes] == ["dead1", "dead2", "live"]
    assert [one.error is None for one in finishes] == [False, False, True]


def test_all_fail__every_one_is_told() -> None:
    def ask(item: str, _: Cancellation) -> str:
        raise ConnectError(item)

    finishes = race(["a", "b", "c"], ask)
    assert sorted(str(one.error) for one in finishes) == ["a", "b", "c"]
    assert not any(one.won for one in finishes)


def test_deadline__ends_the_race_and_those_under_way_have_failed() -> None:
    began = time.monotonic()
    finishes = race(["a", "b"], lambda _, cancellation: wait_for_cancel(cancellation), seconds=0.2)
    assert time.monotonic() - began < 2.0
    assert {type(one.error) for one in finishes} == {TransportTimeoutError}


class OneThatEnds:
    """A clock of the race that ends the time of the deadline when it is asked after an answer."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.over = 0.0

    def monotonic(self) -> float:
        if self.answered.is_set():
            self.over = 60.0
        return time.monotonic()


def test_deadline__that_passes_while_an_answer_is_taken_makes_no_failures_of_the_others() -> None:
    clock = OneThatEnds()

    def ask(item: str, cancellation: Cancellation) -> str:
        if item == "silent":
            wait_for_cancel(cancellation)
        clock.answered.set()
        return item

    deadline = Deadline.after(30.0, lambda: clock.over)
    finishes = race_equals(["silent", "live"], ask, clock=clock, deadline=deadline, stagger=0.02, width=2)
    assert deadline.expired
    assert [(one.item, one.won, one.error) for one in finishes] == [("silent", False, None), ("live", True, None)]


def test_width__is_never_exceeded() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def ask(item: int, cancellation: Cancellation) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            if item < 11:
                wait_for_cancel(cancellation, 0.05)
        finally:
            with lock:
                now -= 1
        return item

    finishes = race(list(range(12)), ask, width=3, stagger=0.005)
    assert most == 3
    assert [one.item for one in finishes if one.won] == [11]


def test_bug_in_a_thread__comes_up_in_the_caller() -> None:
    def ask(item: str, _: Cancellation) -> str:
        raise ZeroDivisionError(item)

    with pytest.raises(ZeroDivisionError):
        race(["a"], ask)


def test_cancel_signal__runs_each_action_once_also_when_added_late() -> None:
    signal, called = CancelSignal(), []
    signal.on_cancel(lambda: called.append("before"))
    assert not signal.cancelled
    signal.cancel()
    signal.cancel()
    signal.on_cancel(lambda: called.append("after"))
    assert called == ["before", "after"]
    assert signal.cancelled
