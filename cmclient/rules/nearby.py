"""Which management points are near a client by what location messages say: the proxies of secondary sites.

Nobody has seen when a client of today sends these messages, so none is sent unless a setting asks for it.
"""

from ..model.decision import Candidate, Origin, Phase, Policy, Purpose
from ..model.endpoints import Locality, SiteKind
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.messages import EnumeratedMps, LocalMps, MpSite, SiteLocality
from ..model.names import SiteCode
from ..model.rule import decides

__all__ = ["asks_for_nearby", "proxies_of", "secondary_sites"]

_MOST_SITES = 8  # secondary sites that are asked about: each costs a request, and a client is in few
_LOCALITIES = {SiteLocality.LOCAL: Locality.CURRENT_GROUP, SiteLocality.REMOTE: Locality.NEIGHBOUR_GROUP}


def asks_for_nearby(facts: NetworkFacts, policy: Policy, *, wish: bool) -> bool:
    """Whether a client asks which management points are near it.

    Not on the internet and not before it is registered, where nothing counts as near, and not for registration, which
    no proxy takes.

    Args:
        facts: Where it is.
        policy: What the management point is for.
        wish: The setting.
    """
    place = facts.network_location is not NetworkLocation.INTERNET
    return wish and place and policy.phase is Phase.REGISTERED and policy.purpose is not Purpose.REGISTRATION


@decides("ML-039", "ML-040")
def secondary_sites(local: LocalMps) -> tuple[tuple[MpSite, SiteCode], ...]:
    """The secondary sites among those that serve a client where it is; those that are only fallen back to are not.

    Returns:
        Each with its code, the local ones first; eight at most.
    """
    near = [
        (one, one.site_code)
        for one in local.sites
        if one.locality in _LOCALITIES and one.site_code is not None and one.master_site not in {None, one.site_code}
    ]
    near.sort(key=lambda found: -_LOCALITIES[found[0].locality])
    return tuple(near[:_MOST_SITES])


@decides("ML-040", "MP-034")
def proxies_of(site: MpSite, found: EnumeratedMps, origin: Origin) -> tuple[Candidate, ...]:
    """The management points of a secondary site, with the locality of the site and the ports that it prefers.

    One that says another site is none of them.
    """
    return tuple(
        Candidate(
            one.mp._replace(
                site_code=site.site_code,
                site_kind=SiteKind.SECONDARY,
                parent_site=site.master_site,
                http_port=one.mp.http_port or site.http_port,
                https_port=one.mp.https_port or site.https_port,
                locality=_LOCALITIES.get(site.locality, Locality.UNKNOWN),
            ),
            (origin,),
        )
        for one in found.mps
        if one.mp.site_code in {None, site.site_code}
    )
