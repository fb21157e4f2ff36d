"""Locate the fallback status point of a client."""

from collections.abc import Iterable

from .model.decision import Policy, SourceKind
from .model.facts import NetworkFacts, NetworkLocation
from .model.http import Deadline
from .model.names import HostName, SiteCode
from .model.roles import RoleLocation, RoleOrigin, RoleSource
from .reporting import fsp_names
from .role_tools import RoleTools
from .rules.fsp import choose_fsp, find_reporting
from .rules.status_point_choice import judge_status_points, named_status_points

__all__ = ["locate_status_point"]

_NAME_IT = "name it: --set fsp=HOST, or FSP=HOST in the setup line"


def locate_status_point(tools: RoleTools, deadline: Deadline) -> RoleLocation:
    """By settings, an installed client, else the directory, which is not asked when somebody else names one.

    Args:
        tools: What to work with.
        deadline: The end of waiting.

    Raises:
        FactsError: The machine could not be asked at all.
    """
    facts = tools.read_facts(deadline)
    site = tools.site_of(facts)
    names = fsp_names(tools.config)
    origins = tools.config.origins
    given, installed = (names.given, names.internet), (facts.fsp, facts.intranet_fsp)
    said = f"fsp: {origins.get('fsp', '')}; internet_fsp: {origins.get('internet_fsp', '')}"
    where = facts.origins.get("fsp", "none known")
    sources = [
        RoleSource(RoleOrigin.SETTINGS, _count(given), "FS-007", said),
        RoleSource(RoleOrigin.INSTALLED_CLIENT, _count(installed), "FS-007", where),
    ]
    if not named_status_points(facts, names) and not tools.offline:
        host, source = _ask_directory(tools, facts, site, deadline)
        names, sources = names._replace(published=host), [*sources, source]
    reporting = find_reporting(facts, names, wish=True, what_if=False)
    named = named_status_points(facts, names)
    if not named:
        sources[-1] = sources[-1]._replace(hint=sources[-1].hint or _NAME_IT)
    decision = judge_status_points(reporting, named, facts, chooser=tools.world.chooser)
    return RoleLocation(decision, facts, site, tuple(sources))


def _ask_directory(
    tools: RoleTools, facts: NetworkFacts, site: SiteCode | None, deadline: Deadline
) -> tuple[HostName | None, RoleSource]:
    if facts.network_location is NetworkLocation.INTERNET:
        why = "on the internet the directory is not asked"
        return None, RoleSource(RoleOrigin.DIRECTORY, None, "FS-006", why)
    found = tools.sources.ask(SourceKind.DIRECTORY, "FS-007", facts, Policy(assigned_site=site), deadline)
    host = found.published and choose_fsp(found.published.fallback_status_points, site)
    said = found.report
    count = _count([host]) if said.asked else None
    return host, RoleSource(RoleOrigin.DIRECTORY, count, said.rule, said.detail, said.code, said.hint)


def _count(names: Iterable[HostName | None]) -> int:
    return len({name for name in names if name is not None})
