"""The netlogon ping against a domain controller on loopback that does what it is told."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cmclient.adapters import cldap
from cmclient.adapters.cldap import CldapPing
from cmclient.errors import (
    DirectoryTimeoutError,
    DirectoryUnreachableError,
    MalformedReplyError,
    NameServiceError,
    NameServiceTimeoutError,
)
from cmclient.model.directory import DirectoryServer
from cmclient.model.facts import DomainController
from cmclient.model.http import Deadline
from cmclient.model.names import AdSiteName, DnsDomain, HostName
from cmclient.ports import DomainControllerPing
from cmclient.protocol.ber import build_integer, tlv
from cmclient.protocol.netlogon import build_netlogon_reply, parse_netlogon_ping

CONTOSO = DnsDomain("contoso.test")
DC1 = DomainController(HostName("dc1.contoso.test"), "127.0.0.1", CONTOSO, CONTOSO, AdSiteName("Berlin"))

Said = Callable[[bytes, int], list[bytes]]


def soon(seconds: float = 5.0) -> Deadline:
    return Deadline.after(seconds, time.monotonic)


def truth(datagram: bytes, _: int) -> list[bytes]:
    message_id, domain = parse_netlogon_ping(datagram)
    return [build_netlogon_reply(message_id, DC1 if domain == CONTOSO else None)]


@contextmanager
def controller(
    said: Said, *, from_elsewhere: bool = False
) -> Iterator[tuple[DirectoryServer, list[tuple[bytes, str]]]]:
    """A server that answers the n-th datagram with those that ``said`` makes of it, and what it has heard from whom."""
    heard: list[tuple[bytes, str]] = []
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        listening.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                datagram, client = listening.recvfrom(65_535)
                if not datagram:
                    return
                heard.append((datagram, client[0]))
                for answer in said(datagram, len(heard)):
                    (other if from_elsewhere else listening).sendto(answer, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            port = listening.getsockname()[1]
            yield DirectoryServer(HostName("dc1.contoso.test"), port, "127.0.0.1"), heard
        finally:
            listening.sendto(b"", listening.getsockname())
            thread.join()


def test_a_domain_controller_says_who_it_is_and_where_the_asker_is() -> None:
    ping: DomainControllerPing = CldapPing()
    with controller(truth) as (server, heard):
        assert ping.ping(server, CONTOSO, soon()) == DC1
    assert len(heard) == 1


def test_a_domain_that_is_not_served_is_none() -> None:
    with controller(truth) as (server, _):
        assert CldapPing().ping(server, DnsDomain("fabrikam.test"), soon()) is None


def test_the_question_leaves_from_the_prescribed_address() -> None:
    with controller(truth) as (server, heard):
        assert CldapPing(source_address="127.0.0.1").ping(server, CONTOSO, soon()) == DC1
        assert heard[0][1] == "127.0.0.1"
        with pytest.raises(DirectoryUnreachableError, match="no address that ::1 could reach"):
            CldapPing(source_address="::1").ping(server, CONTOSO, soon())
        with pytest.raises(DirectoryUnreachableError):
            CldapPing(source_address="192.0.2.1").ping(server, CONTOSO, soon())


def test_every_question_has_its_own_id() -> None:
    with controller(truth) as (server, heard):
        for _ in range(8):
            CldapPing().ping(server, CONTOSO, soon())
    assert len({parse_netlogon_ping(datagram)[0] for datagram, _ in heard}) == 8


def test_a_lost_datagram_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cldap, "_RESEND_AFTER", 0.05)
    with controller(lambda datagram, count: truth(datagram, count) if count == 2 else []) as (server, heard):
        assert CldapPing().ping(server, CONTOSO, soon()) == DC1
    assert len(heard) == 2
    assert heard[0] == heard[1]


def test_silence_is_a_timeout_at_the_deadline_after_two_datagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cldap, "_RESEND_AFTER", 0.05)
    with controller(lambda *_: []) as (server, heard):
        began = time.monotonic()
        with pytest.raises(DirectoryTimeoutError) as caught:
            CldapPing().ping(server, CONTOSO, soon(0.3))
    assert 0.25 < time.monotonic() - began < 1
    assert len(heard) == 2
    assert caught.value.server == f"dc1.contoso.test:{server.port}"


def test_without_a_deadline_silence_ends_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cldap, "_LONGEST", 0.1)
    with controller(lambda *_: []) as (server, heard), pytest.raises(DirectoryTimeoutError):
        CldapPing().ping(server, CONTOSO, Deadline.after(None, time.monotonic))
    assert heard


def test_when_the_time_is_up_nothing_is_sent() -> None:
    with controller(truth) as (server, heard):
        with pytest.raises(DirectoryTimeoutError):
            CldapPing().ping(server, CONTOSO, soon(0))
        assert heard == []


def test_a_closed_port_shows_at_once() -> None:
    with controller(truth) as (server, _):
        pass
    began = time.monotonic()
    with pytest.raises(DirectoryUnreachableError):
        CldapPing().ping(server, CONTOSO, soon())
    assert time.monotonic() - began < 1


def lies_first(datagram: bytes, count: int) -> list[bytes]:
    message_id, _ = parse_netlogon_ping(datagram)
    liar = DC1._replace(client_site=AdSiteName("Elsewhere"))
    return [build_netlogon_reply(message_id % 1000 + 7, liar), b"", b"garbage", *truth(datagram, count)]


def test_answers_to_another_question_are_ignored() -> None:
    with controller(lies_first) as (server, _):
        assert CldapPing().ping(server, CONTOSO, soon()) == DC1


def test_answers_from_another_address_are_ignored() -> None:
    with controller(truth, from_elsewhere=True) as (server, heard), pytest.raises(DirectoryTimeoutError):
        CldapPing().ping(server, CONTOSO, soon(0.3))
    assert heard


def test_an_answer_that_cannot_be_read_is_malformed() -> None:
    def half(datagram: bytes, _: int) -> list[bytes]:
        return [tlv(0x30, build_integer(parse_netlogon_ping(datagram)[0]) + tlv(0x64))]

    with controller(half) as (server, _), pytest.raises(MalformedReplyError):
        CldapPing().ping(server, CONTOSO, soon())


@pytest.mark.parametrize(("known_port", "asked"), [(3268, 389), (3269, 389), (636, 389), (389, 389), (3890, 3890)])
def test_a_catalog_is_pinged_on_its_domain_port(known_port: int, asked: int) -> None:
    server = DirectoryServer(HostName("dc1.contoso.test"), known_port, "127.255.255.254")
    with pytest.raises((DirectoryUnreachableError, DirectoryTimeoutError)) as caught:
        CldapPing().ping(server, CONTOSO, soon(0.3))
    assert caught.value.server == f"dc1.contoso.test:{asked}"


def test_a_name_without_an_address_is_looked_up_and_each_address_is_tried() -> None:
    asked: list[HostName] = []

    def resolve(host: HostName, deadline: Deadline) -> tuple[str, ...]:
        asked.append(host)
        return ("127.255.255.254", "127.0.0.1")

    with controller(truth) as (server, _):
        assert CldapPing(resolve=resolve).ping(server._replace(address=None), CONTOSO, soon()) == DC1
    assert asked == ["dc1.contoso.test"]


def test_one_silent_address_does_not_use_up_the_time_of_the_next() -> None:
    with controller(truth) as (server, _), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.2", server.port))
        ping = CldapPing(resolve=lambda *_: ("127.0.0.2", "127.0.0.1"))
        assert ping.ping(server._replace(address=None), CONTOSO, soon(0.4)) == DC1
        assert silent.recv(512)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(NameServiceTimeoutError("late"), DirectoryTimeoutError), (NameServiceError("no"), DirectoryUnreachableError)],
)
def test_a_failed_lookup_is_an_error_of_the_directory(failure: NameServiceError, expected: type[Exception]) -> None:
    def resolve(host: HostName, deadline: Deadline) -> tuple[str, ...]:
        raise failure

    with pytest.raises(expected):
        CldapPing(resolve=resolve).ping(DirectoryServer(HostName("dc1.contoso.test"), 389), CONTOSO, soon())


@pytest.mark.parametrize("addresses", [(), ("dc1.contoso.test",)], ids=["none", "no address"])
def test_a_name_without_a_usable_address_is_unreachable(addresses: tuple[str, ...]) -> None:
    with pytest.raises(DirectoryUnreachableError):
        CldapPing(resolve=lambda *_: addresses).ping(
            DirectoryServer(HostName("dc1.contoso.test"), 389), CONTOSO, soon()
        )


def test_without_a_resolver_the_operating_system_is_asked() -> None:
    with controller(truth) as (server, _):
        found = CldapPing().ping(server._replace(host=HostName("localhost"), address=None), CONTOSO, soon())
    assert found == DC1
