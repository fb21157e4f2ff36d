"""Locating by DNS alone, with real DNS servers; and from what was stored before."""

import json
from pathlib import Path

import pytest
from integration.commandline import Command, seed_that_draws
from integration.hierarchy import DOMAIN, HTTP_PORT, HTTPS_PORT, ODD_PORT, ManagementPoint, require
from integration.realsite import Changes, RealSite
from integration.servers import Trap

pytestmark = pytest.mark.integration

BER1, BER2, PAR1, ODD1 = require("ber1"), require("ber2"), require("par1"), require("odd1")
GHOST = f"ghost.{DOMAIN}"
IN_TURN: Changes = {"contact": "sequential"}  # else a slow machine may start the second one while the first one fails
WORKGROUP = ("--domain", "", "--dns-suffix", DOMAIN)


@pytest.mark.rule("DN-001", "DN-002", "DN-006", "ML-037")
def test_a_workgroup_client_finds_one_by_dns_alone(real_site: RealSite, command: Command) -> None:
    before = len(real_site.names.questions())
    seed = seed_that_draws(GHOST, BER1.name)
    settings = real_site.outsider() | IN_TURN
    outcome = command("locate", *WORKGROUP, "--site-code", "BER", "--seed", seed, settings=settings)
    assert outcome.code == 0
    assert outcome.sources["dns"]["found"] == 2
    assert outcome.attempts[0] == (f"http://{GHOST}:{HTTP_PORT}", "MPLIST", "name-resolution")  # it has no host record
    assert outcome.chosen == BER1.url
    asked = set(real_site.names.questions()[before:])
    hosts = {(kind, host) for host in (GHOST, BER1.name) for kind in ("A", "AAAA")}
    assert asked - hosts == {("SRV", f"_mssms_mp_ber._tcp.{DOMAIN}")}


@pytest.mark.rule("CF-004")
@pytest.mark.parametrize(("membership", "visits"), [("workgroup", set()), ("domain", {"UDP"})])
def test_only_a_member_goes_to_a_directory_server(
    real_site: RealSite, command: Command, trap: Trap, tmp_path: Path, membership: str, visits: set[str]
) -> None:
    facts = {"schema": "cmclient.facts/1", "membership": membership, "domain": DOMAIN}
    (tmp_path / "facts.json").write_text(json.dumps(facts), "utf-8")
    settings = real_site.outsider() | {"directory_servers": trap.server, "dns_suffix": DOMAIN, "site_code": "BER"}
    outcome = command("locate", "--facts", "facts.json", settings=settings)
    assert outcome.chosen == BER1.url
    assert trap.visits() == visits


@pytest.mark.rule("DN-005")
@pytest.mark.parametrize("changes", [{}, {"http_port": None}], ids=["other", "usual"])
def test_the_port_of_the_record_is_asked_whatever_the_sites_is(
    real_site: RealSite, command: Command, changes: Changes
) -> None:
    settings = real_site.outsider() | changes
    outcome = command("locate", *WORKGROUP, "--site-code", "ODD", settings=settings)
    assert outcome.chosen == ODD1.url == f"http://{ODD1.name}:{ODD_PORT}"


@pytest.mark.rule("DN-019")
@pytest.mark.parametrize(("wanted", "chosen"), [("yes", BER2), ("no", BER1)])
def test_the_sites_https_port_in_a_record_means_https(
    real_site: RealSite, command: Command, wanted: str, chosen: ManagementPoint
) -> None:
    settings = real_site.outsider() | {
        "dns_servers": real_site.controller.address,
        "https_port": HTTPS_PORT,
        "use_pki_cert": wanted,
        "client_certificate": real_site.file("client.pem"),
    }
    outcome = command("locate", *WORKGROUP, "--site-code", "BER", settings=settings)
    assert outcome.sources["dns"]["found"] == 2
    assert outcome.chosen == chosen.url
    assert (BER2.name in outcome.ranked) is (wanted == "yes")


@pytest.mark.rule("DN-011")
def test_one_of_another_site_does_and_a_site_that_it_does_not_serve_is_no_failure(
    real_site: RealSite, command: Command
) -> None:
    before = len(real_site.web.hits())
    outcome = command("locate", *WORKGROUP, "--site-code", "CAS", settings=real_site.outsider())
    assert outcome.code == 0
    assert outcome.chosen == PAR1.url
    told = [one for one in outcome.attempts if one[1] != "MPKEYINFORMATION"]
    assert told == [(PAR1.url, "MPLIST", "answered"), (PAR1.url, "MPLIST1&CAS", "http-status")]
    statuses = [hit.status for hit in real_site.web.hits()[before:]]
    assert (statuses[0], statuses[-1]) == (200, 500)


@pytest.mark.rule("ML-010", "ML-013")
def test_the_second_run_uses_the_stored_list_and_looks_nothing_up(real_site: RealSite, command: Command) -> None:
    arguments = ("locate", "--dns-suffix", DOMAIN, "--site-code", "BER")
    first = command(*arguments, settings=real_site.outsider())
    assert first.chosen == BER1.url
    assert first.asked == ["installation", "dns", "mp-list"]
    before = len(real_site.names.questions())
    second = command(*arguments, settings=real_site.outsider())
    assert second.chosen == BER1.url
    assert second.asked == ["stored-list", "mp-list"]
    assert {name for kind, name in real_site.names.questions()[before:] if kind == "SRV"} == set()


@pytest.mark.rule("AD-003", "DN-018", "ML-007")
@pytest.mark.parametrize(
    ("site", "asked"), [("BER", ["directory", "mp-list"]), ("XYZ", ["directory", "dns"])], ids=["enough", "nothing"]
)
def test_dns_is_asked_after_the_directory_gave_nobody_that_can_be_used(
    real_site: RealSite, command: Command, site: str, asked: list[str]
) -> None:
    outcome = command("locate", "--domain", DOMAIN, "--site-code", site, settings=real_site.member())
    assert [source for source in outcome.asked if source != "installation"] == asked
    assert outcome.code == (0 if site == "BER" else 4)


def test_discover_asks_every_source(real_site: RealSite, command: Command) -> None:
    arguments = ("--domain", DOMAIN, "--mp", f"{PAR1.name}:{HTTP_PORT}")
    outcome = command("discover", *arguments, settings=real_site.member())
    assert outcome.code == 0
    found = {name: report["found"] for name, report in outcome.sources.items()}
    assert found == {
        "installation": 1,
        "stored-list": 0,
        "answered-before": 0,
        "directory": 6,
        "dns": 2,
        "mp-list": 3,
    }
    origins = {
        one["mp"]["host"]: {origin["source"] for origin in one["origins"]} for one in outcome.document["candidates"]
    }
    assert origins[BER1.name] == {"directory", "dns", "mp-list"}
    assert origins[PAR1.name] == {"installation", "directory"}
