"""Messages over real connections: what comes back when all is well, and everything that can come back instead."""

import time
import zlib
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from adapters.scripted_http import PROMPT, Peer, Script, ScriptedServer, answer, reply, within
from messageserver import OTHER_ID, answering, question_of, received_of, sent_back, written

from cmclient.adapters.clock import SystemClock
from cmclient.adapters.http import RequestsTransport
from cmclient.errors import (
    CmClientError,
    ConnectionLostError,
    Disposition,
    HttpStatusError,
    MalformedReplyError,
    NoAnswerError,
    RedirectRefusedError,
    ReplyTooLargeError,
    TransportTimeoutError,
    UnsafeXmlError,
)
from cmclient.exchange import AlternativePorts, AttemptLimits
from cmclient.messaging import LocationMessenger
from cmclient.model.content import (
    BoundaryGroupReference,
    ClientBoundaryGroups,
    ContentId,
    ContentLocations,
    ContentOptions,
    ContentReference,
    ContentSite,
)
from cmclient.model.endpoints import Audience, Endpoint, ManagementPoint
from cmclient.model.facts import Adapter, NetworkFacts, NetworkLocation, parse_address
from cmclient.model.http import Outcome
from cmclient.model.messages import (
    EnumeratedMp,
    EnumeratedMps,
    LocalMps,
    MessageId,
    MpCategory,
    MpSite,
    SiteDescription,
    SiteDescriptions,
    SiteLocality,
    WsusLocations,
)
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode
from cmclient.model.questions import LocationQuestion, QuestionKind
from cmclient.mpclient import ManagementPointClient
from cmclient.protocol.location_answers import (
    build_assigned_site_reply,
    build_content_location_reply,
    build_enumerate_mps_reply,
    build_local_mp_reply,
    build_site_information_reply,
    build_wsus_location_reply,
)
from cmclient.protocol.multipart import CONTENT_TYPE, Part, build_multipart
from cmclient.rules.choose import SeededChooser

ABC, SEC = SiteCode("ABC"), SiteCode("SEC")
FACTS = NetworkFacts(
    host=HostName("pc1.corp.test"),
    domain=DnsDomain("corp.test"),
    forest=DnsDomain("corp.test"),
    ad_site=AdSiteName("Paris"),
    adapters=(Adapter("eth0", addresses=(parse_address("10.1.2.3/24"),)),),
)
SITE = '<SiteInfoReply><Sites><Site SiteCode="ABC"/></Sites></SiteInfoReply>'
PATIENCE = 0.5  # seconds for a whole answer; those who are too slow never end by themselves


def new_ids() -> Callable[[], MessageId]:
    numbers = count(1)
    return lambda: MessageId(f"{next(numbers):08x}-0000-0000-0000-000000000000")


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    with RequestsTransport() as transport:
        yield transport


def client_of(transport: RequestsTransport, alternatives: AlternativePorts | None = None) -> ManagementPointClient:
    limits = AttemptLimits(attempt_timeout=PATIENCE)
    return ManagementPointClient(transport, SystemClock(), limits, alternatives=alternatives or AlternativePorts())


def messenger_of(client: ManagementPointClient) -> LocationMessenger:
    return LocationMessenger(
        client, SystemClock(), host=HostName("pc1.corp.test"), new_id=new_ids(), chooser=SeededChooser(1)
    )


@pytest.fixture
def messenger(transport: RequestsTransport) -> LocationMessenger:
    return messenger_of(client_of(transport))


# --- what comes back --------------------------------------------------------------------------------------------

CONTENT = ContentReference(ContentId("ABC00001"), version=2)
Fetch = Callable[[LocationMessenger, Endpoint], Any]

