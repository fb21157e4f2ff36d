"""Any bytes are a discovery, or one of our errors; what is written is read as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import ProtocolError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.enrollment import DiscoveryRequest, EnrollmentServices
from cmclient.model.names import HostName
from cmclient.protocol.enroll import (
    build_discovery_reply,
    build_discovery_request,
    parse_discovery_reply,
    parse_discovery_request,
)

PROXY = Endpoint(Scheme.HTTPS, HostName("p.test"), 443)
REQUEST = DiscoveryRequest("user@corp.test", "urn:uuid:1")
REPLY = build_discovery_reply(EnrollmentServices(PROXY, "/x", PROXY, "OnPremise", "3.0"), REQUEST)
words = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=40)


@given(st.binary(max_size=200), st.integers(0, len(REPLY)), st.integers(0, 20))
def test_any_bytes__are_a_value_or_a_protocol_error(noise: bytes, at: int, cut: int) -> None:
    for body in (noise, REPLY[:at] + noise + REPLY[at + cut :]):
        for parse in (parse_discovery_reply, parse_discovery_request):
            try:
                parse(body)
            except ProtocolError:
                continue


@given(words, words, st.lists(words, max_size=3).map(tuple))
def test_request__comes_back(user: str, message_id: str, policies: tuple[str, ...]) -> None:
    request = DiscoveryRequest(user, message_id, "4.0", policies)
    assert parse_discovery_request(build_discovery_request(request, PROXY)) == request


@given(st.integers(1, 65535), words)
def test_reply__comes_back(port: int, auth_policy: str) -> None:
    service = PROXY._replace(port=port)
    told = EnrollmentServices(service, "/EnrollmentServer/x.svc", None, auth_policy, "3.0")
    found = parse_discovery_reply(build_discovery_reply(told, REQUEST), message_id=REQUEST.message_id)
    assert found == told._replace(policy=service)


def test_the_two_are_told_apart() -> None:
    with pytest.raises(ProtocolError):
        parse_discovery_reply(build_discovery_request(REQUEST, PROXY))
