"""How a server for the internet is written: a management point's name, or the address of a cloud management gateway."""

import re

from ..errors import InvalidValueError
from ..model.endpoints import InternetAddress
from ..model.names import GatewayPath, HostName, parse_port
from ..model.rule import decides

__all__ = ["parse_gateway_list", "parse_internet_address", "parse_stored_address"]

_WHAT = "server for the internet"
_TOKEN_PATH = "/ccm_proxy_serverauth"  # noqa: S105 - a path


@decides("CG-007", "CG-008", "CI-021")
def parse_internet_address(text: str, *, needs_scheme: bool = False) -> InternetAddress:
    """Read ``HOST``, or ``HOST/CCM_Proxy_MutualAuth/NUMBER`` of a gateway.

    Args:
        text: ``CCMHOSTNAME`` as on a setup line.
        needs_scheme: It stands in ``/mp``, where the address of a gateway begins with ``https://`` and nowhere else.

    Raises:
        InvalidValueError: The prefix is there and must not be, or the other way round; no fully qualified host; a path
            that is no gateway's.
    """
    scheme, separator, rest = text.strip().partition("://")
    if needs_scheme and (not separator or scheme.lower() != "https"):
        raise InvalidValueError(_WHAT, _shown(text), "the address of a gateway begins with https:// here")
    if separator and not needs_scheme:
        raise InvalidValueError(_WHAT, _shown(text), "leave out what stands before the host, such as https://")
    address = _read(rest if separator else text.strip(), text)
    if address.port is not None:
        raise InvalidValueError(_WHAT, text, "it takes no port")
    return address


@decides("CG-008")
def parse_stored_address(text: str) -> InternetAddress:
    """Read what a client has written down for itself, which is taken as it is: with ``https://`` or without.

    A port may follow the host.

    Raises:
        InvalidValueError: Plain HTTP, no fully qualified host, or a path that is no gateway's.
    """
    scheme, separator, rest = text.strip().partition("://")
    if separator and scheme.lower() != "https":
        raise InvalidValueError(_WHAT, _shown(text), "a server for the internet is reached over HTTPS only")
    return _read(rest if separator else text.strip(), text)


@decides("CG-009")
def parse_gateway_list(text: str) -> tuple[InternetAddress, ...]:
    """Read a list of gateways (``CMGFQDNs``) with commas, semicolons or blanks between them.

    Returns:
        In the order given, each once; empty parts are skipped, so it may be empty.

    Raises:
        InvalidValueError: One of them cannot be read.
    """
    return tuple(dict.fromkeys(parse_stored_address(part) for part in re.split(r"[;,\s\0]+", text) if part))


def _read(address: str, given: str) -> InternetAddress:
    authority, slash, path = address.partition("/")
    if "@" in authority:
        raise InvalidValueError(_WHAT, _shown(given), "it must not hold credentials")
    name, colon, digits = authority.partition(":")
    host = HostName(name)
    if "." not in host:
        raise InvalidValueError(_WHAT, given, "it has to be fully qualified, as in mp.example.com")
    port = parse_port(digits) if colon else None
    path = path.rstrip("/")
    if not slash or not path:
        return InternetAddress(host, None, port)
    if f"/{path}".lower().startswith(_TOKEN_PATH):
        reason = "that path is for tokens, which are not supported: give the one with CCM_Proxy_MutualAuth"
        raise InvalidValueError(_WHAT, given, reason)
    try:
        return InternetAddress(host, GatewayPath(f"/{path}"), port)
    except InvalidValueError as error:
        reason = "what follows the host of a gateway is /CCM_Proxy_MutualAuth/ and a number"
        raise InvalidValueError(_WHAT, given, reason) from error


def _shown(text: str) -> str:
    """Without what may be a password."""
    return f"***@{text.rpartition('@')[2]}" if "@" in text else text
