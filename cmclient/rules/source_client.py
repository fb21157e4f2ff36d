"""What a client is to its sources: what it can do, what it may do, what its boundary groups want."""

from typing import NamedTuple

from ..model.facts import Membership, NetworkFacts, NetworkLocation
from ..model.sources import DeploymentOptions, SourceOrder

__all__ = ["SourceClient"]


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
        may_use_smb: Network shares are.
        may_use_cloud: Cloud sources are (the client setting "Allow access to cloud distribution point").
        is_internet_based: It is set up for internet-based client management (IBCM).
        prefer_dps_over_peers: A boundary group of it puts distribution points before peers of the same subnet.
        prefer_cloud: A boundary group of it puts cloud sources first.
        default_group_minutes: Minutes after which the last distribution points join; None when nobody said.
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

    @property
    def on_internet(self) -> bool:
        """It is on the internet."""
        return self.facts.network_location is NetworkLocation.INTERNET

    @property
    def is_workgroup(self) -> bool:
        """It is joined to no domain."""
        return self.facts.membership is Membership.WORKGROUP
