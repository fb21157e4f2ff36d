"""Every setting there is: its name, what it takes, its default, what it means.

The table drives the configuration files, the ``CMCLIENT_*`` variables, the options, the documents and
``config show``. A value from a file, a variable, an option or a program passes the same parser: it takes the final
type, the TOML types and text.
"""

from collections.abc import Callable
from enum import Enum
from ipaddress import ip_address
from typing import NamedTuple, TypeVar

from .errors import InvalidValueError
from .model.decision import Phase, Purpose
from .model.directory import DirectorySecurity
from .model.endpoints import HTTP_PORT, HTTPS_PORT, ManagementPoint
from .model.facts import ClientKind, NetworkLocation
from .model.names import DnsDomain, HostName, SiteCode, parse_port
from .model.secret import Secret
from .model.settings import ContactMode
from .protocol.setupline import SetupLine, parse_mp_entry, parse_setup_line

__all__ = ["SETTINGS", "Setting"]

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Enum)

_DAY = 86400.0
_MAX_BUILD = 65535
_MAX_RACE = 8  # connections at a time that one client may cost a site
_MAX_SEED = 2**63 - 1
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_ON, _OFF = True, False


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: Key in a file; the option has hyphens instead of underscores, the variable is ``CMCLIENT_`` and the name
            in upper case.
        kind: What it takes, in words.
        default: What counts when nobody says anything.
        unit: Unit of a number; empty for everything else.
        meaning: What it is for, in one line.
        parse: Checks a value; raises InvalidValueError. A setting whose default is None also takes None.
    """

    name: str
    kind: str
    default: object
    unit: str
    meaning: str
    parse: Callable[[object], object]


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise InvalidValueError(what, value, "give it as text, in quotes")
    return value.strip()


def _named(what: str, parse: Callable[[str], _T]) -> Callable[[object], _T]:
    return lambda value: parse(_text(value, what))


def _list_of(what: str, parse: Callable[[str], _T], done: type[_T] | None = None) -> Callable[[object], tuple[_T, ...]]:
    """A parser of a list, or of text with ``;`` or ``,`` between the parts; each value is kept once, in order.

    Args:
        what: What a part is.
        parse: Reads one part.
        done: The type of a part that needs no reading any more, where that is no text.
    """

    def part_of(part: object) -> _T:
        return part if done is not None and isinstance(part, done) else parse(_text(part, what))

    def parse_list(value: object) -> tuple[_T, ...]:
        if isinstance(value, str):
            return parse_list([part for part in value.replace(",", ";").split(";") if part.strip()])
        if not isinstance(value, list | tuple):
            raise InvalidValueError(
                f"list of {what}s", value, "give a list of texts, or one text with ';' between them"
            )
        return tuple(dict.fromkeys(part_of(part) for part in value))

    return parse_list


def _choice(what: str, kind: type[_E]) -> Callable[[object], _E]:
    def parse(value: object) -> _E:
        if isinstance(value, kind):
            return value
        text = _text(value, what).lower()
        try:
            return kind(text)
        except ValueError as error:
            allowed = ", ".join(str(member.value) for member in kind)
            raise InvalidValueError(what, value, f"it is one of {allowed}") from error

    return parse


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    if text not in _TRUE | _FALSE:
        raise InvalidValueError("yes-or-no value", value, "give true or false")
    return text in _TRUE


def _whole(what: str, low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        text = value.strip() if isinstance(value, str) else ""
        if text.isascii() and text.isdigit() and len(text) <= len(str(high)):
            value = int(text)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidValueError(what, value, f"it is a whole number from {low} to {high}")
        return value

    return parse


def _seconds(*, may_be_zero: bool = False) -> Callable[[object], float]:
    def parse(value: object) -> float:
        number = -1.0
        try:
            if isinstance(value, int | float | str) and not isinstance(value, bool):
                number = float(value)
        except (ValueError, OverflowError):
            number = -1.0
        if not (0 < number <= _DAY or (may_be_zero and number == 0)):  # also refuses what is no number (NaN)
            low = "from 0" if may_be_zero else "above 0, up"
            raise InvalidValueError("time in seconds", value, f"it is a number {low} to {_DAY:.0f}")
        return number

    return parse


def _port(value: object) -> int:
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise InvalidValueError("port", value, "it is a whole number from 1 to 65535")
    return parse_port(value)


def _site_code(value: object) -> SiteCode | None:
    text = _text(value, "site code")
    return None if text.upper() == "AUTO" else SiteCode(text)


def _path(value: object) -> str:
    text = value if isinstance(value, str) else _text(value, "path")
    if not text.strip() or "\0" in text:
        raise InvalidValueError("path", value, "it is empty or holds a NUL character")
    return text


def _user(value: object) -> str:
    text = _text(value, "user name")
    if not text:
        raise InvalidValueError("user name", value, "it is empty")
    return text


def _password(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value:  # what was given is not repeated: it may be the password
        raise InvalidValueError("password", Secret(""), "give it as text, in quotes; it may not be empty")
    return Secret(value)


def _server(text: str) -> str:
    name, colon, port = text.partition(":")
    host = HostName(name)
    return f"{host}:{parse_port(port)}" if colon else host


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise InvalidValueError("network address", text, "give an IPv4 or IPv6 address") from error


def _dns_server(text: str) -> str:
    """``ADDRESS``, ``IPV4:PORT`` or ``[IPV6]:PORT``."""
    inner, bracket, rest = text.removeprefix("[").partition("]")
    if text.startswith("[") and bracket and (not rest or rest.startswith(":")):
        return f"[{_address(inner)}]:{parse_port(rest[1:])}" if rest else _address(inner)
    address, colon, port = text.partition(":")
    if colon and ":" not in port:
        return f"{_address(address)}:{parse_port(port)}"
    return _address(text)


def _setup_line(value: object) -> SetupLine:
    if isinstance(value, SetupLine):
        return value
    if not isinstance(value, str):
        raise InvalidValueError("setup line", Secret(""), "give it as text, in quotes")
    return parse_setup_line(value)


_HOST, _HOSTS = _named("host name", HostName), _list_of("host name", HostName)
_DOMAIN, _DOMAINS = _named("DNS domain", DnsDomain), _list_of("DNS domain", DnsDomain)
_MPS = _list_of("management point", parse_mp_entry, ManagementPoint)
_TIMEOUT = _seconds()

SETTINGS: tuple[Setting, ...] = (
    Setting("site_code", "site code or AUTO", None, "", "the assigned site; not set, or AUTO: find out", _site_code),
    Setting(
        "management_points", "list of [https://]HOST[:PORT]", (), "", "first management points, like SMSMPLIST", _MPS
    ),
    Setting("dns_suffix", "DNS domain", None, "", "domain to look in for management points in DNS", _DOMAIN),
    Setting(
        "client_kind", "client kind", ClientKind.WINDOWS, "", "what kind of client", _choice("client kind", ClientKind)
    ),
    Setting(
        "network_location",
        "network location",
        None,
        "",
        "where the client is; not set: find out",
        _choice("network location", NetworkLocation),
    ),
    Setting(
        "always_internet", "yes or no", _OFF, "", "on the internet whatever the network says (CCMALWAYSINF)", _flag
    ),
    Setting("internet_mp", "host name", None, "", "management point for the internet (CCMHOSTNAME)", _HOST),
    Setting("use_pki_cert", "yes or no", _OFF, "", "use a PKI client certificate (/UsePKICert)", _flag),
    Setting("client_certificate", "path", None, "", "client certificate, PEM", _path),
    Setting("client_key", "path", None, "", "key of the client certificate, PEM; not set: in the same file", _path),
    Setting("ca_file", "path", None, "", "CA certificates to trust instead of the system's, PEM", _path),
    Setting("trust_env", "yes or no", _OFF, "", "heed proxy variables of the environment", _flag),
    Setting("allow_http", "yes or no", _ON, "", "may go down from HTTPS to HTTP where a rule allows it", _flag),
    Setting("http_port", "port", HTTP_PORT, "", "the site's port for HTTP (CCMHTTPPORT)", _port),
    Setting("https_port", "port", HTTPS_PORT, "", "the site's port for HTTPS (CCMHTTPSPORT)", _port),
    Setting("allowed_mps", "list of host names", None, "", "the only management points to use (AllowedMPs)", _HOSTS),
    Setting(
        "client_build", "number", 9141, "", "build number of the client version", _whole("build number", 1, _MAX_BUILD)
    ),
    Setting("purpose", "purpose", Purpose.POLICY, "", "what for", _choice("purpose", Purpose)),
    Setting("phase", "phase", Phase.REGISTERED, "", "where the client is in its life", _choice("phase", Phase)),
    Setting(
        "trusted_forests", "list of DNS domains", None, "", "forests to trust; not set: ask the directory", _DOMAINS
    ),
    Setting(
        "directory_servers",
        "list of HOST[:PORT]",
        (),
        "",
        "directory servers to ask; none: find them in DNS",
        _list_of("directory server", _server),
    ),
    Setting("directory_user", "text", None, "", "who asks the directory, as in user@example.com", _user),
    Setting("directory_password", "text", None, "", "that user's password", _password),
    Setting("directory_password_file", "path", None, "", "file whose first line is that password", _path),
    Setting(
        "directory_security",
        "security",
        DirectorySecurity.STARTTLS,
        "",
        "how the connection to the directory is protected",
        _choice("way to protect a directory connection", DirectorySecurity),
    ),
    Setting(
        "directory_ca_file", "path", None, "", "CA certificates that directory servers are checked with, PEM", _path
    ),
    Setting("directory_allow_clear_text_bind", "yes or no", _OFF, "", "may send the password unprotected", _flag),
    Setting("use_global_catalog", "yes or no", _ON, "", "search the whole forest in a global catalog", _flag),
    Setting(
        "dns_servers",
        "list of ADDRESS[:PORT]",
        (),
        "",
        "DNS servers to ask; none: the system's",
        _list_of("DNS server", _dns_server),
    ),
    Setting(
        "bind_address", "IP address", None, "", "local address to connect from", _named("network address", _address)
    ),
    Setting("store", "path", None, "", "file that keeps the MP list; not set: the user's state folder", _path),
    Setting("deadline", "number", 30.0, "seconds", "for everything together", _TIMEOUT),
    Setting("connect_timeout", "number", 5.0, "seconds", "to connect to a management point", _TIMEOUT),
    Setting("attempt_timeout", "number", 15.0, "seconds", "to a whole answer of a management point", _TIMEOUT),
    Setting("directory_timeout", "number", 10.0, "seconds", "for a directory server", _TIMEOUT),
    Setting("dns_timeout", "number", 5.0, "seconds", "for a DNS query, which is tried twice", _TIMEOUT),
    Setting(
        "contact",
        "way to contact",
        ContactMode.RACE,
        "",
        "how management points of equal rank are contacted",
        _choice("way to contact", ContactMode),
    ),
    Setting(
        "race_stagger", "number", 0.1, "seconds", "head start of those that race first", _seconds(may_be_zero=True)
    ),
    Setting("race_width", "number", 8, "", "most connections of a race", _whole("width of a race", 1, _MAX_RACE)),
    Setting("seed", "number", None, "", "seed of random choices; not set: drawn", _whole("seed", 0, _MAX_SEED)),
    Setting("fsp", "host name", None, "", "fallback status point (FSP)", _HOST),
    Setting("report", "yes or no", None, "", "whether to report; not set: when an FSP was given", _flag),
    Setting(
        "setup_line", "text", None, "", "a ccmsetup line; its values count before variables and options", _setup_line
    ),
)
