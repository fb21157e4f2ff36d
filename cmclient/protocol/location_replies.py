"""What a management point answers about sites, management points and update servers.

Only the WSUS answer is known from a real one, and of the site answer its root; the others are read by the names of
their parts, wherever these may stand: as attribute or as element. Documents are UTF-8 or UTF-16.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, tostring

from ..model.endpoints import Audience, ManagementPoint
from ..model.messages import (
    EnumeratedMp,
    EnumeratedMps,
    LocalMps,
    SiteDescription,
    SiteDescriptions,
    WsusLocation,
    WsusLocations,
)
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from .elements import (
    Problems,
    find_attribute,
    find_child,
    find_part,
    find_unknown,
    known_parts,
    parse_root,
    parse_web_address,
    plain_attribute,
    plain_part,
)
from .location_parts import (
    location_records,
    numbered,
    read_capabilities,
    read_forest_trust,
    read_mp_site,
    sites_of,
)
from .mplist import parse_build, protocols_of_ssl_state

__all__ = [
    "parse_assigned_site_reply",
    "parse_enumerate_mps_reply",
    "parse_local_mp_reply",
    "parse_site_information_reply",
    "parse_wsus_location_reply",
]

_MP_SITE = "SiteCode MasterSiteCode SiteLocality Locality IISPreferedPort IISSSLPreferedPort"


def _described(site: str) -> tuple[str, ...]:
    """What is known of a site that describes itself, at a path."""
    parts = ("SiteCode", "Version", "BuildNumber", "DefaultMP")
    return (
        f"{site} {' '.join(parts)}",
        *(f"{site}/{part} Value Name" for part in parts),
        f"{site}/MPSite SiteCode",
        f"{site}/Capabilities SchemaVersion",
        f"{site}/Capabilities/Property Name Value Version",
        f"{site}/ClientOperationalSettings/*",
    )


def _enumerated(site: str) -> tuple[str, ...]:
    """What is known of a site whose management points are enumerated, at a path that is empty or ends in a slash."""
    record = f"{site}LocationRecords/LocationRecord"
    return (
        f"{site}MPSite {_MP_SITE}",
        f"{record} IntranetName InternetName Version",
        f"{record}/IntranetName Value Name",
        f"{record}/InternetName Value Name",
        f"{record}/Version Value Name",
        f"{record}/Capabilities SchemaVersion",
        f"{record}/Capabilities/Property Name Value Version",
        f"{record}/Windows Trust",
    )


_DESCRIPTIONS = known_parts(". SchemaVersion", *_described("Sites/Site"), *_described("Site"))
_LOCAL_MPS = known_parts(
    ". SchemaVersion",
    *(f"{site} {_MP_SITE}" for site in ("Sites/Site", "Sites/Site/MPSite", "Site", "Site/MPSite")),
)
_ENUMERATION = known_parts(". SchemaVersion", *_enumerated(""), *_enumerated("Site/"), *_enumerated("Sites/Site/"))
_WSUS = known_parts(
    ". SchemaVersion",
    *(f"{site}/MPSite SiteCode" for site in ("Sites/Site", "Site")),
    *(f"{site}/LocationRecords/LocationRecord WSUSURL ServerName Version" for site in ("Sites/Site", "Site")),
)


def parse_site_information_reply(document: bytes) -> SiteDescriptions:
    """Read the answer to a site information request.

    Raises:
        MalformedReplyError: It is none, or names more than 2,000 sites.
        UnsafeXmlError: It is refused for what it could do.
    """
    return _site_descriptions(parse_root(document, "SiteInfoReply"))


def parse_assigned_site_reply(document: bytes) -> SiteDescriptions:
    """Read the answer to an assigned site request.

    Raises:
        MalformedReplyError: It is none, or names more than 2,000 sites.
        UnsafeXmlError: It is refused for what it could do.
    """
    return _site_descriptions(parse_root(document, "AssignedSiteReply"))


def _site_descriptions(root: Element) -> SiteDescriptions:
    problems = Problems()
    described = (_site_description(site, problems, where=where) for site, where in numbered(sites_of(root), "site"))
    sites = tuple(site for site in described if site is not None)
    return SiteDescriptions(sites, problems.found, find_unknown(root, _DESCRIPTIONS))


def _site_description(site: Element, problems: Problems, *, where: str) -> SiteDescription | None:
    code = find_part(site, "SiteCode") or find_attribute(find_child(site, "MPSite"), "SiteCode")
    site_code = problems.read(SiteCode, code, where=where)
    if site_code is None:
        if code is None:
            problems.note(f"{where} has no site code")
        return None
    version, build = plain_part(site, "Version"), find_part(site, "BuildNumber")
    return SiteDescription(
        site_code,
        version=version,
        build=problems.read(parse_build, build or version, where=where),
        default_mp=problems.read(HostName, find_part(site, "DefaultMP"), where=where),
        ssl_state=read_capabilities(site, problems, where=where).ssl_state,
        operational_settings=_operational_settings(site),
    )


def _operational_settings(site: Element) -> str:
    """Client operational settings as XML; they are sent as elements, or as a text that holds them."""
    holder = find_child(site, "ClientOperationalSettings")
    if holder is None:
        return ""
    text = (holder.text or "").strip()
    if not len(holder) and text.startswith("<"):
        return text
    holder.tail = None
    return tostring(holder, encoding="unicode")


@decides("ML-039")
def parse_local_mp_reply(document: bytes) -> LocalMps:
    """Read the answer to a local MP location request: site code, master site code and locality of each site.

    Raises:
        MalformedReplyError: It is none, or names more than 2,000 sites.
        UnsafeXmlError: It is refused for what it could do.
    """
    root, problems = parse_root(document, "LocalMPLocationReply"), Problems()
    sites = []
    for site, where in numbered(sites_of(root), "site"):
        holder = find_child(site, "MPSite")
        found = read_mp_site(site if holder is None else holder, problems, where=where)
        if found.site_code is None:
            problems.note(f"{where} has no site code that can be used")
        else:
            sites.append(found)
    return LocalMps(tuple(sites), problems.found, find_unknown(root, _LOCAL_MPS))


def parse_enumerate_mps_reply(document: bytes) -> EnumeratedMps:
    """Read the answer to an enumerate MP location request.

    Raises:
        MalformedReplyError: It is none, or names more than 2,000 sites or management points.
        UnsafeXmlError: It is refused for what it could do.
    """
    root, problems = parse_root(document, "EnumerateMPLocationReply"), Problems()
    found: list[EnumeratedMp] = []
    for site in (root, *sites_of(root)):
        code = read_mp_site(find_child(site, "MPSite"), problems, where="the site").site_code
        for record, where in numbered(location_records(site), "management point"):
            found += _management_points(record, code, problems, where=where)
    return EnumeratedMps(tuple(found), problems.found, find_unknown(root, _ENUMERATION))


def _management_points(
    record: Element, site: SiteCode | None, problems: Problems, *, where: str
) -> Iterator[EnumeratedMp]:
    """A management point by each of its names; one name for both makes it one."""
    intranet = problems.read(HostName, find_part(record, "IntranetName"), where=where)
    internet = problems.read(HostName, find_part(record, "InternetName"), where=where)
    if intranet is None and internet is None:
        problems.note(f"{where} has no name that can be used")
    trusted = read_forest_trust(record, problems, where=where)
    state = read_capabilities(record, problems, where=where).ssl_state
    build = problems.read(parse_build, find_part(record, "Version"), where=where)
    names = [(intranet, Audience.INTRANET), (internet, Audience.INTERNET)]
    for host, audience in names if intranet != internet else [(intranet, Audience.BOTH)]:
        if host is None:
            continue
        mp = ManagementPoint(
            host,
            site_code=site,
            protocols=protocols_of_ssl_state(state),
            audience=audience,
            build=build,
            ssl_state=state,
        )
        yield EnumeratedMp(mp, trusted)


def parse_wsus_location_reply(document: bytes) -> WsusLocations:
    """Read the answer to a WSUS location request.

    Raises:
        MalformedReplyError: It is none, or names more than 2,000 sites or servers.
        UnsafeXmlError: It is refused for what it could do.
    """
    root, problems = parse_root(document, "WSUSLocationReply"), Problems()
    found = []
    for site, of_site in numbered(sites_of(root), "site"):
        code = problems.read(SiteCode, find_attribute(find_child(site, "MPSite"), "SiteCode"), where=of_site)
        for record, where in numbered(location_records(site), f"{of_site}, server"):
            address = problems.read(parse_web_address, find_attribute(record, "WSUSURL"), where=where)
            if address is None:
                continue
            server = problems.read(HostName, find_attribute(record, "ServerName"), where=where)
            found.append(WsusLocation(code, *address, server, plain_attribute(record, "Version")))
    return WsusLocations(tuple(found), problems.found, find_unknown(root, _WSUS))
