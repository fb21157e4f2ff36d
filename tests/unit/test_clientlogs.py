"""Which log is of what, where logs are, and what a full one is called."""

import pytest

from cmclient.rules.clientlogs import find_client_log, group_parts, log_folders, parse_log_name

TABLE = [
    ("LG-001", "LocationServices", "finding management points"),
    ("LG-002", "ClientLocation", "site assignment"),
    ("LG-003", "LocationCache", "location cache"),
    ("LG-004", "CcmMessaging", "between the client and management points"),
    ("LG-005", "ClientIDManagerStartup", "registration"),
    ("LG-006", "ClientAuth", "signing and authentication"),
    ("LG-007", "FSPStateMessage", "fallback status point"),
    ("LG-009", "CAS", "access to content"),
    ("LG-010", "ContentTransferManager", "scheduling"),
    ("LG-011", "DataTransferService", "transfers of policy and content"),
    ("LG-008", "StateMessageProvider", "to the management point"),
    ("LG-008", "StateMessage", "to the management point"),
    ("LG-012", "InternetProxy", "proxy settings"),
    ("LG-013", "CertificateMaintenance", "directory and management points"),
    ("LG-015", "CcmAad", "tokens"),
    ("LG-015", "ADALOperationProvider", "tokens"),
    ("LG-026", "smsts", "order of their sources"),
]


@pytest.mark.parametrize(
    ("name", "purpose"), [pytest.param(name, purpose, marks=pytest.mark.rule(rule)) for rule, name, purpose in TABLE]
)
def test_a_log_of_locating_is_known_and_read_with_its_folder(name: str, purpose: str) -> None:
    log = find_client_log(f"{name}.log")
    assert log is not None
    assert purpose in log.purpose
    assert log.tells
    assert find_client_log(f"{name}2.log") is None


@pytest.mark.rule("LG-016")
@pytest.mark.parametrize(
    ("file_name", "tells"),
    [
        ("ccmsetup.log", True),
        ("client.msi.log", False),
        ("ccmsetup-ccmeval.log", False),
        ("CcmRepair.log", False),
        ("ClientServicing.log", True),
    ],
)
def test_setup_logs_are_known_and_those_without_locating_are_left_out(file_name: str, *, tells: bool) -> None:
    log = find_client_log(file_name)
    assert log is not None
    assert log.tells is tells


@pytest.mark.parametrize("file_name", ["PolicyAgent.log", "notes.txt", ".log", "LocationServices", "mplist.xml"])
def test_other_files_are_not_known(file_name: str) -> None:
    assert find_client_log(file_name) is None


@pytest.mark.rule("LG-019")
def test_parts_that_were_rolled_over_come_before_what_is_written_now() -> None:
    names = [
        "CAS.log",
        "LocationServices.log",
        "CcmMessaging-20260801-064843.log",
        "LocationServices.lo_",
        "CcmMessaging.log",
        "CcmMessaging-20260724-015539.log",
        "locationservices-20250101-000000.LOG",
    ]
    assert group_parts(names) == (
        ("CAS.log",),
        ("locationservices-20250101-000000.LOG", "LocationServices.lo_", "LocationServices.log"),
        ("CcmMessaging-20260724-015539.log", "CcmMessaging-20260801-064843.log", "CcmMessaging.log"),
    )


@pytest.mark.rule("LG-019")
@pytest.mark.parametrize(
    ("file_name", "base"),
    [
        ("CAS.lo_", "cas"),
        ("CAS-20260801-064843.log", "cas"),
        ("client.msi.log", "client.msi"),
        ("CAS-2026.log", "cas-2026"),
        ("001-excerpt.log.txt", "001-excerpt"),
    ],
)
def test_a_part_belongs_to_the_log_of_its_name(file_name: str, base: str) -> None:
    name = parse_log_name(file_name)
    assert name is not None
    assert name.base == base


def test_files_that_are_named_otherwise_stand_alone() -> None:
    assert group_parts(["a.txt", "-", "b.txt"]) == (("a.txt",), ("-",), ("b.txt",))


@pytest.mark.rule("LG-017", "LG-018")
@pytest.mark.parametrize("windows", ["C:\\Windows", "C:\\Windows\\"])
def test_logs_are_in_the_folder_of_the_client_and_below_that_of_setup(windows: str) -> None:
    assert log_folders(windows) == ("C:\\Windows\\CCM\\Logs", "C:\\Windows\\ccmsetup\\Logs")
