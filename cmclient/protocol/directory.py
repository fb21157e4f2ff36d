"""What sites publish in Active Directory: how it is asked for, read, and (by a lab) written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeVar

from ..errors import InvalidValueError, ProtocolError
from ..model.decision import Candidate, Discovered, Origin, SourceKind, Unreadable
from ..model.directory import DirectoryEntry, DirectoryQuery, PublishedFsp, PublishedRange, PublishedSite
from ..model.endpoints import Audience, ManagementPoint, SiteKind
from ..model.names import DnsDomain, HostName, SiteCode, shown_name
from ..model.rule import decides
from .capabilities import OperationalSettings, build_operational_settings, parse_operational_settings
from .mplist import parse_build, protocols_of_ssl_state, ssl_state_of
from .published_keys import ROOT_KEY_ATTRIBUTE, read_published_keys

__all__ = [
    "MANAGEMENT_POINT_ATTRIBUTES",
    "domain_dn",
    "escape_filter",
    "management_point_entry",
    "management_point_query",
    "range_entry",
    "range_query",
    "read_fallback_status_points",
    "read_management_points",
    "read_ranges",
    "read_sites",
    "read_trusted_forests",
    "site_entry",
    "site_query",
    "system_management_dn",
    "trust_entry",
    "trust_query",
]

_MP_CLASS, _SITE_CLASS, _RANGE_CLASS = "mSSMSManagementPoint", "mSSMSSite", "mSSMSRoamingBoundaryRange"
_TRUST_CLASS = "trustedDomain"
_SITE_CODE, _ASSIGNMENT, _FOREST = "mSSMSSiteCode", "mSSMSAssignmentSiteCode", "mSSMSSourceForest"
_HOSTS = ("dNSHostName", "mSSMSMPName", "mSSMSMPAddress")  # the first that holds a host name is the one
_DEFAULT_MP, _DEVICE_MP = "mSSMSDefaultMP", "mSSMSDeviceManagementPoint"
_VERSION, _CAPABILITIES = "mSSMSVersion", "mSSMSCapabilities"
_BOUNDARIES = "mSSMSRoamingBoundaries"  # mSSMSSiteBoundaries is a leftover that nobody writes
_LOW, _HIGH = "mSSMSRangedIPLow", "mSSMSRangedIPHigh"
_PARTNER, _DIRECTION, _TRUST = "trustPartner", "trustDirection", "trustAttributes"

# What is read of a management point; each has one value, and each may be missing.
MANAGEMENT_POINT_ATTRIBUTES = (_SITE_CODE, *_HOSTS, _DEFAULT_MP, _DEVICE_MP, _VERSION, _CAPABILITIES, _FOREST)
_SITE_SINGLE = (_SITE_CODE, _ASSIGNMENT, _FOREST)
_RANGE_SINGLE = (_SITE_CODE, _LOW, _HIGH, _ASSIGNMENT)
_TRUST_SINGLE = (_PARTNER, _DIRECTION, _TRUST)

_MOST_BYTES = 1024 * 1024  # of one value: the largest real one is a few KiB
_MOST_BOUNDARY = 255  # characters; an AD site name has 63, a network id fewer
_MOST_NAME = 255  # characters of a distinguished name that are shown as an origin
_MOST_DIGITS = 10  # of a signed 32-bit number, without its sign
_LEAST_SIGNED, _MOST_SIGNED = -(2**31), 2**31 - 1
_OUTBOUND, _BOTH_WAYS = 2, 3  # trustDirection: they are trusted
_FOREST_TRANSITIVE = 8  # trustAttributes
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
    wanted = f"(objectClass={_MP_CLASS})"
    if site is not None:
        wanted = f"(&{wanted}({_SITE_CODE}={escape_filter(site)}))"
    return DirectoryQuery(base, wanted, MANAGEMENT_POINT_ATTRIBUTES)


@decides("AD-011")
def site_query(base: str) -> DirectoryQuery:
    """The search for sites below a base."""
    return DirectoryQuery(base, f"(objectClass={_SITE_CLASS})", (*_SITE_SINGLE, _BOUNDARIES, ROOT_KEY_ATTRIBUTE))


@decides("AD-011")
def range_query(base: str) -> DirectoryQuery:
    """The search for IP ranges below a base."""
    return DirectoryQuery(base, f"(objectClass={_RANGE_CLASS})", _RANGE_SINGLE)


def trust_query(domain: DnsDomain) -> DirectoryQuery:
    """The search for the trusts of a domain; those between forests stand in the forest's first domain."""
    return DirectoryQuery(f"CN=System,{domain_dn(domain)}", f"(objectClass={_TRUST_CLASS})", _TRUST_SINGLE)


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
            opened = _opened(entry, (_SITE_CODE, _CAPABILITIES))
            site = opened.find(_SITE_CODE, SiteCode)
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
    site_code = None if opened.texts[_SITE_CODE] is None else opened.require(_SITE_CODE, SiteCode)
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
        forest=opened.find(_FOREST, DnsDomain) or settings.forest,
        build=opened.find(_VERSION, parse_build),
        is_default=opened.find(_DEFAULT_MP, _flag),
        supports_devices=opened.find(_DEVICE_MP, _flag),
        ssl_state=state,
        https_only_site=settings.https_only,
    )
    return Candidate(mp, (_origin(opened.entry),))


def _host(opened: _Entry) -> HostName:
    hosts = (opened.find(name, HostName) for name in _HOSTS)
    host = next((host for host in hosts if host is not None), None)
    if host is None:
        raise _BrokenEntryError(f"none of {', '.join(_HOSTS)} holds a host name")
    return host


