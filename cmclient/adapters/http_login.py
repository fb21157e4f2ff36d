"""Logging in over HTTP: when a server answers 401 with Negotiate or NTLM, the same request goes out again with proof.

Nothing is sent before the server asked, and nothing over a redirect: that is an error before it comes here. All legs
of one login take one connection, because NTLM, and IIS with it, ties the login to it.
"""

import base64
import binascii
import logging
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from ..errors import AuthenticationError
from ..model.endpoints import Endpoint
from ..model.http import Deadline
from ..model.login import Login, Mechanism
from .http_asked import UNAUTHORIZED, Answered, FindLogins
from .login_problems import INSTALL_NTLM, LoginProblem
from .negotiate import Negotiation, Negotiator, Target, Wake, endpoint_bindings

__all__ = ["HttpLogin", "Leg"]

_log = logging.getLogger(__name__)

_MOST_LEGS = 5  # NTLM takes two, Kerberos one or two: against a server that goes on asking
_SUCCESS = range(200, 300)
_CHALLENGE = re.compile(  # a scheme, and a token if one follows; parameters such as realm="..." are passed over
    r"(?:^|,)[ \t]*(negotiate|ntlm|basic)(?:[ \t]+([A-Za-z0-9+/=]+)(?=[ \t]*(?:,|$)))?(?=[ \t,]|$)", re.IGNORECASE
)
_WEAK = frozenset(
    {"no-ticket", "not-installed", "not-offered", "no-password"}
)  # say more about us than about the server

_R = TypeVar("_R", bound=Answered)
_R_co = TypeVar("_R_co", bound=Answered, covariant=True)


class Leg(Protocol[_R_co]):
    """The connection of one request, as a login sees it."""

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""

    @property
    def certificate(self) -> bytes | None:
        """The certificate of the server, DER, on the present connection; None without TLS."""

    @property
    def is_shared(self) -> bool:
        """Whether a proxy in between sends our requests on, and may do so on a connection that others use too."""

    def send(self, headers: Mapping[str, str]) -> _R_co:
        """Send the request once more, with these headers besides its own."""

    def disconnect(self) -> None:
        """Close the connection; the next leg opens another one."""


class _Try(NamedTuple):
    """One login that failed."""

    login: Login
    problem: LoginProblem


