"""Locate the state migration point of a client: by data of the site alone."""

from .model.groups import SiteData
from .model.http import Deadline
from .model.roles import RoleLocation, RoleOrigin, RoleSource
from .role_tools import RoleTools
from .rules.migration_point_choice import judge_migration_points

__all__ = ["locate_migration_point"]


def locate_migration_point(tools: RoleTools, deadline: Deadline) -> RoleLocation:
    """Judge those of the data; no message for it is known.

    Args:
        tools: What to work with.
        deadline: The end of waiting.

    Raises:
        FactsError: The machine could not be asked at all.
        InvalidValueError: A boundary of the data cannot be of its kind.
    """
    facts = tools.read_facts(deadline)
    site, data = tools.site_of(facts), tools.data or SiteData()
    decision = judge_migration_points(data, tools.groups_of(facts), assigned_site=site, chooser=tools.world.chooser)
    found = len(decision.ranked) + len(decision.rejected)
    why = "servers of the data" if tools.data else "no message for it is known; give boundary data with --data"
    source = RoleSource(RoleOrigin.SITE_DATA, found if tools.data else None, "SU-020", why)
    return RoleLocation(decision, facts, site, (source,))
