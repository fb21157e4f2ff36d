"""What a client reports of its assignment: state ids of topic type 800."""

from ..model.assignment import DeploymentState
from ..model.rule import decides

__all__ = [
    "ASSIGNMENT_STATES",
    "ASSIGNMENT_TOPIC",
    "INVALID_SITE",
    "NEWER_CLIENT",
    "NOT_DISCOVERED",
    "NO_SITE_VERSION",
    "states_of",
]

ASSIGNMENT_TOPIC = 800

INVALID_SITE, NOT_DISCOVERED, NEWER_CLIENT, NO_SITE_VERSION = 602, 606, 607, 608
_STARTED, _SUCCEEDED = 500, 700

ASSIGNMENT_STATES: dict[int, str] = {
    500: "site assignment started",
    601: "site assignment failed for an unknown reason",
    602: "site code invalid",
    603: "assignment to the management point failed",
    604: "no default management point found",
    605: "site signing certificate could not be downloaded",
    606: "automatic site discovery failed",
    607: "client version newer than the site version",
    608: "site version not found in the directory nor by SLP",
    609: "client version could not be read",
    700: "site assignment succeeded",
}
"""Every state id of an assignment, and what it says."""


@decides("SA-036")
def states_of(failure: int | None) -> tuple[DeploymentState, ...]:
    """What is reported of an assignment that was tried: that it started, and how it ended.

    Args:
        failure: The state id of the failure; None when it succeeded.
    """
    ids = (_STARTED, _SUCCEEDED if failure is None else failure)
    return tuple(DeploymentState(one, ASSIGNMENT_STATES[one]) for one in ids)
