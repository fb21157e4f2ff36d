"""What is said of a store that failed: it holds nobody up, and somebody should know."""

import logging

from .errors import StoreError

__all__ = ["note_store_error"]

_log = logging.getLogger(__name__)


def note_store_error(error: StoreError) -> str:
    """Log what the store said.

    Returns:
        The same for a person, as a note.
    """
    _log.warning("%s", error.message, extra={"event": "store.failed"})
    return f"store: {error.message}"
