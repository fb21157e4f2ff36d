"""The web servers of the lab: HTTP/1.1 with and without TLS, and what a fault makes of an answer."""

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from ..model.http import MESSAGE_CAP
from ..model.names import HostName
from .authority import ServerContexts
from .faults import CERTIFICATE_FAULTS, NO_ANSWER_FAULTS, Fault, FaultBoard, FaultKind, Role
from .journal import Journal
from .pages import captive_portal
from .sockets import Connection
from .web_answers import Answers, Reply, WebRequest, error_reply, gateway_refusal, role_of_path

__all__ = ["WebServer"]

_MAX_BODY = 8 * 1024 * 1024  # bytes of a request's body
_OVERSIZED = 4 * MESSAGE_CAP  # bytes after which even an oversized answer ends
_PIECE = b" " * 65_536
_OK, _FOUND, _LENGTH_REQUIRED, _TOO_LARGE, _NOT_FOUND = 200, 302, 411, 413, 404
_PORTAL = "http://portal.invalid/login"


class WebServer:
    """One host with one or more roles.

    Attributes:
        host: Its name.
        roles: What it is, at least one role.
    """

    def __init__(
        self,
        host: HostName,
        roles: tuple[Role, ...],
        answers: Answers,
        *,
        contexts: ServerContexts | None,
        faults: FaultBoard,
        journal: Journal,
        keep: Callable[[bytes], None],
    ) -> None:
        self.host = host
        self.roles = roles
        self._answers = answers
        self._contexts = contexts
        self._faults = faults
        self._journal = journal
        self._keep = keep

    def serve(self, connection: Connection, *, tls: bool) -> None:
        """Answer a client until it goes."""
        if tls and self._contexts is not None:
            wrong = (fault for role in self.roles if (fault := self.find_fault(role)) is not None)
            context = self._contexts.shown(next((f for f in wrong if f.kind in CERTIFICATE_FAULTS), None))
            try:
                connection.secure(context)
            except OSError as error:
                self._journal.record(self.host, self.roles[0], "TLS", f"handshake failed: {error}", connection.client)
                raise
        _Exchange(connection, self)

    def find_fault(self, role: Role) -> Fault | None:
        """What is wrong with it in a role."""
        return self._faults.find(self.host, role)

    def note(self, role: Role, what: str, connection: Connection) -> None:
        """Write into the journal."""
        tls = connection.has_tls
        self._journal.record(self.host, role, "HTTPS" if tls else "HTTP", what, connection.client, tls=tls)

    def answer(self, role: Role, request: WebRequest, fault: Fault | None) -> Reply:
        """What it answers, with what a fault makes of the answer as a whole."""
        kind = None if fault is None else fault.kind
        if kind is not None and kind.status is not None:
            return gateway_refusal(kind.status) if role is Role.CMG else error_reply(kind.status)
        if kind is FaultKind.HTML:
            return Reply(_OK, captive_portal())
        if kind is FaultKind.REDIRECT:
            return Reply(_FOUND, headers=(("Location", _PORTAL),))
        if role not in self.roles:
            return error_reply(_NOT_FOUND)
        reply = self._answers.answer(self.host, role, request, kind)
        if reply.note:
            self._journal.record(self.host, role, "HTTP", reply.note, request.client)
        if role is Role.FSP and reply.status == _OK:
            self._keep(request.body)
        if kind is FaultKind.MALFORMED and reply.stream is None:  # a distribution point has sent wrong bytes
            return reply._replace(body=reply.body[: len(reply.body) // 2] or b"\xff\xfe\x00")
        return reply


class _Exchange(BaseHTTPRequestHandler):
    """One connection; the base class reads requests, this one answers them. Done when made."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: Connection, server: WebServer) -> None:
        self._connection = connection
        self._web = server
        super().__init__(connection.socket, (connection.client, 0), server)  # type: ignore[arg-type] # only kept there

    def __getattr__(self, name: str) -> Callable[[], None]:
        """The base class looks for ``do_`` and the verb: one method answers them all."""
        if name.startswith("do_"):
            return self._exchange
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as the base class has it
        """Say nothing: the journal has it."""

    def _exchange(self) -> None:
        web, connection = self._web, self._connection
        role = role_of_path(self.path) or web.roles[0]
        web.note(role if role in web.roles else web.roles[0], f"{self.command} {self.path}", connection)
        body = self._read_body()
        if isinstance(body, Reply):
            self.close_connection = True
            self._send(body)
            return
        fault = web.find_fault(role)
        request = WebRequest(
            method=self.command,
            path=self.path,
            client=connection.client,
            body=body,
            has_certificate=connection.has_client_certificate,
            tls=connection.has_tls,
            content_type=self.headers.get("Content-Type", ""),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        if fault is not None and fault.kind in NO_ANSWER_FAULTS:
            connection.hold()
        if fault is not None and fault.kind is FaultKind.SLOW:
            connection.pause(fault.amount or 0.0)
        self._spoil(web.answer(role, request, fault), fault)

    def _read_body(self) -> bytes | Reply:
        """The body, or the reply to a request whose body cannot be taken."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return error_reply(_LENGTH_REQUIRED)
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or len(length) > len(str(_MAX_BODY)) or int(length) > _MAX_BODY:
            return error_reply(_TOO_LARGE)
        return self.rfile.read(int(length))

    def _spoil(self, reply: Reply, fault: Fault | None) -> None:
        """Send a reply, with what a fault does to its bytes on the way."""
        kind = None if fault is None else fault.kind
        if fault is not None and kind in {FaultKind.RESET, FaultKind.STALL}:
            self._send_some(self._head(reply), reply, int(fault.amount or 0))
            if kind is FaultKind.RESET:
                self._connection.reset()
            self._connection.hold()
        elif kind is FaultKind.TRUNCATED:
            self.close_connection = True
            reply = reply if reply.length else reply._replace(body=b"  ")
            head = self._head(reply)
            self._send_some(head, reply, len(head) + reply.length // 2)
        elif kind is FaultKind.OVERSIZED:
            self._flood(reply)
        else:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        if reply.stream is None:
            self.wfile.write(self._head(reply) + (b"" if self.command == "HEAD" else reply.body))
            return
        self.wfile.write(self._head(reply))
        for piece in () if self.command == "HEAD" else reply.pieces():
            self.wfile.write(piece)

    def _send_some(self, head: bytes, reply: Reply, most: int) -> None:
        """Send no more than the first bytes of an answer."""
        self.wfile.write(head[:most])
        most -= len(head)
        pieces = reply.pieces()
        while most > 0 and (piece := next(pieces, b"")):
            self.wfile.write(piece[:most])
            most -= len(piece)

    def _flood(self, reply: Reply) -> None:
        """A body whose length nobody says, with blanks until nobody would read on."""
        self.close_connection = True
        self.wfile.write(self._head(reply, length=False))
        for piece in reply.pieces():
            self.wfile.write(piece)
        for _ in range(_OVERSIZED // len(_PIECE)):
            self.wfile.write(_PIECE)

    def _head(self, reply: Reply, *, length: bool = True) -> bytes:
        headers = [("Server", "cmclient-lab"), ("Date", self.date_time_string()), ("Content-Type", reply.content_type)]
        headers += reply.headers
        if length:
            headers.append(("Content-Length", str(reply.length)))
        if self.close_connection:
            headers.append(("Connection", "close"))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"HTTP/1.1 {reply.status} {reply.phrase or HTTPStatus(reply.status).phrase}\r\n{lines}\r\n".encode(
            "latin-1"
        )
