"""Published boundaries in LDIF, as ldapsearch prints them."""

import pytest

from cmclient.model.boundary import BoundaryKind, NetworkPlace
from cmclient.model.facts import parse_address
from cmclient.protocol.sitedata import SiteDataRead, SourceFile, read_site_data
from cmclient.rules.boundaries import BoundaryIndex, check_boundary

PRINTED = """\
# extended LDIF
#
# LDAPv3
# base <CN=System Management,CN=System,DC=corp,DC=test> with scope subtree

# SMS-Site-P01, System Management, System, corp.test
dn: CN=SMS-Site-P01,CN=System Management,CN=System,DC=corp,DC=test
objectClass: top
objectClass: mSSMSSite
mSSMSSiteCode: P01
mSSMSRoamingBoundaries: Headqu
 arters
mSSMSRoamingBoundaries: 10.9.0.0
mSSMSRoamingBoundaries:: TcO8bmNoZW4=

# SMS-MP-P01
dn: CN=SMS-MP-P01-MP1,CN=System Management,CN=System,DC=corp,DC=test
objectClass: mSSMSManagementPoint

dn: CN=SMS-S01-1-2,CN=System Management,CN=System,DC=corp,DC=test
objectClass: mSSMSRoamingBoundaryRange
mSSMSSiteCode: S01
mSSMSAssignmentSiteCode: P01
mSSMSRangedIPLow: 167772161
mSSMSRangedIPHigh: 167772170

# search reference
ref: ldap://other.test/DC=other,DC=test

# search result
search: 2
result: 0 Success
"""


def read(text: str, name: str = "ad.ldif") -> SiteDataRead:
    return read_site_data([SourceFile(name, text.encode())], check=check_boundary)


def published(*lines: str, kind: str = "mSSMSRoamingBoundaryRange") -> SiteDataRead:
    return read("\n".join(["dn: CN=x", f"objectClass: {kind}", "mSSMSSiteCode: P01", *lines]))


@pytest.mark.parametrize("name", ["ad.ldif", "ad", "AD.LDF"])
def test_what_sites_publish__is_boundaries_and_a_group_for_assignment_of_each(name: str) -> None:
    found = read(PRINTED, name)
    assert [(one.kind, one.value) for one in found.data.boundaries] == [
        (BoundaryKind.AD_SITE, "Headquarters"),
        (BoundaryKind.IP_SUBNET, "10.9.0.0"),
        (BoundaryKind.AD_SITE, "München"),
        (BoundaryKind.IP_RANGE, "10.0.0.1-10.0.0.10"),
    ]
    assert [(group.name, group.assigned_site, len(group.boundaries)) for group in found.data.groups] == [
        ("published by site P01", "P01", 3),
        ("published by site S01 for P01", "P01", 1),
    ]
    assert not found.faults
    assert not found.notes


@pytest.mark.parametrize(
    "printed", [PRINTED.replace("\n", "\r\n"), PRINTED.removesuffix("\nsearch: 2\nresult: 0 Success\n")]
)
def test_line_ends__do_not_matter(printed: str) -> None:
    assert len(read(printed).data.boundaries) == 4


@pytest.mark.rule("AD-012")
@pytest.mark.parametrize(
    ("low", "high", "value", "inside", "outside"),
    [
        (2147483640, -2147483640, "127.255.255.248-128.0.0.8", "128.0.0.0", "128.0.0.9"),
        (-1062731520, -1062731265, "192.168.1.0-192.168.1.255", "192.168.1.9", "63.87.254.9"),
        (167772161, 167772161, "10.0.0.1-10.0.0.1", "10.0.0.1", "10.0.0.2"),
    ],
)
def test_bounds_at_or_above_128__are_negative(low: int, high: int, value: str, inside: str, outside: str) -> None:
    found = published(f"mSSMSRangedIPLow: {low}", f"mSSMSRangedIPHigh: {high}")
    assert [one.value for one in found.data.boundaries] == [value]
    index = BoundaryIndex(found.data.boundaries)
    assert index.find(NetworkPlace((parse_address(inside),)))
    assert not index.find(NetworkPlace((parse_address(outside),)))


