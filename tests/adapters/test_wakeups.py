"""Waiting: the time, a changed network, a stop; with the real kernel's events where it has some."""

import signal
import socket
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from cmclient.adapters.wakeups import Wakeups, open_address_events
from cmclient.errors import FactsError
from cmclient.model.facts import Adapter, parse_address
from cmclient.model.wake import Wake


class Connections:
    """Network connections that change when a test says so."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.is_readable = True
        self.looks = 0

    def read(self) -> tuple[Adapter, ...]:
        self.looks += 1
        if not self.is_readable:
            raise FactsError("not now")
        return (Adapter("eth0", addresses=tuple(map(parse_address, self.addresses))),)


@pytest.fixture
def connections() -> Connections:
    return Connections("10.1.2.3/24")


class Kernel(NamedTuple):
    """A pair of sockets that plays the kernel."""

    events: socket.socket
    writer: socket.socket

    def tell(self, text: bytes) -> None:
        self.writer.send(text)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    writer, events = socket.socketpair()
    events.settimeout(0)
    with writer, events:
        yield Kernel(events, writer)


@pytest.fixture
def told(connections: Connections, kernel: Kernel) -> Iterator[Wakeups]:
    with Wakeups(read=connections.read, events=kernel.events, settle_seconds=0.01) as wakeups:
        yield wakeups


@pytest.fixture
def polled(connections: Connections) -> Iterator[Wakeups]:
    with Wakeups(read=connections.read, poll_seconds=0.01) as wakeups:
        yield wakeups


def test_time_is_up(told: Wakeups, polled: Wakeups) -> None:
    assert told.wait(0.01) is Wake.TIME
    assert polled.wait(0.05) is Wake.TIME
    assert told.wait(0) is Wake.TIME
    assert told.wait(-5) is Wake.TIME


def test_stop__ends_this_wait_and_every_later_one(told: Wakeups) -> None:
    threading.Timer(0.05, told.stop).start()
    assert told.wait(None) is Wake.STOP
    assert told.wait(60) is Wake.STOP


def test_nudge__ends_this_wait_or_the_next_one_and_no_other(told: Wakeups, polled: Wakeups) -> None:
    for wakeups in (told, polled):
        threading.Timer(0.02, wakeups.nudge).start()
        assert wakeups.wait(60) is Wake.NUDGE
        wakeups.nudge()
        wakeups.nudge()
        assert wakeups.wait(60) is Wake.NUDGE
        assert wakeups.wait(0.01) is Wake.TIME


def test_nudge__does_not_swallow_a_change_nor_a_stop(told: Wakeups, connections: Connections, kernel: Kernel) -> None:
    connections.addresses = ("10.9.9.9/24",)
    kernel.tell(b"changed")
    told.nudge()
    assert told.wait(60) is Wake.NUDGE
    assert told.wait(60) is Wake.NETWORK
    told.nudge()
    told.stop()
    assert told.wait(60) is Wake.STOP


def test_nudge__after_the_end_is_nobodys_business(polled: Wakeups) -> None:
    polled.close()
    polled.nudge()
    polled.stop()


def test_stop__a_thousand_times_does_not_block(told: Wakeups) -> None:
    for _ in range(100_000):
        told.stop()
    assert told.wait(None) is Wake.STOP


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of threads are those of POSIX")
def test_signal_that_the_waiting_thread_does_not_get__ends_the_wait_where_signals_are_heeded(told: Wakeups) -> None:
    """The system may give a signal to any thread, and to the waiting one just before it waits."""

    def send() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: told.stop())
    try:
        with told.heed_signals():
            threading.Timer(0.05, send).start()
            assert told.wait(20) is Wake.STOP
        assert signal.set_wakeup_fd(-1) == -1, "it is as it was before"
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_event__with_a_new_address_is_a_change(told: Wakeups, connections: Connections, kernel: Kernel) -> None:
    connections.addresses = ("10.9.9.9/24",)
    kernel.tell(b"newaddr")
    assert told.wait(60) is Wake.NETWORK
    assert told.wait(0.01) is Wake.TIME


def test_event__without_a_change_is_none(told: Wakeups, kernel: Kernel) -> None:
    kernel.tell(b"lifetime of an address renewed")
    assert told.wait(0.1) is Wake.TIME


def test_no_event__nobody_looks(told: Wakeups, connections: Connections) -> None:
    before = connections.looks
    assert told.wait(0.05) is Wake.TIME
    assert connections.looks == before


def test_event__a_change_and_back_again_within_the_settling_is_none(
    told: Wakeups, connections: Connections, kernel: Kernel
) -> None:
    connections.addresses = ()
    kernel.tell(b"deladdr")
    connections.addresses = ("10.1.2.3/24",)
    kernel.tell(b"newaddr")
    assert told.wait(0.1) is Wake.TIME


@pytest.mark.parametrize(
    ("address", "expected"),
    [("2001:db8::2/64", Wake.TIME), ("2001:db8:0:1::2/64", Wake.NETWORK)],
)
def test_ipv6__the_network_alone_counts(address: str, expected: Wake) -> None:
    connections = Connections("2001:db8::1/64")
    with Wakeups(read=connections.read, poll_seconds=0.01) as wakeups:
        connections.addresses = (address,)
        assert wakeups.wait(0.05) is expected


def test_polled__a_change_is_seen(polled: Wakeups, connections: Connections) -> None:
    connections.addresses = ("10.1.2.4/24",)
    assert polled.wait(60) is Wake.NETWORK


def test_connections_that_cannot_be_read__are_no_change(polled: Wakeups, connections: Connections) -> None:
    connections.is_readable = False
    assert polled.wait(0.05) is Wake.TIME
    connections.is_readable = True
    assert polled.wait(0.05) is Wake.TIME


def test_kernel__gives_a_socket_that_is_quiet_by_itself() -> None:
    events = open_address_events()
    if events is None:
        pytest.skip("this system tells nobody of changed addresses")
    with Wakeups(events=events) as wakeups:
        assert wakeups.wait(0.05) is Wake.TIME
