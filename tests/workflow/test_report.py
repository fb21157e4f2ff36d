"""Reporting as a whole, in memory: what is put into the queue, what is sent, and what an answer makes of it."""

import heapq
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest
from handclock import HandClock
from world import config

from cmclient.adapters.memory_report_queue import MemoryReportQueue
from cmclient.errors import (
    CancelledError,
    CmClientError,
    ConnectError,
    InvalidValueError,
    NoReachableManagementPointError,
    RedirectRefusedError,
    ReplyTooLargeError,
    StoreError,
    TransportTimeoutError,
)
from cmclient.lab.description import ReportThrottle
from cmclient.lab.fsp import StatusPoint
from cmclient.model.decision import Decision, Location, Policy, Reason
from cmclient.model.endpoints import Endpoint, ManagementPoint, Protocols, Scheme
from cmclient.model.facts import Adapter, ClientKind, NetworkFacts
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.lease import Effect, EffectKind
from cmclient.model.names import AdSiteName, HostName, MacAddress, SiteCode
from cmclient.model.reports import DropCause, FallbackStatusPoint, FspSource, Reporting
from cmclient.model.settings import MeteredUse
from cmclient.model.state import ClientIdentity, ClientVersion, StateMessage
from cmclient.ports import Cancellation
from cmclient.protocol.statexml import parse_report
from cmclient.racing import CancelSignal
from cmclient.report import StatusReporter
from cmclient.reporting import SendLimits, decide_reporting, identity_of
from cmclient.rules.choose import SeededChooser

POINT = FallbackStatusPoint(Endpoint(Scheme.HTTP, HostName("fsp1.corp.test"), 80), FspSource.SETTINGS)
ON = Reporting(POINT, Reason("FS-007", "it is set"))
OFF = Reporting(None, Reason("FS-009", "none is known"))
IDENTITY = ClientIdentity(HostName("pc1.corp.test"), ClientVersion("5.00.9141.1000"), site=SiteCode("P01"))
PAGE = b"<html><head><title>Log on</title></head></html>"

Answer = HttpReply | CmClientError


class Point:
    """A fallback status point that answers as it is told, the last answer for ever."""

    def __init__(self, *answers: Answer | Callable[[], Answer]) -> None:
        self.answers = list(answers) or [HttpReply(200, b"")]
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer()
        if isinstance(answer, CmClientError):
            raise answer
        return answer

    @property
    def states(self) -> list[str]:
        return [str(message) for one in self.requests for message in parse_report(one.body).messages]


def reporter(point: Any, **parts: Any) -> StatusReporter:
    given: dict[str, Any] = {
        "queue": MemoryReportQueue(),
        "clock": HandClock(),
        "chooser": SeededChooser(1),
        "identity": IDENTITY,
        **parts,
    }
    return StatusReporter(given.pop("reporting", ON), transport=point, **given)


def put(into: StatusReporter, *states: int) -> None:
    for state in states:
        into.enqueue(into.message(800, state))


def waiting(of: StatusReporter) -> list[str]:
    return [str(one.message) for one in of.view().messages]


# --- sending --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("FS-050")
def test_messages__wait_until_they_are_sent_in_order_and_once() -> None:
    point = Point()
    made = reporter(point)
    put(made, 100, 308, 400)
    assert point.requests == []
    assert waiting(made) == ["800/100", "800/308", "800/400"]
    report = made.flush()
    assert point.states == ["800/100", "800/308", "800/400"]
    assert [str(one.message) for one in report.sent] == point.states
    assert (report.left, report.code, report.problem, report.wait) == (0, "", "", None)
    assert made.flush() == report._replace(sent=())
    assert len(point.requests) == 3


def test_reporting_off__does_nothing_and_says_why() -> None:
    point = Point()
    made = reporter(point, reporting=OFF)
    enqueued = made.enqueue(made.message(800, 100))
    assert (enqueued.queued, enqueued.reason) == (None, OFF.reason)
    assert made.report_unreachable(decision()) == enqueued
    assert made.report_location(UNREACHABLE) == ()
    assert made.next_due() is None
    assert waiting(made) == []


