"""What an address in a log tells by itself: its server, and what kind of server that is."""

import re

from ..errors import InvalidValueError
from ..model.endpoints import Scheme
from ..model.names import HostName

__all__ = [
    "find_host_name",
    "find_scheme",
    "host_of",
    "is_gateway",
    "is_same",
    "is_source",
    "path_of",
]

_HOST = re.compile(r"(?:https?://|(?!https?://))([\w.-]+|\[[0-9a-f:]+\])", re.IGNORECASE)
_SOURCE_PATH = re.compile(r"SMS_DP_|SCCM_BranchCache|downloadrestservice", re.IGNORECASE)
_GATEWAY_PATH = re.compile(r"CCM_PROXY_", re.IGNORECASE)


def host_of(address: str) -> str:
    """The server of an address, in lower case; the address itself where it names none, as on pages that mask it."""
    found = _HOST.match(address)
    return found[1].lower() if found else address


def find_host_name(address: str) -> HostName | None:
    """The server of an address as a name that can be compared; None where it is none."""
    found = _HOST.match(address)
    try:
        return HostName(found[1]) if found else None
    except InvalidValueError:
        return None


def path_of(address: str) -> str:
    """What follows the server of a URL; ``/`` where nothing does."""
    _, slash, path = address.partition("://")[2].partition("/")
    return f"/{path}" if slash else "/"


def find_scheme(address: str) -> Scheme | None:
    """The scheme of an address; None for a bare name."""
    word = address.partition("://")[0].lower()
    return Scheme(word) if word in {"http", "https"} else None


def is_same(one: str, other: str) -> bool:
    """Whether two addresses are the same, whatever their case."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def is_source(text: str) -> bool:
    """Whether an address, or the path of one, is that of a source of content."""
    return _SOURCE_PATH.search(text) is not None


def is_gateway(text: str) -> bool:
    """Whether it is that of a cloud management gateway in the place of a management point."""
    return _GATEWAY_PATH.search(text) is not None
