"""A whole lab: started, put out of order, stopped."""

from collections.abc import Sequence
from threading import Lock
from types import TracebackType
from typing import Self

from ..errors import LabError
from ..model.endpoints import InternetAddress
from ..model.facts import NetworkFacts
from ..model.names import HostName
from ..model.state import StateMessage
from ..protocol.statexml import parse_report
from ..settings_toml import write_settings
from .clock import LabClock
from .description import LabDescription
from .description_file import built_in_description
from .faults import CERTIFICATE_FAULTS, Fault, FaultBoard, FaultKind, Role, parse_kind
from .journal import Journal
from .overview import describe_lab
from .servers import Running, Servers, protocols_of
from .site import Hierarchy

__all__ = ["Lab"]

_ASK_MINUTES = 10  # between two questions where content is: as few of the lab's minutes as of real ones by default
_MAX_REPORTS = 1000  # a client in a loop must not fill the memory


class Lab:
    """A small site on real loopback sockets. A context manager: ``with Lab() as lab: ...``.

    Args:
        description: What it consists of; None for the one that the package brings along.
        faults: Faults that are there from the start, besides those of the description, over which they win.

    Attributes:
        description: What it consists of.
        hierarchy: The same, evaluated.
        journal: Every request that its servers saw.

    Raises:
        LabError: A fault is for a server that the lab does not have.
    """

    def __init__(self, description: LabDescription | None = None, *, faults: Sequence[Fault] = ()) -> None:
        self.description = built_in_description() if description is None else description
        self.hierarchy = Hierarchy(self.description)
        self.journal = Journal()
        self._board = FaultBoard()
        self._clock = LabClock(self.description.fallback_minute)
        self._lock = Lock()
        self._servers: Servers | None = None
        self._running: Running | None = None
        self._reports: list[bytes] = []
        for fault in (*self.description.faults, *faults):
            for host in self._targets(fault):
                self._board.put(host, fault.role, fault)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Start every server. Does nothing when the lab runs.

        Raises:
            LabError: There is no free port, the machine does not have the addresses, or no file can be written.
        """
        with self._lock:
            if self._servers is None:
                self._start()

    def stop(self) -> None:
        """End every thread and socket, and remove every file. Does nothing when the lab does not run."""
        with self._lock:
            servers, self._servers, self._running = self._servers, None, None
            if servers is not None:
                servers.stop()

    @property
    def running(self) -> Running:
        """Where it is found.

        Raises:
            LabError: It does not run.
        """
        if self._running is None:
            raise LabError("the lab does not run", hint="call start(), or use it in a with statement")
        return self._running

    @property
    def reports(self) -> tuple[bytes, ...]:
        """The reports that the fallback status point took, oldest first."""
        return tuple(self._reports)

    @property
    def states(self) -> tuple[StateMessage, ...]:
        """The states in what the fallback status point was sent, oldest first."""
        return tuple(message for report in self._reports for message in parse_report(report).messages)

    def settings(self) -> dict[str, object]:
        """What a client must be set to, in the names of the settings of ``cmclient.config``.

        Raises:
            LabError: The lab does not run.
        """
        running, client = self.running, self.description.client
        address, port = running.dns
        values: dict[str, object] = {
            "dns_servers": [f"{address}:{port}"],
            "ca_file": running.ca_file,
            "directory_ca_file": running.ca_file,
            "directory_user": running.login.principal,
            "directory_password": running.login.password,
            "directory_security": "starttls",
            "use_pki_cert": True,
            "client_certificate": str(running.client.certificate),
            "client_key": str(running.client.key),
            "bind_address": client.address.address,
            "http_port": running.web.http,
            "https_port": running.web.https,
        }
        if client.site_code is not None:
            values["site_code"] = client.site_code
        if self.description.update_source is not None:
            values["update_source"], values["update_source_version"] = self.description.update_source
        if self.description.fallback_minute:
            values["content_ask_interval"] = _ASK_MINUTES * self.description.fallback_minute
        (values["dns_suffix"],) = self.client_facts().dns_suffixes
        if self.description.servers_of(Role.ENROLLMENT):
            values["enrollment_port"] = running.web.https
            values["enrollment_user"] = f"user@{self.description.forests[0].name}"
            values["enrollment_site"] = self.hierarchy.home.code
            values["enrolled_at"] = running.since.isoformat()
        by_host = {one.host: one for one in self.description.systems_of(Role.CMG)}
        if client.gateways:
            values["fallback_gateways"] = [
                str(InternetAddress(host, by_host[host].gateway, running.web.https)) for host in client.gateways
            ]
        for fsp in self.description.servers_of(Role.FSP)[:1]:
            values["fsp"] = fsp
        return values

    def settings_text(self) -> str:
        """The same as a settings file, for programs that are run against the lab.

        The password of the lab's user is in it, and is worth nothing elsewhere.

        Raises:
            LabError: The lab does not run.
        """
        return write_settings(self.settings())

    def client_facts(self) -> NetworkFacts:
        """What the lab's client knows of itself; forest, AD site and location are left to be found out."""
        return self.hierarchy.client_facts()

    def skip_minutes(self, minutes: float) -> None:
        """Let minutes of fallback times pass at once, for whoever has asked for content by now."""
        self._clock.skip(minutes)

    def describe(self) -> str:
        """What it has, what is wrong in it and how near everything is to its client, for a person."""
        return describe_lab(self.description, self._board, self._where)

    def set_fault(self, role: str, name: str | None, fault: str | None) -> None:
        """Switch a fault on in place of any other, or off; also while the lab runs.

        Connections that are open stay open, and what comes on them meets the fault too, as far as it is about answers.

        Args:
            role: ``mp``, ``dp``, ``fsp``, ``enrollment``, ``cmg``, ``ad`` or ``dns``.
            name: The server, by its host name or the first part of it; None for every one of the role.
            fault: Such as ``refuse`` or ``slow:3``; None to switch it off.

        Raises:
            LabError: There is no such role, server or fault.
        """
        try:
            known = Role(role)
        except ValueError as error:
            roles = ", ".join(one.value for one in Role)
            raise LabError(f"{role!r} is no role of the lab", hint=f"roles are {roles}") from error
        named = None if name is None else name.lower()
        given = None if fault is None else parse_kind(fault, known, name=named)
        hosts = self._targets(given or Fault(known, FaultKind.REFUSE, named))
        with self._lock:
            for host in hosts:
                self._board.put(host, known, given)
                if self._servers is not None:
                    self._servers.apply(host, known)

    def _start(self) -> None:
        try:
            servers = Servers(
                self.description,
                self.hierarchy,
                faults=self._board,
                journal=self.journal,
                keep=self._keep,
                clock=self._clock,
            )
        except OSError as error:
            raise LabError(f"the lab cannot write its certificates: {error}") from error
        try:
            self._running = servers.start()
        except BaseException:
            servers.stop()
            raise
        self._servers = servers

    def _targets(self, fault: Fault) -> tuple[HostName, ...]:
        """The servers that a fault is for; those that have no certificate are left out of faults of certificates."""
        hosts = self.description.targets(fault)
        if fault.kind not in CERTIFICATE_FAULTS or fault.role is Role.AD:
            return hosts
        with_tls = tuple(host for host in hosts if protocols_of(self.description, host).may_be_https)
        if not with_tls:
            named = f"{fault.role.value}:{fault.name}" if fault.name else fault.role.value
            raise LabError(f"{named} speaks plain HTTP only and has no certificate", hint="choose a server with HTTPS")
        return with_tls

    def _where(self, host: HostName, role: Role) -> str:
        address = self.description.addresses[host]
        if self._running is None:
            return address
        web, directory = self._running.web, self._running.directory
        if role is Role.DNS:
            return f"{address} port {self._running.dns[1]}"
        if role is Role.AD:
            return f"{address} ports {directory.ldap} (LDAP), {directory.catalog} (global catalog)"
        protocols = protocols_of(self.description, host)
        ports = [web.http] * protocols.may_be_http + [web.https] * protocols.may_be_https
        return f"{address} port {' and '.join(map(str, ports))}"

    def _keep(self, report: bytes) -> None:
        if len(self._reports) < _MAX_REPORTS:
            self._reports.append(report)
