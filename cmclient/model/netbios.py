"""Names as WINS knows them."""

from typing import NamedTuple

from .names import SiteCode
from .rule import decides

__all__ = ["LOCATOR_POINT_NAME", "NetbiosName", "cluster_name", "management_point_name"]

_LENGTH = 15  # characters; the sixteenth byte is the suffix
_SITE_SYSTEM = 0x1A


class NetbiosName(NamedTuple):
    """A NetBIOS name: what it stands for is its last byte.

    Attributes:
        text: The name, at most 15 characters of ASCII.
        suffix: The sixteenth byte.
    """

    text: str
    suffix: int

    def __str__(self) -> str:
        """``NAME#1A``, as ``nmblookup`` takes it."""
        return f"{self.text}#{self.suffix:02X}"

    @property
    def wire(self) -> bytes:
        """The sixteen bytes: filled up with blanks, then the suffix."""
        return self.text.encode("ascii").ljust(_LENGTH) + bytes((self.suffix,))


@decides("WL-007")
def management_point_name(site: SiteCode) -> NetbiosName:
    """The name under which a site registers a management point."""
    return NetbiosName(f"MP_{site}", _SITE_SYSTEM)


@decides("WL-008")
def cluster_name(site: SiteCode) -> NetbiosName:
    """The name under which a site registers management points behind a load-balanced name."""
    return NetbiosName(f"NLB_{site}", _SITE_SYSTEM)


LOCATOR_POINT_NAME = NetbiosName("SMS_SLP", _SITE_SYSTEM)
"""The name of the server locator point; it has no site code, so a hierarchy registers one alone (WL-009)."""
