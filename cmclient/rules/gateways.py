"""Cloud management gateways: who may use one, how it is reached, where it stands among management points.

A gateway is listed as a management point for the internet, and stands for management points behind it (ML-035). Of the
three ways to say who one is to a gateway only a client certificate is supported: nobody has seen the header that
carries a token.
"""

from collections.abc import Iterable

from ..model.decision import Candidate, Discovered, Phase, Policy, Reason, SourceKind, Unreadable
from ..model.endpoints import HTTPS_PORT, Audience, Endpoint, Locality, ManagementPoint, Scheme
from ..model.facts import ClientKind, Membership, NetworkFacts, NetworkLocation
from ..model.rule import decides

__all__ = [
    "find_fallback_bar",
    "find_gateway_endpoints",
    "find_gateway_fault",
    "find_intranet_welcome",
    "is_gateway",
    "leave_out_gateways",
    "wants_gateway_first",
]

_TOKENS = "signing in with a token (Entra, or one of the site) is not supported"


def is_gateway(candidate: Candidate) -> bool:
    """Whether it is a gateway: it has the path of one, or nobody but the list of gateways names it."""
    only_listed = all(origin.source is SourceKind.GATEWAY_LIST for origin in candidate.origins)
    return candidate.mp.gateway is not None or only_listed


@decides("CG-012")
def find_gateway_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """Why a gateway may not be used whoever asks; None when it may, and for everything else."""
    del facts
    if not is_gateway(candidate):
        return None
    if not policy.use_gateways:
        return Reason("CG-012", "this client uses no cloud management gateway (use_gateways)")
    if candidate.mp.gateway is None:
        return Reason("CG-007", "its path is not known: give HOST/CCM_Proxy_MutualAuth/NUMBER")
    return None


@decides("MP-027", "MP-026")
def find_intranet_welcome(mp: ManagementPoint, policy: Policy) -> Reason | None:
    """Why a client on the intranet may use a gateway all the same; None when it may not."""
    if mp.gateway is None:
        return None
    if policy.prefers_cloud:
        return Reason("MP-026", "a boundary group of the client prefers cloud sources")
    in_group = mp.in_current_group or mp.locality is not Locality.UNKNOWN
    if in_group or mp.audience is Audience.BOTH:  # the list for the intranet has it only then (NET-014)
        return Reason("MP-027", "a boundary group that counts for the client has it")
    return None


@decides("MP-026")
def wants_gateway_first(mp: ManagementPoint, policy: Policy) -> Reason | None:
    """Why a gateway comes before every management point on the premises; None when it does not."""
    if mp.gateway is None or not policy.prefers_cloud:
        return None
    return Reason("MP-026", "cloud sources are preferred, so it comes before those on the premises")


@decides("CG-001", "CG-002", "NET-040")
def find_gateway_endpoints(mp: ManagementPoint, policy: Policy) -> tuple[tuple[Endpoint, ...], Reason]:
    """How a gateway is talked to: over HTTPS with a client certificate, or not at all.

    The ports of the site do not count: a gateway is no server of the site.

    Returns:
        The one endpoint and why; none where the client has no certificate to show.
    """
    if not policy.can_use_https:
        return (), Reason("CG-002", f"a gateway wants a client certificate: {policy.https_reason}; {_TOKENS}")
    reason = Reason("CG-001", f"over HTTPS only: {policy.https_reason}")
    return (Endpoint(Scheme.HTTPS, mp.host, mp.https_port or HTTPS_PORT, mp.gateway),), reason


@decides("CG-001")
def leave_out_gateways(found: Discovered) -> Discovered:
    """What a list that came over plain HTTP names: anybody could have put a gateway of his own into it.

    Returns:
        The same without gateways, which count as what cannot be used.
    """
    problem = "a gateway is believed only where it was named over verified HTTPS"
    refused = (one for one in found.candidates if one.mp.gateway is not None)
    unusable = tuple(Unreadable(str(one.mp.host), one.origins[0], problem, "CG-001") for one in refused)
    kept = tuple(one for one in found.candidates if one.mp.gateway is None)
    return Discovered(kept, found.unreadable + unusable)


@decides("CG-009", "CG-011")
def find_fallback_bar(candidates: Iterable[Candidate], facts: NetworkFacts, policy: Policy) -> Reason | None:
    """Why the client does not read its list of gateways (``CMGFQDNs``); None when it does.

    Args:
        candidates: Everything that is on record.
        facts: Where the client is: it has no way to the intranet only when it is known to be on the internet.
        policy: Whether it is installed, and whether it has a certificate.
    """
    known = [one.mp.host for one in candidates if one.mp.audience in {Audience.INTERNET, Audience.BOTH}]
    if known:
        return Reason("CG-009", f"not read: a server for the internet is on record ({known[0]})")
    if facts.network_location is not NetworkLocation.INTERNET:
        return Reason("CG-011", "not read: the client is not known to be on the internet")
    if policy.phase is Phase.INSTALLING or facts.client_kind is not ClientKind.WINDOWS:
        return Reason("CG-011", "not read: it is for installed clients on Windows")
    if not policy.can_use_https:
        joined = f"; being joined to Entra does not help: {_TOKENS}" if facts.membership is Membership.AZURE_AD else ""
        return Reason("CG-011", f"not read: it takes a client certificate, and {policy.https_reason}{joined}")
    return None
