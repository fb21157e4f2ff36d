"""The root of every exception; the tree is in ``errors``."""

from typing import ClassVar

from .disposition import Disposition

__all__ = ["CmClientError"]


class CmClientError(Exception):
    """The root of every exception that cmclient raises.

    Attributes:
        message: One sentence: what happened, to what.
        hint: What a person can do next; empty when there is nothing sensible to say.
        code: Stable kebab-case identifier of the class.
        disposition: What a caller with more than one server does next.
    """

    code: ClassVar[str] = "error"
    disposition: ClassVar[Disposition] = Disposition.GIVE_UP

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
