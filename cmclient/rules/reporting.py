"""Who reports what to a fallback status point, and when.

state                      to the fallback status point
deployment, assignment     always, when there is one (FS-010)
1000/2 communication fails once, when management points were given up; never for one failure (ST-017)
1000/1 it works again      once, after 1000/2 was reported
1001/2 certificate fails   once, when a client certificate is wanted and none can be used (FS-017)
1001/1 it can be read      once, after 1001/2 was reported
anything else              only when no management point takes it (FS-013)
"""

from collections.abc import Iterable, Mapping, Sequence

from ..model.decision import Location
from ..model.http import Outcome
from ..model.lease import EffectKind
from ..model.rule import decides
from ..model.state import TopicType
from .deployment_states import states_of
from .states import STATES, State

__all__ = [
    "find_certificate",
    "find_communication",
    "find_state_of_effect",
    "goes_to_fsp",
    "has_given_up",
    "plan_deployment",
    "plan_states",
]

_DEPLOYMENT_STARTED, _DEPLOYMENT_SUCCEEDED = 100, 400
_GOOD, _BAD = 1, 2  # of communication and of the certificate alike


@decides("FS-010", "FS-013")
def goes_to_fsp(topic: TopicType, *, given_up: bool) -> bool:
    """Whether a state goes to the fallback status point when there is one.

    Args:
        topic: What it is about.
        given_up: Whether management points were given up.
    """
    return given_up or topic in {TopicType.CLIENT_DEPLOYMENT, TopicType.LOCAL_CERTIFICATE}


@decides("ST-017")
def has_given_up(location: Location) -> bool:
    """Whether management points were given up: each eligible one was tried at least once, and none answered.

    A client that looked and found none that it may use has run out of them before it began.
    """
    ranked = location.decision.ranked
    if not ranked:
        return any(report.asked for report in location.sources)
    if any(attempt.outcome is Outcome.ANSWERED for attempt in location.attempts) and location.chosen is not None:
        return False
    failed = {attempt.endpoint for attempt in location.attempts if attempt.outcome is Outcome.FAILED}
    return all(failed.intersection(one.endpoints) for one in ranked)


def plan_states(location: Location, last: Mapping[int, int], *, wants_certificate: bool) -> tuple[State, ...]:
    """What a client reports after it looked for a management point.

    Args:
        location: What was located, or that nothing was.
        last: The state last reported, by topic.
        wants_certificate: Whether the client is set to use a certificate.

    Returns:
        States in the order of their sending; nothing most of the time.
    """
    given_up = has_given_up(location)
    communication = _find_communication(location, given_up=given_up, last=last.get(TopicType.CLIENT_COMMUNICATION))
    certificate = find_certificate(
        wanted=wants_certificate,
        usable=location.decision.policy.can_use_https,
        last=last.get(TopicType.LOCAL_CERTIFICATE),
    )
    return tuple(state for state in (certificate, communication) if state is not None)


@decides("FS-001")
def _find_communication(location: Location, *, given_up: bool, last: int | None) -> State | None:
    if goes_to_fsp(TopicType.CLIENT_COMMUNICATION, given_up=given_up):
        return find_communication(works=False, last=last)
    answered = any(attempt.outcome is Outcome.ANSWERED for attempt in location.attempts)
    return find_communication(works=True, last=last) if answered and location.chosen is not None else None


def find_communication(*, works: bool, last: int | None) -> State | None:
    """What is reported when it is known whether a management point can be reached: a change, and nothing else.

    Args:
        works: Whether one can be.
        last: The state of communication last reported; None when none was.
    """
    return _find_change(TopicType.CLIENT_COMMUNICATION, good=works, last=last)


def _find_change(topic: TopicType, *, good: bool, last: int | None) -> State | None:
    """The bad state unless it was told already; the good one only to whom the bad one was told."""
    if good:
        return STATES[topic, _GOOD] if last == _BAD else None
    return None if last == _BAD else STATES[topic, _BAD]


@decides("FS-017")
def find_certificate(*, wanted: bool, usable: bool, last: int | None) -> State | None:
    """What is reported of the client certificate: that none can be used, or that one can again.

    Args:
        wanted: Whether the client is set to use one.
        usable: Whether one can be used.
        last: The state of the certificate last reported; None when none was.
    """
    return _find_change(TopicType.LOCAL_CERTIFICATE, good=usable, last=last) if wanted else None


def find_state_of_effect(kind: EffectKind, last: int | None) -> State | None:
    """What a client that keeps a lease reports of an effect: that all were given up, or that one answered again.

    Args:
        kind: The effect.
        last: The state of communication last reported; None when none was.
    """
    works = {EffectKind.GAVE_UP: False, EffectKind.RECOVERED: True}
    return find_communication(works=works[kind], last=last) if kind in works else None


@decides("FS-011", "FS-012")
def plan_deployment(
    failures: Sequence[int] = (),
    *,
    installed: int | None = _DEPLOYMENT_SUCCEEDED,
    assignments: Iterable[int | None] = (None,),
) -> tuple[State, ...]:
    """What a client reports of its installation and of its assignment after it.

    Args:
        failures: State ids of what failed in setup, in order.
        installed: How setup ended: 400, or 401 or 402 in its place; None when it failed for good.
        assignments: For each try to assign the client the state id of its failure, None when it succeeded.

    Returns:
        States in order; four of a client that installs and assigns well, more with each failure.
    """
    ids = [_DEPLOYMENT_STARTED, *failures]
    if installed is not None:
        ids.append(installed)
        ids += [state.id for failure in assignments for state in states_of(failure)]
    return tuple(STATES[TopicType.CLIENT_DEPLOYMENT, id_] for id_ in ids)
