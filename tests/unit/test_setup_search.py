"""Where client setup looks for its files: the table of two parameters, its limits, and what is said besides."""

import pytest

from cmclient.model.client_setup import SetupSearch
from cmclient.model.endpoints import ManagementPoint
from cmclient.model.facts import ClientKind, NetworkLocation
from cmclient.protocol.mpentry import parse_mp_entry
from cmclient.rules.setup_search import find_setup_bar, next_try, note_setup_points, plan_setup_search

ONE, TWO = parse_mp_entry("mp1.contoso.com"), parse_mp_entry("https://mp2.contoso.com")
SHARE, FOLDER = r"\\files\client", "/media/client"


@pytest.mark.parametrize(
    ("given", "paths", "search"),
    [
        pytest.param((), (), SetupSearch.DISCOVER, marks=pytest.mark.rule("CI-001"), id="neither"),
        pytest.param((), (SHARE,), SetupSearch.NONE, marks=pytest.mark.rule("CI-002"), id="folder only"),
        pytest.param(
            (ONE,), (), SetupSearch.GIVEN_THEN_DISCOVER, marks=pytest.mark.rule("CI-008"), id="management point only"
        ),
        pytest.param((ONE,), (SHARE,), SetupSearch.GIVEN_THEN_DISCOVER, marks=pytest.mark.rule("CI-004"), id="both"),
    ],
)
def test_two_parameters_decide_who_is_asked(
    given: tuple[ManagementPoint, ...], paths: tuple[str, ...], search: SetupSearch
) -> None:
    plan = plan_setup_search(given, paths, retry=600, timeout=86_400)
    assert (plan.search, plan.given, plan.paths) == (search, given, paths)


@pytest.mark.rule("CI-006", "CI-007")
def test_the_order_of_the_line_is_kept() -> None:
    plan = plan_setup_search((TWO, ONE), (SHARE, FOLDER, SHARE), retry=600, timeout=86_400)
    assert plan.given == (TWO, ONE)
    assert plan.paths == (SHARE, FOLDER)


@pytest.mark.rule("CI-015")
@pytest.mark.parametrize(("retry", "timeout", "pause"), [(600, 86_400, 600), (60, 60, 60), (601, 600, 600)])
def test_no_pause_is_longer_than_the_whole_time(retry: float, timeout: float, pause: float) -> None:
    plan = plan_setup_search((), (), retry=retry, timeout=timeout)
    assert (plan.retry, plan.timeout) == (pause, timeout)


@pytest.mark.rule("CI-026")
@pytest.mark.parametrize(
    ("kind", "given", "is_barred"),
    [
        (ClientKind.WINDOWS, (), False),
        (ClientKind.MAC, (), True),
        (ClientKind.MOBILE, (), True),
        (ClientKind.MAC, (ONE,), False),
    ],
)
def test_only_a_windows_client_is_installed_from_a_folder_alone(
    kind: ClientKind,
    given: tuple[ManagementPoint, ...],
    *,
    is_barred: bool,
) -> None:
    plan = plan_setup_search(given, (SHARE,), retry=600, timeout=86_400)
    bar = find_setup_bar(plan, kind, NetworkLocation.INTRANET, gateway=False)
    assert (bar is not None and bar.rule == "CI-026") is is_barred


@pytest.mark.rule("CI-023")
@pytest.mark.parametrize(
    ("location", "paths", "gateway", "is_barred"),
    [
        (NetworkLocation.INTERNET, (), False, True),
        (NetworkLocation.INTERNET, (SHARE,), False, False),
        (NetworkLocation.INTERNET, (), True, False),
        (NetworkLocation.INTRANET, (), False, False),
    ],
)
def test_setup_on_the_internet_needs_a_folder_or_a_gateway(
    location: NetworkLocation,
    paths: tuple[str, ...],
    *,
    gateway: bool,
    is_barred: bool,
) -> None:
    plan = plan_setup_search((ONE,), paths, retry=600, timeout=86_400)
    bar = find_setup_bar(plan, ClientKind.WINDOWS, location, gateway=gateway)
    assert (bar is not None and bar.rule == "CI-023") is is_barred


@pytest.mark.rule("CI-022")
@pytest.mark.parametrize(
    ("given", "pki", "exempt", "said"),
    [
        ((TWO,), False, False, True),
        ((TWO,), True, False, False),
        ((TWO,), False, True, False),
        ((ONE,), False, False, False),
    ],
)
def test_https_without_a_certificate_is_a_warning(
    given: tuple[ManagementPoint, ...],
    *,
    pki: bool,
    exempt: bool,
    said: bool,
) -> None:
    assert ("CI-022" in [one.rule for one in note_setup_points(given, pki=pki, exempt=exempt)]) is said


@pytest.mark.rule("CI-020")
@pytest.mark.parametrize(("entry", "said"), [("https://mp2", True), ("https://mp2.contoso.com", False), ("mp2", False)])
def test_an_https_server_is_named_in_full(entry: str, *, said: bool) -> None:
    notes = note_setup_points((parse_mp_entry(entry),), pki=True, exempt=False)
    assert ("CI-020" in [one.rule for one in notes]) is said


@pytest.mark.rule("CI-015", "CI-016")
@pytest.mark.parametrize(("asked_at", "following"), [(0, 600), (1199, 1799), (1200, None), (5000, None)])
def test_it_tries_again_until_its_time_is_over(asked_at: float, following: float | None) -> None:
    plan = plan_setup_search((), (), retry=600, timeout=1800)
    assert next_try(plan, asked_at) == following
