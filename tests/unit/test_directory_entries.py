"""What sites publish in Active Directory: names as the schema has them, and entries that lie."""

import csv
from pathlib import Path

import pytest

from cmclient.model.decision import Origin, SourceKind
from cmclient.model.directory import DirectoryEntry, DirectoryQuery, PublishedRange, PublishedSite
from cmclient.model.endpoints import Audience, ManagementPoint, Protocols, SiteKind
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.protocol.directory import (
    domain_dn,
    escape_filter,
    management_point_query,
    range_query,
    read_management_points,
    read_ranges,
    read_sites,
    read_trusted_forests,
    site_query,
    system_management_dn,
    trust_query,
)
from cmclient.protocol.directory_entries import management_point_entry, range_entry, site_entry, trust_entry

DOMAIN = DnsDomain("corp.test")
BASE = "CN=System Management,CN=System,DC=corp,DC=test"
MP = ManagementPoint(
    HostName("mp.corp.test"),
    site_code=SiteCode("ABC"),
    site_kind=SiteKind.PRIMARY,
    protocols=Protocols.HTTPS,
    http_port=8080,
    https_port=8443,
    audience=Audience.INTRANET,
    forest=DOMAIN,
    build=9106,
    is_default=True,
    supports_devices=False,
    ssl_state=63,
)


def _entry(dn: str = f"CN=SMS-MP-ABC-MP.CORP.TEST,{BASE}", **attributes: str | bytes | list[str]) -> DirectoryEntry:
    def values(given: str | bytes | list[str]) -> tuple[bytes, ...]:
        if isinstance(given, list):
            return tuple(one.encode() for one in given)
        return (given.encode() if isinstance(given, str) else given,)

    return DirectoryEntry(dn, {name.lower(): values(given) for name, given in attributes.items()})


def _only(**attributes: str | bytes | list[str]) -> ManagementPoint:
    found = read_management_points([_entry(**attributes)])
    assert found.unreadable == ()
    return found.candidates[0].mp


# Asking


def test_distinguished_names() -> None:
    assert domain_dn(DnsDomain("Sub.Corp.Test")) == "DC=sub,DC=corp,DC=test"
    assert system_management_dn(DOMAIN) == BASE


def test_a_value_in_a_filter_stands_for_itself() -> None:
    assert escape_filter("a*(b)\\c\0ä") == r"a\2a\28b\29\5cc\00ä"


def test_a_query_for_one_site_or_all() -> None:
    assert management_point_query("").filter == "(objectClass=mSSMSManagementPoint)"
    query = management_point_query(BASE, SiteCode("abc"))
    assert (query.base, query.filter) == (BASE, "(&(objectClass=mSSMSManagementPoint)(mSSMSSiteCode=ABC))")


def test_trusts_are_searched_in_the_domain() -> None:
    query = trust_query(DOMAIN)
    assert (query.base, query.filter) == ("CN=System,DC=corp,DC=test", "(objectClass=trustedDomain)")


@pytest.mark.parametrize(
    ("query", "class_", "attributes"),
    [
        pytest.param(
            management_point_query(""),
            "mSSMSManagementPoint",
            "mSSMSSiteCode mSSMSMPName mSSMSMPAddress dNSHostName mSSMSDefaultMP mSSMSDeviceManagementPoint"
            " mSSMSCapabilities mSSMSVersion mSSMSSourceForest",
            marks=pytest.mark.rule("AD-010"),
        ),
        pytest.param(
            site_query(""),
            "mSSMSSite",
            "mSSMSSiteCode mSSMSAssignmentSiteCode mSSMSRoamingBoundaries mSSMSSourceForest serviceBindingInformation",
            marks=pytest.mark.rule("AD-011"),
        ),
        pytest.param(
            range_query(""),
            "mSSMSRoamingBoundaryRange",
            "mSSMSSiteCode mSSMSAssignmentSiteCode mSSMSRangedIPLow mSSMSRangedIPHigh",
            marks=pytest.mark.rule("AD-011"),
        ),
    ],
)
def test_what_is_asked_for_is_what_the_schema_lets_the_class_contain(
    query: DirectoryQuery, class_: str, attributes: str, vectors: Path
) -> None:
    with (vectors / "samples" / "ad-schema-classes.csv").open(newline="") as file:
        contains = {row["ldap_name"]: row["may_contain"].split() for row in csv.DictReader(file)}
    assert query.filter == f"(objectClass={class_})"
    assert set(query.attributes) == set(attributes.split())
    assert set(query.attributes) <= set(contains[class_])


