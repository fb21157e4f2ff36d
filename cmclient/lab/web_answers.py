"""What the web servers of a site answer when nothing is wrong, and which wrong lists they can give."""

from collections.abc import Callable, Iterator, Mapping
from math import ceil, inf
from threading import Lock
from time import monotonic
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.endpoints import Audience, ManagementPoint
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from ..protocol.envelope import MESSAGE_PATH
from ..protocol.mplist import build_mp_list
from ..protocol.multipart import CONTENT_TYPE
from .clock import LabClock
from .content_files import FileStream
from .description import LabDescription
from .distribution_points import ContentAnswer, ContentQuestion, answer_client_files, answer_content
from .enrollment_answers import EnrollmentAnswers
from .faults import FaultBoard, FaultKind, Role
from .fsp import StatusPoint, is_report_path
from .gateway import GATEWAY_PREFIX, Handover, hand_over
from .ldap_tree import Ports
from .message_answers import MessageAnswers
from .pages import error_page
from .site import Hierarchy
from .site_keys import SiteKeys

__all__ = ["Answers", "Reply", "WebRequest", "error_reply", "gateway_refusal", "role_of_path"]

_XML, _HTML = "text/xml", "text/html; charset=utf-8"
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _NOT_ALLOWED, _SERVER_ERROR = 200, 401, 403, 404, 405, 500
_GHOSTS = 3  # hosts that a lying list names
_PREFIXES = (
    ("/sms_dp_", Role.DP),
    ("/nocert_sms_dp_", Role.DP),
    ("/sms_fsp/", Role.FSP),
    ("/sms_mp", Role.MP),
    (GATEWAY_PREFIX, Role.CMG),
    ("/ccm_", Role.MP),
    ("/enrollmentserver/", Role.ENROLLMENT),
)
_CLIENT_PATH = "/ccm_client/"
_LIST_PATH = "/sms_mp/.sms_aut"
_MESSAGE_VERB = "CCM_POST"
_WINDOWS_ONLY = ("/ccm_system_windowsauth", "/sms_mp_windowsauth")


class WebRequest(NamedTuple):
    """A request.

    Attributes:
        method: The verb.
        path: Path and query.
        client: Address of the client.
        body: The body; empty for none.
        has_certificate: Whether the client has shown a certificate.
        tls: Whether it came over HTTPS.
        content_type: What the body is; empty when nobody said.
        headers: All headers, names in lower case.
    """

    method: str
    path: str
    client: str
    body: bytes = b""
    has_certificate: bool = False
    tls: bool = False
    content_type: str = ""
    headers: Mapping[str, str] = {}


class Reply(NamedTuple):
    """A whole reply.

    Attributes:
        status: The HTTP status.
        body: The body.
        content_type: What it is.
        headers: Further headers, as pairs.
        note: What the journal says of it, besides what it says of the request; empty for nothing.
        stream: A body that is not kept in memory, in place of ``body``.
        phrase: What the status line says besides the number; empty for the usual words.
    """

    status: int
    body: bytes = b""
    content_type: str = _HTML
    headers: tuple[tuple[str, str], ...] = ()
    note: str = ""
    stream: FileStream | None = None
    phrase: str = ""

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return len(self.body) if self.stream is None else self.stream.length

    def pieces(self) -> Iterator[bytes]:
        """The body, piece by piece."""
        return iter((self.body,)) if self.stream is None else self.stream.pieces()


def error_reply(status: int) -> Reply:
    """The reply of an error status with its page."""
    headers = (("WWW-Authenticate", "Negotiate"),) if status == _UNAUTHORIZED else ()
    return Reply(status, error_page(status), headers=headers)


def gateway_refusal(status: int) -> Reply:
    """The reply of a gateway that does not take what the client shows; it asks for no Windows login."""
    phrase = "CMGService_Invalid_Token" if status == _UNAUTHORIZED else ""
    return error_reply(status)._replace(headers=(), phrase=phrase)


def role_of_path(path: str) -> Role | None:
    """The role that a path belongs to; None for one that belongs to none."""
    lowered = path.lower()
    return next((role for prefix, role in _PREFIXES if lowered.startswith(prefix)), None)


