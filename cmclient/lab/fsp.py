"""The fallback status point of the lab: takes reports that are right, and only so many in a time."""

from collections import deque
from typing import NamedTuple

from ..errors import InvalidValueError, ProtocolError
from ..model.messages import netbios_name
from ..model.rule import decides
from ..model.state import StateReport
from ..protocol.statexml import FSP_PATH, parse_report
from ..rules.states import require_state
from .description import ReportThrottle

__all__ = ["StatusPoint", "Taken", "is_report_path"]

_OK, _BAD_REQUEST, _NOT_ALLOWED, _UNAVAILABLE = 200, 400, 405, 503


class Taken(NamedTuple):
    """What became of a request.

    Attributes:
        status: The HTTP status.
        note: A line for the journal.
        retry_after: Seconds that the client should wait; 0 for none.
    """

    status: int
    note: str
    retry_after: float = 0.0


def is_report_path(path: str) -> bool:
    """Whether reports are sent there."""
    return path.lower() == FSP_PATH.lower()


@decides("FS-014")
class StatusPoint:
    """One fallback status point. Its caller sees to it that requests come one at a time.

    The product counts what it passes on to the site; the lab counts what it takes, and says so with status 503.
    """

    def __init__(self, throttle: ReportThrottle | None = None) -> None:
        self._throttle = throttle or ReportThrottle()
        self._times: deque[float] = deque()

    def take(self, method: str, body: bytes, now: float) -> Taken:
        """Take a request.

        Args:
            method: The verb.
            body: The report.
            now: The time in seconds, on any clock that does not go back.
        """
        if method != "POST":
            return Taken(_NOT_ALLOWED, f"refused: {method} is no POST")
        wait = self._find_wait(now)
        if wait > 0:
            return Taken(_UNAVAILABLE, f"refused: throttled for {wait:.0f} s", wait)
        try:
            report = parse_report(body)
            states = [require_state(message.topic, message.state) for message in report.messages]
        except (ProtocolError, InvalidValueError) as error:
            return Taken(_BAD_REQUEST, f"refused: {error.message}")
        if report.identity.site is None:
            return Taken(_BAD_REQUEST, "refused: it names no site")
        self._times.append(now)
        said = ", ".join(f"{one} ({state.meaning})" for one, state in zip(report.messages, states, strict=True))
        return Taken(_OK, f"took {said} from {_sender(report)}")

    def _find_wait(self, now: float) -> float:
        """Seconds until there is room again; 0 while there is."""
        while self._times and now - self._times[0] >= self._throttle.seconds:
            self._times.popleft()
        if len(self._times) < self._throttle.most:
            return 0.0
        return self._throttle.seconds - (now - self._times[0])


def _sender(report: StateReport) -> str:
    identity = report.identity
    name = "a client without a name" if identity.host is None else netbios_name(identity.host)
    return f"{name} ({identity.client_id or identity.mac or 'no id'})"
