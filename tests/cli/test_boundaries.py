"""``boundaries match``."""

import json
from pathlib import Path
from typing import Any

import pytest

from cmclient.cli import codes
from cmclient.cli.main import main
from cmclient.protocol.saved import FACTS_SCHEMA

DATA = """
fallback_site = "P09"

[[boundaries]]
name = "desks"
type = "ip-range"
value = "10.1.2.1-10.1.2.9"

[[boundaries]]
name = "floor"
type = "ip-subnet"
value = "10.1.2.0"

[[boundaries]]
name = "hall"
type = "ip-subnet"
value = "10.1.2.132"

[[boundaries]]
name = "berlin"
type = "ad-site"
value = "Berlin"

[[boundaries]]
name = "away"
type = "vpn"
value = "Name:Corp VPN"

[[boundaries]]
name = "detected"
type = "vpn"
value = "Auto:On"

[[boundaries]]
name = "shared"
type = "ip-range"
value = "10.1.7.1-10.1.7.9"

[[boundary_groups]]
name = "A"
boundaries = ["desks"]
servers = ["dp1.corp.test"]
assigned_site = "P01"

  [[boundary_groups.neighbours]]
  group = "B"
  dp = 15
  sup = 30

[[boundary_groups]]
name = "B"
boundaries = ["berlin", "away", "shared"]
servers = ["dp2.corp.test", "sup2.corp.test"]

[[boundary_groups]]
name = "C"
boundaries = ["detected", "shared"]
servers = ["dp3.corp.test"]
assigned_site = "P02"

  [[boundary_groups.neighbours]]
  group = "B"
  never = ["dp", "sup"]

[[boundary_groups]]
name = "D1"
default_of = "P01"
servers = ["dp4.corp.test"]
never = ["dp", "sup"]

[[servers]]
host = "dp1.corp.test"
roles = ["dp"]

[[servers]]
host = "dp2.corp.test"
roles = ["dp"]

[[servers]]
host = "sup2.corp.test"
roles = ["sup"]

[[servers]]
host = "dp3.corp.test"
roles = ["dp"]
maintenance = true

[[servers]]
host = "dp4.corp.test"
roles = ["dp"]
"""


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "data.toml"
    path.write_text(DATA)
    return str(path)


def match(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["boundaries", "match", *arguments, "--format", "json"]) == codes.DONE
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def ids(document: dict[str, Any], key: str = "boundaries") -> list[str]:
    return [one["id"] for one in document[key]]


def hosts(document: dict[str, Any], role: str = "dp") -> list[str]:
    return [one["host"] for one in document["timeline"][role]]


