"""Settings as a person reads them."""

from enum import Enum

from .model.endpoints import Endpoint, InternetAddress, ManagementPoint, Protocols
from .model.proxies import ProxyAddress
from .protocol.setupvalues import SetupLine

__all__ = ["printable_setting"]


def printable_setting(value: object) -> str:
    """The value of a setting as text; secrets are masked."""
    if value is None:
        return "not set"
    if isinstance(value, SetupLine):
        return " ".join(str(item) for item in value.items) or "none"
    if isinstance(value, ManagementPoint):
        return _entry(value)
    if isinstance(value, InternetAddress | ProxyAddress):
        return str(value)
    if isinstance(value, Endpoint):
        return f"{value.scheme.value}://{value.host}:{value.port}"
    if isinstance(value, tuple):
        return "; ".join(printable_setting(part) for part in value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value) if isinstance(value, Enum) else str(value)


def _entry(mp: ManagementPoint) -> str:
    https_only = mp.protocols is Protocols.HTTPS
    port = mp.https_port if https_only else mp.http_port
    return f"{'https://' if https_only else ''}{mp.host}{'' if port is None else f':{port}'}"