def test_reporting_switched_off__leaves_what_waits() -> None:
    queue, point = MemoryReportQueue(), Point()
    put(reporter(point, queue=queue), 100)
    report = reporter(point, queue=queue, reporting=OFF).flush(force=True)
    assert (report.left, report.code, report.problem) == (1, "off", "none is known")
    assert point.requests == []


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        pytest.param(HttpReply(200, PAGE), "malformed-reply", "a web page", id="200 with a page"),
        pytest.param(RedirectRefusedError("elsewhere"), "redirect-refused", "elsewhere", id="301"),
        pytest.param(HttpReply(401, PAGE), "http-status", "answered 401", id="401"),
        pytest.param(HttpReply(500, PAGE), "http-status", "answered 500", id="500"),
        pytest.param(HttpReply(400, PAGE), "http-status", "report_format", id="400"),
        pytest.param(ConnectError("refused"), "connect", "refused", id="nobody there"),
        pytest.param(TransportTimeoutError("silent"), "timeout", "silent", id="nothing"),
        pytest.param(ReplyTooLargeError("no end"), "reply-too-large", "no end", id="a body without end"),
    ],
)
def test_not_taken__stays_first_and_nothing_overtakes_it(answer: Answer, code: str, says: str) -> None:
    point = Point(answer, HttpReply(200, b""))
    made = reporter(point)
    put(made, 100, 400)
    report = made.flush()
    assert (report.sent, report.left, report.code) == ((), 2, code)
    assert says in report.problem
    assert len(point.requests) == 1
    assert made.view().messages[0].attempts == 1
    assert says in made.view().messages[0].problem
    assert report.wait is not None
    assert 900 <= report.wait < 1800
    assert made.flush(force=True).left == 0
    assert point.states == ["800/100", "800/100", "800/400"]


def test_too_large__leaves_and_the_rest_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    point = Point(HttpReply(413, b""), HttpReply(200, b""))
    made = reporter(point)
    put(made, 100, 400)
    report = made.flush()
    assert [(str(one.queued.message), one.cause) for one in report.dropped] == [("800/100", DropCause.REFUSED)]
    assert [str(one.message) for one in report.sent] == ["800/400"]
    assert (report.left, report.code) == (0, "http-status")
    assert any("800/100 will not be reported" in record.getMessage() for record in caplog.records)


def test_wait__is_kept_unless_somebody_insists_and_grows() -> None:
    point, clock = Point(ConnectError("refused")), HandClock()
    made = reporter(point, clock=clock)
    put(made, 100)
    first = made.flush()
    assert made.next_due() == first.wait
    assert first.wait is not None
    clock.seconds += first.wait - 1
    again = made.flush()
    assert (len(point.requests), again.left, again.code) == (1, 1, "waiting")
    assert again.wait == pytest.approx(1.0, abs=0.01)
    clock.seconds += again.wait
    assert made.next_due() == 0.0, "who waited as long as was said finds it due, however clocks are rounded"
    waits = [made.flush(force=True).wait or 0.0 for _ in range(40)]
    assert len(point.requests) == 41
    assert max(waits) > 4 * 900
    assert all(900 <= wait <= 900 + 4 * 3600 for wait in waits)


def test_a_new_message__does_not_end_the_wait() -> None:
    point = Point(ConnectError("refused"))
    made = reporter(point)
    put(made, 100)
    made.flush()
    put(made, 400)
    assert made.flush().code == "waiting"
    assert len(point.requests) == 1


def test_success__forgets_earlier_failures() -> None:
    point, clock = Point(ConnectError("refused"), HttpReply(200, b"")), HandClock()
    made = reporter(point, clock=clock)
    put(made, 100)
    made.flush()
    made.flush(force=True)
    put(made, 400)
    assert made.flush().left == 0


def test_retry_after__is_heeded() -> None:
    point = Point(HttpReply(503, b"", {"retry-after": "3000"}))
    made = reporter(point)
    put(made, 100)
    wait = made.flush().wait
    assert wait is not None
    assert 3000 <= wait < 3900


def test_deadline__ends_between_two_messages_and_the_rest_is_due_at_once() -> None:
    clock = HandClock()

    def slow() -> HttpReply:
        clock.seconds += 6
        return HttpReply(200, b"")

    point = Point(slow)
    made = reporter(point, clock=clock)
    put(made, 100, 308, 400)
    report = made.flush(deadline=Deadline.after(10, clock.monotonic))
    assert [str(one.message) for one in report.sent] == ["800/100", "800/308"]
    assert (report.left, report.code, report.wait) == (1, "timeout", 0.0)


def test_requests__are_as_patient_as_they_are_told() -> None:
    limits: list[float | None] = []

    class Watching(Point):
        def send(self, request: HttpRequest, deadline: Deadline, cancellation: Any = None) -> HttpReply:
            limits.extend((request.connect_timeout, deadline.remaining()))
            return super().send(request, deadline, cancellation)

    made = reporter(Watching(), limits=SendLimits(2.0, 7.0))
    put(made, 100)
    made.flush()
    assert limits == [2.0, 7.0]