def test_address__boundaries_groups_and_timeline(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = match(capsys, "10.1.2.9/24", "--data", data)
    assert ids(document) == ["desks", "floor"]
    assert document["groups"] == [{"id": "A", "name": "A", "assigned_site": "P01"}]
    assert [(one["minute"], one["host"], one["rules"]) for one in document["timeline"]["dp"]] == [
        (0, "dp1.corp.test", ["BG-007"]),
        (15, "dp2.corp.test", ["BG-020"]),
    ]


def test_ad_site__alone(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert match(capsys, "--ad-site", "berlin", "--data", data)["groups"] == [
        {"id": "B", "name": "B", "assigned_site": None}
    ]


@pytest.mark.rule("BD-003")
@pytest.mark.parametrize(
    ("address", "unknown"),
    [
        ("10.1.2.3", ["floor"]),
        ("10.1.2.135", ["floor", "hall"]),
        ("10.1.2.136", ["floor"]),
        ("10.1.2.3/24", []),
        ("10.1.3.255", ["floor"]),
        ("10.1.4.0", []),
        ("2001:db8::1", []),
    ],
)
def test_without_a_prefix__a_subnet_boundary_is_unknown_and_said_so(
    address: str, unknown: list[str], data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = match(capsys, address, "--data", data)
    assert document["unknown"] == unknown
    is_bare = address not in {"10.1.2.3/24", "2001:db8::1"}
    assert any("without a prefix" in note for note in document["notes"]) is is_bare
    assert ("floor" in ids(document)) is (address == "10.1.2.3/24")


@pytest.mark.rule("BD-010", "BD-011")
@pytest.mark.parametrize(
    ("options", "held", "is_told"),
    [
        (("--vpn-name", "corp vpn"), ["away"], True),
        (("--vpn-name", "Corp"), [], True),
        (("--vpn-description", "Corp VPN", "--vpn-pptp"), ["detected"], False),
        (("--vpn-name", "corp vpn", "--no-vpn-pptp"), ["away"], False),
    ],
)
def test_vpn__by_its_name_or_kind(
    options: tuple[str, ...],
    held: list[str],
    is_told: bool,  # noqa: FBT001
    data: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = match(capsys, *options, "--data", data)
    assert ids(document) == held
    assert any("--vpn-pptp" in note for note in document["notes"]) is is_told, "unknown is said to be unknown"


def test_vpn__one_known_to_be_none_leaves_the_others_unknown(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = match(capsys, "--facts", facts_file(tmp_path), "--no-vpn-pptp", "--data", data)
    assert any("--vpn-pptp" in note for note in document["notes"])
    document = match(capsys, "--facts", facts_file(tmp_path), "--vpn-pptp", "--data", data)
    assert not any("--vpn-pptp" in note for note in document["notes"])


def facts_file(tmp_path: Path, **more: Any) -> str:
    adapters = [{"name": "Corp VPN", "addresses": [{"address": "10.1.2.3", "prefix": 24}]}]
    facts = {"schema": FACTS_SCHEMA, "ad_site": "Berlin", "assigned_site": "P01", "adapters": adapters}
    facts |= more
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(facts))
    return str(path)


def test_facts__say_where_it_is_and_what_it_is_assigned_to(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = match(capsys, "--facts", facts_file(tmp_path), "--data", data)
    assert ids(document) == ["desks", "floor", "berlin", "away"]
    assert document["assignment"]["assigned_site"] == "P01"


def test_facts__are_replaced_by_what_is_given(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = match(capsys, "10.1.7.7/24", "--facts", facts_file(tmp_path), "--data", data)
    assert ids(elsewhere) == ["shared"], "another address is another place: not that AD site, nor that connection"
    named = match(capsys, "--ad-site", "Bern", "--facts", facts_file(tmp_path), "--data", data)
    assert "berlin" not in ids(named)
    assert "desks" in ids(named)


@pytest.mark.rule("BG-030")
@pytest.mark.parametrize(
    ("minute", "expected"), [("14", ["dp1.corp.test"]), ("15", ["dp1.corp.test", "dp2.corp.test"])]
)
def test_minute__only_what_is_in_the_pool_by_then(
    minute: str, expected: list[str], data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = match(capsys, "10.1.2.9/24", "--minute", minute, "--data", data)
    assert hosts(document) == expected
    assert document["minute"] == int(minute)


def test_role__and_no_other(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = match(capsys, "10.1.2.9/24", "--role", "sup", "--data", data)
    assert list(document["timeline"]) == ["sup"]
    assert hosts(document, "sup") == ["sup2.corp.test"]


@pytest.mark.rule("SU-003")
@pytest.mark.parametrize(("minutes", "is_told"), [("30", True), ("119", True), ("120", False)])
def test_update_point_that_joins_early__is_used_after_two_hours(
    minutes: str, *, is_told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data.toml"
    path.write_text(DATA.replace("sup = 30", f"sup = {minutes}"))
    document = match(capsys, "10.1.2.9/24", "--role", "sup", "--data", str(path))
    assert any("sup2.corp.test counts from then on (SU-003)" in note for note in document["notes"]) is is_told


@pytest.mark.parametrize(
    ("arguments", "role", "code", "told"),
    [
        pytest.param(["10.9.9.9/24"], "dp", "no-boundary", "--assigned-site", id="nowhere"),
        pytest.param(["10.1.2.5"], "dp", None, "", id="served"),
        pytest.param(["10.1.2.77"], "dp", "no-boundary", "with its prefix", id="nowhere for certain"),
        pytest.param(["10.1.2.77/24"], "dp", "boundary-in-no-group", "to a group", id="in no group"),
        pytest.param(["10.9.9.9/24", "--assigned-site", "P01"], "dp", None, "", id="default group"),
        pytest.param(["10.9.9.9/24", "--assigned-site", "P01"], "sup", "no-boundary", "D1 has no", id="it has none"),
        pytest.param(
            ["10.9.9.9/24", "--site-code", "P07"], "dp", "no-boundary", "no default group of", id="no default"
        ),
        pytest.param(["10.1.2.9/24"], "sup", "only-later", "minute 30", id="later"),
        pytest.param(["10.1.2.9/24", "--minute", "29"], "sup", "only-later", "minute 30", id="just before"),
        pytest.param(["10.1.2.9/24", "--minute", "30"], "sup", None, "", id="then"),
        pytest.param(["--vpn-pptp"], "dp", "in-maintenance", "end the maintenance", id="in maintenance"),
        pytest.param(["--vpn-pptp"], "sup", "never-fallback", "never falls back to B", id="never"),
        pytest.param(["10.1.2.9/24"], "smp", "no-server-in-data", "add the", id="nobody has it"),
    ],
)
def test_no_server__why_and_what_to_look_at(
    arguments: list[str], role: str, code: str | None, told: str, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lack = match(capsys, *arguments, "--data", data)["lacking"].get(role)
    assert (lack and lack["code"]) == code
    assert lack is None or told in f"{lack['text']} {lack['next']}"


def test_no_server__in_the_group_nor_where_it_leads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.toml"
    path.write_text(DATA.replace('roles = ["sup"]', 'roles = ["smp"]').replace('dp4.corp.test"\nroles = ["dp"]', 'x"'))
    document = match(capsys, "10.1.2.9/24", "--data", str(path))
    assert document["lacking"]["smp"]["code"] == "never-fallback", "state migration points have none"
    path.write_text(DATA.replace('"dp2.corp.test", "sup2.corp.test"', '"dp2.corp.test"'))
    document = match(capsys, "10.1.2.9/24", "--data", str(path))
    assert document["lacking"]["sup"]["code"] == "no-server-of-role"


@pytest.mark.rule("SA-006", "SA-007", "SA-010")
@pytest.mark.parametrize(
    ("arguments", "sites", "rule"),
    [
        (["10.1.2.9/24"], ["P01"], "SA-006"),
        (["10.1.2.9/24", "10.1.7.7/24"], ["P01", "P02"], "SA-010"),
        (["10.1.2.9/24", "10.1.2.8/24"], ["P01"], "SA-006"),
        (["10.1.2.9/24", "fe80::1/64", "2001:db8::1/64"], ["P01"], "SA-006"),
        (["--ad-site", "Berlin"], ["P09"], "SA-007"),
        (["10.9.9.9/24"], ["P09"], "SA-007"),
    ],
)
def test_assignment__by_the_groups_that_hold_it_else_the_fallback_site(
    arguments: list[str], sites: list[str], rule: str, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = match(capsys, *arguments, "--data", data)
    assert (document["assignment"]["candidates"], document["assignment"]["rules"]) == (sites, [rule])
    assert any("at random; sites by address" in note for note in document["notes"]) is (rule == "SA-010")


@pytest.mark.rule("SA-001")
@pytest.mark.parametrize(("kind", "sites"), [("primary", ["P01"]), ("secondary", [])])
def test_assignment__is_to_a_primary_site_only(
    kind: str, sites: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data.toml"
    more = f'\n[[sites]]\ncode = "P01"\nkind = "{kind}"\n' + ('parent = "P02"\n' if kind == "secondary" else "")
    path.write_text(DATA.replace('fallback_site = "P09"', "") + more)
    document = match(capsys, "10.1.2.9/24", "--data", str(path))
    assert document["assignment"]["candidates"] == sites
    assert [one["site"] for one in document["assignment"]["rejected"]] == ["P01"] * (not sites)
    assert document["assignment"]["rules"] == (["SA-006"] if sites else ["SA-001"])


@pytest.mark.rule("SA-009")
def test_assignment__by_two_groups_is_chance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.toml"
    path.write_text(DATA.replace('boundaries = ["detected", "shared"]', 'boundaries = ["detected", "desks"]'))
    told = match(capsys, "10.1.2.9/24", "--data", str(path))["assignment"]
    assert (told["candidates"], told["rules"]) == (["P01", "P02"], ["SA-009"])


SITES = """
[[sites]]
code = "P01"
kind = "primary"

[[sites]]
code = "S01"
kind = "secondary"
parent = "P01"
"""


@pytest.mark.rule("SA-001", "SA-014")
@pytest.mark.parametrize(
    ("address", "group", "fallback", "site"),
    [
        pytest.param("10.1.2.9", "P01", "P01", "P01", id="a primary site"),
        pytest.param("10.1.2.9", "S01", "P01", None, id="a secondary site"),
        pytest.param("10.1.2.9", "X99", "P01", None, id="a site that is not listed"),
        pytest.param("10.9.9.9", "P01", "P01", "P01", id="fallback"),
        pytest.param("10.9.9.9", "P01", "S01", None, id="a secondary site as fallback"),
        pytest.param("10.9.9.9", "P01", "X99", None, id="a fallback that is not listed"),
        pytest.param("10.9.9.9", "P01", None, None, id="nothing"),
    ],
)
def test_assignment__is_the_one_that_assign_makes(
    address: str,
    group: str,
    fallback: str | None,
    site: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "data.toml"
    text = DATA.replace('fallback_site = "P09"', f'fallback_site = "{fallback}"' if fallback else "")
    path.write_text(text.replace('assigned_site = "P01"', f'assigned_site = "{group}"') + SITES)
    matched = match(capsys, f"{address}/24", "--data", str(path))["assignment"]
    main(["assign", "--data", str(path), "--address", f"{address}/24", "--domain", "corp.test", "--format", "json"])
    assigned = json.loads(capsys.readouterr().out)
    assert assigned["site"] == site
    assert matched["candidates"] == ([] if site is None else [site])
    assert [one["site"] for one in matched["rejected"]] == [
        one["site"] for one in assigned["candidates"] if one["verdict"] == "rejected"
    ]


@pytest.mark.rule("SA-001", "SA-014")
def test_assignment__says_why_a_site_has_no_clients_by_whichever_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data.toml"
    path.write_text(DATA.replace('assigned_site = "P01"', 'assigned_site = "S01"') + SITES)
    document = match(capsys, "10.1.2.9/24", "10.1.7.7/24", "--data", str(path))
    told = document["assignment"]
    assert {one["site"]: one["rules"] for one in told["rejected"]}.items() >= {
        "S01": ["SA-001"],
        "P02": ["SA-014"],
    }.items()
    assert any("(SA-001)" in note for note in document["notes"])


@pytest.mark.rule("NET-004", "NET-012")
@pytest.mark.parametrize(
    ("facts", "rules"),
    [
        pytest.param({"network_location": "intranet"}, None, id="intranet"),
        pytest.param({"network_location": "unknown"}, None, id="unknown"),
        pytest.param({"network_location": "internet"}, ["CF-001"], id="internet"),
        pytest.param({"always_internet": True}, ["NET-003"], id="set up for it alone"),
        pytest.param(
            {"always_internet": True, "network_location": "intranet"}, ["NET-003", "NET-004"], id="the setting wins"
        ),
        pytest.param({"client_kind": "mac"}, ["NET-011"], id="a Mac"),
    ],
)
def test_on_the_internet__groups_have_no_say(
    facts: dict[str, Any], rules: list[str] | None, data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = match(capsys, "--facts", facts_file(tmp_path, **facts), "--data", data)
    assert bool(document["boundaries"]) is bool(document["groups"]) is bool(hosts(document)) is (rules is None)
    if rules is not None:
        assert document["network_location"]["rules"] == rules
        assert document["lacking"]["dp"]["code"] == "on-internet"
        assert document["assignment"]["rules"] == ["NET-013"]
        assert any("ignore boundaries" in note and "NET-012" in note for note in document["notes"])
        assert all(any(f"({rule})" in note for note in document["notes"]) for rule in rules)


def test_on_the_internet__that_is_said_once_for_all_roles(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = facts_file(tmp_path, always_internet=True)
    assert main(["boundaries", "match", "--facts", facts, "--data", data]) == codes.DONE
    assert capsys.readouterr().out.count("mp, dp, sup, smp, cmg: clients on the internet, or set up for it alone") == 1


MPS = """
[hierarchy]
preferred_mps = true

[[boundaries]]
name = "b"
type = "ip-range"
value = "10.2.0.1-10.2.0.9"

[[boundary_groups]]
name = "g"
boundaries = ["b"]
servers = ["dp.corp.test"]

  [[boundary_groups.neighbours]]
  group = "n"
  never = ["mp"]

[[boundary_groups]]
name = "n"
servers = ["mp2.corp.test"]

[[boundary_groups]]
name = "Default-Site-Boundary-Group<P01>"
default_of = "P01"
servers = ["mp1.corp.test", "cmg.corp.test"]
include_cloud_mps = true

[[servers]]
host = "mp1.corp.test"
roles = ["mp"]

[[servers]]
host = "mp2.corp.test"
roles = ["mp"]

[[servers]]
host = "mp3.corp.test"
roles = ["mp"]

[[servers]]
host = "cmg.corp.test"
roles = ["cmg"]

[[servers]]
host = "dp.corp.test"
roles = ["dp"]
"""


@pytest.mark.rule("ML-023", "ML-028", "ML-044")
@pytest.mark.parametrize(
    ("before", "after", "listed"),
    [
        pytest.param(
            "",
            "",
            [("mp1", 1, "BG-041"), ("mp2", 1, "ML-044"), ("mp3", 1, "ML-044"), ("cmg", 1, "ML-028")],
            id="complete list",
        ),
        pytest.param(
            '["dp.corp.test"]',
            '["mp3.corp.test"]',
            [("mp3", 3, "BG-007"), ("mp1", 1, "BG-041"), ("cmg", 1, "ML-028"), ("mp2", 0, "MP-011")],
            id="the group has one",
        ),
        pytest.param(
            "include_cloud_mps = true",
            "",
            [("mp1", 1, "BG-041"), ("mp2", 1, "ML-044"), ("mp3", 1, "ML-044")],
            id="no gateways",
        ),
        pytest.param(
            "preferred_mps = true",
            "preferred_mps = false",
            [("mp1", 3, "MP-014"), ("mp2", 3, "MP-014"), ("mp3", 3, "MP-014")],
            id="groups have no say",
        ),
    ],
)
def test_management_points__are_those_of_the_list_that_the_client_gets(
    before: str, after: str, listed: list[tuple[str, int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data.toml"
    path.write_text(MPS.replace(before, after))
    document = match(capsys, "10.2.0.5/24", "--data", str(path), "--role", "mp")
    told = [(one["host"].partition(".")[0], one["locality"], *one["rules"]) for one in document["timeline"]["mp"]]
    assert told == listed
    assert [one["is_cloud"] for one in document["timeline"]["mp"]] == [one[0] == "cmg" for one in listed]
    assert any("ML-022" in note for note in document["notes"]) is (after == "preferred_mps = false")


def test_gateway__has_no_fallback_to_be_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.toml"
    path.write_text(MPS)
    lack = match(capsys, "10.2.0.5/24", "--data", str(path))["lacking"]["cmg"]
    assert lack["code"] == "never-fallback"
    assert "allow" not in lack["next"]


@pytest.mark.rule("BG-050", "BG-051", "BG-055")
def test_options__are_those_of_all_groups_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.toml"
    path.write_text(DATA.replace('servers = ["dp3.corp.test"]', "allow_peers = false\nprefer_cloud = true"))
    told = {}
    for name, address in {"one": "10.1.2.9/24", "both": "10.1.7.7/24", "none": "10.9.9.9/24"}.items():
        options = match(capsys, address, "--data", str(path))["options"]
        told[name] = [(options[key]["is_on"], options[key]["rules"]) for key in ("allow_peers", "prefer_cloud")]
        told[name].append(options["peer_groups"])
    assert told == {
        "one": [(True, ["BG-050"]), (False, ["BG-055"]), ["A"]],
        "both": [(False, ["BG-051"]), (True, ["BG-055"]), []],
        "none": [(False, ["BG-050"]), (False, ["BG-055"]), []],
    }
    default = match(capsys, "10.9.9.9/24", "--assigned-site", "P01", "--data", str(path))["options"]
    assert default["peer_groups"] == ["D1"], "the default group serves it"
    assert main(["boundaries", "match", "10.1.7.7/24", "--data", str(path)]) == codes.DONE
    assert "  prefer cloud           on   BG-055  on in C" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "gone.toml"], "name a file that is there"),
        (["--data", "folder"], "the folder that they are in"),
        (["--data", "data.toml", "--facts", "gone.json"], "'cmclient facts --format json'"),
        (["--data", "data.toml", "--facts", "data.toml"], "'cmclient facts --format json'"),
        (["--data", "data.toml", "--minute", "-1"], "minutes count from 0"),
    ],
)
def test_file_that_cannot_be_read__has_a_hint_of_its_own(
    arguments: list[str], told: str, data: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(data).parent)
    Path("folder").mkdir()
    assert main(["boundaries", "match", "10.1.2.3/24", *arguments]) == codes.USAGE
    shown = capsys.readouterr().err
    assert told in shown
    assert "config show" not in shown


def test_help__says_that_an_address_is_another_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["boundaries", "match", "--help"])
    assert "AD site and connections of the file count no longer" in " ".join(capsys.readouterr().out.split())


def test_text__is_for_people(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "match", "10.1.2.9/24", "--data", data]) == codes.DONE
    shown = capsys.readouterr().out
    assert "dp2.corp.test   BG-020  neighbour of A after 15 minutes" in shown
    assert "assigned to: P01: the client is in boundary group A (SA-006)" in shown
    assert "no software update point before minute 30: then sup2.corp.test" in shown
    assert "  mp, smp, cmg: no server of the data has such a role" in shown


def test_text__without_an_answer_says_what_to_look_at(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "match", "10.1.2.77", "--data", data, "--role", "dp"]) == codes.DONE
    shown = capsys.readouterr().out
    assert "Boundaries that hold it: none\n  may hold it, by its mask: floor, 10.1.2.0" in shown
    assert "what next: give the address with its prefix" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("garbage",),
        ("10.1.2.3/99",),
        (),
        ("--ad-site", "\n"),
        ("10.1.2.3", "--site-code", "ABCD"),
        ("10.1.2.3", "--minute", "-1"),
        ("--facts", "gone.json"),
    ],
)
def test_bad_input__is_a_usage_error(arguments: tuple[str, ...], data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "match", *arguments, "--data", data]) == codes.USAGE
    assert capsys.readouterr().err.startswith("cmclient: ")


def test_data__missing_or_with_a_boundary_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "match", "10.1.2.3", "--data", str(tmp_path / "gone")]) == codes.USAGE
    path = tmp_path / "data.toml"
    path.write_text(DATA.replace("10.1.2.1-10.1.2.9", "10.1.2.9-10.1.2.1"))
    assert main(["boundaries", "match", "10.1.2.3", "--data", str(path)]) == codes.USAGE
    assert "its first address is above its last" in capsys.readouterr().err
