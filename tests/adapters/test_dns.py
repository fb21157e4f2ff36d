"""DNS against a server on loopback that does what it is told."""

import socket
import time
from collections.abc import Iterator

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import dns.rrset
import dns.tsig
import dns.zonefile
import pytest
from adapters.dns_server import DnsServer, reply

from cmclient.adapters.dns import DnsNameService
from cmclient.errors import CmClientError, InvalidValueError, NameServiceError, NameServiceTimeoutError
from cmclient.model.directory import SrvRecord
from cmclient.model.http import Deadline
from cmclient.model.names import HostName
from cmclient.ports import NameService

QUERY = "_mssms_mp_abc._tcp.contoso.test"


def soon(seconds: float = 10.0) -> Deadline:
    return Deadline.after(seconds, time.monotonic)


def nobody(query: dns.message.Message, transport: str) -> None:
    return None


def refusing(rcode: str) -> DnsServer:
    return DnsServer(lambda query, _: reply(query, rcode=dns.rcode.from_text(rcode)))


@pytest.mark.rule("DN-001")
def test_srv_records_of_class_in_are_asked_for_and_come_in_the_order_of_the_answer() -> None:
    records = ["SRV 0 0 443 mp2.contoso.test.", "SRV 10 5 80 MP1.contoso.test."]
    with DnsServer(lambda query, _: reply(query, *records)) as server:
        names: NameService = DnsNameService([server.address])
        found = names.resolve_srv(QUERY, soon())
    assert found == (
        SrvRecord("mp2.contoso.test", 443, 0, 0, 14400),
        SrvRecord("MP1.contoso.test", 80, 10, 5, 14400),
    )
    assert server.seen == [(f"{QUERY}. IN SRV", "udp")]


@pytest.mark.rule("DN-001")
def test_records_of_another_type_or_class_are_none() -> None:
    def answer(query: dns.message.Message, _: str) -> dns.message.Message:
        made = reply(query, "TXT mp1.contoso.test")
        made.answer.append(dns.rrset.from_text(query.question[0].name, 60, "CH", "TXT", "SRV"))
        return made

    with DnsServer(answer) as server:
        assert DnsNameService([server.address]).resolve_srv(QUERY, soon()) == ()


def test_the_root_as_a_target_stays_a_dot() -> None:
    # RFC 2782: the service is decidedly not available
    with DnsServer(lambda query, _: reply(query, "SRV 0 0 0 .")) as server:
        assert DnsNameService([server.address]).resolve_srv(QUERY, soon())[0].target == "."


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
def test_no_such_name_and_no_records_are_empty(rcode: str) -> None:
    with refusing(rcode) as server:
        assert DnsNameService([server.address]).resolve_srv(QUERY, soon()) == ()


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "YXDOMAIN"])
def test_a_failure_is_an_error_that_says_which(rcode: str) -> None:
    with refusing(rcode) as server:
        names = DnsNameService([server.address])
        with pytest.raises(NameServiceError) as caught:
            names.resolve_srv(QUERY, soon())
    assert not isinstance(caught.value, NameServiceTimeoutError)
    assert rcode == "YXDOMAIN" or f"{server.address}: {rcode}" in caught.value.message


def test_after_one_server_fails_the_next_is_asked() -> None:
    good = DnsServer(lambda query, _: reply(query, "SRV 0 0 80 mp1.contoso.test."))
    with refusing("SERVFAIL") as bad, good:
        assert len(DnsNameService([bad.address, good.address]).resolve_srv(QUERY, soon())) == 1
    assert bad.seen


def test_a_silent_server_is_given_its_attempts_and_no_more() -> None:
    with DnsServer(nobody) as server:
        names = DnsNameService([server.address], attempt_timeout=0.1, attempts=1)
        began = time.monotonic()
        with pytest.raises(NameServiceTimeoutError):
            names.resolve_srv(QUERY, soon())
    assert time.monotonic() - began < 1
    assert len(server.seen) == 1


def test_the_deadline_ends_the_attempts() -> None:
    with DnsServer(nobody) as server:
        began = time.monotonic()
        with pytest.raises(NameServiceTimeoutError):
            DnsNameService([server.address]).resolve_srv(QUERY, soon(0.2))
    assert time.monotonic() - began < 1


