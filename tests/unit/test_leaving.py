"""Which source is asked now, when one is left, and when it is asked again."""

import pytest

from cmclient.errors import (
    CmClientError,
    ConnectError,
    ConnectionLostError,
    ContentChangedError,
    HashMismatchError,
    ListingError,
    NameResolutionError,
    ServerCertificateError,
    SizeMismatchError,
    SourceRefusedError,
    StalledError,
    TransportTimeoutError,
    UnsafeNameError,
    WrongRangeError,
)
from cmclient.model.decision import Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName
from cmclient.model.sources import (
    ContentSource,
    PlannedSource,
    SourceAddress,
    SourceOrder,
    SourcePlan,
    SourceTier,
)
from cmclient.rules.leaving import (
    Moment,
    Next,
    Standing,
    choose_address,
    counts_against_server,
    find_wait,
    has_stalled,
    judge_failure,
    note_left,
)


def address(name: str, path: str = "/SMS_DP_SMSPKG$/A") -> SourceAddress:
    return SourceAddress(Endpoint(Scheme.HTTP, HostName(name), 80), path)


def planned(*addresses: SourceAddress, opens: float = 0.0, tier: SourceTier = SourceTier.DP_IN_GROUP) -> PlannedSource:
    return PlannedSource(ContentSource(tier, addresses), opens, (Reason("CL-006", "x"),))


def plan(*sources: PlannedSource, ask_again: float | None = None) -> SourcePlan:
    return SourcePlan(None, SourceOrder.CLIENT, sources, ask_again=ask_again)


DP1, DP1_NOCERT, DP2, DP3 = address("dp1"), address("dp1", "/NOCERT_SMS_DP_SMSPKG$/A"), address("dp2"), address("dp3")
TWO = plan(
    planned(DP1, DP1_NOCERT),
    planned(DP2, tier=SourceTier.NEIGHBOUR_DP, opens=120.0),
)


def choose(of: SourcePlan, standings: dict[SourceAddress, Standing], elapsed: float, **more: object) -> object:
    options: dict[str, object] = {"busy": {}, "per_host": 4} | more
    waits = bool(options.pop("waits", True))
    servers = options.pop("servers", {})
    return choose_address(of, standings, servers, Moment(1000.0 + elapsed, elapsed, waits), **options)  # type: ignore[arg-type]


def judge(error: CmClientError, **more: object) -> Next:
    options: dict[str, object] = {"works": False, "interruptions": 0, "is_mixed": False, "is_list_doubted": False}
    return judge_failure(error, **(options | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        ConnectError("x"),
        NameResolutionError("x"),
        ServerCertificateError("x"),
        pytest.param(SourceRefusedError("x", status=401), marks=pytest.mark.rule("CL-049", "CL-030")),
        pytest.param(SourceRefusedError("x", status=403), marks=pytest.mark.rule("CL-049", "CL-030")),
        pytest.param(SourceRefusedError("x", status=404), marks=pytest.mark.rule("CL-049", "CL-030")),
        SourceRefusedError("x", status=503),
        StalledError("x"),
        ListingError("x"),
        UnsafeNameError("x"),
        WrongRangeError("x"),
        SizeMismatchError("x"),
        ConnectionLostError("x"),
    ],
)
def test_source_that_gives_nothing__is_left_at_once(error: CmClientError) -> None:
    assert judge(error) is Next.LEAVE


@pytest.mark.rule("CL-030", "CL-049")
@pytest.mark.parametrize("error", [ConnectionLostError("x"), TransportTimeoutError("x"), ContentChangedError("x")])
def test_source_that_broke_off__is_asked_again_three_times(error: CmClientError) -> None:
    assert judge(error, works=True, interruptions=2) is Next.AGAIN
    assert judge(error, works=True, interruptions=3) is Next.LEAVE


def test_source_that_stalls_or_refuses__is_left_although_it_worked_before() -> None:
    assert judge(StalledError("x"), works=True) is Next.LEAVE
    assert judge(SourceRefusedError("x", status=404), works=True) is Next.LEAVE


def test_wrong_hash__is_never_forgiven_but_for_a_file_of_two_parts() -> None:
    error = HashMismatchError("x", expected="00")
    assert judge(error) is Next.NEVER
    assert judge(error, is_mixed=True) is Next.AGAIN


def test_size_that_another_source_told_wrongly__is_asked_for_anew() -> None:
    assert judge(SizeMismatchError("x"), is_list_doubted=True) is Next.AGAIN
    assert judge(SizeMismatchError("x"), is_list_doubted=True, interruptions=3) is Next.LEAVE


@pytest.mark.rule("CL-072")
@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (SourceRefusedError("x", status=401), False),
        (SourceRefusedError("x", status=403), False),
        (SourceRefusedError("x", status=404), False),
        (SourceRefusedError("x", status=500), True),
        (SourceRefusedError("x", status=503), True),
        (ConnectError("x"), True),
        (TransportTimeoutError("x"), True),
        (HashMismatchError("x", expected="00"), False),
    ],
)
def test_refusal_of_one_content__says_nothing_of_the_server(error: CmClientError, *, counts: bool) -> None:
    assert counts_against_server(error) is counts


