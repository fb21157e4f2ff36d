"""This client as the choice of sources looks at it, by its settings."""

from .accounts import has_account
from .config import ClientConfig
from .model.facts import NetworkFacts
from .model.sources import SourceOrder
from .rules.source_client import SourceClient
from .world import World

__all__ = ["content_client_of"]


def content_client_of(
    config: ClientConfig, world: World, facts: NetworkFacts, order: SourceOrder, *, opens_shares: bool = False
) -> SourceClient:
    """The client; what a deployment and boundary groups say is left to whoever knows them.

    Args:
        config: The settings.
        world: The ports; for its certificate.
        facts: What is known of it.
        order: Whose order of sources it keeps to.
        opens_shares: Network shares can be opened here.
    """
    return SourceClient(
        facts=facts,
        order=order,
        has_certificate=config.use_pki_cert and world.certificate is not None,
        has_account=has_account(config),
        may_use_http=config.allow_http,
        may_use_smb=opens_shares,
        may_use_cloud=config.cloud_content,
        is_internet_based=config.internet_mp is not None,
    )
