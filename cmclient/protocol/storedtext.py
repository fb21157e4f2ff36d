"""What a client keeps, as JSON documents and back, for a store."""

from collections.abc import Mapping
from typing import Any

from ..errors import MalformedReplyError
from ..model.content import ClientBoundaryGroups
from ..model.stored import StoredBoundaryGroups, StoredLease
from .document import from_json, to_json
from .leasetext import lease_as_dict, lease_from_dict
from .stamped import part_of, stamp, time_of

__all__ = [
    "stored_groups_as_dict",
    "stored_groups_from_dict",
    "stored_lease_as_dict",
    "stored_lease_from_dict",
]


def stored_lease_as_dict(stored: StoredLease) -> dict[str, Any]:
    """A document that holds a lease and when it was kept."""
    return {"saved_at": stamp(stored.saved_at), "lease": lease_as_dict(stored.lease)}


def stored_lease_from_dict(document: Mapping[str, Any]) -> StoredLease:
    """Read a lease that was kept.

    Args:
        document: What ``json.loads`` gave.

    Raises:
        MalformedReplyError: It is no such document.
    """
    lease = part_of(document, "lease")
    if not isinstance(lease, dict):
        raise MalformedReplyError("the lease is no object", where="lease")
    return StoredLease(lease_from_dict(lease), time_of(document))


def stored_groups_as_dict(stored: StoredBoundaryGroups) -> dict[str, Any]:
    """A document that holds boundary groups and when they were kept."""
    return {"saved_at": stamp(stored.saved_at), "groups": to_json(stored.groups)}


def stored_groups_from_dict(document: Mapping[str, Any]) -> StoredBoundaryGroups:
    """Read boundary groups that were kept.

    Args:
        document: What ``json.loads`` gave.

    Raises:
        MalformedReplyError: It is no such document.
    """
    groups = from_json(ClientBoundaryGroups, part_of(document, "groups"), where="groups")
    return StoredBoundaryGroups(groups, time_of(document))
