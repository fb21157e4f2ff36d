"""Every server of a lab on its sockets: opened, put out of order, closed."""

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from ..model.endpoints import HTTP_PORT, HTTPS_PORT, Protocols
from ..model.names import DnsDomain, HostName
from ..model.rule import decides
from ..model.secret import Secret
from ..protocol.srv import domain_controller_query_name, global_catalog_query_name, srv_query_name
from ..rules.enrollment import alias_of, discovery_host_of
from . import revocation
from .authority import Authority, KeyPair, ServerContexts
from .clock import LabClock
from .description import Forest, LabDescription
from .dns_server import NameServer, Service
from .faults import FaultBoard, FaultKind, Role
from .http_server import WebServer
from .issuing import IssuingRoot
from .journal import Journal
from .ldap_server import Controller, Login
from .ldap_tree import Ports, build_tree
from .site import Hierarchy
from .site_keys import SiteKeys
from .sockets import Connection, Listener, ListenerState, Sockets
from .web_answers import Answers

__all__ = ["DirectoryPorts", "Running", "Servers", "protocols_of"]

_USER = "reader"
_LOOPBACK = "127.0.0.1"
_STATES = {FaultKind.REFUSE: ListenerState.REFUSING, FaultKind.BLACKHOLE: ListenerState.BLACKHOLE}
_WEB_ROLES = (Role.MP, Role.DP, Role.FSP, Role.ENROLLMENT, Role.CMG)

Serve = Callable[[Connection], None]


class DirectoryPorts(NamedTuple):
    """The ports of every domain controller; the netlogon ping uses the UDP port with the number of ``ldap``."""

    ldap: int
    ldaps: int
    catalog: int
    catalog_tls: int


class Running(NamedTuple):
    """Where a started lab is found.

    Attributes:
        web: Ports of every web server.
        directory: Ports of every domain controller.
        dns: Address and port of the DNS server.
        ca_file: The authority that every certificate is from.
        client: Certificate of the client.
        expired_client: Another one, which ended yesterday.
        revoked_client: Another one, which was revoked.
        login: Who may ask the directory.
        since: When it was started.
        issuing_file: The root that the site issues certificates under; None where no server uses enhanced HTTP.
        site_keys: What management points hand out; its ``root_key`` is that of the hierarchy.
    """

    web: Ports
    directory: DirectoryPorts
    dns: tuple[str, int]
    ca_file: str
    client: KeyPair
    expired_client: KeyPair
    revoked_client: KeyPair
    login: Login
    since: datetime
    site_keys: SiteKeys
    issuing_file: str | None = None


