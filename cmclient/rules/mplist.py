"""Where management points are looked for, in which order, and when a source may not be asked at all."""

from typing import NamedTuple

from ..model.decision import Candidate, Discovered, Reason, SourceKind
from ..model.endpoints import Audience, SiteKind
from ..model.facts import ClientKind, Membership, NetworkFacts, NetworkLocation
from ..model.names import DnsDomain, SiteCode
from ..model.rule import decides

__all__ = ["Stage", "Turn", "classify_list", "find_directory_bar", "find_dns_bar", "stages_of", "suffix_of"]

# Kinds of client that never read what is published in the directory.
_NO_DIRECTORY = {ClientKind.MAC, ClientKind.MDM, ClientKind.EXCHANGE}


class Turn(NamedTuple):
    """A source, and the rule that says that it is its turn."""

    source: SourceKind
    rule: str


Stage = tuple[Turn, ...]
"""Sources that are asked together, after every earlier stage gave no management point that answers."""

_INITIAL: tuple[Stage, ...] = (
    (Turn(SourceKind.INSTALLATION, "ML-005"), Turn(SourceKind.DIRECTORY, "ML-006")),
    (Turn(SourceKind.DNS, "ML-007"),),
)
_LATER: tuple[Stage, ...] = (
    (Turn(SourceKind.STORED_LIST, "ML-010"),),
    (Turn(SourceKind.ANSWERED_BEFORE, "ML-011"), Turn(SourceKind.INSTALLATION, "ML-011")),
    (Turn(SourceKind.DIRECTORY, "ML-011"),),
    (Turn(SourceKind.DNS, "ML-011"),),
)
_WINS: Stage = (Turn(SourceKind.WINS, "WL-002"),)


@decides("ML-005", "ML-007", "ML-010", "ML-011", "ML-012", "WL-001", "WL-002")
def stages_of(*, has_stored_list: bool, offline: bool = False, asks_wins: bool = False) -> tuple[Stage, ...]:
    """The stages of looking for a management point.

    The initial list is made of the installation's entries and the directory, then DNS. Once there is a stored list it
    comes first; after it whoever answered before or was given by the installation, the directory, and DNS.

    Args:
        has_stored_list: Whether a list is stored.
        offline: Use the stored list and nothing else.
        asks_wins: Whether there is somebody who can ask WINS, which is no source otherwise; it is the last one.
    """
    if offline:
        return (_LATER[0],)
    stages = _LATER if has_stored_list else _INITIAL
    return (*stages, _WINS) if asks_wins else stages


def find_directory_bar(facts: NetworkFacts, *, is_controller_known: bool = False) -> Reason | None:
    """Why the directory may not be asked; None when it may.

    A machine of which nobody knows whether it is joined, but that knows a domain, may ask: the directory itself
    refuses whom it does not know.

    Args:
        facts: What is known of the client.
        is_controller_known: Judge as if a domain controller had answered: before any is looked for.
    """
    if facts.client_kind in _NO_DIRECTORY:
        return Reason("CF-005", f"a client of kind {facts.client_kind.value} never reads what is published there")
    if facts.network_location is NetworkLocation.INTERNET:
        rule = "CF-004" if facts.always_internet else "CF-005"
        return Reason(rule, "an internet client never opens a connection to a global catalog")
    if facts.membership is Membership.WORKGROUP:
        return Reason("CF-004", "a workgroup client never opens a connection to a global catalog")
    if facts.membership is Membership.AZURE_AD:
        return Reason("CF-003", "a machine joined to Azure AD alone is in no domain, and cannot read the directory")
    if facts.domain is None:
        return Reason("CF-003", "the domain of this machine is not known")
    if not (facts.domain_controllers or is_controller_known):
        return Reason("CF-003", f"no domain controller of {facts.domain} answered")
    return None


@decides("DN-009", "DN-010")
def suffix_of(facts: NetworkFacts, *, given: DnsDomain | None) -> DnsDomain | None:
    """The one domain that is searched for SRV records.

    Args:
        facts: Domain and connection suffixes of the client.
        given: ``DNSSUFFIX``; replaces every other.

    Returns:
        The one given, else the client's own domain, else (workgroup, Q-11) the first suffix of its connections.
    """
    if given is not None:
        return given
    if facts.domain is not None and facts.membership is not Membership.WORKGROUP:
        return facts.domain
    return facts.dns_suffixes[0] if facts.dns_suffixes else None


def find_dns_bar(facts: NetworkFacts, *, site: SiteCode | None, suffix: DnsDomain | None) -> Reason | None:
    """Why DNS may not be asked; None when it may."""
    if facts.network_location is NetworkLocation.INTERNET:
        if facts.membership is Membership.WORKGROUP:
            return Reason("NET-016", "a workgroup client set up for the internet does not use DNS")
        return Reason("DN-017", "only intranet clients use DNS")
    if site is None:
        return Reason("DN-012", "the name to look up holds the site code, and none is known: give --site-code")
    if suffix is None:
        return Reason("DN-009", "this machine has no domain and no DNS suffix: give --dns-suffix")
    return None


def classify_list(full: Discovered, own: Discovered, site: SiteCode) -> tuple[Candidate, ...]:
    """Tell a site's own management points from those of its secondary sites.

    The list of a management point holds both, without site codes; the list for the site code holds the site's own
    only. What stands in the first alone belongs to a secondary site below it.

    Args:
        full: The answer to ``MPLIST``.
        own: The answer to ``MPLIST1`` for the site; empty when the management point does not serve that site.
        site: That site.

    Returns:
        The candidates of the full list, in its order, with site code and kind where they follow; then those that only
        the second list has. Two lists without a common host are of different sites: nothing follows for the first.
    """
    of_site = {candidate.mp.host for candidate in own.candidates}
    listed = {candidate.mp.host for candidate in full.candidates}
    rest = [_of_site(candidate, site) for candidate in own.candidates if candidate.mp.host not in listed]
    if not of_site & listed:
        return (*full.candidates, *rest)
    told = [_of_site(c, site) if c.mp.host in of_site else _below(c, site) for c in full.candidates]
    return (*told, *rest)


def _of_site(candidate: Candidate, site: SiteCode) -> Candidate:
    return candidate._replace(mp=candidate.mp._replace(site_code=site, site_kind=SiteKind.PRIMARY))


def _below(candidate: Candidate, site: SiteCode) -> Candidate:
    if candidate.mp.audience is Audience.INTERNET or candidate.mp.site_code is not None:
        return candidate
    return candidate._replace(mp=candidate.mp._replace(site_kind=SiteKind.SECONDARY, parent_site=site))
