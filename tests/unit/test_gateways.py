"""Cloud management gateways: how they are written, who may use one, where it stands, and what its refusals mean."""

from pathlib import Path

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.decision import Candidate, Decision, Discovered, Origin, Phase, Policy, Purpose, SourceKind
from cmclient.model.endpoints import Audience, Endpoint, InternetAddress, Locality, ManagementPoint, Protocols, Scheme
from cmclient.model.facts import ClientKind, Membership, NetworkFacts, NetworkLocation
from cmclient.model.legacy import ProfileName
from cmclient.model.names import DnsDomain, GatewayPath, HostName, SiteCode
from cmclient.protocol.gateways import parse_gateway_list, parse_internet_address, parse_stored_address
from cmclient.protocol.mplist import build_mp_list, parse_mp_list
from cmclient.rules.choose import SeededChooser
from cmclient.rules.gateway_refusals import explain_gateway_refusal
from cmclient.rules.gateways import find_fallback_bar, leave_out_gateways
from cmclient.rules.select import select_management_point

ABC, CORP = SiteCode("ABC"), DnsDomain("corp.test")
PATH = GatewayPath("/CCM_Proxy_MutualAuth/72057594037937937")
TEXT = f"gw.example.net{PATH}"
ADDRESS = InternetAddress(HostName("gw.example.net"), PATH)
GATEWAY = ManagementPoint(ADDRESS.host, protocols=Protocols.HTTPS, audience=Audience.INTERNET, gateway=PATH)
MP = ManagementPoint(HostName("mp1.corp.test"), ABC, protocols=Protocols.HTTPS, audience=Audience.INTRANET)
INET = MP._replace(host=HostName("inet.corp.test"), audience=Audience.INTERNET)
HOME = NetworkFacts(forest=CORP, network_location=NetworkLocation.INTRANET)
AWAY = HOME._replace(network_location=NetworkLocation.INTERNET)
ABLE = Policy(assigned_site=ABC, can_use_https=True, https_reason="test certificate")
UNABLE = ABLE._replace(can_use_https=False, https_reason="no client certificate is set")
LISTED = Origin(SourceKind.MP_LIST, "MPLIST2 of mp1")
FALLBACK = Origin(SourceKind.GATEWAY_LIST, "registry")
SAMPLES = Path(__file__).parent.parent / "vectors" / "samples"


def decide(*mps: ManagementPoint, facts: NetworkFacts, policy: Policy = ABLE, origin: Origin = LISTED) -> Decision:
    return select_management_point([Candidate(mp, (origin,)) for mp in mps], facts, policy, chooser=SeededChooser(1))


def ranked(decision: Decision) -> list[str]:
    return [one.name for one in decision.ranked]


def rejection(decision: Decision) -> tuple[str, str]:
    (one,) = decision.rejected
    return one.reasons[-1].rule, one.reasons[-1].text


# --- how they are written -------------------------------------------------------------------------------------------


@pytest.mark.rule("CG-007", "CG-008", "CI-021")
def test_without_a_scheme_for_the_property_and_with_it_for_the_switch() -> None:
    assert parse_internet_address(TEXT) == ADDRESS
    assert parse_internet_address(f"https://{TEXT}", needs_scheme=True) == ADDRESS
    with pytest.raises(InvalidValueError, match="leave out"):
        parse_internet_address(f"https://{TEXT}")
    with pytest.raises(InvalidValueError, match="begins with https://"):
        parse_internet_address(TEXT, needs_scheme=True)


@pytest.mark.rule("CG-008")
@pytest.mark.parametrize("text", [TEXT, f"https://{TEXT}", f"HTTPS://{TEXT}/"])
def test_what_the_client_has_written_down_is_taken_as_it_is(text: str) -> None:
    assert parse_stored_address(text) == ADDRESS


@pytest.mark.rule("CG-007")
@pytest.mark.parametrize("path", ["/CCM_PROXY_MUTUALAUTH/3456", "/ccm_proxy_mutualauth/0"])
def test_the_path_keeps_its_case(path: str) -> None:
    assert str(parse_stored_address(f"gw.example.net{path}").gateway) == path


@pytest.mark.rule("CG-007")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gw.example.net/CCM_Proxy_MutualAuth", "CCM_Proxy_MutualAuth/ and a number"),
        ("gw.example.net/CCM_Proxy_MutualAuth/x1", "a number"),
        ("gw.example.net/CCM_Proxy_MutualAuth/1/SMS_MP", "a number"),
        ("gw.example.net/CCM_Proxy_MutualAuth/../1", "a number"),
        ("gw.example.net/CCM_Proxy_MutualAuth/1?x=1", "a number"),
        ("gw.example.net/CCM_Proxy_ServerAuth/1", "tokens, which are not supported"),
        ("gw/CCM_Proxy_MutualAuth/1", "fully qualified"),
        ("http://gw.example.net/CCM_Proxy_MutualAuth/1", "HTTPS only"),
        ("me:s3cr3t@gw.example.net/CCM_Proxy_MutualAuth/1", "credentials"),
    ],
)
def test_another_form_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidValueError, match=words) as caught:
        parse_stored_address(text)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.rule("CG-009")
