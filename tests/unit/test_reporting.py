"""Who reports what to a fallback status point, and when."""

import pytest

from cmclient.model.decision import Candidate, Location, Origin, Policy, SourceKind, SourceReport
from cmclient.model.directory import PublishedFsp
from cmclient.model.endpoints import Endpoint, ManagementPoint, Protocols, Scheme
from cmclient.model.facts import ClientKind, NetworkFacts, NetworkLocation
from cmclient.model.http import Attempt, Outcome
from cmclient.model.lease import EffectKind
from cmclient.model.names import HostName, SiteCode
from cmclient.model.reports import FspSource
from cmclient.model.state import TopicType
from cmclient.rules.choose import SeededChooser
from cmclient.rules.fsp import FspNames, choose_fsp, find_reporting
from cmclient.rules.reporting import find_state_of_effect, goes_to_fsp, has_given_up, plan_deployment, plan_states
from cmclient.rules.select import select_management_point

ORIGIN = (Origin(SourceKind.INSTALLATION),)
GIVEN = FspNames(given=HostName("fsp1.corp.test"), given_detail="user file")
INTRANET = NetworkFacts(network_location=NetworkLocation.INTRANET)
INTERNET = NetworkFacts(network_location=NetworkLocation.INTERNET)
REGISTERED = INTRANET._replace(fsp=HostName("fsp2.example"), intranet_fsp=HostName("fsp2"), origins={"fsp": "registry"})


# --- whether, and to whom -------------------------------------------------------------------------------------------


@pytest.mark.rule("FS-002")
@pytest.mark.parametrize(
    ("kind", "on"), [(kind, kind in {ClientKind.WINDOWS, ClientKind.LEGACY_MOBILE}) for kind in ClientKind]
)
def test_kind__macs_and_devices_that_are_enrolled_use_none(kind: ClientKind, on: bool) -> None:  # noqa: FBT001
    reporting = find_reporting(INTRANET._replace(client_kind=kind), GIVEN, wish=True, what_if=False)
    assert reporting.is_on is on
    assert reporting.reason.rule == ("FS-007" if on else "FS-002")


@pytest.mark.rule("FS-009")
@pytest.mark.parametrize("wish", [None, True])
def test_nobody_names_one__nothing_is_reported(wish: bool | None) -> None:  # noqa: FBT001
    reporting = find_reporting(INTRANET, FspNames(), wish=wish, what_if=False)
    assert (reporting.point, reporting.reason.rule) == (None, "FS-009")


@pytest.mark.rule("FS-007", "FS-008")
@pytest.mark.parametrize(
    ("facts", "names", "host", "source"),
    [
        pytest.param(INTRANET, GIVEN, "fsp1.corp.test", FspSource.SETTINGS, id="FSP= or a setting"),
        pytest.param(REGISTERED, FspNames(), "fsp2", FspSource.REGISTRY, id="an installed client"),
        pytest.param(
            INTRANET, FspNames(published=HostName("fsp3")), "fsp3", FspSource.DIRECTORY, id="the directory alone"
        ),
        pytest.param(
            REGISTERED, GIVEN._replace(published=HostName("fsp3")), "fsp1.corp.test", FspSource.SETTINGS, id="all"
        ),
        pytest.param(
            REGISTERED, FspNames(published=HostName("fsp3")), "fsp2", FspSource.REGISTRY, id="client before directory"
        ),
        pytest.param(NetworkFacts(), GIVEN, "fsp1.corp.test", FspSource.SETTINGS, id="location unknown"),
    ],
)
def test_several_name_one__the_strongest_counts(
    facts: NetworkFacts, names: FspNames, host: str, source: FspSource
) -> None:
    point = find_reporting(facts, names, wish=True, what_if=False).point
    assert point is not None
    assert (point.endpoint.host, point.source) == (host, source)


@pytest.mark.parametrize(
    ("facts", "names", "wish", "on"),
    [
        (INTRANET, GIVEN, None, True),
        (INTRANET, GIVEN, False, False),
        (REGISTERED, FspNames(), None, True),
        (INTRANET, FspNames(published=HostName("fsp3")), None, False),
        (INTRANET, FspNames(published=HostName("fsp3")), True, True),
        (INTRANET, GIVEN._replace(published=HostName("fsp3")), None, True),
    ],
)
def test_on__where_somebody_who_set_it_up_named_it(
    facts: NetworkFacts,
    names: FspNames,
    wish: bool | None,  # noqa: FBT001
    on: bool,  # noqa: FBT001
) -> None:
    assert find_reporting(facts, names, wish=wish, what_if=False).is_on is on
    assert not find_reporting(facts, names, wish=wish, what_if=True).is_on


def test_directory_alone__says_what_is_wanted() -> None:
    reason = find_reporting(INTRANET, FspNames(published=HostName("fsp3")), wish=None, what_if=False).reason
    assert "fsp3" in reason.text
    assert "report = true" in reason.text


