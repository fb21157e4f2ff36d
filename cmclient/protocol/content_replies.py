"""Where content is: what a management point answers to a content location request. Documents are UTF-8 or UTF-16."""

from xml.etree.ElementTree import Element

from ..errors import MalformedReplyError
from ..model.content import (
    ClientPackage,
    ContentHash,
    ContentId,
    ContentLocations,
    ContentSite,
    ContentUrl,
    LocationRecord,
)
from ..model.names import AdSiteName, HostName
from ..model.rule import decides
from .elements import (
    Problems,
    children,
    find_attribute,
    find_child,
    find_part,
    find_unknown,
    known_parts,
    parse_ip,
    parse_number,
    parse_root,
    parse_web_address,
    plain_attribute,
    plain_part,
)
from .location_parts import (
    MOST_PARTS,
    location_records,
    numbered,
    read_boundary_groups,
    read_capabilities,
    read_forest_trust,
    read_mp_site,
    sites_of,
)
from .mplist import parse_build

__all__ = ["parse_content_location_reply"]

_WHERE = "ContentLocationReply"
_MOST_RECORDS = 4_000  # of all sites together; a content is on some hundred servers, and fifty peers are named

_RECORD = "Sites/Site/LocationRecords/LocationRecord"
_KNOWN = known_parts(
    ". SchemaVersion ContentFlags HashAlgorithm AlgorithmPreference Hash ExcludeFileListHash RelatedContentID",
    "BoundaryGroups BoundaryGroupListRetrieveTime IsOnVPN",
    "BoundaryGroups/BoundaryGroup GroupID GroupGUID GroupFlag",
    "BoundaryGroups/DOINCServers/DOINCServer DOINCServer",
    "ClientPackage FullPackageID FullPackageVersion FullPackageHash MinimumClientVersion SiteVersion SiteVersionMatch"
    " LastModifiedTime ProgramEnabled RandomizeMaxDays EnablePeerCache",
    "ContentInfo PackageFlags",
    "ContentInfo/ContentHashValues/Hash Algorithm HashString HashPreference",
    "Sites/Site/MPSite SiteCode MasterSiteCode SiteLocality Locality IISPreferedPort IISSSLPreferedPort",
    f"{_RECORD}/URL Name Signature Capability",
    f"{_RECORD}/SMBPath Name",
    f"{_RECORD}/ADSite Name",
    f"{_RECORD}/IPSubnets/IPSubnet Address",
    f"{_RECORD}/Metric Value",
    f"{_RECORD}/Version",
    f"{_RECORD}/Capabilities SchemaVersion",
    f"{_RECORD}/Capabilities/Property Name Value Version",
    f"{_RECORD}/ServerRemoteName",
    f"{_RECORD}/DPType",
    f"{_RECORD}/Windows Trust",
    f"{_RECORD}/Locality",
    "RelatedContentIDs",
)


def parse_content_location_reply(document: bytes) -> ContentLocations:
    """Read the answer to a content location request.

    What a source says that cannot be used is left out and told in ``problems``; the source stays.

    Raises:
        MalformedReplyError: It is none (a web page, cut off, another document), or names more than 2,000 sites, or
            4,000 sources.
        UnsafeXmlError: It is refused for what it could do.
    """
    root, problems = parse_root(document, _WHERE), Problems()
    info = find_child(root, "ContentInfo")
    sites: list[ContentSite] = []
    left = _MOST_RECORDS
    for site, where in numbered(sites_of(root), "site"):
        left -= len(location_records(site))
        if left < 0:
            raise MalformedReplyError(f"{_WHERE} names more than {_MOST_RECORDS} sources", where=_WHERE)
        sites.append(_site(site, problems, where=where))
    return ContentLocations(
        sites=tuple(sites),
        boundary_groups=read_boundary_groups(find_child(root, "BoundaryGroups"), problems),
        client_package=_client_package(find_child(root, "ClientPackage"), problems),
        hashes=_hashes(root, info, problems),
        package_flags=problems.read(parse_number, find_attribute(info, "PackageFlags"), where="the package"),
        content_flags=problems.read(parse_number, find_attribute(root, "ContentFlags"), where="the content"),
        exclude_file_list_hash=plain_attribute(root, "ExcludeFileListHash"),
        related_content=plain_attribute(root, "RelatedContentID"),
        problems=problems.found,
        unknown=find_unknown(root, _KNOWN),
    )


