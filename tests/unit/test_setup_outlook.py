"""What a setup line leads to: where its files would come from, and what it leaves out."""

import pytest

from cmclient.config import load_config
from cmclient.model.client_setup import SetupSearch
from cmclient.model.names import GatewayPath
from cmclient.protocol.mpswitch import parse_mp_switch
from cmclient.protocol.setupline import parse_setup_line
from cmclient.rules.setup_outlook import describe_search, find_missing
from cmclient.setup_given import read_setup_given

GATEWAY = "https://gw.example.net/CCM_Proxy_MutualAuth/7205"


def steps(line: str) -> list[tuple[str, str]]:
    return [(one.rule, one.text) for one in describe_search(read_setup_given(parse_setup_line(line)))]


def missing(line: str) -> list[str]:
    return [one.rule for one in find_missing(read_setup_given(parse_setup_line(line)))]


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        pytest.param("", ["CI-001", "CI-009", "CI-010", "CI-015"], marks=pytest.mark.rule("CI-001")),
        pytest.param(r"/source:C:\a", ["CI-002", "CI-015"], marks=pytest.mark.rule("CI-002")),
        pytest.param(
            "/mp:mp1;mp2",
            ["CI-007", "CI-007", "CI-001", "CI-009", "CI-010", "CI-015"],
            marks=pytest.mark.rule("CI-007"),
        ),
        pytest.param(
            r"/mp:mp1 /source:C:\a",
            ["CI-007", "CI-001", "CI-009", "CI-010", "CI-004", "CI-015"],
            marks=pytest.mark.rule("CI-004"),
        ),
        pytest.param("/retry:5 /downloadtimeout:4", ["CI-001", "CI-009", "CI-010", "CI-016"]),
        pytest.param(
            "/mp:mp1 /UpgradeToLatest",
            ["CI-007", "CI-001", "IP-022", "CI-009", "CI-010", "CI-015"],
            marks=pytest.mark.rule("IP-022"),
        ),
        pytest.param("CCMALWAYSINF=1 CCMHOSTNAME=mp.example.net", ["CI-023"], marks=pytest.mark.rule("CI-023")),
        pytest.param(f"/mp:{GATEWAY} CCMALWAYSINF=1", ["CI-007", "CI-009", "CI-010", "CI-015"]),
        pytest.param(f"CCMALWAYSINF=1 CCMHOSTNAME={GATEWAY.removeprefix('https://')}", ["CI-001"]),
    ],
)
def test_steps__in_the_order_of_setup(line: str, rules: list[str]) -> None:
    assert [rule for rule, _ in steps(line)] == rules


def test_steps__say_how_each_is_asked() -> None:
    texts = [text for _, text in steps(f"/mp:mp1.a.test;https://mp2.a.test;{GATEWAY}")]
    assert "ask mp1.a.test over HTTP " in texts[0]
    assert "ask mp2.a.test over HTTPS " in texts[1]
    assert "ask the gateway gw.example.net over HTTPS" in texts[2]


def test_dns__needs_the_site_code() -> None:
    assert "DNS cannot be asked" in steps("")[0][1]
    assert "DNS cannot be asked" in steps("SMSSITECODE=AUTO")[0][1]
    assert "_mssms_mp_abc._tcp in corp.test" in steps("SMSSITECODE=ABC DNSSUFFIX=corp.test")[0][1]


@pytest.mark.parametrize(
    ("line", "rule", "is_missing"),
    [
        ("", "IP-066", True),
        ("SMSSITECODE=AUTO", "IP-066", True),
        ("SMSSITECODE=ABC", "IP-066", False),
        ("/mp:mp1 SMSSITECODE=ABC", "ML-008", True),
        ("/mp:mp1 SMSSITECODE=ABC SMSMP=mp1", "ML-008", False),
        ("SMSSITECODE=ABC", "ML-008", False),
        pytest.param("SMSSITECODE=ABC", "CI-041", True, marks=pytest.mark.rule("CI-041")),
        pytest.param("/mp:mp1 SMSSITECODE=ABC", "CI-041", False, marks=pytest.mark.rule("CI-041")),
        pytest.param(r"/source:C:\a", "CI-041", False, marks=pytest.mark.rule("CI-041")),
        ("SMSSITECODE=ABC", "FS-001", True),
        ("SMSSITECODE=ABC FSP=fsp1", "FS-001", False),
        ("/mp:https://mp1.a.test", "CI-022", True),
        ("/mp:https://mp1.a.test /UsePKICert", "CI-022", False),
        ("/mp:https://mp1 /UsePKICert", "CI-020", True),
        (f"/mp:{GATEWAY} CCMHOSTNAME={GATEWAY.removeprefix('https://')}", "CI-024", False),
    ],
)
def test_missing(line: str, rule: str, is_missing: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert (rule in missing(line)) is is_missing


@pytest.mark.rule("CI-024")
def test_internet_without_a_gateway__needs_five_things() -> None:
    bare = "CCMHOSTNAME=mp.example.net"
    (said,) = [one.text for one in find_missing(read_setup_given(parse_setup_line(bare))) if one.rule == "CI-024"]
    assert all(name in said for name in ("/source", "/UsePKICert", "SMSSIGNCERT", "SMSSITECODE"))
    whole = rf"{bare} /source:C:\a /UsePKICert SMSSIGNCERT=C:\a\b.cer SMSSITECODE=ABC"
    assert "CI-024" not in missing(whole)


@pytest.mark.rule("CI-021", "IP-011")
def test_gateway_of_the_switch__is_one_and_the_line_can_be_used() -> None:
    plain, gateway = parse_mp_switch(f"mp1.a.test;{GATEWAY}")
    assert (plain.gateway, gateway.host, gateway.gateway) == (
        None,
        "gw.example.net",
        GatewayPath("/CCM_Proxy_MutualAuth/7205"),
    )
    config = load_config(setup_line=f"/mp:{GATEWAY} SMSSITECODE=ABC")
    assert config.setup_mps == (gateway,)
    assert read_setup_given(parse_setup_line(f"/mp:{GATEWAY}")).plan.search is SetupSearch.GIVEN_THEN_DISCOVER
