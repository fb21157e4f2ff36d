"""The MP list: how it is asked for, read, and (by a lab) written."""

import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError
from ..model.decision import Candidate, Discovered, Origin, Unreadable
from ..model.endpoints import Audience, InternetAddress, ManagementPoint, Protocols
from ..model.mplist import MpListQuery
from ..model.names import HostName, SiteCode, shown_name
from ..model.rule import decides
from ..model.sslstate import Communication, communication_of
from .elements import children, find_part, parse_root
from .gateways import parse_stored_address

__all__ = [
    "SSL_PROPERTIES",
    "MpListQuery",
    "build_mp_list",
    "capability_properties",
    "find_property",
    "mp_list_path",
    "parse_build",
    "parse_mp_list",
    "parse_ssl_state",
    "protocols_of_ssl_state",
    "ssl_state_of",
]

_WHERE = "MPList"
_MOST_ENTRIES = 2_000  # no hierarchy has so many; each one becomes a candidate that is judged and shown
_PLAIN_BUILD = re.compile(r"[0-9]{1,5}")
_DOTTED_BUILD = re.compile(r"[0-9]{1,5}\.[0-9]{1,5}\.([0-9]{1,5})(\.[0-9]{1,5})?")
_SSL_STATE = re.compile(r"[0-9]{1,9}")
SSL_PROPERTIES = ("SSLState", "SSL")

_PROTOCOLS = {
    Communication.UNKNOWN: Protocols.UNKNOWN,
    Communication.HTTP: Protocols.HTTP,
    Communication.ENHANCED_HTTP: Protocols.BOTH,
    Communication.EITHER: Protocols.BOTH,
    Communication.HTTPS: Protocols.HTTPS,
}
_STATES = {Protocols.HTTP: 0, Protocols.HTTPS: 63, Protocols.BOTH: 159}


@decides("ML-041")
def mp_list_path(query: MpListQuery, site: SiteCode | None = None) -> str:
    """The path and query with which a list is asked for.

    Args:
        query: Which list.
        site: The site: needed by MPLIST1, used by MPLIST2, of no use to MPLIST.

    Raises:
        InvalidValueError: MPLIST1 without a site.
    """
    if query is MpListQuery.MPLIST1 and site is None:
        raise InvalidValueError("query for an MP list", query.value, "it needs the code of a site")
    argument = "" if site is None or query is MpListQuery.MPLIST else f"&{site}"
    return f"/SMS_MP/.sms_aut?{query.value}{argument}"


# Reading


def parse_mp_list(body: bytes, *, origin: Origin, audience: Audience = Audience.INTRANET) -> Discovered:
    """Read a list. What stands in an attribute may as well stand in a child element; case makes no difference.

    Args:
        body: The reply.
        origin: Where it came from.
        audience: From where its management points accept clients; the list does not say. A cloud management gateway
            is one for the internet too, always.

    Returns:
        One candidate an entry, in the order of the list; entries that cannot be management points apart. An empty
        list is an empty result.

    Raises:
        MalformedReplyError: No MP list (a web page, cut off, another document), or one of more than 2,000 entries.
        UnsafeXmlError: It is refused for what it could do.
    """
    entries = list(children(parse_root(body, _WHERE), "MP"))
    if len(entries) > _MOST_ENTRIES:
        raise MalformedReplyError(f"{_WHERE} has more than {_MOST_ENTRIES} entries", where=_WHERE)
    candidates, unreadable = [], []
    for entry in entries:
        try:
            candidates.append(Candidate(_management_point(entry, audience), (origin,)))
        except InvalidValueError as error:
            name = shown_name(_find_name(entry) or "")
            unreadable.append(Unreadable(name, origin, f"its {error.what} cannot be used: {error.reason}", "ML-041"))
    return Discovered(tuple(candidates), tuple(unreadable))


@decides("ML-035")
def _gateway_audience(audience: Audience) -> Audience:
    """A gateway is one for the internet in every list; one for the intranet names it where it is let in there too."""
    return Audience.BOTH if audience is Audience.INTRANET else Audience.INTERNET


