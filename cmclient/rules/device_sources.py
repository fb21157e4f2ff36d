"""Which sources of content the kinds of client other than a Windows computer may use."""

from ..model.decision import Reason
from ..model.endpoints import Access, Audience, Protocols, Scheme
from ..model.facts import ClientKind
from ..model.sources import ContentSource, SourceTier
from .device_kinds import find_device_dp_bar
from .source_client import SourceClient

__all__ = ["find_kind_bar"]

_PROTOCOLS = {frozenset({Scheme.HTTP}): Protocols.HTTP, frozenset({Scheme.HTTPS}): Protocols.HTTPS}
# A site says of no distribution point of a boundary group whether it serves the internet too.
_AUDIENCES = {
    SourceTier.INTERNET_DP: Audience.BOTH,
    SourceTier.CLOUD: Audience.BOTH,
}


def find_kind_bar(source: ContentSource, client: SourceClient, *, is_installing: bool = False) -> Reason | None:
    """Why a client may not use a source because of its kind; None when it may, and for any Windows computer.

    Args:
        source: The source, with all of its addresses that the client could try.
        client: The client.
        is_installing: Whether the client itself is to be installed.
    """
    if client.facts.client_kind is ClientKind.WINDOWS:
        return None
    schemes = frozenset(one.endpoint.scheme for one in source.addresses if one.endpoint is not None)
    return find_device_dp_bar(
        Access(_PROTOCOLS.get(schemes, Protocols.UNKNOWN), _AUDIENCES.get(source.tier, Audience.UNKNOWN)),
        client.facts.client_kind,
        location=client.facts.network_location,
        site=source.site,
        assigned_site=client.assigned_site,
        is_installing=is_installing,
    )
