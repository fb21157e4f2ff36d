"""What a setting takes: parsers of one value each, from a file, a variable, an option or a program.

A parser takes the final type, the types of TOML, and text; it raises InvalidValueError for everything else.
"""

import re
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from ipaddress import ip_address
from typing import TypeVar

from .errors import InvalidValueError
from .model.endpoints import Endpoint, InternetAddress, Scheme
from .model.names import HostName, SiteCode, parse_port
from .model.proxies import ProxyAddress
from .model.secret import Secret
from .protocol.gateways import parse_gateway_list, parse_stored_address
from .protocol.proxies import parse_proxy
from .protocol.rootkeyblob import parse_root_key
from .protocol.setupvalues import SetupLine

__all__ = [
    "as_address",
    "as_certificate_criterion",
    "as_certificate_issuers",
    "as_dns_server",
    "as_flag",
    "as_gateways",
    "as_internet_mp",
    "as_media_type",
    "as_moment",
    "as_password",
    "as_path",
    "as_port",
    "as_proxy",
    "as_root_key",
    "as_server",
    "as_setup_line",
    "as_site_code",
    "as_store_name",
    "as_text",
    "as_update_point",
    "as_user",
    "checked",
    "list_of",
    "named",
    "one_of",
    "seconds",
    "whole",
]

_E = TypeVar("_E", bound=Enum)
_T = TypeVar("_T")
_DAY = 86400.0
_WSUS_HTTP, _WSUS_HTTPS = 8530, 8531  # SU-018
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_MEDIA_TYPE = r"[A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64}(; ?[A-Za-z0-9-]{1,32}=[A-Za-z0-9_-]{1,64}){0,4}"


def as_text(value: object, what: str) -> str:
    """Text, without blanks around it."""
    if not isinstance(value, str):
        raise InvalidValueError(what, value, "give it as text, in quotes")
    return value.strip()


def named(what: str, parse: Callable[[str], _T]) -> Callable[[object], _T]:
    """A parser of text, by one that reads it."""
    return lambda value: parse(as_text(value, what))


def list_of(what: str, parse: Callable[[str], _T], done: type[_T] | None = None) -> Callable[[object], tuple[_T, ...]]:
    """A parser of a list, or of text with ``;`` or ``,`` between the parts; each value is kept once, in order.

    Args:
        what: What a part is.
        parse: Reads one part.
        done: The type of a part that needs no reading any more, where that is no text.
    """

    def part_of(part: object) -> _T:
        return part if done is not None and isinstance(part, done) else parse(as_text(part, what))

    def parse_list(value: object) -> tuple[_T, ...]:
        if isinstance(value, str):
            return parse_list([part for part in value.replace(",", ";").split(";") if part.strip()])
        if not isinstance(value, list | tuple):
            raise InvalidValueError(
                f"list of {what}s", value, "give a list of texts, or one text with ';' between them"
            )
        return tuple(dict.fromkeys(part_of(part) for part in value))

    return parse_list


def one_of(what: str, kind: type[_E]) -> Callable[[object], _E]:
    """A parser of a member of an enumeration, by its value."""

    def parse(value: object) -> _E:
        if isinstance(value, kind):
            return value
        text = as_text(value, what).lower()
        try:
            return kind(text)
        except ValueError as error:
            allowed = ", ".join(str(member.value) for member in kind)
            raise InvalidValueError(what, value, f"it is one of {allowed}") from error

    return parse


def as_flag(value: object) -> bool:
    """Yes or no, also in words."""
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    if text not in _TRUE | _FALSE:
        raise InvalidValueError("yes-or-no value", value, "give true or false")
    return text in _TRUE


def whole(what: str, low: int, high: int) -> Callable[[object], int]:
    """A parser of a whole number within bounds, also as text."""

    def parse(value: object) -> int:
        text = value.strip() if isinstance(value, str) else ""
        if text.isascii() and text.isdigit() and len(text) <= len(str(high)):
            value = int(text)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidValueError(what, value, f"it is a whole number from {low} to {high}")
        return value

    return parse


def seconds(*, may_be_zero: bool = False) -> Callable[[object], float]:
    """A parser of a time in seconds, up to a day, also as text."""

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


def as_port(value: object) -> int:
    """A port, also as text."""
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise InvalidValueError("port", value, "it is a whole number from 1 to 65535")
    return parse_port(value)


def as_site_code(value: object) -> SiteCode | None:
    """A site code; None for AUTO."""
    text = as_text(value, "site code")
    return None if text.upper() == "AUTO" else SiteCode(text)


def as_media_type(value: object) -> str:
    """A media type."""
    text = as_text(value, "media type")
    if not re.fullmatch(_MEDIA_TYPE, text):
        raise InvalidValueError("media type", value, "it is like text/xml or text/plain; charset=UTF-16")
    return text


