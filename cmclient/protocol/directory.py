"""What sites publish in Active Directory: how it is asked for, and read."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeVar

from ..errors import InvalidValueError, ProtocolError
from ..model.decision import Candidate, Discovered, Origin, SourceKind, Unreadable
from ..model.directory import DirectoryEntry, DirectoryQuery, PublishedFsp, PublishedRange, PublishedSite
from ..model.endpoints import Audience, ManagementPoint, SiteKind
from ..model.names import DnsDomain, HostName, SiteCode, shown_name
from ..model.rule import decides
from .capabilities import OperationalSettings, parse_operational_settings
from .directory_schema import (
    ASSIGNMENT,
    BOUNDARIES,
    CAPABILITIES,
    DEFAULT_MP,
    DEVICE_MP,
    DIRECTION,
    FOREST,
    FOREST_TRANSITIVE,
    HIGH,
    HOSTS,
    INBOUND,
    LOW,
    MP_CLASS,
    OUTBOUND,
    PARTNER,
    RANGE_CLASS,
    SITE_CLASS,
    SITE_CODE,
    TRUST,
    TRUST_CLASS,
    VERSION,
)
from .mplist import parse_build, protocols_of_ssl_state
from .published_keys import ROOT_KEY_ATTRIBUTE, read_published_keys

__all__ = [
    "MANAGEMENT_POINT_ATTRIBUTES",
    "domain_dn",
    "escape_filter",
    "management_point_query",
    "range_query",
    "read_fallback_status_points",
    "read_management_points",
    "read_ranges",
    "read_sites",
    "read_trusted_forests",
    "site_query",
    "system_management_dn",
    "trust_query",
]

# What is read of a management point; each has one value, and each may be missing.
MANAGEMENT_POINT_ATTRIBUTES = (SITE_CODE, *HOSTS, DEFAULT_MP, DEVICE_MP, VERSION, CAPABILITIES, FOREST)
_SITE_SINGLE = (SITE_CODE, ASSIGNMENT, FOREST)
_RANGE_SINGLE = (SITE_CODE, LOW, HIGH, ASSIGNMENT)
_TRUST_SINGLE = (PARTNER, DIRECTION, TRUST)

_MOST_BYTES = 1024 * 1024  # of one value: the largest real one is a few KiB
_MOST_BOUNDARY = 255  # characters; an AD site name has 63, a network id fewer
_MOST_NAME = 255  # characters of a distinguished name that are shown as an origin
_MOST_DIGITS = 10  # of a signed 32-bit number, without its sign
_LEAST_SIGNED, _MOST_SIGNED = -(2**31), 2**31 - 1
_FLAGS = {"TRUE": True, "FALSE": False}
_FILTER_SPECIALS = {ord(char): f"\\{ord(char):02x}" for char in "\\*()\0"}
_T = TypeVar("_T")


# Asking


def domain_dn(domain: DnsDomain) -> str:
    """The distinguished name of a domain, such as ``DC=corp,DC=test``."""
    return ",".join(f"DC={label}" for label in domain.split("."))


def system_management_dn(domain: DnsDomain) -> str:
    """The distinguished name of the container in which sites publish in a domain."""
    return f"CN=System Management,CN=System,{domain_dn(domain)}"


def escape_filter(value: str) -> str:
    """Escape a value for a search filter (RFC 4515), so that it stands for nothing but itself."""
    return value.translate(_FILTER_SPECIALS)


@decides("AD-010")
def management_point_query(base: str, site: SiteCode | None = None) -> DirectoryQuery:
    """The search for management points below a base; of one site when it is given."""
    wanted = f"(objectClass={MP_CLASS})"
    if site is not None:
        wanted = f"(&{wanted}({SITE_CODE}={escape_filter(site)}))"
    return DirectoryQuery(base, wanted, MANAGEMENT_POINT_ATTRIBUTES)


@decides("AD-011")
def site_query(base: str) -> DirectoryQuery:
    """The search for sites below a base."""
    return DirectoryQuery(base, f"(objectClass={SITE_CLASS})", (*_SITE_SINGLE, BOUNDARIES, ROOT_KEY_ATTRIBUTE))


@decides("AD-011")
def range_query(base: str) -> DirectoryQuery:
    """The search for IP ranges below a base."""
    return DirectoryQuery(base, f"(objectClass={RANGE_CLASS})", _RANGE_SINGLE)


def trust_query(domain: DnsDomain) -> DirectoryQuery:
    """The search for the trusts of a domain; those between forests stand in the forest's first domain."""
    return DirectoryQuery(f"CN=System,{domain_dn(domain)}", f"(objectClass={TRUST_CLASS})", _TRUST_SINGLE)


