"""The composition root of downloads: puts a locator of content and a downloader together from settings."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from .assemble import Run, open_ports
from .config import ClientConfig
from .content import ContentLocator, SiteKnowledge
from .download import ContentDownloader, DownloadOptions, FixedPlan
from .errors import InvalidValueError
from .model.decision import Reason
from .model.endpoints import HTTP_PORT, HTTPS_PORT, Endpoint, Scheme
from .model.names import HostName, parse_port
from .model.sources import ContentSource, PlannedSource, SourceAddress, SourceOrder, SourcePlan, SourceTier
from .ports import SharedFiles

__all__ = ["Fetcher", "open_fetcher", "parse_address", "plan_addresses"]


class Fetcher(NamedTuple):
    """What a download needs.

    Attributes:
        locator: Says where content is.
        downloader: Puts it on disk.
    """

    locator: ContentLocator
    downloader: ContentDownloader


@contextmanager
def open_fetcher(config: ClientConfig, run: Run | None = None, *, waits: bool = True) -> Iterator[Fetcher]:
    """A locator and a downloader on the real world, closed at the end.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not.
        waits: Whether sources that open later are waited for.

    Raises:
        ConfigError: A file that a setting names cannot be read.
    """
    from .adapters.files import LocalFiles
    from .adapters.http_bulk import LeanTransport

    run = run or Run()
    options = DownloadOptions(
        connections=config.content_connections,
        hosts=config.content_hosts,
        rate=config.content_rate,
        stall=config.content_stall,
        connect_timeout=config.connect_timeout,
        waits=waits,
    )
    with open_ports(config, run) as ports, closing(LeanTransport(ports["transport"])) as bulk:
        downloader = ContentDownloader(
            transport=bulk,
            files=LocalFiles(),
            clock=ports["clock"],
            shares=_find_shares(),
            options=options,
        )
        yield Fetcher(ContentLocator(config, knowledge=SiteKnowledge(run.data, run.times_count), **ports), downloader)


def _find_shares() -> SharedFiles | None:
    """What reads local paths and network shares; None where nothing does."""
    return None


def parse_address(text: str) -> SourceAddress:
    """Read the address of a content: ``http://HOST[:PORT]/PATH``, the same with https, or a path.

    Raises:
        InvalidValueError: It is a URL that cannot be one.
    """
    scheme, mark, rest = text.strip().partition("://")
    if not mark:
        return SourceAddress(None, text.strip())
    try:
        kind = Scheme(scheme.lower())
    except ValueError as error:
        raise InvalidValueError("address of content", text, "it begins with http://, https://, or is a path") from error
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.partition(":")
    default = HTTPS_PORT if kind is Scheme.HTTPS else HTTP_PORT
    return SourceAddress(Endpoint(kind, HostName(host), parse_port(port) if colon else default), slash + path or "/")


def plan_addresses(addresses: Sequence[SourceAddress]) -> FixedPlan:
    """A plan of addresses that a person gave, in their order."""
    reasons = (Reason("", "given by hand"),)
    ranked = tuple(
        PlannedSource(ContentSource(SourceTier.DP_IN_GROUP, (address,), _host_of(address)), 0.0, reasons)
        for address in addresses
    )
    return FixedPlan(SourcePlan(None, SourceOrder.CLIENT, ranked))


def _host_of(address: SourceAddress) -> HostName | None:
    return None if address.endpoint is None else address.endpoint.host
