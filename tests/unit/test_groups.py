"""Boundary groups are for assignment, for looking up servers, for both or for neither."""

import pytest

from cmclient.model.groups import BoundaryGroup, Role, SiteData, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.groups import find_assigned_sites
from cmclient.rules.pools import build_pool

ABC, XYZ, DP = SiteCode("ABC"), SiteCode("XYZ"), HostName("dp.corp.test")


@pytest.mark.rule("BG-003")
@pytest.mark.parametrize("assigned_site", [ABC, None], ids=["for assignment", "not for assignment"])
@pytest.mark.parametrize("servers", [(DP,), ()], ids=["for looking up", "not for looking up"])
def test_purposes_of_a_group__each_is_on_or_off(assigned_site: SiteCode | None, servers: tuple[HostName, ...]) -> None:
    group = BoundaryGroup("A", "A", servers=servers, assigned_site=assigned_site)
    data = SiteData(groups=(group,), servers=(SiteServer(DP, frozenset({Role.DISTRIBUTION_POINT})),))
    assert find_assigned_sites([group]) == ((ABC,) if assigned_site else ())
    pool = build_pool(data, [group], Role.DISTRIBUTION_POINT, assigned_site=ABC)
    assert tuple(entry.host for entry in pool) == servers


def test_several_groups__each_site_once() -> None:
    groups = [BoundaryGroup(name, name, assigned_site=site) for name, site in (("A", XYZ), ("B", ABC), ("C", XYZ))]
    assert find_assigned_sites(groups) == (ABC, XYZ)
    assert find_assigned_sites([]) == ()
