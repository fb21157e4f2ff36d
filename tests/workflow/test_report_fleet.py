"""A thousand queues and one fallback status point with a throttle, over real connections, by the lab's journal."""

import heapq
import logging
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from handclock import HandClock

from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.memory_report_queue import MemoryReportQueue
from cmclient.lab import Lab, Role, built_in_description
from cmclient.lab.description import ReportThrottle
from cmclient.model.decision import Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName, SiteCode
from cmclient.model.reports import FallbackStatusPoint, FspSource, Reporting
from cmclient.model.state import ClientIdentity, ClientVersion
from cmclient.report import StatusReporter
from cmclient.rules.choose import SeededChooser

CLIENTS = 1000
STATES = (100, 308, 601)
THROTTLE = ReportThrottle(1000, 3600.0)  # the product's hour, with room for a third of the fleet's messages
TAKEN = re.compile(r"took 800/(\d+) .*from PC(\d+) ")


class Seen:
    """What the journal has of the fallback status point, read on from where it was read last."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._count = 0

    def news(self) -> list[str]:
        entries = self._lab.journal.entries(role=Role.FSP)
        new = [entry.what for entry in entries[self._count :]]
        self._count = len(entries)
        return new


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hands = HandClock()
    monkeypatch.setattr("cmclient.lab.web_answers.monotonic", hands.monotonic)
    return hands


@pytest.fixture
def lab(clock: HandClock) -> Iterator[Lab]:
    with Lab(built_in_description()._replace(throttle=THROTTLE)) as running:
        yield running


def fleet_of(lab: Lab, clock: HandClock, transport: RequestsTransport) -> list[StatusReporter]:
    (fsp,) = lab.description.servers_of(Role.FSP)
    endpoint = Endpoint(Scheme.HTTP, HostName(lab.description.addresses[fsp]), lab.running.web.http)
    fleet = []
    for number in range(CLIENTS):
        reporter = StatusReporter(
            Reporting(FallbackStatusPoint(endpoint, FspSource.SETTINGS), Reason("", "")),
            queue=MemoryReportQueue(),
            transport=transport,
            clock=clock,
            chooser=SeededChooser(number),
            identity=ClientIdentity(HostName(f"pc{number}"), ClientVersion("5.0"), site=SiteCode("P01")),
        )
        for state in STATES:
            reporter.enqueue(reporter.message(800, state))
        fleet.append(reporter)
    return fleet


@pytest.mark.slow
@pytest.mark.rule("FS-014", "FS-050")
def test_fleet__backs_off_and_delivers_everything_once_and_in_order(
    lab: Lab, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    seen = Seen(lab)
    told: list[str] = []
    with closing(RequestsTransport()) as transport:
        fleet = fleet_of(lab, clock, transport)
        with ThreadPoolExecutor(16) as threads:
            waits = [one.wait for one in threads.map(StatusReporter.flush, fleet)]
        burst = seen.news()
        refused = [one for one in burst if one.startswith("refused: throttled")]
        assert len([one for one in burst if TAKEN.match(one)]) == THROTTLE.most
        assert CLIENTS / 2 < len(refused) <= CLIENTS, "who is refused ends there, whatever else it has to tell"
        assert all(wait is None or wait >= 3600 for wait in waits)

        for reporter in fleet:
            reporter.flush()
        clock.seconds = 3599.0
        for reporter in fleet:
            reporter.flush()
        assert seen.news() == [], "nobody asks again before the hour that they were told is over"

        told += burst
        minutes: Counter[int] = Counter()
        due = [(wait, number) for number, wait in enumerate(waits) if wait is not None]
        heapq.heapify(due)
        while due:
            clock.seconds, number = heapq.heappop(due)
            wait = fleet[number].flush().wait
            told += (news := seen.news())
            minutes[int(clock.seconds // 60)] += bool(news)
            if wait is not None:
                heapq.heappush(due, (clock.seconds + wait, number))

    assert max(minutes.values()) < CLIENTS / 10, "they come back one after another"
    by_client: dict[str, list[int]] = {}
    for one in told:
        if taken := TAKEN.match(one):
            by_client.setdefault(taken[2], []).append(int(taken[1]))
    assert len(by_client) == CLIENTS
    assert {tuple(states) for states in by_client.values()} == {STATES}, "each message once, in order"
    assert sum(one.startswith("refused") for one in told) < 3 * CLIENTS
