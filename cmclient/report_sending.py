"""What one flush of a report queue did so far."""

from .model.reports import DroppedMessage, FlushReport, QueuedMessage, QueueView
from .ports import Cancellation

__all__ = ["Sending"]


class Sending:
    """One flush, while it is under way."""

    def __init__(self, cancellation: Cancellation | None) -> None:
        self.cancellation = cancellation
        self.sent: list[QueuedMessage] = []
        self.dropped: list[DroppedMessage] = []
        self.view = QueueView()
        self.is_over = False
        self._code = ""
        self._problem = ""

    def end(self, code: str, problem: str) -> None:
        """Note what went wrong; the last of it counts."""
        self._code, self._problem = code, problem

    def report(self) -> FlushReport:
        """What came of it. Where the queue could not be read after it, what is left is what was there and not sent."""
        gone = 0 if self.is_over else len(self.sent)
        left = max(0, len(self.view.messages) - gone)
        return FlushReport(
            sent=tuple(self.sent),
            left=left,
            dropped=tuple(self.dropped),
            code=self._code,
            problem=self._problem,
            wait=self.view.wait if left else None,
        )