def test_a_list_of_gateways() -> None:
    other = "https://other.example.net"
    assert [str(one) for one in parse_gateway_list(f"https://{TEXT}, {other};{other}\0")] == [TEXT, "other.example.net"]
    assert parse_gateway_list(" ") == ()


@pytest.mark.rule("CG-007")
def test_an_endpoint_puts_the_path_in_front_of_every_path() -> None:
    endpoint = Endpoint(Scheme.HTTPS, ADDRESS.host, 443, PATH)
    assert endpoint.url("/SMS_MP/.sms_aut?MPLIST2") == f"https://{TEXT}/SMS_MP/.sms_aut?MPLIST2"


# --- lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-035")
def test_a_list_has_a_gateway_among_management_points_for_the_internet() -> None:
    body = f'<MPList><MP Name="https://{TEXT}"/><MP Name="INET.CORP.TEST"/></MPList>'.encode()
    gateway, other = (one.mp for one in parse_mp_list(body, origin=LISTED, audience=Audience.INTERNET).candidates)
    assert (gateway.host, gateway.gateway, gateway.audience) == (ADDRESS.host, PATH, Audience.INTERNET)
    assert gateway.protocols is Protocols.HTTPS
    assert (other.gateway, other.audience, other.protocols) == (None, Audience.INTERNET, Protocols.UNKNOWN)


@pytest.mark.rule("ML-035", "MP-027")
def test_a_gateway_in_the_list_of_the_intranet_is_for_both() -> None:
    (one,) = parse_mp_list(build_mp_list([GATEWAY]), origin=LISTED, audience=Audience.INTRANET).candidates
    assert one.mp.audience is Audience.BOTH
    assert ranked(decide(one.mp, facts=HOME)) == ranked(decide(one.mp, facts=AWAY)) == [GATEWAY.host]


@pytest.mark.rule("CG-001")
def test_over_plain_http_nobody_can_name_a_gateway() -> None:
    found = leave_out_gateways(Discovered((Candidate(GATEWAY, (LISTED,)), Candidate(INET, (LISTED,)))))
    assert [one.mp.host for one in found.candidates] == [INET.host]
    assert [(one.name, one.rule) for one in found.unreadable] == [(GATEWAY.host, "CG-001")]


# --- who may use one ------------------------------------------------------------------------------------------------


@pytest.mark.rule("CG-001", "CG-002", "NET-040")
def test_with_a_certificate_over_https_on_its_own_port() -> None:
    policy = ABLE._replace(https_port=8443, http_port=8080)
    decision = decide(GATEWAY, facts=AWAY, policy=policy)
    (one,) = decision.ranked
    assert one.endpoints == (Endpoint(Scheme.HTTPS, GATEWAY.host, 443, PATH),)
    assert "CG-001" in one.rules


@pytest.mark.rule("CG-002", "NET-040")
@pytest.mark.parametrize("facts", [AWAY, AWAY._replace(membership=Membership.AZURE_AD)])
def test_without_a_certificate_nobody_uses_one_and_tokens_do_not_help(facts: NetworkFacts) -> None:
    rule, text = rejection(decide(GATEWAY, facts=facts, policy=UNABLE))
    assert rule == "CG-002"
    assert "no client certificate is set" in text
    assert "token" in text


@pytest.mark.rule("CG-001")
def test_on_the_intranet_it_never_goes_down_to_http() -> None:
    policy = ABLE._replace(may_use_http=True, prefers_cloud=True)
    (one,) = decide(GATEWAY._replace(protocols=Protocols.BOTH), facts=HOME, policy=policy).ranked
    assert [endpoint.scheme for endpoint in one.endpoints] == [Scheme.HTTPS]


@pytest.mark.rule("CG-012")
def test_a_client_may_be_set_to_use_none() -> None:
    assert ABLE.use_gateways
    rule, _ = rejection(decide(GATEWAY, facts=AWAY, policy=ABLE._replace(use_gateways=False)))
    assert rule == "CG-012"
    assert ranked(decide(INET, facts=AWAY, policy=ABLE._replace(use_gateways=False))) == [INET.host]


@pytest.mark.rule("ML-035")
@pytest.mark.parametrize("location", [NetworkLocation.INTRANET, NetworkLocation.UNKNOWN])
def test_on_the_intranet_a_gateway_is_none_of_ours(location: NetworkLocation) -> None:
    decision = decide(GATEWAY, MP, facts=HOME._replace(network_location=location))
    assert ranked(decision) == [MP.host]
    assert rejection(decision)[0] == "NET-038"


@pytest.mark.rule("MP-026")
@pytest.mark.parametrize("purpose", [Purpose.POLICY, Purpose.LOCATION])
def test_where_cloud_is_preferred_it_comes_before_every_other(purpose: Purpose) -> None:
    near = MP._replace(in_current_group=True, locality=Locality.CURRENT_GROUP)
    policy = ABLE._replace(prefers_cloud=True, purpose=purpose)
    decision = decide(near, GATEWAY, facts=HOME, policy=policy)
    assert ranked(decision) == [GATEWAY.host, near.host]
    assert "MP-026" in decision.ranked[0].rules
    assert ranked(decide(near, INET, facts=HOME, policy=policy)) == [near.host]  # that is no gateway