@decides("CL-045")
def _site(site: Element, problems: Problems, *, where: str) -> ContentSite:
    """The sources of a site: records belong to the site in which they stand."""
    mp_site = read_mp_site(find_child(site, "MPSite"), problems, where=where)
    records = numbered(location_records(site), f"{where}, source")
    return ContentSite(mp_site, tuple(_record(record, problems, where=named) for record, named in records))


def _record(record: Element, problems: Problems, *, where: str) -> LocationRecord:
    can = read_capabilities(record, problems, where=where)
    return LocationRecord(
        urls=_urls(record, problems, where=where),
        smb_path=plain_attribute(find_child(record, "SMBPath"), "Name"),
        ad_site=problems.read(AdSiteName, find_part(record, "ADSite"), where=where),
        ip_subnets=_subnets(record, problems, where=where),
        metric=plain_part(record, "Metric"),
        build=problems.read(parse_build, find_part(record, "Version"), where=where),
        ssl_state=can.ssl_state,
        auth_method=can.auth_method,
        capabilities=can.properties,
        server=problems.read(HostName, find_part(record, "ServerRemoteName"), where=where),
        dp_type=plain_part(record, "DPType"),
        forest_trusted=read_forest_trust(record, problems, where=where),
        locality=plain_part(record, "Locality"),
    )


def _urls(record: Element, problems: Problems, *, where: str) -> tuple[ContentUrl, ...]:
    """The addresses of a source; real answers have had the same one twice."""
    found: dict[ContentUrl, None] = {}
    for url in problems.first(children(record, "URL"), MOST_PARTS, where=where):
        address = problems.read(parse_web_address, find_attribute(url, "Name"), where=where)
        if address is not None:
            signature = problems.read(_parse_signature, find_attribute(url, "Signature"), where=where) or ""
            found.setdefault(ContentUrl(*address, signature, plain_attribute(url, "Capability")))
    return tuple(found)


def _parse_signature(text: str) -> str:
    parse_web_address(text)
    return text


def _subnets(record: Element, problems: Problems, *, where: str) -> tuple[str, ...]:
    subnets = problems.first(children(find_child(record, "IPSubnets"), "IPSubnet"), MOST_PARTS, where=where)
    read = (problems.read(parse_ip, find_attribute(subnet, "Address"), where=where) for subnet in subnets)
    return tuple(subnet for subnet in read if subnet is not None)


def _client_package(package: Element | None, problems: Problems) -> ClientPackage | None:
    if package is None:
        return None
    return ClientPackage(
        id=problems.read(ContentId, find_attribute(package, "FullPackageID"), where="the client package"),
        version=plain_attribute(package, "FullPackageVersion"),
        hash=plain_attribute(package, "FullPackageHash"),
        minimum_client_version=plain_attribute(package, "MinimumClientVersion"),
        site_version=plain_attribute(package, "SiteVersion"),
        site_version_match=plain_attribute(package, "SiteVersionMatch"),
        last_modified=plain_attribute(package, "LastModifiedTime"),
        program_enabled=plain_attribute(package, "ProgramEnabled"),
        randomize_max_days=plain_attribute(package, "RandomizeMaxDays"),
        enable_peer_cache=plain_attribute(package, "EnablePeerCache"),
    )


def _hashes(root: Element, info: Element | None, problems: Problems) -> tuple[ContentHash, ...]:
    """Hashes of the content: that of the answer itself, then those of the list; each once."""
    own = _hash(root, ("HashAlgorithm", "Hash", "AlgorithmPreference"), problems)
    listed = problems.first(children(find_child(info, "ContentHashValues"), "Hash"), MOST_PARTS, where="hashes")
    found = [own, *(_hash(one, ("Algorithm", "HashString", "HashPreference"), problems) for one in listed)]
    return tuple(dict.fromkeys(one for one in found if one.value))


def _hash(holder: Element, names: tuple[str, str, str], problems: Problems) -> ContentHash:
    algorithm, value, preference = names
    return ContentHash(
        problems.read(parse_number, find_attribute(holder, algorithm), where="a hash"),
        plain_attribute(holder, value),
        problems.read(parse_number, find_attribute(holder, preference), where="a hash"),
    )
