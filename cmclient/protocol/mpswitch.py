"""What ``/mp`` takes: management points, and gateways with their path."""

from ..model.endpoints import Audience, ManagementPoint, Protocols
from ..model.rule import decides
from .gateways import parse_internet_address
from .mpentry import parse_mp_entry, split_mp_switch

__all__ = ["parse_mp_switch"]


@decides("CI-021", "IP-011")
def parse_mp_switch(text: str) -> tuple[ManagementPoint, ...]:
    """Read the value of ``/mp``.

    Returns:
        In the order in which they are tried. What has a path is a cloud management gateway, which takes HTTPS and is
        reached from the internet. May be empty.

    Raises:
        InvalidValueError: An entry is neither a management point nor a gateway with ``https://``.
    """
    return tuple(_parse_entry(entry) for entry in split_mp_switch(text))


def _parse_entry(entry: str) -> ManagementPoint:
    if "/" not in (entry.partition("://")[2] or entry).rstrip("/"):
        return parse_mp_entry(entry)
    address = parse_internet_address(entry, needs_scheme=True)
    return ManagementPoint(address.host, protocols=Protocols.HTTPS, audience=Audience.INTERNET, gateway=address.gateway)
