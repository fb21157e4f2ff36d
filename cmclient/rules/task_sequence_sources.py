"""The order of sources of a task sequence: another one than that of the client.

peers, those of the subnet first
distribution points of the current group, the one on the same computer and those of the subnet first
distribution points of neighbours, by their fallback times, which are not waited for
distribution points of the default group
what the four steps do not name, in the order of the client
"""

from collections.abc import Mapping

from ..model.content import ContentKind, ContentReference
from ..model.decision import Reason
from ..model.rule import decides
from ..model.sources import DeploymentOptions, SourceOrder, SourceTier

__all__ = ["find_deployment_bar", "find_fetcher", "task_sequence_place"]

_STEPS: Mapping[SourceTier, tuple[int, int]] = {
    SourceTier.PEER_IN_SUBNET: (1, 0),
    SourceTier.PEER_IN_GROUP: (1, 1),
    SourceTier.SAME_COMPUTER: (2, 0),
    SourceTier.DP_IN_SUBNET: (2, 1),
    SourceTier.DP_IN_GROUP: (2, 2),
    SourceTier.NEIGHBOUR_DP: (3, 0),
    SourceTier.DEFAULT_GROUP_DP: (4, 0),
}
_BEHIND = 100  # places of what the four steps do not name
_PACKAGE_ID = 8  # characters: site code and number; content of applications goes by GUIDs
_LATEST = 1_000_000  # minutes: a neighbour of unknown fallback time stands behind those of a known one


@decides("CL-037", "CL-038", "BG-054")
def task_sequence_place(tier: SourceTier, minute: int | None) -> tuple[tuple[float, int], tuple[Reason, ...]]:
    """The place of a source in the order of a task sequence. That a group prefers distribution points changes nothing.

    Args:
        tier: What it is to a client.
        minute: When it would join for a client; None when nobody said.
    """
    if tier not in _STEPS:
        return (float(_BEHIND + tier), 0), (Reason("CL-037", "the four steps do not name it: behind them"),)
    step, within = _STEPS[tier]
    reasons = [Reason("CL-037", f"step {step} of the order of a task sequence")]
    if tier is SourceTier.NEIGHBOUR_DP:
        within = _LATEST if minute is None else minute
        known = "nobody said its fallback time" if minute is None else f"fallback time {minute} minutes"
        reasons.append(Reason("CL-038", f"{known}: the shortest comes first, and none is waited for"))
    return (float(step), within), tuple(reasons)


@decides("CL-040")
def find_deployment_bar(tier: SourceTier, deployment: DeploymentOptions) -> Reason | None:
    """Why a task sequence may not use a source of a tier; None when it may."""
    if tier is SourceTier.NEIGHBOUR_DP and not deployment.remote_dp:
        return Reason("CL-040", "the deployment does not let its task sequence use a remote distribution point")
    if tier is SourceTier.DEFAULT_GROUP_DP and not deployment.default_group_dp:
        return Reason("CL-040", "the deployment does not let its task sequence use the default site boundary group")
    return None


@decides("CL-039")
def find_fetcher(content: ContentReference, order: SourceOrder) -> tuple[SourceOrder, Reason | None]:
    """Whose order of sources counts: what a task sequence installs as an application or update the client fetches.

    Args:
        content: What is wanted; an application is told from a package by its identifier.
        order: Whose order was asked for.

    Returns:
        The order, and why it is another one than was asked for; None where it is that.
    """
    is_own = content.kind is ContentKind.PACKAGE and len(content.id) == _PACKAGE_ID
    if order is not SourceOrder.TASK_SEQUENCE or is_own:
        return order, None
    what = "an update" if content.kind is ContentKind.UPDATE else "the content of an application"
    text = f"{what} is fetched by the client, also in a task sequence: in its order, and waiting for fallback times"
    return SourceOrder.CLIENT, Reason("CL-039", text)