QUESTIONS: dict[QuestionKind, tuple[Fetch, Any, Callable[[Any], str]]] = {
    QuestionKind.SITE_INFORMATION: (
        lambda messenger, endpoint: messenger.fetch_site_information(endpoint, ABC, within(PROMPT)),
        SiteDescriptions((SiteDescription(ABC, "5.00.9141.1000", 9141, HostName("mp.corp.test")),)),
        build_site_information_reply,
    ),
    QuestionKind.ASSIGNED_SITE: (
        lambda messenger, endpoint: messenger.fetch_assigned_site(endpoint, FACTS, within(PROMPT)),
        SiteDescriptions((SiteDescription(SEC),)),
        build_assigned_site_reply,
    ),
    QuestionKind.LOCAL_MPS: (
        lambda messenger, endpoint: messenger.fetch_local_mps(endpoint, FACTS, within(PROMPT), assigned_site=ABC),
        LocalMps((MpSite(SEC, ABC, SiteLocality.LOCAL, "LOCAL"),)),
        build_local_mp_reply,
    ),
    QuestionKind.ENUMERATE_MPS: (
        lambda messenger, endpoint: messenger.enumerate_mps(
            endpoint, FACTS, within(PROMPT), category=MpCategory.PROXY, site=SEC
        ),
        EnumeratedMps((EnumeratedMp(ManagementPoint(HostName("mp.sec.test"), SEC, audience=Audience.BOTH)),)),
        build_enumerate_mps_reply,
    ),
    QuestionKind.CONTENT: (
        lambda messenger, endpoint: messenger.fetch_content_locations(
            endpoint, FACTS, within(PROMPT), content=CONTENT, assigned_site=ABC
        ),
        ContentLocations((ContentSite(MpSite(ABC, ABC)),)),
        build_content_location_reply,
    ),
    QuestionKind.UPDATE_POINTS: (
        lambda messenger, endpoint: messenger.fetch_wsus_locations(
            endpoint, FACTS, within(PROMPT), content=ContentId("{x}"), version=3, assigned_site=ABC
        ),
        WsusLocations(),
        build_wsus_location_reply,
    ),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_question_is_put_and_its_answer_comes_back(messenger: LocationMessenger, kind: QuestionKind) -> None:
    fetch, value, build = QUESTIONS[kind]
    seen: list[LocationQuestion] = []

    def site(question: LocationQuestion) -> str:
        seen.append(question)
        return build(value)

    with ScriptedServer(answering(site)) as server:
        assert fetch(messenger, server.endpoint) == value
    assert [question.kind for question in seen] == [kind]
    assert (seen[0].problems, seen[0].unknown) == ((), ())
    if kind is not QuestionKind.SITE_INFORMATION:
        assert (seen[0].client.ad_site, [one.address for one in seen[0].client.addresses]) == ("Paris", ["10.1.2.3"])


def test_what_a_question_asks_for_is_what_the_caller_wants(messenger: LocationMessenger) -> None:
    seen: list[LocationQuestion] = []
    away = FACTS._replace(network_location=NetworkLocation.INTERNET)
    wanted = ContentOptions(cloud=True, smb=True)
    told = ClientBoundaryGroups("2026-11-21", (BoundaryGroupReference("5"),))
    limit = within(PROMPT)

    def site(question: LocationQuestion) -> str:
        seen.append(question)
        return f"<{question.kind.value.replace('Request', 'Reply')}/>"

    with ScriptedServer(answering(site)) as server:
        mp = server.endpoint
        messenger.fetch_content_locations(
            mp, FACTS, limit, content=CONTENT, assigned_site=ABC, options=wanted, boundary_groups=told
        )
        messenger.fetch_client_package(mp, FACTS, limit, assigned_site=SEC, options=wanted)
        for facts in (FACTS, away):
            messenger.fetch_assigned_site(mp, facts, limit)
            messenger.fetch_wsus_locations(mp, facts, limit, content=CONTENT.id, version=7, assigned_site=ABC)
        messenger.enumerate_mps(mp, FACTS, limit, category=MpCategory.LOCAL, site=SEC)
    content, package, *by_place, enumeration = seen
    assert (content.content, content.options, content.client.boundary_groups) == (CONTENT, wanted, told)
    assert (package.client_package, package.options, package.assigned_site) == (True, wanted, SEC)
    assert [question.client.on_internet for question in by_place] == [False, False, True, True]
    assert by_place[1].content == ContentReference(CONTENT.id, version=7)
    assert (enumeration.category, enumeration.site) == (MpCategory.LOCAL, SEC)


@pytest.mark.rule("ML-039")
def test_nearby_management_points_are_asked_for_with_a_local_mp_location_request(messenger: LocationMessenger) -> None:
    sites = '<Site><MPSite SiteCode="SEC" MasterSiteCode="ABC" SiteLocality="Remote"/></Site>'
    document = f'<LocalMPLocationReply SchemaVersion="1.00"><Sites>{sites}</Sites></LocalMPLocationReply>'
    with ScriptedServer(answering(lambda _: document)) as server:
        found = messenger.fetch_local_mps(server.endpoint, FACTS, within(PROMPT), assigned_site=ABC)
    assert found.sites == (MpSite(SEC, ABC, SiteLocality.REMOTE, "Remote"),)
    asked = received_of(server.requests[0])
    assert question_of(asked).kind is QuestionKind.LOCAL_MPS
    assert b'<LocalMPLocationRequest SchemaVersion="1.00">' in (asked.document or b"")


@pytest.mark.rule("CF-018")
def test_a_dead_default_port__the_other_one_answers(transport: RequestsTransport) -> None:
    with ScriptedServer(answering(lambda _: SITE)) as dead:
        pass  # nobody listens there any more
    with ScriptedServer(answering(lambda _: SITE)) as server:
        messenger = messenger_of(client_of(transport, AlternativePorts(http=server.port)))
        assert messenger.fetch_site_information(dead.endpoint, ABC, within(PROMPT)).sites[0].site_code == ABC


# --- everything that can come back instead ----------------------------------------------------------------------

BOMB = zlib.compress(b"\0" * (64 * 1024 * 1024), 9)
HEADER = b'<Msg><Body Type="ByteRange" Length="67108864" Offset="0"/><Hooks><Hook3 Name="zlib-compress"/></Hooks></Msg>'
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"


def answer_own(build: Callable[[MessageId | None], bytes]) -> Script:
    """Make a script that answers one question, knowing its id."""

    def script(peer: Peer) -> None:
        peer.send(build(received_of(peer.read_request()).header.id))

    return script


def drip_answer(peer: Peer) -> None:
    """The right answer, a byte at a time: each comes soon, the whole never."""
    asked = received_of(peer.read_request())
    peer.drip(sent_back(written(SITE, asked.header.id)), every=0.05)


def chunks_without_end(peer: Peer) -> None:
    peer.read_request()
    peer.send(f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    peer.drip(b"1\r\nx\r\n", every=0.01)


def flood_of_chunks(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.flood(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")


def silence(peer: Peer) -> None:
    peer.read_request()
    peer.stay_silent()


def half(peer: Peer) -> None:
    asked = received_of(peer.read_request())
    peer.send(sent_back(written(SITE, asked.header.id))[:-10])


def status(line: str, *headers: str) -> Script:
    return answer(reply(b"", line, *headers))


ENTITIES = '<!DOCTYPE a [<!ENTITY b "c">]><SiteInfoReply>&b;</SiteInfoReply>'
BAD = [
    pytest.param(answer(reply(b"")), NoAnswerError, "answered with nothing", "MP_Location.log", id="empty 200"),
    pytest.param(
        answer_own(lambda to: sent_back(written("", to))),
        NoAnswerError,
        "answered with an empty body",
        "MP_Location.log",
        id="empty document",
    ),
    pytest.param(
        answer(sent_back(build_multipart([Part(b"<Msg/>")]))),
        NoAnswerError,
        "took the message for later work",
        "",
        id="taken and not answered",
    ),
    pytest.param(
        answer(reply(PAGE, "200 OK", "Content-Type: text/html")),
        MalformedReplyError,
        "the answer is a web page with the title 'Sign in', not a message",
        "captive portal",
        id="captive portal",
    ),
    pytest.param(
        status("302 Found", "Location: http://portal.test/login"),
        RedirectRefusedError,
        "points to http://portal.test/login",
        "captive portal",
        id="redirect to another host",
    ),
    pytest.param(status("401 No"), HttpStatusError, "401: it asks for Windows auth", "let it take HTTPS", id="401"),
    pytest.param(status("403 No"), HttpStatusError, "403: it refuses HTTP, or this machine", "use_pki_cert", id="403"),
    pytest.param(status("404 No"), HttpStatusError, "404: there is no management point", "", id="404"),
    pytest.param(status("405 No"), HttpStatusError, "405: it, or something in between", "CCM_POST", id="405"),
    pytest.param(status("407 No"), HttpStatusError, "407: a proxy in between", "trust_env", id="407 from a proxy"),
    pytest.param(status("418 No"), HttpStatusError, "answered 418", "", id="any other"),
    pytest.param(status("500 No"), HttpStatusError, "500: it cannot reach its database", "", id="500"),
    pytest.param(
        status("503 No", "Retry-After: 100"),
        HttpStatusError,
        "503: it is stopped or busy, and asks to be left alone for 100 seconds",
        "",
        id="503 for long",
    ),
    pytest.param(drip_answer, TransportTimeoutError, "no whole reply", "", id="a byte at a time"),
    pytest.param(chunks_without_end, TransportTimeoutError, "no whole reply", "", id="chunks without end"),
    pytest.param(flood_of_chunks, ReplyTooLargeError, "8388608 bytes", "", id="chunks without end, fast"),
    pytest.param(silence, TransportTimeoutError, "no whole reply", "", id="silence"),
    pytest.param(half, ConnectionLostError, "before the reply was whole", "", id="cut off"),
    pytest.param(
        answer_own(lambda _to: sent_back(written(SITE, OTHER_ID))),
        MalformedReplyError,
        f"one to message {OTHER_ID}",
        "mixes up",
        id="answer to another message",
    ),
    pytest.param(
        answer(sent_back(build_multipart([Part(HEADER), Part(BOMB)]))),
        MalformedReplyError,
        "larger than 8388608 bytes when it is inflated",
        "",
        id="zlib bomb",
    ),
    pytest.param(
        answer_own(lambda to: sent_back(written(SITE, to), "multipart/mixed; boundary=other")),
        MalformedReplyError,
        "boundary line is not to be found",
        "",
        id="wrong boundary",
    ),
    pytest.param(
        answer_own(lambda to: reply(written(SITE, to))),
        MalformedReplyError,
        "its Content-Type is: none",
        "",
        id="no Content-Type",
    ),
    pytest.param(
        answer_own(lambda to: sent_back(written("<ContentLocationReply/>", to))),
        MalformedReplyError,
        "no SiteInfoReply: its root is 'ContentLocationReply'",
        "",
        id="another document",
    ),
    pytest.param(
        answer_own(lambda to: sent_back(written(ENTITIES, to))), UnsafeXmlError, "document type", "", id="entities"
    ),
]


@pytest.mark.parametrize(("script", "kind", "says", "hint"), BAD)
def test_a_bad_answer_is_told_for_what_it_is_in_time_and_the_next_one_is_asked(
    transport: RequestsTransport, script: Script, kind: type[CmClientError], says: str, hint: str
) -> None:
    client = client_of(transport)
    messenger = messenger_of(client)
    deadline = within(PROMPT * 2)
    errors: list[CmClientError] = []

    def ask(endpoint: Endpoint, _: object) -> SiteDescriptions:
        try:
            return messenger.fetch_site_information(endpoint, ABC, deadline)
        except CmClientError as error:
            errors.append(error)
            raise

    with ScriptedServer(script) as bad, ScriptedServer(answering(lambda _: SITE)) as good:
        began = time.monotonic()
        result = messenger.contact([[bad.endpoint], [good.endpoint]], "SiteInformationRequest", ask, deadline)
        took = time.monotonic() - began
    (error,) = errors
    assert type(error) is kind
    assert says in error.message
    assert hint in error.hint
    assert error.disposition is Disposition.NEXT_ENDPOINT
    assert took < PROMPT
    assert [(one.outcome, one.code) for one in result.attempts] == [(Outcome.FAILED, kind.code), (Outcome.ANSWERED, "")]
    assert result.endpoint == good.endpoint


def test_a_redirect_says_where_to(messenger: LocationMessenger) -> None:
    with ScriptedServer(status("307 Elsewhere", "Location: http://portal.test/x")) as server:
        with pytest.raises(RedirectRefusedError) as caught:
            messenger.fetch_site_information(server.endpoint, ABC, within(PROMPT))
        assert server.accepted == 1
    assert caught.value.location == "http://portal.test/x"


@pytest.mark.parametrize("again", ["0", "Sat, 21 Nov 1998 10:00:00 GMT"])
def test_a_busy_one_that_is_free_at_once_is_asked_again_and_one_that_names_the_past_is_not(
    messenger: LocationMessenger, again: str
) -> None:
    asked = count()

    def script(peer: Peer) -> None:
        while raw := peer.read_request():
            if next(asked) == 0:
                peer.send(reply(b"", "503 Busy", f"Retry-After: {again}"))
            else:
                peer.send(sent_back(written(SITE, received_of(raw).header.id)))

    with ScriptedServer(script) as server:
        if again == "0":
            assert messenger.fetch_site_information(server.endpoint, ABC, within(PROMPT)).sites
        else:
            with pytest.raises(HttpStatusError, match="503"):
                messenger.fetch_site_information(server.endpoint, ABC, within(PROMPT))
    assert len(server.requests) == (2 if again == "0" else 1)


def test_the_deadline_of_the_caller_ends_an_attempt_earlier(transport: RequestsTransport) -> None:
    client = ManagementPointClient(transport, SystemClock(), AttemptLimits(attempt_timeout=PROMPT * 4))
    with ScriptedServer(silence) as server:
        began = time.monotonic()
        with pytest.raises(TransportTimeoutError):
            messenger_of(client).fetch_site_information(server.endpoint, ABC, within(0.2))
        assert time.monotonic() - began < PROMPT
