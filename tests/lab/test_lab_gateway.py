"""The gateway of the lab: what it hands on, what it says itself, and a client that finds it, on real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import cmclient
from cmclient.assemble import Run, open_assigner, open_locator
from cmclient.config import ClientConfig, load_config
from cmclient.errors import LabError, NoEligibleManagementPointError, TrustRefusedError
from cmclient.lab import Lab, parse_description
from cmclient.lab.description_file import built_in_text
from cmclient.lab.faults import FaultBoard, Role, parse_fault
from cmclient.lab.gateway import GatewayError, Handover, hand_over
from cmclient.model.facts import NetworkLocation

GW, MP2 = "gw1.contoso-cloud.test", "mp2.corp.contoso.test"
PATH = "/CCM_Proxy_MutualAuth/72057594037937937"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


def settings(lab: Lab, folder: Path, **more: object) -> ClientConfig:
    usual = {**lab.settings(), "store": str(folder / "store.sqlite3"), "network_location": "internet"}
    return load_config(overrides={**usual, **more})


def locate(lab: Lab, config: ClientConfig) -> cmclient.Location:
    with open_locator(config, Run(facts=lab.client_facts())) as locator:
        return locator.locate()


@pytest.mark.rule("CG-014", "CG-001")
def test_internet_client__finds_the_gateway_and_sees_nothing_behind_it(lab: Lab, tmp_path: Path) -> None:
    location = locate(lab, settings(lab, tmp_path))
    assert location.management_point.host == GW
    assert str(location.endpoint) == f"https://{GW}:{lab.running.web.https}{PATH}"
    seen = [(one.server, one.role, one.tls) for one in lab.journal.entries("GET")]
    assert seen == [(GW, Role.CMG, True)]  # one request, over TLS, to the gateway alone
    assert [one.what for one in lab.journal.entries("handed")] == [f"handed to {MP2} by the connection point"]


@pytest.mark.rule("CG-014")
def test_messages_go_through_it_too(lab: Lab, tmp_path: Path) -> None:
    config = settings(lab, tmp_path, internet_mp=lab.settings()["fallback_gateways"][0])  # type: ignore[index]
    with open_assigner(config, Run(facts=lab.client_facts())) as assigner:
        report = assigner.assign()
    assert report.decision.site == "P01"
    assert {one.server for one in lab.journal.entries() if one.tls} <= {GW}


@pytest.mark.rule("CG-036")
def test_a_management_point_behind_it_that_turns_it_away(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("mp", "mp2", "http-403")
    with pytest.raises(TrustRefusedError) as caught:
        locate(lab, settings(lab, tmp_path))
    (attempt,) = caught.value.location.attempts
    assert "CMGConnector_Forbidden" in attempt.detail
    assert "IIS" in attempt.hint
    assert caught.value.location.facts.network_location is NetworkLocation.INTERNET


@pytest.mark.rule("CG-036")
def test_a_gateway_that_refuses_a_token__nobody_is_sent_for_a_kerberos_ticket(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("cmg", "gw1", "http-401")
    with pytest.raises(TrustRefusedError) as caught:
        locate(lab, settings(lab, tmp_path))
    (attempt,) = caught.value.location.attempts
    assert "401 CMGService_Invalid_Token: the gateway works, and the token" in attempt.detail
    assert "client_certificate" in attempt.hint


@pytest.mark.rule("CG-036")
def test_a_gateway_with_a_wrong_certificate__nothing_is_sent(lab: Lab, tmp_path: Path) -> None:
    lab.set_fault("cmg", "gw1", "wrong-certificate")
    with pytest.raises(TrustRefusedError) as caught:
        locate(lab, settings(lab, tmp_path))
    assert [one.code for one in caught.value.location.attempts] == ["server-certificate"]
    assert lab.journal.entries("GET") == ()
    assert caught.value.location.facts.network_location is NetworkLocation.INTERNET


@pytest.mark.rule("CG-002")
def test_without_a_certificate__nothing_is_sent(lab: Lab, tmp_path: Path) -> None:
    address = lab.settings()["fallback_gateways"][0]  # type: ignore[index]
    config = settings(lab, tmp_path, use_pki_cert=False, internet_mp=address)
    with pytest.raises(NoEligibleManagementPointError):
        locate(lab, config)
    assert lab.journal.entries("GET") == ()


@pytest.mark.rule("CG-014")
def test_whoever_can_be_reached_behind_it_gets_the_request() -> None:
    text = built_in_text().replace(
        'management_points = ["mp2.corp.contoso.test"]',
        'management_points = ["mp3.corp.contoso.test", "mp2.corp.contoso.test"]',
    )
    (gateway,) = parse_description(text).systems_of(Role.CMG)
    board = FaultBoard()

    def broken(mp: str, kind: str) -> None:
        board.put(next(one for one in gateway.behind if one.startswith(mp)), Role.MP, parse_fault(f"mp={kind}"))

    assert hand_over(gateway, f"{PATH.lower()}/SMS_MP/.sms_aut?MPLIST", board) == Handover(
        gateway.behind[0], "/SMS_MP/.sms_aut?MPLIST"
    )
    broken("mp3", "refuse")
    assert hand_over(gateway, f"{PATH}/x", board) == Handover(gateway.behind[1], "/x")
    broken("mp2", "silent")
    assert hand_over(gateway, f"{PATH}/x", board) == GatewayError(503)
    broken("mp3", "http-401")
    assert hand_over(gateway, f"{PATH}/x", board) == GatewayError(403, "CMGConnector_Clientcertificaterequired")
    assert hand_over(gateway, "/CCM_Proxy_MutualAuth/1/x", board) == GatewayError(404)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ('management_points = ["mp2.corp.contoso.test"]', "management_points is missing"),
        ('number = "72057594037937937"', "number"),
    ],
)
def test_a_gateway_that_is_described_by_halves(wrong: str, words: str) -> None:
    with pytest.raises(LabError, match=words):
        parse_description(built_in_text().replace(wrong, ""))
