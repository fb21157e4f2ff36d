"""Intranet, internet or unknown."""

from ..model.decision import Reason
from ..model.facts import NetworkFacts, NetworkLocation

__all__ = ["find_location"]


def find_location(facts: NetworkFacts, *, given: NetworkLocation | None) -> tuple[NetworkLocation, Reason]:
    """Say where the client is, from what is known before a management point was asked.

    Args:
        facts: With the domain controllers that answered.
        given: What a person said; None to find out.

    Returns:
        The location and why. UNKNOWN when nothing proves either: then a management point that answers decides.
    """
    if facts.always_internet:
        return NetworkLocation.INTERNET, Reason("NET-003", "set up for the internet only")
    if given is not None:
        return given, Reason("CF-001", f"given: {given.value}")
    if facts.domain_controllers:
        first = facts.domain_controllers[0].host
        return NetworkLocation.INTRANET, Reason("NET-001", f"the domain controller {first} answered")
    return NetworkLocation.UNKNOWN, Reason("NET-006", "no domain controller was reached; the intranet is tried first")
