"""Which site a client is assigned to.

Which way it goes; the first row that applies decides:

    situation                                              way         rule
    a device whose enrollment profile names a site         that one    SA-035, MD-021
    a site is given                                        that one    SA-002
    assigned already, upgrade with AUTO and SITEREASSIGN   automatic   SA-024
    assigned already, upgrade with AUTO alone              kept        SA-024
    assigned already                                       kept        SA-012
    a device whose enrollment profile is not known         refused     MD-021
    AUTO with a management point for the internet          refused     SA-023
    on the internet, or set up for it alone                refused     NET-013
    otherwise                                              automatic   SA-003

Automatic: the sources are asked in turn, the directory, then a management point (SA-004, SA-005), or the boundary data
of a hierarchy alone. The first of them decides that names a site which the client may be assigned to;
``candidate_sites`` says which that is. When none does: SA-008, state 606, and again in ten minutes.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..model.assignment import (
    AssignmentDecision,
    AssignmentHow,
    AssignmentOutcome,
    AssignmentWish,
    Compatibility,
    CompatibilityVerdict,
    KnownSite,
    SiteAnswer,
    SiteCandidate,
    SiteSource,
)
from ..model.decision import Reason, Verdict
from ..model.facts import ClientKind, NetworkLocation
from ..model.names import SiteCode
from ..model.rule import decides
from .candidate_sites import draw_address, find_site_fault, judge_sites, reject_site
from .choose import SeededChooser
from .compatibility import find_settings_source, judge_compatibility
from .deployment_states import INVALID_SITE, NO_SITE_VERSION, NOT_DISCOVERED, states_of
from .edition import CATALOGUE_VERSION

__all__ = [
    "RETRY_SECONDS",
    "decide_assignment",
    "find_automatic_bar",
    "find_root_key_bar",
    "is_automatic",
    "refuse_assignment",
]

RETRY_SECONDS = 600.0  # SA-008


class _Way(NamedTuple):
    """A site that is settled before anybody is asked."""

    site: SiteCode
    how: AssignmentHow
    reasons: tuple[Reason, ...]


def decide_assignment(
    wish: AssignmentWish,
    location: NetworkLocation,
    answers: Sequence[SiteAnswer] = (),
    known: Mapping[SiteCode, KnownSite] = {},
    *,
    chooser: SeededChooser,
    was_verified: bool = False,
) -> AssignmentDecision:
    """Decide the assigned site; the tables of this module, row by row.

    Args:
        wish: What is wanted.
        location: Where the client is.
        answers: What the sources said, in the order in which they were asked; empty while nobody was.
        known: What is known of sites, by code.
        chooser: Decides between addresses, and between sites.
        was_verified: Whether the directory and management points were asked for the version of the site: then not to
            know it is a failure.
    """
    settled = _settled(wish)
    if settled is not None and settled.how is AssignmentHow.KEPT:
        return _kept(settled, answers, chooser)
    if settled is not None:
        return _direct(settled, wish, answers, known, chooser, was_verified=was_verified)
    if (bar := find_automatic_bar(wish, location)) is not None:
        return refuse_assignment(bar, chooser=chooser, answers=answers)
    return _automatic(wish, answers, known, chooser, was_verified=was_verified)


@decides("SA-002", "SA-003", "SA-012", "SA-024")
def _settled(wish: AssignmentWish) -> _Way | None:
    """The site that is given or kept; None for automatic assignment."""
    if (profiled := _profiled(wish)) is not None:
        return profiled
    if wish.given is not None:
        text = f"assigned site {wish.given}: given"
        if wish.kept is not None and wish.kept != wish.given:
            text += f", in place of {wish.kept}"
        return _Way(wish.given, AssignmentHow.GIVEN, (Reason("SA-002", text),))
    if wish.kept is None:
        return None
    reasons = []
    if wish.is_upgrade and wish.is_auto:
        if wish.reassigns:
            return None
        reasons.append(Reason("SA-024", "on an upgrade AUTO changes the site only together with SITEREASSIGN=TRUE"))
    elif wish.is_auto:
        reasons.append(Reason("SA-011", "no automatic assignment: the client is assigned already"))
    reasons.append(Reason("SA-012", f"assigned site {wish.kept}: kept from before, wherever the client is now"))
    return _Way(wish.kept, AssignmentHow.KEPT, tuple(reasons))


@decides("SA-035", "MD-021")
def _profiled(wish: AssignmentWish) -> _Way | None:
    """The site that an enrollment profile names: a device was enrolled there, whatever else is given or kept."""
    if wish.device is None or wish.profile_site is None:
        return None
    rule = "SA-035" if wish.device is ClientKind.MAC else "MD-021"
    text = f"assigned site {wish.profile_site}: the enrollment profile names it"
    return _Way(wish.profile_site, AssignmentHow.GIVEN, (Reason(rule, text),))


def is_automatic(wish: AssignmentWish) -> bool:
    """Whether the site is neither given nor kept, so that somebody has to be asked for it."""
    return _settled(wish) is None


@decides("SA-011", "SA-023", "MD-021", "NET-012", "NET-013")
def find_automatic_bar(wish: AssignmentWish, location: NetworkLocation) -> Reason | None:
    """Why there is no automatic assignment; None when there may be. Unknown falls to the intranet: it is tried."""
    if wish.device is not None:
        return Reason("MD-021", "the enrollment profile names the site of a device: set enrollment_site")
    if wish.is_auto and wish.internet_mp is not None:
        text = f"automatic assignment is not for a client with the internet management point {wish.internet_mp}"
        return Reason("SA-023", f"{text}: give the site code")
    if location is NetworkLocation.INTERNET:
        return Reason("NET-013", "no automatic assignment on the internet, where boundaries have no say: give the site")
    return None


@decides("SA-026")
def find_root_key_bar(wish: AssignmentWish, *, directory_answered: bool) -> Reason | None:
    """Why a management point may not be asked for the site; None when it may.

    The client would take the trusted root key from the first one that it meets, and that one could be anybody's,
    unless the key is had from elsewhere or a public key infrastructure tells whose it is.
    """
    if directory_answered or wish.root_key:
        return None
    text = "the management point that answers could be anybody's, and the trusted root key would come from it"
    return Reason("SA-026", f"{text}: give the site code, or the key, or use HTTPS with certificates of your own")


def refuse_assignment(
    bar: Reason, *, chooser: SeededChooser, answers: Sequence[SiteAnswer] = (), was_tried: bool = True
) -> AssignmentDecision:
    """The decision where a rule forbids the assignment.

    Args:
        bar: The rule.
        chooser: For the record.
        answers: What came of the sources until then.
        was_tried: Whether the client would report it: not when it may not talk to its site at all.
    """
    return _decision((bar,), answers, chooser)._replace(
        outcome=AssignmentOutcome.REFUSED,
        states=states_of(NOT_DISCOVERED) if was_tried else (),
        next=(_unmanaged(),),
    )


def _kept(way: _Way, answers: Sequence[SiteAnswer], chooser: SeededChooser) -> AssignmentDecision:
    """An assigned client is not assigned anew: nothing is compared, and nothing reported."""
    return _decision(way.reasons, answers, chooser)._replace(
        outcome=AssignmentOutcome.ASSIGNED,
        site=way.site,
        how=way.how,
        candidates=(SiteCandidate(way.site, Verdict.RANKED, SiteSource.STORE, "kept", way.reasons, 0.0),),
        next=_steps(way.site),
    )


def _direct(
    way: _Way,
    wish: AssignmentWish,
    answers: Sequence[SiteAnswer],
    known: Mapping[SiteCode, KnownSite],
    chooser: SeededChooser,
    *,
    was_verified: bool,
) -> AssignmentDecision:
    site = known.get(way.site, KnownSite(way.site))
    candidate = SiteCandidate(way.site, Verdict.RANKED, SiteSource.SETTINGS, "given", way.reasons, 0.0)
    fault = find_site_fault(site)
    decided = _decision(candidate.reasons, answers, chooser)
    if fault is not None:
        candidate = reject_site(candidate, fault, INVALID_SITE)
        return _refused(decided._replace(candidates=(candidate,)), candidate)
    decided = decided._replace(candidates=(candidate,), how=way.how)
    return _compared(decided, candidate, judge_compatibility(wish, site, was_asked=was_verified))


def _automatic(
    wish: AssignmentWish,
    answers: Sequence[SiteAnswer],
    known: Mapping[SiteCode, KnownSite],
    chooser: SeededChooser,
    *,
    was_verified: bool,
) -> AssignmentDecision:
    address, why = draw_address(answers, chooser)
    judged = [judge_sites(answer, wish, known, chooser, address) for answer in answers]
    best = next((some for some in judged if some and some[0].verdict is Verdict.RANKED), ())
    rest = [one for some in judged if some is not best for one in some]
    decided = _decision((*_asked(answers, wish), *why), answers, chooser)._replace(
        candidates=(*best, *rest), address=address
    )
    if not best:
        return _nobody(decided)
    chosen, equals = best[0], [one.site for one in best if one.verdict is Verdict.RANKED]
    reasons = (*decided.reasons, *chosen.reasons, *_drawn(equals))
    how = AssignmentHow.FALLBACK if chosen.is_fallback else AssignmentHow.BOUNDARY
    compatibility = judge_compatibility(wish, known.get(chosen.site, KnownSite(chosen.site)), was_asked=was_verified)
    return _compared(decided._replace(reasons=reasons, how=how), chosen, compatibility)


def _decision(reasons: tuple[Reason, ...], answers: Sequence[SiteAnswer], chooser: SeededChooser) -> AssignmentDecision:
    """A decision that is none yet."""
    return AssignmentDecision(
        AssignmentOutcome.NOT_ASKED,
        None,
        AssignmentHow.NONE,
        reasons,
        answers=tuple(answers),
        seed=chooser.seed,
        catalogue=CATALOGUE_VERSION,
    )


def _compared(
    decided: AssignmentDecision, candidate: SiteCandidate, compatibility: Compatibility
) -> AssignmentDecision:
    """Assign to a site if the versions let it; a version that nobody told is asked for again."""
    decided = decided._replace(compatibility=compatibility)
    if compatibility.verdict is not CompatibilityVerdict.FAILED:
        return decided._replace(
            outcome=AssignmentOutcome.ASSIGNED,
            site=candidate.site,
            states=states_of(None),
            next=_steps(candidate.site),
            settings_from=find_settings_source(compatibility),
        )
    rejected = reject_site(candidate, compatibility.reason, compatibility.state)
    rest = tuple(one for one in decided.candidates if one is not candidate)
    decided = decided._replace(candidates=(rejected, *rest), reasons=(*decided.reasons, compatibility.reason))
    if compatibility.state != NO_SITE_VERSION:
        return _failed(decided, AssignmentOutcome.REFUSED, compatibility.state, retries=False)
    return _failed(decided, AssignmentOutcome.NOT_ASKED, compatibility.state, retries=True)


@decides("SA-004", "SA-005")
def _asked(answers: Sequence[SiteAnswer], wish: AssignmentWish) -> tuple[Reason, ...]:
    """That it is automatic, and what came of each source in turn."""
    why = "SMSSITECODE=AUTO" if wish.is_auto else "no site code is given"
    if wish.is_upgrade and wish.reassigns:
        return Reason("SA-024", "automatic again: SITEREASSIGN=TRUE on an upgrade"), *(one.reason for one in answers)
    return Reason("SA-003", f"automatic assignment: {why}"), *(one.reason for one in answers)


@decides("SA-009")
def _drawn(equals: Sequence[SiteCode]) -> tuple[Reason, ...]:
    if len(equals) == 1:
        return ()
    text = f"{equals[0]} drawn among {', '.join(sorted(equals))}, which all hold the client: it could be any of them"
    return (Reason("SA-009", text),)


@decides("SA-008")
def _nobody(decided: AssignmentDecision) -> AssignmentDecision:
    """No source gave a site: those that hold the client are refused, or nobody may be asked, or none holds it."""
    refused = next((one for one in decided.candidates if not one.is_elsewhere), None)
    if refused is not None:
        return _refused(decided, refused)
    if any(one.is_barred for one in decided.answers):
        return _failed(decided, AssignmentOutcome.REFUSED, NOT_DISCOVERED, retries=False)
    if any(one.answered for one in decided.answers):
        outcome = AssignmentOutcome.NOT_FOUND
        text = "no assigned site: nothing that is for assignment holds the client, and no fallback site is known"
    else:
        outcome = AssignmentOutcome.NOT_ASKED
        text = "no assigned site: none was given, and nobody could be asked for one"
    decided = decided._replace(reasons=(*decided.reasons, Reason("CF-009", text)))
    return _failed(decided, outcome, NOT_DISCOVERED, retries=True)


def _refused(decided: AssignmentDecision, candidate: SiteCandidate) -> AssignmentDecision:
    decided = decided._replace(reasons=(*decided.reasons, candidate.reasons[-1]))
    return _failed(decided, AssignmentOutcome.REFUSED, candidate.state or NOT_DISCOVERED, retries=False)


@decides("SA-015", "SA-017", "CF-009")
def _failed(
    decided: AssignmentDecision, outcome: AssignmentOutcome, state: int | None, *, retries: bool
) -> AssignmentDecision:
    following = [_unmanaged()]
    if decided.compatibility is not None:
        following.append(Reason("SA-017", "the versions are compared again later: once they fit, it is assigned"))
    if retries:
        again = f"it is tried again every {RETRY_SECONDS / 60:.0f} minutes, without end"
        following.append(Reason("SA-008", again))
    return decided._replace(
        outcome=outcome,
        site=None,
        how=AssignmentHow.NONE,
        states=states_of(state),
        next=tuple(following),
        retry_seconds=RETRY_SECONDS if retries else None,
    )


def _unmanaged() -> Reason:
    return Reason("SA-015", "a client without a site stays installed, and is not managed")


@decides("SA-030")
def _steps(site: SiteCode) -> tuple[Reason, ...]:
    """What a client does after it was assigned, in this order."""
    texts = (
        f"1. it looks for a management point of site {site}",
        "2. it reads the settings of the site: certificates, revocation check, ports",
        "3. it reads the client settings, with its policy",
    )
    return tuple(Reason("SA-030", text) for text in texts)