class _Refused(Exception):  # noqa: N818 - no error but a turn of events: the next login is tried
    """A login failed."""

    def __init__(self, problem: LoginProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class HttpLogin:
    """Logs in to servers. Safe to use from several threads.

    Args:
        find_logins: Finds the logins; asked when a server wants one for the first time.
    """

    def __init__(self, find_logins: FindLogins) -> None:
        self._find_logins = find_logins
        self._negotiator = Negotiator()

    def answer(self, endpoint: Endpoint, asked: _R, leg: Leg[_R], deadline: Deadline, wake: Wake) -> _R:
        """Log in to a server that answered 401.

        Args:
            endpoint: The server.
            asked: Its answer.
            leg: Its connection.
            deadline: Until when all has to be done.
            wake: Ends a wait earlier.

        Returns:
            What it answered to whom it knows; ``asked`` where it offers no way at all, or there is nobody to log in as.

        Raises:
            AuthenticationError: No login was accepted.
            TimeoutError: Not done in time.
            Exception: What ``leg.send`` raises.
        """
        said = asked.headers.get("www-authenticate", "")
        offers = _read_offers(said)
        if not said:
            return asked
        if not offers.keys() & {"negotiate", "ntlm"}:
            raise _refuse(endpoint, LoginProblem("only-basic" if "basic" in offers else "no-scheme"))
        if leg.is_shared:
            raise _refuse(endpoint, LoginProblem("through-proxy", hint="Let this server pass the proxy, or use HTTPS."))
        logins = self._find_logins(endpoint.scheme)
        failed: list[_Try] = []
        for login in logins:
            if failed:
                leg.disconnect()
            try:
                reply = self._try(login, offers, endpoint, leg, deadline, wake)
            except _Refused as refusal:
                failed.append(_Try(login, refusal.problem))
            else:
                _log.info("%s: logged in by %s", endpoint, login.mechanism.value, extra={"event": "http.login"})
                return reply
        if not failed:
            return asked
        raise _sum_up(endpoint, failed)

    def _try(
        self,
        login: Login,
        offers: Mapping[str, bytes],
        endpoint: Endpoint,
        leg: Leg[_R],
        deadline: Deadline,
        wake: Wake,
    ) -> _R:
        scheme = "NTLM" if login.mechanism is Mechanism.NTLM and "ntlm" in offers else "Negotiate"
        if scheme.lower() not in offers:
            raise _Refused(LoginProblem("not-offered"))
        certificate = leg.certificate
        bindings = None if certificate is None else endpoint_bindings(certificate)
        target = Target("HTTP", endpoint.host, bindings)
        conversation = self._negotiator.begin(login, target, _Refused, deadline, wake)
        token = conversation.step()
        connections = None
        for _ in range(_MOST_LEGS):
            reply = leg.send({"Authorization": f"{scheme} {base64.b64encode(token).decode()}"})
            answer = _read_offers(reply.headers.get("www-authenticate", "")).get(scheme.lower(), b"")
            if reply.status != UNAUTHORIZED:
                _require_server(endpoint, login, conversation, reply, answer)
                return reply
            if connections not in {None, leg.connections}:
                raise _Refused(LoginProblem("connection-closed"))
            if not answer or conversation.complete:
                raise _Refused(LoginProblem("refused", hint=_refused_hint(login)))
            connections = leg.connections
            token = conversation.step(answer)
        raise _Refused(LoginProblem("too-many-rounds"))


def _refused_hint(login: Login) -> str:
    if login.password is None:
        return "Check that the account may use this server."
    return "Check the user and the password, and that the account may use this server."


def _require_server(
    endpoint: Endpoint, login: Login, conversation: Negotiation, reply: Answered, answer: bytes
) -> None:
    """With Kerberos a server proves who it is as well; over HTTP nothing else does.

    Raises:
        AuthenticationError: It did not. Nobody is logged in to an impostor by another way.
    """
    if login.mechanism is not Mechanism.KERBEROS:
        return
    try:
        if answer and not conversation.complete:
            conversation.step(answer)
    except _Refused as refusal:
        raise _refuse(endpoint, LoginProblem("not-mutual", str(refusal.problem))) from refusal
    if not conversation.complete and not reply.trusted and reply.status in _SUCCESS:
        raise _refuse(endpoint, LoginProblem("not-mutual"))


def _read_offers(said: str) -> dict[str, bytes]:
    """The schemes that a server offers, in lower case, each with what came with it; of several the first counts."""
    offers: dict[str, bytes] = {}
    for found in _CHALLENGE.finditer(said):
        scheme, text = found[1].lower(), found[2] or ""
        try:
            token = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            token = b"?"  # is no token of any mechanism, and refused as one
        offers.setdefault(scheme, token)
    return offers


def _sum_up(endpoint: Endpoint, failed: Sequence[_Try]) -> AuthenticationError:
    """One error of all tries; that which says most about the server decides its reason and its hint."""
    telling = next((one.problem for one in failed if one.problem.reason not in _WEAK), failed[0].problem)
    told = "; ".join(f"{one.login}: {one.problem}" for one in failed)
    hint = telling.hint
    if not hint and telling.reason == "not-installed":
        hint = f"Install it: {INSTALL_NTLM}"
    return AuthenticationError(
        f"{endpoint}: it asks for Windows authentication, and no login worked ({told})",
        endpoint=str(endpoint),
        reason=telling.reason,
        hint=hint,
    )


def _refuse(endpoint: Endpoint, problem: LoginProblem) -> AuthenticationError:
    return AuthenticationError(
        f"{endpoint}: no login: {problem}", endpoint=str(endpoint), reason=problem.reason, hint=problem.hint
    )
