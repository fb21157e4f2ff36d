"""What a site tells its clients of itself: client operational settings, the text of ``mSSMSCapabilities``."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from xml.etree.ElementTree import Element, SubElement, tostring

from ..errors import InvalidValueError
from ..model.endpoints import Protocols
from ..model.names import DnsDomain, HostName, SiteCode, parse_port
from ..model.rule import decides
from .mplist import parse_ssl_state, protocols_of_ssl_state
from .xmlsafe import XmlLimits, decode_xml, local_name, parse_xml

__all__ = ["OperationalSettings", "build_operational_settings", "parse_operational_settings"]

_WHERE = "ClientOperationalSettings"
# A directory attribute, not a reply: one forged entry must not cost what a whole answer may.
_LIMITS = XmlLimits(size=1024 * 1024, elements=5_000, token=256 * 1024)
_MOST_TEXT = 4096  # characters of one setting; each may be shown to a person
_MOST_SERVERS = 16  # fallback status points: a site publishes one
# CDATA is skipped, there an & stands for itself. One without an end takes the rest: it must not be looked for again.
_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)", re.DOTALL
)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_FLAGS = {"1": True, "true": True, "0": False, "false": False}
_T = TypeVar("_T")


@decides("AD-013")
class OperationalSettings(NamedTuple):
    """Installation properties and settings that a site publishes. None is what it does not say, or not readably.

    Attributes:
        version: Version of the site, as text.
        http_port: Port on which its management points take HTTP from clients.
        https_port: Port on which they take HTTPS.
        security_mode_mask: SSL state bits to go down to when there is no HTTPS.
        security_mode_mask_ex: SSL state bits when there is.
        certificate_store: Store in which a client looks for its certificate; empty for the usual one.
        certificate_criteria: How it chooses among several; empty for no criteria.
        certificate_select_first: Whether it takes the first of several that fit.
        site_signing_certificate: The site server's signing certificate, DER in hexadecimal.
        command_line: Installation properties of the client push, as text.
        root_site: The site at the top of the hierarchy.
        fallback_status_points: In the order published; empty when there is none.
        forest: Forest of the site.
        ssl_state: SSL state bits of the server that it was read from.
    """

    version: str | None = None
    http_port: int | None = None
    https_port: int | None = None
    security_mode_mask: int | None = None
    security_mode_mask_ex: int | None = None
    certificate_store: str | None = None
    certificate_criteria: str | None = None
    certificate_select_first: bool | None = None
    site_signing_certificate: str | None = None
    command_line: str | None = None
    root_site: SiteCode | None = None
    fallback_status_points: tuple[HostName, ...] = ()
    forest: DnsDomain | None = None
    ssl_state: int | None = None

    @property
    def https_only(self) -> bool | None:
        """Whether the site takes no client by HTTP, by each mask that it states; None when it states neither."""
        stated = [mask for mask in (self.security_mode_mask, self.security_mode_mask_ex) if mask is not None]
        return all(protocols_of_ssl_state(mask) is Protocols.HTTPS for mask in stated) if stated else None

    @property
    def stated_ssl_state(self) -> int | None:
        """SSL state bits of the server, else of its site; None when neither is stated."""
        return self.security_mode_mask_ex if self.ssl_state is None else self.ssl_state


# Reading


@decides("AD-013")
def parse_operational_settings(text: str | bytes) -> OperationalSettings:
    """Read the settings, whatever their root is called and however deep each stands, as element or attribute.

    An ``&`` that begins no entity is taken as itself: real values hold such. What is there twice counts once, the
    first of them. What is not of its type is None.

    Raises:
        MalformedReplyError: It cannot be read as a whole.
        UnsafeXmlError: It is refused for what it could do.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) <= _LIMITS.size:  # otherwise the parser refuses it as it is
        data = _AMPERSAND.sub(_escaped, decode_xml(data, where=_WHERE))
    root = parse_xml(data, where=_WHERE, limits=_LIMITS)
    said = _collected(root)
    state_name = "sslstate" if "sslstate" in said else "ssl"
    return OperationalSettings(
        version=_one(said, "version", _text),
        http_port=_one(said, "httpport", parse_port),
        https_port=_one(said, "httpsport", parse_port),
        security_mode_mask=_one(said, "securitymodemask", parse_ssl_state),
        security_mode_mask_ex=_one(said, "securitymodemaskex", parse_ssl_state),
        certificate_store=_one(said, "certificatestorename", _text_or_empty),
        certificate_criteria=_one(said, "certificateselectioncriteria", _text_or_empty),
        certificate_select_first=_one(said, "certificateselectfirstflag", _flag),
        site_signing_certificate=_one(said, "sitesigningcert", _hex),
        command_line=_one(said, "commandline", _text),
        root_site=_one(said, "rootsitecode", SiteCode),
        fallback_status_points=_several(said, "fspserver", HostName),
        forest=_one(said, "forest", DnsDomain),
        ssl_state=_one(said, state_name, parse_ssl_state),
    )


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"&amp;" if found[0] == b"&" else found[0]


