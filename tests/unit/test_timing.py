"""The table of constants against the catalogue, and the places that have a constant of their own."""

import re

import pytest

from cmclient.adapters.packagedata import read_catalogue
from cmclient.model.groups import FallbackTimes
from cmclient.rules import timing
from cmclient.rules.catalogue import parse_catalogue
from cmclient.rules.timing import Destination, ports_of
from cmclient.settings import SETTINGS

STATED = {rule.id: rule.constants for rule in parse_catalogue(read_catalogue())}
UNITS = {"h": 3600, "min": 60, "": 1}


def quantities(text: str) -> list[float]:
    """Numbers of a text in seconds; those without a unit as they are."""
    found = re.findall(r"(\d+)\s*(h\b|min\b|)", text)
    return [float(number) * UNITS[unit] for number, unit in found]


@pytest.mark.parametrize(
    ("rule", "constants"),
    [
        pytest.param(rule, constants, marks=pytest.mark.rule(rule))
        for rule, constants in {
            "TM-001": [timing.LOCATION_PERIOD],
            "TM-002": [timing.REFRESH_PERIOD],
            "TM-003": [timing.REFRESH_PERIOD],
            "TM-004": [timing.GATEWAY_NAMES_PERIOD],
            "TM-005": [timing.FAILURE_LIMIT, timing.FAILURE_WINDOW],
            "TM-007": [timing.ASSIGNMENT_RETRY],
            "TM-008": [timing.CONTENT_STALL],
            "TM-009": [60 * (FallbackTimes().dp or 0)],
            "TM-010": [60 * (FallbackTimes().mp or 0)],
            "TM-011": [timing.SCAN_STAY],
            "TM-012": [timing.SCAN_INTERVAL, timing.SCAN_FAILURES, timing.SCAN_SETTLE],
            "TM-013": [timing.EARLY_CONTENT_RETRY],
            "TM-014": [timing.SETUP_POINT_WAIT],
            "TM-015": [timing.SETUP_CLOUD_WAIT],
            "TM-016": [timing.SETUP_RETRY],
            "TM-017": [timing.SETUP_DOWNLOAD_LIMIT],
            "TM-021": [timing.STATE_MESSAGE_CYCLE],
            "TM-028": [timing.CLOUD_TOKEN_VALIDITY],
        }.items()
    ],
)
def test_times__are_those_of_the_catalogue(rule: str, constants: list[float]) -> None:
    assert quantities(STATED[rule]) == constants


@pytest.mark.parametrize(
    ("setting", "constant"),
    [
        ("content_stall", timing.CONTENT_STALL),
        ("setup_retry", timing.SETUP_RETRY),
        ("setup_timeout", timing.SETUP_DOWNLOAD_LIMIT),
    ],
)
def test_times__defaults_of_settings_are_those_of_the_table(setting: str, constant: float) -> None:
    assert next(one.default for one in SETTINGS if one.name == setting) == constant


def test_times__fallback_defaults_of_update_points_are_those_of_distribution_points() -> None:
    assert FallbackTimes().sup == FallbackTimes().dp


@pytest.mark.parametrize(
    ("destination", "rule"),
    [
        pytest.param(destination, rules[0], marks=pytest.mark.rule(*rules))
        for destination, rules in {
            Destination.MANAGEMENT_POINT: ("PT-001", "CF-017"),
            Destination.DISTRIBUTION_POINT: ("PT-003",),
            Destination.FALLBACK_STATUS_POINT: ("PT-007", "FS-004"),
            Destination.GLOBAL_CATALOG: ("PT-008",),
            Destination.SOFTWARE_UPDATE_POINT: ("PT-009",),
            Destination.STATE_MIGRATION_POINT: ("PT-010", "SU-021"),
            Destination.CLOUD_MANAGEMENT_GATEWAY: ("PT-011",),
            Destination.CLOUD_CONTENT: ("PT-012",),
            Destination.PEER: ("PT-013",),
            Destination.SOURCE_SHARE: ("PT-016",),
            Destination.ENROLLMENT_PROXY_POINT: ("PT-017",),
        }.items()
    ],
)
def test_ports__are_those_of_the_catalogue(destination: Destination, rule: str) -> None:
    ports = ports_of(destination)
    assert [*ports.http, *ports.https, *ports.other] == quantities(STATED[rule])


@pytest.mark.parametrize("destination", Destination)
def test_ports__every_destination_has_some(destination: Destination) -> None:
    assert any(ports_of(destination))


@pytest.mark.rule("FS-004", "PT-011", "PT-012", "PT-017")
@pytest.mark.parametrize(
    ("destination", "http", "https"),
    [
        (Destination.FALLBACK_STATUS_POINT, True, False),
        (Destination.CLOUD_MANAGEMENT_GATEWAY, False, True),
        (Destination.CLOUD_CONTENT, False, True),
        (Destination.ENROLLMENT_PROXY_POINT, False, True),
        (Destination.MANAGEMENT_POINT, True, True),
    ],
)
def test_protocols__a_fallback_status_point_takes_http_only_and_what_is_outside_https_only(
    destination: Destination,
    http: bool,  # noqa: FBT001
    https: bool,  # noqa: FBT001
) -> None:
    ports = ports_of(destination)
    assert (bool(ports.http), bool(ports.https)) == (http, https)