# Reading


def read_management_points(entries: Iterable[DirectoryEntry]) -> Discovered:
    """Read management points. What an entry does not say, or not readably, is unknown.

    Returns:
        One candidate an entry, in their order, from a primary site and for the intranet; apart those entries that have
        no host name, a wrong site code, or several values where there is one.
    """
    candidates, unreadable = _read_each(entries, MANAGEMENT_POINT_ATTRIBUTES, "AD-010", _candidate)
    return Discovered(candidates, unreadable)


def read_sites(entries: Iterable[DirectoryEntry]) -> tuple[tuple[PublishedSite, ...], tuple[Unreadable, ...]]:
    """Read sites.

    Returns:
        The sites in the order of their entries, and what cannot be read: entries without a proper site code, or with
        several values where there is one. A boundary that is no text is left out.
    """
    return _read_each(entries, _SITE_SINGLE, "AD-011", _site)


def read_ranges(entries: Iterable[DirectoryEntry]) -> tuple[tuple[PublishedRange, ...], tuple[Unreadable, ...]]:
    """Read IP ranges.

    Returns:
        The ranges in the order of their entries, and what cannot be read: entries without a proper site code or
        without two bounds, bounds that are no signed 32-bit numbers, and a low bound above the high one.
    """
    return _read_each(entries, _RANGE_SINGLE, "AD-011", _range)


def read_trusted_forests(entries: Iterable[DirectoryEntry]) -> tuple[DnsDomain, ...]:
    """Read which forests the asked one trusts.

    Returns:
        Partners of the trusts between forests that go out or both ways, sorted, each once. What cannot be read is
        no trust.
    """
    found = (_find_trusted(entry) for entry in entries)
    return tuple(sorted({forest for forest in found if forest is not None}))


def read_fallback_status_points(entries: Iterable[DirectoryEntry]) -> tuple[PublishedFsp, ...]:
    """Read the fallback status points that stand in the operational settings of management points.

    Returns:
        One a site at most, the first that it names, in the order of the entries. What cannot be read names none.
    """
    found: dict[SiteCode | None, PublishedFsp] = {}
    for entry in entries:
        with suppress(_BrokenEntryError):
            opened = _opened(entry, (SITE_CODE, CAPABILITIES))
            site = opened.find(SITE_CODE, SiteCode)
            for host in _settings(opened).fallback_status_points[:1]:
                found.setdefault(site, PublishedFsp(site, host))
    return tuple(found.values())