def test_when_the_time_is_up_nothing_is_asked() -> None:
    with DnsServer(nobody) as server:
        with pytest.raises(NameServiceTimeoutError):
            DnsNameService([server.address]).resolve_srv(QUERY, soon(0))
        assert server.seen == []


def test_an_answer_too_long_for_a_datagram_comes_over_tcp() -> None:
    records = [f"SRV 0 0 80 mp{number}.contoso.test." for number in range(500)]
    with DnsServer(lambda query, _: reply(query, *records)) as server:
        found = DnsNameService([server.address]).resolve_srv(QUERY, soon())
    assert [record.target for record in found] == [f"mp{number}.contoso.test" for number in range(500)]
    assert [transport for _, transport in server.seen] == ["udp", "tcp"]


def test_an_answer_that_is_no_dns_is_an_error() -> None:
    def answer(query: dns.message.Message, transport: str) -> dns.message.Message | bytes:
        if transport == "udp":
            return reply(query, *(f"SRV 0 0 80 mp{number}.contoso.test." for number in range(500)))
        return b"\0\1garbage"

    with DnsServer(answer) as server, pytest.raises(NameServiceError):
        DnsNameService([server.address]).resolve_srv(QUERY, soon(2))


def test_a_connection_that_closes_without_an_answer_is_an_error() -> None:
    def answer(query: dns.message.Message, transport: str) -> dns.message.Message | None:
        records = [f"SRV 0 0 80 mp{number}.contoso.test." for number in range(500)]
        return reply(query, *records) if transport == "udp" else None

    with DnsServer(answer) as server, pytest.raises(NameServiceError):
        DnsNameService([server.address]).resolve_srv(QUERY, soon(2))


@pytest.mark.parametrize(
    "name", ["a..test", "x" * 64 + ".test", ".".join(["abcdefgh"] * 40), "a\\", "\ud800.test", "\u2488com.test"]
)
def test_what_cannot_be_a_name_is_an_error_and_is_not_asked(name: str) -> None:
    with refusing("NXDOMAIN") as server:
        with pytest.raises(NameServiceError):
            DnsNameService([server.address]).resolve_srv(name, soon())
        assert server.seen == []


def test_a_name_from_the_network_cannot_play_tricks_in_a_message() -> None:
    with pytest.raises(NameServiceError) as caught:
        DnsNameService(["127.0.0.1:1"]).resolve_srv("\x1b[31m..test" + "x" * 500, soon())
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 250


def hosts(query: dns.message.Message, _: str) -> dns.message.Message:
    known = {
        "mp1.contoso.test.": ("A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1"),
        "mp2.contoso.test.": ("A 192.0.2.9",),
        "mp4.contoso.test.": (),
    }
    question = query.question[0]
    if question.name.to_text() not in known:
        return reply(query, rcode=dns.rcode.NXDOMAIN)
    kind = question.to_text().split()[-1] + " "
    return reply(query, *(record for record in known[question.name.to_text()] if record.startswith(kind)))


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("mp1.contoso.test", ("2001:db8::1", "192.0.2.1", "192.0.2.2")),
        ("mp2.contoso.test", ("192.0.2.9",)),
        ("mp3.contoso.test", ()),
    ],
)
def test_a_host_has_the_addresses_of_both_families(name: str, addresses: tuple[str, ...]) -> None:
    with DnsServer(hosts) as server:
        assert DnsNameService([server.address]).resolve_host(HostName(name), soon()) == addresses


def test_a_server_that_chokes_on_aaaa_does_not_hide_the_other_addresses() -> None:
    def answer(query: dns.message.Message, transport: str) -> dns.message.Message:
        failed = "AAAA" in query.question[0].to_text()
        return reply(query, rcode=dns.rcode.SERVFAIL) if failed else hosts(query, transport)

    with DnsServer(answer) as server:
        assert DnsNameService([server.address]).resolve_host(HostName("mp2.contoso.test"), soon()) == ("192.0.2.9",)
        with pytest.raises(NameServiceError):  # without any other address nobody knows whether there is one
            DnsNameService([server.address]).resolve_host(HostName("mp4.contoso.test"), soon())


