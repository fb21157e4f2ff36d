"""Locating by a real Active Directory, with real management points at the end of it."""

import json
from pathlib import Path

import pytest
from integration.commandline import Command, seed_that_draws
from integration.hierarchy import BUILD, DOMAIN, HTTP_PORT, HTTPS_PORT, TRUSTED_FOREST, require
from integration.realsite import Changes, RealSite

pytestmark = pytest.mark.integration

BER1, BER2, BER3 = require("ber1"), require("ber2"), require("ber3")
PAR1, PAR2 = require("par1"), require("par2")
MEMBER = ("--domain", DOMAIN)
PATIENT: Changes = {"race_stagger": 5}  # a slow machine is no reason to start the next one


# --- which site, and who is published there -------------------------------------------------------------------------


@pytest.mark.rule("AD-004", "AD-011", "ML-006")
@pytest.mark.parametrize("security", ["starttls", "ldaps"])
@pytest.mark.parametrize("ad_site", ["Berlin", "Paris"])
def test_the_address_that_a_member_asks_from_decides_its_site(
    real_site: RealSite, command: Command, ad_site: str, security: str
) -> None:
    own, chosen, others = ("BER", BER1, [PAR1, PAR2]) if ad_site == "Berlin" else ("PAR", PAR1, [BER1, BER2])
    outcome = command("locate", *MEMBER, settings=real_site.member(ad_site) | {"directory_security": security})
    assert outcome.code == 0
    assert outcome.document["facts"]["ad_site"] == ad_site
    assert outcome.document["facts"]["forest"] == DOMAIN
    assert outcome.document["assigned_site"] == own
    assert outcome.chosen == chosen.url
    assert [outcome.rejected[mp.name] for mp in others] == ["ML-006", "ML-006"]


def test_an_address_in_no_ad_site_and_no_boundary_has_no_site(real_site: RealSite, command: Command) -> None:
    outcome = command("locate", *MEMBER, "--address", "10.9.9.9/24", settings=real_site.member(None))
    assert outcome.document["facts"]["ad_site"] is None
    assert outcome.document["assigned_site"] is None
    assert outcome.code == 4
    assert set(outcome.rejected.values()) == {"ML-006", "AD-010"}
    assert outcome.attempts == []


@pytest.mark.rule("AD-012")
@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.168.0.0/24", None),
        ("192.168.0.1/24", "PAR"),
        ("192.168.0.254/24", "PAR"),
        ("192.168.0.255/24", None),
        ("127.255.254.255/20", None),
        ("127.255.255.0/20", "BER"),
        ("128.0.0.255/20", "BER"),
        ("128.0.1.0/20", None),
    ],
)
def test_ranges_are_read_as_signed_numbers(
    real_site: RealSite, command: Command, address: str, site: str | None
) -> None:
    outcome = command("locate", *MEMBER, "--address", address, settings=real_site.member(None))
    assert outcome.document["assigned_site"] == site
    assert outcome.code == (4 if site is None else 0)


@pytest.mark.rule("AD-011")
@pytest.mark.parametrize(("address", "site"), [("10.1.7.7/16", "BER"), ("10.2.7.7/16", "PAR"), ("10.2.7.7/24", None)])
def test_subnets_are_read_as_network_ids(real_site: RealSite, command: Command, address: str, site: str | None) -> None:
    outcome = command("locate", *MEMBER, "--address", address, settings=real_site.member(None))
    assert outcome.document["assigned_site"] == site


@pytest.mark.rule("AD-010")
def test_what_is_published_is_read_and_what_is_broken_is_said(real_site: RealSite, command: Command) -> None:
    outcome = command("locate", *MEMBER, settings=real_site.member("Paris"))
    read = outcome.candidates[PAR2.name]  # nobody else speaks of it: it is down, and its site's list is not merged
    assert read["site_code"] == "PAR"
    assert read["build"] == BUILD
    assert read["is_default"] is False
    assert read["supports_devices"] is False
    assert read["forest"] == TRUSTED_FOREST
    assert (read["http_port"], read["https_port"]) == (HTTP_PORT, HTTPS_PORT)  # beyond an & that stands there bare
    broken = {name for name, rule in outcome.rejected.items() if rule == "AD-010"}
    assert broken == {"SMS-MP-BER-NAMELESS.CORP.TEST", "SMS-MP-BE-TWO-LETTERS.CORP.TEST"}


