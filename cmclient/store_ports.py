"""What workflows keep between runs. It is part of ``ports``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from .model.agent import AgentStatus
    from .model.decision import Candidate, StoredAssignment
    from .model.rootkey import StoredRootKey
    from .model.stored import StoredBoundaryGroups, StoredLease, StoredUpdatePoint

__all__ = ["Store"]


class Store(Protocol):
    """What a client keeps between runs."""

    def load_mp_list(self) -> tuple[Candidate, ...]:
        """The stored MP list (CF-010), as last replaced; empty when there is none.

        Raises:
            StoreError: It cannot be read.
        """

    def replace_mp_list(self, candidates: Iterable[Candidate]) -> None:
        """Replace the stored MP list as a whole (ML-013); durable when it returns.

        Raises:
            StoreError: It cannot be written; the old list is still there.
        """

    def load_answered(self) -> tuple[Candidate, ...]:
        """Management points that have answered at any time, the latest first (ML-011).

        Raises:
            StoreError: It cannot be read.
        """

    def record_answer(self, candidate: Candidate, when: datetime) -> None:
        """Remember that a management point answered.

        Raises:
            StoreError: It cannot be written.
        """

    def load_assignment(self) -> StoredAssignment | None:
        """The site that the client is assigned to, and what was learned with it; None when there is none.

        Raises:
            StoreError: It cannot be read.
        """

    def save_assignment(self, assignment: StoredAssignment) -> None:
        """Keep the assignment; there is one at most (CF-008).

        Raises:
            StoreError: It cannot be written.
        """

    def load_lease(self) -> StoredLease | None:
        """The lease as last kept; None when there is none.

        Raises:
            StoreError: It cannot be read.
        """

    def save_lease(self, stored: StoredLease) -> None:
        """Keep the lease in place of any other; durable when it returns.

        Raises:
            StoreError: It cannot be written; the old one is still there.
        """

    def load_agent_status(self) -> AgentStatus | None:
        """What the last agent said of itself; None when none did.

        Raises:
            StoreError: It cannot be read.
        """

    def save_agent_status(self, status: AgentStatus) -> None:
        """Keep what an agent says of itself.

        Raises:
            StoreError: It cannot be written.
        """

    def load_boundary_groups(self) -> StoredBoundaryGroups | None:
        """What the last location reply said of the client's boundary groups; None when none did.

        Raises:
            StoreError: It cannot be read.
        """

    def save_boundary_groups(self, stored: StoredBoundaryGroups) -> None:
        """Keep what a location reply said of the client's boundary groups, for the next request.

        Raises:
            StoreError: It cannot be written.
        """

    def load_update_point(self) -> StoredUpdatePoint | None:
        """The software update point that the client scans with (SU-001); None when there is none.

        Raises:
            StoreError: It cannot be read.
        """

    def save_update_point(self, stored: StoredUpdatePoint) -> None:
        """Keep the software update point that the client scans with.

        Raises:
            StoreError: It cannot be written.
        """

    def load_root_key(self) -> StoredRootKey | None:
        """The trusted root key that is kept; None when none is.

        Raises:
            StoreError: It cannot be read.
        """

    def keep_root_key(self, stored: StoredRootKey, *, replaces: bool) -> None:
        """Keep a trusted root key.

        Args:
            stored: The key.
            replaces: Whether it takes the place of one that is kept; else that one stays, also where another process
                kept it a moment ago.

        Raises:
            StoreError: It cannot be written; the old one is still there.
        """

    def drop_root_key(self) -> None:
        """Forget the trusted root key that is kept.

        Raises:
            StoreError: It cannot be written.
        """
