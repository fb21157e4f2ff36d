"""What a site offers besides management points: content on its distribution points, and software update points."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..model.content import ContentId
from ..model.download import RelativeName
from ..model.endpoints import Audience, Protocols
from ..model.names import HostName
from ..protocol.tables import Table

__all__ = ["Content", "UpdatePoint", "UpdateSource", "read_contents", "read_update_points", "read_update_source"]

_NO_CONTENT = ContentId("none")  # stands in for what could not be read; never kept, because it comes with a note
_NO_FILE = RelativeName("none")
_NO_HOST = HostName("none.invalid")
_WSUS_PORT = 8530

Refer = Callable[[Table, str, Iterable[str], str], None]
"""Notes later what a key of a table refers to, and what that is: (table, key, names, what)."""


class Content(NamedTuple):
    """Content, one version of it.

    Attributes:
        id: What requests call it.
        version: Its version.
        servers: The distribution points that hold it.
        size: Bytes; None when nobody said.
        is_client_package: Whether it is what client setup asks for.
        cloud: The cloud management gateways that hold it.
        on_demand: Minutes in which the site brings it to a group's distribution points on demand (CL-035); None when it
            is not distributed so.
        files: Its files with their sizes; empty: some that make up ``size``.
        denied: Those of its servers that do not give it, whoever asks (CL-072).
    """

    id: ContentId
    version: int = 1
    servers: tuple[HostName, ...] = ()
    size: int | None = None
    is_client_package: bool = False
    cloud: tuple[HostName, ...] = ()
    on_demand: int | None = None
    files: tuple[tuple[RelativeName, int], ...] = ()
    denied: tuple[HostName, ...] = ()


class UpdatePoint(NamedTuple):
    """A software update point; the lab tells of it, and does not run it.

    Attributes:
        host: The server.
        protocols: What it takes from clients.
        http_port: Its port for HTTP, from which that for HTTPS follows.
        audience: From where it accepts clients.
    """

    host: HostName
    protocols: Protocols = Protocols.HTTP
    http_port: int = _WSUS_PORT
    audience: Audience = Audience.INTRANET


class UpdateSource(NamedTuple):
    """What policy calls the update source, by which clients ask for software update points."""

    id: ContentId
    version: int = 1


def read_contents(file: Table, refer: Refer) -> Iterator[Content]:
    """Read ``[[content]]``: id, version, servers, size, client_package, cloud, on_demand, files, denied."""
    told: set[tuple[str, int]] = set()
    packages = 0
    for table in file.tables("content"):
        content = Content(
            id=table.text("id", ContentId, _NO_CONTENT, required=True),
            version=table.number("version", 1),
            servers=table.texts("servers", HostName),
            size=table.number("size", 0) or None,
            is_client_package=table.flag("client_package", fallback=False),
            cloud=table.texts("cloud", HostName),
            on_demand=table.number("on_demand", 0) if table.has("on_demand") else None,
            files=tuple(_read_files(table)),
            denied=table.texts("denied", HostName),
        )
        refer(table, "denied", content.denied, "distribution point")
        refer(table, "servers", content.servers, "distribution point")
        refer(table, "cloud", content.cloud, "server")
        table.end()
        packages += content.is_client_package
        if packages > 1 and content.is_client_package:
            table.note("client_package", "is true of another content already")
        key = (content.id.casefold(), content.version)
        if key in told:
            table.note("id", f"{content.id} is there already in version {content.version}")
        told.add(key)
        yield content


def _read_files(table: Table) -> Iterator[tuple[RelativeName, int]]:
    """Read ``files`` of a content: name, size."""
    for row in table.tables("files"):
        yield row.text("name", RelativeName, _NO_FILE, required=True), row.number("size", 0)
        row.end()


def read_update_points(file: Table) -> Iterator[UpdatePoint]:
    """Read ``[[software_update_points]]``: host, site, protocols, port (for HTTP), audience."""
    for table in file.tables("software_update_points"):
        point = UpdatePoint(
            host=table.text("host", HostName, _NO_HOST, required=True),
            protocols=table.choice("protocols", Protocols, Protocols.HTTP),
            http_port=table.number("port", _WSUS_PORT),
            audience=table.choice("audience", Audience, Audience.INTRANET),
        )
        table.text("site", str, "")  # read with the boundary data
        table.end()
        yield point


def read_update_source(file: Table) -> UpdateSource | None:
    """Read ``[update_source]``: id, version."""
    table = file.table("update_source")
    if table is None:
        return None
    source = UpdateSource(table.text("id", ContentId, _NO_CONTENT, required=True), table.number("version", 1))
    table.end()
    return source
