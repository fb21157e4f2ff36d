"""What a client keeps, as JSON documents and back, for a store."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..errors import InvalidValueError, MalformedReplyError
from ..model.content import ClientBoundaryGroups
from ..model.rootkey import KeySource, StoredRootKey
from ..model.stored import StoredBoundaryGroups, StoredLease
from .document import from_json, to_json
from .leasetext import lease_as_dict, lease_from_dict
from .rootkeyblob import parse_root_key

__all__ = [
    "stored_groups_as_dict",
    "stored_groups_from_dict",
    "stored_lease_as_dict",
    "stored_lease_from_dict",
    "stored_root_key_as_dict",
    "stored_root_key_from_dict",
]


def stored_lease_as_dict(stored: StoredLease) -> dict[str, Any]:
    """A document that holds a lease and when it was kept."""
    return {"saved_at": _stamp(stored.saved_at), "lease": lease_as_dict(stored.lease)}


def stored_lease_from_dict(document: Mapping[str, Any]) -> StoredLease:
    """Read a lease that was kept.

    Args:
        document: What ``json.loads`` gave.

    Raises:
        MalformedReplyError: It is no such document.
    """
    lease = _part(document, "lease")
    if not isinstance(lease, dict):
        raise MalformedReplyError("the lease is no object", where="lease")
    return StoredLease(lease_from_dict(lease), _time(document))


def stored_groups_as_dict(stored: StoredBoundaryGroups) -> dict[str, Any]:
    """A document that holds boundary groups and when they were kept."""
    return {"saved_at": _stamp(stored.saved_at), "groups": to_json(stored.groups)}


def stored_groups_from_dict(document: Mapping[str, Any]) -> StoredBoundaryGroups:
    """Read boundary groups that were kept.

    Args:
        document: What ``json.loads`` gave.

    Raises:
        MalformedReplyError: It is no such document.
    """
    groups = from_json(ClientBoundaryGroups, _part(document, "groups"), where="groups")
    return StoredBoundaryGroups(groups, _time(document))


class _KeyText(NamedTuple):
    blob: str
    source: KeySource
    detail: str


def stored_root_key_as_dict(stored: StoredRootKey) -> dict[str, Any]:
    """A document that holds a trusted root key and when it was kept."""
    text = _KeyText(stored.blob, stored.source, stored.detail)
    return {"saved_at": _stamp(stored.saved_at), "root_key": to_json(text)}


def stored_root_key_from_dict(document: Mapping[str, Any]) -> StoredRootKey:
    """Read a trusted root key that was kept.

    Args:
        document: What ``json.loads`` gave.

    Raises:
        MalformedReplyError: It is no such document, or its key is none.
    """
    text = from_json(_KeyText, _part(document, "root_key"), where="root_key")
    try:
        key = parse_root_key(text.blob)
    except InvalidValueError as error:
        raise MalformedReplyError(error.message, where="root_key") from error
    return StoredRootKey(key.text, text.source, text.detail, _time(document))


def _part(document: Mapping[str, Any], name: str) -> object:
    if set(document) != {"saved_at", name}:
        raise MalformedReplyError(f"the document should hold saved_at and {name}, and nothing else", where=name)
    found: object = document[name]
    return found


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()


def _time(document: Mapping[str, Any]) -> datetime:
    text = document["saved_at"]
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise MalformedReplyError(f"saved_at is no time: {error}", where="saved_at") from error
    if time.tzinfo is None:
        raise MalformedReplyError("saved_at is a time without a zone", where="saved_at")
    return time