@pytest.mark.parametrize("query", [management_point_query(""), site_query(""), range_query("")])
def test_only_what_the_schema_has_once_is_read_as_single(query: DirectoryQuery, vectors: Path) -> None:
    with (vectors / "samples" / "ad-schema-attributes.csv").open(newline="") as file:
        several = {row["ldap_name"] for row in csv.DictReader(file) if row["single_valued"] == "no"}
    several.add("serviceBindingInformation")  # of Active Directory itself, which has it more than once
    texts = ["ABC", "XYZ"]
    for name in query.attributes:
        entry = _entry(**{"mSSMSSiteCode": "ABC", "dNSHostName": "mp.corp.test", name: texts})
        readers = (read_management_points, read_sites, read_ranges)
        refused = [f"values of {name}," in bad.problem for read in readers for bad in read([entry])[1]]
        assert any(refused) is (name not in several)


# Management points


@pytest.mark.rule("AD-010")
@pytest.mark.parametrize(
    "mp",
    [
        pytest.param(MP, id="everything"),
        pytest.param(
            ManagementPoint(HostName("mp.corp.test"), site_kind=SiteKind.PRIMARY, audience=Audience.INTRANET),
            id="only a name",
        ),
        pytest.param(MP._replace(protocols=Protocols.HTTP, ssl_state=0, http_port=None), id="HTTP"),
        pytest.param(MP._replace(protocols=Protocols.BOTH, ssl_state=159, is_default=False), id="both"),
    ],
)
def test_a_management_point_that_is_written_is_read_back(mp: ManagementPoint) -> None:
    entry = management_point_entry(mp, domain=DOMAIN)
    found = read_management_points([entry])
    assert [candidate.mp for candidate in found.candidates] == [mp]
    assert [candidate.origins for candidate in found.candidates] == [(Origin(SourceKind.DIRECTORY, entry.dn),)]
    assert all(name == name.lower() for name in entry.attributes)


def test_a_management_point_has_the_name_that_real_ones_have() -> None:
    assert management_point_entry(MP, domain=DOMAIN).dn == f"CN=SMS-MP-ABC-MP.CORP.TEST,{BASE}"


@pytest.mark.rule("AD-010")
@pytest.mark.parametrize(
    ("attributes", "host"),
    [
        ({"dNSHostName": "a.test", "mSSMSMPName": "b.test", "mSSMSMPAddress": "c.test"}, "a.test"),
        ({"mSSMSMPName": "B.TEST", "mSSMSMPAddress": "c.test"}, "b.test"),
        ({"mSSMSMPAddress": "c.test"}, "c.test"),
        ({"dNSHostName": b"\xff", "mSSMSMPName": "b.test"}, "b.test"),
        ({"dNSHostName": "", "mSSMSMPName": "b.test"}, "b.test"),
        ({"dNSHostName": ["a.test", "A.TEST"]}, "a.test"),
    ],
)
def test_the_host_is_the_first_attribute_that_holds_one(attributes: dict[str, str], host: str) -> None:
    assert _only(**attributes).host == host


@pytest.mark.rule("AD-010")
@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({}, "none of dNSHostName, mSSMSMPName, mSSMSMPAddress"),
        ({"dNSHostName": "a b"}, "none of dNSHostName"),
        ({"dNSHostName": "a.test\n"}, ""),
        ({"dNSHostName": " " * 2_000_000 + "a.test"}, "none of dNSHostName"),
        ({"dNSHostName": "a.test", "mSSMSSiteCode": "ABCD"}, "mSSMSSiteCode cannot be used"),
        ({"dNSHostName": ["a.test", "b.test"]}, "2 different values of dNSHostName"),
        ({"dNSHostName": "a.test", "mSSMSSiteCode": ["ABC", "XYZ"]}, "2 different values of mSSMSSiteCode"),
        ({"dNSHostName": "a.test", "mSSMSVersion": ["1", "2"]}, "2 different values of mSSMSVersion"),
    ],
)
def test_an_entry_that_cannot_be_used_leaves_the_others(attributes: dict[str, str], problem: str) -> None:
    found = read_management_points([_entry(**attributes), management_point_entry(MP, domain=DOMAIN)])
    assert found.candidates[-1].mp == MP
    for bad in found.unreadable:
        assert (bad.name, bad.origin.source, bad.rule) == ("SMS-MP-ABC-MP.CORP.TEST", SourceKind.DIRECTORY, "AD-010")
        assert problem in bad.problem
    assert len(found.unreadable) == bool(problem)  # blanks around a value are none of it


