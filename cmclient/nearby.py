"""Ask a management point, by messages, which proxies are near the client."""

from functools import partial
from typing import NamedTuple

from .messaging import LocationMessenger
from .model.decision import Candidate, Origin, SourceKind, SourceReport
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts
from .model.http import Attempt, Deadline
from .model.messages import MpCategory
from .model.names import SiteCode
from .mpclient import ManagementPointClient
from .rules.nearby import proxies_of, secondary_sites

__all__ = ["Nearby", "find_nearby"]

_LOCAL, _ENUMERATE = "LocalMPLocationRequest", "EnumerateMPLocationRequest"


class Nearby(NamedTuple):
    """What came of asking.

    Attributes:
        report: What was asked.
        candidates: The proxies; empty when none is near, or nobody said.
        attempts: What happened, in order.
    """

    report: SourceReport
    candidates: tuple[Candidate, ...] = ()
    attempts: tuple[Attempt, ...] = ()


def find_nearby(
    client: ManagementPointClient,
    messenger: LocationMessenger,
    endpoint: Endpoint,
    facts: NetworkFacts,
    deadline: Deadline,
    *,
    assigned_site: SiteCode | None,
) -> Nearby:
    """Ask one management point which sites serve the client where it is, and for the proxies of each secondary one.

    Args:
        client: Records the attempts.
        messenger: Sends the messages.
        endpoint: The management point.
        facts: Where the client is.
        deadline: The end of waiting.
        assigned_site: The client's site.
    """
    asked = client.attempt(
        endpoint,
        _LOCAL,
        lambda: messenger.fetch_local_mps(endpoint, facts, deadline, assigned_site=assigned_site),
    )
    attempts = list(asked.attempts)
    found: list[Candidate] = []
    origin = Origin(SourceKind.MP_LIST, f"{_ENUMERATE} of {endpoint.host} over {endpoint.scheme.name}")
    for site, code in () if asked.answer is None else secondary_sites(asked.answer):
        ask = partial(messenger.enumerate_mps, endpoint, facts, deadline, category=MpCategory.PROXY, site=code)
        told = client.attempt(endpoint, f"{_ENUMERATE} {code}", ask)
        attempts += told.attempts
        found += () if told.answer is None else proxies_of(site, told.answer, origin)
    report = SourceReport(
        SourceKind.MP_LIST, asked=True, found=len(found), rule="ML-039", detail=f"{_LOCAL} of {endpoint.host}"
    )
    return Nearby(report, tuple(found), tuple(attempts))
