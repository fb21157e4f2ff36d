"""Messages among several servers: ports, busy ones, dead ones, rounds, and what a lease is told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from messageserver import written

from cmclient.adapters.clock import SystemClock
from cmclient.circuits import Circuits
from cmclient.errors import (
    CancelledError,
    CmClientError,
    ConnectError,
    HttpStatusError,
    InvalidValueError,
    MalformedReplyError,
    NoAnswerError,
    NotAskedError,
    RedirectRefusedError,
    ServerCertificateError,
    TransportTimeoutError,
)
from cmclient.exchange import AlternativePorts, AttemptLimits, pause
from cmclient.messaging import LocationMessenger
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Attempt, Deadline, HttpReply, HttpRequest, Outcome
from cmclient.model.messages import MessageId, MessageStyle, SiteDescriptions
from cmclient.model.mplist import MpListQuery
from cmclient.model.names import HostName, SiteCode
from cmclient.model.served import Failed, FailureKind, Succeeded
from cmclient.mpclient import ContactResult, ManagementPointClient
from cmclient.ports import Cancellation
from cmclient.protocol.envelope import parse_message
from cmclient.protocol.multipart import CONTENT_TYPE, parse_multipart
from cmclient.racing import CancelSignal

ABC = SiteCode("ABC")
SITE = '<SiteInfoReply><Sites><Site SiteCode="ABC"/></Sites></SiteInfoReply>'
SITE_LIST = b'<MPList><MP Name="mp1.corp.test"/></MPList>'
REFUSED = ConnectError("connection refused")
MP1 = Endpoint(Scheme.HTTP, HostName("mp1.corp.test"), 80)
MP2 = MP1._replace(host=HostName("mp2.corp.test"))
MP3 = MP1._replace(host=HostName("mp3.corp.test"))
SECURE = Endpoint(Scheme.HTTPS, HostName("mp1.corp.test"), 443)


class Hand:
    """A clock that is moved by hand, and by waiting."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waited: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def pause(self, seconds: float, cancellation: Cancellation | None) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


class Half:
    """Chance that is always in the middle."""

    seed = 0

    def draw(self, label: str) -> float:
        return 0.5


class Site:
    """Servers by address; each gives its answers in order, the last one for ever. Nobody else is there.

    Attributes:
        asked: The address of each request, in order.
        told: What a lease is told.
    """

    def __init__(
        self, answers: Mapping[str, object], alternatives: AlternativePorts | None = None, deadline: float | None = 100
    ) -> None:
        self.clock = Hand()
        self.deadline = Deadline.after(deadline, self.clock.monotonic)
        self.asked: list[str] = []
        self.sent: list[HttpRequest] = []
        self.told: list[Succeeded | Failed] = []
        self._answers = {
            address: list(found) if isinstance(found, list) else [found] for address, found in answers.items()
        }
        self.client = ManagementPointClient(
            self,
            self.clock,
            AttemptLimits(attempt_timeout=15, width=1),
            alternatives=alternatives or AlternativePorts(),
            listener=self.told.append,
            pause=self.clock.pause,
        )
        self.messenger = self.new_messenger()

    def new_messenger(self, style: MessageStyle = MessageStyle.SDK) -> LocationMessenger:
        numbers = count(1)
        return LocationMessenger(
            self.client,
            self.clock,
            host=HostName("a-long-machine-name.corp.test"),
            new_id=lambda: MessageId(f"{next(numbers):08x}-0000-0000-0000-000000000000"),
            chooser=Half(),
            style=style,
        )

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        address = str(request.endpoint)
        self.asked.append(address)
        self.sent.append(request)
        answers = self._answers.get(address, [REFUSED])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer()
        if isinstance(answer, CmClientError):
            raise answer
        if isinstance(answer, HttpReply):
            return answer
        if request.method == "GET":
            return HttpReply(200, SITE_LIST)
        asked = parse_message(request.body, request.headers["Content-Type"])
        return HttpReply(200, written(str(answer), asked.header.id), {"content-type": CONTENT_TYPE})

    def ask(self, endpoint: Endpoint, cancellation: Cancellation | None = None) -> SiteDescriptions:
        return self.messenger.fetch_site_information(endpoint, ABC, self.deadline, cancellation=cancellation)

    def contact(self, *groups: list[Endpoint], rounds: int = 1) -> ContactResult[SiteDescriptions]:
        return self.messenger.contact(groups, "SiteInformationRequest", self.ask, self.deadline, rounds=rounds)