@pytest.mark.rule("AD-010")
@pytest.mark.parametrize(
    ("attribute", "text", "field", "value"),
    [
        ("mSSMSDefaultMP", "TRUE", "is_default", True),
        ("mSSMSDefaultMP", "false", "is_default", False),
        ("mSSMSDefaultMP", "yes", "is_default", None),
        ("mSSMSDeviceManagementPoint", "TRUE", "supports_devices", True),
        ("mSSMSVersion", "9106", "build", 9106),
        ("mSSMSVersion", "-1", "build", None),
        ("mSSMSSourceForest", "CORP.TEST", "forest", "corp.test"),
        ("mSSMSSourceForest", "corp test", "forest", None),
        ("mSSMSSiteCode", "abc", "site_code", "ABC"),
        ("mSSMSCapabilities", "<S><HTTPPort>81</HTTPPort></S>", "http_port", 81),
        ("mSSMSCapabilities", "<S><SecurityModeMaskEx>31</SecurityModeMaskEx></S>", "protocols", Protocols.HTTPS),
        ("mSSMSCapabilities", '<S><Property Name="SSLState" Value="0"/></S>', "protocols", Protocols.HTTP),
        ("mSSMSCapabilities", "<S><HTTPPort>81", "http_port", None),
        ("mSSMSCapabilities", '<!DOCTYPE S [<!ENTITY a "81">]><S/>', "protocols", Protocols.UNKNOWN),
        ("mSSMSCapabilities", "<S>" + " " * 2_000_000 + "</S>", "protocols", Protocols.UNKNOWN),
    ],
)
def test_each_attribute_is_its_value_or_unknown(attribute: str, text: str, field: str, value: object) -> None:
    mp = _only(dNSHostName="a.test", **{attribute: text})
    assert getattr(mp, field) == value
    assert (mp.host, mp.site_kind, mp.audience) == ("a.test", SiteKind.PRIMARY, Audience.INTRANET)


def test_an_entry_with_a_hostile_name_is_shown_safely() -> None:
    bad = read_management_points([_entry("CN=\x1b[2J" + "y" * 1_000_000 + ",DC=test")]).unreadable[0]
    assert bad.name == "?[2J" + "y" * 57 + "..."
    assert len(bad.origin.detail) == 255
    assert bad.origin.detail.isprintable()


def test_capabilities_that_are_given_are_written_as_they_are() -> None:
    entry = management_point_entry(MP, domain=DOMAIN, capabilities="<broken & text>")
    assert entry.attributes["mssmscapabilities"] == (b"<broken & text>",)


# Sites


@pytest.mark.rule("AD-011")
@pytest.mark.parametrize(
    "site",
    [
        PublishedSite(SiteCode("ABC"), SiteCode("ABC"), ("Berlin", "10.1.2.0"), DOMAIN),
        PublishedSite(SiteCode("CAS")),
    ],
)
def test_a_site_that_is_written_is_read_back(site: PublishedSite) -> None:
    assert read_sites([site_entry(site, domain=DOMAIN)]) == ((site,), ())


@pytest.mark.rule("AD-011")
def test_an_entry_that_is_no_site_leaves_the_others() -> None:
    good = site_entry(PublishedSite(SiteCode("ABC")), domain=DOMAIN)
    sites, unreadable = read_sites(
        [_entry(), _entry(mSSMSSiteCode="A"), _entry(mSSMSSiteCode=["ABC", "XYZ"]), _entry(mSSMSSiteCode=b"\xff"), good]
    )
    assert [site.site_code for site in sites] == ["ABC"]
    assert [bad.rule for bad in unreadable] == ["AD-011"] * 4


@pytest.mark.rule("AD-011")
def test_boundaries_that_are_no_text_are_left_out() -> None:
    site = _entry(mSSMSSiteCode="ABC", mSSMSAssignmentSiteCode="none", mSSMSRoamingBoundaries="?")
    values = (b" Berlin ", b"", b"\xff", b"a\nb", b"x" * 256, "München".encode())
    sites, _ = read_sites([site._replace(attributes={**site.attributes, "mssmsroamingboundaries": values})])
    assert sites == (PublishedSite(SiteCode("ABC"), None, ("Berlin", "München")),)


# Ranges


