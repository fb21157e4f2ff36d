"""How a proxy is written: by a person in the settings, or by whoever set up the environment."""

import re
from ipaddress import IPv6Address

from ..errors import InvalidValueError
from ..model.endpoints import Scheme
from ..model.names import HostName, parse_port
from ..model.proxies import ProxyAddress
from ..model.secret import Secret

__all__ = ["parse_proxy"]

_WHAT = "proxy"
_FORM = "write http://[USER:PASSWORD@]HOST:PORT, or https:// for a proxy that is itself reached over TLS"
_SCRIPT = "a script that finds proxies (PAC) is not run: give the proxy that it would find"
_SCRIPTS = (".pac", ".dat", ".js")
_MOST = 2048  # characters; a longer one is a mistake
_LOGIN = re.compile(r"[!-~]{1,512}")  # printable ASCII: anything else is percent-encoded


def parse_proxy(text: str) -> ProxyAddress:
    """Read ``[http[s]://][USER:PASSWORD@]HOST[:PORT]``; without a port that of the scheme counts.

    Raises:
        InvalidValueError: It is none, or a PAC script, or a kind of proxy that is not supported. Credentials are never
            repeated.
    """
    given = text.strip()
    scheme, separator, rest = given.partition("://")
    if not separator:
        scheme, rest = "http", given
    login, at, address = rest.rpartition("@")
    shown = f"{scheme}://{'***@' if at else ''}{address}"[:_MOST]
    authority, _, path = address.partition("/")
    if scheme.lower().startswith(("pac", "wpad")) or path.lower().partition("?")[0].endswith(_SCRIPTS):
        raise InvalidValueError(_WHAT, shown, _SCRIPT)
    if scheme.lower().startswith("socks"):
        raise InvalidValueError(_WHAT, shown, f"SOCKS is not supported; {_FORM}")
    if scheme.lower() not in {"http", "https"} or path or len(given) > _MOST or (at and not _LOGIN.fullmatch(login)):
        raise InvalidValueError(_WHAT, shown, _FORM)
    kind = Scheme(scheme.lower())
    try:
        host, port = _host_and_port(authority, kind)
    except (InvalidValueError, ValueError) as error:
        raise InvalidValueError(_WHAT, shown, _FORM) from error
    return ProxyAddress(kind, host, port, Secret(login) if at else None)


def _host_and_port(authority: str, scheme: Scheme) -> tuple[str, int]:
    usual = 443 if scheme is Scheme.HTTPS else 80
    inner, bracket, rest = authority.removeprefix("[").partition("]")
    if authority.startswith("["):
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("brackets")
        return str(IPv6Address(inner)), parse_port(rest[1:]) if rest else usual
    name, colon, digits = authority.partition(":")
    return HostName(name), parse_port(digits) if colon else usual