def busy(after: str | None = None, status: int = 503) -> HttpReply:
    return HttpReply(status, b"", {} if after is None else {"retry-after": after})


# --- who asks ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("CF-012")
@pytest.mark.parametrize("endpoint", [MP1, SECURE], ids=str)
@pytest.mark.parametrize("style", MessageStyle)
def test_message__carries_no_identity(endpoint: Endpoint, style: MessageStyle) -> None:
    site = Site({str(endpoint): SITE})
    site.new_messenger(style).fetch_site_information(endpoint, ABC, site.deadline)
    (request,) = site.sent
    assert (request.method, request.path) == ("CCM_POST", "/ccm_system/request")
    assert set(request.headers) == {"Content-Type", "User-Agent"}
    header = parse_multipart(request.body, CONTENT_TYPE)[0].content.decode("utf-16")
    assert "GUID:" not in header
    assert "Hook2" not in header  # where a signature would be
    assert header.count("SourceID") == header.count("<SourceID></SourceID>") * 2
    assert ("SourceID" in header) is (style is MessageStyle.SETUP)


def test_message__has_an_id_of_its_own_the_time_and_the_short_name() -> None:
    site = Site({"http://mp1.corp.test": SITE})
    site.ask(MP1)
    site.clock.seconds = 60
    site.ask(MP1)
    first, second = (parse_message(request.body, CONTENT_TYPE).header for request in site.sent)
    assert (first.id, second.id) == (
        "{00000001-0000-0000-0000-000000000000}",
        "{00000002-0000-0000-0000-000000000000}",
    )
    assert (first.sent, second.sent) == ("2026-11-21T12:00:00Z", "2026-11-21T12:01:00Z")
    assert first.source_host == "A-LONG-MACHINE-"
    header = parse_multipart(site.sent[0].body, CONTENT_TYPE)[0].content.decode("utf-16")
    assert "<TargetHost>mp1.corp.test</TargetHost>" in header


# --- ports ------------------------------------------------------------------------------------------------------

OTHERS = AlternativePorts(http=8080, https=8443)


@pytest.mark.rule("CF-018")
@pytest.mark.parametrize(
    ("endpoint", "alternatives", "answers", "asked"),
    [
        pytest.param(MP1, OTHERS, [], ["http://mp1.corp.test"], id="the default port answers"),
        pytest.param(
            MP1, OTHERS, [REFUSED], ["http://mp1.corp.test", "http://mp1.corp.test:8080"], id="it does not: the other"
        ),
        pytest.param(
            SECURE,
            OTHERS,
            [ServerCertificateError("not trusted")],
            ["https://mp1.corp.test", "https://mp1.corp.test:8443"],
            id="HTTPS has one of its own",
        ),
        pytest.param(MP1, AlternativePorts(https=8443), [REFUSED], ["http://mp1.corp.test"], id="none for HTTP"),
        pytest.param(MP1, OTHERS, [HttpReply(500, b"")], ["http://mp1.corp.test"], id="an HTTP answer is one"),
        pytest.param(MP1, OTHERS, [RedirectRefusedError("no")], ["http://mp1.corp.test"], id="likewise a redirect"),
    ],
)
def test_ports__the_default_one_first_and_the_other_when_it_fails(
    endpoint: Endpoint, alternatives: AlternativePorts, answers: list[object], asked: list[str]
) -> None:
    other = f"{endpoint}:{alternatives.of(endpoint.scheme)}"
    site = Site({str(endpoint): [*answers, SITE], other: SITE}, alternatives)
    result = site.contact([endpoint])
    assert site.asked == asked
    answered = not answers or len(asked) > 1
    # Who is used is told by the default port: that is what was decided on.
    assert result.endpoint == (endpoint if answered else None)
    assert len(result.attempts) == len(site.told) == 1


