"""The table of states: every topic and state id that a fallback status point takes, and what it says."""

from collections.abc import Iterable
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.rule import decides
from ..model.state import Priority, TopicType
from .deployment_states import ASSIGNMENT_STATES, ASSIGNMENT_TOPIC

__all__ = ["STATES", "TOPIC_NAMES", "State", "find_topic_name", "require_state"]

_NEAR = 5  # states that are suggested for one that does not exist
_PROGRESS_ONLY = range(101, 200)
_FAILURES = (range(301, 400), range(601, 700))
_DOCUMENTED = "documentation"
_OTHERWISE = {311: "documentation; the SDK calls it a prerequisite that could not be installed"}


class State(NamedTuple):
    """A state.

    Attributes:
        topic: The topic type that the id belongs to.
        id: The state id.
        meaning: What it says, in words.
        source: Who says so.
    """

    topic: TopicType
    id: int
    meaning: str
    source: str = _DOCUMENTED

    @property
    def priority(self) -> Priority:
        """How urgent it is: failures before all else, mere progress last."""
        if self.topic is TopicType.CLIENT_DEPLOYMENT:
            if any(self.id in ids for ids in _FAILURES):
                return Priority.HIGH
            return Priority.LOW if self.id in _PROGRESS_ONLY else Priority.MEDIUM
        return Priority.HIGH if (self.topic, self.id) in _BAD else Priority.MEDIUM


_BAD = frozenset({(TopicType.CLIENT_COMMUNICATION, 2), (TopicType.LOCAL_CERTIFICATE, 2), (TopicType.CLIENT_HEALTH, 2)})

_DEPLOYMENT = {
    100: "client deployment started",
    101: "waiting for the download",
    102: "deployment scheduled for later",
    103: "waiting for a service window",
    104: "deployment skipped",
    301: "client deployment failed for an unknown reason",
    302: "ccmsetup service could not be created",
    303: "ccmsetup service could not be removed",
    304: "embedded write filter active on the system drive",
    305: "native mode not valid on Windows 2000",
    306: "download could not be started",
    307: "bad command line",
    308: "download of a file over plain HTTP failed (an address goes with it)",
    309: "download over BITS failed (an address goes with it)",
    310: "BITS could not be installed",
    311: "the signature of a prerequisite file could not be checked",
    312: "disk full while copying",
    313: "client.msi failed (an MSI error goes with it)",
    314: "ccmsetup.xml manifest could not be loaded",
    315: "no client certificate",
    316: "prerequisite file is not signed by Microsoft",
    317: "reboot needed before going on",
    318: "management point host and client versions do not match",
    319: "operating system or service pack not supported",
    320: "deployment not supported",
    321: "BITS missing",
    322: "source folder not available",
    323: "App-V version not supported",
    324: "wrong site version",
    325: "prerequisite hash does not match the manifest",
    326: "MDM deregistration failed",
    327: "MDM registration found",
    328: "Intune found",
    329: "metered network not allowed",
    400: "client deployment succeeded",
    401: "client deployment succeeded and a reboot is due",
    402: "client deployment succeeded and the reboot is done",
}
_OTHERS = {
    TopicType.BRANCH_DISTRIBUTION_POINT: {1: "branch distribution point disk space"},
    TopicType.CLIENT_COMMUNICATION: {
        1: "talking to the management point works",
        2: "talking to the management point fails",
    },
    TopicType.LOCAL_CERTIFICATE: {
        1: "client certificate read from the local store",
        2: "client certificate could not be read from the local store",
    },
    TopicType.MODE_READINESS: {1: "client not ready for native mode", 2: "client ready for native mode"},
    TopicType.CLIENT_HEALTH: {1: "client health check succeeded", 2: "client health check did not succeed"},
}


@decides("FS-020", "FS-021", "FS-022", "FS-023", "FS-024", "FS-025", "FS-026", "FS-027", "FS-028")
def _all_states() -> dict[tuple[int, int], State]:
    deployment = TopicType(ASSIGNMENT_TOPIC)
    states = [
        State(deployment, id_, meaning, _OTHERWISE.get(id_, _DOCUMENTED))
        for id_, meaning in (_DEPLOYMENT | ASSIGNMENT_STATES).items()
    ]
    states += [State(topic, id_, meaning) for topic, ids in _OTHERS.items() for id_, meaning in ids.items()]
    return {(state.topic, state.id): state for state in states}


STATES = _all_states()
"""Every state by topic type and state id, in order."""

TOPIC_NAMES: dict[TopicType, str] = {
    TopicType.CLIENT_DEPLOYMENT: "client deployment and site assignment",
    TopicType.BRANCH_DISTRIBUTION_POINT: "branch distribution point",
    TopicType.CLIENT_COMMUNICATION: "client and management point",
    TopicType.LOCAL_CERTIFICATE: "client and its certificate",
    TopicType.MODE_READINESS: "readiness for native mode",
    TopicType.CLIENT_HEALTH: "client health",
}
"""What each topic is about, in words."""

_UPDATE_TOPICS = (range(300, 303), range(400, 403), range(500, 502))


def find_topic_name(topic: int) -> str | None:
    """What a topic is about, also one that a fallback status point does not take; None for one that nobody named."""
    if topic in TOPIC_NAMES:
        return TOPIC_NAMES[TopicType(topic)]
    return "software updates" if any(topic in some for some in _UPDATE_TOPICS) else None


@decides("FS-036")
def require_state(topic: int, id_: int) -> State:
    """The state of a topic type and a state id.

    Raises:
        InvalidValueError: There is no such topic, or it has no such state; the reason lists near ones. So is state 0,
            which says of any topic that its state is not known: nobody reports that.
    """
    state = STATES.get((topic, id_))
    if state is not None:
        return state
    if topic not in TOPIC_NAMES:
        named = find_topic_name(topic)
        other = f"it is about {named}, of which a fallback status point is not told; " if named else ""
        known = ", ".join(f"{one.value} ({name})" for one, name in TOPIC_NAMES.items())
        raise InvalidValueError("topic", topic, f"{other}topics are {known}")
    ids = [one.id for one in STATES.values() if one.topic == topic]
    near = sorted(_nearest(ids, id_))
    listed = "; ".join(f"{one} {STATES[topic, one].meaning}" for one in near)
    nothing = "" if id_ else "0 says that the state is not known, which nobody reports; "
    raise InvalidValueError(f"state of topic {topic}", id_, f"{nothing}near ones are {listed}")


def _nearest(ids: Iterable[int], id_: int) -> list[int]:
    return sorted(ids, key=lambda one: (abs(one - id_), one))[:_NEAR]
