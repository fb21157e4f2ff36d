"""Service records: management points that a site publishes in DNS, and directory servers."""

from collections.abc import Iterator, Sequence

from ..errors import InvalidValueError
from ..model.decision import Candidate, Discovered, Origin, SourceKind, Unreadable
from ..model.directory import DirectoryServer, SrvRecord
from ..model.endpoints import Audience, ManagementPoint, Protocols
from ..model.names import DnsDomain, HostName, SiteCode, parse_port, shown_name
from ..model.rule import decides

__all__ = [
    "domain_controller_query_name",
    "global_catalog_query_name",
    "read_directory_servers",
    "read_srv_records",
    "srv_query_name",
]

_MOST_RECORDS = 100  # an answer of 64 KiB holds a thousand; each one becomes a candidate that is judged and contacted
_MOST_SERVERS = 20  # each one that does not answer costs its whole time


@decides("DN-002")
def srv_query_name(site: SiteCode, suffix: DnsDomain) -> str:
    """The name below which a site's management points are published in a DNS domain."""
    return f"_mssms_mp_{site.lower()}._tcp.{suffix}"


def domain_controller_query_name(domain: DnsDomain) -> str:
    """The name below which a domain's domain controllers are published."""
    return f"_ldap._tcp.dc._msdcs.{domain}"


def global_catalog_query_name(forest: DnsDomain) -> str:
    """The name below which a forest's global catalogs are published."""
    return f"_gc._tcp.{forest}"


@decides("DN-004")
def read_srv_records(
    query_name: str, records: Sequence[SrvRecord], *, site: SiteCode, http_port: int, https_port: int
) -> Discovered:
    """Read the records of a site's management points. Priority and weight make no difference.

    Args:
        query_name: The name that was asked for.
        records: The answer.
        site: The site that was asked for.
        http_port: The site's port for HTTP.
        https_port: The site's port for HTTPS.

    Returns:
        One candidate a host, in the order in which they were first named; records that name no management point, and
        those after the first 100, apart. No records are an empty result.
    """
    origin = Origin(SourceKind.DNS, query_name)
    ports: dict[HostName, list[int]] = {}
    unreadable = []
    for record in records[:_MOST_RECORDS]:
        problem = _find_problem(record, query_name)
        if problem is None:
            ports.setdefault(HostName(record.target), []).append(record.port)
        else:
            unreadable.append(Unreadable(shown_name(record.target), origin, *problem))
    candidates = []
    for host, named in ports.items():
        mp = ManagementPoint(host, site_code=site, audience=Audience.INTRANET)
        mp = _with_ports(mp, named, http_port=http_port, https_port=https_port)
        candidates.append(Candidate(mp, (origin,)))
        unreadable += _left_over(mp, named, origin)
    if len(records) > _MOST_RECORDS:
        unreadable.append(_too_many(len(records), origin))
    return Discovered(tuple(candidates), tuple(unreadable))


@decides("DN-006")
def _find_problem(record: SrvRecord, query_name: str) -> tuple[str, str] | None:
    """Why a record names no management point, and the rule that says so; None when it names one."""
    target = record.target.lower()
    if target in {"", "."}:
        return "the record says that there is no such service here: its target is '.'", "DN-006"
    if target.removesuffix(".") == query_name.lower().removesuffix("."):
        return "the record's target is the very name that was asked for, not a server", "DN-006"
    try:
        HostName(target)
    except InvalidValueError as error:
        return f"the record's target is not a host name: {error.reason}", "DN-006"
    try:
        parse_port(record.port)
    except InvalidValueError as error:
        return f"the record's port cannot be used: {error.reason}", "DN-005"
    return None


@decides("DN-005", "DN-019")
def _with_ports(mp: ManagementPoint, named: Sequence[int], *, http_port: int, https_port: int) -> ManagementPoint:
    """What the ports that DNS names for a host say: a port that is neither of the site's may speak either protocol."""
    https = https_port in named
    http = http_port in named and http_port != https_port
    if https and http:
        return mp._replace(protocols=Protocols.BOTH, http_port=http_port, https_port=https_port)
    if https:
        return mp._replace(protocols=Protocols.HTTPS, https_port=https_port)
    if http:
        return mp._replace(protocols=Protocols.HTTP, http_port=http_port)
    port = min(named)  # DNS gives records in any order; the same ones must give the same result
    return mp._replace(protocols=Protocols.UNKNOWN, http_port=port, https_port=port)


def _left_over(mp: ManagementPoint, named: Sequence[int], origin: Origin) -> Iterator[Unreadable]:
    """Ports of a host beyond those that are used."""
    for port in sorted({*named} - {mp.http_port, mp.https_port}):
        problem = f"port {port} is not the site's for HTTP or HTTPS, and the host is published with another port too"
        yield Unreadable(shown_name(f"{mp.host}:{port}"), origin, problem, "DN-019")


def _too_many(count: int, origin: Origin) -> Unreadable:
    left = count - _MOST_RECORDS
    problem = f"{left} of {count} records were left out: at most {_MOST_RECORDS} are used"
    return Unreadable(f"{left} more records", origin, problem, "limit")


def read_directory_servers(records: Sequence[SrvRecord], *, is_global_catalog: bool) -> tuple[DirectoryServer, ...]:
    """Read the records of directory servers.

    Returns:
        At most 20 servers, each once: lowest priority number first, otherwise in the order of the answer. Records that
        name no server are left out.
    """
    servers: dict[DirectoryServer, None] = {}
    for record in sorted(records, key=lambda one: one.priority):
        try:
            host, port = HostName(record.target), parse_port(record.port)
        except InvalidValueError:
            continue
        servers.setdefault(DirectoryServer(host, port, is_global_catalog=is_global_catalog))
        if len(servers) == _MOST_SERVERS:
            break
    return tuple(servers)
