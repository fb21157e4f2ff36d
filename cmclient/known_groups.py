"""What the site said of a client's boundary groups: kept, and repeated in the next request until it is old."""

from .errors import StoreError
from .model.content import ClientBoundaryGroups
from .model.rule import decides
from .model.stored import StoredBoundaryGroups
from .ports import Clock, Store
from .rules.timing import REFRESH_PERIOD
from .store_notes import note_store_error

__all__ = ["KnownGroups"]


class KnownGroups:
    """The boundary groups of a client in the store. That it cannot be read or written ends nothing: it is noted."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Put it together from its ports."""
        self._store = store
        self._clock = clock

    @decides("TM-002")
    def load(self, notes: list[str]) -> ClientBoundaryGroups | None:
        """What the answer before said of them; None before the first one, and when it is as old as it may become.

        Args:
            notes: Takes a sentence when the store cannot be read.
        """
        try:
            stored = self._store.load_boundary_groups()
        except StoreError as error:
            notes.append(note_store_error(error))
            return None
        if stored is None or (self._clock.now() - stored.saved_at).total_seconds() >= REFRESH_PERIOD:
            return None
        return stored.groups

    def save(self, groups: ClientBoundaryGroups | None, notes: list[str]) -> None:
        """Keep what an answer says of them; None for an answer that does not speak of them changes nothing.

        Args:
            groups: As the site said.
            notes: Takes a sentence when the store cannot be written.
        """
        if groups is None:
            return
        try:
            self._store.save_boundary_groups(StoredBoundaryGroups(groups, self._clock.now()))
        except StoreError as error:
            notes.append(note_store_error(error))
