"""Location messages: requests byte for byte like real ones, real answers, and answers that lie."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmclient.errors import InvalidValueError, MalformedReplyError, UnsafeXmlError
from cmclient.model.content import (
    BoundaryGroupReference,
    ClientBoundaryGroups,
    ClientPackage,
    ContentHash,
    ContentId,
    ContentKind,
    ContentLocations,
    ContentOptions,
    ContentReference,
    ContentUrl,
    LocationRecord,
)
from cmclient.model.endpoints import Audience, Endpoint, ManagementPoint, Protocols, Scheme
from cmclient.model.facts import Adapter, NetworkFacts, parse_address
from cmclient.model.messages import (
    EnumeratedMp,
    EnumeratedMps,
    LocalMps,
    MpCategory,
    MpSite,
    SiteDescription,
    SiteDescriptions,
    SiteLocality,
    WsusLocation,
    WsusLocations,
)
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode
from cmclient.protocol.capabilities import parse_operational_settings
from cmclient.protocol.content_replies import parse_content_location_reply
from cmclient.protocol.location_replies import (
    parse_assigned_site_reply,
    parse_enumerate_mps_reply,
    parse_local_mp_reply,
    parse_site_information_reply,
    parse_wsus_location_reply,
)
from cmclient.protocol.location_requests import (
    RequestStyle,
    build_assigned_site_request,
    build_client_package_request,
    build_content_location_request,
    build_enumerate_mps_request,
    build_local_mp_request,
    build_site_information_request,
    build_wsus_location_request,
)

ABC = SiteCode("ABC")
NOWHERE = NetworkFacts()


def sample(vectors: Path, name: str) -> bytes:
    return (vectors / "samples" / name).read_bytes().removesuffix(b"\n")


def facts(*addresses: str, **known: Any) -> NetworkFacts:
    adapter = Adapter("eth0", addresses=tuple(map(parse_address, addresses)))
    place = NetworkFacts(
        domain=DnsDomain("contoso.com"),
        forest=DnsDomain("contoso.com"),
        ad_site=AdSiteName("Default-First-Site-Name"),
        adapters=(adapter,),
    )
    return place._replace(**known)


def ethernet(address: str, suffix: str) -> tuple[Adapter, ...]:
    return (
        Adapter(
            "Ethernet",
            "Network Adapter",
            suffix,
            if_type=6,
            has_hardware_address=True,
            addresses=(parse_address(address),),
        ),
    )


# Requests


def test_site_information_is_asked_for_as_by_a_tool(vectors: Path) -> None:
    assert build_site_information_request(ABC).encode() == sample(vectors, "siteinformationrequest-tool.xml")


def test_a_package_is_asked_for_as_by_a_client_of_2013(vectors: Path) -> None:
    built = build_content_location_request(
        facts("192.168.1.54/24"),
        content=ContentReference(ContentId("P010000F")),
        assigned_site=SiteCode("P01"),
        options=ContentOptions(smb=True, multicast=True, protected=True),
        style=RequestStyle.CLIENT_2012,
    )
    assert built.encode() == sample(vectors, "contentlocationrequest-smspackage-2013.xml")


def test_an_update_is_asked_for_as_by_a_client_of_2012(vectors: Path) -> None:
    built = build_content_location_request(
        facts("10.10.25.130/25", "10.10.25.166/25"),
        content=ContentReference(ContentId("UID:Content_GUID"), kind=ContentKind.UPDATE),
        assigned_site=SiteCode("MEH"),
        options=ContentOptions(),
        style=RequestStyle.CLIENT_2012,
    )
    assert built.encode() == sample(vectors, "contentlocationrequest-smsupdate-2012.xml")


def test_a_package_is_asked_for_as_by_a_client_of_2021(vectors: Path) -> None:
    built = build_content_location_request(
        facts(adapters=ethernet("192.0.2.10/24", "abc.com")),
        content=ContentReference(ContentId("CAS00015"), deployment_flags=9223372036855313105),
        assigned_site=SiteCode("P01"),
        options=ContentOptions(cloud=True, smb=True, multicast=True, peers=True, tokens=True),
        boundary_groups=ClientBoundaryGroups(
            "2021-04-03T14:03:16.603",
            (BoundaryGroupReference("5", "xxxx", "0"),),
            on_vpn=False,
            connected_caches=("P01.Contoso.Com",),
        ),
    )
    real = sample(vectors, "contentlocationrequest-peercache-2021.xml").decode()
    shown = real.replace(' Name="Contoso.Com"', ' Name="contoso.com"')  # names of domains are kept in lower case
    masked = 'SubnetAddress="192.X.X.X" Address="192.X.X.X"'
    assert built == shown.replace(masked, 'SubnetAddress="192.0.2.0" Address="192.0.2.10"')


def test_the_client_package_is_asked_for_as_by_setup(vectors: Path) -> None:
    built = build_client_package_request(
        facts(adapters=ethernet("192.168.1.10/24", "contoso.com")),
        assigned_site=ABC,
        options=ContentOptions(cloud=True, tokens=True),
    )
    assert built.encode() == sample(vectors, "contentlocationrequest-clientpackage-tool.xml")


def test_setup_may_ask_for_the_newest_client() -> None:
    built = build_client_package_request(NOWHERE, assigned_site=ABC, options=ContentOptions(), latest=True)
    assert 'RequestForLatest="1"' in built


def test_update_points_are_asked_for_as_by_a_client_of_2012(vectors: Path) -> None:
    built = build_wsus_location_request(
        facts("192.168.2.62/24", ad_site=AdSiteName("CM12-R2PS1")),
        content=ContentId("{ContentID}"),
        version=38,
        assigned_site=SiteCode("PS1"),
    )
    real = sample(vectors, "wsuslocationrequest-2012r2.xml").decode()
    assert built == real.replace("CONTOSO.COM", "contoso.com")


def test_an_assigned_site_is_asked_for_with_where_the_client_is() -> None:
    built = build_assigned_site_request(facts("10.1.2.3/24"), on_internet=True)
    assert built == (
        '<AssignedSiteRequest SchemaVersion="1.00"><ClientLocationInfo OnInternet="1">'
        '<ADSite Name="Default-First-Site-Name"/><Forest Name="contoso.com"/><Domain Name="contoso.com"/>'
        '<IPAddresses><IPAddress SubnetAddress="10.1.2.0" Address="10.1.2.3"/></IPAddresses>'
        "</ClientLocationInfo></AssignedSiteRequest>"
    )
    assert 'OnInternet="0"' in build_assigned_site_request(NOWHERE)


@pytest.mark.rule("ML-039")
def test_nearby_management_points_are_asked_for_with_a_local_mp_location_request() -> None:
    built = build_local_mp_request(facts("10.1.2.3/24"), assigned_site=ABC)
    assert built.startswith(
        '<LocalMPLocationRequest SchemaVersion="1.00"><AssignedSite SiteCode="ABC"/><ClientLocationInfo><ADSite '
    )
    assert built.endswith("</ClientLocationInfo></LocalMPLocationRequest>")


@pytest.mark.parametrize(
    ("category", "number"),
    [(MpCategory.ASSIGNED, 0), (MpCategory.PROXY, 1), (MpCategory.LOCAL, 2), (MpCategory.INTERNET, 3)],
)
def test_management_points_of_a_category_are_asked_for_by_its_number(category: MpCategory, number: int) -> None:
    assert build_enumerate_mps_request(NOWHERE, category=category, site=ABC) == (
        f'<EnumerateMPLocationRequest SchemaVersion="1.00" RequestType="{number}"><SiteCode Name="ABC"/>'
        "<ClientLocationInfo><IPAddresses></IPAddresses></ClientLocationInfo></EnumerateMPLocationRequest>"
    )


def content_request(options: ContentOptions, style: RequestStyle, groups: ClientBoundaryGroups | None = None) -> str:
    return build_content_location_request(
        NOWHERE,
        content=ContentReference(ContentId("ABC00001")),
        assigned_site=ABC,
        options=options,
        boundary_groups=groups,
        style=style,
    )


@pytest.mark.rule("CL-047")
@pytest.mark.parametrize(
    ("option", "attribute", "styles"),
    [
        ("distribute_on_demand", "DistributeOnDemand", RequestStyle),
        ("cloud", "UseAzure", RequestStyle),
        ("microsoft_update", "AllowWUMU", RequestStyle),
        ("internet", "UseInternetDP", RequestStyle),
        ("http", "AllowHTTP", RequestStyle),
        ("smb", "AllowSMB", RequestStyle),
        ("multicast", "AllowMulticast", RequestStyle),
        ("protected", "UseProtected", [RequestStyle.CLIENT_2012]),
        ("caching", "AllowCaching", [RequestStyle.CLIENT_2012]),
    ],
)
def test_an_option_is_a_flag_of_the_request(option: str, attribute: str, styles: list[RequestStyle]) -> None:
    for style in RequestStyle:
        for value in (False, True):
            built = content_request(ContentOptions()._replace(**{option: value}), style)
            assert (f' {attribute}="{int(value)}"' in built) is (style in styles)


@pytest.mark.parametrize(("option", "attribute"), [("peers", "AllowSuperPeer"), ("tokens", "DPTokenAuth")])
def test_an_option_that_was_only_seen_on_is_not_sent_when_off(option: str, attribute: str) -> None:
    on = ContentOptions()._replace(**{option: True})
    assert f' {attribute}="1"' in content_request(on, RequestStyle.CLIENT_2021)
    assert attribute not in content_request(ContentOptions(), RequestStyle.CLIENT_2021)
    assert attribute not in content_request(on, RequestStyle.CLIENT_2012)


@pytest.mark.rule("CF-043")
@pytest.mark.parametrize(
    ("groups", "written"),
    [
        pytest.param(None, None, id="nothing said yet"),
        pytest.param(
            ClientBoundaryGroups("2021-04-03T14:03:16.603"),
            '<BoundaryGroups BoundaryGroupListRetrieveTime="2021-04-03T14:03:16.603"></BoundaryGroups>',
            id="in none",
        ),
        pytest.param(
            ClientBoundaryGroups(
                groups=(BoundaryGroupReference("5", '"&'), BoundaryGroupReference("6", "g", "1")), on_vpn=True
            ),
            '<BoundaryGroups BoundaryGroupListRetrieveTime="" IsOnVPN="1">'
            '<BoundaryGroup GroupID="5" GroupGUID="&quot;&amp;"/>'
            '<BoundaryGroup GroupID="6" GroupGUID="g" GroupFlag="1"/>'
            "</BoundaryGroups>",
            id="in two",
        ),
    ],
)
def test_boundary_groups_are_repeated__an_empty_list_by_a_client_that_is_in_none(
    groups: ClientBoundaryGroups | None, written: str | None
) -> None:
    built = content_request(ContentOptions(), RequestStyle.CLIENT_2021, groups)
    if written is None:
        assert "BoundaryGroup" not in built
    else:
        assert f"<IPAddresses></IPAddresses>{written}</ClientLocationInfo>" in built


@pytest.mark.parametrize("text", ["", "a b", 'a"', "<a>", "ä", "a\n", "x" * 129])
def test_what_is_no_content_id(text: str) -> None:
    with pytest.raises(InvalidValueError, match="content id"):
        ContentId(text)


# Real answers

PR1 = Endpoint(Scheme.HTTP, HostName("pr1site.contoso.com"), 80)
APP = "fbb5724a-aa0f-47f9-908a-47068fd8ad6f"


@pytest.mark.rule("CL-045", "MP-034", "ML-040")
def test_a_real_answer_for_an_application(vectors: Path) -> None:
    found = parse_content_location_reply(sample(vectors, "contentlocationreply-app-2012.xml"))
    (site,) = found.sites
    assert site.site == MpSite(SiteCode("PR1"), SiteCode("PR1"), SiteLocality.LOCAL, "LOCAL", 80, 443)
    assert site.records == (
        LocationRecord(
            urls=(ContentUrl(PR1, f"/SMS_DP_SMSPKG$/{APP}", f"http://PR1SITE.CONTOSO.COM/SMS_DP_SMSSIG$/{APP}.1.tar"),),
            ad_site=AdSiteName("Default-First-Site-Name"),
            ip_subnets=("192.168.10.0",),
            build=7958,
            ssl_state=0,
            capabilities=(("SSLState", "0"),),
            server=HostName("pr1site.contoso.com"),
            dp_type="SERVER",
            forest_trusted=True,
            locality="LOCAL",
        ),
    )
    assert found == ContentLocations(sites=(site,), package_flags=0)


@pytest.mark.rule("CL-045")
def test_a_real_answer_with_boundary_groups__has_each_address_once_and_a_site_without_sources(vectors: Path) -> None:
    found = parse_content_location_reply(sample(vectors, "contentlocationreply-boundarygroups-2019.xml"))
    assert found.boundary_groups == ClientBoundaryGroups(
        "2019-10-08T18:35:59.080", (BoundaryGroupReference("167", "039BE065-8433-4764-BE1B-5D05D8CBDA30"),)
    )
    with_source, without = found.sites
    (record,) = with_source.records
    assert [(url.endpoint.host, url.capability) for url in record.urls] == [("dp01.contoso.com", "0")]
    assert without.records == ()
    assert without.site == MpSite(SiteCode("P01"), SiteCode("P01"), SiteLocality.LOCAL, "LOCAL")
    assert (found.problems, found.unknown) == ((), ())


def test_what_a_real_answer_says_of_boundary_groups_is_repeated(vectors: Path) -> None:
    real = sample(vectors, "contentlocationreply-boundarygroups-2019.xml").decode()
    found = parse_content_location_reply(real.encode("utf-16"))
    built = content_request(ContentOptions(), RequestStyle.CLIENT_2021, found.boundary_groups)
    assert real[real.index("<BoundaryGroups ") : real.index("<ContentInfo")] in built


def test_a_real_answer_that_is_cut_off_is_refused(vectors: Path) -> None:
    with pytest.raises(MalformedReplyError, match="ContentLocationReply is cut off"):
        parse_content_location_reply(sample(vectors, "contentlocationreply-smsupdate-2012-incomplete.xml.txt"))


def test_a_real_answer_for_an_update__completed(vectors: Path) -> None:
    real = sample(vectors, "contentlocationreply-smsupdate-2012-incomplete.xml.txt")
    whole = real[: real.index(b"\n[")] + (
        b"</LocationRecord></LocationRecords></Site></Sites><RelatedContentIDs/></ContentLocationReply>"
    )
    found = parse_content_location_reply(whole)
    assert found.hashes == (ContentHash(32780, "HashString", 4),)  # said by the root, and again in the list
    assert (found.content_flags, found.package_flags) == (200960, 32)
    assert found.sites[0].records[0].ip_subnets == ("10.10.25.128",)
    assert (found.problems, found.unknown) == ((), ())


def test_a_real_answer_with_update_points(vectors: Path) -> None:
    site, version = SiteCode("PS1"), "38"
    assert parse_wsus_location_reply(sample(vectors, "wsuslocationreply-2012r2.xml")) == WsusLocations(
        tuple(
            WsusLocation(site, Endpoint(scheme, HostName(host), port), "", HostName(host), version)
            for scheme, host, port in [
                (Scheme.HTTP, "ps1site.contoso.com", 8530),
                (Scheme.HTTPS, "ps1sys.contoso.com", 8531),
            ]
        )
    )


# Content answers in other shapes


def content(inside: str, attributes: str = "") -> ContentLocations:
    return parse_content_location_reply(f"<ContentLocationReply {attributes}>{inside}</ContentLocationReply>".encode())


def record(inside: str, site: str = 'SiteCode="ABC"') -> ContentLocations:
    records = f"<LocationRecords><LocationRecord>{inside}</LocationRecord></LocationRecords>"
    return content(f"<Sites><Site><MPSite {site}/>{records}</Site></Sites>")


def only(inside: str) -> LocationRecord:
    found = record(inside)
    assert (found.problems, found.unknown) == ((), ())
    return found.sites[0].records[0]


def test_an_answer_without_sources_is_an_empty_one() -> None:
    assert content("") == ContentLocations()
    assert content("<Sites/>") == ContentLocations()


def test_an_empty_list_of_boundary_groups_is_not_the_same_as_none() -> None:
    assert content("<BoundaryGroups/>").boundary_groups == ClientBoundaryGroups()
    caches = '<DOINCServers><DOINCServer DOINCServer="a.test"/></DOINCServers>'
    assert content(f'<BoundaryGroups IsOnVPN="1">{caches}</BoundaryGroups>').boundary_groups == ClientBoundaryGroups(
        on_vpn=True, connected_caches=("a.test",)
    )


def test_a_peer_and_an_address_that_takes_a_token() -> None:
    peer = only(
        '<URL Name="https://peer.contoso.com:8003/SCCM_BranchCache$/CAS00015" Signature=""/>'
        '<Locality>SUBNETPEER</Locality><Capabilities><Property Name="SSLState" Value="63"/></Capabilities>'
    )
    assert peer == LocationRecord(
        urls=(ContentUrl(Endpoint(Scheme.HTTPS, HostName("peer.contoso.com"), 8003), "/SCCM_BranchCache$/CAS00015"),),
        ssl_state=63,
        capabilities=(("SSLState", "63"),),
        locality="SUBNETPEER",
    )
    token = only(
        '<URL Name="https://p01.contoso.com/CCMTOKENAUTH_SMS_DP_SMSPKG$/CAS00015"/><Capabilities>'
        '<Property Name="SSLState" Value="0"/><Property Name="AuthMethod" Value="1024"/></Capabilities>'
    )
    assert (token.ssl_state, token.auth_method) == (0, 1024)


@pytest.mark.parametrize(
    ("properties", "state"),
    [
        ('<Property Name="SSL" Version="1"/>', 1),
        ('<Property Name="SSL" Version="1"/><Property Name="SSLState" Value="0"/>', 0),
        ('<Property Name="SSLState" Value="0"/><Property Name="SSLState" Value="63"/>', 0),
        ('<Property Name="Other" Value="63"/>', None),
    ],
)
def test_the_ssl_state_of_a_source_in_each_of_its_forms(properties: str, state: int | None) -> None:
    assert only(f"<Capabilities>{properties}</Capabilities>").ssl_state == state


@pytest.mark.rule("CL-045")
def test_a_source_has_an_smb_path_an_address_an_ad_site_subnets_and_a_metric() -> None:
    found = only(
        '<SMBPath Name="\\\\dp\\SMSPKGD$\\ABC00001\\"/><URL Name="http://dp/x"/><ADSite Name="Paris"/>'
        '<IPSubnets><IPSubnet Address="10.1.0.0"/><IPSubnet Address="2001:DB8::"/></IPSubnets><Metric Value="7"/>'
    )
    assert found == LocationRecord(
        urls=(ContentUrl(Endpoint(Scheme.HTTP, HostName("dp"), 80), "/x"),),
        smb_path="\\\\dp\\SMSPKGD$\\ABC00001\\",
        ad_site=AdSiteName("Paris"),
        ip_subnets=("10.1.0.0", "2001:db8::"),
        metric="7",
    )


def test_the_client_package() -> None:
    found = content('<ClientPackage FullPackageID="PS100003" FullPackageVersion="2" EnablePeerCache="0"/>')
    assert found.client_package == ClientPackage(ContentId("PS100003"), version="2", enable_peer_cache="0")
    assert (found.problems, found.unknown) == ((), ())


@pytest.mark.parametrize(("trust", "trusted"), [("1", True), ("0", False), ("", None)])
def test_whether_a_forest_is_trusted(trust: str, trusted: bool | None) -> None:  # noqa: FBT001
    assert only(f'<Windows Trust="{trust}"/>').forest_trusted is trusted


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        ('<URL Name="ftp://dp.test/x"/>', "is not a web address"),
        ('<URL Name="http://user:secret@dp.test/x"/>', "is not a web address"),
        ('<URL Name="http://dp.test/a b"/>', "is not a web address"),
        ('<URL Name="http://dp.test/&#x202e;"/>', "is not a web address"),
        ('<URL Name="http://dp.test?x"/>', "is not a web address"),
        ('<URL Name="http://-dp/x"/>', "is not a host name"),
        ('<URL Name="http://[::1]/x"/>', "is not a web address"),
        ('<URL Name="http://dp.test:0/x"/>', "is not a port"),
        ('<URL Name="http://dp.test:99999/x"/>', "is not a port"),
        (f'<URL Name="http://dp.test/{"x" * 2048}"/>', "is not a web address"),
        ('<URL Name="http://dp.test/x" Signature="file:///etc/passwd"/>', "is not a web address"),
        ('<IPSubnets><IPSubnet Address="10.1"/></IPSubnets>', "is not a network id"),
        ("<Version>new</Version>", "is not a version"),
        ('<Capabilities><Property Name="SSLState" Value="-1"/></Capabilities>', "is not a SSL state"),
        ("<ServerRemoteName>a..b</ServerRemoteName>", "is not a host name"),
        ('<Windows Trust="yes"/>', "is not a flag"),
        (f'<ADSite Name="{"x" * 64}"/>', "is not an AD site name"),
    ],
)
def test_what_cannot_be_used_is_told_and_the_source_stays(inside: str, problem: str) -> None:
    found = record(inside + "<DPType>SERVER</DPType>")
    assert found.sites[0].records[0].dp_type == "SERVER"
    (told,) = found.problems
    assert told.startswith("site 1, source 1: ")
    assert problem in told
    assert told.isprintable()
    assert len(told) < 250
    good = {url.signature for url in found.sites[0].records[0].urls}
    assert good <= {""}


@pytest.mark.rule("MP-034")
@pytest.mark.parametrize(
    ("site", "ports", "problems"),
    [
        ('IISPreferedPort="8080" IISSSLPreferedPort="8443"', (8080, 8443), 0),
        ('IISPreferedPort="8080"', (8080, None), 0),
        ("", (None, None), 0),
        ('IISPreferedPort="0" IISSSLPreferedPort="443"', (None, 443), 1),
    ],
)
def test_a_site_names_the_ports_that_it_prefers(site: str, ports: tuple[int | None, ...], problems: int) -> None:
    found = record("", site=site)
    assert (found.sites[0].site.http_port, found.sites[0].site.https_port) == ports
    assert len(found.problems) == problems


def test_what_nobody_knows_is_told_by_its_path_once() -> None:
    found = content(
        "<Sites><Site><LocationRecords><LocationRecord BlockInfo='0'><Peer><a/></Peer></LocationRecord>"
        "<LocationRecord BlockInfo='1'/></LocationRecords></Site></Sites><RelatedContentIDs><ID/></RelatedContentIDs>",
        'New="1"',
    )
    path = "Sites/Site/LocationRecords/LocationRecord"
    assert found.unknown == ("@New", f"{path}/@BlockInfo", f"{path}/Peer", "RelatedContentIDs/ID")


def test_hostile_texts_and_names_are_shown_safely_and_there_are_not_too_many() -> None:
    found = record(f"<DPType>a&#x202e;{'x' * 1000}</DPType>" + "".join(f"<n{number}/>" for number in range(100)))
    assert found.sites[0].records[0].dp_type == "a?" + "x" * 251 + "..."
    assert len(found.unknown) == 50
    flooded = content("".join("<Sites><Site><MPSite SiteCode='x'/></Site></Sites>" for _ in range(100)))
    assert len(flooded.problems) == 51
    assert flooded.problems[-1] == "and more of this kind"


def test_more_addresses_than_any_source_has_are_told() -> None:
    urls = "".join(f'<URL Name="http://dp.test/{number}"/>' for number in range(101))
    found = record(urls)
    assert len(found.sites[0].records[0].urls) == 100
    assert "of which 100 are read" in found.problems[0]


@pytest.mark.parametrize(
    ("sites", "records", "problem"),
    [
        (2001, 0, r"more than 2000 entries of a kind \(site\)"),
        (1, 2001, r"more than 2000 entries of a kind \(site 1, source\)"),
        (3, 1334, "more than 4000 sources"),
    ],
)
def test_an_answer_of_too_many_is_refused(sites: int, records: int, problem: str) -> None:
    inside = f"<Site><LocationRecords>{'<LocationRecord/>' * records}</LocationRecords></Site>" * sites
    with pytest.raises(MalformedReplyError, match=problem):
        content(f"<Sites>{inside}</Sites>")


def test_an_answer_of_very_many_is_taken() -> None:
    inside = f"<Site><LocationRecords>{'<LocationRecord/>' * 2000}</LocationRecords></Site>" * 2
    assert sum(len(site.records) for site in content(f"<Sites>{inside}</Sites>").sites) == 4000


# Sites

SETTINGS = (
    "<ClientOperationalSettings><Version>5.00.9106.1000</Version><HTTPPort>8080</HTTPPort></ClientOperationalSettings>"
)
DESCRIBED = SiteDescription(ABC, "5.00.9106.1000", 9106, HostName("mp.corp.test"), 63)
ATTRIBUTES = 'SiteCode="abc" Version="5.00.9106.1000" BuildNumber="9106" DefaultMP="MP.corp.test"'
WITHOUT_CODE = "<Version>5.00.9106.1000</Version><BuildNumber>9106</BuildNumber><DefaultMP>mp.corp.test</DefaultMP>"
ELEMENTS = f"<SiteCode>ABC</SiteCode>{WITHOUT_CODE}"
NAMED = '<SiteCode Name="ABC"/><Version>5.00.9106.1000</Version><DefaultMP>mp.corp.test</DefaultMP>'
CAPABILITIES = '<Capabilities SchemaVersion="1.0"><Property Name="SSLState" Value="63"/></Capabilities>'


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(f"<Site {ATTRIBUTES}>{CAPABILITIES}</Site>", id="attributes"),
        pytest.param(f"<Site>{ELEMENTS}{CAPABILITIES}</Site>", id="elements"),
        pytest.param(f'<Site>{WITHOUT_CODE}<MPSite SiteCode="ABC"/>{CAPABILITIES}</Site>', id="as in other answers"),
        pytest.param(f"<Site>{NAMED}{CAPABILITIES}</Site>", id="as the request writes it, and no build"),
    ],
)
@pytest.mark.parametrize(
    ("parse", "name"),
    [(parse_site_information_reply, "SiteInfoReply"), (parse_assigned_site_reply, "AssignedSiteReply")],
)
@pytest.mark.parametrize("inside", ["<Sites>{}</Sites>", "{}"])
def test_a_site_in_each_of_its_forms(
    site: str, parse: Callable[[bytes], SiteDescriptions], name: str, inside: str
) -> None:
    found = parse(f'<{name} SchemaVersion="1.00">{inside.format(site)}</{name}>'.encode())
    assert found == SiteDescriptions((DESCRIBED,))


@pytest.mark.parametrize(
    "settings",
    [
        f"{SETTINGS}\n tail",
        f"<ClientOperationalSettings>{SETTINGS.replace('<', '&lt;')}</ClientOperationalSettings>",
        f"<ClientOperationalSettings><![CDATA[{SETTINGS}]]></ClientOperationalSettings>\n tail",
    ],
)
def test_operational_settings_are_kept_as_the_text_that_a_directory_has(settings: str) -> None:
    found = parse_site_information_reply(
        f'<SiteInfoReply><Site SiteCode="ABC">{settings}</Site></SiteInfoReply>'.encode()
    )
    assert found.sites[0].operational_settings == SETTINGS
    assert parse_operational_settings(found.sites[0].operational_settings).http_port == 8080
    assert (found.problems, found.unknown) == ((), ())


def test_a_site_that_cannot_be_named_leaves_the_others() -> None:
    found = parse_assigned_site_reply(
        b'<AssignedSiteReply><Site/><Site SiteCode="ABCD"/><Site SiteCode="ABC" DefaultMP="-" New="1"/>'
        b"</AssignedSiteReply>"
    )
    assert found.sites == (SiteDescription(ABC),)
    assert [problem.partition(":")[0] for problem in found.problems] == ["site 1 has no site code", "site 2", "site 3"]
    assert found.unknown == ("Site/@New",)


@pytest.mark.rule("ML-039", "ML-040")
@pytest.mark.parametrize(
    ("word", "locality"),
    [
        ("Local", SiteLocality.LOCAL),
        ("REMOTE", SiteLocality.REMOTE),
        ("Fallback", SiteLocality.FALLBACK),
        ("Nearby", SiteLocality.UNKNOWN),
        ("", SiteLocality.UNKNOWN),
    ],
)
@pytest.mark.parametrize("shape", ["<Site {}/>", "<Site><MPSite {}/></Site>"])
def test_nearby_sites_have_a_code_a_master_and_a_locality(word: str, locality: SiteLocality, shape: str) -> None:
    site = shape.format(f'SiteCode="SEC" MasterSiteCode="ABC" SiteLocality="{word}"')
    found = parse_local_mp_reply(f"<LocalMPLocationReply><Sites>{site}</Sites></LocalMPLocationReply>".encode())
    assert found == LocalMps((MpSite(SiteCode("SEC"), ABC, locality, word),))


@pytest.mark.rule("ML-039")
def test_nearby_sites_that_cannot_be_named_are_told() -> None:
    found = parse_local_mp_reply(
        b'<LocalMPLocationReply><Sites><Site SiteLocality="Local"/></Sites></LocalMPLocationReply>'
    )
    assert found == LocalMps(problems=("site 1 has no site code that can be used",))


RECORD = (
    '<LocationRecord><IntranetName Value="mp.corp.test"/><InternetName Value="{}"/>'
    + CAPABILITIES
    + '<Version>9106</Version><Windows Trust="1"/></LocationRecord>'
)
ENUMERATED = ManagementPoint(
    HostName("mp.corp.test"), ABC, protocols=Protocols.HTTPS, audience=Audience.INTRANET, build=9106, ssl_state=63
)


@pytest.mark.parametrize("shape", ["{}", "<Site>{}</Site>", "<Sites><Site>{}</Site></Sites>"])
@pytest.mark.parametrize(
    ("internet", "mps"),
    [
        ("", [ENUMERATED]),
        ("MP.corp.test", [ENUMERATED._replace(audience=Audience.BOTH)]),
        (
            "mp.public.test",
            [ENUMERATED, ENUMERATED._replace(host=HostName("mp.public.test"), audience=Audience.INTERNET)],
        ),
    ],
)
def test_enumerated_management_points_by_each_of_their_names(
    shape: str, internet: str, mps: list[ManagementPoint]
) -> None:
    inside = f'<MPSite SiteCode="ABC"/><LocationRecords>{RECORD.format(internet)}</LocationRecords>'
    found = parse_enumerate_mps_reply(
        f"<EnumerateMPLocationReply>{shape.format(inside)}</EnumerateMPLocationReply>".encode()
    )
    assert found == EnumeratedMps(tuple(EnumeratedMp(mp, forest_trusted=True) for mp in mps))


def test_an_enumerated_management_point_without_a_name_is_told() -> None:
    found = parse_enumerate_mps_reply(
        b"<EnumerateMPLocationReply><LocationRecords><LocationRecord/></LocationRecords></EnumerateMPLocationReply>"
    )
    assert found == EnumeratedMps(problems=("management point 1 has no name that can be used",))


def test_an_update_point_whose_address_is_none_leaves_the_others() -> None:
    found = parse_wsus_location_reply(
        b'<WSUSLocationReply><Sites><Site><LocationRecords><LocationRecord WSUSURL="wsus"/>'
        b'<LocationRecord WSUSURL="http://wsus:8530/a" New="1"/></LocationRecords></Site></Sites></WSUSLocationReply>'
    )
    assert found.locations == (WsusLocation(None, Endpoint(Scheme.HTTP, HostName("wsus"), 8530), "/a"),)
    assert found.problems[0].startswith("site 1, server 1: 'wsus' is not a web address")
    assert found.unknown == ("Sites/Site/LocationRecords/LocationRecord/@New",)


PARSERS = [
    (parse_content_location_reply, "ContentLocationReply"),
    (parse_wsus_location_reply, "WSUSLocationReply"),
    (parse_site_information_reply, "SiteInfoReply"),
    (parse_assigned_site_reply, "AssignedSiteReply"),
    (parse_local_mp_reply, "LocalMPLocationReply"),
    (parse_enumerate_mps_reply, "EnumerateMPLocationReply"),
]


@pytest.mark.parametrize(("parse", "name"), PARSERS)
def test_what_is_no_answer_of_its_kind_is_refused(parse: Callable[[bytes], object], name: str) -> None:
    with pytest.raises(MalformedReplyError, match=f"is no {name}: its root is 'MPList'"):
        parse(b"<MPList/>")
    with pytest.raises(MalformedReplyError, match=f"{name} is cut off"):
        parse(f"<{name}><Sites>".encode())
    with pytest.raises(MalformedReplyError, match=f"{name} is a web page"):
        parse(b"<html></html>")
    with pytest.raises(UnsafeXmlError, match=name):
        parse(f'<!DOCTYPE {name} [<!ENTITY a "b">]><{name}>&a;</{name}>'.encode())
    parse(f"<{name.lower()}/>".encode())
