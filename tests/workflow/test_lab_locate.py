"""The library against the lab in one process: what goes over the wire, as the lab's journal has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import cmclient
from cmclient.assemble import FixedFacts, GivenFacts, Run, open_locator
from cmclient.config import ClientConfig, load_config
from cmclient.lab import Lab
from cmclient.model.facts import Membership, NetworkFacts


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def config(lab: Lab, tmp_path: Path) -> ClientConfig:
    lab.journal.clear()
    return load_config(overrides={**lab.settings(), "store": str(tmp_path / "store.sqlite3")})


def locate(config: ClientConfig, facts: NetworkFacts) -> cmclient.Location:
    with open_locator(config, Run(facts=facts)) as locator:
        return locator.locate()


@pytest.mark.rule("CF-004")
def test_workgroup_client__opens_no_connection_to_a_directory_server(lab: Lab, config: ClientConfig) -> None:
    workgroup = lab.client_facts()._replace(membership=Membership.WORKGROUP, domain=None)
    location = locate(config, workgroup)
    assert location.management_point.host == "mp2.corp.contoso.test"
    assert [entry for entry in lab.journal.entries() if entry.role.value == "ad"] == []


@pytest.mark.rule("AD-002", "CF-004")
def test_domain_client__asks_the_global_catalog_over_tls(lab: Lab, config: ClientConfig) -> None:
    locate(config, lab.client_facts())
    catalog = str(lab.running.directory.catalog)
    searches = [entry for entry in lab.journal.entries("search") if entry.role.value == "ad"]
    assert searches
    assert all(catalog in entry.what and entry.tls for entry in searches)


def test_good_first_one__one_connection_and_three_questions(lab: Lab, config: ClientConfig) -> None:
    locate(config, lab.client_facts())
    assert [entry.what.split()[1] for entry in lab.journal.entries("GET")] == [
        "/SMS_MP/.sms_aut?MPLIST",
        "/SMS_MP/.sms_aut?MPLIST1&P01",
        "/SMS_MP/.sms_aut?MPLIST2&P01",
    ]


def test_second_run__asks_neither_directory_nor_srv_records_of_the_site(lab: Lab, config: ClientConfig) -> None:
    locate(config, lab.client_facts())
    lab.journal.clear()
    location = locate(config, lab.client_facts())
    assert location.management_point.host in {"mp2.corp.contoso.test", "mp5.partner.test"}
    assert not lab.journal.entries("search")
    assert not lab.journal.entries("_mssms_mp_")


def test_what_if__leaves_the_store_as_it_is(lab: Lab, config: ClientConfig, tmp_path: Path) -> None:
    with open_locator(config, Run(facts=lab.client_facts(), writes=False)) as locator:
        locator.locate()
    assert list(tmp_path.iterdir()) == []


def test_facts_of_another_machine__do_not_see_what_this_one_stored(lab: Lab, config: ClientConfig) -> None:
    locate(config, lab.client_facts())
    with open_locator(config, Run(facts=lab.client_facts(), writes=False, remembers=False)) as locator:
        location = locator.locate()
    assert {report.source.value for report in location.sources if report.asked} == {
        "installation",
        "directory",
        "mp-list",
    }


def test_given_facts__replace_and_keep_their_origin() -> None:
    known = NetworkFacts(host=cmclient.HostName("pc1"), origins={"host": "system", "ad_site": "system"})
    given = GivenFacts(FixedFacts(known), {"ad_site": None, "domain": cmclient.DnsDomain("corp.test")}).read()
    assert given.origins == {"host": "system", "domain": "given"}
