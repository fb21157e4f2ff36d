"""What is asked of Active Directory and of DNS, and what comes back, free of any library's types."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from .names import AdSiteName, DnsDomain, HostName, SiteCode
from .rootkey import TrustedRootKey
from .secret import Secret

__all__ = [
    "DirectoryCredentials",
    "DirectoryEntry",
    "DirectoryQuery",
    "DirectorySecurity",
    "DirectoryServer",
    "PublishedFsp",
    "PublishedRange",
    "PublishedSite",
    "Scope",
    "SrvRecord",
]


class Scope(Enum):
    """How deep a directory search goes."""

    BASE = "base"
    SUBTREE = "subtree"


class DirectoryServer(NamedTuple):
    """A directory server to ask.

    Attributes:
        host: The name that its certificate must carry.
        port: TCP port as published in its SRV record: 389, or 3268 for a global catalog. A netlogon ping uses the
            UDP port of the same number.
        address: The address to connect to; None to resolve the name.
        is_global_catalog: Ask its global catalog port instead of its domain port.
    """

    host: HostName
    port: int
    address: str | None = None
    is_global_catalog: bool = False


class DirectorySecurity(Enum):
    """How the connection to a directory server is protected."""

    AUTO = "auto"
    """By what there is to log in with; a setting only."""
    STARTTLS = "starttls"
    LDAPS = "ldaps"
    SEALED = "sealed"
    """By the login itself, Kerberos or NTLM, without TLS: what domain members do."""
    CLEAR = "clear"


class DirectoryCredentials(NamedTuple):
    """Who asks the directory; a simple bind, so never over an unprotected connection unless that was asked for."""

    user: str
    password: Secret


class DirectoryQuery(NamedTuple):
    """A search.

    Attributes:
        base: Distinguished name below which to search; empty for the whole forest (global catalog), or for the root
            entry (scope BASE).
        filter: An RFC 4515 filter whose values are already escaped.
        attributes: Attributes wanted.
        scope: How deep.
    """

    base: str
    filter: str
    attributes: tuple[str, ...]
    scope: Scope = Scope.SUBTREE


class DirectoryEntry(NamedTuple):
    """An entry, as it came.

    Attributes:
        dn: Its distinguished name.
        attributes: Values by attribute name in lower case; each value the raw bytes. A missing attribute is missing.
    """

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]


class SrvRecord(NamedTuple):
    """An SRV record; priority and weight are kept for the record, a client does not use them (DN-004)."""

    target: str
    port: int
    priority: int = 0
    weight: int = 0
    ttl: int = 0


class PublishedFsp(NamedTuple):
    """A fallback status point that a site publishes.

    Attributes:
        site_code: The site; None when it is not said.
        host: The fallback status point: the first one installed.
    """

    site_code: SiteCode | None
    host: HostName


class PublishedSite(NamedTuple):
    """What a site publishes of itself (AD-011).

    Attributes:
        site_code: The site.
        assignment_site: The site that clients in its boundaries are assigned to; None when not published.
        boundaries: AD site names and IP network ids, as published; order has no meaning.
        forest: Forest of the site server; None when not published.
        root_keys: Root keys that stand in the site's object, each once; more than one is not to be expected.
    """

    site_code: SiteCode
    assignment_site: SiteCode | None = None
    boundaries: tuple[str, ...] = ()
    forest: DnsDomain | None = None
    root_keys: tuple[TrustedRootKey, ...] = ()

    def holds_ad_site(self, name: AdSiteName) -> bool:
        """Whether the AD site is one of the published boundaries."""
        return any(name.matches(boundary) for boundary in self.boundaries)


class PublishedRange(NamedTuple):
    """An IPv4 range that a site publishes, both ends included, as unsigned numbers (AD-012)."""

    site_code: SiteCode
    low: int
    high: int
    assignment_site: SiteCode | None = None
