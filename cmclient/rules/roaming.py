"""What a client may use of the sites that it visits."""

from collections.abc import Sequence

from ..model.decision import Reason
from ..model.facts import Membership, NetworkFacts, NetworkLocation
from ..model.names import SiteCode
from ..model.rule import decides

__all__ = ["judge_roaming"]


@decides("SA-037", "SA-038")
def judge_roaming(facts: NetworkFacts, assigned: SiteCode | None, visited: Sequence[SiteCode]) -> Reason:
    """Say what a client may use where it is.

    Args:
        facts: What it is and where it is.
        assigned: Its assigned site.
        visited: The sites whose published boundaries hold it.
    """
    if facts.network_location is NetworkLocation.INTERNET:
        return Reason("NET-012", "on the internet it does not roam: boundaries and boundary groups have no say")
    if facts.membership is Membership.WORKGROUP:
        return Reason("SA-037", "a workgroup client cannot roam to other sites: it cannot read them from the directory")
    others = [site for site in visited if site != assigned]
    if not others:
        return Reason("SA-038", "it is not visiting another site")
    text = f"it is visiting {', '.join(others)}: location requests may go there first"
    return Reason("SA-038", f"{text}, policy and uploads to {assigned or 'the assigned site'}")
