"""What it takes to notice that a server asks who we are; ``http_login`` is loaded when one does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ..model.endpoints import Scheme
from ..model.login import Login

__all__ = ["UNAUTHORIZED", "Answered", "FindLogins"]

UNAUTHORIZED = 401

FindLogins = Callable[[Scheme], Sequence[Login]]
"""Finds the logins for a scheme, in the order in which they are tried; may ask a person for a password."""


class Answered(Protocol):
    """A reply, as far as a login looks at it: whole, or with a body that is still to come."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""

    @property
    def trusted(self) -> bool:
        """Whether it came over TLS from a server whose certificate was verified."""
