"""Where a client of CM 2007 stands: the site that it is assigned to by those rules, and the policy that follows."""

from .config import ClientConfig
from .discover import Published
from .model.assignment import AssignmentDecision
from .model.legacy import LegacyPolicy, SiteMode
from .model.names import HostName, SiteCode
from .rules.certificates import find_https_ability
from .rules.legacy_assignment import (
    LEGACY_BUILD,
    assign_legacy_site,
    find_mode,
    find_remote_sites,
    match_in_order,
    site_builds,
)
from .rules.legacy_sources import is_locator_barred
from .standing import Clues, Standing, find_standing

__all__ = ["find_legacy_standing"]


def find_legacy_standing(clues: Clues) -> Standing:
    """Work out where a client of CM 2007 stands.

    The site is assigned first, by its own rules. Everything that follows from an assigned site is as it is for any
    client that has one.
    """
    config, assignment = clues.config, _assign(clues)
    standing = _of_site(assignment.site, clues)
    policy = standing.policy._replace(
        assigned_mp=None,  # the default management point is looked up each time, and may have moved
        may_use_http=config.allow_http,
        http_reason="" if config.allow_http else "allow_http is off",
        client_build=_build_of(config),
        profile=config.profile,
        legacy=_legacy_policy(clues, assignment),
        use_gateways=False,  # that product knew none
    )
    return standing._replace(assignment=assignment, policy=policy)


def _assign(clues: Clues) -> AssignmentDecision:
    config, facts, kept, seen = clues.config, clues.facts, clues.kept, clues.published or Published()
    given_mode, _ = _mode_of(config.site_code, clues)
    barred = is_locator_barred(given_mode, http_for_roaming=config.cm07_http_roaming)
    return assign_legacy_site(
        given=config.site_code,
        kept=facts.assigned_site or (kept.site if kept else None),
        matches=match_in_order(facts, seen.sites, seen.ranges),
        builds=site_builds(seen.sites, clues.candidates),
        client_build=_build_of(config),
        location=facts.network_location,
        locator_point=None if barred else _locator_point(clues),
    )


def _legacy_policy(clues: Clues, assignment: AssignmentDecision) -> LegacyPolicy:
    config, facts, seen = clues.config, clues.facts, clues.published or Published()
    mode, mode_reason = _mode_of(assignment.site, clues)
    return LegacyPolicy(
        mode=mode,
        mode_reason=mode_reason,
        http_for_roaming=config.cm07_http_roaming,
        default_kind=config.cm07_default_mp,
        internet_mp=None if facts.internet_mp is None else facts.internet_mp.host,
        locator_point=_locator_point(clues),
        remote_sites=find_remote_sites(facts, seen.sites, seen.ranges, config.cm07_slow_boundaries),
        unassigned="" if assignment.site is not None else assignment.reason.text,
    )


def _mode_of(site: SiteCode | None, clues: Clues) -> tuple[SiteMode, str]:
    config = clues.config
    can_use_https, _ = find_https_ability(use_pki_cert=config.use_pki_cert, certificate=clues.certificate)
    return find_mode(config.cm07_mode, clues.candidates, site, can_use_https=can_use_https)


def _locator_point(clues: Clues) -> HostName | None:
    published = () if clues.published is None else clues.published.locator_points
    return clues.config.cm07_locator_point or next(iter(published), None)


def _build_of(config: ClientConfig) -> int:
    return LEGACY_BUILD if config.origins["client_build"] == "default" else config.client_build


def _of_site(site: SiteCode | None, clues: Clues) -> Standing:
    """Where a client stands that was assigned to this site before; to none, if it is."""
    kept = clues.kept
    return find_standing(
        clues._replace(
            config=clues.config._replace(site_code=None),
            facts=clues.facts._replace(assigned_site=site),
            kept=kept if kept is not None and kept.site == site else None,
            published=clues.published if site is not None else None,
        )
    )