def _management_point(entry: Element, audience: Audience) -> ManagementPoint:
    name = _find_name(entry) or ""
    gateway = parse_stored_address(name) if "/" in name else None
    host = HostName(name) if gateway is None else gateway.host
    site, build = find_part(entry, "SiteCode"), find_part(entry, "Version")
    state = find_property(capability_properties(entry), *SSL_PROPERTIES)
    ssl_state = None if state is None else parse_ssl_state(state)
    return ManagementPoint(
        host,
        site_code=None if site is None else SiteCode(site),
        protocols=protocols_of_ssl_state(ssl_state) if gateway is None else Protocols.HTTPS,
        https_port=None if gateway is None else gateway.port,
        audience=audience if gateway is None else _gateway_audience(audience),
        build=None if build is None else parse_build(build),
        ssl_state=ssl_state,
        gateway=None if gateway is None else gateway.gateway,
    )


def _find_name(entry: Element) -> str | None:
    return find_part(entry, "FQDN") or find_part(entry, "Name")


def capability_properties(server: Element) -> Iterator[tuple[str, str]]:
    """Name and value of each property of a server's capabilities; one document has a version in place of the value."""
    for capabilities in children(server, "Capabilities"):
        for part in children(capabilities, "Property"):
            value = find_part(part, "Value") or find_part(part, "Version") or (part.text or "").strip()
            yield find_part(part, "Name") or "", value


def find_property(properties: Iterable[tuple[str, str]], *names: str) -> str | None:
    """Find the first value under a name, in any case; a name counts only where those before it have no value."""
    stated: dict[str, str] = {}
    for name, value in properties:
        if value:
            stated.setdefault(name.lower(), value)
    return next((stated[name.lower()] for name in names if name.lower() in stated), None)


def parse_build(text: str) -> int:
    """Read the build number of a site version: ``9106``, or ``5.00.9106.1000`` in which it is the third number.

    Raises:
        InvalidValueError: It is neither.
    """
    if _PLAIN_BUILD.fullmatch(text):
        return int(text)
    dotted = _DOTTED_BUILD.fullmatch(text)
    if dotted is None:
        raise InvalidValueError("version", text, "give a build number, or a version such as 5.00.9106.1000")
    return int(dotted[1])


def parse_ssl_state(text: str) -> int:
    """Read SSL state bits, written as a decimal number.

    Raises:
        InvalidValueError: It is no whole number of at most nine digits.
    """
    if not _SSL_STATE.fullmatch(text):
        raise InvalidValueError("SSL state", text, "it is a whole number of at most nine digits")
    return int(text)


def protocols_of_ssl_state(state: int | None) -> Protocols:
    """What SSL state bits say about the protocols that are accepted; None (not sent) is UNKNOWN.

    SSL required is HTTPS, unless falling back to HTTP is allowed; SSL enabled but not required is both.
    """
    return _PROTOCOLS[communication_of(state)]


def ssl_state_of(protocols: Protocols) -> int | None:
    """SSL state bits, as real sites send them, that ``protocols_of_ssl_state`` reads as this; None for UNKNOWN."""
    return _STATES.get(protocols)


# Writing


def build_mp_list(mps: Iterable[ManagementPoint], *, with_site_code: bool = False) -> bytes:
    """Write a list in the shape of a real one: one line, no declaration, names once in upper and once in lower case.

    Args:
        mps: In the order of the list. Their own SSL state is sent, else one for their protocols; what is not known
            is left out.
        with_site_code: As MPLIST1 answers, with the site code of each.
    """
    entries = (_entry(mp, with_site_code=with_site_code) for mp in mps)
    return f"<MPList>{''.join(entries)}</MPList>".encode("ascii")


def _entry(mp: ManagementPoint, *, with_site_code: bool) -> str:
    site = f' SiteCode="{mp.site_code}"' if with_site_code and mp.site_code is not None else ""
    version = "" if mp.build is None else f"<Version>{mp.build}</Version>"
    state = ssl_state_of(mp.protocols) if mp.ssl_state is None else mp.ssl_state
    capabilities = ""
    if state is not None:
        capabilities = f'<Capabilities SchemaVersion="1.0"><Property Name="SSLState" Value="{state}"/></Capabilities>'
    name = mp.host.upper(), str(mp.host)
    if mp.gateway is not None:
        name = (f"https://{InternetAddress(mp.host, mp.gateway, mp.https_port)}",) * 2
    return f'<MP Name="{name[0]}" FQDN="{name[1]}"{site}>{version}{capabilities}</MP>'