def _collected(root: Element) -> Mapping[str, Sequence[str]]:
    """What is said under each name: by elements first, then by attributes, each in the order of the document."""
    elements: dict[str, list[str]] = {}
    attributes: dict[str, list[str]] = {}
    for element in root.iter():
        name = local_name(element.tag).lower()
        own = {local_name(key).lower(): value.strip() for key, value in element.items()}
        value = (element.text or "").strip() or own.get("value", "")
        if name == "property":  # its attributes say what it is about; one document has a version in place of a value
            name, value, own = own.get("name", "").lower(), value or own.get("version", ""), {}
        elements.setdefault(name, []).append(value)
        for key, said in own.items():
            attributes.setdefault(key, []).append(said)
    return {name: elements.get(name, []) + attributes.get(name, []) for name in {*elements, *attributes}}


def _one(said: Mapping[str, Sequence[str]], name: str, read: Callable[[str], _T]) -> _T | None:
    for value in said.get(name, ()):
        try:
            return read(value)
        except InvalidValueError:
            return None
    return None


def _several(said: Mapping[str, Sequence[str]], name: str, read: Callable[[str], _T]) -> tuple[_T, ...]:
    """Every value of the type, each once."""
    found: dict[_T, None] = {}
    for value in said.get(name, ())[:_MOST_SERVERS]:
        try:
            found.setdefault(read(value))
        except InvalidValueError:
            continue
    return tuple(found)


def _text_or_empty(value: str) -> str:
    if len(value) > _MOST_TEXT or not value.isprintable():
        raise InvalidValueError("setting", value, f"it has at most {_MOST_TEXT} characters, all printable")
    return value


def _text(value: str) -> str:
    if not value:
        raise InvalidValueError("setting", value, "it is empty")
    return _text_or_empty(value)


def _hex(value: str) -> str:
    if not _HEX.fullmatch(value):
        raise InvalidValueError("certificate", value, "it is written in hexadecimal")
    return value


def _flag(value: str) -> bool:
    if value.lower() not in _FLAGS:
        raise InvalidValueError("flag", value, "it is 0 or 1")
    return _FLAGS[value.lower()]


# Writing


def build_operational_settings(settings: OperationalSettings) -> str:
    """Write the settings; what is None is left out. The order of the parts is ours: no complete real value is known."""
    root = Element(_WHERE)
    _add(root, "Version", settings.version)
    security = SubElement(root, "SecurityConfiguration")
    _add(security, "SecurityModeMask", settings.security_mode_mask)
    _add(security, "SecurityModeMaskEx", settings.security_mode_mask_ex)
    _add(security, "HTTPPort", settings.http_port)
    _add(security, "HTTPSPort", settings.https_port)
    _add(security, "CertificateStoreName", settings.certificate_store)
    _add(security, "CertificateSelectionCriteria", settings.certificate_criteria)
    first = settings.certificate_select_first
    _add(security, "CertificateSelectFirstFlag", None if first is None else int(first))
    _add(security, "SiteSigningCert", settings.site_signing_certificate)
    _add(root, "RootSiteCode", settings.root_site)
    if settings.command_line is not None:
        _add(SubElement(root, "CCM"), "CommandLine", settings.command_line)
    if settings.fallback_status_points:
        holder = SubElement(root, "FSP")
        for host in settings.fallback_status_points:
            _add(holder, "FSPServer", host)
    if settings.forest is not None:
        SubElement(root, "Forest", Value=settings.forest)
    if settings.ssl_state is not None:
        holder = SubElement(root, "Capabilities", SchemaVersion="1.0")
        SubElement(holder, "Property", Name="SSLState", Value=str(settings.ssl_state))
    return tostring(root, encoding="unicode")


def _add(parent: Element, name: str, value: str | int | None) -> None:
    if value is not None:
        SubElement(parent, name).text = str(value)
