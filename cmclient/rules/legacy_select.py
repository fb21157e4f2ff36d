"""CM 2007: which management point may be used, how it is talked to, and which one comes first."""

from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, IPv4Address

from ..model.decision import Candidate, Category, Evaluation, Policy, Purpose, Reason, SourceKind, Verdict
from ..model.endpoints import Audience, Endpoint, Locality, ManagementPoint, Scheme, SiteKind
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.legacy import DefaultKind, LegacyPolicy, SiteMode
from ..model.messages import SiteLocality
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from .gateways import find_gateway_fault
from .order import Position, TieRule

__all__ = [
    "LEGACY_REQUIREMENTS",
    "conclude_legacy",
    "describe_legacy",
    "find_legacy_category",
    "find_legacy_endpoints",
    "find_legacy_position",
    "legacy_of",
]

_METHODS = (SourceKind.DIRECTORY, SourceKind.DNS, SourceKind.LOCATOR_POINT, SourceKind.WINS)
_SINGLE = {1: "L7-002", 2: "L7-036", 3: "L7-002", 4: "L7-002"}  # by place of the method: it names one a site
_ONE_ALONE = "a site has one default management point, and several were named for it in the same way"
_NEARNESS = {
    SiteLocality.LOCAL: Locality.CURRENT_GROUP,
    SiteLocality.REMOTE: Locality.NEIGHBOUR_GROUP,
    SiteLocality.FALLBACK: Locality.DEFAULT_GROUP,
}


def legacy_of(policy: Policy) -> LegacyPolicy:
    """The part of a policy that is for CM 2007; its defaults when there is none."""
    return policy.legacy or LegacyPolicy()


def _is_internet(facts: NetworkFacts) -> bool:
    return facts.network_location is NetworkLocation.INTERNET


def _is_address(host: HostName) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True


def _is_short(host: HostName) -> bool:
    return "." not in host


def _is_default(candidate: Candidate) -> bool:
    """Whether it is a default management point: somebody said so, or the installation names it and nobody denies it."""
    if candidate.mp.is_default is not None:
        return candidate.mp.is_default
    given = any(origin.source is SourceKind.INSTALLATION for origin in candidate.origins)
    return given and candidate.mp.audience is not Audience.INTERNET


# --- what it must be -------------------------------------------------------------------------------------------------


def _find_internet_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """On the internet: the management point that was configured, by its internet FQDN, and no other."""
    if not _is_internet(facts):
        return None
    legacy, host = legacy_of(policy), candidate.mp.host
    if legacy.mode is SiteMode.MIXED:
        return Reason("L7-027", "a site in mixed mode has no management point for the internet")
    if host != legacy.internet_mp:
        assigned = f"that is {legacy.internet_mp}" if legacy.internet_mp else "none is set (internet_mp)"
        return Reason("L7-004", f"an internet client talks to its assigned internet management point only; {assigned}")
    if _is_short(host) or _is_address(host):
        return Reason("L7-014", "internet clients need a management point's internet FQDN, and this is none")
    return None


def _find_audience_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """On the intranet: not one that is set for the internet only."""
    if _is_internet(facts) or candidate.mp.audience is not Audience.INTERNET or _is_default(candidate):
        return None
    if legacy_of(policy).mode is SiteMode.MIXED:
        return Reason("L7-027", "it is for the internet, and a site in mixed mode has none for it")
    return Reason("L7-026", "it is set for internet clients only, and the client is not on the internet")


def _find_default_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """On the intranet: the default one of its site."""
    if _is_internet(facts):
        return None
    mp = candidate.mp
    if legacy_of(policy).default_kind is DefaultKind.NONE and mp.site_code in {None, policy.assigned_site}:
        return Reason("L7-009", f"site {policy.assigned_site or '?'} is set to have no default management point")
    if _is_default(candidate) or (mp.site_kind is SiteKind.SECONDARY and mp.is_default is None):
        return None
    said = "it is not the default one" if mp.is_default is False else "nobody says that it is the default one"
    return Reason("L7-003", f"intranet clients use the default management point of a site only; {said}")


