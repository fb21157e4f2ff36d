"""Where the client stands: its assigned site, the ports of that site, and the policy that follows from it all."""

from collections.abc import Iterable
from typing import NamedTuple

from .config import ClientConfig
from .discover import Published
from .model.certificates import ClientCertificate
from .model.decision import Candidate, Policy, SourceKind, StoredAssignment
from .model.facts import NetworkFacts
from .model.names import SiteCode
from .model.rule import decides
from .rules.assignment import Assignment, assign_site, match_published
from .rules.certificates import find_https_ability
from .rules.choose import SeededChooser
from .rules.merge import merge_candidates

__all__ = ["Ports", "Standing", "find_standing"]


class Ports(NamedTuple):
    """Client ports of a site; None where nobody said."""

    http: int | None = None
    https: int | None = None


class Standing(NamedTuple):
    """Where the client stands.

    Attributes:
        assignment: The assigned site and why.
        ports: The ports of that site as learned; None where the settings decide.
        policy: What was decided before any management point is judged.
    """

    assignment: Assignment
    ports: Ports
    policy: Policy


def find_standing(
    config: ClientConfig,
    facts: NetworkFacts,
    *,
    certificate: ClientCertificate | None,
    kept: StoredAssignment | None,
    published: Published,
    candidates: Iterable[Candidate],
    chooser: SeededChooser,
) -> Standing:
    """Work out where the client stands, from everything that is known so far.

    Args:
        config: The settings.
        facts: What the client knows of itself.
        certificate: Its certificate; None when it has none.
        kept: What was kept of its assignment; None when nothing was.
        published: What sites publish, as far as it was read.
        candidates: Everything that was named; the directory's hold the published ports.
        chooser: Decides between several sites.
    """
    matches = match_published(facts, published.sites, published.ranges)
    assignment = assign_site(
        given=config.site_code,
        kept=facts.assigned_site or (kept.site if kept else None),
        matches=matches,
        chooser=chooser,
    )
    mine = kept if kept is not None and kept.site == assignment.site else None
    ports = _site_ports(candidates, assignment.site, mine)
    can_use_https, https_reason = find_https_ability(use_pki_cert=config.use_pki_cert, certificate=certificate)
    policy = Policy(
        assigned_site=assignment.site,
        assigned_mp=mine.assigned_mp if mine else None,
        local_sites=tuple(sorted({match.site for match in matches})),
        purpose=config.purpose,
        phase=config.phase,
        can_use_https=can_use_https,
        https_reason=https_reason,
        may_use_http=config.allow_http,
        allowed_mps=facts.allowed_mps,
        http_port=ports.http or config.http_port,
        https_port=ports.https or config.https_port,
        client_build=config.client_build,
    )
    return Standing(assignment, ports, policy)


@decides("AD-013")
def _site_ports(candidates: Iterable[Candidate], site: SiteCode | None, kept: StoredAssignment | None) -> Ports:
    """The ports that the management points of a site publish in the directory; those kept where none does."""
    published = [
        candidate.mp
        for candidate in merge_candidates(candidates)
        if candidate.mp.site_code == site and any(o.source is SourceKind.DIRECTORY for o in candidate.origins)
    ]
    http = [mp.http_port for mp in published if mp.http_port is not None]
    https = [mp.https_port for mp in published if mp.https_port is not None]
    last = Ports(kept.http_port, kept.https_port) if kept else Ports()
    return Ports(http[0] if http else last.http, https[0] if https else last.https)
