"""A proxy for HTTP."""

from typing import NamedTuple

from .endpoints import Scheme
from .secret import Secret

__all__ = ["ProxyAddress"]


class ProxyAddress(NamedTuple):
    """A proxy, and how it is talked to.

    Attributes:
        scheme: HTTPS for one that is itself reached over TLS.
        host: Its name, or an IP address (IPv6 without brackets).
        port: Its port.
        credentials: ``user:password`` as an address has them; None for none.
    """

    scheme: Scheme
    host: str
    port: int
    credentials: Secret | None = None

    def __str__(self) -> str:
        """Its address, with the credentials masked."""
        return self._written("" if self.credentials is None else "***@")

    def reveal(self) -> str:
        """Its address with the credentials, for the one who connects to it."""
        return self._written("" if self.credentials is None else f"{self.credentials.reveal()}@")

    def _written(self, login: str) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme.value}://{login}{host}:{self.port}"
