"""The way to servers of other roles: who is asked, what is kept, what a failure means."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from world import CORP, JOINED, World

from cmclient.assemble import Run, open_role_locator
from cmclient.config import load_config
from cmclient.errors import StoreError
from cmclient.lab import Lab, built_in_description
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.endpoints import ManagementPoint, Protocols
from cmclient.model.facts import NetworkLocation, parse_address
from cmclient.model.groups import BoundaryGroup, Role, SiteData, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.model.roles import RoleLocation, RoleOutcome, SiteRole
from cmclient.model.scans import ScanHistory
from cmclient.model.stored import StoredUpdatePoint
from cmclient.protocol.capabilities import OperationalSettings, build_operational_settings
from cmclient.protocol.directory_entries import management_point_entry
from cmclient.roles import RoleLocator

SUP, SMP, FSP = SiteRole.SOFTWARE_UPDATE_POINT, SiteRole.STATE_MIGRATION_POINT, SiteRole.FALLBACK_STATUS_POINT
ABC = SiteCode("ABC")
SERVER, OTHER = HostName("sup1.corp.test"), HostName("sup2.corp.test")
DATA = SiteData(
    boundaries=(Boundary("desks", BoundaryKind.IP_SUBNET, "10.1.2.0"),),
    groups=(BoundaryGroup("here", "here", boundaries=("desks",), servers=(SERVER,)),),
    servers=(
        SiteServer(SERVER, frozenset({Role.SOFTWARE_UPDATE_POINT, Role.STATE_MIGRATION_POINT})),
        SiteServer(OTHER, frozenset({Role.SOFTWARE_UPDATE_POINT, Role.STATE_MIGRATION_POINT})),
    ),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        running.journal.clear()
        yield running


@contextmanager
def locator(lab: Lab, store: Path, *, writes: bool = True, **settings: object) -> Iterator[RoleLocator]:
    config = load_config(overrides={**lab.settings(), "store": str(store), **settings})
    with open_role_locator(config, Run(facts=lab.client_facts(), writes=writes)) as one:
        yield one


def locate(lab: Lab, store: Path, *, writes: bool = True, **settings: object) -> RoleLocation:
    with locator(lab, store, writes=writes, **settings) as one:
        return one.locate(SUP)


def chosen(location: RoleLocation) -> str:
    return "" if location.chosen is None else location.chosen.name.partition(".")[0]


# --- software update points: asking for them ----------------------------------------------------------------------


@pytest.mark.rule("ML-004")
def test_update_point__is_asked_for_when_it_is_wanted(lab: Lab, tmp_path: Path) -> None:
    lab.journal.clear()
    location = locate(lab, tmp_path / "store.sqlite3")
    assert (chosen(location), location.outcome) == ("sup1", RoleOutcome.LOCATED)
    assert str(location.chosen and location.chosen.endpoint) == "http://sup1.corp.contoso.test:8530"
    assert len(lab.journal.entries("WSUSLocationRequest")) == 1
    assert not lab.journal.entries("SMS_SUS")
    assert location.assigned_site == "P01"


def test_update_point__another_place_another_one(tmp_path: Path) -> None:
    described = built_in_description()
    branch = described.client._replace(address=parse_address("127.45.20.42/24"))
    with Lab(described._replace(client=branch)) as other:
        location = locate(other, tmp_path / "store.sqlite3")
    assert (chosen(location), location.facts.ad_site) == ("sup2", "Branch")


@pytest.mark.rule("SU-001")
def test_update_point__in_use_is_kept_only_while_the_answer_names_it(lab: Lab, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    locate(lab, store)
    with_kept = locate(lab, store)
    assert with_kept.decision.ranked[0].rules == ("SU-008", "SU-001")
    gone = locate(lab, store, software_update_point="old.corp.contoso.test")
    assert chosen(gone) == "sup1"
    assert "not named any more" in gone.decision.notes[0]


@pytest.mark.rule("SU-001")
def test_update_point__in_use_is_kept_while_nobody_can_be_asked(lab: Lab, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    locate(lab, store)
    lab.set_fault("mp", None, "http-500")
    try:
        kept, new = locate(lab, store), locate(lab, tmp_path / "other.sqlite3")
    finally:
        lab.set_fault("mp", None, None)
        lab.set_fault("mp", "mp3", "refuse")
    assert (chosen(kept), kept.decision.ranked[0].rules) == ("sup1", ("SU-001",))
    said = kept.decision.ranked[0].reasons[0].text
    assert said == "in use, and kept for as long as it can be reached, and nobody could be asked"
    assert (new.outcome, new.sources[0].code) == (RoleOutcome.NOT_REACHABLE, "no-reachable-management-point")
    assert new.attempts


def test_update_point__a_management_point_that_answers_no_messages__the_next_one_is_asked(
    lab: Lab, tmp_path: Path
) -> None:
    lab.set_fault("mp", "mp2", "lying")
    try:
        location = locate(lab, tmp_path / "store.sqlite3", management_points="mp2.corp.contoso.test")
    finally:
        lab.set_fault("mp", "mp2", None)
    assert chosen(location) == "sup1"
    assert "mp1" in location.sources[0].detail or "mp5" in location.sources[0].detail


def test_update_point__what_if__leaves_the_store_alone(lab: Lab, tmp_path: Path) -> None:
    locate(lab, tmp_path / "store.sqlite3", writes=False)
    assert list(tmp_path.iterdir()) == []


def test_update_point__of_another_update_source__nobody(lab: Lab, tmp_path: Path) -> None:
    location = locate(lab, tmp_path / "store.sqlite3", update_source="{OTHER}")
    assert location.outcome is RoleOutcome.NOT_FOUND
    assert not [one for one in location.sources if one.code]
    settings = {"update_source": "{OTHER}", "software_update_point": "old.corp.contoso.test"}
    kept = locate(lab, tmp_path / "store.sqlite3", **settings)
    assert chosen(kept) == "old", "an empty answer may be to the wrong question"


# --- software update points: without asking -----------------------------------------------------------------------


def test_update_point__no_id_to_ask_with__nothing_is_sent_and_it_is_said() -> None:
    world = World()
    location = world.role_locator(site_code="ABC").locate(SUP)
    assert location.outcome is RoleOutcome.NOT_FOUND
    assert location.sources[0].found is None
    assert "update_source" in location.sources[0].detail
    assert not world.sent


@pytest.mark.rule("SU-008", "BG-006")
def test_update_point__by_data_and_by_settings() -> None:
    world = World()
    by_data = world.role_locator(data=DATA, offline=True).locate(SUP)
    assert (chosen(by_data), by_data.decision.rejected[0].rules) == ("sup1", ("BG-006",))
    assert world.store.load_update_point() is None, "what would be is not what is"
    assert by_data.decision.ranked[0].endpoints == ()
    given = world.role_locator(software_update_points="https://sup2.corp.test").locate(SUP)
    assert str(given.decision.ranked[0].endpoint) == "https://sup2.corp.test:8531"
    kept = world.store.load_update_point()
    assert kept is not None
    assert (kept.host, kept.scans) == (OTHER, ScanHistory())
    both = World().role_locator(data=DATA, offline=True, software_update_points="sup1.corp.test:80;sup2.corp.test")
    ranked = both.locate(SUP).decision.ranked
    assert [(one.name, str(one.endpoint)) for one in ranked] == [(SERVER, "http://sup1.corp.test")]
    assert not world.sent


def test_update_point__store_that_fails__is_noted_and_changes_nothing_else() -> None:
    world = World()

    def broken(*_: object) -> StoredUpdatePoint:
        raise StoreError("it is locked")

    world.store.load_update_point = broken  # type: ignore[method-assign]
    world.store.save_update_point = broken  # type: ignore[method-assign,assignment]
    location = world.role_locator(software_update_points="sup2.corp.test").locate(SUP)
    assert (chosen(location), location.notes) == ("sup2", ("store: it is locked", "store: it is locked"))


# --- state migration points ---------------------------------------------------------------------------------------


@pytest.mark.rule("BG-023", "SU-020")
def test_migration_point__by_data_alone() -> None:
    world = World()
    location = world.role_locator(data=DATA, offline=True).locate(SMP)
    assert (chosen(location), location.decision.rejected[0].rules) == ("sup1", ("BG-023",))
    world.facts = JOINED._replace(adapters=(JOINED.adapters[0]._replace(addresses=(parse_address("10.9.9.9/24"),)),))
    assert world.role_locator(data=DATA, offline=True).locate(SMP).outcome is RoleOutcome.NOT_ELIGIBLE
    without = world.role_locator().locate(SMP)
    assert (without.outcome, without.sources[0].found) == (RoleOutcome.NOT_FOUND, None)
    assert not world.sent


# --- fallback status points ---------------------------------------------------------------------------------------


def published(world: World) -> None:
    mp = ManagementPoint(HostName("mp1.corp.test"), ABC, protocols=Protocols.HTTP)
    said = OperationalSettings(fallback_status_points=(HostName("fsp9.corp.test"),))
    entry = management_point_entry(mp, domain=CORP, capabilities=build_operational_settings(said))
    world.entries["mssmsmanagementpoint"] = [entry]


@pytest.mark.rule("FS-007", "FS-004")
def test_status_point__the_directory_is_asked_only_when_nobody_else_names_one() -> None:
    world = World()
    published(world)
    by_directory = world.role_locator(site_code="ABC").locate(FSP)
    assert str(by_directory.chosen and by_directory.chosen.endpoint) == "http://fsp9.corp.test"
    assert [line for line in world.asked if line.startswith("ldap")]
    world.asked.clear()
    given = world.role_locator(site_code="ABC", setup_line="FSP=fsp1.corp.test", fsp_port=8080).locate(FSP)
    assert str(given.chosen and given.chosen.endpoint) == "http://fsp1.corp.test:8080"
    assert not [line for line in world.asked if line.startswith("ldap")]
    assert not world.sent


def test_status_point__none__and_a_directory_that_does_not_answer() -> None:
    world = World()
    assert world.role_locator(site_code="ABC").locate(FSP).outcome is RoleOutcome.NOT_FOUND
    world.directory_error = StoreError("anything")
    assert world.role_locator(site_code="ABC").locate(FSP).outcome is RoleOutcome.NOT_REACHABLE
    assert world.role_locator(site_code="ABC", offline=True).locate(FSP).outcome is RoleOutcome.NOT_FOUND


@pytest.mark.rule("FS-006")
def test_status_point__on_the_internet__the_directory_is_not_asked() -> None:
    world = World(JOINED._replace(network_location=NetworkLocation.INTERNET))
    published(world)
    location = world.role_locator(site_code="ABC", network_location="internet").locate(FSP)
    assert location.outcome is RoleOutcome.NOT_FOUND
    assert [one.rule for one in location.sources if one.found is None] == ["FS-006"]
    assert not [line for line in world.asked if line.startswith("ldap")]
