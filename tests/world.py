"""A world in memory: every port, scripted by plain values, with a record of what was asked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from cmclient.adapters.memory_store import MemoryStore
from cmclient.assign import Assigner
from cmclient.config import ClientConfig, load_config
from cmclient.errors import CmClientError, ConnectError
from cmclient.locator import Locator
from cmclient.model.certificates import ClientCertificate
from cmclient.model.directory import DirectoryEntry, DirectoryQuery, DirectoryServer, SrvRecord
from cmclient.model.endpoints import ManagementPoint
from cmclient.model.facts import Adapter, DomainController, Membership, NetworkFacts, parse_address
from cmclient.model.groups import SiteData
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode
from cmclient.model.rootkey import TrustedRootKey
from cmclient.ports import Cancellation
from cmclient.protocol.mplist import build_mp_list
from cmclient.protocol.trustkeys import MP_KEY_INFORMATION_PATH, build_root_key
from cmclient.roles import RoleLocator
from cmclient.rules.choose import SeededChooser
from cmclient.sitesearch import AskAssignedSite
from cmclient.world import World as Ports

CORP = DnsDomain("corp.test")
DC1 = HostName("dc1.corp.test")
CERTIFICATE = ClientCertificate("CN=pc1", "CN=CA", "2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00", "")
JOINED = NetworkFacts(
    host=HostName("pc1.corp.test"),
    membership=Membership.DOMAIN,
    domain=CORP,
    adapters=(Adapter("eth0", addresses=(parse_address("10.1.2.3/24"),)),),
)
WORKGROUP = JOINED._replace(membership=Membership.WORKGROUP, domain=None, dns_suffixes=(CORP,))

ROOT_KEY = build_root_key((1 << 2047) | 12345)
OTHER_KEY = build_root_key((1 << 2047) | 54321)

Answer = bytes | int | HttpReply | CmClientError


def key_information(key: TrustedRootKey) -> bytes:
    """What a management point answers that shows a root key and nothing else."""
    return f"<MPKEYINFORMATION><TRUSTEDROOTKEY>{key.text}</TRUSTEDROOTKEY></MPKEYINFORMATION>".encode("ascii")


class FixedClock:
    """A clock that moves by a millisecond each time that it is read, so that no two moments are the same."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
        self._ticks = 0.0

    def now(self) -> datetime:
        return self._now + timedelta(seconds=self._ticks)

    def monotonic(self) -> float:
        self._ticks += 0.001
        return self._ticks