@pytest.mark.rule("CF-018")
def test_ports__both_fail__is_one_attempt_and_tells_of_both() -> None:
    site = Site({"http://mp1.corp.test:8080": ConnectError("no route")}, OTHERS)
    (attempt,) = site.contact([MP1]).attempts
    assert site.asked == ["http://mp1.corp.test", "http://mp1.corp.test:8080"]
    assert (attempt.endpoint, attempt.detail, attempt.hint) == (MP1, "connection refused", "likewise no route")
    assert site.told == [Failed(MP1, FailureKind.CONNECTION, 1)]


@pytest.mark.rule("CF-018")
@pytest.mark.parametrize(
    ("other", "code", "kind"),
    [
        (HttpReply(403, b""), "http-status", FailureKind.REFUSED),
        (RedirectRefusedError("elsewhere"), "redirect-refused", FailureKind.UNUSABLE),
        (ServerCertificateError("not trusted"), "connect", FailureKind.CONNECTION),
    ],
)
def test_ports__what_one_of_them_answers_is_what_the_attempt_was(other: object, code: str, kind: FailureKind) -> None:
    site = Site({"http://mp1.corp.test:8080": other}, OTHERS)
    (attempt,) = site.contact([MP1]).attempts
    assert (attempt.code, site.told) == (code, [Failed(MP1, kind, 1)])


@pytest.mark.parametrize(
    ("endpoint", "status", "meaning", "hint"),
    [
        (SECURE, 401, "asks for Windows authentication here", "http_user"),
        (MP1, 401, "told who asks over HTTPS alone", "let it take HTTPS"),
        (SECURE, 403, "wants a client certificate", "set client_certificate"),
        (MP1, 403, "refuses HTTP, or this machine", "set use_pki_cert"),
    ],
)
def test_refusal__over_http_is_about_http_where_neither_certificate_nor_login_is_shown(
    endpoint: Endpoint, status: int, meaning: str, hint: str
) -> None:
    site = Site({str(endpoint): HttpReply(status, b"")})
    (attempt,) = site.contact([endpoint]).attempts
    assert meaning in attempt.detail
    assert hint in attempt.hint


def test_ports__time_is_up_after_the_first__the_other_is_not_asked() -> None:
    def slow() -> CmClientError:
        site.clock.seconds += 15
        return TransportTimeoutError("silent")

    site = Site({"http://mp1.corp.test": slow}, OTHERS)
    with pytest.raises(TransportTimeoutError):
        site.ask(MP1)
    assert site.asked == ["http://mp1.corp.test"]


def test_ports__of_lists_as_well() -> None:
    site = Site({"http://mp1.corp.test:8080": SITE}, OTHERS)
    assert site.client.fetch_list(MP1, MpListQuery.MPLIST, site.deadline).candidates
    assert site.asked == ["http://mp1.corp.test", "http://mp1.corp.test:8080"]


# --- busy ones --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "waited"),
    [
        pytest.param(busy("2"), [2.0], id="503"),
        pytest.param(busy("2", 429), [2.0], id="429"),
        pytest.param(busy("7"), [7.0], id="as long as leaves as much for the answer"),
        pytest.param(busy("8"), [], id="longer"),
        pytest.param(busy(), [], id="without a time"),
        pytest.param(busy("soon"), [], id="no time"),
        pytest.param(busy("2", 500), [], id="not busy"),
    ],
)
def test_busy__asked_once_more_if_that_fits__else_the_next_one(first: HttpReply, waited: list[float]) -> None:
    site = Site({"http://mp1.corp.test": [first, SITE], "http://mp2.corp.test": SITE})
    result = site.contact([MP1], [MP2])
    assert site.clock.waited == waited
    assert result.endpoint == (MP1 if waited else MP2)
    assert len(site.asked) == 2


