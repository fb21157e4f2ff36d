"""What may be wrong with default site boundary groups."""

import re
from collections import defaultdict
from collections.abc import Iterator

from ..model.finding import Finding, Severity, Where
from ..model.groups import BoundaryGroup, Role
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from .survey import Survey, name_some

__all__ = ["check_defaults"]

_NAME = re.compile(r"default-site-boundary-group<([a-z0-9]{3})>", re.IGNORECASE)


def check_defaults(survey: Survey) -> Iterator[Finding]:
    """Check the default groups.

    Returns:
        Findings by kind, within it in the order of the data.
    """
    yield from _several_of_a_site(survey)
    yield from _misnamed(survey)
    yield from _with_boundaries(survey)
    yield from _defaults_without_sup(survey)
    yield from _default_management_points(survey)


@decides("BG-040")
def _several_of_a_site(survey: Survey) -> Iterator[Finding]:
    by_site: dict[SiteCode, list[BoundaryGroup]] = defaultdict(list)
    for group in survey.defaults:
        if group.default_of is not None:
            by_site[group.default_of].append(group)
    for site, groups in by_site.items():
        if len(groups) > 1:
            yield Finding(
                "default-not-the-only-one",
                Severity.WARNING,
                f"{name_some(group.name for group in groups)} are each the default group of site {site}, which has one",
                Where(groups=tuple(group.id for group in groups), sites=(site,)),
                "correct the site of one, or put their servers into one",
                "BG-040",
            )


@decides("BG-040")
def _misnamed(survey: Survey) -> Iterator[Finding]:
    """Groups whose name says that they are the default group of a site, and whose data says something else."""
    for group in survey.data.groups:
        named = _NAME.fullmatch(group.name.strip())
        if named is None or named[1].upper() == group.default_of:
            continue
        said = "no default group" if group.default_of is None else f"that of site {group.default_of}"
        yield Finding(
            "default-name-of-another",
            Severity.WARNING,
            f"{group.name} is named as the default group of site {named[1].upper()}, and is {said} by its data",
            Where(groups=(group.id,), sites=() if group.default_of is None else (group.default_of,)),
            "correct the name or the site that it is the default group of",
            "BG-040",
        )


@decides("BG-042")
def _with_boundaries(survey: Survey) -> Iterator[Finding]:
    """Default groups are for clients in no group: boundaries take these out of the others' reach."""
    for group in survey.defaults:
        if group.boundaries:
            held = "1 boundary" if len(group.boundaries) == 1 else f"{len(group.boundaries):,} boundaries"
            yield Finding(
                "default-with-boundaries",
                Severity.WARNING,
                f"{group.name} is a default group and has {held}; clients get to it because no group holds them",
                Where(groups=(group.id,)),
                "put the boundaries into a group of their own",
                "BG-042",
            )


def _defaults_without_sup(survey: Survey) -> Iterator[Finding]:
    role = Role.SOFTWARE_UPDATE_POINT
    if not any(role in server.roles for server in survey.data.servers):
        return
    for group in survey.defaults:
        if not survey.usable(group, role):
            yield Finding(
                "default-without-sup",
                Severity.NOTICE,
                f"{group.name} has no software update point, so a client in no group finds none",
                Where(groups=(group.id,)),
                "add one to it; a new site does not do that by itself",
                "BG-045",
            )


def _default_management_points(survey: Survey) -> Iterator[Finding]:
    """What management points of a default group do to the list of a client."""
    for group in survey.defaults:
        points = [host for host in group.servers if survey.has_role(host, Role.MANAGEMENT_POINT)]
        joining = [host for host in points if _joins_by_content(survey, group, host)]
        silent = [host for host in points if host not in joining]
        if joining:
            yield Finding(
                "default-mp-joins",
                Severity.NOTICE,
                f"{name_some(joining)} of {group.name}: management point and fallback distribution point on one server;"
                " clients that may fall back to the one get the other too",
                Where(groups=(group.id,), servers=tuple(joining)),
                "nothing, if these management points may be used from everywhere",
                "ML-026",
            )
        if silent:
            yield Finding(
                "default-mp-without-effect",
                Severity.NOTICE,
                f"{name_some(silent)} of {group.name}: referencing a management point there neither adds it to the list"
                " that clients get nor takes it out",
                Where(groups=(group.id,), servers=tuple(silent)),
                "reference it in a group that has boundaries if it should be preferred there",
                "ML-027",
            )


@decides("ML-026", "ML-027")
def _joins_by_content(survey: Survey, default: BoundaryGroup, host: HostName) -> bool:
    """Whether a management point of a default group is on a distribution point that may be fallen back to."""
    if not survey.has_role(host, Role.DISTRIBUTION_POINT):
        return False
    return default.default_times.dp is not None or default.id in survey.content_fallbacks
