"""Whether there is an account to log in to servers with."""

from .config import ClientConfig
from .model.rule import decides

__all__ = ["has_account"]


@decides("CF-030")
def has_account(config: ClientConfig) -> bool:
    """Whether the settings give an account to log in with, which is what a network access account is."""
    return config.http_user is not None or config.http_keytab is not None
