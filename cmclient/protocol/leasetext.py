"""A lease as a JSON document and back, for a store."""

from collections.abc import Mapping
from typing import Any

from ..errors import MalformedReplyError
from ..model.lease import Lease, find_lease_fault
from .document import from_json, to_json

__all__ = ["LEASE_SCHEMA", "lease_as_dict", "lease_from_dict"]

LEASE_SCHEMA = "cmclient.lease/1"


def lease_as_dict(lease: Lease) -> dict[str, Any]:
    """A document that holds a lease. Its times are those of the clock that it was kept with."""
    return {"schema": LEASE_SCHEMA, **to_json(lease)}


def lease_from_dict(document: Mapping[str, Any]) -> Lease:
    """Read a lease.

    Args:
        document: What ``json.loads`` gave.

    Returns:
        The lease with its times as they were; ``rules.lease.rebase_lease`` moves them.

    Raises:
        MalformedReplyError: It is no lease document, or one that no events lead to.
    """
    fields = dict(document)
    found = fields.pop("schema", None)
    if found != LEASE_SCHEMA:
        raise MalformedReplyError(f"the lease says schema {str(found)[:80]!r} and should say {LEASE_SCHEMA!r}")
    lease = from_json(Lease, fields, where="lease")
    fault = find_lease_fault(lease)
    if fault is not None:
        raise MalformedReplyError(f"the lease cannot be right: {fault}", where="lease")
    return lease