def test_first_address_of_the_first_source__is_asked() -> None:
    assert choose(TWO, {}, 0.0) == DP1


def test_next_address_of_a_source__comes_before_the_next_source() -> None:
    left = {DP1: Standing(1, 2000.0)}
    assert choose(TWO, left, 200.0) == DP1_NOCERT
    assert choose(TWO, left | {DP1_NOCERT: Standing(1, 2000.0)}, 200.0) == DP2


@pytest.mark.rule("CL-036")
def test_source_of_another_group__waits_for_its_time() -> None:
    left = {DP1: Standing(1, 9000.0), DP1_NOCERT: Standing(1, 9000.0)}
    assert choose(TWO, left, 119.9) is None
    assert choose(TWO, left, 120.0) == DP2
    assert choose(TWO, left, 0.0, waits=False) == DP2


def test_earlier_source__is_come_back_to_after_its_pause() -> None:
    left = {DP1: Standing(1, 1300.0)}
    one = plan(planned(DP1), planned(DP2))
    assert choose(one, left, 299.9) == DP2
    assert choose(one, left, 300.0) == DP1


def test_banned_source__is_never_come_back_to() -> None:
    one = plan(planned(DP1))
    assert choose(one, {DP1: Standing(1, 0.0, is_banned=True)}, 1e6) is None


def test_without_waiting__each_is_asked_once() -> None:
    one = plan(planned(DP1))
    assert choose(one, {DP1: Standing(1, 0.0)}, 1e6, waits=False) is None


@pytest.mark.rule("CL-072")
def test_server_that_failed_for_other_content__comes_after_the_others_and_before_nobody() -> None:
    servers = {DP1.endpoint: Standing(1, 5000.0)}
    assert choose(plan(planned(DP1), planned(DP2)), {}, 0.0, servers=servers) == DP2
    assert choose(plan(planned(DP1)), {}, 0.0, servers=servers) == DP1


def test_connections_to_one_server__are_limited() -> None:
    assert choose(TWO, {}, 0.0, busy={DP1.endpoint: 3}) == DP1
    assert choose(TWO, {}, 0.0, busy={DP1.endpoint: 4}) is None


def test_several_servers__only_where_the_plan_has_equals() -> None:
    equal = plan(planned(DP1), planned(DP2), planned(DP3, tier=SourceTier.DEFAULT_GROUP_DP))
    busy = {DP1.endpoint: 4}
    assert choose(equal, {}, 0.0, busy=busy) is None
    assert choose(equal, {}, 0.0, busy=busy, hosts=2) == DP2
    assert choose(equal, {}, 0.0, busy=busy | {DP2.endpoint: 4}, hosts=3) is None


@pytest.mark.rule("CL-036")
def test_wait__until_a_source_opens_or_an_open_one_may_be_asked_again() -> None:
    left = {DP1: Standing(1, 1060.0), DP1_NOCERT: Standing(1, 1070.0)}
    assert find_wait(TWO, left, Moment(1000.0, 0.0)) == 60.0
    later = {DP1: Standing(4, 9000.0), DP1_NOCERT: Standing(4, 9000.0)}
    assert find_wait(TWO, later, Moment(1000.0, 0.0)) == 120.0
    assert find_wait(plan(planned(DP1), ask_again=30.0), later, Moment(1000.0, 0.0)) == 30.0


def test_no_wait__when_nothing_opens_any_more() -> None:
    left = {DP1: Standing(1, 1060.0)}
    assert find_wait(plan(planned(DP1)), left, Moment(1000.0, 0.0)) is None
    assert find_wait(TWO, left, Moment(1000.0, 0.0, waits=False)) is None
    nothing = plan(planned(DP1), planned(tier=SourceTier.WINDOWS_UPDATE, opens=120.0))
    assert find_wait(nothing, left, Moment(1000.0, 0.0)) is None


def test_pause__doubles_up_to_an_hour() -> None:
    standing, pauses = Standing(), []
    for _ in range(8):
        standing = note_left(standing, 1000.0, follows=Next.LEAVE)
        pauses.append(standing.until - 1000.0)
    assert pauses == [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0]
    assert note_left(standing, 1000.0, follows=Next.NEVER).is_banned


@pytest.mark.parametrize(
    ("came", "now", "stalled"),
    [(0, 119.9, False), (0, 120.0, True), (4095, 120.0, True), (4096, 120.0, None), (4096, 1.0, None)],
)
def test_stall__is_next_to_nothing_in_two_minutes(came: int, now: float, *, stalled: bool | None) -> None:
    assert has_stalled(0.0, came, now, limit=120.0) is stalled
