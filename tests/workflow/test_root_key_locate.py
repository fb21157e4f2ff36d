"""The trusted root key in a locate: who is asked for it, who is not believed, what is kept."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from world import CORP, OTHER_KEY, ROOT_KEY, WORKGROUP, World, config, key_information

from cmclient.errors import (
    ConfigError,
    ConnectError,
    NoReachableManagementPointError,
    RootKeyBlockedError,
    RootKeyError,
)
from cmclient.model.directory import PublishedSite
from cmclient.model.endpoints import Endpoint, ManagementPoint, Protocols, Scheme
from cmclient.model.http import Deadline
from cmclient.model.names import HostName, SiteCode
from cmclient.model.rootkey import KeySource, KeyStanding, StoredRootKey, TrustedRootKey
from cmclient.mpclient import ManagementPointClient
from cmclient.protocol.directory_entries import management_point_entry, site_entry
from cmclient.protocol.saved import build_location
from cmclient.protocol.trustkeys import MP_KEY_INFORMATION_PATH
from cmclient.rootkeys import RootKeys
from cmclient.rules.rootkey import key_fingerprint

ABC = SiteCode("ABC")
MP1 = ManagementPoint(HostName("mp1.corp.test"), ABC, protocols=Protocols.HTTP, build=9106)
MP2 = MP1._replace(host=HostName("mp2.corp.test"))
BOTH = "SMSMPLIST=mp1.corp.test;mp2.corp.test SMSSITECODE=ABC"
ONE = {"site_code": "ABC", "management_points": "mp1.corp.test"}


def world_of(*points: ManagementPoint, joined: bool = False) -> World:
    world = World() if joined else World(WORKGROUP)
    for mp in points:
        world.serve(mp, points, {"ABC": points})
    return world


def shows(world: World, mp: ManagementPoint, answer: Any) -> None:
    world.answers[f"http://{mp.host}{MP_KEY_INFORMATION_PATH}"] = answer


def keep(world: World, key: TrustedRootKey, source: KeySource = KeySource.MANAGEMENT_POINT) -> None:
    stored = StoredRootKey(key.text, source, "mp0", datetime(2026, 11, 1, tzinfo=UTC))
    world.store.keep_root_key(stored, replaces=True)


def kept(world: World) -> str | None:
    stored = world.store.load_root_key()
    return None if stored is None else stored.blob


def asked(world: World, mp: ManagementPoint = MP1) -> list[str]:
    start = f"http://{mp.host}/SMS_MP/.sms_aut?"
    return [url.removeprefix(start) for url in world.contacted() if url.startswith(start)]


@pytest.mark.rule("TR-052")
def test_none_known__that_of_the_first_management_point_is_taken_and_kept() -> None:
    world = world_of(MP1)
    location = world.locator(**ONE).locate()
    assert asked(world) == ["MPLIST", "MPKEYINFORMATION", "MPLIST1&ABC"]
    assert kept(world) == ROOT_KEY.text
    assert location.root_key is not None
    assert (location.root_key.standing, location.root_key.source) == (KeyStanding.KNOWN, KeySource.MANAGEMENT_POINT)
    assert location.root_key.fingerprint == key_fingerprint(ROOT_KEY)


@pytest.mark.rule("TR-052", "TR-054")
def test_taken_once__the_next_run_compares_and_asks_nothing_of_another() -> None:
    world = world_of(MP1)
    world.locator(**ONE).locate()
    shows(world, MP1, key_information(OTHER_KEY))
    world.asked.clear()
    with pytest.raises(RootKeyBlockedError) as caught:
        world.locator(**ONE).locate()
    assert asked(world) == ["MPKEYINFORMATION"], "and not its list"
    assert kept(world) == ROOT_KEY.text
    assert caught.value.location.root_key.standing is KeyStanding.BLOCKED
    assert "RESETKEYINFORMATION=TRUE" in caught.value.hint


@pytest.mark.rule("TR-057")
def test_known__another_management_point_that_shows_it_is_used_instead() -> None:
    world = world_of(MP1, MP2)
    keep(world, ROOT_KEY)
    shows(world, MP1, key_information(OTHER_KEY))
    location = world.locator(setup_line=BOTH, contact="sequential").locate()
    assert location.management_point.host == MP2.host
    assert {one.code for one in location.attempts if one.endpoint.host == MP1.host} <= {"root-key"}
    assert "MPLIST" not in asked(world, MP1)
    assert location.root_key is not None
    assert location.root_key.standing is KeyStanding.KNOWN


@pytest.mark.rule("TR-054")
@pytest.mark.parametrize(
    "answer", [500, 404, b"<html>", b"<MPKEYINFORMATION/>"], ids=["500", "404", "a page", "no key"]
)
def test_known__whoever_shows_none_is_not_believed_either(answer: object) -> None:
    world = world_of(MP1)
    keep(world, ROOT_KEY)
    shows(world, MP1, answer)
    with pytest.raises(RootKeyBlockedError):
        world.locator(**ONE).locate()
    assert asked(world) == ["MPKEYINFORMATION"]


def test_known__one_that_is_down_is_down_and_not_blocked() -> None:
    world = world_of(MP1)
    keep(world, ROOT_KEY)
    shows(world, MP1, ConnectError("connection refused"))
    with pytest.raises(NoReachableManagementPointError):
        world.locator(**ONE).locate()


def test_none_known__one_that_shows_none_is_used_all_the_same() -> None:
    world = world_of(MP1)
    shows(world, MP1, 500)
    location = world.locator(**ONE).locate()
    assert location.management_point.host == MP1.host
    assert kept(world) is None
    assert location.root_key is not None
    assert location.root_key.standing is KeyStanding.FIRST_USE


@pytest.mark.rule("TR-055")
def test_reset__the_kept_one_is_forgotten_and_none_is_taken_from_a_management_point() -> None:
    world = world_of(MP1)
    keep(world, OTHER_KEY)
    line = "SMSMP=mp1.corp.test SMSSITECODE=ABC RESETKEYINFORMATION=TRUE"
    location = world.locator(setup_line=line).locate()
    assert (kept(world), asked(world)) == (None, ["MPLIST", "MPLIST1&ABC"])
    assert location.root_key is not None
    assert location.root_key.standing is KeyStanding.RESET


@pytest.mark.rule("TR-055", "TR-056")
def test_reset_with_a_new_key__that_one_is_kept() -> None:
    world = world_of(MP1)
    keep(world, OTHER_KEY)
    line = f"SMSMP=mp1.corp.test SMSSITECODE=ABC RESETKEYINFORMATION=TRUE SMSPublicRootKey={ROOT_KEY.text}"
    world.locator(setup_line=line).locate()
    assert kept(world) == ROOT_KEY.text


@pytest.mark.rule("TR-056")
@pytest.mark.parametrize("https", [False, True])
def test_given__is_kept_by_a_client_of_either_protocol(https: bool) -> None:  # noqa: FBT001
    point = MP1._replace(protocols=Protocols.HTTPS if https else Protocols.HTTP)
    world = world_of(point)
    line = f"SMSMP={'https://' if https else ''}mp1.corp.test SMSSITECODE=ABC SMSPublicRootKey={ROOT_KEY.text}"
    world.locator(setup_line=line, https=https).locate()
    assert kept(world) == ROOT_KEY.text
    assert ("MPKEYINFORMATION" in " ".join(world.contacted())) is not https


@pytest.mark.rule("TR-053")
@pytest.mark.parametrize("https", [False, True])
def test_https__no_root_key_is_asked_for_and_a_wrong_one_blocks_nobody(https: bool) -> None:  # noqa: FBT001
    point = MP1._replace(protocols=Protocols.HTTPS if https else Protocols.HTTP)
    world = world_of(point)
    keep(world, OTHER_KEY)
    locator = world.locator(https=https, site_code="ABC", management_points=f"http{'s' * https}://mp1.corp.test")
    if https:
        location = locator.locate()
        assert location.management_point.host == MP1.host
        assert location.root_key is not None
        assert location.root_key.reasons[-1].rule == "TR-053"
        assert not [url for url in world.contacted() if "MPKEYINFORMATION" in url]
    else:
        with pytest.raises(RootKeyBlockedError):
            locator.locate()


@pytest.mark.rule("AD-027", "TR-051")
@pytest.mark.parametrize("published", [True, False])
def test_directory__its_key_is_believed_and_takes_the_place_of_a_kept_one(published: bool) -> None:  # noqa: FBT001
    """A management point that the directory does not name has to show the directory's key."""
    world = world_of(MP1, joined=True)
    keep(world, OTHER_KEY)
    site = PublishedSite(ABC, root_keys=(ROOT_KEY,) if published else ())
    world.entries["mssmssite"] = [site_entry(site, domain=CORP)]
    if published:
        location = world.locator(**ONE).locate()
        assert location.root_key is not None
        assert location.root_key.source is KeySource.DIRECTORY
        assert kept(world) == ROOT_KEY.text
    else:
        with pytest.raises(RootKeyBlockedError):
            world.locator(**ONE).locate()
        assert kept(world) == OTHER_KEY.text