def _settings(opened: _Entry) -> OperationalSettings:
    text = opened.texts[_CAPABILITIES]
    try:
        return OperationalSettings() if text is None else parse_operational_settings(text)
    except ProtocolError:  # the management point is still there, on ports and with protocols that are unknown
        return OperationalSettings()


@decides("AD-011")
def _site(opened: _Entry) -> PublishedSite:
    return PublishedSite(
        opened.require(_SITE_CODE, SiteCode),
        opened.find(_ASSIGNMENT, SiteCode),
        tuple(_boundaries(opened.entry)),
        opened.find(_FOREST, DnsDomain),
        read_published_keys(opened.entry),
    )


def _boundaries(entry: DirectoryEntry) -> Iterator[str]:
    for value in entry.attributes.get(_BOUNDARIES.lower(), ()):
        text = _decoded(value)
        if text is not None and len(text) <= _MOST_BOUNDARY and text.isprintable():
            yield text


@decides("AD-012")
def _range(opened: _Entry) -> PublishedRange:
    site_code = opened.require(_SITE_CODE, SiteCode)
    low, high = (opened.require(name, _signed, "AD-012") % 2**32 for name in (_LOW, _HIGH))
    if low > high:
        raise _BrokenEntryError(f"its low bound {low} is above its high bound {high}", "AD-012")
    return PublishedRange(site_code, low, high, opened.find(_ASSIGNMENT, SiteCode))


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
    direction, kind = opened.find(_DIRECTION, _signed) or 0, opened.find(_TRUST, _signed) or 0
    trusted = direction in {_OUTBOUND, _BOTH_WAYS} and kind & _FOREST_TRANSITIVE
    return opened.find(_PARTNER, DnsDomain) if trusted else None


# Writing, for a lab


def management_point_entry(mp: ManagementPoint, *, domain: DnsDomain, capabilities: str = "") -> DirectoryEntry:
    """An entry that reads as a management point.

    Args:
        mp: What it says; its site kind, audience, locality and boundary groups are not published.
        domain: The domain in which it is published.
        capabilities: The text of its operational settings; when empty, one with its ports and its SSL state (else one
            for its protocols), or none at all where these are unknown.
    """
    state = ssl_state_of(mp.protocols) if mp.ssl_state is None else mp.ssl_state
    implied = OperationalSettings(http_port=mp.http_port, https_port=mp.https_port, ssl_state=state)
    if not capabilities and implied != OperationalSettings():
        capabilities = build_operational_settings(implied)
    name = f"SMS-MP-{mp.site_code}-{mp.host.upper()}" if mp.site_code else f"SMS-MP-{mp.host.upper()}"
    values = {
        _SITE_CODE: mp.site_code,
        _HOSTS[0]: mp.host,
        _HOSTS[1]: mp.host,
        _DEFAULT_MP: None if mp.is_default is None else str(mp.is_default).upper(),
        _DEVICE_MP: None if mp.supports_devices is None else str(mp.supports_devices).upper(),
        _VERSION: mp.build,
        _CAPABILITIES: capabilities or None,
        _FOREST: mp.forest,
    }
    classes = ("top", "leaf", "connectionPoint", "serviceConnectionPoint", _MP_CLASS)
    return _entry(name, classes, values, system_management_dn(domain))


def site_entry(site: PublishedSite, *, domain: DnsDomain) -> DirectoryEntry:
    """An entry that reads as a site."""
    values = {_SITE_CODE: site.site_code, _ASSIGNMENT: site.assignment_site, _FOREST: site.forest}
    lists = {_BOUNDARIES: site.boundaries, ROOT_KEY_ATTRIBUTE: tuple(key.text for key in site.root_keys)}
    base = system_management_dn(domain)
    return _entry(f"SMS-Site-{site.site_code}", ("top", _SITE_CLASS), values, base, lists)


def range_entry(r: PublishedRange, *, domain: DnsDomain) -> DirectoryEntry:
    """An entry that reads as an IP range; bounds at or above 128.0.0.0 are written negative."""
    low, high = (bound - 2**32 if bound > _MOST_SIGNED else bound for bound in (r.low, r.high))
    values = {_SITE_CODE: r.site_code, _LOW: low, _HIGH: high, _ASSIGNMENT: r.assignment_site}
    name = f"SMS-{r.site_code}-{r.low}-{r.high}"
    return _entry(name, ("top", _RANGE_CLASS), values, system_management_dn(domain))


def trust_entry(forest: DnsDomain, *, domain: DnsDomain) -> DirectoryEntry:
    """An entry that reads as a trust, both ways, between a domain's forest and another one."""
    values = {_PARTNER: forest, _DIRECTION: _BOTH_WAYS, _TRUST: _FOREST_TRANSITIVE}
    return _entry(forest, ("top", "leaf", _TRUST_CLASS), values, f"CN=System,{domain_dn(domain)}")


def _entry(
    name: str,
    classes: Iterable[str],
    values: Mapping[str, object],
    base: str,
    lists: Mapping[str, tuple[str, ...]] | None = None,
) -> DirectoryEntry:
    """An entry; what is None or empty is left out."""
    attributes = {"objectclass": tuple(one.encode() for one in classes), "cn": (name.encode(),)}
    attributes |= {key.lower(): (str(value).encode(),) for key, value in values.items() if value is not None}
    attributes |= {key.lower(): tuple(one.encode() for one in some) for key, some in (lists or {}).items() if some}
    return DirectoryEntry(f"CN={name},{base}", attributes)
