"""Which of the sites that a source named a client may be assigned to.

it holds only addresses that were not drawn              rejected   SA-010
the site does not exist                                  rejected   SA-014, state 602
it is no primary site                                    rejected   SA-001, state 602
it is of an older product generation than the client     rejected   SA-022
the client is newer than it                              rejected   SA-019, state 607
several are left                                         drawn      SA-009
nothing holds the client, and there is a fallback site   that one   SA-007

A client sends the one address that it drew, so a boundary that holds another one is as if it were not there: with it
the site falls back as well, and the reason says that it does so by that address.
"""

from collections.abc import Mapping, Sequence

from ..model.assignment import (
    AssignmentWish,
    CompatibilityVerdict,
    KnownSite,
    SiteAnswer,
    SiteCandidate,
    SiteMatch,
    SiteSource,
)
from ..model.decision import Reason, Verdict
from ..model.endpoints import SiteKind
from ..model.names import SiteCode
from ..model.rule import decides
from .choose import SeededChooser
from .compatibility import judge_compatibility
from .deployment_states import INVALID_SITE
from .eligibility import product_family

__all__ = ["draw_address", "find_site_fault", "judge_sites", "reject_site"]

_PRESENT = "current branch"
_DENIED_BY = {
    SiteSource.SITE_DATA: "the data lists its sites, and not this one",
    SiteSource.MANAGEMENT_POINT: "a management point that gives its own list has none for it",
    None: "nobody knows it",
}


@decides("SA-010")
def draw_address(answers: Sequence[SiteAnswer], chooser: SeededChooser) -> tuple[str, tuple[Reason, ...]]:
    """Draw the address of the client to go by.

    Returns:
        The address, empty when no source looks at single ones; and why, empty when there was no choice.
    """
    addresses = tuple(dict.fromkeys(address for answer in answers for address in answer.addresses))
    drawn = min(addresses, key=lambda one: chooser.draw(f"assign by {one}"), default="")
    if len(addresses) <= 1:
        return drawn, ()
    return drawn, (Reason("SA-010", f"goes by the address {drawn}, drawn among {', '.join(addresses)}"),)


def judge_sites(
    answer: SiteAnswer,
    wish: AssignmentWish,
    known: Mapping[SiteCode, KnownSite],
    chooser: SeededChooser,
    address: str,
) -> tuple[SiteCandidate, ...]:
    """Judge the sites that one source named; the table of this module, row by row.

    Args:
        answer: What the source said.
        wish: With the client's version.
        known: What is known of sites, by code.
        chooser: Orders sites that are equal.
        address: The address of the client to go by.

    Returns:
        Each site once: the ranked ones first, in drawn order, then the rejected by site.
    """
    by_site: dict[SiteCode, list[SiteMatch]] = {}
    for match in answer.matches:
        if not match.is_fallback:
            by_site.setdefault(match.site, []).append(match)
    judged = [_judge(answer, some, wish, known, chooser, address) for some in by_site.values()]
    if all(one.is_elsewhere for one in judged):
        spare = [_by_address(match, address) if judged else match for match in answer.matches if match.is_fallback]
        judged = [one for one in judged if one.site not in {match.site for match in spare}]
        judged += [_judge(answer, [match], wish, known, chooser, address) for match in spare]
    return tuple(sorted(judged, key=lambda one: (one.verdict is Verdict.REJECTED, one.draw or 0.0, one.site)))


@decides("SA-007", "SA-010")
def _by_address(fallback: SiteMatch, address: str) -> SiteMatch:
    """The fallback site where boundaries hold the client, and none by the address that was drawn."""
    return fallback._replace(address=address)


@decides("SA-006", "SA-007")
def _judge(
    answer: SiteAnswer,
    matches: Sequence[SiteMatch],
    wish: AssignmentWish,
    known: Mapping[SiteCode, KnownSite],
    chooser: SeededChooser,
    address: str,
) -> SiteCandidate:
    site = known.get(matches[0].site, KnownSite(matches[0].site))
    fitting = [match for match in matches if match.address in {"", address}]
    by = ", ".join(dict.fromkeys(match.by for match in fitting or matches))
    is_fallback = matches[0].is_fallback
    reason = Reason("SA-006", f"assigned site {site.code}: the client is in {by}")
    if is_fallback:
        drawn = f"by the address drawn, {address}, " if matches[0].address else ""
        reason = Reason("SA-007", f"assigned site {site.code}: {drawn}nothing holds the client, and it is the {by}")
    candidate = SiteCandidate(site.code, Verdict.RANKED, answer.source, by, (reason,), is_fallback=is_fallback)
    if not fitting:
        others = ", ".join(dict.fromkeys(match.address for match in matches))
        fault = Reason(
            "SA-010", f"it holds {others}, and the client goes by {address}: another time it may be this one"
        )
        return reject_site(candidate, fault, None)._replace(is_elsewhere=True)
    if (found := find_site_fault(site)) is not None:
        return reject_site(candidate, found, INVALID_SITE)
    if (found := _find_generation_fault(wish, site)) is not None:
        return reject_site(candidate, found, None)
    compatibility = judge_compatibility(wish, site, was_asked=False)
    if compatibility.verdict is CompatibilityVerdict.FAILED:
        return reject_site(candidate, compatibility.reason, compatibility.state)
    return candidate._replace(draw=chooser.draw(f"assign {site.code}"))


@decides("SA-001", "SA-014")
def find_site_fault(site: KnownSite) -> Reason | None:
    """Why nobody can be assigned to a site; None when that is not known to be so."""
    if site.exists is False:
        return Reason(
            "SA-014", f"there is no site {site.code} to be assigned to: {_DENIED_BY.get(site.source, _DENIED_BY[None])}"
        )
    if site.kind in {SiteKind.SECONDARY, SiteKind.CENTRAL}:
        kind = "a secondary site" if site.kind is SiteKind.SECONDARY else "a central administration site"
        return Reason("SA-001", f"{site.code} is {kind}: clients are assigned to primary sites only")
    return None


@decides("SA-022")
def _find_generation_fault(wish: AssignmentWish, site: KnownSite) -> Reason | None:
    """Where boundaries of several generations overlap, a client of the present one looks for a site of it."""
    if wish.client_build is None or site.build is None or product_family(wish.client_build) != _PRESENT:
        return None
    family = product_family(site.build)
    if family == _PRESENT:
        return None
    return Reason(
        "SA-022", f"site {site.code} ({site.build}) is {family}, and the client looks for one of its own kind"
    )


def reject_site(candidate: SiteCandidate, fault: Reason, state: int | None) -> SiteCandidate:
    """The same candidate, rejected.

    Args:
        candidate: The candidate.
        fault: The rule that rejects it.
        state: The state id that it is reported with; None for none.
    """
    reasons = (*candidate.reasons, fault)
    return candidate._replace(verdict=Verdict.REJECTED, reasons=reasons, draw=None, state=state)
