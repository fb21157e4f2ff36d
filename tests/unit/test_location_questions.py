"""Requests as a site reads them: real ones, those of tools, and what cannot be used."""

from pathlib import Path

import pytest

from cmclient.errors import MalformedReplyError, UnsafeXmlError
from cmclient.model.content import (
    BoundaryGroupReference,
    ClientBoundaryGroups,
    ContentId,
    ContentKind,
    ContentOptions,
    ContentReference,
)
from cmclient.model.facts import Adapter
from cmclient.model.messages import MpCategory
from cmclient.model.names import AdSiteName, DnsDomain, SiteCode
from cmclient.model.questions import AskingAddress, AskingClient, LocationQuestion, QuestionKind
from cmclient.protocol.location_questions import parse_location_question

ABC, P01 = SiteCode("ABC"), SiteCode("P01")
FIRST, CONTOSO = AdSiteName("Default-First-Site-Name"), DnsDomain("contoso.com")


def sample(vectors: Path, name: str) -> bytes:
    return (vectors / "samples" / name).read_bytes()


def test_a_real_question_for_an_update(vectors: Path) -> None:
    assert parse_location_question(sample(vectors, "contentlocationrequest-smsupdate-2012.xml")) == LocationQuestion(
        QuestionKind.CONTENT,
        AskingClient(
            FIRST,
            CONTOSO,
            CONTOSO,
            (AskingAddress("10.10.25.130", "10.10.25.128"), AskingAddress("10.10.25.166", "10.10.25.128")),
        ),
        assigned_site=SiteCode("MEH"),
        content=ContentReference(ContentId("UID:Content_GUID"), kind=ContentKind.UPDATE),
        options=ContentOptions(),
    )


def test_a_real_question_with_boundary_groups(vectors: Path) -> None:
    asked = parse_location_question(sample(vectors, "contentlocationrequest-peercache-2021.xml"))
    assert asked.content == ContentReference(ContentId("CAS00015"), deployment_flags=9223372036855313105)
    assert asked.options == ContentOptions(cloud=True, smb=True, multicast=True, peers=True, tokens=True)
    assert asked.client.adapters == (
        Adapter("Ethernet", "Network Adapter", "abc.com", if_type=6, has_hardware_address=True),
    )
    assert asked.client.boundary_groups == ClientBoundaryGroups(
        "2021-04-03T14:03:16.603",
        (BoundaryGroupReference("5", "xxxx", "0"),),
        on_vpn=False,
        connected_caches=("P01.Contoso.Com",),
    )
    assert asked.client.addresses == ()  # masked in the sample
    assert ["192.X.X.X" in problem for problem in asked.problems] == [True, True]
    assert asked.unknown == ()


def test_the_question_of_setup(vectors: Path) -> None:
    asked = parse_location_question(sample(vectors, "contentlocationrequest-clientpackage-tool.xml"))
    assert (asked.client_package, asked.content, asked.assigned_site) == (True, None, ABC)
    assert asked.options == ContentOptions(cloud=True, tokens=True)
    assert (asked.problems, asked.unknown) == ((), ())


def test_the_question_for_a_site(vectors: Path) -> None:
    asked = parse_location_question(sample(vectors, "siteinformationrequest-tool.xml"))
    assert asked == LocationQuestion(QuestionKind.SITE_INFORMATION, site=ABC)


def test_a_real_question_for_update_points(vectors: Path) -> None:
    real = sample(vectors, "wsuslocationrequest-2012r2.xml")
    asked = parse_location_question(real)
    assert asked.content == ContentReference(ContentId("{ContentID}"), version=38)
    assert (asked.client.ad_site, asked.client.on_internet, asked.options) == ("CM12-R2PS1", False, None)
    assert parse_location_question(real.decode().encode("utf-16")) == asked