def test_another_sender__is_left_alone() -> None:
    queue, clock = MemoryReportQueue(), HandClock()
    second_point = Point()
    second = reporter(second_point, queue=queue, clock=clock)
    seen = []

    def meanwhile() -> HttpReply:
        seen.append(second.flush(force=True).code)
        return HttpReply(200, b"")

    first = reporter(Point(meanwhile), queue=queue, clock=clock)
    put(first, 100)
    assert first.flush().left == 0
    assert seen == ["busy"]
    assert second_point.requests == []
    put(first, 400)
    assert second.flush().left == 0


def test_right_to_send__is_prolonged_and_given_up_when_another_one_took_it() -> None:
    queue, clock = MemoryReportQueue(), HandClock()

    def slow() -> HttpReply:
        clock.seconds += 31
        return HttpReply(200, b"")

    def far_too_slow() -> HttpReply:
        clock.seconds += 100
        assert queue.claim("another", clock.now(), seconds=60)
        return HttpReply(200, b"")

    made = reporter(Point(slow, slow, slow, far_too_slow), queue=queue, clock=clock)
    put(made, 100, 101, 102, 103, 104)
    report = made.flush()
    assert (len(report.sent), report.left, report.code) == (4, 1, "busy")


class FullDisk(MemoryReportQueue):
    """A queue whose changes can be made to fail."""

    full = False

    def accept(self, serial: int) -> None:
        self._require_space()
        super().accept(serial)

    def enqueue(self, message: StateMessage, now: datetime) -> Any:
        self._require_space()
        return super().enqueue(message, now)

    def _require_space(self) -> None:
        if self.full:
            raise StoreError("the disk is full")


def test_full_disk__refuses_a_message_out_loud() -> None:
    queue = FullDisk()
    queue.full = True
    made = reporter(Point(), queue=queue)
    with pytest.raises(StoreError, match="full"):
        put(made, 100)


def test_full_disk__after_one_was_taken_does_not_send_it_twice() -> None:
    queue = FullDisk()

    def fill() -> HttpReply:
        queue.full = True
        return HttpReply(200, b"")

    point = Point(fill, HttpReply(200, b""))
    made = reporter(point, queue=queue)
    put(made, 100, 400)
    report = made.flush()
    assert (report.code, report.problem, report.left) == ("store", "the disk is full", 2)
    queue.full = False
    assert made.flush(force=True).left == 0
    assert point.states == ["800/100", "800/400"]


# --- what is put into the queue -------------------------------------------------------------------------------------


def test_message__has_an_id_for_the_run_or_the_one_that_is_given() -> None:
    made = reporter(Point())
    one, two = made.message(800, 100), made.message(800, 400)
    given = "{0D94311F-CB7B-4E73-94B1-75878081111C}"
    assert one.topic_id == two.topic_id
    assert made.message(800, 100, topic_id=given).topic_id == given
    assert reporter(Point()).message(800, 100).topic_id != one.topic_id
    assert made.message(1100, 2).topic_id == "CCM Framework Mode Readiness"


def test_message__of_nothing_that_is_known_is_refused() -> None:
    made = reporter(Point())
    with pytest.raises(InvalidValueError, match="near ones"):
        made.message(800, 999)
    with pytest.raises(InvalidValueError, match="topic id"):
        made.message(800, 100, topic_id="mine")


def test_message__takes_no_megabytes_and_no_thousands() -> None:
    made = reporter(Point())
    message = made.message(800, 308, ("x" * 1_000_000 for _ in range(10_000)))
    assert len(message.parameters) == 16
    assert {len(one) for one in message.parameters} == {255}


@pytest.mark.rule("FS-011", "FS-012")
def test_deployment__is_reported_in_order() -> None:
    point = Point()
    made = reporter(point)
    made.report_deployment()
    made.flush()
    assert point.states == ["800/100", "800/400", "800/500", "800/700"]
    made.report_deployment([308], assignments=[606, None])
    made.flush()
    assert point.states[4:] == [f"800/{id_}" for id_ in (100, 308, 400, 500, 606, 500, 700)]


def test_lease__says_when_all_are_given_up_and_when_one_is_back() -> None:
    made = reporter(Point())
    for kind in (EffectKind.MOVED, EffectKind.GAVE_UP, EffectKind.PROBE_NETWORK, EffectKind.RECOVERED):
        made.report_effects([Effect(kind, Reason("", ""))])
    assert waiting(made) == ["1000/2", "1000/1"]
    made.flush()
    assert len(made.report_effects([Effect(EffectKind.GAVE_UP, Reason("", ""))] * 2)) == 1, "once, whoever told it"
    assert reporter(Point(), reporting=OFF).report_effects([Effect(EffectKind.GAVE_UP, Reason("", ""))]) == ()


