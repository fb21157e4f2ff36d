"""What a client is to its sources: what it can do, what it may do, what its boundary groups want."""

from typing import NamedTuple

from ..model.content import ContentKind, ContentOptions
from ..model.decision import Reason
from ..model.facts import ClientKind, Membership, NetworkFacts, NetworkLocation
from ..model.names import SiteCode
from ..model.rule import decides
from ..model.sources import DeploymentOptions, SourceOrder

__all__ = ["SourceClient", "find_peer_bar", "wanted_options"]


class SourceClient(NamedTuple):
    """A client that looks for content.

    Attributes:
        facts: What is known of it.
        order: Whose order of sources it keeps to.
        deployment: What the deployment lets it do.
        has_certificate: It has a PKI client certificate that it may use.
        has_account: It has an account that distribution points know: its computer's, or a network access account.
        takes_tokens: It can get access tokens for content, and use them.
        may_use_http: HTTP is allowed at all.
        may_use_smb: Network shares can be opened, by the operating system or otherwise.
        may_use_cloud: Cloud sources are (the client setting "Allow access to cloud distribution point").
        is_internet_based: It is set up for internet-based client management (IBCM).
        prefer_dps_over_peers: A boundary group of it puts distribution points before peers of the same subnet.
        prefer_cloud: A boundary group of it puts cloud sources first.
        default_group_minutes: Minutes after which the last distribution points join; None when nobody said.
        assigned_site: Its site; None when it is not known.
    """

    facts: NetworkFacts
    order: SourceOrder = SourceOrder.CLIENT
    deployment: DeploymentOptions = DeploymentOptions()
    has_certificate: bool = False
    has_account: bool = False
    takes_tokens: bool = False
    may_use_http: bool = True
    may_use_smb: bool = False
    may_use_cloud: bool = False
    is_internet_based: bool = False
    prefer_dps_over_peers: bool = False
    prefer_cloud: bool = False
    default_group_minutes: int | None = None
    assigned_site: SiteCode | None = None

    @property
    def on_internet(self) -> bool:
        """It is on the internet."""
        return self.facts.network_location is NetworkLocation.INTERNET

    @property
    def is_workgroup(self) -> bool:
        """It is joined to no domain."""
        return self.facts.membership is Membership.WORKGROUP


@decides("CF-033")
def find_peer_bar(client: SourceClient) -> Reason | None:
    """Why a client gets nothing from peers because of what it is; None for a Windows computer, in a domain or not."""
    if client.facts.client_kind is ClientKind.WINDOWS:
        return None
    return Reason("CF-033", f"a client of kind {client.facts.client_kind.value} takes no part in peer cache")


@decides("CL-044", "NET-025", "NET-026", "CL-031")
def wanted_options(client: SourceClient, kind: ContentKind, *, allow_peers: bool) -> ContentOptions:
    """What a client asks a site for: no kind of source that it would not use.

    Args:
        client: Who asks.
        kind: What the content is wanted for.
        allow_peers: All of its boundary groups allow peer downloads, or nobody said that one does not.
    """
    from_microsoft = client.deployment.microsoft_update or (client.on_internet and client.is_internet_based)
    return ContentOptions(
        distribute_on_demand=client.deployment.distribute_on_demand,
        cloud=client.may_use_cloud,
        microsoft_update=from_microsoft and kind is ContentKind.UPDATE,
        internet=client.on_internet,
        http=client.may_use_http and not client.on_internet,
        smb=client.may_use_smb and not client.on_internet,
        peers=allow_peers and not client.on_internet and find_peer_bar(client) is None,
        tokens=client.takes_tokens,
    )
