"""What the lab's enrollment proxy point answers: the discovery of enrollment, and nothing further."""

from collections.abc import Callable
from typing import NamedTuple

from ..errors import ProtocolError
from ..model.endpoints import Endpoint, Scheme
from ..model.enrollment import EnrollmentServices
from ..model.names import HostName
from ..protocol.enroll import CONTENT_TYPE, DISCOVERY_PATH, build_discovery_reply, parse_discovery_request
from .ldap_tree import Ports

__all__ = ["EnrollmentAnswer", "EnrollmentAnswers"]

_OK, _BAD_REQUEST, _NOT_FOUND, _NOT_ALLOWED = 200, 400, 404, 405
_SERVICE = "/ENROLLMENTSERVER/DEVICEENROLLMENTWEBSERVICE.SVC"


class EnrollmentAnswer(NamedTuple):
    """An answer; without a body unless its status is 200."""

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"


class EnrollmentAnswers:
    """The discovery service of an enrollment proxy point.

    Args:
        ports: Says on which ports the web servers are, once they are known.
    """

    def __init__(self, ports: Callable[[], Ports]) -> None:
        self._ports = ports

    def answer(self, host: HostName, method: str, path: str, body: bytes, *, lies: bool) -> EnrollmentAnswer:
        """Answer a request; a lie is a service that is reached over plain HTTP."""
        if path.partition("?")[0].lower() != DISCOVERY_PATH.lower():
            return EnrollmentAnswer(_NOT_FOUND)
        if method in {"GET", "HEAD"}:
            return EnrollmentAnswer(_OK)
        if method != "POST":
            return EnrollmentAnswer(_NOT_ALLOWED)
        try:
            request = parse_discovery_request(body)
        except ProtocolError:
            return EnrollmentAnswer(_BAD_REQUEST)
        scheme = Scheme.HTTP if lies else Scheme.HTTPS
        service = Endpoint(scheme, host, self._ports().https)
        told = EnrollmentServices(service, _SERVICE, service, "OnPremise", "3.0")
        return EnrollmentAnswer(_OK, build_discovery_reply(told, request), CONTENT_TYPE)
