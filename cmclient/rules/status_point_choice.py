"""The fallback status point of a client, and why each other one that somebody names is not it."""

from collections.abc import Mapping, Sequence

from ..model.decision import Reason, Verdict
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.names import HostName
from ..model.reports import Reporting
from ..model.roles import RoleDecision, RoleEvaluation, RoleOrigin, SiteRole
from ..model.rule import decides
from .choose import SeededChooser
from .edition import CATALOGUE_VERSION
from .fsp import FspNames

__all__ = ["judge_status_points", "named_status_points"]

_Named = Mapping[HostName, Sequence[RoleOrigin]]


def named_status_points(facts: NetworkFacts, names: FspNames) -> dict[HostName, tuple[RoleOrigin, ...]]:
    """Every fallback status point that somebody names, and who does."""
    named: dict[HostName, tuple[RoleOrigin, ...]] = {}
    for host, origin in (
        (names.given, RoleOrigin.SETTINGS),
        (names.internet, RoleOrigin.SETTINGS),
        (facts.intranet_fsp, RoleOrigin.INSTALLED_CLIENT),
        (facts.fsp, RoleOrigin.INSTALLED_CLIENT),
        (names.published, RoleOrigin.DIRECTORY),
    ):
        if host is not None:
            named[host] = tuple(dict.fromkeys((*named.get(host, ()), origin)))
    return named


@decides("FS-008")
def judge_status_points(
    reporting: Reporting, named: _Named, facts: NetworkFacts, *, chooser: SeededChooser
) -> RoleDecision:
    """Judge every fallback status point that somebody names: one is used at most.

    Args:
        reporting: What ``reporting.find_reporting`` says of a client that wants to report.
        named: From ``named_status_points``.
        facts: Where the client is.
        chooser: For its seed; nothing is left to chance here.
    """
    point = reporting.point
    chosen = None if point is None else point.endpoint.host
    ranked = () if point is None else (point.endpoint,)
    rejected = [
        RoleEvaluation(host, Verdict.REJECTED, (_bar_of(reporting, facts),), tuple(origins))
        for host, origins in sorted(named.items())
        if host != chosen
    ]
    return RoleDecision(
        SiteRole.FALLBACK_STATUS_POINT,
        tuple(
            RoleEvaluation(one.host, Verdict.RANKED, (reporting.reason,), tuple(named[one.host]), (one,))
            for one in ranked
        ),
        tuple(rejected),
        chooser.seed,
        CATALOGUE_VERSION,
    )


def _bar_of(reporting: Reporting, facts: NetworkFacts) -> Reason:
    if reporting.point is None:
        return reporting.reason
    if facts.network_location is NetworkLocation.INTERNET:
        return Reason("FS-006", f"the client is on the internet, where {reporting.point.endpoint.host} is the one")
    return Reason("FS-008", f"a client has one at most, and {reporting.point.endpoint.host} is named with more weight")
