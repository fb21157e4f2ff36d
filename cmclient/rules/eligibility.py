"""What a management point must be to be used at all: one small function a requirement."""

from collections.abc import Callable

from ..model.decision import Candidate, Category, Policy, Purpose, Reason, SourceKind
from ..model.endpoints import Audience, Endpoint, ManagementPoint, Scheme, SiteKind
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.names import HostName
from ..model.rule import decides
from .communication import http_bar_rule
from .device_kinds import find_device_mp_bar
from .gateways import find_gateway_endpoints, find_gateway_fault, find_intranet_welcome
from .network import find_site_bar

__all__ = [
    "REQUIREMENTS",
    "Requirement",
    "find_affinity_fault",
    "find_endpoints",
    "find_purpose_fault",
    "product_family",
]

Requirement = Callable[[Candidate, NetworkFacts, Policy], Reason | None]

# First build of each product generation (CM 2012 RTM and current branch 1511).
_FIRST_2012_BUILD = 7711
_FIRST_CURRENT_BUILD = 8325


def product_family(build: int) -> str:
    """The product generation of a build number; the comparison of ML-006 (Q-09)."""
    if build >= _FIRST_CURRENT_BUILD:
        return "current branch"
    return "2012" if build >= _FIRST_2012_BUILD else "2007"


def _find_directory_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """Of what only the directory names, keep the assigned site's management points of the same generation.

    For location requests those of a visited site are kept too. A version that is not published counts as fitting: a
    missing attribute is no evidence.
    """
    del facts
    mp = candidate.mp
    if any(origin.source is not SourceKind.DIRECTORY for origin in candidate.origins):
        return None
    visited = policy.purpose is Purpose.LOCATION and mp.site_code is not None and mp.site_code in policy.local_sites
    if policy.assigned_site is None and not visited:
        return Reason("ML-006", "named by the directory only, and the client has no assigned site to compare with")
    if mp.site_code != policy.assigned_site and not visited:
        site = f"site {mp.site_code}" if mp.site_code else "no site"
        return Reason("ML-006", f"the directory names it for {site}; the assigned site is {policy.assigned_site}")
    if mp.build is not None and product_family(mp.build) != product_family(policy.client_build):
        return Reason(
            "ML-006",
            f"its version {mp.build} is {product_family(mp.build)},"
            f" the client's {policy.client_build} is {product_family(policy.client_build)}",
        )
    return None


def _find_audience_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """Intranet clients use internal management points, internet clients internet ones.

    One that is set up for the internet only is an internet client wherever it is. A gateway is listed as one for the
    internet, and boundary groups may let it in on the intranet.
    """
    audience = candidate.mp.audience
    if facts.network_location is NetworkLocation.INTERNET:
        if audience in {Audience.INTERNET, Audience.BOTH}:
            return None
        said = "nobody said that it accepts" if audience is Audience.UNKNOWN else "it does not accept"
        if facts.always_internet:
            return Reason("NET-009", f"the client is set up for the internet only and {said} clients from there")
        return Reason("NET-038", f"the client is on the internet and {said} clients from there")
    if audience is Audience.INTERNET and find_intranet_welcome(candidate.mp, policy) is None:
        where = "on the intranet" if facts.network_location is NetworkLocation.INTRANET else "tried as intranet first"
        return Reason("NET-038", f"it accepts internet clients only and the client is {where}")
    return None


def _find_site_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    return find_site_bar(candidate.mp, facts, policy)


def _find_device_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    del policy
    return find_device_mp_bar(candidate.mp, facts)


REQUIREMENTS: tuple[Requirement, ...] = (
    _find_directory_fault,
    _find_device_fault,
    find_gateway_fault,
    _find_audience_fault,
    _find_site_fault,
)


@decides("MP-040", "SA-038")
def find_purpose_fault(mp: ManagementPoint, category: Category, policy: Policy) -> Reason | None:
    """Location requests go to any management point, policy to the assigned site or its secondary ones.

    Registration goes to the assigned management point; while none has become that, to any of the assigned site
    itself, in the usual order.
    """
    if policy.purpose is Purpose.LOCATION:
        return None
    if category is Category.PROXY:
        if policy.purpose is Purpose.REGISTRATION:
            return Reason("MP-002", "registration goes to a management point of the assigned site itself")
        if mp.parent_site is None or mp.parent_site != policy.assigned_site:
            above = f"below {mp.parent_site}" if mp.parent_site else "below a site that nobody named"
            return Reason("SA-031", f"policy comes from the assigned site or its secondary sites; this one is {above}")
        return None
    if mp.site_code is not None and mp.site_code != policy.assigned_site:
        rule = "MP-002" if policy.purpose is Purpose.REGISTRATION else "SA-032"
        wanted = f"for {policy.purpose.value} a client keeps to its assigned site {policy.assigned_site or '(none)'}"
        return Reason(rule, f"{wanted}; this one belongs to {mp.site_code}")
    is_another = policy.assigned_mp not in {None, mp.host} and mp.gateway is None  # a gateway stands for it
    if policy.purpose is Purpose.REGISTRATION and is_another:
        return Reason("MP-002", f"registration goes to the assigned management point {policy.assigned_mp}")
    return None


def find_endpoints(mp: ManagementPoint, facts: NetworkFacts, policy: Policy) -> tuple[tuple[Endpoint, ...], Reason]:
    """Decide how a management point would be talked to.

    Returns:
        Endpoints, the most secure first, and why; none when it may not be talked to at all.
    """
    if mp.gateway is not None:
        return find_gateway_endpoints(mp, policy)
    https = Endpoint(Scheme.HTTPS, mp.host, mp.https_port or policy.https_port)
    http = Endpoint(Scheme.HTTP, mp.host, mp.http_port or policy.http_port)
    on_internet = facts.network_location is NetworkLocation.INTERNET
    if policy.can_use_https and mp.protocols.may_be_https:
        down = policy.may_use_http and not on_internet and mp.protocols.may_be_http
        return ((https, http) if down else (https,)), Reason("CF-002", f"HTTPS: {policy.https_reason}")
    if not mp.protocols.may_be_http:
        return (), Reason("ML-034", f"it takes HTTPS only and the client cannot: {policy.https_reason}")
    if on_internet:
        why = f", although PKI failed: {policy.https_reason}" if policy.pki_failed else ""
        return (), Reason(http_bar_rule(policy, on_internet=True), f"an internet client never uses HTTP{why}")
    if not policy.may_use_http:
        text = f"it would be HTTP, which is not allowed: {policy.http_reason or 'by the policy'}"
        return (), Reason(http_bar_rule(policy, on_internet=False), text)
    why = "it takes HTTP only" if policy.can_use_https else f"the client cannot use HTTPS: {policy.https_reason}"
    return (http,), Reason("MP-004", f"HTTP: {why}")


@decides("MP-022", "MP-023", "MP-024", "MP-025")
def find_affinity_fault(mp: ManagementPoint, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """With affinity set, an intranet client never leaves the primary site's management points named in it.

    It only takes away: the order of the names means nothing, there is no fallback, and servers of other roles, those of
    secondary sites and internet clients are not touched.
    """
    if policy.allowed_mps is None or mp.site_kind is SiteKind.SECONDARY:
        return None
    if facts.network_location is NetworkLocation.INTERNET or any(_same(mp.host, name) for name in policy.allowed_mps):
        return None
    return Reason("MP-021", "affinity is set and does not name it")


def _same(host: HostName, name: HostName) -> bool:
    return host == name or ("." not in name and host.partition(".")[0] == name)
