"""Which servers may learn who asks."""

import pytest

from cmclient.adapters.clock import SystemClock
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.names import GatewayPath, HostName
from cmclient.mpclient import ManagementPointClient
from cmclient.ports import Cancellation


class Recorder:
    """HTTP that answers everything and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[HttpRequest] = []

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        self.asked.append(request)
        return HttpReply(200, b"")


@pytest.mark.rule("CF-012")
@pytest.mark.parametrize(("scheme", "may"), [(Scheme.HTTP, False), (Scheme.HTTPS, True)])
def test_management_point__may_learn_who_asks_only_where_it_is_known_to_be_one(scheme: Scheme, *, may: bool) -> None:
    transport, clock = Recorder(), SystemClock()
    client = ManagementPointClient(transport, clock)
    request = HttpRequest(Endpoint(scheme, HostName("mp1.corp.test"), 80), "/SMS_MP/.sms_aut?MPLIST")
    client.exchange(request, Deadline.after(5.0, clock.monotonic))
    assert [one.may_log_in for one in transport.asked] == [may]


def test_gateway__knows_no_windows_login() -> None:
    transport, clock = Recorder(), SystemClock()
    path = GatewayPath("/CCM_Proxy_MutualAuth/72057594037937937")
    gateway = Endpoint(Scheme.HTTPS, HostName("gw1.contoso-cloud.test"), 443, gateway=path)
    ManagementPointClient(transport, clock).exchange(
        HttpRequest(gateway, "/SMS_MP/.sms_aut?MPLIST2"), Deadline.after(5.0, clock.monotonic)
    )
    assert [one.may_log_in for one in transport.asked] == [False]