@pytest.mark.rule("MP-027")
@pytest.mark.parametrize(
    ("fields", "order"),
    [
        ({"in_current_group": True, "locality": Locality.CURRENT_GROUP}, [GATEWAY.host, MP.host]),
        ({"locality": Locality.DEFAULT_GROUP}, [MP.host, GATEWAY.host]),
        ({"in_current_group": False}, [MP.host]),
    ],
)
def test_a_boundary_group_may_let_it_in(fields: dict[str, object], order: list[str]) -> None:
    near = MP._replace(locality=Locality.NEIGHBOUR_GROUP)
    gateway = GATEWAY._replace(**fields)  # type: ignore[arg-type] # names of fields
    assert ranked(decide(near, gateway, facts=HOME)) == order


def test_registration_may_go_through_it_whoever_the_assigned_one_is() -> None:
    policy = ABLE._replace(purpose=Purpose.REGISTRATION, assigned_mp=MP.host)
    decision = decide(GATEWAY, INET, facts=AWAY, policy=policy)
    assert ranked(decision) == [GATEWAY.host]
    assert rejection(decision)[0] == "MP-002"


def test_cm_2007_knows_none() -> None:
    policy = ABLE._replace(profile=ProfileName.CM07, use_gateways=False)
    assert rejection(decide(GATEWAY, facts=AWAY, policy=policy))[0] == "CG-012"


# --- the list to fall back to ---------------------------------------------------------------------------------------


@pytest.mark.rule("CG-009", "CG-011")
@pytest.mark.parametrize(
    ("known", "facts", "policy", "rule"),
    [
        pytest.param([MP], AWAY, ABLE, None, id="nobody for the internet on record"),
        pytest.param([MP, GATEWAY], AWAY, ABLE, "CG-009", id="a gateway on record"),
        pytest.param([INET], AWAY, ABLE, "CG-009", id="an internet MP on record"),
        pytest.param([MP._replace(audience=Audience.BOTH)], AWAY, ABLE, "CG-009", id="one for both"),
        pytest.param([], HOME, ABLE, "CG-011", id="on the intranet"),
        pytest.param([], HOME._replace(network_location=NetworkLocation.UNKNOWN), ABLE, "CG-011", id="who knows where"),
        pytest.param([], AWAY, ABLE._replace(phase=Phase.INSTALLING), "CG-011", id="not installed yet"),
        pytest.param([], AWAY._replace(client_kind=ClientKind.MAC), ABLE, "CG-011", id="a Mac keeps no such list"),
        pytest.param([], AWAY, UNABLE, "CG-011", id="no certificate"),
    ],
)
def test_when_the_list_is_read(
    known: list[ManagementPoint], facts: NetworkFacts, policy: Policy, rule: str | None
) -> None:
    bar = find_fallback_bar([Candidate(mp, (LISTED,)) for mp in known], facts, policy)
    assert (None if bar is None else bar.rule) == rule


@pytest.mark.rule("CG-007")
def test_a_bare_name_in_the_list_is_not_enough() -> None:
    bare = GATEWAY._replace(gateway=None)
    rule, text = rejection(decide(bare, facts=AWAY, origin=FALLBACK))
    assert rule == "CG-007"
    assert "HOST/CCM_Proxy_MutualAuth/NUMBER" in text
    assert ranked(decide(bare, facts=AWAY, origin=LISTED)) == [bare.host]  # that is a server of its own


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CG-036")
@pytest.mark.parametrize(
    ("status", "phrase", "meaning", "hint"),
    [
        (403, "CMGConnector_Clientcertificaterequired", "its connection point has no client", "nothing is wrong with"),
        (403, "CMGCONNECTOR_FORBIDDEN ", "turned its connection point away", "IIS"),
        (401, "CMGService_Invalid_Token", "the token is missing or has expired", "not supported"),
        (403, "Forbidden", "did not accept the client certificate", "root authority"),
        (401, "", "wants a token", "not supported"),
        (503, "", "connection point", "is connected"),
        (502, "", "what stands behind it was not", "management points behind it"),
    ],
)
def test_a_refusal_is_explained(status: int, phrase: str, meaning: str, hint: str) -> None:
    refusal = explain_gateway_refusal(status, phrase)
    assert refusal is not None
    assert meaning in refusal.meaning
    assert hint in refusal.hint


def test_a_status_that_means_nothing_in_particular() -> None:
    assert explain_gateway_refusal(418, "teapot") is None


@pytest.mark.rule("CG-036")
def test_the_phrases_of_real_gateways_are_known() -> None:
    text = (SAMPLES / "cmg-403.log.txt").read_text()
    phrases = [line.partition("StatusText=")[2].strip() for line in text.splitlines() if "StatusText=" in line]
    assert len(phrases) == 2
    known = explain_gateway_refusal(403, "")
    assert all(explain_gateway_refusal(403, phrase) != known for phrase in phrases)
