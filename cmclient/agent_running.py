"""An errand of an agent while it is under way."""

from collections.abc import Callable
from typing import NamedTuple

from .errands import SiteErrands
from .model.agent import Errand
from .model.endpoints import Endpoint
from .model.facts import NetworkLocation
from .model.lease import EffectKind
from .racing import CancelSignal

__all__ = ["Running"]


class Running(NamedTuple):
    """An errand under way.

    Attributes:
        errand: Which one.
        run: Its number.
        signal: Breaks it off.
        since: When it began, in seconds of the monotonic clock.
        asks: What of the lease's wishes it is for.
    """

    errand: Errand
    run: int
    signal: CancelSignal
    since: float
    asks: frozenset[EffectKind]

    def work(self, errands: SiteErrands, endpoint: Endpoint | None, where: NetworkLocation) -> Callable[[], object]:
        """The errand as a function; it looks at nothing that the loop changes.

        Args:
            errands: Who goes.
            endpoint: The management point in use; None while there is none.
            where: Where the client is.
        """
        run, signal = self.run, self.signal
        if self.errand is Errand.LOCATE:
            return lambda: errands.locate(run, signal)
        if self.errand is Errand.ASSIGN:
            return lambda: errands.assign(run, signal)
        if self.errand is Errand.PROBE and endpoint is not None:
            return lambda: errands.probe(endpoint, where, signal)
        return lambda: errands.gather(signal)