def test_domain_and_forest_beside_the_location__as_the_library_of_the_vendor_writes_them() -> None:
    asked = parse_location_question(
        b'<ContentLocationRequest><Package ID="ABC00001" Version="2"/><Domain Name="a.test"/><Forest Name="b.test"/>'
        b'<ClientLocationInfo LocationType="SMSPACKAGE"/></ContentLocationRequest>'
    )
    assert (asked.client.domain, asked.client.forest) == ("a.test", "b.test")
    assert asked.content == ContentReference(ContentId("ABC00001"), version=2)
    assert (asked.problems, asked.unknown) == ((), ())


@pytest.mark.parametrize("category", MpCategory)
def test_a_category_by_its_number(category: MpCategory) -> None:
    asked = parse_location_question(
        f'<EnumerateMPLocationRequest RequestType="{category}"><SiteCode Name="P01"/>'
        "</EnumerateMPLocationRequest>".encode()
    )
    assert (asked.category, asked.site, asked.problems) == (category, P01, ())


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        (b"<SiteInformationRequest/>", ["SiteCode is missing"]),
        (b'<SiteInformationRequest><SiteCode Name="ABCD"/></SiteInformationRequest>', ["SiteCode: 'ABCD' is not a"]),
        (b"<ContentLocationRequest/>", ["Package is missing"]),
        (b"<WSUSLocationRequest/>", ["Content is missing"]),
        (b"<EnumerateMPLocationRequest/>", ["RequestType is missing", "SiteCode is missing"]),
        (
            b'<EnumerateMPLocationRequest RequestType="4"><SiteCode Name="ABC"/></EnumerateMPLocationRequest>',
            ["RequestType: '4' is not a request type"],
        ),
        (b"<AssignedSiteRequest/>", []),
        (b"<LocalMPLocationRequest/>", []),
        (
            (
                b'<AssignedSiteRequest><ClientLocationInfo OnInternet="yes"><ADSite Name=" "/><Domain Name="a b"/>'
                b"</ClientLocationInfo></AssignedSiteRequest>"
            ),
            ["Domain: 'a b' is not a DNS domain", "ClientLocationInfo: 'yes' is not a flag"],
        ),
        (
            (
                b'<ContentLocationRequest><Package ID="A"/>'
                b'<ClientLocationInfo LocationType="SMSWSUS" AllowHTTP="maybe"/></ContentLocationRequest>'
            ),
            ["AllowHTTP: 'maybe' is not a flag", "ClientLocationInfo: 'SMSWSUS' is not a location type"],
        ),
    ],
)
def test_what_cannot_be_used_or_is_missing_is_told(document: bytes, problems: list[str]) -> None:
    found = parse_location_question(document).problems
    assert len(found) == len(problems)
    for told, said in zip(found, problems, strict=True):
        assert told.startswith(said)


def test_what_nobody_knows_is_told_by_its_path() -> None:
    asked = parse_location_question(b'<AssignedSiteRequest><ClientLocationInfo New="1"/><Extra/></AssignedSiteRequest>')
    assert asked.unknown == ("ClientLocationInfo/@New", "Extra")


def test_more_addresses_than_a_client_has_are_told() -> None:
    addresses = '<IPAddress Address="10.0.0.1"/>' * 101
    asked = parse_location_question(
        f"<AssignedSiteRequest><ClientLocationInfo><IPAddresses>{addresses}</IPAddresses></ClientLocationInfo>"
        "</AssignedSiteRequest>".encode()
    )
    assert len(asked.client.addresses) == 100
    assert asked.problems == ("addresses: 101 of a kind, of which 100 are read",)


def test_what_is_no_question_is_refused() -> None:
    with pytest.raises(MalformedReplyError, match="no location request: its root is 'SiteVersionRequest'"):
        parse_location_question(b"<SiteVersionRequest/>")
    with pytest.raises(MalformedReplyError, match="location request is empty"):
        parse_location_question(b"")
    with pytest.raises(UnsafeXmlError, match="document type"):
        parse_location_question(b'<!DOCTYPE a [<!ENTITY b "c">]><AssignedSiteRequest>&b;</AssignedSiteRequest>')
