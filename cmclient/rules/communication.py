"""HTTPS or HTTP: which certificate stands for a client, and when it may go down from HTTPS to HTTP.

Going down takes a site that lets its clients use either, and a client that is not on the internet. A failed handshake,
a silent server and a certificate that was not found are all the same here: none of them widens what is allowed.
"""

from enum import Enum

from ..model.decision import Policy
from ..model.endpoints import Endpoint, ManagementPoint, Scheme
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.names import SiteCode
from ..model.reason import Reason
from ..model.rule import decides
from ..model.sslstate import Communication, communication_of, describe_ssl_state

__all__ = [
    "Identity",
    "Traffic",
    "find_http_bar",
    "find_identity",
    "find_step",
    "http_bar_rule",
    "scheme_under_enhanced",
]


class Identity(Enum):
    """Which certificate stands for the client."""

    PKI = "PKI certificate"
    SELF_SIGNED = "self-signed certificate"
    NONE = "none"


class Traffic(Enum):
    """What a client of a site with enhanced HTTP talks about."""

    CONTENT = "content"
    TOKEN = "token"  # noqa: S105 - no secret
    ENTRA = "Microsoft Entra"
    LOCATION = "location"
    STATE_MIGRATION = "state migration"
    PEER_CONTENT = "content of peers"
    REMOTE_TOOLS = "remote tools"
    REPORTING = "reporting services"


_HTTPS_ONLY = "TR-039"
"""The rule by which a site for HTTPS only bars HTTP; a policy that names it is of such a site."""

_SECURED = frozenset({Traffic.CONTENT, Traffic.TOKEN, Traffic.ENTRA})
_NEVER_SECURED = frozenset({Traffic.STATE_MIGRATION, Traffic.PEER_CONTENT, Traffic.REMOTE_TOOLS, Traffic.REPORTING})


@decides("TR-039")
def find_http_bar(*, allow_http: bool, https_only_site: SiteCode | None) -> Reason | None:
    """Why no management point may be talked to over HTTP; None when the rules for each decide.

    Args:
        allow_http: The setting.
        https_only_site: The assigned site, if it says in the directory that it takes HTTPS only; None else.
    """
    if https_only_site is not None:
        text = f"site {https_only_site} published in the directory that it takes HTTPS only"
        return Reason(_HTTPS_ONLY, text)
    return None if allow_http else Reason("MP-003", "allow_http is off")


@decides("TR-040")
def find_identity(policy: Policy) -> tuple[Identity, Reason]:
    """Which certificate stands for the client at its site, and why."""
    only = policy.http_rule == _HTTPS_ONLY
    if policy.can_use_https:
        text = f"it stands for the client over HTTP as well: {policy.https_reason}"
        return Identity.PKI, Reason(_HTTPS_ONLY if only else "TR-040", text)
    if only:
        return Identity.NONE, Reason(_HTTPS_ONLY, f"the site takes PKI certificates only: {policy.https_reason}")
    return Identity.SELF_SIGNED, Reason("TR-040", f"PKI is optional: {policy.https_reason}")


def http_bar_rule(policy: Policy, *, on_internet: bool) -> str:
    """The rule by which a management point is not talked to over HTTP, of a client that may not.

    Where PKI failed it is the one that says that the self-signed certificate is no way out.
    """
    if policy.pki_failed and (on_internet or policy.http_rule == _HTTPS_ONLY):
        return "TR-020"
    return "MP-003" if on_internet else policy.http_rule or "MP-003"


def find_step(
    mp: ManagementPoint, endpoints: tuple[Endpoint, ...], facts: NetworkFacts, policy: Policy
) -> Reason | None:
    """Say that, and why, a client may or may not go down to HTTP on a management point that may be talked to.

    Returns:
        The reason; None where HTTPS was never a question.
    """
    said = describe_ssl_state(mp.ssl_state)
    schemes = [endpoint.scheme for endpoint in endpoints]
    if schemes == [Scheme.HTTPS, Scheme.HTTP]:
        return Reason("TR-019", f"down to HTTP only after every HTTPS one like it failed; it says: {said}")
    if schemes == [Scheme.HTTPS] and mp.protocols.may_be_http:
        why = "never on the internet" if facts.network_location is NetworkLocation.INTERNET else policy.http_reason
        return Reason("TR-020", f"never down to HTTP: {why or 'not allowed'}")
    if schemes == [Scheme.HTTP] and policy.pki_failed:
        text = "HTTP with the client's self-signed certificate: nobody says that the site is for HTTPS only"
        return Reason("TR-019", f"{text}; it says: {said}")
    if schemes == [Scheme.HTTP] and communication_of(mp.ssl_state) is Communication.ENHANCED_HTTP:
        return scheme_under_enhanced(Traffic.LOCATION)[1]
    return None


@decides("TR-075", "TR-077")
def scheme_under_enhanced(traffic: Traffic) -> tuple[Scheme, Reason]:
    """What a client without a PKI certificate uses with a site of enhanced HTTP."""
    if traffic in _SECURED:
        return Scheme.HTTPS, Reason("TR-077", f"{traffic.value} goes over HTTPS in a site with enhanced HTTP")
    if traffic in _NEVER_SECURED:
        return Scheme.HTTP, Reason("TR-075", f"{traffic.value} stays plain HTTP in a site with enhanced HTTP")
    text = f"{traffic.value} may be HTTP in a site with enhanced HTTP: only tokens, content and Entra need HTTPS"
    return Scheme.HTTP, Reason("TR-077", text)
