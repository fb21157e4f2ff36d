"""How a server is reached: its name, its addresses, our own address, and the proxies of the environment."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.scripted_http import (
    PROMPT,
    ScriptedServer,
    answer,
    ask,
    reply,
    within,
)

from cmclient.adapters.http import RequestsTransport
from cmclient.errors import (
    ConnectError,
    NameResolutionError,
    NameServiceError,
)
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline
from cmclient.model.names import HostName
from cmclient.ports import Transport


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    with RequestsTransport() as transport:
        yield transport


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def _ambient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")


@pytest.mark.usefixtures("_ambient")
def test_the_environment_does_not_count(transport: Transport) -> None:
    with ScriptedServer(answer(reply(b"direct"))) as server:
        assert transport.send(ask(server.endpoint), within(PROMPT)).body == b"direct"
    assert b"Authorization" not in server.requests[0]


@pytest.mark.usefixtures("_ambient")
def test_the_environment_counts_when_it_is_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(answer(reply(b"by proxy"))) as proxy, RequestsTransport(trust_env=True) as transport:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        endpoint = Endpoint(Scheme.HTTP, HostName("127.0.0.1"), 1)
        assert transport.send(ask(endpoint, "/x"), within(PROMPT)).body == b"by proxy"
    assert proxy.requests[0].startswith(b"GET http://127.0.0.1:1/x HTTP/1.1\r\n")
    assert b"Authorization: Basic" in proxy.requests[0]


@pytest.mark.parametrize(
    "proxy", ["http://127.0.0.1:{port}", "socks5://127.0.0.1:{port}", "http://:{port}", "no\tproxy"]
)
@pytest.mark.parametrize("scheme", Scheme)
def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, proxy: str, scheme: Scheme) -> None:
    monkeypatch.setenv(f"{scheme.value}_proxy", proxy.format(port=free_port()))
    with RequestsTransport(trust_env=True) as transport, pytest.raises(ConnectError, match="proxy"):
        transport.send(ask(Endpoint(scheme, HostName("127.0.0.1"), 1)), within(PROMPT))


def test_names_are_found_with_what_is_given() -> None:
    asked: list[tuple[str, bool]] = []

    def resolve(name: HostName, deadline: Deadline) -> list[str]:
        asked.append((name, 0 < (deadline.remaining() or 0) <= 5))
        return ["127.0.0.1"]

    with ScriptedServer(answer(reply(b"found"))) as server, RequestsTransport(resolve=resolve) as transport:
        assert transport.send(ask(server.named("mp.contoso.test")), within(PROMPT)).body == b"found"
    assert asked == [("mp.contoso.test", True)]
    assert f"Host: mp.contoso.test:{server.port}".encode() in server.requests[0]


def test_the_system_finds_names_when_nothing_is_given(transport: Transport) -> None:
    with ScriptedServer(answer(reply(b"found"))) as server:
        assert transport.send(ask(server.named("localhost")), within(PROMPT)).body == b"found"


def test_addresses_are_tried_in_order() -> None:
    with (
        ScriptedServer(answer(reply(b"second"))) as server,
        RequestsTransport(resolve=lambda *_: ["no address", "::1", "127.0.0.1"]) as transport,
    ):
        assert transport.send(ask(server.named("mp.test")), within(PROMPT)).body == b"second"


def test_all_addresses_that_were_tried_are_shown() -> None:
    endpoint = Endpoint(Scheme.HTTP, HostName("mp.test"), free_port())
    with (
        RequestsTransport(resolve=lambda *_: ["127.0.0.1", "127.0.0.2"]) as transport,
        pytest.raises(ConnectError, match=r"refused; tried 127\.0\.0\.1, 127\.0\.0\.2"),
    ):
        transport.send(ask(endpoint), within(PROMPT))


def test_a_name_without_address() -> None:
    with RequestsTransport(resolve=lambda *_: []) as transport, pytest.raises(NameResolutionError, match=r"mp\.test"):
        transport.send(ask(Endpoint(Scheme.HTTP, HostName("mp.test"), 80)), within(PROMPT))


def test_a_resolver_that_fails() -> None:
    def resolve(name: HostName, deadline: Deadline) -> list[str]:
        raise NameServiceError("the DNS server said SERVFAIL")

    with RequestsTransport(resolve=resolve) as transport, pytest.raises(NameResolutionError, match="SERVFAIL"):
        transport.send(ask(Endpoint(Scheme.HTTP, HostName("mp.test"), 80)), within(PROMPT))


def test_the_own_address_can_be_chosen() -> None:
    with ScriptedServer(answer(reply())) as server, RequestsTransport(source_address="127.0.0.9") as transport:
        transport.send(ask(server.endpoint), within(PROMPT))
    assert server.peers[0][0] == "127.0.0.9"


def test_an_own_address_that_is_not_there() -> None:
    with RequestsTransport(source_address="192.0.2.1") as transport, pytest.raises(ConnectError):
        transport.send(ask(Endpoint(Scheme.HTTP, HostName("127.0.0.1"), free_port())), within(PROMPT))
