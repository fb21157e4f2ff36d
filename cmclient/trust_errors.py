"""What can go wrong with the trusted root key, as ``errors`` names it."""

from .disposition import Disposition
from .error_root import CmClientError

__all__ = ["RootKeyError"]


class RootKeyError(CmClientError):
    """A management point did not show the trusted root key; over HTTP nothing else says whose it is.

    Attributes:
        shown: SHA-256 of the key that it showed, in hexadecimal; empty when it showed none.
    """

    code = "root-key"
    disposition = Disposition.NEXT_ENDPOINT

    def __init__(self, message: str, *, shown: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.shown = shown
