"""WINS: the names in it, when it may be asked, and what an answer is."""

from itertools import count

import pytest

from cmclient.config import load_config
from cmclient.model.decision import Origin, Policy, SourceKind
from cmclient.model.endpoints import Protocols
from cmclient.model.facts import ClientKind, NetworkFacts, NetworkLocation
from cmclient.model.legacy import DefaultKind, LegacyPolicy
from cmclient.model.names import SiteCode
from cmclient.model.netbios import LOCATOR_POINT_NAME, NetbiosName, cluster_name, management_point_name
from cmclient.rules.mplist import stages_of
from cmclient.rules.wins import find_wins_bar, read_wins_addresses, wins_name

ABC = SiteCode("ABC")
FACTS = NetworkFacts(network_location=NetworkLocation.INTRANET)
POLICY = Policy(assigned_site=ABC)


@pytest.mark.parametrize(
    ("name", "wire", "text"),
    [
        pytest.param(
            management_point_name(ABC), b"MP_ABC         \x1a", "MP_ABC#1A", marks=pytest.mark.rule("WL-007"), id="MP"
        ),
        pytest.param(
            cluster_name(ABC), b"NLB_ABC        \x1a", "NLB_ABC#1A", marks=pytest.mark.rule("WL-008"), id="NLB"
        ),
        pytest.param(
            LOCATOR_POINT_NAME,
            b"SMS_SLP        \x1a",
            "SMS_SLP#1A",
            marks=pytest.mark.rule("WL-009"),
            id="SLP, one alone",
        ),
    ],
)
def test_name__is_fifteen_characters_and_a_suffix(name: NetbiosName, wire: bytes, text: str) -> None:
    assert (name.wire, len(name.wire), str(name)) == (wire, 16, text)


@pytest.mark.rule("WL-007", "WL-008")
def test_name__is_that_of_the_assigned_site_and_of_a_cluster_where_it_has_one() -> None:
    cluster = POLICY._replace(legacy=LegacyPolicy(default_kind=DefaultKind.CLUSTER))
    assert wins_name(POLICY) == management_point_name(ABC)
    assert wins_name(POLICY._replace(legacy=LegacyPolicy())) == management_point_name(ABC)
    assert wins_name(cluster) == cluster_name(ABC)
    assert wins_name(Policy()) is None


@pytest.mark.rule("ML-012", "WL-001", "WL-002")
@pytest.mark.parametrize("has_stored_list", [True, False])
def test_stages__wins_is_none_unless_somebody_can_ask_it_and_then_the_last(has_stored_list: bool) -> None:  # noqa: FBT001
    usual = stages_of(has_stored_list=has_stored_list)
    assert SourceKind.WINS not in {turn.source for stage in usual for turn in stage}
    *before, last = stages_of(has_stored_list=has_stored_list, asks_wins=True)
    assert tuple(before) == usual
    assert [(turn.source, turn.rule) for turn in last] == [(SourceKind.WINS, "WL-002")]


def test_stages__offline_asks_no_wins_either() -> None:
    assert stages_of(has_stored_list=True, offline=True, asks_wins=True) == stages_of(
        has_stored_list=True, offline=True
    )


@pytest.mark.parametrize(
    ("facts", "policy", "able", "rule"),
    [
        pytest.param(FACTS, POLICY, {}, None, id="all is there"),
        pytest.param(
            FACTS, POLICY, {"is_wanted": False}, "WL-004", marks=pytest.mark.rule("WL-004"), id="the settings forbid it"
        ),
        pytest.param(
            FACTS, POLICY, {"has_root_key": False}, "WL-005", marks=pytest.mark.rule("WL-005"), id="no root key"
        ),
        pytest.param(
            FACTS, POLICY, {"has_service": False}, "WL-001", marks=pytest.mark.rule("WL-001"), id="nobody can ask"
        ),
        pytest.param(
            FACTS._replace(network_location=NetworkLocation.INTERNET),
            POLICY,
            {},
            "WL-003",
            marks=pytest.mark.rule("WL-003"),
            id="on the internet, where HTTP is not used",
        ),
        pytest.param(
            FACTS._replace(client_kind=ClientKind.MAC),
            POLICY,
            {},
            "WL-003",
            marks=pytest.mark.rule("WL-003"),
            id="a Mac, which uses HTTPS alone",
        ),
        pytest.param(
            FACTS,
            POLICY._replace(may_use_http=False, http_reason="allow_http is off"),
            {},
            "WL-003",
            marks=pytest.mark.rule("WL-003"),
            id="HTTP is not allowed",
        ),
        pytest.param(FACTS, Policy(), {}, "WL-007", id="no site, and so no name"),
    ],
)
def test_wins__may_be_asked_or_not(
    facts: NetworkFacts, policy: Policy, able: dict[str, bool], rule: str | None
) -> None:
    bar = find_wins_bar(facts, policy, **{"is_wanted": True, "has_service": True, "has_root_key": True, **able})
    assert (None if bar is None else bar.rule) == rule


def test_wins__says_which_name_to_look_up_by_hand() -> None:
    bar = find_wins_bar(FACTS, POLICY, is_wanted=True, has_service=False, has_root_key=False)
    assert bar is not None
    assert "MP_ABC#1A" in bar.text
    assert "management_points" in bar.text


@pytest.mark.rule("WL-004", "WL-005", "IP-060")
@pytest.mark.parametrize(
    ("line", "wanted"),
    [("SMSDIRECTORYLOOKUP=NOWINS", False), ("SMSDIRECTORYLOOKUP=WINSSECURE", True), ("SMSSITECODE=ABC", True)],
)
def test_setup_line__says_whether_wins_may_be_asked(line: str, wanted: bool) -> None:  # noqa: FBT001
    assert load_config(setup_line=f"ccmsetup.exe {line}").wins_lookup is wanted


@pytest.mark.rule("WL-003")
def test_answer__is_management_points_of_the_site_that_take_http() -> None:
    name = management_point_name(ABC)
    found = read_wins_addresses(name, ["10.0.0.2", "10.0.0.1", "10.0.0.2"], POLICY)
    assert [one.mp.host for one in found.candidates] == ["10.0.0.2", "10.0.0.1"]
    assert {(one.mp.protocols, one.mp.site_code) for one in found.candidates} == {(Protocols.HTTP, ABC)}
    assert {one.origins for one in found.candidates} == {(Origin(SourceKind.WINS, "MP_ABC#1A"),)}


@pytest.mark.parametrize("text", ["", "mp1", "::1", "10.0.0.256", "10.0.0.1 ", "x" * 5000])
def test_answer__what_is_no_address_is_told_and_left_out(text: str) -> None:
    found = read_wins_addresses(management_point_name(ABC), [text, "10.0.0.1"], POLICY)
    assert [one.mp.host for one in found.candidates] == ["10.0.0.1"]
    (bad,) = found.unreadable
    assert bad.rule == "WL-007"
    assert len(bad.name) <= 40


def test_answer__without_an_end_is_cut() -> None:
    endless = (f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}" for number in count())
    found = read_wins_addresses(management_point_name(ABC), endless, POLICY)
    assert len(found.candidates) == 25
    assert [one.rule for one in found.unreadable] == ["limit"]
