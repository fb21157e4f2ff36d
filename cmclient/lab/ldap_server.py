"""A domain controller as far as a client asks one: LDAP with StartTLS, LDAPS, the global catalog, the netlogon ping."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..errors import MalformedReplyError
from ..model.directory import DirectoryEntry
from ..model.facts import DomainController
from ..model.names import DnsDomain
from ..model.secret import Secret
from ..protocol.ber import find_message_length
from ..protocol.netlogon import build_netlogon_reply, parse_netlogon_ping
from .authority import ServerContexts
from .description import Forest
from .faults import NO_ANSWER_FAULTS, Fault, FaultBoard, FaultKind, Role
from .journal import Journal
from .ldap_messages import (
    START_TLS,
    Operation,
    Page,
    Request,
    ResultCode,
    Search,
    build_entry,
    build_reference,
    build_result,
    read_bind,
    read_extension,
    read_request,
    read_search,
)
from .ldap_tree import Tree, with_current_time
from .sockets import Connection

__all__ = ["Controller", "Login"]

_MAX_MESSAGE = 256 * 1024  # bytes; no search of a client is longer
_MAX_PAGE = 1000  # entries; what a domain controller gives at once
_MAX_PAGED = 8  # searches of one connection that wait for their next page
_SEQUENCE = 0x30
_SCOPES = ("base", "one level", "subtree")
_NO_ATTRIBUTES = "1.1"
_JUNK = b"\x30\x84\xff\xff\xff\xffthis is no LDAP"


class Login(NamedTuple):
    """The user who may ask.

    Attributes:
        user: The account's name.
        domain: Its domain.
        password: Its password.
    """

    user: str
    domain: DnsDomain
    password: Secret

    @property
    def principal(self) -> str:
        """``user@domain``."""
        return f"{self.user}@{self.domain}"

    def fits(self, name: str, password: str) -> bool:
        """Whether the password and the name are right; the name may have the domain before or behind it."""
        names = {self.principal, f"{self.domain.partition('.')[0]}\\{self.user}"}
        return name.casefold() in {one.casefold() for one in names} and password == self.password.reveal()


class Controller:
    """The domain controller of a forest."""

    def __init__(
        self,
        forest: Forest,
        address: str,
        tree: Tree,
        *,
        login: Login,
        contexts: ServerContexts,
        faults: FaultBoard,
        journal: Journal,
        pause: Callable[[float], None],
    ) -> None:
        self.forest = forest
        self.tree = tree
        self._address = address
        self._login = login
        self._contexts = contexts
        self._faults = faults
        self._journal = journal
        self._pause = pause

    @property
    def fault(self) -> Fault | None:
        """What is wrong with it now."""
        return self._faults.find(self.forest.controller, Role.AD)

    def serve(self, connection: Connection, *, catalog: bool, tls: bool) -> None:
        """Answer a client until it goes.

        Args:
            connection: The client.
            catalog: Serve as the global catalog: the whole forest below the empty name.
            tls: Begin with TLS (LDAPS).
        """
        if tls:
            self.secure(connection)
        _Session(self, connection, catalog=catalog).run()

    def answer_ping(self, data: bytes, client: str) -> bytes | None:
        """Answer a netlogon ping; None for bytes that are none, and when a fault says so."""
        try:
            message_id, domain = parse_netlogon_ping(data)
        except MalformedReplyError:
            self.note("a datagram that cannot be read", client, protocol="CLDAP", tls=False)
            return None
        self.note(f"CLDAP ping for {domain}", client, protocol="CLDAP", tls=False)
        fault = self.fault
        if fault is not None:
            if fault.kind in NO_ANSWER_FAULTS:
                return None
            if fault.kind is FaultKind.MALFORMED:
                return _JUNK
            if fault.kind is FaultKind.SLOW:
                self._pause(fault.amount or 0.0)
        return build_netlogon_reply(message_id, self._introduce(client) if domain == self.forest.name else None)

    def secure(self, connection: Connection) -> None:
        """Do the TLS handshake, with the certificate that a fault asks for."""
        try:
            connection.secure(self._contexts.shown(self.fault))
        except OSError as error:
            self.note(f"handshake failed: {error}", connection.client, protocol="TLS", tls=False)
            raise

    def admits(self, user: str, password: str) -> bool:
        """Whether the user may log in: the login is right, and this forest or one that it trusts is the user's."""
        known = self._login.domain == self.forest.name or self._login.domain in self.forest.trusts
        return known and self._login.fits(user, password)

    def note(self, what: str, client: str, *, tls: bool, protocol: str = "LDAP") -> None:
        """Write into the journal."""
        self._journal.record(self.forest.controller, Role.AD, protocol, what, client, tls=tls)

    def _introduce(self, client: str) -> DomainController:
        return DomainController(
            host=self.forest.controller,
            address=self._address,
            domain=self.forest.name,
            forest=self.forest.name,
            client_site=self.forest.find_ad_site(client),
            server_site=self.forest.ad_sites[0].name if self.forest.ad_sites else None,
            is_global_catalog=True,
        )


