"""The discovery of enrollment: what is sent is what a device sends, and what comes is believed as far as it may be."""

from pathlib import Path

import pytest

from cmclient.errors import InvalidValueError, MalformedReplyError, UnsafeXmlError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.enrollment import DiscoveryRequest, EnrollmentServices, PrincipalName
from cmclient.model.facts import ClientKind, NetworkFacts
from cmclient.model.names import DnsDomain, HostName
from cmclient.model.roles import RoleOrigin
from cmclient.protocol.enroll import (
    DISCOVERY_CAP,
    build_discovery_reply,
    build_discovery_request,
    parse_discovery_reply,
    parse_discovery_request,
)
from cmclient.rules.choose import SeededChooser
from cmclient.rules.enrollment import (
    NamedProxy,
    alias_of,
    discovery_host_of,
    domain_of,
    find_enrollment_bar,
    judge_proxies,
    proxy_sources,
)

SAMPLES = Path(__file__).parent.parent / "vectors" / "samples"
ID = "urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478"
CORP = DnsDomain("corp.test")
PROXY = Endpoint(Scheme.HTTPS, HostName("proxy1.corp.test"), 443)
SERVICE = "/ENROLLMENTSERVER/DEVICEENROLLMENTWEBSERVICE.SVC"
TOLD = EnrollmentServices(PROXY, SERVICE, PROXY, "OnPremise", "3.0")
REQUEST = DiscoveryRequest("user@corp.test", ID)
REPLY = build_discovery_reply(TOLD, REQUEST)


@pytest.mark.rule("MD-010")
def test_request__is_that_of_a_device_to_the_byte() -> None:
    captured = (SAMPLES / "mdm-discovery-request.xml").read_bytes().strip()
    service = Endpoint(Scheme.HTTPS, HostName("enterpriseenrollment.contoso.com"), 443)
    ours = build_discovery_request(DiscoveryRequest("user@contoso.com", ID), service)
    assert ours == captured.replace(b"EnterpriseEnrollment.contoso.com", b"enterpriseenrollment.contoso.com")
    assert parse_discovery_request(captured) == DiscoveryRequest("user@contoso.com", ID)


@pytest.mark.rule("MD-010")
def test_reply__of_the_documentation_and_our_own_are_read() -> None:
    documented = (SAMPLES / "mdm-discovery-response-onpremise-fragment.xml").read_bytes()
    service = Endpoint(Scheme.HTTPS, HostName("enrolltest.contoso.com"), 443)
    assert parse_discovery_reply(documented) == EnrollmentServices(service, SERVICE, service, "OnPremise", "3.0")
    assert parse_discovery_reply(REPLY, message_id=ID) == TOLD
    slash = REPLY.replace(b'2012/01/enrollment"', b'2012/01/enrollment/"')
    assert parse_discovery_reply(slash, message_id=ID.upper()) == TOLD


def test_reply__without_a_policy_service_and_other_words_is_enough() -> None:
    result = b"<DiscoverResult><EnrollmentServiceUrl>https://p.test</EnrollmentServiceUrl></DiscoverResult>"
    short = b"<DiscoverResponse>" + result + b"</DiscoverResponse>"
    assert parse_discovery_reply(short) == EnrollmentServices(Endpoint(Scheme.HTTPS, HostName("p.test"), 443), "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            b"https://proxy1", b"http://proxy1", "not HTTPS", id="plain HTTP", marks=pytest.mark.rule("MD-003")
        ),
        pytest.param(b"https://proxy1", b"https://user:secret@proxy1", "has an @", id="credentials"),
        pytest.param(b"https://proxy1.corp.test", b"https://proxy1.corp.test:99999", "port", id="no port"),
        pytest.param(b"https://proxy1.corp.test", b"file:///etc", "web address", id="another scheme"),
        pytest.param(b"EnrollmentServiceUrl", b"OtherUrl", "names no EnrollmentServiceUrl", id="no service"),
        pytest.param(b"DiscoverResult", b"Nothing", "without a result", id="no result"),
        pytest.param(b"748132ec", b"00000000", "another request", id="reply to another request"),
        pytest.param(b"s:Envelope", b"s:Letter", "no DiscoverResponse", id="another document"),
    ],
)
def test_reply__that_is_hostile_or_broken_is_refused(old: bytes, new: bytes, said: str) -> None:
    with pytest.raises(MalformedReplyError) as caught:
        parse_discovery_reply(REPLY.replace(old, new), message_id=ID)
    assert said in caught.value.message
    assert "secret" not in caught.value.message


