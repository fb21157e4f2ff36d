"""Where the client stands: its assigned site, the ports of that site, and the policy that follows from it all."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .config import ClientConfig
from .discover import Published
from .model.assignment import AssignmentDecision, AssignmentWish, KnownSite, SiteAnswer, SiteSource
from .model.decision import Candidate, Phase, Policy, Reason, SourceKind, StoredAssignment
from .model.endpoints import SiteKind
from .model.facts import NetworkFacts, NetworkLocation
from .model.names import SiteCode
from .model.rule import decides
from .protocol.setupsources import find_published_bar
from .rules.assignment import decide_assignment
from .rules.certificates import find_https_ability
from .rules.choose import SeededChooser
from .rules.communication import find_http_bar
from .rules.device_kinds import ENROLLED_KINDS, find_device_http_bar

if TYPE_CHECKING:
    from .model.certificates import ClientCertificate
    from .rules.published import PublishedMatch

__all__ = [
    "Clues",
    "SiteSettings",
    "Standing",
    "build_wish",
    "directory_answer",
    "find_known_sites",
    "find_standing",
    "has_root_key",
]

_SAID_BY = {SourceKind.DIRECTORY: SiteSource.DIRECTORY, SourceKind.MP_LIST: SiteSource.MANAGEMENT_POINT}


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


class Clues(NamedTuple):
    """What says where a client stands: everything that is known so far.

    Attributes:
        config: The settings.
        facts: What the client knows of itself.
        chooser: Decides between several sites.
        certificate: Its certificate; None when it has none.
        kept: What was kept of its assignment; None when nothing was.
        published: What sites publish; None while the directory did not answer.
        candidates: Everything that was named, not merged; the directory's hold what the site published.
    """

    config: ClientConfig
    facts: NetworkFacts
    chooser: SeededChooser
    certificate: "ClientCertificate | None" = None
    kept: StoredAssignment | None = None
    published: Published | None = None
    candidates: Sequence[Candidate] = ()


class Standing(NamedTuple):
    """Where the client stands.

    Attributes:
        assignment: The assigned site and why.
        learned: What that site published, as read from the directory now or before.
        policy: What was decided before any management point is judged.
    """

    assignment: AssignmentDecision
    learned: SiteSettings
    policy: Policy


def find_standing(clues: Clues) -> Standing:
    """Work out where the client stands."""
    config, facts, chooser, certificate, kept, published, candidates = clues
    visited = _visited(facts, published)
    assignment = decide_assignment(
        build_wish(config, facts, certificate=certificate, kept=kept),
        facts.network_location,
        () if published is None else (directory_answer(facts, published),),
        find_known_sites(candidates),
        chooser=chooser,
    )
    mine = kept if kept is not None and kept.site == assignment.site else None
    learned = _site_settings(candidates, assignment.site, mine)
    installs = config.phase is Phase.INSTALLING
    ports = SiteSettings() if installs and find_published_bar(config.setup_line) is not None else learned
    can_use_https, https_reason = find_https_ability(use_pki_cert=config.use_pki_cert, certificate=certificate)
    site_only = assignment.site if learned.https_only else None
    by_kind = find_device_http_bar(facts.client_kind)
    http_bar = find_http_bar(allow_http=config.allow_http, https_only_site=site_only) or by_kind
    policy = Policy(
        assigned_site=assignment.site,
        assigned_mp=mine.assigned_mp if mine else None,
        local_sites=tuple(sorted({match.site for match in visited})),
        purpose=config.purpose,
        phase=config.phase,
        can_use_https=can_use_https,
        https_reason=https_reason,
        may_use_http=http_bar is None,
        http_reason="" if http_bar is None else http_bar.text,
        http_rule="" if http_bar is None else http_bar.rule,
        pki_failed=config.use_pki_cert and not can_use_https,
        allowed_mps=facts.allowed_mps,
        http_port=ports.http_port or config.http_port,
        https_port=ports.https_port or config.https_port,
        client_build=config.client_build,
        use_gateways=config.use_gateways,
        prefers_cloud=config.prefer_cloud,
    )
    return Standing(assignment, learned, policy)


def build_wish(
    config: ClientConfig,
    facts: NetworkFacts,
    *,
    certificate: "ClientCertificate | None",
    kept: StoredAssignment | None,
) -> AssignmentWish:
    """What the settings, the client and the store say about the assigned site.

    The version of the client counts where somebody said it; the default of the setting is not this client's.
    """
    line = config.setup_line
    origins = config.origins
    return AssignmentWish(
        given=config.site_code,
        is_auto=config.site_code is None and origins.get("site_code", "default") != "default",
        kept=facts.assigned_site or (kept.site if kept else None),
        reassigns=line is not None and (line.find("SITEREASSIGN") or "").upper() == "TRUE",
        internet_mp=None if facts.internet_mp is None else facts.internet_mp.host,
        client_build=None if origins.get("client_build", "default") == "default" else config.client_build,
        root_key=_root_key(config, certificate),
        device=facts.client_kind if facts.client_kind in ENROLLED_KINDS else None,
        profile_site=config.enrollment_site,
    )


def has_root_key(config: ClientConfig) -> bool:
    """Whether the trusted root key was given with the installation."""
    return config.trusted_root_key is not None or config.trusted_root_key_file is not None


def _root_key(config: ClientConfig, certificate: "ClientCertificate | None") -> str:
    """Why the trusted root key need not come from whoever answers first; empty when it would."""
    if has_root_key(config):
        return "it was given with the installation"
    able, _ = find_https_ability(use_pki_cert=config.use_pki_cert, certificate=certificate)
    return "certificates of one's own infrastructure are used" if able else ""


def directory_answer(facts: NetworkFacts, published: Published) -> SiteAnswer:
    """What the directory says about the site of a client."""
    from .rules.published import addresses_for, matches_of

    if not (published.sites or published.ranges):
        reason = Reason("SA-005", "the directory answered, and no site publishes itself in it")
        return SiteAnswer(SiteSource.DIRECTORY, answered=True, reason=reason)
    matches = _visited(facts, published)
    count = len({match.boundary for match in matches})
    held = f"{count} published {'boundary holds' if count == 1 else 'boundaries hold'} the client"
    reason = Reason("SA-004", f"the directory was asked first: {held if count else 'no published boundary holds it'}")
    addresses = addresses_for(facts)
    return SiteAnswer(
        SiteSource.DIRECTORY, answered=True, reason=reason, matches=matches_of(matches), addresses=addresses
    )


@decides("NET-012")
def _visited(facts: NetworkFacts, published: Published | None) -> "tuple[PublishedMatch, ...]":
    """The published boundaries that hold a client; none where they have no say."""
    if published is None or facts.network_location is NetworkLocation.INTERNET:
        return ()
    from .rules.published import match_published

    return match_published(facts, published.sites, published.ranges)


def find_known_sites(candidates: Iterable[Candidate]) -> dict[SiteCode, KnownSite]:
    """What management points tell of their sites: kind, and the highest version that one of them has."""
    known: dict[SiteCode, KnownSite] = {}
    for candidate in candidates:
        mp = candidate.mp
        if mp.site_code is None:
            continue
        before = known.get(mp.site_code, KnownSite(mp.site_code, exists=True))
        if mp.build is not None and (before.build is None or mp.build > before.build):
            said = {_SAID_BY.get(origin.source, SiteSource.STORE) for origin in candidate.origins}
            source = next(one for one in (*_SAID_BY.values(), SiteSource.STORE) if one in said)
            before = before._replace(build=mp.build, source=source)
        known[mp.site_code] = before if mp.site_kind is SiteKind.UNKNOWN else before._replace(kind=mp.site_kind)
    return known


@decides("AD-013", "AD-022")
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
