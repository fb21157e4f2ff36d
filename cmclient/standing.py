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

__all__ = ["SiteSettings", "Standing", "find_standing"]


class SiteSettings(NamedTuple):
    """What the assigned site published for its clients.

    Attributes:
        http_port: None when nobody said.
        https_port: None when nobody said.
        https_only: Whether every management point that says anything says that the site takes HTTPS only.
    """

    http_port: int | None = None
    https_port: int | None = None
    https_only: bool = False


class Standing(NamedTuple):
    """Where the client stands.

    Attributes:
        assignment: The assigned site and why.
        learned: What that site published, as read from the directory now or before.
        policy: What was decided before any management point is judged.
    """

    assignment: Assignment
    learned: SiteSettings
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
        candidates: Everything that was named, not merged; the directory's hold what the site published.
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
    learned = _site_settings(candidates, assignment.site, mine)
    can_use_https, https_reason = find_https_ability(use_pki_cert=config.use_pki_cert, certificate=certificate)
    http_reason = "" if config.allow_http else "allow_http is off"
    if learned.https_only:
        http_reason = f"site {assignment.site} published in the directory that it takes HTTPS only"
    policy = Policy(
        assigned_site=assignment.site,
        assigned_mp=mine.assigned_mp if mine else None,
        local_sites=tuple(sorted({match.site for match in matches})),
        purpose=config.purpose,
        phase=config.phase,
        can_use_https=can_use_https,
        https_reason=https_reason,
        may_use_http=not http_reason,
        http_reason=http_reason,
        allowed_mps=facts.allowed_mps,
        http_port=learned.http_port or config.http_port,
        https_port=learned.https_port or config.https_port,
        client_build=config.client_build,
    )
    return Standing(assignment, learned, policy)


@decides("AD-013")
def _site_settings(
    candidates: Iterable[Candidate], site: SiteCode | None, kept: StoredAssignment | None
) -> SiteSettings:
    """What the management points of a site publish in the directory; what was kept where none does."""
    published = [
        candidate.mp
        for candidate in candidates
        if candidate.mp.site_code == site and candidate.origins[0].source is SourceKind.DIRECTORY
    ]
    if not published:
        return SiteSettings(kept.http_port, kept.https_port, kept.https_only) if kept else SiteSettings()
    published.sort(key=lambda mp: mp.host)
    said = [mp.https_only_site for mp in published if mp.https_only_site is not None]
    return SiteSettings(
        next((mp.http_port for mp in published if mp.http_port is not None), None),
        next((mp.https_port for mp in published if mp.https_port is not None), None),
        https_only=bool(said) and all(said),
    )
