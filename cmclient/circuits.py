"""Whom not to ask for a while: what one client remembers of management points that failed.

For location messages alone, which a program may send in a loop. Lists are asked for by location requests and checks,
which are made because something is new; there ``rules.agenda`` says when, and a memory of failures in another network
would leave alone those who work in this one.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from .errors import CmClientError, Disposition, HttpStatusError, NotAskedError, TransportTimeoutError
from .model.endpoints import Endpoint
from .model.http import Deadline
from .ports import Chooser, Clock
from .rules.retry import (
    Circuit,
    abandon_request,
    admit_request,
    classify_failure,
    counts_against_server,
    note_no_answer,
)

__all__ = ["Circuits"]

_T = TypeVar("_T")
_MOST = 1_000  # endpoints that are remembered; a client that runs for months sees many lists


class Circuits:
    """A circuit for each endpoint that failed, in memory. Safe to use from several threads."""

    def __init__(self, clock: Clock, chooser: Chooser) -> None:
        self._clock = clock
        self._chooser = chooser
        self._lock = threading.Lock()
        self._failing: dict[Endpoint, Circuit] = {}

    def ask(self, endpoint: Endpoint, ask: Callable[[], _T], deadline: Deadline) -> _T:
        """Ask an endpoint, unless it failed and its time has not come.

        Args:
            endpoint: The endpoint.
            ask: Asks it, and raises CmClientError when that failed.
            deadline: How long ``ask`` had. One that had too little time says nothing of the endpoint: otherwise a
                hurried client would be a reason to turn from HTTPS to HTTP.

        Raises:
            NotAskedError: It is left alone.
            CmClientError: What ``ask`` raised.
        """
        self._admit(endpoint)
        try:
            answer = ask()
        except CmClientError as error:
            cut_short = isinstance(error, TransportTimeoutError) and deadline.expired
            self._note_failure(endpoint, error, is_telling=not cut_short)
            raise
        except BaseException:
            self._abandon(endpoint)
            raise
        with self._lock:
            self._failing.pop(endpoint, None)
        return answer

    def _admit(self, endpoint: Endpoint) -> None:
        with self._lock:
            now = self._clock.monotonic()
            circuit, admitted = admit_request(self._failing.get(endpoint, Circuit()), now)
            if endpoint in self._failing:
                self._failing[endpoint] = circuit
        if admitted:
            return
        left = max(0.0, (circuit.open_until or now) - now)
        until = "until another request to it has ended" if circuit.probing else f"for another {left:.1f} seconds"
        times = "once" if circuit.failures == 1 else f"{circuit.failures} times in a row"
        raise NotAskedError(
            f"{endpoint} was not asked: it failed {times}, and is left alone {until}", endpoint=str(endpoint)
        )

    def _note_failure(self, endpoint: Endpoint, error: CmClientError, *, is_telling: bool) -> None:
        is_the_servers = error.disposition is not Disposition.GIVE_UP and counts_against_server(classify_failure(error))
        if not (is_telling and is_the_servers):
            self._abandon(endpoint)
            return
        wait = error.retry_after if isinstance(error, HttpStatusError) else None
        with self._lock:
            circuit = self._failing.pop(endpoint, Circuit())
            draw = self._chooser.draw(f"leave alone {endpoint} {circuit.failures}")
            self._failing[endpoint] = note_no_answer(circuit, self._clock.monotonic(), draw, retry_after=wait)
            while len(self._failing) > _MOST:
                del self._failing[next(iter(self._failing))]

    def _abandon(self, endpoint: Endpoint) -> None:
        with self._lock:
            circuit = self._failing.get(endpoint)
            if circuit is not None:
                self._failing[endpoint] = abandon_request(circuit)