def test_a_management_point_of_another_generation_is_rejected(real_site: RealSite, command: Command) -> None:
    outcome = command("locate", *MEMBER, settings=real_site.member())
    assert outcome.candidates[f"old1.{DOMAIN}"]["site_code"] == "BER"
    assert outcome.rejected[f"old1.{DOMAIN}"] == "ML-006"


@pytest.mark.rule("AD-002", "AD-005")
@pytest.mark.parametrize(
    ("changes", "kind", "sees_elsewhere"),
    [
        ({}, "global catalog", True),
        ({"directory_security": "ldaps"}, "global catalog", True),
        ({"use_global_catalog": "no"}, "domain controller", False),
        ({"use_global_catalog": "no", "directory_security": "ldaps"}, "domain controller", False),
    ],
    ids=["catalog", "catalog over TLS", "domain", "domain over TLS"],
)
def test_a_global_catalog_is_searched_whole_and_a_domain_in_its_container(
    real_site: RealSite, command: Command, changes: Changes, kind: str, *, sees_elsewhere: bool
) -> None:
    outcome = command("locate", *MEMBER, settings=real_site.member() | changes)
    assert outcome.chosen == BER1.url
    assert outcome.sources["directory"]["detail"] == f"{kind} dc1.corp.test"
    assert (f"stray.{DOMAIN}" in outcome.candidates) is sees_elsewhere


@pytest.mark.parametrize(
    ("servers", "security"),
    [
        ("127.255.255.254;dc1.corp.test", "starttls"),
        ("dc1.corp.test:389", "starttls"),
        ("dc1.corp.test:3268", "ldaps"),
        ("dc1.corp.test:3269", "ldaps"),
        ("dc1.corp.test:636", "ldaps"),
    ],
)
def test_directory_servers_can_be_given(real_site: RealSite, command: Command, servers: str, security: str) -> None:
    settings = real_site.member() | {"directory_servers": servers, "directory_security": security}
    outcome = command("locate", *MEMBER, settings=settings)
    assert outcome.document["facts"]["ad_site"] == "Berlin"
    assert outcome.sources["directory"]["found"] > 0
    assert outcome.chosen == BER1.url


@pytest.mark.rule("MP-004")
@pytest.mark.parametrize(
    ("changes", "forests", "rank"), [({}, [TRUSTED_FOREST], 3), ({"trusted_forests": "other.test"}, ["other.test"], 4)]
)
def test_forests_that_the_directory_trusts_are_trusted(
    real_site: RealSite, command: Command, changes: Changes, forests: list[str], rank: int
) -> None:
    outcome = command("locate", *MEMBER, settings=real_site.member("Paris") | changes)
    assert outcome.document["facts"]["trusted_forests"] == forests
    assert outcome.ranked[PAR2.name]["rank"] == rank


def test_saved_facts_stand_in_for_a_machine(real_site: RealSite, command: Command, tmp_path: Path) -> None:
    facts = command("facts", *MEMBER, settings=real_site.member("Paris"))
    assert facts.document["ad_site"] == "Paris"
    (tmp_path / "paris.json").write_text(json.dumps(facts.document), "utf-8")
    outcome = command("locate", "--facts", str(tmp_path / "paris.json"), settings=real_site.member("Berlin"))
    assert outcome.document["facts"]["ad_site"] == "Paris"
    assert outcome.chosen == PAR1.url


def test_a_decision_about_real_servers_can_be_made_again(real_site: RealSite, command: Command, tmp_path: Path) -> None:
    outcome = command("locate", *MEMBER, settings=real_site.member())
    (tmp_path / "saved.json").write_text(json.dumps(outcome.document), "utf-8")
    assert command.replay("saved.json").code == 0