class _Session:
    """One connection."""

    def __init__(self, controller: Controller, connection: Connection, *, catalog: bool) -> None:
        self._controller = controller
        self._connection = connection
        port = connection.socket.getsockname()[1]
        self._place = f"port {port}" + (", global catalog" if catalog else "")
        self._catalog = catalog
        self._logged_in = False
        self._bound = False
        self._buffer = b""
        self._rest: dict[bytes, list[DirectoryEntry]] = {}

    def run(self) -> None:
        try:
            while (message := self._read()) is not None:
                request = read_request(message)
                if request.tag == Operation.UNBIND:
                    return
                if request.tag != Operation.ABANDON:
                    self._answer(request)
        except MalformedReplyError as error:
            self._note(f"a message that cannot be read: {error.message}")

    def _read(self) -> bytes | None:
        """The next message; None when the client has gone."""
        while True:
            if self._buffer and self._buffer[0] != _SEQUENCE:
                raise MalformedReplyError("it does not begin as an LDAP message does", where="LDAP")
            length = find_message_length(self._buffer, _MAX_MESSAGE)
            if length is not None and len(self._buffer) >= length:
                message, self._buffer = self._buffer[:length], self._buffer[length:]
                return message
            more = self._connection.socket.recv(65_536)
            if not more:
                return None
            self._buffer += more

    def _answer(self, request: Request) -> None:
        if request.tag == Operation.BIND:
            self._send(self._bind(request))
        elif request.tag == Operation.SEARCH:
            self._send(b"".join(self._search(request)))
        elif request.tag == Operation.EXTENDED:
            self._extend(request)
        else:
            self._note(f"operation {request.tag:#x}")
            self._send(build_result(request, ResultCode.UNWILLING_TO_PERFORM, "this directory can only be read"))

    def _send(self, reply: bytes) -> None:
        """Send an answer, or do what a fault says in its place."""
        connection, fault = self._connection, self._controller.fault
        kind = None if fault is None else fault.kind
        amount = 0.0 if fault is None else fault.amount or 0.0
        if kind in NO_ANSWER_FAULTS or (kind is FaultKind.HANG_AFTER_BIND and self._bound):
            connection.hold()
        self._bound = self._logged_in
        if kind is FaultKind.SLOW:
            connection.pause(amount)
        if kind is FaultKind.RESET:
            connection.socket.sendall(reply[: int(amount)])
            connection.reset()
        connection.socket.sendall(_JUNK if kind is FaultKind.MALFORMED else reply)

    def _bind(self, request: Request) -> bytes:
        bind = read_bind(request)
        self._note(f"bind as {bind.user or 'nobody'}")
        self._logged_in = False
        if bind.password is None:
            return build_result(request, ResultCode.AUTH_METHOD_NOT_SUPPORTED, "only simple binds are known here")
        if not bind.password:
            return build_result(request, ResultCode.SUCCESS)  # as AD does: nobody has logged in, and that is fine
        if not self._connection.has_tls:
            text = "00002028: a simple bind is taken over TLS only"
            return build_result(request, ResultCode.STRONGER_AUTH_REQUIRED, text)
        if not self._controller.admits(bind.user, bind.password):
            text = "80090308: user name or password is wrong, data 52e"
            return build_result(request, ResultCode.INVALID_CREDENTIALS, text)
        self._logged_in = True
        return build_result(request, ResultCode.SUCCESS)

    def _extend(self, request: Request) -> None:
        name = read_extension(request)
        self._note("StartTLS" if name == START_TLS else f"extended operation {name}")
        if name != START_TLS:
            self._send(build_result(request, ResultCode.PROTOCOL_ERROR, "this extended operation is not known here"))
        elif self._connection.has_tls:
            self._send(build_result(request, ResultCode.OPERATIONS_ERROR, "TLS has begun already"))
        else:
            self._send(build_result(request, ResultCode.SUCCESS))
            self._buffer = b""  # what came in clear text before TLS counts for nothing
            self._controller.secure(self._connection)

    def _search(self, request: Request) -> Iterable[bytes]:
        search = read_search(request)
        scope = _SCOPES[search.scope] if 0 <= search.scope < len(_SCOPES) else str(search.scope)
        self._note(f"search {search.base or 'the root'} {scope} {search.condition.text}")
        if request.unknown_critical:
            yield build_result(request, ResultCode.UNAVAILABLE_CRITICAL_EXTENSION, "a control is not known here")
        elif not search.base and search.scope == 0:
            root = with_current_time(self._controller.tree.root)
            if search.condition.matches(root.attributes):
                yield _built(request, root, search)
            yield build_result(request, ResultCode.SUCCESS)
        elif not self._logged_in:
            yield build_result(request, ResultCode.OPERATIONS_ERROR, "000004DC: a successful bind must come first")
        elif not (self._controller.tree.has(search.base) or (self._catalog and not search.base)):
            yield build_result(request, ResultCode.NO_SUCH_OBJECT, "0000208D: there is no such object")
        elif request.page is not None:
            yield from self._paged(request, search, request.page)
        else:
            yield from self._whole(request, search)

    def _whole(self, request: Request, search: Search) -> Iterable[bytes]:
        limit = min(search.size_limit or _MAX_PAGE, _MAX_PAGE)
        found = list(self._controller.tree.search(search, whole=self._catalog))
        yield from (_built(request, entry, search) for entry in found[:limit])
        yield from self._references(request, search)
        yield build_result(request, ResultCode.SIZE_LIMIT_EXCEEDED if len(found) > limit else ResultCode.SUCCESS)

    def _paged(self, request: Request, search: Search, page: Page) -> Iterable[bytes]:
        if page.cookie:
            found = self._rest.pop(page.cookie, None)
            if found is None:
                yield build_result(request, ResultCode.UNWILLING_TO_PERFORM, "this cookie was never given")
                return
        else:
            found = list(self._controller.tree.search(search, whole=self._catalog))
        size = min(max(page.size, 0), _MAX_PAGE)
        now, rest = found[:size], found[size:]
        yield from (_built(request, entry, search) for entry in now)
        cookie = b""
        if rest and size and len(self._rest) < _MAX_PAGED:
            cookie = f"page {request.message_id}".encode()
            self._rest[cookie] = rest
        else:
            yield from self._references(request, search)
        yield build_result(request, ResultCode.SUCCESS, page=Page(0, cookie))

    def _references(self, request: Request, search: Search) -> Iterable[bytes]:
        """What a domain controller does not hold itself, below the domain as a whole."""
        domain = self._controller.tree.domain
        if self._catalog or search.base.casefold() != domain.casefold() or search.scope == 0:
            return
        name = self._controller.forest.name
        yield build_reference(request, f"ldap://ForestDnsZones.{name}/DC=ForestDnsZones,{domain}")
        yield build_reference(request, f"ldap://{name}/CN=Configuration,{domain}")

    def _note(self, what: str) -> None:
        client, tls = self._connection.client, self._connection.has_tls
        self._controller.note(f"LDAP {what} ({self._place})", client, tls=tls)


def _built(request: Request, entry: DirectoryEntry, search: Search) -> bytes:
    """An entry with the attributes that are wanted, under the names under which they are wanted."""
    wanted = [name for name in search.attributes if name != _NO_ATTRIBUTES]
    if not search.attributes or "*" in wanted:
        return build_entry(request, entry.dn, entry.attributes.items())
    chosen = ((name, entry.attributes.get(name.lower(), ())) for name in dict.fromkeys(wanted))
    return build_entry(request, entry.dn, ((name, values) for name, values in chosen if values))
