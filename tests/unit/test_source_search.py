"""How a search for content widens and begins anew, and why there is nothing to use."""

import pytest

from cmclient.model.content import (
    BoundaryGroupReference,
    ClientBoundaryGroups,
    ContentId,
    ContentLocations,
    ContentReference,
    ContentSite,
    ContentUrl,
    LocationRecord,
)
from cmclient.model.decision import Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.facts import NetworkFacts, NetworkLocation
from cmclient.model.messages import MpSite
from cmclient.model.names import HostName, SiteCode
from cmclient.model.sources import SourceLack, SourceOrder
from cmclient.rules.choose import SeededChooser
from cmclient.rules.pools import PoolEntry
from cmclient.rules.source_client import SourceClient
from cmclient.rules.source_lacks import find_source_lack
from cmclient.rules.source_widening import SourceHistory, follow_answer, next_question
from cmclient.rules.sources import plan_sources

P01 = SiteCode("P01")
PACKAGE = ContentReference(ContentId("P0100001"), 3)
HERE = ClientBoundaryGroups("2026-11-21T12:00:00", (BoundaryGroupReference("1", "A"),))
THERE = ClientBoundaryGroups("2026-11-21T13:00:00", (BoundaryGroupReference("2", "B"),))
CLIENT = SourceClient(NetworkFacts(network_location=NetworkLocation.INTRANET))
AWAY = CLIENT._replace(facts=NetworkFacts(network_location=NetworkLocation.INTERNET))


def record(server: str) -> LocationRecord:
    host = HostName(server)
    return LocationRecord((ContentUrl(Endpoint(Scheme.HTTP, host, 80), "/x"),), server=host, locality="LOCAL")


def said(*servers: str, groups: ClientBoundaryGroups | None = HERE) -> ContentLocations:
    return ContentLocations((ContentSite(MpSite(P01), tuple(map(record, servers))),), groups)


def named(history: SourceHistory) -> list[str]:
    return [str(one.server) for site in history.answer.sites for one in site.records]


# --- widening -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("BG-030")
def test_answer__what_was_named_before_stays_with_its_time() -> None:
    history = follow_answer(SourceHistory(), said("a"), 0.0, moved=False)
    history = follow_answer(history, said("b"), 600.0, moved=False)
    history = follow_answer(history, said("b", "c"), 1200.0, moved=False)
    assert sorted(named(history)) == ["a", "b", "c"]
    assert history.named_at == {"a": 0.0, "b": 600.0, "c": 1200.0}
    assert history.began == 0.0


@pytest.mark.rule("BG-031", "NET-023")
@pytest.mark.parametrize(
    ("groups", "moved"), [(THERE, False), (HERE, True)], ids=["other groups", "the client says so"]
)
def test_answer__somewhere_else__begins_anew(groups: ClientBoundaryGroups, moved: bool) -> None:  # noqa: FBT001
    history = follow_answer(SourceHistory(), said("a"), 0.0, moved=False)
    history = follow_answer(history, said("b", groups=groups), 600.0, moved=moved)
    assert (named(history), history.named_at, history.began) == (["b"], {"b": 600.0}, 600.0)


def test_answer__the_same_groups_looked_up_later_or_not_told__is_no_move() -> None:
    history = follow_answer(SourceHistory(), said("a"), 0.0, moved=False)
    later = HERE._replace(retrieved="2026-11-21T12:30:00")
    for groups in (later, None, HERE):
        history = follow_answer(history, said("b", groups=groups), 60.0, moved=False)
    assert (sorted(named(history)), history.began) == (["a", "b"], 0.0)
    untold = follow_answer(history, said("b", groups=None), 90.0, moved=False)
    assert follow_answer(untold, said("c", groups=THERE), 120.0, moved=False).began == 120.0


def test_answer__ever_new_sources__do_not_fill_the_memory() -> None:
    history = SourceHistory()
    for turn in range(5):
        answer = said(*(f"dp{turn}-{number}" for number in range(1500)))
        history = follow_answer(history, answer, turn * 600.0, moved=False)
    assert len(named(history)) == len(history.named_at) == 1500 + 2000
    assert {host.partition("-")[0] for host in named(history)} == {"dp4", "dp3", "dp2"}, "the latest are kept"


@pytest.mark.rule("CL-036")
@pytest.mark.parametrize(
    ("elapsed", "began", "expected"),
    [
        (0.0, 0.0, 600.0),
        (590.0, 0.0, 600.0),
        (600.0, 0.0, 1200.0),
        (900.0, 0.0, 1200.0),
        (1200.0, 0.0, 1800.0),
        (500.0, 500.0, 1100.0),
        (1090.0, 500.0, 1100.0),
    ],
)
def test_next_question__at_the_next_fallback_time_and_at_the_interval_at_the_latest(
    elapsed: float, began: float, expected: float
) -> None:
    pool = [PoolEntry(minute, HostName(f"dp{minute}"), "g", Reason("BG-020", "x")) for minute in (0, 10, 20)]
    assert next_question(SourceHistory(began=began), pool, elapsed, interval=600.0) == expected
    assert next_question(SourceHistory(), (), elapsed, interval=60.0) == elapsed + 60.0


# --- why there is nothing -------------------------------------------------------------------------------------------


def lack(answer: ContentLocations, client: SourceClient = CLIENT, elapsed: float = 0.0, **more: object) -> SourceLack:
    plan = plan_sources(PACKAGE, answer, client, chooser=SeededChooser(1), **more)  # type: ignore[arg-type]
    found = find_source_lack(plan, answer, client, elapsed)
    assert found is not None
    assert found.next
    return found


@pytest.mark.parametrize(
    ("answer", "client", "code", "rule"),
    [
        (ContentLocations(boundary_groups=HERE), CLIENT, "content-unknown", "CL-001"),
        (said(groups=ClientBoundaryGroups()), CLIENT, "client-in-no-group", "BG-042"),
        (said(), CLIENT, "content-on-no-near-dp", "BG-009"),
        (said(groups=None), CLIENT, "content-on-no-near-dp", "BG-009"),
        (said(), AWAY, "nowhere-on-internet", "CL-018"),
        (said("a", "b"), AWAY, "every-source-rejected", "CL-019"),
    ],
)
def test_lack__says_which_of_the_causes_it_is(
    answer: ContentLocations, client: SourceClient, code: str, rule: str
) -> None:
    found = lack(answer, client)
    assert (found.code, found.rule) == (code, rule)


def test_lack__a_source_that_opens_later__is_waited_for() -> None:
    pool = (PoolEntry(10, HostName("a"), "B", Reason("BG-020", "neighbour of here after 10 minutes")),)
    found = lack(said("a"), elapsed=30.0, pool=pool)
    assert (found.code, found.rule) == ("opens-later", "BG-020")
    assert "570 s from now: neighbour of here after 10 minutes" in found.text
    plan = plan_sources(PACKAGE, said("a"), CLIENT, chooser=SeededChooser(1), pool=pool)
    assert find_source_lack(plan, said("a"), CLIENT, 600.0) is None


def test_lack__a_task_sequence_is_not_told_to_wait() -> None:
    assert "fallback times pass" in lack(said()).text
    assert "fallback times" not in lack(said(), CLIENT._replace(order=SourceOrder.TASK_SEQUENCE)).text