class _BrokenEntryError(Exception):
    """An entry of which nothing can be used, and the rule that it breaks; an empty one stands for the reader's own."""

    def __init__(self, problem: str, rule: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.rule = rule


class _Entry(NamedTuple):
    """An entry whose single values are single."""

    entry: DirectoryEntry
    texts: dict[str, str | None]

    def find(self, name: str, read: Callable[[str], _T]) -> _T | None:
        """The value of an attribute; None when it is missing or not of its type."""
        text = self.texts[name]
        try:
            return None if text is None else read(text)
        except InvalidValueError:
            return None

    def require(self, name: str, read: Callable[[str], _T], rule: str = "") -> _T:
        """The value of an attribute without which the entry is of no use."""
        text = self.texts[name]
        if text is None:
            raise _BrokenEntryError(f"it has no {name}, or one that is no text", rule)
        try:
            return read(text)
        except InvalidValueError as error:
            raise _BrokenEntryError(f"its {name} cannot be used: {error.reason}", rule) from error


def _read_each(
    entries: Iterable[DirectoryEntry], single: Iterable[str], rule: str, read: Callable[[_Entry], _T]
) -> tuple[tuple[_T, ...], tuple[Unreadable, ...]]:
    values, unreadable = [], []
    for entry in entries:
        try:
            values.append(read(_opened(entry, single)))
        except _BrokenEntryError as error:
            unreadable.append(Unreadable(_called(entry), _origin(entry), error.problem, error.rule or rule))
    return tuple(values), tuple(unreadable)


def _opened(entry: DirectoryEntry, single: Iterable[str]) -> _Entry:
    return _Entry(entry, {name: _find_single(entry, name) for name in single})


def _find_single(entry: DirectoryEntry, name: str) -> str | None:
    """The one text that an attribute holds; several may be there if all are the same, without regard to case."""
    values = entry.attributes.get(name.lower(), ())
    texts = [_decoded(value) for value in values]
    if len({None if text is None else text.casefold() for text in texts}) > 1:
        raise _BrokenEntryError(f"it has {len(values)} different values of {name}, of which there is one")
    return texts[0] if texts else None


def _decoded(value: bytes) -> str | None:
    if len(value) > _MOST_BYTES:
        return None
    try:
        return value.decode("utf-8").strip() or None
    except UnicodeDecodeError:
        return None


def _origin(entry: DirectoryEntry) -> Origin:
    return Origin(SourceKind.DIRECTORY, shown_name(entry.dn, most=_MOST_NAME))


def _called(entry: DirectoryEntry) -> str:
    """What an entry is called: the first part of its name, such as ``SMS-MP-ABC-MP.CORP.TEST``."""
    return shown_name(entry.dn.partition(",")[0].partition("=")[2] or entry.dn)


# One entry


@decides("AD-010")
def _candidate(opened: _Entry) -> Candidate:
    site_code = None if opened.texts[SITE_CODE] is None else opened.require(SITE_CODE, SiteCode)
    settings = _settings(opened)
    state = settings.stated_ssl_state
    mp = ManagementPoint(
        _host(opened),
        site_code=site_code,
        site_kind=SiteKind.PRIMARY,  # a secondary site publishes nothing
        protocols=protocols_of_ssl_state(state),
        http_port=settings.http_port,
        https_port=settings.https_port,
        audience=Audience.INTRANET,
        forest=opened.find(FOREST, DnsDomain) or settings.forest,
        build=opened.find(VERSION, parse_build),
        is_default=opened.find(DEFAULT_MP, _flag),
        supports_devices=opened.find(DEVICE_MP, _flag),
        ssl_state=state,
        https_only_site=settings.https_only,
    )
    return Candidate(mp, (_origin(opened.entry),))


def _host(opened: _Entry) -> HostName:
    hosts = (opened.find(name, HostName) for name in HOSTS)
    host = next((host for host in hosts if host is not None), None)
    if host is None:
        raise _BrokenEntryError(f"none of {', '.join(HOSTS)} holds a host name")
    return host


def _settings(opened: _Entry) -> OperationalSettings:
    text = opened.texts[CAPABILITIES]
    try:
        return OperationalSettings() if text is None else parse_operational_settings(text)
    except ProtocolError:  # the management point is still there, on ports and with protocols that are unknown
        return OperationalSettings()


@decides("AD-011")
def _site(opened: _Entry) -> PublishedSite:
    return PublishedSite(
        opened.require(SITE_CODE, SiteCode),
        opened.find(ASSIGNMENT, SiteCode),
        tuple(_boundaries(opened.entry)),
        opened.find(FOREST, DnsDomain),
        read_published_keys(opened.entry),
    )


def _boundaries(entry: DirectoryEntry) -> Iterator[str]:
    for value in entry.attributes.get(BOUNDARIES.lower(), ()):
        text = _decoded(value)
        if text is not None and len(text) <= _MOST_BOUNDARY and text.isprintable():
            yield text


@decides("AD-012")
def _range(opened: _Entry) -> PublishedRange:
    site_code = opened.require(SITE_CODE, SiteCode)
    low, high = (opened.require(name, _signed, "AD-012") % 2**32 for name in (LOW, HIGH))
    if low > high:
        raise _BrokenEntryError(f"its low bound {low} is above its high bound {high}", "AD-012")
    return PublishedRange(site_code, low, high, opened.find(ASSIGNMENT, SiteCode))


def _signed(text: str) -> int:
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        number = int(text)
        if _LEAST_SIGNED <= number <= _MOST_SIGNED:
            return number
    raise InvalidValueError("bound", text, "it is a signed 32-bit number")


def _flag(text: str) -> bool:
    if text.upper() not in _FLAGS:
        raise InvalidValueError("boolean", text, "it is TRUE or FALSE")
    return _FLAGS[text.upper()]


def _find_trusted(entry: DirectoryEntry) -> DnsDomain | None:
    try:
        opened = _opened(entry, _TRUST_SINGLE)
    except _BrokenEntryError:
        return None
    direction, kind = opened.find(DIRECTION, _signed) or 0, opened.find(TRUST, _signed) or 0
    trusted = direction in {OUTBOUND, OUTBOUND | INBOUND} and kind & FOREST_TRANSITIVE
    return opened.find(PARTNER, DnsDomain) if trusted else None
