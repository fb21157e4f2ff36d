"""What a location request says of the client: assigned site, AD site, addresses, connections.

The shape and the order of the elements are those of real requests (CF-006, CF-007). Only known facts are sent: a
machine outside a domain sends no AD site, forest and domain.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, ip_address
from xml.sax.saxutils import quoteattr

from ..model.facts import Adapter, NetworkFacts
from ..model.names import SiteCode
from ..model.rule import decides

__all__ = ["build_client_info"]


@decides("CF-006")
def build_client_info(
    facts: NetworkFacts, *, assigned_site: SiteCode | None, attributes: Mapping[str, str] | None = None
) -> str:
    """Write the part of a location request that describes the client.

    Args:
        facts: What is known of it. IPv4 addresses with a prefix are sent, in their order; nobody has seen how others
            are.
        assigned_site: Its assigned site; None leaves the element out.
        attributes: Attributes of ``ClientLocationInfo``, which depend on the request.

    Returns:
        ``AssignedSite`` and ``ClientLocationInfo``, as XML without a declaration.
    """
    site = "" if assigned_site is None else _element("AssignedSite", {"SiteCode": assigned_site})
    info = "".join(f" {name}={_quoted(value)}" for name, value in (attributes or {}).items())
    return f"{site}<ClientLocationInfo{info}>{''.join(_children(facts))}</ClientLocationInfo>"


def _children(facts: NetworkFacts) -> Iterator[str]:
    for name, value in (("ADSite", facts.ad_site), ("Forest", facts.forest), ("Domain", facts.domain)):
        if value is not None:
            yield _element(name, {"Name": value})
    addresses = [one for one in facts.addresses if isinstance(ip_address(one.address), IPv4Address)]
    sent = [_element("IPAddress", {"SubnetAddress": one.network, "Address": one.address}) for one in addresses]
    yield f"<IPAddresses>{''.join(sent)}</IPAddresses>"
    adapters = "".join(filter(None, map(_adapter, facts.adapters)))
    if adapters:
        yield f"<Adapters>{adapters}</Adapters>"


@decides("CF-007")
def _adapter(adapter: Adapter) -> str:
    """A connection, by which the site tells a VPN; nothing for one whose kind is not known."""
    if adapter.if_type is None or adapter.has_hardware_address is None:
        return ""
    return _element(
        "Adapter",
        {
            "Name": adapter.name,
            "IfType": str(adapter.if_type),
            "PhysicalAddressExists": "1" if adapter.has_hardware_address else "0",
            "DnsSuffix": adapter.dns_suffix,
            "Description": adapter.description,
        },
    )


def _element(name: str, attributes: Mapping[str, str | None]) -> str:
    written = "".join(f" {key}={_quoted(value)}" for key, value in attributes.items() if value is not None)
    return f"<{name}{written}/>"


def _quoted(value: str) -> str:
    """A value between double quotes, without characters that XML 1.0 cannot hold."""
    return quoteattr("".join(char for char in value if char.isprintable()), {'"': "&quot;"})
