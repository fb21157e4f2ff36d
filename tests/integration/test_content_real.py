"""Content from real web servers: nginx and Apache, with lists by PROPFIND and rests by ranges."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from integration.conftest import require_programs
from integration.contentservers import HTTP, HTTPS, PROGRAMS, ContentFolder, start_apache, start_nginx
from integration.daemons import claim_addresses

from cmclient.adapters.clock import SystemClock
from cmclient.adapters.files import LocalFiles
from cmclient.adapters.http import RequestsTransport
from cmclient.assemble_fetch import plan_addresses
from cmclient.download import ContentDownloader, DownloadOptions
from cmclient.errors import CancelledError, ContentNotObtainedError
from cmclient.model.download import DownloadEvent, DownloadReport, DownloadRequest, EventKind
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName
from cmclient.model.sources import SourceAddress
from cmclient.racing import CancelSignal

pytestmark = pytest.mark.integration

FILES = {
    "readme.txt": b"hello",
    "empty.txt": b"",
    "x64/setup.msi": random.Random(1).randbytes(3_000_000),  # noqa: S311 - filler
    "x64/deep/er/a file & 50%.bin": b"odd name",
    "x64/é.txt": b"not ASCII",
    "i386/vcredist.exe": random.Random(2).randbytes(100_000),  # noqa: S311 - filler
}
NGINX, APACHE, APACHE_FINITE = HostName("dp-nginx.test"), HostName("dp-apache.test"), HostName("dp-finite.test")


class Site(NamedTuple):
    """The servers, and who vouches for them."""

    content: ContentFolder
    ca_file: str
    addresses: dict[str, str]


@pytest.fixture(scope="module", params=[NGINX, APACHE, APACHE_FINITE])
def host(request: pytest.FixtureRequest) -> HostName:
    name: HostName = request.param
    return name


@pytest.fixture(scope="module")
def site(host: HostName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require_programs(*PROGRAMS)
    folder = tmp_path_factory.mktemp("content")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    content = ContentFolder(folder, FILES)
    with claim_addresses() as block:
        addresses = {NGINX: block.address(7, 1), APACHE: block.address(7, 2), APACHE_FINITE: block.address(7, 2)}
        if host == NGINX:
            daemon = start_nginx(folder / "server", content, block, authority, host)
        else:
            infinity = host == APACHE
            daemon = start_apache(folder / "server", content, block, authority, host, infinity=infinity)
        with daemon:
            yield Site(content, str(folder / "ca.pem"), addresses)


@pytest.fixture
def transport(site: Site) -> Iterator[RequestsTransport]:
    with RequestsTransport(ca_file=site.ca_file, resolve=lambda name, _deadline: (site.addresses[name],)) as transport:
        yield transport


def address(site: Site, host: HostName, scheme: Scheme, path: str = "") -> SourceAddress:
    return SourceAddress(Endpoint(scheme, host, HTTPS if scheme is Scheme.HTTPS else HTTP), path or site.content.path)


def fetch(transport: RequestsTransport, folder: Path, *addresses: SourceAddress, **options: object) -> DownloadReport:
    watch, signal = options.pop("watch", None), options.pop("signal", None)
    downloader = ContentDownloader(
        transport=transport,
        files=LocalFiles(),
        clock=SystemClock(),
        options=DownloadOptions(**options),  # type: ignore[arg-type]
    )
    request = DownloadRequest("ABC00001.1")
    return downloader.fetch(request, str(folder), plan_addresses(addresses), watch=watch, cancellation=signal)  # type: ignore[arg-type]


def on_disk(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("scheme", Scheme)
def test_content__is_listed_and_fetched_whole(
    site: Site, host: HostName, transport: RequestsTransport, tmp_path: Path, scheme: Scheme
) -> None:
    report = fetch(transport, tmp_path, address(site, host, scheme))
    assert on_disk(tmp_path) == FILES
    assert report.failures == ()
    assert report.fetched == report.total


def test_interrupted_download__goes_on_where_it_ended(
    site: Site, host: HostName, transport: RequestsTransport, tmp_path: Path
) -> None:
    signal = CancelSignal()

    def watch(event: DownloadEvent) -> None:
        if event.kind is EventKind.PROGRESS and event.done > 500_000:
            signal.cancel()

    with pytest.raises(CancelledError):
        fetch(transport, tmp_path, address(site, host, Scheme.HTTP), rate=1_000_000, watch=watch, signal=signal)
    assert "x64/setup.msi" not in on_disk(tmp_path)
    resumed: list[DownloadEvent] = []
    report = fetch(
        transport,
        tmp_path,
        address(site, host, Scheme.HTTPS),  # another address: the date has to be the same
        watch=lambda event: resumed.append(event) if event.kind is EventKind.RESUMED else None,
    )
    assert on_disk(tmp_path) == FILES
    assert [event.file for event in resumed if event.file == "x64/setup.msi"]
    assert report.fetched < report.total


def test_content_that_is_not_there__is_left_at_once(
    site: Site, host: HostName, transport: RequestsTransport, tmp_path: Path
) -> None:
    with pytest.raises(ContentNotObtainedError, match="status 404"):
        fetch(transport, tmp_path, address(site, host, Scheme.HTTP, "/SMS_DP_SMSPKG$/ABC00099"))
