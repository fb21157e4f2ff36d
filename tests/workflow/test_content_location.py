"""The way to content: who is asked, what is kept, how the plan widens, what a failure means."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from world import OTHER_KEY

from cmclient.adapters.store import SqliteStore
from cmclient.assemble import FixedFacts, Run, open_content_locator, open_ports
from cmclient.config import load_config
from cmclient.content import ContentLocator, ContentSearch
from cmclient.errors import ConfigError, NoReachableManagementPointError
from cmclient.lab import Lab, built_in_description
from cmclient.lab.description import LabDescription
from cmclient.lab.faults import Role as SystemRole
from cmclient.model.content import BoundaryGroupReference, ClientBoundaryGroups, ContentId, ContentReference
from cmclient.model.endpoints import Audience, Protocols
from cmclient.model.facts import Membership, NetworkFacts, NetworkLocation, parse_address
from cmclient.model.groups import GroupOptions
from cmclient.model.http import Deadline, HttpReply, HttpRequest, Outcome
from cmclient.model.names import HostName
from cmclient.model.questions import LocationQuestion
from cmclient.model.rootkey import KeySource
from cmclient.model.sources import ContentLocation, DeploymentOptions, SourceOrder, SourceTier
from cmclient.model.stored import StoredBoundaryGroups
from cmclient.ports import Cancellation, Transport
from cmclient.protocol.envelope import parse_message
from cmclient.protocol.location_questions import parse_location_question

EVERYWHERE = ContentReference(ContentId("P0100003"))
PACKAGE = ContentReference(ContentId("P0100001"), 3)
REQUEST = "ContentLocationRequest"


def describe(**more: object) -> LabDescription:
    """The lab, in which time passes only when a test says so."""
    return built_in_description()._replace(fallback_minute=60.0, **more)


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with Lab(describe()) as running:
        yield running


@pytest.fixture
def lab(shared: Lab) -> Lab:
    shared.skip_minutes(24 * 60 + 1)  # every search of a test before is over
    shared.journal.clear()
    return shared


@contextmanager
def locator(
    lab: Lab, store: Path, *, writes: bool = True, run: Run | None = None, **settings: object
) -> Iterator[ContentLocator]:
    config = load_config(overrides={**lab.settings(), "store": str(store), "content_ask_interval": 600, **settings})
    run = run or Run(facts=lab.client_facts(), writes=writes)
    with open_content_locator(config, run) as one:
        yield one


def locate(lab: Lab, store: Path, content: ContentReference = EVERYWHERE, **more: object) -> ContentLocation:
    with locator(lab, store, **more) as one:  # type: ignore[arg-type]
        return one.locate(content)


def named(found: ContentLocation) -> list[str]:
    return [str(one.source.server).partition(".")[0] for one in found.plan.ranked]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


# --- who is asked ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-001")
def test_content__is_asked_for_at_a_management_point_and_its_answer_is_the_list(lab: Lab, store: Path) -> None:
    found = locate(lab, store)
    assert named(found) == ["pc043", "dp1"]
    (asked,) = lab.journal.entries(REQUEST)
    assert found.endpoint.host == asked.server
    assert [one.outcome for one in found.attempts] == [Outcome.ANSWERED]
    assert found.lack is None
    assert (found.asked_at, found.plan.ask_again) == (0.0, 600.0)


@pytest.mark.rule("SA-033")
def test_content__a_roaming_client_asks_the_management_point_of_another_site(store: Path) -> None:
    described = describe()
    branch = described.client._replace(address=parse_address("127.45.20.42/24"))
    with Lab(described._replace(client=branch)) as other:
        found = locate(other, store, nearby_mps=True)
        (asked,) = other.journal.entries(REQUEST)
    assert (asked.server, found.location.decision.policy.assigned_site) == ("mp-s01.corp.contoso.test", "P01")
    assert found.location.chosen is not None
    assert found.location.chosen.mp is not None
    assert found.location.chosen.mp.site_code == "S01"
    assert named(found) == ["pc201", "dp2"]


@pytest.mark.rule("SA-033")
def test_content__a_client_of_a_site_that_is_not_there_asks_where_it_is(lab: Lab, store: Path) -> None:
    found = locate(lab, store, site_code="P09", management_points="mp1.corp.contoso.test")
    assert found.location.decision.policy.assigned_site == "P09"
    assert found.location.chosen is not None
    assert found.location.chosen.mp is not None
    assert found.location.chosen.mp.site_code == "P01"


def test_content__one_that_answers_no_messages__the_next_one_is_asked(lab: Lab, store: Path) -> None:
    lab.set_fault("mp", "mp2", "lying")
    try:
        found = locate(lab, store, management_points="mp2.corp.contoso.test")
    finally:
        lab.set_fault("mp", "mp2", None)
    assert found.endpoint.host != "mp2.corp.contoso.test"
    assert named(found)[-1] == "dp1"
    assert found.attempts[0].outcome is not Outcome.ANSWERED or len(found.attempts) == 1


def test_content__nobody_answers__is_told_with_every_attempt(lab: Lab, store: Path) -> None:
    for name in ("mp1", "mp2", "mp4", "mp5", "mp-s01"):
        lab.set_fault("mp", name, "lying")
    try:
        with pytest.raises(NoReachableManagementPointError) as caught:
            locate(lab, store)
    finally:
        for name in ("mp1", "mp2", "mp4", "mp5", "mp-s01"):
            lab.set_fault("mp", name, None)
    purposes = {one.purpose for one in caught.value.location.attempts}
    assert REQUEST in purposes
    assert "P0100003" in caught.value.message
    with SqliteStore(store) as kept:
        assert kept.load_boundary_groups() is None


def test_content__no_site__is_refused_before_anything_is_asked(lab: Lab, store: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        locate(lab, store, site_code=None, management_points="mp1.corp.contoso.test", directory_servers="127.45.9.9")
    assert "site" in caught.value.message
    assert not lab.journal.entries(REQUEST)


# --- what is kept ---------------------------------------------------------------------------------------------------


class Heard:
    """Passes requests on, and keeps the questions in them."""

    def __init__(self, inner: Transport) -> None:
        self.questions: list[LocationQuestion] = []
        self._inner = inner

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        if request.method != "GET":
            document = parse_message(request.body, request.headers["Content-Type"]).document
            assert document is not None
            self.questions.append(parse_location_question(document))
        return self._inner.send(request, deadline, cancellation)


def test_groups__are_kept_and_repeated(lab: Lab, store: Path) -> None:
    with locator(lab, store) as one:
        assert one._groups.load([]) is None
        found = one.locate(EVERYWHERE)
        assert found.answer.boundary_groups is not None
        assert one._groups.load([]) == found.answer.boundary_groups
    with SqliteStore(store) as kept:
        stored = kept.load_boundary_groups()
    assert stored is not None
    assert [group.id for group in stored.groups.groups] == ["1"]
    config = load_config(overrides={**lab.settings(), "store": str(store)})
    with open_ports(config, Run(facts=lab.client_facts())) as world:
        heard = Heard(world.transport)
        ContentLocator(config, world._replace(transport=heard)).locate(EVERYWHERE)
    assert [question.client.boundary_groups for question in heard.questions] == [stored.groups]
    assert all(question.in_operation for question in heard.questions)


@pytest.mark.rule("TM-002")
@pytest.mark.parametrize(("hours", "is_repeated"), [(23.9, True), (24.1, False)])
def test_groups__are_repeated_until_they_are_due_for_a_refresh(
    lab: Lab,
    store: Path,
    hours: float,
    is_repeated: bool,  # noqa: FBT001
) -> None:
    groups = ClientBoundaryGroups("2026-11-20T12:00:00", (BoundaryGroupReference("9", "G"),))
    with SqliteStore(store) as kept:
        kept.save_boundary_groups(StoredBoundaryGroups(groups, datetime.now(UTC) - timedelta(hours=hours)))
    with locator(lab, store) as one:
        assert (one._groups.load([]) == groups) is is_repeated


def test_what_if__writes_nothing(lab: Lab, store: Path) -> None:
    assert named(locate(lab, store, writes=False)) == ["pc043", "dp1"]
    assert list(store.parent.iterdir()) == []


# --- what the client can do -----------------------------------------------------------------------------------------


@pytest.mark.rule("CL-020", "CF-030")
@pytest.mark.parametrize("account", [None, r"CORP\\reader"])
def test_workgroup_client__over_http_only_with_an_account(lab: Lab, store: Path, account: str | None) -> None:
    facts = lab.client_facts()._replace(membership=Membership.WORKGROUP, domain=None)
    given = {} if account is None else {"http_user": account}
    found = locate(lab, store, run=Run(facts=facts), management_points="mp1.corp.contoso.test", **given)
    assert ("dp1" in named(found)) is (account is not None)
    assert {one.reasons[0].rule for one in found.plan.rejected} == ({"CL-020"} if account is None else set())


@pytest.mark.rule("CL-047")
@pytest.mark.parametrize("can", [True, False])
def test_shares__are_asked_for_where_they_can_be_opened(lab: Lab, store: Path, can: bool) -> None:  # noqa: FBT001
    config = load_config(overrides={**lab.settings(), "store": str(store)})
    with open_ports(config, Run(facts=lab.client_facts())) as world:
        heard = Heard(world.transport)
        ContentLocator(config, world._replace(transport=heard), opens_shares=can).locate(EVERYWHERE)
    assert [question.options.smb for question in heard.questions] == [can]


@pytest.mark.parametrize(
    ("kind", "used", "barred"),
    [
        pytest.param("mac", {"dp1", "dp3"}, {("dp2", "MC-002")}, marks=pytest.mark.rule("MC-002")),
        pytest.param(
            "mobile", set(), {(one, "CI-027") for one in ("dp1", "dp2", "dp3")}, marks=pytest.mark.rule("CI-027")
        ),
    ],
)
def test_device__is_named_sources_and_uses_those_for_its_kind(
    store: Path, kind: str, used: set[str], barred: set[tuple[str, str]]
) -> None:
    described = describe()
    systems = tuple(
        one._replace(audience=Audience.BOTH, protocols=Protocols.BOTH, devices=True)
        if one.role in {SystemRole.MP, SystemRole.DP}
        else one
        for one in described.systems
    )
    with Lab(described._replace(systems=systems)) as other:
        outside = other.client_facts()._replace(network_location=NetworkLocation.INTERNET)
        found = locate(other, store, run=Run(facts=outside), client_kind=kind, internet_mp="mp2.corp.contoso.test")
    assert set(named(found)) == used
    rejected = {(str(one.source.server).partition(".")[0], one.reasons[0].rule) for one in found.plan.rejected}
    assert rejected == barred


@pytest.mark.rule("TR-056")
def test_root_key__is_read_from_the_file_that_a_setting_names(lab: Lab, store: Path) -> None:
    file = store.with_name("mobileclient.tcf")
    file.write_text(f"SMSPublicRootKey={OTHER_KEY.text}\n", encoding="ascii")
    found = locate(lab, store, trusted_root_key_file=str(file))
    assert found.location.root_key is not None
    assert found.location.root_key.source is KeySource.SETTINGS
    with pytest.raises(ConfigError, match="cannot be read"):
        locate(lab, store, trusted_root_key_file=str(file.with_name("nothing")))


# --- how the plan widens --------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-036", "BG-030")
def test_search__keeps_asking_and_widens(lab: Lab, store: Path) -> None:
    with locator(lab, store) as one:
        search = one.search(EVERYWHERE)
        first = search.latest
        assert search.replan(599.0) is first
        assert len(lab.journal.entries(REQUEST)) == 1
        lab.skip_minutes(10)
        assert named(search.replan(600.0)) == ["pc043", "dp1"]
        lab.skip_minutes(10)
        wider = search.replan(1200.0)
        lab.skip_minutes(20)
        last = search.replan(2400.0)
    assert [(one.source.tier, one.opens_after) for one in wider.plan.ranked][2:] == [(SourceTier.NEIGHBOUR_DP, 1200.0)]
    assert [one.opens_after for one in last.plan.ranked] == [0.0, 0.0, 1200.0, 2400.0]
    assert named(last) == ["pc043", "dp1", "dp2", "dp3"]
    assert len(lab.journal.entries(REQUEST)) == 4


def test_search__is_a_planner_for_downloads(lab: Lab, store: Path) -> None:
    with locator(lab, store) as one:
        search = one.search(PACKAGE)
        plan = search.plan(0.0, Deadline(None, lambda: 0.0))
    assert plan is search.latest.plan
    assert plan.ask_again == 600.0


def test_search__with_boundary_data__knows_the_times_and_asks_at_them(lab: Lab, store: Path) -> None:
    run = Run(facts=lab.client_facts(), data=lab.description.data)
    with locator(lab, store, run=run, content_ask_interval=7200) as one:
        search = one.search(EVERYWHERE)
        assert search.latest.plan.ask_again == 1200.0
        lab.skip_minutes(40)
        found = search.replan(1200.0)
    assert [one.opens_after for one in found.plan.ranked] == [0.0, 0.0, 1200.0, 2400.0]
    assert [len(found.plan.open_at(at)) for at in (1200.0, 2399.0, 2400.0)] == [3, 3, 4]


def test_search__nobody_answers_any_more__the_plan_stays_and_says_so(lab: Lab, store: Path) -> None:
    with locator(lab, store) as one:
        search = one.search(EVERYWHERE)
        for name in ("mp1", "mp2", "mp4", "mp5", "mp-s01"):
            lab.set_fault("mp", name, "lying")
        try:
            found = search.replan(600.0)
        finally:
            for name in ("mp1", "mp2", "mp4", "mp5", "mp-s01"):
                lab.set_fault("mp", name, None)
        assert named(found) == ["pc043", "dp1"]
        assert found.notes[0].startswith("asked again in vain: ")
        assert search.replan(1199.0) is found
        assert search.replan(1200.0).notes == ()


@contextmanager
def moving(lab: Lab, store: Path, facts: NetworkFacts) -> Iterator[tuple[FixedFacts, ContentLocator]]:
    """A locator on a machine that a test can move."""
    config = load_config(overrides={**lab.settings(), "store": str(store), "internet_mp": "mp2.corp.contoso.test"})
    machine = FixedFacts(facts)
    with open_ports(config, Run(facts=facts)) as world:
        yield machine, ContentLocator(config, world._replace(facts=machine))


@pytest.mark.rule("NET-023")
def test_search__goes_on_from_the_internet_to_the_intranet_and_back(store: Path) -> None:
    described = describe()
    systems = tuple(
        one._replace(audience=Audience.BOTH) if one.host.startswith("dp2.") else one for one in described.systems
    )
    with Lab(described._replace(systems=systems)) as other:
        outside = other.client_facts()._replace(network_location=NetworkLocation.INTERNET)
        with moving(other, store, outside) as (machine, one):
            search: ContentSearch = one.search(EVERYWHERE)
            away = search.latest
            machine._facts = other.client_facts()
            home = search.replan(30.0)
            machine._facts = outside
            back = search.replan(60.0)
    assert [(source.source.server, source.source.tier) for source in away.plan.ranked] == [
        ("dp2.corp.contoso.test", SourceTier.INTERNET_DP)
    ]
    assert named(home) == ["pc043", "dp1"], "at once, though it was not time to ask"
    assert named(back) == ["dp2"]
    assert [source.opens_after for source in back.plan.ranked] == [60.0]


def test_search__another_address_of_the_same_network__is_no_move(lab: Lab, store: Path) -> None:
    facts = lab.client_facts()
    with moving(lab, store, facts) as (machine, one):
        search = one.search(EVERYWHERE)
        (adapter,) = facts.adapters
        renewed = adapter._replace(addresses=(parse_address("127.45.10.77/24"),))
        machine._facts = facts._replace(adapters=(renewed,))
        assert search.replan(1.0) is search.latest
        elsewhere = adapter._replace(addresses=(parse_address("127.45.20.77/24"),))
        machine._facts = facts._replace(adapters=(elsewhere,))
        assert "pc201" in named(search.replan(2.0))


# --- whose order, which options -------------------------------------------------------------------------------------


@pytest.mark.rule("CL-038", "CL-040")
def test_task_sequence__does_not_wait_and_goes_as_far_as_its_deployment(lab: Lab, store: Path) -> None:
    with locator(lab, store) as one:
        near = one.locate(EVERYWHERE, order=SourceOrder.TASK_SEQUENCE)
        far = one.locate(
            EVERYWHERE,
            order=SourceOrder.TASK_SEQUENCE,
            deployment=DeploymentOptions(True, True, True),  # noqa: FBT003
        )
        search = one.search(EVERYWHERE, order=SourceOrder.TASK_SEQUENCE)
        assert search.replan(90_000.0) is search.latest
    assert (named(near), len(near.plan.rejected)) == (["pc043", "dp1"], 2)
    assert near.plan.ask_again is None
    assert named(far) == ["pc043", "dp1", "dp2", "dp3"]


@pytest.mark.rule("BG-051", "CL-012")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (GroupOptions(), ["pc043", "dp1", "cmg1"]),
        (GroupOptions(allow_peers=False), ["dp1", "cmg1"]),
        (GroupOptions(prefer_cloud=True), ["cmg1", "pc043", "dp1"]),
    ],
)
def test_options__of_the_clients_groups_count(store: Path, options: GroupOptions, expected: list[str]) -> None:
    described, gateway = describe(), HostName("cmg1.corp.contoso.test")
    groups = tuple(one._replace(options=options, servers=(*one.servers, gateway)) for one in described.groups)
    contents = tuple(one._replace(cloud=(gateway,)) for one in described.contents)
    with Lab(described._replace(groups=groups, contents=contents)) as other:
        run = Run(facts=other.client_facts(), data=other.description.data, times_count=False)
        found = locate(other, store, run=run, cloud_content=True)
        assert named(found) == expected
        assert any("no peers were asked for: off in Headquarters" in note for note in found.notes) is (
            not options.allow_peers
        )
        assert "cmg1" not in named(locate(other, store, run=run))
