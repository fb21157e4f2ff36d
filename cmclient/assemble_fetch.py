"""The composition root of downloads: puts a locator of content and a downloader together from settings."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple, cast

from .assemble import Run, open_ports
from .assemble_login import find_share_login
from .assemble_rootkey import with_root_key
from .config import ClientConfig
from .deferred import Deferred
from .download import ContentDownloader, DownloadOptions, FixedPlan
from .errors import InvalidValueError
from .model.decision import Reason
from .model.endpoints import HTTP_PORT, HTTPS_PORT, Endpoint, Scheme
from .model.names import HostName, parse_port
from .model.sources import ContentSource, PlannedSource, SourceAddress, SourceOrder, SourcePlan, SourceTier
from .ports import SharedFiles
from .world import World

if TYPE_CHECKING:
    from .adapters.http import RequestsTransport
    from .client_setup import SetupLocator
    from .content import ContentLocator

__all__ = ["Fetcher", "SetupFetcher", "open_fetcher", "open_setup_fetcher", "parse_address", "plan_addresses"]


class Fetcher(NamedTuple):
    """What a download needs.

    Attributes:
        locator: Says where content is.
        downloader: Puts it on disk.
    """

    locator: "ContentLocator"
    downloader: ContentDownloader


class SetupFetcher(NamedTuple):
    """What a download of the files of client setup needs.

    Attributes:
        locator: Says where they are.
        downloader: Puts them on disk.
    """

    locator: "SetupLocator"
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
    run = run or Run()
    with open_ports(config, run) as world, ExitStack() as stack:
        downloader = _build_downloader(config, run, world, stack, waits=waits)

        def find_locator() -> "ContentLocator":
            from .adapters.shares import opens_shares
            from .content import ContentLocator, SiteKnowledge

            knowledge = SiteKnowledge(run.data, run.times_count)
            return ContentLocator(with_root_key(config), world, knowledge=knowledge, opens_shares=opens_shares())

        yield Fetcher(cast("ContentLocator", Deferred(find_locator)), downloader)  # who names an address needs none


def _build_downloader(
    config: ClientConfig, run: Run, world: World, stack: ExitStack, *, waits: bool
) -> ContentDownloader:
    from .adapters.dialling import Dialler
    from .adapters.files import LocalFiles
    from .adapters.http_bulk import LeanTransport

    dialler = None
    if config.proxy is None and not config.trust_env:  # as in ``build_transport``, which need not be called for it
        dialler = Dialler(world.names.resolve_host if config.dns_servers else None, config.bind_address)

    options = DownloadOptions(
        connections=config.content_connections,
        hosts=config.content_hosts,
        rate=config.content_rate,
        stall=config.content_stall,
        connect_timeout=config.connect_timeout,
        waits=waits,
    )
    return ContentDownloader(
        transport=stack.enter_context(closing(LeanTransport(cast("RequestsTransport", world.transport), dialler))),
        files=LocalFiles(),
        clock=world.clock,
        shares=_find_shares(config, run, stack),
        options=options,
    )


def _find_shares(config: ClientConfig, run: Run, stack: ExitStack) -> SharedFiles:
    """What reads local paths and network shares; the latter by the operating system, or by the extra ``smb``."""
    from .adapters.shares import Shares

    login = find_share_login(config, run.http_password)  # now: a fault of the settings is told before anything is done
    if find_spec("smbprotocol") is None:
        return Shares(None)

    def speak_smb() -> SharedFiles:
        from .adapters.smb import SmbShares

        return SmbShares(login, connect_timeout=config.connect_timeout)

    return Shares(cast("SharedFiles", stack.enter_context(closing(Deferred(speak_smb)))))


@contextmanager
def open_setup_fetcher(config: ClientConfig, run: Run | None = None, *, waits: bool = True) -> "Iterator[SetupFetcher]":
    """A locator of the files of client setup and a downloader on the real world, closed at the end.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not.
        waits: Whether sources that open later are waited for, and failed ones tried again.

    Raises:
        ConfigError: A file that a setting names cannot be read.
    """
    from .adapters.shares import opens_shares
    from .client_setup import SetupLocator

    run = run or Run()
    with open_ports(config, run) as world, ExitStack() as stack:
        downloader = _build_downloader(config, run, world, stack, waits=waits)
        yield SetupFetcher(SetupLocator(with_root_key(config), world, opens_shares=opens_shares()), downloader)


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