@pytest.mark.rule("FS-003")
@pytest.mark.parametrize(("port", "url"), [(80, "http://fsp1.corp.test"), (8080, "http://fsp1.corp.test:8080")])
@pytest.mark.parametrize("facts", [INTRANET, INTERNET])
def test_protocol__is_http_everywhere(facts: NetworkFacts, port: int, url: str) -> None:
    point = find_reporting(facts, GIVEN._replace(port=port), wish=None, what_if=False).point
    assert point is not None
    assert str(point.endpoint) == url


@pytest.mark.rule("FS-006")
@pytest.mark.parametrize(
    ("facts", "names", "host"),
    [
        pytest.param(INTERNET, GIVEN._replace(internet=HostName("fsp.example")), "fsp.example", id="its internet name"),
        pytest.param(INTERNET, GIVEN, "fsp1.corp.test", id="a full name"),
        pytest.param(INTERNET, FspNames(given=HostName("fsp1")), None, id="a short name"),
        pytest.param(INTERNET, FspNames(published=HostName("fsp3.corp.test")), None, id="the directory"),
        pytest.param(
            INTERNET._replace(fsp=HostName("fsp2.example"), intranet_fsp=HostName("fsp2.corp")),
            FspNames(),
            "fsp2.example",
            id="of an installed client the other name",
        ),
        pytest.param(
            INTRANET, GIVEN._replace(internet=HostName("fsp.example")), "fsp1.corp.test", id="not on the intranet"
        ),
    ],
)
def test_internet__takes_a_full_name(facts: NetworkFacts, names: FspNames, host: str | None) -> None:
    reporting = find_reporting(facts, names, wish=True, what_if=False)
    assert (reporting.point and reporting.point.endpoint.host) == host
    assert host == "fsp1.corp.test" or reporting.reason.rule == "FS-006"


@pytest.mark.rule("FS-007")
@pytest.mark.parametrize(("site", "host"), [("P02", "fsp-b"), ("P01", "fsp-a"), (None, "fsp-a"), ("P09", None)])
def test_directory__names_that_of_the_clients_site(site: str | None, host: str | None) -> None:
    published = [PublishedFsp(SiteCode(code), HostName(name)) for code, name in (("P01", "fsp-a"), ("P02", "fsp-b"))]
    assert choose_fsp(published, site and SiteCode(site)) == host


# --- what -----------------------------------------------------------------------------------------------------------

MPS = [ManagementPoint(HostName(f"mp{n}.corp.test"), protocols=Protocols.HTTP) for n in (1, 2)]


def attempt(name: str, outcome: Outcome, scheme: Scheme = Scheme.HTTP) -> Attempt:
    port = 80 if scheme is Scheme.HTTP else 443
    return Attempt(Endpoint(scheme, HostName(f"{name}.corp.test"), port), "MPLIST", outcome, 0.0, 1.0)


def location(
    *attempts: Attempt,
    mps: list[ManagementPoint] = MPS,
    asked: bool = True,
    https: bool = False,
) -> Location:
    policy = Policy(assigned_site=SiteCode("P01"), can_use_https=https)
    candidates = [Candidate(mp, ORIGIN) for mp in mps]
    decision = select_management_point(candidates, INTRANET, policy, chooser=SeededChooser(1))
    source = SourceReport(SourceKind.INSTALLATION, asked=asked, found=len(mps), rule="ML-005", detail="")
    return Location(decision, attempts, (source,))


BOTH_FAILED = (attempt("mp1", Outcome.FAILED), attempt("mp2", Outcome.FAILED))
ANSWERED = (attempt("mp1", Outcome.FAILED), attempt("mp2", Outcome.ANSWERED))


@pytest.mark.rule("ST-017")
@pytest.mark.parametrize(
    ("found", "given_up"),
    [
        pytest.param(location(*BOTH_FAILED), True, id="each was tried in vain"),
        pytest.param(location(BOTH_FAILED[0]), False, id="one failure"),
        pytest.param(location(*[BOTH_FAILED[0]] * 6), False, id="one that failed often"),
        pytest.param(location(*ANSWERED), False, id="one answered"),
        pytest.param(
            location(attempt("mp1", Outcome.FAILED), attempt("mp2", Outcome.CANCELLED)), False, id="cancelled"
        ),
        pytest.param(location(), False, id="nobody was tried"),
        pytest.param(location(mps=[]), True, id="somebody was asked and nobody was found"),
        pytest.param(location(mps=[], asked=False), False, id="nobody could be asked"),
        pytest.param(
            location(*BOTH_FAILED, mps=[*MPS, ManagementPoint(HostName("mp3.corp.test"), protocols=Protocols.HTTPS)]),
            True,
            id="one that is not eligible need not be tried",
        ),
    ],
)
def test_given_up__when_each_eligible_one_was_tried_in_vain(found: Location, given_up: bool) -> None:  # noqa: FBT001
    assert has_given_up(found) is given_up
    reported = [(state.topic, state.id) for state in plan_states(found, {}, wants_certificate=False)]
    assert reported == ([(1000, 2)] if given_up else [])