def decision() -> Decision:
    return Decision((), (), NetworkFacts(), Policy(), (), (), 1, "")


UNREACHABLE = Location(decision())._replace(sources=())


def located(world: Any, **settings: Any) -> Location:
    try:
        location: Location = world.locator(**settings).locate()
    except NoReachableManagementPointError as error:
        location = error.location
    return location


MP1 = ManagementPoint(HostName("mp1.corp.test"), protocols=Protocols.HTTP)


@pytest.mark.rule("ST-017", "FS-001")
def test_locate__reports_once_that_all_fail_and_once_that_one_is_back() -> None:
    from world import World  # noqa: PLC0415 - beside its use

    world, point = World(), Point()
    made = reporter(point)
    world.serve(MP1, [MP1], {"P01": [MP1]})
    answers, world.answers = world.answers, {}
    setting = {"management_points": "mp1.corp.test", "site_code": "P01"}
    for _ in range(3):
        made.report_location(located(world, **setting))
        made.flush()
    assert point.states == ["1000/2"]
    world.answers = answers
    for _ in range(3):
        made.report_location(located(world, **setting))
        made.flush()
    assert point.states == ["1000/2", "1000/1"]


def test_embedder__reports_that_it_reached_nobody_once() -> None:
    made = reporter(Point())
    assert made.report_unreachable(UNREACHABLE) is None, "nobody was asked at all"
    first = made.report_unreachable(decision())
    assert first is not None
    assert str(first.queued and first.queued.message) == "1000/2"
    assert made.report_unreachable(decision()) is None
    made.drop()
    assert made.report_reachable() is None, "it was never told that none could be"
    assert made.report_unreachable(decision()) is not None
    assert made.report_reachable() is not None
    assert made.report_reachable() is None
    assert waiting(made) == ["1000/2", "1000/1"]


# --- from settings --------------------------------------------------------------------------------------------------

FACTS = NetworkFacts(
    host=HostName("pc1.corp.test"),
    ad_site=AdSiteName("Berlin"),
    adapters=(
        Adapter("tun0", is_vpn=True, hardware_address=MacAddress("02:00:00:00:00:01")),
        Adapter("lo"),
        Adapter("eth0", is_vpn=False, hardware_address=MacAddress("00:15:5D:00:00:0A")),
    ),
)


def test_identity__comes_from_settings_and_facts() -> None:
    identity = identity_of(config(client_build=9128, site_code="P01"), FACTS)
    assert identity == ClientIdentity(
        HostName("pc1.corp.test"),
        ClientVersion("5.00.9128.1000"),
        mac=MacAddress("00:15:5D:00:00:0A"),
        ad_site=AdSiteName("Berlin"),
        site=SiteCode("P01"),
    )
    known = identity_of(config(client_id="GUID:6D2BBE8C-4D60-4B9D-9CC8-DCA2B4A0F6A1"), FACTS, site=SiteCode("P02"))
    assert (known.client_id, known.site) == ("GUID:6D2BBE8C-4D60-4B9D-9CC8-DCA2B4A0F6A1", "P02")
    assert identity_of(config(), FACTS._replace(assigned_site=SiteCode("P03"))).site == "P03"


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"fsp": "fsp1"}, "http://fsp1"),
        ({"setup_line": "FSP=fsp1.corp.test"}, "http://fsp1.corp.test"),
        ({"fsp": "10.1.2.3", "http_port": 8080}, "http://10.1.2.3:8080"),
        ({"fsp": "fsp1", "http_port": 8080, "fsp_port": 81}, "http://fsp1:81"),
        ({"fsp": "fsp1", "report": False}, None),
        ({}, None),
    ],
)
def test_settings__name_it_and_its_port(settings: dict[str, Any], url: str | None) -> None:
    point = decide_reporting(config(**settings), FACTS).point
    assert (point and str(point.endpoint)) == url


@pytest.mark.parametrize("name", ["https://fsp1", "fsp1:80", "fsp1/path"])
def test_settings__take_a_name_and_nothing_else(name: str) -> None:
    with pytest.raises(CmClientError, match="fsp"):
        config(fsp=name)


@pytest.mark.rule("FS-002")
def test_mac__reports_nothing_whatever_is_set() -> None:
    reporting = decide_reporting(
        config(fsp="fsp1", report=True), FACTS._replace(client_kind=ClientKind.MAC), published=HostName("fsp2")
    )
    assert (reporting.point, reporting.reason.rule) == (None, "FS-002")


