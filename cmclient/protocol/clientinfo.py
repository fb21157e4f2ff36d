"""What a location request says of the client: assigned site, AD site, addresses, connections.

The shape and the order of the elements are those of real requests (CF-006, CF-007). Only known facts are sent: a
machine outside a domain sends no AD site, forest and domain.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, ip_address

from ..model.facts import Adapter, NetworkFacts
from ..model.names import SiteCode
from ..model.rule import decides
from .markup import element, flag

__all__ = ["build_client_info"]


@decides("CF-006")
def build_client_info(
    facts: NetworkFacts,
    *,
    assigned_site: SiteCode | None,
    attributes: Mapping[str, str] | None = None,
    boundary_groups: str = "",
) -> str:
    """Write the part of a location request that describes the client.

    Args:
        facts: What is known of it. IPv4 addresses with a prefix are sent, in their order; nobody has seen how others
            are.
        assigned_site: Its assigned site; None leaves the element out.
        attributes: Attributes of ``ClientLocationInfo``, which depend on the request.
        boundary_groups: The client's boundary groups as XML (``location_requests``); empty for not saying anything
            of them.

    Returns:
        ``AssignedSite`` and ``ClientLocationInfo``, as XML without a declaration.
    """
    site = "" if assigned_site is None else element("AssignedSite", {"SiteCode": assigned_site})
    return site + element("ClientLocationInfo", attributes or {}, "".join(_children(facts)) + boundary_groups)


def _children(facts: NetworkFacts) -> Iterator[str]:
    for name, value in (("ADSite", facts.ad_site), ("Forest", facts.forest), ("Domain", facts.domain)):
        if value is not None:
            yield element(name, {"Name": value})
    addresses = [one for one in facts.addresses if isinstance(ip_address(one.address), IPv4Address)]
    sent = [element("IPAddress", {"SubnetAddress": one.network, "Address": one.address}) for one in addresses]
    yield f"<IPAddresses>{''.join(sent)}</IPAddresses>"
    adapters = "".join(filter(None, map(_adapter, facts.adapters)))
    if adapters:
        yield element("Adapters", inside=adapters)


@decides("CF-007")
def _adapter(adapter: Adapter) -> str:
    """A connection, by which the site tells a VPN; nothing for one whose kind is not known."""
    if adapter.if_type is None or adapter.has_hardware_address is None:
        return ""
    return element(
        "Adapter",
        {
            "Name": adapter.name,
            "IfType": str(adapter.if_type),
            "PhysicalAddressExists": flag(adapter.has_hardware_address),
            "DnsSuffix": adapter.dns_suffix,
            "Description": adapter.description,
        },
    )