@pytest.mark.rule("AD-012")
@pytest.mark.parametrize(("low", "high"), [(-2147483640, 2147483640), (2, 1), (4294967295, 4294967296), ("x", 1)])
def test_bounds_that_are_none__are_told(low: object, high: object) -> None:
    found = published(f"mSSMSRangedIPLow: {low}", f"mSSMSRangedIPHigh: {high}")
    assert [(fault.row, fault.left_out) for fault in found.faults] == [("line 1", "the entry")]
    assert not found.data.boundaries


@pytest.mark.parametrize(
    ("line", "field", "told"),
    [
        ("mSSMSRoamingBoundaries:: ***", "mssmsroamingboundaries", "is no Base64"),
        ("mSSMSRoamingBoundaries:< file:///etc/passwd", "mssmsroamingboundaries", "refers to another file"),
        ("nonsense", "", "has no colon"),
        ("mSSMSRoamingBoundaries;range=0-1499: Berlin", "mssmsroamingboundaries", "up to number 1499"),
        ("mSSMSRoamingBoundaries:: /w==", "mSSMSRoamingBoundaries", "has 1 values that are no text"),
        ("mSSMSRoamingBoundaries: 10.1.2.5/24", "mSSMSRoamingBoundaries", "looks like an address"),
        ("mSSMSRoamingBoundaries: 10.1.2.256", "mSSMSRoamingBoundaries", "looks like an address"),
        ("mSSMSRoamingBoundaries: 10.1.2", "mSSMSRoamingBoundaries", "looks like an address"),
        ("mSSMSRoamingBoundaries: 10.1.2.1-10.1.2.9", "mSSMSRoamingBoundaries", "looks like an address"),
        ("mSSMSRoamingBoundaries: " + "x" * 100, "mSSMSRoamingBoundaries", "is not an AD site name"),
    ],
)
def test_values_that_cannot_be_used__are_told(line: str, field: str, told: str) -> None:
    found = published("mSSMSRoamingBoundaries: Bonn", line, kind="mSSMSSite")
    (fault,) = found.faults
    assert fault.field == field
    assert told in fault.problem
    assert [one.value for one in found.data.boundaries] == ["Bonn", *(["Berlin"] if "Berlin" in line else [])]


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [
        ("10.1.2.0/24", BoundaryKind.IP_SUBNET, "10.1.2.0"),
        ("10.1.2.5", BoundaryKind.IP_SUBNET, "10.1.2.5"),
        ("10-1-2-0", BoundaryKind.AD_SITE, "10-1-2-0"),
        ("4711", BoundaryKind.AD_SITE, "4711"),
    ],
)
def test_value__is_a_network_or_the_name_of_an_ad_site(value: str, kind: BoundaryKind, kept: str) -> None:
    found = published(f"mSSMSRoamingBoundaries: {value}", kind="mSSMSSite")
    assert [(one.kind, one.value) for one in found.data.boundaries] == [(kind, kept)]
    assert not found.faults


def test_last_part_of_a_long_list__is_whole() -> None:
    found = published("mSSMSRoamingBoundaries;range=0-*: Berlin", kind="mSSMSSite")
    assert [one.value for one in found.data.boundaries] == ["Berlin"]
    assert not found.faults


def test_ipv6__is_left_out_with_a_note_because_its_form_is_not_known() -> None:
    found = published("mSSMSRoamingBoundaries: 2001:db8:1:2", kind="mSSMSSite")
    assert not found.data.boundaries
    assert not found.faults
    assert "how IPv6 boundaries are published is not known" in found.notes[0]


def test_entry_without_a_site__and_file_without_entries() -> None:
    assert [fault.left_out for fault in read("dn: CN=x\nobjectClass: mSSMSSite\n").faults] == ["the entry"]
    assert [fault.left_out for fault in read("dn: CN=x\nobjectClass: top\n").faults] == ["the whole file"]