@pytest.mark.rule("FS-001")
@pytest.mark.parametrize(
    ("found", "last", "ids"),
    [
        pytest.param(location(*BOTH_FAILED), {}, [2], id="the first time"),
        pytest.param(location(*BOTH_FAILED), {1000: 1}, [2], id="again after a recovery"),
        pytest.param(location(*BOTH_FAILED), {1000: 2}, [], id="once"),
        pytest.param(location(*ANSWERED), {}, [], id="all is well and was"),
        pytest.param(location(*ANSWERED), {1000: 1}, [], id="a recovery once"),
        pytest.param(location(*ANSWERED), {1000: 2}, [1], id="a recovery"),
        pytest.param(location(BOTH_FAILED[0]), {1000: 2}, [], id="one failure is no recovery"),
        pytest.param(location(), {1000: 2}, [], id="one that nobody asked is no recovery"),
    ],
)
def test_communication__is_reported_when_it_fails_and_when_it_works_again(
    found: Location, last: dict[int, int], ids: list[int]
) -> None:
    states = plan_states(found, last, wants_certificate=False)
    assert [(state.topic, state.id) for state in states] == [(1000, id_) for id_ in ids]


@pytest.mark.rule("FS-017")
@pytest.mark.parametrize(
    ("wanted", "usable", "last", "ids"),
    [
        (True, False, {}, [2]),
        (True, False, {1001: 2}, []),
        (True, True, {}, []),
        (True, True, {1001: 2}, [1]),
        (False, False, {}, []),
        (False, False, {1001: 2}, []),
    ],
)
def test_certificate__is_reported_when_it_is_wanted_and_cannot_be_used(
    wanted: bool,  # noqa: FBT001
    usable: bool,  # noqa: FBT001
    last: dict[int, int],
    ids: list[int],
) -> None:
    states = plan_states(location(*ANSWERED, https=usable), last, wants_certificate=wanted)
    assert [(state.topic, state.id) for state in states] == [(1001, id_) for id_ in ids]


def test_certificate_and_communication__are_both_reported() -> None:
    states = plan_states(location(*BOTH_FAILED), {}, wants_certificate=True)
    assert [(state.topic, state.id) for state in states] == [(1001, 2), (1000, 2)]


@pytest.mark.rule("FS-010", "FS-013")
@pytest.mark.parametrize(
    ("topic", "always"),
    [
        (TopicType.CLIENT_DEPLOYMENT, True),
        (TopicType.LOCAL_CERTIFICATE, True),
        (TopicType.CLIENT_COMMUNICATION, False),
        (TopicType.MODE_READINESS, False),
        (TopicType.CLIENT_HEALTH, False),
    ],
)
def test_other_states__go_to_the_management_point_while_there_is_one(topic: TopicType, always: bool) -> None:  # noqa: FBT001
    assert goes_to_fsp(topic, given_up=False) is always
    assert goes_to_fsp(topic, given_up=True)


@pytest.mark.parametrize("last", [None, 1, 2])
@pytest.mark.parametrize("kind", list(EffectKind))
def test_lease__says_once_that_all_were_given_up_and_that_one_answered_again(
    kind: EffectKind, last: int | None
) -> None:
    state = find_state_of_effect(kind, last)
    told = {EffectKind.GAVE_UP: {None: 2, 1: 2, 2: None}, EffectKind.RECOVERED: {None: None, 1: None, 2: 1}}
    assert (state and state.id) == told.get(kind, {}).get(last)


@pytest.mark.rule("FS-011")
@pytest.mark.parametrize(("installed", "ids"), [(400, [100, 400, 500, 700]), (401, [100, 401, 500, 700])])
def test_good_installation__has_four_messages(installed: int, ids: list[int]) -> None:
    assert [state.id for state in plan_deployment(installed=installed)] == ids


@pytest.mark.rule("FS-012")
@pytest.mark.parametrize(
    ("failures", "installed", "assignments", "ids"),
    [
        ([308], 400, [None], [100, 308, 400, 500, 700]),
        ([308, 309], 402, [606, None], [100, 308, 309, 402, 500, 606, 500, 700]),
        ([], 400, [604], [100, 400, 500, 604]),
        ([321], None, [None], [100, 321]),
    ],
)
def test_failing_installation__has_a_message_for_each_failure(
    failures: list[int], installed: int | None, assignments: list[int | None], ids: list[int]
) -> None:
    states = plan_deployment(failures, installed=installed, assignments=assignments)
    assert [state.id for state in states] == ids
    assert {state.topic for state in states} == {800}
