"""The trusted root key that a client keeps, as a JSON document and back, for a store."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import InvalidValueError, MalformedReplyError
from ..model.rootkey import KeySource, StoredRootKey
from .document import from_json, to_json
from .rootkeyblob import parse_root_key
from .stamped import part_of, stamp, time_of

__all__ = ["stored_root_key_as_dict", "stored_root_key_from_dict"]


class _KeyText(NamedTuple):
    blob: str
    source: KeySource
    detail: str


def stored_root_key_as_dict(stored: StoredRootKey) -> dict[str, Any]:
    """A document that holds a trusted root key and when it was kept."""
    text = _KeyText(stored.blob, stored.source, stored.detail)
    return {"saved_at": stamp(stored.saved_at), "root_key": to_json(text)}


def stored_root_key_from_dict(document: Mapping[str, Any]) -> StoredRootKey:
    """Read a trusted root key that was kept.

    Args:
        document: What ``json.loads`` gave.

    Raises:
        MalformedReplyError: It is no such document, or its key is none.
    """
    text = from_json(_KeyText, part_of(document, "root_key"), where="root_key")
    try:
        key = parse_root_key(text.blob)
    except InvalidValueError as error:
        raise MalformedReplyError(error.message, where="root_key") from error
    return StoredRootKey(key.text, text.source, text.detail, time_of(document))
