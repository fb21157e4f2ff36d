"""CM 2007: what a client of that product knows and is told beside what the present one is."""

from enum import Enum
from typing import NamedTuple

from .boundary import Boundary
from .names import AdSiteName, HostName, SiteCode

__all__ = ["DefaultKind", "LegacyBoundary", "LegacyDistributionPoint", "LegacyPolicy", "ProfileName", "SiteMode"]


class ProfileName(Enum):
    """Whose rules decide."""

    CURRENT = "current"
    """Those of the current branch."""
    CM07 = "cm07"
    """Those of CM 2007, where it has its own."""


class SiteMode(Enum):
    """How a site of CM 2007 talks to its clients."""

    MIXED = "mixed"
    """Over HTTP."""
    NATIVE = "native"
    """Over HTTPS, with a certificate on both sides."""


class DefaultKind(Enum):
    """What the default management point of a site of CM 2007 is."""

    SERVER = "server"
    CLUSTER = "cluster"
    """Several servers behind one network load balancing name."""
    NONE = "none"


class LegacyPolicy(NamedTuple):
    """What was decided about a client of CM 2007 beside the rest of its policy.

    Attributes:
        mode: How its site talks to clients.
        mode_reason: Why that is known, in a few words.
        http_for_roaming: Whether a native mode client may use HTTP for roaming and for site assignment.
        default_kind: What the default management point of its site is.
        internet_mp: The management point that it is assigned to on the internet; None when none is set.
        locator_point: The server locator point of the hierarchy; None when none is known.
        remote_sites: Sites that hold the client by slow boundaries only, sorted.
        unassigned: Why it is assigned to no site, as half a sentence; empty when it is assigned.
    """

    mode: SiteMode = SiteMode.MIXED
    mode_reason: str = ""
    http_for_roaming: bool = False
    default_kind: DefaultKind = DefaultKind.SERVER
    internet_mp: HostName | None = None
    locator_point: HostName | None = None
    remote_sites: tuple[SiteCode, ...] = ()
    unassigned: str = ""


class LegacyBoundary(NamedTuple):
    """A boundary of a site; there are no groups.

    Attributes:
        site: The site that it belongs to.
        boundary: The boundary itself.
        is_slow: Whether its connection is slow or unreliable; otherwise it is fast.
    """

    site: SiteCode
    boundary: Boundary
    is_slow: bool = False


class LegacyDistributionPoint(NamedTuple):
    """A distribution point that holds the content that is wanted.

    Attributes:
        host: The server.
        site: The site that it belongs to.
        protected_by: Identifiers of the boundaries that it is protected for; None for one that is not protected, empty
            for one that is and serves nobody.
        subnet: The network id of its subnet, such as ``10.1.2.0``; None when not known.
        ad_site: The AD site that it stands in; None when not known.
        is_bits_enabled: Whether it gives content over HTTP as well as from a share.
    """

    host: HostName
    site: SiteCode
    protected_by: tuple[str, ...] | None = None
    subnet: str | None = None
    ad_site: AdSiteName | None = None
    is_bits_enabled: bool = False