def _find_cluster_fault(candidate: Candidate, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """A cluster goes by its FQDN, in mixed mode by its virtual address as well."""
    if _is_internet(facts):
        return None
    legacy, host = legacy_of(policy), candidate.mp.host
    if _is_address(host) and legacy.mode is SiteMode.NATIVE:
        return Reason("L7-010", "an address stands for a cluster in mixed mode only; in native mode it goes by FQDN")
    is_proxy = candidate.mp.site_kind is SiteKind.SECONDARY
    if _is_short(host) and legacy.default_kind is DefaultKind.CLUSTER and not is_proxy:
        return Reason("L7-010", "the default management point is a cluster, and a cluster does not go by a short name")
    return None


LEGACY_REQUIREMENTS = (
    find_gateway_fault,
    _find_internet_fault,
    _find_audience_fault,
    _find_default_fault,
    _find_cluster_fault,
)


# --- category --------------------------------------------------------------------------------------------------------


def find_legacy_category(mp: ManagementPoint, policy: Policy) -> tuple[Category | None, Reason]:
    """Put a management point into its category.

    Returns:
        PROXY for one of a secondary site that the client is in, ASSIGNED for one of the assigned site, LOCAL for one of
        a site that the client roams to; None for any other, with the reason to reject it.
    """
    site, assigned = mp.site_code, policy.assigned_site
    if assigned is None:
        return None, Reason("L7-038", legacy_of(policy).unassigned or "the client is assigned to no site")
    if mp.site_kind is SiteKind.SECONDARY:
        return _proxy(mp, policy)
    if site is None or site == assigned:
        return Category.ASSIGNED, Reason("L7-003", f"the default management point of the assigned site {assigned}")
    if site not in policy.local_sites:
        return None, Reason("L7-022", f"it is of site {site}; the client is not there, and is assigned to {assigned}")
    if policy.purpose is not Purpose.LOCATION:
        return None, Reason("L7-003", f"for {policy.purpose.value} a client keeps to its assigned site {assigned}")
    if assigned in policy.local_sites:
        return None, Reason("L7-022", f"the client is in its assigned site {assigned}, so it does not roam to {site}")
    return Category.LOCAL, Reason("L7-022", f"the client roams: it is in site {site}, which is asked first")


def _proxy(mp: ManagementPoint, policy: Policy) -> tuple[Category | None, Reason]:
    """X-29: the brief leaves proxy management points out and the help has them; they are allowed."""
    if mp.parent_site != policy.assigned_site:
        above = f"below {mp.parent_site}" if mp.parent_site else "below a site that nobody named"
        return None, Reason("L7-005", f"a proxy of a secondary site {above}; the client is of {policy.assigned_site}")
    if mp.site_code not in policy.local_sites:
        where = f"secondary site {mp.site_code}" if mp.site_code else "its secondary site, which nobody named"
        return None, Reason("L7-005", f"a proxy serves clients in {where}, and the client is not known to be there")
    return Category.PROXY, Reason("L7-005", f"the proxy of secondary site {mp.site_code}, where the client is")


# --- protocol --------------------------------------------------------------------------------------------------------


@decides("L7-028")
def find_legacy_endpoints(
    mp: ManagementPoint, facts: NetworkFacts, policy: Policy
) -> tuple[tuple[Endpoint, ...], Reason]:
    """Decide how a management point would be talked to: native mode HTTPS, mixed mode HTTP, on the site's ports.

    Returns:
        One endpoint and why; none when it may not be talked to.
    """
    del facts
    if legacy_of(policy).mode is SiteMode.NATIVE:
        return _native(mp, policy)
    if not mp.protocols.may_be_http:
        return (), Reason("L7-027", "clients in mixed mode use HTTP, and it takes HTTPS only")
    if not policy.may_use_http:
        return (), Reason("L7-027", f"mixed mode is HTTP, which is not allowed: {policy.http_reason}")
    return (_http(mp, policy),), Reason("L7-027", f"HTTP: mixed mode ({_why(policy)})")


def _native(mp: ManagementPoint, policy: Policy) -> tuple[tuple[Endpoint, ...], Reason]:
    roams = mp.site_code not in {None, policy.assigned_site} and mp.site_kind is not SiteKind.SECONDARY
    if mp.protocols.may_be_https and policy.can_use_https:
        https = Endpoint(Scheme.HTTPS, mp.host, mp.https_port or policy.https_port)
        return (https,), Reason("L7-025", f"HTTPS: native mode ({_why(policy)}), {policy.https_reason}")
    if roams and mp.protocols.may_be_http:
        return _roaming(mp, policy)
    if not mp.protocols.may_be_https:
        return (), Reason("L7-025", f"native mode ({_why(policy)}) is HTTPS, and it takes HTTP only")
    need = "native mode needs a client certificate on every link"
    return (), Reason("L7-025", f"{need} ({_why(policy)}), and the client cannot use one: {policy.https_reason}")


def _roaming(mp: ManagementPoint, policy: Policy) -> tuple[tuple[Endpoint, ...], Reason]:
    if not legacy_of(policy).http_for_roaming:
        return (), Reason("L7-029", "it would be HTTP, and HTTP for roaming is off (cm07_http_roaming)")
    if not policy.may_use_http:
        return (), Reason("L7-029", f"HTTP for roaming is on, but HTTP is not allowed: {policy.http_reason}")
    return (_http(mp, policy),), Reason("L7-029", "HTTP: the client roams, and HTTP for roaming is on")


def _http(mp: ManagementPoint, policy: Policy) -> Endpoint:
    return Endpoint(Scheme.HTTP, mp.host, mp.http_port or policy.http_port)


def _why(policy: Policy) -> str:
    return legacy_of(policy).mode_reason or "by default"


# --- order -----------------------------------------------------------------------------------------------------------


def find_legacy_position(
    candidate: Candidate, category: Category, scheme: Scheme, facts: NetworkFacts, policy: Policy, tie: TieRule
) -> Position:
    """Say where a management point stands: category, locality, then the method that found it."""
    del scheme
    mp = candidate.mp
    rank, found = _method(candidate)
    if _is_internet(facts):
        reasons = [Reason("L7-004", "the assigned internet management point")]
        return Position(tie(category, Locality.CURRENT_GROUP, preferred=False, rank=rank), rank, tuple(reasons), found)
    locality, place = _locality(mp, policy)
    reasons = [Reason("L7-048", f"locality {locality.value.capitalize()}: {place}")]
    if legacy_of(policy).default_kind is DefaultKind.CLUSTER and category is Category.ASSIGNED:
        reasons.append(Reason("L7-009", "a load-balanced cluster, which goes by one name"))
    if _is_short(mp.host):
        reasons.append(Reason("L7-015", "no intranet FQDN: its short name is resolved by DNS suffix search or WINS"))
    return Position(tie(category, _NEARNESS[locality], preferred=False, rank=rank), rank, tuple(reasons), found)


def _method(candidate: Candidate) -> tuple[int, Reason]:
    """The place of the best method that found it, 1 to 4; 5 for one that no method found."""
    sources = {origin.source for origin in candidate.origins}
    for place, method in enumerate(_METHODS, 1):
        if method in sources:
            return place, Reason("L7-032", f"found by method {place} of {len(_METHODS)}: {method.value}")
    return len(_METHODS) + 1, Reason("L7-032", "found by none of the four methods: named otherwise, so it comes last")


def _locality(mp: ManagementPoint, policy: Policy) -> tuple[SiteLocality, str]:
    site = mp.site_code or policy.assigned_site
    if site not in policy.local_sites:
        return SiteLocality.FALLBACK, f"the assigned site {site}, whose boundaries are not known to hold the client"
    if site in legacy_of(policy).remote_sites:
        return SiteLocality.REMOTE, f"slow boundaries of site {site} hold the client"
    return SiteLocality.LOCAL, f"boundaries of site {site} hold the client"


# --- all of them together --------------------------------------------------------------------------------------------


def conclude_legacy(judged: Sequence[Evaluation], facts: NetworkFacts, policy: Policy) -> tuple[Evaluation, ...]:
    """Look at all of them together: one default one a site, nothing drawn or raced, and is there a default one at all?

    Returns:
        The same evaluations. Each ranked one stands at a place of its own; those that the assigned site's lack of a
        default management point leaves without a use say so.
    """
    ranked = sorted((one for one in judged if one.tie is not None), key=lambda one: (one.tie, one.name))
    kept, further = _one_of_each_site(ranked, policy)
    alone = [one._replace(tie=one.tie and one.tie._replace(rank=place)) for place, one in enumerate(kept, 1)]
    rejected = [one for one in judged if one.tie is None]
    if lacks_default(judged, facts, policy):
        rejected = [_unmanaged(one, policy) for one in rejected]
    return (*alone, *further, *rejected)


def _one_of_each_site(ranked: Iterable[Evaluation], policy: Policy) -> tuple[list[Evaluation], list[Evaluation]]:
    """Of several that one method calls the default one of a site, the first by name; and the others, rejected.

    The order of an answer of the directory or of DNS means nothing and changes from one to the next.
    """
    first: dict[tuple[SiteCode | None, int | None], str] = {}
    kept, further = [], []
    for one in ranked:
        key = (one.mp and one.mp.site_code) or policy.assigned_site, one.rank
        if one.rank not in _SINGLE or first.setdefault(key, one.name) == one.name:
            kept.append(one)
        else:
            reasons = (*one.reasons, Reason(_SINGLE[one.rank], f"{_ONE_ALONE}: {first[key]} is taken for it"))
            further.append(Evaluation(one.name, Verdict.REJECTED, reasons, one.origins, one.mp))
    return kept, further


def lacks_default(judged: Iterable[Evaluation], facts: NetworkFacts, policy: Policy) -> bool:
    """Whether none of those named is the default management point of the assigned site; never on the internet."""
    return not _is_internet(facts) and not any(_is_default_of_site(one, policy) for one in judged)


def _is_default_of_site(one: Evaluation, policy: Policy) -> bool:
    if one.mp is None or _is_proxy(one):
        return False
    if one.mp.site_code not in {None, policy.assigned_site} or legacy_of(policy).default_kind is DefaultKind.NONE:
        return False
    return _is_default(Candidate(one.mp, one.origins))


def _unmanaged(one: Evaluation, policy: Policy) -> Evaluation:
    """The same rejected one; of the assigned site itself it says as well that nobody is there to use."""
    is_own = one.mp is not None and one.mp.site_code in {None, policy.assigned_site}
    if not is_own or policy.assigned_site is None or _is_proxy(one):
        return one
    return one._replace(reasons=(_no_default(policy), *one.reasons))


def _is_proxy(one: Evaluation) -> bool:
    return one.mp is not None and one.mp.site_kind is SiteKind.SECONDARY


def _no_default(policy: Policy) -> Reason:
    site = policy.assigned_site
    return Reason("L7-006", f"no default management point of site {site} was found: its intranet clients are unmanaged")


def describe_legacy(judged: Sequence[Evaluation], facts: NetworkFacts, policy: Policy) -> tuple[str, ...]:
    """What a person should know besides: the mode of the site, and that there is nobody to be managed by."""
    legacy = legacy_of(policy)
    notes = [f"rules of CM 2007; {legacy.mode.value} mode: {_why(policy)}"]
    if policy.assigned_site is not None and lacks_default(judged, facts, policy):
        notes.append(_no_default(policy).text)
    return tuple(notes)
