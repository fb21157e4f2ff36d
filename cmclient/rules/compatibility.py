"""Whether a client may be assigned to a site by their versions, and where the site's settings come from then.

The first row that applies decides:

    situation                                              result         rule    state
    the client has a management point for the internet     skipped        SA-018
    the site's version is not known, and was asked for     failed         SA-016  608
    the site's version is not known yet                    not compared   SA-016
    the client's version is not known                      not compared   SA-016
    the client is newer than the site                      failed         SA-019  607
    the client is of an older product than the site        passed         SA-021
    otherwise                                              passed         SA-016

Versions are compared by their build numbers: what comes after (``1000`` in ``4.00.6221.1000``) has no say.
"""

from ..model.assignment import AssignmentWish, Compatibility, CompatibilityVerdict, KnownSite, SiteSource
from ..model.decision import Reason
from ..model.rule import decides
from .deployment_states import NEWER_CLIENT, NO_SITE_VERSION
from .eligibility import product_family

__all__ = ["find_settings_source", "judge_compatibility"]

_FIRST_2012_R2_BUILD = 7958

_SAID_BY = {
    SiteSource.DIRECTORY: "the directory",
    SiteSource.MANAGEMENT_POINT: "a management point",
    SiteSource.SITE_DATA: "the boundary data",
    SiteSource.SETTINGS: "given",
    SiteSource.STORE: "the store",
}


@decides("SA-016", "SA-018", "SA-019")
def judge_compatibility(wish: AssignmentWish, site: KnownSite, *, was_asked: bool) -> Compatibility:
    """Compare the versions of client and site; the table of this module, row by row.

    Args:
        wish: With the client's version.
        site: With the site's version, as far as it is known.
        was_asked: Whether the directory or a management point of the site was asked for it. Before that a version
            that is not known is no failure.
    """
    client, build = wish.client_build, site.build
    if wish.internet_mp is not None:
        text = f"versions are not compared: the client has the internet management point {wish.internet_mp}"
        return Compatibility(CompatibilityVerdict.SKIPPED, Reason("SA-018", text), client, build, site.source)
    if build is None:
        return _without_site_version(client, site, was_asked=was_asked)
    said = f"site {site.code} has {build} ({_SAID_BY[site.source or SiteSource.SETTINGS]})"
    if client is None:
        text = f"versions are not compared: {said}, and the client's own is not known: give --client-version"
        return Compatibility(CompatibilityVerdict.NOT_COMPARED, Reason("SA-016", text), None, build, site.source)
    verdict, reason, state = _compared(client, build, said)
    return Compatibility(verdict, reason, client, build, site.source, state)


def _without_site_version(client: int | None, site: KnownSite, *, was_asked: bool) -> Compatibility:
    if not was_asked:
        reason = Reason("SA-016", f"versions are not compared yet: nobody was asked for that of site {site.code}")
        return Compatibility(CompatibilityVerdict.NOT_COMPARED, reason, client)
    text = f"the version of site {site.code} is neither in the directory nor did a management point of it say it"
    return Compatibility(CompatibilityVerdict.FAILED, Reason("SA-016", text), client, state=NO_SITE_VERSION)


@decides("SA-019", "SA-020", "SA-021")
def _compared(client: int, build: int, said: str) -> tuple[CompatibilityVerdict, Reason, int | None]:
    if client > build:
        text = f"the client ({client}) is newer than the site: {said}"
        rule = "SA-019"
        if product_family(client) == "current branch" and build < _FIRST_2012_R2_BUILD:
            rule, text = "SA-020", f"{text}, which is older than 2012 R2: assign the client to another site by hand"
        return CompatibilityVerdict.FAILED, Reason(rule, text), NEWER_CLIENT
    if product_family(client) != product_family(build):
        text = f"the client ({client}) is of an older product: {said}; it is not managed until it is upgraded"
        return CompatibilityVerdict.PASSED, Reason("SA-021", text), None
    return CompatibilityVerdict.PASSED, Reason("SA-016", f"the client ({client}) is not newer: {said}"), None


@decides("CF-021")
def find_settings_source(compatibility: Compatibility | None) -> Reason:
    """Where the site's settings for its clients come from: the directory, a management point, or the installation.

    Args:
        compatibility: The comparison of versions; None when there was none.
    """
    source = None if compatibility is None else compatibility.source
    if source is SiteSource.DIRECTORY:
        return Reason("CF-021", "site settings come from the directory, which told the site's version")
    if source is SiteSource.MANAGEMENT_POINT:
        return Reason("CF-021", "site settings come from a management point, which told the site's version")
    return Reason("CF-021", "site settings come from the installation properties: nobody told the site's version")
