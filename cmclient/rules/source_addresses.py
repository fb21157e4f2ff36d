"""The addresses of a source in the order in which a client tries them, and which it leaves out.

Over HTTPS a distribution point has one directory for clients with a certificate, one for those without (``NOCERT_``)
and one for access tokens (``CCMTOKENAUTH_``). A real client tries them in this order, whichever the site names; it
was seen to try plain HTTP before the directory for tokens.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ..model.content import LocationRecord
from ..model.decision import Reason
from ..model.endpoints import Endpoint, Scheme
from ..model.rule import decides
from ..model.sources import SourceAddress
from .device_kinds import find_device_http_bar
from .source_client import SourceClient

__all__ = ["Addresses", "find_addresses", "takes_tokens_alone"]

_TOKEN, _NOCERT, _CERTIFICATE = "/ccmtokenauth_", "/nocert_", "/sms_dp_smspkg"
_TOKEN_AUTHENTICATION = 1024  # bit of what a source says of how it authenticates clients


class Addresses(NamedTuple):
    """The addresses of a source.

    Attributes:
        usable: Those that the client may try, in order.
        bars: Why it may not try others, the first one first; may be empty.
    """

    usable: tuple[SourceAddress, ...]
    bars: tuple[Reason, ...]


def takes_tokens_alone(way: SourceAddress) -> bool:
    """Whether an address is in the directory for access tokens.

    Args:
        way: The address.
    """
    return way.path.lower().startswith(_TOKEN)


def find_addresses(record: LocationRecord, client: SourceClient) -> Addresses:
    """Order the addresses of a source: HTTPS as the client can prove itself, HTTP, tokens; a share last.

    Args:
        record: The source.
        client: The client.
    """
    ways = {SourceAddress(url.endpoint, url.path): None for url in record.urls}
    ways |= {added: None for one in tuple(ways) for added in _without_certificate(one)}
    usable: list[SourceAddress] = []
    bars: dict[Reason, None] = {}
    for way in ways:
        bar = _find_bar(way, record, client)
        if bar is None:
            usable.append(way)
        else:
            bars[bar] = None
    usable.sort(key=lambda way: _preference(way, client))
    if record.smb_path:
        share = SourceAddress(None, record.smb_path)
        bar = _find_share_bar(client)
        if bar is None:
            usable.append(share)
        else:
            bars[bar] = None
    if not ways and not record.smb_path:
        bars[Reason("CL-045", "the site gives no address of it that can be read")] = None
    return Addresses(tuple(usable), tuple(bars))


def _without_certificate(way: SourceAddress) -> Iterator[SourceAddress]:
    """The directory for clients without a certificate, beside the usual one over HTTPS."""
    if way.endpoint is not None and way.endpoint.scheme is Scheme.HTTPS and way.path.lower().startswith(_CERTIFICATE):
        yield way._replace(path=f"/NOCERT_{way.path[1:]}")


@decides("CL-021", "CL-022")
def _preference(way: SourceAddress, client: SourceClient) -> int:
    """HTTPS before HTTP, and that before tokens; with a certificate its directory first, without one that for none."""
    if way.endpoint is None or way.endpoint.scheme is Scheme.HTTP:
        return 3
    if takes_tokens_alone(way):
        return 4
    return int(way.path.lower().startswith(_NOCERT) is client.has_certificate)


def _find_bar(way: SourceAddress, record: LocationRecord, client: SourceClient) -> Reason | None:
    endpoint = way.endpoint
    if endpoint is None:
        return None
    if endpoint.scheme is Scheme.HTTP:
        return _find_http_bar(endpoint, record, client)
    if takes_tokens_alone(way) and not client.takes_tokens:
        return Reason("CL-022", f"one address of {endpoint} takes access tokens alone, and this client has none")
    return None


@decides("CL-019", "CL-020")
def _find_http_bar(endpoint: Endpoint, record: LocationRecord, client: SourceClient) -> Reason | None:
    if (bar := find_device_http_bar(client.facts.client_kind)) is not None:
        return Reason(bar.rule, f"{endpoint} is HTTP, and {bar.text}")
    if client.on_internet:
        return Reason("CL-019", f"{endpoint} is HTTP, and on the internet only HTTPS is used")
    if not client.may_use_http:
        return Reason("CL-019", f"{endpoint} is HTTP, which a setting forbids")
    has_way = client.has_account or (client.takes_tokens and _takes_tokens(record))
    if client.is_workgroup and not has_way:
        why = "a workgroup client needs HTTPS, enhanced HTTP or a network access account"
        return Reason("CL-020", f"{endpoint} is HTTP: {why}")
    return None


def _takes_tokens(record: LocationRecord) -> bool:
    """Whether a source takes access tokens: enhanced HTTP."""
    said = (record.auth_method or 0) & _TOKEN_AUTHENTICATION
    return bool(said) or any(url.path.lower().startswith(_TOKEN) for url in record.urls)


def _find_share_bar(client: SourceClient) -> Reason | None:
    if client.on_internet:
        return Reason("CL-019", "a network share is not used on the internet")
    return (
        None
        if client.may_use_smb
        else Reason("CL-047", "it is a network share, and this machine opens none without the extra smb")
    )