class Servers:
    """The servers of a description, from start to stop."""

    def __init__(
        self,
        description: LabDescription,
        hierarchy: Hierarchy,
        *,
        faults: FaultBoard,
        journal: Journal,
        keep: Callable[[bytes], None],
        clock: LabClock,
    ) -> None:
        self._description = description
        self._hierarchy = hierarchy
        self._faults = faults
        self._journal = journal
        self._keep = keep
        self._clock = clock
        self._listeners: dict[tuple[HostName, Role], list[Listener]] = {}
        self._web = Ports(HTTP_PORT, HTTPS_PORT)  # until the real ones are open
        self._keys = SiteKeys()
        self._issuing: IssuingRoot | None = None
        self._sockets = Sockets()
        self._since = datetime.now(UTC)
        port, _ = self._sockets.listen(lambda port: [Listener((_LOOPBACK, port), serve=self._serve_list)])
        self._authority = Authority(f"http://{_LOOPBACK}:{port}{revocation.PATH}")

    def start(self) -> Running:
        """Open every socket and begin to serve.

        Raises:
            LabError: There is no free port, or the machine does not have the addresses.
        """
        self._web = web = self._open_web()
        login = Login(_USER, self._login_domain(), Secret(secrets.token_urlsafe(12)))
        directory = self._open_directory(web, login)
        dns = self._open_dns(web, directory)
        for host, role in self._listeners:
            self.apply(host, role)
        self._sockets.start()
        client = self._description.client.host
        return Running(
            web=web,
            directory=directory,
            dns=dns,
            ca_file=str(self._authority.certificate),
            client=self._authority.issue_client(client),
            expired_client=self._authority.issue_client(client, expired=True),
            revoked_client=self._authority.issue_client(client, revoked=True),
            login=login,
            since=self._since,
            site_keys=self._keys,
            issuing_file=None if self._issuing is None else str(self._issuing.certificate),
        )

    def stop(self) -> None:
        """End every thread and socket, and remove every file."""
        self._sockets.stop()
        self._authority.close()

    def apply(self, host: HostName, role: Role) -> None:
        """Open, close or clog the listeners of a server as its present faults say.

        Raises:
            LabError: It cannot listen any more, for another program took a port.
        """
        sharing = _WEB_ROLES if role in _WEB_ROLES else (role,)
        kinds = [fault.kind for one in sharing if (fault := self._faults.find(host, one)) is not None]
        state = next((_STATES[kind] for kind in kinds if kind in _STATES), ListenerState.OPEN)
        for listener in self._listeners.get((host, sharing[0]), ()):
            self._sockets.change(listener, state)

    def _age(self) -> float:
        """Seconds since the start."""
        return (datetime.now(UTC) - self._since).total_seconds()

    def _serve_list(self, connection: Connection) -> None:
        revocation.serve_list(connection, self._authority.build_list)

    # Web servers

    def _open_web(self) -> Ports:
        answers = Answers(
            self._description,
            self._hierarchy,
            lambda: self._web,
            self._clock,
            age=self._age,
            faults=self._faults,
            keys=self._keys,
        )
        plain: list[tuple[HostName, Serve]] = []
        secure: list[tuple[HostName, Serve]] = []
        for host in dict.fromkeys(system.host for system in self._description.systems):
            protocols = protocols_of(self._description, host)
            server = WebServer(
                host,
                tuple(system.role for system in self._description.systems if system.host == host),
                answers,
                contexts=self._contexts_for(host) if protocols.may_be_https else None,
                faults=self._faults,
                journal=self._journal,
                keep=self._keep,
            )
            if protocols.may_be_http:
                plain.append((host, partial(server.serve, tls=False)))
            if protocols.may_be_https:
                secure.append((host, partial(server.serve, tls=True)))
        return Ports(self._listen(_WEB_ROLES[0], plain), self._listen(_WEB_ROLES[0], secure))

    def _contexts_for(self, host: HostName) -> ServerContexts:
        """What a server shows: its PKI certificate, or the one that its site issued where it has none."""
        systems = [system for system in self._description.systems if system.host == host]
        if not any(system.has_site_certificate for system in systems):
            return self._authority.contexts_for(host, others=self._aliases(host))
        if self._issuing is None:
            self._issuing = IssuingRoot(self._authority.folder)
        context = self._issuing.context_for(host, clients=self._authority.certificate)
        return ServerContexts(good=context, expired=context, wrong=context, revoked=context)

    def _listen(self, role: Role, hosts: Iterable[tuple[HostName, Serve]]) -> int:
        """Listen for every host, all on one port number."""
        served = list(hosts)
        port, listeners = self._sockets.listen(
            lambda port: [Listener((self._address(host), port), serve=serve) for host, serve in served]
        )
        for (host, _), listener in zip(served, listeners, strict=True):
            self._listeners.setdefault((host, role), []).append(listener)
        return port

    def _address(self, host: HostName) -> str:
        return self._description.addresses[host]

    # Domain controllers

    def _open_directory(self, web: Ports, login: Login) -> DirectoryPorts:
        controllers = [self._controller(forest, web, login) for forest in self._description.forests]

        def listen(*, catalog: bool, tls: bool) -> int:
            hosts = [(one.forest.controller, partial(one.serve, catalog=catalog, tls=tls)) for one in controllers]
            return self._listen(Role.AD, hosts)

        return DirectoryPorts(
            ldap=self._open_ldap(controllers),
            ldaps=listen(catalog=False, tls=True),
            catalog=listen(catalog=True, tls=False),
            catalog_tls=listen(catalog=True, tls=True),
        )

    def _open_ldap(self, controllers: list[Controller]) -> int:
        """Listen for LDAP and, on the UDP port of the same number, for netlogon pings."""

        def make(port: int) -> list[Listener]:
            return [
                listener
                for one in controllers
                for address in [(self._address(one.forest.controller), port)]
                for listener in (
                    Listener(address, serve=partial(one.serve, catalog=False, tls=False)),
                    Listener(address, answer=one.answer_ping),
                )
            ]

        port, listeners = self._sockets.listen(make)
        for index, listener in enumerate(listeners):
            host = controllers[index // 2].forest.controller
            self._listeners.setdefault((host, Role.AD), []).append(listener)
        return port

    def _controller(self, forest: Forest, web: Ports, login: Login) -> Controller:
        return Controller(
            forest,
            self._address(forest.controller),
            build_tree(forest, self._description, self._hierarchy, web),
            login=login,
            contexts=self._authority.contexts_for(forest.controller),
            faults=self._faults,
            journal=self._journal,
            pause=self._sockets.pause,
        )

    def _login_domain(self) -> DnsDomain:
        return self._description.client.domain or self._description.forests[0].name

    # DNS

    def _open_dns(self, web: Ports, directory: DirectoryPorts) -> tuple[str, int]:
        host = self._description.dns
        services = [
            service
            for forest in self._description.forests
            for service in (*self._directory_services(forest, directory), *self._mp_services(forest, web))
        ]
        addresses = {
            **self._description.addresses,
            self._description.client.host: self._description.client.address.address,
        }
        server = NameServer(
            host,
            addresses,
            services,
            aliases={
                alias: proxy
                for proxy in self._description.servers_of(Role.ENROLLMENT)
                for alias in self._aliases(proxy)
            },
            faults=self._faults,
            journal=self._journal,
            pause=self._sockets.pause,
        )
        address = self._address(host)
        port, listeners = self._sockets.listen(
            lambda port: [
                Listener((address, port), serve=server.serve),
                Listener((address, port), answer=server.answer),
            ]
        )
        self._listeners[host, Role.DNS] = list(listeners)
        return address, port

    def _aliases(self, host: HostName) -> tuple[HostName, ...]:
        """The names under which devices look for an enrollment proxy point in its domain; none for other servers."""
        domain = self._description.forest_of(host)
        if domain is None or host not in self._description.servers_of(Role.ENROLLMENT):
            return ()
        return alias_of(domain.name), discovery_host_of(domain.name)

    @staticmethod
    def _directory_services(forest: Forest, ports: DirectoryPorts) -> Iterable[Service]:
        everywhere = domain_controller_query_name(forest.name)
        yield Service(everywhere, forest.controller, ports.ldap)
        yield Service(global_catalog_query_name(forest.name), forest.controller, ports.catalog)
        for site in forest.ad_sites[:1]:  # the controller stands in the first
            at_site = everywhere.replace("._tcp.", f"._tcp.{site.name}._sites.", 1)
            yield Service(at_site, forest.controller, ports.ldap)

    @decides("DN-003")
    def _mp_services(self, forest: Forest, ports: Ports) -> Iterable[Service]:
        for mp in self._hierarchy.published_in_dns(forest):
            port = ports.https if mp.https else ports.http
            yield Service(srv_query_name(mp.site, forest.name), mp.host, port, ttl=14_400)


def protocols_of(description: LabDescription, host: HostName) -> Protocols:
    """What a server speaks for all of its roles together."""
    spoken = {system.spoken for system in description.systems if system.host == host}
    return spoken.pop() if len(spoken) == 1 else Protocols.BOTH