class Answers:
    """The roles of a site, as they answer over HTTP."""

    def __init__(
        self,
        description: LabDescription,
        hierarchy: Hierarchy,
        ports: Callable[[], Ports],
        clock: LabClock,
        *,
        age: Callable[[], float] = lambda: inf,
        faults: FaultBoard | None = None,
        keys: SiteKeys | None = None,
    ) -> None:
        """Put them together.

        Args:
            description: The site's lab.
            hierarchy: The same, evaluated.
            ports: Says on which ports the web servers are, once they are known.
            clock: The time of fallback times.
            age: Says how many seconds ago the site came to know the lab's client.
            faults: What is wrong with the management points behind a gateway; None for nothing.
            keys: What its management points hand out; None for keys of their own.
        """
        self._faults = faults or FaultBoard()
        self._ports = ports
        self._description = description
        self._hierarchy = hierarchy
        self._messages = MessageAnswers(description, hierarchy, ports, clock)
        self._enrollment = EnrollmentAnswers(ports)
        self._lags = {one.host: one.replica_lag for one in description.systems_of(Role.MP)}
        self._age = age
        self._status_points = {host: StatusPoint(description.throttle) for host in description.servers_of(Role.FSP)}
        self._ports = ports
        self._keys = SiteKeys() if keys is None else keys
        self._lock = Lock()

    def answer(self, host: HostName, role: Role, request: WebRequest, wrong: FaultKind | None) -> Reply:
        """Answer a request.

        Args:
            host: The server.
            role: The role that the path belongs to.
            request: What is asked.
            wrong: STALE or LYING for a wrong list, LYING for an answer to another message; anything else changes
                nothing here.
        """
        if role is Role.ENROLLMENT:
            return self._answer_enrollment(host, request, wrong)
        if request.tls and not request.has_certificate:
            return error_reply(_FORBIDDEN)
        if role is Role.MP and self._lags_behind(host, request):
            return error_reply(_FORBIDDEN)._replace(note="a client that the database replica does not have yet")
        if role is Role.CMG:
            return self._answer_gateway(host, request)
        if role is Role.MP:
            return self._answer_mp(host, request, wrong)
        if role is Role.DP and self._refuses_anonymous(host) and not request.has_certificate:
            return error_reply(_UNAUTHORIZED)
        if role is Role.DP:
            return self._answer_dp(host, request, wrong)
        return self._answer_fsp(host, request)

    @decides("ST-015", "MD-022")
    def _lags_behind(self, host: HostName, request: WebRequest) -> bool:
        """Whether the database replica of a management point does not have the lab's client yet."""
        own = self._description.client.address.address == request.client
        return own and request.tls and self._age() < self._lags[host]

    def _answer_enrollment(self, host: HostName, request: WebRequest, wrong: FaultKind | None) -> Reply:
        answer = self._enrollment.answer(
            host, request.method, request.path, request.body, lies=wrong is FaultKind.LYING
        )
        note = "a client certificate, though nobody is enrolled yet" if request.has_certificate else ""
        if answer.status != _OK:
            return error_reply(answer.status)._replace(note=note)
        return Reply(_OK, answer.body, answer.content_type, note=note)

    @decides("CG-014")
    def _answer_gateway(self, host: HostName, request: WebRequest) -> Reply:
        """Hand the request to a management point; the client sees nothing of that."""
        system = next(one for one in self._description.systems_of(Role.CMG) if one.host == host)
        handed = hand_over(system, request.path, self._faults)
        if not isinstance(handed, Handover):
            return error_reply(handed.status)._replace(phrase=handed.phrase)
        reply = self._answer_mp(handed.mp, request._replace(path=handed.path), None)
        note = f"handed to {handed.mp} by the connection point"
        return reply._replace(note=f"{note}: {reply.note}" if reply.note else note)

    @decides("TR-073")
    def _refuses_anonymous(self, host: HostName) -> bool:
        """Whether a distribution point wants to know who asks: one of a site with enhanced HTTP does."""
        return any(system.enhanced for system in self._description.systems_of(Role.DP) if system.host == host)

    def _answer_fsp(self, host: HostName, request: WebRequest) -> Reply:
        if not is_report_path(request.path):
            return error_reply(_NOT_FOUND)
        with self._lock:
            taken = self._status_points[host].take(request.method, request.body, monotonic())
        if taken.status == _OK:
            return Reply(_OK, note=taken.note)
        headers = (("Retry-After", str(ceil(taken.retry_after))),) if taken.retry_after else ()
        return error_reply(taken.status)._replace(headers=headers, note=taken.note)

    def _answer_dp(self, host: HostName, request: WebRequest, wrong: FaultKind | None) -> Reply:
        return _content_reply(answer_content(self._description, host, self._content_question(host, request, wrong)))

    def _content_question(self, host: HostName, request: WebRequest, wrong: FaultKind | None) -> ContentQuestion:
        scheme = "https" if request.tls else "http"
        port = self._ports().https if request.tls else self._ports().http
        url = f"{scheme}://{host}:{port}"
        return ContentQuestion(request.method, request.path, request.headers, url, wrong, request.client)

    def _answer_mp(self, host: HostName, request: WebRequest, wrong: FaultKind | None) -> Reply:
        path, _, query = request.path.partition("?")
        if path.lower().rstrip("/").startswith(_WINDOWS_ONLY):
            return error_reply(_UNAUTHORIZED)
        if path.lower().startswith(_CLIENT_PATH):
            return _content_reply(answer_client_files(self._description, self._content_question(host, request, wrong)))
        if path.lower() == MESSAGE_PATH:
            return self._answer_message(host, request, wrong)
        if path.lower() != _LIST_PATH:
            return error_reply(_NOT_FOUND)
        if request.method not in {"GET", "HEAD"}:
            return error_reply(_NOT_ALLOWED)
        keyword, _, argument = query.partition("&")
        if keyword.upper() == "MPKEYINFORMATION":
            site = self._hierarchy.site_code_of(host)
            return Reply(_OK, self._keys.information(host, site, lies=wrong is FaultKind.LYING), _XML)
        told = self._told(host, keyword.upper(), argument, request.client)
        if told is None:
            return error_reply(_SERVER_ERROR)
        told = tuple(self._reachable(mp) for mp in told)
        body = build_mp_list(_twisted(told, host, wrong), with_site_code=keyword.upper() == "MPLIST1")
        return Reply(_OK, body, _XML)

    def _reachable(self, mp: ManagementPoint) -> ManagementPoint:
        """A gateway with the port that this lab has it on; a real one is on the usual port."""
        return mp if mp.gateway is None else mp._replace(https_port=self._ports().https)

    def _answer_message(self, host: HostName, request: WebRequest, wrong: FaultKind | None) -> Reply:
        if request.method != _MESSAGE_VERB:
            return error_reply(_NOT_ALLOWED)
        lies = wrong is FaultKind.LYING
        answer = self._messages.answer(host, request.body, request.content_type, lies=lies)
        return Reply(_OK, answer.body, CONTENT_TYPE, note=answer.kind or "a message that is refused")

    def _told(self, host: HostName, keyword: str, argument: str, client: str) -> tuple[ManagementPoint, ...] | None:
        """The list that is asked for; None when there is no such list."""
        location = self._hierarchy.locate(client)
        own = self._description.client
        registered = own.registered and own.address.address == client
        if keyword == "MPLIST1":
            try:
                code = SiteCode(argument)
            except InvalidValueError:
                return None
            return self._hierarchy.answer_mplist1(host, code, location, registered=registered)
        if keyword not in {"MPLIST", "MPLIST2"}:
            return None
        return self._hierarchy.answer_mplist(host, location, registered=registered, internet=keyword == "MPLIST2")


def _content_reply(told: ContentAnswer) -> Reply:
    if not told.is_good:
        return error_reply(told.status)
    return Reply(told.status, told.body, told.content_type, told.headers, stream=told.stream)


def _twisted(
    told: tuple[ManagementPoint, ...], asked: HostName, wrong: FaultKind | None
) -> tuple[ManagementPoint, ...]:
    """A stale list lacks the later half of the others; a lying one names nobody who exists."""
    if wrong is FaultKind.STALE:
        others = sorted(mp.host for mp in told if mp.host != asked)
        old = {asked, *others[: len(others) // 2]}
        return tuple(mp for mp in told if mp.host in old)
    if wrong is FaultKind.LYING and told:
        domain = asked.partition(".")[2]
        ghost = told[0]._replace(audience=Audience.INTRANET)
        return tuple(ghost._replace(host=HostName(f"ghost{number}.{domain}")) for number in range(1, _GHOSTS + 1))
    return told
