"""What a doctor says of the choice of management points, before any of them is asked."""

from collections.abc import Iterator, Sequence

from ..model.checkup import Area, Check, Level, Sureness
from ..model.decision import Decision, SourceKind, SourceReport
from ..model.legacy import ProfileName
from .checkup_servers import skip
from .deprecations import find_kind_deprecation, find_site_deprecation

__all__ = ["judge_choice"]

_MOST = 4
_AREA = Area.MANAGEMENT_POINT
_MAY_READ = "See that the account that reads the directory may read the whole entry; else correct the entry there."


def judge_choice(decision: Decision, sources: Sequence[SourceReport], *, sources_work: bool) -> Iterator[Check]:
    """Judge whether there is a management point to choose.

    Args:
        decision: Everyone who was found, judged.
        sources: What came of looking for them.
        sources_work: Whether DNS and directory work, as far as they were asked; where one does not, that nobody was
            found has been explained.
    """
    unreadable = decision.unreadable[:_MOST]
    for one in unreadable:
        what = f"named, and cannot be read: {one.problem} ({one.origin.detail})"
        do = _MAY_READ if one.origin.source is SourceKind.DIRECTORY else "Correct the entry there."
        yield Check(_AREA, one.name, Level.WARN, "unreadable-entry", what, Sureness.CERTAIN, do)
    yield from _judge_deprecations(decision)
    if decision.ranked:
        told = {one.name for one in unreadable}
        for rejected in (one for one in decision.rejected if one.name not in told):
            yield skip(_AREA, rejected.name, f"not used by this client: {rejected.reasons[-1].text}")
        return
    if decision.rejected:
        reasons = "; ".join(f"{one.name}: {one.reasons[-1].text}" for one in decision.rejected[:_MOST])
        more = len(decision.rejected) - _MOST
        what = f"the rules reject every management point that was found: {reasons}" + (
            f"; and {more} more" if more > 0 else ""
        )
        yield Check(_AREA, "", Level.ERROR, "none-eligible", what, do="'cmclient discover' shows each with its rule.")
    elif not sources_work:
        yield skip(_AREA, "", "none was found while DNS or the directory does not answer")
    else:
        each = dict.fromkeys(f"{one.source.value}: {one.detail}" for one in sources if not one.found)
        what = f"no source names a management point ({'; '.join(each)})"
        do = (
            "Name one with management_points (--mp, SMSMP), or set site_code and dns_suffix, by which DNS is asked;"
            " 'cmclient discover' shows every source."
        )
        yield Check(_AREA, "", Level.ERROR, "none-found", what, Sureness.CERTAIN, do)


def _judge_deprecations(decision: Decision) -> Iterator[Check]:
    """What still works, and will not for ever."""
    by_kind = find_kind_deprecation(decision.facts.client_kind)
    site = decision.policy.assigned_site
    by_site = find_site_deprecation((*decision.ranked, *decision.rejected), site)
    if by_kind is not None:
        do = "Plan for another way to manage such devices; until then nothing has to be done."
        yield Check(Area.SETTINGS, "client_kind", Level.WARN, "deprecated", by_kind.text, do=do)
    if by_site is not None and decision.policy.profile is ProfileName.CURRENT:
        do = "Let the site use certificates, or turn enhanced HTTP on; clients get along until then."
        yield Check(_AREA, f"site {site}", Level.WARN, "deprecated", by_site.text, do=do)
