"""Who is there for the internet: asked of a management point on the intranet for as long as it can be reached."""

from collections.abc import Container, Iterable
from typing import NamedTuple

from .model.decision import Candidate, Discovered, Phase, Policy, SourceKind, SourceReport
from .model.endpoints import Endpoint, Scheme
from .model.http import Attempt, Deadline
from .model.mplist import MpListQuery
from .model.names import HostName
from .model.rule import decides
from .mpclient import ManagementPointClient

__all__ = ["Beyond", "find_beyond", "keep_gateways"]


class Beyond(NamedTuple):
    """What came of asking.

    Attributes:
        found: What was named; None when nobody was asked or nobody said.
        report: What was asked; None when nobody said.
        attempts: What happened, in order.
    """

    found: Discovered | None = None
    report: SourceReport | None = None
    attempts: tuple[Attempt, ...] = ()


@decides("ML-036", "CG-013")
def find_beyond(client: ManagementPointClient, endpoint: Endpoint, policy: Policy, deadline: Deadline) -> Beyond:
    """Ask a management point for the servers for the internet, gateways included, while the client can be there.

    Only over HTTPS: over plain HTTP anybody in between could name a gateway of his own. And only for a client that
    could use what it learns.

    Args:
        client: Asks, and records the attempt.
        endpoint: The management point.
        policy: The assigned site, and what the client can use.
        deadline: The end of waiting.
    """
    can_use_it = policy.can_use_https and policy.use_gateways and policy.phase is Phase.REGISTERED
    if not can_use_it or endpoint.scheme is not Scheme.HTTPS:
        return Beyond()
    query = MpListQuery.MPLIST2
    asked = client.attempt(
        endpoint, query.value, lambda: client.fetch_list(endpoint, query, deadline, site=policy.assigned_site)
    )
    found = asked.answer
    if found is None:
        return Beyond(attempts=asked.attempts)
    detail = found.candidates[0].origins[0].detail
    report = SourceReport(SourceKind.MP_LIST, asked=True, found=len(found.candidates), rule="CG-013", detail=detail)
    return Beyond(found, report, asked.attempts)


def keep_gateways(candidates: Iterable[Candidate], listed: Container[HostName]) -> tuple[Candidate, ...]:
    """The gateways of the stored list of which nobody has said anything new: a client that leaves needs one.

    Args:
        candidates: Everything that was named, not merged.
        listed: Who stands in the new list.
    """
    stored = (one for one in candidates if one.origins[0].source is SourceKind.STORED_LIST)
    return tuple(one for one in stored if one.mp.gateway is not None and one.mp.host not in listed)
