"""Versions of client and site: the table of the module, and where site settings come from then."""

import pytest

from cmclient.model.assignment import (
    AssignmentWish,
    Compatibility,
    CompatibilityVerdict,
    KnownSite,
    SiteSource,
)
from cmclient.model.decision import Reason
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.compatibility import find_settings_source, judge_compatibility

ABC = SiteCode("ABC")
PASSED, SKIPPED = CompatibilityVerdict.PASSED, CompatibilityVerdict.SKIPPED
FAILED, NOT_COMPARED = CompatibilityVerdict.FAILED, CompatibilityVerdict.NOT_COMPARED
CMG = HostName("cmg.example.test")


def judge(
    client: int | None, site: int | None, *, was_asked: bool = True, cmg: HostName | None = None
) -> Compatibility:
    source = None if site is None else SiteSource.DIRECTORY
    wish = AssignmentWish(given=ABC, client_build=client, internet_mp=cmg)
    return judge_compatibility(wish, KnownSite(ABC, build=site, source=source), was_asked=was_asked)


@pytest.mark.parametrize(
    ("client", "site", "verdict", "rule", "state"),
    [
        pytest.param(9106, 9106, PASSED, "SA-016", None, marks=pytest.mark.rule("SA-016", "SA-019"), id="same"),
        pytest.param(9106, 9107, PASSED, "SA-016", None, marks=pytest.mark.rule("SA-019"), id="site newer"),
        pytest.param(9107, 9106, FAILED, "SA-019", 607, marks=pytest.mark.rule("SA-019"), id="client newer"),
        pytest.param(9106, 7958, FAILED, "SA-019", 607, marks=pytest.mark.rule("SA-020"), id="site of 2012 R2"),
        pytest.param(9106, 7957, FAILED, "SA-020", 607, marks=pytest.mark.rule("SA-020"), id="older than 2012 R2"),
        pytest.param(7958, 9106, PASSED, "SA-021", None, marks=pytest.mark.rule("SA-021"), id="client of 2012"),
        pytest.param(6487, 9106, PASSED, "SA-021", None, marks=pytest.mark.rule("SA-021"), id="client of 2007"),
        pytest.param(6221, 6221, PASSED, "SA-016", None, id="2007: what comes after the build has no say"),
        pytest.param(None, 9106, NOT_COMPARED, "SA-016", None, id="client not known"),
        pytest.param(9106, None, FAILED, "SA-016", 608, marks=pytest.mark.rule("SA-016"), id="site not known"),
        pytest.param(None, None, FAILED, "SA-016", 608, id="neither known"),
    ],
)
def test_versions(
    client: int | None, site: int | None, verdict: CompatibilityVerdict, rule: str, state: int | None
) -> None:
    found = judge(client, site)
    assert (found.verdict, found.reason.rule, found.state) == (verdict, rule, state)


@pytest.mark.rule("SA-016")
def test_site_not_known__is_no_failure_before_somebody_was_asked() -> None:
    assert judge(9106, None, was_asked=False).verdict is NOT_COMPARED
    assert judge(9106, None, was_asked=True).verdict is FAILED


@pytest.mark.rule("SA-018")
@pytest.mark.parametrize(("client", "site"), [(9107, 9106), (9106, None), (9106, 9106)])
def test_internet_management_point__skips_the_comparison(client: int, site: int | None) -> None:
    found = judge(client, site, cmg=CMG)
    assert (found.verdict, found.reason.rule, found.state) == (SKIPPED, "SA-018", None)
    assert judge(client, site).verdict is not SKIPPED


@pytest.mark.rule("CF-021")
@pytest.mark.parametrize(
    ("source", "says"),
    [
        (SiteSource.DIRECTORY, "directory"),
        (SiteSource.MANAGEMENT_POINT, "management point"),
        (SiteSource.SITE_DATA, "installation properties"),
        (None, "installation properties"),
    ],
)
def test_site_settings__directory_then_management_point_then_properties(source: SiteSource | None, says: str) -> None:
    compatibility = Compatibility(PASSED, Reason("SA-016", "fits"), 9106, 9106, source)
    assert says in find_settings_source(compatibility).text
    assert "installation properties" in find_settings_source(None).text
