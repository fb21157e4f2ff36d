"""When an agent whose client has no site looks for one."""

import logging

from .assign import AssignmentReport
from .model.decision import Location
from .model.rule import decides
from .ports import Clock
from .rules.timing import ASSIGNMENT_RETRY

__all__ = ["SitePlan"]

_log = logging.getLogger(__name__)


class SitePlan:
    """Says when the assigned site is to be looked for.

    Args:
        clock: The time.

    Attributes:
        at: When, in seconds of the monotonic clock; None while it is not to be.
    """

    def __init__(self, clock: Clock) -> None:
        self.at: float | None = None
        self._clock = clock
        self._looked_at: float | None = None

    @decides("SA-008")
    def follow(self, location: Location, *, finds_site: bool) -> None:
        """A client without a site looks for one, and again every ten minutes as long as the rules let it.

        Args:
            location: What the last location request found, or that it found nothing.
            finds_site: Whether that is an errand of its own.
        """
        if location.decision.policy.assigned_site is not None or not finds_site:
            self.at = None
        elif self.at is None:
            now, last = self._clock.monotonic(), self._looked_at
            self.at = now if last is None else max(now, last + ASSIGNMENT_RETRY)

    @decides("SA-008")
    def conclude(self, report: AssignmentReport | None) -> bool:
        """Plan the next look by what came of one; None when it failed. Returns whether there is a site now."""
        now = self._clock.monotonic()
        self._looked_at = now
        if report is None:
            self.at = now + ASSIGNMENT_RETRY
            return False
        if report.decision.site is not None:
            _log.info("assigned to site %s", report.decision.site, extra={"event": "agent.assigned"})
            return True
        if report.decision.retry_seconds is not None:
            self.at = now + report.decision.retry_seconds
        return False