@pytest.mark.parametrize(("use", "on"), [(MeteredUse.BLOCK, False), (MeteredUse.LIMIT, True)])
def test_metered__connection_bars_reports_as_it_bars_all_else(use: MeteredUse, on: bool) -> None:  # noqa: FBT001
    reporting = decide_reporting(config(fsp="fsp1", metered=use), FACTS._replace(metered_network=True))
    assert reporting.is_on is on


# --- a fleet --------------------------------------------------------------------------------------------------------


class Client:
    """One of many, on a clock of its own choosing."""

    def __init__(self, number: int, fleet: "Fleet", states: Iterable[int]) -> None:
        self.reporter = reporter(
            fleet,
            clock=fleet.clock,
            chooser=SeededChooser(number),
            identity=IDENTITY._replace(host=HostName(f"pc{number}")),
        )
        put(self.reporter, *states)


class Fleet:
    """A thousand clients and one fallback status point with a throttle, all on one clock."""

    def __init__(self, clients: int, states: Iterable[int], throttle: ReportThrottle) -> None:
        self.clock = HandClock()
        self.point = StatusPoint(throttle)
        self.taken: list[float] = []
        self.refused: list[float] = []
        known = tuple(states)
        self.clients = [Client(number, self, known) for number in range(clients)]

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Any = None) -> HttpReply:
        taken = self.point.take(request.method, request.body, self.clock.seconds)
        (self.taken if taken.status == 200 else self.refused).append(self.clock.seconds)
        headers = {"retry-after": str(round(taken.retry_after))} if taken.retry_after else {}
        return HttpReply(taken.status, b"", headers)

    def run(self) -> None:
        """Let every client flush when it is due, until nothing waits."""
        due = [(0.0, number) for number in range(len(self.clients))]
        while due:
            self.clock.seconds, number = heapq.heappop(due)
            wait = self.clients[number].reporter.flush().wait
            if wait is not None:
                heapq.heappush(due, (self.clock.seconds + wait, number))


def busiest(times: list[float], seconds: float) -> int:
    """The most that came within so many seconds."""
    most, first = 0, 0
    for last, time in enumerate(times):
        while time - times[first] > seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.slow
@pytest.mark.rule("FS-014")
def test_fleet__delivers_everything_to_a_throttled_point_without_a_storm(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    states = (100, 101, 102, 103, 301, 302, 303, 304, 400, 500, 601, 700)
    fleet = Fleet(1000, states, ReportThrottle())
    fleet.run()
    assert len(fleet.taken) == 12_000
    assert all(client.reporter.view().messages == () for client in fleet.clients)
    assert busiest(fleet.taken, 3599.0) == 10_000, "the throttle was reached, and never passed"
    assert len(fleet.refused) < 1000, "who was refused did not come back before there was room"
    late = [time for time in (*fleet.taken, *fleet.refused) if time > 0]
    assert min(late) >= 900
    clients_coming_back = sorted(set(late))
    assert busiest(clients_coming_back, 60.0) < 50, "they came back one after another"


@pytest.mark.slow
def test_fleet__of_clients_whose_point_is_dead_spreads_the_longer_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    fleet = Fleet(1000, (100,), ReportThrottle(most=1, seconds=1e9))
    times: list[float] = []
    due = [(0.0, number) for number in range(1000)]
    while due[0][0] < 2 * 86_400:
        fleet.clock.seconds, number = heapq.heappop(due)
        wait = fleet.clients[number].reporter.flush().wait
        if wait is not None:
            times.append(fleet.clock.seconds)
            heapq.heappush(due, (fleet.clock.seconds + wait, number))
    second_day = [time for time in times if time >= 86_400]
    assert busiest(second_day, 60.0) < 40
    assert len(second_day) < 1000 * 24, "less than once an hour each"


def test_flush__that_is_cancelled_ends_at_once_and_counts_as_no_failure() -> None:
    signal = CancelSignal()

    def cancelled() -> CmClientError:
        signal.cancel()
        return CancelledError("nobody wants the answer", endpoint="fsp1")

    point, queue = Point(HttpReply(200, b""), cancelled), MemoryReportQueue()
    made = reporter(point, queue=queue)
    put(made, 100, 308, 400)
    flush = made.flush(cancellation=signal)
    assert ([str(one.message) for one in flush.sent], flush.left, flush.code) == (["800/100"], 2, "cancelled")
    assert flush.wait == 0.0
    assert [one.attempts for one in made.view().messages] == [0, 0]
    assert len(point.requests) == 2
    assert reporter(Point(), queue=queue).flush().left == 0, "another one may send at once"
