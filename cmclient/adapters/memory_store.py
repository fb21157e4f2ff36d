"""Stores without a file: one that forgets, and one that takes nothing."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ..model.agent import AgentStatus
    from ..model.decision import Candidate, StoredAssignment
    from ..model.names import HostName
    from ..model.rootkey import StoredRootKey
    from ..model.stored import StoredBoundaryGroups, StoredLease, StoredUpdatePoint
    from ..ports import Store

__all__ = ["ANSWERED_KEPT", "MemoryStore", "ReadOnlyStore"]

ANSWERED_KEPT = 1000  # far more than a hierarchy has; keeps a lying network from growing the store for ever


class MemoryStore:
    """A store that lasts as long as its object. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._mp_list: tuple[Candidate, ...] = ()
        self._answered: dict[HostName, tuple[datetime, Candidate]] = {}
        self._assignment: StoredAssignment | None = None
        self._lease: StoredLease | None = None
        self._status: AgentStatus | None = None
        self._groups: StoredBoundaryGroups | None = None
        self._update_point: StoredUpdatePoint | None = None
        self._root_key: StoredRootKey | None = None

    def load_mp_list(self) -> tuple[Candidate, ...]:
        """The stored MP list, as last replaced; empty when there is none."""
        return self._mp_list

    def replace_mp_list(self, candidates: Iterable[Candidate]) -> None:
        """Replace the stored MP list as a whole."""
        self._mp_list = tuple(candidates)

    def load_answered(self) -> tuple[Candidate, ...]:
        """The management points that have answered, the latest first; the last ``ANSWERED_KEPT`` of them."""
        with self._lock:
            return tuple(candidate for _, candidate in self._latest_first())

    def record_answer(self, candidate: Candidate, when: datetime) -> None:
        """Remember that a management point answered; what was remembered of the same host is replaced."""
        with self._lock:
            self._answered.pop(candidate.mp.host, None)
            self._answered[candidate.mp.host] = (when, candidate)
            for _, old in self._latest_first()[ANSWERED_KEPT:]:
                del self._answered[old.mp.host]

    def load_assignment(self) -> StoredAssignment | None:
        """The site that the client is assigned to; None when there is none."""
        return self._assignment

    def save_assignment(self, assignment: StoredAssignment) -> None:
        """Keep the assignment in place of any other."""
        self._assignment = assignment

    def load_lease(self) -> StoredLease | None:
        """The lease as last kept; None when there is none."""
        return self._lease

    def save_lease(self, stored: StoredLease) -> None:
        """Keep the lease in place of any other."""
        self._lease = stored

    def load_agent_status(self) -> AgentStatus | None:
        """What the last agent said of itself; None when none did."""
        return self._status

    def save_agent_status(self, status: AgentStatus) -> None:
        """Keep what an agent says of itself."""
        self._status = status

    def load_boundary_groups(self) -> StoredBoundaryGroups | None:
        """What the last location reply said of the client's boundary groups; None when none did."""
        return self._groups

    def save_boundary_groups(self, stored: StoredBoundaryGroups) -> None:
        """Keep what a location reply said of the client's boundary groups."""
        self._groups = stored

    def load_update_point(self) -> StoredUpdatePoint | None:
        """The software update point that the client scans with; None when there is none."""
        return self._update_point

    def save_update_point(self, stored: StoredUpdatePoint) -> None:
        """Keep the software update point that the client scans with."""
        self._update_point = stored

    def load_root_key(self) -> StoredRootKey | None:
        """The trusted root key that is kept; None when none is."""
        return self._root_key

    def keep_root_key(self, stored: StoredRootKey, *, replaces: bool) -> None:
        """Keep a trusted root key; one that is kept already stays, unless this one replaces it."""
        with self._lock:
            if replaces or self._root_key is None:
                self._root_key = stored

    def drop_root_key(self) -> None:
        """Forget the trusted root key that is kept."""
        self._root_key = None

    def _latest_first(self) -> list[tuple[datetime, Candidate]]:
        newest_first = list(reversed(self._answered.values()))  # which decides between equal times
        newest_first.sort(key=lambda entry: entry[0], reverse=True)
        return newest_first


class ReadOnlyStore:
    """Another store whose writes do nothing: a what-if reads at most.

    Args:
        inner: The store that is read. A ``SqliteStore`` should be one with ``read_only=True``, which does not even
            repair or upgrade its file.
    """

    def __init__(self, inner: Store) -> None:
        self._inner = inner

    def load_mp_list(self) -> tuple[Candidate, ...]:
        """The stored MP list of the other store.

        Raises:
            StoreError: It cannot be read.
        """
        return self._inner.load_mp_list()

    def replace_mp_list(self, candidates: Iterable[Candidate]) -> None:
        """Do nothing."""

    def load_answered(self) -> tuple[Candidate, ...]:
        """The management points that have answered, from the other store.

        Raises:
            StoreError: It cannot be read.
        """
        return self._inner.load_answered()

    def record_answer(self, candidate: Candidate, when: datetime) -> None:
        """Do nothing."""

    def load_assignment(self) -> StoredAssignment | None:
        """The assignment in the other store.

        Raises:
            StoreError: It cannot be read.
        """
        return self._inner.load_assignment()

    def save_assignment(self, assignment: StoredAssignment) -> None:
        """Do nothing."""

    def load_lease(self) -> StoredLease | None:
        """The lease in the other store.

        Raises:
            StoreError: It cannot be read.
        """
        return self._inner.load_lease()

    def save_lease(self, stored: StoredLease) -> None:
        """Do nothing."""

    def load_agent_status(self) -> AgentStatus | None:
        """What the last agent said of itself, from the other store.

        Raises:
            StoreError: It cannot be read.
        """
        return self._inner.load_agent_status()

    def save_agent_status(self, status: AgentStatus) -> None:
        """Do nothing."""

    def load_boundary_groups(self) -> StoredBoundaryGroups | None:
        """The boundary groups in the other store.

        Raises:
            StoreError: It cannot be read.
        """
        return self._inner.load_boundary_groups()

    def save_boundary_groups(self, stored: StoredBoundaryGroups) -> None:
        """Do nothing."""

    def load_update_point(self) -> StoredUpdatePoint | None:
        """The software update point in the other store.

        Raises:
            StoreError: It cannot be read.
        """
        return self._inner.load_update_point()

    def save_update_point(self, stored: StoredUpdatePoint) -> None:
        """Do nothing."""

    def load_root_key(self) -> StoredRootKey | None:
        """The trusted root key in the other store.

        Raises:
            StoreError: It cannot be read.
        """
        return self._inner.load_root_key()

    def keep_root_key(self, stored: StoredRootKey, *, replaces: bool) -> None:
        """Do nothing."""

    def drop_root_key(self) -> None:
        """Do nothing."""
