"""Site systems and how to reach them."""

from enum import Enum, IntEnum
from typing import NamedTuple

from .names import DnsDomain, GatewayPath, HostName, SiteCode

__all__ = [
    "HTTPS_PORT",
    "HTTP_PORT",
    "Access",
    "Audience",
    "Endpoint",
    "InternetAddress",
    "Locality",
    "ManagementPoint",
    "Protocols",
    "Scheme",
    "SiteKind",
]

HTTP_PORT = 80  # CF-017
HTTPS_PORT = 443  # CF-017


class Scheme(Enum):
    """How a server is talked to."""

    HTTP = "http"
    HTTPS = "https"


class Protocols(Enum):
    """Which protocols a management point accepts from clients."""

    HTTP = "http"
    HTTPS = "https"
    BOTH = "both"
    UNKNOWN = "unknown"

    @property
    def may_be_https(self) -> bool:
        """HTTPS is accepted, or nobody said that it is not."""
        return self is not Protocols.HTTP

    @property
    def may_be_http(self) -> bool:
        """HTTP is accepted, or nobody said that it is not."""
        return self is not Protocols.HTTPS


class SiteKind(Enum):
    """The kind of site that a site system belongs to."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    CENTRAL = "central"
    UNKNOWN = "unknown"


class Audience(Enum):
    """From where a site system accepts clients (NET-038)."""

    INTRANET = "intranet"
    INTERNET = "internet"
    BOTH = "both"
    UNKNOWN = "unknown"


class Access(NamedTuple):
    """Whom a site system lets in, as far as anybody said.

    Attributes:
        protocols: What it accepts from clients.
        audience: From where it accepts clients.
        devices: Whether it lets mobile devices and Macs in; None when nobody said.
        replica: Whether it works from a replica of the site database; None when nobody said.
    """

    protocols: Protocols = Protocols.UNKNOWN
    audience: Audience = Audience.UNKNOWN
    devices: bool | None = None
    replica: bool | None = None


class Locality(IntEnum):
    """How near the site says that a management point is to the client's boundary groups (MP-011)."""

    UNKNOWN = 0
    DEFAULT_GROUP = 1
    NEIGHBOUR_GROUP = 2
    CURRENT_GROUP = 3


class Endpoint(NamedTuple):
    """One protocol on one port of one host, or what a gateway there stands for.

    Attributes:
        scheme: The protocol.
        host: The server.
        port: The port.
        gateway: What every path begins with on a cloud management gateway; None on any other server.
    """

    scheme: Scheme
    host: HostName
    port: int
    gateway: GatewayPath | None = None

    def __str__(self) -> str:
        """``scheme://host:port``, without a port that is the scheme's own; on a gateway with its path."""
        default = HTTPS_PORT if self.scheme is Scheme.HTTPS else HTTP_PORT
        port = "" if self.port == default else f":{self.port}"
        return f"{self.scheme.value}://{self.host}{port}{self.gateway or ''}"

    def url(self, path: str) -> str:
        """The address of a path that begins with a slash."""
        return f"{self}{path}"


class InternetAddress(NamedTuple):
    """How a client writes down a server for the internet: a management point, or a cloud management gateway.

    Attributes:
        host: The server.
        gateway: The path of a gateway; None for a management point, and for a gateway whose path nobody said.
        port: The port for HTTPS; None for the usual one.
    """

    host: HostName
    gateway: GatewayPath | None = None
    port: int | None = None

    def __str__(self) -> str:
        """As ``CCMHOSTNAME`` takes it: without a scheme."""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.host}{port}{self.gateway or ''}"


class ManagementPoint(NamedTuple):
    """A management point, with all that anyone said of it. Unknown stays unknown.

    Attributes:
        host: Intranet or internet name; two management points are the same if this is the same.
        site_code: The site it belongs to; None when nobody said.
        site_kind: Whether that site is a primary or a secondary one.
        parent_site: The primary site above a secondary site; None when nobody said or when there is none.
        protocols: What it accepts from clients.
        http_port: Port for HTTP; None for the site's usual one.
        https_port: Port for HTTPS; None for the site's usual one.
        audience: From where it accepts clients.
        locality: What the site said about its nearness; UNKNOWN when it said nothing.
        in_current_group: Whether a boundary group that holds the client references it (ML-021); None when nobody said.
        forest: The forest of its site server; None when nobody said.
        build: Build number of the site version, such as 9106; None when nobody said.
        is_default: The default management point of its site (CM 2007 and the directory); None when nobody said.
        supports_devices: Enabled for mobile devices and Macs; None when nobody said.
        ssl_state: The SSL state bits as sent, for the record; None when not sent.
        https_only_site: Whether it says that its whole site takes clients over HTTPS only; None when it does not say.
        gateway: The path of a cloud management gateway, which stands for management points behind it; None for a
            server of its own.
    """

    host: HostName
    site_code: SiteCode | None = None
    site_kind: SiteKind = SiteKind.UNKNOWN
    parent_site: SiteCode | None = None
    protocols: Protocols = Protocols.UNKNOWN
    http_port: int | None = None
    https_port: int | None = None
    audience: Audience = Audience.UNKNOWN
    locality: Locality = Locality.UNKNOWN
    in_current_group: bool | None = None
    forest: DnsDomain | None = None
    build: int | None = None
    is_default: bool | None = None
    supports_devices: bool | None = None
    ssl_state: int | None = None
    https_only_site: bool | None = None
    gateway: GatewayPath | None = None
