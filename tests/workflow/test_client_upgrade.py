"""An upgrade of the client without ``/mp``: any management point of the store or the directory will do."""

import pytest
from world import CORP, World, config

from cmclient.client_setup import SetupLocator
from cmclient.errors import LocateError
from cmclient.model.decision import Candidate, Location, Origin, SourceKind
from cmclient.model.endpoints import Locality, ManagementPoint, Protocols
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.directory_entries import management_point_entry

ABC = SiteCode("ABC")
NEAR = ManagementPoint(
    HostName("near.corp.test"), ABC, protocols=Protocols.HTTP, locality=Locality.CURRENT_GROUP, build=9106
)
FAR = NEAR._replace(host=HostName("far.corp.test"), locality=Locality.UNKNOWN)
STORED = Origin(SourceKind.STORED_LIST, "mp0")


def upgraded(world: World, seed: int = 1) -> Location:
    """How a management point was looked for; none of them has the files, so that all of it is told."""
    settings = config(site_code="ABC", contact="sequential")
    with pytest.raises(LocateError) as caught:
        SetupLocator(settings, world.ports(seed=seed)).locate()
    return caught.value.location


def with_stored(*points: ManagementPoint) -> World:
    world = World()
    world.store.replace_mp_list([Candidate(one, (STORED,)) for one in points])
    for one in points:
        world.serve(one, points, {})
    return world


@pytest.mark.rule("ML-032")
def test_upgrade__takes_any_stored_management_point_whatever_boundary_groups_say() -> None:
    first = {upgraded(with_stored(NEAR, FAR), seed).decision.ranked[0].name for seed in range(8)}
    assert first == {NEAR.host, FAR.host}
    registered = {
        with_stored(NEAR, FAR).locator(seed=seed, site_code="ABC").locate().decision.ranked[0].name for seed in range(8)
    }
    assert registered == {NEAR.host}


@pytest.mark.rule("ML-032")
def test_upgrade__asks_the_store_first_and_the_directory_where_nothing_is_stored() -> None:
    stored = upgraded(with_stored(FAR)).sources
    assert (stored[0].source, stored[0].asked, stored[0].found) == (SourceKind.STORED_LIST, True, 1)
    assert not [one for one in stored if one.source is SourceKind.DIRECTORY and one.asked]
    world = World()
    world.entries["mssmsmanagementpoint"] = [management_point_entry(NEAR, domain=CORP)]
    world.serve(NEAR, [NEAR], {})
    published = upgraded(world)
    assert {one.source: one.found for one in published.sources}[SourceKind.DIRECTORY] == 1
    assert published.chosen is not None
    assert published.chosen.name == NEAR.host
