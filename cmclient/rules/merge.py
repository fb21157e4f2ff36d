"""Candidates from several sources made one list, with every origin kept."""

from collections.abc import Iterable
from functools import reduce
from typing import TypeVar

from ..model.decision import Candidate, Origin, SourceKind
from ..model.endpoints import Audience, Locality, ManagementPoint, Protocols, SiteKind
from ..model.names import HostName
from ..model.rule import decides

__all__ = ["merge_candidates"]

# Whose word counts first. A person's settings, then the directory (authenticated), then lists of the site, then DNS.
_AUTHORITY = (
    SourceKind.INSTALLATION,
    SourceKind.DIRECTORY,
    SourceKind.MP_LIST,
    SourceKind.STORED_LIST,
    SourceKind.ANSWERED_BEFORE,
    SourceKind.DNS,
    SourceKind.LOCATOR_POINT,
    SourceKind.WINS,
    SourceKind.GATEWAY_LIST,
)
_STRICTEST_FIRST = (Protocols.HTTPS, Protocols.BOTH, Protocols.HTTP)
_T = TypeVar("_T")


def merge_candidates(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Make one candidate of all that name the same host.

    What is known wins over what is not; where two sources contradict each other, the one with more authority wins
    (settings, directory, list just downloaded, stored list, management points that answered before, DNS). Version and
    SSL state are those of the site's own list (AD-020), protocols the strictest.

    Returns:
        One candidate a host, sorted by host: the order in which sources answered makes no difference.
    """
    by_host: dict[HostName, list[Candidate]] = {}
    for candidate in candidates:
        by_host.setdefault(candidate.mp.host, []).append(candidate)
    return tuple(_merged(by_host[host]) for host in sorted(by_host))


def _authority(origin: Origin) -> tuple[int, str]:
    return _AUTHORITY.index(origin.source), origin.detail


def _standing(candidate: Candidate) -> tuple[tuple[int, str], str]:
    """Whose word counts first; among equals an order that is always the same."""
    return min(map(_authority, candidate.origins)), repr(candidate.mp)


def _merged(named: list[Candidate]) -> Candidate:
    named.sort(key=_standing)
    origins = {origin for candidate in named for origin in candidate.origins}
    mp = reduce(_filled, (candidate.mp for candidate in named))
    return Candidate(_as_the_site_says(mp, named), tuple(sorted(origins, key=_authority)))


def _filled(better: ManagementPoint, other: ManagementPoint) -> ManagementPoint:
    """The first with its gaps filled from the second."""
    return ManagementPoint(
        host=better.host,
        site_code=_known(better.site_code, other.site_code),
        site_kind=better.site_kind if better.site_kind is not SiteKind.UNKNOWN else other.site_kind,
        parent_site=_known(better.parent_site, other.parent_site),
        http_port=_known(better.http_port, other.http_port),
        https_port=_known(better.https_port, other.https_port),
        audience=better.audience if better.audience is not Audience.UNKNOWN else other.audience,
        locality=better.locality if better.locality is not Locality.UNKNOWN else other.locality,
        in_current_group=_known(better.in_current_group, other.in_current_group),
        forest=_known(better.forest, other.forest),
        build=_known(better.build, other.build),
        is_default=_known(better.is_default, other.is_default),
        supports_devices=_known(better.supports_devices, other.supports_devices),
        ssl_state=_known(better.ssl_state, other.ssl_state),
        https_only_site=_known(better.https_only_site, other.https_only_site),
        gateway=_known(better.gateway, other.gateway),
    )


def _known(better: _T | None, other: _T | None) -> _T | None:
    return other if better is None else better


@decides("AD-020")
def _as_the_site_says(mp: ManagementPoint, named: list[Candidate]) -> ManagementPoint:
    """Version and SSL state as a list just downloaded gives them, in place of what was published or stored before."""
    site = [candidate.mp for candidate in named if _is_from(candidate, SourceKind.MP_LIST)]
    return mp._replace(
        protocols=_protocols(named),
        build=_known(reduce(_known, (listed.build for listed in site), None), mp.build),
        ssl_state=_known(reduce(_known, (listed.ssl_state for listed in site), None), mp.ssl_state),
    )


@decides("ML-009", "AD-020")
def _protocols(named: list[Candidate]) -> Protocols:
    """The strictest that the directory or a downloaded list says; ``https://`` of the installation above all.

    So a list that came over HTTP can tighten what the directory published and never loosen it. What was stored before
    counts when neither spoke (ML-013: the new list replaces it), then who answered before and DNS, and an installation
    entry without the prefix, which "accepts HTTP", when nobody else did.
    """
    given = _spoken(named, SourceKind.INSTALLATION)
    if Protocols.HTTPS in given:
        return Protocols.HTTPS
    site = _spoken(named, SourceKind.DIRECTORY, SourceKind.MP_LIST)
    others = _spoken(named, SourceKind.STORED_LIST) + _spoken(named, SourceKind.ANSWERED_BEFORE, SourceKind.DNS)
    return next(iter([*sorted(site, key=_STRICTEST_FIRST.index), *others, *given]), Protocols.UNKNOWN)


def _spoken(named: list[Candidate], *sources: SourceKind) -> list[Protocols]:
    said = [candidate.mp.protocols for candidate in named if _is_from(candidate, *sources)]
    return [protocols for protocols in said if protocols is not Protocols.UNKNOWN]


def _is_from(candidate: Candidate, *sources: SourceKind) -> bool:
    return any(origin.source in sources for origin in candidate.origins)