class World:
    """Everything around a client.

    Attributes:
        facts: What the machine knows.
        controller: What its domain controller says; None when none answers.
        entries: What the directory holds, by object class in lower case.
        directory_error: What the directory does instead of answering.
        records: SRV records by name; a name that is not there does not exist.
        aliases: What a name is an alias of.
        answers: What a URL gives: a body, a status, or an error. A URL that is not there refuses the connection.
        store: What is kept between runs.
        asked: Every question to anyone, in order.
        sent: Every HTTP request, in order.
        directory_servers: Every directory server asked, in order.
        shows_key: Whether every management point shows the root key; else those that answer anything do.
    """

    def __init__(self, facts: NetworkFacts = JOINED) -> None:
        self.facts = facts
        self.controller: DomainController | None = DomainController(DC1, "127.0.0.1", CORP, CORP)
        self.entries: dict[str, list[DirectoryEntry]] = {}
        self.directory_error: CmClientError | None = None
        self.records: dict[str, Sequence[SrvRecord] | CmClientError] = {
            "_ldap._tcp.dc._msdcs.corp.test": [SrvRecord(DC1, 389)],
            "_gc._tcp.corp.test": [SrvRecord(DC1, 3268)],
        }
        self.aliases: dict[str, HostName | CmClientError] = {}
        self.answers: dict[str, Answer | Callable[[], Answer]] = {}
        self.store = MemoryStore()
        self.asked: list[str] = []
        self.sent: list[HttpRequest] = []
        self.directory_servers: list[DirectoryServer] = []
        self.shows_key = False
        self.clock = FixedClock()

    # --- the ports ---

    def read(self) -> NetworkFacts:
        return self.facts

    def ping(self, server: DirectoryServer, domain: DnsDomain, deadline: Deadline) -> DomainController | None:
        self.asked.append(f"ping {server.host}:{server.port} {domain}")
        return self.controller

    def search(
        self, server: DirectoryServer, queries: Sequence[DirectoryQuery], deadline: Deadline
    ) -> tuple[tuple[DirectoryEntry, ...], ...]:
        self.asked.append(f"ldap {server.host}:{server.port}")
        self.directory_servers.append(server)
        if self.directory_error is not None:
            raise self.directory_error
        return tuple(tuple(self._matching(query)) for query in queries)

    def _matching(self, query: DirectoryQuery) -> list[DirectoryEntry]:
        return [e for kind, held in self.entries.items() if kind in query.filter.lower() for e in held]

    def resolve_srv(self, name: str, deadline: Deadline) -> tuple[SrvRecord, ...]:
        self.asked.append(f"srv {name}")
        records = self.records.get(name, ())
        if isinstance(records, CmClientError):
            raise records
        return tuple(records)

    def resolve_host(self, name: HostName, deadline: Deadline) -> tuple[str, ...]:
        return ("127.0.0.1",)

    def resolve_alias(self, name: HostName, deadline: Deadline) -> HostName | None:
        self.asked.append(f"cname {name}")
        alias = self.aliases.get(name)
        if isinstance(alias, CmClientError):
            raise alias
        return alias

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        url = request.endpoint.url(request.path)
        self.sent.append(request)
        self.asked.append(f"{request.method} {url}")
        is_up = self.shows_key or any(one.startswith(str(request.endpoint)) for one in self.answers)
        if request.path == MP_KEY_INFORMATION_PATH and is_up:
            self.answers.setdefault(url, key_information(ROOT_KEY))
        answer = self.answers.get(url, ConnectError("connection refused", endpoint=str(request.endpoint)))
        if callable(answer):
            answer = answer()
        if isinstance(answer, CmClientError):
            raise answer
        if isinstance(answer, HttpReply):
            return answer
        if isinstance(answer, int):
            return HttpReply(answer, b"")
        return HttpReply(200, answer, trusted=url.startswith("https:"))

    # --- set-up ---

    def serve(
        self, mp: ManagementPoint, listed: Sequence[ManagementPoint], own: Mapping[str, Sequence[ManagementPoint]]
    ) -> None:
        """Let a management point answer MPLIST with the listed ones and MPLIST1 for each site with its own."""
        for scheme in ("http", "https"):
            base = f"{scheme}://{mp.host}/SMS_MP/.sms_aut"
            self.answers[f"{base}?MPLIST"] = build_mp_list(listed)
            for site, points in own.items():
                self.answers[f"{base}?MPLIST1&{site}"] = build_mp_list(points, with_site_code=True)

    def in_site(self, name: str) -> None:
        """Let the domain controller say that the client is in an AD site."""
        if self.controller is not None:
            self.controller = self.controller._replace(client_site=AdSiteName(name))

    def ports(self, *, seed: int = 1, certificate: ClientCertificate | None = None) -> Ports:
        """This world as the ports of a workflow."""
        return Ports(self, self, self, self, self, self.store, self.clock, SeededChooser(seed), certificate)

    def locator(self, *, https: bool = False, offline: bool = False, seed: int = 1, **settings: object) -> Locator:
        """A locator in this world."""
        ports = self.ports(seed=seed, certificate=CERTIFICATE if https else None)
        return Locator(config(use_pki_cert=https, **settings), offline=offline, **ports._asdict())

    def assigner(
        self, *, https: bool = False, seed: int = 1, ask: AskAssignedSite | None = None, **settings: object
    ) -> Assigner:
        """An assigner in this world; ``ask`` stands for the message about the assigned site."""
        ports = self.ports(seed=seed, certificate=CERTIFICATE if https else None)
        return Assigner(config(use_pki_cert=https, **settings), ports, ask_assigned_site=ask)

    def role_locator(self, *, offline: bool = False, data: SiteData | None = None, **settings: object) -> RoleLocator:
        """A locator of servers of other roles in this world."""
        return RoleLocator(config(**settings), self.ports(), offline=offline, data=data)

    def contacted(self) -> list[str]:
        """URLs asked, in order."""
        return [line.partition(" ")[2] for line in self.asked if line.startswith("GET ")]


def config(**settings: object) -> ClientConfig:
    """Settings by name; everything else is the default."""
    return load_config(overrides=settings)


def site(code: str) -> SiteCode:
    return SiteCode(code)