# --- contact ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("MP-007")
def test_one_that_is_down_is_passed_over(real_site: RealSite, command: Command) -> None:
    seed = seed_that_draws(PAR2.name, PAR1.name)
    outcome = command("locate", *MEMBER, "--seed", seed, settings=real_site.member("Paris") | PATIENT)
    assert list(outcome.ranked) == [PAR2.name, PAR1.name]
    assert outcome.chosen == PAR1.url
    assert outcome.attempts[:2] == [(PAR2.url, "MPLIST", "connect"), (PAR1.url, "MPLIST", "answered")]


@pytest.mark.rule("MP-007")
def test_a_good_first_one_is_the_only_one_asked(real_site: RealSite, command: Command) -> None:
    seed = seed_that_draws(PAR1.name, PAR2.name)
    before = len(real_site.web.hits())
    outcome = command("locate", *MEMBER, "--seed", seed, settings=real_site.member("Paris") | PATIENT)
    assert outcome.attempts == [(PAR1.url, "MPLIST", "answered"), (PAR1.url, "MPLIST1&PAR", "answered")]
    queries = [(hit.host, hit.query, hit.status) for hit in real_site.web.hits()[before:]]
    assert queries == [
        (PAR1.name, "/SMS_MP/.sms_aut?MPLIST", 200),
        (PAR1.name, "/SMS_MP/.sms_aut?MPLIST1&PAR", 200),
    ]


def test_what_only_the_full_list_names_is_of_a_secondary_site(real_site: RealSite, command: Command) -> None:
    outcome = command("locate", *MEMBER, settings=real_site.member())
    assert outcome.candidates[BER3.name]["site_kind"] == "secondary"
    assert outcome.candidates[BER3.name]["parent_site"] == "BER"
    assert outcome.candidates[BER2.name]["site_kind"] == "primary"


# --- HTTPS -----------------------------------------------------------------------------------------------------------


def https(real_site: RealSite, certificate: str, **changes: object) -> Changes:
    return {"use_pki_cert": "yes", "client_certificate": real_site.file(certificate), **changes}


@pytest.mark.rule("CF-002", "MP-003")
def test_with_a_certificate_https_comes_first(real_site: RealSite, command: Command) -> None:
    before = len(real_site.web.hits())
    outcome = command("locate", *MEMBER, settings=real_site.member() | https(real_site, "client.pem"))
    assert outcome.code == 0
    assert outcome.chosen == BER2.url
    assert [(name, one["rank"]) for name, one in outcome.ranked.items()] == [(BER2.name, 1), (BER1.name, 3)]
    assert {(hit.host, hit.certificate) for hit in real_site.web.hits()[before:]} == {(BER2.name, "SUCCESS")}
    assert outcome.sources["mp-list"]["detail"] == f"MPLIST of {BER2.name} over verified HTTPS"


@pytest.mark.rule("ML-034")
@pytest.mark.parametrize("changes", [{}, {"use_pki_cert": "yes"}], ids=["not wanted", "wanted, not there"])
def test_without_a_certificate_https_is_rejected(real_site: RealSite, command: Command, changes: Changes) -> None:
    outcome = command("locate", *MEMBER, settings=real_site.member() | changes)
    assert outcome.rejected[BER2.name] == "ML-034"
    assert outcome.chosen == BER1.url


@pytest.mark.parametrize(
    ("certificate", "changes", "code"),
    [("other-client.pem", {}, "http-status"), ("client.pem", {"ca_file": "other-ca.pem"}, "server-certificate")],
    ids=["of the client", "of the server"],
)
def test_a_certificate_that_is_refused_is_a_failed_attempt(
    real_site: RealSite, command: Command, certificate: str, changes: Changes, code: str
) -> None:
    files = {name: real_site.file(str(value)) for name, value in changes.items()}
    settings = real_site.member() | {"directory_ca_file": real_site.file("ca.pem")} | files
    outcome = command("locate", *MEMBER, settings=settings | https(real_site, certificate))
    assert outcome.attempts[0] == (BER2.url, "MPLIST", code)
    assert outcome.chosen == BER1.url
    only_https = https(real_site, certificate, allow_http="no")
    refused = command("locate", *MEMBER, settings=settings | only_https)
    assert (refused.code, refused.document["error"]["code"]) == (6, "trust-refused")
    assert refused.attempts == [(BER2.url, "MPLIST", code)]
