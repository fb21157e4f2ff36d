"""What sites publish in Active Directory, written: the counterpart of ``directory``, for the lab and for tests."""

from collections.abc import Iterable, Mapping

from ..model.directory import DirectoryEntry, PublishedRange, PublishedSite
from ..model.endpoints import ManagementPoint
from ..model.names import DnsDomain
from .capabilities import OperationalSettings, build_operational_settings
from .directory import domain_dn, system_management_dn
from .directory_schema import (
    ASSIGNMENT,
    BOUNDARIES,
    CAPABILITIES,
    DEFAULT_MP,
    DEVICE_MP,
    DIRECTION,
    FOREST,
    FOREST_TRANSITIVE,
    HIGH,
    HOSTS,
    INBOUND,
    LOW,
    MP_CLASS,
    OUTBOUND,
    PARTNER,
    RANGE_CLASS,
    SITE_CLASS,
    SITE_CODE,
    TRUST,
    TRUST_CLASS,
    VERSION,
)
from .mplist import ssl_state_of
from .published_keys import ROOT_KEY_ATTRIBUTE

__all__ = ["management_point_entry", "range_entry", "site_entry", "trust_entry"]

_OF_DIRECTORY = 2  # trustType: with another Active Directory
_LEAST_NEGATIVE = 2**31  # a bound from here on is written negative


def management_point_entry(mp: ManagementPoint, *, domain: DnsDomain, capabilities: str = "") -> DirectoryEntry:
    """An entry that reads as a management point.

    Args:
        mp: What it says; its site kind, audience, locality and boundary groups are not published.
        domain: The domain in which it is published.
        capabilities: The text of its operational settings; when empty, one with its ports and its SSL state (else one
            for its protocols), or none at all where these are unknown.
    """
    state = ssl_state_of(mp.protocols) if mp.ssl_state is None else mp.ssl_state
    implied = OperationalSettings(http_port=mp.http_port, https_port=mp.https_port, ssl_state=state)
    if not capabilities and implied != OperationalSettings():
        capabilities = build_operational_settings(implied)
    name = f"SMS-MP-{mp.site_code}-{mp.host.upper()}" if mp.site_code else f"SMS-MP-{mp.host.upper()}"
    values = {
        SITE_CODE: mp.site_code,
        HOSTS[0]: mp.host,
        HOSTS[1]: mp.host,
        DEFAULT_MP: None if mp.is_default is None else str(mp.is_default).upper(),
        DEVICE_MP: None if mp.supports_devices is None else str(mp.supports_devices).upper(),
        VERSION: mp.build,
        CAPABILITIES: capabilities or None,
        FOREST: mp.forest,
    }
    classes = ("top", "leaf", "connectionPoint", "serviceConnectionPoint", MP_CLASS)
    return _entry(name, classes, values, system_management_dn(domain))


def site_entry(site: PublishedSite, *, domain: DnsDomain) -> DirectoryEntry:
    """An entry that reads as a site."""
    values = {SITE_CODE: site.site_code, ASSIGNMENT: site.assignment_site, FOREST: site.forest}
    lists = {BOUNDARIES: site.boundaries, ROOT_KEY_ATTRIBUTE: tuple(key.text for key in site.root_keys)}
    base = system_management_dn(domain)
    return _entry(f"SMS-Site-{site.site_code}", ("top", SITE_CLASS), values, base, lists)


def range_entry(r: PublishedRange, *, domain: DnsDomain) -> DirectoryEntry:
    """An entry that reads as an IP range; bounds at or above 128.0.0.0 are written negative."""
    low, high = (bound - 2**32 if bound >= _LEAST_NEGATIVE else bound for bound in (r.low, r.high))
    values = {SITE_CODE: r.site_code, LOW: low, HIGH: high, ASSIGNMENT: r.assignment_site}
    name = f"SMS-{r.site_code}-{r.low}-{r.high}"
    return _entry(name, ("top", RANGE_CLASS), values, system_management_dn(domain))


def trust_entry(forest: DnsDomain, *, domain: DnsDomain, direction: int = OUTBOUND | INBOUND) -> DirectoryEntry:
    """An entry that reads as a trust between a domain's forest and another one.

    Args:
        forest: The other one.
        domain: The domain.
        direction: ``OUTBOUND`` where the domain's forest trusts the other, ``INBOUND`` where it is trusted, or both.
    """
    values = {
        PARTNER: forest,
        "flatName": forest.partition(".")[0].upper(),
        DIRECTION: direction,
        "trustType": _OF_DIRECTORY,
        TRUST: FOREST_TRANSITIVE,
    }
    return _entry(forest, ("top", "leaf", TRUST_CLASS), values, f"CN=System,{domain_dn(domain)}")


def _entry(
    name: str,
    classes: Iterable[str],
    values: Mapping[str, object],
    base: str,
    lists: Mapping[str, tuple[str, ...]] | None = None,
) -> DirectoryEntry:
    """An entry; what is None or empty is left out."""
    attributes = {"objectclass": tuple(one.encode() for one in classes), "cn": (name.encode(),)}
    attributes |= {key.lower(): (str(value).encode(),) for key, value in values.items() if value is not None}
    attributes |= {key.lower(): tuple(one.encode() for one in some) for key, some in (lists or {}).items() if some}
    return DirectoryEntry(f"CN={name},{base}", attributes)