@pytest.mark.rule("AD-012")
@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        pytest.param(0x0A000001, 0x0A0000FF, ("167772161", "167772415"), id="10.0.0.1 to 10.0.0.255"),
        pytest.param(0x7FFFFFFF, 0x7FFFFFFF, ("2147483647", "2147483647"), id="127.255.255.255"),
        pytest.param(0x80000000, 0x80000000, ("-2147483648", "-2147483648"), id="128.0.0.0"),
        pytest.param(0x7FFFFF00, 0x800000FF, ("2147483392", "-2147483393"), id="across 128.0.0.0"),
        pytest.param(0xC0A80000, 0xC0A8FFFF, ("-1062731776", "-1062666241"), id="192.168.0.0/16"),
        pytest.param(0, 0xFFFFFFFF, ("0", "-1"), id="everything"),
    ],
)
def test_a_range_is_written_signed_and_read_unsigned(low: int, high: int, written: tuple[str, str]) -> None:
    span = PublishedRange(SiteCode("ABC"), low, high, SiteCode("ABC"))
    entry = range_entry(span, domain=DOMAIN)
    attributes = entry.attributes
    assert (attributes["mssmsrangediplow"], attributes["mssmsrangediphigh"]) == (
        (written[0].encode(),),
        (written[1].encode(),),
    )
    assert read_ranges([entry]) == ((span,), ())


@pytest.mark.rule("AD-012")
@pytest.mark.parametrize(
    ("low", "high", "rule"),
    [
        pytest.param("2", "1", "AD-012", id="low above high"),
        pytest.param("-1", "1", "AD-012", id="255.255.255.255 to 0.0.0.1, though -1 is below 1"),
        pytest.param("0", "2147483648", "AD-012", id="more than 32 bits, signed"),
        pytest.param("-2147483649", "0", "AD-012", id="less than 32 bits, signed"),
        pytest.param("0", "1" * 10_000, "AD-012", id="a number without end"),
        pytest.param("0", "10.0.0.1", "AD-012", id="an address"),
        pytest.param("0", "\u0661", "AD-012", id="another script's digit"),
        pytest.param("--1", "0", "AD-012", id="two signs"),
        pytest.param("0", "", "AD-012", id="no high bound"),
    ],
)
def test_a_range_that_is_none(low: str, high: str, rule: str) -> None:
    spans, unreadable = read_ranges([_entry(mSSMSSiteCode="ABC", mSSMSRangedIPLow=low, mSSMSRangedIPHigh=high)])
    assert spans == ()
    assert [bad.rule for bad in unreadable] == [rule]


@pytest.mark.rule("AD-011")
@pytest.mark.parametrize(("site", "usable"), [("ABC", True), ("", False), ("ABCD", False)])
def test_a_range_belongs_to_a_site(site: str, *, usable: bool) -> None:
    spans, unreadable = read_ranges([_entry(mSSMSSiteCode=site, mSSMSRangedIPLow="1", mSSMSRangedIPHigh="1")])
    assert (len(spans), [bad.rule for bad in unreadable]) == ((1, []) if usable else (0, ["AD-011"]))


# Trusts


@pytest.mark.parametrize(
    ("direction", "kind", "trusted"),
    [
        pytest.param("2", "8", True, id="outbound"),
        pytest.param("3", "8", True, id="both ways"),
        pytest.param("3", "72", True, id="with further bits"),
        pytest.param("1", "8", False, id="inbound: they trust us"),
        pytest.param("0", "8", False, id="disabled"),
        pytest.param("3", "32", False, id="inside the forest"),
        pytest.param("3", "4", False, id="external"),
        pytest.param("-1", "8", False, id="a direction that is none"),
        pytest.param("3", "", False, id="not said"),
    ],
)
def test_which_trust_makes_a_forest_trusted(direction: str, kind: str, *, trusted: bool) -> None:
    entry = _entry(trustPartner="Partner.Test", trustDirection=direction, trustAttributes=kind)
    assert read_trusted_forests([entry]) == (("partner.test",) if trusted else ())


def test_trusted_forests_are_sorted_and_each_once() -> None:
    entries = [trust_entry(DnsDomain(name), domain=DOMAIN) for name in ("b.test", "a.test", "b.test")]
    broken = [
        _entry(trustPartner="", trustDirection="3", trustAttributes="8"),
        _entry(trustPartner=["c.test", "d.test"], trustDirection="3", trustAttributes="8"),
    ]
    assert read_trusted_forests([*entries, *broken]) == ("a.test", "b.test")
