"""Things that come into being when they are first used: what a run does not need costs it nothing, no import either."""

from collections.abc import Callable
from threading import Lock
from typing import Any

__all__ = ["Deferred"]


class Deferred:
    """Stands for an object that is made when an attribute of it is first asked for. Safe to use from several threads.

    Args:
        make: Makes it; called once.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the object has
        """An attribute of the object, which is made now if it was not before."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)

    def close(self) -> None:
        """Close the object if it came into being and can be closed."""
        close = getattr(self._made, "close", None)
        if close is not None:
            close()
