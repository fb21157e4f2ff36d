"""Content: how it is named, how a client asks where it is, and what it is told."""

from enum import Enum
from typing import NamedTuple

from .content_id import ContentId
from .endpoints import Endpoint
from .messages import MpSite
from .names import AdSiteName, HostName

__all__ = [
    "BoundaryGroupReference",
    "ClientBoundaryGroups",
    "ClientPackage",
    "ContentHash",
    "ContentId",
    "ContentKind",
    "ContentLocations",
    "ContentOptions",
    "ContentReference",
    "ContentSite",
    "ContentUrl",
    "LocationRecord",
]


class ContentKind(Enum):
    """What content is wanted for; the value is the location type of the request."""

    PACKAGE = "SMSPackage"
    """A package, or an application's content."""
    UPDATE = "SMSUpdate"


class ContentReference(NamedTuple):
    """Content that is wanted.

    Attributes:
        id: Its identifier.
        version: Its version, from 1 on.
        kind: What it is wanted for.
        deployment_flags: Flags of the deployment that wants it, as policy gives them; None when there are none.
    """

    id: ContentId
    version: int = 1
    kind: ContentKind = ContentKind.PACKAGE
    deployment_flags: int | None = None


class ContentOptions(NamedTuple):
    """Which sources a client can use (CL-047).

    Attributes:
        distribute_on_demand: Ask the site to send the content to a distribution point.
        cloud: Cloud distribution points and content-enabled cloud management gateways.
        microsoft_update: Microsoft Update.
        internet: Internet-facing distribution points.
        http: Locations over HTTP.
        smb: Network shares.
        multicast: Multicast.
        peers: Peer cache; only for a client all of whose boundary groups allow peer downloads.
        tokens: Distribution points that take an access token.
        protected: Prefer protected distribution points (clients of 2012).
        caching: Branch distribution points (clients of 2012).
    """

    distribute_on_demand: bool = False
    cloud: bool = False
    microsoft_update: bool = False
    internet: bool = False
    http: bool = True
    smb: bool = False
    multicast: bool = False
    peers: bool = False
    tokens: bool = False
    protected: bool = False
    caching: bool = False


class BoundaryGroupReference(NamedTuple):
    """A boundary group as a site names it to its clients; texts as sent.

    Attributes:
        id: Its number.
        guid: Its GUID, without braces.
        flag: Its flag; empty when not sent.
    """

    id: str
    guid: str = ""
    flag: str = ""


class ClientBoundaryGroups(NamedTuple):
    """The boundary groups of a client: told by a site, kept, and repeated in the next request.

    Attributes:
        retrieved: When the site looked them up, as it wrote it.
        groups: In the order of the site; empty for a client that is in none.
        on_vpn: Whether the client is on a VPN; None when not said.
        connected_caches: Connected Cache servers, as sent.
    """

    retrieved: str = ""
    groups: tuple[BoundaryGroupReference, ...] = ()
    on_vpn: bool | None = None
    connected_caches: tuple[str, ...] = ()


class ContentUrl(NamedTuple):
    """An address of content.

    Attributes:
        endpoint: The server.
        path: Path, and query if there is one; begins with a slash, or is empty.
        signature: Address of the content's signature, as sent; empty when there is none.
        capability: What the address can do, as sent; nobody knows its meaning. Empty when not sent.
    """

    endpoint: Endpoint
    path: str = ""
    signature: str = ""
    capability: str = ""


class LocationRecord(NamedTuple):
    """One source of content: a distribution point or a peer. Unknown stays unknown.

    Attributes:
        urls: Addresses, in the order of the answer, each once; may be empty.
        smb_path: Network share; empty when there is none.
        ad_site: AD site of the source; None when not sent, or not readably.
        ip_subnets: Network ids of its subnets, without the empty ones that are sent besides.
        metric: As sent.
        build: Build number of its version; None when not sent, or not readably.
        ssl_state: SSL state bits; None likewise.
        auth_method: Bits of how it authenticates clients; None likewise.
        capabilities: Every property of its capabilities as sent, as name and value.
        server: Its server; None when not sent, or not readably.
        dp_type: Its type as sent, such as ``SERVER``.
        forest_trusted: Whether its forest is trusted, so that Windows authentication can work; None when not sent.
        locality: Its nearness in the word of the site, such as ``LOCAL`` or ``SUBNETPEER``.
    """

    urls: tuple[ContentUrl, ...] = ()
    smb_path: str = ""
    ad_site: AdSiteName | None = None
    ip_subnets: tuple[str, ...] = ()
    metric: str = ""
    build: int | None = None
    ssl_state: int | None = None
    auth_method: int | None = None
    capabilities: tuple[tuple[str, str], ...] = ()
    server: HostName | None = None
    dp_type: str = ""
    forest_trusted: bool | None = None
    locality: str = ""


class ContentSite(NamedTuple):
    """The sources of one site. An answer may name a site more than once.

    Attributes:
        site: The site.
        records: In the order of the answer; may be empty.
    """

    site: MpSite
    records: tuple[LocationRecord, ...] = ()


class ClientPackage(NamedTuple):
    """The client package that a site offers to client setup; texts as sent, empty when not sent.

    Attributes:
        id: The package; None when not sent, or not readably.
        version: Its version.
        hash: Its hash.
        minimum_client_version: Version below which a client is to be replaced.
        site_version: Version of the site.
        site_version_match: Whether the site's version must be met.
        last_modified: When it was changed.
        program_enabled: Whether it may be installed.
        randomize_max_days: Days over which clients are to spread its installation.
        enable_peer_cache: Whether peers may serve it.
    """

    id: ContentId | None = None
    version: str = ""
    hash: str = ""
    minimum_client_version: str = ""
    site_version: str = ""
    site_version_match: str = ""
    last_modified: str = ""
    program_enabled: str = ""
    randomize_max_days: str = ""
    enable_peer_cache: str = ""


class ContentHash(NamedTuple):
    """A hash of content.

    Attributes:
        algorithm: CryptoAPI number of the algorithm: 32780 SHA-256, 32772 SHA-1; None when not sent, or not readably.
        value: The hash as sent.
        preference: Which of several counts; None likewise.
    """

    algorithm: int | None
    value: str
    preference: int | None = None


class ContentLocations(NamedTuple):
    """The answer to a content location request.

    Attributes:
        sites: Sources by site, in the order of the answer; may be empty.
        boundary_groups: The client's boundary groups; None when the answer does not speak of them.
        client_package: The client package; None when it was not asked for.
        hashes: Hashes of the content, its own (attributes of the answer) first; may be empty.
        package_flags: Flags of the package; None when not sent, or not readably.
        content_flags: Flags of the content; None likewise.
        exclude_file_list_hash: As sent; empty when not sent.
        related_content: Identifier of related content, as sent; empty when not sent.
        problems: What could not be used, a sentence each.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    sites: tuple[ContentSite, ...] = ()
    boundary_groups: ClientBoundaryGroups | None = None
    client_package: ClientPackage | None = None
    hashes: tuple[ContentHash, ...] = ()
    package_flags: int | None = None
    content_flags: int | None = None
    exclude_file_list_hash: str = ""
    related_content: str = ""
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
