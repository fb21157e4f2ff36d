"""Which distribution points a doctor asks: those that a client would use for one content, as the site names them."""

from collections.abc import Sequence
from typing import NamedTuple

from .config import ClientConfig
from .contacting import client_of
from .content import ContentLocator, SiteKnowledge
from .content_client import content_client_of
from .errors import CmClientError
from .messaging import LocationMessenger
from .model.checkup import Area, Check, Level, Sureness
from .model.client_setup import SetupPlan, SetupSearch
from .model.content import ContentKind, ContentReference
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts
from .model.groups import SiteData
from .model.http import Deadline
from .model.names import SiteCode
from .model.sources import PlannedSource, SourceAddress, SourceOrder, SourcePlan, SourceTier
from .rules.checkup_servers import skip
from .rules.setup_sources import plan_setup_sources
from .rules.source_client import wanted_options
from .world import World

__all__ = ["FoundSources", "find_content_sources", "find_package_sources"]

_AREA = Area.DISTRIBUTION_POINT
_SITE_SERVERS = frozenset(
    {
        SourceTier.DP_IN_SUBNET,
        SourceTier.DP_IN_GROUP,
        SourceTier.NEIGHBOUR_DP,
        SourceTier.DEFAULT_GROUP_DP,
        SourceTier.INTERNET_DP,
        SourceTier.CLOUD,
    }
)
_PACKAGE = "client package"
_MOST_NAMED = 4


class FoundSources(NamedTuple):
    """What the site named.

    Attributes:
        addresses: Where to ask, in the order of a client; each server and protocol once.
        what: The content, for a person.
        check: What is to be said besides; None for nothing.
    """

    addresses: tuple[SourceAddress, ...] = ()
    what: str = f"the {_PACKAGE}"
    check: Check | None = None


def find_content_sources(
    config: ClientConfig, world: World, content: ContentReference, deadline: Deadline, *, data: SiteData | None
) -> FoundSources:
    """Where a client would get a content from.

    Args:
        config: The settings.
        world: The ports.
        content: The content.
        deadline: The end of it.
        data: What the site knows of boundary groups, where somebody says it.
    """
    locator = ContentLocator(config, world, knowledge=SiteKnowledge(data, times_count=False))
    what = f"{content.id} version {content.version}"
    try:
        location = locator.locate(content, deadline)
    except CmClientError as error:
        return FoundSources((), what, skip(_AREA, content.id, f"nobody said where it is: {error.message}"))
    if location.lack is not None:
        lack = location.lack
        return FoundSources(
            (), what, Check(_AREA, content.id, Level.ERROR, lack.code, lack.text, Sureness.LIKELY, lack.next)
        )
    return FoundSources(_addresses(location.plan.ranked), what)


def find_package_sources(
    config: ClientConfig,
    world: World,
    points: Sequence[Endpoint],
    facts: NetworkFacts,
    site: SiteCode | None,
    deadline: Deadline,
) -> FoundSources:
    """Where client setup would get the files of the client from: a content that every site has.

    Args:
        config: The settings.
        world: The ports.
        points: Management points that answer, in the order of a client.
        facts: What is known of the client.
        site: Its site.
        deadline: The end of it.
    """
    if not points:
        return FoundSources(check=skip(_AREA, _PACKAGE, "no management point answers that could name any"))
    if site is None:
        return FoundSources(check=skip(_AREA, _PACKAGE, "the site of this client is not known; set site_code"))
    client = content_client_of(config, world, facts, SourceOrder.CLIENT_SETUP)
    asker = client_of(config, world.transport, world.clock)
    messenger = LocationMessenger(asker, world.clock, host=facts.host, chooser=world.chooser)
    options = wanted_options(client, ContentKind.PACKAGE, allow_peers=False)
    try:
        answer = messenger.fetch_client_package(points[0], facts, deadline, assigned_site=site, options=options)
    except CmClientError as error:
        what = f"{points[0]} gives its list and no content locations: {error.message}"
        do = error.hint or "Look at the logs of that management point (MP_Location.log)."
        return FoundSources(check=Check(_AREA, _PACKAGE, Level.WARN, error.code, what, Sureness.LIKELY, do))
    search = SetupPlan(SetupSearch.DISCOVER)
    plan = plan_setup_sources(answer, points[0], client, search, chooser=world.chooser)
    addresses = _addresses(plan.ranked)
    return FoundSources(addresses) if addresses else FoundSources(check=_check_none(plan, points[0]))


def _check_none(plan: SourcePlan, point: Endpoint) -> Check:
    """What is to be said of a plan without a distribution point: the rules reject all of them, or none was named."""
    rejected = [one for one in plan.rejected if one.source.tier in _SITE_SERVERS]
    if rejected:
        reason, named = rejected[0].reasons[-1], ", ".join(str(one.source.server) for one in rejected[:_MOST_NAMED])
        what = f"{point} names {named} with the client package, and the rules reject it for this client: {reason.text}"
        do = f"That is rule {reason.rule}; 'cmclient fetch --client-package DIR --explain' shows what setup would do."
        return Check(_AREA, _PACKAGE, Level.WARN, "every-source-rejected", what, Sureness.CERTAIN, do)
    what = f"{point} names no distribution point with the client package for this client"
    do = (
        "See which boundary group holds this client and whether a distribution point is in it ('cmclient boundaries"
        " match'), and whether the package is distributed. Another content: --content ID."
    )
    return Check(_AREA, _PACKAGE, Level.WARN, "none-named", what, Sureness.LIKELY, do)


def _addresses(ranked: Sequence[PlannedSource]) -> tuple[SourceAddress, ...]:
    by_server = {
        address.endpoint: address
        for planned in reversed(ranked)
        if planned.source.tier in _SITE_SERVERS
        for address in reversed(planned.source.addresses)
        if address.endpoint is not None
    }
    return tuple(reversed(by_server.values()))
