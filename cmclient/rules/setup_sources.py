"""Where client setup takes its files from: distribution points, then the management point, then folders."""

from collections.abc import Iterator, Sequence

from ..model.client_setup import SetupPlan
from ..model.content import ContentLocations
from ..model.decision import Reason
from ..model.endpoints import Endpoint, Scheme
from ..model.rule import decides
from ..model.sources import (
    ContentSource,
    PlannedSource,
    RejectedSource,
    SourceAddress,
    SourceOrder,
    SourcePlan,
    SourceTier,
)
from .choose import SeededChooser
from .device_sources import find_kind_bar
from .edition import CATALOGUE_VERSION
from .source_client import SourceClient
from .sources import plan_sources
from .timing import SETUP_CLOUD_WAIT, SETUP_POINT_WAIT

__all__ = ["CLIENT_FOLDER", "plan_folders", "plan_setup_sources"]

CLIENT_FOLDER = "/CCM_Client"
"""Where a management point keeps the files of client setup."""

_PEERS = frozenset({SourceTier.PEER_IN_SUBNET, SourceTier.PEER_IN_GROUP})


def plan_setup_sources(
    answer: ContentLocations,
    point: Endpoint,
    client: SourceClient,
    search: SetupPlan,
    *,
    chooser: SeededChooser,
) -> SourcePlan:
    """Put the sources of client setup in order.

    Args:
        answer: What the management point said of the client package.
        point: That management point.
        client: Who asks.
        search: How setup looks; its folders are the last resort.
        chooser: Chance, for sources that the rules call equal.

    Returns:
        Distribution points, all of them at once; the management point when there is none, or four hours later; then the
        folders, for when no management point is there any more.
    """
    plan = plan_sources(None, answer, client._replace(order=SourceOrder.CLIENT_SETUP), chooser=chooser, bar=_find_bar)
    opens_after, why_point = _point_opening(point, plan.ranked)
    source = ContentSource(SourceTier.MANAGEMENT_POINT, (SourceAddress(point, CLIENT_FOLDER),), point.host)
    bar = _find_point_bar(point, client)
    if bar is None:
        ranked: tuple[PlannedSource, ...] = (PlannedSource(source, opens_after, (why_point,)),)
        rejected: tuple[RejectedSource, ...] = ()
    else:
        ranked, rejected = (), (RejectedSource(source, (bar,)),)
    after = Reason("CI-004", "a folder is taken when no management point is left that has the files")
    return plan._replace(
        ranked=(*plan.ranked, *ranked, *_folders(search.paths, opens_after, after)),
        rejected=(*plan.rejected, *rejected),
        notes=(*plan.notes, Reason("CI-012", "client setup does not wait for fallback times")),
        retry=search.retry,
    )


@decides("CI-002", "CI-003", "CI-006")
def plan_folders(search: SetupPlan, why: Reason) -> SourcePlan:
    """The folders alone: for those who gave nothing else, and where no management point was found.

    Args:
        search: How setup looks; of its folders one that lacks the files is left for the next.
        why: Why there is nothing else.
    """
    return SourcePlan(
        None,
        SourceOrder.CLIENT_SETUP,
        tuple(_folders(search.paths, 0.0, why)),
        catalogue=CATALOGUE_VERSION,
        retry=search.retry,
    )


@decides("CI-005")
def _folders(paths: Sequence[str], opens_after: float, why: Reason) -> Iterator[PlannedSource]:
    for path in paths:
        source = ContentSource(SourceTier.SOURCE_PATH, (SourceAddress(None, path),))
        yield PlannedSource(source, opens_after, (why, Reason("CI-005", "it is read as a folder, or over SMB")))


def _find_bar(source: ContentSource, client: SourceClient) -> Reason | None:
    """Peers serve installed clients; a machine that is none yet cannot prove itself to them."""
    if source.tier in _PEERS:
        return Reason("CI-009", "client setup takes files from distribution points")
    return find_kind_bar(source, client, is_installing=True)


@decides("CI-018")
def _find_point_bar(point: Endpoint, client: SourceClient) -> Reason | None:
    if point.scheme is Scheme.HTTP and not client.may_use_http:
        return Reason("CI-018", f"{point} is HTTP, which a setting forbids")
    return None


@decides("CI-009", "CI-010", "CI-014")
def _point_opening(point: Endpoint, sources: Sequence[PlannedSource]) -> tuple[float, Reason]:
    """When the management point itself may be used, and why: as long as others are there, they are tried before it.

    A gateway that holds content is a cloud source of its own, and is tried as long before it stands in as the
    management point behind it.
    """
    if not sources:
        return 0.0, Reason("CI-009", "no distribution point was named: the management point itself")
    if point.gateway is not None and any(one.source.tier is SourceTier.CLOUD for one in sources):
        text = f"the gateway itself, when {_hours(SETUP_CLOUD_WAIT)} of its content in the cloud gave nothing"
        return SETUP_CLOUD_WAIT, Reason("CI-014", text)
    text = f"the management point itself, when {_hours(SETUP_POINT_WAIT)} of distribution points gave nothing"
    return SETUP_POINT_WAIT, Reason("CI-010", text)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.0f} h"