def test_reply__a_fault_is_told_in_its_words_and_no_more() -> None:
    said = f"no\x85 {'x' * 500}"
    fault = f"<s:Envelope xmlns:s='x'><s:Body><s:Fault><s:Text>{said}</s:Text></s:Fault></s:Body></s:Envelope>"
    with pytest.raises(MalformedReplyError) as caught:
        parse_discovery_reply(fault.encode())
    assert "answered with a fault: no" in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + REPLY,
        REPLY + b" " * DISCOVERY_CAP,
        b"<a>" * 40 + b"</a>" * 40,
        b"<DiscoverResponse>" + b"<a/>" * 400 + b"</DiscoverResponse>",
    ],
    ids=["document type", "too large", "too deep", "too many"],
)
def test_reply__is_bounded(body: bytes) -> None:
    with pytest.raises(UnsafeXmlError):
        parse_discovery_reply(body)


def test_request__that_names_nobody_is_refused() -> None:
    request = build_discovery_request(REQUEST, PROXY)
    with pytest.raises(MalformedReplyError):
        parse_discovery_request(request.replace(b"user@corp.test", b""))


@pytest.mark.parametrize(
    "text", ["user", "user@", "@corp.test", "a@b@c.test", "a b@corp.test", "a<b@corp.test", "x" * 65 + "@a.test"]
)
def test_principal_name__is_checked(text: str) -> None:
    assert PrincipalName(" User@Corp.Test ").domain == CORP
    with pytest.raises(InvalidValueError):
        PrincipalName(text)


# --- who names one --------------------------------------------------------------------------------------------------


@pytest.mark.rule("DN-021", "MD-013")
def test_names_of_enrollment__are_in_the_domain_of_the_user() -> None:
    facts = NetworkFacts(domain=CORP, dns_suffixes=(DnsDomain("guest.test"),))
    assert domain_of(facts, user=DnsDomain("mail.test"), suffix=DnsDomain("set.test")) == "mail.test"
    assert domain_of(facts, user=None, suffix=DnsDomain("set.test")) == "set.test"
    assert domain_of(facts, user=None, suffix=None) == "corp.test"
    assert domain_of(facts._replace(domain=None), user=None, suffix=None) == "guest.test"
    assert (alias_of(CORP), discovery_host_of(CORP)) == ("configmgrenroll.corp.test", "enterpriseenrollment.corp.test")


@pytest.mark.rule("DN-021", "MD-013", "MD-010")
def test_who_is_asked__by_kind() -> None:
    alias, discovery = RoleOrigin.DNS_ALIAS, RoleOrigin.DISCOVERY
    assert {kind: proxy_sources(kind) for kind in ClientKind} == {
        ClientKind.WINDOWS: (),
        ClientKind.MAC: (alias,),
        ClientKind.MOBILE: (alias, discovery),
        ClientKind.MDM: (discovery, alias),
        ClientKind.EXCHANGE: (),
        ClientKind.LEGACY_MOBILE: (),
    }
    barred = {kind for kind in ClientKind if find_enrollment_bar(kind) is not None}
    assert barred == {ClientKind.WINDOWS, ClientKind.EXCHANGE, ClientKind.LEGACY_MOBILE}


@pytest.mark.parametrize(
    ("named", "rule"),
    [
        pytest.param(NamedProxy(PROXY, RoleOrigin.DNS_ALIAS), None, marks=pytest.mark.rule("MD-003", "MD-010")),
        pytest.param(NamedProxy(PROXY, RoleOrigin.DISCOVERY, SERVICE), None, marks=pytest.mark.rule("MD-010")),
        pytest.param(
            NamedProxy(PROXY, RoleOrigin.DISCOVERY, "/Stateless/DeviceEnrollment.svc"),
            "MD-010",
            marks=pytest.mark.rule("MD-010"),
            id="another product",
        ),
        pytest.param(
            NamedProxy(PROXY._replace(scheme=Scheme.HTTP), RoleOrigin.SETTINGS),
            "MD-003",
            marks=pytest.mark.rule("MD-003"),
        ),
    ],
)
def test_proxy__is_judged(named: NamedProxy, rule: str | None) -> None:
    decision = judge_proxies([named, named], chooser=SeededChooser(1))
    (one,) = decision.ranked + decision.rejected
    assert (one in decision.rejected) is (rule is not None)
    assert rule is None or one.rules == (rule,)
    assert len(one.endpoints) == (0 if rule else 1)
