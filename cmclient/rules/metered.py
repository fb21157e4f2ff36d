"""What a client may do on a metered connection.

connection        setting   user asked   action                                 allowed
not metered, or   any       any          any                                    yes
nobody said
metered           any       yes          any                                    yes (CF-026)
metered           block     no           any                                    no  (CF-023)
metered           limit     no           the four actions and what they need    yes (CF-025)
metered           limit     no           anything else                          no  (CF-025)
metered           allow     no           any, on a roaming data connection      no  (CF-024)
metered           allow     no           any, elsewhere                         yes (CF-023)
"""

from enum import Enum

from ..model.decision import Purpose, Reason
from ..model.facts import NetworkFacts
from ..model.rule import decides
from ..model.settings import MeteredUse

__all__ = ["MeteredAction", "action_of", "find_metered_bar"]


class MeteredAction(Enum):
    """What a client wants to talk to its site for."""

    POLICY = "fetching policy"
    STATE_MESSAGES = "sending state messages"
    SOFTWARE_CENTER = "requesting an install from Software Center"
    REQUIRED_AT_DEADLINE = "getting what a required deployment needs at its deadline"
    REGISTRATION = "registering"
    ASSIGNMENT = "finding its site"
    OTHER = "anything else"


_LIMITED = {
    MeteredAction.POLICY,
    MeteredAction.STATE_MESSAGES,
    MeteredAction.SOFTWARE_CENTER,
    MeteredAction.REQUIRED_AT_DEADLINE,
}

_OF_PURPOSE = {
    Purpose.POLICY: MeteredAction.POLICY,
    Purpose.REGISTRATION: MeteredAction.REGISTRATION,
    Purpose.LOCATION: MeteredAction.OTHER,
}


def action_of(purpose: Purpose) -> MeteredAction:
    """The action that a management point is wanted for; locating one is allowed as far as that action is (Q-34)."""
    return _OF_PURPOSE.get(purpose, MeteredAction.OTHER)


@decides("CF-023", "CF-024", "CF-025", "CF-026")
def find_metered_bar(
    setting: MeteredUse, facts: NetworkFacts, action: MeteredAction, *, user_asked: bool = False
) -> Reason | None:
    """Why a metered connection keeps the client from talking to its site; None when it does not.

    Args:
        setting: What the client may do on a metered connection.
        facts: Whether the connection is metered, or a roaming one. What nobody said bars nothing: few systems tell.
        action: What it wants to do; a location request is judged by what it is for.
        user_asked: Whether a person asked for it.
    """
    if not facts.metered_network or user_asked:
        return None
    if setting is MeteredUse.BLOCK:
        return Reason("CF-023", "the connection is metered, and the setting metered blocks all traffic to the site")
    if setting is MeteredUse.LIMIT and action not in _LIMITED:
        return Reason("CF-025", f"the connection is metered, and under its limit {action.value} is not permitted")
    if setting is MeteredUse.ALLOW and facts.roaming_network:
        return Reason("CF-024", "the connection is metered and a roaming data connection")
    return None