def as_moment(value: object) -> datetime:
    """A moment: ISO 8601 with a time zone, or what TOML makes of it."""
    moment = value if isinstance(value, datetime) else None
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidValueError("time", value, "write it like 2026-11-21T12:30:00+01:00, with the zone")
    return moment


def as_root_key(value: object) -> str:
    """A trusted root key in hexadecimal."""
    return parse_root_key(as_text(value, "trusted root key")).text


def as_path(value: object) -> str:
    """A path, as it was given."""
    text = value if isinstance(value, str) else as_text(value, "path")
    if not text.strip() or "\0" in text:
        raise InvalidValueError("path", value, "it is empty or holds a NUL character")
    return text


def checked(what: str, parse: Callable[[str], object]) -> Callable[[object], str]:
    """A parser of text that is read anew where it is used; here it is seen to be readable."""

    def check(value: object) -> str:
        text = as_text(value, what)
        parse(text)
        return text

    return check


def as_certificate_criterion(value: object) -> str:
    """Which certificate to take, in the form of ``CCMCERTSEL``."""
    from .protocol.certificate_criteria import parse_criterion  # noqa: PLC0415 - most runs choose no certificate

    return checked("certificate criterion", parse_criterion)(value)


def as_certificate_issuers(value: object) -> str:
    """Whose certificates to take, in the form of ``CCMCERTISSUERS``."""
    from .protocol.certificate_criteria import parse_issuers  # noqa: PLC0415 - most runs choose no certificate

    return checked("list of certificate issuers", parse_issuers)(value)


def as_store_name(text: str) -> str:
    """The name of a certificate store."""
    if not text or not text.isprintable():
        raise InvalidValueError("name of a certificate store", text, "it is empty or has control characters")
    return text


def as_user(value: object) -> str:
    """The name of a user."""
    text = as_text(value, "user name")
    if not text:
        raise InvalidValueError("user name", value, "it is empty")
    return text


def as_password(value: object) -> Secret:
    """A password; it is never repeated in an error."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value:  # what was given is not repeated: it may be the password
        raise InvalidValueError("password", Secret(""), "give it as text, in quotes; it may not be empty")
    return Secret(value)


def as_server(text: str) -> str:
    """``HOST`` or ``HOST:PORT``."""
    name, colon, port = text.partition(":")
    host = HostName(name)
    return f"{host}:{parse_port(port)}" if colon else host


def as_update_point(text: str) -> Endpoint:
    """``[https://]HOST[:PORT]`` of a software update point; without a port the one that it has when new."""
    secure, plain = text.lower().startswith("https://"), text.lower().removeprefix("https://").removeprefix("http://")
    host, colon, port = plain.partition(":")
    usual = _WSUS_HTTPS if secure else _WSUS_HTTP
    scheme = Scheme.HTTPS if secure else Scheme.HTTP
    return Endpoint(scheme, HostName(host), parse_port(port.rstrip("/")) if colon else usual)


def as_address(text: str) -> str:
    """An IP address."""
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise InvalidValueError("network address", text, "give an IPv4 or IPv6 address") from error


def as_dns_server(text: str) -> str:
    """``ADDRESS``, ``IPV4:PORT`` or ``[IPV6]:PORT``."""
    inner, bracket, rest = text.removeprefix("[").partition("]")
    if text.startswith("[") and bracket and (not rest or rest.startswith(":")):
        return f"[{as_address(inner)}]:{parse_port(rest[1:])}" if rest else as_address(inner)
    address, colon, port = text.partition(":")
    if colon and ":" not in port:
        return f"{as_address(address)}:{parse_port(port)}"
    return as_address(text)


def as_setup_line(value: object) -> SetupLine:
    """A ccmsetup line, with what is wrong with it."""
    if isinstance(value, SetupLine):
        return value
    if not isinstance(value, str):
        raise InvalidValueError("setup line", Secret(""), "give it as text, in quotes")
    from .protocol.setupline import parse_setup_line  # noqa: PLC0415 - most runs have no line

    return parse_setup_line(value)


def as_internet_mp(value: object) -> InternetAddress | None:
    """A host name or the address of a gateway; empty text clears what a weaker layer said (NET-020)."""
    if isinstance(value, InternetAddress):
        return value
    text = as_text(value, "server for the internet")
    return parse_stored_address(text) if text else None


def as_gateways(value: object) -> tuple[InternetAddress, ...] | None:
    """Addresses of gateways, as text or as a list of texts."""
    parts = value if isinstance(value, list | tuple) else (value,)
    done = [one for one in parts if isinstance(one, InternetAddress)]
    if len(done) == len(parts):
        return tuple(done)
    return parse_gateway_list(" ".join(as_text(part, "list of gateways") for part in parts))


def as_proxy(value: object) -> ProxyAddress:
    """The address of a proxy; its credentials are never repeated in an error."""
    if isinstance(value, ProxyAddress):
        return value
    if not isinstance(value, str):
        raise InvalidValueError("proxy", Secret(""), "give it as text, in quotes")
    return parse_proxy(value)
