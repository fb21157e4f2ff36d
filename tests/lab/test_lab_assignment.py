"""Clients of the lab that are assigned by its boundary groups, and what becomes of them when those change."""

from pathlib import Path

import pytest

from cmclient.assemble import Run, open_locator
from cmclient.config import load_config
from cmclient.lab import Lab, LabDescription, Role, built_in_description
from cmclient.model.names import HostName, SiteCode

P01, P02 = SiteCode("P01"), SiteCode("P02")


def described(assigned: SiteCode) -> LabDescription:
    """Two primary sites, with headquarters assigned to one of them."""
    lab = built_in_description()
    second = lab.sites[0]._replace(code=P02)
    mp = lab.systems_of(Role.MP)[1]._replace(host=HostName("mp9.corp.contoso.test"), site=P02)
    return lab._replace(
        client=lab.client._replace(site_code=None),
        sites=(*lab.sites, second),
        systems=(*lab.systems, mp),
        groups=tuple(one._replace(assigned_site=assigned) if one.name == "Headquarters" else one for one in lab.groups),
        addresses={**lab.addresses, mp.host: "127.45.1.9"},
    )


def assigned_site(lab: Lab, store: Path) -> SiteCode | None:
    with open_locator(
        load_config(overrides={**lab.settings(), "store": str(store)}), Run(facts=lab.client_facts())
    ) as one:
        return one.locate().decision.policy.assigned_site


@pytest.mark.rule("SA-013")
def test_another_assigned_site_of_a_group__is_for_those_who_are_assigned_afterwards(tmp_path: Path) -> None:
    with Lab(described(P01)) as before:
        assert assigned_site(before, tmp_path / "old.sqlite3") == P01
    with Lab(described(P02)) as after:
        assert assigned_site(after, tmp_path / "old.sqlite3") == P01
        assert assigned_site(after, tmp_path / "new.sqlite3") == P02
