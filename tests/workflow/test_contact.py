"""How groups share the time: silence leaves some for the next, but is no way down from HTTPS to HTTP."""

import threading

import pytest
from world import FixedClock, World

from cmclient.adapters.clock import SystemClock
from cmclient.errors import TransportTimeoutError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline
from cmclient.model.names import HostName
from cmclient.mpclient import AttemptLimits, ManagementPointClient
from cmclient.ports import Cancellation


def endpoint(scheme: str, host: str) -> Endpoint:
    return Endpoint(Scheme(scheme), HostName(host), 443 if scheme == "https" else 80)


@pytest.mark.parametrize(
    ("schemes", "asked"),
    [
        pytest.param(["http", "http"], 2, id="the next group gets its turn"),
        pytest.param(["https", "https"], 2, id="likewise"),
        pytest.param(["http", "https"], 2, id="up to HTTPS as well"),
        pytest.param(["https", "http"], 1, id="down to HTTP never for lack of time"),
    ],
)
def test_silent_group__and_the_next_one(schemes: list[str], asked: int) -> None:
    groups = [[endpoint(scheme, f"mp{place}.corp.test")] for place, scheme in enumerate(schemes)]
    clock = SystemClock()
    seen: list[Endpoint] = []

    def silent(one: Endpoint, cancellation: Cancellation) -> None:
        seen.append(one)
        given_up = threading.Event()
        cancellation.on_cancel(given_up.set)
        given_up.wait(5)
        raise TransportTimeoutError("silent")

    client = ManagementPointClient(World(), clock, AttemptLimits(stagger=60))
    result = client.contact(groups, "MPLIST", silent, Deadline.after(0.3, clock.monotonic))
    assert (result.endpoint, len(seen)) == (None, asked)


def test_limits__those_given_and_else_the_usual() -> None:
    clock = FixedClock()
    assert ManagementPointClient(World(), clock).limits == AttemptLimits()
    assert ManagementPointClient(World(), clock, AttemptLimits(width=1)).limits.width == 1
