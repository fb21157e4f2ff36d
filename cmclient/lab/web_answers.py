"""What the web servers of a site answer when nothing is wrong, and which wrong lists they can give."""

from collections.abc import Callable
from math import ceil
from threading import Lock
from time import monotonic
from typing import NamedTuple
from urllib.parse import unquote

from ..errors import InvalidValueError
from ..model.endpoints import Audience, ManagementPoint
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from ..protocol.envelope import MESSAGE_PATH
from ..protocol.mplist import build_mp_list
from ..protocol.multipart import CONTENT_TYPE
from .description import LabDescription
from .faults import FaultKind, Role
from .fsp import StatusPoint, is_report_path
from .ldap_tree import Ports
from .message_answers import MessageAnswers
from .pages import error_page, folder_page
from .site import Hierarchy
from .site_keys import SiteKeys

__all__ = ["Answers", "Reply", "WebRequest", "error_reply", "role_of_path"]

_XML, _HTML = "text/xml", "text/html; charset=utf-8"
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _NOT_ALLOWED, _SERVER_ERROR = 200, 401, 403, 404, 405, 500
_GHOSTS = 3  # hosts that a lying list names
_PREFIXES = (
    ("/sms_dp_", Role.DP),
    ("/nocert_sms_dp_", Role.DP),
    ("/sms_fsp/", Role.FSP),
    ("/sms_mp", Role.MP),
    ("/ccm_", Role.MP),
)
_FOLDER = "/sms_dp_smspkg$"
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
    """

    method: str
    path: str
    client: str
    body: bytes = b""
    has_certificate: bool = False
    tls: bool = False
    content_type: str = ""


class Reply(NamedTuple):
    """A whole reply.

    Attributes:
        status: The HTTP status.
        body: The body.
        content_type: What it is.
        headers: Further headers, as pairs.
        note: What the journal says of it, besides what it says of the request; empty for nothing.
    """

    status: int
    body: bytes = b""
    content_type: str = _HTML
    headers: tuple[tuple[str, str], ...] = ()
    note: str = ""


def error_reply(status: int) -> Reply:
    """The reply of an error status with its page."""
    headers = (("WWW-Authenticate", "Negotiate"),) if status == _UNAUTHORIZED else ()
    return Reply(status, error_page(status), headers=headers)


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
        *,
        keys: SiteKeys | None = None,
    ) -> None:
        """Put them together.

        Args:
            description: The site's lab.
            hierarchy: The same, evaluated.
            ports: Says on which ports the web servers are, once they are known.
            keys: What its management points hand out; None for keys of their own.
        """
        self._description = description
        self._hierarchy = hierarchy
        self._messages = MessageAnswers(description, hierarchy, ports)
        self._status_points = {host: StatusPoint(description.throttle) for host in description.servers_of(Role.FSP)}
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
        if request.tls and not request.has_certificate:
            return error_reply(_FORBIDDEN)
        if role is Role.MP:
            return self._answer_mp(host, request, wrong)
        if role is Role.DP and self._refuses_anonymous(host) and not request.has_certificate:
            return error_reply(_UNAUTHORIZED)
        if role is Role.DP:
            return self._answer_dp(request)
        return self._answer_fsp(host, request)

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

    def _answer_dp(self, request: WebRequest) -> Reply:
        path = unquote(request.path.partition("?")[0])
        if request.method not in {"GET", "HEAD"}:
            return error_reply(_NOT_ALLOWED)
        if path.lower().rstrip("/") != _FOLDER:
            return error_reply(_NOT_FOUND)
        return Reply(_OK, folder_page(path, ()))

    def _answer_mp(self, host: HostName, request: WebRequest, wrong: FaultKind | None) -> Reply:
        path, _, query = request.path.partition("?")
        if path.lower().rstrip("/").startswith(_WINDOWS_ONLY):
            return error_reply(_UNAUTHORIZED)
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
        body = build_mp_list(_twisted(told, host, wrong), with_site_code=keyword.upper() == "MPLIST1")
        return Reply(_OK, body, _XML)

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
