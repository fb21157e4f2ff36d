"""What logs say of the client that wrote them, as facts to decide with."""

from collections.abc import Iterable
from typing import Any

from ..errors import InvalidValueError
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.names import AdSiteName, SiteCode
from ..model.story import EventKind, LogEvent

__all__ = ["facts_from_log"]

_ASSIGNING = {EventKind.SITE_VERIFIED, EventKind.SITE_ASSIGNED, EventKind.MP_CHOSEN}


def facts_from_log(events: Iterable[LogEvent]) -> NetworkFacts:
    """What the events say of the client.

    Args:
        events: In the order of time; of two that say different things the later one counts.

    Returns:
        Facts, each with the file and line that it comes from. What no event says is unknown; addresses have no prefix,
        because a log does not say it.
    """
    known: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for event in events:
        for name, value in _said_by(event).items():
            if name in known and event.kind is EventKind.SERVER_LOOKUP:
                continue  # what a management point made of the request; the client's own words are better
            known[name] = value
            origins[name] = f"{event.quote.file}, line {event.quote.line}"
    return NetworkFacts(**known, origins=origins)


def _said_by(event: LogEvent) -> dict[str, Any]:
    if event.facts is not None:
        said = event.facts
        return {name: getattr(said, name) for name in said.origins}
    try:
        if event.kind is EventKind.AD_SITE:
            return {"ad_site": AdSiteName(event.details["ad_site"])}
        if event.kind in _ASSIGNING and "site" in event.details:
            return {"assigned_site": SiteCode(event.details["site"])}
    except InvalidValueError:
        return {}
    if event.kind is EventKind.NETWORK_LOCATION:
        is_internet = event.details.get("internet") == "1"
        return {"network_location": NetworkLocation.INTERNET if is_internet else NetworkLocation.INTRANET}
    return {}
