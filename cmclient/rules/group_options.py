"""The options of a client that is in several boundary groups, and what counts as a cloud source."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple

from ..model.decision import Reason
from ..model.groups import BoundaryGroup, GroupOptions
from ..model.rule import decides

__all__ = ["ClientOption", "ClientOptions", "CloudSource", "cloud_sources", "combine_options"]


class ClientOption(NamedTuple):
    """An option as it counts for a client, and why."""

    is_on: bool
    reason: Reason


class ClientOptions(NamedTuple):
    """What the options of a client's boundary groups come to.

    Attributes:
        allow_peers: Peers of its groups are sources of content.
        peers_in_subnet_only: Only those in its own subnet are.
        prefer_dps_over_peers: Distribution points come before peers of its subnet.
        prefer_cloud: Cloud sources come before on-premises ones.
        peer_groups: Identifiers of the groups whose members are peers, which are its Delivery Optimization groups
            too; empty when peers are off.
    """

    allow_peers: ClientOption
    peers_in_subnet_only: ClientOption
    prefer_dps_over_peers: ClientOption
    prefer_cloud: ClientOption
    peer_groups: tuple[str, ...]


class CloudSource(Enum):
    """The two kinds of cloud source (BG-056)."""

    CLOUD_MANAGEMENT_GATEWAY = "cmg"
    MICROSOFT_UPDATE = "microsoft-update"


def combine_options(groups: Iterable[BoundaryGroup]) -> ClientOptions:
    """Combine the options of all boundary groups that serve a client.

    Args:
        groups: Those that hold it, else the default group that serves it.

    Returns:
        Peers by what all groups allow, the others by what any group asks for. Without any group everything is off.
    """
    served = tuple(groups)
    peers = _peers(served)
    return ClientOptions(
        allow_peers=peers,
        peers_in_subnet_only=_in_subnet(served, peers),
        prefer_dps_over_peers=_any_on(served, "BG-053", lambda options: options.prefer_dps_over_peers),
        prefer_cloud=_any_on(served, "BG-055", lambda options: options.prefer_cloud),
        peer_groups=tuple(group.id for group in served) if peers.is_on else (),
    )


@decides("BG-051")
def _peers(groups: tuple[BoundaryGroup, ...]) -> ClientOption:
    if not groups:
        return ClientOption(is_on=False, reason=Reason("BG-050", "off: in no boundary group, whose members were peers"))
    off = [group.name for group in groups if not group.options.allow_peers]
    if off:
        return ClientOption(is_on=False, reason=Reason("BG-051", f"off in {', '.join(off)}, so off for the client"))
    return ClientOption(is_on=True, reason=Reason("BG-050", f"on in {_names(groups)}"))


@decides("BG-052")
def _in_subnet(groups: tuple[BoundaryGroup, ...], peers: ClientOption) -> ClientOption:
    if not peers.is_on:
        return ClientOption(is_on=False, reason=Reason("BG-052", "of no effect: peer downloads are off"))
    return _any_on(groups, "BG-052", lambda options: options.peers_in_subnet_only)


def _any_on(groups: tuple[BoundaryGroup, ...], rule: str, reads: Callable[[GroupOptions], bool]) -> ClientOption:
    on = [group.name for group in groups if reads(group.options)]
    if on:
        return ClientOption(is_on=True, reason=Reason(rule, f"on in {', '.join(on)}"))
    return ClientOption(is_on=False, reason=Reason(rule, f"off in {_names(groups)}" if groups else "off: in no group"))


def _names(groups: tuple[BoundaryGroup, ...]) -> str:
    return ", ".join(group.name for group in groups)


@decides("BG-056")
def cloud_sources(*, for_content: bool, allows_microsoft_update: bool) -> tuple[CloudSource, ...]:
    """Name the cloud sources that count.

    Args:
        for_content: Content is wanted; policy otherwise, which only a gateway has.
        allows_microsoft_update: The deployment lets clients go to Microsoft Update.
    """
    if for_content and allows_microsoft_update:
        return CloudSource.CLOUD_MANAGEMENT_GATEWAY, CloudSource.MICROSOFT_UPDATE
    return (CloudSource.CLOUD_MANAGEMENT_GATEWAY,)