def test_busy__time_of_the_caller_counts_as_well() -> None:
    site = Site({"http://mp1.corp.test": [busy("2"), SITE]}, deadline=3)
    assert site.contact([MP1]).endpoint is None
    assert site.clock.waited == []


def test_busy__twice__is_a_failure_and_says_for_how_long() -> None:
    site = Site({"http://mp1.corp.test": [busy("2"), busy("30"), SITE]})
    with pytest.raises(HttpStatusError) as caught:
        site.ask(MP1)
    assert (caught.value.retry_after, len(site.asked)) == (30.0, 2)


def test_busy__is_asked_again_on_the_port_on_which_it_was_found() -> None:
    site = Site({"http://mp1.corp.test:8080": [busy("1"), SITE]}, OTHERS)
    assert site.ask(MP1).sites
    assert site.asked == ["http://mp1.corp.test", "http://mp1.corp.test:8080", "http://mp1.corp.test:8080"]


def test_pause__ends_when_nobody_wants_the_answer_any_more() -> None:
    signal = CancelSignal()
    signal.cancel()
    pause(60.0, signal)  # the test would not end in time


# --- dead ones --------------------------------------------------------------------------------------------------


def test_dead_one__is_not_asked_again_before_its_time() -> None:
    site = Site({"http://mp2.corp.test": SITE})
    assert site.contact([MP1], [MP2]).endpoint == MP2
    result = site.contact([MP1], [MP2])
    assert [attempt.code for attempt in result.attempts] == ["not-asked", ""]
    assert site.asked == ["http://mp1.corp.test", "http://mp2.corp.test", "http://mp2.corp.test"]
    with pytest.raises(NotAskedError, match=r"it failed once, and is left alone for another 0\.5 seconds"):
        site.ask(MP1)
    site.clock.seconds += 0.5  # half of the longest first wait, which is a second
    site.contact([MP1], [MP2])
    assert site.asked[-2:] == ["http://mp1.corp.test", "http://mp2.corp.test"]


def test_dead_one__is_left_alone_longer_each_time_until_it_answers() -> None:
    site = Site({"http://mp1.corp.test": [REFUSED, REFUSED, REFUSED, SITE, REFUSED]})
    for wait in (0.5, 1.0, 2.0):
        with pytest.raises(ConnectError):
            site.ask(MP1)
        site.clock.seconds += wait - 0.125
        with pytest.raises(NotAskedError):
            site.ask(MP1)
        site.clock.seconds += 0.125
    assert site.ask(MP1).sites
    with pytest.raises(ConnectError):
        site.ask(MP1)
    site.clock.seconds += 0.5  # what was before the answer is forgotten
    with pytest.raises(ConnectError):
        site.ask(MP1)


def test_busy_one__is_left_alone_for_as_long_as_it_asks() -> None:
    site = Site({"http://mp1.corp.test": [busy("100"), SITE]}, deadline=None)
    site.contact([MP1])
    site.clock.seconds += 99
    with pytest.raises(NotAskedError, match=r"for another 1\.0 seconds"):
        site.ask(MP1)
    site.clock.seconds += 1
    assert site.ask(MP1).sites


