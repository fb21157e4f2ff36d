"""Answers as a site writes them: those with a sample are like it, the others read back as what was meant."""

from pathlib import Path

import pytest

from cmclient.model.content import ContentLocations, ContentSite, ContentUrl, LocationRecord
from cmclient.model.endpoints import Audience, Endpoint, ManagementPoint, Protocols, Scheme
from cmclient.model.messages import (
    EnumeratedMp,
    EnumeratedMps,
    LocalMps,
    MpSite,
    SiteDescription,
    SiteDescriptions,
    SiteLocality,
)
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.content_replies import parse_content_location_reply
from cmclient.protocol.location_answers import (
    build_assigned_site_reply,
    build_content_location_reply,
    build_enumerate_mps_reply,
    build_local_mp_reply,
    build_site_information_reply,
    build_wsus_location_reply,
)
from cmclient.protocol.location_replies import parse_enumerate_mps_reply, parse_wsus_location_reply

ABC, SEC = SiteCode("ABC"), SiteCode("SEC")
MP = HostName("mp.corp.test")


def sample(vectors: Path, name: str) -> str:
    return (vectors / "samples" / name).read_text("utf-8").removesuffix("\n")


@pytest.mark.parametrize("name", ["contentlocationreply-app-2012.xml", "contentlocationreply-boundarygroups-2019.xml"])
def test_content__written_as_it_was_read__is_the_real_answer(vectors: Path, name: str) -> None:
    real = sample(vectors, name)
    urls = real[real.index("<URL") : real.index("<ADSite")]
    once = urls[: len(urls) // 2] if urls.count("<URL") == 2 else urls  # one real answer has it twice
    built = build_content_location_reply(parse_content_location_reply(real.encode()))
    # Names of hosts are kept in lower case.
    assert built.lower() == real.replace(urls, once).lower()


def test_content_of_an_update__written_as_it_was_read__is_the_real_answer(vectors: Path) -> None:
    real = sample(vectors, "contentlocationreply-smsupdate-2012-incomplete.xml.txt")
    whole = real[: real.index("\n[")] + (
        "</LocationRecord></LocationRecords></Site></Sites><RelatedContentIDs/></ContentLocationReply>"
    )
    assert build_content_location_reply(parse_content_location_reply(whole.encode())).lower() == whole.lower()


def test_update_points__written_as_they_were_read__are_the_real_answer(vectors: Path) -> None:
    real = sample(vectors, "wsuslocationreply-2012r2.xml")
    assert build_wsus_location_reply(parse_wsus_location_reply(real.encode())).lower() == real.lower()


@pytest.mark.rule("MP-034")
@pytest.mark.parametrize(
    ("site", "written"),
    [
        (MpSite(ABC, ABC, http_port=8080, https_port=8443), ' IISPreferedPort="8080" IISSSLPreferedPort="8443"'),
        (MpSite(ABC, ABC, https_port=8443), ' IISSSLPreferedPort="8443"'),
        (MpSite(ABC, ABC), ""),
    ],
)
def test_content__names_the_ports_that_a_site_prefers(site: MpSite, written: str) -> None:
    built = build_content_location_reply(ContentLocations((ContentSite(site),)))
    assert f'<MPSite SiteCode="ABC" MasterSiteCode="ABC"{written}/>' in built


def test_content__a_source_of_a_lab_states_what_it_can_without_properties_of_its_own() -> None:
    url = ContentUrl(Endpoint(Scheme.HTTPS, HostName("dp.corp.test"), 443), "/x")
    built = build_content_location_reply(
        ContentLocations((ContentSite(MpSite(ABC), (LocationRecord((url,), ssl_state=63, auth_method=1024),)),))
    )
    (record,) = parse_content_location_reply(built.encode()).sites[0].records
    assert (record.urls, record.ssl_state, record.auth_method) == ((url,), 63, 1024)


def test_sites__what_is_not_known_is_left_out() -> None:
    described = SiteDescriptions((SiteDescription(ABC),))
    site = "<Site><SiteCode>ABC</SiteCode></Site>"
    assert build_site_information_reply(described) == (
        f'<SiteInfoReply SchemaVersion="1.00"><Sites>{site}</Sites></SiteInfoReply>'
    )
    assert build_assigned_site_reply(described) == f'<AssignedSiteReply SchemaVersion="1.00">{site}</AssignedSiteReply>'
    assert build_assigned_site_reply(SiteDescriptions()) == '<AssignedSiteReply SchemaVersion="1.00"/>'


@pytest.mark.rule("ML-039")
def test_nearby_sites__have_code_master_and_locality() -> None:
    built = build_local_mp_reply(LocalMps((MpSite(SEC, ABC, SiteLocality.REMOTE),)))
    assert '<Site><MPSite SiteCode="SEC" MasterSiteCode="ABC" SiteLocality="REMOTE"/></Site>' in built


def test_enumeration__of_two_sites_has_an_element_for_each() -> None:
    mps = [
        ManagementPoint(MP, site, protocols=protocols, audience=audience)
        for site, protocols, audience in [
            (ABC, Protocols.HTTPS, Audience.UNKNOWN),
            (SEC, Protocols.UNKNOWN, Audience.INTERNET),
        ]
    ]
    built = build_enumerate_mps_reply(EnumeratedMps(tuple(EnumeratedMp(mp) for mp in mps)))
    found = [one.mp for one in parse_enumerate_mps_reply(built.encode()).mps]
    # It is written by the name for the intranet where nobody said, and HTTPS alone by the usual SSL state.
    assert found == [mps[0]._replace(audience=Audience.INTRANET, ssl_state=63), mps[1]]
    assert built.count("<Site>") == 2
