"""Parts that several location messages have: site, capabilities, trust of a forest, boundary groups."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError
from ..model.content import BoundaryGroupReference, ClientBoundaryGroups
from ..model.messages import MpSite, SiteLocality
from ..model.names import SiteCode, parse_port
from ..model.rule import decides
from .elements import Problems, children, find_attribute, find_child, plain_attribute, plain_text
from .mplist import SSL_PROPERTIES, capability_properties, find_property, parse_ssl_state

__all__ = [
    "MOST_PARTS",
    "Capabilities",
    "location_records",
    "numbered",
    "read_boundary_groups",
    "read_capabilities",
    "read_flag",
    "read_forest_trust",
    "read_mp_site",
    "sites_of",
]

_MOST_OF_A_KIND = 2_000  # sites, or servers of a site; no hierarchy has so many, and each becomes a value that is kept
MOST_PARTS = 100  # addresses, subnets, boundary groups, hashes of one holder that are kept
_MOST_PROPERTIES = 32  # of one capabilities element that are kept; real ones have two


def sites_of(root: Element) -> list[Element]:
    """The sites of an answer: below ``Sites``, or below the root itself as in an assigned site answer."""
    listed = [site for holder in children(root, "Sites") for site in children(holder, "Site")]
    return listed + list(children(root, "Site"))


def location_records(site: Element) -> list[Element]:
    """The servers of a site."""
    return [record for holder in children(site, "LocationRecords") for record in children(holder, "LocationRecord")]


def numbered(elements: list[Element], what: str) -> Iterator[tuple[Element, str]]:
    """Elements of a kind, each with what to call it, such as ``site 1``.

    Raises:
        MalformedReplyError: There are more than 2,000.
    """
    if len(elements) > _MOST_OF_A_KIND:
        raise MalformedReplyError(f"the answer has more than {_MOST_OF_A_KIND} entries of a kind ({what})", where=what)
    return ((element, f"{what} {number}") for number, element in enumerate(elements, 1))


def read_mp_site(holder: Element | None, problems: Problems, *, where: str) -> MpSite:
    """Read the site that an element names."""
    locality, text = _locality(holder)
    http, https = _preferred_ports(holder, problems, where=where)
    return MpSite(
        site_code=problems.read(SiteCode, find_attribute(holder, "SiteCode"), where=where),
        master_site=problems.read(SiteCode, find_attribute(holder, "MasterSiteCode"), where=where),
        locality=locality,
        locality_text=text,
        http_port=http,
        https_port=https,
    )


@decides("ML-040")
def _locality(holder: Element | None) -> tuple[SiteLocality, str]:
    """How the site lies to the client, in the word for it: Local, Remote or Fallback, in any case."""
    text = plain_attribute(holder, "SiteLocality") or plain_attribute(holder, "Locality")
    try:
        return SiteLocality(text.lower()), text
    except ValueError:
        return SiteLocality.UNKNOWN, text


@decides("MP-034")
def _preferred_ports(holder: Element | None, problems: Problems, *, where: str) -> tuple[int | None, int | None]:
    """The ports for HTTP and HTTPS; the answer writes the word with one r."""
    http = problems.read(parse_port, find_attribute(holder, "IISPreferedPort"), where=where)
    return http, problems.read(parse_port, find_attribute(holder, "IISSSLPreferedPort"), where=where)


class Capabilities(NamedTuple):
    """Properties of a server as sent, as name and value, and what is known of them."""

    properties: tuple[tuple[str, str], ...] = ()
    ssl_state: int | None = None
    auth_method: int | None = None


def read_capabilities(holder: Element, problems: Problems, *, where: str) -> Capabilities:
    """Read the capabilities of a server."""
    sent = islice(capability_properties(holder), _MOST_PROPERTIES)
    properties = tuple((plain_text(name), plain_text(value)) for name, value in sent)
    return Capabilities(
        properties,
        problems.read(parse_ssl_state, find_property(properties, *SSL_PROPERTIES), where=where),
        problems.read(parse_ssl_state, find_property(properties, "AuthMethod"), where=where),
    )


def read_forest_trust(record: Element, problems: Problems, *, where: str) -> bool | None:
    """Read whether the forest of a server is trusted."""
    return read_flag(find_attribute(find_child(record, "Windows"), "Trust"), problems, where=where)


def read_flag(text: str | None, problems: Problems, *, where: str) -> bool | None:
    """Read 0 or 1; None when it is neither, or not there."""
    return problems.read(_parse_flag, text, where=where)


def _parse_flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise InvalidValueError("flag", text, "it is 0 or 1")
    return text == "1"


def read_boundary_groups(holder: Element | None, problems: Problems) -> ClientBoundaryGroups | None:
    """Read what a site said of a client's boundary groups; None where nothing is said."""
    if holder is None:
        return None
    where = "the boundary groups"
    groups = problems.first(children(holder, "BoundaryGroup"), MOST_PARTS, where=where)
    caches = problems.first(children(find_child(holder, "DOINCServers"), "DOINCServer"), MOST_PARTS, where=where)
    return ClientBoundaryGroups(
        retrieved=plain_attribute(holder, "BoundaryGroupListRetrieveTime"),
        groups=tuple(
            BoundaryGroupReference(
                id=plain_attribute(group, "GroupID"),
                guid=plain_attribute(group, "GroupGUID"),
                flag=plain_attribute(group, "GroupFlag"),
            )
            for group in groups
        ),
        on_vpn=read_flag(find_attribute(holder, "IsOnVPN"), problems, where=where),
        connected_caches=tuple(plain_attribute(cache, "DOINCServer") for cache in caches),
    )
