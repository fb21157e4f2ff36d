"""What client setup reports when it did not get its files."""

from datetime import UTC, datetime

import pytest

from cmclient.download_errors import (
    DiskFullError,
    HashMismatchError,
    ListingError,
    SourceRefusedError,
    UnsafeNameError,
)
from cmclient.errors import CmClientError, MalformedReplyError, ProtocolError, UnsafeXmlError
from cmclient.model.state import Parameter, StateMessage, TopicId
from cmclient.rules.setup_states import MOST_TROUBLES, SetupTrouble, leave_out_repeated, plan_setup_states
from cmclient.transport_errors import CancelledError, ClientCertificateError, ConnectError, NotAskedError

URL = "http://mp1.corp.test/CCM_Client"
SHARE = r"\\server\share\client"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def planned(*troubles: SetupTrouble) -> list[tuple[int, tuple[str, ...]]]:
    return [(state.id, parameters) for state, parameters in plan_setup_states(troubles)]


@pytest.mark.rule("FS-012")
@pytest.mark.parametrize(
    ("trouble", "state", "parameters"),
    [
        (SetupTrouble("hash-mismatch", URL, "x64/client.msi"), 325, ()),
        (SetupTrouble("size-mismatch", URL, "x64/client.msi"), 308, (f"{URL}/x64/client.msi",)),
        (SetupTrouble("listing", URL), 314, ()),
        (SetupTrouble("unsafe-xml", URL), 314, ()),
        (SetupTrouble("connect", URL), 308, (URL,)),
        (SetupTrouble("source-refused", URL + "/", "ccmsetup.cab"), 308, (f"{URL}/ccmsetup.cab",)),
        (SetupTrouble("source-refused", SHARE, "ccmsetup.cab"), 322, ()),
        (SetupTrouble("source-refused", "/mnt/client"), 322, ()),
        (SetupTrouble("hash-mismatch", SHARE, "client.msi"), 325, ()),
        (SetupTrouble("disk-full"), 312, ()),
        (SetupTrouble("client-certificate", "https://mp1.corp.test/CCM_Client"), 315, ()),
        (SetupTrouble("target"), 301, ()),
        (SetupTrouble("no-reachable-management-point"), 301, ()),
    ],
)
def test_trouble__is_a_state_of_its_own_after_the_start(
    trouble: SetupTrouble, state: int, parameters: tuple[str, ...]
) -> None:
    assert planned(trouble) == [(100, ()), (state, parameters)]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (DiskFullError, 312),
        (HashMismatchError, 325),
        (ListingError, 314),
        (UnsafeNameError, 314),
        (MalformedReplyError, 314),
        (UnsafeXmlError, 314),
        (ClientCertificateError, 315),
        (ProtocolError, 314),
        (ConnectError, 308),
        (SourceRefusedError, 308),
        (NotAskedError, 301),
        (CancelledError, 301),
    ],
)
def test_errors__have_the_codes_that_decide(error: type[CmClientError], state: int) -> None:
    assert planned(SetupTrouble(error.code, URL))[1][0] == state


def test_troubles__are_told_in_order_and_each_once() -> None:
    rounds = [SetupTrouble("connect", URL), SetupTrouble("source-refused", SHARE)] * 3
    assert planned(*rounds) == [(100, ()), (308, (URL,)), (322, ())]


@pytest.mark.parametrize("code", ["not-asked", "cancelled"])
def test_what_was_not_tried__did_not_fail(code: str) -> None:
    assert planned(SetupTrouble("connect", URL), SetupTrouble(code, URL + "2")) == [(100, ()), (308, (URL,))]
    assert planned(SetupTrouble(code, URL)) == planned() == [(100, ()), (301, ())]


def test_many_troubles__are_cut_to_the_last() -> None:
    made = planned(*(SetupTrouble("connect", f"http://mp{number}") for number in range(50)))
    assert [parameters for _, parameters in made[1:]] == [(f"http://mp{number}",) for number in range(40, 50)]
    assert len(made) == MOST_TROUBLES + 1


def said(*states: str) -> list[StateMessage]:
    topic = TopicId("{0D94311F-CB7B-4E73-94B1-75878081111C}")
    found = []
    for one in states:
        key, *parameters = one.split()
        type_, _, state = key.partition("/")
        found.append(StateMessage(int(type_), int(state), topic, NOON, tuple(map(Parameter, parameters))))
    return found


@pytest.mark.parametrize(
    ("waiting", "put"),
    [
        ([], ["800/100", "800/308 a"]),
        (["800/100", "800/308 a"], ["800/308 a"]),
        (["800/400", "800/100", "800/308 a", "1000/2"], ["800/308 a"]),
        (["800/100", "800/308 b"], ["800/100", "800/308 a"]),
        (["800/308 a"], ["800/100", "800/308 a"]),
        (["800/100", "800/308 a", "800/100"], ["800/100", "800/308 a"]),
    ],
)
def test_same_run_again__is_not_put_into_the_queue_again(waiting: list[str], put: list[str]) -> None:
    left = leave_out_repeated(said("800/100", "800/308 a"), said(*waiting))
    assert [str(one) for one in left] == put