def test_addresses_and_localhost_are_not_asked_for() -> None:
    with DnsServer(hosts) as server:
        names = DnsNameService([server.address])
        assert names.resolve_host(HostName("192.0.2.7"), soon()) == ("192.0.2.7",)
        assert "127.0.0.1" in names.resolve_host(HostName("localhost"), soon())
        assert "127.0.0.1" in names.resolve_host(HostName("mp1.localhost"), soon())
        assert server.seen == []


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.1:5353", "::1", "[::1]", "[::1]:5353", " 127.0.0.1 "])
def test_a_server_is_written_as_an_address_with_or_without_a_port(text: str) -> None:
    (server,) = DnsNameService([text])._servers
    assert (server.address, server.port) in {("127.0.0.1", 53), ("127.0.0.1", 5353), ("::1", 53), ("::1", 5353)}
    assert (server.port == 5353) == text.endswith("5353")


@pytest.mark.parametrize(
    "text", ["", "dns.contoso.test", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "[::1]53", ":53"]
)
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        DnsNameService([text])


def every_subclass(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from every_subclass(child)


FAULTS = [
    dns.exception.DNSException,
    *sorted(
        {kind for kind in every_subclass(dns.exception.DNSException) if kind.__module__.startswith("dns.")},
        key=lambda kind: (kind.__module__, kind.__qualname__),
    ),
    OSError,
    TimeoutError,
    ConnectionResetError,
    socket.gaierror,
    EOFError,
    NotImplementedError,
    ValueError,
]


def bare(kind: type[Exception]) -> Exception:
    """One of them; some want arguments to be made, and none needs them to be raised."""
    error = kind.__new__(kind)
    vars(error).update(kwargs={}, msg=None)
    return error


def test_the_walk_meets_dnspythons_exceptions() -> None:
    assert len(FAULTS) > 80


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_every_exception_of_dnspython_becomes_a_value_or_an_error_of_ours(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise bare(kind)

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", fail)
    names = DnsNameService(["127.0.0.1"])
    if kind in {dns.resolver.NXDOMAIN, dns.resolver.NoAnswer}:
        assert names.resolve_srv(QUERY, soon()) == ()
        return
    with pytest.raises(CmClientError) as caught:
        names.resolve_srv(QUERY, soon())
    assert isinstance(caught.value, NameServiceError)
    is_timeout = issubclass(kind, dns.exception.Timeout | TimeoutError)
    assert isinstance(caught.value, NameServiceTimeoutError) == is_timeout


def test_a_machine_without_dns_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", fail)
    monkeypatch.setattr(dns.resolver.Resolver, "read_registry", fail)
    with pytest.raises(NameServiceError) as caught:
        DnsNameService().resolve_srv(QUERY, soon())
    assert caught.value.hint


# --- aliases --------------------------------------------------------------------------------------------------------

ALIAS = HostName("configmgrenroll.contoso.test")


@pytest.mark.rule("DN-021")
def test_an_alias_is_asked_for_by_its_whole_name_and_is_one_step() -> None:
    with DnsServer(lambda query, _: reply(query, "CNAME Proxy1.contoso.test.")) as server:
        names: NameService = DnsNameService([server.address])
        assert names.resolve_alias(ALIAS, soon()) == "proxy1.contoso.test"
    assert server.seen == [(f"{ALIAS}. IN CNAME", "udp")]


@pytest.mark.rule("DN-021")
@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
def test_no_alias_is_none(rcode: str) -> None:
    with refusing(rcode) as server:
        assert DnsNameService([server.address]).resolve_alias(ALIAS, soon()) is None


def test_an_alias_of_what_is_no_host_or_a_failure_is_an_error() -> None:
    with DnsServer(lambda query, _: reply(query, r"CNAME a\007b.contoso.test.")) as server:
        with pytest.raises(NameServiceError) as caught:
            DnsNameService([server.address]).resolve_alias(ALIAS, soon())
        assert caught.value.message.isprintable()
    with refusing("SERVFAIL") as server, pytest.raises(NameServiceError):
        DnsNameService([server.address]).resolve_alias(ALIAS, soon())
