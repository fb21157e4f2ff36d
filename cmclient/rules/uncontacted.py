"""Site systems that no client contacts, whatever its kind, and why: asked for one, the answer is this sentence."""

from collections.abc import Mapping

from ..model.decision import Reason
from ..model.rule import decides

__all__ = ["UNCONTACTED_ROLES", "explain_uncontacted"]

UNCONTACTED_ROLES: Mapping[str, Reason] = {
    "rsp": Reason("RP-001", "a reporting services point is for people who read reports; no client ever looks for one"),
    "cmg-connection-point": Reason(
        "RP-008", "a connection point of a gateway is between the gateway and the site; clients talk to the gateway"
    ),
    "enrollment-point": Reason(
        "RP-009", "an enrollment point is called by the enrollment proxy point alone; devices talk to that one"
    ),
}
"""By the word of the command line."""


@decides("RP-001", "RP-008", "RP-009")
def explain_uncontacted(role: str) -> Reason | None:
    """Say why a role is never located; None for one that is."""
    return UNCONTACTED_ROLES.get(role)
