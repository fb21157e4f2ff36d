"""What a client keeps on disk stays as it was, whatever comes back instead of an answer."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from adapters.scripted_http import PROMPT, Peer, Script, ScriptedServer, answer, reply
from messageserver import OTHER_ID, sent_back, written
from world import World, config, site

from cmclient.adapters.clock import SystemClock
from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.store import SqliteStore
from cmclient.errors import CmClientError, NoReachableManagementPointError
from cmclient.locator import Locator
from cmclient.messaging import LocationMessenger
from cmclient.model.decision import Candidate, Origin, SourceKind, StoredAssignment
from cmclient.model.endpoints import ManagementPoint, Protocols
from cmclient.model.facts import Membership
from cmclient.model.http import Deadline, Outcome
from cmclient.model.messages import MessageId
from cmclient.model.names import HostName
from cmclient.mpclient import AttemptLimits, ManagementPointClient
from cmclient.rules.choose import SeededChooser

ABC = site("ABC")
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
ELSEWHERE = reply(b"", "302 Found", "Location: http://portal.test/login")


def never_whole(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"1\r\nx\r\n", every=0.01)


BAD: dict[str, Script] = {
    "empty 200": answer(reply(b"")),
    "captive portal": answer(reply(PAGE, "200 OK", "Content-Type: text/html")),
    "redirect": answer(ELSEWHERE),
    "proxy": answer(reply(b"", "407 Who are you")),
    "never whole": never_whole,
    "a message in place of a list, or to somebody else": answer(sent_back(written("<MPList/>", OTHER_ID))),
    "500": answer(reply(PAGE, "500 No")),
    "503": answer(reply(b"", "503 No", "Retry-After: 3600")),
}


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    with RequestsTransport() as transport:
        yield transport


@pytest.mark.parametrize("script", BAD.values(), ids=BAD)
def test_bad_answers__to_list_and_message__what_is_stored_stays(
    script: Script, transport: RequestsTransport, tmp_path: Path
) -> None:
    world = World()
    world.facts = world.facts._replace(membership=Membership.WORKGROUP, domain=None)
    clock = SystemClock()
    # Two transports: a connection that the server is about to close might be kept for the second question.
    with (
        closing(SqliteStore(tmp_path / "store.sqlite3")) as store,
        ScriptedServer(script) as server,
        RequestsTransport() as another,
    ):
        mp = ManagementPoint(HostName("127.0.0.1"), ABC, protocols=Protocols.HTTP, http_port=server.port)
        kept = (Candidate(mp, (Origin(SourceKind.STORED_LIST, "before"),)),)
        store.replace_mp_list(kept)
        store.save_assignment(StoredAssignment(ABC))
        locator = Locator(
            config(attempt_timeout=0.5, deadline=PROMPT),
            facts=world,
            directory=world,
            controllers=world,
            names=world,
            transport=transport,
            store=store,
            clock=clock,
            chooser=SeededChooser(1),
        )
        with pytest.raises(NoReachableManagementPointError) as caught:
            locator.locate()
        messenger = LocationMessenger(
            ManagementPointClient(another, clock, AttemptLimits(attempt_timeout=0.5)),
            clock,
            host=world.facts.host,
            new_id=lambda: MessageId("{00000001-0000-0000-0000-000000000000}"),
            chooser=SeededChooser(1),
        )
        with pytest.raises(CmClientError):
            messenger.fetch_site_information(server.endpoint, ABC, Deadline.after(PROMPT, clock.monotonic))
        assert server.accepted == 2
    assert [attempt.outcome for attempt in caught.value.location.attempts] == [Outcome.FAILED]
    with closing(SqliteStore(tmp_path / "store.sqlite3")) as again:
        left = (again.load_mp_list(), again.load_assignment(), again.load_answered())
    assert left == (kept, StoredAssignment(ABC), ())