@pytest.mark.parametrize(
    ("error", "is_left_alone"),
    [
        (REFUSED, True),
        (TransportTimeoutError("slow"), True),
        (MalformedReplyError("page"), True),
        (HttpStatusError("x", status=401), True),
        (CancelledError("nobody wants it"), False),
        (InvalidValueError("body of a message", "x", "ours is wrong"), False),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_who_is_left_alone(error: CmClientError, is_left_alone: bool) -> None:  # noqa: FBT001
    site = Site({"http://mp1.corp.test": [error, SITE]})
    with pytest.raises(type(error)):
        site.ask(MP1)
    if is_left_alone:
        with pytest.raises(NotAskedError):
            site.ask(MP1)
    else:
        assert site.ask(MP1).sites


def test_who_had_too_little_time__is_not_left_alone() -> None:
    """Otherwise a hurried client would find HTTPS closed next time, and turn to HTTP."""
    clock = Hand()
    circuits = Circuits(clock, Half())

    def slow() -> str:
        clock.seconds += 2
        raise TransportTimeoutError("silent")

    with pytest.raises(TransportTimeoutError):
        circuits.ask(SECURE, slow, Deadline.after(1, clock.monotonic))
    assert circuits.ask(SECURE, lambda: "answer", Deadline.after(1, clock.monotonic)) == "answer"


def test_after_its_time__one_request_finds_out_and_the_others_wait() -> None:
    clock = Hand()
    circuits = Circuits(clock, Half())
    deadline = Deadline.after(None, clock.monotonic)

    def fail() -> str:
        raise REFUSED

    with pytest.raises(ConnectError):
        circuits.ask(MP1, fail, deadline)
    clock.seconds = 10

    def find_out() -> str:
        with pytest.raises(NotAskedError, match="until another request to it has ended"):
            circuits.ask(MP1, lambda: "too early", deadline)
        return "there"

    assert circuits.ask(MP1, find_out, deadline) == "there"
    assert circuits.ask(MP1, lambda: "again", deadline) == "again"


def test_a_bug_while_finding_out__does_not_close_the_endpoint_for_ever() -> None:
    clock = Hand()
    circuits = Circuits(clock, Half())
    deadline = Deadline.after(None, clock.monotonic)

    def raising(error: BaseException) -> Callable[[], str]:
        def ask() -> str:
            raise error

        return ask

    with pytest.raises(ConnectError):
        circuits.ask(MP1, raising(REFUSED), deadline)
    clock.seconds = 10
    with pytest.raises(ZeroDivisionError):
        circuits.ask(MP1, raising(ZeroDivisionError()), deadline)
    assert circuits.ask(MP1, lambda: "there", deadline) == "there"


def test_memory_of_dead_ones__has_an_end() -> None:
    circuits = Circuits(Hand(), Half())

    def fail() -> str:
        raise REFUSED

    for port in range(1, 1102):
        with pytest.raises(ConnectError):
            circuits.ask(MP1._replace(port=port), fail, Deadline(None, lambda: 0.0))
    assert len(circuits._failing) == 1000
    assert MP1._replace(port=1101) in circuits._failing


# --- rounds -----------------------------------------------------------------------------------------------------


def test_rounds__wait_longer_each_time_and_end_with_an_answer() -> None:
    site = Site({"http://mp1.corp.test": [REFUSED, REFUSED, REFUSED, SITE]})
    result = site.contact([MP1], rounds=10)
    assert site.clock.waited == [0.5, 1.0, 2.0]
    assert result.endpoint == MP1
    assert [attempt.outcome for attempt in result.attempts] == [Outcome.FAILED] * 3 + [Outcome.ANSWERED]
    assert {event.run for event in site.told if isinstance(event, Failed)} == {1}


def test_rounds__one_unless_more_are_asked_for() -> None:
    site = Site({})
    assert [len(site.contact([MP1], rounds=rounds).attempts) for rounds in (1, 3)] == [1, 3]
    assert len(site.clock.waited) == 2


def test_rounds__end_when_a_wait_would_take_all_the_time() -> None:
    site = Site({}, deadline=3)
    result = site.contact([MP1], rounds=100)
    assert site.clock.waited == [0.5, 1.0]  # the next would be two seconds, and one and a half are left
    assert len(result.attempts) == 3


def test_rounds__and_groups_end_when_the_question_itself_is_wrong() -> None:
    site = Site({"http://mp2.corp.test": SITE})

    def ask(endpoint: Endpoint, _: Cancellation) -> SiteDescriptions:
        return site.messenger.send(endpoint, "<\ud800/>", lambda _: SiteDescriptions(), site.deadline)

    result = site.messenger.contact([[MP1], [MP2]], "question", ask, site.deadline, rounds=5)
    assert [attempt.code for attempt in result.attempts] == ["invalid-value"]
    assert (result.is_final, site.asked, site.told, site.clock.waited) == (True, [], [], [])


# --- what a lease is told ---------------------------------------------------------------------------------------


def outcomes(site: Site) -> Iterator[tuple[HostName, FailureKind | None]]:
    return ((event.endpoint.host, getattr(event, "kind", None)) for event in site.told)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (REFUSED, FailureKind.CONNECTION),
        (ServerCertificateError("not trusted"), FailureKind.TLS),
        (HttpReply(500, b""), FailureKind.SERVER_ERROR),
        (HttpReply(403, b""), FailureKind.REFUSED),
        (HttpReply(404, b""), FailureKind.UNUSABLE),
        (HttpReply(200, b""), FailureKind.UNUSABLE),
        ("<MPList/>", FailureKind.UNUSABLE),
        (RedirectRefusedError("elsewhere"), FailureKind.UNUSABLE),
    ],
)
def test_lease__is_told_each_failure_by_its_kind_and_the_success(answer: object, kind: FailureKind) -> None:
    site = Site({"http://mp1.corp.test": answer, "http://mp2.corp.test": SITE})
    site.contact([MP1], [MP2])
    assert list(outcomes(site)) == [(MP1.host, kind), (MP2.host, None)]


