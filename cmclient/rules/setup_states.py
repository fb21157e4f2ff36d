"""Which deployment states say that client setup did not get its files.

what went wrong                                           state   goes with it
a file differs from the hash in the manifest              325     -
the list of files, the manifest, cannot be read           314     -
the disk is full                                          312     -
no client certificate that can be used                    315     -
a web server does not give a file                         308     the address
a folder does not give a file                             322     -
anything else                                             301     -

Nothing is fetched over BITS, so 309 never comes about; and no signature is looked at, so neither do 311 and 316.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..model.rule import decides
from ..model.state import StateMessage, TopicType
from .reporting import plan_deployment
from .states import State

__all__ = ["MOST_TROUBLES", "SetupTrouble", "StateWithParameters", "leave_out_repeated", "plan_setup_states"]

MOST_TROUBLES = 10  # of one run: a source that is asked for a week again and again must not fill the queue

_UNKNOWN, _DOWNLOAD_FAILED, _FOLDER_MISSING = 301, 308, 322
_BY_CODE = {
    "disk-full": 312,
    "client-certificate": 315,
    "hash-mismatch": 325,
    "listing": 314,
    "unsafe-name": 314,
    "malformed-reply": 314,
    "unsafe-xml": 314,
    "protocol": 314,
}
_NOT_TRIED = frozenset({"not-asked", "cancelled"})

StateWithParameters = tuple[State, tuple[str, ...]]
"""A state, and the texts that go with it."""


class SetupTrouble(NamedTuple):
    """What went wrong while the files of client setup were fetched.

    Attributes:
        code: The ``code`` of the error.
        address: The source, a URL or a path; empty where it was no source's fault.
        file: The file, relative to that; empty for the list of files, and for the source as such.
    """

    code: str
    address: str = ""
    file: str = ""


@decides("FS-012")
def plan_setup_states(troubles: Iterable[SetupTrouble]) -> tuple[StateWithParameters, ...]:
    """What is reported of client setup that did not get its files.

    Args:
        troubles: What went wrong, in order. Those that say the same count once, and none that was not really tried.

    Returns:
        That it started, then the failures in order, ``MOST_TROUBLES`` at most, the last ones; never empty. Setup that
        got its files reports for itself, when it is run.
    """
    tried = [one for one in troubles if one.code not in _NOT_TRIED] or [SetupTrouble("")]
    failures = list(dict.fromkeys(map(_state_of, tried)))[-MOST_TROUBLES:]
    states = plan_deployment([id_ for id_, _ in failures], installed=None)
    return tuple(zip(states, ((), *(parameters for _, parameters in failures)), strict=True))


def leave_out_repeated(messages: Sequence[StateMessage], waiting: Iterable[StateMessage]) -> Sequence[StateMessage]:
    """What of a run's messages is put into the queue: the last one alone where the same run waits there already.

    A script that tries again and again while nobody listens would fill the queue otherwise.

    Args:
        messages: Of this run, in order; never empty.
        waiting: What waits, in order.
    """
    before = [one for one in waiting if one.topic == TopicType.CLIENT_DEPLOYMENT][-len(messages) :]
    is_same = len(before) == len(messages) and all(map(StateMessage.says_the_same_as, messages, before))
    return messages[-1:] if is_same else messages


def _state_of(trouble: SetupTrouble) -> tuple[int, tuple[str, ...]]:
    known = _BY_CODE.get(trouble.code)
    if known is not None:
        return known, ()
    if not trouble.address:
        return _UNKNOWN, ()
    if "://" not in trouble.address:
        return _FOLDER_MISSING, ()
    file = f"/{trouble.file}" if trouble.file else ""
    return _DOWNLOAD_FAILED, (trouble.address.rstrip("/") + file,)