@pytest.mark.rule("TR-057")
@pytest.mark.parametrize("named", [True, False])
def test_directory__whom_it_names_need_show_no_key(named: bool) -> None:  # noqa: FBT001
    world = world_of(MP1, joined=True)
    keep(world, ROOT_KEY)
    world.entries["mssmsmanagementpoint"] = [management_point_entry(MP1 if named else MP2, domain=CORP)]
    location = world.locator(**ONE).locate()
    assert ("MPKEYINFORMATION" in asked(world)) is not named
    assert location.root_key is not None
    assert location.root_key.reasons[-1].rule == "TR-057"


def test_file_that_nobody_has_read__is_not_taken_for_no_key() -> None:
    with pytest.raises(ConfigError, match="was not read"):
        world_of(MP1).locator(**ONE, trusted_root_key_file="trk.txt").locate()


def test_document__says_what_was_decided() -> None:
    world = world_of(MP1)
    document = json.loads(json.dumps(build_location(world.locator(**ONE).locate())))
    said = document["root_key"]
    assert (said["standing"], said["source"]) == ("known", "management-point")
    assert [one["rule"] for one in said["reasons"]] == ["TR-052"]


@pytest.mark.rule("TR-052", "TR-054")
@pytest.mark.parametrize("shown", [ROOT_KEY, OTHER_KEY])
def test_taken_in_this_run__the_next_one_has_to_show_it_too(shown: TrustedRootKey) -> None:
    world = world_of(MP1, MP2)
    shows(world, MP2, key_information(shown))
    keys = RootKeys(config(), world.store, ManagementPointClient(world, world.clock), world.clock, None)
    first, second = (Endpoint(Scheme.HTTP, mp.host, 80) for mp in (MP1, MP2))
    deadline = Deadline.after(5.0, world.clock.monotonic)
    assert len(keys.learn(first, deadline, is_published=False)) == 1
    assert keys.learn(second, deadline, is_published=False) == (), "there is one first"
    if shown == ROOT_KEY:
        keys.check(second, deadline, None, is_published=False)
    else:
        with pytest.raises(RootKeyError) as caught:
            keys.check(second, deadline, None, is_published=False)
        assert caught.value.shown == key_fingerprint(OTHER_KEY)