def test_lease__is_told_nothing_of_one_that_was_not_asked_or_not_wanted_any_more() -> None:
    site = Site({"http://mp1.corp.test": [REFUSED, CancelledError("not wanted")]})
    site.contact([MP1])
    site.contact([MP1])
    site.clock.seconds += 10
    site.contact([MP1])
    assert len(site.asked) == 2
    assert site.told == [Failed(MP1, FailureKind.CONNECTION, 1)]


def test_lease__attempts_of_one_message_have_one_number_and_those_of_the_next_another() -> None:
    site = Site({})
    site.contact([MP1], [MP2])
    site.clock.seconds += 10
    site.contact([MP1])
    assert site.told == [
        Failed(MP1, FailureKind.CONNECTION, 1),
        Failed(MP2, FailureKind.CONNECTION, 1),
        Failed(MP1, FailureKind.CONNECTION, 2),
    ]


def test_lease__is_told_of_single_attempts_too() -> None:
    site = Site({"http://mp1.corp.test": [NoAnswerError("nothing"), SITE]})
    attempts: list[Attempt] = []
    for run in (7, None):
        attempts += site.client.attempt(MP1, "SiteInformationRequest", lambda: site.ask(MP1), run=run).attempts
        site.clock.seconds += 10
    assert [attempt.code for attempt in attempts] == ["no-answer", ""]
    assert site.told == [Failed(MP1, FailureKind.UNUSABLE, 7), Succeeded(MP1)]


def test_lease__hears_in_the_order_in_which_attempts_ended() -> None:
    """A failure before a success must not look like one after it."""
    told: list[Succeeded | Failed] = []
    clock, was_noted = SystemClock(), threading.Event()
    client = ManagementPointClient(Site({}), clock, AttemptLimits(stagger=0.0, width=2), listener=told.append)

    def ask(endpoint: Endpoint, cancellation: Cancellation) -> str:
        if endpoint == MP2:
            raise REFUSED
        if endpoint == MP3:  # two at a time: its turn comes when the failure of the second was noted
            was_noted.set()
            pause(5, cancellation)
            raise CancelledError("not wanted")
        was_noted.wait(5)
        return "answer"

    result = client.contact([[MP1, MP2, MP3]], "question", ask, Deadline.after(5, clock.monotonic))
    assert result.endpoint == MP1
    assert told == [Failed(MP2, FailureKind.CONNECTION, 1), Succeeded(MP1)]
