"""What a site answers, written: the counterpart of ``location_replies`` and ``content_replies``.

For the lab and for servers of tests. The content and WSUS answers have the shape of real ones; of the others only the
names of the parts are known.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ..model.content import ClientPackage, ContentHash, ContentLocations, ContentSite, LocationRecord
from ..model.endpoints import Audience, ManagementPoint
from ..model.messages import (
    EnumeratedMp,
    EnumeratedMps,
    LocalMps,
    MpSite,
    SiteDescription,
    SiteDescriptions,
    SiteLocality,
    WsusLocation,
    WsusLocations,
)
from ..model.names import SiteCode
from .location_requests import build_boundary_groups
from .markup import element, flag, text_element
from .mplist import ssl_state_of

__all__ = [
    "build_assigned_site_reply",
    "build_content_location_reply",
    "build_enumerate_mps_reply",
    "build_local_mp_reply",
    "build_site_information_reply",
    "build_wsus_location_reply",
]

_SCHEMA = {"SchemaVersion": "1.00"}


# Sites and management points


def build_site_information_reply(described: SiteDescriptions) -> str:
    """Write the answer to a site information request; what is not known of a site is left out."""
    return element("SiteInfoReply", _SCHEMA, element("Sites", inside=_descriptions(described.sites)))


def build_assigned_site_reply(described: SiteDescriptions) -> str:
    """Write the answer to an assigned site request; without a site it says that there is none."""
    return element("AssignedSiteReply", _SCHEMA, _descriptions(described.sites))


def _descriptions(sites: Iterable[SiteDescription]) -> str:
    return "".join(element("Site", inside="".join(_description(site))) for site in sites)


def _description(site: SiteDescription) -> Iterator[str]:
    yield text_element("SiteCode", site.site_code)
    if site.version:
        yield text_element("Version", site.version)
    if site.build is not None:
        yield text_element("BuildNumber", site.build)
    if site.default_mp is not None:
        yield text_element("DefaultMP", site.default_mp)
    yield _capabilities(_ssl_property(site.ssl_state))
    if site.operational_settings:
        yield text_element("ClientOperationalSettings", site.operational_settings)


def build_local_mp_reply(local: LocalMps) -> str:
    """Write the answer to a local MP location request."""
    sites = "".join(element("Site", inside=_mp_site(site)) for site in local.sites)
    return element("LocalMPLocationReply", _SCHEMA, element("Sites", inside=sites))


def build_enumerate_mps_reply(enumerated: EnumeratedMps) -> str:
    """Write the answer to an enumerate MP location request.

    Management points of one site stand in the answer itself, those of several in an element for each site.
    """
    by_site = groupby(enumerated.mps, lambda one: one.mp.site_code)
    written = [_of_site(site, "".join(map(_enumerated, mps))) for site, mps in by_site]
    if len(written) > 1:
        written = [element("Sites", inside="".join(element("Site", inside=one) for one in written))]
    return element("EnumerateMPLocationReply", _SCHEMA, "".join(written))


def _of_site(site: SiteCode | None, records: str) -> str:
    named = "" if site is None else element("MPSite", {"SiteCode": site})
    return named + element("LocationRecords", inside=records)


def _enumerated(one: EnumeratedMp) -> str:
    mp = one.mp
    inside = [
        *(element(name, {"Value": mp.host}) for name in _names(mp)),
        _capabilities(_ssl_property(ssl_state_of(mp.protocols) if mp.ssl_state is None else mp.ssl_state)),
        "" if mp.build is None else text_element("Version", mp.build),
        _trust(one.forest_trusted),
    ]
    return element("LocationRecord", inside="".join(inside))


def _names(mp: ManagementPoint) -> tuple[str, ...]:
    if mp.audience is Audience.BOTH:
        return "IntranetName", "InternetName"
    return ("InternetName" if mp.audience is Audience.INTERNET else "IntranetName",)


# Update points


def build_wsus_location_reply(found: WsusLocations) -> str:
    """Write the answer to a WSUS location request."""
    by_site = groupby(found.locations, lambda one: one.site_code)
    sites = (element("Site", inside=_of_site(site, "".join(map(_update_point, points)))) for site, points in by_site)
    return element("WSUSLocationReply", _SCHEMA, element("Sites", inside="".join(sites)))


def _update_point(one: WsusLocation) -> str:
    address = one.endpoint.url(one.path)
    return element("LocationRecord", {"WSUSURL": address, "ServerName": one.server, "Version": one.version or None})


# Content


def build_content_location_reply(found: ContentLocations) -> str:
    """Write the answer to a content location request.

    The first hash is that of the content itself; it stands in the answer and again in the list, as in real ones.
    """
    own = found.hashes[0] if found.hashes else ContentHash(None, "")
    of_update = found.content_flags is not None
    attributes = {
        **_SCHEMA,
        "ContentFlags": found.content_flags,
        "HashAlgorithm": own.algorithm,
        "AlgorithmPreference": own.preference,
        "Hash": own.value or None,
        "ExcludeFileListHash": found.exclude_file_list_hash or ("" if of_update else None),
        "RelatedContentID": found.related_content or ("" if of_update else None),
    }
    inside = [
        "" if found.boundary_groups is None else build_boundary_groups(found.boundary_groups),
        "" if found.client_package is None else _client_package(found.client_package),
        element(
            "ContentInfo",
            {"PackageFlags": found.package_flags},
            element("ContentHashValues", inside="".join(map(_hash, found.hashes))),
        ),
        element("Sites", inside="".join(map(_content_site, found.sites))),
        element("RelatedContentIDs"),
    ]
    return element("ContentLocationReply", attributes, "".join(inside))


def _client_package(package: ClientPackage) -> str:
    said = {
        "FullPackageID": package.id,
        "FullPackageVersion": package.version,
        "FullPackageHash": package.hash,
        "MinimumClientVersion": package.minimum_client_version,
        "SiteVersion": package.site_version,
        "SiteVersionMatch": package.site_version_match,
        "LastModifiedTime": package.last_modified,
        "ProgramEnabled": package.program_enabled,
        "RandomizeMaxDays": package.randomize_max_days,
        "EnablePeerCache": package.enable_peer_cache,
    }
    return element("ClientPackage", {name: value or None for name, value in said.items()})


def _hash(one: ContentHash) -> str:
    return element(
        "Hash", {"Algorithm": one.algorithm, "HashString": one.value or None, "HashPreference": one.preference}
    )


def _content_site(site: ContentSite) -> str:
    records = "".join(map(_record, site.records))
    return element("Site", inside=_mp_site(site.site) + element("LocationRecords", inside=records))


def _record(record: LocationRecord) -> str:
    subnets = "".join(element("IPSubnet", {"Address": subnet}) for subnet in (*record.ip_subnets, ""))
    method = record.auth_method
    stated = _ssl_property(record.ssl_state) + ((("AuthMethod", str(method)),) if method is not None else ())
    inside = [
        *(
            element(
                "URL",
                {
                    "Name": url.endpoint.url(url.path),
                    "Signature": url.signature or None,
                    "Capability": url.capability or None,
                },
            )
            for url in record.urls
        ),
        element("SMBPath", {"Name": record.smb_path}) if record.smb_path else "",
        element("ADSite", {"Name": record.ad_site}) if record.ad_site is not None else "",
        element("IPSubnets", inside=subnets),
        element("Metric", {"Value": record.metric}),
        text_element("Version", record.build) if record.build is not None else "",
        _capabilities(record.capabilities or stated),
        text_element("ServerRemoteName", record.server) if record.server is not None else "",
        text_element("DPType", record.dp_type) if record.dp_type else "",
        _trust(record.forest_trusted),
        text_element("Locality", record.locality) if record.locality else "",
    ]
    return element("LocationRecord", inside="".join(inside))


# Parts of several


def _mp_site(site: MpSite) -> str:
    word = "" if site.locality is SiteLocality.UNKNOWN else site.locality.value.upper()
    return element(
        "MPSite",
        {
            "SiteCode": site.site_code,
            "MasterSiteCode": site.master_site,
            "SiteLocality": site.locality_text or word or None,
            "IISPreferedPort": site.http_port,
            "IISSSLPreferedPort": site.https_port,
        },
    )


def _ssl_property(state: int | None) -> tuple[tuple[str, str], ...]:
    return () if state is None else (("SSLState", str(state)),)


def _capabilities(properties: Sequence[tuple[str, str]]) -> str:
    if not properties:
        return ""
    written = "".join(element("Property", {"Name": name, "Value": value}) for name, value in properties)
    return element("Capabilities", {"SchemaVersion": "1.0"}, written)


def _trust(trusted: bool | None) -> str:  # noqa: FBT001 - it is what it is about
    return "" if trusted is None else element("Windows", {"Trust": flag(trusted)})
